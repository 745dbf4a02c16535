"""What every test stands on: no display, no surprises in logs or warnings, nothing left running.

Warnings become errors in pyproject.toml; Qt messages fail a test through pytest-qt. This file adds the rest.
"""

from __future__ import annotations

import gc
import logging
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
CV2_ENVIRONMENT = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
THREAD_GRACE_S = 2.0

# Without a display Qt aborts the interpreter. Tests marked `display` run the program in a child process with
# an X server of their own, so nothing in this process needs one; IFLLM_TEST_PLATFORM is for looking on.
os.environ["QT_QPA_PLATFORM"] = os.environ.get("IFLLM_TEST_PLATFORM", "offscreen")
for _name in CV2_ENVIRONMENT:
    os.environ.pop(_name, None)
# Exports must open without asking a hub for anything.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

# A shell without job control starts what runs in the background with Ctrl-C ignored, and every child inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Derandomized, because a suite that fails on every tenth run is soon believed on none; no deadline, because
# machines differ. More examples where nobody waits.
hypothesis.settings.register_profile("dev", derandomize=True, deadline=None, max_examples=60, database=None)
hypothesis.settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=200, database=None, print_blob=True
)
# Looking for what the fixed examples miss: HYPOTHESIS_PROFILE=explore finds others in each run.
hypothesis.settings.register_profile(
    "explore", derandomize=False, deadline=None, max_examples=1000, database=None, print_blob=True
)
hypothesis.settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev")
)


# ---- data -------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def ifllm_data() -> Callable[..., Path]:
    """Function from path parts to a file of the shared test data; skips the test where it is missing.

    The folder is named by ``IFLLM_DATA``; without it, ``shared/data`` beside the checkout is taken.
    """
    root = Path(os.environ.get("IFLLM_DATA") or CHECKOUT.parent / "shared" / "data")

    def locate(*parts: str) -> Path:
        path = root.joinpath(*parts)
        if not path.exists():
            pytest.skip(f"test data not found: {'/'.join(parts)} (set IFLLM_DATA to the folder that has it)")
        return path

    return locate


# ---- logs -------------------------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def fail_on_unexpected_logs(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fail on log records at WARNING or above, but for those that ``expected_logs`` names.

    A pattern that no record matches fails too: a warning that was promised and did not come is a change.
    """
    yield
    marker = request.node.get_closest_marker("expected_logs")
    patterns: tuple[str, ...] = marker.args if marker else ()
    records = [
        record
        for phase in ("setup", "call")
        for record in caplog.get_records(phase)
        if record.levelno >= logging.WARNING
    ]
    problem = log_problem([f"{r.levelname} {r.name}: {r.getMessage()}" for r in records], patterns)
    if problem:
        pytest.fail(problem, pytrace=False)


def log_problem(lines: list[str], patterns: tuple[str, ...]) -> str | None:
    """What is wrong with the log lines of a test, or None.

    Parameters
    ----------
    lines
        Records at WARNING or above, as ``LEVEL logger: message``.
    patterns
        Regular expressions that the test expects, searched for in a line.
    """
    unexpected = [line for line in lines if not any(re.search(p, line) for p in patterns)]
    unseen = [p for p in patterns if not any(re.search(p, line) for line in lines)]
    if unexpected:
        return "log records that no test expected:\n  " + "\n  ".join(unexpected)
    if unseen:
        return "expected log records that never came: " + ", ".join(unseen)
    return None


# ---- leaks ------------------------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def fail_on_leaked_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail when a non-daemon thread outlives its test, and say which line started it."""
    started: dict[int, str] = {}
    start = threading.Thread.start

    def remember_start(thread: threading.Thread) -> None:
        started[id(thread)] = caller()
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", remember_start)
    before = set(threading.enumerate())
    yield
    deadline_s = time.monotonic() + THREAD_GRACE_S
    left = [t for t in threading.enumerate() if t not in before and not t.daemon]
    for thread in left:
        thread.join(max(0.0, deadline_s - time.monotonic()))
    leaks = [
        f"thread {t.name!r} started at {started.get(id(t), 'an unknown place')}" for t in left if t.is_alive()
    ]
    if leaks:
        pytest.fail("still running after the test:\n  " + "\n  ".join(leaks), pytrace=False)


@pytest.fixture(autouse=True)
def fail_on_leaked_qt_objects(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Fail when a test that used Qt leaves a running QThread, an active QTimer or a top-level widget."""
    if not uses_qt(request):
        yield
        return
    from PySide6.QtCore import QThread, QTimer
    from PySide6.QtWidgets import QApplication

    started: list[tuple[Any, str]] = []
    for cls in (QThread, QTimer):
        monkeypatch.setattr(cls, "start", remembering_start(cls.start, started))
    widgets_before = {id(w) for w in QApplication.topLevelWidgets()} if QApplication.instance() else set()
    yield
    delete_what_was_released()
    leaks = [f"{type(thing).__name__} started at {where}" for thing, where in started if is_running(thing)]
    if QApplication.instance() is not None:
        leaks += [
            f"top-level widget {type(w).__name__} {w.objectName()!r}"
            for w in QApplication.topLevelWidgets()
            if id(w) not in widgets_before
        ]
    if leaks:
        pytest.fail("left behind by the test:\n  " + "\n  ".join(leaks), pytrace=False)


def uses_qt(request: pytest.FixtureRequest) -> bool:
    """Whether a test has to be watched for Qt objects: it asks for pytest-qt or stands in a Qt folder."""
    folders = {parent.name for parent in request.path.parents}
    return bool({"qapp", "qtbot"} & set(request.fixturenames)) or bool({"ui", "headless"} & folders)


def remembering_start(start: Callable[..., Any], started: list[tuple[Any, str]]) -> Callable[..., Any]:
    """``start`` of a Qt class that also notes the object and the line that called it."""

    def remember(self: Any, *args: Any, **kwargs: Any) -> Any:
        started.append((self, caller()))
        return start(self, *args, **kwargs)

    return remember


def is_running(thing: Any) -> bool:
    """Whether a QThread runs or a QTimer is active; False for an object that Qt has deleted."""
    import shiboken6

    if not shiboken6.isValid(thing):
        return False
    return bool(thing.isRunning() if hasattr(thing, "isRunning") else thing.isActive())


def delete_what_was_released() -> None:
    """Carry out every pending ``deleteLater`` and collect what only cycles keep alive."""
    from PySide6.QtCore import QCoreApplication, QEvent

    for _ in range(2):
        gc.collect()
        if QCoreApplication.instance() is not None:
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def caller() -> str:
    """File, line and function of the nearest frame outside this file and ``threading``."""
    for frame in reversed(traceback.extract_stack()):
        if frame.filename not in (__file__, threading.__file__):
            return f"{frame.filename}:{frame.lineno} in {frame.name}"
    return "an unknown place"


@pytest.fixture(autouse=True)
def fail_on_cv2_environment() -> Iterator[None]:
    """Fail when ``import cv2`` was not followed by popping what it sets: Qt then loads the wrong plug-ins."""
    yield
    left = [name for name in CV2_ENVIRONMENT if name in os.environ]
    for name in left:
        del os.environ[name]
    if left and "cv2" in sys.modules:
        pytest.fail(f"import cv2 left {', '.join(left)} set: pop both right after the import", pytrace=False)
