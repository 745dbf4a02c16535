"""Drift check: whether gaze still is where the validation left it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.protocol import DriftPlan
from ifllm_desktop.session.gaze_outcome import DriftOutcome, ValidationOutcome

_FRAMES_PER_INDEPENDENT = 4.0
"""Gaze errors of neighbouring frames go together: of so many frames one counts. At 30 Hz the errors of the simulated
face lose half of their correlation within 0.1 s, and a median over a second averages about eight of them."""


def threshold_px(plan: DriftPlan, validation: ValidationOutcome | None, n_frames: int) -> float:
    """The drift from which a refit is due, screen px.

    ``max(threshold_px, threshold_sd · s)`` with ``s² = b² + π/2 · w² / n'``: ``b`` is the error per axis that the
    validation found at its targets although nothing had drifted (root mean square over targets), ``w`` the scatter of
    single frames there, ``n'`` the independent frames of the check and π/2 what a median costs against a mean. Without
    drift the distance has a Rayleigh distribution, which goes beyond ``k · s`` in ``exp(−k²/2)`` of the checks: 1.1 %
    for k = 3, 4.4 % for k = 2.5.

    Parameters
    ----------
    validation : ValidationOutcome or None
        Of the calibration that is checked; without one the least drift of the plan counts.
    n_frames : int
        Frames of the check.
    """
    if validation is None:
        return plan.threshold_px
    errors = [
        ((t.mean_x_px - t.x_px) ** 2 + (t.mean_y_px - t.y_px) ** 2) / 2
        for t in validation.targets
        if math.isfinite(t.error_px)
    ]
    if errors:
        bias2 = float(np.mean(errors))
    elif math.isfinite(validation.accuracy_px):
        bias2 = validation.accuracy_px**2 / 2
    else:
        return plan.threshold_px
    known = [sd**2 for sd in validation.sd_px if math.isfinite(sd)]
    scatter2 = float(np.mean(known)) if known else 0.0
    n_independent = max(1.0, n_frames / _FRAMES_PER_INDEPENDENT)
    combined = math.sqrt(bias2 + math.pi / 2 * scatter2 / n_independent)
    return max(plan.threshold_px, plan.threshold_sd * combined)


def judge(
    gaze_px: NDArray[np.float64],
    target_px: tuple[float, float],
    threshold: float,
    attempt_id: str,
    calibration_id: str,
    stage: str,
) -> DriftOutcome:
    """The outcome of a check.

    Parameters
    ----------
    gaze_px : ndarray of float64, shape (n, 2)
        Gaze estimates of the frames at the target, screen px; rows with NaN are left out.
    threshold : float
        :func:`threshold_px`.
    stage : str
        ``first`` or ``recheck``.
    """
    seen = gaze_px[np.isfinite(gaze_px).all(axis=1)]
    x_px, y_px = target_px
    if len(seen) == 0:
        return DriftOutcome(
            attempt_id, calibration_id, ok=False, reason="no_face", x_px=x_px, y_px=y_px,
            threshold_px=threshold, stage=stage,
        )  # fmt: skip
    gaze_x_px, gaze_y_px = (float(v) for v in np.median(seen, axis=0))
    drift_px = math.hypot(gaze_x_px - x_px, gaze_y_px - y_px)
    ok = drift_px <= threshold
    return DriftOutcome(
        attempt_id, calibration_id, ok, "" if ok else "drifted", x_px, y_px, gaze_x_px, gaze_y_px, drift_px,
        threshold, len(seen), stage,
    )  # fmt: skip
