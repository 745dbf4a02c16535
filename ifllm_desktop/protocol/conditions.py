"""Who gets what: models, styles, tasks, the pace of answers, and how all of it is drawn by lot."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ifllm_desktop.protocol.part import Listed, LocalText, Name, Part, Several, Text
from ifllm_desktop.protocol.questions import Questions

ANY_TOPIC = "any"
"""A task with this topic gets one of the topics that no task names, chosen by the study's seed."""


class StreamPace(Part):
    """How prepared answers are written on the screen.

    ``jitter`` is the standard deviation of the log of the time per token; ``first_token_ms`` the range of
    the wait for the first one.
    """

    tokens_per_s: float = Field(default=40.0, gt=0, le=10_000)
    jitter: float = Field(default=0.35, ge=0, le=3)
    first_token_ms: Annotated[tuple[int, int], Field(strict=False)] = (300, 900)


class ModelParameters(Part):
    """Parameters of generation, under the names of the OpenAI interface. What is left out is the server's choice."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)


class ModelEntry(Part):
    """One model of the pool. Participants never see its name."""

    name: Name
    parameters: ModelParameters = ModelParameters()
    system_prompt: Text | None = None


class StyleEntry(Part):
    """A condition of style: ``append`` is added to what the model is sent, for both sides, and never shown.

    ``share`` is its weight in the draw. The paper's study added " respond using bullet points" to a part of the
    prompts without telling it apart; here condition and sent text are stored with each turn.
    """

    id: Name
    append: str = Field(default="", max_length=2_000)
    share: float = Field(default=1.0, gt=0, le=1_000)


class RandomPlan(Part):
    """What is drawn by lot, and how evenly. ``balanced`` takes what the fewest *completed* tasks have had so far.

    ``tasks``: in the order of the file, shuffled for each person, or by a Latin square (balanced for who follows whom,
    Williams 1949). ``participants``: how many are planned; the study is refused when they cannot come out even.
    """

    tasks: Literal["fixed", "shuffled", "latin_square"] = "fixed"
    topics: Literal["drawn", "balanced"] = "drawn"
    models: Literal["drawn", "balanced"] = "drawn"
    styles: Literal["drawn", "balanced"] = "drawn"
    participants: int | None = Field(default=None, ge=1, le=100_000)


class TaskEntry(Part):
    """One task: which topic, one answer or two, how many turns, and what is asked around it.

    ``models`` limits the pool; ``style`` fixes the condition; ``before`` and ``after`` replace the study's own
    ``before_task`` and ``after_task``.
    """

    id: Name
    topic: Name = ANY_TOPIC
    mode: Literal["single", "pair"]
    turns_min: int = Field(default=1, ge=1, le=50)
    turns_max: int = Field(default=1, ge=1, le=50)
    models: Listed[Name] = ()
    style: Name | None = None
    introduction: LocalText | None = None
    before: Questions | None = None
    after: Questions | None = None


Tasks = Several[TaskEntry]
