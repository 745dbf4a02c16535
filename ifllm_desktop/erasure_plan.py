"""What an erasure has to touch beside recordings and rows: exports, models and reports, found before anything goes."""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ifllm_desktop.analysis.audit_report import GENERATOR
from ifllm_desktop.domain.erasure import Erasure
from ifllm_desktop.domain.errors import DataError, WorldError
from ifllm_desktop.domain.session import ids_within
from ifllm_desktop.export.files import PARTIAL, sha256_of
from ifllm_desktop.export.manifest import MANIFEST, read_manifest
from ifllm_desktop.export.taking_out import Person, can_be_filtered, data_files, holds, paths_of, take_out
from ifllm_desktop.export.write import CHECKSUMS
from ifllm_desktop.reward.checkpoint import CARD, models_in, trained_with
from ifllm_desktop.store.study import CATALOGUE_FILE, PROTOCOL_FILE, StudyFolder
from ifllm_desktop.store.withdrawal import delete_file, derived_files, recording_files

Plan = dict[str, Any]

_HEAD_BYTES = 2048
_NOT_SWEPT = (".yaml", ".yml")
"""The protocol and its answers, which were there before anybody came."""


def make_plan(study: StudyFolder, erasure: Erasure) -> Plan:
    """Everything that an erasure has to know once the recordings and rows are gone; JSON values."""
    ids = sorted(_ids(study, erasure))
    plan: Plan = {
        "ids": ids,
        "n_recordings": sum(len(recording_files(study, s)) for s in erasure.session_ids),
        "n_derived": sum(len(derived_files(study, s)) for s in erasure.session_ids),
        "reports": [], "files_left": [],
    }  # fmt: skip
    person = Person(erasure.participant_id if erasure.whole else "", erasure.session_ids, frozenset(ids))
    plan["exports"], plan["elsewhere"] = _exports(study, person)
    models = (m for m in models_in(study.models) if trained_with(m, erasure.session_ids))
    plan["models"] = [model.relative_to(study.path).as_posix() for model in models]
    return plan


def person_of(erasure: Erasure) -> Person:
    """Whose rows a planned erasure is about."""
    ids = frozenset(erasure.plan["ids"])
    return Person(erasure.participant_id if erasure.whole else "", erasure.session_ids, ids)


def _ids(study: StudyFolder, erasure: Erasure) -> set[str]:
    """Ids of the sessions and of everything within them, from the recordings and from the catalogue."""
    catalogue, found = study.catalogue(), set(erasure.session_ids)
    for session_id in erasure.session_ids:
        with contextlib.suppress(DataError, WorldError):  # damaged: what the catalogue knows has to do
            for event in study.source(session_id).events():
                found |= ids_within(event.payload)
        for operation in catalogue.operations(session_id):
            found |= {a.annotation_id for a in (operation.before, operation.after) if a is not None}
    found |= {score.pair_id for score in catalogue.scores() if score.session_id in erasure.session_ids}
    return found - {""}


# ---- exports ------------------------------------------------------------------------------------------------
def _exports(study: StudyFolder, person: Person) -> tuple[list[Plan], list[Plan]]:
    """Exports that hold them and can be reached, and those that the log knows and somebody has to replace."""
    logged: dict[tuple[str, str], list[Plan]] = defaultdict(list)
    for entry in study.catalogue().logged_exports():
        logged[entry["out"], entry["sha256"]].append(entry)
    reached: list[Plan] = []
    for folder in _folders_inside(study):
        sha256, name = _checksums_sha256(folder), folder.relative_to(study.path).as_posix()
        keys = [key for key in logged if _is_at(key, folder, name, sha256)]
        entries = [entry for key in keys for entry in logged.pop(key)]
        if holds(folder, person):
            reached.append(_planned(name, folder, sha256, entries))
    elsewhere = []
    for (out, sha256), entries in logged.items():
        why = _outside(Path(out), sha256, person)
        if why == "rewritten":
            reached.append(_planned(out, Path(out), sha256, entries))
        if why:
            formats = [entry["format"] for entry in entries]
            elsewhere.append({"out": out, "sha256": sha256, "formats": formats, "why": why})
    return reached, elsewhere


def _is_at(key: tuple[str, str], folder: Path, name: str, sha256: str) -> bool:
    """Whether an entry of the log is about a folder of the study, which may have been moved or renamed since."""
    out = Path(key[0])
    moved = not out.exists() and key[1] == sha256 and out.as_posix().endswith(f"/{name}")
    return out == folder.absolute() or moved


def _outside(folder: Path, sha256: str, person: Person) -> str:
    """What can be done about an export beside the study, see ``cli_people``; empty where it does not hold them."""
    if not folder.is_absolute() or not folder.is_dir():
        return "missing"
    if _checksums_sha256(folder) != sha256:
        return "changed"
    if not holds(folder, person):
        return ""
    if any((above / PROTOCOL_FILE).is_file() for above in folder.parents):
        return "other_study"
    return "rewritten" if can_be_filtered(folder) else "old"


def _folders_inside(study: StudyFolder) -> Iterator[Path]:
    marked = {path.parent for name in (CHECKSUMS, MANIFEST) for path in study.path.rglob(name)}
    cut_off = {path for path in study.exports.iterdir() if path.is_dir()} - marked
    for folder in cut_off:
        for leftover in folder.rglob(f".*{PARTIAL}"):  # of an export that was killed: nobody will finish it
            leftover.unlink(missing_ok=True)
    yield from sorted(marked | cut_off)


def _checksums_sha256(folder: Path) -> str:
    return sha256_of(folder / CHECKSUMS) if (folder / CHECKSUMS).is_file() else ""


def _planned(name: str, folder: Path, sha256: str, entries: list[Plan]) -> Plan:
    manifest = read_manifest(folder)
    formats = [held.format for held in manifest.formats] if manifest else [e["format"] for e in entries]
    n_rows = sum(held.files[0].rows for held in manifest.formats if held.files) if manifest else None
    return {
        "folder": name, "filter": can_be_filtered(folder), "sha256": sha256, "formats": formats, "n_rows": n_rows,
        "entries": [[entry["id"], entry["format"]] for entry in entries], "done": None,
        "n_withdrawn": 1 + (manifest.n_withdrawn if manifest else 0),
    }  # fmt: skip


def rewrite_export(study: StudyFolder, export: Plan, person: Person) -> None:
    """Make an export anew without somebody and enter what it is now; notes in the plan what came of it."""
    sha256, left = take_out(study.path / export["folder"], person, export["n_withdrawn"])
    rows = {held.format: held.files[0].rows for held in left.formats if held.files}
    entries = [(entry, rows[name]) for entry, name in export["entries"] if name in rows]
    study.catalogue().replace_logged_export([e for e, _ in entries], sha256, [n for _, n in entries])
    removed = export["n_rows"] - sum(rows.values())
    export["done"] = {"action": "rewritten", "sha256": sha256, "rows_removed": removed}


def delete_export(study: StudyFolder, export: Plan, _person: Person) -> None:
    """Delete an export that cannot be made anew: one of an older version, or one that was cut off."""
    folder = study.path / export["folder"]
    ours = {folder / name for name in (*paths_of(folder), MANIFEST, "README.md", "schema.json")}
    for path in sorted(ours | set(data_files(folder)), reverse=True):
        delete_file(path)
    for inner in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        with contextlib.suppress(OSError):  # something of somebody else's is in it
            inner.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()
    study.catalogue().remove_logged_export([entry for entry, _ in export["entries"]])
    export["done"] = {"action": "deleted", "sha256": "", "rows_removed": export["n_rows"]}


# ---- what else lies in the folder -----------------------------------------------------------------------------
def sweep(study: StudyFolder, person: Person) -> tuple[list[str], list[str]]:
    """Look for their ids in whatever else lies in a study's folder.

    Returns
    -------
    reports : list of str
        Audit reports that named them and were deleted; they can be made anew.
    left : list of str
        Files of somebody else's that name them: they are left as they are.
    """
    words = sorted({*person.ids, *filter(None, [person.participant_id])})
    pattern = re.compile(
        rb"(?<![\w-])(?:" + b"|".join(re.escape(word.encode()) for word in words) + rb")(?![\w-])"
    )
    reports, left = [], []
    for path in _other_files(study):
        content = path.read_bytes()
        if pattern.search(content) is None:
            continue
        name = path.relative_to(study.path).as_posix()
        if f'content="{GENERATOR}"'.encode() in content[:_HEAD_BYTES]:
            delete_file(path)
            reports.append(name)
        else:
            left.append(name)
    return reports, left


def _other_files(study: StudyFolder) -> Iterator[Path]:
    own = {study.recordings, study.derived}
    catalogue = {study.path / f"{CATALOGUE_FILE}{ending}" for ending in ("", "-wal", "-shm", "-journal")}
    for path in sorted(study.path.rglob("*")):
        ours = path in catalogue or path.name == CARD or bool(own & set(path.parents))
        if path.is_file() and not ours and path.suffix not in _NOT_SWEPT:
            yield path
