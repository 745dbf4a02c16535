"""The catalogue against a model of plain dictionaries, with reopenings at any moment."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.labels import Annotation, LabelOperation
from ifllm_desktop.domain.session import SCOPES, PairScore, SegmentInfo, SessionInfo
from ifllm_desktop.store.catalogue import StudyCatalogue

PEOPLE = st.sampled_from(["p1", "p2", "p3"])
SESSIONS = st.sampled_from(["s1", "s2", "s3"])
TEXT = st.text(max_size=6)
FINITE = st.floats(allow_nan=False)


class CatalogueModel(RuleBasedStateMachine):
    """Every operation of the ports, on two connections as two windows would have them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.one = StudyCatalogue(self.folder / "study.sqlite")
        self.two = StudyCatalogue(self.folder / "study.sqlite")
        self.people: list[str] = []
        self.sessions: dict[str, SessionInfo] = {}
        self.segments: dict[str, SegmentInfo] = {}
        self.consents: dict[str, dict[str, bool]] = {}
        self.scores: dict[tuple[str, str], PairScore] = {}
        self.operations: list[LabelOperation] = []
        self.wall_ns = 0

    @rule(who=PEOPLE)
    def add_participant(self, who: str) -> None:
        self.one.add_participant(who, "simulated", 1)
        if who not in self.people:
            self.people.append(who)

    @rule(session_id=SESSIONS, who=PEOPLE, study_id=TEXT)
    @precondition(lambda self: self.people)
    def add_session(self, session_id: str, who: str, study_id: str) -> None:
        who = who if who in self.people else self.people[0]
        info = SessionInfo(session_id, who, study_id, 1, 2**62, "video", "open")
        self.two.add_session(info)
        self.sessions[session_id] = info

    @rule(session_id=SESSIONS, state=st.sampled_from(["open", "finished", "stopped"]))
    def set_state(self, session_id: str, state: str) -> None:
        if session_id in self.sessions:
            self.one.set_session_state(session_id, state)
            self.sessions[session_id] = replace(self.sessions[session_id], state=state)
        else:
            with pytest.raises(DataError, match="session_missing"):
                self.one.set_session_state(session_id, state)

    @rule(
        session_id=SESSIONS,
        number=st.integers(1, 3),
        flags=st.tuples(st.booleans(), st.booleans()),
        text=TEXT,
    )
    def put_segment(self, session_id: str, number: int, flags: tuple[bool, bool], text: str) -> None:
        if session_id in self.sessions:
            name = f"{session_id}-{number}"
            segment = SegmentInfo(name, session_id, number, f"{name}.sqlite", number, *flags, text)
            self.two.put_segment(segment)
            self.segments[name] = segment

    @rule(who=PEOPLE, scopes=st.dictionaries(st.sampled_from(SCOPES), st.booleans()))
    def put_consent(self, who: str, scopes: dict[str, bool]) -> None:
        if who in self.people:
            self.one.put_consent(who, "s1", scopes, self.wall_ns)  # equal wall times: the later row counts
            self.consents[who] = scopes

    @rule(pair=st.sampled_from("abc"), model=st.sampled_from("mn"), values=st.tuples(FINITE, FINITE, FINITE))
    def put_scores(self, pair: str, model: str, values: tuple[float, float, float]) -> None:
        score = PairScore(pair, "s1", "p1", model, *values, -1, "simulated")
        self.two.put_scores([score])
        self.scores[pair, model] = score

    @rule(who=st.sampled_from("xy"), station=st.sampled_from("ab"), sequence=st.integers(1, 4), quote=TEXT,
          session_id=SESSIONS, wall_ns=st.integers(0, 3), removes=st.booleans())  # fmt: skip
    def append(
        self, who: str, station: str, sequence: int, quote: str, session_id: str, wall_ns: int, removes: bool
    ) -> None:
        label = Annotation("a", session_id, "t", "r", "span", "l", who, 0, 3, quote, "00")
        before, after = (label, None) if removes else (None, label)
        name = f"{who}{station}{sequence}"
        operation = LabelOperation(name, who, station, sequence, wall_ns, "add", before, after)
        if any(known.op_id == name for known in self.operations):
            with pytest.raises(DataError, match="label_conflict"):
                self.one.append(operation)
        else:
            self.one.append(operation)
            self.operations.append(operation)

    @rule()
    def reopen(self) -> None:
        self.one.close()
        self.one = StudyCatalogue(self.folder / "study.sqlite")

    @invariant()
    def both_windows_see_the_model(self) -> None:
        for catalogue in (self.one, self.two):
            assert catalogue.participants() == self.people
            assert catalogue.sessions() == [
                replace(info, segments=tuple(self.segments[name] for name in sorted(self.segments)
                                             if self.segments[name].session_id == info.session_id))
                for info in self.sessions.values()
            ]  # fmt: skip
            assert catalogue.consents() == self.consents
            assert catalogue.scores() == [self.scores[key] for key in sorted(self.scores)]
            wanted = sorted(
                self.operations, key=lambda o: (o.wall_ns, o.annotator_id, o.station_id, o.sequence)
            )
            assert catalogue.operations() == wanted
            mine = [o for o in wanted if (o.after or o.before or label_of_nothing()).session_id == "s1"]
            assert catalogue.operations("s1") == mine
            assert catalogue.problems() == []

    def teardown(self) -> None:
        self.one.close()
        self.two.close()
        shutil.rmtree(self.folder)


def label_of_nothing() -> Annotation:
    """Never reached: each operation of this test has a state before or after it."""
    raise AssertionError


TestCatalogue = CatalogueModel.TestCase
TestCatalogue.settings = settings(max_examples=25, stateful_step_count=25)
