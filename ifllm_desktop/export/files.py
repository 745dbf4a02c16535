"""Writing sets to disk: each file under a temporary name first, renamed when whole. Same rows, same bytes."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.export.material import Content
from ifllm_desktop.export.schemas import schema

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet takes a cell that begins with one of these for a formula (or would after trimming)."""
PARTIAL = ".partial"

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class FileReport:
    """One finished file: path within the export's folder, rows, SHA-256."""

    path: str
    rows: int
    sha256: str

    def to_json(self) -> dict[str, object]:
        """Keys as the command line prints them."""
        return {"path": self.path, "rows": self.rows, "sha256": self.sha256}


def open_binary(path: Path) -> IO[bytes]:
    """The only opener of files that are written here."""
    return path.open("xb")


@contextmanager
def finished_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name only when the block ends without an error.

    Raises
    ------
    WorldError
        ``disk_full``, ``folder_read_only`` or ``path_unusable``; the unfinished file is removed.
    """
    partial = path.with_name(f".{path.name}{PARTIAL}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_binary(partial) as file:
            yield file
        partial.replace(path)
    except BaseException as error:
        # also for Ctrl-C and cancelling: nothing half-written may stay behind under any name
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise world_error(error, path) from error
        raise


def world_error(error: OSError, path: Path) -> WorldError:
    """The sentence that fits what the disk said."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WorldError("disk_full", path=str(path))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return WorldError("folder_read_only", path=str(path.parent))
    return WorldError("path_unusable", path=str(path), reason=(error.strerror or "error").lower())


def write_set(
    content: Content,
    folder: Path,
    kinds: tuple[str, ...],
    progress: Progress,
    cancel: threading.Event,
) -> list[FileReport]:
    """Write one set as ``<folder>/<name>.<kind>`` for each of the kinds, in one pass.

    Raises
    ------
    WorldError
        As :func:`finished_whole`; ``export_cancelled`` when ``cancel`` is set.
    """
    paths = [folder / f"{content.name}.{kind}" for kind in kinds]
    with _all(paths) as files:
        writers = [_WRITERS[kind](file, content.name) for kind, file in zip(kinds, files, strict=True)]
        n_rows = 0
        try:
            for table in content.tables:
                if cancel.is_set():
                    raise WorldError("export_cancelled", path=str(folder.parent))
                for writer in writers:
                    writer.write(table)
                n_rows += table.num_rows
                progress(content.name, n_rows)
            for writer in writers:
                writer.close()
        finally:
            for writer in writers:
                writer.release()
    return [FileReport(f"{folder.name}/{path.name}", n_rows, sha256_of(path)) for path in paths]


@contextmanager
def _all(paths: list[Path]) -> Iterator[list[IO[bytes]]]:
    if not paths:
        yield []
        return
    with finished_whole(paths[0]) as first, _all(paths[1:]) as rest:
        yield [first, *rest]


def write_text(path: Path, text: str) -> None:
    """Write a small text file whole or not at all."""
    with finished_whole(path) as file:
        file.write(text.encode())


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Parquet:
    def __init__(self, file: IO[bytes], name: str) -> None:
        # fixed options: the bytes must depend on nothing but the rows
        self._writer = pq.ParquetWriter(file, schema(name), compression="zstd", write_statistics=True)

    def write(self, table: pa.Table) -> None:
        if table.num_rows:
            self._writer.write_table(table)

    def close(self) -> None:
        self._writer.close()

    def release(self) -> None:
        """After an error: let go of the file while it is still open, or the writer tries again when collected."""
        with suppress(OSError):
            self._writer.close()
        self._writer.is_open = False


class _JsonLines:
    def __init__(self, file: IO[bytes], _name: str) -> None:
        self._file = file

    def write(self, table: pa.Table) -> None:
        for batch in table.to_batches(max_chunksize=4096):
            lines = [
                json.dumps(_plain(row), ensure_ascii=False, allow_nan=False) for row in batch.to_pylist()
            ]
            self._file.write("".join(line + "\n" for line in lines).encode())

    def close(self) -> None:
        self._file.flush()

    def release(self) -> None:
        """Nothing is held."""


class _Csv:
    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._put([schema(name).names])

    def _put(self, rows: list[list[str]]) -> None:
        text = io.StringIO(newline="")
        # this line end, because only characters of the line end are quoted: a lone CR would split a row
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        self._file.write(text.getvalue().encode())

    def write(self, table: pa.Table) -> None:
        for batch in table.to_batches(max_chunksize=4096):
            self._put([[csv_cell(value) for value in row.values()] for row in batch.to_pylist()])

    def close(self) -> None:
        self._file.flush()

    def release(self) -> None:
        """Nothing is held."""


_WRITERS: dict[str, Callable[[IO[bytes], str], _Parquet | _JsonLines | _Csv]] = {
    "parquet": _Parquet,
    "jsonl": _JsonLines,
    "csv": _Csv,
}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value


def csv_cell(value: Any) -> str:
    """A value as a cell: nothing for null, JSON for messages, an apostrophe before a formula sign."""
    if value is None:
        return ""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        risky = value.startswith(FORMULA_STARTS) or value.lstrip().startswith(FORMULA_STARTS)
        return "'" + value if risky else value
    return str(_plain(value))
