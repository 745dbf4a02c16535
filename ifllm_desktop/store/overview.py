"""A study in figures: what Home lists without opening a recording for replay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ifllm_desktop.domain.errors import DataError, WorldError
from ifllm_desktop.domain.gaze_standing import standing_validation
from ifllm_desktop.domain.session import SessionInfo
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.protocol import load_protocol
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.wording import sentence


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """A study in three counts."""

    title: str
    n_people: int
    n_sessions: int
    n_pairs: int


@dataclass(frozen=True, slots=True)
class SessionOverview:
    """A session in the figures that say whether it can be used.

    Attributes
    ----------
    accuracy_px, loss, rate_hz : float
        Of the validation that gaze stands on; NaN without one.
    state, needs_you : str
        In words; ``needs_you`` is empty when nothing has to be decided.
    """

    info: SessionInfo
    length_s: float
    grade: str
    accuracy_px: float
    loss: float
    rate_hz: float
    state: str
    support_reason: str
    needs_you: str


def study_facts(path: Path) -> StudyFacts:
    """Counts of a study. Raises what opening it raises."""
    study = StudyFolder.open(path)
    try:
        protocol = load_protocol(study.protocol_path)
        catalogue = study.catalogue()
        sessions = catalogue.sessions()
        n_pairs = sum(_n_votes(study, info) for info in sessions if info.segments)
        return StudyFacts(protocol.title, len(catalogue.participants()), len(sessions), n_pairs)
    finally:
        study.close()


def _n_votes(study: StudyFolder, info: SessionInfo) -> int:
    try:
        return sum(event.kind == "preference" for event in study.source(info.session_id).events())
    except (DataError, WorldError):
        return 0  # one that is damaged or gone is said in its own row and must not hide the study


def overviews(study: StudyFolder) -> list[SessionOverview]:
    """Every session of a study with what its validation said."""
    return [_overview(study, info) for info in study.catalogue().sessions() if info.segments]


def _overview(study: StudyFolder, info: SessionInfo) -> SessionOverview:
    nan = float("nan")
    if study.is_recording(info.session_id):
        return SessionOverview(info, nan, "", nan, nan, nan, "Recording", "It is being recorded.", "")
    try:
        events = study.source(info.session_id).events()
    except (DataError, WorldError) as error:
        return SessionOverview(info, nan, "", nan, nan, nan, "Damaged", sentence(error), "Damaged recording")
    validation: dict[str, Any] = standing_validation(events) or {}
    accuracy_px, loss, rate_hz = (
        float(v) if (v := validation.get(key)) is not None else nan
        for key in ("accuracy_px", "loss", "rate_hz")
    )
    recovered = any(segment.recovered for segment in info.segments)
    state = (
        "Recovered" if recovered else {"finished": "Ready", "stopped": "Ended early"}.get(info.state, "Open")
    )
    failed = validation.get("ok") is False
    needs = (
        "Gaze was not good enough: decide on it"
        if failed
        else "Was cut off: look what is there"
        if recovered
        else ""
    )
    reason = (
        "Chances for word, line and block are not computed in this version."
        if validation
        else "No validation."
    )
    length_s = events[-1].t_ns / NS_PER_S if events else nan
    return SessionOverview(
        info, length_s, str(validation.get("grade") or ""), accuracy_px, loss, rate_hz, state, reason, needs
    )
