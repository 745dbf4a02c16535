"""The last page: what was recorded is told, and goes away when the participant wants that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFrame

from ifllm_desktop import compose
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.ui.live_session import LiveSession
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.theme import Theme, apply_theme
from tests import participant_snapshots as shots
from tests.withdrawal_study import found_in

Commands = list[tuple[str, tuple[Any, ...]]]


@pytest.fixture
def asked(window: ParticipantWindow) -> list[str]:
    """``erased`` for each time that the page asked for it."""
    window.show_snapshot(shots.snapshot("finish", ended="finished"))
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    window.page().focus_first()
    seen: list[str] = []
    window.finish.erased.connect(lambda: seen.append("erased"))
    return seen


def press(window: ParticipantWindow, key: Qt.Key) -> None:
    QTest.keyClick(window.windowHandle(), key)


def question(window: ParticipantWindow) -> QFrame:
    found = window.findChild(QFrame, "finish_question")
    assert isinstance(found, QFrame)
    return found


def test_that_enter_keeps_everything(window: ParticipantWindow, asked: list[str]) -> None:
    press(window, Qt.Key.Key_Return)
    assert not window.isVisible() and asked == []


def test_that_erasing_asks_once_and_enter_still_keeps(window: ParticipantWindow, asked: list[str]) -> None:
    press(window, Qt.Key.Key_Delete)
    assert question(window).isVisible() and window.isVisible() and asked == []
    press(window, Qt.Key.Key_Return)
    assert not window.isVisible() and asked == []


def test_that_escape_takes_the_question_back(window: ParticipantWindow, asked: list[str]) -> None:
    press(window, Qt.Key.Key_Delete)
    press(window, Qt.Key.Key_Escape)
    assert not question(window).isVisible()
    press(window, Qt.Key.Key_Delete)
    assert question(window).isVisible() and asked == []


def test_that_a_second_yes_erases(window: ParticipantWindow, asked: list[str]) -> None:
    button = window.findChild(QAbstractButton, "finish_erase")
    assert isinstance(button, QAbstractButton)
    for _ in range(2):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked == ["erased"]


@pytest.mark.parametrize("scale", [100, 150])
def test_that_both_ways_out_stay_on_a_small_screen(
    window: ParticipantWindow, qapp: QApplication, asked: list[str], scale: int
) -> None:
    apply_theme(qapp, Theme("light", scale))
    press(window, Qt.Key.Key_Delete)
    QTest.qWait(20)
    for name in ("finish_erase", "finish_done"):
        button = window.findChild(QAbstractButton, name)
        assert isinstance(button, QAbstractButton) and button.isVisible()
        assert window.rect().contains(button.mapTo(window, button.rect().bottomRight())), name
    apply_theme(qapp, Theme())


# ---- the session itself -----------------------------------------------------------------------------------------
@pytest.fixture
def live(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveSession]:
    """A session with the pointer alone, at its last page after an early end."""
    apply_theme(qapp, Theme())
    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path / "config"))
    study = compose.open_study(compose.new_study(tmp_path / "study", "demo"))
    screen = Screen(1366.0, 768.0, 1.0, 310.0, 174.0, 600.0)
    options = compose.SessionOptions(
        "simulated", 1, simulated_clock=False, simulated_person=True, screen=screen
    )
    window = ParticipantWindow()
    made = LiveSession(compose.prepare_session(study, "ALICE-17", options), window)
    window.show()
    made.start()
    made.command("next")
    scopes = {entry.scope: entry.scope == "pointer" for entry in made.parts.protocol.consent}
    made.command("consent", scopes)
    made.command("next")
    QTest.mouseMove(window, window.rect().center())
    made.command("stop", "participant")
    yield made
    window.close()
    made.close() if study.catalogue().participants() else None
    window.deleteLater()
    made.deleteLater()
    study.close()


def test_that_what_is_erased_at_the_end_is_nowhere_in_the_study(live: LiveSession) -> None:
    info, folder = live.parts.info, live.parts.study.path
    words = {info.participant_id, info.session_id}
    window = live._window
    assert window.page() is window.finish
    with QTestSignal(live) as closed:
        window.finish.erased.emit()
    assert closed and not window.isVisible()
    live.detach()
    assert found_in(folder, words).keys() == words  # the search is not blind
    assert live.seal() == "erased"
    assert found_in(folder, words) == {}
    catalogue = live.parts.study.catalogue()
    assert not catalogue.participants() and [stone.what for stone in catalogue.tombstones()] == [
        "participant"
    ]


def test_that_a_program_that_dies_before_it_erases_does_so_at_the_next_start(
    live: LiveSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    info, folder = live.parts.info, live.parts.study.path
    live._window.finish.erased.emit()
    live.detach()
    monkeypatch.setattr("ifllm_desktop.ui.live_session.finish_erasures", lambda _: [])
    live.seal()
    live.parts.study.close()
    assert found_in(folder, {info.session_id})
    compose.open_study(folder).close()
    assert found_in(folder, {info.participant_id, info.session_id}) == {}


class QTestSignal:
    """True once the session has asked to be ended."""

    def __init__(self, live: LiveSession) -> None:
        self._n = 0
        live.window_closed.connect(self._count)

    def _count(self) -> None:
        self._n += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        QTest.qWait(20)

    def __bool__(self) -> bool:
        return self._n > 0
