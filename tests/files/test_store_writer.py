"""Rows reach the disk in order and at once; a failing disk is visible and loses nothing that was taken."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ifllm_desktop.domain.errors import BugError, DataError, WorldError
from ifllm_desktop.domain.samples import STREAMS
from ifllm_desktop.domain.session import SessionInfo
from ifllm_desktop.store import connect
from ifllm_desktop.store.reader import StoredRecording, open_recording
from ifllm_desktop.store.segment_file import file_sha256
from ifllm_desktop.store.writer import SegmentWriter

HEADER = {"session_id": "s1", "segment": 1, "participant_id": "p1", "wall_ns": 1_700_000_000_000_000_000}
WAIT_S = 20.0


def source_of(writer: SegmentWriter) -> StoredRecording:
    info = SessionInfo("s1", "p1", "study", 1, 0, "simulated", "open", (writer.info(),))
    return open_recording(writer.path.parent, info)


class Disk:
    """Opens real files; can be told to be full (a real SQLITE_FULL) or slow."""

    def __init__(self) -> None:
        self.connections: list[sqlite3.Connection] = []
        self.may_begin = threading.Event()
        self.may_begin.set()

    def __call__(
        self, path: Path | str, key: str | None = None, *, read_only: bool = False
    ) -> sqlite3.Connection:
        connection = connect(path, key, read_only=read_only)
        self.connections.append(connection)
        return connection

    def fill(self) -> None:
        pages = self.connections[-1].execute("PRAGMA page_count").fetchone()[0]
        self.connections[-1].execute(f"PRAGMA max_page_count = {pages}")

    def free(self) -> None:
        self.connections[-1].execute("PRAGMA max_page_count = 1000000")

    def stall(self) -> None:
        self.may_begin.clear()
        self.connections[-1].set_trace_callback(lambda _: self.may_begin.wait(WAIT_S) and None)

    def go_on(self) -> None:
        self.may_begin.set()


def wait_for(condition: Callable[[], object]) -> None:
    tick = threading.Event()
    for _ in range(int(WAIT_S / 0.005)):
        if condition():
            return
        tick.wait(0.005)
    raise AssertionError("did not happen")


def pointer(t_ns: int, text: str = "") -> tuple[Any, ...]:
    return (t_ns, "move", 1.0, 2.0, "", text)


def test_that_rows_of_an_open_file_can_be_read_as_soon_as_they_are_committed(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER)
    tickets = [writer.put("gaze", (t, t, 1.0, float("nan"), None, 2.0, "c")) for t in range(1000)]
    assert tickets == list(range(1, 1001))
    assert writer.flush(WAIT_S)
    assert writer.committed() == 1000
    assert writer.committed_t_ns() == 999
    gaze = source_of(writer).read("gaze")
    assert gaze["t_ns"].tolist() == list(range(1000))
    assert np.isnan(gaze["y_px"]).all() and np.isnan(gaze["sd_x_px"]).all()
    writer.close(cleanly=True)


def test_that_a_closed_segment_is_one_sealed_file(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER, interval_ms=5000)
    writer.put("anchor", (7, 8))
    info = writer.close(cleanly=True)
    assert [p.name for p in tmp_path.iterdir()] == ["s1-1.sqlite"]
    assert info.closed_cleanly
    assert writer.path.read_bytes()[18:20] == b"\x01\x01", "the file still says that it has a log beside it"
    assert info.sha256 == file_sha256(writer.path)
    assert not writer.path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    assert source_of(writer).read("anchor").tolist() == [(7, 8)]
    assert file_sha256(writer.path) == info.sha256, "reading changed the file"


def test_that_a_control_event_is_committed_without_waiting_for_the_interval(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER, interval_ms=3_600_000)
    sample = writer.put("anchor", (1, 1))
    vote = writer.put("event", (2, "marker", '{"text":""}'))
    assert sample < vote
    wait_for(lambda: writer.committed() >= vote)
    writer.close(cleanly=True)


def test_that_a_full_batch_is_committed_without_waiting_for_the_interval(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER, interval_ms=3_600_000, max_batch=10)
    for t in range(30):
        writer.put("anchor", (t, t))
    wait_for(lambda: writer.committed() == 30)
    writer.close(cleanly=True)


def test_that_rows_of_many_threads_all_arrive_each_in_its_own_order(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER)

    def put_many(who: int) -> None:
        for t in range(500):
            writer.put("pointer", pointer(t, str(who)))

    threads = [threading.Thread(target=put_many, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close(cleanly=True)
    with connect(writer.path, read_only=True) as connection:
        for who in range(4):
            rows = connection.execute("SELECT t_ns FROM pointer WHERE target = ? ORDER BY rowid", (str(who),))
            assert [row[0] for row in rows] == list(range(500))
    connection.close()


@pytest.mark.parametrize(
    ("stream", "row"),
    [
        ("anchor", (1,)),
        ("anchor", (1, 2, 3)),
        ("anchor", (None, 2)),
        ("anchor", (1.5, 2)),
        ("anchor", (2**63, 2)),
        ("anchor", ("x", 2)),
        ("state", (1, "turn", 3)),
        ("gaze", (1, 1, "x", 1.0, 1.0, 1.0, "c")),
        ("no_such_stream", (1,)),
    ],
)
def test_that_a_row_that_does_not_fit_is_refused_and_stops_nothing(
    tmp_path: Path, stream: str, row: tuple[Any, ...]
) -> None:
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER)
    writer.put("anchor", (1, 1))
    with pytest.raises(BugError, match="recording_row"):
        writer.put(stream, row)
    writer.put("anchor", (2, 2))
    assert writer.close(cleanly=True).closed_cleanly
    assert source_of(writer).read("anchor")["t_ns"].tolist() == [1, 2]


def test_that_numpy_scalars_and_lone_surrogates_can_be_stored(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER)
    writer.put("reveal", (np.int64(5), "a\ud800b", np.int32(2), np.uint8(3)))
    writer.put("scroll", (np.int64(5), "r", np.float32(0.5), np.float64(2)))
    writer.close(cleanly=True)
    assert source_of(writer).read("reveal").tolist() == [(5, "a\ufffdb", 2, 3)]
    assert source_of(writer).read("scroll").tolist() == [(5, "r", 0.5, 2.0)]


def test_that_a_full_disk_is_a_fault_and_keeps_what_was_committed(tmp_path: Path) -> None:
    disk = Disk()
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER, opener=disk, retry_s=3600)
    writer.put("anchor", (1, 1))
    assert writer.flush(WAIT_S)
    disk.fill()
    writer.put("pointer", pointer(2, "x" * 20_000))
    assert not writer.flush(WAIT_S)
    fault = writer.fault()
    assert isinstance(fault, WorldError) and fault.code == "disk_full"
    with pytest.raises(WorldError, match="disk_full"):
        writer.put("anchor", (3, 3))
    assert writer.committed() == 1
    info = writer.close(cleanly=False)
    assert not info.closed_cleanly and not info.sha256
    assert source_of(writer).read("anchor").tolist() == [(1, 1)]


def test_that_rows_taken_before_a_full_disk_are_written_when_there_is_space_again(tmp_path: Path) -> None:
    disk = Disk()
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER, opener=disk, retry_s=0.01)
    writer.put("anchor", (1, 1))
    assert writer.flush(WAIT_S)
    disk.fill()
    writer.put("pointer", pointer(2, "x" * 20_000))
    wait_for(writer.fault)
    disk.free()
    wait_for(lambda: writer.committed() == 2)
    assert writer.fault() is not None, "rows were refused meanwhile: the fault has to stay"
    assert not writer.close(cleanly=True).closed_cleanly
    assert source_of(writer).read("pointer")["target"].tolist() == ["x" * 20_000]


def test_that_closing_tries_once_more_to_write_what_was_taken(tmp_path: Path) -> None:
    disk = Disk()
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER, opener=disk, retry_s=3600, max_batch=2)
    writer.put("anchor", (1, 1))
    assert writer.flush(WAIT_S)
    disk.fill()
    disk.stall()
    for t_ns in range(2, 9):
        writer.put("pointer", pointer(t_ns, "x" * 20_000))
    disk.go_on()
    wait_for(writer.fault)
    disk.free()
    assert not writer.close(cleanly=True).closed_cleanly
    assert source_of(writer).read("pointer")["t_ns"].tolist() == list(range(2, 9))


def test_that_a_queue_that_is_full_says_so_and_keeps_what_it_took(tmp_path: Path) -> None:
    disk = Disk()
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER, opener=disk, queue_size=50, max_batch=10)
    disk.stall()
    taken = 0
    with contextlib.suppress(WorldError):
        while taken < 200:
            writer.put("anchor", (taken, taken))
            taken += 1
    assert 50 <= taken <= 70
    with pytest.raises(WorldError, match="recording_queue_full"):
        writer.put("anchor", (0, 0))
    disk.go_on()
    assert not writer.close(cleanly=True).closed_cleanly
    assert source_of(writer).read("anchor")["t_ns"].tolist() == list(range(taken))


def test_that_a_recording_is_never_written_over(tmp_path: Path) -> None:
    SegmentWriter(tmp_path / "s1-1.sqlite", HEADER).close(cleanly=True)
    before = file_sha256(tmp_path / "s1-1.sqlite")
    with pytest.raises(DataError, match="recording_exists"):
        SegmentWriter(tmp_path / "s1-1.sqlite", HEADER)
    assert file_sha256(tmp_path / "s1-1.sqlite") == before


def test_that_a_place_that_cannot_be_written_to_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorldError) as raised:
        SegmentWriter(tmp_path / "file" / "s1-1.sqlite", HEADER)
    assert raised.value.code in ("path_unusable", "folder_read_only")
    assert "file" in str(raised.value.params["path"])


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a file system that nobody can write to")
def test_that_a_read_only_folder_is_said_in_words() -> None:
    with pytest.raises(WorldError) as raised:
        SegmentWriter(Path("/proc/self/s1-1.sqlite"), HEADER)
    assert raised.value.code in ("path_unusable", "folder_read_only")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_that_a_folder_without_permission_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(WorldError, match="folder_read_only"):
            SegmentWriter(tmp_path / "s1-1.sqlite", HEADER)
    finally:
        tmp_path.chmod(0o700)


def test_that_a_key_is_refused_while_there_is_no_encryption(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="encryption_missing"):
        connect(tmp_path / "x.sqlite", key="secret")
    assert not (tmp_path / "x.sqlite").exists()


def test_that_a_read_only_connection_cannot_write(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER)
    connection = connect(writer.path, read_only=True)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM header")
    connection.close()
    writer.close(cleanly=True)


def test_that_every_stream_has_its_table_with_its_columns(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "s1-1.sqlite", HEADER)
    writer.close(cleanly=True)
    connection = connect(writer.path, read_only=True)
    for stream in STREAMS.values():
        stored = connection.execute(f'PRAGMA table_info("{stream.name}")').fetchall()
        assert tuple(row[1] for row in stored) == stream.names
    connection.close()
