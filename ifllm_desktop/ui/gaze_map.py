"""Map of the screen with each validation target, its error in true length, and its scatter."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.session.snapshot import TargetOutcome
from ifllm_desktop.ui.theme import current_theme

ELLIPSE_P = 0.68
"""Share of the estimates of a target that its ellipse holds."""
_CLICK_RADIUS_PX = 44.0


def scatter_ellipse(
    sd_x_px: float, sd_y_px: float, rho: float = 0.0, p: float = ELLIPSE_P
) -> tuple[float, float, float]:
    """Semi-axes and tilt of the ellipse that holds the share ``p`` of a two-dimensional normal distribution.

    The semi-axes are sqrt(2 k λ) with k = ln(1 / (1 − p)) and λ the eigenvalues of the covariance; sqrt(k λ)
    would hold 43 % instead of 68 %.

    Parameters
    ----------
    sd_x_px, sd_y_px : float
        Standard deviations.
    rho : float
        Correlation of x and y; NaN counts as 0.

    Returns
    -------
    tuple of float
        Long and short semi-axis (px) and the angle of the long one to the x axis (deg, clockwise on the screen).

    References
    ----------
    Area 2 k π sx sy sqrt(1 − ρ²) of the bivariate contour ellipse: Crossland and Rubin 2002, doi
    10.1097/00006324-200212000-00011.
    """
    across = 0.0 if math.isnan(rho) else rho * sd_x_px * sd_y_px
    values, vectors = np.linalg.eigh(np.array([[sd_x_px**2, across], [across, sd_y_px**2]]))
    k = math.log(1.0 / (1.0 - p))
    short, long = (math.sqrt(2.0 * k * max(0.0, float(v))) for v in values)
    return long, short, math.degrees(math.atan2(float(vectors[1, 1]), float(vectors[0, 1])))


def neighbour(targets: Sequence[TargetOutcome], index: int, dx: int, dy: int) -> int:
    """Index of the target that lies next in a direction; the same where there is none.

    Parameters
    ----------
    index : int
        ``target_index`` to start from; the first target when it is not among them.
    dx, dy : int
        One of (±1, 0) and (0, ±1), screen directions.
    """
    here = next((t for t in targets if t.target_index == index), None)
    if here is None:
        return targets[0].target_index if targets else -1
    best, best_cost = index, math.inf
    for target in targets:
        x_px, y_px = target.x_px - here.x_px, target.y_px - here.y_px
        along, aside = x_px * dx + y_px * dy, abs(x_px * dy) + abs(y_px * dx)
        # what lies mostly in that direction comes first; twice aside costs as much as four times along
        cost = along + 2.0 * aside
        if along > 1.0 and cost < best_cost:
            best, best_cost = target.target_index, cost
    return best


class GazeMap(QWidget):
    """Targets as crosses, arrows from the target to the mean estimate, ellipses of 68 % scatter.

    Attributes
    ----------
    chosen : Signal(int)
        The ``target_index`` of a target that was clicked.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._targets: tuple[TargetOutcome, ...] = ()
        self._screen = Screen(1920, 1080)
        self._worst = self._now = -1
        self._measured: frozenset[int] = frozenset()
        self._scale_note = ""
        self._px_per_deg = math.nan
        self.setMinimumSize(QSize(300, 170))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Error at each point"))

    def sizeHint(self) -> QSize:
        return QSize(760, 428)

    def set_targets(
        self,
        targets: tuple[TargetOutcome, ...],
        screen: Screen,
        worst: int = -1,
        measured: frozenset[int] = frozenset(),
    ) -> None:
        """What to draw; ``worst`` is the index of the target to stand out, ``measured`` those that have frames
        though no error."""
        self._targets, self._screen, self._worst, self._measured = targets, screen, worst, measured
        self.update()

    def set_scale(self, px_per_deg: float, words: str) -> None:
        """Length of one degree at the centre, and the words beside it."""
        self._px_per_deg, self._scale_note = px_per_deg, words
        self.update()

    def choose(self, index: int, words: str = "") -> None:
        """Mark a target as the chosen one; ``words`` say it to a screen reader."""
        self._now = index
        self.setAccessibleDescription(words)
        self.update()

    def place_of(self, index: int) -> QPointF:
        """Where a target is drawn, in px of this widget."""
        box, factor = self._scale()
        target = next(t for t in self._targets if t.target_index == index)
        return box.topLeft() + QPointF(target.x_px, target.y_px) * factor

    def mousePressEvent(self, event: QMouseEvent) -> None:
        box, factor = self._scale()
        at = event.position()
        near = min(
            (
                (math.hypot(at.x() - p.x(), at.y() - p.y()), t.target_index)
                for t in self._targets
                for p in (box.topLeft() + QPointF(t.x_px, t.y_px) * factor,)
            ),
            default=(math.inf, -1),
        )
        if near[0] <= _CLICK_RADIUS_PX:
            self.chosen.emit(near[1])

    # ---- painting
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
        painter.setClipRect(box.adjusted(1, 1, -1, -1))
        self._paint_regions(painter, box, factor)
        for target in self._targets:
            worst = target.target_index == self._worst
            self._paint_estimate(painter, box.topLeft(), factor, target, "warning" if worst else "gaze")
        for target in self._targets:
            self._paint_cross(painter, box, factor, target)
        self._paint_scale(painter, box, factor)
        painter.end()

    def _paint_regions(self, painter: QPainter, box: QRectF, factor: float) -> None:
        theme = current_theme()
        w, h = box.width() / 3, box.height() / 3
        here = next((t for t in self._targets if t.target_index == self._now), None)
        if here is not None:
            column = min(2, max(0, int(3 * here.x_px / self._screen.w_px)))
            row = min(2, max(0, int(3 * here.y_px / self._screen.h_px)))
            token = "warning_soft" if here.target_index == self._worst else "accent_soft"
            cell = QRectF(box.left() + column * w, box.top() + row * h, w, h)
            painter.fillRect(cell, theme.color(token))
        painter.setPen(QPen(theme.color("border_strong"), 1, Qt.PenStyle.DotLine))
        for number in (1, 2):
            x, y = box.left() + number * w, box.top() + number * h
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))

    def _paint_estimate(
        self, painter: QPainter, origin: QPointF, factor: float, target: TargetOutcome, token: str
    ) -> None:
        if not math.isfinite(target.error_px):
            return
        theme = current_theme()
        start = origin + QPointF(target.x_px, target.y_px) * factor
        end = origin + QPointF(target.mean_x_px, target.mean_y_px) * factor
        if math.isfinite(target.sd_x_px) and math.isfinite(target.sd_y_px):
            long, short, angle_deg = scatter_ellipse(target.sd_x_px, target.sd_y_px, target.rho)
            painter.save()
            painter.translate(end)
            painter.rotate(angle_deg)
            painter.setPen(QPen(theme.color(token), 1.5))
            painter.setBrush(theme.color(token, 0.16))
            painter.drawEllipse(QPointF(0, 0), long * factor, short * factor)
            painter.restore()
        paint_arrow(painter, start, end, token)

    def _paint_cross(self, painter: QPainter, box: QRectF, factor: float, target: TargetOutcome) -> None:
        theme = current_theme()
        center = box.topLeft() + QPointF(target.x_px, target.y_px) * factor
        now = target.target_index == self._now
        painter.setPen(QPen(theme.color("text"), 3 if now else 2))
        painter.drawLine(center - QPointF(7, 0), center + QPointF(7, 0))
        painter.drawLine(center - QPointF(0, 7), center + QPointF(0, 7))
        if math.isfinite(target.error_px):
            text = self.tr("{n} · {error:.0f} px").format(n=target.target_index + 1, error=target.error_px)
        else:
            measured = target.target_index in self._measured
            form = self.tr("{n} · measured") if measured else self.tr("{n} · not measured")
            text = form.format(n=target.target_index + 1)
        font = theme.font(12, bold=now)
        metrics = QFontMetricsF(font)
        width = metrics.horizontalAdvance(text) + 8
        y = self._label_top(target, center.y(), box.top(), factor, metrics.height())
        y = min(max(y, box.top() + 2), box.bottom() - metrics.height() - 2)
        x = min(max(center.x() - width / 2, box.left() + 2), box.right() - width - 2)
        painter.setFont(font)
        painter.setPen(theme.color("text" if now else "text_muted"))
        painter.drawText(QRectF(x, y, width, metrics.height()), Qt.AlignmentFlag.AlignCenter, text)

    def _label_top(
        self, target: TargetOutcome, y: float, box_top: float, factor: float, height: float
    ) -> float:
        """Words stand on the side that the arrow does not take, clear of the ellipse."""
        if not math.isfinite(target.error_px):
            return y - 10 - height
        # half the height of the ellipse, however it is tilted
        reach = scatter_ellipse(target.sd_y_px, 0.0)[0] if math.isfinite(target.sd_y_px) else 0.0
        mean = box_top + target.mean_y_px * factor
        if target.mean_y_px >= target.y_px:
            return min(y - 10, mean - reach * factor - 2) - height
        return max(y + 10, mean + reach * factor + 2)

    def _paint_scale(self, painter: QPainter, box: QRectF, factor: float) -> None:
        if not math.isfinite(self._px_per_deg) or not any(math.isfinite(t.error_px) for t in self._targets):
            return
        theme = current_theme()
        font = theme.font(12)
        metrics = QFontMetricsF(font)
        y = box.bottom() - 8 - metrics.height() / 2
        left = box.left() + 12
        right = left + self._px_per_deg * factor
        painter.setPen(QPen(theme.color("text"), 2))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        painter.setFont(font)
        painter.setPen(theme.color("text_muted"))
        words = QRectF(
            right + 8,
            y - metrics.height() / 2,
            metrics.horizontalAdvance(self._scale_note) + 4,
            metrics.height(),
        )
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self._scale_note)


def paint_arrow(painter: QPainter, start: QPointF, end: QPointF, token: str) -> None:
    """A line with a head; only the line where it is too short for one."""
    color = current_theme().color(token)
    length = math.hypot(end.x() - start.x(), end.y() - start.y())
    if length < 4:
        painter.setPen(QPen(color, 2.5))
        painter.drawLine(start, end)
        return
    ux, uy = (end.x() - start.x()) / length, (end.y() - start.y()) / length
    head = min(9.0, length / 2)
    back = end - QPointF(ux, uy) * head
    side = QPointF(-uy, ux) * head * 0.5
    painter.setPen(QPen(color, 2.5))
    painter.drawLine(start, back)  # the head ends the line, so that its tip stands where the estimate is
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPolygon(QPolygonF([end, back + side, back - side]))
