"""Side panels of the replay: layers with their keys, and what holds at the playhead."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.replay.timeline import ReplayState
from ifllm_desktop.ui.label_panel import panel_head
from ifllm_desktop.ui.theme import RADIUS_CONTROL_PX, current_theme
from ifllm_desktop.ui.timeline_rows import clock_text, state_word
from ifllm_desktop.ui.widgets import Chip, Tone, label

DASH = "–"
STATE_TONES: dict[str, Tone] = {
    "reading": "gaze", "streaming": "accent", "comparing": "accent", "rating": "warning",
}  # fmt: skip


class LayerRow(QAbstractButton):
    """One layer: tick, its mark, its name, its key."""

    def __init__(self, name: str, title: str, key: str) -> None:
        super().__init__()
        self._name = name
        self._key = key
        self.setObjectName(f"layer_{name}")
        self.setCheckable(True)
        self.setText(title)
        self.setAccessibleName(title)
        self.setToolTip(f"{title} ({key})")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, current_theme().px(26))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse() and self.isEnabled():
            painter.fillRect(self.rect(), theme.color("raised"))
        if self.hasFocus():
            painter.setPen(QPen(theme.color("focus"), 2))
            box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(box, RADIUS_CONTROL_PX, RADIUS_CONTROL_PX)
        middle = self.height() / 2
        self._paint_tick(painter, QRectF(12, middle - 8, 16, 16))
        self._paint_mark(painter, QPointF(46, middle))
        painter.setFont(theme.font(14))
        painter.setPen(theme.color("text" if self.isEnabled() else "text_disabled"))
        room = QRectF(64, 0, self.width() - 100, self.height())
        text = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
        cap = QRectF(self.width() - 32, middle - 9, 20, 18)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(cap, 4, 4)
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("text_muted"))
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, self._key)
        painter.end()

    def _paint_tick(self, painter: QPainter, box: QRectF) -> None:
        theme = current_theme()
        on = self.isChecked() and self.isEnabled()
        painter.setPen(QPen(theme.color("accent" if on else "border_strong"), 1))
        painter.setBrush(theme.color("accent" if on else "surface"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        if self.isChecked():
            painter.setPen(QPen(theme.color("on_accent" if on else "text_disabled"), 2))
            x, y = box.left(), box.top()
            painter.drawLine(QPointF(x + 4, y + 8.5), QPointF(x + 7, y + 11.5))
            painter.drawLine(QPointF(x + 7, y + 11.5), QPointF(x + 12, y + 5))

    def _paint_mark(self, painter: QPainter, center: QPointF) -> None:
        theme = current_theme()
        painter.setPen(Qt.PenStyle.NoPen)
        if self._name == "gaze":
            painter.setBrush(theme.color("gaze"))
            painter.drawEllipse(center, 5, 5)
        elif self._name == "uncertainty":
            painter.setBrush(theme.color("gaze_soft"))
            painter.setPen(QPen(theme.color("gaze"), 1.4))
            painter.drawEllipse(center, 8, 8)
        elif self._name == "pointer":
            painter.setPen(QPen(theme.color("pointer"), 2.4, Qt.PenStyle.DotLine))
            painter.drawLine(center - QPointF(8, 0), center + QPointF(8, 0))
        elif self._name == "areas":
            painter.setPen(QPen(theme.color("border_strong"), 1.2, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(center.x() - 7, center.y() - 6, 14, 12))
        elif self._name == "labels":
            color = theme.labels[3]
            painter.fillRect(QRectF(center.x() - 8, center.y() - 7, 16, 14), QColor(color.tint))
            painter.fillRect(QRectF(center.x() - 8, center.y() + 5, 16, 2), QColor(color.edge))

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)


class LayerPanel(QWidget):
    """All layers that can be drawn.

    Attributes
    ----------
    toggled : Signal(str, bool)
        Name of a layer and whether it is shown.
    """

    toggled = Signal(str, bool)

    def __init__(self, shown: dict[str, bool]) -> None:
        super().__init__()
        titles = {
            "gaze": self.tr("Gaze points"), "uncertainty": self.tr("Uncertainty, 68 and 95 %"),
            "pointer": self.tr("Pointer and clicks"), "areas": self.tr("Areas of interest"),
            "labels": self.tr("Labels on text"),
        }  # fmt: skip
        self.rows: dict[str, LayerRow] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(0)
        self._hint = label("", "caption")
        layout.addWidget(panel_head(self.tr("Layers"), self._hint))
        layout.addSpacing(4)
        for number, (name, on) in enumerate(shown.items(), start=1):
            made = LayerRow(name, titles[name], str(number))
            made.setChecked(on)
            made.toggled.connect(lambda on, name=name: self.toggled.emit(name, on))
            self.rows[name] = made
            layout.addWidget(made)

    def toggle(self, number: int) -> bool:
        """Switch the layer with this key; False when there is none or it cannot be had."""
        rows = list(self.rows.values())
        if not 1 <= number <= len(rows) or not rows[number - 1].isEnabled():
            return False
        rows[number - 1].toggle()
        return True

    def set_has_gaze(self, has_gaze: bool) -> None:
        """Without gaze its layers are greyed, with the reason."""
        for name in ("gaze", "uncertainty"):
            self.rows[name].setEnabled(has_gaze)
        self._hint.setText("" if has_gaze else self.tr("no gaze was recorded"))

    def set_digits_label(self, digits_label: bool) -> None:
        """Say whether digits switch layers or give labels to the chosen words."""
        if self.rows["gaze"].isEnabled():
            self._hint.setText(self.tr("digits label the selection") if digits_label else "")


class StateReadout(QWidget):
    """Figures at the playhead, each with its unit."""

    def __init__(self) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(0)
        self._chip = Chip(name="replay_state_chip")
        head = panel_head("", self._chip)
        self._title = head.findChild(QLabel)
        layout.addWidget(head)
        grid = QGridLayout()
        grid.setContentsMargins(12, 6, 12, 4)
        grid.setVerticalSpacing(3)
        self._values: dict[str, QLabel] = {}
        self._dropped: list[QLabel] = []
        names = {
            "gaze": self.tr("Gaze"), "sd": self.tr("σ x, y"), "pointer": self.tr("Pointer"),
            "scroll": self.tr("Scroll A, B"), "epoch": self.tr("Layout A, B"), "ratings": self.tr("Ratings A, B"),
        }  # fmt: skip
        for number, (key, title) in enumerate(names.items()):
            name = label(title, "caption")
            grid.addWidget(name, number, 0)
            value = label(DASH, "caption_strong", name=f"replay_{key}")
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(value, number, 1)
            self._values[key] = value
            if key in ("epoch", "ratings"):
                self._dropped += [name, value]
        grid.setColumnStretch(1, 1)
        layout.addLayout(grid)

    def set_compact(self, compact: bool) -> None:
        """Leave out the last two figures."""
        for widget in self._dropped:
            widget.setVisible(not compact)

    def show_state(self, state: ReplayState) -> None:
        """Write down another moment."""
        if self._title is not None:
            self._title.setText(self.tr("At {time}").format(time=clock_text(state.t_ns, ms=True)))
        tone = STATE_TONES.get(state.turn_state, "muted")
        self._chip.setVisible(bool(state.turn_state))
        self._chip.set_state(state_word(state.turn_state), tone)
        for key, text in self._texts(state).items():
            self._values[key].setText(text)

    def _texts(self, state: ReplayState) -> dict[str, str]:
        gaze, pointer = state.gaze, state.pointer
        px = self.tr("{x}, {y} px")
        known_sd = gaze is not None and math.isfinite(gaze.sd_x_px) and math.isfinite(gaze.sd_y_px)
        answers = state.responses
        scrolls = ", ".join(f"{r.scroll_px:.0f}" for r in answers)
        ratings = ", ".join(str(state.ratings.get(r.response_id, DASH)) for r in answers)
        return {
            "gaze": px.format(x=round(gaze.x_px), y=round(gaze.y_px)) if gaze else self._why_no_gaze(state),
            "sd": px.format(x=round(gaze.sd_x_px), y=round(gaze.sd_y_px)) if gaze and known_sd else DASH,
            "pointer": self._pointer_text(state) if pointer else DASH,
            "scroll": self.tr("{values} px").format(values=scrolls) if answers else DASH,
            "epoch": ", ".join(str(r.layout.head.epoch) for r in answers) or DASH,
            "ratings": ratings or DASH,
        }

    def _why_no_gaze(self, state: ReplayState) -> str:
        return state.loss.name.replace("_", " ") if state.loss is not None else DASH

    def _pointer_text(self, state: ReplayState) -> str:
        assert state.pointer is not None
        place = self.tr("{x}, {y} px").format(x=round(state.pointer.x_px), y=round(state.pointer.y_px))
        still_s = (state.t_ns - state.pointer.t_ns) / NS_PER_S
        return self.tr("{place} · {seconds} s still").format(place=place, seconds=f"{still_s:.1f}") \
            if still_s >= 0.5 else place  # fmt: skip
