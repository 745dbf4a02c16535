"""What every landmarker has to do, asked of both: Face Mesh and the FaceLandmarker of MediaPipe's Tasks."""

from __future__ import annotations

import gc
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.adapters import landmarks_facemesh, landmarks_tasks
from ifllm_desktop.adapters.camera_opencv import VideoCamera
from ifllm_desktop.adapters.clock import SimulatedClock
from ifllm_desktop.adapters.landmarks_facemesh import FaceMeshLandmarker
from ifllm_desktop.adapters.landmarks_tasks import TasksLandmarker, refuse_reporting_version
from ifllm_desktop.domain.errors import BugError, WorldError
from ifllm_desktop.gaze.opencv import cv2
from ifllm_desktop.ports import FaceLandmarks, Frame, Landmarker

Image = NDArray[np.uint8]
Make = Callable[..., Landmarker]

CORNERS = [33, 133, 362, 263]
"""Eye corners from the left of the picture to the right: outer and inner of one eye, inner and outer of the other."""
IRISES = [468, 473]
IRIS_RINGS = [range(469, 473), range(474, 478)]
NOSE_TIP, CHIN, FOREHEAD = 1, 152, 10

N_SETTLE = 12
"""Frames after which the part of the picture that is looked at no longer moves on a still face."""


@pytest.fixture(scope="module")
def face_image() -> Image:
    """A real face, looking ahead: the upper part of scikit-image's astronaut, 1280×720 px, BGR.

    Its eyes are 48 px wide and 107 px apart; tolerances below are in these px.
    """
    from skimage import data

    picture = cv2.cvtColor(data.astronaut()[:288], cv2.COLOR_RGB2BGR)
    return np.asarray(cv2.resize(picture, (1280, 720), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


@pytest.fixture(params=["face_mesh", "tasks"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Function that makes one of the landmarkers; those that it made are closed at the end."""
    with maker(request.param, request) as found:
        yield found


class maker:  # noqa: N801
    """Context in which the landmarkers of a name are made, and at the end of which they are closed."""

    def __init__(self, name: str, request: pytest.FixtureRequest) -> None:
        self.made: list[Landmarker] = []
        if name == "face_mesh":
            if not landmarks_facemesh.available():
                pytest.skip("this MediaPipe has no Face Mesh")
            self.factory: Make = FaceMeshLandmarker
        else:
            model: Path = request.getfixturevalue("ifllm_data")("gaze", "face_landmarker.task")
            self.factory = lambda **options: TasksLandmarker(model, **options)

    def __enter__(self) -> Make:
        def make(**options: bool) -> Landmarker:
            self.made.append(self.factory(**options))
            return self.made[-1]

        return make

    def __exit__(self, *_: object) -> None:
        for landmarker in self.made:
            landmarker.close()


def frame_of(image: Image | None, index: int = 0) -> Frame:
    size_px = (1280, 720) if image is None else (image.shape[1], image.shape[0])
    return Frame(index * 40_000_000, index, image, size_px)


def settled(landmarker: Landmarker, image: Image, n_frames: int = N_SETTLE) -> FaceLandmarks:
    """What is found after the same picture was shown for a while."""
    for index in range(n_frames - 1):
        landmarker.detect(frame_of(image, index))
    face = landmarker.detect(frame_of(image, n_frames))
    assert face is not None
    return face


def off_px(a: FaceLandmarks, b: FaceLandmarks, points: list[int]) -> float:
    """Greatest distance of corresponding points."""
    return float(np.linalg.norm(a.points_px[points, :2] - b.points_px[points, :2], axis=1).max())


# ---- what comes out -----------------------------------------------------------------------------------------
def test_that_points_are_478_in_picture_px_with_z_in_the_scale_of_x(make: Make, face_image: Image) -> None:
    face = settled(make(), face_image)
    assert face.points_px.shape == (478, 3) and face.points_px.dtype == np.float64
    assert face.size_px == (1280, 720) and np.isfinite(face.points_px).all()
    x, y, z = face.points_px.T
    # the face of the picture, found by eye: forehead to chin, ear to ear
    assert 420 < x.min() < 480 and 650 < x.max() < 710 and 150 < y.min() < 200 and 420 < y.max() < 470
    assert face.points_px[NOSE_TIP, 2] < face.points_px[CORNERS, 2].min()  # smaller is nearer
    assert 0.3 < (z.max() - z.min()) / (x.max() - x.min()) < 1.2


def test_that_eyes_and_irises_stand_in_the_order_of_the_picture_and_irises_inside_their_eyes(
    make: Make, face_image: Image
) -> None:
    points = settled(make(), face_image).points_px[:, :2]
    assert (np.diff(points[CORNERS, 0]) > 10).all()
    for iris, ring, (left, right) in zip(IRISES, IRIS_RINGS, ((33, 133), (362, 263)), strict=True):
        assert points[left, 0] < points[iris, 0] < points[right, 0]
        assert np.linalg.norm(points[list(ring)].mean(axis=0) - points[iris], axis=0) < 1.0
        radius = np.linalg.norm(points[list(ring)] - points[iris], axis=1)
        assert (radius > 2).all() and (radius < 12).all()
        # the pupil is the darkest part of the eye: the landmark lies on it
        grey = cv2.cvtColor(face_image, cv2.COLOR_BGR2GRAY)
        at = grey[round(points[iris, 1]), round(points[iris, 0])]
        white = grey[round(points[iris, 1]), round(points[left, 0]) : round(points[right, 0])].max()
        assert int(at) + 40 < int(white)
    assert points[FOREHEAD, 1] < points[CORNERS, 1].min() < points[NOSE_TIP, 1] < points[CHIN, 1]


def test_that_a_mirrored_picture_gives_mirrored_points_under_the_other_eyes_numbers(
    make: Make, face_image: Image
) -> None:
    seen = settled(make(), face_image).points_px
    mirrored = settled(make(), np.ascontiguousarray(face_image[:, ::-1])).points_px
    back = 1280 - 1 - mirrored[:, 0]
    # numbers belong to the sides of the picture, so the corner 33 of one picture is the corner 263 of the other
    assert np.abs(back[[263, 362, 133, 33]] - seen[CORNERS, 0]).max() < 3.0
    assert np.abs(back[[473, 468]] - seen[IRISES, 0]).max() < 3.0


@pytest.mark.parametrize("width", [640, 1920])
def test_that_the_size_of_the_picture_does_not_matter(make: Make, face_image: Image, width: int) -> None:
    seen = settled(make(), face_image)
    size_px = (width, width * 9 // 16)
    other = settled(make(), cv2.resize(face_image, size_px, interpolation=cv2.INTER_AREA))
    assert other.size_px == size_px
    scaled = FaceLandmarks(other.points_px * (1280 / width), (1280, 720))
    assert off_px(seen, scaled, CORNERS) < 2.5 and off_px(seen, scaled, IRISES) < 2.0
    assert np.abs(seen.points_px[:, 2] - scaled.points_px[:, 2]).max() < 6.0


def test_that_an_iris_that_is_moved_in_the_picture_moves_its_landmark(make: Make, face_image: Image) -> None:
    landmarker = make()
    eye = settled(landmarker, face_image).points_px
    wanted_px, found_px = [], []
    for shift_px in (-3.0, 0.0, 3.0):
        face = settled(landmarker, with_moved_iris(face_image, eye, 468, shift_px))
        wanted_px.append(shift_px)
        found_px.append(face.points_px[468, 0] - eye[468, 0])
    slope = float(np.polyfit(wanted_px, found_px, 1)[0])
    assert 0.5 < slope < 1.3, found_px


def with_moved_iris(image: Image, points: NDArray[np.float64], iris: int, shift_px: float) -> Image:
    """The picture with the disc of one iris moved sideways, and what it uncovers filled in."""
    x, y = points[iris, :2]
    radius = float(np.linalg.norm(points[iris + 1 : iris + 5, :2] - points[iris, :2], axis=1).mean())
    disc = np.zeros(image.shape[:2], dtype=np.uint8)
    cv2.circle(disc, (round(x * 16), round(y * 16)), round(radius * 1.1 * 16), 255, -1, cv2.LINE_AA, 4)
    white = cv2.inpaint(image, disc, 3, cv2.INPAINT_TELEA)
    move = np.array([[1.0, 0.0, shift_px], [0.0, 1.0, 0.0]])
    size_px = (image.shape[1], image.shape[0])
    alpha = cv2.warpAffine(disc, move, size_px)[..., None] / 255.0
    moved = cv2.warpAffine(image, move, size_px)
    return np.asarray(np.round(moved * alpha + white * (1 - alpha)), dtype=np.uint8)


# ---- no face, no picture, closed ----------------------------------------------------------------------------
def test_that_without_a_face_or_a_picture_there_is_nothing(make: Make, face_image: Image) -> None:
    landmarker = make()
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3)).astype(np.uint8)
    assert landmarker.detect(frame_of(noise)) is None
    assert landmarker.detect(frame_of(None)) is None
    assert landmarker.detect(frame_of(face_image)) is not None
    assert landmarker.detect(frame_of(None)) is None
    assert landmarker.detect(frame_of(np.zeros_like(face_image))) is None
    assert landmarker.detect(frame_of(face_image)) is not None  # found again


def test_that_a_closed_one_finds_nothing_and_closes_again(make: Make, face_image: Image) -> None:
    landmarker = make()
    assert landmarker.detect(frame_of(face_image)) is not None
    landmarker.close()
    assert landmarker.detect(frame_of(face_image)) is None
    landmarker.close()


# ---- frames in order ----------------------------------------------------------------------------------------
def test_that_a_moving_face_is_followed_without_delay(make: Make, face_image: Image) -> None:
    landmarker = make()
    before = settled(landmarker, face_image)
    move = np.array([[1.0, 0.0, 12.0], [0.0, 1.0, 5.0]])
    moved = landmarker.detect(frame_of(cv2.warpAffine(face_image, move, (1280, 720))))
    assert moved is not None
    went = moved.points_px[CORNERS + IRISES, :2] - before.points_px[CORNERS + IRISES, :2]
    # a filter over time would leave a part of the way for later frames
    assert np.abs(went.mean(axis=0) - (12.0, 5.0)).max() < 1.0, went


def test_that_the_same_frames_give_the_same_points(make: Make, face_image: Image) -> None:
    runs = [settled(make(), face_image, 3).points_px for _ in range(2)]
    assert np.array_equal(runs[0], runs[1])


def test_that_still_pictures_have_nothing_to_do_with_each_other(make: Make, face_image: Image) -> None:
    small = cv2.resize(face_image, (960, 540), interpolation=cv2.INTER_AREA)
    landmarker = make(still=True)
    alone = landmarker.detect(frame_of(face_image))
    for other in (small, np.zeros_like(face_image), np.ascontiguousarray(face_image[:, ::-1])):
        landmarker.detect(frame_of(other))
        again = landmarker.detect(frame_of(face_image))
        assert alone is not None and again is not None
        assert np.array_equal(alone.points_px, again.points_px)


def test_that_a_still_picture_gives_what_a_video_of_it_gives(make: Make, face_image: Image) -> None:
    still = make(still=True).detect(frame_of(face_image))
    assert still is not None
    tracked = settled(make(), face_image)
    assert off_px(still, tracked, CORNERS) < 5.0 and off_px(still, tracked, IRISES) < 3.0


# ---- threads and the terminal -------------------------------------------------------------------------------
def test_that_it_belongs_to_the_thread_it_was_made_on(make: Make, face_image: Image) -> None:
    landmarker = make()
    raised: list[BaseException] = []

    def use() -> None:
        try:
            landmarker.detect(frame_of(face_image))
        except BugError as error:
            raised.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert [getattr(e, "code", "") for e in raised] == ["wrong_thread"]
    assert landmarker.detect(frame_of(face_image)) is not None


def test_that_another_thread_may_make_use_and_close_one(make: Make, face_image: Image) -> None:
    found: list[FaceLandmarks | None] = []

    def work() -> None:
        landmarker = make()
        found.append(landmarker.detect(frame_of(face_image)))
        landmarker.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found and found[0] is not None


def test_that_nothing_is_printed(make: Make, face_image: Image, capfd: pytest.CaptureFixture[str]) -> None:
    landmarker = make()
    settled(landmarker, face_image, 3)
    landmarker.detect(frame_of(np.zeros_like(face_image)))
    landmarker.close()
    assert capfd.readouterr() == ("", "")


# ---- the two agree ------------------------------------------------------------------------------------------
def test_that_both_landmarkers_agree_on_corners_and_irises_of_a_real_video(
    request: pytest.FixtureRequest, ifllm_data: Callable[..., Path]
) -> None:
    """Within a fraction of the eye's width (28 px here): corners 1.5 px, irises 1.2 px in the median."""
    path = ifllm_data("gaze", "video", "face_720p_25fps.mp4")
    faces: dict[str, list[FaceLandmarks | None]] = {}
    for name in ("face_mesh", "tasks"):
        with maker(name, request) as make:
            landmarker, camera = make(), VideoCamera(path, SimulatedClock())
            camera.open()
            faces[name] = [landmarker.detect(camera.read() or frame_of(None)) for _ in range(150)]
            camera.close()
    pairs = [(a, b) for a, b in zip(*faces.values(), strict=True) if a is not None and b is not None]
    seen_by_one = sum((a is None) != (b is None) for a, b in zip(*faces.values(), strict=True))
    assert len(pairs) > 100 and seen_by_one < 15
    for points, tolerance_px in ((CORNERS, 1.5), (IRISES, 1.2)):
        apart_px = [
            np.linalg.norm(a.points_px[points, :2] - b.points_px[points, :2], axis=1) for a, b in pairs
        ]
        assert np.median(apart_px) < tolerance_px and np.percentile(apart_px, 95) < 3 * tolerance_px


# ---- the model file -----------------------------------------------------------------------------------------
def code_of(model: Path) -> str:
    with pytest.raises(WorldError) as caught:
        TasksLandmarker(model)
    code = caught.value.code
    del caught
    gc.collect()  # newer versions of MediaPipe end a thread of theirs with the last reference to what failed
    return code


def test_that_a_missing_damaged_or_wrong_model_is_told_apart(
    ifllm_data: Callable[..., Path], tmp_path: Path
) -> None:
    whole = ifllm_data("gaze", "face_landmarker.task").read_bytes()
    path = tmp_path / "model.task"
    assert code_of(path) == "face_model_missing"
    for content in (b"", b"no archive", whole[:100_000]):
        path.write_bytes(content)
        assert code_of(path) == "face_model_damaged"
    bent = bytearray(whole)
    bent[len(bent) // 2] ^= 0xFF
    path.write_bytes(bytes(bent))
    assert code_of(path) == "face_model_damaged"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hand_detector.tflite", b"x" * 1000)
    assert code_of(path) == "face_model_wrong"
    with zipfile.ZipFile(path, "w") as archive:  # all there by name, none a model
        for name in ("face_detector.tflite", "face_landmarks_detector.tflite"):
            archive.writestr(name, b"\0" * 1000)
    assert code_of(path) == "face_model_damaged"
    assert code_of(tmp_path) == "path_unusable"


def test_that_a_mediapipe_without_the_face_landmarker_is_said_to_be_old(
    ifllm_data: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from mediapipe.tasks.python import vision

    model = ifllm_data("gaze", "face_landmarker.task")
    monkeypatch.delattr(vision, "FaceLandmarker")
    assert code_of(model) == "landmarker_old"


def test_that_without_mediapipe_the_set_up_is_named(
    ifllm_data: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ifllm_data("gaze", "face_landmarker.task")
    monkeypatch.setitem(sys.modules, "mediapipe.tasks.python", None)
    assert code_of(model) == "landmarker_missing"
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions", None)
    with pytest.raises(WorldError, match="landmarker_missing"):
        FaceMeshLandmarker()


# ---- nothing leaves this computer ---------------------------------------------------------------------------
@pytest.mark.parametrize(("version", "refused"), [
    ("0.10.21", False), ("0.10.33", False), ("0.10.35", True), ("0.11.0", True), ("1.2.3", True),
])  # fmt: skip
def test_that_versions_that_report_their_use_are_refused(version: str, refused: bool) -> None:
    if not refused:
        refuse_reporting_version(version)
        return
    with pytest.raises(WorldError, match="landmarker_reports"):
        refuse_reporting_version(version)


def test_that_the_refusal_comes_before_anything_of_mediapipe_is_loaded(
    ifllm_data: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ifllm_data("gaze", "face_landmarker.task")
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.10.35")
    monkeypatch.setattr(landmarks_tasks, "_modules", lambda: pytest.fail("loaded"))
    assert code_of(model) == "landmarker_reports"


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="reads the names that an ELF library imports"
)
def test_that_the_native_library_of_this_mediapipe_cannot_open_a_connection() -> None:
    spec = importlib.util.find_spec("mediapipe")
    assert spec is not None and spec.submodule_search_locations is not None
    (folder,) = spec.submodule_search_locations
    libraries = [
        p for p in Path(folder).rglob("*.so") if p.name.startswith(("_framework_bindings", "libmediapipe"))
    ]
    assert libraries
    for library in libraries:
        names = library.read_bytes()
        assert b"\0pthread_create\0" in names  # imported names can be found this way
        assert b"\0getaddrinfo\0" not in names and b"\0connect\0" not in names


def test_that_asking_for_face_mesh_does_not_load_mediapipe() -> None:
    code = (
        "import sys; from ifllm_desktop.adapters.landmarks_facemesh import available; "
        "print(available(), 'mediapipe' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    has_mesh = importlib.metadata.version("mediapipe") == "0.10.21"
    assert done.stdout.split() == [str(has_mesh), "False"]


def test_that_points_are_read_from_the_message_as_field_by_field() -> None:
    pytest.importorskip("mediapipe.framework.formats.landmark_pb2", exc_type=ImportError)
    from mediapipe.framework.formats.landmark_pb2 import NormalizedLandmarkList

    rng = np.random.default_rng(1)
    values = rng.normal(size=(478, 3)).astype(np.float32)
    message = NormalizedLandmarkList()
    for x, y, z in values:
        message.landmark.add(x=x, y=y, z=z)
    assert np.array_equal(landmarks_facemesh._points(message), values.astype(np.float64))
    message.landmark[7].ClearField("z")
    message.landmark[8].visibility = 0.5
    values[7, 2] = 0.0
    assert np.array_equal(landmarks_facemesh._points(message), values.astype(np.float64))
