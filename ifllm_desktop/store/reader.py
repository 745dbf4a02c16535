"""Recordings as record arrays: all segments of a session on one time axis."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ifllm_desktop.domain.errors import BugError, DataError
from ifllm_desktop.domain.samples import STREAMS, Records, Stream
from ifllm_desktop.domain.session import Event, SegmentInfo, SessionInfo
from ifllm_desktop.domain.time import Anchor
from ifllm_desktop.store.connection import connect, translated
from ifllm_desktop.store.segment_file import read_header

_MISSING = {"i": "-1", "f": "NULL", "s": "''", "b": "x''"}


def open_recording(recordings_dir: Path, info: SessionInfo) -> StoredRecording:
    """The recording of a session, ready to be read; implements ``ports.RecordingSource``.

    Works on sealed files and on files that are still being written to; nothing is changed. No file stays open
    between two calls, so the source may be used from any thread and kept for as long as one likes.

    Parameters
    ----------
    recordings_dir : Path
        Folder of the segment files.
    info : SessionInfo
        The session with its segments.

    Raises
    ------
    DataError
        ``recording_damaged`` or ``recording_newer``.
    WorldError
        ``path_unusable`` when a file is missing.
    """
    files = [
        _SegmentFile(recordings_dir / segment.file, segment.offset_ns)
        for segment in sorted(info.segments, key=lambda segment: (segment.offset_ns, segment.number))
    ]
    for file in files:
        with file.opened():
            pass
    return StoredRecording(info, tuple(files))


class StoredRecording:
    """One session on disk. Made by :func:`open_recording`; times are session time, ns."""

    def __init__(self, info: SessionInfo, files: tuple[_SegmentFile, ...]) -> None:
        self._info = info
        self._files = files

    def info(self) -> SessionInfo:
        """The session as the catalogue knew it when the source was opened."""
        return self._info

    def segments(self) -> Sequence[SegmentInfo]:
        """The files behind it, in order of session time."""
        return sorted(self._info.segments, key=lambda segment: (segment.offset_ns, segment.number))

    def read(self, stream: str, t0_ns: int | None = None, t1_ns: int | None = None) -> Records:
        """Rows of a stream with ``t0_ns <= t_ns < t1_ns``, sorted by time, then in stored order.

        Parameters
        ----------
        stream : str
            Key of ``domain.samples.STREAMS``.
        t0_ns, t1_ns : int or None
            Session time; None is open.

        Returns
        -------
        ndarray, structured with the stream's dtype
            ``t_ns`` is session time. Missing values are NaN, −1, ``""`` and ``b""``.

        Raises
        ------
        DataError
            ``recording_damaged``.
        """
        if stream not in STREAMS:
            raise BugError("unknown_stream", stream=stream)
        return self._read(STREAMS[stream], t0_ns, t1_ns)

    def read_columns(self, stream: str, columns: Sequence[str]) -> Records:
        """Some columns of all rows of a stream; see ``ports.NarrowSource``. Raises as :meth:`read`."""
        if stream not in STREAMS:
            raise BugError("unknown_stream", stream=stream)
        kinds = dict(STREAMS[stream].columns)
        wanted = tuple(dict.fromkeys(("t_ns", *columns)))  # what rows are sorted by
        rows = self._read(Stream(stream, tuple((name, kinds[name]) for name in wanted)), None, None)
        return rows[list(columns)]

    def _read(self, stream: Stream, t0_ns: int | None, t1_ns: int | None) -> Records:
        parts = [file.read(stream, t0_ns, t1_ns) for file in self._files]
        found = [part for part in parts if len(part)]
        if not found:
            return stream.empty()
        rows = found[0] if len(found) == 1 else np.concatenate(found)
        t_ns = rows["t_ns"]
        return rows if bool(np.all(t_ns[1:] >= t_ns[:-1])) else rows[np.argsort(t_ns, kind="stable")]

    def end_ns(self) -> int:
        """The greatest session time of any row, −1 without rows."""
        return max((file.end_ns() for file in self._files), default=-1)

    def events(self) -> Sequence[Event]:
        """Every control event, sorted by time."""
        rows = self.read("event")
        try:
            return [Event.from_row(row["t_ns"], row["kind"], row["payload"]) for row in rows]
        except ValueError as error:
            path = self._files[0].path
            raise DataError(
                "recording_damaged", path=str(path), problem="an event is not readable"
            ) from error

    def wall_ns(self, t_ns: int) -> int:
        """Wall time of a moment of session time, from the last anchor before it in its segment."""
        if not self._files:
            return self._info.created_wall_ns
        at = max(
            (f for f in self._files if f.offset_ns <= t_ns), key=lambda f: f.offset_ns, default=self._files[0]
        )
        return at.wall_ns(t_ns)


@dataclass(frozen=True)
class _SegmentFile:
    path: Path
    offset_ns: int

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(connect(self.path, read_only=True)) as connection:
            read_header(connection, self.path)  # refuses newer and damaged files
            with translated(self.path):
                yield connection

    def read(self, stream: Stream, t0_ns: int | None, t1_ns: int | None) -> Records:
        with self.opened() as connection:
            rows = read_rows(connection, stream, _less(t0_ns, self.offset_ns), _less(t1_ns, self.offset_ns))
        rows["t_ns"] += self.offset_ns
        return rows

    def end_ns(self) -> int:
        with self.opened() as connection:
            ends = [last_t_ns(connection, stream) for stream in STREAMS.values()]
        return self.offset_ns + max(ends) if max(ends) >= 0 else -1

    def wall_ns(self, t_ns: int) -> int:
        before = [anchor for anchor in self._anchors if anchor.t_ns <= t_ns]
        return (before[-1] if before else self._anchors[0]).wall_at_ns(t_ns)

    @cached_property
    def _anchors(self) -> tuple[Anchor, ...]:
        rows = self.read(STREAMS["anchor"], None, None)
        if len(rows):
            rows = rows[np.argsort(rows["t_ns"], kind="stable")]
            return tuple(Anchor(int(row["t_ns"]), int(row["wall_ns"])) for row in rows)
        with self.opened() as connection:
            wall_ns = read_header(connection, self.path).get("wall_ns", 0)
        return (Anchor(self.offset_ns, int(wall_ns)),)


def read_rows(
    connection: sqlite3.Connection, stream: Stream, t0_ns: int | None = None, t1_ns: int | None = None
) -> Records:
    """Rows of one file, segment time; a table that an older file lacks reads as empty.

    In stored order, or by time where a window is asked for. Sealed files have an index on time; in an open
    one a window costs a look at every row.
    """
    stored = _stored_columns(connection, stream)
    if "t_ns" not in stored:
        return stream.empty()
    conditions = [
        (f"t_ns {sign} ?", bound) for sign, bound in ((">=", t0_ns), ("<", t1_ns)) if bound is not None
    ]
    where = f" WHERE {' AND '.join(text for text, _ in conditions)}" if conditions else ""
    columns = ", ".join(_column(name, kind, name in stored) for name, kind in stream.columns)
    order = "t_ns, rowid" if conditions else "rowid"
    cursor = connection.execute(
        f'SELECT {columns} FROM "{stream.name}"{where} ORDER BY {order}', [bound for _, bound in conditions]
    )
    try:
        return np.fromiter(cursor, dtype=stream.dtype)
    except (TypeError, ValueError) as error:
        raise sqlite3.DatabaseError(f"a value in {stream.name} has the wrong type") from error


def last_t_ns(connection: sqlite3.Connection, stream: Stream) -> int:
    """The greatest time of a stream, segment time; −1 without rows."""
    if not _stored_columns(connection, stream):
        return -1
    value = connection.execute(f'SELECT max(t_ns) FROM "{stream.name}"').fetchone()[0]
    return -1 if value is None else int(value)


def _stored_columns(connection: sqlite3.Connection, stream: Stream) -> set[str]:
    return {row[1] for row in connection.execute(f'PRAGMA table_info("{stream.name}")')}


def _column(name: str, kind: str, stored: bool) -> str:
    missing = _MISSING[kind]
    if not stored:
        return missing
    # numpy reads None as NaN, but only for floats
    return f'"{name}"' if kind == "f" else f'coalesce("{name}", {missing})'


def _less(t_ns: int | None, offset_ns: int) -> int | None:
    return None if t_ns is None else int(t_ns) - offset_ns
