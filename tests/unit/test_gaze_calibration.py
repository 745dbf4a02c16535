"""The ridge model: recovery, leave-one-target-out against brute force, storing, refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import EYE_FEATURES
from ifllm_desktop.gaze.calibration import GazeModel

Floats = NDArray[np.float64]
N = len(EYE_FEATURES)


def grid(n_side: int = 3) -> Floats:
    steps = np.linspace(0.1, 0.9, n_side)
    return np.array([(1440 * x, 900 * y) for y in steps for x in steps])


def features_of(points_px: Floats, rng: np.random.Generator, noise: float = 0.002) -> Floats:
    """Irises move with gaze, everything else only with noise."""
    features = np.full((len(points_px), N), 0.1)
    for x_column, y_column in ((0, 1), (5, 6)):
        features[:, x_column] = 0.10 * (points_px[:, 0] / 1440 - 0.5)
        features[:, y_column] = 0.05 * (points_px[:, 1] / 900 - 0.5)
    scale = np.array([1, 1, 1, 1, 1] * 2 + [100, 100, 100, 1000, 1000, 1000, 1, 1, 1])
    features += rng.normal(0, noise, features.shape) * scale
    return features


def fitted(n_frames: int = 20, seed: int = 0) -> tuple[GazeModel, np.random.Generator]:
    rng = np.random.default_rng(seed)
    targets = np.repeat(grid(), n_frames, axis=0)
    index = np.repeat(np.arange(9), n_frames)
    return GazeModel().fit(features_of(targets, rng), targets, index), rng


def test_that_points_between_the_targets_are_found() -> None:
    model, rng = fitted()
    points = np.array([(500.0, 300.0), (900.0, 300.0), (720.0, 600.0)])
    found, sd_px = model.predict(features_of(np.repeat(points, 30, axis=0), rng))
    error = np.linalg.norm(found.reshape(3, 30, 2).mean(axis=1) - points, axis=1)
    assert error.max() < 60
    assert (sd_px > 0).all() and found.shape == sd_px.shape == (90, 2)


def test_that_the_left_out_error_equals_fitting_without_that_target() -> None:
    rng = np.random.default_rng(3)
    targets = grid()
    features = features_of(targets, rng, noise=0.004)
    model = GazeModel(min_alpha=0.5).fit(features, targets, np.arange(9))
    x = (features - model.mean_) / model.scale_
    errors = []
    for left_out in range(9):
        kept = np.arange(9) != left_out
        point = np.empty(2)
        for axis in range(2):
            # ridge with a free intercept, centred on the kept targets
            mean_x, mean_y = x[kept].mean(axis=0), targets[kept, axis].mean()
            a = x[kept] - mean_x
            gram = a.T @ a + model.alpha_[axis] * np.eye(N)
            coefficients = np.linalg.solve(gram, a.T @ (targets[kept, axis] - mean_y))
            point[axis] = (x[left_out] - mean_x) @ coefficients + mean_y
        errors.append(float(np.linalg.norm(point - targets[left_out])))
    assert model.loo_error_px_ == pytest.approx(np.median(errors), rel=1e-6)


def test_that_frames_of_one_target_count_as_one() -> None:
    rng = np.random.default_rng(1)
    targets = grid()
    features = features_of(targets, rng)
    once = GazeModel().fit(features, targets, np.arange(9))
    repeats = np.array([1, 50, 1, 1, 9, 1, 1, 1, 3])
    many = GazeModel().fit(
        np.repeat(features, repeats, axis=0),
        np.repeat(targets, repeats, axis=0),
        np.repeat(np.arange(9), repeats),
    )
    np.testing.assert_allclose(many.coef_, once.coef_, rtol=1e-9)


def test_that_the_uncertainty_grows_away_from_the_calibrated_poses() -> None:
    model, rng = fitted()
    near = features_of(np.array([[720.0, 450.0]]), rng, noise=0.0)
    far = near.copy()
    far[0, 10] += 30.0  # a head turn that calibration never saw
    assert (model.predict(far)[1] > 2 * model.predict(near)[1]).all()


def test_that_stored_models_predict_the_same() -> None:
    model, rng = fitted()
    features = features_of(grid(4), rng)
    arrays = {name: np.asarray(values.tolist()) for name, values in model.to_arrays().items()}
    again = GazeModel.from_arrays(arrays, json.loads(json.dumps(model.to_json())))
    for one, other in zip(model.predict(features), again.predict(features), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    assert again.loo_error_px_ == model.loo_error_px_


def test_that_lost_frames_are_left_out_and_predict_as_missing() -> None:
    rng = np.random.default_rng(2)
    targets = np.repeat(grid(), 3, axis=0)
    index = np.repeat(np.arange(9), 3)
    features = features_of(targets, rng)
    features[4] = np.nan
    model = GazeModel().fit(features, targets, index)
    found, sd_px = model.predict(features)
    assert np.isnan(found[4]).all() and np.isnan(sd_px[4]).all()
    assert np.isfinite(np.delete(found, 4, axis=0)).all()


def test_that_too_few_targets_are_refused() -> None:
    rng = np.random.default_rng(2)
    with pytest.raises(DataError, match="calibration_targets"):
        GazeModel().fit(features_of(grid()[:2], rng), grid()[:2], np.arange(2))


@pytest.mark.parametrize(("key", "value"), [("kind", "kernel"), ("version", 2), ("feature_set", "eyes-9")])
def test_that_models_of_another_kind_are_refused(key: str, value: object) -> None:
    model, _ = fitted()
    with pytest.raises(DataError, match="calibration_unknown"):
        GazeModel.from_arrays(model.to_arrays(), model.to_json() | {key: value})
