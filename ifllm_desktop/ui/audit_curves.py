"""When gaze is off, and when it is missing: error during a session, and the lengths of gaps."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPixmap, QPolygonF

from ifllm_desktop.analysis.audit_figures import GapFigure, TimeFigure, TimeLine
from ifllm_desktop.analysis.plot_scale import length_text, tick_text, ticks
from ifllm_desktop.ui.plot_axes import Axes, Plot, paint_words, words_width
from ifllm_desktop.ui.theme import current_theme

BLINK_MS = 400.0
"""Blinks end by about here (100–400 ms); a longer gap is a face that was lost or eyes that looked away."""
LONG_MS = 1000.0
_TICKS_MS = (10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0, 30_000.0, 120_000.0)


class TimePlot(Plot):
    """Error of the validation and of each drift check: all sessions grey, the chosen one in the colour of gaze."""

    def __init__(self, name: str = "audit_time") -> None:
        super().__init__(name, "")
        self.setAccessibleName(self.tr("Error during a session"))
        self.figure = TimeFigure()
        self.chosen: TimeLine | None = None
        self._chosen_name = ""
        self._behind: tuple[object, QPixmap] | None = None

    def set_figure(self, figure: TimeFigure) -> None:
        """Show other sessions."""
        self.figure = figure
        self._behind = None
        self.set_empty("" if figure.lines else self.tr("No calibration was validated yet."))

    def choose(self, line: TimeLine | None, name: str = "") -> None:
        """Light up one session; None for none."""
        self.chosen, self._chosen_name = line, name
        self._behind = None  # the axes make room for it
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self.paint_empty(painter):
            axes = self._axes()
            self._paint_behind(painter, axes)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self.chosen is not None:
                self._paint_chosen(painter, axes, self.chosen)
        painter.end()

    def _ranges(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        lines = (*self.figure.lines, *((self.chosen,) if self.chosen is not None else ()))
        points = [piece for line in lines for piece in line.pieces if len(piece)]
        every = np.concatenate(points) if points else np.zeros((1, 2))
        finite = every[np.isfinite(every).all(axis=1)]
        last_min, most = finite.max(axis=0) if len(finite) else (1.0, 1.0)
        if math.isfinite(self.figure.limit):
            most = max(most, self.figure.limit * 1.04)
        return ticks(0.0, max(float(last_min), 1.0 if self.figure.has_checks else 5.0), 6), ticks(
            0.0, max(float(most), 0.5), 4
        )

    def _axes(self) -> Axes:
        x, y = self._ranges()
        box = self.plot_box([tick_text(v) for v in y])
        return Axes(box, (x[0], x[-1]), (y[0], y[-1]))

    def _paint_behind(self, painter: QPainter, axes: Axes) -> None:
        """Axes, all sessions and their median: a picture of its own, for hundreds of lines are drawn once."""
        ratio = self.devicePixelRatioF()
        key = (self.size().toTuple(), ratio, current_theme())
        if self._behind is None or self._behind[0] != key:
            picture = QPixmap(self.size() * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            inside = QPainter(picture)
            inside.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_all(inside, axes)
            inside.end()
            self._behind = (key, picture)
        painter.drawPixmap(0, 0, self._behind[1])

    def _paint_all(self, painter: QPainter, axes: Axes) -> None:
        theme = current_theme()
        x, y = self._ranges()
        error = self.tr("error, deg") if self.figure.unit == "deg" else self.tr("error, px")
        self.paint_axes(
            painter, axes, [(v, tick_text(v)) for v in x], [(v, tick_text(v)) for v in y],
            (self.tr("minutes after calibration"), error),
        )  # fmt: skip
        many = len(self.figure.lines)
        painter.setPen(QPen(theme.color("text_muted", 0.45 if many > 12 else 0.7), 1))
        for line in self.figure.lines:
            for piece in line.pieces:
                painter.drawLines(segments(axes, piece))
                if len(piece) == 1 and many <= 60:
                    painter.drawPoint(axes.point(*piece[0]))
        self._paint_limit(painter, axes)
        self._paint_median(painter, axes)

    def _paint_limit(self, painter: QPainter, axes: Axes) -> None:
        limit = self.figure.limit
        if not math.isfinite(limit):
            return
        y = axes.y_px(limit)
        painter.setPen(QPen(current_theme().color("danger"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(axes.box.left(), y), QPointF(axes.box.right(), y))
        unit = "°" if self.figure.unit == "deg" else " px"
        text = self.tr("exclude above {limit}").format(limit=f"{limit:g}{unit}")
        paint_words(painter, QPointF(axes.box.right(), y - 9), text, "danger", align="right", behind=True)

    def _paint_median(self, painter: QPainter, axes: Axes) -> None:
        median = self.figure.median
        if not len(median):
            return
        theme = current_theme()
        band = median[np.isfinite(median).all(axis=1)]
        if len(band) > 1:
            outline = [axes.point(m, low) for m, _v, low, _h in band]
            outline += [axes.point(m, high) for m, _v, _l, high in reversed(band)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("text_muted", 0.22))
            painter.drawPolygon(QPolygonF(outline))
        painter.setPen(QPen(theme.color("text"), 2))
        painter.drawLines(segments(axes, median[:, :2]))
        words = self.tr("median, 95 %") if len(band) > 1 else self.tr("median")
        last = axes.point(median[-1, 0], median[-1, 3] if len(band) > 1 else median[-1, 1])
        last.setY(max(axes.box.top() + 6, last.y() - 9))
        if abs(last.y() - axes.y_px(self.figure.limit) + 9) < theme.px(14):  # NaN without a limit: False
            last.setY(axes.y_px(self.figure.limit) + theme.px(9))
        side = "right" if last.x() > axes.box.center().x() else "left"
        paint_words(painter, last, words, "text", align=side, behind=True)

    def _paint_chosen(self, painter: QPainter, axes: Axes, line: TimeLine) -> None:
        theme = current_theme()
        for at_min in line.refits_min:
            x = axes.x_px(at_min)
            painter.setPen(QPen(theme.color("accent"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, axes.box.top() + 16), QPointF(x, axes.box.bottom()))
        if line.refits_min:
            x = axes.x_px(line.refits_min[0])
            words = self.tr("new points")
            side = "right" if x + words_width(words) + 6 > axes.box.right() else "left"
            at = QPointF(x + (-5 if side == "right" else 5), axes.box.top() + 24)
            paint_words(painter, at, words, "accent", align=side, behind=True)
        for piece in line.pieces:
            painter.setPen(QPen(theme.color("gaze"), 2))
            painter.drawLines(segments(axes, piece))
            painter.setPen(QPen(theme.color("surface"), 1.5))
            painter.setBrush(theme.color("gaze"))
            for minute, error in piece:
                if math.isfinite(error):
                    painter.drawEllipse(axes.point(minute, error), 4, 4)
        first = next((piece for piece in line.pieces if len(piece)), None)
        if first is not None and self._chosen_name:
            at = axes.point(*first[0])
            below = at.y() + 14 if at.y() + 22 < axes.box.bottom() else at.y() - 14
            paint_words(
                painter, QPointF(at.x() + 8, below), self._chosen_name, "gaze", bold=True, behind=True
            )


class GapPlot(Plot):
    """How long gaps are, on a logarithmic axis; what they cost is said where the long ones begin."""

    def __init__(self, name: str = "audit_gaps") -> None:
        super().__init__(name, "")
        self.setAccessibleName(self.tr("Gaps in gaze"))
        self.figure = GapFigure()
        self.chosen: NDArray[np.float64] | None = None

    def set_figure(self, figure: GapFigure) -> None:
        """Show other gaps."""
        self.figure = figure
        has_any = bool(len(figure.share)) and float(np.nansum(figure.share)) > 0
        self.set_empty("" if has_any else self.tr("No gap in gaze was recorded."))

    def choose(self, share: NDArray[np.float64] | None) -> None:
        """Outline the gaps of one session; None for none."""
        self.chosen = share
        self.update()

    def edges_ms(self) -> NDArray[np.float64]:
        """Edges of the bars that are shown: the first from 0 and the last to infinity are drawn as wide as others."""
        edges = np.array(self.figure.edges_ms, dtype=np.float64)
        if edges[0] <= 0:
            edges[0] = edges[1] ** 2 / edges[2] if len(edges) > 2 else edges[1] / 2
        if not math.isfinite(edges[-1]):
            edges[-1] = edges[-2] ** 2 / edges[-3] if len(edges) > 2 else edges[-2] * 2
        return edges

    def paint_data(self, painter: QPainter) -> None:
        theme, edges = current_theme(), self.edges_ms()
        share = 100 * np.nan_to_num(self.figure.share)
        chosen = self.chosen if self.chosen is not None and len(self.chosen) == len(share) else None
        most = max(
            float(share.max()), 100 * float(np.nan_to_num(chosen).max()) if chosen is not None else 0.0
        )
        y = ticks(0.0, most, 3)
        box = self.plot_box([tick_text(v) for v in y])
        box.setTop(box.top() + theme.px(34))  # the words on blinks and long gaps
        low, high = math.log10(edges[0]), math.log10(edges[-1])
        axes = Axes(box, (low, high), (0.0, y[-1]))
        marks = [(math.log10(t), length_text(t)) for t in _TICKS_MS if edges[0] <= t <= edges[-1] * 1.001]
        self.paint_axes(
            painter,
            axes,
            marks,
            [(v, tick_text(v)) for v in y],
            (self.tr("length of a gap"), self.tr("% of gaps")),
        )
        for number, value in enumerate(share):
            bar = self._bar(axes, edges, number, float(value))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._color(float(edges[number]), float(edges[number + 1])))
            painter.drawRoundedRect(bar, 1.5, 1.5)
        if chosen is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("fixation"), 1.5))
            for number, value in enumerate(100 * np.nan_to_num(chosen)):
                if value > 0:
                    painter.drawRect(self._bar(axes, edges, number, float(value)))
        self._paint_words(painter, axes)

    def _bar(self, axes: Axes, edges: NDArray[np.float64], number: int, value: float) -> QRectF:
        left, right = (axes.x_px(math.log10(edges[number + k])) for k in (0, 1))
        return QRectF(QPointF(left + 1.5, axes.y_px(value)), QPointF(right - 1.5, axes.box.bottom()))

    def _color(self, low_ms: float, high_ms: float) -> QColor:
        theme = current_theme()
        middle = math.sqrt(low_ms * high_ms)
        if middle >= LONG_MS:
            return theme.color("warning")
        return theme.color("gaze", 0.5 if middle < BLINK_MS else 0.9)

    def _paint_words(self, painter: QPainter, axes: Axes) -> None:
        theme, figure = current_theme(), self.figure
        x = axes.x_px(math.log10(BLINK_MS))
        if axes.box.left() < x < axes.box.right():
            painter.setPen(QPen(theme.color("text_muted"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, axes.box.top() - theme.px(32)), QPointF(x, axes.box.bottom()))
            top = axes.box.top() - theme.px(28)
            paint_words(painter, QPointF(x - 5, top), self.tr("blinks"), "text_muted", align="right")
            paint_words(painter, QPointF(x + 5, top), self.tr("face lost, looked away"), "text_muted")
        if not math.isfinite(figure.long_loss + figure.long_ms):
            return
        x = axes.x_px(math.log10(figure.long_ms))
        if axes.box.left() < x < axes.box.right():
            painter.setPen(QPen(theme.color("warning"), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, axes.box.top() - theme.px(18)), QPointF(x, axes.box.bottom()))
            form = self.tr("{n} % last over {length} and")
            paint_words(
                painter,
                QPointF(x + 5, axes.box.top() - theme.px(10)),
                form.format(n=f"{100 * figure.long_share:.0f}", length=f"{figure.long_ms / 1000:.2g} s"),
                "warning",
            )
            form = self.tr("hold {n} % of the loss")
            paint_words(
                painter,
                QPointF(x + 5, axes.box.top() + theme.px(6)),
                form.format(n=f"{100 * figure.long_loss:.0f}"),
                "warning",
            )


def segments(axes: Axes, points: NDArray[np.float64]) -> list[QLineF]:
    """Lines between neighbours that are both measured (many short lines paint far faster than one long one)."""
    seen = np.isfinite(points).all(axis=1)
    return [
        QLineF(axes.point(*points[k]), axes.point(*points[k + 1]))
        for k in range(len(points) - 1)
        if seen[k] and seen[k + 1]
    ]
