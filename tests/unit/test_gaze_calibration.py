"""The calibration model: recovery, left-out predictions against brute force, weights, storing, refusals."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import EYE_FEATURES, N_FEATURES, N_PATCH_VALUES
from ifllm_desktop.gaze.calibration import GazeModel, model_from_payload, model_to_payload
from ifllm_desktop.gaze.eye_prior import GROUPS, PROFILES, columns, prior_root

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


def with_patches(
    features: Floats, points_px: Floats, rng: np.random.Generator, noise: float = 0.05
) -> Floats:
    """Behind the features, patches in which two smooth patterns follow gaze; the irises tell nothing then."""
    y, x = np.mgrid[0:8, 0:16]
    across = np.tile(np.sin((x - 7.5) / 4) * np.exp(-(((y - 3.5) / 3) ** 2)), (2, 1, 1)).ravel()
    down = np.tile(np.sin((y - 3.5) / 2) * np.exp(-(((x - 7.5) / 5) ** 2)), (2, 1, 1)).ravel()
    gaze = points_px / [1440, 900] - 0.5
    patches = gaze @ np.stack([across, down]) + rng.normal(0, noise, (len(points_px), N_PATCH_VALUES))
    blind = features.copy()
    blind[:, [0, 1, 5, 6]] = rng.normal(0, 0.01, (len(points_px), 4))
    return np.hstack([blind, patches])


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
    assert model.profile_.name == "iris"


def test_that_patches_are_used_when_every_target_has_them() -> None:
    rng = np.random.default_rng(5)
    targets = np.repeat(grid(), 4, axis=0)
    index = np.repeat(np.arange(9), 4)
    vectors = with_patches(features_of(targets, rng), targets, rng)
    model = GazeModel().fit(vectors, targets, index)
    assert model.profile_.name == "patch" and model.uses_patches
    points = np.array([(500.0, 300.0), (900.0, 300.0), (720.0, 600.0)])
    found, _ = model.predict(with_patches(features_of(points, rng), points, rng))
    assert np.linalg.norm(found - points, axis=1).max() < 120
    iris = GazeModel().fit(vectors[:, :N], targets, index)
    assert iris.profile_.name == "iris" and iris.loo_error_px_ > 2 * model.loo_error_px_


def test_that_one_target_without_any_patch_makes_an_iris_model() -> None:
    rng = np.random.default_rng(5)
    targets = np.repeat(grid(), 4, axis=0)
    index = np.repeat(np.arange(9), 4)
    vectors = with_patches(features_of(targets, rng), targets, rng)
    some = vectors.copy()
    some[index % 2 == 0, N] = np.nan
    some[np.flatnonzero(index == 4)[0], N] = 0.0
    assert GazeModel().fit(some, targets, index).profile_.name == "iris"
    some[np.flatnonzero(index % 2 == 0)[::4], N] = 0.0
    assert GazeModel().fit(some, targets, index).profile_.name == "patch"
    gone = vectors.copy()
    gone[:, N:] = np.nan
    model = GazeModel().fit(gone, targets, index)
    np.testing.assert_array_equal(model.coef_, GazeModel().fit(vectors[:, :N], targets, index).coef_)


def test_that_a_patch_model_has_no_gaze_for_frames_without_patches() -> None:
    rng = np.random.default_rng(5)
    targets = grid()
    vectors = with_patches(features_of(targets, rng), targets, rng)
    model = GazeModel().fit(vectors, targets, np.arange(9))
    assert np.isnan(model.predict(vectors[:, :N])[0]).all()
    assert np.isfinite(model.predict(vectors)[0]).all()


def test_that_worthless_patches_give_way_to_landmarks() -> None:
    rng = np.random.default_rng(8)
    targets = grid(4)
    features = features_of(targets, rng, noise=0.0005)
    vectors = np.hstack([features, rng.normal(0, 1, (16, N_PATCH_VALUES))])
    model = GazeModel().fit(vectors, targets, np.arange(16))
    assert model.profile_.name == "iris"
    assert model.loo_error_px_ < 80


def test_that_the_left_out_error_equals_fitting_without_that_target() -> None:
    rng = np.random.default_rng(3)
    targets = grid()
    features = features_of(targets, rng, noise=0.004)
    model = GazeModel().fit(features, targets, np.arange(9))
    profile = model.profile_
    used = features[:, columns(profile)]
    for axis in range(2):
        phi = np.hstack([(used - used.mean(axis=0)) @ prior_root(profile, axis), np.full((9, 1), 10.0)])
        # the plain form of the same estimate: weights with the prior N(0, 1), solved anew without one target
        y = (targets[:, axis] - targets[:, axis].mean()) / targets[:, axis].std()
        noise = model.strength_ * profile.noise[axis] ** 2
        for left_out in range(9):
            kept = np.arange(9) != left_out
            gram = phi[kept].T @ phi[kept] / noise + np.eye(phi.shape[1])
            weights = np.linalg.solve(gram, phi[kept].T @ y[kept] / noise)
            error_px = (phi[left_out] @ weights - y[left_out]) * targets[:, axis].std()
            assert model.left_out_px_[left_out, axis] == pytest.approx(error_px, rel=1e-6, abs=1e-6)
    assert model.loo_error_px_ == pytest.approx(np.median(np.hypot(*model.left_out_px_.T)))


def test_that_the_standard_deviation_is_that_of_the_posterior() -> None:
    rng = np.random.default_rng(3)
    targets = grid()
    model = GazeModel().fit(features_of(targets, rng, noise=0.004), targets, np.arange(9))
    new = features_of(np.array([[300.0, 700.0]]), rng)
    profile = model.profile_
    _, sd_px = model.predict(new)
    for axis in range(2):
        root = prior_root(profile, axis)
        features = features_of(targets, np.random.default_rng(3), noise=0.004)[:, columns(profile)]
        phi = np.hstack([(features - features.mean(axis=0)) @ root, np.full((9, 1), 10.0)])
        z = np.append((new[0, columns(profile)] - features.mean(axis=0)) @ root, 10.0)
        noise = model.strength_ * profile.noise[axis] ** 2
        posterior = np.linalg.inv(phi.T @ phi / noise + np.eye(phi.shape[1]))
        ratio = (model.noise_px_[axis] / (np.sqrt(noise) * targets[:, axis].std())) ** 2
        expected = np.sqrt(ratio * (noise + z @ posterior @ z)) * targets[:, axis].std()
        assert sd_px[0, axis] == pytest.approx(expected, rel=1e-6)


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


def test_that_a_heavier_target_draws_the_model_to_itself() -> None:
    rng = np.random.default_rng(1)
    targets = np.vstack([grid(), [[720.0, 450.0]]])
    features = features_of(targets, rng)
    features[-1] = features_of(np.array([[900.0, 520.0]]), rng)[0]  # what is seen there now: it has drifted
    index = np.arange(10)
    missed = []
    for weight in (1.0, 20.0):
        model = GazeModel().fit(features, targets, index, np.where(index == 9, weight, 1.0))
        missed.append(np.linalg.norm(model.predict(features[-1:])[0] - targets[-1]))
    assert missed[1] < missed[0]
    plain = GazeModel().fit(features, targets, index)
    same = GazeModel().fit(features, targets, index, np.ones(10))
    np.testing.assert_array_equal(plain.coef_, same.coef_)


def test_that_the_uncertainty_grows_away_from_the_calibrated_poses() -> None:
    model, rng = fitted()
    near = features_of(np.array([[720.0, 450.0]]), rng, noise=0.0)
    far = near.copy()
    far[0, 10] += 30.0  # a head turn that calibration never saw
    assert (model.predict(far)[1] > 2 * model.predict(near)[1]).all()


def test_that_more_noise_in_the_targets_gives_a_greater_standard_deviation() -> None:
    calm, wild = (
        GazeModel().fit(features_of(grid(4), np.random.default_rng(4), noise), grid(4), np.arange(16))
        for noise in (0.001, 0.02)
    )
    assert (wild.noise_px_ > 1.3 * calm.noise_px_).all()


def test_that_the_size_of_the_screen_only_scales_the_answer() -> None:
    rng = np.random.default_rng(6)
    features = features_of(grid(), rng)
    small = GazeModel().fit(features, grid(), np.arange(9))
    large = GazeModel().fit(features, 3 * grid() + 40, np.arange(9))
    (gaze, sd_px), (large_gaze, large_sd_px) = small.predict(features), large.predict(features)
    np.testing.assert_allclose(3 * gaze + 40, large_gaze, rtol=1e-9)
    np.testing.assert_allclose(3 * sd_px, large_sd_px, rtol=1e-9)


@pytest.mark.parametrize("through", ["arrays", "payload"])
def test_that_stored_models_predict_the_same(through: str) -> None:
    model, rng = fitted()
    features = features_of(grid(4), rng)
    if through == "arrays":
        again = GazeModel.from_arrays(model.to_arrays(), json.loads(json.dumps(model.to_json())))
    else:
        again = model_from_payload(json.loads(json.dumps(model_to_payload(model))))
    for one, other in zip(model.predict(features), again.predict(features), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.loo_error_px_ == model.loo_error_px_
    np.testing.assert_array_equal(again.left_out_px_, model.left_out_px_)


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
    with pytest.raises(DataError, match="calibration_targets"):  # one above the other: nothing is known of x
        GazeModel().fit(features_of(grid()[::3], rng), grid()[::3], np.arange(3))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kind", "kernel"),
        ("version", 9),
        ("feature_set", "eyes-9"),
        ("prior_version", 9),
        ("profile", "nose"),
    ],
)
def test_that_models_of_another_kind_are_refused(key: str, value: object) -> None:
    model, _ = fitted()
    with pytest.raises(DataError, match="calibration_unknown"):
        GazeModel.from_arrays(model.to_arrays(), model.to_json() | {key: value})


@pytest.mark.parametrize("payload", [{}, {"meta": {}, "arrays": {}}, {"meta": 3, "arrays": 4}])
def test_that_a_damaged_payload_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="calibration_unknown"):
        model_from_payload(payload)


def test_that_every_feature_has_a_group_and_every_profile_only_known_ones() -> None:
    assert {name for names, _ in GROUPS.values() for name in names} == set(EYE_FEATURES)
    for profile in PROFILES.values():
        assert {group for group, _ in profile.weights} <= set(GROUPS)
        places = columns(profile)
        assert len(set(places.tolist())) == len(places) and places.max() < N_FEATURES
        assert prior_root(profile, 0).shape == (len(places), len(places))
