"""The text check: a text where answers stand, and a mark beside the line that is to be read."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPolygonF, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ifllm_desktop.domain.chat import Finish
from ifllm_desktop.domain.session import TEXT_CHECK
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.session.snapshot import AnswerSnapshot, FlowSnapshot, TaskSnapshot
from ifllm_desktop.session.target_run import TargetView
from ifllm_desktop.ui.answer_card import AnswerCard, AnswersRow, widest_card_px
from ifllm_desktop.ui.participant_page import NARROW_HEIGHT_PX, ParticipantPage
from ifllm_desktop.ui.rating_bar import RatingBar
from ifllm_desktop.ui.reading_text import fitted_text
from ifllm_desktop.ui.response_view import ResponseView
from ifllm_desktop.ui.screen_place import to_widget
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import IconMark, frame, label, row
from ifllm_desktop.ui.widgets_button import Button

_SINGLE = TaskSnapshot("", "", "", "", "single", 0, 1, 0, 1, 1, "")
_LOST_AFTER = 6
"""Updates (30 a second) without eyes before it is said: a single blink is not worth a word."""


class LineMark(QWidget):
    """A bar with a point, left of a line: the letters themselves stay as they are."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("line_mark")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def put(self, line: Rect | None) -> None:
        """Stand beside this line (screen px), or be hidden."""
        parent = self.parentWidget()
        if line is None or parent is None:
            self.hide()
            return
        corner = to_widget(parent, line.x_px, line.y_px)
        self.setGeometry(round(corner.x()) - 20, round(corner.y()), 16, round(line.h_px))
        self.show()
        self.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(current_theme().color("accent"))
        height, middle = float(self.height()), self.height() / 2
        painter.drawRoundedRect(QRectF(0, 1, 5, height - 2), 2, 2)
        painter.drawPolygon(QPolygonF([QPointF(6, middle - 7), QPointF(15, middle), QPointF(6, middle + 7)]))
        painter.end()


def _rating_height(snapshot: FlowSnapshot, width_px: int) -> int:
    """Height of the rating bar that the task page has for one answer."""
    bar, single = RatingBar(), replace(snapshot, task=_SINGLE)
    bar.resize(width_px, 100)
    bar.show_snapshot(single, "left")
    for widget in (bar, *bar.findChildren(QWidget)):
        widget.ensurePolished()  # until then fonts are not those of the style sheet
    bar.show_snapshot(single, "left")
    layout = bar.layout()
    if layout is not None:
        layout.invalidate()
    height_px = bar.sizeHint().height()
    bar.deleteLater()
    return height_px


class TextCheckPage(ParticipantPage):
    """Laid out as the task page with a single answer, so that what is measured holds for answers.

    Attributes
    ----------
    again : Signal()
        Begin, or: the marked line is read.
    text_shown : Signal(object)
        The :class:`ResponseView`, each time when it has got its text.
    """

    again = Signal()
    text_shown = Signal(object)

    def __init__(self) -> None:
        super().__init__(10_000, "page_text_check")
        self._snapshot: FlowSnapshot | None = None
        self._target: TargetView | None = None
        self._n_lost = 0
        self._mark: LineMark | None = None
        self.prompt = label("", "reading", wrap=True, name="text_check_words")
        self.bubble = frame("bubble", row(self.prompt, margins=(16, 8, 16, 8)))
        self.answers = AnswersRow()
        self.status_mark = IconMark("info", "text_muted", 14)
        self.status = label("", "body", wrap=True, name="text_check_status")
        self.skip = Button(self.tr("Skip this"), key="S", name="text_check_skip")
        self.skip.clicked.connect(lambda: self.command.emit("skip_text", ()))
        self.go_on = Button("", "primary", key=self.tr("Space"), name="text_check_next")
        self.go_on.clicked.connect(self.again)
        for button in (self.skip, self.go_on):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click must not take Space away from the page
        self._fit_timer = QTimer(self)
        self._fit_timer.setSingleShot(True)
        self._fit_timer.timeout.connect(self._fit_text)
        self._arrange()

    def _arrange(self) -> None:
        for unused in (self.scroller, self._line):
            unused.hide()
        while self._outer.count():
            self._outer.takeAt(0)
        self._middle = QVBoxLayout()
        self._middle.setSpacing(8)
        self._middle.addWidget(self.bubble, 0, Qt.AlignmentFlag.AlignHCenter)
        self._middle.addWidget(self.answers, 1000)
        self._middle.addStretch(1)
        self._inner = QWidget()
        column = QVBoxLayout(self._inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.addStretch(1)
        buttons = row(self.status_mark, spacing=12)
        buttons.addWidget(self.status, 1)
        buttons.addWidget(self.skip)
        buttons.addWidget(self.go_on)
        column.addLayout(buttons)
        self._bar_box = QVBoxLayout()
        self._bar_box.addWidget(self._inner)
        self._outer.setSpacing(0)
        self._outer.addLayout(self._middle, 1)
        self._outer.addWidget(frame("bar", self._bar_box))

    def resizeEvent(self, event: QResizeEvent) -> None:
        QWidget.resizeEvent(self, event)
        self._fit_page()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit_page()

    def _fit_page(self) -> None:
        """The margins of the task page, and a bar as high as its rating bar for one answer."""
        tight = self.height() < NARROW_HEIGHT_PX
        side = max(24, (self.width() - 2 * widest_card_px() - 16) // 2)
        self._outer.setContentsMargins(0, 0, 0, 0)
        self._middle.setContentsMargins(side, 8, side, 8 if tight else 12)
        self._bar_box.setContentsMargins(side, 8 if tight else 12, side, 8 if tight else 12)
        words_px = QFontMetricsF(current_theme().font("reading")).horizontalAdvance(self.prompt.text()) + 36
        room_px = max(300, self.width() - 240)
        self.bubble.setFixedWidth(round(min(words_px, room_px)))
        # in a centred box a label that wraps would get the height of one line
        needed_px = self.prompt.heightForWidth(room_px - 34) + 18
        self.bubble.setMinimumHeight(needed_px if words_px > room_px else 0)
        if self._snapshot is not None:
            self._inner.setFixedHeight(_rating_height(self._snapshot, self.width() - 2 * side))
        self._fit_timer.start(0)

    # ---- the text
    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        self._snapshot = snapshot
        run = snapshot.run
        if run is None or run.phase != "text":
            return
        self.prompt.setText(" ".join(snapshot.study.texts.text_check.body.split()))
        answer = AnswerSnapshot(f"{TEXT_CHECK}{run.number}", "left", "A", "", Finish.STOP)
        for card in self.answers.set_answers((answer,)):
            self._prepare(card, snapshot.study.texts.text_check.title)
            self._fit_page()
        self._show_state()

    def _prepare(self, card: AnswerCard, title: str) -> None:
        card.title.setText(title)
        view = card.view
        view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        view.installEventFilter(self)
        self._mark = LineMark(view.viewport())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._fit_timer.start(0)
        return False

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._snapshot is not None:
            self._fit_page()

    def text_view(self) -> ResponseView | None:
        """The view of the text, once it has one."""
        card = self.answers.card("left")
        return card.view if card is not None and card.view.source else None

    def _fit_text(self) -> None:
        card = self.answers.card("left")
        if card is None or self._snapshot is None or not self.isVisible():
            return
        view = card.view
        size_px = float(current_theme().px("reading"))
        text = fitted_text(self._snapshot.study.language, view.width(), view.viewport().height(), size_px)
        if text != view.source:
            view.set_source(text, True)
            self.text_shown.emit(view)

    # ---- the run
    def set_target(self, target: TargetView | None) -> None:
        """The line to mark now; to be called about 30 times a second."""
        if target is not None and target.kind != "line":
            target = None
        lost = target is not None and target.face_lost
        self._n_lost = self._n_lost + 1 if lost else 0
        self._target = target
        if self._mark is not None:
            self._mark.put(target.line_rect if target is not None else None)
        if self._snapshot is not None and self._snapshot.page == "text_check":
            self._show_state()

    def _show_state(self) -> None:
        target, lost = self._target, self._n_lost >= _LOST_AFTER
        words = self.status_words()
        if words != self.status.text():
            self.status.setText(words)
            self.setAccessibleDescription(words)
        self.status_mark.set_icon("alert" if lost else "info", "warning" if lost else "text_muted")
        reading = target is not None and target.stage != "intro"
        self.go_on.setText(self.tr("Line read") if reading else self.tr("Begin"))
        self.go_on.setEnabled(target is not None)
        card = self.answers.card("left")
        if card is not None:
            if reading and target is not None:
                form = self.tr("Line {index} of {n}")
                card.chip.set_state(form.format(index=target.index + 1, n=target.n), "accent", "gaze")
            else:
                card.chip.set_state(self.tr("Get ready"), "accent", "wait")

    def status_words(self) -> str:
        """What is to be done now, or why nothing goes on."""
        target = self._target
        if target is None:
            return self.tr("One moment …")
        if self._n_lost >= _LOST_AFTER:
            return self.tr("I cannot see your eyes. It goes on by itself when I can.")
        if target.stage == "intro":
            return self.tr("It begins by itself. Press Space when you are ready.")
        return self.tr("Read the marked line once, then press Space.")

    # ---- keys
    def focus_first(self) -> None:
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keys(self) -> list[tuple[str, str]]:
        return [
            (self.tr("Space"), self.tr("begin; then: the marked line is read")),
            ("S", self.tr("go on without this")),
            ("F9", self.tr("pause")),
        ]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat() and self._target is not None:
            self.again.emit()
        elif event.key() == Qt.Key.Key_S and not event.modifiers():
            self.command.emit("skip_text", ())
        elif event.key() == Qt.Key.Key_Escape:
            self.command.emit("pause", ())
        else:
            event.ignore()
