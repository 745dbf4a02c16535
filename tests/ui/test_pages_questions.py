"""Pages with questions, the choice of language, and what is asked of answers beside rating and vote."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QWidget,
)

from ifllm_desktop.session.snapshot import Highlight, Preference
from ifllm_desktop.ui.ballot_extras import mark_color
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.question_page import QuestionsPage
from ifllm_desktop.ui.theme import Theme, apply_theme
from tests import participant_snapshots as shots

Commands = list[tuple[str, tuple[Any, ...]]]


def child(window: QWidget, kind: type[Any], name: str) -> Any:
    found = window.findChild(kind, name)
    assert found is not None, name
    return found


def click(window: QWidget, name: str) -> None:
    QTest.mouseClick(child(window, QAbstractButton, name), Qt.MouseButton.LeftButton)


def press(
    window: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    QTest.keyClick(window.windowHandle(), key, modifiers)


def active(window: ParticipantWindow) -> None:
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    window.page().focus_first()


# ---- answers --------------------------------------------------------------------------------------------------
def test_that_each_kind_of_question_says_what_was_answered(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(shots.questions("demographics"))
    click(window, "answer_gender_woman")
    click(window, "answer_reading_4")
    click(window, "decline_use")
    QTest.keyClicks(child(window, QLineEdit, "answer_age"), "34")
    assert commands == [
        ("answer", ("gender", "woman")), ("answer", ("reading", 4)), ("decline_answer", ("use",)),
        ("answer", ("age", None)), ("answer", ("age", 34)),
    ]  # fmt: skip


def test_that_a_number_outside_its_limits_says_them_and_is_no_answer(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(shots.questions("demographics", {"age": 34}))
    edit = child(window, QLineEdit, "answer_age")
    assert edit.text() == "34"
    edit.clear()
    QTest.keyClicks(edit, "7")
    assert commands[-1] == ("answer", ("age", None))
    QTest.qWait(10)  # a page that was just built is shown with the next events
    assert any(w.text() == "From 18 to 99." and w.isVisible() for w in window.findChildren(QLabel))


def test_that_typed_words_are_stored_when_one_pauses_and_before_one_goes_on(
    window: ParticipantWindow, commands: Commands, qtbot: Any
) -> None:
    window.show_snapshot(shots.questions("after_task"))
    edit = child(window, QPlainTextEdit, "answer_summary")
    QTest.keyClicks(edit, "It says")
    assert commands == []
    qtbot.waitUntil(lambda: commands == [("answer", ("summary", "It says"))], timeout=3_000)
    QTest.keyClicks(edit, " enough")
    click(window, "questions_continue")
    assert commands[1:] == [("answer", ("summary", "It says enough")), ("questions_done", ())]
    note = next(w for w in window.findChildren(QLabel) if w.text().startswith("At least 40 characters"))
    assert note.text() == "At least 40 characters, 26 more."


def test_that_what_was_typed_is_not_taken_away_by_the_snapshot_that_follows(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(shots.questions("after_task"))
    edit = child(window, QPlainTextEdit, "answer_summary")
    QTest.keyClicks(edit, "one two")
    window.show_snapshot(shots.questions("after_task", {"summary": "one"}))
    assert edit.toPlainText() == "one two"


def test_that_a_sentence_is_chosen_with_its_place(window: ParticipantWindow, commands: Commands) -> None:
    window.show_snapshot(shots.questions("after_task"))
    choices = child(window, QListWidget, "answer_main_sentence")
    item = choices.item(1)
    QTest.mouseClick(choices.viewport(), Qt.MouseButton.LeftButton, pos=choices.visualItemRect(item).center())
    (name, (question, value)), *_ = commands
    assert (name, question) == ("answer", "main_sentence")
    assert shots.LEFT_TEXT[value["start"] : value["end"]] == value["quote"]
    assert " ".join(value["quote"].split()) == item.text()


def test_that_going_on_waits_for_what_is_needed_and_says_how_much_is_open(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.questions("after_task", can_continue=False))
    go_on = child(window, QAbstractButton, "questions_continue")
    assert not go_on.isEnabled()
    assert child(window, QLabel, "questions_open").text() == "3 questions are still open"


def test_that_declining_empties_the_field_and_can_be_taken_back(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(shots.questions("demographics", {"age": 34}))
    window.show_snapshot(shots.questions("demographics", {"age": None}))
    assert child(window, QLineEdit, "answer_age").text() == ""
    assert child(window, QAbstractButton, "decline_age").isChecked()
    click(window, "decline_age")
    assert commands[-1] == ("answer", ("age", None))


def test_that_a_page_of_questions_is_answered_by_keyboard_alone(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(shots.questions("before_task"))
    active(window)
    press(window, Qt.Key.Key_Space)
    press(window, Qt.Key.Key_Right)
    press(window, Qt.Key.Key_Return)
    assert commands == [("answer", ("knowledge", 1)), ("answer", ("knowledge", 2)), ("questions_done", ())]


def test_that_each_question_is_reached_with_tab(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.questions("demographics"))
    active(window)
    page = window.page()
    assert isinstance(page, QuestionsPage)
    reached = set()
    for _ in range(60):
        focus = QApplication.focusWidget()
        assert focus is not None
        reached |= {row.question_id for row in page.rows if row.isAncestorOf(focus)}
        reached |= {"continue"} if focus.objectName() == "questions_continue" else set()
        press(window, Qt.Key.Key_Tab)
    assert reached == {row.question_id for row in page.rows} | {"continue"}


@pytest.mark.parametrize("scale", [100, 150])
@pytest.mark.parametrize("place", ["demographics", "before_task", "after_task", "at_end"])
def test_that_the_way_on_stays_on_a_small_screen(
    window: ParticipantWindow, qapp: QApplication, place: str, scale: int
) -> None:
    apply_theme(qapp, Theme("dark", scale))
    window.show_snapshot(shots.questions(place))
    QTest.qWait(20)
    go_on = child(window, QAbstractButton, "questions_continue")
    bottom = go_on.mapTo(window, go_on.rect().bottomRight())
    assert window.rect().contains(bottom) and go_on.isVisible()
    apply_theme(qapp, Theme())


# ---- language -------------------------------------------------------------------------------------------------
def test_that_languages_are_offered_in_their_own_names_where_there_are_several(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(shots.snapshot("welcome"))
    assert window.findChild(QAbstractButton, "language_de") is None
    window.show_snapshot(shots.snapshot("welcome", languages=("en", "de", "pt-BR")))
    button = child(window, QAbstractButton, "language_de")
    assert button.isVisible() and button.text() == "Deutsch"
    assert child(window, QAbstractButton, "language_pt-BR").text() == "Português (Brasil)"
    assert child(window, QAbstractButton, "language_en").isChecked()
    click(window, "language_de")
    assert commands == [("choose_language", ("de",))]


# ---- beside rating and vote --------------------------------------------------------------------------------------
def judged(**values: Any) -> Any:
    """Both answers rated and one preferred, in the study that asks for more."""
    both = shots.pair(shots.left(rating=5), shots.right(rating=3), ratings_open=True, lock_reason="")
    more = {"preference": Preference("left", 2), "can_continue": True, **values}
    return replace(both, study=shots.full_study(), **more)


def test_that_the_rest_is_asked_after_rating_and_vote(window: ParticipantWindow, commands: Commands) -> None:
    window.show_snapshot(judged(preference=None, can_continue=False))
    go_on = child(window, QAbstractButton, "task_continue")
    assert (go_on.text(), go_on.isEnabled()) == ("Next", False)
    window.show_snapshot(judged())
    assert go_on.isEnabled()
    click(window, "task_continue")
    assert commands == [] and go_on.text() == "Continue"
    assert not child(window, QAbstractButton, "rate_left_1").isVisible()
    click(window, "rate_right_clarity_6")
    click(window, "reason_clear")
    window.show_snapshot(judged(reasons=("clear",)))
    QTest.keyClicks(child(window, QLineEdit, "reason_text"), "short")
    click(window, "task_continue")
    assert commands == [
        ("rate", ("right-1", 6, "clarity")), ("give_reasons", (("clear",), "")),
        ("give_reasons", (("clear",), "short")), ("continue_", ()),
    ]  # fmt: skip
    click(window, "task_back")
    assert child(window, QAbstractButton, "rate_left_1").isVisible()


def test_that_a_study_that_asks_nothing_more_goes_on_at_once(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(
        shots.open_pair(preference=Preference("tie"), can_continue=True)
    )  # fmt: skip
    click(window, "task_continue")
    assert commands == [("continue_", ())]


def n_pixels(picture: QImage, color: QColor) -> int:
    """How many pixels have exactly this colour; every second column is looked at."""
    places = ((x, y) for x in range(0, picture.width(), 2) for y in range(picture.height()))
    return sum(picture.pixelColor(x, y).rgb() == color.rgb() for x, y in places)


def test_that_selected_text_is_marked_painted_and_taken_back(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(judged())
    QTest.qWait(120)  # the text has to be on the screen
    click(window, "task_continue")
    label = child(window, QAbstractButton, "mark_hindered")
    assert not label.isEnabled()
    view = window.task.response_views()["left-1"]
    view.select_source(13, 22)
    assert label.isEnabled()
    click(window, "mark_hindered")
    assert commands == [("highlight", ("left-1", "hindered", *view.selection()))]
    before = view.grab().toImage()
    mark = Highlight("h-1", "left-1", "hindered", *view.selection(), quote="…")
    view.select_source(0, 0)
    window.show_snapshot(judged(highlights=(mark,)))
    after = view.grab().toImage()
    assert n_pixels(after, mark_color(1)) > n_pixels(before, mark_color(1)) + 50
    click(window, "mark_undo")
    assert commands[-1] == ("remove_highlight", ("h-1",))


def test_that_sentences_are_marked_by_keyboard_alone(window: ParticipantWindow, commands: Commands) -> None:
    window.show_snapshot(judged())
    QTest.qWait(120)
    active(window)
    press(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert window.task.rating.half == 2
    for key in (Qt.Key.Key_Period, Qt.Key.Key_Period, Qt.Key.Key_Comma, Qt.Key.Key_S):
        press(window, key)
    (name, (response_id, label, start, end)), *_ = commands
    assert (name, response_id, label) == ("highlight", "left-1", "hindered")
    assert shots.LEFT_TEXT[start:end] == "Two ways"
    press(window, Qt.Key.Key_Backspace, Qt.KeyboardModifier.ControlModifier)
    assert window.task.rating.half == 1


def test_that_another_turn_begins_with_rating_and_vote(window: ParticipantWindow) -> None:
    window.show_snapshot(judged())
    click(window, "task_continue")
    assert window.task.rating.half == 2
    window.show_snapshot(judged(turn_id="u2"))
    assert window.task.rating.half == 1


@pytest.mark.parametrize("scale", [100, 150])
def test_that_everything_that_is_asked_of_answers_stays_on_a_small_screen(
    window: ParticipantWindow, qapp: QApplication, scale: int
) -> None:
    apply_theme(qapp, Theme("light", scale))
    window.show_snapshot(judged())
    click(window, "task_continue")
    QTest.qWait(50)
    for name in ("task_continue", "task_back", "reason_correct", "mark_helped", "rate_left_clarity_7"):
        one = child(window, QAbstractButton, name)
        assert one.height() == one.sizeHint().height(), f"{name} is squeezed"
        assert one.isVisible() and window.rect().contains(one.mapTo(window, one.rect().bottomRight())), name
    apply_theme(qapp, Theme())
