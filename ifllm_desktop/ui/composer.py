"""Where the prompt is written, or shown when the study fixes it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout

from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import IconMark, label, row
from ifllm_desktop.ui.widgets_button import Button


class PromptEdit(QPlainTextEdit):
    """Text field in which Enter sends and Shift+Enter breaks the line."""

    sent = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not shift:
            self.sent.emit()
            return
        if self.isReadOnly() and event.key() not in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.ignore()  # the page's own keys
            return
        super().keyPressEvent(event)


class Composer(QFrame):
    """The question that is sent next.

    Attributes
    ----------
    submitted : Signal(str)
        The prompt.
    finished : Signal()
        The participant wants no further turn.
    """

    submitted = Signal(str)
    finished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("composer")
        self.setProperty("surface", "plain")
        self.setProperty("aoi", "composer")
        self._suggested: str | None = None
        self.title = label("", "strong")
        self.edit = PromptEdit()
        self.edit.setObjectName("task_prompt")
        self.edit.setTabChangesFocus(True)
        self.edit.setAccessibleName(self.tr("Prompt"))
        self.edit.sent.connect(self._send)
        self.edit.textChanged.connect(self._update)
        self.send = Button(
            self.tr("Send"), "primary", key=self.tr("Enter"), icon="send", height_px=44, name="task_send"
        )
        self.send.setProperty("aoi", "send")
        self.send.clicked.connect(self._send)
        self.finish = Button(self.tr("Finish this task"), height_px=44, name="task_finish")
        self.finish.clicked.connect(self.finished)
        self.note = label("", "caption", wrap=True)
        self._lock = IconMark("lock", "text_muted", 14)
        side = QVBoxLayout()
        side.setSpacing(8)
        side.addWidget(self.send)
        side.addWidget(self.finish)
        side.addStretch(1)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self.edit, 1)
        middle.addLayout(side)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.title)
        layout.addLayout(middle)
        below = row(self._lock, spacing=6)
        below.addWidget(self.note, 1)
        layout.addLayout(below)

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        """Fill in the suggested prompt when a new turn begins; what was typed stays."""
        task = snapshot.task
        if task is None:
            return
        self.edit.setReadOnly(not snapshot.free_prompts)
        if task.suggested_prompt != self._suggested:
            self._suggested = task.suggested_prompt
            self.edit.setPlainText(task.suggested_prompt)
        self._lock.setVisible(not snapshot.free_prompts)
        if snapshot.free_prompts:
            self.title.setText(self.tr("Your question"))
            self.note.setText(self.tr("Enter sends, Shift+Enter begins a new line."))
        else:
            self.title.setText(self.tr("Next question"))
            self.note.setText(self.tr("In this study the questions are given: read it, then send it."))
        self.finish.setVisible(snapshot.may_finish_task)
        self._can_submit = snapshot.can_submit and not snapshot.paused
        self._update()
        self.edit.setFixedHeight(current_theme().px(24) * 3 + 16)

    _can_submit = False

    def _update(self) -> None:
        self.send.setEnabled(self._can_submit and bool(self.edit.toPlainText().strip()))

    def _send(self) -> None:
        text = self.edit.toPlainText().strip()
        if self.send.isEnabled() and text:
            self.submitted.emit(text)
