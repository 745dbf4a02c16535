"""How good gaze is on a page of text: somebody reads lines that are marked, and the estimates are held against them.

Dots tell of the error where nothing else is; text tells of it where it counts, and vertically, which is what decides
about lines. Along a line nobody knows where the eyes are at a moment, so there only the way from its left to its right
edge is judged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.layout import TextLayout
from ifllm_desktop.domain.line_measure import LineMeasure
from ifllm_desktop.domain.time import NS_PER_S

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONG_ENOUGH = 0.75
"""Share of the widest line that a line has to have to be read: short ones show no progress."""
MIN_FRAMES = 8
"""Fewer frames than this (a quarter of a second) do not measure a line."""
MIN_CORRELATION = 0.5
"""Of gaze x with time, below which nothing was read from left to right."""
MIN_WAY = 0.35
"""Share of the line that gaze has to go from left to right: calibrations shrink it, and the last words need no look."""
_MAD_TO_SD = 1.4826
_EDGE_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line as it stands on the screen, screen px; ``line`` and ``block`` as in the layout."""

    line: int
    block: int
    left_px: float
    right_px: float
    top_px: float
    bottom_px: float

    @property
    def center_y_px(self) -> float:
        """Middle of the line box."""
        return (self.top_px + self.bottom_px) / 2

    @property
    def height_px(self) -> float:
        """Height of the line box."""
        return self.bottom_px - self.top_px

    @property
    def width_px(self) -> float:
        """From its first to its last word."""
        return self.right_px - self.left_px


def visible_lines(layout: TextLayout, scroll_px: float = 0.0) -> tuple[TextLine, ...]:
    """Lines that are wholly within the viewport, from top to bottom; lines without words have no box."""
    view = layout.head.viewport
    boxes: dict[tuple[int, int], list[float]] = {}
    for block in layout.blocks:
        for word in block.words:
            r = word.rect
            box = boxes.setdefault((word.line, block.index), [math.inf, -math.inf, math.inf, -math.inf])
            box[:] = (
                min(box[0], r.x_px), max(box[1], r.right_px), min(box[2], r.y_px), max(box[3], r.bottom_px),
            )  # fmt: skip
    lines = []
    for (line, block_index), (left, right, top, bottom) in boxes.items():
        if top - scroll_px >= -0.5 and bottom - scroll_px <= view.h_px + 0.5:
            (x0_px, y0_px), (x1_px, y1_px) = (
                layout.to_screen_px(left, top, scroll_px), layout.to_screen_px(right, bottom, scroll_px)
            )  # fmt: skip
            lines.append(TextLine(line, block_index, x0_px, x1_px, y0_px, y1_px))
    return tuple(sorted(lines, key=lambda found: (found.top_px, found.left_px)))


def spread_lines(lines: Sequence[TextLine], n: int) -> tuple[int, ...]:
    """Places in ``lines`` of up to ``n`` long lines, spread from the top to the bottom of the text.

    Each is the long line nearest to where an even spread would have it; fewer come where there are too few.
    """
    widest_px = max((line.width_px for line in lines), default=0.0)
    left = [k for k, line in enumerate(lines) if line.width_px >= LONG_ENOUGH * widest_px]
    if not left or n < 1:
        return ()
    first, last = lines[left[0]].center_y_px, lines[left[-1]].center_y_px
    wanted = np.linspace(first, last, n) if n > 1 else np.array([(first + last) / 2])
    chosen: list[int] = []
    for y_px in wanted.tolist():
        free = [k for k in left if k not in chosen]
        if free:
            chosen.append(min(free, key=lambda k: abs(lines[k].center_y_px - y_px)))
    return tuple(sorted(chosen))


def measure_line(gaze_px: Floats, t_ns: Ints, lines: Sequence[TextLine], marked: int) -> LineMeasure:
    """What gaze was like while a line was read.

    Parameters
    ----------
    gaze_px : ndarray of float64, shape (n, 2)
        Estimates of the frames between go and done, screen px; rows with NaN are left out.
    t_ns : ndarray of int64, shape (n,)
    lines : sequence of TextLine
        All lines that are on the screen: the marked one is told from these.
    marked : int
        Place of the marked line in ``lines``.

    Notes
    -----
    Medians, because a look at the marker before and a look elsewhere after are part of it. Whether the *right* line was
    read cannot be seen from outside: reading the line below looks the same as an error of one line height.
    """
    finite = np.isfinite(gaze_px).all(axis=1)
    x_px, y_px = gaze_px[finite, 0], gaze_px[finite, 1]
    t_s = (t_ns[finite] - (t_ns[finite][0] if finite.any() else 0)) / NS_PER_S
    n, line = len(x_px), lines[marked]
    if n < MIN_FRAMES or t_s[-1] <= 0:
        return LineMeasure(n)
    center_px = np.array([other.center_y_px for other in lines])
    middle_px = float(np.median(y_px))
    of_frames = np.abs(y_px[:, None] - center_px[None]).argmin(axis=1)
    slope, correlation = _trend(t_s, x_px)
    way = slope * float(t_s[-1]) / line.width_px if line.width_px > 0 else math.nan
    edge_s = _EDGE_SHARE * float(t_s[-1])
    start, end = x_px[t_s <= edge_s], x_px[t_s >= t_s[-1] - edge_s]
    read = correlation >= MIN_CORRELATION and way >= MIN_WAY
    return LineMeasure(
        n, middle_px - line.center_y_px, _MAD_TO_SD * float(np.median(np.abs(y_px - middle_px))), slope, correlation,
        way, float(np.median(start)) - line.left_px, float(np.median(end)) - line.right_px,
        lines[int(np.abs(center_px - middle_px).argmin())].line, float((of_frames == marked).mean()),
        "read" if read else "not_read",
    )  # fmt: skip


def _trend(t_s: Floats, x_px: Floats) -> tuple[float, float]:
    """Slope in px/s and correlation; both 0 for gaze that does not move at all."""
    dt, dx = t_s - t_s.mean(), x_px - x_px.mean()
    tt, xx, tx = float(dt @ dt), float(dx @ dx), float(dt @ dx)
    if tt <= 0 or xx <= 0:
        return 0.0, 0.0
    return tx / tt, tx / math.sqrt(tt * xx)
