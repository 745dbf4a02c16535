"""Gaze in the participant flow, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from ifllm_desktop.session.snapshot import (
    CalibrationOutcome,
    CalibrationTarget,
    DriftOutcome,
    FlowSnapshot,
    ValidationOutcome,
)
from tests.unit.test_flow import YES, Driver

TARGETS = tuple(CalibrationTarget(k, 0.0, 0.0, 24, state="good") for k in range(9))


class GazeDriver(Driver):
    """At the first calibration; attempts get ids of their own."""

    def __init__(self, **plan: Any) -> None:
        super().__init__(calibration=plan)
        self.n = 0
        for name, *arguments in (("next",), ("consent", YES), ("camera_ready",)):
            self.do(name, *arguments)

    def attempt(self, ok: bool = True, accuracy_px: float = 60.0) -> FlowSnapshot:
        """A calibration with its validation."""
        self.n += 1
        run = self.flow.snapshot.run
        assert run is not None
        kind = "redo" if run.phase == "redo" else "full"
        self.do(
            "calibration_finished",
            CalibrationOutcome(
                f"a-{self.n}", f"c-{self.n}", True, kind=kind, parent_id=run.calibration_id, targets=TARGETS
            ),
        )
        reason = "" if ok else "error_too_large"
        return self.do(
            "validation_finished",
            ValidationOutcome(f"a-{self.n}", f"c-{self.n}", ok, reason, accuracy_px=accuracy_px),
        )

    def check(self, drift_px: float = 20.0, n_frames: int = 24) -> FlowSnapshot:
        """The target of a check was shown; 100 px are too much."""
        run = self.flow.snapshot.run
        assert run is not None
        return self.do(
            "drift_finished",
            DriftOutcome(
                "k", run.calibration_id, n_frames > 0 and drift_px < 100, "", drift_px=drift_px, n_frames=n_frames,
                stage="first" if run.phase == "drift" else "recheck",
            ),
        )  # fmt: skip

    def to_first_task(self) -> FlowSnapshot:
        self.attempt()
        self.do("accept_gaze")
        self.do("next")
        return self.check()


# ---- attempts ---------------------------------------------------------------------------------------------
def test_that_after_the_last_failed_attempt_help_is_offered_with_one_more_try() -> None:
    d = GazeDriver(max_attempts=2)
    assert d.attempt(ok=False).page == "gaze_result"
    d.do("recalibrate")
    snapshot = d.attempt(ok=False)
    assert (snapshot.page, snapshot.help_reason) == ("gaze_help", "attempts_used")
    assert snapshot.help_options == ("help_again", "fewer_claims", "pointer_only")
    assert d.do("help_again").page == "camera_check"
    d.do("camera_ready")
    snapshot = d.attempt(ok=False)
    assert (snapshot.page, snapshot.help_options) == ("gaze_help", ("fewer_claims", "pointer_only"))
    d.refused("help_again")


def test_that_fewer_claims_keeps_the_best_of_the_poor_attempts_and_marks_it() -> None:
    d = GazeDriver(max_attempts=2)
    d.attempt(ok=False, accuracy_px=200.0)
    d.do("recalibrate")
    d.attempt(ok=False, accuracy_px=300.0)
    snapshot = d.do("fewer_claims")
    assert (snapshot.page, snapshot.gaze_in_use, snapshot.gaze_marked) == ("instructions", "c-1", True)
    assert [a.accepted for a in snapshot.attempts] == [True, False]
    assert d.events("gaze_accepted") == [
        {"attempt_id": "a-1", "calibration_id": "c-1", "ok": False, "how": "fewer_claims"}
    ]


@pytest.mark.parametrize("rule", ["pointer_only", "stop"])
def test_that_the_study_may_leave_only_one_way_after_failures(rule: str) -> None:
    d = GazeDriver(max_attempts=1, on_failure=rule)
    snapshot = d.attempt(ok=False)
    assert (snapshot.help_options, snapshot.can_redo, snapshot.can_use) == ((rule,), (), ())
    d.refused("fewer_claims")
    d.refused("redo_target", 0)


def test_that_an_earlier_better_attempt_can_be_taken() -> None:
    d = GazeDriver(max_attempts=3)
    d.attempt(accuracy_px=80.0)
    d.do("recalibrate")
    snapshot = d.attempt(ok=False, accuracy_px=200.0)
    assert (snapshot.page, snapshot.can_use) == ("gaze_result", ("a-1",))
    d.refused("use_attempt", "a-2")
    snapshot = d.do("use_attempt", "a-1")
    assert (snapshot.gaze_in_use, snapshot.gaze_marked, snapshot.page) == ("c-1", False, "instructions")


def test_that_a_redone_target_is_an_attempt_of_its_own_that_does_not_count() -> None:
    d = GazeDriver(max_attempts=1)
    snapshot = d.attempt(ok=False)
    assert snapshot.can_redo == tuple(range(9))
    snapshot = d.do("redo_target", 4)
    assert (snapshot.page, snapshot.attempt) == ("calibration", 1)
    assert snapshot.run is not None
    assert (snapshot.run.phase, snapshot.run.target_index, snapshot.run.calibration_id) == ("redo", 4, "c-1")
    snapshot = d.attempt()
    assert snapshot.page == "gaze_result" and [a.kind for a in snapshot.attempts] == ["full", "redo"]


# ---- drift ------------------------------------------------------------------------------------------------
def test_that_each_task_begins_with_a_check_that_can_be_skipped() -> None:
    d = GazeDriver()
    d.attempt()
    d.do("accept_gaze")
    snapshot = d.do("next")
    assert (snapshot.page, snapshot.task) == ("drift_check", None)
    snapshot = d.do("skip_drift")
    assert (snapshot.page, snapshot.gaze_in_use) == ("task", "c-1")
    assert [e["action"] for e in d.events("drift")] == ["skipped"]


def test_that_a_study_can_do_without_checks() -> None:
    d = GazeDriver(drift={"check": "never"})
    d.attempt()
    d.do("accept_gaze")
    assert d.do("next").page == "task"


@pytest.mark.parametrize(
    ("recheck_px", "action", "in_use", "marked"), [(30.0, "none", "r", False), (150.0, "kept", "r", True),
                                                   (400.0, "reverted", "c-1", True)],
)  # fmt: skip
def test_that_a_refit_stays_when_it_is_better(
    recheck_px: float, action: str, in_use: str, marked: bool
) -> None:
    d = GazeDriver()
    d.attempt()
    d.do("accept_gaze")
    d.do("next")
    snapshot = d.check(300.0)
    assert snapshot.page == "drift_check" and snapshot.run is not None and snapshot.run.phase == "refit"
    assert snapshot.drift is not None and snapshot.drift.drift_px == 300.0
    snapshot = d.do("refit_finished", CalibrationOutcome("a-r", "r", True, kind="refit", parent_id="c-1"))
    assert snapshot.run is not None and (snapshot.run.phase, snapshot.run.calibration_id) == ("recheck", "r")
    snapshot = d.check(recheck_px)
    assert (snapshot.page, snapshot.gaze_in_use, snapshot.gaze_marked) == ("task", in_use, marked)
    assert [e["action"] for e in d.events("drift")] == ["refit", action]


def test_that_a_check_without_eyes_and_a_refit_without_targets_do_not_hold_up_the_session() -> None:
    d = GazeDriver()
    d.attempt()
    d.do("accept_gaze")
    d.do("next")
    assert d.check(n_frames=0).page == "task"
    assert [e["action"] for e in d.events("drift")] == ["not_measured"]
    d.whole_turn()
    d.do("finish_task")
    d.check(300.0)
    failed = CalibrationOutcome("a-r", "r", False, "too_few_targets", kind="refit", parent_id="c-1")
    snapshot = d.do("refit_finished", failed)
    assert (snapshot.page, snapshot.gaze_in_use, snapshot.gaze_marked) == ("task", "c-1", True)


# ---- accidents --------------------------------------------------------------------------------------------
def test_that_a_moved_head_ends_gaze_at_once_and_is_checked_before_the_next_turn() -> None:
    d = GazeDriver()
    d.to_first_task()
    d.open_ratings()
    snapshot = d.do("head_moved", {"shift_mm": 90.0})
    assert (snapshot.page, snapshot.gaze_notice, snapshot.gaze_in_use) == ("task", "head_moved", "")
    assert snapshot.gaze_check_due
    (answer,) = snapshot.answers
    d.do("rate", answer.response_id, 5)
    snapshot = d.do("continue_")
    assert snapshot.page == "drift_check" and snapshot.task is None
    snapshot = d.check()
    assert snapshot.page == "task" and snapshot.task is not None
    assert (snapshot.task.turn_index, len(snapshot.history)) == (1, 1)
    assert (snapshot.gaze_notice, snapshot.gaze_in_use) == ("", "c-1")
    assert d.events("gaze_valid") == [{"calibration_id": "c-1", "how": "checked"}]
    kinds = d.kinds()
    assert kinds.count("turn_start") == kinds.count("turn_end") + 1


def test_that_skipping_the_check_leaves_gaze_off_and_says_so() -> None:
    d = GazeDriver()
    d.to_first_task()
    d.do("head_moved", {})
    d.whole_turn()
    snapshot = d.do("skip_drift")
    assert (snapshot.gaze_notice, snapshot.gaze_in_use, snapshot.gaze_check_due) == ("head_moved", "", True)


def test_that_another_screen_asks_before_the_next_turn_and_old_attempts_are_no_use() -> None:
    d = GazeDriver()
    d.to_first_task()
    d.do("geometry_changed", "screen_changed")
    snapshot = d.whole_turn()
    assert (snapshot.page, snapshot.help_reason) == ("gaze_help", "screen_changed")
    assert snapshot.help_options == ("help_again", "pointer_only")
    d.do("help_again")
    d.do("camera_ready")
    snapshot = d.attempt()
    assert snapshot.can_use == ()
    snapshot = d.do("accept_gaze")
    assert (snapshot.page, snapshot.gaze_in_use, snapshot.gaze_notice) == ("task", "c-2", "")
    assert snapshot.task is not None and snapshot.task.turn_index == 1


def test_that_a_resized_window_can_be_checked_instead_of_calibrated_again() -> None:
    d = GazeDriver()
    d.to_first_task()
    d.do("geometry_changed", "resized")
    snapshot = d.whole_turn()
    assert snapshot.help_options == ("check_gaze", "help_again", "pointer_only")
    assert d.do("check_gaze").page == "drift_check"
    assert d.check().gaze_in_use == "c-1"


def test_that_a_change_during_the_calibration_begins_it_anew_without_counting() -> None:
    d = GazeDriver(max_attempts=1)
    first = d.flow.snapshot.run
    snapshot = d.do("geometry_changed", "resized")
    assert (snapshot.page, snapshot.attempt, snapshot.gaze_notice) == ("calibration", 1, "resized")
    assert snapshot.run is not None and first is not None and snapshot.run.number == first.number + 1
    assert d.attempt().page == "gaze_result"


def test_that_lost_eyes_are_a_notice_that_ends_by_itself() -> None:
    d = GazeDriver()
    d.to_first_task()
    snapshot = d.do("gaze_lost")
    assert (snapshot.gaze_notice, snapshot.gaze_in_use, snapshot.gaze_check_due) == ("gaze_lost", "", False)
    snapshot = d.do("gaze_found")
    assert (snapshot.gaze_notice, snapshot.gaze_in_use) == ("", "c-1")
    assert [e["how"] for e in d.events("gaze_valid")] == ["found"]


def test_that_a_participant_can_ask_for_a_check_before_the_next_turn() -> None:
    d = GazeDriver()
    assert not d.to_first_task().gaze_check_due
    assert d.do("check_gaze").gaze_check_due
    assert d.whole_turn().page == "drift_check"


def test_that_without_gaze_nothing_of_this_comes() -> None:
    d = GazeDriver()
    d.do("without_gaze", "participant")
    d.do("next")
    before = d.flow.snapshot
    for name, *arguments in (
        ("geometry_changed", "resized"),
        ("head_moved", {}),
        ("gaze_lost",),
        ("gaze_found",),
    ):
        assert d.do(name, *arguments) == before
    d.refused("check_gaze")
    assert before.page == "task"
