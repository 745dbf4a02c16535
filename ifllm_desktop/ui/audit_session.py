"""One session of an audit: its attempts side by side, gaze over time, checks, and what it supports."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from ifllm_desktop.analysis.audit_figures import TargetErrors, TargetFigure
from ifllm_desktop.analysis.audit_rows import AuditRow
from ifllm_desktop.analysis.audit_study import targets_figure
from ifllm_desktop.analysis.session_quality import Attempt, SessionQuality
from ifllm_desktop.ui.audit_plots import TargetPlot
from ifllm_desktop.ui.audit_traces import TracePlot
from ifllm_desktop.ui.audit_words import (
    action_words,
    attempt_words,
    chance_words,
    check_words,
    decision_words,
    figure,
    level_words,
    problem_sentence,
    reason_words,
    score_words,
)
from ifllm_desktop.ui.home_model import probability
from ifllm_desktop.ui.support_chip import SUPPORT_LOOK
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import Chip, column, empty, frame, label, row, scrolling
from ifllm_desktop.ui.widgets_button import Button

LEVELS = ("side", "block", "line", "word")
ATTEMPT_PX, SIDE_PX = 248, 400


class SessionView(QWidget):
    """Details of one session.

    Attributes
    ----------
    closed : Signal()
    replay_requested : Signal(str)
    """

    closed = Signal()
    replay_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("audit_session")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.session_id = ""
        self._name = label("", "heading", name="audit_session_name")
        self._facts = label("", "muted", wrap=True, name="audit_session_facts")
        self.back = Button(self.tr("All sessions"), icon="first", key="Esc", height_px=28, name="audit_back")
        self.back.clicked.connect(self.closed)
        self.replay = Button(self.tr("Replay"), icon="play", key="Enter", height_px=28, name="audit_replay")
        self.replay.clicked.connect(lambda: self.replay_requested.emit(self.session_id))
        top = row(self.back, self._name, self._facts, self.replay, spacing=12, margins=(12, 8, 12, 0))
        top.setStretch(2, 1)
        self.traces = TracePlot()
        self._attempts = QHBoxLayout()
        self._attempts.setSpacing(12)
        self._support, self._checks = QGridLayout(), QGridLayout()
        self._problems, self._score = QVBoxLayout(), QGridLayout()
        left = column(
            _section(self.tr("Every attempt to calibrate"), self._attempts, "audit_attempts"),
            _section(self.tr("Gaze, head and loss over time"), column(self.traces), "audit_over_time"),
            spacing=12,
        )
        right = column(
            _section(self.tr("What it supports"), self._support, "audit_support"),
            _section(self.tr("Worth a look"), self._problems, "audit_problems"),
            _section(self.tr("Drift checks"), self._checks, "audit_checks"),
            _section(self.tr("Quality score"), self._score, "audit_score"),
            None, spacing=12,
        )  # fmt: skip
        left.setStretch(1, 1)
        self._side = frame("plain", right)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.setSpacing(12)
        self._body.setContentsMargins(12, 12, 12, 12)
        self._body.addLayout(left, 1)
        self._body.addWidget(self._side)
        self.area = scrolling(frame("plain", self._body), "audit_session_area")
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        layout = column(top, self.area, spacing=4)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._fit()

    def show_quality(self, quality: SessionQuality, line: AuditRow, *, loading: bool = False) -> None:
        """Show a session; ``loading``: its trace is still to come."""
        self.session_id = quality.session_id
        self._name.setText(line.name)
        self._facts.setText(self._fact_words(quality, line))
        self.traces.set_quality(quality, loading=loading)
        self._fill(quality)

    def _fill(self, quality: SessionQuality) -> None:
        for layout in (self._attempts, self._support, self._checks, self._problems, self._score):
            empty(layout)
        counts = next((a for a in quality.attempts if a.attempt_id == quality.main_attempt), None)
        for attempt in quality.attempts:
            self._attempts.addWidget(self._attempt_card(attempt, counts, quality))
        if not quality.attempts:
            self._attempts.addWidget(
                label(self.tr("Nobody tried to calibrate in this session."), "muted", wrap=True)
            )
        self._attempts.addStretch(1)
        self._fill_support(quality)
        self._fill_problems(quality)
        self._fill_checks(quality)
        self._fill_score(quality)

    def _fact_words(self, quality: SessionQuality, line: AuditRow) -> str:
        q = quality
        said = [
            self.tr("{n} min").format(n=figure(q.duration_s / 60, "{:.0f}")),
            self.tr("{w} × {h} px").format(w=f"{q.screen.w_px:.0f}", h=f"{q.screen.h_px:.0f}"),
            self.tr("{hz} Hz").format(hz=figure(q.loss.effective_hz, "{:.1f}")),
            self.tr("{n} % lost").format(n=figure(100 * q.loss.loss, "{:.1f}")),
            self.tr("head moved {cm} cm (median), {deg}°").format(
                cm=figure(q.head.shift_cm, "{:.1f}"), deg=figure(q.head.turn_deg, "{:.1f}")
            ),
        ]
        if q.apparatus.devices == "simulated":
            said.insert(0, self.tr("simulated participant"))
        decided = decision_words(line.decision)
        if decided and not line.included:
            said.insert(0, self.tr("excluded: {reason}").format(reason=decided))
        return "  ·  ".join(said)

    # ---- attempts
    def _attempt_card(self, attempt: Attempt, counts: Attempt | None, quality: SessionQuality) -> QFrame:
        theme = current_theme()
        title = self.tr("{n} · {kind}").format(n=attempt.number, kind=attempt_words(attempt))
        head_row = row(label(title, "strong"), None)
        if attempt.accepted:
            head_row.addWidget(Chip(self.tr("used"), "success", "check"))
        head = frame("plain", head_row)
        head.setFixedHeight(theme.px(22))
        plot = TargetPlot(f"audit_attempt_{attempt.number}")
        plot.set_figure(attempt_figure(attempt, (quality.screen.w_px, quality.screen.h_px)))
        plot.setFixedHeight(theme.px(140))
        plot.set_empty("" if plot.figure.targets else self.tr("No point was measured."))
        what = (
            self.tr("validation") if attempt.targets else self.tr("calibration points, each left out in turn")
        )
        figures = QGridLayout()
        figures.setHorizontalSpacing(8)
        figures.setVerticalSpacing(2)
        for number, (name, value, difference) in enumerate(self._figures(attempt, counts)):
            figures.addWidget(label(name, "caption"), number, 0)
            figures.addWidget(label(value, "small"), number, 1, Qt.AlignmentFlag.AlignRight)
            figures.addWidget(label(difference, "caption"), number, 2, Qt.AlignmentFlag.AlignRight)
        figures.setColumnStretch(0, 1)
        body = column(head, plot, label(what, "caption"), figures, spacing=6, margins=(10, 8, 10, 8))
        reason = attempt.reason if not attempt.calibrated else attempt.accuracy.reason
        if reason and (attempt.validated or not attempt.calibrated):
            body.addWidget(label(reason_words(reason), "warning", wrap=True))
        body.addStretch(1)
        made = frame(
            "card_selected" if attempt is counts else "card", body, f"audit_attempt_card_{attempt.number}"
        )
        made.setFixedWidth(theme.px(ATTEMPT_PX))
        return made

    def _figures(self, attempt: Attempt, counts: Attempt | None) -> list[tuple[str, str, str]]:
        """Name, value and difference to the attempt that counts."""
        a = attempt.accuracy
        b = counts.accuracy if counts is not None and counts is not attempt else None
        degrees = figure(a.deg, "{:.2f}", "°")
        return [
            (self.tr("grade"), a.grade if math.isfinite(a.px) else "–", ""),
            (self.tr("error"), figure(a.px, "{:.0f}", " px"), _change(a.px, b.px if b else math.nan)),
            (self.tr("error"), degrees, _change(a.deg, b.deg if b else math.nan, "{:+.2f}")),
            (self.tr("across, down"), f"{figure(a.x_px, '{:.0f}')}, {figure(a.y_px, '{:.0f}')} px", ""),
            (self.tr("left out"), figure(attempt.left_out_px, "{:.0f}", " px"), ""),
            (self.tr("loss"), figure(100 * attempt.loss, "{:.1f}", " %"), ""),
            (self.tr("rate"), figure(attempt.rate_hz, "{:.1f}", " Hz"), ""),
        ]  # fmt: skip

    # ---- right column
    def _fill_support(self, quality: SessionQuality) -> None:
        by_level = {s.level: s for s in quality.support}
        for number, level in enumerate(LEVELS):
            chance = by_level.get(level)
            self._support.addWidget(
                label(level_words(level), "caption_strong"), number, 0, Qt.AlignmentFlag.AlignTop
            )
            state = chance.state if chance is not None else "refused"
            tone, icon = SUPPORT_LOOK[state]
            text = probability(chance.p) if chance is not None and math.isfinite(chance.p) else "–"
            self._support.addWidget(Chip(text, tone, icon), number, 1, Qt.AlignmentFlag.AlignTop)
            self._support.addWidget(label(chance_words(chance), "caption", wrap=True), number, 2)
        self._support.setColumnStretch(2, 1)

    def _fill_problems(self, quality: SessionQuality) -> None:
        for problem in quality.problems:
            self._problems.addWidget(label(problem_sentence(problem), "small", wrap=True))
        if not quality.problems:
            self._problems.addWidget(label(self.tr("Nothing stands out."), "caption"))

    def _fill_checks(self, quality: SessionQuality) -> None:
        checks = quality.drift.checks
        if len(checks) < 2:
            self._checks.addWidget(
                label(
                    self.tr("No drift check was made: how the error changed is not known."),
                    "caption",
                    wrap=True,
                )
            )
            return
        for number, check in enumerate(checks):
            cells = (
                self.tr("{n} min").format(n=f"{check.minutes:.1f}"), check_words(check.kind),
                figure(check.error_px, "{:.0f}", " px"), figure(check.error_deg, "{:.2f}", "°"), action_words(check),
            )  # fmt: skip
            for col, text in enumerate(cells):
                side = Qt.AlignmentFlag.AlignRight if col in (0, 2, 3) else Qt.AlignmentFlag.AlignLeft
                made = label(text, "small" if check.ok or col != 4 else "caption")
                self._checks.addWidget(made, number, col, side)
        self._checks.setColumnStretch(4, 1)

    def _fill_score(self, quality: SessionQuality) -> None:
        total = self.tr("{n} of 100").format(n=figure(quality.score.total, "{:.0f}"))
        self._score.addWidget(label(total, "strong"), 0, 0, 1, 3)
        for number, part in enumerate(quality.score.parts, start=1):
            for col, text in enumerate(score_words(part)):
                side = Qt.AlignmentFlag.AlignLeft if col == 0 else Qt.AlignmentFlag.AlignRight
                made = label(text, "caption" if col == 0 else "small")
                self._score.addWidget(made, number, col, side)
        self._score.setColumnStretch(0, 1)

    # ---- keys and room
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.replay.click()
            return
        bar = self.area.verticalScrollBar()
        steps = {
            Qt.Key.Key_Down: bar.singleStep() * 2, Qt.Key.Key_Up: -2 * bar.singleStep(),
            Qt.Key.Key_PageDown: bar.pageStep(), Qt.Key.Key_PageUp: -bar.pageStep(),
        }  # fmt: skip
        if event.key() in steps:
            bar.setValue(bar.value() + steps[Qt.Key(event.key())])
            return
        event.ignore()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self._fit()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        side_px = current_theme().px(SIDE_PX)
        stacked = self.width() < 2.4 * side_px
        way = QBoxLayout.Direction.TopToBottom if stacked else QBoxLayout.Direction.LeftToRight
        self._body.setDirection(way)
        self._side.setMinimumWidth(0 if stacked else side_px)
        self._side.setMaximumWidth(16_777_215 if stacked else side_px)
        self.traces.setMinimumHeight(current_theme().px(320))


def attempt_figure(attempt: Attempt, screen_px: tuple[float, float]) -> TargetFigure:
    """Validation targets of an attempt; its calibration points, left out in turn, where there was no validation."""
    if attempt.targets:
        return targets_figure(attempt.targets, screen_px)
    points = tuple(TargetErrors(p.x_px, p.y_px, p.left_out_x_px, p.left_out_y_px) for p in attempt.points)
    return TargetFigure(screen_px, points, 1)


def _section(title: str, inside: QLayout, name: str) -> QFrame:
    head = frame("card_head", row(label(title, "strong"), None, margins=(12, 7, 12, 7)))
    inside.setContentsMargins(12, 8, 12, 10)
    if isinstance(inside, QGridLayout):
        inside.setHorizontalSpacing(10)
        inside.setVerticalSpacing(4)
    layout = column(head, spacing=0, margins=(1, 1, 1, 1))
    layout.addLayout(inside, 1)
    return frame("card", layout, name)


def _change(value: float, other: float, form: str = "{:+.0f}") -> str:
    """Difference to the attempt that counts; empty where one of them is not known."""
    if not math.isfinite(value - other):
        return ""
    return form.format(value - other).replace("-", "−")
