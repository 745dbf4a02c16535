"""What is to be erased, and what stays of it: a token and a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ASKED, PLANNED, ROWS_GONE = "asked", "planned", "rows_gone"
"""How far an erasure has come: nothing done, files are going, only the catalogue's old pages are left."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that was asked for and is not finished: a person with everything, or some of their sessions.

    Attributes
    ----------
    token : str
        Random; tells nothing of whom it is about.
    phase : str
        :data:`ASKED`, :data:`PLANNED` or :data:`ROWS_GONE`. From the last one on it does not name anybody any more.
    participant_id : str
        Empty from :data:`ROWS_GONE` on.
    whole : bool
        The person as well, not only the sessions.
    plan : dict
        JSON values: what is to be done and what came of it so far.
    """

    token: str
    wall_ns: int
    phase: str
    participant_id: str
    session_ids: tuple[str, ...]
    whole: bool
    plan: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Somebody, or a session, was erased then.

    Attributes
    ----------
    what : str
        ``participant`` or ``session``.
    exports : tuple of dict
        Exports that could not be rewritten and have to be replaced by hand: ``out``, ``sha256``, ``formats``, ``why``.
    """

    token: str
    wall_ns: int
    what: str
    exports: tuple[dict[str, Any], ...] = ()
