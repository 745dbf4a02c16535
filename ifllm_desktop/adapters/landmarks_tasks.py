"""Face landmarks by MediaPipe's newer FaceLandmarker, from a ``.task`` file: for versions without Face Mesh."""

from __future__ import annotations

import importlib.metadata
import logging
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.gaze.native_messages import ask_for_silence, quiet_stderr
from ifllm_desktop.gaze.picture_landmarker import PictureLandmarker

_log = logging.getLogger(__name__)

_NEEDED = frozenset({"face_detector.tflite", "face_landmarks_detector.tflite"})
_N_POINTS = 478
_STEP_MS = 1_000_000
"""Pretended time between two frames. In its video mode MediaPipe smooths the points over time with a One Euro filter
that cannot be switched off, and raw data are what is recorded; the longer it believes a frame took, the less it
smooths. At 40 ms the iris lags behind: its movement correlates with that of the next frame by .44 (raw: .25)."""

LAST_SILENT_VERSION = (0, 10, 33)
"""From 0.10.35 on MediaPipe tells its maker over the network that it is used (google-ai-edge/mediapipe#6291). The
library of 0.10.33 and those before cannot open a connection: they import neither ``connect`` nor ``getaddrinfo``."""


class TasksLandmarker(PictureLandmarker):
    """The 478 points of the only face looked for. Implements ``ports.Landmarker``.

    Made, used and closed on one thread. Frames have to come in order: the face is tracked from one to the next.

    Parameters
    ----------
    model : Path
        ``face_landmarker.task``: face detector and face mesh with iris in one file.
    min_detection, min_tracking : float
        Confidence in 0–1 below which a face is not found, or searched for anew.
    still : bool
        Pictures that have nothing to do with each other: the face is searched for in each, in any order.

    Raises
    ------
    WorldError
        ``face_model_missing``, ``face_model_damaged``, ``face_model_wrong`` for the file; ``landmarker_old`` when
        MediaPipe has no FaceLandmarker, ``landmarker_reports`` when it is a version that reports its use over the
        network, ``landmarker_missing`` when it cannot be loaded.
    """

    name = "tasks"

    def __init__(
        self, model: Path, min_detection: float = 0.5, min_tracking: float = 0.5, *, still: bool = False
    ) -> None:
        super().__init__()
        content = _checked(model)
        refuse_reporting_version(_version())
        ask_for_silence()
        self._n_frames = 0
        with quiet_stderr(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its dependencies, about themselves
            mediapipe, vision, base_options = _modules()
            try:
                self._model = vision.FaceLandmarker.create_from_options(
                    vision.FaceLandmarkerOptions(
                        # the content, not the path: the native part cannot read every path of Windows
                        base_options=base_options(model_asset_buffer=content),
                        running_mode=vision.RunningMode.IMAGE if still else vision.RunningMode.VIDEO,
                        num_faces=1, min_face_detection_confidence=min_detection,
                        min_face_presence_confidence=min_tracking, min_tracking_confidence=min_tracking,
                    )
                )  # fmt: skip
            except (OSError, RuntimeError, ValueError) as error:
                raise WorldError(
                    "face_model_damaged", path=str(model), problem=type(error).__name__
                ) from error
            self._image: Callable[..., Any] = mediapipe.Image
            self._format = mediapipe.ImageFormat.SRGB
            self._still = still
            # the graph starts, and says so on stderr, with its first picture
            self._look(np.zeros((64, 64, 3), dtype=np.uint8))

    def _find(self, image_rgb: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        found = self._look(image_rgb)
        return np.array([(p.x, p.y, p.z) for p in found[0]], dtype=np.float64) if found else None

    def close(self) -> None:
        """Free the model."""
        landmarker, self._model = self._model, None
        if landmarker is not None:
            try:
                landmarker.close()
            except (OSError, RuntimeError, ValueError) as error:
                _log.info("face landmarker did not close: %s", type(error).__name__)

    def _look(self, image_rgb: NDArray[np.uint8]) -> list[Any]:
        picture = self._image(image_format=self._format, data=image_rgb)
        if self._still:
            faces: list[Any] = self._model.detect(picture).face_landmarks
        else:
            self._n_frames += 1
            faces = self._model.detect_for_video(picture, self._n_frames * _STEP_MS).face_landmarks
        return faces


def refuse_reporting_version(version: str) -> None:
    """Raise WorldError ``landmarker_reports`` for a version of MediaPipe newer than :data:`LAST_SILENT_VERSION`."""
    if tuple(int(part) for part in re.findall(r"\d+", version)[:3]) > LAST_SILENT_VERSION:
        silent = ".".join(str(part) for part in LAST_SILENT_VERSION)
        raise WorldError("landmarker_reports", version=version, silent=silent)


def _version() -> str:
    try:
        return importlib.metadata.version("mediapipe")
    except importlib.metadata.PackageNotFoundError as error:
        raise WorldError("landmarker_missing", reason=type(error).__name__) from error


def _checked(model: Path) -> bytes:
    """The content of a model file that is whole and holds what is needed."""
    try:
        with zipfile.ZipFile(model) as archive:
            missing = _NEEDED - set(archive.namelist())
            sick = archive.testzip()
        content = model.read_bytes()
    except FileNotFoundError as error:
        raise WorldError("face_model_missing", path=str(model)) from error
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise WorldError("face_model_damaged", path=str(model), problem=type(error).__name__) from error
    except OSError as error:
        raise WorldError(
            "path_unusable", path=str(model), reason=(error.strerror or "unreadable").lower()
        ) from error
    if missing:
        raise WorldError("face_model_wrong", path=str(model))
    if sick is not None:
        raise WorldError("face_model_damaged", path=str(model), problem=sick)
    return content


def _modules() -> tuple[Any, Any, Any]:
    """MediaPipe, its module ``vision`` and its class ``BaseOptions``."""
    try:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise WorldError("landmarker_missing", reason=type(error).__name__) from error
    if not (hasattr(vision, "FaceLandmarker") and hasattr(vision, "FaceLandmarkerOptions")):
        raise WorldError("landmarker_old", version=_version())
    return mediapipe, vision, BaseOptions
