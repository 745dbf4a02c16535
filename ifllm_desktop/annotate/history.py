"""One annotator's hand on the labels of sessions: each step is an operation appended to the log."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from ifllm_desktop.annotate.fold import fold, merged, stacks
from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.labels import Annotation, LabelOperation, OpChange
from ifllm_desktop.domain.layout import source_sha256
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.ports import LabelLog

_INVERSE = {"add": "remove", "remove": "add", "change": "change"}


class LabelHistory:
    """Adds, changes and removes labels, with undo and redo that are themselves operations.

    Undo appends the inverse of the annotator's newest operation on that session that still stands; redo
    appends the inverse of that undo. Others' operations are never touched. Nothing is deleted, so the log
    tells everything.

    Parameters
    ----------
    log : LabelLog
        On disk when a call returns; when it raises, nothing has changed here.
    annotator_id, station_id : str
        Who labels, and on which machine; with a running number they make each operation unique.
    ids : callable
        Gives a new globally unique text id.
    wall_ns : callable
        Wall time now, ns since the Unix epoch.
    """

    def __init__(
        self,
        log: LabelLog,
        annotator_id: str,
        station_id: str,
        ids: Callable[[], str],
        wall_ns: Callable[[], int],
    ) -> None:
        self._log = log
        self.annotator_id = annotator_id
        self.station_id = station_id
        self._ids = ids
        self._wall_ns = wall_ns

    # ---- what there is
    def annotations(self, session_id: str) -> tuple[Annotation, ...]:
        """Every annotation of a session, of all annotators, in order of making."""
        return tuple(fold(self._log.operations(session_id)).values())

    def can_undo(self, session_id: str) -> LabelOperation | None:
        """The operation that :meth:`undo` would take back."""
        undo, _ = self._stacks(session_id)
        return undo[-1] if undo else None

    def can_redo(self, session_id: str) -> LabelOperation | None:
        """The undo that :meth:`redo` would take back."""
        _, redo = self._stacks(session_id)
        return redo[-1] if redo else None

    # ---- what can be done
    def add_span(
        self,
        session_id: str,
        turn_id: str,
        response_id: str,
        label: str,
        source_text: str,
        start: int,
        end: int,
    ) -> OpChange:
        """Label ``source_text[start:end]`` (code points).

        Raises DataError ``label_range`` when the span is empty or outside the text.
        """
        if not 0 <= start < end <= len(source_text):
            raise DataError("label_range", start=start, end=end, length=len(source_text))
        made = Annotation(
            self._ids(), session_id, turn_id, response_id, "span", label, self.annotator_id,
            start=start, end=end, quote=source_text[start:end], text_sha256=source_sha256(source_text),
        )  # fmt: skip
        return self._append("add", None, made)

    def add_episode(
        self, session_id: str, turn_id: str, label: str, t_start_ns: int, t_end_ns: int
    ) -> OpChange:
        """Label a stretch of session time; stored in whole ms, never shorter than what was chosen.

        Raises DataError ``label_range`` when it is empty.
        """
        start_ms, end_ms = math.floor(t_start_ns / NS_PER_MS), math.ceil(t_end_ns / NS_PER_MS)
        if t_end_ns <= t_start_ns or start_ms < 0:
            raise DataError("label_range", start=start_ms, end=end_ms, length=0)
        made = Annotation(
            self._ids(), session_id, turn_id, "", "episode", label, self.annotator_id,
            t_start_ms=start_ms, t_end_ms=end_ms,
        )  # fmt: skip
        return self._append("add", None, made)

    def relabel(self, session_id: str, annotation_id: str, label: str) -> OpChange | None:
        """Give an annotation another label; None when it has that label already."""
        before = self._own(session_id, annotation_id)
        return None if before.label == label else self._append("change", before, replace(before, label=label))

    def set_note(self, session_id: str, annotation_id: str, note: str) -> OpChange | None:
        """Write the note of an annotation; None when it says that already."""
        before = self._own(session_id, annotation_id)
        return None if before.note == note else self._append("change", before, replace(before, note=note))

    def remove(self, session_id: str, annotation_id: str) -> OpChange:
        """Take an annotation away.

        Raises DataError ``label_missing`` when it is somebody else's or not there.
        """
        return self._append("remove", self._own(session_id, annotation_id), None)

    def undo(self, session_id: str) -> OpChange | None:
        """Take back one's newest step on a session; None when there is none."""
        undo, _ = self._stacks(session_id)
        return self._invert(undo[-1]) if undo else None

    def redo(self, session_id: str) -> OpChange | None:
        """Take back one's newest undo; None when a new step came after it or there is none."""
        _, redo = self._stacks(session_id)
        return self._invert(redo[-1]) if redo else None

    # ---- inside
    def _stacks(self, session_id: str) -> tuple[list[LabelOperation], list[LabelOperation]]:
        mine = (op for op in self._log.operations(session_id) if op.annotator_id == self.annotator_id)
        return stacks(merged(mine))

    def _own(self, session_id: str, annotation_id: str) -> Annotation:
        found = fold(self._log.operations(session_id)).get(annotation_id)
        if found is None or found.annotator_id != self.annotator_id:
            raise DataError("label_missing", annotation=annotation_id)
        return found

    def _invert(self, operation: LabelOperation) -> OpChange:
        action = _INVERSE[operation.action]
        return self._append(action, operation.after, operation.before, undoes=operation.op_id)

    def _append(
        self, action: str, before: Annotation | None, after: Annotation | None, undoes: str = ""
    ) -> OpChange:
        operation = LabelOperation(
            self._ids(), self.annotator_id, self.station_id, self._next_sequence(), self._wall_ns(),
            action, before, after, undoes,
        )  # fmt: skip
        self._log.append(operation)
        touched = {a.annotation_id: None for a in (before, after) if a is not None}
        return OpChange(operation, tuple(touched))

    def _next_sequence(self) -> int:
        # over all sessions, and asked anew each time: another window of this station may have written
        mine = (
            op.sequence
            for op in self._log.operations()
            if (op.annotator_id, op.station_id) == (self.annotator_id, self.station_id)
        )
        return max(mine, default=0) + 1
