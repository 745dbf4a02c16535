"""The rows of the camera check: state, name, value, what to do, and for some a small gauge."""

from __future__ import annotations

import math
from collections import deque
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ifllm_desktop.ui.camera_health import DISTANCE_CM, Verdict
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import IconMark, column, label, row, set_role

_LOOKS = {
    "good": ("check_circle", "success", "muted"), "warning": ("alert", "warning", "warning"),
    "bad": ("danger", "danger", "danger"), "unknown": ("wait", "text_muted", "muted"),
    "note": ("info", "accent", "muted"),
}  # fmt: skip


class DistanceGauge(QWidget):
    """A scale from 30 to 90 cm with the good part marked and a pointer at the value."""

    RANGE_CM = (30.0, 90.0)

    def __init__(self) -> None:
        super().__init__()
        self._cm = math.nan
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(120, 12 + current_theme().px(14))

    def set_value(self, cm: float) -> None:
        """NaN shows no pointer; values beyond the ends stay at the end."""
        self._cm = cm
        self.update()

    def _x(self, cm: float) -> float:
        low, high = self.RANGE_CM
        return 6 + (min(max(cm, low), high) - low) / (high - low) * (self.width() - 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("sunken"))
        painter.drawRoundedRect(QRectF(6, 4, self.width() - 12, 6), 3, 3)
        painter.setBrush(theme.color("success"))
        left, right = (self._x(cm) for cm in DISTANCE_CM)
        painter.drawRect(QRectF(left, 4, right - left, 6))
        if math.isfinite(self._cm):
            x = self._x(self._cm)
            painter.setBrush(theme.color("text"))
            painter.setPen(QPen(theme.color("surface"), 1))
            painter.drawPolygon(
                QPolygonF(
                    [
                        QPointF(x - 5, 1),
                        QPointF(x + 5, 1),
                        QPointF(x + 5, 7),
                        QPointF(x, 12),
                        QPointF(x - 5, 7),
                    ]
                )
            )
        painter.setPen(theme.color("text_muted"))
        painter.setFont(theme.font(11))
        for cm in (self.RANGE_CM[0], *DISTANCE_CM, self.RANGE_CM[1]):
            box = QRectF(self._x(cm) - 20, 12, 40, self.height() - 12)
            box.moveLeft(min(max(box.left(), 0), self.width() - 40))
            side = Qt.AlignmentFlag.AlignHCenter
            if cm == self.RANGE_CM[0]:
                side = Qt.AlignmentFlag.AlignLeft
            elif cm == self.RANGE_CM[1]:
                side = Qt.AlignmentFlag.AlignRight
            painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, f"{cm:.0f}")
        painter.end()


class TrendLine(QWidget):
    """The last ten seconds of a figure as a line, between 0 and its greatest value."""

    N_VALUES = 50

    def __init__(self, limit: float) -> None:
        super().__init__()
        self._values: deque[float] = deque(maxlen=self.N_VALUES)
        self._limit = limit
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(120, 16)

    def add(self, value: float) -> None:
        """The next value; NaN breaks the line."""
        self._values.append(value)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = max([v for v in self._values if math.isfinite(v)], default=0.0)
        top = max(top, self._limit) * 1.1
        span = self.height() - 3

        def y(value: float) -> float:
            return self.height() - 1.5 - value / top * span

        painter.setPen(QPen(theme.color("border"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(0, y(self._limit)), QPointF(self.width(), y(self._limit)))
        step = self.width() / (self.N_VALUES - 1)
        start = self.width() - step * (len(self._values) - 1)
        points = [QPointF(start + k * step, y(v)) for k, v in enumerate(self._values) if math.isfinite(v)]
        slow = bool(points) and self._values[-1] < self._limit
        painter.setPen(QPen(theme.color("danger" if slow else "success"), 1.5))
        for a, b in pairwise(points):
            if b.x() - a.x() < 1.5 * step:
                painter.drawLine(a, b)
        painter.end()


class CheckRow(QFrame):
    """One check: state, name, value with its unit, what to do, and a gauge where there is room."""

    def __init__(self, title: str, name: str, *, first: bool = False, gauge: QWidget | None = None) -> None:
        super().__init__()
        self.setProperty("surface", "row_first" if first else "row")
        self.setObjectName(name)
        self._mark = IconMark("wait", "text_muted", 20)
        self._title = title
        self._value = label("–", "muted", name=f"{name}_value")
        self._hint = label("", "caption", wrap=True, name=f"{name}_hint")
        self._gauge = gauge
        inner: QVBoxLayout = column(row(label(title, "strong"), None, self._value), self._hint, spacing=2)
        if gauge is not None:
            inner.addWidget(gauge)
        self._layout = QHBoxLayout(self)
        self._layout.setSpacing(12)
        self._layout.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        self._layout.addLayout(inner, 1)
        self.state = ""

    def set_tight(self, tight: bool) -> None:
        """Less room above and below, and no gauge where the text is large."""
        vertical_px = 6 if tight else 10
        self._layout.setContentsMargins(16, vertical_px, 16, vertical_px)
        if self._gauge is not None:
            self._gauge.setVisible(not tight or current_theme().text_scale == 100)

    def set_verdict(self, verdict: Verdict, *, held: bool = False) -> None:
        """Show a verdict; a held one is grey, because it is of a while ago."""
        self.state = verdict.state
        icon, token, role = _LOOKS["unknown" if held else verdict.state]
        self._mark.set_icon(icon, token)
        self._value.setText(verdict.value)
        self._hint.setText(verdict.hint)
        set_role(self._value, role)
        self.setAccessibleName(f"{self._title}: {verdict.value}")
        self.setAccessibleDescription(verdict.hint)
