"""The pairs of a study as a table: score of each side, confidence, vote, fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPointF,
    QRectF,
    Qt,
)
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ifllm_desktop.domain.session import PairScore
from ifllm_desktop.features.pairs import PairRow
from ifllm_desktop.ui.icons import paint_icon
from ifllm_desktop.ui.model_index import Index
from ifllm_desktop.ui.theme import current_theme

PAIR, LEFT, BAR, RIGHT, SURE, VOTE, AGREES, FOLD, TRAINED = range(9)
SIDE_LETTERS = {"left": "A", "right": "B"}


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """One line of the table.

    Attributes
    ----------
    score : PairScore or None
        None before scoring.
    number : int
        Which pair of its person it is, from 1, by session and time.
    """

    row: PairRow
    score: PairScore | None
    number: int

    @property
    def side(self) -> str:
        """Side with the higher score; empty without a score or at equal ones."""
        if self.score is None or self.score.score_left == self.score.score_right:
            return ""
        return "left" if self.score.score_left > self.score.score_right else "right"

    @property
    def agrees(self) -> bool | None:
        """Whether score and vote name the same side; None where one of them names none."""
        if not self.side or self.row.choice not in SIDE_LETTERS:
            return None
        return self.side == self.row.choice

    @property
    def sure(self) -> float | None:
        """Probability of the side with the higher score."""
        return None if self.score is None else max(self.score.prob_left, 1 - self.score.prob_left)


class PairTable(QAbstractTableModel):
    """Lines by pair. Values are made when a cell is drawn, so a long study opens at once."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pairs: list[ScoredPair] = []
        self.widest = 1.0

    def set_pairs(self, pairs: Sequence[ScoredPair]) -> None:
        """Show other pairs."""
        self.beginResetModel()
        self._pairs = list(pairs)
        self.widest = max((abs(difference(pair)) for pair in pairs), default=1.0) or 1.0
        self.endResetModel()

    def pair(self, row: int) -> ScoredPair:
        """The pair of a line."""
        return self._pairs[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._pairs)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 9

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (
                self.tr("Pair"), self.tr("Score A"), self.tr("A ← score → B"), self.tr("Score B"), self.tr("Sure"),
                self.tr("Vote"), "", self.tr("Fold"), self.tr("Trained on"),
            )[section]  # fmt: skip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        pair = self._pairs[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(pair, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(pair, index.column())
        return None

    def _text(self, pair: ScoredPair, column: int) -> str:
        if column == PAIR:
            return self.tr("{person} · pair {number}").format(
                person=pair.row.participant_id, number=pair.number
            )
        if column == VOTE:
            return self.vote(pair.row)
        score = pair.score
        if score is None or column in (BAR, AGREES):
            return ""
        return {
            LEFT: f"{score.score_left:.2f}",
            RIGHT: f"{score.score_right:.2f}",
            SURE: f"{pair.sure:.2f}".lstrip("0"),
            FOLD: self.tr("unseen") if score.fold < 0 else str(score.fold),
            TRAINED: score.trained_on,
        }[column]

    def vote(self, row: PairRow) -> str:
        """The vote in words."""
        words = {
            "left": self.tr("A"), "right": self.tr("B"), "tie": self.tr("tie"), "both_bad": self.tr("both bad"),
        }  # fmt: skip
        text = words.get(row.choice or "", self.tr("missing"))
        degrees = {1: self.tr("slightly"), 2: self.tr("clearly")}
        return f"{text}, {degrees[row.strength]}" if row.strength in degrees else text

    def _tip(self, pair: ScoredPair, column: int) -> str:
        if column == PAIR:
            return pair.row.pair_id
        if column == AGREES:
            words = {
                True: self.tr("Score and vote agree"), False: self.tr("Score and vote differ"),
                None: self.tr("Nothing to compare"),
            }  # fmt: skip
            return words[pair.agrees]
        if column == FOLD:
            return self.tr(
                "The fold that held this person out; unseen: the model was trained on other people"
            )
        return self._text(pair, column)


def difference(pair: ScoredPair) -> float:
    """Score of B minus score of A; 0 without a score."""
    return 0.0 if pair.score is None else pair.score.score_right - pair.score.score_left


def _alignment(column: int) -> Qt.AlignmentFlag:
    if column in (LEFT, RIGHT, SURE):
        return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    if column == BAR:
        return Qt.AlignmentFlag.AlignCenter
    return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class PairDelegate(QStyledItemDelegate):
    """Draws the difference of the scores as a bar and the agreement as a mark."""

    def __init__(self, table: PairTable, parent: QWidget) -> None:
        super().__init__(parent)
        self._table = table

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        if index.column() not in (BAR, AGREES):
            return
        pair = self._table.pair(index.row())
        box = QRectF(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.column() == BAR:
            self._bar(painter, box.adjusted(12, 0, -12, 0), pair)
        else:
            self._mark(painter, box, pair, selected)
        painter.restore()

    def _bar(self, painter: QPainter, box: QRectF, pair: ScoredPair) -> None:
        theme, middle = current_theme(), box.center()
        painter.setPen(QPen(theme.color("border"), 1))
        painter.drawLine(QPointF(box.left(), middle.y()), QPointF(box.right(), middle.y()))
        painter.setPen(QPen(theme.color("border_strong"), 1))
        painter.drawLine(QPointF(middle.x(), middle.y() - 8), QPointF(middle.x(), middle.y() + 8))
        if pair.score is None:
            return
        width = box.width() / 2 * difference(pair) / self._table.widest
        bar = QRectF(middle.x(), middle.y() - 6, width, 12).normalized()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(bar, 2, 2)

    def _mark(self, painter: QPainter, box: QRectF, pair: ScoredPair, selected: bool) -> None:
        if pair.agrees is None:
            return
        side = current_theme().px(14)
        place = QRectF(box.center().x() - side / 2, box.center().y() - side / 2, side, side)
        icon, token = ("check", "success") if pair.agrees else ("danger", "danger")
        paint_icon(painter, place, icon, token)
