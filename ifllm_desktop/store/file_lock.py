"""A lock that ends with its owner, however the owner ends: the operating system holds it, not a file."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.store.connection import translated


class FileLock:
    """Held from ``FileLock(path)`` to ``release()``, or until the process is gone.

    Two locks of one path exclude each other also within one process.

    Raises
    ------
    WorldError
        ``session_busy`` when somebody else holds it; ``folder_read_only``, ``path_unusable``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        with translated(path):
            while self._handle is None:
                self._handle = self._try()

    def _try(self) -> int | None:
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(handle)
        except OSError as error:
            os.close(handle)
            raise WorldError("session_busy", path=str(self._path)) from error
        # Whoever held it before us may have deleted the file between our open and our lock.
        if _is_same_file(handle, self._path):
            return handle
        os.close(handle)
        return None

    def release(self) -> None:
        """Give the lock up and take its file away; calling it again changes nothing."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        with contextlib.suppress(OSError):  # Windows deletes no open file: an empty one stays
            self._path.unlink()
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock of this path."""
    if not path.exists():
        return False
    try:
        FileLock(path).release()
    except WorldError as error:
        if error.code == "session_busy":
            return True
        raise
    return False


def _is_same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
