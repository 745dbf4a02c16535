"""The table of an audit for a paper: each measure over the people of a study."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ifllm_desktop.analysis.audit_study import has_mixed_screens, over_people
from ifllm_desktop.analysis.session_quality import SessionQuality


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table; values are NaN where they are not known.

    Attributes
    ----------
    median, low, high : float
        Over people, of each person's mean over sessions, with the 95 % bootstrap interval over people.
    q1, q3 : float
        Quartiles over people.
    n_people, n_sessions : int
        Who has a value.
    """

    name: str
    unit: str
    median: float
    low: float
    high: float
    q1: float
    q3: float
    n_people: int
    n_sessions: int


_Value = Callable[[SessionQuality], float]
_PX = "px"
MEASURES: tuple[tuple[str, str, _Value], ...] = (
    ("Accuracy on held-out targets", "deg", lambda q: q.accuracy.deg),
    ("Accuracy on held-out targets", _PX, lambda q: q.accuracy.px),
    ("… horizontal", _PX, lambda q: q.accuracy.x_px),
    ("… vertical", _PX, lambda q: q.accuracy.y_px),
    ("Mean error of single samples", "deg", lambda q: q.accuracy.sample_deg),
    ("Precision, STD (raw)", "deg", lambda q: q.precision.std_deg),
    ("Precision, STD (raw)", _PX, lambda q: q.precision.std_px),
    ("Precision, RMS-S2S (raw)", "deg", lambda q: q.precision.rms_s2s_deg),
    ("Precision, BCEA 68 % (raw)", "deg²", lambda q: q.precision.bcea_deg2),
    ("Data loss, frames without gaze", "%", lambda q: 100 * q.loss.loss),
    ("Data loss, by time", "%", lambda q: 100 * q.loss.loss_by_time),
    ("Effective rate", "Hz", lambda q: q.loss.effective_hz),
    ("Change of the error until the last drift check", "deg", lambda q: q.drift.change_deg),
    ("Distance of the head from its calibrated place", "cm", lambda q: q.head.shift_cm),
    ("Turn of the head from its calibrated direction", "deg", lambda q: q.head.turn_deg),
    ("Quality score", "of 100", lambda q: q.score.total),
)
"""Name, unit and value of each measure."""


def summary(qualities: Sequence[SessionQuality]) -> tuple[Measure, ...]:
    """Each measure over people; px are left out where screens differ, for they cannot be compared then."""
    mixed = has_mixed_screens(q for q in qualities if math.isfinite(q.accuracy.px))
    return tuple(
        _measure(name, unit, value, qualities)
        for name, unit, value in MEASURES
        if not (mixed and unit == _PX)
    )


def _measure(name: str, unit: str, value: _Value, qualities: Sequence[SessionQuality]) -> Measure:
    by_person: dict[str, list[float]] = defaultdict(list)
    for quality in qualities:
        if math.isfinite(found := value(quality)):
            by_person[quality.participant_id].append(found)
    means = [float(np.mean(own)) for own in by_person.values()]
    q1, q3 = np.quantile(means, (0.25, 0.75)) if means else (math.nan, math.nan)
    n_sessions = sum(len(own) for own in by_person.values())
    return Measure(name, unit, *over_people(by_person), float(q1), float(q3), len(means), n_sessions)
