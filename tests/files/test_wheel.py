"""The built wheel carries everything: the demo runs from it elsewhere, with the checkout out of reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
DEMO_KEYS = {
    "elapsed_s",
    "export",
    "frames",
    "gap_rows",
    "landmark_rows",
    "participants",
    "sessions",
    "study",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built with what is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    run_pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(CHECKOUT))
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that the wheel alone is installed into."""
    folder = tmp_path_factory.mktemp("elsewhere")
    run_pip("install", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    return folder


def run_pip(*arguments: str) -> None:
    """Run pip of this environment and show what it said if it fails."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run_installed(elsewhere: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the installed wheel and the packages of this environment, from a folder of its own.

    ``-S`` leaves out the ``.pth`` files, one of which would put the checkout back on the path.
    """
    packages = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    homes = {f"XDG_{kind}_HOME": str(home / kind) for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
    environment = os.environ | homes | {"HOME": str(home), "USERPROFILE": str(home), "PYTHONSAFEPATH": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(elsewhere), *packages]))
    environment.pop("QT_QPA_PLATFORM", None)  # a headless verb has to see to that itself
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_that_the_wheel_carries_every_resource(wheel: Path) -> None:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "resources"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    expected = {f"ifllm_desktop/_{name}" for name in listing.stdout.split("\0") if name}
    assert expected
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert expected <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"ifllm_desktop"}


def test_that_resources_are_found_in_the_installed_wheel(elsewhere: Path, tmp_path: Path) -> None:
    code = (
        "import json, sys\n"
        "from ifllm_desktop.resource_files import resource_path\n"
        "print(json.dumps([str(resource_path()), sys.path]))"
    )
    done = run_installed(elsewhere, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    found, path = json.loads(done.stdout)
    assert Path(found) == (elsewhere / "ifllm_desktop" / "_resources").resolve()
    assert not [p for p in path if Path(p).resolve() == CHECKOUT]


def test_that_the_demo_runs_from_the_wheel_elsewhere(elsewhere: Path, tmp_path: Path) -> None:
    done = run_installed(
        elsewhere,
        tmp_path,
        *("-m", "ifllm_desktop", "demo", "--headless", "--seed", "1", "--json"),
        *("--study", str(tmp_path / "study")),
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert set(summary) >= DEMO_KEYS
    assert Path(summary["study"]).resolve() == (tmp_path / "study").resolve()
    assert (tmp_path / "study" / "study.yaml").is_file()
    assert summary["participants"]
    assert summary["frames"] == summary["landmark_rows"] + summary["gap_rows"]
    assert any(path.is_file() for path in Path(summary["export"]).rglob("*"))
