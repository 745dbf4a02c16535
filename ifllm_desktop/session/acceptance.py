"""Whether a validation is within the limits of the study."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.quality import GradeLimits, ValidationSummary, validate
from ifllm_desktop.protocol import CalibrationPlan
from ifllm_desktop.session.gaze_outcome import CalibrationTarget, TargetOutcome, ValidationOutcome
from ifllm_desktop.session.target_frames import TargetSamples


def judged(
    gaze_px: NDArray[np.float64],
    samples: TargetSamples,
    screen: Screen,
    plan: CalibrationPlan,
    attempt_id: str,
    calibration_id: str,
    shown: Sequence[CalibrationTarget] = (),
) -> ValidationOutcome:
    """The outcome of a validation, ``gaze_px`` of shape (n, 2) for the frames of ``samples``, screen px.

    ``shown`` are the targets of the run: those without a measurement are in the outcome as not measured.
    """
    a_deg, b_deg, c_deg = plan.grades_deg
    limits = GradeLimits(a_deg, b_deg, c_deg, max_loss=plan.max_loss, min_targets=plan.min_targets)
    summary = validate(
        gaze_px, samples.target_px, samples.target_index, samples.t_ns, samples.n_frames_total, screen, limits
    )
    reason = refused(summary, plan)
    losses = {target.target_index: loss(target) for target in shown}
    measured = [
        TargetOutcome(
            int(row.target_index), float(row.target_x_px), float(row.target_y_px), float(row.mean_x_px),
            float(row.mean_y_px), float(row.error_px), float(row.sd_x_px), float(row.sd_y_px), int(row.n_frames),
            float(row.rho), losses.get(int(row.target_index), math.nan),
        )
        for row in summary.targets
    ]  # fmt: skip
    targets = tuple(sorted([*measured, *_missing(shown, measured)], key=lambda t: t.target_index))
    return ValidationOutcome(
        attempt_id, calibration_id, ok=not reason, reason=reason, grade=summary.grade,
        accuracy_px=summary.accuracy_px, sd_px=(summary.sd_x_px, summary.sd_y_px), loss=summary.loss,
        rate_hz=summary.rate_hz, targets=targets,
    )  # fmt: skip


def loss(target: CalibrationTarget) -> float:
    """Share of the frames at a target without usable eyes; NaN without any frames."""
    n_lost = target.n_rejected.get("no_face", 0)
    n_frames = target.n_frames + sum(target.n_rejected.values())
    return n_lost / n_frames if n_frames else math.nan


def _missing(shown: Sequence[CalibrationTarget], measured: Sequence[TargetOutcome]) -> list[TargetOutcome]:
    there = {target.target_index for target in measured}
    return [
        TargetOutcome(t.target_index, t.x_px, t.y_px, loss=loss(t))
        for t in shown
        if t.target_index not in there
    ]


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
