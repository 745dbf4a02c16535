"""Topics with prepared answers: one YAML file each, in a folder beside the study file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.topics import PreparedAnswer, PreparedTurn, Topic
from ifllm_desktop.protocol.conditions import ANY_TOPIC
from ifllm_desktop.protocol.document import Document, repeated
from ifllm_desktop.protocol.part import LocalText, Name, Part, Several

ENGLISH = "en"


class _AnswerFile(Part):
    model: Name
    style: Name | None = None
    quality: Literal["better", "worse", ""] = ""
    text: LocalText


class _TurnFile(Part):
    prompt: LocalText
    answers: Several[_AnswerFile]


class _TopicFile(Part):
    id: Name
    title: LocalText
    description: LocalText
    turns: Several[_TurnFile]


def load_topics(folder: Path, language: str = ENGLISH, languages: Sequence[str] = ()) -> dict[str, Topic]:
    """Every topic (``*.yaml``) of a folder by id, in the order of the file names.

    Parameters
    ----------
    language : str
        Which text is taken where a file has several.
    languages : sequence of str
        All languages of the study; a text by language must have each of them.

    Raises
    ------
    DataError
        ``topics_missing`` without any file, ``protocol_invalid`` for a bad one.
    """
    topics: dict[str, Topic] = {}
    for path in sorted(folder.glob("*.yaml")):
        document = Document(path)
        entry = document.validated(_TopicFile, language, languages or (language,))
        if entry.id == ANY_TOPIC:
            raise document.invalid(("id",), f"{ANY_TOPIC} has a meaning of its own in study.yaml")
        if entry.id in topics:
            raise document.invalid(("id",), f"another topic is called {entry.id} too")
        for number, turn in enumerate(entry.turns):
            made = [(answer.model, answer.style) for answer in turn.answers]
            for index in repeated(made):
                model, style = made[index]
                of_style = f" in style {style}" if style else ""
                raise document.invalid(
                    ("turns", number, "answers", index, "model"),
                    f"{model} has an answer{of_style} here already",
                )
        topics[entry.id] = Topic(entry.id, entry.title, entry.description, tuple(map(_prepared, entry.turns)))
    if not topics:
        raise DataError("topics_missing", path=str(folder))
    return topics


def _prepared(turn: _TurnFile) -> PreparedTurn:
    return PreparedTurn(
        turn.prompt, tuple(PreparedAnswer(a.model, a.quality, a.text, a.style or "") for a in turn.answers)
    )
