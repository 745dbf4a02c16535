"""Eye features do not depend on where, how large and how tilted the face is in the picture."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ifllm_desktop.adapters.simulated_person.face import Face, rotation_matrix
from ifllm_desktop.adapters.simulated_person.traits import Traits
from ifllm_desktop.gaze.eye_features import (
    HORIZONTAL_FIELD_DEG,
    camera_matrix,
    eye_features,
    face_box,
    head_pose,
)
from ifllm_desktop.gaze.face_points import HEAD_INDEX, HEAD_MM, N_POINTS
from ifllm_desktop.ports import FaceLandmarks

SIZE_PX = (1280, 720)
N_EYE = 10


def a_face(seed: int) -> NDArray[np.float64]:
    face = Face(seed, Traits.drawn(seed))
    gaze = (200.0 + 97 * (seed % 11), 100.0 + 61 * (seed % 13))
    return face.landmarks_px(gaze, (720.0, 450.0), 1.0, seed * 7_000_003, SIZE_PX)


@given(
    seed=st.integers(0, 50),
    angle=st.floats(-math.pi, math.pi),
    scale=st.floats(0.2, 5.0),
    dx_px=st.floats(-400, 400),
    dy_px=st.floats(-400, 400),
)
def test_that_turning_scaling_and_shifting_the_picture_keeps_the_eye_frame(
    seed: int, angle: float, scale: float, dx_px: float, dy_px: float
) -> None:
    points = a_face(seed)
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    moved = points * scale
    moved[:, :2] = points[:, :2] @ np.array([[cos, sin], [-sin, cos]]) + (dx_px, dy_px)
    before = eye_features(FaceLandmarks(points, SIZE_PX))[:N_EYE]
    after = eye_features(FaceLandmarks(moved, SIZE_PX))[:N_EYE]
    assert np.abs(after - before).max() < 1e-6


@given(seed=st.integers(0, 50), factor=st.sampled_from([0.5, 1.5, 2.0]))
def test_that_the_resolution_of_the_picture_changes_nothing(seed: int, factor: float) -> None:
    points = a_face(seed)
    larger = FaceLandmarks(points * factor, (int(SIZE_PX[0] * factor), int(SIZE_PX[1] * factor)))
    face = FaceLandmarks(points, SIZE_PX)
    np.testing.assert_allclose(eye_features(larger), eye_features(face), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(face_box(larger), face_box(face), rtol=1e-9)


@given(
    yaw_deg=st.floats(-30, 30),
    pitch_deg=st.floats(-25, 25),
    roll_deg=st.floats(-30, 30),
    x_mm=st.floats(-150, 150),
    y_mm=st.floats(-100, 100),
    z_mm=st.floats(350, 1100),
)
def test_that_the_pose_of_a_projected_head_is_found_again(
    yaw_deg: float, pitch_deg: float, roll_deg: float, x_mm: float, y_mm: float, z_mm: float
) -> None:
    rotation = rotation_matrix(*(math.radians(v) for v in (yaw_deg, pitch_deg, roll_deg)))
    seen = HEAD_MM @ rotation.T + (x_mm, y_mm, z_mm)
    camera = camera_matrix(SIZE_PX)
    points = np.zeros((N_POINTS, 2))
    points[HEAD_INDEX] = seen[:, :2] / seen[:, 2:] * camera[0, 0] + camera[:2, 2]
    found = head_pose(points, SIZE_PX, 63 * camera[0, 0] / z_mm)
    np.testing.assert_allclose(found[:3], (yaw_deg, pitch_deg, roll_deg), atol=0.05)
    np.testing.assert_allclose(found[3:], (x_mm, y_mm, z_mm), atol=0.5)


def test_that_the_field_of_view_spans_the_picture() -> None:
    focal_px = camera_matrix(SIZE_PX)[0, 0]
    assert math.isclose(2 * math.degrees(math.atan(SIZE_PX[0] / 2 / focal_px)), HORIZONTAL_FIELD_DEG)


@given(seed=st.integers(0, 1000), spread_px=st.sampled_from([0.0, 1e-9, 1.0, 500.0, 1e6]))
def test_that_points_that_are_no_face_give_a_full_row_and_never_an_error(seed: int, spread_px: float) -> None:
    rng = np.random.default_rng(seed)
    points = np.concatenate([rng.normal(300, spread_px, (N_POINTS, 2)), np.zeros((N_POINTS, 1))], axis=1)
    for change in (points, points * (1, 0, 1), np.where(rng.random(points.shape) < 0.01, np.nan, points)):
        features = eye_features(FaceLandmarks(change, SIZE_PX))
        assert features.shape == (19,) and features.dtype == np.float64
