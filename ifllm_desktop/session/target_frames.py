"""Frames of one target while they are collected, and what is left of them in the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import EYE_FEATURES
from ifllm_desktop.session.frame_gate import GateLimits, iris_of, scatter, steady


class TargetSamples(NamedTuple):
    """Frames that were collected.

    Attributes
    ----------
    features : ndarray of float64, shape (n, N_FEATURES)
        The first 19 in the order of ``EYE_FEATURES``.
    target_px : ndarray of float64, shape (n, 2)
        Screen px.
    target_index : ndarray of int64, shape (n,)
        Index into the targets as they were given.
    t_ns : ndarray of int64, shape (n,)
        Session time.
    n_frames_total : int
        Frames that arrived while collecting, with and without usable eyes, but for those that the gate dropped although
        the eyes were open; of a repeated target those of the try that is kept.
    """

    features: NDArray[np.float64]
    target_px: NDArray[np.float64]
    target_index: NDArray[np.int64]
    t_ns: NDArray[np.int64]
    n_frames_total: int


@dataclass(frozen=True, slots=True, eq=False)
class KeptFrame:
    """One frame at a target; ``x_px, y_px`` is where the target was, screen px."""

    t_ns: int
    frame_index: int
    features: NDArray[np.float64]
    x_px: float
    y_px: float


def samples_of(frames: list[tuple[int, KeptFrame]], n_frames_total: int) -> TargetSamples:
    """Arrays of ``(target_index, frame)`` in the order given."""
    width = len(frames[0][1].features) if frames else len(EYE_FEATURES)
    return TargetSamples(
        np.array([f.features for _, f in frames], dtype=np.float64).reshape(-1, width),
        np.array([(f.x_px, f.y_px) for _, f in frames], dtype=np.float64).reshape(-1, 2),
        np.array([index for index, _ in frames], dtype=np.int64),
        np.array([f.t_ns for _, f in frames], dtype=np.int64),
        n_frames_total,
    )


class Collected:
    """Frames of one try at one target."""

    def __init__(self, limits: GateLimits) -> None:
        self._limits = limits
        self.frames: list[KeptFrame] = []
        self.n_arrived = 0
        self.rejected: Counter[str] = Counter()
        self._n_lost = 0
        self._iris: list[NDArray[np.float64]] = []
        self._steady = np.ones(0, dtype=bool)

    @property
    def n_steady(self) -> int:
        """Frames that count if the target ends now."""
        return int(self._steady.sum())

    @property
    def n_counted(self) -> int:
        """Frames that are there, or missing because there were no eyes to see: what data loss is a share of."""
        return self.n_arrived - (self.rejected.total() - self._n_lost)

    def add(self, frame: KeptFrame) -> str:
        """A frame that passed the gate; returns ``unsteady`` when it is far from the others."""
        self.n_arrived += 1
        self.frames.append(frame)
        self._iris.append(iris_of(frame.features))
        self._steady = steady(np.array(self._iris), self._limits)
        return "" if self._steady[-1] else "unsteady"

    def reject(self, t_ns: int, code: str, margin_ns: int) -> str:
        """A frame that did not pass, with the gate's code; without open eyes it takes those just before it along.

        Returns the code for views and reports.
        """
        self.n_arrived += 1
        reason = "blink" if code == "closed" else code
        self.rejected[reason] += 1
        if code in ("no_face", "closed"):
            self._n_lost += 1
            n_before = len(self.frames)
            while self.frames and margin_ns and t_ns - self.frames[-1].t_ns <= margin_ns:
                self.frames.pop()
                self._iris.pop()
            if len(self.frames) < n_before:
                self.rejected["blink"] += n_before - len(self.frames)
                self._steady = steady(np.array(self._iris).reshape(-1, 4), self._limits)
        return reason

    def finish(self) -> None:
        """Drop what is far from the rest."""
        n_unsteady = len(self.frames) - self.n_steady
        if n_unsteady:
            self.rejected["unsteady"] += n_unsteady
            self.frames = [f for f, near in zip(self.frames, self._steady, strict=True) if near]
            self._iris = [i for i, near in zip(self._iris, self._steady, strict=True) if near]
            self._steady = np.ones(len(self.frames), dtype=bool)

    def scatter(self) -> float:
        """See ``frame_gate.scatter``."""
        return scatter(np.array(self._iris).reshape(-1, 4))
