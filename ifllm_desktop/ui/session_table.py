"""The table of sessions with the three support chips in fixed columns."""

from __future__ import annotations

import math

from PySide6.QtCore import (
    QPointF,
    QRectF,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ifllm_desktop.ui.home_model import (
    COLUMNS,
    SUPPORT,
    RowRole,
    SessionModel,
    SessionRow,
    SortRole,
    probability,
    support_state,
)
from ifllm_desktop.ui.model_index import Index
from ifllm_desktop.ui.row_table import long_rows
from ifllm_desktop.ui.support_chip import SUPPORT_LOOK, support_chip_size
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import paint_chip

_WIDTHS_PX = {"session": 80, "when": 112, "length": 62, "grade": 56, "error": 72, "loss": 64, "rate": 72,
              "word": 68, "line": 68, "block": 68, "state": 96, "needs": 80}  # fmt: skip


class ChipDelegate(QStyledItemDelegate):
    """Paints a probability as a chip; what is not known stays a dash."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(RowRole)
        p = float(getattr(row, SUPPORT[COLUMNS[index.column()]])) if isinstance(row, SessionRow) else math.nan
        if math.isnan(p):
            super().paint(painter, option, index)
            return
        theme = current_theme()
        box = QRectF(option.rect)
        state = option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.fillRect(box, theme.color("accent_soft" if chosen else "surface"))
        painter.setPen(QPen(theme.color("border"), 1))
        painter.drawLine(QPointF(box.left(), box.bottom() - 0.5), QPointF(box.right(), box.bottom() - 0.5))
        tone, icon = SUPPORT_LOOK[support_state(p)]
        text = probability(p)
        size = support_chip_size(text, QFontMetricsF(theme.font(12)))
        place = QPointF(box.left() + 6, box.center().y() - size.height() / 2)
        paint_chip(painter, QRectF(place, size), text, tone, icon)
        painter.restore()


class SessionFilter(QSortFilterProxyModel):
    """Rows that hold the text, and that need somebody when only those are asked for."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = ""
        self._only_needy = False
        self.setSortRole(SortRole)

    def set_text(self, text: str) -> None:
        """Show rows whose name, time, grade or state holds this."""
        self._text = text.strip().casefold()
        self.invalidate()

    def set_only_needy(self, only: bool) -> None:
        """Show only rows that wait for somebody."""
        self._only_needy = only
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        row = self.sourceModel().index(source_row, 0, source_parent).data(RowRole)
        if not isinstance(row, SessionRow) or (self._only_needy and not row.needs_you):
            return False
        words = " ".join((row.name, row.when, row.grade, row.state, row.needs_you, row.session_id))
        return self._text in words.casefold()


class SessionTable(QTableView):
    """Recent sessions; Enter or a double click replays one.

    Attributes
    ----------
    activated_session : Signal(str)
        Session id.
    """

    activated_session = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("home_sessions")
        self._model = SessionModel(self)
        self.filter = SessionFilter(self)
        self.filter.setSourceModel(self._model)
        self.setModel(self.filter)
        long_rows(self)
        self.setSortingEnabled(True)
        self.sortByColumn(COLUMNS.index("when"), Qt.SortOrder.DescendingOrder)
        self._delegate = ChipDelegate(self)
        for name in SUPPORT:
            self.setItemDelegateForColumn(COLUMNS.index(name), self._delegate)
        self.doubleClicked.connect(lambda index: self._activate(index.row()))
        self.fit_text()

    def fit_text(self) -> None:
        """Widths and heights for the present text size."""
        theme = current_theme()
        self.verticalHeader().setDefaultSectionSize(theme.px(34))
        self.horizontalHeader().setFixedHeight(theme.px(29))
        for position, name in enumerate(COLUMNS):
            self.setColumnWidth(position, theme.px(_WIDTHS_PX[name]))

    def set_rows(self, rows: tuple[SessionRow, ...]) -> None:
        """Show these sessions; the chosen one stays chosen."""
        chosen = self.chosen()
        self._model.set_rows(rows)
        wanted = chosen.session_id if chosen is not None else ""
        for position in range(self.filter.rowCount()):
            row = self.filter.index(position, 0).data(RowRole)
            if row.session_id == wanted:
                self.selectRow(position)
                return
        if self.filter.rowCount():
            self.selectRow(0)

    def chosen(self) -> SessionRow | None:
        """The selected session."""
        index = self.currentIndex()
        row = index.data(RowRole) if index.isValid() else None
        return row if isinstance(row, SessionRow) else None

    def _activate(self, position: int) -> None:
        row = self.filter.index(position, 0).data(RowRole)
        if isinstance(row, SessionRow):
            self.activated_session.emit(row.session_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._activate(self.currentIndex().row())
            return
        super().keyPressEvent(event)
