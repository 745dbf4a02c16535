"""Accuracy, precision and loss of the gaze samples at one target, by formula.

Angles are Fick's: ``azimuth = atan2(x_mm, D)``, ``elevation = atan2(y_mm, hypot(D, x_mm))`` from the middle of the
screen, see ``domain.space.Screen``. Every angle is NaN where the size of the screen or the distance is not known.
Missing samples are NaN rows and stay in their place: a step over a missing sample is no step.

References
----------
Formulas as in ETDQualitizer (Niehorster et al. 2026, doi 10.3758/s13428-026-03039-4), against which the tests check
them. What to report: Dunn et al. 2023, doi 10.3758/s13428-023-02187-1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.gaze.quality import angle_deg, gaze_vectors

Floats = NDArray[np.float64]
Ints = NDArray[np.integer[Any]]

BCEA_SHARE = 0.68
"""Share of the samples within the ellipse whose area is given."""


@dataclass(frozen=True, slots=True)
class Offset:
    """How far gaze is from a target.

    Attributes
    ----------
    mean_x_px, mean_y_px : float
        Mean gaze minus target.
    mean_px : float
        Length of that.
    mean_deg, mean_x_deg, mean_y_deg : float
        Angle between the target and the mean of the unit gaze vectors, and its parts seen from the target.
    sample_px, sample_deg : float
        Mean of the errors of single samples; grows with the scatter as well.
    """

    mean_x_px: float
    mean_y_px: float
    mean_px: float
    mean_deg: float
    mean_x_deg: float
    mean_y_deg: float
    sample_px: float
    sample_deg: float


@dataclass(frozen=True, slots=True)
class Scatter:
    """Spread of samples in one unit (px or deg).

    Attributes
    ----------
    rms_s2s : float
        ``sqrt(mean(dx² + dy²))`` over successive samples.
    std, std_x, std_y : float
        ``sqrt(var_x + var_y)``, ddof 0, and per axis.
    rho : float
        Correlation of x and y.
    bcea : float
        ``2kπ·sx·sy·sqrt(1−ρ²)`` with ``k = ln(1/(1−P))``, ddof 1; in the square of the unit.
    n : int
        Samples that are there.
    n_steps : int
        Pairs of successive samples that are both there.
    """

    rms_s2s: float
    std: float
    std_x: float
    std_y: float
    rho: float
    bcea: float
    n: int
    n_steps: int

    @property
    def ratio(self) -> float:
        """RMS-S2S / STD: √2 for white noise, less for what is filtered or drifts."""
        return self.rms_s2s / self.std if self.std > 0 else math.nan


def offset(gaze_px: Floats, target_px: tuple[float, float], screen: Screen) -> Offset:
    """How far samples are from the target that was looked at.

    Parameters
    ----------
    gaze_px : ndarray of float64, shape (n, 2)
        Screen px; rows with NaN are left out. Without any sample everything is NaN.
    """
    seen = gaze_px[np.isfinite(gaze_px).all(axis=1)]
    if not len(seen):
        return Offset(*[math.nan] * 8)
    target = np.array([target_px], dtype=np.float64)
    errors = seen - target
    mean_x, mean_y = (float(v) for v in errors.mean(axis=0))
    vectors, aim = gaze_vectors(seen, screen), gaze_vectors(target, screen)[0]
    mean = vectors.mean(axis=0)
    x_deg, y_deg = _seen_from(mean, *screen.deg_of(*target_px))
    return Offset(
        mean_x, mean_y, math.hypot(mean_x, mean_y), float(angle_deg(mean, aim)), x_deg, y_deg,
        float(np.hypot(errors[:, 0], errors[:, 1]).mean()), float(angle_deg(vectors, aim[None]).mean()),
    )  # fmt: skip


def scatter(points: Floats) -> Scatter:
    """Spread of samples around their own mean, in the unit of ``points``.

    Parameters
    ----------
    points : ndarray of float64, shape (n, 2)
        In order of time; missing ones are NaN rows.
    """
    there = np.isfinite(points).all(axis=1)
    seen = points[there]
    n = len(seen)
    steps = np.diff(points, axis=0)
    steps = steps[there[1:] & there[:-1]] if len(points) > 1 else steps[:0]
    rms = math.sqrt(float((steps**2).sum(axis=1).mean())) if len(steps) else math.nan
    if n == 0:
        return Scatter(rms, math.nan, math.nan, math.nan, math.nan, math.nan, 0, 0)
    std_x, std_y = (float(v) for v in seen.std(axis=0))
    from_mean = seen - seen.mean(axis=0)
    across = std_x * std_y
    rho = float((from_mean[:, 0] * from_mean[:, 1]).mean()) / across if across > 0 else math.nan
    area = math.nan
    if n > 1 and across > 0:
        wider = n / (n - 1)  # both variances with ddof 1
        area = 2 * _k(BCEA_SHARE) * math.pi * across * wider * math.sqrt(max(0.0, 1 - rho**2))
    return Scatter(rms, math.hypot(std_x, std_y), std_x, std_y, rho, area, n, len(steps))


def bcea_axes(
    std_x: float, std_y: float, rho: float, share: float = BCEA_SHARE
) -> tuple[float, float, float]:
    """Semi-axes (long, short) of the ellipse that holds a share of the samples, and the angle of the long one.

    ``sqrt(2kλ)`` with the eigenvalues λ of the covariance. (``sqrt(kλ)``, which is drawn elsewhere, holds 43 % where
    68 % are meant.) The angle is in degrees from the x axis towards the y axis.
    """
    rho = 0.0 if math.isnan(rho) else rho
    xy = rho * std_x * std_y
    mean, half = (std_x**2 + std_y**2) / 2, (std_x**2 - std_y**2) / 2
    root = math.hypot(half, xy)
    angle = math.degrees(math.atan2(xy, half)) / 2
    factor = 2 * _k(share)
    return math.sqrt(factor * (mean + root)), math.sqrt(factor * max(0.0, mean - root)), angle


def fick_deg(points_px: Floats, screen: Screen) -> Floats:
    """Azimuth and elevation of screen points, deg, shape (n, 2); NaN where size or distance are not known."""
    x_mm = (points_px[:, 0] - screen.w_px / 2) * screen.w_mm / screen.w_px
    y_mm = (points_px[:, 1] - screen.h_px / 2) * screen.h_mm / screen.h_px
    azimuth = np.arctan2(x_mm, screen.distance_mm)
    elevation = np.arctan2(y_mm, np.hypot(screen.distance_mm, x_mm))
    angles: Floats = np.degrees(np.column_stack([azimuth, elevation]))
    return angles


# ---- loss ------------------------------------------------------------------------------------


def duration_s(t_ns: Ints) -> float:
    """``T = t_last − t_first + median(dt)``: n samples stand for n intervals. 0 for fewer than two."""
    if len(t_ns) < 2:
        return 0.0
    return float(t_ns[-1] - t_ns[0] + np.median(np.diff(t_ns))) / NS_PER_S


def loss_of_frames(n_valid: int, n_frames: int) -> float:
    """``n_nan / n``; NaN without frames."""
    return 1 - n_valid / n_frames if n_frames > 0 else math.nan


def loss_of_time(n_valid: int, time_s: float, rate_hz: float) -> float:
    """``1 − n_valid / (T · f)``; negative where there are more samples than the rate promises, NaN without either."""
    return 1 - n_valid / (time_s * rate_hz) if time_s > 0 and rate_hz > 0 else math.nan


def effective_hz(n_valid: int, time_s: float) -> float:
    """``n_valid / T``; NaN without time."""
    return n_valid / time_s if time_s > 0 else math.nan


def gap_lengths_s(valid_t_ns: Ints, t0_ns: int, t1_ns: int, step_ns: float) -> Floats:
    """Lengths of the stretches without samples between two moments, s.

    A sample stands for ``step_ns`` from its own time on. What is missing for half a step or more is a gap: jitter of a
    camera is not.

    Parameters
    ----------
    valid_t_ns : ndarray of int, shape (n,)
        Rising times of the samples that are there, between ``t0_ns`` and ``t1_ns``.
    t1_ns : int
        End of the stretch: where the last frame's own step ends.
    """
    inside = np.asarray(valid_t_ns, dtype=np.float64)
    before = np.concatenate([[float(t0_ns)], inside + step_ns])
    after = np.concatenate([inside, [float(t1_ns)]])
    lengths = after - before
    found: Floats = lengths[lengths >= step_ns / 2] / NS_PER_S
    return found


def gap_edges_s(lower_s: float = 0.03, upper_s: float = 10.0, per_decade: int = 4) -> tuple[float, ...]:
    """Edges of the histogram of gaps, evenly spaced in the logarithm, the last one above ``upper_s``.

    Those of different ``upper_s`` begin alike, so that two histograms can be added bin by bin. The first bin begins
    at 0.
    """
    n = math.floor(per_decade * math.log10(upper_s / lower_s)) + 1
    edges = [lower_s * 10 ** (k / per_decade) for k in range(1, n + 1)]
    while edges[-1] <= upper_s:  # the logarithm of an edge itself may be rounded down
        n += 1
        edges.append(lower_s * 10 ** (n / per_decade))
    return (0.0, *edges)


def gap_histogram(lengths_s: Floats, edges_s: Sequence[float]) -> list[tuple[int, float]]:
    """Number and total time of the gaps of each bin, ``lower ≤ length < upper``."""
    bins = np.searchsorted(np.asarray(edges_s), lengths_s, side="right") - 1
    n_bins = len(edges_s) - 1
    counts = np.bincount(bins, minlength=n_bins)
    totals = np.bincount(bins, weights=lengths_s, minlength=n_bins)
    return [(int(n), float(total)) for n, total in zip(counts, totals, strict=True)]


def _k(share: float) -> float:
    return math.log(1 / (1 - share))


def _seen_from(vector: Floats, azimuth_deg: float, elevation_deg: float) -> tuple[float, float]:
    """Azimuth and elevation of a direction as seen from another one, deg: the frame is turned onto the target."""
    a, e = math.radians(azimuth_deg), math.radians(elevation_deg)
    x, y, z = (float(v) for v in vector)
    ahead = math.sin(a) * x + math.cos(a) * z
    right = math.cos(a) * x - math.sin(a) * z
    down = math.cos(e) * y - math.sin(e) * ahead
    forward = math.sin(e) * y + math.cos(e) * ahead
    return math.degrees(math.atan2(right, forward)), math.degrees(
        math.atan2(down, math.hypot(right, forward))
    )
