"""What a simulated participant says to the questions of a study, and of answers beside rating and vote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ifllm_desktop.protocol import (
    ChoiceQuestion,
    NumberQuestion,
    Question,
    ScaleQuestion,
    SentenceQuestion,
    TextQuestion,
)
from ifllm_desktop.reading.sentences import sentences
from ifllm_desktop.session.answers import AnswerSnapshot
from ifllm_desktop.session.snapshot import FlowSnapshot

Pick = Callable[[str, int], int]
"""Draws one of ``n``, always the same for the same key and person."""

_WORDS = "A simulated participant wrote this; nobody read the answer. "
_ATTENTIVE = 19
"""Of twenty checks of attention this many are passed."""


def simulated_answer(question: Question, pick: Pick, place: str, about: AnswerSnapshot | None = None) -> Any:
    """A value that the question takes; None where the participant prefers not to say."""
    key = f"{place}/{question.id}"
    if not question.needed and pick(f"{key}/declines", 10) == 0:
        return None
    correct = getattr(question, "correct", None)
    if correct is not None and pick(f"{key}/attentive", 20) < _ATTENTIVE:
        return correct
    match question:
        case ChoiceQuestion():
            value = question.options[pick(key, len(question.options))].value
            return [value] if question.several else value
        case ScaleQuestion():
            return 1 + pick(key, question.points)
        case NumberQuestion():
            return question.minimum + pick(key, min(60, question.maximum - question.minimum + 1))
        case TextQuestion():
            n = max(question.min_characters, min(len(_WORDS), question.max_characters))
            return (_WORDS * (n // len(_WORDS) + 1))[:n]
        case SentenceQuestion():
            found = sentences(about.text) if about is not None else []
            if about is None or not found:
                return None
            start, end = found[pick(key, len(found))]
            return {
                "response_id": about.response_id,
                "start": start,
                "end": end,
                "quote": about.text[start:end],
            }


def ballot_rest(snapshot: FlowSnapshot, pick: Pick) -> tuple[str, tuple[Any, ...]] | None:
    """The next command for what is asked of answers beside rating and vote; None when all of it was said."""
    study = snapshot.study
    for answer in snapshot.answers:
        for scale in study.more_ratings:
            if scale.id not in answer.further:
                key = f"{snapshot.turn_id}/{answer.side}/{scale.id}"
                return "rate", (answer.response_id, 1 + pick(key, scale.scale), scale.id)
    if study.reasons is not None and not snapshot.reasons:
        options = study.reasons.options
        return "give_reasons", ((options[pick(f"{snapshot.turn_id}/reason", len(options))].value,),)
    if study.highlights is not None and not snapshot.highlights:
        marked = snapshot.answers[pick(f"{snapshot.turn_id}/marked", len(snapshot.answers))]
        found = sentences(marked.text)
        if found:
            start, end = found[pick(f"{snapshot.turn_id}/sentence", len(found))]
            labels = study.highlights.labels
            label = labels[pick(f"{snapshot.turn_id}/label", len(labels))].value
            return "highlight", (marked.response_id, label, start, end)
    return None
