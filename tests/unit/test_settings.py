"""What belongs to this computer: stored whole, read leniently."""

from __future__ import annotations

from pathlib import Path

import pytest

from ifllm_desktop.settings import (
    MAX_RECENT,
    CameraProfile,
    ScreenProfile,
    Settings,
    camera_profile,
    forget_screen,
    load_settings,
    save_camera_profile,
    save_screen_profile,
    save_settings,
    screen_profile,
    settings_path,
)


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


# ---- cameras and screens ---------------------------------------------------------------------

IDS = [
    "usb-046d_C920_AAAA-video-index0",
    "\\\\?\\usb#vid_046d&pid_082d#6&1a#{65e8}\\global",
    "x" * 300,
    "ä/ö",
]


@pytest.mark.parametrize("camera_id", IDS)
def test_that_a_camera_keeps_what_was_measured_of_it(camera_id: str) -> None:
    assert camera_profile(camera_id, "Webcam") == CameraProfile(camera_id=camera_id, name="Webcam")
    profile = CameraProfile(
        camera_id=camera_id, name="Webcam", intrinsics={"fx_px": 950.5}, latency={"sum_ms": 92.0}
    )
    save_camera_profile(profile)
    assert camera_profile(camera_id) == profile
    save_camera_profile(profile.model_copy(update={"distance_scale": {"factor": 1.1}}))
    again = camera_profile(camera_id)
    assert again.intrinsics == {"fx_px": 950.5} and again.distance_scale == {"factor": 1.1}


def test_that_cameras_and_screens_do_not_share_their_files() -> None:
    for number, device_id in enumerate(IDS):
        save_camera_profile(CameraProfile(camera_id=device_id, name=str(number)))
        save_screen_profile(ScreenProfile(screen_id=device_id, w_mm=300 + number, h_mm=200, source="card"))
    assert [camera_profile(i).name for i in IDS] == ["0", "1", "2", "3"]
    assert [p.w_mm for i in IDS if (p := screen_profile(i)) is not None] == [300, 301, 302, 303]
    forget_screen(IDS[1])
    forget_screen(IDS[1])
    assert screen_profile(IDS[1]) is None and screen_profile(IDS[2]) is not None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"camera_id": "other"}', '{"camera_id": 5}'])
def test_that_a_damaged_profile_is_an_empty_one(content: str) -> None:
    save_camera_profile(CameraProfile(camera_id="cam", name="Webcam"))
    save_screen_profile(ScreenProfile(screen_id="cam", w_mm=300, h_mm=200, source="typed"))
    for path in [*settings_path().parent.glob("*/cam-*.json")]:
        path.write_text(content, encoding="utf-8")
    assert camera_profile("cam") == CameraProfile(camera_id="cam") and screen_profile("cam") is None


def test_that_a_screen_without_a_size_is_not_stored() -> None:
    for w_mm in (0.0, -3.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="w_mm"):
            ScreenProfile(screen_id="s", w_mm=w_mm, h_mm=200, source="card")
