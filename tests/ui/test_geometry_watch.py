"""Changes of the window's place: told once, when it has come to rest, and never for the way to full screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from ifllm_desktop.ui.geometry_watch import SETTLE_MS, GeometryWatch

REST_MS = SETTLE_MS + 150


@pytest.fixture
def place(qtbot) -> QWidget:  # type: ignore[no-untyped-def]
    made = QWidget()
    qtbot.addWidget(made)
    made.setGeometry(40, 30, 500, 300)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def told(place: QWidget) -> Iterator[tuple[GeometryWatch, list[str]]]:
    watch = GeometryWatch(place)
    kinds: list[str] = []
    watch.changed.connect(kinds.append)
    yield watch, kinds
    watch.stop()
    watch.deleteLater()


def test_that_nothing_is_told_before_a_place_was_noted(
    place: QWidget, told: tuple[GeometryWatch, list[str]]
) -> None:
    place.showFullScreen()
    QTest.qWait(REST_MS)
    assert told[1] == []
    told[0].rebase()
    QTest.qWait(REST_MS)
    assert told[1] == []


def test_that_a_drag_in_many_steps_is_told_once(
    place: QWidget, told: tuple[GeometryWatch, list[str]]
) -> None:
    watch, kinds = told
    watch.rebase()
    for step in range(1, 9):
        place.resize(500 + 20 * step, 300)
        QTest.qWait(40)
    assert kinds == []  # it has not come to rest
    QTest.qWait(REST_MS)
    assert kinds == ["resized"]


def test_that_a_move_is_told_apart_from_a_resize_and_each_change_again(
    place: QWidget, told: tuple[GeometryWatch, list[str]]
) -> None:
    watch, kinds = told
    watch.rebase()
    place.move(120, 90)
    QTest.qWait(REST_MS)
    place.setGeometry(10, 10, 400, 250)
    QTest.qWait(REST_MS)
    place.move(60, 60)
    QTest.qWait(REST_MS)
    assert kinds == ["moved", "resized", "moved"]


def test_that_there_and_back_is_no_change(place: QWidget, told: tuple[GeometryWatch, list[str]]) -> None:
    watch, kinds = told
    watch.rebase()
    place.resize(600, 400)
    QTest.qWait(60)
    place.resize(500, 300)
    QTest.qWait(REST_MS)
    assert kinds == []


def test_that_a_minimised_window_is_not_looked_at(
    place: QWidget, told: tuple[GeometryWatch, list[str]]
) -> None:
    watch, kinds = told
    watch.rebase()
    place.setWindowState(Qt.WindowState.WindowMinimized)
    QTest.qWait(REST_MS)
    place.setWindowState(Qt.WindowState.WindowNoState)
    QTest.qWait(REST_MS)
    assert kinds == []


def test_that_another_screen_comes_first(
    place: QWidget, told: tuple[GeometryWatch, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, kinds = told
    watch.rebase()
    before = watch._place()
    another = before._replace(screen=("other", 1280, 720, 2.0), size=(400, 200))
    monkeypatch.setattr(watch, "_place", lambda: another)
    native = place.windowHandle()
    assert native is not None
    native.screenChanged.emit(native.screen())
    QTest.qWait(REST_MS)
    assert kinds == ["screen_changed"]


def test_that_nothing_is_told_after_it_let_go(place: QWidget, told: tuple[GeometryWatch, list[str]]) -> None:
    watch, kinds = told
    watch.rebase()
    watch.stop()
    place.resize(700, 420)
    QTest.qWait(REST_MS)
    assert kinds == []
