"""Logging, configured here and nowhere else.

Research data are personal data: prompts, answers, gaze and keys are never logged at INFO or above.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
from pathlib import Path

import platformdirs


class _OneLine(logging.Formatter):
    """Console format: never a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname.lower()}: {record.getMessage()}"


_FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


def log_path() -> Path:
    """The log file of this user."""
    return Path(platformdirs.user_log_dir("ifllm_desktop", appauthor=False)) / "ifllm_desktop.log"


def configure(*, verbose: bool = False) -> None:
    """Log to a rotating file; warnings also to stderr, everything there with ``verbose``.

    A machine without a writable home still runs: then stderr is all there is.
    """
    root = logging.getLogger("ifllm_desktop")
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    root.propagate = False
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.DEBUG if verbose else logging.WARNING)
    console.setFormatter(_OneLine())
    root.addHandler(console)
    try:
        log_path().parent.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            log_path(), maxBytes=2_000_000, backupCount=3, encoding="utf-8", delay=True
        )
    except OSError:
        return
    file.setFormatter(logging.Formatter(_FORMAT))
    root.addHandler(file)
