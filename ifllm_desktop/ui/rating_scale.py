"""1 … n for one answer: the scale of the rating bar."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QHBoxLayout, QWidget

from ifllm_desktop.protocol import RatingScale
from ifllm_desktop.ui.widgets import label, row, set_role
from ifllm_desktop.ui.widgets_button import Button


class Scale(QWidget):
    """1 … n for one answer."""

    chosen = Signal(int)

    def __init__(self, side: str, letter: str, question: RatingScale, name: str = "") -> None:
        super().__init__()
        self.side = side
        place = f"{side}_{name}" if name else side
        self.setObjectName(f"rating_{place}")
        self.setProperty("aoi", f"rating_{place}")
        text = question.question.replace("{letter}", letter)
        self.question = label(text, "strong")
        self.key_note = label("", "caption")
        self._low, self._high = label(question.low, "caption"), label(question.high, "caption")
        self._group = QButtonGroup(self)
        steps = QHBoxLayout()
        steps.setSpacing(4)
        self.buttons: list[Button] = []
        for value in range(1, question.scale + 1):
            button = Button(str(value), "scale", height_px=32, name=f"rate_{place}_{value}")
            button.setAccessibleName(self.tr("{question} {value}").format(question=text, value=value))
            self._group.addButton(button, value)
            self.buttons.append(button)
            steps.addWidget(button)
        self._group.idClicked.connect(self.chosen)
        self._halves = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._halves.setContentsMargins(0, 0, 0, 0)
        self._halves.setSpacing(4)
        self._words = row(self.question, self.key_note, None)
        self._steps = row(self._low, steps, self._high)
        self._halves.addLayout(self._words, 1)
        self._halves.addLayout(self._steps)

    def wide_px(self) -> int:
        """Width that question and steps need side by side, with the note about the keys."""
        halves = [half.sizeHint().width() for half in (self._words, self._steps)]
        note = self.key_note.fontMetrics().horizontalAdvance(self.tr("keys 1–{n}").format(n=9))
        return sum(halves) + (0 if self.key_note.text() else note) + 12

    def set_stacked(self, stacked: bool) -> None:
        """Question above the steps instead of beside them."""
        direction = QBoxLayout.Direction.TopToBottom if stacked else QBoxLayout.Direction.LeftToRight
        self._halves.setDirection(direction)

    def show_value(self, value: int | None, *, is_open: bool, active: bool) -> None:
        """The value that stands, whether it may be changed, and whether the digit keys act here."""
        check_only(self._group, self._group.button(value) if value is not None else None)
        for button in self.buttons:
            button.setEnabled(is_open)
        set_role(self.question, "strong" if is_open else "disabled")
        for side in (self._low, self._high):
            set_role(side, "caption" if is_open else "disabled_caption")
        note = self.tr("keys 1–{n}").format(n=len(self.buttons)) if is_open and active else ""
        self.key_note.setText(note)


def check_only(group: QButtonGroup, button: object) -> None:
    """Check one button of an exclusive group, or none."""
    if group.checkedButton() is button:
        return
    group.setExclusive(False)
    for one in group.buttons():
        one.setChecked(one is button)
    group.setExclusive(True)
