"""Table of the validation targets: error in px and degrees, by axis, scatter, loss."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHeaderView, QSizePolicy, QTableView

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.session.snapshot import TargetOutcome
from ifllm_desktop.ui import gaze_words
from ifllm_desktop.ui.icons import pixmap
from ifllm_desktop.ui.model_index import Index
from ifllm_desktop.ui.row_table import quiet_rows
from ifllm_desktop.ui.theme import current_theme

_ROOT = QModelIndex()
_COLUMNS = ("point", "px", "deg", "x", "y", "std", "loss", "mark")
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_DASH = "–"


class TargetModel(QAbstractTableModel):
    """Rows are targets in the order of their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: tuple[TargetOutcome, ...] = ()
        self._screen = Screen(1920, 1080)
        self._worst = -1
        self._measured: frozenset[int] = frozenset()

    def set_targets(
        self,
        targets: tuple[TargetOutcome, ...],
        screen: Screen,
        worst: int,
        measured: frozenset[int] = frozenset(),
    ) -> None:
        """Show these targets; ``worst`` is the index of the one with the greatest error, ``measured`` those that have
        frames though no error."""
        self.beginResetModel()
        self.targets, self._screen, self._worst, self._measured = targets, screen, worst, measured
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.targets)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section else _LEFT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        heads = {
            "point": self.tr("Point"), "px": self.tr("px"), "deg": self.tr("deg"), "x": self.tr("x"),
            "y": self.tr("y"), "std": self.tr("STD"), "loss": self.tr("loss"), "mark": "",
        }  # fmt: skip
        return heads[_COLUMNS[section]]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        target, name = self.targets[index.row()], _COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(target, name)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _LEFT if name == "point" else _RIGHT
        if role == Qt.ItemDataRole.FontRole and name == "px" and math.isfinite(target.error_px):
            return current_theme().font(12, bold=True)
        if role == Qt.ItemDataRole.DecorationRole and name == "mark":
            icon, token = ("check", "success") if self._good(target) else ("alert", "warning")
            return pixmap(icon, token, current_theme().px(14))
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.row_words(target) if name in ("point", "mark") else self._text(target, name)
        return None

    def row_words(self, target: TargetOutcome) -> str:
        """A row in words, for a screen reader and as a tooltip."""
        place = gaze_words.place_name(target, self._screen)
        if not math.isfinite(target.error_px):
            form = self.tr("Point {n}, {place}: not measured")
            if target.target_index in self._measured:
                form = self.tr("Point {n}, {place}: measured")
            return form.format(n=target.target_index + 1, place=place)
        form = self.tr("Point {n}, {place}: {px:.0f} px")
        if target.target_index == self._worst:
            form = self.tr("Point {n}, {place}: {px:.0f} px, the greatest error")
        return form.format(n=target.target_index + 1, place=place, px=target.error_px)

    def unmeasured_words(self, target: TargetOutcome) -> str:
        """What stands in place of the figures that there are none of."""
        return self.tr("measured") if target.target_index in self._measured else self.tr("not measured")

    def _good(self, target: TargetOutcome) -> bool:
        if target.target_index in self._measured:
            return True
        return math.isfinite(target.error_px) and target.target_index != self._worst

    def _text(self, target: TargetOutcome, name: str) -> str:
        if name == "point":
            form = self.tr("{n} {place}")
            return form.format(n=target.target_index + 1, place=gaze_words.place_name(target, self._screen))
        if name == "loss":
            return self.tr("{v:.0f} %").format(v=100 * target.loss) if math.isfinite(target.loss) else _DASH
        if name == "mark" or not math.isfinite(target.error_px):
            return "" if name == "mark" else self.unmeasured_words(target) if name == "px" else _DASH
        degrees = gaze_words.error_deg(target, self._screen)
        return {
            "px": f"{target.error_px:.0f}",
            "deg": f"{degrees:.2f}" if math.isfinite(degrees) else _DASH,
            "x": gaze_words.signed(target.mean_x_px - target.x_px),
            "y": gaze_words.signed(target.mean_y_px - target.y_px),
            "std": f"{math.hypot(target.sd_x_px, target.sd_y_px):.0f}",
        }[name]


class TargetTable(QTableView):
    """As high as its rows; a row is chosen by mouse, arrows, or from outside.

    Attributes
    ----------
    chosen : Signal(int)
        ``target_index`` of the row that the person chose.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("gaze_targets")
        self.targets = TargetModel()
        self.setModel(self.targets)
        self.setAccessibleName(self.tr("Error at each point"))
        quiet_rows(self)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setProperty("focus_ring", True)
        head = self.horizontalHeader()
        head.setMinimumSectionSize(24)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._telling = True
        self.selectionModel().currentRowChanged.connect(self._changed)

    def set_targets(
        self,
        targets: tuple[TargetOutcome, ...],
        screen: Screen,
        worst: int,
        measured: frozenset[int] = frozenset(),
    ) -> None:
        """Show these targets: see :meth:`TargetModel.set_targets`."""
        self._telling = False
        self.targets.set_targets(targets, screen, worst, measured)
        self.clearSpans()
        first, last = _COLUMNS.index("px"), _COLUMNS.index("std")
        for row, target in enumerate(targets):
            if not math.isfinite(target.error_px):
                self.setSpan(row, first, 1, last - first + 1)
        self._telling = True
        self.fit_rows()

    def fit_rows(self) -> None:
        """Set the height of the rows by the text size, and the table's by its rows."""
        theme = current_theme()
        self.verticalHeader().setDefaultSectionSize(theme.px(26))
        self.horizontalHeader().setFixedHeight(theme.px(28))
        self.setFixedHeight(theme.px(28) + theme.px(26) * self.targets.rowCount() + 2)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.minimumHeight())

    def choose(self, target_index: int) -> None:
        """Select the row of a target without telling it back."""
        row = next((r for r, t in enumerate(self.targets.targets) if t.target_index == target_index), -1)
        self._telling = False
        if row >= 0:
            self.selectRow(row)
        else:
            self.clearSelection()
        self._telling = True

    def _changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        if self._telling and now.isValid():
            self.chosen.emit(self.targets.targets[now.row()].target_index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            super().keyPressEvent(event)
        else:
            event.ignore()  # letters, Enter and the other arrows are the page's, not a search in the table
