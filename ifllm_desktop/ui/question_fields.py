"""One field for each kind of question: shows what was answered, says what is answered now."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QIntValidator, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QButtonGroup,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from ifllm_desktop.protocol import (
    ChoiceQuestion,
    NumberQuestion,
    Question,
    ScaleQuestion,
    SentenceQuestion,
    TextQuestion,
)
from ifllm_desktop.reading.sentences import sentences
from ifllm_desktop.session.answers import AnswerSnapshot
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import column, label, row
from ifllm_desktop.ui.widgets_button import Button, ButtonKind

TYPING_MS = 800
"""So long after the last key a text is stored; leaving the field or the page stores it at once."""
_SENTENCES_SHOWN = 6


class Field(QWidget):
    """What all fields share.

    Signals
    -------
    answered : object
        A value for the command ``answer``; None takes the answer back.
    """

    answered = Signal(object)

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question_id = question.id
        self.setObjectName(f"field_{question.id}")

    def show_value(self, value: Any) -> None:
        """Show an answer; None where there is none."""
        raise NotImplementedError

    def flush(self) -> None:
        """Say what was typed and not yet said."""

    def first(self) -> QWidget:
        """Where the keyboard goes first."""
        return self


class ChoiceField(Field):
    """Options side by side where they fit, else one below the other."""

    def __init__(self, question: ChoiceQuestion) -> None:
        super().__init__(question)
        self._several = question.several
        self._group = QButtonGroup(self)
        self._group.setExclusive(not question.several)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self.buttons: dict[str, Button] = {}
        for option in question.options:
            kind: ButtonKind = "choice" if question.several else "radio"
            name = f"answer_{question.id}_{option.value}"
            button = Button(option.text, kind, height_px=36, name=name)
            button.setAccessibleName(f"{question.question} {option.text}")
            button.clicked.connect(self._say)
            self._group.addButton(button)
            self.buttons[option.value] = button
            self._layout.addWidget(button)
        self._layout.addStretch(1)

    def _say(self) -> None:
        chosen = [value for value, button in self.buttons.items() if button.isChecked()]
        self.answered.emit(chosen if self._several else chosen[0] if chosen else None)

    def show_value(self, value: Any) -> None:
        chosen = value if isinstance(value, list) else [value]
        self._group.setExclusive(False)
        for name, button in self.buttons.items():
            button.setChecked(name in chosen)
        self._group.setExclusive(not self._several)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        needed = sum(button.sizeHint().width() + 8 for button in self.buttons.values())
        across = needed <= self.width()
        self._layout.setDirection(
            QBoxLayout.Direction.LeftToRight if across else QBoxLayout.Direction.TopToBottom
        )

    def first(self) -> QWidget:
        chosen = self._group.checkedButton()
        return chosen if chosen is not None else next(iter(self.buttons.values()))


class ScaleField(Field):
    """1 … n with a word at both ends."""

    def __init__(self, question: ScaleQuestion) -> None:
        super().__init__(question)
        self._group = QButtonGroup(self)
        steps = row(spacing=4)
        for value in range(1, question.points + 1):
            button = Button(str(value), "scale", height_px=36, name=f"answer_{question.id}_{value}")
            button.setAccessibleName(f"{question.question} {value}")
            self._group.addButton(button, value)
            steps.addWidget(button)
        self._group.idClicked.connect(self.answered.emit)  # not signal to signal: int against object
        self.setLayout(
            row(label(question.low, "muted"), steps, label(question.high, "muted"), None, spacing=12)
        )

    def show_value(self, value: Any) -> None:
        self._group.setExclusive(False)
        for button in self._group.buttons():
            button.setChecked(self._group.id(button) == value)
        self._group.setExclusive(True)

    def first(self) -> QWidget:
        return self._group.checkedButton() or self._group.buttons()[0]


class NumberField(Field):
    """A whole number in a short line, with its limits where it is outside of them."""

    def __init__(self, question: NumberQuestion) -> None:
        super().__init__(question)
        self._limits = (question.minimum, question.maximum)
        self.edit = QLineEdit()
        self.edit.setObjectName(f"answer_{question.id}")
        self.edit.setAccessibleName(question.question)
        self.edit.setMaximumWidth(current_theme().px(120))
        self.edit.setMaxLength(len(str(max(map(abs, self._limits)))) + 1)
        self.edit.setValidator(QIntValidator(-(2**31), 2**31 - 1, self.edit))
        self.note = label("", "warning")
        self.edit.textEdited.connect(self._edited)
        self.setLayout(row(self.edit, label(question.unit or "", "muted"), self.note, None))

    def _edited(self, text: str) -> None:
        value = int(text) if text.lstrip("-").isdecimal() else None
        inside = value is not None and self._limits[0] <= value <= self._limits[1]
        words = self.tr("From {low} to {high}.").format(low=self._limits[0], high=self._limits[1])
        self.note.setText("" if inside or not text else words)
        self.answered.emit(value if inside else None)

    def show_value(self, value: Any) -> None:
        if value is not None and self.edit.text() != str(value):
            self.edit.setText(str(value))
            self.note.setText("")

    def clear(self) -> None:
        """Nothing is typed."""
        self.edit.clear()
        self.note.setText("")

    def first(self) -> QWidget:
        return self.edit


class TextField(Field):
    """One line or several, stored while one types."""

    def __init__(self, question: TextQuestion) -> None:
        super().__init__(question)
        self._question = question
        self._said: str | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TYPING_MS)
        self._timer.timeout.connect(self.flush)
        self.note = label("", "caption")
        self.edit: QLineEdit | QPlainTextEdit
        if question.lines == 1:
            self.edit = QLineEdit()
            self.edit.editingFinished.connect(self.flush)
            self.edit.setMaxLength(question.max_characters)
        else:
            self.edit = QPlainTextEdit()
            self.edit.setTabChangesFocus(True)
            line_px = self.edit.fontMetrics().lineSpacing()
            self.edit.setFixedHeight(current_theme().px(line_px * question.lines // 1 + 24))
        self.edit.setObjectName(f"answer_{question.id}")
        self.edit.setAccessibleName(question.question)
        self.edit.textChanged.connect(self._changed)
        self.setLayout(column(self.edit, self.note, spacing=4))
        self._note()

    def text(self) -> str:
        """What is typed, no longer than it may be."""
        typed = self.edit.text() if isinstance(self.edit, QLineEdit) else self.edit.toPlainText()
        return typed[: self._question.max_characters]

    def _changed(self, *_: object) -> None:
        self._note()
        self._timer.start()

    def _note(self) -> None:
        n, least, most = (
            len(self.text().strip()),
            self._question.min_characters,
            self._question.max_characters,
        )
        words = ""
        if n < least:
            words = self.tr("At least {least} characters, {n} more.").format(least=least, n=least - n)
        elif n > most - 100:
            words = self.tr("{n} of {most} characters.").format(n=n, most=most)
        self.note.setText(words)
        self.note.setVisible(bool(words))

    def flush(self) -> None:
        self._timer.stop()
        text = self.text()
        if text != (self._said or ""):
            self._said = text
            self.answered.emit(text or None)

    def show_value(self, value: Any) -> None:
        if isinstance(value, str) and not self.text():
            self._said = value
            if isinstance(self.edit, QLineEdit):
                self.edit.setText(value)
            else:
                self.edit.setPlainText(value)
            self._timer.stop()

    def clear(self) -> None:
        """Nothing is typed."""
        self._said = None
        self.edit.clear()
        self._timer.stop()

    def first(self) -> QWidget:
        return self.edit


class SentenceField(Field):
    """The sentences of an answer, one to choose."""

    def __init__(self, question: SentenceQuestion, about: AnswerSnapshot) -> None:
        super().__init__(question)
        self._about = about
        self._places = sentences(about.text)
        self.list = QListWidget()
        self.list.setObjectName(f"answer_{question.id}")
        self.list.setAccessibleName(question.question)
        self.list.setWordWrap(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        for start, end in self._places:
            self.list.addItem(QListWidgetItem(" ".join(about.text[start:end].split())))
        shown = min(len(self._places), _SENTENCES_SHOWN)
        self.list.setFixedHeight(current_theme().px(max(1, shown) * 40 + 8))
        self.list.itemClicked.connect(self._say)
        self.list.itemActivated.connect(self._say)
        self.list.currentRowChanged.connect(lambda _: self._say() if self.list.hasFocus() else None)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)

    def _say(self, *_: object) -> None:
        index = self.list.currentRow()
        if 0 <= index < len(self._places):
            start, end = self._places[index]
            quote = self._about.text[start:end]
            self.answered.emit(
                {"response_id": self._about.response_id, "start": start, "end": end, "quote": quote}
            )

    def show_value(self, value: Any) -> None:
        place = (value["start"], value["end"]) if isinstance(value, dict) else None
        index = self._places.index(place) if place in self._places else -1
        if self.list.currentRow() != index:
            self.list.blockSignals(True)
            self.list.setCurrentRow(index)
            self.list.blockSignals(False)

    def first(self) -> QWidget:
        return self.list


def make_field(question: Question, about: AnswerSnapshot | None) -> Field:
    """The field of a question."""
    match question:
        case ChoiceQuestion():
            return ChoiceField(question)
        case ScaleQuestion():
            return ScaleField(question)
        case NumberQuestion():
            return NumberField(question)
        case TextQuestion():
            return TextField(question)
        case SentenceQuestion():
            assert about is not None  # the flow leaves such questions out where there is no answer
            return SentenceField(question, about)
