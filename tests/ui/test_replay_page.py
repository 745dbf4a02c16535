"""Replay page: play, seek, layers, labels by keys, and what is drawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from ifllm_desktop.annotate.fold import merged
from ifllm_desktop.annotate.history import LabelHistory
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.labels import LabelOperation
from ifllm_desktop.replay.model import ReplayModel
from ifllm_desktop.ui import stage_marks as marks
from ifllm_desktop.ui.replay_page import ReplayPage, SupportChip
from ifllm_desktop.ui.stage_view import TextRange
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import Chip
from tests.recordings import BETTER, RecordingBuilder, TurnPlan, small_session

S = 1_000_000_000
LEFT = "S1-t1-l"


class Log:
    """A ``LabelLog`` in memory."""

    def __init__(self) -> None:
        self.rows: list[LabelOperation] = []
        self.full = False

    def append(self, operation: LabelOperation) -> None:
        if self.full:
            raise WorldError("disk_full", path="study.sqlite")
        self.rows.append(operation)

    def operations(self, session_id: str | None = None) -> Sequence[LabelOperation]:
        return merged(self.rows)


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture(scope="module")
def model() -> ReplayModel:
    return ReplayModel.load(small_session(plans=[TurnPlan(), TurnPlan(choice="right")]))


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def page(qtbot: QtBot, model: ReplayModel, log: Log, clock: Clock) -> Iterator[ReplayPage]:
    numbers = itertools.count()
    history = LabelHistory(log, "ann", "st", lambda: f"id{next(numbers)}", lambda: next(numbers))
    made = ReplayPage(history, now_ns=clock)
    qtbot.addWidget(made)
    made.resize(1290, 720)
    made.show()
    made.show_model(model, t_ns=18 * S)
    yield made
    made.hide()


def word_place(page: ReplayPage, word: str) -> QPoint:
    """Place in the stage of a word of the left answer."""
    assert page.model is not None
    response = page.model.timeline.state_at(page.t_ns).responses[0]
    box = next(w for w in response.layout.words if w.text == word)
    x, y = response.layout.to_screen_px(*box.rect.center_px, response.scroll_px)
    return page.stage.to_widget(x, y).toPoint()


def drag(qtbot: QtBot, page: ReplayPage, first: str, last: str) -> None:
    qtbot.mousePress(page.stage, Qt.MouseButton.LeftButton, pos=word_place(page, first))
    qtbot.mouseMove(page.stage, word_place(page, last))
    qtbot.mouseRelease(page.stage, Qt.MouseButton.LeftButton, pos=word_place(page, last))


def test_that_a_session_opens_at_its_first_turn_with_that_turn_in_view(
    page: ReplayPage, model: ReplayModel
) -> None:
    page.show_model(model)
    turn = model.timeline.turns[0]
    assert page.t_ns == turn.t_submit_ns
    t0_ns, t1_ns = model.timeline.turn_span(turn)
    assert page.timeline.view[0] <= t0_ns and t1_ns <= page.timeline.view[1] < 1.2 * t1_ns


def test_that_space_plays_at_the_chosen_speed_and_pauses(
    qtbot: QtBot, page: ReplayPage, clock: Clock
) -> None:
    qtbot.keyClick(page, Qt.Key.Key_K)
    qtbot.keyClick(page, Qt.Key.Key_K)
    assert page.transport.speed.currentText() == "2×"
    qtbot.keyClick(page, Qt.Key.Key_Space)
    clock.now += S
    page._tick()
    assert page.t_ns == 20 * S
    qtbot.keyClick(page, Qt.Key.Key_Space)
    clock.now += S
    page._tick()
    assert page.t_ns == 20 * S


def test_that_arrows_step_by_a_gaze_sample_and_with_shift_by_a_second(
    qtbot: QtBot, page: ReplayPage, model: ReplayModel
) -> None:
    qtbot.keyClick(page, Qt.Key.Key_Right)
    times = model.timeline.gaze_t_ns
    assert page.t_ns == times[times > 18 * S][0]
    qtbot.keyClick(page, Qt.Key.Key_Left)
    assert page.t_ns == times[times <= 18 * S][-1]
    before = page.t_ns
    qtbot.keyClick(page, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert page.t_ns == before + S


def test_that_a_click_in_the_timeline_seeks_to_that_moment(qtbot: QtBot, page: ReplayPage) -> None:
    axis = page.timeline.axis()
    place = QPoint(round(axis.x(12 * S)), round(page.timeline.row_box("gaze_x").center().y()))
    qtbot.mouseClick(page.timeline, Qt.MouseButton.LeftButton, pos=place)
    assert abs(page.t_ns - 12 * S) < (page.timeline.view[1] - page.timeline.view[0]) / axis.width_px
    assert page.readout.findChild(type(page.transport.time), "replay_gaze") is not None


def test_that_zoom_keeps_the_moment_under_the_pointer(page: ReplayPage) -> None:
    before = page.timeline.axis().x(15 * S)
    page.timeline.zoom(1.5, 15 * S)
    assert page.timeline.axis().x(15 * S) == pytest.approx(before, abs=1)


def test_that_page_down_and_the_turn_box_go_to_the_next_turn(
    qtbot: QtBot, page: ReplayPage, model: ReplayModel
) -> None:
    qtbot.keyClick(page, Qt.Key.Key_PageDown)
    assert page.t_ns == model.timeline.turns[1].t_submit_ns
    assert page.turn_box.currentIndex() == 1


def test_that_dragging_over_words_and_a_digit_make_a_span_of_code_points(
    qtbot: QtBot, page: ReplayPage, log: Log
) -> None:
    drag(qtbot, page, "Connect", "disk")
    start = BETTER.index("Connect the second disk")
    assert page.stage.range == TextRange(LEFT, start, start + len("Connect the second disk"))
    qtbot.keyClick(page, Qt.Key.Key_1)
    (made,) = log.rows
    assert made.after is not None
    assert (made.after.label, made.after.quote) == ("key_reason", "Connect the second disk")
    assert made.after.turn_id == "S1-t1" and page.stage.range is None
    assert page.stage.layer("gaze")  # the digit did not switch the layer too


def test_that_brackets_and_a_letter_make_an_episode(qtbot: QtBot, page: ReplayPage, log: Log) -> None:
    page.seek(12 * S)
    qtbot.keyClick(page, Qt.Key.Key_BracketLeft)
    page.seek(15 * S)
    qtbot.keyClick(page, Qt.Key.Key_BracketRight)
    qtbot.keyClick(page, Qt.Key.Key_W)
    (made,) = log.rows
    assert made.after is not None
    assert (made.after.label, made.after.t_start_ms, made.after.t_end_ms) == ("comparing", 12_000, 15_000)
    assert page.timeline.selection is None


def test_that_undo_is_named_and_takes_back_and_redo_brings_again(
    qtbot: QtBot, page: ReplayPage, log: Log
) -> None:
    drag(qtbot, page, "Connect", "disk")
    qtbot.keyClick(page, Qt.Key.Key_2)
    assert page.label_panel.undo.text() == "Undo “Useful detail”"
    qtbot.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert page.label_panel.list.count() == 0 and not page.label_panel.undo.isEnabled()
    assert "“Useful detail”" in page.label_panel.redo.toolTip()
    qtbot.keyClick(
        page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert page.label_panel.list.count() == 1
    assert [op.action for op in log.rows] == ["add", "remove", "add"]


def test_that_delete_removes_the_chosen_label_and_another_key_renames_it(
    qtbot: QtBot, page: ReplayPage, log: Log
) -> None:
    drag(qtbot, page, "Connect", "disk")
    qtbot.keyClick(page, Qt.Key.Key_1)
    qtbot.keyClick(page, Qt.Key.Key_3)
    assert [op.action for op in log.rows] == ["add", "change"]
    qtbot.keyClick(page, Qt.Key.Key_Delete)
    assert log.rows[-1].action == "remove" and page.label_panel.list.count() == 0


def test_that_a_clicked_span_is_chosen_and_a_listed_label_is_sought(qtbot: QtBot, page: ReplayPage) -> None:
    page.timeline.set_selection((12 * S, 13 * S))
    qtbot.keyClick(page, Qt.Key.Key_Q)
    drag(qtbot, page, "Connect", "disk")
    qtbot.keyClick(page, Qt.Key.Key_1)
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert page.desk is not None and page.desk.selected == ""
    qtbot.mouseClick(page.stage, Qt.MouseButton.LeftButton, pos=word_place(page, "second"))
    assert page.desk.selected != "" and page.t_ns == 18 * S
    page.label_panel.list.setCurrentRow(1)
    assert page.t_ns == 12 * S


def test_that_digits_switch_layers_when_nothing_is_chosen(qtbot: QtBot, page: ReplayPage, log: Log) -> None:
    qtbot.keyClick(page, Qt.Key.Key_1)
    assert not page.stage.layer("gaze") and log.rows == []
    qtbot.keyClick(page, Qt.Key.Key_1)
    assert page.stage.layer("gaze")


def test_that_a_label_that_cannot_be_saved_is_said_and_the_selection_of_time_stays_usable(
    qtbot: QtBot, page: ReplayPage, log: Log
) -> None:
    log.full = True
    page.timeline.set_selection((12 * S, 13 * S))
    qtbot.keyClick(page, Qt.Key.Key_Q)
    message = page.label_panel.findChild(type(page.transport.time), "label_message")
    assert message is not None and message.isVisible() and "full" in message.text()
    assert page.label_panel.list.count() == 0


def test_that_gaze_and_pointer_are_drawn_where_they_were(page: ReplayPage, model: ReplayModel) -> None:
    state = model.timeline.state_at(page.t_ns)
    assert state.gaze is not None and state.pointer is not None
    for layer, x_px, y_px, token in (
        ("gaze", state.gaze.x_px, state.gaze.y_px, "gaze"),
        ("pointer", state.pointer.x_px + 4, state.pointer.y_px + 9, "pointer"),
    ):
        for name in ("gaze", "uncertainty", "pointer", "labels"):
            page.stage.set_layer(name, name == layer)
        place = page.stage.to_widget(x_px, y_px)
        assert close(page.stage.grab().toImage(), place, current_theme().color(token)), layer


def close(image: QImage, place: QPointF, color: QColor) -> bool:
    found = image.pixelColor(place.toPoint())
    return all(abs(a - b) < 40 for a, b in zip(found.toTuple()[:3], color.toTuple()[:3], strict=True))


def test_that_the_stage_is_never_stretched_and_both_scales_hold_the_whole_content(page: ReplayPage) -> None:
    for whole in (False, True):
        page.stage.set_whole_screen(whole)
        a, b = page.stage.to_widget(100, 100), page.stage.to_widget(200, 200)
        assert (b - a).x() == pytest.approx((b - a).y())
        x, y = page.stage.to_screen_px(page.stage.to_widget(321, 123))
        assert (x, y) == (pytest.approx(321), pytest.approx(123))
    top, bottom = page.stage.to_widget(0, 0), page.stage.to_widget(1440, 900)
    assert top.x() >= 0 and top.y() >= 0
    assert bottom.x() <= page.stage.width() and bottom.y() <= page.stage.height()


def test_that_a_recording_without_gaze_greys_its_layers_and_keeps_the_pointer(
    qtbot: QtBot, page: ReplayPage
) -> None:
    page.show_model(ReplayModel.load(small_session(with_gaze=False)), t_ns=12 * S)
    assert not page.layers.rows["gaze"].isEnabled() and page.layers.rows["pointer"].isEnabled()
    qtbot.keyClick(page, Qt.Key.Key_1)
    assert page.layers.rows["gaze"].isChecked()
    assert "No gaze" in [chip.text for chip in page.findChildren(Chip)]
    page.grab()


def test_that_a_damaged_recording_says_so_and_still_plays(qtbot: QtBot, page: ReplayPage) -> None:
    source = small_session()
    rows = source.rows["layout_block"]
    rows[40] = (*rows[40][:4], "{")
    page.show_model(ReplayModel.load(source), [SupportChip("Side .99", "success", "check")])
    texts = [chip.text for chip in page.findChildren(Chip)]
    assert any(text.endswith("layouts damaged") for text in texts) and "Side .99" in texts
    page.seek(18 * S)
    page.grab()


def test_that_empty_loading_and_error_are_states_of_the_page(page: ReplayPage, log: Log) -> None:
    message = page.findChild(type(page.transport.time), "replay_message")
    assert message is not None
    page.show_empty()
    assert message.text() == "No session is open"
    page.show_loading(0.4)
    assert message.text() == "The session is being opened"
    page.show_error("The recording is damaged.", "Run verify.")
    assert message.text() == "The recording is damaged." and message.isVisible()
    page.show_model(ReplayModel.load(RecordingBuilder().build()))
    page.grab()


def test_that_playing_stops_when_the_page_is_left(qtbot: QtBot, page: ReplayPage) -> None:
    qtbot.keyClick(page, Qt.Key.Key_Space)
    assert page._timer.isActive()
    page.hide()
    assert not page._timer.isActive()


def test_that_dashes_cover_half_of_a_path_and_skip_what_is_missing() -> None:
    import numpy as np

    x, y = np.array([0.0, 50.0, np.nan, 100.0]), np.zeros(4)
    lines = marks.dashes(x, y, dash_px=5.0)
    assert len(lines) == 10
    assert sum(line.length() for line in lines) == pytest.approx(50.0)
    assert marks.dashes(x[:1], y[:1]) == []
