"""The law of the packages holds, and every rule of it bites: one naming the wrong package guards nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
OFFLINE_HALF = ("replay", "annotate", "derive", "features", "reward", "analysis", "export")

# (contract, module to write, its text): each breaks that contract and no other.
BREAKS = [
    ("layers", "reading/broken.py", "import ifllm_desktop.session"),
    ("layers", "domain/broken.py", "import ifllm_desktop.ports"),
    ("layers", "domain/broken.py", "def later():\n    import ifllm_desktop.gaze"),
    ("layers", "store/broken.py", "import ifllm_desktop.capture"),
    ("layers", "unplaced.py", ""),
    ("offline", "features/broken.py", "import ifllm_desktop.store"),
    ("offline", "export/broken.py", "import ifllm_desktop.session"),
    ("offline", "replay/broken.py", "import ifllm_desktop.adapters"),
    ("offline", "reward/broken.py", "import ifllm_desktop.capture"),
    ("offline", "annotate/broken.py", "import ifllm_desktop.store"),
    ("offline", "derive/broken.py", "import ifllm_desktop.store"),
    ("offline", "analysis/broken.py", "import ifllm_desktop.store"),
    ("qt", "session/broken.py", "from PySide6.QtCore import QObject"),
    ("qt", "capture/broken.py", "import pyqtgraph"),
    ("qt", "gaze/broken.py", "import qtawesome"),
    ("torch", "gaze/broken.py", "import torch"),
    ("torch", "features/broken.py", "def later():\n    import torch"),
    ("sqlite", "session/broken.py", "import sqlite3"),
    ("sqlite", "adapters/broken.py", "from sqlite_utils import Database"),
    ("http", "session/broken.py", "import urllib.request"),
    ("http", "adapters/broken.py", "from http.client import HTTPSConnection"),
    ("cv2", "capture/broken.py", "import cv2"),
    ("mediapipe", "gaze/broken.py", "import mediapipe"),
    ("adapters-know", "adapters/broken.py", "import ifllm_desktop.settings"),
    ("adapters-know", "adapters/broken.py", "import ifllm_desktop.reading"),
    ("adapters-apart", "adapters/broken.py", "import ifllm_desktop.adapters.other"),
    ("domain", "domain/broken.py", "import pandas"),
    ("domain", "domain/broken.py", "import pydantic"),
]

# What the rules are there to allow: a contract that forbids everything would pass every test above.
ALLOWED = {
    "ui/allowed.py": "from PySide6.QtCore import QObject\nimport pyqtgraph",
    "reward/allowed.py": "def later():\n    import torch",
    "store/allowed.py": "import sqlite3, sqlite_utils",
    "gaze/allowed.py": "import cv2",
    "adapters/allowed.py": "import cv2, mediapipe\nimport ifllm_desktop.gaze, ifllm_desktop.ports",
    "domain/allowed.py": "import numpy, json",
    "export/allowed.py": "import ifllm_desktop.reward, ifllm_desktop.features, pyarrow",
}


def contracts() -> dict[str, str]:
    """Identifier and name of every contract in pyproject.toml."""
    config = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    return {c["id"]: c["name"] for c in config["tool"]["importlinter"]["contracts"]}


def broken_contracts(folder: Path) -> set[str]:
    """Identifiers of the contracts that the package in ``folder`` breaks."""
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--no-cache",
        ],
        check=False,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    verdicts = {
        key: re.search(rf"^{re.escape(name)} (KEPT|BROKEN)", run.stdout, re.MULTILINE)
        for key, name in contracts().items()
    }
    unjudged = [key for key, verdict in verdicts.items() if verdict is None]
    assert not unjudged, f"import-linter did not judge {unjudged}:\n{run.stdout}\n{run.stderr}"
    broken = {key for key, verdict in verdicts.items() if verdict and verdict[1] == "BROKEN"}
    assert (run.returncode != 0) == bool(broken), run.stdout
    if broken:
        print(run.stdout[run.stdout.find("Broken contracts") :])
    return broken


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Folder with a copy of the package and of the rules."""
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    shutil.copytree(
        CHECKOUT / "ifllm_desktop", tmp_path / "ifllm_desktop", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def add_module(copy: Path, module: str, text: str) -> None:
    """Write a module that the package does not have yet."""
    path = copy / "ifllm_desktop" / module
    assert not path.exists()
    path.write_text(text + "\n", "utf-8")


def test_that_the_package_keeps_every_contract() -> None:
    assert broken_contracts(CHECKOUT) == set()


def test_that_every_contract_is_shown_to_fail() -> None:
    assert {contract for contract, _, _ in BREAKS} == set(contracts())


@pytest.mark.parametrize(("contract", "module", "text"), BREAKS)
def test_that_a_breaking_import_fails_its_contract_and_no_other(
    contract: str, module: str, text: str, copy: Path
) -> None:
    if contract == "adapters-apart":
        add_module(copy, "adapters/other.py", "")
    add_module(copy, module, text)
    assert broken_contracts(copy) == {contract}


def test_that_what_the_contracts_are_there_to_allow_is_allowed(copy: Path) -> None:
    for module, text in ALLOWED.items():
        add_module(copy, module, text)
    assert broken_contracts(copy) == set()


def test_that_the_offline_contract_lists_every_offline_package_that_exists() -> None:
    config = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    (offline,) = [c for c in config["tool"]["importlinter"]["contracts"] if c["id"] == "offline"]
    existing = {
        f"ifllm_desktop.{name}"
        for name in OFFLINE_HALF
        if (CHECKOUT / "ifllm_desktop" / name / "__init__.py").exists()
    }
    assert set(offline["source_modules"]) == existing


def test_that_only_layers_without_a_package_are_optional() -> None:
    config = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    (layers,) = [c for c in config["tool"]["importlinter"]["contracts"] if c["id"] == "layers"]
    optional = re.findall(r"\((\w+)\)", " ".join(layers["layers"]))
    existing = [n for n in optional if list((CHECKOUT / "ifllm_desktop").glob(f"{n}/__init__.py"))]
    assert existing == [], "these are built now: take the parentheses away"
