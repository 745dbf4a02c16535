"""What is put comes back: any rows of any stream, any order of puts, flushes and reopenings."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ifllm_desktop.domain.samples import STREAMS, Row, records
from ifllm_desktop.domain.session import SegmentInfo, SessionInfo
from ifllm_desktop.store.reader import StoredRecording, open_recording
from ifllm_desktop.store.recovery import recover
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.store.writer import SegmentWriter

HEADER = {"participant_id": "p1", "study_id": "demo", "devices": "simulated"}
WALL_NS = 1_700_000_000_000_000_000
INT64 = st.integers(-(2**63), 2**63 - 1)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "i": INT64,
    "f": st.floats(),
    "s": st.text(max_size=8),
    "b": st.binary(max_size=8),
}
MISSING = {"i": -1, "f": math.nan, "s": "", "b": b""}


def rows_of(stream: str, t_ns: st.SearchStrategy[int]) -> st.SearchStrategy[Row]:
    columns = STREAMS[stream].columns[1:]
    return st.tuples(t_ns, *(st.none() | VALUES[kind] for _, kind in columns))


any_row = st.sampled_from(sorted(STREAMS)).flatmap(
    lambda stream: st.tuples(st.just(stream), rows_of(stream, st.integers(0, 2**62)))
)


def expected(stream: str, rows: list[Row]) -> np.ndarray[Any, np.dtype[np.void]]:
    """The rows as the reader's docstring promises them: sorted by time, stable, missing values filled."""
    kinds = [kind for _, kind in STREAMS[stream].columns]
    filled = [
        tuple(MISSING[kind] if value is None else value for kind, value in zip(kinds, row, strict=True))
        for row in sorted(rows, key=lambda row: row[0])
    ]
    return records(stream, filled)


def assert_same(stream: str, found: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> None:
    assert found.dtype == wanted.dtype
    assert len(found) == len(wanted)
    for name, kind in STREAMS[stream].columns:
        if kind == "f":
            # bit for bit but for NaN, of which there is only one kind in a file
            np.testing.assert_array_equal(found[name], wanted[name])
        else:
            assert found[name].tolist() == wanted[name].tolist()


def source_of(folder: Path, segment: SegmentInfo) -> StoredRecording:
    return open_recording(folder, SessionInfo("s1", "p1", "demo", 1, 0, "simulated", "open", (segment,)))


@given(rows=st.lists(any_row, max_size=30), sealed=st.booleans())
@settings(max_examples=40)
def test_that_any_rows_of_any_stream_come_back(rows: list[tuple[str, Row]], sealed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        header = {**HEADER, "session_id": "s1", "segment": 1}
        writer = SegmentWriter(Path(folder) / "s1-1.sqlite", header, interval_ms=1)
        put = defaultdict(list)
        for stream, row in rows:
            writer.put(stream, row)
            put[stream].append(row)
        assert writer.flush(20)
        info = writer.close(cleanly=True) if sealed else writer.info()
        source = source_of(Path(folder), info)
        try:
            for stream in STREAMS:
                assert_same(stream, source.read(stream), expected(stream, put[stream]))
        finally:
            if not sealed:
                writer.close(cleanly=False)


@given(
    times=st.lists(st.integers(0, 20), max_size=30),
    t0=st.none() | st.integers(-3, 23),
    t1=st.none() | st.integers(-3, 23),
    offset_ns=st.integers(0, 10),
    sealed=st.booleans(),
)
@settings(max_examples=40)
def test_that_a_window_is_half_open_sorted_and_stable(
    times: list[int], t0: int | None, t1: int | None, offset_ns: int, sealed: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        header = {**HEADER, "session_id": "s1", "segment": 1}
        writer = SegmentWriter(Path(folder) / "s1-1.sqlite", header, offset_ns, interval_ms=1)
        for order, t_ns in enumerate(times):
            writer.put("anchor", (t_ns, order))
        writer.flush(20)
        info = writer.close(cleanly=sealed)
        found = source_of(Path(folder), info).read("anchor", t0, t1).tolist()
        shifted = [(t_ns + offset_ns, order) for order, t_ns in enumerate(times)]
        low, high = -1 if t0 is None else t0, 1000 if t1 is None else t1
        assert found == sorted((t, order) for t, order in shifted if low <= t < high)


class Recording(RuleBasedStateMachine):
    """A session that is recorded, left behind, recovered and gone on with, against a plain list of rows."""

    def __init__(self) -> None:
        super().__init__()
        root = Path(tempfile.mkdtemp())
        self.root = root
        (root / "template").mkdir()
        (root / "template" / "study.yaml").write_text("id: demo\n")
        self.study = StudyFolder.create(root / "study", root / "template")
        self.study.catalogue().add_participant("p1", "simulated", WALL_NS)
        self.study.catalogue().add_session(SessionInfo("s1", "p1", "demo", 1, WALL_NS, "simulated", "open"))
        self.writer: SegmentWriter | None = None
        self.number = 0
        self.now_ns = 0
        self.tickets = 0
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.left: set[int] = set()

    @rule(pause_ns=st.integers(0, 10**9))
    @precondition(lambda self: self.writer is None and self.number < 4)
    def start(self, pause_ns: int) -> None:
        self.number += 1
        self.now_ns += pause_ns + 1
        self.writer = self.study.new_segment(
            "s1", self.number, HEADER, WALL_NS + self.now_ns, interval_ms=1, max_batch=7
        )
        self.study.catalogue().put_segment(self.writer.info())
        self.tickets = 0
        self.put("anchor", (0, WALL_NS + self.now_ns))

    def put(self, stream: str, row: Row) -> None:
        assert self.writer is not None
        self.tickets += 1
        assert self.writer.put(stream, row) == self.tickets
        self.rows[stream].append((row[0] + self.writer.info().offset_ns, *row[1:]))

    @rule(row=rows_of("reveal", st.just(0)), step_ns=st.integers(0, 1000))
    @precondition(lambda self: self.writer is not None)
    def record(self, row: Row, step_ns: int) -> None:
        assert self.writer is not None
        self.now_ns += step_ns
        origin_ns = self.rows["anchor"][0][1] - WALL_NS
        self.put("reveal", (self.now_ns - origin_ns - self.writer.info().offset_ns, *row[1:]))

    @rule()
    @precondition(lambda self: self.writer is not None)
    def read_while_recording(self) -> None:
        assert self.writer is not None
        assert self.writer.flush(20)
        assert self.writer.committed() == self.tickets
        self.read_everything()

    @rule()
    @precondition(lambda self: self.writer is not None)
    def recovery_leaves_a_live_recording_alone(self) -> None:
        assert self.writer is not None
        files = {report.file for report in recover(self.study)}
        assert self.writer.path.name not in files
        assert self.study.catalogue().session("s1").state == "open"

    @rule(cleanly=st.booleans())
    @precondition(lambda self: self.writer is not None)
    def close(self, cleanly: bool) -> None:
        assert self.writer is not None
        info = self.writer.close(cleanly=cleanly)
        assert info.closed_cleanly is cleanly
        self.study.catalogue().put_segment(info)
        self.writer = None
        if not cleanly:
            self.left.add(info.number)

    @rule()
    @precondition(lambda self: self.writer is None)
    def recover_what_was_left(self) -> None:
        reports = recover(self.study)
        assert len(reports) == len(self.left)
        assert all(report.recovered and not report.problems for report in reports)
        self.left.clear()
        self.study.catalogue().set_session_state("s1", "open")

    @rule()
    @precondition(lambda self: self.writer is None and self.number > 0)
    def reopen_the_study(self) -> None:
        self.study.close()
        self.study = StudyFolder.open(self.study.path)
        self.read_everything()

    def read_everything(self) -> None:
        source = self.study.source("s1")
        for stream in ("anchor", "reveal"):
            assert_same(stream, source.read(stream), expected(stream, self.rows[stream]))
        for t_ns, wall_ns in self.rows["anchor"]:
            assert source.wall_ns(t_ns) == wall_ns

    @invariant()
    def nothing_is_promised_that_was_not_put(self) -> None:
        if self.writer is not None:
            assert self.writer.committed() <= self.tickets
            assert self.writer.fault() is None

    def teardown(self) -> None:
        if self.writer is not None:
            self.writer.close(cleanly=False)
        self.study.close()
        shutil.rmtree(self.root)


TestRecording = Recording.TestCase
TestRecording.settings = settings(max_examples=12, stateful_step_count=20)
