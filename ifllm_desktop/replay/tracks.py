"""Time series and intervals of a session, as plots and timelines want them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import Records
from ifllm_desktop.domain.session import Event
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.ports import RecordingSource

DEFAULT_PERIOD_NS = 1_000_000_000 // 30
BURST_NS = 700 * NS_PER_MS
"""Wheel steps closer than this are one mark."""
SKIPPABLE_NS = 250 * NS_PER_MS
"""Losses shorter than this are played through: a blink is no gap."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open stretch of session time with its meaning: a turn state, the reason of a loss."""

    t0_ns: int
    t1_ns: int
    name: str
    turn_id: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One moment of the event strip; ``kind`` is ``control`` or ``pointer``."""

    t_ns: int
    kind: str
    name: str
    response_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One response's scroll, or any stepwise series.

    Attributes
    ----------
    t_ns : ndarray of int64, shape (n,)
    value : ndarray of float64, shape (n,)
        The value that holds from ``t_ns`` on, px.
    """

    t_ns: NDArray[np.int64]
    value: NDArray[np.float64]

    def at(self, t_ns: int) -> float | None:
        """The value that holds at a moment, None before the first."""
        number = int(np.searchsorted(self.t_ns, t_ns, side="right")) - 1
        return float(self.value[number]) if number >= 0 else None


def series_by(rows: Records, key: str, value: str) -> dict[str, Series]:
    """One stepwise series per distinct value of a text column."""
    names = rows[key].astype(str)
    return {
        str(name): Series(
            np.ascontiguousarray(rows["t_ns"][names == name]), rows[value][names == name].astype(np.float64)
        )
        for name in np.unique(names)
    }


def state_intervals(rows: Records, end_ns: int) -> tuple[Interval, ...]:
    """Turn states as intervals: each lasts until the next one begins."""
    times = [int(t) for t in rows["t_ns"]]
    ends = [*times[1:], end_ns][: len(times)]
    return tuple(
        Interval(t0, t1, str(row["state"]), str(row["turn_id"]))
        for row, t0, t1 in zip(rows, times, ends, strict=True)
        if t1 > t0
    )


def loss_intervals(gaps: Records, gaze: Records) -> tuple[Interval, ...]:
    """Stretches without usable gaze, from the gap rows; neighbours are joined.

    A gap row stands for ``n_frames`` frame periods (median distance of camera rows). The joined interval
    keeps the reason of its first row.
    """
    if not len(gaps):
        return ()
    times = np.sort(np.concatenate([gaps["t_ns"], gaze["t_ns"]]))
    steps = np.diff(times)
    steps = steps[steps > 0]
    period_ns = int(np.median(steps)) if len(steps) else DEFAULT_PERIOD_NS
    out: list[Interval] = []
    for row in gaps:
        t0_ns = int(row["t_ns"])
        t1_ns = t0_ns + period_ns * max(1, int(row["n_frames"]))
        if out and t0_ns <= out[-1].t1_ns + period_ns // 2:
            out[-1] = Interval(out[-1].t0_ns, max(t1_ns, out[-1].t1_ns), out[-1].name)
        else:
            out.append(Interval(t0_ns, t1_ns, str(row["reason"])))
    return tuple(out)


def pauses(events: Sequence[Event], end_ns: int) -> tuple[Interval, ...]:
    """Stretches between ``pause`` and ``resume`` (or the end)."""
    out: list[Interval] = []
    since: int | None = None
    for event in events:
        if event.kind == "pause" and since is None:
            since = event.t_ns
        elif event.kind == "resume" and since is not None:
            out.append(Interval(since, event.t_ns, "pause"))
            since = None
    if since is not None and end_ns > since:
        out.append(Interval(since, end_ns, "pause"))
    return tuple(out)


def skippable(intervals: Sequence[Interval]) -> tuple[tuple[int, int], ...]:
    """What "skip gaps" jumps over: long losses and pauses, sorted and joined."""
    long = sorted((i.t0_ns, i.t1_ns) for i in intervals if i.t1_ns - i.t0_ns >= SKIPPABLE_NS)
    out: list[tuple[int, int]] = []
    for t0_ns, t1_ns in long:
        if out and t0_ns <= out[-1][1]:
            out[-1] = (out[-1][0], max(t1_ns, out[-1][1]))
        else:
            out.append((t0_ns, t1_ns))
    return tuple(out)


_CONTROL_MARKS = (
    "response_end",
    "rating_open",
    "rating",
    "preference",
    "reasons",
    "highlight",
    "answer",
    "pause",
    "resume",
    "marker",
    "submit",
)


def marks(source: RecordingSource, events: Sequence[Event]) -> tuple[Mark, ...]:
    """Moments for the event strip: control events, clicks, bursts of wheel, selections, focus changes."""
    out = [_control_mark(event) for event in events if event.kind in _CONTROL_MARKS]
    pointer = source.read("pointer")
    presses = pointer[pointer["kind"].astype(str) == "press"]
    out += [Mark(int(row["t_ns"]), "pointer", "click", str(row["target"])) for row in presses]
    last: dict[str, int] = {}
    for row in source.read("wheel"):
        t_ns, target = int(row["t_ns"]), str(row["target"])
        if t_ns - last.get(target, -BURST_NS) >= BURST_NS:
            out.append(Mark(t_ns, "pointer", "wheel", target))
        last[target] = t_ns
    selections = source.read("selection")
    selections = selections[selections["end"] > selections["start"]]
    out += [Mark(int(row["t_ns"]), "pointer", "select", str(row["response_id"])) for row in selections]
    out += [
        Mark(int(row["t_ns"]), "control", f"focus_{row['kind']}", str(row["target"]))
        for row in source.read("focus")
    ]
    return tuple(sorted(out, key=lambda mark: mark.t_ns))


def _control_mark(event: Event) -> Mark:
    p = event.payload
    if event.kind == "preference":
        return Mark(event.t_ns, "control", f"vote_{p['choice']}")
    if event.kind == "response_end":
        name = "complete" if p["finish"] == "stop" else str(p["finish"])
        return Mark(event.t_ns, "control", name, p["response_id"])
    return Mark(event.t_ns, "control", event.kind, str(p.get("response_id", "")))
