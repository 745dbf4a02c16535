"""Whether a validation is within the limits of the study."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.quality import GradeLimits, ValidationSummary, validate
from ifllm_desktop.protocol import CalibrationPlan
from ifllm_desktop.session.gaze_outcome import TargetOutcome, ValidationOutcome
from ifllm_desktop.session.target_frames import TargetSamples


def judged(
    gaze_px: NDArray[np.float64],
    samples: TargetSamples,
    screen: Screen,
    plan: CalibrationPlan,
    attempt_id: str,
    calibration_id: str,
) -> ValidationOutcome:
    """The outcome of a validation, ``gaze_px`` of shape (n, 2) for the frames of ``samples``, screen px."""
    a_deg, b_deg, c_deg = plan.grades_deg
    limits = GradeLimits(a_deg, b_deg, c_deg, max_loss=plan.max_loss, min_targets=plan.min_targets)
    summary = validate(
        gaze_px, samples.target_px, samples.target_index, samples.t_ns, samples.n_frames_total, screen, limits
    )
    reason = refused(summary, plan)
    targets = tuple(
        TargetOutcome(
            int(row.target_index), float(row.target_x_px), float(row.target_y_px), float(row.mean_x_px),
            float(row.mean_y_px), float(row.error_px), float(row.sd_x_px), float(row.sd_y_px), int(row.n_frames),
        )
        for row in summary.targets
    )  # fmt: skip
    return ValidationOutcome(
        attempt_id, calibration_id, ok=not reason, reason=reason, grade=summary.grade,
        accuracy_px=summary.accuracy_px, sd_px=(summary.sd_x_px, summary.sd_y_px), loss=summary.loss,
        rate_hz=summary.rate_hz, targets=targets,
    )  # fmt: skip


def refused(summary: ValidationSummary, plan: CalibrationPlan) -> str:
    """Why a validation is not accepted by the study's rule; empty when it is.

    The grade counts, and with it the limit in degrees, or the one in px where degrees are not known.
    """
    if summary.reason and summary.reason != "error_too_large":
        return summary.reason
    too_far = summary.grade > plan.min_grade
    if math.isfinite(summary.accuracy_deg):
        too_far |= plan.max_error_deg is not None and summary.accuracy_deg > plan.max_error_deg
    else:
        too_far |= summary.accuracy_px > plan.max_error_px
    return "error_too_large" if too_far else ""
