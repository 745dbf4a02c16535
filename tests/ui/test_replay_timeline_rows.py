"""Traces and ruler of the timeline."""

from __future__ import annotations

import numpy as np
import pytest

from ifllm_desktop.ui.timeline_rows import Axis, clock_text, step_lines, tick_step_ns, trace_lines

S = 1_000_000_000


def trace(n: int, seconds: float, width_px: float) -> tuple[Axis, np.ndarray, np.ndarray]:
    t_ns = np.linspace(0, seconds * S, n).astype(np.int64)
    return Axis(0.0, seconds * S, 100.0, width_px), t_ns, np.sin(t_ns / S) * 10


@pytest.mark.parametrize("n", [50, 900, 20_000])
def test_that_a_trace_keeps_its_peaks_and_its_number_of_lines_is_bounded(n: int) -> None:
    axis, t_ns, y = trace(n, 60, 500)
    y[n // 3] = 99.0
    lines = trace_lines(axis, t_ns, y)
    assert len(lines) <= 1.5 * 500
    assert max(max(line.y1(), line.y2()) for line in lines) == pytest.approx(99.0)
    assert min(line.x1() for line in lines) >= 99.0 and max(line.x2() for line in lines) <= 601.0


@pytest.mark.parametrize("n", [100, 20_000])
def test_that_a_trace_is_broken_over_a_gap_and_nowhere_else(n: int) -> None:
    axis, t_ns, y = trace(n, 60, 500)
    keep = (t_ns < 20 * S) | (t_ns > 30 * S)
    lines = trace_lines(axis, t_ns[keep], y[keep], break_ns=2 * S)
    left, right = axis.x(20 * S), axis.x(30 * S)
    assert not any(line.x1() < right - 6 and line.x2() > left + 6 for line in lines)
    covered = np.zeros(701, dtype=bool)
    for line in lines:
        covered[int(line.x1()) : int(line.x2()) + 1] = True
    assert covered[101 : int(left) - 6].all() and covered[int(right) + 6 : 599].all()


def test_that_a_dense_trace_is_joined_over_a_pause_that_is_no_gap() -> None:
    t_ns = np.concatenate([np.arange(0, S, S // 2000), np.arange(50 * S, 51 * S, S // 2000)])
    axis = Axis(0.0, 60.0 * S, 0.0, 600.0)
    lines = trace_lines(axis, t_ns, np.full(len(t_ns), 5.0))
    assert any(line.x2() - line.x1() > 480 for line in lines)


def test_that_missing_values_leave_no_line() -> None:
    axis, t_ns, y = trace(100, 60, 500)
    assert trace_lines(axis, t_ns, np.full(100, np.nan)) == []
    assert trace_lines(axis, t_ns + 10**12, y) == []


def test_that_steps_are_level_until_the_next_value() -> None:
    axis = Axis(0.0, 10.0 * S, 0.0, 100.0)
    lines = step_lines(axis, np.array([1, 5]) * S, np.array([3.0, 7.0]), 9 * S)
    got = [(round(a.x1()), a.y1(), round(a.x2()), a.y2()) for a in lines]
    assert got == [(10, 3.0, 50, 3.0), (50, 7.0, 90, 7.0), (50, 3.0, 50, 7.0)]


def test_that_times_and_ticks_are_round() -> None:
    assert [clock_text(t) for t in (0, 65 * S, 3_725 * S)] == ["0:00", "1:05", "1:02:05"]
    assert clock_text(57_300_000_000, ms=True) == "0:57.300"
    assert tick_step_ns(60 * S, 1000) == 5 * S
    assert tick_step_ns(1 * S, 1000) == S // 10
