"""The rows that the participant flow writes: events, chunks and turn states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.session import Event

Record = Callable[[str, Row], int]


class ControlLog:
    """Writes events at once and keeps other rows back while the session is paused.

    The recorder stores nothing but control events while paused. An answer goes on arriving all the same, so
    its rows wait here with the times at which they arrived and are written on :meth:`resume`.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._kept: list[tuple[str, Row]] | None = None

    def event(self, t_ns: int, kind: str, /, **payload: Any) -> None:
        """Write a control event; raises BugError ``event_payload`` for keys that the kind does not have."""
        try:
            row = Event(t_ns, kind, payload).to_row()
        except ValueError as error:
            raise BugError("event_payload", kind=kind, problem=str(error)) from error
        self._record("event", row)

    def row(self, stream: str, row: Row) -> None:
        """Write a row of ``chunk`` or ``state``, after :meth:`resume` if paused."""
        if self._kept is None:
            self._record(stream, row)
        else:
            self._kept.append((stream, row))

    def pause(self) -> None:
        """Keep rows back from now on."""
        self._kept = []

    def resume(self) -> None:
        """Write what was kept back."""
        kept, self._kept = self._kept or [], None
        for stream, row in kept:
            self._record(stream, row)
