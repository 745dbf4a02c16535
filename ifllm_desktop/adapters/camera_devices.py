"""The cameras of this computer by name. Nothing is opened, so no light goes on and no consent is needed.

``cv2-enumerate-cameras`` (MIT) asks Video4Linux, DirectShow or AVFoundation. On other systems, and where the
package cannot be loaded, the list is empty and a camera is called by its number.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ifllm_desktop.gaze.opencv import cv2

# the same that camera_opencv opens devices with: each back end counts on its own
_BACKENDS = {"Linux": cv2.CAP_V4L2, "Windows": cv2.CAP_DSHOW, "Darwin": cv2.CAP_AVFOUNDATION}
_BACKEND_NAMES = {cv2.CAP_V4L2: "V4L2", cv2.CAP_DSHOW: "DSHOW", cv2.CAP_AVFOUNDATION: "AVFOUNDATION"}
_BY_ID = Path("/dev/v4l/by-id")


@dataclass(frozen=True, slots=True)
class CameraDevice:
    """A camera that is plugged in.

    Attributes
    ----------
    index : int
        Number under which OpenCV opens it now; it changes with the order of plugging in.
    name : str
        As the system calls it; not unique.
    stable_id : str
        What stays the same when it is unplugged and plugged in again: the link under ``/dev/v4l/by-id`` (maker,
        model, serial number) on Linux, the device path on Windows, the unique id on macOS. Without one: maker and
        model number, or the name.
    path : str
        Device file, path or id of the system; empty where not known.
    backend : str
        ``V4L2``, ``DSHOW`` or ``AVFOUNDATION``.
    """

    index: int
    name: str
    stable_id: str
    path: str
    backend: str


class _Found(Protocol):
    """What the package tells of a camera."""

    index: int
    name: str
    path: str | None
    vid: int | None
    pid: int | None


def list_cameras() -> tuple[CameraDevice, ...]:
    """Cameras that can be opened, by number; empty where there are none or the system does not say."""
    backend = _BACKENDS.get(platform.system())
    if backend is None:
        return ()
    try:
        from cv2_enumerate_cameras import enumerate_cameras
    except ImportError:
        return ()
    try:
        found = enumerate_cameras(backend)
    except (NotImplementedError, OSError):  # the back end is not built in, or the device tree cannot be read
        return ()
    return devices_from(found, _BACKEND_NAMES[backend], stable_links(_BY_ID))


def devices_from(found: Sequence[_Found], backend: str, links: dict[str, str]) -> tuple[CameraDevice, ...]:
    """Devices as they are used here, by number; ``links`` are stable names by device file."""
    devices = []
    taken: set[str] = set()
    for info in sorted(found, key=lambda f: f.index):
        path = info.path or ""
        name = (info.name or "").strip() or f"camera {info.index}"
        stable_id = links.get(path, "")
        if not stable_id and path and not path.startswith("/dev/"):
            stable_id = path
        if not stable_id and info.vid is not None and info.pid is not None:
            stable_id = f"usb-{info.vid:04x}-{info.pid:04x}"
        stable_id = stable_id or name
        if stable_id in taken:  # two of one kind without serial numbers: told apart by their order
            stable_id = f"{stable_id}#{sum(t.split('#')[0] == stable_id for t in taken) + 1}"
        taken.add(stable_id)
        devices.append(CameraDevice(int(info.index), name, stable_id, path, backend))
    return tuple(devices)


def stable_links(folder: Path) -> dict[str, str]:
    """Names of the links in a folder by the device file that each points to; empty without the folder."""
    try:
        return {os.path.realpath(link): link.name for link in sorted(folder.iterdir())}
    except OSError:
        return {}


def device_at(index: int) -> CameraDevice | None:
    """The camera with a number; None where the system does not know it."""
    return next((device for device in list_cameras() if device.index == index), None)


def device_name(index: int) -> str:
    """Name of the camera with a number; ``camera 0`` where the system does not know it."""
    device = device_at(index)
    return device.name if device is not None else f"camera {index}"


def index_of(stable_id: str) -> int | None:
    """The number that a camera has now; None while it is not plugged in."""
    return next((device.index for device in list_cameras() if device.stable_id == stable_id), None)
