"""The probe: every event once, stamped, with its place; never which key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget

from ifllm_desktop.domain.samples import STREAMS, Row
from ifllm_desktop.ui.pointer_probe import PointerProbe, key_class, prepare_qt

CLASSES = {
    "text", "digit", "enter", "space", "backspace", "delete", "tab", "escape", "arrow", "modifier", "function", "other",
}  # fmt: skip


class Watched:
    def __init__(self, qtbot) -> None:  # type: ignore[no-untyped-def]
        self.rows: list[tuple[str, Row]] = []
        self.times = iter(range(10**9))
        self.widget = QWidget()
        self.widget.setObjectName("page")
        layout = QVBoxLayout(self.widget)
        self.edit = QLineEdit()
        self.edit.setObjectName("task_prompt")
        self.button = QPushButton("Go")
        self.button.setObjectName("task_send")
        layout.addWidget(self.edit)
        layout.addWidget(self.button)
        qtbot.addWidget(self.widget)
        self.widget.resize(300, 200)
        self.widget.show()
        self.places: list[tuple[float, float] | None] = []
        self.probe = PointerProbe(lambda: next(self.times), self._record, self.places.append)
        self.probe.install(self.widget)

    def _record(self, stream: str, row: Row) -> None:
        self.rows.append((stream, row))

    def of(self, stream: str) -> list[Row]:
        return [row for name, row in self.rows if name == stream]

    def center(self, widget: QWidget) -> QPoint:
        return widget.mapTo(self.widget, widget.rect().center())


@pytest.fixture
def watched(qtbot) -> Iterator[Watched]:  # type: ignore[no-untyped-def]
    made = Watched(qtbot)
    yield made
    made.probe.remove()


def test_that_a_click_is_noted_once_with_button_place_and_target(watched: Watched) -> None:
    point = watched.center(watched.button)
    QTest.mouseClick(
        watched.widget.windowHandle(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point
    )
    clicks = [row for row in watched.of("pointer") if row[1] in ("press", "release")]
    assert [row[1] for row in clicks] == ["press", "release"]
    on_screen = watched.widget.mapToGlobal(point)
    assert {(row[2], row[3]) for row in clicks} == {(on_screen.x(), on_screen.y())}
    assert {row[4:] for row in clicks} == {("left", "task_send")}
    assert clicks[0][0] < clicks[1][0]


def test_that_a_press_on_a_child_is_not_noted_again_for_its_parents(watched: Watched) -> None:
    point = QPoint(2, 2)  # the bare page: nothing takes the event, so Qt offers it upwards
    QTest.mousePress(
        watched.widget.windowHandle(), Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, point
    )
    assert [row[5] for row in watched.of("pointer") if row[1] == "press"] == ["page"]


def test_that_keys_are_noted_by_class_and_never_by_character(watched: Watched) -> None:
    watched.edit.setFocus()
    secret = "Qz7é!"
    for character in secret:
        QTest.keyClick(watched.widget.windowHandle(), character)
    QTest.keyClick(watched.widget.windowHandle(), Qt.Key.Key_Backspace)
    keys = watched.of("key")
    assert len(keys) >= 2 * len(secret)
    known = CLASSES | {
        "press",
        "release",
        "task_prompt",
        "task_send",
        "page",
        "widget",
        "window_in",
        "window_out",
        "",
    }
    assert {value for _, row in watched.rows for value in row if isinstance(value, str)} <= known
    assert {row[2] for row in keys} <= CLASSES
    assert {"text", "digit", "backspace"} <= {row[2] for row in keys}


@given(st.integers(min_value=0, max_value=0x0110FFFF))
def test_that_no_two_letters_can_be_told_apart(code: int) -> None:
    found = key_class(code)
    assert found in CLASSES
    if 0x41 <= code <= 0x5A:
        assert found == "text"


def test_that_repeated_keys_are_told_from_pressed_ones(watched: Watched) -> None:
    window = watched.widget.windowHandle()
    event = QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier, "a", True)
    QCoreApplication.sendEvent(window, event)
    assert [row[1:3] for row in watched.of("key")] == [("repeat", "text")]


def test_that_the_wheel_is_noted_with_its_steps_and_target(watched: Watched) -> None:
    point = QPointF(watched.center(watched.edit))
    on_screen = QPointF(watched.widget.mapToGlobal(point.toPoint()))
    event = QWheelEvent(
        point, on_screen, QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QCoreApplication.sendEvent(watched.widget.windowHandle(), event)
    assert watched.of("wheel")[0][1:] == (on_screen.x(), on_screen.y(), 0.0, -120.0, "task_prompt")


def test_that_rows_fit_the_columns_of_their_streams(watched: Watched) -> None:
    QTest.mouseMove(watched.widget.windowHandle(), watched.center(watched.button))
    QTest.keyClick(watched.widget.windowHandle(), Qt.Key.Key_Tab)
    watched.probe.note_selection("r1", 3, 9)
    watched.widget.resize(320, 210)
    QApplication.processEvents()
    kinds = {"i": int, "f": float, "s": str}
    assert {"key", "selection", "window"} <= {stream for stream, _ in watched.rows}
    for stream, row in watched.rows:
        columns = STREAMS[stream].columns
        assert len(row) == len(columns), (stream, row)
        assert all(isinstance(value, kinds[kind]) for value, (_, kind) in zip(row, columns, strict=True)), (
            stream,
            row,
        )


def test_that_the_window_is_noted_when_it_changes_and_only_then(watched: Watched) -> None:
    assert len(watched.of("window")) == 1
    watched.widget.resize(340, 220)
    QApplication.processEvents()
    rows = watched.of("window")
    assert rows[-1][3:5] == (340.0, 220.0)
    assert len({row[1:] for row in rows}) == len(rows)


def test_that_the_window_is_noted_again_when_it_was_refused_before_consent(watched: Watched) -> None:
    watched.probe.remove()
    consented = False
    kept: list[tuple[str, Row]] = []

    def record(stream: str, row: Row) -> int:
        if consented:
            kept.append((stream, row))
        return int(consented)

    probe = PointerProbe(lambda: next(watched.times), record)
    probe.install(watched.widget)
    consented = True
    QTest.keyClick(watched.widget.windowHandle(), Qt.Key.Key_A)
    probe.remove()
    assert kept[0][0] == "window"
    assert [stream for stream, _ in kept].count("window") == 1


def test_that_nothing_is_noted_after_it_was_removed(watched: Watched) -> None:
    watched.probe.remove()
    watched.rows.clear()
    QTest.keyClick(watched.widget.windowHandle(), Qt.Key.Key_A)
    watched.widget.resize(360, 240)
    QApplication.processEvents()
    assert watched.rows == []


def test_that_activity_tells_where_but_not_for_keys(watched: Watched) -> None:
    point = watched.center(watched.button)
    QTest.mousePress(
        watched.widget.windowHandle(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point
    )
    QTest.keyPress(watched.widget.windowHandle(), Qt.Key.Key_A)
    on_screen = watched.widget.mapToGlobal(point)
    assert watched.places[-2:] == [(on_screen.x(), on_screen.y()), None]


def test_that_qt_is_asked_for_every_pointer_event(qapp: QApplication) -> None:
    attribute = Qt.ApplicationAttribute.AA_CompressHighFrequencyEvents
    before = QCoreApplication.testAttribute(attribute)
    try:
        QCoreApplication.setAttribute(attribute, True)
        prepare_qt()
        assert not QCoreApplication.testAttribute(attribute)
    finally:
        QCoreApplication.setAttribute(attribute, before)
