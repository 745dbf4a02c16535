"""Following a target that moves smoothly: some way behind it, once it has been moving for a while."""

from __future__ import annotations

import math
from bisect import bisect_right

from ifllm_desktop.adapters.simulated_person.movements import Point
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S

_CATCH_ON_NS = 500 * NS_PER_MS
"""A target that only hops to its next place (0.4 s) is jumped to, not followed."""
_GLIMPSE_NS = 150 * NS_PER_MS
_FASTEST_PX_S = 1500.0
"""About 33° a second: faster targets are not followed smoothly."""
_KEPT = 64


class Pursuit:
    """What the person has seen of a moving target.

    Parameters
    ----------
    lag_ms : float
        How far the eyes stay behind. With a target whose path cannot be foreseen 100–150 ms (Barnes 2008, doi
        10.1016/j.bandc.2008.08.020).
    """

    def __init__(self, lag_ms: float) -> None:
        self.lag_ns = int(lag_ms * NS_PER_MS)
        self._times_ns: list[int] = []
        self._places: list[Point] = []
        self._moving_since_ns: int | None = None

    def observe(self, target_px: Point | None, t_ns: int) -> bool:
        """The target is here now; returns whether the eyes follow it smoothly."""
        if target_px is None or not self._goes_on(target_px, t_ns):
            self._moving_since_ns = None
            self._times_ns, self._places = [], []
        if target_px is None:
            return False
        if self._moving_since_ns is None:
            self._moving_since_ns = t_ns
        if not self._times_ns or t_ns > self._times_ns[-1]:
            self._times_ns.append(t_ns)
            self._places.append(target_px)
        if len(self._times_ns) > _KEPT:
            del self._times_ns[: _KEPT // 2], self._places[: _KEPT // 2]
        return t_ns - self._moving_since_ns > _CATCH_ON_NS

    def _goes_on(self, target_px: Point, t_ns: int) -> bool:
        """Whether the target has moved since it was last seen, smoothly and not long ago."""
        if not self._times_ns:
            return True
        way_px, since_ns = math.dist(self._places[-1], target_px), t_ns - self._times_ns[-1]
        if since_ns <= 0:
            return True
        return 0 < way_px <= _FASTEST_PX_S * since_ns / NS_PER_S and since_ns <= _GLIMPSE_NS

    def next_place(self, t_ns: int) -> tuple[int, Point]:
        """Where the eyes are at the next moment like this one, and when that is."""
        step_ns = t_ns - self._times_ns[-2] if len(self._times_ns) > 1 else 33 * NS_PER_MS
        until_ns = t_ns + min(step_ns, self.lag_ns)
        return until_ns, self._at(until_ns - self.lag_ns)

    def _at(self, t_ns: int) -> Point:
        after = min(max(1, bisect_right(self._times_ns, t_ns)), len(self._times_ns) - 1)
        t0, t1 = self._times_ns[after - 1], self._times_ns[after]
        (x0, y0), (x1, y1) = self._places[after - 1], self._places[after]
        share = min(1.0, max(0.0, (t_ns - t0) / (t1 - t0)))
        return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
