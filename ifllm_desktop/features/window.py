"""The reading window of a pair: the only stretch of a turn that a measure may read.

It begins when the first text of either answer is shown and ends where the vote could begin to show itself: at
the first hover of the rating region, the first rating or the vote, whichever comes first. The region is left
out because where the pointer rests on the ballot tells the vote itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import Records
from ifllm_desktop.domain.session import TurnRecord
from ifllm_desktop.ports import RecordingSource

BALLOT_AOIS = frozenset({"rating_left", "rating_right", "preference", "continue"})
"""Areas that belong to ratings and vote."""

POINTER_GONE = frozenset({"leave"})
"""Kinds of pointer rows that say that the pointer is no longer over the window."""


@dataclass(frozen=True, slots=True)
class ReadingWindow:
    """Half-open stretch of session time.

    Attributes
    ----------
    t0_ns, t1_ns : int
        Start and end, session time.
    ended_by : str
        ``ballot_hover``, ``rating``, ``preference``, ``turn_end`` or ``recording_end``.
    """

    t0_ns: int
    t1_ns: int
    ended_by: str

    @property
    def duration_ns(self) -> int:
        """Length of the window, ns."""
        return self.t1_ns - self.t0_ns


def reading_window(source: RecordingSource, turn: TurnRecord) -> ReadingWindow | None:
    """The reading window of a pair, or None when no text of it was ever shown or it has no length.

    A pointer that already rests on the ballot when the first text comes (it had just pressed "send") ends
    nothing until it enters again or moves there after the ratings were opened.
    """
    t0_ns = _first_reveal_ns(source, turn)
    if t0_ns is None:
        return None
    limit_ns, ended_by = _turn_limit(source, turn, t0_ns)
    hover_ns = _ballot_hover_ns(source, t0_ns, limit_ns, turn.t_rating_open_ns)
    if hover_ns is not None and hover_ns < limit_ns:
        limit_ns, ended_by = hover_ns, "ballot_hover"
    return ReadingWindow(t0_ns, limit_ns, ended_by) if limit_ns > t0_ns else None


def _first_reveal_ns(source: RecordingSource, turn: TurnRecord) -> int | None:
    ids = [response.response_id for response in turn.responses]
    reveals = source.read("reveal", turn.t_submit_ns, turn.t_end_ns)
    shown = reveals[np.isin(reveals["response_id"].astype(str), ids) & (reveals["n_source"] > 0)]
    return int(shown["t_ns"][0]) if len(shown) else None


def _turn_limit(source: RecordingSource, turn: TurnRecord, t0_ns: int) -> tuple[int, str]:
    """Earliest control event that ends reading for certain; the recording's last moment without one."""
    ids = {response.response_id for response in turn.responses}
    last_ns = t0_ns
    for event in source.events():
        last_ns = max(last_ns, event.t_ns)
        if event.t_ns < t0_ns:
            continue
        payload = event.payload
        if event.kind == "rating" and payload["response_id"] in ids:
            return event.t_ns, "rating"
        if event.kind == "preference" and payload["turn_id"] == turn.turn_id:
            return event.t_ns, "preference"
        if event.kind == "turn_end" and payload["turn_id"] == turn.turn_id:
            return event.t_ns, "turn_end"
        another_turn = event.kind == "submit" and payload["turn_id"] != turn.turn_id
        if another_turn or event.kind == "session_end":
            return event.t_ns, "turn_end"
    for stream in ("gaze", "pointer"):
        rows = source.read(stream, t0_ns)
        if len(rows):
            last_ns = max(last_ns, int(rows["t_ns"][-1]) + 1)
    return last_ns, "recording_end"


def _ballot_hover_ns(source: RecordingSource, t0_ns: int, t1_ns: int, t_open_ns: int | None) -> int | None:
    pointer = source.read("pointer", None, t1_ns)
    if not len(pointer):
        return None
    inside = on_ballot(pointer, source.read("aoi", None, t1_ns))
    entered = inside & ~np.concatenate([[False], inside[:-1]])
    # the very first row of a recording that lies inside counts as an entry: nothing says it was there before
    ends = entered & (pointer["t_ns"] >= t0_ns)
    if t_open_ns is not None:
        ends |= inside & (pointer["t_ns"] >= max(t_open_ns, t0_ns))
    hits = np.flatnonzero(ends)
    return int(pointer["t_ns"][hits[0]]) if len(hits) else None


def on_ballot(pointer: Records, aois: Records) -> NDArray[np.bool_]:
    """Which pointer rows lie in the rating region.

    Parameters
    ----------
    pointer, aois
        Rows of the streams ``pointer`` and ``aoi``, each sorted by time.

    Returns
    -------
    ndarray of bool, shape (n,)
        True where the row's own target names the region or its place lies in a region visible at that time.
    """
    inside: NDArray[np.bool_] = np.isin(pointer["target"].astype(str), sorted(BALLOT_AOIS))
    gone = np.isin(pointer["kind"].astype(str), sorted(POINTER_GONE))
    for name in BALLOT_AOIS:
        rows = aois[aois["name"].astype(str) == name]
        if not len(rows):
            continue
        at = np.searchsorted(rows["t_ns"], pointer["t_ns"], side="right") - 1
        area = rows[np.maximum(at, 0)]
        x, y = pointer["x_px"], pointer["y_px"]
        inside |= (
            (at >= 0) & (area["visible"] == 1) & ~gone
            & (x >= area["x_px"]) & (x < area["x_px"] + area["w_px"])
            & (y >= area["y_px"]) & (y < area["y_px"] + area["h_px"])
        )  # fmt: skip
    return inside
