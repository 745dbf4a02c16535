"""What the catalogue keeps of erasures: those that are under way, and a tombstone for each that is done."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from ifllm_desktop.domain.erasure import ASKED, PLANNED, ROWS_GONE, Erasure, Tombstone
from ifllm_desktop.domain.errors import DataError

_OWN_TABLES = ("erasures", "tombstones")
_PENDING = "SELECT token, wall_ns, phase, request, plan FROM erasures ORDER BY rowid"


class ErasureTables(ABC):
    """The part of a catalogue that forgets.

    An erasure is entered before anything is touched. It names its person until their rows go; from then on there is
    only its token, and it is taken away when the file holds no old page any more.
    """

    def ask_erasure(
        self, token: str, participant_id: str, session_ids: Sequence[str] | None, wall_ns: int
    ) -> Erasure:
        """Enter that a person (None), or some of their sessions, are to be erased.

        Where these are all the sessions that a person has, the person is meant, too. Asking again for what is under
        way gives the one that is there.

        Raises
        ------
        DataError
            ``participant_missing``, ``session_missing``.
        """
        with self._transaction() as connection:
            known = connection.execute(
                "SELECT 1 FROM participants WHERE participant_id = ?", (participant_id,)
            ).fetchone()
            if known is None:
                raise DataError("participant_missing", participant=participant_id)
            theirs = [
                str(row[0])
                for row in connection.execute(
                    "SELECT session_id FROM sessions WHERE participant_id = ? ORDER BY number",
                    (participant_id,),
                )
            ]
            chosen = theirs if session_ids is None else [s for s in theirs if s in session_ids]
            if session_ids is not None and len(chosen) != len(set(session_ids)):
                raise DataError("session_missing", session=next(s for s in session_ids if s not in theirs))
            made = Erasure(
                token, wall_ns, ASKED, participant_id, tuple(chosen), session_ids is None or chosen == theirs
            )
            for pending in _read(connection.execute(_PENDING).fetchall()):
                if (pending.participant_id, pending.session_ids) == (participant_id, made.session_ids):
                    return pending
            connection.execute(
                "INSERT INTO erasures (token, wall_ns, phase, request, plan) VALUES (?, ?, ?, ?, '{}')",
                (token, wall_ns, ASKED, _request(made)),
            )
        return made

    def erasures(self) -> Sequence[Erasure]:
        """Those that are not finished, in order of entry."""
        return _read(self._rows(_PENDING))

    def cancel_erasure(self, token: str) -> None:
        """Take back an erasure for which nothing was done yet; one that has begun stays."""
        self._change("DELETE FROM erasures WHERE token = ? AND phase = ?", [(token, ASKED)])

    def plan_erasure(self, token: str, plan: dict[str, Any]) -> None:
        """Keep what is to be done, and what came of it so far."""
        self._change(
            "UPDATE erasures SET phase = ?, plan = ? WHERE token = ?",
            [(PLANNED, json.dumps(plan, ensure_ascii=False), token)],
        )

    def replace_logged_export(self, entry_ids: Sequence[int], sha256: str, n_rows: Sequence[int]) -> None:
        """Enter what rewritten exports are now."""
        self._change(
            "UPDATE export_log SET sha256 = ?, n_rows = ? WHERE id = ?",
            [(sha256, n, entry) for entry, n in zip(entry_ids, n_rows, strict=True)],
        )

    def remove_logged_export(self, entry_ids: Sequence[int]) -> None:
        """Take entries of exports out of the log that were deleted."""
        self._change("DELETE FROM export_log WHERE id = ?", [(entry,) for entry in entry_ids])

    def logged_exports(self) -> list[dict[str, Any]]:
        """The export log: ``id``, ``format``, ``out``, ``sha256``, ``n_rows``, ``wall_ns``."""
        names = ("id", "format", "out", "sha256", "n_rows", "wall_ns")
        rows = self._rows(f"SELECT {', '.join(names)} FROM export_log ORDER BY id")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def erase_rows(self, erasure: Erasure, exports: Sequence[dict[str, Any]]) -> dict[str, int]:
        """Delete every row of a person or of sessions in every table, and leave a tombstone; all of it or nothing.

        Tables are found by their columns ``session_id`` and ``participant_id``, so that none is forgotten which is
        added later.

        Returns
        -------
        dict
            Rows that went, by table.
        """
        marks = ", ".join("?" * len(erasure.session_ids))
        removed: dict[str, int] = {}
        with self._transaction() as connection:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            for table, columns in _tables(connection).items():
                n_rows = 0
                if "session_id" in columns:
                    where = f'DELETE FROM "{table}" WHERE session_id IN ({marks})'
                    n_rows += connection.execute(where, erasure.session_ids).rowcount
                if erasure.whole and "participant_id" in columns:
                    where = f'DELETE FROM "{table}" WHERE participant_id = ?'
                    n_rows += connection.execute(where, (erasure.participant_id,)).rowcount
                removed |= {table: n_rows} if n_rows else {}
            connection.execute(
                "INSERT INTO tombstones (token, wall_ns, what, exports) VALUES (?, ?, ?, ?)",
                (
                    erasure.token, erasure.wall_ns, "participant" if erasure.whole else "session",
                    json.dumps(list(exports), ensure_ascii=False),
                ),
            )  # fmt: skip
            connection.execute(
                "UPDATE erasures SET phase = ?, request = '', plan = '{}' WHERE token = ?",
                (ROWS_GONE, erasure.token),
            )
        return removed

    def finish_erasure(self, token: str) -> None:
        """Rewrite the file, so that no page of before is left in it or in its log; then the erasure is done.

        Raises
        ------
        WorldError
            ``file_locked`` while another window reads; the erasure stays entered and can be finished later.
        """
        self._compact()
        self._change("DELETE FROM erasures WHERE token = ?", [(token,)])

    def tombstones(self) -> Sequence[Tombstone]:
        """What was erased, in order of entry."""
        rows = self._rows("SELECT token, wall_ns, what, exports FROM tombstones ORDER BY rowid")
        return [
            Tombstone(str(token), int(wall_ns), str(what), tuple(json.loads(exports)))
            for token, wall_ns, what, exports in rows
        ]

    # ---- from the catalogue --------------------------------------------------------------------------------
    @abstractmethod
    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _change(self, statement: str, rows: Sequence[Sequence[Any]]) -> None: ...

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]: ...

    @abstractmethod
    def _compact(self) -> None: ...


def _request(erasure: Erasure) -> str:
    values = {
        "participant_id": erasure.participant_id,
        "session_ids": erasure.session_ids,
        "whole": erasure.whole,
    }
    return json.dumps(values)


def _read(rows: Sequence[Sequence[Any]]) -> list[Erasure]:
    found = []
    for token, wall_ns, phase, request, plan in rows:
        values = json.loads(request) if request else {}
        found.append(
            Erasure(
                str(token), int(wall_ns), str(phase), values.get("participant_id", ""),
                tuple(values.get("session_ids", ())), bool(values.get("whole", True)), json.loads(plan),
            )
        )  # fmt: skip
    return found


def _tables(connection: sqlite3.Connection) -> dict[str, set[str]]:
    names = [
        str(row[0])
        for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if row[0] not in _OWN_TABLES and not str(row[0]).startswith("sqlite_")
    ]
    return {
        name: {str(column[1]) for column in connection.execute(f'PRAGMA table_info("{name}")')}
        for name in names
    }
