"""Schemas as numbered steps: ``user_version`` counts the steps that a file has seen.

A sealed recording is never edited, so its steps run when a file is made; the reader copes with older ones.
The catalogue is brought up to date when it is opened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import SCHEMA_VERSION, STREAMS

Step = Callable[[sqlite3.Connection], None]

_SQL_TYPES = {"i": "INTEGER", "f": "REAL", "s": "TEXT", "b": "BLOB"}


def version_of(connection: sqlite3.Connection) -> int:
    """How many steps a file has seen; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(connection: sqlite3.Connection, path: Path, known: int, code: str) -> None:
    """Raise DataError ``code`` when the file was written by a newer version of the program."""
    version = version_of(connection)
    if version > known:
        raise DataError(code, path=str(path), version=version, known=known)


def migrate(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Run the steps that a file has not seen; all of them or none."""
    done = version_of(connection)
    if done >= len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[version_of(connection) :]:  # another window may have been faster
            step(connection)
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        if connection.in_transaction:  # sqlite-utils 3 commits after each table
            connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _make_recording(connection: sqlite3.Connection) -> None:
    """A header of keys and JSON values, and one table per stream."""
    _create(connection, "header", {"key": str, "value": str}, pk="key", not_null={"value"})
    for stream in STREAMS.values():
        columns = ", ".join(f'"{name}" {_SQL_TYPES[kind]}' for name, kind in stream.columns)
        connection.execute(f'CREATE TABLE IF NOT EXISTS "{stream.name}" ({columns})')


def _make_catalogue(connection: sqlite3.Connection) -> None:
    """People, consents, sessions with their files, label operations, scores and the export log."""
    person = ("participant_id", "participants", "participant_id")
    session = ("session_id", "sessions", "session_id")
    _create(
        connection,
        "participants",
        {"participant_id": str, "devices": str, "wall_ns": int},
        pk="participant_id",
    )
    _create(
        connection,
        "sessions",
        {
            "session_id": str, "participant_id": str, "study_id": str, "number": int, "created_wall_ns": int,
            "devices": str, "state": str,
        },
        pk="session_id",
        foreign_keys=[person],
    )  # fmt: skip
    _create(
        connection,
        "segments",
        {
            "segment_id": str, "session_id": str, "number": int, "file": str, "offset_ns": int,
            "closed_cleanly": int, "recovered": int, "sha256": str,
        },
        pk="segment_id",
        foreign_keys=[session],
    )  # fmt: skip
    _create(
        connection,
        "consents",
        {"id": int, "participant_id": str, "session_id": str, "scopes": str, "wall_ns": int},
        pk="id",
        foreign_keys=[person],
    )
    _create(
        connection,
        "label_operations",
        {
            "op_id": str, "annotator_id": str, "station_id": str, "sequence": int, "wall_ns": int,
            "session_id": str, "action": str, "before": str, "after": str, "undoes": str,
        },
        pk="op_id",
        unique=("annotator_id", "station_id", "sequence"),
    )  # fmt: skip
    _create(
        connection,
        "scores",
        {
            "pair_id": str, "model_id": str, "session_id": str, "participant_id": str, "score_left": float,
            "score_right": float, "prob_left": float, "fold": int, "trained_on": str,
        },
        pk=("pair_id", "model_id"),
    )  # fmt: skip
    _create(
        connection,
        "export_log",
        {"id": int, "format": str, "out": str, "sha256": str, "n_rows": int, "wall_ns": int},
        pk="id",
    )


def _add_audit(connection: sqlite3.Connection) -> None:
    """Quality of each session as it was worked out last, and the history of exclusion sets."""
    # the trace apart: a list of five hundred sessions needs none of them
    _create(
        connection,
        "session_quality",
        {"session_id": str, "key": str, "quality": str, "trace": str},
        pk="session_id",
    )
    _create(
        connection,
        "exclusion_operations",
        {
            "number": int, "op_id": str, "set_name": str, "wall_ns": int, "who": str, "session_id": str,
            "before": str, "after": str, "undoes": str,
        },
        pk="number",
        unique=("op_id",),
    )  # fmt: skip


def _add_assignments(connection: sqlite3.Connection) -> None:
    """Topic, models, style and order of each task that was assigned, and whether it was completed."""
    _create(
        connection,
        "assignments",
        {
            "session_id": str, "task_id": str, "participant_id": str, "topic_id": str, "models": str, "style": str,
            "order_row": int, "completed": int,
        },
        pk=("session_id", "task_id"),
    )  # fmt: skip


def _add_erasures(connection: sqlite3.Connection) -> None:
    """Erasures that are under way, and what is left of those that are done."""
    _create(
        connection,
        "erasures",
        {"token": str, "wall_ns": int, "phase": str, "request": str, "plan": str},
        pk="token",
    )
    _create(connection, "tombstones", {"token": str, "wall_ns": int, "what": str, "exports": str}, pk="token")


def _create(
    connection: sqlite3.Connection,
    table: str,
    columns: dict[str, type],
    *,
    pk: str | tuple[str, ...],
    not_null: set[str] | None = None,
    foreign_keys: list[tuple[str, str, str]] | None = None,
    unique: tuple[str, ...] = (),
) -> None:
    from sqlite_utils import Database  # takes longer to import than a segment takes to open

    made = Database(connection)[table].create(
        columns, pk=pk, not_null=not_null, foreign_keys=foreign_keys or (), if_not_exists=True
    )
    if unique:
        made.create_index(unique, unique=True, if_not_exists=True)


RECORDING_STEPS: tuple[Step, ...] = (_make_recording,)
CATALOGUE_STEPS: tuple[Step, ...] = (_make_catalogue, _add_audit, _add_assignments, _add_erasures)
CATALOGUE_VERSION = len(CATALOGUE_STEPS)

if len(RECORDING_STEPS) != SCHEMA_VERSION:  # pragma: no cover - a slip of whoever adds a step
    raise AssertionError("SCHEMA_VERSION has to count the steps of a recording file")
