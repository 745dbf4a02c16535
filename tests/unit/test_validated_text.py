"""Lines that were read are evidence for the vertical error of a calibration, and for nothing else."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ifllm_desktop.derive.validated import ValidatedError, validated_errors
from ifllm_desktop.domain.samples import STREAMS
from ifllm_desktop.domain.session import Event

OFF_PX = (20.0, 30.0)


def validation(calibration_id: str = "c-1") -> Event:
    targets = [
        {"x_px": 100.0 * k, "y_px": 100.0, "mean_x_px": 100.0 * k + OFF_PX[0], "mean_y_px": 100.0 + OFF_PX[1],
         "error_px": math.hypot(*OFF_PX)}
        for k in range(4)
    ]  # fmt: skip
    return Event(
        1, "validation", {"calibration_id": calibration_id, "targets": targets, "sd_px": [40.0, 50.0]}
    )


def text(*errors_px: float, state: str = "read", calibration_id: str = "c-1") -> Event:
    lines = [{"error_y_px": error_px, "state": state} for error_px in errors_px]
    return Event(2, "text_validation", {"calibration_id": calibration_id, "lines": lines})


def refit(calibration_id: str = "c-2", parent_id: str = "c-1") -> Event:
    return Event(
        3,
        "calibration",
        {"calibration_id": calibration_id, "parent_id": parent_id, "kind": "refit", "ok": True},
    )


def errors(*events: Event) -> dict[str, ValidatedError]:
    return validated_errors(events, STREAMS["gaze"].empty())


def test_that_lines_add_to_the_vertical_bias_only() -> None:
    plain, found = errors(validation())["c-1"], errors(validation(), text(90.0, -90.0))["c-1"]
    assert plain.bias_px == pytest.approx(OFF_PX)
    assert found.bias_px[0] == pytest.approx(OFF_PX[0]) and found.noise_px == plain.noise_px
    assert found.bias_px[1] == pytest.approx(math.sqrt((4 * 30.0**2 + 2 * 90.0**2) / 6))
    assert found.n_targets == plain.n_targets == 4


def test_that_lines_that_came_out_well_make_it_surer() -> None:
    assert errors(validation(), text(2.0, 0.0, -3.0))["c-1"].bias_px[1] < OFF_PX[1]


@pytest.mark.parametrize("other", [text(), text(300.0, state="not_read"), text(300.0, calibration_id="c-9")])
def test_that_what_was_skipped_not_read_or_read_with_another_calibration_is_no_evidence(other: Event) -> None:
    found: dict[str, Any] = errors(validation(), other)
    assert found["c-1"] == errors(validation())["c-1"] and set(found) == {"c-1"}


def test_that_a_refit_keeps_what_was_read_with_its_parent() -> None:
    found = errors(validation(), text(90.0), refit())
    assert found["c-2"].bias_px == found["c-1"].bias_px
