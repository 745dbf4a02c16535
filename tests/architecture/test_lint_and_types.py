"""Style and types are checked by the same command as behaviour, so that there is one command to remember."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["ruff", "check", "."], id="ruff check"),
        pytest.param(["ruff", "format", "--check", "."], id="ruff format"),
        pytest.param(["mypy"], id="mypy", marks=pytest.mark.slow),
        pytest.param(["mypy", "packaging/bootstrap.py", "tests/conftest.py"], id="mypy outside the package"),
    ],
)
def test_that_the_checkout_passes(command: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
