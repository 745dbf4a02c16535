"""The README of an export: YAML for data-set tools on top, sentences for people below."""

from __future__ import annotations

from ifllm_desktop.export.manifest import Manifest
from ifllm_desktop.export.schemas import COLUMNS, SCHEMA_VERSION

_READING = """\
- `CHECKSUMS.sha256`: `sha256sum -c CHECKSUMS.sha256`
- units stand in the names: `_ms` milliseconds, `_px` device-independent pixels; offsets are Unicode \
code points of the answer's source text
- in CSV files a text that begins with a formula sign (`=`, `+`, `-`, `@`, tab, line break) has an \
apostrophe before it; Parquet and JSON Lines hold the text as it was
- `confidence` is a model's probability that the vote is right, at least 0.5
"""


def readme(manifest: Manifest) -> str:
    """Text of ``README.md``: lets ``datasets.load_dataset(folder, name)`` work, says where data come from."""
    sets = [
        (file.path, file.set_name, file.rows)
        for held in manifest.formats
        for file in held.files
        if file.path.endswith(".parquet")
    ]
    yaml = ["---", "configs:" if any(rows for _, _, rows in sets) else "configs: []"]
    for path, name, rows in sets:
        if not rows:
            continue  # data-set tools refuse a set without rows, and would refuse its neighbours with it
        yaml += [f"- config_name: {name}", "  data_files:", "  - split: train", f"    path: {path}"]
    body = ["---", "", "# Reading, pointing and rating the answers of language models", ""]
    body += [_origin(manifest), "", "| set | rows | columns |", "|---|---:|---:|"]
    body += [f"| `{name}` | {rows} | {len(COLUMNS[name])} |" for _, name, rows in sets]
    body += ["", "Open a set with `datasets.load_dataset(FOLDER, NAME)`, for instance"]
    body += [f'`load_dataset(FOLDER, "{name}")`.' for _, name, _ in sets[:1]]
    body += ["", "## Left out", ""]
    body += _left_out(manifest)
    body += ["", "## Versions and reading", ""]
    body += [
        f"- columns: version {SCHEMA_VERSION}, explained in `schema.json`; program: {manifest.code_version}"
    ]
    body += _READING.splitlines()
    body += [f"- scores of `{rm}` come from a model **trained on {what}**" for rm, what in manifest.models]
    return "\n".join([*yaml, *body]) + "\n"


def _left_out(manifest: Manifest) -> list[str]:
    lines = [
        f"- `{held.format}`: {reason.replace('_', ' ')}: {n}"
        for held in manifest.formats
        for reason, n in held.excluded.items()
    ] or ["Nothing."]
    empty = [f"- `{held.format}` has no rows. {held.reason}" for held in manifest.formats if held.reason]
    lines += ["", *empty] if empty else []
    if manifest.n_withdrawn:
        who = "1 person" if manifest.n_withdrawn == 1 else f"{manifest.n_withdrawn} people"
        said = f"The rows of {who} who withdrew were taken out after this export had been written"
        lines += ["", f"{said}; the reasons above are counted as they were then."]
    return lines


def _origin(manifest: Manifest) -> str:
    devices = sorted({session.devices for session in manifest.sessions})
    people = len({session.participant_id for session in manifest.sessions})
    text = f"{len(manifest.sessions)} sessions of {people} people who agreed to sharing."
    if devices and devices != ["real"]:
        some = " in some sessions" if "real" in devices else ""
        video = " or a video file" if "video" in devices else ""
        text += f" **Gaze, pointer and votes come from simulated participants{video}{some}.**"
    return text
