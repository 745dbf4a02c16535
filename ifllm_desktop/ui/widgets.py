"""Small shared parts: labels by role, cards, chips, icons, the recording light, steps and progress."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ifllm_desktop.ui.icons import paint_icon
from ifllm_desktop.ui.theme import current_theme

Tone = Literal["accent", "success", "warning", "danger", "muted", "gaze"]


def label(text: str = "", role: str = "body", *, wrap: bool = False, name: str = "") -> QLabel:
    """A text in one of the style sheet's roles; plain text, so nothing in it is taken for markup."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    made.setObjectName(name)
    if wrap:
        made.setMinimumWidth(40)
    return made


def set_role(widget: QWidget, role: str, prop: str = "role") -> None:
    """Change a style sheet property of a widget and redraw it."""
    if widget.property(prop) != role:
        widget.setProperty(prop, role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        widget.update()


def frame(surface: str, layout: QLayout | None = None, name: str = "") -> QFrame:
    """A frame in one of the style sheet's surfaces."""
    made = QFrame()
    made.setProperty("surface", surface)
    made.setObjectName(name)
    if layout is not None:
        made.setLayout(layout)
    return made


def row(
    *items: QWidget | QLayout | int | None,
    spacing: int = 8,
    margins: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> QHBoxLayout:
    """Widgets side by side; an int is a fixed gap in px, None a stretch."""
    layout = QHBoxLayout()
    _fill(layout, items, spacing, margins)
    return layout


def column(
    *items: QWidget | QLayout | int | None,
    spacing: int = 8,
    margins: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> QVBoxLayout:
    """Widgets one below the other; an int is a fixed gap in px, None a stretch."""
    layout = QVBoxLayout()
    _fill(layout, items, spacing, margins)
    return layout


def _fill(
    layout: QBoxLayout,
    items: tuple[QWidget | QLayout | int | None, ...],
    spacing: int,
    margins: tuple[int, int, int, int],
) -> None:
    layout.setSpacing(spacing)
    layout.setContentsMargins(*margins)
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(item)
        elif isinstance(item, QLayout):
            layout.addLayout(item)
        else:
            layout.addWidget(item)


def empty(layout: QLayout) -> None:
    """Take everything out of a layout; its widgets go away."""
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def line(*, vertical: bool = False) -> QFrame:
    """A hairline."""
    return frame("line_v" if vertical else "line")


class ElidedLabel(QLabel):
    """One line that ends with an ellipsis where there is no room; all of it is in the tooltip."""

    def __init__(self, text: str, role: str) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        self.setToolTip(text)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def setText(self, text: str) -> None:
        super().setText(text)
        self.setToolTip(text)
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), int(self.alignment()), text)
        painter.end()


class IconMark(QWidget):
    """An icon that follows the theme."""

    def __init__(self, name: str, token: str = "accent", size_px: int = 18) -> None:
        super().__init__()
        self._name = name
        self._token = token
        self._size_px = size_px
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_icon(self, name: str, token: str) -> None:
        """Show another icon or colour."""
        if (name, token) != (self._name, self._token):
            self._name, self._token = name, token
            self.update()

    def sizeHint(self) -> QSize:
        side = current_theme().px(self._size_px)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_icon(painter, QRectF(self.rect()), self._name, self._token)
        painter.end()


class Chip(QWidget):
    """A pill with an icon and a word: a state that is told by both."""

    def __init__(self, text: str = "", tone: Tone = "accent", icon: str = "", name: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        self._text, self._tone, self._icon = text, tone, icon
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """What it says."""
        return self._text

    def set_state(self, text: str, tone: Tone, icon: str = "") -> None:
        """Say something else."""
        if (text, tone, icon) == (self._text, self._tone, self._icon):
            return
        self._text, self._tone, self._icon = text, tone, icon
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        theme = current_theme()
        width = QFontMetricsF(theme.font(12)).horizontalAdvance(self._text) + 20
        if self._icon:
            width += theme.px(12) + 4
        return QSize(round(width), theme.px(20))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_chip(painter, QRectF(self.rect()), self._text, self._tone, self._icon)
        painter.end()


def paint_chip(painter: QPainter, box: QRectF, text: str, tone: Tone, icon: str = "") -> None:
    """Paint a chip; ``muted`` has a dashed outline and no fill (what is refused)."""
    theme = current_theme()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ink = {"muted": "text_muted"}.get(tone, tone)
    if tone == "muted":
        painter.setBrush(theme.color("surface"))
        painter.setPen(QPen(theme.color("border_strong"), 1, Qt.PenStyle.DashLine))
    else:
        painter.setBrush(theme.color(f"{tone}_soft"))
        painter.setPen(Qt.PenStyle.NoPen)
    inner = box.adjusted(0.5, 0.5, -0.5, -0.5)
    painter.drawRoundedRect(inner, inner.height() / 2, inner.height() / 2)
    x = box.left() + 10
    if icon:
        side = theme.px(12)
        paint_icon(painter, QRectF(x - 2, box.center().y() - side / 2, side, side), icon, ink)
        x += side + 2
    painter.setFont(theme.font(12))
    painter.setPen(theme.color(ink))
    text_box = QRectF(x, box.top(), box.right() - x, box.height())
    painter.drawText(text_box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
    painter.restore()


class RecordingLight(QWidget):
    """The light that is always visible: filled while something is recorded, hollow while nothing is."""

    def __init__(self) -> None:
        super().__init__()
        self._token = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def token(self) -> str:
        """Colour token of the lit light, empty for a hollow one."""
        return self._token

    def set_state(self, token: str) -> None:
        """``recording``, ``warning`` (camera on, nothing stored) or empty (hollow)."""
        if token != self._token:
            self._token = token
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(12, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        center = QPointF(self.width() / 2, self.height() / 2)
        if self._token:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(current_theme().color(self._token))
            painter.drawEllipse(center, 5, 5)
        else:
            painter.setPen(QPen(current_theme().color("border_strong"), 2))
            painter.drawEllipse(center, 4, 4)
        painter.end()


class StepBar(QWidget):
    """Where one is among a few steps: a dash each, the present one longer."""

    def __init__(self) -> None:
        super().__init__()
        self._step, self._n_steps = 0, 0
        self._has_room = True
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_step(self, step: int, n_steps: int) -> None:
        """Step from 1; 0 steps hide the bar."""
        if (step, n_steps) != (self._step, self._n_steps):
            self._step, self._n_steps = step, n_steps
            self.setVisible(n_steps > 1 and self._has_room)
            self.updateGeometry()
            self.update()

    def set_room(self, has_room: bool) -> None:
        """Hide the bar where only the words have room."""
        if has_room != self._has_room:
            self._has_room = has_room
            self.setVisible(self._n_steps > 1 and has_room)

    def sizeHint(self) -> QSize:
        return QSize(max(0, self._n_steps * 30 + 16), 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        theme = current_theme()
        x = 0.0
        for step in range(1, self._n_steps + 1):
            width = 40.0 if step == self._step else 24.0
            painter.setBrush(theme.color("accent" if step <= self._step else "border"))
            painter.drawRoundedRect(QRectF(x, 2, width, 4), 2, 2)
            x += width + 6
        painter.end()


class ProgressLine(QWidget):
    """A 6 px bar without text; the words stand beside it."""

    def __init__(self, token: str = "accent") -> None:
        super().__init__()
        self._fraction = 0.0
        self._token = token
        self.setFixedHeight(6)
        self.setMinimumWidth(40)

    def set_fraction(self, fraction: float, token: str | None = None) -> None:
        """0..1; values outside are clipped, NaN is empty."""
        self._fraction = min(1.0, max(0.0, fraction)) if fraction == fraction else 0.0
        self._token = token or self._token
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        theme = current_theme()
        box = QRectF(self.rect())
        painter.setBrush(theme.color("sunken"))
        painter.drawRoundedRect(box, 3, 3)
        if self._fraction > 0:
            painter.setBrush(theme.color(self._token))
            painter.drawRoundedRect(QRectF(0, 0, max(6.0, box.width() * self._fraction), 6), 3, 3)
        painter.end()


def scrolling(content: QWidget, name: str = "") -> QScrollArea:
    """The content in a frame that scrolls when it needs more room."""
    area = QScrollArea()
    area.setObjectName(name)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    content.setProperty("surface", content.property("surface") or "plain")
    area.setWidget(content)
    area.viewport().setAutoFillBackground(False)
    return area
