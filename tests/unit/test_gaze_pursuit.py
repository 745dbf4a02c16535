"""Calibration by a moving target: path, lag, what followed, and what it is worth against targets that stand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ifllm_desktop.domain.samples import STREAMS, Row
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.gaze.calibration import GazeModel
from ifllm_desktop.gaze.pursuit import PIECE_NS, followed, pursuit_path, px_per_deg
from ifllm_desktop.session.pursuit_run import PursuitRun
from ifllm_desktop.session.target_plans import calibration_targets, validation_targets
from ifllm_desktop.session.target_run import TargetRun
from tests.simulated_setup import SCREEN, Sitting, nowhere

SPEED_DEG_S = 10.0


def pursuit(record: object = nowhere) -> PursuitRun:
    return PursuitRun(pursuit_path(SCREEN, SPEED_DEG_S, 25.0), 400, record, "a-1")  # type: ignore[arg-type]


# ---- path -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("screen", [SCREEN, Screen(1920, 1080), Screen(1366, 768, 1.0, 310, 174, 550)])
@pytest.mark.parametrize("speed_deg_s", [6.0, 10.0])
def test_that_the_path_has_one_speed_no_corner_and_stays_on_the_screen(
    screen: Screen, speed_deg_s: float
) -> None:
    path = pursuit_path(screen, speed_deg_s, 25.0)
    assert 18 < path.duration_ns / NS_PER_S < 33
    t_ns = np.arange(0, path.duration_ns, 10 * NS_PER_MS)
    places = path.at(t_ns)
    steps = np.diff(places, axis=0)
    speeds = np.hypot(*steps.T) / 0.01 / px_per_deg(screen)
    assert np.allclose(speeds, speed_deg_s, rtol=0.02)
    turns = np.abs(np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))))
    assert np.degrees(turns.max()) < 9  # within 10 ms at the tightest bend: no corner
    assert (places > 0.05 * np.array([screen.w_px, screen.h_px])).all()
    assert (places < 0.95 * np.array([screen.w_px, screen.h_px])).all()
    # every ninth of the screen is visited
    cells = (places // (np.array([screen.w_px, screen.h_px]) / 3)).astype(int)
    assert len({(x, y) for x, y in cells}) == 9
    assert np.allclose(path.at(0), path.at(path.duration_ns), atol=0.5)


# ---- what follows from the frames ---------------------------------------------------------------------------
def test_that_the_lag_of_the_eyes_is_found() -> None:
    errors = []
    for seed in range(1, 9):
        sitting, run = Sitting(seed), pursuit()
        sitting.watch(run)
        errors.append(run.lag_ms - sitting.person._pursuit.lag_ns / NS_PER_MS)
    assert abs(np.median(errors)) < 25
    assert np.std(errors) < 40


def test_that_frames_in_which_the_eyes_did_not_follow_are_left_out() -> None:
    def look(since_ns: int, target: tuple[float, float]) -> tuple[float, float]:
        return (200.0, 700.0) if 9 * NS_PER_S < since_ns < 14 * NS_PER_S else target

    sitting, run = Sitting(4, look=look), pursuit()
    sitting.watch(run)
    samples = run.samples()
    away = (samples.t_ns > 9.5 * NS_PER_S) & (samples.t_ns < 13.5 * NS_PER_S)
    assert away.sum() < 0.15 * 4 * 30
    assert (~away).sum() > 0.7 * 17 * 30
    assert run.targets()[0].n_rejected["unsteady"] > 60
    truthful = Sitting(4)
    steady = pursuit()
    truthful.watch(steady)
    assert (steady._found.piece >= 0).mean() > 0.95  # type: ignore[union-attr]


def test_that_eyes_that_never_follow_give_nothing() -> None:
    sitting, run = Sitting(5, look=lambda _, target: (720.0, 450.0)), pursuit()
    sitting.watch(run)
    assert len(run.samples().t_ns) < 0.3 * run.n_passed


def test_that_too_few_frames_are_no_pursuit() -> None:
    found = followed(pursuit_path(SCREEN, 10.0, 25.0), np.arange(5), np.zeros((5, 19)))
    assert not found.kept.any() and math.isnan(found.correlation)


# ---- the run ----------------------------------------------------------------------------------------------
def test_that_rows_name_the_frames_and_the_place_that_was_looked_at() -> None:
    rows: list[Row] = []

    def record(stream: str, row: Row) -> int:
        assert stream == "target_frame" and len(row) == len(STREAMS[stream].names)
        rows.append(row)
        return 1

    sitting, run = Sitting(2), pursuit(record)
    sitting.watch(run)
    assert rows == run.rows() and {row[2] for row in rows} == {"pursuit"}
    assert len({row[6] for row in rows}) == len(rows)
    path = pursuit_path(SCREEN, SPEED_DEG_S, 25.0)
    start_ns = 800 * NS_PER_MS
    for t_ns, _, _, piece, x_px, y_px, _ in rows[:: len(rows) // 20]:
        wanted = path.at(np.array([t_ns - start_ns - round(run.lag_ms * NS_PER_MS)]))[0]
        assert (x_px, y_px) == pytest.approx(tuple(wanted), abs=0.5)
        assert piece == (t_ns - start_ns) // PIECE_NS
    assert run.view(sitting.t_ns).stage == "done"


def test_that_the_target_stands_during_a_pause_and_goes_on_where_it_stood() -> None:
    run = pursuit()
    for k in range(120):
        run.view(k * 33 * NS_PER_MS)
    before = run.view(4 * NS_PER_S)
    assert before.stage == "collect" and before.kind == "pursuit" and before.phase == "calibration"
    run.hold()
    held = run.view(60 * NS_PER_S)
    assert (held.x_px, held.y_px) == (before.x_px, before.y_px)
    run.release(60 * NS_PER_S)
    settling = run.view(60 * NS_PER_S + 200 * NS_PER_MS)
    assert (settling.x_px, settling.y_px, settling.stage) == (before.x_px, before.y_px, "settle")
    moving = run.view(60 * NS_PER_S + 500 * NS_PER_MS)
    assert moving.stage == "collect"
    assert math.dist((moving.x_px, moving.y_px), (before.x_px, before.y_px)) == pytest.approx(
        0.1 * SPEED_DEG_S * px_per_deg(SCREEN), rel=0.1
    )


def held_out_px(sitting: Sitting, run: TargetRun | PursuitRun) -> float:
    sitting.watch(run)
    samples = run.samples()
    model = GazeModel().fit(samples.features, samples.target_px, samples.target_index)
    check = TargetRun(validation_targets(9, SCREEN), 400, 24, 4000, nowhere, "a-1", "validation")
    sitting.watch(check)
    seen = check.samples()
    gaze_px, _ = model.predict(seen.features)
    errors = [
        math.dist(gaze_px[seen.target_index == k].mean(axis=0), seen.target_px[seen.target_index == k][0])
        for k in np.unique(seen.target_index)
    ]
    return float(np.mean(errors))


def test_that_a_pursuit_is_worth_as_much_as_nine_targets() -> None:
    points, moving = [], []
    for seed in range(1, 9):
        points.append(
            held_out_px(
                Sitting(seed),
                TargetRun(calibration_targets(9, SCREEN), 400, 24, 4000, nowhere, "a-1", "calibration"),
            )
        )
        moving.append(held_out_px(Sitting(seed), pursuit()))
    assert np.mean(moving) < 1.25 * np.mean(points) < 120
