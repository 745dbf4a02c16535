"""Smoothing for what is drawn live. Its output is never stored and never feeds an estimator."""

from __future__ import annotations

import math

from ifllm_desktop.domain.time import NS_PER_S

_SPEED_CUTOFF_HZ = 1.0


class OneEuro:
    """One Euro filter of a point: smooth while it rests, quick while it jumps (overlay only).

    Parameters
    ----------
    rate_hz : float
        Rate of the samples; used for the first one, later the times themselves count.
    min_cutoff : float
        Hz; lower = calmer at rest.
    beta : float
        Hz per px/s; higher = less lag in motion.

    References
    ----------
    Casiez, Roussel & Vogel 2012, doi 10.1145/2207676.2208639.
    """

    def __init__(self, rate_hz: float = 30.0, min_cutoff: float = 0.8, beta: float = 0.003) -> None:
        self.rate_hz = rate_hz
        self.min_cutoff = min_cutoff
        self.beta = beta
        self._t_ns: int | None = None
        self._point = (math.nan, math.nan)
        self._speed = (0.0, 0.0)

    def __call__(self, t_ns: int, x: float, y: float) -> tuple[float, float]:
        """The filtered point. A NaN point gives NaN and starts the filter anew."""
        if math.isnan(x) or math.isnan(y):
            self._t_ns = None
            return math.nan, math.nan
        if self._t_ns is None:
            self._t_ns, self._point, self._speed = t_ns, (x, y), (0.0, 0.0)
            return x, y
        dt_s = (t_ns - self._t_ns) / NS_PER_S
        if dt_s <= 0:
            dt_s = 1 / self.rate_hz
        (px, sx), (py, sy) = (
            self._step(new, old, speed, dt_s)
            for new, old, speed in zip((x, y), self._point, self._speed, strict=True)
        )
        self._t_ns, self._point, self._speed = t_ns, (px, py), (sx, sy)
        return px, py

    def _step(self, new: float, old: float, speed: float, dt_s: float) -> tuple[float, float]:
        follow = _weight(_SPEED_CUTOFF_HZ, dt_s)
        speed = follow * (new - old) / dt_s + (1 - follow) * speed
        follow = _weight(self.min_cutoff + self.beta * abs(speed), dt_s)
        return follow * new + (1 - follow) * old, speed


def _weight(cutoff_hz: float, dt_s: float) -> float:
    tau_s = 1 / (2 * math.pi * cutoff_hz)
    return 1 / (1 + tau_s / dt_s)
