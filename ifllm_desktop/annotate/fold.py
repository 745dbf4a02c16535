"""Operations to annotations: a pure fold, so that any copy of the log gives the same labels."""

from __future__ import annotations

from collections.abc import Iterable

from ifllm_desktop.domain.labels import Annotation, LabelOperation


def fold(operations: Iterable[LabelOperation]) -> dict[str, Annotation]:
    """The annotations that exist after all operations.

    Parameters
    ----------
    operations : iterable of LabelOperation
        In any order: they are applied by (wall time, annotator, station, sequence), and one that appears
        twice (two copies of a log) is applied once.

    Returns
    -------
    dict
        Annotation by id, in order of its first ``add``.
    """
    out: dict[str, Annotation] = {}
    for operation in merged(operations):
        if operation.after is not None:
            out[operation.after.annotation_id] = operation.after
        elif operation.before is not None:
            out.pop(operation.before.annotation_id, None)
    return out


def merged(*logs: Iterable[LabelOperation]) -> tuple[LabelOperation, ...]:
    """The union of logs: each operation once, in order of application.

    ``(annotator_id, station_id, sequence)`` tells operations apart. One station's operations stay in order
    of their sequence, even where its wall clock was set back.
    """
    unique = {key(op): op for log in logs for op in log}
    newest: dict[tuple[str, str], int] = {}
    stamped: list[tuple[int, str, str, int, LabelOperation]] = []
    for (annotator, station, sequence), op in sorted(unique.items(), key=lambda item: item[0]):
        wall_ns = max(op.wall_ns, newest.get((annotator, station), op.wall_ns))
        newest[annotator, station] = wall_ns
        stamped.append((wall_ns, annotator, station, sequence, op))
    return tuple(item[-1] for item in sorted(stamped, key=lambda item: item[:4]))


def key(operation: LabelOperation) -> tuple[str, str, int]:
    """What makes an operation unique."""
    return operation.annotator_id, operation.station_id, operation.sequence


def stacks(operations: Iterable[LabelOperation]) -> tuple[list[LabelOperation], list[LabelOperation]]:
    """What can be undone and what redone, newest last, from one annotator's operations of one session.

    An operation that undoes a plain operation (or a redo) moves it to the redo stack; one that undoes an undo
    is a redo and moves it back; a plain operation empties the redo stack.

    Returns
    -------
    undo : list of LabelOperation
        Operations whose inverse would be appended next (last element first).
    redo : list of LabelOperation
        Undo operations whose inverse would be appended by redo.
    """
    undo: list[LabelOperation] = []
    redo: list[LabelOperation] = []
    for op in operations:
        if not op.undoes:
            undo.append(op)
            redo.clear()
        elif undo and undo[-1].op_id == op.undoes:
            undo.pop()
            redo.append(op)
        elif redo and redo[-1].op_id == op.undoes:
            redo.pop()
            undo.append(op)
    return undo, redo
