"""Measuring latency: the window fed by a running session, or by a camera that is opened for it alone."""

from __future__ import annotations

from collections import deque
from typing import Any

from PySide6.QtCore import QObject, QPoint, QTimer, Signal
from PySide6.QtWidgets import QWidget

from ifllm_desktop.compose_devices import camera_frames, camera_setup, keep_latency
from ifllm_desktop.gaze.latency import Latency
from ifllm_desktop.ports import Frame
from ifllm_desktop.ui.bridge import Background, Job
from ifllm_desktop.ui.latency_window import LatencyWindow
from ifllm_desktop.wording import sentence

_POLL_MS = 15


def show_beside(window: LatencyWindow, owner: QWidget) -> None:
    """Show it on the screen of another window, in its middle: that screen is the one that is measured."""
    place = owner.screen().availableGeometry()
    window.setScreen(owner.screen())
    window.move(place.center() - QPoint(window.width() // 2, window.height() // 2))
    window.show()
    window.raise_()
    window.activateWindow()


class LatencyRun(QObject):
    """Opens a camera, measures, keeps what came out in the camera's profile, and closes it.

    Attributes
    ----------
    kept : Signal(dict)
        What was stored.
    problem : Signal(str)
        One sentence.
    closed : Signal()
        The camera is closed again.
    """

    kept = Signal(dict)
    problem = Signal(str)
    closed = Signal()

    def __init__(self, spec: str, owner: QWidget) -> None:
        super().__init__(owner)
        self._spec = spec
        self._frames: deque[Frame] = deque(maxlen=256)
        self._problems: deque[Exception] = deque(maxlen=8)
        self._background = Background(self)
        self._feed, clock = camera_frames(spec, self._frames.append, self._report)
        self.window = LatencyWindow(clock.now_ns, "")
        self.window.measured.connect(self._keep)
        self.window.closed.connect(self._close)
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._take)
        self._feed.start()
        self._poll.start()
        show_beside(self.window, owner)

    def _report(self, state: str, error: Exception | None) -> None:
        if error is not None:
            self._problems.append(error)

    def _take(self) -> None:
        while self._frames:
            self.window.add_frame(self._frames.popleft())
        while self._problems:
            self.window.say(sentence(self._problems.popleft()))

    def _keep(self, found: Latency) -> None:
        def work(_: Job) -> dict[str, Any]:
            setup = camera_setup(self._spec)
            keep_latency(setup.camera_id, setup.name, found.to_json())
            return found.to_json()

        self._background.run(work, self.kept.emit, lambda error: self.problem.emit(sentence(error)))

    def finish(self) -> None:
        """End at once, with the window that owns this; returns when the camera is closed."""
        self.window.closed.disconnect(self._close)
        self._poll.stop()
        self._feed.stop()
        self._background.close()
        self.window.close()
        self.window.deleteLater()

    def _close(self) -> None:
        self._poll.stop()
        self._background.run(lambda _: self._feed.stop(), lambda _: self._end(), lambda _: self._end())

    def _end(self) -> None:
        self.closed.emit()
        self.window.deleteLater()
        self._background.close()
        self.deleteLater()
