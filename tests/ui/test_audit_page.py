"""The audit page: what it shows of a study and of a session, in every state, by the keyboard alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from ifllm_desktop.analysis.exclusions import rule_of_study
from ifllm_desktop.analysis.quality_limits import QualityLimits
from ifllm_desktop.domain.exclusions import ExclusionChoice, ExclusionRule, ExclusionSet
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.ui.audit_page import AuditPage
from ifllm_desktop.ui.audit_table_model import COLUMNS
from ifllm_desktop.ui.theme import Theme, apply_theme, current_theme
from ifllm_desktop.ui.widgets import ElidedLabel
from tests import audit_sessions as made

LIMITS = QualityLimits()
MAIN = ExclusionSet("main", rule_of_study(LIMITS))
PICKED = ExclusionSet("picked", None, {made.session_id(2): ExclusionChoice(False, "fell asleep")})
SMALL = Screen(1366.0, 768.0, 1.0, 310.0, 174.0, 550.0, "edid", "estimated")


@pytest.fixture
def page(qapp: QApplication, qtbot: QtBot) -> AuditPage:
    """A page of twelve sessions (7 errs too much, 5 lost too much), shown."""
    apply_theme(qapp, Theme())
    shown = AuditPage()
    qtbot.addWidget(shown)
    shown.resize(1290, 720)
    shown.set_study("Everyday explanations", {"main": MAIN, "picked": PICKED}, LIMITS)
    shown.set_sessions([*made.study(12), made.without_gaze(13)])
    with qtbot.waitExposed(shown):
        shown.show()
    shown.activateWindow()
    shown.table.setFocus()
    return shown


def text(page: QWidget, name: str) -> str:
    found: QLabel | None = page.findChild(QLabel, name)
    assert found is not None, name
    return found.text()


def caption(page: AuditPage, name: str) -> str:
    found = page.findChild(ElidedLabel, f"audit_card_{name}_caption")
    assert found is not None
    return found.text()


def cells(page: AuditPage, number: int) -> dict[str, str]:
    model = page.table.rows
    row = next(r for r in range(model.rowCount()) if model.rows[r].session_id == made.session_id(number))
    return {name: model.data(model.index(row, k)) for k, name in enumerate(COLUMNS)}


def names(page: AuditPage) -> list[str]:
    view = page.table.filter
    return [view.index(r, COLUMNS.index("session")).data() for r in range(view.rowCount())]


def key(qtbot: QtBot, widget: QWidget, code: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
    qtbot.keyClick(widget, code, modifier or Qt.KeyboardModifier.NoModifier)


CTRL = Qt.KeyboardModifier.ControlModifier


# ---- the list --------------------------------------------------------------------------------


def test_that_each_session_stands_with_its_figures_and_why_it_is_out(page: AuditPage) -> None:
    assert cells(page, 1) | {"included": ""} == {
        "included": "", "session": "P001 · 1", "grade": "B", "px": "65", "deg": "1.35", "std": "0.75", "loss": "3.0",
        "rate": "29.1", "head": "1.8", "word": ".15", "line": ".40", "block": ".88", "note": "",
    }  # fmt: skip
    assert cells(page, 5)["note"] == "loss" and cells(page, 7)["note"] == "error"
    assert cells(page, 3)["note"] == "refit at 24 min"
    gone = cells(page, 13)
    assert gone["word"] == "pointer only" and gone["px"] == "–" and gone["note"] == "no consent to gaze"
    assert page.sessions.filters["all"].text() == "All 13"
    assert page.sessions.filters["included"].text() == "Included 10"
    assert page.sessions.filters["excluded"].text() == "Excluded 3"


def test_that_the_list_can_be_narrowed_to_what_is_out_and_searched(page: AuditPage, qtbot: QtBot) -> None:
    qtbot.mouseClick(page.sessions.filters["excluded"], Qt.MouseButton.LeftButton)
    assert names(page) == ["P005 · 1", "P007 · 1", "P013 · 1"]
    key(qtbot, page, Qt.Key.Key_F, CTRL)
    assert page.sessions.search.hasFocus()
    qtbot.keyClicks(page.sessions.search, "loss")
    assert names(page) == ["P005 · 1"]
    qtbot.keyClicks(page.sessions.search, "zzz")
    assert "No session is like that" in text(page, "audit_none_shown")
    key(qtbot, page.sessions.search, Qt.Key.Key_Escape)
    assert len(names(page)) == 3 and page.table.hasFocus()


def test_that_heads_sort_by_number_with_the_unknown_at_one_end(page: AuditPage) -> None:
    page.table.sortByColumn(COLUMNS.index("px"), Qt.SortOrder.DescendingOrder)
    assert names(page)[0] == "P007 · 1" and names(page)[-1] == "P013 · 1"
    page.table.sortByColumn(COLUMNS.index("loss"), Qt.SortOrder.AscendingOrder)
    assert names(page)[0] == "P013 · 1" and names(page)[-1] == "P005 · 1"


def test_that_what_breaks_a_limit_is_red_and_bold(page: AuditPage) -> None:
    model = page.table.rows

    def look(number: int, name: str) -> tuple[QColor, bool]:
        index = model.index(number - 1, COLUMNS.index(name))
        return model.data(index, Qt.ItemDataRole.ForegroundRole), model.data(
            index, Qt.ItemDataRole.FontRole
        ).bold() or model.data(index, Qt.ItemDataRole.FontRole).weight() >= 600

    danger, plain = current_theme().color("danger"), current_theme().color("text")
    assert look(5, "loss") == (danger, True) and look(1, "loss") == (plain, False)
    assert look(7, "deg") == (danger, True) and look(1, "deg") == (plain, False)


def test_that_space_asks_for_a_reason_and_excludes_only_with_one(page: AuditPage, qtbot: QtBot) -> None:
    page.table.choose(made.session_id(1))
    key(qtbot, page.table, Qt.Key.Key_Space)
    editor = page.table.findChild(QLineEdit, "audit_reason")
    assert editor is not None and "leave it out" in editor.placeholderText()
    with qtbot.assertNotEmitted(page.decided, wait=50):
        key(qtbot, editor, Qt.Key.Key_Return)
    assert "A reason is needed" in text(page, "audit_method")
    key(qtbot, page.table, Qt.Key.Key_Space)
    editor = page.table.findChildren(QLineEdit, "audit_reason")[-1]
    qtbot.keyClicks(editor, "  spoke to somebody ")
    with qtbot.waitSignal(page.decided) as caught, qtbot.assertNotEmitted(page.replay_requested, wait=50):
        key(qtbot, editor, Qt.Key.Key_Return)
    assert caught.args == [made.session_id(1), False, "spoke to somebody"]


def test_that_space_on_an_excluded_session_takes_it_back_in(page: AuditPage, qtbot: QtBot) -> None:
    page.table.choose(made.session_id(5))
    key(qtbot, page.table, Qt.Key.Key_Space)
    editor = page.table.findChild(QLineEdit, "audit_reason")
    assert editor is not None and "take it back" in editor.placeholderText()
    qtbot.keyClicks(editor, "lost while away")
    with qtbot.waitSignal(page.decided) as caught:
        key(qtbot, editor, Qt.Key.Key_Return)
    assert caught.args == [made.session_id(5), True, "lost while away"]


def test_that_escape_leaves_a_reason_unsaid(page: AuditPage, qtbot: QtBot) -> None:
    key(qtbot, page.table, Qt.Key.Key_Space)
    editor = page.table.findChild(QLineEdit, "audit_reason")
    assert editor is not None
    qtbot.keyClicks(editor, "no")
    with qtbot.assertNotEmitted(page.decided, wait=50):
        key(qtbot, editor, Qt.Key.Key_Escape)
    assert cells(page, 1)["note"] == ""


def test_that_a_reason_survives_rows_that_come_in_while_it_is_typed(page: AuditPage, qtbot: QtBot) -> None:
    page.set_sessions(made.study(4), 12)
    page.table.choose(made.session_id(2))
    key(qtbot, page.table, Qt.Key.Key_Space)
    editor = page.table.findChild(QLineEdit, "audit_reason")
    assert editor is not None
    qtbot.keyClicks(editor, "left ear")
    page.set_sessions(made.study(9), 12)
    qtbot.keyClicks(editor, "ly")
    with qtbot.waitSignal(page.decided) as caught:
        key(qtbot, editor, Qt.Key.Key_Return)
    assert caught.args == [made.session_id(2), False, "left early"]


def test_that_letters_belong_to_the_reason_while_one_is_typed(page: AuditPage, qtbot: QtBot) -> None:
    key(qtbot, page.table, Qt.Key.Key_Space)
    editor = page.table.findChild(QLineEdit, "audit_reason")
    assert editor is not None
    qtbot.keyClicks(editor, "did drift")
    assert editor.text() == "did drift" and page.stack.currentWidget() is not page.session


def test_that_another_exclusion_set_changes_list_plots_and_counts(page: AuditPage, qtbot: QtBot) -> None:
    n_before = page.figures.n_sessions
    with qtbot.waitSignal(page.set_chosen) as caught:
        page.header.sets.setCurrentIndex(1)
        page.header.sets.activated.emit(1)
    assert caught.args == ["picked"] and page.set_name == "picked"
    assert cells(page, 2)["note"] == "fell asleep" and cells(page, 5)["note"] == ""
    assert n_before == 10 and page.figures.n_sessions == 12
    assert math.isnan(page.time.figure.limit)


# ---- plots -----------------------------------------------------------------------------------


def test_that_choosing_a_row_lights_it_up_in_every_plot(page: AuditPage, qtbot: QtBot) -> None:
    page.table.choose(made.session_id(1))
    before = [plot.grab().toImage() for plot in (page.targets, page.heat, page.time, page.gaps)]
    key(qtbot, page.table, Qt.Key.Key_Down)
    key(qtbot, page.table, Qt.Key.Key_Down)
    assert text(page, "audit_selected") == "P003 · 1"
    assert page.targets.chosen is not None and page.heat._chosen is not None
    assert page.time.chosen is not None and page.time.chosen.session_id == made.session_id(3)
    assert page.gaps.chosen is not None
    after = [plot.grab().toImage() for plot in (page.targets, page.heat, page.time)]
    assert all(a != b for a, b in zip(before, after, strict=False))


def test_that_an_excluded_session_can_be_looked_at_though_it_is_in_no_figure(page: AuditPage) -> None:
    page.table.choose(made.session_id(7))
    assert page.time.chosen is not None and made.session_id(7) not in {
        line.session_id for line in page.figures.time.lines
    }
    assert page.time._ranges()[1][-1] >= float(max(p[:, 1].max() for p in page.time.chosen.pieces))


def test_that_captions_say_of_how_many_and_intervals_how(page: AuditPage) -> None:
    assert caption(page, "targets") == "mean and 68 %, 10 sessions"
    assert caption(page, "heat") == "median px" and "% of frames lost" in caption(page, "gaps")
    assert "13 sessions, 13 people" in text(page, "audit_counts")
    assert text(page, "audit_method") == "Intervals: bootstrap over people, 95 %"


def test_that_one_session_has_no_intervals_and_says_so(page: AuditPage) -> None:
    page.set_sessions([made.quality(1, n_checks=0)])
    assert text(page, "audit_method") == "One session: no intervals"
    assert "no ellipse" in caption(page, "targets") and caption(page, "time") == "no drift checks: start only"
    assert all(t.ellipse is None for t in page.figures.targets.targets)
    assert page.heat._chosen is None


def test_that_mixed_screens_show_degrees_and_grey_px(page: AuditPage) -> None:
    page.set_sessions([made.quality(k, screen=SMALL if k % 2 else made.KNOWN) for k in range(1, 7)])
    assert caption(page, "heat") == "screens differ: degrees only"
    index = page.table.rows.index(0, COLUMNS.index("px"))
    assert page.table.rows.data(index, Qt.ItemDataRole.ForegroundRole) == current_theme().color("text_muted")
    assert "differ in size" in page.table.rows.data(index, Qt.ItemDataRole.ToolTipRole)


def test_that_nobody_calibrated_is_said_in_each_plot(page: AuditPage) -> None:
    page.set_sessions([made.not_calibrated(1), made.not_calibrated(2)])
    for plot in (page.targets, page.heat, page.time, page.gaps):
        assert plot.why_empty and plot.accessibleDescription() == plot.why_empty
        plot.grab()
    assert cells(page, 1)["note"] == "not validated" and caption(page, "targets") == ""


def test_that_an_empty_study_says_what_to_do_and_has_no_report(page: AuditPage) -> None:
    page.set_sessions([])
    assert "Record one" in text(page, "audit_empty") and not page.header.report.isEnabled()
    assert not page.sessions.details.isEnabled() and not page.paper.copy.isEnabled()


def test_that_a_recording_that_cannot_be_read_stands_in_the_list(page: AuditPage) -> None:
    page.set_sessions(made.study(3), 0, {"s-lost": ("P099", "The file is gone.")})
    row = page.table.rows.row_of("s-lost")
    assert row is not None and not row.included and "P099" in names(page)
    assert page.sessions.filters["all"].text() == "All 4"
    page.table.choose("s-lost")
    assert not page.sessions.details.isEnabled() and page.targets.chosen is None


# ---- sentences, details, work ----------------------------------------------------------------


def test_that_the_sentences_are_copied_by_key(page: AuditPage, qtbot: QtBot) -> None:
    page.set_paper("Gaze was estimated.")
    key(qtbot, page, Qt.Key.Key_C, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert QGuiApplication.clipboard().text() == "Gaze was estimated."
    assert "copied" in text(page, "audit_method")


def test_that_enter_replays_and_keys_ask_for_report_and_undo(page: AuditPage, qtbot: QtBot) -> None:
    page.table.choose(made.session_id(4))
    with qtbot.waitSignal(page.replay_requested) as caught:
        key(qtbot, page.table, Qt.Key.Key_Return)
    assert caught.args == [made.session_id(4)]
    with qtbot.waitSignal(page.report_requested):
        key(qtbot, page, Qt.Key.Key_P, CTRL)
    with qtbot.waitSignal(page.undo_requested):
        key(qtbot, page, Qt.Key.Key_Z, CTRL)


def test_that_details_show_every_attempt_and_the_trace_once_it_is_read(page: AuditPage, qtbot: QtBot) -> None:
    page.table.choose(made.session_id(3))
    with qtbot.waitSignal(page.detail_requested) as caught:
        key(qtbot, page.table, Qt.Key.Key_D)
    assert caught.args == [made.session_id(3)] and page.stack.currentWidget() is page.session
    assert page.session.traces.why_empty == "Reading the recording …"
    page.show_details(made.quality(3, error_px=115, refit=True, with_trace=True))
    assert page.session.traces.why_empty == ""
    for number in (1, 2):
        assert page.session.findChild(QWidget, f"audit_attempt_card_{number}") is not None
    qtbot.wait(20)
    said = {label.text() for label in page.session.findChildren(QLabel) if label.isVisibleTo(page.session)}
    assert {"+69", "115 px", "184 px", "check after new points", "24.0 min"} <= said
    assert any("the vertical error is greater than a line is high" in words for words in said)
    page.session.traces.grab()
    key(qtbot, page.session, Qt.Key.Key_Escape)
    assert page.stack.currentWidget() is not page.session and page.table.hasFocus()


def test_that_a_trace_that_comes_too_late_is_left_aside(page: AuditPage, qtbot: QtBot) -> None:
    page.table.choose(made.session_id(3))
    page.sessions.details.click()
    page.show_details(made.quality(4, with_trace=True))
    assert page.session.session_id == made.session_id(3) and page.session.traces.why_empty
    page.close_details()
    page.show_details(made.quality(3, with_trace=True))
    assert page.stack.currentWidget() is not page.session


def test_that_loading_shows_rows_as_they_come_and_can_be_cancelled(page: AuditPage, qtbot: QtBot) -> None:
    page.set_sessions(made.study(2), 58)
    page.set_busy("Reading session 3 of 58 …", 2 / 58)
    assert len(names(page)) == 2 and not page.header.report.isEnabled()
    page.table.choose(made.session_id(2))
    page.set_sessions(made.study(5), 58)
    chosen = page.table.chosen()
    assert len(names(page)) == 5 and chosen is not None and chosen.session_id == made.session_id(2)
    with qtbot.waitSignal(page.cancel_requested):
        key(qtbot, page, Qt.Key.Key_Escape)
    page.set_busy("")
    page.set_sessions(made.study(5))
    assert page.header.report.isEnabled() and not page.busy.isVisible()


def test_that_an_error_is_said_and_what_is_shown_stays(page: AuditPage, qtbot: QtBot) -> None:
    page.set_error("The disk is full.")
    assert text(page, "audit_busy_text") == "The disk is full." and len(names(page)) == 13
    with qtbot.assertNotEmitted(page.cancel_requested):
        qtbot.mouseClick(page.busy.cancel, Qt.MouseButton.LeftButton)
    assert not page.busy.isVisible()


def test_that_while_a_report_is_written_no_other_can_be_asked_for(page: AuditPage) -> None:
    page.set_writing(writing=True)
    assert not page.header.report.isEnabled()
    page.set_writing(writing=False)
    assert page.header.report.isEnabled()


# ---- limits ----------------------------------------------------------------------------------


def test_that_a_moved_limit_names_who_falls_out_before_it_is_applied(page: AuditPage, qtbot: QtBot) -> None:
    key(qtbot, page, Qt.Key.Key_L, CTRL)
    field = page.limits.fields["max_error_deg"]
    assert page.limits.isVisible() and field.hasFocus() and field.text() == "3.5"
    assert page.limits.fields["max_loss"].text() == "15" and not page.limits.apply.isEnabled()
    qtbot.keyClicks(field, "2.5")
    said = text(page, "audit_limits_preview")
    assert "5 of 13 sessions out" in said and "Falls out: P004 · 1 (error), P009 · 1 (error)" in said
    assert cells(page, 4)["note"] == ""  # nothing has happened yet
    with qtbot.waitSignal(page.rule_applied) as caught:
        key(qtbot, field, Qt.Key.Key_Return)
    name, rule = caught.args
    assert name == "main" and rule.max_error_deg == 2.5 and rule.max_loss == 0.15 and rule.needs_gaze


def test_that_a_wider_limit_names_who_comes_back_and_an_empty_field_switches_off(page: AuditPage) -> None:
    page.header.limits.click()
    page.limits.fields["max_error_deg"].setText("")
    assert "Comes back: P007 · 1" in text(page, "audit_limits_preview")
    rule = page.limits.rule()
    assert rule is not None and rule.max_error_deg is None


def test_that_what_is_no_number_is_said_and_cannot_be_applied(page: AuditPage) -> None:
    page.header.limits.click()
    for wrong in ("two", "-1", "nan", "1e999"):
        page.limits.fields["max_loss"].setText(wrong)
        assert not page.limits.apply.isEnabled() and "numbers" in text(page, "audit_limits_preview"), wrong
    page.limits.fields["max_loss"].setText("12,5 %")
    rule = page.limits.rule()
    assert rule is not None and rule.max_loss == 0.125
    page.limits.name.setText(" ")
    assert not page.limits.apply.isEnabled()


def test_that_another_name_makes_another_set(page: AuditPage, qtbot: QtBot) -> None:
    page.header.limits.click()
    page.limits.name.setText("strict")
    assert page.limits.apply.text() == "Make set"
    with qtbot.waitSignal(page.rule_applied) as caught:
        qtbot.mouseClick(page.limits.apply, Qt.MouseButton.LeftButton)
    assert caught.args == ["strict", rule_of_study(LIMITS)]
    key(qtbot, page.limits, Qt.Key.Key_Escape)
    assert not page.limits.isVisible()


def test_that_applied_limits_are_shown_where_they_stand(page: AuditPage) -> None:
    page.set_study("x", {"main": ExclusionSet("main", ExclusionRule(max_error_deg=2.0))}, LIMITS)
    assert page.time.figure.limit == 2.0 and cells(page, 3)["note"] == "error"
    assert cells(page, 5)["note"] == ""


# ---- room, light and dark --------------------------------------------------------------------


@pytest.mark.parametrize("scale", [100, 150])
@pytest.mark.parametrize("name", ["light", "dark"])
def test_that_it_is_painted_in_both_themes_and_nothing_is_cut(
    page: AuditPage, qapp: QApplication, qtbot: QtBot, name: str, scale: int
) -> None:
    apply_theme(qapp, Theme(name, scale))  # type: ignore[arg-type]
    try:
        qtbot.wait(20)
        assert page.table.verticalHeader().defaultSectionSize() == current_theme().px(30)
        bar = page._area.horizontalScrollBar()
        assert bar.maximum() == 0
        assert page.header.minimumSizeHint().width() <= page.width()
        heat = page.heat.grab().toImage()
        found = {
            heat.pixelColor(x, y).name()
            for x in range(4, heat.width(), 7)
            for y in range(4, heat.height(), 7)
        }
        assert (
            current_theme().color("heat5").name() in found and current_theme().color("heat1").name() in found
        )
    finally:
        apply_theme(qapp, Theme())


def test_that_the_plots_stack_where_there_is_no_room(page: AuditPage, qtbot: QtBot) -> None:
    top = page._cards["targets"].y()
    assert page._cards["time"].y() == top
    page.resize(900, 620)
    qtbot.wait(20)
    assert page._cards["time"].y() > top and page._cards["heat"].y() == page._cards["targets"].y()
    page.resize(1290, 720)
    qtbot.wait(20)
    assert page._cards["time"].y() == page._cards["targets"].y()


def test_that_the_least_and_the_greatest_field_of_the_map_have_the_ends_of_the_ramp(page: AuditPage) -> None:
    values, unit = page.figures.heat.shown
    assert unit == "px" and np.isfinite(values).sum() == 19


def test_that_tab_reaches_every_control_of_the_page(page: AuditPage, qtbot: QtBot) -> None:
    page.header.sets.setFocus()
    seen: list[str] = []
    for _ in range(14):
        focus = page.focusWidget()
        if focus is not None:
            seen.append(focus.objectName())
        key(qtbot, focus or page, Qt.Key.Key_Tab)
    for name in (
        "audit_set",
        "audit_limits",
        "audit_report",
        "audit_find",
        "audit_details",
        "audit_sessions",
    ):
        assert name in seen, (name, seen)
