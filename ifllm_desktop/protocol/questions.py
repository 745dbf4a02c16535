"""Questions of a study: about the person, before and after a task, at the end; and checks of attention.

Every question may be declined ("prefer not to say") unless it is ``needed``. A question with ``correct`` is a check of
attention: the answer is stored with whether it was that one, and nobody is told.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ifllm_desktop.protocol.part import Listed, LocalText, Name, Part


class Option(Part):
    """One answer to choose: ``value`` is stored, ``text`` is shown."""

    value: Name
    text: LocalText


class QuestionPart(Part):
    """What every question has. ``id`` names the answer in the exports."""

    id: Name
    question: LocalText
    hint: LocalText | None = None
    needed: bool = False


class ChoiceQuestion(QuestionPart):
    """One of some options, or with ``several`` any number of them."""

    kind: Literal["choice"]
    options: Annotated[tuple[Option, ...], Field(strict=False, min_length=2, max_length=30)]
    several: bool = False
    correct: Name | None = None


class ScaleQuestion(QuestionPart):
    """A Likert scale of 1 … ``points`` with words at both ends."""

    kind: Literal["scale"]
    points: int = Field(default=7, ge=2, le=11)
    low: LocalText
    high: LocalText
    correct: int | None = None


class NumberQuestion(QuestionPart):
    """A whole number, such as an age or a year."""

    kind: Literal["number"]
    minimum: int = 0
    maximum: int = 1_000_000
    unit: LocalText | None = None


class TextQuestion(QuestionPart):
    """Words of one's own, such as a summary. Characters are counted as Unicode code points."""

    kind: Literal["text"]
    lines: int = Field(default=1, ge=1, le=20)
    min_characters: int = Field(default=0, ge=0, le=10_000)
    max_characters: int = Field(default=2_000, ge=1, le=10_000)


class SentenceQuestion(QuestionPart):
    """One sentence of the answer that was read last (of the preferred one where there were two)."""

    kind: Literal["sentence"]


Question = Annotated[
    ChoiceQuestion | ScaleQuestion | NumberQuestion | TextQuestion | SentenceQuestion,
    Field(discriminator="kind"),
]
"""Any question; ``kind`` says which."""
Questions = Listed[Question]
