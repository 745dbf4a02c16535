"""SIGKILL at any moment loses nothing that was promised, and the next start picks up the rest."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from threading import Timer

import pytest

from ifllm_desktop.store.recovery import recover, verify
from ifllm_desktop.store.study import StudyFolder

N_KILLS = 14
MOST_LOST_NS = 500_000_000

# Records short sessions one after the other, so that kills also hit the making and the sealing of files.
# Each line on stdout is written only after the store said so: session, rows promised, time promised, last
# time put, votes promised.
CHILD = """
import os, sys, time
from ifllm_desktop.domain.session import SessionInfo
from ifllm_desktop.store.recovery import recover
from ifllm_desktop.store.study import StudyFolder

study = StudyFolder.open(sys.argv[1])
recover(study)
catalogue = study.catalogue()
catalogue.add_participant("p1", "simulated", 1)
header = {"participant_id": "p1", "study_id": "demo", "devices": "simulated"}
for k in range(1000):
    name = f"{sys.argv[2]}s{k}"
    catalogue.add_session(SessionInfo(name, "p1", "demo", 1, 1, "simulated", "open"))
    writer = study.new_segment(name, 1, header, 10**18)
    start = time.perf_counter_ns()
    due, rows, votes, vote_tickets = 0, 0, 0, []
    while due < float(sys.argv[3]) * 10**9:
        due += 1_000_000
        while time.perf_counter_ns() - start < due:
            time.sleep(0.0002)
        writer.put("pointer", (due, "move", float(rows), 0.0, "", ""))
        rows += 1
        if rows % 50 == 0:
            vote_tickets.append(writer.put("event", (due, "marker", '{"text":""}')))
        if rows % 5 == 0:
            committed, t_ns = writer.committed(), writer.committed_t_ns()
            votes = sum(ticket <= committed for ticket in vote_tickets)
            os.write(1, f"{name} {committed - votes} {t_ns} {due} {votes}\\n".encode())
    catalogue.put_segment(writer.close(cleanly=True))
    catalogue.set_session_state(name, "finished")
    os.write(1, f"{name} {rows} {due} {due} {len(vote_tickets)}\\n".encode())
"""


def run_and_kill(study: Path, prefix: str, session_s: float, after_s: float) -> list[str]:
    """Start the child, kill it ``after_s`` after its first promise, return the promises."""
    command = [sys.executable, "-c", CHILD, str(study), prefix, str(session_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stderr is not None
        first = child.stdout.readline()
        timer = Timer(after_s, child.kill)
        timer.start()
        lines = [first, *child.stdout]  # ends with the child
        timer.join()
        said = child.stderr.read()
    assert child.returncode == -signal.SIGKILL, said
    assert said == ""
    return [line for line in lines if line.endswith("\n")]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")
def test_that_a_kill_at_any_moment_loses_nothing_that_was_promised(tmp_path: Path) -> None:
    (tmp_path / "template").mkdir()
    (tmp_path / "template" / "study.yaml").write_text("id: demo\n")
    folder = StudyFolder.create(tmp_path / "study", tmp_path / "template").path
    rng = random.Random(7)
    promises: dict[str, tuple[int, int, int, int]] = {}
    n_recovered = 0
    for kill in range(N_KILLS):
        session_s = 60.0 if kill % 2 else 0.03  # long recordings, and many openings and closings
        lines = run_and_kill(folder, f"k{kill}", session_s, rng.uniform(0.0, 0.7))
        for line in lines:
            name, *numbers = line.split()
            n_rows, t_ns, put_ns, n_votes = map(int, numbers)
            promises[name] = (n_rows, t_ns, put_ns, n_votes)
        with StudyFolder.open(folder) as study:
            n_recovered += sum(report.recovered for report in recover(study))
            report = verify(study)
            problems = [problem for recording in report["recordings"] for problem in recording["problems"]]
            assert report["ok"], problems + report["problems"]
            assert {info.state for info in study.catalogue().sessions()} <= {"finished", "stopped"}
    assert n_recovered >= N_KILLS // 2, "each long recording was cut off"
    check_promises(folder, promises)


def check_promises(folder: Path, promises: dict[str, tuple[int, int, int, int]]) -> None:
    rows: dict[str, int] = defaultdict(int)
    with StudyFolder.open(folder) as study:
        for name, (n_rows, t_ns, put_ns, n_votes) in promises.items():
            source = study.source(name)
            stored = source.read("pointer")["t_ns"]
            rows[name] = len(stored)
            assert stored.tolist() == [(i + 1) * 1_000_000 for i in range(len(stored))], "rows without a hole"
            assert len(stored) >= n_rows
            assert source.end_ns() >= t_ns
            assert len(source.events()) >= n_votes
            assert put_ns - source.end_ns() <= MOST_LOST_NS
    assert sum(rows.values()) > 1000
