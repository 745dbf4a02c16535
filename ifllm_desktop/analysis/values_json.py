"""Frozen dataclasses as JSON values and back: NaN as null, tuples as lists, unknown keys left aside."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, TypeVar, cast

from ifllm_desktop.domain.json_numbers import finite_or_none

_T = TypeVar("_T")
_Read = Callable[[Any], Any]


def plain(value: Any) -> Any:
    """A value as JSON knows it: dataclasses become objects, tuples lists, numbers that are not finite null."""
    if isinstance(value, float):
        return finite_or_none(value)
    if isinstance(value, tuple):
        return [plain(entry) for entry in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _names(type(value))}
    return value


def read(kind: type[_T], value: Any) -> _T:
    """The inverse of :func:`plain`.

    Keys that are missing take their default, others are left aside.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the value cannot be one of this kind.
    """
    reader: Callable[[Any], _T] = _reader(cast(Hashable, kind))
    return reader(value)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


@cache
def _reader(kind: Any) -> _Read:
    if kind is float:
        return lambda value: math.nan if value is None else float(value)
    if kind in (int, str, bool):
        return _exactly(kind)
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and len(inside) == 2 and inside[1] is Ellipsis:
        entry = _reader(inside[0])
        return lambda value: tuple([entry(v) for v in value])
    if origin is tuple:
        entries = [_reader(k) for k in inside]
        return lambda value: tuple(read_one(v) for read_one, v in zip(entries, value, strict=True))
    if origin in (types.UnionType, typing.Union):
        (other,) = [_reader(k) for k in inside if k is not type(None)]
        return lambda value: None if value is None else other(value)
    if dataclasses.is_dataclass(kind):
        return _of_dataclass(kind)
    raise TypeError(f"{kind!r} has no form in JSON")


def _exactly(kind: type) -> _Read:
    def checked(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{value!r} is no {kind.__name__}")
        return value

    return checked


def _of_dataclass(kind: Any) -> _Read:
    hints = typing.get_type_hints(kind)
    readers = {name: _reader(hints[name]) for name in _names(kind)}

    def made(value: Any) -> Any:
        return kind(**{name: one(value[name]) for name, one in readers.items() if name in value})

    return made
