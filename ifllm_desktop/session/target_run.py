"""Targets of calibration and validation: where they are, when which is shown, which frames count."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import EYE_FEATURES, Row
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.session.ids import seed_of

TRAVEL_MS = 400.0
"""Time in which the target moves from one place to the next."""
SCATTER_LIMIT = 0.02
"""Robust standard deviation of an iris coordinate (unit: distance between the eye corners) above which a
target is shown again. Measured: 0.005 is the noise from frame to frame of a 720p face video, 0.02 the median
over 24 frames there while the eyes wander freely; the iris moves by 0.19 in x across a screen (27 sessions)."""

Points = tuple[tuple[float, float], ...]
Record = Callable[[str, Row], int]

_IRIS = [EYE_FEATURES.index(name) for name in ("iris_a_x", "iris_a_y", "iris_b_x", "iris_b_y")]
_EDGE = 0.08


def _grid(columns: Sequence[float], rows: Sequence[float]) -> list[tuple[float, float]]:
    return [(x, y) for y in rows for x in columns]


_LOW, _MID, _HIGH = _EDGE, 0.5, 1 - _EDGE
_CORNERS = _grid((_LOW, _HIGH), (_LOW, _HIGH))
_CALIBRATION: dict[int, list[tuple[float, float]]] = {
    5: [*_CORNERS, (_MID, _MID)],
    9: _grid((_LOW, _MID, _HIGH), (_LOW, _MID, _HIGH)),
    13: [*_grid((_LOW, _MID, _HIGH), (_LOW, _MID, _HIGH)), *_grid((0.29, 0.71), (0.29, 0.71))],
    16: _grid((_LOW, 0.36, 0.64, _HIGH), (_LOW, 0.36, 0.64, _HIGH)),
}
# none of these stands where a calibration target of any plan does: see the test
_VALIDATION: dict[int, list[tuple[float, float]]] = {
    4: _grid((0.22, 0.78), (0.22, 0.78)),
    5: [*_grid((0.22, 0.78), (0.22, 0.78)), (0.5, 0.42)],
    9: [*_grid((0.22, 0.5, 0.78), (0.22, 0.78)), (0.22, 0.58), (0.5, 0.42), (0.78, 0.58)],
}


def calibration_targets(n: int, screen: Screen) -> Points:
    """Places of 5, 9, 13 or 16 calibration targets, screen px."""
    return _on_screen(_CALIBRATION[n], screen)


def validation_targets(n: int, screen: Screen) -> Points:
    """Places of 4, 5 or 9 validation targets, screen px; none is near a calibration target of any plan."""
    return _on_screen(_VALIDATION[n], screen)


def _on_screen(fractions: list[tuple[float, float]], screen: Screen) -> Points:
    return tuple((x * screen.w_px, y * screen.h_px) for x, y in fractions)


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
        moves while collecting.
    progress : float
        Share of the frames that were collected, 0–1; of a pursuit, share of the path.
    face_lost : bool
        The newest frame had no usable eyes.
    repeated : bool
        The target is shown a second time because its frames scattered.
    stage_progress : float
        0–1 within ``travel`` and ``settle``, for the animation; 1 in ``collect`` and ``done``.
    kind : str
        ``target`` stands still, ``pursuit`` is to be followed.
    gate : str
        Why the newest frame did not count: one of ``gaze_outcome.GATES``; empty when it did, and outside of
        ``collect``.
    phase : str
        One of ``snapshot.RUN_PHASES``.
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


class TargetSamples(NamedTuple):
    """Frames that were collected.

    Attributes
    ----------
    features : ndarray of float64, shape (n, 19)
        In the order of ``EYE_FEATURES``.
    target_px : ndarray of float64, shape (n, 2)
        Screen px.
    target_index : ndarray of int64, shape (n,)
        Index into the targets as they were given.
    t_ns : ndarray of int64, shape (n,)
        Session time.
    n_frames_total : int
        Frames that arrived while collecting, with and without usable eyes; of a repeated target those of the
        try that is kept.
    """

    features: NDArray[np.float64]
    target_px: NDArray[np.float64]
    target_index: NDArray[np.int64]
    t_ns: NDArray[np.int64]
    n_frames_total: int


@dataclass(slots=True)
class _Collected:
    """Frames of one target."""

    rows: list[tuple[int, int, NDArray[np.float64]]] = field(
        default_factory=list
    )  # t_ns, frame_index, features
    n_frames: int = 0

    def scatter(self) -> float:
        """Greatest robust standard deviation (1.4826 · median absolute deviation) of the iris coordinates."""
        if len(self.rows) < 3:
            return 0.0
        iris = np.stack([features[_IRIS] for _, _, features in self.rows])
        return float(1.4826 * np.median(np.abs(iris - np.median(iris, axis=0)), axis=0).max())


class TargetRun:
    """Shows each target in turn and collects the frames in which it was looked at.

    ::

        travel ──400 ms──► settle ──settle_ms──► collect ──enough frames or timeout──► next target or done

    A target that does not get half of its frames before the timeout is *not measured* and gives no samples.
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
        ``calibration`` or ``validation``.
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
        seed: int | None = None,
        travel_ms: float = TRAVEL_MS,
        scatter_limit: float = SCATTER_LIMIT,
    ) -> None:
        self._targets = tuple(targets_px)
        self._travel_ns = round(travel_ms * NS_PER_MS)
        self._settle_ns = round(settle_ms * NS_PER_MS)
        self._timeout_ns = round(timeout_ms * NS_PER_MS)
        self._collect_frames = collect_frames
        self._record = record
        self._attempt_id = attempt_id
        self._phase = phase
        self._scatter_limit = scatter_limit
        self._order = list(range(len(self._targets)))
        random.Random(seed_of(attempt_id, phase) if seed is None else seed).shuffle(self._order)
        self._place = 0
        self._t_start_ns: int | None = None
        self._held = False
        self._now = _Collected()
        self._kept: dict[int, _Collected] = {}
        self._n_frames: dict[int, int] = {}
        self._face_lost = False

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
            return TargetView(x_px, y_px, n, n, "done", 1.0)
        stage = self._stage(t_ns)
        x_px, y_px = self._position(t_ns)
        progress = min(1.0, len(self._now.rows) / self._collect_frames)
        return TargetView(
            x_px, y_px, self._place, n, stage, progress, self._face_lost, self._place >= len(self._targets)
        )

    def frame(self, t_ns: int, frame_index: int, features: NDArray[np.float64] | None) -> None:
        """A frame was looked at; ``features`` is None when it has no usable eyes."""
        usable = features is not None and bool(np.isfinite(features).all())
        self._face_lost = not usable
        self._advance(t_ns)
        if self.done or self._held or self._stage(t_ns) != "collect":
            return
        self._now.n_frames += 1
        if features is not None and usable:
            self._now.rows.append((t_ns, frame_index, np.array(features, dtype=np.float64)))
        if len(self._now.rows) >= self._collect_frames:
            self._finish_target(t_ns)

    def hold(self) -> None:
        """Paused: frames are not used and no time passes."""
        self._held = True

    def release(self, t_ns: int) -> None:
        """Go on with the present target from its beginning; nothing happens unless it was held."""
        if not self._held:
            return
        self._held = False
        self._now = _Collected()
        self._t_start_ns = t_ns

    def samples(self) -> TargetSamples:
        """Everything that counts, target by target in the order of the targets given."""
        rows = [(index, *row) for index in sorted(self._kept) for row in self._kept[index].rows]
        return TargetSamples(
            np.array([features for *_, features in rows], dtype=np.float64).reshape(-1, len(EYE_FEATURES)),
            np.array([self._targets[index] for index, *_ in rows], dtype=np.float64).reshape(-1, 2),
            np.array([index for index, *_ in rows], dtype=np.int64),
            np.array([t_ns for _, t_ns, *_ in rows], dtype=np.int64),
            sum(self._n_frames.values()),
        )

    def _stage(self, t_ns: int) -> str:
        since_ns = t_ns - (self._t_start_ns if self._t_start_ns is not None else t_ns)
        if since_ns < self._travel_ns:
            return "travel"
        return "settle" if since_ns < self._travel_ns + self._settle_ns else "collect"

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
        end_ns = self._t_start_ns + self._travel_ns + self._settle_ns + self._timeout_ns
        if not self.done and not self._held and t_ns >= end_ns:
            self._finish_target(t_ns)

    def _finish_target(self, t_ns: int) -> None:
        index, found = self._order[self._place], self._now
        self._n_frames.setdefault(index, found.n_frames)
        if len(found.rows) >= max(1, self._collect_frames // 2):
            self._keep(index, found)
            if self._place < len(self._targets) and found.scatter() > self._scatter_limit:
                self._order.append(index)
        self._place += 1
        self._now = _Collected()
        self._t_start_ns = t_ns
        if self.done:
            self._write()

    def _keep(self, index: int, found: _Collected) -> None:
        before = self._kept.get(index)
        if before is None or found.scatter() <= before.scatter():
            self._kept[index] = found
            self._n_frames[index] = found.n_frames

    def _write(self) -> None:
        """One row per frame that is kept, at the frame's own time."""
        for index, found in sorted(self._kept.items()):
            x_px, y_px = self._targets[index]
            for t_ns, frame_index, _ in found.rows:
                self._record(
                    "target_frame", (t_ns, self._attempt_id, self._phase, index, x_px, y_px, frame_index)
                )
