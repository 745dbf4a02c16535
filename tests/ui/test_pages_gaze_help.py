"""Ways on after failures and changes, and the notice while gaze cannot be used: calm, and from what was measured."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication

from ifllm_desktop.session.snapshot import GAZE_NOTICES, HELP_OPTIONS, FlowSnapshot
from ifllm_desktop.ui import gaze_tips
from ifllm_desktop.ui.gaze_notice import notice_sentence, notice_words
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.theme import Theme, apply_theme
from tests import gaze_snapshots as gaze
from tests import participant_snapshots as shots
from tests.gaze_snapshots import button, focus, press

Commands = list[tuple[str, tuple[Any, ...]]]
WAYS = ("help_again", "fewer_claims", "pointer_only")


def failed(**values: Any) -> FlowSnapshot:
    """Every attempt used up."""
    values.setdefault("help_options", WAYS)
    values.setdefault("help_reason", "attempts_used")
    return shots.snapshot("gaze_help", **values)


# ---- ways on ------------------------------------------------------------------------------------------------
def test_that_enter_tries_once_more_and_each_way_is_a_command(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(failed())
    focus(window)
    press(window, Qt.Key.Key_Return)
    button(window, "gaze_help_fewer_claims").click()
    button(window, "gaze_help_pointer_only").click()
    assert commands == [("help_again", ()), ("fewer_claims", ()), ("without_gaze", ("pointer_only",))]


def test_that_only_what_the_study_allows_is_offered(window: ParticipantWindow, commands: Commands) -> None:
    window.show_snapshot(failed(help_options=("stop",)))
    focus(window)
    assert [n for n, b in window.gaze_help.buttons.items() if b.isVisible()] == ["stop"]
    press(window, Qt.Key.Key_Return)
    assert commands == [("stop", ("calibration_failed",))]


@pytest.mark.parametrize("option", HELP_OPTIONS)
def test_that_each_way_says_what_follows_from_it(window: ParticipantWindow, option: str) -> None:
    window.show_snapshot(failed(help_options=(option,)))
    one = button(window, f"gaze_help_{option}")
    assert one.text()
    assert one.accessibleDescription().endswith(".")


@pytest.mark.parametrize("reason", [n for n in GAZE_NOTICES if n not in ("", "gaze_lost")])
def test_that_a_change_is_named_without_advice_on_light(window: ParticipantWindow, reason: str) -> None:
    window.show_snapshot(failed())
    after_failure = window.gaze_help.title.text()
    window.show_snapshot(
        failed(help_reason=reason, help_options=("check_gaze", "help_again", "pointer_only"))
    )
    assert window.gaze_help.title.text() != after_failure
    assert not window.gaze_help.tips.isVisible()


def test_that_the_buttons_are_reached_by_tab_from_the_recommended_one(window: ParticipantWindow) -> None:
    window.show_snapshot(failed())
    focus(window)
    reached = []
    for _ in WAYS:
        focused = QApplication.focusWidget()
        reached.append(focused.objectName() if focused is not None else "")
        press(window, Qt.Key.Key_Tab)
    assert reached == [f"gaze_help_{way}" for way in WAYS]


# ---- advice -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"validation": gaze.validation("D", ok=False, reason="too_many_lost")}, "light"),
        ({"calibration": gaze.calibration(rejected={"no_face": 12})}, "light"),
        (
            {"calibration": gaze.calibration("not_measured " * 6 + "good " * 3, reason="too_few_targets")},
            "ring",
        ),
        ({"calibration": gaze.calibration("unsteady " * 4 + "good " * 5)}, "head rests"),
        ({"validation": gaze.validation("D", ok=False, reason="error_too_large")}, "head rests"),
        ({"calibration": gaze.calibration(rejected={"slow": 12})}, "Close other programs"),
        ({}, "arm's length"),
    ],
)
def test_that_advice_follows_from_what_was_measured(values: dict[str, Any], word: str) -> None:
    advice = gaze_tips.tips(failed(**values))
    assert word in advice[0].advice
    assert all(tip.because for tip in advice)


def test_that_advice_is_short_and_says_the_figures() -> None:
    calibration = gaze.calibration(
        "not_measured unsteady good " * 3,
        ok=False,
        reason="too_few_targets",
        rejected={"no_face": 24, "slow": 24},
    )
    advice = gaze_tips.tips(failed(calibration=calibration))
    assert 1 <= len(advice) <= gaze_tips.MAX_TIPS
    # 9 targets of 24 lost frames each, against 6 measured ones of 24 good frames, and as many slow as lost
    assert "38 %" in advice[0].because
    assert any("3 of 9 points could not be measured" in tip.because for tip in advice)


# ---- the notice ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("code", [n for n in GAZE_NOTICES if n])
def test_that_a_notice_is_in_words_and_colour_on_the_pages_after_the_calibration(
    window: ParticipantWindow, code: str
) -> None:
    for snapshot in (shots.snapshot("instructions", gaze_notice=code), shots.open_pair(gaze_notice=code)):
        window.show_snapshot(snapshot)
        assert window.header.light.token == "warning"
        assert window.header.recorded.text() == notice_words(code) != ""
        assert window.header.recorded.accessibleDescription() == notice_sentence(code, False) != ""


def test_that_a_check_can_be_asked_for_once_and_moves_nothing(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(shots.open_pair())
    QTest.qWait(30)
    before = window.stack.geometry()
    assert not button(window, "gaze_check").isVisible()
    window.show_snapshot(shots.open_pair(gaze_notice="resized"))
    QTest.qWait(30)
    assert window.stack.geometry() == before
    button(window, "gaze_check").click()
    assert commands == [("check_gaze", ())]
    window.show_snapshot(shots.open_pair(gaze_notice="resized", gaze_check_due=True))
    assert not button(window, "gaze_check").isVisible()
    assert "before the next question" in window.header.recorded.toolTip()


def test_that_who_gave_no_gaze_hears_nothing_of_it(window: ParticipantWindow) -> None:
    scopes = {"gaze": False, "pointer": True, "eye_patches": False, "sharing": False}
    window.show_snapshot(shots.open_pair(gaze_notice="resized", scopes=scopes))
    assert window.header.recorded.text() == "Recording pointer"


# ---- room ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("scale", [100, 150])
@pytest.mark.parametrize("page", ["gaze_help", "gaze_result"])
def test_that_the_actions_stay_above_the_edge_of_a_small_screen(
    window: ParticipantWindow, qapp: QApplication, scale: int, page: str
) -> None:
    apply_theme(qapp, Theme("light", scale))
    try:
        worse = gaze.validation("D", ok=False, reason="error_too_large", attempt_id="a2")
        tried = (gaze.attempt(1, gaze.validation()), gaze.attempt(2, worse))
        states = "not_measured unsteady good " * 3
        window.show_snapshot(
            failed(calibration=gaze.calibration(states, reason="too_few_targets"))
            if page == "gaze_help"
            else shots.snapshot(page, validation=worse, calibration=gaze.calibration(), attempts=tried,
                                can_use=("a1",), can_accept_gaze=True, can_recalibrate=True,
                                can_redo=tuple(range(9)))
        )  # fmt: skip
        QTest.qWait(30)
        shown = [
            b
            for b in window.page().findChildren(QAbstractButton)
            if b.isVisible() and not window.page().scroller.isAncestorOf(b)
        ]
        assert len(shown) >= 3
        for one in shown:
            box = QRect(one.mapTo(window, one.rect().topLeft()), one.size())
            assert window.rect().contains(box), one.objectName()
            assert one.width() >= one.sizeHint().width(), one.objectName()
    finally:
        apply_theme(qapp, Theme())
