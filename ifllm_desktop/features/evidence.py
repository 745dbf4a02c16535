"""What one answer of a pair received within the reading window: probabilities and dwell, from raw rows.

Everything here is a function of rows with ``t0_ns <= t < t1_ns`` (and of the state that held at the start).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.layout import TextLayout
from ifllm_desktop.domain.samples import Records
from ifllm_desktop.reading.gaussian_mass import MIN_SD_PX, interval_mass

Floats = NDArray[np.float64]

MAX_SAMPLE_S = 0.2
"""A gaze sample stands for the time until the next one, at most this long: a gap is not dwell."""
WORD_DWELL_S = 0.05
"""Expected dwell from which a word counts as covered."""
LATE_S = 15.0
"""Length of the late part of the reading window."""


@dataclass(frozen=True, slots=True, eq=False)
class GazeSamples:
    """Valid gaze samples of a window.

    Attributes
    ----------
    t_ns : ndarray of int64, shape (n,)
    x_px, y_px, sd_x_px, sd_y_px : ndarray of float64, shape (n,)
        Screen px; no NaN.
    dt_s : ndarray of float64, shape (n,)
        Time that a sample stands for.
    """

    t_ns: NDArray[np.int64]
    x_px: Floats
    y_px: Floats
    sd_x_px: Floats
    sd_y_px: Floats
    dt_s: Floats

    def __len__(self) -> int:
        return len(self.t_ns)

    def where(self, mask: NDArray[np.bool_]) -> GazeSamples:
        """The samples where ``mask`` holds, each with the time it stood for."""
        return GazeSamples(
            self.t_ns[mask], self.x_px[mask], self.y_px[mask], self.sd_x_px[mask], self.sd_y_px[mask],
            self.dt_s[mask],
        )  # fmt: skip


def gaze_samples(rows: Records, t1_ns: int) -> GazeSamples:
    """Samples out of rows of the stream ``gaze``; rows without a position are time that nobody stands for."""
    t_ns = rows["t_ns"].astype(np.int64)
    dt_s = np.minimum(np.diff(t_ns, append=np.int64(t1_ns)) / 1e9, MAX_SAMPLE_S)
    valid = np.isfinite(rows["x_px"]) & np.isfinite(rows["y_px"])
    sd_x = np.nan_to_num(rows["sd_x_px"], nan=MIN_SD_PX)
    sd_y = np.nan_to_num(rows["sd_y_px"], nan=MIN_SD_PX)
    samples = GazeSamples(t_ns, rows["x_px"], rows["y_px"], sd_x, sd_y, dt_s.astype(np.float64))
    return samples.where(valid)


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Where an answer stood from ``t_ns`` on.

    Epochs that follow each other with the same viewport are one geometry with the layout of the last of them:
    while text streams in, what is already there stays where it is.
    """

    t_ns: int
    layout: TextLayout


@dataclass(frozen=True, slots=True, eq=False)
class AnswerEvidence:
    """All that the measures of one answer may read.

    Attributes
    ----------
    error_y_px : float
        Vertical error of the gaze by the validation that stands, root mean square; NaN when it is not known.
    geometries : tuple of Geometry
        By time; the first one holds from the beginning of the window.
    scroll_t_ns, scroll_px : ndarray, shape (n,)
        Scroll offsets by time; 0 before the first.
    reveal_t_ns, reveal_n_source : ndarray of int64, shape (n,)
        How many code points of the source were shown from when on.
    """

    text: str
    t0_ns: int
    t1_ns: int
    gaze: GazeSamples | None
    error_y_px: float
    pointer: Records | None
    geometries: tuple[Geometry, ...]
    scroll_t_ns: NDArray[np.int64]
    scroll_px: Floats
    reveal_t_ns: NDArray[np.int64]
    reveal_n_source: NDArray[np.int64]

    def scroll_unknown(self) -> bool:
        """Whether the answer may have been scrolled without a row that says so."""
        heads = [geometry.layout.head for geometry in self.geometries]
        longer = any(head.height_px > head.viewport.h_px + 1 for head in heads)
        return longer and not len(self.scroll_t_ns) and self.pointer is None

    def words_told(self) -> bool:
        """Whether the error of the gaze is no larger than a line: what is said of single words rests on that."""
        heights = [w.rect.h_px for w in self.geometries[-1].layout.words] if self.geometries else []
        return bool(heights) and self.error_y_px <= float(np.median(heights))

    def geometry_spans(self) -> list[tuple[int, int, TextLayout]]:
        """(from ns, until ns, layout) for each geometry within the window."""
        starts = [self.t0_ns, *(g.t_ns for g in self.geometries[1:]), self.t1_ns]
        return [(starts[i], starts[i + 1], g.layout) for i, g in enumerate(self.geometries)]


def viewport_mass(evidence: AnswerEvidence, gaze: GazeSamples) -> Floats:
    """Probability, per gaze sample, that gaze was inside the answer's viewport. Shape (n,)."""
    mass = np.zeros(len(gaze))
    for start_ns, end_ns, layout in evidence.geometry_spans():
        mask = (gaze.t_ns >= start_ns) & (gaze.t_ns < end_ns)
        part, box = gaze.where(mask), layout.head.viewport
        in_x = interval_mass(box.x_px, box.right_px, part.x_px, part.sd_x_px)
        in_y = interval_mass(box.y_px, box.bottom_px, part.y_px, part.sd_y_px)
        mass[mask] = in_x * in_y
    return mass


def word_dwell_s(evidence: AnswerEvidence, gaze: GazeSamples) -> dict[int, float]:
    """Expected dwell on each word of the answer, s, by the code point where the word starts.

    A word receives dwell from the moment it was shown, where it stood at the scroll of that moment, and only
    for the part of it inside the viewport.
    """
    dwell: dict[int, float] = {}
    for start_ns, end_ns, layout in evidence.geometry_spans():
        part = gaze.where((gaze.t_ns >= start_ns) & (gaze.t_ns < end_ns))
        words = layout.words
        if not words:
            continue
        values = _dwell_of_boxes(evidence, part, layout)
        for word, value in zip(words, values, strict=True):
            dwell[word.src_start] = dwell.get(word.src_start, 0.0) + float(value)
    return dwell


def _dwell_of_boxes(evidence: AnswerEvidence, gaze: GazeSamples, layout: TextLayout) -> Floats:
    """Expected dwell of the layout's words, s, shape (n_words,)."""
    view, words = layout.head.viewport, layout.words
    left = np.array([w.rect.x_px for w in words]) + view.x_px
    right = np.minimum(left + np.array([w.rect.w_px for w in words]), view.right_px)
    top = np.array([w.rect.y_px for w in words]) + view.y_px
    height = np.array([w.rect.h_px for w in words])
    src_end = np.array([w.src_end for w in words])
    scroll = _held(evidence.scroll_t_ns, evidence.scroll_px, gaze.t_ns)
    shown = _held(evidence.reveal_t_ns, evidence.reveal_n_source.astype(np.float64), gaze.t_ns)
    in_x = interval_mass(
        np.maximum(left, view.x_px)[:, None], right[:, None], gaze.x_px[None], gaze.sd_x_px[None]
    )
    # words of one line share their vertical mass
    lines, of_line = np.unique(np.stack([top, height], axis=1), axis=0, return_inverse=True)
    upper = np.maximum(lines[:, :1] - scroll[None], view.y_px)
    lower = np.minimum(lines[:, :1] + lines[:, 1:] - scroll[None], view.bottom_px)
    in_y = interval_mass(upper, lower, gaze.y_px[None], gaze.sd_y_px[None])
    visible = src_end[:, None] <= shown[None]
    return np.asarray(
        np.sum(np.where(visible, in_x * in_y[of_line.ravel()], 0.0) * gaze.dt_s, axis=1), dtype=np.float64
    )


def _held(t_ns: NDArray[np.int64], values: Floats, at_ns: NDArray[np.int64]) -> Floats:
    """Value that held at each moment: the last one set, 0 before the first."""
    index = np.searchsorted(t_ns, at_ns, side="right")
    return np.concatenate([[0.0], values])[index]


def pointer_dwell_s(evidence: AnswerEvidence, pointer: Records) -> float:
    """Time of the pointer inside the answer's viewport, s. The pointer stays where its last row left it."""
    from_ns = np.maximum(pointer["t_ns"], evidence.t0_ns)
    until_ns = np.append(from_ns[1:], evidence.t1_ns)
    present = pointer["kind"].astype(str) != "leave"
    total = 0.0
    for start_ns, end_ns, layout in evidence.geometry_spans():
        box, x, y = layout.head.viewport, pointer["x_px"], pointer["y_px"]
        inside = (x >= box.x_px) & (x < box.right_px) & (y >= box.y_px) & (y < box.bottom_px) & present
        overlap = np.minimum(until_ns, end_ns) - np.maximum(from_ns, start_ns)
        total += float(np.sum(np.maximum(overlap, 0)[inside]))
    return total / 1e9
