"""One frame in, one row out; the worker and the inline capture that feed it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest

from ifllm_desktop.adapters.clock import MonotonicClock, SimulatedClock
from ifllm_desktop.capture.inline import InlineCapture
from ifllm_desktop.capture.pipeline import Pipeline
from ifllm_desktop.capture.worker import CaptureWorker
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.samples import STREAMS, Row, records
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.gaze.calibration import GazeModel
from ifllm_desktop.gaze.eye_features import eye_features
from ifllm_desktop.ports import Clock
from tests.live_fakes import FakeCamera, FakeLandmarker, face, picture
from tests.reading_scenes import layout, pair_scene, text

VIEW = Rect(100.0, 100.0, 500.0, 600.0)


class Rows:
    def __init__(self) -> None:
        self.rows: list[tuple[str, Row]] = []

    def record(self, stream: str, row: Row) -> int:
        self.rows.append((stream, row))
        return len(self.rows)

    def of(self, stream: str) -> list[Row]:
        return [row for name, row in self.rows if name == stream]

    def frame_indices(self) -> list[int]:
        return sorted(row[1] for name, row in self.rows if name in ("landmarks", "gap"))


def pipeline(rows: Rows, landmarker: FakeLandmarker | None = None, t0_ns: int = 0) -> Pipeline:
    return Pipeline(landmarker or FakeLandmarker(), rows.record, lambda t_ns: t_ns - t0_ns)


def model() -> GazeModel:
    """A gaze model of a few targets, around the one face that the fakes show."""
    rng = np.random.default_rng(0)
    targets = np.array([(x, y) for x in (100.0, 700.0, 1300.0) for y in (100.0, 450.0, 800.0)])
    index = np.repeat(np.arange(9), 10)
    features = eye_features(face()) + rng.normal(0, 0.01, (90, 19))
    return GazeModel().fit(features, targets[index], index)


def test_that_each_frame_is_exactly_one_row_and_says_why_it_is_a_gap() -> None:
    rows = Rows()
    line = pipeline(rows, FakeLandmarker(without=[1, 4], eyeless=[2]))
    for index in range(6):
        line.process(picture(index * 10, index))
    assert rows.frame_indices() == list(range(6))
    assert [(row[1], row[2], row[3]) for row in rows.of("gap")] == [
        (1, 1, "no_face"), (2, 1, "no_eyes"), (4, 1, "no_face"),
    ]  # fmt: skip
    assert (line.n_frames, line.n_landmark_rows, line.n_gap_rows) == (6, 3, 3)


def test_that_rows_are_in_session_time_and_fit_their_streams() -> None:
    rows = Rows()
    line = pipeline(rows, FakeLandmarker(without=[1]), t0_ns=5 * NS_PER_S)
    line.set_model(model(), "c-1")
    for index in range(3):
        line.process(picture(5 * NS_PER_S + index, index))
    for stream in ("landmarks", "gap", "gaze"):
        table = records(stream, rows.of(stream))  # raises where a value does not fit its column
        assert table.dtype == STREAMS[stream].dtype and set(table["t_ns"]) <= {0, 1, 2}
    landmarks = records("landmarks", rows.of("landmarks"))
    assert np.isfinite([landmarks["yaw_deg"], landmarks["face_w"]]).all()
    assert np.isnan(landmarks["brightness"]).all() and set(landmarks["eye_patches"]) == {b""}


def test_that_gaze_comes_only_with_a_calibration_and_hits_only_with_something_on_screen() -> None:
    rows = Rows()
    line = pipeline(rows)
    observation = line.process(picture(0, 0))
    assert rows.of("gaze") == [] and math.isnan(observation.gaze_px[0])
    line.set_model(model(), "c-1")
    observation = line.process(picture(1, 1))
    (gaze,) = rows.of("gaze")
    assert gaze[:4] == (1, 1, *observation.gaze_px) and gaze[-1] == "c-1" and rows.of("hit") == []
    line.set_scene(pair_scene(layout(text(2), VIEW, "r1"), layout(text(2), VIEW, "r2")))
    line.process(picture(2, 2))
    (found,) = rows.of("hit")
    assert found[:2] == (2, 2) and 0 <= found[8] <= 1
    line.set_model(None)
    line.process(picture(3, 3))
    assert len(rows.of("gaze")) == 2


def test_that_a_pause_looks_at_nothing_and_counts_nothing() -> None:
    rows = Rows()
    landmarker = FakeLandmarker()
    line = pipeline(rows, landmarker)
    line.set_paused(True)
    line.process(picture(0, 0))
    line.dropped(picture(1, 1))
    line.lost(2, -1, 1, "no_picture")
    assert rows.rows == [] and landmarker.seen == [] and line.n_frames == 0
    line.set_paused(False)
    line.process(picture(3, 3))
    assert rows.frame_indices() == [3]


def test_that_a_picture_of_the_pause_that_arrives_after_it_stays_unseen() -> None:
    rows = Rows()
    line = pipeline(rows, FakeLandmarker())
    line.process(picture(0, 0))
    line.set_paused(True, 5)
    line.set_paused(False, 20)
    line.process(picture(12, 1))
    line.dropped(picture(15, 2))
    line.process(picture(20, 3))
    assert rows.frame_indices() == [0, 3] and line.n_frames == 2
    line.set_paused(False, 99)  # it was not paused: nothing changes
    line.process(picture(30, 4))
    assert rows.frame_indices() == [0, 3, 4]
    line.lost(15, -1, 3, "camera_lost")  # began in the pause: what is missing is entered at its end
    assert rows.of("gap")[0][0] == 20


def test_that_replaced_and_missing_frames_are_gaps_and_passes_are_counted() -> None:
    rows = Rows()
    line = pipeline(rows)
    line.process(picture(0, 0, 0))
    line.dropped(picture(1, 1, 0))
    line.process(picture(2, 2, 1))
    line.lost(3, -1, 4, "camera_lost")
    assert [row[3] for row in rows.of("gap")] == ["dropped", "camera_lost"]
    assert line.n_frames == 4 == line.n_landmark_rows + line.n_gap_rows
    assert dict(line.n_by_pass) == {0: 2, 1: 1}


# ---- the two ways to feed it -------------------------------------------------------------------------------
def test_that_inline_capture_takes_every_frame_that_is_due_and_tells_of_loops() -> None:
    clock, rows = SimulatedClock(), Rows()
    camera = FakeCamera(clock, devices="video")
    camera.loop_every = 20
    capture = InlineCapture(camera, pipeline(rows), clock)
    assert capture.take() == []  # not started: nothing is due
    capture.start()
    assert capture.take_problems() == [("opened", None)]
    for step in range(1, 126):
        clock.advance_to(step * 8_000_000)
        capture.take()
    assert rows.frame_indices() == list(range(31))
    assert capture.n_passes == 1 and capture.take_problems() == [("looped", None)]
    capture.stop()
    assert camera.n_closed == 1


def test_that_inline_capture_survives_a_lost_camera_with_gaps() -> None:
    clock, rows = SimulatedClock(), Rows()
    lost = WorldError("camera_lost", device=0)
    camera = FakeCamera(clock, {3: None, 5: lost})
    capture = InlineCapture(camera, pipeline(rows), clock)
    capture.start()
    for step in range(1, 251):
        clock.advance_to(step * 8_000_000)
        capture.take()
    assert capture.take_problems() == [("opened", None), ("lost", lost), ("opened", None)]
    assert [row[3] for row in rows.of("gap")] == ["no_picture", "camera_lost"]
    assert camera.n_opened == 2 and len(rows.of("landmarks")) > 25


def test_that_an_inline_outage_is_entered_each_second_to_the_frame_and_another_camera_goes_on() -> None:
    clock, rows = SimulatedClock(), Rows()
    camera = FakeCamera(clock, {30: WorldError("camera_lost", device=0)})
    capture = InlineCapture(camera, pipeline(rows), clock)
    capture.start()

    def run_until(t_s: float) -> None:
        while clock.now_ns() < t_s * NS_PER_S:
            clock.advance_to(clock.now_ns() + NS_PER_S // 100)
            capture.take()

    run_until(1.5)
    camera.open_error = WorldError("camera_missing", device=0)
    run_until(5.5)
    lost = [row for row in rows.of("gap") if row[3] == "camera_lost"]
    assert len(lost) >= 3 and all(row[2] >= 25 for row in lost[1:])
    second = FakeCamera(clock)
    capture.switch(second)
    run_until(7.0)
    n_lost = sum(row[2] for row in rows.of("gap") if row[3] == "camera_lost")
    n_elapsed = round((rows.of("landmarks")[-1][0] - rows.of("landmarks")[0][0]) * 30 / NS_PER_S) + 1
    assert abs(len(rows.of("landmarks")) + n_lost - n_elapsed) <= 2
    states = [state for state, _ in capture.take_problems()]
    assert states[0] == "opened" and states[-2:] == ["switched", "opened"] and "lost" in states
    capture.stop()
    index = [row[1] for row in rows.of("landmarks")]
    assert index == list(range(len(index)))
    assert second.n_closed == 1 and camera.n_closed >= 1


def test_that_inline_capture_reports_a_camera_that_cannot_be_opened() -> None:
    clock, rows = SimulatedClock(), Rows()
    camera = FakeCamera(clock)
    camera.open_error = WorldError("camera_missing", device=0)
    capture = InlineCapture(camera, pipeline(rows), clock)
    capture.start()
    clock.advance_to(NS_PER_S)
    assert capture.take() == [] and capture.take_problems() == [("failed", camera.open_error)]
    assert rows.rows == []


def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline_s, "it never happened"
        time.sleep(0.005)


def worker(
    clock: Clock, camera: FakeCamera, rows: Rows, landmarker: FakeLandmarker | None = None
) -> CaptureWorker:
    return CaptureWorker(camera, lambda: pipeline(rows, landmarker), clock)


@pytest.mark.parametrize("devices", ["real", "video"])
def test_that_the_threads_turn_every_frame_into_one_row(devices: str) -> None:
    clock, rows, landmarker = MonotonicClock(), Rows(), FakeLandmarker(without=[2])
    camera = FakeCamera(clock, devices=devices)
    capture = worker(clock, camera, rows, landmarker)
    capture.start()
    until(lambda: len(rows.frame_indices()) >= 12)
    capture.stop()
    observed = capture.take()
    assert rows.frame_indices() == list(range(len(rows.frame_indices())))
    assert len(observed) == len(landmarker.seen) and all(o.latency_ns >= 0 for o in observed)
    assert capture.take_problems() == [("opened", None)]
    assert camera.n_opened == 1 and camera.n_closed >= 1 and landmarker.n_closed == 1


def test_that_a_lost_camera_is_a_gap_is_said_once_and_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifllm_desktop.capture.camera_feed.REOPEN_AFTER_S", (0.01,))
    clock, rows = MonotonicClock(), Rows()
    lost, missing = WorldError("camera_lost", device=0), WorldError("camera_missing", device=0)
    camera = FakeCamera(clock, {4: None, 6: lost})
    capture = worker(clock, camera, rows)
    capture.start()
    until(lambda: ("lost", lost) in list(capture._problems))
    camera.open_error = missing
    n_before = camera.n_opened
    until(lambda: camera.n_opened >= n_before + 3)
    camera.open_error = None
    n_rows = len(rows.rows)
    until(lambda: len(rows.rows) > n_rows + 3)
    capture.stop()
    said = capture.take_problems()
    assert [state for state, _ in said if state == "opened"][-1:] == ["opened"] and said[-1] == (
        "opened",
        None,
    )
    assert said.count(("lost", lost)) == 1 and said.count(("lost", missing)) <= 1
    assert [row[3] for row in rows.of("gap")].count("no_picture") == 1  # the outage: test_camera_feed


def test_that_a_landmarker_that_breaks_is_reported_and_nothing_hangs() -> None:
    clock, rows, landmarker = MonotonicClock(), Rows(), FakeLandmarker()
    landmarker.fail = RuntimeError("broken")
    capture = worker(clock, FakeCamera(clock, devices="video"), rows, landmarker)
    capture.start()
    until(lambda: ("failed", landmarker.fail) in list(capture._problems))
    capture.stop()
    assert landmarker.n_closed == 1


def test_that_a_face_model_that_cannot_be_loaded_is_reported() -> None:
    clock = MonotonicClock()
    error = WorldError("landmarker_missing", reason="no file")

    def fail() -> Pipeline:
        raise error

    capture = CaptureWorker(FakeCamera(clock), fail, clock)
    capture.start()
    until(lambda: ("failed", error) in list(capture._problems))
    capture.stop()
    assert capture.pipeline is None
