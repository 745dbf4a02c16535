"""Round numbers for axes, steps of heat."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifllm_desktop.analysis.plot_scale import HEAT_STEPS, heat_edges, heat_step, length_text, ticks


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 10))
def test_that_ticks_rise_evenly_and_hold_the_range(low: float, span: float, n: int) -> None:
    found = ticks(low, low + span, n)
    slack = 1e-6 * max(1.0, abs(low) + span)
    assert found[0] <= low + slack and found[-1] >= low + span - slack
    assert all(a < b for a, b in itertools.pairwise(found)) and 2 <= len(found) <= 2 * n + 3


def test_that_an_empty_range_still_has_two_ticks() -> None:
    assert ticks(0.0, 0.0, 4)[0] == 0.0 and len(ticks(0.0, 0.0, 4)) >= 2
    assert len(ticks(5.0, 5.0, 4)) >= 2


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=30))
def test_that_the_least_value_has_the_first_step_and_the_greatest_the_last(values: list[float]) -> None:
    edges = heat_edges(values)
    steps = [heat_step(v, edges) for v in values]
    assert all(1 <= s <= HEAT_STEPS for s in steps) and heat_step(min(values), edges) == 1
    if edges[-1] > edges[0]:
        assert heat_step(max(values), edges) == HEAT_STEPS


def test_that_what_was_not_measured_has_no_step() -> None:
    assert heat_step(math.nan, heat_edges([1.0, 2.0])) == 0 and heat_edges([math.nan]) == ()
    assert heat_step(3.0, ()) == 0


@pytest.mark.parametrize(
    ("ms", "words"), [(30.0, "30 ms"), (949.0, "949 ms"), (10_000.0, "10 s"), (120_000.0, "2 min")]
)
def test_that_lengths_have_a_readable_unit(ms: float, words: str) -> None:
    assert length_text(ms) == words
