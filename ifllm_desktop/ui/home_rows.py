"""What Home lists: a card for each study and a row for each session, from what stands in their catalogues."""

from __future__ import annotations

import time
from pathlib import Path

from ifllm_desktop.domain.errors import IfllmError
from ifllm_desktop.store.overview import SessionOverview, study_facts
from ifllm_desktop.ui.home_model import SessionRow, StudyCard
from ifllm_desktop.wording import sentence


def study_card(path: Path) -> StudyCard:
    """A study as it is on disk; one that cannot be read says why."""
    try:
        facts = study_facts(path)
    except (IfllmError, OSError) as error:  # one study that cannot be read must not hide the others
        return StudyCard(str(path), path.name, sentence(error), "missing")
    return StudyCard(
        str(path), facts.title, str(path), "open", facts.n_people, facts.n_sessions, facts.n_pairs
    )


def session_row(overview: SessionOverview) -> SessionRow:
    """A session in the words of its table."""
    o = overview
    return SessionRow(
        session_id=o.info.session_id, name=f"{o.info.participant_id} · {o.info.number}",
        when_wall_ns=o.info.created_wall_ns,
        when=time.strftime("%d %b %H:%M", time.localtime(o.info.created_wall_ns / 1e9)),
        length_s=o.length_s, grade=o.grade, error_px=o.accuracy_px, loss=o.loss, rate_hz=o.rate_hz,
        support_reason=o.support_reason, state=o.state, devices=o.info.devices, needs_you=o.needs_you,
    )  # fmt: skip
