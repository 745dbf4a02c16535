"""What the audit keeps in the catalogue: the quality of each session as worked out last, and the exclusion sets."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.exclusions import ExclusionChoice, ExclusionOperation, ExclusionRule

_KINDS: dict[str, type[ExclusionRule | ExclusionChoice]] = {
    "rule": ExclusionRule,
    "choice": ExclusionChoice,
}

_OPERATION = "op_id, set_name, wall_ns, who, session_id, before, after, undoes"


class AuditTables(ABC):
    """The part of a catalogue that belongs to the audit; implements ``ports.ExclusionLog``."""

    # ---- quality -------------------------------------------------------------------------------------------
    def put_quality(
        self, session_id: str, key: str, quality: Mapping[str, Any], trace: Mapping[str, Any]
    ) -> None:
        """Keep the quality of a session, in place of an earlier one.

        Parameters
        ----------
        key : str
            What it follows from: files, version and limits. Whoever asks with another key does not get it.
        quality, trace : mapping
            JSON values; the trace of the plot apart, because lists do not need it.
        """
        self._change(
            "INSERT INTO session_quality (session_id, key, quality, trace) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (session_id) DO UPDATE SET key = excluded.key, quality = excluded.quality, "
            "trace = excluded.trace",
            [(session_id, key, _text(quality), _text(trace))],
        )

    def qualities(self, session_id: str | None = None) -> dict[str, tuple[str, dict[str, Any]]]:
        """Key and quality of every session that has one, or of one, without traces. Unreadable ones are left out."""
        where, values = ("", []) if session_id is None else (" WHERE session_id = ?", [session_id])
        rows = self._rows(f"SELECT session_id, key, quality FROM session_quality{where}", values)
        found = {}
        for name, key, quality in rows:
            read = _values(quality)
            if read is not None:
                found[str(name)] = (str(key), read)
        return found

    def quality_trace(self, session_id: str, key: str) -> dict[str, Any] | None:
        """The trace of a session; None when there is none under this key."""
        rows = self._rows(
            "SELECT trace FROM session_quality WHERE session_id = ? AND key = ?", [session_id, key]
        )
        return _values(rows[0][0]) if rows else None

    # ---- exclusion sets ------------------------------------------------------------------------------------
    def append_exclusion(self, operation: ExclusionOperation) -> None:
        """Store one step; DataError ``exclusion_conflict`` when its id is taken."""
        row = (
            operation.op_id, operation.set_name, operation.wall_ns, operation.who, operation.session_id,
            _state(operation.before), _state(operation.after), operation.undoes,
        )  # fmt: skip
        try:
            with self._transaction() as connection:
                connection.execute(
                    f"INSERT INTO exclusion_operations ({_OPERATION}) VALUES ({', '.join('?' * len(row))})",
                    row,
                )
        except sqlite3.IntegrityError as error:
            raise DataError("exclusion_conflict", set=operation.set_name) from error

    def exclusion_operations(self) -> Sequence[ExclusionOperation]:
        """In the order in which they were appended."""
        rows = self._rows(f"SELECT {_OPERATION} FROM exclusion_operations ORDER BY number")
        return [_operation(*row) for row in rows]

    # ---- SQL, by the catalogue -----------------------------------------------------------------------------
    @abstractmethod
    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _change(self, statement: str, rows: Sequence[Sequence[Any]]) -> None: ...

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]: ...


def _operation(
    op_id: str, set_name: str, wall_ns: int, who: str, session_id: str, before: str | None, after: str | None,
    undoes: str,
) -> ExclusionOperation:  # fmt: skip
    return ExclusionOperation(
        op_id, set_name, wall_ns, who, session_id, _read_state(before), _read_state(after), undoes
    )


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _values(text: str) -> dict[str, Any] | None:
    try:
        values = json.loads(text)
    except ValueError:
        return None  # it is worked out again
    return values if isinstance(values, dict) else None


def _state(state: ExclusionRule | ExclusionChoice | None) -> str | None:
    if state is None:
        return None
    kind = "rule" if isinstance(state, ExclusionRule) else "choice"
    return _text({"kind": kind, **asdict(state)})


def _read_state(text: str | None) -> ExclusionRule | ExclusionChoice | None:
    if text is None:
        return None
    values = json.loads(text)
    return _KINDS[values.pop("kind")](**values)
