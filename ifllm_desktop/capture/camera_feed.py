"""The camera's side of the live run: one thread that reads, one that notices when it does not.

::

    starting ──opened──► opened ──error, or no frame for 1 s──► lost ──opened again, or a frame──► opened
        └────error──► lost                    switch() ──► starting, with the next camera

Reading may block for as long as a driver likes; the watchdog, which never touches the camera, enters the missing
frames meanwhile. What the camera thread waits for is never waited for by anybody else without a limit.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ifllm_desktop.capture.outage import ROW_EVERY_NS, FrameLedger, Missing
from ifllm_desktop.domain.errors import IfllmError, WorldError
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.ports import Camera, Clock, Frame

_log = logging.getLogger(__name__)

STALLED_AFTER_NS = NS_PER_S
"""A read that takes longer is an outage, whether or not the driver ever reports one."""
OPEN_LIMIT_NS = 12 * NS_PER_S
"""Some drivers take seconds to open a camera; longer than this is said."""
REOPEN_AFTER_S = (0.25, 0.5, 1.0, 2.0)
"""Waits between tries to open a lost camera; the last one is repeated: found within two seconds of plugging in."""
JOIN_S = 3.0
_WATCH_S = 0.1
_READY_LIMIT_S = 60.0
_DEFAULT_RATE_HZ = 30.0

Lost = Callable[[int, int, str], None]
Report = Callable[[str, Exception | None], None]


class CameraFeed:
    """Reads a camera until stopped, through losses, hangs and changes of the camera.

    Parameters
    ----------
    camera : Camera
        Opened, read and closed on the camera thread only.
    clock : Clock
        Says when frames were due.
    put : callable
        Takes each frame; may wait (a video file), which is no outage. Frames are numbered through all cameras.
    lost : callable
        Takes ``(t_ns, n_frames, reason)``: clock time of the first missing frame, how many, why
        (``camera_lost``, ``camera_switched``, ``no_picture``). Called on the camera thread and the watchdog.
    report : callable
        Takes ``(state, error)``: ``opened``, ``lost``, ``switched``, ``looped``, ``failed``.
    ready : threading.Event
        Set when frames can be taken; the camera is not opened before.

    Attributes
    ----------
    n_passes : int
        How often a video file has been started again.
    """

    def __init__(
        self,
        camera: Camera,
        clock: Clock,
        put: Callable[[Frame], None],
        lost: Lost,
        report: Report,
        ready: threading.Event,
    ) -> None:
        self._camera = camera
        self._clock = clock
        self._put, self._lost, self._report = put, lost, report
        self._ready = ready
        self._stop = threading.Event()
        self._lock = threading.Lock()  # guards everything below; never held while the camera is touched
        self._ledger = FrameLedger(_DEFAULT_RATE_HZ)
        self._reason = "camera_lost"
        self._said = ""
        self._waiting_since_ns: int | None = None
        self._opening = False
        self._generation = 0
        self._n_frames = 0
        self._facts: dict[str, Any] = {}
        self._thread: threading.Thread | None = None
        self._watchdog = threading.Thread(target=self._watch, name="ifllm-camera-watchdog", daemon=True)
        self.n_passes = 0

    def start(self) -> None:
        """Start both threads."""
        self._begin(self._camera, None)
        self._watchdog.start()

    def switch(self, camera: Camera) -> None:
        """Go on with another camera; the frames of the time between are missing ones (``camera_switched``).

        The old camera is closed by its own thread. Where that thread hangs in its driver it is left behind after
        ``JOIN_S``; what it may still deliver is thrown away.
        """
        with self._lock:
            if self._stop.is_set():
                return
            self._generation += 1
            self._reason = "camera_switched"
            self._ledger.begin(self._clock.now_ns())
            self._said = ""
            self._facts = {}
            before = self._thread
        self._report("switched", None)
        self._begin(camera, before)

    def describe(self) -> dict[str, Any]:
        """What the open camera said of itself when it was opened; empty before."""
        with self._lock:
            return dict(self._facts)

    def stop(self) -> None:
        """End both threads, each within ``JOIN_S``, and enter what is still missing."""
        now_ns = self._clock.now_ns()
        self._stop.set()
        self._ready.set()
        for thread in (self._thread, self._watchdog):
            if thread is not None and thread.ident is not None:
                thread.join(JOIN_S)
                if thread.is_alive():
                    _log.error("thread %s did not stop within %s s", thread.name, JOIN_S)
        with self._lock:
            self._generation += 1  # a camera thread that hangs must not speak any more
            missing, reason = self._ledger.owed(now_ns), self._reason
        self._enter(missing, reason)

    # ---- camera thread -----------------------------------------------------------------------

    def _begin(self, camera: Camera, before: threading.Thread | None) -> None:
        thread = threading.Thread(
            target=self._run, args=(camera, self._generation, before), name="ifllm-camera", daemon=True
        )
        self._camera, self._thread = camera, thread
        thread.start()

    def _current(self, generation: int) -> bool:
        return not self._stop.is_set() and generation == self._generation

    def _run(self, camera: Camera, generation: int, before: threading.Thread | None) -> None:
        n_tries = 0
        try:
            self._ready.wait(_READY_LIMIT_S)  # the landmarker loads once; frames before would be thrown away
            if before is not None:
                before.join(JOIN_S)
            while self._current(generation):
                try:
                    self._open(camera, generation)
                    n_tries = 0
                    while self._current(generation):
                        self._read(camera, generation)
                except IfllmError as error:
                    self._down(error, generation)
                    camera.close()
                    self._stop.wait(REOPEN_AFTER_S[min(n_tries, len(REOPEN_AFTER_S) - 1)])
                    n_tries += 1
        except Exception as error:  # noqa: BLE001 - the top of a thread: a dead camera has to become visible
            _log.info("the camera thread stopped", exc_info=error)
            self._down(error, generation, state="failed")
        finally:
            camera.close()
            with self._lock:
                if generation == self._generation:
                    self._waiting_since_ns = None

    def _open(self, camera: Camera, generation: int) -> None:
        self._wait_begins(generation, opening=True)
        camera.open()
        facts = camera.describe()
        with self._lock:
            if generation != self._generation:
                return
            self._waiting_since_ns, self._opening = None, False
            self._facts = facts
            self._ledger.set_rate(float(facts.get("rate_hz") or _DEFAULT_RATE_HZ))
        self._up(generation)

    def _read(self, camera: Camera, generation: int) -> None:
        self._wait_begins(generation)
        frame = camera.read()
        t_ns = frame.t_ns if frame is not None else self._clock.now_ns()
        with self._lock:
            if generation != self._generation:
                return
            self._waiting_since_ns = None
            out, reason, missing = self._ledger.out, self._reason, None
            if frame is None:
                if not out:  # an outage owes it already
                    self._ledger.frame(t_ns)
            else:
                missing = self._ledger.frame(t_ns)
                self._reason = "camera_lost"
                frame = replace(frame, index=self._n_frames)
                self._n_frames += 1
        if frame is None:
            if not out:
                self._lost(t_ns, 1, "no_picture")
            return
        self._enter(missing, reason)
        self._up(generation)
        if frame.pass_index != self.n_passes:
            self.n_passes = frame.pass_index
            self._report("looped", None)
        self._put(frame)

    def _wait_begins(self, generation: int, *, opening: bool = False) -> None:
        now_ns = self._clock.now_ns()
        with self._lock:
            if generation == self._generation:
                self._waiting_since_ns, self._opening = now_ns, opening

    def _up(self, generation: int) -> None:
        with self._lock:
            news = generation == self._generation and self._said != "opened"
            if news:
                self._said = "opened"
        if news:
            self._report("opened", None)

    def _down(self, error: Exception, generation: int, *, state: str = "lost") -> None:
        code = error.code if isinstance(error, IfllmError) else type(error).__name__
        now_ns = self._clock.now_ns()
        with self._lock:
            if generation != self._generation:
                return
            self._waiting_since_ns = None
            self._ledger.begin(now_ns)
            news = self._said != code  # said once, not at every try to open it
            self._said = code
        if news:
            self._report(state, error)

    # ---- watchdog ----------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stop.wait(_WATCH_S):
            self._look(self._clock.now_ns())

    def _look(self, now_ns: int) -> None:
        stalled = None
        with self._lock:
            since_ns, limit_ns = self._waiting_since_ns, OPEN_LIMIT_NS if self._opening else STALLED_AFTER_NS
            if since_ns is not None and now_ns - since_ns > limit_ns and self._said in ("", "opened"):
                self._ledger.begin(now_ns)
                self._said = "camera_stalled"
                stalled = WorldError(
                    "camera_stalled", device=self._facts.get("name", ""), since_ms=(now_ns - since_ns) // NS_PER_MS
                )  # fmt: skip
            missing, reason = self._ledger.owed(now_ns, at_least_ns=ROW_EVERY_NS), self._reason
        if stalled is not None:
            self._report("lost", stalled)
        self._enter(missing, reason)

    def _enter(self, missing: Missing | None, reason: str) -> None:
        if missing is not None:
            self._lost(missing.t_ns, missing.n_frames, reason)
