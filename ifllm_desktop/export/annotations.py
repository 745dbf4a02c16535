"""The set ``annotations``: every annotation that stands, with its history summed up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from ifllm_desktop.annotate.fold import fold, merged
from ifllm_desktop.domain.labels import Annotation, LabelOperation
from ifllm_desktop.domain.layout import source_sha256
from ifllm_desktop.export.material import Content, Material
from ifllm_desktop.export.schemas import table

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def annotation_set(material: Material) -> Content:
    """Annotations of the sessions that may be exported, sorted by id.

    A span whose quote or hash does not fit the recorded answer is counted as ``quote_mismatch``, not written.
    """
    content = Content("annotations", iter(()), material.person_counts())
    content.tables = _tables(material, content.excluded)
    return content


def _tables(material: Material, excluded: Counter[str]) -> Iterator[pa.Table]:
    steps: dict[str, list[LabelOperation]] = {}
    for operation in merged(material.operations):
        state = operation.after or operation.before
        if state is not None:
            steps.setdefault(state.annotation_id, []).append(operation)
    shared = {session.session_id for session in material.sessions}
    withheld = {session.session_id for session in material.withheld}
    texts = {
        response.response_id: response.text
        for session in material.sessions
        for turn in session.turns
        for response in turn.responses
    }
    rows = []
    for annotation_id, annotation in sorted(fold(material.operations).items()):
        if annotation.session_id not in shared:
            reason = "no_consent_sharing" if annotation.session_id in withheld else "session_not_exported"
            excluded[reason] += 1
        elif annotation.tier == "span" and not quote_fits(annotation, texts.get(annotation.response_id)):
            excluded["quote_mismatch"] += 1
        else:
            rows.append(_row(annotation, steps[annotation_id]))
    yield table("annotations", rows)


def quote_fits(annotation: Annotation, text: str | None) -> bool:
    """Whether a span still covers the words that it was set on."""
    return (
        text is not None
        and source_sha256(text) == annotation.text_sha256
        and text[annotation.start : annotation.end] == annotation.quote
    )


def _row(annotation: Annotation, steps: list[LabelOperation]) -> dict[str, Any]:
    times = [step.wall_ns for step in steps]
    span = annotation.tier == "span"
    start, end = (annotation.start, annotation.end) if span else (None, None)
    t_start_ms, t_end_ms = (None, None) if span else (annotation.t_start_ms, annotation.t_end_ms)
    return {
        "annotation_id": annotation.annotation_id,
        "response_id": annotation.response_id,
        "tier": annotation.tier,
        "label": annotation.label,
        "quote": annotation.quote,
        "text_sha256": annotation.text_sha256,
        "annotator_id": annotation.annotator_id,
        "role": "annotator",
        "status": "current",
        "guideline_version": "",
        "start": start,
        "end": end,
        "src_start": start,
        "src_end": end,
        "t_start_ms": t_start_ms,
        "t_end_ms": t_end_ms,
        "revision": len(steps),
        "created_at": _moment(min(times)),
        "updated_at": _moment(max(times)),
    }


def _moment(wall_ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=wall_ns // 1000)
