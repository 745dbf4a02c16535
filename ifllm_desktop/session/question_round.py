"""One page of questions: what was answered, what may be answered, and whether one may go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.protocol import (
    ChoiceQuestion,
    NumberQuestion,
    Question,
    ScaleQuestion,
    SentenceQuestion,
    TextQuestion,
)
from ifllm_desktop.session.answers import AnswerSnapshot
from ifllm_desktop.session.control_log import ControlLog

PLACES = ("demographics", "before_task", "after_task", "at_end")
"""Where questions are asked."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What was answered. ``value`` is None where the answer was declined or taken back."""

    value: Any = None
    declined: bool = False

    @property
    def given(self) -> bool:
        """Whether something was said, be it that one prefers not to say."""
        return self.declined or self.value is not None


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """The page as the window shows it.

    Attributes
    ----------
    place : str
        One of :data:`PLACES`.
    answers : mapping
        By question id; without an entry nothing was answered yet.
    can_continue : bool
        Whether each needed question has an answer and each answer is complete.
    sentences_of : AnswerSnapshot or None
        The answer whose sentences are offered.
    """

    place: str
    task_id: str
    questions: tuple[Question, ...]
    answers: Mapping[str, GivenAnswer]
    can_continue: bool
    sentences_of: AnswerSnapshot | None = None

    def missing(self) -> tuple[str, ...]:
        """Ids of the questions that keep one from going on, in the order of the page."""
        return tuple(
            q.id for q in self.questions if not is_complete(q, self.answers.get(q.id, GivenAnswer()))
        )


class QuestionRound:
    """Keeps the answers of one page and writes each change as an event ``answer``.

    Parameters
    ----------
    sentences_of : AnswerSnapshot or None
        The answer that questions of kind ``sentence`` are about.
    """

    def __init__(
        self,
        place: str,
        task_id: str,
        questions: Sequence[Question],
        log: ControlLog,
        sentences_of: AnswerSnapshot | None = None,
    ) -> None:
        self.place = place
        self.task_id = task_id
        self._log = log
        self._sentences_of = sentences_of
        self._answers: dict[str, GivenAnswer] = {}
        # of a task that ended without a complete answer no sentence can be asked for
        self.questions = tuple(q for q in questions if sentences_of or not isinstance(q, SentenceQuestion))

    def find(self, question_id: str) -> Question | None:
        """The question with this id."""
        return next((q for q in self.questions if q.id == question_id), None)

    def takes(self, question_id: str, value: Any) -> bool:
        """Whether the question exists and ``value`` may be its answer; None takes an answer back."""
        question = self.find(question_id)
        return question is not None and (value is None or fits(question, value, self._sentences_of))

    def may_decline(self, question_id: str) -> bool:
        """Whether one may prefer not to say."""
        question = self.find(question_id)
        return question is not None and not question.needed

    def give(self, t_ns: int, question_id: str, answer: GivenAnswer) -> None:
        """Set, change or take back an answer; what stays the same is no event."""
        question = self.find(question_id)
        if question is None:
            raise BugError("flow_command", name="answer", question=question_id)
        if self._answers.get(question_id, GivenAnswer()) == answer:
            return
        self._answers[question_id] = answer
        self._log.event(
            t_ns, "answer", place=self.place, task_id=self.task_id, question_id=question_id, value=answer.value,
            declined=answer.declined, correct=is_correct(question, answer),
        )  # fmt: skip

    def restore(self, question_id: str, answer: GivenAnswer) -> None:
        """An answer of before an interruption: it stands in the recording already."""
        if self.find(question_id) is not None:
            self._answers[question_id] = answer

    def page(self) -> QuestionPage:
        """See :class:`QuestionPage`."""
        answers = MappingProxyType(dict(self._answers))
        done = all(is_complete(q, answers.get(q.id, GivenAnswer())) for q in self.questions)
        return QuestionPage(self.place, self.task_id, self.questions, answers, done, self._sentences_of)


def fits(question: Question, value: Any, sentences_of: AnswerSnapshot | None = None) -> bool:
    """Whether a value may be an answer, complete or not (a text may be begun)."""
    match question:
        case ChoiceQuestion():
            options = [option.value for option in question.options]
            if question.several:
                return (
                    isinstance(value, list | tuple)
                    and set(value) <= set(options)
                    and len(set(value)) == len(value)
                )
            return value in options
        case ScaleQuestion():
            return type(value) is int and 1 <= value <= question.points
        case NumberQuestion():
            return type(value) is int and question.minimum <= value <= question.maximum
        case TextQuestion():
            return isinstance(value, str) and len(value) <= question.max_characters
        case SentenceQuestion():
            return sentences_of is not None and _is_quote(value, sentences_of)


def _is_quote(value: Any, answer: AnswerSnapshot) -> bool:
    if not isinstance(value, dict) or set(value) != {"response_id", "start", "end", "quote"}:
        return False
    start, end = value["start"], value["end"]
    in_text = type(start) is int and type(end) is int and 0 <= start < end <= len(answer.text)
    return value["response_id"] == answer.response_id and in_text and answer.text[start:end] == value["quote"]


def is_complete(question: Question, answer: GivenAnswer) -> bool:
    """Whether nothing more is asked for: declined, left open where that is allowed, or long enough."""
    if answer.declined:
        return True
    if answer.value is None or answer.value in ("", [], ()):
        return not question.needed
    if isinstance(question, TextQuestion):
        return len(answer.value.strip()) >= question.min_characters
    return True


def is_correct(question: Question, answer: GivenAnswer) -> bool | None:
    """Whether a check of attention was passed; None for other questions and while it has no answer."""
    correct = getattr(question, "correct", None)
    if correct is None or not answer.given:
        return None
    return bool(answer.value == correct)
