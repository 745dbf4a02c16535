"""Gaze in the participant flow under any order of commands, reports and accidents."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ifllm_desktop.domain.chat import ChatChunk, Finish
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.session import EVENT_KINDS
from ifllm_desktop.session.assignment import assign
from ifllm_desktop.session.flow import ParticipantFlow
from ifllm_desktop.session.gaze_outcome import DRIFT_ACTIONS
from ifllm_desktop.session.ids import SeededIds
from ifllm_desktop.session.snapshot import (
    GAZE_NOTICES,
    HELP_OPTIONS,
    RUN_PHASES,
    CalibrationOutcome,
    CalibrationTarget,
    DriftOutcome,
    FlowSnapshot,
    TextOutcome,
    ValidationOutcome,
)
from tests.unit.test_flow import YES, study, topic

_RUN_PAGES = ("calibration", "validation", "text_check", "drift_check")
_GAZE_PAGES = (*_RUN_PAGES, "camera_check", "gaze_result", "gaze_help")
_ACCIDENTS = ("resized", "moved", "screen_changed", "head_moved", "gaze_lost", "gaze_found")


class GazeMachine(RuleBasedStateMachine):
    """A session with gaze in which anything may go wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str, Row]] = []
        self.t_ns = 0
        self.n_made = 0
        self.n_checked = 0
        self.valid = True
        self.runs_at_boundary: list[str] = []
        self.flow: ParticipantFlow

    @initialize(
        rule_=st.sampled_from(["ask", "ask", "ask", "continue", "pointer_only", "stop"]),
        attempts=st.integers(1, 3), check=st.sampled_from(["each_task", "each_task", "never"]),
        text_lines=st.sampled_from([0, 3]),
    )  # fmt: skip
    def make(self, rule_: str, attempts: int, check: str, text_lines: int) -> None:
        protocol = study(
            calibration={
                "on_failure": rule_,
                "max_attempts": attempts,
                "drift": {"check": check},
                "text_lines": text_lines,
            },
            tasks=[
                {"id": "one", "mode": "single", "turns_min": 1, "turns_max": 3},
                {"id": "two", "mode": "single", "turns_min": 1, "turns_max": 2},
            ],
        )
        topics = {name: topic(name) for name in ("alpha", "beta", "gamma")}
        self.flow = ParticipantFlow(
            protocol, topics, assign(protocol, topics, "P1"), "s-1", self.record, SeededIds(1)
        )
        for name, *arguments in (("begin",), ("next",), ("consent", YES), ("camera_ready",)):
            assert self.call(name, *arguments)

    def record(self, stream: str, row: Row) -> int:
        self.rows.append((stream, row))
        return len(self.rows)

    @property
    def now(self) -> FlowSnapshot:
        return self.flow.snapshot

    def call(self, name: str, *arguments: Any) -> bool:
        self.t_ns += 1_000_000
        before, n_rows = self.flow.snapshot, len(self.rows)
        try:
            getattr(self.flow, name)(self.t_ns, *arguments)
        except BugError:
            assert self.flow.snapshot == before and len(self.rows) == n_rows
            return False
        return True

    # ---- the session: a run ends in one way or another -------------------------------------------------------
    @precondition(lambda self: self.now.run is not None and not self.now.paused)
    @rule(
        ok=st.sampled_from([True, True, False]), error_px=st.floats(1, 900), seen=st.sampled_from([24, 24, 0])
    )
    def run_ends(self, ok: bool, error_px: float, seen: int) -> None:
        run, before = self.now.run, self.now
        assert run is not None
        self.n_made += 1
        if run.phase in ("calibration", "redo", "refit"):
            kind = {"calibration": "full"}.get(run.phase, run.phase)
            outcome = CalibrationOutcome(
                f"a-{self.n_made}", f"c-{self.n_made}", ok, "" if ok else "too_few_targets", kind=kind,
                parent_id=run.calibration_id, targets=tuple(CalibrationTarget(k, 0.0, 0.0) for k in range(5)),
            )  # fmt: skip
            if kind == "refit":
                assert self.call("refit_finished", outcome)
                assert self.now.gaze_in_use != outcome.calibration_id or ok
            else:
                assert self.call("calibration_finished", outcome)
                assert self.now.attempts[-1].attempt_id == outcome.attempt_id
                assert len(self.now.attempts) == len(before.attempts) + 1
        elif run.phase == "validation":
            judged = ValidationOutcome(
                before.attempts[-1].attempt_id,
                run.calibration_id,
                ok,
                accuracy_px=error_px if seen else math.nan,
            )
            assert self.call("validation_finished", judged)
            assert self.now.page in ("gaze_result", "gaze_help")
        elif run.phase == "text":
            assert run.calibration_id == before.gaze_in_use
            assert self.call(
                "text_finished", TextOutcome("a", run.calibration_id, ok, "" if ok else "not_read")
            )
            assert self.now.page in ("instructions", "task", "drift_check")
        else:
            check = DriftOutcome(
                f"k-{self.n_made}", run.calibration_id, ok and seen > 0, drift_px=error_px, n_frames=seen,
                stage="first" if run.phase == "drift" else "recheck",
            )  # fmt: skip
            assert self.call("drift_finished", check)
        too_early = "drift_finished" if run.phase not in ("drift", "recheck") else "validation_finished"
        wrong: Any = DriftOutcome("", "", True) if "drift" in too_early else ValidationOutcome("", "", True)
        assert self.now.page == "text_check" or not self.call("text_finished", TextOutcome("", "", True))
        if self.now.page not in ("validation", "drift_check"):
            assert not self.call(too_early, wrong)

    # ---- the participant -------------------------------------------------------------------------------------
    @precondition(lambda self: self.now.help_options and not self.now.paused)
    @rule(data=st.data())
    def take_help(self, data: st.DataObject) -> None:
        """Whatever the page offers is allowed."""
        option = data.draw(st.sampled_from(self.now.help_options))
        commands: dict[str, tuple[Any, ...]] = {
            "pointer_only": ("without_gaze", "pointer_only"), "stop": ("stop", "calibration_failed"),
        }  # fmt: skip
        assert self.call(*commands.get(option, (option,)))
        assert self.now.gaze_in_use == "" or option in ("fewer_claims", "check_gaze")

    @precondition(lambda self: self.now.can_redo and not self.now.paused)
    @rule(data=st.data())
    def redo(self, data: st.DataObject) -> None:
        index = data.draw(st.sampled_from(self.now.can_redo))
        attempt = self.now.attempt
        assert self.call("redo_target", index)
        assert self.now.run is not None and self.now.run.target_index == index
        assert self.now.attempt == attempt

    @precondition(lambda self: self.now.can_use and not self.now.paused)
    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        attempt_id = data.draw(st.sampled_from(self.now.can_use))
        assert self.call("use_attempt", attempt_id)
        (accepted,) = [a for a in self.now.attempts if a.accepted]
        assert accepted.attempt_id == attempt_id and accepted.calibration is not None
        assert accepted.validation is not None and self.now.gaze_marked is not accepted.validation.ok

    @precondition(lambda self: self.now.page == "gaze_result" and not self.now.paused)
    @rule(again=st.booleans())
    def accept_or_again(self, again: bool) -> None:
        before = self.now
        if again:
            assert self.call("recalibrate") is before.can_recalibrate
        else:
            assert self.call("accept_gaze")
            assert bool(self.now.gaze_in_use) is before.can_accept_gaze or self.now.page == "gaze_help"

    @precondition(lambda self: not self.now.paused)
    @rule(
        name=st.sampled_from(
            ["next", "camera_ready", "skip_drift", "skip_text", "check_gaze", "help_again", "fewer_claims"]
        )
    )
    def try_command(self, name: str) -> None:
        before = self.now
        allowed = self.call(name)
        expected = {
            "next": before.page == "instructions", "camera_ready": before.page == "camera_check",
            "skip_drift": before.page == "drift_check", "skip_text": before.page == "text_check",
            "help_again": "help_again" in before.help_options,
            "fewer_claims": "fewer_claims" in before.help_options,
        }.get(name)  # fmt: skip
        assert expected is None or allowed is (expected and not before.ended)

    @precondition(lambda self: self.now.page in _GAZE_PAGES and not self.now.paused)
    @rule(really=st.integers(0, 9))
    def give_up_gaze(self, really: int) -> None:
        if really == 9:
            assert self.call("without_gaze", "participant")
            assert self.now.page in ("instructions", "task") and not self.now.gaze_in_use

    @precondition(lambda self: self.now.can_submit)
    @rule()
    def whole_turn(self) -> None:
        task = self.now.task
        assert task is not None
        assert self.call("submit", task.suggested_prompt)
        for answer in self.now.answers:
            self.call("chunk", answer.response_id, ChatChunk("text", finish=Finish.STOP))
            self.call("shown", answer.response_id, 4)
            self.call("rate", answer.response_id, 4)
        due = self.now.gaze_check_due
        self.runs_at_boundary = []
        assert self.call("continue_")
        assert not due or self.now.page in ("drift_check", "gaze_help", "finish")

    @precondition(lambda self: self.now.may_finish_task)
    @rule()
    def finish_task(self) -> None:
        self.runs_at_boundary = []
        assert self.call("finish_task")

    # ---- accidents -------------------------------------------------------------------------------------------
    @rule(kind=st.sampled_from(_ACCIDENTS))
    def accident(self, kind: str) -> None:
        before = self.now
        if kind == "head_moved":
            assert self.call("head_moved", {"shift_mm": 90.0})
        elif kind in ("gaze_lost", "gaze_found"):
            assert self.call(kind)
        else:
            assert self.call("geometry_changed", kind)
            if before.gaze_in_use and before.page in ("instructions", "task"):
                assert self.now.gaze_notice == kind and self.now.gaze_check_due
            if before.page in ("calibration", "validation"):
                assert self.now.page == "calibration" and self.now.attempt == max(1, before.attempt)
        if before.gaze_in_use and not self.now.gaze_in_use:
            assert self.now.gaze_notice != ""

    @rule()
    def pause_or_resume(self) -> None:
        assert self.call("resume" if self.now.paused else "pause") is not bool(self.now.ended)

    # ---- what must hold --------------------------------------------------------------------------------------
    @invariant()
    def the_snapshot_is_consistent(self) -> None:
        s = self.now
        assert s.gaze_notice in GAZE_NOTICES and set(s.help_options) <= set(HELP_OPTIONS)
        assert (s.run is not None) is (s.page in _RUN_PAGES)
        assert s.run is None or s.run.phase in RUN_PHASES
        assert bool(s.help_options) is (s.page == "gaze_help")
        assert sum(a.accepted for a in s.attempts) <= 1
        assert [a.number for a in s.attempts] == list(range(1, len(s.attempts) + 1))
        if s.page in ("task", "instructions") and s.gaze_notice:
            assert s.gaze_in_use == ""
        if s.page == "task" and s.gaze_in_use:
            assert any(a.accepted for a in s.attempts)

    @invariant()
    def no_gaze_is_derived_between_invalid_and_valid(self) -> None:
        for stream, row in self.rows[self.n_checked :]:
            if stream != "event":
                continue
            payload = json.loads(row[2])
            assert set(payload) == set(EVENT_KINDS[row[1]])
            if row[1] == "gaze_invalid":
                self.valid = False
            elif row[1] in ("gaze_valid", "gaze_accepted"):
                self.valid = True
            elif row[1] == "drift":
                assert payload["action"] in DRIFT_ACTIONS
                self.runs_at_boundary.append(payload["stage"])
        self.n_checked = len(self.rows)
        if self.now.page in ("task", "instructions"):
            assert self.valid or not self.now.gaze_in_use

    def teardown(self) -> None:
        if hasattr(self, "flow"):
            kinds = [row[1] for stream, row in self.rows if stream == "event"]
            assert kinds.count("session_end") == bool(self.now.ended)


TestGazeFlow = GazeMachine.TestCase
TestGazeFlow.settings = settings(stateful_step_count=60)
