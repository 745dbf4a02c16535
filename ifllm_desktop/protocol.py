"""The study file: ``study.yaml`` and its topics, read into frozen values.

Whatever is wrong in a file comes out as one ``DataError("protocol_invalid", path, line, key, problem)``, the
first in the order of the file, so that a researcher can mend it without knowing this program.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.topics import PreparedAnswer, PreparedTurn, Topic

PROTOCOL_SCHEMA_VERSION = 1
"""Version of the study file. A file with a greater one is refused (``protocol_newer``)."""
STUDY_FILE = "study.yaml"
ANY_TOPIC = "any"
"""A task with this topic gets one of the topics that no task names, chosen by the study's seed."""

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
_T = TypeVar("_T")
# YAML lists arrive as Python lists; strict mode would refuse them for a tuple
Several = Annotated[tuple[_T, ...], Field(strict=False, min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class PageText(_Part):
    """What stands on a page of the participant's flow."""

    title: Text
    body: Text


class Texts(_Part):
    """Texts of the pages, by page."""

    welcome: PageText
    consent: PageText
    camera_check: PageText
    calibration: PageText
    gaze_result: PageText
    gaze_help: PageText = PageText(
        title="Your eyes are hard to follow today",
        body="This happens, and it is not your fault. Light from the front and a steady seat often help.",
    )
    drift_check: PageText = PageText(
        title="One dot before we go on",
        body="Look at the dot until its ring is full.",
    )
    text_check: PageText = PageText(
        title="Read a few lines",
        body="A bar marks one line at a time. Read that line once, then press Space.",
    )
    instructions: PageText
    finish: PageText
    declined: PageText


class ScopeAsked(_Part):
    """One line of the consent page. ``needed``: the study cannot run without a yes."""

    scope: Literal["gaze", "pointer", "eye_patches", "sharing"]
    needed: bool = False
    title: Text
    text: Text


class GatePlan(_Part):
    """When a frame counts at a target; see ``session.frame_gate`` for the source of each limit.

    ``min_rate_hz``: pictures per second. ``min_opening``: share of the person's own median opening of the lids.
    ``max_scatter``: robust standard deviation of the iris at one target, in distances between the eye corners.
    ``max_deviation``: frames further from the median than this many robust standard deviations are dropped.
    """

    min_rate_hz: float = Field(default=10.0, ge=0, le=240)
    min_opening: float = Field(default=0.6, ge=0, lt=1)
    max_scatter: float = Field(default=0.02, gt=0, le=1)
    max_deviation: float = Field(default=3.5, ge=2, le=20)


class DriftPlan(_Part):
    """Drift check and refit. ``threshold_sd`` is in standard errors of the check, ``threshold_px`` the least drift
    that counts; the greater of the two decides. ``refit_weight``: weight of a new target against an old one. With 13
    targets of one session and 5 of the next (100 draws of two people at a webcam; error at the other 11, mean, eye
    patches / iris) the old calibration alone missed by 275 / 380 px, shifted by the mean error of the 5 by 215 / 238,
    the 5 alone by 191 / 226, refitted with weight 1 by 151 / 208, with 6 by 150 / 197, with 30 by 150 / 199.
    """

    check: Literal["each_task", "never"] = "each_task"
    threshold_sd: float = Field(default=3.0, gt=0, le=20)
    threshold_px: float = Field(default=60.0, ge=0, le=2_000)
    refit_points: Literal[5, 6] = 5
    refit_weight: float = Field(default=6.0, ge=1, le=100)


class HeadMovePlan(_Part):
    """How far the head may go from where it was calibrated, over two seconds.

    ``max_shift_mm`` in any direction, ``max_turn_deg`` in yaw, pitch or roll, ``max_scale`` as share of the distance
    between the eyes in the picture; ``lost_s``: without eyes for this long gaze counts as lost.
    """

    max_shift_mm: float = Field(default=60.0, gt=0, le=1_000)
    max_turn_deg: float = Field(default=20.0, gt=0, le=90)
    max_scale: float = Field(default=0.15, gt=0, le=2)
    lost_s: float = Field(default=5.0, gt=0, le=600)


class CalibrationPlan(_Part):
    """Targets, timing and limits of calibration and validation.

    ``grades_deg`` are the upper limits of the grades A, B and C; ``max_error_px`` is used where the
    size of the screen is not known. A validation is accepted when its grade is ``min_grade`` or better, its error
    within ``max_error_deg`` (where given; ``max_error_px`` without a size), no more than ``max_loss`` of its frames
    lost and at least ``min_targets`` of its targets measured. ``on_failure`` says what follows when no attempt was:
    the participant is asked, goes on with it marked, goes on with the pointer only, or the session ends.
    ``text_lines``: lines of a text to be read once a calibration is accepted, 0 for none.
    """

    method: Literal["points", "pursuit"] = "points"
    points: Literal[5, 9, 13, 16] = 9
    validation_points: Literal[4, 5, 9] = 5
    text_lines: Literal[0, 3, 4, 5] = 0
    max_attempts: int = Field(default=2, ge=1, le=5)
    settle_ms: int = Field(default=400, ge=0, le=5_000)
    collect_frames: int = Field(default=24, ge=3, le=300)
    timeout_ms: int = Field(default=4_000, ge=500, le=60_000)
    pursuit_deg_s: float = Field(default=10.0, gt=0, le=30)
    pursuit_s: float = Field(default=25.0, ge=10, le=120)
    grades_deg: Annotated[tuple[float, float, float], Field(strict=False)] = (1.0, 1.5, 2.5)
    min_grade: Literal["A", "B", "C", "D"] = "C"
    max_error_deg: float | None = Field(default=None, gt=0)
    max_error_px: float = Field(default=170.0, gt=0)
    max_loss: float = Field(default=0.15, ge=0, le=1)
    min_targets: int = Field(default=3, ge=1, le=9)
    on_failure: Literal["ask", "continue", "pointer_only", "stop"] = "ask"
    gate: GatePlan = GatePlan()
    drift: DriftPlan = DriftPlan()
    head_move: HeadMovePlan = HeadMovePlan()


class ScoreWeights(_Part):
    """Points of each rule of the quality score; what could not be measured has no part in it."""

    accuracy: float = Field(default=40.0, gt=0, le=1_000)
    loss: float = Field(default=25.0, gt=0, le=1_000)
    rate: float = Field(default=10.0, ge=0, le=1_000)
    drift: float = Field(default=15.0, ge=0, le=1_000)
    on_text: float = Field(default=10.0, ge=0, le=1_000)


class QualityPlan(_Part):
    """How the gaze of a whole session is judged: which sessions are to be left out, and its score of 0–100.

    ``max_*`` and ``min_*`` leave a session out (optional ones only where given). Each rule of the score gives all of
    its points at ``good_*`` or better and none at the limit (``max_error_deg``, ``max_loss``) or ``poor_*``.
    ``supported`` and ``probable``: chance from which block, line and word count as told, and are given with their
    probability. ``grid``: columns and rows of the map of errors.
    """

    max_error_deg: float = Field(default=3.5, gt=0, le=30)
    max_loss: float = Field(default=0.15, gt=0, le=1)
    min_rate_hz: float | None = Field(default=None, gt=0, le=240)
    max_drift_deg: float | None = Field(default=None, gt=0, le=30)
    good_error_deg: float = Field(default=0.5, ge=0, le=30)
    good_loss: float = Field(default=0.02, ge=0, lt=1)
    good_rate_hz: float = Field(default=28.0, gt=0, le=240)
    poor_rate_hz: float = Field(default=15.0, ge=0, le=240)
    good_drift_deg: float = Field(default=0.2, ge=0, le=30)
    poor_drift_deg: float = Field(default=2.0, gt=0, le=30)
    good_on_text: float = Field(default=0.6, gt=0, le=1)
    poor_on_text: float = Field(default=0.1, ge=0, lt=1)
    weights: ScoreWeights = ScoreWeights()
    supported: float = Field(default=0.80, gt=0, le=1)
    probable: float = Field(default=0.25, ge=0, le=1)
    grid: Annotated[tuple[int, int], Field(strict=False)] = (5, 4)


class RatingScale(_Part):
    """The scale under each answer: 1 … ``scale``. ``{letter}`` in the question becomes A or B."""

    question: Text
    scale: int = Field(default=7, ge=2, le=9)
    low: Text
    high: Text


class PreferenceQuestion(_Part):
    """The comparison of two answers; ``tie`` and ``both_bad`` allow those votes."""

    question: Text
    tie: bool = True
    both_bad: bool = True


class StreamPace(_Part):
    """How prepared answers are written on the screen.

    ``jitter`` is the standard deviation of the log of the time per token; ``first_token_ms`` the range of
    the wait for the first one.
    """

    tokens_per_s: float = Field(default=40.0, gt=0, le=10_000)
    jitter: float = Field(default=0.35, ge=0, le=3)
    first_token_ms: Annotated[tuple[int, int], Field(strict=False)] = (300, 900)


class ModelEntry(_Part):
    """One model of the pool. Participants never see its name."""

    name: Name


class TaskEntry(_Part):
    """One task: which topic, one answer or two, and how many turns."""

    id: Name
    topic: Name = ANY_TOPIC
    mode: Literal["single", "pair"]
    turns_min: int = Field(default=1, ge=1, le=50)
    turns_max: int = Field(default=1, ge=1, le=50)


class StudyProtocol(_Part):
    """A whole study file. ``history`` says what the next turn knows of the last (see ``session.turn``)."""

    schema_version: int = Field(ge=1)
    id: Name
    title: Text
    language: Text
    seed: int
    texts: Texts
    consent: Several[ScopeAsked]
    calibration: CalibrationPlan = CalibrationPlan()
    quality: QualityPlan = QualityPlan()
    rating: RatingScale
    preference: PreferenceQuestion
    stream: StreamPace = StreamPace()
    models: Several[ModelEntry]
    history: Literal["separate", "winner", "shared"] = "winner"
    idle_after_s: float = Field(default=30.0, gt=0, le=3_600)
    topics: Text = "answers"
    tasks: Several[TaskEntry]

    _sha256: str = PrivateAttr("")
    _folder: Path = PrivateAttr(Path())

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the file that it was read from."""
        return self._sha256

    @property
    def topics_folder(self) -> Path:
        """Where the topics of this study are."""
        return self._folder / self.topics


class _AnswerFile(_Part):
    model: Name
    quality: Literal["better", "worse", ""] = ""
    text: Text


class _TurnFile(_Part):
    prompt: Text
    answers: Several[_AnswerFile]


class _TopicFile(_Part):
    id: Name
    title: Text
    description: Text
    turns: Several[_TurnFile]


def load_protocol(path: Path) -> StudyProtocol:
    """The study of a ``study.yaml`` or of the folder that holds one, checked together with its topics.

    Raises
    ------
    DataError
        ``study_missing``, ``protocol_invalid``, ``protocol_newer``, ``topics_missing``.
    OSError
        When a file is there but cannot be read.
    """
    path = path / STUDY_FILE if path.is_dir() else path
    if not path.exists():
        raise DataError("study_missing", path=str(path.parent if path.name == STUDY_FILE else path))
    document = _Document(path)
    version = document.data.get("schema_version") if isinstance(document.data, dict) else None
    if type(version) is int and version > PROTOCOL_SCHEMA_VERSION:
        raise DataError("protocol_newer", path=str(path), version=version, known=PROTOCOL_SCHEMA_VERSION)
    protocol = document.validated(StudyProtocol)
    protocol._sha256 = hashlib.sha256(document.content).hexdigest()
    protocol._folder = path.parent
    _check_protocol(document, protocol)
    folder = Path(protocol.topics)
    if folder.is_absolute() or ".." in folder.parts:
        raise document.invalid(("topics",), "must name a folder inside the study")
    if not protocol.topics_folder.is_dir():
        raise document.invalid(("topics",), f"there is no folder {protocol.topics} beside this file")
    _check_tasks(document, protocol, load_topics(protocol.topics_folder))
    return protocol


def load_topics(folder: Path) -> dict[str, Topic]:
    """Every topic (``*.yaml``) of a folder by id, in the order of the file names.

    Raises
    ------
    DataError
        ``topics_missing`` without any file, ``protocol_invalid`` for a bad one.
    """
    topics: dict[str, Topic] = {}
    for path in sorted(folder.glob("*.yaml")):
        document = _Document(path)
        entry = document.validated(_TopicFile)
        if entry.id == ANY_TOPIC:
            raise document.invalid(("id",), f"{ANY_TOPIC} has a meaning of its own in study.yaml")
        if entry.id in topics:
            raise document.invalid(("id",), f"another topic is called {entry.id} too")
        for number, turn in enumerate(entry.turns):
            names = [answer.model for answer in turn.answers]
            for index in _repeated(names):
                raise document.invalid(
                    ("turns", number, "answers", index, "model"), f"{names[index]} has an answer here already"
                )
        topics[entry.id] = Topic(entry.id, entry.title, entry.description, tuple(map(_prepared, entry.turns)))
    if not topics:
        raise DataError("topics_missing", path=str(folder))
    return topics


def _prepared(turn: _TurnFile) -> PreparedTurn:
    return PreparedTurn(turn.prompt, tuple(PreparedAnswer(a.model, a.quality, a.text) for a in turn.answers))


def _repeated(values: Sequence[Hashable]) -> Iterable[int]:
    return (index for index, value in enumerate(values) if value in values[:index])


def _check_protocol(document: _Document, protocol: StudyProtocol) -> None:
    """Rules between keys of the study file."""
    for key, entries, name in (
        ("consent", protocol.consent, "scope"),
        ("models", protocol.models, "name"),
        ("tasks", protocol.tasks, "id"),
    ):
        values = [getattr(entry, name) for entry in entries]
        for index in _repeated(values):
            raise document.invalid((key, index, name), f"{values[index]} stands in this list twice")
    grades = protocol.calibration.grades_deg
    if not 0 < grades[0] < grades[1] < grades[2]:
        raise document.invalid(("calibration", "grades_deg"), "must be three rising numbers above 0")
    if protocol.calibration.min_targets > protocol.calibration.validation_points:
        raise document.invalid(
            ("calibration", "min_targets"), f"must not be more than the {protocol.calibration.validation_points} "
            "targets of validation_points",
        )  # fmt: skip
    _check_quality(document, protocol.quality)
    shortest, longest = protocol.stream.first_token_ms
    if not 0 <= shortest <= longest:
        raise document.invalid(("stream", "first_token_ms"), "must be the shortest wait, then the longest")
    for index, task in enumerate(protocol.tasks):
        if task.turns_max < task.turns_min:
            raise document.invalid(("tasks", index, "turns_max"), "must not be less than turns_min")
        if task.mode == "pair" and len(protocol.models) < 2:
            raise document.invalid(("tasks", index, "mode"), "pair needs two models in the list models")


def _check_quality(document: _Document, plan: QualityPlan) -> None:
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


def _check_tasks(document: _Document, protocol: StudyProtocol, topics: dict[str, Topic]) -> None:
    """Whether each task finds what it needs among the topics."""
    named = {task.topic for task in protocol.tasks}
    free = [topic for topic in topics.values() if topic.id not in named]
    n_any = 0
    for index, task in enumerate(protocol.tasks):
        where = ("tasks", index, "topic")
        n_any += task.topic == ANY_TOPIC
        if task.topic != ANY_TOPIC and task.topic not in topics:
            raise document.invalid(where, f"must be any or one of {', '.join(topics)}")
        if n_any > len(free):
            raise document.invalid(where, f"there are only {len(free)} topics for tasks with any topic")
        for topic in free if task.topic == ANY_TOPIC else [topics[task.topic]]:
            if len(topic.turns) < task.turns_max:
                raise document.invalid(
                    ("tasks", index, "turns_max"), f"topic {topic.id} has only {len(topic.turns)} turns"
                )
            for number, turn in enumerate(topic.turns[: task.turns_max]):
                for model in protocol.models:
                    if turn.answer(model.name) is None:
                        raise document.invalid(
                            where, f"topic {topic.id} has no answer of {model.name} in turn {number + 1}"
                        )


# ---- from YAML to values, keeping the lines --------------------------------------------------
_Loc = tuple[str | int, ...]
_Model = TypeVar("_Model", bound=BaseModel)
_DEEPEST = 40
_KINDS = {
    "int_type": "must be a whole number", "int_from_float": "must be a whole number",
    "float_type": "must be a number", "bool_type": "must be true or false",
    "tuple_type": "must be a list", "model_type": "must be a block of keys", "missing": "is missing",
    "string_pattern_mismatch": "may hold only letters, digits and . _ -, beginning with a letter or digit",
    "finite_number": "must be a finite number",
}  # fmt: skip


class _Document:
    """One YAML file: its data and the line of each key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = path.read_bytes()
        self._root: yaml.Node | None = None
        try:
            loader = yaml.SafeLoader(self.content.decode("utf-8-sig"))
            self._root = loader.get_single_node()
            self._check_nodes(self._root, ())
            self.data: Any = loader.construct_document(self._root) if self._root is not None else None
        except UnicodeDecodeError as error:
            line = self.content[: error.start].count(b"\n") + 1
            raise self._problem(line, "the file", "is not UTF-8 text") from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else 1
            raise self._problem(line, "YAML", _one_line(error.problem or error.context or "")) from error
        except yaml.YAMLError as error:
            raise self._problem(1, "YAML", _one_line(str(error))) from error
        except RecursionError as error:
            raise self._problem(1, "YAML", "is nested too deeply") from error
        except ValueError as error:  # dates such as 2024-13-45
            raise self._problem(1, "YAML", _one_line(str(error))) from error

    def validated(self, model: type[_Model]) -> _Model:
        """The data as a value of ``model``; raises ``protocol_invalid`` for the first thing that is wrong."""
        if not isinstance(self.data, dict):
            problem = "is empty" if self.data is None else "must hold keys and values"
            raise self._problem(1, "the file", problem)
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=True)
            # a list whose entries are all wrong is reported as too short as well: the entries are what counts
            locs = [detail["loc"] for detail in details]
            deepest = [d for d in details if not any(_is_inside(loc, d["loc"]) for loc in locs)]
            found = [(*self._find(detail["loc"]), detail) for detail in deepest]
            # where a key is missing because it is misspelt, the misspelt key is the better thing to name
            line, key, detail = min(found, key=lambda f: (f[2]["type"] == "missing", f[0]))
            problem = _wording(detail, _known_keys(model, detail["loc"]))
            raise self._problem(line, key, problem) from error

    def invalid(self, loc: _Loc, problem: str) -> DataError:
        """The error for a key of the file."""
        line, key = self._find(loc)
        return self._problem(line, key, problem)

    def _problem(self, line: int, key: str, problem: str) -> DataError:
        return DataError("protocol_invalid", path=str(self.path), line=line, key=key, problem=problem)

    def _find(self, loc: Sequence[str | int]) -> tuple[int, str]:
        """Line and readable name of the deepest part of ``loc`` that the file has, or of what it lacks."""
        node, line, name = self._root, 1, ""
        for part in loc:
            child: yaml.Node | None = None
            if isinstance(node, yaml.MappingNode):
                for key_node, value_node in node.value:
                    if key_node.value == str(part):
                        child, line = value_node, key_node.start_mark.line + 1
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                child = node.value[part]
                line = child.start_mark.line + 1
            if child is None and not isinstance(node, yaml.MappingNode):
                break  # what follows is pydantic's own (the branch of a union), not a key
            name += f"[{part}]" if isinstance(part, int) else f"{'.' if name else ''}{part}"
            if child is None:
                break
            node = child
        return line, name or "the file"

    def _check_nodes(self, node: yaml.Node | None, above: tuple[yaml.Node, ...]) -> None:
        """Refuse a key that is given twice (YAML takes the last one silently) and nesting without end."""
        if node in above or len(above) > _DEEPEST:
            raise RecursionError
        if isinstance(node, yaml.SequenceNode):
            for child in node.value:
                self._check_nodes(child, (*above, node))
        if not isinstance(node, yaml.MappingNode):
            return
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._problem(line, "YAML", "a key must be plain text")
            if key_node.value in first:
                raise self._problem(line, key_node.value, f"stands on line {first[key_node.value]} already")
            first[key_node.value] = line
            self._check_nodes(value_node, (*above, node))


def _is_inside(loc: _Loc, outer: _Loc) -> bool:
    return len(loc) > len(outer) and loc[: len(outer)] == outer


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".") or "cannot be read"


def _wording(detail: Any, known: Sequence[str]) -> str:
    """What pydantic found, in the words of the study file."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing" and isinstance(detail["loc"][-1], int):
        return "has too few entries"
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        return f"is not a known key ({hint})"
    if kind == "literal_error":
        return f"must be one of {context['expected'].replace(' or ', ', ').replace(chr(39), '')}"
    if kind == "string_type":
        quotes = isinstance(detail["input"], bool | int | float)
        return "must be text: put it in quotes" if quotes else "must be text"
    if kind in ("string_too_short", "too_short"):
        n = context["min_length"]
        return "must not be empty" if n == 1 else f"must have {n} entries"
    if kind in ("string_too_long", "too_long"):
        what = "characters" if kind == "string_too_long" else "entries"
        return f"must not have more than {context['max_length']} {what}"
    for name, words in (("ge", "at least"), ("gt", "greater than"), ("le", "at most"), ("lt", "less than")):
        if name in context:
            return f"must be {words} {context[name]:g}"
    return _KINDS.get(kind, _one_line(detail["msg"]))


def _known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """Keys that are allowed where the last part of ``loc`` stands."""
    for part in loc[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            inner = model.model_fields[part].annotation
            found = [a for a in (inner, *get_args(inner)) if isinstance(a, type) and issubclass(a, BaseModel)]
            model = found[0] if found else model
    return list(model.model_fields)
