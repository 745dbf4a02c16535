"""Small grey pictures of both eyes, aligned to the eye corners: 2 × 8 × 16 values, the only image data that is kept.

They tell the calibration what landmarks do not: how much of the white of the eye shows on each side of the iris, and
where the lids cut it. On two people with one frame a target they lower the median error from about 165 to 133 px at
9 targets (hyperparameters from the other person each time; ``gaze bench``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import N_FEATURES, N_PATCH_VALUES, PATCH_SHAPE
from ifllm_desktop.gaze.face_points import EYE_A, EYE_B
from ifllm_desktop.gaze.opencv import cv2

PATCH_STEP = 1 / 32
"""Patches are stored in a byte a value. The step of 1/32 standard deviation is below the noise of a camera picture."""
_LIMIT = 127
_WIDTH, _HEIGHT = 1.2, 0.6
"""Size of the cut, in distances between the eye corners."""
_SAMPLES = (48, 24)
"""Points at which the picture is sampled before they are averaged in blocks of 3 × 3."""
_FLAT_GREY = 1.0
"""Added to the standard deviation, grey levels of 255: a patch without any contrast stays flat instead of showing
the noise of the camera at full size."""


def eye_patches(image_bgr: NDArray[np.uint8], points_px: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Grey patches of both eyes.

    Parameters
    ----------
    image_bgr : ndarray of uint8, shape (h, w, 3)
        The camera picture, not mirrored.
    points_px : ndarray of float64, shape (478, 2) or (478, 3)
        Landmarks in picture px.

    Returns
    -------
    ndarray of float64, shape (2, 8, 16), or None
        The eye on the left of the picture first. Each is cut 1.2 × 0.6 eye-corner distances large around the middle
        of the corners and turned with them, sampled at 48 × 24 points (bilinear), averaged in blocks, and z-scored:
        mean 0, divided by the standard deviation plus one grey level. Values are multiples of 1/32 within ±127/32,
        so that they are the same live and from a recording. None where a cut does not lie inside the picture, or the
        corners fall together.
    """
    patches = np.empty(PATCH_SHAPE)
    for place, eye in enumerate((EYE_A, EYE_B)):
        grey = _cut(image_bgr, points_px[eye.corners[0], :2], points_px[eye.corners[1], :2])
        if grey is None:
            return None
        patches[place] = (grey - grey.mean()) / (grey.std() + _FLAT_GREY)
    return rounded(patches)


def rounded(patches: NDArray[np.float64]) -> NDArray[np.float64]:
    """Patches in the steps in which they are stored."""
    kept = from_bytes(to_bytes(patches))
    assert kept is not None
    return kept


def feature_vector(features: NDArray[np.float64], patches: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """The feature vector of a frame, shape (275,): geometric features, then patches or NaN in their place."""
    vector = np.full(N_FEATURES, np.nan)
    vector[: len(features)] = features
    if patches is not None:
        vector[len(features) :] = patches.ravel()
    return vector


def to_bytes(patches: NDArray[np.float64]) -> bytes:
    """Patches of shape (2, 8, 16) as 256 signed bytes, in units of :data:`PATCH_STEP`."""
    steps = np.clip(np.rint(patches / PATCH_STEP), -_LIMIT, _LIMIT)
    stored: bytes = steps.astype(np.int8).tobytes()
    return stored


def from_bytes(stored: bytes) -> NDArray[np.float64] | None:
    """The inverse of :func:`to_bytes`; None when nothing was stored (no consent, or not cut)."""
    if len(stored) != N_PATCH_VALUES:
        return None
    patches: NDArray[np.float64] = np.frombuffer(stored, dtype=np.int8).reshape(PATCH_SHAPE) * PATCH_STEP
    return patches


def _cut(
    image_bgr: NDArray[np.uint8], left_px: NDArray[np.float64], right_px: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Grey values of one eye, shape (8, 16), 0–255; None where it is not wholly inside the picture."""
    axis = right_px - left_px
    if not np.hypot(*axis) > 1:  # NaN too
        return None
    down = np.array([-axis[1], axis[0]])
    middle = (left_px + right_px) / 2
    # a large eye is sampled more densely, so that no pixel of it is skipped
    finer = max(1, int(np.ceil(np.hypot(*axis) * _WIDTH / (2 * _SAMPLES[0]))))
    columns, rows = _SAMPLES[0] * finer, _SAMPLES[1] * finer
    step_x, step_y = axis * _WIDTH / columns, down * _HEIGHT / rows
    # centre of the sample (0, 0) of the cut, in picture px
    origin = middle - step_x * (columns - 1) / 2 - step_y * (rows - 1) / 2
    corners = origin + np.array(
        [[0, 0], step_x * (columns - 1), step_y * (rows - 1), step_x * (columns - 1) + step_y * (rows - 1)]
    )
    height, width = image_bgr.shape[:2]
    low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0)) + 1
    if (low < 0).any() or high[0] > width or high[1] > height:
        return None
    x0, y0 = (int(v) for v in low)
    part = cv2.cvtColor(image_bgr[y0 : int(high[1]), x0 : int(high[0])], cv2.COLOR_BGR2GRAY)
    to_picture = np.column_stack([step_x, step_y, origin - low])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    sampled = cv2.warpAffine(part, to_picture, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    grey = sampled.astype(np.float64).reshape(PATCH_SHAPE[1], rows // 8, PATCH_SHAPE[2], columns // 16)
    block_means: NDArray[np.float64] = grey.mean(axis=(1, 3))
    return block_means
