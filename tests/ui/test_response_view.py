"""The view of an answer: epochs, scrolling, selection, links, and text that means harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from pytestqt.qtbot import QtBot

from ifllm_desktop.domain.layout import LayoutDelta, apply_delta, source_sha256
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.ui.response_view import ResponseView
from ifllm_desktop.ui.source_map import box_text

ANSWER = (
    "# Head\n\nOne *two* three.\n\n1. first\n2. second\n\n```\ncode  here\n```\n\n"
    "| a | b |\n|---|---|\n| c | d |\n"
)
LONG = "\n\n".join(f"Paragraph {i} with some words that go on for a while." for i in range(60))


@pytest.fixture
def view(qtbot: QtBot) -> ResponseView:
    made = ResponseView("r1")
    qtbot.addWidget(made)
    made.set_screen_rect(Rect(300, 200, 640, 400))
    return made


def test_that_blocks_have_the_kinds_and_markers_of_the_markdown(view: ResponseView) -> None:
    view.set_source(ANSWER, complete=True)
    found = [(b.kind, b.marker, " ".join(w.text for w in b.words)) for b in view.layout_snapshot().blocks]
    assert found == [
        ("heading", "", "Head"), ("paragraph", "", "One two three."), ("list_item", "1.", "first"),
        ("list_item", "2.", "second"), ("code", "", "code here"), ("table_cell", "", "a"), ("table_cell", "", "b"),
        ("table_cell", "", "c"), ("table_cell", "", "d"),
    ]  # fmt: skip


def test_that_the_head_of_an_epoch_names_text_fonts_and_place(view: ResponseView) -> None:
    view.set_source("Grüße 😀", complete=True)
    head = view.layout_snapshot().head
    assert (head.response_id, head.n_source, head.source_sha256) == ("r1", 7, source_sha256("Grüße 😀"))
    assert (head.font_family, head.mono_family) == ("DejaVu Sans", "DejaVu Sans Mono")
    assert head.viewport == Rect(300, 200, 640, 400)


def test_that_sizes_and_line_heights_follow_the_type_scale(view: ResponseView) -> None:
    view.set_source("# H\n\n### h\n\ntext `mono`\n\n```\ncode\n```\n\n|t|\n|-|\n", complete=True)
    sizes = {word.text: (word.size_px, word.rect.h_px) for word in view.layout_snapshot().words}
    assert sizes == {
        "H": (18, 26), "h": (16, 24), "text": (16, 24), "mono": (14, 24), "code": (14, 20), "t": (14, 20)
    }  # fmt: skip
    view.set_text_size(24)
    assert view.layout_snapshot().words[0].size_px == 27


def test_that_text_is_at_most_600_px_wide_and_within_the_view(view: ResponseView) -> None:
    for width in (300, 640, 1400):
        view.set_screen_rect(Rect(0, 0, width, 400))
        view.set_source(LONG + "\n\n" + "x" * 500, complete=True)
        right = max(word.rect.right_px for word in view.layout_snapshot().words)
        assert right <= min(24 + 600, width)
        assert min(word.rect.x_px for word in view.layout_snapshot().words) >= 24


def test_that_a_word_broken_over_lines_has_a_box_on_each(view: ResponseView) -> None:
    view.set_source("x" * 200, complete=True)
    words = view.layout_snapshot().words
    assert [w.line for w in words] == list(range(len(words)))
    assert len(words) > 1
    assert "".join(w.text for w in words) == "x" * 200


def test_that_epochs_are_deltas_that_rebuild_the_layout(view: ResponseView) -> None:
    deltas: list[LayoutDelta] = []
    whole = view.layout_snapshot()
    view.laid_out.connect(deltas.append)
    text = ANSWER + LONG
    for end in range(0, len(text), 37):
        view.set_source(text[:end], complete=False)
    view.set_source(text, complete=True)
    for delta in deltas:
        assert delta.head.epoch == whole.head.epoch + 1
        whole = apply_delta(whole, delta)
    assert whole == view.layout_snapshot()
    assert sum(len(d.changed) for d in deltas) < 4 * len(deltas)


def test_that_the_first_epoch_announced_lists_every_block_even_when_asked_for_before(qtbot: QtBot) -> None:
    made = ResponseView("r3")
    qtbot.addWidget(made)
    deltas: list[LayoutDelta] = []
    made.laid_out.connect(deltas.append)
    assert made.layout_snapshot().head.epoch == 0
    assert deltas == []
    made.set_source(ANSWER, complete=True)
    assert apply_delta(None, deltas[0]) == made.layout_snapshot()
    assert deltas[0].head.epoch == 1


def test_that_blocks_before_the_change_are_the_same_objects(view: ResponseView) -> None:
    view.set_source(LONG, complete=False)
    before = view.layout_snapshot().blocks
    view.set_source(LONG + "\n\nmore", complete=False)
    after = view.layout_snapshot().blocks
    assert len(after) == len(before) + 1
    assert all(a is b for a, b in zip(before, after, strict=False))


def test_that_the_same_text_again_makes_no_epoch(view: ResponseView, qtbot: QtBot) -> None:
    view.set_source(ANSWER, complete=True)
    with qtbot.assertNotEmitted(view.laid_out):
        view.set_source(ANSWER, complete=True)
        view.refresh_viewport()
        view.set_screen_rect(Rect(300, 200, 640, 400))


def test_that_resizing_and_moving_make_epochs(view: ResponseView, qtbot: QtBot) -> None:
    view.set_source(LONG, complete=True)
    first = view.layout_snapshot()
    view.set_screen_rect(Rect(310, 200, 640, 400))
    moved = view.layout_snapshot()
    assert moved.head.epoch == first.head.epoch + 1
    assert moved.blocks == first.blocks
    view.set_screen_rect(Rect(310, 200, 400, 400))
    assert view.layout_snapshot().blocks != first.blocks


def test_that_a_shown_view_knows_where_it_stands_on_the_screen(qtbot: QtBot) -> None:
    view = ResponseView("r2")
    qtbot.addWidget(view)
    view.setGeometry(120, 80, 640, 300)
    view.set_source(LONG, complete=True)
    view.show()
    qtbot.waitExposed(view)
    corner = view.viewport().mapToGlobal(QPoint(0, 0))
    viewport = view.layout_snapshot().head.viewport
    assert (viewport.x_px, viewport.y_px) == (corner.x(), corner.y())
    assert (viewport.w_px, viewport.h_px) == (view.viewport().width(), view.viewport().height())
    view.move(200, 150)
    qtbot.waitUntil(
        lambda: view.layout_snapshot().head.viewport.x_px == view.viewport().mapToGlobal(QPoint(0, 0)).x()
    )
    assert view.layout_snapshot().head.viewport.x_px != viewport.x_px


def test_that_streaming_on_does_not_move_what_is_being_read(view: ResponseView) -> None:
    view.set_source(LONG, complete=False)
    view.set_scroll_px(700)
    for extra in (" and", " and more", " and more\n\n# And a head"):
        view.set_source(LONG + extra, complete=False)
        assert view.scroll_px == 700
    view.set_source(LONG + " and more\n\n# And a head", complete=True)
    assert view.scroll_px == 700


def test_that_a_change_further_up_keeps_the_first_visible_line_in_place(view: ResponseView) -> None:
    linked = "[a][long] " * 40 + "\n\n" + LONG
    view.set_source(linked, complete=False)
    view.set_scroll_px(700)

    def first_line() -> tuple[int, float]:
        words = view.layout_snapshot().words
        word = next(w for w in words if w.rect.y_px >= view.scroll_px)
        return word.src_start, word.rect.y_px - view.scroll_px

    before, scroll_px = first_line(), view.scroll_px
    view.set_source(linked + "\n\n[long]: http://a.b", complete=True)
    assert view.scroll_px != scroll_px
    assert first_line() == before


def test_that_scrolling_tells_offset_and_range(view: ResponseView, qtbot: QtBot) -> None:
    view.set_source(LONG, complete=True)
    with qtbot.waitSignal(view.scrolled) as caught:
        view.set_scroll_px(120)
    height = view.layout_snapshot().head.height_px
    assert caught.args == [120.0, height - 400]
    view.set_scroll_px(1e6)
    assert view.scroll_px == view.max_scroll_px == height - 400


def test_that_a_selection_is_told_in_code_points_of_the_source(view: ResponseView, qtbot: QtBot) -> None:
    source = "😀 **bold** &amp; `c`"
    view.set_source(source, complete=True)
    view.show()
    words = {w.text: w for w in view.layout_snapshot().words}
    y = round(words["bold"].rect.center_px[1])
    start, end = QPoint(round(words["bold"].rect.x_px), y), QPoint(round(words["&"].rect.right_px), y)
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    with qtbot.waitSignal(view.selected) as caught:
        qtbot.mouseMove(view.viewport(), end)
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert caught.args == [source.index("bold"), source.index("&amp;") + 5]
    assert view.selected_text() == "bold &"
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "bold &"
    with qtbot.waitSignal(view.selected) as caught:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=start)
    assert caught.args == [0, 0]


def test_that_a_link_is_reported_and_not_opened(
    view: ResponseView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    view.set_source("see [the page](https://example.org/x) there", complete=True)
    view.show()
    page = next(w for w in view.layout_snapshot().words if w.text == "page")
    with qtbot.waitSignal(view.link_activated) as caught:
        qtbot.mouseClick(
            view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(*map(round, page.rect.center_px))
        )
    assert caught.args == ["https://example.org/x"]
    there = view.layout_snapshot().words[-1]
    with qtbot.assertNotEmitted(view.link_activated):
        qtbot.mouseClick(
            view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(*map(round, there.rect.center_px))
        )
    assert opened == []


def test_that_characters_without_a_glyph_are_stated(view: ResponseView) -> None:
    view.set_source("é ß א plain", complete=True)
    assert view.layout_snapshot().head.missing_glyphs == ""
    view.set_source("é \U000f0000 twice \U000f0000", complete=True)
    assert view.layout_snapshot().head.missing_glyphs == "\U000f0000"


def test_that_html_and_images_are_text(view: ResponseView, tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    picture.write_bytes(b"")
    source = f"<img src='{picture.as_uri()}'> <script>x</script> ![seen]({picture.as_uri()}) ![far](http://a.b/c.png)"
    view.set_source(source, complete=True)
    shown = " ".join(w.text for w in view.layout_snapshot().words)
    assert "<script>x</script>" in shown
    assert "far" in shown
    assert "a.b/c.png" not in shown


@pytest.mark.parametrize(
    "source",
    [
        "lorem ipsum " * 17_000,
        "x" * 20_000,
        "漢字" * 5_000,
        "".join("  " * i + f"- a{i}\n" for i in range(200)),
        ">" * 1_000 + " deep",
        "[" * 3_000 + "x",
        "*a_" * 3_000,
        "|a" * 300 + "|\n" + "|-" * 300 + "|\n" + "|b" * 300 + "|\n",
        "\x00\x01\x1b[31m\x7f\x85\u2028\u2029\ufffc\ufdd0\ufeff\ud800 \udc00x",
        "e" + "\u0301" * 2_000,
        "\u202e\u2066\u2067" * 300 + "abc",
        "\ufdfa" * 300,
        "```\n" * 500,
        "1" * 300 + ". x\n999999999. y",
        "\n" * 50_000,
        "\t" * 5_000 + "x",
    ],
    ids=["paragraph", "word", "han", "lists", "quotes", "brackets", "stars", "table", "controls", "marks", "bidi",
         "wide", "fences", "numbers", "newlines", "tabs"],
)  # fmt: skip
def test_that_hostile_text_is_shown_without_loss(view: ResponseView, source: str) -> None:
    view.set_source(source[: len(source) // 2], complete=False)
    view.set_source(source, complete=True)
    layout = view.layout_snapshot()
    assert not view.grab().isNull()
    assert all(box_text(view.source, word) == word.text for word in layout.words)
    letters = [c for c in source if c.isascii() and c.isalpha()]
    shown = [c for word in layout.words for c in word.text if c.isascii() and c.isalpha()]
    assert shown == letters
