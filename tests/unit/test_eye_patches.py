"""Eye patches: the recipe against a plain version of it, and what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import EYE_FEATURES, N_FEATURES, PATCH_SHAPE
from ifllm_desktop.gaze.eye_patches import (
    PATCH_STEP,
    eye_patches,
    feature_vector,
    from_bytes,
    rounded,
    to_bytes,
)
from ifllm_desktop.gaze.face_points import EYE_A, EYE_B, N_POINTS

Floats = NDArray[np.float64]
SIZE = (640, 480)


def picture(scene: Floats | None = None, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """Smooth blobs, so that sampling between pixels is exact enough; another scene per colour-free grey."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    scale = size[0] / SIZE[0]
    grey = 120 + 60 * np.sin(x / 9 / scale + 0.3) * np.cos(y / 7 / scale) + 30 * np.sin((x + y) / 23 / scale)
    if scene is not None:
        grey = grey + scene
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def points(
    a: tuple[float, float] = (260.0, 200.0), b: tuple[float, float] = (360.0, 204.0), width: float = 40.0,
    angle_deg: float = 4.0,
) -> Floats:  # fmt: skip
    """Landmarks of which only the eye corners matter here: both eyes ``width`` wide, turned by an angle."""
    out = np.full((N_POINTS, 3), 5.0)
    half = width / 2 * np.array([math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))])
    for eye, middle in ((EYE_A, a), (EYE_B, b)):
        out[eye.corners[0], :2] = middle - half
        out[eye.corners[1], :2] = middle + half
    return out


def plain(image: NDArray[np.uint8], left: Floats, right: Floats) -> Floats:
    """The recipe in words: 48 × 24 bilinear samples of a turned box, averaged in blocks of 3 × 3, z-scored."""
    axis, grey = right - left, image[..., 0].astype(float)
    down = np.array([-axis[1], axis[0]])
    samples = np.empty((24, 48))
    for row in range(24):
        for column in range(48):
            across, along = 1.2 * ((column + 0.5) / 48 - 0.5), 0.6 * ((row + 0.5) / 24 - 0.5)
            x, y = (left + right) / 2 + across * axis + along * down
            x0, y0 = int(x), int(y)
            fx, fy = x - x0, y - y0
            samples[row, column] = (
                grey[y0, x0] * (1 - fx) * (1 - fy) + grey[y0, x0 + 1] * fx * (1 - fy)
                + grey[y0 + 1, x0] * (1 - fx) * fy + grey[y0 + 1, x0 + 1] * fx * fy
            )  # fmt: skip
    small = samples.reshape(8, 3, 16, 3).mean(axis=(1, 3))
    z: Floats = (small - small.mean()) / (small.std() + 1)
    return z


def test_that_patches_follow_the_recipe() -> None:
    image, face = picture(), points()
    found = eye_patches(image, face)
    assert found is not None and found.shape == PATCH_SHAPE
    for place, eye in enumerate((EYE_A, EYE_B)):
        expected = plain(image, face[eye.corners[0], :2], face[eye.corners[1], :2])
        assert np.abs(found[place] - expected).max() < 0.06  # a step of storage and whole grey levels


def test_that_the_eye_on_the_left_of_the_picture_comes_first() -> None:
    image = picture()
    image[:, :310] = 255 - image[:, :310]
    bright, plain_picture = eye_patches(image, points()), eye_patches(picture(), points())
    assert bright is not None and plain_picture is not None
    np.testing.assert_array_equal(bright[1], plain_picture[1])
    assert np.corrcoef(bright[0].ravel(), plain_picture[0].ravel())[0, 1] < -0.99


@pytest.mark.parametrize("factor", [2, 3])
def test_that_a_larger_picture_of_the_same_eyes_gives_the_same_patches(factor: int) -> None:
    small = eye_patches(picture(), points())
    large = eye_patches(picture(size=(SIZE[0] * factor, SIZE[1] * factor)), points() * factor)
    assert small is not None and large is not None
    assert np.abs(small - large).max() < 0.15 and np.abs(small - large).mean() < 0.04


def test_that_light_and_contrast_do_not_matter() -> None:
    usual = eye_patches(picture(), points())
    image = picture().astype(float)
    darker = eye_patches(np.rint(image * 0.5 + 20).astype(np.uint8), points())
    assert usual is not None and darker is not None
    assert np.abs(usual - darker).max() < 0.12


def test_that_a_flat_picture_gives_zeros_and_not_noise() -> None:
    noise = np.random.default_rng(0).integers(-1, 2, (480, 640, 1))
    found = eye_patches((np.full((480, 640, 3), 100) + noise).astype(np.uint8), points())
    assert found is not None and np.abs(found).max() < 1.0
    still = eye_patches(np.full((480, 640, 3), 100, np.uint8), points())
    assert still is not None and not still.any()


@pytest.mark.parametrize(
    "face",
    [
        pytest.param(points(a=(15.0, 200.0)), id="left edge"),
        pytest.param(points(b=(630.0, 200.0)), id="right edge"),
        pytest.param(points(a=(260.0, 5.0)), id="upper edge"),
        pytest.param(points(width=0.0), id="corners fall together"),
        pytest.param(points() * math.nan, id="no landmarks"),
    ],
)
def test_that_eyes_beyond_the_picture_give_none(face: Floats) -> None:
    assert eye_patches(picture(), face) is None


def test_that_stored_patches_are_the_live_ones_bit_for_bit() -> None:
    found = eye_patches(picture(), points())
    assert found is not None
    stored = to_bytes(found)
    assert len(stored) == 256
    again = from_bytes(stored)
    assert again is not None
    np.testing.assert_array_equal(again, found)
    np.testing.assert_array_equal(rounded(found), found)
    assert from_bytes(b"") is None and from_bytes(b"12") is None
    extreme = from_bytes(to_bytes(np.full(PATCH_SHAPE, 9.0)))
    assert extreme is not None and extreme.max() == 127 * PATCH_STEP


def test_that_the_feature_vector_says_where_patches_are_missing() -> None:
    features = np.arange(len(EYE_FEATURES), dtype=float)
    bare = feature_vector(features, None)
    assert bare.shape == (N_FEATURES,) and np.isnan(bare[len(features) :]).all()
    full = feature_vector(features, eye_patches(picture(), points()))
    assert np.isfinite(full).all()
    np.testing.assert_array_equal(full[: len(features)], features)
