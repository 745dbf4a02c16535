"""The README of an export: YAML for data-set tools on top, sentences for people below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ifllm_desktop.export.material import Material
from ifllm_desktop.export.schemas import COLUMNS, SCHEMA_VERSION

if TYPE_CHECKING:
    from ifllm_desktop.export.write import FormatReport


_READING = """\
- `CHECKSUMS.sha256`: `sha256sum -c CHECKSUMS.sha256`
- units stand in the names: `_ms` milliseconds, `_px` device-independent pixels; offsets are Unicode \
code points of the answer's source text
- in CSV files a text that begins with a formula sign (`=`, `+`, `-`, `@`, tab, line break) has an \
apostrophe before it; Parquet and JSON Lines hold the text as it was
- `confidence` is a model's probability that the vote is right, at least 0.5
"""


def readme(material: Material, reports: Sequence[FormatReport], code_version: str) -> str:
    """Text of ``README.md``: lets ``datasets.load_dataset(folder, name)`` work, says where data come from."""
    sets = [
        (file.path, file.path.rpartition("/")[2].removesuffix(".parquet"), file.rows)
        for report in reports
        for file in report.files
        if file.path.endswith(".parquet")
    ]
    yaml = ["---", "configs:" if any(rows for _, _, rows in sets) else "configs: []"]
    for path, name, rows in sets:
        if not rows:
            continue  # data-set tools refuse a set without rows, and would refuse its neighbours with it
        yaml += [f"- config_name: {name}", "  data_files:", "  - split: train", f"    path: {path}"]
    body = ["---", "", "# Reading, pointing and rating the answers of language models", ""]
    body += [_origin(material), "", "| set | rows | columns |", "|---|---:|---:|"]
    body += [f"| `{name}` | {rows} | {len(COLUMNS[name])} |" for _, name, rows in sets]
    body += ["", "Open a set with `datasets.load_dataset(FOLDER, NAME)`, for instance"]
    body += [f'`load_dataset(FOLDER, "{name}")`.' for _, name, _ in sets[:1]]
    body += ["", "## Left out", ""]
    left_out = [
        f"- `{report.format}`: {reason.replace('_', ' ')}: {n}"
        for report in reports
        for reason, n in report.excluded.items()
    ]
    body += left_out or ["Nothing."]
    empty = [f"- `{report.format}` has no rows. {report.reason}" for report in reports if report.reason]
    body += ["", *empty] if empty else []
    body += ["", "## Versions and reading", ""]
    body += [f"- columns: version {SCHEMA_VERSION}, explained in `schema.json`; program: {code_version}"]
    body += _READING.splitlines()
    body += [f"- scores of `{rm}` come from a model **trained on {what}**" for rm, what in _models(material)]
    return "\n".join([*yaml, *body]) + "\n"


def _origin(material: Material) -> str:
    devices = sorted({session.source.info().devices for session in material.sessions})
    people = len({session.participant_id for session in material.sessions})
    text = f"{len(material.sessions)} sessions of {people} people who agreed to sharing."
    if devices and devices != ["real"]:
        some = " in some sessions" if "real" in devices else ""
        video = " or a video file" if "video" in devices else ""
        text += f" **Gaze, pointer and votes come from simulated participants{video}{some}.**"
    return text


def _models(material: Material) -> list[tuple[str, str]]:
    return sorted({(score.model_id, score.trained_on) for score in material.scores})
