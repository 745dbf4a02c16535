"""A study with everything that a participant leaves behind, and a search that decodes every file of it."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ifllm_desktop import compose_labels
from ifllm_desktop.compose_audit import StudyAudit
from ifllm_desktop.store.study import StudyFolder
from tests.command_line import run

PEOPLE = ("Ada-1741", "Bo-1742", "Cy-1743")
"""Ids that occur nowhere by chance, not even in compressed bytes."""
LEAVES = PEOPLE[1]


def recorded_study(home: Path) -> Path:
    """Recorded, derived, labelled, audited, scored and exported: inside the study and beside it."""
    folder = home / "study"
    done(home, "new", folder)
    with StudyFolder.open(folder) as study:
        study.catalogue()  # two programs cannot both be the first to make it
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(done, home, "run", folder, "--headless", "--seed", str(seed), "--participant", person)
            for seed, person in enumerate(PEOPLE)
        ]
        for job in jobs:
            job.result()
    with StudyFolder.open(folder) as study:
        for person in (LEAVES, PEOPLE[0]):
            compose_labels.label_for_demo(study, session_of(study, person))
        audit = StudyAudit(study, "someone")
        list(audit.work_out(audit.state().missing))
        for number, person in enumerate((LEAVES, PEOPLE[2])):
            audit.exclusions.exclude("main", session_of(study, person), f"reason {number}")
    done(home, "gaze", "fixations", folder)
    done(home, "gaze", "rederive", folder, "--model", "iris")
    done(home, "reward", "score", folder)
    done(home, "export", folder, "--format", "all", "--out", folder / "exports" / "001")
    done(home, "export", folder, "--format", "reward_scores", "--out", folder / "exports" / "scores only")
    done(home, "export", folder, "--format", "all", "--out", home / "outside")
    done(home, "export", folder, "--format", "annotations", "--out", home / "gone")
    done(home, "audit", folder, "--report", folder / "audit.html")
    return folder


def done(home: Path, *arguments: str | Path) -> None:
    """Run a command that has to succeed."""
    ran = run(home, [*arguments, "--json"])
    assert ran.code == 0, (arguments, ran.err)


def session_of(study: StudyFolder, person: str) -> str:
    """The one session of a person."""
    (found,) = [i.session_id for i in study.catalogue().sessions() if i.participant_id == person]
    return found


def ids_of(folder: Path, person: str) -> dict[str, set[str]]:
    """What has to be found nowhere, by kind: the person, their sessions, answers, pairs, turns and labels."""
    found: dict[str, set[str]] = defaultdict(set)
    found["person"].add(person)
    with StudyFolder.open(folder) as study:
        session_id = session_of(study, person)
        found["session"].add(session_id)
        for event in study.source(session_id).events():
            for one in re.findall(r"\b([a-z]+)(-[0-9a-f]{32})\b", json.dumps(event.payload)):
                found[one[0]].add("".join(one))
        for operation in study.catalogue().operations(session_id):
            state = operation.after or operation.before
            assert state is not None
            found["label"].add(state.annotation_id)
    assert found.keys() >= {"person", "session", "r", "p", "t", "label"}
    return dict(found)


def found_in(folder: Path, words: set[str]) -> dict[str, set[str]]:
    """Where words stand below a folder: word to the files (and tables, columns) whose decoded content has it.

    Names of files count as well. A word has to stand alone, not as a part of a longer one.
    """
    pattern = re.compile(
        r"(?<![A-Za-z0-9_])(?:" + "|".join(re.escape(word) for word in sorted(words)) + r")(?![A-Za-z0-9_])"
    )
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        for where, text in (("name", name), *decoded(path)):
            for word in pattern.findall(text):
                found[word].add(f"{name} {where}")
    return dict(found)


def decoded(path: Path) -> Iterator[tuple[str, str]]:
    """Pieces of a file as text, each with where it stands: the bytes as they are, and what they mean."""
    content = path.read_bytes()
    yield "bytes", content.decode("latin-1")
    yield "bytes as UTF-16", content.decode("utf-16-le", errors="replace")
    if content.startswith(b"SQLite format 3"):
        yield from decoded_database(path)
    elif path.suffix == ".parquet":
        table = pq.read_table(path)
        yield "metadata", str(table.schema) + str(pq.read_metadata(path).metadata)
        for column in table.column_names:
            yield column, "\n".join(map(str, table[column].to_pylist()))
    elif path.suffix == ".json":
        yield "json", json.dumps(json.loads(content), ensure_ascii=False)


def decoded_database(path: Path) -> Iterator[tuple[str, str]]:
    """Every value of every table, and the schema."""
    for table, rows in database_rows(path).items():
        yield table, "\n".join(map(str, rows))


def database_rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables of a database, without changing it."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: connection.execute(f'SELECT * FROM "{name}" ORDER BY rowid').fetchall() for name in names
        }
