"""Gaze on marked lines against a known truth: error, scatter and progress come out, also with loss and slips."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.layout import BlockLayout, LayoutEpoch, TextLayout, WordBox
from ifllm_desktop.domain.line_measure import LineMeasure
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.gaze.text_check import (
    MIN_FRAMES,
    TextLine,
    measure_line,
    spread_lines,
    visible_lines,
)

HEIGHT_PX, WIDTH_PX, LEFT_PX = 24.0, 600.0, 400.0
LINES = tuple(
    TextLine(k, k // 4, LEFT_PX, LEFT_PX + WIDTH_PX, 200 + HEIGHT_PX * k, 200 + HEIGHT_PX * (k + 1))
    for k in range(20)
)


def reading(
    marked: int, offset_px: tuple[float, float] = (0.0, 0.0), noise_px: float = 0.0, *, seed: int = 0,
    seconds: float = 3.0, alike: float = 0.0,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:  # fmt: skip
    """Gaze that reads a line evenly at 30 Hz; ``alike`` is the correlation of successive errors."""
    rng = np.random.default_rng(seed)
    n = round(30 * seconds)
    error = rng.normal(0, 1, (n, 2))
    for k in range(1, n):
        error[k] = alike * error[k - 1] + np.sqrt(1 - alike**2) * error[k]
    x_px = LEFT_PX + WIDTH_PX * np.linspace(0, 1, n)
    truth = np.column_stack([x_px, np.full(n, LINES[marked].center_y_px)])
    return truth + np.array(offset_px) + noise_px * error, (np.arange(n) * 1e9 / 30).astype(np.int64)


def measured(marked: int, *arguments: object, **named: object) -> LineMeasure:
    gaze_px, t_ns = reading(marked, *arguments, **named)  # type: ignore[arg-type]
    return measure_line(gaze_px, t_ns, LINES, marked)


@pytest.mark.parametrize("offset_y_px", [-80.0, -11.0, 0.0, 30.0])
def test_that_a_known_vertical_offset_comes_out_within_three_standard_errors(offset_y_px: float) -> None:
    """The median of 90 independent frames has a standard error of 1.2533 · noise / √90."""
    for seed in range(20):
        found = measured(7, (25.0, offset_y_px), 40.0, seed=seed)
        assert found.error_y_px == pytest.approx(offset_y_px, abs=3.5 * 1.2533 * 40 / np.sqrt(90))
        assert found.mad_y_px == pytest.approx(40.0, rel=0.35)
        assert found.state == "read" and found.n_frames == 90


def test_that_over_many_lines_the_error_is_not_biased() -> None:
    errors = [measured(k % 20, (0.0, 17.0), 60.0, seed=k, alike=0.8).error_y_px for k in range(200)]
    assert np.mean(errors) == pytest.approx(17.0, abs=4.0)


def test_that_speed_and_ends_of_the_way_come_out() -> None:
    found = measured(3, (12.0, 0.0), 0.5)
    assert found.slope_px_s == pytest.approx(WIDTH_PX / 3.0, rel=0.05)
    assert found.way == pytest.approx(1.0, abs=0.05) and found.correlation > 0.99
    # the median of the first 15 % of an even way is 7.5 % of the line behind its beginning
    assert found.start_error_x_px == pytest.approx(12.0 + 0.075 * WIDTH_PX, abs=6)
    assert found.end_error_x_px == pytest.approx(12.0 - 0.075 * WIDTH_PX, abs=6)


def test_that_frames_without_gaze_count_for_nothing() -> None:
    gaze_px, t_ns = reading(5, (0.0, 20.0), 10.0)
    gaze_px[::3] = np.nan
    found = measure_line(gaze_px, t_ns, LINES, 5)
    assert found.n_frames == 60 and found.error_y_px == pytest.approx(20.0, abs=6) and found.state == "read"


def test_that_a_blink_or_a_look_away_moves_a_median_little() -> None:
    gaze_px, t_ns = reading(5, (0.0, 10.0), 10.0)
    gaze_px[:8] = (1300.0, 50.0)  # still at the mark of the line before
    assert measure_line(gaze_px, t_ns, LINES, 5).error_y_px == pytest.approx(10.0, abs=6)


def test_that_reading_the_line_below_looks_like_an_error_of_one_line_and_is_told_as_another_line() -> None:
    gaze_px, t_ns = reading(8, noise_px=4.0)
    found = measure_line(gaze_px, t_ns, LINES, 7)
    assert found.error_y_px == pytest.approx(HEIGHT_PX, abs=2)
    assert found.nearest_line == 8 and found.nearest_share < 0.05 and found.state == "read"


def test_that_the_right_line_is_nearest_when_the_error_is_less_than_half_a_line() -> None:
    found = measured(6, (0.0, 10.0), 3.0)
    assert found.nearest_line == 6 and found.nearest_share > 0.6


@pytest.mark.parametrize("stare", [True, False])
def test_that_eyes_that_rest_or_go_back_have_not_read(stare: bool) -> None:
    gaze_px, t_ns = reading(4, noise_px=30.0)
    gaze_px[:, 0] = 700.0 + (gaze_px[:, 1] - LINES[4].center_y_px) if stare else gaze_px[::-1, 0]
    found = measure_line(gaze_px, t_ns, LINES, 4)
    assert found.state == "not_read" and found.n_frames == 90


def test_that_a_motionless_gaze_divides_by_nothing() -> None:
    t_ns = (np.arange(30) * 1e9 / 30).astype(np.int64)
    found = measure_line(np.full((30, 2), 500.0), t_ns, LINES, 2)
    assert (found.slope_px_s, found.correlation, found.state) == (0.0, 0.0, "not_read")


@pytest.mark.parametrize("n", [0, 1, MIN_FRAMES - 1])
def test_that_too_few_frames_measure_nothing(n: int) -> None:
    gaze_px, t_ns = reading(2)
    found = measure_line(gaze_px[:n], t_ns[:n], LINES, 2)
    assert found.state == "not_measured" and np.isnan(found.error_y_px) and found.nearest_line == -1


# ---- which lines ------------------------------------------------------------------------------------------
VIEW = Rect(100.0, 50.0, 648.0, 240.0)


def layout(widths_px: list[float], view: Rect = VIEW) -> TextLayout:
    """One block of two words a line, 24 px high each, from y = 12 on."""
    words = []
    for line, width_px in enumerate(widths_px):
        for part in range(2):
            rect = Rect(24 + part * width_px / 2, 12 + 24.0 * line, width_px / 2, 24.0)
            words.append(WordBox("w", 0, 1, rect, rect.y_px + 18, line, "", 16.0))
    box = Rect(24.0, 12.0, max(widths_px), 24.0 * len(widths_px))
    block = BlockLayout(0, "paragraph", 0, 1, box, tuple(words))
    head = LayoutEpoch("text", 0, view, 1.0, 1, 1, "", "f", "m", 24.0 * len(widths_px) + 24)
    return TextLayout(head, (block,))


def test_that_lines_stand_where_the_layout_has_them_on_the_screen() -> None:
    lines = visible_lines(layout([600.0, 500.0]), scroll_px=0.0)
    assert (lines[1].left_px, lines[1].right_px) == (124.0, 624.0)
    assert (lines[1].top_px, lines[1].bottom_px, lines[1].center_y_px) == (86.0, 110.0, 98.0)
    assert (lines[1].line, lines[1].block, lines[1].width_px) == (1, 0, 500.0)


def test_that_lines_that_are_cut_by_the_edge_are_not_offered() -> None:
    assert [line.line for line in visible_lines(layout([600.0] * 20))] == list(range(9))
    assert [line.line for line in visible_lines(layout([600.0] * 20), scroll_px=30.0)] == list(range(1, 10))


def test_that_chosen_lines_are_long_and_spread_from_top_to_bottom() -> None:
    lines = visible_lines(layout([600.0, 590.0, 200.0, 600.0, 610.0, 90.0, 600.0, 580.0, 100.0]))
    assert spread_lines(lines, 3) == (0, 3, 7) or spread_lines(lines, 3) == (0, 4, 7)
    assert len(spread_lines(lines, 5)) == 5
    assert all(lines[k].width_px > 500 for k in spread_lines(lines, 5))


def test_that_a_short_text_gives_fewer_lines_and_no_text_none() -> None:
    lines = visible_lines(layout([600.0, 100.0, 600.0]))
    assert spread_lines(lines, 5) == (0, 2) and spread_lines((), 3) == () and spread_lines(lines, 0) == ()
