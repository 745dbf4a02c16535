"""The whole boundary on one page.

Adapters and stores implement these; everything else is handed an object that does. Each method says when it is
called, what it may raise and what happens then.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.assignments import TaskAssignment
from ifllm_desktop.domain.chat import ChatChunk, ChatRequest
from ifllm_desktop.domain.exclusions import ExclusionOperation
from ifllm_desktop.domain.labels import LabelOperation
from ifllm_desktop.domain.samples import Records, Row
from ifllm_desktop.domain.session import Event, PairScore, SegmentInfo, SessionInfo


class Clock(Protocol):
    """Monotonic time. One clock per run; functions take times as arguments and never read one."""

    def now_ns(self) -> int:
        """Monotonic ns since the clock's own start; never goes back."""

    def wall_ns(self) -> int:
        """Wall time, ns since the Unix epoch. For anchors only."""

    def wait_until(self, t_ns: int, cancel: threading.Event | None = None) -> bool:
        """Return at ``t_ns`` (True) or as soon as ``cancel`` is set (False). A simulated clock jumps."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of the camera.

    Attributes
    ----------
    t_ns : int
        Stamped right after the picture was grabbed.
    index : int
        Counts every frame of the run from 0, across loops of a video.
    image_bgr : ndarray of uint8, shape (h, w, 3), or None
        None from the simulated camera, whose landmarks come from the simulated participant.
    size_px : tuple of int
        (width, height) of the picture.
    pass_index : int
        How often a video file has been started again before this frame; 0 for devices.
    driver_ns : int or None
        When the driver had the picture, on the same clock; None where it does not say.
    """

    t_ns: int
    index: int
    image_bgr: NDArray[np.uint8] | None
    size_px: tuple[int, int]
    pass_index: int = 0
    driver_ns: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FaceLandmarks:
    """478 points of MediaPipe's face mesh with iris.

    Attributes
    ----------
    points_px : ndarray of float64, shape (478, 3)
        Picture px, z in the same scale (smaller = nearer). Not mirrored.
    size_px : tuple of int
        (width, height) of the picture.
    """

    points_px: NDArray[np.float64]
    size_px: tuple[int, int]


class Camera(Protocol):
    """A source of frames. ``open`` and ``read`` are called on the camera thread only."""

    devices: str
    """``real``, ``video`` or ``simulated``."""

    def open(self) -> None:
        """Called once. Raises WorldError ``camera_missing``, ``camera_busy``, ``video_unreadable``."""

    def read(self) -> Frame | None:
        """The next frame, waiting for it; None when a picture was due but could not be had (a gap follows).

        Raises WorldError ``camera_lost`` when the device is gone; the worker writes a gap row and opens again.
        """

    def close(self) -> None:
        """Release the device. Called once, also after an error; never raises."""

    def describe(self) -> dict[str, Any]:
        """Name, resolution and nominal rate (``rate_hz``), for the recording's header."""


class Landmarker(Protocol):
    """Finds the face. Belongs to one thread: made, used and closed there."""

    def detect(self, frame: Frame) -> FaceLandmarks | None:
        """Landmarks of the only or nearest face, None without one (becomes a gap row ``no_face``)."""

    def close(self) -> None:
        """Free the model; never raises."""


class ChatModel(Protocol):
    """A back end. One call per answer; two calls may run at the same time on two threads."""

    def stream(self, request: ChatRequest, cancel: threading.Event) -> Iterator[ChatChunk]:
        """Pieces of the answer; the last one, and only it, has ``finish``.

        Never raises: refusals, timeouts and cuts end with ``Finish.ERROR`` or ``Finish.CUT`` and a detail.
        Ends with ``Finish.CANCELLED`` soon after ``cancel`` is set.
        """


class SampleSink(Protocol):
    """Takes rows to be stored. May be called from any thread; never blocks on the disk."""

    def put(self, stream: str, row: Row) -> int:
        """Queue one row; returns its ticket (1, 2, 3 …).

        Raises WorldError ``recording_queue_full`` when the disk does not keep up: nothing is dropped silently,
        the recorder goes to FAULTED.
        """

    def committed(self) -> int:
        """The greatest ticket up to which every row is on disk."""

    def committed_t_ns(self) -> int:
        """The greatest ``t_ns`` among committed rows, −1 at first."""

    def flush(self, timeout_s: float) -> bool:
        """Wait until every queued row is on disk; False when that took too long."""

    def fault(self) -> Exception | None:
        """What stopped the writing (disk full, folder gone), if anything did."""

    def close(self, *, cleanly: bool) -> SegmentInfo:
        """Write the rest, mark the file closed, seal it. Called once."""


class RecordingSource(Protocol):
    """One session to be read: all of its segments on one time axis (session time, ns)."""

    def info(self) -> SessionInfo:
        """The session as the catalogue knows it."""

    def read(self, stream: str, t0_ns: int | None = None, t1_ns: int | None = None) -> Records:
        """Rows of a stream with ``t0_ns <= t_ns < t1_ns``, sorted by time, rows of equal time in stored order."""

    def events(self) -> Sequence[Event]:
        """Every control event, sorted by time."""

    def segments(self) -> Sequence[SegmentInfo]:
        """The files behind it."""

    def wall_ns(self, t_ns: int) -> int:
        """Wall time of a moment of session time."""


@runtime_checkable
class NarrowSource(Protocol):
    """A recording that can leave columns unread: six of the thirty of an hour of landmarks take a quarter of the time.

    Optional: whoever wants it falls back on :meth:`RecordingSource.read`.
    """

    def read_columns(self, stream: str, columns: Sequence[str]) -> Records:
        """Some columns of all rows of a stream, in the order asked for; sorted as by ``RecordingSource.read``."""


class Catalogue(Protocol):
    """The study's own list of people, sessions, exclusions, scores and exports."""

    def add_participant(self, participant_id: str, devices: str, wall_ns: int) -> None:
        """Enter a person once; entering the same id again changes nothing."""

    def participants(self) -> Sequence[str]:
        """Ids in order of entry, without withdrawn ones."""

    def add_session(self, info: SessionInfo) -> None:
        """Enter a new session."""

    def set_session_state(self, session_id: str, state: str) -> None:
        """``open``, ``finished``, ``stopped``."""

    def put_segment(self, segment: SegmentInfo) -> None:
        """Enter a segment or replace what is known of it."""

    def sessions(self) -> Sequence[SessionInfo]:
        """All sessions by time of entry, with their segments."""

    def put_consent(
        self, participant_id: str, session_id: str, scopes: dict[str, bool], wall_ns: int
    ) -> None:
        """Mirror of the consent event. The latest row of a person counts."""

    def consents(self) -> dict[str, dict[str, bool]]:
        """Latest scopes by participant."""

    def put_assignments(self, tasks: Sequence[TaskAssignment]) -> None:
        """Enter what a session was assigned."""

    def complete_assignments(self, session_id: str, task_ids: Sequence[str]) -> None:
        """These tasks of a session were finished."""

    def assignments(self, session_id: str | None = None) -> Sequence[TaskAssignment]:
        """What was assigned so far, in order of entry."""

    def put_scores(self, scores: Sequence[PairScore]) -> None:
        """Replace the scores of the same (pair, model)."""

    def scores(self) -> Sequence[PairScore]:
        """All scores, sorted by pair and model."""

    def log_export(self, format_name: str, out: str, sha256: str, n_rows: int, wall_ns: int) -> None:
        """Append to the export log."""


class LabelLog(Protocol):
    """Append-only history of label operations."""

    def append(self, operation: LabelOperation) -> None:
        """On disk when it returns. Raises DataError ``label_conflict`` when the sequence number is taken."""

    def operations(self, session_id: str | None = None) -> Sequence[LabelOperation]:
        """In order of (wall time, annotator, station, sequence)."""


class ExclusionLog(Protocol):
    """Append-only history of exclusion sets."""

    def append_exclusion(self, operation: ExclusionOperation) -> None:
        """On disk when it returns. Raises DataError ``exclusion_conflict`` when its id is taken."""

    def exclusion_operations(self) -> Sequence[ExclusionOperation]:
        """In the order in which they were appended."""


class ScoreSink(Protocol):
    """Where a reward model puts its scores."""

    def put_scores(self, scores: Sequence[PairScore]) -> None:
        """See :meth:`Catalogue.put_scores`."""
