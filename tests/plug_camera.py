"""A camera that can be pulled out, hang and come back. Simulated; shared by tests of several tiers."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.ports import Clock, Frame


class PlugCamera:
    """Frames on a fixed grid of times while it is plugged in. Implements ``ports.Camera``.

    Attributes
    ----------
    state : str
        ``in``, ``out`` (errors, like a device that was pulled out) or ``hang`` (a read that does not return).
    image_bgr : ndarray or None
        The picture of every frame.
    """

    devices = "real"

    def __init__(self, clock: Clock, rate_hz: float = 30.0, name: str = "plug camera") -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._origin_ns = clock.now_ns()
        self._last_k = -1
        self._n_frames = 0
        self._open = False
        self.rate_hz, self.name = rate_hz, name
        self.state = "in"
        self.image_bgr: NDArray[np.uint8] | None = None
        self.n_opened = self.n_closed = 0
        self.seen_ns: list[int] = []

    def set_state(self, state: str) -> None:
        """Pull it out, let it hang, plug it in."""
        with self._changed:
            self.state = state
            self._changed.notify_all()

    def open(self) -> None:
        """Raises ``camera_missing`` while it is out."""
        if self.state == "out":
            raise WorldError("camera_missing", device=self.name)
        self.n_opened += 1
        self._open = True
        self._last_k = int((self._clock.now_ns() - self._origin_ns) * self.rate_hz / NS_PER_S)

    def read(self) -> Frame | None:
        """The next frame of the grid; frames that nobody read in time are gone, as with a device."""
        with self._changed:
            if self.state == "hang":
                self._changed.wait_for(lambda: self.state != "hang")
                self._last_k = int((self._clock.now_ns() - self._origin_ns) * self.rate_hz / NS_PER_S)
        if self.state == "out" or not self._open:
            raise WorldError("camera_lost", device=self.name)
        self._last_k += 1
        due_ns = self._origin_ns + round(self._last_k * NS_PER_S / self.rate_hz)
        self._clock.wait_until(due_ns)
        # the grid's time and not the reader's: what is counted must not hang on how busy the machine is
        frame = Frame(due_ns, self._n_frames, self.image_bgr, (1280, 720))
        self.seen_ns.append(due_ns)
        self._n_frames += 1
        return frame

    def close(self) -> None:
        """Counted."""
        self.n_closed += 1
        self._open = False

    def describe(self) -> dict[str, Any]:
        """A device of 720p."""
        return {
            "name": self.name, "width": 1280, "height": 720, "rate_hz": self.rate_hz, "devices": self.devices,
        }  # fmt: skip
