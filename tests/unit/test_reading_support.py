"""What a session supports: chances against simulation, and refusals with their reasons."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ifllm_desktop.reading.gaussian_mass import erf, interval_mass
from ifllm_desktop.reading.support import LEVELS, SupportLimits, TextSizes, support

SIZES = TextSizes(
    words_px=np.array([(40.0, 24.0), (80.0, 24.0), (20.0, 24.0)]),
    lines_px=np.array([(600.0, 24.0), (300.0, 24.0)]),
    blocks_px=np.array([(600.0, 120.0), (600.0, 48.0)]),
    sides_px=np.array([(620.0, 500.0), (620.0, 500.0)]),
)


@pytest.mark.parametrize("sd_px", [5.0, 20.0, 60.0])
def test_that_chances_are_those_of_throwing_darts(sd_px: float) -> None:
    rng = np.random.default_rng(0)
    levels = support(SIZES, (sd_px, sd_px), n_sides=2)
    for level, boxes, axes in (
        ("line", SIZES.lines_px, (1,)), ("block", SIZES.blocks_px, (1,)), ("word", SIZES.words_px, (0, 1)),
        ("side", SIZES.sides_px, (0,)),
    ):  # fmt: skip
        hits = []
        for box in boxes:
            start = rng.uniform(0, 1, (40_000, 2)) * box
            end = start + rng.normal(0, sd_px, start.shape)
            hits.append(np.all((end[:, axes] >= 0) & (end[:, axes] < box[list(axes)]), axis=1).mean())
        assert levels[level].p == pytest.approx(np.mean(hits), abs=0.01)


def test_that_finer_levels_are_never_likelier() -> None:
    for sd_px in (1.0, 10.0, 40.0, 120.0, 400.0):
        levels = support(SIZES, (sd_px, sd_px), n_sides=2)
        assert levels["block"].p >= levels["line"].p >= levels["word"].p


def test_that_words_and_lines_are_refused_where_the_error_is_larger_than_they_are() -> None:
    small = support(SIZES, (4.0, 4.0), n_sides=2)
    assert {level: small[level].state for level in LEVELS} == {
        "side": "supported", "block": "supported", "line": "supported", "word": "probable",
    }  # fmt: skip
    medium = support(SIZES, (30.0, 30.0), n_sides=2, limits=SupportLimits(probable=0.0))
    assert medium["word"].reason == "error_over_line_height" and medium["line"].state == "probable"
    large = support(SIZES, (60.0, 60.0), n_sides=2, limits=SupportLimits(probable=0.0))
    assert large["line"].reason == "error_over_two_lines" and large["line"].state == "refused"
    assert large["side"].state == "supported"
    weak = support(SIZES, (300.0, 300.0), n_sides=2)
    assert weak["block"].reason == "chance_too_low"


def test_that_nothing_is_claimed_without_a_validation_or_without_text() -> None:
    unknown = support(SIZES, (math.nan, 20.0), n_sides=2)
    assert all(
        s.state == "refused" and s.reason == "not_validated" and math.isnan(s.p) for s in unknown.values()
    )
    empty = TextSizes(*(np.empty((0, 2)) for _ in range(4)))
    assert all(s.reason == "no_text" for s in support(empty, (20.0, 20.0), n_sides=2).values())
    assert math.isnan(empty.line_height_px)
    assert support(SIZES, (20.0, 20.0), n_sides=1)["side"].reason == "one_side"


def test_that_the_error_function_is_the_usual_one() -> None:
    x = np.linspace(-5, 5, 201)
    assert np.abs(erf(x) - np.array([math.erf(v) for v in x])).max() < 1.5e-7
    assert interval_mass(-1.0, 1.0, np.zeros(1), 1.0)[0] == pytest.approx(0.6827, abs=1e-4)
    assert interval_mass(2.0, 1.0, np.zeros(1), 1.0)[0] == 0
