"""``audit`` as its users start it: good sessions beside all that can be wrong with one."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from ifllm_desktop.analysis.values_json import plain
from ifllm_desktop.compose import open_study
from ifllm_desktop.compose_audit import StudyAudit, Unreadable
from ifllm_desktop.domain.exclusions import ExclusionRule
from ifllm_desktop.domain.session import SegmentInfo, SessionInfo
from tests.audit_sessions import quality
from tests.command_line import assert_one_sentence, run
from tests.gaze_sessions import study_with
from tests.quality_sessions import known_session

GOOD, LOSSY, UNVALIDATED, DAMAGED = "S1", "S2", "S3", "S4"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good session, one with 90 % loss, one without a validation, one whose file is damaged."""
    sessions = [
        known_session(session_id=GOOD, participant_id="P01", minutes=0.3),
        known_session(session_id=LOSSY, participant_id="P02", loss=0.9, minutes=0.3),
        known_session(session_id=UNVALIDATED, participant_id="P03", validated=False, minutes=0.3),
        known_session(session_id=DAMAGED, participant_id="P04", minutes=0.3),
    ]
    study = study_with(tmp_path_factory.mktemp("study") / "study", sessions)
    (study / "recordings" / f"{DAMAGED}-1.sqlite").write_bytes(b"not a database")
    return study


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "study"))


def test_that_the_report_lists_every_session_with_its_reason(study: Path, tmp_path: Path) -> None:
    ran = run(tmp_path, ["audit", study, "--json"])
    assert ran.code == 0, ran.err
    report = ran.report
    sessions = {entry["session_id"]: entry for entry in report["sessions"]}
    assert list(sessions) == [GOOD, LOSSY, UNVALIDATED]
    assert sessions[GOOD]["included"] and sessions[GOOD]["rules"] == []
    assert sessions[LOSSY]["rules"] == ["loss"] and sessions[LOSSY]["loss"] == pytest.approx(0.9, abs=0.01)
    assert (
        sessions[UNVALIDATED]["rules"] == ["not_validated"] and sessions[UNVALIDATED]["accuracy_px"] is None
    )
    assert "never validated" in sessions[UNVALIDATED]["problems"][0]["words"]
    (unreadable,) = report["unreadable"]
    assert unreadable["session_id"] == DAMAGED and "damaged" in unreadable["reason"]
    assert report["n_included"] == 1
    assert {(c["code"], c["n"]) for c in report["removed_by"]} == {("loss", 1), ("not_validated", 1)}
    assert "Of 4 sessions 1 was kept" in report["paper"]["sentences"]
    assert "audited=4/4" in ran.said


def test_that_a_table_is_printed_without_a_window(study: Path, tmp_path: Path) -> None:
    ran = run(tmp_path, ["audit", study, "--table"])
    lines = ran.out.splitlines()
    assert ran.code == 0 and lines[0].split()[:4] == ["Session", "Grade", "px", "deg"]
    assert lines[1].startswith("✓ P01 · 1") and lines[2].startswith("– P02 · 1") and lines[2].endswith("loss")
    assert lines[4].startswith("! P04") and "damaged" in lines[4]
    assert "nan" not in ran.out and "Set main: 1 of 4 sessions count." in ran.out


def test_that_one_session_is_told_in_full(study: Path, tmp_path: Path) -> None:
    report = run(tmp_path, ["audit", study, GOOD, "--json"]).report
    assert len(report["sessions"]) == 1 and len(report["quality"]["trace"]["t_s"]) > 100
    assert "Attempts:" in run(tmp_path, ["audit", study, GOOD, "--table"]).out


def test_that_the_report_file_needs_nothing_else(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit.html"
    ran = run(tmp_path, ["audit", study, "--report", out])
    text = out.read_text(encoding="utf-8")
    assert ran.code == 0 and f"Report: {out}" in ran.out
    assert (
        "<script" not in text
        and "src=" not in text
        and "P01" in text
        and "nan" not in text.lower().split(">")
    )


def test_that_the_second_audit_opens_no_recording(study: Path, tmp_path: Path) -> None:
    first = run(tmp_path, ["audit", study, GOOD, "--json"]).report["sessions"]
    (study / "recordings" / f"{GOOD}-1.sqlite").unlink()
    again = run(tmp_path, ["audit", study, GOOD, "--json"])
    assert again.report["sessions"] == first and not again.said


def test_that_other_limits_judge_anew(study: Path, tmp_path: Path) -> None:
    run(tmp_path, ["audit", study, "--json"])
    path = study / "study.yaml"
    path.write_text(path.read_text("utf-8").replace("max_error_deg: 3.5", "max_error_deg: 0.8"), "utf-8")
    ran = run(tmp_path, ["audit", study, "--json"])
    good = next(entry for entry in ran.report["sessions"] if entry["session_id"] == GOOD)
    assert good["rules"] == ["accuracy"] and not good["included"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["S9", "--json"], 1, "no session S9"),
        (["--set", "pilot", "--json"], 1, "no exclusion set pilot"),
        (["--report", "."], 1, "is a folder"),
        ([], 1, "No display"),
    ],
)
def test_that_what_cannot_be_is_said_in_a_sentence(
    study: Path, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    assert_one_sentence(run(tmp_path, ["audit", study, *arguments]), code, words)


def test_that_decisions_and_rules_of_a_set_last(study: Path) -> None:
    with open_study(study) as opened:
        audit = StudyAudit(opened, who="anna")
        list(audit.work_out(audit.state().missing))
        audit.exclusions.exclude("main", GOOD, "slept")
        audit.exclusions.make("strict", ExclusionRule(max_loss=0.01))
    with open_study(study) as opened:
        audit = StudyAudit(opened)
        qualities = audit.state().qualities
        assert list(audit.exclusions.sets()) == ["main", "strict"]
        decided = audit.decisions("main", qualities)
        assert decided[GOOD].reason == "slept" and not decided[GOOD].included
        assert audit.exclusions.set_named("main").choices[GOOD].who == "anna"
        assert [c.code for c in audit.removed_by("strict", qualities)] == ["loss"]
        assert audit.exclusions.undo("main") is not None
        assert audit.decisions("main", qualities)[GOOD].included
        assert "loss ≤ 1 %" in audit.paper("strict", qualities).as_text()


def test_that_work_stops_when_it_is_cancelled_and_keeps_what_is_done(study: Path) -> None:
    import threading

    cancel = threading.Event()
    with open_study(study) as opened:
        audit = StudyAudit(opened)
        done = []
        for entry in audit.work_out(audit.state().missing, cancel):
            done.append(entry)
            cancel.set()
        assert len(done) == 1 and not isinstance(done[0], Unreadable)
        assert [q.session_id for q in audit.state().qualities] == [GOOD]
        assert audit.quality(GOOD).trace.t_s == done[0].trace.t_s
        assert audit.with_trace(audit.state().qualities[0]).trace.t_s == done[0].trace.t_s


@pytest.mark.slow
def test_that_five_hundred_known_sessions_are_there_within_two_seconds(tmp_path: Path) -> None:
    with open_study(study_with(tmp_path / "study", [])) as opened:
        catalogue, audit = opened.catalogue(), StudyAudit(opened)
        for number in range(500):
            made = quality(number, with_trace=True)
            name = f"{made.session_id}-1"
            segment = SegmentInfo(name, made.session_id, 1, f"{name}.sqlite", 0, True, False, "ab" * 32)
            catalogue.add_participant(made.participant_id, "simulated", 0)
            catalogue.add_session(
                SessionInfo(
                    made.session_id, made.participant_id, "demo", 1, 1, "simulated", "finished", (segment,)
                )
            )
        for info in audit.sessions():
            made = quality(int(info.session_id[2:]), with_trace=True)
            catalogue.put_quality(
                info.session_id, audit.quality_key(info), made.without_trace().to_json(), plain(made.trace)
            )
        started_s = time.process_time()
        fresh = StudyAudit(opened)
        state = fresh.state()
        assert len(state.qualities) == 500 and not state.missing
        assert len(fresh.decisions("main", state.qualities)) == 500
        assert "Of 500 sessions" in fresh.paper("main", state.qualities).sentences
        assert time.process_time() - started_s < 2.0
