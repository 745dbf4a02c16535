"""What Home shows, as plain values; and the table model of the sessions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from ifllm_desktop.ui.model_index import Index
from ifllm_desktop.ui.theme import current_theme


@dataclass(frozen=True, slots=True)
class StudyCard:
    """One study.

    Attributes
    ----------
    state : str
        ``open``, ``running``, ``closed`` or ``missing`` (the folder is gone or cannot be read).
    note : str
        One line: what the study is, or why it cannot be opened.
    """

    path: str
    title: str
    note: str = ""
    state: str = "open"
    n_people: int = 0
    n_sessions: int = 0
    n_pairs: int = 0


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session.

    Attributes
    ----------
    when_wall_ns : int
        Start, ns since the Unix epoch; sorts the table, newest first.
    when : str
        The same in words.
    length_s, error_px, loss, rate_hz : float
        NaN where not measured; ``loss`` 0–1.
    p_word, p_line, p_block : float
        Probability that a look is put on the right word, line or block; NaN where not known.
    support_reason : str
        Why the three are not known.
    state : str
        In words: Ready, Recovered, Open …
    needs_you : str
        What somebody has to decide; empty when nothing.
    """

    session_id: str
    name: str
    when_wall_ns: int
    when: str
    length_s: float = math.nan
    grade: str = ""
    error_px: float = math.nan
    loss: float = math.nan
    rate_hz: float = math.nan
    p_word: float = math.nan
    p_line: float = math.nan
    p_block: float = math.nan
    support_reason: str = ""
    state: str = ""
    devices: str = ""
    needs_you: str = ""


@dataclass(frozen=True, slots=True)
class HealthRow:
    """One line of the health card; ``state``: ``good``, ``warning``, ``bad``, ``unknown``; ``icon``: a glyph name."""

    icon: str
    title: str
    value: str
    note: str
    state: str = "good"


def support_state(p: float) -> str:
    """``supported`` from .80, ``probable`` from .25, else ``refused``; empty for NaN."""
    if math.isnan(p):
        return ""
    return "supported" if p >= 0.80 else "probable" if p >= 0.25 else "refused"


def probability(p: float) -> str:
    """Two digits without the zero, as in ``.46``; 1.0 for 1."""
    return f"{p:.2f}".removeprefix("0")


COLUMNS = (
    "session",
    "when",
    "length",
    "grade",
    "error",
    "loss",
    "rate",
    "word",
    "line",
    "block",
    "state",
    "needs",
)
_NUMBERS = {"length", "error", "loss", "rate"}
SUPPORT = {"word": "p_word", "line": "p_line", "block": "p_block"}
SortRole = Qt.ItemDataRole.UserRole + 1
RowRole = Qt.ItemDataRole.UserRole + 2


class SessionModel(QAbstractTableModel):
    """The sessions as a table; sorting and filtering are the proxy's."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[SessionRow, ...] = ()

    def set_rows(self, rows: Sequence[SessionRow]) -> None:
        """Replace all rows; newest first."""
        self.beginResetModel()
        self._rows = tuple(sorted(rows, key=lambda r: r.when_wall_ns, reverse=True))
        self.endResetModel()

    @property
    def rows(self) -> tuple[SessionRow, ...]:
        """Rows in the order of the model."""
        return self._rows

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        name = COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if name in _NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return {
            "session": self.tr("Session"), "when": self.tr("When"), "length": self.tr("Length"),
            "grade": self.tr("Grade"), "error": self.tr("Error, px"), "loss": self.tr("Loss, %"),
            "rate": self.tr("Rate, Hz"), "word": self.tr("Word"), "line": self.tr("Line"),
            "block": self.tr("Block"), "state": self.tr("State"), "needs": self.tr("Needs you"),
        }[name]  # fmt: skip

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, name = self._rows[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, name)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, name)
        if role == SortRole:
            return self._sort_key(row, name)
        if role == RowRole:
            return row
        if role == Qt.ItemDataRole.FontRole and name in ("session", "grade"):
            return current_theme().font(12, bold=True)
        if role == Qt.ItemDataRole.ForegroundRole and name == "needs":
            return current_theme().color("warning")
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if name in _NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def _text(self, row: SessionRow, name: str) -> str:
        if name == "length":
            return (
                "–" if math.isnan(row.length_s) else f"{int(row.length_s) // 60}:{int(row.length_s) % 60:02d}"
            )
        if name in SUPPORT:
            p = float(getattr(row, SUPPORT[name]))
            return "–" if math.isnan(p) else probability(p)
        numbers = {
            "error": (row.error_px, "{:.0f}"),
            "loss": (100 * row.loss, "{:.1f}"),
            "rate": (row.rate_hz, "{:.1f}"),
        }
        if name in numbers:
            value, form = numbers[name]
            return "–" if math.isnan(value) else form.format(value)
        return {"session": row.name, "when": row.when, "grade": row.grade or "–", "state": row.state,
                "needs": row.needs_you}[name]  # fmt: skip

    def _tip(self, row: SessionRow, name: str) -> str:
        if name in SUPPORT:
            p = float(getattr(row, SUPPORT[name]))
            if math.isnan(p):
                return row.support_reason or self.tr("Not computed yet.")
            words = {
                "supported": self.tr("supported"), "probable": self.tr("supported with its probability"),
                "refused": self.tr("not supported: the error is too great"),
            }  # fmt: skip
            form = self.tr("Chance that a look is put on the right one: {p} – {words}")
            return form.format(p=probability(p), words=words[support_state(p)])
        if name in ("session", "state") and row.devices == "simulated":
            return self.tr("Simulated participant: not data of a person.")
        return self._text(row, name)

    def _sort_key(self, row: SessionRow, name: str) -> Any:
        numbers = {
            "when": float(row.when_wall_ns), "length": row.length_s, "error": row.error_px, "loss": row.loss,
            "rate": row.rate_hz, "word": row.p_word, "line": row.p_line, "block": row.p_block,
        }  # fmt: skip
        if name in numbers:
            return -1.0 if math.isnan(numbers[name]) else numbers[name]
        return self._text(row, name)
