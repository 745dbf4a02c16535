"""Topics of a study with their prepared answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PreparedAnswer:
    """One prepared answer.

    Attributes
    ----------
    model : str
        Name in the study's pool of models.
    quality : str
        ``better``, ``worse`` or empty: what the author of the study thinks of it. Participants never see it;
        the simulated participant and checks of the study use it.
    text : str
        Markdown, shown as it stands.
    style : str
        Condition of style that it was written for, empty where the study has none.
    """

    model: str
    quality: str
    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class PreparedTurn:
    """One prompt and the answers that were prepared for it."""

    prompt: str
    answers: tuple[PreparedAnswer, ...]

    def answer(self, model: str, style: str = "") -> PreparedAnswer | None:
        """The answer of a model in a style, if one was prepared."""
        return next((a for a in self.answers if (a.model, a.style) == (model, style)), None)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a task is about.

    Attributes
    ----------
    id : str
        Unique in the study.
    title, description : str
        Plain text that the participant sees.
    """

    id: str
    title: str
    description: str
    turns: tuple[PreparedTurn, ...]
