"""Targets are shown in turn, frames are collected where they should be."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import EYE_FEATURES, STREAMS, Row
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.session.frame_gate import GateLimits
from ifllm_desktop.session.target_plans import calibration_targets, validation_targets
from ifllm_desktop.session.target_run import TargetRun, TargetView

SCREEN = Screen(1600, 900)
FRAME_NS = 33 * NS_PER_MS
SCATTER_LIMIT = GateLimits().max_scatter
IRIS_X = EYE_FEATURES.index("iris_a_x")


class Run:
    """A run of targets with frames at 30 Hz; ``eyes`` says what a frame holds."""

    def __init__(
        self, n: int = 9, frames: int = 10, timeout_ms: float = 1000, attempt_id: str = "a-1"
    ) -> None:
        self.rows: list[tuple[str, Row]] = []
        self.targets = calibration_targets(n, SCREEN)
        self.run = TargetRun(
            self.targets, settle_ms=300, collect_frames=frames, timeout_ms=timeout_ms, record=self.record,
            attempt_id=attempt_id, phase="calibration",
        )  # fmt: skip
        self.t_ns = 0
        self.frame_index = 0
        self.views: list[TargetView] = []

    def record(self, stream: str, row: Row) -> int:
        self.rows.append((stream, row))
        return len(self.rows)

    def target(self) -> int:
        """Index of the target that is shown."""
        order = self.run._order
        return order[min(self.views[-1].index, len(order) - 1)]

    def eyes(self) -> NDArray[np.float64] | None:
        return np.full(19, float(self.target()))

    def step(self) -> TargetView:
        self.t_ns += FRAME_NS
        self.frame_index += 1
        self.views.append(self.run.view(self.t_ns))
        self.run.frame(self.t_ns, self.frame_index, self.eyes())
        return self.views[-1]

    def to_end(self, limit: int = 3000) -> None:
        for _ in range(limit):
            if self.run.done:
                return
            self.step()
        raise AssertionError("the run never ended")


# ---- plans ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [5, 9, 13, 16])
def test_that_calibration_plans_have_different_targets_inside_the_screen(n: int) -> None:
    targets = calibration_targets(n, SCREEN)
    assert len(set(targets)) == n
    assert all(40 < x < 1560 and 40 < y < 860 for x, y in targets)
    xs, ys = zip(*targets, strict=True)
    assert (min(xs) + max(xs), min(ys) + max(ys)) == pytest.approx((1600, 900))


@pytest.mark.parametrize(("n", "m"), list(itertools.product([4, 5, 9], [5, 9, 13, 16])))
def test_that_validation_targets_are_never_near_calibration_targets(n: int, m: int) -> None:
    targets = validation_targets(n, SCREEN)
    assert len(set(targets)) == n
    nearest = min(math.dist(a, b) for a in targets for b in calibration_targets(m, SCREEN))
    assert nearest >= 60


# ---- order and stages -------------------------------------------------------------------------------------
def test_that_each_target_gets_its_frames_and_nothing_else() -> None:
    run = Run()
    run.to_end()
    samples = run.run.samples()
    assert samples.features.shape == (90, 19)
    assert np.bincount(samples.target_index).tolist() == [10] * 9
    # the eyes held the index of the target that was shown: nothing from travel or settle came in
    assert (samples.features[:, 0] == samples.target_index).all()
    assert (samples.target_px == np.array(run.targets)[samples.target_index]).all()
    assert samples.n_frames_total == 90
    assert run.run.not_measured == ()
    assert run.run.view(run.t_ns).stage == "done"


def test_that_every_target_travels_then_settles_then_collects() -> None:
    run = Run(n=5)
    run.to_end()
    for place in range(5):
        views = [v for v in run.views if v.index == place]
        stages = [stage for stage, _ in itertools.groupby(v.stage for v in views)]
        assert stages == ["travel", "settle", "collect"]
        assert sum(v.stage == "travel" for v in views) * FRAME_NS == pytest.approx(
            400 * NS_PER_MS, abs=2 * FRAME_NS
        )
        assert sum(v.stage == "settle" for v in views) * FRAME_NS == pytest.approx(
            300 * NS_PER_MS, abs=2 * FRAME_NS
        )
        progress = [v.progress for v in views]
        assert progress == sorted(progress) and progress[0] == 0.0


def test_that_the_target_moves_from_one_place_to_the_next_and_then_stands() -> None:
    run = Run(n=5)
    run.to_end()
    order = run.run._order
    for place in range(1, 5):
        views = [v for v in run.views if v.index == place]
        old, new = run.targets[order[place - 1]], run.targets[order[place]]
        distances = [math.dist((v.x_px, v.y_px), new) for v in views]
        assert distances == sorted(distances, reverse=True)
        assert distances[0] > 0.5 * math.dist(old, new)
        assert {(v.x_px, v.y_px) for v in views if v.stage != "travel"} == {new}


def test_that_the_order_is_seeded_by_the_attempt() -> None:
    def order(attempt_id: str) -> list[int]:
        run = Run(attempt_id=attempt_id)
        run.to_end()
        return [
            index for index, _ in itertools.groupby(r[3] for _, r in sorted(run.rows, key=lambda s: s[1][0]))
        ]

    assert order("a-1") == order("a-1")
    assert len({tuple(order(f"a-{n}")) for n in range(5)}) == 5


# ---- what goes wrong --------------------------------------------------------------------------------------
class WithoutEyesAt(Run):
    """No usable eyes at one target; half as NaN, half as None."""

    lost = 4

    def eyes(self) -> NDArray[np.float64] | None:
        if self.target() == self.lost:
            return None if self.frame_index % 2 else np.full(19, math.nan)
        return super().eyes()


def test_that_a_target_without_eyes_is_not_measured_and_the_run_goes_on() -> None:
    run = WithoutEyesAt()
    run.to_end()
    samples = run.run.samples()
    assert run.run.not_measured == (4,)
    assert set(samples.target_index) == set(range(9)) - {4}
    assert samples.n_frames_total > 80 + 20
    assert {r[3] for _, r in run.rows} == set(range(9)) - {4}
    assert any(v.face_lost for v in run.views) and not run.views[0].face_lost


def test_that_time_alone_ends_a_run_without_any_frame() -> None:
    run = Run(n=5)
    for k in range(200):
        run.run.view(k * 100 * NS_PER_MS)
    assert run.run.done
    samples = run.run.samples()
    assert samples.features.shape == (0, 19) and samples.target_px.shape == (0, 2)
    assert samples.n_frames_total == 0
    assert run.run.not_measured == (0, 1, 2, 3, 4)
    assert run.rows == []


def test_that_half_of_the_frames_are_enough_when_the_time_is_over() -> None:
    run = Run(n=5, frames=40, timeout_ms=1000)  # 30 frames fit into the time
    run.to_end()
    counts = np.bincount(run.run.samples().target_index)
    assert (counts >= 20).all() and (counts < 40).all()


class Scattering(Run):
    """The eyes wander at target 2, the first time or always."""

    always = False

    def eyes(self) -> NDArray[np.float64] | None:
        features = np.full(19, float(self.target()))
        if self.target() == 2 and (self.always or not self.views[-1].repeated):
            features[IRIS_X] += SCATTER_LIMIT * (3 if self.frame_index % 2 else -3)
        return features


def test_that_a_target_whose_frames_scatter_is_repeated_once_at_the_end_and_the_steady_try_is_kept() -> None:
    run = Scattering()
    run.to_end()
    assert run.run.repeated == (2,)
    assert run.views[-1].repeated and run.views[-1].n == 10
    samples = run.run.samples()
    kept = samples.features[samples.target_index == 2]
    assert len(kept) == 10 and (kept == 2.0).all()
    assert samples.n_frames_total == 90


def test_that_less_than_half_of_the_frames_is_not_a_measurement() -> None:
    run = Run(n=5, frames=70, timeout_ms=1000)  # 30 frames fit into the time
    run.to_end()
    assert run.run.not_measured == (0, 1, 2, 3, 4)
    assert run.rows == []
    assert run.run.samples().n_frames_total > 5 * 25


class WorseTheSecondTime(Scattering):
    """The eyes wander at target 2, and more so when it is repeated."""

    def eyes(self) -> NDArray[np.float64] | None:
        features = np.full(19, float(self.target()))
        if self.target() == 2:
            size = SCATTER_LIMIT * (9 if self.views[-1].repeated else 3)
            features[IRIS_X] += size if self.frame_index % 2 else -size
        return features


def test_that_the_first_try_is_kept_when_the_second_is_worse() -> None:
    run = WorseTheSecondTime()
    run.to_end()
    samples = run.run.samples()
    kept = samples.features[samples.target_index == 2][:, IRIS_X]
    assert len(kept) == 10
    assert np.abs(kept - 2).max() == pytest.approx(3 * SCATTER_LIMIT)


def test_that_a_target_is_repeated_only_once() -> None:
    run = Scattering()
    run.always = True
    run.to_end()
    assert run.run.repeated == (2,)
    assert (run.run.samples().target_index == 2).sum() == 10


def test_that_a_pause_starts_the_target_again_and_takes_no_frames() -> None:
    run = Run(n=5)
    while len(run.run._now.frames) < 5:
        run.step()
    run.run.hold()
    for _ in range(300):
        run.step()
    assert run.views[-1].index == 0 and not run.run.done
    run.run.release(run.t_ns)
    run.run.release(run.t_ns + 1)
    assert run.step().stage == "travel"
    held_until_ns = run.t_ns
    run.to_end()
    assert run.run.samples().t_ns.min() > held_until_ns
    assert run.run.not_measured == ()


def test_that_rows_fit_their_stream_and_name_the_frames() -> None:
    run = Run(n=5)
    run.to_end()
    assert {stream for stream, _ in run.rows} == {"target_frame"}
    names = STREAMS["target_frame"].names
    samples = run.run.samples()
    assert len(run.rows) == len(samples.t_ns)
    for (_, row), t_ns, index, target in zip(
        run.rows, samples.t_ns, samples.target_index, samples.target_px, strict=True
    ):
        named = dict(zip(names, row, strict=True))
        assert named["t_ns"] == t_ns == named["frame_index"] * FRAME_NS
        assert (named["attempt_id"], named["phase"], named["target_index"]) == ("a-1", "calibration", index)
        assert (named["target_x_px"], named["target_y_px"]) == tuple(target)
