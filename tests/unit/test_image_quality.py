"""Light, glare, sharpness and the hint of glasses, on a real photo that is changed in known ways."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.adapters.landmarks_facemesh import FaceMeshLandmarker
from ifllm_desktop.gaze.face_points import EYE_A, EYE_B
from ifllm_desktop.gaze.image_quality import GlassesHint, closer_look, face_light
from ifllm_desktop.gaze.opencv import cv2
from ifllm_desktop.ports import FaceLandmarks, Frame

data = pytest.importorskip("skimage.data", reason="the photo comes with scikit-image")

Bgr = NDArray[np.uint8]


@pytest.fixture(scope="module")
def photo() -> Bgr:
    """The astronaut at one and a half times her size: about as large as a face at a 720p webcam."""
    image = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    return np.asarray(cv2.resize(image, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.fixture(scope="module")
def face(photo: Bgr) -> FaceLandmarks:
    return landmarks(photo)


def landmarks(image: Bgr) -> FaceLandmarks:
    landmarker = FaceMeshLandmarker()
    found = None
    for index in range(3):
        found = landmarker.detect(Frame(index, index, image, (image.shape[1], image.shape[0])))
    landmarker.close()
    assert found is not None
    return found


def eyes(face: FaceLandmarks) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    points = face.points_px[:, :2]
    a, b = ((points[eye.corners[0]] + points[eye.corners[1]]) / 2 for eye in (EYE_A, EYE_B))
    return a, b, float(np.hypot(*(b - a)))


def with_glasses(
    image: Bgr, face: FaceLandmarks, *, thick: float = 0.06, color: tuple[int, int, int] = (30, 30, 30),
    box: bool = False, size: float = 1.0, alpha: float = 1.0,
) -> Bgr:  # fmt: skip
    """A spectacle frame drawn around the eyes; sizes in units of the distance between them."""
    out = image.copy()
    a, b, d = eyes(face)
    turn = math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))
    line = max(1, round(thick * d))
    half = (0.40 * d * size, 0.30 * d * size)
    for eye in (a, b):
        ellipse = ((float(eye[0]), float(eye[1] + 0.05 * d)), (2 * half[0], 2 * half[1]), turn)
        if box:
            cv2.polylines(out, [cv2.boxPoints(ellipse).astype(int)], True, color, line, cv2.LINE_AA)
        else:
            cv2.ellipse(out, ellipse, color, line, cv2.LINE_AA)
    along = (b - a) / d * half[0]
    ends = [tuple(int(v) for v in p) for p in (a + along, b - along)]
    cv2.line(out, ends[0], ends[1], color, line, cv2.LINE_AA)
    return np.asarray(cv2.addWeighted(out, alpha, image, 1 - alpha, 0), np.uint8)


def p_glasses(image: Bgr, face: FaceLandmarks) -> float:
    hint = GlassesHint()
    for _ in range(GlassesHint.MIN_FRAMES):
        hint.add(closer_look(image, face).rim_edge)
    return hint.p_glasses


@pytest.mark.parametrize(
    "frame",
    [
        {}, {"thick": 0.02}, {"thick": 0.1}, {"box": True}, {"box": True, "thick": 0.02}, {"size": 1.15},
        {"size": 0.85}, {"color": (60, 60, 140), "thick": 0.04}, {"alpha": 0.5},
    ],
    ids=str,
)  # fmt: skip
def test_that_drawn_glasses_are_likely_and_found_by_their_own_landmarks(
    photo: Bgr, face: FaceLandmarks, frame: dict[str, object]
) -> None:
    drawn = with_glasses(photo, face, **frame)  # type: ignore[arg-type]
    assert p_glasses(drawn, face) > 0.85
    assert p_glasses(drawn, landmarks(drawn)) > 0.85


def test_that_a_bare_face_is_unlikely_to_wear_glasses_at_any_size(photo: Bgr, face: FaceLandmarks) -> None:
    assert p_glasses(photo, face) < 0.1
    for scale in (0.6, 1.7, 2.5):
        image = np.asarray(
            cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
        moved = FaceLandmarks(face.points_px * scale, (image.shape[1], image.shape[0]))
        assert p_glasses(image, moved) < 0.1, scale


def test_that_skin_coloured_frames_leave_it_open_instead_of_being_denied(
    photo: Bgr, face: FaceLandmarks
) -> None:
    assert 0.1 < p_glasses(with_glasses(photo, face, color=(150, 170, 200)), face) < 0.8


def test_that_nothing_is_said_of_glasses_before_some_frames() -> None:
    hint = GlassesHint()
    hint.add(math.nan)
    for _ in range(GlassesHint.MIN_FRAMES - 1):
        hint.add(0.9)
    assert math.isnan(hint.p_glasses)
    hint.add(0.9)
    assert hint.p_glasses > 0.9


def test_that_a_spot_on_one_eye_is_glare_and_a_bright_background_is_not(
    photo: Bgr, face: FaceLandmarks
) -> None:
    assert face_light(photo, face).glare < 0.005
    a, b, d = eyes(face)
    for eye in (a, b):
        spot = cv2.circle(photo.copy(), tuple(int(v) for v in eye), int(0.08 * d), (255, 255, 255), -1)
        assert 0.02 < face_light(np.asarray(spot, np.uint8), face).glare < 0.2
    lamp = photo.copy()
    lamp[:80, :80] = 255
    assert face_light(lamp, face).glare == face_light(photo, face).glare


def test_that_brightness_follows_the_light(photo: Bgr, face: FaceLandmarks) -> None:
    plain, dark = face_light(photo, face), face_light((photo * 0.4).astype(np.uint8), face)
    assert dark.brightness == pytest.approx(0.4 * plain.brightness, abs=0.01)
    assert dark.contrast == pytest.approx(0.4 * plain.contrast, abs=0.01)


@pytest.mark.parametrize("side", [-1, 1])
def test_that_light_from_one_side_has_its_sign(photo: Bgr, face: FaceLandmarks, side: int) -> None:
    middle, half = (
        (face.points_px[:, 0].min() + face.points_px[:, 0].max()) / 2,
        np.ptp(face.points_px[:, 0]) / 2,
    )
    across = np.clip((np.arange(photo.shape[1]) - middle) / half, -1, 1) * side
    lit = (photo * (0.6 + 0.4 * across)[None, :, None]).astype(np.uint8)
    assert side * closer_look(lit, face).side_imbalance > 0.25
    assert abs(closer_look(photo, face).side_imbalance) < 0.1


def test_that_blur_lowers_sharpness_and_brightness_does_not(photo: Bgr, face: FaceLandmarks) -> None:
    _, _, d = eyes(face)
    sharp = closer_look(photo, face).sharpness
    blurred = [
        closer_look(np.asarray(cv2.GaussianBlur(photo, (0, 0), s * d / 60), np.uint8), face).sharpness
        for s in (1.0, 2.0, 3.0)
    ]
    assert sharp > 0.2 and [sharp, *blurred] == sorted([sharp, *blurred], reverse=True) and blurred[1] < 0.1
    assert closer_look((photo * 0.5).astype(np.uint8), face).sharpness == pytest.approx(sharp, rel=0.1)


def test_that_the_iris_has_its_width_in_picture_px(photo: Bgr, face: FaceLandmarks) -> None:
    _, _, d = eyes(face)
    assert 0.13 < closer_look(photo, face).iris_px / d < 0.25  # 11.7 mm of about 63 mm


def test_that_without_a_picture_or_with_the_face_outside_of_it_all_is_nan(
    photo: Bgr, face: FaceLandmarks
) -> None:
    assert math.isnan(face_light(None, face).brightness) and math.isnan(closer_look(None, face).sharpness)
    away = FaceLandmarks(face.points_px + np.array([10_000.0, 0.0, 0.0]), face.size_px)
    light, look = face_light(photo, away), closer_look(photo, away)
    assert math.isnan(light.brightness) and math.isnan(light.glare)
    assert math.isnan(look.rim_edge) and math.isnan(look.side_imbalance) and math.isnan(look.face_glare)
    edge = FaceLandmarks(face.points_px - np.array([face.points_px[:, 0].mean(), 0.0, 0.0]), face.size_px)
    assert math.isfinite(face_light(photo, edge).brightness)
    gone = FaceLandmarks(np.full_like(face.points_px, np.nan), face.size_px)
    assert math.isnan(face_light(photo, gone).brightness) and math.isnan(closer_look(photo, gone).rim_edge)


def test_that_the_light_of_a_frame_costs_little_of_the_vision_threads_time(
    photo: Bgr, face: FaceLandmarks
) -> None:
    begin_s = time.process_time()
    for _ in range(50):
        face_light(photo, face)
    assert (time.process_time() - begin_s) / 50 < 0.001  # measured: 0.1–0.2 ms
