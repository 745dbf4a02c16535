"""What each session was assigned, kept in the catalogue for counterbalancing."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from ifllm_desktop.domain.assignments import TaskAssignment


class AssignmentTables(ABC):
    """The part of a catalogue that knows who was given what."""

    def put_assignments(self, tasks: Sequence[TaskAssignment]) -> None:
        """Enter what a session was assigned; entering a task of a session again changes nothing."""
        self._change(
            "INSERT INTO assignments VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session_id, task_id) DO NOTHING",
            [
                (
                    t.session_id, t.task_id, t.participant_id, t.topic_id, json.dumps(t.models), t.style, t.order_row,
                    int(t.completed),
                )
                for t in tasks
            ],
        )  # fmt: skip

    def complete_assignments(self, session_id: str, task_ids: Sequence[str]) -> None:
        """These tasks of a session were finished."""
        self._change(
            "UPDATE assignments SET completed = 1 WHERE session_id = ? AND task_id = ?",
            [(session_id, task_id) for task_id in task_ids],
        )

    def assignments(self, session_id: str | None = None) -> Sequence[TaskAssignment]:
        """Of every session in order of entry, or of one."""
        where, values = ("", []) if session_id is None else (" WHERE session_id = ?", [session_id])
        rows = self._rows(
            "SELECT session_id, participant_id, task_id, topic_id, models, style, order_row, completed "
            f"FROM assignments{where} ORDER BY rowid",
            values,
        )
        return [
            TaskAssignment(
                session, person, task, topic, tuple(json.loads(models)), style, order_row, bool(completed)
            )
            for session, person, task, topic, models, style, order_row, completed in rows
        ]

    # ---- from the catalogue --------------------------------------------------------------------------------
    @abstractmethod
    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _change(self, statement: str, rows: Sequence[Sequence[Any]]) -> None: ...

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]: ...
