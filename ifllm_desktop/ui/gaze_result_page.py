"""Calibration result: a sentence, the map, the figures, and what to do next."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.protocol import CalibrationPlan
from ifllm_desktop.session.snapshot import FlowSnapshot, TargetOutcome, ValidationOutcome
from ifllm_desktop.ui.gaze_map import GazeMap
from ifllm_desktop.ui.participant_page import ParticipantPage
from ifllm_desktop.ui.widgets import IconMark, column, frame, label, line, row, set_role
from ifllm_desktop.ui.widgets_button import Button


class Figure(QVBoxLayout):
    """A key figure: name, value with its unit, a caption."""

    def __init__(self, title: str, name: str) -> None:
        super().__init__()
        self.setSpacing(2)
        self.setContentsMargins(14, 10, 14, 10)
        self._value = label("–", "title", name=name)
        self._note = label("", "caption")
        self.addWidget(label(title, "caption"))
        self.addWidget(self._value)
        self.addWidget(self._note)

    def set_value(self, value: str, note: str) -> None:
        """Show a value."""
        self._value.setText(value)
        self._note.setText(note)


def worst_target(targets: tuple[TargetOutcome, ...]) -> TargetOutcome | None:
    """The target with the greatest error, None without any measured one."""
    measured = [t for t in targets if math.isfinite(t.error_px)]
    return max(measured, key=lambda t: t.error_px) if measured else None


class GazeResultPage(ParticipantPage):
    """How good the gaze is on targets that the calibration did not see."""

    def __init__(self) -> None:
        super().__init__(1376, "page_gaze_result")
        self._screen: Screen | None = None
        self._drawn: object = None
        self.title = label("", "display", wrap=True, name="gaze_result_sentence")
        self.lead = label("", "lead", wrap=True)
        self.map = GazeMap()
        self.figures = {
            "accuracy": Figure(self.tr("Accuracy"), "gaze_accuracy"),
            "precision": Figure(self.tr("Precision, STD"), "gaze_precision"),
            "loss": Figure(self.tr("Data loss"), "gaze_loss"),
            "rate": Figure(self.tr("Effective rate"), "gaze_rate"),
        }
        self._table = QWidget()
        table_box = QVBoxLayout()
        table_box.setContentsMargins(0, 0, 0, 0)
        table_box.addWidget(self._table)
        self._table_box = table_box
        middle = QHBoxLayout()
        middle.setSpacing(24)
        middle.addLayout(column(self._map_card(), self._figure_card(), spacing=12), 9)
        middle.addLayout(column(self._grade_card(), frame("card", table_box), None, spacing=12), 6)
        self.body.addWidget(self.title)
        self.body.addWidget(self.lead)
        self.body.addSpacing(8)
        self.body.addLayout(middle)
        self._make_actions()

    # ---- parts
    def _map_card(self) -> QFrame:
        legend = label(self.tr("+ target   → error, true length   ○ 68 % of the estimates"), "caption")
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
        self.grade_title = label("", "heading", wrap=True)
        self.grade_note = label("", "caption", wrap=True)
        inner = QHBoxLayout()
        inner.setSpacing(12)
        inner.setContentsMargins(16, 14, 16, 14)
        inner.addWidget(self.grade, 0, Qt.AlignmentFlag.AlignTop)
        inner.addLayout(column(self.grade_title, self.grade_note, spacing=2), 1)
        return frame("card", inner)

    def _make_actions(self) -> None:
        self.without = Button(self.tr("Go on without gaze"), "plain", height_px=44, name="gaze_without")
        self.again = Button(self.tr("Recalibrate"), key="R", height_px=44, name="gaze_recalibrate")
        self.accept = Button(
            self.tr("Accept"), "primary", key=self.tr("Enter"), height_px=44, name="gaze_accept"
        )
        self.without.clicked.connect(lambda: self.command.emit("without_gaze", ("calibration_failed",)))
        self.again.clicked.connect(lambda: self.command.emit("recalibrate", ()))
        self.accept.clicked.connect(lambda: self.command.emit("accept_gaze", ()))
        self.action_row.addWidget(self.without)
        self.action_row.addStretch(1)
        self.action_row.addWidget(self.again)
        self.action_row.addWidget(self.accept)

    # ---- values
    def set_screen(self, screen: Screen) -> None:
        """The participant's screen: the map's frame, and degrees where its size is known."""
        self._screen = screen
        self._drawn = None

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        validation = snapshot.validation
        accept, again = snapshot.can_accept_gaze, snapshot.can_recalibrate
        self.accept.setVisible(accept)
        self.again.setVisible(again)
        self.again.set_kind("secondary" if accept else "primary")
        self.without.set_kind("plain" if accept or again else "primary")
        self.primary = self.accept if accept else self.again if again else self.without
        if self._drawn is validation and validation is not None:
            return
        self._drawn = validation
        self._show_words(snapshot, accept)
        self._show_figures(validation)
        self._show_targets(validation)
        self.tighten(self.tight)

    def _show_words(self, snapshot: FlowSnapshot, accept: bool) -> None:
        validation = snapshot.validation
        grade = validation.grade if validation is not None else ""
        sentences = {
            "A": self.tr("That went very well."), "B": self.tr("That went well."),
            "C": self.tr("That is good enough."), "D": self.tr("That did not go well enough."),
        }  # fmt: skip
        self.title.setText(sentences.get(grade, self.tr("That could not be measured.")))
        self.lead.setText(self.tr(
            "Measured on new points that were not used to calibrate. Arrows lead from where the point was to "
            "where the camera saw you look."
        ))  # fmt: skip
        self.grade.setText(grade or "–")
        set_role(self.grade, "grade" if grade in ("A", "B", "C") else "grade_bad")
        good_for = {
            "A": self.tr("Good for sides, blocks and some lines"), "B": self.tr("Good for sides and blocks"),
            "C": self.tr("Good for sides and large blocks"), "D": self.tr("Tells at most which side was read"),
        }  # fmt: skip
        self.grade_title.setText(good_for.get(grade, self._reason(snapshot)))
        note = _grade_rule(self, snapshot.study.calibration)
        if not accept and validation is not None and validation.reason:
            note = self._reason(snapshot)
        self.grade_note.setText(note)

    def _reason(self, snapshot: FlowSnapshot) -> str:
        outcome = snapshot.validation or snapshot.calibration
        reason = outcome.reason if outcome is not None else ""
        words = {
            "too_few_targets": self.tr("Too few points could be measured. More light on your face helps."),
            "no_face": self.tr("The camera did not see your face. Sit in front of it and try again."),
            "stopped": self.tr("It was stopped before the end."),
            "error": self.tr("The error is greater than this study allows. A second try often helps."),
            "loss": self.tr("Your eyes were lost too often. More light, or less reflection, helps."),
        }
        return words.get(reason, self.tr("It did not reach the study's limits. A second try often helps."))

    def _show_figures(self, validation: ValidationOutcome | None) -> None:
        if validation is None:
            for figure in self.figures.values():
                figure.set_value("–", self.tr("not measured"))
            return
        px, (sd_x, sd_y) = validation.accuracy_px, validation.sd_px
        sd = math.hypot(sd_x, sd_y)
        both = self.tr("x {x:.0f}, y {y:.0f} px").format(x=sd_x, y=sd_y) if math.isfinite(sd) else ""
        self.figures["accuracy"].set_value(self._length(px), self._degrees(px))
        self.figures["precision"].set_value(self._length(sd), both)
        loss = "–" if math.isnan(validation.loss) else self.tr("{v:.1f} %").format(v=100 * validation.loss)
        rate = "–" if math.isnan(validation.rate_hz) else self.tr("{v:.1f} Hz").format(v=validation.rate_hz)
        self.figures["loss"].set_value(loss, self.tr("frames without eyes"))
        self.figures["rate"].set_value(rate, self.tr("usable frames"))

    def _length(self, px: float) -> str:
        return self.tr("{v:.0f} px").format(v=px) if math.isfinite(px) else "–"

    def _degrees(self, px: float) -> str:
        screen = self._screen
        if screen is None or not math.isfinite(px) or not math.isfinite(screen.w_mm + screen.distance_mm):
            return self.tr("screen size not known")
        degrees, _ = screen.deg_of(screen.w_px / 2 + px, screen.h_px / 2)
        return self.tr("{deg:.2f}° at the centre").format(deg=degrees)

    def _show_targets(self, validation: ValidationOutcome | None) -> None:
        targets = validation.targets if validation is not None else ()
        worst = worst_target(targets)
        worst_index = worst.target_index if worst is not None and len(targets) > 1 else -1
        size = self.screen().size()
        screen = self._screen or Screen(size.width(), size.height())
        self.map.set_targets(targets, screen, worst_index)
        self.screen_note.setText(self.tr("{w:.0f} × {h:.0f} px").format(w=screen.w_px, h=screen.h_px))
        new = QWidget()
        new.setLayout(self._grid(targets, worst_index))
        self._table_box.replaceWidget(self._table, new)
        self._table.hide()
        self._table.deleteLater()
        self._table = new

    def _grid(self, targets: tuple[TargetOutcome, ...], worst: int) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(16, 8, 16, 10)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        heads = (
            self.tr("Point"),
            self.tr("px"),
            self.tr("x"),
            self.tr("y"),
            self.tr("STD"),
            self.tr("frames"),
            "",
        )
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for position, head in enumerate(heads):
            grid.addWidget(
                label(head, "caption"), 0, position, right if position else Qt.AlignmentFlag.AlignLeft
            )
            grid.setColumnStretch(position, 1 if position < 6 else 0)
        for number, target in enumerate(targets, start=1):
            measured = math.isfinite(target.error_px)
            cells = [str(target.target_index + 1)]
            if measured:
                cells += [
                    f"{target.error_px:.0f}", _signed(target.mean_x_px - target.x_px),
                    _signed(target.mean_y_px - target.y_px), f"{math.hypot(target.sd_x_px, target.sd_y_px):.0f}",
                ]  # fmt: skip
            else:
                cells += ["–", "–", "–", "–"]
            cells.append(str(target.n_frames))
            for position, cell in enumerate(cells):
                role = "caption_strong" if position == 1 else "caption"
                flags = right if position else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
                grid.addWidget(label(cell, role), number, position, flags)
            good = measured and target.target_index != worst
            mark = IconMark("check" if good else "alert", "success" if good else "warning", 14)
            mark.setToolTip(
                "" if good else self.tr("greatest error") if measured else self.tr("not measured")
            )
            grid.addWidget(mark, number, 6, right)
        return grid

    def tighten(self, tight: bool) -> None:
        self.fit_picture(self.map, 440, 170)

    def keys(self) -> list[tuple[str, str]]:
        return [(self.tr("Enter"), self.tr("accept, or what is filled")), ("R", self.tr("recalibrate"))]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_R and self.again.isVisible():
            self.again.click()
            return
        super().keyPressEvent(event)


def _grade_rule(widget: QWidget, plan: CalibrationPlan) -> str:
    a, b, c = plan.grades_deg
    return widget.tr("Grades: A below {a:g}°, B below {b:g}°, C below {c:g}°, D above.").format(a=a, b=b, c=c)


def _signed(value: float) -> str:
    rounded = round(value)
    return f"{rounded:+d}".replace("-", "−") if rounded else "0"
