"""How a simulated person judges answers."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ifllm_desktop.adapters.simulated_person.traits import Traits

_TASTE_SD = 1.05
"""With a quality step of 1 the better answer wins in Φ(1/1.05) ≈ 83 % of the pairs."""
_TIE_BELOW = 0.15
_CLEARLY_ABOVE = 1.0
_QUALITY = {"better": 0.5, "worse": -0.5}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the person makes of the answers of one turn.

    Attributes
    ----------
    ratings : mapping of response id to int
        1 to ``scale``.
    choice : str
        ``left``, ``right``, ``tie``, ``both_bad``; empty for a single answer.
    strength : int or None
        1 slightly, 2 clearly; None for ties and single answers.
    t_read_ns : int
        Time from now until the first rating is clicked.
    preferred_id : str
        The answer that is liked better, also within a tie; empty for a single answer.
    """

    ratings: Mapping[str, int]
    choice: str
    strength: int | None
    t_read_ns: int
    preferred_id: str


def judged(
    answers: Sequence[tuple[str, str, str, str]], seed: int, traits: Traits, scale: int, t_read_ns: int = 0
) -> Decision:
    """The decision on ``(response_id, side, text, quality_hint)`` answers; follows from seed and ids alone."""
    utilities = {answer[0]: _utility(answer, seed) for answer in answers}
    middle, step = (1 + scale) / 2, (scale - 1) / 6
    rng = np.random.default_rng([seed, 5, *sorted(_number(response_id) for response_id in utilities)])
    ratings = {}
    for response_id, utility in utilities.items():
        felt = middle + step * (0.4 + traits.leniency + 1.2 * utility + rng.normal(0, 0.35))
        ratings[response_id] = int(np.clip(round(felt), 1, scale))
    if len(answers) < 2:
        return Decision(ratings, "", None, t_read_ns, "")
    (first, first_side, *_), (second, second_side, *_) = answers[0], answers[1]
    difference = utilities[first] - utilities[second]
    preferred, side = (first, first_side) if difference > 0 else (second, second_side)
    if abs(difference) >= _TIE_BELOW:
        strength = 2 if abs(difference) > _CLEARLY_ABOVE else 1
        return Decision(ratings, side, strength, t_read_ns, preferred)
    bad = max(ratings.values()) < middle - step
    return Decision(ratings, "both_bad" if bad else "tie", None, t_read_ns, preferred)


def _utility(answer: tuple[str, str, str, str], seed: int) -> float:
    response_id, _, _, quality = answer
    rng = np.random.default_rng([seed, 4, _number(response_id)])
    return _QUALITY.get(quality, 0.0) + float(rng.normal(0, _TASTE_SD / np.sqrt(2)))


def _number(text: str) -> int:
    return zlib.crc32(text.encode())
