"""Snapshots of the participant's flow for tests of the pages: the demo study, with made-up answers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from ifllm_desktop.domain.chat import Finish
from ifllm_desktop.protocol import FurtherRating, HighlightPlan, Option, StudyProtocol, load_protocol
from ifllm_desktop.resource_files import resource_path
from ifllm_desktop.session.question_round import GivenAnswer, QuestionPage
from ifllm_desktop.session.snapshot import AnswerSnapshot, FlowSnapshot, HistoryTurn, Preference, TaskSnapshot

LEFT_TEXT = (
    "# Two ways\n\nTake **one**, or take the *other*:\n\n1. first\n2. second\n\n" + "A long paragraph. " * 80
)
RIGHT_TEXT = (
    "Only one way.\n\n```\ncopy a b\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n" + "Words and words. " * 60
)
SCOPES = {"gaze": True, "pointer": True, "eye_patches": False, "sharing": True}


@cache
def demo_study() -> StudyProtocol:
    """The study that ships with the program."""
    return load_protocol(resource_path("studies", "demo"))


@cache
def full_study() -> StudyProtocol:
    """The demo study with everything that can be asked of answers and people."""
    paper = load_protocol(resource_path("studies", "paper"))
    label = {"text": "Helped", "value": "helped"}
    more = {
        "more_ratings": (
            FurtherRating(id="clarity", question="How clear is {letter}?", low="not", high="very"),
        ),
        "reasons": paper.reasons.model_copy(update={"free_text": True})
        if paper.reasons is not None
        else None,
        "highlights": HighlightPlan(
            question="Mark what helped.", labels=(Option(**label), Option(value="hindered", text="Hindered"))
        ),
    }
    return paper.model_copy(update=more)


def snapshot(page: str, **values: Any) -> FlowSnapshot:
    """A snapshot of a page."""
    before_consent = page in ("welcome", "consent")
    values.setdefault("scopes", None if before_consent else SCOPES)
    values.setdefault("study", demo_study())
    return FlowSnapshot(page=page, step=2, n_steps=7, **values)


def questions(
    place: str, answers: dict[str, Any] | None = None, *, can_continue: bool = True
) -> FlowSnapshot:
    """Questions of the paper's study, with values by id (None: declined)."""
    given = {name: GivenAnswer(value, value is None) for name, value in (answers or {}).items()}
    asked = getattr(full_study(), place)
    page = QuestionPage(place, "", asked, given, can_continue, left() if place == "after_task" else None)
    return snapshot("questions", study=full_study(), questions=page)


def task(mode: str = "pair") -> TaskSnapshot:
    """The second of three tasks."""
    return TaskSnapshot(
        id="t2", topic_id="x", title="Two ways to do it", description="A short description.", mode=mode, index=1,
        n_tasks=3, turn_index=0, turns_min=1, turns_max=2, suggested_prompt="How do I do it?",
    )  # fmt: skip


def composing(**values: Any) -> FlowSnapshot:
    """Before a prompt is sent."""
    return snapshot("task", task=task(), turn_id="u1", turn_state="composing", can_submit=True, **values)


def pair(left: AnswerSnapshot, right: AnswerSnapshot, **values: Any) -> FlowSnapshot:
    """Two answers that have been asked for."""
    return snapshot(
        "task", task=task(), turn_id="u1", prompt="How do I do it?", answers=(left, right), **values
    )


def left(
    text: str = LEFT_TEXT, finish: Finish | None = Finish.STOP, rating: int | None = None
) -> AnswerSnapshot:
    """Answer A."""
    return AnswerSnapshot("left-1", "left", "A", text, finish, rating=rating)


def right(
    text: str = RIGHT_TEXT, finish: Finish | None = Finish.STOP, rating: int | None = None
) -> AnswerSnapshot:
    """Answer B."""
    return AnswerSnapshot("right-1", "right", "B", text, finish, rating=rating)


def open_pair(**values: Any) -> FlowSnapshot:
    """Both answers complete and shown, ratings open."""
    return pair(left(), right(), **{"ratings_open": True, "lock_reason": "", **values})


def single(**values: Any) -> FlowSnapshot:
    """One complete answer, rating open."""
    return snapshot("task", task=task("single"), turn_id="u1", prompt="How?", answers=(left(),), ratings_open=True,
                    lock_reason="", **values)  # fmt: skip


def history() -> tuple[HistoryTurn, ...]:
    """One earlier turn."""
    return (HistoryTurn(0, "Before?", (replace(left(), response_id="l0"), replace(right(), response_id="r0")),
                        Preference("left", 1)),)  # fmt: skip
