"""Swapping the sides of pairs negates scores exactly, whatever the measures are."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ifllm_desktop.features.pairs import PairRow
from ifllm_desktop.features.registry import FEATURE_SET, MEASURES, provenance
from ifllm_desktop.reward.model import Card, PairModel
from ifllm_desktop.reward.score import pair_scores
from ifllm_desktop.reward.train import person_folds

amounts = st.one_of(st.just(math.nan), st.floats(0, 5000, allow_subnormal=False))
answers = st.tuples(*[amounts] * len(MEASURES))
weights = st.lists(st.floats(-5, 5), min_size=len(MEASURES), max_size=len(MEASURES))


@st.composite
def tables(draw: st.DrawFn) -> list[PairRow]:
    n = draw(st.integers(1, 12))
    return [
        PairRow(
            f"p{i:02}", "s", f"P{draw(st.integers(0, 3))}", f"t{i}", f"a{i}", f"b{i}", draw(answers),
            draw(answers), None, "simulated", draw(st.sampled_from([None, "left", "right", "tie"])), None,
        )
        for i in range(n)
    ]  # fmt: skip


def model_of(weight: list[float], prior: list[float], temperature: float) -> PairModel:
    card = Card("m", "d", "simulated participants", FEATURE_SET, tuple(provenance()), 0, 1, 1, (), "0", "")
    return PairModel(np.array(weight), np.array(prior), temperature, card)


@given(tables(), weights, weights.map(lambda w: [abs(v) for v in w]), st.floats(0.25, 8), st.data())
def test_that_swapping_any_of_the_pairs_negates_exactly_those(
    rows: list[PairRow], weight: list[float], prior: list[float], temperature: float, data: st.DataObject
) -> None:
    model = model_of(weight, prior, temperature)
    flips = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    swapped = [row.swapped() if flip else row for row, flip in zip(rows, flips, strict=True)]
    before = pair_scores(model, rows, fold=-1, identity="m")
    after = pair_scores(model, swapped, fold=-1, identity="m")
    for flip, one, other in zip(flips, before, after, strict=True):
        if flip:
            assert (other.score_left, other.score_right) == (one.score_right, one.score_left)
            assert other.prob_left == 1.0 - one.prob_left or one.score_left == one.score_right
            assert other.score_left - other.score_right == -(one.score_left - one.score_right)
        else:
            assert (other.score_left, other.score_right, other.prob_left) == (
                one.score_left, one.score_right, one.prob_left,
            )  # fmt: skip
        assert math.isfinite(one.prob_left) and 0 <= one.prob_left <= 1


@given(tables(), weights)
def test_that_votes_change_no_score(rows: list[PairRow], weight: list[float]) -> None:
    model = model_of(weight, [1.0] * len(MEASURES), 1.0)
    turned = [replace(row, choice="right", strength=2) for row in rows]
    assert pair_scores(model, rows, fold=-1, identity="m") == pair_scores(
        model, turned, fold=-1, identity="m"
    )


@given(st.lists(st.sampled_from("ABCDEFGH"), min_size=1, max_size=60), st.integers(0, 2**32 - 1))
def test_that_folds_cover_every_person_once_and_the_order_of_pairs_does_not_matter(
    people: list[str], seed: int
) -> None:
    folds = person_folds(people, seed)
    assert set(folds) == set(people)
    assert set(folds.values()) == set(range(min(5, len(set(people)))))
    assert person_folds(people[::-1], seed) == folds
