"""Opening a database file, and telling in the program's own words what is wrong with one."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ifllm_desktop.domain.errors import DataError, IfllmError, WorldError

BUSY_TIMEOUT_MS = 5000
_FULL_BELOW_BYTES = 1 << 20
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


class Connect(Protocol):
    """Shape of :func:`connect`, for whoever is handed another opener."""

    def __call__(
        self, path: Path | str, key: str | None = None, *, read_only: bool = False
    ) -> sqlite3.Connection:
        """See :func:`connect`."""


def connect(path: Path | str, key: str | None = None, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a database file; the only place where one is opened.

    The connection commits by itself (transactions are begun by hand) and may be handed from thread to thread,
    though never used by two at once. A writing connection uses a write-ahead log with ``synchronous=NORMAL``:
    what was committed survives a killed process, while a power cut may take the last transactions with it
    (it never leaves a corrupt file).

    Parameters
    ----------
    path : Path or str
        The file; made when it is missing, unless ``read_only``.
    key : str or None
        Reserved for encrypted files.
    read_only : bool
        Never changes the file.

    Raises
    ------
    DataError
        ``encryption_missing`` for any key; ``recording_damaged`` when the file is not a database.
    WorldError
        ``path_unusable``, ``folder_read_only``, ``disk_full``, ``file_locked``.
    """
    path = Path(path)
    if key is not None:
        raise DataError("encryption_missing", path=str(path))
    with translated(path):
        uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(connection, read_only=read_only)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, *, read_only: bool) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA foreign_keys = ON")
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    # SQLite opens lazily: the first look at the schema is what finds a file that is no database
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


@contextmanager
def translated(path: Path | str) -> Iterator[None]:
    """Turn errors of SQLite and of the operating system into the program's own, naming ``path``."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # a mistake of the caller, not of the file
    except sqlite3.Error as error:
        raise _database_error(error, Path(path)) from error
    except UnicodeDecodeError as error:  # of SQLite's own message, when it quotes a damaged schema
        raise DataError("recording_damaged", path=str(path), problem="it holds broken text") from error
    except OSError as error:
        raise world_error(error, Path(path)) from error


def world_error(error: OSError, path: Path) -> WorldError:
    """What an ``OSError`` on ``path`` means for the person at the machine."""
    if error.errno in _DISK_FULL:
        return WorldError("disk_full", path=str(path))
    if error.errno in _READ_ONLY:
        return WorldError("folder_read_only", path=str(path))
    reason = (error.strerror or type(error).__name__).lower()
    return WorldError("path_unusable", path=str(path), reason=reason)


def _database_error(error: sqlite3.Error, path: Path) -> IfllmError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and _is_full(path)):
        return WorldError("disk_full", path=str(path))
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return WorldError("folder_read_only", path=str(path))
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return WorldError("file_locked", path=str(path))
    if primary == sqlite3.SQLITE_CANTOPEN:
        return _cannot_open(path)
    if primary == sqlite3.SQLITE_IOERR:
        return WorldError("path_unusable", path=str(path), reason=str(error))
    return DataError("recording_damaged", path=str(path), problem=_problem(error))


def _problem(error: sqlite3.Error) -> str:
    # of text that is no UTF-8 SQLite quotes the text itself, which may be a person's
    return str(error).partition(" with text")[0]


def _cannot_open(path: Path) -> WorldError:
    folder = path.parent
    if not folder.is_dir():
        return WorldError("path_unusable", path=str(path), reason=f"there is no folder {folder.name}")
    if path.is_dir():
        return WorldError("path_unusable", path=str(path), reason="it is a folder")
    if not path.exists() and os.access(folder, os.W_OK):
        return WorldError("path_unusable", path=str(path), reason="it does not exist")
    return WorldError("folder_read_only", path=str(path))


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _FULL_BELOW_BYTES
    except OSError:
        return False
