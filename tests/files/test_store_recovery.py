"""What a killed program leaves is picked up, and damage is said in words with what can be read."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.session import Event, SessionInfo
from ifllm_desktop.store import connect
from ifllm_desktop.store.file_lock import FileLock
from ifllm_desktop.store.recovery import recover, verify
from ifllm_desktop.store.segment_check import check_segment
from ifllm_desktop.store.segment_file import file_sha256
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.store.writer import SegmentWriter

WALL_NS = 1_700_000_000_000_000_000
S = 1_000_000_000
HEADER = {"participant_id": "p1", "study_id": "demo", "devices": "simulated", "session_number": 3}


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    template = tmp_path / "template"
    template.mkdir()
    (template / "study.yaml").write_text("id: demo\n")
    return StudyFolder.create(tmp_path / "study", template)


def record(study: StudyFolder, session_id: str = "s1", *, cleanly: bool = True, known: bool = True) -> Path:
    """A recording of ten seconds."""
    writer = study.new_segment(session_id, 1, HEADER, WALL_NS)
    for i in range(100):
        writer.put("pointer", (i * S // 10, "move", i / 2, 5.0, "", "chat"))
    writer.put("anchor", (0, WALL_NS))
    writer.put("event", (10 * S, "marker", '{"text":"ü"}'))
    assert writer.flush(20)
    if known:
        enter(study, session_id)
        study.catalogue().put_segment(writer.info())
    info = writer.close(cleanly=cleanly)
    if known:
        study.catalogue().put_segment(info)
        study.catalogue().set_session_state(session_id, "finished" if cleanly else "open")
    return writer.path


def enter(study: StudyFolder, session_id: str) -> None:
    study.catalogue().add_participant("p1", "simulated", WALL_NS)
    study.catalogue().add_session(SessionInfo(session_id, "p1", "demo", 1, WALL_NS, "simulated", "open"))


def writable(path: Path) -> Path:
    path.chmod(0o644)
    return path


def test_that_a_sound_study_is_ok_and_has_the_promised_keys(study: StudyFolder) -> None:
    record(study)
    report = verify(study)
    assert report["ok"] is True
    (recording,) = report["recordings"]
    assert recording["id"] == "s1"
    assert recording["closed_cleanly"] is True
    assert recording["recovered"] is False
    assert recording["duration_s"] == 10.0
    assert recording["rows"]["pointer"] == 100
    assert recording["rows"]["event"] == 1
    assert recording["rows"]["gaze"] == 0
    assert recording["problems"] == []


@pytest.mark.parametrize("known", [True, False])
def test_that_a_recording_that_was_not_closed_is_recovered_once(study: StudyFolder, known: bool) -> None:
    path = record(study, cleanly=False, known=known)
    (report,) = recover(study)
    assert (report.session_id, report.recovered, report.adopted) == ("s1", True, not known)
    assert report.duration_s == 10.0
    (info,) = study.catalogue().sessions()
    (segment,) = info.segments
    assert info.state == "stopped"
    assert info.participant_id == "p1"
    assert (segment.closed_cleanly, segment.recovered) == (False, True)
    assert segment.sha256 == file_sha256(path)
    assert [p.name for p in study.recordings.iterdir()] == ["s1-1.sqlite"], "one sealed file is left"
    assert "closed_cleanly" not in check_segment(path).header, "recovery is noted in the catalogue alone"
    assert recover(study) == []
    report2 = verify(study)
    assert report2["ok"] is True
    assert report2["recordings"][0]["recovered"] is True
    assert len(study.source("s1").read("pointer")) == 100


def test_that_a_file_closed_cleanly_but_not_entered_is_not_called_recovered(study: StudyFolder) -> None:
    path = record(study, known=False)
    (report,) = recover(study)
    assert (report.recovered, report.adopted) == (False, True)
    (info,) = study.catalogue().sessions()
    assert info.number == 3
    assert info.segments[0].closed_cleanly
    assert info.segments[0].sha256 == file_sha256(path)


@pytest.mark.parametrize("known", [True, False])
def test_that_a_file_that_was_cut_off_while_being_sealed_is_recovered(
    study: StudyFolder, tmp_path: Path, known: bool
) -> None:
    path = record(study, cleanly=False, known=known)
    connection = connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA cache_size = 1")  # so that pages of the open transaction reach the file
    connection.execute("BEGIN")
    connection.execute("UPDATE pointer SET target = hex(randomblob(2000))")
    journal = path.with_name(f"{path.name}-journal")
    kept = {file: file.read_bytes() for file in (path, journal)}
    connection.execute("ROLLBACK")
    connection.close()
    for file, content in kept.items():
        file.write_bytes(content)
    report = verify(study)
    assert report["ok"], report
    assert report["recordings"][0]["recovered"]
    assert set(study.source("s1").read("pointer")["target"]) == {"chat"}
    assert not journal.exists()


def test_that_a_study_whose_catalogue_is_gone_is_read_back_from_its_recordings(study: StudyFolder) -> None:
    record(study, "s1")
    record(study, "s2")
    study.close()
    (study.path / "study.sqlite").unlink()
    report = verify(study)
    assert report["ok"] is True
    assert [recording["id"] for recording in report["recordings"]] == ["s1", "s2"]
    assert study.catalogue().participants() == ["p1"]


def test_that_a_recording_in_progress_is_left_alone(study: StudyFolder) -> None:
    writer = study.new_segment("s1", 1, HEADER, WALL_NS)
    enter(study, "s1")
    writer.put("anchor", (0, WALL_NS))
    assert writer.flush(20)
    assert recover(study) == []
    report = verify(study)
    assert report["ok"] is True
    assert report["recordings"][0]["live"] is True
    study.catalogue().put_segment(writer.info())
    assert recover(study) == []
    assert verify(study)["ok"] is True
    assert study.catalogue().sessions()[0].state == "open"
    writer.put("anchor", (1, WALL_NS))
    assert writer.close(cleanly=True).closed_cleanly


def test_that_a_file_whose_header_was_never_written_goes_away_unless_it_is_being_made(
    study: StudyFolder,
) -> None:
    unfinished = study.recordings / "s1-1.sqlite.new"
    unfinished.write_bytes(b"")
    lock = FileLock(study.lock_path("s1"))
    recover(study)
    assert unfinished.exists()
    lock.release()
    assert verify(study)["ok"] is True
    assert list(study.recordings.iterdir()) == []


def test_that_a_session_without_any_file_is_stopped(study: StudyFolder) -> None:
    enter(study, "s1")
    recover(study)
    assert study.catalogue().sessions()[0].state == "stopped"


def test_that_a_copy_of_a_recording_beside_it_is_said_and_changes_nothing(study: StudyFolder) -> None:
    path = record(study)
    shutil.copy(path, path.with_name("copy of s1-1.sqlite"))
    report = verify(study)
    assert report["ok"] is False
    assert "same segment as s1-1.sqlite" in report["recordings"][1]["problems"][0]
    assert study.catalogue().sessions()[0].segments[0].file == "s1-1.sqlite"


def test_that_a_change_after_closing_is_found_by_its_checksum(study: StudyFolder) -> None:
    path = writable(record(study))
    connection = connect(path)
    connection.execute("UPDATE pointer SET x_px = 1 WHERE rowid = 50")
    connection.close()
    (recording,) = verify(study)["recordings"]
    assert ["checksum" in problem for problem in recording["problems"]] == [True]
    assert recording["rows"]["pointer"] == 100


def test_that_a_missing_file_is_said(study: StudyFolder) -> None:
    record(study).unlink()
    report = verify(study)
    assert report["ok"] is False
    assert "missing" in report["recordings"][0]["problems"][0]


def test_that_a_newer_recording_is_refused_and_left_unchanged(study: StudyFolder) -> None:
    path = writable(record(study, cleanly=False))
    connection = connect(path)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    before = file_sha256(path)
    report = verify(study)
    assert report["ok"] is False
    (problem,) = report["recordings"][0]["problems"]
    assert "newer version (7)" in problem
    assert file_sha256(path) == before
    with pytest.raises(DataError, match="recording_newer"):
        study.source("s1")


def test_that_time_that_runs_back_is_said(study: StudyFolder) -> None:
    writer = study.new_segment("s1", 1, HEADER, WALL_NS)
    for t_ns in (0, 9 * S, 2 * S):
        writer.put("anchor", (t_ns, WALL_NS))
        writer.put("target_frame", (t_ns, "a", "calibration", 0, 1.0, 1.0, 0))  # stored target by target
    writer.close(cleanly=False)
    (problem,) = verify(study)["recordings"][0]["problems"]
    assert "back by 7.0 s in anchor" in problem
    assert not study.catalogue().sessions()[0].segments[0].recovered, "what is in doubt is left as it is"


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("content", [b"", b"x", b"no database " * 1000])
def test_that_a_file_that_is_no_database_is_a_problem_text(
    study: StudyFolder, sealed: bool, content: bytes
) -> None:
    path = writable(record(study, cleanly=sealed))
    path.write_bytes(content)
    report = verify(study)
    assert report["ok"] is False
    assert report["recordings"][0]["problems"]
    assert path.read_bytes() == content
    with pytest.raises(DataError, match="recording_damaged"):
        study.source("s1")


def test_that_a_damaged_catalogue_is_a_problem_text_and_recordings_are_still_checked(
    study: StudyFolder,
) -> None:
    record(study)
    study.close()
    (study.path / "study.sqlite").write_bytes(b"no database " * 1000)
    report = verify(study)
    assert report["ok"] is False
    assert "study.sqlite is damaged" in report["problems"][0]
    assert report["recordings"][0]["rows"]["pointer"] == 100


def test_that_a_damaged_catalogue_does_not_ask_to_delete_what_was_derived(study: StudyFolder) -> None:
    record(study)
    study.close()
    (study.derived / "s1").mkdir(parents=True)
    with sqlite3.connect(study.derived / "s1" / "gaze-0000.sqlite") as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    assert verify(study)["derived"]  # read, and found wanting
    study.close()
    (study.path / "study.sqlite").write_bytes(b"no database " * 1000)
    assert "delete" not in str(verify(study))


def test_that_a_schema_of_broken_text_is_a_problem_text(study: StudyFolder) -> None:
    path = writable(record(study))
    content = path.read_bytes()
    assert b'CREATE TABLE "pointer"' in content
    path.write_bytes(content.replace(b'CREATE TABLE "pointer"', b'CREATE TABLE \xe3pointer"'))
    (recording,) = verify(study)["recordings"]
    assert any("is damaged" in problem for problem in recording["problems"])


@pytest.mark.parametrize("seed", range(60))
def test_that_no_damage_makes_a_traceback(study: StudyFolder, seed: int) -> None:
    rng = random.Random(seed)
    sealed, known = rng.random() < 0.5, rng.random() < 0.5
    path = writable(record(study, cleanly=sealed, known=known))
    before = path.read_bytes()
    damaged = damage(before, rng)
    path.write_bytes(damaged)
    report = verify(study)
    for recording in report["recordings"]:
        assert all(len(problem) > 10 for problem in recording["problems"])
        assert recording["rows"]["pointer"] >= 0
    if sealed and known and damaged != before:
        assert report["ok"] is False, "a sealed file has a checksum"
    for info in study.catalogue().sessions():
        try:
            source = study.source(info.session_id)
            for stream in ("pointer", "anchor", "event"):
                source.read(stream)
            source.events()
            source.wall_ns(0)
        except DataError as error:
            assert error.code in ("recording_damaged", "recording_newer")  # noqa: PT017
    study.close()


def damage(content: bytes, rng: random.Random) -> bytes:
    """Cut off, overwritten in pieces, with single bits flipped, or with pages swapped."""
    kind = rng.choice(["cut", "bits", "zeros", "noise", "swap"])
    if kind == "cut":
        return content[: rng.randrange(len(content))]
    changed = bytearray(content)
    if kind == "bits":
        for _ in range(rng.choice([1, 10, 300])):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    elif kind == "swap":
        a, b = (rng.randrange(len(changed) // 4096) * 4096 for _ in range(2))
        changed[a : a + 4096], changed[b : b + 4096] = changed[b : b + 4096], changed[a : a + 4096]
    else:
        start = rng.randrange(len(changed))
        length = min(rng.choice([10, 4096, 20_000]), len(changed) - start)
        changed[start : start + length] = bytes(length) if kind == "zeros" else rng.randbytes(length)
    return bytes(changed)


def test_that_a_lock_left_by_a_dead_process_is_no_lock(study: StudyFolder) -> None:
    study.lock_path("s1").write_text("")
    assert not study.is_recording("s1")
    writer = study.new_segment("s1", 1, HEADER, WALL_NS)
    assert isinstance(writer, SegmentWriter)
    writer.close(cleanly=True)
    assert [p.name for p in study.recordings.iterdir()] == ["s1-1.sqlite"]


def test_that_the_consent_of_a_session_that_was_cut_off_is_entered_by_recovery(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "study.yaml").write_text("schema_version: 1\n", encoding="utf-8")
    study = StudyFolder.create(tmp_path / "study", tmp_path / "source")
    header = {"participant_id": "P001", "study_id": "demo", "devices": "simulated", "session_number": 1}
    writer = study.new_segment("s-1", 1, header, 1_000)
    scopes = {"gaze": False, "pointer": True, "eye_patches": False, "sharing": True}
    writer.put("anchor", (0, 1_000))
    writer.put("event", Event(5, "consent", {"scopes": scopes, "declined": False}).to_row())
    assert writer.flush(5.0)
    writer.close(cleanly=False)
    assert study.catalogue().consents() == {}
    recover(study)
    assert study.catalogue().consents() == {"P001": scopes}
    study.close()
