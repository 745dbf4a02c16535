"""The bounded queue between everybody and the writer. It never drops: full is an error, and visible."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from ifllm_desktop.domain.errors import BugError, WorldError
from ifllm_desktop.domain.samples import Row


@dataclass(frozen=True, slots=True)
class Queued:
    """One row on its way to the disk."""

    ticket: int
    stream: str
    row: Row


class RowQueue:
    """Rows in the order in which they were put, for one reader.

    Parameters
    ----------
    size : int
        How many rows may wait.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows: deque[Queued] = deque()
        self._changed = threading.Condition()
        self._last_ticket = 0
        self._wanted = 0  # rows until the reader need not wait for more
        self._urgent = False
        self._closed = False

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def last_ticket(self) -> int:
        """Ticket of the newest row, 0 at first."""
        return self._last_ticket

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called; rows may still wait."""
        return self._closed

    def put(self, stream: str, row: Row, *, urgent: bool) -> int:
        """Add a row and return its ticket; never waits.

        Raises
        ------
        WorldError
            ``recording_queue_full``; the row was not taken.
        BugError
            ``recording_closed`` after ``close``.
        """
        with self._changed:
            if self._closed:
                raise BugError("recording_closed")
            if len(self._rows) >= self._size:
                raise WorldError("recording_queue_full", n_rows=self._size)
            self._last_ticket += 1
            self._rows.append(Queued(self._last_ticket, stream, row))
            self._urgent = self._urgent or urgent
            # waking the reader for every row would cost more than storing it
            if self._urgent or len(self._rows) in (1, self._wanted):
                self._changed.notify_all()
            return self._last_ticket

    def hurry(self) -> None:
        """Have the waiting rows taken at once."""
        with self._changed:
            self._urgent = bool(self._rows)
            self._changed.notify_all()

    def take(self, n_max: int, gather_s: float) -> list[Queued]:
        """Up to ``n_max`` rows; empty only when the queue is closed and nothing waits any more.

        Waits for a first row, then gathers for ``gather_s`` more, or until there are ``n_max`` rows, one of
        them is urgent, or the queue is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: bool(self._rows) or self._closed)
            self._wanted = n_max
            self._changed.wait_for(
                lambda: self._urgent or self._closed or len(self._rows) >= n_max, timeout=gather_s
            )
            taken = [self._rows.popleft() for _ in range(min(n_max, len(self._rows)))]
            self._urgent = self._urgent and bool(self._rows)
            return taken

    def wait_closed(self, timeout_s: float) -> bool:
        """Wait until ``close`` is called; False when that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed, timeout=timeout_s)

    def close(self) -> None:
        """No row will follow: the reader takes what waits without gathering."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
