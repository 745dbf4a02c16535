"""Cameras by name and by an id that stays; nothing is opened for it."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from ifllm_desktop.adapters import camera_devices
from ifllm_desktop.adapters.camera_devices import (
    device_at,
    device_name,
    devices_from,
    index_of,
    list_cameras,
    stable_links,
)


def found(index: int, name: str, path: str | None = None, vid: int | None = None, pid: int | None = None):  # type: ignore[no-untyped-def]
    return SimpleNamespace(index=index, name=name, path=path, vid=vid, pid=pid, backend=200)


PLUGGED = [
    found(2, "HD Pro Webcam C920", "/dev/video2", 0x046D, 0x082D),
    found(0, "Integrated Camera: Integrated C", "/dev/video0", 0x5986, 0x2113),
    found(4, "HD Pro Webcam C920", "/dev/video4", 0x046D, 0x082D),
    found(6, " ", None),
]


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Cameras that the system reports; the list may be changed."""
    cameras: list[object] = list(PLUGGED)
    module = ModuleType("cv2_enumerate_cameras")
    module.enumerate_cameras = lambda backend: list(cameras)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", module)
    monkeypatch.setattr(camera_devices.platform, "system", lambda: "Linux")
    monkeypatch.setattr(camera_devices, "_BY_ID", Path("no/such/folder"))
    return cameras


def test_that_cameras_come_by_number_with_name_and_a_stable_id_each(plugged: list[object]) -> None:
    devices = list_cameras()
    assert [d.index for d in devices] == [0, 2, 4, 6]
    assert [d.name for d in devices][1:] == ["HD Pro Webcam C920", "HD Pro Webcam C920", "camera 6"]
    assert [d.stable_id for d in devices] == ["usb-5986-2113", "usb-046d-082d", "usb-046d-082d#2", "camera 6"]
    assert {d.backend for d in devices} == {"V4L2"}
    assert device_name(2) == "HD Pro Webcam C920" and device_name(97) == "camera 97" and device_at(97) is None


def test_that_a_camera_keeps_its_id_when_its_number_changes(plugged: list[object]) -> None:
    before = device_at(0)
    assert before is not None and index_of(before.stable_id) == 0
    plugged[:] = [found(8, before.name, "/dev/video8", 0x5986, 0x2113)]
    assert index_of(before.stable_id) == 8
    plugged.clear()
    assert index_of(before.stable_id) is None and list_cameras() == ()


def test_that_serial_numbers_tell_two_of_a_kind_apart(tmp_path: Path) -> None:
    names = {}
    for number, serial in ((2, "AAAA"), (4, "BBBB")):
        device = tmp_path / f"video{number}"
        device.touch()
        link = tmp_path / "by-id" / f"usb-046d_C920_{serial}-video-index0"
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(device)
        names[number] = link.name
    cameras = [found(n, "C920", str(tmp_path / f"video{n}"), 0x046D, 0x082D) for n in (2, 4)]
    devices = devices_from(cameras, "V4L2", stable_links(tmp_path / "by-id"))
    assert [d.stable_id for d in devices] == [names[2], names[4]]


@pytest.mark.parametrize("path", ["\\\\?\\usb#vid_046d&pid_082d#6&1a#{65e8}\\global", "0x14200000046d082d"])
def test_that_the_path_of_windows_and_macos_is_the_id(path: str) -> None:
    assert devices_from([found(0, "C920", path, 0x046D, 0x082D)], "DSHOW", {})[0].stable_id == path


def test_that_other_systems_and_a_missing_package_give_numbers(
    plugged: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_devices.platform, "system", lambda: "FreeBSD")
    assert list_cameras() == () and device_name(1) == "camera 1"
    monkeypatch.setattr(camera_devices.platform, "system", lambda: "Windows")
    real = builtins.__import__

    def refuse(name: str, *args: object, **kwargs: object) -> object:
        if name == "cv2_enumerate_cameras":
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert list_cameras() == ()


def test_that_this_machine_can_be_asked() -> None:
    for device in list_cameras():
        assert device.index >= 0 and device.name and device.stable_id
