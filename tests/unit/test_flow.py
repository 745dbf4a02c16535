"""Rules of the participant flow, one by one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ifllm_desktop.domain.chat import ChatChunk, ChatRequest, Finish, Role
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.session import Event
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.domain.topics import PreparedAnswer, PreparedTurn, Topic
from ifllm_desktop.protocol import StudyProtocol
from ifllm_desktop.session.assignment import assign
from ifllm_desktop.session.flow import ParticipantFlow
from ifllm_desktop.session.ids import SeededIds
from ifllm_desktop.session.snapshot import (
    CalibrationOutcome,
    DriftOutcome,
    FlowSnapshot,
    Preference,
    ValidationOutcome,
)

PAGE_TEXT = {"title": "T", "body": "B"}
YES = {"gaze": True, "pointer": True, "sharing": False}
GOOD = CalibrationOutcome("a-1", "c-1", ok=True, n_targets=9, loo_error_px=60.0)
BAD = CalibrationOutcome("a-1", "c-1", ok=False, reason="no_face")
STILL = DriftOutcome("k-1", "c-1", ok=True, drift_px=20.0, threshold_px=60.0, n_frames=24)
JUDGED = ValidationOutcome("a-1", "c-1", ok=True, grade="B", accuracy_px=55.0)


def study(**changes: Any) -> StudyProtocol:
    """A small study with one single and one pair task."""
    pages = (
        "welcome",
        "consent",
        "camera_check",
        "calibration",
        "gaze_result",
        "instructions",
        "finish",
        "declined",
    )
    data: dict[str, Any] = {
        "schema_version": 1, "id": "study", "title": "Study", "language": "en", "seed": 7,
        "texts": dict.fromkeys(pages, PAGE_TEXT),
        "consent": [
            {"scope": "gaze", "title": "Gaze", "text": "…"},
            {"scope": "pointer", "needed": True, "title": "Pointer", "text": "…"},
            {"scope": "sharing", "title": "Sharing", "text": "…"},
        ],
        "rating": {"question": "How helpful is {letter}?", "scale": 7, "low": "low", "high": "high"},
        "preference": {"question": "Which?"},
        "models": [{"name": "m1"}, {"name": "m2"}],
        "tasks": [
            {"id": "one", "mode": "single", "turns_min": 1, "turns_max": 2},
            {"id": "two", "mode": "pair", "turns_min": 2, "turns_max": 3},
        ],
    }  # fmt: skip
    return StudyProtocol.model_validate(data | changes)


def topic(name: str) -> Topic:
    """Three turns, an answer of each model."""
    turns = tuple(
        PreparedTurn(
            f"{name} prompt {n}",
            (
                PreparedAnswer("m1", "better", f"{name} m1 {n}"),
                PreparedAnswer("m2", "worse", f"{name} m2 {n}"),
            ),
        )
        for n in range(3)
    )
    return Topic(name, name.title(), "…", turns)


class Driver:
    """A flow with a clock that moves 10 ms per command, and everything that it wrote."""

    def __init__(self, **changes: Any) -> None:
        protocol = study(**changes)
        self.topics = {name: topic(name) for name in ("alpha", "beta", "gamma")}
        self.rows: list[tuple[str, Row]] = []
        self.t_ns = 0
        self.flow = ParticipantFlow(
            protocol, self.topics, assign(protocol, self.topics, "P1"), "s-1", self.record, SeededIds(1)
        )
        self.flow.begin(0)

    def record(self, stream: str, row: Row) -> int:
        self.rows.append((stream, row))
        return len(self.rows)

    def do(self, name: str, *arguments: Any, after_ns: int = 10 * NS_PER_MS) -> FlowSnapshot:
        self.t_ns += after_ns
        snapshot = getattr(self.flow, name)(self.t_ns, *arguments)
        assert isinstance(snapshot, FlowSnapshot)
        assert snapshot == self.flow.snapshot
        return snapshot

    def refused(self, name: str, *arguments: Any) -> None:
        n_rows = len(self.rows)
        with pytest.raises(BugError) as caught:
            self.do(name, *arguments)
        assert caught.value.code == "flow_command"
        assert len(self.rows) == n_rows, "a refused command wrote something"

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(row[2]) for stream, row in self.rows if stream == "event" and row[1] == kind]

    def kinds(self) -> list[str]:
        return [row[1] for stream, row in self.rows if stream == "event"]

    def states(self) -> list[str]:
        return [row[2] for stream, row in self.rows if stream == "state"]

    def to_task(self, mode: str = "single") -> FlowSnapshot:
        self.do("next")
        self.do("consent", YES | {"gaze": False})
        snapshot = self.do("next")
        if mode == "pair":
            self.whole_turn()
            snapshot = self.do("finish_task")
        return snapshot

    def submit(self) -> tuple[ChatRequest, ...]:
        task = self.flow.snapshot.task
        assert task is not None
        return self.do("submit", task.suggested_prompt).requests

    def answer(self, request: ChatRequest, text: str = "", finish: Finish = Finish.STOP) -> FlowSnapshot:
        prepared = self.topics[request.topic_id].turns[request.turn_index].answer(request.model)
        assert prepared is not None
        self.do("chunk", request.response_id, ChatChunk(text or prepared.text))
        return self.do("chunk", request.response_id, ChatChunk("", finish=finish))

    def show_all(self) -> FlowSnapshot:
        snapshot = self.flow.snapshot
        for answer in snapshot.answers:
            snapshot = self.do("shown", answer.response_id, len(answer.text))
        return snapshot

    def open_ratings(self) -> FlowSnapshot:
        for request in self.submit():
            self.answer(request)
        return self.show_all()

    def whole_turn(self, choice: str = "left") -> FlowSnapshot:
        snapshot = self.open_ratings()
        for answer in snapshot.answers:
            self.do("rate", answer.response_id, 5)
        if len(snapshot.answers) == 2:
            self.do("prefer", choice, 1 if choice in ("left", "right") else None)
        return self.do("continue_")


# ---- pages ----------------------------------------------------------------------------------------------
def test_that_a_session_with_gaze_passes_every_page_in_order() -> None:
    d = Driver()
    for name, *arguments in (
        ("next",), ("consent", YES), ("camera_ready",), ("calibration_finished", GOOD),
        ("validation_finished", JUDGED), ("accept_gaze",), ("next",),
    ):  # fmt: skip
        d.do(name, *arguments)
    d.do("drift_finished", STILL)
    d.whole_turn()
    d.whole_turn()
    d.do("drift_finished", STILL)
    for _ in range(3):
        d.whole_turn()
    snapshot = d.flow.snapshot
    assert [e["page"] for e in d.events("page")] == [
        "welcome", "consent", "camera_check", "calibration", "validation", "gaze_result", "instructions",
        "drift_check", "task", "drift_check", "task", "finish",
    ]  # fmt: skip
    assert (snapshot.page, snapshot.ended, snapshot.step, snapshot.n_steps) == ("finish", "finished", 7, 7)
    assert d.kinds()[-1] == "session_end"
    assert [e["task_id"] for e in d.events("task_end")] == ["one", "two"]
    assert len(d.events("turn_end")) == len(d.events("submit")) == len(d.events("turn_start")) == 5


def test_that_no_to_gaze_leaves_out_the_four_gaze_pages() -> None:
    d = Driver()
    d.do("next")
    snapshot = d.do("consent", YES | {"gaze": False})
    assert (snapshot.page, snapshot.step, snapshot.n_steps) == ("instructions", 3, 4)


@pytest.mark.parametrize(
    "scopes",
    [YES | {"pointer": False}, {"gaze": True, "pointer": True}, YES | {"eye_patches": True}, {}],
    ids=["needed is no", "one open", "one not asked", "nothing"],
)  # fmt: skip
def test_that_consent_wants_an_answer_to_each_line_and_yes_to_the_needed_one(scopes: dict[str, bool]) -> None:
    d = Driver()
    d.do("next")
    d.refused("consent", scopes)


def test_that_scopes_that_are_not_asked_are_recorded_as_no() -> None:
    d = Driver()
    d.do("next")
    snapshot = d.do("consent", YES)
    assert d.events("consent") == [
        {"scopes": {"gaze": True, "pointer": True, "eye_patches": False, "sharing": False}, "declined": False}
    ]
    assert snapshot.scopes is not None
    assert dict(snapshot.scopes) == d.events("consent")[0]["scopes"]
    with pytest.raises(TypeError):
        snapshot.scopes["sharing"] = True  # type: ignore[index]


def test_that_declining_ends_the_session_with_every_scope_refused() -> None:
    d = Driver()
    d.do("next")
    snapshot = d.do("decline")
    assert (snapshot.page, snapshot.ended) == ("declined", "declined")
    assert d.events("consent")[0] == {
        "scopes": dict.fromkeys(("gaze", "pointer", "eye_patches", "sharing"), False), "declined": True,
    }  # fmt: skip
    assert d.kinds()[-1] == "session_end"
    d.refused("next")


def to_gaze_page(d: Driver, page: str) -> None:
    d.do("next")
    d.do("consent", YES)
    steps: list[tuple[Any, ...]] = [
        ("camera_ready",), ("calibration_finished", GOOD), ("validation_finished", JUDGED)
    ]  # fmt: skip
    for name, *arguments in steps[: ["camera_check", "calibration", "validation", "gaze_result"].index(page)]:
        d.do(name, *arguments)
    assert d.flow.snapshot.page == page


@pytest.mark.parametrize("page", ["camera_check", "calibration", "validation", "gaze_result"])
def test_that_each_gaze_page_can_be_left_without_gaze(page: str) -> None:
    d = Driver()
    to_gaze_page(d, page)
    assert d.do("without_gaze", "no_camera").page == "instructions"
    assert d.events("camera") == [{"state": "unused", "detail": "no_camera"}]


def test_that_a_failed_calibration_shows_its_result_and_can_be_repeated_until_the_attempts_are_used_up() -> (
    None
):
    d = Driver(calibration={"on_failure": "continue"})
    to_gaze_page(d, "calibration")
    snapshot = d.do("calibration_finished", BAD)
    assert (snapshot.page, snapshot.can_accept_gaze, snapshot.can_recalibrate) == ("gaze_result", False, True)
    assert d.do("recalibrate").attempt == 2
    assert d.flow.snapshot.calibration is None
    snapshot = d.do("calibration_finished", BAD)
    assert not snapshot.can_recalibrate
    d.refused("recalibrate")
    assert d.do("accept_gaze").page == "instructions"
    assert d.events("camera") == [{"state": "unused", "detail": "calibration_failed"}]
    assert [e["ok"] for e in d.events("calibration")] == [False, False]
    assert d.events("calibration")[0]["loo_error_px"] is None


# ---- prompt and answers ---------------------------------------------------------------------------------
def test_that_only_the_suggested_prompt_can_be_sent_and_only_once() -> None:
    d = Driver()
    snapshot = d.to_task()
    assert snapshot.can_submit and not snapshot.free_prompts
    d.refused("submit", "something else")
    assert len(d.submit()) == 1
    assert not d.flow.snapshot.can_submit
    d.refused("submit", snapshot.task.suggested_prompt if snapshot.task is not None else "")


def test_that_requests_are_said_once() -> None:
    d = Driver()
    d.to_task()
    (request,) = d.submit()
    assert d.flow.snapshot.requests == (request,)
    assert d.do("activity", "other").requests == ()
    assert d.do("chunk", request.response_id, ChatChunk("x")).requests == ()


def test_that_a_pair_has_two_models_with_hidden_names_and_one_pair_id() -> None:
    d = Driver()
    d.to_task("pair")
    requests = d.submit()
    (event,) = d.events("submit")[1:]
    assert {r.model for r in requests} == {"m1", "m2"}
    assert [r["side"] for r in event["responses"]] == ["left", "right"]
    assert event["pair_id"].startswith("p-")
    assert d.events("submit")[0]["pair_id"] == ""
    assert [a.letter for a in d.flow.snapshot.answers] == ["A", "B"]
    assert "m1" not in repr(d.flow.snapshot.answers)
    assert [requests[0].model, requests[1].model] == (
        ["m1", "m2"] if event["side_seed"] % 2 == 0 else ["m2", "m1"]
    )


def test_that_chunks_first_tokens_and_ends_are_recorded() -> None:
    d = Driver()
    d.to_task()
    (request,) = d.submit()
    for text in ("One ", "two"):
        d.do("chunk", request.response_id, ChatChunk(text))
    d.do("chunk", request.response_id, ChatChunk("", finish=Finish.STOP))
    rid = request.response_id
    assert [row[1:] for stream, row in d.rows if stream == "chunk"] == [(rid, 0, "One "), (rid, 1, "two")]
    assert d.events("first_token") == [{"response_id": rid}]
    assert d.events("response_end") == [
        {"response_id": rid, "finish": "stop", "text": "One two", "detail": ""}
    ]
    n_rows = len(d.rows)
    d.do("chunk", rid, ChatChunk("late"))
    assert len(d.rows) == n_rows


def test_that_a_response_that_was_never_asked_for_is_a_bug() -> None:
    d = Driver()
    d.to_task()
    with pytest.raises(BugError) as caught:
        d.do("chunk", "r-unknown", ChatChunk("x"))
    assert caught.value.code == "response_unknown"


# ---- when the ratings open --------------------------------------------------------------------------------
def test_that_ratings_open_when_every_answer_is_complete_and_shown() -> None:
    d = Driver()
    snapshot = d.to_task("pair")
    assert snapshot.lock_reason == "not_asked"
    left, right = d.submit()
    assert d.flow.snapshot.lock_reason == "writing"
    d.answer(left)
    snapshot = d.answer(right)
    assert (snapshot.ratings_open, snapshot.lock_reason) == (False, "not_shown")
    texts = {a.response_id: a.text for a in snapshot.answers}
    d.do("shown", left.response_id, len(texts[left.response_id]))
    snapshot = d.do("shown", right.response_id, len(texts[right.response_id]) - 1)
    assert not snapshot.ratings_open
    d.refused("rate", left.response_id, 4)
    d.refused("prefer", "left", 1)
    snapshot = d.do("shown", right.response_id, len(texts[right.response_id]))
    assert (snapshot.ratings_open, snapshot.lock_reason) == (True, "")
    assert len(d.events("rating_open")) == 2  # one per turn: the single task came first


def test_that_code_points_and_not_bytes_count_as_shown() -> None:
    d = Driver()
    d.to_task()
    (request,) = d.submit()
    d.answer(request, "🌱é漢")
    assert not d.do("shown", request.response_id, 2).ratings_open
    assert d.do("shown", request.response_id, 3).ratings_open


@pytest.mark.parametrize("finish", [f for f in Finish if f is not Finish.STOP])
def test_that_a_failed_answer_locks_the_vote_until_it_was_asked_for_again(finish: Finish) -> None:
    d = Driver()
    d.to_task("pair")
    left, right = d.submit()
    d.answer(left)
    snapshot = d.answer(right, "half an ans", finish)
    assert snapshot.lock_reason == "incomplete"
    assert snapshot.answers[1].failed and snapshot.answers[1].text == "half an ans"
    d.show_all()
    d.refused("rate", left.response_id, 4)
    d.refused("retry", left.response_id)
    snapshot = d.do("retry", right.response_id)
    (again,) = snapshot.requests
    assert again.response_id != right.response_id
    assert (again.model, again.messages) == (right.model, right.messages)
    assert snapshot.prompt == again.messages[-1].content
    n_rows = len(d.rows)
    d.do("chunk", right.response_id, ChatChunk("late"))
    assert len(d.rows) == n_rows
    d.answer(again)
    assert d.show_all().ratings_open
    assert {a.response_id for a in d.flow.snapshot.answers} == {left.response_id, again.response_id}
    ends = {e["response_id"]: e["finish"] for e in d.events("response_end")}
    assert ends[right.response_id] == finish.value
    first, second = d.events("submit")[1:]
    assert (first["turn_id"], first["pair_id"]) == (second["turn_id"], second["pair_id"])
    assert [r["response_id"] for r in second["responses"]] == [left.response_id, again.response_id]
    assert [r["side"] for r in second["responses"]] == ["left", "right"]


@pytest.mark.parametrize("text", ["", " \n"])
def test_that_an_empty_answer_is_a_failed_one(text: str) -> None:
    d = Driver()
    d.to_task()
    (request,) = d.submit()
    snapshot = d.do("chunk", request.response_id, ChatChunk(text, finish=Finish.STOP))
    assert snapshot.answers[0].finish is Finish.ERROR
    assert snapshot.answers[0].detail == "empty_answer"
    assert snapshot.lock_reason == "incomplete"


def test_that_a_task_whose_answer_cannot_be_had_may_be_left() -> None:
    d = Driver()
    d.to_task("pair")
    left, right = d.submit()
    d.do("chunk", left.response_id, ChatChunk("begun"))
    d.do("chunk", right.response_id, ChatChunk("", finish=Finish.ERROR, detail="refused"))
    assert d.flow.snapshot.may_finish_task
    snapshot = d.do("finish_task")
    assert snapshot.page == "finish"
    assert snapshot.cancels == (left.response_id,)
    assert {e["finish"] for e in d.events("response_end")} == {"stop", "error", "cancelled"}


# ---- ratings and vote -------------------------------------------------------------------------------------
def test_that_each_change_of_a_rating_is_recorded_and_a_repetition_is_not() -> None:
    d = Driver()
    d.to_task()
    rid = d.open_ratings().answers[0].response_id
    for value in (3, 3, 6):
        d.do("rate", rid, value)
    assert [e["value"] for e in d.events("rating")] == [3, 6]
    assert d.events("rating")[0]["scale"] == 7
    assert d.flow.snapshot.answers[0].rating == 6


@pytest.mark.parametrize("value", [0, 8, -1])
def test_that_a_rating_off_the_scale_is_refused(value: int) -> None:
    d = Driver()
    d.to_task()
    rid = d.open_ratings().answers[0].response_id
    d.refused("rate", rid, value)


@pytest.mark.parametrize(
    ("choice", "strength", "allowed"),
    [
        ("left", 1, True), ("right", 2, True), ("tie", None, True), ("both_bad", None, True),
        ("left", None, False), ("left", 3, False), ("tie", 1, False), ("A", 1, False),
    ],
)  # fmt: skip
def test_that_a_vote_names_a_side_with_a_strength_or_none(
    choice: str, strength: int | None, allowed: bool
) -> None:
    d = Driver()
    d.to_task("pair")
    d.open_ratings()
    if not allowed:
        d.refused("prefer", choice, strength)
        return
    d.do("prefer", choice, strength)
    assert d.flow.snapshot.preference == Preference(choice, strength)
    vote = d.events("preference")[0]
    assert (vote["choice"], vote["strength"]) == (choice, strength)


@pytest.mark.parametrize("choice", ["tie", "both_bad"])
def test_that_votes_that_the_study_does_not_offer_are_refused(choice: str) -> None:
    d = Driver(preference={"question": "?", choice: False})
    d.to_task("pair")
    d.open_ratings()
    d.refused("prefer", choice, None)


def test_that_a_single_answer_has_no_vote() -> None:
    d = Driver()
    d.to_task()
    d.open_ratings()
    d.refused("prefer", "left", 1)


def test_that_continue_waits_for_every_rating_and_the_vote() -> None:
    d = Driver()
    d.to_task("pair")
    left, right = (a.response_id for a in d.open_ratings().answers)
    for name, *arguments in (("rate", left, 5), ("prefer", "right", 2), ("rate", right, 6)):
        d.refused("continue_")
        assert not d.flow.snapshot.can_continue
        d.do(name, *arguments)
    assert d.flow.snapshot.can_continue
    snapshot = d.do("continue_")
    (turn,) = snapshot.history
    assert [a.rating for a in turn.answers] == [5, 6]
    assert turn.preference == Preference("right", 2)
    assert (snapshot.answers, snapshot.preference, snapshot.prompt) == ((), None, "")


def test_that_two_ratings_without_a_vote_are_not_enough() -> None:
    d = Driver()
    d.to_task("pair")
    for answer in d.open_ratings().answers:
        d.do("rate", answer.response_id, 5)
    d.refused("continue_")


def test_that_a_task_may_be_finished_between_its_least_and_its_last_turn() -> None:
    d = Driver()
    d.to_task("pair")  # two to three turns
    d.refused("finish_task")
    d.whole_turn()
    d.refused("finish_task")
    snapshot = d.whole_turn()
    assert snapshot.may_finish_task and snapshot.task is not None and snapshot.task.turn_index == 2
    d.submit()
    d.refused("finish_task")


# ---- what the next turn knows -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rule", "choice", "said_left", "said_right"),
    [
        ("separate", "right", "L", "R"),
        ("winner", "right", "R", "R"),
        ("winner", "left", "L", "L"),
        ("winner", "tie", "L", "L"),
        ("winner", "both_bad", "L", "L"),
        ("shared", "right", "Answer A:\nL\n\nAnswer B:\nR", "Answer A:\nL\n\nAnswer B:\nR"),
    ],
)
def test_that_the_next_context_follows_the_history_rule(
    rule: str, choice: str, said_left: str, said_right: str
) -> None:
    d = Driver(history=rule)
    d.to_task("pair")
    first = d.submit()
    for request, text in zip(first, ("L", "R"), strict=True):
        d.answer(request, text)
    d.show_all()
    for request in first:
        d.do("rate", request.response_id, 4)
    d.do("prefer", choice, 1 if choice in ("left", "right") else None)
    d.do("continue_")
    left, right = d.submit()
    assert [m.role for m in left.messages] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert (left.messages[1].content, right.messages[1].content) == (said_left, said_right)
    assert left.messages[-1] == right.messages[-1]
    contexts = [r["context"] for r in d.events("submit")[-1]["responses"]]
    assert (contexts[0] == contexts[1]) is (rule != "separate")


# ---- states of a turn -------------------------------------------------------------------------------------
def test_that_the_states_of_a_pair_follow_what_happens() -> None:
    d = Driver()
    d.to_task("pair")
    n_before = len(d.states()) - 1
    left, right = d.submit()
    d.do("activity", "answer_right")  # before the answers are complete: counts for nothing
    d.answer(left)
    d.answer(right)
    d.show_all()
    d.do("activity", "answer_left")
    d.do("activity", "answer_left")
    assert d.flow.snapshot.turn_state == "reading"
    d.do("activity", "answer_right")
    d.do("activity", "rating")
    d.do("activity", "answer_left")
    assert d.states()[n_before:] == ["composing", "waiting", "streaming", "reading", "comparing", "rating"]


def test_that_the_rating_area_means_nothing_while_it_is_locked() -> None:
    d = Driver()
    d.to_task()
    (request,) = d.submit()
    d.answer(request)
    assert d.do("activity", "rating").turn_state == "reading"
    d.show_all()
    assert d.do("activity", "rating").turn_state == "rating"


def test_that_a_first_rating_by_key_begins_the_rating_state() -> None:
    d = Driver()
    d.to_task()
    rid = d.open_ratings().answers[0].response_id
    assert d.do("rate", rid, 2).turn_state == "rating"


def test_that_half_a_minute_without_activity_is_idle_and_activity_ends_it() -> None:
    d = Driver()
    d.to_task()
    (request,) = d.submit()
    assert d.do("tick", after_ns=30 * NS_PER_S - 1).turn_state == "waiting"
    assert d.do("tick", after_ns=1).turn_state == "idle"
    d.answer(request)
    assert d.flow.snapshot.turn_state == "idle"
    assert d.do("activity", "other").turn_state == "reading"


def test_that_the_turn_is_away_while_the_window_has_no_focus() -> None:
    d = Driver()
    d.to_task()
    (request,) = d.submit()
    assert d.do("focus", False).turn_state == "away"
    d.answer(request)
    assert d.do("tick", after_ns=31 * NS_PER_S).turn_state == "away"
    assert d.do("focus", True).turn_state == "reading"
    d.do("focus", False)
    assert d.do("activity", "answer_left").turn_state == "away"


def test_that_a_turn_that_begins_without_focus_begins_away() -> None:
    d = Driver()
    d.do("focus", False)
    d.to_task()
    assert d.states() == ["away"]


def test_that_an_unknown_place_of_activity_is_a_bug() -> None:
    d = Driver()
    with pytest.raises(BugError):
        d.do("activity", "elsewhere")


# ---- pause and stop ---------------------------------------------------------------------------------------
def test_that_pause_refuses_everything_but_resume_and_stop() -> None:
    d = Driver()
    d.to_task()
    prompt = d.flow.snapshot.task.suggested_prompt if d.flow.snapshot.task is not None else ""
    snapshot = d.do("pause")
    assert snapshot.paused and snapshot.turn_state == "away" and not snapshot.can_submit
    d.refused("submit", prompt)
    d.refused("pause")
    d.refused("next")
    snapshot = d.do("resume")
    assert not snapshot.paused and snapshot.turn_state == "composing" and snapshot.can_submit
    d.refused("resume")


def test_that_an_answer_that_arrives_while_paused_is_kept_and_opens_the_ratings_afterwards() -> None:
    d = Driver()
    d.to_task()
    (request,) = d.submit()
    d.do("pause")
    d.answer(request)
    t_chunk_ns = d.t_ns - 10 * NS_PER_MS
    assert not [row for stream, row in d.rows if stream == "chunk"]
    assert not d.show_all().ratings_open
    snapshot = d.do("resume")
    assert snapshot.ratings_open
    assert [row[0] for stream, row in d.rows if stream == "chunk"] == [t_chunk_ns]
    assert d.kinds()[-2:] == ["resume", "rating_open"]


def test_that_an_answer_that_arrived_while_paused_is_written_when_the_session_is_stopped() -> None:
    d = Driver()
    d.to_task()
    (request,) = d.submit()
    d.do("pause")
    d.do("chunk", request.response_id, ChatChunk("half"))
    d.do("stop", "participant")
    assert [row[3] for stream, row in d.rows if stream == "chunk"] == ["half"]
    assert [e["finish"] for e in d.events("response_end")] == ["cancelled"]


def test_that_nothing_can_be_done_after_the_end() -> None:
    d = Driver()
    d.to_task()
    d.do("stop", "participant")
    for name in ("begin", "next", "pause", "resume", "continue_", "finish_task", "recalibrate"):
        d.refused(name)


def pages() -> list[tuple[str, Callable[[Driver], object]]]:
    return [
        ("welcome", lambda d: None),
        ("consent", lambda d: d.do("next")),
        ("camera_check", lambda d: to_gaze_page(d, "camera_check")),
        ("validation", lambda d: to_gaze_page(d, "validation")),
        ("task", lambda d: d.to_task()),
        ("streaming", lambda d: (d.to_task("pair"), d.submit())),
        ("paused", lambda d: (d.to_task(), d.submit(), d.do("pause"))),
    ]


@pytest.mark.parametrize(("name", "go"), pages(), ids=[name for name, _ in pages()])
def test_that_stop_ends_the_session_from_any_page(name: str, go: Callable[[Driver], object]) -> None:
    d = Driver()
    go(d)
    unfinished = tuple(a.response_id for a in d.flow.snapshot.answers)
    snapshot = d.do("stop", "participant")
    assert (snapshot.page, snapshot.ended, snapshot.paused) == ("finish", "participant", False)
    assert snapshot.cancels == unfinished
    assert [e["response_id"] for e in d.events("response_end")[-len(unfinished) :] if unfinished] == list(
        unfinished
    )
    assert d.events("session_end") == [{"reason": "participant"}]
    n_rows = len(d.rows)
    d.do("stop", "again")
    d.do("tick")
    for response_id in unfinished:
        d.do("chunk", response_id, ChatChunk("late", finish=Finish.CANCELLED))
        d.do("shown", response_id, 4)
    assert len(d.rows) == n_rows
    assert d.flow.snapshot.ended == "participant"


def test_that_every_event_reads_back_and_times_never_fall() -> None:
    d = Driver()
    d.to_task("pair")
    d.whole_turn("tie")
    events = [Event.from_row(*row) for stream, row in d.rows if stream == "event"]
    assert [e.to_row() for e in events] == [row for stream, row in d.rows if stream == "event"]
    times = [e.t_ns for e in events]
    assert times == sorted(times)


def test_that_a_snapshot_stays_as_it_was() -> None:
    d = Driver()
    d.to_task()
    (request,) = d.submit()
    before = d.do("chunk", request.response_id, ChatChunk("one"))
    d.do("chunk", request.response_id, ChatChunk(" two"))
    assert before.answers[0].text == "one"
    assert d.do("tick") is d.do("tick")
    with pytest.raises(AttributeError):
        before.page = "finish"  # type: ignore[misc]
