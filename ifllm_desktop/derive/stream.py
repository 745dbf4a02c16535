"""Gaze and hits of a whole session by one deriver, and how they compare with what was derived live."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ifllm_desktop.derive.derivers import Clicked, Deriver, FrameModel, predicted
from ifllm_desktop.derive.scenes import SceneHistory
from ifllm_desktop.derive.session_rows import Floats, SessionRows, session_rows
from ifllm_desktop.derive.training import validation_frames
from ifllm_desktop.domain.json_numbers import finite_or_none
from ifllm_desktop.domain.samples import Records, Row, records
from ifllm_desktop.gaze.quality import validate
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.reading.hits import hits
from ifllm_desktop.replay.timeline import Timeline


@dataclass(frozen=True, slots=True, eq=False)
class DerivedStream:
    """Rows of one deriver for one session.

    Attributes
    ----------
    gaze, hit : structured array
        Rows of the streams of that name; one gaze row for each live one whose eye features are stored.
    report : dict
        JSON values: numbers of rows, distance to the live gaze, validation under the new model.
    """

    session_id: str
    deriver: str
    version: int
    parameters: dict[str, Any]
    calibration_ids: tuple[str, ...]
    gaze: Records
    hit: Records
    report: dict[str, Any]

    @property
    def name(self) -> str:
        """``<deriver>-<hash>``: the same deriver with the same version and parameters has the same name."""
        key = json.dumps([self.deriver, self.version, self.parameters], sort_keys=True)
        return f"{self.deriver}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def derive(source: RecordingSource, deriver: Deriver) -> DerivedStream:
    """Compute gaze and hits of a session again.

    Frames are those for which gaze was derived live, each with the calibration that was in force: where gaze was
    invalid then (another screen, no consent), it stays so.

    Raises
    ------
    DataError
        Why this session cannot be derived: see ``session_rows``, ``training_frames``, and the deriver.
    """
    rows = session_rows(source)
    make = deriver.prepare(rows)
    used = [key for key in rows.calibrations if (rows.live["calibration_id"] == key).any()]
    models = {key: make(rows.calibrations[key]) for key in used}
    gaze_px, sd_px = np.full((len(rows.live), 2), np.nan), np.full((len(rows.live), 2), np.nan)
    kept = np.zeros(len(rows.live), dtype=bool)
    for key, model in models.items():
        of = rows.live["calibration_id"] == key
        gaze_px[of], sd_px[of] = predicted(model, rows, np.flatnonzero(of))
        kept |= of
    gaze_rows, hit_rows = _rows(rows, kept, gaze_px, sd_px)
    report = _report(rows, kept, gaze_px) | {"validation": _validation(rows, models)} | _clicks(models)
    return DerivedStream(
        source.info().session_id, deriver.name, deriver.version, dict(deriver.parameters), tuple(used),
        records("gaze", gaze_rows), records("hit", hit_rows), report | {"n_hits": len(hit_rows)},
    )  # fmt: skip


def _rows(rows: SessionRows, kept: Any, gaze_px: Floats, sd_px: Floats) -> tuple[list[Row], list[Row]]:
    scenes = SceneHistory(Timeline(rows.source), rows.source)
    which = np.flatnonzero(kept)
    t_ns, frame_index = rows.live["t_ns"][which].tolist(), rows.live["frame_index"][which].tolist()
    points = np.hstack([gaze_px, sd_px])[which]
    calibration_ids = [str(c) for c in rows.live["calibration_id"][which]]
    gaze_rows: list[Row] = [
        (t, frame, *point, calibration_id)
        for t, frame, point, calibration_id in zip(
            t_ns, frame_index, points.tolist(), calibration_ids, strict=True
        )
    ]
    hit_rows: list[Row] = []
    shown = [scenes.at(t) for t in t_ns]
    start = 0
    while start < len(shown):
        end = start
        while end < len(shown) and shown[end] is shown[start]:
            end += 1
        scene = shown[start]
        if scene.responses or scene.aois:
            for k, h in zip(range(start, end), hits(scene, points[start:end]), strict=True):
                hit_rows.append(
                    (
                        t_ns[k],
                        frame_index[k],
                        h.response_id,
                        h.aoi,
                        h.block,
                        h.line,
                        h.p_block,
                        h.p_line,
                        h.p_off_text,
                    )
                )
        start = end
    return gaze_rows, hit_rows


def _report(rows: SessionRows, kept: Any, gaze_px: Floats) -> dict[str, Any]:
    live_px = np.column_stack([rows.live["x_px"], rows.live["y_px"]])[kept]
    off_px = np.hypot(*(gaze_px[kept] - live_px).T)
    off_px = off_px[np.isfinite(off_px)]
    return {
        "n_rows": int(kept.sum()),
        "n_lost_frames": rows.n_lost_frames + int((~kept).sum()),
        "median_to_live_px": finite_or_none(float(np.median(off_px)) if len(off_px) else math.nan),
        "p90_to_live_px": finite_or_none(float(np.quantile(off_px, 0.9)) if len(off_px) else math.nan),
        "max_to_live_px": finite_or_none(float(off_px.max()) if len(off_px) else math.nan),
    }


def _validation(rows: SessionRows, models: dict[str, FrameModel]) -> Sequence[dict[str, Any]]:
    """Accuracy of the new model on the frames of each validation, beside the live one's."""
    out = []
    for event in rows.events:
        if event.kind != "validation" or event.payload["calibration_id"] not in models:
            continue
        calibration_id = event.payload["calibration_id"]
        frames = validation_frames(rows, event.payload["attempt_id"])
        if not len(frames.features):
            continue
        model = models[calibration_id]
        # clicks are no targets: a layer from them has no part in the validation
        judged = model.base if isinstance(model, Clicked) else model
        gaze_px, _ = judged.predict(frames.t_ns, frames.features)
        n = len(frames.features) + frames.n_lost
        found = validate(gaze_px, frames.target_px, frames.target_index, frames.t_ns, n, rows.screen)
        out.append(
            {
                "calibration_id": calibration_id, "attempt_id": event.payload["attempt_id"],
                "n_targets": len(found.targets), "n_frames": found.n_samples, "n_lost_frames": frames.n_lost,
                "accuracy_px": finite_or_none(found.accuracy_px), "accuracy_deg": finite_or_none(found.accuracy_deg),
                "accuracy_x_px": finite_or_none(found.accuracy_x_px),
                "accuracy_y_px": finite_or_none(found.accuracy_y_px),
                "live_accuracy_px": event.payload["accuracy_px"],
            }
        )  # fmt: skip
    return out


def _clicks(models: dict[str, FrameModel]) -> dict[str, Any]:
    for model in models.values():
        if isinstance(model, Clicked):
            found = model.report
            return {
                "clicks": {
                    "n_clicks": found.n_clicks, "n_held_out": found.n_held_out,
                    "error_without_px": found.error_without_px, "error_with_px": found.error_with_px,
                    "gain_px": found.gain_px, "gain_interval_px": list(found.gain_interval_px), "helps": found.helps,
                }
            }  # fmt: skip
    return {}
