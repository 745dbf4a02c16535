"""Intrinsics, pose by them, and the distance of the eyes with its error."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import EYE_FEATURES
from ifllm_desktop.gaze.camera_geometry import (
    DistanceScale,
    Intrinsics,
    default_intrinsics,
    distance_scale,
    eye_distances_mm,
    viewing_distance_mm,
)
from ifllm_desktop.gaze.eye_features import HORIZONTAL_FIELD_DEG, camera_matrix, eye_features
from ifllm_desktop.gaze.face_points import HEAD_INDEX, HEAD_MM, N_POINTS
from ifllm_desktop.gaze.opencv import cv2
from ifllm_desktop.ports import FaceLandmarks

SIZE_PX = (1280, 720)
LENS = Intrinsics(950.0, 945.0, 655.0, 348.0, SIZE_PX, (0.12, -0.25, 0.0, 0.0, 0.0), "measured", 0.2, 14)
HEAD_Z = EYE_FEATURES.index("head_z_mm")
POSE = slice(EYE_FEATURES.index("yaw_deg"), HEAD_Z + 1)

sizes = st.tuples(st.integers(160, 4096), st.integers(120, 2160))
intrinsics = st.builds(
    Intrinsics,
    st.floats(200, 4000), st.floats(200, 4000), st.floats(50, 2000), st.floats(50, 1000), sizes,
    st.tuples(*[st.floats(-0.5, 0.5)] * 5), st.sampled_from(["assumed", "measured"]), st.floats(0, 2),
    st.integers(0, 40),
)  # fmt: skip


def face_at(place_mm: tuple[float, float, float], camera: Intrinsics, size: float = 1.0) -> FaceLandmarks:
    """Landmarks of an average face (times ``size``) that looks straight ahead, seen through a lens."""
    points = np.zeros((N_POINTS, 3))
    rng = np.random.default_rng(3)
    everywhere = np.zeros((N_POINTS, 3)) + rng.normal(0, 30, (N_POINTS, 3))
    everywhere[HEAD_INDEX] = HEAD_MM
    seen, _ = cv2.projectPoints(
        everywhere * size, np.zeros(3), np.array(place_mm), camera.matrix, camera.distortion_array
    )
    points[:, :2] = seen.reshape(-1, 2)
    return FaceLandmarks(points, camera.size_px)


def rows_at(distance_mm: float, n: int = 40, seed: int = 0) -> NDArray[np.float64]:
    """Features whose head is at a distance, with the scatter of frames."""
    rows = np.zeros((n, 19))
    rows[:, HEAD_Z] = distance_mm + np.random.default_rng(seed).normal(0, 4, n)
    return rows


# ---- intrinsics ------------------------------------------------------------------------------


@given(intrinsics)
def test_that_intrinsics_come_back_from_json(camera: Intrinsics) -> None:
    assert Intrinsics.from_json(json.loads(json.dumps(camera.to_json()))) == camera


def test_that_assumed_intrinsics_come_back_from_json_with_their_unknown_error() -> None:
    again = Intrinsics.from_json(json.loads(json.dumps(default_intrinsics(SIZE_PX).to_json())))
    assert math.isnan(again.rms_px) and again.matrix.tolist() == default_intrinsics(SIZE_PX).matrix.tolist()


@pytest.mark.parametrize("change", [{"fx_px": 0}, {"fy_px": "x"}, {"distortion": [1, 2]}, {"size_px": None},
                                    {"cx_px": math.nan}, {"size_px": [0, 720]}])  # fmt: skip
def test_that_damaged_intrinsics_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(DataError, match="intrinsics_invalid"):
        Intrinsics.from_json(LENS.to_json() | change)


@given(st.floats(20, 120), sizes)
def test_that_the_default_has_the_field_it_was_asked_for(field_deg: float, size_px: tuple[int, int]) -> None:
    camera = default_intrinsics(size_px, field_deg)
    assert math.isclose(camera.horizontal_field_deg, field_deg, rel_tol=1e-9)
    assert camera.fx_px == camera.fy_px and camera.source == "assumed"


@given(intrinsics, st.floats(0.2, 4))
def test_that_points_move_with_the_picture_when_it_is_scaled(camera: Intrinsics, factor: float) -> None:
    width, height = camera.size_px
    size = (round(width * factor), round(height * factor))
    scaled = camera.scaled_to(size)
    true = size[0] / width
    # Sizes are whole px: each ratio is off by half a pixel at most, and the cut is even about the middle.
    slack = 0.5 / width + 0.5 / height + 1e-9
    assert abs(scaled.fx_px / camera.fx_px - true) <= slack
    assert abs(scaled.cx_px - camera.cx_px * true) <= slack * max(1.0, abs(camera.cx_px - width / 2))
    assert scaled.distortion == camera.distortion and scaled.size_px == size


def test_that_another_aspect_is_the_middle_of_the_old_picture() -> None:
    four_three = Intrinsics(600.0, 600.0, 322.0, 236.0, (640, 480))
    wide = four_three.scaled_to((1280, 720))  # a 4:3 sensor loses rows
    assert (wide.fx_px, wide.cx_px, wide.cy_px) == (1200.0, 644.0, 472.0 - 120.0)
    assert math.isclose(wide.horizontal_field_deg, four_three.horizontal_field_deg)
    narrow = LENS.scaled_to((960, 720))  # a 16:9 sensor loses columns
    assert (narrow.fx_px, narrow.cx_px, narrow.cy_px) == (950.0, 655.0 - 160.0, 348.0)
    assert math.isclose(narrow.vertical_field_deg, LENS.vertical_field_deg)


# ---- pose by them ----------------------------------------------------------------------------


def test_that_without_intrinsics_the_features_are_those_of_the_default_to_the_last_bit() -> None:
    face = face_at((40.0, -25.0, 640.0), default_intrinsics(SIZE_PX))
    bare = eye_features(face)
    assert np.array_equal(bare, eye_features(face, default_intrinsics(SIZE_PX)))
    focal_px = SIZE_PX[0] / 2 / math.tan(math.radians(HORIZONTAL_FIELD_DEG / 2))
    assert camera_matrix(SIZE_PX).tolist() == [[focal_px, 0, 640], [0, focal_px, 360], [0, 0, 1]]


@given(st.tuples(st.floats(-120, 120), st.floats(-60, 60), st.floats(400, 900)))
def test_that_measured_intrinsics_give_the_true_place_through_a_bent_lens(
    place_mm: tuple[float, float, float],
) -> None:
    features = eye_features(face_at(place_mm, LENS), LENS)
    yaw, pitch, roll, *place = features[POSE]
    assert np.abs(np.array(place) - place_mm).max() < 0.5
    assert max(abs(yaw), abs(pitch), abs(roll)) < 0.05


def test_that_intrinsics_change_nothing_but_the_pose() -> None:
    face = face_at((80.0, 30.0, 500.0), LENS)
    bare, measured = eye_features(face), eye_features(face, LENS)
    kept = np.ones(19, dtype=bool)
    kept[POSE] = False
    assert np.array_equal(bare[kept], measured[kept])
    assert abs(bare[HEAD_Z] - 500) > 20 > abs(measured[HEAD_Z] - 500)


def test_that_another_resolution_of_the_same_camera_gives_the_same_place() -> None:
    half = LENS.scaled_to((640, 360))
    features = eye_features(face_at((30.0, 10.0, 600.0), half), LENS)
    np.testing.assert_allclose(features[POSE][3:], (30.0, 10.0, 600.0), atol=0.5)


# ---- distance --------------------------------------------------------------------------------


def test_that_distance_is_the_line_to_the_eyes_and_missing_without_a_pose() -> None:
    rows = np.full((4, 21), np.nan)
    rows[0, POSE] = (0, 0, 0, 300.0, 0.0, 400.0)
    rows[1, POSE] = (0, 0, 0, 0.0, 0.0, -400.0)
    rows[2, POSE] = (0, 0, 0, 0.0, np.nan, 400.0)
    np.testing.assert_array_equal(eye_distances_mm(rows), [500.0, np.nan, np.nan, np.nan])
    assert viewing_distance_mm(rows[1:]).n_frames == 0
    assert math.isnan(viewing_distance_mm(rows[1:]).distance_mm)


def test_that_the_error_of_the_distance_says_what_it_rests_on() -> None:
    rows = rows_at(600.0)
    scale = distance_scale(rows, 540.0, None, "P001")
    assumed = viewing_distance_mm(rows)
    lens = viewing_distance_mm(rows, LENS)
    same = viewing_distance_mm(rows, None, scale, "P001")
    other = viewing_distance_mm(rows, None, scale, "P002")
    assert [d.source for d in (assumed, lens, same, other)] == [
        "assumed_lens", "measured_lens", "measured_distance", "measured_distance",
    ]  # fmt: skip
    assert same.sd_mm < lens.sd_mm < other.sd_mm < assumed.sd_mm
    assert 0.12 < assumed.sd_mm / assumed.distance_mm < 0.16 and same.sd_mm / same.distance_mm < 0.04
    assert abs(same.distance_mm - 540) < 2


def test_that_with_a_measured_lens_the_face_of_another_person_is_left_out() -> None:
    rows = rows_at(600.0)
    scale = distance_scale(rows, 660.0, LENS, "P001")
    assert abs(viewing_distance_mm(rows, LENS, scale, "P001").distance_mm - 660) < 2
    other = viewing_distance_mm(rows, LENS, scale, "P002")
    assert abs(other.distance_mm - 600) < 2 and other.source == "measured_lens"


def test_that_a_scale_follows_the_lens_when_that_is_measured_later() -> None:
    true_mm, big_face = 620.0, 1.08
    face = face_at((0.0, 0.0, true_mm), LENS, big_face)
    before, after = eye_features(face)[None], eye_features(face, LENS)[None]
    scale = distance_scale(np.repeat(before, 20, axis=0), true_mm, None, "P001")
    assert abs(viewing_distance_mm(before, None, scale, "P001").distance_mm - true_mm) < 1
    # a bent lens is not quite a factor
    assert abs(viewing_distance_mm(after, LENS, scale, "P001").distance_mm - true_mm) < 8
    assert math.isclose(scale.factor_for(LENS), big_face, rel_tol=0.02)


@pytest.mark.parametrize(
    ("rows", "stated_mm", "code"),
    [
        (rows_at(600.0), 90.0, "distance_absurd"), (rows_at(600.0), 2500.0, "distance_absurd"),
        (rows_at(600.0), math.nan, "distance_absurd"), (rows_at(600.0, 10), 600.0, "distance_few_frames"),
        (rows_at(600.0), 300.0, "distance_differs"), (rows_at(600.0), 1000.0, "distance_differs"),
    ],
)  # fmt: skip
def test_that_a_distance_that_cannot_be_is_refused(
    rows: NDArray[np.float64], stated_mm: float, code: str
) -> None:
    with pytest.raises(DataError, match=code):
        distance_scale(rows, stated_mm)


def test_that_a_scale_comes_back_from_json_and_a_damaged_one_is_refused() -> None:
    scale = distance_scale(rows_at(600.0), 580.0, LENS, "P001")
    assert DistanceScale.from_json(json.loads(json.dumps(scale.to_json()))) == scale
    for change in ({"factor": 0}, {"focal_widths": None}, {"stated_mm": "far"}):
        with pytest.raises(DataError, match="intrinsics_invalid"):
            DistanceScale.from_json(scale.to_json() | change)
