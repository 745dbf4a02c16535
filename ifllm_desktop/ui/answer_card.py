"""One answer on the task page: letter, state, text; both sides are alike in everything but the letter."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QMoveEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ifllm_desktop.domain.chat import Finish
from ifllm_desktop.session.snapshot import AnswerSnapshot
from ifllm_desktop.ui.layout_painter import ResponseColors
from ifllm_desktop.ui.response_view import ResponseView
from ifllm_desktop.ui.theme import Theme, current_theme
from ifllm_desktop.ui.widgets import Chip, frame, label, row
from ifllm_desktop.ui.widgets_button import Button

MAX_TEXT_PX = 600
_VIEW_EDGES_PX = 24 + 12 + 2  # the view's own margin, its scroll bar, the card's border


class AnswerCard(QFrame):
    """Shows one answer and says how far it is.

    Attributes
    ----------
    revealed : Signal(str, int, int)
        Response id, epoch, code points of source text that the view shows now.
    retried : Signal(str)
        Response id of an answer that did not arrive.
    """

    revealed = Signal(str, int, int)
    retried = Signal(str)

    def __init__(self, answer: AnswerSnapshot, *, alone: bool = False) -> None:
        super().__init__()
        self.response_id = answer.response_id
        self.side = answer.side
        self.setProperty("surface", "card")
        self.setProperty("focus_ring", True)
        self._shown: tuple[str, bool] | None = None
        self._theme = current_theme()
        self.view = ResponseView(
            answer.response_id, text_size_px=self._theme.px("reading"), colors=response_colors(self._theme)
        )
        self.view.setObjectName(f"response_{answer.side}")
        self.chip = Chip(name=f"answer_state_{answer.side}")
        # without another answer beside it, a letter would make one look for the other
        words = self.tr("Answer") if alone else self.tr("Answer {letter}").format(letter=answer.letter)
        self.title = label(words, "strong")
        head = frame("card_head", row(self.title, None, self.chip, margins=(16, 7, 16, 7)))
        self._failure = label("", "body", wrap=True)
        self.retry = Button(self.tr("Retry"), icon="refresh", name=f"retry_{answer.side}")
        self.retry.clicked.connect(lambda: self.retried.emit(self.response_id))
        self._note = frame("note", row(spacing=12, margins=(12, 8, 12, 8)))
        note_row = self._note.layout()
        assert isinstance(note_row, QHBoxLayout)
        note_row.addWidget(self._failure, 1)
        note_row.addWidget(self.retry)
        self._note.hide()
        body = QVBoxLayout()
        body.setContentsMargins(1, 0, 1, 4)
        body.setSpacing(8)
        body.addWidget(self.view, 1)
        body.addLayout(row(8, self._note, 8, spacing=0))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addLayout(body, 1)

    def show_state(self, answer: AnswerSnapshot) -> None:
        """The chip and, after a failure, the way out. The text comes by :meth:`reveal`."""
        if answer.failed:
            self.chip.set_state(self.tr("Not complete"), "warning", "alert")
        elif answer.complete:
            self.chip.set_state(self.tr("Complete"), "success", "check")
        elif answer.text:
            self.chip.set_state(self.tr("Writing"), "accent", "dots")
        else:
            self.chip.set_state(self.tr("Waiting"), "accent", "wait")
        self._note.setVisible(answer.failed)
        if answer.failed:
            self._failure.setText(
                self.tr("This answer is longer than allowed and was cut.") if answer.finish is Finish.LENGTH
                else self.tr("This answer did not arrive completely. What came so far stays.")
            )  # fmt: skip

    def changeEvent(self, event: QEvent) -> None:
        theme = current_theme()
        if event.type() == QEvent.Type.StyleChange and theme != self._theme:
            if theme.name != self._theme.name:
                self.view.set_colors(response_colors(theme))
            if theme.text_scale != self._theme.text_scale:
                self.view.set_text_size(theme.px("reading"))
                self.setMaximumWidth(widest_card_px())
            self._theme = theme
        super().changeEvent(event)

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.view.refresh_viewport()  # the view itself did not move within its card

    def wants(self, text: str, ended: bool) -> bool:
        """Whether this differs from what is shown."""
        return (text, ended) != (self._shown or ("", False))

    def reveal(self, text: str, ended: bool) -> None:
        """Put the text on the screen now and say so; ``ended``: no more will come."""
        if not self.wants(text, ended):
            return
        self._shown = (text, ended)
        self.view.set_source(text, ended)
        epoch = self.view.layout_snapshot().head.epoch
        self.revealed.emit(self.response_id, epoch, len(text))

    @property
    def shown_ended(self) -> bool:
        """Whether all that will come is shown."""
        return self._shown is not None and self._shown[1]


def response_colors(theme: Theme) -> ResponseColors:
    """The colours of answers in a theme."""
    return ResponseColors(
        text=theme.hex("text"), muted=theme.hex("text_muted"), accent=theme.hex("accent"),
        sunken=theme.hex("sunken"), border=theme.hex("border"), selection=theme.hex("accent_soft"),
        surface=theme.hex("surface"), raised=theme.hex("raised"),
    )  # fmt: skip


def widest_card_px() -> int:
    """Width at which a card's text has its greatest width, at the present text size."""
    return current_theme().px(MAX_TEXT_PX) + _VIEW_EDGES_PX


class AnswersRow(QWidget):
    """The answers side by side in equal columns, on one baseline."""

    def __init__(self) -> None:
        super().__init__()
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(16)
        self._layout.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.cards: dict[str, AnswerCard] = {}

    def set_answers(self, answers: tuple[AnswerSnapshot, ...]) -> list[AnswerCard]:
        """Make cards for these answers, drop others; returns the new ones."""
        wanted = {a.response_id for a in answers}
        for response_id in [r for r in self.cards if r not in wanted]:
            card = self.cards.pop(response_id)
            self._layout.removeWidget(card)
            card.hide()
            card.deleteLater()
        new = []
        for position, answer in enumerate(answers):
            if answer.response_id not in self.cards:
                card = AnswerCard(answer, alone=len(answers) == 1)
                card.setMaximumWidth(widest_card_px())
                self.cards[answer.response_id] = card
                self._layout.insertWidget(position, card, 1)
                new.append(card)
        return new

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        for card in self.cards.values():
            card.view.refresh_viewport()

    def card(self, side: str) -> AnswerCard | None:
        """The card on a side."""
        return next((c for c in self.cards.values() if c.side == side), None)
