"""The audit page with a study behind it: what is kept comes at once, what is decided is on disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from ifllm_desktop import compose
from ifllm_desktop.analysis.session_quality import SessionQuality
from ifllm_desktop.compose_audit import StudyAudit, Unreadable
from ifllm_desktop.domain.session import SessionInfo
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.ui.audit_desk import AuditDesk
from ifllm_desktop.ui.audit_page import AuditPage
from ifllm_desktop.ui.bridge import Background
from ifllm_desktop.ui.theme import Theme, apply_theme
from ifllm_desktop.ui.workbench import Workbench
from tests import audit_sessions as made
from tests.audit_study_folder import audited_study

LIMIT_MS = 20_000


class Bench:
    """A page with its desk and background."""

    def __init__(self, qtbot: QtBot) -> None:
        self._qtbot = qtbot
        self.page = AuditPage()
        qtbot.addWidget(self.page)
        self.background = Background()
        self.desk = AuditDesk(self.page, self.background)
        self.page.resize(1290, 720)
        self.page.show()

    def settle(self) -> None:
        """Wait until the background has nothing to do, and what that set off has none either."""
        for _ in range(4):
            done: list[None] = []
            self.background.run(lambda _: None, done.append, lambda _: None)
            self._qtbot.waitUntil(partial(bool, done), timeout=LIMIT_MS)
            self._qtbot.waitUntil(lambda: not self.desk.busy, timeout=LIMIT_MS)

    def show(self, study: StudyFolder, session_id: str | None = None) -> None:
        self.desk.show(study, session_id)
        self.settle()

    def said(self, name: str) -> str:
        found = self.page.findChild(QLabel, name)
        assert found is not None
        return found.text()


@pytest.fixture
def bench(qapp: QApplication, qtbot: QtBot) -> Iterator[Bench]:
    apply_theme(qapp, Theme())
    found = Bench(qtbot)
    yield found
    found.background.close()


@pytest.fixture
def study(tmp_path: Path) -> Iterator[StudyFolder]:
    qualities = [made.quality(3, error_px=115, refit=True, with_trace=True), *made.study(8)[3:]]
    with audited_study(tmp_path / "study", qualities) as opened:
        yield opened


def test_that_what_is_kept_is_shown_with_the_words_for_the_paper(bench: Bench, study: StudyFolder) -> None:
    bench.show(study)
    assert [r.session_id for r in bench.page.table.rows.rows] == [made.session_id(k) for k in range(3, 9)]
    assert "Gaze was estimated" in bench.said("audit_paper_text") and bench.page.paper.copy.isEnabled()
    assert not bench.page.busy.isVisible() and bench.page.header.report.isEnabled()


def test_that_a_named_session_is_chosen(bench: Bench, study: StudyFolder) -> None:
    bench.show(study, made.session_id(5))
    chosen = bench.page.table.chosen()
    assert chosen is not None and chosen.session_id == made.session_id(5)


def test_that_a_decision_is_on_disk_changes_the_words_and_can_be_taken_back(
    bench: Bench, study: StudyFolder
) -> None:
    bench.show(study)
    before = bench.said("audit_paper_text")
    bench.page.decided.emit(made.session_id(4), False, "spoke to somebody")
    bench.settle()
    row = bench.page.table.rows.row_of(made.session_id(4))
    assert row is not None and not row.included and row.decision.reason == "spoke to somebody"
    assert bench.said("audit_paper_text") != before
    again = StudyAudit(study).exclusions.set_named("main").choices
    assert again[made.session_id(4)].reason == "spoke to somebody"
    bench.page.undo_requested.emit()
    bench.settle()
    assert bench.said("audit_paper_text") == before
    assert StudyAudit(study).exclusions.set_named("main").choices == {}


def test_that_a_rule_is_applied_and_another_name_makes_a_set_that_is_shown(
    bench: Bench, study: StudyFolder
) -> None:
    bench.show(study)
    bench.page.header.limits.click()
    bench.page.limits.fields["max_error_deg"].setText("1.5")
    bench.page.limits.name.setText("strict")
    bench.page.limits.apply.click()
    bench.settle()
    assert bench.page.set_name == "strict" and not bench.page.limits.isVisible()
    assert [bench.page.header.sets.itemData(k) for k in range(2)] == ["main", "strict"]
    rule = StudyAudit(study).exclusions.set_named("strict").rule
    assert rule is not None and rule.max_error_deg == 1.5
    assert "set strict" in bench.said("audit_paper_text")
    # undoing its making takes the set away: the main one is shown
    bench.page.undo_requested.emit()
    bench.settle()
    assert bench.page.set_name == "main"


def test_that_details_come_with_the_trace(bench: Bench, study: StudyFolder) -> None:
    bench.show(study)
    bench.page.table.choose(made.session_id(3))
    bench.page.sessions.details.click()
    bench.settle()
    assert bench.page.session.traces.why_empty == ""


def test_that_the_report_is_written_where_it_was_asked_for(
    bench: Bench, study: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.show(study)
    target = tmp_path / "out.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(target), ""))
    bench.page.report_requested.emit()
    assert not bench.page.header.report.isEnabled()
    bench.settle()
    html = target.read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>") and "Gaze and head over time" in html
    assert str(target) in bench.said("audit_method") and bench.page.header.report.isEnabled()


def test_that_a_report_that_cannot_be_written_says_why(
    bench: Bench, study: StudyFolder, tmp_path: Path
) -> None:
    bench.show(study)
    bench.desk.write_report(tmp_path / "nowhere" / "out.html")
    bench.settle()
    assert "nowhere" in bench.said("audit_busy_text") and bench.page.header.report.isEnabled()
    assert len(bench.page.table.rows.rows) == 6


def test_that_recordings_that_are_gone_stand_in_the_list_and_stop_no_other(
    bench: Bench, tmp_path: Path
) -> None:
    with audited_study(tmp_path / "study", made.study(5), n_unknown=2) as study:
        bench.show(study)
        lost = bench.page.table.rows.row_of(made.session_id(5))
        assert lost is not None and not lost.included and lost.decision.rules == ("unreadable",)
        assert bench.page.sessions.filters["all"].text() == "All 5"
        assert bench.page.figures.n_sessions == 3


def test_that_sessions_come_one_after_the_other_and_stop_when_cancelled(
    bench: Bench, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {q.session_id: q for q in made.study(6)}
    go = threading.Semaphore(0)
    seen: list[str] = []

    def slowly(
        _self: StudyAudit, missing: Sequence[SessionInfo], cancel: threading.Event | None = None
    ) -> Iterator[SessionQuality | Unreadable]:
        for info in missing:
            assert go.acquire(timeout=LIMIT_MS / 1000)
            if cancel is not None and cancel.is_set():
                return
            seen.append(info.session_id)
            yield known[info.session_id]

    monkeypatch.setattr(StudyAudit, "work_out", slowly)
    with audited_study(tmp_path / "study", list(known.values()), n_unknown=4) as study:
        bench.desk.show(study)
        qtbot.waitUntil(lambda: len(bench.page.table.rows.rows) == 2, timeout=LIMIT_MS)
        qtbot.waitUntil(bench.page.busy.isVisible, timeout=LIMIT_MS)
        assert bench.said("audit_busy_text") == "Reading session 3 of 6 …"
        assert not bench.page.header.report.isEnabled()
        go.release()
        qtbot.waitUntil(lambda: "4 of 6" in bench.said("audit_busy_text"), timeout=LIMIT_MS)
        bench.page.cancel_requested.emit()
        go.release(4)
        bench.settle()
        assert len(seen) <= 2 and not bench.page.busy.isVisible()
        assert "3 sessions were not read" in bench.said("audit_method")
        assert len(bench.page.table.rows.rows) == 3 and bench.page.header.report.isEnabled()
        bench.desk.show(study)  # goes on where it stopped
        go.release(8)
        bench.settle()
        qtbot.waitUntil(lambda: len(bench.page.table.rows.rows) == 6, timeout=LIMIT_MS)


def test_that_another_study_takes_the_place_of_the_first(
    bench: Bench, study: StudyFolder, tmp_path: Path
) -> None:
    bench.show(study)
    bench.page.sessions.details.click()
    with audited_study(tmp_path / "other", made.study(2)) as other:
        bench.show(other)
        assert len(bench.page.table.rows.rows) == 2 and bench.page.stack.currentIndex() == 0
    bench.desk.forget()
    assert bench.page.stack.currentIndex() == 1


def test_that_five_hundred_sessions_are_open_within_two_seconds(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    with audited_study(tmp_path / "study", made.study(500)) as study:
        began, cpu_began = time.perf_counter(), time.process_time()
        bench.desk.show(study)
        qtbot.waitUntil(lambda: len(bench.page.table.rows.rows) == 500, timeout=LIMIT_MS)
        qtbot.wait(1)
        opened_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
        bench.settle()
        print(f"500 sessions open after {opened_s:.2f} s, {cpu_s:.2f} s of the processor")
        # two seconds are the promise; by the clock only where nothing else is running
        assert cpu_s < 2.0 and opened_s < 6.0
        frames = _scroll(bench)
        print(
            f"scrolling: median {sorted(frames)[len(frames) // 2]:.1f} ms, worst {max(frames):.1f} ms a page"
        )
        assert sorted(frames)[len(frames) // 2] < 50


def _scroll(bench: Bench) -> list[float]:
    """Time to paint the list after each of 40 steps, ms."""
    bar, times = bench.page.table.verticalScrollBar(), []
    for step in range(40):
        bar.setValue(step * bar.maximum() // 40)
        began = time.perf_counter()
        bench.page.table.viewport().grab()
        times.append(1000 * (time.perf_counter() - began))
    return times


def test_that_the_workbench_opens_the_audit_of_a_study_and_leads_to_the_replay(
    qapp: QApplication, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path / "config"))
    apply_theme(qapp, Theme())
    audited_study(tmp_path / "study", made.study(3)).close()
    work = Workbench(camera=compose.SIMULATED)
    try:
        asked: list[Any] = []
        monkeypatch.setattr(work, "open_replay", lambda *args: asked.append(args))
        work.audit.replay_requested.disconnect()
        work.audit.replay_requested.connect(work.open_replay)
        work.window.show()
        work.choose(tmp_path / "study")
        qtbot.waitUntil(
            lambda: work._study is not None and work.window.buttons["audit"].isEnabled(), timeout=LIMIT_MS
        )
        work.open_audit(made.session_id(2))
        qtbot.waitUntil(lambda: len(work.audit.table.rows.rows) == 3, timeout=LIMIT_MS)
        chosen = work.audit.table.chosen()
        assert work.window.stack.currentWidget() is work.audit
        assert work.window.focusWidget() is work.audit.table
        assert chosen is not None and chosen.session_id == made.session_id(2)
        work.audit.table.opened.emit(made.session_id(2))
        assert asked == [(made.session_id(2),)]
    finally:
        work.close()
        work.window.close()
        work.window.deleteLater()
        work.deleteLater()
