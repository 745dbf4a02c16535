"""Mass of a normal distribution over intervals: a gaze point with its error, spread over what it may belong to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MIN_SD_PX = 1.0
"""Keeps the distribution proper where no spread is known."""


def erf(x: Floats) -> Floats:
    """Error function of each element, absolute error below 1.5e-7, exactly odd.

    References
    ----------
    Abramowitz & Stegun (1964), Handbook of Mathematical Functions, 7.1.26.
    """
    size = np.abs(x)
    t = 1.0 / (1.0 + 0.3275911 * size)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    values: Floats = np.copysign(1.0 - series * np.exp(-size * size), x)
    return values


def interval_mass(low: Floats | float, high: Floats | float, mean: Floats, sd: Floats | float) -> Floats:
    """Mass of N(mean, sd²) between ``low`` and ``high`` (0 where high <= low); shapes broadcast."""
    scale = 1.0 / (np.sqrt(2.0) * np.maximum(sd, MIN_SD_PX))
    mass = 0.5 * (erf((high - mean) * scale) - erf((low - mean) * scale))
    return np.where(np.asarray(high) > np.asarray(low), mass, 0.0)
