"""Camera and vision threads of the live run.

The camera thread grabs and stamps; the vision thread makes the landmarker, runs the pipeline and hands
observations on. Neither touches a widget or a database. A lost camera becomes gap rows and is opened again.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from ifllm_desktop.capture.pipeline import Observation, Pipeline
from ifllm_desktop.capture.queues import LatestSlot
from ifllm_desktop.domain.errors import IfllmError
from ifllm_desktop.ports import Camera, Clock

_log = logging.getLogger(__name__)
_REOPEN_S = 1.0
_JOIN_S = 3.0


class CaptureWorker:
    """Runs a camera and a pipeline on two threads.

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
        self._camera = camera
        self._make_pipeline = make_pipeline
        self._clock = clock
        self._slot = LatestSlot(lossless=camera.devices == "video")
        self._stop = threading.Event()
        self._observations: deque[Observation] = deque(maxlen=4096)
        self._problems: deque[tuple[str, Exception | None]] = deque()
        self._threads: list[threading.Thread] = []
        self.pipeline: Pipeline | None = None
        self.ready = threading.Event()
        self.n_passes = 0

    def start(self) -> None:
        """Start both threads; problems are reported by :meth:`take_problems`."""
        for name, target in (("vision", self._run_vision), ("camera", self._run_camera)):
            thread = threading.Thread(target=target, name=f"ifllm-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

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
        self._stop.set()
        self._slot.close()
        for thread in reversed(self._threads):
            thread.join(_JOIN_S)
            if thread.is_alive():
                _log.error("thread %s did not stop within %s s", thread.name, _JOIN_S)

    def _run_camera(self) -> None:
        try:
            self.ready.wait(60.0)  # the landmarker loads once; frames before that would only be thrown away
            missing = ""  # what the camera was last found to miss; said once, not at every try to open it
            while not self._stop.is_set():
                try:
                    self._camera.open()
                    missing = ""
                    self._problems.append(("opened", None))
                    self._read_until_stopped()
                except IfllmError as error:
                    if not missing:
                        self._lost(1, "camera_lost")
                    if missing != error.code:
                        self._problems.append(("lost", error))
                    missing = error.code
                    self._camera.close()
                    self._stop.wait(_REOPEN_S)
        finally:
            self._camera.close()
            self._slot.close()

    def _read_until_stopped(self) -> None:
        while not self._stop.is_set():
            frame = self._camera.read()
            if frame is None:
                self._lost(1, "no_picture")
                continue
            if frame.pass_index != self.n_passes:
                self.n_passes = frame.pass_index
                self._problems.append(("looped", None))
            self._slot.put(frame)

    def _lost(self, n_frames: int, reason: str) -> None:
        pipeline = self.pipeline
        if pipeline is not None:
            pipeline.lost(pipeline.session_ns(self._clock.now_ns()), -1, n_frames, reason)

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
