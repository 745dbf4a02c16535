"""The rewards page: what it says of each pair, and what its buttons and keys ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from ifllm_desktop.features.pairs import PairRow, pair_measures
from ifllm_desktop.ui.pair_table import AGREES, FOLD, PAIR, SURE, TRAINED, VOTE
from ifllm_desktop.ui.rewards_page import LATE_NS, RewardsPage
from ifllm_desktop.ui.widgets import Chip
from tests.study_in_memory import made_up_scores, memory_study


@pytest.fixture(scope="module")
def rows() -> tuple[PairRow, ...]:
    return pair_measures(memory_study(2).recordings)


@pytest.fixture
def page(qtbot: QtBot, rows: tuple[PairRow, ...]) -> RewardsPage:
    made = RewardsPage()
    qtbot.addWidget(made)
    made.set_pairs("Everyday explanations", rows, made_up_scores(memory_study(2).recordings))
    made.resize(1290, 720)
    with qtbot.waitExposed(made):
        made.show()
    return made


def text(page: RewardsPage, name: str) -> str:
    found: QLabel | None = page.findChild(QLabel, name)
    assert found is not None
    return found.text()


def cell(page: RewardsPage, row: int, column: int) -> str:
    value: str = page.table.data(page.table.index(row, column))
    return value


def test_that_each_pair_stands_with_score_vote_and_fold(page: RewardsPage, rows: tuple[PairRow, ...]) -> None:
    assert page.table.rowCount() == len(rows) == 8
    assert [cell(page, 0, c) for c in (PAIR, SURE, VOTE, FOLD)] == [
        "P01 · pair 1",
        ".80",
        "A, clearly",
        "unseen",
    ]
    assert [cell(page, 1, c) for c in (PAIR, VOTE, FOLD)] == ["P01 · pair 2", "B, slightly", "0"]
    assert cell(page, 2, VOTE) == "tie" and cell(page, 3, VOTE) == "both bad"
    assert [page.table.pair(r).agrees for r in range(4)] == [True, True, None, None]
    assert cell(page, 0, AGREES) == ""


def test_that_what_the_model_was_trained_on_is_said_in_every_row_and_on_top(page: RewardsPage) -> None:
    assert {cell(page, r, TRAINED) for r in range(8)} == {"simulated participants"}
    chip = page.findChild(Chip, "trained_on")
    assert chip is not None and chip.isVisible() and "simulated participants" in chip.text


def test_that_few_pairs_are_called_too_few(page: RewardsPage) -> None:
    assert "4 of 4 voted pairs of 2 people" in text(page, "rewards_note")
    assert "Too few to tell" in text(page, "rewards_note")


def test_that_a_disagreement_is_shown(page: RewardsPage, rows: tuple[PairRow, ...]) -> None:
    scores = made_up_scores(memory_study(2).recordings)
    turned = [replace(s, score_left=s.score_right, score_right=s.score_left) for s in scores]
    page.set_pairs("x", rows, turned)
    assert [page.table.pair(r).agrees for r in range(4)] == [False, False, None, None]
    assert "0 of 4" in text(page, "rewards_note")


def test_that_the_chosen_pair_shows_its_measures(page: RewardsPage, rows: tuple[PairRow, ...]) -> None:
    page.view.selectRow(1)
    row = page.table.pair(1).row
    assert text(page, "gaze_dwell_s_left") == f"{row.left[0]:.1f}"
    assert text(page, "length_chars_right") == f"{row.right[4]:.0f}"
    assert text(page, "verdict").startswith("B preferred")


def test_that_what_was_not_recorded_is_a_dash(page: RewardsPage, rows: tuple[PairRow, ...]) -> None:
    blind = tuple(float("nan") for _ in rows[0].left)
    page.set_pairs("x", [replace(rows[0], left=blind)], [])
    assert text(page, "gaze_dwell_s_left") == "–" and text(page, "gaze_dwell_s_right") != "–"
    assert text(page, "verdict") == "Not scored"


def test_that_buttons_and_keys_ask_for_work(page: RewardsPage, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.score_requested, timeout=1000):
        qtbot.mouseClick(page.score, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(page.train_requested, timeout=1000):
        qtbot.mouseClick(page.train, Qt.MouseButton.LeftButton)


def test_that_replay_opens_where_the_last_seconds_of_reading_begin(page: RewardsPage, qtbot: QtBot) -> None:
    page.view.selectRow(2)
    row = page.table.pair(2).row
    assert row.window is not None
    with qtbot.waitSignal(page.replay_requested, timeout=1000) as caught:
        qtbot.mouseClick(page.replay, Qt.MouseButton.LeftButton)
    assert caught.args == [row.session_id, max(row.window.t0_ns, row.window.t1_ns - LATE_NS)]


def test_that_running_work_locks_the_actions_and_can_be_cancelled(page: RewardsPage, qtbot: QtBot) -> None:
    page.set_busy("Training: fold 2 of 5", 0.4)
    assert not page.train.isEnabled() and not page.score.isEnabled()
    with qtbot.waitSignal(page.cancel_requested, timeout=1000):
        qtbot.mouseClick(page.cancel, Qt.MouseButton.LeftButton)
    page.set_error("Only 1 person has pairs.")
    assert text(page, "busy_text") == "Only 1 person has pairs." and page.train.isEnabled()
    qtbot.mouseClick(page.cancel, Qt.MouseButton.LeftButton)
    assert not page.cancel.isVisible()


def test_that_an_empty_study_says_what_to_do(qtbot: QtBot) -> None:
    page = RewardsPage()
    qtbot.addWidget(page)
    assert "Record a task" in text(page, "empty")
    assert not page.train.isEnabled() and not page.replay.isEnabled()
