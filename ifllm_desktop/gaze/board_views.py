"""Which views of a board are worth keeping: still, and different from those that are kept already."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.gaze.camera_board import BoardSpec, BoardView
from ifllm_desktop.gaze.camera_geometry import default_intrinsics
from ifllm_desktop.gaze.opencv import cv2

WANTED_VIEWS = 12
GRID = (4, 3)
"""Cells of the picture (columns, rows) in which corners have been seen or not."""
MIN_COVERAGE = 0.75
TILT_DEG = 12.0
"""A view that is tilted by this much says something about the focal length."""
MIN_TILTED = 4
STILL_WIDTHS = 0.004
"""Picture widths that corners may move between two frames (5 px of 1280): more is smeared or sheared."""
MIN_DIFFERENCE = 0.12

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BoardProgress:
    """What has been collected.

    Attributes
    ----------
    n_views, n_wanted : int
    covered : tuple of bool
        Cells of :data:`GRID`, row by row from the top left of the unmirrored picture.
    n_tilted : int
        Views that were tilted by :data:`TILT_DEG` or more.
    done : bool
        Enough views, over most of the picture, some of them tilted.
    advice : str
        What to do next: ``show``, ``still``, ``move``, ``tilt``, ``closer`` or ``done``.
    cell : int
        With ``move``: the cell to go to; −1 otherwise.
    """

    n_views: int = 0
    n_wanted: int = WANTED_VIEWS
    covered: tuple[bool, ...] = (False,) * (GRID[0] * GRID[1])
    n_tilted: int = 0
    done: bool = False
    advice: str = "show"
    cell: int = -1


class ViewCollector:
    """Keeps views that add something.

    Parameters
    ----------
    spec : BoardSpec
        The board that is shown.
    n_wanted : int
        Views after which collecting ends, if they cover the picture and some are tilted.
    """

    def __init__(self, spec: BoardSpec, n_wanted: int = WANTED_VIEWS) -> None:
        self._spec = spec
        self._n_wanted = n_wanted
        self._views: list[BoardView] = []
        self._places: list[Floats] = []
        self._last: BoardView | None = None
        self._covered = np.zeros(GRID[0] * GRID[1], dtype=bool)
        self._n_tilted = 0

    @property
    def views(self) -> tuple[BoardView, ...]:
        """What was kept, in order."""
        return tuple(self._views)

    def add(self, view: BoardView | None, *, moving: bool = True) -> BoardProgress:
        """Look at the board of the next frame and keep it if it adds something.

        Parameters
        ----------
        view : BoardView or None
            None where no board was found.
        moving : bool
            Whether this is one of a stream of frames, so that the board has to be still; False for single pictures.
        """
        last, self._last = self._last, view
        if view is None:
            return self._progress("show")
        if moving and not _is_still(view, last):
            return self._progress("still")
        place, tilt_deg = _place(view, self._spec)
        differs = all(_difference(place, other) >= MIN_DIFFERENCE for other in self._places)
        fills_cell = bool((_cells(view) & ~self._covered).any())
        wanted = len(self._views) < self._n_wanted or fills_cell or tilt_deg >= TILT_DEG
        if differs and wanted:
            self._views.append(view)
            self._places.append(place)
            self._covered |= _cells(view)
            self._n_tilted += tilt_deg >= TILT_DEG
        return self._progress("")

    def _progress(self, advice: str) -> BoardProgress:
        enough = len(self._views) >= self._n_wanted
        spread = self._covered.mean() >= MIN_COVERAGE
        done = bool(enough and spread and self._n_tilted >= MIN_TILTED)
        cell = -1
        if done:
            advice = "done"
        elif not advice:
            n = len(self._views)
            # half of the views straight, over the picture; then tilted ones
            if self._n_tilted < MIN_TILTED and (n % 2 == 1 or spread):
                advice = "tilt"
            elif not spread:
                advice, cell = "move", int(np.argmin(self._covered))
            else:
                advice = "closer"
        return BoardProgress(
            len(self._views), self._n_wanted, tuple(bool(c) for c in self._covered), self._n_tilted, done,
            advice, cell,
        )  # fmt: skip


def _is_still(view: BoardView, last: BoardView | None) -> bool:
    if last is None or last.size_px != view.size_px:
        return False
    _, here, there = np.intersect1d(view.ids, last.ids, return_indices=True)
    if len(here) < 4:
        return False
    moved = np.linalg.norm(view.corners_px[here] - last.corners_px[there], axis=1)
    return float(moved.max()) <= STILL_WIDTHS * view.size_px[0]


def _cells(view: BoardView) -> NDArray[np.bool_]:
    width, height = view.size_px
    columns = np.clip((view.corners_px[:, 0] / width * GRID[0]).astype(int), 0, GRID[0] - 1)
    rows = np.clip((view.corners_px[:, 1] / height * GRID[1]).astype(int), 0, GRID[1] - 1)
    hit = np.zeros(GRID[0] * GRID[1], dtype=bool)
    hit[rows * GRID[0] + columns] = True
    return hit


def _place(view: BoardView, spec: BoardSpec) -> tuple[Floats, float]:
    """Where and how the board is seen, in numbers of which 1 is much, and its tilt against the camera."""
    camera = default_intrinsics(view.size_px)
    points = spec.points[view.ids]
    middle = view.corners_px.mean(axis=0) / view.size_px
    try:
        solved, rotation, place = cv2.solvePnP(
            points, view.corners_px, camera.matrix, camera.distortion_array, flags=cv2.SOLVEPNP_IPPE
        )
    except cv2.error:  # corners that fall together
        return np.array([*middle, 0.0, 0.0, 0.0, 0.0]), 0.0
    if not solved:
        return np.array([*middle, 0.0, 0.0, 0.0, 0.0]), 0.0
    turned = cv2.Rodrigues(rotation)[0]
    normal_x, normal_y, normal_z = turned[:, 2]
    tilt_deg = math.degrees(math.acos(min(1.0, abs(float(normal_z)))))
    # a board seen from its back does not exist: the sign of the normal is free
    sign = 1.0 if normal_z >= 0 else -1.0
    near = math.log(max(1e-6, float(place.ravel()[2])) / spec.n_x)
    roll = math.atan2(turned[1, 0], turned[0, 0])
    return np.array([*middle, sign * normal_x, sign * normal_y, near, roll / math.pi]), tilt_deg


def _difference(first: Floats, second: Floats) -> float:
    gap = np.abs(first - second)
    gap[5] = min(gap[5], 2 - gap[5])  # a full turn is none
    return float(np.linalg.norm(gap))
