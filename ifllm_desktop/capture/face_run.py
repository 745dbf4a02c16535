"""Eye features of some frames of a camera, for what is measured outside of a session."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.gaze.camera_geometry import Intrinsics
from ifllm_desktop.gaze.eye_features import eye_features
from ifllm_desktop.ports import Camera, Landmarker


def face_features(
    camera: Camera,
    landmarker: Landmarker,
    intrinsics: Intrinsics | None,
    n_frames: int,
    cancel: threading.Event,
) -> NDArray[np.float64]:
    """Features of the frames with a face among the next ``n_frames``.

    Parameters
    ----------
    camera, landmarker
        Opened and closed here; both are used on the calling thread only.
    cancel : Event
        Ends it early.

    Returns
    -------
    ndarray of float64, shape (n, 19)
        n may be 0. Nothing is stored.
    """
    rows = []
    try:
        camera.open()
        for _ in range(n_frames):
            if cancel.is_set():
                break
            frame = camera.read()
            face = landmarker.detect(frame) if frame is not None else None
            features = eye_features(face, intrinsics) if face is not None else None
            if features is not None and np.isfinite(features).all():
                rows.append(features)
    finally:
        camera.close()
        landmarker.close()
    return np.array(rows, dtype=np.float64).reshape(-1, 19)
