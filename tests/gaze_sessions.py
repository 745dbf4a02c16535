"""Sessions whose true gaze is known: a simulated face before the real pipeline, calibration and all, in memory.

The face is geometry (``adapters.simulated_person.face``): screen, eyes and camera in mm, with noise of known size. The
rows come from ``capture.pipeline.Pipeline`` as in a session; only the clock and the flow are left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.adapters.simulated_person.face import Face
from ifllm_desktop.adapters.simulated_person.traits import Traits
from ifllm_desktop.capture.pipeline import Pipeline
from ifllm_desktop.domain.scene import Aoi, Scene, ShownResponse
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.calibration import GazeModel, model_to_payload
from ifllm_desktop.gaze.quality import validate
from ifllm_desktop.ports import FaceLandmarks, Frame
from ifllm_desktop.resource_files import resource_path
from ifllm_desktop.store.study import StudyFolder
from tests.recordings import BETTER, MS, SCREEN_PX, VIEWPORTS, FakeRecording, RecordingBuilder, lay_out

Point = tuple[float, float]

SCREEN = Screen(*SCREEN_PX, w_mm=344.0, h_mm=215.0, distance_mm=600.0)
PICTURE_PX = (1280, 720)
FRAME_MS = 1000 / 30
N_FRAMES = 24
NINE = [(x * SCREEN.w_px, y * SCREEN.h_px) for y in (0.08, 0.5, 0.92) for x in (0.08, 0.5, 0.92)]
FIVE = [
    (x * SCREEN.w_px, y * SCREEN.h_px)
    for x, y in ((0.25, 0.25), (0.75, 0.25), (0.5, 0.45), (0.25, 0.75), (0.75, 0.75))
]
AREA = Aoi("prompt", VIEWPORTS["left"].moved(0, -100))


class KnownGaze:
    """The landmarks of a face that looks at :attr:`looks_at`. Implements ``ports.Landmarker``."""

    def __init__(self, seed: int, noise: float = 1.0) -> None:
        drawn = Traits.drawn(seed)
        self.traits = dataclasses.replace(
            drawn, noise_px=drawn.noise_px * noise, drift_px=drawn.drift_px * noise, head_follows=0.0
        )
        self._face = Face(seed, self.traits, SCREEN)
        self.looks_at: Point = (0.0, 0.0)
        self.lost = False

    def detect(self, frame: Frame) -> FaceLandmarks | None:
        if self.lost:
            return None
        middle = (SCREEN.w_px / 2, SCREEN.h_px / 2)
        points = self._face.landmarks_px(self.looks_at, middle, 1.0, frame.t_ns, frame.size_px)
        return FaceLandmarks(points, frame.size_px)

    def close(self) -> None:
        """Nothing to free."""


@dataclass
class GazeSession:
    """A session in the making; times go on by themselves.

    Attributes
    ----------
    truth_px : dict
        Where was really looked, by the time of each frame.
    off_px : function or None
        Where the eyes point while the person looks at a place, at a time in ms; for drift.
    """

    seed: int = 1
    noise: float = 1.0
    t_ms: float = 1000.0
    builder: RecordingBuilder = field(default_factory=RecordingBuilder)
    truth_px: dict[int, Point] = field(default_factory=dict)
    off_px: Callable[[Point, float], Point] | None = None
    n_frames: int = 0

    def __post_init__(self) -> None:
        self.eyes = KnownGaze(self.seed, self.noise)
        self.pipeline = Pipeline(self.eyes, self._record, lambda t_ns: t_ns)
        b = self.builder
        screen = dataclasses.asdict(SCREEN)
        b.event(0, "session_start", session_id=b.session_id, participant_id=b.participant_id, study_id="demo",
                station_id="station-1", segment=1, seed=self.seed, devices="simulated", screen=screen, camera={},
                feature_set="eyes-2", app_version="0", protocol_sha256="", landmarker={})  # fmt: skip
        b.row("window", 0, 0.0, 0.0, *SCREEN_PX, 1.0, *SCREEN_PX)
        b.event(100, "page", page="calibration")

    def _record(self, stream: str, row: tuple[object, ...]) -> int:
        self.builder.rows.setdefault(stream, []).append(row)
        return 1

    def look(self, at_px: Point, n_frames: int = N_FRAMES) -> list[tuple[int, int, NDArray[np.float64]]]:
        """The person looks somewhere for some frames; time, number and features of each."""
        seen = []
        for _ in range(n_frames):
            self.t_ms += FRAME_MS
            t_ns = round(self.t_ms * MS)
            self.eyes.looks_at = self.off_px(at_px, self.t_ms) if self.off_px else at_px
            self.truth_px[t_ns] = at_px
            found = self.pipeline.process(Frame(t_ns, self.n_frames, None, PICTURE_PX))
            if found.features is not None:
                seen.append((t_ns, self.n_frames, found.features))
            self.n_frames += 1
        return seen

    def targets(
        self, phase: str, attempt_id: str, points_px: Sequence[Point]
    ) -> tuple[NDArray[np.float64], ...]:
        """A run of targets: features, target px, index and time of its frames."""
        kept = []
        for index, point in enumerate(points_px):
            self.t_ms += 500
            for t_ns, frame_index, features in self.look(point):
                self._record("target_frame", (t_ns, attempt_id, phase, index, *point, frame_index))
                kept.append((features, point, index, t_ns))
        columns = list(zip(*kept, strict=True))
        return tuple(np.array(column) for column in columns)

    def calibrate(self, number: int = 1) -> GazeModel:
        """Nine targets, then five for validation; the model is in force from then on."""
        attempt, calibration_id = f"a{number}", f"cal-{number}"
        features, target_px, index, _ = self.targets("calibration", attempt, NINE)
        model = GazeModel().fit(features, target_px, index)
        self.builder.event(
            self.t_ms, "calibration", attempt_id=attempt, calibration_id=calibration_id, ok=True, reason="",
            n_targets=9, loo_error_px=model.loo_error_px_, model=model_to_payload(model), **_new_keys("calibration"),
        )  # fmt: skip
        self.pipeline.set_model(model, calibration_id)
        features, target_px, index, t_ns = self.targets("validation", attempt, FIVE)
        found = validate(model.predict(features)[0], target_px, index, t_ns, len(features), SCREEN)
        self.builder.event(
            self.t_ms, "validation", attempt_id=attempt, calibration_id=calibration_id, ok=found.ok, reason="",
            grade=found.grade, accuracy_px=found.accuracy_px, sd_px=[found.sd_x_px, found.sd_y_px], loss=0.0,
            rate_hz=30.0, **_new_keys("validation"), targets=[
                {"target_index": t.target_index, "x_px": t.target_x_px, "y_px": t.target_y_px,
                 "mean_x_px": t.mean_x_px, "mean_y_px": t.mean_y_px, "error_px": t.error_px, "sd_x_px": t.sd_x_px,
                 "sd_y_px": t.sd_y_px, "n_frames": t.n_frames}
                for t in found.targets
            ],
        )  # fmt: skip
        return model

    def show_answer(self) -> ShownResponse:
        """An answer is on the screen from now on."""
        self.t_ms += 1  # after the newest frame, not at the same time
        b, at = self.builder, self.t_ms
        rid = f"{b.session_id}-t1-l"
        b.event(at, "page", page="task")
        b.event(at, "turn_start", turn_id="t1", task_id="task-1", turn_index=0)
        b.event(at, "submit", turn_id="t1", task_id="task-1", topic_id="x", turn_index=0, mode="single", prompt="?",
                pair_id="", side_seed=0, responses=[{"response_id": rid, "side": "left", "model": "m",
                "parameters": {}, "context": []}])  # fmt: skip
        layout = lay_out(rid, BETTER, VIEWPORTS["left"])
        b.epoch(at, layout)
        b.row("chunk", at, rid, 0, BETTER)
        b.row("reveal", at, rid, 1, len(BETTER))
        b.row("scroll", at, rid, 0.0, 400.0)
        b.event(at, "response_end", response_id=rid, finish="stop", text=BETTER, detail="")
        rect = AREA.rect
        b.row("aoi", at, AREA.name, rect.x_px, rect.y_px, rect.w_px, rect.h_px, 1)
        shown = ShownResponse(rid, "left", layout, 0.0, True)
        self.pipeline.set_scene(Scene("task", None, (shown,), (AREA,)))
        return shown

    def scroll(self, shown: ShownResponse, offset_px: float) -> ShownResponse:
        """The answer is scrolled."""
        self.t_ms += 1
        self.builder.row("scroll", self.t_ms, shown.response_id, offset_px, 400.0)
        moved = dataclasses.replace(shown, scroll_px=offset_px)
        self.pipeline.set_scene(Scene("task", None, (moved,), (AREA,)))
        return moved

    def read(self, shown: ShownResponse, n_words: int = 40, n_frames: int = 7) -> None:
        """Every third word is looked at."""
        for word in shown.layout.words[::3][:n_words]:
            self.look(shown.layout.to_screen_px(*word.rect.center_px, shown.scroll_px), n_frames)

    def click(self, at_px: Point, look_at_px: Point | None = None) -> None:
        """A press, with the eyes on it (or elsewhere) for half a second before."""
        self.look(look_at_px or at_px, 15)
        self.builder.row("pointer", self.t_ms + 1, "press", *at_px, "left", "button")

    def build(self) -> FakeRecording:
        """The recording."""
        self.builder.event(self.t_ms + 10, "session_end", reason="finished")
        return self.builder.build()


def _new_keys(kind: str) -> dict[str, object]:
    """Keys of the event beside those that matter here."""
    from ifllm_desktop.domain.session import EVENT_KINDS

    defaults: dict[str, object] = {
        "kind": "full", "method": "points", "parent_id": "", "targets": [], "lag_ms": None, "weight": 1.0,
        "distance_mm": None, "distance_sd_mm": None, "distance_source": "none",
    }  # fmt: skip
    known = {"attempt_id", "calibration_id", "ok", "reason", "n_targets", "loo_error_px", "model", "grade",
             "accuracy_px", "sd_px", "loss", "rate_hz"}  # fmt: skip
    if kind == "validation":
        known |= {"targets"}
    return {key: defaults.get(key) for key in EVENT_KINDS[kind] if key not in known}


def study_with(folder: Path, recordings: Sequence[FakeRecording]) -> Path:
    """A study folder that holds these sessions, written by the real writer and sealed."""
    StudyFolder.create(folder, resource_path("studies", "demo")).close()
    with StudyFolder.open(folder) as study:
        for recording in recordings:
            info = recording.info()
            study.catalogue().add_participant(info.participant_id, "simulated", 0)
            study.catalogue().add_session(dataclasses.replace(info, segments=()))
            header = {
                "participant_id": info.participant_id,
                "study_id": info.study_id,
                "devices": "simulated",
            }
            writer = study.new_segment(info.session_id, 1, header, info.created_wall_ns)
            for stream, rows in recording.rows.items():
                for row in rows:
                    writer.put(stream, row)
            study.catalogue().put_segment(writer.close(cleanly=True))
            study.catalogue().set_session_state(info.session_id, "finished")
    return folder
