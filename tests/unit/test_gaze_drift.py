"""Drift check: threshold, judgement, and what a refit is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import EYE_FEATURES
from ifllm_desktop.gaze.training_set import CalibrationStep, fit, training_set
from ifllm_desktop.protocol import DriftPlan
from ifllm_desktop.session.drift import judge, threshold_px
from ifllm_desktop.session.gaze_outcome import TargetOutcome, ValidationOutcome
from ifllm_desktop.session.target_plans import (
    calibration_targets,
    drift_target,
    refit_targets,
    validation_targets,
)
from ifllm_desktop.session.target_run import TargetRun
from tests.simulated_setup import SCREEN, Sitting, nowhere

PLAN = DriftPlan()


def validation(error_px: float, sd_px: float = 0.0) -> ValidationOutcome:
    """Errors of this length in every direction."""
    targets = tuple(
        TargetOutcome(
            k,
            100.0,
            100.0,
            100 + error_px * math.cos(k),
            100 + error_px * math.sin(k),
            error_px,
            sd_px,
            sd_px,
            24,
        )
        for k in range(9)
    )
    return ValidationOutcome("a", "c", True, accuracy_px=error_px, sd_px=(sd_px, sd_px), targets=targets)


def test_that_the_threshold_grows_with_the_validations_error_and_scatter() -> None:
    assert threshold_px(PLAN, None, 24) == PLAN.threshold_px
    assert threshold_px(PLAN, validation(1.0), 24) == PLAN.threshold_px
    assert threshold_px(PLAN, validation(80.0), 24) == pytest.approx(3 * 80 / math.sqrt(2))
    both = threshold_px(PLAN, validation(80.0, 60.0), 24)
    assert both == pytest.approx(3 * math.sqrt(3200 + math.pi / 2 * 3600 / 6))
    assert threshold_px(PLAN, validation(80.0, 60.0), 240) < both


def test_that_without_drift_a_check_rarely_goes_beyond_the_threshold() -> None:
    rng = np.random.default_rng(4)
    limit = threshold_px(PLAN, validation(80.0), 10_000)
    bias = rng.normal(0, 80 / math.sqrt(2), (20_000, 2))
    share = float((np.hypot(*bias.T) > limit).mean())
    assert share == pytest.approx(math.exp(-(PLAN.threshold_sd**2) / 2), abs=0.003)


def test_that_a_check_is_the_median_of_what_was_seen() -> None:
    gaze = np.array([(110.0, 100.0)] * 9 + [(900.0, 900.0)] * 3 + [(math.nan, math.nan)] * 4)
    outcome = judge(gaze, (100.0, 100.0), 60.0, "k", "c", "first")
    assert (outcome.ok, outcome.drift_px, outcome.n_frames) == (True, 10.0, 12)
    outcome = judge(gaze + 80, (100.0, 100.0), 60.0, "k", "c", "first")
    assert (outcome.ok, outcome.reason) == (False, "drifted")
    outcome = judge(np.empty((0, 2)), (100.0, 100.0), 60.0, "k", "c", "first")
    assert (outcome.ok, outcome.reason, outcome.n_frames) == (False, "no_face", 0)
    assert outcome.to_payload()["drift_px"] is None


def shifted(features: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Slow error of the face model: the irises of both eyes are found 0.02 eye widths further down and right."""
    if features is None:
        return None
    features = features.copy()
    for name in ("iris_a_x", "iris_b_x", "iris_a_y", "iris_b_y"):
        features[EYE_FEATURES.index(name)] += 0.02
    return features


def run_of(targets: tuple[tuple[float, float], ...], attempt_id: str, phase: str) -> TargetRun:
    return TargetRun(targets, 400, 24, 4000, nowhere, attempt_id, phase)


def error_px(sitting: Sitting, model: object) -> float:
    run = run_of(validation_targets(9, SCREEN), "v", "validation")
    sitting.watch(run)
    samples = run.samples()
    gaze_px = model.predict(samples.features)[0]  # type: ignore[attr-defined]
    means = [
        gaze_px[samples.target_index == i].mean(axis=0) - samples.target_px[samples.target_index == i][0]
        for i in np.unique(samples.target_index)
    ]
    return float(np.mean(np.hypot(*np.array(means).T)))


def test_that_a_refit_on_five_points_takes_back_most_of_a_drift_and_the_check_sees_it() -> None:
    before, after, clean, checks = [], [], [], []
    for seed in range(1, 7):
        sitting = Sitting(seed)
        full = run_of(calibration_targets(9, SCREEN), "a-1", "calibration")
        sitting.watch(full)
        steps = {
            "c-1": CalibrationStep("c-1", "a-1"),
            "c-2": CalibrationStep("c-2", "a-2", "refit", "c-1", PLAN.refit_weight),
        }
        features_at = dict(zip(full.samples().t_ns.tolist(), full.samples().features, strict=True))
        model = fit(training_set("c-1", steps, full.rows(), features_at))
        clean.append(error_px(sitting, model))
        sitting.see = lambda _, features: shifted(features)
        check = run_of((drift_target(SCREEN),), "k", "drift")
        sitting.watch(check)
        outcome = judge(
            model.predict(check.samples().features)[0], drift_target(SCREEN), 0.0, "k", "c-1", "first"
        )
        checks.append(outcome.drift_px > threshold_px(PLAN, validation(clean[-1], 40.0), outcome.n_frames))
        refit = run_of(refit_targets(5, SCREEN), "a-2", "refit")
        sitting.watch(refit)
        features_at |= dict(zip(refit.samples().t_ns.tolist(), refit.samples().features, strict=True))
        again = fit(training_set("c-2", steps, full.rows() + refit.rows(), features_at))
        before.append(error_px(sitting, model))
        after.append(error_px(sitting, again))
    assert np.median(before) > 2 * np.median(clean)
    assert sum(checks) >= 4
    assert np.median(after) < 0.6 * np.median(before)
