"""What an export would hold, before it is written: rows, losses with their reasons, and the first rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ifllm_desktop.domain.labels import LabelOperation
from ifllm_desktop.domain.session import SCOPES
from ifllm_desktop.export.files import csv_cell
from ifllm_desktop.export.material import gather
from ifllm_desktop.export.schemas import FORMATS, schema
from ifllm_desktop.export.write import MAKERS, why_empty
from ifllm_desktop.ports import Catalogue, RecordingSource

N_PREVIEW = 20


@dataclass(frozen=True, slots=True)
class SetPreview:
    """One format as it would be written.

    Attributes
    ----------
    head : tuple of tuple of str
        The first rows, each value as text, in the order of ``columns``.
    first : dict
        The first row with its values; empty without rows.
    reason : str
        Why there are no rows; else empty.
    """

    format: str
    columns: tuple[str, ...]
    n_rows: int
    excluded: dict[str, int]
    reason: str
    head: tuple[tuple[str, ...], ...]
    first: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """All formats, and how many people agreed to what.

    Attributes
    ----------
    agreed : dict
        Scope to number of people who agreed to it.
    """

    sets: tuple[SetPreview, ...]
    n_people: int
    agreed: dict[str, int]


def preview(
    catalogue: Catalogue, sources: Iterable[RecordingSource], operations: Sequence[LabelOperation]
) -> ExportPreview:
    """Make every set in memory, one table at a time, and keep its first rows."""
    material = gather(catalogue, sources, operations)
    consents, people = catalogue.consents(), catalogue.participants()
    agreed = Counter(scope for person in people for scope in SCOPES if consents.get(person, {}).get(scope))
    sets = []
    for name in FORMATS:
        content = MAKERS[name][0](material)
        n_rows = 0
        head: list[dict[str, Any]] = []
        for table in content.tables:
            n_rows += table.num_rows
            head += table.slice(0, N_PREVIEW - len(head)).to_pylist()
        columns = tuple(schema(name).names)
        excluded = dict(sorted(content.excluded.items()))
        texts = tuple(tuple(_text(row[column]) for column in columns) for row in head)
        reason = "" if n_rows else why_empty(material, name, excluded)
        sets.append(SetPreview(name, columns, n_rows, excluded, reason, texts, head[0] if head else {}))
    return ExportPreview(tuple(sets), len(people), {scope: agreed[scope] for scope in SCOPES})


def _text(value: Any) -> str:
    """A value for a narrow cell: of a conversation its last words, numbers rounded."""
    if isinstance(value, list):
        return str(value[-1]["content"]) if value else ""
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return value if isinstance(value, str) else csv_cell(value)
