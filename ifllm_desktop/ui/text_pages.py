"""Pages that are mostly text: welcome, instructions, declined."""

from __future__ import annotations

from PySide6.QtCore import QLocale, Signal
from PySide6.QtWidgets import QButtonGroup, QWidget

from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.participant_page import ParticipantPage
from ifllm_desktop.ui.widgets import IconMark, column, label, row
from ifllm_desktop.ui.widgets_button import Button

READING_WIDTH_PX = 680


def _paragraphs(text: str, role: str = "reading") -> QWidget:
    box = QWidget()
    box.setLayout(column(*(label(p, role, wrap=True) for p in _split(text)), spacing=12))
    return box


def _split(text: str) -> list[str]:
    # single line breaks of the study file are only its line length
    return [" ".join(part.split()) for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]


class TextPage(ParticipantPage):
    """Title, paragraphs, one button. The base of the pages below.

    Attributes
    ----------
    leave : Signal()
        The person is done: the window is to be closed.
    """

    leave = Signal()

    def __init__(self, name: str) -> None:
        super().__init__(READING_WIDTH_PX, name)
        self.title = label("", "display", wrap=True)
        self._text = ""
        self._paragraphs: QWidget = QWidget()
        self.body.addWidget(self.title)
        self.body.addSpacing(4)
        self.body.addWidget(self._paragraphs)

    def set_text(self, title: str, text: str) -> None:
        """Show a title and paragraphs (separated by empty lines)."""
        self.title.setText(title)
        if text == self._text:
            return
        self._text = text
        new = _paragraphs(text)
        self.body.replaceWidget(self._paragraphs, new)
        self._paragraphs.hide()
        self._paragraphs.deleteLater()
        self._paragraphs = new


class WelcomePage(TextPage):
    """First page: what the study is about, and in which language where there are several."""

    def __init__(self) -> None:
        super().__init__("page_welcome")
        self._codes: tuple[str, ...] = ()
        self.languages: dict[str, Button] = {}
        self._group = QButtonGroup(self)
        self._language_row = row(IconMark("language", "accent", 20), spacing=8)
        self._language_box = QWidget()
        self._language_box.setLayout(self._language_row)
        self._language_box.hide()
        self.body.insertWidget(0, self._language_box)
        self._language_row.setContentsMargins(0, 0, 0, 16)
        self.primary = Button(
            self.tr("Begin"), "primary", key=self.tr("Enter"), height_px=44, name="welcome_next"
        )
        self.primary.clicked.connect(lambda: self.command.emit("next", ()))
        self.action_row.addStretch(1)
        self.action_row.addWidget(self.primary)

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        text = snapshot.study.texts.welcome
        self.set_text(text.title, text.body)
        if snapshot.languages != self._codes:
            self._codes = snapshot.languages
            self._offer(snapshot.languages)
        for code, button in self.languages.items():
            button.setChecked(code == snapshot.study.read_in)

    def _offer(self, codes: tuple[str, ...]) -> None:
        """A button for each language, in its own name."""
        for code in codes:
            if code not in self.languages:
                button = Button(_own_name(code), "radio", height_px=36, name=f"language_{code}")
                button.clicked.connect(lambda _=False, c=code: self.command.emit("choose_language", (c,)))
                self._group.addButton(button)
                self.languages[code] = button
                self._language_row.addWidget(button)
        if codes:
            self._language_row.addStretch(1)
        self._language_box.setVisible(len(codes) > 1)


def _own_name(code: str) -> str:
    """A language in its own name, with its country where the code has one."""
    locale = QLocale(code)
    name = locale.nativeLanguageName() if code != "en" else "English"  # Qt's name of it is American English
    country = locale.nativeTerritoryName() if "-" in code else ""
    return f"{name[:1].upper()}{name[1:]}{f' ({country})' if country else ''}" if name else code


class InstructionsPage(TextPage):
    """What to do in the tasks."""

    def __init__(self) -> None:
        super().__init__("page_instructions")
        self.primary = Button(
            self.tr("Start the first task"),
            "primary",
            key=self.tr("Enter"),
            height_px=44,
            name="instructions_next",
        )
        self.primary.clicked.connect(lambda: self.command.emit("next", ()))
        self.action_row.addStretch(1)
        self.action_row.addWidget(self.primary)
        pause = row(
            IconMark("pause_circle", size_px=20), label(self.tr("F9 pauses at any time."), "muted"), None
        )
        self.body.addSpacing(8)
        self.body.addLayout(pause)

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        text = snapshot.study.texts.instructions
        self.set_text(text.title, text.body)


class DeclinedPage(TextPage):
    """Thanks to somebody who does not want to take part."""

    def __init__(self) -> None:
        super().__init__("page_declined")
        self.primary = Button(
            self.tr("Close"), "primary", key=self.tr("Enter"), height_px=44, name="declined_close"
        )
        self.primary.clicked.connect(self.leave)
        self.action_row.addStretch(1)
        self.action_row.addWidget(self.primary)

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        text = snapshot.study.texts.declined
        self.set_text(text.title, text.body)
