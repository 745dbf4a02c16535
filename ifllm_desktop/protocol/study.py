"""The study file as a value, and the whole JSON schema of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from ifllm_desktop.protocol.ballot import (
    FurtherRating,
    HighlightPlan,
    PreferenceQuestion,
    RatingScale,
    ReasonPlan,
)
from ifllm_desktop.protocol.conditions import ModelEntry, RandomPlan, StreamPace, StyleEntry, Tasks
from ifllm_desktop.protocol.gaze_plan import CalibrationPlan, QualityPlan
from ifllm_desktop.protocol.part import LanguageCode, Listed, LocalText, Name, Part, Several, Text
from ifllm_desktop.protocol.questions import Questions
from ifllm_desktop.protocol.texts import ScopeAsked, Texts

PROTOCOL_SCHEMA_VERSION = 1
"""Version of the study file. A file with a greater one is refused (``protocol_newer``)."""


class StudyProtocol(Part):
    """A whole study file, in one of its languages.

    ``history`` says what the next turn knows of the last (see ``session.turn``). ``languages`` are all that its texts
    have; participants choose where there are several, and ``language`` stands first.
    """

    schema_version: int = Field(ge=1)
    id: Name
    title: LocalText
    language: LanguageCode
    languages: Listed[LanguageCode] = ()
    seed: int
    texts: Texts
    consent: Several[ScopeAsked]
    demographics: Questions = ()
    calibration: CalibrationPlan = CalibrationPlan()
    quality: QualityPlan = QualityPlan()
    rating: RatingScale
    more_ratings: Listed[FurtherRating] = ()
    preference: PreferenceQuestion
    reasons: ReasonPlan | None = None
    highlights: HighlightPlan | None = None
    before_task: Questions = ()
    after_task: Questions = ()
    at_end: Questions = ()
    stream: StreamPace = StreamPace()
    models: Several[ModelEntry]
    styles: Listed[StyleEntry] = ()
    randomise: RandomPlan = RandomPlan()
    history: Literal["separate", "winner", "shared"] = "winner"
    idle_after_s: float = Field(default=30.0, gt=0, le=3_600)
    topics: Text = "answers"
    tasks: Tasks

    _sha256: str = PrivateAttr("")
    _folder: Path = PrivateAttr(Path())
    _read_in: str = PrivateAttr("")

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the file that it was read from."""
        return self._sha256

    @property
    def topics_folder(self) -> Path:
        """Where the topics of this study are."""
        return self._folder / self.topics

    @property
    def read_in(self) -> str:
        """Language of the texts of this value, one of :attr:`all_languages`."""
        return self._read_in or self.language

    @property
    def all_languages(self) -> tuple[str, ...]:
        """Every language of the study, its own first."""
        return (self.language, *(code for code in self.languages if code != self.language))


def study_schema() -> dict[str, Any]:
    """The JSON schema (2020-12) of a study file, for editors that complete and check while one types."""
    schema = StudyProtocol.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "study.yaml of ifllm-desktop",
    }
