"""Where gaze is off: error at each target, and error over the screen."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPixmap, QResizeEvent

from ifllm_desktop.analysis.audit_figures import Ellipse, HeatFigure, TargetErrors, TargetFigure
from ifllm_desktop.analysis.plot_scale import HEAT_STEPS, heat_edges, heat_step
from ifllm_desktop.ui.gaze_map import paint_arrow
from ifllm_desktop.ui.plot_axes import Plot
from ifllm_desktop.ui.theme import current_theme


class TargetPlot(Plot):
    """The screen with every validation target: mean arrow and 68 % ellipse, a thin line for each session."""

    def __init__(self, name: str = "audit_targets") -> None:
        super().__init__(name, "")
        self.setAccessibleName(self.tr("Error at each target"))
        self.figure = TargetFigure()
        self.chosen: TargetFigure | None = None

    def set_figure(self, figure: TargetFigure) -> None:
        """Show other targets."""
        self.figure = figure
        self.set_empty("" if figure.targets else self.tr("No target was validated yet."))

    def choose(self, session: TargetFigure | None) -> None:
        """Light up one session, given as a figure of its own; None for none."""
        self.chosen = session
        self.update()

    def screen_box(self) -> tuple[QRectF, float]:
        """Where the screen is drawn, and px of this widget for one of the screen."""
        w, h = self.figure.screen_px
        # errors at the rim reach beyond the screen: a margin of a twelfth keeps them in sight
        factor = min((self.width() - 8) / (w * 1.12), (self.height() - 8) / (h * 1.12))
        box = QRectF(0, 0, w * factor, h * factor)
        box.moveCenter(QPointF(self.width() / 2, self.height() / 2))
        return box, factor

    def paint_data(self, painter: QPainter) -> None:
        theme = current_theme()
        box, factor = self.screen_box()
        painter.setPen(QPen(theme.color("border_strong"), 1))
        painter.setBrush(theme.color("sunken"))
        painter.drawRoundedRect(box, 4, 4)
        chosen = self.chosen.targets if self.chosen is not None else ()
        for target in self.figure.targets:
            self._paint_cloud(painter, box, factor, target)
        for target in self.figure.targets:
            self._paint_mean(painter, box, factor, target, quiet=bool(chosen))
        w, h = self.figure.screen_px
        for target in chosen:
            assert self.chosen is not None
            own_w, own_h = self.chosen.screen_px
            self._paint_chosen(painter, box.topLeft(), (factor * w / own_w, factor * h / own_h), target)

    def _paint_cloud(self, painter: QPainter, box: QRectF, factor: float, target: TargetErrors) -> None:
        theme = current_theme()
        center = box.topLeft() + QPointF(target.x_px, target.y_px) * factor
        mean = center + QPointF(_or_0(target.mean_dx_px), _or_0(target.mean_dy_px)) * factor
        if target.ellipse is not None:
            paint_ellipse(painter, mean, target.ellipse, factor, theme.color("gaze"), 0.12)
        if len(target.errors_px) > 1:
            painter.setPen(QPen(theme.color("gaze", 0.35), 1))
            painter.drawLines(
                [QLineF(center, center + QPointF(dx, dy) * factor) for dx, dy in target.errors_px.values()]
            )

    def _paint_mean(
        self, painter: QPainter, box: QRectF, factor: float, target: TargetErrors, *, quiet: bool
    ) -> None:
        theme = current_theme()
        center = box.topLeft() + QPointF(target.x_px, target.y_px) * factor
        painter.setPen(QPen(theme.color("text"), 1.5))
        painter.drawLine(center - QPointF(5, 0), center + QPointF(5, 0))
        painter.drawLine(center - QPointF(0, 5), center + QPointF(0, 5))
        if math.isfinite(target.mean_dx_px + target.mean_dy_px):
            end = center + QPointF(target.mean_dx_px, target.mean_dy_px) * factor
            paint_arrow(painter, center, end, "text_muted" if quiet else "fixation")

    def _paint_chosen(
        self, painter: QPainter, origin: QPointF, factors: tuple[float, float], target: TargetErrors
    ) -> None:
        dx, dy = target.mean_dx_px, target.mean_dy_px
        if not math.isfinite(dx + dy):
            return
        center = origin + QPointF(target.x_px * factors[0], target.y_px * factors[1])
        end = center + QPointF(dx * factors[0], dy * factors[1])
        paint_arrow(painter, center, end, "gaze")
        painter.setPen(QPen(current_theme().color("surface"), 1.5))
        painter.setBrush(current_theme().color("gaze"))
        painter.drawEllipse(end, 4, 4)


class HeatPlot(Plot):
    """The screen in parts, each with its median error in numbers; the colour says the same."""

    def __init__(self, name: str = "audit_heat") -> None:
        super().__init__(name, "")
        self.setAccessibleName(self.tr("Error over the screen"))
        self.figure = HeatFigure.empty()
        self._chosen: HeatFigure | None = None
        self._picture: QPixmap | None = None

    def set_figure(self, figure: HeatFigure) -> None:
        """Show other values."""
        self.figure = figure
        values, _unit = figure.shown
        has_any = bool(np.isfinite(values).any())
        self.set_empty("" if has_any else self.tr("No part of the screen was measured yet."))

    def choose(self, session: HeatFigure | None) -> None:
        """Write the figures of one session below those of all; None for none."""
        self._chosen = session
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    def paint_data(self, painter: QPainter) -> None:
        theme = current_theme()
        values, unit = self.figure.shown
        edges = heat_edges(values.ravel())
        metrics = QFontMetricsF(theme.font(12))
        legend = metrics.height() + 14
        area = QRectF(self.rect()).adjusted(4, 4, -4, -legend - 4)
        rows, columns = values.shape
        w, h = area.width() / columns, area.height() / rows
        for row in range(rows):
            for column in range(columns):
                cell = QRectF(area.left() + column * w, area.top() + row * h, w, h).adjusted(1, 1, -1, -1)
                self._paint_cell(painter, cell, row, column, heat_step(float(values[row, column]), edges))
        self._paint_legend(painter, QRectF(area.left(), area.bottom() + 6, area.width(), legend), edges, unit)

    def _paint_cell(self, painter: QPainter, cell: QRectF, row: int, column: int, step: int) -> None:
        theme = current_theme()
        painter.setPen(Qt.PenStyle.NoPen)
        if step == 0:
            painter.setPen(QPen(theme.color("border"), 1, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(cell, 3, 3)
            painter.setPen(theme.color("text_muted"))
            painter.setFont(theme.font(12))
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, "–")
            return
        painter.setBrush(theme.color(f"heat{step}"))
        painter.drawRoundedRect(cell, 3, 3)
        px, deg = float(self.figure.px[row, column]), float(self.figure.deg[row, column])
        lines = [f"{px:.0f}"] if math.isfinite(px) else []
        lines += [f"{deg:.1f}°"] if math.isfinite(deg) else []
        metrics = QFontMetricsF(theme.font(12))
        lines = lines[: max(1, int((cell.height() + 2) // metrics.height()))]
        y = cell.center().y() - len(lines) * metrics.height() / 2
        chosen = self._chosen_text(row, column)
        for number, text in enumerate(lines):
            place = QRectF(cell.left(), y + number * metrics.height(), cell.width(), metrics.height())
            painter.setFont(theme.font(12, bold=number == 0))
            painter.setPen(theme.color("text"))
            gap, own = "  ", metrics.horizontalAdvance(chosen) * 1.1
            first = QFontMetricsF(theme.font(12, bold=True)).horizontalAdvance(text + gap)
            if number or not chosen or first + own > cell.width() - 4:
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
                continue
            left = place.center().x() - (first + own) / 2
            painter.drawText(QPointF(left, place.top() + metrics.ascent()), text)
            painter.setPen(theme.color("fixation"))
            painter.drawText(QPointF(left + first, place.top() + metrics.ascent()), chosen)

    def _chosen_text(self, row: int, column: int) -> str:
        if self._chosen is None or self._chosen.px.shape != self.figure.px.shape:
            return ""
        unit = self.figure.shown[1]
        value = float((self._chosen.px if unit == "px" else self._chosen.deg)[row, column])
        if not math.isfinite(value):
            return ""
        return f"▸{value:.0f}" if unit == "px" else f"▸{value:.1f}°"

    def _paint_legend(self, painter: QPainter, place: QRectF, edges: tuple[float, ...], unit: str) -> None:
        theme = current_theme()
        painter.setFont(theme.font(12))
        metrics = QFontMetricsF(theme.font(12))
        if edges[-1] <= edges[0]:
            return
        width = place.width() / HEAT_STEPS
        for step in range(HEAT_STEPS):
            painter.fillRect(
                QRectF(place.left() + step * width, place.top(), width - 1, 5), theme.color(f"heat{step + 1}")
            )
        painter.setPen(theme.color("text_muted"))
        for number, edge in enumerate(edges):
            text = f"{edge:.0f}" if unit == "px" else f"{edge:.1f}"
            if number == HEAT_STEPS:
                text += " px" if unit == "px" else "°"
            x = place.left() + number * width
            advance = metrics.horizontalAdvance(text)
            x = min(max(place.left(), x - advance / 2), place.right() - advance)
            painter.drawText(QPointF(x, place.top() + 7 + metrics.ascent()), text)


def paint_ellipse(
    painter: QPainter, at: QPointF, ellipse: Ellipse, factor: float, color: QColor, fill: float
) -> None:
    """An ellipse around a place, its inside filled with a share of its colour."""
    painter.save()
    painter.translate(at)
    painter.rotate(ellipse.angle_deg)
    painter.setPen(QPen(color, 1.2))
    inside = QColor(color)
    inside.setAlphaF(fill)
    painter.setBrush(inside)
    painter.drawEllipse(QPointF(0, 0), ellipse.long_px * factor, ellipse.short_px * factor)
    painter.restore()


def _or_0(value: float) -> float:
    return value if math.isfinite(value) else 0.0
