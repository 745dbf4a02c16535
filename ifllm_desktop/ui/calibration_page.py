"""Calibration and validation: nothing but the target on an even grey."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen

from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.session.target_run import TargetView
from ifllm_desktop.ui.participant_page import ParticipantPage
from ifllm_desktop.ui.theme import current_theme

KEEP_CLEAR_PX = 160
"""Words and progress hide when a target comes nearer than this."""


class CalibrationPage(ParticipantPage):
    """One painted widget. The conductor's clock moves the target; this page only draws where it is.

    Notes
    -----
    No layout of the base class is used: the page fills the window, and the window hides its header.
    """

    def __init__(self) -> None:
        super().__init__(10_000, "page_calibration")
        self.scroller.hide()
        self._line.hide()
        self._target: TargetView | None = None
        self._recording = True
        self.gaze_simulated = False
        self._validation = False
        self.setCursor(Qt.CursorShape.BlankCursor)

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        self._validation = snapshot.page == "validation"
        self._recording = not snapshot.paused
        self.update()

    def set_target(self, target: TargetView | None) -> None:
        """Draw this target now; None for an empty page."""
        self._target = target
        self.update()

    def target_center(self) -> tuple[float, float] | None:
        """Centre of the shown target in screen px, for the scene."""
        return (self._target.x_px, self._target.y_px) if self._target is not None else None

    def _local(self, target: TargetView) -> QPointF:
        origin = self.mapToGlobal(QPoint(0, 0))
        return QPointF(target.x_px - origin.x(), target.y_px - origin.y())

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.color("calib"))
        center = self._local(self._target) if self._target is not None else None
        if self._target is not None and center is not None and self._target.stage != "done":
            self._paint_target(painter, center, self._target)
        self._paint_rim(painter, center)
        painter.end()

    def _paint_target(self, painter: QPainter, center: QPointF, target: TargetView) -> None:
        theme = current_theme()
        # it shrinks onto its centre while the eyes arrive, so that they end on the middle
        radius = {"travel": 30.0, "settle": 24.0}.get(target.stage, 18.0)
        ring = QRectF(center.x() - 36, center.y() - 36, 72, 72)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("border"), 5))
        painter.drawEllipse(ring)
        if target.stage == "collect":
            pen = QPen(theme.color("accent"), 5)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawArc(ring, 90 * 16, -round(360 * 16 * min(1.0, max(0.0, target.progress))))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(center, radius, radius)
        painter.setBrush(theme.color("calib"))
        painter.drawEllipse(center, 6, 6)
        painter.setBrush(theme.color("text"))
        painter.drawEllipse(center, 2.5, 2.5)

    def _free(self, center: QPointF | None, box: QRectF) -> bool:
        if center is None:
            return True
        dx = max(box.left() - center.x(), 0.0, center.x() - box.right())
        dy = max(box.top() - center.y(), 0.0, center.y() - box.bottom())
        return math.hypot(dx, dy) >= KEEP_CLEAR_PX - 36

    def _paint_rim(self, painter: QPainter, center: QPointF | None) -> None:
        theme = current_theme()
        font = theme.font(12)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        recorded = self.tr("Recording simulated gaze") if self.gaze_simulated else self.tr("Recording gaze")
        light = recorded if self._recording else self.tr("Paused")
        box = QRectF(24, 18, metrics.horizontalAdvance(light) + 24, metrics.height())
        if self._free(center, box):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("recording" if self._recording else "border_strong"))
            painter.drawEllipse(QPointF(box.left() + 5, box.center().y()), 5, 5)
            painter.setPen(theme.color("text_muted"))
            painter.drawText(box.adjusted(18, 0, 6, 0), Qt.AlignmentFlag.AlignVCenter, light)
        keys = self.tr("F9 pause   Esc stop")
        width = metrics.horizontalAdvance(keys)
        box = QRectF(self.width() - 24 - width, 18, width + 2, metrics.height())
        if self._free(center, box):
            painter.setPen(theme.color("text_muted"))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, keys)
        self._paint_progress(painter, center)

    def _words(self) -> str:
        if self._target is None:
            return self.tr("One moment …")
        if self._target.face_lost:
            return self.tr("I cannot see your eyes. It goes on by itself when I can.")
        if self._target.repeated:
            return self.tr("Once more: your gaze moved at this point. Look at the centre.")
        form = self.tr("Point {index} of {n}. Look at the centre until the ring closes.")
        if self._validation:
            form = self.tr("Check point {index} of {n}. Look at the centre until the ring closes.")
        return form.format(index=min(self._target.index + 1, self._target.n), n=self._target.n)

    def _paint_progress(self, painter: QPainter, center: QPointF | None) -> None:
        theme = current_theme()
        font = theme.font("body")
        words, metrics = self._words(), QFontMetricsF(font)
        width = metrics.horizontalAdvance(words) + 8
        bottom = self.height() - 22 - metrics.height()
        box = QRectF((self.width() - width) / 2, bottom, width, metrics.height())
        if not self._free(center, box.adjusted(0, -24, 0, 0)):
            return
        painter.setFont(font)
        painter.setPen(
            theme.color("text" if self._target is not None and self._target.face_lost else "text_muted")
        )
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        if self._target is None:
            return
        n, index = self._target.n, self._target.index
        x = self.width() / 2 - (n - 1) * 11
        for number in range(n):
            done, now = number < index, number == index
            painter.setPen(QPen(theme.color("accent" if done or now else "border_strong"), 1.5))
            painter.setBrush(theme.color("accent") if done or now else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x + number * 22, bottom - 14), 6 if now else 4, 6 if now else 4)

    def focus_first(self) -> None:
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keys(self) -> list[tuple[str, str]]:
        return [("F9", self.tr("pause")), ("Esc", self.tr("pause, and stop from there"))]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.command.emit("pause", ())
            return
        event.ignore()
