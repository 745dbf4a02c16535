"""How many frames are missing while a camera gives none: arithmetic only, no clock and no thread."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from ifllm_desktop.domain.time import NS_PER_S

ROW_EVERY_NS = NS_PER_S
"""A gap row stands for at most this long, so that a crash in the middle of an outage loses no more of it."""
_N_RATE = 45
_MIN_RATE_FRAMES = 10
_SLOWER = 0.9


@dataclass(frozen=True, slots=True)
class Missing:
    """Frames that never came.

    Attributes
    ----------
    t_ns : int
        When the first of them was due (clock time).
    n_frames : int
        How many, from the camera's rate.
    """

    t_ns: int
    n_frames: int


class FrameLedger:
    """Keeps frames seen + frames missing equal to elapsed time × rate, over any number of outages.

    Frame k after the last one seen is due k / rate later. While there is an outage each due frame is entered
    exactly once, by :meth:`owed`; the frame that ends it takes its own place in the count.

    The rate is the nominal one, or the one of the last frames where those came more than a tenth slower: a camera
    that halves its rate in dim light would otherwise be said to lose twice as much as it did.
    """

    def __init__(self, rate_hz: float) -> None:
        self._nominal_hz = rate_hz
        self._stamps_ns: deque[int] = deque(maxlen=_N_RATE)
        self._base_ns: int | None = None
        self._rate_hz = rate_hz
        self._n_entered = 0

    @property
    def out(self) -> bool:
        """Whether there is an outage."""
        return self._base_ns is not None

    @property
    def rate_hz(self) -> float:
        """Frames per second that are expected."""
        stamps = self._stamps_ns
        if len(stamps) >= _MIN_RATE_FRAMES and stamps[-1] > stamps[0]:
            seen_hz = (len(stamps) - 1) * NS_PER_S / (stamps[-1] - stamps[0])
            if seen_hz < _SLOWER * self._nominal_hz:
                return seen_hz
        return self._nominal_hz

    @property
    def last_ns(self) -> int | None:
        """Stamp of the last frame seen, None before the first."""
        return self._stamps_ns[-1] if self._stamps_ns else None

    def set_rate(self, rate_hz: float) -> None:
        """Another camera or mode; what was seen of the old one says nothing about it."""
        self._nominal_hz = rate_hz
        self._stamps_ns.clear()

    def begin(self, t_ns: int) -> None:
        """No frames from now on: frames are missing since the last one seen, or since ``t_ns`` without any."""
        if self._base_ns is None:
            last_ns = self.last_ns
            self._base_ns = last_ns if last_ns is not None else t_ns
            self._rate_hz = self.rate_hz
            self._n_entered = 0

    def owed(self, t_ns: int, *, at_least_ns: int = 0) -> Missing | None:
        """Frames that were due by ``t_ns`` and are not entered yet; they count as entered now.

        None while all is well, where nothing is due, or where less than ``at_least_ns`` of time is due.
        """
        if self._base_ns is None:
            return None
        n_due = math.floor((t_ns - self._base_ns) * self._rate_hz / NS_PER_S)
        return self._enter(n_due, at_least_ns)

    def frame(self, t_ns: int) -> Missing | None:
        """A frame came. What was missing right before it, when it ends an outage."""
        missing = None
        if self._base_ns is not None:
            # rounded, not cut: the frame itself is one of the periods since the last one
            periods = (t_ns - self._base_ns) * self._rate_hz / NS_PER_S
            missing = self._enter(round(periods) - 1, 0)
            self._base_ns = None
            self._stamps_ns.clear()
        self._stamps_ns.append(t_ns)
        return missing

    def _enter(self, n_due: int, at_least_ns: int) -> Missing | None:
        assert self._base_ns is not None
        n_frames = n_due - self._n_entered
        if n_frames < 1 or n_frames * NS_PER_S < at_least_ns * self._rate_hz:
            return None
        first_ns = self._base_ns + round((self._n_entered + 1) * NS_PER_S / self._rate_hz)
        self._n_entered = n_due
        return Missing(first_ns, n_frames)
