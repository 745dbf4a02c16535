"""A camera that is pulled out, hangs, comes back or is changed in the middle of a recording."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ifllm_desktop.adapters.clock import MonotonicClock
from ifllm_desktop.capture.pipeline import Pipeline
from ifllm_desktop.capture.recorder import Recorder
from ifllm_desktop.capture.worker import CaptureWorker
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.session import SessionInfo
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.store.study import StudyFolder
from tests.live_fakes import FakeLandmarker, MemorySink
from tests.plug_camera import PlugCamera

RATE_HZ = 30.0


def until(condition: Callable[[], bool], limit_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "it never happened"
        time.sleep(0.005)


class Setting:
    """Worker, pipeline and recorder on a camera that can be pulled out."""

    def __init__(self, sink: object = None) -> None:
        self.clock = MonotonicClock()
        self.sink = sink if sink is not None else MemorySink()
        self.recorder = Recorder(self.sink, self.clock)  # type: ignore[arg-type]
        self.camera = PlugCamera(self.clock, RATE_HZ)
        self.worker = CaptureWorker(self.camera, self._pipeline, self.clock)
        self.said: list[tuple[str, str]] = []
        self.recorder.start()

    def _pipeline(self) -> Pipeline:
        return Pipeline(FakeLandmarker(), self.recorder.record, self.recorder.session_ns)

    def start(self) -> None:
        self.worker.start()
        until(lambda: len(self.camera.seen_ns) > 12)

    def hear(self) -> list[tuple[str, str]]:
        for state, error in self.worker.take_problems():
            self.said.append((state, error.code if isinstance(error, WorldError) else ""))
        return self.said

    def heard(self, state: str, code: str = "") -> bool:
        return (state, code) in self.hear()

    def rows(self, stream: str) -> list[tuple[object, ...]]:
        assert isinstance(self.sink, MemorySink)
        return self.sink.of(stream)

    def n_entered(self) -> int:
        """Frames that have a row, or a part in one."""
        return len(self.rows("landmarks")) + sum(int(row[2]) for row in self.rows("gap"))  # type: ignore[call-overload]


@pytest.fixture
def setting() -> Iterator[Setting]:
    made = Setting()
    yield made
    made.camera.set_state("in")
    made.worker.stop()


def n_grid(setting: Setting) -> int:
    """Frames that the camera's grid holds from the first to the last one seen."""
    seen = setting.camera.seen_ns
    return round((seen[-1] - seen[0]) * RATE_HZ / NS_PER_S) + 1


def test_that_pulling_the_camera_out_and_in_again_is_measured_to_the_frame(setting: Setting) -> None:
    setting.start()
    setting.camera.set_state("out")
    until(lambda: setting.heard("lost", "camera_missing"))
    until(lambda: len(setting.rows("gap")) >= 2)  # one a second while it lasts, not one at the end
    setting.camera.set_state("in")
    until(lambda: setting.hear()[-1] == ("opened", ""))
    n_seen = len(setting.camera.seen_ns)
    until(lambda: len(setting.camera.seen_ns) > n_seen + 10)
    setting.worker.stop()
    assert [s for s, _ in setting.hear()] == ["opened", "lost", "lost", "opened"]
    assert {row[3] for row in setting.rows("gap")} <= {"camera_lost", "dropped"}
    # the frame that was read while the worker stopped may have no row
    assert n_grid(setting) - 1 <= setting.n_entered() <= n_grid(setting)
    assert setting.worker.pipeline is not None
    index = sorted(int(row[1]) for row in setting.rows("landmarks"))  # type: ignore[call-overload]
    assert len(set(index)) == len(index), "frames are numbered through"


def test_that_a_camera_that_hangs_without_an_error_is_noticed_soon(setting: Setting) -> None:
    setting.start()
    begin_s = time.monotonic()
    setting.camera.set_state("hang")
    until(lambda: setting.heard("lost", "camera_stalled"))
    assert time.monotonic() - begin_s < 3.0  # after one second; the rest is a busy machine
    until(lambda: len(setting.rows("gap")) >= 2)
    setting.camera.set_state("in")
    until(lambda: setting.hear()[-1] == ("opened", ""))
    n_seen = len(setting.camera.seen_ns)
    until(lambda: len(setting.camera.seen_ns) > n_seen + 5)
    setting.worker.stop()
    assert setting.camera.n_opened == 1, "the device came back by itself"
    assert n_grid(setting) - 1 <= setting.n_entered() <= n_grid(setting)


@pytest.mark.expected_logs("ifllm-camera did not stop")
def test_that_stopping_does_not_wait_for_a_camera_that_hangs(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ifllm_desktop.capture.camera_feed.JOIN_S", 0.3)
    setting.start()
    setting.camera.set_state("hang")
    until(lambda: setting.heard("lost", "camera_stalled"))
    begin_s = time.monotonic()
    setting.worker.stop()
    assert time.monotonic() - begin_s < 1.5
    n_rows = len(setting.rows("gap")) + len(setting.rows("landmarks"))
    missing = sum(int(row[2]) for row in setting.rows("gap") if row[3] == "camera_lost")  # type: ignore[call-overload]
    assert missing >= 0.9 * RATE_HZ, "what was missing up to the end is entered"
    setting.camera.set_state("in")
    time.sleep(0.2)
    assert len(setting.rows("gap")) + len(setting.rows("landmarks")) == n_rows, "it speaks no more"


def test_that_another_camera_goes_on_in_the_same_recording_even_from_one_that_hangs(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ifllm_desktop.capture.camera_feed.JOIN_S", 0.3)
    setting.start()
    setting.camera.set_state("hang")
    until(lambda: setting.heard("lost", "camera_stalled"))
    second = PlugCamera(setting.clock, RATE_HZ, "second")
    setting.worker.switch(second)
    until(lambda: len(second.seen_ns) > 10)
    until(lambda: setting.hear()[-1] == ("opened", ""))
    assert setting.worker.describe()["name"] == "second"
    setting.camera.set_state("in")  # the first one wakes up: nobody listens to it, and it is closed
    until(lambda: setting.camera.n_closed == 1)
    n_first = len(setting.camera.seen_ns)
    n_second = len(second.seen_ns)
    until(lambda: len(second.seen_ns) > n_second + 5)
    setting.worker.stop()
    assert len(setting.camera.seen_ns) == n_first
    assert "camera_switched" in {row[3] for row in setting.rows("gap")}
    index = [int(row[1]) for row in setting.rows("landmarks")]  # type: ignore[call-overload]
    assert index == sorted(set(index)), "one numbering through both cameras"


def test_that_all_of_an_outage_is_in_the_sealed_file_and_nothing_else_is_lost(tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path / "study", _template())
    study.catalogue().add_participant("P1", "real", 0)
    study.catalogue().add_session(SessionInfo("s-1", "P1", "x", 1, 0, "real", "open"))
    setting = Setting(study.new_segment("s-1", 1, {"session_number": 1}, 0))
    setting.start()
    n_pointer = 0

    def point_for(length_s: float) -> None:
        nonlocal n_pointer
        end_s = time.monotonic() + length_s
        while time.monotonic() < end_s:
            setting.recorder.record(
                "pointer", (setting.recorder.now_ns(), "move", 1.0, float(n_pointer), "", "")
            )
            n_pointer += 1
            time.sleep(0.008)

    for state in ("out", "in", "hang", "in"):
        setting.camera.set_state(state)
        point_for(1.6)
    setting.worker.stop()
    info = setting.recorder.stop(cleanly=True)
    study.catalogue().put_segment(info)
    assert info.closed_cleanly
    source = study.source("s-1")
    landmarks, gaps = source.read("landmarks"), source.read("gap")
    n = len(landmarks) + int(np.sum(gaps["n_frames"]))
    assert n_grid(setting) - 1 <= n <= n_grid(setting)
    assert int(np.sum(gaps["n_frames"][gaps["reason"] == "camera_lost"])) >= 2 * 1.2 * RATE_HZ
    pointer = source.read("pointer")
    assert pointer["y_px"].tolist() == list(range(n_pointer)), "the pointer was recorded all the while"
    study.close()


def _template() -> Path:
    from ifllm_desktop.resource_files import resource_path

    return resource_path("studies", "demo")
