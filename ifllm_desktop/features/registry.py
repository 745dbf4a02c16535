"""The measures: what each one is called, its unit and version, what it reads and when it is known.

A measure is computed for each answer of a pair from what happened before the vote. To add one, write a
function over :class:`~ifllm_desktop.features.evidence.AnswerEvidence`, call it in ``features.pairs``, enter
it here and raise :data:`FEATURE_SET`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FEATURE_SET = "pair-5.2"
"""Names this list of measures with their versions; a model trained on another one is refused."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of an answer within a pair.

    Attributes
    ----------
    unit : str
        Unit of the value of one answer.
    version : int
        Raised when the same recording would give another value.
    reads : tuple of str
        Streams and texts it is computed from.
    available : str
        ``before_vote`` or ``after_vote``; only the former may enter a score.
    contrast : str
        How an answer's value enters a model: ``log1p`` (heavy-tailed amounts) or ``plain`` (shares).
    """

    name: str
    unit: str
    version: int
    reads: tuple[str, ...]
    available: str
    contrast: str
    description: str

    def model_value(self, value: float) -> float:
        """The value as a model sees it; the difference between the two answers changes only its sign when
        left and right are swapped. NaN stays NaN."""
        return math.log1p(value) if self.contrast == "log1p" else value


MEASURES: tuple[Measure, ...] = (
    Measure(
        "gaze_dwell_s", "s", 1, ("gaze", "layout_epoch"), "before_vote", "log1p",
        "Expected time of gaze inside the visible part of the answer: each sample counts with the mass "
        "that its Gaussian gives to the answer's viewport.",
    ),
    Measure(
        "pointer_dwell_s", "s", 1, ("pointer", "layout_epoch"), "before_vote", "log1p",
        "Time of the pointer inside the visible part of the answer; nowhere else is it looked at.",
    ),
    Measure(
        "coverage", "share", 2, ("gaze", "layout_epoch", "layout_block", "reveal", "scroll"), "before_vote",
        "plain",
        "Share of the answer's words whose expected dwell reached 50 ms, gaze spread by its Gaussian. Missing "
        "where the vertical error of the gaze exceeds the line height: then no word can be told from the words "
        "above and below it.",
    ),
    Measure(
        "late_dwell_share", "share", 1, ("gaze", "layout_epoch"), "before_vote", "plain",
        "The answer's share of the pair's expected gaze dwell in the last 15 s of the reading window; left "
        "minus right is the balance of late dwell, from -1 to 1.",
    ),
    Measure(
        "length_chars", "characters", 1, ("response text",), "before_vote", "log1p",
        "Code points of the answer's source text.",
    ),
)  # fmt: skip
"""Every measure, in the order of the columns."""

NAMES: tuple[str, ...] = tuple(measure.name for measure in MEASURES)


def provenance() -> list[dict[str, object]]:
    """Name, unit and version of each measure, for model cards and headers of tables."""
    return [{"name": m.name, "unit": m.unit, "version": m.version, "contrast": m.contrast} for m in MEASURES]
