"""Runs of targets with a simulated person in front of them, without flow and recorder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.adapters.simulated_person import SimulatedPerson
from ifllm_desktop.domain.scene import Scene
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.gaze.eye_features import eye_features
from ifllm_desktop.session.pursuit_run import PursuitRun
from ifllm_desktop.session.target_run import TargetRun

SCREEN = Screen(1440, 900, 1.0, 344.0, 215.0, 600.0)
FRAME_NS = NS_PER_S // 30
SIZE_PX = (1280, 720)

Look = Callable[[int, tuple[float, float]], tuple[float, float]]
See = Callable[[int, NDArray[np.float64] | None], NDArray[np.float64] | None]


class Sitting:
    """One person, one time axis; ``watch`` lets a run happen.

    Parameters
    ----------
    look : callable or None
        Where the person looks, given the time in the run (ns) and the target; None: at the target.
    see : callable or None
        What the camera makes of a frame, given its time in the run and its features; None: what is there.
    """

    def __init__(self, seed: int, look: Look | None = None, see: See | None = None) -> None:
        self.person = SimulatedPerson(seed, SCREEN)
        self.look, self.see = look, see
        self.t_ns = 0
        self.n_frames = 0

    def watch(self, run: TargetRun | PursuitRun, limit_s: float = 240) -> None:
        start_ns = self.t_ns
        while not run.done:
            assert self.t_ns - start_ns < limit_s * NS_PER_S, "the run never ended"
            view = run.view(self.t_ns)
            since_ns, target = self.t_ns - start_ns, (view.x_px, view.y_px)
            if self.look is not None:
                target = self.look(since_ns, target)
            self.person.observe(Scene("calibration", target), self.t_ns)
            face = self.person.landmarks_at(self.t_ns, SIZE_PX)
            features = None if face is None else eye_features(face)
            if self.see is not None:
                features = self.see(since_ns, features)
            run.frame(self.t_ns, self.n_frames, features)
            self.n_frames += 1
            self.t_ns += FRAME_NS


def nowhere(stream: str, row: object) -> int:
    """Rows are thrown away."""
    return 1
