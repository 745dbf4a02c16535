"""A validation tells of every target that was shown: error, tilt of the scatter, loss; or that it was not measured."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.protocol import CalibrationPlan
from ifllm_desktop.session.acceptance import judged, loss
from ifllm_desktop.session.gaze_outcome import CalibrationTarget
from ifllm_desktop.session.target_frames import TargetSamples

SCREEN = Screen(1920, 1080, 1.0, 344.0, 194.0, 600.0)
PLACES = ((400.0, 200.0), (1500.0, 200.0), (1500.0, 800.0))
N = 400


def test_that_a_target_without_frames_is_there_and_not_measured() -> None:
    rng = np.random.default_rng(0)
    scatter = rng.multivariate_normal((0, 0), ((900.0, 480.0), (480.0, 400.0)), 2 * N)
    target_px = np.repeat(np.array(PLACES[:2]), N, axis=0)
    samples = TargetSamples(
        np.zeros((2 * N, 19)), target_px, np.repeat([0, 2], N), np.arange(2 * N) * 33 * NS_PER_MS, 2 * N
    )
    shown = (
        CalibrationTarget(0, *PLACES[0], N, {"no_face": N // 4}, 0.01, state="good"),
        CalibrationTarget(1, *PLACES[2], 0, {"no_face": 30, "blink": 10}),
        CalibrationTarget(2, *PLACES[1], N, {"blink": 4}, 0.01, state="good"),
    )
    outcome = judged(target_px + scatter + (10.0, 0.0), samples, SCREEN, CalibrationPlan(), "a", "c", shown)
    first, missing, last = outcome.targets
    assert (missing.target_index, missing.x_px, missing.y_px, missing.n_frames) == (1, *PLACES[2], 0)
    assert math.isnan(missing.error_px) and missing.loss == pytest.approx(0.75)
    assert first.loss == pytest.approx(0.2) and last.loss == 0.0
    assert first.rho == pytest.approx(0.8, abs=0.05)
    assert outcome.to_payload()["targets"][1]["error_px"] is None


def test_that_the_loss_of_a_target_that_was_never_seen_is_not_known() -> None:
    assert math.isnan(loss(CalibrationTarget(0, 1.0, 1.0)))
