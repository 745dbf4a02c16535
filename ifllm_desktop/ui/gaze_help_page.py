"""The calm way on when the calibration did not do, or when window or screen have changed since."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ifllm_desktop.session.snapshot import HELP_OPTIONS, FlowSnapshot
from ifllm_desktop.ui import gaze_tips
from ifllm_desktop.ui.participant_page import ParticipantPage
from ifllm_desktop.ui.widgets import IconMark, column, frame, label, row
from ifllm_desktop.ui.widgets_button import Button


class _Way(NamedTuple):
    """A way on: what it is called, what follows from it, and the flow's command."""

    button: str
    sentence: str
    command: str
    arguments: tuple[str, ...] = ()


class GazeHelpPage(ParticipantPage):
    """Says what happened, what helps, and offers the ways on that the study allows.

    The first way that the flow offers is the filled one.
    """

    def __init__(self) -> None:
        super().__init__(860, "page_gaze_help")
        self._drawn: tuple[object, ...] = ()
        self.title = label("", "display", wrap=True, name="gaze_help_title")
        self.lead = label("", "lead", wrap=True, name="gaze_help_text")
        self.tips = QWidget()
        self.ways = QWidget()
        self.body.addWidget(self.title)
        self.body.addWidget(self.lead)
        self.body.addSpacing(8)
        self.body.addWidget(self.tips)
        self.body.addSpacing(4)
        self.body.addWidget(self.ways)
        self.buttons: dict[str, Button] = {}
        for name in HELP_OPTIONS:
            way = self._way(name)
            button = Button(way.button, height_px=44, name=f"gaze_help_{name}")
            button.setAccessibleDescription(way.sentence)
            button.clicked.connect(lambda _=False, w=way: self.command.emit(w.command, w.arguments))
            self.buttons[name] = button
        self.action_row.addStretch(1)
        for button in self.buttons.values():
            self.action_row.addWidget(button)

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        shown = (snapshot.help_options, snapshot.help_reason, snapshot.calibration, snapshot.validation)
        if shown == self._drawn:
            return
        self._drawn = shown
        title, text = self._head(snapshot)
        self.title.setText(title)
        self.lead.setText(text)
        self._show_tips(snapshot)
        self._show_ways(snapshot)

    def _head(self, snapshot: FlowSnapshot) -> tuple[str, str]:
        words = snapshot.study.texts.gaze_help
        moved = self.tr("The gaze was measured for the window as it was. You choose how to go on; what is already "
                        "recorded is kept.")  # fmt: skip
        return {
            "resized": (self.tr("The window has another size now"), moved),
            "moved": (self.tr("The window has been moved"), moved),
            "screen_changed": (self.tr("The screen has changed"), moved),
            "head_moved": (
                self.tr("You sit a little differently now"),
                self.tr("That is quite all right. One look at a dot shows whether the gaze still fits."),
            ),
        }.get(snapshot.help_reason, (words.title, " ".join(words.body.split())))

    # ---- what helps
    def _show_tips(self, snapshot: FlowSnapshot) -> None:
        wanted = snapshot.help_reason in ("", "attempts_used")
        tips = gaze_tips.tips(snapshot) if wanted else ()
        box = QVBoxLayout()
        box.setContentsMargins(20, 14, 20, 16)
        box.setSpacing(12)
        box.addWidget(label(self.tr("What helps"), "heading"))
        for tip in tips:
            words = column(
                label(tip.advice, "body", wrap=True), label(tip.because, "caption", wrap=True), spacing=1
            )
            line = row(IconMark(tip.icon, size_px=20), spacing=12)
            line.addLayout(words, 1)
            box.addLayout(line)
        new = frame("card", box, "gaze_help_tips")
        new.setVisible(bool(tips))
        self._swap("tips", new)

    # ---- ways on
    def _show_ways(self, snapshot: FlowSnapshot) -> None:
        box = QVBoxLayout()
        box.setContentsMargins(20, 14, 20, 16)
        box.setSpacing(8)
        box.addWidget(label(self.tr("Ways to go on"), "heading"))
        changed = snapshot.help_reason not in ("", "attempts_used")
        again = self.tr("Calibrate again") if changed else self.tr("Try once more")
        self.buttons["help_again"].setText(again)
        for name in snapshot.help_options:
            way = self._way(name)
            box.addLayout(column(label(self.buttons[name].text(), "strong"), _wide(way.sentence), spacing=0))
        self._swap("ways", frame("card", box, "gaze_help_ways"))
        self._show_buttons(snapshot.help_options)

    def _show_buttons(self, offered: tuple[str, ...]) -> None:
        for name, button in self.buttons.items():
            first = name in offered[:1]
            button.set_kind("primary" if first else "secondary")
            button.set_key(self.tr("Enter") if first else "")
            button.setVisible(name in offered)
        for name in reversed(offered):  # the recommended one stands at the end of the reading path
            self.action_row.removeWidget(self.buttons[name])
            self.action_row.addWidget(self.buttons[name])
        self.primary = self.buttons[offered[0]] if offered else None
        for before, after in pairwise(offered):
            QWidget.setTabOrder(self.buttons[before], self.buttons[after])

    def _way(self, name: str) -> _Way:
        return {
            "help_again": _Way(
                self.tr("Try once more"),
                self.tr("The camera check shows your picture while you mend light and seat, then the dots come again."),
                "help_again",
            ),
            "check_gaze": _Way(
                self.tr("Check with one dot"),
                self.tr("A quick look at one dot; only if it is off, a few more follow."),
                "check_gaze",
            ),
            "fewer_claims": _Way(
                self.tr("Go on as it is"),
                self.tr("Your gaze is recorded and marked as rough: less will be said from it."),
                "fewer_claims",
            ),
            "pointer_only": _Way(
                self.tr("Go on without gaze"),
                self.tr("The camera is no longer used; your answers and the pointer are recorded as agreed."),
                "without_gaze",
                ("pointer_only",),
            ),
            "stop": _Way(
                self.tr("Stop here"),
                self.tr("The session ends, and everything recorded so far is kept."),
                "stop",
                ("calibration_failed",),
            ),
        }[name]  # fmt: skip

    def _swap(self, name: str, new: QWidget) -> None:
        old: QWidget = getattr(self, name)
        self.body.replaceWidget(old, new)
        old.hide()
        old.deleteLater()
        setattr(self, name, new)

    def keys(self) -> list[tuple[str, str]]:
        return [(self.tr("Enter"), self.tr("the filled way on")), ("Tab", self.tr("the other ways"))]


def _wide(text: str) -> QLabel:
    return label(text, "muted", wrap=True)
