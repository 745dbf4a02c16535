"""The recorder: what is stored when, and what is said of it."""

from __future__ import annotations

import threading

import pytest

from ifllm_desktop.adapters.clock import SimulatedClock
from ifllm_desktop.capture.recorder import Recorder, RecorderState
from ifllm_desktop.domain.errors import BugError, WorldError
from ifllm_desktop.domain.time import NS_PER_S
from tests.live_fakes import MemorySink

WALL_NS = 1_767_225_600 * NS_PER_S


class Setting:
    def __init__(self) -> None:
        self.clock = SimulatedClock(WALL_NS)
        self.clock.advance_to(5 * NS_PER_S)
        self.sink = MemorySink()
        self.recorder = Recorder(self.sink, self.clock)


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_that_session_time_begins_at_the_start_and_is_tied_to_the_wall(setting: Setting) -> None:
    setting.recorder.start()
    setting.clock.advance_to(7 * NS_PER_S)
    assert setting.recorder.now_ns() == 2 * NS_PER_S
    assert setting.recorder.session_ns(6 * NS_PER_S) == NS_PER_S
    assert setting.sink.of("anchor") == [(0, WALL_NS + 5 * NS_PER_S)]


def test_that_anchors_come_at_the_start_every_minute_and_at_the_end(setting: Setting) -> None:
    setting.recorder.start()
    for second in range(6, 140):
        setting.clock.advance_to(second * NS_PER_S)
        setting.recorder.tick()
    setting.recorder.stop()
    assert [row[0] // NS_PER_S for row in setting.sink.of("anchor")] == [0, 60, 120, 134]


def test_that_nothing_is_stored_before_the_start_and_after_the_end(setting: Setting) -> None:
    recorder = setting.recorder
    assert recorder.state is RecorderState.IDLE and recorder.record("gap", (0, 0, 1, "x")) == 0
    recorder.start()
    assert recorder.record("gap", (1, 0, 1, "x")) == 2
    recorder.stop()
    assert recorder.record("gap", (2, 0, 1, "x")) == 0 and recorder.record("event", (2, "page", "{}")) == 0
    assert len(setting.sink.of("gap")) == recorder.n_rows["gap"] == 1
    assert setting.sink.closed is True


def test_that_a_pause_keeps_events_and_geometry_and_drops_samples(setting: Setting) -> None:
    recorder = setting.recorder
    recorder.start()
    recorder.pause()
    assert recorder.state is RecorderState.PAUSED
    personal = ("landmarks", "gap", "gaze", "hit", "pointer", "wheel", "key", "selection", "focus", "scroll")
    assert [stream for stream in personal if recorder.record(stream, (1,))] == []
    kept = ("event", "layout_epoch", "layout_block", "reveal", "aoi", "window")
    assert [stream for stream in kept if not recorder.record(stream, (1,))] == []
    recorder.resume()
    assert recorder.record("landmarks", (2,)) > 0
    assert [row[0] for row in setting.sink.of("landmarks")] == [2]


def test_that_a_vote_counts_as_saved_only_when_its_row_is_on_disk(setting: Setting) -> None:
    recorder = setting.recorder
    recorder.start()
    recorder.record("event", (1, "preference", "{}"))
    recorder.record("pointer", (2,))
    assert not recorder.control_saved()
    setting.sink.n_committed = 2  # anchor and event; the sample may still wait
    assert recorder.control_saved() and recorder.committed_t_ns() == 1


def test_that_a_fault_of_the_disk_shows_at_once_and_never_reaches_a_device(setting: Setting) -> None:
    recorder = setting.recorder
    recorder.start()
    full = WorldError("disk_full", path="x")
    setting.sink.error = full
    assert recorder.state is RecorderState.FAULTED and recorder.fault() is full
    assert recorder.record("event", (1, "page", "{}")) == 0
    segment = recorder.stop()
    assert not segment.closed_cleanly and setting.sink.closed is False


def test_that_a_full_queue_is_a_fault_and_not_an_exception(setting: Setting) -> None:
    setting.recorder.start()
    setting.sink.refuse = WorldError("recording_queue_full")
    assert setting.recorder.record("pointer", (1,)) == 0
    assert setting.recorder.state is RecorderState.FAULTED
    assert setting.recorder.fault() is setting.sink.refuse


def test_that_it_starts_and_stops_once(setting: Setting) -> None:
    setting.recorder.start()
    with pytest.raises(BugError, match="recorder_state"):
        setting.recorder.start()
    setting.recorder.stop()
    with pytest.raises(BugError, match="recorder_state"):
        setting.recorder.stop()


def test_that_rows_of_many_threads_are_all_counted(setting: Setting) -> None:
    setting.recorder.start()

    def write() -> None:
        for number in range(500):
            setting.recorder.record("pointer", (number,))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert setting.recorder.n_rows["pointer"] == len(setting.sink.of("pointer")) == 2000
