"""Answers of a turn and what was said of them, as views get them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ifllm_desktop.domain.chat import Finish


@dataclass(frozen=True, slots=True)
class AnswerSnapshot:
    """One answer as far as it is known.

    Attributes
    ----------
    side : str
        ``left`` or ``right``; a single answer is ``left``.
    letter : str
        ``A`` left, ``B`` right: the only name that a participant sees.
    text : str
        Markdown received so far.
    finish : Finish or None
        None while it is being written.
    detail : str
        Short technical reason of a failure.
    n_shown : int
        Code points of ``text`` that the window has reported as shown.
    rating : int or None
        1 … scale.
    further : mapping
        Ratings on the study's further scales, by name.
    """

    response_id: str
    side: str
    letter: str
    text: str = ""
    finish: Finish | None = None
    detail: str = ""
    n_shown: int = 0
    rating: int | None = None
    further: Mapping[str, int] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether all of it has arrived."""
        return self.finish is Finish.STOP

    @property
    def failed(self) -> bool:
        """Whether it ended without being complete: retry is offered."""
        return self.finish is not None and self.finish is not Finish.STOP


@dataclass(frozen=True, slots=True)
class Preference:
    """A vote: ``left``, ``right``, ``tie`` or ``both_bad``; ``strength`` 1 slightly, 2 clearly, else None."""

    choice: str
    strength: int | None = None


@dataclass(frozen=True, slots=True)
class Highlight:
    """A place that the participant marked: code points of the answer's source, half open."""

    highlight_id: str
    response_id: str
    label: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class HistoryTurn:
    """An earlier turn of the same task, with its ratings and vote; ``sent_prompt`` is what the models were sent."""

    turn_index: int
    prompt: str
    answers: tuple[AnswerSnapshot, ...]
    preference: Preference | None = None
    sent_prompt: str = ""
