"""One session on one time axis: what is stored before and after the consent, and what opens the camera."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ifllm_desktop.adapters.clock import SimulatedClock
from ifllm_desktop.capture.inline import InlineCapture
from ifllm_desktop.capture.pipeline import Pipeline
from ifllm_desktop.capture.recorder import Recorder, RecorderState
from ifllm_desktop.domain.chat import Finish
from ifllm_desktop.domain.errors import BugError, WorldError
from ifllm_desktop.domain.session import EVENT_KINDS
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.session.assignment import assign
from ifllm_desktop.session.chat_pump import SimulatedChatPump
from ifllm_desktop.session.conductor import POINTER_STREAMS, Conductor
from ifllm_desktop.session.flow import ParticipantFlow
from ifllm_desktop.session.gaze_setup import GazeSetup
from ifllm_desktop.session.ids import SeededIds
from tests.live_fakes import FakeCamera, FakeChat, FakeLandmarker, MemorySink
from tests.unit.test_flow import YES, study, topic

ROWS: dict[str, tuple[Any, ...]] = {
    "pointer": (0, "move", 1.0, 2.0, "", ""), "wheel": (0, 1.0, 2.0, 0.0, 1.0, ""),
    "key": (0, "press", "letter", ""), "selection": (0, "r", 0, 1), "focus": (0, "in", ""),
    "scroll": (0, "r", 1.0, 2.0),
}  # fmt: skip
HEADER = dict.fromkeys(EVENT_KINDS["session_start"], "")


class Setting:
    """A conductor on fakes; ``wait`` lets simulated time pass as the window's timer would."""

    def __init__(self, camera_error: Exception | None = None) -> None:
        protocol = study(consent=[
            {"scope": "gaze", "title": "Gaze", "text": "…"}, {"scope": "pointer", "title": "Pointer", "text": "…"},
            {"scope": "sharing", "title": "Sharing", "text": "…"},
        ])  # fmt: skip
        topics = {name: topic(name) for name in ("alpha", "beta", "gamma")}
        self.clock, self.sink = SimulatedClock(), MemorySink()
        self.clock.advance_to(NS_PER_S)
        self.recorder = Recorder(self.sink, self.clock)
        self.camera = FakeCamera(self.clock)
        self.camera.open_error = camera_error
        self.landmarker = FakeLandmarker()
        record, ids = self.recorder.record, SeededIds(1)
        flow = ParticipantFlow(protocol, topics, assign(protocol, topics, "P1"), "s-1", record, ids)
        pipeline = Pipeline(self.landmarker, record, self.recorder.session_ns)
        self.conductor = Conductor(
            flow, self.recorder, InlineCapture(self.camera, pipeline, self.clock),
            SimulatedChatPump(FakeChat(), self.clock),
            GazeSetup(protocol, Screen(1440, 900), record, ids), dict(HEADER),
        )  # fmt: skip
        self.conductor.start()

    def wait(self, length_s: float) -> None:
        for _ in range(round(length_s * 125)):
            self.clock.advance_to(self.clock.now_ns() + 8 * NS_PER_MS)
            self.conductor.tick()

    def consent(self, **scopes: bool) -> None:
        self.conductor.command("next")
        self.conductor.command("consent", YES | scopes)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(row[2]) for row in self.sink.of("event") if row[1] == kind]

    def streams(self) -> set[str]:
        return {stream for stream, _ in self.sink.rows}


def test_that_before_the_consent_nothing_of_the_person_is_stored_and_the_camera_is_off() -> None:
    setting = Setting()
    for _ in range(3):
        for stream, row in ROWS.items():
            assert setting.conductor.record(stream, row) == 0
        setting.wait(0.5)
    setting.conductor.command("next")
    setting.wait(1)
    assert setting.conductor.snapshot.page == "consent"
    assert setting.streams() == {"event", "anchor"} and setting.camera.n_opened == 0
    assert {row[1] for row in setting.sink.of("event")} == {"session_start", "page"}
    assert setting.conductor.health().camera == "starting"


def test_that_declining_stores_no_more_than_that() -> None:
    setting = Setting()
    setting.conductor.command("next")
    setting.conductor.command("decline")
    setting.wait(1)
    assert setting.conductor.record("pointer", ROWS["pointer"]) == 0
    setting.conductor.close()
    assert setting.streams() == {"event", "anchor"} and setting.camera.n_opened == 0
    assert setting.events("consent") == [
        {"scopes": dict.fromkeys(("gaze", "pointer", "eye_patches", "sharing"), False), "declined": True}
    ]


def test_that_without_the_pointer_scope_nothing_of_hands_and_keys_is_ever_stored() -> None:
    setting = Setting()
    setting.consent(pointer=False)
    setting.wait(2)
    for stream, row in ROWS.items():
        assert setting.conductor.record(stream, row) == 0
    assert setting.conductor.record("window", (0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0)) > 0
    assert set(ROWS) == POINTER_STREAMS and not setting.streams() & POINTER_STREAMS
    assert len(setting.sink.of("landmarks")) > 20  # gaze was agreed to


def test_that_with_the_pointer_scope_hands_and_keys_are_stored() -> None:
    setting = Setting()
    setting.consent()
    for stream, row in ROWS.items():
        assert setting.conductor.record(stream, row) > 0
    assert setting.streams() >= POINTER_STREAMS


def test_that_without_the_gaze_scope_the_camera_never_opens() -> None:
    setting = Setting()
    setting.consent(gaze=False)
    setting.wait(2)
    assert setting.conductor.snapshot.page == "instructions"
    setting.conductor.command("next")
    setting.wait(2)
    setting.conductor.close()
    assert setting.camera.n_opened == 0 and setting.landmarker.seen == []
    assert not setting.streams() & {"landmarks", "gap", "gaze", "hit"} and setting.events("camera") == []


def test_that_the_camera_opens_with_the_consent_and_says_so() -> None:
    setting = Setting()
    setting.consent()
    setting.wait(1)
    health = setting.conductor.health()
    assert setting.camera.n_opened == 1 and health.camera == "opened" and health.face_found
    assert 29 < health.rate_hz < 31 and health.n_frames == len(setting.sink.of("landmarks"))
    assert 20 < health.distance_cm < 200
    assert setting.events("camera") == [{"state": "opened", "detail": ""}]


def test_that_a_camera_that_does_not_open_is_told_and_the_session_goes_on_without_it() -> None:
    error = WorldError("camera_busy", device=0)
    setting = Setting(error)
    setting.consent()
    setting.wait(1)
    health = setting.conductor.health()
    assert health.camera == "failed" and health.problem is error
    assert setting.events("camera") == [{"state": "failed", "detail": "camera_busy"}]
    setting.conductor.command("without_gaze", "camera_failed")
    assert setting.conductor.snapshot.page == "instructions"


def test_that_who_goes_on_without_gaze_is_not_looked_at_any_more() -> None:
    setting = Setting()
    setting.consent()
    setting.wait(1)
    setting.conductor.command("without_gaze", "participant")
    n_before = len(setting.sink.of("landmarks"))
    setting.wait(2)
    setting.conductor.command("next")
    setting.wait(2)
    assert len(setting.sink.of("landmarks")) == n_before > 0
    assert setting.sink.of("gap") == []
    assert setting.conductor.health().camera == "off"
    assert setting.conductor.record("pointer", ROWS["pointer"]) > 0


def test_that_a_calibration_that_fails_is_an_outcome_and_no_end() -> None:
    setting = Setting()
    setting.landmarker.without = set(range(100_000))
    setting.consent()
    setting.wait(1)
    setting.conductor.command("camera_ready")
    assert setting.conductor.target_view() is not None
    setting.wait(90)  # the run waits for eyes for 20 s before targets count as not measured
    snapshot = setting.conductor.snapshot
    assert snapshot.page == "gaze_result" and snapshot.calibration is not None
    assert not snapshot.calibration.ok and snapshot.calibration.reason == "no_face"
    assert len(setting.sink.of("gap")) > 500 and not setting.streams() & {"landmarks", "gaze"}
    setting.conductor.command("accept_gaze")
    assert setting.conductor.snapshot.page == "instructions"
    n_gaps = len(setting.sink.of("gap"))
    setting.wait(3)
    assert setting.conductor.snapshot.gaze_off
    assert len(setting.sink.of("gap")) == n_gaps and setting.conductor.health().camera == "off"


def test_that_answers_run_through_to_the_recording() -> None:
    setting = Setting()
    setting.consent(gaze=False)
    setting.conductor.command("next")
    task = setting.conductor.snapshot.task
    assert task is not None
    setting.conductor.command("submit", task.suggested_prompt)
    setting.wait(0.5)
    (answer,) = setting.conductor.snapshot.answers
    assert answer.finish is Finish.STOP
    assert "".join(row[3] for row in setting.sink.of("chunk")) == answer.text != ""
    assert setting.events("response_end")[0]["text"] == answer.text
    assert set(setting.conductor.requests) == {answer.response_id}


def test_that_a_pause_stops_samples_and_the_end_is_stored_all_the_same() -> None:
    setting = Setting()
    setting.consent()
    setting.wait(1)
    n_before = len(setting.sink.of("landmarks"))
    setting.conductor.command("pause")
    assert setting.conductor.health().recorder is RecorderState.PAUSED
    setting.wait(2)
    assert setting.conductor.record("pointer", ROWS["pointer"]) == 0
    assert len(setting.sink.of("landmarks")) == n_before
    setting.conductor.command("stop", "researcher")
    setting.conductor.close()
    kinds = [row[1] for row in setting.sink.of("event")]
    assert kinds[-1] == "session_end" and setting.events("session_end") == [{"reason": "researcher"}]
    assert setting.sink.closed is True


def test_that_saved_is_said_only_when_every_event_is_on_disk() -> None:
    setting = Setting()
    setting.sink.flush(0)
    assert setting.conductor.health().saved
    setting.conductor.command("next")
    assert not setting.conductor.health().saved
    setting.sink.flush(0)
    assert setting.conductor.health().saved


def test_that_a_full_disk_is_the_problem_that_views_see() -> None:
    setting = Setting()
    setting.sink.error = WorldError("disk_full", path="x")
    health = setting.conductor.health()
    assert health.problem is setting.sink.error and health.recorder is RecorderState.FAULTED
    assert not setting.conductor.close().closed_cleanly


@pytest.mark.parametrize("name", ["begin", "chunk", "tick", "__init__", "snapshot"])
def test_that_only_listed_commands_may_come_from_outside(name: str) -> None:
    with pytest.raises(BugError, match="flow_command"):
        Setting().conductor.command(name)
