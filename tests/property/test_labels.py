"""Label operations against a model, and logs that merge by union."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ifllm_desktop.annotate.fold import fold, key, merged
from ifllm_desktop.annotate.history import LabelHistory
from ifllm_desktop.domain.labels import LabelOperation

TEXT = "One 🙂 two *three* four 五 six"
LABELS = st.sampled_from(["key_reason", "doubtful", "useful_detail"])
PEOPLE = st.sampled_from(["ann", "ben"])


class Log:
    """A ``LabelLog`` in memory."""

    def __init__(self, rows: Sequence[LabelOperation] = ()) -> None:
        self.rows = list(rows)

    def append(self, operation: LabelOperation) -> None:
        assert key(operation) not in {key(op) for op in self.rows}
        self.rows.append(operation)

    def operations(self, session_id: str | None = None) -> Sequence[LabelOperation]:
        return merged(self.rows)


class LabelMachine(RuleBasedStateMachine):
    """Two annotators at one log. The model keeps a list of snapshots per person and a place in it."""

    def __init__(self) -> None:
        super().__init__()
        self.log = Log()
        numbers, clock = itertools.count(), itertools.count()
        self.hands = {
            name: LabelHistory(self.log, name, "st", lambda: f"id{next(numbers)}", lambda: next(clock) // 3)
            for name in ("ann", "ben")
        }
        self.past: dict[str, list[dict[str, tuple[object, ...]]]] = {"ann": [{}], "ben": [{}]}
        self.place = {"ann": 0, "ben": 0}

    def now(self, person: str) -> dict[str, tuple[object, ...]]:
        return self.past[person][self.place[person]]

    def step(self, person: str, state: dict[str, tuple[object, ...]]) -> None:
        self.past[person] = [*self.past[person][: self.place[person] + 1], state]
        self.place[person] += 1

    @rule(person=PEOPLE, label=LABELS, start=st.integers(0, len(TEXT) - 1), length=st.integers(1, 8))
    def add_span(self, person: str, label: str, start: int, length: int) -> None:
        end = min(start + length, len(TEXT))
        change = self.hands[person].add_span("S1", "t1", "r1", label, TEXT, start, end)
        made = ("span", label, start, end, TEXT[start:end], "")
        self.step(person, {**self.now(person), change.annotation_ids[0]: made})

    @rule(person=PEOPLE, label=LABELS, start=st.integers(0, 10**10), length=st.integers(1, 10**10))
    def add_episode(self, person: str, label: str, start: int, length: int) -> None:
        change = self.hands[person].add_episode("S1", "t1", label, start, start + length)
        made = ("episode", label, start // 10**6, -(-(start + length) // 10**6), "", "")
        self.step(person, {**self.now(person), change.annotation_ids[0]: made})

    @precondition(lambda self: any(self.now(p) for p in self.past))
    @rule(data=st.data(), label=LABELS)
    def relabel(self, data: st.DataObject, label: str) -> None:
        person, chosen = self.choose(data)
        changed = self.hands[person].relabel("S1", chosen, label)
        old = self.now(person)[chosen]
        assert (changed is None) == (old[1] == label)
        if changed is not None:
            self.step(person, {**self.now(person), chosen: (old[0], label, *old[2:])})

    @precondition(lambda self: any(self.now(p) for p in self.past))
    @rule(data=st.data(), note=st.text(max_size=5))
    def write_note(self, data: st.DataObject, note: str) -> None:
        person, chosen = self.choose(data)
        changed = self.hands[person].set_note("S1", chosen, note)
        if changed is not None:
            self.step(person, {**self.now(person), chosen: (*self.now(person)[chosen][:5], note)})

    @precondition(lambda self: any(self.now(p) for p in self.past))
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        person, chosen = self.choose(data)
        self.hands[person].remove("S1", chosen)
        self.step(person, {k: v for k, v in self.now(person).items() if k != chosen})

    @rule(person=PEOPLE)
    def undo(self, person: str) -> None:
        done = self.hands[person].undo("S1")
        assert (done is None) == (self.place[person] == 0)
        self.place[person] = max(0, self.place[person] - 1)

    @rule(person=PEOPLE)
    def redo(self, person: str) -> None:
        done = self.hands[person].redo("S1")
        assert (done is None) == (self.place[person] == len(self.past[person]) - 1)
        self.place[person] = min(len(self.past[person]) - 1, self.place[person] + 1)

    def choose(self, data: st.DataObject) -> tuple[str, str]:
        return data.draw(st.sampled_from([(p, a) for p in self.past for a in self.now(p)]))

    @invariant()
    def labels_are_those_of_the_model(self) -> None:
        for person in self.past:
            found = {
                a.annotation_id: (
                    a.tier, a.label, *((a.start, a.end) if a.tier == "span" else (a.t_start_ms, a.t_end_ms)),
                    a.quote, a.note,
                )
                for a in self.hands[person].annotations("S1")
                if a.annotator_id == person
            }  # fmt: skip
            assert found == self.now(person)

    @invariant()
    def nothing_is_ever_taken_from_the_log(self) -> None:
        for person in self.past:
            numbers = [op.sequence for op in self.log.rows if op.annotator_id == person]
            assert numbers == list(range(1, len(numbers) + 1))


TestLabels = LabelMachine.TestCase


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 3)), max_size=25), st.randoms())
def test_that_two_copies_of_a_log_merge_by_union(steps: list[tuple[str, int]], rng: random.Random) -> None:
    """Two stations begin with one log, go on apart, and both merges give the same labels."""
    ids, clock = (f"id{k}" for k in itertools.count()), itertools.count()
    shared = Log()
    logs = {"a": shared, "b": shared}
    hands = {
        s: LabelHistory(shared, "ann", s, lambda: next(ids), lambda: next(clock) // 2) for s in ("a", "b")
    }
    for number, (station, what) in enumerate(steps):
        if number == len(steps) // 2:
            logs = {s: Log(shared.rows) for s in ("a", "b")}
            hands = {
                s: LabelHistory(logs[s], "ann", s, lambda: next(ids), lambda: next(clock) // 2)
                for s in ("a", "b")
            }
        hand, own = hands[station], hands[station].annotations("S1")
        if what == 0 or not own:
            hand.add_episode("S1", "t1", "comparing", number * 10**9, (number + 1) * 10**9)
        elif what == 1:
            hand.remove("S1", rng.choice(own).annotation_id)
        elif what == 2:
            hand.undo("S1")
        else:
            hand.redo("S1")
    one, two = list(logs["a"].rows), list(logs["b"].rows)
    both = merged(one, two)
    assert {key(op) for op in both} == {key(op) for op in one} | {key(op) for op in two}
    assert fold(both) == fold(merged(two, one)) == fold([*two, *one, *one])
    mixed = [*one, *two]
    rng.shuffle(mixed)
    assert fold(mixed) == fold(both)
