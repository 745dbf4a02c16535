"""Head of the replay: what is open and what it supports; and what stands there when nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QVBoxLayout

from ifllm_desktop.domain.time import iso_utc
from ifllm_desktop.replay.model import ReplayModel
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import Chip, IconMark, ProgressLine, Tone, label, row
from ifllm_desktop.ui.widgets_button import Button


@dataclass(frozen=True, slots=True)
class SupportChip:
    """What a session can support, as the header says it (``Side .99``)."""

    text: str
    tone: Tone
    icon: str
    tip: str = ""


class ReplayHeader(QFrame):
    """Session, turn chooser, facts, chips.

    Attributes
    ----------
    open_requested : Signal()
    """

    open_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("replay_header")
        self.setProperty("surface", "header")
        self._title = label(self.tr("Replay"), "title", name="replay_title")
        self._facts = label("", "muted", name="replay_facts")
        self.turn_box = QComboBox()
        self.turn_box.setObjectName("replay_turn")
        self.turn_box.setAccessibleName(self.tr("Turn"))
        self.turn_box.setToolTip(self.tr("Turn: Page Up, Page Down"))
        self.turn_box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._chips = QHBoxLayout()
        self._chips.setSpacing(8)
        choose = Button(self.tr("Choose a session"), icon="open", name="replay_open")
        choose.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        choose.clicked.connect(self.open_requested)
        self.setLayout(
            row(self._title, self.turn_box, self._facts, None, self._chips, choose,
                spacing=12, margins=(16, 7, 12, 7))
        )  # fmt: skip
        self.setMinimumHeight(current_theme().px(48))

    def show_nothing(self) -> None:
        """No session is open."""
        self._title.setText(self.tr("Replay"))
        self._facts.setText("")
        self.turn_box.hide()
        self._show_chips(())

    def show_model(self, model: ReplayModel, chips: Sequence[SupportChip]) -> None:
        """Name a session, its turns and what it supports."""
        info = model.timeline.info
        self._title.setText(
            self.tr("{person} · Session {number}").format(person=info.participant_id, number=info.number)
        )
        rate_hz = model.timeline.gaze_rate_hz()
        day = iso_utc(model.wall_start_ns)[:16].replace("T", " ")
        facts = [self.tr("{when} UTC").format(when=day)]
        if rate_hz == rate_hz:
            facts.append(self.tr("gaze {rate} Hz").format(rate=f"{rate_hz:.0f}"))
        if model.accuracy_px == model.accuracy_px:
            facts.append(self.tr("error {error} px").format(error=f"{model.accuracy_px:.0f}"))
        self._facts.setText(" · ".join(facts))
        self.turn_box.clear()
        for number, turn in enumerate(model.timeline.turns, start=1):
            kind = self.tr("pair") if turn.mode == "pair" else self.tr("single")
            self.turn_box.addItem(self.tr("Turn {number} · {kind}").format(number=number, kind=kind))
            self.turn_box.setItemData(number - 1, turn.prompt, Qt.ItemDataRole.ToolTipRole)
        self.turn_box.setVisible(bool(model.timeline.turns))
        self._show_chips([*self._own_chips(model), *chips])

    def _own_chips(self, model: ReplayModel) -> list[SupportChip]:
        chips = []
        devices = model.timeline.info.devices
        if devices == "simulated":
            chips.append(SupportChip(self.tr("Simulated participant"), "warning", "simulated"))
        elif devices == "video":
            chips.append(SupportChip(self.tr("Camera from a video"), "warning", "video"))
        if not model.has_gaze:
            chips.append(SupportChip(self.tr("No gaze"), "muted", "refused"))
        if model.recovered:
            chips.append(SupportChip(self.tr("Recovered"), "warning", "recovered"))
        problems = model.timeline.layouts.problems
        if problems:
            tip = "\n".join(f"{p.response_id}, {p.epoch}: {p.problem}" for p in problems[:8])
            text = self.tr("{n} layouts damaged").format(n=len(problems))
            chips.append(SupportChip(text, "warning", "warning", tip))
        return chips

    def _show_chips(self, chips: Sequence[SupportChip]) -> None:
        while (item := self._chips.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        for chip in chips:
            made = Chip(chip.text, chip.tone, chip.icon)
            made.setToolTip(chip.tip)
            self._chips.addWidget(made)


class ReplayMessage(QFrame):
    """One sentence in the middle of the page: nothing open, being opened, could not be opened."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "plain")
        self._mark = IconMark("replay", "text_muted", 40)
        self._text = label("", "heading", wrap=True, name="replay_message")
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._advice = label("", "muted", wrap=True, name="replay_advice")
        self._advice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._progress = ProgressLine()
        self._progress.setFixedWidth(240)
        box = QVBoxLayout(self)
        box.setSpacing(8)
        box.addStretch(2)
        box.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignHCenter)
        box.addWidget(self._text)
        box.addWidget(self._advice)
        box.addWidget(self._progress, 0, Qt.AlignmentFlag.AlignHCenter)
        box.addStretch(3)

    def say(self, icon: str, token: str, text: str, advice: str) -> None:
        """What happened, and what to do."""
        self._mark.set_icon(icon, token)
        self._text.setText(text)
        self._advice.setText(advice)
        self._progress.hide()

    def set_progress(self, fraction: float) -> None:
        """Show how far the opening is, 0..1."""
        self._progress.set_fraction(fraction)
        self._progress.show()
