"""The last page: thanks, a review of what was recorded, and the way to have it erased."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout

from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.text_pages import TextPage
from ifllm_desktop.ui.widgets import IconMark, column, frame, label, row
from ifllm_desktop.ui.widgets_button import Button


@dataclass(frozen=True, slots=True)
class RecordedCount:
    """One line of the review at the end: how much of something was recorded."""

    name: str
    count: str
    note: str = ""


class FinishPage(TextPage):
    """Thanks, and what was recorded.

    Signals
    -------
    erased
        The person wants everything of this session gone, and said so twice. The window is to be closed.
    """

    erased = Signal()

    def __init__(self) -> None:
        super().__init__("page_finish")
        self._counts: tuple[RecordedCount, ...] = ()
        self._asking = False
        self._card: QFrame = frame("card")
        self._card.hide()
        self.body.addSpacing(12)
        self.body.addWidget(self._card)
        self.saved = label("", "muted", wrap=True, name="finish_saved")
        self.body.addSpacing(4)
        self.body.addWidget(self.saved)
        words = self.tr("Erase everything that was recorded in this session? It cannot be brought back.")
        line = row(IconMark("danger", "danger", 20), spacing=12, margins=(16, 12, 16, 12))
        line.addWidget(label(words, "body", wrap=True), 1)
        self.question = frame("note_danger", line, "finish_question")
        self.question.hide()
        self.body.addWidget(self.question)
        self.erase = Button("", "plain", icon="delete", height_px=44, name="finish_erase")
        self.erase.clicked.connect(self._erase)
        self.primary = Button("", "primary", key=self.tr("Enter"), height_px=44, name="finish_done")
        self.primary.clicked.connect(self.leave)
        self.action_row.addWidget(self.erase)
        self.action_row.addStretch(1)
        self.action_row.addWidget(self.primary)
        self._ask(False)

    def _ask(self, asking: bool) -> None:
        """Ask once whether it is really to be erased, or stop asking. Keeping stays what Enter does."""
        self._asking = asking
        self.question.setVisible(asking)
        self.erase.set_kind("secondary" if asking else "plain")
        self.erase.setText(self.tr("Erase and close") if asking else self.tr("Erase my data …"))
        self.erase.set_key("" if not asking else self.tr("Del"))
        assert self.primary is not None
        self.primary.setText(self.tr("No, keep my data") if asking else self.tr("Keep my data"))
        if asking:
            self.primary.setFocus(Qt.FocusReason.OtherFocusReason)
            self.scroller.ensureWidgetVisible(self.question)

    def _erase(self) -> None:
        if self._asking:
            self.erased.emit()
        else:
            self._ask(True)

    def set_counts(self, counts: tuple[RecordedCount, ...], saved: str = "") -> None:
        """What was recorded, line by line, and where it stands."""
        self.saved.setText(saved)
        if counts == self._counts:
            return
        self._counts = counts
        grid = QGridLayout()
        grid.setContentsMargins(20, 16, 20, 16)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(0, 1)
        grid.addWidget(label(self.tr("What was recorded"), "heading"), 0, 0, 1, 2)
        for index, count in enumerate(counts, start=1):
            text = column(label(count.name, "body"), label(count.note, "caption", wrap=True), spacing=0)
            grid.addLayout(text if count.note else column(label(count.name, "body")), index, 0)
            figure = label(count.count, "strong", name=f"finish_count_{index}")
            grid.addWidget(figure, index, 1, Qt.AlignmentFlag.AlignRight)
        new = frame("card", grid, "finish_counts")
        self.body.replaceWidget(self._card, new)
        self._card.hide()
        self._card.deleteLater()
        self._card = new

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        text = snapshot.study.texts.finish
        self.set_text(text.title, text.body)

    def keys(self) -> list[tuple[str, str]]:
        return [
            (self.tr("Enter"), self.tr("keep everything and close")),
            (self.tr("Del"), self.tr("erase everything; asks once")),
            ("Esc", self.tr("do not erase")),
        ]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self._erase()
        elif event.key() == Qt.Key.Key_Escape and self._asking:
            self._ask(False)
        else:
            super().keyPressEvent(event)
