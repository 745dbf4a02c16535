"""Capture without threads, for a simulated clock: frames are processed when the clock has reached them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from ifllm_desktop.capture.outage import ROW_EVERY_NS, FrameLedger, Missing
from ifllm_desktop.capture.pipeline import Observation, Pipeline
from ifllm_desktop.domain.errors import IfllmError
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.ports import Camera, Clock

_NEVER_NS = 2**62
_REOPEN_NS = NS_PER_S


class InlineCapture:
    """The same interface as ``CaptureWorker``; everything happens inside :meth:`take`.

    Parameters
    ----------
    camera : Camera
        Its ``rate_hz`` (from ``describe``) says when the next frame is due.
    """

    def __init__(self, camera: Camera, pipeline: Pipeline, clock: Clock) -> None:
        self._camera = camera
        self._clock = clock
        self._next_due_ns = _NEVER_NS
        self._rate_hz = 30.0
        self._first_ns = self._n_due = self._n_frames = 0
        self._problems: list[tuple[str, Exception | None]] = []
        self.pipeline: Pipeline | None = pipeline
        self.n_passes = 0
        self._lost = False
        self._ledger = FrameLedger(self._rate_hz)
        self._facts: dict[str, Any] = {}

    def start(self) -> None:
        """Open the camera. Its errors are reported, as in the threaded run, by :meth:`take_problems`."""
        try:
            self._camera.open()
        except IfllmError as error:
            self._problems.append(("failed", error))
            self._next_due_ns = _NEVER_NS
            return
        self._problems.append(("opened", None))
        self._begin_schedule(self._clock.now_ns())

    def describe(self) -> dict[str, Any]:
        """What the open camera says of itself; empty before it was opened."""
        return dict(self._facts)

    def switch(self, camera: Camera) -> None:
        """Go on with another camera; raises nothing, a camera that cannot be opened is a lost one."""
        self._camera.close()
        self._camera, self._lost = camera, True
        self._ledger.begin(self._clock.now_ns())
        self._next_due_ns = self._clock.now_ns()
        self._problems.append(("switched", None))

    def take(self) -> list[Observation]:
        """Process every frame that is due by now."""
        out: list[Observation] = []
        assert self.pipeline is not None
        while self._next_due_ns <= self._clock.now_ns():
            if self._lost and not self._opened_again():
                continue
            try:
                frame = self._camera.read()
            except IfllmError as error:
                self._lose(error)
                continue
            if frame is not None and frame.t_ns - self._next_due_ns > NS_PER_S:
                self._begin_schedule(frame.t_ns)  # the clock jumped: catching up would play too fast
            self._due_next()
            t_ns = frame.t_ns if frame is not None else self._clock.now_ns()
            self._enter(self._ledger.frame(t_ns))
            if frame is None:
                self.pipeline.lost(self.pipeline.session_ns(self._clock.now_ns()), -1, 1, "no_picture")
                continue
            frame = replace(frame, index=self._n_frames)  # one numbering through all cameras
            self._n_frames += 1
            if frame.pass_index != self.n_passes:
                self.n_passes = frame.pass_index
                self._problems.append(("looped", None))
            out.append(self.pipeline.process(frame))
        return out

    def _lose(self, error: IfllmError) -> None:
        self._camera.close()
        self._lost = True
        self._problems.append(("lost", error))
        now_ns = self._clock.now_ns()
        self._ledger.begin(now_ns)
        self._enter(self._ledger.owed(now_ns, at_least_ns=ROW_EVERY_NS))
        self._next_due_ns = now_ns + _REOPEN_NS

    def _enter(self, missing: Missing | None) -> None:
        if missing is not None:
            assert self.pipeline is not None
            self.pipeline.lost(self.pipeline.session_ns(missing.t_ns), -1, missing.n_frames, "camera_lost")

    def _opened_again(self) -> bool:
        try:
            self._camera.open()
        except IfllmError:
            self._enter(self._ledger.owed(self._next_due_ns, at_least_ns=ROW_EVERY_NS))
            self._next_due_ns += _REOPEN_NS
            return False
        self._lost = False
        self._begin_schedule(self._clock.now_ns())
        self._problems.append(("opened", None))
        return True

    def _begin_schedule(self, t_ns: int) -> None:
        self._facts = self._camera.describe()
        self._rate_hz = float(self._facts["rate_hz"])
        self._ledger.set_rate(self._rate_hz)
        self._first_ns = self._next_due_ns = t_ns
        self._n_due = 0

    def _due_next(self) -> None:
        # counted from the first frame, not from the last: a frame is taken a little late and that must not add up
        self._n_due += 1
        self._next_due_ns = self._first_ns + math.ceil(self._n_due * NS_PER_S / self._rate_hz)

    def take_problems(self) -> list[tuple[str, Exception | None]]:
        """See ``CaptureWorker``."""
        out, self._problems = self._problems, []
        return out

    def stop(self) -> None:
        """Close camera and landmarker."""
        self._enter(self._ledger.owed(self._clock.now_ns()))
        self._camera.close()
        if self.pipeline is not None:
            self.pipeline.close()
