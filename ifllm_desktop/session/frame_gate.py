"""Which frames count at a target: eyes found, lids open, pictures often enough, eyes at rest."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import EYE_FEATURES
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S

BLINK_MARGIN_NS = 100 * NS_PER_MS
"""Frames this near to a closed eye are dropped as well: the lids are moving and pull the iris estimate along. A blink
lasts 0.2 s (Caffier, Erdmann & Ullsperger 2003, doi 10.1007/s00421-003-0807-5); on a face video at 25 pictures a
second the opening comes back over the limit at 0.6–0.8 of its median and is at 0.8 or more two frames later."""
LEAST_SPREAD = 0.004
"""Robust standard deviation of an iris coordinate that is taken as given: what a 720p camera makes of an eye at rest.
Nearer to the median than a few of these no frame is dropped."""
_OPENINGS_KEPT = 150
_OPENINGS_NEEDED = 15
_RATE_WINDOW_NS = NS_PER_S
_IRIS = [EYE_FEATURES.index(name) for name in ("iris_a_x", "iris_a_y", "iris_b_x", "iris_b_y")]
_OPENING = [EYE_FEATURES.index(name) for name in ("opening_a", "opening_b")]
N_GEOMETRIC = len(EYE_FEATURES)


@dataclass(frozen=True, slots=True)
class GateLimits:
    """Limits of the gate.

    Attributes
    ----------
    min_rate_hz : float
        Frames per second below which nothing is collected: at 10 Hz a fixation of 250 ms has two frames. 0 = off.
    min_opening : float
        Share of the running median of the opening below which the lids count as closed. In 432 webcam frames of two
        people who looked at 16 places of their screens the lowest hundredth is at 0.72 of the session's median and a
        single frame, a blink, below 0.6. On a face video of 17 s the limit finds its six closures of the lids
        (opening 0.11–0.55 of the median). 0 = off.
    max_scatter : float
        Robust standard deviation of an iris coordinate (unit: distance between the eye corners) above which a target
        is shown again. Measured: 0.005 is the noise from frame to frame of a 720p face video, 0.02 the median over 24
        frames there while the eyes wander freely; the iris moves by 0.19 in x across a screen (27 sessions).
    max_deviation : float
        Frames whose iris is further from the target's median than this many robust standard deviations are dropped
        before averaging (3.5: Iglewicz & Hoaglin 1993, How to Detect and Handle Outliers).
    """

    min_rate_hz: float = 0.0
    min_opening: float = 0.0
    max_scatter: float = 0.02
    max_deviation: float = 3.5


OPEN_GATE = GateLimits()
"""Asks for usable eyes only."""


class FrameGate:
    """Judges frames in their order; remembers the person's opening of the lids and the pace of the pictures."""

    def __init__(self, limits: GateLimits) -> None:
        self._limits = limits
        self._openings: deque[float] = deque(maxlen=_OPENINGS_KEPT)
        self._times_ns: deque[int] = deque()
        self._late = False
        self._closed_ns: int | None = None

    @property
    def margin_ns(self) -> int:
        """Frames that came this long before one without open eyes are dropped as well; 0 with the gate off."""
        return BLINK_MARGIN_NS if self._limits.min_opening > 0 else 0

    def judge(self, t_ns: int, features: NDArray[np.float64] | None) -> str:
        """Why a frame does not count: empty when it does, ``no_face``, ``closed`` (the lids), ``blink`` (just after
        either) or ``slow``.

        Unsteadiness is not judged here: it takes all frames of a target (:func:`steady`).
        """
        slow = self._slow(t_ns)
        if features is None or not usable(features):
            self._closed_ns = t_ns
            return "no_face"
        opening = float(features[_OPENING].mean())
        if len(self._openings) >= _OPENINGS_NEEDED:
            limit = self._limits.min_opening * float(np.median(self._openings))
            if opening < limit:
                self._closed_ns = t_ns
                return "closed"
        self._openings.append(opening)
        if self._closed_ns is not None and t_ns - self._closed_ns <= self.margin_ns:
            return "blink"
        return "slow" if slow else ""

    def _slow(self, t_ns: int) -> bool:
        times, first = self._times_ns, not self._times_ns
        times.append(t_ns)
        while t_ns - times[0] > _RATE_WINDOW_NS:
            times.popleft()
        span_ns = t_ns - times[0]
        if span_ns >= _RATE_WINDOW_NS // 2:
            self._late = (len(times) - 1) * NS_PER_S / span_ns < self._limits.min_rate_hz
        elif span_ns == 0 and not first:  # alone within a second
            self._late = self._limits.min_rate_hz > 1
        return self._late


def usable(features: NDArray[np.float64]) -> bool:
    """Whether the geometric eye features of a frame are all there; what lies beyond them may be NaN."""
    return bool(np.isfinite(features[:N_GEOMETRIC]).all())


def iris_of(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Iris coordinates of both eyes, shape (4,)."""
    iris: NDArray[np.float64] = features[_IRIS]
    return iris


def scatter(iris: NDArray[np.float64]) -> float:
    """Greatest robust standard deviation (1.4826 · median absolute deviation) of the iris coordinates.

    Parameters
    ----------
    iris : ndarray of float64, shape (n, 4)
        :func:`iris_of` of the frames of one target.

    Returns
    -------
    float
        In distances between the eye corners; 0 for fewer than three frames.
    """
    if len(iris) < 3:
        return 0.0
    return float(1.4826 * np.median(np.abs(iris - np.median(iris, axis=0)), axis=0).max())


def steady(iris: NDArray[np.float64], limits: GateLimits) -> NDArray[np.bool_]:
    """Which frames of one target stay near its median, shape (n,); ``iris`` as in :func:`scatter`."""
    if len(iris) < 3:
        return np.ones(len(iris), dtype=bool)
    away = np.abs(iris - np.median(iris, axis=0))
    spread = np.maximum(1.4826 * np.median(away, axis=0), LEAST_SPREAD)
    near: NDArray[np.bool_] = (away <= limits.max_deviation * spread).all(axis=1)
    return near
