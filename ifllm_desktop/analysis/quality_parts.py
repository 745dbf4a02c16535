"""What happened to the gaze during a session, as values: loss, gaps, error over the screen and over time, head, score.

Conventions as in ``quality_values``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

NAN = math.nan


@dataclass(frozen=True, slots=True)
class Share:
    """Frames of one part of the session: a page, a minute, a reason. ``loss`` = 1 − n_valid / n_frames."""

    name: str
    n_frames: int
    n_valid: int
    loss: float


@dataclass(frozen=True, slots=True)
class DataLoss:
    """How much gaze is missing while there should have been some: from the acceptance of a calibration to the end,
    without pauses and without the time between two segments.

    Attributes
    ----------
    n_frames, n_valid : int
        Camera frames that were due, and those with a gaze point.
    loss : float
        n_nan / n: share of frames without a gaze point.
    loss_by_time : float
        1 − n_valid / (T · f) with the camera's nominal rate f: also counts frames that a slow camera never made.
    effective_hz : float
        n_valid / T.
    nominal_hz : float
        What the camera said of itself; NaN where it did not.
    duration_s : float
        T, over all stretches that count.
    by_reason : tuple of Share
        Lost frames by why (``no_face``, ``no_eyes``, ``camera_lost``, ``gaze_invalid`` …): n_valid is 0.
    by_page, by_minute : tuple of Share
        Minutes are minutes of the session.
    """

    n_frames: int = 0
    n_valid: int = 0
    loss: float = NAN
    loss_by_time: float = NAN
    effective_hz: float = NAN
    nominal_hz: float = NAN
    duration_s: float = 0.0
    by_reason: tuple[Share, ...] = ()
    by_page: tuple[Share, ...] = ()
    by_minute: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class GapBin:
    """Gaps of ``lower_s`` ≤ length < ``upper_s``: how many, and how long they are together."""

    lower_s: float
    upper_s: float
    n: int
    total_s: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a grid over the screen, row 0 at the top.

    Attributes
    ----------
    n : int
        Targets that were looked at here: validation and drift checks. 0 leaves the error NaN.
    error_px, error_deg : float
        Mean over them.
    error_x_px, error_y_px : float
        Mean error vector.
    loss : float
        Share of the frames at the validation targets of this field without usable eyes.
    n_gaze : int
        Gaze points of the session that fell here: what weight this field has.
    """

    column: int
    row: int
    n: int = 0
    error_px: float = NAN
    error_deg: float = NAN
    error_x_px: float = NAN
    error_y_px: float = NAN
    loss: float = NAN
    n_gaze: int = 0


@dataclass(frozen=True, slots=True)
class ErrorAt:
    """The error at one moment after the calibration was accepted.

    Attributes
    ----------
    kind : str
        ``validation`` (mean over its targets), ``drift`` (a check before a task), ``recheck`` (after a refit) or
        ``text`` (a line of a real text: only ``error_y_px`` is known, and ``error_deg`` is that of y).
    minutes : float
        After the acceptance of the calibration; a refit does not start anew. NaN for a line of text.
    ok : bool
        Within the study's threshold.
    action : str
        What followed a check, see ``session.gaze_outcome.DRIFT_ACTIONS``; empty otherwise.
    """

    kind: str
    t_s: float
    minutes: float
    calibration_id: str
    x_px: float = NAN
    y_px: float = NAN
    error_x_px: float = NAN
    error_y_px: float = NAN
    error_px: float = NAN
    error_deg: float = NAN
    threshold_px: float = NAN
    n_frames: int = 0
    ok: bool = False
    action: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """How the error changed during the session.

    Attributes
    ----------
    checks : tuple of ErrorAt
        In order of time; the first is the accepted validation.
    n_refits : int
        Calibrations that were mended with a few new points.
    change_deg, change_px : float
        Error of the last measured check minus that of the validation; NaN without a check.
    worst_deg, worst_px : float
        Greatest error of any check.
    """

    checks: tuple[ErrorAt, ...] = ()
    n_refits: int = 0
    change_px: float = NAN
    change_deg: float = NAN
    worst_px: float = NAN
    worst_deg: float = NAN


@dataclass(frozen=True, slots=True)
class TextAccuracy:
    """How far off gaze is on a real text: lines that were marked and read. Only the vertical error can be known there.

    Attributes
    ----------
    n_lines : int
        Lines that were read; 0 without such a check.
    error_y_px : float
        Mean of the signed errors, downwards positive.
    abs_error_y_px, abs_error_y_deg : float
        Mean of their sizes.
    share_right : float
        Share of the lines that are the nearest to their gaze.
    reason : str
        Why there is no figure: ``not_done``, or a key of ``wording.GAZE_REASONS``.
    """

    n_lines: int = 0
    error_y_px: float = NAN
    abs_error_y_px: float = NAN
    abs_error_y_deg: float = NAN
    share_right: float = NAN
    reason: str = "not_done"


@dataclass(frozen=True, slots=True)
class InvalidSpan:
    """Gaze was not derived although the camera went on; ``reason`` is a key of ``wording.GAZE_REASONS``."""

    t0_s: float
    t1_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class HeadMovement:
    """How far the head was from where it was calibrated, while gaze counted.

    Attributes
    ----------
    shift_cm, shift_p95_cm : float
        Median and 95th percentile of the distance.
    turn_deg, turn_p95_deg : float
        The same for the turn (yaw and pitch together).
    n_frames : int
        0 without landmarks.
    """

    shift_cm: float = NAN
    shift_p95_cm: float = NAN
    turn_deg: float = NAN
    turn_p95_deg: float = NAN
    n_frames: int = 0


@dataclass(frozen=True, slots=True)
class Trace:
    """Gaze over time, at most 2000 points of equal distance in time, for a plot and nothing else.

    Attributes
    ----------
    t_s : tuple of float
    x_px, y_px : tuple of float
        Median of the samples of each step; NaN where there is none.
    head_cm, head_deg : tuple of float
        Distance and turn from the calibrated head.
    """

    t_s: tuple[float, ...] = ()
    x_px: tuple[float, ...] = ()
    y_px: tuple[float, ...] = ()
    head_cm: tuple[float, ...] = ()
    head_deg: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One rule of the score.

    Attributes
    ----------
    name : str
        ``accuracy``, ``loss``, ``rate``, ``drift`` or ``on_text``.
    value, unit
        What was measured; NaN where it was not.
    full, limit : float
        All points at ``full`` or better, none at ``limit`` or worse, on a straight line between.
    points, weight : float
        ``points`` is NaN where it was not measured; then the rule has no part in the score.
    excludes : bool
        The session is beyond an exclusion limit of the study by this.
    reason : str
        Code, key of ``wording.SCORE_REASONS``: ``""``, ``not_measured``, ``beyond_limit``, ``weak``.
    """

    name: str
    value: float
    unit: str
    full: float
    limit: float
    points: float
    weight: float
    excludes: bool
    reason: str


@dataclass(frozen=True, slots=True)
class QualityScore:
    """``total`` is 0–100 over the parts that were measured; NaN where accuracy or loss were not."""

    total: float = NAN
    parts: tuple[ScorePart, ...] = ()


@dataclass(frozen=True, slots=True)
class Apparatus:
    """What the paper says of the equipment. Empty or NaN where the recording does not say it."""

    devices: str = ""
    camera: str = ""
    camera_w_px: float = NAN
    camera_h_px: float = NAN
    nominal_hz: float = NAN
    landmarker: str = ""
    feature_set: str = ""
    app_version: str = ""
    device_pixel_ratio: float = NAN
