"""Pictures of a calibration board through a known lens: what a webcam would see, with the truth in hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.gaze.camera_board import BoardSpec, cells
from ifllm_desktop.gaze.camera_geometry import Intrinsics
from ifllm_desktop.gaze.opencv import cv2

LENS = Intrinsics(980.0, 984.0, 662.0, 351.0, (1280, 720), (0.09, -0.18, 0.0, 0.0, 0.0), "measured", 0.1, 12)
"""A usual webcam: 66° wide, centre a little off, mild distortion."""
CELL_PX = 24
RIM = 0.6


def board_texture(spec: BoardSpec) -> tuple[NDArray[np.uint8], float]:
    """The board with its white rim, and how many px of it a square is wide."""
    raster, per_square = cells(spec)
    rim = round(RIM * per_square)
    white = np.pad(raster, rim, constant_values=255)
    return np.kron(white, np.ones((CELL_PX, CELL_PX), dtype=np.uint8)), float(per_square * CELL_PX)


@lru_cache(maxsize=1)
def _rays(lens: Intrinsics) -> tuple[NDArray[np.float64], int]:
    """Where each part of each pixel looks, and how many parts a side a pixel has: edges get a sensor's greys."""
    fine = 2
    width, height = lens.size_px
    x, y = np.meshgrid(
        (np.arange(width * fine) + 0.5) / fine - 0.5, (np.arange(height * fine) + 0.5) / fine - 0.5
    )
    pixels = np.column_stack([x.ravel(), y.ravel()]).reshape(-1, 1, 2)
    return cv2.undistortPoints(pixels, lens.matrix, lens.distortion_array).reshape(-1, 2), fine


def board_seen(
    spec: BoardSpec,
    lens: Intrinsics,
    rotation: tuple[float, float, float],
    place: tuple[float, float, float],
    *,
    noise: float = 3.0,
    blur_px: float = 0.7,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """A grey picture of the board.

    Parameters
    ----------
    rotation : tuple of float
        Rotation vector of the board about its middle, rad.
    place : tuple of float
        Its middle in the camera frame, in squares.
    """
    width, height = lens.size_px
    texture, square_px = board_texture(spec)
    rim_px = (texture.shape[1] - spec.n_x * square_px) / 2
    rays, fine = _rays(lens)
    turned = cv2.Rodrigues(np.array(rotation))[0]
    middle = np.array([spec.n_x / 2, spec.n_y / 2, 0.0])
    origin = np.array(place) - turned @ middle
    to_board = np.linalg.inv(np.column_stack([turned[:, 0], turned[:, 1], origin]))
    on_board = np.column_stack([rays, np.ones(len(rays))]) @ to_board.T
    texel = on_board[:, :2] / on_board[:, 2:] * square_px + rim_px - 0.5
    texel = texel.reshape(height * fine, width * fine, 2).astype(np.float32)
    seen = cv2.remap(
        texture,
        texel[..., 0],
        texel[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=90,
    )
    grey = cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA).astype(np.float64)
    grey = cv2.GaussianBlur(grey * 0.8 + 20, (0, 0), blur_px)
    grey = grey + np.random.default_rng(seed).normal(0, noise, grey.shape)
    return np.clip(np.round(grey), 0, 255).astype(np.uint8)


def poses(
    n: int, spec: BoardSpec, lens: Intrinsics, seed: int = 1, tilt: float = 0.45
) -> Iterator[tuple[tuple[float, float, float], tuple[float, float, float]]]:
    """Rotations and places that cover the picture, in turn straight and tilted to each side."""
    rng = np.random.default_rng(seed)
    width, height = lens.size_px
    for index in range(n):
        depth = float(rng.uniform(1.25, 2.1)) * spec.n_x * lens.fx_px / width
        reach_x = max(0.0, depth * width / 2 / lens.fx_px - spec.n_x * 0.5)
        reach_y = max(0.0, depth * height / 2 / lens.fy_px - spec.n_y * 0.5)
        angle = index * 2.4
        x, y = reach_x * math.cos(angle), reach_y * math.sin(angle)
        tilted = tilt * (index % 4 != 0)
        turn = (tilted * math.sin(index * 1.7), tilted * math.cos(index * 1.7), float(rng.uniform(-0.2, 0.2)))
        yield turn, (x, y, depth)
