"""The writer of one recording file: one thread, one connection, many small transactions."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ifllm_desktop.domain.errors import BugError, IfllmError, WorldError
from ifllm_desktop.domain.samples import CONTROL_STREAMS, STREAMS, Row
from ifllm_desktop.domain.session import SegmentInfo
from ifllm_desktop.store.connection import Connect, connect, translated
from ifllm_desktop.store.file_lock import FileLock
from ifllm_desktop.store.row_queue import Queued, RowQueue
from ifllm_desktop.store.rows import row_check
from ifllm_desktop.store.segment_file import create_segment_file, seal, segment_info

log = logging.getLogger(__name__)

JOIN_S = 30.0


class SegmentWriter:
    """Appends rows to a new recording file; implements ``ports.SampleSink``.

    ::

        put ──► RowQueue ──► thread: one transaction per interval or batch ──► file
                                │ fails: fault() is set, put raises it, rows are kept and tried again
                                └──► committed(), committed_t_ns()

    A ticket counts as committed only after its COMMIT came back. That survives the killing of this process
    at any moment (write-ahead log, ``synchronous=NORMAL``); only a power cut may take the last transactions.

    A fault stays: rows that were refused after it are missing, so the segment cannot be closed cleanly any
    more. Rows that were accepted before are kept and written as soon as it is possible again.

    Parameters
    ----------
    path : Path
        The file to make.
    header : mapping
        JSON values; needs ``session_id`` and ``segment`` (the number of the segment, from 1).
    offset_ns : int
        Session time of this segment's time 0.
    interval_ms : float
        Longest time that rows are gathered for one transaction.
    max_batch : int
        Most rows of one transaction.
    queue_size : int
        Most rows that may wait for the disk.
    retry_s : float
        Pause between two tries to write after a fault.
    lock : FileLock or None
        Given up when the segment is closed.
    opener : Connect
        What opens the file.

    Raises
    ------
    DataError
        ``recording_exists``.
    WorldError
        ``disk_full``, ``folder_read_only``, ``path_unusable``.
    """

    def __init__(
        self,
        path: Path | str,
        header: Mapping[str, Any],
        offset_ns: int = 0,
        *,
        interval_ms: float = 25,
        max_batch: int = 512,
        queue_size: int = 65536,
        retry_s: float = 1.0,
        lock: FileLock | None = None,
        opener: Connect = connect,
    ) -> None:
        self._path = Path(path)
        self._gather_s, self._max_batch, self._retry_s = interval_ms / 1000, max_batch, retry_s
        self._lock = lock
        header = {**header, "offset_ns": offset_ns}
        self._info = segment_info(header, self._path)
        create_segment_file(self._path, header, opener)
        self._connection = opener(self._path)
        self._queue = RowQueue(queue_size)
        self._progress = threading.Condition()
        self._committed = 0
        self._committed_t_ns = -1
        self._fault: Exception | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=f"writer {self._path.name}", daemon=True)
        self._thread.start()

    # ---- any thread ----------------------------------------------------------------------------------------
    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def info(self) -> SegmentInfo:
        """The segment as it is while it is open, for the catalogue."""
        return self._info

    def put(self, stream: str, row: Row) -> int:
        """Queue one row; see ``ports.SampleSink``.

        Raises
        ------
        WorldError
            ``recording_queue_full``, or whatever stopped the writing before.
        BugError
            ``recording_row`` for a stream or a row that does not fit; such a row stops nothing.
        """
        if self._fault is not None:
            raise self._fault
        checked = row_check(stream)(row)
        try:
            return self._queue.put(stream, checked, urgent=stream in CONTROL_STREAMS)
        except WorldError as error:
            self._set_fault(error)
            raise

    def committed(self) -> int:
        """The greatest ticket up to which every row is on disk."""
        return self._committed

    def committed_t_ns(self) -> int:
        """The greatest ``t_ns`` (segment time) among committed rows, −1 at first."""
        return self._committed_t_ns

    def fault(self) -> Exception | None:
        """What stopped the writing, if anything did."""
        return self._fault

    def flush(self, timeout_s: float) -> bool:
        """Wait until every row queued so far is on disk; False when that took too long or cannot be."""
        wanted = self._queue.last_ticket
        self._queue.hurry()
        with self._progress:
            self._progress.wait_for(lambda: self._committed >= wanted or self._fault is not None, timeout_s)
            return self._committed >= wanted

    def close(self, *, cleanly: bool) -> SegmentInfo:
        """Write the rest and seal the file. Called once.

        Returns
        -------
        SegmentInfo
            ``closed_cleanly`` and ``sha256`` only when every row is on disk and the file is sealed. Otherwise
            the file is left for ``store.recovery.recover``.
        """
        if self._closing:
            raise BugError("recording_closed")
        self._closing = True
        self._queue.close()
        self._thread.join(JOIN_S)
        if self._thread.is_alive():
            # The connection is still the thread's own. The lock stays: the file is still written to.
            log.error("%s: the writer did not end within %g s", self._path.name, JOIN_S)
            return self._info
        try:
            return self._finish(cleanly=cleanly)
        finally:
            self._connection.close()
            if self._lock is not None:
                self._lock.release()

    def _finish(self, *, cleanly: bool) -> SegmentInfo:
        if not cleanly or self._fault is not None:
            return self._info
        try:
            sha256 = seal(self._connection, self._path, cleanly=True)
        except IfllmError as error:  # everything is committed; the next start seals it
            log.info("%s could not be sealed: %s", self._path.name, error.code)
            self._fault = error
            return self._info
        return SegmentInfo(
            segment_id=self._info.segment_id,
            session_id=self._info.session_id,
            number=self._info.number,
            file=self._info.file,
            offset_ns=self._info.offset_ns,
            closed_cleanly=True,
            sha256=sha256,
        )

    # ---- the writer's thread -------------------------------------------------------------------------------
    def _run(self) -> None:
        while batch := self._queue.take(self._max_batch, self._gather_s):
            while not self._try_write(batch):
                if self._queue.closed or self._queue.wait_closed(self._retry_s):
                    if not self._try_write(batch):
                        self._leave(batch)
                        return
                    break

    def _leave(self, batch: list[Queued]) -> None:
        n_lost = len(batch) + len(self._queue)
        log.info("%s: %d rows could not be written", self._path.name, n_lost)

    def _try_write(self, batch: list[Queued]) -> bool:
        try:
            with translated(self._path):
                _write(self._connection, batch)
        except Exception as error:  # noqa: BLE001 - the top of a thread: every failure has to become visible
            self._set_fault(error if isinstance(error, IfllmError) else _bug(error))
            return False
        with self._progress:
            self._committed = batch[-1].ticket
            self._committed_t_ns = max(self._committed_t_ns, *(queued.row[0] for queued in batch))
            self._progress.notify_all()
        return True

    def _set_fault(self, error: Exception) -> None:
        with self._progress:
            if self._fault is None:
                self._fault = error
                log.info("%s: writing stopped: %s", self._path.name, error)
            self._progress.notify_all()


def _bug(error: Exception) -> BugError:
    bug = BugError("recording_write", what=type(error).__name__)
    bug.__cause__ = error
    return bug


def _write(connection: sqlite3.Connection, batch: list[Queued]) -> None:
    by_stream: dict[str, list[Row]] = {}
    for queued in batch:
        by_stream.setdefault(queued.stream, []).append(queued.row)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for stream, rows in by_stream.items():
            connection.executemany(_INSERTS[stream], rows)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _insert(stream: str) -> str:
    names = STREAMS[stream].names
    columns = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{stream}" ({columns}) VALUES ({", ".join("?" * len(names))})'


_INSERTS = {stream: _insert(stream) for stream in STREAMS}
