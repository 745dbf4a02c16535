"""What the vision thread costs: pictures of a video through landmarks, features, eye patches, gaze, hit and rows."""

from __future__ import annotations

import gc
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop import compose
from ifllm_desktop.adapters.clock import SimulatedClock
from ifllm_desktop.capture.pipeline import Pipeline
from ifllm_desktop.compose_landmarker import landmarker_facts, open_landmarker
from ifllm_desktop.domain.scene import Scene, ShownResponse
from ifllm_desktop.domain.space import Rect, Screen
from ifllm_desktop.gaze.calibration import GazeModel, usable_features
from ifllm_desktop.gaze.eye_features import eye_features
from ifllm_desktop.gaze.eye_patches import eye_patches, feature_vector
from ifllm_desktop.gaze.image_quality import face_light
from ifllm_desktop.ports import FaceLandmarks, Frame, Landmarker
from ifllm_desktop.reading.hits import Hit, hit

SCREEN = Screen(1366.0, 768.0, 1.0, 310.0, 174.0, 600.0)
VIEWS = (Rect(40.0, 120.0, 620.0, 520.0), Rect(700.0, 120.0, 620.0, 520.0))
N_TARGETS = 9
N_WARM_UP = 90
"""Frames before the measurement: the face is found, caches are warm, and the calibration is fitted on them."""
CHUNK = 50
"""Frames decoded ahead (140 MB at 720p), so that decoding is not in the figures."""
_DECODER_S = 0.1
"""For the decoder's own threads to finish the pictures that they have begun beyond the chunk."""

Floats = NDArray[np.float64]


class WatchedLandmarker:
    """A landmarker that keeps what it found and what each look cost. Implements ``ports.Landmarker``."""

    def __init__(self, inner: Landmarker) -> None:
        self._inner = inner
        self.faces: list[FaceLandmarks | None] = []
        self.cpu_ns = 0

    def detect(self, frame: Frame) -> FaceLandmarks | None:
        """What the landmarker inside finds."""
        before_ns = time.process_time_ns()
        face = self._inner.detect(frame)
        self.cpu_ns += time.process_time_ns() - before_ns
        self.faces.append(face)
        return face

    def close(self) -> None:
        """Free the model."""
        self._inner.close()


def bench_vision(folder: Path, clip: Path, length_s: float, *, source: str) -> dict[str, Any]:
    """The report of ``bench vision``: ``Pipeline.process`` with eye patches, a fitted calibration and two answers.

    Parameters
    ----------
    folder : Path
        For a study with the recording that the rows go into.
    clip : Path
        Video; at most ``length_s`` of it is measured, once through.
    source : str
        What the report says of the video.

    Returns
    -------
    dict
        ``cpu_ms_per_frame``: processor time of all threads of the process, the recording's included, per frame;
        ``wall_p50_ms``, ``wall_p95_ms``: time that ``process`` took. ``landmarks_``, ``features_``, ``patches_``,
        ``light_`` and ``gaze_and_hit_cpu_ms``: shares of single steps per frame with a face, None without any;
        all but the first are timed again afterwards, by themselves, on the same frames.
    """
    compose.new_study(folder / "study", "demo")
    study = compose.open_study(folder / "study")
    options = compose.SessionOptions(
        camera=str(clip), seed=1, simulated_clock=False, simulated_person=False, screen=SCREEN
    )
    parts = compose.prepare_session(study, "bench", options)
    recorder = parts.conductor.recorder
    recorder.start()
    landmarker = WatchedLandmarker(open_landmarker())
    pipeline = Pipeline(landmarker, recorder.record, lambda t_ns: t_ns)  # the video's own time
    pipeline.set_patches(True)
    model = _warm_up(pipeline, clip)
    scene = _scene(compose.topics_of(study))
    pipeline.set_model(model, "bench")
    pipeline.set_scene(scene)
    n_limit = math.ceil(length_s * _rate_hz(clip))
    landmarker.cpu_ns, n_rows_before = 0, sum(recorder.n_rows.values())
    cpu_ns, wall_ns, stages = 0, [], _Stages(model, scene)
    for frames in _chunks(clip, n_limit):
        landmarker.faces.clear()
        gc.collect()
        time.sleep(_DECODER_S)
        before_ns = time.process_time_ns()
        for frame in frames:
            start_ns = time.perf_counter_ns()
            pipeline.process(frame)
            wall_ns.append(time.perf_counter_ns() - start_ns)
        recorder.sink.flush(10.0)
        cpu_ns += time.process_time_ns() - before_ns
        stages.measure(frames, landmarker.faces)
    pipeline.close()
    width, height = stages.size_px
    n_frames, n_rows = len(wall_ns), sum(recorder.n_rows.values()) - n_rows_before
    parts.finish()
    return {
        "name": "vision", "machine": _machine(), "landmarker": landmarker_facts(), "source": source,
        "picture_px": [width, height], "n_frames": n_frames, "n_frames_with_face": stages.n_faces, "n_rows": n_rows,
        "cpu_ms_per_frame": _per(cpu_ns, n_frames), "wall_p50_ms": _percentile_ms(wall_ns, 50),
        "wall_p95_ms": _percentile_ms(wall_ns, 95), "landmarks_cpu_ms": _per(landmarker.cpu_ns, n_frames),
        **stages.report(), "uses_patches": bool(model is not None and model.uses_patches),
    }  # fmt: skip


class _Stages:
    """Times the steps after the landmarks one by one, each over all frames of a chunk."""

    def __init__(self, model: GazeModel | None, scene: Scene) -> None:
        self._model = model
        self._scene = scene
        self._cpu_ns = dict.fromkeys(("features", "patches", "light", "gaze_and_hit"), 0)
        self.n_faces = 0
        self.size_px = (0, 0)

    def measure(self, frames: list[Frame], faces: list[FaceLandmarks | None]) -> None:
        self.size_px = frames[-1].size_px
        seen = [(f.image_bgr, face) for f, face in zip(frames, faces, strict=True) if face is not None]
        self.n_faces += len(seen)
        features = self._time("features", lambda: [eye_features(face) for _, face in seen])
        patches = self._time(
            "patches",
            lambda: [
                eye_patches(image, face.points_px) if image is not None else None for image, face in seen
            ],
        )
        self._time("light", lambda: [face_light(image, face) for image, face in seen])
        vectors = [feature_vector(f, p) for f, p in zip(features, patches, strict=True)]
        self._time("gaze_and_hit", lambda: list(map(self._gaze, vectors)))

    def report(self) -> dict[str, float | None]:
        return {f"{name}_cpu_ms": _per(ns, self.n_faces) for name, ns in self._cpu_ns.items()}

    def _gaze(self, vector: Floats) -> Hit | None:
        if self._model is None:
            return None
        gaze_px, sd_px = self._model.predict(vector[None, :])
        if not np.isfinite(gaze_px).all():
            return None
        return hit(self._scene, *(float(v) for v in (*gaze_px[0], *sd_px[0])))

    def _time(self, name: str, work: Callable[[], list[Any]]) -> list[Any]:
        before_ns = time.process_time_ns()
        done = work()
        self._cpu_ns[name] += time.process_time_ns() - before_ns
        return done


def _warm_up(pipeline: Pipeline, clip: Path) -> GazeModel | None:
    """A calibration on the video's own frames, as if the face had looked at nine targets in turn; None without one."""
    found = []
    for frames in _chunks(clip, 10 * N_WARM_UP):
        found += [o.features for o in map(pipeline.process, frames) if o.features is not None]
        if len(found) >= N_WARM_UP:
            break
    features = np.array(found)
    usable = features[usable_features(features)] if found else features
    if len(usable) < N_WARM_UP:
        return None
    index = np.arange(len(usable)) * N_TARGETS // len(usable)
    grid = np.array([(x, y) for y in (0.1, 0.5, 0.9) for x in (0.1, 0.5, 0.9)]) * (SCREEN.w_px, SCREEN.h_px)
    return GazeModel().fit(usable, grid[index], index)


def _chunks(clip: Path, n_limit: int) -> Iterator[list[Frame]]:
    """The video's frames once through, decoded some ahead."""
    camera = compose.make_camera(str(clip), SimulatedClock(), None)
    camera.open()
    frames: list[Frame] = []
    try:
        for _ in range(n_limit):
            frame = camera.read()
            if frame is None or frame.pass_index:
                break
            frames.append(frame)
            if len(frames) == CHUNK:
                yield frames
                frames = []
        if frames:
            yield frames
    finally:
        camera.close()


def _rate_hz(clip: Path) -> float:
    camera = compose.make_camera(str(clip), SimulatedClock(), None)
    camera.open()
    rate_hz = float(camera.describe()["rate_hz"])
    camera.close()
    return rate_hz


def _scene(topics: dict[str, Any]) -> Scene:
    """Two answers of the demo study side by side, laid out as the participant's window does."""
    from ifllm_desktop.ui.offscreen import offscreen_application
    from ifllm_desktop.ui.response_view import ResponseView

    application = offscreen_application()
    texts = [answer.text for topic in topics.values() for turn in topic.turns for answer in turn.answers]
    shown = []
    for side, rect, text in zip(("left", "right"), VIEWS, texts, strict=False):
        view = ResponseView(f"bench-{side}")
        view.set_screen_rect(rect)
        view.set_source(text, True)
        shown.append(ShownResponse(f"bench-{side}", side, view.layout_snapshot(), 0.0, complete=True))
        view.deleteLater()
    del application
    return Scene("task", None, tuple(shown), ())


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, {_n_usable()} processors, Python {platform.python_version()}"


def _n_usable() -> int:
    """Processors that this process may run on (``taskset`` gives it fewer than there are)."""
    if sys.platform.startswith("linux"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _per(total_ns: int, n: int) -> float | None:
    return round(total_ns / n / 1e6, 3) if n else None


def _percentile_ms(values_ns: list[int], q: float) -> float | None:
    return round(float(np.percentile(values_ns, q)) / 1e6, 2) if values_ns else None
