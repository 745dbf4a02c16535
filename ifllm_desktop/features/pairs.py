"""Five measures for each pair of a recording, from nothing that came after the reading window."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ifllm_desktop.derive.validated import error_of_validation
from ifllm_desktop.domain.gaze_standing import standing_validation
from ifllm_desktop.domain.session import ResponseRecord, TurnRecord
from ifllm_desktop.features.evidence import (
    LATE_S,
    WORD_DWELL_S,
    AnswerEvidence,
    gaze_samples,
    pointer_dwell_s,
    viewport_mass,
    word_dwell_s,
)
from ifllm_desktop.features.geometry import geometries
from ifllm_desktop.features.registry import NAMES
from ifllm_desktop.features.window import ReadingWindow, reading_window
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.replay.layouts import LayoutHistory
from ifllm_desktop.replay.turns import turns

Values = tuple[float, ...]
"""Values of one answer in the order of ``features.registry.MEASURES``; NaN = not measured."""


@dataclass(frozen=True, slots=True)
class PairRow:
    """Measures of one pair, and its vote beside them.

    Attributes
    ----------
    left, right : tuple of float
        One value per measure; NaN where nothing was recorded that could tell (no gaze, no pointer).
    window : ReadingWindow or None
        What was read; None when no text of the pair was shown.
    devices : str
        ``real``, ``video`` or ``simulated``: where gaze and pointer came from.
    choice, strength
        The vote as in :class:`~ifllm_desktop.domain.session.TurnRecord`. No measure reads them.
    """

    pair_id: str
    session_id: str
    participant_id: str
    turn_id: str
    left_id: str
    right_id: str
    left: Values
    right: Values
    window: ReadingWindow | None
    devices: str
    choice: str | None
    strength: int | None

    def swapped(self) -> PairRow:
        """The same pair with its sides exchanged, vote included."""
        choice = {"left": "right", "right": "left"}.get(self.choice or "", self.choice)
        return PairRow(
            self.pair_id, self.session_id, self.participant_id, self.turn_id, self.right_id, self.left_id,
            self.right, self.left, self.window, self.devices, choice, self.strength,
        )  # fmt: skip


def pair_measures(sources: Iterable[RecordingSource]) -> tuple[PairRow, ...]:
    """One row for each pair whose two answers arrived completely, sorted by pair id.

    Parameters
    ----------
    sources : iterable of RecordingSource
        Recordings of sessions.

    Returns
    -------
    tuple of PairRow
        Pairs without a vote are included; single answers and cut answers are not.
    """
    rows: list[PairRow] = []
    for source in sources:
        history = LayoutHistory(source)
        rows += [pair_row(source, history, turn) for turn in turns(source) if is_complete_pair(turn)]
    return tuple(sorted(rows, key=lambda row: (row.pair_id, row.session_id)))


def is_complete_pair(turn: TurnRecord) -> bool:
    """Whether a turn is a pair whose two answers arrived to their end."""
    sides = [turn.side("left"), turn.side("right")]
    return turn.mode == "pair" and bool(turn.pair_id) and all(s is not None and is_complete(s) for s in sides)


def is_complete(response: ResponseRecord) -> bool:
    """Whether an answer arrived to its end."""
    return response.finish is not None and response.finish.value == "stop"


def pair_row(source: RecordingSource, history: LayoutHistory, turn: TurnRecord) -> PairRow:
    """Measures of one complete pair."""
    left, right = turn.side("left"), turn.side("right")
    if left is None or right is None:
        raise ValueError(f"turn {turn.turn_id} lacks a side")
    window = reading_window(source, turn)
    if window is None:
        values = [_unread(response) for response in (left, right)]
    else:
        values = _measure([answer_evidence(source, history, window, side) for side in (left, right)])
    return PairRow(
        turn.pair_id, turn.session_id, turn.participant_id, turn.turn_id, left.response_id, right.response_id,
        values[0], values[1], window, source.info().devices, turn.choice, turn.strength,
    )  # fmt: skip


def _unread(response: ResponseRecord) -> Values:
    return tuple(float(len(response.text)) if name == "length_chars" else math.nan for name in NAMES)


def gaze_was_accepted(source: RecordingSource, t_ns: int) -> bool:
    """Whether the validation that stands at a moment was within the study's limits.

    Gaze that failed its validation, or was never validated, is stored but says nothing about reading: measures of
    it are missing, not wrong.
    """
    standing = standing_validation(source.events(), t_ns)
    return standing is not None and bool(standing["ok"])


def vertical_error_px(source: RecordingSource, t_ns: int) -> float:
    """Root mean square vertical error by the validation that stands at a moment, screen px; NaN without one.

    Recordings that do not list their targets have only the mean distance: half of its square is taken as vertical.
    """
    standing = standing_validation(source.events(), t_ns)
    if standing is None:
        return math.nan
    error = error_of_validation(standing)
    if error is not None:
        return error.total_px[1]
    accuracy_px, sd_px = standing.get("accuracy_px"), standing.get("sd_px") or (None, None)
    if accuracy_px is None or sd_px[1] is None:
        return math.nan
    return math.hypot(accuracy_px / math.sqrt(2), sd_px[1])


def answer_evidence(
    source: RecordingSource, history: LayoutHistory, window: ReadingWindow, response: ResponseRecord
) -> AnswerEvidence:
    """What the window holds about one answer; every stream is read up to the window's end and no further."""
    t0_ns, t1_ns = window.t0_ns, window.t1_ns
    gaze = gaze_samples(source.read("gaze", t0_ns, t1_ns), t1_ns)
    pointer = source.read("pointer", None, t1_ns)
    earlier = int(np.searchsorted(pointer["t_ns"], t0_ns, side="right")) - 1
    scroll = source.read("scroll", None, t1_ns)
    scroll = scroll[scroll["response_id"].astype(str) == response.response_id]
    reveal = source.read("reveal", None, t1_ns)
    reveal = reveal[reveal["response_id"].astype(str) == response.response_id]
    return AnswerEvidence(
        text=response.text,
        t0_ns=t0_ns,
        t1_ns=t1_ns,
        gaze=gaze if len(gaze) and gaze_was_accepted(source, t0_ns) else None,
        error_y_px=vertical_error_px(source, t0_ns),
        pointer=pointer[max(earlier, 0) :] if len(pointer) else None,
        geometries=geometries(history, response.response_id, t0_ns, t1_ns),
        scroll_t_ns=scroll["t_ns"].astype(np.int64),
        scroll_px=scroll["offset_px"].astype(np.float64),
        reveal_t_ns=reveal["t_ns"].astype(np.int64),
        reveal_n_source=reveal["n_source"].astype(np.int64),
    )


def _measure(pair: Sequence[AnswerEvidence]) -> list[Values]:
    late = late_dwell_shares(pair)
    table = {
        "gaze_dwell_s": [gaze_dwell_s(answer) for answer in pair],
        "pointer_dwell_s": [
            pointer_dwell_s(answer, answer.pointer) if answer.pointer is not None else math.nan
            for answer in pair
        ],
        "coverage": [coverage(answer) for answer in pair],
        "late_dwell_share": late,
        "length_chars": [float(len(answer.text)) for answer in pair],
    }  # fmt: skip
    return [tuple(table[name][side] for name in NAMES) for side in range(2)]


def gaze_dwell_s(evidence: AnswerEvidence, from_ns: int | None = None) -> float:
    """Expected gaze dwell inside the answer's viewport from ``from_ns`` on, s; NaN without gaze."""
    gaze = evidence.gaze
    if gaze is None or not evidence.geometries:
        return math.nan
    if from_ns is not None:
        gaze = gaze.where(gaze.t_ns >= from_ns)
    return float(np.sum(viewport_mass(evidence, gaze) * gaze.dt_s))


def coverage(evidence: AnswerEvidence) -> float:
    """Share of the answer's words with an expected dwell of at least 50 ms; NaN without gaze or words.

    NaN, too, where the vertical error of the gaze exceeds the line height, and for a text longer than its viewport
    when neither scrolling nor the pointer was recorded (both need the same consent): nobody knows then what was in
    view.
    """
    if evidence.gaze is None or not evidence.words_told() or evidence.scroll_unknown():
        return math.nan
    dwell = word_dwell_s(evidence, evidence.gaze)
    last = evidence.geometries[-1].layout
    starts = {word.src_start for word in last.words}
    if not starts:
        return math.nan
    return sum(dwell.get(start, 0.0) >= WORD_DWELL_S for start in starts) / len(starts)


def late_dwell_shares(pair: Sequence[AnswerEvidence]) -> list[float]:
    """Each answer's share of the pair's dwell in the last 15 s of the window; NaN without any."""
    from_ns = pair[0].t1_ns - int(LATE_S * 1e9)
    dwell = [gaze_dwell_s(answer, from_ns) for answer in pair]
    total = dwell[0] + dwell[1]
    return [value / total if total > 0 else math.nan for value in dwell]
