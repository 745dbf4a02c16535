"""Profiles of eyes that are learned from other people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import EYE_FEATURES, N_FEATURES
from ifllm_desktop.gaze import bench
from ifllm_desktop.gaze.bench import BenchRows, profiles_of_others
from ifllm_desktop.gaze.eye_prior import GROUPS, IRIS, PATCH, PROFILES, EyeProfile, columns, prior_root
from ifllm_desktop.gaze.prior_fit import fitted_profile, log_likelihood

Floats = NDArray[np.float64]
TELLS = EyeProfile(
    "iris", (("iris_x", (0.5, 0.02)), ("iris_y", (0.02, 0.4)), ("yaw", (0.3, 0.02)), ("roll", (0.02, 0.02))),
    patch=(0.0, 0.0), noise=(0.2, 0.2),
)  # fmt: skip


def drawn_sessions(profile: EyeProfile, n: int = 40, seed: int = 0) -> list[tuple[Floats, Floats]]:
    """Sessions in which gaze follows from features by weights drawn from the profile, with its noise."""
    rng = np.random.default_rng(seed)
    places = columns(profile)
    units = np.array([GROUPS[group][1] for group, _ in profile.weights for _ in GROUPS[group][0]])
    sessions = []
    for _ in range(n):
        features = np.full((16, N_FEATURES), np.nan)
        features[:, : len(EYE_FEATURES)] = 0.0
        features[:, places] = rng.normal(0, 1, (16, len(places))) * units
        gaze = [
            features[:, places] @ prior_root(profile, axis) @ rng.normal(0, 1, len(places))
            + rng.normal(0, profile.noise[axis], 16)
            for axis in range(2)
        ]
        sessions.append((features, 400 * np.stack(gaze, axis=1) + 500))
    return sessions


def test_that_the_groups_that_tell_are_found_with_their_strengths() -> None:
    found = fitted_profile(TELLS, drawn_sessions(TELLS))
    weights, true = dict(found.weights), dict(TELLS.weights)
    for axis, telling in ((0, "iris_x"), (1, "iris_y")):
        # against the noise, because targets are standardised within a session: sessions with large weights count
        # for less there, so it comes out lower, by a third here
        ratio = (weights[telling][axis] / found.noise[axis]) / (true[telling][axis] / TELLS.noise[axis])
        assert 0.5 < ratio < 1.2
        assert weights["roll"][axis] < 0.3 * weights[telling][axis]


def test_that_no_other_numbers_are_likelier() -> None:
    sessions = drawn_sessions(TELLS, n=12)
    found = fitted_profile(TELLS, sessions)
    best = log_likelihood(TELLS, found, sessions)
    for place, (group, weight) in enumerate(found.weights[:3]):
        for factor in (0.6, 1.6):
            moved = list(found.weights)
            moved[place] = (group, (weight[0] * factor, weight[1] * factor))
            assert log_likelihood(TELLS, replace(found, weights=tuple(moved)), sessions) < best + 0.1
    for factor in (0.8, 1.25):
        noisier = replace(found, noise=(found.noise[0] * factor, found.noise[1] * factor))
        assert log_likelihood(TELLS, noisier, sessions) < best


def test_that_patches_have_a_strength_of_their_own() -> None:
    rng = np.random.default_rng(3)
    sessions = []
    for _ in range(20):
        features = rng.normal(0, 0.01, (16, N_FEATURES))
        features[:, len(EYE_FEATURES) :] = rng.normal(0, 1, (16, N_FEATURES - len(EYE_FEATURES)))
        weights = prior_root(PATCH, 0)[5:, 5:] @ rng.normal(0, 1, prior_root(PATCH, 0).shape[0] - 5)
        x = features[:, columns(PATCH)[5:]] @ weights
        sessions.append((features, np.stack([x, rng.normal(0, 1, 16)], axis=1)))
    found = fitted_profile(PATCH, sessions)
    assert found.uses_patches and found.patch[0] > 1.5 * found.patch[1]


def test_that_sessions_without_rows_are_refused() -> None:
    features = np.full((16, N_FEATURES), np.nan)
    with pytest.raises(DataError, match="prior_no_sessions"):
        fitted_profile(IRIS, [(features, np.ones((16, 2)))])
    with pytest.raises(DataError, match="prior_no_sessions"):
        fitted_profile(IRIS, [])


def test_that_nobody_has_a_part_in_the_prior_for_themself(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = drawn_sessions(TELLS, n=4)
    rows = BenchRows(
        np.vstack([f for f, _ in sessions]), np.vstack([t for _, t in sessions]), np.tile(np.arange(16), 4),
        np.repeat(["a", "a", "b", "c"], 16), np.repeat(["1", "2", "1", "1"], 16),
    )  # fmt: skip
    seen: list[Floats] = []

    def watched(template: EyeProfile, given: list[tuple[Floats, Floats]]) -> EyeProfile:
        seen.append(np.vstack([target for _, target in given]))
        return template

    monkeypatch.setattr(bench, "fitted_profile", watched)
    found = profiles_of_others(rows)
    assert set(found) == {"a", "b", "c"} and all(p == (PROFILES["iris"],) for p in found.values())
    for person, targets in zip(found, seen, strict=True):
        np.testing.assert_array_equal(targets, rows.target_px[rows.participant != person])
