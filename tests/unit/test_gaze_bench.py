"""The bench: protocol on made data, refusals, and the figures on two real people (skipped where data are missing)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import EYE_FEATURES, N_FEATURES
from ifllm_desktop.gaze import bench
from ifllm_desktop.gaze.bench import BenchRows, bench_report, bench_rows, run_bench

Arrays = dict[str, NDArray[Any]]


def made_rows(n_targets: int = 16, people: tuple[str, ...] = ("a", "b"), noise: float = 0.001) -> BenchRows:
    """Irises follow a grid of targets exactly but for noise."""
    rng = np.random.default_rng(0)
    side = round(n_targets**0.5)
    grid = np.array([(x, y) for y in np.linspace(50, 850, side) for x in np.linspace(50, 1350, side)])
    parts = []
    for _ in people:
        features = np.full((n_targets, N_FEATURES), np.nan)
        features[:, : len(EYE_FEATURES)] = rng.normal(0, noise, (n_targets, len(EYE_FEATURES)))
        for x_column, y_column in ((0, 1), (5, 6)):
            features[:, x_column] += grid[:, 0] / 14_000
            features[:, y_column] += grid[:, 1] / 18_000
        parts.append(features)
    n = len(people)
    return BenchRows(
        np.vstack(parts), np.tile(grid, (n, 1)), np.tile(np.arange(n_targets), n),
        np.repeat(people, n_targets), np.repeat("1", n * n_targets),
    )  # fmt: skip


def test_that_no_tested_target_is_among_those_that_calibrate(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[set[int]] = []

    class Watched(bench.GazeModel):
        def fit(self, features: Any, target_px: Any, target_index: Any, target_weight: Any = None) -> Any:
            fitted.append(set(target_index.tolist()))
            return super().fit(features, target_px, target_index, target_weight)

    monkeypatch.setattr(bench, "GazeModel", Watched)
    result = run_bench(made_rows(), n_points=9, n_draws=4, seed=1)
    tested: dict[tuple[str, int], set[int]] = {}
    for p in result.predictions:
        tested.setdefault((p.participant, p.draw), set()).add(p.target_index)
    assert len(tested) == len(fitted) == 8
    for known, new in zip(fitted, tested.values(), strict=True):
        assert len(known) == 9 and len(new) == 7 and not known & new


def test_that_gaze_is_found_and_the_report_says_by_how_much() -> None:
    result = run_bench(made_rows(), n_points=9, n_draws=6, seed=1)
    report = bench_report(result)
    assert report["n"] == len(result.predictions) == 2 * 6 * 7
    assert 0 < report["median_px"] < 60
    assert report["median_px"] <= report["p90_px"]
    assert set(report["by_person"]) == {"a", "b"} and report["by_person"]["a"]["n"] == 42
    errors = [np.hypot(p.predicted_x_px - p.target_x_px, p.predicted_y_px - p.target_y_px)
              for p in result.predictions]  # fmt: skip
    assert report["median_px"] == pytest.approx(np.median(errors))


def test_that_the_seed_decides_and_other_sessions_do_not() -> None:
    rows = made_rows()
    first = run_bench(rows, 9, 5, seed=3)
    assert run_bench(rows, 9, 5, seed=3).predictions == first.predictions
    assert run_bench(rows, 9, 5, seed=4).predictions != first.predictions
    alone = run_bench(made_rows(people=("a",)), 9, 5, seed=3)
    assert alone.predictions == tuple(p for p in first.predictions if p.participant == "a")


def test_that_few_ways_to_choose_are_all_taken_once() -> None:
    result = run_bench(made_rows(n_targets=16, people=("a",)), n_points=15, n_draws=20, seed=0)
    assert sorted(p.target_index for p in result.predictions) == list(range(16))


def test_that_pictures_of_one_target_are_averaged() -> None:
    rows = made_rows(people=("a",))
    twice = BenchRows(*(np.concatenate([v, v]) for v in (
        rows.features, rows.target_px, rows.target_index, rows.participant, rows.session
    )))  # fmt: skip
    for one, other in zip(
        run_bench(rows, 9, 3, seed=0).predictions, run_bench(twice, 9, 3, seed=0).predictions, strict=True
    ):
        assert (one.draw, one.target_index) == (other.draw, other.target_index)
        assert one.predicted_x_px == pytest.approx(other.predicted_x_px, abs=1e-6)
        assert one.predicted_y_px == pytest.approx(other.predicted_y_px, abs=1e-6)


def test_that_short_sessions_are_named_and_left_out() -> None:
    rows = made_rows()
    rows.features[rows.participant == "b"] = np.nan
    result = run_bench(rows, 9, 2, seed=0)
    assert result.left_out == {"b/1": "only 0 usable targets"}
    assert {p.participant for p in result.predictions} == {"a"}
    assert bench_report(run_bench(rows, 16, 2, seed=0)) == {"n": 0}


def test_that_draws_on_one_row_are_counted_and_the_others_are_used() -> None:
    rows = made_rows(n_targets=9, people=("a",))
    result = run_bench(rows, 3, 84, seed=0)  # each of the 84 ways to take three of nine targets
    assert result.left_out == {"a/1": "6 of 84 draws lie on one row or column"}
    assert {p.draw for p in result.predictions} and len({p.draw for p in result.predictions}) == 78


def test_that_a_target_without_prediction_counts_as_wrong() -> None:
    result = run_bench(made_rows(people=("a",)), 9, 1, seed=0)
    lost = [p.__class__(*(*[getattr(p, n) for n in p.__slots__[:6]], *[float("nan")] * 4))
            for p in result.predictions[:4]]  # fmt: skip
    report = bench_report(bench.BenchResult((*lost, *result.predictions[4:]), {}, {}))
    assert report["n_unpredicted"] == 4 and report["median_px"] == float("inf")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("eye_patches", lambda a: a.pop("eye_patches")),
        ("participant", lambda a: a.update(participant=np.arange(len(a["participant"])))),
        ("landmarks_image_px", lambda a: a.update(landmarks_image_px=a["landmarks_image_px"][:, :468])),
        ("target_screen_px", lambda a: a.update(target_screen_px=a["target_screen_px"][:-1])),
    ],
)
def test_that_files_of_another_form_are_refused_by_name(name: str, change: Callable[[Arrays], Any]) -> None:
    arrays: Arrays = {
        "landmarks_image_px": np.zeros((4, 478, 3), np.float32), "eye_patches": np.zeros((4, 2, 8, 16), np.float32),
        "participant": np.array(list("aabb")), "session": np.array(list("1122")),
        "target_index": np.arange(4), "target_screen_px": np.zeros((4, 2)), "image_size_px": np.full((4, 2), 640),
    }  # fmt: skip
    assert not np.isfinite(bench_rows(arrays, "patch").features).all()
    change(arrays)
    with pytest.raises(DataError, match="bench_array") as caught:
        bench_rows(arrays, "patch")
    assert caught.value.params["name"] == name


@pytest.fixture(scope="module")
def real(ifllm_data: Callable[..., Path]) -> Arrays:
    with np.load(ifllm_data("gaze", "gaze_bench_dev.npz"), allow_pickle=False) as stored:
        return dict(stored)


@pytest.mark.parametrize(
    ("features", "n_points", "limit_px"),
    # asked for: 150, 108, 180. Found with 20 draws: 126, 101, 159; numbers of eye_prior are from these two people,
    # with those of the other person each it is 133, 105, 164
    [("patch", 9, 140), ("patch", 13, 108), ("iris", 9, 172)],
)
def test_that_real_webcam_pictures_are_read_as_well_as_was_found(
    real: Arrays, features: str, n_points: int, limit_px: float
) -> None:
    report = bench_report(run_bench(bench_rows(real, features), n_points, n_draws=6, seed=0))
    assert report["median_px"] < limit_px
    assert report["n_unpredicted"] == 0 and not report["left_out"]
    # the model knows its own error: nominal .683 and .954
    assert 0.62 < report["share_within_1_sd"] < 0.82
    assert 0.90 < report["share_within_2_sd"] < 0.98


def test_that_patches_in_bytes_cost_nothing(real: Arrays) -> None:
    exact = bench_rows(real, "patch")
    patches = np.asarray(real["eye_patches"], dtype=np.float64).reshape(len(exact.features), -1)
    assert (
        np.abs(exact.features[:, len(EYE_FEATURES) :] - patches).max() <= 0.11
    )  # 1/64, but for 8 clipped values
    unrounded = BenchRows(
        np.hstack([exact.features[:, : len(EYE_FEATURES)], patches]),
        exact.target_px, exact.target_index, exact.participant, exact.session,
    )  # fmt: skip
    rounded_px, unrounded_px = (
        bench_report(run_bench(rows, 9, 4, seed=0))["median_px"] for rows in (exact, unrounded)
    )
    assert abs(rounded_px - unrounded_px) < 2
