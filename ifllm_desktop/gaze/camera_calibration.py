"""Intrinsics of a camera from pictures of a board; refused, with a code, where they would be nonsense."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.gaze.camera_board import BoardSpec, BoardView
from ifllm_desktop.gaze.camera_geometry import Intrinsics
from ifllm_desktop.gaze.opencv import cv2

MIN_VIEWS = 6
"""Fewer views do not tell focal length, centre and distortion apart well enough to check them by leaving one out."""
MAX_RMS_PX = 1.5
"""At 1280 px of width; in proportion at other widths. Good boards give 0.1–0.4, a bent sheet or a moving one over 1."""
FIELD_DEG = (30.0, 125.0)
"""Horizontal fields of view of cameras that people sit in front of."""
MAX_CENTRE_OFFSET = 0.15
"""Of the picture's width or height, between its middle and the principal point."""
MAX_FOCAL_RATIO = 1.08
"""fx : fy of square pixels is 1; what is beyond this has seen the board from one side only."""
MAX_FOCAL_SD = 0.02
"""Relative standard error of the focal length, by leaving out each view in turn."""
OUTLIER = 2.5
"""A view whose error is over this many times the median of all is left out."""
SMALLEST_OUTLIER_PX = 0.3

# k1, k2 only: with a dozen views of webcams k3 and the tangential terms fit the noise
_MODEL = cv2.CALIB_ZERO_TANGENT_DIST | cv2.CALIB_FIX_K3
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-9)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CameraCalibration:
    """What a calibration gave.

    Attributes
    ----------
    intrinsics : Intrinsics
        ``rms_px`` over the views that were used.
    left_out_rms_px : float
        Error of each view under intrinsics made without it, root mean square: what a new view would show.
    focal_sd : float
        Relative standard error of the focal length (jackknife).
    n_rejected : int
        Views that did not fit the others.
    """

    intrinsics: Intrinsics
    left_out_rms_px: float
    focal_sd: float
    n_rejected: int


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    matrix: Floats
    distortion: Floats
    view_rms_px: Floats
    rms_px: float


def calibrate_camera(views: Sequence[BoardView], spec: BoardSpec) -> CameraCalibration:
    """Intrinsics that explain where the board's corners were seen.

    ``cv2.calibrateCamera`` with fx, fy, cx, cy, k1, k2; views that do not fit the others are left out (at most a
    third, twice at most); then each view is left out in turn, which gives the error on views that were not used and
    the error of the focal length (jackknife; Efron 1982).

    Parameters
    ----------
    views : sequence of BoardView
        Of one board and one picture size.

    Raises
    ------
    DataError
        ``board_few_views``, ``board_sizes``, ``board_rms`` (the views do not fit together), ``board_field`` (no such
        camera exists), ``board_unstable`` (for instance when the board was never tilted).

    References
    ----------
    Zhang 2000, doi 10.1109/34.888718.
    """
    sizes = {view.size_px for view in views}
    if len(sizes) > 1:
        raise DataError("board_sizes", sizes=", ".join(f"{w}×{h}" for w, h in sorted(sizes)))
    if len(views) < MIN_VIEWS:
        raise DataError("board_few_views", n=len(views), needed=MIN_VIEWS)
    size_px = views[0].size_px
    kept, fit = _without_outliers(list(views), spec, size_px)
    limit_px = MAX_RMS_PX * size_px[0] / 1280
    if fit is None or not fit.rms_px <= limit_px:
        raise DataError("board_rms", rms_px=fit.rms_px if fit else math.inf, limit_px=limit_px)
    intrinsics = _intrinsics(fit, size_px, len(kept))
    left_out_rms_px, focal_sd = _leave_one_out(kept, spec, size_px)
    if not focal_sd <= MAX_FOCAL_SD:
        raise DataError("board_unstable", percent=100 * focal_sd if math.isfinite(focal_sd) else 100.0)
    _refuse_impossible(intrinsics)
    return CameraCalibration(intrinsics, left_out_rms_px, focal_sd, len(views) - len(kept))


def _without_outliers(
    views: list[BoardView], spec: BoardSpec, size_px: tuple[int, int]
) -> tuple[list[BoardView], _Fit | None]:
    fit = _fit(views, spec, size_px)
    fewest = max(MIN_VIEWS, math.ceil(len(views) * 2 / 3))
    for _ in range(2):
        if fit is None:
            break
        limit_px = max(SMALLEST_OUTLIER_PX * size_px[0] / 1280, OUTLIER * float(np.median(fit.view_rms_px)))
        order = np.argsort(fit.view_rms_px)
        good = [int(i) for n, i in enumerate(order) if fit.view_rms_px[i] <= limit_px or n < fewest]
        if len(good) == len(views):
            break
        views = [views[i] for i in sorted(good)]
        fit = _fit(views, spec, size_px)
    return views, fit


def _fit(views: Sequence[BoardView], spec: BoardSpec, size_px: tuple[int, int]) -> _Fit | None:
    points = spec.points.astype(np.float32)
    objects = [points[view.ids] for view in views]
    corners = [view.corners_px.astype(np.float32).reshape(-1, 1, 2) for view in views]
    try:
        rms, matrix, distortion, _, _, _, _, per_view = cv2.calibrateCameraExtended(
            objects, corners, size_px, np.eye(3), np.zeros(5), flags=_MODEL, criteria=_STOP
        )
    except cv2.error:  # views from which no first guess can be made
        return None
    if not (math.isfinite(rms) and np.isfinite(matrix).all() and np.isfinite(distortion).all()):
        return None
    return _Fit(
        np.asarray(matrix, dtype=np.float64), np.asarray(distortion, dtype=np.float64).ravel()[:5],
        np.asarray(per_view, dtype=np.float64).ravel(), float(rms),
    )  # fmt: skip


def _leave_one_out(
    views: Sequence[BoardView], spec: BoardSpec, size_px: tuple[int, int]
) -> tuple[float, float]:
    squares, n_corners, focals = 0.0, 0, []
    for index, view in enumerate(views):
        fit = _fit([v for i, v in enumerate(views) if i != index], spec, size_px)
        if fit is None:
            return math.nan, math.inf
        focals.append((fit.matrix[0, 0] + fit.matrix[1, 1]) / 2)
        error_px = _view_error_px(view, spec, fit)
        squares += error_px**2 * len(view.ids)
        n_corners += len(view.ids)
    focal = np.array(focals)
    n = len(focal)
    sd = math.sqrt((n - 1) / n * float(((focal - focal.mean()) ** 2).sum()))
    return math.sqrt(squares / n_corners), sd / float(focal.mean())


def _view_error_px(view: BoardView, spec: BoardSpec, fit: _Fit) -> float:
    points = spec.points[view.ids]
    solved, rotation, place = cv2.solvePnP(points, view.corners_px, fit.matrix, fit.distortion)
    if not solved:
        return math.nan
    seen, _ = cv2.projectPoints(points, rotation, place, fit.matrix, fit.distortion)
    return float(np.sqrt(((seen.reshape(-1, 2) - view.corners_px) ** 2).sum(axis=1).mean()))


def _intrinsics(fit: _Fit, size_px: tuple[int, int], n_views: int) -> Intrinsics:
    m = fit.matrix
    k1, k2, p1, p2, k3 = (float(v) for v in fit.distortion)
    if not min(m[0, 0], m[1, 1]) > 0:
        raise DataError("board_field", field_deg=180.0)
    return Intrinsics(
        float(m[0, 0]), float(m[1, 1]), float(m[0, 2]), float(m[1, 2]), size_px, (k1, k2, p1, p2, k3),
        "measured", fit.rms_px, n_views,
    )  # fmt: skip


def _refuse_impossible(found: Intrinsics) -> None:
    width, height = found.size_px
    off = max(abs(found.cx_px / width - 0.5), abs(found.cy_px / height - 0.5))
    ratio = max(found.fx_px, found.fy_px) / min(found.fx_px, found.fy_px)
    field_deg = found.horizontal_field_deg
    if not FIELD_DEG[0] <= field_deg <= FIELD_DEG[1] or off > MAX_CENTRE_OFFSET or ratio > MAX_FOCAL_RATIO:
        raise DataError("board_field", field_deg=field_deg)


def lens_bend_px(intrinsics: Intrinsics) -> float:
    """How far distortion moves the corners of the picture, in px of its own size: the lens in one number."""
    width, height = intrinsics.size_px
    corners = np.array([[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]])
    rays = np.column_stack([
        (corners[:, 0] - intrinsics.cx_px) / intrinsics.fx_px,
        (corners[:, 1] - intrinsics.cy_px) / intrinsics.fy_px,
        np.ones(4),
    ])  # fmt: skip
    seen, _ = cv2.projectPoints(
        rays, np.zeros(3), np.zeros(3), intrinsics.matrix, intrinsics.distortion_array
    )
    return float(np.linalg.norm(seen.reshape(-1, 2) - corners, axis=1).max())
