"""A study folder is made once, opened in words, and its sessions are recorded by one process at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ifllm_desktop.domain.errors import BugError, DataError, WorldError
from ifllm_desktop.domain.labels import Annotation, LabelOperation
from ifllm_desktop.domain.session import PairScore, SessionInfo
from ifllm_desktop.store import connect
from ifllm_desktop.store.catalogue import StudyCatalogue
from ifllm_desktop.store.study import StudyFolder

WALL_NS = 1_700_000_000_000_000_000
S = 1_000_000_000
HEADER = {"participant_id": "p1", "study_id": "demo", "devices": "simulated"}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    folder = tmp_path / "template"
    (folder / "answers").mkdir(parents=True)
    (folder / "study.yaml").write_text("id: demo\n")
    (folder / "answers" / "tides.yaml").write_text("topic: tides\n")
    return folder


@pytest.fixture
def study(tmp_path: Path, template: Path) -> StudyFolder:
    study = StudyFolder.create(tmp_path / "study", template)
    study.catalogue().add_participant("p1", "simulated", WALL_NS)
    study.catalogue().add_session(SessionInfo("s1", "p1", "demo", 1, WALL_NS, "simulated", "open"))
    return study


# ---- the folder -------------------------------------------------------------------------------------------
def test_that_a_new_study_has_the_protocol_and_its_answers(tmp_path: Path, template: Path) -> None:
    StudyFolder.create(tmp_path / "study", template)
    study = StudyFolder.open(tmp_path / "study")
    assert study.protocol_path.read_text() == "id: demo\n"
    assert (study.path / "answers" / "tides.yaml").read_text() == "topic: tides\n"
    assert sorted(p.name for p in study.path.iterdir()) == ["answers", "study.yaml"], (
        "folders come when needed"
    )


def test_that_a_folder_with_something_in_it_is_not_made_a_study(tmp_path: Path, template: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("keep")
    with pytest.raises(WorldError, match="study_exists"):
        StudyFolder.create(tmp_path / "notes", template)
    assert [p.name for p in (tmp_path / "notes").iterdir()] == ["mine.txt"]


def test_that_an_empty_folder_can_be_made_a_study(tmp_path: Path, template: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert StudyFolder.create(tmp_path / "empty", template).protocol_path.is_file()


@pytest.mark.parametrize("name", ["nowhere", "template/study.yaml", "template/answers"])
def test_that_a_place_without_a_study_is_said(tmp_path: Path, template: Path, name: str) -> None:
    with pytest.raises(WorldError) as raised:
        StudyFolder.open(tmp_path / name)
    assert raised.value.code in ("study_missing", "path_unusable")
    assert name in str(raised.value.params["path"])


# ---- segments ---------------------------------------------------------------------------------------------
def test_that_segments_of_a_session_lie_on_one_time_axis(study: StudyFolder) -> None:
    catalogue = study.catalogue()
    for number, wall_ns in ((1, WALL_NS), (2, WALL_NS + 60 * S)):
        writer = study.new_segment("s1", number, HEADER, wall_ns)
        writer.put("anchor", (0, wall_ns))
        writer.put("anchor", (5 * S, wall_ns + 5 * S))
        catalogue.put_segment(writer.close(cleanly=True))
    source = study.source("s1")
    assert source.read("anchor")["t_ns"].tolist() == [0, 5 * S, 60 * S, 65 * S]
    assert source.read("anchor", 5 * S, 65 * S)["t_ns"].tolist() == [5 * S, 60 * S]
    assert [segment.offset_ns for segment in source.segments()] == [0, 60 * S]
    assert source.wall_ns(62 * S) == WALL_NS + 62 * S
    assert source.end_ns() == 65 * S


def test_that_wall_time_follows_the_last_anchor_before_a_moment(study: StudyFolder) -> None:
    writer = study.new_segment("s1", 1, HEADER, WALL_NS)
    writer.put("anchor", (0, WALL_NS))
    writer.put("anchor", (60 * S, WALL_NS + 61 * S))  # the wall clock was set while recording
    study.catalogue().put_segment(writer.close(cleanly=True))
    source = study.source("s1")
    assert source.wall_ns(59 * S) == WALL_NS + 59 * S
    assert source.wall_ns(60 * S) == WALL_NS + 61 * S


def test_that_session_time_never_runs_back_when_the_wall_clock_was_set_back(study: StudyFolder) -> None:
    first = study.new_segment("s1", 1, HEADER, WALL_NS)
    first.put("anchor", (0, WALL_NS))
    first.put("anchor", (9 * S, WALL_NS + 9 * S))
    study.catalogue().put_segment(first.close(cleanly=True))
    second = study.new_segment("s1", 2, HEADER, WALL_NS - 3600 * S)
    assert second.info().offset_ns == 9 * S + 1
    second.close(cleanly=True)


def test_that_a_session_is_recorded_by_one_process_at_a_time(study: StudyFolder) -> None:
    writer = study.new_segment("s1", 1, HEADER, WALL_NS)
    assert study.is_recording("s1")
    with pytest.raises(WorldError, match="session_busy"):
        study.new_segment("s1", 2, HEADER, WALL_NS)
    elsewhere = (
        "import sys; from ifllm_desktop.store.study import StudyFolder; "
        "sys.exit(10 + StudyFolder.open(sys.argv[1]).is_recording('s1'))"
    )
    command = [sys.executable, "-c", elsewhere, str(study.path)]
    assert subprocess.run(command, check=False).returncode == 11
    writer.close(cleanly=True)
    assert not study.is_recording("s1")
    assert subprocess.run(command, check=False).returncode == 10
    assert [p.name for p in study.recordings.iterdir()] == ["s1-1.sqlite"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "x" * 200])
def test_that_a_session_id_that_is_no_file_name_is_refused(study: StudyFolder, name: str) -> None:
    with pytest.raises(BugError, match="session_id"):
        study.new_segment(name, 1, HEADER, WALL_NS)


def test_that_an_unknown_session_is_said(study: StudyFolder) -> None:
    with pytest.raises(DataError, match="session_missing"):
        study.source("other")


# ---- the catalogue ----------------------------------------------------------------------------------------
def test_that_a_newer_catalogue_is_refused_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    StudyCatalogue(path).close()
    connection = connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DataError) as raised:
        StudyCatalogue(path)
    assert raised.value.code == "database_newer"
    assert raised.value.params["version"] == 99
    assert path.read_bytes() == before


def test_that_a_catalogue_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "study.sqlite").write_text("not a database, " * 100)
    with pytest.raises(DataError, match="database_damaged"):
        StudyCatalogue(tmp_path / "study.sqlite")


def test_that_a_label_step_is_on_disk_when_append_returns_and_its_number_is_taken(tmp_path: Path) -> None:
    catalogue = StudyCatalogue(tmp_path / "study.sqlite")
    label = Annotation("a1", "s1", "t1", "r1", "span", "unclear", "ann", 3, 9, "ü😀 “x”", "00")
    steps = [
        LabelOperation("o1", "ann", "here", 1, 20, "add", None, label),
        LabelOperation("o2", "ann", "here", 2, 10, "remove", label, None, undoes="o1"),
    ]
    for step in steps:
        catalogue.append(step)
    other = StudyCatalogue(tmp_path / "study.sqlite")
    assert other.operations() == [steps[1], steps[0]], "sorted by wall time"
    assert other.operations("s1") == other.operations()
    assert other.operations("s2") == []
    with pytest.raises(DataError, match="label_conflict"):
        other.append(LabelOperation("o3", "ann", "here", 2, 30, "add", None, label))
    assert len(catalogue.operations()) == 2
    other.append(LabelOperation("o3", "ann", "there", 2, 30, "add", None, label))
    catalogue.close()
    other.close()


def test_that_scores_of_the_same_pair_and_model_are_replaced(tmp_path: Path) -> None:
    catalogue = StudyCatalogue(tmp_path / "study.sqlite")
    first = PairScore("b", "s", "p", "m", 1.0, 0.5, 0.6, 0, "simulated")
    second = PairScore("a", "s", "p", "m", 1.0, 0.5, 0.6, -1, "simulated")
    catalogue.put_scores([first, second])
    changed = PairScore("b", "s", "p", "m", 2.0, 0.5, 0.8, 1, "simulated")
    catalogue.put_scores([changed])
    assert catalogue.scores() == [second, changed]
    catalogue.close()


def test_that_a_session_of_nobody_is_refused(tmp_path: Path) -> None:
    catalogue = StudyCatalogue(tmp_path / "study.sqlite")
    with pytest.raises(BugError, match="catalogue_order"):
        catalogue.add_session(SessionInfo("s1", "nobody", "demo", 1, 0, "real", "open"))
    assert catalogue.sessions() == []
    with pytest.raises(DataError, match="session_missing"):
        catalogue.set_session_state("s1", "stopped")
    catalogue.close()


def test_that_exports_are_logged(tmp_path: Path) -> None:
    catalogue = StudyCatalogue(tmp_path / "study.sqlite")
    catalogue.log_export("preference", "out/preference", "00", 12, WALL_NS)
    connection = connect(tmp_path / "study.sqlite", read_only=True)
    rows = connection.execute("SELECT format, out, sha256, n_rows, wall_ns FROM export_log").fetchall()
    connection.close()
    assert rows == [("preference", "out/preference", "00", 12, WALL_NS)]
    catalogue.close()
