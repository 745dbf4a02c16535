from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ifllm_desktop import resource_files
from ifllm_desktop.domain.errors import DataError


def place_module(monkeypatch: pytest.MonkeyPatch, package: Path) -> None:
    """Let the module believe that it stands in ``package``."""
    package.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(resource_files, "__file__", str(package / "resource_files.py"))


def test_that_a_checkout_finds_the_folder_beside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_module(monkeypatch, tmp_path / "ifllm_desktop")
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "resources" / "demo").mkdir(parents=True)
    assert resource_files.resource_path("demo") == tmp_path.resolve() / "resources" / "demo"


def test_that_an_installed_package_finds_the_folder_inside_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_module(monkeypatch, tmp_path / "ifllm_desktop")
    inside = tmp_path / "ifllm_desktop" / "_resources" / "demo"
    inside.mkdir(parents=True)
    (tmp_path / "resources" / "demo").mkdir(parents=True)
    assert resource_files.resource_path("demo") == inside.resolve()


def test_that_a_foreign_resources_folder_in_site_packages_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_module(monkeypatch, tmp_path / "ifllm_desktop")
    (tmp_path / "resources" / "demo").mkdir(parents=True)
    with pytest.raises(DataError):
        resource_files.resource_path("demo")


def test_that_a_bundle_finds_the_unpacked_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = tmp_path / "ifllm_desktop" / "_resources" / "theme.json"
    unpacked.parent.mkdir(parents=True)
    unpacked.touch()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resource_files.resource_path("theme.json") == unpacked.resolve()


@pytest.mark.parametrize("parts", [("no such file",), ("..", "pyproject.toml"), ("/",)])
def test_that_what_is_missing_or_outside_is_a_data_error(
    parts: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_module(monkeypatch, tmp_path / "ifllm_desktop")
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "resources").mkdir()
    with pytest.raises(DataError) as caught:
        resource_files.resource_path(*parts)
    assert caught.value.code == "resource_missing"
