"""Moves of the head and lost eyes, found from the features alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import EYE_FEATURES
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.session.head_watch import HeadLimits, HeadWatch

LIMITS = HeadLimits(60.0, 20.0, 0.15, 5.0)
FRAME_NS = NS_PER_S // 30


def head(**values: float) -> NDArray[np.float64]:
    features = np.zeros(len(EYE_FEATURES))
    features[EYE_FEATURES.index("head_z_mm")] = 600.0
    features[EYE_FEATURES.index("inter_eye")] = 0.1
    for name, value in values.items():
        features[EYE_FEATURES.index(name)] = value
    return features


class Watching:
    def __init__(self) -> None:
        self.watch = HeadWatch(LIMITS)
        self.watch.watch(np.array([head()] * 5))
        self.t_ns = 0

    def see(self, features: NDArray[np.float64] | None, length_s: float) -> list[tuple[float, str]]:
        said = []
        for _ in range(round(length_s * 30)):
            self.t_ns += FRAME_NS
            word = self.watch.frame(self.t_ns, features)
            if word:
                said.append((self.t_ns / NS_PER_S, word))
        return said


@pytest.mark.parametrize(
    "moved",
    [{"head_x_mm": 61.0}, {"head_z_mm": 530.0}, {"yaw_deg": 21.0}, {"roll_deg": -21.0}, {"inter_eye": 0.12}],
)
def test_that_a_move_that_lasts_is_said_once(moved: dict[str, float]) -> None:
    w = Watching()
    assert w.see(head(), 5) == []
    ((t_s, word),) = w.see(head(**moved), 6)
    assert word == "head_moved" and 5.9 < t_s < 7.5
    w.watch.watch(np.array([head(**moved)]))
    assert w.see(head(**moved), 5) == []
    assert [word for _, word in w.see(head(), 5)] == ["head_moved"]


def test_that_a_nod_and_a_small_move_are_none() -> None:
    w = Watching()
    w.see(head(), 5)
    assert w.see(head(pitch_deg=40.0), 0.7) == []
    assert w.see(head(), 5) == []
    assert w.see(head(head_x_mm=40.0, yaw_deg=15.0, inter_eye=0.11), 10) == []


def test_that_lost_eyes_are_said_and_that_they_were_found() -> None:
    w = Watching()
    w.see(head(), 5)
    assert w.see(None, 4.9) == []
    ((_, word),) = w.see(None, 10)
    assert word == "gaze_lost"
    ((t_s, word),) = w.see(head(), 5)
    assert word == "gaze_found" and t_s > 21.5
    w.watch.rest()
    assert w.see(None, 4.5) == []


def test_that_without_a_reference_nothing_is_said_of_moves() -> None:
    w = Watching()
    w.watch.watch(np.empty((0, 19)))
    assert w.see(head(head_x_mm=900.0), 6) == []
    assert w.watch.away() == {}
