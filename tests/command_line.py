"""The program as its users start it: a child process with its own home, killed when it takes too long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 240.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What a finished command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The one JSON object that stdout has to be."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self.out
        report = json.loads(lines[0])
        assert isinstance(report, dict)
        return report

    @property
    def said(self) -> list[str]:
        """Lines on stderr without the progress of a recording."""
        return [line for line in self.err.splitlines() if not line.startswith("recorded_s=")]


def command(*arguments: str | Path) -> list[str]:
    """The command line of the program in this interpreter."""
    return [sys.executable, "-m", "ifllm_desktop", *map(str, arguments)]


def environment(home: Path) -> dict[str, str]:
    """An environment whose settings, logs and own data lie in ``home``, and without a display."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "IFLLM_VERBOSE")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    places = {"XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state", "XDG_DATA_HOME": "data"}
    paths = os.pathsep.join([str(CHECKOUT), *filter(None, [kept.get("PYTHONPATH")])])
    return {
        **kept, "HOME": str(home), "IFLLM_CONFIG_DIR": str(home / "config"), "PYTHONPATH": paths,
        **{name: str(home / part) for name, part in places.items()},
    }  # fmt: skip


def run(home: Path, arguments: Sequence[str | Path], before: Callable[[], None] | None = None) -> Ran:
    """Run a command to its end. ``before`` runs in the child first (POSIX only)."""
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, encoding="utf-8", env=environment(home),
        timeout=TIMEOUT_S, preexec_fn=before, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def assert_one_sentence(ran: Ran, code: int, *words: str) -> None:
    """The command failed as it has to: the exit code, nothing on stdout, one line that says what and what to do."""
    assert ran.code == code, (ran.code, ran.out, ran.err)
    assert ran.out == ""
    assert len(ran.said) == 1, ran.err
    (line,) = ran.said
    assert "Traceback" not in line and "Something went wrong" not in line
    assert ": " in line and line.endswith("."), line  # what is wrong: what to do
    for word in words:
        assert word in line, line
