"""What a session's gaze can support: side, block, line, word, each with its chance and the reason when it is refused.

A webcam is off by one to three degrees, a line of text is .6° high. Which claims that leaves is not a matter of taste:
it follows from the error on targets that the calibration has not seen and from the size of what was looked at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.layout import TextLayout
from ifllm_desktop.reading.gaussian_mass import erf

Floats = NDArray[np.float64]

LEVELS = ("side", "block", "line", "word")
"""From coarse to fine."""
STATES = ("supported", "probable", "refused")
_MARGIN_LINES = 2.0
"""A single line is not named when the error is this many line heights or more: at that noise no method tells more
than every third line (simulation in the tests; reviews of such methods stop at half a line)."""


@dataclass(frozen=True, slots=True)
class SupportLimits:
    """Chances from which a level is supported, and from which it is given with its probability."""

    supported: float = 0.80
    probable: float = 0.25


@dataclass(frozen=True, slots=True)
class LevelSupport:
    """One level.

    Attributes
    ----------
    p : float
        Chance that one fixation, looked at alone, is put into the right unit; NaN when it is not known.
    state : str
        One of :data:`STATES`.
    reason : str
        Code why it is refused (``not_validated``, ``error_over_line_height``, ``error_over_two_lines``,
        ``chance_too_low``, ``no_text``, ``one_side``); empty otherwise.
    """

    level: str
    p: float
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TextSizes:
    """Sizes of what is read, screen px; one entry a unit, as many as there are.

    Attributes
    ----------
    words_px, lines_px, blocks_px, sides_px : ndarray of float64, shape (n, 2)
        Width and height of each box.
    """

    words_px: Floats
    lines_px: Floats
    blocks_px: Floats
    sides_px: Floats

    @property
    def line_height_px(self) -> float:
        """Median height of a line; NaN without text."""
        return float(np.median(self.lines_px[:, 1])) if len(self.lines_px) else math.nan


USUAL_SIZES = TextSizes(
    words_px=np.array([(16.0, 24.0), (32.0, 24.0), (48.0, 24.0), (64.0, 24.0), (88.0, 24.0)]),
    lines_px=np.array([(560.0, 24.0)]),
    blocks_px=np.array([(560.0, 24.0), (560.0, 48.0), (560.0, 96.0), (560.0, 144.0)]),
    sides_px=np.array([(560.0, 480.0)]),
)
"""An answer before there is one: 16 px type on 24 px lines, 560 px wide, blocks of one to six lines."""


def text_sizes(layouts: Sequence[TextLayout]) -> TextSizes:
    """Sizes in the given layouts; each counts once."""
    words, blocks, sides = [], [], []
    lines: dict[tuple[int, int], list[float]] = {}
    for number, layout in enumerate(layouts):
        sides.append((layout.head.viewport.w_px, layout.head.viewport.h_px))
        for block in layout.blocks:
            if block.words:
                blocks.append((block.rect.w_px, block.rect.h_px))
            for word in block.words:
                words.append((word.rect.w_px, word.rect.h_px))
                left, right = word.rect.x_px, word.rect.right_px
                box = lines.setdefault((number, word.line), [left, right, word.rect.h_px])
                box[0], box[1], box[2] = min(box[0], left), max(box[1], right), max(box[2], word.rect.h_px)
    return TextSizes(
        _pairs(words), _pairs([(right - left, height) for left, right, height in lines.values()]), _pairs(blocks),
        _pairs(sides),
    )  # fmt: skip


def support(
    sizes: TextSizes, error_px: tuple[float, float], n_sides: int, limits: SupportLimits = SupportLimits()
) -> Mapping[str, LevelSupport]:
    """What gaze with this error tells about text of these sizes.

    The chance of a level is the mean over its units of the mass of the error over the unit's own box, for a fixation
    anywhere within it. A side is told from the other by x alone. Words are refused whatever their chance when the
    vertical error exceeds the line height, lines when it exceeds two of them.

    Parameters
    ----------
    error_px : tuple of float
        Root mean square error in x and y on validation targets, bias and noise together; NaN without a validation.
    n_sides : int
        Answers beside each other; with one there is no side to tell.
    """
    if not all(math.isfinite(e) for e in error_px):
        return {level: LevelSupport(level, math.nan, "refused", "not_validated") for level in LEVELS}
    sd_x, sd_y = error_px
    height = sizes.line_height_px
    out = {}
    for level, boxes in zip(
        LEVELS, (sizes.sides_px, sizes.blocks_px, sizes.lines_px, sizes.words_px), strict=True
    ):
        if not len(boxes):
            out[level] = LevelSupport(level, math.nan, "refused", "no_text")
            continue
        vertical = np.ones(len(boxes)) if level == "side" else _own_mass(boxes[:, 1], sd_y)
        # a line is told by its height alone: beyond its ends nothing else is
        horizontal = np.ones(len(boxes)) if level in ("line", "block") else _own_mass(boxes[:, 0], sd_x)
        p = float((vertical * horizontal).mean())
        reason = ""
        if level == "side" and n_sides < 2:
            reason = "one_side"
        elif level == "word" and sd_y > height:
            reason = "error_over_line_height"
        elif level == "line" and sd_y >= _MARGIN_LINES * height:
            reason = "error_over_two_lines"
        elif p < limits.probable:
            reason = "chance_too_low"
        state = "refused" if reason else "supported" if p >= limits.supported else "probable"
        out[level] = LevelSupport(level, p, state, reason)
    return out


def _own_mass(size_px: Floats, sd_px: float) -> Floats:
    """Mass of an error over the interval it starts from, for a start anywhere in it: mean of Φ over the interval.

    ``∫₀ᵃ (Φ((a−s)/σ) − Φ(−s/σ)) ds / a = erf(a/(σ√2)) + (σ/a)·√(2/π)·(exp(−a²/2σ²) − 1)``.
    """
    sd = max(sd_px, 1e-9)
    ratio = np.maximum(size_px, 1e-9) / sd
    mean: Floats = erf(ratio / np.sqrt(2)) + np.sqrt(2 / np.pi) / ratio * (np.exp(-0.5 * ratio**2) - 1)
    return np.clip(mean, 0.0, 1.0)


def _pairs(values: Sequence[tuple[float, float]]) -> Floats:
    return np.array(values, dtype=np.float64).reshape(-1, 2)
