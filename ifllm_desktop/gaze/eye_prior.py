"""What is believed of eyes before anybody has been calibrated: how strongly each feature tells where one looks.

A *profile* is a Gaussian prior of the weights of a linear model, one standard deviation per group of features and
axis, and the noise that is left. Features count in the units of :data:`GROUPS`, gaze in standard deviations of the
calibration targets, so that the same numbers serve screens of any size.

The numbers are the maximum of the marginal likelihood (empirical Bayes; MacKay 1992, doi 10.1162/neco.1992.4.3.415;
:func:`~ifllm_desktop.gaze.prior_fit.fitted_profile`) over 27 sessions of 16 targets of two people with one frame a
target, rounded. Numbers found on one of the two serve the other nearly as well: ``gaze bench --prior others`` finds
them anew for each person from all others, and prints what that gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import EYE_FEATURES, N_FEATURES, N_PATCH_VALUES, PATCH_SHAPE

PRIOR_VERSION = 1
"""Raise it with any change of the numbers: stored calibrations name it."""

GROUPS: Mapping[str, tuple[tuple[str, ...], float]] = MappingProxyType(
    {
        "iris_x": (("iris_a_x", "iris_b_x"), 0.03),
        "iris_y": (("iris_a_y", "iris_b_y"), 0.03),
        "lids": (
            ("upper_lid_a", "lower_lid_a", "opening_a", "upper_lid_b", "lower_lid_b", "opening_b"),
            0.03,
        ),
        "yaw": (("yaw_deg",), 2.0),
        "pitch": (("pitch_deg",), 2.0),
        "roll": (("roll_deg",), 2.0),
        "head": (("head_x_mm", "head_y_mm", "head_z_mm"), 10.0),
        "mid_eye": (("mid_eye_x", "mid_eye_y"), 0.015),
        "inter_eye": (("inter_eye",), 0.003),
    }
)
"""Features of each group and the unit they count in: about what they change by in one calibration."""
PATCH_UNIT = 8.0
"""Patch values count in units of 8 standard deviations: 256 of them share the work of a handful of features."""
PATCH_SMOOTHNESS_PX = 0.7
"""Weights of neighbouring patch pixels are believed to be alike: correlation exp(−d²/(2·0.7²)), d in patch px."""


@dataclass(frozen=True, slots=True)
class EyeProfile:
    """Prior standard deviations of the weights, (x, y) per group; groups that are not named weigh nothing.

    Attributes
    ----------
    weights : tuple of (group, (x, y))
        In standard deviations of the targets per unit of the group.
    patch : tuple of float
        The same for the patches; zeros leave them out.
    noise : tuple of float
        Standard deviation of what the model cannot explain at one target, in standard deviations of the targets.
    """

    name: str
    weights: tuple[tuple[str, tuple[float, float]], ...]
    patch: tuple[float, float]
    noise: tuple[float, float]

    @property
    def uses_patches(self) -> bool:
        """Whether frames without patches cannot be used."""
        return any(self.patch)


PATCH = EyeProfile(
    "patch",
    (
        ("iris_x", (0.22, 0.04)), ("iris_y", (0.06, 0.23)), ("yaw", (0.15, 0.065)), ("pitch", (0.04, 0.22)),
        ("mid_eye", (0.045, 0.38)),
    ),
    patch=(0.48, 0.70), noise=(0.065, 0.07),
)  # fmt: skip
IRIS = EyeProfile(
    "iris",
    (
        ("iris_x", (0.35, 0.07)), ("iris_y", (0.17, 0.49)), ("lids", (0.06, 0.21)), ("yaw", (0.24, 0.26)),
        ("pitch", (0.04, 0.29)), ("roll", (0.03, 0.2)), ("head", (0.05, 0.1)), ("mid_eye", (0.05, 0.3)),
        ("inter_eye", (0.12, 0.09)),
    ),
    patch=(0.0, 0.0), noise=(0.27, 0.25),
)  # fmt: skip
PROFILES: Mapping[str, EyeProfile] = MappingProxyType({p.name: p for p in (PATCH, IRIS)})


def columns(profile: EyeProfile) -> NDArray[np.intp]:
    """Places in the feature vector that a profile looks at."""
    names = [name for group, _ in profile.weights for name in GROUPS[group][0]]
    used = [EYE_FEATURES.index(name) for name in names]
    if profile.uses_patches:
        used += range(len(EYE_FEATURES), N_FEATURES)
    return np.array(used, dtype=np.intp)


@lru_cache(maxsize=32)
def prior_root(profile: EyeProfile, axis: int) -> NDArray[np.float64]:
    """A root R of the prior covariance of the weights, ``R Rᵀ``, for the columns of :func:`columns`.

    ``centred features @ R`` is the space in which all weights have the prior N(0, 1). Shape (n, n), read-only.
    """
    scales = [weight[axis] / GROUPS[group][1] for group, weight in profile.weights for _ in GROUPS[group][0]]
    n = len(scales)
    root = np.zeros((n + N_PATCH_VALUES, n + N_PATCH_VALUES)) if profile.uses_patches else np.zeros((n, n))
    root[:n, :n] = np.diag(scales)
    if profile.uses_patches:
        smooth = _smoothing() * (profile.patch[axis] / PATCH_UNIT)
        half = N_PATCH_VALUES // 2
        root[n : n + half, n : n + half] = smooth
        root[n + half :, n + half :] = smooth
    root.flags.writeable = False
    return root


def _smoothing() -> NDArray[np.float64]:
    """Root of the correlation of the weights of one eye's pixels, shape (128, 128)."""
    rows, across = np.mgrid[0 : PATCH_SHAPE[1], 0 : PATCH_SHAPE[2]]
    places = np.stack([rows.ravel(), across.ravel()], axis=1).astype(np.float64)
    squares = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    values, vectors = np.linalg.eigh(np.exp(-squares / (2 * PATCH_SMOOTHNESS_PX**2)))
    root: NDArray[np.float64] = vectors * np.sqrt(np.maximum(values, 0.0))
    return root
