"""From eye features to a point on the screen: a ridge regression made for very few targets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import EYE_FEATURES, FEATURE_SET

Floats = NDArray[np.float64]

_MIN_SCALE = np.array(
    # What a feature moves at least when gaze crosses the screen. Less than this is noise, and dividing noise by its
    # own spread would lend it the weight of a signal. Lids are held down most: they open and close on their own,
    # and with 9 targets that costs more (200 against 170 px median on two people) than what they tell.
    [0.03, 0.01, 0.10, 0.06, 0.12] * 2 + [2.0, 2.0, 2.0, 10.0, 10.0, 10.0] + [0.015, 0.015, 0.003]
)
_ALPHAS = np.logspace(-3, 3, 25)
_MIN_TARGETS = 3


class GazeModel:
    """Ridge regression of screen px on standardised eye features, one strength per axis.

    Frames of one target are averaged before anything else: the noise between targets is what limits a
    calibration, and frames of one target are no independent evidence. The strength is chosen by closed-form
    leave-one-target-out, ``e_i = r_i / (1 − h_ii)`` with the hat matrix of the centred ridge (Golub, Heath & Wahba
    1979, doi 10.1080/00401706.1979.10489751).

    Parameters
    ----------
    min_alpha : float
        Least strength, in units of the number of targets times the mean variance of a feature. With 9 targets
        and 19 features the leave-one-out choice alone is at times far too weak.

    Attributes
    ----------
    coef_ : ndarray of float64, shape (19, 2)
        px per standardised feature.
    intercept_ : ndarray of float64, shape (2,)
        Mean of the targets, px.
    mean_, scale_ : ndarray of float64, shape (19,)
        Standardisation of the features.
    alpha_ : ndarray of float64, shape (2,)
        Chosen strength per axis.
    residual_sd_px_ : ndarray of float64, shape (2,)
        Standard deviation of one target per axis: mean of ``e_i² (1 − h_ii)`` over the left-out residuals.
    frame_sd_px_ : ndarray of float64, shape (2,)
        Spread of single frames around the mean of their target; 0 when each target had one frame.
    precision_ : ndarray of float64, shape (2, 19, 19)
        ``(XᵀX + λI)⁻¹`` per axis, for the leverage of new points.
    loo_error_px_ : float
        Median distance between a target and its leave-one-out prediction.
    n_targets_ : int
    """

    def __init__(self, min_alpha: float = 0.1) -> None:
        self.min_alpha = float(min_alpha)

    def fit(self, features: Floats, target_px: Floats, target_index: NDArray[np.integer[Any]]) -> GazeModel:
        """Learn from calibration frames; returns self.

        Parameters
        ----------
        features : ndarray, shape (n, 19)
            Rows with NaN are left out.
        target_px : ndarray, shape (n, 2)
            Screen px of the target that each frame belongs to.
        target_index : ndarray of int, shape (n,)

        Raises
        ------
        DataError
            ``calibration_targets`` with fewer than three usable targets.
        """
        features = np.asarray(features, dtype=np.float64)
        usable = np.isfinite(features).all(axis=1)
        features, index = features[usable], np.asarray(target_index)[usable]
        frame_target_px = np.asarray(target_px, dtype=np.float64)[usable]
        labels, inverse = np.unique(index, return_inverse=True)
        n = len(labels)
        if n < _MIN_TARGETS:
            raise DataError("calibration_targets", n=n, needed=_MIN_TARGETS)
        mean_features = _group_means(features, inverse, n)
        mean_targets = _group_means(frame_target_px, inverse, n)
        self.n_targets_ = n
        self.mean_ = mean_features.mean(axis=0)
        self.scale_ = np.maximum(mean_features.std(axis=0), _MIN_SCALE)
        self.intercept_ = mean_targets.mean(axis=0)
        x = (mean_features - self.mean_) / self.scale_
        self._fit_axes(x, mean_targets - self.intercept_)
        # spread of frames around their target's mean, with the degrees of freedom that the means took
        within = (features - mean_features[inverse]) / self.scale_ @ self.coef_
        free = max(1, len(features) - n)
        self.frame_sd_px_ = np.sqrt((within**2).sum(axis=0) / free)
        return self

    def _fit_axes(self, x: Floats, y: Floats) -> None:
        n, n_features = x.shape
        u, s, vt = np.linalg.svd(x, full_matrices=False)
        unit = n * float(np.mean(x.var(axis=0)))
        alphas = unit * np.unique(np.maximum(_ALPHAS, self.min_alpha))
        self.coef_ = np.empty((n_features, 2))
        self.alpha_ = np.empty(2)
        self.residual_sd_px_ = np.empty(2)
        self.precision_ = np.empty((2, n_features, n_features))
        left_out = np.empty((n, 2))
        for axis in range(2):
            tried = [_left_out_residuals(u, s, y[:, axis], alpha) for alpha in alphas]
            residuals = np.stack([residual for residual, _ in tried])
            best = int(np.argmin((residuals**2).mean(axis=1)))
            alpha = float(alphas[best])
            left_out[:, axis] = residuals[best]
            self.alpha_[axis] = alpha
            self.coef_[:, axis] = vt.T @ (s / (s**2 + alpha) * (u.T @ y[:, axis]))
            # a left-out residual has the variance s²/(1 − h): it holds the leverage that ``predict`` adds again
            weights = 1 - tried[best][1]
            self.residual_sd_px_[axis] = float(np.sqrt((residuals[best] ** 2 * weights).mean()))
            inner = vt.T @ np.diag(1 / (s**2 + alpha) - 1 / alpha) @ vt
            self.precision_[axis] = inner + np.eye(n_features) / alpha
        self.loo_error_px_ = float(np.median(np.hypot(left_out[:, 0], left_out[:, 1])))

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Gaze points and their standard deviations, both of shape (n, 2), screen px.

        The variance of a point is ``s² · (1 + 1/n + xᵀ (XᵀX + λI)⁻¹ x)`` with ``s`` = ``residual_sd_px_``,
        plus that of single frames: far from the calibrated poses it grows. NaN where a feature is NaN.
        """
        x = (np.asarray(features, dtype=np.float64) - self.mean_) / self.scale_
        gaze_px = x @ self.coef_ + self.intercept_
        leverage = np.stack([((x @ precision) * x).sum(axis=1) for precision in self.precision_], axis=1)
        variance = self.residual_sd_px_**2 * (1 + 1 / self.n_targets_ + leverage) + self.frame_sd_px_**2
        return gaze_px, np.sqrt(variance)

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """Everything learned, as arrays (for safetensors)."""
        return {name: np.asarray(getattr(self, name), dtype=np.float64) for name in _LEARNED}

    def to_json(self) -> dict[str, Any]:
        """What :meth:`to_arrays` cannot say: kind, version, feature set, hyperparameters."""
        return {
            "kind": "ridge", "version": 1, "feature_set": FEATURE_SET, "features": list(EYE_FEATURES),
            "min_alpha": self.min_alpha, "n_targets": self.n_targets_, "loo_error_px": self.loo_error_px_,
        }  # fmt: skip

    @staticmethod
    def from_arrays(arrays: dict[str, NDArray[np.float64]], meta: dict[str, Any]) -> GazeModel:
        """The inverse of :meth:`to_arrays` and :meth:`to_json`.

        Raises
        ------
        DataError
            ``calibration_unknown`` for another kind, version or feature set.
        """
        found = (meta.get("kind"), meta.get("version"), meta.get("feature_set"))
        if found != ("ridge", 1, FEATURE_SET):
            raise DataError("calibration_unknown", found="/".join(str(v) for v in found))
        model = GazeModel(min_alpha=float(meta["min_alpha"]))
        for name in _LEARNED:
            setattr(model, name, np.asarray(arrays[name], dtype=np.float64))
        model.n_targets_ = int(meta["n_targets"])
        model.loo_error_px_ = float(meta["loo_error_px"])
        return model


_LEARNED = (
    "coef_",
    "intercept_",
    "mean_",
    "scale_",
    "alpha_",
    "residual_sd_px_",
    "frame_sd_px_",
    "precision_",
)


def _group_means(values: Floats, inverse: NDArray[np.intp], n: int) -> Floats:
    sums = np.zeros((n, values.shape[1]))
    np.add.at(sums, inverse, values)
    means: Floats = sums / np.bincount(inverse, minlength=n)[:, None]
    return means


def _left_out_residuals(u: Floats, s: Floats, y: Floats, alpha: float) -> tuple[Floats, Floats]:
    """Residual of each target predicted from the others, without fitting again, and its leverage. Shapes (n,)."""
    shrink = s**2 / (s**2 + alpha)
    fitted = u @ (shrink * (u.T @ y))
    leverage = (u**2) @ shrink + 1 / len(y)  # 1/n: the intercept is estimated too
    leverage = np.minimum(leverage, 1 - 1e-6)
    return (y - fitted) / (1 - leverage), leverage
