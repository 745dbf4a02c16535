"""Reading one marked line from its left to its right end."""

from __future__ import annotations

import numpy as np

from ifllm_desktop.adapters.simulated_person.reading_plan import Step
from ifllm_desktop.adapters.simulated_person.traits import Traits
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.domain.time import NS_PER_MS

_CHAR_PX = 8.0
"""About the width of a letter of reading size; only how many fixations a line takes depends on it."""
_REACTION_MS = 300.0
"""From the last word to the key (simple reactions take 200–300 ms)."""


class LineReading:
    """Fixation by fixation along the line that is marked now; at its end the eyes rest until another is marked."""

    def __init__(self, traits: Traits, rng: np.random.Generator) -> None:
        self._traits = traits
        self._rng = rng
        self.line: Rect | None = None
        self._x_px = 0.0
        self._read_ns: int | None = None

    def observe(self, line: Rect | None) -> bool:
        """The line that is marked now; returns whether it is another one than before."""
        if line == self.line:
            return False
        self.line = line
        self._read_ns = None
        if line is not None:
            self._x_px = line.x_px + self._saccade_px() * 0.6
        return True

    def next_step(self, t_ns: int) -> Step:
        """The next fixation; only while a line is marked."""
        line = self.line
        assert line is not None
        duration_ms = float(self._traits.fixation_ms * np.exp(self._rng.normal(-0.04, 0.28)))
        step = Step(min(self._x_px, line.right_px), line.y_px + line.h_px / 2, duration_ms, "")
        self._x_px += self._saccade_px()
        if (
            self._read_ns is None
            and self._x_px > line.right_px - 0.4 * _CHAR_PX * self._traits.chars_per_fixation
        ):
            self._read_ns = t_ns + int(duration_ms * NS_PER_MS)
        return step

    def read(self, t_ns: int) -> bool:
        """Whether the line was read by then, and the hand has had time to say so."""
        return self._read_ns is not None and t_ns >= self._read_ns + _REACTION_MS * NS_PER_MS

    def _saccade_px(self) -> float:
        return _CHAR_PX * self._traits.chars_per_fixation * max(0.3, float(self._rng.normal(1, 0.25)))
