"""Annotations and the operations that make them. Operations are only ever added; undo adds the inverse."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Annotation:
    """A label on a span of text or on an episode of time.

    Attributes
    ----------
    tier : str
        ``span`` or ``episode``.
    start, end : int
        Code points of the response's source text, half open; −1 for an episode.
    quote, text_sha256 : str
        What the span covers and the hash of the whole source text; empty for an episode.
    t_start_ms, t_end_ms : int
        Session time in ms; −1 for a span.
    """

    annotation_id: str
    session_id: str
    turn_id: str
    response_id: str
    tier: str
    label: str
    annotator_id: str
    start: int = -1
    end: int = -1
    quote: str = ""
    text_sha256: str = ""
    t_start_ms: int = -1
    t_end_ms: int = -1
    note: str = ""


@dataclass(frozen=True, slots=True)
class LabelOperation:
    """One step of an annotator's history.

    ``(annotator_id, station_id, sequence)`` is unique, so two copies of a study merge by union.

    Attributes
    ----------
    action : str
        ``add``, ``change`` or ``remove``.
    before, after : Annotation or None
        State of the annotation before and after; the inverse operation swaps them.
    undoes : str
        ``op_id`` of the operation that this one takes back; else empty.
    """

    op_id: str
    annotator_id: str
    station_id: str
    sequence: int
    wall_ns: int
    action: str
    before: Annotation | None
    after: Annotation | None
    undoes: str = ""


@dataclass(frozen=True, slots=True)
class OpChange:
    """What one operation changed, for views."""

    operation: LabelOperation
    annotation_ids: tuple[str, ...]
