"""Size of a screen from a card, from inches, from the system; and what is no size."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.screen_size import (
    CARD_MM,
    UNKNOWN_SIZE,
    ScreenSize,
    difference,
    differs,
    size_from_card,
    size_from_diagonal,
    size_from_edid,
)
from ifllm_desktop.domain.space import Screen

LAPTOP_PX = (1366.0, 768.0)


@given(st.floats(200, 1500), st.sampled_from([(1366.0, 768.0), (1920.0, 1200.0), (2560.0, 1080.0)]))
def test_that_a_card_that_fits_gives_back_the_screen(w_mm: float, screen_px: tuple[float, float]) -> None:
    card_w_px = CARD_MM[0] / w_mm * screen_px[0]
    size = size_from_card(card_w_px, screen_px)
    assert math.isclose(size.w_mm, w_mm) and math.isclose(size.h_mm / size.w_mm, screen_px[1] / screen_px[0])
    again = size_from_diagonal(size.diagonal_in, screen_px)
    assert math.isclose(again.w_mm, w_mm) and (size.source, again.source) == ("card", "typed")


@pytest.mark.parametrize("card_w_px", [0.0, -5.0, math.nan, math.inf, 2.0, 5000.0])
def test_that_an_absurd_card_is_refused(card_w_px: float) -> None:
    with pytest.raises(DataError, match="screen_size_absurd"):
        size_from_card(card_w_px, LAPTOP_PX)


@pytest.mark.parametrize("diagonal_in", [0.0, -13.0, math.nan, 2.0, 500.0])
def test_that_an_absurd_diagonal_is_refused(diagonal_in: float) -> None:
    with pytest.raises(DataError, match="screen_size_absurd"):
        size_from_diagonal(diagonal_in, LAPTOP_PX)


@pytest.mark.parametrize(
    ("mm", "px"),
    [
        ((0, 0), LAPTOP_PX), ((-310, 174), LAPTOP_PX), ((160, 90), (3840.0, 2160.0)), ((310, 310), LAPTOP_PX),
        ((361, 203), LAPTOP_PX), ((508, 286), (1920.0, 1080.0)), ((211.7, 211.7), (800.0, 800.0)),
        ((1600, 900), (1280.0, 720.0)), ((16, 9), LAPTOP_PX), ((math.nan, 174), LAPTOP_PX),
    ],
)  # fmt: skip
def test_that_what_a_system_cannot_know_is_unknown(mm: tuple[float, float], px: tuple[float, float]) -> None:
    assert size_from_edid(*mm, px).source == "unknown"


def test_that_a_plausible_screen_is_believed() -> None:
    assert size_from_edid(309.0, 174.0, LAPTOP_PX) == ScreenSize(309.0, 174.0, "edid")
    assert size_from_edid(509.0, 286.0, (1920.0, 1080.0)).source == "edid"  # 23 inches
    assert size_from_edid(708.0, 398.0, (3840.0, 2160.0)).source == "edid"  # 32 inches, unscaled
    assert size_from_edid(708.0, 398.0, (1920.0, 1080.0)).source == "edid"  # the same at a ratio of 2


def test_that_a_difference_of_over_a_tenth_is_told_and_an_unknown_one_is_not() -> None:
    edid, card = ScreenSize(310.0, 174.0, "edid"), ScreenSize(345.0, 194.0, "card")
    assert differs(card, edid) and math.isclose(difference(card, edid), 345 / 310 - 1)
    assert not differs(ScreenSize(330.0, 186.0, "card"), edid)
    assert not differs(card, UNKNOWN_SIZE) and math.isnan(difference(card, UNKNOWN_SIZE))


def test_that_degrees_of_a_screen_of_unknown_size_are_unknown() -> None:
    bare = Screen(1366.0, 768.0, 1.0, UNKNOWN_SIZE.w_mm, UNKNOWN_SIZE.h_mm, 600.0)
    assert all(math.isnan(v) for v in bare.deg_of(100.0, 100.0))
