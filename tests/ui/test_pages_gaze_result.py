"""The result of a calibration: words that a participant understands, honest figures, and the ways on."""

from __future__ import annotations

import math
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from ifllm_desktop.session.snapshot import GAZE_NOTICES, FlowSnapshot, TargetOutcome
from ifllm_desktop.session.target_plans import validation_targets
from ifllm_desktop.ui import gaze_words
from ifllm_desktop.ui.gaze_map import neighbour, scatter_ellipse
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.theme import Theme
from ifllm_desktop.wording import GAZE_REASONS
from tests import gaze_snapshots as gaze
from tests import participant_snapshots as shots
from tests.gaze_snapshots import KNOWN, UNKNOWN, button, focus, press

Commands = list[tuple[str, tuple[Any, ...]]]
NAN = math.nan


def result(**values: Any) -> FlowSnapshot:
    """A good result; what is given replaces it."""
    values.setdefault("validation", gaze.validation())
    values.setdefault("calibration", gaze.calibration())
    for name in ("can_accept_gaze", "can_recalibrate"):
        values.setdefault(name, True)
    values.setdefault("can_redo", tuple(range(9)))
    return shots.snapshot("gaze_result", **values)


def show(window: ParticipantWindow, snapshot: FlowSnapshot) -> None:
    window.gaze_result.set_screen(KNOWN)
    window.show_snapshot(snapshot)
    focus(window)


def shown_texts(window: ParticipantWindow) -> list[str]:
    return [w.text() for w in window.gaze_result.findChildren(QLabel) if w.isVisible()]


# ---- ways on ------------------------------------------------------------------------------------------------
def test_that_enter_accepts_a_good_calibration(window: ParticipantWindow, commands: Commands) -> None:
    show(window, result())
    press(window, Qt.Key.Key_Return)
    press(window, Qt.Key.Key_R)
    assert commands == [("accept_gaze", ()), ("recalibrate", ())]


def test_that_a_poor_one_is_not_accepted_by_enter(window: ParticipantWindow, commands: Commands) -> None:
    show(window, result(validation=gaze.validation("D", ok=False, reason="error_too_large")))
    press(window, Qt.Key.Key_Return)
    button(window, "gaze_accept").click()
    button(window, "gaze_without").click()
    assert commands == [("recalibrate", ()), ("accept_gaze", ()), ("without_gaze", ("calibration_failed",))]
    assert window.gaze_result.accept.kind == "secondary"


def test_that_a_d_is_not_recommended_even_where_the_study_takes_it(window: ParticipantWindow) -> None:
    show(window, result(validation=gaze.validation("D", ok=True)))
    assert window.gaze_result.primary is window.gaze_result.again


def test_that_one_action_is_filled_and_ends_the_row(window: ParticipantWindow) -> None:
    for snapshot in (
        result(),
        result(validation=gaze.validation("D", ok=False, reason="error_too_large")),
        result(validation=None, calibration=gaze.calibration("good " * 8 + "not_measured", ok=False),
               can_accept_gaze=False, can_recalibrate=False),
    ):  # fmt: skip
        show(window, snapshot)
        QTest.qWait(30)
        page = window.gaze_result
        shown = [b for b in (page.without, page.again, page.redo, page.accept) if b.isVisible()]
        filled = [b for b in shown if b.kind == "primary"]
        assert filled == [page.primary]
        assert page.primary is page.without or page.primary.x() == max(b.x() for b in shown)


def test_that_the_worst_point_is_chosen_beforehand_and_p_redoes_it(
    window: ParticipantWindow, commands: Commands
) -> None:
    show(window, result(validation=gaze.validation(errors_px=(40, 30, 50, 136, 35))))
    assert window.gaze_result.chosen == 3
    assert window.gaze_result.redo.text() == "Redo point 4"
    press(window, Qt.Key.Key_P)
    # validation point 4 is at the lower right, and so is calibration target 8
    assert commands == [("redo_target", (8,))]


def test_that_a_point_that_was_not_measured_comes_before_the_worst(window: ParticipantWindow) -> None:
    show(window, result(validation=gaze.validation(errors_px=(40, NAN, 50, 136, 35))))
    assert window.gaze_result.chosen == 1


def test_that_only_targets_that_can_be_redone_are_asked_for(
    window: ParticipantWindow, commands: Commands
) -> None:
    show(window, result(validation=gaze.validation(errors_px=(40, 30, 50, 136, 35)), can_redo=(0, 2)))
    press(window, Qt.Key.Key_P)
    assert commands == [("redo_target", (2,))]
    show(window, result(can_redo=()))
    assert not window.gaze_result.redo.isVisible()
    press(window, Qt.Key.Key_P)
    assert len(commands) == 1


def test_that_arrows_choose_a_point_in_map_and_table_together(window: ParticipantWindow) -> None:
    show(window, result(validation=gaze.validation(errors_px=(136, 30, 50, 20, 35))))
    page = window.gaze_result
    assert page.primary is not None and page.primary.hasFocus()
    chosen = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up):
        press(window, key)
        chosen.append(page.chosen)
        rows = page.table.selectionModel().selectedRows()
        assert [r.row() for r in rows] == [page.chosen]
        assert f"Point {page.chosen + 1}," in page.map.accessibleDescription()
    assert chosen == [4, 2, 2, 0]
    assert page.primary.hasFocus()


def test_that_a_click_on_the_map_and_a_row_of_the_table_choose_a_point(window: ParticipantWindow) -> None:
    show(window, result())
    page = window.gaze_result
    place = page.map.place_of(1).toPoint()
    QTest.mouseClick(page.map, Qt.MouseButton.LeftButton, pos=place + QPoint(8, -6))
    assert page.chosen == 1
    page.table.setFocus()
    press(window, Qt.Key.Key_Down)
    assert page.chosen == 2
    assert page.redo.text() == "Redo point 3"


# ---- attempts -----------------------------------------------------------------------------------------------
def test_that_a_second_attempt_stands_beside_the_first_with_the_difference(
    window: ParticipantWindow, commands: Commands
) -> None:
    first = gaze.validation(errors_px=(40, 30, 50, 20, 35))
    second = gaze.validation("C", errors_px=(80, 70, 90, 60, 75), attempt_id="a2")
    show(window, result(attempts=(gaze.attempt(1, first),)))
    assert not window.gaze_result.attempts.isVisible()
    show(window, result(validation=second, attempts=(gaze.attempt(1, first), gaze.attempt(2, second)),
                        can_use=("a1",)))  # fmt: skip
    assert window.gaze_result.attempts.isVisible()
    texts = shown_texts(window)
    assert {"B · 35 px", "C · 75 px", "40 px more exact"} <= set(texts)
    button(window, "gaze_use_1").click()
    assert commands == [("use_attempt", ("a1",))]


def test_that_the_better_earlier_attempt_is_recommended_when_none_is_left(
    window: ParticipantWindow, commands: Commands
) -> None:
    first, second = (
        gaze.validation(),
        gaze.validation("D", ok=False, reason="error_too_large", attempt_id="a2"),
    )
    show(window, result(validation=second, attempts=(gaze.attempt(1, first), gaze.attempt(2, second)),
                        can_use=("a1",), can_recalibrate=False))  # fmt: skip
    press(window, Qt.Key.Key_Return)
    assert commands == [("use_attempt", ("a1",))]


def test_that_an_attempt_without_a_validation_has_no_figures(window: ParticipantWindow) -> None:
    second = gaze.validation(attempt_id="a2")
    show(window, result(validation=second, attempts=(gaze.attempt(1, None), gaze.attempt(2, second))))
    assert "not measured" in shown_texts(window)


# ---- words and figures --------------------------------------------------------------------------------------
def test_that_what_was_not_measured_is_said_and_is_no_zero(window: ParticipantWindow) -> None:
    show(window, result(validation=gaze.validation(errors_px=(40, 30, 50, NAN, 35))))
    model = window.gaze_result.table.targets
    row = [model.index(3, column).data() for column in range(model.columnCount())]
    assert row[:2] == ["4 lower right", "not measured"]
    assert "0" not in row[1:6]
    assert "One point could not be measured." in window.gaze_result.title.text()


def test_that_a_calibration_without_model_shows_which_points_were_measured(window: ParticipantWindow) -> None:
    states = "good not_measured " * 4 + "good"
    failed = gaze.calibration(states, ok=False, reason="too_few_targets")
    show(window, result(validation=None, calibration=failed, can_accept_gaze=False))
    model = window.gaze_result.table.targets
    assert [model.index(r, 1).data() for r in range(9)] == ["measured", "not measured"] * 4 + ["measured"]
    assert window.gaze_result.chosen == 1
    assert window.gaze_result.figures["accuracy"].value.text() == "–"
    assert "Too few points" in window.gaze_result.grade_title.text()


OF_OTHER_PAGES = {*GAZE_NOTICES, "drifted", "skipped", "no_text", "not_read"}
"""Drift check and text check have words of their own and never lead to this page."""


@pytest.mark.parametrize("code", sorted(GAZE_REASONS.keys() - OF_OTHER_PAGES))
def test_that_each_reason_has_its_own_sentence(code: str) -> None:
    assert gaze_words.reason_sentence(code) != gaze_words.reason_sentence("never heard of")


def test_that_the_reason_is_shown_beside_a_poor_grade(window: ParticipantWindow) -> None:
    for reason in ("error_too_large", "too_many_lost"):
        show(window, result(validation=gaze.validation("D", ok=False, reason=reason)))
        assert gaze_words.reason_sentence(reason) in window.gaze_result.grade_note.text()


@pytest.mark.parametrize(
    ("errors_px", "hint"),
    [
        ((40, 30, 50, 136, 35), "One corner could be better."),
        ((40, 30, 50, 20, 136), "The centre could be better."),
        ((40, 38, 50, 45, 42), ""),
        ((40, NAN, 50, NAN, 42), "2 points could not be measured."),
    ],
)
def test_that_the_sentence_names_the_weakest_place(errors_px: tuple[float, ...], hint: str) -> None:
    said = gaze_words.headline(gaze.validation(errors_px=errors_px), KNOWN)
    assert said == f"That went well. {hint}".strip()


def test_that_degrees_are_those_of_the_screen_and_a_guess_is_called_one(window: ParticipantWindow) -> None:
    show(window, result())
    page = window.gaze_result
    # 35 px on average, 344 mm over 1920 px at 600 mm: 35 · 0.179 mm / 600 mm
    degrees = float(page.figures["accuracy"].value.text().rstrip("°"))
    assert degrees == pytest.approx(math.degrees(math.atan(35 * 344 / 1920 / 600)), rel=0.15)
    assert "35 px" in page.figures["accuracy"].note.text()
    assert "not known" not in page.grade_note.text()
    page.set_screen(UNKNOWN)
    window.show_snapshot(result())
    assert page.figures["accuracy"].value.text() == "35 px"
    assert "48 px for one degree" in page.grade_note.text()
    model = page.table.targets
    assert {model.index(row, 2).data() for row in range(5)} == {"–"}
    assert "°" not in page.paper.text()


def test_that_the_errors_of_both_axes_stand_apart() -> None:
    x_px, y_px = gaze_words.axis_errors(gaze.targets((30, 30, 30, 30, 60)))
    assert x_px == pytest.approx(12.0)
    assert y_px == pytest.approx(36 * math.sqrt(8) / 3, rel=1e-6)
    assert all(map(math.isnan, gaze_words.axis_errors(gaze.targets((NAN,) * 5))))


def test_that_the_sentence_for_the_paper_can_be_unfolded_and_copied(window: ParticipantWindow) -> None:
    show(window, result())
    assert not window.gaze_result.paper.isVisible()
    button(window, "gaze_paper_fold").click()
    assert window.gaze_result.paper.isVisible()
    button(window, "gaze_paper_copy").click()
    copied = QGuiApplication.clipboard().text()
    assert copied == gaze_words.paper_sentence(gaze.validation(), KNOWN)

    for figure in ("5 of 5", "35 px", "25 px", "2.0 %", "28.5 Hz"):
        assert figure in copied


def test_that_the_sentence_for_a_paper_says_where_gaze_was_simulated() -> None:
    said = gaze_words.paper_sentence(gaze.validation(), KNOWN, simulated=True)
    assert said.startswith("The gaze is of a simulated participant. ")
    assert said.endswith(gaze_words.paper_sentence(gaze.validation(), KNOWN))


# ---- the map ------------------------------------------------------------------------------------------------
def test_that_the_ellipse_holds_two_thirds_of_normal_scatter() -> None:
    import numpy as np

    rng = np.random.default_rng(1)
    covariance = np.array([[900.0, 420.0], [420.0, 400.0]])
    points = rng.multivariate_normal((0, 0), covariance, 40_000)
    long, short, angle_deg = scatter_ellipse(30.0, 20.0, 420 / 600)
    turn = math.radians(angle_deg)
    along = points @ (math.cos(turn), math.sin(turn))
    across = points @ (-math.sin(turn), math.cos(turn))
    inside = (along / long) ** 2 + (across / short) ** 2 <= 1
    assert inside.mean() == pytest.approx(0.68, abs=0.01)


def test_that_arrows_are_drawn_in_true_length(window: ParticipantWindow) -> None:
    far = TargetOutcome(0, 400, 540, 1400, 540, 1000.0, 2.0, 2.0, 24)
    window.gaze_result.set_screen(KNOWN)
    show(window, result(validation=gaze.validation(), can_redo=()))
    picture = window.gaze_result.map
    picture.set_targets((far,), KNOWN)
    shown = picture.grab().toImage()
    color = Theme().color("gaze")
    y = round(picture.place_of(0).y())
    inked = [x for x in range(shown.width()) if shown.pixelColor(x, y) == color]
    factor = (picture.place_of(0).x() - inked[0]) / 400 if inked[0] < picture.place_of(0).x() else None
    assert factor is None
    scale = (picture.height() - 2) / KNOWN.h_px
    assert inked[-1] - picture.place_of(0).x() == pytest.approx(1000 * scale, abs=3)


@pytest.mark.parametrize("n", [4, 5, 9])
def test_that_every_point_can_be_reached_by_arrows(n: int) -> None:
    plan = [TargetOutcome(i, x, y) for i, (x, y) in enumerate(validation_targets(n, KNOWN))]
    reached, fresh = {0}, [0]
    while fresh:
        here = fresh.pop()
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            there = neighbour(plan, here, dx, dy)
            if there not in reached:
                reached.add(there)
                fresh.append(there)
    assert reached == set(range(n))


def test_that_a_direction_without_a_point_keeps_the_choice() -> None:
    found = gaze.targets()
    assert neighbour(found, 0, -1, 0) == 0
    assert neighbour(found, 0, 0, 1) == 2
    assert neighbour(found, 2, 1, 0) == 3
    assert neighbour((), 0, 1, 0) == -1
