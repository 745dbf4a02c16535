"""The study file: ``study.yaml`` and its topics, read into frozen values.

One module for each part of the file; ``load`` reads and checks it, ``document`` keeps the lines so that whatever is
wrong is one sentence with file, line, key and remedy, and ``study.study_schema`` is what editors complete by.
"""

from ifllm_desktop.protocol.ballot import (
    FurtherRating,
    HighlightPlan,
    PreferenceQuestion,
    RatingScale,
    ReasonPlan,
)
from ifllm_desktop.protocol.conditions import (
    ANY_TOPIC,
    ModelEntry,
    ModelParameters,
    RandomPlan,
    StreamPace,
    StyleEntry,
    TaskEntry,
)
from ifllm_desktop.protocol.gaze_plan import CalibrationPlan, DriftPlan, GatePlan, HeadMovePlan, QualityPlan
from ifllm_desktop.protocol.load import STUDY_FILE, load_editions, load_protocol
from ifllm_desktop.protocol.questions import (
    ChoiceQuestion,
    NumberQuestion,
    Option,
    Question,
    ScaleQuestion,
    SentenceQuestion,
    TextQuestion,
)
from ifllm_desktop.protocol.study import PROTOCOL_SCHEMA_VERSION, StudyProtocol, study_schema
from ifllm_desktop.protocol.texts import PageText, ScopeAsked, Texts
from ifllm_desktop.protocol.topics import load_topics

__all__ = [
    "ANY_TOPIC", "PROTOCOL_SCHEMA_VERSION", "STUDY_FILE", "CalibrationPlan", "ChoiceQuestion", "DriftPlan",
    "FurtherRating", "GatePlan", "HeadMovePlan", "HighlightPlan", "ModelEntry", "ModelParameters", "NumberQuestion",
    "Option", "PageText", "PreferenceQuestion", "QualityPlan", "Question", "RandomPlan", "RatingScale", "ReasonPlan",
    "ScaleQuestion", "ScopeAsked", "SentenceQuestion", "StreamPace", "StudyProtocol", "StyleEntry", "TaskEntry",
    "TextQuestion", "Texts", "load_editions", "load_protocol", "load_topics", "study_schema",
]  # fmt: skip
