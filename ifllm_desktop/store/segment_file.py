"""One recording file: making it, its header, and sealing it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import re
import sqlite3
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import SCHEMA_VERSION, STREAMS
from ifllm_desktop.domain.session import SegmentInfo
from ifllm_desktop.store.connection import Connect, connect, translated
from ifllm_desktop.store.migrations import RECORDING_STEPS, migrate, refuse_newer, version_of

log = logging.getLogger(__name__)

UNFINISHED_SUFFIX = ".new"
"""Ending of a file whose header is not complete yet; it holds no samples."""
LOCK_SUFFIX = ".lock"
_CLOSED_CLEANLY = "closed_cleanly"
_INT64_END = 2**63
_SESSION_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_LEAVE_WAL_TRIES = 40
_LEAVE_WAL_PAUSE_S = 0.05
_WRITE_BITS = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def segment_id(session_id: str, number: int) -> str:
    """Id of a segment, and the name of its file without the ending."""
    return f"{session_id}-{number}"


def create_segment_file(path: Path, header: Mapping[str, Any], opener: Connect = connect) -> None:
    """Make a recording file with all of its tables and its header.

    It appears under its name only when it is complete, so a file that is found always says whose it is.

    Raises
    ------
    DataError
        ``recording_exists`` when there is such a file.
    """
    if path.exists():
        raise DataError("recording_exists", path=str(path))
    unfinished = path.with_name(path.name + UNFINISHED_SUFFIX)
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        with contextlib.closing(opener(unfinished)) as connection:
            migrate(connection, RECORDING_STEPS)
            rows = [(key, json.dumps(value, ensure_ascii=False)) for key, value in header.items()]
            connection.executemany("INSERT OR REPLACE INTO header VALUES (?, ?)", rows)
        unfinished.replace(path)


def read_header(connection: sqlite3.Connection, path: Path) -> dict[str, Any]:
    """Header of a recording.

    Raises
    ------
    DataError
        ``recording_newer``, or ``recording_damaged`` when it has no usable header.
    """
    with translated(path):
        refuse_newer(connection, path, SCHEMA_VERSION, "recording_newer")
        if version_of(connection) == 0:
            raise DataError("recording_damaged", path=str(path), problem="it holds no recording")
        rows = connection.execute("SELECT key, value FROM header").fetchall()
    try:
        return {str(key): json.loads(value) for key, value in rows}
    except (TypeError, ValueError) as error:
        raise DataError("recording_damaged", path=str(path), problem="its header is not readable") from error


def segment_info(header: Mapping[str, Any], path: Path) -> SegmentInfo:
    """What the header says of the segment; its checksum and its recovery are the catalogue's to know."""
    session = str(header.get("session_id", ""))
    number = header_number(header, "segment", -1)
    offset_ns = header_number(header, "offset_ns", 0)
    if not is_session_id(session) or number < 0:
        raise DataError("recording_damaged", path=str(path), problem="its header is not complete")
    return SegmentInfo(
        segment_id=segment_id(session, number),
        session_id=session,
        number=number,
        file=path.name,
        offset_ns=offset_ns,
        closed_cleanly=header.get(_CLOSED_CLEANLY) is True,
    )


def header_number(header: Mapping[str, Any], key: str, default: int) -> int:
    """A whole number of the header; the default where there is none that could be stored."""
    value = header.get(key)
    return value if isinstance(value, int) and abs(value) < _INT64_END else default


def is_session_id(text: str) -> bool:
    """Whether a text may be a session's id: it becomes part of a file name."""
    return _SESSION_ID.fullmatch(text) is not None


def seal(connection: sqlite3.Connection, path: Path, *, cleanly: bool) -> str:
    """Finish a recording file, close the connection and return the file's SHA-256 (hex).

    Indexes on time are made here, not while recording. ``closed_cleanly`` is set last. Afterwards the file is
    one file without a log beside it, and cannot be written to by accident.
    """
    with translated(path):
        connection.execute("PRAGMA synchronous = FULL")  # from here on a power cut must not hurt either
        connection.execute("BEGIN IMMEDIATE")
        for name in STREAMS:
            connection.execute(f'CREATE INDEX IF NOT EXISTS "{name}_t_ns" ON "{name}" (t_ns)')
        connection.execute("COMMIT")
        if cleanly:
            connection.execute("INSERT OR REPLACE INTO header VALUES (?, 'true')", (_CLOSED_CLEANLY,))
        _leave_wal(connection, path)
        connection.close()
        return freeze(path)


def freeze(path: Path) -> str:
    """Take away the permission to write a file; returns its SHA-256 (hex)."""
    with translated(path):
        path.chmod(path.stat().st_mode & ~_WRITE_BITS)
    return file_sha256(path)


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with translated(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _leave_wal(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for _ in range(_LEAVE_WAL_TRIES):
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (
                sqlite3.SQLITE_BUSY,
                sqlite3.SQLITE_LOCKED,
            ):
                raise
            time.sleep(_LEAVE_WAL_PAUSE_S)  # somebody reads the live file just now
        else:
            return
    # All rows are in the file itself; only its mode still says that there might be a log.
    log.info("%s is still being read; it stays in write-ahead mode", path.name)
