"""The audit of a study, wired: recordings to qualities and back from the catalogue, exclusion sets, report."""

from __future__ import annotations

import getpass
import hashlib
import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ifllm_desktop import __version__
from ifllm_desktop.analysis.audit_report import ReportFacts, SetFacts, audit_html, reason_counts
from ifllm_desktop.analysis.audit_rows import Decision, audit_rows
from ifllm_desktop.analysis.exclusions import (
    ExclusionHistory,
    Preview,
    RuleCount,
    decisions,
    preview,
    removed_by,
    rule_of_study,
)
from ifllm_desktop.analysis.paper import Paper, PaperFacts, paper, rule_words
from ifllm_desktop.analysis.quality_parts import Trace
from ifllm_desktop.analysis.session_quality import QualityLimits, SessionQuality, session_quality
from ifllm_desktop.analysis.values_json import plain, read
from ifllm_desktop.compose import open_study, session_of
from ifllm_desktop.domain.errors import DataError, WorldError
from ifllm_desktop.domain.exclusions import ExclusionRule
from ifllm_desktop.domain.session import SessionInfo
from ifllm_desktop.protocol import StudyProtocol, load_protocol
from ifllm_desktop.session.ids import RandomIds
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.wording import quality_problem, sentence

Say = Callable[[str], None]
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A session that cannot be judged, with the sentence why."""

    session_id: str
    participant_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class AuditState:
    """What is known of a study's sessions at the moment.

    Attributes
    ----------
    qualities : tuple of SessionQuality
        By time of entry, without traces.
    missing : tuple of SessionInfo
        Sessions that have to be worked out: new ones, or judged by other limits last.
    """

    qualities: tuple[SessionQuality, ...]
    missing: tuple[SessionInfo, ...]


class StudyAudit:
    """The audit of one study. May be used from any thread; what is stored is on disk when a call returns.

    Parameters
    ----------
    study : StudyFolder
        Stays open as long as its owner wants.
    who : str
        Whose decisions on exclusions these are; by default the user of this computer.

    Attributes
    ----------
    limits : QualityLimits
        Of the study file as it was when the audit was made.
    exclusions : ExclusionHistory
        The study's exclusion sets: list, change, undo.
    """

    def __init__(self, study: StudyFolder, who: str | None = None) -> None:
        self._study = study
        self.protocol: StudyProtocol = load_protocol(study.protocol_path)
        self.limits = QualityLimits.of(self.protocol)
        self.exclusions = ExclusionHistory(
            study.catalogue(), _user() if who is None else who, rule_of_study(self.limits),
            lambda: RandomIds().new("exclusion"), time.time_ns,
        )  # fmt: skip

    # ---- qualities ---------------------------------------------------------------------------------------
    def state(self) -> AuditState:
        """What the catalogue knows already, and what is missing. Opens no recording."""
        kept = self._study.catalogue().qualities()
        found, missing = [], []
        for info in self.sessions():
            quality = _kept(kept.get(info.session_id), self.quality_key(info))
            if quality is None:
                missing.append(info)
            else:
                found.append(quality)
        return AuditState(tuple(found), tuple(missing))

    def work_out(
        self, missing: Sequence[SessionInfo], cancel: threading.Event | None = None
    ) -> Iterator[SessionQuality | Unreadable]:
        """Quality of each of these sessions, one after the other; kept in the catalogue as soon as it is there.

        A recording that cannot be read comes out as such and stops no other. Ends early once ``cancel`` is set.
        """
        for info in missing:
            if cancel is not None and cancel.is_set():
                return
            yield self._worked_out(info)

    def quality(self, session_id: str) -> SessionQuality:
        """One session with its trace. Raises DataError ``session_missing``, ``quality_unreadable``."""
        info = session_of(self._study, session_id)
        catalogue, key = self._study.catalogue(), self.quality_key(info)
        quality = _kept(catalogue.qualities(session_id).get(session_id), key)
        trace = _trace(catalogue.quality_trace(session_id, key))
        if quality is not None and trace is not None:
            return replace(quality, trace=trace)
        made = self._worked_out(info)
        if isinstance(made, Unreadable):
            raise DataError("quality_unreadable", session=session_id, reason=made.reason.rstrip("."))
        return made

    def with_trace(self, quality: SessionQuality) -> SessionQuality:
        """A quality of :meth:`state` with the trace that is kept of it; worked out again where there is none.

        Reads one row of the catalogue, so that a report of hundreds of sessions takes seconds. Raises as
        :meth:`quality`.
        """
        key = self.quality_key(session_of(self._study, quality.session_id))
        trace = _trace(self._study.catalogue().quality_trace(quality.session_id, key)) if key else None
        return self.quality(quality.session_id) if trace is None else replace(quality, trace=trace)

    def _worked_out(self, info: SessionInfo) -> SessionQuality | Unreadable:
        try:
            made = session_quality(self._study.source(info.session_id), self.limits)
        except (DataError, WorldError) as error:  # a file that is gone, too: the others can be judged
            return Unreadable(info.session_id, info.participant_id, sentence(error))
        key = self.quality_key(info)
        if key:
            values = made.without_trace().to_json()
            self._study.catalogue().put_quality(info.session_id, key, values, plain(made.trace))
        return made

    def quality_key(self, info: SessionInfo) -> str:
        """What the quality follows from; empty for a session with an open file, which may still grow."""
        if any(not segment.sha256 for segment in info.segments):
            return ""
        files = [[segment.file, segment.sha256, segment.offset_ns] for segment in info.segments]
        text = json.dumps([files, info.state, self.limits.key])
        return hashlib.sha256(text.encode()).hexdigest()

    def sessions(self) -> list[SessionInfo]:
        """Every session with a recording, in order of entry."""
        return [info for info in self._study.catalogue().sessions() if info.segments]

    # ---- exclusion sets ----------------------------------------------------------------------------------
    def decisions(self, set_name: str, qualities: Sequence[SessionQuality]) -> dict[str, Decision]:
        """Whether each session counts in a set. Raises DataError ``set_missing``."""
        return decisions(self.exclusions.set_named(set_name), qualities, self.limits)

    def preview(
        self, set_name: str, rule: ExclusionRule | None, qualities: Sequence[SessionQuality]
    ) -> Preview:
        """What another rule would do to a set, without doing it."""
        return preview(self.exclusions.set_named(set_name), rule, qualities, self.limits)

    def removed_by(self, set_name: str, qualities: Sequence[SessionQuality]) -> tuple[RuleCount, ...]:
        """What each rule of a set removes."""
        return removed_by(self.decisions(set_name, qualities).values())

    # ---- words -------------------------------------------------------------------------------------------
    def paper(self, set_name: str, qualities: Sequence[SessionQuality], n_unreadable: int = 0) -> Paper:
        """Sentences and table for a paper, made from a set."""
        chosen = self.exclusions.set_named(set_name)
        facts = PaperFacts(chosen, __version__, n_unreadable)
        return paper(qualities, decisions(chosen, qualities, self.limits), facts)

    def report_html(self, set_name: str, qualities: Sequence[SessionQuality], n_unreadable: int = 0) -> str:
        """The audit as one self-contained HTML file. Sessions are shown with the traces that they come with."""
        sets = self.exclusions.sets()
        rule = self.exclusions.set_named(set_name).rule
        limit_deg = rule.max_error_deg if rule is not None else None
        words = self.paper(set_name, qualities, n_unreadable)
        facts = ReportFacts(
            title=self.protocol.title, study_id=self.protocol.id, written=time.strftime("%Y-%m-%d %H:%M"),
            app_version=__version__, protocol_sha256=self.protocol.sha256, set_name=set_name,
            sets=tuple(self._set_facts(name, qualities) for name in sets),
            paper=words.sentences, paper_table=tuple((row.item, row.value) for row in words.table),
            limit_deg=math.nan if limit_deg is None else limit_deg,
        )  # fmt: skip
        return audit_html(qualities, self.decisions(set_name, qualities), facts)

    def _set_facts(self, name: str, qualities: Sequence[SessionQuality]) -> SetFacts:
        decided = self.decisions(name, qualities)
        n_included = sum(decision.included for decision in decided.values())
        rows = audit_rows(qualities, decided)
        rule = rule_words(self.exclusions.set_named(name).rule)
        return SetFacts(name, rule, n_included, len(rows) - n_included, reason_counts(rows))


# ---- the verb --------------------------------------------------------------------------------


def audit(path: Path, session: str | None, set_name: str, report: Path | None, say: Say) -> Report:
    """The report of ``audit``.

    Parameters
    ----------
    session : str or None
        One session; by default all of them.
    report : Path or None
        Where to write the HTML file; replaced when it is there.

    Raises
    ------
    DataError
        ``session_missing``, ``no_sessions``, ``set_missing``.
    WorldError
        ``study_missing``, ``report_folder``, ``disk_full``, ``folder_read_only``.
    """
    started_s = time.monotonic()
    with open_study(path) as study:
        made = StudyAudit(study)
        made.exclusions.set_named(set_name)
        if report is not None and report.is_dir():
            raise WorldError("report_folder", path=str(report))
        chosen = session_of(study, session).session_id if session else None
        qualities, unreadable = _all(made, say, chosen)
        if not qualities and not unreadable:
            raise DataError("no_sessions", path=str(path))
        decided = made.decisions(set_name, qualities)
        words = made.paper(set_name, qualities, len(unreadable))
        if report is not None:
            full = [made.with_trace(q) for q in qualities]
            report.write_text(made.report_html(set_name, full, len(unreadable)), encoding="utf-8")
        one = made.quality(qualities[0].session_id) if chosen and qualities else None
        counts = made.removed_by(set_name, qualities)
        return {
            "study": str(path), "set": set_name, "sessions": [_line(q, decided[q.session_id]) for q in qualities],
            "unreadable": [plain(entry) for entry in unreadable],
            "n_included": sum(decision.included for decision in decided.values()),
            "removed_by": [plain(count) for count in counts], "paper": plain(words), "report": report and str(report),
            "limits": plain(made.limits), "quality": one.to_json() if one else None,
            "elapsed_s": round(time.monotonic() - started_s, 3),
        }  # fmt: skip


def _all(made: StudyAudit, say: Say, session_id: str | None) -> tuple[list[SessionQuality], list[Unreadable]]:
    """Every session in order of entry; those that are not known yet are worked out, with progress."""
    state = made.state()
    missing = [info for info in state.missing if session_id in (None, info.session_id)]
    found = {q.session_id: q for q in state.qualities if session_id in (None, q.session_id)}
    unreadable = []
    for number, entry in enumerate(made.work_out(missing)):
        if isinstance(entry, Unreadable):
            unreadable.append(entry)
        else:
            found[entry.session_id] = entry.without_trace()
        say(f"audited={number + 1}/{len(missing)}")
    order = {info.session_id: k for k, info in enumerate(made.sessions())}
    return sorted(found.values(), key=lambda q: order[q.session_id]), unreadable


def _line(quality: SessionQuality, decision: Decision) -> Report:
    q = quality
    values = {
        "session_id": q.session_id, "participant_id": q.participant_id, "number": q.number, "state": q.state,
        "devices": q.apparatus.devices, "duration_s": q.duration_s, "grade": q.accuracy.grade,
        "accuracy_px": q.accuracy.px, "accuracy_deg": q.accuracy.deg, "accuracy_ok": q.accuracy.ok,
        "std_px": q.precision.std_px, "std_deg": q.precision.std_deg, "rms_s2s_deg": q.precision.rms_s2s_deg,
        "loss": q.loss.loss, "effective_hz": q.loss.effective_hz, "drift_deg": q.drift.change_deg,
        "head_cm": q.head.shift_cm, "on_text": q.on_text, "score": q.score.total,
        "support": {s.level: {"p": plain(s.p), "state": s.state, "reason": s.reason} for s in q.support},
        "problems": [{**plain(p), "words": quality_problem(p.code, p.detail)} for p in q.problems],
    }  # fmt: skip
    return {**{key: plain(value) for key, value in values.items()}, **plain(decision)}


def _kept(entry: tuple[str, Mapping[str, Any]] | None, key: str) -> SessionQuality | None:
    if entry is None or not key or entry[0] != key:
        return None
    try:
        return SessionQuality.from_json(dict(entry[1]))
    except (ValueError, TypeError, KeyError):
        return None


def _trace(values: Mapping[str, Any] | None) -> Trace | None:
    try:
        return None if values is None else read(Trace, values)
    except (ValueError, TypeError, KeyError):
        return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name is known to the system
        return ""
