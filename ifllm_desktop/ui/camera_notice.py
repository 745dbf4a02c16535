"""What the header says of the camera while it is lost, and for a moment when it is back."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from ifllm_desktop.domain.time import NS_PER_S

BACK_FOR_NS = 6 * NS_PER_S
"""How long it is said that the camera is back."""
NOTICES = ("", "lost", "stalled", "failed", "back")


class CameraNotice:
    """Follows the camera's state.

    ::

        "" ──was open, now lost──► "lost"/"stalled" ──opened──► "back" ──six seconds──► ""
        "" ──failed──► "failed"

    A camera that never opened is no surprise: the camera check says it, and nothing was recorded that could stop.
    """

    def __init__(self) -> None:
        self._was_open = False
        self._code = ""
        self._back_ns = 0

    def update(self, state: str, problem_code: str, t_ns: int, *, was_open: bool = False) -> str:
        """One of :data:`NOTICES`, for a state of ``Health.camera``; ``was_open`` where that fell between two looks."""
        self._was_open = self._was_open or was_open
        if state == "opened":
            if self._code in ("lost", "stalled"):
                self._code, self._back_ns = "back", t_ns
            elif self._code == "back" and t_ns - self._back_ns >= BACK_FOR_NS:
                self._code = ""
            self._was_open = True
        elif state == "lost" and self._was_open:
            self._code = "stalled" if problem_code == "camera_stalled" else "lost"
        elif state == "failed":
            self._code = "failed"
        elif state in ("off", "starting"):
            self._code = ""
        return self._code


def notice_words(code: str) -> str:
    """A notice for the header; empty for none."""
    return {
        "lost": _tr("Camera lost – plug it in again; the rest is still recorded"),
        "stalled": _tr("Camera gives no pictures – plug it in again; the rest is still recorded"),
        "failed": _tr("Gaze cannot be recorded any more; the rest is still recorded"),
        "back": _tr("The camera is back: gaze is recorded again"),
    }.get(code, "")


def _tr(text: str) -> str:
    return QCoreApplication.translate("CameraNotice", text)
