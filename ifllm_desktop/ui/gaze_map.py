"""Map of the screen with each validation target, its error in true length, and its scatter."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.session.snapshot import TargetOutcome
from ifllm_desktop.ui.theme import current_theme

# 68 % of a two-dimensional normal distribution lie within sqrt(2k) standard deviations, k = ln(1 / (1 - .68))
_ELLIPSE_SD = math.sqrt(2.0 * math.log(1.0 / (1.0 - 0.68)))


class GazeMap(QWidget):
    """Targets as crosses, arrows from the target to the mean estimate, ellipses of 68 % scatter."""

    def __init__(self) -> None:
        super().__init__()
        self._targets: tuple[TargetOutcome, ...] = ()
        self._screen = Screen(1920, 1080)
        self._worst = -1
        self.setMinimumSize(QSize(300, 170))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Error at each target"))

    def sizeHint(self) -> QSize:
        return QSize(760, 428)

    def set_targets(self, targets: tuple[TargetOutcome, ...], screen: Screen, worst: int = -1) -> None:
        """What to draw; ``worst`` is the index of the target to stand out."""
        self._targets, self._screen, self._worst = targets, screen, worst
        self.update()

    def _scale(self) -> tuple[QRectF, float]:
        factor = min((self.width() - 2) / self._screen.w_px, (self.height() - 2) / self._screen.h_px)
        box = QRectF(0, 0, self._screen.w_px * factor, self._screen.h_px * factor)
        box.moveCenter(QPointF(self.width() / 2, self.height() / 2))
        return box, factor

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box, factor = self._scale()
        painter.setPen(QPen(theme.color("border_strong"), 1))
        painter.setBrush(theme.color("sunken"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setClipRect(box)
        for target in self._targets:
            worst = target.target_index == self._worst
            self._paint_estimate(painter, box.topLeft(), factor, target, "warning" if worst else "gaze")
        for target in self._targets:
            self._paint_cross(painter, box, factor, target)
        painter.end()

    def _paint_estimate(
        self, painter: QPainter, origin: QPointF, factor: float, target: TargetOutcome, token: str
    ) -> None:
        if not math.isfinite(target.error_px):
            return
        theme = current_theme()
        start = origin + QPointF(target.x_px, target.y_px) * factor
        end = origin + QPointF(target.mean_x_px, target.mean_y_px) * factor
        painter.setPen(QPen(theme.color(token), 1.5))
        painter.setBrush(theme.color(token, 0.16))
        if math.isfinite(target.sd_x_px) and math.isfinite(target.sd_y_px):
            painter.drawEllipse(
                end, target.sd_x_px * _ELLIPSE_SD * factor, target.sd_y_px * _ELLIPSE_SD * factor
            )
        painter.setPen(QPen(theme.color(token), 2.5))
        painter.drawLine(start, end)
        length = math.hypot(end.x() - start.x(), end.y() - start.y())
        if length < 4:
            return
        ux, uy = (end.x() - start.x()) / length, (end.y() - start.y()) / length
        head = min(9.0, length / 2)
        back = end - QPointF(ux, uy) * head
        side = QPointF(-uy, ux) * head * 0.5
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(token))
        painter.drawPolygon(QPolygonF([end, back + side, back - side]))

    def _paint_cross(self, painter: QPainter, box: QRectF, factor: float, target: TargetOutcome) -> None:
        theme = current_theme()
        center = box.topLeft() + QPointF(target.x_px, target.y_px) * factor
        painter.setPen(QPen(theme.color("text"), 2))
        painter.drawLine(center - QPointF(7, 0), center + QPointF(7, 0))
        painter.drawLine(center - QPointF(0, 7), center + QPointF(0, 7))
        if math.isfinite(target.error_px):
            text = self.tr("{n} · {error:.0f} px").format(n=target.target_index + 1, error=target.error_px)
        else:
            text = self.tr("{n} · not measured").format(n=target.target_index + 1)
        font = theme.font(12)
        metrics = QFontMetricsF(font)
        width = metrics.horizontalAdvance(text) + 8
        # the words stand on the side that the arrow does not take
        above = not (math.isfinite(target.mean_y_px) and target.mean_y_px < target.y_px)
        y = center.y() - 10 - metrics.height() if above else center.y() + 10
        y = min(max(y, box.top() + 2), box.bottom() - metrics.height() - 2)
        x = min(max(center.x() - width / 2, box.left() + 2), box.right() - width - 2)
        painter.setFont(font)
        painter.setPen(theme.color("text_muted"))
        painter.drawText(QRectF(x, y, width, metrics.height()), Qt.AlignmentFlag.AlignCenter, text)
