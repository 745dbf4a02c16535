"""State of the devices, and what it is told from: the frames that came last."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ifllm_desktop.capture.pipeline import Observation
from ifllm_desktop.capture.recorder import RecorderState
from ifllm_desktop.domain.time import NS_PER_S, seconds
from ifllm_desktop.gaze.image_quality import CloserLook, FaceLight, GlassesHint

_STALE_NS = NS_PER_S


@dataclass(frozen=True, slots=True)
class Health:
    """State of the devices, for views.

    Attributes
    ----------
    camera : str
        ``off``, ``starting``, ``opened``, ``lost`` or ``failed``.
    problem : Exception or None
        The newest error of camera or disk.
    rate_hz : float
        Frames per second over the last two seconds; NaN while there are none.
    face_found : bool
        Whether the newest frame had a face.
    face_age_s : float
        How long ago the newest frame with a face was; NaN before the first one.
    distance_cm, yaw_deg, pitch_deg, roll_deg : float
        Of the newest frame with a face; NaN before the first one.
    light : FaceLight
        Of that frame.
    look : CloserLook or None
        The newest one, while the camera is being checked.
    p_glasses : float
        See ``GlassesHint``; NaN where not known.
    device : dict
        What the open camera says of itself; empty before it was opened.
    saved : bool
        Whether every control event is on disk.
    """

    camera: str
    problem: Exception | None
    rate_hz: float
    face_found: bool
    face_age_s: float
    face_box: tuple[float, float, float, float]
    distance_cm: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    light: FaceLight
    look: CloserLook | None
    p_glasses: float
    device: Mapping[str, Any]
    n_frames: int
    n_gaps: int
    saved: bool
    recorder: RecorderState


class FramesSeen:
    """The frames that came last from one camera.

    Attributes
    ----------
    newest, newest_face : Observation or None
        The newest frame, and the newest one with a face.
    look : CloserLook or None
        The newest one.
    glasses : GlassesHint
    """

    def __init__(self) -> None:
        self.newest: Observation | None = None
        self.newest_face: Observation | None = None
        self.look: CloserLook | None = None
        self.glasses = GlassesHint()
        self._times_ns: deque[int] = deque(maxlen=512)

    def add(self, observation: Observation) -> None:
        """One frame more."""
        self.newest = observation
        if observation.features is not None:
            self.newest_face = observation
        if observation.look is not None:
            self.look = observation.look
            self.glasses.add(observation.look.rim_edge)
        self._times_ns.append(observation.t_ns)

    def face_found(self, now_ns: int) -> bool:
        """Whether the newest frame had a face and is no older than a second."""
        newest = self.newest
        return newest is not None and newest.features is not None and now_ns - newest.t_ns < _STALE_NS

    def rate_hz(self, now_ns: int) -> float:
        """Frames per second over the last two seconds; NaN while there are none."""
        times = self._times_ns
        while times and now_ns - times[0] > 2 * NS_PER_S:
            times.popleft()
        span_s = seconds(times[-1] - times[0]) if len(times) > 1 else 0.0
        return (len(times) - 1) / span_s if span_s > 0 else math.nan
