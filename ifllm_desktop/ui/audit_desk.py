"""The audit page and a study: what is kept is shown at once, the rest is worked out one session after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QElapsedTimer, QObject, QTimer
from PySide6.QtWidgets import QFileDialog

from ifllm_desktop import logs
from ifllm_desktop.analysis.exclusions import MAIN_SET
from ifllm_desktop.analysis.session_quality import SessionQuality
from ifllm_desktop.compose_audit import StudyAudit, Unreadable
from ifllm_desktop.domain.exclusions import ExclusionRule, ExclusionSet
from ifllm_desktop.domain.session import SessionInfo
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.ui.audit_page import AuditPage
from ifllm_desktop.ui.bridge import Background, Job
from ifllm_desktop.wording import sentence

REDRAW_MS = 400
"""New sessions are shown this often: each time every figure is made anew."""
QUIET_MS = 300
"""Work that is done sooner needs no bar."""


class AuditDesk(QObject):
    """Joins page, study and background; nothing here reads or writes on the thread of the window."""

    def __init__(self, page: AuditPage, background: Background) -> None:
        super().__init__(page)
        self._page, self._background = page, background
        self._study: StudyFolder | None = None
        self._audit: StudyAudit | None = None
        self._sets: dict[str, ExclusionSet] = {}
        self._found: dict[str, SessionQuality] = {}
        self._order: list[str] = []
        self._unreadable: dict[str, Unreadable] = {}
        self._missing: list[SessionInfo] = []
        self._wanted_session = ""
        self._job: Job | None = None
        self._n_started = 0
        self._shown_at = QElapsedTimer()
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(QUIET_MS)
        self._late.timeout.connect(lambda: self._page.set_busy(self.tr("Reading the study …"), 0.02))
        page.decided.connect(self._decide)
        page.rule_applied.connect(self._apply_rule)
        page.undo_requested.connect(self._undo)
        page.set_chosen.connect(lambda _name: self._refresh_paper())
        page.detail_requested.connect(self._read_details)
        page.report_requested.connect(self._ask_report)
        page.cancel_requested.connect(self.cancel)

    @property
    def busy(self) -> bool:
        """Whether sessions are still to be worked out."""
        return bool(self._missing)

    def show(self, study: StudyFolder, session_id: str | None = None) -> None:
        """Show a study as it is now; ``session_id``: the one to choose."""
        if study is not self._study:
            self.forget()
        self._study = study
        self._wanted_session = session_id or ""
        self._n_started += 1
        self._missing = []
        self._late.start()

        def work(_: Job) -> Any:
            audit = StudyAudit(study)
            return audit, audit.state(), audit.exclusions.sets(), [i.session_id for i in audit.sessions()]

        self._job = self._background.run(work, self._current(self._opened), self._failed)

    def forget(self) -> None:
        """The study is closed, or another one takes its place."""
        self._n_started += 1
        self._study, self._audit = None, None
        self._found, self._unreadable, self._missing, self._order = {}, {}, [], []
        self._late.stop()
        self._page.set_busy("")
        self._page.close_all()
        self._page.set_sessions(())

    def cancel(self) -> None:
        """Stop what runs; what is there stays."""
        if self._job is not None:
            self._job.cancel.set()
        if self._missing:
            n, self._missing = len(self._missing), []
            self._show()
            self._page.set_busy("")
            self._page.say(self.tr("{n} sessions were not read. Open the audit again to go on.").format(n=n))
            self._refresh_paper()

    # ---- sessions
    def _opened(self, result: Any) -> None:
        self._audit, state, self._sets, self._order = result
        self._late.stop()
        self._found = {q.session_id: q for q in state.qualities}
        self._unreadable = {}
        self._missing = list(state.missing)
        self._page.set_busy("")
        self._page.set_study(self._audit.protocol.title, self._sets, self._audit.limits)
        self._show()
        if self._wanted_session:
            self._page.table.choose(self._wanted_session)
        self._page.take_focus()
        if self._missing:
            self._next()
        else:
            self._refresh_paper()

    def _next(self) -> None:
        audit, info = self._audit, self._missing[0]
        assert audit is not None
        n, n_all = len(self._order) - len(self._missing) + 1, len(self._order)
        words = self.tr("Reading session {n} of {all} …").format(n=n, all=n_all)
        self._page.set_busy(words, (n - 1) / max(1, n_all))

        def work(job: Job) -> SessionQuality | Unreadable | None:
            return next(audit.work_out([info], job.cancel), None)

        self._job = self._background.run(work, self._current(self._worked_out), self._failed)

    def _worked_out(self, entry: SessionQuality | Unreadable | None) -> None:
        if entry is None or not self._missing:
            return  # cancelled: what came in is shown by then
        self._missing.pop(0)
        if isinstance(entry, Unreadable):
            self._unreadable[entry.session_id] = entry
        else:
            self._found[entry.session_id] = entry.without_trace()
        if not self._missing:
            self._page.set_busy("")
            self._show()
            self._refresh_paper()
            return
        if not self._shown_at.isValid() or self._shown_at.hasExpired(REDRAW_MS):
            self._show()
        self._next()

    def _qualities(self) -> list[SessionQuality]:
        return [self._found[session_id] for session_id in self._order if session_id in self._found]

    def _show(self) -> None:
        n_expected = len(self._order) if self._missing else 0
        unreadable = {u.session_id: (u.participant_id, u.reason) for u in self._unreadable.values()}
        self._page.set_sessions(self._qualities(), n_expected, unreadable)
        if self._wanted_session and self._wanted_session in self._found:
            self._page.table.choose(self._wanted_session)
            self._wanted_session = ""
        self._shown_at.start()

    def _refresh_paper(self) -> None:
        audit, name, qualities = self._audit, self._page.set_name, self._qualities()
        if audit is None or not qualities:
            self._page.set_paper("")
            return
        n = len(self._unreadable)
        self._background.run(
            lambda _: audit.paper(name, qualities, n).sentences,
            self._current(self._page.set_paper),
            self._failed,
        )

    def _read_details(self, session_id: str) -> None:
        audit = self._audit
        if audit is not None:
            self._background.run(
                lambda _: audit.quality(session_id), self._current(self._page.show_details), self._failed
            )

    # ---- exclusion sets
    def _decide(self, session_id: str, included: bool, reason: str) -> None:
        audit, name = self._audit, self._page.set_name
        if audit is not None:
            change = audit.exclusions.include if included else audit.exclusions.exclude
            self._change(lambda: change(name, session_id, reason), name)

    def _apply_rule(self, name: str, rule: ExclusionRule) -> None:
        audit = self._audit
        if audit is None:
            return
        change = audit.exclusions.set_rule if name in self._sets else audit.exclusions.make
        self._change(lambda: change(name, rule), name, self._page.close_limits)

    def _undo(self) -> None:
        audit, name = self._audit, self._page.set_name
        if audit is not None:
            self._change(lambda: audit.exclusions.undo(name), name)

    def _change(self, change: Callable[[], Any], name: str, after: Callable[[], None] | None = None) -> None:
        """Store a change, then show the sets as they are on disk."""
        audit = self._audit
        assert audit is not None

        def work(_: Job) -> dict[str, ExclusionSet]:
            change()
            return audit.exclusions.sets()

        def done(sets: dict[str, ExclusionSet]) -> None:
            self._sets = sets
            self._page.set_study(audit.protocol.title, sets, audit.limits, name if name in sets else MAIN_SET)
            if after is not None:
                after()
            self._refresh_paper()

        self._background.run(work, self._current(done), self._failed)

    # ---- report
    def _ask_report(self) -> None:
        if self._study is None or self.busy:
            return
        proposed = self._study.path / f"{self._study.path.name}-audit.html"
        path = QFileDialog.getSaveFileName(
            self._page, self.tr("Report of the audit"), str(proposed), self.tr("Web page (*.html)")
        )[0]
        if path:
            self.write_report(Path(path))

    def write_report(self, path: Path) -> None:
        """Write the report with every session's traces; a file of that name is replaced."""
        audit, name, qualities = self._audit, self._page.set_name, self._qualities()
        if audit is None:
            return
        n_unreadable = len(self._unreadable)
        self._page.set_busy(self.tr("Writing the report …"), 0.3)
        self._page.set_writing(writing=True)

        def work(job: Job) -> bool:
            full = []
            for quality in qualities:
                if job.cancel.is_set():
                    return False
                full.append(audit.with_trace(quality))
            text = audit.report_html(name, full, n_unreadable)
            if job.cancel.is_set():
                return False
            path.write_text(text, encoding="utf-8")
            return True

        def done(written: bool) -> None:
            self._page.set_writing(writing=False)
            self._page.set_busy("")
            said = self.tr("The report was written: {path}") if written else self.tr("No report was written.")
            self._page.say(said.format(path=path))

        self._job = self._background.run(work, self._current(done), self._failed)

    # ---- the background
    def _current(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """A callback that is left out once another study, or the same one anew, is shown."""
        started = self._n_started

        def call(value: Any) -> None:
            if started == self._n_started:
                callback(value)

        return call

    def _failed(self, error: BaseException) -> None:
        self._late.stop()
        self._missing = []
        self._page.set_writing(writing=False)
        self._page.set_error(sentence(error, path=str(logs.log_path())))
