"""Calibrations and validations of a session as values: targets, scatter, accuracy, every attempt.

Conventions as in ``quality_values``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

NAN = math.nan


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong or missing.

    Attributes
    ----------
    code : str
        Key of ``wording.QUALITY_PROBLEMS``.
    detail : str
        What the sentence needs: a number, an id.
    """

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Precision:
    """Scatter while one point is looked at, pooled over targets (root mean square; areas: mean).

    Attributes
    ----------
    signal : str
        ``raw``: as it was estimated frame by frame, which is what is stored; ``one_euro``: as the live overlay
        smooths it, which is stored nowhere and feeds nothing.
    rms_s2s_px, rms_s2s_deg : float
        Root mean square step between successive samples; depends on the rate.
    std_px, std_deg : float
        Spread around each target's own mean, both axes together.
    std_x_px, std_y_px : float
        The same per axis.
    ratio : float
        RMS-S2S / STD: √2 for white noise, less for a filtered or drifting signal.
    bcea_px2, bcea_deg2 : float
        Area of the ellipse that holds 68 % of the samples.
    rate_hz : float
        Samples per second at the targets; belongs to every RMS-S2S.
    n_samples : int
    """

    signal: str
    rms_s2s_px: float = NAN
    rms_s2s_deg: float = NAN
    std_px: float = NAN
    std_deg: float = NAN
    std_x_px: float = NAN
    std_y_px: float = NAN
    ratio: float = NAN
    bcea_px2: float = NAN
    bcea_deg2: float = NAN
    rate_hz: float = NAN
    n_samples: int = 0


NOT_MEASURED = Precision("raw")


@dataclass(frozen=True, slots=True)
class TargetError:
    """One validation target.

    Attributes
    ----------
    error_px, error_deg : float
        Between the target and the mean of the gaze there.
    sample_error_px, sample_error_deg : float
        Mean of the errors of single samples: holds the scatter as well.
    sd_x_px, sd_y_px, rho : float
        Scatter of the samples and its tilt, for the ellipse.
    loss : float
        Share of the frames at this target without usable eyes, 0–1.
    precision : Precision
        Of the raw samples at this target.
    """

    target_index: int
    x_px: float
    y_px: float
    error_x_px: float = NAN
    error_y_px: float = NAN
    error_px: float = NAN
    error_deg: float = NAN
    sample_error_px: float = NAN
    sample_error_deg: float = NAN
    sd_x_px: float = NAN
    sd_y_px: float = NAN
    rho: float = NAN
    n_frames: int = 0
    loss: float = NAN
    precision: Precision = NOT_MEASURED


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """One calibration target: how far the model that never saw it is off there.

    ``state`` is ``good``, ``unsteady`` or ``not_measured``.
    """

    target_index: int
    x_px: float
    y_px: float
    left_out_x_px: float = NAN
    left_out_y_px: float = NAN
    n_frames: int = 0
    state: str = "not_measured"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Outcome of one validation.

    Attributes
    ----------
    px, deg : float
        Mean over targets of the error of the mean gaze.
    x_px, y_px, x_deg, y_deg : float
        The same per axis, absolute values.
    sample_px, sample_deg : float
        Mean over targets of the mean error of single samples.
    n_targets : int
        Targets that were measured.
    grade, ok, reason
        As the study's limits had it: ``reason`` is a key of ``wording.GAZE_REASONS``, empty when ok.
    """

    px: float = NAN
    deg: float = NAN
    x_px: float = NAN
    y_px: float = NAN
    x_deg: float = NAN
    y_deg: float = NAN
    sample_px: float = NAN
    sample_deg: float = NAN
    n_targets: int = 0
    grade: str = ""
    ok: bool = False
    reason: str = "not_validated"


NOT_VALIDATED = Accuracy()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One calibration with its validation, accepted or not.

    Attributes
    ----------
    kind : str
        ``full``, ``redo`` (one target again) or ``refit`` (a few new points during the tasks; not validated anew).
    accepted : bool
        Gaze went on with this one, for some time at least.
    calibrated, reason
        Whether there was a model, and why not.
    left_out_px : float
        Median error when each calibration target is left out in turn: an expectation, not a validation.
    validated : bool
        Whether a validation of its own followed.
    """

    attempt_id: str
    calibration_id: str
    number: int
    t_s: float
    kind: str
    method: str
    accepted: bool
    calibrated: bool
    reason: str
    n_points: int
    left_out_px: float
    points: tuple[CalibrationPoint, ...] = ()
    validated: bool = False
    accuracy: Accuracy = NOT_VALIDATED
    loss: float = NAN
    rate_hz: float = NAN
    targets: tuple[TargetError, ...] = ()
