"""The calibration page: the target by its stage, words by what holds it up, nothing else on the grey."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QApplication

from ifllm_desktop.session.snapshot import PAGES
from ifllm_desktop.session.target_run import TargetView
from ifllm_desktop.ui.calibration_page import CalibrationPage
from ifllm_desktop.ui.calibration_words import SHOW_AFTER
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.theme import Theme
from tests import participant_snapshots as shots
from tests.gaze_snapshots import button, focus, press

Commands = list[tuple[str, tuple[Any, ...]]]


def view(window: ParticipantWindow, x: float, y: float, **values: Any) -> TargetView:
    """A target at a place of the page."""
    origin = window.calibration.mapToGlobal(QPoint(0, 0))
    made: dict[str, Any] = {"index": 2, "n": 9, "stage": "collect", "progress": 0.5, **values}
    return TargetView(origin.x() + x, origin.y() + y, **made)


def draw(window: ParticipantWindow, target: TargetView, n_updates: int = 1) -> QImage:
    for _ in range(n_updates):
        window.calibration.set_target(target)
    return window.calibration.grab().toImage()


def ink(picture: QImage, box: QRect) -> int:
    """Pixels of a box that are not the plain grey."""
    plain = Theme().color("calib")
    return sum(
        picture.pixelColor(x, y) != plain
        for x in range(box.left(), box.right())
        for y in range(box.top(), box.bottom())
    )


# ---- the target ---------------------------------------------------------------------------------------------
def test_that_the_target_is_drawn_where_it_is_on_the_screen(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    assert not window.header.isVisible()
    target = view(window, 700, 300)
    shown = draw(window, target)
    assert shown.pixelColor(700, 300) == Theme().color("text")
    assert shown.pixelColor(700 + 13, 300) == Theme().color("accent")
    assert shown.pixelColor(300, 300) == Theme().color("calib")
    assert window.calibration.target_center() == (target.x_px, target.y_px)


def test_that_the_dot_shrinks_within_300_ms_of_the_time_to_settle(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    page = window.calibration
    settle_ms = shots.demo_study().calibration.settle_ms
    travel = page.dot_radius_px(view(window, 0, 0, stage="travel", stage_progress=0.9))
    parts = [
        page.dot_radius_px(view(window, 0, 0, stage="settle", stage_progress=ms / settle_ms))
        for ms in (0, 150, 300)
    ]
    collect = page.dot_radius_px(view(window, 0, 0))
    assert travel == parts[0] > parts[1] > parts[2] == collect
    assert parts[1] == pytest.approx((travel + collect) / 2, rel=0.01)


def test_that_the_ring_fills_with_the_frames_that_count(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    accent = Theme().color("accent")

    def filled(progress: float) -> int:
        shown = draw(window, view(window, 700, 300, progress=progress))
        ring = [(700 + 36, 300), (700, 300 + 36), (700 - 36, 300)]
        return sum(shown.pixelColor(x, y) == accent for x, y in ring)

    assert [filled(p) for p in (0.0, 0.3, 0.6, 1.0)] == [0, 1, 2, 3]


def test_that_with_reduced_motion_the_target_appears_without_travelling(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    around = QRect(640, 240, 120, 120)
    travelling = view(window, 700, 300, stage="travel", stage_progress=0.5, progress=0.0)
    assert ink(draw(window, travelling), around) > 1000
    window.calibration.reduced_motion = True
    assert ink(draw(window, travelling), around) == 0
    assert ink(draw(window, view(window, 700, 300, stage="settle", stage_progress=0.0)), around) > 1000


# ---- words --------------------------------------------------------------------------------------------------
def test_that_words_make_room_for_a_target_near_them(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    page = window.calibration
    rim = QRect(page.width() // 2 - 260, page.height() - 40, 200, 30)
    assert ink(draw(window, view(window, page.width() / 2, 200)), rim) > 100
    assert ink(draw(window, view(window, page.width() / 2, page.height() - 60)), rim) == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Point 3 of 9"),
        ({"phase": "validation"}, "Check point 3 of 9"),
        ({"phase": "redo", "index": 0, "n": 1}, "This point again"),
        ({"phase": "drift", "index": 0, "n": 1}, "Look at the dot until its ring is full."),
        ({"phase": "refit", "n": 5}, "3 of 5"),
        ({"phase": "recheck", "index": 0, "n": 1}, "One last look"),
        ({"repeated": True}, "Once more: your gaze moved at this point"),
        ({"kind": "pursuit", "index": 0, "n": 2}, "Follow the dot with your eyes. Round 1 of 2"),
        ({"kind": "pursuit", "index": 0, "n": 1}, "Follow the dot with your eyes."),
    ],
)
def test_that_each_run_has_its_own_words(
    window: ParticipantWindow, values: dict[str, Any], words: str
) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    draw(window, view(window, 700, 300, **values))
    assert words in window.calibration.words()
    assert words in window.calibration.accessibleDescription()


@pytest.mark.parametrize("code", ["no_face", "blink", "slow", "unsteady"])
def test_that_a_reason_is_said_when_it_lasts_and_goes_when_frames_count_again(
    window: ParticipantWindow, code: str
) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    page = window.calibration
    held = view(window, 700, 300, gate=code, face_lost=code == "no_face")
    plain = page.words()
    draw(window, view(window, 700, 300))
    plain = page.words()
    draw(window, held, SHOW_AFTER[code] - 1)
    assert page.words() == plain
    draw(window, held)
    said = page.words()
    assert said != plain
    draw(window, view(window, 700, 300), 60)
    assert page.words() == plain


def test_that_each_reason_has_its_own_words(window: ParticipantWindow) -> None:
    said = set()
    for code in ("no_face", "blink", "slow", "unsteady"):
        page = CalibrationPage()
        for _ in range(40):
            page.set_target(view(window, 700, 300, gate=code))
        said.add(page.words())
        page.deleteLater()
    assert len(said) == 4


def test_that_lost_eyes_are_said_even_where_the_target_takes_the_place_of_the_words(
    window: ParticipantWindow,
) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    page = window.calibration
    lost = view(window, page.width() / 2, page.height() - 60, face_lost=True)
    top = QRect(page.width() // 2 - 200, round(page.height() * 0.12), 400, 24)
    assert ink(draw(window, view(window, page.width() / 2, page.height() - 60)), top) == 0
    assert ink(draw(window, lost, 12), top) > 300


def test_that_the_first_point_is_explained_until_its_frames_are_collected(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    below = QRect(500, 360, 400, 80)
    first = {"index": 0, "stage_progress": 0.5, "progress": 0.0}
    assert ink(draw(window, view(window, 700, 300, stage="settle", **first)), below) > 500
    assert ink(draw(window, view(window, 700, 300, stage="collect", index=0)), below) == 0
    assert ink(draw(window, view(window, 700, 300, stage="settle", **{**first, "index": 1})), below) == 0
    assert ink(draw(window, view(window, 700, 300, stage="settle", phase="drift", **first)), below) == 0


def test_that_the_first_point_says_how_to_begin_at_once(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    draw(window, view(window, 700, 300, index=0, stage="settle", stage_progress=0.0, progress=0.0))
    assert "Space" in window.calibration.words()
    draw(window, view(window, 700, 300, index=0, stage="settle", stage_progress=0.1, progress=0.0))
    assert window.calibration.words().startswith("Point 1 of 9")


def test_that_the_progress_of_a_drift_check_is_one_dot(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("drift_check"))
    page = window.calibration
    dots = QRect(page.width() // 2 - 120, page.height() - 66, 240, 18)
    one = ink(draw(window, view(window, 300, 200, index=0, n=1, phase="drift")), dots)
    nine = ink(draw(window, view(window, 300, 200, index=0, n=9)), dots)
    assert 0 < one < nine / 2


# ---- keys ---------------------------------------------------------------------------------------------------
def test_that_escape_asks_before_anything_is_stopped(window: ParticipantWindow, commands: Commands) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    focus(window)
    press(window, Qt.Key.Key_Escape)
    window.show_snapshot(shots.snapshot("calibration", paused=True))
    assert window.pause_cover.isVisible()
    button(window, "pause_without_gaze").click()
    assert commands == [("pause", ()), ("resume", ()), ("without_gaze", ("stopped",))]


def test_that_space_shows_the_target_again_and_a_held_key_does_so_once(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    focus(window)
    asked: list[bool] = []
    window.calibration.again.connect(lambda: asked.append(True))
    press(window, Qt.Key.Key_Space)
    assert asked == []  # there is no target yet
    window.calibration.set_target(view(window, 700, 300))
    press(window, Qt.Key.Key_Space)
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ", True)
    QApplication.sendEvent(window.calibration, held)
    assert asked == [True]
    window.calibration.set_target(view(window, 700, 300, kind="pursuit"))
    press(window, Qt.Key.Key_Space)
    assert asked == [True]


def test_that_a_pause_elsewhere_offers_no_way_out_of_the_gaze(window: ParticipantWindow) -> None:
    for page in ("instructions", "task"):
        window.show_snapshot(shots.snapshot(page) if page != "task" else shots.open_pair())
        paused = {"paused": True}
        window.show_snapshot(shots.snapshot(page, **paused) if page != "task" else shots.open_pair(**paused))
        assert not button(window, "pause_without_gaze").isVisible()
        window.show_snapshot(shots.snapshot(page) if page != "task" else shots.open_pair())


def test_that_s_goes_on_without_the_drift_check_and_only_there(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(shots.snapshot("calibration"))
    focus(window)
    press(window, Qt.Key.Key_S)
    window.show_snapshot(shots.snapshot("drift_check"))
    press(window, Qt.Key.Key_S)
    assert commands == [("skip_drift", ())]
    listed = dict(window.page().keys())
    assert listed["S"] == "go on without this check"


def test_that_the_window_has_a_page_and_a_name_for_each_page_of_the_flow(window: ParticipantWindow) -> None:
    assert set(window.pages) == set(PAGES)
    for page in ("gaze_help", "drift_check", "gaze_result"):
        window.show_snapshot(shots.snapshot(page, help_options=("pointer_only",)))
        assert window.header.step.text().split("· ")[-1]
