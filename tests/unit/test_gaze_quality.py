"""Validation figures against cases that can be worked out by hand, and the overlay filter."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.filters import OneEuro
from ifllm_desktop.gaze.quality import GradeLimits, ValidationSummary, validate

SCREEN = Screen(1440, 900, w_mm=344, h_mm=215, distance_mm=600)
BARE = Screen(1440, 900)
TARGETS = np.array([(432.0, 270.0), (1008.0, 270.0), (720.0, 450.0), (432.0, 630.0), (1008.0, 630.0)])
PERIOD_NS = 33_333_333


def judged(
    offset_px: NDArray[np.float64], screen: Screen = BARE, n: int = 30, n_total: int | None = None
) -> ValidationSummary:
    """Validation of gaze that is off by ``offset_px`` (n, 2) at each of five targets, two seconds apart."""
    targets = np.repeat(TARGETS, n, axis=0)
    gaze = np.asarray(targets + np.tile(offset_px, (5, 1)), dtype=np.float64)
    index = np.repeat(np.arange(5), n)
    t_ns = (np.arange(5)[:, None] * 2_000_000_000 + np.arange(n) * PERIOD_NS).ravel()
    return validate(gaze, targets, index, t_ns, len(targets) if n_total is None else n_total, screen)


def test_that_a_constant_offset_is_all_accuracy_and_no_spread() -> None:
    summary = judged(np.tile([30.0, -40.0], (30, 1)))
    assert summary.accuracy_px == pytest.approx(50)
    assert summary.accuracy_x_px == pytest.approx(30) and summary.accuracy_y_px == pytest.approx(40)
    assert summary.sd_x_px == summary.sd_y_px == summary.precision_rms_s2s_px == pytest.approx(0)
    assert summary.error_sd_x_px == pytest.approx(30) and summary.error_sd_y_px == pytest.approx(40)
    assert [row.n_frames for row in summary.targets] == [30] * 5


def test_that_alternating_gaze_has_spread_but_is_accurate() -> None:
    offsets = np.array([[20.0, 0.0], [-20.0, 0.0]] * 15)
    summary = judged(offsets)
    assert summary.accuracy_px == pytest.approx(0, abs=1e-9)
    assert summary.mean_sample_error_px == pytest.approx(20)
    assert summary.sd_x_px == pytest.approx(20) and summary.sd_y_px == pytest.approx(0)
    assert summary.precision_rms_s2s_px == pytest.approx(40)


def test_that_white_noise_has_a_step_of_root_two_times_its_spread() -> None:
    summary = judged(np.random.default_rng(0).normal(0, 25, (4000, 2)), n=4000)
    spread = math.hypot(summary.sd_x_px, summary.sd_y_px)
    assert summary.precision_rms_s2s_px / spread == pytest.approx(math.sqrt(2), rel=0.02)


def test_that_the_angle_at_the_middle_of_the_screen_is_that_of_a_right_triangle() -> None:
    n = 10
    target = np.tile([720.0, 450.0], (n, 1))
    gaze = target + np.array([100.0, 0.0])
    t_ns = np.arange(n) * PERIOD_NS
    summary = validate(gaze, target, np.zeros(n, dtype=int), t_ns, n, SCREEN)
    expected_deg = math.degrees(math.atan2(100 * 344 / 1440, 600))
    assert summary.accuracy_deg == pytest.approx(expected_deg, rel=1e-9)


def test_that_degrees_are_unknown_without_the_size_of_the_screen() -> None:
    summary = judged(np.tile([30.0, 0.0], (30, 1)))
    assert math.isnan(summary.accuracy_deg) and math.isnan(summary.precision_rms_s2s_deg)
    assert math.isfinite(judged(np.tile([30.0, 0.0], (30, 1)), SCREEN).accuracy_deg)


def test_that_lost_frames_stay_in_place_and_are_counted() -> None:
    offsets = np.array([[10.0, 0.0], [np.nan, np.nan], [-10.0, 0.0], [10.0, 0.0]])
    summary = judged(offsets, n=4, n_total=25)
    assert summary.n_samples == 15
    assert summary.loss == pytest.approx(1 - 15 / 25)
    # the steps over the lost frame do not count: one step of 20 px per target is left
    assert summary.precision_rms_s2s_px == pytest.approx(20)
    assert summary.rate_hz == pytest.approx(30 * 3 / 4, rel=1e-3)


def test_that_the_rate_leaves_out_the_time_between_targets() -> None:
    assert judged(np.zeros((30, 2))).rate_hz == pytest.approx(30, rel=1e-6)


@pytest.mark.parametrize(
    ("error_px", "grade", "ok"), [(47, "A", True), (71, "B", True), (119, "C", True), (121, "D", False)]
)
def test_that_grades_follow_the_error(error_px: float, grade: str, ok: bool) -> None:
    summary = judged(np.tile([float(error_px), 0.0], (30, 1)))
    assert (summary.grade, summary.ok) == (grade, ok)
    assert summary.reason == ("" if ok else "error_too_large")


def test_that_limits_can_be_set() -> None:
    n = 5
    gaze = np.zeros((n, 2))
    args = (gaze, gaze + np.array([60.0, 0.0]), np.arange(n), np.arange(n) * PERIOD_NS, n, BARE)
    assert validate(*args).grade == "B"
    assert validate(*args, limits=GradeLimits(a_deg=2.0)).grade == "A"


def test_that_a_face_that_was_never_seen_gives_a_reason_and_no_figures() -> None:
    nothing = np.empty((0, 2))
    empty = np.empty(0, dtype=np.int64)
    summary = validate(nothing, nothing, empty, empty, 200, BARE)
    assert (summary.ok, summary.reason, summary.grade, summary.loss) == (False, "no_face", "D", 1.0)
    assert math.isnan(summary.accuracy_px) and math.isnan(summary.rate_hz) and summary.targets == ()


def test_that_too_many_lost_frames_are_not_acceptable_however_exact_the_rest() -> None:
    summary = judged(np.zeros((30, 2)), n_total=400)
    assert (summary.grade, summary.ok, summary.reason) == ("A", False, "too_many_lost")


def test_that_the_filter_calms_noise_and_follows_a_jump() -> None:
    rng = np.random.default_rng(0)
    filtered = OneEuro(rate_hz=30)
    out = [filtered(i * PERIOD_NS, *(500 + rng.normal(0, 20, 2))) for i in range(90)]
    assert np.std([x for x, _ in out[30:]]) < 12
    after = [filtered((90 + i) * PERIOD_NS, 1000.0, 500.0)[0] for i in range(15)]
    assert after[-1] > 950 and after == sorted(after)


def test_that_the_filter_starts_anew_after_a_gap() -> None:
    filtered = OneEuro()
    filtered(0, 100.0, 100.0)
    assert all(math.isnan(v) for v in filtered(PERIOD_NS, math.nan, 5.0))
    assert filtered(2 * PERIOD_NS, 900.0, 700.0) == (900.0, 700.0)
