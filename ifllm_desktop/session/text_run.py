"""A run of marked lines on a page of text: when which is marked, and which frames belong to it."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.layout import TextLayout
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.scene import ShownResponse
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.gaze.calibration import GazeModel
from ifllm_desktop.gaze.text_check import TextLine, measure_line, spread_lines, visible_lines
from ifllm_desktop.session.frame_gate import OPEN_GATE, FrameGate, GateLimits
from ifllm_desktop.session.ids import seed_of
from ifllm_desktop.session.target_run import MAX_WAIT_MS, TargetView
from ifllm_desktop.session.text_outcome import LineOutcome, TextOutcome

LEAD_IN_MS = 10_000.0
"""Time to read what is asked for: some 25 words and a look around. ``again`` ends it for who has read it."""
LINE_MS = 7_000.0
"""Longest time for a line: twelve words at 100 a minute. Who is faster says so by the key."""
LEAST_MS = 600.0
"""A key within this time after the mark has appeared was meant for the line before."""
NO_TEXT_MS = 30_000.0
"""The run ends without lines when no text is shown for this long."""
PHASE = "text"


@dataclass(slots=True, eq=False)
class _Read:
    """Frames of one line from go to done."""

    t0_ns: int = -1
    t1_ns: int = -1
    how: str = ""
    t_ns: list[int] = field(default_factory=list)
    frame_index: list[int] = field(default_factory=list)
    features: list[NDArray[np.float64]] = field(default_factory=list)
    n_arrived: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    def reject(self, t_ns: int, code: str, margin_ns: int) -> None:
        """A frame without open eyes takes those just before it along: the lids were moving already."""
        self.rejected[code] += 1
        while code in ("no_face", "closed") and self.t_ns and t_ns - self.t_ns[-1] <= margin_ns:
            for kept in (self.t_ns, self.frame_index, self.features):
                kept.pop()
            self.rejected["blink"] += 1


class TextRun:
    """Marks some lines of a text one by one and collects the frames while each is read.

    ::

        intro ──again, LEAD_IN_MS──► settle ──settle_ms──► collect ──again, LINE_MS──► next line or done

    Lines are spread over what is shown of the text, and come in an order drawn by lot. When the text is laid out anew
    (another text size) all lines are marked again.

    Parameters
    ----------
    n_lines : int
        How many are wanted; a short text may have fewer.
    record : callable
        Gets a row of ``target_frame`` per frame that counts: ``target_index`` is the number of the line from the top,
        ``target_y_px`` its middle, and ``target_x_px`` NaN because nobody knows where along the line the eyes were.
    attempt_id : str
        Attempt whose calibration is looked at; seeds the order of the lines.
    """

    phase = PHASE

    def __init__(
        self, n_lines: int, settle_ms: float, record: Callable[[str, Row], int], attempt_id: str, *,
        limits: GateLimits = OPEN_GATE, max_wait_ms: float = MAX_WAIT_MS,
    ) -> None:  # fmt: skip
        self._n_lines = n_lines
        self._settle_ns = round(settle_ms * NS_PER_MS)
        self._record = record
        self.attempt_id = attempt_id
        self._gate = FrameGate(limits)
        self._wait_left_ns = round(max_wait_ms * NS_PER_MS)
        self._waited_ns = 0
        self._t_lost_ns: int | None = None
        self._layout: TextLayout | None = None
        self._scroll_px = 0.0
        self.response_id = ""
        self.lines: tuple[TextLine, ...] = ()
        self.marked: tuple[int, ...] = ()
        self._order: list[int] = []
        self._read: list[_Read] = []
        self._place = 0
        self._intro = True
        self._t_begin_ns: int | None = None
        self._t_start_ns: int | None = None
        self._held = False
        self._face_lost = False
        self.done = False

    def set_text(self, shown: ShownResponse, t_ns: int) -> None:
        """The text as it is on the screen now; lines are chosen from it when it differs from before."""
        same = self._layout is not None and (shown.layout is self._layout or shown.layout == self._layout)
        if self.done or (same and shown.scroll_px == self._scroll_px) or not shown.layout.words:
            return
        self._layout, self._scroll_px = shown.layout, shown.scroll_px
        self.response_id = shown.response_id
        self.lines = visible_lines(shown.layout, shown.scroll_px)
        self.marked = spread_lines(self.lines, self._n_lines)
        self._order = list(range(len(self.marked)))
        random.Random(seed_of(self.attempt_id, PHASE)).shuffle(self._order)
        self._read = [_Read() for _ in self.marked]
        self._place = 0
        self._restart(t_ns)
        self.done = not self.marked

    def view(self, t_ns: int) -> TargetView | None:
        """What to draw at ``t_ns``; also lets time-outs happen when no frames come. None before there is a text."""
        self._advance(t_ns)
        n = len(self._order)
        if self._layout is None or self.done:
            return None
        if self._intro:
            return TargetView(
                math.nan, math.nan, 0, n, "intro", 0.0, self._face_lost, kind="line", phase=PHASE
            )
        line = self.lines[self.marked[self._order[self._place]]]
        since_ns = t_ns - (self._t_start_ns or 0)
        settled = since_ns >= self._settle_ns
        used = (since_ns - self._settle_ns - self._waited_ns) / (LINE_MS * NS_PER_MS)
        return TargetView(
            line.left_px, line.center_y_px, self._place, n, "collect" if settled else "settle",
            min(1.0, max(0.0, used)), self._face_lost, kind="line", phase=PHASE, right_px=line.right_px,
            height_px=line.height_px,
            stage_progress=1.0 if settled else max(0.0, since_ns / max(1, self._settle_ns)),
        )  # fmt: skip

    def frame(self, t_ns: int, frame_index: int, features: NDArray[np.float64] | None) -> None:
        """A frame was looked at; ``features`` is None when it has no usable eyes."""
        code = self._gate.judge(t_ns, features)
        self._face_lost = code == "no_face"
        self._wait_for_eyes(t_ns)
        self._advance(t_ns)
        if not self._collecting(t_ns):
            return
        read = self._read[self._order[self._place]]
        if read.t0_ns < 0:
            read.t0_ns = t_ns
        read.n_arrived += 1
        if features is None or code not in ("", "slow"):
            read.reject(t_ns, code, self._gate.margin_ns)
            return
        read.t_ns.append(t_ns)
        read.frame_index.append(frame_index)
        read.features.append(np.array(features, dtype=np.float64))

    def again(self, t_ns: int) -> None:
        """The participant's key: begin, or this line is read."""
        if self.done or self._held or self._layout is None:
            return
        if self._intro:
            self._intro = False
            self._restart(t_ns)
        elif t_ns - (self._t_start_ns or 0) >= LEAST_MS * NS_PER_MS:
            self._finish_line(t_ns, "key")

    def hold(self) -> None:
        """Paused: frames are not used and no time passes."""
        self._held = True

    def release(self, t_ns: int) -> None:
        """Go on with the present line from its beginning; nothing happens unless it was held."""
        if self._held:
            self._held = False
            self._t_begin_ns = t_ns
            self._restart(t_ns)

    def rows(self) -> list[Row]:
        """Rows of ``target_frame`` of everything that counts, at the frames' own times."""
        return [
            (t_ns, self.attempt_id, PHASE, index, math.nan, self.lines[place].center_y_px, number)
            for index, (place, read) in enumerate(zip(self.marked, self._read, strict=True))
            for t_ns, number in zip(read.t_ns, read.frame_index, strict=True)
        ]

    def outcome(self, model: GazeModel | None, calibration_id: str) -> TextOutcome:
        """What the gaze of a calibration was like on the lines that were marked."""
        lines = tuple(self._line_outcome(index, model) for index in range(len(self.marked)))
        return TextOutcome.of_lines(self.attempt_id, calibration_id, self.response_id, lines)

    def _line_outcome(self, index: int, model: GazeModel | None) -> LineOutcome:
        place, read = self.marked[index], self._read[index]
        line = self.lines[place]
        gaze_px = np.empty((0, 2))
        if model is not None and read.features:
            gaze_px, _ = model.predict(np.array(read.features))
        measure = measure_line(
            gaze_px, np.array(read.t_ns[: len(gaze_px)], dtype=np.int64), self.lines, place
        )
        loss = read.rejected["no_face"] / read.n_arrived if read.n_arrived else math.nan
        return LineOutcome(
            index, line.line, line.block, (line.left_px + line.right_px) / 2, line.center_y_px, line.left_px,
            line.right_px, line.height_px, read.t0_ns, read.t1_ns, read.how, loss, measure,
        )  # fmt: skip

    # ---- time --------------------------------------------------------------------------------------------
    def _collecting(self, t_ns: int) -> bool:
        ready = self._layout is not None and not (self.done or self._held or self._intro)
        return ready and self._t_start_ns is not None and t_ns - self._t_start_ns >= self._settle_ns

    def _restart(self, t_ns: int) -> None:
        """The present line, or the introduction, from its beginning."""
        self._t_start_ns = t_ns
        self._waited_ns = 0
        self._t_lost_ns = None
        if not self._intro and self._place < len(self._order):
            self._read[self._order[self._place]] = _Read()

    def _wait_for_eyes(self, t_ns: int) -> None:
        """While no eyes can be seen the line waits: its time stands still, for a limited time in all."""
        lost_from_ns, collecting = self._t_lost_ns, self._collecting(t_ns)
        self._t_lost_ns = t_ns if self._face_lost and collecting else None
        if lost_from_ns is not None and collecting:
            waited_ns = min(t_ns - lost_from_ns, self._wait_left_ns)
            self._wait_left_ns -= waited_ns
            self._waited_ns += waited_ns

    def _advance(self, t_ns: int) -> None:
        if self.done or self._held:
            return
        if self._layout is None:
            self._t_begin_ns = self._t_begin_ns if self._t_begin_ns is not None else t_ns
            self.done = t_ns - self._t_begin_ns >= NO_TEXT_MS * NS_PER_MS
            return
        since_ns = t_ns - (self._t_start_ns if self._t_start_ns is not None else t_ns)
        if self._intro:
            if since_ns >= LEAD_IN_MS * NS_PER_MS:
                self._intro = False
                self._restart(t_ns)
        elif since_ns >= self._settle_ns + self._waited_ns + LINE_MS * NS_PER_MS:
            self._finish_line(t_ns, "timeout")

    def _finish_line(self, t_ns: int, how: str) -> None:
        read = self._read[self._order[self._place]]
        read.t1_ns, read.how = t_ns, how
        read.t0_ns = read.t0_ns if read.t0_ns >= 0 else t_ns
        self._place += 1
        if self._place < len(self._order):
            self._restart(t_ns)
            return
        self.done = True
        for row in self.rows():
            self._record("target_frame", row)
