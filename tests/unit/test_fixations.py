"""Fixations: found where they were put, held by noise thresholds, and never longer than what was seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.reading.fixations import METHODS, FixationRule, Fixations, fixations, running_median

Floats = NDArray[np.float64]
MS = 1_000_000
PX_PER_DEG = 45.0
PLACES = [(200.0, 300.0), (620.0, 310.0), (400.0, 700.0), (1200.0, 200.0), (900.0, 500.0)]


def scan(
    noise_px: float,
    durations_ms: tuple[int, ...] = (400, 300, 250, 500, 350),
    rate_hz: float = 30.0,
    seed: int = 0,
) -> tuple[NDArray[np.int64], Floats, Floats, list[tuple[float, float]]]:
    """Fixations at ``PLACES`` one after the other; returns samples and the true spans in ms."""
    rng = np.random.default_rng(seed)
    step_ms = 1000 / rate_hz
    t, x, y, spans = [], [], [], []
    now = 0.0
    for place, duration in zip(PLACES, durations_ms, strict=True):
        start = now
        while now < start + duration:
            t.append(int(now * MS))
            x.append(place[0] + rng.normal(0, noise_px))
            y.append(place[1] + rng.normal(0, noise_px))
            now += step_ms
        spans.append((start, now - step_ms))
    return np.array(t, dtype=np.int64), np.array(x), np.array(y), spans


def found(t: NDArray[np.int64], x: Floats, y: Floats, precision_px: float, **rule: object) -> Fixations:
    return fixations(t, x, y, precision_px, PX_PER_DEG, FixationRule(**rule))  # type: ignore[arg-type]


@pytest.mark.parametrize("method", METHODS)
def test_that_fixations_are_found_where_they_were(method: str) -> None:
    t, x, y, spans = scan(1.0)
    seen = found(t, x, y, 1.0, method=method)
    assert len(seen) == len(PLACES)
    for k, (place, (start, end)) in enumerate(zip(PLACES, spans, strict=True)):
        assert abs(seen.t0_ns[k] / MS - start) <= 70 and abs(seen.t1_ns[k] / MS - end) <= 70
        assert np.hypot(seen.x_px[k] - place[0], seen.y_px[k] - place[1]) < 25


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("noise_px", [15.0, 40.0])
def test_that_noise_may_part_a_fixation_but_runs_no_two_together(method: str, noise_px: float) -> None:
    for seed in range(10):
        t, x, y, spans = scan(noise_px, seed=seed)
        seen = found(t, x, y, noise_px, method=method)
        covered = np.zeros(len(spans))
        for k in range(len(seen)):
            start, end = seen.t0_ns[k] / MS, seen.t1_ns[k] / MS
            shared = np.array([max(0.0, min(end, e) - max(start, s)) for s, e in spans])
            assert np.sort(shared)[-2] <= 70  # two frames at the seam
            covered += shared
        lengths = np.array([e - s for s, e in spans])
        assert (covered / lengths).mean() > 0.7


def test_that_noise_raises_the_threshold_and_without_a_validation_it_does_not() -> None:
    t, x, y, _ = scan(30.0)
    assert found(t, x, y, 30.0).threshold_px == 90
    assert found(t, x, y, 5.0).threshold_px == PX_PER_DEG
    assert found(t, x, y, float("nan")).threshold_px == PX_PER_DEG
    assert len(found(t, x, y, float("nan"))) < len(found(t, x, y, 30.0)) + 10


def test_that_the_usual_threshold_finds_nothing_in_webcam_noise() -> None:
    t, x, y, _ = scan(30.0, (1000,) * 5)
    assert len(found(t, x, y, float("nan"), median_ms=0.0)) == 0
    assert len(found(t, x, y, 30.0)) >= 5


def test_that_means_and_spreads_are_those_of_the_raw_samples() -> None:
    t, x, y, _ = scan(12.0)
    seen = found(t, x, y, 12.0)
    for k in range(len(seen)):
        own = (t >= seen.t0_ns[k]) & (t <= seen.t1_ns[k])
        assert seen.n_samples[k] == own.sum()
        assert seen.x_px[k] == pytest.approx(x[own].mean()) and seen.y_px[k] == pytest.approx(y[own].mean())
        assert seen.sd_x_px[k] == pytest.approx(x[own].std(), abs=1e-6)
        assert seen.sd_y_px[k] == pytest.approx(y[own].std(), abs=1e-6)
        assert seen.duration_s[k] == pytest.approx((seen.t1_ns[k] - seen.t0_ns[k]) / 1e9)


def test_that_a_long_gap_ends_a_fixation_and_a_lost_frame_does_not() -> None:
    t, x, y, _ = scan(2.0, (900,) * 5)
    middle = len(t) // 10
    lost = x.copy()
    lost[middle] = np.nan
    assert len(found(t, lost, y, 2.0)) == 5
    gone = x.copy()
    gone[middle - 3 : middle + 3] = np.nan
    seen = found(t, gone, y, 2.0)
    assert len(seen) == 6
    assert seen.t0_ns[1] - seen.t1_ns[0] > 150 * MS


def test_that_short_ones_do_not_count() -> None:
    t, x, y, _ = scan(1.0, (400, 66, 400, 66, 400))
    assert len(found(t, x, y, 1.0, median_ms=0.0)) == 3
    assert len(found(t, x, y, 1.0, median_ms=0.0, min_ms=20.0, min_samples=2)) == 5


@pytest.mark.parametrize("method", METHODS)
def test_that_nothing_gives_nothing(method: str) -> None:
    nothing = np.empty(0)
    assert len(found(np.empty(0, np.int64), nothing, nothing, 5.0, method=method)) == 0
    lost = np.full(40, np.nan)
    assert len(found(np.arange(40) * 33 * MS, lost, lost, 5.0, method=method)) == 0
    assert len(found(np.array([5]), np.array([1.0]), np.array([2.0]), 5.0, method=method)) == 0


def test_that_rules_without_meaning_are_refused() -> None:
    t, x, y, _ = scan(1.0)
    with pytest.raises(DataError, match="fixation_rule"):
        found(t, x, y, 1.0, method="eye")
    with pytest.raises(DataError, match="fixation_rule"):
        fixations(t, x, y, 1.0, 0.0, FixationRule())


def test_that_the_median_is_that_of_the_window() -> None:
    rng = np.random.default_rng(3)
    t = np.cumsum(rng.integers(20, 60, 50)) * MS
    values = rng.normal(0, 1, 50)
    smooth = running_median(t, values, 150.0)
    for k in range(50):
        window = values[np.abs(t - t[k]) <= 75 * MS]
        assert smooth[k] == pytest.approx(np.median(window))


@given(st.integers(0, 10_000), st.floats(-500, 500), st.floats(-500, 500), st.integers(0, 10**12))
def test_that_place_and_time_only_shift_what_is_found(seed: int, dx: float, dy: float, dt_ns: int) -> None:
    t, x, y, _ = scan(14.0, seed=seed)
    one, other = found(t, x, y, 14.0), found(t + dt_ns, x + dx, y + dy, 14.0)
    np.testing.assert_array_equal(one.t0_ns + dt_ns, other.t0_ns)
    np.testing.assert_array_equal(one.n_samples, other.n_samples)
    np.testing.assert_allclose(one.x_px + dx, other.x_px, atol=1e-6)


@given(st.integers(0, 10_000), st.sampled_from(METHODS))
def test_that_fixations_do_not_overlap_and_hold_what_they_must(seed: int, method: str) -> None:
    t, x, y, _ = scan(25.0, seed=seed)
    rng = np.random.default_rng(seed)
    x[rng.random(len(x)) < 0.1] = np.nan
    seen = found(t, x, y, 25.0, method=method)
    assert (seen.t0_ns[1:] > seen.t1_ns[:-1]).all()
    assert (seen.n_samples >= 3).all() and (seen.duration_s >= 0.1).all()
