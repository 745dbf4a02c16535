"""The table of sessions: chips, ticks, and the line in which a reason is typed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPointF,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ifllm_desktop.analysis.audit_rows import AuditRow
from ifllm_desktop.ui.audit_table_model import (
    COLUMNS,
    LEVEL_COLUMNS,
    NUMBERS,
    AuditFilter,
    AuditModel,
    RowRole,
)
from ifllm_desktop.ui.home_model import probability
from ifllm_desktop.ui.icons import paint_icon
from ifllm_desktop.ui.model_index import Index
from ifllm_desktop.ui.row_table import long_rows
from ifllm_desktop.ui.support_chip import SUPPORT_LOOK, support_chip_size
from ifllm_desktop.ui.theme import Theme, current_theme
from ifllm_desktop.ui.widgets import paint_chip

_WIDEST = {
    "session": "P000 · 0", "grade": "D", "px": "0000", "deg": "00.00", "std": "00.00", "loss": "100.0",
    "rate": "00.0", "head": "00.0",
}  # fmt: skip
"""What each column of text has to have room for, besides its own head."""
_NOTE = COLUMNS.index("note")


class CellDelegate(QStyledItemDelegate):
    """Paints every cell by itself: ticks, chips and text. The style's own painting asks the model for eight roles a
    cell, which is too slow for hundreds of rows."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme: Theme | None = None
        self._fonts: dict[bool, tuple[QFont, QFontMetricsF]] = {}
        self._chips: dict[tuple[str, str, float], QPixmap] = {}

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = current_theme()
        if theme != self._theme:
            self._theme, self._chips = theme, {}
            fonts = {bold: theme.font(12, bold=bold) for bold in (False, True)}
            self._fonts = {bold: (font, QFontMetricsF(font)) for bold, font in fonts.items()}
        row, name = index.data(RowRole), COLUMNS[index.column()]
        if not isinstance(row, AuditRow):
            return
        box, state = QRectF(option.rect), option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.fillRect(box, theme.color("accent_soft" if chosen else "surface"))
        painter.fillRect(QRectF(box.left(), box.bottom() - 1, box.width(), 1), theme.color("border"))
        support = row.chances.get(name) if name in LEVEL_COLUMNS and row.has_gaze else None
        if name == "included":
            if chosen:
                painter.fillRect(QRectF(box.left(), box.top(), 3, box.height()), theme.color("accent"))
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_tick(painter, box.center(), on=row.included)
            painter.restore()
        elif support is not None and math.isfinite(support.p):
            chip = self._chip(probability(support.p), support.state, painter)
            size = chip.deviceIndependentSize()
            painter.drawPixmap(QPointF(box.left() + 6, round(box.center().y() - size.height() / 2)), chip)
        else:
            self._text(painter, box, index, row, name)

    def _text(self, painter: QPainter, box: QRectF, index: Index, row: AuditRow, name: str) -> None:
        view = self.parent()
        assert isinstance(view, AuditTable)
        text, (token, bold) = view.rows.text(row, name), view.rows.look(row, name)
        font, metrics = self._fonts[bold]
        place = box.adjusted(6, 0, -6, 0)
        if metrics.horizontalAdvance(text) > place.width():
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        painter.setFont(font)
        painter.setPen(current_theme().color(token))
        side = Qt.AlignmentFlag.AlignRight if name in NUMBERS else Qt.AlignmentFlag.AlignLeft
        painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _chip(self, text: str, state: str, painter: QPainter) -> QPixmap:
        """A chip as a picture: there are as many as there are chances of two digits."""
        ratio = painter.device().devicePixelRatioF()
        key = (text, state, ratio)
        if key not in self._chips:
            tone, icon = SUPPORT_LOOK[state]
            size = support_chip_size(text, self._fonts[False][1])
            made = QPixmap((size * ratio).toSize())
            made.setDevicePixelRatio(ratio)
            made.fill(Qt.GlobalColor.transparent)
            inside = QPainter(made)
            paint_chip(inside, QRectF(QPointF(0, 0), size), text, tone, icon)
            inside.end()
            self._chips[key] = made
        return self._chips[key]

    # ---- the reason
    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setObjectName("audit_reason")
        row = index.data(RowRole)
        out = isinstance(row, AuditRow) and row.included
        editor.setPlaceholderText(
            self.tr("Why leave it out? Enter") if out else self.tr("Why take it back in? Enter")
        )
        editor.setAccessibleName(editor.placeholderText())
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        # rows come in while somebody types: what was typed stays
        if isinstance(editor, QLineEdit) and not editor.isModified():
            super().setEditorData(editor, index)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        # a reason needs more room than the column may have: it grows to the left over the chips
        box: QRect = option.rect
        wanted = current_theme().px(300)
        editor.setGeometry(box.adjusted(-max(0, wanted - box.width()), 0, 0, 0))


def paint_tick(painter: QPainter, at: QPointF, *, on: bool) -> None:
    """A box with or without a tick."""
    theme = current_theme()
    side = theme.px(14)
    box = QRectF(at.x() - side / 2, at.y() - side / 2, side, side)
    if on:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(box, 3, 3)
        paint_icon(painter, box.adjusted(1, 1, -1, -1), "check", "on_accent")
        return
    painter.setPen(QPen(theme.color("border_strong"), 1))
    painter.setBrush(theme.color("surface"))
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)


class AuditTable(QTableView):
    """Sessions with their figures.

    Attributes
    ----------
    opened : Signal(str)
        Session id: Enter or a double click.
    chosen_changed : Signal(str)
        Session id of the chosen row; empty without one.
    """

    opened = Signal(str)
    chosen_changed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("audit_sessions")
        self.setAccessibleName(self.tr("Sessions"))
        self.rows = AuditModel(self)
        self.filter = AuditFilter(self)
        self.filter.setSourceModel(self.rows)
        self.setModel(self.filter)
        long_rows(self)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(28)
        self._delegate = CellDelegate(self)
        self.setItemDelegate(self._delegate)
        self.setSortingEnabled(True)
        header.setSortIndicator(
            -1, Qt.SortOrder.AscendingOrder
        )  # as they were recorded, until a head is pressed
        self.filter.sort(-1)
        self.selectionModel().currentRowChanged.connect(self._row_changed)
        self.doubleClicked.connect(self._double_clicked)
        self.fit_text()

    def fit_text(self) -> None:
        """Widths and heights for the present text size."""
        theme = current_theme()
        self.verticalHeader().setDefaultSectionSize(theme.px(30))
        self.horizontalHeader().setFixedHeight(theme.px(29))
        self.setColumnWidth(0, theme.px(32))
        metrics = QFontMetricsF(theme.font(12, bold=True))
        thin = QFontMetricsF(theme.font(12))
        chip = metrics.horizontalAdvance(probability(0.88)) + theme.px(12) + 30
        for position, name in enumerate(COLUMNS[1:-1], start=1):
            head = str(self.rows.headerData(position, Qt.Orientation.Horizontal))
            words = max(metrics.horizontalAdvance(_WIDEST.get(name, "")), thin.horizontalAdvance(head))
            self.setColumnWidth(position, round(max(words + 14, chip if name in LEVEL_COLUMNS else 0)))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self.fit_text()
        super().changeEvent(event)

    def set_rows(self, rows: Sequence[AuditRow], *, mixed_screens: bool = False) -> None:
        """Show these sessions; the chosen one stays chosen."""
        chosen = self.chosen()
        self.rows.set_rows(rows, mixed_screens=mixed_screens)
        if not rows:
            self.chosen_changed.emit("")
            return
        wanted = chosen.session_id if chosen is not None else ""
        now = self.chosen()
        if now is None or now.session_id != wanted:
            self.choose(wanted)

    def choose(self, session_id: str) -> None:
        """Put the cursor on a session; on the first one where it is not shown."""
        if not self.filter.rowCount():
            self.chosen_changed.emit("")
            return
        position = next(
            (p for p in range(self.filter.rowCount()) if self._row(p).session_id == session_id), 0
        )
        self.selectRow(position)

    def chosen(self) -> AuditRow | None:
        """The row under the cursor."""
        index = self.currentIndex()
        row = index.data(RowRole) if index.isValid() else None
        return row if isinstance(row, AuditRow) else None

    def turn_over(self) -> None:
        """Include or exclude the chosen session: opens the line for the reason."""
        index = self.currentIndex()
        if index.isValid():
            self.edit(index.siblingAtColumn(_NOTE))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if self.state() == QAbstractItemView.State.EditingState:
            return  # the key that ends a reason comes through from its line
        if index.isValid() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._opened(index)
        elif index.isValid() and event.key() == Qt.Key.Key_Space:
            self.turn_over()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and COLUMNS[index.column()] == "included":
            self.turn_over()

    def _row(self, position: int) -> AuditRow:
        row: AuditRow = self.filter.index(position, 0).data(RowRole)
        return row

    def _opened(self, index: QModelIndex) -> None:
        self.opened.emit(self._row(index.row()).session_id)

    def _double_clicked(self, index: QModelIndex) -> None:
        if COLUMNS[index.column()] not in ("included", "note"):
            self._opened(index)

    def _row_changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        row = now.data(RowRole) if now.isValid() else None
        self.chosen_changed.emit(row.session_id if isinstance(row, AuditRow) else "")
