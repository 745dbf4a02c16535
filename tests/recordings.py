"""Recordings in memory: a small realistic session for everything that reads a ``RecordingSource``.

``small_session()`` makes pair turns with streaming answers, layout epochs, gaze with gaps, pointer, scroll,
turn states, ratings and a vote; ``FakeRecording`` serves any rows. The same arguments give the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ifllm_desktop.domain.layout import BlockLayout, LayoutEpoch, TextLayout, WordBox, source_sha256
from ifllm_desktop.domain.samples import STREAMS, Records, Row, records
from ifllm_desktop.domain.session import Event, SegmentInfo, SessionInfo
from ifllm_desktop.domain.space import Rect

MS = 1_000_000
SCREEN_PX = (1440.0, 900.0)
VIEWPORTS = {"left": Rect(120.0, 150.0, 560.0, 440.0), "right": Rect(760.0, 150.0, 560.0, 440.0)}
WALL_START_NS = 1_763_900_000_000_000_000
LINE_PX = 24.0
TEXT_PX = 16.0

BETTER = """## A weekly copy with rsync

**rsync** copies only what is new or changed, so the first run is slow and later runs take a minute or two.

### Before the first run

- Connect the second disk and note its name.
- Make a folder `Photos` on it.
- Check that it has twice the space you need.

The slash after `Pictures/` matters: with it, the *contents* are copied, without it the folder itself.

### Every week

- Run the same line again. Files that you deleted on the laptop stay on the disk, which protects you.
- Once a month, open ten photos on the disk to see that they are readable 🙂.

If you want deleted photos to vanish from the copy as well, add `--delete`, but try it with `--dry-run` first.
"""
WORSE = """Backups are very important, because without a backup there is only one copy of each photo.

Many people learn this the hard way. A laptop can break, a phone can be lost, and then the pictures are gone.

- Take your photos seriously, because they matter.
- Make backups a part of your life, and do it regularly.

There are many programs that can copy files. Choose one that suits you, and use it to copy your files.
"""

# advance widths of DejaVu Sans and DejaVu Sans Bold, 1/1000 em, characters 32–126
_REGULAR = "318,401,460,838,636,950,780,275,390,390,500,838,318,361,318,337,636,636,636,636,636,636,636,636,636,636,337,337,838,838,838,531,1000,684,686,698,770,632,575,775,752,295,295,656,557,863,748,787,603,787,695,635,611,732,684,989,685,611,685,390,337,390,838,500,500,613,635,550,635,615,352,635,634,278,278,579,278,974,634,612,635,635,411,521,392,634,592,818,592,592,525,636,337,636,838"  # noqa: E501
_BOLD = "348,456,521,838,696,1002,872,306,457,457,523,838,380,415,380,365,696,696,696,696,696,696,696,696,696,696,400,400,838,838,838,580,1000,774,762,734,830,683,683,821,837,372,372,775,637,995,837,850,733,850,770,720,682,812,774,1103,771,724,725,457,365,457,838,500,500,675,716,593,716,678,435,716,712,343,343,665,343,1042,712,687,716,716,493,595,478,712,652,924,645,652,582,712,365,712,838"  # noqa: E501
_WIDTHS = {"": [int(w) for w in _REGULAR.split(",")], "b": [int(w) for w in _BOLD.split(",")]}


class FakeRecording:
    """A session whose rows stand in memory; implements ``ports.RecordingSource``.

    Parameters
    ----------
    rows
        Rows by stream, in any order; sorted by time when read (stable, as the store does it).
    """

    def __init__(self, info: SessionInfo, rows: Mapping[str, Iterable[Row]]) -> None:
        self._info = info
        self.rows: dict[str, list[Row]] = {name: list(values) for name, values in rows.items()}
        self._sorted: dict[str, Records] = {}

    def info(self) -> SessionInfo:
        """The session as the catalogue knows it."""
        return self._info

    def read(self, stream: str, t0_ns: int | None = None, t1_ns: int | None = None) -> Records:
        """Rows of a stream with ``t0_ns <= t_ns < t1_ns``, sorted by time."""
        if stream not in self._sorted:
            rows = sorted(self.rows.get(stream, []), key=lambda row: row[0])
            self._sorted[stream] = records(stream, rows) if rows else STREAMS[stream].empty()
        table = self._sorted[stream]
        first = 0 if t0_ns is None else int(np.searchsorted(table["t_ns"], t0_ns, side="left"))
        last = len(table) if t1_ns is None else int(np.searchsorted(table["t_ns"], t1_ns, side="left"))
        return table[first:last]

    def events(self) -> Sequence[Event]:
        """Every control event, sorted by time."""
        return [Event.from_row(*row) for row in sorted(self.rows.get("event", []), key=lambda row: row[0])]

    def segments(self) -> Sequence[SegmentInfo]:
        """The files behind it."""
        return self._info.segments

    def wall_ns(self, t_ns: int) -> int:
        """Wall time of a moment of session time."""
        return WALL_START_NS + t_ns


@dataclass
class RecordingBuilder:
    """Collects rows and events; ``build()`` makes the source. Times are ms."""

    session_id: str = "S1"
    participant_id: str = "P01"
    devices: str = "simulated"
    rows: dict[str, list[Row]] = field(default_factory=dict)
    _layouts: dict[str, TextLayout] = field(default_factory=dict)

    def row(self, stream: str, t_ms: float, *values: Any) -> None:
        """One row; values in the order of the stream's columns after ``t_ns``."""
        assert len(values) == len(STREAMS[stream].columns) - 1, stream
        self.rows.setdefault(stream, []).append((round(t_ms * MS), *values))

    def event(self, t_ms: float, kind: str, /, **payload: Any) -> None:
        """One control event with exactly the keys that ``EVENT_KINDS`` lists; styles and further scales are none."""
        if kind == "submit":
            payload = {"sent_prompt": payload["prompt"], "style": "", **payload}
        if kind == "rating":
            payload = {"name": "", **payload}
        self.rows.setdefault("event", []).append(Event(round(t_ms * MS), kind, payload).to_row())

    def epoch(self, t_ms: float, layout: TextLayout) -> None:
        """One layout epoch, stored as the delta from the response's last one."""
        head = layout.head
        delta = layout.delta_from(self._layouts.get(head.response_id))
        self._layouts[head.response_id] = layout
        for block in delta.changed:
            self.row("layout_block", t_ms, head.response_id, head.epoch, block.index, block.to_json())
        self.row("layout_epoch", t_ms, head.response_id, head.epoch, head.to_json())

    def build(self) -> FakeRecording:
        """The recording."""
        segment = SegmentInfo(
            f"{self.session_id}-1", self.session_id, 1, f"{self.session_id}-1.sqlite", 0, True
        )
        info = SessionInfo(
            self.session_id,
            self.participant_id,
            "demo",
            1,
            WALL_START_NS,
            self.devices,
            "finished",
            (segment,),
        )
        return FakeRecording(info, self.rows)


def text_width_px(text: str, style: str = "", size_px: float = TEXT_PX) -> float:
    """Width of a text in DejaVu Sans; any other character counts as one em."""
    if "m" in style:
        return 0.602 * size_px * len(text)
    table = _WIDTHS["b" if "b" in style else ""]
    return sum(table[ord(c) - 32] if 32 <= ord(c) < 127 else 1000 for c in text) * size_px / 1000


def lay_out(
    response_id: str, source: str, viewport: Rect, epoch: int = 1, n_source: int | None = None
) -> TextLayout:
    """Geometry of Markdown with headings, paragraphs, flat lists, bold, italic and code words.

    A stand-in for the real response view, without Qt: ``source[src_start:src_end]`` is each word's text, too.
    """
    n_source = len(source) if n_source is None else n_source
    shown = source[:n_source]
    blocks: list[BlockLayout] = []
    y_px, line, position = 12.0, 0, 0
    for raw in shown.split("\n"):
        start, position = position, position + len(raw) + 1
        if not raw.strip():
            continue
        kind, skip, marker, style, size_px = _block_kind(raw)
        indent_px = 24.0 if marker else 0.0
        words, n_lines = _wrap(raw, start, skip, style, size_px, viewport.w_px - 32 - indent_px, line)
        placed = tuple(
            WordBox(w.text, w.src_start, w.src_end, w.rect.moved(16 + indent_px, y_px), w.baseline_px + y_px,
                    w.line, w.style, w.size_px)
            for w in words
        )  # fmt: skip
        h_px = LINE_PX * max(n_lines, 1)
        rect = Rect(16 + indent_px, y_px, viewport.w_px - 32 - indent_px, h_px)
        blocks.append(BlockLayout(len(blocks), kind, start, start + len(raw), rect, placed, marker))
        y_px += h_px + 8
        line += max(n_lines, 1)
    head = LayoutEpoch(
        response_id, epoch, viewport, 1.0, len(blocks), n_source, source_sha256(shown), "DejaVu Sans",
        "DejaVu Sans Mono", y_px + 4,
    )  # fmt: skip
    return TextLayout(head, tuple(blocks))


def _block_kind(raw: str) -> tuple[str, int, str, str, float]:
    if raw.startswith("### "):
        return "heading", 4, "", "b", 16.0
    if raw.startswith("## "):
        return "heading", 3, "", "b", 18.0
    if raw.startswith("- "):
        return "list_item", 2, "•", "", TEXT_PX
    return "paragraph", 0, "", "", TEXT_PX


def _wrap(
    raw: str, start: int, skip: int, style: str, size_px: float, width_px: float, line: int
) -> tuple[list[WordBox], int]:
    words: list[WordBox] = []
    x_px, n_lines, position = 0.0, 1, skip
    for part in raw[skip:].split(" "):
        at, position = position, position + len(part) + 1
        core = part.strip("*`")
        if not core:
            continue
        marks = part[: len(part) - len(part.lstrip("*`"))]
        own = style + ("m" if "`" in part else "b" if "**" in part else "i" if "*" in part else "")
        w_px = text_width_px(core, own, size_px)
        if x_px and x_px + w_px > width_px:
            x_px, n_lines = 0.0, n_lines + 1
        y_px = (n_lines - 1) * LINE_PX
        src = start + at + len(marks)
        rect = Rect(x_px, y_px, w_px, LINE_PX)
        words.append(WordBox(core, src, src + len(core), rect, y_px + 17.5, line + n_lines - 1, own, size_px))
        x_px += w_px + text_width_px(" ", style, size_px)
    return words, n_lines


@dataclass(frozen=True)
class TurnPlan:
    """What happens in one turn of :func:`small_session`. Durations in ms."""

    left: str = BETTER
    right: str = WORSE
    choice: str = "left"
    strength: int | None = 2
    rating_left: int = 6
    rating_right: int = 3
    mode: str = "pair"
    read_ms: float = 12_000
    retry: bool = False


def small_session(
    session_id: str = "S1",
    participant_id: str = "P01",
    plans: Sequence[TurnPlan] = (TurnPlan(),),
    *,
    seed: int = 0,
    with_gaze: bool = True,
    extra: Callable[[RecordingBuilder], None] | None = None,
) -> FakeRecording:
    """A finished session: calibration, then one turn per plan (about 23 s each with the default plan)."""
    rng = np.random.default_rng(seed)
    b = RecordingBuilder(session_id, participant_id)
    _opening(b, with_gaze)
    t_ms = 3000.0
    b.event(t_ms, "task_start", task_id="task-1", topic_id="photo-backup", title="Photos", mode=plans[0].mode,
            task_index=0)  # fmt: skip
    for index, plan in enumerate(plans):
        t_ms = _turn(b, rng, t_ms + 100, index, plan, with_gaze)
    b.event(t_ms + 100, "task_end", task_id="task-1")
    b.event(t_ms + 200, "session_end", reason="finished")
    b.row("anchor", t_ms + 200, WALL_START_NS + round((t_ms + 200) * MS))
    if extra is not None:
        extra(b)
    return b.build()


def _opening(b: RecordingBuilder, with_gaze: bool) -> None:
    b.row("anchor", 0, WALL_START_NS)
    b.event(0, "session_start", session_id=b.session_id, participant_id=b.participant_id, study_id="demo",
            station_id="station", segment=1, seed=1, devices=b.devices,
            screen={"w_px": SCREEN_PX[0], "h_px": SCREEN_PX[1]}, camera={"rate_hz": 30}, feature_set="eyes-1",
            app_version="0", protocol_sha256="", landmarker={})  # fmt: skip
    b.row("window", 0, 0.0, 0.0, *SCREEN_PX, 1.0, *SCREEN_PX)
    scopes = {"gaze": with_gaze, "pointer": True, "eye_patches": False, "sharing": True}
    b.event(200, "consent", scopes=scopes, declined=False)
    if with_gaze:
        b.event(1500, "calibration", attempt_id="a1", calibration_id="cal-1", ok=True, reason="", n_targets=9,
                loo_error_px=42.0, model={}, kind="full", method="points", parent_id="", targets=[],
                lag_ms=None, weight=1.0, distance_mm=None, distance_sd_mm=None, distance_source="none")  # fmt: skip
        b.event(2500, "validation", attempt_id="a2", calibration_id="cal-1", ok=True, reason="", grade="B",
                accuracy_px=55.0, sd_px=[40.0, 45.0], loss=0.03, rate_hz=30.0, targets=[])  # fmt: skip
    b.event(2900, "page", page="task")


def _turn(
    b: RecordingBuilder, rng: np.random.Generator, t_ms: float, index: int, plan: TurnPlan, with_gaze: bool
) -> float:
    turn = f"{b.session_id}-t{index + 1}"
    sides = ("left", "right") if plan.mode == "pair" else ("left",)
    ids = {side: f"{turn}-{side[0]}" for side in sides}
    begin_ms, submit_ms = t_ms, t_ms + 2500
    b.event(begin_ms, "turn_start", turn_id=turn, task_id="task-1", turn_index=index)
    b.row("state", begin_ms, turn, "composing")
    if plan.retry:
        broken = {**ids, "left": f"{turn}-broken"}
        _submit(b, submit_ms - 800, turn, index, plan, broken)
        b.event(submit_ms - 500, "first_token", response_id=broken["left"])
        b.event(
            submit_ms - 300,
            "response_end",
            response_id=broken["left"],
            finish="error",
            text="Back",
            detail="reset",
        )
    _submit(b, submit_ms, turn, index, plan, ids)
    b.row("state", submit_ms, turn, "waiting")
    b.row("state", submit_ms + 700, turn, "streaming")
    ends = {s: _stream(b, submit_ms + 700 + 80 * k, ids[s], s, getattr(plan, s)) for k, s in enumerate(sides)}
    open_ms = max(ends.values()) + 150
    b.event(open_ms, "rating_open", turn_id=turn)
    b.row("aoi", open_ms, "rating_left", 120.0, 700.0, 560.0, 44.0, 1)
    b.row("aoi", open_ms, "preference", 120.0, 760.0, 1200.0, 60.0, 1)
    b.row("state", open_ms, turn, "reading")
    compare_ms, rate_ms = open_ms + plan.read_ms * 0.7, open_ms + plan.read_ms
    if plan.mode == "pair":
        b.row("state", compare_ms, turn, "comparing")
    _scroll(b, open_ms + plan.read_ms * 0.4, ids["left"])
    if with_gaze:
        _gaze(b, rng, begin_ms, rate_ms + 4000, submit_ms + 900, ids, plan)
    _pointer(b, rng, begin_ms, rate_ms)
    b.row("state", rate_ms, turn, "rating")
    for k, side in enumerate(sides):
        b.event(rate_ms + 800 + 900 * k, "rating", turn_id=turn, response_id=ids[side],
                value=getattr(plan, f"rating_{side}"), scale=7)  # fmt: skip
    if plan.mode == "pair":
        b.event(rate_ms + 3000, "preference", turn_id=turn, choice=plan.choice, strength=plan.strength)
    b.event(rate_ms + 4000, "turn_end", turn_id=turn)
    b.row("aoi", rate_ms + 4000, "preference", 120.0, 760.0, 1200.0, 60.0, 0)
    b.row("aoi", rate_ms + 4000, "rating_left", 120.0, 700.0, 560.0, 44.0, 0)
    b.row("state", rate_ms + 4000, turn, "idle")
    return rate_ms + 4100


def _submit(
    b: RecordingBuilder, t_ms: float, turn: str, index: int, plan: TurnPlan, ids: Mapping[str, str]
) -> None:
    prompt = "And how do I copy them from my laptop to the second disk?"
    context = [{"role": "user", "content": prompt}]
    responses = [
        {
            "response_id": rid,
            "side": side,
            "model": f"prepared-{'ab'[k]}",
            "parameters": {},
            "context": context,
        }
        for k, (side, rid) in enumerate(ids.items())
    ]
    pair_id = f"{turn}-pair" if plan.mode == "pair" else ""
    b.event(t_ms, "submit", turn_id=turn, task_id="task-1", topic_id="photo-backup", turn_index=index,
            mode=plan.mode, prompt=prompt, pair_id=pair_id, side_seed=7, responses=responses)  # fmt: skip
    b.row("aoi", t_ms, "prompt", 320.0, 60.0, 800.0, 40.0, 1)


def _stream(b: RecordingBuilder, t_ms: float, rid: str, side: str, text: str) -> float:
    """Chunks of 12 characters every 60 ms, a layout epoch and reveal after each third one."""
    b.event(t_ms, "first_token", response_id=rid)
    n_chunks, epoch = -(-len(text) // 12), 0
    for k in range(n_chunks):
        at_ms = t_ms + 60 * k
        b.row("chunk", at_ms, rid, k, text[12 * k : 12 * (k + 1)])
        if k % 3 == 2 or k == n_chunks - 1:
            epoch += 1
            n_source = min(12 * (k + 1), len(text))
            b.epoch(at_ms + 15, lay_out(rid, text, VIEWPORTS[side], epoch, n_source))
            b.row("reveal", at_ms + 20, rid, epoch, n_source)
    end_ms = t_ms + 60 * n_chunks
    b.row("scroll", t_ms, rid, 0.0, 0.0)
    b.event(end_ms, "response_end", response_id=rid, finish="stop", text=text, detail="")
    return end_ms


def _scroll(b: RecordingBuilder, t_ms: float, rid: str) -> None:
    for k in range(4):
        b.row("wheel", t_ms + 60 * k, 400.0, 500.0, 0.0, -120.0, "answer_left")
        b.row("scroll", t_ms + 60 * k + 8, rid, 15.0 * (k + 1), 60.0)


def _gaze(
    b: RecordingBuilder, rng: np.random.Generator, t0_ms: float, t1_ms: float, read_from_ms: float,
    ids: Mapping[str, str], plan: TurnPlan,
) -> None:  # fmt: skip
    """30 Hz; fixations of 220 ms on every second word, more on the preferred side; two losses per turn."""
    sides = list(ids)
    layouts = {side: lay_out(ids[side], getattr(plan, side), VIEWPORTS[side]) for side in sides}
    preferred = plan.choice if plan.choice in sides else sides[0]
    lost = [(t0_ms + 6000, t0_ms + 6700), (t1_ms - 5200, t1_ms - 4900)]
    order = [w for side in sides for w in [(side, word) for word in layouts[side].words[::2]]]
    order += [(preferred, word) for word in layouts[preferred].words[::2]]
    for frame, t_ms in enumerate(np.arange(t0_ms, t1_ms, 1000 / 30)):
        index = int(t_ms * 30 / 1000)
        if any(a <= t_ms < z for a, z in lost):
            b.row("gap", t_ms, index, 1, "no_face")
            continue
        side, word = order[max(0, int((t_ms - read_from_ms) / 220)) % len(order)]
        cx, cy = word.rect.center_px
        view = VIEWPORTS[side]
        x_px = view.x_px + cx + rng.normal(0, 12)
        y_px = view.y_px + min(cy, view.h_px - 12) + rng.normal(0, 10)
        b.row("gaze", t_ms, index, x_px, y_px, 40.0, 45.0, "cal-1")
        b.row(
            "landmarks",
            t_ms,
            index,
            *([0.1 + 0.001 * (frame % 7)] * 19),
            0.4,
            0.3,
            0.2,
            0.3,
            120.0,
            40.0,
            0.0,
            b"",
        )
        inside = view.contains(x_px, y_px)
        block = next(bl for bl in layouts[side].blocks if word in bl.words)
        rid, aoi = (ids[side], f"answer_{side}") if inside else ("", "")
        b.row("hit", t_ms, index, rid, aoi, block.index, word.line, 0.85, 0.45, 0.1)


def _pointer(b: RecordingBuilder, rng: np.random.Generator, t0_ms: float, t1_ms: float) -> None:
    """Three sweeps of 800 ms at 125 Hz, each ended by a click."""
    x_px, y_px = 700.0, 800.0
    for start_ms in np.linspace(t0_ms + 500, t1_ms - 1500, 3):
        goal = rng.uniform([150, 160], [1300, 660])
        for k in range(100):
            part = (1 - np.cos(np.pi * k / 99)) / 2
            at = (x_px + (goal[0] - x_px) * part, y_px + (goal[1] - y_px) * part)
            b.row("pointer", start_ms + 8 * k, "move", float(at[0]), float(at[1]), "", "answer_left")
        x_px, y_px = float(goal[0]), float(goal[1])
        b.row("pointer", start_ms + 900, "press", x_px, y_px, "left", "answer_left")
        b.row("pointer", start_ms + 960, "release", x_px, y_px, "left", "answer_left")
