"""Cameras without a device: a made clip, the real video where it is there, and everything that can be wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.adapters.camera_opencv import DeviceCamera, VideoCamera
from ifllm_desktop.adapters.clock import MonotonicClock, SimulatedClock
from ifllm_desktop.adapters.landmarks_facemesh import FaceMeshLandmarker
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.gaze.eye_features import eye_features, face_box
from ifllm_desktop.gaze.image_quality import face_light
from ifllm_desktop.gaze.opencv import cv2
from ifllm_desktop.ports import Frame

S = 1_000_000_000
N_CLIP, RATE_HZ = 12, 20.0


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Twelve frames at 20 Hz; the brightness of each tells its number."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE_HZ, (160, 120))
    for number in range(N_CLIP):
        writer.write(np.full((120, 160, 3), 20 * number, dtype=np.uint8))
    writer.release()
    return path


def number_of(frame: Frame) -> int:
    assert frame.image_bgr is not None
    return round(float(frame.image_bgr.mean()) / 20)


def frames_of(camera: VideoCamera, n: int) -> list[Frame]:
    frames = [camera.read() for _ in range(n)]
    assert all(frame is not None for frame in frames)
    return [frame for frame in frames if frame is not None]


def test_that_a_video_plays_every_frame_in_order_at_its_own_rate_and_loops(clip: Path) -> None:
    clock = SimulatedClock()
    clock.advance_to(7 * S)
    camera = VideoCamera(clip, clock)
    camera.open()
    frames = frames_of(camera, 2 * N_CLIP + 3)
    camera.close()
    assert [number_of(frame) for frame in frames] == [*range(N_CLIP), *range(N_CLIP), 0, 1, 2]
    assert [frame.index for frame in frames] == list(range(2 * N_CLIP + 3))
    assert [frame.pass_index for frame in frames] == [0] * N_CLIP + [1] * N_CLIP + [2] * 3
    assert [frame.t_ns - 7 * S for frame in frames] == [k * S // 20 for k in range(2 * N_CLIP + 3)]
    assert frames[0].size_px == (160, 120) and camera.rate_hz == RATE_HZ


def test_that_a_late_reader_loses_no_frame_and_gets_it_stamped_with_now(clip: Path) -> None:
    clock = SimulatedClock()
    camera = VideoCamera(clip, clock)
    camera.open()
    frames_of(camera, 2)
    clock.advance_to(1 * S)
    late = frames_of(camera, N_CLIP - 2)
    camera.close()
    assert [number_of(frame) for frame in late] == list(range(2, N_CLIP))
    assert {frame.t_ns for frame in late} == {1 * S}


def test_that_a_video_keeps_the_pace_of_a_real_clock(clip: Path) -> None:
    clock = MonotonicClock()
    camera = VideoCamera(clip, clock)
    camera.open()
    begin_ns = clock.now_ns()
    frames = frames_of(camera, 5)
    camera.close()
    # no frame before its time; how late one comes is up to the machine
    assert all(f.t_ns >= begin_ns - S // 100 + k * S // 20 for k, f in enumerate(frames))


def test_that_a_video_opened_again_starts_at_its_first_frame_and_counts_on(clip: Path) -> None:
    camera = VideoCamera(clip, SimulatedClock())
    camera.open()
    frames_of(camera, 5)
    camera.close()
    camera.close()
    camera.open()
    again = frames_of(camera, 2)
    camera.close()
    assert [(number_of(frame), frame.index) for frame in again] == [(0, 5), (1, 6)]


def test_that_a_closed_video_is_a_lost_camera(clip: Path) -> None:
    with pytest.raises(WorldError, match="camera_lost"):
        VideoCamera(clip, SimulatedClock()).read()


@pytest.mark.parametrize("content", [b"", b"this is no video\n" * 50, b"RIFF\x00\x00\x00\x00AVI LIST"])
def test_that_a_file_that_is_no_video_is_named_and_nothing_is_printed(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.mp4"
    path.write_bytes(content)
    with pytest.raises(WorldError, match="video_unreadable") as caught:
        VideoCamera(path, SimulatedClock()).open()
    assert caught.value.params["path"] == str(path)
    assert capfd.readouterr() == ("", "")


def test_that_a_missing_video_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mp4", tmp_path):
        with pytest.raises(WorldError, match="video_missing"):
            VideoCamera(path, SimulatedClock()).open()


def test_that_a_missing_device_is_named_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    camera = DeviceCamera(93, SimulatedClock())
    with pytest.raises(WorldError, match="camera_missing") as caught:
        camera.open()
    assert caught.value.params["device"] == 93
    camera.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has device files")
def test_that_a_device_that_is_there_but_cannot_be_opened_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "video93"
    there.touch()
    monkeypatch.setattr(DeviceCamera, "_device_file", lambda self: there)
    with pytest.raises(WorldError, match="camera_busy"):
        DeviceCamera(93, SimulatedClock()).open()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(WorldError, match="camera_denied"):
        DeviceCamera(93, SimulatedClock()).open()
    assert capfd.readouterr() == ("", "")


class FlakyCapture:
    """Stands in for a device: says of each grab whether it worked."""

    def __init__(self, grabs: list[bool]) -> None:
        self._grabs = grabs

    def grab(self) -> bool:
        return self._grabs.pop(0)

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        return True, np.zeros((72, 128, 3), dtype=np.uint8)

    def get(self, what: int) -> float:
        return 0.0

    def release(self) -> None:
        self._grabs.clear()


def test_that_single_failures_of_a_device_are_gaps_and_many_are_a_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SimulatedClock()
    camera = DeviceCamera(93, clock)
    monkeypatch.setattr(camera, "_gone", lambda: False)
    monkeypatch.setattr(camera, "_capture", FlakyCapture([True, False, True] + [False] * 15))
    first, gap, second = camera.read(), camera.read(), camera.read()
    assert first is not None and second is not None and gap is None
    assert (first.index, second.index, second.size_px) == (0, 1, (128, 72))
    assert second.t_ns > first.t_ns
    for _ in range(14):
        assert camera.read() is None
    with pytest.raises(WorldError, match="camera_lost"):
        camera.read()
    camera.close()
    with pytest.raises(WorldError, match="camera_lost"):
        camera.read()


def test_that_a_video_without_a_face_gives_no_landmarks(clip: Path) -> None:
    camera, landmarker = VideoCamera(clip, SimulatedClock()), FaceMeshLandmarker()
    camera.open()
    assert [landmarker.detect(frame) for frame in frames_of(camera, N_CLIP)] == [None] * N_CLIP
    landmarker.close()
    landmarker.close()
    assert landmarker.detect(Frame(0, 0, np.zeros((64, 64, 3), np.uint8), (64, 64))) is None
    camera.close()


def test_that_every_frame_of_a_real_face_is_seen_once_a_pass_and_nothing_is_printed(
    ifllm_data: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    path = ifllm_data("gaze", "video", "face_720p_25fps.mp4")
    clock = SimulatedClock()
    camera, landmarker = VideoCamera(path, clock), FaceMeshLandmarker()
    camera.open()
    features, n_frames, n_without = [], 0, 0
    while (frame := camera.read()) is not None and frame.pass_index == 0:
        n_frames += 1
        face = landmarker.detect(frame)
        if face is None:
            n_without += 1
            continue
        assert face.points_px.shape == (478, 3) and face.size_px == (1280, 720)
        x, y, w, h = face_box(face)
        assert 0 <= x < x + w <= 1 and 0 <= y < y + h <= 1
        features.append(eye_features(face))
        if n_frames % 50 == 0:
            light = face_light(frame.image_bgr, face)
            assert 0.05 < light.brightness < 0.95 and 0.01 < light.contrast < 0.5 and light.glare < 0.02
    landmarker.close()
    camera.close()
    assert n_frames == 433 and len(features) + n_without == 433
    assert n_without < 30
    table = np.array(features)
    assert np.isfinite(table).all()
    assert np.abs(np.median(table[:, [0, 1, 5, 6]], axis=0)).max() < 0.2  # irises near the middle of the eyes
    assert 300 < np.median(table[:, 15]) < 2000  # a face at half a metre to two metres
    assert frame is not None and frame.pass_index == 1 and clock.now_ns() == 433 * S // 25
    assert capfd.readouterr().err == ""


def test_that_importing_opencv_leaves_the_variables_of_qt_as_they_were() -> None:
    code = (
        "import os\n"
        "os.environ['QT_QPA_FONTDIR'] = 'mine'\n"
        "os.environ.pop('QT_QPA_PLATFORM_PLUGIN_PATH', None)\n"
        "from ifllm_desktop.gaze.opencv import cv2\n"
        "print(os.environ['QT_QPA_FONTDIR'], os.environ.get('QT_QPA_PLATFORM_PLUGIN_PATH'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["mine", "None"]
