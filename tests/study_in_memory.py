"""A small study in memory for everything that exports: recordings, catalogue, labels and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from ifllm_desktop.domain.labels import Annotation, LabelOperation
from ifllm_desktop.domain.layout import source_sha256
from ifllm_desktop.domain.session import PairScore, SegmentInfo, SessionInfo
from ifllm_desktop.features.pairs import pair_measures
from ifllm_desktop.replay.turns import turns
from tests.recordings import BETTER, WALL_START_NS, WORSE, FakeRecording, TurnPlan, small_session

ALL_SCOPES = {"gaze": True, "pointer": True, "eye_patches": False, "sharing": True}
PLANS = (
    TurnPlan(mode="single"),
    TurnPlan(),
    TurnPlan(left=WORSE, right=BETTER, choice="right", strength=1, rating_left=2, rating_right=5),
    TurnPlan(choice="tie", strength=None),
    TurnPlan(choice="both_bad", strength=None),
)
MODEL_ID = "study-pairs@pair-5.1-0123456789ab"


@dataclass
class MemoryCatalogue:
    """Implements ``ports.Catalogue`` without a disk."""

    people: list[str] = field(default_factory=list)
    infos: list[SessionInfo] = field(default_factory=list)
    scopes: dict[str, dict[str, bool]] = field(default_factory=dict)
    kept_scores: dict[tuple[str, str], PairScore] = field(default_factory=dict)
    export_log: list[tuple[str, str, str, int, int]] = field(default_factory=list)

    def add_participant(self, participant_id: str, devices: str, wall_ns: int) -> None:
        if participant_id not in self.people:
            self.people.append(participant_id)

    def participants(self) -> Sequence[str]:
        return self.people

    def add_session(self, info: SessionInfo) -> None:
        self.infos.append(info)

    def set_session_state(self, session_id: str, state: str) -> None:
        self.infos = [replace(i, state=state) if i.session_id == session_id else i for i in self.infos]

    def put_segment(self, segment: SegmentInfo) -> None:
        """Segments are not looked at here."""

    def sessions(self) -> Sequence[SessionInfo]:
        return self.infos

    def put_consent(
        self, participant_id: str, session_id: str, scopes: dict[str, bool], wall_ns: int
    ) -> None:
        self.scopes[participant_id] = scopes

    def consents(self) -> dict[str, dict[str, bool]]:
        return self.scopes

    def put_scores(self, scores: Sequence[PairScore]) -> None:
        self.kept_scores.update({(score.pair_id, score.model_id): score for score in scores})

    def scores(self) -> Sequence[PairScore]:
        return [self.kept_scores[key] for key in sorted(self.kept_scores)]

    def log_export(self, format_name: str, out: str, sha256: str, n_rows: int, wall_ns: int) -> None:
        self.export_log.append((format_name, out, sha256, n_rows, wall_ns))


@dataclass
class MemoryStudy:
    """What :func:`ifllm_desktop.export.write.write_exports` is handed."""

    catalogue: MemoryCatalogue
    recordings: list[FakeRecording]
    operations: list[LabelOperation]


def memory_study(
    n_people: int = 3, scopes: dict[str, dict[str, bool]] | None = None, *, scored: bool = True
) -> MemoryStudy:
    """Each person votes left, right, tie and both bad once, after one single answer; each gets two labels.

    Parameters
    ----------
    scopes : dict, optional
        Scopes that differ from "all but eye patches", by person (``P01`` …).
    """
    catalogue = MemoryCatalogue()
    recordings, operations = [], []
    for number in range(1, n_people + 1):
        person, session = f"P{number:02}", f"S{number:02}"
        agreed = ALL_SCOPES | (scopes or {}).get(person, {})
        recording = _recording(session, person, number, agreed["gaze"])
        catalogue.add_participant(person, "simulated", WALL_START_NS)
        catalogue.add_session(recording.info())
        catalogue.put_consent(person, session, agreed, WALL_START_NS)
        recordings.append(recording)
        operations += two_labels(recording)
    if scored:
        catalogue.put_scores(made_up_scores(recordings))
    return MemoryStudy(catalogue, recordings, operations)


@cache  # recordings are never changed, and making one takes longer than most tests
def _recording(session_id: str, participant_id: str, seed: int, with_gaze: bool) -> FakeRecording:
    return small_session(session_id, participant_id, PLANS, seed=seed, with_gaze=with_gaze)


def made_up_scores(recordings: Sequence[FakeRecording]) -> list[PairScore]:
    """A score per pair that follows the length of the answers."""
    return [
        PairScore(
            row.pair_id, row.session_id, row.participant_id, MODEL_ID, row.left[-1] / 500,
            row.right[-1] / 500, 0.8 if row.left[-1] > row.right[-1] else 0.2, index % 3 - 1, "simulated participants",
        )
        for index, row in enumerate(pair_measures(recordings))
    ]  # fmt: skip


def two_labels(recording: FakeRecording) -> list[LabelOperation]:
    """A span that was changed once, an episode, and a third label that was taken back."""
    info, turn = recording.info(), turns(recording)[1]
    answer = turn.responses[0]
    start = answer.text.index("rsync")
    span = Annotation(
        f"{info.session_id}-a1", info.session_id, turn.turn_id, answer.response_id, "span", "useful", "anna",
        start, start + 5, "rsync", source_sha256(answer.text),
    )  # fmt: skip
    episode = Annotation(
        f"{info.session_id}-a2", info.session_id, turn.turn_id, answer.response_id, "episode", "reads again",
        "anna", t_start_ms=9000, t_end_ms=12_500,
    )  # fmt: skip
    gone = replace(span, annotation_id=f"{info.session_id}-a3", label="mistake")
    changed = replace(span, label="very useful")
    steps = [(None, span), (span, changed), (None, episode), (None, gone), (gone, None)]
    return [
        LabelOperation(
            f"{info.session_id}-op{k}", "anna", f"desk-{info.session_id}", k,
            WALL_START_NS + k * 1_000_000_000,
            "add" if before is None else "remove" if after is None else "change", before, after,
        )
        for k, (before, after) in enumerate(steps, start=1)
    ]  # fmt: skip
