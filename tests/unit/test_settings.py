"""What belongs to this computer: stored whole, read leniently."""

from __future__ import annotations

from pathlib import Path

import pytest

from ifllm_desktop.settings import MAX_RECENT, Settings, load_settings, save_settings, settings_path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path / "config"


def test_that_settings_come_back_as_they_were_stored() -> None:
    assert load_settings() == Settings()
    mine = Settings(theme="dark", text_scale=125, camera="2", recent_studies=("/a", "/b"))
    save_settings(mine)
    assert load_settings() == mine
    assert [p.name for p in settings_path().parent.iterdir()] == ["settings.json"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1, 2]", b"\xff\xfe", b'{"theme": "pink"}', b'{"text_scale": "x"}']
)
def test_that_a_file_that_cannot_be_read_gives_the_defaults(folder: Path, content: bytes) -> None:
    folder.mkdir()
    settings_path().write_bytes(content)
    assert load_settings() == Settings()
    save_settings(Settings(theme="light"))
    assert load_settings().theme == "light"


def test_that_unknown_keys_of_other_versions_do_no_harm(folder: Path) -> None:
    folder.mkdir()
    settings_path().write_text('{"theme": "dark", "holograms": true}', encoding="utf-8")
    assert load_settings() == Settings(theme="dark")


def test_that_recent_studies_are_newest_first_once_each_and_few(tmp_path: Path) -> None:
    settings = Settings()
    for number in range(MAX_RECENT + 5):
        settings = settings.with_recent(tmp_path / f"study-{number}")
    settings = settings.with_recent(tmp_path / "study-9")
    names = [Path(p).name for p in settings.recent_studies]
    assert names[0] == "study-9" and names.count("study-9") == 1 and len(names) == MAX_RECENT


def test_that_without_an_own_folder_the_system_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IFLLM_CONFIG_DIR")
    assert settings_path().name == "settings.json" and "ifllm_desktop" in settings_path().parts
