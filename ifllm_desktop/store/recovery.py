"""Picking up what a killed program left behind, and checking a whole study."""

from __future__ import annotations

import logging
import stat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

from ifllm_desktop.domain.errors import DataError, IfllmError, WorldError
from ifllm_desktop.domain.session import SegmentInfo, SessionInfo
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.store.catalogue import StudyCatalogue
from ifllm_desktop.store.connection import connect, translated
from ifllm_desktop.store.derived import check_derived
from ifllm_desktop.store.file_lock import FileLock
from ifllm_desktop.store.segment_check import SegmentCheck, check_segment
from ifllm_desktop.store.segment_file import (
    UNFINISHED_SUFFIX,
    file_sha256,
    header_number,
    seal,
    segment_info,
)
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.wording import sentence

log = logging.getLogger(__name__)

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What was done about one file.

    Attributes
    ----------
    recovered : bool
        It had not been closed; it was checked and is sealed now.
    adopted : bool
        The catalogue did not know it; its header said whose it is.
    duration_s : float
        Session time up to which there are rows.
    problems : tuple of str
        Why it was left as it is; empty when all is well.
    """

    session_id: str
    file: str
    recovered: bool = False
    adopted: bool = False
    duration_s: float = 0.0
    problems: tuple[str, ...] = ()


class RecordingReport(TypedDict):
    """One session in :func:`verify`."""

    id: str
    participant_id: str
    closed_cleanly: bool
    recovered: bool
    live: bool
    duration_s: float
    rows: dict[str, int]
    files: list[str]
    problems: list[str]


class DerivedFileReport(TypedDict):
    """One derived file in :func:`verify`; ``file`` is its place in the study's folder ``derived``."""

    file: str
    session_id: str
    deriver: str
    rows: dict[str, int]
    problems: list[str]


class StudyReport(TypedDict):
    """What :func:`verify` found; ``problems`` are the catalogue's own."""

    ok: bool
    recordings: list[RecordingReport]
    derived: list[DerivedFileReport]
    problems: list[str]


# ---- recovery ----------------------------------------------------------------------------------------------
def recover(study: StudyFolder) -> list[RecoveryReport]:
    """Check and seal every recording that nobody closed and nobody records any more.

    Called at each start; sealed files that the catalogue knows cost nothing. A damaged file is reported and
    left untouched. Sessions that were open and are not being recorded become ``stopped``.

    Parameters
    ----------
    study : StudyFolder
        Opened study.

    Returns
    -------
    list of RecoveryReport
        Files for which something was done or is wrong.

    Raises
    ------
    WorldError, DataError
        When the catalogue itself cannot be used.
    """
    catalogue = study.catalogue()
    known = {segment.file: segment for info in catalogue.sessions() for segment in info.segments}
    reports = []
    with translated(study.recordings):
        files = sorted(study.recordings.glob("*.sqlite"))
    for path in files:
        segment = known.get(path.name)
        if segment is None or not (segment.closed_cleanly or segment.recovered):
            report = _recover_file(study, path, segment)
            if report is not None:
                reports.append(report)
                log.info("recovery of %s: %s", path.name, report)
    _remove_unfinished(study)
    _stop_left_sessions(study)
    return reports


def _recover_file(study: StudyFolder, path: Path, segment: SegmentInfo | None) -> RecoveryReport | None:
    session_id = segment.session_id if segment else UNKNOWN
    try:
        _roll_back(study, path)
        if segment is None:
            check = check_segment(path)
            if not check.header:
                return RecoveryReport(path.stem, path.name, problems=tuple(check.problems))
            session_id = segment_info(check.header, path).session_id
        lock = FileLock(study.lock_path(session_id))
        try:
            return _recover_locked(study, path, session_id)
        finally:
            lock.release()
    except IfllmError as error:
        if error.code == "session_busy":
            return None  # it is being recorded
        return RecoveryReport(session_id, path.name, problems=(sentence(error),))


def _roll_back(study: StudyFolder, path: Path) -> None:
    """Take back a change that was cut off half-way while the file was being sealed.

    Only a writing connection can do that; until then no reading one gets to the header, so the name of the
    file has to say whose it is.
    """
    if not path.with_name(f"{path.name}-journal").exists():
        return
    lock = FileLock(study.lock_path(path.stem.rpartition("-")[0]))
    try:
        connect(path).close()
    finally:
        lock.release()


def _recover_locked(study: StudyFolder, path: Path, session_id: str) -> RecoveryReport | None:
    check = check_segment(path)
    if not check.header:
        return RecoveryReport(session_id, path.name, problems=tuple(check.problems))
    found = segment_info(check.header, path)
    catalogue = study.catalogue()
    known = next(
        (s for i in catalogue.sessions() for s in i.segments if s.segment_id == found.segment_id), None
    )
    if known is not None and known.file != path.name:
        said = f"{path.name} holds the same segment as {known.file}: remove one of the two."
        return RecoveryReport(found.session_id, path.name, problems=(said,))
    if known is not None and (known.closed_cleanly or known.recovered):
        return None  # another process was faster
    if known is None:
        _adopt(catalogue, check.header, found)
    duration_s = max(found.offset_ns + check.end_ns, 0) / NS_PER_S
    report = RecoveryReport(found.session_id, path.name, adopted=known is None, duration_s=duration_s)
    if check.problems:
        return replace(report, problems=tuple(check.problems))
    sha256 = _seal_again(path, cleanly=found.closed_cleanly)
    recovered = not found.closed_cleanly
    catalogue.put_segment(replace(found, recovered=recovered, sha256=sha256))
    study.mirror_consent(found.session_id)  # it was to be entered at the end of the session, which never came
    return replace(report, recovered=recovered)


def _seal_again(path: Path, *, cleanly: bool) -> str:
    with translated(path):
        frozen = not path.stat().st_mode & stat.S_IWUSR
    if frozen:  # only the catalogue had not been told
        return file_sha256(path)
    connection = connect(path)
    try:
        return seal(connection, path, cleanly=cleanly)
    finally:
        connection.close()


def _adopt(catalogue: StudyCatalogue, header: dict[str, Any], found: SegmentInfo) -> None:
    participant_id = str(header.get("participant_id", UNKNOWN))
    devices, wall_ns = str(header.get("devices", UNKNOWN)), header_number(header, "wall_ns", 0)
    if found.session_id not in {info.session_id for info in catalogue.sessions()}:
        catalogue.add_participant(participant_id, devices, wall_ns)
        catalogue.add_session(
            SessionInfo(
                session_id=found.session_id,
                participant_id=participant_id,
                study_id=str(header.get("study_id", "")),
                number=header_number(header, "session_number", 1),
                created_wall_ns=wall_ns,
                devices=devices,
                state="stopped",
            )
        )
    catalogue.put_segment(replace(found, closed_cleanly=False))


def _remove_unfinished(study: StudyFolder) -> None:
    for path in sorted(study.recordings.glob(f"*.sqlite{UNFINISHED_SUFFIX}*")):
        session_id = path.name.split(".sqlite", 1)[0].rpartition("-")[0]
        if session_id and not study.is_recording(session_id):
            log.info("%s has no samples and is removed", path.name)
            with translated(path):
                path.unlink(missing_ok=True)


def _stop_left_sessions(study: StudyFolder) -> None:
    for info in study.catalogue().sessions():
        if info.state == "open" and not study.is_recording(info.session_id):
            study.catalogue().set_session_state(info.session_id, "stopped")


# ---- verification ------------------------------------------------------------------------------------------
def verify(study: StudyFolder) -> StudyReport:
    """Recover what has to be recovered, then check every recording and the catalogue.

    Sealed files are compared with their checksums, and every file is read from end to end. What is wrong with
    the data becomes a text in the report, never an error.

    Raises
    ------
    WorldError
        When the folder cannot be read or written.
    """
    try:
        reports = recover(study)
        sessions, problems = study.catalogue().sessions(), study.catalogue().problems()
        derived = _derived_reports(study, sessions)
    except DataError as error:
        # without the catalogue nobody can tell which session a derived file belongs to: nothing is said of them
        reports, sessions, derived, problems = [], [], [], [sentence(error)]
    found = {report.file: report for report in reports}
    recordings = [_session_report(study, info, found) for info in sessions if info.segments]
    known = {segment.file for info in sessions for segment in info.segments}
    recordings += [
        _stray_report(study, path, found.get(path.name))
        for path in sorted(study.recordings.glob("*.sqlite"))
        if path.name not in known
    ]
    ok = not problems and not any(entry["problems"] for entry in (*recordings, *derived))
    return StudyReport(ok=ok, recordings=recordings, derived=derived, problems=problems)


def _derived_reports(study: StudyFolder, sessions: Sequence[SessionInfo]) -> list[DerivedFileReport]:
    return [
        DerivedFileReport(
            file=report.file,
            session_id=report.session_id,
            deriver=report.deriver,
            rows=report.rows,
            problems=list(report.problems),
        )
        for report in check_derived(study.derived, sessions)
    ]


def _session_report(
    study: StudyFolder, info: SessionInfo, found: dict[str, RecoveryReport]
) -> RecordingReport:
    live = study.is_recording(info.session_id)
    rows: dict[str, int] = {}
    problems: list[str] = []
    end_ns = 0
    for segment in info.segments:
        path = study.recordings / segment.file
        check = check_segment(path)
        end_ns = max(end_ns, segment.offset_ns + check.end_ns)
        rows = {stream: rows.get(stream, 0) + n for stream, n in check.rows.items()}
        problems += _seal_problems(path, segment)
        problems += check.problems
        problems += found[segment.file].problems if segment.file in found else ()
    return RecordingReport(
        id=info.session_id,
        participant_id=info.participant_id,
        closed_cleanly=all(segment.closed_cleanly for segment in info.segments),
        recovered=any(segment.recovered for segment in info.segments),
        live=live,
        duration_s=end_ns / NS_PER_S,
        rows=rows,
        files=[segment.file for segment in info.segments],
        problems=list(dict.fromkeys(problems)),
    )


def _seal_problems(path: Path, segment: SegmentInfo) -> list[str]:
    if not segment.sha256 or not path.is_file():
        return []
    try:
        same = file_sha256(path) == segment.sha256
    except WorldError as error:
        return [sentence(error)]
    return [] if same else [f"{path.name} was changed after it was closed (its checksum differs)."]


def _stray_report(study: StudyFolder, path: Path, report: RecoveryReport | None) -> RecordingReport:
    check: SegmentCheck = check_segment(path)
    problems = [*check.problems, *(report.problems if report else ())]
    live = _is_live(study, path, check)
    if not live and not problems:
        problems.append(f"{path.name} is not in the catalogue.")
    return RecordingReport(
        id=path.stem,
        participant_id=str(check.header.get("participant_id", UNKNOWN)),
        closed_cleanly=check.header.get("closed_cleanly") is True,
        recovered=False,
        live=live,
        duration_s=max(check.end_ns, 0) / NS_PER_S,
        rows=check.rows,
        files=[path.name],
        problems=list(dict.fromkeys(problems)),
    )


def _is_live(study: StudyFolder, path: Path, check: SegmentCheck) -> bool:
    try:
        return study.is_recording(segment_info(check.header, path).session_id)
    except IfllmError:
        return False
