"""The slot between camera and vision: it may replace frames and counts each one that it replaced."""

from __future__ import annotations

import threading

from ifllm_desktop.ports import Frame


class LatestSlot:
    """Holds the newest frame for one reader.

    A device's frames replace each other (fresh gaze is worth more than complete gaze; the loss is counted). A
    video file is data, so its frames wait for the reader instead (``lossless``).
    """

    def __init__(self, *, lossless: bool = False) -> None:
        self._condition = threading.Condition()
        self._frame: Frame | None = None
        self._replaced: list[Frame] = []
        self._closed = False
        self._lossless = lossless

    def set_lossless(self, lossless: bool) -> None:
        """From now on wait for the reader, or not (another camera)."""
        with self._condition:
            self._lossless = lossless
            self._condition.notify_all()

    def put(self, frame: Frame) -> None:
        """Offer a frame; with ``lossless`` wait until the one before was taken. Ignored after ``close``."""
        with self._condition:
            if self._lossless:
                self._condition.wait_for(lambda: self._frame is None or self._closed or not self._lossless)
            if self._closed:
                return
            if self._frame is not None:
                self._replaced.append(self._frame)
            self._frame = frame
            self._condition.notify_all()

    def take(self, timeout_s: float) -> tuple[Frame | None, list[Frame]]:
        """The newest frame (None after ``timeout_s`` or when closed and empty) and those that it replaced."""
        with self._condition:
            self._condition.wait_for(lambda: self._frame is not None or self._closed, timeout_s)
            frame, self._frame = self._frame, None
            replaced, self._replaced = self._replaced, []
            self._condition.notify_all()
            return frame, replaced

    def close(self) -> None:
        """Wake everybody up; a waiting frame can still be taken."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def drained(self) -> bool:
        """Closed, and nothing left to take."""
        with self._condition:
            return self._closed and self._frame is None
