"""Withdrawal, wired: a person, or one session, goes out of recordings, derived files, exports, models and catalogue.

::

    asked ──► planned ──► exports, models, derived files, recordings, reports ──► rows gone ──► (forgotten)
      │  entered in the catalogue before anything is touched                        │
      └─ where the program is killed, the next start goes on from here ─────────────┘

Every step can be done again. The rows of the catalogue go last, in one transaction that leaves the tombstone.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ifllm_desktop.domain.erasure import ASKED, ROWS_GONE, Erasure
from ifllm_desktop.domain.errors import DataError, WorldError
from ifllm_desktop.erasure_plan import (
    delete_export,
    make_plan,
    person_of,
    rewrite_export,
    sweep,
)
from ifllm_desktop.reward.checkpoint import disown
from ifllm_desktop.store.recovery import recover
from ifllm_desktop.store.study import CATALOGUE_FILE, StudyFolder
from ifllm_desktop.store.withdrawal import (
    ERASURE_LOCK,
    delete_derived_folder,
    delete_file,
    derived_files,
    erasing,
    recording_files,
    sessions_held,
)

Report = dict[str, Any]
Say = Callable[[str], None]


def participant_facts(path: Path, participant_id: str) -> Report:
    """What a withdrawal of a person would be about: ``sessions`` and ``recordings``.

    Raises
    ------
    DataError
        ``participant_missing``.
    """
    with StudyFolder.open(path) as study:
        recover(study)  # a recording that the catalogue does not know yet may be theirs
        if participant_id not in study.catalogue().participants():
            raise DataError("participant_missing", participant=participant_id)
        theirs = [i for i in study.catalogue().sessions() if i.participant_id == participant_id]
        return {"sessions": len(theirs), "recordings": sum(len(info.segments) for info in theirs)}


def finish_withdrawal(path: Path, participant_id: str) -> Report | None:
    """Finish what was cut off; the report where it was the withdrawal of this person, who is gone now."""
    started_s = time.monotonic()
    with StudyFolder.open(path) as study:
        finished = finish_erasures(study)
        if participant_id in study.catalogue().participants():
            return None
        report = next((r for r in finished if r["participant"] in ("", participant_id)), None)
        return None if report is None else _full(report, path, participant_id, started_s)


def withdraw(path: Path, participant_id: str, say: Say = lambda _: None) -> Report:
    """The report of ``withdraw``.

    Parameters
    ----------
    say : callable
        Told each step before it is taken.

    Raises
    ------
    DataError
        ``participant_missing``.
    WorldError
        ``erasure_recording`` when one of their sessions is being recorded now, ``erasure_running``, ``file_locked``
        while another window reads the catalogue, ``disk_full``, ``folder_read_only``.
    """
    started_s = time.monotonic()
    with StudyFolder.open(path) as study:
        finish_erasures(study)
        recover(study)
        report = _withdraw(study, participant_id, say)
        return _full(report, path, participant_id, started_s)


def _full(report: Report, path: Path, participant_id: str, started_s: float) -> Report:
    elapsed_s = round(time.monotonic() - started_s, 3)
    return {"study": str(path), **report, "participant": participant_id, "elapsed_s": elapsed_s}


def _withdraw(study: StudyFolder, participant_id: str, say: Say) -> Report:
    catalogue, token = study.catalogue(), secrets.token_hex(16)
    made = catalogue.ask_erasure(token, participant_id, None, time.time_ns())
    try:
        return _erase(study, made, say)
    except WorldError as error:
        if error.code == "erasure_recording":
            catalogue.cancel_erasure(
                token
            )  # it was refused: it must not be carried out later behind one's back
        raise


def ask_session_erasure(study: StudyFolder, session_id: str) -> None:
    """Enter that a session is to be erased, while it is still being recorded.

    Once its recording is closed, :func:`finish_erasures` carries it out: here, or at the next start when the program
    does not come to it. A person without another session goes with it.
    """
    info = study.catalogue().session(session_id)
    study.catalogue().ask_erasure(secrets.token_hex(16), info.participant_id, [session_id], time.time_ns())


def finish_erasures(study: StudyFolder, say: Say = lambda _: None) -> list[Report]:
    """Carry out every erasure that was asked for; those of a session that is still being recorded wait.

    Called wherever a study is opened, so that nobody reads what is half gone. Costs a look into the catalogue.

    Raises
    ------
    WorldError
        As :func:`withdraw`.
    """
    if not (study.path / CATALOGUE_FILE).is_file():
        return []
    reports = []
    left = study.catalogue().erasures()
    if not left and (study.path / ERASURE_LOCK).exists():
        with erasing(study):  # killed after all was done: only the lock is left, and goes with its release
            return []
    for erasure in left:
        try:
            reports.append(_erase(study, erasure, say))
        except WorldError as error:
            if error.code != "erasure_recording":
                raise
    return reports


def _erase(study: StudyFolder, erasure: Erasure, say: Say) -> Report:
    catalogue = study.catalogue()
    with erasing(study):
        left = {e.token: e for e in catalogue.erasures()}.get(erasure.token)
        if left is None:  # another program was faster
            return _report(erasure, {}, {})
        removed: dict[str, int] = {}
        if left.phase != ROWS_GONE:
            with sessions_held(study, left.session_ids):
                if left.phase == ASKED:
                    say("plan")
                    left = _planned(study, left)
                _erase_files(study, left, say)
            say("catalogue")
            removed = catalogue.erase_rows(left, left.plan["elsewhere"])
        say("old pages")
        catalogue.finish_erasure(left.token)
        say("done")
    return _report(left, left.plan, removed)


def _planned(study: StudyFolder, erasure: Erasure) -> Erasure:
    study.catalogue().plan_erasure(erasure.token, make_plan(study, erasure))
    return next(e for e in study.catalogue().erasures() if e.token == erasure.token)


def _erase_files(study: StudyFolder, erasure: Erasure, say: Say) -> None:
    """Everything but the catalogue's rows. What came of it is kept in the plan as it goes."""
    catalogue, plan, person = study.catalogue(), erasure.plan, person_of(erasure)
    for export in plan["exports"]:
        if not export["done"]:
            say(f"export {export['folder']}")
            act = rewrite_export if export["filter"] else delete_export
            act(study, export, person)
            catalogue.plan_erasure(erasure.token, plan)
    for model in plan["models"]:
        say(f"model {model}")
        disown(study.path / model, erasure.session_ids)
    for session_id in erasure.session_ids:
        for number, path in enumerate(
            [*derived_files(study, session_id), *recording_files(study, session_id)]
        ):
            say(f"file {number + 1} of {session_id}")
            delete_file(path)
        delete_derived_folder(study, session_id)
    say("reports")
    plan["reports"], plan["files_left"] = sweep(study, person)


def _report(erasure: Erasure, plan: Report, removed: dict[str, int]) -> Report:
    return {
        "participant": erasure.participant_id, "sessions": list(erasure.session_ids), "tombstone": erasure.token,
        "recordings": plan.get("n_recordings", 0), "derived": plan.get("n_derived", 0), "rows": removed,
        "exports": [_export_line(export) for export in plan.get("exports", [])],
        "exports_elsewhere": plan.get("elsewhere", []), "models": plan.get("models", []),
        "reports": plan.get("reports", []), "files_left": plan.get("files_left", []),
    }  # fmt: skip


def _export_line(export: Report) -> Report:
    return {
        "out": export["folder"], "formats": export["formats"], "sha256_before": export["sha256"], **export["done"],
    }  # fmt: skip
