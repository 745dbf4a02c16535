"""A run of targets: when which is shown, and which frames count."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.session.frame_gate import OPEN_GATE, FrameGate, GateLimits
from ifllm_desktop.session.gaze_outcome import CalibrationTarget
from ifllm_desktop.session.ids import seed_of
from ifllm_desktop.session.target_frames import Collected, KeptFrame, TargetSamples, samples_of

TRAVEL_MS = 400.0
"""Time in which the target moves from one place to the next."""
MAX_WAIT_MS = 20_000.0
"""How long a run waits in all for eyes that cannot be seen, before targets count as not measured."""

Record = Callable[[str, Row], int]


@dataclass(frozen=True, slots=True)
class TargetView:
    """What to draw.

    Attributes
    ----------
    x_px, y_px : float
        Centre of the target, screen px; it moves during ``travel``.
    index, n : int
        How many targets are behind, and how many there are with repetitions. A pursuit has its laps here.
    stage : str
        ``travel``, ``settle``, ``collect`` or ``done``. A pursuit target travels to its start, settles, and then
        moves while collecting. A line has ``intro`` before the first one, and no ``travel``.
    progress : float
        Share of the frames that were collected, 0–1; of a pursuit, share of the path.
    face_lost : bool
        The newest frame had no usable eyes.
    repeated : bool
        The target is shown a second time because its frames scattered.
    stage_progress : float
        0–1 within ``travel`` and ``settle``, for the animation; 1 in ``collect`` and ``done``.
    kind : str
        ``target`` stands still, ``pursuit`` is to be followed, ``line`` is to be read: its place is the left end of
        the line, at the middle of its height; NaN during ``intro``.
    gate : str
        Why the newest frame did not count: one of ``gaze_outcome.GATES``; empty when it did, and outside of
        ``collect``.
    phase : str
        One of ``snapshot.RUN_PHASES``.
    right_px, height_px : float
        Right end and height of a line; NaN for targets.
    """

    x_px: float
    y_px: float
    index: int
    n: int
    stage: str
    progress: float
    face_lost: bool = False
    repeated: bool = False
    stage_progress: float = 1.0
    kind: str = "target"
    gate: str = ""
    phase: str = "calibration"
    right_px: float = math.nan
    height_px: float = math.nan

    @property
    def point_px(self) -> tuple[float, float] | None:
        """Where to look; None while a line is to be read."""
        return None if self.kind == "line" else (self.x_px, self.y_px)

    @property
    def line_rect(self) -> Rect | None:
        """The line that is to be read, screen px; None before the first one and for targets."""
        if self.kind != "line" or math.isnan(self.x_px):
            return None
        top_px = self.y_px - self.height_px / 2
        return Rect(self.x_px, top_px, self.right_px - self.x_px, self.height_px)


class TargetRun:
    """Shows each target in turn and collects the frames in which it was looked at.

    ::

        travel ──400 ms──► settle ──settle_ms──► collect ──enough frames or timeout──► next target or done

    A frame counts when it passes the gate (``session.frame_gate``) and, in the end, lies near the median of its
    target. A target that does not get half of its frames before the timeout is *not measured* and gives no samples.
    One whose frames scatter is shown once more at the end; the steadier of the two is kept.

    Parameters
    ----------
    targets_px : sequence of (x, y)
        Screen px.
    collect_frames : int
        Frames with usable features wanted per target.
    timeout_ms : float
        Longest time in ``collect``.
    record : callable
        Gets a row of ``target_frame`` per frame that is kept.
    attempt_id : str
        Stored with the rows; also seeds the order of the targets unless ``seed`` is given.
    phase : str
        One of ``snapshot.RUN_PHASES``.
    limits : GateLimits
        What the gate asks of a frame; the default asks for usable eyes only.
    indices : sequence of int or None
        Number of each target in the rows and samples, where it is not its place in ``targets_px``.
    lead_in_ms : float
        Added to the time to settle at the first target, so that its explanation can be read.
    max_wait_ms : float
        How long the run waits in all for eyes that cannot be seen; after that the timeouts run on.
    """

    def __init__(
        self,
        targets_px: Sequence[tuple[float, float]],
        settle_ms: float,
        collect_frames: int,
        timeout_ms: float,
        record: Record,
        attempt_id: str,
        phase: str,
        *,
        limits: GateLimits = OPEN_GATE,
        indices: Sequence[int] | None = None,
        seed: int | None = None,
        travel_ms: float = TRAVEL_MS,
        lead_in_ms: float = 0.0,
        max_wait_ms: float = MAX_WAIT_MS,
    ) -> None:
        self._targets = tuple(targets_px)
        self._indices = tuple(indices) if indices is not None else tuple(range(len(self._targets)))
        self._travel_ns = round(travel_ms * NS_PER_MS)
        self._settle_ns = round(settle_ms * NS_PER_MS)
        self._timeout_ns = round(timeout_ms * NS_PER_MS)
        self._lead_in_ns = round(lead_in_ms * NS_PER_MS)
        self._wait_left_ns = round(max_wait_ms * NS_PER_MS)
        self._waited_ns = 0
        self._t_lost_ns: int | None = None
        self._collect_frames = collect_frames
        self._record = record
        self.attempt_id = attempt_id
        self.phase = phase
        self._limits = limits
        self._gate = FrameGate(limits)
        self._order = list(range(len(self._targets)))
        random.Random(seed_of(attempt_id, phase) if seed is None else seed).shuffle(self._order)
        self._place = 0
        self._t_start_ns: int | None = None
        self._held = False
        self._now = Collected(limits)
        self._kept: dict[int, Collected] = {}
        self._n_counted: dict[int, int] = {}
        self._tried: dict[int, Collected] = {}
        self._face_lost = False
        self._code = ""

    @property
    def done(self) -> bool:
        """Whether every target has been shown."""
        return self._place >= len(self._order)

    @property
    def not_measured(self) -> tuple[int, ...]:
        """Indices of targets that have been shown without getting enough frames."""
        return tuple(sorted({i for i in self._order[: self._place] if i not in self._kept}))

    @property
    def repeated(self) -> tuple[int, ...]:
        """Indices of targets that are shown a second time."""
        return tuple(self._order[len(self._targets) :])

    def view(self, t_ns: int) -> TargetView:
        """What to draw at ``t_ns``; also lets a timeout happen when no frames come."""
        self._advance(t_ns)
        n = len(self._order)
        if self.done:
            x_px, y_px = self._targets[self._order[-1]] if self._order else (0.0, 0.0)
            return TargetView(x_px, y_px, n, n, "done", 1.0, phase=self.phase)
        stage, stage_progress = self._stage(t_ns)
        x_px, y_px = self._position(t_ns)
        return TargetView(
            x_px, y_px, self._place, n, stage,
            progress=min(1.0, self._now.n_steady / self._collect_frames),
            face_lost=self._face_lost,
            repeated=self._place >= len(self._targets),
            stage_progress=stage_progress,
            gate=self._code if stage == "collect" else "",
            phase=self.phase,
        )  # fmt: skip

    def frame(self, t_ns: int, frame_index: int, features: NDArray[np.float64] | None) -> None:
        """A frame was looked at; ``features`` is None when it has no usable eyes."""
        code = self._gate.judge(t_ns, features)
        self._face_lost = code == "no_face"
        self._wait_for_eyes(t_ns)
        self._advance(t_ns)
        if self.done or self._held or self._stage(t_ns)[0] != "collect":
            return
        if code or features is None:
            self._code = self._now.reject(t_ns, code, self._gate.margin_ns)
            return
        x_px, y_px = self._targets[self._order[self._place]]
        kept = KeptFrame(t_ns, frame_index, np.array(features, dtype=np.float64), x_px, y_px)
        self._code = self._now.add(kept)
        if self._now.n_steady >= self._collect_frames:
            self._finish_target(t_ns)

    def hold(self) -> None:
        """Paused: frames are not used and no time passes."""
        self._held = True

    def release(self, t_ns: int) -> None:
        """Go on with the present target from its beginning; nothing happens unless it was held."""
        if not self._held:
            return
        self._held = False
        self._restart(t_ns)

    def again(self, t_ns: int) -> None:
        """The present target from its beginning, without the way to it; during the lead-in the end of the lead-in."""
        if not self.done and not self._held:
            self._lead_in_ns = 0
            self._restart(t_ns - self._travel_ns)

    def _restart(self, t_start_ns: int) -> None:
        self._now = Collected(self._limits)
        self._code = ""
        self._t_start_ns = t_start_ns
        self._waited_ns = 0

    def samples(self) -> TargetSamples:
        """Everything that counts, target by target in the order of the targets given."""
        frames = [(self._indices[index], f) for index in sorted(self._kept) for f in self._kept[index].frames]
        return samples_of(frames, sum(self._n_counted.values()))

    def rows(self) -> list[Row]:
        """Rows of ``target_frame`` of everything that counts, at the frames' own times."""
        return [
            (f.t_ns, self.attempt_id, self.phase, self._indices[index], f.x_px, f.y_px, f.frame_index)
            for index, found in sorted(self._kept.items())
            for f in found.frames
        ]

    def targets(self) -> tuple[CalibrationTarget, ...]:
        """Each target with what came of it, without the model's error there."""
        return tuple(self._report(place) for place in range(len(self._targets)))

    def _report(self, place: int) -> CalibrationTarget:
        x_px, y_px = self._targets[place]
        kept = self._kept.get(place)
        tried = kept if kept is not None else self._tried.get(place)
        rejected = dict(sorted(tried.rejected.items())) if tried is not None else {}
        if kept is None:
            return CalibrationTarget(self._indices[place], x_px, y_px, n_rejected=rejected)
        spread = kept.scatter()
        state = "unsteady" if spread > self._limits.max_scatter else "good"
        return CalibrationTarget(
            self._indices[place], x_px, y_px, len(kept.frames), rejected, spread, state=state
        )

    def _stage(self, t_ns: int) -> tuple[str, float]:
        since_ns = t_ns - (self._t_start_ns if self._t_start_ns is not None else t_ns)
        if since_ns < self._travel_ns:
            return "travel", max(0.0, since_ns / self._travel_ns)
        since_ns -= self._travel_ns + self._extra_ns
        if since_ns < 0:
            return "settle", 0.0
        return ("settle", since_ns / self._settle_ns) if since_ns < self._settle_ns else ("collect", 1.0)

    @property
    def _extra_ns(self) -> int:
        return self._lead_in_ns if self._place == 0 else 0

    def _wait_for_eyes(self, t_ns: int) -> None:
        """While no eyes can be seen the target waits: its timeout stands still, for a limited time."""
        lost_from_ns = self._t_lost_ns
        collecting = not self.done and not self._held and self._stage(t_ns)[0] == "collect"
        self._t_lost_ns = t_ns if self._face_lost and collecting else None
        if lost_from_ns is None or not collecting:
            return
        waited_ns = min(t_ns - lost_from_ns, self._wait_left_ns)
        self._wait_left_ns -= waited_ns
        self._waited_ns += waited_ns

    def _position(self, t_ns: int) -> tuple[float, float]:
        x_px, y_px = self._targets[self._order[self._place]]
        if self._place == 0 or self._t_start_ns is None or self._travel_ns == 0:
            return x_px, y_px
        from_x_px, from_y_px = self._targets[self._order[self._place - 1]]
        way = min(1.0, max(0.0, (t_ns - self._t_start_ns) / self._travel_ns))
        eased = way * way * (3 - 2 * way)  # smoothstep: starts and stops gently, so that the eye can follow
        return from_x_px + (x_px - from_x_px) * eased, from_y_px + (y_px - from_y_px) * eased

    def _advance(self, t_ns: int) -> None:
        if self._t_start_ns is None:
            self._t_start_ns = t_ns
        end_ns = self._t_start_ns + self._travel_ns + self._settle_ns + self._extra_ns + self._timeout_ns
        end_ns += self._waited_ns
        if not self.done and not self._held and t_ns >= end_ns:
            self._finish_target(t_ns)

    def _finish_target(self, t_ns: int) -> None:
        index, found = self._order[self._place], self._now
        found.finish()
        self._n_counted.setdefault(index, found.n_counted)
        self._tried.setdefault(index, found)
        if len(found.frames) >= max(1, self._collect_frames // 2):
            self._keep(index, found)
            if self._place < len(self._targets) and found.scatter() > self._limits.max_scatter:
                self._order.append(index)
        self._place += 1
        self._restart(t_ns)
        if self.done:
            for row in self.rows():
                self._record("target_frame", row)

    def _keep(self, index: int, found: Collected) -> None:
        before = self._kept.get(index)
        if before is None or found.scatter() <= before.scatter():
            self._kept[index] = found
            self._n_counted[index] = found.n_counted
