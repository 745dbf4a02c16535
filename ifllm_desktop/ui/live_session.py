"""A participant's session in a window: commands go to the conductor, its snapshots to the pages, 30 times a second.

The only place where the window and the recording meet. All rows of the screen (layout, scroll, areas, reveals,
pointer) are written from here or from the pointer probe; frames, chunks and events by the conductor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from ifllm_desktop.compose import SessionParts
from ifllm_desktop.domain.errors import IfllmError
from ifllm_desktop.domain.layout import LayoutDelta
from ifllm_desktop.domain.scene import Aoi, Scene, ShownResponse
from ifllm_desktop.ports import Frame
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.camera_page import CameraHealth
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.pointer_probe import PointerProbe
from ifllm_desktop.ui.response_view import ResponseView
from ifllm_desktop.wording import sentence

TICK_MS = 33
_HEALTH_EVERY = 6
"""Ticks between two updates of the figures on the camera page: 5 Hz can be read (mock-up rule)."""
_LAST_PAGES = ("finish", "declined")


class LiveSession(QObject):
    """Drives one session until its window is closed.

    Signals
    -------
    ended : str
        The state of the session (``finished``, ``stopped``) once its file is sealed.
    problem : str
        One sentence for the participant's researcher: camera lost, disk full …
    """

    ended = Signal(str)
    problem = Signal(str)

    def __init__(self, parts: SessionParts, window: ParticipantWindow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._conductor = parts.conductor
        self._window = window
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._probe = PointerProbe(self._conductor.recorder.now_ns, self._conductor.record)
        self._connected: dict[str, ResponseView] = {}
        self._aois: dict[str, Aoi] = {}
        self._snapshot: FlowSnapshot | None = None
        self._said: str = ""
        self._n_ticks = 0
        self._closed = False
        self._gap = QElapsedTimer()
        self.tick_times_ns: list[int] = []
        self.tick_gaps_ns: list[int] = []

    def start(self) -> None:
        """Show the first page and begin recording."""
        self._window.command.connect(self._command)
        self._window.task.revealed.connect(self._revealed)
        self._probe.install(self._window)
        self._show(self._conductor.start())
        self._timer.start()

    def close(self) -> None:
        """Stop and seal. Called once, by the window that owns this."""
        if self._closed:
            return
        self._closed = True
        self._timer.stop()
        self._probe.remove()
        snapshot = self._conductor.snapshot
        if snapshot.page not in _LAST_PAGES:
            self._conductor.command("stop", "window_closed")
        fault = self._conductor.recorder.fault()
        self._parts.finish(cleanly=True)
        if fault is not None:
            self.problem.emit(sentence(fault))
        self.ended.emit("finished" if snapshot.page == "finish" else "stopped")

    # ---- every 33 ms -------------------------------------------------------------------------

    def _tick(self) -> None:
        if self._gap.isValid():
            self.tick_gaps_ns.append(self._gap.nsecsElapsed())
        self._gap.restart()
        snapshot = self._conductor.tick()
        if snapshot is not self._snapshot:
            self._show(snapshot)
        view = self._conductor.target_view()
        self._window.calibration.set_target(view)
        target = (view.x_px, view.y_px) if view is not None else None
        scene = self._scene(snapshot, target)
        self._conductor.set_scene(scene)
        if self._parts.person is not None:
            self._parts.person.observe(scene, self._parts.clock.now_ns())
        self._n_ticks += 1
        if self._n_ticks % _HEALTH_EVERY == 0:
            self._update_health()
        if snapshot.page == "camera_check":
            self._update_preview()
        self.tick_times_ns.append(self._gap.nsecsElapsed())

    def _show(self, snapshot: FlowSnapshot) -> None:
        self._snapshot = snapshot
        self._window.show_snapshot(snapshot)
        for response_id, view in self._window.task.response_views().items():
            if response_id not in self._connected:
                self._connect_view(response_id, view)
        for response_id in self._connected.keys() - self._window.task.response_views().keys():
            del self._connected[response_id]
        self._record_aois()

    def _scene(self, snapshot: FlowSnapshot, target: tuple[float, float] | None) -> Scene:
        responses = []
        for answer in snapshot.answers:
            view = self._connected.get(answer.response_id)
            if view is not None:
                complete = answer.complete and answer.n_shown >= len(answer.text)
                responses.append(
                    ShownResponse(answer.response_id, answer.side, view.layout_snapshot(), view.scroll_px, complete)
                )
        return Scene(snapshot.page, target, tuple(responses), tuple(self._aois.values()))

    def _record_aois(self) -> None:
        now_ns = self._conductor.recorder.now_ns()
        areas = {a.name: a for a in self._window.scene_aois()}
        for name, area in areas.items():
            if self._aois.get(name) != area:
                self._conductor.record("aoi", (now_ns, name, *area.rect.as_list(), 1))
        for name in self._aois.keys() - areas.keys():
            self._conductor.record("aoi", (now_ns, name, *self._aois[name].rect.as_list(), 0))
        self._aois = areas

    def _update_health(self) -> None:
        self._record_aois()
        health = self._conductor.health()
        self._window.task.set_saved(health.saved)
        text = sentence(health.problem) if health.problem is not None else ""
        if text and text != self._said:
            self.problem.emit(text)
        self._said = text
        self._window.camera.set_health(
            CameraHealth(
                face_found=health.face_found, face_box=health.face_box, distance_cm=health.distance_cm,
                rate_hz=health.rate_hz, brightness=health.brightness, roll_deg=health.roll_deg,
                state=health.camera, source_label=_source_label(self._parts.info.devices),
            )
        )  # fmt: skip

    def _update_preview(self) -> None:
        observation = self._conductor.newest_observation()
        if observation is not None and observation.frame is not None:
            self._window.camera.set_preview(preview_image(observation.frame))

    def command(self, name: str, *arguments: Any) -> None:
        """A command that does not come from the window (researcher, bench)."""
        self._command(name, arguments)

    # ---- from the window ---------------------------------------------------------------------

    def _command(self, name: str, arguments: tuple[Any, ...]) -> None:
        try:
            self._show(self._conductor.command(name, *arguments))
        except IfllmError as error:
            # a click that came too late for the page it was meant for: nothing happened, nothing is lost
            if error.code != "flow_command":
                self.problem.emit(sentence(error))

    def _revealed(self, response_id: str, epoch: int, n_source: int) -> None:
        now_ns = self._conductor.recorder.now_ns()
        self._conductor.record("reveal", (now_ns, response_id, epoch, n_source))
        self._command("shown", (response_id, n_source))

    def _connect_view(self, response_id: str, view: ResponseView) -> None:
        self._connected[response_id] = view
        view.laid_out.connect(self._laid_out)
        view.scrolled.connect(lambda offset, most, r=response_id: self._scrolled(r, offset, most))
        view.selected.connect(lambda start, end, r=response_id: self._selected(r, start, end))
        self._laid_out(view.layout_snapshot().delta_from(None))

    def _laid_out(self, delta: LayoutDelta) -> None:
        now_ns = self._conductor.recorder.now_ns()
        head = delta.head
        self._conductor.record("layout_epoch", (now_ns, head.response_id, head.epoch, head.to_json()))
        for block in delta.changed:
            self._conductor.record(
                "layout_block", (now_ns, head.response_id, head.epoch, block.index, block.to_json())
            )

    def _scrolled(self, response_id: str, offset_px: float, max_px: float) -> None:
        self._conductor.record("scroll", (self._conductor.recorder.now_ns(), response_id, offset_px, max_px))

    def _selected(self, response_id: str, start: int, end: int) -> None:
        self._conductor.record("selection", (self._conductor.recorder.now_ns(), response_id, start, end))


def preview_image(frame: Frame) -> QImage | None:
    """The mirrored picture for the camera page, 640 px wide; None from the simulated camera."""
    if frame.image_bgr is None:
        return None
    step = max(1, frame.size_px[0] // 640)
    small = np.ascontiguousarray(frame.image_bgr[::step, ::-step])
    height, width, _ = small.shape
    return QImage(small.data, width, height, 3 * width, QImage.Format.Format_BGR888).copy()


def _source_label(devices: str) -> str:
    return {"simulated": "simulated participant", "video": "video file"}.get(devices, "")
