"""Looking through one recording file: what is wrong with it, and how much of it can be read."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ifllm_desktop.domain.errors import IfllmError
from ifllm_desktop.domain.samples import STREAMS
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.store.connection import connect, translated
from ifllm_desktop.store.segment_file import read_header
from ifllm_desktop.wording import sentence

ORDER_SLACK_NS = 5 * NS_PER_S
"""Rows of several threads are stored a little out of order; going back further than this is a problem."""
STORED_LATER = frozenset({"target_frame"})
"""Streams whose rows are written target by target once a run is over, so their order says nothing."""
_MOST_FINDINGS = 3


@dataclass
class SegmentCheck:
    """What was found in one file.

    Attributes
    ----------
    header : dict
        Empty when it could not be read.
    rows : dict
        Readable rows by stream.
    end_ns : int
        The greatest readable time of any row, segment time; −1 without rows.
    problems : list of str
        Whole sentences or short findings, each naming the file; empty when the file is sound.
    """

    header: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STREAMS, 0))
    end_ns: int = -1
    problems: list[str] = field(default_factory=list)


def check_segment(path: Path) -> SegmentCheck:
    """Read a recording file from end to end without changing it. Never raises for what is wrong with it."""
    check = SegmentCheck()
    with _noting(check, path):
        if not path.is_file():
            check.problems.append(f"{path.name} is missing: put it back from a backup.")
            return check
        with contextlib.closing(connect(path, read_only=True)) as connection:
            check.header = read_header(connection, path)
            with _noting(check, path):
                _check_integrity(connection, path, check)
            for stream in STREAMS:
                with _noting(check, path):
                    _check_stream(connection, path, stream, check)
            with _noting(check, path):
                _check_events(connection, path, check)
    return check


@contextmanager
def _noting(check: SegmentCheck, path: Path) -> Iterator[None]:
    try:
        with translated(path):
            yield
    except IfllmError as error:
        said = sentence(error)
        if said not in check.problems:  # one broken page is met by many queries
            check.problems.append(said)


def _check_integrity(connection: sqlite3.Connection, path: Path, check: SegmentCheck) -> None:
    for (found,) in connection.execute(f"PRAGMA integrity_check({_MOST_FINDINGS})"):
        if found != "ok":
            check.problems.append(f"{path.name} is damaged: {str(found).splitlines()[-1]}.")


def _check_stream(connection: sqlite3.Connection, path: Path, stream: str, check: SegmentCheck) -> None:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (stream,))
    if there.fetchone() is None:
        check.problems.append(f"{path.name} has no table {stream}.")
        return
    times: list[Any] = []
    try:
        # rows before a broken page still count; NOT INDEXED, because an index tells nothing of the rows
        times.extend(row[0] for row in connection.execute(f'SELECT t_ns FROM "{stream}" NOT INDEXED'))
    finally:
        _check_times(path, stream, times, check)


def _check_times(path: Path, stream: str, times: list[Any], check: SegmentCheck) -> None:
    whole = [value for value in times if isinstance(value, int)]
    check.rows[stream] = len(times)
    if len(whole) < len(times):
        check.problems.append(f"{path.name}: {len(times) - len(whole)} rows of {stream} have no time.")
    if not whole:
        return
    t_ns = np.array(whole, dtype=np.int64)
    check.end_ns = max(check.end_ns, int(t_ns.max()))
    if t_ns.min() < 0:
        check.problems.append(f"{path.name}: {stream} has times before the start.")
    # floats, because the difference of two damaged times may not fit
    back_ns = (np.maximum.accumulate(t_ns).astype(float) - t_ns).max()
    if back_ns > ORDER_SLACK_NS and stream not in STORED_LATER:
        check.problems.append(f"{path.name}: time runs back by {back_ns / NS_PER_S:.1f} s in {stream}.")


def _check_events(connection: sqlite3.Connection, path: Path, check: SegmentCheck) -> None:
    n_bad = 0
    for (payload,) in connection.execute("SELECT payload FROM event"):
        try:
            json.loads(payload)
        except (TypeError, ValueError):
            n_bad += 1
    if n_bad:
        check.problems.append(f"{path.name}: {n_bad} events are not readable.")
