"""What a study asks of answers beside rating and vote: further scales, reasons, marks in the text."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from ifllm_desktop.protocol import FurtherRating, HighlightPlan, ReasonPlan
from ifllm_desktop.session.answers import Highlight
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.session.turn_steps import MOST_REASON_CHARACTERS
from ifllm_desktop.ui.question_fields import TYPING_MS
from ifllm_desktop.ui.rating_scale import Scale
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import empty, label, row
from ifllm_desktop.ui.widgets_button import Button

LABEL_KEYS = "ASDFGHJKL"
_MARK_TOKENS = ("success_soft", "warning_soft", "accent_soft", "danger_soft", "gaze_soft")


def has_extras(snapshot: FlowSnapshot) -> bool:
    """Whether the study asks more of an answer than rating and vote."""
    study = snapshot.study
    return bool(study.more_ratings) or study.reasons is not None or study.highlights is not None


def mark_color(index: int) -> QColor:
    """Ground of the marks of the study's label number ``index``."""
    return current_theme().color(_MARK_TOKENS[index % len(_MARK_TOKENS)])


class BallotExtras(QWidget):
    """The second half of the rating bar.

    Signals
    -------
    rated : str, int, str
        Side, value and name of the scale.
    reasoned : tuple, str
        All reasons that hold, and words of one's own.
    marked : str
        Label for the text that is selected.
    unmarked : str
        Id of the mark to take back.
    """

    rated = Signal(str, int, str)
    reasoned = Signal(tuple, str)
    marked = Signal(str)
    unmarked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._built: tuple[object, ...] = ()
        self._scales: dict[tuple[str, str], Scale] = {}
        self.reasons: dict[str, Button] = {}
        self.words: QLineEdit | None = None
        self.labels: dict[str, Button] = {}
        self._undo: Button | None = None
        self._mark_note: QLabel | None = None
        self._newest: Highlight | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self.flush)

    # ---- building
    def _build(self, snapshot: FlowSnapshot) -> None:
        study = snapshot.study
        sides = tuple(
            (a.side, a.letter if len(snapshot.answers) > 1 else self.tr("this answer"))
            for a in snapshot.answers
        )
        key = (sides, study.more_ratings, study.reasons, study.highlights, snapshot.turn_id)
        if key == self._built:
            return
        self._built = key
        empty(self._layout)
        self._scales, self.reasons, self.words, self.labels, self._undo, self._mark_note = (
            {},
            {},
            None,
            {},
            None,
            None,
        )
        for scale in study.more_ratings:
            self._layout.addWidget(self._scale_row(scale, sides))
        if study.reasons is not None:
            self._layout.addWidget(self._reason_row(study.reasons))
        if study.highlights is not None:
            self._layout.addWidget(self._mark_row(study.highlights))

    def _scale_row(self, scale: FurtherRating, sides: tuple[tuple[str, str], ...]) -> QWidget:
        box = QWidget()
        line = row(spacing=48)
        for side, letter in sides:
            one = Scale(side, letter, scale, scale.id)
            one.chosen.connect(lambda value, s=side, n=scale.id: self.rated.emit(s, value, n))
            self._scales[side, scale.id] = one
            line.addWidget(one, 100)
        box.setLayout(line)
        return box

    def _reason_row(self, plan: ReasonPlan) -> QWidget:
        box = QWidget()
        box.setObjectName("reasons")
        line = row(label(plan.question, "strong"), 8)
        for option in plan.options:
            button = Button(option.text, "choice", height_px=32, name=f"reason_{option.value}")
            button.setAccessibleName(f"{plan.question} {option.text}")
            button.clicked.connect(self.flush)
            self.reasons[option.value] = button
            line.addWidget(button)
        if plan.free_text:
            self.words = QLineEdit()
            self.words.setObjectName("reason_text")
            self.words.setPlaceholderText(self.tr("In your own words"))
            self.words.setAccessibleName(f"{plan.question} {self.words.placeholderText()}")
            self.words.setMaxLength(MOST_REASON_CHARACTERS)
            self.words.textEdited.connect(lambda _: self._typing.start())
            self.words.editingFinished.connect(self.flush)
            line.addWidget(self.words, 1)
        else:
            line.addStretch(1)
        box.setLayout(line)
        return box

    def _mark_row(self, plan: HighlightPlan) -> QWidget:
        box = QWidget()
        box.setObjectName("highlights")
        line = row(label(plan.question, "strong"), 8)
        for index, option in enumerate(plan.labels):
            key = LABEL_KEYS[index] if index < len(LABEL_KEYS) else ""
            button = Button(option.text, "secondary", key=key, height_px=32, name=f"mark_{option.value}")
            button.setAccessibleName(f"{plan.question} {option.text}")
            button.clicked.connect(lambda _=False, v=option.value: self.marked.emit(v))
            self.labels[option.value] = button
            line.addWidget(button)
        self._mark_note = label("", "caption", wrap=True, name="mark_note")
        line.addWidget(self._mark_note, 1)
        self._undo = Button(
            self.tr("Take back"), "plain", key=self.tr("Ctrl+Z"), height_px=32, name="mark_undo"
        )
        self._undo.clicked.connect(self._take_back)
        line.addWidget(self._undo)
        box.setLayout(line)
        return box

    # ---- showing
    def show_snapshot(self, snapshot: FlowSnapshot, *, has_selection: bool) -> None:
        """Draw what was said, and what may be said now."""
        self._build(snapshot)
        is_open = snapshot.ratings_open and not snapshot.paused
        for (side, name), scale in self._scales.items():
            answer = snapshot.answer(side)
            value = answer.further.get(name) if answer is not None else None
            scale.show_value(value, is_open=is_open, active=False)
        for reason, button in self.reasons.items():
            button.setChecked(reason in snapshot.reasons)
            button.setEnabled(is_open)
        if self.words is not None and not self._typing.isActive() and not self.words.hasFocus():
            self.words.setText(snapshot.reason_text)
        for button in self.labels.values():
            button.setEnabled(is_open and has_selection)
        n = len(snapshot.highlights)
        self._newest = snapshot.highlights[-1] if n else None
        words = self.tr("Select text in an answer, or go through its sentences with . and ,")
        if n:
            words = self.tr("{n} marks").format(n=n) if n > 1 else self.tr("1 mark")
        if self._mark_note is not None and self._undo is not None:
            self._mark_note.setText(words)
            self._undo.setVisible(n > 0)

    def flush(self) -> None:
        """Say which reasons hold, with what was typed."""
        self._typing.stop()
        chosen = tuple(value for value, button in self.reasons.items() if button.isChecked())
        text = self.words.text() if self.words is not None else ""
        if self.reasons:
            self.reasoned.emit(chosen, text)

    def _take_back(self) -> None:
        if self._newest is not None:
            self.unmarked.emit(self._newest.highlight_id)

    def take_back(self) -> None:
        """Take the newest mark back, as the button does."""
        self._take_back()

    def label_of_key(self, key: int) -> str:
        """The label behind a key (``Qt.Key``), or nothing."""
        letter = chr(key) if Qt.Key.Key_A <= key <= Qt.Key.Key_Z else ""
        names = list(self.labels)
        index = LABEL_KEYS.find(letter) if letter else -1
        return names[index] if 0 <= index < len(names) else ""

    def first(self) -> QWidget | None:
        """Where the keyboard goes first."""
        if self._scales:
            return next(iter(self._scales.values())).buttons[0]
        if self.reasons:
            return next(iter(self.reasons.values()))
        return None

    def areas(self) -> list[tuple[str, QWidget]]:
        """Names and widgets of what can be clicked, for the areas of interest."""
        named: list[tuple[str, QWidget]] = []
        for scale in self._scales.values():
            named += [(button.objectName(), button) for button in scale.buttons]
        for buttons in (self.reasons, self.labels):
            named += [(button.objectName(), button) for button in buttons.values()]
        return named
