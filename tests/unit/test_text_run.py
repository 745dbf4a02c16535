"""Lines are marked one by one, frames belong to the line that is read, and what came of it is told."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import N_FEATURES, Row
from ifllm_desktop.domain.scene import ShownResponse
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.gaze.calibration import GazeModel
from ifllm_desktop.session.text_run import LEAD_IN_MS, LEAST_MS, LINE_MS, NO_TEXT_MS, TextRun
from tests.unit.test_text_check import layout

STEP_NS = 33 * NS_PER_MS
SHOWN = ShownResponse("text-check-4", "left", layout([600.0] * 9), 0.0, True)
SETTLE_MS = 400.0


class Told(GazeModel):
    """A calibration whose estimate stands in the features themselves."""

    def predict(self, features: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return features[:, 20:22], np.ones((len(features), 2))


class Reader:
    """Lets 30 frames a second pass; reads what is marked, ``below_px`` too low."""

    def __init__(self, n: int = 3, below_px: float = 0.0, text: ShownResponse | None = SHOWN) -> None:
        self.rows: list[tuple[str, Row]] = []
        self.run = TextRun(n, SETTLE_MS, lambda s, r: self.rows.append((s, r)) or 1, "a-1")  # type: ignore[func-returns-value]
        self.t_ns, self.index, self.below_px = 0, 0, below_px
        if text is not None:
            self.run.set_text(text, 0)

    def pass_time(self, ms: float, *, eyes: bool = True) -> None:
        for _ in range(round(ms / 33)):
            self.t_ns += STEP_NS
            self.index += 1
            view = self.run.view(self.t_ns)
            self.run.frame(self.t_ns, self.index, self.features(view.progress) if eyes and view else None)

    def features(self, progress: float) -> NDArray[np.float64]:
        view = self.run.view(self.t_ns)
        made = np.full(N_FEATURES, 0.5)
        line = view.line_rect if view is not None else None
        if line is not None:  # a line is read in two seconds
            x_px = line.x_px + line.w_px * min(1.0, progress * LINE_MS / 2000)
            made[20:22] = x_px, line.center_px[1] + self.below_px
        return made

    def read_all(self, ms: float = 2500) -> None:
        self.run.again(self.t_ns)
        while not self.run.done:
            self.pass_time(ms)
            self.run.again(self.t_ns)


def test_that_nothing_is_marked_until_the_person_begins_or_the_time_is_over() -> None:
    reader = Reader()
    view = reader.run.view(0)
    assert view is not None and (view.stage, view.kind, view.line_rect, view.point_px) == (
        "intro",
        "line",
        None,
        None,
    )
    reader.pass_time(LEAD_IN_MS - 100)
    assert reader.run.view(reader.t_ns).stage == "intro"  # type: ignore[union-attr]
    reader.pass_time(200)
    view = reader.run.view(reader.t_ns)
    assert view is not None and view.stage == "settle" and view.line_rect is not None
    pressed = Reader()
    pressed.run.again(0)
    assert pressed.run.view(1).line_rect is not None  # type: ignore[union-attr]


def test_that_each_line_is_measured_with_its_own_frames() -> None:
    reader = Reader(3, below_px=9.0)
    reader.read_all()
    outcome = reader.run.outcome(Told(), "c-1")
    assert outcome.ok and outcome.error_y_px == pytest.approx(9.0) and outcome.share_right == 1.0
    assert (outcome.attempt_id, outcome.calibration_id, outcome.response_id) == ("a-1", "c-1", "text-check-4")
    assert [line.target_index for line in outcome.lines] == [0, 1, 2]
    tops = [line.center_y_px for line in outcome.lines]
    assert tops == sorted(tops) and tops[2] - tops[0] > 150
    for line in outcome.lines:
        assert (line.gaze.state, line.how, line.loss, line.nearest_right) == ("read", "key", 0.0, True)
        assert 1500 < (line.t1_ns - line.t0_ns) / NS_PER_MS < 2500
        rows = [row for stream, row in reader.rows if row[3] == line.target_index]
        assert len(rows) == line.gaze.n_frames > 40
        assert all(line.t0_ns <= row[0] <= line.t1_ns and row[5] == line.center_y_px for row in rows)
        assert all(row[1:3] == ("a-1", "text") and math.isnan(row[4]) for row in rows)


def test_that_lines_come_in_another_order_for_another_attempt_and_in_the_same_for_the_same() -> None:
    def order(attempt_id: str) -> list[float]:
        run = TextRun(5, SETTLE_MS, lambda s, r: 1, attempt_id)
        run.set_text(SHOWN, 0)
        run.again(0)
        found, t_ns = [], 0
        while not run.done:
            found.append(run.view(t_ns).y_px)  # type: ignore[union-attr]
            t_ns += 1000 * NS_PER_MS
            run.again(t_ns)
        return found

    assert order("a-1") == order("a-1")
    assert len({tuple(order(f"a-{k}")) for k in range(8)}) > 4


def test_that_a_key_right_after_the_mark_appeared_is_not_taken_for_a_line_that_was_read() -> None:
    reader = Reader()
    reader.run.again(0)
    reader.pass_time(LEAST_MS - 150)
    reader.run.again(reader.t_ns)
    view = reader.run.view(reader.t_ns)
    assert view is not None and view.index == 0


def test_that_a_line_ends_by_itself_when_nobody_presses_a_key() -> None:
    reader = Reader()
    reader.pass_time(LEAD_IN_MS + 3 * (SETTLE_MS + LINE_MS) + 500)
    outcome = reader.run.outcome(Told(), "c-1")
    assert reader.run.done and [line.how for line in outcome.lines] == ["timeout"] * 3


def test_that_a_line_waits_for_eyes_that_are_lost_but_not_for_ever() -> None:
    reader = Reader()
    reader.run.again(0)
    reader.pass_time(SETTLE_MS + 100)
    reader.pass_time(LINE_MS, eyes=False)
    view = reader.run.view(reader.t_ns)
    assert view is not None and view.index == 0 and view.face_lost
    reader.pass_time(200_000, eyes=False)
    outcome = reader.run.outcome(Told(), "c-1")
    assert reader.run.done and (outcome.ok, outcome.reason) == (False, "no_face")
    assert outcome.lines[0].loss > 0.9 and len(reader.rows) < 5


def test_that_lost_frames_are_counted_and_a_blink_takes_the_frames_before_it_along() -> None:
    reader = Reader(3)
    reader.run.again(0)
    reader.pass_time(SETTLE_MS + 1500)
    reader.pass_time(330, eyes=False)
    reader.pass_time(1500)
    reader.read_all()
    (first,) = [line for line in reader.run.outcome(Told(), "c-1").lines if line.loss > 0.05]
    assert 0.08 < first.loss < 0.13


def test_that_a_pause_begins_the_present_line_anew() -> None:
    reader = Reader()
    reader.run.again(0)
    reader.pass_time(2000)
    reader.run.hold()
    reader.t_ns += 60_000 * NS_PER_MS
    reader.run.again(reader.t_ns)
    reader.run.release(reader.t_ns)
    view = reader.run.view(reader.t_ns)
    assert view is not None and (view.index, view.stage) == (0, "settle")
    reader.read_all()
    first = min(reader.run.outcome(Told(), "c").lines, key=lambda line: line.t0_ns)
    assert first.t0_ns > 60_000 * NS_PER_MS


def test_that_a_text_that_is_laid_out_anew_is_marked_from_the_first_line_again() -> None:
    reader = Reader()
    reader.run.again(0)
    reader.pass_time(2500)
    reader.run.again(reader.t_ns)
    reader.run.set_text(SHOWN, reader.t_ns)  # the same: nothing happens
    assert reader.run.view(reader.t_ns).index == 1  # type: ignore[union-attr]
    reader.run.set_text(replace(SHOWN, layout=layout([500.0] * 9)), reader.t_ns)
    view = reader.run.view(reader.t_ns)
    assert view is not None and view.index == 0 and view.right_px - view.x_px == 500.0
    reader.read_all()
    assert all(line.right_px - line.left_px == 500.0 for line in reader.run.outcome(Told(), "c").lines)


def test_that_without_a_text_the_run_ends_with_nothing() -> None:
    reader = Reader(text=None)
    assert reader.run.view(0) is None
    reader.pass_time(NO_TEXT_MS + 100)
    outcome = reader.run.outcome(Told(), "c-1")
    assert reader.run.done and (outcome.ok, outcome.reason, outcome.lines) == (False, "no_text", ())
    assert outcome.to_payload()["error_y_px"] is None


def test_that_eyes_that_rest_on_a_line_have_not_read_it() -> None:
    reader = Reader()
    reader.features = lambda progress: np.full(N_FEATURES, 300.0)  # type: ignore[method-assign]
    reader.read_all()
    outcome = reader.run.outcome(Told(), "c-1")
    assert (outcome.ok, outcome.reason) == (False, "not_read") and math.isnan(outcome.error_y_px)
    assert all(line.gaze.state == "not_read" for line in outcome.lines)
