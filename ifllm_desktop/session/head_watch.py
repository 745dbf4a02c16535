"""Whether the head is still where it was calibrated, and whether there are eyes at all."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import EYE_FEATURES
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.session.frame_gate import usable

SMOOTH_NS = 2 * NS_PER_S
"""Medians are taken over this long: shorter than a change of posture, longer than a nod."""
_FEWEST = 10
_EVERY_NS = NS_PER_S // 5
_TURN = slice(EYE_FEATURES.index("yaw_deg"), EYE_FEATURES.index("roll_deg") + 1)
_PLACE = slice(EYE_FEATURES.index("head_x_mm"), EYE_FEATURES.index("head_z_mm") + 1)
_SCALE = EYE_FEATURES.index("inter_eye")
_N = len(EYE_FEATURES)


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """How far the head may go from its mean during the calibration.

    Attributes
    ----------
    max_shift_mm : float
        In any direction. Within 27 sessions of two people at a webcam who were not told to keep still the head went
        12 mm away from its mean (median of the greatest distances along the depth axis) and never more than 41 mm.
    max_turn_deg : float
        Yaw, pitch or roll; in the same sessions 6° (median of the greatest) and never more than 16°.
    max_scale : float
        Share by which the distance between the eyes in the picture changes; there 0.024 and never more than 0.087.
    lost_s : float
        Without usable eyes for this long gaze is lost.
    """

    max_shift_mm: float
    max_turn_deg: float
    max_scale: float
    lost_s: float


class HeadWatch:
    """Takes every frame in its order and says when something has changed.

    ::

        near ──medians of two seconds beyond a limit──► "head_moved" (once, until watch is called again)
        seen ──no eyes for lost_s──► "gaze_lost" ──eyes for two seconds──► "gaze_found"
    """

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._reference: NDArray[np.float64] | None = None
        self._recent: deque[tuple[int, NDArray[np.float64]]] = deque()
        self._moved = False
        self._lost = False
        self._t_seen_ns: int | None = None
        self._next_ns = 0

    def watch(self, features: NDArray[np.float64]) -> None:
        """Begin anew, with the frames of a calibration as the reference, shape (n, at least 19)."""
        self._reference = features[:, :_N].mean(axis=0) if len(features) else None
        self._recent.clear()
        self._moved = False

    def rest(self) -> None:
        """Forget the last seconds: frames were not looked at for a while."""
        self._recent.clear()
        self._t_seen_ns = None

    def frame(self, t_ns: int, features: NDArray[np.float64] | None) -> str:
        """``""``, ``head_moved``, ``gaze_lost`` or ``gaze_found``."""
        if self._t_seen_ns is None:
            self._t_seen_ns = t_ns
        if features is None or not usable(features):
            if not self._lost and t_ns - self._t_seen_ns >= self._limits.lost_s * NS_PER_S:
                self._lost = True
                self._recent.clear()
                return "gaze_lost"
            return ""
        self._t_seen_ns = t_ns
        recent = self._recent
        recent.append((t_ns, features[:_N]))
        while t_ns - recent[0][0] > SMOOTH_NS:
            recent.popleft()
        if len(recent) < _FEWEST or t_ns - recent[0][0] < SMOOTH_NS * 0.8:
            return ""
        if self._lost:
            self._lost = False
            return "gaze_found"
        if self._moved or t_ns < self._next_ns:
            return ""
        self._next_ns = t_ns + _EVERY_NS
        self._moved = self._is_away()
        return "head_moved" if self._moved else ""

    def away(self) -> dict[str, float]:
        """How far the head is from the reference now: ``shift_mm``, ``turn_deg``, ``scale``."""
        if self._reference is None or not self._recent:
            return {}
        now = np.median(np.array([features for _, features in self._recent]), axis=0)
        reference = self._reference
        return {
            "shift_mm": float(np.linalg.norm(now[_PLACE] - reference[_PLACE])),
            "turn_deg": float(np.abs(now[_TURN] - reference[_TURN]).max()),
            "scale": float(abs(now[_SCALE] / reference[_SCALE] - 1)),
        }

    def _is_away(self) -> bool:
        away = self.away()
        limits = self._limits
        return bool(away) and (
            away["shift_mm"] > limits.max_shift_mm
            or away["turn_deg"] > limits.max_turn_deg
            or away["scale"] > limits.max_scale
        )
