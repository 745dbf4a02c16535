"""The task page: keys, locks, and text that appears by coalesced reveals."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from ifllm_desktop.domain.chat import Finish
from ifllm_desktop.session.snapshot import FlowSnapshot, Preference
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.task_page import REVEAL_MS
from ifllm_desktop.ui.theme import Theme, apply_theme
from tests import participant_snapshots as shots

Commands = list[tuple[str, tuple[Any, ...]]]


def show(window: ParticipantWindow, snapshot: FlowSnapshot) -> None:
    window.show_snapshot(snapshot)
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    window.page().focus_first()


def press(
    window: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    QTest.keyClick(window.windowHandle(), key, modifiers)


def button(window: QWidget, name: str) -> QAbstractButton:
    found = window.findChild(QAbstractButton, name)
    assert found is not None, name
    return found


# ---- composing ----------------------------------------------------------------------------------------------
def test_that_enter_sends_the_given_question(window: ParticipantWindow, commands: Commands) -> None:
    show(window, shots.composing())
    assert window.task.composer.edit.isReadOnly()
    press(window, Qt.Key.Key_Return)
    assert commands == [("submit", ("How do I do it?",))]


def test_that_a_free_question_is_typed_and_kept(window: ParticipantWindow, commands: Commands) -> None:
    show(window, shots.composing(free_prompts=True))
    edit = window.task.composer.edit
    edit.selectAll()
    QTest.keyClicks(edit, "Why 1 and not 2?")  # digits and letters are text here, not ratings
    window.show_snapshot(shots.composing(free_prompts=True))
    assert edit.toPlainText() == "Why 1 and not 2?"
    press(window, Qt.Key.Key_Return)
    assert commands == [("submit", ("Why 1 and not 2?",))]


def test_that_a_task_ends_early_only_when_the_flow_allows_it(
    window: ParticipantWindow, commands: Commands
) -> None:
    show(window, shots.composing())
    assert not button(window, "task_finish").isVisible()
    show(window, shots.composing(may_finish_task=True, history=shots.history()))
    button(window, "task_finish").click()
    assert commands == [("finish_task", ())]


# ---- rating -------------------------------------------------------------------------------------------------
def test_that_digits_rate_one_answer_and_then_the_other(
    window: ParticipantWindow, commands: Commands
) -> None:
    show(window, shots.open_pair())
    press(window, Qt.Key.Key_5)
    show(window, shots.pair(shots.left(rating=5), shots.right(), ratings_open=True, lock_reason=""))
    press(window, Qt.Key.Key_2)
    assert commands == [("rate", ("left-1", 5)), ("rate", ("right-1", 2))]
    assert button(window, "rate_left_5").isChecked()


def test_that_digits_rate_the_answer_that_has_the_focus(
    window: ParticipantWindow, commands: Commands
) -> None:
    show(window, shots.open_pair())
    window.task.response_views()["right-1"].setFocus()
    press(window, Qt.Key.Key_7)
    assert commands == [("rate", ("right-1", 7))]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Qt.Key.Key_Q, ("left", 2)), (Qt.Key.Key_W, ("left", 1)), (Qt.Key.Key_E, ("tie", None)),
        (Qt.Key.Key_R, ("right", 1)), (Qt.Key.Key_T, ("right", 2)), (Qt.Key.Key_Z, ("both_bad", None)),
    ],
)  # fmt: skip
def test_that_letters_vote(
    window: ParticipantWindow, commands: Commands, key: Qt.Key, expected: tuple[str, int | None]
) -> None:
    show(window, shots.open_pair())
    press(window, key)
    assert commands == [("prefer", expected)]


def test_that_clicks_rate_and_vote(window: ParticipantWindow, commands: Commands) -> None:
    show(window, shots.open_pair())
    for name in ("rate_left_6", "rate_right_1", "prefer_left_clearly"):
        QTest.mouseClick(button(window, name), Qt.MouseButton.LeftButton)
    assert commands == [("rate", ("left-1", 6)), ("rate", ("right-1", 1)), ("prefer", ("left", 2))]


@pytest.mark.parametrize("reason", ["writing", "not_shown", "incomplete"])
def test_that_locked_ratings_take_no_key_and_no_click(
    window: ParticipantWindow, commands: Commands, reason: str
) -> None:
    show(window, shots.pair(shots.left(), shots.right(finish=None), lock_reason=reason))
    for key in (Qt.Key.Key_4, Qt.Key.Key_Q, Qt.Key.Key_Z):
        press(window, key)
    press(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    for name in ("rate_left_3", "rate_right_3", "prefer_tie", "task_continue"):
        QTest.mouseClick(button(window, name), Qt.MouseButton.LeftButton)
    assert commands == []
    assert window.task.rating.note.text()


def test_that_the_snapshot_and_not_the_click_says_what_is_chosen(window: ParticipantWindow) -> None:
    show(window, shots.open_pair(preference=Preference("right", 1)))
    assert button(window, "prefer_right_slightly").isChecked()
    QTest.mouseClick(button(window, "prefer_tie"), Qt.MouseButton.LeftButton)
    window.show_snapshot(shots.open_pair(preference=Preference("right", 1)))
    assert (
        button(window, "prefer_right_slightly").isChecked() and not button(window, "prefer_tie").isChecked()
    )
    window.show_snapshot(shots.open_pair())
    assert not any(vote.isChecked() for vote in window.task.rating.votes.values())


def test_that_control_enter_continues_and_enter_alone_does_not(
    window: ParticipantWindow, commands: Commands
) -> None:
    show(window, shots.open_pair(can_continue=True))
    press(window, Qt.Key.Key_Return)
    assert commands == []
    press(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert commands == [("continue_", ())]


def test_that_a_single_answer_has_one_scale_and_no_comparison(
    window: ParticipantWindow, commands: Commands
) -> None:
    show(window, shots.single())
    press(window, Qt.Key.Key_3)
    press(window, Qt.Key.Key_Q)
    assert commands == [("rate", ("left-1", 3))]
    assert list(window.task.rating.scales) == ["left"] and not window.task.rating.votes


def test_that_a_failed_answer_can_be_asked_for_again(window: ParticipantWindow, commands: Commands) -> None:
    show(window, shots.pair(shots.left(), shots.right("Half of", Finish.CUT), lock_reason="incomplete"))
    assert not button(window, "retry_left").isVisible()
    button(window, "retry_right").click()
    assert commands == [("retry", ("right-1",))]
    assert window.task.response_views()["right-1"].source == "Half of"


# ---- reveals ------------------------------------------------------------------------------------------------
def test_that_coalesced_reveals_end_with_exactly_the_text(window: ParticipantWindow, qtbot) -> None:  # type: ignore[no-untyped-def]
    revealed: list[tuple[str, int, int]] = []

    def note(response_id: str, epoch: int, n_source: int) -> None:
        head = window.task.response_views()[response_id].layout_snapshot().head
        assert (head.epoch, head.n_source) == (epoch, n_source)  # of the very layout that is shown
        revealed.append((response_id, epoch, n_source))

    window.task.revealed.connect(note)
    n_snapshots = 0
    for end in range(1, len(shots.LEFT_TEXT), 7):
        text = shots.LEFT_TEXT[:end]
        window.show_snapshot(shots.pair(shots.left(text, None), shots.right("", None), lock_reason="writing"))
        n_snapshots += 1
    window.show_snapshot(shots.pair(shots.left(), shots.right(), lock_reason="not_shown"))
    views = window.task.response_views()
    qtbot.waitUntil(lambda: window.task.shown_complete("left-1") and window.task.shown_complete("right-1"))
    assert views["left-1"].source == shots.LEFT_TEXT
    assert views["right-1"].source == shots.RIGHT_TEXT
    mine = [row for row in revealed if row[0] == "left-1"]
    assert mine[-1][2] == len(shots.LEFT_TEXT)
    assert len(mine) < n_snapshots / 3  # many pieces, few layouts
    assert [row[2] for row in mine] == sorted(row[2] for row in mine)


def test_that_the_reveal_timer_rests_when_nothing_comes(window: ParticipantWindow) -> None:
    show(window, shots.open_pair())
    QTest.qWait(4 * REVEAL_MS)
    assert not window.task._reveal_timer.isActive()
    window.show_snapshot(
        shots.pair(shots.left(), shots.right(shots.RIGHT_TEXT + " more"), lock_reason="writing")
    )
    window.hide()
    assert not window.task._reveal_timer.isActive()


def test_that_nothing_is_revealed_while_paused(window: ParticipantWindow) -> None:
    show(window, shots.pair(shots.left("One", None), shots.right("", None), lock_reason="writing"))
    QTest.qWait(2 * REVEAL_MS)
    window.show_snapshot(
        shots.pair(shots.left("One two", None), shots.right("", None), lock_reason="writing", paused=True)
    )
    QTest.qWait(3 * REVEAL_MS)
    assert window.task.response_views()["left-1"].source == "One"
    window.show_snapshot(
        shots.pair(shots.left("One two", None), shots.right("", None), lock_reason="writing")
    )
    assert window.task.response_views()["left-1"].source == "One two"


def test_that_a_new_turn_gets_new_views(window: ParticipantWindow) -> None:
    show(window, shots.open_pair())
    old = set(window.task.response_views())
    window.show_snapshot(shots.composing(history=shots.history()))
    assert old and window.task.response_views() == {}
    assert window.task.history.isVisible()


# ---- geometry -----------------------------------------------------------------------------------------------
def test_that_both_sides_stand_alike(window: ParticipantWindow) -> None:
    show(window, shots.open_pair(history=shots.history()))
    QTest.qWait(2 * REVEAL_MS)
    one, other = (
        window.task.response_views()[i].layout_snapshot().head.viewport for i in ("left-1", "right-1")
    )
    assert (one.w_px, one.h_px, one.y_px) == (other.w_px, other.h_px, other.y_px)
    assert one.right_px < other.x_px


def test_that_areas_are_where_their_widgets_are(window: ParticipantWindow) -> None:
    show(window, shots.open_pair(history=shots.history()))
    QTest.qWait(2 * REVEAL_MS)
    areas = {aoi.name: aoi.rect for aoi in window.scene_aois()}
    assert {
        "prompt",
        "history",
        "rating_left",
        "rating_right",
        "preference",
        "continue",
        "rate_left_5",
    } <= set(areas)
    assert "composer" not in areas
    wanted = button(window, "rate_left_5")
    center = wanted.mapToGlobal(wanted.rect().center())
    assert areas["rate_left_5"].contains(center.x(), center.y())
    assert areas["rating_left"].contains(center.x(), center.y())
    assert window.task.activity_place(center.x(), center.y()) == "rating"
    view = window.task.response_views()["right-1"]
    middle = view.mapToGlobal(view.rect().center())
    assert window.task.activity_place(middle.x(), middle.y()) == "answer_right"
    show(window, shots.composing())
    assert "composer" in {aoi.name for aoi in window.scene_aois()}
    window.show_snapshot(shots.composing(paused=True))
    assert window.scene_aois() == ()


@pytest.mark.parametrize("scale", [100, 150])
@pytest.mark.parametrize("name", ["composing", "open_pair", "single"])
def test_that_all_buttons_stay_on_a_small_screen(
    window: ParticipantWindow, qapp: QApplication, scale: int, name: str
) -> None:
    apply_theme(qapp, Theme("dark", scale))
    try:
        show(window, getattr(shots, name)())
        QTest.qWait(2 * REVEAL_MS)
        assert (window.width(), window.height()) == (1366, 768)
        shown = [b for b in window.findChildren(QAbstractButton) if b.isVisible()]
        boxes = {b.objectName(): QRect(b.mapTo(window, QPoint(0, 0)), b.size()) for b in shown}
        for one in shown:
            assert window.rect().contains(boxes[one.objectName()]), one.objectName()
            assert one.width() >= one.sizeHint().width(), one.objectName()
        for view in window.task.response_views().values():
            assert view.height() >= 120
    finally:
        apply_theme(qapp, Theme())


def test_that_saved_is_told_only_after_it_is_known(window: ParticipantWindow) -> None:
    show(window, shots.open_pair())
    saved = window.task.rating._saved
    assert saved.text() == ""
    window.task.set_saved(False)
    assert "Saving" in saved.text()
    window.task.set_saved(True)
    assert saved.text() == "Saved"


def test_that_a_larger_text_is_a_new_epoch_of_the_answers(
    window: ParticipantWindow, qapp: QApplication
) -> None:
    show(window, shots.open_pair())
    QTest.qWait(2 * REVEAL_MS)
    view = window.task.response_views()["left-1"]
    before = view.layout_snapshot()
    try:
        button(window, "text_size").click()
        after = view.layout_snapshot()
        assert after.head.epoch > before.head.epoch
        assert after.words[0].size_px > before.words[0].size_px
    finally:
        apply_theme(qapp, Theme())
