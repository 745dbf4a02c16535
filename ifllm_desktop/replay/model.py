"""What a replay view needs of a session, made off the main thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ifllm_desktop.domain.gaze_standing import standing_validation
from ifllm_desktop.domain.session import TurnRecord
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.replay.timeline import Timeline


@dataclass(frozen=True, slots=True, eq=False)
class ReplayModel:
    """A session opened for replay.

    Attributes
    ----------
    wall_start_ns : int
        Wall time of the session's start, ns since the Unix epoch.
    accuracy_px : float
        Of the validation that gaze stands on in the end; NaN without one, or when it is not within the limits.
    grade : str
        Of the same validation; empty without one.
    recovered : bool
        Whether a segment was not closed properly and had to be recovered.
    """

    timeline: Timeline
    wall_start_ns: int
    accuracy_px: float
    grade: str
    recovered: bool

    @staticmethod
    def load(source: RecordingSource) -> ReplayModel:
        """Read a whole session. Pure but for the reading: safe on any thread.

        Raises DataError ``recording_damaged`` or ``recording_newer`` from the source.
        """
        timeline = Timeline(source)
        standing = standing_validation(timeline.events)
        validation: dict[str, Any] = standing if standing is not None and standing["ok"] else {}
        accuracy = validation.get("accuracy_px")
        return ReplayModel(
            timeline,
            source.wall_ns(0),
            float(accuracy) if accuracy is not None else float("nan"),
            str(validation.get("grade") or ""),
            any(segment.recovered for segment in source.segments()),
        )

    @property
    def has_gaze(self) -> bool:
        """Whether any gaze was recorded."""
        return len(self.timeline.gaze) > 0

    def first_moment_ns(self) -> int:
        """Where a replay opens: the first turn's submit, or the start."""
        turns = self.timeline.turns
        return turns[0].t_submit_ns if turns else 0

    def turn_number(self, turn: TurnRecord) -> int:
        """Place of a turn in the session, from 1."""
        return self.timeline.turns.index(turn) + 1
