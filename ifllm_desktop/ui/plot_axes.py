"""What every painted plot has: a place for the data, round ticks, quiet grid lines, words for the axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ifllm_desktop.ui.theme import current_theme


class Axes:
    """Maps data to px of a widget.

    Parameters
    ----------
    box
        Where data is drawn.
    x, y
        Range of the data; y rises upwards.
    """

    def __init__(self, box: QRectF, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.box = box
        self._x, self._y = x, y

    def x_px(self, value: float) -> float:
        """Place of an x value."""
        low, high = self._x
        return self.box.left() + (value - low) / ((high - low) or 1.0) * self.box.width()

    def y_px(self, value: float) -> float:
        """Place of a y value."""
        low, high = self._y
        return self.box.bottom() - (value - low) / ((high - low) or 1.0) * self.box.height()

    def point(self, x: float, y: float) -> QPointF:
        """Place of a datum."""
        return QPointF(self.x_px(x), self.y_px(y))


class Plot(QWidget):
    """A painted plot: a sentence stands in its middle while there is nothing to show."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(160, 110))
        self._why_empty = ""

    def sizeHint(self) -> QSize:
        return QSize(380, 226)

    @property
    def why_empty(self) -> str:
        """What stands in place of the plot; empty while there is something to show."""
        return self._why_empty

    def set_empty(self, reason: str) -> None:
        """Say why there is nothing to show; an empty reason shows the plot."""
        self._why_empty = reason
        self.setAccessibleDescription(reason)
        self.update()

    # ---- painting
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.paint_empty(painter):
            self.paint_data(painter)
        painter.end()

    def paint_data(self, painter: QPainter) -> None:
        """Paint what there is to show; plots that keep a picture of it paint in their own way."""

    def paint_empty(self, painter: QPainter) -> bool:
        """Paint the reason; True where nothing else is to be painted."""
        if not self._why_empty:
            return False
        theme = current_theme()
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("text_muted"))
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(QRectF(self.rect()).adjusted(24, 8, -24, -8), flags, self._why_empty)
        return True

    def plot_box(self, y_texts: Sequence[str], *, titled_y: bool = True, titled_x: bool = True) -> QRectF:
        """Where data is drawn when these texts stand left of it and ticks below."""
        theme = current_theme()
        metrics = QFontMetricsF(theme.font(12))
        left = max((metrics.horizontalAdvance(t) for t in y_texts), default=0.0) + 8
        left += metrics.height() + 5 if titled_y else 4
        below = metrics.height() * (2 if titled_x else 1) + 8
        box = QRectF(self.rect())
        return box.adjusted(left, metrics.height() / 2 + 2, -14, -below)

    def paint_axes(
        self,
        painter: QPainter,
        axes: Axes,
        x_ticks: Sequence[tuple[float, str]],
        y_ticks: Sequence[tuple[float, str]],
        titles: tuple[str, str],
    ) -> None:
        """Grid lines, ticks and words: horizontal lines only, the bottom one strong."""
        theme, box = current_theme(), axes.box
        metrics = QFontMetricsF(theme.font(12))
        painter.setFont(theme.font(12))
        for number, (value, text) in enumerate(y_ticks):
            y = axes.y_px(value)
            painter.setPen(QPen(theme.color("border_strong" if number == 0 else "border"), 1))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(theme.color("text_muted"))
            place = QRectF(0, y - metrics.height() / 2, box.left() - 6, metrics.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        free_from = -1e9
        for value, text in x_ticks:
            x = axes.x_px(value)
            painter.setPen(QPen(theme.color("border_strong"), 1))
            painter.drawLine(QPointF(x, box.bottom()), QPointF(x, box.bottom() + 3))
            width = metrics.horizontalAdvance(text)
            if x - width / 2 < free_from:  # no room for its words between the neighbours
                continue
            free_from = x + width / 2 + 6
            painter.setPen(theme.color("text_muted"))
            left = min(x - width / 2, self.width() - width - 1)
            painter.drawText(QPointF(left, box.bottom() + 3 + metrics.ascent() + 1), text)
        painter.setPen(theme.color("text_muted"))
        if titles[0]:
            below = QRectF(box.left(), box.bottom() + metrics.height() + 4, box.width(), metrics.height() + 2)
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, titles[0])
        if titles[1]:
            painter.save()
            painter.translate(metrics.height() / 2 + 1, box.center().y())
            painter.rotate(-90)
            across = QRectF(-box.height(), -metrics.height() / 2, 2 * box.height(), metrics.height())
            painter.drawText(across, Qt.AlignmentFlag.AlignCenter, titles[1])
            painter.restore()


def paint_words(
    painter: QPainter,
    at: QPointF,
    text: str,
    token: str,
    *,
    align: str = "left",
    bold: bool = False,
    behind: bool = False,
) -> None:
    """Words beside a mark; ``align`` says which end of them stands at the place, ``behind`` mutes what is there."""
    theme = current_theme()
    font = theme.font(12, bold=bold)
    metrics = QFontMetricsF(font)
    width = metrics.horizontalAdvance(text)
    x = at.x() - {"left": 0.0, "center": width / 2, "right": width}[align]
    if behind:
        place = QRectF(x - 2, at.y() - metrics.height() / 2, width + 4, metrics.height())
        painter.fillRect(place, theme.color("surface", 0.8))
    painter.setFont(font)
    painter.setPen(theme.color(token))
    painter.drawText(QPointF(x, at.y() + metrics.ascent() / 2 - metrics.descent() / 2), text)


def words_width(text: str) -> float:
    """Width of words in a plot, px."""
    return QFontMetricsF(current_theme().font(12)).horizontalAdvance(text)


Tick = tuple[float, str]
TickText = Callable[[float], str]
