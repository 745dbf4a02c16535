"""Whatever a participant, a window and a back end do in whatever order, the flow keeps its promises."""

from __future__ import annotations

import copy
import json
from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ifllm_desktop.domain.chat import ChatChunk, Finish
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.samples import STREAMS, TURN_STATES, Row
from ifllm_desktop.domain.session import EVENT_KINDS, Event
from ifllm_desktop.domain.topics import PreparedAnswer, PreparedTurn, Topic
from ifllm_desktop.protocol import StudyProtocol
from ifllm_desktop.session.assignment import assign
from ifllm_desktop.session.flow import ParticipantFlow
from ifllm_desktop.session.ids import SeededIds
from ifllm_desktop.session.snapshot import (
    LOCK_REASONS,
    PAGES,
    AnswerSnapshot,
    CalibrationOutcome,
    DriftOutcome,
    FlowSnapshot,
    TextOutcome,
    ValidationOutcome,
)
from ifllm_desktop.session.turn import ACTIVITY_PLACES

_TEXT_PAGES = (
    "welcome", "consent", "camera_check", "calibration", "gaze_result", "instructions", "finish", "declined",
)  # fmt: skip
_TEXTS = {page: {"title": "T", "body": "B"} for page in _TEXT_PAGES}
_AFTER_GAZE = ("instructions", "task")
_NEXT_PAGES = {
    "": {"welcome"},
    "welcome": {"consent"},
    "consent": {"camera_check", "instructions", "declined"},
    "camera_check": {"calibration", *_AFTER_GAZE},
    "calibration": {"calibration", "validation", "gaze_result", "gaze_help", *_AFTER_GAZE},
    "validation": {"calibration", "gaze_result", "gaze_help", *_AFTER_GAZE},
    "gaze_result": {"calibration", "gaze_help", "text_check", *_AFTER_GAZE},
    "text_check": {"gaze_help", *_AFTER_GAZE},
    "gaze_help": {"camera_check", "calibration", "drift_check", "gaze_help", "text_check", *_AFTER_GAZE},
    "instructions": {"drift_check", "gaze_help", "task"},
    "drift_check": {"gaze_help", *_AFTER_GAZE},
    "task": {"drift_check", "gaze_help"},
    "finish": set[str](),
    "declined": set[str](),
}
_COMMANDS: dict[str, st.SearchStrategy[tuple[Any, ...]]] = {
    "begin": st.just(()),
    "next": st.just(()),
    "consent": st.tuples(st.fixed_dictionaries({"gaze": st.booleans(), "pointer": st.booleans()})),
    "camera_ready": st.just(()),
    "without_gaze": st.just(("test",)),
    "calibration_finished": st.tuples(
        st.builds(CalibrationOutcome, st.just("a"), st.just("c"), st.booleans())
    ),
    "validation_finished": st.tuples(st.builds(ValidationOutcome, st.just("a"), st.just("c"), st.booleans())),
    "accept_gaze": st.just(()),
    "recalibrate": st.just(()),
    "redo_target": st.tuples(st.integers(0, 3)),
    "use_attempt": st.just(("a",)),
    "help_again": st.just(()),
    "fewer_claims": st.just(()),
    "check_gaze": st.just(()),
    "skip_drift": st.just(()),
    "skip_text": st.just(()),
    "text_finished": st.tuples(st.builds(TextOutcome, st.just("a"), st.just("c"), st.booleans())),
    "drift_finished": st.tuples(st.builds(DriftOutcome, st.just("k"), st.just("c"), st.booleans())),
    "refit_finished": st.tuples(st.builds(CalibrationOutcome, st.just("a"), st.just("r"), st.booleans())),
    "submit": st.tuples(st.sampled_from(["ask 0", "ask 1", "ask 2", "mine"])),
    "rate": st.tuples(st.integers(0, 1), st.integers(0, 8)),
    "retry": st.tuples(st.integers(0, 1)),
    "prefer": st.tuples(
        st.sampled_from(["left", "right", "tie", "both_bad", "A"]), st.sampled_from([None, 1, 2])
    ),
    "continue_": st.just(()),
    "finish_task": st.just(()),
    "pause": st.just(()),
    "resume": st.just(()),
}


def _flow(history: str, record: Any) -> ParticipantFlow:
    turns = tuple(
        PreparedTurn(f"ask {n}", (PreparedAnswer("m1", "", f"a{n}"), PreparedAnswer("m2", "", f"b{n}")))
        for n in range(3)
    )
    topics = {name: Topic(name, name, name, turns) for name in "abc"}
    protocol = StudyProtocol.model_validate(
        {
            "schema_version": 1, "id": "study", "title": "Study", "language": "en", "seed": 7, "texts": _TEXTS,
            "consent": [
                {"scope": "gaze", "title": "G", "text": "…"},
                {"scope": "pointer", "needed": True, "title": "P", "text": "…"},
            ],
            "calibration": {"text_lines": 3},
            "rating": {"question": "?", "low": "low", "high": "high"}, "preference": {"question": "?"},
            "models": [{"name": "m1"}, {"name": "m2"}], "history": history,
            "tasks": [
                {"id": "two", "mode": "pair", "turns_min": 1, "turns_max": 3},
                {"id": "one", "mode": "single", "turns_max": 1},
            ],
        }
    )  # fmt: skip
    return ParticipantFlow(protocol, topics, assign(protocol, topics, "P1"), "s-1", record, SeededIds(1))


class FlowMachine(RuleBasedStateMachine):
    """Random commands, sensible or not, with a back end that may fail in any way."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str, Row]] = []
        self.t_ns = 0
        self.seen: list[tuple[FlowSnapshot, FlowSnapshot]] = []
        self.asked: list[str] = []
        self.unfinished: list[str] = []
        self.sent: Counter[str] = Counter()
        self.n_checked = 0
        self.flow: ParticipantFlow

    @initialize(
        history=st.sampled_from(["separate", "winner", "shared"]), begun=st.sampled_from([True, True, False])
    )
    def make(self, history: str, begun: bool) -> None:
        self.flow = _flow(history, self.record)
        if begun:  # half of the runs start where the interesting part is
            for name, *arguments in (
                ("begin",), ("next",), ("consent", {"gaze": False, "pointer": True}), ("next",),
            ):  # fmt: skip
                self.call(name, *arguments)

    def record(self, stream: str, row: Row) -> int:
        self.rows.append((stream, row))
        return len(self.rows)

    def call(self, name: str, *arguments: Any) -> bool:
        """Give a command; returns whether it was allowed. A refused one must leave no trace."""
        self.t_ns += 1_000_000
        before, n_rows = self.flow.snapshot, len(self.rows)
        try:
            snapshot = getattr(self.flow, name)(self.t_ns, *arguments)
        except BugError:
            assert self.flow.snapshot == before
            assert len(self.rows) == n_rows
            return False
        assert snapshot == self.flow.snapshot
        self.check_snapshot(snapshot)
        self.seen = [*self.seen[-5:], (snapshot, copy.copy(snapshot))]
        if snapshot.requests and name in ("submit", "retry"):
            self.asked += [r.response_id for r in snapshot.requests]
            self.unfinished += [r.response_id for r in snapshot.requests]
            contexts = {r.messages for r in snapshot.requests}
            assert len(contexts) == 1 or snapshot.study.history == "separate"
        elif name in _COMMANDS:
            assert not snapshot.requests
        self.unfinished = [r for r in self.unfinished if r not in snapshot.cancels]
        return True

    def answer(self, place: int) -> AnswerSnapshot | None:
        answers = self.flow.snapshot.answers
        return answers[place] if place < len(answers) else None

    # ---- what may happen -----------------------------------------------------------------------------------
    @rule(data=st.data(), name=st.sampled_from(sorted(_COMMANDS)))
    def any_command(self, data: st.DataObject, name: str) -> None:
        arguments = data.draw(_COMMANDS[name])
        if name in ("rate", "retry"):
            answer = self.answer(arguments[0])
            arguments = (answer.response_id if answer is not None else "r-none", *arguments[1:])
        before = self.flow.snapshot
        allowed = self.call(name, *arguments)
        if before.paused or before.ended:
            assert allowed is (name == "resume" and before.paused)
        elif name == "continue_":
            assert allowed is before.can_continue
        elif name == "finish_task":
            assert allowed is before.may_finish_task
        elif name == "recalibrate":
            assert allowed is before.can_recalibrate
        elif name == "redo_target":
            assert allowed is (arguments[0] in before.can_redo)
        elif name == "use_attempt":
            assert allowed is (arguments[0] in before.can_use)
        elif name in ("help_again", "fewer_claims"):
            assert allowed is (name in before.help_options)
        elif name in ("rate", "prefer"):
            assert before.ratings_open or not allowed
        elif name == "submit":
            assert before.task is not None or not allowed
            assert before.task is None or allowed is (
                before.can_submit and arguments[0] == before.task.suggested_prompt
            )

    @precondition(lambda self: self.flow.snapshot.can_submit)
    @rule()
    def send(self) -> None:
        task = self.flow.snapshot.task
        assert task is not None
        assert self.call("submit", task.suggested_prompt)

    @precondition(lambda self: self.unfinished)
    @rule(
        data=st.data(), text=st.sampled_from(["", "word ", "🌱"]),
        finish=st.sampled_from([None, None, Finish.STOP, Finish.STOP, Finish.CUT, Finish.ERROR, Finish.LENGTH]),
    )  # fmt: skip
    def deliver(self, data: st.DataObject, text: str, finish: Finish | None) -> None:
        response_id = data.draw(st.sampled_from(self.unfinished))
        assert self.call("chunk", response_id, ChatChunk(text, finish=finish))
        self.sent[response_id] += len(text)
        if finish is not None:
            self.unfinished.remove(response_id)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def deliver_late(self, data: st.DataObject) -> None:
        response_id = data.draw(st.sampled_from(self.asked))
        if response_id not in self.unfinished:
            n_rows = len(self.rows)
            assert self.call("chunk", response_id, ChatChunk("late", finish=Finish.STOP))
            assert len(self.rows) == n_rows

    @precondition(lambda self: self.flow.snapshot.answers)
    @rule(place=st.integers(0, 1), n_source=st.integers(0, 30))
    def show(self, place: int, n_source: int) -> None:
        answer = self.answer(place)
        if answer is not None:
            assert self.call("shown", answer.response_id, n_source)

    @precondition(lambda self: self.flow.snapshot.answers)
    @rule()
    def show_all(self) -> None:
        for answer in self.flow.snapshot.answers:
            assert self.call("shown", answer.response_id, 10**6)

    @precondition(lambda self: self.unfinished)
    @rule()
    def finish_all(self) -> None:
        for answer in self.flow.snapshot.answers:
            if answer.finish is None:
                assert self.call(
                    "chunk", answer.response_id, ChatChunk(f"done {answer.side}", finish=Finish.STOP)
                )
                self.unfinished.remove(answer.response_id)

    @precondition(lambda self: any(a.failed for a in self.flow.snapshot.answers))
    @rule()
    def ask_again(self) -> None:
        before = self.flow.snapshot
        failed = next(a for a in before.answers if a.failed)
        assert self.call("retry", failed.response_id) is not before.paused

    @precondition(lambda self: self.flow.snapshot.ratings_open and not self.flow.snapshot.paused)
    @rule(choice=st.sampled_from(["left", "right", "tie", "both_bad"]))
    def vote_and_continue(self, choice: str) -> None:
        for answer in self.flow.snapshot.answers:
            assert self.call("rate", answer.response_id, 4)
        if len(self.flow.snapshot.answers) == 2:
            assert self.call("prefer", choice, 1 if choice in ("left", "right") else None)
        assert self.call("continue_")

    @precondition(lambda self: self.flow.snapshot.can_submit)
    @rule(choice=st.sampled_from(["left", "right", "tie", "both_bad"]))
    def whole_turn(self, choice: str) -> None:
        self.send()
        self.finish_all()
        self.show_all()
        self.vote_and_continue(choice)

    @rule()
    def pause_or_resume(self) -> None:
        before = self.flow.snapshot
        allowed = self.call("resume" if before.paused else "pause")
        assert allowed is bool(before.paused or (not before.ended and self.rows))

    @precondition(lambda self: self.flow.snapshot.page not in ("finish", "declined"))
    @rule(where=st.sampled_from(ACTIVITY_PLACES))
    def do_something(self, where: str) -> None:
        assert self.call("activity", where)

    @rule(has_focus=st.booleans())
    def change_focus(self, has_focus: bool) -> None:
        assert self.call("focus", has_focus)
        snapshot = self.flow.snapshot
        if snapshot.turn_state and not snapshot.paused:
            assert (snapshot.turn_state == "away") is not has_focus

    @rule(seconds=st.integers(0, 40))
    def wait(self, seconds: int) -> None:
        self.t_ns += seconds * 10**9
        assert self.call("tick")

    @precondition(lambda self: self.rows and not self.flow.snapshot.ended)
    @rule(name=st.sampled_from(["stop", "decline"]), really=st.integers(0, 15))
    def leave(self, name: str, really: int) -> None:
        if really == 15:
            before = self.flow.snapshot
            arguments = ("test",) if name == "stop" else ()
            allowed = self.call(name, *arguments)
            assert allowed is (name == "stop" or (before.page == "consent" and not before.paused))

    # ---- what must hold --------------------------------------------------------------------------------------
    @invariant()
    def rows_are_valid(self) -> None:
        for stream, row in self.rows[self.n_checked :]:
            assert stream in ("event", "chunk", "state")
            assert len(row) == len(STREAMS[stream].names)
            if stream == "event":
                assert set(json.loads(row[2])) == set(EVENT_KINDS[row[1]])
                assert Event.from_row(*row).to_row() == row
            if stream == "state":
                assert row[2] in TURN_STATES
        self.n_checked = len(self.rows)

    @invariant()
    def the_snapshot_is_consistent(self) -> None:
        self.check_snapshot(self.flow.snapshot)

    def check_snapshot(self, s: FlowSnapshot) -> None:
        assert s.page in PAGES and s.lock_reason in LOCK_REASONS
        assert 0 <= s.step <= s.n_steps
        assert (s.page in ("finish", "declined")) is bool(s.ended)
        assert (s.task is not None) is (s.page == "task") is bool(s.turn_state)
        assert s.ratings_open is (s.lock_reason == "")
        if s.ratings_open:
            assert s.answers and all(a.complete and a.n_shown == len(a.text) for a in s.answers)
        if s.can_continue:
            assert s.ratings_open and all(a.rating is not None for a in s.answers)
            assert s.preference is not None or len(s.answers) == 1
        if s.turn_state in ("reading", "comparing", "rating"):
            assert s.answers and all(a.finish is not None for a in s.answers)
        if s.paused and s.task is not None:
            assert s.turn_state == "away"

    @invariant()
    def earlier_snapshots_have_not_changed(self) -> None:
        for snapshot, copied in self.seen:
            assert snapshot == copied

    def events(self) -> list[Event]:
        return [Event.from_row(*row) for stream, row in self.rows if stream == "event"]

    def teardown(self) -> None:
        if not hasattr(self, "flow"):
            return
        events = self.events()
        page = ""
        for event in events:
            if event.kind == "page":
                new = event.payload["page"]
                assert new in _NEXT_PAGES[page] | {"finish"}
                page = new
        kinds = [event.kind for event in events]
        assert kinds.count("session_end") == bool(self.flow.snapshot.ended)
        assert "session_end" not in kinds[:-1]
        self.check_turns(events)

    def check_turns(self, events: list[Event]) -> None:
        """Ratings and votes stand between the opening and the end of their own turn, about its own answers."""
        turn_id, is_open, counting, paused = "", False, set[str](), False
        ended: Counter[str] = Counter()
        for event in events:
            p = event.payload
            if event.kind in ("pause", "resume"):
                paused = event.kind == "pause"
            elif event.kind in ("rating_open", "rating", "preference", "turn_start", "submit"):
                assert not paused, f"{event.kind} while paused"
            if event.kind == "turn_start":
                turn_id, is_open, counting = p["turn_id"], False, set()
            elif event.kind == "submit":
                assert p["turn_id"] == turn_id and not is_open
                counting = {r["response_id"] for r in p["responses"]}
            elif event.kind == "rating_open":
                assert p["turn_id"] == turn_id and not is_open and counting
                is_open = True
            elif event.kind in ("rating", "preference"):
                assert is_open and p["turn_id"] == turn_id
                assert event.kind == "preference" or p["response_id"] in counting
            elif event.kind == "response_end":
                ended[p["response_id"]] += 1
                assert p["finish"] != "stop" or p["text"].strip()
        assert all(n == 1 for n in ended.values())
        assert len({e.payload["turn_id"] for e in events if e.kind == "turn_start"}) == sum(
            e.kind == "turn_start" for e in events
        )


TestFlow = FlowMachine.TestCase
TestFlow.settings = settings(stateful_step_count=80)
