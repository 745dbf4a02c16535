"""What belongs to this computer and not to a study: recent studies, theme, text size, camera; and what was measured
once of each camera and screen (``cameras/<id>.json``, ``screens/<id>.json`` beside the settings)."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, Literal, TypeVar

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

MAX_RECENT = 12


class Settings(BaseModel):
    """Settings of this user on this computer. Unknown keys of other versions are dropped, bad values defaulted."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    theme: Literal["system", "light", "dark"] = "system"
    text_scale: Literal[100, 125, 150] = 100
    motion: Literal["system", "full", "reduced"] = "system"
    camera: str = "0"
    landmarker: Literal["auto", "face_mesh", "tasks"] = "auto"
    """What finds the face: ``auto`` is Face Mesh where this MediaPipe has it (faster), else the newer Tasks model."""
    face_model: str = ""
    """Path of a ``face_landmarker.task`` for the Tasks model; empty: the fetched one."""
    recent_studies: tuple[str, ...] = Field(default=())
    station_id: str = "station-1"

    def with_recent(self, study: Path) -> Settings:
        """The same with a study moved to the front of the recent ones."""
        path = str(study.resolve())
        others = tuple(p for p in self.recent_studies if p != path)
        return self.model_copy(update={"recent_studies": (path, *others)[:MAX_RECENT]})


def settings_path() -> Path:
    """``$IFLLM_CONFIG_DIR/settings.json`` or the place that the system provides."""
    folder = os.environ.get("IFLLM_CONFIG_DIR") or platformdirs.user_config_dir(
        "ifllm_desktop", appauthor=False
    )
    return Path(folder) / "settings.json"


def load_settings() -> Settings:
    """The stored settings, or defaults when there are none or they cannot be read."""
    try:
        return Settings.model_validate(json.loads(settings_path().read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return Settings()


def save_settings(settings: Settings) -> None:
    """Store the settings at once and whole. Raises ``OSError``."""
    _write(settings_path(), settings)


# ---- what was measured once ------------------------------------------------------------------


class CameraProfile(BaseModel):
    """What was measured of one camera on this computer.

    Attributes
    ----------
    camera_id, name : str
        Stable id and name of the device (``adapters.camera_devices``).
    intrinsics : dict or None
        ``gaze.camera_geometry.Intrinsics.to_json``; None until it was calibrated.
    distance_scale : dict or None
        ``gaze.camera_geometry.DistanceScale.to_json``; None until a distance was measured.
    latency : dict or None
        What the latency measurement gave, units in the keys; None until it was measured.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    camera_id: str
    name: str = ""
    intrinsics: dict[str, Any] | None = None
    distance_scale: dict[str, Any] | None = None
    latency: dict[str, Any] | None = None


class ScreenProfile(BaseModel):
    """The physical size of one screen.

    Attributes
    ----------
    screen_id : str
        Name, serial number and size in px, as Qt tells them.
    w_mm, h_mm : float
        Greater than 0.
    source : str
        ``edid``, ``card`` or ``typed``.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    screen_id: str
    w_mm: float = Field(gt=0, allow_inf_nan=False)
    h_mm: float = Field(gt=0, allow_inf_nan=False)
    source: Literal["edid", "card", "typed"]


def camera_profile(camera_id: str, name: str = "") -> CameraProfile:
    """What is stored of a camera; an empty profile when nothing is, or it cannot be read."""
    found = _read(_profile_path("cameras", camera_id), CameraProfile)
    if found is None or found.camera_id != camera_id:
        return CameraProfile(camera_id=camera_id, name=name)
    return found


def save_camera_profile(profile: CameraProfile) -> None:
    """Store a camera's profile at once and whole; change one with ``model_copy(update=…)``. Raises ``OSError``."""
    _write(_profile_path("cameras", profile.camera_id), profile)


def screen_profile(screen_id: str) -> ScreenProfile | None:
    """What is stored of a screen; None when nothing is, or it cannot be read."""
    found = _read(_profile_path("screens", screen_id), ScreenProfile)
    return found if found is not None and found.screen_id == screen_id else None


def save_screen_profile(profile: ScreenProfile) -> None:
    """Store a screen's size at once and whole. Raises ``OSError``."""
    _write(_profile_path("screens", profile.screen_id), profile)


def forget_screen(screen_id: str) -> None:
    """Take what is stored of a screen away. Raises ``OSError``."""
    _profile_path("screens", screen_id).unlink(missing_ok=True)


_Profile = TypeVar("_Profile", bound=BaseModel)


def _profile_path(folder: str, device_id: str) -> Path:
    # ids hold slashes, colons and brackets, and may be longer than a file name
    words = re.sub(r"[^A-Za-z0-9]+", "-", device_id).strip("-")[:40]
    digest = hashlib.sha256(device_id.encode("utf-8")).hexdigest()[:8]
    return settings_path().parent / folder / f"{words}-{digest}.json"


def _read(path: Path, kind: type[_Profile]) -> _Profile | None:
    try:
        return kind.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return None


def _write(path: Path, value: BaseModel) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(value.model_dump_json(indent=2), encoding="utf-8")
    draft.replace(path)
