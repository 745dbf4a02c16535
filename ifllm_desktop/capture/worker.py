"""Camera and vision threads of the live run.

The camera feed grabs and stamps; the vision thread makes the landmarker, runs the pipeline and hands observations
on. Neither touches a widget or a database. A lost or hanging camera becomes gap rows and is opened again.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ifllm_desktop.capture.camera_feed import JOIN_S, CameraFeed
from ifllm_desktop.capture.pipeline import Observation, Pipeline
from ifllm_desktop.capture.queues import LatestSlot
from ifllm_desktop.domain.errors import IfllmError
from ifllm_desktop.ports import Camera, Clock

_log = logging.getLogger(__name__)


class CaptureWorker:
    """Runs a camera and a pipeline on threads of their own.

    Parameters
    ----------
    camera : Camera
        Opened, read and closed on the camera thread.
    make_pipeline : callable
        Called on the vision thread (a landmarker belongs to one thread).
    clock : Clock
        Measures the latency from frame to row.
    """

    def __init__(self, camera: Camera, make_pipeline: Callable[[], Pipeline], clock: Clock) -> None:
        self._make_pipeline = make_pipeline
        self._clock = clock
        self._slot = LatestSlot(lossless=camera.devices == "video")
        self._observations: deque[Observation] = deque(maxlen=4096)
        self._problems: deque[tuple[str, Exception | None]] = deque()
        self._vision = threading.Thread(target=self._run_vision, name="ifllm-vision", daemon=True)
        self.pipeline: Pipeline | None = None
        self.ready = threading.Event()
        self._feed = CameraFeed(camera, clock, self._slot.put, self._lost, self._report, self.ready)

    @property
    def n_passes(self) -> int:
        """How often a video file has been started again."""
        return self._feed.n_passes

    def start(self) -> None:
        """Start the threads; problems are reported by :meth:`take_problems`."""
        self._vision.start()
        self._feed.start()

    def switch(self, camera: Camera) -> None:
        """Go on with another camera, in the same recording; see :meth:`CameraFeed.switch`."""
        self._slot.set_lossless(camera.devices == "video")
        self._feed.switch(camera)

    def describe(self) -> dict[str, Any]:
        """What the open camera says of itself; empty before it was opened."""
        return self._feed.describe()

    def take(self) -> list[Observation]:
        """Observations since the last call, oldest first. Called by the main thread, 30 times a second."""
        out: list[Observation] = []
        while self._observations:
            out.append(self._observations.popleft())
        return out

    def take_problems(self) -> list[tuple[str, Exception | None]]:
        """State changes of the camera since the last call: ``(state, error)``, e.g. ``("lost", error)``."""
        out: list[tuple[str, Exception | None]] = []
        while self._problems:
            out.append(self._problems.popleft())
        return out

    def stop(self) -> None:
        """Camera first, then vision; each join has a limit and a log line."""
        self._slot.close()
        self._feed.stop()
        self._vision.join(JOIN_S)
        if self._vision.is_alive():
            _log.error("thread %s did not stop within %s s", self._vision.name, JOIN_S)

    def _report(self, state: str, error: Exception | None) -> None:
        self._problems.append((state, error))

    def _lost(self, t_ns: int, n_frames: int, reason: str) -> None:
        pipeline = self.pipeline
        if pipeline is not None:
            pipeline.lost(pipeline.session_ns(t_ns), -1, n_frames, reason)

    def _run_vision(self) -> None:
        try:
            pipeline = self._make_pipeline()
        except IfllmError as error:
            self._problems.append(("failed", error))
            self.ready.set()
            return
        self.pipeline = pipeline
        self.ready.set()
        try:
            while not self._slot.drained:
                frame, replaced = self._slot.take(0.2)
                for old in replaced:
                    pipeline.dropped(old)
                if frame is not None:
                    observation = pipeline.process(frame)
                    latency_ns = self._clock.now_ns() - frame.t_ns
                    self._observations.append(replace(observation, latency_ns=latency_ns))
        except Exception as error:  # noqa: BLE001 - the top of a thread: a dead pipeline has to become visible
            _log.info("the gaze pipeline stopped", exc_info=error)
            self._problems.append(("failed", error))
            self._slot.close()  # nobody takes frames any more: the camera must not wait for that
        finally:
            pipeline.close()
