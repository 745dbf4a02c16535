"""Calibration, drift checks and how the gaze of a session is judged: the parts ``calibration`` and ``quality``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ifllm_desktop.protocol.part import Part


class GatePlan(Part):
    """When a frame counts at a target; see ``session.frame_gate`` for the source of each limit.

    ``min_rate_hz``: pictures per second. ``min_opening``: share of the person's own median opening of the lids.
    ``max_scatter``: robust standard deviation of the iris at one target, in distances between the eye corners.
    ``max_deviation``: frames further from the median than this many robust standard deviations are dropped.
    """

    min_rate_hz: float = Field(default=10.0, ge=0, le=240)
    min_opening: float = Field(default=0.6, ge=0, lt=1)
    max_scatter: float = Field(default=0.02, gt=0, le=1)
    max_deviation: float = Field(default=3.5, ge=2, le=20)


class DriftPlan(Part):
    """Drift check and refit. ``threshold_sd`` is in standard errors of the check, ``threshold_px`` the least drift
    that counts; the greater of the two decides. ``refit_weight``: weight of a new target against an old one. With 13
    targets of one session and 5 of the next (100 draws of two people at a webcam; error at the other 11, mean, eye
    patches / iris) the old calibration alone missed by 275 / 380 px, shifted by the mean error of the 5 by 215 / 238,
    the 5 alone by 191 / 226, refitted with weight 1 by 151 / 208, with 6 by 150 / 197, with 30 by 150 / 199.
    """

    check: Literal["each_task", "never"] = "each_task"
    threshold_sd: float = Field(default=3.0, gt=0, le=20)
    threshold_px: float = Field(default=60.0, ge=0, le=2_000)
    refit_points: Literal[5, 6] = 5
    refit_weight: float = Field(default=6.0, ge=1, le=100)


class HeadMovePlan(Part):
    """How far the head may go from where it was calibrated, over two seconds.

    ``max_shift_mm`` in any direction, ``max_turn_deg`` in yaw, pitch or roll, ``max_scale`` as share of the distance
    between the eyes in the picture; ``lost_s``: without eyes for this long gaze counts as lost.
    """

    max_shift_mm: float = Field(default=60.0, gt=0, le=1_000)
    max_turn_deg: float = Field(default=20.0, gt=0, le=90)
    max_scale: float = Field(default=0.15, gt=0, le=2)
    lost_s: float = Field(default=5.0, gt=0, le=600)


class CalibrationPlan(Part):
    """Targets, timing and limits of calibration and validation.

    ``grades_deg`` are the upper limits of the grades A, B and C; ``max_error_px`` is used where the
    size of the screen is not known. A validation is accepted when its grade is ``min_grade`` or better, its error
    within ``max_error_deg`` (where given; ``max_error_px`` without a size), no more than ``max_loss`` of its frames
    lost and at least ``min_targets`` of its targets measured. ``on_failure`` says what follows when no attempt was:
    the participant is asked, goes on with it marked, goes on with the pointer only, or the session ends.
    ``text_lines``: lines of a text to be read once a calibration is accepted, 0 for none.
    """

    method: Literal["points", "pursuit"] = "points"
    points: Literal[5, 9, 13, 16] = 9
    validation_points: Literal[4, 5, 9] = 5
    text_lines: Literal[0, 3, 4, 5] = 0
    max_attempts: int = Field(default=2, ge=1, le=5)
    settle_ms: int = Field(default=400, ge=0, le=5_000)
    collect_frames: int = Field(default=24, ge=3, le=300)
    timeout_ms: int = Field(default=4_000, ge=500, le=60_000)
    pursuit_deg_s: float = Field(default=10.0, gt=0, le=30)
    pursuit_s: float = Field(default=25.0, ge=10, le=120)
    grades_deg: Annotated[tuple[float, float, float], Field(strict=False)] = (1.0, 1.5, 2.5)
    min_grade: Literal["A", "B", "C", "D"] = "C"
    max_error_deg: float | None = Field(default=None, gt=0)
    max_error_px: float = Field(default=170.0, gt=0)
    max_loss: float = Field(default=0.15, ge=0, le=1)
    min_targets: int = Field(default=3, ge=1, le=9)
    on_failure: Literal["ask", "continue", "pointer_only", "stop"] = "ask"
    gate: GatePlan = GatePlan()
    drift: DriftPlan = DriftPlan()
    head_move: HeadMovePlan = HeadMovePlan()


class ScoreWeights(Part):
    """Points of each rule of the quality score; what could not be measured has no part in it."""

    accuracy: float = Field(default=40.0, gt=0, le=1_000)
    loss: float = Field(default=25.0, gt=0, le=1_000)
    rate: float = Field(default=10.0, ge=0, le=1_000)
    drift: float = Field(default=15.0, ge=0, le=1_000)
    on_text: float = Field(default=10.0, ge=0, le=1_000)


class QualityPlan(Part):
    """How the gaze of a whole session is judged: which sessions are to be left out, and its score of 0–100.

    ``max_*`` and ``min_*`` leave a session out (optional ones only where given). Each rule of the score gives all of
    its points at ``good_*`` or better and none at the limit (``max_error_deg``, ``max_loss``) or ``poor_*``.
    ``supported`` and ``probable``: chance from which block, line and word count as told, and are given with their
    probability. ``grid``: columns and rows of the map of errors.
    """

    max_error_deg: float = Field(default=3.5, gt=0, le=30)
    max_loss: float = Field(default=0.15, gt=0, le=1)
    min_rate_hz: float | None = Field(default=None, gt=0, le=240)
    max_drift_deg: float | None = Field(default=None, gt=0, le=30)
    good_error_deg: float = Field(default=0.5, ge=0, le=30)
    good_loss: float = Field(default=0.02, ge=0, lt=1)
    good_rate_hz: float = Field(default=28.0, gt=0, le=240)
    poor_rate_hz: float = Field(default=15.0, ge=0, le=240)
    good_drift_deg: float = Field(default=0.2, ge=0, le=30)
    poor_drift_deg: float = Field(default=2.0, gt=0, le=30)
    good_on_text: float = Field(default=0.6, gt=0, le=1)
    poor_on_text: float = Field(default=0.1, ge=0, lt=1)
    weights: ScoreWeights = ScoreWeights()
    supported: float = Field(default=0.80, gt=0, le=1)
    probable: float = Field(default=0.25, ge=0, le=1)
    grid: Annotated[tuple[int, int], Field(strict=False)] = (5, 4)
