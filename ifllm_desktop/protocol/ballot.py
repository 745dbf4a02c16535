"""What is asked about answers: ratings, the comparison, reasons, and marks in the text."""

from __future__ import annotations

from pydantic import Field

from ifllm_desktop.protocol.part import LocalText, Name, Part, Several
from ifllm_desktop.protocol.questions import Option


class RatingScale(Part):
    """The scale under each answer: 1 … ``scale``. ``{letter}`` in the question becomes A or B."""

    question: LocalText
    scale: int = Field(default=7, ge=2, le=9)
    low: LocalText
    high: LocalText


class FurtherRating(RatingScale):
    """A scale beside the main one, such as clarity or trust; ``id`` names it in the exports."""

    id: Name


class PreferenceQuestion(Part):
    """The comparison of two answers; ``tie`` and ``both_bad`` allow those votes."""

    question: LocalText
    tie: bool = True
    both_bad: bool = True


class ReasonPlan(Part):
    """Reasons for a vote or a rating: any number of ``options``, and with ``free_text`` words of one's own."""

    question: LocalText
    options: Several[Option]
    free_text: bool = False
    needed: bool = False


class HighlightPlan(Part):
    """Places in the answers that participants mark themselves, each with one of these labels."""

    question: LocalText
    labels: Several[Option]
    needed: bool = False
