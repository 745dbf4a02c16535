"""Keeps the start-up messages of native libraries off the terminal: they do not go through ``sys.stderr``."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_lock = threading.Lock()


def ask_for_silence() -> None:
    """Set what the native libraries of MediaPipe read when they are loaded; 3 = fatal errors only."""
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send file descriptor 2 nowhere for a moment, for the whole process; one thread at a time."""
    with _lock:
        try:
            kept = os.dup(2)
        except OSError:  # no stderr at all, as in a windowed bundle
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(nowhere, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
