"""The camera of a running session for the window: values and picture for the check, another camera, the warning."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from ifllm_desktop.capture.pipeline import Observation
from ifllm_desktop.compose import SessionParts
from ifllm_desktop.compose_devices import (
    CameraDevice,
    CameraSetup,
    camera_setup,
    keep_latency,
    list_cameras,
    opened_by,
)
from ifllm_desktop.domain.errors import IfllmError
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.gaze.latency import Latency
from ifllm_desktop.ports import Camera, Frame
from ifllm_desktop.session.device_health import Health
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.bridge import Background, Job
from ifllm_desktop.ui.camera_health import CameraHealth
from ifllm_desktop.ui.camera_notice import CameraNotice
from ifllm_desktop.ui.camera_page import CameraChoice
from ifllm_desktop.ui.latency_run import show_beside
from ifllm_desktop.ui.latency_window import LatencyWindow
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.wording import sentence

_LIST_EVERY_NS = 3 * NS_PER_S


class CameraDesk(QObject):
    """Between the conductor's camera and the pages.

    Signals
    -------
    chosen : str
        Specification of the camera that the session uses from now on; to be stored.
    problem : str
        A camera could not be changed, in one sentence.
    """

    chosen = Signal(str)
    problem = Signal(str)

    def __init__(self, parts: SessionParts, window: ParticipantWindow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._conductor = parts.conductor
        self._window = window
        self._page = window.camera
        self._notice = CameraNotice()
        self._devices: tuple[CameraDevice, ...] = ()
        self._chosen_id = self._open_id = self._listed_id = ""
        self._next_list_ns = 0
        self._listing = False
        self._looking = False
        self._real = parts.info.devices == "real"
        self._background = Background(self)
        self._latency: LatencyWindow | None = None
        self._page.camera_chosen.connect(self._choose)
        self._page.latency_wanted.connect(self._measure_latency)

    def stop(self) -> None:
        """Let go of the page; waits for a list that is being read."""
        self._page.camera_chosen.disconnect(self._choose)
        self._page.latency_wanted.disconnect(self._measure_latency)
        if self._latency is not None:
            self._latency.close()
        self._background.close()

    def tick(self, snapshot: FlowSnapshot) -> None:
        """Thirty times a second: the picture while it is shown; nothing is looked for on other pages."""
        looking = snapshot.page == "camera_check" and not snapshot.paused
        self._conductor.set_closer_look(looking)
        if not looking:
            if self._looking:
                self._page.set_preview(None)
            self._looking = False
            return
        self._looking = True
        observation = self._conductor.newest_observation()
        if observation is not None and observation.frame is not None:
            self._page.set_preview(preview_image(observation.frame))
        now_ns = self._conductor.recorder.now_ns()
        if self._real and not self._listing and now_ns >= self._next_list_ns:
            self._next_list_ns = now_ns + _LIST_EVERY_NS
            self._listing = True
            self._background.run(lambda _: list_cameras(), self._listed, self._not_listed)

    def update(self, health: Health) -> None:
        """Five times a second: values of the check, and the header's words about the camera."""
        code = health.problem.code if isinstance(health.problem, IfllmError) else ""
        self._open_id = str(health.device.get("stable_id", ""))
        self._page.set_health(self._shown(health, code))
        now_ns = self._conductor.recorder.now_ns()
        notice = self._notice.update(health.camera, code, now_ns, was_open=bool(health.device))
        self._window.calibration.camera_notice = notice
        self._window.header.set_camera(health.camera in ("starting", "opened"), notice)

    def _shown(self, health: Health, code: str) -> CameraHealth:
        device, look, devices = health.device, health.look, self._parts.info.devices
        return CameraHealth(
            state=health.camera, face_found=health.face_found, face_box=health.face_box,
            distance_cm=health.distance_cm, rate_hz=health.rate_hz, brightness=health.light.brightness * 255,
            roll_deg=health.roll_deg, yaw_deg=health.yaw_deg, source_label=self._source_label(devices),
            simulated=devices == "simulated",
            problem=sentence(health.problem) if health.problem is not None else "", problem_code=code,
            glare=health.light.glare, face_age_s=health.face_age_s, p_glasses=health.p_glasses,
            side_imbalance=look.side_imbalance if look is not None else math.nan,
            sharpness=look.sharpness if look is not None else math.nan,
            iris_px=look.iris_px if look is not None else math.nan,
            size_px=(int(device.get("width", 0)), int(device.get("height", 0))),
            wanted_px=(int(device.get("wanted_width", 0)), int(device.get("wanted_height", 0))),
        )  # fmt: skip

    def _source_label(self, devices: str) -> str:
        return {"simulated": self.tr("simulated participant"), "video": self.tr("video file")}.get(
            devices, ""
        )

    # ---- another camera

    def _listed(self, devices: tuple[CameraDevice, ...]) -> None:
        self._listing = False
        chosen = self._chosen_id or self._open_id
        if (devices, chosen) != (self._devices, self._listed_id):
            self._devices, self._listed_id = devices, chosen
            self._page.set_cameras([CameraChoice(d.stable_id, d.name) for d in devices], chosen)

    def _not_listed(self, error: BaseException) -> None:
        self._listing = False

    def _choose(self, camera_id: str) -> None:
        device = next((d for d in self._devices if d.stable_id == camera_id), None)
        if device is None or not self._real:
            return
        spec = str(device.index)

        def work(_: Job) -> tuple[Camera, CameraSetup]:
            return opened_by(spec, self._parts.clock), camera_setup(spec)

        def done(made: tuple[Camera, CameraSetup]) -> None:
            camera, setup = made
            self._chosen_id = self._listed_id = camera_id
            self._conductor.switch_camera(camera, setup.latency)
            pipeline = self._conductor.pipeline()
            if pipeline is not None:
                pipeline.set_intrinsics(setup.intrinsics)
            self.chosen.emit(spec)

        self._background.run(work, done, lambda error: self.problem.emit(sentence(error)))

    # ---- latency

    def _measure_latency(self) -> None:
        """Only a real camera can see the screen."""
        if not self._real or self._latency is not None:
            return
        device = self._conductor.health().device
        name = str(device.get("name", ""))
        window = LatencyWindow(self._parts.clock.now_ns, name)
        window.measured.connect(self._keep_latency)
        window.closed.connect(self._latency_closed)
        self._latency = window
        self._conductor.on_observation = self._feed_latency
        show_beside(window, self._window)

    def _feed_latency(self, observation: Observation) -> None:
        if self._latency is not None and observation.frame is not None:
            self._latency.add_frame(observation.frame, observation.face_box)

    def _latency_closed(self) -> None:
        self._conductor.on_observation = None
        if self._latency is not None:
            self._latency.deleteLater()
            self._latency = None

    def _keep_latency(self, found: Latency) -> None:
        device = self._conductor.health().device
        name = str(device.get("name", ""))
        camera_id, values = str(device.get("stable_id") or name), found.to_json()
        self._conductor.set_latency(values)

        def failed(error: BaseException) -> None:
            self.problem.emit(sentence(error))

        self._background.run(lambda _: keep_latency(camera_id, name, values), lambda _: None, failed)


def preview_image(frame: Frame) -> QImage | None:
    """The mirrored picture for the camera page, 640 px wide; None from the simulated camera."""
    if frame.image_bgr is None:
        return None
    step = max(1, frame.size_px[0] // 640)
    small = np.ascontiguousarray(frame.image_bgr[::step, ::-step])
    height, width, _ = small.shape
    return QImage(small.data, width, height, 3 * width, QImage.Format.Format_BGR888).copy()
