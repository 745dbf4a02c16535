"""Rectangles and screens.

Every position that is stored is in *screen px*: device-independent (logical) pixels, origin at the top left of
the screen, x to the right, y down. Positions inside a response are in *text px*: the same unit, origin at the
top left of the response's own document, so they do not change when it is scrolled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rect:
    """An axis-parallel rectangle, px, half open: it covers ``[x, x + w) × [y, y + h)``."""

    x_px: float
    y_px: float
    w_px: float
    h_px: float

    @property
    def right_px(self) -> float:
        """First x to the right of the rectangle."""
        return self.x_px + self.w_px

    @property
    def bottom_px(self) -> float:
        """First y below the rectangle."""
        return self.y_px + self.h_px

    @property
    def center_px(self) -> tuple[float, float]:
        """Centre (x, y)."""
        return self.x_px + self.w_px / 2, self.y_px + self.h_px / 2

    def contains(self, x_px: float, y_px: float) -> bool:
        """Whether a point lies inside; False for NaN."""
        return self.x_px <= x_px < self.right_px and self.y_px <= y_px < self.bottom_px

    def moved(self, dx_px: float, dy_px: float) -> Rect:
        """The same rectangle, shifted."""
        return Rect(self.x_px + dx_px, self.y_px + dy_px, self.w_px, self.h_px)

    def intersection(self, other: Rect) -> Rect | None:
        """What both cover, or None."""
        x = max(self.x_px, other.x_px)
        y = max(self.y_px, other.y_px)
        right = min(self.right_px, other.right_px)
        bottom = min(self.bottom_px, other.bottom_px)
        return Rect(x, y, right - x, bottom - y) if right > x and bottom > y else None

    def as_list(self) -> list[float]:
        """``[x, y, w, h]``, for JSON."""
        return [self.x_px, self.y_px, self.w_px, self.h_px]

    @staticmethod
    def from_list(values: list[float]) -> Rect:
        """The inverse of :meth:`as_list`."""
        x, y, w, h = values
        return Rect(float(x), float(y), float(w), float(h))


@dataclass(frozen=True, slots=True)
class Screen:
    """The participant's screen.

    Attributes
    ----------
    w_px, h_px : float
        Size in device-independent px.
    device_pixel_ratio : float
        Device pixels per device-independent pixel.
    w_mm, h_mm : float
        Physical size; NaN where it is not known.
    distance_mm : float
        Distance of the eyes; NaN where it is not known.
    size_source : str
        Where the physical size is known from: ``edid``, ``card``, ``typed``, ``simulated`` or ``unknown``.
    distance_source : str
        ``assumed``, or what it was estimated by (``gaze.camera_geometry.ViewingDistance.source``).
    """

    w_px: float
    h_px: float
    device_pixel_ratio: float = 1.0
    w_mm: float = math.nan
    h_mm: float = math.nan
    distance_mm: float = math.nan
    size_source: str = "unknown"
    distance_source: str = "assumed"

    def deg_of(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Azimuth and elevation (deg, Fick) of a screen point as seen from the eyes, screen centre = (0, 0).

        x_mm = (x − W/2) · W_mm / W; azimuth = atan2(x_mm, D); elevation = atan2(y_mm, hypot(D, x_mm)).
        NaN where the physical size or the distance is not known.
        """
        x_mm = (x_px - self.w_px / 2) * self.w_mm / self.w_px
        y_mm = (y_px - self.h_px / 2) * self.h_mm / self.h_px
        azimuth = math.atan2(x_mm, self.distance_mm)
        elevation = math.atan2(y_mm, math.hypot(self.distance_mm, x_mm))
        return math.degrees(azimuth), math.degrees(elevation)
