"""Fixations out of noisy gaze: dispersion (I-DT) and velocity (I-VT) with thresholds that follow the noise.

At the noise of a webcam a threshold of 1° can never hold four samples, so that nothing would be a fixation; it is
raised with the precision that the person's own validation gave. How far, and how much to smooth before, was set on six
simulated readers whose true fixations are known (matched = overlap over half of the union): three standard deviations
after a median over 100 ms match 54 % of them, the often used eight after 200 ms match 7 %, because they run most
fixations of a line together. Neither method invents samples: gaps stay gaps, and a fixation is never longer than what
was seen of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

METHODS = ("idt", "ivt")
_LEAST_PX = 1.0


@dataclass(frozen=True, slots=True)
class FixationRule:
    """Parameters of the detection; all of them are stored with what it finds.

    Attributes
    ----------
    method : str
        ``idt`` (Salvucci & Goldberg 2000, doi 10.1145/355017.355028) or ``ivt`` (same source).
    median_ms : float
        Width of a centred running median that only the detection sees; 0 for none.
    least_deg : float
        Least dispersion threshold: 1° is the usual one at the noise of a laboratory's eye tracker.
    noise_factor : float
        Dispersion threshold in units of the precision (standard deviation of a sample, of one axis).
    min_ms, min_samples : float, int
        A fixation has both.
    max_gap_ms : float
        Time without a sample that a fixation survives.
    merge_gap_ms : float
        Fixations nearer in time than this, and nearer in space than half the threshold, are one.
    ivt_deg_s : float
        Least velocity threshold of ``ivt``.
    """

    method: str = "idt"
    median_ms: float = 100.0
    least_deg: float = 1.0
    noise_factor: float = 3.0
    min_ms: float = 100.0
    min_samples: int = 3
    max_gap_ms: float = 100.0
    merge_gap_ms: float = 50.0
    ivt_deg_s: float = 30.0

    def parameters(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True, eq=False)
class Fixations:
    """Fixations in order of time; arrays of one length.

    Attributes
    ----------
    t0_ns, t1_ns : ndarray of int64
        First and last sample.
    x_px, y_px : ndarray of float64
        Mean of the raw samples, screen px.
    sd_x_px, sd_y_px : ndarray of float64
        Their spread (ddof 0).
    n_samples : ndarray of int64
    threshold_px : float
        Dispersion (``idt``) or step per second (``ivt``) that was used, px or px/s.
    """

    t0_ns: Ints
    t1_ns: Ints
    x_px: Floats
    y_px: Floats
    sd_x_px: Floats
    sd_y_px: Floats
    n_samples: Ints
    threshold_px: float

    def __len__(self) -> int:
        return len(self.t0_ns)

    @property
    def duration_s(self) -> Floats:
        """From the first to the last sample, s."""
        seconds: Floats = (self.t1_ns - self.t0_ns) / NS_PER_S
        return seconds


def fixations(
    t_ns: Ints, x_px: Floats, y_px: Floats, precision_px: float, px_per_deg: float, rule: FixationRule
) -> Fixations:
    """Fixations of raw samples.

    Parameters
    ----------
    t_ns : ndarray of int64, shape (n,)
        Rising.
    x_px, y_px : ndarray of float64, shape (n,)
        Raw gaze, screen px; NaN where it was lost.
    precision_px : float
        Standard deviation of a sample around its target, of one axis (root mean square of both), from the
        validation; NaN when there was none: then the least threshold is used alone.
    px_per_deg : float
        Screen px in one degree of visual angle.

    Raises
    ------
    DataError
        ``fixation_rule`` for an unknown method or a threshold without meaning.
    """
    if rule.method not in METHODS or not px_per_deg > 0:
        raise DataError("fixation_rule", method=rule.method, px_per_deg=px_per_deg)
    valid = np.isfinite(x_px) & np.isfinite(y_px)
    t, x, y = np.asarray(t_ns)[valid].astype(np.int64), x_px[valid], y_px[valid]
    smooth_x, smooth_y = (running_median(t, values, rule.median_ms) for values in (x, y))
    noise_px = precision_px if np.isfinite(precision_px) else 0.0
    if rule.method == "idt":
        threshold = max(rule.least_deg * px_per_deg, rule.noise_factor * noise_px, _LEAST_PX)
        spans = _by_dispersion(t, smooth_x, smooth_y, threshold, rule)
    else:
        threshold = _velocity_threshold(t, noise_px, px_per_deg, rule)
        spans = _by_velocity(t, smooth_x, smooth_y, threshold, rule)
    merged = _merged(list(spans), t, smooth_x, smooth_y, threshold, rule)
    return _described(merged, t, x, y, threshold)


def running_median(t_ns: Ints, values: Floats, width_ms: float) -> Floats:
    """Centred median over ``width_ms``; windows at the ends and beside gaps hold what there is. Shape (n,)."""
    if width_ms <= 0 or len(values) < 3:
        return np.array(values, dtype=np.float64)
    half_ns = int(width_ms * NS_PER_MS / 2)
    first = np.searchsorted(t_ns, t_ns - half_ns, side="left")
    last = np.searchsorted(t_ns, t_ns + half_ns, side="right")
    widest = int((last - first).max())
    if widest <= 1:
        return np.array(values, dtype=np.float64)
    # windows side by side, what lies outside of them as NaN
    index = first[:, None] + np.arange(widest)
    inside = index < last[:, None]
    window = np.where(inside, values[np.minimum(index, len(values) - 1)], np.nan)
    medians: Floats = np.nanmedian(window, axis=1)
    return medians


def _by_dispersion(
    t: Ints, x: Floats, y: Floats, threshold: float, rule: FixationRule
) -> Iterator[tuple[int, int]]:
    """Spans [first, last] whose range in x plus range in y stays within the threshold."""
    times, xs, ys = t.tolist(), x.tolist(), y.tolist()
    least_ns, gap_ns, n = int(rule.min_ms * NS_PER_MS), int(rule.max_gap_ms * NS_PER_MS), len(t)
    start = 0
    while start < n:
        low_x = high_x = xs[start]
        low_y = high_y = ys[start]
        end = start
        while end + 1 < n and times[end + 1] - times[end] <= gap_ns:
            next_x, next_y = xs[end + 1], ys[end + 1]
            wide = max(high_x, next_x) - min(low_x, next_x) + max(high_y, next_y) - min(low_y, next_y)
            if wide > threshold:
                break
            low_x, high_x = min(low_x, next_x), max(high_x, next_x)
            low_y, high_y = min(low_y, next_y), max(high_y, next_y)
            end += 1
        if times[end] - times[start] >= least_ns and end - start + 1 >= rule.min_samples:
            yield start, end
            start = end + 1
        else:
            start += 1


def _velocity_threshold(t: Ints, noise_px: float, px_per_deg: float, rule: FixationRule) -> float:
    """px/s: the least one, or four standard deviations of what noise alone makes between two median samples."""
    step_s = float(np.median(np.diff(t))) / NS_PER_S if len(t) > 1 else 1.0
    # a median over k samples has the standard deviation 1.25/√k of one; the difference of two √2 of that
    k = max(1.0, rule.median_ms / 1000 / step_s)
    noise_px_s = 4 * np.sqrt(2) * 1.25 * noise_px / np.sqrt(k) / step_s
    return max(rule.ivt_deg_s * px_per_deg, float(noise_px_s), _LEAST_PX)


def _by_velocity(
    t: Ints, x: Floats, y: Floats, threshold: float, rule: FixationRule
) -> Iterator[tuple[int, int]]:
    """Spans of successive samples that move more slowly than the threshold."""
    if not len(t):
        return
    step_ns = np.diff(t)
    speed = np.hypot(np.diff(x), np.diff(y)) / np.maximum(step_ns, 1) * NS_PER_S
    apart = (speed > threshold) | (step_ns > rule.max_gap_ms * NS_PER_MS)
    starts = np.concatenate([[0], np.flatnonzero(apart) + 1])
    ends = np.concatenate([np.flatnonzero(apart), [len(t) - 1]])
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if t[end] - t[start] >= rule.min_ms * NS_PER_MS and end - start + 1 >= rule.min_samples:
            yield start, end


def _merged(
    spans: list[tuple[int, int]], t: Ints, x: Floats, y: Floats, threshold: float, rule: FixationRule
) -> list[tuple[int, int]]:
    """Neighbours that a lost or jumping sample tore apart, put together again."""
    near_px = threshold / 2 if rule.method == "idt" else np.inf
    out: list[tuple[int, int]] = []
    for start, end in spans:
        if out:
            before_start, before_end = out[-1]
            gap_ms = (t[start] - t[before_end]) / NS_PER_MS
            apart_px = float(
                np.hypot(
                    x[start : end + 1].mean() - x[before_start : before_end + 1].mean(),
                    y[start : end + 1].mean() - y[before_start : before_end + 1].mean(),
                )
            )
            if gap_ms <= rule.merge_gap_ms and apart_px <= near_px and start - before_end > 1:
                out[-1] = (before_start, end)
                continue
        out.append((start, end))
    return out


def _described(spans: list[tuple[int, int]], t: Ints, x: Floats, y: Floats, threshold: float) -> Fixations:
    first = np.array([start for start, _ in spans], dtype=np.int64)
    last = np.array([end for _, end in spans], dtype=np.int64)
    n = last - first + 1
    means, sds = [], []
    for values in (x, y):
        sums, squares = (
            np.append(0.0, np.cumsum(values)),
            np.append(0.0, np.cumsum((values - _middle(values)) ** 2)),
        )
        centred = np.append(0.0, np.cumsum(values - _middle(values)))
        mean = (sums[last + 1] - sums[first]) / n
        off = (centred[last + 1] - centred[first]) / n
        means.append(mean)
        sds.append(np.sqrt(np.maximum((squares[last + 1] - squares[first]) / n - off**2, 0.0)))
    return Fixations(t[first], t[last], means[0], means[1], sds[0], sds[1], n, float(threshold))


def _middle(values: Floats) -> float:
    # subtracted before squaring, or the sums of an hour lose the digits that the spread is in
    return float(values.mean()) if len(values) else 0.0
