"""From eye features to a point on the screen: Bayesian ridge regression made for very few targets."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import EYE_FEATURES, FEATURE_SET, N_FEATURES
from ifllm_desktop.gaze.eye_prior import PRIOR_VERSION, PROFILES, EyeProfile, columns, prior_root

Floats = NDArray[np.float64]

MIN_TARGETS = 3
_KIND, _VERSION = "bayesian_ridge", 2
_OFFSET_SD = 10.0
"""Prior of the constant term, in standard deviations of the targets: as good as free."""
_STRENGTHS = (1.0, 4.0, 16.0, 64.0)
"""Factors of a profile's noise variance that are tried. The first is the least that is allowed: nothing weaker."""
_LOG_STRENGTH_SD = 1.0
"""Prior of the logarithm of that factor, around 0. Without a prior the choice from 9 targets is so uncertain that it
costs more than it gives (138 against 133 px); with it nothing is lost on good data, and with targets that are off by
200 px at random the error falls from 269 to about 230 px (two people, errors added to the targets)."""
_LANDMARKS_PENALTY = 5.0
"""How much likelier (natural logarithm) the left-out targets must be by landmarks alone before patches are given
up: they help on nearly every face, but a reflection can make them worthless."""
_PRIOR_TARGETS = 4.0
"""How many targets the noise of the profile counts for when the noise of this person is estimated."""


@dataclass(frozen=True, slots=True, eq=False)
class _Targets:
    """Calibration data, one row a target."""

    features: Floats
    target_px: Floats
    weight: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """One axis of one candidate, in standard deviations of the targets."""

    coef: Floats  # of the centred features
    offset: float
    left_out: Floats
    surprise: Floats  # squared left-out error over its expected variance
    log_density: float  # of the targets, each predicted by the others
    whitened: Floats  # (n_targets, n_columns + 1), see GazeModel.spread_
    noise: float


class GazeModel:
    """Linear model of screen px on eye features, with a prior that says how eyes are.

    Frames of one target are averaged before anything else: the noise between targets is what limits a
    calibration, and frames of one target are no independent evidence. The weights have the Gaussian prior of a
    profile of :mod:`~ifllm_desktop.gaze.eye_prior`; the strength of the regularisation is at least that of the
    profile, and greater where the density of the targets, each predicted by all others, says so. These left-out
    predictions are closed-form: ``y_i − (M⁻¹y)_i / (M⁻¹)_ii`` with variance ``1 / (M⁻¹)_ii``, where M is the
    covariance of the targets (Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, eq. 5.10 to 5.12;
    for ridge Golub, Heath & Wahba 1979, doi 10.1080/00401706.1979.10489751).

    Parameters
    ----------
    profiles : sequence of EyeProfile
        What is believed beforehand, the preferred one first; those that use patches are tried where there are some.

    Attributes
    ----------
    profile_ : EyeProfile
        ``patch`` or ``iris``; ``patch`` needs patches in every frame that it predicts.
    strength_ : float
        Factor of the profile's noise variance.
    coef_ : ndarray of float64, shape (n_columns, 2)
        px per unit of each feature that the profile looks at.
    mean_ : ndarray of float64, shape (n_columns,)
        Mean of these features over the targets.
    intercept_ : ndarray of float64, shape (2,)
        Gaze at ``mean_``, px.
    sd_px_ : ndarray of float64, shape (2,)
        Standard deviation of the targets, px: the unit of the model inside.
    noise_px_ : ndarray of float64, shape (2,)
        Standard deviation of a point in the middle of what was calibrated, px.
    frame_sd_px_ : ndarray of float64, shape (2,)
        Spread of single frames around the mean of their target; 0 when each target had one frame.
    spread_ : ndarray of float64, shape (2, n_targets, n_columns + 1)
        ``L⁻¹Φ`` per axis with ``M = LLᵀ`` and the whitened features Φ (last column: the constant). It gives the
        variance that the targets took away from the prior.
    left_out_px_ : ndarray of float64, shape (n_targets, 2)
        Prediction of each target by the others, minus the target; in the order of ``np.unique`` of the indices.
    loo_error_px_ : float
        Median length of ``left_out_px_``.
    n_targets_ : int
    """

    def __init__(self, profiles: Sequence[EyeProfile] = tuple(PROFILES.values())) -> None:
        self.profiles = tuple(profiles)

    def fit(
        self,
        features: Floats,
        target_px: Floats,
        target_index: NDArray[np.integer[Any]],
        target_weight: Floats | None = None,
    ) -> GazeModel:
        """Learn from calibration frames; returns self.

        Parameters
        ----------
        features : ndarray, shape (n, n_features)
            Feature vectors, ``domain.samples.N_FEATURES`` long, or only the 19 geometric ones. Rows without those
            are left out. Patches are used when every target has a frame with them.
        target_px : ndarray, shape (n, 2)
            Screen px of the target that each frame belongs to.
        target_index : ndarray of int, shape (n,)
        target_weight : ndarray, shape (n,), or None
            How much a target counts, above 0, the same for all of its rows: the noise variance of a target of
            weight 2 is taken as half. None: all alike.

        Raises
        ------
        DataError
            ``calibration_targets`` with fewer than three usable targets, or with targets all in one line along an
            axis.
        """
        features = _full_length(features)
        usable = np.isfinite(features[:, : len(EYE_FEATURES)]).all(axis=1)
        features, index = features[usable], np.asarray(target_index)[usable]
        frame_target_px = np.asarray(target_px, dtype=np.float64)[usable]
        weight = np.ones(len(index)) if target_weight is None else np.asarray(target_weight, float)[usable]
        labels, inverse = np.unique(index, return_inverse=True)
        n = len(labels)
        if n < MIN_TARGETS:
            raise DataError("calibration_targets", n=n, needed=MIN_TARGETS)
        has_patches = np.isfinite(features).all(axis=1)
        with_patches = bool((np.bincount(inverse, weights=has_patches, minlength=n) > 0).all())
        if with_patches:  # frames without them would leave their target's mean undefined
            features, frame_target_px = features[has_patches], frame_target_px[has_patches]
            inverse, weight = inverse[has_patches], weight[has_patches]
        else:
            features = features[:, : len(EYE_FEATURES)]
        targets = _Targets(
            _group_means(features, inverse, n),
            _group_means(frame_target_px, inverse, n),
            _group_means(weight[:, None], inverse, n)[:, 0],
        )
        self.n_targets_ = n
        self.sd_px_ = targets.target_px.std(axis=0)
        if not (self.sd_px_ > 0).all():
            raise DataError("calibration_targets", n=n, needed=MIN_TARGETS)
        self._choose(targets, with_patches)
        used = features[:, columns(self.profile_)]
        within = (used - _group_means(used, inverse, n)[inverse]) @ self.coef_
        # spread of frames around their target's mean, with the degrees of freedom that the means took
        self.frame_sd_px_ = np.sqrt((within**2).sum(axis=0) / max(1, len(features) - n))
        return self

    def _choose(self, targets: _Targets, with_patches: bool) -> None:
        """Fit the candidates and keep the one under which the left-out targets are likeliest, priors considered."""
        best = -np.inf
        kept: tuple[EyeProfile, float, tuple[_Fit, _Fit]] | None = None
        for profile in self.profiles:
            if profile.uses_patches and not with_patches:
                continue
            given_up = _LANDMARKS_PENALTY if with_patches and not profile.uses_patches else 0.0
            for strength in _STRENGTHS:
                fits = (
                    _fit_axis(targets, profile, strength, 0, self.sd_px_[0]),
                    _fit_axis(targets, profile, strength, 1, self.sd_px_[1]),
                )
                worth = fits[0].log_density + fits[1].log_density - given_up
                worth -= 0.5 * (np.log(strength) / _LOG_STRENGTH_SD) ** 2
                if worth > best:
                    best, kept = worth, (profile, strength, fits)
        assert kept is not None
        self.profile_, self.strength_, fits = kept
        self.mean_ = targets.features[:, columns(self.profile_)].mean(axis=0)
        self.coef_ = np.stack([fit.coef for fit in fits], axis=1) * self.sd_px_
        centre = targets.target_px.mean(axis=0)
        self.intercept_ = centre + np.array([fit.offset for fit in fits]) * self.sd_px_
        self.left_out_px_ = np.stack([fit.left_out for fit in fits], axis=1) * self.sd_px_
        self.loo_error_px_ = float(np.median(np.hypot(*self.left_out_px_.T)))
        self.spread_ = np.stack([fit.whitened for fit in fits])
        # the person's own noise: their left-out errors against what was expected, held by the profile
        ratio = [(_PRIOR_TARGETS + fit.surprise.sum()) / (_PRIOR_TARGETS + len(fit.surprise)) for fit in fits]
        self.noise_px_ = np.sqrt(ratio) * np.array([fit.noise for fit in fits]) * self.sd_px_

    @property
    def uses_patches(self) -> bool:
        """Whether frames without eye patches have no gaze."""
        return self.profile_.uses_patches

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Gaze points and their standard deviations, both of shape (n, 2), screen px.

        The variance is that of a Gaussian process: what the prior allows at this point, less what the targets tell
        about it, plus the noise at a target; scaled by how well the left-out targets were predicted; plus the spread
        of single frames. Far from the calibrated poses it grows. NaN where a feature that is looked at is NaN.
        """
        profile = self.profile_
        centred = _full_length(features)[:, columns(profile)] - self.mean_
        gaze_px = centred @ self.coef_ + self.intercept_
        variance = np.empty_like(gaze_px)
        for axis in range(2):
            phi = _with_constant(centred @ prior_root(profile, axis))
            known = (phi @ self.spread_[axis].T) ** 2
            noise = _noise_variance(profile, self.strength_, axis)
            left = np.maximum((phi**2).sum(axis=1) - known.sum(axis=1), 0.0)
            variance[:, axis] = self.noise_px_[axis] ** 2 * (1 + left / noise)
        return gaze_px, np.sqrt(variance + self.frame_sd_px_**2)

    def to_arrays(self) -> dict[str, Floats]:
        """Everything learned, as arrays (for safetensors)."""
        return {name: np.asarray(getattr(self, name), dtype=np.float64) for name in _LEARNED}

    def to_json(self) -> dict[str, Any]:
        """What :meth:`to_arrays` cannot say: kind, version, feature set, profile (one of the shipped ones)."""
        return {
            "kind": _KIND, "version": _VERSION, "feature_set": FEATURE_SET, "prior_version": PRIOR_VERSION,
            "profile": self.profile_.name, "strength": self.strength_, "n_targets": self.n_targets_,
            "loo_error_px": self.loo_error_px_,
        }  # fmt: skip

    @staticmethod
    def from_arrays(arrays: Mapping[str, Floats], meta: Mapping[str, Any]) -> GazeModel:
        """The inverse of :meth:`to_arrays` and :meth:`to_json`.

        Raises
        ------
        DataError
            ``calibration_unknown`` for another kind, version, prior or feature set.
        """
        found = tuple(meta.get(k) for k in ("kind", "version", "feature_set", "prior_version", "profile"))
        if found[:4] != (_KIND, _VERSION, FEATURE_SET, PRIOR_VERSION) or found[4] not in PROFILES:
            raise DataError("calibration_unknown", found="/".join(str(v) for v in found))
        model = GazeModel()
        for name in _LEARNED:
            setattr(model, name, np.asarray(arrays[name], dtype=np.float64))
        model.profile_ = PROFILES[str(meta["profile"])]
        model.strength_ = float(meta["strength"])
        model.n_targets_ = int(meta["n_targets"])
        model.loo_error_px_ = float(meta["loo_error_px"])
        return model


_LEARNED = (
    "coef_",
    "mean_",
    "intercept_",
    "sd_px_",
    "noise_px_",
    "frame_sd_px_",
    "spread_",
    "left_out_px_",
)


def model_to_payload(model: GazeModel) -> dict[str, Any]:
    """A model as JSON values for the event ``calibration``; arrays as base64 of little-endian float64."""
    arrays = {
        name: {"shape": list(values.shape), "float64": base64.b64encode(values.astype("<f8").tobytes()).decode()}
        for name, values in model.to_arrays().items()
    }  # fmt: skip
    return {"meta": model.to_json(), "arrays": arrays}


def model_from_payload(payload: Mapping[str, Any]) -> GazeModel:
    """The inverse of :func:`model_to_payload`. Raises DataError ``calibration_unknown`` for anything else."""
    try:
        arrays = {
            name: np.frombuffer(base64.b64decode(stored["float64"]), dtype="<f8").reshape(stored["shape"])
            for name, stored in payload["arrays"].items()
        }
        return GazeModel.from_arrays(arrays, payload["meta"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError("calibration_unknown", found=type(error).__name__) from error


def usable_features(features: Floats) -> NDArray[np.bool_]:
    """Which rows have all geometric features, shape (n,)."""
    usable: NDArray[np.bool_] = np.isfinite(features[:, : len(EYE_FEATURES)]).all(axis=1)
    return usable


def _full_length(features: Floats) -> Floats:
    """Feature vectors with NaN where only the geometric features were given."""
    features = np.atleast_2d(np.asarray(features, dtype=np.float64))
    missing = N_FEATURES - features.shape[1]
    return np.pad(features, ((0, 0), (0, missing)), constant_values=np.nan) if missing > 0 else features


def _noise_variance(profile: EyeProfile, strength: float, axis: int) -> float:
    return strength * profile.noise[axis] ** 2


def _with_constant(phi: Floats) -> Floats:
    return np.hstack([phi, np.full((len(phi), 1), _OFFSET_SD)])


def _fit_axis(targets: _Targets, profile: EyeProfile, strength: float, axis: int, sd_px: float) -> _Fit:
    used = targets.features[:, columns(profile)]
    root = prior_root(profile, axis)
    phi = _with_constant((used - used.mean(axis=0)) @ root)
    y = (targets.target_px[:, axis] - targets.target_px[:, axis].mean()) / sd_px
    noise = _noise_variance(profile, strength, axis)
    covariance = phi @ phi.T + np.diag(noise / targets.weight)
    lower = np.linalg.cholesky(covariance)
    inverse = np.linalg.inv(covariance)
    solved = inverse @ y
    weights = phi.T @ solved
    expected = 1 / np.diag(inverse)
    left_out = -solved * expected  # prediction minus target
    surprise = left_out**2 / expected
    return _Fit(
        coef=root @ weights[:-1], offset=float(weights[-1] * _OFFSET_SD), left_out=left_out,
        surprise=surprise, log_density=float(-0.5 * (np.log(2 * np.pi * expected) + surprise).sum()),
        whitened=np.linalg.solve(lower, phi), noise=float(np.sqrt(noise)),
    )  # fmt: skip


def _group_means(values: Floats, inverse: NDArray[np.intp], n: int) -> Floats:
    sums = np.zeros((n, values.shape[1]))
    np.add.at(sums, inverse, values)
    means: Floats = sums / np.bincount(inverse, minlength=n)[:, None]
    return means
