"""Labels, their operations and undo."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from ifllm_desktop.annotate.fold import fold, merged
from ifllm_desktop.annotate.history import LabelHistory
from ifllm_desktop.annotate.scheme import DEFAULT_SCHEME, Label, LabelScheme
from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.labels import LabelOperation
from ifllm_desktop.domain.layout import source_sha256

TEXT = "Copy 🙂 the *photos* now"


class MemoryLog:
    """A ``LabelLog`` in memory that refuses taken sequence numbers."""

    def __init__(self, operations: Sequence[LabelOperation] = ()) -> None:
        self.rows = list(operations)
        self.broken = False

    def append(self, operation: LabelOperation) -> None:
        if self.broken:
            raise OSError("disk gone")
        taken = {(op.annotator_id, op.station_id, op.sequence) for op in self.rows}
        if (operation.annotator_id, operation.station_id, operation.sequence) in taken:
            raise DataError("label_conflict")
        self.rows.append(operation)

    def operations(self, session_id: str | None = None) -> Sequence[LabelOperation]:
        found = [
            op
            for op in self.rows
            if session_id is None or session_id in {a.session_id for a in (op.before, op.after) if a}
        ]
        return sorted(found, key=lambda op: (op.wall_ns, op.annotator_id, op.station_id, op.sequence))


def history(log: MemoryLog, annotator: str = "ann", station: str = "st", start: int = 0) -> LabelHistory:
    numbers, clock = itertools.count(1), itertools.count(1000 + start)
    return LabelHistory(
        log, annotator, station, lambda: f"{annotator}-{station}-{next(numbers)}", lambda: next(clock)
    )


def test_that_a_span_carries_quote_hash_and_code_points() -> None:
    log = MemoryLog()
    change = history(log).add_span("S1", "t1", "r1", "key_reason", TEXT, 5, 6)
    (made,) = fold(log.rows).values()
    assert (made.quote, made.start, made.end) == ("🙂", 5, 6)
    assert made.text_sha256 == source_sha256(TEXT)
    assert change.annotation_ids == (made.annotation_id,) and change.operation.action == "add"


def test_that_an_episode_is_stored_in_whole_ms_and_never_shorter() -> None:
    log = MemoryLog()
    history(log).add_episode("S1", "t1", "comparing", 1_500_900_000, 2_000_000_001)
    (made,) = fold(log.rows).values()
    assert (made.t_start_ms, made.t_end_ms, made.tier) == (1500, 2001, "episode")


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 3), (4, 2), (0, len(TEXT) + 1)])
def test_that_a_span_outside_the_text_is_refused(start: int, end: int) -> None:
    log = MemoryLog()
    with pytest.raises(DataError, match="label_range"):
        history(log).add_span("S1", "t1", "r1", "key_reason", TEXT, start, end)
    assert log.rows == []


def test_that_undo_and_redo_append_inverse_operations() -> None:
    log = MemoryLog()
    hand = history(log)
    hand.add_span("S1", "t1", "r1", "key_reason", TEXT, 0, 4)
    (made,) = hand.annotations("S1")
    hand.relabel("S1", made.annotation_id, "doubtful")
    hand.undo("S1")
    assert [a.label for a in hand.annotations("S1")] == ["key_reason"]
    hand.undo("S1")
    assert hand.annotations("S1") == () and hand.undo("S1") is None
    hand.redo("S1")
    hand.redo("S1")
    assert [a.label for a in hand.annotations("S1")] == ["doubtful"] and hand.redo("S1") is None
    assert [op.action for op in log.rows] == ["add", "change", "change", "remove", "add", "change"]
    assert [op.sequence for op in log.rows] == [1, 2, 3, 4, 5, 6]


def test_that_a_new_step_ends_what_could_be_redone() -> None:
    hand = history(MemoryLog())
    hand.add_episode("S1", "t1", "comparing", 0, 10**9)
    hand.undo("S1")
    hand.add_episode("S1", "t1", "searching", 0, 10**9)
    assert hand.redo("S1") is None
    assert [a.label for a in hand.annotations("S1")] == ["searching"]


def test_that_each_annotator_and_session_has_its_own_stack() -> None:
    log = MemoryLog()
    one, two = history(log, "one"), history(log, "two", start=500)
    one.add_episode("S1", "t1", "comparing", 0, 10**9)
    one.add_episode("S2", "t1", "comparing", 0, 10**9)
    two.add_episode("S1", "t1", "searching", 0, 10**9)
    one.undo("S1")
    assert [a.annotator_id for a in one.annotations("S1")] == ["two"]
    assert len(one.annotations("S2")) == 1
    with pytest.raises(DataError, match="label_missing"):
        one.remove("S1", two.annotations("S1")[0].annotation_id)


def test_that_undo_survives_a_restart() -> None:
    log = MemoryLog()
    history(log).add_episode("S1", "t1", "comparing", 0, 10**9)
    again = LabelHistory(log, "ann", "st", lambda: "new-id", lambda: 5000)
    assert again.undo("S1") is not None and again.annotations("S1") == ()


def test_that_a_step_that_cannot_be_saved_changes_nothing() -> None:
    log = MemoryLog()
    hand = history(log)
    hand.add_episode("S1", "t1", "comparing", 0, 10**9)
    log.broken = True
    with pytest.raises(OSError, match="disk gone"):
        hand.undo("S1")
    assert len(hand.annotations("S1")) == 1 and hand.can_undo("S1") is not None


def test_that_a_clock_set_back_does_not_reorder_one_stations_steps() -> None:
    log = MemoryLog()
    times = iter([100, 50, 40])
    ids = map(str, itertools.count())
    hand = LabelHistory(log, "ann", "st", lambda: next(ids), lambda: next(times))
    hand.add_episode("S1", "t1", "comparing", 0, 10**9)
    hand.relabel("S1", hand.annotations("S1")[0].annotation_id, "searching")
    hand.remove("S1", hand.annotations("S1")[0].annotation_id)
    assert hand.annotations("S1") == ()
    assert [op.sequence for op in merged(log.operations())] == [1, 2, 3]


def test_that_the_default_scheme_has_three_labels_of_each_tier_with_own_keys() -> None:
    assert [len(DEFAULT_SCHEME.spans), len(DEFAULT_SCHEME.episodes)] == [3, 3]
    assert DEFAULT_SCHEME.title("comparing") == "Comparing" and DEFAULT_SCHEME.title("other") == "other"
    with pytest.raises(ValueError, match="keys are not unique"):
        LabelScheme((Label("a", "A", "1", 0),), (Label("b", "B", "1", 1),))
