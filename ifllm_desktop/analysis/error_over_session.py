"""Where on the screen and when in the session gaze is off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ifllm_desktop.analysis.calibration_attempts import root_of
from ifllm_desktop.analysis.gaze_rows import Floats, GazeRows, inside, screen_of_calibration
from ifllm_desktop.analysis.quality_parts import Cell, Drift, ErrorAt, TextAccuracy
from ifllm_desktop.analysis.quality_targets import Attempt
from ifllm_desktop.domain.session import Event
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.gaze.precision import offset

_S_PER_MIN = 60.0


def drift_of(
    rows: GazeRows, attempts: Sequence[Attempt], parents: Mapping[str, str], main: Attempt | None
) -> Drift:
    """Validation, drift checks and refits of a session in order of time; checks that measured nothing are left out."""
    checks = [
        _of_validation(a, rows.events)
        for a in attempts
        if a.validated and a.accepted and a.accuracy.n_targets
    ]
    checks += [
        _of_check(event, rows, root_of(attempts, parents, str(event.payload["calibration_id"])))
        for event in rows.events
        if event.kind == "drift" and event.payload.get("gaze_x_px") is not None
    ]
    checks += [
        check for event in rows.events if event.kind == "text_validation" for check in _of_text(event, rows)
    ]
    checks.sort(key=lambda check: check.t_s)
    n_refits = sum(a.kind == "refit" and a.calibrated for a in attempts)
    later = [check for check in checks if check.kind in ("drift", "recheck")]
    if main is None or not later:
        return Drift(tuple(checks), n_refits)
    last, known_deg = later[-1], [c.error_deg for c in later if math.isfinite(c.error_deg)]
    return Drift(
        tuple(checks), n_refits, last.error_px - main.accuracy.px, last.error_deg - main.accuracy.deg,
        max(check.error_px for check in later), max(known_deg, default=math.nan),
    )  # fmt: skip


def cells_of(
    rows: GazeRows, attempts: Sequence[Attempt], checks: Sequence[ErrorAt], spans: Sequence[tuple[int, int]],
    grid: tuple[int, int],
) -> tuple[Cell, ...]:  # fmt: skip
    """The grid over the screen, row by row; empty where the size of the screen in px is not known.

    A target counts in the field that it stands in; gaze and targets beyond the edge in the nearest one.
    """
    columns, n_rows = grid
    if not (rows.screen.w_px > 0 and rows.screen.h_px > 0):
        return ()
    measured = [t for a in attempts if a.accepted for t in a.targets]
    points = [(t.x_px, t.y_px, t.error_px, t.error_deg, t.error_x_px, t.error_y_px, t.loss) for t in measured]
    points += [
        (c.x_px, c.y_px, c.error_px, c.error_deg, c.error_x_px, c.error_y_px, math.nan)
        for c in checks
        if c.kind in ("drift", "recheck")
    ]
    table = np.array(points, dtype=np.float64).reshape(-1, 7)
    where = _cell_numbers(table[:, :2], rows, grid)
    seen = np.isfinite(rows.gaze_px).all(axis=1) & inside(rows.gaze_t_ns, spans)
    n_gaze = np.bincount(_cell_numbers(rows.gaze_px[seen], rows, grid), minlength=columns * n_rows)
    return tuple(
        _cell(number % columns, number // columns, table[where == number], int(n_gaze[number]))
        for number in range(columns * n_rows)
    )


def _cell(column: int, row: int, points: Floats, n_gaze: int) -> Cell:
    measured = points[np.isfinite(points[:, 2])]
    losses = points[:, 6]
    error_px, error_deg, x_px, y_px = (_mean(measured[:, k]) for k in (2, 3, 4, 5))
    return Cell(column, row, len(measured), error_px, error_deg, x_px, y_px, _mean(losses), n_gaze)


def _cell_numbers(points_px: Floats, rows: GazeRows, grid: tuple[int, int]) -> Any:
    columns, n_rows = grid
    column = np.clip(points_px[:, 0] / rows.screen.w_px * columns, 0, columns - 1).astype(np.int64)
    row = np.clip(points_px[:, 1] / rows.screen.h_px * n_rows, 0, n_rows - 1).astype(np.int64)
    return row * columns + column


def _of_validation(attempt: Attempt, events: Sequence[Event]) -> ErrorAt:
    t_ns = [
        e.t_ns
        for e in events
        if e.kind in ("validation", "gaze_accepted") and e.payload["calibration_id"] == attempt.calibration_id
    ]
    accuracy = attempt.accuracy
    measured = [t for t in attempt.targets if math.isfinite(t.error_px)]
    return ErrorAt(
        "validation", min(t_ns) / NS_PER_S, 0.0, attempt.calibration_id,
        error_x_px=_mean(np.array([t.error_x_px for t in measured])),
        error_y_px=_mean(np.array([t.error_y_px for t in measured])), error_px=accuracy.px, error_deg=accuracy.deg,
        n_frames=sum(t.n_frames for t in measured), ok=accuracy.ok,
    )  # fmt: skip


def _of_check(event: Event, rows: GazeRows, root: Attempt | None) -> ErrorAt:
    payload = event.payload
    x_px, y_px = float(payload["x_px"]), float(payload["y_px"])
    gaze = np.array([[payload["gaze_x_px"], payload["gaze_y_px"]]], dtype=np.float64)
    found = offset(gaze, (x_px, y_px), screen_of_calibration(rows, str(payload["calibration_id"])))
    threshold = payload.get("threshold_px")
    return ErrorAt(
        "recheck" if payload.get("stage") == "recheck" else "drift", event.t_ns / NS_PER_S,
        _minutes_after(event, rows.events, root), str(payload["calibration_id"]), x_px, y_px, found.mean_x_px,
        found.mean_y_px, found.mean_px, found.mean_deg, math.nan if threshold is None else float(threshold),
        int(payload.get("n_frames") or 0), bool(payload["ok"]), str(payload.get("action") or ""),
    )  # fmt: skip


def text_accuracy(rows: GazeRows, calibration_id: str) -> TextAccuracy:
    """How far off gaze is on lines of a real text, by the last check of a calibration that was read."""
    found = TextAccuracy()
    for event in rows.events:
        if event.kind != "text_validation" or event.payload["calibration_id"] != calibration_id:
            continue
        payload, checks = event.payload, _of_text(event, rows)
        if not checks:
            found = (
                replace(found, reason=str(payload.get("reason") or "not_measured"))
                if not found.n_lines
                else found
            )
            continue
        sizes = [abs(check.error_y_px) for check in checks]
        angles = [check.error_deg for check in checks]
        found = TextAccuracy(
            len(checks), float(np.mean([check.error_y_px for check in checks])), float(np.mean(sizes)),
            _mean(np.array(angles)), _known(payload.get("share_right")), "",
        )  # fmt: skip
    return found


def _of_text(event: Event, rows: GazeRows) -> list[ErrorAt]:
    """One entry a line that was read. Along a line the place is not known, so that only y is measured."""
    calibration_id = str(event.payload["calibration_id"])
    screen = screen_of_calibration(rows, calibration_id)
    found = []
    for line in event.payload.get("lines") or ():
        if line.get("state") != "read" or line.get("error_y_px") is None:
            continue
        at = (float(line["center_x_px"]), float(line["center_y_px"]))
        off = offset(np.array([[at[0], at[1] + float(line["error_y_px"])]]), at, screen)
        t_ns = int(line.get("t1_ns") or event.t_ns)
        found.append(
            ErrorAt(
                "text", t_ns / NS_PER_S, math.nan, calibration_id, *at, error_y_px=float(line["error_y_px"]),
                error_deg=off.mean_deg, n_frames=int(line.get("n_frames") or 0), ok=bool(event.payload["ok"]),
            )
        )  # fmt: skip
    return found


def _known(value: Any) -> float:
    return math.nan if value is None else float(value)


def _minutes_after(event: Event, events: Sequence[Event], root: Attempt | None) -> float:
    """Since the last acceptance of the calibration; a refit does not start anew."""
    if root is None:
        return math.nan
    since = [
        e.t_ns
        for e in events
        if e.kind in ("validation", "gaze_accepted")
        and e.t_ns <= event.t_ns
        and e.payload["calibration_id"] == root.calibration_id
    ]
    return (event.t_ns - since[-1]) / NS_PER_S / _S_PER_MIN if since else math.nan


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan
