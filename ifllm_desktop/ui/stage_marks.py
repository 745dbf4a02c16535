"""What is drawn over and under the replayed text: gaze, pointer, areas, labels, selection. Screen px throughout."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from ifllm_desktop.domain.layout import TextLayout, WordBox
from ifllm_desktop.domain.scene import Aoi, ShownResponse
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.replay.timeline import GazePoint, ReplayState, Timeline
from ifllm_desktop.ui.theme import LabelColor, Theme

GAZE_TRAIL_NS = NS_PER_S
POINTER_TRAIL_NS = 3 * NS_PER_S
CLICK_SHOWN_NS = 3 * NS_PER_S // 2
DASH_PX = 7.0
# A share p of a two-dimensional Gaussian lies within sqrt(-2 ln(1 - p)) standard deviations.
SD_68, SD_95 = (math.sqrt(-2 * math.log(1 - p)) for p in (0.68, 0.95))


def qrect(rect: Rect) -> QRectF:
    """The same rectangle for Qt."""
    return QRectF(rect.x_px, rect.y_px, rect.w_px, rect.h_px)


def paint_uncertainty(painter: QPainter, point: GazePoint, theme: Theme) -> None:
    """Where the gaze was with 68 and 95 % probability; nothing where the spread is not known."""
    if not (math.isfinite(point.sd_x_px) and math.isfinite(point.sd_y_px)):
        return
    center = QPointF(point.x_px, point.y_px)
    painter.setBrush(theme.color("gaze", 0.10))
    painter.setPen(QPen(theme.color("gaze"), 1.4, Qt.PenStyle.DashLine))
    painter.drawEllipse(center, SD_95 * point.sd_x_px, SD_95 * point.sd_y_px)
    painter.setBrush(theme.color("gaze", 0.18))
    painter.setPen(QPen(theme.color("gaze"), 1.8))
    painter.drawEllipse(center, SD_68 * point.sd_x_px, SD_68 * point.sd_y_px)


def paint_gaze(
    painter: QPainter, timeline: Timeline, t_ns: int, point: GazePoint | None, theme: Theme
) -> None:
    """The samples of the last second, fading, and the present one."""
    first, last = np.searchsorted(timeline.gaze_t_ns, [t_ns - GAZE_TRAIL_NS, t_ns], side="right")
    rows = timeline.gaze[first:last]
    painter.setPen(Qt.PenStyle.NoPen)
    for row in rows:
        age = (t_ns - int(row["t_ns"])) / GAZE_TRAIL_NS
        if math.isfinite(row["x_px"]) and math.isfinite(row["y_px"]):
            painter.setBrush(theme.color("gaze", 0.08 + 0.45 * (1 - age)))
            painter.drawEllipse(QPointF(float(row["x_px"]), float(row["y_px"])), 4.0, 4.0)
    if point is not None:
        painter.setBrush(theme.color("gaze"))
        painter.setPen(QPen(theme.color("surface"), 2.5))
        painter.drawEllipse(QPointF(point.x_px, point.y_px), 8.0, 8.0)


def paint_pointer(painter: QPainter, timeline: Timeline, state: ReplayState, theme: Theme) -> None:
    """Dashed trail of the last seconds, rings where a button was pressed, the arrow."""
    t_ns = state.t_ns
    first, last = np.searchsorted(timeline.pointer_t_ns, [t_ns - POINTER_TRAIL_NS, t_ns], side="right")
    rows = timeline.pointer[max(0, first - 1) : last]
    painter.setPen(QPen(theme.color("pointer"), 2.4))
    painter.drawLines(dashes(rows["x_px"].astype(float), rows["y_px"].astype(float)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for row in rows:
        if row["kind"] == "press" and t_ns - int(row["t_ns"]) <= CLICK_SHOWN_NS:
            place = QPointF(float(row["x_px"]), float(row["y_px"]))
            painter.setPen(QPen(theme.color("pointer"), 3))
            painter.drawEllipse(place, 12.0, 12.0)
            painter.drawPoint(place)
    if state.pointer is not None:
        _paint_arrow(painter, state.pointer.x_px, state.pointer.y_px, theme)


def dashes(x_px: NDArray[np.float64], y_px: NDArray[np.float64], dash_px: float = DASH_PX) -> list[QLineF]:
    """The pieces of a path that a dashed pen would draw.

    Separate lines, because a polyline of thousands of points with antialiasing takes hundreds of milliseconds, and
    because a dash pattern starts anew with each line.
    """
    good = np.isfinite(x_px) & np.isfinite(y_px)
    x, y = x_px[good], y_px[good]
    if len(x) < 2:
        return []
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    total = float(along[-1])
    if total < 1.0:
        return []
    starts = np.arange(0.0, total, 2 * dash_px)
    ends = np.minimum(starts + dash_px, total)
    ax, ay = np.interp(starts, along, x), np.interp(starts, along, y)
    bx, by = np.interp(ends, along, x), np.interp(ends, along, y)
    return [QLineF(*four) for four in zip(ax.tolist(), ay.tolist(), bx.tolist(), by.tolist(), strict=True)]


_ARROW = ((0, 0), (0, 17), (4, 13.4), (6.8, 19.6), (9.4, 18.4), (6.7, 12.4), (12, 12))


def _paint_arrow(painter: QPainter, x_px: float, y_px: float, theme: Theme) -> None:
    painter.setPen(QPen(theme.color("surface"), 1.6))
    painter.setBrush(theme.color("pointer"))
    painter.drawPolygon(QPolygonF([QPointF(x_px + 1.3 * dx, y_px + 1.3 * dy) for dx, dy in _ARROW]))


def paint_areas(painter: QPainter, state: ReplayState, theme: Theme) -> None:
    """Outline and name of every area of interest and of the answers' viewports."""
    named = [*state.aois, *(Aoi(f"answer_{r.side}", r.layout.head.viewport) for r in state.responses)]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setFont(theme.font(12))
    metrics = QFontMetricsF(painter.font())
    for area in named:
        painter.setPen(QPen(theme.color("border_strong"), 1.4, Qt.PenStyle.DashLine))
        painter.drawRect(qrect(area.rect))
        width = metrics.horizontalAdvance(area.name) + 8
        if width <= area.rect.w_px:
            tag = QRectF(area.rect.right_px - width, area.rect.y_px, width, metrics.height())
            painter.fillRect(tag, theme.color("raised"))
            painter.setPen(theme.color("text_muted"))
            painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, area.name)


# ---- text ranges
def word_lines(layout: TextLayout, start: int, end: int) -> list[QRectF]:
    """One box per visual line for the words that a range of code points touches, text px."""
    boxes: list[tuple[int, QRectF]] = []
    for block in layout.blocks:
        if block.src_end <= start or block.src_start >= end:
            continue
        last: tuple[int, int] | None = None
        for number, word in enumerate(block.words):
            if word.src_end <= start or word.src_start >= end:
                continue
            box = qrect(word.rect)
            if boxes and last == (word.line, number - 1):
                boxes[-1] = (word.line, boxes[-1][1].united(box))
            else:
                boxes.append((word.line, box))
            last = (word.line, number)
    return [box for _, box in boxes]


def paint_range(painter: QPainter, boxes: Iterable[QRectF], color: LabelColor) -> None:
    """A label under words: tint and the edge's underline."""
    for box in boxes:
        painter.fillRect(box.adjusted(-2, 1, 2, -1), QColor(color.tint))
        painter.fillRect(QRectF(box.left() - 2, box.bottom() - 3, box.width() + 4, 2), QColor(color.edge))


def paint_key(painter: QPainter, box: QRectF, key: str, color: LabelColor, theme: Theme) -> None:
    """The label's key at the beginning of its span."""
    cap = QRectF(box.left() - 3, box.top() - 9, 14, 13)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color.solid))
    painter.drawRoundedRect(cap, 3, 3)
    font = theme.font(10, bold=True)
    painter.setFont(font)
    painter.setPen(QColor(color.on))
    painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, key)


def paint_selection(painter: QPainter, boxes: Sequence[QRectF], theme: Theme) -> None:
    """The chosen words: focus frame and handles at both ends."""
    painter.setBrush(theme.color("accent", 0.16))
    painter.setPen(QPen(theme.color("focus"), 2))
    for box in boxes:
        painter.drawRect(box.adjusted(-2, 0, 2, 0))
    if boxes:
        painter.fillRect(
            QRectF(boxes[0].left() - 5, boxes[0].top(), 4, boxes[0].height()), theme.color("focus")
        )
        end = boxes[-1]
        painter.fillRect(QRectF(end.right() + 1, end.top(), 4, end.height()), theme.color("focus"))


def word_at(response: ShownResponse, x_px: float, y_px: float, *, nearest: bool = False) -> WordBox | None:
    """The word under a screen point, or with ``nearest`` the closest one of the answer.

    Words that are scrolled out of the viewport are never under a point.
    """
    layout = response.layout
    if not nearest and not layout.head.viewport.contains(x_px, y_px):
        return None
    x, y = layout.to_text_px(x_px, y_px, response.scroll_px)
    words = layout.words
    hit = next((w for w in words if w.rect.contains(x, y)), None)
    if hit is not None or not nearest:
        return hit
    # lines first, then the place in the line: as people select text
    return min(words, key=lambda w: (_outside(y, w.rect.y_px, w.rect.h_px), _outside(x, w.rect.x_px, w.rect.w_px)),
               default=None)  # fmt: skip


def _outside(value: float, start: float, length: float) -> float:
    return max(start - value, value - (start + length), 0.0)
