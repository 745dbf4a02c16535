"""Whether a session can be read back: what the replay shows of it, in figures."""

from __future__ import annotations

from typing import Any

from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.replay.timeline import Timeline
from ifllm_desktop.replay.turns import turns


def read_back(source: RecordingSource) -> dict[str, Any]:
    """What the replay shows half-way through each turn."""
    timeline = Timeline(source)
    found = turns(source)
    return {
        "session_id": source.info().session_id, "duration_s": round(timeline.duration_ns / NS_PER_S, 3),
        "turns": len(found),
        "answers_shown": sum(
            len(timeline.state_at((turn.t_submit_ns + (turn.t_end_ns or turn.t_submit_ns)) // 2).responses)
            for turn in found
        ),
    }  # fmt: skip
