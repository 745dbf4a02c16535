"""Small video files for the self test and the bench: a moving disc on grey, no face."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.gaze.opencv import cv2


def write_clip(path: Path, n_frames: int, size_px: tuple[int, int], rate_hz: float) -> Path:
    """Write a Motion-JPEG clip (a codec that every OpenCV build has).

    Parameters
    ----------
    size_px : tuple of int
        (width, height).

    Raises
    ------
    WorldError
        ``path_unusable`` when the file cannot be written.
    """
    width, height = size_px
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate_hz, size_px)
    if not writer.isOpened():
        raise WorldError("path_unusable", path=str(path), reason="no video can be written there")
    try:
        for index in range(n_frames):
            picture = np.full((height, width, 3), 128, dtype=np.uint8)
            center = (int(width * (0.2 + 0.6 * index / max(1, n_frames))), height // 2)
            cv2.circle(picture, center, height // 8, (40, 90, 160), thickness=-1)
            writer.write(picture)
    finally:
        writer.release()
    return path


def retime_clip(source: Path, path: Path, rate_hz: float) -> Path:
    """Copy the pictures of a video into a Motion-JPEG clip that plays at another rate.

    Raises
    ------
    WorldError
        ``video_unreadable`` when the source has no pictures, ``path_unusable``.
    """
    capture = cv2.VideoCapture(str(source))
    ok, picture = capture.read()
    if not ok:
        capture.release()
        raise WorldError("video_unreadable", path=str(source))
    height, width = picture.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate_hz, (width, height))
    if not writer.isOpened():
        capture.release()
        raise WorldError("path_unusable", path=str(path), reason="no video can be written there")
    while ok:
        writer.write(picture)
        ok, picture = capture.read()
    capture.release()
    writer.release()
    return path
