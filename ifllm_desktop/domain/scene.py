"""What is on the participant's screen at one moment, as an immutable snapshot.

The window (or the offscreen stage) makes it, the gaze pipeline reads it to say what was looked at, and the
simulated participant reads it to know where to look.
"""

from __future__ import annotations

from dataclasses import dataclass

from ifllm_desktop.domain.layout import TextLayout
from ifllm_desktop.domain.space import Rect


@dataclass(frozen=True, slots=True)
class Aoi:
    """A named area of interest that is not an answer, screen px (``prompt``, ``rating_left``, ``continue`` …)."""

    name: str
    rect: Rect


@dataclass(frozen=True, slots=True)
class ShownResponse:
    """One answer as it is shown.

    Attributes
    ----------
    side : str
        ``left`` or ``right``; a single answer is ``left``.
    layout : TextLayout
        Geometry of the present epoch.
    scroll_px : float
        How far the answer is scrolled down.
    complete : bool
        Whether all of its text has been shown.
    """

    response_id: str
    side: str
    layout: TextLayout
    scroll_px: float
    complete: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """Snapshot of the screen.

    Attributes
    ----------
    target_px : tuple of float or None
        Centre of the calibration target in screen px while one is shown.
    marked_line : Rect or None
        The line of the text check that is marked, screen px.
    """

    page: str
    target_px: tuple[float, float] | None = None
    responses: tuple[ShownResponse, ...] = ()
    aois: tuple[Aoi, ...] = ()
    marked_line: Rect | None = None

    def aoi(self, name: str) -> Aoi | None:
        """The area with this name, if it is shown."""
        return next((a for a in self.aois if a.name == name), None)


EMPTY_SCENE = Scene(page="")
