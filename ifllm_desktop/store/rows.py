"""Rows on their way to the disk: plain Python values of the right types, or an error at once.

A row that SQLite would refuse must never reach the writer: it would take the rest of its transaction along.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.samples import DERIVED_STREAMS, STREAMS, Row

_INT64 = range(-(2**63), 2**63)


def _integer(value: Any) -> int | None:
    if value is None:
        return None
    number = int(value)  # also numpy's integers, which SQLite does not know
    if number not in _INT64 or number != value:
        raise ValueError("is no 64-bit integer")
    return number


def _time(value: Any) -> int:
    number = _integer(value)
    if number is None:
        raise ValueError("has no time")
    return number


def _real(value: Any) -> float | None:
    # SQLite stores NaN as NULL by itself
    return None if value is None else float(value)


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and value.isascii()):
        return value
    # half a surrogate pair has no UTF-8; the replacement keeps every code point offset where it is
    return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in _is_text(value))


def _is_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("is no text")
    return value


def _bytes(value: Any) -> bytes | None:
    if value is not None and not isinstance(value, bytes):
        raise TypeError("is no bytes object")
    return value


_CHECKS: dict[str, Callable[[Any], Any]] = {"i": _integer, "f": _real, "s": _text, "b": _bytes}


@cache
def row_check(stream: str) -> Callable[[Row], Row]:
    """Function from a row of the stream to the same row in SQLite's types.

    Raises
    ------
    BugError
        ``recording_row``: for an unknown stream here, for a row of the wrong shape or type when it is called.
    """
    known = {**DERIVED_STREAMS, **STREAMS}
    if stream not in known:
        raise BugError("recording_row", stream=stream, problem="no such stream")
    names = known[stream].names
    checks = (_time, *(_CHECKS[kind] for _, kind in known[stream].columns[1:]))

    def check(row: Row) -> Row:
        if len(row) != len(names):
            raise BugError(
                "recording_row", stream=stream, problem=f"{len(row)} values for {len(names)} columns"
            )
        try:
            return tuple([convert(value) for convert, value in zip(checks, row, strict=True)])
        except (TypeError, ValueError, OverflowError) as error:
            # never the value itself: it may be a person's text
            raise BugError("recording_row", stream=stream, problem=str(type(error).__name__)) from None

    return check
