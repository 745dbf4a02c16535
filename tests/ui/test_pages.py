"""Participant pages: they draw snapshots, emit the flow's commands, and decide nothing."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from ifllm_desktop.ui.camera_page import CameraHealth
from ifllm_desktop.ui.finish_page import RecordedCount
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.theme import Theme, apply_theme
from tests import gaze_snapshots as gaze
from tests import participant_snapshots as shots

Commands = list[tuple[str, tuple[Any, ...]]]


def button(window: QWidget, name: str) -> QAbstractButton:
    found = window.findChild(QAbstractButton, name)
    assert found is not None, name
    return found


def press(
    window: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    """A key as it comes from the keyboard: to whatever has the focus."""
    QTest.keyClick(window.windowHandle(), key, modifiers)


def focus(window: ParticipantWindow) -> None:
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    window.page().focus_first()


# ---- text pages ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("page", "expected"), [("welcome", ("next", ())), ("instructions", ("next", ()))])
def test_that_enter_goes_on_from_a_text_page(
    window: ParticipantWindow, commands: Commands, page: str, expected: tuple[str, tuple[Any, ...]]
) -> None:
    window.show_snapshot(shots.snapshot(page))
    focus(window)
    press(window, Qt.Key.Key_Return)
    assert commands == [expected]


def test_that_the_finish_page_tells_what_was_recorded_and_closes_the_window(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.finish.set_counts(
        (RecordedCount("Gaze points", "123"), RecordedCount("Answers", "4", "2 votes")), "Saved."
    )
    window.show_snapshot(shots.snapshot("finish", ended="finished"))
    texts = {w.text() for w in window.finish.findChildren(type(window.header.recorded)) if w.isVisible()}
    assert {"Gaze points", "123", "Answers", "4", "2 votes", "Saved."} <= texts
    button(window, "finish_done").click()
    assert not window.isVisible()
    assert commands == []


def test_that_closing_the_window_early_stops_the_session(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(shots.snapshot("instructions"))
    window.close()
    assert commands == [("stop", ("window_closed",))]


# ---- consent ------------------------------------------------------------------------------------------------
def test_that_consent_can_be_given_by_keyboard_alone(window: ParticipantWindow, commands: Commands) -> None:
    window.show_snapshot(shots.snapshot("consent"))
    focus(window)
    asked = [scope.scope for scope in shots.demo_study().consent]
    press(window, Qt.Key.Key_Return)
    assert commands == []  # nothing is chosen beforehand
    for scope in asked:
        press(window, Qt.Key.Key_N if scope == "eye_patches" else Qt.Key.Key_Y)
    press(window, Qt.Key.Key_Return)
    assert commands == [("consent", ({scope: scope != "eye_patches" for scope in asked},))]


def test_that_nothing_is_chosen_beforehand_and_open_lines_are_counted(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("consent"))
    page = window.pages["consent"]
    answers = [
        b
        for b in page.findChildren(QAbstractButton)
        if b.objectName().startswith(("consent_yes", "consent_no"))
    ]
    assert len(answers) == 2 * len(shots.demo_study().consent)
    assert not any(b.isChecked() for b in answers)
    assert str(len(shots.demo_study().consent)) in page.open_note.text()  # type: ignore[attr-defined]
    assert not button(window, "consent_continue").isEnabled()


def test_that_yes_and_no_have_the_same_size(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("consent"))
    for scope in shots.demo_study().consent:
        assert (
            button(window, f"consent_yes_{scope.scope}").size()
            == button(window, f"consent_no_{scope.scope}").size()
        )


def test_that_a_no_to_a_needed_scope_is_explained_and_holds_the_way_on(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("consent"))
    needed = [s.scope for s in shots.demo_study().consent if s.needed]
    assert needed
    QApplication.processEvents()
    for scope in shots.demo_study().consent:
        button(window, f"consent_yes_{scope.scope}").click()
    assert button(window, "consent_continue").isEnabled()
    button(window, f"consent_no_{needed[0]}").click()
    assert not button(window, "consent_continue").isEnabled()
    explained = window.findChild(QWidget, f"consent_needed_{needed[0]}")
    assert explained is not None and explained.isVisible()


def test_that_declining_is_one_click(window: ParticipantWindow, commands: Commands) -> None:
    window.show_snapshot(shots.snapshot("consent"))
    button(window, "consent_decline").click()
    assert commands == [("decline", ())]


def test_that_answers_stay_when_the_same_page_is_shown_again(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("consent"))
    button(window, "consent_no_gaze").click()
    window.show_snapshot(shots.snapshot("consent"))
    assert button(window, "consent_no_gaze").isChecked()


# ---- camera -------------------------------------------------------------------------------------------------
GOOD = CameraHealth("opened", True, (0.3, 0.2, 0.3, 0.5), 60.0, 29.9, 130.0, 2.0, "Camera 0")


def test_that_calibration_starts_when_all_is_well(window: ParticipantWindow, commands: Commands) -> None:
    window.show_snapshot(shots.snapshot("camera_check"))
    window.camera.set_health(GOOD)
    focus(window)
    press(window, Qt.Key.Key_Return)
    assert commands == [("camera_ready", ())]


@pytest.mark.parametrize(
    "health",
    [
        CameraHealth("starting"),
        CameraHealth("opened", False, None, 60.0, 29.9, 130.0, 2.0),
        CameraHealth("opened", True, (0.3, 0.2, 0.3, 0.5), 60.0, 12.0, 130.0, 2.0),
        CameraHealth("lost", True, (0.3, 0.2, 0.3, 0.5), 60.0, 29.0, 130.0, 2.0),
    ],
)
def test_that_a_missing_face_or_a_slow_or_lost_camera_holds_the_way_on(
    window: ParticipantWindow, commands: Commands, health: CameraHealth
) -> None:
    window.show_snapshot(shots.snapshot("camera_check"))
    window.camera.set_health(health)
    focus(window)
    press(window, Qt.Key.Key_Return)
    assert commands == []
    button(window, "camera_without_gaze").click()
    assert commands == [("without_gaze", ("participant",))]


def test_that_distance_only_warns(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("camera_check"))
    window.camera.set_health(CameraHealth("opened", True, (0.3, 0.2, 0.3, 0.5), 95.0, 29.9, 20.0, 30.0))
    states = {name: check.state for name, check in window.camera.checks.items()}
    assert states == {
        "face": "good",
        "distance": "warning",
        "light": "warning",
        "rate": "good",
        "head": "warning",
        "glasses": "unknown",
        "eyes": "unknown",
    }
    assert button(window, "camera_continue").isEnabled()


def test_that_the_face_box_is_mirrored_like_the_picture(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("camera_check"))
    picture = QImage(640, 360, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.black)
    window.camera.set_preview(picture)
    window.camera.set_health(CameraHealth("opened", True, (0.05, 0.3, 0.2, 0.4), 60.0, 29.9, 130.0, 2.0))
    shown = window.camera.preview.grab().toImage()
    accent = Theme().color("accent")
    columns = [
        x
        for x in range(shown.width())
        for y in range(0, shown.height(), 2)
        if shown.pixelColor(x, y) == accent
    ]
    assert (
        columns and min(columns) > shown.width() * 0.6
    )  # left in the camera's picture is right in the mirror


# ---- frame --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "token", "words"),
    [
        ({"page": "consent"}, "", "Nothing is being recorded"),
        ({"page": "instructions"}, "recording", "Recording gaze and pointer"),
        (
            {"page": "instructions", "scopes": {"gaze": False, "pointer": True}},
            "recording",
            "Recording pointer",
        ),
        ({"page": "instructions", "paused": True}, "", "Paused: nothing is being recorded"),
        ({"page": "finish", "ended": "finished"}, "", "Recording has ended"),
    ],
)
def test_that_the_light_tells_what_is_recorded(
    window: ParticipantWindow, values: dict[str, Any], token: str, words: str
) -> None:
    window.show_snapshot(shots.snapshot(**values))
    assert (window.header.light.token, window.header.recorded.text()) == (token, words)


def test_that_f9_pauses_and_resumes_and_the_page_is_covered(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(shots.snapshot("instructions"))
    focus(window)
    press(window, Qt.Key.Key_F9)
    window.show_snapshot(shots.snapshot("instructions", paused=True))
    cover = window.pause_cover
    assert cover.isVisible() and cover.geometry() == window.stack.rect()
    press(window, Qt.Key.Key_F9)
    window.show_snapshot(shots.snapshot("instructions"))
    assert not cover.isVisible()
    assert commands == [("pause", ()), ("resume", ())]


def test_that_stopping_from_the_pause_asks_once(window: ParticipantWindow, commands: Commands) -> None:
    window.show_snapshot(shots.snapshot("instructions"))
    window.show_snapshot(shots.snapshot("instructions", paused=True))
    stop = button(window, "pause_stop")
    stop.click()
    assert commands == []
    stop.click()
    assert commands == [("stop", ("participant",))]


def test_that_nothing_can_be_paused_before_consent(window: ParticipantWindow, commands: Commands) -> None:
    window.show_snapshot(shots.snapshot("consent"))
    focus(window)
    press(window, Qt.Key.Key_F9)
    assert commands == []
    assert not button(window, "pause").isVisible()


def test_that_f1_lists_the_keys_and_any_key_closes_them(
    window: ParticipantWindow, commands: Commands
) -> None:
    window.show_snapshot(shots.snapshot("instructions"))
    focus(window)
    press(window, Qt.Key.Key_F1)
    assert window.help_cover.isVisible()
    press(window, Qt.Key.Key_Escape)
    assert not window.help_cover.isVisible()
    press(window, Qt.Key.Key_Return)
    assert commands == [("next", ())]


def test_that_the_text_size_goes_round(window: ParticipantWindow, qapp: QApplication) -> None:
    sizes: list[int] = []
    window.text_scale_changed.connect(sizes.append)
    for _ in range(3):
        button(window, "text_size").click()
    assert sizes == [125, 150, 100]


@pytest.mark.parametrize("scale", [100, 150])
@pytest.mark.parametrize(
    "values",
    [
        {"page": "welcome"}, {"page": "consent"}, {"page": "camera_check"}, {"page": "instructions"},
        {"page": "gaze_result", "validation": gaze.validation(), "can_accept_gaze": True, "can_recalibrate": True},
    ],
    ids=lambda v: v["page"],
)  # fmt: skip
def test_that_actions_stay_above_the_edge_of_a_small_screen(
    window: ParticipantWindow, qapp: QApplication, scale: int, values: dict[str, Any]
) -> None:
    apply_theme(qapp, Theme("light", scale))
    try:
        window.show_snapshot(shots.snapshot(**values))
        QTest.qWait(30)
        assert (window.width(), window.height()) == (1366, 768)
        page = window.page()
        shown = [
            b
            for b in page.findChildren(QAbstractButton)
            if b.isVisible() and not page.scroller.isAncestorOf(b)
        ]
        assert shown
        for one in shown:
            box = QRect(one.mapTo(window, QPoint(0, 0)), one.size())
            assert window.rect().contains(box), one.objectName()
            assert one.width() >= one.sizeHint().width(), one.objectName()
    finally:
        apply_theme(qapp, Theme())


def test_that_the_focus_ring_follows_the_keyboard_and_not_the_mouse(window: ParticipantWindow) -> None:
    window.show_snapshot(shots.snapshot("consent"))
    focus(window)
    ring = window._ring
    assert not ring.isVisible()
    press(window, Qt.Key.Key_Tab)
    focused = QApplication.focusWidget()
    assert focused is not None and ring.isVisible()
    assert ring.geometry().center() == QRect(focused.mapTo(window, QPoint(0, 0)), focused.size()).center()
    native = window.windowHandle()
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(20, 700))
    assert not ring.isVisible()
