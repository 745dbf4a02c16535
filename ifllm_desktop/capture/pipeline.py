"""One frame in, its rows out: landmarks → eye features → gaze → text hit.

Runs on the vision thread in the window and in the one loop of the headless run; it owns the landmarker.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.scene import EMPTY_SCENE, Scene
from ifllm_desktop.gaze.calibration import GazeModel
from ifllm_desktop.gaze.camera_geometry import Intrinsics
from ifllm_desktop.gaze.eye_features import eye_features, face_box
from ifllm_desktop.gaze.eye_patches import eye_patches, feature_vector, to_bytes
from ifllm_desktop.gaze.image_quality import NO_LIGHT, CloserLook, FaceLight, closer_look, face_light
from ifllm_desktop.ports import Frame, Landmarker
from ifllm_desktop.reading.hits import hit

Record = Callable[[str, Row], int]
LOOK_EVERY = 6
"""A closer look costs as much as the features of ten frames and is shown five times a second."""


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What one frame told.

    Attributes
    ----------
    features : ndarray of float64, shape (275,), or None
        The feature vector: first the features of ``EYE_FEATURES``, then the eye patches, which are NaN where they
        are not kept or could not be cut. None when no face was found.
    gaze_px, sd_px : tuple of float
        Screen px; NaN without a calibration or a face.
    face_box : tuple of float
        x, y, w, h in units of the picture's width and height; NaN without a face.
    light : FaceLight
        Brightness, contrast, glare; NaN without a face or a picture.
    look : CloserLook or None
        Every sixth frame while :meth:`Pipeline.set_closer_look` asks for it.
    frame : Frame or None
        The picture, for the preview only; never stored.
    on_response : str
        Answer whose text was more likely looked at than not (P ≥ .5); empty otherwise.
    """

    t_ns: int
    frame_index: int
    features: NDArray[np.float64] | None
    gaze_px: tuple[float, float] = (math.nan, math.nan)
    sd_px: tuple[float, float] = (math.nan, math.nan)
    face_box: tuple[float, float, float, float] = (math.nan, math.nan, math.nan, math.nan)
    light: FaceLight = NO_LIGHT
    look: CloserLook | None = None
    frame: Frame | None = None
    latency_ns: int = 0
    on_response: str = ""


class Pipeline:
    """Turns frames into rows.

    Parameters
    ----------
    landmarker : Landmarker
        Used on the calling thread only.
    record : callable
        Takes ``(stream, row)`` in session time.
    session_ns : callable
        Session time of a reading of the clock.
    intrinsics : Intrinsics or None
        Measured ones of the camera; None assumes a usual field of view.

    Attributes
    ----------
    n_frames : int
        Frames that were looked at or are known to be missing; each has one row in ``landmarks`` or ``gap``.
    n_by_pass : Counter
        Frames of each pass of a video file; devices have only pass 0.
    """

    def __init__(
        self,
        landmarker: Landmarker,
        record: Record,
        session_ns: Callable[[int], int],
        intrinsics: Intrinsics | None = None,
    ) -> None:
        self._landmarker = landmarker
        self._intrinsics = intrinsics
        self._record = record
        self.session_ns = session_ns
        self._model: tuple[GazeModel, str] | None = None
        self._scene: Scene = EMPTY_SCENE
        self._paused = False
        self._resumed_ns = -1
        self._closer = False
        self._keep_patches = False
        self._counting = threading.Lock()  # missing frames are entered by the camera's threads
        self.n_frames = 0
        self.n_by_pass: Counter[int] = Counter()
        self.n_landmark_rows = 0
        self.n_gap_rows = 0

    def set_scene(self, scene: Scene) -> None:
        """The screen as it is now (assignment of one reference, safe across threads)."""
        self._scene = scene

    def set_record(self, record: Record) -> None:
        """Write rows elsewhere from the next frame on (the bench times them)."""
        self._record = record

    def set_paused(self, paused: bool, t_ns: int = -1) -> None:
        """While paused frames are neither looked at nor stored nor counted.

        ``t_ns`` is the session time of the end of a pause: pictures that were taken before it stay unseen, too.
        """
        if self._paused and not paused:
            self._resumed_ns = t_ns  # a picture that was taken in the pause may still be on its way here
        self._paused = paused

    def _hidden(self, t_ns: int) -> bool:
        """Whether something was taken in a pause (session time)."""
        return self._paused or t_ns < self._resumed_ns

    def set_closer_look(self, closer: bool) -> None:
        """Whether glasses, sharpness and the like are looked for (the camera check shows them)."""
        self._closer = closer

    def set_intrinsics(self, intrinsics: Intrinsics | None) -> None:
        """Those of another camera, from the next frame on."""
        self._intrinsics = intrinsics

    def set_patches(self, keep: bool) -> None:
        """Whether eye patches are cut, used and stored: only with consent to them."""
        self._keep_patches = keep

    def set_model(self, model: GazeModel | None, calibration_id: str = "") -> None:
        """The calibration to use from the next frame on."""
        self._model = (model, calibration_id) if model is not None else None

    def process(self, frame: Frame) -> Observation:
        """One frame ends as exactly one row in ``landmarks`` or one in ``gap``; while paused it is not looked at."""
        t_ns = self.session_ns(frame.t_ns)
        if self._hidden(t_ns):
            return Observation(t_ns, frame.index, None)
        with self._counting:
            self.n_frames += 1
        self.n_by_pass[frame.pass_index] += 1
        face = self._landmarker.detect(frame)
        if face is None:
            self._gap(t_ns, frame.index, "no_face")
            return Observation(t_ns, frame.index, None, frame=frame)
        features = eye_features(face, self._intrinsics)
        if not np.isfinite(features).all():
            self._gap(t_ns, frame.index, "no_eyes")
            return Observation(t_ns, frame.index, None, frame=frame)
        patches = None
        if self._keep_patches and frame.image_bgr is not None:
            patches = eye_patches(frame.image_bgr, face.points_px)
        box = face_box(face)
        light = face_light(frame.image_bgr, face)
        self._record(
            "landmarks",
            (
                t_ns,
                frame.index,
                *(float(v) for v in features),
                *(float(v) for v in box),
                light.brightness,
                light.contrast,
                light.glare,
                to_bytes(patches) if patches is not None else b"",
            ),
        )
        self.n_landmark_rows += 1
        features = feature_vector(features, patches)
        gaze, sd, response_id = self._gaze(t_ns, frame.index, features)
        look = None
        if self._closer and frame.index % LOOK_EVERY == 0:
            look = closer_look(frame.image_bgr, face)
        return Observation(
            t_ns, frame.index, features, gaze, sd, box, light, look, frame, on_response=response_id
        )

    def lost(self, t_ns: int, frame_index: int, n_frames: int, reason: str) -> None:
        """A gap row for frames that never came, the first of them due at ``t_ns`` (session time). Any thread."""
        if self._paused:
            return
        with self._counting:
            self.n_frames += 1
        self._gap(max(0, t_ns, self._resumed_ns), frame_index, reason, n_frames)

    def dropped(self, frame: Frame) -> None:
        """A gap row for a frame that a newer one replaced before it could be looked at."""
        if self._hidden(self.session_ns(frame.t_ns)):
            return
        with self._counting:
            self.n_frames += 1
        self.n_by_pass[frame.pass_index] += 1
        self._gap(self.session_ns(frame.t_ns), frame.index, "dropped")

    def close(self) -> None:
        """Free the landmarker."""
        self._landmarker.close()

    def _gap(self, t_ns: int, frame_index: int, reason: str, n_frames: int = 1) -> None:
        with self._counting:
            self.n_gap_rows += 1
        self._record("gap", (t_ns, frame_index, n_frames, reason))

    def _gaze(
        self, t_ns: int, frame_index: int, features: NDArray[np.float64]
    ) -> tuple[tuple[float, float], tuple[float, float], str]:
        if self._model is None:
            return (math.nan, math.nan), (math.nan, math.nan), ""
        model, calibration_id = self._model
        points, sds = model.predict(features[None, :])
        x_px, y_px = float(points[0, 0]), float(points[0, 1])
        sd_x_px, sd_y_px = float(sds[0, 0]), float(sds[0, 1])
        if math.isnan(x_px):  # the calibration looks at patches, and these eyes reach beyond the picture
            return (math.nan, math.nan), (math.nan, math.nan), ""
        self._record("gaze", (t_ns, frame_index, x_px, y_px, sd_x_px, sd_y_px, calibration_id))
        scene = self._scene
        on_response = ""
        if scene.responses or scene.aois:
            h = hit(scene, x_px, y_px, sd_x_px, sd_y_px)
            self._record(
                "hit",
                (t_ns, frame_index, h.response_id, h.aoi, h.block, h.line, h.p_block, h.p_line, h.p_off_text),
            )
            on_response = h.response_id if h.p_off_text <= 0.5 else ""
        return (x_px, y_px), (sd_x_px, sd_y_px), on_response
