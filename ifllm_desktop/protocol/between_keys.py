"""Rules between the keys of a study file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ifllm_desktop.protocol.conditions import TaskEntry
from ifllm_desktop.protocol.document import Document, Loc, repeated
from ifllm_desktop.protocol.gaze_plan import CalibrationPlan, QualityPlan
from ifllm_desktop.protocol.questions import (
    ChoiceQuestion,
    NumberQuestion,
    Question,
    ScaleQuestion,
    SentenceQuestion,
    TextQuestion,
)
from ifllm_desktop.protocol.study import StudyProtocol
from ifllm_desktop.protocol.texts import Texts

_ENGLISH = "en"
_ASKED = ("demographics", "before_task", "after_task", "at_end")


def check_protocol(document: Document, protocol: StudyProtocol) -> None:
    """Rules between keys of the study file. Raises ``protocol_invalid`` for the first one that is broken."""
    _check_languages(document, protocol)
    for key, entries, name in (
        ("consent", protocol.consent, "scope"),
        ("models", protocol.models, "name"),
        ("styles", protocol.styles, "id"),
        ("more_ratings", protocol.more_ratings, "id"),
        ("tasks", protocol.tasks, "id"),
    ):
        _check_unique(document, (key,), entries, name)
    _check_calibration(document, protocol.calibration)
    _check_quality(document, protocol.quality)
    shortest, longest = protocol.stream.first_token_ms
    if not 0 <= shortest <= longest:
        raise document.invalid(("stream", "first_token_ms"), "must be the shortest wait, then the longest")
    if protocol.reasons is not None:
        _check_unique(document, ("reasons", "options"), protocol.reasons.options, "value")
    if protocol.highlights is not None:
        _check_unique(document, ("highlights", "labels"), protocol.highlights.labels, "value")
    for place, questions in _question_lists(protocol):
        _check_questions(document, place, questions)
    for index, task in enumerate(protocol.tasks):
        _check_task(document, protocol, ("tasks", index), task)


def _check_languages(document: Document, protocol: StudyProtocol) -> None:
    for index in repeated(protocol.languages):
        raise document.invalid(("languages", index), f"{protocol.languages[index]} stands in this list twice")
    if protocol.languages and protocol.language not in protocol.languages:
        raise document.invalid(
            ("language",), f"must be one of the list languages ({', '.join(protocol.languages)})"
        )
    spoken = protocol.read_in.split("-")[0]
    for page, field in Texts.model_fields.items():
        # a page's built-in text is English; pages with questions are shown only where some are asked
        if page in _ASKED and not _is_asked(protocol, page):
            continue
        if not field.is_required() and spoken != _ENGLISH and page not in protocol.texts.model_fields_set:
            raise document.invalid(
                ("texts", page), f"is needed in {protocol.read_in}: the built-in text is English"
            )


def _is_asked(protocol: StudyProtocol, page: str) -> bool:
    own = {"before_task": "before", "after_task": "after"}.get(page)
    return bool(getattr(protocol, page)) or (own is not None and any(getattr(t, own) for t in protocol.tasks))


def _check_unique(document: Document, place: Loc, entries: Sequence[object], name: str) -> None:
    values = [getattr(entry, name) for entry in entries]
    for index in repeated(values):
        raise document.invalid((*place, index, name), f"{values[index]} stands in this list twice")


def _check_calibration(document: Document, plan: CalibrationPlan) -> None:
    grades = plan.grades_deg
    if not 0 < grades[0] < grades[1] < grades[2]:
        raise document.invalid(("calibration", "grades_deg"), "must be three rising numbers above 0")
    if plan.min_targets > plan.validation_points:
        raise document.invalid(
            ("calibration", "min_targets"),
            f"must not be more than the {plan.validation_points} targets of validation_points",
        )


def _check_task(document: Document, protocol: StudyProtocol, place: Loc, task: TaskEntry) -> None:
    if task.turns_max < task.turns_min:
        raise document.invalid((*place, "turns_max"), "must not be less than turns_min")
    pool = [model.name for model in protocol.models]
    for index, name in enumerate(task.models):
        if name not in pool:
            raise document.invalid((*place, "models", index), f"must be one of {', '.join(pool)}")
    for index in repeated(task.models):
        raise document.invalid((*place, "models", index), f"{task.models[index]} stands in this list twice")
    if task.mode == "pair" and len(task.models or pool) < 2:
        raise document.invalid((*place, "mode"), "pair needs two models in the list models")
    styles = [style.id for style in protocol.styles]
    if task.style is not None and task.style not in styles:
        known = f"must be one of {', '.join(styles)}" if styles else "needs a list styles in this file"
        raise document.invalid((*place, "style"), known)


# ---- questions -------------------------------------------------------------------------------
def _question_lists(protocol: StudyProtocol) -> Iterator[tuple[Loc, Sequence[Question]]]:
    """Every list of questions with its place in the file."""
    for key in _ASKED:
        yield (key,), getattr(protocol, key)
    for index, task in enumerate(protocol.tasks):
        for key in ("before", "after"):
            yield ("tasks", index, key), getattr(task, key) or ()


def _check_questions(document: Document, place: Loc, questions: Sequence[Question]) -> None:
    _check_unique(document, place, questions, "id")
    for index, question in enumerate(questions):
        here = (*place, index)
        match question:
            case ChoiceQuestion():
                _check_choice(document, here, question)
            case ScaleQuestion(correct=int() as correct) if not 1 <= correct <= question.points:
                raise document.invalid((*here, "correct"), f"must be from 1 to {question.points}")
            case NumberQuestion() if question.minimum > question.maximum:
                raise document.invalid((*here, "maximum"), "must not be less than minimum")
            case TextQuestion() if question.min_characters > question.max_characters:
                raise document.invalid((*here, "max_characters"), "must not be less than min_characters")
            case SentenceQuestion() if place[-1] not in ("after_task", "after"):
                raise document.invalid(
                    (*here, "kind"), "sentence can only be asked after a task, of its answer"
                )
            case _:
                pass
        if place == ("demographics",) and question.needed:
            raise document.invalid((*here, "needed"), "must be false: nobody has to say this of themselves")


def _check_choice(document: Document, place: Loc, question: ChoiceQuestion) -> None:
    _check_unique(document, (*place, "options"), question.options, "value")
    values = [option.value for option in question.options]
    if question.correct is None:
        return
    if question.correct not in values:
        raise document.invalid((*place, "correct"), f"must be one of {', '.join(values)}")
    if question.several:
        raise document.invalid((*place, "correct"), "needs a question with one answer: several must be false")


def _check_quality(document: Document, plan: QualityPlan) -> None:
    """Whether good is better than poor in each rule of the score."""
    for good, poor, rises in (
        ("good_error_deg", "max_error_deg", False),
        ("good_loss", "max_loss", False),
        ("good_rate_hz", "poor_rate_hz", True),
        ("good_drift_deg", "poor_drift_deg", False),
        ("good_on_text", "poor_on_text", True),
        ("supported", "probable", True),
    ):
        better, worse = getattr(plan, good), getattr(plan, poor)
        if better == worse or (better > worse) != rises:
            raise document.invalid(("quality", good), f"must be {'more' if rises else 'less'} than {poor}")
    if not all(1 <= n <= 20 for n in plan.grid):
        raise document.invalid(("quality", "grid"), "must be columns and rows, each from 1 to 20")
