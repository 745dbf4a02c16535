"""Figures of an audit: who counts how often, what is left out, and what is not claimed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ifllm_desktop.analysis.audit_figures import ellipse_of
from ifllm_desktop.analysis.audit_rows import Decision, audit_row
from ifllm_desktop.analysis.audit_study import (
    over_people,
    session_gaps,
    session_line,
    study_figures,
)
from ifllm_desktop.analysis.audit_summary import summary
from ifllm_desktop.analysis.session_quality import GapBin, SessionQuality
from ifllm_desktop.domain.space import Screen
from tests import audit_sessions as made

SMALL = Screen(1366.0, 768.0, 1.0, 310.0, 174.0, 550.0, "edid", "estimated")


def everybody(qualities: list[SessionQuality]) -> set[str]:
    return {q.session_id for q in qualities}


def test_that_somebody_who_came_twice_counts_once() -> None:
    once = [made.quality(1, error_px=100), made.quality(2, error_px=20), made.quality(3, error_px=30)]
    again = [made.quality(k, error_px=100, person=1) for k in (4, 5, 6, 7)]
    measure = summary([*once, *again])[1]
    assert (measure.name, measure.unit) == ("Accuracy on held-out targets", "px")
    assert measure.median == 30 and measure.n_people == 3 and measure.n_sessions == 7


def test_that_the_interval_holds_the_median_and_comes_out_the_same_each_time() -> None:
    values = {f"p{k}": [float(k), float(k) + 2] for k in range(21)}
    median, low, high = over_people(values)
    assert median == 11 and low < median < high and high - low < 16
    assert over_people(values) == (median, low, high)


def test_that_two_people_have_a_median_and_no_interval() -> None:
    median, low, high = over_people({"a": [1.0, 3.0], "b": [4.0], "c": [math.nan]})
    assert median == 3.0 and math.isnan(low) and math.isnan(high)
    assert all(math.isnan(v) for v in over_people({}))


def test_that_excluded_sessions_are_in_no_figure() -> None:
    qualities = made.study(12)
    included = everybody(qualities[:8])
    figures = study_figures(qualities, included)
    assert figures.n_sessions == 8 and {line.session_id for line in figures.time.lines} == included
    assert all(set(t.errors_px) == included for t in figures.targets.targets)
    assert int(figures.heat.n.max()) == 8
    alone = study_figures(qualities[:8], included)
    assert np.allclose(alone.heat.px, figures.heat.px, equal_nan=True)


def test_that_the_map_of_errors_is_the_median_and_a_field_that_nobody_measured_stays_open() -> None:
    qualities = [made.quality(k, error_px=40.0 * k) for k in (1, 2, 3)]
    heat = study_figures(qualities, everybody(qualities)).heat
    second = next(c for c in qualities[1].cells if (c.column, c.row) == (2, 1))
    assert heat.px.shape == (4, 5) and heat.px[1, 2] == second.error_px
    assert math.isnan(heat.px[0, 0]) and heat.n[0, 0] == 0


def test_that_screens_of_different_size_are_compared_in_degrees_only() -> None:
    qualities = [made.quality(k, screen=SMALL if k % 2 else made.KNOWN) for k in range(1, 7)]
    figures = study_figures(qualities, everybody(qualities))
    assert figures.mixed_screens and not np.isfinite(figures.heat.px).any()
    assert np.isfinite(figures.heat.deg).any() and figures.heat.shown[1] == "deg"
    assert "px" not in {m.unit for m in summary(qualities)}
    # the places of the targets are the same shares of both screens: five targets, not ten
    assert len(figures.targets.targets) == 5 and figures.targets.n_sessions == 6
    scaled = figures.targets.targets[0].errors_px[made.session_id(1)]
    own = qualities[0].targets[0]
    w_px, h_px = figures.targets.screen_px
    assert scaled == pytest.approx((own.error_x_px * w_px / 1366, own.error_y_px * h_px / 768))


def test_that_an_unknown_screen_size_leaves_px_and_no_limit_in_degrees() -> None:
    qualities = [made.quality(k, screen=Screen(1920.0, 1080.0)) for k in range(1, 5)]
    figures = study_figures(qualities, everybody(qualities), 3.5)
    assert figures.time.unit == "px" and math.isnan(figures.time.limit) and not figures.has_deg
    assert figures.heat.shown[1] == "px"


def test_that_new_points_begin_a_new_piece_of_the_line() -> None:
    line = session_line(made.quality(3, n_checks=5, refit=True))
    assert [len(piece) for piece in line.pieces] == [4, 2] and line.refits_min == (24.0,)
    assert [len(p) for p in session_line(made.quality(3, n_checks=5)).pieces] == [6]


def test_that_a_line_of_text_is_not_mixed_with_drift_checks() -> None:
    quality = made.quality(1, n_checks=2)
    text = replace(quality.drift.checks[1], kind="text", error_deg=99.0)
    checks = (*quality.drift.checks, text)
    line = session_line(replace(quality, drift=replace(quality.drift, checks=checks)))
    assert max(float(piece[:, 1].max()) for piece in line.pieces) < 99


def test_that_without_drift_checks_no_median_over_time_is_drawn() -> None:
    qualities = [made.quality(k, n_checks=0) for k in range(1, 6)]
    time = study_figures(qualities, everybody(qualities)).time
    assert not time.has_checks and len(time.median) == 0 and len(time.lines) == 5


def test_that_the_median_over_time_has_an_interval_around_it() -> None:
    qualities = [made.quality(k, error_px=40 + 10 * k) for k in range(1, 9)]
    median = study_figures(qualities, everybody(qualities)).time.median
    assert median[0, 0] == 0 and len(median) > 2
    assert (median[:, 2] <= median[:, 1]).all() and (median[:, 1] <= median[:, 3]).all()


def test_that_histograms_of_different_length_are_added_bin_by_bin() -> None:
    first, second = made.quality(1), made.quality(2)
    short = replace(first, gaps=(GapBin(0.0, 0.05, 3, 0.1), GapBin(0.05, 0.1, 1, 0.07)))
    gaps = study_figures([short, second], {short.session_id, second.session_id}).gaps
    assert len(gaps.share) == len(second.gaps) and float(gaps.share.sum()) == pytest.approx(1)
    n = np.array([b.n for b in second.gaps], float)
    assert gaps.share[0] == pytest.approx((0.75 + n[0] / n.sum()) / 2)
    assert gaps.share[1] == pytest.approx((0.25 + n[1] / n.sum()) / 2)
    assert len(session_gaps(short, len(gaps.share))) == len(gaps.share)
    assert gaps.long_ms == 1000 and 0 < gaps.long_share < gaps.long_loss


def test_that_nothing_measured_gives_nothing_and_not_zero() -> None:
    qualities = [made.not_calibrated(1), made.without_gaze(2)]
    figures = study_figures(qualities, everybody(qualities))
    assert figures.targets.targets == () and figures.time.lines == () and figures.heat.px.size == 0
    assert all(math.isnan(m.median) and m.n_people == 0 for m in summary(qualities))
    row = audit_row(qualities[0])
    assert row.grade == "" and math.isnan(row.accuracy_px) and math.isnan(row.loss)


def test_that_an_ellipse_of_68_percent_holds_68_percent() -> None:
    rng = np.random.default_rng(4)
    points = rng.multivariate_normal([0, 0], [[900, 500], [500, 1600]], 40_000)
    sd = points.std(axis=0)
    ellipse = ellipse_of(float(sd[0]), float(sd[1]), float(np.corrcoef(points.T)[0, 1]))
    assert ellipse is not None
    angle = math.radians(ellipse.angle_deg)
    along = points @ (math.cos(angle), math.sin(angle)) / ellipse.long_px
    across = points @ (-math.sin(angle), math.cos(angle)) / ellipse.short_px
    assert float((along**2 + across**2 <= 1).mean()) == pytest.approx(0.68, abs=0.01)
    assert ellipse_of(math.nan, 1.0) is None and ellipse_of(0.0, 0.0) is None


def test_that_a_decision_says_whether_a_rule_or_a_person_speaks() -> None:
    assert Decision(False, "", ("loss",)).by_rule and not Decision(False, "asleep").by_rule
    assert not Decision(True, "looked at it", ("loss",)).by_rule
