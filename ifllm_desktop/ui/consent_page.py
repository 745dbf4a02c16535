"""Consent: one line per scope, Yes and No alike, nothing chosen beforehand."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QGridLayout, QHBoxLayout

from ifllm_desktop.protocol import ScopeAsked, StudyProtocol
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.participant_page import RowsPage
from ifllm_desktop.ui.widgets import Chip, IconMark, column, label, row, set_role
from ifllm_desktop.ui.widgets_button import Button

_ICONS = {"gaze": "gaze", "pointer": "pointer", "eye_patches": "eye_patches", "sharing": "sharing"}


class ScopeRow(QFrame):
    """One question with its two answers."""

    answered = Signal()

    def __init__(self, asked: ScopeAsked, *, first: bool) -> None:
        super().__init__()
        self.scope = asked.scope
        self.needed = asked.needed
        self.setProperty("surface", "row_first" if first else "row")
        self.yes = Button(self.tr("Yes"), "choice", height_px=36, name=f"consent_yes_{asked.scope}")
        self.no = Button(self.tr("No"), "choice", height_px=36, name=f"consent_no_{asked.scope}")
        group = QButtonGroup(self)
        for button in (self.yes, self.no):
            button.setMinimumWidth(76)
            button.setAccessibleName(
                self.tr("{title}: {answer}").format(title=asked.title, answer=button.text())
            )
            group.addButton(button)
            button.clicked.connect(self._changed)
        words = self.tr("The study cannot run without this. You can change the answer, or leave.")
        if asked.scope == "gaze" and not asked.needed:
            words = self.tr("The camera stays off; camera check and calibration are left out.")
        role = "warning" if asked.needed else "muted"
        self._refusal = label(words, role, wrap=True, name=f"consent_needed_{asked.scope}")
        self._refusal.hide()
        title = row(label(asked.title, "heading"), spacing=8)
        if asked.needed:
            title.addWidget(Chip(self.tr("needed"), "accent"))
        title.addStretch(1)
        text = column(title, label(asked.text, "muted", wrap=True), self._refusal, spacing=2)
        self._layout = QHBoxLayout(self)
        self._layout.setSpacing(8)
        self._layout.addWidget(IconMark(_ICONS[asked.scope], "accent", 22))
        self._layout.addSpacing(16)
        self._layout.addLayout(text, 1)
        self._layout.addSpacing(16)
        self._layout.addWidget(self.yes)
        self._layout.addWidget(self.no)

    @property
    def answer(self) -> bool | None:
        """True, False, or None while it is open."""
        return True if self.yes.isChecked() else False if self.no.isChecked() else None

    def choose(self, answer: bool) -> None:
        """Answer it, as a click would."""
        (self.yes if answer else self.no).click()

    def set_padding(self, vertical_px: int) -> None:
        """Room above and below the text."""
        self._layout.setContentsMargins(20, vertical_px, 20, vertical_px)

    def _changed(self) -> None:
        self._refusal.setVisible((self.needed or self.scope == "gaze") and self.answer is False)
        self.answered.emit()


class ConsentPage(RowsPage):
    """What may be recorded, scope by scope."""

    def __init__(self) -> None:
        super().__init__(820, "page_consent")
        self._study: StudyProtocol | None = None
        self.rows: list[ScopeRow] = []
        self.body.addSpacing(4)
        self.body.addLayout(self._promises())
        self.decline = Button(
            self.tr("I do not want to take part"), "plain", height_px=44, name="consent_decline"
        )
        self.decline.clicked.connect(lambda: self.command.emit("decline", ()))
        self.open_note = label("", "caption", name="consent_open")
        self.primary = Button(
            self.tr("Continue"), "primary", key=self.tr("Enter"), height_px=44, name="consent_continue"
        )
        self.primary.clicked.connect(self._send)
        self.action_row.addWidget(self.decline)
        self.action_row.addStretch(1)
        self.action_row.addWidget(self.open_note)
        self.action_row.addWidget(self.primary)

    def _promises(self) -> QGridLayout:
        """What is not stored, pausing and stopping: right below the questions, before the buttons."""
        promises = (
            (
                "laptop",
                self.tr("Everything stays on this computer. No video and no picture of your face is stored."),
            ),
            (
                "pause_circle",
                self.tr("Press F9 to pause at any time. Stop whenever you like, without a reason."),
            ),
            (
                "answers",
                self.tr("The answers you see, your ratings and when each happened are always recorded."),
            ),
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        for index, (icon, text) in enumerate(promises):
            mark = IconMark(icon, "accent", 20)
            grid.addWidget(mark, 0, 3 * index, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label(text, "muted", wrap=True), 0, 3 * index + 1, Qt.AlignmentFlag.AlignTop)
            grid.setColumnStretch(3 * index + 1, 1)
            if index < len(promises) - 1:
                grid.setColumnMinimumWidth(3 * index + 2, 12)
        return grid

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        if snapshot.study is not self._study:
            self._build(snapshot.study)
        self._update_actions()

    def _build(self, study: StudyProtocol) -> None:
        self._study = study
        self.title.setText(study.texts.consent.title)
        self.lead.setText(" ".join(study.texts.consent.body.split()))
        for old in self.rows:
            self.card_rows.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.rows = []
        for index, asked in enumerate(study.consent):
            made = ScopeRow(asked, first=index == 0)
            made.answered.connect(self._update_actions)
            self.card_rows.addWidget(made)
            self.rows.append(made)
        self.tighten(self.tight)

    def tighten(self, tight: bool) -> None:
        for one in self.rows:
            one.set_padding(10 if tight else 14)

    def _update_actions(self) -> None:
        n_open = sum(one.answer is None for one in self.rows)
        refused = any(one.needed and one.answer is False for one in self.rows)
        if refused:
            text = self.tr("A needed point has a No.")
        elif n_open == 1:
            text = self.tr("One choice is still open")
        else:
            text = self.tr("{n} choices are still open").format(n=n_open) if n_open else ""
        self.open_note.setText(text)
        set_role(self.open_note, "warning" if refused else "caption")
        assert self.primary is not None
        self.primary.setEnabled(not n_open and not refused)
        self.decline.set_kind("secondary" if refused else "plain")

    def _send(self) -> None:
        self.command.emit("consent", ({one.scope: bool(one.answer) for one in self.rows},))

    def focus_first(self) -> None:
        if self.rows:
            self.rows[0].yes.setFocus(Qt.FocusReason.OtherFocusReason)

    def keys(self) -> list[tuple[str, str]]:
        return [
            ("Y / N", self.tr("answer the line in focus")),
            ("← → ↑ ↓", self.tr("move between answers and lines")),
            (self.tr("Enter"), self.tr("continue when every line is answered")),
        ]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        current = next((r for r in self.rows if r.isAncestorOf(self.focusWidget() or self)), None)
        if key in (Qt.Key.Key_Y, Qt.Key.Key_N) and current is not None:
            current.choose(key == Qt.Key.Key_Y)
            self._focus_row(self.rows.index(current) + 1)
            return
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and current is not None:
            self._focus_row(self.rows.index(current) + (1 if key == Qt.Key.Key_Down else -1))
            return
        super().keyPressEvent(event)

    def _focus_row(self, index: int) -> None:
        if index >= len(self.rows):
            assert self.primary is not None
            if self.primary.isEnabled():
                self.primary.setFocus(Qt.FocusReason.TabFocusReason)
            return
        one = self.rows[max(0, index)]
        (one.no if one.answer is False else one.yes).setFocus(Qt.FocusReason.TabFocusReason)
        self.scroller.ensureWidgetVisible(one)
