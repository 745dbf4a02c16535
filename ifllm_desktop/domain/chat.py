"""What is said to a model and what comes back, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """All that a back end needs for one answer.

    Attributes
    ----------
    response_id : str
        Globally unique id of the answer that will be made.
    model : str
        Name of the model in the study's pool.
    messages : tuple of Message
        The whole context, last message from the user.
    topic_id, turn_index
        Where prepared answers are looked up; ``turn_index`` counts from 0.
    seed : int
        Seeds the pace of prepared answers, or is passed on to the server.
    parameters
        Model parameters (temperature, max_tokens …), passed on and stored.
    style, language : str
        Condition of style and language of a prepared answer; empty and the study's own where there is only one.
    """

    response_id: str
    model: str
    messages: tuple[Message, ...]
    topic_id: str = ""
    turn_index: int = 0
    seed: int = 0
    parameters: dict[str, float | int | str] = field(default_factory=dict)
    style: str = ""
    language: str = ""


class Finish(StrEnum):
    """How an answer ended. Only ``STOP`` makes a complete answer."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"
    CUT = "cut"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ChatChunk:
    """A piece of an answer, or its end.

    Attributes
    ----------
    text : str
        New text; empty in the last chunk.
    due_ns : int or None
        When the piece may be delivered, ns after the request was sent. Prepared answers set it and whoever
        iterates waits for it, so the same generator serves a real and a simulated clock; servers leave None.
    finish : Finish or None
        Set in the last chunk only.
    detail : str
        Short technical reason with ``Finish.ERROR``; never the participant's text.
    """

    text: str
    due_ns: int | None = None
    finish: Finish | None = None
    detail: str = ""
