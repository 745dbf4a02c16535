"""Tracks of eye and hand: sequences of jumps that are kept and can be asked for any past moment."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from ifllm_desktop.domain.time import NS_PER_MS

Point = tuple[float, float]
_KEPT = 512


@dataclass(frozen=True, slots=True)
class Move:
    """From ``start`` at ``t0_ns`` to ``end`` at ``t1_ns``; afterwards it stays there."""

    t0_ns: int
    t1_ns: int
    start: Point
    end: Point

    def at(self, t_ns: int) -> Point:
        """Position on the way, with the minimum-jerk profile (Flash & Hogan 1985)."""
        if t_ns >= self.t1_ns:
            return self.end
        if t_ns <= self.t0_ns:
            return self.start
        s = (t_ns - self.t0_ns) / (self.t1_ns - self.t0_ns)
        share = s**3 * (10 - 15 * s + 6 * s * s)
        return (
            self.start[0] + (self.end[0] - self.start[0]) * share,
            self.start[1] + (self.end[1] - self.start[1]) * share,
        )


class Track:
    """Moves in order of time. A new one cuts off what the last one had left."""

    def __init__(self, start: Point) -> None:
        self._moves = [Move(0, 0, start, start)]
        self._starts_ns = [0]

    def move(self, t0_ns: int, duration_ns: int, end: Point) -> None:
        """Leave for ``end`` at ``t0_ns`` from wherever the track is then."""
        t0_ns = max(t0_ns, self._starts_ns[-1])
        start = self.at(t0_ns)
        while len(self._moves) > 1 and self._starts_ns[-1] >= t0_ns:
            self._moves.pop()
            self._starts_ns.pop()
        self._moves.append(Move(t0_ns, t0_ns + max(1, duration_ns), start, end))
        self._starts_ns.append(t0_ns)
        if len(self._moves) > 2 * _KEPT:
            del self._moves[:_KEPT], self._starts_ns[:_KEPT]

    def at(self, t_ns: int) -> Point:
        """Position at a time."""
        return self._moves[max(0, bisect_right(self._starts_ns, t_ns) - 1)].at(t_ns)

    @property
    def last_end_ns(self) -> int:
        """When the last move is over."""
        return self._moves[-1].t1_ns


def saccade_ns(distance_px: float) -> int:
    """Duration of a saccade: 21 ms + 2.2 ms per degree (Carpenter 1988), at 45 px per degree."""
    return int((21 + 2.2 * distance_px / 45) * NS_PER_MS)
