"""Replay with labels: stage, transport, timeline; layers, figures and labels at the side."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ifllm_desktop.annotate.history import LabelHistory
from ifllm_desktop.annotate.scheme import DEFAULT_SCHEME, LabelScheme
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.replay.model import ReplayModel
from ifllm_desktop.replay.player import Player, PlayerState
from ifllm_desktop.ui.label_desk import LabelDesk
from ifllm_desktop.ui.label_panel import LabelPanel
from ifllm_desktop.ui.replay_header import ReplayHeader, ReplayMessage, SupportChip
from ifllm_desktop.ui.replay_panels import LayerPanel, StateReadout
from ifllm_desktop.ui.replay_transport import TransportBar
from ifllm_desktop.ui.stage_view import LAYERS, StageView
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.timeline_view import ZOOM_STEP, TimelineView
from ifllm_desktop.ui.widgets import column, frame, row, scrolling

TICK_MS = 16
SIDE_PX = 296
COMPACT_HEIGHT_PX = 760
DEFAULT_FRAME_NS = NS_PER_S // 30


class ReplayPage(QWidget):
    """One session, replayed and labelled.

    Parameters
    ----------
    history : LabelHistory or None
        None shows no labels.
    now_ns : callable
        Monotonic clock that drives the playhead.

    Attributes
    ----------
    labels_changed : Signal(object)
        ``OpChange`` after each label step that was saved.
    open_requested : Signal()
        The person wants to choose another session.
    """

    labels_changed = Signal(object)
    open_requested = Signal()

    def __init__(
        self,
        history: LabelHistory | None = None,
        scheme: LabelScheme = DEFAULT_SCHEME,
        *,
        now_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        super().__init__()
        self.setObjectName("replay_page")
        self.setProperty("surface", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._now_ns = now_ns
        self._scheme = scheme
        self._model: ReplayModel | None = None
        self._player = Player(0)
        self.header = ReplayHeader()
        self.turn_box = self.header.turn_box
        self._message = ReplayMessage()
        self.stage = StageView(scheme)
        self.timeline = TimelineView(scheme)
        self.transport = TransportBar()
        self.layers = LayerPanel({name: self.stage.layer(name) for name in LAYERS})
        self.readout = StateReadout()
        self.label_panel = LabelPanel(scheme)
        self.desk: LabelDesk | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._message)
        self._stack.addWidget(self._make_bench())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self._stack, 1)
        self._connect()
        self.set_history(history)
        self.show_empty()

    # ---- parts
    def _make_bench(self) -> QWidget:
        left = column(self.stage, self.transport, self.timeline, spacing=0)
        left.setStretch(0, 1)
        side = column(self.layers, self.readout, self.label_panel, spacing=0)
        side.setStretch(2, 1)
        side_box = frame("bar", side)
        self._side: QScrollArea = scrolling(side_box, "replay_side")
        self._side.setFixedWidth(current_theme().px(SIDE_PX))
        bench = row(left, frame("line_v"), self._side, spacing=0)
        bench.setStretch(0, 1)
        return frame("plain", bench)

    def _connect(self) -> None:
        self.turn_box.activated.connect(self.show_turn)
        self.header.open_requested.connect(self.open_requested)
        self.transport.pressed.connect(self._press)
        self.transport.speed_chosen.connect(
            lambda speed: self._moved(self._player.set_speed(speed, self._now_ns()))
        )
        self.timeline.seeked.connect(self.seek)
        self.timeline.view_changed.connect(lambda view: self.transport.set_view(*view))
        self.layers.toggled.connect(self.stage.set_layer)
        self.stage.range_changed.connect(self._say_digits)

    # ---- what is shown
    @property
    def model(self) -> ReplayModel | None:
        """The session that is shown."""
        return self._model

    def set_history(self, history: LabelHistory | None) -> None:
        """Label by this history from now on; None takes the labels away."""
        if self.desk is not None:
            self.desk.setParent(None)
            self.desk.deleteLater()
            self.desk = None
        self.label_panel.setVisible(history is not None)
        if history is not None:
            self.desk = LabelDesk(history, self._scheme, self.label_panel, self.stage, self.timeline)
            self.desk.seek_wanted.connect(self.seek)
            self.desk.changed.connect(self.labels_changed)
            self.desk.set_timeline(self._model.timeline if self._model else None)

    def show_empty(self, advice: str = "") -> None:
        """Nothing is open."""
        self._say("replay", "text_muted", self.tr("No session is open"),
                  advice or self.tr("Choose one on Home; the demo study makes one in a minute."))  # fmt: skip

    def show_loading(self, fraction: float = 0.0) -> None:
        """A session is being read elsewhere; 0..1."""
        self._say("wait", "text_muted", self.tr("The session is being opened"), "")
        self._message.set_progress(fraction)

    def show_error(self, text: str, advice: str = "") -> None:
        """A session could not be opened: what happened, and what to do."""
        self._say("alert", "danger", text, advice)

    def show_model(
        self, model: ReplayModel, chips: Sequence[SupportChip] = (), *, t_ns: int | None = None
    ) -> None:
        """Show a session that was read; at its first turn unless a moment is given."""
        self._stop()
        self._model = model
        timeline = model.timeline
        self._player = Player(timeline.duration_ns, timeline.skippable())
        self.stage.set_timeline(timeline)
        self.timeline.set_timeline(timeline)
        self.layers.set_has_gaze(model.has_gaze)
        self.header.show_model(model, chips)
        if self.desk is not None:
            self.desk.set_timeline(timeline)
        self._stack.setCurrentIndex(1)
        self.seek(model.first_moment_ns() if t_ns is None else t_ns)
        if timeline.turns:
            self._fit_turn()
        self.setFocus()

    def _say(self, icon: str, token: str, text: str, advice: str) -> None:
        self._stop()
        self._model = None
        self._message.say(icon, token, text, advice)
        self.header.show_nothing()
        self.stage.set_timeline(None)
        self.timeline.set_timeline(None)
        if self.desk is not None:
            self.desk.set_timeline(None)
        self._stack.setCurrentIndex(0)

    # ---- time
    @property
    def t_ns(self) -> int:
        """Playhead, session time."""
        return self._player.state.t_ns

    def seek(self, t_ns: float) -> None:
        """Put the playhead somewhere."""
        self._moved(self._player.seek(t_ns, self._now_ns()))

    def show_turn(self, number: int) -> None:
        """Go to a turn (from 0) and bring it into view."""
        if self._model is None or not 0 <= number < len(self._model.timeline.turns):
            return
        self.seek(self._model.timeline.turns[number].t_submit_ns)
        self._fit_turn()

    def _tick(self) -> None:
        self._moved(self._player.tick(self._now_ns()), follow=True)

    def _moved(self, state: PlayerState, *, follow: bool = True) -> None:
        if self._model is None:
            return
        moment = self._model.timeline.state_at(state.t_ns)
        self.stage.set_state(moment)
        self.timeline.set_position(state.t_ns, follow=follow)
        self.readout.show_state(moment)
        self.transport.show_player(state, self._player.duration_ns)
        if moment.turn is not None:
            self.turn_box.setCurrentIndex(self._model.turn_number(moment.turn) - 1)
        if state.playing and not self._timer.isActive():
            self._timer.start()
        elif not state.playing:
            self._timer.stop()

    def _stop(self) -> None:
        self._player.pause(self._now_ns())
        self._timer.stop()

    def _step_frame(self, direction: int) -> None:
        """To the next or the previous gaze sample, or by one frame where there is none near."""
        if self._model is None:
            return
        times, t_ns = self._model.timeline.gaze_t_ns, self.t_ns
        number = int(np.searchsorted(times, t_ns, side="right" if direction > 0 else "left"))
        number -= direction < 0
        near = 0 <= number < len(times) and abs(int(times[number]) - t_ns) <= 3 * DEFAULT_FRAME_NS
        delta = int(times[number]) - t_ns if near else direction * DEFAULT_FRAME_NS
        self._moved(self._player.step(delta, self._now_ns()))

    def _fit_turn(self) -> None:
        turn = self._model.timeline.turn_at(self.t_ns) if self._model else None
        if self._model is None or turn is None:
            self.timeline.show_all()
            return
        t0_ns, t1_ns = self._model.timeline.turn_span(turn)
        edge = 0.02 * (t1_ns - t0_ns)
        self.timeline.set_view(t0_ns - edge, t1_ns + edge)

    def _fit(self) -> None:
        before = self.timeline.view
        self._fit_turn()
        if self.timeline.view == before:
            self.timeline.show_all()

    def _toggle_loop(self) -> None:
        now_ns = self._now_ns()
        if self._player.state.loop_ns is not None or self._model is None:
            self._moved(self._player.set_loop(None, now_ns))
            return
        turn = self._model.timeline.turn_at(self.t_ns)
        stretch = self.timeline.selection
        if stretch is None and turn is not None:
            stretch = self._model.timeline.turn_span(turn)
        self._player.set_loop(stretch, now_ns)
        if stretch is not None and not stretch[0] <= self.t_ns < stretch[1]:
            self._player.seek(stretch[0], now_ns)
        self._moved(self._player.state)

    def _press(self, name: str) -> None:
        now_ns = self._now_ns()
        actions: dict[str, Callable[[], object]] = {
            "first": lambda: self.seek(0),
            "last": lambda: self.seek(self._player.duration_ns),
            "step_back": lambda: self._step_frame(-1),
            "step_forward": lambda: self._step_frame(1),
            "play": lambda: self._moved(self._player.toggle(now_ns)),
            "loop": self._toggle_loop,
            "skip_gaps": lambda: self._moved(
                self._player.set_skip_gaps(not self._player.state.skip_gaps, now_ns)
            ),
            "slower": lambda: self._moved(self._player.slower(now_ns)),
            "faster": lambda: self._moved(self._player.faster(now_ns)),
            "second_back": lambda: self._moved(self._player.step(-NS_PER_S, now_ns)),
            "second_forward": lambda: self._moved(self._player.step(NS_PER_S, now_ns)),
            "zoom_in": lambda: self.timeline.zoom(ZOOM_STEP**2),
            "zoom_out": lambda: self.timeline.zoom(ZOOM_STEP**-2),
            "fit": self._fit,
            "screen": lambda: self._set_whole_screen(not self.stage.whole_screen),
            "selection_start": self.timeline.start_selection,
            "selection_end": self.timeline.end_selection,
            "turn_back": lambda: self.show_turn(self.turn_box.currentIndex() - 1),
            "turn_forward": lambda: self.show_turn(self.turn_box.currentIndex() + 1),
        }
        actions[name]()

    def _set_whole_screen(self, whole: bool) -> None:
        self.stage.set_whole_screen(whole)
        self.transport.buttons["screen"].setChecked(whole)

    def _say_digits(self, _: object = None) -> None:
        self.layers.set_digits_label(self.desk is not None and self.desk.digits_label)

    # ---- keys
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._model is None or not self._key(event):
            super().keyPressEvent(event)

    def _key(self, event: QKeyEvent) -> bool:
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if control:
            return self._control_key(key, shift=shift)
        if shift and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._press("second_back" if key == Qt.Key.Key_Left else "second_forward")
            return True
        action = _KEYS.get(key)
        if action is not None:
            self._press(action)
            return True
        return self._label_key(key, event.text())

    def _control_key(self, key: int, *, shift: bool) -> bool:
        if self.desk is None or key not in (Qt.Key.Key_Z, Qt.Key.Key_Y):
            return False
        if key == Qt.Key.Key_Y or shift:
            self.desk.redo()
        else:
            self.desk.undo()
        self._say_digits()
        return True

    def _label_key(self, key: int, text: str) -> bool:
        if text.isdigit() and not (self.desk is not None and self.desk.digits_label):
            return self.layers.toggle(int(text))
        if self.desk is None:
            return False
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.desk.remove()
        elif key == Qt.Key.Key_Escape:
            self.stage.set_range(None)
            self.timeline.set_selection(None)
            self.desk.select("")
        elif not self.desk.key(text.upper()):
            return False
        self._say_digits()
        return True

    # ---- window
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        scale = current_theme().text_scale / 100
        compact = self.height() < COMPACT_HEIGHT_PX * scale
        self.timeline.set_compact(compact)
        self.readout.set_compact(compact)
        self.transport.set_room(self.width() / scale - SIDE_PX)

    def hideEvent(self, event: QHideEvent) -> None:
        self._stop()
        if self._model is not None:
            self.transport.show_player(self._player.state, self._player.duration_ns)
        super().hideEvent(event)


_KEYS: dict[int, str] = {
    Qt.Key.Key_Space: "play", Qt.Key.Key_Left: "step_back", Qt.Key.Key_Right: "step_forward",
    Qt.Key.Key_Home: "first", Qt.Key.Key_End: "last", Qt.Key.Key_J: "slower", Qt.Key.Key_K: "faster",
    Qt.Key.Key_L: "loop", Qt.Key.Key_G: "skip_gaps", Qt.Key.Key_F: "fit", Qt.Key.Key_Z: "screen",
    Qt.Key.Key_BracketLeft: "selection_start", Qt.Key.Key_BracketRight: "selection_end",
    Qt.Key.Key_PageUp: "turn_back", Qt.Key.Key_PageDown: "turn_forward",
}  # fmt: skip
