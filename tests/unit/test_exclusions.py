"""Exclusion sets: rules, choices with a reason, previews, and steps that can be taken back."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifllm_desktop.analysis.exclusions import (
    MAIN_SET,
    ExclusionHistory,
    RuleCount,
    broken_rules,
    decisions,
    preview,
    removed_by,
    rule_of_study,
)
from ifllm_desktop.analysis.session_quality import QualityLimits, SessionQuality
from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.exclusions import ExclusionOperation, ExclusionRule, ExclusionSet
from tests.audit_sessions import quality

LIMITS = QualityLimits()
STUDY = rule_of_study(LIMITS)


class MemoryLog:
    """Implements ``ports.ExclusionLog`` without a disk."""

    def __init__(self) -> None:
        self.steps: list[ExclusionOperation] = []

    def append_exclusion(self, operation: ExclusionOperation) -> None:
        self.steps.append(operation)

    def exclusion_operations(self) -> list[ExclusionOperation]:
        return list(self.steps)


def history(log: MemoryLog | None = None) -> ExclusionHistory:
    log = log or MemoryLog()
    return ExclusionHistory(log, "anna", STUDY, lambda: f"op{len(log.steps)}", lambda: 100 + len(log.steps))


def named(number: int, **changed: object) -> SessionQuality:
    """A quality with some fields changed; ``gaze_consent``, ``loss`` and so on as the dataclass names them."""
    return replace(quality(number), **changed)  # type: ignore[arg-type]


def bad_loss(number: int) -> SessionQuality:
    made = quality(number)
    return replace(made, loss=replace(made.loss, loss=0.5))


def bad_error(number: int, deg: float = 4.0) -> SessionQuality:
    made = quality(number)
    return replace(made, accuracy=replace(made.accuracy, px=deg * 48, deg=deg))


def test_that_the_study_file_makes_the_rule_of_main() -> None:
    wanted = ExclusionRule(max_error_deg=3.5, max_loss=0.15, needs_gaze=True, needs_validation=True)
    assert rule_of_study(LIMITS) == wanted
    assert history().sets() == {MAIN_SET: ExclusionSet(MAIN_SET, STUDY)}


def test_that_each_rule_names_itself() -> None:
    made = quality(1)
    unvalidated = replace(made, accuracy=replace(made.accuracy, px=math.nan, deg=math.nan))
    assert broken_rules(made, STUDY, LIMITS) == ()
    assert broken_rules(bad_loss(1), STUDY, LIMITS) == ("loss",)
    assert broken_rules(bad_error(1), STUDY, LIMITS) == ("accuracy",)
    assert broken_rules(unvalidated, STUDY, LIMITS) == ("not_validated",)
    assert broken_rules(named(1, gaze_consent="no"), STUDY, LIMITS) == ("no_gaze",)
    strict = ExclusionRule(min_rate_hz=1000.0, max_drift_deg=-100.0, min_score=101.0, no_simulated=True)
    video = replace(made, apparatus=replace(made.apparatus, devices="video"))
    simulated = replace(made, apparatus=replace(made.apparatus, devices="simulated"))
    assert "simulated" in broken_rules(video, strict, LIMITS)
    assert broken_rules(simulated, strict, LIMITS) == ("rate", "drift", "score", "simulated")


def test_that_an_error_in_px_is_judged_where_degrees_are_not_known() -> None:
    made = bad_error(1, 4.0)
    unknown = replace(made, accuracy=replace(made.accuracy, deg=math.nan))
    assert broken_rules(unknown, STUDY, LIMITS) == ("accuracy",)
    assert broken_rules(replace(unknown, accuracy=replace(unknown.accuracy, px=100.0)), STUDY, LIMITS) == ()


def test_that_what_was_not_measured_breaks_no_limit() -> None:
    made = quality(1)
    nothing = replace(
        made, loss=replace(made.loss, loss=math.nan, effective_hz=math.nan),
        drift=replace(made.drift, change_deg=math.nan, change_px=math.nan),
    )  # fmt: skip
    rule = ExclusionRule(max_loss=0.0, min_rate_hz=100.0, max_drift_deg=0.0)
    assert broken_rules(nothing, rule, LIMITS) == ()


def test_that_a_choice_goes_before_the_rule_and_keeps_its_reason() -> None:
    made = history()
    made.include(MAIN_SET, quality(1).session_id, " checked by hand ")
    made.exclude(MAIN_SET, quality(2).session_id, "slept")
    found = decisions(made.set_named(MAIN_SET), [bad_loss(1), quality(2), bad_loss(3)], LIMITS)
    first, second, third = (found[quality(k).session_id] for k in (1, 2, 3))
    assert (first.included, first.reason, first.rules) == (True, "checked by hand", ("loss",))
    assert (second.included, second.reason, second.rules) == (False, "slept", ())
    assert (third.included, third.by_rule, third.rules) == (False, True, ("loss",))
    choice = made.set_named(MAIN_SET).choices[quality(2).session_id]
    assert (choice.who, choice.wall_ns) == ("anna", 101)


@pytest.mark.parametrize("reason", ["", "   "])
def test_that_a_decision_needs_a_reason(reason: str) -> None:
    with pytest.raises(DataError, match="exclusion_reason"):
        history().exclude(MAIN_SET, "s1", reason)


def test_that_what_each_rule_removes_is_counted() -> None:
    both = replace(bad_error(3), loss=bad_loss(3).loss)
    made = history()
    made.exclude(MAIN_SET, quality(4).session_id, "slept")
    made.include(MAIN_SET, quality(5).session_id, "fine")
    qualities = [quality(0), bad_loss(1), bad_error(2), both, quality(4), bad_loss(5)]
    found = removed_by(decisions(made.set_named(MAIN_SET), qualities, LIMITS).values())
    assert found == (RuleCount("accuracy", 2, 1), RuleCount("loss", 2, 1), RuleCount("by_hand", 1, 1))


def test_that_a_preview_tells_who_falls_out_and_stores_nothing() -> None:
    log = MemoryLog()
    made = history(log)
    qualities = [quality(0), bad_error(1, 3.0), bad_loss(2)]
    found = preview(made.set_named(MAIN_SET), ExclusionRule(max_error_deg=2.5), qualities, LIMITS)
    assert found.newly_out == (quality(1).session_id,) and found.newly_in == (quality(2).session_id,)
    assert found.counts == (RuleCount("accuracy", 1, 1),)
    assert log.steps == [] and made.set_named(MAIN_SET).rule == STUDY


def test_that_steps_are_taken_back_one_by_one() -> None:
    log = MemoryLog()
    made = history(log)
    assert made.undo(MAIN_SET) is None
    made.set_rule(MAIN_SET, ExclusionRule(max_loss=0.3))
    made.exclude(MAIN_SET, "s1", "slept")
    made.include(MAIN_SET, "s1", "no, awake")
    made.undo(MAIN_SET)
    assert made.set_named(MAIN_SET).choices["s1"].reason == "slept"
    made.undo(MAIN_SET)
    assert made.set_named(MAIN_SET).choices == {}
    made.undo(MAIN_SET)
    assert made.set_named(MAIN_SET).rule == STUDY and made.undo(MAIN_SET) is None
    assert len(log.steps) == 6  # nothing was ever deleted


def test_that_a_set_that_nobody_changed_follows_the_study_file() -> None:
    log = MemoryLog()
    made = history(log)
    made.set_rule(MAIN_SET, ExclusionRule(max_loss=0.3))
    made.undo(MAIN_SET)
    later = ExclusionHistory(log, "anna", ExclusionRule(max_loss=0.2), lambda: "x", lambda: 0)
    assert later.set_named(MAIN_SET).rule == ExclusionRule(max_loss=0.2)


def test_that_sets_have_names_of_their_own() -> None:
    made = history()
    made.make("by hand", None)
    made.exclude("by hand", "s1", "slept")
    assert made.set_named("by hand").rule is None and made.set_named(MAIN_SET).choices == {}
    found = decisions(made.set_named("by hand"), [bad_loss(1)], LIMITS)
    assert found[quality(1).session_id].included
    with pytest.raises(DataError, match="set_exists"):
        made.make(MAIN_SET, None)
    with pytest.raises(DataError, match="set_name"):
        made.make(" ", None)
    with pytest.raises(DataError, match="set_missing"):
        made.set_named("other")
    assert made.by_rule("by hand", "s2") is None
    made.by_rule("by hand", "s1")
    assert made.set_named("by hand").choices == {}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["exclude", "include", "by_rule", "rule"]),
        st.sampled_from(["s1", "s2"]),
        st.floats(0.01, 1),
    ),
    max_size=12,
)


@given(STEPS)
def test_that_undo_leads_back_through_every_state(steps: list[tuple[str, str, float]]) -> None:
    log = MemoryLog()
    made = history(log)
    states = [made.set_named(MAIN_SET)]
    for what, session_id, value in steps:
        if what == "rule":
            done = made.set_rule(MAIN_SET, ExclusionRule(max_loss=value))
        elif what == "by_rule":
            done = made.by_rule(MAIN_SET, session_id)
        else:
            done = getattr(made, what)(MAIN_SET, session_id, f"because {value}")
        if done is not None:
            states.append(made.set_named(MAIN_SET))
    while len(states) > 1:
        assert made.set_named(MAIN_SET) == states.pop()
        assert made.undo(MAIN_SET) is not None
    assert made.set_named(MAIN_SET) == states[0] and made.can_undo(MAIN_SET) is None
