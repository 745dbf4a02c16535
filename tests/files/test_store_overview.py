"""What Home lists of a study: counts, figures of the validation, what has to be decided."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from ifllm_desktop.domain.session import Event, SessionInfo
from ifllm_desktop.resource_files import resource_path
from ifllm_desktop.store.overview import overviews, study_facts
from ifllm_desktop.store.recovery import recover
from ifllm_desktop.store.study import StudyFolder

VALIDATION = {
    "attempt_id": "a", "calibration_id": "c", "ok": True, "reason": "", "grade": "B", "accuracy_px": 61.5,
    "sd_px": [20.0, 25.0], "loss": 0.04, "rate_hz": 29.5, "targets": [],
}  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return StudyFolder.create(tmp_path / "study", resource_path("studies", "demo"))


def record(study: StudyFolder, name: str, events: list[Event], *, cleanly: bool = True) -> None:
    info = SessionInfo(f"s-{name}", name, "demo", 1, 1_000, "simulated", "open")
    study.catalogue().add_participant(name, "simulated", 1_000)
    study.catalogue().add_session(info)
    header = {"participant_id": name, "study_id": "demo", "devices": "simulated", "session_number": 1}
    writer = study.new_segment(info.session_id, 1, header, 1_000)
    study.catalogue().put_segment(writer.info())
    writer.put("anchor", (0, 1_000))
    for event in events:
        writer.put("event", event.to_row())
    segment = writer.close(cleanly=cleanly)
    if cleanly:
        study.catalogue().put_segment(segment)
        study.catalogue().set_session_state(info.session_id, "finished")


def vote(turn: str) -> Event:
    return Event(9_000_000_000, "preference", {"turn_id": turn, "choice": "left", "strength": 2})


def test_that_a_study_is_counted(study: StudyFolder) -> None:
    record(study, "P001", [vote("t1"), vote("t2")])
    record(study, "P002", [vote("t3")])
    facts = study_facts(study.path)
    assert (facts.n_people, facts.n_sessions, facts.n_pairs) == (2, 2, 3)
    assert facts.title


def test_that_a_session_is_listed_with_the_figures_of_its_newest_validation(study: StudyFolder) -> None:
    poor = {**VALIDATION, "accuracy_px": 300.0, "grade": "D", "ok": False}
    record(study, "P001", [Event(1, "validation", poor), Event(2_000_000_000, "validation", VALIDATION)])
    (row,) = overviews(study)
    assert (row.grade, row.accuracy_px, row.loss, row.rate_hz) == ("B", 61.5, 0.04, 29.5)
    assert (row.state, row.needs_you, row.length_s) == ("Ready", "", 2.0)


def test_that_missing_figures_are_not_invented(study: StudyFolder) -> None:
    record(
        study, "P001", [Event(1, "validation", {**VALIDATION, "accuracy_px": None, "ok": False, "grade": ""})]
    )
    record(study, "P002", [])
    first, second = overviews(study)
    assert math.isnan(first.accuracy_px)
    assert first.needs_you
    assert math.isnan(second.accuracy_px)
    assert math.isnan(second.loss)
    assert second.grade == ""


def test_that_a_recovered_session_says_so(study: StudyFolder) -> None:
    record(study, "P001", [vote("t1")], cleanly=False)
    recover(study)
    (row,) = overviews(study)
    assert row.state == "Recovered"
    assert row.needs_you


def test_that_a_damaged_recording_is_listed_and_hides_no_other(study: StudyFolder) -> None:
    record(study, "P001", [vote("t1")])
    record(study, "P002", [vote("t2")])
    file = study.recordings / "s-P001-1.sqlite"
    copy = file.with_suffix(".copy")
    shutil.copyfile(file, copy)
    file.chmod(0o644)
    file.write_bytes(copy.read_bytes()[:100] + b"\x00" * 5000)
    copy.unlink()
    damaged, whole = overviews(study)
    assert damaged.state == "Damaged"
    assert "damaged" in damaged.support_reason
    assert whole.state == "Ready"
    assert study_facts(study.path).n_pairs == 1


def test_that_a_recording_that_is_gone_hides_no_other(study: StudyFolder) -> None:
    record(study, "P001", [vote("t1")])
    record(study, "P002", [vote("t2")])
    gone = study.catalogue().sessions()[0].segments[0]
    next(study.path.rglob(gone.file)).unlink()
    lost, kept = overviews(study)
    assert lost.needs_you == "Damaged recording" and gone.file in lost.support_reason
    assert kept.needs_you == "" and study_facts(study.path).n_pairs == 1
