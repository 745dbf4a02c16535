"""Calibration by smooth pursuit: a path to follow, the lag of the eyes behind it, and which frames followed.

Pairs of eye features and target become pseudo-targets, the means over short pieces of the path, so that a model is
fitted and judged as with targets that stand still: one piece is one target, and leaving out a piece leaves out a
contiguous stretch of time, never single frames out of the middle of others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import EYE_FEATURES
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S

Floats = NDArray[np.float64]

MAX_LAG_MS = 400.0
"""Longest lag that is tried. Eyes follow a predictable target with 0–100 ms, an unpredictable one with 100–150 ms
(Barnes 2008, doi 10.1016/j.bandc.2008.08.020), and a webcam adds one to three pictures."""
_LAG_STEP_MS = 20.0
_N_FOLDS = 6
_RIDGE = 0.05
WINDOW_NS = NS_PER_S
"""Length of the moving window in which gaze and target have to go together. Pursuits (Vidal, Bulling & Gellersen 2013,
doi 10.1145/2493432.2493477) uses 0.5 s with an infrared tracker; a webcam's noise asks for longer."""
MIN_CORRELATION = 0.5
"""Least correlation of gaze with the target in the window, after Pfeuffer et al. 2013 (doi 10.1145/2501988.2501998),
who collect only while it is high. Sixteen simulated people who followed all the time lose 1 % of their frames by it."""
PIECE_NS = 2400 * NS_PER_MS
"""Length of a piece. Shorter ones make no better model, but a more boastful one: with pieces of 0.8 s the median
left-out error of sixteen simulated people was 25 px, with 2.4 s 42 px, where other targets said 54 px either way (with
nine points: 43 px and 46 px). Neighbours share the slow errors of the face model, so that a short piece is hardly left
out by leaving it out."""
_MIN_FRAMES = 6
_MARGIN = 0.08
_DENSEST = 3
_PX_PER_DEG = 48.0
_USED = [EYE_FEATURES.index(name) for name in (
    "iris_a_x", "iris_a_y", "upper_lid_a", "iris_b_x", "iris_b_y", "upper_lid_b", "yaw_deg", "pitch_deg",
)]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class PursuitPath:
    """A path with constant speed that ends where it began.

    Attributes
    ----------
    points_px : ndarray of float64, shape (n, 2)
        Screen px, evenly spaced, first and last the same.
    length_px : float
    duration_ns : int
        Time from the start to the end.
    """

    points_px: Floats
    length_px: float
    duration_ns: int

    def at(self, t_ns: NDArray[np.int64] | int) -> Floats:
        """Positions at times since the start, shape (n, 2) or (2,); it stays at its ends before and after."""
        share = np.clip(np.asarray(t_ns, dtype=np.float64) / self.duration_ns, 0.0, 1.0)
        place = share * (len(self.points_px) - 1)
        low = np.minimum(place.astype(np.int64), len(self.points_px) - 2)
        part = (place - low)[..., None]
        positions: Floats = self.points_px[low] * (1 - part) + self.points_px[low + 1] * part
        return positions


def pursuit_path(screen: Screen, speed_deg_s: float, length_s: float) -> PursuitPath:
    """The path on a screen that takes about ``length_s`` at a speed, all over the screen but for its rim.

    The Lissajous figure ``x = sin(p u), y = sin((p+1) u)`` with p up to 3, gone through once or several times: what
    comes nearest to the length that is wanted, and of equals the denser figure. Beyond 3 it would turn within less
    than half a degree near the corners. The time is what the length needs at exactly the speed.
    """
    speed_px_s = speed_deg_s * px_per_deg(screen)
    found: list[tuple[float, int, int]] = []
    figures = {p: _lissajous(screen, p) for p in range(_DENSEST, 0, -1)}
    for p, points in figures.items():
        length_px = float(np.hypot(*np.diff(points, axis=0).T).sum())
        n_laps = max(1, round(speed_px_s * length_s / length_px))
        found.append((abs(n_laps * length_px / speed_px_s - length_s), p, n_laps))
    _, p, n_laps = min(found, key=lambda f: f[0])
    lap = _evenly(figures[p])
    points = np.vstack([lap[:-1]] * n_laps + [lap[-1:]])
    length_px = float(np.hypot(*np.diff(points, axis=0).T).sum())
    return PursuitPath(points, length_px, round(length_px / speed_px_s * NS_PER_S))


def px_per_deg(screen: Screen) -> float:
    """Pixels of a degree in the middle of the screen; 48 where its size or distance are not known."""
    found = screen.w_px / screen.w_mm * screen.distance_mm * math.radians(1)
    return found if math.isfinite(found) else _PX_PER_DEG


class PursuitFrames(NamedTuple):
    """Frames in which the eyes followed.

    Attributes
    ----------
    lag_ns : int
        How far the eyes were behind, the camera's latency included.
    correlation : float
        Of left-out gaze and target at this lag, mean of x and y.
    kept : ndarray of bool, shape (n,)
    target_px : ndarray of float64, shape (n, 2)
        Where the target was ``lag_ns`` earlier: what the eyes looked at.
    piece : ndarray of int64, shape (n,)
        Number of the piece of path, from 0; −1 where not kept.
    """

    lag_ns: int
    correlation: float
    kept: NDArray[np.bool_]
    target_px: Floats
    piece: NDArray[np.int64]


def followed(path: PursuitPath, path_ns: NDArray[np.int64], features: Floats) -> PursuitFrames:
    """Which frames followed the target, how far behind, and to which piece of path each belongs.

    For each lag a small ridge regression from eye features to the target is fitted on five sixths of the time and
    predicts the sixth that it has not seen, in turn; the lag with the highest correlation is taken (parabola through
    its neighbours), so that a lag is not chosen for what it lets the regression learn by heart. Frames in whose window
    the left-out prediction does not move along with the target are dropped.

    Parameters
    ----------
    path_ns : ndarray of int64, shape (n,)
        Time since the target began to move, rising; a pause is left out of it.
    features : ndarray of float64, shape (n, at least 19)
        Without NaN in the first 19.
    """
    n = len(path_ns)
    nothing = np.zeros(n, dtype=bool)
    if n < 4 * _N_FOLDS:
        return PursuitFrames(0, math.nan, nothing, path.at(path_ns), np.full(n, -1))
    x = features[:, _USED]
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-6)
    folds = np.minimum(np.arange(n) * _N_FOLDS // n, _N_FOLDS - 1)
    predict = [_predictor(x, folds == fold) for fold in range(_N_FOLDS)]
    lags_ns = (np.arange(0.0, MAX_LAG_MS + 1, _LAG_STEP_MS) * NS_PER_MS).astype(np.int64)
    scores = [_score(path.at(path_ns - lag), predict, folds) for lag in lags_ns]
    lag_ns = _peak(lags_ns, scores)
    target_px = path.at(path_ns - lag_ns)
    guessed_px = _left_out(target_px, predict, folds)
    kept = (_moving_correlation(path_ns, guessed_px, target_px) >= MIN_CORRELATION) & (path_ns >= lag_ns)
    return PursuitFrames(lag_ns, max(scores), kept, target_px, _pieces(path_ns, kept))


def _lissajous(screen: Screen, p: int) -> Floats:
    u = np.linspace(0, 2 * np.pi, 4001)
    half = np.array([screen.w_px, screen.h_px]) * (0.5 - _MARGIN)
    # with the other phase the curve would turn at two points and run back over itself
    phase = np.pi / 2 if p % 2 else 0.0
    points: Floats = np.column_stack([np.sin(p * u + phase), np.sin((p + 1) * u)]) * half
    return points + np.array([screen.w_px, screen.h_px]) / 2


def _evenly(points: Floats) -> Floats:
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    wanted = np.linspace(0, along[-1], len(points))
    return np.column_stack([np.interp(wanted, along, points[:, axis]) for axis in range(2)])


class _Predictor(NamedTuple):
    """Linear map from the targets of the frames learned from to the predictions of the frames left out."""

    train: NDArray[np.bool_]
    weights: Floats


def _predictor(x: Floats, out: NDArray[np.bool_]) -> _Predictor:
    train = ~out
    centre = x[train].mean(axis=0)
    a = x[train] - centre
    inverse = np.linalg.inv(a.T @ a + _RIDGE * len(a) * np.eye(a.shape[1]))
    return _Predictor(train, (x[out] - centre) @ inverse @ a.T + 1 / len(a))


def _left_out(target_px: Floats, predict: list[_Predictor], folds: NDArray[np.int64]) -> Floats:
    guessed = np.empty_like(target_px)
    for fold, predictor in enumerate(predict):
        guessed[folds == fold] = predictor.weights @ target_px[predictor.train]
    return guessed


def _score(target_px: Floats, predict: list[_Predictor], folds: NDArray[np.int64]) -> float:
    guessed = _left_out(target_px, predict, folds)
    return float(np.mean([np.corrcoef(guessed[:, axis], target_px[:, axis])[0, 1] for axis in range(2)]))


def _peak(lags_ns: NDArray[np.int64], scores: list[float]) -> int:
    best = int(np.argmax(scores))
    if best in (0, len(scores) - 1):
        return int(lags_ns[best])
    before, at, after = scores[best - 1 : best + 2]
    bend = before - 2 * at + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return int(lags_ns[best] + shift * (lags_ns[1] - lags_ns[0]))


def _moving_correlation(path_ns: NDArray[np.int64], guessed_px: Floats, target_px: Floats) -> Floats:
    """Correlation of the two-dimensional movements around each frame, both axes together, shape (n,)."""
    first = np.searchsorted(path_ns, path_ns - WINDOW_NS // 2)
    last = np.searchsorted(path_ns, path_ns + WINDOW_NS // 2, side="right")
    count = (last - first).astype(np.float64)

    def window_sum(values: Floats) -> Floats:
        total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
        sums: Floats = total[last] - total[first]
        return sums

    # around the middle of the screen: differences of great sums would lose digits otherwise
    g, t = guessed_px - guessed_px.mean(axis=0), target_px - target_px.mean(axis=0)
    gm, tm = window_sum(g), window_sum(t)
    both = (window_sum(g * t) - gm * tm / count[:, None]).sum(axis=1)
    g2 = (window_sum(g * g) - gm**2 / count[:, None]).sum(axis=1)
    t2 = (window_sum(t * t) - tm**2 / count[:, None]).sum(axis=1)
    correlation: Floats = both / np.sqrt(np.maximum(g2 * t2, 1e-12))
    return correlation


def _pieces(path_ns: NDArray[np.int64], kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    piece = np.where(kept, path_ns // PIECE_NS, -1)
    for number in np.unique(piece[kept]):
        if (piece == number).sum() < _MIN_FRAMES:
            piece[piece == number] = -1
    return piece
