"""What Home says of camera and screen: read in the background, put in words here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from ifllm_desktop import compose_devices
from ifllm_desktop.compose_devices import CameraSetup
from ifllm_desktop.domain.screen_size import UNKNOWN_SIZE, ScreenSize
from ifllm_desktop.gaze.camera_geometry import HORIZONTAL_FIELD_DEG
from ifllm_desktop.ui.home_model import HealthRow
from ifllm_desktop.ui.screen_size_facts import ScreenFacts

NO_CAMERA = CameraSetup()


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """Camera and screen as they are now.

    Attributes
    ----------
    setup : CameraSetup
        Empty for a simulated participant or a video file.
    size : ScreenSize
    """

    setup: CameraSetup = NO_CAMERA
    size: ScreenSize = UNKNOWN_SIZE


def device_facts(camera: str, screen: ScreenFacts) -> DeviceFacts:
    """Ask the system and the disk; for the background."""
    return DeviceFacts(compose_devices.camera_setup(camera), screen.size())


def camera_words(camera: str, facts: DeviceFacts) -> str:
    """Name of the camera; its number until the system has told the name."""
    return facts.setup.name or _tr("Camera {name}").format(name=camera)


def lens_words(facts: DeviceFacts) -> str:
    """What is known of the lens."""
    lens = facts.setup.intrinsics
    if lens is None:
        return _tr("opened after consent only; lens assumed {deg:.0f}° wide").format(deg=HORIZONTAL_FIELD_DEG)
    return _tr("opened after consent only; lens measured {deg:.0f}° wide").format(
        deg=lens.horizontal_field_deg
    )


def screen_row(facts: DeviceFacts) -> HealthRow:
    """The line about the screen."""
    size = facts.size
    title = _tr("Screen")
    if not math.isfinite(size.w_mm):
        return HealthRow(
            "laptop", title, _tr("size not known"), _tr("degrees stay unknown: match a card"), "warning"
        )
    value = _tr("{w:.0f} × {h:.0f} cm").format(w=size.w_mm / 10, h=size.h_mm / 10)
    note = {
        "card": _tr("matched with a card"), "typed": _tr("typed"),
        "edid": _tr("as the system says; a card is surer"),
    }.get(size.source, "")  # fmt: skip
    return HealthRow("laptop", title, value, note, "unknown" if size.source == "edid" else "good")


def _tr(text: str) -> str:
    return QCoreApplication.translate("HomeDevices", text)
