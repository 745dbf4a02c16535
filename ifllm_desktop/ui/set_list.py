"""The list of sets on the export page: a tick, what it is, how many rows."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ifllm_desktop.ui.icons import paint_icon
from ifllm_desktop.ui.model_index import Index
from ifllm_desktop.ui.theme import current_theme

NAME = Qt.ItemDataRole.UserRole
COUNT = Qt.ItemDataRole.UserRole + 1
PURPOSE = Qt.ItemDataRole.UserRole + 2


class SetList(QListView):
    """Checkable sets. Space or a click on the box ticks, arrows move.

    Signals
    -------
    changed()
        Another selection is ticked.
    chosen(str)
        The set under the cursor.
    """

    changed = Signal()
    chosen = Signal(str)

    def __init__(self, titles: Mapping[str, tuple[str, str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sets")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.viewport().setAutoFillBackground(False)
        self._units = {name: unit for name, (_, _, unit) in titles.items()}
        self._items = QStandardItemModel(self)
        for name, (title, purpose, _) in titles.items():
            item = QStandardItem(title)
            item.setData(name, NAME)
            item.setData("", COUNT)
            item.setData(purpose, PURPOSE)
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable
            )
            item.setCheckState(Qt.CheckState.Checked)
            self._items.appendRow(item)
        self.setModel(self._items)
        self.setItemDelegate(_SetDelegate(self))
        self._items.itemChanged.connect(lambda _item: self.changed.emit())
        self.selectionModel().currentChanged.connect(
            lambda index, _before: self.chosen.emit(index.data(NAME))
        )
        self.setCurrentIndex(self._items.index(0, 0))

    def current(self) -> str:
        """Name of the set under the cursor."""
        name: str = self.currentIndex().data(NAME)
        return name

    def checked(self) -> list[str]:
        """Names of the ticked sets, in order."""
        items = [self._items.item(number) for number in range(self._items.rowCount())]
        return [item.data(NAME) for item in items if item.checkState() == Qt.CheckState.Checked]

    def set_checked(self, name: str, checked: bool) -> None:
        """Tick or untick one set."""
        for number in range(self._items.rowCount()):
            item = self._items.item(number)
            if item.data(NAME) == name:
                item.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)

    def check_all(self) -> None:
        """Tick every set; none, when all were ticked."""
        names = [self._items.item(number).data(NAME) for number in range(self._items.rowCount())]
        tick = len(self.checked()) < len(names)
        for name in names:
            self.set_checked(name, tick)

    def set_counts(self, counts: Mapping[str, int]) -> None:
        """Rows by set; a set that is not named shows none."""
        for number in range(self._items.rowCount()):
            item = self._items.item(number)
            name = item.data(NAME)
            n = counts.get(name)
            item.setData(
                "" if n is None else f"{n:,}".replace(",", "\N{NO-BREAK SPACE}") + " " + self._units[name],
                COUNT,
            )


class _SetDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, current_theme().px(56))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = current_theme()
        box = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, theme.color("accent_soft"))
            painter.fillRect(QRectF(box.left(), box.top(), 3, box.height()), theme.color("accent"))
        painter.setPen(QPen(theme.color("border"), 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        self._tick(painter, box, Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)))
        self._texts(painter, box.adjusted(theme.px(42), 0, -12, 0), index)
        painter.restore()

    def _tick(self, painter: QPainter, box: QRectF, state: Qt.CheckState) -> None:
        theme = current_theme()
        side = theme.px(18)
        place = QRectF(box.left() + 12, box.center().y() - side / 2, side, side)
        ticked = state == Qt.CheckState.Checked
        painter.setPen(QPen(theme.color("accent" if ticked else "border_strong"), 1))
        painter.setBrush(theme.color("accent" if ticked else "surface"))
        painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        if ticked:
            paint_icon(painter, place.adjusted(2, 2, -2, -2), "check", "on_accent")

    def _texts(self, painter: QPainter, box: QRectF, index: Index) -> None:
        theme = current_theme()
        upper = QRectF(box.left(), box.top(), box.width(), box.height() / 2).adjusted(0, 6, 0, 2)
        lower = QRectF(box.left(), box.center().y(), box.width(), box.height() / 2).adjusted(0, -2, 0, -6)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font("body", bold=True))
        bold = painter.fontMetrics()
        title, count = str(index.data(Qt.ItemDataRole.DisplayRole)), str(index.data(COUNT))
        room = upper.width() - QFontMetricsF(theme.font("caption")).horizontalAdvance(count) - 8
        painter.drawText(upper, left, bold.elidedText(title, Qt.TextElideMode.ElideRight, round(room)))
        painter.setPen(theme.color("text_muted"))
        painter.setFont(theme.font("caption"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(upper, right, count)
        painter.drawText(lower, left, str(index.data(PURPOSE)))
