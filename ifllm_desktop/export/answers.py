"""The set ``answers``: what participants said to the study's questions, and of the models' answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ifllm_desktop.export.material import Content, ExportedSession, Material
from ifllm_desktop.export.schemas import table
from ifllm_desktop.replay.given import Given, given


def answer_set(material: Material) -> Content:
    """One row for each thing that was said, by session and time."""
    content = Content("answers", iter(()), material.person_counts())
    content.tables = _tables(material)
    if material.withheld:
        content.excluded["no_consent_sharing"] += sum(len(given(s.source)) for s in material.withheld)
    return content


def _tables(material: Material) -> Iterator[pa.Table]:
    for session in material.sessions:
        yield table("answers", [_row(session, one) for one in given(session.source)])


def _row(session: ExportedSession, one: Given) -> dict[str, Any]:
    is_number = isinstance(one.value, int | float) and not isinstance(one.value, bool)
    text = json.dumps(one.value, ensure_ascii=False) if isinstance(one.value, list) else one.value
    return {
        "session_id": session.session_id,
        "participant_id": session.participant_id,
        "place": one.place,
        "task_id": one.task_id or None,
        "trial_id": one.turn_id or None,
        "question_id": one.question_id,
        "response_id": one.response_id or None,
        "value": None if one.value is None else str(text),
        "number": float(one.value) if is_number else None,
        "declined": one.declined,
        "attention_passed": one.correct,
        "start": one.start if one.start >= 0 else None,
        "end": one.end if one.end >= 0 else None,
        "quote": one.quote or None,
        "n_changes": one.n_changes,
        "t_ms": one.t_ns / 1e6,
    }
