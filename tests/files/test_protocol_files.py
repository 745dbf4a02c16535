"""Study files on disk: the demo study, and many bad ones that each get one sentence with the right line."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from ifllm_desktop.compose import TEMPLATES, new_study
from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.protocol import (
    PROTOCOL_SCHEMA_VERSION,
    CalibrationPlan,
    DriftPlan,
    GatePlan,
    HeadMovePlan,
    Texts,
    load_protocol,
    load_topics,
    study_schema,
)
from ifllm_desktop.resource_files import resource_path
from ifllm_desktop.session.assignment import assign
from ifllm_desktop.wording import sentence

TOPIC = """\
id: {id}
title: Title
description: Text
turns:
  - prompt: Ask
    answers:
      - model: prepared-a
        quality: better
        text: Yes.
      - model: prepared-b
        quality: worse
        text: |
          No.
"""


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A copy of the demo study."""
    folder = tmp_path / "demo"
    shutil.copytree(resource_path("studies", "demo"), folder)
    return folder


def line_of(path: Path, start: str, nth: int = 0) -> int:
    """Number of the nth line that begins with ``start`` after its indentation."""
    lines = path.read_text("utf-8").splitlines()
    return [n for n, line in enumerate(lines, 1) if line.lstrip(" -").startswith(start)][nth]


def problem_of(load: Callable[[], object]) -> DataError:
    with pytest.raises(DataError) as caught:
        load()
    said = sentence(caught.value)
    assert "\n" not in said and "pydantic" not in said and "?:" not in said and "{" not in said
    assert said.count(". ") <= 2
    return caught.value


# ---- good files --------------------------------------------------------------------------------------------
def test_that_the_demo_study_loads_from_its_folder_and_from_its_file(demo: Path) -> None:
    study = load_protocol(demo)
    assert study == load_protocol(demo / "study.yaml")
    assert (study.id, study.language, study.history) == ("demo", "en", "winner")
    assert [t.mode for t in study.tasks] == ["single", "pair"]
    assert (study.calibration.points, study.calibration.validation_points) == (9, 5)
    assert [s.scope for s in study.consent if s.needed] == ["pointer"]
    assert len(study.sha256) == 64
    assert study.topics_folder == demo / "answers"
    assert len(load_topics(study.topics_folder)) == 6


def test_that_a_study_cannot_be_changed(demo: Path) -> None:
    study = load_protocol(demo)
    with pytest.raises(ValidationError):
        study.seed = 8
    assert hash(study.tasks) == hash(load_protocol(demo).tasks)


def test_that_the_demo_can_be_assigned_to_anybody(demo: Path) -> None:
    study = load_protocol(demo)
    topics = load_topics(study.topics_folder)
    for n in range(20):
        plan = assign(study, topics, f"P{n:03}", n)
        assert len({t.topic_id for t in plan.tasks}) == 2
        for task in plan.tasks:
            for turn in topics[task.topic_id].turns:
                assert all(turn.answer(model) is not None for model in task.models)


def test_that_every_key_of_the_demo_is_explained_or_said_by_its_value(demo: Path) -> None:
    lines = (demo / "study.yaml").read_text("utf-8").splitlines()
    top = [n for n, line in enumerate(lines) if re.match(r"[a-z_]+:", line)]
    plain = {"title", "language", "id", "rating", "calibration", "preference"}
    for n in top:
        key = lines[n].split(":")[0]
        assert key in plain or "#" in lines[n] or lines[n - 1].lstrip().startswith("#"), key


def test_that_what_the_demo_says_of_gaze_is_what_holds_when_it_is_left_out(demo: Path) -> None:
    study, lines = load_protocol(demo), (demo / "study.yaml").read_text("utf-8")
    assert study.calibration == CalibrationPlan(text_lines=3)  # the one key that is off where it is left out
    assert study.texts.text_check == Texts.model_fields["text_check"].default
    assert study.texts.gaze_help == Texts.model_fields["gaze_help"].default
    assert study.texts.drift_check == Texts.model_fields["drift_check"].default
    plans = (CalibrationPlan, GatePlan, DriftPlan, HeadMovePlan)
    assert [key for plan in plans for key in plan.model_fields if f"{key}:" not in lines] == []


# ---- bad study files ---------------------------------------------------------------------------------------
BAD = [
    # old text, new text, key, part of the problem
    ("seed: 20240501", "sead: 20240501", "sead", "did you mean seed"),
    ("seed: 20240501", "seed: twelve", "seed", "must be a whole number"),
    ("seed: 20240501", "seed: 1.5", "seed", "must be a whole number"),
    ("seed: 20240501", "seed: true", "seed", "must be a whole number"),
    ("seed: 20240501", "", "seed", "is missing"),
    ("id: demo ", "id: 'my study' ", "id", "letters, digits"),
    ("id: demo ", "id: 12 ", "id", "must be text: put it in quotes"),
    ("language: en", "language: no", "language", "put it in quotes"),
    ("language: en", "language: ''", "language", "must not be empty"),
    ("title: Welcome", "titel: Welcome", "texts.welcome.titel", "did you mean title"),
    ("title: Welcome", "", "texts.welcome.title", "is missing"),
    ("scope: gaze", "scope: gase", "consent[1].scope", "must be one of gaze, pointer, eye_patches, sharing"),
    ("scope: gaze", "scope: pointer", "consent[1].scope", "twice"),
    ("needed: true", "needed: 'yes'", "consent[0].needed", "must be true or false"),
    ("points: 9 ", "points: 10 ", "calibration.points", "must be one of 5, 9, 13, 16"),
    ("validation_points: 5", "validation_points: 6", "calibration.validation_points", "must be one of"),
    ("max_attempts: 2", "max_attempts: 0", "calibration.max_attempts", "must be at least 1"),
    ("max_attempts: 2", "max_atempts: 2", "calibration.max_atempts", "did you mean max_attempts"),
    ("settle_ms: 400", "settle_ms: 4 s", "calibration.settle_ms", "must be a whole number"),
    ("[1.0, 1.5, 2.5]", "[1.0, 1.5]", "calibration.grades_deg", "too few entries"),
    ("[1.0, 1.5, 2.5]", "[2.0, 1.5, 2.5]", "calibration.grades_deg", "rising"),
    ("[1.0, 1.5, 2.5]", "[1.0, x, 2.5]", "calibration.grades_deg[1]", "must be a number"),
    ("[1.0, 1.5, 2.5]", "1.0", "calibration.grades_deg", "must be a list"),
    ("max_loss: 0.15", "max_loss: 15", "calibration.max_loss", "must be at most 1"),
    ("max_loss: 0.15", "max_loss: .nan", "calibration.max_loss", "finite"),
    ("method: points", "method: dots", "calibration.method", "must be one of points, pursuit"),
    ("min_grade: C", "min_grade: E", "calibration.min_grade", "must be one of A, B, C, D"),
    ("# max_error_deg: 2.0", "max_error_deg: 0", "calibration.max_error_deg", "greater than 0"),
    ("min_targets: 3", "min_targets: 6", "calibration.min_targets", "not be more than the 5 targets"),
    ("on_failure: ask", "on_failure: retry", "calibration.on_failure", "ask, continue, pointer_only, stop"),
    ("min_rate_hz: 10.0", "min_rate: 10.0", "calibration.gate.min_rate", "did you mean min_rate_hz"),
    ("min_opening: 0.6", "min_opening: 1", "calibration.gate.min_opening", "must be less than 1"),
    ("max_scatter: 0.02", "max_scatter: 0", "calibration.gate.max_scatter", "greater than 0"),
    ("check: each_task", "check: always", "calibration.drift.check", "must be one of each_task, never"),
    ("refit_points: 5", "refit_points: 4", "calibration.drift.refit_points", "must be one of 5, 6"),
    ("refit_weight: 6.0", "refit_weight: 0.5", "calibration.drift.refit_weight", "must be at least 1"),
    ("max_shift_mm: 60.0", "max_shift_mm: far", "calibration.head_move.max_shift_mm", "must be a number"),
    ("lost_s: 5.0", "lost_s: 0", "calibration.head_move.lost_s", "greater than 0"),
    ("scale: 7", "scale: 10", "rating.scale", "must be at most 9"),
    ("tie: true", "tie: maybe", "preference.tie", "must be true or false"),
    ("tokens_per_s: 40", "tokens_per_s: 0", "stream.tokens_per_s", "must be greater than 0"),
    ("[300, 900]", "[900, 300]", "stream.first_token_ms", "shortest wait"),
    ("name: prepared-b", "name: prepared-a", "models[1].name", "twice"),
    ("name: prepared-b", "name: other", "tasks[0].topic", "no answer of other"),
    ("  - name: prepared-b\n", "", "tasks[1].mode", "two models"),
    ("history: winner", "history: loser", "history", "must be one of separate, winner, shared"),
    ("idle_after_s: 30", "idle_after_s: -1", "idle_after_s", "greater than 0"),
    ("topics: answers", "topics: replies", "topics", "there is no folder replies"),
    ("topics: answers", "topics: ../answers", "topics", "inside the study"),
    ("mode: pair", "mode: duel", "tasks[1].mode", "must be one of single, pair"),
    ("id: two-answers", "id: one-answer", "tasks[1].id", "twice"),
    ("topic: any", "topic: cooking", "tasks[0].topic", "must be any or one of balcony-garden"),
    ("turns_max: 3", "turns_max: 4", "tasks[0].turns_max", "has only 3 turns"),
    ("turns_min: 1", "turns_min: 5", "tasks[0].turns_max", "must not be less than turns_min"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "key", "part"), BAD, ids=[f"{b[1].strip() or 'no ' + b[0]}" for b in BAD]
)
def test_that_a_bad_value_is_named_with_its_line_and_key(
    demo: Path, old: str, new: str, key: str, part: str
) -> None:
    path = demo / "study.yaml"
    text = path.read_text("utf-8")
    assert re.search(
        rf"^[ -]*{re.escape(old)}" if not old.startswith("[") else re.escape(old), text, re.MULTILINE
    )
    start = re.search(
        rf"^[ -]*{re.escape(old)}" if not old.startswith("[") else re.escape(old), text, re.MULTILINE
    )
    assert start is not None
    path.write_text(text[: start.end() - len(old)] + new + text[start.end() :], "utf-8")
    error = problem_of(lambda: load_protocol(path))
    assert error.code == "protocol_invalid"
    assert error.params["path"] == str(path)
    assert error.params["key"] == key
    assert part in str(error.params["problem"])
    if "missing" not in part:
        last = re.split(r"[.\[]", key.removesuffix("]"))[-1]
        line = path.read_text("utf-8").splitlines()[int(str(error.params["line"])) - 1]
        assert (last if not last.isdigit() else "grades_deg") in line


# ---- parts that the demo does not use: added at its end, then spoilt ---------------------------------------
FULL = """\
demographics:
  - {id: age, kind: number, question: "How old are you?", minimum: 18, maximum: 99, unit: years}
  - id: gender
    kind: choice
    question: Which of these fits you?
    options: [{value: f, text: female}, {value: m, text: male}, {value: other, text: another}]
more_ratings:
  - {id: clarity, question: "How clear is {letter}?", scale: 5, low: not at all, high: very}
reasons:
  question: What decided it?
  options: [{value: correct, text: more correct}, {value: style, text: better written}]
  free_text: true
highlights:
  question: Mark what helped or hindered you.
  labels: [{value: good, text: helped}, {value: bad, text: hindered}]
before_task:
  - {id: known, kind: scale, question: "How much do you know of this?", low: nothing, high: a lot}
after_task:
  - {id: summary, kind: text, question: Sum it up., lines: 4, min_characters: 20, needed: true}
  - {id: main, kind: sentence, question: "Which sentence matters most?"}
  - id: attention
    kind: choice
    question: Please choose three.
    options: [{value: two, text: "2"}, {value: three, text: "3"}]
    correct: three
at_end:
  - {id: trust, kind: scale, points: 5, question: "Would you use it?", low: never, high: always, correct: 2}
randomise:
  tasks: latin_square
  models: balanced
  participants: 24
"""

BAD_FULL = [
    ("kind: number", "kind: digits", "demographics[0]", "kind must be one of choice, scale, number, text, sentence"),
    ("kind: number, ", "", "demographics[0]", "needs a key kind"),
    ("minimum: 18", "minimun: 18", "demographics[0].minimun", "did you mean minimum"),
    ("maximum: 99", "maximum: 9", "demographics[0].maximum", "must not be less than minimum"),
    ("unit: years", "unit: years, needed: true", "demographics[0].needed", "nobody has to say"),
    ("id: gender", "id: age", "demographics[1].id", "twice"),
    ("value: m,", "value: f,", "demographics[1].options[1].value", "twice"),
    ("value: other", "value: an other", "demographics[1].options[2].value", "letters, digits"),
    (", {value: m, text: male}, {value: other, text: another}]", "]", "demographics[1].options", "must have 2 entries"),
    ("scale: 5, low", "scale: 1, low", "more_ratings[0].scale", "at least 2"),
    ("value: style", "value: correct", "reasons.options[1].value", "twice"),
    ("value: bad", "value: good", "highlights.labels[1].value", "twice"),
    ("free_text: true", "free_text: 1", "reasons.free_text", "true or false"),
    ("id: known, kind: scale", "id: known, kind: sentence", "before_task[0].low", "not a known key"),
    ("min_characters: 20", "min_characters: 3000", "after_task[0].max_characters", "min_characters"),
    ("correct: three", "correct: four", "after_task[2].correct", "must be one of two, three"),
    ("correct: three", "correct: three, several: true", "YAML", ""),
    ("correct: three", "correct: three\n    several: true", "after_task[2].correct", "one answer"),
    ("correct: 2", "correct: 6", "at_end[0].correct", "from 1 to 5"),
    ("tasks: latin_square", "tasks: latin", "randomise.tasks", "fixed, shuffled, latin_square"),
    ("participants: 24", "participants: 7", "randomise.participants", "plan for 6 or 8"),
    ("participants: 24", "participants: 1", "randomise.participants", "plan for 2"),
    ("models: balanced", "styles: balanced", "randomise.styles", "two styles"),
]  # fmt: skip


def full_study(demo: Path, old: str = "", new: str = "") -> Path:
    path = demo / "study.yaml"
    assert FULL.count(old) == 1 or not old
    path.write_text(path.read_text("utf-8") + "\n" + FULL.replace(old, new, 1) if old else
                    path.read_text("utf-8") + "\n" + FULL, "utf-8")  # fmt: skip
    return path


def test_that_every_part_of_a_study_can_be_said(demo: Path) -> None:
    study = load_protocol(full_study(demo))
    assert [q.kind for q in study.after_task] == ["text", "sentence", "choice"]
    assert [q.id for q in study.demographics] == ["age", "gender"] and study.randomise.participants == 24
    assert study.reasons is not None and study.reasons.free_text and study.highlights is not None


@pytest.mark.parametrize(
    ("old", "new", "key", "part"), BAD_FULL, ids=[b[1] or f"no {b[0]}" for b in BAD_FULL]
)
def test_that_a_bad_question_or_draw_is_named_with_its_line(
    demo: Path, old: str, new: str, key: str, part: str
) -> None:
    path = full_study(demo, old, new)
    error = problem_of(lambda: load_protocol(path))
    assert (error.code, error.params["key"]) == ("protocol_invalid", key)
    assert part in str(error.params["problem"])
    if new not in ("", "]"):
        lines, at = path.read_text("utf-8").splitlines(), int(str(error.params["line"]))
        first = max(n for n, text in enumerate(lines, 1) if new.split("\n", maxsplit=1)[0] in text)
        assert abs(at - first) <= 3  # the line itself, or the key of the same entry that it contradicts


# ---- languages ---------------------------------------------------------------------------------------------
def two_languages(demo: Path, title: str = "{en: Welcome, de: Willkommen}") -> Path:
    path = demo / "study.yaml"
    text = path.read_text("utf-8").replace("language: en ", "language: en\nlanguages: [en, de] ")
    path.write_text(text.replace("title: Welcome", f"title: {title}"), "utf-8")
    return path


def test_that_a_study_is_read_in_each_of_its_languages(demo: Path) -> None:
    path = two_languages(demo)
    topic = demo / "answers" / "photo-backup.yaml"
    title = yaml.safe_load(topic.read_text("utf-8"))["title"]
    topic.write_text(
        topic.read_text("utf-8").replace(f"title: {title}", "title: {en: Photos, de: Fotos}"), "utf-8"
    )
    english, german = load_protocol(path), load_protocol(path, "de")
    assert (english.texts.welcome.title, german.texts.welcome.title) == ("Welcome", "Willkommen")
    assert english.all_languages == german.all_languages == ("en", "de")
    assert english.sha256 == german.sha256 and german.read_in == "de"
    for language, title in (("en", "Photos"), ("de", "Fotos")):
        assert load_topics(demo / "answers", language, ("en", "de"))["photo-backup"].title == title


@pytest.mark.parametrize(
    ("title", "key", "part"),
    [
        ("{en: Welcome}", "texts.welcome.title", "has no text in de"),
        ("{en: Welcome, de: Willkommen, fr: Salut}", "texts.welcome.title.fr", "not one of the languages"),
        ("{en: Welcome, de: ''}", "texts.welcome.title.de", "must not be empty"),
        ("{en: Welcome, de: 5}", "texts.welcome.title.de", "must be text"),
        ("{en: Welcome, no: Velkommen}", "texts.welcome.title", "put it in quotes"),
    ],
)
def test_that_a_text_that_lacks_a_language_is_named(demo: Path, title: str, key: str, part: str) -> None:
    error = problem_of(lambda: load_protocol(two_languages(demo, title)))
    assert error.params["key"] == key and part in str(error.params["problem"])
    assert error.params["line"] == line_of(demo / "study.yaml", f"title: {title}")


@pytest.mark.parametrize(
    ("code", "part"),
    [("english", "not a language code"), ("xx", "not a language code"), ("ger", "write de"), ("en_us", "write en-US"),
     ("EN", "write en"), ("deutsch!", "not a language code")],
)  # fmt: skip
def test_that_a_wrong_language_code_is_said_with_the_right_one(demo: Path, code: str, part: str) -> None:
    path = demo / "study.yaml"
    path.write_text(path.read_text("utf-8").replace("language: en ", f"language: {code} "), "utf-8")
    error = problem_of(lambda: load_protocol(path))
    assert error.params["key"] == "language" and part in str(error.params["problem"])


@pytest.mark.parametrize(
    ("line", "key", "part"),
    [
        ("languages: [en, de, de]", "languages[2]", "twice"),
        ("languages: [de, fr]", "language", "must be one of the list"),
        ("languages: [en, deu]", "languages[1]", "write de"),
        ("languages: en", "languages", "must be a list"),
    ],
)
def test_that_a_wrong_list_of_languages_is_said(demo: Path, line: str, key: str, part: str) -> None:
    path = demo / "study.yaml"
    path.write_text(path.read_text("utf-8").replace("language: en ", f"language: en\n{line} "), "utf-8")
    error = problem_of(lambda: load_protocol(path))
    assert error.params["key"] == key and part in str(error.params["problem"])


def test_that_a_built_in_text_does_not_turn_up_in_a_study_in_another_language(demo: Path) -> None:
    path = demo / "study.yaml"
    text = path.read_text("utf-8").replace("language: en ", "language: de ")
    assert load_protocol(Path(path.write_text(text, "utf-8") and path)).language == "de"
    start, end = text.index("  gaze_help:\n"), text.index("  drift_check:\n")
    path.write_text(text[:start] + text[end:], "utf-8")
    error = problem_of(lambda: load_protocol(path))
    assert error.params["key"] == "texts.gaze_help" and "is needed in de" in str(error.params["problem"])


def test_that_a_language_that_the_study_lacks_is_refused(demo: Path) -> None:
    error = problem_of(lambda: load_protocol(demo, "fr"))
    assert error.code == "language_unknown" and "en" in sentence(error)


# ---- styles ------------------------------------------------------------------------------------------------
def test_that_prepared_answers_are_needed_in_each_style(demo: Path) -> None:
    path = demo / "study.yaml"
    styles = "styles: [{id: plain}, {id: bullets, append: ' respond using bullet points'}]\n"
    path.write_text(path.read_text("utf-8") + "\n" + styles, "utf-8")
    error = problem_of(lambda: load_protocol(path))
    assert error.params["key"] == "tasks[0].topic"
    assert "no answer of prepared-a in style plain" in str(error.params["problem"])


def test_that_the_line_is_the_one_an_editor_shows(demo: Path) -> None:
    path = demo / "study.yaml"
    path.write_text(path.read_text("utf-8").replace("mode: pair", "mode: duel"), "utf-8")
    error = problem_of(lambda: load_protocol(path))
    assert error.params["line"] == line_of(path, "mode: duel")
    assert sentence(error) == (
        f"{path}, line {line_of(path, 'mode: duel')}: tasks[1].mode: must be one of single, pair. "
        "Mend that line, then start again."
    )


def test_that_the_first_problem_of_the_file_is_named(demo: Path) -> None:
    path = demo / "study.yaml"
    text = path.read_text("utf-8").replace("mode: pair", "mode: duel").replace("scale: 7", "scale: seven")
    path.write_text(text, "utf-8")
    assert problem_of(lambda: load_protocol(path)).params["key"] == "rating.scale"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("id: demo\n title: x\n", 2),
        ("id: [demo\n", 2),
        ("id: demo\n\ttitle: x\n", 2),
        ("id: 'demo\n", 2),
        ("id: demo\nid: again\n", 2),
        ("id: *nowhere\n", 1),
        ("id: !!python/object:os.system x\n", 1),
        ("when: 2024-13-45\n", 1),
        ("? [a, b]\n: x\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("- demo\n", 1),
        ("demo", 1),
        ("", 1),
        ("# nothing\n", 1),
        ("a: &a [*a]\n", 1),
        ("a: \x00\n", 1),
        ("[" * 2000, 1),
    ],
)
def test_that_a_file_that_is_not_a_study_is_one_sentence(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text, "utf-8")
    error = problem_of(lambda: load_protocol(tmp_path))
    assert error.code == "protocol_invalid"
    assert error.params["line"] == line


def test_that_a_file_in_another_encoding_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_bytes("id: demo\ntitle: Über\n".encode("latin-1"))
    error = problem_of(lambda: load_protocol(tmp_path))
    assert (error.params["line"], error.params["problem"]) == (2, "is not UTF-8 text")


def test_that_a_byte_order_mark_does_no_harm(demo: Path) -> None:
    path = demo / "study.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_protocol(demo).id == "demo"


def test_that_anchors_and_merges_may_be_used(demo: Path) -> None:
    path = demo / "study.yaml"
    text = path.read_text("utf-8").replace("  - id: one-answer\n", "  - &base\n    id: one-answer\n")
    path.write_text(text + "  - <<: *base\n    id: third\n", "utf-8")
    assert [t.mode for t in load_protocol(demo).tasks] == ["single", "pair", "single"]


@pytest.mark.parametrize("version", [PROTOCOL_SCHEMA_VERSION + 1, 99])
def test_that_a_newer_study_file_is_refused_before_anything_else(tmp_path: Path, version: int) -> None:
    (tmp_path / "study.yaml").write_text(f"schema_version: {version}\nnew_key: 1\n", "utf-8")
    error = problem_of(lambda: load_protocol(tmp_path))
    assert (error.code, error.params["version"]) == ("protocol_newer", version)
    assert "update the program" in sentence(error)


@pytest.mark.parametrize("version", ["0", "'2'", "true"])
def test_that_a_version_that_is_none_is_refused(demo: Path, version: str) -> None:
    path = demo / "study.yaml"
    path.write_text(
        path.read_text("utf-8").replace("schema_version: 1 ", f"schema_version: {version} "), "utf-8"
    )
    assert problem_of(lambda: load_protocol(path)).params["key"] == "schema_version"


def test_that_a_folder_without_a_study_says_how_to_make_one(tmp_path: Path) -> None:
    error = problem_of(lambda: load_protocol(tmp_path))
    assert error.code == "study_missing"
    assert "ifllm-desktop new" in sentence(error)
    assert problem_of(lambda: load_protocol(tmp_path / "nowhere")).code == "study_missing"


# ---- bad topics --------------------------------------------------------------------------------------------
def test_that_an_empty_topics_folder_is_said(demo: Path) -> None:
    shutil.rmtree(demo / "answers")
    (demo / "answers").mkdir()
    error = problem_of(lambda: load_protocol(demo))
    assert error.code == "topics_missing"
    assert str(demo / "answers") in sentence(error)


def test_that_more_tasks_than_topics_are_said(demo: Path) -> None:
    for path in sorted((demo / "answers").glob("*.yaml"))[1:]:
        path.unlink()
    error = problem_of(lambda: load_protocol(demo))
    assert error.params["key"] == "tasks[1].topic"
    assert "only 1 topic" in str(error.params["problem"])


BAD_TOPICS = [
    ("id: a", "name: a", "name"),
    ("id: a", "id: any", "id"),
    ("quality: better", "quality: best", "turns[0].answers[0].quality"),
    ("text: Yes.", "text: yes", "turns[0].answers[0].text"),
    ("text: Yes.", "text: ''", "turns[0].answers[0].text"),
    ("prompt: Ask", "promt: Ask", "turns[0].promt"),
    ("model: prepared-b", "model: prepared-a", "turns[0].answers[1].model"),
]


@pytest.mark.parametrize(("old", "new", "key"), BAD_TOPICS, ids=[b[1] for b in BAD_TOPICS])
def test_that_a_bad_topic_is_named_with_its_own_file_and_line(
    tmp_path: Path, old: str, new: str, key: str
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(TOPIC.format(id="a").replace(old, new, 1), "utf-8")
    error = problem_of(lambda: load_topics(tmp_path))
    assert (error.params["path"], error.params["key"]) == (str(path), key)
    assert new in path.read_text("utf-8").splitlines()[int(str(error.params["line"])) - 1]


def test_that_two_topics_of_one_id_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(TOPIC.format(id="same"), "utf-8")
    error = problem_of(lambda: load_topics(tmp_path))
    assert (error.params["path"], error.params["key"]) == (str(tmp_path / "b.yaml"), "id")


def test_that_topics_keep_their_text_exactly(demo: Path) -> None:
    for path in sorted((demo / "answers").glob("*.yaml")):
        raw = yaml.safe_load(path.read_text("utf-8"))
        topic = load_topics(demo / "answers")[raw["id"]]
        assert [[a.text for a in t.answers] for t in topic.turns] == [
            [a["text"] for a in t["answers"]] for t in raw["turns"]
        ]


# ---- templates and the schema for editors --------------------------------------------------------------------
@pytest.mark.parametrize("template", TEMPLATES)
def test_that_each_template_is_a_study_that_loads_and_can_be_assigned(tmp_path: Path, template: str) -> None:
    folder = new_study(tmp_path / template, template)
    study = load_protocol(folder)
    topics = load_topics(study.topics_folder)
    assert len(assign(study, topics, "P1", 0).tasks) == len(study.tasks)
    first = (folder / "study.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=study.schema.json"
    assert json.loads((folder / "study.schema.json").read_text("utf-8")) == study_schema()


def test_that_the_study_of_the_paper_has_its_whole_flow() -> None:
    study = load_protocol(resource_path("studies", "paper"))
    assert {task.mode for task in study.tasks} == {"single", "pair"} and study.rating.scale == 7
    assert {style.append.strip() for style in study.styles} == {"", "respond using bullet points"}
    asked = [question.id for question in (*study.before_task, *study.after_task)]
    assert {"knowledge", "summary", "main_sentence", "attention"} <= set(asked)
    assert study.demographics and study.preference.tie and study.preference.both_bad
    assert study.randomise.tasks == "latin_square" and study.calibration.validation_points >= 5


def test_that_the_published_schema_is_the_one_that_is_checked_by() -> None:
    published = json.loads(resource_path("schema", "study.schema.json").read_text("utf-8"))
    assert published == study_schema(), "write it anew: see packaging/study_schema.py"


def test_that_the_schema_takes_every_template_and_refuses_what_the_program_refuses() -> None:
    check = jsonschema.Draft202012Validator(study_schema())
    for template in TEMPLATES:
        data = yaml.safe_load(resource_path("studies", template, "study.yaml").read_text("utf-8"))
        assert list(check.iter_errors(data)) == []
        for broken in (
            {"sead": 1},
            {"seed": "x"},
            {"history": "loser"},
            {"tasks": []},
            {"title": {"en": ""}},
        ):
            assert list(check.iter_errors(data | broken)), broken
        assert not list(check.iter_errors(data | {"title": {"en": "A", "de": "B"}}))
