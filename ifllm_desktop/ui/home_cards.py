"""Cards of Home: studies, health, what waits for somebody, and the three ways to begin."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ifllm_desktop.ui.home_model import HealthRow, SessionRow, StudyCard
from ifllm_desktop.ui.widgets import (
    Chip,
    ElidedLabel,
    IconMark,
    Tone,
    column,
    empty,
    frame,
    label,
    row,
    set_role,
)
from ifllm_desktop.ui.widgets_button import Button

_TONES: dict[str, tuple[Tone, str]] = {
    "running": ("success", "play"), "open": ("accent", ""), "closed": ("muted", ""), "missing": ("warning", "alert"),
}  # fmt: skip


class StudyTile(QFrame):
    """One study: a click chooses it, a double click or Enter runs it."""

    chosen = Signal(str)
    opened = Signal(str)

    def __init__(self, card: StudyCard) -> None:
        super().__init__()
        self.card = card
        self.setObjectName("home_study_card")
        self.setProperty("surface", "card")
        self.setProperty("focus_ring", True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(card.title)
        self.setToolTip(card.path)
        states = {"running": self.tr("running"), "open": self.tr("open"), "closed": self.tr("closed"),
                  "missing": self.tr("not found")}  # fmt: skip
        tone, icon = _TONES.get(card.state, ("accent", ""))
        title = ElidedLabel(card.title, "heading")
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(Chip(states.get(card.state, card.state), tone, icon))
        figures = QHBoxLayout()
        figures.setSpacing(4)
        for count, one, many in (
            (card.n_people, self.tr("person"), self.tr("people")),
            (card.n_sessions, self.tr("session"), self.tr("sessions")),
            (card.n_pairs, self.tr("pair"), self.tr("pairs")),
        ):
            figures.addWidget(label(str(count), "strong"))
            figures.addWidget(label(one if count == 1 else many, "caption"))
            figures.addSpacing(8)
        figures.addStretch(1)
        run = Button(self.tr("Run"), icon="play", height_px=26, name="home_run_study")
        run.setEnabled(card.state != "missing")
        run.clicked.connect(lambda: self.opened.emit(card.path))
        figures.addWidget(run)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addWidget(label(card.note, "caption", wrap=True))
        layout.addStretch(1)
        layout.addLayout(figures)

    def set_chosen(self, chosen: bool) -> None:
        """Draw it as the chosen one."""
        set_role(self, "card_selected" if chosen else "card", "surface")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit(self.card.path)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.opened.emit(self.card.path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.chosen.emit(self.card.path)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self.card.path)
        else:
            event.ignore()


def panel(title: str, name: str) -> tuple[QFrame, QVBoxLayout, QLabel]:
    """A card with a head; returns the card, the layout below the head and a small label in the head's right."""
    note = label("", "caption")
    head = frame("card_head", row(label(title, "strong"), None, note, margins=(12, 8, 12, 8)))
    body = QVBoxLayout()
    body.setContentsMargins(0, 0, 0, 0)
    body.setSpacing(0)
    card = frame("card", column(head, body, spacing=0), name)
    return card, body, note


def fill(body: QVBoxLayout, widgets: list[QWidget]) -> None:
    """Replace what a layout holds."""
    empty(body)
    for widget in widgets:
        body.addWidget(widget)


def health_line(health: HealthRow) -> QWidget:
    """One line of the health card."""
    token = {"good": "success", "warning": "warning", "bad": "danger"}.get(health.state, "text_muted")
    role = {"warning": "warning", "bad": "danger"}.get(health.state, "body")
    # title and value one below the other: the column is narrow, and a device's name may be long
    value = ElidedLabel(health.value, role)
    value.setToolTip(health.value)
    words = column(label(health.title, "strong"), value, label(health.note, "caption", wrap=True), spacing=2)
    layout = QHBoxLayout()
    layout.setContentsMargins(12, 8, 12, 8)
    layout.setSpacing(12)
    layout.addWidget(IconMark(health.icon, token, 18), 0, Qt.AlignmentFlag.AlignTop)
    layout.addLayout(words, 1)
    made = QWidget()
    made.setLayout(layout)
    return made


def needs_line(session: SessionRow, look: str, on_look: Callable[[str], None], *, first: bool) -> QWidget:
    """One line of what waits for somebody, with the way there."""
    button = Button(look, height_px=26)
    button.clicked.connect(lambda: on_look(session.session_id))
    layout = QHBoxLayout()
    layout.setContentsMargins(12, 8, 12, 8)
    layout.setSpacing(8)
    layout.addWidget(IconMark("alert", "warning", 18))
    layout.addWidget(label(f"{session.name}: {session.needs_you}", "caption", wrap=True), 1)
    layout.addWidget(button)
    return frame("row_first" if first else "row", layout)


class EmptyHome(QWidget):
    """Nothing here yet: three ways to begin, each with one sentence."""

    demo = Signal()
    new = Signal()
    open = Signal()

    def __init__(self) -> None:
        super().__init__()
        title = label(self.tr("Begin with a study"), "display")
        lead = label(
            self.tr("A study is one folder: its file, its recordings, its labels and exports."),
            "lead",
            wrap=True,
        )
        ways = (
            ("demo", self.tr("Demo study"),
             self.tr("Six prepared topics. Runs without a network, with or without a camera."),
             self.tr("Start the demo"), "home_start_demo", "primary", "", self.demo),
            ("new", self.tr("New study"), self.tr("A folder with a study file to fill in: tasks, questions, limits."),
             self.tr("New study"), "home_new_empty", "secondary", "Ctrl+N", self.new),
            ("open", self.tr("Open a study"), self.tr("A study folder that is on this computer or on a disk."),
             self.tr("Open"), "home_open_empty", "secondary", "Ctrl+O", self.open),
        )  # fmt: skip
        cards = QHBoxLayout()
        cards.setSpacing(16)
        for icon, name, text, action, object_name, kind, key, signal in ways:
            button = Button(
                action,
                "primary" if kind == "primary" else "secondary",
                key=key,
                height_px=36,
                name=object_name,
            )
            button.clicked.connect(signal)
            inner = column(
                IconMark(icon, "accent", 28), label(name, "heading"), label(text, "muted", wrap=True), None,
                row(button, None), spacing=8, margins=(20, 20, 20, 20),
            )  # fmt: skip
            card = frame("card", inner)
            card.setMinimumHeight(220)
            cards.addWidget(card, 1)
        inner_box = QWidget()
        inner_box.setLayout(column(title, lead, 8, cards, spacing=8))
        inner_box.setMaximumWidth(960)
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        centre = QHBoxLayout()
        centre.addStretch(1)
        centre.addWidget(inner_box, 100)
        centre.addStretch(1)
        layout.addLayout(centre)
        layout.addStretch(2)
