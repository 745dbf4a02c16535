"""How large a screen is, and where that is known from: the system, a card that was held against it, or typing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ifllm_desktop.domain.errors import DataError

CARD_MM = (85.60, 53.98)
"""An ID-1 card: bank card, driving licence, most identity cards (ISO/IEC 7810)."""
DIAGONAL_IN = (5.0, 110.0)
"""From the smallest tablet to the largest television."""
MM_PER_INCH = 25.4
MAX_DIFFERENCE = 0.10
"""Relative difference from what the system says that is worth a word."""
MAX_PIXEL_ASPECT = 1.12
"""Pixels are square on every screen of today: what the system says in millimetres must agree with its pixels."""
PLAUSIBLE_PX_PER_MM = (1.2, 16.0)
"""Device-independent px: 30 dpi is a wall, 400 dpi a phone."""

MADE_UP_DPI = 96.0
ROUNDING_MM = 0.6
"""Systems give whole millimetres."""

SizeSource = Literal["edid", "card", "typed", "unknown"]


@dataclass(frozen=True, slots=True)
class ScreenSize:
    """Physical size of a screen.

    Attributes
    ----------
    w_mm, h_mm : float
        NaN where not known.
    source : str
        ``edid`` (what the monitor tells the system), ``card``, ``typed`` or ``unknown``.
    """

    w_mm: float = math.nan
    h_mm: float = math.nan
    source: SizeSource = "unknown"

    @property
    def diagonal_in(self) -> float:
        """Diagonal in inches; NaN where not known."""
        return math.hypot(self.w_mm, self.h_mm) / MM_PER_INCH


UNKNOWN_SIZE = ScreenSize()


def size_from_card(card_w_px: float, screen_px: tuple[float, float]) -> ScreenSize:
    """Size of a screen on which a card is as wide as ``card_w_px``.

    Parameters
    ----------
    card_w_px : float
        Width of the outline that matches the longer side of a real card, device-independent px.
    screen_px : tuple of float
        Width and height of the screen, device-independent px.

    Raises
    ------
    DataError
        ``screen_size_absurd`` for a width of 0 or a screen that nobody builds.
    """
    if not (card_w_px > 0 and math.isfinite(card_w_px)):
        raise DataError("screen_size_absurd", text=f"{card_w_px:g} px")
    mm_per_px = CARD_MM[0] / card_w_px
    return _checked(ScreenSize(screen_px[0] * mm_per_px, screen_px[1] * mm_per_px, "card"))


def size_from_diagonal(diagonal_in: float, screen_px: tuple[float, float]) -> ScreenSize:
    """Size of a screen with square pixels and a diagonal in inches. Raises DataError ``screen_size_absurd``."""
    if not (diagonal_in > 0 and math.isfinite(diagonal_in)):
        raise DataError("screen_size_absurd", text=f"{diagonal_in:g}″")
    mm_per_px = diagonal_in * MM_PER_INCH / math.hypot(*screen_px)
    return _checked(ScreenSize(screen_px[0] * mm_per_px, screen_px[1] * mm_per_px, "typed"))


def size_from_edid(w_mm: float, h_mm: float, screen_px: tuple[float, float]) -> ScreenSize:
    """What the system says, where that can be: projectors and virtual screens say 0, or the size of a postcard.

    Unknown where a length is missing, the pixels would not be square, nobody builds such a screen, or the
    millimetres are those of exactly 96 dpi: virtual and remote screens make them up that way. (A 23-inch monitor of
    1920 × 1080 has 95.8 dpi, 1 mm less; one that is made up differs by less than the rounding.)
    """
    try:
        size = _checked(ScreenSize(float(w_mm), float(h_mm), "edid"))
    except DataError:
        return UNKNOWN_SIZE
    across, down = screen_px[0] / size.w_mm, screen_px[1] / size.h_mm
    square = max(across, down) / min(across, down) <= MAX_PIXEL_ASPECT
    low, high = PLAUSIBLE_PX_PER_MM
    made_up = all(
        abs(mm - px * MM_PER_INCH / MADE_UP_DPI) <= ROUNDING_MM
        for mm, px in zip((size.w_mm, size.h_mm), screen_px, strict=True)
    )
    return size if square and low <= across <= high and not made_up else UNKNOWN_SIZE


def difference(size: ScreenSize, other: ScreenSize) -> float:
    """Relative difference of two sizes (0.1 = one tenth wider than the other); NaN where one is not known."""
    return size.w_mm / other.w_mm - 1


def differs(size: ScreenSize, other: ScreenSize) -> bool:
    """Whether two known sizes differ by more than :data:`MAX_DIFFERENCE`; False where one is not known."""
    return abs(difference(size, other)) > MAX_DIFFERENCE


def _checked(size: ScreenSize) -> ScreenSize:
    good = min(size.w_mm, size.h_mm) > 0 and DIAGONAL_IN[0] <= size.diagonal_in <= DIAGONAL_IN[1]
    if not good:
        raise DataError("screen_size_absurd", text=f"{size.w_mm:.0f} × {size.h_mm:.0f} mm")
    return size
