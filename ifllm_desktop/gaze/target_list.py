"""The list of pictures and where the person looked in each: the CSV file of ``gaze extract``."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import PurePosixPath

from ifllm_desktop.domain.errors import DataError

COLUMNS = ("file", "participant", "session", "target_x_px", "target_y_px", "screen_w_px", "screen_h_px")
"""Columns that the file needs, in any order; others are not looked at."""


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One picture.

    Attributes
    ----------
    file : str
        Path within the folder of pictures, with ``/``.
    target_index : int
        Which of the distinct targets of its session this is, from 0 in order of appearance. Several pictures may
        share a target.
    target_px, screen_px : tuple of float
        Screen px.
    """

    file: str
    participant: str
    session: str
    target_index: int
    target_px: tuple[float, float]
    screen_px: tuple[float, float]


def read_targets(text: str, name: str) -> list[PictureRow]:
    """Rows of a target list.

    Parameters
    ----------
    text : str
        The file's content; comma, semicolon or tab between columns, a header line first.
    name : str
        What to call the file in errors.

    Raises
    ------
    DataError
        ``targets_columns`` without one of :data:`COLUMNS`; ``targets_row`` for a row that cannot be used: not a
        number, an empty name, a target or screen that cannot be, a file outside of the folder or named twice;
        ``targets_empty`` without rows.
    """
    text = text.removeprefix("\ufeff")
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        reader.fieldnames = [str(field).strip() for field in reader.fieldnames or ()]
        missing = [column for column in COLUMNS if column not in reader.fieldnames]
        if missing:
            raise DataError("targets_columns", path=name, missing=", ".join(missing))
        seen: dict[str, int] = {}
        targets: dict[tuple[str, str], dict[tuple[float, float], int]] = {}
        rows = [_picture_row(row, name, reader.line_num, seen, targets) for row in reader]
    except csv.Error as error:
        raise DataError("targets_row", path=name, line="?", problem=str(error)) from error
    if not rows:
        raise DataError("targets_empty", path=name)
    return rows


def _picture_row(
    row: dict[str, str | None],
    name: str,
    line: int,
    seen: dict[str, int],
    targets: dict[tuple[str, str], dict[tuple[float, float], int]],
) -> PictureRow:
    values = {column: (row.get(column) or "").strip() for column in COLUMNS}

    def refuse(problem: str) -> DataError:
        return DataError("targets_row", path=name, line=line, problem=problem)

    empty = [column for column, value in values.items() if not value]
    if empty:
        raise refuse(f"{empty[0]} is empty")
    numbers = {column: _number(values[column]) for column in COLUMNS[3:]}
    for column, number in numbers.items():
        if number is None:
            raise refuse(f"{column} is {values[column]!r}, which is no number")
        if column.startswith("screen") and not 1 <= number < 2**31:
            raise refuse(f"{column} is {values[column]}, which no screen is")
        if abs(number) > 1e6:
            raise refuse(f"{column} is {values[column]}, which is on no screen")
    file = _inside(values["file"])
    if file is None:
        raise refuse(f"file is {values['file']!r}, which lies outside of the folder of pictures")
    if file in seen:
        raise refuse(f"{file} stands in line {seen[file]} already")
    seen[file] = line
    x_px, y_px, w_px, h_px = (float(numbers[column] or 0.0) for column in COLUMNS[3:])
    of_session = targets.setdefault((values["participant"], values["session"]), {})
    index = of_session.setdefault((x_px, y_px), len(of_session))
    return PictureRow(file, values["participant"], values["session"], index, (x_px, y_px), (w_px, h_px))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _inside(file: str) -> str | None:
    """The path within the folder in one spelling; None for one that leaves it."""
    path = PurePosixPath(file.replace("\\", "/"))
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    outside = path.is_absolute() or (len(file) > 1 and file[1] == ":") or not parts
    return None if outside or "\0" in file else "/".join(parts)
