"""The reading window of a pair: the only stretch of a turn that a measure may read.

It begins when the first text of either answer is shown and ends where the vote could begin to show itself: at
the first hover of the open rating region, the first rating or the vote, whichever comes first. The region is left
out because where the pointer rests on the ballot tells the vote itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import Records
from ifllm_desktop.domain.session import TurnRecord
from ifllm_desktop.ports import RecordingSource

BALLOT_PREFIXES = ("rating_", "rate_", "prefer")
"""Areas of ratings and vote, and their buttons, have names that begin so; ``continue`` belongs to them, too."""


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

    The ballot counts from the moment it opens: crossing it earlier, on the way up from "send", tells no vote, for
    nothing can be chosen yet. A pointer that rests there while it opens ends nothing until it enters again; the
    first rating does in any case.
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
        if event.kind in ("rating", "highlight") and payload["response_id"] in ids:
            return event.t_ns, "rating"
        if event.kind in ("preference", "reasons") and payload["turn_id"] == turn.turn_id:
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
    """When the pointer first came into the open rating region from outside it.

    Decided row by row from what was known by then: nothing later can move the end of the window.
    """
    if t_open_ns is None:
        return None
    pointer = source.read("pointer", None, t1_ns)
    regions = ballot_regions(source.read("aoi", None, t1_ns))
    rows = np.flatnonzero(pointer["t_ns"] >= max(t_open_ns, t0_ns))
    t_ns = pointer["t_ns"][rows]
    inside = on_ballot(pointer[rows], regions, t_ns)
    before = on_ballot(pointer[np.maximum(rows - 1, 0)], regions, t_ns) & (rows > 0)
    entered = np.flatnonzero(inside & ~before)
    return int(t_ns[entered[0]]) if len(entered) else None


Regions = list[tuple[NDArray[np.int64], Records]]


def ballot_regions(aois: Records) -> Regions:
    """For each area of the ballot when it changed and how, out of rows of the stream ``aoi`` sorted by time."""
    names = aois["name"].astype(str)
    parts = [aois[names == name] for name in sorted(set(names)) if _is_ballot(name)]
    return [(part["t_ns"].astype(np.int64), part) for part in parts]


def on_ballot(rows: Records, regions: Regions, t_ns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether pointer rows lie in the rating region, by the name of their target or by where the region is.

    Parameters
    ----------
    rows : records of the stream ``pointer``, shape (n,)
    t_ns : ndarray of int64, shape (n,)
        The region is taken as it stood then, which matters for a pointer that rests where a region appears.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    out = np.fromiter((_is_ballot(str(name)) for name in rows["target"]), dtype=np.bool_, count=len(rows))
    x_px, y_px = rows["x_px"], rows["y_px"]
    for times, areas in regions:
        number = np.searchsorted(times, t_ns, side="right") - 1
        area = areas[np.maximum(number, 0)]
        in_x = (x_px >= area["x_px"]) & (x_px < area["x_px"] + area["w_px"])
        in_y = (y_px >= area["y_px"]) & (y_px < area["y_px"] + area["h_px"])
        out |= (number >= 0) & (area["visible"] == 1) & in_x & in_y
    return out


def _is_ballot(name: str) -> bool:
    return name == "continue" or name.startswith(BALLOT_PREFIXES)
