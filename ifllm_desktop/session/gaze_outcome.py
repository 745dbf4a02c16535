"""What the runs of targets gave, as immutable values: calibration, validation, drift check, attempts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ifllm_desktop.domain.json_numbers import finite_or_none, flat_payload

TARGET_STATES = ("good", "unsteady", "not_measured")
"""A calibration target: measured; measured, but its frames scattered both times; not enough usable frames."""

GATES = ("", "no_face", "blink", "slow", "unsteady")
"""Why a frame does not count: it counts, no usable eyes, the lids are closed or moving, pictures come too slowly,
the eyes moved."""

CALIBRATION_KINDS = ("full", "redo", "refit")
"""All targets, one target of an earlier calibration again, an earlier calibration with a few new points."""

DRIFT_ACTIONS = ("none", "refit", "kept", "reverted", "not_measured", "skipped")
"""What follows a drift check: nothing to do, a refit; after a refit, the refit stays though it is off, or the
calibration before it comes back because the refit was no better; nothing could be measured; the participant went on
without waiting."""


@dataclass(frozen=True, slots=True)
class TargetOutcome:
    """Validation at one target, screen px; NaN where nothing was measured.

    Attributes
    ----------
    x_px, y_px : float
        The target.
    mean_x_px, mean_y_px : float
        Mean of the gaze estimates.
    error_px : float
        Distance between the two.
    sd_x_px, sd_y_px : float
        Scatter of the estimates.
    n_frames : int
        Frames that were used.
    rho : float
        Correlation of the estimates in x and y: the tilt of their ellipse.
    loss : float
        Share of the frames at this target without usable eyes, 0–1.
    """

    target_index: int
    x_px: float
    y_px: float
    mean_x_px: float = math.nan
    mean_y_px: float = math.nan
    error_px: float = math.nan
    sd_x_px: float = math.nan
    sd_y_px: float = math.nan
    n_frames: int = 0
    rho: float = math.nan
    loss: float = math.nan

    def to_payload(self) -> dict[str, Any]:
        """For the event ``validation``; NaN becomes null."""
        return flat_payload(self)


@dataclass(frozen=True, slots=True)
class CalibrationTarget:
    """One calibration target, screen px.

    Attributes
    ----------
    target_index : int
        What ``redo_target`` takes.
    n_frames : int
        Frames that the model was made from.
    n_rejected : mapping of str to int
        Frames that arrived while collecting and do not count, by the reasons of :data:`GATES`.
    scatter : float
        Greatest robust standard deviation of an iris coordinate, in distances between the eye corners; NaN without
        frames. The limit is ``CalibrationPlan.max_scatter``.
    left_out_x_px, left_out_y_px : float
        Prediction of the model that never saw this target, minus the target; NaN when not measured.
    error_px : float
        Length of that.
    state : str
        One of :data:`TARGET_STATES`.
    """

    target_index: int
    x_px: float
    y_px: float
    n_frames: int = 0
    n_rejected: Mapping[str, int] = field(default_factory=dict)
    scatter: float = math.nan
    left_out_x_px: float = math.nan
    left_out_y_px: float = math.nan
    error_px: float = math.nan
    state: str = "not_measured"

    def to_payload(self) -> dict[str, Any]:
        """For the event ``calibration``; NaN becomes null."""
        return flat_payload(self) | {"n_rejected": dict(self.n_rejected)}


@dataclass(frozen=True, slots=True)
class CalibrationOutcome:
    """How a calibration attempt ended.

    Attributes
    ----------
    reason : str
        Code when not ok (``too_few_targets``, ``no_face``, ``stopped`` …); else empty.
    n_targets : int
        Targets that were measured.
    loo_error_px : float
        Median error when each target is left out in turn; NaN when not ok.
    model
        The fitted model as JSON values, so that gaze can be derived again.
    kind : str
        One of :data:`CALIBRATION_KINDS`.
    method : str
        ``points`` or ``pursuit``.
    parent_id : str
        Calibration whose frames went in as well (redo, refit); empty otherwise.
    targets : tuple of CalibrationTarget
        In the order of the plan. A pursuit has its pieces of path here, which cannot be redone one by one.
    lag_ms : float
        Pursuit: how far the eyes were behind the target; NaN for points.
    weight : float
        Refit: weight of each new target against an old one, see ``gaze.training_set``; else 1.
    distance_mm, distance_sd_mm : float
        Distance of the eyes from the screen while the targets were looked at, and its error; NaN when not known.
    distance_source : str
        What it rests on, see ``gaze.camera_geometry.ViewingDistance``.
    """

    attempt_id: str
    calibration_id: str
    ok: bool
    reason: str = ""
    n_targets: int = 0
    loo_error_px: float = math.nan
    model: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "full"
    method: str = "points"
    parent_id: str = ""
    targets: tuple[CalibrationTarget, ...] = ()
    lag_ms: float = math.nan
    weight: float = 1.0
    distance_mm: float = math.nan
    distance_sd_mm: float = math.nan
    distance_source: str = "none"

    def to_payload(self) -> dict[str, Any]:
        """For the event ``calibration``; NaN becomes null."""
        return {
            "attempt_id": self.attempt_id, "calibration_id": self.calibration_id, "ok": self.ok,
            "reason": self.reason, "n_targets": self.n_targets, "loo_error_px": finite_or_none(self.loo_error_px),
            "model": dict(self.model), "kind": self.kind, "method": self.method, "parent_id": self.parent_id,
            "targets": [t.to_payload() for t in self.targets], "lag_ms": finite_or_none(self.lag_ms),
            "weight": self.weight, "distance_mm": finite_or_none(self.distance_mm),
            "distance_sd_mm": finite_or_none(self.distance_sd_mm), "distance_source": self.distance_source,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ValidationOutcome:
    """How good the gaze is on targets that the calibration did not see.

    Attributes
    ----------
    ok : bool
        Whether it is within the study's limits.
    reason : str
        Code when not ok; else empty.
    grade : str
        ``A`` to ``D``; empty when nothing could be measured.
    accuracy_px : float
        Mean distance between target and mean estimate; NaN when not measured.
    sd_px : tuple of float
        Scatter in x and y.
    loss : float
        Share of frames without a usable face, 0–1.
    rate_hz : float
        Usable frames per second.
    """

    attempt_id: str
    calibration_id: str
    ok: bool
    reason: str = ""
    grade: str = ""
    accuracy_px: float = math.nan
    sd_px: tuple[float, float] = (math.nan, math.nan)
    loss: float = math.nan
    rate_hz: float = math.nan
    targets: tuple[TargetOutcome, ...] = ()

    def to_payload(self) -> dict[str, Any]:
        """For the event ``validation``; NaN becomes null."""
        return {
            "attempt_id": self.attempt_id, "calibration_id": self.calibration_id, "ok": self.ok,
            "reason": self.reason, "grade": self.grade, "accuracy_px": finite_or_none(self.accuracy_px),
            "sd_px": [finite_or_none(v) for v in self.sd_px], "loss": finite_or_none(self.loss),
            "rate_hz": finite_or_none(self.rate_hz), "targets": [t.to_payload() for t in self.targets],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class GazeAttempt:
    """One calibration attempt of the session with what its validation said; redone targets count as one of their own.

    Attributes
    ----------
    number : int
        From 1, in the order in which they were made.
    kind : str
        ``full`` or ``redo``.
    calibration, validation
        None while it runs; no validation when there is no model.
    accepted : bool
        Gaze goes on with this one.
    """

    attempt_id: str
    number: int
    kind: str
    calibration: CalibrationOutcome | None = None
    validation: ValidationOutcome | None = None
    accepted: bool = False

    @property
    def usable(self) -> bool:
        """Whether there is a model and a validation of it: ``use_attempt`` takes it."""
        return self.calibration is not None and self.calibration.ok and self.validation is not None


@dataclass(frozen=True, slots=True)
class DriftOutcome:
    """A drift check: gaze at one target against the target.

    Attributes
    ----------
    calibration_id : str
        Calibration that was checked.
    ok : bool
        Measured, and within the threshold.
    reason : str
        ``""``, ``drifted`` or ``no_face``.
    x_px, y_px : float
        The target, screen px.
    gaze_x_px, gaze_y_px : float
        Median of the gaze estimates; NaN when not measured.
    drift_px : float
        Distance between the two.
    threshold_px : float
        The drift that is allowed: see ``session.drift.threshold_px``.
    n_frames : int
    stage : str
        ``first``, or ``recheck`` after a refit.
    action : str
        One of :data:`DRIFT_ACTIONS`; filled in by the flow.
    """

    attempt_id: str
    calibration_id: str
    ok: bool
    reason: str = ""
    x_px: float = math.nan
    y_px: float = math.nan
    gaze_x_px: float = math.nan
    gaze_y_px: float = math.nan
    drift_px: float = math.nan
    threshold_px: float = math.nan
    n_frames: int = 0
    stage: str = "first"
    action: str = "none"

    def to_payload(self) -> dict[str, Any]:
        """For the event ``drift``; NaN becomes null."""
        return flat_payload(self)
