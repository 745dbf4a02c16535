"""A participant's session in a window: commands go to the conductor, its snapshots to the pages, 30 times a second.

The only place where the window and the recording meet. All rows of the screen (layout, scroll, areas, reveals,
pointer) are written from here or from the pointer probe; frames, chunks and events by the conductor.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt, QTimer, Signal

from ifllm_desktop.compose import SessionParts
from ifllm_desktop.compose_withdraw import ask_session_erasure, finish_erasures
from ifllm_desktop.domain.errors import IfllmError
from ifllm_desktop.domain.layout import LayoutDelta
from ifllm_desktop.domain.scene import Aoi, Scene, ShownResponse
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.session.target_run import TargetView
from ifllm_desktop.ui.camera_desk import CameraDesk
from ifllm_desktop.ui.finish_page import RecordedCount
from ifllm_desktop.ui.geometry_watch import GeometryWatch
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.pointer_probe import PointerProbe
from ifllm_desktop.ui.response_view import ResponseView
from ifllm_desktop.ui.screen_place import screen_of
from ifllm_desktop.wording import sentence

TICK_MS = 33
_HEALTH_EVERY = 6
"""Ticks between two updates of the figures on the camera page: 5 Hz can still be read."""
_REPORTS = ("activity", "focus", "shown")


_FOCUS = {QEvent.Type.WindowActivate: True, QEvent.Type.WindowDeactivate: False}


class LiveSession(QObject):
    """Drives one session until its window is closed.

    Signals
    -------
    window_closed
        The participant's window is gone; :meth:`detach` and :meth:`seal` are to follow.
    problem : str
        One sentence for the participant's researcher: camera lost, disk full …
    camera_chosen : str
        Specification of the camera that was chosen on the camera page; to be stored.
    """

    window_closed = Signal()
    problem = Signal(str)
    camera_chosen = Signal(str)

    def __init__(self, parts: SessionParts, window: ParticipantWindow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.parts = parts
        self._conductor = parts.conductor
        self._window = window
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._camera_desk = CameraDesk(parts, window, self)
        self._camera_desk.problem.connect(self.problem)
        self._camera_desk.chosen.connect(self.camera_chosen)
        self._probe = PointerProbe(self._conductor.recorder.now_ns, self._conductor.record, self._active)
        self._geometry = GeometryWatch(window, self)
        self._geometry.changed.connect(self._geometry_changed)
        self._calibrated_run = 0
        self._connected: dict[str, ResponseView] = {}
        self._aois: dict[str, Aoi] = {}
        self._stored_aois: dict[str, Aoi] = {}
        self._snapshot: FlowSnapshot | None = None
        self._said: str = ""
        self._n_ticks = 0
        self._detached = False
        self._erase = False
        self._gap = QElapsedTimer()
        self._simulated = parts.info.devices == "simulated"
        self.tick_times_ns: list[int] = []
        self.tick_gaps_ns: list[int] = []

    def start(self) -> None:
        """Show the first page and begin recording."""
        self._window.set_gaze_simulated(self._simulated)
        self._window.gaze_result.set_screen(self.parts.screen)
        self._window.command.connect(self._command)
        self._window.calibration.again.connect(self._conductor.again_target)
        self._window.text_check.again.connect(self._conductor.again_target)
        self._window.text_check.text_shown.connect(self._text_shown)
        self._window.task.revealed.connect(self._revealed)
        self._probe.install(self._window)
        self._window.closed.connect(self._closed)
        self._window.finish.erased.connect(self._erase_wanted)
        self._window.installEventFilter(self)
        self._show(self._conductor.start())
        self._timer.start()

    def detach(self) -> None:
        """Let go of the window and stop the clockwork; the recording is still open. May be called twice."""
        if self._detached:
            return
        self._detached = True
        self._timer.stop()
        self._camera_desk.stop()
        self._probe.remove()
        self._geometry.stop()
        self._window.removeEventFilter(self)
        snapshot = self._conductor.snapshot
        if not snapshot.ended:
            self._conductor.command("stop", "window_closed")

    def seal(self) -> str:
        """Close and seal the recording (disk: call it in the background).

        Returns how it ended: ``finished``, ``declined``, ``stopped`` or ``erased``.

        Raises
        ------
        WorldError
            Where the disk refuses. An erasure that was asked for is carried out at the next start then.
        """
        if self._erase:  # first: should the program die now, the next start carries it out
            ask_session_erasure(self.parts.study, self.parts.info.session_id)
        self.parts.finish(cleanly=True)
        if self._erase:
            finish_erasures(self.parts.study)
            return "erased"
        ended = self._conductor.snapshot.ended
        return ended if ended in ("finished", "declined") else "stopped"

    def close(self) -> None:
        """Both, for those without a background."""
        self.detach()
        self.seal()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell the flow when the participant turns to another window, and back."""
        if watched is self._window and event.type() in _FOCUS:
            self._command("focus", (_FOCUS[event.type()],))
        return False

    def _erase_wanted(self) -> None:
        """The participant saw what was recorded and does not want it kept."""
        self._erase = True
        self._window.close()

    def _closed(self) -> None:
        if not self._detached:
            QTimer.singleShot(0, self.window_closed.emit)

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
        self._window.text_check.set_target(view)
        scene = self._scene(snapshot, view)
        self._conductor.set_scene(scene)
        if self.parts.person is not None:
            self.parts.person.observe(scene, self.parts.clock.now_ns())
        self._n_ticks += 1
        if self._n_ticks % _HEALTH_EVERY == 0:
            self._update_health()
        self._camera_desk.tick(snapshot)
        self.tick_times_ns.append(self._gap.nsecsElapsed())

    def _show(self, snapshot: FlowSnapshot) -> None:
        self._snapshot = snapshot
        if snapshot.page == "finish":
            self._window.finish.set_counts(
                self._counts(), self.tr("It is kept in the study on this computer only.")
            )
        self._window.show_snapshot(snapshot)
        self._follow_geometry(snapshot)
        for response_id, view in self._window.task.response_views().items():
            if response_id not in self._connected:
                self._connect_view(response_id, view)
        text = self._text_view(snapshot)
        kept = {*self._window.task.response_views(), *([text.response_id] if text is not None else [])}
        for response_id in self._connected.keys() - kept:
            del self._connected[response_id]
        self._record_aois()

    def _follow_geometry(self, snapshot: FlowSnapshot) -> None:
        """The window's place counts as the calibrated one from the first target of a calibration on."""
        run = snapshot.run
        if run is not None and run.phase == "calibration" and run.number != self._calibrated_run:
            self._calibrated_run = run.number
            self._geometry.rebase()

    def _geometry_changed(self, kind: str) -> None:
        if kind == "screen_changed":
            screen = screen_of(self._window)
            self._conductor.set_screen(screen)  # first: the next targets are on it
            self._window.gaze_result.set_screen(screen)
        self._command("geometry_changed", (kind,))

    def _counts(self) -> tuple[RecordedCount, ...]:
        n = self._conductor.recorder.n_rows
        eyes = self.tr("numbers only, no pictures")
        if (self._conductor.snapshot.scopes or {}).get("eye_patches", False):
            eyes = self.tr("numbers, and the small grey eye patches that you agreed to")
        if self._simulated:
            eyes = self.tr("computed by a simulated participant, not yours")
        lines = (
            (self.tr("Eye measurements"), n["landmarks"], eyes),
            (self.tr("Pointer and wheel events"), n["pointer"] + n["wheel"], ""),
            (self.tr("Key presses"), n["key"], self.tr("when and what kind, never which character")),
            (
                self.tr("Steps of the session"),
                n["event"],
                self.tr("answers, ratings and votes with their times"),
            ),
        )
        return tuple(RecordedCount(name, f"{count:,}", note) for name, count, note in lines)

    def _text_view(self, snapshot: FlowSnapshot) -> ResponseView | None:
        return self._window.text_check.text_view() if snapshot.page == "text_check" else None

    def _scene(self, snapshot: FlowSnapshot, view: TargetView | None) -> Scene:
        responses = []
        text = self._text_view(snapshot)
        if text is not None and text.response_id in self._connected:
            responses.append(
                ShownResponse(text.response_id, "left", text.layout_snapshot(), text.scroll_px, True)
            )
        for answer in snapshot.answers:
            shown = self._connected.get(answer.response_id)
            if shown is not None:
                complete = answer.complete and answer.n_shown >= len(answer.text)
                responses.append(
                    ShownResponse(
                        answer.response_id, answer.side, shown.layout_snapshot(), shown.scroll_px, complete
                    )
                )
        return Scene(
            snapshot.page, view.point_px if view is not None else None, tuple(responses),
            tuple(self._aois.values()), view.line_rect if view is not None else None,
        )  # fmt: skip

    def _record_aois(self) -> None:
        now_ns = self._conductor.recorder.now_ns()
        areas = {a.name: a for a in self._window.scene_aois()}
        # compared with what was stored and not with what was shown: what was refused is tried again
        stored = self._stored_aois
        for name, area in areas.items():
            if stored.get(name) != area and self._conductor.record(
                "aoi", (now_ns, name, *area.rect.as_list(), 1)
            ):
                stored[name] = area
        for name in sorted(stored.keys() - areas.keys()):
            if self._conductor.record("aoi", (now_ns, name, *stored[name].rect.as_list(), 0)):
                del stored[name]
        self._aois = areas

    def _update_health(self) -> None:
        self._record_aois()
        health = self._conductor.health()
        self._window.task.set_saved(health.saved)
        text = sentence(health.problem) if health.problem is not None else ""
        if text and text != self._said:
            self.problem.emit(text)
        self._said = text
        self._camera_desk.update(health)

    def command(self, name: str, *arguments: Any) -> None:
        """A command that does not come from the window (researcher, bench)."""
        self._command(name, arguments)

    # ---- from the window ---------------------------------------------------------------------

    def _command(self, name: str, arguments: tuple[Any, ...]) -> None:
        try:
            snapshot = self._conductor.command(name, *arguments)
            if name not in _REPORTS:  # a report (125 pointer events a second) is drawn with the next tick
                self._show(snapshot)
        except IfllmError as error:
            # a click that came too late for the page it was meant for: nothing happened, nothing is lost
            if error.code != "flow_command":
                self.problem.emit(sentence(error))

    def _active(self, point: tuple[float, float] | None) -> None:
        snapshot = self._snapshot
        if snapshot is not None and snapshot.page == "task" and not snapshot.paused:
            place = self._window.task.activity_place(*point) if point is not None else "other"
            self._command("activity", (place,))

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

    def _text_shown(self, view: ResponseView) -> None:
        """The text check has its text: its geometry is recorded like that of an answer."""
        if view.response_id not in self._connected:
            self._connect_view(view.response_id, view)
        epoch, n_source = view.layout_snapshot().head.epoch, len(view.source)
        now_ns = self._conductor.recorder.now_ns()
        self._conductor.record("reveal", (now_ns, view.response_id, epoch, n_source))

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
