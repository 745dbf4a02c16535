"""A session at any moment: what stood on the screen, where gaze and pointer were, what had been decided."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from ifllm_desktop.domain.samples import Records
from ifllm_desktop.domain.scene import Aoi, ShownResponse
from ifllm_desktop.domain.session import TEXT_CHECK, Event, ResponseRecord, TurnRecord
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.replay import tracks
from ifllm_desktop.replay.layouts import LayoutHistory
from ifllm_desktop.replay.turns import turns_of_events

GAZE_STALE_NS = 150 * NS_PER_MS
"""A gaze sample older than this says nothing about now (about four frames of a 30 Hz camera)."""


@dataclass(frozen=True, slots=True)
class GazePoint:
    """One gaze sample, screen px; ``sd`` is NaN where none was stored."""

    t_ns: int
    x_px: float
    y_px: float
    sd_x_px: float
    sd_y_px: float


@dataclass(frozen=True, slots=True)
class PointerPoint:
    """Where the pointer is, screen px, and since when it has been there."""

    t_ns: int
    x_px: float
    y_px: float


@dataclass(frozen=True, slots=True)
class ReplayState:
    """Everything about one moment.

    Attributes
    ----------
    turn : TurnRecord or None
        The turn that the moment belongs to; a turn counts from its ``turn_start`` until the next one.
    turn_state : str
        One of ``TURN_STATES``, empty before the first.
    responses : tuple of ShownResponse
        Answers that had geometry, with scroll and whether all of their text was shown.
    gaze : GazePoint or None
        None in a loss and when the newest sample is stale.
    window : Rect or None
        Window on the screen, screen px.
    screen_px : tuple of float
        Width and height of the participant's screen.
    ratings : dict
        Rating by response id so far.
    """

    t_ns: int
    page: str
    turn: TurnRecord | None
    turn_state: str
    responses: tuple[ShownResponse, ...]
    aois: tuple[Aoi, ...]
    gaze: GazePoint | None
    loss: tracks.Interval | None
    pointer: PointerPoint | None
    window: Rect | None
    screen_px: tuple[float, float]
    ratings: dict[str, int]
    choice: str | None
    paused: bool


T = TypeVar("T")


@dataclass(slots=True)
class _Steps(Generic[T]):
    """Values that each hold until the next one."""

    times: list[int] = field(default_factory=list)
    values: list[T] = field(default_factory=list)

    def add(self, t_ns: int, value: T) -> None:
        self.times.append(int(t_ns))
        self.values.append(value)

    def at(self, t_ns: int, default: T) -> T:
        number = bisect_right(self.times, t_ns) - 1
        return self.values[number] if number >= 0 else default


@dataclass(frozen=True, slots=True)
class _Shown:
    """Answers of one submit: (response_id, side)."""

    turn_id: str = ""
    responses: tuple[tuple[str, str], ...] = ()


DEFAULT_SCREEN_PX = (1920.0, 1080.0)
"""Stands in where a recording has no row of the stream ``window``."""


class Timeline:
    """One session, opened once, asked at any moment in O(log n).

    Parameters
    ----------
    source : RecordingSource
        Read here completely; nothing is read later, so the object may pass from one thread to another.

    Attributes
    ----------
    duration_ns : int
        Last moment of the session.
    turns : tuple of TurnRecord
    layouts : LayoutHistory
    gaze, pointer : structured arrays
        Rows of the streams, sorted by time.
    gaze_t_ns, pointer_t_ns : ndarray of int64
        Their times.
    scroll : dict of Series
        Offset by response id.
    states, losses, pauses : tuple of Interval
    marks : tuple of Mark
    problems : tuple of str
        What could not be read, in words for a person.
    """

    def __init__(self, source: RecordingSource) -> None:
        self.info = source.info()
        self.events: tuple[Event, ...] = tuple(source.events())
        self.turns = turns_of_events(self.info, self.events)
        self.layouts = LayoutHistory(source)
        self.gaze = source.read("gaze")
        self.pointer = source.read("pointer")
        # a search in a column of records would copy the column each time
        self.gaze_t_ns = np.ascontiguousarray(self.gaze["t_ns"])
        self.pointer_t_ns = np.ascontiguousarray(self.pointer["t_ns"])
        gaps = source.read("gap")
        states = source.read("state")
        self.duration_ns = _duration_ns(self.events, (self.gaze, self.pointer, gaps, states))
        self.scroll = tracks.series_by(source.read("scroll"), "response_id", "offset_px")
        self.states = tracks.state_intervals(states, self.duration_ns)
        self.losses = tracks.loss_intervals(gaps, self.gaze)
        self.pauses = tracks.pauses(self.events, self.duration_ns)
        self.marks = tracks.marks(source, self.events)
        self.problems = tuple(p.problem for p in self.layouts.problems)
        self._loss_starts = [loss.t0_ns for loss in self.losses]
        self._reveals = tracks.series_by(source.read("reveal"), "response_id", "n_source")
        self._texts = _texts(self.turns, source.read("chunk"))
        self._text_ids = _text_ids(self.layouts)
        self._windows = _windows(source.read("window"))
        self._aois = _aois(source.read("aoi"))
        self._state_steps: _Steps[str] = _Steps()
        for row in states:
            self._state_steps.add(row["t_ns"], str(row["state"]))
        self._read_events()

    def _read_events(self) -> None:
        self._pages: _Steps[str] = _Steps()
        self._shown: _Steps[_Shown] = _Steps()
        self._turn_ids: _Steps[str] = _Steps()
        self._ratings: dict[str, _Steps[int]] = {}
        self._choices: dict[str, _Steps[str | None]] = {}
        self._complete_ns: dict[str, int] = {}
        self._paused: _Steps[bool] = _Steps()
        for event in self.events:
            self._read_event(event.t_ns, event.kind, event.payload)
        self._turn_by_id = {turn.turn_id: turn for turn in self.turns}

    def _read_event(self, t_ns: int, kind: str, p: dict[str, Any]) -> None:
        match kind:
            case "page":
                self._pages.add(t_ns, p["page"])
            case "turn_start":
                self._turn_ids.add(t_ns, p["turn_id"])
            case "submit":
                if self._turn_ids.at(t_ns, "") != p["turn_id"]:
                    self._turn_ids.add(t_ns, p["turn_id"])
                pairs = tuple((r["response_id"], r["side"]) for r in p["responses"])
                self._shown.add(t_ns, _Shown(p["turn_id"], pairs))
            case "response_end" if p["finish"] == "stop":
                self._complete_ns.setdefault(p["response_id"], t_ns)
            case "rating" if not p.get("name"):
                self._ratings.setdefault(p["response_id"], _Steps()).add(t_ns, p["value"])
            case "preference":
                self._choices.setdefault(p["turn_id"], _Steps()).add(t_ns, p["choice"])
            case "pause" | "resume":
                self._paused.add(t_ns, kind == "pause")
            case _:
                pass

    # ---- one moment
    def state_at(self, t_ns: int) -> ReplayState:
        """The session at a moment of session time."""
        turn_id = self._turn_ids.at(t_ns, "")
        turn = self._turn_by_id.get(turn_id)
        shown = self._shown.at(t_ns, _Shown())
        ids = shown.responses if shown.turn_id == turn_id else ()
        page = self._pages.at(t_ns, "")
        if page == "text_check":
            text_id = self._text_ids.at(t_ns, "")
            ids = ((text_id, "left"),) if text_id else ()
        loss = self._loss_at(t_ns)
        window, screen_px = self._windows.at(t_ns, (None, DEFAULT_SCREEN_PX))
        choices: _Steps[str | None] = self._choices.get(turn_id, _Steps())
        return ReplayState(
            t_ns=t_ns,
            page=page,
            turn=turn,
            turn_state=self._state_steps.at(t_ns, ""),
            responses=tuple(r for rid, side in ids if (r := self._response_at(rid, side, t_ns)) is not None),
            aois=tuple(a for steps in self._aois.values() if (a := steps.at(t_ns, None)) is not None),
            gaze=None if loss else self._gaze_at(t_ns),
            loss=loss,
            pointer=self._pointer_at(t_ns),
            window=window,
            screen_px=screen_px,
            ratings={
                rid: steps.at(t_ns, 0)
                for rid, _ in ids
                if (steps := self._ratings.get(rid)) is not None and t_ns >= steps.times[0]
            },
            choice=choices.at(t_ns, None),
            paused=self._paused.at(t_ns, False),
        )

    def _response_at(self, response_id: str, side: str, t_ns: int) -> ShownResponse | None:
        layout = self.layouts.at(response_id, t_ns)
        if layout is None:
            return None
        scroll = self.scroll.get(response_id)
        scroll_px = (scroll.at(t_ns) if scroll else None) or 0.0
        revealed = self._reveals.get(response_id)
        n_shown = (revealed.at(t_ns) if revealed else None) or 0.0
        ended = t_ns >= self._complete_ns.get(response_id, t_ns + 1)
        complete = ended and n_shown >= len(self.source_text(response_id))
        whole = complete or response_id.startswith(TEXT_CHECK)  # that text does not arrive, it is there
        return ShownResponse(response_id, side, layout, scroll_px, whole)

    def _gaze_at(self, t_ns: int) -> GazePoint | None:
        number = int(np.searchsorted(self.gaze_t_ns, t_ns, side="right")) - 1
        if number < 0 or t_ns - int(self.gaze_t_ns[number]) > GAZE_STALE_NS:
            return None
        row = self.gaze[number]
        if not (np.isfinite(row["x_px"]) and np.isfinite(row["y_px"])):
            return None
        return GazePoint(
            int(row["t_ns"]),
            float(row["x_px"]), float(row["y_px"]), float(row["sd_x_px"]), float(row["sd_y_px"]),
        )  # fmt: skip

    def _loss_at(self, t_ns: int) -> tracks.Interval | None:
        number = bisect_right(self._loss_starts, t_ns) - 1
        return self.losses[number] if number >= 0 and t_ns < self.losses[number].t1_ns else None

    def _pointer_at(self, t_ns: int) -> PointerPoint | None:
        number = int(np.searchsorted(self.pointer_t_ns, t_ns, side="right")) - 1
        if number < 0 or self.pointer["kind"][number] == "leave":
            return None
        row = self.pointer[number]
        return PointerPoint(int(row["t_ns"]), float(row["x_px"]), float(row["y_px"]))

    # ---- stretches
    def turn_span(self, turn: TurnRecord) -> tuple[int, int]:
        """From the turn's ``turn_start`` (or submit) to its end (or the next turn, or the session's end)."""
        starts = [t for t, tid in zip(self._turn_ids.times, self._turn_ids.values, strict=True)
                  if tid == turn.turn_id]  # fmt: skip
        t0_ns = min([*starts, turn.t_submit_ns])
        if turn.t_end_ns is not None:
            return t0_ns, turn.t_end_ns
        later = [t for t in self._turn_ids.times if t > turn.t_submit_ns]
        return t0_ns, min(later, default=self.duration_ns)

    def reading_window(self, turn: TurnRecord) -> tuple[int, int]:
        """From the first shown text of the turn's answers to the first rating or the vote.

        A view's window: measures use the stricter one of ``features.window``, which also stops at the ballot.
        """
        t0_ns, t1_ns = self.turn_span(turn)
        first = []
        for response in turn.responses:
            reveal = self._reveals.get(response.response_id)
            if reveal is not None and (reveal.value > 0).any():
                first.append(int(reveal.t_ns[reveal.value > 0][0]))
        ends = [t for r in turn.responses if (s := self._ratings.get(r.response_id)) for t in s.times[:1]]
        ends += [turn.t_choice_ns] if turn.t_choice_ns is not None else []
        start_ns = min(first, default=turn.t_submit_ns)
        return max(start_ns, t0_ns), max(min(ends, default=t1_ns), start_ns)

    def source_text(self, response_id: str) -> str:
        """Source Markdown of an answer as far as it arrived."""
        return self._texts.get(response_id, "")

    def revealed_ns(self, response_id: str, n_source: int) -> int | None:
        """When the first ``n_source`` code points of an answer had been shown, None when they never were."""
        series = self._reveals.get(response_id)
        if series is None:
            return None
        reached = np.flatnonzero(series.value >= n_source)
        return int(series.t_ns[reached[0]]) if len(reached) else None

    def response(self, response_id: str) -> tuple[TurnRecord, ResponseRecord] | None:
        """An answer and its turn; None for one that was replaced by a retry."""
        for turn in self.turns:
            found = turn.response(response_id)
            if found is not None:
                return turn, found
        return None

    def turn_at(self, t_ns: int) -> TurnRecord | None:
        """The turn that a moment belongs to."""
        return self._turn_by_id.get(self._turn_ids.at(t_ns, ""))

    def skippable(self) -> tuple[tuple[int, int], ...]:
        """Stretches that a player may jump over."""
        return tracks.skippable((*self.losses, *self.pauses))

    def loss_share(self, t0_ns: int, t1_ns: int) -> float:
        """Share of a stretch without usable gaze, 0..1; NaN for an empty stretch."""
        if t1_ns <= t0_ns:
            return float("nan")
        lost_ns = sum(max(0, min(i.t1_ns, t1_ns) - max(i.t0_ns, t0_ns)) for i in self.losses)
        return lost_ns / (t1_ns - t0_ns)

    def gaze_rate_hz(self) -> float:
        """Gaze samples per second, from the median distance of samples; NaN without two of them."""
        steps = np.diff(self.gaze_t_ns)
        return float(1e9 / np.median(steps)) if len(steps) and np.median(steps) > 0 else float("nan")


def _duration_ns(events: Sequence[Event], tables: Sequence[Records]) -> int:
    last = [events[-1].t_ns] if events else []
    return max([*last, *(int(table["t_ns"][-1]) for table in tables if len(table))], default=0)


def _texts(turns: Sequence[TurnRecord], chunks: Records) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    for row in chunks:
        parts.setdefault(str(row["response_id"]), []).append(str(row["text"]))
    out = {rid: "".join(texts) for rid, texts in parts.items()}
    out.update({r.response_id: r.text for turn in turns for r in turn.responses if r.finish is not None})
    return out


def _text_ids(layouts: LayoutHistory) -> _Steps[str]:
    """Which text of the text checks was laid out last."""
    steps: _Steps[str] = _Steps()
    shown = [rid for rid in layouts.response_ids if rid.startswith(TEXT_CHECK)]
    for t_ns, rid in sorted((layouts.epochs(rid)[0].t_ns, rid) for rid in shown):
        steps.add(t_ns, rid)
    return steps


def _windows(rows: Records) -> _Steps[tuple[Rect | None, tuple[float, float]]]:
    steps: _Steps[tuple[Rect | None, tuple[float, float]]] = _Steps()
    for row in rows:
        rect = Rect(*(float(row[name]) for name in ("x_px", "y_px", "w_px", "h_px")))
        steps.add(row["t_ns"], (rect, (float(row["screen_w_px"]), float(row["screen_h_px"]))))
    return steps


def _aois(rows: Records) -> dict[str, _Steps[Aoi | None]]:
    out: dict[str, _Steps[Aoi | None]] = {}
    for row in rows:
        name = str(row["name"])
        rect = Rect(*(float(row[key]) for key in ("x_px", "y_px", "w_px", "h_px")))
        out.setdefault(name, _Steps()).add(row["t_ns"], Aoi(name, rect) if row["visible"] == 1 else None)
    return out
