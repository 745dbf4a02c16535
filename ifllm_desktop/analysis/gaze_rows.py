"""What of a recording its gaze quality follows from, read once as plain arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import Records
from ifllm_desktop.domain.session import Event, SessionInfo
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.ports import NarrowSource, RecordingSource

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

HEAD = ("yaw_deg", "pitch_deg", "head_x_mm", "head_y_mm", "head_z_mm")
_GAZE = ("t_ns", "x_px", "y_px", "sd_x_px", "sd_y_px", "calibration_id")


@dataclass(frozen=True, slots=True, eq=False)
class GazeRows:
    """One session.

    Attributes
    ----------
    screen : Screen
        As the recording says it; whatever is not above 0 is NaN, so that nothing is computed with it.
    screen_zero : bool
        The recording names a size or distance of 0 or less.
    gaze : structured array, shape (n,)
        Times, positions, standard deviations and calibration of the gaze as it was estimated.
    gaze_t_ns, gaze_px : ndarray, shapes (n,) and (n, 2)
        The same as plain arrays.
    runs : tuple of (int, int, str)
        First and last + 1 row, and calibration id, of each stretch of gaze by one calibration.
    frame_t_ns, head : ndarray, shapes (m,) and (m, 5)
        Frames with a face, and :data:`HEAD` of each.
    gap_t_ns, gap_n, gap_reason
        Lost frames: when, how many, why.
    targets : structured array
        Rows of the stream ``target_frame``.
    hit_t_ns, off_text : ndarray
        Probability that gaze was not on text, for each moment with answers on the screen.
    step_ns : float
        Usual distance of two frames, lost ones among them; NaN where there are too few.
    """

    info: SessionInfo
    events: Sequence[Event]
    screen: Screen
    screen_zero: bool
    gaze: Records
    gaze_t_ns: Ints
    gaze_px: Floats
    runs: tuple[tuple[int, int, str], ...]
    frame_t_ns: Ints
    head: Floats
    gap_t_ns: Ints
    gap_n: Ints
    gap_reason: NDArray[np.object_]
    targets: Records
    hit_t_ns: Ints
    off_text: Floats
    segment_starts_ns: tuple[int, ...]
    step_ns: float

    @property
    def end_ns(self) -> int:
        """The last moment of which anything is known; −1 for an empty session."""
        ends = [int(t[-1]) for t in (self.gaze_t_ns, self.frame_t_ns, self.gap_t_ns) if len(t)]
        return max([*ends, *(event.t_ns for event in self.events[-1:])], default=-1)


def read_gaze_rows(source: RecordingSource) -> GazeRows:
    """Read a session. Raises what reading raises (``recording_damaged``)."""
    events = source.events()
    gaze = _columns(source, "gaze", _GAZE)
    frames = _columns(source, "landmarks", ("t_ns", *HEAD))
    gaps = source.read("gap")
    hits = _columns(source, "hit", ("t_ns", "p_off_text"))
    screen, zero = _screen(events, source)
    return GazeRows(
        source.info(), events, screen, zero, gaze, _plain(gaze["t_ns"]),
        np.column_stack([gaze["x_px"], gaze["y_px"]]).astype(np.float64).reshape(-1, 2), _runs(gaze["calibration_id"]),
        _plain(frames["t_ns"]), np.column_stack([frames[name] for name in HEAD]).astype(np.float64).reshape(-1, 5),
        _plain(gaps["t_ns"]), np.maximum(1, gaps["n_frames"]).astype(np.int64), gaps["reason"],
        source.read("target_frame"), _plain(hits["t_ns"]), np.ascontiguousarray(hits["p_off_text"], dtype=np.float64),
        tuple(sorted(segment.offset_ns for segment in source.segments())) or (0,),
        _step_ns(frames["t_ns"] if len(frames) else gaze["t_ns"], gaps["t_ns"]),
    )  # fmt: skip


def inside(t_ns: Ints, spans: Sequence[tuple[int, int]]) -> Flags:
    """Which of some rising times lie in half-open spans that do not overlap."""
    chosen = np.zeros(len(t_ns), dtype=bool)
    for t0_ns, t1_ns in spans:
        low, high = np.searchsorted(t_ns, [t0_ns, t1_ns])
        chosen[low:high] = True
    return chosen


def among(t_ns: Ints, others_t_ns: Ints) -> Flags:
    """Which of some times are among other, rising ones."""
    if not len(others_t_ns):
        return np.zeros(len(t_ns), dtype=bool)
    places = np.minimum(np.searchsorted(others_t_ns, t_ns), len(others_t_ns) - 1)
    found: Flags = others_t_ns[places] == t_ns
    return found


def screen_of_calibration(rows: GazeRows, calibration_id: str) -> Screen:
    """The screen at the distance that was measured while a calibration was made, or last before it.

    Where none was ever measured, the distance is the one that the recording names at its beginning.
    """
    screen = rows.screen
    for event in rows.events:
        if event.kind == "calibration":
            distance = _number(event.payload.get("distance_mm"))
            if distance > 0:
                source = str(event.payload.get("distance_source") or "")
                screen = replace(screen, distance_mm=distance, distance_source=source)
            if event.payload["calibration_id"] == calibration_id:
                break
    return screen


def _columns(source: RecordingSource, stream: str, columns: tuple[str, ...]) -> Records:
    if isinstance(source, NarrowSource):
        return source.read_columns(stream, columns)
    return source.read(stream)[list(columns)]


def _plain(column: NDArray[Any]) -> Ints:
    # a search in a column of records would copy the column each time
    return np.ascontiguousarray(column, dtype=np.int64)


def _step_ns(seen: NDArray[Any], lost: NDArray[Any]) -> float:
    steps = np.diff(np.sort(np.concatenate([seen, lost]), kind="stable"))
    steps = steps[steps > 0]
    return float(np.median(steps)) if len(steps) else math.nan


def _runs(ids: NDArray[np.object_]) -> tuple[tuple[int, int, str], ...]:
    if not len(ids):
        return ()
    changes = np.flatnonzero(ids[1:] != ids[:-1]) + 1
    edges = [0, *(int(c) for c in changes), len(ids)]
    return tuple((low, high, str(ids[low])) for low, high in pairwise(edges))


def _screen(events: Sequence[Event], source: RecordingSource) -> tuple[Screen, bool]:
    said: dict[str, Any] = next(
        (e.payload.get("screen") or {} for e in events if e.kind == "session_start"), {}
    )
    w_px, h_px = _number(said.get("w_px")), _number(said.get("h_px"))
    if not (w_px > 0 and h_px > 0):
        window = source.read("window")
        if len(window) and min(window[0]["screen_w_px"], window[0]["screen_h_px"]) > 0:
            w_px, h_px = float(window[0]["screen_w_px"]), float(window[0]["screen_h_px"])
    sizes = (w_px, h_px, *(_number(said.get(name)) for name in ("w_mm", "h_mm", "distance_mm")))
    known = [size if size > 0 else math.nan for size in sizes]
    ratio = _number(said.get("device_pixel_ratio"))
    screen = Screen(
        known[0], known[1], ratio if ratio > 0 else math.nan, known[2], known[3], known[4],
        str(said.get("size_source") or "unknown"), str(said.get("distance_source") or "unknown"),
    )  # fmt: skip
    return screen, any(size <= 0 for size in sizes)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else math.nan
