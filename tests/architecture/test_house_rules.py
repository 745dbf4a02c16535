"""The guards of tests/conftest.py fail what they are there to fail, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

# Each function is one test of the tried suite; its name says what has to come of it.
TRIED = """
import logging, os, sys, threading, time, warnings
import pytest
from PySide6.QtCore import QObject, QThread, QTimer, qWarning
from PySide6.QtWidgets import QWidget

log = logging.getLogger("tried")
kept = []

def test_fails_warning():
    warnings.warn("new", DeprecationWarning)

def test_fails_log():
    log.warning("camera lost")

@pytest.mark.expected_logs("camera lost")
def test_passes_expected_log():
    log.error("camera lost")

@pytest.mark.expected_logs("camera lost")
def test_fails_log_that_never_came():
    log.info("camera lost")

@pytest.mark.expected_logs("camera lost")
def test_fails_other_log():
    log.warning("camera lost")
    log.warning("disk full")

def test_fails_thread():
    kept.append(threading.Event())
    threading.Thread(target=kept[-1].wait, args=(8,), name="forgotten").start()

def test_passes_thread_that_ends():
    threading.Thread(target=time.sleep, args=(0.05,)).start()

def test_fails_timer(qtbot):
    kept.append(QTimer())
    kept[-1].start(10_000)

def test_passes_timer_that_is_stopped(qtbot):
    kept.append(QTimer())
    kept[-1].start(10_000)
    kept[-1].stop()

class Sleeper(QThread):
    def run(self):
        time.sleep(1)

def test_fails_qthread(qtbot):
    kept.append(Sleeper())
    kept[-1].start()

def test_passes_qthread_that_is_joined(qtbot):
    kept[-1].wait()
    thread = QThread()
    thread.start()
    thread.quit()
    thread.wait()

def test_fails_widget(qtbot):
    kept.append(QWidget())
    kept[-1].setObjectName("orphan")
    kept[-1].show()

def test_passes_widget_that_is_registered(qtbot):
    kept.append(QWidget())
    qtbot.addWidget(kept[-1])
    kept[-1].show()

def test_passes_widget_that_is_deleted_later(qtbot):
    widget = QWidget()
    widget.show()
    widget.deleteLater()

def test_fails_qt_message(qtbot):
    qWarning("no such slot")

def test_fails_cv2_environment():
    import cv2
    os.environ["QT_QPA_FONTDIR"] = "somewhere"

def test_passes_after_cv2_environment():
    import cv2
    assert "QT_QPA_FONTDIR" not in os.environ

def test_passes_offscreen():
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"

def test_skips_missing_data(ifllm_data):
    ifllm_data("no", "such.file")

def test_passes_data(ifllm_data):
    assert ifllm_data("present.txt").read_text() == "x"
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The tried suite, run once under the project's own configuration and conftest."""
    folder = tmp_path_factory.mktemp("tried")
    shutil.copy(CHECKOUT / "pyproject.toml", folder)
    (folder / "tests").mkdir()
    shutil.copy(CHECKOUT / "tests" / "conftest.py", folder / "tests")
    (folder / "tests" / "test_tried.py").write_text(TRIED, "utf-8")
    (folder / "data").mkdir()
    (folder / "data" / "present.txt").write_text("x", "utf-8")
    environment = os.environ | {"IFLLM_DATA": str(folder / "data"), "QT_QPA_PLATFORM": "elsewhere"}
    environment.pop("IFLLM_TEST_PLATFORM", None)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-rA", "--tb=short"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("name", re.findall(r"def (test_\w+)\(", TRIED))
def test_that_each_tried_test_ends_as_its_name_says(
    name: str, outcome: subprocess.CompletedProcess[str]
) -> None:
    words = set(re.findall(rf"^(PASSED|FAILED|ERROR) \S+::{name}\b", outcome.stdout, re.MULTILINE))
    if name.startswith("test_passes"):
        assert words == {"PASSED"}, outcome.stdout
    elif name.startswith("test_fails"):
        assert words & {"FAILED", "ERROR"}, outcome.stdout
    else:
        assert words == set()
        assert "test data not found: no/such.file" in outcome.stdout


@pytest.mark.parametrize(
    "said",
    [
        r"thread 'forgotten' started at \S+test_tried.py:\d+ in test_fails_thread",
        r"QTimer started at \S+test_tried.py:\d+ in test_fails_timer",
        r"Sleeper started at \S+test_tried.py:\d+ in test_fails_qthread",
        r"top-level widget QWidget 'orphan'",
        r"WARNING tried: disk full",
        r"never came: camera lost",
    ],
)
def test_that_a_failure_names_the_culprit(said: str, outcome: subprocess.CompletedProcess[str]) -> None:
    assert re.search(said, outcome.stdout), outcome.stdout
