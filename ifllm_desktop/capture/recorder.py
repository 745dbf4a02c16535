"""The recorder: what may be written when, on the session's own time axis.

::

    IDLE ──start──► RECORDING ◄──resume── PAUSED
                      │  │ └────pause──────►│
                      │  └─sink fails─► FAULTED
                      └──stop──► STOPPED ◄──stop── (PAUSED, FAULTED)

While paused nothing of the person is stored: only control events and what the program itself puts on the screen,
whose rows are differences from the ones before, so that a missing one would spoil all later ones. A fault of the
sink is kept and shown; it never raises into a device's thread.
"""

from __future__ import annotations

import threading
from collections import Counter
from enum import StrEnum

from ifllm_desktop.domain.errors import BugError, IfllmError
from ifllm_desktop.domain.samples import CONTROL_STREAMS, Row
from ifllm_desktop.domain.session import SegmentInfo
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.ports import Clock, SampleSink

ANCHOR_EVERY_NS = 60 * NS_PER_S
"""Wall time is tied to the monotonic clock this often (architecture: start, every 60 s, end)."""


KEPT_WHILE_PAUSED = CONTROL_STREAMS | {"layout_epoch", "layout_block", "reveal", "aoi", "window"}
"""An answer goes on arriving behind the cover of a pause, and the window may be moved."""


class RecorderState(StrEnum):
    """See the module's picture."""

    IDLE = "idle"
    RECORDING = "recording"
    PAUSED = "paused"
    FAULTED = "faulted"
    STOPPED = "stopped"


class Recorder:
    """Hands rows of all threads to one sink and keeps count.

    Parameters
    ----------
    sink : SampleSink
        Where rows go.
    clock : Clock
        Read for anchors only; every row brings its own time.
    """

    def __init__(self, sink: SampleSink, clock: Clock) -> None:
        self.sink = sink
        self._clock = clock
        self._lock = threading.Lock()
        self._state = RecorderState.IDLE
        self._t0_ns = 0
        self._next_anchor_ns = 0
        self._fault: Exception | None = None
        self._last_control_ticket = 0
        self.n_rows: Counter[str] = Counter()

    @property
    def state(self) -> RecorderState:
        """The present state; a fault of the sink shows here at once."""
        if self._state in (RecorderState.RECORDING, RecorderState.PAUSED) and self.fault() is not None:
            self._state = RecorderState.FAULTED
        return self._state

    def fault(self) -> Exception | None:
        """What stopped the writing, if anything did."""
        return self._fault or self.sink.fault()

    def start(self) -> None:
        """Begin the segment: session time 0 is now."""
        if self._state is not RecorderState.IDLE:
            raise BugError("recorder_state", state=self._state)
        self._t0_ns = self._clock.now_ns()
        self._state = RecorderState.RECORDING
        self._anchor(0)
        self._next_anchor_ns = ANCHOR_EVERY_NS

    def now_ns(self) -> int:
        """Session time, ns."""
        return self._clock.now_ns() - self._t0_ns

    def session_ns(self, clock_ns: int) -> int:
        """Session time of a reading of the clock."""
        return clock_ns - self._t0_ns

    def record(self, stream: str, row: Row) -> int:
        """Queue one row (its first value is session time); returns the ticket, 0 when it was not stored.

        Rows are not stored while paused (but for ``KEPT_WHILE_PAUSED``), after a fault, or outside a recording.
        """
        state = self.state
        allowed = state is RecorderState.RECORDING or (
            state is RecorderState.PAUSED and stream in KEPT_WHILE_PAUSED
        )
        if not allowed:
            return 0
        try:
            ticket = self.sink.put(stream, row)
        except IfllmError as error:
            self._fault = self._fault or error
            return 0
        with self._lock:  # Counter updates are not atomic across threads
            self.n_rows[stream] += 1
            if stream in CONTROL_STREAMS:
                self._last_control_ticket = max(self._last_control_ticket, ticket)
        return ticket

    def tick(self) -> None:
        """Write an anchor when one is due. Called a few times a second."""
        now_ns = self.now_ns()
        if self._state is RecorderState.RECORDING and now_ns >= self._next_anchor_ns:
            self._anchor(now_ns)
            self._next_anchor_ns = now_ns + ANCHOR_EVERY_NS

    def control_saved(self) -> bool:
        """Whether every control event (vote, rating, consent …) is on disk: only then may a view say so."""
        return self.sink.committed() >= self._last_control_ticket

    def committed_t_ns(self) -> int:
        """Session time up to which something is on disk, −1 at first."""
        return self.sink.committed_t_ns()

    def pause(self) -> None:
        """Stop storing samples."""
        if self._state is RecorderState.RECORDING:
            self._state = RecorderState.PAUSED

    def resume(self) -> None:
        """Store samples again."""
        if self._state is RecorderState.PAUSED:
            self._state = RecorderState.RECORDING

    def stop(self, *, cleanly: bool = True) -> SegmentInfo:
        """Write the last anchor and seal the segment. Not clean after a fault."""
        if self._state is RecorderState.STOPPED:
            raise BugError("recorder_state", state=self._state)
        faulted = self.fault() is not None
        if not faulted and self._state is not RecorderState.IDLE:
            self._state = RecorderState.RECORDING
            self._anchor(self.now_ns())
        self._state = RecorderState.STOPPED
        return self.sink.close(cleanly=cleanly and not faulted)

    def _anchor(self, t_ns: int) -> None:
        self.record("anchor", (t_ns, self._clock.wall_ns()))
