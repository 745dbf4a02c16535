"""Core to Qt: work in the background, its results as signals on the main thread. The only queued signals."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

_log = logging.getLogger(__name__)


class Job:
    """One piece of work; ``cancel`` is looked at by the work itself."""

    def __init__(self) -> None:
        self.cancel = threading.Event()
        self.done = False


class Background(QObject):
    """Runs functions on one worker thread, in order, and reports on the thread that owns this object.

    Errors never escape: they arrive at ``on_error``. After :meth:`close` nothing is reported any more.
    """

    _result = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ifllm-background")
        self._closed = False
        self._result.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[Job], Any],
        on_done: Callable[[Any], None],
        on_error: Callable[[BaseException], None],
    ) -> Job:
        """Start ``work(job)``; exactly one of the two callbacks follows on the main thread."""
        job = Job()

        def call() -> None:
            try:
                value = work(job)
            except Exception as error:  # noqa: BLE001 - a thread's top: everything is reported
                _log.info("background work failed", exc_info=error)
                self._report(on_error, error, job)
            else:
                self._report(on_done, value, job)

        self._pool.submit(call)
        return job

    def close(self) -> None:
        """Wait for the running work; reports that are on their way are dropped."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _report(self, callback: Callable[[Any], None], value: object, job: Job) -> None:
        job.done = True
        if not self._closed:
            self._result.emit(callback, value)

    def _deliver(self, callback: Callable[[Any], None], value: object) -> None:
        if not self._closed:
            callback(value)
