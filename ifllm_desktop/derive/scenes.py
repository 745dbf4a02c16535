"""What was on the screen at each moment, as the live pipeline saw it."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from ifllm_desktop.domain.scene import Aoi, Scene, ShownResponse
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.replay.timeline import Timeline

ANSWER_PAGES = frozenset({"task", "text_check"})
"""Pages that show answers, or a text in their place; the timeline knows the answers of a turn, not whether their page
is open."""

_CHANGES = ("layout_epoch", "layout_block", "scroll", "reveal", "aoi", "window", "chunk")
"""Streams, beside the control events, whose rows change what is on the screen."""


class SceneHistory:
    """Scenes of a session, asked for in order of time.

    The same object comes back while nothing moves, so that what depends on it is worked out once.

    Parameters
    ----------
    source : RecordingSource
        What the timeline was made from: its rows say when anything on the screen can have changed.
    """

    def __init__(self, timeline: Timeline, source: RecordingSource) -> None:
        self._timeline = timeline
        self._newest = Scene("")
        times = [np.array([event.t_ns for event in timeline.events], dtype=np.int64)]
        times += [source.read(stream)["t_ns"].astype(np.int64) for stream in _CHANGES]
        self._changes: list[int] = np.unique(np.concatenate(times)).tolist()
        self._interval = -1

    def at(self, t_ns: int) -> Scene:
        """The scene at a moment of session time."""
        interval = bisect_right(self._changes, t_ns)
        if interval == self._interval:
            return self._newest
        self._interval = interval
        state = self._timeline.state_at(t_ns)
        responses = state.responses if state.page in ANSWER_PAGES else ()
        if not self._same(state.page, responses, state.aois):
            self._newest = Scene(state.page, None, responses, state.aois)
        return self._newest

    def _same(self, page: str, responses: tuple[ShownResponse, ...], aois: tuple[Aoi, ...]) -> bool:
        old = self._newest
        if page != old.page or aois != old.aois or len(responses) != len(old.responses):
            return False
        return all(
            # layouts by identity: comparing thousands of words for each frame would cost more than it saves
            new.layout is known.layout and new.scroll_px == known.scroll_px and new.response_id == known.response_id
            and new.complete == known.complete
            for new, known in zip(responses, old.responses, strict=True)
        )  # fmt: skip
