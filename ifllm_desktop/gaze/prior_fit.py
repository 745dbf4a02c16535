"""Finds the numbers of an eye profile from sessions of other people, by maximal marginal likelihood."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.gaze.calibration import MIN_TARGETS
from ifllm_desktop.gaze.eye_prior import GROUPS, EyeProfile, columns, prior_root

Floats = NDArray[np.float64]

_OFFSET_VARIANCE = 100.0
_STEPS = 250
_RATE = 0.06
_USUAL_LOG, _USUAL_SD = -3.0, 3.0
"""Weak prior of every logarithmic variance (mean, standard deviation): it keeps a group that tells nothing from
running to minus infinity, and has no say in the others."""


@dataclass(frozen=True, slots=True, eq=False)
class _Session:
    kernels: Floats  # (n_groups, n, n): of unit weight
    targets: Floats  # (n, 2): standardised


def fitted_profile(template: EyeProfile, sessions: Sequence[tuple[Floats, Floats]]) -> EyeProfile:
    """The profile under which the targets of these sessions are likeliest, given their features.

    Parameters
    ----------
    template : EyeProfile
        Which groups there are and whether patches are among them; its numbers do not matter.
    sessions : sequence of (features, target_px)
        Feature vectors of shape (n, 275) and screen px of shape (n, 2), one row a target. Rows with NaN in a column
        that the profile looks at are left out, sessions with fewer than three rows too.

    Raises
    ------
    DataError
        ``prior_no_sessions`` when none is left.
    """
    usable = [s for s in (_session(template, *pair) for pair in sessions) if s is not None]
    if not usable:
        raise DataError("prior_no_sessions")
    logs = np.stack([_maximum(usable, axis) for axis in range(2)], axis=1)
    sds = np.exp(logs / 2)
    names = [group for group, _ in template.weights]
    weights = tuple((name, _pair(sds[place])) for place, name in enumerate(names))
    patch = _pair(sds[len(names)]) if template.uses_patches else (0.0, 0.0)
    return replace(template, weights=weights, patch=patch, noise=_pair(sds[-1]))


def _pair(values: Floats) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _session(template: EyeProfile, features: Floats, target_px: Floats) -> _Session | None:
    used = features[:, columns(template)]
    known = np.isfinite(used).all(axis=1) & np.isfinite(target_px).all(axis=1)
    if known.sum() < MIN_TARGETS or not (target_px[known].std(axis=0) > 0).all():
        return None
    centred = used[known] - used[known].mean(axis=0)
    parts, start = [], 0
    for group, _ in template.weights:
        n_columns = len(GROUPS[group][0])
        parts.append(centred[:, start : start + n_columns] / GROUPS[group][1])
        start += n_columns
    if template.uses_patches:
        # the root of the prior without its strength leaves the smoothing, in units of the patches
        root = prior_root(replace(template, patch=(1.0, 1.0)), 0)[start:, start:]
        parts.append(centred[:, start:] @ root)
    targets = (target_px[known] - target_px[known].mean(axis=0)) / target_px[known].std(axis=0)
    return _Session(np.stack([part @ part.T for part in parts]), targets)


def _maximum(sessions: list[_Session], axis: int) -> Floats:
    """Logarithmic variances of each group and of the noise at the maximum; Adam (Kingma & Ba 2015)."""
    n_groups = len(sessions[0].kernels)
    logs = np.append(np.full(n_groups, -2.0), -4.0)
    first, second = np.zeros_like(logs), np.zeros_like(logs)
    for step in range(1, _STEPS + 1):
        gradient = -(logs - _USUAL_LOG) / _USUAL_SD**2
        for session in sessions:
            gradient += _gradient(session, logs, axis)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        size = _RATE / (np.sqrt(second / (1 - 0.999**step)) + 1e-9)
        logs = logs + size * first / (1 - 0.9**step)
    return logs


def _gradient(session: _Session, logs: Floats, axis: int) -> Floats:
    """Of the log marginal likelihood in the logarithmic variances: ½ tr((ααᵀ − M⁻¹) ∂M) (Rasmussen & Williams 5.9)."""
    n = session.targets.shape[0]
    variances = np.exp(logs)
    covariance = np.einsum("g,gij->ij", variances[:-1], session.kernels)
    covariance += variances[-1] * np.eye(n) + _OFFSET_VARIANCE
    inverse = np.linalg.inv(covariance)
    alpha = inverse @ session.targets[:, axis]
    inner = np.outer(alpha, alpha) - inverse
    of_groups = np.einsum("ij,gij->g", inner, session.kernels)
    gradient: Floats = 0.5 * variances * np.append(of_groups, np.trace(inner))
    return gradient


def log_likelihood(
    template: EyeProfile, profile: EyeProfile, sessions: Sequence[tuple[Floats, Floats]]
) -> float:
    """Log marginal likelihood of the targets of all sessions and both axes under the numbers of ``profile``."""
    total = 0.0
    for pair in sessions:
        session = _session(template, *pair)
        if session is None:
            continue
        for axis in range(2):
            sds = [weight[axis] for _, weight in profile.weights]
            sds += [profile.patch[axis]] if profile.uses_patches else []
            covariance = np.einsum("g,gij->ij", np.square(sds), session.kernels)
            covariance += profile.noise[axis] ** 2 * np.eye(len(session.targets)) + _OFFSET_VARIANCE
            y = session.targets[:, axis]
            _, log_determinant = np.linalg.slogdet(covariance)
            total -= 0.5 * float(y @ np.linalg.solve(covariance, y) + log_determinant)
            total -= 0.5 * len(y) * math.log(2 * math.pi)
    return total
