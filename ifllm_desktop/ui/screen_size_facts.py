"""What Qt tells of a screen, and the size that is stored for it: one key for whoever measures and whoever uses it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QScreen

from ifllm_desktop import compose_devices
from ifllm_desktop.domain.screen_size import ScreenSize
from ifllm_desktop.domain.space import Screen


@dataclass(frozen=True, slots=True)
class ScreenFacts:
    """What Qt tells of a screen; read on the main thread, where its objects live.

    Attributes
    ----------
    key : str
        Under which its size is stored.
    size_px : tuple of float
        Device-independent px.
    mm : tuple of float
        As the system says; may be nonsense.
    """

    key: str
    size_px: tuple[float, float]
    mm: tuple[float, float]
    ratio: float

    def size(self) -> ScreenSize:
        """Stored size, else what the system says where that can be. Reads the disk."""
        return compose_devices.screen_size(self.key, self.mm, self.size_px)

    def session_screen(self) -> Screen:
        """The screen of a session that starts now. Reads the disk."""
        return compose_devices.session_screen(self.size_px, self.ratio, self.size())


def screen_facts(screen: QScreen) -> ScreenFacts:
    """Facts of a screen."""
    size, mm = screen.size(), screen.physicalSize()
    size_px = (float(size.width()), float(size.height()))
    name = " ".join(part for part in (screen.manufacturer(), screen.model(), screen.name()) if part)
    key = compose_devices.screen_id(name, screen.serialNumber(), size_px)
    return ScreenFacts(key, size_px, (mm.width(), mm.height()), float(screen.devicePixelRatio()))
