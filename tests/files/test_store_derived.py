"""Derived streams on disk: beside the recording, replaceable, the same bytes each time, checked by verify."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import numpy as np
import pytest

from ifllm_desktop import compose, compose_gaze
from ifllm_desktop.domain.errors import DataError, WorldError
from ifllm_desktop.replay.timeline import Timeline
from ifllm_desktop.store.derived import DERIVED_VERSION, read_derived_info, remove_derived
from ifllm_desktop.store.study import StudyFolder
from tests.gaze_sessions import GazeSession, study_with
from tests.recordings import FakeRecording, RecordingBuilder, small_session


def quiet(_text: str) -> None:
    """Progress that nobody reads."""


@pytest.fixture(scope="module")
def recorded() -> FakeRecording:
    made = GazeSession(seed=3, builder=RecordingBuilder("S1", "P01"))
    made.calibrate()
    made.read(made.show_answer(), 10)
    return made.build()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, recorded: FakeRecording) -> Path:
    """One session that can be derived and one that cannot."""
    return study_with(tmp_path_factory.mktemp("made") / "study", [recorded, small_session("S2", "P02")])


@pytest.fixture
def study(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "study"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def raw_files(study: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in sorted((study / "recordings").glob("*.sqlite"))}


def test_that_a_derived_file_stands_beside_an_untouched_recording(study: Path) -> None:
    before = raw_files(study)
    report = compose_gaze.rederive(study, "iris", None, quiet)
    assert raw_files(study) == before
    (entry,) = report["sessions"]
    assert entry["file"].startswith("derived/S1/iris-") and (study / entry["file"]).is_file()
    assert [left["session_id"] for left in report["left_out"]] == ["S2"]
    assert report["left_out"][0]["code"] == "derive_no_calibration"
    assert report["n_rows"] == entry["n_rows"] > 100


def test_that_a_second_run_replaces_the_file_by_the_same_bytes(study: Path) -> None:
    first = compose_gaze.rederive(study, "iris", "S1", quiet)["sessions"][0]
    path = study / first["file"]
    before, inode = sha256(path), path.stat().st_ino
    second = compose_gaze.rederive(study, "iris", "S1", quiet)["sessions"][0]
    assert second["file"] == first["file"] and sha256(path) == before and path.stat().st_ino != inode
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name]  # no log, no leftovers


def test_that_the_header_says_how_it_was_made(study: Path) -> None:
    entry = compose_gaze.rederive(study, "live", "S1", quiet)["sessions"][0]
    info = read_derived_info(study / entry["file"])
    assert (info.session_id, info.deriver, info.version) == ("S1", "live", 1)
    assert info.calibration_ids == ("cal-1",) and info.app_version
    assert info.segments == {"S1-1.sqlite": sha256(study / "recordings" / "S1-1.sqlite")}


def test_that_a_derived_source_gives_its_gaze_and_everything_else_from_the_recording(study: Path) -> None:
    compose_gaze.rederive(study, "iris", "S1", quiet)
    path = next((study / "derived" / "S1").glob("*.sqlite"))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE gaze SET x_px = x_px + 1000")  # so that it cannot be taken for the live one
    connection.commit()
    connection.close()
    with StudyFolder.open(study) as opened:
        raw, derived = opened.source("S1"), opened.derived_source("S1", "iris")
        np.testing.assert_allclose(derived.read("gaze")["x_px"], raw.read("gaze")["x_px"] + 1000, atol=1e-6)
        for name in ("t_ns", "yaw_deg"):
            assert (derived.read("landmarks")[name] == raw.read("landmarks")[name]).all()
        assert derived.info() == raw.info() and list(derived.events()) == list(raw.events())
        t_ns = int(raw.read("gaze")["t_ns"][140])
        part = derived.read("gaze", t_ns, t_ns + 10**9)
        assert part["t_ns"].min() == t_ns and 25 <= len(part) <= 31
        shown = Timeline(derived).state_at(t_ns).gaze
        assert shown is not None and shown.x_px > 900  # a replay that is handed it shows it


def test_that_a_stream_is_found_by_its_whole_name_too_and_else_missing(study: Path) -> None:
    compose_gaze.rederive(study, "live", "S1", quiet)
    with StudyFolder.open(study) as opened:
        (info,) = opened.derived_streams("S1")
        assert opened.derived_source("S1", info.name).derived == info
        with pytest.raises(DataError) as missing:
            opened.derived_source("S1", "iris")
        assert missing.value.code == "derived_missing"
        assert opened.derived_streams("S2") == []


def test_that_verify_reads_derived_files(study: Path) -> None:
    compose_gaze.rederive(study, "live", "S1", quiet)
    report = compose.verify_study(study)
    (entry,) = report["derived"]
    assert report["ok"] and entry["deriver"] == "live" and entry["problems"] == []
    assert entry["rows"]["gaze"] > 100


@pytest.mark.parametrize("harm", ["cut", "empty", "text", "newer", "stray", "stale"])
def test_that_verify_says_what_is_wrong_with_a_derived_file(study: Path, harm: str) -> None:
    compose_gaze.rederive(study, "live", "S1", quiet)
    path = next((study / "derived" / "S1").glob("*.sqlite"))
    data = path.read_bytes()
    if harm == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif harm == "empty":
        path.write_bytes(b"")
    elif harm == "text":
        path.write_bytes(b"not a database, whatever its name says" * 100)
    elif harm == "stray":
        shutil.move(path.parent, path.parent.with_name("S9"))
    else:
        connection = sqlite3.connect(path)
        if harm == "newer":
            connection.execute(f"PRAGMA user_version = {DERIVED_VERSION + 1}")
        else:
            connection.execute("""UPDATE header SET value = '{"S1-1.sqlite": "0"}' WHERE key = 'segments'""")
        connection.commit()
        connection.close()
    report = compose.verify_study(study)
    (entry,) = report["derived"]
    assert not report["ok"] and len(entry["problems"]) == 1
    assert ": " in entry["problems"][0] and entry["problems"][0].endswith(".")
    if harm in ("cut", "empty", "text", "newer", "stale"):  # and a new one mends it
        compose_gaze.rederive(study, "live", "S1", quiet)
        assert compose.verify_study(study)["ok"]


def test_that_a_failed_write_leaves_the_file_of_before(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compose_gaze.rederive(study, "live", "S1", quiet)
    path = next((study / "derived" / "S1").glob("*.sqlite"))
    before = sha256(path)

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ifllm_desktop.store.derived._fill", full)
    with pytest.raises(WorldError) as failed:
        compose_gaze.rederive(study, "live", "S1", quiet)
    assert failed.value.code == "disk_full"
    assert sha256(path) == before and [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs permissions that hold")
def test_that_a_folder_that_cannot_be_written_to_is_said(study: Path) -> None:
    folder = study / "derived"
    folder.mkdir(exist_ok=True)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(WorldError) as failed:
            compose_gaze.rederive(study, "live", "S1", quiet)
        assert failed.value.code == "folder_read_only"
    finally:
        folder.chmod(stat.S_IRWXU)


def test_that_what_was_derived_goes_with_its_session(study: Path) -> None:
    compose_gaze.rederive(study, "live", "S1", quiet)
    compose_gaze.rederive(study, "iris", "S1", quiet)
    with StudyFolder.open(study) as opened:
        assert remove_derived(opened.derived, "S1") == 2
        assert opened.derived_streams("S1") == [] and not (opened.derived / "S1").exists()
        assert remove_derived(opened.derived, "S1") == 0
    assert compose.verify_study(study)["ok"]


@pytest.mark.parametrize(("harm", "code"), [("cut", "recording_damaged"), ("gone", "path_unusable")])
def test_that_a_damaged_recording_does_not_stop_the_others(study: Path, harm: str, code: str) -> None:
    path = study / "recordings" / "S2-1.sqlite"
    data = path.read_bytes()
    path.chmod(0o644)
    path.unlink()
    if harm == "cut":
        path.write_bytes(data[: len(data) // 3])
    report = compose_gaze.rederive(study, "live", None, quiet)
    assert [entry["session_id"] for entry in report["sessions"]] == ["S1"]
    assert [entry["code"] for entry in report["left_out"]] == [code]


def test_that_exports_are_those_of_the_recording(study: Path) -> None:
    with StudyFolder.open(study) as opened:
        before = [source.read("gaze").tolist() for source in compose.sources(opened)]
    compose_gaze.rederive(study, "iris", "S1", quiet)
    with StudyFolder.open(study) as opened:
        assert [source.read("gaze").tolist() for source in compose.sources(opened)] == before


def test_that_no_session_at_all_is_an_error(tmp_path: Path) -> None:
    folder = study_with(tmp_path / "study", [small_session("S2"), small_session("S3")])
    said: list[str] = []
    with pytest.raises(DataError) as failed:
        compose_gaze.rederive(folder, "live", None, said.append)
    assert failed.value.code == "derive_nothing" and sum("no calibration" in line for line in said) == 2
    with pytest.raises(DataError) as alone:
        compose_gaze.rederive(folder, "live", "S2", quiet)
    assert alone.value.code == "derive_no_calibration"
