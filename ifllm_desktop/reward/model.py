"""A trained pair model as a value: weights, temperature and the card that says where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCHEMA_VERSION = 1
"""Version of the stored model; another one is refused."""


@dataclass(frozen=True, slots=True)
class Card:
    """Where a model comes from, stored as ``card.json`` beside the weights.

    Attributes
    ----------
    data : str
        Name of the training data.
    trained_on : str
        ``simulated participants`` or ``participants``: shown wherever a score of it is shown.
    sessions : tuple of str
        Ids of the sessions it was trained on. They are unique everywhere, names of people are not (each study has
        a first participant); it refuses to score whoever had one of them (that is what folds are for).
    measures : tuple of dict
        Name, unit, version and contrast of each input in order.
    seed : int
        Seed of the inner folds.
    settings : dict
        Ridge, prior, clip and what else shaped the fit.
    note : str
        What has to be known of it since: that somebody it was trained on withdrew. Empty for nothing.
    """

    name: str
    data: str
    trained_on: str
    feature_set: str
    measures: tuple[dict[str, Any], ...]
    seed: int
    n_pairs: int
    n_people: int
    sessions: tuple[str, ...]
    code_version: str
    made_by: str
    settings: dict[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION
    note: str = ""

    @property
    def said_of_scores(self) -> str:
        """What is said beside each score: ``trained_on``, and the note where there is one."""
        return f"{self.trained_on} ({self.note})" if self.note else self.trained_on


@dataclass(frozen=True, slots=True, eq=False)
class PairModel:
    """A linear score per answer.

    Attributes
    ----------
    weight : ndarray of float64, shape (n_measures,)
        Score per unit of the scaled measure.
    prior_mean_square : ndarray of float64, shape (n_measures,)
        Mean squared left-right difference among the training people; NaN where a measure was never known.
    temperature : float
        Divides the difference before the logistic function.
    """

    weight: NDArray[np.float64]
    prior_mean_square: NDArray[np.float64]
    temperature: float
    card: Card
