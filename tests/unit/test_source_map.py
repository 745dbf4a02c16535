"""Places in source text and in UTF-16, by example."""

from __future__ import annotations

import pytest

from ifllm_desktop.ui.markdown_document import MarkdownDocument
from ifllm_desktop.ui.source_map import (
    Utf16Map,
    covered_text,
    drawable,
    has_right_to_left,
    leads_from_right,
    pieces,
)


@pytest.mark.parametrize(
    ("written", "literal", "read"),
    [
        ("a\\*b", False, "a*b"), ("a\\*b", True, "a\\*b"), ("a\\b", False, "a\\b"), ("&amp;", False, "&"),
        ("&amp;", True, "&amp;"), ("&#65;&#x1F600;", False, "A😀"), ("&nope;", False, "&nope;"),
        ("&#0;", False, "\ufffd"), ("\\&amp;", False, "&amp;"), ("\\\\*", False, "\\*"),
        ("\x00\u2028", False, "\ufffd\ufffd"), ("\\", False, "\\"),
    ],
)  # fmt: skip
def test_that_source_reads_as_it_is_drawn(written: str, literal: bool, read: str) -> None:
    assert covered_text(f"😀 {written} x", 2, 2 + len(written), literal=literal) == read


def test_that_every_code_point_that_is_drawn_keeps_its_place() -> None:
    everything = "".join(map(chr, range(0x11000)))
    assert len(drawable(everything)) == len(everything)
    assert drawable("a\tb\ncé漢😀") == "a\tb\ncé漢😀"


def test_that_utf16_units_and_code_points_are_told_apart() -> None:
    text = "a😀b𝔘𝔫c"
    to = Utf16Map(text)
    for point in range(len(text) + 1):
        units = len(text[:point].encode("utf-16-le")) // 2
        assert to.units(point) == units
        assert to.points(units) == point
    assert to.points(2) == 1


def words_of(source: str) -> list[tuple[str, str, str]]:
    """Text, style and source of each word."""
    document = MarkdownDocument()
    document.set_source(source, complete=True)
    return [
        (
            block.drawn.text[p.start : p.end],
            p.style,
            source[block.drawn.starts[p.start] : block.drawn.ends[p.end - 1]],
        )
        for block in document.blocks
        for p in pieces(block.drawn)
    ]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("un**believ**able", [("un", "", "un"), ("believ", "b", "believ"), ("able", "", "able")]),
        ("snake\\_case", [("snake_case", "", "snake\\_case")]),
        ("`a\\*b`", [("a\\*b", "m", "a\\*b")]),
        ("`` ` ``", [("`", "m", "`")]),
        ("[one two](x)", [("one", "l", "one"), ("two", "l", "two")]),
        ("![alt *it*](x)", [("alt", "", "alt"), ("it", "i", "it")]),
        ("漢字。かa", [("漢", "", "漢"), ("字。", "", "字。"), ("か", "", "か"), ("a", "", "a")]),
        ("한국어 글", [("한국어", "", "한국어"), ("글", "", "글")]),
        ("👩‍👩‍👧 x", [("👩‍👩‍👧", "", "👩‍👩‍👧"), ("x", "", "x")]),
        ("a&nbsp;b", [("a", "", "a"), ("b", "", "b")]),
        ("> - q\n> more", [("q", "", "q"), ("more", "", "more")]),
        ("x\r\ny\rz", [("x", "", "x"), ("y", "", "y"), ("z", "", "z")]),
        ("<http://a&amp;b>", [("http://a&", "l", "http://a&"), ("amp;b", "l", "amp;b")]),
    ],
)
def test_that_words_have_the_style_and_source_they_are_drawn_from(
    source: str, words: list[tuple[str, str, str]]
) -> None:
    assert words_of(source) == words


def test_that_an_escaped_bar_in_a_table_covers_the_bar_alone() -> None:
    assert words_of("|a\\|b|`c\\|d`|\n|-|-|\n") == [
        ("a", "", "a"), ("|b", "", "|b"), ("c", "m", "c"), ("|d", "m", "|d")
    ]  # fmt: skip


def test_that_text_nested_too_deep_is_kept() -> None:
    words = words_of("".join("  " * i + f"- a{i}\n" for i in range(200)))
    assert "a199" in "".join(text for text, _, _ in words)


def test_that_direction_follows_the_first_letter() -> None:
    assert leads_from_right("12 (שלום) abc")
    assert not leads_from_right("abc שלום")
    assert not leads_from_right("12")
    assert has_right_to_left("abc שלום")
    assert not has_right_to_left("abc 漢字 😀")
