"""Taking somebody's rows out of an export that was written before they withdrew.

Every file is made anew without them and put in the place of the old one, the checksums last. Doing it again changes
nothing, so that a run that was cut off is finished by the next one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ifllm_desktop.export.card import readme
from ifllm_desktop.export.files import PARTIAL, finished_whole, write_text
from ifllm_desktop.export.manifest import MANIFEST, Manifest, read_manifest
from ifllm_desktop.export.write import CHECKSUMS, write_checksums

PERSON_COLUMNS = ("participant_id", "split_group")
"""Columns that hold a person's id. It is a short name that may stand in other columns by chance."""
_CELL_LIMIT = 2**31 - 1
"""A cell of a CSV file may hold a whole conversation; Python's own limit is 128 KiB."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whose rows are meant.

    Attributes
    ----------
    participant_id : str
        Empty where only some of a person's sessions are meant.
    ids : frozenset of str
        Ids of the sessions and of everything within them (turns, answers, pairs, labels …), unique everywhere.
    """

    participant_id: str
    session_ids: tuple[str, ...]
    ids: frozenset[str]

    def owns(self, row: Mapping[str, object]) -> bool:
        """Whether a row is theirs: by its session where it names one, else by any id in it."""
        return any(row.get(column) in wanted for column, wanted in self.wanted(list(row)).items())

    def wanted(self, columns: Sequence[str]) -> dict[str, frozenset[str]]:
        """Columns to look at, each with the values that are theirs."""
        if "session_id" in columns:
            return {"session_id": frozenset(self.session_ids)}
        person = {self.participant_id} - {""}
        return {column: self.ids | (person if column in PERSON_COLUMNS else set()) for column in columns}


def data_files(folder: Path) -> list[Path]:
    """Files of an export that can be filtered."""
    found = (path for path in sorted(folder.rglob("*")) if path.suffix in _FILTERS and path.name != MANIFEST)
    return [path for path in found if path.is_file() and not path.name.startswith(".")]


def holds(folder: Path, person: Person) -> bool:
    """Whether an export was made from a session of theirs: as its manifest says, else as its rows do."""
    manifest = read_manifest(folder)
    if manifest is not None:
        return bool({s.session_id for s in manifest.sessions} & set(person.session_ids))
    return any(_has_rows(path, person) for path in data_files(folder))


def can_be_filtered(folder: Path) -> bool:
    """Whether everything that an export says can be made anew: it has a manifest, and each of its files is there."""
    manifest = read_manifest(folder)
    if manifest is None:
        return False
    paths = [file.path for held in manifest.formats for file in held.files]
    return all((folder / path).is_file() and Path(path).suffix in _FILTERS for path in paths)


def take_out(folder: Path, person: Person, n_withdrawn: int) -> tuple[str, Manifest]:
    """Rewrite an export without somebody.

    Parameters
    ----------
    n_withdrawn : int
        How many people have been taken out by then.

    Returns
    -------
    sha256 : str
        Of the new file of checksums.
    manifest : Manifest
        What it holds now.

    Raises
    ------
    WorldError
        ``disk_full``, ``folder_read_only``, ``path_unusable``. Each file is either the old or the new one.
    """
    for leftover in folder.rglob(f".*{PARTIAL}"):  # of a run that was killed
        leftover.unlink(missing_ok=True)
    manifest = read_manifest(folder)
    assert manifest is not None, "ask can_be_filtered first"
    rows = {}
    for held in manifest.formats:
        for file in held.files:
            rows[file.path] = _rewrite(folder / file.path, person)
    left = manifest.without(person.session_ids, rows, n_withdrawn)
    write_text(folder / MANIFEST, left.to_text())
    write_text(folder / "README.md", readme(left))
    return write_checksums(folder, list(rows)), left


def paths_of(folder: Path) -> list[str]:
    """Files that the export lists in its checksums, and that file; what else lies there was not written by us."""
    try:
        lines = (folder / CHECKSUMS).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    return [*(line.partition("  ")[2] for line in lines), CHECKSUMS]


def _rewrite(path: Path, person: Person) -> int:
    """Write a file without somebody's rows; returns how many rows are left."""
    with finished_whole(path) as file:
        return _FILTERS[path.suffix](path, person, file)


def _has_rows(path: Path, person: Person) -> bool:
    try:
        return _found_rows(path, person)
    except (ValueError, OSError, csv.Error, pa.ArrowException):
        return False  # nothing that this program wrote, or not all of it


def _found_rows(path: Path, person: Person) -> bool:
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as source:
            return any(pc.any(_mine(table, person)).as_py() for table in _groups(source))
    if path.suffix == ".jsonl":
        return any(_line_is_mine(line, person) for line in _lines(path))
    return any(mine for _, mine in _records(path, person))


# ---- one kind of file each ----------------------------------------------------------------------------------
def _without_parquet(path: Path, person: Person, out: IO[bytes]) -> int:
    n_rows = 0
    with pq.ParquetFile(path) as source:
        writer = pq.ParquetWriter(out, source.schema_arrow, compression="zstd", write_statistics=True)
        for table in _groups(source):
            kept = table.filter(pc.invert(_mine(table, person)))
            if kept.num_rows:
                writer.write_table(kept)
            n_rows += kept.num_rows
        writer.close()
    return n_rows


def _groups(source: pq.ParquetFile) -> Iterator[pa.Table]:
    for number in range(source.num_row_groups):
        yield source.read_row_group(number)


def _mine(table: pa.Table, person: Person) -> pa.ChunkedArray | pa.Array:
    mine = pa.array([False] * table.num_rows, pa.bool_())
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    for column, values in person.wanted(texts).items():
        mine = pc.or_(mine, pc.is_in(table[column], value_set=pa.array(sorted(values), pa.string())))
    return mine


def _without_json_lines(path: Path, person: Person, out: IO[bytes]) -> int:
    n_rows = 0
    for line in _lines(path):
        if not _line_is_mine(line, person):
            out.write(line)
            n_rows += 1
    return n_rows


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _line_is_mine(line: bytes, person: Person) -> bool:
    row = json.loads(line)
    return isinstance(row, dict) and person.owns({k: v for k, v in row.items() if isinstance(v, str)})


def _without_csv(path: Path, person: Person, out: IO[bytes]) -> int:
    n_rows = -1  # the heading
    for row, mine in _records(path, person):
        if not mine:
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\r\n").writerow(row)
            out.write(text.getvalue().encode())
            n_rows += 1
    return n_rows


def _records(path: Path, person: Person) -> Iterator[tuple[list[str], bool]]:
    before = csv.field_size_limit(_CELL_LIMIT)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            heading: list[str] = []
            for row in csv.reader(file):
                heading = heading or row
                yield row, row is not heading and person.owns(dict(zip(heading, row, strict=False)))
    finally:
        csv.field_size_limit(before)


_FILTERS = {".parquet": _without_parquet, ".jsonl": _without_json_lines, ".csv": _without_csv}
