"""Earlier turns of the task: prompts, answers and what was preferred, above the present question."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, QUrl
from PySide6.QtGui import QAbstractTextDocumentLayout, QPainter, QPaintEvent, QPalette, QTextDocument
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from ifllm_desktop.session.snapshot import HistoryTurn
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import IconMark, frame, label, row

MAX_ALONE_PX = 640


class _OfflineDocument(QTextDocument):
    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        return None  # an answer must not make the program open files or addresses


class MarkdownText(QWidget):
    """Markdown that does not scroll or change: as high as its text needs."""

    def __init__(self, source: str, token: str = "text_muted") -> None:
        super().__init__()
        self._token = token
        self._source = source
        self._document = _OfflineDocument(self)
        self._document.setDocumentMargin(0)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(source)
        self._restyle()

    def _restyle(self) -> None:
        self._document.setDefaultFont(current_theme().font("body"))
        features = QTextDocument.MarkdownFeature
        self._document.setMarkdown(
            self._source, features.MarkdownDialectGitHub | features.MarkdownNoHTML
        )  # without NoHTML Qt swallows text such as <b>
        self.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self._restyle()
        super().changeEvent(event)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        self._document.setTextWidth(width)
        return round(self._document.size().height() + 1)

    def sizeHint(self) -> QSize:
        return QSize(400, self.heightForWidth(400))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._document.setTextWidth(self.width())
        context = QAbstractTextDocumentLayout.PaintContext()
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Text, current_theme().color(self._token))
        context.palette = palette
        self._document.documentLayout().draw(painter, context)
        painter.end()


class HistoryView(QScrollArea):
    """The turns so far, newest at the bottom; scrolls in itself."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("task_history")
        self.setProperty("aoi", "history")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Earlier turns"))
        self.viewport().setAutoFillBackground(False)
        self._turns: tuple[HistoryTurn, ...] = ()
        self.verticalScrollBar().rangeChanged.connect(self._to_end)
        self.hide()

    def _to_end(self, _least: int, most: int) -> None:
        self.verticalScrollBar().setValue(most)

    def set_turns(self, turns: tuple[HistoryTurn, ...]) -> None:
        """Show these turns; none hides the view."""
        if turns == self._turns:
            return
        self._turns = turns
        content = QWidget()
        content.setProperty("surface", "plain")
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for turn in turns:
            self._add_turn(layout, turn)
        layout.addStretch(1)
        self.setWidget(content)
        self.viewport().setAutoFillBackground(False)
        self.setVisible(bool(turns))

    def _add_turn(self, layout: QVBoxLayout, turn: HistoryTurn) -> None:
        bubble = label(turn.prompt, "reading", wrap=True)
        layout.addLayout(row(40, frame("bubble", row(bubble, margins=(16, 8, 16, 8))), 40))
        answers = row(spacing=16)
        alone = len(turn.answers) == 1
        for answer in turn.answers:
            inner = QVBoxLayout()
            inner.setContentsMargins(16, 10, 16, 10)
            inner.addWidget(MarkdownText(answer.text))
            inner.addStretch(1)
            card = frame("card", inner)
            if alone:  # as narrow as it was when it was read
                card.setMaximumWidth(current_theme().px(MAX_ALONE_PX))
            answers.addWidget(card, 100)
        if alone:
            answers.insertStretch(0, 1)
            answers.addStretch(1)
        layout.addLayout(answers)
        note = self._note(turn)
        if note:
            layout.addLayout(
                row(None, IconMark("check", "text_muted", 14), label(note, "caption"), None, spacing=8)
            )

    def _note(self, turn: HistoryTurn) -> str:
        number, preference = turn.turn_index + 1, turn.preference
        if preference is None:
            return self.tr("Turn {n}: rated").format(n=number)
        forms = {
            "left": self.tr("Turn {n}: you preferred answer A"),
            "right": self.tr("Turn {n}: you preferred answer B"),
            "tie": self.tr("Turn {n}: a tie"),
            "both_bad": self.tr("Turn {n}: both bad"),
        }
        return forms[preference.choice].format(n=number)
