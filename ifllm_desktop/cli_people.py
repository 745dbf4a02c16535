"""The verb ``ifllm-desktop withdraw``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ifllm_desktop.cli_terminal import Report, Terminal
from ifllm_desktop.domain.errors import UsageError, WorldError

_YES = ("y", "yes")
_DONE = {
    "rewritten": "written anew without them",
    "deleted": "deleted, because nothing can be taken out of it; write it anew",
}
_WHY = {
    "rewritten": "was written anew without them; replace every copy of it",
    "changed": "was changed since and is left as it is; replace it",
    "old": "was written by an older version and is left as it is; replace it",
    "other_study": "lies in another study's folder and is left as it is; withdraw them there, too",
    "missing": "is not there any more; replace it wherever it went",
}


def add_people(verbs: Any, terminal: Terminal) -> None:
    """Declare the verb."""
    parser = terminal.verb(
        verbs, "withdraw", "Delete a participant with everything that was recorded or made from it.",
        "withdraw my-study P007", lambda options: _withdraw(options, terminal),
    )  # fmt: skip
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("participant", metavar="PARTICIPANT", help="id of the participant")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _withdraw(options: argparse.Namespace, terminal: Terminal) -> int:
    from ifllm_desktop import compose_withdraw

    study, participant = options.study, options.participant
    try:
        report = compose_withdraw.finish_withdrawal(study, participant)
        if report is None:
            if not options.yes:
                _ask(compose_withdraw.participant_facts(study, participant), participant, terminal)
            report = compose_withdraw.withdraw(
                study, participant, lambda step: terminal.say(f"erasing={step}")
            )
    except KeyboardInterrupt as error:
        raise WorldError("erasure_stopped") from error
    terminal.emit(options, report, "\n".join(_lines(report)))
    return 0


def _ask(facts: Report, participant: str, terminal: Terminal) -> None:
    if not sys.stdin.isatty():
        raise UsageError("withdraw_yes", participant=participant)
    terminal.say(
        f"Delete {participant} with {_count(facts['sessions'], 'session')} and everything made from "
        f"{'it' if facts['sessions'] == 1 else 'them'}? This cannot be undone. [y/N]"
    )
    if sys.stdin.readline().strip().lower() not in _YES:
        raise WorldError("withdraw_refused", participant=participant)


def _lines(report: Report) -> list[str]:
    """The report in sentences, what has to be done by hand last."""
    files = f"{_count(report['recordings'], 'recording file')}, {_count(report['derived'], 'derived file')}"
    rows = _count(sum(report["rows"].values()), "row")
    sessions = _count(len(report["sessions"]), "session")
    lines = [f"{report['participant']} is gone: {sessions}, {files}, {rows} of the catalogue."]
    lines += [f"Export {e['out']}: {_DONE[e['action']]}." for e in report["exports"]]
    lines += [
        f"Export {e['out']} (SHA-256 of its checksums {e['sha256']}): {_WHY[e['why']]}."
        for e in report["exports_elsewhere"]
    ]
    lines += [
        f"{name} was trained with data of a withdrawn person, and its card says so now: train anew."
        for name in report["models"]
    ]
    lines += [f"{name} named them and was deleted: make it anew." for name in report["reports"]]
    lines += [
        f"{name} still names them and is not this program's: see to it." for name in report["files_left"]
    ]
    return lines


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
