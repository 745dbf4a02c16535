"""Questions, languages, further ratings, reasons and marks in the participant's flow."""

from __future__ import annotations

from typing import Any

import pytest

from ifllm_desktop.domain.chat import Role
from ifllm_desktop.domain.topics import PreparedAnswer, PreparedTurn, Topic
from ifllm_desktop.session.assignment import assign
from ifllm_desktop.session.flow import ParticipantFlow
from ifllm_desktop.session.ids import SeededIds
from tests.unit.test_flow import YES, Driver, study

AGE = {"id": "age", "kind": "number", "question": "Age?", "minimum": 18, "maximum": 99}
COLOUR = {
    "id": "colour", "kind": "choice", "question": "Colour?", "needed": True,
    "options": [{"value": "red", "text": "Red"}, {"value": "blue", "text": "Blue"}],
}  # fmt: skip
SEVERAL = COLOUR | {"id": "several", "several": True}
SUMMARY = {"id": "summary", "kind": "text", "question": "Sum up.", "min_characters": 5, "needed": True}
MAIN = {"id": "main", "kind": "sentence", "question": "Main sentence?"}
SCALE = {"id": "known", "kind": "scale", "question": "Known?", "points": 5, "low": "l", "high": "h"}
CHECK = COLOUR | {"id": "check", "correct": "blue"}
NO_GAZE = YES | {"gaze": False}


def at_consent(**changes: Any) -> Driver:
    d = Driver(**changes)
    d.do("next")
    return d


# ---- where questions stand ------------------------------------------------------------------------------------
def test_that_questions_come_after_consent_around_each_task_and_at_the_end() -> None:
    d = at_consent(demographics=[AGE], before_task=[SCALE], after_task=[SUMMARY], at_end=[COLOUR])
    places = []

    def answered(value: dict[str, Any]) -> None:
        page = d.flow.snapshot.questions
        assert page is not None and d.flow.snapshot.page == "questions"
        places.append((page.place, page.task_id))
        for question_id, one in value.items():
            d.do("answer", question_id, one)
        d.do("questions_done")

    d.do("consent", NO_GAZE)
    answered({"age": 30})
    assert d.flow.snapshot.page == "instructions"
    d.do("next")
    for n_turns in (2, 3):
        answered({"known": 2})
        for _ in range(n_turns):
            d.whole_turn()
        answered({"summary": "It was fine."})
    answered({"colour": "red"})
    assert d.flow.snapshot.page == "finish" and d.flow.finished_tasks == ("one", "two")
    assert places == [
        ("demographics", ""), ("before_task", "one"), ("after_task", "one"), ("before_task", "two"),
        ("after_task", "two"), ("at_end", ""),
    ]  # fmt: skip
    said = [(e["place"], e["task_id"], e["question_id"], e["value"]) for e in d.events("answer")]
    assert said[:2] == [("demographics", "", "age", 30), ("before_task", "one", "known", 2)]


def test_that_a_task_may_ask_something_of_its_own_or_nothing() -> None:
    tasks = [
        {"id": "one", "mode": "single", "before": [COLOUR], "after": []},
        {"id": "two", "mode": "single"},
    ]  # fmt: skip
    d = at_consent(before_task=[SCALE], after_task=[SUMMARY], tasks=tasks)
    d.do("consent", NO_GAZE)
    page = d.do("next").questions
    assert page is not None and [q.id for q in page.questions] == ["colour"]
    d.do("answer", "colour", "red")
    d.do("questions_done")
    d.whole_turn()
    page = d.flow.snapshot.questions
    assert page is not None and (page.place, page.task_id) == ("before_task", "two")


def test_that_questions_come_before_the_drift_check_so_that_gaze_is_fresh_for_reading() -> None:
    d = at_consent(before_task=[SCALE])
    d.do("consent", YES)
    d.do("without_gaze", "participant")
    assert d.do("next").page == "questions"
    assert d.do("questions_done").page == "task"


# ---- what an answer may be ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("question", "good", "bad"),
    [
        (AGE, [18, 99], [17, 100, "20", 20.0, True]),
        (COLOUR, ["red", "blue"], ["green", "", ["red"], 1]),
        (SEVERAL, [["red"], ["blue", "red"], []], ["red", ["green"], ["red", "red"]]),
        (SCALE, [1, 5], [0, 6, "3", True]),
        (SUMMARY, ["x", "enough words"], [3, "x" * 2001, ["x"]]),
    ],
    ids=["number", "choice", "several", "scale", "text"],
)
def test_that_an_answer_fits_its_question(question: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    d = at_consent(demographics=[question | {"needed": False}])
    d.do("consent", NO_GAZE)
    for value in good:
        d.do("answer", question["id"], value)
    for value in bad:
        d.refused("answer", question["id"], value)
    d.refused("answer", "another", good[0])
    assert [e["value"] for e in d.events("answer")] == good


def test_that_each_change_is_an_event_and_the_same_again_is_none() -> None:
    d = at_consent(demographics=[AGE])
    d.do("consent", NO_GAZE)
    for value in (30, 30, 31, None, 31):
        d.do("answer", "age", value)
    d.do("decline_answer", "age")
    d.do("decline_answer", "age")
    assert [(e["value"], e["declined"]) for e in d.events("answer")] == [
        (30, False), (31, False), (None, False), (31, False), (None, True),
    ]  # fmt: skip


def test_that_nobody_has_to_say_anything_that_is_not_needed() -> None:
    d = at_consent(after_task=[SUMMARY, COLOUR, SCALE], tasks=[{"id": "one", "mode": "single"}])
    d.do("consent", NO_GAZE)
    d.do("next")
    d.whole_turn()
    d.refused("questions_done")
    d.refused("decline_answer", "summary")
    d.do("answer", "summary", "abc")
    page = d.do("answer", "colour", "red").questions
    assert page is not None and not page.can_continue and page.missing() == ("summary",)
    d.do("answer", "summary", "abc def")
    assert d.do("questions_done").page == "finish"  # the scale was left open


def test_that_checks_of_attention_say_whether_they_were_passed_and_others_do_not() -> None:
    d = at_consent(after_task=[CHECK, SCALE], tasks=[{"id": "one", "mode": "single"}])
    d.do("consent", NO_GAZE)
    d.do("next")
    d.whole_turn()
    for question_id, value in (("check", "red"), ("check", "blue"), ("known", 3)):
        d.do("answer", question_id, value)
    assert [e["correct"] for e in d.events("answer")] == [False, True, None]


def test_that_a_sentence_is_one_of_the_preferred_answer_with_its_place() -> None:
    d = at_consent(after_task=[MAIN], tasks=[{"id": "two", "mode": "pair"}])
    d.do("consent", NO_GAZE)
    d.do("next")
    d.whole_turn("right")
    page = d.flow.snapshot.questions
    assert page is not None and page.sentences_of is not None
    about = page.sentences_of
    assert about.side == "right"
    quote = {"response_id": about.response_id, "start": 0, "end": 3, "quote": about.text[:3]}
    for wrong in ({"quote": "???"}, {"response_id": "r"}, {"end": 999}, {"start": 3}, {"more": 1}):
        d.refused("answer", "main", quote | wrong)
    d.do("answer", "main", quote)
    assert d.events("answer")[0]["value"] == quote


def test_that_a_pause_covers_questions_and_stop_leaves_them() -> None:
    d = at_consent(demographics=[AGE])
    d.do("consent", NO_GAZE)
    d.do("pause")
    d.refused("answer", "age", 30)
    d.do("resume")
    d.do("answer", "age", 30)
    assert d.do("stop", "participant").questions is None


# ---- of the answers ---------------------------------------------------------------------------------------------
REASONS = {"question": "Why?", "options": [{"value": "short", "text": "S"}, {"value": "right", "text": "R"}]}
MARKS = {"question": "Mark.", "labels": [{"value": "good", "text": "G"}, {"value": "bad", "text": "B"}]}
CLARITY = {"id": "clarity", "question": "Clear?", "scale": 5, "low": "l", "high": "h"}


def test_that_further_ratings_reasons_and_marks_that_are_needed_hold_the_turn() -> None:
    d = Driver(
        more_ratings=[CLARITY], reasons=REASONS | {"needed": True}, highlights=MARKS | {"needed": True},
        tasks=[{"id": "one", "mode": "single"}],
    )  # fmt: skip
    snapshot = d.to_task()
    answer = d.open_ratings().answers[0]
    steps: list[tuple[Any, ...]] = [
        ("rate", answer.response_id, 6), ("rate", answer.response_id, 2, "clarity"), ("give_reasons", ["right"]),
        ("highlight", answer.response_id, "good", 0, 5),
    ]  # fmt: skip
    for step in steps:
        d.refused("continue_")
        snapshot = d.do(*step)
    assert snapshot.can_continue and snapshot.answers[0].further == {"clarity": 2}
    assert [(e["name"], e["value"], e["scale"]) for e in d.events("rating")] == [
        ("", 6, 7),
        ("clarity", 2, 5),
    ]
    assert d.do("continue_").page == "finish"


def test_that_what_is_not_asked_is_refused() -> None:
    d = Driver()
    d.to_task()
    answer = d.open_ratings().answers[0]
    d.refused("rate", answer.response_id, 3, "clarity")
    d.refused("give_reasons", ["right"])
    d.refused("highlight", answer.response_id, "good", 0, 5)


def test_that_reasons_are_kept_in_the_order_of_the_study_and_in_words_only_where_asked() -> None:
    d = Driver(reasons=REASONS)
    d.to_task()
    d.refused("give_reasons", ["right"])  # nothing was read yet
    d.open_ratings()
    d.refused("give_reasons", ["funny"])
    d.refused("give_reasons", ["right"], "in my words")
    snapshot = d.do("give_reasons", ["right", "short"])
    d.do("give_reasons", ["short", "right"])
    assert snapshot.reasons == ("short", "right") and len(d.events("reasons")) == 1
    d = Driver(reasons=REASONS | {"free_text": True})
    d.to_task()
    d.open_ratings()
    assert d.do("give_reasons", [], "in my words").reason_text == "in my words"


def test_that_a_mark_is_a_place_in_the_text_and_can_be_taken_back() -> None:
    d = Driver(highlights=MARKS)
    d.to_task()
    answer = d.open_ratings().answers[0]
    n = len(answer.text)
    for place in ((3, 3), (-1, 4), (2, n + 1)):
        d.refused("highlight", answer.response_id, "good", *place)
    d.refused("highlight", answer.response_id, "funny", 0, 3)
    d.do("highlight", answer.response_id, "good", 0, n)
    d.do("highlight", answer.response_id, "good", 0, n)
    snapshot = d.do("highlight", answer.response_id, "bad", 0, 3)
    assert [(h.label, h.quote) for h in snapshot.highlights] == [
        ("good", answer.text),
        ("bad", answer.text[:3]),
    ]
    snapshot = d.do("remove_highlight", snapshot.highlights[0].highlight_id)
    d.refused("remove_highlight", "h-unknown")
    assert [h.label for h in snapshot.highlights] == ["bad"]
    assert [(e["label"], e["removed"]) for e in d.events("highlight")] == [
        ("good", False), ("bad", False), ("good", True),
    ]  # fmt: skip


# ---- styles, parameters, languages --------------------------------------------------------------------------------
def test_that_a_style_is_added_to_what_is_sent_and_logged_and_never_shown() -> None:
    d = Driver(
        styles=[{"id": "bullets", "append": " respond using bullet points"}],
        models=[{"name": "m1", "parameters": {"temperature": 0.5}, "system_prompt": "Be kind."}, {"name": "m2"}],
        tasks=[{"id": "two", "mode": "pair", "turns_max": 2}],
    )  # fmt: skip
    d.do("next")
    d.do("consent", NO_GAZE)
    snapshot = d.do("next")
    assert snapshot.task is not None
    prompt = snapshot.task.suggested_prompt
    requests = d.do("submit", prompt).requests
    assert {r.style for r in requests} == {"bullets"}
    by_model = {r.model: r for r in requests}
    assert [m.role for m in by_model["m1"].messages] == [Role.SYSTEM, Role.USER]
    assert by_model["m1"].parameters == {"temperature": 0.5} and by_model["m2"].parameters == {}
    assert all(r.messages[-1].content == prompt + " respond using bullet points" for r in requests)
    event = d.events("submit")[0]
    assert (event["prompt"], event["style"]) == (prompt, "bullets")
    assert event["sent_prompt"] == prompt + " respond using bullet points"
    assert d.flow.snapshot.prompt == prompt


def test_that_a_language_is_chosen_before_consent_and_holds_for_questions_and_topics() -> None:
    def edition(code: str) -> tuple[Any, dict[str, Topic]]:
        question = SCALE | {"question": f"Known? ({code})"}
        protocol = study(
            languages=["en", "de"], demographics=[question], tasks=[{"id": "one", "mode": "single"}]
        )
        protocol._read_in = code
        turn = PreparedTurn(
            f"prompt {code}", (PreparedAnswer("m1", "", code), PreparedAnswer("m2", "", code))
        )
        return protocol, {"alpha": Topic("alpha", f"Alpha {code}", "…", (turn,))}

    editions = {code: edition(code) for code in ("en", "de")}
    rows: list[Any] = []
    protocol, topics = editions["en"]
    flow = ParticipantFlow(
        protocol, topics, assign(protocol, topics, "P1"), "s-1", lambda s, r: rows.append((s, r)) or 1, SeededIds(1),
        editions,
    )  # fmt: skip
    assert flow.begin(0).languages == ("en", "de")
    assert flow.choose_language(1, "de").study.read_in == "de"
    flow.choose_language(2, "de")
    flow.next(3)
    asked = flow.consent(4, NO_GAZE).questions
    assert asked is not None and asked.questions[0].question == "Known? (de)"
    flow.questions_done(5)
    task = flow.next(6).task
    assert task is not None and (task.title, task.suggested_prompt) == ("Alpha de", "prompt de")
    assert flow.submit(7, "prompt de").requests[0].language == "de"
    assert [row[1] for stream, row in rows if row[1] == "language"] == ["language"]
    assert flow.snapshot.languages == ()


def test_that_one_language_is_no_choice() -> None:
    d = Driver()
    assert d.flow.snapshot.languages == ()
    d.refused("choose_language", "de")
