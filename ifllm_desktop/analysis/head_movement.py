"""How far the head went from where it was calibrated, and the traces of gaze and head for a plot."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.analysis.gaze_rows import Floats, GazeRows, Ints, among, inside
from ifllm_desktop.analysis.quality_parts import HeadMovement, Trace
from ifllm_desktop.analysis.quality_targets import Attempt
from ifllm_desktop.domain.time import NS_PER_S

MAX_POINTS = 2000
"""More points than a plot is wide are not seen."""

_MM_PER_CM = 10.0


def head_from_calibration(rows: GazeRows, attempts: Sequence[Attempt]) -> Floats:
    """Distance (cm) and turn (deg) of each frame's head from its place in the calibration, shape (m, 2).

    The place is the median over the frames of the targets; each accepted calibration has its own and holds until the
    next one. NaN before the first, and throughout where no frames of a calibration are stored.
    """
    away = np.full((len(rows.frame_t_ns), 2), np.nan)
    targets = rows.targets
    calibrated = [a for a in attempts if a.accepted and a.calibrated and a.kind != "refit"]
    for attempt in sorted(calibrated, key=lambda a: a.t_s):
        of = (targets["attempt_id"] == attempt.attempt_id) & (targets["phase"] == "calibration")
        at_targets = among(rows.frame_t_ns, np.sort(targets["t_ns"][of].astype(np.int64)))
        if not at_targets.any():
            continue
        place = np.median(rows.head[at_targets], axis=0)
        first = int(np.searchsorted(rows.frame_t_ns, round(attempt.t_s * NS_PER_S)))
        moved = rows.head[first:] - place
        away[first:, 0] = np.sqrt((moved[:, 2:] ** 2).sum(axis=1)) / _MM_PER_CM
        away[first:, 1] = np.hypot(moved[:, 0], moved[:, 1])
    return away


def head_movement(rows: GazeRows, away: Floats, spans: Sequence[tuple[int, int]]) -> HeadMovement:
    """Figures over the counted stretches."""
    chosen = away[inside(rows.frame_t_ns, spans)]
    chosen = chosen[np.isfinite(chosen).all(axis=1)]
    if not len(chosen):
        return HeadMovement()
    shift, turn = (np.quantile(chosen[:, k], [0.5, 0.95]) for k in (0, 1))
    return HeadMovement(float(shift[0]), float(shift[1]), float(turn[0]), float(turn[1]), len(chosen))


def trace_of(rows: GazeRows, away: Floats) -> Trace:
    """Every k-th moment of the session, each with the sample nearest to the middle of its step."""
    starts = [int(t[0]) for t in (rows.gaze_t_ns, rows.frame_t_ns) if len(t)]
    if not starts or math.isnan(rows.step_ns):
        return Trace()
    first_ns, last_ns = min(starts), rows.end_ns
    n = int(min(MAX_POINTS, max(1, (last_ns - first_ns) // max(1, round(rows.step_ns)))))
    step_ns = (last_ns - first_ns) / n
    middle = first_ns + (np.arange(n) + 0.5) * step_ns
    gaze = _nearest(rows.gaze_t_ns, middle, step_ns, rows.gaze_px)
    head = _nearest(rows.frame_t_ns, middle, step_ns, away)
    return Trace(
        _rounded(middle / NS_PER_S, 2), _rounded(gaze[:, 0], 1), _rounded(gaze[:, 1], 1), _rounded(head[:, 0], 2),
        _rounded(head[:, 1], 2),
    )  # fmt: skip


def _nearest(t_ns: Ints, at_ns: Floats, step_ns: float, values: Floats) -> Floats:
    out = np.full((len(at_ns), values.shape[1]), np.nan)
    if not len(t_ns):
        return out
    after = np.clip(np.searchsorted(t_ns, at_ns), 0, len(t_ns) - 1)
    before = np.maximum(after - 1, 0)
    closer = np.where(np.abs(t_ns[before] - at_ns) < np.abs(t_ns[after] - at_ns), before, after)
    near: NDArray[np.bool_] = np.abs(t_ns[closer] - at_ns) <= step_ns / 2
    out[near] = values[closer[near]]
    return out


def _rounded(values: Floats, digits: int) -> tuple[float, ...]:
    return tuple(np.round(values, digits).tolist())
