"""The frames of a calibration, put together from rows of the recording."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.gaze.training_set import CalibrationStep, training_set

STEPS = {
    step.calibration_id: step
    for step in (
        CalibrationStep("c1", "a1"),
        CalibrationStep("c2", "a2", "redo", "c1"),
        CalibrationStep("c3", "a3", "refit", "c2", 3.0),
        CalibrationStep("c4", "a4", "refit", "c3", 2.0),
    )
}


def rows(attempt: str, phase: str, indices: list[int], first_ns: int) -> list[Row]:
    """Two frames per target."""
    return [
        (first_ns + 10 * k + n, attempt, phase, index, 100.0 * index, 1.0, 0)
        for k, index in enumerate(indices)
        for n in range(2)
    ]


STORED = [
    *rows("a1", "calibration", [0, 1, 2], 0),
    *rows("a1", "validation", [0, 1], 100),
    *rows("a2", "redo", [1], 200),
    *rows("a3", "refit", [0, 1], 300),
    *rows("a4", "refit", [0], 400),
    *rows("k1", "drift", [0], 500),
]
FEATURES: dict[int, NDArray[np.float64]] = {row[0]: np.full(19, float(row[0])) for row in STORED}


def test_that_a_full_calibration_has_its_own_frames_and_not_those_of_the_validation() -> None:
    found = training_set("c1", STEPS, STORED, FEATURES)
    assert found.t_ns.tolist() == [0, 1, 10, 11, 20, 21]
    assert found.target_index.tolist() == [0, 0, 1, 1, 2, 2]
    assert (found.features[:, 0] == found.t_ns).all() and (found.target_weight == 1).all()
    assert found.target_px[:, 0].tolist() == [0, 0, 100, 100, 200, 200]


def test_that_a_redone_target_stands_in_place_of_the_old_one() -> None:
    assert training_set("c2", STEPS, STORED, FEATURES).t_ns.tolist() == [0, 1, 200, 201, 20, 21]


def test_that_a_refit_adds_targets_with_weight_and_an_earlier_refit_loses_its_own() -> None:
    third = training_set("c3", STEPS, STORED, FEATURES)
    assert third.target_index.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert third.target_weight.tolist() == [1] * 6 + [3] * 4
    fourth = training_set("c4", STEPS, STORED, FEATURES)
    assert fourth.n_targets == 6
    assert fourth.target_weight.tolist() == [1] * 10 + [2] * 2


def test_that_the_order_of_the_rows_does_not_matter() -> None:
    shuffled = [STORED[k] for k in np.random.default_rng(1).permutation(len(STORED))]
    for one, other in zip(
        training_set("c4", STEPS, STORED, FEATURES),
        training_set("c4", STEPS, shuffled, FEATURES),
        strict=True,
    ):
        assert (np.asarray(one) == np.asarray(other)).all()


def test_that_a_redo_without_frames_keeps_the_old_target() -> None:
    stored = [row for row in STORED if row[1] != "a2"]
    assert training_set("c2", STEPS, stored, FEATURES).t_ns.tolist() == [0, 1, 10, 11, 20, 21]


def test_that_what_is_missing_is_said() -> None:
    with pytest.raises(DataError) as caught:
        training_set("c1", STEPS, STORED, {})
    assert (caught.value.code, caught.value.params["n"]) == ("calibration_frames", 6)
    with pytest.raises(DataError):
        training_set("c9", STEPS, STORED, FEATURES)


def test_that_a_lineage_that_runs_in_circles_is_refused() -> None:
    circle = {"c1": CalibrationStep("c1", "a1", "redo", "c1")}
    with pytest.raises(DataError):
        training_set("c1", circle, STORED, FEATURES)


def test_that_events_of_older_recordings_are_full_calibrations() -> None:
    assert CalibrationStep.of_payload({"calibration_id": "c", "attempt_id": "a"}) == CalibrationStep("c", "a")
