"""How good a calibration is, judged on targets that it has not seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_S

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GradeLimits:
    """Where the grades end, by accuracy. Worse than C is D.

    Attributes
    ----------
    a_deg, b_deg, c_deg : float
        Greatest mean error of the grade, degrees of visual angle.
    px_per_deg : float
        Stands in where size or distance of the screen are not known: 48 px/deg is a 24" full-HD screen at 60 cm
        or a 14" laptop screen of 1440 logical px at 55 cm.
    max_loss : float
        A greater share of lost frames is not acceptable, whatever the accuracy.
    min_targets : int
        With fewer measured targets nothing is claimed.
    """

    a_deg: float = 1.0
    b_deg: float = 1.5
    c_deg: float = 2.5
    px_per_deg: float = 48.0
    max_loss: float = 0.5
    min_targets: int = 3


@dataclass(frozen=True, slots=True)
class TargetQuality:
    """One validation target. Positions in screen px; ``error`` is from the target to the mean of the gaze points,
    ``sd`` around that mean (ddof 0), ``rho`` the correlation of x and y there; NaN without any scatter."""

    target_index: int
    target_x_px: float
    target_y_px: float
    mean_x_px: float
    mean_y_px: float
    error_px: float
    error_deg: float
    sd_x_px: float
    sd_y_px: float
    n_frames: int
    rho: float = math.nan


@dataclass(frozen=True, slots=True)
class ValidationSummary:
    """Outcome of a validation. Values in deg are NaN where the screen's size or distance are not known.

    Attributes
    ----------
    accuracy_px, accuracy_deg : float
        Mean over targets of the distance (angle) between the target and the mean gaze point (mean gaze vector).
    accuracy_x_px, accuracy_y_px : float
        The same per axis, absolute values.
    mean_sample_error_px : float
        Mean distance of single samples from their target; holds the imprecision as well.
    sd_x_px, sd_y_px : float
        Spread around each target's own mean, pooled over targets.
    error_sd_x_px, error_sd_y_px : float
        Root mean square distance of single samples from their target: bias and spread together.
    precision_rms_s2s_px, precision_rms_s2s_deg : float
        Root mean square step between successive samples of one target.
    loss : float
        Share of the frames of the collection that gave no gaze point.
    rate_hz : float
        Gaze points per second while targets were collected.
    grade : str
        ``A`` to ``D``.
    ok : bool
        Grade C or better, few frames lost, enough targets.
    reason : str
        Empty when ok, else ``no_face``, ``too_few_targets``, ``too_many_lost`` or ``error_too_large``.
    """

    accuracy_px: float
    accuracy_deg: float
    accuracy_x_px: float
    accuracy_y_px: float
    mean_sample_error_px: float
    sd_x_px: float
    sd_y_px: float
    error_sd_x_px: float
    error_sd_y_px: float
    precision_rms_s2s_px: float
    precision_rms_s2s_deg: float
    loss: float
    rate_hz: float
    n_samples: int
    targets: tuple[TargetQuality, ...]
    grade: str
    ok: bool
    reason: str


def validate(
    gaze_px: Floats,
    target_px: Floats,
    target_index: NDArray[np.integer[Any]],
    t_ns: NDArray[np.integer[Any]],
    n_frames_total: int,
    screen: Screen,
    limits: GradeLimits = GradeLimits(),
) -> ValidationSummary:
    """Judge gaze points against the targets that were looked at.

    Parameters
    ----------
    gaze_px, target_px : ndarray of float64, shape (n, 2)
        Screen px; gaze may hold NaN rows (lost), which stay in place for the sample-to-sample steps.
    target_index : ndarray of int, shape (n,)
    t_ns : ndarray of int, shape (n,)
        Rising within each target.
    n_frames_total : int
        Frames of the collection including those that are not among the n rows.

    References
    ----------
    Accuracy as the angle between target and mean gaze vector: Niehorster et al. 2026, doi
    10.3758/s13428-026-03039-4. What to report: Dunn et al. 2023, doi 10.3758/s13428-023-02187-1.
    """
    gaze_px = np.asarray(gaze_px, dtype=np.float64).reshape(-1, 2)
    target_px = np.asarray(target_px, dtype=np.float64).reshape(-1, 2)
    index, t_ns = np.asarray(target_index), np.asarray(t_ns, dtype=np.int64)
    seen = np.isfinite(gaze_px).all(axis=1)
    rows, steps_px, steps_deg, spans_s = [], [], [], 0.0
    for label in np.unique(index):
        of_target = index == label
        spans_s += _span_s(t_ns[of_target])
        rows_px = gaze_px[of_target]
        steps_px.append(np.diff(rows_px, axis=0))
        steps_deg.append(_step_angles_deg(rows_px, screen))
        if (of_target & seen).any():
            rows.append(_target(int(label), gaze_px[of_target & seen], target_px[of_target][0], screen))
    n_valid = int(seen.sum())
    errors_px = gaze_px[seen] - target_px[seen]
    accuracy_px = _mean([row.error_px for row in rows])
    accuracy_deg = _mean([row.error_deg for row in rows])
    loss = 1 - n_valid / n_frames_total if n_frames_total > 0 else 1.0
    grade = grade_of(accuracy_px, accuracy_deg, limits)
    reason = _reason(len(rows), loss, grade, limits)
    weights = [row.n_frames for row in rows]
    return ValidationSummary(
        accuracy_px=accuracy_px,
        accuracy_deg=accuracy_deg,
        accuracy_x_px=_mean([abs(row.mean_x_px - row.target_x_px) for row in rows]),
        accuracy_y_px=_mean([abs(row.mean_y_px - row.target_y_px) for row in rows]),
        mean_sample_error_px=_mean(np.hypot(errors_px[:, 0], errors_px[:, 1])),
        sd_x_px=_pooled([row.sd_x_px for row in rows], weights),
        sd_y_px=_pooled([row.sd_y_px for row in rows], weights),
        error_sd_x_px=_root_mean_square(errors_px[:, 0]),
        error_sd_y_px=_root_mean_square(errors_px[:, 1]),
        precision_rms_s2s_px=_rms_s2s_px(steps_px),
        precision_rms_s2s_deg=_root_mean_square(np.concatenate(steps_deg) if steps_deg else np.empty(0)),
        loss=loss,
        rate_hz=n_valid / spans_s if spans_s > 0 else math.nan,
        n_samples=n_valid,
        targets=tuple(rows),
        grade=grade,
        ok=not reason,
        reason=reason,
    )


def grade_of(accuracy_px: float, accuracy_deg: float, limits: GradeLimits) -> str:
    """``A`` to ``D`` by the angle, or by the distance and ``px_per_deg`` where the angle is not known (NaN)."""
    degrees = accuracy_px / limits.px_per_deg if math.isnan(accuracy_deg) else accuracy_deg
    for grade, limit_deg in (("A", limits.a_deg), ("B", limits.b_deg), ("C", limits.c_deg)):
        if degrees <= limit_deg:
            return grade
    return "D"


def gaze_vectors(points_px: Floats, screen: Screen) -> Floats:
    """Unit vectors from the eyes to screen points, (right, down, ahead), shape (n, 3); NaN where unknown."""
    x_mm = (points_px[:, 0] - screen.w_px / 2) * screen.w_mm / screen.w_px
    y_mm = (points_px[:, 1] - screen.h_px / 2) * screen.h_mm / screen.h_px
    vectors = np.column_stack([x_mm, y_mm, np.full(len(points_px), screen.distance_mm)])
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def angle_deg(a: Floats, b: Floats) -> Floats:
    """Angles between vectors of shape (n, 3), deg. By atan2, which is exact for small angles too."""
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    angles: Floats = np.degrees(np.arctan2(across, (a * b).sum(axis=-1)))
    return angles


def _target(label: int, points_px: Floats, target_px: Floats, screen: Screen) -> TargetQuality:
    mean_px = points_px.mean(axis=0)
    sd_px = points_px.std(axis=0)
    mean_vector = gaze_vectors(points_px, screen).mean(axis=0)
    target_vector = gaze_vectors(target_px[None], screen)[0]
    error_px = float(np.hypot(*(mean_px - target_px)))
    return TargetQuality(
        label, float(target_px[0]), float(target_px[1]), float(mean_px[0]), float(mean_px[1]), error_px,
        float(angle_deg(mean_vector, target_vector)), float(sd_px[0]), float(sd_px[1]), len(points_px),
        _correlation(points_px - mean_px, sd_px),
    )  # fmt: skip


def _correlation(from_mean_px: Floats, sd_px: Floats) -> float:
    across = float(sd_px[0] * sd_px[1])
    return float((from_mean_px[:, 0] * from_mean_px[:, 1]).mean()) / across if across > 0 else math.nan


def _step_angles_deg(points_px: Floats, screen: Screen) -> Floats:
    vectors = gaze_vectors(points_px, screen)
    return angle_deg(vectors[:-1], vectors[1:])


def _span_s(t_ns: NDArray[np.int64]) -> float:
    # T = last − first + median step: n samples stand for n intervals
    if len(t_ns) < 2:
        return 0.0
    return float(t_ns[-1] - t_ns[0] + np.median(np.diff(t_ns))) / NS_PER_S


def _rms_s2s_px(steps: list[Floats]) -> float:
    squares = (np.concatenate(steps) ** 2).sum(axis=1) if steps else np.empty(0)
    squares = squares[np.isfinite(squares)]
    return float(np.sqrt(squares.mean())) if len(squares) else math.nan


def _root_mean_square(values: Floats) -> float:
    values = values[np.isfinite(values)]
    return float(np.sqrt((values**2).mean())) if len(values) else math.nan


def _mean(values: list[float] | Floats) -> float:
    return float(np.mean(values)) if len(values) else math.nan


def _pooled(sds: list[float], weights: list[int]) -> float:
    return float(np.sqrt(np.average(np.square(sds), weights=weights))) if sds else math.nan


def _reason(n_targets: int, loss: float, grade: str, limits: GradeLimits) -> str:
    if n_targets == 0:
        return "no_face"
    if n_targets < limits.min_targets:
        return "too_few_targets"
    if loss > limits.max_loss:
        return "too_many_lost"
    return "error_too_large" if grade == "D" else ""
