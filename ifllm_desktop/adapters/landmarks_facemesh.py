"""Face landmarks by MediaPipe's legacy Face Mesh with iris: its models are in the wheel, it works offline."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.gaze.opencv import cv2
from ifllm_desktop.ports import FaceLandmarks, Frame

_log = logging.getLogger(__name__)
_stderr_lock = threading.Lock()


class FaceMeshLandmarker:
    """The 478 points of the most prominent face. Implements ``ports.Landmarker``.

    Made, used and closed on one thread. Frames have to come in order: the face is tracked from one to the next.

    Parameters
    ----------
    min_detection, min_tracking : float
        Confidence in 0–1 below which a face is not found, or searched for anew.

    Raises
    ------
    WorldError
        ``landmarker_missing`` when MediaPipe or its models cannot be loaded.
    """

    def __init__(self, min_detection: float = 0.5, min_tracking: float = 0.5) -> None:
        # read by the native libraries when they are loaded; 3 = fatal errors only
        os.environ.setdefault("GLOG_minloglevel", "3")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        self._mesh: Any = None
        self._face_seen = False
        try:
            with _quiet_stderr(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of its dependencies, about themselves
                face_mesh = _face_mesh_module()
                self._mesh = face_mesh.FaceMesh(
                    static_image_mode=False, max_num_faces=1, refine_landmarks=True,
                    min_detection_confidence=min_detection, min_tracking_confidence=min_tracking,
                )  # fmt: skip
                # the graph starts, and says so on stderr, with its first picture
                self._mesh.process(np.zeros((64, 64, 3), dtype=np.uint8))
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            raise WorldError("landmarker_missing", reason=type(error).__name__) from error

    def detect(self, frame: Frame) -> FaceLandmarks | None:
        """Landmarks in picture px, z in the scale of x; None without a face or without a picture."""
        if self._mesh is None or frame.image_bgr is None:
            return None
        image = cv2.cvtColor(frame.image_bgr, cv2.COLOR_BGR2RGB)
        image.flags.writeable = False  # lets MediaPipe take it without a copy
        # the first face makes the native part warn about non-square regions, once
        with contextlib.nullcontext() if self._face_seen else _quiet_stderr(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning, module="google.protobuf")
            found = self._mesh.process(image).multi_face_landmarks
        if not found:
            return None
        self._face_seen = True
        height, width = image.shape[:2]
        points = np.array([(p.x, p.y, p.z) for p in found[0].landmark], dtype=np.float64)
        return FaceLandmarks(points * (width, height, width), (width, height))

    def close(self) -> None:
        """Free the model."""
        mesh, self._mesh = self._mesh, None
        if mesh is not None:
            try:
                mesh.close()
            except (RuntimeError, ValueError) as error:
                _log.info("face mesh did not close: %s", type(error).__name__)


def _face_mesh_module() -> Any:
    """MediaPipe's module, imported so that neither Qt's variables nor logging are changed by it."""
    from mediapipe.python.solutions import face_mesh

    return face_mesh


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Send file descriptor 2 nowhere: the native start-up messages do not go through ``sys.stderr``."""
    with _stderr_lock:
        try:
            kept = os.dup(2)
        except OSError:  # no stderr at all, as in a windowed bundle
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(nowhere, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
