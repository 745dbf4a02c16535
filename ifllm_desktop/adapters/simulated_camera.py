"""A camera and a landmarker that see a simulated person: no pictures, only landmarks at a camera's pace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.ports import Clock, FaceLandmarks, Frame

SIZE_PX = (1280, 720)


class SeenPerson(Protocol):
    """What camera and landmarker need of a simulated person."""

    def landmarks_at(self, t_ns: int, size_px: tuple[int, int]) -> FaceLandmarks | None:
        """Landmarks at a moment of the person's time, None while there are none."""


class SimulatedCamera:
    """Frames without pictures, exactly ``rate_hz`` a second. Implements ``ports.Camera``.

    Parameters
    ----------
    person : SeenPerson
        Whoever sits in front of it; only the landmarker looks at it.
    clock : Clock
        Real or simulated. A frame is stamped with the moment it was due, however late it is read; a reader that is
        late by more than a second has the schedule begin anew.
    """

    devices = "simulated"

    def __init__(self, person: SeenPerson, clock: Clock, rate_hz: float = 30.0) -> None:
        self.person = person
        self._clock = clock
        self.rate_hz = rate_hz
        self._start_ns = 0
        self._n_since_start = 0
        self._n_frames = 0
        self._is_open = False

    def open(self) -> None:
        """The first frame is due now."""
        self._is_open = True
        self._start_ns = self._clock.now_ns()
        self._n_since_start = 0

    def read(self) -> Frame | None:
        """The next frame, when it is due.

        Raises
        ------
        WorldError
            ``camera_lost`` when the camera is not open.
        """
        if not self._is_open:
            raise WorldError("camera_lost", device="simulated")
        due_ns = self._start_ns + round(self._n_since_start * NS_PER_S / self.rate_hz)
        self._clock.wait_until(due_ns)
        now_ns = self._clock.now_ns()
        if now_ns - due_ns > NS_PER_S:
            self._start_ns, self._n_since_start, due_ns = now_ns, 0, now_ns
        frame = Frame(due_ns, self._n_frames, None, SIZE_PX)
        self._n_since_start += 1
        self._n_frames += 1
        return frame

    def close(self) -> None:
        """Nothing to release."""
        self._is_open = False

    def describe(self) -> dict[str, Any]:
        """What the recording's header says of it."""
        width, height = SIZE_PX
        return {
            "name": "simulated participant", "width": width, "height": height, "rate_hz": self.rate_hz,
            "devices": self.devices,
        }  # fmt: skip


class SimulatedLandmarker:
    """Asks the simulated person for the landmarks of each frame. Implements ``ports.Landmarker``.

    Parameters
    ----------
    person : SeenPerson
    person_ns : callable or None
        The person's time at a reading of the clock, where the two differ (a session's time starts later).
    """

    def __init__(self, person: SeenPerson, person_ns: Callable[[int], int] | None = None) -> None:
        self._person = person
        self._person_ns = person_ns

    def detect(self, frame: Frame) -> FaceLandmarks | None:
        """Landmarks at the frame's time; None in blinks and losses."""
        t_ns = frame.t_ns if self._person_ns is None else self._person_ns(frame.t_ns)
        return self._person.landmarks_at(t_ns, frame.size_px)

    def close(self) -> None:
        """Nothing to free."""
