"""Durations in nanoseconds, and the anchor that ties the monotonic clock to wall time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


def ms(t_ns: float) -> float:
    """Milliseconds of a duration in nanoseconds."""
    return t_ns / NS_PER_MS


def seconds(t_ns: float) -> float:
    """Seconds of a duration in nanoseconds."""
    return t_ns / NS_PER_S


@dataclass(frozen=True, slots=True)
class Anchor:
    """One pair of readings of both clocks, taken at the same moment.

    Attributes
    ----------
    t_ns : int
        Monotonic time since the start of the segment, ns.
    wall_ns : int
        Wall time since the Unix epoch (UTC), ns.
    """

    t_ns: int
    wall_ns: int

    def wall_at_ns(self, t_ns: int) -> int:
        """Wall time in ns since the Unix epoch of a moment ``t_ns`` of the same segment."""
        return self.wall_ns + (t_ns - self.t_ns)


def iso_utc(wall_ns: int) -> str:
    """ISO 8601 text in UTC with milliseconds, of a wall time in ns since the Unix epoch."""
    moment = datetime.fromtimestamp(wall_ns / NS_PER_S, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
