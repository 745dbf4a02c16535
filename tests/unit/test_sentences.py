"""Sentences of answers are places in the source."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifllm_desktop.reading.sentences import sentences


def texts(source: str) -> list[str]:
    return [source[a:b] for a, b in sentences(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        (
            "# Title\n\nFirst one.\nSecond goes\non here. Third",
            ["Title", "First one.", "Second goes\non here.", "Third"],
        ),
        (
            "- apples are red\n- pears, e.g. Williams, are green.",
            ["apples are red", "pears, e.g. Williams, are green."],
        ),
        ("1. Do it.\n2. Then rest.", ["Do it.", "Then rest."]),
        ("Before.\n\n```\nx = 1. Y = 2.\n```\nAfter.", ["Before.", "After."]),
        ('He said "stop." Then left.', ['He said "stop."', "Then left."]),
        ("It costs 3.5 euros. **Buy** it.", ["It costs 3.5 euros.", "**Buy** it."]),
        ("Ask Dr. Smith about it. Done.", ["Ask Dr. Smith about it.", "Done."]),
        ("这是一句。这是第二句。", ["这是一句。", "这是第二句。"]),
        ("| a cell | another |\n|---|---|\n| the row | here |", ["a cell | another", "the row | here"]),
        ("", []),
        ("---\n\n***", []),
    ],
)
def test_that_sentences_are_found_where_a_reader_sees_them(source: str, expected: list[str]) -> None:
    assert texts(source) == expected


@given(st.text(alphabet=st.sampled_from("ab .!?\n#-|`~>1)*。 é😀"), max_size=80))
def test_that_ranges_are_in_order_inside_the_text_and_never_empty(source: str) -> None:
    ranges = sentences(source)
    assert all(0 <= a < b <= len(source) for a, b in ranges)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ranges))
    assert all(source[a:b].strip() == source[a:b] for a, b in ranges)
