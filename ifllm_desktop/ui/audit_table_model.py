"""The sessions of an audit as a table: model, order and filter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QSortFilterProxyModel,
    Qt,
    Signal,
)

from ifllm_desktop.analysis.audit_rows import AuditRow
from ifllm_desktop.ui.audit_words import chance_words, note_words
from ifllm_desktop.ui.home_model import probability
from ifllm_desktop.ui.model_index import Index
from ifllm_desktop.ui.theme import current_theme

COLUMNS = (
    "included", "session", "grade", "px", "deg", "std", "loss", "rate", "head", "word", "line", "block", "note",
)  # fmt: skip
LEVEL_COLUMNS = ("word", "line", "block")
NUMBERS = ("px", "deg", "std", "loss", "rate", "head")
SortRole = Qt.ItemDataRole.UserRole + 1
RowRole = Qt.ItemDataRole.UserRole + 2
DASH = "–"
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class AuditModel(QAbstractTableModel):
    """Rows as they come in.

    Attributes
    ----------
    decided : Signal(str, bool, str)
        Session id, whether it is to be included from now on, and the reason that was typed.
    refused : Signal(str)
        A reason is needed and none was typed: session id.
    """

    decided = Signal(str, bool, str)
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[AuditRow] = []
        self._at: dict[str, int] = {}
        self.mixed_screens = False
        self.max_deg = self.max_loss = math.nan

    @property
    def rows(self) -> Sequence[AuditRow]:
        """All rows, in the order in which they came."""
        return self._rows

    def row_of(self, session_id: str) -> AuditRow | None:
        """The row of a session; None when it is not there (yet)."""
        place = self._at.get(session_id)
        return None if place is None else self._rows[place]

    def set_rows(self, rows: Sequence[AuditRow], *, mixed_screens: bool = False) -> None:
        """Show these; rows of sessions that are there already change in place, so that nothing jumps."""
        self.mixed_screens = mixed_screens
        ids = [row.session_id for row in rows]
        if ids[: len(self._rows)] == [row.session_id for row in self._rows]:
            n_before = len(self._rows)
            self._rows[:] = rows[:n_before]
            if n_before:
                self.dataChanged.emit(self.index(0, 0), self.index(n_before - 1, len(COLUMNS) - 1))
            if len(rows) > n_before:
                self.beginInsertRows(QModelIndex(), n_before, len(rows) - 1)
                self._rows.extend(rows[n_before:])
                self.endInsertRows()
        else:
            self.beginResetModel()
            self._rows = list(rows)
            self.endResetModel()
        self._at = {session_id: place for place, session_id in enumerate(ids)}

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        made = super().flags(index)
        return made | Qt.ItemFlag.ItemIsEditable if COLUMNS[index.column()] == "note" else made

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        name = COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if name in NUMBERS else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._head_tips()[name]
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return {
            "included": "", "session": self.tr("Session"), "grade": self.tr("Grade"), "px": self.tr("px"),
            "deg": self.tr("deg"), "std": self.tr("STD"), "loss": self.tr("Loss, %"), "rate": self.tr("Hz"),
            "head": self.tr("Head, cm"), "word": self.tr("Word"), "line": self.tr("Line"),
            "block": self.tr("Block"), "note": self.tr("Note or reason"),
        }[name]  # fmt: skip

    def _head_tips(self) -> dict[str, str]:
        chance = self.tr("Chance that one look is put on the right one")
        return {
            "included": self.tr("Included in the chosen exclusion set"), "session": self.tr("Participant and session"),
            "grade": self.tr("Grade of the accepted validation"),
            "px": self.tr("Mean error on the held-out targets, px"),
            "deg": self.tr("Mean error on the held-out targets, degrees of visual angle"),
            "std": self.tr("Precision: spread around each target's mean, degrees (px where degrees are not known)"),
            "loss": self.tr("Frames without a gaze point, %"), "rate": self.tr("Gaze points per second"),
            "head": self.tr("Median distance of the head from where it was calibrated, cm"),
            "word": chance, "line": chance, "block": chance,
            "note": self.tr("Why it is excluded, or what is worth a look"),
        }  # fmt: skip

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, name = self._rows[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(row, name)
        if role == Qt.ItemDataRole.EditRole:
            return "" if row.included else row.decision.reason
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if name in NUMBERS else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, name)
        if role == SortRole:
            return self._sort_key(row, name)
        if role == RowRole:
            return row
        if role == Qt.ItemDataRole.FontRole:
            return current_theme().font(12, bold=self.look(row, name)[1])
        if role == Qt.ItemDataRole.ForegroundRole:
            return current_theme().color(self.look(row, name)[0])
        if role == Qt.ItemDataRole.AccessibleTextRole and name == "included":
            return self.tr("included") if row.included else self.tr("excluded")
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """A typed reason turns the session over; without one nothing changes."""
        if role != Qt.ItemDataRole.EditRole:
            return False
        row, reason = self._rows[index.row()], str(value).strip()
        if not reason:
            self.refused.emit(row.session_id)
            return False
        self.decided.emit(row.session_id, not row.included, reason)
        return True

    # ---- cells
    def text(self, row: AuditRow, name: str) -> str:
        """What a cell says."""
        if name in LEVEL_COLUMNS:
            if not row.has_gaze:
                return self.tr("pointer only") if name == "word" else ""
            p = chance(row, name)
            return DASH if math.isnan(p) else probability(p)
        values = {
            "px": (row.accuracy_px, "{:.0f}"), "deg": (row.accuracy_deg, "{:.2f}"), "loss": (100 * row.loss, "{:.1f}"),
            "rate": (row.rate_hz, "{:.1f}"), "head": (row.head_cm, "{:.0f}"), "std": (row.std_deg, "{:.2f}"),
        }  # fmt: skip
        if name in values:
            value, form = values[name]
            if name == "std" and math.isnan(value) and math.isfinite(row.std_px):
                return self.tr("{px} px").format(px=f"{row.std_px:.0f}")
            if name == "head" and value < 9.95:
                form = "{:.1f}"
            return DASH if math.isnan(value) else form.format(value)
        return {
            "included": "",
            "session": row.name,
            "grade": row.grade or DASH,
            "note": note_words(row),
        }[name]

    def _tip(self, row: AuditRow, name: str) -> str:
        if name in LEVEL_COLUMNS:
            return chance_words(row.chances.get(name)) if row.has_gaze else ""
        if name == "px" and self.mixed_screens:
            return self.tr("Screens of this study differ in size: compare degrees, not px.")
        if name == "session" and row.devices == "simulated":
            return self.tr("Simulated participant: not data of a person.")
        if name == "grade" and math.isfinite(row.score):
            return self.tr("Quality {score} of 100").format(score=f"{row.score:.0f}")
        if name == "included":
            return self.tr("Space includes or excludes it, with a reason")
        return self.text(row, name) if name in ("session", "note") else ""

    def look(self, row: AuditRow, name: str) -> tuple[str, bool]:
        """Colour token of a cell, and whether it is bold."""
        beyond = (name == "loss" and row.loss > self.max_loss) or (
            name == "deg" and row.accuracy_deg > self.max_deg
        )
        if beyond:
            return "danger", True
        if name == "note":
            return ("text_muted" if row.included else "danger"), False
        grey = (name == "px" and self.mixed_screens) or (name in LEVEL_COLUMNS and not row.has_gaze)
        return ("text_muted" if grey else "text"), name in ("session", "grade")

    def _sort_key(self, row: AuditRow, name: str) -> Any:
        if name in LEVEL_COLUMNS:
            value = chance(row, name)
        else:
            numbers = {
                "px": row.accuracy_px, "deg": row.accuracy_deg, "loss": row.loss, "rate": row.rate_hz,
                "head": row.head_cm, "std": row.std_deg if math.isfinite(row.std_deg) else row.std_px,
                "included": float(row.included),
            }  # fmt: skip
            if name not in numbers:
                return self.text(row, name)
            value = numbers[name]
        return -1.0 if math.isnan(value) else value


def chance(row: AuditRow, level: str) -> float:
    """Chance of a level; NaN where it is not known."""
    found = row.chances.get(level)
    return found.p if found is not None else math.nan


class AuditFilter(QSortFilterProxyModel):
    """Rows that hold a text and are in, out, or both."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._text = ""
        self._included: bool | None = None
        self.setSortRole(SortRole)

    def set_text(self, text: str) -> None:
        """Show rows whose name, grade, note or reason holds this."""
        self._text = text.strip().casefold()
        self.invalidate()

    def set_included(self, included: bool | None) -> None:
        """Show only what is included, only what is excluded, or (None) both."""
        self._included = included
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        model = self.sourceModel()
        assert isinstance(model, AuditModel)
        row = model.rows[source_row]
        if self._included is not None and row.included != self._included:
            return False
        if not self._text:
            return True
        words = " ".join((row.name, row.grade, note_words(row), row.decision.reason, row.session_id))
        return self._text in words.casefold()
