"""Attempts at a calibration side by side, with a way to use an earlier one."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from ifllm_desktop.session.snapshot import FlowSnapshot, GazeAttempt
from ifllm_desktop.ui.widgets import label
from ifllm_desktop.ui.widgets_button import Button

MAX_ROWS = 4
"""More than these would push the table off a small screen; the newest stay, and the best that can be used."""


class AttemptCard(QFrame):
    """A row per attempt: grade, error, how much it differs from the newest one.

    Attributes
    ----------
    best : Button or None
        The button of the best attempt that can be used instead.
    used : Signal(str)
        ``attempt_id`` of an earlier attempt that is to be used.
    """

    used = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "card")
        self.setObjectName("gaze_attempts")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(16, 8, 12, 8)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        self._made: list[QWidget] = []
        self.best: Button | None = None
        self.hide()

    def show_attempts(self, snapshot: FlowSnapshot) -> None:
        """Show the attempts of a snapshot; nothing while there is only one."""
        for widget in self._made:
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._made = []
        self.best = None
        done = [a for a in snapshot.attempts if a.calibration is not None]
        self.setVisible(len(done) > 1)
        if len(done) < 2:
            return
        newest = done[-1]
        for row, attempt in enumerate(chosen_rows(done, snapshot.can_use)):
            self._row(row, attempt, newest, snapshot)
        self._grid.setColumnStretch(2, 1)

    def _row(self, row: int, attempt: GazeAttempt, newest: GazeAttempt, snapshot: FlowSnapshot) -> None:
        now = attempt is newest
        usable = attempt.attempt_id in snapshot.can_use
        name = self.tr("Attempt {n}") if attempt.kind == "full" else self.tr("Attempt {n}, one point again")
        words = (
            label(name.format(n=attempt.number), "caption_strong" if now else "caption"),
            label(self._result(attempt), "caption_strong" if now else "caption"),
            label(self.tr("this one") if now else self._difference(attempt, newest), "caption"),
        )
        for column, widget in enumerate(words):
            self._put(widget, row, column)
        if usable:
            use = Button(self.tr("Use attempt {n}").format(n=attempt.number), height_px=28,
                         name=f"gaze_use_{attempt.number}")  # fmt: skip
            use.clicked.connect(lambda _=False, i=attempt.attempt_id: self.used.emit(i))
            self._put(use, row, 3)
            if attempt.attempt_id == snapshot.can_use[0]:
                self.best = use

    def _put(self, widget: QWidget, row: int, column: int) -> None:
        self._grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignVCenter)
        widget.show()  # at once, so that the focus can be given to it
        self._made.append(widget)

    def _result(self, attempt: GazeAttempt) -> str:
        validation = attempt.validation
        if validation is None or not math.isfinite(validation.accuracy_px):
            return self.tr("not measured")
        return self.tr("{grade} · {px:.0f} px").format(grade=validation.grade, px=validation.accuracy_px)

    def _difference(self, attempt: GazeAttempt, newest: GazeAttempt) -> str:
        """How this one differs from the newest, in px."""
        if attempt.validation is None or newest.validation is None:
            return ""
        px = attempt.validation.accuracy_px - newest.validation.accuracy_px
        if not math.isfinite(px):
            return ""
        if abs(round(px)) < 1:
            return self.tr("as exact")
        form = self.tr("{px:.0f} px more exact") if px < 0 else self.tr("{px:.0f} px less exact")
        return form.format(px=abs(px))


def chosen_rows(done: list[GazeAttempt], can_use: tuple[str, ...]) -> list[GazeAttempt]:
    """The attempts to show: the newest ones, and always the best that can be used."""
    shown = done[-MAX_ROWS:]
    best = next((a for a in done if can_use and a.attempt_id == can_use[0]), None)
    if best is not None and best not in shown:
        shown = [best, *shown[1:]]
    return shown
