"""A study folder whose catalogue keeps the qualities of made-up sessions; their recordings are not there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ifllm_desktop import compose
from ifllm_desktop.analysis.session_quality import SessionQuality
from ifllm_desktop.analysis.values_json import plain
from ifllm_desktop.compose_audit import StudyAudit
from ifllm_desktop.domain.session import SegmentInfo, SessionInfo
from ifllm_desktop.store.study import StudyFolder


def audited_study(path: Path, qualities: Sequence[SessionQuality], n_unknown: int = 0) -> StudyFolder:
    """A new study; the quality of the last ``n_unknown`` sessions is not kept, and their files are missing."""
    study = StudyFolder.open(compose.new_study(path, "demo"))
    audit, catalogue = StudyAudit(study, "tester"), study.catalogue()
    for number, quality in enumerate(qualities):
        info = session_info(quality)
        catalogue.add_participant(info.participant_id, info.devices, info.created_wall_ns)
        catalogue.add_session(info)
        if number < len(qualities) - n_unknown:
            values = quality.without_trace().to_json()
            catalogue.put_quality(info.session_id, audit.quality_key(info), values, plain(quality.trace))
    return study


def session_info(quality: SessionQuality) -> SessionInfo:
    """The entry of a made-up session, with one segment that was closed."""
    name = f"{quality.session_id}-1"
    segment = SegmentInfo(name, quality.session_id, 1, f"{name}.sqlite", 0, True, False, "0" * 64)
    return SessionInfo(
        quality.session_id, quality.participant_id, "demo", quality.number, quality.created_wall_ns,
        quality.apparatus.devices or "simulated", "finished", (segment,),
    )  # fmt: skip
