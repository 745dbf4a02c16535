"""The rows of the timeline: state strip, traces, losses, events and episodes, drawn once per zoom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from ifllm_desktop.annotate.scheme import LabelScheme
from ifllm_desktop.domain.labels import Annotation
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.replay.timeline import GAZE_STALE_NS, Timeline
from ifllm_desktop.ui.theme import Theme

STATE_TOKENS = {
    "composing": "sunken", "waiting": "sunken", "streaming": "accent_soft", "reading": "gaze_soft",
    "comparing": "danger_soft", "rating": "warning_soft", "idle": "raised", "away": "raised",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Axis:
    """Session time to px: ``x = left + (t - t0) / (t1 - t0) · width``."""

    t0_ns: float
    t1_ns: float
    left_px: float
    width_px: float

    def x(self, t_ns: float) -> float:
        """Place of a moment."""
        return self.left_px + (t_ns - self.t0_ns) / (self.t1_ns - self.t0_ns) * self.width_px

    def xs(self, t_ns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Places of many moments."""
        return np.asarray(self.left_px + (t_ns - self.t0_ns) / (self.t1_ns - self.t0_ns) * self.width_px)

    def t(self, x_px: float) -> float:
        """Moment at a place."""
        return self.t0_ns + (x_px - self.left_px) / self.width_px * (self.t1_ns - self.t0_ns)


def clock_text(t_ns: float, *, ms: bool = False) -> str:
    """``1:05`` or ``1:05.300``; hours only where there are any."""
    total_ms = max(0, int(t_ns // NS_PER_MS))
    seconds, rest = divmod(total_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"{text}.{rest:03}" if ms else text


def tick_step_ns(span_ns: float, width_px: float, apart_px: float = 70.0) -> int:
    """Distance of labelled ruler ticks: a round number of seconds (or ms) that leaves room for the text."""
    least_ns = span_ns * apart_px / max(width_px, 1.0)
    for step_ms in (
        50,
        100,
        200,
        500,
        1000,
        2000,
        5000,
        10_000,
        15_000,
        30_000,
        60_000,
        120_000,
        300_000,
        600_000,
    ):
        if step_ms * NS_PER_MS >= least_ns:
            return step_ms * NS_PER_MS
    return 1_800_000 * NS_PER_MS


def trace_lines(
    axis: Axis, t_ns: NDArray[np.int64], y_px: NDArray[np.float64], *, break_ns: float = np.inf
) -> list[QLineF]:
    """A trace as separate lines, broken over gaps and NaN; at most one line per px where samples are dense.

    Then each px column gets one line from its least to its greatest value, reaching to its neighbour's range, so
    no peak is lost and the trace stays whole.
    """
    inside = np.flatnonzero((t_ns >= axis.t0_ns) & (t_ns <= axis.t1_ns))
    if not len(inside):
        return []
    cut = slice(max(0, inside[0] - 1), inside[-1] + 2)
    t, y = t_ns[cut], y_px[cut]
    good = np.isfinite(y)
    t, y = t[good], y[good]
    x = axis.xs(t)
    joined = np.diff(t) <= break_ns
    if len(t) <= 1.5 * axis.width_px:
        four = np.column_stack([x[:-1], y[:-1], x[1:], y[1:]])[joined]
        return [QLineF(*line) for line in four.tolist()]
    column = np.floor(x).astype(np.int64)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(column) > 0]))
    low, high = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    whole = joined[starts[1:] - 1]
    beside = whole & (np.diff(column[starts]) == 1)
    apart = whole & ~beside
    low[1:] = np.where(beside, np.minimum(low[1:], high[:-1]), low[1:])
    high[1:] = np.where(beside, np.maximum(high[1:], low[:-1]), high[1:])
    places = column[starts] + 0.5
    upright = np.column_stack([places, low, places, np.maximum(high, low + 1.0)])
    later = starts[1:]
    level = np.column_stack([places[:-1], y[later - 1], places[1:], y[later]])[apart]
    return [QLineF(*line) for line in [*upright.tolist(), *level.tolist()]]


def step_lines(axis: Axis, t_ns: NDArray[np.int64], y_px: NDArray[np.float64], end_ns: float) -> list[QLineF]:
    """A stepwise series: level until the next value."""
    if not len(t_ns):
        return []
    x = np.clip(axis.xs(np.append(t_ns, np.int64(end_ns))), axis.left_px, axis.left_px + axis.width_px)
    level = np.column_stack([x[:-1], y_px, x[1:], y_px])
    rise = np.column_stack([x[1:-1], y_px[:-1], x[1:-1], y_px[1:]])
    inside = (x[1:-1] > axis.left_px) & (x[1:-1] < axis.left_px + axis.width_px)
    lines = np.vstack([level[x[1:] > x[:-1]], rise[inside]])
    return [QLineF(*line) for line in lines.tolist()]


class RowPainter:
    """Draws rows of one session into a picture.

    Parameters
    ----------
    axis : Axis
        Time to px of the picture.
    """

    def __init__(self, painter: QPainter, timeline: Timeline, axis: Axis, theme: Theme) -> None:
        self._p = painter
        self._timeline = timeline
        self._axis = axis
        self._theme = theme

    def ruler(self, box: QRectF) -> None:
        """Round seconds with their text."""
        axis, theme = self._axis, self._theme
        step_ns = tick_step_ns(axis.t1_ns - axis.t0_ns, axis.width_px)
        self._p.setFont(theme.font(11))
        self._p.setPen(theme.color("text_muted"))
        fine = step_ns < 1000 * NS_PER_MS
        t_ns = int(axis.t0_ns // step_ns) * step_ns
        while t_ns <= axis.t1_ns:
            for part in range(5):
                x = axis.x(t_ns + part * step_ns / 5)
                if axis.left_px <= x <= axis.left_px + axis.width_px:
                    self._p.drawLine(QLineF(x, box.bottom() - (5 if part == 0 else 3), x, box.bottom()))
            x = axis.x(t_ns)
            if axis.left_px <= x <= axis.left_px + axis.width_px:
                text = clock_text(t_ns, ms=fine)
                self._p.drawText(
                    QRectF(x - 40, box.top(), 80, box.height() - 6), Qt.AlignmentFlag.AlignCenter, text
                )
            t_ns += step_ns

    def states(self, box: QRectF, *, words: bool = True) -> None:
        """Turn states as coloured stretches with their name."""
        self._p.setFont(self._theme.font(12))
        metrics = QFontMetricsF(self._p.font())
        for state in self._timeline.states:
            span = self._span(state.t0_ns, state.t1_ns, box.adjusted(0, 1, 0, -1))
            if span is None:
                continue
            self._p.fillRect(span, self._theme.color(STATE_TOKENS.get(state.name, "sunken")))
            text = state_word(state.name)
            if words and metrics.horizontalAdvance(text) + 12 <= span.width():
                self._p.setPen(self._theme.color("text"))
                inner = span.adjusted(8, 0, -4, 0)
                self._p.drawText(inner, Qt.AlignmentFlag.AlignVCenter, text)

    def gaze(self, box: QRectF, axis_name: str) -> None:
        """One gaze coordinate with ± one standard deviation; x grows upwards, y downwards as on the screen."""
        rows, t_ns = self._timeline.gaze, self._timeline.gaze_t_ns
        if not len(rows):
            self._none(box, QCoreApplication.translate("TimelineView", "no gaze in this recording"))
            return
        values = rows[f"{axis_name}_px"]
        low_px, size_px = _usual_range(values)
        inner = box.adjusted(0, 4, 0, -4)
        part = np.clip((values - low_px) / size_px, -0.1, 1.1)
        sd_px = np.nan_to_num(rows[f"sd_{axis_name}_px"]) / size_px * inner.height()
        y = (
            inner.top() + part * inner.height()
            if axis_name == "y"
            else inner.bottom() - part * inner.height()
        )
        self._band(box, t_ns, y, sd_px)
        self._p.setPen(QPen(self._theme.color("gaze"), 1.2))
        self._p.drawLines(trace_lines(self._axis, t_ns, y, break_ns=GAZE_STALE_NS))

    def _band(
        self, box: QRectF, t_ns: NDArray[np.int64], y: NDArray[np.float64], sd_px: NDArray[np.float64]
    ) -> None:
        first, last = np.searchsorted(t_ns, [self._axis.t0_ns, self._axis.t1_ns])
        stride = max(1, int(2 * (last - first) // max(self._axis.width_px, 1)))
        pick = slice(first, last, stride)
        x = self._axis.xs(t_ns[pick])
        low, high = (
            np.maximum(y[pick] - sd_px[pick], box.top()),
            np.minimum(y[pick] + sd_px[pick], box.bottom()),
        )
        if len(x) < 2:
            return
        # one px of overlap between neighbours would show as stripes: width follows the distance of samples
        pen = QPen(self._theme.color("gaze_soft"), max(1.0, float(np.median(np.diff(x)))))
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        self._p.save()
        self._p.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._p.setPen(pen)
        self._p.drawLines([QLineF(*line) for line in np.column_stack([x, low, x, high]).tolist()])
        self._p.restore()

    def pointer_x(self, box: QRectF) -> None:
        """Pointer x, level where it stood still."""
        rows, t_ns = self._timeline.pointer, self._timeline.pointer_t_ns
        if not len(rows):
            self._none(box, QCoreApplication.translate("TimelineView", "no pointer in this recording"))
            return
        low_px, size_px = _usual_range(rows["x_px"])
        inner = box.adjusted(0, 4, 0, -4)
        y = inner.bottom() - np.clip((rows["x_px"] - low_px) / size_px, -0.1, 1.1) * inner.height()
        self._p.setPen(QPen(self._theme.color("pointer"), 1.2))
        end = np.array([self._timeline.duration_ns], dtype=np.int64)
        self._p.drawLines(trace_lines(self._axis, np.concatenate([t_ns, end]), np.append(y, y[-1])))

    def scroll(self, box: QRectF) -> None:
        """Scroll offset of every answer, left solid, right dashed, on one scale."""
        inner = box.adjusted(0, 3, 0, -4)
        most = max(
            (float(s.value.max()) for s in self._timeline.scroll.values() if len(s.value)), default=0.0
        )
        for turn in self._timeline.turns:
            _, end_ns = self._timeline.turn_span(turn)
            for response in turn.responses:
                series = self._timeline.scroll.get(response.response_id)
                if series is None:
                    continue
                y = inner.bottom() - series.value / max(most, 1.0) * inner.height()
                style = Qt.PenStyle.SolidLine if response.side == "left" else Qt.PenStyle.DashLine
                self._p.setPen(QPen(self._theme.color("text_muted"), 1.2, style))
                self._p.drawLines(step_lines(self._axis, series.t_ns, y, end_ns))

    def losses(self, box: QRectF) -> None:
        """Hatched stretches without gaze, and pauses."""
        brush = QBrush(self._theme.color("border_strong"), Qt.BrushStyle.BDiagPattern)
        for loss in (*self._timeline.losses, *self._timeline.pauses):
            span = self._span(loss.t0_ns, loss.t1_ns, box.adjusted(0, 2, 0, -2))
            if span is not None:
                # a blink is narrower than the hatch
                self._p.fillRect(
                    span, brush if span.width() >= 8 else QBrush(self._theme.color("border_strong"))
                )

    def marks(self, box: QRectF, describe: Callable[[str, str], str]) -> None:
        """Diamonds with words where there is room."""
        self._p.setFont(self._theme.font(12))
        metrics = QFontMetricsF(self._p.font())
        right = self._axis.left_px + self._axis.width_px
        seen = [(self._axis.x(mark.t_ns), mark) for mark in self._timeline.marks]
        seen = [(x, mark) for x, mark in seen if self._axis.left_px <= x <= right]
        y = box.center().y()
        for number, (x, mark) in enumerate(seen):
            self._p.setPen(Qt.PenStyle.NoPen)
            self._p.setBrush(self._theme.color("pointer" if mark.kind == "pointer" else "accent"))
            self._p.drawPolygon(_diamond(x, y, 5.0))
            text = describe(mark.name, mark.response_id)
            next_x = seen[number + 1][0] if number + 1 < len(seen) else right + 4
            if x + 12 + metrics.horizontalAdvance(text) <= next_x - 4:
                self._p.setPen(self._theme.color("text"))
                self._p.drawText(QPointF(x + 8, y + metrics.ascent() / 2 - 1), text)

    def episodes(
        self, box: QRectF, labels: Sequence[Annotation], scheme: LabelScheme, selected: str
    ) -> list[tuple[QRectF, str]]:
        """Labelled stretches: head in the label's colour, tinted body, title. Gives back their places."""
        places: list[tuple[QRectF, str]] = []
        self._p.setFont(self._theme.font(12))
        for item in labels:
            if item.tier != "episode":
                continue
            area = box.adjusted(0, 2, 0, -2)
            span = self._span(item.t_start_ms * NS_PER_MS, item.t_end_ms * NS_PER_MS, area)
            if span is None:
                continue
            label = scheme.label(item.label)
            color = self._theme.labels[(label.color if label else -1) % len(self._theme.labels)]
            chosen = item.annotation_id == selected
            self._p.setPen(
                QPen(self._theme.color("focus") if chosen else QColor(color.edge), 2 if chosen else 1)
            )
            self._p.setBrush(QColor(color.tint))
            self._p.drawRoundedRect(span.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            self._p.fillRect(QRectF(span.left(), span.top() + 1, 4, span.height() - 2), QColor(color.solid))
            self._p.setPen(self._theme.color("text"))
            room = span.adjusted(9, 0, -4, 0)
            text = QFontMetricsF(self._p.font()).elidedText(
                scheme.title(item.label), Qt.TextElideMode.ElideRight, room.width()
            )
            if room.width() > 16:
                self._p.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
            places.append((span, item.annotation_id))
        return places

    def _span(self, t0_ns: float, t1_ns: float, box: QRectF) -> QRectF | None:
        left, right = self._axis.left_px, self._axis.left_px + self._axis.width_px
        x0, x1 = max(self._axis.x(t0_ns), left), min(self._axis.x(t1_ns), right)
        return QRectF(x0, box.top(), max(x1 - x0, 1.5), box.height()) if x1 > left and x0 < right else None

    def _none(self, box: QRectF, text: str) -> None:
        self._p.setFont(self._theme.font(12))
        self._p.setPen(self._theme.color("text_muted"))
        place = QRectF(self._axis.left_px + 8, box.top(), self._axis.width_px, box.height())
        self._p.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)


def state_word(name: str) -> str:
    """A turn state as a person reads it."""
    translate = QCoreApplication.translate
    words = {
        "composing": translate("TimelineView", "Composing"), "waiting": translate("TimelineView", "Waiting"),
        "streaming": translate("TimelineView", "Streaming"), "reading": translate("TimelineView", "Reading"),
        "comparing": translate("TimelineView", "Comparing"), "rating": translate("TimelineView", "Rating"),
        "idle": translate("TimelineView", "Idle"), "away": translate("TimelineView", "Away"),
    }  # fmt: skip
    return words.get(name, name)


def _usual_range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Start and length of the range that holds 98 % of the values, at least 100 px long."""
    good = values[np.isfinite(values)]
    if not len(good):
        return 0.0, 100.0
    low, high = (float(q) for q in np.percentile(good, [1, 99]))
    return low, max(high - low, 100.0)


def _diamond(x: float, y: float, r: float) -> QPolygonF:
    return QPolygonF([QPointF(x, y - r), QPointF(x + r, y), QPointF(x, y + r), QPointF(x - r, y)])
