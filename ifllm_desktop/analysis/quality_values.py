"""How good the gaze of a session is, as values: what the audit shows, the report prints and the catalogue keeps.

What was not measured is NaN (null in JSON) and never 0; :attr:`SessionQuality.problems` says why.
Positions and errors are screen px, angles degrees of visual angle (NaN without size or distance of the screen), times
of the session seconds. ``error_x_px`` is gaze minus target: positive to the right, ``error_y_px`` downwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ifllm_desktop.analysis.quality_parts import (
    Apparatus,
    Cell,
    DataLoss,
    Drift,
    GapBin,
    HeadMovement,
    InvalidSpan,
    QualityScore,
    TextAccuracy,
    Trace,
)
from ifllm_desktop.analysis.quality_targets import (
    NOT_MEASURED,
    Accuracy,
    Attempt,
    Precision,
    Problem,
    TargetError,
)
from ifllm_desktop.analysis.values_json import plain, read
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.reading.support import LevelSupport

QUALITY_VERSION = 1
"""Grows whenever the figures would come out differently; what was kept under another one is computed again."""

NAN = math.nan
NOT_FILTERED = Precision("one_euro")


@dataclass(frozen=True, slots=True)
class SessionQuality:
    """Everything about the gaze of one session.

    Attributes
    ----------
    gaze_consent : str
        ``yes``, ``no`` (pointer only) or ``unknown``.
    number : int
        Of the person's sessions, from 1.
    screen : Screen
        Sizes are NaN where not known; :attr:`screen_known` says whether degrees can be given.
    method, n_points, n_validation_targets
        Of the calibration that most gaze was estimated with; empty and 0 without one.
    main_attempt : str
        Its attempt id; ``accuracy``, ``precision`` and ``support`` are those of its validation.
    precision, precision_filtered : Precision
        Raw, which is what is stored; and as the overlay smooths it, for comparison only.
    grid : tuple of int
        Columns and rows of ``cells``, which go row by row.
    text : TextAccuracy
        Of the same calibration, on lines of a real text.
    on_text : float
        Share of the gaze on the task pages that was on the text of an answer.
    trace : Trace
        Empty where the quality was read from the cache without it.
    """

    session_id: str
    participant_id: str
    number: int
    state: str
    created_wall_ns: int
    n_segments: int
    recovered: bool
    duration_s: float
    gaze_consent: str
    apparatus: Apparatus
    screen: Screen
    method: str = ""
    n_points: int = 0
    n_validation_targets: int = 0
    attempts: tuple[Attempt, ...] = ()
    main_attempt: str = ""
    accuracy: Accuracy = field(default_factory=Accuracy)
    precision: Precision = NOT_MEASURED
    precision_filtered: Precision = NOT_FILTERED
    loss: DataLoss = field(default_factory=DataLoss)
    gaps: tuple[GapBin, ...] = ()
    longest_gap_s: float = NAN
    grid: tuple[int, int] = (0, 0)
    cells: tuple[Cell, ...] = ()
    drift: Drift = field(default_factory=Drift)
    text: TextAccuracy = field(default_factory=TextAccuracy)
    invalid: tuple[InvalidSpan, ...] = ()
    head: HeadMovement = field(default_factory=HeadMovement)
    support: tuple[LevelSupport, ...] = ()
    on_text: float = NAN
    score: QualityScore = field(default_factory=QualityScore)
    problems: tuple[Problem, ...] = ()
    trace: Trace = field(default_factory=Trace)
    version: int = QUALITY_VERSION

    @property
    def screen_known(self) -> bool:
        """Whether the size of the screen and the distance of the eyes are known, so that there are degrees."""
        sizes = (
            self.screen.w_px,
            self.screen.h_px,
            self.screen.w_mm,
            self.screen.h_mm,
            self.screen.distance_mm,
        )
        return all(math.isfinite(v) and v > 0 for v in sizes)

    @property
    def targets(self) -> tuple[TargetError, ...]:
        """Validation targets of the attempt that counts."""
        return next((a.targets for a in self.attempts if a.attempt_id == self.main_attempt), ())

    def without_trace(self) -> Self:
        """The same without what only a plot of this one session needs."""
        return replace(self, trace=Trace())

    def to_json(self) -> dict[str, Any]:
        """As JSON values; NaN becomes null."""
        made: dict[str, Any] = plain(self)
        return made

    @staticmethod
    def from_json(values: dict[str, Any]) -> SessionQuality:
        """The inverse of :meth:`to_json`.

        Raises
        ------
        ValueError, TypeError, KeyError
            When these are not the values of a session's quality, or those of another version.
        """
        if values.get("version") != QUALITY_VERSION:
            raise ValueError(f"version {values.get('version')!r} is not {QUALITY_VERSION}")
        return read(SessionQuality, values)
