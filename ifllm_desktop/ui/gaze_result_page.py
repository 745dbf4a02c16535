"""Calibration result: a sentence, the map, the figures, and what to do next."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.session.acceptance import loss
from ifllm_desktop.session.snapshot import FlowSnapshot, TargetOutcome, ValidationOutcome
from ifllm_desktop.ui import gaze_words
from ifllm_desktop.ui.gaze_attempts import AttemptCard
from ifllm_desktop.ui.gaze_map import GazeMap, neighbour
from ifllm_desktop.ui.gaze_table import TargetTable
from ifllm_desktop.ui.participant_page import ParticipantPage
from ifllm_desktop.ui.support_bars import SupportBars
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import column, frame, label, line, row, set_role
from ifllm_desktop.ui.widgets_button import Button

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip

STACK_BELOW_PX = 1000
"""Width at 100 % text size below which map and table do not stand side by side."""
STACKED_MAP_PX = 330


class Figure(QVBoxLayout):
    """A key figure: name, value with its unit, a caption."""

    def __init__(self, title: str, name: str) -> None:
        super().__init__()
        self.setSpacing(2)
        self.setContentsMargins(14, 10, 14, 10)
        self.value = label("–", "title", name=name)
        self.note = label("", "caption", name=f"{name}_note")
        self.addWidget(label(title, "caption"))
        self.addWidget(self.value)
        self.addWidget(self.note)

    def set_value(self, value: str, note: str) -> None:
        """Show a value."""
        self.value.setText(value)
        self.note.setText(note)


class GazeResultPage(ParticipantPage):
    """How good the gaze is on targets that the calibration did not see.

    A point is always chosen (the worst one beforehand); map, table and the action "redo" follow it.
    """

    def __init__(self) -> None:
        super().__init__(1376, "page_gaze_result")
        self.gaze_simulated = False
        self._screen: Screen | None = None
        self._distance_mm = math.nan
        self._snapshot: FlowSnapshot | None = None
        self._drawn: object = None
        self._chosen = -1
        self.title = label("", "display", wrap=True, name="gaze_result_sentence")
        self.lead = label("", "lead", wrap=True)
        self.map = GazeMap()
        self.table = TargetTable()
        self.map.chosen.connect(self.choose)
        self.table.chosen.connect(self.choose)
        self.figures = {
            "accuracy": Figure(self.tr("Accuracy"), "gaze_accuracy"),
            "precision": Figure(self.tr("Precision, STD"), "gaze_precision"),
            "loss": Figure(self.tr("Data loss"), "gaze_loss"),
            "rate": Figure(self.tr("Effective rate"), "gaze_rate"),
        }
        self._table_card = frame("card", column(self.table, margins=(1, 4, 1, 4)))
        self.attempts = AttemptCard()
        self.attempts.used.connect(lambda attempt_id: self.command.emit("use_attempt", (attempt_id,)))
        self.paper_card = self._paper_card()
        right = column(self._grade_card(), self.attempts, self._table_card, self.paper_card, None, spacing=12)
        self._middle = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._middle.setSpacing(16)
        self._middle.addLayout(column(self._map_card(), self._figure_card(), spacing=12), 9)
        self._middle.addLayout(right, 6)
        self.body.addWidget(self.title)
        self.body.addWidget(self.lead)
        self.body.addSpacing(8)
        self.body.addLayout(self._middle)
        self._make_actions()

    # ---- parts
    def _map_card(self) -> QFrame:
        legend = label(self.tr("+ point   → error, true length   ○ 68 % of the estimates (BCEA)"), "caption")
        self.screen_note = label("", "caption")
        return frame("card", column(self.map, row(legend, None, self.screen_note), margins=(12, 12, 12, 10)))

    def _figure_card(self) -> QFrame:
        figures = QHBoxLayout()
        figures.setSpacing(0)
        figures.setContentsMargins(0, 0, 0, 0)
        for index, figure in enumerate(self.figures.values()):
            if index:
                figures.addWidget(line(vertical=True))
            figures.addLayout(figure, 1)
        return frame("card", figures)

    def _grade_card(self) -> QFrame:
        self.grade = label("–", "grade", name="gaze_grade")
        self.grade.setFixedSize(56, 56)
        self.grade.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.grade_title = label("", "heading", wrap=True, name="gaze_grade_title")
        self.grade_note = label("", "caption", wrap=True, name="gaze_grade_note")
        self.chances = SupportBars()
        head = row(spacing=12)
        head.addWidget(self.grade, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(column(self.grade_title, self.grade_note, spacing=2), 1)
        return frame("card", column(head, self.chances, spacing=10, margins=(16, 14, 16, 14)))

    def _paper_card(self) -> QFrame:
        self.paper = label("", "caption", wrap=True, name="gaze_paper")
        self.paper.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.paper.hide()
        self.paper_fold = Button(
            self.tr("Sentence for the paper"), "plain", height_px=28, icon="export", name="gaze_paper_fold"
        )
        self.paper_fold.setAccessibleDescription(self.tr("Shows or hides one sentence with all figures."))
        self.paper_copy = Button(self.tr("Copy"), height_px=28, name="gaze_paper_copy")
        self.paper_copy.hide()
        self.paper_fold.clicked.connect(self._fold_paper)
        self.paper_copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.paper.text()))
        inner = column(
            row(self.paper_fold, None, self.paper_copy), self.paper, margins=(4, 4, 12, 4), spacing=4
        )
        inner.setContentsMargins(8, 4, 12, 4)
        return frame("plain", inner)

    def _make_actions(self) -> None:
        self.without = Button(self.tr("Go on without gaze"), "plain", height_px=44, name="gaze_without")
        self.again = Button(self.tr("Recalibrate"), key="R", height_px=44, name="gaze_recalibrate")
        self.redo = Button("", key="P", height_px=44, icon="refresh", name="gaze_redo")
        self.accept = Button(
            self.tr("Accept"), "primary", key=self.tr("Enter"), height_px=44, name="gaze_accept"
        )
        self.without.clicked.connect(lambda: self.command.emit("without_gaze", ("calibration_failed",)))
        self.again.clicked.connect(lambda: self.command.emit("recalibrate", ()))
        self.redo.clicked.connect(lambda: self.command.emit("redo_target", (self._redo_index(),)))
        self.accept.clicked.connect(lambda: self.command.emit("accept_gaze", ()))
        self.action_row.addWidget(self.without)
        self.action_row.addStretch(1)
        for button in (self.again, self.redo, self.accept):
            self.action_row.addWidget(button)
        for button in (self.without, self.again, self.redo, self.accept):
            button.installEventFilter(self)

    # ---- values
    def set_screen(self, screen: Screen) -> None:
        """The participant's screen: the map's frame, and degrees where its size is known."""
        self._screen = screen
        self._drawn = None

    @property
    def chosen(self) -> int:
        """``target_index`` of the point that "redo" is about; −1 without any."""
        return self._chosen

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        self._snapshot = snapshot
        if snapshot.calibration is not None:
            self._distance_mm = snapshot.calibration.distance_mm
        shown = (snapshot.validation, snapshot.calibration, snapshot.attempts)
        if shown != self._drawn:
            self._drawn = shown
            self._show_words(snapshot)
            self._show_figures(snapshot.validation)
            self._show_targets(snapshot)
            self.attempts.show_attempts(snapshot)
            self.paper_card.setVisible(snapshot.validation is not None)
        self._show_actions(snapshot)
        self.tighten(self.tight)

    def _show_actions(self, snapshot: FlowSnapshot) -> None:
        """Which ways on there are; the filled one is the one to recommend."""
        accept, again = snapshot.can_accept_gaze, snapshot.can_recalibrate
        validation = snapshot.validation
        good = accept and validation is not None and validation.ok and validation.grade != "D"
        self.accept.setVisible(accept)
        self.again.setVisible(again)
        self.redo.setVisible(self._redo_index() >= 0)
        if good:
            self.primary = self.accept
        elif again:
            self.primary = self.again
        else:
            self.primary = self.attempts.best or (self.accept if accept else self.without)
        if self.attempts.best is not None:
            self.attempts.best.set_kind("primary" if self.primary is self.attempts.best else "secondary")
        for button in (self.accept, self.again, self.redo):
            button.set_kind("primary" if button is self.primary else "secondary")
        # the filled one ends the reading path
        for button in sorted((self.again, self.redo, self.accept), key=lambda b: b is self.primary):
            self.action_row.removeWidget(button)
            self.action_row.addWidget(button)
        self.without.set_kind("primary" if self.primary is self.without else "plain")
        self.accept.setText(self.tr("Accept") if good else self.tr("Accept anyway"))
        # the key cap stands on whatever Enter does
        for button, key in ((self.accept, ""), (self.again, "R"), (self.redo, "P"), (self.without, "")):
            button.set_key(self.tr("Enter") if button is self.primary else key)
        self._name_redo()

    def _show_words(self, snapshot: FlowSnapshot) -> None:
        validation, screen = snapshot.validation, self._known_screen()
        grade = validation.grade if validation is not None else ""
        self.title.setText(gaze_words.headline(validation, screen))
        targets = validation.targets if validation is not None else ()
        self.lead.setText(gaze_words.measured_on(targets, snapshot.calibration))
        self.grade.setText(grade or "–")
        self.grade.setAccessibleName(self.tr("Grade {grade}").format(grade=grade or self.tr("not measured")))
        set_role(self.grade, "grade" if grade in ("A", "B", "C") else "grade_bad")
        outcome = validation or snapshot.calibration
        reason = "" if outcome is None or outcome.ok else gaze_words.reason_sentence(outcome.reason)
        rule = gaze_words.grade_rule(snapshot.study.calibration, screen)
        self.chances.set_validation(validation, snapshot.study.quality)
        self.grade_title.setText(gaze_words.good_for(self.chances.levels) or reason)
        both = self.tr("{reason} {rule}").format(reason=reason, rule=rule)
        self.grade_note.setText(both if reason and grade else rule)

    def _show_figures(self, validation: ValidationOutcome | None) -> None:
        if validation is None or not validation.targets:
            for figure in self.figures.values():
                figure.set_value("–", self.tr("not measured"))
            self.paper.setText("")
            return
        screen = self._known_screen()
        x_px, y_px = gaze_words.axis_errors(validation.targets)
        axes = self.tr("x {x:.0f}, y {y:.0f} px").format(x=x_px, y=y_px)
        degrees = gaze_words.mean_error_deg(validation, screen)
        px = self.tr("{v:.0f} px").format(v=validation.accuracy_px)
        if math.isfinite(degrees):
            both = self.tr("{px} · {axes}").format(px=px, axes=axes)
            self.figures["accuracy"].set_value(self.tr("{v:.2f}°").format(v=degrees), both)
        else:
            self.figures["accuracy"].set_value(px, axes)
        sd_x, sd_y = validation.sd_px
        sd = _figure(self.tr("{v:.0f} px"), math.hypot(sd_x, sd_y))
        self.figures["precision"].set_value(sd, self.tr("x {x:.0f}, y {y:.0f} px").format(x=sd_x, y=sd_y))
        self.figures["loss"].set_value(
            _figure(self.tr("{v:.1f} %"), 100 * validation.loss), self.tr("frames without eyes")
        )
        self.figures["rate"].set_value(
            _figure(self.tr("{v:.1f} Hz"), validation.rate_hz), self.tr("usable frames")
        )
        self.paper.setText(gaze_words.paper_sentence(validation, screen, simulated=self.gaze_simulated))

    def _known_screen(self) -> Screen:
        size = self.screen().size()
        screen = self._screen or Screen(size.width(), size.height())
        return replace(screen, distance_mm=self._distance_mm) if math.isfinite(self._distance_mm) else screen

    # ---- points
    def _show_targets(self, snapshot: FlowSnapshot) -> None:
        targets, screen = shown_targets(snapshot), self._known_screen()
        measured = frozenset(_without_error(snapshot))
        worst = gaze_words.worst_target(targets, measured)
        worst_index = worst.target_index if worst is not None and len(targets) > 1 else -1
        self.map.set_targets(targets, screen, worst_index, measured)
        known = gaze_words.px_per_deg(screen)
        assumed = known if math.isfinite(known) else gaze_words.ASSUMED_PX_PER_DEG
        self.map.set_scale(assumed, gaze_words.scale_words(screen))
        self.table.set_targets(targets, screen, worst_index, measured)
        self._table_card.setVisible(bool(targets))
        self.screen_note.setText(gaze_words.screen_words(screen))
        self._chosen = -1
        if targets:
            self.choose(worst.target_index if worst is not None else targets[0].target_index)

    def choose(self, index: int) -> None:
        """Choose a point; map, table and "redo" follow."""
        self._chosen = index
        target = next((t for t in self.table.targets.targets if t.target_index == index), None)
        words = self.table.targets.row_words(target) if target is not None else ""
        self.map.choose(index, words)
        self.table.choose(index)
        self._name_redo()

    def _redo_index(self) -> int:
        """The calibration target to show again for the chosen point; −1 when none can be."""
        chosen = next((t for t in self.table.targets.targets if t.target_index == self._chosen), None)
        return redo_index(self._snapshot, chosen) if self._snapshot is not None else -1

    def _name_redo(self) -> None:
        self.redo.setText(self.tr("Redo point {n}").format(n=self._chosen + 1))
        form = self.tr("Shows the calibration target nearest to point {n} again, then checks again.")
        self.redo.setToolTip(form.format(n=self._chosen + 1))
        self.redo.setAccessibleDescription(self.redo.toolTip())

    def _fold_paper(self) -> None:
        opened = not self.paper.isVisible()
        self.paper.setVisible(opened)
        self.paper_copy.setVisible(opened)

    # ---- keys
    def tighten(self, tight: bool) -> None:
        self.table.fit_rows()
        # with large text the figures go below the map, and the page scrolls
        if self.width() * 100 // current_theme().text_scale < STACK_BELOW_PX:
            self._middle.setDirection(QBoxLayout.Direction.TopToBottom)
            self.map.setFixedHeight(STACKED_MAP_PX)
        else:
            self._middle.setDirection(QBoxLayout.Direction.LeftToRight)
            self.fit_picture(self.map, 440, 170)

    def keys(self) -> list[tuple[str, str]]:
        return [
            (self.tr("Enter"), self.tr("what is filled")),
            (self.tr("Arrows"), self.tr("choose a point")),
            ("P", self.tr("redo the chosen point")),
            ("R", self.tr("recalibrate")),
            ("Tab", self.tr("next control")),
        ]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # a button would move the focus to the next button with these keys
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in _ARROWS:
            self.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in _ARROWS:
            self.choose(neighbour(self.table.targets.targets, self._chosen, *_ARROWS[Qt.Key(key)]))
        elif key == Qt.Key.Key_R and self.again.isVisible():
            self.again.click()
        elif key == Qt.Key.Key_P and self.redo.isVisible():
            self.redo.click()
        else:
            super().keyPressEvent(event)


def shown_targets(snapshot: FlowSnapshot) -> tuple[TargetOutcome, ...]:
    """The points of the map: those of the validation, or of a calibration that led to none."""
    if snapshot.validation is not None and snapshot.validation.targets:
        return snapshot.validation.targets
    calibration = snapshot.calibration
    if calibration is None:
        return ()
    return tuple(
        TargetOutcome(t.target_index, t.x_px, t.y_px, n_frames=t.n_frames, loss=loss(t))
        for t in calibration.targets
    )


def _without_error(snapshot: FlowSnapshot) -> list[int]:
    """Calibration targets that have frames but no error, because no model came of them."""
    if (snapshot.validation is not None and snapshot.validation.targets) or snapshot.calibration is None:
        return []
    return [t.target_index for t in snapshot.calibration.targets if t.state != "not_measured"]


def redo_index(snapshot: FlowSnapshot, chosen: TargetOutcome | None) -> int:
    """The calibration target that stands nearest to a chosen point, of those that can be redone; −1 for none."""
    calibration = snapshot.calibration
    if chosen is None or calibration is None:
        return -1
    able = [t for t in calibration.targets if t.target_index in snapshot.can_redo]
    near = min(able, key=lambda t: math.hypot(t.x_px - chosen.x_px, t.y_px - chosen.y_px), default=None)
    return near.target_index if near is not None else -1


def _figure(form: str, value: float) -> str:
    return form.format(v=value) if math.isfinite(value) else "–"
