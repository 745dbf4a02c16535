"""When a validation is within the limits of the study."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.protocol import CalibrationPlan
from ifllm_desktop.session.acceptance import judged
from ifllm_desktop.session.gaze_outcome import ValidationOutcome
from ifllm_desktop.session.target_frames import TargetSamples

KNOWN = Screen(1440, 900, 1.0, 344.0, 215.0, 600.0)
UNKNOWN = Screen(1440, 900)


def outcome(
    error_px: float, screen: Screen = KNOWN, n_targets: int = 5, loss: float = 0.0, **plan: Any
) -> ValidationOutcome:
    """Every gaze point lies ``error_px`` to the right of its target."""
    index = np.repeat(np.arange(n_targets), 10)
    target_px = np.column_stack([400.0 + 100 * index, np.full(len(index), 450.0)])
    samples = TargetSamples(
        np.zeros((len(index), 19)), target_px, index, np.arange(len(index)) * 33_000_000,
        math.ceil(len(index) / (1 - loss)),
    )  # fmt: skip
    gaze_px = target_px + np.array([error_px, 0.0])
    return judged(gaze_px, samples, screen, CalibrationPlan(**plan), "a", "c")


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (outcome(60), ""),
        (outcome(140), "error_too_large"),
        (outcome(60, min_grade="A"), "error_too_large"),
        (outcome(40, min_grade="A"), ""),
        (outcome(400, min_grade="D"), ""),
        (outcome(60, max_error_deg=1.0), "error_too_large"),
        (outcome(60, max_error_deg=1.6), ""),
        (outcome(60, UNKNOWN, max_error_px=50), "error_too_large"),
        (outcome(60, UNKNOWN, max_error_px=70), ""),
        (outcome(60, KNOWN, max_error_px=50), ""),  # degrees are known: px do not count
        (outcome(60, loss=0.3), "too_many_lost"),
        (outcome(60, loss=0.3, max_loss=0.4), ""),
        (outcome(60, n_targets=2), "too_few_targets"),
        (outcome(60, n_targets=2, min_targets=2), ""),
        (outcome(60, n_targets=3, min_targets=4), "too_few_targets"),
    ],
)
def test_that_each_limit_of_the_study_counts(made: ValidationOutcome, reason: str) -> None:
    assert (made.reason, made.ok) == (reason, not reason)
    assert made.grade in "ABCD" and math.isfinite(made.accuracy_px)
