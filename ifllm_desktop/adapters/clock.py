"""Clocks: the computer's monotonic one, and one that a simulation moves."""

from __future__ import annotations

import threading
import time


class MonotonicClock:
    """``time.perf_counter_ns``, counted from the making of the clock. Implements ``ports.Clock``."""

    def __init__(self) -> None:
        self._start_ns = time.perf_counter_ns()

    def now_ns(self) -> int:
        """Monotonic ns since the clock was made."""
        return time.perf_counter_ns() - self._start_ns

    def wall_ns(self) -> int:
        """Wall time, ns since the Unix epoch."""
        return time.time_ns()

    def wait_until(self, t_ns: int, cancel: threading.Event | None = None) -> bool:
        """Sleep until ``t_ns`` (True), or until ``cancel`` is set (False); a past ``t_ns`` returns at once."""
        while (left_ns := t_ns - self.now_ns()) > 0:
            if cancel is None:
                time.sleep(left_ns / 1e9)
            elif cancel.wait(left_ns / 1e9):
                return False
        return cancel is None or not cancel.is_set()


class SimulatedClock:
    """A clock that stands still until it is told to advance. Safe across threads. Implements ``ports.Clock``.

    Parameters
    ----------
    wall_start_ns : int
        Wall time at ``now_ns() == 0``; both advance together.
    """

    def __init__(self, wall_start_ns: int = 1_767_225_600_000_000_000) -> None:
        self._wall_start_ns = wall_start_ns
        self._now_ns = 0
        self._lock = threading.Lock()

    def now_ns(self) -> int:
        """Simulated ns since the start; never goes back."""
        with self._lock:
            return self._now_ns

    def wall_ns(self) -> int:
        """Simulated wall time, ns since the Unix epoch."""
        return self._wall_start_ns + self.now_ns()

    def advance_to(self, t_ns: int) -> None:
        """Jump forward to ``t_ns``; a time that has passed changes nothing."""
        with self._lock:
            self._now_ns = max(self._now_ns, int(t_ns))

    def wait_until(self, t_ns: int, cancel: threading.Event | None = None) -> bool:
        """Advance to ``t_ns`` without waiting (True); do nothing once ``cancel`` is set (False)."""
        if cancel is not None and cancel.is_set():
            return False
        self.advance_to(t_ns)
        return True
