"""Pictures of a real face whose eyes look where a test wants: the iris disc is moved inside the eye of a photo.

The photo is scikit-image's ``astronaut`` (NASA, public domain). Truth is exact: by how much the disc was moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.gaze.face_points import EYE_A, EYE_B, EyePoints
from ifllm_desktop.gaze.opencv import cv2

SCALE = 2
"""The photo is enlarged: its eyes are 22 px wide, those of a person at a webcam about twice that."""
SCREEN_PX = (1440, 900)
RANGE = (0.20, 0.12)
"""Motion of the iris over the whole screen, in distances between the eye corners; people: 0.19 in x."""
_DISC = 1.15
"""Radius of the disc that is moved, in radii of the iris landmarks: its edge goes along."""
_OPEN_A = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
_OPEN_B = (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382)

Image = NDArray[np.uint8]
Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Photo:
    """The photo and where its face is. ``points_px``: (478, 3), px of ``image_bgr``."""

    image_bgr: Image
    points_px: NDArray[np.float64]


@cache
def photo() -> Photo:
    """The enlarged photo with its landmarks."""
    from skimage.data import astronaut

    from ifllm_desktop.adapters.landmarks_facemesh import FaceMeshLandmarker
    from ifllm_desktop.gaze.still_picture import StillLandmarker
    from ifllm_desktop.ports import Frame

    image = np.ascontiguousarray(astronaut()[:, :, ::-1])
    image = cv2.resize(image, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    landmarker = StillLandmarker(FaceMeshLandmarker(still=True), 24)
    try:
        face = landmarker.detect(Frame(0, 0, image, (image.shape[1], image.shape[0])))
    finally:
        landmarker.close()
    assert face is not None
    return Photo(image, face.points_px)


def moved_iris(shift: Point) -> Image:
    """The photo with both irises moved, in distances between the corners of each eye: x to the right, y down."""
    found = photo()
    image = found.image_bgr.copy()
    for eye, contour in ((EYE_A, _OPEN_A), (EYE_B, _OPEN_B)):
        points = found.points_px[:, :2]
        middle = points[list(eye.corners)].mean(axis=0)
        reach = float(np.linalg.norm(points[eye.corners[1]] - points[eye.corners[0]]))
        x0, y0 = (int(v) for v in middle - reach)
        part = image[y0 : y0 + round(2 * reach), x0 : x0 + round(2 * reach)]
        part[:] = _with_moved(part, points - (x0, y0), eye, contour, shift)
    return image


def _with_moved(
    part: Image, points: NDArray[np.float64], eye: EyePoints, contour: Sequence[int], shift: Point
) -> Image:
    size = part.shape[1::-1]
    centre = points[eye.iris[0]]
    radius = float(np.linalg.norm(points[list(eye.iris[1:])] - centre, axis=1).mean())
    axis = points[eye.corners[1]] - points[eye.corners[0]]
    move = shift[0] * axis + shift[1] * np.array([-axis[1], axis[0]])
    opening = np.zeros(size[::-1], dtype=np.uint8)
    cv2.fillPoly(opening, [np.rint(points[list(contour)]).astype(np.int32)], 255)
    # inside the opening only, so that lids and lashes stay where they are
    inside = cv2.GaussianBlur(opening.astype(np.float32) / 255, (0, 0), 1.0)[..., None]
    old = _disc(size, centre, radius * _DISC)
    white = cv2.inpaint(part, (old > 0.05).astype(np.uint8), 7, cv2.INPAINT_TELEA).astype(np.float32)
    image = part.astype(np.float32)
    hole = inside * old[..., None]
    empty = image * (1 - hole) + white * hole
    matrix = np.array([[1.0, 0.0, move[0]], [0.0, 1.0, move[1]]])
    iris = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    new = _disc(size, centre + move, radius * _DISC)[..., None] * inside
    moved = empty * (1 - new) + iris * new
    return np.clip(np.rint(moved), 0, 255).astype(np.uint8)


def _disc(size: tuple[int, int], centre: NDArray[np.float64], radius: float) -> NDArray[np.float32]:
    y, x = np.mgrid[: size[1], : size[0]]
    away = np.hypot(x - centre[0], y - centre[1])
    return np.clip(radius - away + 0.5, 0, 1).astype(np.float32)


def shift_of(target_px: Point) -> Point:
    """The truth: how the iris stands when a place on the screen is looked at. Looking down moves it down."""
    x, y = target_px[0] / SCREEN_PX[0] - 0.5, target_px[1] / SCREEN_PX[1] - 0.5
    # the photo looks at the camera: gaze to the right of the screen moves the iris to the left of the picture
    return -x * RANGE[0], y * RANGE[1]


def grid(n: int = 4) -> list[Point]:
    """Targets of an n × n grid."""
    at = [(k + 0.5) / n for k in range(n)]
    return [(x * SCREEN_PX[0], y * SCREEN_PX[1]) for y in at for x in at]


def write_session(folder: Path, targets: Sequence[Point], session: str = "s1") -> list[str]:
    """One JPEG per target; lines of the target list without its header. A little unlike each other, as photos are."""
    lines = []
    rng = np.random.default_rng(11)
    folder.mkdir(parents=True, exist_ok=True)
    for number, target in enumerate(targets):
        image = moved_iris(shift_of(target))
        turn = cv2.getRotationMatrix2D((480.0, 240.0), float(rng.normal(0, 0.5)), 1.0)
        turn[:, 2] += rng.normal(0, 2, 2)
        image = cv2.warpAffine(image, turn, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        noisy = np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
        name = f"{session}-{number:02}.jpg"
        ok, data = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 92])
        assert ok
        (folder / name).write_bytes(data.tobytes())
        lines.append(f"{name},p1,{session},{target[0]},{target[1]},{SCREEN_PX[0]},{SCREEN_PX[1]}")
    return lines


HEADER = "file,participant,session,target_x_px,target_y_px,screen_w_px,screen_h_px"
