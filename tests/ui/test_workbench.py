"""The workbench with a study and a participant's window, up to what people do that nobody planned for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from ifllm_desktop import compose
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.theme import Theme, apply_theme
from ifllm_desktop.ui.workbench import Workbench

LIMIT_MS = 15_000
NO_CAMERA = "97"
"""Number of a camera that no machine has."""
YES = {"pointer": True, "gaze": True, "eye_patches": False, "sharing": False}
Open = Callable[[str], Workbench]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path / "config"))
    return compose.new_study(tmp_path / "study", "demo")


@pytest.fixture
def open_workbench(qapp: QApplication, qtbot: QtBot, study: Path) -> Iterator[Open]:
    """Opens the workbench with the study chosen; everything is closed after the test."""
    apply_theme(qapp, Theme())
    made: list[Workbench] = []

    def open_with(camera: str) -> Workbench:
        bench = Workbench(camera=camera)
        made.append(bench)
        bench.window.show_fitting()
        bench.choose(study)
        settle(qtbot, bench)
        return bench

    yield open_with
    for bench in made:
        settle(qtbot, bench)
        bench.close()
        bench.window.close()
        bench.window.deleteLater()
        bench.deleteLater()


def settle(qtbot: QtBot, bench: Workbench) -> None:
    """Wait for what runs in the background, and for what that sets off."""
    for _ in range(3):
        done: list[None] = []
        bench.background.run(lambda _: None, done.append, lambda _: None)
        qtbot.waitUntil(partial(bool, done), timeout=LIMIT_MS)


def ready(button: QAbstractButton) -> bool:
    """Whether it can be seen and pressed."""
    return button.isVisible() and button.isEnabled() and not button.rect().isEmpty()


def press(window: QWidget, name: str) -> None:
    """A click on a button; not at its place in the window, for the offscreen screen is smaller than the page."""
    button = window.findChild(QAbstractButton, name)
    assert button is not None, name
    # the widgets of a page that was just brought up have no place before it is laid out
    end_s = time.monotonic() + LIMIT_MS / 1000
    while not ready(button) and time.monotonic() < end_s:
        QTest.qWait(10)
    assert ready(button), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def words(window: QWidget, name: str) -> str:
    found = window.findChild(QLabel, name)
    assert found is not None, name
    return found.text()


def participant(qtbot: QtBot, bench: Workbench) -> ParticipantWindow:
    """The participant's window, on its first page."""
    press(bench.window, "home_run_study")
    qtbot.waitUntil(lambda: bench._participant_window is not None, timeout=LIMIT_MS)
    window = bench._participant_window
    assert window is not None
    qtbot.waitExposed(window)
    press(window, "welcome_next")
    return window


def agree(window: ParticipantWindow, **answers: bool) -> None:
    for scope, answer in {**YES, **answers}.items():
        press(window, f"consent_{'yes' if answer else 'no'}_{scope}")
    press(window, "consent_continue")


def close(qtbot: QtBot, bench: Workbench, window: ParticipantWindow) -> RecordingSource:
    """Close the participant's window and read what was recorded."""
    window.close()
    qtbot.waitUntil(lambda: bench._live is None, timeout=LIMIT_MS)
    settle(qtbot, bench)
    assert bench._study is not None
    (info,) = bench._study.catalogue().sessions()
    return bench._study.source(info.session_id)


def test_that_a_window_closed_in_the_middle_stops_the_session_and_keeps_it(
    qtbot: QtBot, open_workbench: Open
) -> None:
    bench = open_workbench(compose.SIMULATED)
    window = participant(qtbot, bench)
    agree(window)
    assert "simulated gaze" in words(window, "recording_text")
    qtbot.waitUntil(lambda: window.camera.primary is not None and window.camera.primary.isEnabled())
    source = close(qtbot, bench, window)
    assert source.info().state == "stopped"
    assert source.events()[-1].kind == "session_end"
    assert len(source.read("landmarks")) > 0
    assert source.segments()[0].closed_cleanly
    assert bench.home.table.model().rowCount() == 1
    assert "ended early" in bench.window.work_text.text()


def test_that_declining_records_nothing_of_the_person(qtbot: QtBot, open_workbench: Open) -> None:
    bench = open_workbench(compose.SIMULATED)
    window = participant(qtbot, bench)
    press(window, "consent_decline")
    assert words(window, "recording_text") == "Nothing is being recorded"
    press(window, "declined_close")
    source = close(qtbot, bench, window)
    for stream in ("landmarks", "gaze", "gap", "pointer", "wheel", "key", "focus", "window"):
        assert len(source.read(stream)) == 0, stream
    assert "declined" in bench.window.work_text.text()


def test_that_the_camera_is_never_opened_without_consent_to_gaze(qtbot: QtBot, open_workbench: Open) -> None:
    bench = open_workbench(NO_CAMERA)  # opening it would be told as an event
    window = participant(qtbot, bench)
    press(window, "consent_no_gaze")
    assert "camera stays off" in words(window, "consent_needed_gaze")
    agree(window, gaze=False)
    assert window.page().objectName() == "page_instructions"
    assert words(window, "recording_text") == "Recording pointer"
    QTest.mouseMove(window.windowHandle(), QPoint(300, 300))
    qtbot.wait(300)
    source = close(qtbot, bench, window)
    assert [e for e in source.events() if e.kind == "camera"] == []
    assert len(source.read("pointer")) > 0


def test_that_a_camera_that_is_not_there_is_said_and_one_can_go_on_without_gaze(
    qtbot: QtBot, open_workbench: Open
) -> None:
    bench = open_workbench(NO_CAMERA)
    window = participant(qtbot, bench)
    agree(window)
    qtbot.waitUntil(lambda: words(window, "camera_note") == "You can go on without gaze.", timeout=LIMIT_MS)
    assert f"Camera {NO_CAMERA} was not found" in bench.window.work_text.text()
    assert words(window, "recording_text") == "Recording pointer"
    press(window, "camera_without_gaze")
    assert window.page().objectName() == "page_instructions"
    source = close(qtbot, bench, window)
    assert [e.payload["state"] for e in source.events() if e.kind == "camera"] == ["lost", "unused"]


def test_that_nothing_of_the_person_is_recorded_while_paused(qtbot: QtBot, open_workbench: Open) -> None:
    bench = open_workbench(compose.SIMULATED)
    window = participant(qtbot, bench)
    agree(window)
    qtbot.waitUntil(lambda: window.camera.primary is not None and window.camera.primary.isEnabled())
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_F9)
    assert words(window, "recording_text") == "Paused: nothing is being recorded"
    for x_px in range(100, 200, 20):
        QTest.mouseMove(window.windowHandle(), QPoint(x_px, 300))
    qtbot.wait(300)
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_F9)
    n_before = bench._live.parts.conductor.recorder.n_rows["landmarks"] if bench._live is not None else -1
    qtbot.waitUntil(
        lambda: (
            bench._live is not None
            and bench._live.parts.conductor.recorder.n_rows["landmarks"] > n_before + 3
        )
    )
    source = close(qtbot, bench, window)
    t0_ns, t1_ns = (next(e.t_ns for e in source.events() if e.kind == kind) for kind in ("pause", "resume"))
    for stream in ("landmarks", "gaze", "gap", "pointer", "focus"):
        t_ns = source.read(stream)["t_ns"]
        assert not ((t_ns > t0_ns) & (t_ns < t1_ns)).any(), stream
    t_ns = source.read("landmarks")["t_ns"]
    assert (t_ns < t0_ns).any() and (t_ns > t1_ns).any()


def test_that_a_broken_study_file_is_told_in_full_on_home(
    qtbot: QtBot, open_workbench: Open, study: Path
) -> None:
    bench = open_workbench(compose.SIMULATED)
    path = StudyFolder.open(study).protocol_path
    path.write_text(path.read_text(encoding="utf-8") + "\nsurprise: 1\n", encoding="utf-8")
    press(bench.window, "home_run_study")
    qtbot.waitUntil(bench.home.notice.isVisible, timeout=LIMIT_MS)
    said = words(bench.window, "home_notice")
    assert "line" in said and "surprise" in said and "Mend that line" in said
    assert bench._live is None and bench._participant_window is None
    press(bench.window, "home_notice_close")
    assert not bench.home.notice.isVisible()


def test_that_the_window_stays_on_the_screen(open_workbench: Open) -> None:
    window = open_workbench(compose.SIMULATED).window
    assert window.screen().geometry().contains(window.geometry())
