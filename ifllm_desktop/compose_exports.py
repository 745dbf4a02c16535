"""Data sets of a study: where the next one goes, what is written, and the entry in the export log."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from ifllm_desktop import __version__
from ifllm_desktop.compose import open_study, sources, unreadable
from ifllm_desktop.domain.errors import UsageError
from ifllm_desktop.export.schemas import FORMATS
from ifllm_desktop.export.write import ExportReport, write_exports
from ifllm_desktop.store.study import StudyFolder


def next_export_folder(study: StudyFolder) -> Path:
    """The next free folder among the study's exports: 001, 002 …"""
    number = 1
    while (study.exports / f"{number:03d}").exists():
        number += 1
    return study.exports / f"{number:03d}"


def write_formats(
    study: StudyFolder, formats: tuple[str, ...], out: Path, cancel: threading.Event | None = None
) -> ExportReport:
    """Write data sets and enter them in the export log."""
    catalogue = study.catalogue()
    return write_exports(
        catalogue, sources(study), catalogue.operations(), formats, out, code_version=__version__,
        wall_ns=time.time_ns(), cancel=cancel,
    )  # fmt: skip


def export_study(path: Path, format_name: str, out: Path) -> dict[str, Any]:
    """The report of ``export``. Raises UsageError ``unknown_name`` for a format that does not exist."""
    if format_name not in (*FORMATS, "all"):
        raise UsageError("unknown_name", kind="format", name=format_name, known=", ".join((*FORMATS, "all")))
    study = open_study(path)
    formats = FORMATS if format_name == "all" else (format_name,)
    report = write_formats(study, tuple(formats), out)
    excluded: Counter[str] = Counter()
    for part in report.formats:
        for reason, n in part.excluded.items():
            excluded[reason] = (
                max(excluded[reason], n) if reason.startswith("people_") else excluded[reason] + n
            )
    damaged = unreadable(study)
    if damaged:
        excluded["recording_unreadable"] = len(damaged)
    return {
        "format": format_name, "out": str(out), "files": [f.to_json() for part in report.formats for f in part.files],
        "excluded": dict(excluded), "reasons": {p.format: p.reason for p in report.formats if p.reason},
        "unreadable": damaged,
    }  # fmt: skip
