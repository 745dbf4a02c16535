"""What an export holds, as a file beside it: from it the README can be made anew when somebody's rows are taken out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

MANIFEST = "export.json"
MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A session that an export was made from."""

    session_id: str
    participant_id: str
    devices: str


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A data file: path within the export's folder, and its rows."""

    path: str
    rows: int

    @property
    def set_name(self) -> str:
        """The set that it is a form of."""
        return Path(self.path).stem


@dataclass(frozen=True, slots=True)
class HeldFormat:
    """What became of one format; see ``write.FormatReport``."""

    format: str
    files: tuple[HeldFile, ...]
    excluded: dict[str, int] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that the README of an export says.

    Attributes
    ----------
    sessions : tuple of HeldSession
        Whose rows may be in it, sorted by session.
    models : tuple of (rm_id, trained_on)
        Models behind its scores.
    n_withdrawn : int
        People whose rows were taken out after it was written.
    """

    code_version: str
    sessions: tuple[HeldSession, ...]
    models: tuple[tuple[str, str], ...]
    formats: tuple[HeldFormat, ...]
    n_withdrawn: int = 0

    def to_text(self) -> str:
        """The file's content; the same facts give the same bytes."""
        values = {"manifest_version": MANIFEST_VERSION, **asdict(self)}
        return json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    def without(self, session_ids: Sequence[str], rows: dict[str, int], n_withdrawn: int) -> Manifest:
        """The same export without some sessions.

        Parameters
        ----------
        rows : dict
            Rows that are left, by path.
        n_withdrawn : int
            How many people have been taken out by now.
        """
        gone = set(session_ids)
        formats = tuple(_without(held, rows) for held in self.formats)
        kept = tuple(session for session in self.sessions if session.session_id not in gone)
        return replace(self, sessions=kept, formats=formats, n_withdrawn=n_withdrawn)


def _without(held: HeldFormat, rows: dict[str, int]) -> HeldFormat:
    files = tuple(replace(file, rows=rows[file.path]) for file in held.files)
    reason = held.reason
    if files and not files[0].rows and not reason:
        reason = "Its rows were of people who withdrew."
    return replace(held, files=files, reason=reason)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of an export; None where there is none that can be read (it was written by an older version)."""
    try:
        values: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        if values.pop("manifest_version") != MANIFEST_VERSION:
            return None
        formats = tuple(
            HeldFormat(**{**held, "files": tuple(HeldFile(**file) for file in held["files"])})
            for held in values.pop("formats")
        )
        sessions = tuple(HeldSession(**session) for session in values.pop("sessions"))
        models = tuple((str(rm), str(what)) for rm, what in values.pop("models"))
        return Manifest(**values, sessions=sessions, models=models, formats=formats)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
