"""Cameras and screens of this computer: by name, with what was measured of them, and the measuring itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.adapters.camera_devices import CameraDevice, device_at, index_of, list_cameras
from ifllm_desktop.adapters.camera_opencv import DeviceCamera, VideoCamera
from ifllm_desktop.adapters.clock import MonotonicClock
from ifllm_desktop.adapters.still_pictures import read_picture
from ifllm_desktop.capture.board_run import BoardRun
from ifllm_desktop.capture.camera_feed import CameraFeed
from ifllm_desktop.capture.face_run import face_features
from ifllm_desktop.domain.errors import DataError, UsageError
from ifllm_desktop.domain.screen_size import UNKNOWN_SIZE, ScreenSize, size_from_edid
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.board_views import ViewCollector
from ifllm_desktop.gaze.camera_board import (
    BoardView,
    board_pdf,
    board_picture,
    board_png,
    board_spec,
    find_board,
)
from ifllm_desktop.gaze.camera_calibration import CameraCalibration, calibrate_camera, lens_bend_px
from ifllm_desktop.gaze.camera_geometry import (
    DistanceScale,
    Intrinsics,
    ViewingDistance,
    distance_scale,
    viewing_distance_mm,
)
from ifllm_desktop.ports import Camera, Clock, Frame, Landmarker
from ifllm_desktop.settings import CameraProfile, camera_profile, save_camera_profile, screen_profile

__all__ = ["CameraDevice", "CameraSetup", "board_picture", "list_cameras"]

_log = logging.getLogger(__name__)

ASSUMED_DISTANCE_MM = 600.0
"""Until the distance of the eyes was estimated: a screen on a desk, at arm's length."""
DISTANCE_FRAMES = 60
"""Two seconds: the median of as many is steady to a millimetre or two while a person sits still."""
PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}


# ---- cameras ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CameraSetup:
    """What is known of the camera of a session before it is opened.

    Attributes
    ----------
    camera_id, name : str
        Stable id and name; empty for video files and the simulated camera.
    intrinsics : Intrinsics or None
        Measured ones; None where the field of view has to be assumed.
    distance_scale : DistanceScale or None
        From a distance that was measured once.
    latency : dict or None
        As it was stored.
    """

    camera_id: str = ""
    name: str = ""
    intrinsics: Intrinsics | None = None
    distance_scale: DistanceScale | None = None
    latency: dict[str, Any] | None = None

    def viewing_distance(self, features: NDArray[np.float64], person: str = "") -> ViewingDistance:
        """Distance of the eyes in some frames, by all that is known of this camera, with its error."""
        return viewing_distance_mm(features, self.intrinsics, self.distance_scale, person)

    def header(self, person: str = "") -> dict[str, Any]:
        """What a person's recording says of it beside the device's own description; it names nobody else."""
        scale = self.distance_scale
        if scale is not None and scale.person != person:
            scale = replace(scale, person="")
        return {
            "camera_id": self.camera_id,
            "intrinsics_source": "assumed" if self.intrinsics is None else self.intrinsics.source,
            "intrinsics": None if self.intrinsics is None else self.intrinsics.to_json(),
            "distance_scale": None if scale is None else scale.to_json(),
            "latency": self.latency,
        }


def camera_setup(spec: str) -> CameraSetup:
    """What is stored of the camera of a specification (number, file or ``simulated``)."""
    device = device_of(spec)
    if device is None:
        return CameraSetup()
    profile = camera_profile(device.stable_id, device.name)
    try:
        intrinsics = Intrinsics.from_json(profile.intrinsics) if profile.intrinsics else None
        scale = DistanceScale.from_json(profile.distance_scale) if profile.distance_scale else None
    except DataError:
        # a damaged profile costs accuracy, not the session; the header says that the lens was assumed
        _log.info("the profile of the camera cannot be read")
        intrinsics, scale = None, None
    return CameraSetup(device.stable_id, device.name, intrinsics, scale, profile.latency)


def device_of(spec: str) -> CameraDevice | None:
    """The device behind a specification; one that the system does not name is called by its number."""
    if not spec.isdigit():
        return None
    index = int(spec)
    name = f"camera {index}"
    return device_at(index) or CameraDevice(index, name, name, "", "")


def device_camera(index: int, clock: Clock) -> Camera:
    """A camera by number that knows its name and finds itself again when it was unplugged."""
    device = device_at(index)
    if device is None:
        return DeviceCamera(index, clock)
    stable_id = device.stable_id
    return DeviceCamera(index, clock, name=device.name, stable_id=stable_id, find=lambda: index_of(stable_id))


def opened_by(spec: str, clock: Clock) -> Camera:
    """The camera or video file of a specification; not opened yet."""
    return device_camera(int(spec), clock) if spec.isdigit() else VideoCamera(Path(spec), clock)


def checked_device(spec: str) -> CameraDevice:
    """The device behind a specification. Raises UsageError ``camera_spec`` for what is no number."""
    device = device_of(spec)
    if device is None:
        raise UsageError("camera_spec", name=spec)
    return device


def change_profile(spec: str, **changes: Any) -> CameraProfile:
    """Store something that was measured of a camera; None forgets it. Raises ``OSError``, UsageError."""
    device = checked_device(spec)
    profile = camera_profile(device.stable_id, device.name)
    changed = profile.model_copy(update={"name": device.name, **changes})
    save_camera_profile(changed)
    return changed


def cameras_report() -> dict[str, Any]:
    """The report of ``camera list``: devices and what is known of each."""
    rows = []
    for device in list_cameras():
        setup = camera_setup(str(device.index))
        known = setup.intrinsics
        rows.append({
            "index": device.index, "name": device.name, "id": device.stable_id, "path": device.path,
            "backend": device.backend, "intrinsics": None if known is None else known.to_json(),
            "horizontal_field_deg": None if known is None else round(known.horizontal_field_deg, 1),
            "distance_measured": setup.distance_scale is not None, "latency": setup.latency,
        })  # fmt: skip
    return {"cameras": rows}


def camera_frames(
    spec: str, put: Callable[[Frame], None], report: Callable[[str, Exception | None], None]
) -> tuple[CameraFeed, Clock]:
    """Frames of a camera outside of a session, not started yet, and the clock that stamps them.

    Both callables are called on the feed's threads.
    """
    clock = MonotonicClock()
    ready = threading.Event()
    ready.set()
    return CameraFeed(opened_by(spec, clock), clock, put, lambda *_: None, report, ready), clock


def keep_latency(camera_id: str, name: str, latency: dict[str, Any]) -> None:
    """Store what was measured of a camera. Raises ``OSError``."""
    profile = camera_profile(camera_id, name)
    save_camera_profile(profile.model_copy(update={"name": name, "latency": latency}))


# ---- calibrating a camera --------------------------------------------------------------------


def write_board(path: Path, board: str) -> dict[str, Any]:
    """Draw a board to a PNG (for the screen of a phone) or a PDF (A4, true size).

    Raises UsageError ``board_unknown``, ``board_file``, ``OSError``.
    """
    spec = board_spec(board)
    if path.suffix.lower() not in (".png", ".pdf"):
        raise UsageError("board_file", path=str(path))
    data = board_pdf(spec) if path.suffix.lower() == ".pdf" else board_png(spec)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {"out": str(path), "board": board, "n_x": spec.n_x, "n_y": spec.n_y, "bytes": len(data)}


def calibrate_from_pictures(
    folder: Path, board: str, say: Callable[[str], None] = lambda _: None
) -> tuple[CameraCalibration, dict[str, Any]]:
    """Intrinsics from a folder of pictures of a board, and the report of ``camera calibrate``.

    Raises DataError ``pictures_missing`` and those of ``calibrate_camera``.
    """
    spec = board_spec(board)
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in PICTURES) if folder.is_dir() else []
    if not paths:
        raise DataError("pictures_missing", path=str(folder))
    views: list[BoardView] = []
    without: list[str] = []
    collector = ViewCollector(spec)
    for path in paths:
        try:
            view = find_board(read_picture(path), spec)
        except DataError:  # one damaged picture among many costs a view
            view = None
        say(f"{path.name}: {'no board' if view is None else f'{len(view.ids)} corners'}")
        if view is None:
            without.append(path.name)
            continue
        views.append(view)
        collector.add(view, moving=False)
    result = calibrate_camera(views, spec)
    covered = collector.add(None).covered
    report = {
        "n_pictures": len(paths), "without_board": without, "coverage": sum(covered) / len(covered),
        **calibration_report(result),
    }  # fmt: skip
    return result, report


def board_run(spec: str, board: str) -> BoardRun:
    """Collects views of a board from a camera or a video file."""
    return BoardRun(opened_by(spec, MonotonicClock()), board_spec(board))


def measure_distance(
    spec: str, stated_mm: float, person: str, landmarker: Landmarker, cancel: threading.Event
) -> tuple[ViewingDistance, DistanceScale]:
    """Look at a person who says how far their eyes are from the camera, and keep what that tells.

    Returns the estimate without it (with its error) and the scale, which is stored. Raises the camera's WorldError
    and the DataErrors of ``distance_scale``.
    """
    setup = camera_setup(spec)
    camera = opened_by(spec, MonotonicClock())
    features = face_features(camera, landmarker, setup.intrinsics, DISTANCE_FRAMES, cancel)
    scale = distance_scale(features, stated_mm, setup.intrinsics, person)
    change_profile(spec, distance_scale=scale.to_json())
    return viewing_distance_mm(features, setup.intrinsics), scale


def calibration_report(result: CameraCalibration) -> dict[str, Any]:
    """Figures of a calibration, units in the keys."""
    found = result.intrinsics
    return {
        "intrinsics": found.to_json(), "horizontal_field_deg": found.horizontal_field_deg,
        "vertical_field_deg": found.vertical_field_deg, "left_out_rms_px": result.left_out_rms_px,
        "focal_sd_px": result.focal_sd * found.fx_px, "lens_bend_px": lens_bend_px(found),
        "n_rejected": result.n_rejected,
    }  # fmt: skip


# ---- screens ---------------------------------------------------------------------------------


def screen_id(name: str, serial: str, size_px: tuple[float, float]) -> str:
    """Key of a screen: what Qt tells of it, and its size, because one monitor can be scaled."""
    return f"{name}/{serial}/{size_px[0]:.0f}x{size_px[1]:.0f}"


def screen_size(key: str, edid_mm: tuple[float, float], size_px: tuple[float, float]) -> ScreenSize:
    """Size of a screen: as it was measured, else as the system says where that can be, else unknown."""
    stored = screen_profile(key)
    if stored is not None:
        return ScreenSize(stored.w_mm, stored.h_mm, stored.source)
    return size_from_edid(*edid_mm, size_px)


def session_screen(size_px: tuple[float, float], ratio: float, size: ScreenSize = UNKNOWN_SIZE) -> Screen:
    """The participant's screen at the start of a session, with an assumed distance."""
    return Screen(
        size_px[0], size_px[1], ratio, size.w_mm, size.h_mm, ASSUMED_DISTANCE_MM, size.source, "assumed"
    )
