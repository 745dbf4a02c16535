"""The study's catalogue: people, consents, sessions and their files, label history, scores, exports."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ifllm_desktop.domain.errors import BugError, DataError, WorldError
from ifllm_desktop.domain.labels import Annotation, LabelOperation
from ifllm_desktop.domain.session import PairScore, SegmentInfo, SessionInfo
from ifllm_desktop.store.assignment_tables import AssignmentTables
from ifllm_desktop.store.audit_tables import AuditTables
from ifllm_desktop.store.connection import Connect, connect, translated
from ifllm_desktop.store.erasure_tables import ErasureTables
from ifllm_desktop.store.migrations import CATALOGUE_STEPS, CATALOGUE_VERSION, migrate, refuse_newer


class StudyCatalogue(AuditTables, AssignmentTables, ErasureTables):
    """``study.sqlite``; implements ``ports.Catalogue``, ``ports.LabelLog`` and ``ports.ExclusionLog``.

    May be used from any thread. What a method stored is on disk when it returns, also for a power cut: votes
    of annotators and consents are few and dear, so each change waits for the disk.

    Parameters
    ----------
    path : Path
        The file; made when it is missing.

    Raises
    ------
    DataError
        ``database_newer``, ``database_damaged``.
    WorldError
        ``folder_read_only``, ``path_unusable``, ``disk_full``, ``file_locked``.
    """

    def __init__(self, path: Path | str, *, opener: Connect = connect) -> None:
        self._path = Path(path)
        self._lock = threading.RLock()
        with _as_catalogue():
            self._connection = opener(self._path)
        try:
            with _as_catalogue(), translated(self._path):
                self._connection.execute("PRAGMA synchronous = FULL")
                # what is deleted here is written over: it was somebody's
                self._connection.execute("PRAGMA secure_delete = ON")
                refuse_newer(self._connection, self._path, CATALOGUE_VERSION, "database_newer")
                migrate(self._connection, CATALOGUE_STEPS)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file. Calling it again changes nothing."""
        with self._lock:
            self._connection.close()

    # ---- people --------------------------------------------------------------------------------------------
    def add_participant(self, participant_id: str, devices: str, wall_ns: int) -> None:
        """Enter a person once; entering the same id again changes nothing."""
        self._change(
            "INSERT INTO participants (participant_id, devices, wall_ns) VALUES (?, ?, ?) "
            "ON CONFLICT (participant_id) DO NOTHING",
            [(participant_id, devices, wall_ns)],
        )

    def participants(self) -> Sequence[str]:
        """Ids in order of entry."""
        return [row[0] for row in self._rows("SELECT participant_id FROM participants ORDER BY rowid")]

    def put_consent(
        self, participant_id: str, session_id: str, scopes: dict[str, bool], wall_ns: int
    ) -> None:
        """Mirror of the consent event. The latest row of a person counts."""
        self._change(
            "INSERT INTO consents (participant_id, session_id, scopes, wall_ns) VALUES (?, ?, ?, ?)",
            [(participant_id, session_id, json.dumps(scopes, sort_keys=True), wall_ns)],
        )

    def consents(self) -> dict[str, dict[str, bool]]:
        """Latest scopes by participant."""
        rows = self._rows("SELECT participant_id, scopes FROM consents ORDER BY wall_ns, id")
        return {participant_id: json.loads(scopes) for participant_id, scopes in rows}

    # ---- sessions ------------------------------------------------------------------------------------------
    def add_session(self, info: SessionInfo) -> None:
        """Enter a new session, or replace what is known of it, with the segments that ``info`` names.

        Raises BugError ``catalogue_order`` when its participant was not entered.
        """
        with _in_order(), self._transaction() as connection:
            connection.execute(
                _upsert("sessions", _SESSION_COLUMNS, ("session_id",)),
                [getattr(info, name) for name in _SESSION_COLUMNS],
            )
            for segment in info.segments:
                connection.execute(_PUT_SEGMENT, _segment_row(segment))

    def set_session_state(self, session_id: str, state: str) -> None:
        """Raises DataError ``session_missing`` for an unknown session."""
        with self._transaction() as connection:
            done = connection.execute(
                "UPDATE sessions SET state = ? WHERE session_id = ?", (state, session_id)
            )
            if done.rowcount == 0:
                raise DataError("session_missing", session=session_id)

    def put_segment(self, segment: SegmentInfo) -> None:
        """Enter a segment or replace what is known of it."""
        self._change(_PUT_SEGMENT, [_segment_row(segment)])

    def sessions(self) -> Sequence[SessionInfo]:
        """All sessions by time of entry, with their segments by number."""
        segments: dict[str, list[SegmentInfo]] = defaultdict(list)
        with self._lock:
            stored = self._rows(f"SELECT {', '.join(_SEGMENT_COLUMNS)} FROM segments ORDER BY number")
            rows = self._rows(f"SELECT {', '.join(_SESSION_COLUMNS)} FROM sessions ORDER BY rowid")
        for row in stored:
            values = dict(zip(_SEGMENT_COLUMNS, row, strict=True))
            for flag in ("closed_cleanly", "recovered"):
                values[flag] = bool(values[flag])
            segments[values["session_id"]].append(SegmentInfo(**values))
        return [
            SessionInfo(**dict(zip(_SESSION_COLUMNS, row, strict=True)), segments=tuple(segments[row[0]]))
            for row in rows
        ]

    def session(self, session_id: str) -> SessionInfo:
        """One session. Raises DataError ``session_missing``."""
        for info in self.sessions():
            if info.session_id == session_id:
                return info
        raise DataError("session_missing", session=session_id)

    # ---- scores and exports --------------------------------------------------------------------------------
    def put_scores(self, scores: Sequence[PairScore]) -> None:
        """Replace the scores of the same (pair, model); all of them or none."""
        self._change(
            _upsert("scores", _SCORE_COLUMNS, ("pair_id", "model_id")),
            [[getattr(score, name) for name in _SCORE_COLUMNS] for score in scores],
        )

    def scores(self) -> Sequence[PairScore]:
        """All scores, sorted by pair and model."""
        rows = self._rows(f"SELECT {', '.join(_SCORE_COLUMNS)} FROM scores ORDER BY pair_id, model_id")
        return [PairScore(**_nan_for_null(_SCORE_COLUMNS, row)) for row in rows]

    def log_export(self, format_name: str, out: str, sha256: str, n_rows: int, wall_ns: int) -> None:
        """Append to the export log."""
        self._change(
            "INSERT INTO export_log (format, out, sha256, n_rows, wall_ns) VALUES (?, ?, ?, ?, ?)",
            [(format_name, out, sha256, n_rows, wall_ns)],
        )

    # ---- labels --------------------------------------------------------------------------------------------
    def append(self, operation: LabelOperation) -> None:
        """Store one label operation; DataError ``label_conflict`` when its sequence number is taken."""
        subject = operation.after or operation.before
        row = (
            operation.op_id, operation.annotator_id, operation.station_id, operation.sequence,
            operation.wall_ns, subject.session_id if subject else "", operation.action,
            _to_json(operation.before), _to_json(operation.after), operation.undoes,
        )  # fmt: skip
        try:
            with self._transaction() as connection:
                connection.execute(f"INSERT INTO label_operations VALUES ({', '.join('?' * len(row))})", row)
        except sqlite3.IntegrityError as error:
            raise DataError(
                "label_conflict", annotator=operation.annotator_id, sequence=operation.sequence
            ) from error

    def operations(self, session_id: str | None = None) -> Sequence[LabelOperation]:
        """In order of (wall time, annotator, station, sequence)."""
        where, values = ("", []) if session_id is None else ("WHERE session_id = ?", [session_id])
        rows = self._rows(
            "SELECT op_id, annotator_id, station_id, sequence, wall_ns, action, before, after, undoes "
            f"FROM label_operations {where} ORDER BY wall_ns, annotator_id, station_id, sequence",
            values,
        )
        return [
            LabelOperation(
                row[0], row[1], row[2], row[3], row[4], row[5], _from_json(row[6]), _from_json(row[7]), row[8]
            )
            for row in rows
        ]

    # ---- checks --------------------------------------------------------------------------------------------
    def problems(self) -> list[str]:
        """What SQLite finds wrong with the file; empty when it is sound."""
        found = [str(row[0]) for row in self._rows("PRAGMA integrity_check") if row[0] != "ok"]
        strays = {str(row[0]) for row in self._rows("PRAGMA foreign_key_check")}
        return found + [f"{table} names something that is not in the catalogue" for table in sorted(strays)]

    # ---- SQL -----------------------------------------------------------------------------------------------
    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, _as_catalogue(), translated(self._path):
            return self._connection.execute(query, values).fetchall()

    def _change(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        with _in_order(), self._transaction() as connection:
            connection.executemany(statement, rows)

    def _compact(self) -> None:
        with self._lock, _as_catalogue(), translated(self._path):
            self._connection.execute("VACUUM")
            busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy:  # a reader still needs pages of before
                raise WorldError("file_locked", path=str(self._path))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _as_catalogue(), translated(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


@contextmanager
def _in_order() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise BugError("catalogue_order", problem=str(error)) from error


@contextmanager
def _as_catalogue() -> Iterator[None]:
    try:
        yield
    except DataError as error:
        if error.code != "recording_damaged":
            raise
        raise DataError("database_damaged", **error.params) from error


_SESSION_COLUMNS = (
    "session_id", "participant_id", "study_id", "number", "created_wall_ns", "devices", "state",
)  # fmt: skip
_SEGMENT_COLUMNS = (
    "segment_id", "session_id", "number", "file", "offset_ns", "closed_cleanly", "recovered", "sha256",
)  # fmt: skip
_SCORE_COLUMNS = (
    "pair_id", "model_id", "session_id", "participant_id", "score_left", "score_right", "prob_left", "fold",
    "trained_on",
)  # fmt: skip


def _upsert(table: str, columns: Sequence[str], key: Sequence[str]) -> str:
    # not INSERT OR REPLACE: that would give the row a new place in the order of entry
    news = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {news}"
    )


_PUT_SEGMENT = _upsert("segments", _SEGMENT_COLUMNS, ("segment_id",))


def _segment_row(segment: SegmentInfo) -> list[Any]:
    return [getattr(segment, name) for name in _SEGMENT_COLUMNS]


def _nan_for_null(columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    values = dict(zip(columns, row, strict=True))
    return {name: math.nan if value is None else value for name, value in values.items()}


def _to_json(annotation: Annotation | None) -> str | None:
    return None if annotation is None else json.dumps(asdict(annotation), ensure_ascii=False)


def _from_json(text: str | None) -> Annotation | None:
    return None if text is None else Annotation(**json.loads(text))
