"""Slot, recorder and pipeline of the live half, without camera, thread or disk."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from ifllm_desktop.adapters.clock import SimulatedClock
from ifllm_desktop.adapters.simulated_person import SimulatedPerson
from ifllm_desktop.capture.pipeline import Pipeline
from ifllm_desktop.capture.queues import LatestSlot
from ifllm_desktop.capture.recorder import ANCHOR_EVERY_NS, Recorder, RecorderState
from ifllm_desktop.domain.errors import BugError, WorldError
from ifllm_desktop.domain.samples import EYE_FEATURES, STREAMS, Row
from ifllm_desktop.domain.session import Event, SegmentInfo
from ifllm_desktop.gaze.calibration import GazeModel
from ifllm_desktop.ports import FaceLandmarks, Frame


class MemorySink:
    """A SampleSink that keeps rows; ``committed_up_to`` is moved by the test."""

    def __init__(self, capacity: int = 10_000) -> None:
        self.rows: list[tuple[str, Row]] = []
        self.capacity = capacity
        self.committed_up_to = 0
        self.closed: bool | None = None

    def put(self, stream: str, row: Row) -> int:
        if len(self.rows) >= self.capacity:
            raise WorldError("recording_queue_full")
        self.rows.append((stream, row))
        return len(self.rows)

    def committed(self) -> int:
        return self.committed_up_to

    def committed_t_ns(self) -> int:
        return max((row[0] for _, row in self.rows[: self.committed_up_to]), default=-1)

    def flush(self, timeout_s: float) -> bool:
        self.committed_up_to = len(self.rows)
        return True

    def fault(self) -> Exception | None:
        return None

    def close(self, *, cleanly: bool) -> SegmentInfo:
        self.closed = cleanly
        return SegmentInfo("s-1", "s", 1, "s-1.sqlite", closed_cleanly=cleanly)

    def of(self, stream: str) -> list[Row]:
        return [row for name, row in self.rows if name == stream]


def frame(index: int) -> Frame:
    return Frame(index * 33_000_000, index, None, (1280, 720))


def recording() -> tuple[Recorder, MemorySink, SimulatedClock]:
    clock, sink = SimulatedClock(), MemorySink()
    clock.advance_to(5_000)
    recorder = Recorder(sink, clock)
    recorder.start()
    return recorder, sink, clock


# ---- the slot


def test_that_a_newer_frame_replaces_an_older_one_and_the_loss_is_counted() -> None:
    slot = LatestSlot()
    for index in range(3):
        slot.put(frame(index))
    newest, replaced = slot.take(0.1)
    assert newest is not None
    assert newest.index == 2
    assert [old.index for old in replaced] == [0, 1]
    assert slot.take(0.0) == (None, [])


def test_that_frames_of_a_file_wait_for_the_reader() -> None:
    slot, seen = LatestSlot(lossless=True), []

    def write() -> None:
        for index in range(20):
            slot.put(frame(index))
        slot.close()

    writer = threading.Thread(target=write)
    writer.start()
    while not slot.drained:
        taken, replaced = slot.take(1.0)
        assert replaced == []
        if taken is not None:
            seen.append(taken.index)
    writer.join()
    assert seen == list(range(20))


def test_that_closing_the_slot_frees_a_writer_that_waits() -> None:
    slot = LatestSlot(lossless=True)
    slot.put(frame(0))
    writer = threading.Thread(target=slot.put, args=(frame(1),))
    writer.start()
    slot.close()
    writer.join(2.0)
    assert not writer.is_alive()


# ---- the recorder


def test_that_session_time_begins_with_the_recording_and_is_anchored() -> None:
    recorder, sink, clock = recording()
    clock.advance_to(5_000 + ANCHOR_EVERY_NS + 7)
    recorder.tick()
    recorder.stop()
    times = [row[0] for row in sink.of("anchor")]
    assert times == [0, ANCHOR_EVERY_NS + 7, ANCHOR_EVERY_NS + 7]
    assert sink.closed is True


def test_that_a_pause_keeps_decisions_and_drops_samples() -> None:
    recorder, sink, _ = recording()
    recorder.pause()
    assert recorder.record("pointer", (1, "move", 1.0, 1.0, "", "")) == 0
    assert recorder.record("event", Event(2, "pause", {}).to_row()) > 0
    recorder.resume()
    assert recorder.record("pointer", (3, "move", 1.0, 1.0, "", "")) > 0
    assert len(sink.of("pointer")) == 1
    assert recorder.n_rows["pointer"] == 1


def test_that_a_decision_is_called_saved_only_when_it_is_on_disk() -> None:
    recorder, sink, _ = recording()
    sink.flush(1.0)
    recorder.record("event", Event(2, "marker", {"text": "x"}).to_row())
    assert not recorder.control_saved()
    recorder.record("pointer", (3, "move", 1.0, 1.0, "", ""))
    sink.committed_up_to = len(sink.rows) - 1
    assert recorder.control_saved()


def test_that_a_full_queue_faults_the_recorder_visibly_and_it_cannot_end_cleanly() -> None:
    clock, sink = SimulatedClock(), MemorySink(capacity=2)
    recorder = Recorder(sink, clock)
    recorder.start()
    assert recorder.record("state", (1, "t", "reading")) > 0
    assert recorder.record("state", (2, "t", "idle")) == 0
    assert recorder.state is RecorderState.FAULTED
    assert isinstance(recorder.fault(), WorldError)
    assert not recorder.stop().closed_cleanly


def test_that_a_recorder_starts_and_stops_once() -> None:
    recorder, _, _ = recording()
    with pytest.raises(BugError):
        recorder.start()
    recorder.stop()
    with pytest.raises(BugError):
        recorder.stop()


# ---- the pipeline


class PersonLandmarker:
    """Landmarks of a simulated person; None for the frames that are named."""

    def __init__(self, lost: frozenset[int] = frozenset()) -> None:
        self._person = SimulatedPerson(3)
        self._lost = lost

    def detect(self, frame: Frame) -> FaceLandmarks | None:
        return None if frame.index in self._lost else self._person.landmarks_at(frame.t_ns, frame.size_px)

    def close(self) -> None:
        pass


def pipeline_of(sink: MemorySink, lost: frozenset[int] = frozenset()) -> Pipeline:
    return Pipeline(PersonLandmarker(lost), sink.put, lambda t_ns: t_ns)


def test_that_every_frame_ends_as_one_landmark_row_or_one_gap_row() -> None:
    sink = MemorySink()
    pipeline = pipeline_of(sink, frozenset({3, 4, 9}))
    for index in range(30):
        pipeline.process(frame(index))
    rows = sink.of("landmarks") + sink.of("gap")
    assert sorted(row[1] for row in rows) == list(range(30))
    assert {3, 4, 9} <= {row[1] for row in sink.of("gap")}
    assert pipeline.n_frames == 30 == pipeline.n_landmark_rows + pipeline.n_gap_rows
    assert all(len(row) == len(STREAMS["landmarks"].columns) for row in sink.of("landmarks"))


def test_that_replaced_and_lost_frames_are_gaps_with_their_reason() -> None:
    sink = MemorySink()
    pipeline = pipeline_of(sink)
    pipeline.dropped(frame(7))
    pipeline.lost(9, -1, 3, "camera_lost")
    assert [row[1:] for row in sink.of("gap")] == [(7, 1, "dropped"), (-1, 3, "camera_lost")]
    assert pipeline.n_frames == pipeline.n_gap_rows


def test_that_nothing_is_looked_at_while_paused() -> None:
    sink = MemorySink()
    pipeline = pipeline_of(sink)
    pipeline.set_paused(True)
    observation = pipeline.process(frame(0))
    pipeline.dropped(frame(1))
    assert observation.features is None
    assert observation.frame is None
    assert sink.rows == []
    assert pipeline.n_frames == 0


def test_that_gaze_rows_name_their_calibration_and_come_only_with_one() -> None:
    sink = MemorySink()
    pipeline = pipeline_of(sink)
    pipeline.process(frame(0))
    assert sink.of("gaze") == []
    rng = np.random.default_rng(0)
    features, index = rng.normal(size=(90, len(EYE_FEATURES))), np.repeat(np.arange(9), 10)
    grid = np.array([(x, y) for y in (90.0, 450.0, 810.0) for x in (140.0, 720.0, 1300.0)])
    pipeline.set_model(GazeModel().fit(features, grid[index], index), "c-1")
    observation = pipeline.process(frame(1))
    (row,) = sink.of("gaze")
    assert row[-1] == "c-1"
    assert row[2:4] == observation.gaze_px
    assert row[4] > 0
    assert row[5] > 0
