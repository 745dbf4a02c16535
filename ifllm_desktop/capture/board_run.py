"""Collecting views of a board from a camera: one thread looks, another one may ask what was seen last.

::

    opening ──► collecting ──► done        (enough views, or ``finish`` was called)
       │            │
       └────────────┴────────► stopped     (cancelled; a camera that fails raises instead)
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from ifllm_desktop.gaze.board_views import BoardProgress, ViewCollector
from ifllm_desktop.gaze.camera_board import BoardSpec, BoardView, find_board
from ifllm_desktop.ports import Camera, Frame

NOTHING_YET = BoardProgress()


@dataclass(frozen=True, slots=True, eq=False)
class BoardLook:
    """What the newest frame showed.

    Attributes
    ----------
    state : str
        ``opening``, ``collecting``, ``done`` or ``stopped``.
    frame : Frame or None
        The picture, for the preview only; never stored.
    view : BoardView or None
        Where the board is in it.
    progress : BoardProgress
    """

    state: str = "opening"
    frame: Frame | None = None
    view: BoardView | None = None
    progress: BoardProgress = NOTHING_YET


class BoardRun:
    """Looks through a camera until enough views of a board were collected.

    Parameters
    ----------
    camera : Camera
        Opened and closed by :meth:`run`, on its thread.
    spec : BoardSpec
    """

    def __init__(self, camera: Camera, spec: BoardSpec) -> None:
        self._camera = camera
        self._collector = ViewCollector(spec)
        self._spec = spec
        self._finish = threading.Event()
        self._look = BoardLook()

    @property
    def look(self) -> BoardLook:
        """The newest look; any thread (one reference is read)."""
        return self._look

    @property
    def spec(self) -> BoardSpec:
        """The board that is looked for."""
        return self._spec

    def finish(self) -> None:
        """End with the views that there are; any thread."""
        self._finish.set()

    def run(self, cancel: threading.Event) -> tuple[BoardView, ...]:
        """Look until done, finished or cancelled; returns the views. Raises the camera's WorldError."""
        self._camera.open()
        try:
            while not (cancel.is_set() or self._finish.is_set()):
                frame = self._camera.read()
                if frame is None or frame.image_bgr is None:
                    continue
                view = find_board(frame.image_bgr, self._spec)
                progress = self._collector.add(view)
                self._look = BoardLook("collecting", frame, view, progress)
                if progress.done:
                    break
        finally:
            self._camera.close()
        last = self._look
        state = "stopped" if cancel.is_set() else "done"
        self._look = BoardLook(state, last.frame, last.view, last.progress)
        return self._collector.views
