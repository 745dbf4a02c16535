"""Derived streams: what was computed from a recording later, one file beside it for each way to compute it.

``derived/<session>/<deriver>-<hash>.sqlite`` holds some of the tables of ``domain.samples.DERIVED_STREAMS`` (``gaze``
and ``hit`` computed again, or ``fixation`` and ``dwell``; session time, all segments in one) and a header: deriver,
version, parameters, calibrations, the checksums of the recording's files, the version of the program. No file is ever
edited: the same rows give the same file, byte by byte, and replace it.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ifllm_desktop.domain.errors import BugError, DataError, IfllmError
from ifllm_desktop.domain.samples import DERIVED_STREAMS, Records
from ifllm_desktop.domain.session import Event, SegmentInfo, SessionInfo
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.store.connection import connect, translated
from ifllm_desktop.store.migrations import refuse_newer, version_of
from ifllm_desktop.store.reader import read_rows
from ifllm_desktop.store.rows import row_check
from ifllm_desktop.store.segment_file import is_session_id
from ifllm_desktop.wording import sentence

DERIVED_VERSION = 1
"""Version of a derived file; one with a greater one is refused."""
_UNFINISHED = ".new"
_SQL_TYPES = {"i": "INTEGER", "f": "REAL", "s": "TEXT", "b": "BLOB"}
_KEYS = ("session_id", "deriver", "version", "parameters", "calibration_ids", "segments", "app_version")


@dataclass(frozen=True, slots=True)
class DerivedInfo:
    """What a derived file says of itself.

    Attributes
    ----------
    name : str
        ``<deriver>-<hash>``, the file's name without its ending.
    segments : dict
        SHA-256 of each file of the recording that it was made from, by name; empty for one that was still open.
    streams : tuple of str
        Tables that it has.
    """

    path: Path
    session_id: str
    deriver: str
    version: int
    parameters: dict[str, Any]
    calibration_ids: tuple[str, ...]
    segments: dict[str, str]
    app_version: str
    streams: tuple[str, ...]

    @property
    def name(self) -> str:
        """See above."""
        return self.path.stem


@dataclass(frozen=True, slots=True)
class DerivedReport:
    """What :func:`check_derived` found in one file."""

    file: str
    session_id: str
    deriver: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def derived_folder(derived: Path, session_id: str) -> Path:
    """Folder of a session's derived files (``derived`` is the study's)."""
    if not is_session_id(session_id):
        raise BugError("session_id", session=session_id)
    return derived / session_id


def write_derived(
    derived: Path, source: RecordingSource, name: str, header: Mapping[str, Any], rows: Mapping[str, Records]
) -> DerivedInfo:
    """Write a derived file, or replace the one of the same name.

    Parameters
    ----------
    derived : Path
        The study's folder of derived files.
    name : str
        ``<deriver>-<hash>``.
    header : mapping
        ``deriver``, ``version``, ``parameters``, ``calibration_ids``, ``app_version``.
    rows : mapping
        Records by stream, some of ``domain.samples.DERIVED_STREAMS``; session time.

    Raises
    ------
    WorldError
        ``disk_full``, ``folder_read_only``, ``path_unusable``. The file of before is untouched then.
    """
    info = source.info()
    folder = derived_folder(derived, info.session_id)
    path = folder / f"{name}.sqlite"
    unfinished = path.with_name(path.name + _UNFINISHED)
    full = {
        **header, "session_id": info.session_id,
        "segments": {segment.file: segment.sha256 for segment in source.segments()},
    }  # fmt: skip
    with translated(path):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.unlink(missing_ok=True)
            with contextlib.closing(connect(unfinished)) as connection:
                _fill(connection, full, rows)
            unfinished.replace(path)
        finally:
            for leftover in folder.glob(f"{unfinished.name}*"):
                leftover.unlink(missing_ok=True)
    return read_derived_info(path)


def _fill(connection: sqlite3.Connection, header: Mapping[str, Any], rows: Mapping[str, Records]) -> None:
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    values = [(key, json.dumps(header[key], ensure_ascii=False, sort_keys=True)) for key in _KEYS]
    connection.executemany("INSERT INTO header VALUES (?, ?)", values)
    for name in DERIVED_STREAMS:
        if name not in rows:
            continue
        stream = DERIVED_STREAMS[name]
        columns = ", ".join(f'"{column}" {_SQL_TYPES[kind]}' for column, kind in stream.columns)
        connection.execute(f'CREATE TABLE "{name}" ({columns})')
        check = row_check(name)
        places = ", ".join("?" * len(stream.columns))
        connection.executemany(
            f'INSERT INTO "{name}" VALUES ({places})', (check(tuple(row)) for row in rows[name].tolist())
        )
        connection.execute(f'CREATE INDEX "{name}_t_ns" ON "{name}" (t_ns)')
    connection.execute(f"PRAGMA user_version = {DERIVED_VERSION}")
    connection.execute("COMMIT")


def read_derived_info(path: Path) -> DerivedInfo:
    """The header of a derived file.

    Raises
    ------
    DataError
        ``derived_damaged``, ``recording_newer``.
    """
    with contextlib.closing(_opened(path)) as connection:
        return _info(connection, path)


def derived_streams(derived: Path, session_id: str) -> list[DerivedInfo]:
    """Derived files of a session that can be read, by name; damaged ones are left out (see ``verify``)."""
    found = []
    for path in sorted(derived_folder(derived, session_id).glob("*.sqlite")):
        with contextlib.suppress(DataError):
            found.append(read_derived_info(path))
    return found


def remove_derived(derived: Path, session_id: str) -> int:
    """Delete everything derived from a session (its person withdrew, or it is to be made anew); how many files."""
    folder = derived_folder(derived, session_id)
    if not folder.is_dir():
        return 0
    with translated(folder):
        n = len(list(folder.glob("*.sqlite")))
        shutil.rmtree(folder)
    return n


def check_derived(derived: Path, sessions: Sequence[SessionInfo]) -> list[DerivedReport]:
    """Look through every derived file of a study. Never raises for what is wrong with one."""
    known = {info.session_id: info for info in sessions}
    return [_check(path, known) for path in sorted(derived.glob("*/*.sqlite"))]


def _check(path: Path, known: Mapping[str, SessionInfo]) -> DerivedReport:
    session_id, file = path.parent.name, f"{path.parent.name}/{path.name}"
    rows: dict[str, int] = {}
    problems: list[str] = []
    deriver = ""
    try:
        with contextlib.closing(_opened(path)) as connection, _as_derived(path), translated(path):
            info = _info(connection, path)
            deriver = info.deriver
            for (found,) in connection.execute("PRAGMA integrity_check(1)"):
                if found != "ok":
                    raise DataError("derived_damaged", path=str(path), problem=str(found).splitlines()[-1])
            rows = {name: len(read_rows(connection, DERIVED_STREAMS[name])) for name in info.streams}
    except IfllmError as error:
        problems.append(sentence(error))
    else:
        session = known.get(session_id)
        if session is None or info.session_id != session_id:
            problems.append(f"{file} belongs to no session of this study: delete it.")
        elif info.segments != {segment.file: segment.sha256 for segment in session.segments}:
            problems.append(sentence(DataError("derived_stale", path=file)))
    return DerivedReport(file, session_id, deriver, rows, tuple(problems))


class DerivedRecording:
    """A recording with the streams of a derived file in place of, or beside, its own: a ``ports.RecordingSource``.

    Everything else is read from the recording itself, which knows nothing of it.
    """

    def __init__(self, source: RecordingSource, derived: DerivedInfo) -> None:
        if derived.session_id != source.info().session_id:
            raise BugError("derived_session", session=derived.session_id)
        self._source = source
        self.derived = derived

    def info(self) -> SessionInfo:
        """See ``ports.RecordingSource``."""
        return self._source.info()

    def read(self, stream: str, t0_ns: int | None = None, t1_ns: int | None = None) -> Records:
        """Rows of a stream with ``t0_ns <= t_ns < t1_ns``; those of the derived file from there."""
        if stream not in self.derived.streams:
            return self._source.read(stream, t0_ns, t1_ns)
        path = self.derived.path
        with contextlib.closing(_opened(path)) as connection, _as_derived(path), translated(path):
            return read_rows(connection, DERIVED_STREAMS[stream], t0_ns, t1_ns)

    def events(self) -> Sequence[Event]:
        """See ``ports.RecordingSource``."""
        return self._source.events()

    def segments(self) -> Sequence[SegmentInfo]:
        """See ``ports.RecordingSource``."""
        return self._source.segments()

    def wall_ns(self, t_ns: int) -> int:
        """See ``ports.RecordingSource``."""
        return self._source.wall_ns(t_ns)


def _opened(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise DataError("derived_missing", path=str(path))
    with _as_derived(path):
        return connect(path, read_only=True)


def _info(connection: sqlite3.Connection, path: Path) -> DerivedInfo:
    with _as_derived(path), translated(path):
        refuse_newer(connection, path, DERIVED_VERSION, "recording_newer")
        if version_of(connection) == 0:
            raise DataError("derived_damaged", path=str(path), problem="it holds no derived stream")
        rows = connection.execute("SELECT key, value FROM header").fetchall()
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    try:
        header = {str(key): json.loads(value) for key, value in rows}
        return DerivedInfo(
            path, str(header["session_id"]), str(header["deriver"]), int(header["version"]),
            dict(header["parameters"]), tuple(header["calibration_ids"]), dict(header["segments"]),
            str(header["app_version"]), tuple(name for name in DERIVED_STREAMS if name in tables),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise DataError("derived_damaged", path=str(path), problem="its header is not readable") from error


@contextlib.contextmanager
def _as_derived(path: Path) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        if error.code != "recording_damaged":
            raise
        raise DataError("derived_damaged", path=str(path), problem=error.params.get("problem", "")) from error
