"""What the picture of a face is worth: light, glare, sharpness, and whether there are glasses.

:func:`face_light` runs on every frame; :func:`closer_look` costs ten times as much and runs a few times a second
while the camera is being checked. All of it is a pure function of picture and landmarks.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.gaze.face_points import EYE_A, EYE_B, EyePoints
from ifllm_desktop.gaze.opencv import cv2
from ifllm_desktop.ports import FaceLandmarks

Bgr = NDArray[np.uint8]
Grey = NDArray[np.float32]

SATURATED = 250
"""A pixel whose three colours are all at least this bright has no detail left."""
_TO_GREY = np.array([0.114, 0.587, 0.299], dtype=np.float32)  # ITU-R BT.601, BGR order
_EYE_BOX = (0.8, 0.55)
"""Half width and half height of an eye's region, in units of the distance of its corners: a lens, not only an eye."""
_CHEEKS = ((50, 101, 205), (280, 330, 425))
"""Points of the two cheeks, the one on the left of the picture first."""

_BETWEEN_EYES_PX = 60.0
_CROP_SIZE_PX = (150, 90)
_CROP_CENTRE = (75.0, 36.0)


@dataclass(frozen=True, slots=True)
class FaceLight:
    """Of one frame; NaN without a picture or where the face lies outside of it.

    Attributes
    ----------
    brightness, contrast : float
        Mean and standard deviation of the face's grey values over 255.
    glare : float
        Share of saturated pixels in the region of the eye that has more of them, 0–1.
    """

    brightness: float = math.nan
    contrast: float = math.nan
    glare: float = math.nan


NO_LIGHT = FaceLight()


@dataclass(frozen=True, slots=True)
class CloserLook:
    """Of one frame; NaN where not known.

    Attributes
    ----------
    face_glare : float
        Share of saturated pixels of the whole face, 0–1.
    side_imbalance : float
        Difference of the cheeks' brightness over their sum, −1 to 1; positive: the side on the picture's right is
        the brighter one. 0.25 is 1.7 : 1.
    sharpness : float
        Standard deviation of the Laplacian over that of the grey values, around the eyes, at 60 px between the
        eyes (Pech-Pacheco et al. 2000, doi 10.1109/ICPR.2000.903548, made independent of contrast).
    iris_px : float
        Mean width of the irises, picture px.
    rim_edge : float
        Strength of edges where glasses have their bridge and their lower rims; see :func:`rim_edge`.
    """

    face_glare: float = math.nan
    side_imbalance: float = math.nan
    sharpness: float = math.nan
    iris_px: float = math.nan
    rim_edge: float = math.nan


def face_light(image_bgr: Bgr | None, face: FaceLandmarks) -> FaceLight:
    """Brightness and contrast of the face, glare at the eyes.

    For brightness and contrast every fourth pixel of every fourth row is taken: the mean over a face of 100 px
    changes by less than 1 % and it costs a sixteenth.
    """
    if image_bgr is None:
        return NO_LIGHT
    part = _cut(image_bgr, *_bounds(face.points_px))
    if part is None:
        return NO_LIGHT
    grey = part[::4, ::4].astype(np.float32) @ _TO_GREY
    glare = [_saturated(_cut(image_bgr, *_eye_region(face, eye))) for eye in (EYE_A, EYE_B)]
    known = [share for share in glare if share == share]
    return FaceLight(float(grey.mean()) / 255, float(grey.std()) / 255, max(known) if known else math.nan)


def closer_look(image_bgr: Bgr | None, face: FaceLandmarks) -> CloserLook:
    """What :class:`CloserLook` lists."""
    iris_px = iris_width_px(face)
    if image_bgr is None:
        return CloserLook(iris_px=iris_px)
    crop = eye_strip(image_bgr, face)
    return CloserLook(
        face_glare=_saturated(_cut(image_bgr, *_bounds(face.points_px), step=2)),
        side_imbalance=_side_imbalance(image_bgr, face),
        sharpness=_sharpness(crop) if crop is not None else math.nan,
        iris_px=iris_px,
        rim_edge=rim_edge(crop) if crop is not None else math.nan,
    )


def iris_width_px(face: FaceLandmarks) -> float:
    """Mean distance of opposite rim points of both irises, picture px; NaN where points are missing."""
    points = face.points_px[:, :2]
    rims = [(eye.iris[1], eye.iris[3]) for eye in (EYE_A, EYE_B)]
    rims += [(eye.iris[2], eye.iris[4]) for eye in (EYE_A, EYE_B)]
    return float(np.mean([math.dist(points[i], points[k]) for i, k in rims]))


def eye_strip(image_bgr: Bgr, face: FaceLandmarks) -> Grey | None:
    """Grey crop of eyes and nose bridge, upright, 60 px between the eyes; None where the face is degenerate."""
    points = face.points_px[:, :2]
    a = (points[EYE_A.corners[0]] + points[EYE_A.corners[1]]) / 2
    b = (points[EYE_B.corners[0]] + points[EYE_B.corners[1]]) / 2
    across = b - a
    between_px = float(np.hypot(*across))
    if not between_px > 4:
        return None
    scale = _BETWEEN_EYES_PX / between_px
    cos, sin = float(across[0]) / between_px * scale, float(across[1]) / between_px * scale
    middle = (a + b) / 2
    turn = np.array(
        [
            [cos, sin, _CROP_CENTRE[0] - cos * middle[0] - sin * middle[1]],
            [-sin, cos, _CROP_CENTRE[1] + sin * middle[0] - cos * middle[1]],
        ]
    )
    reach = 1.5 * between_px
    part = _cut(image_bgr, *(middle - reach).tolist(), *(middle + reach).tolist())
    if part is None:
        return None
    turn[:, 2] += turn[:, :2] @ np.maximum(0, (middle - reach).astype(int))
    if scale < 0.7:  # or single pixels of a large face would pass for edges
        part = np.asarray(cv2.GaussianBlur(part, (0, 0), 0.45 / scale), dtype=np.uint8)
    crop = cv2.warpAffine(part, turn, _CROP_SIZE_PX, flags=cv2.INTER_LINEAR)
    strip: Grey = crop.astype(np.float32) @ _TO_GREY
    return strip


def rim_edge(strip: Grey) -> float:
    """Edges of a spectacle frame in an :func:`eye_strip`: bridge and lower rims, in standard deviations of the grey.

    On bare skin brightness changes little along the nose bridge and below the lids; a frame puts a line across.
    For each row of the bridge's region and of the two regions below the eyes the median of the vertical gradient
    is taken over the columns, so that only an edge as wide as the region counts; the greatest row is the region's.
    The idea of the two regions: Jiang et al. 2000, doi 10.1007/s100440050004.
    """
    spread = float(strip.std())
    if not spread > 1:
        return math.nan
    down = np.abs(cv2.Sobel(cv2.GaussianBlur(strip, (0, 0), 1.0), cv2.CV_32F, 0, 1, ksize=3)) / 8
    x, y = _CROP_CENTRE
    d = _BETWEEN_EYES_PX

    def strongest(centre: float, half: float, top: float, bottom: float) -> float:
        part = down[round(y + top * d) : round(y + bottom * d), round(x + (centre - half) * d) :][
            :, : round(2 * half * d)
        ]
        return float(np.median(part, axis=1).max())

    bridge = strongest(0.0, 0.10, -0.30, 0.20)
    below = [strongest(side, 0.12, 0.27, 0.60) for side in (-0.5, 0.5)]
    return (2 * bridge + sum(below)) / 4 / spread


class GlassesHint:
    """Whether there are glasses, from the frames of the last seconds: a hint, with its probability.

    The limits come from two bare faces (:func:`rim_edge` 0.08–0.14 over 430 frames) and frames drawn onto them (dark
    or coloured rims 0.45–0.97, skin-coloured ones 0.17). Rimless glasses leave nothing to be seen there.
    """

    MIDDLE = 0.23
    STEEPNESS = 5.0
    MIN_FRAMES = 5

    def __init__(self) -> None:
        self._edges: deque[float] = deque(maxlen=20)

    def add(self, edge: float) -> None:
        """One more frame's :func:`rim_edge`; NaN is left out."""
        if edge == edge:
            self._edges.append(edge)

    @property
    def p_glasses(self) -> float:
        """Probability of glasses; NaN before ``MIN_FRAMES`` frames. Between .2 and .8 nothing should be said."""
        if len(self._edges) < self.MIN_FRAMES:
            return math.nan
        middle = float(np.median(self._edges))
        return 1 / (1 + math.exp(-self.STEEPNESS * math.log(max(middle, 1e-6) / self.MIDDLE)))


def _bounds(points_px: NDArray[np.float64]) -> tuple[float, float, float, float]:
    low, high = points_px[:, :2].min(axis=0), points_px[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _eye_region(face: FaceLandmarks, eye: EyePoints) -> tuple[float, float, float, float]:
    (ax, ay), (bx, by) = (face.points_px[k, :2].tolist() for k in eye.corners)
    width = math.hypot(bx - ax, by - ay)
    x, y = (ax + bx) / 2, (ay + by) / 2
    dx, dy = _EYE_BOX[0] * width, _EYE_BOX[1] * width
    return x - dx, y - dy, x + dx, y + dy


def _cut(image_bgr: Bgr, left: float, top: float, right: float, bottom: float, step: int = 1) -> Bgr | None:
    height, width = image_bgr.shape[:2]
    if not math.isfinite(left + top + right + bottom):
        return None
    x0, y0 = max(0, int(left)), max(0, int(top))
    x1, y1 = min(width, int(right) + 1), min(height, int(bottom) + 1)
    return image_bgr[y0:y1:step, x0:x1:step] if x1 > x0 and y1 > y0 else None


def _saturated(part: Bgr | None) -> float:
    if part is None:
        return math.nan
    return float(np.count_nonzero((part >= SATURATED).all(axis=2))) / (part.shape[0] * part.shape[1])


def _side_imbalance(image_bgr: Bgr, face: FaceLandmarks) -> float:
    left, _, right, _ = _bounds(face.points_px)
    half = 0.07 * (right - left)
    sides = []
    for cheek in _CHEEKS:
        x, y = face.points_px[list(cheek), :2].mean(axis=0)
        part = _cut(image_bgr, x - half, y - half, x + half, y + half)
        if part is None:
            return math.nan
        sides.append(float((part.astype(np.float32) @ _TO_GREY).mean()))
    total = sides[0] + sides[1]
    return (sides[1] - sides[0]) / total if total > 0 else math.nan


def _sharpness(strip: Grey) -> float:
    spread = float(strip.std())
    return float(cv2.Laplacian(strip, cv2.CV_32F).std()) / spread if spread > 1 else math.nan
