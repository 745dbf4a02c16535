"""Collecting views from a camera on one thread while another one looks on."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.adapters.simulated_camera import SimulatedLandmarker
from ifllm_desktop.adapters.simulated_person import SimulatedPerson
from ifllm_desktop.capture.board_run import BoardRun
from ifllm_desktop.capture.face_run import face_features
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.camera_board import BOARDS
from ifllm_desktop.gaze.camera_calibration import calibrate_camera
from ifllm_desktop.gaze.camera_geometry import distance_scale, viewing_distance_mm
from ifllm_desktop.ports import Frame
from tests.board_pictures import LENS, board_seen, poses

SPEC = BOARDS["charuco"]


class PictureCamera:
    """Each of some pictures for three frames, then over again; ends what it is told to. Implements ``ports.Camera``."""

    devices = "video"
    rate_hz = 30.0

    def __init__(
        self, pictures: list[NDArray[np.uint8]], stop: threading.Event | None = None, after: int = 0
    ) -> None:
        self._pictures = pictures
        self._stop, self._after = stop, after
        self.n_read = 0
        self.is_open = False

    def open(self) -> None:
        self.is_open = True

    def read(self) -> Frame | None:
        if self._stop is not None and self.n_read >= self._after:
            self._stop.set()
        picture = self._pictures[self.n_read // 3 % len(self._pictures)]
        frame = Frame(self.n_read * 33_000_000, self.n_read, picture, (picture.shape[1], picture.shape[0]))
        self.n_read += 1
        return frame if self.n_read % 7 else None  # now and then a picture is missing

    def close(self) -> None:
        self.is_open = False

    def describe(self) -> dict[str, Any]:
        return {"name": "pictures"}


@pytest.fixture(scope="module")
def pictures() -> list[NDArray[np.uint8]]:
    return [
        board_seen(SPEC, LENS, rotation, place, seed=index)
        for index, (rotation, place) in enumerate(poses(24, SPEC, LENS, seed=3))
    ]


def test_that_a_run_collects_until_the_lens_can_be_computed(pictures: list[NDArray[np.uint8]]) -> None:
    camera = PictureCamera(pictures)
    run = BoardRun(camera, SPEC)
    assert run.look.state == "opening" and run.look.frame is None
    views = run.run(threading.Event())
    look = run.look
    assert look.state == "done" and look.progress.done and len(views) == look.progress.n_views >= 12
    assert not camera.is_open
    found = calibrate_camera(views, SPEC).intrinsics
    assert abs(found.fx_px / LENS.fx_px - 1) < 0.006


def test_that_a_cancelled_run_closes_the_camera_and_says_so(pictures: list[NDArray[np.uint8]]) -> None:
    cancel = threading.Event()
    camera = PictureCamera(pictures, cancel, after=10)
    run = BoardRun(camera, SPEC)
    assert len(run.run(cancel)) <= 4
    assert run.look.state == "stopped" and not camera.is_open


def test_that_a_run_can_end_with_what_there_is(pictures: list[NDArray[np.uint8]]) -> None:
    camera = PictureCamera(pictures)
    run = BoardRun(camera, SPEC)
    thread = threading.Thread(target=run.run, args=(threading.Event(),))
    thread.start()
    while run.look.progress.n_views < 2 and thread.is_alive():
        pass
    run.finish()
    thread.join(5)
    assert run.look.state == "done" and 2 <= run.look.progress.n_views < 24


def test_that_a_camera_that_fails_is_closed_and_its_error_told(pictures: list[NDArray[np.uint8]]) -> None:
    class Broken(PictureCamera):
        def read(self) -> Frame | None:
            if self.n_read > 4:
                raise WorldError("camera_lost", device="x")
            return super().read()

    camera = Broken(pictures)
    with pytest.raises(WorldError, match="camera_lost"):
        BoardRun(camera, SPEC).run(threading.Event())
    assert not camera.is_open


# ---- distance --------------------------------------------------------------------------------


class BlindCamera(PictureCamera):
    """Frames without pictures, for a simulated landmarker."""

    def read(self) -> Frame | None:
        self.n_read += 1
        return Frame(self.n_read * 33_000_000, self.n_read, None, (1280, 720))


def test_that_a_simulated_person_is_as_far_away_as_the_simulation_says() -> None:
    person = SimulatedPerson(4, Screen(1440, 900, w_mm=344, h_mm=215, distance_mm=600), 7)
    camera = BlindCamera([])
    features = face_features(camera, SimulatedLandmarker(person), None, 60, threading.Event())
    assert len(features) >= 40 and not camera.is_open
    found = viewing_distance_mm(features)
    true_mm = person.traits.distance_mm  # of the eyes along the camera's axis; a head moves a little about it
    assert abs(found.distance_mm / true_mm - 1) < 0.08 and found.source == "assumed_lens"
    scale = distance_scale(features, found.distance_mm * 1.1, None, "P001")
    assert abs(scale.factor - 1.1) < 1e-9


def test_that_nobody_in_front_of_the_camera_gives_no_rows_and_frees_both() -> None:
    closed = []

    class Nobody:
        def detect(self, frame: Frame) -> None:
            return None

        def close(self) -> None:
            closed.append(True)

    camera = BlindCamera([])
    assert face_features(camera, Nobody(), None, 20, threading.Event()).shape == (0, 19)  # type: ignore[arg-type]
    assert closed == [True] and not camera.is_open
