"""Replay with labels: stage, transport, timeline; layers, figures and labels at the side."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ifllm_desktop.annotate.history import LabelHistory
from ifllm_desktop.annotate.scheme import DEFAULT_SCHEME, LabelScheme
from ifllm_desktop.domain.time import NS_PER_S, iso_utc
from ifllm_desktop.replay.model import ReplayModel
from ifllm_desktop.replay.player import Player, PlayerState
from ifllm_desktop.ui.label_desk import LabelDesk
from ifllm_desktop.ui.label_panel import LabelPanel
from ifllm_desktop.ui.replay_panels import LayerPanel, StateReadout
from ifllm_desktop.ui.replay_transport import TransportBar
from ifllm_desktop.ui.stage_view import LAYERS, StageView
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.timeline_view import ZOOM_STEP, TimelineView
from ifllm_desktop.ui.widgets import Chip, IconMark, ProgressLine, Tone, column, frame, label, row, scrolling
from ifllm_desktop.ui.widgets_button import Button

TICK_MS = 16
SIDE_PX = 296
COMPACT_HEIGHT_PX = 760
DEFAULT_FRAME_NS = NS_PER_S // 30


@dataclass(frozen=True, slots=True)
class SupportChip:
    """What a session can support, as the header says it (``Side .99``)."""

    text: str
    tone: Tone
    icon: str
    tip: str = ""


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
        self._stack.addWidget(self._make_message())
        self._stack.addWidget(self._make_bench())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._make_header())
        layout.addWidget(self._stack, 1)
        self._connect()
        self.set_history(history)
        self.show_empty()

    # ---- parts
    def _make_header(self) -> QFrame:
        self._title = label(self.tr("Replay"), "title", name="replay_title")
        self._facts = label("", "muted", name="replay_facts")
        self.turn_box = QComboBox()
        self.turn_box.setObjectName("replay_turn")
        self.turn_box.setAccessibleName(self.tr("Turn"))
        self.turn_box.setToolTip(self.tr("Turn: Page Up, Page Down"))
        self.turn_box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.turn_box.activated.connect(self.show_turn)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(8)
        self._open = Button(self.tr("Choose a session"), icon="open", name="replay_open")
        self._open.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._open.clicked.connect(self.open_requested)
        inside = row(self._title, self.turn_box, self._facts, None, self._chips, self._open,
                     spacing=12, margins=(16, 7, 12, 7))  # fmt: skip
        made = frame("header", inside, "replay_header")
        made.setMinimumHeight(current_theme().px(48))
        return made

    def _make_message(self) -> QWidget:
        self._message_mark = IconMark("replay", "text_muted", 40)
        self._message = label("", "heading", wrap=True, name="replay_message")
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._advice = label("", "muted", wrap=True, name="replay_advice")
        self._advice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._loading = ProgressLine()
        self._loading.setFixedWidth(240)
        centre = Qt.AlignmentFlag.AlignHCenter
        box = QVBoxLayout()
        box.addStretch(2)
        for widget in (self._message_mark, self._message, self._advice, self._loading):
            box.addWidget(
                widget, 0, centre if widget in (self._message_mark, self._loading) else Qt.AlignmentFlag(0)
            )
            box.addSpacing(8)
        box.addStretch(3)
        return frame("plain", box)

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
        self._loading.set_fraction(fraction)
        self._loading.show()

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
        self._show_header(model, chips)
        if self.desk is not None:
            self.desk.set_timeline(timeline)
        self._stack.setCurrentIndex(1)
        self.seek(model.first_moment_ns() if t_ns is None else t_ns)
        if timeline.turns:
            self._fit_turn()
        self.setFocus()

    def _show_header(self, model: ReplayModel, chips: Sequence[SupportChip]) -> None:
        info = model.timeline.info
        self._title.setText(
            self.tr("{person} · Session {number}").format(person=info.participant_id, number=info.number)
        )
        rate_hz = model.timeline.gaze_rate_hz()
        day = iso_utc(model.wall_start_ns)[:16].replace("T", " ")
        facts = [self.tr("{when} UTC").format(when=day)]
        if rate_hz == rate_hz:
            facts.append(self.tr("gaze {rate} Hz").format(rate=f"{rate_hz:.0f}"))
        if model.accuracy_px == model.accuracy_px:
            facts.append(self.tr("error {error} px").format(error=f"{model.accuracy_px:.0f}"))
        self._facts.setText(" · ".join(facts))
        self.turn_box.clear()
        for number, turn in enumerate(model.timeline.turns, start=1):
            kind = self.tr("pair") if turn.mode == "pair" else self.tr("single")
            self.turn_box.addItem(self.tr("Turn {number} · {kind}").format(number=number, kind=kind))
            self.turn_box.setItemData(number - 1, turn.prompt, Qt.ItemDataRole.ToolTipRole)
        self.turn_box.setVisible(bool(model.timeline.turns))
        self._show_chips([*self._own_chips(model), *chips])

    def _own_chips(self, model: ReplayModel) -> list[SupportChip]:
        chips = []
        devices = model.timeline.info.devices
        if devices == "simulated":
            chips.append(SupportChip(self.tr("Simulated participant"), "warning", "simulated"))
        elif devices == "video":
            chips.append(SupportChip(self.tr("Camera from a video"), "warning", "video"))
        if not model.has_gaze:
            chips.append(SupportChip(self.tr("No gaze"), "muted", "refused"))
        if model.recovered:
            chips.append(SupportChip(self.tr("Recovered"), "warning", "recovered"))
        problems = model.timeline.layouts.problems
        if problems:
            tip = "\n".join(f"{p.response_id}, {p.epoch}: {p.problem}" for p in problems[:8])
            text = self.tr("{n} layouts damaged").format(n=len(problems))
            chips.append(SupportChip(text, "warning", "warning", tip))
        return chips

    def _show_chips(self, chips: Sequence[SupportChip]) -> None:
        while (item := self._chips.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        for chip in chips:
            made = Chip(chip.text, chip.tone, chip.icon)
            made.setToolTip(chip.tip)
            self._chips.addWidget(made)

    def _say(self, icon: str, token: str, text: str, advice: str) -> None:
        self._stop()
        self._model = None
        self._message_mark.set_icon(icon, token)
        self._message.setText(text)
        self._advice.setText(advice)
        self._loading.hide()
        self._title.setText(self.tr("Replay"))
        self._facts.setText("")
        self.turn_box.hide()
        self._show_chips(())
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
