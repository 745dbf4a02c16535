"""Sessions, their control events, and the turns that can be read back from them.

Control events are rows of the stream ``event``: ``t_ns``, ``kind`` and a JSON payload. :data:`EVENT_KINDS` lists
every kind with its keys; the participant flow writes them and ``replay.turns`` reads them, nobody else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ifllm_desktop.domain.chat import Finish, Message

EVENT_KINDS: dict[str, tuple[str, ...]] = {
    "session_start": (
        "session_id", "participant_id", "study_id", "station_id", "segment", "seed", "devices", "screen",
        "camera", "feature_set", "app_version", "protocol_sha256", "landmarker",
    ),
    "consent": ("scopes", "declined"),
    "language": ("language",),  # of everything that is shown from here on
    # an answer to a question of the study, each change anew; place: demographics, before_task, after_task, at_end.
    # value: option, list of options, number, text, or {response_id, start, end, quote}; null where declined.
    # correct: of a check of attention, else null
    "answer": ("place", "task_id", "question_id", "value", "declined", "correct"),
    "page": ("page",),
    "camera": ("state", "detail"),  # opened, lost, switched, failed, looped, unused
    "camera_device": ("device", "latency"),  # at each opening: what it says of itself; latency.Latency or null
    "calibration": ("attempt_id", "calibration_id", "ok", "reason", "n_targets", "loo_error_px", "model", "kind",
                    "method", "parent_id", "targets", "lag_ms", "weight", "distance_mm", "distance_sd_mm",
                    "distance_source"),
    "validation": ("attempt_id", "calibration_id", "ok", "reason", "grade", "accuracy_px", "sd_px", "loss",
                   "rate_hz", "targets"),
    "gaze_accepted": ("attempt_id", "calibration_id", "ok", "how"),  # how: accepted, use_attempt, fewer_claims
    # lines that were read after a calibration was accepted; lines: session.text_outcome.LineOutcome
    "text_validation": ("attempt_id", "calibration_id", "ok", "reason", "response_id", "error_y_px", "abs_error_y_px",
                        "share_right", "lines"),
    "drift": ("attempt_id", "calibration_id", "ok", "reason", "x_px", "y_px", "gaze_x_px", "gaze_y_px", "drift_px",
              "threshold_px", "n_frames", "stage", "action"),
    # from gaze_invalid on no gaze is derived, though landmarks go on; gaze_valid and gaze_accepted end it
    "gaze_invalid": ("reason", "calibration_id", "detail"),  # reason: snapshot.GAZE_NOTICES
    "gaze_valid": ("calibration_id", "how"),  # how: found, checked, refit, kept
    "task_start": ("task_id", "topic_id", "title", "mode", "task_index"),
    "turn_start": ("turn_id", "task_id", "turn_index"),
    # prompt as the participant saw it; sent_prompt: with what the condition of style adds
    "submit": ("turn_id", "task_id", "topic_id", "turn_index", "mode", "prompt", "sent_prompt", "style", "pair_id",
               "side_seed", "responses"),
    # responses: [{response_id, side, model, parameters, context: [{role, content}]}]
    "first_token": ("response_id",),
    "response_end": ("response_id", "finish", "text", "detail"),
    "rating_open": ("turn_id",),
    "rating": ("turn_id", "response_id", "value", "scale", "name"),  # name: empty for the main scale
    "preference": ("turn_id", "choice", "strength"),  # choice: left, right, tie, both_bad
    "reasons": ("turn_id", "values", "text"),  # all that stand then; text: words of one's own
    # a mark of the participant's own in an answer, code points of its source; removed: taken back
    "highlight": ("turn_id", "response_id", "highlight_id", "label", "start", "end", "quote", "removed"),
    "turn_end": ("turn_id",),
    "task_end": ("task_id",),
    "pause": (), "resume": (),
    "marker": ("text",),
    "session_end": ("reason",),
}  # fmt: skip
"""Kinds of control events and the keys of their payloads."""

TEXT_CHECK = "text-check-"
"""Beginning of the ``response_id`` under which the layout of a text check stands in the recording."""

_UNIQUE_IDS = frozenset({
    "session_id", "turn_id", "response_id", "pair_id", "attempt_id", "calibration_id", "parent_id", "highlight_id",
})  # fmt: skip
"""Keys of payloads whose values are ids that no other session has."""

SCOPES = ("gaze", "pointer", "eye_patches", "sharing")
"""What a participant is asked separately. ``pointer`` covers pointer, wheel, scroll, key timing and focus."""

CHOICES = ("left", "right", "tie", "both_bad")


@dataclass(frozen=True, slots=True)
class Event:
    """One control event; ``t_ns`` is session time."""

    t_ns: int
    kind: str
    payload: dict[str, Any] = field(default_factory=dict)

    def to_row(self) -> tuple[int, str, str]:
        """The row of the stream ``event``. Raises ``ValueError`` for a kind or key that is not listed."""
        keys = EVENT_KINDS.get(self.kind)
        if keys is None:
            raise ValueError(f"unknown event kind {self.kind!r}")
        if set(self.payload) != set(keys):
            raise ValueError(f"event {self.kind!r} has keys {sorted(self.payload)}, wants {sorted(keys)}")
        return (self.t_ns, self.kind, json.dumps(self.payload, ensure_ascii=False, separators=(",", ":")))

    @staticmethod
    def from_row(t_ns: int, kind: str, payload: str) -> Event:
        """The inverse of :meth:`to_row`."""
        return Event(int(t_ns), kind, json.loads(payload))


def ids_within(payload: Any) -> set[str]:
    """Every id of a payload that belongs to its session alone: turns, answers, pairs, calibrations, marks."""
    if isinstance(payload, list):
        return set().union(*(ids_within(value) for value in payload)) if payload else set()
    if not isinstance(payload, dict):
        return set()
    found = {
        value
        for key, value in payload.items()
        # the text of a reading check is numbered within its session only
        if key in _UNIQUE_IDS and isinstance(value, str) and value and not value.startswith(TEXT_CHECK)
    }
    return found.union(*(ids_within(value) for value in payload.values()))


@dataclass(frozen=True, slots=True)
class ResponseRecord:
    """One answer of a turn, as the recording tells it.

    Attributes
    ----------
    text : str
        Source Markdown that arrived; complete only when ``finish`` is ``Finish.STOP``.
    finish : Finish or None
        None when the recording ends before the answer did.
    t_first_ns, t_end_ns : int or None
        Session time of the first and the last piece.
    rating : int or None
        The value that stood when the turn ended.
    """

    response_id: str
    side: str
    model: str
    context: tuple[Message, ...]
    text: str = ""
    finish: Finish | None = None
    t_first_ns: int | None = None
    t_end_ns: int | None = None
    rating: int | None = None
    rating_scale: int | None = None
    t_rating_ns: int | None = None


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One prompt with its answer or answers, ratings and vote. Times are session time, ns.

    Attributes
    ----------
    mode : str
        ``single`` or ``pair``.
    choice : str or None
        Named side of the vote (``left``, ``right``, ``tie``, ``both_bad``), never a bare 0/1; None when missing.
    strength : int or None
        1 slightly, 2 clearly; None for ties and missing votes.
    t_rating_open_ns : int or None
        When the ratings could first be used; what was looked at later is not before the vote.
    """

    session_id: str
    participant_id: str
    turn_id: str
    task_id: str
    topic_id: str
    turn_index: int
    mode: str
    prompt: str
    t_submit_ns: int
    responses: tuple[ResponseRecord, ...]
    pair_id: str = ""
    side_seed: int = 0
    choice: str | None = None
    strength: int | None = None
    t_choice_ns: int | None = None
    t_rating_open_ns: int | None = None
    t_end_ns: int | None = None

    def side(self, side: str) -> ResponseRecord | None:
        """The answer on a side."""
        return next((r for r in self.responses if r.side == side), None)

    def response(self, response_id: str) -> ResponseRecord | None:
        """The answer with this id."""
        return next((r for r in self.responses if r.response_id == response_id), None)


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """One recording file of a session.

    Attributes
    ----------
    file : str
        Name within the study's ``recordings`` folder.
    offset_ns : int
        Session time of the segment's own time 0 (0 for the first; from wall anchors for later ones).
    sha256 : str
        Of the sealed file; empty while it is open.
    """

    segment_id: str
    session_id: str
    number: int
    file: str
    offset_ns: int = 0
    closed_cleanly: bool = False
    recovered: bool = False
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One session as the catalogue knows it.

    Attributes
    ----------
    devices : str
        ``real``, ``video`` or ``simulated``: where the gaze came from. A face on a video did not look at this
        screen, so only ``real`` is data of a person.
    state : str
        ``open``, ``finished``, ``stopped`` (ended early) or ``withdrawn``.
    """

    session_id: str
    participant_id: str
    study_id: str
    number: int
    created_wall_ns: int
    devices: str
    state: str
    segments: tuple[SegmentInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class PairScore:
    """Score of one pair by one reward model.

    Attributes
    ----------
    score_left, score_right : float
        Reward per answer; only their difference has a meaning.
    prob_left : float
        Calibrated probability that the left answer is preferred.
    fold : int
        Fold in which the pair was held out, −1 when the model never saw its person.
    """

    pair_id: str
    session_id: str
    participant_id: str
    model_id: str
    score_left: float
    score_right: float
    prob_left: float
    fold: int
    trained_on: str
