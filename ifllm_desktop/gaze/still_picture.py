"""The face in a still picture, found several times and averaged.

A video is tracked from frame to frame, and frames of one fixation are averaged. A still picture has neither, and what
a face mesh finds in it moves by a tenth of the iris's whole range when the picture is shifted by a pixel. So it is
looked for in several crops around the face, each a little shifted, turned and scaled, and the points are averaged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.gaze.opencv import cv2
from ifllm_desktop.ports import FaceLandmarks, Frame, Landmarker

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

N_CROPS = 12
"""Crops per picture. Standard deviation of an iris coordinate (1/1000 corner distances; four pictures, each shifted,
turned, scaled and made noisy 16 to 24 times): one look 9, six crops 3.4, twelve 2.8, twenty-four 2.4. Median error at 9
targets (five sessions of a photo with moved irises, 640 × 480, landmarks / with patches): 108 / 73, 73 / 50, 61 / 50,
63 / 48 px. A crop costs 8 ms."""
CROP_SIDE = 1.9
"""Side of a crop in units of the longer side of the face's box."""
_SHIFT, _SCALE, _TURN_DEG = 0.06, 0.12, 8.0
_GOLDEN = (math.sqrt(5) - 1) / 2
_LEAST_SHARE = 0.5
_OUTLIER = 3.0
_LEAST_SIDE_PX = 48
_WINDOW_SHARES = (1.0, 0.7, 0.45)


class StillLandmarker:
    """Landmarks of still pictures, averaged over crops. Implements ``ports.Landmarker``.

    Parameters
    ----------
    landmarker : Landmarker
        Looks at every picture anew, without tracking (``FaceMeshLandmarker(still=True)``).
    n_crops : int
        Looks per picture, at least 1.
    """

    def __init__(self, landmarker: Landmarker, n_crops: int = N_CROPS) -> None:
        self._landmarker = landmarker
        self._n_crops = max(1, n_crops)

    def detect(self, frame: Frame) -> FaceLandmarks | None:
        """Landmarks in px of the whole picture; None without a picture or a face that most crops agree on."""
        if frame.image_bgr is None:
            return None
        return still_face(frame.image_bgr, self._look, self._n_crops)

    def close(self) -> None:
        """Free the model."""
        self._landmarker.close()

    def _look(self, image_bgr: Image) -> Floats | None:
        height, width = image_bgr.shape[:2]
        found = self._landmarker.detect(Frame(0, 0, image_bgr, (width, height)))
        return None if found is None else found.points_px


def still_face(
    image_bgr: Image, look: Callable[[Image], Floats | None], n_crops: int = N_CROPS
) -> FaceLandmarks | None:
    """Landmarks of a still picture: the mean over crops around the face, without crops that lie far off.

    Parameters
    ----------
    image_bgr : ndarray of uint8, shape (h, w, 3)
    look : callable
        Gives the points of a picture, shape (478, 3), px of that picture, or None where it finds no face.
    n_crops : int
        The crops are the same for the same picture: nothing here is drawn at random.

    Returns
    -------
    FaceLandmarks or None
        None when no face is found, or in fewer than half of the crops around what first looked like one.
    """
    first = _first_look(image_bgr, look)
    if first is None:
        return None
    found = []
    for crop_of in _crops(first, n_crops):
        points = _seen_in(image_bgr, crop_of, look)
        if points is not None:
            found.append(points)
    if len(found) < max(1.0, _LEAST_SHARE * n_crops):
        return None
    height, width = image_bgr.shape[:2]
    return FaceLandmarks(robust_mean(np.stack(found)), (width, height))


def robust_mean(points_px: Floats) -> Floats:
    """Mean face of several looks, shape (n, 478, 3) → (478, 3).

    Looks whose root mean square distance from the median face is over three times the median of those distances
    are left out. The mean of the rest has a fifth less noise than the median of all.
    """
    off_px = points_px[..., :2] - np.median(points_px[..., :2], axis=0)
    distance_px = np.sqrt((off_px**2).sum(axis=2).mean(axis=1))
    near = distance_px <= _OUTLIER * max(float(np.median(distance_px)), 1e-9)
    mean: Floats = points_px[near].mean(axis=0)
    return mean


def _first_look(image_bgr: Image, look: Callable[[Image], Floats | None]) -> Floats | None:
    """Where the face is: in the whole picture, else in windows of it, largest first.

    The detector works on 128 × 128 px: a face that is small in the picture is only found in a part of it.
    """
    points = look(image_bgr)
    if points is not None:
        return points
    for window in _windows(image_bgr.shape[1], image_bgr.shape[0]):
        points = _seen_in(image_bgr, window, look)
        if points is not None:
            return points
    return None


def _windows(width: int, height: int) -> Iterator[tuple[Floats, int]]:
    """Square windows that overlap by half, from the picture's height downwards."""
    for share in _WINDOW_SHARES:
        side = round(share * min(width, height))
        if side < _LEAST_SIDE_PX:
            return
        for y in _starts(height, side):
            for x in _starts(width, side):
                yield np.array([[1.0, 0.0, -x], [0.0, 1.0, -y]]), side


def _starts(length: int, side: int) -> list[float]:
    n = max(1, math.ceil((length - side) / (side / 2)) + 1)
    return [float(v) for v in np.linspace(0, length - side, n)] if n > 1 else [(length - side) / 2]


def _crops(points_px: Floats, n_crops: int) -> Iterator[tuple[Floats, int]]:
    """Transforms (2, 3) from the picture to each crop, and the crop's side in px."""
    low, high = points_px[:, :2].min(axis=0), points_px[:, :2].max(axis=0)
    centre, face_px = (low + high) / 2, float((high - low).max())
    for k in range(n_crops):
        # one circle of shifts; turns and scales by two irrational steps, so that no two crops are alike
        angle = 2 * math.pi * k / n_crops
        shift = _SHIFT * face_px * np.array([math.cos(angle), math.sin(angle)])
        scale = 1 + _SCALE * (2 * ((k * _GOLDEN) % 1) - 1)
        turn = math.radians(_TURN_DEG * (2 * ((k * _GOLDEN**2 + 0.5) % 1) - 1))
        side = max(_LEAST_SIDE_PX, round(CROP_SIDE * face_px * scale))
        rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        offset = np.array([side / 2, side / 2]) - rotation @ (centre + shift)
        yield np.column_stack([rotation, offset]), side


def _seen_in(
    image_bgr: Image, crop_of: tuple[Floats, int], look: Callable[[Image], Floats | None]
) -> Floats | None:
    """Points found in a part of the picture, in px of the whole."""
    to_crop, side = crop_of
    crop = cv2.warpAffine(
        image_bgr, to_crop, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    points = look(np.asarray(crop, dtype=np.uint8))
    if points is None:
        return None
    back: Floats = np.array(points, dtype=np.float64)
    # no scaling, so the way back is the transposed rotation; z has its own origin on the head and stays
    back[:, :2] = (back[:, :2] - to_crop[:, 2]) @ to_crop[:, :2]
    return back
