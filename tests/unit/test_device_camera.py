"""The driver of real cameras on a stand-in of OpenCV: what is asked for, what it falls back to, what it says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.adapters import camera_opencv
from ifllm_desktop.adapters.camera_opencv import DeviceCamera
from ifllm_desktop.adapters.clock import SimulatedClock
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.gaze.opencv import cv2

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="device files as on Linux")


class Device:
    """A device that grants some modes only; simulated."""

    def __init__(self, clock: SimulatedClock, works: Callable[[int, int, str], bool]) -> None:
        self.clock, self.works = clock, works
        self.asked: list[tuple[int, int, str]] = []
        self.opened_as: list[int] = []
        self.grab_takes_ns = 0
        self.dead = False


class Capture:
    """``cv2.VideoCapture`` of that device."""

    def __init__(self, device: Device) -> None:
        self._device, self._wanted, self._format = device, [640, 480], ""
        self._stamp_ns = 0

    def setExceptionMode(self, on: bool) -> None: ...

    def open(self, index: int, backend: int) -> bool:
        self._device.opened_as.append(index)
        return True

    def set(self, what: int, value: float) -> bool:
        if what == cv2.CAP_PROP_FRAME_WIDTH:
            self._wanted[0] = int(value)
        elif what == cv2.CAP_PROP_FRAME_HEIGHT:
            self._wanted[1] = int(value)
        elif what == cv2.CAP_PROP_FOURCC:
            self._format = int(value).to_bytes(4, "little").decode()
        return True

    def get(self, what: int) -> float:
        return self._stamp_ns / NS_PER_MS if what == cv2.CAP_PROP_POS_MSEC else 30.0

    def grab(self) -> bool:
        device = self._device
        mode = (self._wanted[0], self._wanted[1], self._format)
        if not device.asked or device.asked[-1] != mode:
            device.asked.append(mode)
        device.clock.wait_until(device.clock.now_ns() + device.grab_takes_ns)
        self._stamp_ns = device.clock.now_ns() - 20 * NS_PER_MS
        return not device.dead and device.works(*mode)

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        width, height = self._wanted
        return True, np.zeros((height, width, 3), np.uint8)

    def getBackendName(self) -> str:
        return "V4L2"

    def release(self) -> None: ...


Make = Callable[..., tuple[DeviceCamera, Device]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Make:
    there = tmp_path / "video"
    there.touch()
    monkeypatch.setattr(DeviceCamera, "_device_file", lambda self: there)

    def build(
        works: Callable[[int, int, str], bool] = lambda *_: True, **more: Any
    ) -> tuple[DeviceCamera, Device]:
        clock = SimulatedClock()
        clock.advance_to(NS_PER_S)
        device = Device(clock, works)
        monkeypatch.setattr(camera_opencv.cv2, "VideoCapture", lambda: Capture(device))
        return DeviceCamera(3, clock, **more), device

    return build


def test_that_720p_at_30_is_asked_for_first_and_reported(make: Make) -> None:
    camera, device = make(name="HD Webcam", stable_id="usb-1")
    camera.open()
    assert device.asked == [(1280, 720, "MJPG")]
    said = camera.describe()
    assert (said["width"], said["height"], said["rate_hz"]) == (1280, 720, 30.0)
    assert (said["wanted_width"], said["wanted_height"], said["wanted_rate_hz"]) == (1280, 720, 30.0)
    assert (said["name"], said["stable_id"], said["backend"], said["devices"]) == (
        "HD Webcam", "usb-1", "V4L2", "real",
    )  # fmt: skip
    camera.close()


@pytest.mark.parametrize(
    ("works", "size"),
    [
        (lambda w, h, f: f == "", (1280, 720)),
        (lambda w, h, f: w == 640, (640, 480)),
    ],
)
def test_that_a_camera_that_cannot_falls_back_and_says_what_it_gives(
    make: Make, works: Callable[[int, int, str], bool], size: tuple[int, int]
) -> None:
    camera, device = make(works)
    camera.open()
    assert device.asked[0] == (1280, 720, "MJPG") and device.asked[-1][:2] == size
    assert (camera.describe()["width"], camera.describe()["height"]) == size
    frame = camera.read()
    assert frame is not None and frame.size_px == size
    camera.close()


def test_that_a_camera_that_grants_nothing_is_busy_and_named(make: Make) -> None:
    camera, _ = make(lambda *_: False, name="HD Webcam")
    with pytest.raises(WorldError, match="camera_busy") as caught:
        camera.open()
    assert caught.value.params["device"] == "HD Webcam"


def test_that_frames_carry_the_drivers_stamp(make: Make) -> None:
    camera, device = make()
    camera.open()
    device.grab_takes_ns = NS_PER_S // 30
    frame = camera.read()
    assert frame is not None and frame.driver_ns is not None
    assert frame.t_ns - frame.driver_ns == pytest.approx(20 * NS_PER_MS, abs=1000)


def test_that_a_grab_that_fails_late_is_a_lost_camera_at_once(make: Make) -> None:
    camera, device = make()
    camera.open()
    device.dead, device.grab_takes_ns = True, 2 * NS_PER_S
    with pytest.raises(WorldError, match="camera_lost"):
        camera.read()


def test_that_the_same_device_is_found_again_under_another_number(make: Make) -> None:
    where: list[int | None] = [3]
    camera, device = make(name="HD Webcam", stable_id="usb-1", find=lambda: where[0])
    camera.open()
    camera.close()
    where[0] = None
    with pytest.raises(WorldError, match="camera_missing") as caught:
        camera.open()
    assert caught.value.params["device"] == "HD Webcam"
    where[0] = 5
    camera.open()
    assert device.opened_as == [3, 5]
