"""The bar between stage and timeline: play, step, speed, loop, gaps, zoom."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QSizePolicy

from ifllm_desktop.replay.player import SPEEDS, PlayerState
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.timeline_rows import clock_text
from ifllm_desktop.ui.widgets import label
from ifllm_desktop.ui.widgets_button import Button


class TransportBar(QFrame):
    """Controls of the player; it only says what was pressed.

    Attributes
    ----------
    pressed : Signal(str)
        ``first``, ``step_back``, ``play``, ``step_forward``, ``last``, ``loop``, ``skip_gaps``, ``zoom_out``,
        ``zoom_in``, ``fit`` or ``screen``.
    speed_chosen : Signal(float)
    """

    pressed = Signal(str)
    speed_chosen = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "bar")
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(12, 6, 12, 6)
        self._layout.setSpacing(4)
        self.buttons: dict[str, Button] = {}
        self._add("first", "first", "", "", self.tr("To the start (Home)"))
        self._add("step_back", "step_back", "", "", self.tr("One frame back (←), one second (Shift+←)"))
        self._add("play", "play", "", "", self.tr("Play or pause (Space)"), kind="primary")
        self._add("step_forward", "step_forward", "", "", self.tr("One frame on (→), one second (Shift+→)"))
        self._add("last", "last", "", "", self.tr("To the end (End)"))
        self._layout.addSpacing(8)
        self.time = label("0:00.000", "heading", name="replay_time")
        self.total = label("", "muted", name="replay_total")
        self.time.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._layout.addWidget(self.time)
        self._layout.addWidget(self.total)
        self._layout.addSpacing(8)
        self.speed = QComboBox()
        self.speed.setObjectName("replay_speed")
        self.speed.setAccessibleName(self.tr("Speed"))
        self.speed.setToolTip(self.tr("Speed: J slower, K faster"))
        self.speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.activated.connect(lambda number: self.speed_chosen.emit(SPEEDS[number]))
        self._layout.addWidget(self.speed)
        self._layout.addSpacing(8)
        self._add(
            "loop",
            "loop",
            self.tr("Loop"),
            "L",
            self.tr("Play the chosen stretch again and again (L)"),
            check=True,
        )
        self._add("skip_gaps", "skip_gaps", self.tr("Skip gaps"), "G",
                  self.tr("Jump over losses and pauses (G)"), check=True)  # fmt: skip
        self._layout.addStretch(1)
        self._add("screen", "laptop", self.tr("Screen"), "Z",
                  self.tr("Whole screen, or answers and question only (Z); Ctrl+wheel zooms"), check=True)  # fmt: skip
        self._add("zoom_out", "zoom_out", "", "", self.tr("More time in view (Ctrl+wheel)"))
        self.in_view = label("", "caption", name="replay_in_view")
        self._layout.addWidget(self.in_view)
        self._add("zoom_in", "zoom_in", "", "", self.tr("Less time in view (Ctrl+wheel)"))
        self._add("fit", "fit", self.tr("Fit"), "F", self.tr("The turn, then the whole session (F)"))

    def _add(
        self, name: str, icon: str, text: str, key: str, tip: str, *, kind: str = "plain", check: bool = False
    ) -> None:
        made = Button(text, "primary" if kind == "primary" else "plain", key=key, icon=icon, height_px=30)
        made.setObjectName(f"replay_{name}")
        made.setToolTip(tip)
        made.setAccessibleName(text or tip)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setCheckable(check)
        made.clicked.connect(lambda: self.pressed.emit(name))
        if not text:
            made.setFixedWidth(current_theme().px(44 if kind == "primary" else 32))
            made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.buttons[name] = made
        self._layout.addWidget(made)

    def show_player(self, state: PlayerState, duration_ns: int) -> None:
        """Bring every control up to date."""
        self.time.setText(clock_text(state.t_ns, ms=True))
        self.total.setText(self.tr("of {total}").format(total=clock_text(duration_ns)))
        self.buttons["play"].set_icon_name("pause" if state.playing else "play")
        self.buttons["loop"].setChecked(state.loop_ns is not None)
        self.buttons["skip_gaps"].setChecked(state.skip_gaps)
        if state.speed in SPEEDS:
            self.speed.setCurrentIndex(SPEEDS.index(state.speed))

    def set_view(self, t0_ns: float, t1_ns: float) -> None:
        """How much time the timeline shows."""
        self.in_view.setText(self.tr("{seconds} s in view").format(seconds=f"{(t1_ns - t0_ns) / 1e9:.0f}"))

    def set_room(self, width_px: float) -> None:
        """Leave out what is said elsewhere or has a key; ``width_px`` at 100 % text size."""
        self.in_view.setVisible(width_px >= 1100)
        self.total.setVisible(width_px >= 1100)
        for name in ("zoom_in", "zoom_out", "first", "last"):
            self.buttons[name].setVisible(width_px >= 900)
        for name in ("loop", "skip_gaps", "screen", "fit"):
            self.buttons[name].setVisible(width_px >= 620)
