"""One participant's session, run: flow, recorder, capture, targets and answers on one time axis.

The window and the headless run drive this object alike: commands go in by name, ``tick`` is called about 30 times
a second, snapshots come out. It has no thread of its own and touches neither Qt nor a database.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ifllm_desktop.capture.pipeline import Observation, Pipeline
from ifllm_desktop.capture.recorder import Recorder
from ifllm_desktop.domain.chat import ChatRequest
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.scene import Scene
from ifllm_desktop.domain.session import Event, SegmentInfo
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_S, seconds
from ifllm_desktop.gaze.image_quality import NO_LIGHT
from ifllm_desktop.ports import Camera
from ifllm_desktop.session.chat_pump import ChatPump
from ifllm_desktop.session.device_health import FramesSeen, Health
from ifllm_desktop.session.flow import ParticipantFlow
from ifllm_desktop.session.gaze_setup import GazeSetup
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.session.target_run import TargetView


class Capture(Protocol):
    """What ``CaptureWorker`` (threads) and ``InlineCapture`` (none) have in common."""

    pipeline: Pipeline | None

    @property
    def n_passes(self) -> int: ...
    def start(self) -> None: ...
    def describe(self) -> dict[str, Any]: ...
    def switch(self, camera: Camera) -> None: ...
    def take(self) -> list[Observation]: ...
    def take_problems(self) -> list[tuple[str, Exception | None]]: ...
    def stop(self) -> None: ...


class Conductor:
    """Runs one session.

    Parameters
    ----------
    flow : ParticipantFlow
        Made with :meth:`Recorder.record` as its ``record``.
    capture : Capture or None
        None when there is no camera at all.
    targets : GazeSetup
        Calibration and validation runs.
    header : dict
        Payload of the event ``session_start``.
    """

    def __init__(
        self,
        flow: ParticipantFlow,
        recorder: Recorder,
        capture: Capture | None,
        chat: ChatPump,
        setup: GazeSetup,
        header: dict[str, Any],
    ) -> None:
        self.flow = flow
        self.recorder = recorder
        self._capture = capture
        self._chat = chat
        self._setup = setup
        self._header = header
        self._camera_state = "off" if capture is None else "starting"
        self._problem: Exception | None = None
        self._seen = FramesSeen()
        self.on_observation: Callable[[Observation], None] | None = None
        self.latency: Mapping[str, Any] | None = None
        self._capture_started = False
        self._model_id = ""
        self._without_gaze = False
        self._n_passes_seen = 0
        self._looked = ("", -1)
        self.requests: dict[str, ChatRequest] = {}

    @property
    def snapshot(self) -> FlowSnapshot:
        """The flow as it is."""
        return self.flow.snapshot

    def start(self) -> FlowSnapshot:
        """Start recorder and camera; the first page is shown."""
        self.recorder.start()
        self.recorder.record("event", Event(0, "session_start", self._header).to_row())
        self.flow.begin(0)
        return self.snapshot

    def command(self, name: str, *arguments: Any) -> FlowSnapshot:
        """Carry out a command of the flow now, and what follows from it."""
        if name not in COMMANDS:
            raise BugError("flow_command", name=name)
        pipeline = self.pipeline()
        if name == "pause" and pipeline is not None:
            pipeline.set_paused(
                True
            )  # before the moment that is written down, so that no picture is later than it
        t_ns = self.recorder.now_ns()
        if name in ("resume", "stop"):
            self.recorder.resume()  # what came in during a pause is stored before the end, too
        try:
            snapshot: FlowSnapshot = getattr(self.flow, name)(t_ns, *arguments)
        except BugError:
            self._let_look(t_ns)  # a pause that is not allowed here pauses nothing
            raise
        if name == "pause":
            self.recorder.pause()
        if snapshot.gaze_off and not self._without_gaze:
            self._n_passes_seen = self.video_passes()
            self._without_gaze = True
        self._let_look(t_ns)
        self._after_command(name, snapshot)
        return snapshot

    def _let_look(self, t_ns: int) -> None:
        """After the end and without gaze nothing of the person is taken, however long a page is looked at."""
        pipeline, snapshot = self.pipeline(), self.snapshot
        if pipeline is not None:
            pipeline.set_paused(snapshot.paused or bool(snapshot.ended) or snapshot.gaze_off, t_ns)

    def tick(self) -> FlowSnapshot:
        """Take in what devices and back ends delivered, and let time pass."""
        self.recorder.tick()
        if self._without_gaze:
            self._let_look(self.recorder.now_ns())  # the pipeline may have been made after gaze was given up
        self._take_observations()
        for t_clock_ns, response_id, chunk in self._chat.poll():
            self.flow.chunk(self.recorder.session_ns(t_clock_ns), response_id, chunk)
        t_ns = self.recorder.now_ns()
        self.flow.tick(t_ns)
        self._advance_setup(t_ns)
        return self.snapshot

    def set_scene(self, scene: Scene) -> None:
        """What is on the screen now."""
        pipeline, scopes = self.pipeline(), self.snapshot.scopes
        if pipeline is not None:
            pipeline.set_scene(scene)
            pipeline.set_patches(scopes is not None and scopes.get("eye_patches", False))
        if scene.page == self.snapshot.page:
            self._setup.set_scene(scene, self.recorder.now_ns())

    def set_screen(self, screen: Screen) -> None:
        """The window is on this screen now; to be called before the command ``geometry_changed``."""
        self._setup.set_screen(screen)

    def set_chat(self, chat: ChatPump) -> None:
        """Use another back end from the next request on."""
        self._chat = chat

    def record(self, stream: str, row: Row) -> int:
        """For the window's own streams; returns 0 for what the participant did not agree to, or not yet."""
        scopes, ended = self.snapshot.scopes, bool(self.snapshot.ended)
        if scopes is None or (stream in POINTER_STREAMS and (ended or not scopes.get("pointer"))):
            return 0
        return self.recorder.record(stream, row)

    def target_view(self) -> TargetView | None:
        """The calibration or validation target, while one is shown."""
        return self._setup.view(self.recorder.now_ns())

    def again_target(self) -> None:
        """The person was not ready (the target comes again), is before the explanation ends, or has read a line."""
        self._setup.again(self.recorder.now_ns())

    def health(self) -> Health:
        """State of the devices now."""
        seen, face = self._seen, self._seen.newest_face
        features = face.features if face is not None else None
        pipeline, now_ns = self.pipeline(), self.recorder.now_ns()
        nan4 = (math.nan,) * 4
        angles = [float(v) for v in features[10:13]] if features is not None else [math.nan] * 3
        return Health(
            camera="off" if self._without_gaze else self._camera_state,
            problem=self.recorder.fault() or self._problem,
            rate_hz=seen.rate_hz(now_ns),
            face_found=seen.face_found(now_ns),
            face_age_s=seconds(now_ns - face.t_ns) if face is not None else math.nan,
            face_box=face.face_box if face is not None else nan4,
            distance_cm=self._setup.distance_cm(features) if features is not None else math.nan,
            yaw_deg=angles[0],
            pitch_deg=angles[1],
            roll_deg=angles[2],
            light=face.light if face is not None else NO_LIGHT,
            look=seen.look,
            p_glasses=seen.glasses.p_glasses,
            device=self._capture.describe() if self._capture is not None else {},
            n_frames=pipeline.n_frames if pipeline is not None else 0,
            n_gaps=pipeline.n_gap_rows if pipeline is not None else 0,
            saved=self.recorder.control_saved(),
            recorder=self.recorder.state,
        )

    def set_closer_look(self, closer: bool) -> None:
        """Whether glasses, sharpness and the like are looked for: while the camera is being checked."""
        pipeline = self.pipeline()
        if pipeline is not None:
            pipeline.set_closer_look(closer)

    def pipeline(self) -> Pipeline | None:
        """The gaze pipeline, once its thread has made it."""
        return self._capture.pipeline if self._capture is not None else None

    def video_passes(self) -> int:
        """How often a video file was started again while it was looked at."""
        if self._without_gaze:
            return self._n_passes_seen
        return self._capture.n_passes if self._capture is not None else 0

    def newest_observation(self) -> Observation | None:
        """The newest frame's outcome, for preview and overlay."""
        return self._seen.newest

    def close(self, *, cleanly: bool = True) -> SegmentInfo:
        """Stop in order: answers, camera, vision, writer. Returns the sealed segment."""
        self._chat.close()
        if self._capture is not None and self._capture_started:
            self._capture.stop()
            self._take_observations()
        return self.recorder.stop(cleanly=cleanly)

    def _start_capture(self) -> None:
        # only after consent: without it the camera never opens
        if self._capture is not None and not self._capture_started:
            self._capture_started = True
            self._capture.start()

    def _take_observations(self) -> None:
        if self._capture is None:
            return
        for state, error in self._capture.take_problems():
            if state != "looped" or not self._without_gaze:  # nobody looks at it any more
                self._camera_event(state, error)
        for observation in self._capture.take():
            self._seen.add(observation)
            if not self.snapshot.paused:
                head = self._setup.frame(observation.t_ns, observation.frame_index, observation.features)
                self._note_head(observation.t_ns, head)
            self._note_reading(observation)
            if self.on_observation is not None:
                self.on_observation(observation)
        if self._camera_state == "lost" and not self.snapshot.paused and not self._without_gaze:
            # no pictures are no eyes: a target waits, and the flow is told as for a face that has gone
            t_ns = self.recorder.now_ns()
            self._note_head(t_ns, self._setup.frame(t_ns, -1, None))

    def _note_reading(self, observation: Observation) -> None:
        """Reading is activity, too: who reads without touching anything is neither idle nor on one side only."""
        snapshot = self.snapshot
        if not observation.on_response or snapshot.turn_state not in _READING_STATES:
            return
        looked = (observation.on_response, observation.t_ns // NS_PER_S)
        if looked == self._looked:
            return
        self._looked = looked
        side = next((a.side for a in snapshot.answers if a.response_id == observation.on_response), "")
        if side:
            self.flow.activity(observation.t_ns, f"answer_{side}")

    def _camera_event(self, state: str, error: Exception | None) -> None:
        detail = getattr(error, "code", "") if error is not None else ""
        event = Event(self.recorder.now_ns(), "camera", {"state": state, "detail": detail})
        self.recorder.record("event", event.to_row())
        if state == "opened":
            self._record_device()
        if state != "looped":
            self._camera_state = "starting" if state == "switched" else state
            self._problem = error
        if state == "switched":
            self._seen = FramesSeen()

    def switch_camera(self, camera: Camera, latency: Mapping[str, Any] | None) -> None:
        """Go on with another camera in the same recording.

        Parameters
        ----------
        latency : mapping or None
            What was measured of it, stored with its opening.
        """
        if self._capture is not None:
            self.latency = latency
            self._capture.switch(camera)

    def set_latency(self, latency: Mapping[str, Any]) -> None:
        """The open camera's latency was measured just now: stored with it once more, raw times stay as they are."""
        self.latency = latency
        self._record_device()

    def _record_device(self) -> None:
        assert self._capture is not None
        device = self._capture.describe()
        latency = dict(self.latency) if self.latency is not None else None
        event = Event(self.recorder.now_ns(), "camera_device", {"device": device, "latency": latency})
        self.recorder.record("event", event.to_row())

    def _after_command(self, name: str, snapshot: FlowSnapshot) -> None:
        for response_id in snapshot.cancels:
            self._chat.cancel(response_id)
        for request in snapshot.requests:
            self.requests[request.response_id] = request
            self._chat.start(request)
        if name == "consent" and snapshot.scopes is not None and snapshot.scopes.get("gaze"):
            self._start_capture()
        self._follow_gaze(self.recorder.now_ns())

    def _advance_setup(self, t_ns: int) -> None:
        outcome = self._setup.finished(t_ns)
        if outcome is None:
            return
        if outcome.drift is not None:
            self.flow.drift_finished(t_ns, outcome.drift)
        elif outcome.text is not None:
            self.flow.text_finished(t_ns, outcome.text)
        elif outcome.validation is not None:
            self.flow.validation_finished(t_ns, outcome.validation)
        elif outcome.calibration is not None and outcome.phase == "refit":
            self.flow.refit_finished(t_ns, outcome.calibration)
        elif outcome.calibration is not None:
            self.flow.calibration_finished(t_ns, outcome.calibration)
        self._follow_gaze(t_ns)

    def _note_head(self, t_ns: int, head: str) -> None:
        """The head moved away, or the eyes were lost or found again: the flow decides what that means."""
        if head == "head_moved":
            self.flow.head_moved(t_ns, self._setup.head_away())
        elif head == "gaze_lost":
            self.flow.gaze_lost(t_ns)
        elif head == "gaze_found":
            self.flow.gaze_found(t_ns)
        if head:
            self._follow_gaze(t_ns)

    def _follow_gaze(self, t_ns: int) -> None:
        """Bring targets and model to where the flow is."""
        snapshot = self.snapshot
        self._setup.follow(snapshot, t_ns)
        pipeline = self.pipeline()
        if pipeline is not None and snapshot.gaze_in_use != self._model_id:
            self._model_id = snapshot.gaze_in_use
            pipeline.set_model(self._setup.model(self._model_id), self._model_id)


_READING_STATES = ("reading", "comparing", "idle")

POINTER_STREAMS = frozenset({"pointer", "wheel", "key", "selection", "focus", "scroll"})
"""What the scope ``pointer`` of the consent covers; geometry and texts are part of taking part at all."""

COMMANDS = frozenset(
    {
        "next", "consent", "decline", "camera_ready", "without_gaze", "accept_gaze", "recalibrate", "submit",
        "redo_target", "use_attempt", "help_again", "fewer_claims", "skip_text", "check_gaze", "skip_drift",
        "geometry_changed", "shown", "rate", "prefer", "continue_", "finish_task", "activity", "focus", "pause",
        "resume", "retry", "stop", "choose_language", "answer", "decline_answer", "questions_done", "give_reasons",
        "highlight", "remove_highlight",
    }
)  # fmt: skip
"""What a window or a simulated participant may ask for."""
