"""Every calibration of a session with what its validation says, target by target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ifllm_desktop.analysis.gaze_rows import Floats, GazeRows, Ints, screen_of_calibration
from ifllm_desktop.analysis.quality_limits import QualityLimits
from ifllm_desktop.analysis.quality_targets import (
    NOT_VALIDATED,
    Accuracy,
    Attempt,
    CalibrationPoint,
    Precision,
    TargetError,
)
from ifllm_desktop.domain.session import Event
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.gaze.filters import OneEuro
from ifllm_desktop.gaze.precision import Scatter, fick_deg, offset, scatter
from ifllm_desktop.gaze.quality import GradeLimits, grade_of

RAW, ONE_EURO = "raw", "one_euro"


class TargetSamples:
    """Gaze at the targets of one validation: every frame from the first to the last of a target, lost ones as NaN."""

    def __init__(self, rows: GazeRows, attempt_id: str, calibration_id: str) -> None:
        targets = rows.targets
        chosen = targets[(targets["phase"] == "validation") & (targets["attempt_id"] == attempt_id)]
        self._rows = rows
        self._calibration_id = calibration_id
        self._of: dict[int, tuple[Ints, Floats]] = {}
        self.target_px: dict[int, tuple[float, float]] = {}
        for index in dict.fromkeys(int(k) for k in chosen["target_index"]):
            own = chosen[chosen["target_index"] == index]
            self.target_px[index] = (float(own["target_x_px"][0]), float(own["target_y_px"][0]))
            collected = np.unique(own["t_ns"].astype(np.int64))
            times = self._frame_times(int(collected[0]), int(collected[-1]))
            self._of[index] = times, self._gaze_at(times, collected)

    def at(self, index: int) -> tuple[Ints, Floats]:
        """Times and gaze points, shapes (n,) and (n, 2), screen px; empty where the recording has none."""
        return self._of.get(index, (np.empty(0, dtype=np.int64), np.empty((0, 2))))

    def filtered(self) -> dict[int, Floats]:
        """The same points as the overlay would have smoothed them, running on from target to target."""
        smooth = OneEuro()
        out = {}
        for index, (times, points) in sorted(self._of.items(), key=lambda entry: int(entry[1][0][0])):
            made = [smooth(int(t), float(x), float(y)) for t, (x, y) in zip(times, points, strict=True)]
            out[index] = np.array(made, dtype=np.float64).reshape(-1, 2)
        return out

    def _frame_times(self, first_ns: int, last_ns: int) -> Ints:
        parts = []
        for times in (self._rows.frame_t_ns, self._rows.gap_t_ns, self._rows.gaze_t_ns):
            low = int(np.searchsorted(times, first_ns))
            parts.append(times[low : int(np.searchsorted(times, last_ns, side="right"))])
        found: Ints = np.unique(np.concatenate(parts))
        return found

    def _gaze_at(self, times: Ints, collected: Ints) -> Floats:
        """Gaze of the collected frames, in the places of all frames; other models' gaze is none."""
        rows = self._rows
        points = np.full((len(times), 2), np.nan)
        if not len(rows.gaze_t_ns):
            return points
        wanted = np.isin(times, collected)
        places = np.minimum(np.searchsorted(rows.gaze_t_ns, times), len(rows.gaze_t_ns) - 1)
        there = wanted & (rows.gaze_t_ns[places] == times)
        there &= rows.gaze["calibration_id"][places] == self._calibration_id
        points[there] = rows.gaze_px[places[there]]
        return points


def attempts(rows: GazeRows, limits: QualityLimits) -> tuple[Attempt, ...]:
    """All calibrations in order of time, with those validations whose calibration is not in the recording."""
    validations = {str(e.payload["calibration_id"]): e for e in rows.events if e.kind == "validation"}
    accepted = accepted_ids(rows.events)
    out: list[Attempt] = []
    for event in rows.events:
        if event.kind != "calibration":
            continue
        calibration_id = str(event.payload["calibration_id"])
        attempt = _attempt(event, len(out) + 1, calibration_id in accepted)
        validation = validations.pop(calibration_id, None)
        out.append(attempt if validation is None else validated(attempt, validation, rows, limits))
    for calibration_id, validation in validations.items():
        lost = Attempt(
            str(validation.payload["attempt_id"]), calibration_id, len(out) + 1, validation.t_ns / NS_PER_S, "full", "",
            calibration_id in accepted, True, "", 0, math.nan,
        )  # fmt: skip
        out.append(validated(lost, validation, rows, limits))
    return tuple(out)


def accepted_ids(events: Sequence[Event]) -> set[str]:
    """Calibrations that gaze went on with; refits count with the calibration that they mended.

    Recordings without any event ``gaze_accepted`` are older: there the newest validation counts.
    """
    named = [str(e.payload["calibration_id"]) for e in events if e.kind == "gaze_accepted"]
    if not named:
        named = [str(e.payload["calibration_id"]) for e in events if e.kind == "validation"][-1:]
    found = set(named)
    for event in events:
        payload = event.payload
        mended = event.kind == "calibration" and payload.get("kind") == "refit" and payload["ok"]
        if mended and str(payload.get("parent_id")) in found:
            found.add(str(payload["calibration_id"]))
    return found


def root_of(attempts_: Sequence[Attempt], parents: Mapping[str, str], calibration_id: str) -> Attempt | None:
    """The attempt whose validation a calibration stands on: its own, or that of the one it was refitted from."""
    known = {attempt.calibration_id: attempt for attempt in attempts_}
    seen: set[str] = set()
    while calibration_id in known and calibration_id not in seen:
        attempt = known[calibration_id]
        if attempt.kind != "refit":
            return attempt
        seen.add(calibration_id)
        calibration_id = parents.get(calibration_id, "")
    return None


def parents_of(events: Sequence[Event]) -> dict[str, str]:
    """Calibration to the one that it was built upon; empty text for none."""
    return {
        str(e.payload["calibration_id"]): str(e.payload.get("parent_id") or "")
        for e in events
        if e.kind == "calibration"
    }


def validated(attempt: Attempt, event: Event, rows: GazeRows, limits: QualityLimits) -> Attempt:
    """An attempt with what a validation says of it."""
    payload = event.payload
    samples = TargetSamples(rows, str(payload["attempt_id"]), attempt.calibration_id)
    stored = payload.get("targets") or [
        {"target_index": index, "x_px": x_px, "y_px": y_px}
        for index, (x_px, y_px) in samples.target_px.items()
    ]
    screen = screen_of_calibration(rows, attempt.calibration_id)
    targets = tuple(_target(values, samples, screen) for values in stored)
    accuracy = _accuracy(payload, targets, screen, limits)
    loss, rate_hz = _nan(payload.get("loss")), _nan(payload.get("rate_hz"))
    return replace(attempt, validated=True, accuracy=accuracy, loss=loss, rate_hz=rate_hz, targets=targets)


def pooled(rows: GazeRows, attempt: Attempt, event: Event | None, signal: str = RAW) -> Precision:
    """Precision of one validation over all of its targets.

    Root mean square over samples for the spread, over steps for RMS-S2S, mean over targets for the area.
    """
    if event is None:
        return Precision(signal)
    samples = TargetSamples(rows, str(event.payload["attempt_id"]), attempt.calibration_id)
    smooth = samples.filtered() if signal == ONE_EURO else {}
    points = [smooth[i] if smooth else samples.at(i)[1] for i in samples.target_px]
    screen = screen_of_calibration(rows, attempt.calibration_id)
    found = [(scatter(p), scatter(fick_deg(p, screen))) for p in points]
    if found:
        return _pooled_precision(found, signal, attempt.rate_hz)
    if signal == RAW:
        return _stored_precision(event.payload, attempt)
    return Precision(signal)


# ---- parts -----------------------------------------------------------------------------------


def _attempt(event: Event, number: int, accepted: bool) -> Attempt:
    payload = event.payload
    points = tuple(
        CalibrationPoint(
            int(p["target_index"]), _nan(p.get("x_px")), _nan(p.get("y_px")), _nan(p.get("left_out_x_px")),
            _nan(p.get("left_out_y_px")), int(p.get("n_frames") or 0), str(p.get("state") or "not_measured"),
        )
        for p in payload.get("targets") or ()
    )  # fmt: skip
    return Attempt(
        str(payload["attempt_id"]), str(payload["calibration_id"]), number, event.t_ns / NS_PER_S,
        str(payload.get("kind") or "full"), str(payload.get("method") or "points"), accepted, bool(payload["ok"]),
        str(payload.get("reason") or ""), int(payload.get("n_targets") or 0), _nan(payload.get("loo_error_px")), points,
    )  # fmt: skip


def _target(values: Mapping[str, Any], samples: TargetSamples, screen: Screen) -> TargetError:
    """One target: positions as the session judged them, angles and steps from the samples where they are stored."""
    index, x_px, y_px = int(values["target_index"]), _nan(values.get("x_px")), _nan(values.get("y_px"))
    _, points = samples.at(index)
    found = offset(points, (x_px, y_px), screen)
    spread, spread_deg = scatter(points), scatter(fick_deg(points, screen))
    mean_x_px, mean_y_px = _nan(values.get("mean_x_px")), _nan(values.get("mean_y_px"))
    off_x_px, off_y_px, error_deg = mean_x_px - x_px, mean_y_px - y_px, found.mean_deg
    if math.isnan(off_x_px):
        off_x_px, off_y_px = found.mean_x_px, found.mean_y_px
    elif math.isnan(
        error_deg
    ):  # without samples: the angle to the mean point, which differs in the third digit
        error_deg = offset(np.array([[mean_x_px, mean_y_px]]), (x_px, y_px), screen).mean_deg
    return TargetError(
        index, x_px, y_px, off_x_px, off_y_px, math.hypot(off_x_px, off_y_px), error_deg, found.sample_px,
        found.sample_deg, _first(values.get("sd_x_px"), spread.std_x), _first(values.get("sd_y_px"), spread.std_y),
        _first(values.get("rho"), spread.rho), int(values.get("n_frames") or spread.n), _nan(values.get("loss")),
        _pooled_precision([(spread, spread_deg)], RAW, math.nan),
    )  # fmt: skip


def _accuracy(
    payload: Mapping[str, Any], targets: Sequence[TargetError], screen: Screen, limits: QualityLimits
) -> Accuracy:
    measured = [t for t in targets if math.isfinite(t.error_px)]
    if not measured:
        px = _nan(payload.get("accuracy_px"))
        if math.isnan(px):
            return replace(NOT_VALIDATED, reason=str(payload.get("reason") or "not_measured"))
        grade = grade_of(px, math.nan, _grades(limits))
        return Accuracy(px=px, grade=grade, ok=bool(payload["ok"]), reason=str(payload.get("reason") or ""))
    px, deg = _mean([t.error_px for t in measured]), _mean([t.error_deg for t in measured])
    parts = [_parts_deg(t, screen) for t in measured]
    return Accuracy(
        px, deg, _mean([abs(t.error_x_px) for t in measured]), _mean([abs(t.error_y_px) for t in measured]),
        _mean([abs(x) for x, _ in parts]), _mean([abs(y) for _, y in parts]),
        _mean([t.sample_error_px for t in measured]), _mean([t.sample_error_deg for t in measured]), len(measured),
        grade_of(px, deg, _grades(limits)), bool(payload["ok"]), str(payload.get("reason") or ""),
    )  # fmt: skip


def _parts_deg(target: TargetError, screen: Screen) -> tuple[float, float]:
    at = np.array([[target.x_px + target.error_x_px, target.y_px + target.error_y_px]])
    found = offset(at, (target.x_px, target.y_px), screen)
    return found.mean_x_deg, found.mean_y_deg


def _grades(limits: QualityLimits) -> GradeLimits:
    return GradeLimits(*limits.grades_deg, px_per_deg=limits.px_per_deg)


def _pooled_precision(found: Sequence[tuple[Scatter, Scatter]], signal: str, rate_hz: float) -> Precision:
    px, deg = [a for a, _ in found], [b for _, b in found]
    rms_px, std_px = _over_steps(px), _over_samples([s.std for s in px], px)
    return Precision(
        signal, rms_px, _over_steps(deg), std_px, _over_samples([s.std for s in deg], px),
        _over_samples([s.std_x for s in px], px), _over_samples([s.std_y for s in px], px),
        rms_px / std_px if std_px > 0 else math.nan, _mean([s.bcea for s in px]), _mean([s.bcea for s in deg]), rate_hz,
        sum(s.n for s in px),
    )  # fmt: skip


def _stored_precision(payload: Mapping[str, Any], attempt: Attempt) -> Precision:
    """Where the samples are not in the recording, the spread that the session found is all there is."""
    x_px, y_px = (_nan(v) for v in payload.get("sd_px") or (None, None))
    return Precision(
        RAW, std_px=math.hypot(x_px, y_px), std_x_px=x_px, std_y_px=y_px, rate_hz=attempt.rate_hz,
        n_samples=sum(t.n_frames for t in attempt.targets),
    )  # fmt: skip


def _over_steps(found: Sequence[Scatter]) -> float:
    return _root_mean_square([s.rms_s2s for s in found], [s.n_steps for s in found])


def _over_samples(values: Sequence[float], found: Sequence[Scatter]) -> float:
    return _root_mean_square(values, [s.n for s in found])


def _root_mean_square(values: Sequence[float], weights: Sequence[int]) -> float:
    known = [(v, w) for v, w in zip(values, weights, strict=True) if math.isfinite(v) and w > 0]
    total = sum(w for _, w in known)
    return math.sqrt(sum(v * v * w for v, w in known) / total) if total else math.nan


def _mean(values: Sequence[float]) -> float:
    known = [v for v in values if math.isfinite(v)]
    return sum(known) / len(known) if known else math.nan


def _nan(value: Any) -> float:
    return math.nan if value is None else float(value)


def _first(value: Any, other: float) -> float:
    return other if value is None else float(value)
