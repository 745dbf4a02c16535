"""Gaze and head of one session over time, with what is missing and what happened."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen, QPixmap

from ifllm_desktop.analysis.plot_scale import tick_text, ticks
from ifllm_desktop.analysis.session_quality import SessionQuality
from ifllm_desktop.ui.plot_axes import Axes, Plot, paint_words
from ifllm_desktop.ui.theme import current_theme

Floats = NDArray[np.float64]
MIN_LANE_PX = 56


class TracePlot(Plot):
    """Lanes over one axis of minutes: x, y, distance and turn of the head, loss by minute."""

    def __init__(self, name: str = "audit_traces") -> None:
        super().__init__(name, "")
        self.setAccessibleName(self.tr("Gaze, head and loss over time"))
        self._quality: SessionQuality | None = None
        self._picture: tuple[object, QPixmap] | None = None
        self.set_empty(self.tr("Reading the recording …"))

    def sizeHint(self) -> QSize:
        return QSize(700, current_theme().px(360))

    def set_quality(self, quality: SessionQuality, *, loading: bool) -> None:
        """Show another session; ``loading``: its trace is still being read."""
        self._quality, self._picture = quality, None
        if len(quality.trace.t_s):
            self.set_empty("")
        else:
            none = self.tr("No gaze was recorded in this session.")
            self.set_empty(self.tr("Reading the recording …") if loading else none)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self.paint_empty(painter) and self._quality is not None:
            ratio = self.devicePixelRatioF()
            key = (self.size().toTuple(), ratio, current_theme())
            if self._picture is None or self._picture[0] != key:
                picture = QPixmap(self.size() * ratio)
                picture.setDevicePixelRatio(ratio)
                picture.fill(Qt.GlobalColor.transparent)
                inside = QPainter(picture)
                self._paint(inside, self._quality)
                inside.end()
                self._picture = (key, picture)
            painter.drawPixmap(0, 0, self._picture[1])
        painter.end()

    def _paint(self, painter: QPainter, quality: SessionQuality) -> None:
        trace = quality.trace
        t_min = np.array(trace.t_s) / 60
        screen = quality.screen
        lanes: list[tuple[str, Floats, tuple[float, float], str]] = [
            (self.tr("x, px"), np.array(trace.x_px), (0.0, screen.w_px), "gaze"),
            (self.tr("y, px"), np.array(trace.y_px), (screen.h_px, 0.0), "gaze"),
        ]
        for title, stored in ((self.tr("head, cm"), trace.head_cm), (self.tr("turn, deg"), trace.head_deg)):
            found = np.array(stored)
            if np.isfinite(found).any():
                lanes.append(
                    (title, found, (0.0, ticks(0.0, max(1.0, float(np.nanmax(found))), 2)[-1]), "fixation")
                )
        n_lanes = len(lanes) + bool(quality.loss.by_minute)
        x = ticks(0.0, max(1.0, float(t_min[-1])), 8)
        box = self.plot_box(["0000"])
        height = box.height() / n_lanes
        # before the first calibration nothing was to be had
        begin = min((a.t_s for a in quality.attempts if a.accepted), default=0.0) / 60
        lost = [(max(a, begin), b) for a, b in _lost(t_min, np.array(trace.x_px)) if b > begin]
        for number, (title, values, y_range, token) in enumerate(lanes):
            place = QRectF(box.left(), box.top() + number * height, box.width(), height - 8)
            axes = Axes(place, (x[0], x[-1]), y_range)
            self._paint_lane(painter, axes, title, y_range)
            self._paint_lost(painter, axes, lost)
            painter.setPen(QPen(current_theme().color(token), 1))
            painter.drawLines(_lines(axes, t_min, values))
        if quality.loss.by_minute:
            place = QRectF(box.left(), box.top() + len(lanes) * height, box.width(), height - 8)
            self._paint_loss(painter, Axes(place, (x[0], x[-1]), (0.0, 1.0)), quality)
        whole = Axes(QRectF(box.left(), box.top(), box.width(), box.height() - 8), (x[0], x[-1]), (0.0, 1.0))
        self._paint_events(painter, whole, quality)
        titles = (self.tr("minutes · hatched: no gaze · line: calibration · dots: drift check"), "")
        self.paint_axes(painter, whole, [(v, tick_text(v)) for v in x], [], titles)

    def _paint_lane(self, painter: QPainter, axes: Axes, title: str, y_range: tuple[float, float]) -> None:
        theme, box = current_theme(), axes.box
        painter.fillRect(box, theme.color("raised"))
        painter.setPen(QPen(theme.color("border"), 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        metrics = QFontMetricsF(theme.font(12))
        for value, y in (
            (y_range[1], box.top() + metrics.height() / 2),
            (y_range[0], box.bottom() - metrics.height() / 2),
        ):
            paint_words(painter, QPointF(box.left() - 6, y), f"{value:.0f}", "text_muted", align="right")
        painter.save()
        painter.translate(metrics.height() / 2 + 1, box.center().y())
        painter.rotate(-90)
        painter.setPen(theme.color("text_muted"))
        painter.setFont(theme.font(12))
        across = QRectF(-box.height(), -metrics.height() / 2, 2 * box.height(), metrics.height())
        painter.drawText(across, Qt.AlignmentFlag.AlignCenter, title)
        painter.restore()

    def _paint_lost(self, painter: QPainter, axes: Axes, spans: list[tuple[float, float]]) -> None:
        theme = current_theme()
        painter.setPen(Qt.PenStyle.NoPen)
        for t0, t1 in spans:
            left, right = axes.x_px(t0), axes.x_px(t1)
            box = QRectF(left, axes.box.top(), max(1.0, right - left), axes.box.height())
            painter.setBrush(theme.color("warning_soft"))
            painter.drawRect(box)
            painter.setBrush(Qt.BrushStyle.BDiagPattern)
            brush = painter.brush()
            brush.setColor(theme.color("warning"))
            painter.setBrush(brush)
            painter.drawRect(box)

    def _paint_loss(self, painter: QPainter, axes: Axes, quality: SessionQuality) -> None:
        theme = current_theme()
        self._paint_lane(painter, axes, self.tr("loss, %"), (0.0, 100.0))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("warning"))
        for share in quality.loss.by_minute:
            if not share.name.isdigit() or not math.isfinite(share.loss):
                continue
            left = axes.x_px(float(share.name))
            right = min(axes.box.right(), axes.x_px(float(share.name) + 1))
            width = max(1.0, right - left - 1)
            top = axes.y_px(share.loss)
            painter.drawRect(QRectF(left, top, width, axes.box.bottom() - top))

    def _paint_events(self, painter: QPainter, axes: Axes, quality: SessionQuality) -> None:
        theme, box = current_theme(), axes.box
        for check in quality.drift.checks:
            if check.kind == "validation":
                continue
            x = axes.x_px(check.t_s / 60)
            painter.setPen(QPen(theme.color("success" if check.ok else "danger"), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        for attempt in quality.attempts:
            x = axes.x_px(attempt.t_s / 60)
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))


def _lines(axes: Axes, t_min: Floats, values: Floats) -> list[QLineF]:
    """Lines between neighbours that are both there, kept inside the lane."""
    low, high = axes.box.top(), axes.box.bottom()
    x = np.array([axes.x_px(0.0), axes.x_px(1.0)])
    x_px = x[0] + (x[1] - x[0]) * t_min
    y = np.array([axes.y_px(0.0), axes.y_px(1.0)])
    y_px = np.clip(y[0] + (y[1] - y[0]) * values, low, high)
    seen = np.isfinite(y_px)
    both = np.flatnonzero(seen[:-1] & seen[1:])
    return [QLineF(x_px[k], y_px[k], x_px[k + 1], y_px[k + 1]) for k in both.tolist()]


def _lost(t_min: Floats, values: Floats) -> list[tuple[float, float]]:
    """Stretches of the trace without gaze, as (from, to) in minutes."""
    lost = np.concatenate([[False], ~np.isfinite(values), [False]])
    starts, ends = np.flatnonzero(~lost[:-1] & lost[1:]), np.flatnonzero(lost[:-1] & ~lost[1:])
    step = float(np.median(np.diff(t_min))) if len(t_min) > 1 else 0.0
    return [
        (float(t_min[a]) - step / 2, float(t_min[b - 1]) + step / 2)
        for a, b in zip(starts, ends, strict=True)
    ]
