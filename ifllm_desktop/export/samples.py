"""The set ``samples``: gaze and pointer of each session on one time axis.

Blocks and lines that the validated error of the gaze does not support are null, with the reason beside them: what a
recording holds as most likely is no claim to be handed on.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ifllm_desktop.analysis.quality_facts import last_layouts
from ifllm_desktop.derive.validated import validated_errors
from ifllm_desktop.domain.samples import Records
from ifllm_desktop.domain.session import TurnRecord
from ifllm_desktop.export.material import Content, ExportedSession, Material
from ifllm_desktop.export.schemas import schema
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.reading.support import support, text_sizes

_UNITS = ("block", "line")


def sample_set(material: Material) -> Content:
    """Samples by session and time. A stream that a person did not agree to has no row of that person."""
    content = Content("samples", iter(()), material.person_counts())
    content.tables = _tables(material, content.excluded)
    return content


def _tables(material: Material, excluded: Counter[str]) -> Iterator[pa.Table]:
    if material.withheld:
        excluded["no_consent_sharing"] += len(material.withheld)
    for session in material.sessions:
        excluded["no_consent_gaze"] += not session.gaze
        excluded["no_consent_pointer"] += not session.pointer
        yield session_table(session)
    for reason in [reason for reason, n in excluded.items() if n == 0]:
        del excluded[reason]


def session_table(session: ExportedSession) -> pa.Table:
    """Gaze and pointer rows of one session, sorted by time, gaze first at equal times."""
    parts = []
    if session.gaze:
        parts.append(_gaze(session.source))
    if session.pointer:
        parts.append(_pointer(session.source.read("pointer")))
    if not parts or not sum(len(part["t_ns"]) for part in parts):
        return schema("samples").empty_table()
    t_ns = np.concatenate([part["t_ns"] for part in parts])
    order = np.argsort(t_ns, kind="stable")
    n = len(t_ns)
    made: dict[str, pa.Array] = {
        "session_id": pa.array([session.session_id] * n, pa.string()),
        "participant_id": pa.array([session.participant_id] * n, pa.string()),
        "t_ms": pa.array(t_ns[order] / 1e6, pa.float64()),
        "turn_id": _turn_ids(session.turns, t_ns[order]),
    }
    for field in schema("samples"):
        if field.name not in made:
            made[field.name] = _column(parts, field, order)
    return pa.table([made[name] for name in schema("samples").names], schema=schema("samples"))


Part = dict[str, NDArray[np.generic] | NDArray[np.object_]]


def _gaze(source: RecordingSource) -> Part:
    gaze, hit = source.read("gaze"), source.read("hit")
    part: Part = {name: gaze[name] for name in ("t_ns", "x_px", "y_px", "sd_x_px", "sd_y_px")}
    part["frame_index"] = gaze["frame_index"].astype(object)
    part["calibration_id"] = _or_none(gaze["calibration_id"])
    part["stream"] = np.full(len(gaze), "gaze", dtype=object)
    # a hit belongs to the gaze row of the same frame
    of_frame = {int(frame): row for row, frame in enumerate(hit["frame_index"])}
    rows = np.array([of_frame.get(int(frame), -1) for frame in gaze["frame_index"]], dtype=np.int64)
    for name in ("response_id", "aoi", "block", "line", "p_block", "p_line", "p_off_text"):
        values = np.full(len(gaze), None, dtype=object)
        values[rows >= 0] = hit[name][rows[rows >= 0]]
        part[name] = _or_none(values)
    refused = _refused(source, gaze)
    calibrations = gaze["calibration_id"].astype(str)
    part["refused"] = np.full(len(gaze), None, dtype=object)
    for calibration_id, reasons in refused.items():
        own = calibrations == calibration_id
        for unit in reasons:
            part[unit][own] = part[f"p_{unit}"][own] = None
        told = own & (rows >= 0)  # without a hit there was nothing to refuse
        part["refused"][told] = "; ".join(f"{unit}: {reason}" for unit, reason in reasons.items()) or None
    return part


def _refused(source: RecordingSource, gaze: Records) -> dict[str, dict[str, str]]:
    """By calibration: the units that its validated error does not support, each with the code of the reason."""
    sizes, errors = text_sizes(last_layouts(source)), validated_errors(source.events(), gaze)
    found = {}
    for calibration_id in np.unique(gaze["calibration_id"].astype(str)).tolist():
        error = errors.get(calibration_id)
        levels = support(sizes, error.total_px if error is not None else (math.nan, math.nan), n_sides=2)
        found[calibration_id] = {
            unit: levels[unit].reason for unit in _UNITS if levels[unit].state == "refused"
        }
    return found


def _pointer(pointer: Records) -> Part:
    part: Part = {name: pointer[name] for name in ("t_ns", "x_px", "y_px")}
    part["stream"] = np.full(len(pointer), "pointer", dtype=object)
    for name in ("kind", "button", "target"):
        part[name] = _or_none(pointer[name])
    return part


def _or_none(values: NDArray[np.object_]) -> NDArray[np.object_]:
    """None for what streams write where there is nothing: empty text and −1."""
    return np.array([None if v is None or v in ("", -1) else v for v in values], dtype=object)


def _column(parts: list[Part], field: pa.Field, order: NDArray[np.int64]) -> pa.Array:
    """Values of all parts in the order of time; null where a part has no such column, and for NaN."""
    whole = np.concatenate(
        [
            part[field.name].astype(object)
            if field.name in part
            else np.full(len(part["t_ns"]), None, dtype=object)
            for part in parts
        ]
    )[order]
    return pa.array(whole.tolist(), field.type, from_pandas=True)


def _turn_ids(turns: tuple[TurnRecord, ...], t_ns: NDArray[np.int64]) -> pa.Array:
    """The turn that was open at each moment: from its prompt until it ended."""
    ids = np.full(len(t_ns), None, dtype=object)
    for turn in turns:
        end_ns = turn.t_end_ns if turn.t_end_ns is not None else np.iinfo(np.int64).max
        ids[(t_ns >= turn.t_submit_ns) & (t_ns < end_ns)] = turn.turn_id
    return pa.array(ids.tolist(), pa.string())
