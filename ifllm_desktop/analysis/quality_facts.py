"""What a session says of its equipment, what its gaze supports, and what is wrong or missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ifllm_desktop.analysis.gaze_rows import GazeRows
from ifllm_desktop.analysis.quality_limits import QualityLimits
from ifllm_desktop.analysis.quality_parts import Apparatus
from ifllm_desktop.analysis.quality_targets import Problem
from ifllm_desktop.analysis.quality_values import SessionQuality
from ifllm_desktop.derive.validated import validated_errors
from ifllm_desktop.domain.layout import BlockLayout, LayoutEpoch, TextLayout
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.reading.support import LEVELS, LevelSupport, SupportLimits, support, text_sizes

MAX_ANSWERS = 24
"""Sizes of lines and blocks are alike from answer to answer: of more, every second, third … stands for all."""

_MIN_TARGETS = 3
_NO_ANSWER = "text-check-"
"""The text that is read to check the gaze is laid out like an answer, and is none."""


def apparatus_of(rows: GazeRows) -> Apparatus:
    """What the recording says of camera, landmarker and program; the camera that was opened last counts."""
    said: dict[str, Any] = {}
    camera: dict[str, Any] = {}
    for event in rows.events:
        if event.kind == "session_start":
            said = event.payload
            camera = {**camera, **(said.get("camera") or {})}
        elif event.kind == "camera_device":
            camera = {**camera, **(event.payload.get("device") or {})}
    rate = _positive(camera.get("rate_hz"))
    landmarker = said.get("landmarker") or {}
    return Apparatus(
        str(said.get("devices") or rows.info.devices), str(camera.get("name") or ""), _positive(camera.get("width")),
        _positive(camera.get("height")), rate,
        " ".join(str(landmarker[key]) for key in ("name", "mediapipe") if landmarker.get(key)),
        str(said.get("feature_set") or ""), str(said.get("app_version") or ""), rows.screen.device_pixel_ratio,
    )  # fmt: skip


def supported(
    source: RecordingSource, rows: GazeRows, calibration_id: str, limits: QualityLimits
) -> tuple[LevelSupport, ...]:
    """What the gaze of a calibration tells about the answers as they stood last, from side to word."""
    error = validated_errors(rows.events, rows.gaze).get(calibration_id)
    n_sides = max((len(e.payload["responses"]) for e in rows.events if e.kind == "submit"), default=0)
    found = support(
        text_sizes(last_layouts(source)), error.total_px if error is not None else (math.nan, math.nan), n_sides,
        SupportLimits(limits.supported, limits.probable),
    )  # fmt: skip
    return tuple(found[level] for level in LEVELS)


def last_layouts(source: RecordingSource) -> list[TextLayout]:
    """Answers as they were laid out last, at most :data:`MAX_ANSWERS`; damaged ones are left out.

    Only the last state of each block is decoded: an hour has thousands of epochs.
    """
    stored = source.read("layout_epoch")
    columns = (stored[name].tolist() for name in ("response_id", "epoch", "payload"))
    heads = {
        response_id: (epoch, payload)
        for response_id, epoch, payload in zip(*columns, strict=True)
        if not response_id.startswith(_NO_ANSWER)
    }
    every = -(-len(heads) // MAX_ANSWERS)
    heads = dict(list(heads.items())[::every]) if heads else {}
    stored = source.read("layout_block")
    columns = (stored[name].tolist() for name in ("response_id", "block", "payload"))
    blocks: dict[str, dict[int, str]] = {response_id: {} for response_id in heads}
    for response_id, block, payload in zip(*columns, strict=True):
        if response_id in blocks:
            blocks[response_id][block] = payload
    found = []
    for response_id, (epoch, payload) in heads.items():
        own = blocks.get(response_id, {})
        try:
            head = LayoutEpoch.from_json(response_id, epoch, payload)
            made = tuple(BlockLayout.from_json(index, own[index]) for index in range(head.n_blocks))
        except (ValueError, KeyError, TypeError, IndexError):
            continue
        found.append(TextLayout(head, made))
    return found


def problems_of(
    quality: SessionQuality, rows: GazeRows, spans: Sequence[tuple[int, int]]
) -> tuple[Problem, ...]:
    """What is wrong or missing, the gravest first. Codes are keys of ``wording.QUALITY_PROBLEMS``."""
    if rows.end_ns < 0:
        return (Problem("empty"),)
    found = [Problem("recovered")] if quality.recovered else []
    if quality.gaze_consent == "no":
        return (*found, Problem("no_consent"))
    found += _of_calibration(quality, rows)
    found += _of_loss(quality, rows, spans)
    found += _of_screen(quality, rows)
    if spans and math.isnan(quality.head.shift_cm):
        found.append(Problem("no_landmarks" if not len(rows.frame_t_ns) else "head_place_unknown"))
    return tuple(found)


def _of_calibration(quality: SessionQuality, rows: GazeRows) -> list[Problem]:
    known = {attempt.calibration_id for attempt in quality.attempts if attempt.n_points or attempt.points}
    known |= {str(e.payload["calibration_id"]) for e in rows.events if e.kind == "calibration"}
    lost = dict.fromkeys(calibration_id for _, _, calibration_id in rows.runs if calibration_id not in known)
    found = [Problem("calibration_lost", calibration_id or "–") for calibration_id in lost]
    if not lost and not any(attempt.calibrated for attempt in quality.attempts):
        return [Problem("no_calibration")]
    if math.isnan(quality.accuracy.px):
        reason = quality.accuracy.reason
        found.append(
            Problem("no_validation") if reason == "not_validated" else Problem("not_measured", reason)
        )
        return found
    if not quality.accuracy.ok:
        found.append(Problem("validation_failed", quality.accuracy.reason))
    if quality.targets and quality.accuracy.n_targets < _MIN_TARGETS:
        found.append(Problem("few_targets", str(quality.accuracy.n_targets)))
    n_accepted = sum(a.accepted and a.kind != "refit" for a in quality.attempts)
    if n_accepted > 1:
        found.append(Problem("several_calibrations", str(n_accepted)))
    if len(quality.drift.checks) < 2:
        found.append(Problem("no_drift_check"))
    return found


def _of_loss(quality: SessionQuality, rows: GazeRows, spans: Sequence[tuple[int, int]]) -> list[Problem]:
    if not len(rows.gaze_t_ns):
        return [Problem("no_gaze")]
    found = []
    parts = {part.name: part for part in quality.score.parts}
    if parts["loss"].excludes:
        found.append(Problem("high_loss", f"{100 * quality.loss.loss:.0f}"))
    if parts["rate"].value < parts["rate"].limit:
        found.append(Problem("low_rate", f"{quality.loss.effective_hz:.0f}"))
    if spans and math.isnan(quality.loss.nominal_hz):
        found.append(Problem("rate_unknown"))
    return found


def _of_screen(quality: SessionQuality, rows: GazeRows) -> list[Problem]:
    starts = [e.payload.get("screen") for e in rows.events if e.kind == "session_start"]
    found = [Problem("several_screens")] if any(s != starts[0] for s in starts) else []
    if rows.screen_zero:
        return [*found, Problem("screen_size_zero")]
    if not all(
        math.isfinite(v)
        for v in (quality.screen.w_px, quality.screen.h_px, quality.screen.w_mm, quality.screen.h_mm)
    ):
        return [*found, Problem("screen_size_unknown")]
    if math.isnan(quality.screen.distance_mm):
        found.append(Problem("distance_unknown"))
    return found


def _positive(value: Any) -> float:
    number = float(value) if isinstance(value, int | float) else math.nan
    return number if number > 0 else math.nan
