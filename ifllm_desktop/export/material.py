"""What may be exported: sessions of people who agreed to sharing, with the scopes that they agreed to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from ifllm_desktop.domain.labels import LabelOperation
from ifllm_desktop.domain.session import PairScore, TurnRecord
from ifllm_desktop.ports import Catalogue, RecordingSource
from ifllm_desktop.replay.given import attention_ok, given
from ifllm_desktop.replay.turns import turns


@dataclass(frozen=True, eq=False)
class ExportedSession:
    """One session with the latest consent of its person.

    ``attention_ok``: no check of attention was failed; true where the study has none.
    """

    source: RecordingSource
    session_id: str
    participant_id: str
    study_id: str
    gaze: bool
    pointer: bool
    turns: tuple[TurnRecord, ...]
    attention_ok: bool = True


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that the sets are made of.

    Attributes
    ----------
    sessions : tuple of ExportedSession
        Sessions that may be exported, sorted by id.
    withheld : tuple of ExportedSession
        Sessions of people who did not agree to sharing: only counted, never written.
    people_without_sharing, people_withdrawn : int
        How many people are left out altogether.
    """

    sessions: tuple[ExportedSession, ...]
    withheld: tuple[ExportedSession, ...]
    scores: tuple[PairScore, ...]
    operations: tuple[LabelOperation, ...]
    people_without_sharing: int
    people_withdrawn: int

    def person_counts(self) -> Counter[str]:
        """Exclusions of whole people, which are the same for every set."""
        counts = {
            "people_without_sharing": self.people_without_sharing,
            "people_withdrawn": self.people_withdrawn,
        }
        return Counter({reason: n for reason, n in counts.items() if n})


@dataclass
class Content:
    """One set to be written: its tables one after another, and what was left out.

    ``excluded`` is complete only when the tables have been used up. Keys beginning with ``people_`` count
    people, all others count rows of the set (for ``samples``: sessions).
    """

    name: str
    tables: Iterator[pa.Table]
    excluded: Counter[str] = field(default_factory=Counter)


def gather(
    catalogue: Catalogue, sources: Iterable[RecordingSource], operations: Sequence[LabelOperation]
) -> Material:
    """Sort recordings into what may be exported and what may not.

    A person without a consent on record has not agreed. Withdrawn sessions are skipped, should one be there.
    """
    consents, people = catalogue.consents(), set(catalogue.participants())
    shared: list[ExportedSession] = []
    withheld: list[ExportedSession] = []
    withdrawn: set[str] = set()
    for source in sources:
        info = source.info()
        if info.state == "withdrawn" or info.participant_id not in people:
            withdrawn.add(info.participant_id)
            continue
        scopes = consents.get(info.participant_id, {})
        session = ExportedSession(
            source, info.session_id, info.participant_id, info.study_id,
            bool(scopes.get("gaze")), bool(scopes.get("pointer")), tuple(turns(source)),
            attention_ok(given(source)),
        )  # fmt: skip
        (shared if scopes.get("sharing") else withheld).append(session)
    shared.sort(key=lambda session: session.session_id)
    return Material(
        sessions=tuple(shared),
        withheld=tuple(withheld),
        scores=tuple(catalogue.scores()),
        operations=tuple(operations),
        people_without_sharing=len({session.participant_id for session in withheld}),
        people_withdrawn=len(withdrawn),
    )
