"""Readers whose true line is known, for tests of what is concluded from noisy fixations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.reading.line_posterior import GazeError, LineBoxes

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 600.0, 24.0
LEFT, TOP = 50.0, 100.0
SCREEN = (1440.0, 900.0)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Fixations of one reader on one text.

    Attributes
    ----------
    t_s, x_px, y_px : ndarray, shape (n,)
        As they are measured.
    line : ndarray of int, shape (n,)
        Truly looked at; −1 off the text.
    """

    t_s: Floats
    x_px: Floats
    y_px: Floats
    line: NDArray[np.int64]
    boxes: LineBoxes
    error: GazeError


def read_text(
    seed: int,
    skims: float,
    noise_lines: float,
    bias_share: float = 0.6,
    bias_s: float = 10.0,
    leaves: float = 0.0,
) -> Reading:
    """One reader.

    Parameters
    ----------
    skims : float
        0 reads every line to its end; 1 leaves half of the lines early, skips lines and jumps.
    noise_lines : float
        Standard deviation of a fixation's vertical error, in line heights.
    bias_share : float
        Share of its variance that is a first-order process with the time constant ``bias_s``.
    leaves : float
        Chance per fixation of a spell off the text.
    """
    rng = np.random.default_rng([seed, 77])
    tops, block, widths = _text(rng)
    fixations = _walk(rng, tops, widths, skims)
    t_s, x, line = fixations[:, 0], fixations[:, 1] + LEFT, fixations[:, 2].astype(np.int64)
    y = TOP + tops[line] + HEIGHT / 2
    off = _spells(rng, len(line), leaves)
    x = np.where(off, rng.uniform(LEFT + WIDTH + 60, SCREEN[0], len(line)), x)
    y = np.where(off, rng.uniform(0, SCREEN[1], len(line)), y)
    sd = noise_lines * HEIGHT
    bias, noise = sd * np.sqrt(bias_share), sd * np.sqrt(1 - bias_share)
    n, n_lines = len(t_s), len(tops)
    every = np.ones((n, 1))
    boxes = LineBoxes(
        np.zeros(n_lines, dtype=np.int64), block, LEFT * every * np.ones(n_lines), every * (LEFT + widths),
        every * (TOP + tops + HEIGHT / 2), every * np.full(n_lines, HEIGHT), np.ones((n, n_lines), dtype=bool),
        np.empty((n, 0, 4)), SCREEN,
    )  # fmt: skip
    return Reading(
        t_s, x + _error(rng, t_s, 1.2 * bias, 1.2 * noise, bias_s), y + _error(rng, t_s, bias, noise, bias_s),
        np.where(off, -1, line), boxes, GazeError(1.2 * bias, bias, 1.2 * noise, noise),
    )  # fmt: skip


def _text(rng: np.random.Generator, n_lines: int = 36) -> tuple[Floats, NDArray[np.int64], Floats]:
    tops: list[float] = []
    block: list[int] = []
    widths: list[float] = []
    y, number = 0.0, 0
    while len(tops) < n_lines:
        n = int(rng.integers(1, 6))
        for k in range(n):
            tops.append(y)
            block.append(number)
            widths.append(WIDTH if k < n - 1 else rng.uniform(120, WIDTH))
            y += HEIGHT
        y += HEIGHT / 2
        number += 1
    return np.array(tops[:n_lines]), np.array(block[:n_lines]), np.array(widths[:n_lines])


def _walk(rng: np.random.Generator, tops: Floats, widths: Floats, skims: float) -> Floats:
    """Rows of (time of the middle in s, x from the left in px, line)."""
    out: list[tuple[float, float, float]] = []
    t_s, line, n = 0.0, 0, len(tops)

    def fixate(x: float, at: int) -> None:
        nonlocal t_s
        duration = float(rng.gamma(9, 0.025))
        out.append((t_s + duration / 2, x, at))
        t_s += duration + 0.03

    while line < n and t_s < 120:
        x = rng.uniform(5, 40)
        while x < widths[line]:
            if rng.random() < 0.1 and x > 100:
                fixate(max(5.0, x - rng.uniform(40, 160)), line)
            fixate(x, line)
            x += 67 * rng.normal(1, 0.25)
            if rng.random() < skims * 0.5:
                break
        if rng.random() < 0.03 and line > 2:
            line -= int(rng.integers(1, 3))
            continue
        line += 1
        if rng.random() < skims * 0.5:
            line += int(rng.geometric(0.4))
        if rng.random() < skims * 0.06:
            line = int(rng.integers(0, n))
    for _ in range(int(rng.integers(0, 5))):  # looks back here and there
        line = int(rng.integers(0, n))
        x = rng.uniform(5, 200)
        while x < widths[line] and rng.random() < 0.9:
            fixate(x, line)
            x += 87
    return np.array(out)


def _spells(rng: np.random.Generator, n: int, chance: float) -> NDArray[np.bool_]:
    off = np.zeros(n, dtype=bool)
    k = 0
    while k < n:
        if rng.random() < chance:
            length = int(rng.geometric(0.3))
            off[k : k + length] = True
            k += length
        k += 1
    return off


def _error(rng: np.random.Generator, t_s: Floats, bias: float, noise: float, bias_s: float) -> Floats:
    out = np.empty(len(t_s))
    now = rng.normal(0, bias)
    for k in range(len(t_s)):
        if k:
            kept = np.exp(-(t_s[k] - t_s[k - 1]) / bias_s)
            now = kept * now + np.sqrt(1 - kept**2) * rng.normal(0, bias)
        out[k] = now
    return out + rng.normal(0, noise, len(t_s))
