"""Globally unique text ids, drawn at random or from a seed."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from typing import Protocol

_PREFIXES = {
    "session": "s",
    "turn": "t",
    "response": "r",
    "pair": "p",
    "attempt": "a",
    "calibration": "c",
    "highlight": "h",
}


class IdFactory(Protocol):
    """Makes ids. One factory per session; ids of one kind never repeat."""

    def new(self, kind: str) -> str:
        """A new id for a ``kind`` (session, turn, response, pair, attempt …), e.g. ``s-3f2a…``."""


class RandomIds:
    """Ids of real sessions: 122 random bits (UUID version 4)."""

    def new(self, kind: str) -> str:
        """See :class:`IdFactory`."""
        return f"{_PREFIXES.get(kind, kind)}-{uuid.uuid4().hex}"


class SeededIds:
    """Ids of simulated sessions: the same seed gives the same ids, kind by kind.

    Parameters
    ----------
    seed
        Must differ between sessions, for example the study's seed with the participant's id.
    """

    def __init__(self, seed: int | str) -> None:
        self._seed = seed
        self._n_made: Counter[str] = Counter()

    def new(self, kind: str) -> str:
        """See :class:`IdFactory`."""
        self._n_made[kind] += 1
        text = f"{self._seed}/{kind}/{self._n_made[kind]}"
        return f"{_PREFIXES.get(kind, kind)}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def seed_of(*parts: int | str) -> int:
    """A seed from the parts it depends on, the same on every machine; 0 ≤ seed < 2⁶³ fits a database."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
