"""One line of the audit for each session, as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ifllm_desktop.analysis.session_quality import Problem, SessionQuality
from ifllm_desktop.reading.support import LevelSupport


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a session counts in an exclusion set.

    Attributes
    ----------
    reason : str
        As somebody wrote it; empty where only rules speak.
    rules : tuple of str
        Codes of the rules that speak against it, also where somebody took it back in.
    """

    included: bool = True
    reason: str = ""
    rules: tuple[str, ...] = ()

    @property
    def by_rule(self) -> bool:
        """Whether a rule excludes it, and not somebody's decision."""
        return not self.included and not self.reason


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A session in figures.

    Attributes
    ----------
    name : str
        Participant and number, as in ``P014 · 2``.
    has_gaze : bool
        False where consent to gaze was not given.
    grade : str
        ``A`` to ``D``; empty without a validation.
    accuracy_px, accuracy_deg : float
        Mean error on the targets of the validation that counts; NaN when not measured or not known.
    std_px, std_deg : float
        Precision as STD.
    loss : float
        Share of frames without gaze, 0–1.
    rate_hz : float
        Effective rate.
    head_cm : float
        How far the head was from where it was calibrated, median.
    score : float
        Quality score, 0–100.
    chances : mapping of str to LevelSupport
        By level.
    refits_min : tuple of float
        Minutes after the acceptance at which the calibration was mended.
    """

    session_id: str
    participant_id: str
    name: str
    devices: str = ""
    has_gaze: bool = True
    recovered: bool = False
    duration_s: float = math.nan
    grade: str = ""
    accuracy_px: float = math.nan
    accuracy_deg: float = math.nan
    std_px: float = math.nan
    std_deg: float = math.nan
    loss: float = math.nan
    rate_hz: float = math.nan
    head_cm: float = math.nan
    score: float = math.nan
    chances: Mapping[str, LevelSupport] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    refits_min: tuple[float, ...] = ()
    decision: Decision = Decision()

    @property
    def included(self) -> bool:
        """Whether it counts in the chosen exclusion set."""
        return self.decision.included


def audit_row(quality: SessionQuality, decision: Decision = Decision()) -> AuditRow:
    """The line of one session."""
    q = quality
    return AuditRow(
        session_id=q.session_id, participant_id=q.participant_id, name=session_name(q),
        devices=q.apparatus.devices, has_gaze=q.gaze_consent != "no", recovered=q.recovered,
        duration_s=q.duration_s, grade=q.accuracy.grade if math.isfinite(q.accuracy.px) else "",
        accuracy_px=q.accuracy.px, accuracy_deg=q.accuracy.deg, std_px=q.precision.std_px,
        std_deg=q.precision.std_deg, loss=q.loss.loss, rate_hz=q.loss.effective_hz, head_cm=q.head.shift_cm,
        score=q.score.total, chances={s.level: s for s in q.support}, problems=q.problems,
        refits_min=tuple(c.minutes for c in q.drift.checks if c.kind == "recheck"), decision=decision,
    )  # fmt: skip


def session_name(quality: SessionQuality) -> str:
    """Participant and number, as in ``P014 · 2``."""
    return f"{quality.participant_id} · {quality.number}"


def unreadable_row(session_id: str, participant_id: str, reason: str) -> AuditRow:
    """The line of a session whose recording cannot be judged; it is out of every set."""
    return AuditRow(
        session_id, participant_id, participant_id, problems=(Problem("unreadable", reason),),
        decision=Decision(False, "", ("unreadable",)),
    )  # fmt: skip


def audit_rows(
    qualities: Sequence[SessionQuality], decisions: Mapping[str, Decision]
) -> tuple[AuditRow, ...]:
    """Lines in the order of the sessions."""
    return tuple(audit_row(q, decisions.get(q.session_id, Decision())) for q in qualities)
