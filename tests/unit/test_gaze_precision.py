"""Accuracy, precision and loss: against ETDQualitizer, and against what was put in."""

from __future__ import annotations

import math

import ETDQualitizer as oracles  # noqa: N813
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.precision import (
    bcea_axes,
    duration_s,
    effective_hz,
    fick_deg,
    gap_edges_s,
    gap_histogram,
    gap_lengths_s,
    loss_of_frames,
    loss_of_time,
    offset,
    scatter,
)

SCREEN = Screen(1920.0, 1080.0, w_mm=531.0, h_mm=299.0, distance_mm=620.0)
ORACLE = oracles.ScreenConfiguration(531.0, 299.0, 1920, 1080, 620.0)
UNKNOWN = Screen(1920.0, 1080.0)
STEP_NS = 33_333_333


def centred(points: np.ndarray) -> np.ndarray:
    """Screen px from the middle of the screen, where the other program has its origin."""
    return points - [SCREEN.w_px / 2, SCREEN.h_px / 2]


def samples(seed: int, n: int = 200, lost: float = 0.1) -> np.ndarray:
    """Points around one place, with missing ones."""
    rng = np.random.default_rng(seed)
    spread = rng.normal(0, 1, (n, 2)) @ np.array([[40.0, 12.0], [0.0, 60.0]])
    points = rng.uniform([100, 100], [1800, 1000]) + spread
    points[rng.random(n) < lost] = np.nan
    return points


@pytest.mark.parametrize("seed", range(12))
def test_that_every_figure_is_the_one_of_etdqualitizer(seed: int) -> None:
    points = samples(seed)
    target = (float(np.nanmean(points[:, 0]) + 70), float(np.nanmean(points[:, 1]) - 40))
    t_ns = np.arange(len(points)) * STEP_NS
    oracle = oracles.DataQuality(*centred(points).T, t_ns / 1e9, "pixels", ORACLE)
    found = offset(points, target, SCREEN)
    wanted = oracle.accuracy(*ORACLE.pix_to_deg(*centred(np.array(target))))
    assert (found.mean_deg, found.mean_x_deg, found.mean_y_deg) == pytest.approx(wanted, rel=1e-9)
    spread = scatter(fick_deg(points, SCREEN))
    assert spread.rms_s2s == pytest.approx(oracle.precision_RMS_S2S()[0], rel=1e-9)
    assert (spread.std, spread.std_x, spread.std_y) == pytest.approx(oracle.precision_STD(), rel=1e-9)
    assert spread.bcea == pytest.approx(oracle.precision_BCEA()[0], rel=1e-9)
    n_valid = int(np.isfinite(points).all(axis=1).sum())
    time_s = duration_s(t_ns)
    assert time_s == pytest.approx(oracle.get_duration())
    assert 100 * loss_of_frames(n_valid, len(points)) == pytest.approx(oracle.data_loss_from_invalid())
    assert 100 * loss_of_time(n_valid, time_s, 30.0) == pytest.approx(oracle.data_loss_from_expected(30.0))
    assert effective_hz(n_valid, time_s) == pytest.approx(oracle.effective_frequency())


def test_that_known_bias_and_scatter_come_out_within_five_percent() -> None:
    rng = np.random.default_rng(1)
    target = (1200.0, 300.0)
    points = np.array(target) + rng.normal([50.0, -30.0], [40.0, 25.0], (4000, 2))
    found, spread = offset(points, target, SCREEN), scatter(points)
    assert found.mean_px == pytest.approx(math.hypot(50, 30), rel=0.05)
    assert (found.mean_x_px, found.mean_y_px) == pytest.approx((50.0, -30.0), abs=2.5)
    assert (spread.std_x, spread.std_y) == pytest.approx((40.0, 25.0), rel=0.05)
    assert spread.rms_s2s == pytest.approx(math.sqrt(2) * math.hypot(40, 25), rel=0.05)
    assert spread.ratio == pytest.approx(math.sqrt(2), rel=0.03)


def test_that_the_mean_of_sample_errors_is_another_figure_than_accuracy() -> None:
    rng = np.random.default_rng(2)
    points = np.array([900.0, 500.0]) + rng.normal(0, 80, (2000, 2))
    found = offset(points, (900.0, 500.0), SCREEN)
    # Rayleigh: mean distance of an unbiased cloud is σ·√(π/2)
    assert found.mean_px < 8 and found.sample_px == pytest.approx(80 * math.sqrt(math.pi / 2), rel=0.05)
    assert found.mean_deg < found.sample_deg


def test_that_a_missing_sample_stays_in_its_place() -> None:
    gap = np.array([[0.0, 0.0], [np.nan, np.nan], [100.0, 0.0], [101.0, 0.0]])
    closed = gap[[0, 2, 3]]
    assert scatter(gap).rms_s2s == pytest.approx(1.0) and scatter(gap).n_steps == 1
    assert scatter(closed).rms_s2s > 70


def test_that_the_drawn_ellipse_holds_the_share_it_names() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(0, 1, (20_000, 2)) @ np.array([[50.0, 20.0], [0.0, 30.0]])
    spread = scatter(points)
    long, short, angle = bcea_axes(spread.std_x, spread.std_y, spread.rho)
    turn = math.radians(angle)
    along = points @ [math.cos(turn), math.sin(turn)]
    across = points @ [-math.sin(turn), math.cos(turn)]
    inside = ((along / long) ** 2 + (across / short) ** 2 <= 1).mean()
    assert inside == pytest.approx(0.68, abs=0.01)
    assert math.pi * long * short == pytest.approx(spread.bcea, rel=1e-3)


def test_that_angles_are_not_made_up_without_a_size() -> None:
    found = offset(samples(1), (900.0, 500.0), UNKNOWN)
    assert math.isnan(found.mean_deg) and math.isnan(found.sample_deg) and math.isnan(found.mean_x_deg)
    assert found.mean_px > 0
    assert math.isnan(scatter(fick_deg(samples(1), UNKNOWN)).std)


@pytest.mark.parametrize("n", [0, 1])
def test_that_too_few_samples_have_no_scatter(n: int) -> None:
    points = np.full((n, 2), 5.0)
    spread = scatter(points)
    assert math.isnan(spread.rms_s2s) and math.isnan(spread.bcea) and spread.n == n
    assert math.isnan(offset(points[:0], (0.0, 0.0), SCREEN).mean_px)


@given(st.integers(0, 10_000), st.floats(-300, 300), st.floats(-300, 300), st.floats(0.1, 5.0))
def test_that_scatter_ignores_place_and_follows_scale(seed: int, dx: float, dy: float, scale: float) -> None:
    points = samples(seed, 40)
    a, b = scatter(points), scatter(points * scale + [dx, dy])
    assert (b.rms_s2s, b.std) == pytest.approx((a.rms_s2s * scale, a.std * scale), rel=1e-6)
    assert b.bcea == pytest.approx(a.bcea * scale**2, rel=1e-6)
    assert b.rho == pytest.approx(a.rho, abs=1e-6)


@given(st.lists(st.booleans(), min_size=2, max_size=300))
def test_that_gaps_and_samples_together_are_the_whole_time(there: list[bool]) -> None:
    t_ns = np.arange(len(there)) * STEP_NS
    lengths = gap_lengths_s(t_ns[np.array(there)], 0, len(there) * STEP_NS, STEP_NS)
    assert lengths.sum() + sum(there) * STEP_NS / 1e9 == pytest.approx(len(there) * STEP_NS / 1e9)
    edges = gap_edges_s()
    counted = gap_histogram(lengths, edges)
    assert sum(n for n, _ in counted) == len(lengths)
    assert sum(total for _, total in counted) == pytest.approx(lengths.sum())


def test_that_jitter_of_a_camera_is_no_gap() -> None:
    rng = np.random.default_rng(4)
    t_ns = (np.arange(300) * STEP_NS + rng.uniform(-0.2, 0.2, 300) * STEP_NS).astype(np.int64) + STEP_NS
    assert not len(gap_lengths_s(t_ns, int(t_ns[0]), int(t_ns[-1]) + STEP_NS, STEP_NS))


def test_that_one_lost_frame_is_a_gap_of_one_step() -> None:
    t_ns = np.delete(np.arange(10) * STEP_NS, 4)
    assert gap_lengths_s(t_ns, 0, 10 * STEP_NS, STEP_NS) == pytest.approx([STEP_NS / 1e9])
