"""Frames from a camera or a video file, by OpenCV."""

from __future__ import annotations

import logging
import math
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.gaze.opencv import cv2
from ifllm_desktop.ports import Clock, Frame

_log = logging.getLogger(__name__)

WANTED_SIZE_PX = (1280, 720)
"""The iris is only 12.7 px wide at 640×480; more than 720p costs time and gives no better landmarks."""
WANTED_RATE_HZ = 30.0
WANTED_MODES: tuple[tuple[tuple[int, int], str], ...] = (
    (WANTED_SIZE_PX, "MJPG"),  # motion JPEG first: over USB 2 uncompressed 720p comes at 10 Hz
    (WANTED_SIZE_PX, ""),
    ((640, 480), ""),
)
"""Size and pixel format asked for, in this order, until the camera gives a picture."""
_LOST_AFTER = 15
"""Failed reads in a row (half a second) after which a device counts as gone."""
_SLOW_FAILURE_NS = NS_PER_S // 2
"""A grab that fails after this long has waited for the driver's own limit: the device is gone."""
_BACKENDS = {"Linux": cv2.CAP_V4L2, "Windows": cv2.CAP_DSHOW, "Darwin": cv2.CAP_AVFOUNDATION}


class DeviceCamera:
    """A camera of this computer. Implements ``ports.Camera``.

    Parameters
    ----------
    index : int
        Number of the device, from 0.
    clock : Clock
        Stamps each frame right after it was grabbed.
    name : str
        As the system calls it; ``camera 0`` without one.
    stable_id : str
        What stays the same when it is unplugged and plugged in again; empty where not known.
    find : callable or None
        The number that the device has now (None: not plugged in), asked at every :meth:`open`.
    """

    devices = "real"

    def __init__(
        self,
        index: int,
        clock: Clock,
        *,
        name: str = "",
        stable_id: str = "",
        find: Callable[[], int | None] | None = None,
    ) -> None:
        self._index = index
        self._clock = clock
        self._name = name
        self._stable_id = stable_id
        self._find = find
        self._capture: cv2.VideoCapture | None = None
        self._n_frames = 0
        self._n_failed = 0
        self._backend = ""
        self.rate_hz = WANTED_RATE_HZ
        self._size_px = (0, 0)

    def open(self) -> None:
        """Open the device and ask for 1280×720 at 30 Hz, then for less; what it gives is in :meth:`describe`.

        Raises
        ------
        WorldError
            ``camera_missing``, ``camera_denied`` when this user may not open it, or ``camera_busy`` when it is
            there but gives no picture. Only Linux tells them apart (by the device file); elsewhere a device that
            cannot be opened is missing, and one that opens but gives no picture is busy.
        """
        self._n_failed = 0
        self._look_where_it_is()
        if platform.system() == "Linux":
            if not self._device_file().exists():
                raise WorldError("camera_missing", device=self._said())
            if not os.access(self._device_file(), os.R_OK | os.W_OK):
                raise WorldError("camera_denied", device=self._said())
        for size_px, pixel_format in WANTED_MODES:
            capture = self._opened()
            image = _first_picture(capture, size_px, pixel_format)
            if image is not None:
                break
            capture.release()
        else:
            raise WorldError("camera_busy", device=self._said())
        self._capture = capture
        self._size_px = (image.shape[1], image.shape[0])
        self._backend = _backend(capture)
        self.rate_hz = _rate_hz(capture, WANTED_RATE_HZ)

    def read(self) -> Frame | None:
        """The next frame; None when the device skipped one.

        Raises
        ------
        WorldError
            ``camera_lost`` when nothing came for half a second's worth of frames.
        """
        capture = self._capture
        if capture is None:
            raise WorldError("camera_lost", device=self._said())
        begin_ns = self._clock.now_ns()
        grabbed = capture.grab()
        t_ns = self._clock.now_ns()
        image = _retrieved(capture) if grabbed else None
        if image is None:
            self._n_failed += 1
            if self._n_failed >= _LOST_AFTER or t_ns - begin_ns > _SLOW_FAILURE_NS or self._gone():
                raise WorldError("camera_lost", device=self._said())
            if not grabbed:  # a failing grab returns at once: keep the pace of the device
                self._clock.wait_until(t_ns + int(NS_PER_S / self.rate_hz))
            return None
        self._n_failed = 0
        size_px = (image.shape[1], image.shape[0])
        frame = Frame(t_ns, self._n_frames, image, size_px, driver_ns=_driver_ns(capture, t_ns))
        self._n_frames += 1
        return frame

    def close(self) -> None:
        """Release the device."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def describe(self) -> dict[str, Any]:
        """What the recording says of the device: its name, what was asked for and what it gives."""
        width, height = self._size_px
        return {
            "name": self._said() if self._name else f"camera {self._index}",
            "stable_id": self._stable_id,
            "backend": self._backend,
            "width": width,
            "height": height,
            "rate_hz": self.rate_hz,
            "wanted_width": WANTED_SIZE_PX[0],
            "wanted_height": WANTED_SIZE_PX[1],
            "wanted_rate_hz": WANTED_RATE_HZ,
            "devices": self.devices,
        }

    def _look_where_it_is(self) -> None:
        if self._find is None:
            return
        index = self._find()
        if index is None:
            raise WorldError("camera_missing", device=self._said())
        self._index = index

    def _opened(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture()
        capture.setExceptionMode(False)
        if not capture.open(self._index, _BACKENDS.get(platform.system(), cv2.CAP_ANY)):
            capture.release()
            code = "camera_busy" if platform.system() == "Linux" else "camera_missing"
            raise WorldError(code, device=self._said())
        return capture

    def _said(self) -> str | int:
        return self._name or self._index

    def _device_file(self) -> Path:
        return Path(f"/dev/video{self._index}")

    def _gone(self) -> bool:
        return platform.system() == "Linux" and not self._device_file().exists()


class VideoCamera:
    """A video file, played at its own rate without drops, again and again. Implements ``ports.Camera``.

    Frame k is due k / ``rate_hz`` after :meth:`open`. It is waited for; when it is late already it is delivered at
    once and stamped with the present time, so a slow reader stretches a moment but loses nothing.

    Parameters
    ----------
    path : Path
        Any file that OpenCV plays.
    clock : Clock
        Real or simulated.
    """

    devices = "video"

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = Path(path)
        self._clock = clock
        self._capture: cv2.VideoCapture | None = None
        self._waiting: NDArray[np.uint8] | None = None
        self._start_ns = 0
        self._n_frames = 0
        self._n_since_open = 0
        self._pass_index = 0
        self._n_in_pass = 0
        self.rate_hz = WANTED_RATE_HZ
        self._size_px = (0, 0)

    def open(self) -> None:
        """Open the file; its first frame is due now.

        Raises
        ------
        WorldError
            ``video_missing``, or ``video_unreadable`` when it is not a video or has no frame.
        """
        self.close()
        if not self._path.is_file():
            raise WorldError("video_missing", path=str(self._path))
        capture = cv2.VideoCapture()
        capture.setExceptionMode(False)
        opened = capture.open(str(self._path), cv2.CAP_FFMPEG)
        image = _read(capture) if opened else None
        if image is None:
            capture.release()
            raise WorldError("video_unreadable", path=str(self._path))
        self._capture = capture
        self._waiting = image
        self.rate_hz = _rate_hz(capture, WANTED_RATE_HZ)
        self._size_px = (image.shape[1], image.shape[0])
        self._start_ns = self._clock.now_ns()
        self._n_since_open = 0
        self._n_in_pass = 0

    def read(self) -> Frame | None:
        """The next frame, at the time when it is due; after the last one the first again, one pass later.

        Raises
        ------
        WorldError
            ``camera_lost`` when it is not open, or the file cannot be started again.
        """
        if self._capture is None:
            raise WorldError("camera_lost", device=str(self._path))
        image = self._waiting if self._waiting is not None else self._next()
        self._waiting = None
        self._clock.wait_until(self._start_ns + round(self._n_since_open * NS_PER_S / self.rate_hz))
        frame = Frame(self._clock.now_ns(), self._n_frames, image, self._size_px, self._pass_index)
        self._n_frames += 1
        self._n_since_open += 1
        self._n_in_pass += 1
        return frame

    def close(self) -> None:
        """Release the file."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None
        self._waiting = None

    def describe(self) -> dict[str, Any]:
        """What the recording's header says of the file; its name without the folders."""
        width, height = self._size_px
        name = self._path.name
        return {
            "name": name,
            "backend": "ffmpeg",
            "width": width,
            "height": height,
            "rate_hz": self.rate_hz,
            "devices": self.devices,
        }

    def _next(self) -> NDArray[np.uint8]:
        assert self._capture is not None
        image = _read(self._capture)
        if image is not None:
            return image
        _log.info("video: %d frames in pass %d", self._n_in_pass, self._pass_index)
        # opened anew, not sought: seeking to frame 0 is off by some frames with several codecs
        self._capture.release()
        image = _read(self._capture) if self._capture.open(str(self._path), cv2.CAP_FFMPEG) else None
        if image is None:
            raise WorldError("camera_lost", device=str(self._path))
        self._pass_index += 1
        self._n_in_pass = 0
        return image


def _read(capture: cv2.VideoCapture) -> NDArray[np.uint8] | None:
    return _retrieved(capture) if capture.grab() else None


def _retrieved(capture: cv2.VideoCapture) -> NDArray[np.uint8] | None:
    found, image = capture.retrieve()
    if not found or image.ndim != 3:
        return None
    return np.asarray(image, dtype=np.uint8)


def _first_picture(
    capture: cv2.VideoCapture, size_px: tuple[int, int], pixel_format: str
) -> NDArray[np.uint8] | None:
    if pixel_format:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*pixel_format))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_px[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_px[1])
    capture.set(cv2.CAP_PROP_FPS, WANTED_RATE_HZ)
    return _read(capture)


def _backend(capture: cv2.VideoCapture) -> str:
    try:
        return str(capture.getBackendName())
    except cv2.error:
        return ""


def _driver_ns(capture: cv2.VideoCapture, t_ns: int) -> int | None:
    """The driver's own stamp of the grabbed frame on our clock, or None where it has none.

    Video4Linux stamps a buffer with the same monotonic clock that ``perf_counter`` reads there; other systems
    give the time since the start of the stream, which says nothing here.
    """
    if platform.system() != "Linux":
        return None
    stamp_ns = float(capture.get(cv2.CAP_PROP_POS_MSEC)) * NS_PER_MS
    return round(stamp_ns) if 0 <= t_ns - stamp_ns < NS_PER_S else None


def _rate_hz(capture: cv2.VideoCapture, otherwise: float) -> float:
    rate_hz = float(capture.get(cv2.CAP_PROP_FPS))
    return rate_hz if math.isfinite(rate_hz) and 1 <= rate_hz <= 1000 else otherwise
