"""A study folder: what a researcher owns, copies, backs up and deletes."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ifllm_desktop.domain.errors import BugError, DataError, WorldError
from ifllm_desktop.domain.session import SessionInfo
from ifllm_desktop.store.catalogue import StudyCatalogue
from ifllm_desktop.store.connection import Connect, connect, translated
from ifllm_desktop.store.derived import DerivedInfo, DerivedRecording, derived_streams
from ifllm_desktop.store.file_lock import FileLock, is_locked
from ifllm_desktop.store.reader import StoredRecording, open_recording
from ifllm_desktop.store.segment_file import LOCK_SUFFIX, is_session_id, segment_id
from ifllm_desktop.store.writer import SegmentWriter

PROTOCOL_FILE = "study.yaml"
CATALOGUE_FILE = "study.sqlite"


class StudyFolder:
    """One study on disk. Made by ``create`` or ``open``.

    ::

        study.yaml                        the protocol, with its folder of prepared answers beside it
        study.sqlite                      the catalogue
        recordings/<session>-<k>.sqlite   segment files; <session>.lock while a session is being recorded
        derived/  models/  exports/

    Parameters
    ----------
    path : Path or str
        The folder.
    """

    def __init__(self, path: Path | str, *, opener: Connect = connect) -> None:
        self.path = Path(path)
        self._opener = opener
        self._catalogue: StudyCatalogue | None = None
        self._guard = threading.Lock()

    # ---- making and opening --------------------------------------------------------------------------------
    @classmethod
    def create(cls, path: Path | str, source_dir: Path, beside: Mapping[str, Path] | None = None) -> Self:
        """Copy a study's protocol and prepared answers into a new folder.

        Parameters
        ----------
        beside : mapping or None
            Further files and folders to copy, by their place in the new study.

        Raises
        ------
        WorldError
            ``study_exists`` when the folder is there and not empty; ``study_missing`` when ``source_dir``
            holds no study; ``disk_full``, ``folder_read_only``, ``path_unusable``.
        """
        study = cls(path)
        if not (source_dir / PROTOCOL_FILE).is_file():
            raise WorldError("study_missing", path=str(source_dir))
        with translated(study.path):
            if study.path.exists() and (not study.path.is_dir() or any(study.path.iterdir())):
                raise WorldError("study_exists", path=str(study.path))
            study.path.mkdir(parents=True, exist_ok=True)
            for source in sorted(source_dir.rglob("*")):
                if source.is_file() and source != source_dir / PROTOCOL_FILE:
                    study._copy(source, source_dir)
            for place, more in sorted((beside or {}).items()):
                for source in sorted(more.rglob("*")) if more.is_dir() else [more]:
                    if source.is_file():
                        study._copy_to(source, study.path / place / source.relative_to(more))
            # last: a folder that was copied only in part is not taken for a study
            study._copy(source_dir / PROTOCOL_FILE, source_dir)
        return study

    def _copy(self, source: Path, source_dir: Path) -> None:
        self._copy_to(source, self.path / source.relative_to(source_dir))

    def _copy_to(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)  # not its permissions: an installed program's files may be read-only

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """An existing study. Raises WorldError ``study_missing`` where there is no ``study.yaml``."""
        study = cls(path)
        with translated(study.path):
            if not study.protocol_path.is_file():
                raise WorldError("study_missing", path=str(study.path))
        return study

    def close(self) -> None:
        """Close the catalogue. The folder can be used again afterwards."""
        with self._guard:
            if self._catalogue is not None:
                self._catalogue.close()
                self._catalogue = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- places --------------------------------------------------------------------------------------------
    @property
    def protocol_path(self) -> Path:
        """The study's ``study.yaml``."""
        return self.path / PROTOCOL_FILE

    @property
    def recordings(self) -> Path:
        """Folder of the segment files; made when it is missing."""
        return self._folder("recordings")

    @property
    def derived(self) -> Path:
        """Folder of what can be computed again; made when it is missing."""
        return self._folder("derived")

    @property
    def models(self) -> Path:
        """Folder of trained models; made when it is missing."""
        return self._folder("models")

    @property
    def exports(self) -> Path:
        """Folder of exports; made when it is missing."""
        return self._folder("exports")

    def _folder(self, name: str) -> Path:
        folder = self.path / name
        if not folder.is_dir():
            with translated(folder):
                folder.mkdir(parents=True, exist_ok=True)
        return folder

    # ---- content -------------------------------------------------------------------------------------------
    def catalogue(self) -> StudyCatalogue:
        """The study's catalogue, the same one at each call until ``close``."""
        with self._guard:
            if self._catalogue is None:
                self._catalogue = StudyCatalogue(self.path / CATALOGUE_FILE, opener=self._opener)
            return self._catalogue

    def source(self, session_id: str) -> StoredRecording:
        """The recording of a session. Raises DataError ``session_missing`` and as ``open_recording``."""
        return open_recording(self.recordings, self.catalogue().session(session_id))

    def derived_streams(self, session_id: str) -> list[DerivedInfo]:
        """What was derived from a session beside what was derived live, by name."""
        return derived_streams(self.derived, session_id)

    def derived_source(self, session_id: str, name: str) -> DerivedRecording:
        """The recording of a session with the streams of a derived file in place of, or beside, its own.

        Parameters
        ----------
        name : str
            ``<deriver>-<hash>``, or the deriver alone where only one of its files is there.

        Raises
        ------
        DataError
            ``derived_missing``, ``session_missing`` and as ``open_recording``.
        """
        found = [d for d in self.derived_streams(session_id) if name in (d.name, d.deriver)]
        if len(found) != 1:
            raise DataError("derived_missing", path=str(self.derived / session_id / name))
        return DerivedRecording(self.source(session_id), found[0])

    def mirror_consent(self, session_id: str) -> None:
        """Enter in the catalogue what the recording of a session says of its person's consent."""
        source = self.source(session_id)
        for event in source.events():
            if event.kind == "consent" and not event.payload["declined"]:
                scopes = {str(scope): bool(yes) for scope, yes in event.payload["scopes"].items()}
                participant_id = source.info().participant_id
                self.catalogue().put_consent(participant_id, session_id, scopes, source.wall_ns(event.t_ns))

    def new_segment(
        self, session_id: str, number: int, header: Mapping[str, Any], wall_ns: int, **options: Any
    ) -> SegmentWriter:
        """Start a recording file of a session and lock the session until the file is closed.

        The lock belongs to the process: it ends with it, also when it is killed. The catalogue is not told;
        ``writer.info()`` is what to enter.

        Parameters
        ----------
        session_id : str
            At most 100 letters, digits, ``_``, ``.`` and ``-``.
        number : int
            Number of the segment, from 1.
        header : mapping
            JSON values: who, which study, which devices. Ids, number, wall time and offset are added here.
        wall_ns : int
            Wall time now, which is the segment's time 0.
        **options
            Passed on to :class:`~ifllm_desktop.store.writer.SegmentWriter`.

        Raises
        ------
        WorldError
            ``session_busy`` when the session is being recorded already; ``disk_full``, ``folder_read_only``.
        DataError
            ``recording_exists``; ``recording_damaged`` when an earlier segment cannot say when it ended.
        """
        if not is_session_id(session_id):
            raise BugError("session_id", session=session_id)
        lock = FileLock(self.lock_path(session_id))
        try:
            full = {**header, "session_id": session_id, "segment": number, "wall_ns": wall_ns}
            return SegmentWriter(
                self.recordings / f"{segment_id(session_id, number)}.sqlite",
                full,
                self._offset_ns(session_id, number, wall_ns),
                lock=lock,
                opener=self._opener,
                **options,
            )
        except BaseException:
            lock.release()
            raise

    def lock_path(self, session_id: str) -> Path:
        """Where the lock of a session stands while the session is being recorded."""
        return self.recordings / f"{session_id}{LOCK_SUFFIX}"

    def is_recording(self, session_id: str) -> bool:
        """Whether a living process records this session."""
        return is_locked(self.lock_path(session_id))

    def _offset_ns(self, session_id: str, number: int, wall_ns: int) -> int:
        earlier = self._earlier(session_id, number)
        if earlier is None:
            return 0
        source = open_recording(self.recordings, earlier)
        by_wall_ns = wall_ns - source.wall_ns(0)
        # wall clocks are set back now and then; session time never runs back
        return max(by_wall_ns, source.end_ns() + 1)

    def _earlier(self, session_id: str, number: int) -> SessionInfo | None:
        for info in self.catalogue().sessions():
            segments = tuple(segment for segment in info.segments if segment.number < number)
            if info.session_id == session_id and segments:
                return replace(info, segments=segments)
        return None
