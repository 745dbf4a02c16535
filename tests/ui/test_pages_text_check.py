"""The text check stands where an answer does, marks one line at a time, and goes by the keyboard."""

from __future__ import annotations

import math
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ifllm_desktop.domain.space import Rect
from ifllm_desktop.gaze.text_check import TextLine, spread_lines, visible_lines
from ifllm_desktop.session.snapshot import FlowSnapshot, GazeRun
from ifllm_desktop.session.target_run import TargetView
from ifllm_desktop.ui import reading_text
from ifllm_desktop.ui.participant_window import ParticipantWindow
from ifllm_desktop.ui.response_view import ResponseView
from ifllm_desktop.ui.theme import Theme, apply_theme
from tests import participant_snapshots as shots
from tests.gaze_snapshots import button, focus, press

Commands = list[tuple[str, tuple[Any, ...]]]


def snapshot(**values: Any) -> FlowSnapshot:
    values.setdefault("run", GazeRun(3, "text", "c-1"))
    return shots.snapshot("text_check", gaze_in_use="c-1", **values)


def intro(**values: Any) -> TargetView:
    return TargetView(math.nan, math.nan, 0, 3, "intro", 0.0, kind="line", phase="text", **values)


def marking(line: TextLine, index: int = 0, **values: Any) -> TargetView:
    return TargetView(line.left_px, line.center_y_px, index, 3, "collect", 0.1, kind="line", phase="text",
                      right_px=line.right_px, height_px=line.height_px, **values)  # fmt: skip


def text(window: ParticipantWindow, qtbot: Any) -> ResponseView:
    """The page with its text laid out."""
    window.show_snapshot(snapshot())
    qtbot.waitUntil(lambda: window.text_check.text_view() is not None)
    qtbot.wait(30)
    view = window.text_check.text_view()
    assert view is not None
    return view


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080), (1024, 640)])
@pytest.mark.parametrize("scale", [100, 150])
def test_that_the_text_stands_where_a_single_answer_stands(
    qapp: QApplication, window: ParticipantWindow, qtbot: Any, size: tuple[int, int], scale: int
) -> None:
    apply_theme(qapp, Theme("light", scale))
    window.resize(*size)
    for _ in range(2):  # the rating bar knows its width from the second time on
        window.show_snapshot(shots.single())
        qtbot.wait(60)
    (answer,) = window.task.response_views().values()
    of_answer = answer.layout_snapshot().head.viewport
    view = text(window, qtbot)
    of_text = view.layout_snapshot().head.viewport
    # lines are broken for the whole view, whether a scroll bar takes some of the viewport or not
    assert (of_text.x_px, view.width()) == (of_answer.x_px, answer.width())
    # the words above are the study's, and may take another line than a question does
    assert of_text.bottom_px == pytest.approx(of_answer.bottom_px, abs=2)
    assert of_text.y_px - of_answer.y_px == pytest.approx(
        window.text_check.bubble.height() - window.task.bubble.height(), abs=2
    )
    assert view.layout_snapshot().blocks[0].rect.x_px == answer.layout_snapshot().blocks[0].rect.x_px


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080), (1024, 640)])
@pytest.mark.parametrize("scale", [100, 150])
def test_that_all_of_the_text_is_seen_without_scrolling_and_has_lines_to_read(
    qapp: QApplication, window: ParticipantWindow, qtbot: Any, size: tuple[int, int], scale: int
) -> None:
    apply_theme(qapp, Theme("light", scale))
    window.resize(*size)
    view = text(window, qtbot)
    assert view.max_scroll_px == 0 and not view.verticalScrollBar().isVisible()
    layout = view.layout_snapshot()
    lines = visible_lines(layout)
    assert len(lines) == max(word.line for word in layout.words) + 1
    chosen = spread_lines(lines, 3)
    assert len(chosen) == 3
    if scale == 100:  # over most of the area
        spread_px = lines[chosen[-1]].center_y_px - lines[chosen[0]].center_y_px
        assert spread_px > 0.6 * layout.head.viewport.h_px


def test_that_the_text_is_laid_out_again_for_another_text_size(
    qapp: QApplication, window: ParticipantWindow, qtbot: Any
) -> None:
    view = text(window, qtbot)
    before = view.source
    apply_theme(qapp, Theme("light", 150))
    qtbot.waitUntil(lambda: view.source != before)
    assert len(view.source) < len(before) and view.max_scroll_px == 0


def test_that_the_mark_stands_beside_its_line_and_touches_no_letter(
    window: ParticipantWindow, qtbot: Any
) -> None:
    view = text(window, qtbot)
    plain = view.viewport().grab().toImage()
    lines = visible_lines(view.layout_snapshot())
    for place in (0, 5):
        window.text_check.set_target(marking(lines[place]))
        mark = window.text_check._mark
        assert mark is not None and mark.isVisible()
        corner = mark.mapToGlobal(mark.rect().topLeft())
        assert corner.y() == pytest.approx(lines[place].top_px, abs=1)
        assert corner.x() + mark.width() < lines[place].left_px
        marked = view.viewport().grab().toImage()
        text_left = round(lines[place].left_px - view.layout_snapshot().head.viewport.x_px)
        rect = Rect(text_left, 0, view.viewport().width() - text_left, view.viewport().height())
        assert marked.copy(*map(int, rect.as_list())) == plain.copy(*map(int, rect.as_list()))
        assert marked != plain
    window.text_check.set_target(None)
    assert not mark.isVisible()


def test_that_the_page_goes_by_the_keyboard_alone(
    window: ParticipantWindow, commands: Commands, qtbot: Any
) -> None:
    text(window, qtbot)
    pressed: list[None] = []
    window.text_check.again.connect(lambda: pressed.append(None))
    focus(window)
    press(window, Qt.Key.Key_Space)
    assert pressed == []  # there is nothing to begin yet
    window.text_check.set_target(intro())
    press(window, Qt.Key.Key_Space)
    button(window, "text_check_next").click()
    assert len(pressed) == 2
    press(window, Qt.Key.Key_S)
    press(window, Qt.Key.Key_Escape)
    press(window, Qt.Key.Key_F9)
    assert commands == [("skip_text", ()), ("pause", ()), ("pause", ())]
    assert set(dict(window.text_check.keys())) == {"Space", "S", "F9"}


def test_that_it_is_said_what_to_do_and_why_nothing_goes_on(window: ParticipantWindow, qtbot: Any) -> None:
    view = text(window, qtbot)
    page = window.text_check
    assert page.status.text() == "One moment …" and not page.go_on.isEnabled()
    page.set_target(intro())
    assert "Space when you are ready" in page.status.text() and "Begin" in page.go_on.text()
    line = visible_lines(view.layout_snapshot())[2]
    page.set_target(marking(line, 1))
    assert "Read the marked line once" in page.status.text() and "Line read" in page.go_on.text()
    assert page.answers.cards["text-check-3"].chip.text == "Line 2 of 3"
    for _ in range(10):
        page.set_target(marking(line, 1, face_lost=True))
    assert "cannot see your eyes" in page.status.text() == page.accessibleDescription() or (
        "cannot see your eyes" in page.accessibleDescription()
    )
    page.set_target(marking(line, 1))
    assert "cannot see" not in page.status.text()


def test_that_the_text_cannot_be_scrolled_or_selected(window: ParticipantWindow, qtbot: Any) -> None:
    view = text(window, qtbot)
    QTest.mousePress(window, Qt.MouseButton.LeftButton, pos=view.mapTo(window, view.rect().center()))
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, pos=view.mapTo(window, view.rect().topLeft()))
    assert view.selection() == (0, 0) and not view.hasFocus()


def test_that_a_pause_covers_the_text_and_offers_the_way_without_gaze(
    window: ParticipantWindow, commands: Commands, qtbot: Any
) -> None:
    text(window, qtbot)
    window.show_snapshot(snapshot(paused=True))
    assert window.pause_cover.isVisible() and window.pause_cover.without.isVisible()
    window.pause_cover.without.click()
    assert commands == [("resume", ()), ("without_gaze", ("stopped",))]


def test_that_the_mark_can_be_seen_in_both_themes(
    qapp: QApplication, window: ParticipantWindow, qtbot: Any
) -> None:
    for name in ("light", "dark"):
        apply_theme(qapp, Theme(name))  # type: ignore[arg-type]
        view = text(window, qtbot)
        window.text_check.set_target(marking(visible_lines(view.layout_snapshot())[3]))
        mark = window.text_check._mark
        assert mark is not None
        shown = QColor(mark.grab().toImage().pixel(2, 12))
        behind = QColor(view.viewport().grab().toImage().pixel(600, 5))
        assert abs(shown.lightness() - behind.lightness()) > 60


# ---- the text -----------------------------------------------------------------------------------------------
def test_that_the_text_is_in_the_language_of_the_study_or_in_english() -> None:
    english = reading_text.paragraphs("en")
    assert reading_text.paragraphs("de") != english and "Garten" in reading_text.paragraphs("de-AT")[0]
    assert (
        reading_text.paragraphs("fi")
        == reading_text.paragraphs("../x")
        == reading_text.paragraphs("")
        == english
    )


@pytest.mark.parametrize("language", ["en", "de"])
def test_that_paragraphs_are_plain_text_of_a_few_lines(language: str) -> None:
    for paragraph in reading_text.paragraphs(language):
        assert "\n" not in paragraph and 180 < len(paragraph) < 330
        assert not set(paragraph) & set("*_#`<>[]|~")
    assert sum(map(len, reading_text.paragraphs(language))) > 1800  # fills a large screen's answer


def test_that_whole_sentences_fill_the_place_and_one_is_shown_however_small_it_is(qapp: QApplication) -> None:
    first = reading_text.fitted_text("en", 648, 10, 16)
    assert reading_text.paragraphs("en")[0].startswith(first) and first.endswith("owns.")
    for height_px in (300, 500, 700):
        text = reading_text.fitted_text("en", 648, height_px, 16)
        assert text.endswith(".") and "\n\n".join(reading_text.paragraphs("en")).startswith(text)
        view = ResponseView("t")
        view.set_screen_rect(Rect(0, 0, 648, height_px))
        view.set_source(text, True)
        assert height_px - 110 < view.layout_snapshot().head.height_px <= height_px
        view.deleteLater()
