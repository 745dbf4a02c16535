"""The play clock: where the playhead is, as a pure function of the moments handed in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ifllm_desktop.domain.errors import BugError

SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0)
"""Speeds that ``slower`` and ``faster`` step through."""


@dataclass(frozen=True, slots=True)
class PlayerState:
    """Snapshot for views.

    Attributes
    ----------
    t_ns : int
        Playhead, session time.
    loop_ns : tuple of int or None
        Half-open stretch that is played again and again.
    """

    t_ns: int
    playing: bool
    speed: float
    loop_ns: tuple[int, int] | None
    skip_gaps: bool


class Player:
    """Plays from 0 to ``duration_ns``; a wall or monotonic ``now_ns`` is handed to each call.

    ::

        paused --play--> playing --tick at the end--> paused at the end
          ^                 |
          +-----pause-------+      seek, step, speed and loop keep the state (step pauses)

    Parameters
    ----------
    duration_ns : int
        Last moment that can be shown.
    gaps : sequence of (t0_ns, t1_ns)
        Stretches that ``skip_gaps`` jumps over; sorted, not overlapping.
    """

    def __init__(self, duration_ns: int, gaps: Sequence[tuple[int, int]] = ()) -> None:
        if duration_ns < 0:
            raise BugError("player_duration", duration_ns=duration_ns)
        self._duration_ns = duration_ns
        self._gaps = tuple(gaps)
        self._gap_starts = [start for start, _ in self._gaps]
        self._t_ns = 0.0
        self._now_ns = 0
        self._playing = False
        self._speed = 1.0
        self._loop: tuple[int, int] | None = None
        self._skip_gaps = False

    @property
    def state(self) -> PlayerState:
        """Where it is, without moving it."""
        return PlayerState(int(self._t_ns), self._playing, self._speed, self._loop, self._skip_gaps)

    @property
    def duration_ns(self) -> int:
        """Last moment that can be shown."""
        return self._duration_ns

    def play(self, now_ns: int) -> PlayerState:
        """Go on from the playhead; from the start (or the loop's start) when it stands at the end."""
        self.tick(now_ns)
        if not self._playing and self._t_ns >= self._duration_ns:
            self._t_ns = float(self._loop[0] if self._loop else 0)
        self._playing = True
        self._now_ns = now_ns
        return self.state

    def pause(self, now_ns: int) -> PlayerState:
        """Stand still."""
        self.tick(now_ns)
        self._playing = False
        return self.state

    def toggle(self, now_ns: int) -> PlayerState:
        """Play when paused, pause when playing."""
        return self.pause(now_ns) if self._playing else self.play(now_ns)

    def tick(self, now_ns: int) -> PlayerState:
        """Move the playhead by the time that went by since the last call, times the speed."""
        elapsed_ns = max(0, now_ns - self._now_ns)
        self._now_ns = max(self._now_ns, now_ns)
        if self._playing:
            self._advance(elapsed_ns * self._speed)
        return self.state

    def seek(self, t_ns: float, now_ns: int) -> PlayerState:
        """Put the playhead anywhere (clipped to the session)."""
        self._now_ns = max(self._now_ns, now_ns)
        self._t_ns = min(max(float(t_ns), 0.0), float(self._duration_ns))
        return self.state

    def step(self, delta_ns: float, now_ns: int) -> PlayerState:
        """Pause and move by a signed duration."""
        self.pause(now_ns)
        return self.seek(self._t_ns + delta_ns, now_ns)

    def set_speed(self, speed: float, now_ns: int) -> PlayerState:
        """Change the speed from now on. Raises BugError outside 0.25…8."""
        if not SPEEDS[0] <= speed <= SPEEDS[-1]:
            raise BugError("player_speed", speed=speed)
        self.tick(now_ns)
        self._speed = float(speed)
        return self.state

    def slower(self, now_ns: int) -> PlayerState:
        """The next lower speed of :data:`SPEEDS`, if there is one."""
        return self.set_speed(max((s for s in SPEEDS if s < self._speed), default=SPEEDS[0]), now_ns)

    def faster(self, now_ns: int) -> PlayerState:
        """The next higher speed of :data:`SPEEDS`, if there is one."""
        return self.set_speed(min((s for s in SPEEDS if s > self._speed), default=SPEEDS[-1]), now_ns)

    def set_loop(self, loop_ns: tuple[int, int] | None, now_ns: int) -> PlayerState:
        """Play a stretch again and again; None ends it. An empty stretch counts as None."""
        self.tick(now_ns)
        if loop_ns is not None:
            start, end = sorted(min(max(t, 0), self._duration_ns) for t in loop_ns)
            loop_ns = (start, end) if end > start else None
        self._loop = loop_ns
        return self.state

    def set_skip_gaps(self, skip: bool, now_ns: int) -> PlayerState:
        """Jump over gaps while playing."""
        self.tick(now_ns)
        self._skip_gaps = skip
        return self.state

    def _advance(self, move_ns: float) -> None:
        if self._loop is not None and self._t_ns < self._loop[1]:
            self._advance_in_loop(move_ns, *self._loop)
            return
        self._t_ns = self._after_gaps(self._t_ns, move_ns)
        if self._t_ns >= self._duration_ns:
            self._t_ns = float(self._duration_ns)
            self._playing = False

    def _advance_in_loop(self, move_ns: float, start_ns: int, end_ns: int) -> None:
        moved = self._after_gaps(self._t_ns, move_ns)
        if moved >= end_ns:
            # a long pause between two ticks must not run the loop a thousand times
            moved = start_ns + (moved - end_ns) % (end_ns - start_ns)
            moved = self._after_gaps(moved, 0.0)
            moved = moved if moved < end_ns else float(start_ns)
        self._t_ns = moved

    def _after_gaps(self, t_ns: float, move_ns: float) -> float:
        """``t_ns + move_ns`` of time outside gaps, when gaps are skipped."""
        if not self._skip_gaps or not self._gaps:
            return t_ns + move_ns
        number = bisect_right(self._gap_starts, t_ns) - 1
        if number >= 0 and t_ns < self._gaps[number][1]:
            t_ns = float(self._gaps[number][1])
        number += 1
        while number < len(self._gaps) and t_ns + move_ns >= self._gaps[number][0]:
            move_ns -= self._gaps[number][0] - t_ns
            t_ns = float(self._gaps[number][1])
            number += 1
        return t_ns + move_ns
