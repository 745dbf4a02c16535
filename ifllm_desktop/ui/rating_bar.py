"""The rating bar: each answer, then the comparison, then continue. Locked while text still arrives."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ifllm_desktop.protocol import PreferenceQuestion, RatingScale
from ifllm_desktop.session.snapshot import FlowSnapshot, Preference
from ifllm_desktop.ui.ballot_extras import BallotExtras, has_extras
from ifllm_desktop.ui.rating_scale import Scale, check_only
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import IconMark, empty, label, line, row, set_role
from ifllm_desktop.ui.widgets_button import Button

MAX_SINGLE_PX = 640


class Vote(NamedTuple):
    """One button of the comparison."""

    name: str
    key: str
    choice: str
    strength: int | None


VOTES = (
    Vote("left_clearly", "Q", "left", 2),
    Vote("left_slightly", "W", "left", 1),
    Vote("tie", "E", "tie", None),
    Vote("right_slightly", "R", "right", 1),
    Vote("right_clearly", "T", "right", 2),
    Vote("both_bad", "Z", "both_bad", None),
)


class RatingBar(QFrame):
    """Fixed at the bottom of the task page.

    Attributes
    ----------
    rated : Signal(str, int)
        Side and value.
    preferred : Signal(str, object)
        Choice and strength (1, 2 or None).
    continued : Signal()
    half_changed : Signal()
        Another half of the bar is to be shown: its owner draws the snapshot again.
    """

    rated = Signal(str, int)
    preferred = Signal(str, object)
    continued = Signal()
    half_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "plain")
        self._built: tuple[object, ...] = ()
        self.scales: dict[str, Scale] = {}
        self.votes: dict[str, Button] = {}
        self.preference_row = QWidget(self)  # until the first task says what is asked
        self._vote_group = QButtonGroup(self)
        self._question = QLabel(self)
        self.preference_row.hide()
        self._question.hide()
        self._vote_halves = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._top = QVBoxLayout()
        self._top.setSpacing(8)
        self._top.setContentsMargins(0, 0, 0, 0)
        self._lock = IconMark("lock", "text_muted", 14)
        self.note = label("", "caption", wrap=True, name="task_lock_reason")
        self._saved_mark = IconMark("saved", "success", 14)
        self._saved = label("", "caption", name="task_saved")
        self.go_on = Button(self.tr("Continue"), "primary", key=self.tr("Ctrl+Enter"), name="task_continue")
        self.go_on.setProperty("aoi", "continue")
        self.go_on.clicked.connect(self._go_on)
        self.back = Button(self.tr("Back"), "plain", key=self.tr("Ctrl+Backspace"), name="task_back")
        self.back.clicked.connect(lambda: self._go_to(1))
        self.extras = BallotExtras()
        self._half = 1
        self._turn_id = ""
        self._snapshot: FlowSnapshot | None = None
        bottom = row(self._lock, spacing=8)
        bottom.addWidget(self.note, 1)
        self._saved_mark.hide()
        bottom.addWidget(self._saved_mark)
        bottom.addWidget(self._saved)
        bottom.addSpacing(8)
        bottom.addWidget(self.back)
        bottom.addWidget(self.go_on)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._first_half = QWidget()
        self._first_half.setLayout(self._top)
        layout.addWidget(self._first_half)
        layout.addWidget(self.extras)
        layout.addLayout(bottom)

    # ---- building
    def _build(self, mode: str, rating: RatingScale, preference: PreferenceQuestion) -> None:
        if (mode, rating, preference) == self._built:
            return
        self._built = (mode, rating, preference)
        empty(self._top)
        self._vote_group.deleteLater()
        self._vote_group = QButtonGroup(self)
        self.scales, self.votes = {}, {}
        scales = QWidget()
        scale_row = QHBoxLayout(scales)
        scale_row.setContentsMargins(0, 0, 0, 0)
        scale_row.setSpacing(48)
        sides = (("left", "A"), ("right", "B")) if mode == "pair" else (("left", self.tr("this answer")),)
        for side, letter in sides:
            scale = Scale(side, letter, rating)
            scale.chosen.connect(lambda value, s=side: self.rated.emit(s, value))
            self.scales[side] = scale
            scale_row.addWidget(scale, 100)
        if mode != "pair":  # below its answer, which stands in the middle
            self.scales["left"].setMaximumWidth(current_theme().px(MAX_SINGLE_PX))
            scale_row.insertStretch(0, 1)
            scale_row.addStretch(1)
        self._top.addWidget(scales)
        if mode == "pair":
            self._top.addWidget(self._make_votes(preference))

    def _make_votes(self, preference: PreferenceQuestion) -> QWidget:
        words = {
            "left_clearly": self.tr("A, clearly"), "left_slightly": self.tr("A, slightly"), "tie": self.tr("Tie"),
            "right_slightly": self.tr("B, slightly"), "right_clearly": self.tr("B, clearly"),
            "both_bad": self.tr("Both bad"),
        }  # fmt: skip
        self.preference_row = QWidget()
        self.preference_row.setObjectName("preference")
        self.preference_row.setProperty("aoi", "preference")
        self._question = label(preference.question, "strong")
        layout = QHBoxLayout()
        layout.setSpacing(8)
        self._vote_halves = QBoxLayout(QBoxLayout.Direction.LeftToRight, self.preference_row)
        self._vote_halves.setContentsMargins(0, 0, 0, 0)
        self._vote_halves.setSpacing(4)
        self._vote_halves.addStretch(1)
        self._vote_halves.addWidget(self._question)
        self._vote_halves.addLayout(layout)
        self._vote_halves.addStretch(1)
        layout.addSpacing(8)
        allowed = {"tie": preference.tie, "both_bad": preference.both_bad}
        for vote in VOTES:
            if not allowed.get(vote.name, True):
                continue
            if vote.name == "both_bad":  # apart, because it is not on the scale
                divider = line(vertical=True)
                divider.setFixedHeight(24)
                layout.addSpacing(4)
                layout.addWidget(divider)
                layout.addSpacing(4)
            button = Button(words[vote.name], "radio", key=vote.key, height_px=36, name=f"prefer_{vote.name}")
            self._vote_group.addButton(button)
            button.clicked.connect(lambda _=False, v=vote: self.preferred.emit(v.choice, v.strength))
            self.votes[vote.name] = button
            layout.addWidget(button)
        return self.preference_row

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_width()

    def _fit_width(self) -> None:
        """Questions go above their buttons where both do not fit beside each other (large text, small screen)."""
        scales = list(self.scales.values())
        stacked = sum(s.wide_px() for s in scales) + 48 * (len(scales) - 1) > self.width()
        for scale in scales:
            scale.set_stacked(stacked)
        if self.votes:
            needed = self._question.sizeHint().width() + sum(
                b.sizeHint().width() + 8 for b in self.votes.values()
            )
            across = (
                QBoxLayout.Direction.TopToBottom
                if needed + 40 > self.width()
                else QBoxLayout.Direction.LeftToRight
            )
            self._vote_halves.setDirection(across)

    # ---- showing
    def show_snapshot(self, snapshot: FlowSnapshot, active_side: str, *, has_selection: bool = False) -> None:
        """Draw ratings, vote and lock; ``has_selection``: text of an answer is selected and may be marked."""
        if snapshot.task is None:
            return
        self._snapshot = snapshot
        self._build(snapshot.task.mode, snapshot.study.rating, snapshot.study.preference)
        is_open = snapshot.ratings_open and not snapshot.paused
        for side, scale in self.scales.items():
            answer = snapshot.answer(side)
            rating = answer.rating if answer is not None else None
            scale.show_value(rating, is_open=is_open, active=side == active_side)
        self._show_vote(snapshot.preference, is_open)
        self._fit_width()
        self._show_half(snapshot, has_selection)
        self._lock.set_icon("info" if snapshot.ratings_open else "lock", "text_muted")
        self.note.setText(self._reason(snapshot))

    def _show_half(self, snapshot: FlowSnapshot, has_selection: bool) -> None:
        """Rating and vote first; what else is asked takes their place once they are given."""
        if snapshot.turn_id != self._turn_id or not has_extras(snapshot):
            self._turn_id, self._half = snapshot.turn_id, 1
        more = has_extras(snapshot)
        self.extras.setVisible(self._half == 2)
        self._first_half.setVisible(self._half == 1)
        self.back.setVisible(self._half == 2)
        if self._half == 2:
            self.extras.show_snapshot(snapshot, has_selection=has_selection)
        if more and self._half == 1:
            self.go_on.setText(self.tr("Next"))
            self.go_on.setEnabled(_is_judged(snapshot) and not snapshot.paused)
        else:
            self.go_on.setText(self.tr("Continue"))
            self.go_on.setEnabled(snapshot.can_continue and not snapshot.paused)

    @property
    def half(self) -> int:
        """1 while rating and vote are shown, 2 while the rest is."""
        return self._half

    def _go_on(self) -> None:
        if self._snapshot is not None and has_extras(self._snapshot) and self._half == 1:
            self._go_to(2)
            return
        if self._half == 2:
            self.extras.flush()
        self.continued.emit()

    def _go_to(self, half: int) -> None:
        self._half = half
        self.half_changed.emit()
        first = self.extras.first() if half == 2 else None
        if first is not None:
            first.setFocus(Qt.FocusReason.TabFocusReason)

    def _show_vote(self, preference: Preference | None, is_open: bool) -> None:
        if not self.votes:
            return
        chosen = next(
            (
                v.name
                for v in VOTES
                if preference and (v.choice, v.strength) == (preference.choice, preference.strength)
            ),
            "",
        )
        check_only(self._vote_group, self.votes.get(chosen))
        for button in self.votes.values():
            button.setEnabled(is_open)
        set_role(self._question, "strong" if is_open else "disabled")

    def _reason(self, snapshot: FlowSnapshot) -> str:
        pair = snapshot.task is not None and snapshot.task.mode == "pair"
        if snapshot.ratings_open:
            missing = any(a.rating is None for a in snapshot.answers) or (
                pair and snapshot.preference is None
            )
            if missing and pair:
                return self.tr("Rate both answers and say which you prefer, then continue.")
            if missing:
                return self.tr("Rate the answer, then continue.")
            if self._half == 2 and not snapshot.can_continue:
                return self.tr("Something that is needed here is still open.")
            return self.tr("You can change your ratings until you continue.")
        return {
            "writing": self.tr("The ratings open when both answers are complete.") if pair
            else self.tr("The rating opens when the answer is complete."),
            "not_shown": self.tr("The ratings open when all of the text is on the screen."),
            "incomplete": self.tr("An answer did not arrive completely. Ask for it again with Retry."),
        }.get(snapshot.lock_reason, "")  # fmt: skip

    def set_saved(self, saved: bool) -> None:
        """Whether everything that was decided is on disk."""
        self._saved.setText(self.tr("Saved") if saved else self.tr("Saving …"))
        self._saved_mark.show()
        self._saved_mark.set_icon("saved" if saved else "saving", "success" if saved else "text_muted")


def _is_judged(snapshot: FlowSnapshot) -> bool:
    """Whether rating and vote are given."""
    pair = snapshot.task is not None and snapshot.task.mode == "pair"
    rated = snapshot.ratings_open and all(a.rating is not None for a in snapshot.answers)
    return rated and (snapshot.preference is not None or not pair)


def vote_of_key(key: int) -> Vote | None:
    """The vote behind a key (``Qt.Key``)."""
    letters = {Qt.Key.Key_Q: "Q", Qt.Key.Key_W: "W", Qt.Key.Key_E: "E", Qt.Key.Key_R: "R",
               Qt.Key.Key_T: "T", Qt.Key.Key_Z: "Z"}  # fmt: skip
    letter = letters.get(Qt.Key(key))
    return next((v for v in VOTES if v.key == letter), None)
