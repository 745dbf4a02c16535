"""What no file of the project may hold, whoever writes it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
EMPTY_NAMES = {"common", "core", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}

# Put together from pieces, because this file is searched too.
MACHINE_PATH = re.compile(
    "|".join(
        [
            r"(?<![\w.~])/(?:" + "home|" + "Users" + r")/\w+",
            r"(?<![\w.~/])/" + "root/",
            r"[A-Za-z]:\\+" + "Users",
            r"(?<![\w.])" + re.escape(CHECKOUT.as_posix()) + r"\b",
            r"(?<![\w.])" + re.escape(CHECKOUT.parent.as_posix().rstrip("/")) + "/",
            r"(?<![\w.])/" + r"tmp/\w",
        ]
    )
)
INDEX_ADDRESS = re.compile(
    "|".join(
        [
            r"py" + r"pi\.org",
            r"python" + r"hosted\.org",
            r"download\.py" + r"torch\.org",
            r"conda\." + r"anaconda\.org",
            r"registry\." + r"npmjs",
            r"(?:https?|file)://[^\s\"']*/" + r"simple\b",
            r"(?:https?|file)://[^\s\"']*/" + r"whl\b",
        ]
    )
)


def project_files() -> list[Path]:
    """Files that are tracked or about to be, without what .gitignore leaves out."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [CHECKOUT / name for name in listing.stdout.decode().split("\0") if name]
    return [p for p in paths if p.is_file()]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """``file:line: match`` for every match in the project's text files."""
    found = []
    for path in project_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if match := pattern.search(line):
                found.append(f"{path.relative_to(CHECKOUT)}:{number}: {match[0]}")
    return found


def test_that_no_file_names_a_path_of_one_machine() -> None:
    assert lines_with(MACHINE_PATH) == []


def test_that_no_file_names_a_package_index() -> None:
    assert lines_with(INDEX_ADDRESS) == []


@pytest.mark.parametrize(
    "line",
    [
        "/home" + "/ada/x",
        "open('/" + "tmp/x')",
        "C:\\" + "Users\\ada",
        "/" + "Users/ada/study",
        f"{CHECKOUT}/x",
    ],
)
def test_that_a_machine_path_would_be_seen(line: str) -> None:
    assert MACHINE_PATH.search(line)


@pytest.mark.parametrize(
    "line", ["~/studies", "https://example.org/home" + "page", "a/b/c", "../shared/data/gaze"]
)
def test_that_other_paths_are_left_alone(line: str) -> None:
    assert not MACHINE_PATH.search(line)


@pytest.mark.parametrize(
    "line", ["--index-url https://py" + "pi.org/x", "file:///a/" + "simple", "https://b.c/" + "whl/cpu"]
)
def test_that_an_index_address_would_be_seen(line: str) -> None:
    assert INDEX_ADDRESS.search(line)


def test_that_every_module_is_named_by_what_it_makes() -> None:
    parts = {
        (path.relative_to(CHECKOUT).as_posix(), part)
        for path in project_files()
        if path.suffix == ".py"
        for part in (*path.relative_to(CHECKOUT).parent.parts, path.stem)
    }
    assert sorted(name for name, part in parts if part.lower() in EMPTY_NAMES) == []


def test_that_packaging_is_no_package() -> None:
    assert not (CHECKOUT / "packaging" / "__init__.py").exists(), "it would shadow the package of that name"
