"""The files of sessions that are to go, and the locks that keep everybody else away meanwhile."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.store.connection import translated
from ifllm_desktop.store.derived import derived_folder
from ifllm_desktop.store.file_lock import FileLock
from ifllm_desktop.store.segment_file import LOCK_SUFFIX
from ifllm_desktop.store.study import StudyFolder

ERASURE_LOCK = f"erasure{LOCK_SUFFIX}"
"""In the study's folder: one erasure at a time."""


@contextmanager
def erasing(study: StudyFolder) -> Iterator[None]:
    """Hold a study while something of it is erased. Raises WorldError ``erasure_running`` when another program is."""
    lock = _locked(study.path / ERASURE_LOCK, "erasure_running")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def sessions_held(study: StudyFolder, session_ids: Sequence[str]) -> Iterator[None]:
    """Keep sessions from being recorded. Raises WorldError ``erasure_recording`` when one of them is right now.

    The locks are files with the sessions' names: to be left before the sessions are forgotten.
    """
    with ExitStack() as held:
        for session_id in session_ids:
            held.callback(_locked(study.lock_path(session_id), "erasure_recording").release)
        yield


def _locked(path: Path, code: str) -> FileLock:
    try:
        return FileLock(path)
    except WorldError as error:
        if error.code != "session_busy":
            raise
        raise WorldError(code, path=str(path.parent)) from error


def recording_files(study: StudyFolder, session_id: str) -> list[Path]:
    """Segment files of a session with what SQLite keeps beside them; not its lock."""
    # by the whole name: another session's id may begin with this one
    name = re.compile(re.escape(session_id) + r"-\d+\.sqlite.*")
    with translated(study.recordings):
        found = [path for path in sorted(study.recordings.iterdir()) if name.fullmatch(path.name)]
        entered = {
            segment.file
            for info in study.catalogue().sessions()
            if info.session_id == session_id
            for segment in info.segments
        }
        return found + [path for file in sorted(entered) if (path := study.recordings / file) not in found]


def derived_files(study: StudyFolder, session_id: str) -> list[Path]:
    """Everything in the folder of a session's derived files."""
    folder = derived_folder(study.derived, session_id)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def delete_file(path: Path) -> bool:
    """Delete a file, also a sealed one; whether it was there."""
    with translated(path):
        if not path.exists():
            return False
        path.chmod(path.stat().st_mode | stat.S_IWUSR)  # Windows deletes no file that may not be written
        path.unlink()
        return True


def delete_derived_folder(study: StudyFolder, session_id: str) -> None:
    """Take the folder of a session's derived files away, once it is empty."""
    folder = derived_folder(study.derived, session_id)
    with translated(folder):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
