"""A page of questions: about the person, before and after a task, at the end."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame

from ifllm_desktop.protocol import Question
from ifllm_desktop.session.question_round import GivenAnswer, QuestionPage
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.participant_page import RowsPage
from ifllm_desktop.ui.question_fields import Field, NumberField, TextField, make_field
from ifllm_desktop.ui.widgets import column, empty, label, row
from ifllm_desktop.ui.widgets_button import Button


class QuestionRow(QFrame):
    """One question with its field, and the way not to answer it.

    Signals
    -------
    answered : object
        A value, or None to take the answer back.
    declined
        One prefers not to say.
    """

    answered = Signal(object)
    declined = Signal()

    def __init__(self, question: Question, page: QuestionPage, *, first: bool) -> None:
        super().__init__()
        self.question_id = question.id
        self.setObjectName(f"question_{question.id}")
        self.setProperty("surface", "row_first" if first else "row")
        self.setProperty("aoi", f"question_{question.id}")
        self.field: Field = make_field(question, page.sentences_of)
        self.field.answered.connect(self.answered)
        self.decline = Button(
            self.tr("Prefer not to say"), "choice", height_px=28, name=f"decline_{question.id}"
        )
        self.decline.setAccessibleName(f"{question.question} {self.decline.text()}")
        self.decline.setVisible(not question.needed)
        self.decline.clicked.connect(self._decline)
        self.title = label(question.question, "heading", wrap=True)
        head = row(spacing=16)
        head.addWidget(self.title, 1)
        head.addWidget(self.decline, 0, Qt.AlignmentFlag.AlignTop)
        self._layout = column(head, spacing=8)
        if question.hint:
            self._layout.addWidget(label(question.hint, "muted", wrap=True))
        self._layout.addWidget(self.field)
        self.setLayout(self._layout)
        self.set_padding(16)

    def set_padding(self, vertical_px: int) -> None:
        """Room above and below."""
        self._layout.setContentsMargins(20, vertical_px, 20, vertical_px)

    def show_answer(self, answer: GivenAnswer) -> None:
        """Draw what was answered."""
        self.decline.setChecked(answer.declined)
        if answer.declined and isinstance(self.field, NumberField | TextField):
            self.field.clear()
        self.field.show_value(answer.value)

    def _decline(self) -> None:
        if self.decline.isChecked():
            self.declined.emit()
        else:
            self.answered.emit(None)


class QuestionsPage(RowsPage):
    """Questions one below the other; what is needed holds the page, the rest may stay open."""

    def __init__(self) -> None:
        super().__init__(760, "page_questions", "questions_card")
        self._built: tuple[object, ...] = ()
        self.rows: list[QuestionRow] = []
        self.open_note = label("", "caption", name="questions_open")
        self.primary = Button(
            self.tr("Continue"), "primary", key=self.tr("Enter"), height_px=44, name="questions_continue"
        )
        self.primary.setProperty("aoi", "continue")
        self.primary.clicked.connect(self._send)
        self.action_row.addStretch(1)
        self.action_row.addWidget(self.open_note)
        self.action_row.addWidget(self.primary)

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        page = snapshot.questions
        if page is None:
            return
        about = page.sentences_of.response_id if page.sentences_of is not None else ""
        key = (page.place, page.task_id, page.questions, about)
        if key != self._built:
            self._built = key
            text = getattr(snapshot.study.texts, page.place)
            self.title.setText(text.title)
            self.lead.setText(" ".join(text.body.split()))
            self._build(page)
        for one in self.rows:
            one.show_answer(page.answers.get(one.question_id, GivenAnswer()))
        n_open = len(page.missing())
        words = self.tr("One question is still open")
        if n_open > 1:
            words = self.tr("{n} questions are still open").format(n=n_open)
        self.open_note.setText(words if n_open else "")
        assert self.primary is not None
        self.primary.setEnabled(page.can_continue)

    def _build(self, page: QuestionPage) -> None:
        empty(self.card_rows)
        self.rows = []
        for index, question in enumerate(page.questions):
            one = QuestionRow(question, page, first=index == 0)
            one.answered.connect(lambda value, q=question.id: self.command.emit("answer", (q, value)))
            one.declined.connect(lambda q=question.id: self.command.emit("decline_answer", (q,)))
            self.card_rows.addWidget(one)
            self.rows.append(one)
        self.scroller.verticalScrollBar().setValue(0)
        self.tighten(self.tight)

    def tighten(self, tight: bool) -> None:
        for one in self.rows:
            one.set_padding(10 if tight else 16)

    def _send(self) -> None:
        for one in self.rows:
            one.field.flush()
        self.command.emit("questions_done", ())

    def focus_first(self) -> None:
        if self.rows:
            self.rows[0].field.first().setFocus(Qt.FocusReason.TabFocusReason)
        else:
            super().focus_first()

    def keys(self) -> list[tuple[str, str]]:
        return [
            ("Tab", self.tr("next question or button")),
            ("← →", self.tr("move between the answers of a question")),
            (self.tr("Space"), self.tr("choose the answer in focus")),
            (self.tr("Enter"), self.tr("continue when everything needed is answered")),
        ]
