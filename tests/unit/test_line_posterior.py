"""The line posterior on readers whose true line is known: better than the nearest line, and as sure as it is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.reading.line_posterior import GazeError, LineBoxes, LinePosterior, line_posterior
from tests.simulated_readers import HEIGHT, Reading, read_text

Floats = NDArray[np.float64]
SEEDS = range(500, 540)
"""None of these was looked at while the numbers of the model were set."""


def judged(reading: Reading) -> LinePosterior:
    return line_posterior(reading.t_s, reading.x_px, reading.y_px, reading.boxes, reading.error)


def claims(readings: Sequence[Reading], level: str) -> tuple[Floats, Floats]:
    """Probability of the most probable unit ("off the text" is one), and whether it was looked at."""
    p, right = [], []
    for reading in readings:
        found, on = judged(reading), reading.line >= 0
        own = found.p_line if level == "line" else found.p_block(reading.boxes.block)
        true = reading.line if level == "line" else np.where(on, reading.boxes.block[reading.line], -1)
        every = np.hstack([own, found.p_off[:, None]])
        best = every.argmax(axis=1)
        p.append(every.max(axis=1))
        right.append(best == np.where(on, true, own.shape[1]))
    return np.concatenate(p), np.concatenate(right).astype(float)


def reliability_error(p: Floats, right: Floats) -> float:
    """Expected calibration error over ten equal bins."""
    bins = np.minimum((p * 10).astype(int), 9)
    return float(
        sum(
            (bins == b).mean() * abs(p[bins == b].mean() - right[bins == b].mean())
            for b in range(10) if (bins == b).any()
        )
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("skims", [0.0, 0.5, 1.0], ids=["reads", "mixed", "skims"])
@pytest.mark.parametrize("noise_lines", [0.5, 1.0])
def test_that_probabilities_of_lines_and_blocks_are_what_they_say(skims: float, noise_lines: float) -> None:
    readings = [read_text(seed, skims, noise_lines) for seed in SEEDS]
    for level in ("line", "block"):
        assert reliability_error(*claims(readings, level)) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("skims", [0.0, 0.5, 1.0], ids=["reads", "mixed", "skims"])
def test_that_blocks_stay_calibrated_where_lines_are_no_longer_named(skims: float) -> None:
    readings = [read_text(seed, skims, 2.0) for seed in SEEDS]
    assert reliability_error(*claims(readings, "block")) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize(("bias_share", "bias_s"), [(0.3, 3.0), (0.9, 3.0), (0.9, 30.0)])
def test_that_other_kinds_of_noise_do_not_make_it_too_sure(bias_share: float, bias_s: float) -> None:
    readings = [read_text(seed, 0.4, 1.0, bias_share, bias_s) for seed in SEEDS]
    for level in ("line", "block"):
        p, right = claims(readings, level)
        assert p.mean() - right.mean() < 0.05


@pytest.mark.parametrize(
    ("skims", "noise_lines", "at_least"),
    # on the seeds of the tuning: nearest line .75, .46, .75, .48; found .99, .88, .93, .69
    [(0.0, 0.5, 0.95), (0.0, 1.0, 0.75), (0.6, 0.5, 0.85), (0.6, 1.0, 0.5)],
)
def test_that_it_finds_more_lines_than_the_nearest_one(
    skims: float, noise_lines: float, at_least: float
) -> None:
    readings = [read_text(seed, skims, noise_lines) for seed in SEEDS[:20]]
    _, right = claims(readings, "line")
    nearest = np.concatenate(
        [
            np.abs(r.y_px[:, None] - r.boxes.centre_px).argmin(axis=1) == r.line
            for r in readings
        ]
    )  # fmt: skip
    assert right.mean() > at_least and right.mean() > nearest.mean() + 0.08


def test_that_looks_off_the_text_are_told() -> None:
    readings = [read_text(seed, 0.3, 1.0, leaves=0.04) for seed in SEEDS[:10]]
    off = np.concatenate([r.line < 0 for r in readings])
    p_off = np.concatenate([judged(r).p_off for r in readings])
    assert off.any()
    assert p_off[off].mean() > 0.7 and p_off[~off].mean() < 0.1
    assert p_off.mean() == pytest.approx(off.mean(), abs=0.05)


def test_that_an_area_beside_the_text_draws_the_looks_that_fall_on_it() -> None:
    reading = read_text(508, 0.0, 1.0)
    boxes, n = reading.boxes, len(reading.t_s)
    beside = np.tile([680.0, 100.0, 980.0, 160.0], (n, 1, 1))
    with_area = LineBoxes(
        boxes.answer, boxes.block, boxes.left_px, boxes.right_px, boxes.centre_px, boxes.height_px, boxes.visible,
        beside, boxes.screen_px,
    )  # fmt: skip
    x_px, y_px = reading.x_px.copy(), reading.y_px.copy()
    spell = slice(n // 3, n // 3 + 8)
    x_px[spell], y_px[spell] = 720.0, 130.0
    bare = line_posterior(reading.t_s, x_px, y_px, boxes, reading.error).p_off[spell]
    drawn = line_posterior(reading.t_s, x_px, y_px, with_area, reading.error).p_off[spell]
    assert drawn.mean() > 0.9 and (drawn >= bare - 1e-9).all()


def test_that_every_row_is_a_distribution() -> None:
    reading = read_text(501, 0.5, 1.0)
    found = judged(reading)
    np.testing.assert_allclose(found.p_line.sum(axis=1) + found.p_off, 1, atol=1e-9)
    assert (found.p_line >= 0).all() and found.weights.sum() == pytest.approx(1)


def test_that_lines_out_of_sight_have_no_probability() -> None:
    reading = read_text(502, 0.0, 1.0)
    boxes = reading.boxes
    half = len(reading.t_s) // 2
    visible = boxes.visible.copy()
    visible[:half, 20:] = False
    visible[half:, :5] = False
    cut = LineBoxes(
        boxes.answer, boxes.block, boxes.left_px, boxes.right_px, boxes.centre_px, boxes.height_px, visible,
        boxes.areas_px, boxes.screen_px,
    )  # fmt: skip
    found = line_posterior(reading.t_s, reading.x_px, reading.y_px, cut, reading.error)
    assert not found.p_line[:half, 20:].any() and not found.p_line[half:, :5].any()
    np.testing.assert_allclose(found.p_line.sum(axis=1) + found.p_off, 1, atol=1e-9)


def test_that_the_narrow_recursion_equals_the_plain_one() -> None:
    """Against sums over all paths of a tiny text, written out."""
    reading = read_text(503, 0.3, 1.0)
    k, n = 4, 3
    boxes = LineBoxes(
        *(getattr(reading.boxes, name)[:n] for name in ("answer", "block")),
        *(getattr(reading.boxes, name)[:k, :n] for name in
          ("left_px", "right_px", "centre_px", "height_px", "visible")),
        reading.boxes.areas_px[:k], reading.boxes.screen_px,
    )  # fmt: skip
    from ifllm_desktop.reading import line_posterior as module

    kind, constant_s = module.KINDS[1], 10.0
    x, y, t_s = reading.x_px[:k], reading.y_px[:k], reading.t_s[:k]
    found = line_posterior(t_s, x, y, boxes, reading.error, [kind], [constant_s])
    offsets, prior = module._offsets(reading.error)
    likelihood = module._likelihood(x, y, boxes, reading.error, offsets)
    leftward = module._leftward(x, boxes, reading.error)
    onward, sweep = module._ways(kind, boxes.answer)
    drift = module._drift(t_s, offsets, constant_s)
    start = np.append(np.full(n, (1 - module._P_OFF_START) / n), module._P_OFF_START)
    expected = np.zeros((k, n + 1))
    n_offsets = len(offsets)
    paths = np.ndindex(*(n + 1,) * k)
    for path in paths:
        # offsets are summed exactly along the path
        now = prior * likelihood[0, path[0]] * start[path[0]]
        for step in range(1, k):
            way = (1 - leftward[step - 1]) * onward + leftward[step - 1] * sweep
            now = (now @ drift[step - 1]) * way[path[step - 1], path[step]] * likelihood[step, path[step]]
        assert now.shape == (n_offsets,)
        for step, state in enumerate(path):
            expected[step, state] += now.sum()
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        np.hstack([found.p_line, found.p_off[:, None]]), expected, rtol=1e-6, atol=1e-9
    )


def test_that_a_greater_error_makes_it_less_sure() -> None:
    reading = read_text(504, 0.3, 1.0)
    wide = GazeError(*(2.5 * v for v in (
        reading.error.bias_x_px, reading.error.bias_y_px, reading.error.noise_x_px, reading.error.noise_y_px
    )))  # fmt: skip
    sure = judged(reading).p_line.max(axis=1).mean()
    unsure = (
        line_posterior(reading.t_s, reading.x_px, reading.y_px, reading.boxes, wide).p_line.max(axis=1).mean()
    )
    assert unsure < sure - 0.1


def test_that_two_answers_beside_each_other_are_told_apart() -> None:
    reading = read_text(505, 0.0, 1.0)
    boxes, n = reading.boxes, reading.boxes.centre_px.shape[1]
    both = LineBoxes(
        np.repeat([0, 1], n), np.concatenate([boxes.block, boxes.block + boxes.block.max() + 1]),
        np.hstack([boxes.left_px, boxes.left_px + 700]), np.hstack([boxes.right_px, boxes.right_px + 700]),
        np.hstack([boxes.centre_px] * 2), np.hstack([boxes.height_px] * 2), np.hstack([boxes.visible] * 2),
        boxes.areas_px, boxes.screen_px,
    )  # fmt: skip
    found = line_posterior(reading.t_s, reading.x_px + 700, reading.y_px, both, reading.error)
    assert found.p_line[:, n:].sum(axis=1).mean() > 0.95


def test_that_no_fixations_give_an_empty_answer_and_no_lines_are_refused() -> None:
    reading = read_text(506, 0.0, 1.0)
    none = LineBoxes(
        reading.boxes.answer, reading.boxes.block,
        *(getattr(reading.boxes, name)[:0] for name in
          ("left_px", "right_px", "centre_px", "height_px", "visible")),
        reading.boxes.areas_px[:0], reading.boxes.screen_px,
    )  # fmt: skip
    empty = line_posterior(np.empty(0), np.empty(0), np.empty(0), none, reading.error)
    assert empty.p_line.shape == (0, len(reading.boxes.answer)) and empty.p_off.shape == (0,)
    with pytest.raises(ValueError, match="places at each fixation"):
        line_posterior(reading.t_s, reading.x_px[1:], reading.y_px, reading.boxes, reading.error)


def test_that_the_height_of_the_text_stands_for_its_size_on_the_screen() -> None:
    """Twice as large a screen, twice the error: the same answer."""
    reading = read_text(507, 0.3, 1.0)
    boxes, error = reading.boxes, reading.error
    large = LineBoxes(
        boxes.answer, boxes.block, 2 * boxes.left_px, 2 * boxes.right_px, 2 * boxes.centre_px, 2 * boxes.height_px,
        boxes.visible, 2 * boxes.areas_px, (2 * boxes.screen_px[0], 2 * boxes.screen_px[1]),
    )  # fmt: skip
    twice = GazeError(2 * error.bias_x_px, 2 * error.bias_y_px, 2 * error.noise_x_px, 2 * error.noise_y_px)
    one = judged(reading).p_line
    two = line_posterior(reading.t_s, 2 * reading.x_px, 2 * reading.y_px, large, twice).p_line
    np.testing.assert_allclose(one, two, atol=1e-6)
    assert HEIGHT > 0
