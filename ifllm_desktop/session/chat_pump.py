"""Answers as they arrive, on threads for a real clock and without any for a simulated one.

Both deliver ``(t_ns, response_id, chunk)`` with the clock's time of receipt, in order of receipt.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ifllm_desktop.domain.chat import ChatChunk, ChatRequest, Finish
from ifllm_desktop.ports import ChatModel, Clock

_log = logging.getLogger(__name__)
_JOIN_S = 1.0

Delivery = tuple[int, str, ChatChunk]


class ChatPump(Protocol):
    """Runs requests and hands their pieces to the main loop."""

    def start(self, request: ChatRequest) -> None:
        """Send a request now."""

    def poll(self) -> list[Delivery]:
        """Pieces received since the last call."""

    def cancel(self, response_id: str) -> None:
        """Stop one answer; its last piece says ``Finish.CANCELLED``."""

    def close(self) -> None:
        """Stop all of them."""


class ThreadedChatPump:
    """One daemon thread per answer; each piece is stamped when it is read."""

    def __init__(self, model: ChatModel, clock: Clock) -> None:
        self._model = model
        self._clock = clock
        self._received: deque[Delivery] = deque()
        self._running: dict[str, tuple[threading.Thread, threading.Event]] = {}

    def start(self, request: ChatRequest) -> None:
        """See :class:`ChatPump`."""
        cancel = threading.Event()
        thread = threading.Thread(
            target=self._run, args=(request, cancel), name=f"ifllm-chat-{request.response_id}", daemon=True
        )
        self._running[request.response_id] = (thread, cancel)
        thread.start()

    def poll(self) -> list[Delivery]:
        """See :class:`ChatPump`."""
        out: list[Delivery] = []
        while self._received:
            out.append(self._received.popleft())
        return out

    def cancel(self, response_id: str) -> None:
        """See :class:`ChatPump`."""
        if response_id in self._running:
            self._running[response_id][1].set()

    def close(self) -> None:
        """See :class:`ChatPump`."""
        for _, cancel in self._running.values():
            cancel.set()
        for thread, _ in self._running.values():
            thread.join(_JOIN_S)
            if thread.is_alive():
                _log.error("thread %s did not stop within %s s", thread.name, _JOIN_S)
        self._running.clear()

    def _run(self, request: ChatRequest, cancel: threading.Event) -> None:
        t_sent_ns = self._clock.now_ns()
        for chunk in self._model.stream(request, cancel):
            if chunk.due_ns is not None and not self._clock.wait_until(t_sent_ns + chunk.due_ns, cancel):
                self._put(request, ChatChunk("", finish=Finish.CANCELLED))
                return
            self._put(request, chunk)

    def _put(self, request: ChatRequest, chunk: ChatChunk) -> None:
        self._received.append((self._clock.now_ns(), request.response_id, chunk))


@dataclass(slots=True)
class _Pending:
    request: ChatRequest
    t_sent_ns: int
    pieces: Iterator[ChatChunk]
    cancel: threading.Event
    next_chunk: ChatChunk | None


class SimulatedChatPump:
    """The same answers without threads: pieces are delivered once the simulated clock has passed their time."""

    def __init__(self, model: ChatModel, clock: Clock) -> None:
        self._model = model
        self._clock = clock
        self._pending: list[_Pending] = []

    def start(self, request: ChatRequest) -> None:
        """See :class:`ChatPump`."""
        cancel = threading.Event()
        pieces = iter(self._model.stream(request, cancel))
        self._pending.append(_Pending(request, self._clock.now_ns(), pieces, cancel, next(pieces, None)))

    def poll(self) -> list[Delivery]:
        """See :class:`ChatPump`; the time of receipt is when the piece was due."""
        now_ns = self._clock.now_ns()
        out: list[Delivery] = []
        for pending in self._pending:
            while pending.next_chunk is not None:
                t_ns = pending.t_sent_ns + (pending.next_chunk.due_ns or 0)
                if t_ns > now_ns and not pending.cancel.is_set():
                    break
                out.append((min(t_ns, now_ns), pending.request.response_id, pending.next_chunk))
                pending.next_chunk = next(pending.pieces, None)
        self._pending = [p for p in self._pending if p.next_chunk is not None]
        out.sort(key=lambda delivery: delivery[0])
        return out

    def cancel(self, response_id: str) -> None:
        """See :class:`ChatPump`."""
        for pending in self._pending:
            if pending.request.response_id == response_id:
                pending.cancel.set()
                pending.next_chunk = ChatChunk("", finish=Finish.CANCELLED)
                pending.pieces = iter(())

    def close(self) -> None:
        """See :class:`ChatPump`."""
        self._pending.clear()
