"""What every part of the participant's flow stands on: the page, what is refused, the log, the snapshot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from ifllm_desktop.domain.chat import ChatRequest
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.protocol import StudyProtocol
from ifllm_desktop.session.control_log import ControlLog
from ifllm_desktop.session.ids import IdFactory
from ifllm_desktop.session.snapshot import FlowSnapshot


class FlowBase(ABC):
    """Page, pause and end of a flow; see ``session.flow.ParticipantFlow`` for what it is all about."""

    def __init__(self, protocol: StudyProtocol, record: Callable[[str, Row], int], ids: IdFactory) -> None:
        self._protocol = protocol
        self._log = ControlLog(record)
        self._ids = ids
        self._page = ""
        self._ended = ""
        self._paused = False
        self._scopes: Mapping[str, bool] | None = None
        self._requests: tuple[ChatRequest, ...] = ()
        self._cancels: tuple[str, ...] = ()
        self._snapshot: FlowSnapshot | None = None

    @property
    def snapshot(self) -> FlowSnapshot:
        """The flow as it is, immutable; the same object until something changes."""
        if self._snapshot is None:
            self._snapshot = self._take_snapshot()
        return self._snapshot

    @abstractmethod
    def _take_snapshot(self) -> FlowSnapshot:
        """The snapshot of now."""

    def _command(self, name: str, allowed: bool, *, while_paused: bool = False) -> None:
        """Refuse what is not allowed now."""
        begun = self._page != "" or name == "begin"
        if not allowed or not begun or self._ended or (self._paused and not while_paused):
            raise BugError("flow_command", name=name, page=self._page, paused=self._paused)

    def _show(self, t_ns: int, page: str, cancels: tuple[str, ...] = ()) -> FlowSnapshot:
        self._page = page
        self._log.event(t_ns, "page", page=page)
        return self._changed(cancels=cancels)

    def _changed(self, requests: tuple[ChatRequest, ...] = (), cancels: tuple[str, ...] = ()) -> FlowSnapshot:
        self._requests, self._cancels = requests, cancels
        self._snapshot = None
        return self.snapshot

    def _unchanged(self) -> FlowSnapshot:
        # requests and cancels are said once
        return self._changed() if self._requests or self._cancels else self.snapshot
