"""Which frames count at a target."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import EYE_FEATURES
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.session.frame_gate import BLINK_MARGIN_NS, FrameGate, GateLimits, iris_of, scatter, steady
from ifllm_desktop.session.target_frames import Collected, KeptFrame
from ifllm_desktop.session.target_plans import calibration_targets
from ifllm_desktop.session.target_run import TargetRun
from tests.simulated_setup import SCREEN, Sitting, nowhere

LIMITS = GateLimits(min_rate_hz=10.0, min_opening=0.6)
OPENING = [EYE_FEATURES.index("opening_a"), EYE_FEATURES.index("opening_b")]
IRIS_X = EYE_FEATURES.index("iris_a_x")
FRAME_NS = 33 * NS_PER_MS


def eyes(opening: float = 0.3, iris_x: float = 0.0) -> NDArray[np.float64]:
    features = np.zeros(len(EYE_FEATURES))
    features[OPENING] = opening
    features[IRIS_X] = iris_x
    return features


def codes(openings: list[float | None], every_ns: int = FRAME_NS) -> list[str]:
    gate = FrameGate(LIMITS)
    return [gate.judge(k * every_ns, None if o is None else eyes(o)) for k, o in enumerate(openings)]


def test_that_open_eyes_count_and_missing_ones_do_not() -> None:
    gate = FrameGate(LIMITS)
    assert gate.judge(0, eyes()) == ""
    assert gate.judge(1, None) == "no_face"
    assert gate.judge(2, eyes(math.nan)) == "no_face"


def test_that_what_lies_beyond_the_geometric_features_may_be_missing() -> None:
    assert FrameGate(LIMITS).judge(0, np.append(eyes(), np.full(300, math.nan))) == ""


def test_that_lids_are_closed_by_the_persons_own_measure_and_frames_after_a_blink_are_dropped() -> None:
    n_after = math.ceil(BLINK_MARGIN_NS / FRAME_NS)
    for usual in (0.15, 0.4):  # narrow eyes are no closed eyes
        found = codes([usual] * 30 + [usual * 0.5] * 3 + [usual] * 10)
        assert found[:30] == [""] * 30
        assert found[30:33] == ["closed"] * 3
        assert found[33 : 33 + n_after - 1] == ["blink"] * (n_after - 1)
        assert found[33 + n_after :] == [""] * (10 - n_after)


def test_that_a_person_who_looks_down_is_not_taken_to_blink() -> None:
    assert codes([0.3] * 60 + [0.3 * 0.72] * 60) == [""] * 120


def test_that_one_closed_start_does_not_close_the_gate_for_good() -> None:
    assert codes([0.05] * 10 + [0.3] * 100)[-1] == ""


@pytest.mark.parametrize(("rate_hz", "wanted"), [(30, ""), (12, ""), (8, "slow"), (0.5, "slow")])
def test_that_pictures_have_to_come_often_enough(rate_hz: float, wanted: str) -> None:
    assert codes([0.3] * 40, round(1e9 / rate_hz))[-1] == wanted


def test_that_scatter_and_steadiness_are_robust() -> None:
    rng = np.random.default_rng(1)
    iris = np.array([iris_of(eyes(iris_x=x)) for x in rng.normal(0, 0.006, 30)])
    assert scatter(iris) == pytest.approx(0.006, rel=0.4)
    iris[[3, 20], 0] = 0.2
    assert scatter(iris) < 0.012
    assert {3, 20} <= set(np.flatnonzero(~steady(iris, LIMITS)).tolist()) and steady(iris, LIMITS).sum() >= 26


def test_that_a_blink_takes_the_frames_before_it_along_and_is_no_data_loss_beyond_itself() -> None:
    found = Collected(LIMITS)
    for k in range(10):
        found.add(KeptFrame(k * FRAME_NS, k, eyes(), 0, 0))
    assert found.reject(10 * FRAME_NS, "closed", BLINK_MARGIN_NS) == "blink"
    assert [f.frame_index for f in found.frames] == list(range(7))
    assert found.rejected == {"blink": 4}
    assert (found.n_arrived, found.n_counted) == (11, 8)


def test_that_eyes_which_jump_away_for_a_moment_do_not_move_the_target() -> None:
    found = Collected(LIMITS)
    rng = np.random.default_rng(2)
    answers = [
        found.add(KeptFrame(k, k, eyes(iris_x=0.3 if k in (12, 13) else rng.normal(0, 0.004)), 0, 0))
        for k in range(26)
    ]
    assert answers[12] == answers[13] == "unsteady" and answers[25] == ""
    found.finish()
    assert len(found.frames) == 24 and found.rejected == {"unsteady": 2}
    assert abs(np.mean([f.features[IRIS_X] for f in found.frames])) < 0.004


def test_that_a_report_of_each_target_says_what_was_left_out_and_why() -> None:
    def blink_at_the_third(since_ns: int, features: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        # lids closed for 0.2 s of each second
        if features is not None and since_ns % 10**9 < 2 * 10**8:
            features = features.copy()
            features[OPENING] *= 0.3
        return features

    sitting = Sitting(3, see=blink_at_the_third)
    run = TargetRun(
        calibration_targets(5, SCREEN), 400, 24, 4000, nowhere, "a-1", "calibration", limits=LIMITS
    )
    sitting.watch(run)
    targets = run.targets()
    assert [t.target_index for t in targets] == [0, 1, 2, 3, 4]
    assert all(t.state == "good" and t.n_frames >= 24 and 0 < t.scatter < 0.02 for t in targets)
    assert sum(t.n_rejected.get("blink", 0) for t in targets) > 20
    samples = run.samples()
    opening = samples.features[:, OPENING].mean(axis=1)
    assert opening.min() > 0.6 * np.median(opening)
    assert len(run.rows()) == len(samples.t_ns)
