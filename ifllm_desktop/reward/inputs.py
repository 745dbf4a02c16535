"""From measures to model inputs: contrasts, the person's own scale, soft labels. Plain numpy.

No scale depends on which side an answer stood on: a person's scale is a sum of squares that is rounded once
(``math.fsum``), so swapping the sides of any pair changes no bit of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.features.pairs import PairRow
from ifllm_desktop.features.registry import MEASURES

Floats = NDArray[np.float64]

PRIOR_PAIRS = 4.0
"""How many pairs the training people's scale weighs against a person's own."""
CLIP = 3.0
"""Limit of an input, in units of the person's scale."""
SOFT_LABELS: dict[tuple[str, int | None], float] = {
    ("left", 2): 0.95, ("left", 1): 0.75, ("left", None): 0.9, ("tie", None): 0.5,
    ("right", None): 0.1, ("right", 1): 0.25, ("right", 2): 0.05,
}  # fmt: skip
"""Probability that the left answer is better, as a vote of this side and strength says it."""


@dataclass(frozen=True, slots=True, eq=False)
class PairInputs:
    """What a model sees of pairs.

    Attributes
    ----------
    left, right : ndarray of float64, shape (n_pairs, n_measures)
        Contrast-scaled values in units of the person's scale; 0 on both sides where a measure is missing
        on either, so that it says nothing.
    missing : ndarray of bool, shape (n_pairs, n_measures)
        Where a measure was missing.
    """

    left: Floats
    right: Floats
    missing: NDArray[np.bool_]


def contrasts(rows: Sequence[PairRow]) -> tuple[Floats, Floats]:
    """Left and right values after each measure's contrast, each of shape (n, n_measures); NaN is kept."""
    sides = [
        np.array(
            [[m.model_value(v) for m, v in zip(MEASURES, values, strict=True)] for values in side],
            dtype=np.float64,
        ).reshape(len(rows), len(MEASURES))
        for side in ([row.left for row in rows], [row.right for row in rows])
    ]
    return sides[0], sides[1]


def mean_squares(rows: Sequence[PairRow]) -> Floats:
    """Mean square of left minus right for each measure, over pairs where it is known; NaN where never.

    Reads no vote.
    """
    left, right = contrasts(rows)
    return np.array([_mean_square(column) for column in (left - right).T])


def _mean_square(difference: Floats) -> float:
    known = difference[np.isfinite(difference)]
    return math.fsum(float(d) * float(d) for d in known) / len(known) if len(known) else math.nan


def pair_inputs(rows: Sequence[PairRow], prior_mean_square: Floats) -> PairInputs:
    """Inputs of pairs, each in units of its person's own spread.

    Parameters
    ----------
    rows : sequence of PairRow
        All unlabelled pairs of the people to be scored; votes are not read.
    prior_mean_square : ndarray of float64, shape (n_measures,)
        :func:`mean_squares` of the training people; stands for :data:`PRIOR_PAIRS` pairs of each person.
    """
    left, right = contrasts(rows)
    missing = ~(np.isfinite(left) & np.isfinite(right))
    scale = np.ones_like(left)
    people = np.array([row.participant_id for row in rows], dtype=str)
    for person in sorted(set(people)):
        own = np.flatnonzero(people == person)
        scale[own] = _scale([rows[i] for i in own], prior_mean_square)
    left_in = np.where(missing, 0.0, left / scale)
    right_in = np.where(missing, 0.0, right / scale)
    left_in, right_in = _clipped(left_in, right_in)
    return PairInputs(left_in, right_in, missing)


def _scale(rows: Sequence[PairRow], prior_mean_square: Floats) -> Floats:
    own = mean_squares(rows)
    n = np.where(np.isfinite(own), len(rows), 0)
    prior = np.where(np.isfinite(prior_mean_square) & (prior_mean_square > 0), prior_mean_square, 1.0)
    pooled = (n * np.nan_to_num(own) + PRIOR_PAIRS * prior) / (n + PRIOR_PAIRS)
    return np.asarray(np.sqrt(pooled), dtype=np.float64)


def _clipped(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Both sides moved towards each other, by the same amount, where they differ by more than the limit."""
    excess = np.maximum(np.abs(left - right) - CLIP, 0.0) / 2
    towards = np.sign(right - left) * excess
    return left + towards, right - towards


def soft_label(row: PairRow) -> float:
    """Probability that the left answer is better according to the vote; NaN without a usable one."""
    known = SOFT_LABELS.get((row.choice or "", row.strength))
    if known is None and row.choice == "tie":
        known = 0.5
    return math.nan if known is None else known
