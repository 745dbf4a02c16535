"""Smooth random functions of time that need no memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Waves:
    """Sums of sines with random frequency and phase: slow, correlated noise as a pure function of time.

    Parameters
    ----------
    n : int
        How many independent functions.
    low_hz, high_hz : float
        Range of the frequencies (log-uniform).
    """

    def __init__(
        self, rng: np.random.Generator, n: int, low_hz: float, high_hz: float, n_terms: int = 5
    ) -> None:
        shape = (n, n_terms)
        self._omega = 2 * np.pi * np.exp(rng.uniform(np.log(low_hz), np.log(high_hz), shape))
        self._phase = rng.uniform(0, 2 * np.pi, shape)
        self._amplitude = np.sqrt(2 / n_terms)

    def at(self, t_s: float) -> Floats:
        """Values at a time, shape (n,); standard deviation 1 over time."""
        values: Floats = self._amplitude * np.sin(self._omega * t_s + self._phase).sum(axis=1)
        return values


class Spells:
    """A random sequence of spells (blinks, losses) that is made as far as it is asked for.

    Parameters
    ----------
    every_s : float
        Mean time from the end of a spell to the next.
    shortest_s, longest_s : float
        Duration, uniform.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        every_s: float,
        shortest_s: float,
        longest_s: float,
        least_gap_s: float = 0.5,
    ) -> None:
        self._rng = rng
        self._every_s = every_s
        self._range_s = (shortest_s, longest_s)
        self._least_gap_s = least_gap_s
        self._starts_s: list[float] = []
        self._ends_s: list[float] = []

    def inside(self, t_s: float) -> float:
        """How far into a spell a time is, 0–1; −1 outside."""
        while not self._ends_s or self._ends_s[-1] <= t_s:
            last_s = self._ends_s[-1] if self._ends_s else 0.0
            start_s = last_s + self._least_gap_s + self._rng.exponential(self._every_s - self._least_gap_s)
            self._starts_s.append(start_s)
            self._ends_s.append(start_s + self._rng.uniform(*self._range_s))
        index = int(np.searchsorted(self._ends_s, t_s, side="right"))
        start_s, end_s = self._starts_s[index], self._ends_s[index]
        return (t_s - start_s) / (end_s - start_s) if start_s <= t_s else -1.0
