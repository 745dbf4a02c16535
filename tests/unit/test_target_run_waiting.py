"""A run of targets waits for who reads, who looks away, and who asks for a target again; but not for ever."""

from __future__ import annotations

import numpy as np
import pytest

from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.session.target_run import TRAVEL_MS, TargetRun, TargetView

FRAME_NS = 33 * NS_PER_MS
SETTLE_MS, TIMEOUT_MS = 300.0, 1000.0
EYES = np.full(19, 0.5)


class Run:
    """Two targets at 30 Hz; the eyes are there where ``seen``."""

    def __init__(self, **options: float) -> None:
        self.rows: list[Row] = []
        self.run = TargetRun(
            ((100.0, 100.0), (900.0, 500.0)),
            SETTLE_MS,
            10,
            TIMEOUT_MS,
            self.record,
            "a-1",
            "calibration",
            **options,
        )  # type: ignore[arg-type]
        self.t_ns = 0
        self.view: TargetView = self.run.view(0)

    def record(self, stream: str, row: Row) -> int:
        self.rows.append(row)
        return len(self.rows)

    def go(self, length_ms: float, *, seen: bool = True) -> TargetView:
        """Let time pass with a frame every 33 ms."""
        end_ns = self.t_ns + round(length_ms * NS_PER_MS)
        while self.t_ns < end_ns and not self.run.done:
            self.t_ns += FRAME_NS
            self.view = self.run.view(self.t_ns)
            self.run.frame(self.t_ns, self.t_ns // FRAME_NS, EYES if seen else None)
        return self.view


def test_that_the_first_target_leaves_time_to_read_and_the_others_do_not() -> None:
    run = Run(lead_in_ms=2000.0)
    reading = run.go(TRAVEL_MS + 1900)
    assert (reading.index, reading.stage, reading.stage_progress) == (0, "settle", 0.0)
    settling = run.go(250)
    assert settling.stage == "settle" and 0.2 < settling.stage_progress < 1.0
    while run.view.index == 0:
        run.go(33)
    started_ns = run.t_ns
    while run.view.stage != "collect":
        run.go(33)
    assert (run.t_ns - started_ns) / NS_PER_MS == pytest.approx(TRAVEL_MS + SETTLE_MS, abs=70)


def test_that_the_target_waits_for_eyes_that_cannot_be_seen_and_goes_on_by_itself() -> None:
    run = Run()
    run.go(TRAVEL_MS + SETTLE_MS + 100)
    lost = run.go(6 * TIMEOUT_MS, seen=False)
    assert (lost.index, lost.stage, lost.face_lost) == (0, "collect", True)
    run.go(4000)
    assert run.run.done
    assert run.run.not_measured == ()


def test_that_nobody_is_waited_for_without_end() -> None:
    run = Run(max_wait_ms=3000.0)
    run.go(60_000, seen=False)
    assert run.run.done
    assert run.run.not_measured == (0, 1)
    shown_ms = run.t_ns / NS_PER_MS
    assert shown_ms == pytest.approx(2 * (TRAVEL_MS + SETTLE_MS + TIMEOUT_MS) + 3000, abs=200)


def test_that_a_target_asked_for_again_starts_from_its_beginning_where_it_stands() -> None:
    run = Run()
    run.go(TRAVEL_MS + SETTLE_MS + 200)
    assert run.view.progress > 0
    before = (run.view.x_px, run.view.y_px)
    run.run.again(run.t_ns)
    again = run.run.view(run.t_ns)
    assert (again.stage, again.progress, (again.x_px, again.y_px)) == ("settle", 0.0, before)
    run.go(10_000)
    first = [row[0] for row in run.rows if row[3] == run.rows[0][3]]
    assert len(first) == 10  # those before it was asked for are not among them


def test_that_who_has_read_the_explanation_need_not_wait() -> None:
    run = Run(lead_in_ms=6000.0)
    run.go(TRAVEL_MS + 500)
    run.run.again(run.t_ns)
    assert run.go(SETTLE_MS + 70).stage == "collect"


def test_that_nothing_is_begun_again_during_a_pause() -> None:
    run = Run()
    run.go(TRAVEL_MS + SETTLE_MS + 200)
    run.run.hold()
    held = run.run.view(run.t_ns)
    run.run.again(run.t_ns)
    assert run.run.view(run.t_ns) == held
