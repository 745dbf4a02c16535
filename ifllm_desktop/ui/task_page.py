"""The task page: history, question, one answer or two side by side, composer or rating bar."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from ifllm_desktop.domain.scene import Aoi
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.answer_card import AnswerCard, AnswersRow, widest_card_px
from ifllm_desktop.ui.answer_marks import AnswerMarks
from ifllm_desktop.ui.composer import Composer
from ifllm_desktop.ui.history_view import HistoryView
from ifllm_desktop.ui.participant_page import NARROW_HEIGHT_PX, ParticipantPage
from ifllm_desktop.ui.rating_bar import RatingBar, vote_of_key
from ifllm_desktop.ui.response_view import ResponseView
from ifllm_desktop.ui.screen_place import screen_corner
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import frame, label, row

REVEAL_MS = 50
"""Text is put on the screen at most 20 times a second: Markdown is laid out anew each time."""


class TaskPage(ParticipantPage):
    """Shows the task of a snapshot; text appears by coalesced reveals.

    Attributes
    ----------
    revealed : Signal(str, int, int)
        Response id, layout epoch, code points of source text shown.
    view_added : Signal(object)
        A new :class:`ResponseView`, before its first text, so that its geometry can be recorded from the start.
    """

    revealed = Signal(str, int, int)
    view_added = Signal(object)

    def __init__(self) -> None:
        super().__init__(10_000, "page_task")
        self._snapshot: FlowSnapshot | None = None
        self._side = "left"
        self._turn_id = ""
        self._revealing = False
        self._reveal_timer = QTimer(self)
        self._reveal_timer.setInterval(REVEAL_MS)
        self._reveal_timer.timeout.connect(self._reveal_next)
        self.intro = label("", "lead", wrap=True, name="task_description")
        self.intro_title = label("", "display", wrap=True)
        self.history = HistoryView()
        self.prompt = label("", "reading", wrap=True, name="task_question")
        self.bubble = frame("bubble", row(self.prompt, margins=(16, 8, 16, 8)), "prompt")
        self.bubble.setProperty("aoi", "prompt")
        self.answers = AnswersRow()
        self.composer = Composer()
        self.rating = RatingBar()
        self._arrange()
        self.composer.submitted.connect(lambda text: self.command.emit("submit", (text,)))
        self.composer.finished.connect(lambda: self.command.emit("finish_task", ()))
        self.rating.rated.connect(self._rate)
        self.rating.preferred.connect(
            lambda choice, strength: self.command.emit("prefer", (choice, strength))
        )
        self.rating.continued.connect(lambda: self.command.emit("continue_", ()))
        self.rating.half_changed.connect(self._show_again)
        self.marks = AnswerMarks(self)
        self.rating.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The bar has another height: more is asked, or a question went above its buttons."""
        if watched is self.rating and event.type() == QEvent.Type.LayoutRequest:
            self._fit_bar()
        return False

    def _show_again(self) -> None:
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    def _arrange(self) -> None:
        # the base's scrolling column is not used: answers scroll in themselves
        for unused in (self.scroller, self._line):
            unused.hide()
        while self._outer.count():
            self._outer.takeAt(0)
        self.intro_box = QWidget()
        intro = QVBoxLayout(self.intro_box)
        intro.setContentsMargins(0, 16, 0, 0)
        intro.setSpacing(8)
        intro.addWidget(self.intro_title)
        intro.addWidget(self.intro)
        self._intro_row = QVBoxLayout()
        self._intro_row.addStretch(1)
        self._intro_row.addWidget(self.intro_box)
        self._intro_row.addStretch(2)
        self._intro_area = QWidget()
        self._intro_area.setLayout(self._intro_row)
        self._middle = QVBoxLayout()
        self._middle.setSpacing(8)
        self._middle.addWidget(self._intro_area, 1000)
        self._middle.addWidget(self.history)
        self._middle.addWidget(self.bubble, 0, Qt.AlignmentFlag.AlignHCenter)
        self._middle.addWidget(self.answers, 1000)
        self._middle.addStretch(1)
        self.bar = QStackedWidget()
        self.bar.addWidget(self.composer)
        self.bar.addWidget(self.rating)
        self._bar_box = QVBoxLayout()
        self._bar_box.addWidget(self.bar)
        self._outer.setSpacing(0)
        self._outer.addLayout(self._middle, 1)
        self._outer.addWidget(frame("bar", self._bar_box))

    def resizeEvent(self, event: QResizeEvent) -> None:
        QWidget.resizeEvent(self, event)
        tight = self.height() < NARROW_HEIGHT_PX
        widest = 2 * widest_card_px() + 16
        side = max(24, (self.width() - widest) // 2)
        self._outer.setContentsMargins(0, 0, 0, 0)
        self._middle.setContentsMargins(side, 8, side, 8 if tight else 12)
        self._bar_box.setContentsMargins(side, 8 if tight else 12, side, 8 if tight else 12)
        beside = max(0, (self.width() - 2 * side - current_theme().px(720)) // 2)
        self._intro_row.setContentsMargins(beside, 0, beside, 0)
        self._fit_history()
        self._fit_bubble()

    # ---- showing
    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        self._snapshot = snapshot
        task = snapshot.task
        if task is None:
            return
        if snapshot.turn_id != self._turn_id:
            self._turn_id = snapshot.turn_id
            self._side = "left"
        asked = bool(snapshot.answers)
        self.history.set_turns(snapshot.history)
        self._intro_area.setVisible(not asked and not snapshot.history)
        self.intro_title.setText(task.title)
        self.intro.setText(" ".join(task.description.split()))
        self.prompt.setText(snapshot.prompt)
        self.bubble.setVisible(bool(snapshot.prompt))
        self._fit_bubble()
        self._fit_history()
        for card in self.answers.set_answers(snapshot.answers):
            card.revealed.connect(self.revealed)
            card.retried.connect(lambda response_id: self.command.emit("retry", (response_id,)))
            self.view_added.emit(card.view)
            self.marks.watch(card.view)
        self.answers.setVisible(asked)
        for answer in snapshot.answers:
            self.answers.cards[answer.response_id].show_state(answer)
        if asked:
            self.rating.show_snapshot(snapshot, self._side, has_selection=self.marks.has_selection)
            self.marks.paint(snapshot)
        else:
            self.composer.show_snapshot(snapshot)
        wanted = self.rating if asked else self.composer
        if self.bar.currentWidget() is not wanted:
            self.bar.setCurrentWidget(wanted)
            self.focus_first()
        self._fit_bar()
        if self.isVisible() and not self._reveal_timer.isActive():
            self._reveal_next()

    def _fit_history(self) -> None:
        """A strip above the answers; the whole page while the next question is composed."""
        asked = self._snapshot is not None and bool(self._snapshot.answers)
        share = 0.10 if self.height() < NARROW_HEIGHT_PX else 0.16
        self.history.setMaximumHeight(max(56, int(self.height() * share)) if asked else 100_000)
        self._middle.setStretchFactor(self.history, 0 if asked else 1000)

    def _fit_bubble(self) -> None:
        """As wide as its words, up to most of the page."""
        words_px = QFontMetricsF(current_theme().font("reading")).horizontalAdvance(self.prompt.text()) + 36
        self.bubble.setFixedWidth(round(min(words_px, max(300, self.width() - 240))))

    def _fit_bar(self) -> None:
        # a stacked widget would keep the height of its highest page
        current = self.bar.currentWidget()
        self.bar.setMaximumHeight(current.sizeHint().height() if current is not None else 0)

    def _reveal_next(self) -> None:
        """Show what has come; the timer runs on only while there was something to show."""
        if self._revealing:
            return  # whoever hears of a reveal may hand in the next snapshot at once
        self._revealing = True
        changed = self._reveal_all()
        self._revealing = False
        if not changed:
            self._reveal_timer.stop()
        elif not self._reveal_timer.isActive():
            self._reveal_timer.start()

    def _reveal_all(self) -> bool:
        snapshot = self._snapshot
        if snapshot is None or snapshot.paused or not self.isVisible():
            return False
        changed = False
        for answer in snapshot.answers:
            card = self.answers.cards.get(answer.response_id)
            if card is not None and card.wants(answer.text, answer.finish is not None):
                changed = True
                card.reveal(answer.text, answer.finish is not None)
        return changed

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._reveal_next()

    def hideEvent(self, event: QHideEvent) -> None:
        self._reveal_timer.stop()
        super().hideEvent(event)

    def set_saved(self, saved: bool) -> None:
        """Whether every decision is on disk."""
        self.rating.set_saved(saved)

    # ---- for the recording
    def response_views(self) -> dict[str, ResponseView]:
        """The views of the present answers by response id."""
        return {response_id: card.view for response_id, card in self.answers.cards.items()}

    def response_sides(self) -> dict[str, str]:
        """``left`` or ``right`` by response id."""
        return {response_id: card.side for response_id, card in self.answers.cards.items()}

    def shown_complete(self, response_id: str) -> bool:
        """Whether all of a complete answer has been put on the screen."""
        card = self.answers.cards.get(response_id)
        answer = (
            next((a for a in self._snapshot.answers if a.response_id == response_id), None)
            if self._snapshot
            else None
        )
        return card is not None and card.shown_ended and answer is not None and answer.complete

    def scene_aois(self) -> tuple[Aoi, ...]:
        """Visible areas beside the answers, screen px; buttons come before the rows that hold them."""
        named: list[tuple[str, QWidget]] = [
            ("prompt", self.bubble), ("history", self.history), ("send", self.composer.send),
            ("composer", self.composer), ("continue", self.rating.go_on),
        ]  # fmt: skip
        for side, scale in self.rating.scales.items():
            named += [(button.objectName(), button) for button in scale.buttons]
            named.append((f"rating_{side}", scale))
        named += [(button.objectName(), button) for button in self.rating.votes.values()]
        if self.rating.votes:
            named.append(("preference", self.rating.preference_row))
        named += self.rating.extras.areas()
        return tuple(Aoi(name, _screen_rect(widget)) for name, widget in named if widget.isVisible())

    def activity_place(self, x_px: float, y_px: float) -> str:
        """Which of ``session.turn.ACTIVITY_PLACES`` a screen point belongs to."""
        for card in self.answers.cards.values():
            if card.isVisible() and _screen_rect(card).contains(x_px, y_px):
                return f"answer_{card.side}"
        for name, widget in (("rating", self.rating), ("composer", self.composer)):
            if widget.isVisible() and _screen_rect(widget).contains(x_px, y_px):
                return name
        return "other"

    # ---- keys
    def focus_first(self) -> None:
        if self.bar.currentWidget() is self.composer:
            if self.composer.edit.isReadOnly():
                self.composer.send.setFocus(Qt.FocusReason.OtherFocusReason)
            else:
                self.composer.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _rate(self, side: str, value: int) -> None:
        snapshot = self._snapshot
        answer = snapshot.answer(side) if snapshot is not None else None
        if answer is None:
            return
        other = next((s for s in self.rating.scales if s != side), side)
        other_answer = snapshot.answer(other) if snapshot is not None else None
        self._side = side
        if other_answer is not None and other_answer.rating is None:
            self._side = other  # the digits go on with what is still open
        self.command.emit("rate", (answer.response_id, value))

    def _side_in_focus(self) -> str:
        focus = QApplication.focusWidget()
        for side, scale in self.rating.scales.items():
            card: AnswerCard | None = self.answers.card(side)
            if focus is not None and card is not None and card.isAncestorOf(focus):
                return side
            if focus is not None and scale.isAncestorOf(focus):
                return side
        return self._side

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._handle_key(event):
            event.ignore()

    def _handle_key(self, event: QKeyEvent) -> bool:
        key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        control = modifiers == Qt.KeyboardModifier.ControlModifier
        rating = self.bar.currentWidget() is self.rating
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            button = self.rating.go_on if rating else self.composer.send
            if control or not rating:
                button.click()
            return True
        if rating and self.rating.half == 2:
            return self.marks.handle_key(key, control=control)
        if modifiers or not rating:
            return False
        if Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
            scale = self.rating.scales.get(self._side_in_focus())
            value = key - Qt.Key.Key_1
            if scale is not None and value < len(scale.buttons):
                scale.buttons[value].click()
            return True
        vote = vote_of_key(key)
        if vote is not None and vote.name in self.rating.votes:
            self.rating.votes[vote.name].click()
            return True
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and len(self.rating.scales) > 1:
            self._side = "left" if key == Qt.Key.Key_Left else "right"
            if self._snapshot is not None:
                self._show_again()
            return True
        if key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            card = self.answers.card(self._side_in_focus())
            if card is not None:
                step = card.view.height() * 0.9 * (1 if key == Qt.Key.Key_PageDown else -1)
                card.view.set_scroll_px(card.view.scroll_px + step)
            return True
        return False

    def keys(self) -> list[tuple[str, str]]:
        return [
            ("1 – 7", self.tr("rate the answer in focus; then the other one")),
            ("← →", self.tr("choose the side that the digits rate")),
            ("Q W E R T", self.tr("A clearly, A slightly, tie, B slightly, B clearly")),
            ("Z", self.tr("both bad")),
            (self.tr("Page up / down"), self.tr("scroll the answer in focus")),
            *self.marks.keys(),
            (self.tr("Ctrl+Enter"), self.tr("continue")),
            ("F9", self.tr("pause")),
        ]


def _screen_rect(widget: QWidget) -> Rect:
    corner = screen_corner(widget)
    return Rect(corner.x(), corner.y(), widget.width(), widget.height())
