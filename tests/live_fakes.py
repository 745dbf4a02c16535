"""Fakes of the ports that the live half stands on: sink, clock, camera, landmarker, back end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ifllm_desktop.adapters.simulated_person import SimulatedPerson
from ifllm_desktop.domain.chat import ChatChunk, ChatRequest, Finish
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.session import SegmentInfo
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.ports import Clock, FaceLandmarks, Frame

SIZE_PX = (1280, 720)


class MemorySink:
    """Rows in a list; commits when told to. Implements ``ports.SampleSink``."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, Row]] = []
        self.n_committed = 0
        self.error: Exception | None = None
        self.refuse: Exception | None = None
        self.closed: bool | None = None

    def put(self, stream: str, row: Row) -> int:
        if self.refuse is not None:
            raise self.refuse
        self.rows.append((stream, row))
        return len(self.rows)

    def committed(self) -> int:
        return self.n_committed

    def committed_t_ns(self) -> int:
        return max((row[0] for _, row in self.rows[: self.n_committed]), default=-1)

    def flush(self, timeout_s: float) -> bool:
        self.n_committed = len(self.rows)
        return True

    def fault(self) -> Exception | None:
        return self.error

    def close(self, *, cleanly: bool) -> SegmentInfo:
        self.closed = cleanly
        return SegmentInfo("s-1-1", "s-1", 1, "s-1-1.sqlite", closed_cleanly=cleanly)

    def of(self, stream: str) -> list[Row]:
        return [row for name, row in self.rows if name == stream]


class FakeCamera:
    """Frames every 1/30 s of the clock; None and errors as scripted by frame number. Implements ``ports.Camera``."""

    def __init__(
        self, clock: Clock, script: dict[int, Exception | None] | None = None, devices: str = "real"
    ) -> None:
        self.devices = devices
        self.n_opened = self.n_closed = 0
        self.open_error: Exception | None = None
        self.loop_every = 0
        self._clock = clock
        self._script = dict(script or {})
        self._n_read = self._n_frames = 0
        self._due_ns = 0

    def open(self) -> None:
        self.n_opened += 1
        if self.open_error is not None:
            raise self.open_error
        self._due_ns = self._clock.now_ns()

    def read(self) -> Frame | None:
        number, self._n_read = self._n_read, self._n_read + 1
        if number in self._script:
            error = self._script[number]
            if error is not None:
                raise error
            return None
        self._clock.wait_until(self._due_ns)
        self._due_ns += NS_PER_S // 30
        frame = picture(
            self._clock.now_ns(), self._n_frames, self._n_frames // self.loop_every if self.loop_every else 0
        )
        self._n_frames += 1
        return frame

    def close(self) -> None:
        self.n_closed += 1

    def describe(self) -> dict[str, Any]:
        return {
            "name": "fake",
            "width": SIZE_PX[0],
            "height": SIZE_PX[1],
            "rate_hz": 30.0,
            "devices": self.devices,
        }


class FakeLandmarker:
    """A face in every frame but those named. Implements ``ports.Landmarker``."""

    def __init__(self, without: Sequence[int] = (), eyeless: Sequence[int] = ()) -> None:
        self.without, self.eyeless = set(without), set(eyeless)
        self.n_closed = 0
        self.fail: Exception | None = None
        self.seen: list[int] = []
        self._face = face()

    def detect(self, frame: Frame) -> FaceLandmarks | None:
        self.seen.append(frame.index)
        if self.fail is not None:
            raise self.fail
        if frame.index in self.without:
            return None
        if frame.index in self.eyeless:
            return FaceLandmarks(np.full_like(self._face.points_px, np.nan), SIZE_PX)
        return self._face

    def close(self) -> None:
        self.n_closed += 1


class FakeChat:
    """Pieces of a text with due times; notes what was cancelled. Implements ``ports.ChatModel``."""

    def __init__(
        self, pieces: Sequence[str] = ("One ", "two ", "three."), every_ns: int = NS_PER_S // 100
    ) -> None:
        self.pieces, self.every_ns = list(pieces), every_ns

    def stream(self, request: ChatRequest, cancel: threading.Event) -> Iterator[ChatChunk]:
        for number, text in enumerate(self.pieces, start=1):
            if cancel.is_set():
                yield ChatChunk("", finish=Finish.CANCELLED)
                return
            yield ChatChunk(f"{request.response_id}:{text}", due_ns=number * self.every_ns)
        yield ChatChunk("", due_ns=len(self.pieces) * self.every_ns, finish=Finish.STOP)


def picture(t_ns: int, index: int, pass_index: int = 0) -> Frame:
    """A frame without a picture."""
    return Frame(t_ns, index, None, SIZE_PX, pass_index)


def face() -> FaceLandmarks:
    """The landmarks of somebody who looks at the screen."""
    person = SimulatedPerson(1, Screen(1440.0, 900.0, 1.0, 344.0, 215.0, 600.0), 7)
    for step in range(200):
        found = person.landmarks_at(step * NS_PER_S // 30, SIZE_PX)
        if found is not None:
            return found
    raise AssertionError("no face in six seconds")
