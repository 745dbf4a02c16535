"""What the landmarkers of MediaPipe have in common: one thread, a picture in RGB, points in its px."""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.gaze.native_messages import quiet_stderr
from ifllm_desktop.gaze.opencv import cv2
from ifllm_desktop.ports import FaceLandmarks, Frame


class PictureLandmarker(ABC):
    """Looks for one face in pictures. Made, used and closed on one thread.

    A subclass sets ``_model`` when it can look, and back to None when it is closed.
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._model: Any = None
        self._face_seen = False

    def detect(self, frame: Frame) -> FaceLandmarks | None:
        """Landmarks in picture px, z in the scale of x; None without a face, without a picture, or when closed.

        Raises
        ------
        BugError
            ``wrong_thread`` on another thread than the one it was made on.
        """
        if threading.get_ident() != self._thread:
            raise BugError("wrong_thread", what=type(self).__name__)
        if self._model is None or frame.image_bgr is None:
            return None
        image = np.asarray(cv2.cvtColor(frame.image_bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        # the first face makes the native part warn about non-square regions, once
        with contextlib.nullcontext() if self._face_seen else quiet_stderr():
            points = self._find(image)
        if points is None:
            return None
        self._face_seen = True
        height, width = image.shape[:2]
        return FaceLandmarks(points * (width, height, width), (width, height))

    @abstractmethod
    def _find(self, image_rgb: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        """The points of the face, shape (478, 3), x and z in picture widths, y in heights; None without a face."""
