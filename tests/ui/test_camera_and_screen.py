"""The window "Camera and screen": by pointer and by keys, from nothing to what is stored."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from ifllm_desktop import compose_devices
from ifllm_desktop.adapters.camera_devices import CameraDevice
from ifllm_desktop.capture.board_run import BoardRun
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.screen_size import CARD_MM, UNKNOWN_SIZE, ScreenSize
from ifllm_desktop.gaze.camera_board import BOARDS
from ifllm_desktop.settings import screen_profile
from ifllm_desktop.ui.camera_and_screen import CameraAndScreen
from ifllm_desktop.ui.home_devices import (
    DeviceFacts,
    camera_words,
    device_facts,
    lens_words,
    screen_row,
)
from ifllm_desktop.ui.screen_size_facts import ScreenFacts, screen_facts
from ifllm_desktop.ui.screen_size_page import ScreenSizePage
from ifllm_desktop.ui.theme import Theme, apply_theme
from tests.board_pictures import LENS, board_seen, poses
from tests.unit.test_board_run import PictureCamera

LIMIT_MS = 20_000
WEBCAM = CameraDevice(3, "HD Pro Webcam C920", "usb-046d-082d", "/dev/video3", "V4L2")
LAPTOP_PX = (1366.0, 768.0)
EDID = ScreenSize(310.0, 174.0, "edid")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.fixture
def webcam(monkeypatch: pytest.MonkeyPatch) -> None:
    """One camera is plugged in."""
    monkeypatch.setattr(compose_devices, "list_cameras", lambda: (WEBCAM,))
    monkeypatch.setattr(compose_devices, "device_at", lambda index: WEBCAM if index == 3 else None)


@pytest.fixture
def window(qapp: QApplication, qtbot: QtBot) -> Iterator[CameraAndScreen]:
    apply_theme(qapp, Theme())
    made = CameraAndScreen("0")
    made.show()
    qtbot.waitExposed(made)
    settle(qtbot, made)
    yield made
    made.close()
    made.deleteLater()


def settle(qtbot: QtBot, window: CameraAndScreen) -> None:
    for _ in range(3):
        done: list[None] = []
        window.background.run(lambda _: None, done.append, lambda _: None)
        qtbot.waitUntil(lambda d=done: bool(d), timeout=LIMIT_MS)


def button(window: QWidget, name: str) -> QAbstractButton:
    found = window.findChild(QAbstractButton, name)
    assert found is not None, name
    return found


def words(window: QWidget, name: str) -> str:
    found = window.findChild(QLabel, name)
    assert found is not None, name
    return found.text()


# ---- camera ----------------------------------------------------------------------------------


def test_that_without_a_camera_nothing_can_be_started_and_the_page_says_so(window: CameraAndScreen) -> None:
    page = window.camera_page
    assert page.cameras.currentText() == "No camera was found"
    assert (
        not button(window, "board_start").isEnabled() and not button(window, "distance_measure").isEnabled()
    )
    assert words(window, "camera_light") == "Camera off"


def test_that_a_camera_that_is_plugged_in_appears_by_itself(
    window: CameraAndScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose_devices, "list_cameras", lambda: (WEBCAM,))
    qtbot.waitUntil(lambda: window.camera_page.cameras.currentText() == WEBCAM.name, timeout=LIMIT_MS)
    assert button(window, "board_start").isEnabled()


def show_board_to(window: CameraAndScreen, monkeypatch: pytest.MonkeyPatch, n: int = 24) -> None:
    spec = BOARDS["charuco"]
    pictures = [
        board_seen(spec, LENS, rotation, place, seed=index)
        for index, (rotation, place) in enumerate(poses(n, spec, LENS, seed=3))
    ]
    asked = []

    def run(camera: str, board: str) -> BoardRun:
        asked.append((camera, board))
        return BoardRun(PictureCamera(pictures), BOARDS[board])

    monkeypatch.setattr(compose_devices, "board_run", run)
    button(window, "board_start").click()
    assert asked == [("3", "charuco")]


def test_that_a_lens_is_measured_kept_by_enter_and_forgotten(
    webcam: None, window: CameraAndScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = window.camera_page
    assert page.cameras.currentText() == WEBCAM.name and "assumed" in words(window, "camera_in_use")
    show_board_to(window, monkeypatch)
    assert page.steps.currentIndex() == 1
    qtbot.waitUntil(lambda: words(window, "camera_light").startswith("Camera on"), timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: page.steps.currentIndex() == 2, timeout=LIMIT_MS)
    assert "66° wide" in words(window, "board_figures") and words(window, "board_verdict").startswith("Good")
    assert words(window, "camera_light") == "Camera off"
    assert compose_devices.camera_setup("3").intrinsics is None  # nothing is stored before it is kept
    QTest.keyClick(window, Qt.Key.Key_Return)
    settle(qtbot, window)
    kept = compose_devices.camera_setup("3").intrinsics
    assert kept is not None and abs(kept.fx_px / LENS.fx_px - 1) < 0.01
    assert "measured lens, 66° wide" in words(window, "camera_in_use")
    assert kept == compose_devices.camera_setup("3").intrinsics
    button(window, "camera_forget").click()
    settle(qtbot, window)
    assert compose_devices.camera_setup("3").intrinsics is None and "assumed" in words(
        window, "camera_in_use"
    )


def test_that_escape_stops_a_run_and_stores_nothing_and_closes_only_then(
    webcam: None, window: CameraAndScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_board_to(window, monkeypatch, n=2)  # two places only: it would never end by itself
    qtbot.waitUntil(lambda: window.camera_page.preview._image is not None, timeout=LIMIT_MS)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.camera_page.steps.currentIndex() == 0, timeout=LIMIT_MS)
    assert window.isVisible() and compose_devices.camera_setup("3").intrinsics is None
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_that_too_few_views_are_refused_in_words_and_can_be_tried_again(
    webcam: None, window: CameraAndScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_board_to(window, monkeypatch, n=2)
    qtbot.waitUntil(lambda: words(window, "board_count").startswith("2"), timeout=LIMIT_MS)
    assert not button(window, "board_finish").isEnabled()
    window._finish()
    qtbot.waitUntil(lambda: window.camera_page.steps.currentIndex() == 0, timeout=LIMIT_MS)
    assert "in 2 different pictures" in words(window, "camera_problem")
    assert button(window, "board_start").isEnabled()


def test_that_a_camera_that_fails_says_why(
    webcam: None, window: CameraAndScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Busy(PictureCamera):
        def open(self) -> None:
            raise WorldError("camera_busy", device="HD Pro Webcam C920")

    monkeypatch.setattr(compose_devices, "board_run", lambda camera, board: BoardRun(Busy([]), BOARDS[board]))
    button(window, "board_start").click()
    qtbot.waitUntil(lambda: "another program" in words(window, "camera_problem"), timeout=LIMIT_MS)


def test_that_closing_in_the_middle_of_a_run_ends_it(
    webcam: None, window: CameraAndScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_board_to(window, monkeypatch, n=2)
    qtbot.waitUntil(lambda: window.camera_page.preview._image is not None, timeout=LIMIT_MS)
    run = window._run
    assert run is not None
    window.close()
    assert run.look.state == "stopped"


def test_that_a_distance_is_only_measured_when_a_number_was_typed(
    webcam: None, window: CameraAndScreen, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, float, str]] = []

    def measure(spec: str, stated_mm: float, person: str, landmarker: object, cancel: object) -> None:
        asked.append((spec, stated_mm, person))
        raise WorldError("camera_lost")

    monkeypatch.setattr(compose_devices, "measure_distance", measure)
    monkeypatch.setattr("ifllm_desktop.ui.camera_and_screen.open_landmarker", lambda: None)
    page = window.camera_page
    page.distance.setFocus()
    QTest.keyClicks(page.distance, "far")
    assert not page.measure_button.isEnabled()
    page.distance.clear()
    QTest.keyClicks(page.distance, "61,5")
    QTest.keyClicks(page.person, "P001")
    QTest.keyClick(page.person, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "disconnected" in words(window, "camera_problem"), timeout=LIMIT_MS)
    assert asked == [("3", 615.0, "P001")] and page.measure_button.isEnabled()


# ---- screen ----------------------------------------------------------------------------------


@pytest.fixture
def page(window: CameraAndScreen, qtbot: QtBot) -> ScreenSizePage:
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: window.stack.currentIndex() == 1, timeout=LIMIT_MS)
    assert window.screen_page.card.hasFocus()
    window.screen_page.set_screen("LP140", LAPTOP_PX, EDID, EDID)
    return window.screen_page


def test_that_nothing_can_be_kept_before_a_card_was_matched(
    window: CameraAndScreen, page: ScreenSizePage
) -> None:
    assert not page.keep_button.isEnabled() and words(page, "screen_size_figure") == "31.0 × 17.4 cm"
    assert math.isclose(page.card.card_width_px, CARD_MM[0] / 310 * 1366)
    seen: list[object] = []
    page.keep.connect(seen.append)
    page.card.setFocus()
    QTest.keyClick(page.card, Qt.Key.Key_Return)
    assert seen == []


def test_that_arrow_keys_match_the_card_and_enter_keeps_it(
    window: CameraAndScreen, page: ScreenSizePage, qtbot: QtBot
) -> None:
    start = page.card.card_width_px
    page.card.setFocus()
    QTest.keyClick(page.card, Qt.Key.Key_Right)
    QTest.keyClick(page.card, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(page.card, Qt.Key.Key_Plus)
    QTest.keyClick(page.card, Qt.Key.Key_Minus)
    QTest.keyClick(page.card, Qt.Key.Key_Left)
    assert math.isclose(page.card.card_width_px, start + 10)
    QTest.keyClick(page.card, Qt.Key.Key_Return)
    settle(qtbot, window)
    stored = screen_profile(screen_facts(window.screen()).key)
    assert stored is not None and stored.source == "card"
    assert math.isclose(stored.w_mm, CARD_MM[0] / (start + 10) * 1366)
    assert "by a card" in words(page, "screen_size_in_use")
    page.forget_button.click()
    settle(qtbot, window)
    assert screen_profile(screen_facts(window.screen()).key) is None


def test_that_the_pointer_pulls_the_edge_and_a_great_difference_is_told(page: ScreenSizePage) -> None:
    card = page.card
    grip = QPoint(round(28 + card.card_width_px), 120)
    QTest.mousePress(card, Qt.MouseButton.LeftButton, pos=grip)
    QTest.mouseMove(card, grip + QPoint(-60, 30))
    QTest.mouseRelease(card, Qt.MouseButton.LeftButton, pos=grip + QPoint(-60, 30))
    wide = CARD_MM[0] / 310 * 1366 - 60
    assert abs(card.card_width_px - wide) < 1
    percent = round(100 * (CARD_MM[0] / card.card_width_px * 1366 / 310 - 1))
    assert f"{percent} % larger than the system says" in words(page, "screen_size_warning")
    card.pull(60.0)
    assert "larger" in words(page, "screen_size_warning")
    card.pull(1e9)  # no wider than there is room for
    assert card.card_width_px < card.width()


def test_that_inches_can_be_typed_and_nonsense_is_refused(page: ScreenSizePage) -> None:
    kept: list[ScreenSize] = []
    page.keep.connect(kept.append)
    page.inches.setFocus()
    QTest.keyClicks(page.inches, "15,6")
    assert words(page, "screen_size_figure") == "34.5 × 19.4 cm"
    QTest.keyClick(page.inches, Qt.Key.Key_Return)
    assert [k.source for k in kept] == ["typed"]
    for text in ("0", "-4", "900", "abc"):
        page.inches.clear()
        QTest.keyClicks(page.inches, text)
        assert not page.keep_button.isEnabled() and "cannot be the size" in words(page, "screen_size_warning")
        QTest.keyClick(page.inches, Qt.Key.Key_Return)
    assert len(kept) == 1
    page.card.pull(300.0)
    assert page.inches.text() == "" and page.keep_button.isEnabled()


def test_that_an_unknown_screen_is_said_to_be_unknown(page: ScreenSizePage) -> None:
    page.set_screen("Projector", LAPTOP_PX, UNKNOWN_SIZE, UNKNOWN_SIZE)
    assert "no usable size" in words(page, "screen_size_system") and "unknown" in words(
        page, "screen_size_in_use"
    )
    page.card.pull(330.0)
    assert words(page, "screen_size_warning") == "" and page.keep_button.isEnabled()


# ---- Home ------------------------------------------------------------------------------------


def test_that_home_says_what_is_known_of_camera_and_screen(webcam: None) -> None:
    screen = ScreenFacts("key", LAPTOP_PX, (0.0, 0.0), 1.0)
    facts = device_facts("3", screen)
    assert camera_words("3", facts) == WEBCAM.name and "assumed 60°" in lens_words(facts)
    assert screen_row(facts).state == "warning" and math.isnan(screen.session_screen().w_mm)
    compose_devices.change_profile("3", intrinsics=LENS.to_json())
    assert "measured 66°" in lens_words(device_facts("3", screen))
    known = ScreenFacts("key", LAPTOP_PX, (310.0, 174.0), 1.0)
    assert screen_row(device_facts("3", known)).value == "31 × 17 cm"
    assert (
        known.session_screen().size_source == "edid" and known.session_screen().distance_source == "assumed"
    )
    assert camera_words("simulated", DeviceFacts()) == "Camera simulated"
