"""The quality of a session as JSON and back."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifllm_desktop.analysis.quality_values import QUALITY_VERSION
from ifllm_desktop.analysis.session_quality import (
    Apparatus,
    Attempt,
    QualityLimits,
    QualityScore,
    ScorePart,
    SessionQuality,
    TargetError,
    Trace,
)
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.protocol import load_protocol
from ifllm_desktop.reading.support import LevelSupport
from ifllm_desktop.resource_files import resource_path


def some_quality() -> SessionQuality:
    """One with something in every kind of field."""
    target = TargetError(3, 100.0, 200.0, 5.0, -2.5, math.hypot(5.0, 2.5))
    attempt = Attempt("a", "c", 1, 1.5, "full", "points", True, True, "", 9, 40.0, targets=(target,))
    part = ScorePart("loss", 0.1, "", 0.02, 0.15, 9.6, 25.0, False, "")
    return SessionQuality(
        "s", "P1", 1, "finished", 2**62, 1, False, 12.5, "yes", Apparatus(devices="simulated"), Screen(1440.0, 900.0),
        attempts=(attempt,), main_attempt="a", grid=(5, 4), support=(LevelSupport("line", 0.4, "probable"),),
        score=QualityScore(80.0, (part,)), trace=Trace((0.0, 1.0), (1.0, math.nan)),
    )  # fmt: skip


def test_that_quality_comes_back_from_strict_json_as_it_was() -> None:
    made = some_quality()
    text = json.dumps(made.to_json(), allow_nan=False)
    again = SessionQuality.from_json(json.loads(text))
    assert json.dumps(again.to_json()) == text
    assert again.targets == made.targets and again.created_wall_ns == made.created_wall_ns
    assert math.isnan(again.trace.x_px[1]) and math.isnan(again.accuracy.px)


NUMBERS = st.floats(allow_nan=True, allow_infinity=False)


@given(
    st.lists(st.tuples(st.integers(0, 99), NUMBERS, NUMBERS, NUMBERS), max_size=4), st.text(), st.booleans()
)
def test_that_any_figures_survive_strict_json(
    rows: list[tuple[int, float, float, float]], reason: str, accepted: bool
) -> None:
    targets = tuple(TargetError(k, x, y, error_px=error) for k, x, y, error in rows)
    attempt = Attempt(
        "a", "c", 1, 0.0, "full", "points", accepted, True, reason, 9, math.nan, targets=targets
    )
    made = replace(some_quality(), attempts=(attempt,))
    text = json.dumps(made.to_json(), allow_nan=False)
    again = SessionQuality.from_json(json.loads(text))
    # NaN is not equal to itself, so the values are compared as they print
    assert repr(again) == repr(made)


def test_that_what_is_not_measured_is_null_and_never_zero() -> None:
    values = some_quality().to_json()
    assert (
        values["accuracy"]["px"] is None
        and values["loss"]["loss"] is None
        and values["head"]["shift_cm"] is None
    )
    assert values["accuracy"]["reason"] == "not_validated"


@pytest.mark.parametrize(
    "broken", [{"version": QUALITY_VERSION + 1}, {}, {"version": QUALITY_VERSION, "number": "1"}]
)
def test_that_other_versions_and_wrong_types_are_refused(broken: dict[str, object]) -> None:
    values = {**some_quality().to_json(), **broken} if broken else {}
    with pytest.raises((ValueError, TypeError)):
        SessionQuality.from_json(values)


def test_that_the_demo_study_spells_out_the_defaults() -> None:
    assert QualityLimits.of(load_protocol(resource_path("studies", "demo"))) == QualityLimits()


def test_that_every_limit_changes_the_key_of_the_cache() -> None:
    keys = {
        QualityLimits().key,
        replace(QualityLimits(), columns=6).key,
        replace(QualityLimits(), supported=0.9).key,
    }
    assert len(keys) == 3 and QualityLimits().key == QualityLimits().key


def test_that_degrees_are_known_only_with_size_and_distance() -> None:
    unknown = some_quality()
    known = replace(unknown, screen=Screen(1440.0, 900.0, w_mm=344.0, h_mm=215.0, distance_mm=600.0))
    zero = replace(unknown, screen=Screen(0.0, 0.0, w_mm=344.0, h_mm=215.0, distance_mm=600.0))
    assert known.screen_known and not unknown.screen_known and not zero.screen_known
