"""Which line was being read: probabilities over all lines of the shown answers, from a whole stretch of fixations.

A single webcam fixation does not tell lines apart. What helps is that people read on: a hidden Markov model knows
that the next fixation mostly stays in its line, that a long way back to the left is mostly a return sweep to the next
one, and that sometimes anything happens. The error of the gaze is part of the model: a fixation is off by a *bias*
that changes slowly (seconds to minutes) and by noise of its own. The bias is a hidden state with the spread that the
validation measured; it is summed over, never estimated and subtracted, and the posterior is as wide as that leaves it.

Several kinds of reading (line by line, mixed, skimming) and several speeds of change of the bias are run side by side
and weighted by how likely they make the fixations. That keeps the probabilities honest for readers and skimmers alike.

References
----------
Forward and backward recursion: Rabiner 1989, doi 10.1109/5.18626. Lines as states with return sweeps: Carr et al. 2022,
doi 10.3758/s13428-021-01554-0 compares such methods for fixed errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.reading.gaussian_mass import interval_mass

Floats = NDArray[np.float64]

N_OFFSETS = 9
_OFFSET_REACH = 2.4
"""Bias states reach this many standard deviations to both sides."""
_MIN_SD_PX = 4.0
_TINY = 1e-300
_P_OFF_START = 0.15
_P_OFF_ENTER, _P_OFF_STAY = 0.03, 0.75
"""Chance per fixation of leaving the text, and of staying away once left."""
_P_SWITCH = 0.01
"""Chance per fixation of going over to another answer."""
_SWEEP_FROM, _SWEEP_SLOPE = 0.3, 0.1
"""A way to the left by more than .3 line widths speaks for a return sweep; the slope of that belief at no noise."""


@dataclass(frozen=True, slots=True)
class ReadingKind:
    """How one goes from line to line within an answer, per fixation.

    Attributes
    ----------
    stay, onward : float
        After a saccade to the right or a short one: same line, a later line.
    sweep_stay, sweep_onward : float
        The same after a long way to the left.
    skip : float
        Each line further on is this much less likely than the one before it.
    back : float
        An earlier line; each further one is half as likely.
    jump : float
        Any line at all.
    """

    name: str
    stay: float
    onward: float
    sweep_stay: float
    sweep_onward: float
    skip: float
    back: float
    jump: float


KINDS = (
    ReadingKind("line by line", 0.93, 0.03, 0.12, 0.83, 0.06, 0.03, 0.01),
    ReadingKind("mixed", 0.86, 0.06, 0.25, 0.65, 0.25, 0.04, 0.04),
    ReadingKind("skimming", 0.72, 0.16, 0.30, 0.50, 0.50, 0.06, 0.10),
)
"""Chosen on simulated readers with a twelfth of the seeds that the tests use, by likelihood."""
BIAS_S = (3.0, 30.0)
"""Time constants of the bias that are weighed against each other, s."""


@dataclass(frozen=True, slots=True, eq=False)
class LineBoxes:
    """The lines of all shown answers; ``n`` lines.

    Attributes
    ----------
    answer : ndarray of int, shape (n,)
        Number of the answer that a line belongs to, 0 …; lines of one answer stand together in reading order.
    block : ndarray of int, shape (n,)
        Block of each line, numbered over all answers.
    left_px, right_px, centre_px, height_px : ndarray of float64, shape (n_fixations, n)
        Where each line was at each fixation, screen px.
    visible : ndarray of bool, shape (n_fixations, n)
        Whether it was there and in sight.
    areas_px : ndarray of float64, shape (n_fixations, n_areas, 4)
        Left, top, right and bottom of what else was shown (question, ratings …); NaN while it was not.
    screen_px : tuple of float
        Width and height of the screen: gaze off the text may be anywhere on it.
    """

    answer: NDArray[np.int64]
    block: NDArray[np.int64]
    left_px: Floats
    right_px: Floats
    centre_px: Floats
    height_px: Floats
    visible: NDArray[np.bool_]
    areas_px: Floats
    screen_px: tuple[float, float]


@dataclass(frozen=True, slots=True)
class GazeError:
    """Error of a fixation by the person's validation, screen px.

    Attributes
    ----------
    bias_x_px, bias_y_px : float
        Standard deviation of the error that stays for seconds or longer.
    noise_x_px, noise_y_px : float
        Standard deviation of what differs from one fixation to the next.
    """

    bias_x_px: float
    bias_y_px: float
    noise_x_px: float
    noise_y_px: float

    @property
    def total_y_px(self) -> float:
        """Standard deviation of a single fixation's error, vertical."""
        return math.hypot(self.bias_y_px, self.noise_y_px)


@dataclass(frozen=True, slots=True, eq=False)
class LinePosterior:
    """Probabilities per fixation.

    Attributes
    ----------
    p_line : ndarray of float64, shape (n_fixations, n)
    p_off : ndarray of float64, shape (n_fixations,)
        Nothing of the text was looked at. With ``p_line`` it sums to 1.
    weights : ndarray of float64, shape (n_kinds, n_bias_s)
        How much each kind of reading and each time constant had a say.
    log_evidence : float
        Logarithm of the density of all fixations, over kinds and constants: compares ways to describe the error.
    """

    p_line: Floats
    p_off: Floats
    weights: Floats
    log_evidence: float

    def p_block(self, block: NDArray[np.int64]) -> Floats:
        """Probabilities of blocks, shape (n_fixations, n_blocks)."""
        out = np.zeros((len(self.p_line), int(block.max(initial=-1)) + 1))
        np.add.at(out.T, block, self.p_line.T)
        return out


def line_posterior(
    t_s: Floats,
    x_px: Floats,
    y_px: Floats,
    boxes: LineBoxes,
    error: GazeError,
    kinds: Sequence[ReadingKind] = KINDS,
    bias_s: Sequence[float] = BIAS_S,
) -> LinePosterior:
    """Posterior over lines given all fixations of a stretch.

    Parameters
    ----------
    t_s : ndarray, shape (n_fixations,)
        Middle of each fixation, rising.
    x_px, y_px : ndarray, shape (n_fixations,)
        Screen px, no NaN.
    boxes : LineBoxes
        With at least one line.

    Raises
    ------
    ValueError
        When shapes do not agree, or there is no line.
    """
    n_fixations, n = boxes.centre_px.shape
    if n == 0 or not len(t_s) == len(x_px) == len(y_px) == n_fixations:
        raise ValueError("line_posterior needs lines, and their places at each fixation")
    if n_fixations == 0:
        return LinePosterior(np.empty((0, n)), np.empty(0), np.full((len(kinds), len(bias_s)), np.nan), 0.0)
    offsets, spread = _offsets(error)
    likelihood = _likelihood(x_px, y_px, boxes, error, offsets)
    leftward = _leftward(x_px, boxes, error)
    ways = [_ways(kind, boxes.answer) for kind in kinds for _ in bias_s]
    drifts = [_drift(t_s, offsets, constant_s) for _ in kinds for constant_s in bias_s]
    model = _Model(
        likelihood, leftward, np.stack([onward for onward, _ in ways]), np.stack([sweep for _, sweep in ways]),
        np.stack(drifts, axis=1), spread, _Sights(boxes.visible),
    )  # fmt: skip
    states, weights, log_evidence = _forward_backward(model)
    return LinePosterior(
        states[:, :-1], states[:, -1], weights.reshape(len(kinds), len(bias_s)), log_evidence
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """All hypotheses side by side; ``h`` kinds of reading times time constants, ``k`` values of the bias."""

    likelihood: Floats  # (n_fixations, n + 1, k)
    leftward: Floats  # (n_fixations - 1,)
    onward: Floats  # (h, n + 1, n + 1), from and to
    sweep: Floats
    drift: Floats  # (n_fixations - 1, h, k, k)
    bias_prior: Floats  # (k,)
    sights: _Sights


class _Sights:
    """What is in sight changes seldom: lines out of sight are left out of the recursion, stretch by stretch."""

    def __init__(self, visible: NDArray[np.bool_]) -> None:
        patterns, number = np.unique(visible, axis=0, return_inverse=True)
        n = visible.shape[1]
        self._states = [np.append(np.flatnonzero(pattern), n) for pattern in patterns]
        self._number = number.ravel()
        self._parts: dict[tuple[int, int, int], Floats] = {}

    def states(self, k: int) -> NDArray[np.int64]:
        """Places of the lines in sight at fixation ``k``, and of "off the text"."""
        states: NDArray[np.int64] = self._states[self._number[k]]
        return states

    def part(self, ways: Floats, before: int, after: int) -> Floats:
        """Transitions between what was in sight at two fixations, shape (h, n_before, n_after)."""
        key = (id(ways), int(self._number[before]), int(self._number[after]))
        part = self._parts.get(key)
        if part is None:
            part = ways[:, self.states(before)[:, None], self.states(after)[None, :]]
            self._parts[key] = part = np.ascontiguousarray(part)
        return part


def _offsets(error: GazeError) -> tuple[Floats, Floats]:
    """Values of the bias in y, px, and their prior probabilities."""
    sd_px = max(error.bias_y_px, _MIN_SD_PX)
    steps = np.linspace(-_OFFSET_REACH, _OFFSET_REACH, N_OFFSETS)
    prior = np.exp(-0.5 * steps**2)
    return steps * sd_px, prior / prior.sum()


def _likelihood(x_px: Floats, y_px: Floats, boxes: LineBoxes, error: GazeError, offsets: Floats) -> Floats:
    """Density of each fixation at each line and off the text, per bias; shape (n_fixations, n + 1, n_offsets).

    Vertical: normal around the line's middle plus bias. Horizontal: as even as over the longest lines, with normal
    flanks of the whole error beyond the line's ends, because the bias in x is not followed. (Dividing by each line's
    own length looks proper and is not: short lines get fewer fixations, not denser ones, and the posterior became
    too sure by .1 to .2.) Off the text: half evenly over the screen, half over the other areas that are shown.
    """
    step = offsets[1] - offsets[0]
    # a bias between two states is off by up to half a step: evenly, so with a standard deviation of step/√12
    sd_y = math.hypot(max(error.noise_y_px, _MIN_SD_PX), step / math.sqrt(12))
    sd_x = max(math.hypot(error.bias_x_px, error.noise_x_px), _MIN_SD_PX)
    # fixations are anywhere within the height of a line's letters, which a twelfth of it squared stands for
    sd = np.sqrt(sd_y**2 + boxes.height_px**2 / 48)[:, :, None]
    z = (y_px[:, None, None] - boxes.centre_px[:, :, None] - offsets) / sd
    vertical = np.exp(-0.5 * z**2) / (sd * math.sqrt(2 * math.pi))
    beyond = np.maximum(np.maximum(boxes.left_px - x_px[:, None], x_px[:, None] - boxes.right_px), 0.0)
    horizontal = np.exp(-0.5 * (beyond / sd_x) ** 2) / _column_px(boxes)
    out = np.empty((len(x_px), boxes.centre_px.shape[1] + 1, len(offsets)))
    out[:, :-1] = np.where(boxes.visible, horizontal, 0.0)[:, :, None] * vertical
    out[:, -1] = _off_text(x_px, y_px, boxes, error)[:, None]
    return out


def _off_text(x_px: Floats, y_px: Floats, boxes: LineBoxes, error: GazeError) -> Floats:
    """Density of each fixation when no line is looked at, shape (n_fixations,)."""
    on_screen = 1 / (boxes.screen_px[0] * boxes.screen_px[1])
    shown = np.isfinite(boxes.areas_px).all(axis=2)
    n_shown = shown.sum(axis=1)
    left, top, right, bottom = np.moveaxis(np.nan_to_num(boxes.areas_px), 2, 0)
    sd_x, sd_y = (
        math.hypot(error.bias_x_px, error.noise_x_px),
        math.hypot(error.bias_y_px, error.noise_y_px),
    )
    mass = interval_mass(left, right, x_px[:, None], sd_x) * interval_mass(top, bottom, y_px[:, None], sd_y)
    density = np.where(shown, mass / np.maximum((right - left) * (bottom - top), 1.0), 0.0).sum(axis=1)
    density /= np.maximum(n_shown, 1)
    out: Floats = np.where(n_shown > 0, 0.5 * on_screen + 0.5 * density, on_screen)
    return out


def _leftward(x_px: Floats, boxes: LineBoxes, error: GazeError) -> Floats:
    """Belief that the way to each fixation was a return sweep by its length alone, shape (n_fixations - 1,)."""
    width = _column_px(boxes)
    slope = math.hypot(_SWEEP_SLOPE * width, math.sqrt(2) * error.noise_x_px / 1.7)
    belief: Floats = 1 / (1 + np.exp(np.clip((np.diff(x_px) + _SWEEP_FROM * width) / slope, -50, 50)))
    return belief


def _column_px(boxes: LineBoxes) -> float:
    """Width of a long line."""
    return max(float(np.quantile(boxes.right_px - boxes.left_px, 0.9)), 1.0)


def _ways(kind: ReadingKind, answer: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Transition matrices (from, to), lines first and "off the text" last: after other saccades, after sweeps."""
    n = len(answer)
    ahead = np.arange(n)[None, :] - np.arange(n)[:, None]
    same = answer[:, None] == answer[None, :]
    later = np.where((ahead > 0) & same, kind.skip ** np.maximum(ahead - 1.0, 0.0), 0.0)
    earlier = np.where((ahead < 0) & same, 0.5 ** np.maximum(-ahead - 1.0, 0.0), 0.0)
    later, earlier, within = _rows_to_one(later), _rows_to_one(earlier), _rows_to_one(same.astype(float))
    across = _rows_to_one((~same).astype(float))
    return tuple(
        _with_off(
            stay * np.eye(n) + onward * later + kind.back * earlier + kind.jump * within + _P_SWITCH * across
        )
        for stay, onward in ((kind.stay, kind.onward), (kind.sweep_stay, kind.sweep_onward))
    )  # type: ignore[return-value]


def _with_off(lines: Floats) -> Floats:
    n = len(lines)
    out = np.empty((n + 1, n + 1))
    out[:n, :n] = _rows_to_one(lines) * (1 - _P_OFF_ENTER)
    out[:n, n] = _P_OFF_ENTER
    out[n, :n] = (1 - _P_OFF_STAY) / n
    out[n, n] = _P_OFF_STAY
    return out


def _rows_to_one(matrix: Floats) -> Floats:
    scaled: Floats = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1e-300)
    return scaled


def _drift(t_s: Floats, offsets: Floats, constant_s: float) -> Floats:
    """Transitions (from, to) of the bias between fixations: a first-order process; shape (n - 1, k, k)."""
    sd_px = offsets[-1] / _OFFSET_REACH
    kept = np.exp(-np.diff(t_s) / constant_s)
    # less than a third of a step cannot be shown on this grid
    width = np.maximum(np.sqrt(1 - kept**2) * sd_px, 0.35 * (offsets[1] - offsets[0]))
    z = (offsets[None, None, :] - kept[:, None, None] * offsets[None, :, None]) / width[:, None, None]
    density = np.exp(-0.5 * z**2)
    out: Floats = density / density.sum(axis=2, keepdims=True)
    return out


def _forward_backward(model: _Model) -> tuple[Floats, Floats, float]:
    """Posterior of lines and "off", shape (n_fixations, n + 1); weight of each hypothesis, shape (h,); evidence."""
    forward, logs = _forward(model)
    weights = np.exp(logs - logs.max())
    log_evidence = float(logs.max() + np.log(weights.mean()))
    weights /= weights.sum()
    sights, n_fixations = model.sights, len(model.likelihood)
    posterior = np.zeros(model.likelihood.shape[:2])
    after = np.ones_like(forward[-1])
    for k in range(n_fixations - 1, -1, -1):
        if k < n_fixations - 1:
            seen = after * model.likelihood[k + 1, sights.states(k + 1)]
            moved = seen @ model.drift[k].transpose(0, 2, 1)
            share = model.leftward[k]
            after = (1 - share) * (sights.part(model.onward, k, k + 1) @ moved)
            after += share * (sights.part(model.sweep, k, k + 1) @ moved)
            after /= np.maximum(after.sum(axis=(1, 2), keepdims=True), _TINY)
        joint = (forward[k] * after).sum(axis=2)
        joint /= np.maximum(joint.sum(axis=1, keepdims=True), _TINY)
        posterior[k, sights.states(k)] = weights @ joint
    return posterior, weights, log_evidence


def _forward(model: _Model) -> tuple[list[Floats], Floats]:
    """Filtered states of each fixation, (h, n_in_sight + 1, k) each, and log likelihoods, shape (h,)."""
    sights, n_hypotheses = model.sights, len(model.onward)
    states = sights.states(0)
    start = np.full((len(states), 1), (1 - _P_OFF_START) / max(len(states) - 1, 1))
    start[-1] = _P_OFF_START
    now = np.repeat((start * model.bias_prior * model.likelihood[0, states])[None], n_hypotheses, axis=0)
    forward, logs = [], np.zeros(n_hypotheses)
    for k in range(len(model.likelihood)):
        if k:
            moved = now @ model.drift[k - 1]
            share = model.leftward[k - 1]
            onward = sights.part(model.onward, k - 1, k).transpose(0, 2, 1)
            sweep = sights.part(model.sweep, k - 1, k).transpose(0, 2, 1)
            now = ((1 - share) * (onward @ moved) + share * (sweep @ moved)) * model.likelihood[
                k, sights.states(k)
            ]
        total = np.maximum(now.sum(axis=(1, 2)), _TINY)
        logs += np.log(total)
        now = now / total[:, None, None]
        forward.append(now)
    return forward, logs
