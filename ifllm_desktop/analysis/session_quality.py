"""The quality of one session's gaze: the values, and the function that finds them in a recording."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ifllm_desktop.analysis.calibration_attempts import ONE_EURO, attempts, parents_of, pooled, root_of
from ifllm_desktop.analysis.counted_time import (
    counted_spans,
    data_loss,
    gap_bins,
    invalid_spans,
    shown_spans,
    without,
)
from ifllm_desktop.analysis.error_over_session import cells_of, drift_of, text_accuracy
from ifllm_desktop.analysis.gaze_rows import GazeRows, inside, read_gaze_rows, screen_of_calibration
from ifllm_desktop.analysis.head_movement import head_from_calibration, head_movement, trace_of
from ifllm_desktop.analysis.quality_facts import apparatus_of, problems_of, supported
from ifllm_desktop.analysis.quality_limits import QualityLimits, ScoreRule
from ifllm_desktop.analysis.quality_parts import (
    Apparatus,
    Cell,
    DataLoss,
    Drift,
    ErrorAt,
    GapBin,
    HeadMovement,
    InvalidSpan,
    QualityScore,
    ScorePart,
    Share,
    TextAccuracy,
    Trace,
)
from ifllm_desktop.analysis.quality_score import score_of
from ifllm_desktop.analysis.quality_targets import (
    Accuracy,
    Attempt,
    CalibrationPoint,
    Precision,
    Problem,
    TargetError,
)
from ifllm_desktop.analysis.quality_values import QUALITY_VERSION, SessionQuality
from ifllm_desktop.domain.gaze_standing import standing_validation
from ifllm_desktop.domain.session import Event
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.ports import RecordingSource

__all__ = (
    "QUALITY_VERSION", "Accuracy", "Apparatus", "Attempt", "CalibrationPoint", "Cell", "DataLoss", "Drift", "ErrorAt",
    "GapBin", "HeadMovement", "InvalidSpan", "Precision", "Problem", "QualityLimits", "QualityScore", "ScorePart",
    "ScoreRule", "SessionQuality", "Share", "TargetError", "TextAccuracy", "Trace", "session_quality",
)  # fmt: skip

DEFAULT_LIMITS = QualityLimits()


def session_quality(source: RecordingSource, limits: QualityLimits = DEFAULT_LIMITS) -> SessionQuality:
    """How good the gaze of one session is, from its recording alone.

    Nothing is invented: what the recording does not tell is NaN, and ``problems`` says what is missing. The figures
    are those of the calibration that most of the gaze was estimated with, and of its own validation.

    Raises
    ------
    DataError
        ``recording_damaged``: what cannot be read is not judged.
    """
    rows = read_gaze_rows(source)
    tried = attempts(rows, limits)
    parents = parents_of(rows.events)
    calibration_id = _main_calibration(rows, tried)
    main = root_of(tried, parents, calibration_id)
    spans = counted_spans(rows)
    apparatus = apparatus_of(rows)
    drift = drift_of(rows, tried, parents, main)
    away = head_from_calibration(rows, tried)
    grid = (limits.columns, limits.rows)
    bins, longest_s = gap_bins(rows, spans)
    info = rows.info
    made = SessionQuality(
        session_id=info.session_id, participant_id=info.participant_id, number=info.number, state=info.state,
        created_wall_ns=info.created_wall_ns, n_segments=len(source.segments()),
        recovered=any(segment.recovered for segment in source.segments()), duration_s=_duration_s(rows),
        gaze_consent=_gaze_consent(rows.events), apparatus=apparatus,
        screen=screen_of_calibration(rows, calibration_id), attempts=tried,
        loss=data_loss(rows, spans, apparatus.nominal_hz), gaps=bins, longest_gap_s=longest_s, grid=grid,
        cells=cells_of(rows, tried, drift.checks, spans, grid), drift=drift, invalid=invalid_spans(rows),
        head=head_movement(rows, away, spans), support=supported(source, rows, calibration_id, limits),
        on_text=_on_text(rows, spans), trace=trace_of(rows, away),
    )  # fmt: skip
    if main is not None:
        made = _with_main(made, main, rows)
    made = replace(made, score=score_of(made, limits))
    return replace(made, problems=problems_of(made, rows, spans))


def _with_main(made: SessionQuality, main: Attempt, rows: GazeRows) -> SessionQuality:
    """With the validation of the calibration that counts."""
    validations = [e for e in rows.events if e.kind == "validation"]
    own = [e for e in validations if e.payload["calibration_id"] == main.calibration_id]
    validation = own[-1] if own else None
    accuracy = main.accuracy
    standing = standing_validation(rows.events)
    if standing is not None and standing["calibration_id"] == main.calibration_id and accuracy.ok:
        # found to be off by a drift check that could not mend it
        accuracy = replace(accuracy, ok=bool(standing["ok"]), reason=str(standing["reason"] or ""))
    return replace(
        made, method=main.method, n_points=main.n_points, n_validation_targets=main.accuracy.n_targets,
        main_attempt=main.attempt_id, text=text_accuracy(rows, main.calibration_id), accuracy=accuracy,
        precision=pooled(rows, main, validation),
        precision_filtered=pooled(rows, main, validation, ONE_EURO),
    )  # fmt: skip


def _main_calibration(rows: GazeRows, tried: Sequence[Attempt]) -> str:
    """What most of the gaze was estimated with; without any gaze the last accepted calibration."""
    n_rows: dict[str, int] = {}
    for low, high, calibration_id in rows.runs:
        n_rows[calibration_id] = n_rows.get(calibration_id, 0) + high - low
    if n_rows:
        return max(n_rows, key=lambda key: n_rows[key])
    return next((a.calibration_id for a in reversed(tried) if a.accepted), "")


def _duration_s(rows: GazeRows) -> float:
    """From the start to the last moment of which anything is known; NaN for an empty session."""
    return rows.end_ns / NS_PER_S if rows.end_ns >= 0 else math.nan


def _gaze_consent(events: Sequence[Event]) -> str:
    said = [event for event in events if event.kind == "consent"]
    if not said:
        return "unknown"
    last = said[-1].payload
    return "yes" if not last["declined"] and last["scopes"].get("gaze") else "no"


def _on_text(rows: GazeRows, spans: Sequence[tuple[int, int]]) -> float:
    """Share of the gaze that was on text, while there were answers on the screen; NaN without any.

    The text on which gaze is checked does not count: everybody is asked to look at it.
    """
    asked = shown_spans(rows.events, "text_check", rows.end_ns)
    off = rows.off_text[inside(rows.hit_t_ns, without(spans, asked))]
    off = off[np.isfinite(off)]
    return float(1 - off.mean()) if len(off) else math.nan
