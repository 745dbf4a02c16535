"""The templates, from the study file to the export: simulated participants go through everything that they ask."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.command_line import run


@pytest.fixture(scope="module", params=["paper", "stimuli"])
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of a template with two simulated participants, exported to ``out``."""
    home = tmp_path_factory.mktemp("studies")
    folder = home / str(request.param)
    for words in (
        ["new", folder, "--template", request.param], ["run", folder, "--headless", "--seed", "1"],
        ["run", folder, "--headless", "--seed", "2"], ["export", folder, "--format", "all", "--out", folder / "out"],
    ):  # fmt: skip
        done = run(home, words)
        assert done.code == 0, done.err
    return folder


def events(study: Path) -> list[tuple[str, dict[str, Any]]]:
    """Kind and payload of every control event, session by session."""
    found = []
    for path in sorted((study / "recordings").glob("*.sqlite")):
        with sqlite3.connect(path) as connection:
            rows = connection.execute("SELECT kind, payload FROM event ORDER BY rowid").fetchall()
        found += [(str(kind), json.loads(payload)) for kind, payload in rows]
    return found


def exported(study: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(study / "out" / name / f"{name}.parquet").to_pylist()
    return rows


def test_that_both_participants_finish_everything(study: Path) -> None:
    ends = [payload["reason"] for kind, payload in events(study) if kind == "session_end"]
    assert ends == ["finished", "finished"]
    report = run(study.parent, ["verify", study, "--json"]).report
    assert report["ok"] and len(report["recordings"]) == 2


def test_that_what_was_said_is_exported_as_it_stood_in_the_end(study: Path) -> None:
    rows = exported(study, "answers")
    asked = Counter(row["question_id"] for row in rows)
    if study.name == "paper":
        assert {"age", "gender", "knowledge", "summary", "attention", "main_sentence", "remarks"} <= set(
            asked
        )
        assert asked["knowledge"] == 16  # two people, four tasks, before and after
        checks = [row for row in rows if row["question_id"] == "attention"]
        assert all(row["attention_passed"] is (row["value"] == "green") for row in checks)
        failed = {row["session_id"] for row in checks if not row["attention_passed"]}
        assert all(
            row["attention_ok"] is (row["session_id"] not in failed) for row in exported(study, "preference")
        )
    else:
        assert asked["clarity"] == asked["rating"] == 16 and asked["highlight"] == 8
    texts = {p["response_id"]: p["text"] for kind, p in events(study) if kind == "response_end"}
    quoted = [row for row in rows if row["start"] is not None]
    assert quoted and all(texts[r["response_id"]][r["start"] : r["end"]] == r["quote"] for r in quoted)
    ages = [row for row in rows if row["question_id"] == "age"]
    assert all(row["declined"] or 18 <= row["number"] <= 99 for row in ages)


def test_that_styles_and_orders_differ_between_people_and_are_stored(study: Path) -> None:
    sent = [p for kind, p in events(study) if kind == "submit"]
    for p in sent:
        added = " respond using bullet points" if p["style"] == "bullets" else ""
        assert p["sent_prompt"] == p["prompt"] + added
        assert all(r["context"][-1]["content"] == p["sent_prompt"] for r in p["responses"])
    styles = Counter(p["style"] for p in sent)
    assert styles == ({"plain": 4, "bullets": 4} if study.name == "paper" else {"plain": 8})
    orders = []
    for kind, p in events(study):
        if kind == "session_start":
            orders.append([])
        if kind == "task_start":
            orders[-1].append(p["task_id"])
    assert sorted(orders[0]) == sorted(orders[1]) and orders[0] != orders[1]
