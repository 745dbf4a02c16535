"""The correction from clicks, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.gaze.click_layer import MIN_CLICKS, WARM_UP, ClickLayer, ClickSamples, click_samples

S = 1_000_000_000
SCREEN_PX = (1440.0, 900.0)


def clicks(
    n: int, offset_px: tuple[float, float], seed: int, sd_px: float = 30.0, elsewhere: float = 0.0
) -> ClickSamples:
    """Clicks every 8 s all over the lower half; gaze is off by ``offset_px`` plus noise, a share looks elsewhere."""
    rng = np.random.default_rng(seed)
    click_px = rng.uniform([100, 450], [1340, 880], (n, 2))
    looked_px = np.where(rng.random((n, 1)) < elsewhere, rng.uniform([0, 0], SCREEN_PX, (n, 2)), click_px)
    gaze_px = looked_px + offset_px + rng.normal(0, sd_px, (n, 2))
    return ClickSamples(np.arange(1, n + 1) * 8 * S, click_px, gaze_px, np.full((n, 2), sd_px))


def mean_gain_px(offset_px: tuple[float, float], elsewhere: float = 0.0, n: int = 24) -> float:
    """Mean over people of the layer's gain at held-out clicks."""
    gains = []
    for seed in range(30):
        samples = clicks(n, offset_px, seed, elsewhere=elsewhere)
        gains.append(ClickLayer(SCREEN_PX).fit(samples).judge(samples).gain_px)
    return float(np.mean(gains))


def test_that_a_constant_error_is_mostly_taken_away() -> None:
    samples = clicks(30, (70.0, -50.0), seed=1)
    layer = ClickLayer(SCREEN_PX).fit(samples)
    truth_px = np.random.default_rng(9).uniform([100, 450], [1340, 880], (200, 2))
    late = np.full(200, 300 * S)
    corrected_px, sd_px = layer.apply(late, truth_px + np.array([70.0, -50.0]), np.full((200, 2), 30.0))
    left_px = np.abs(corrected_px - truth_px).mean(axis=0)
    # 30 clicks of sd 42 px (gaze and hand), the early ones faded, give the mean to 10 px; priors hold back as much
    assert (left_px < 25).all()
    assert (sd_px > 30).all() and (sd_px < 45).all()
    report = layer.judge(samples)
    assert report.helps and report.n_held_out == 26
    assert report.error_with_px < 0.7 * report.error_without_px


def test_that_it_helps_where_there_is_an_error_and_harms_little_where_there_is_none() -> None:
    assert mean_gain_px((70.0, -50.0)) > 30
    assert mean_gain_px((25.0, 0.0)) > -2
    assert -6 < mean_gain_px((0.0, 0.0)) < 0.5  # what was learned from noise


def test_that_clicks_made_without_looking_do_not_carry_it_away() -> None:
    assert mean_gain_px((70.0, -50.0), elsewhere=0.2) > 0.5 * mean_gain_px((70.0, -50.0))


def test_that_a_moment_depends_on_earlier_clicks_only() -> None:
    samples = clicks(20, (60.0, 40.0), seed=3)
    changed = ClickSamples(samples.t_ns, samples.click_px.copy(), samples.gaze_px, samples.sd_px)
    changed.click_px[12:] += 500.0
    t_ns = np.arange(0, 20 * 8 * S, S)
    gaze_px, sd_px = np.full((len(t_ns), 2), 600.0), np.full((len(t_ns), 2), 30.0)
    first, _ = ClickLayer(SCREEN_PX).fit(samples).apply(t_ns, gaze_px, sd_px)
    second, _ = ClickLayer(SCREEN_PX).fit(changed).apply(t_ns, gaze_px, sd_px)
    until = t_ns <= samples.t_ns[12]
    assert (first[until] == second[until]).all() and (first[~until] != second[~until]).any()
    assert (first[t_ns <= samples.t_ns[WARM_UP - 1]] == 600.0).all()


def test_that_a_click_is_judged_before_it_is_learned_from() -> None:
    samples = clicks(16, (0.0, 0.0), seed=4, sd_px=1.0)
    samples.click_px[-1] += (400.0, 0.0)
    report = ClickLayer(SCREEN_PX).fit(samples).judge(samples)
    alone = (
        ClickLayer(SCREEN_PX)
        .fit(samples)
        .apply(samples.t_ns[-1:], samples.gaze_px[-1:], samples.sd_px[-1:])[0]
    )
    assert np.hypot(*(alone[0] - samples.click_px[-1])) > 395
    assert report.n_held_out == 12


def test_that_few_clicks_make_no_layer() -> None:
    with pytest.raises(DataError) as refused:
        ClickLayer(SCREEN_PX).fit(clicks(MIN_CLICKS - 1, (0.0, 0.0), 0))
    assert refused.value.code == "clicks_few" and refused.value.params["n"] == MIN_CLICKS - 1


def test_that_a_click_is_paired_with_the_gaze_just_before_it() -> None:
    gaze_t_ns: NDArray[np.int64] = np.arange(0, 3 * S, S // 30)
    gaze_px = np.column_stack([gaze_t_ns / S * 100, np.zeros(len(gaze_t_ns))])
    gaze_px[40:] = np.nan  # lost from 1.33 s on
    presses = np.array([S, round(1.4 * S), 2 * S, S // 60], dtype=np.int64)
    found = click_samples(presses, np.array([[5.0, 5.0]] * 4), gaze_t_ns, gaze_px, np.ones_like(gaze_px))
    # the second has half of its window left; the third nothing; the fourth one frame only
    assert found.t_ns.tolist() == [S, round(1.4 * S)]
    assert found.gaze_px[0, 0] == pytest.approx(85, abs=2)
    assert found.gaze_px[1, 0] == pytest.approx(121.7, abs=2)
