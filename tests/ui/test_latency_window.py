"""The flashing window, seen by a simulated camera of a known delay; and the ways out of it."""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from ifllm_desktop import compose_devices
from ifllm_desktop.adapters.clock import MonotonicClock
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.gaze.latency import Latency
from ifllm_desktop.ports import Frame
from ifllm_desktop.ui import latency_window
from ifllm_desktop.ui.latency_run import LatencyRun
from ifllm_desktop.ui.latency_window import LatencyWindow
from tests.plug_camera import PlugCamera


class Watcher:
    """A simulated camera on a thread of its own that sees what the window really shows, ``delay_ms`` late.

    The window's pixel is read on the main thread, as often as Qt lets us; the camera's frames look it up.
    """

    def __init__(self, window: LatencyWindow, clock: MonotonicClock, delay_ms: float, reach: float) -> None:
        self.window, self.clock, self.reach = window, clock, reach
        self.delay_ns = round(delay_ms * NS_PER_MS)
        self.seen: deque[tuple[int, float]] = deque([(0, 0.0)], maxlen=20_000)
        self.frames: deque[Frame] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._timer = QTimer(window)
        self._timer.timeout.connect(self._look)
        self._timer.start(2)
        self._thread.start()

    def _look(self) -> None:
        view = self.window.flash
        shown = view.grab(view.rect().adjusted(0, 0, 8 - view.width(), 8 - view.height())).toImage()
        level = shown.pixelColor(2, 2).lightnessF() if view.isVisible() else 0.0
        if level != self.seen[-1][1]:
            self.seen.append((self.clock.now_ns(), level))
        while self.frames:
            self.window.add_frame(self.frames.popleft())

    def _run(self) -> None:
        rng = np.random.default_rng(1)
        due_ns, index = self.clock.now_ns(), 0
        while not self._stop.is_set():
            self.clock.wait_until(due_ns)
            now_ns = self.clock.now_ns()
            light_ns = now_ns - self.delay_ns
            level = next((v for t, v in reversed(list(self.seen)) if t <= light_ns), 0.0)
            grey = 80 + self.reach * level + rng.normal(0, 0.3)
            picture = np.full((72, 128, 3), np.clip(round(grey), 0, 255), np.uint8)
            self.frames.append(Frame(now_ns, index, picture, (128, 72), driver_ns=now_ns - 12 * NS_PER_MS))
            index += 1
            due_ns = max(due_ns + NS_PER_S // 30, now_ns)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(2.0)
        self._timer.stop()


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> LatencyWindow:
    monkeypatch.setattr(latency_window, "N_FLASHES", 12)
    clock = MonotonicClock()
    made = LatencyWindow(clock.now_ns, "Camera 0")
    qtbot.addWidget(made)
    made.show()
    return made


def words(window: LatencyWindow, name: str) -> str:
    found = window.findChild(QLabel, name)
    assert found is not None
    return found.text()


def click(qtbot: QtBot, window: LatencyWindow, name: str) -> None:
    found = window.findChild(QAbstractButton, name)
    assert found is not None and found.isVisible()
    qtbot.mouseClick(found, Qt.MouseButton.LeftButton)


def test_that_a_known_delay_of_the_picture_is_measured_and_can_be_kept(
    qtbot: QtBot, window: LatencyWindow
) -> None:
    clock = MonotonicClock()
    window._now_ns = clock.now_ns
    watcher = Watcher(window, clock, delay_ms=120.0, reach=12.0)
    kept: list[Latency] = []
    window.measured.connect(kept.append)
    click(qtbot, window, "latency_start")
    qtbot.waitUntil(lambda: window.stack.currentIndex() == 2, timeout=30_000)
    watcher.stop()
    assert window.result is not None, words(window, "latency_words")
    # the light is looked up when a frame is taken, and a frame comes on average half a period after a change
    assert window.result.total_ms == pytest.approx(120.0, abs=20.0)
    assert window.result.driver_ms == pytest.approx(12.0, abs=1.0)
    assert f"{window.result.total_ms:.0f} ms" in words(window, "latency_figure")
    assert "display and camera together" in words(window, "latency_words")
    click(qtbot, window, "latency_keep")
    assert kept == [window.result] and not window.isVisible()


def test_that_a_camera_that_does_not_see_the_screen_is_refused_with_words(
    qtbot: QtBot, window: LatencyWindow
) -> None:
    clock = MonotonicClock()
    window._now_ns = clock.now_ns
    watcher = Watcher(window, clock, delay_ms=120.0, reach=0.0)
    click(qtbot, window, "latency_start")
    qtbot.waitUntil(lambda: window.stack.currentIndex() == 2, timeout=30_000)
    watcher.stop()
    assert window.result is None and words(window, "latency_figure") == "Not measured"
    assert "darken the room" in words(window, "latency_words")
    assert not window.keep_button.isVisible() and window.again_button.isVisible()
    window.close()


def test_that_one_is_warned_first_can_skip_and_can_stop_the_flashing(
    qtbot: QtBot, window: LatencyWindow
) -> None:
    assert "sensitive to flashing light" in words(window, "latency_warning")
    kept: list[Latency] = []
    window.measured.connect(kept.append)
    qtbot.keyClick(window, Qt.Key.Key_Return)
    assert window.stack.currentIndex() == 1
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.stack.currentIndex() == 0 and not window._timer.isActive()
    click(qtbot, window, "latency_skip")
    assert not window.isVisible() and kept == []


class Owner(QWidget):
    """Any window that latency is measured from."""


def test_that_without_a_session_a_camera_is_opened_for_it_alone_and_closed_again(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path))
    cameras: list[PlugCamera] = []

    def opened_by(spec: str, clock: MonotonicClock) -> PlugCamera:
        cameras.append(PlugCamera(clock, name=f"Webcam {spec}"))
        cameras[-1].image_bgr = np.full((72, 128, 3), 90, np.uint8)
        return cameras[-1]

    monkeypatch.setattr(compose_devices, "opened_by", opened_by)
    owner = Owner()
    qtbot.addWidget(owner)
    owner.show()
    run = LatencyRun("7", owner)
    kept: list[dict[str, object]] = []
    run.kept.connect(kept.append)
    (camera,) = cameras
    qtbot.waitUntil(lambda: len(camera.seen_ns) > 5, timeout=10_000)
    camera.set_state("out")
    qtbot.waitUntil(run.window.news.isVisible, timeout=10_000)
    camera.set_state("in")
    found = Latency(88.0, 9.0, 2.0, 20, 20, None, 5.0, 30.0)
    run.window.measured.emit(found)
    qtbot.waitUntil(lambda: kept == [found.to_json()], timeout=10_000)
    with qtbot.waitSignal(run.closed, timeout=10_000):
        run.window.close()
    assert camera.n_closed >= 1
    assert compose_devices.camera_setup("7").latency == found.to_json(), "the next session writes it"


def test_that_closing_the_owner_ends_the_measurement(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    cameras: list[PlugCamera] = []

    def opened_by(spec: str, clock: MonotonicClock) -> PlugCamera:
        cameras.append(PlugCamera(clock))
        return cameras[-1]

    monkeypatch.setattr(compose_devices, "opened_by", opened_by)
    owner = Owner()
    qtbot.addWidget(owner)
    run = LatencyRun("7", owner)
    qtbot.waitUntil(lambda: len(cameras[0].seen_ns) > 2, timeout=10_000)
    run.finish()
    assert cameras[0].n_closed >= 1 and not run.window.isVisible()
