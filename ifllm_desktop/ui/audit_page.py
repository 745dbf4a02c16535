"""Audit: where, where on the screen and when gaze is off, what each session supports, and which of them count."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QApplication, QGridLayout, QLineEdit, QStackedWidget, QWidget

from ifllm_desktop.analysis.audit_rows import Decision, audit_row, audit_rows, unreadable_row
from ifllm_desktop.analysis.audit_study import (
    StudyFigures,
    session_gaps,
    session_heat,
    session_line,
    session_targets,
    study_figures,
)
from ifllm_desktop.analysis.exclusions import MAIN_SET, decisions
from ifllm_desktop.analysis.quality_limits import QualityLimits
from ifllm_desktop.analysis.session_quality import SessionQuality
from ifllm_desktop.domain.exclusions import ExclusionRule, ExclusionSet
from ifllm_desktop.ui.audit_captions import captions
from ifllm_desktop.ui.audit_cards import AuditHeader, BusyBar, PaperCard, SessionsCard, card, set_caption
from ifllm_desktop.ui.audit_curves import GapPlot, TimePlot
from ifllm_desktop.ui.audit_limits import LimitsPanel
from ifllm_desktop.ui.audit_plots import HeatPlot, TargetPlot
from ifllm_desktop.ui.audit_session import SessionView
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import column, frame, label, row, scrolling

NARROW_PX = 1040
"""Below this width (at 100 % text) two plots stand beside each other instead of three."""
PLOT_PX = 200


class AuditPage(QWidget):
    """Shows the qualities it is handed; emits what somebody wants to do.

    Attributes
    ----------
    replay_requested, detail_requested : Signal(str)
        Session id; a detail needs the session with its trace.
    decided : Signal(str, bool, str)
        Session id, whether it counts from now on, the reason.
    report_requested, cancel_requested, undo_requested : Signal()
    rule_applied : Signal(str, object)
        Name of an exclusion set, perhaps a new one, and the rule that it is to have.
    set_chosen : Signal(str)
        Name of the exclusion set that is shown from now on.
    """

    replay_requested = Signal(str)
    detail_requested = Signal(str)
    decided = Signal(str, bool, str)
    report_requested = Signal()
    cancel_requested = Signal()
    undo_requested = Signal()
    rule_applied = Signal(str, object)
    set_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("audit")
        self.setProperty("surface", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.figures = StudyFigures()
        self._qualities: dict[str, SessionQuality] = {}
        self._decisions: Mapping[str, Decision] = {}
        self._sets: Mapping[str, ExclusionSet] = {MAIN_SET: ExclusionSet(MAIN_SET)}
        self._set_name = MAIN_SET
        self._quality_limits = QualityLimits()
        self._unreadable: Mapping[str, tuple[str, str]] = {}
        self._n_expected = 0
        self.targets, self.heat, self.time, self.gaps = TargetPlot(), HeatPlot(), TimePlot(), GapPlot()
        self.header, self.sessions, self.paper = AuditHeader(), SessionsCard(), PaperCard()
        self.table = self.sessions.table
        self.session, self.limits, self.busy = SessionView(), LimitsPanel(), BusyBar()
        self._grid = QGridLayout()
        self._narrow: bool | None = None
        self._writing = False
        self._left = label("", "caption", name="audit_counts")
        self._right = label("", "caption", name="audit_method")
        self._build()
        self._connect()
        self._make_actions()
        self.show_empty()

    # ---- parts
    def _build(self) -> None:
        self._cards = {
            "targets": card(self.tr("Error at each target"), self.targets, "audit_card_targets"),
            "heat": card(self.tr("Error over the screen"), self.heat, "audit_card_heat"),
            "time": card(self.tr("Error during a session"), self.time, "audit_card_time"),
            "gaps": card(self.tr("Gaps in gaze"), self.gaps, "audit_card_gaps"),
        }
        self._grid.setSpacing(12)
        self._grid.setContentsMargins(12, 12, 12, 12)
        self._area = scrolling(frame("plain", self._grid), "audit_area")
        self._empty = label("", "muted", wrap=True, name="audit_empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.stack = QStackedWidget()
        self.stack.addWidget(self._area)
        self.stack.addWidget(frame("plain", column(None, self._empty, None, margins=(80, 24, 80, 24))))
        self.stack.addWidget(self.session)
        outer = column(self.header, self.limits, self.busy, spacing=0)
        self.limits.hide()
        outer.addWidget(self.stack, 1)
        outer.addWidget(frame("bar", row(self._left, None, self._right, margins=(16, 6, 16, 6))))
        self.setLayout(outer)

    def _connect(self) -> None:
        self.table.chosen_changed.connect(self._choose)
        self.table.opened.connect(self.replay_requested)
        self.table.rows.decided.connect(self.decided)
        self.table.rows.refused.connect(
            lambda _id: self.say(self.tr("A reason is needed: nothing was changed."))
        )
        self.sessions.details.clicked.connect(self._ask_details)
        self.header.report.clicked.connect(self.report_requested)
        self.header.limits.clicked.connect(self._turn_limits)
        self.header.set_chosen.connect(self._show_set)
        self.limits.applied.connect(self.rule_applied)
        self.limits.closed.connect(self.close_limits)
        self.paper.copied.connect(lambda: self.say(self.tr("The sentences for the paper were copied.")))
        self.busy.cancelled.connect(self.cancel_requested)
        self.session.closed.connect(self.close_details)
        self.session.replay_requested.connect(self.replay_requested)

    def _make_actions(self) -> None:
        for keys, does in {
            "Ctrl+P": self.header.report.click, "Ctrl+Shift+C": self.paper.copy.click,
            "Ctrl+F": self.sessions.start_search, "Ctrl+L": self.header.limits.click, "D": self._letter_d,
            "Ctrl+Z": self.undo_requested.emit, "Esc": self._escape,
        }.items():  # fmt: skip
            action = QAction(self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _checked=False, call=does: call())
            self.addAction(action)

    def _letter_d(self) -> None:
        focus = self.focusWidget()
        if isinstance(focus, QLineEdit):
            focus.insert("d")
        elif self.stack.currentWidget() is self._area:
            self.sessions.details.click()

    def _escape(self) -> None:
        if self.limits.isVisible():
            self.close_limits()
        elif self.stack.currentWidget() is self.session:
            self.close_details()
        elif self.busy.isVisible():
            self.busy.cancel.click()
        elif self.sessions.search.text():
            self.sessions.search.clear()
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- what is shown
    @property
    def set_name(self) -> str:
        """Name of the exclusion set that is shown."""
        return self._set_name

    def set_study(
        self, name: str, sets: Mapping[str, ExclusionSet], limits: QualityLimits, current: str = ""
    ) -> None:
        """Name of the study, its exclusion sets, what it demands, and the set to show (the one shown when empty)."""
        wanted = current or self._set_name
        self._sets, self._quality_limits = sets, limits
        self._set_name = wanted if wanted in sets else next(iter(sets))
        self.header.set_study(name, tuple(sets), self._set_name)
        self.set_sessions(tuple(self._qualities.values()), self._n_expected)

    def _show_set(self, name: str) -> None:
        self._set_name = name
        self.set_sessions(tuple(self._qualities.values()), self._n_expected)
        self.set_chosen.emit(name)

    def set_sessions(
        self,
        qualities: Sequence[SessionQuality],
        n_expected: int = 0,
        unreadable: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """Show sessions; called again while more of them come in.

        Parameters
        ----------
        n_expected : int
            Sessions of the study, as long as not all are there; 0 when these are all.
        unreadable : mapping of str to (participant, reason), optional
            Sessions that cannot be judged, by session id; None leaves those that are shown.
        """
        self._qualities = {q.session_id: q for q in qualities}
        self._n_expected = n_expected
        self._unreadable = self._unreadable if unreadable is None else unreadable
        if not qualities and not self._unreadable:
            self.show_empty(self.tr("Reading the study …") if n_expected else "")
            return
        chosen_set = self._sets[self._set_name]
        rule = chosen_set.rule or ExclusionRule()
        max_deg, max_loss = (math.nan if v is None else v for v in (rule.max_error_deg, rule.max_loss))
        self.table.rows.max_deg, self.table.rows.max_loss = max_deg, max_loss
        self._decisions = decisions(chosen_set, qualities, self._quality_limits)
        if self.stack.currentIndex() == 1:
            self.stack.setCurrentWidget(self._area)
        included = {session_id for session_id, decision in self._decisions.items() if decision.included}
        self.figures = study_figures(qualities, included, max_deg)
        self.targets.set_figure(self.figures.targets)
        self.heat.set_figure(self.figures.heat)
        self.time.set_figure(self.figures.time)
        self.gaps.set_figure(self.figures.gaps)
        lost = [unreadable_row(session_id, *known) for session_id, known in sorted(self._unreadable.items())]
        self.sessions.set_counts(len(qualities) + len(lost), len(included))
        rows = (*audit_rows(qualities, self._decisions), *lost)
        self.table.set_rows(rows, mixed_screens=self.figures.mixed_screens)
        if self.limits.isVisible():
            self.limits.show_set(chosen_set, qualities, self._quality_limits)
        self._describe(len(qualities))
        chosen = self.table.chosen()
        self._choose(chosen.session_id if chosen is not None else "")

    def show_empty(self, reason: str = "") -> None:
        """Say that there is nothing to audit, and what to do."""
        words = self.tr("No session yet. Record one; its calibration, loss and what it supports appear here.")
        self._empty.setText(reason or words)
        self.stack.setCurrentIndex(1)
        self._left.setText("")
        self._right.setText("")
        self.paper.set_text("")
        self.header.report.setEnabled(False)
        self._choose("")

    def set_paper(self, text: str) -> None:
        """The sentences for the paper, made from the chosen set."""
        self.paper.set_text(text)

    def _describe(self, n_sessions: int) -> None:
        f = self.figures
        n_people = len({q.participant_id for q in self._qualities.values()})
        hours = sum(q.duration_s for q in self._qualities.values() if math.isfinite(q.duration_s)) / 3600
        form = (
            self.tr("{n} session, {people} person, {hours} h")
            if n_sessions == 1
            else self.tr("{n} sessions, {people} people, {hours} h")
        )
        said = [form.format(n=n_sessions, people=n_people, hours=f"{hours:.1f}")]
        said.append(self.tr("Each figure is per session first, then over people"))
        self._left.setText("    ".join(said))
        one, too_few = self.tr("One session: no intervals"), self.tr("Too few people for intervals")
        few = one if n_sessions == 1 else too_few
        self._right.setText(self.tr("Intervals: bootstrap over people, 95 %") if f.n_people >= 3 else few)
        for name, words in captions(f).items():
            set_caption(self._cards[name], words)
        self.set_writing(writing=self._writing)

    # ---- limits of the set
    def _turn_limits(self) -> None:
        if self.limits.isVisible():
            self.close_limits()
            return
        qualities = tuple(self._qualities.values())
        self.limits.show_set(self._sets[self._set_name], qualities, self._quality_limits)
        self.limits.show()
        first = self.limits.fields["max_error_deg"]
        first.setFocus(Qt.FocusReason.ShortcutFocusReason)
        first.selectAll()

    def close_limits(self) -> None:
        """Put the limits away; nothing is changed."""
        self.limits.hide()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def take_focus(self) -> None:
        """Give the keys to the list, unless something on the page has them already."""
        focus = QApplication.focusWidget()
        if self.isVisible() and (focus is None or not self.isAncestorOf(focus)):
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_all(self) -> None:
        """Put limits and details away, without taking the focus."""
        self.limits.hide()
        if self.stack.currentWidget() is self.session:
            self.stack.setCurrentIndex(0)

    # ---- one session
    def _choose(self, session_id: str) -> None:
        quality = self._qualities.get(session_id)
        self.sessions.details.setEnabled(quality is not None)
        if quality is None:
            self.header.set_selected("")
            self.targets.choose(None)
            self.heat.choose(None)
            self.time.choose(None)
            self.gaps.choose(None)
            return
        name = audit_row(quality).name
        self.header.set_selected(name)
        self.targets.choose(session_targets(quality))
        # of a single session its own figures stand there already
        self.heat.choose(session_heat(quality) if self.figures.heat.n.max(initial=0) > 1 else None)
        self.time.choose(session_line(quality, self.figures.time.unit), name)
        gaps = session_gaps(quality, len(self.figures.gaps.share))
        self.gaps.choose(gaps if len(gaps) else None)

    def _ask_details(self) -> None:
        chosen = self.table.chosen()
        if chosen is not None:
            self.session.show_quality(self._qualities[chosen.session_id], chosen, loading=True)
            self.stack.setCurrentWidget(self.session)
            self.session.setFocus(Qt.FocusReason.OtherFocusReason)
            self.detail_requested.emit(chosen.session_id)

    def show_details(self, quality: SessionQuality) -> None:
        """The session that was asked for, with its trace; ignored when another one is open by now."""
        if self.stack.currentWidget() is self.session and self.session.session_id == quality.session_id:
            decision = self._decisions.get(quality.session_id, Decision())
            self.session.show_quality(quality, audit_row(quality, decision))

    def close_details(self) -> None:
        """Back to the study."""
        self.stack.setCurrentIndex(0 if self._qualities else 1)
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- work in the background
    def set_busy(self, text: str, fraction: float = 0.0) -> None:
        """Words and a share of running work; an empty text hides the panel."""
        self.busy.set_busy(text, fraction)

    def set_error(self, sentence: str) -> None:
        """Say what went wrong in the same panel; what is shown stays."""
        self.busy.set_error(sentence)

    def set_writing(self, *, writing: bool) -> None:
        """While a report is written no other one can be asked for."""
        self._writing = writing
        self.header.report.setEnabled(not writing and bool(self._qualities) and self._n_expected == 0)

    def say(self, text: str) -> None:
        """One line at the bottom."""
        self._right.setText(text)

    # ---- room
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self._narrow = None
            self._arrange()
        super().changeEvent(event)

    def _arrange(self) -> None:
        """Three plots in a row where there is room, else two; the list takes what is left."""
        narrow = self.width() < current_theme().px(NARROW_PX)
        if narrow == self._narrow:
            return
        self._narrow = narrow
        self.header.set_narrow(narrow)
        grid, cards = self._grid, self._cards
        for widget in (*cards.values(), self.sessions, self.paper):
            grid.removeWidget(widget)
        for number in range(4):
            grid.setRowStretch(number, 0)
        height = current_theme().px(PLOT_PX)
        for one in cards.values():
            one.setMinimumHeight(height)
        if narrow:
            places = {"targets": (0, 0), "heat": (0, 1), "time": (1, 0), "gaps": (1, 1)}
            for name, (line, col) in places.items():
                grid.addWidget(cards[name], line, col)
            grid.addWidget(self.sessions, 2, 0, 1, 2)
            grid.addWidget(self.paper, 3, 0, 1, 2)
        else:
            for col, name in enumerate(("targets", "heat", "time")):
                grid.addWidget(cards[name], 0, col)
            grid.addWidget(self.sessions, 1, 0, 2, 2)
            grid.addWidget(cards["gaps"], 1, 2)
            grid.addWidget(self.paper, 2, 2)
        for col, share in enumerate((1, 1) if narrow else (11, 10, 11)):
            grid.setColumnStretch(col, share)
        if narrow:
            grid.setColumnStretch(2, 0)
        grid.setRowStretch(2 if narrow else 1, 1)
        self.sessions.setMinimumHeight(current_theme().px(240))
