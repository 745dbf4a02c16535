"""A recording that is killed or interrupted: what was promised is there, and the next start says what it found."""

from __future__ import annotations

import itertools
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from ifllm_desktop import compose
from ifllm_desktop.store.study import StudyFolder
from tests.command_line import command, environment, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and SIGINT as on POSIX"),
]

N_KILLS = 12
FIRST_KINDS = ("session_start", "page", "page", "consent", "page", "camera", "camera_device", "page")


@dataclass
class Recording:
    """A `run --headless --realtime` whose stderr is read as it comes."""

    folder: Path
    process: subprocess.Popen[str]
    lines: list[tuple[float, str]] = field(default_factory=list)
    wall_ns: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def promised_s(self) -> list[float]:
        return [float(line.split("=")[1]) for _, line in self.lines if line.startswith("recorded_s=")]

    @property
    def times_s(self) -> list[float]:
        return [t_s for t_s, line in self.lines if line.startswith("recorded_s=")]

    @property
    def said(self) -> list[str]:
        return [line for _, line in self.lines if not line.startswith("recorded_s=")]


def start(home: Path, folder: Path, until_s: float) -> Recording:
    """Start a recording and return once it has promised ``until_s`` seconds (or a minute has passed)."""
    process = subprocess.Popen(
        command("run", folder, "--headless", "--realtime", "--json"), env=environment(home),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
    )  # fmt: skip
    recording = Recording(folder, process)
    reached = threading.Event()

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            recording.lines.append((time.monotonic(), line.rstrip("\n")))
            if line.startswith("recorded_s=") and float(line.split("=")[1]) >= until_s:
                reached.set()
        process.stderr.close()
        recording.ended.set()
        reached.set()

    threading.Thread(target=read, daemon=True).start()
    reached.wait(60)
    return recording


def end(recording: Recording, signal_number: int) -> tuple[int, str]:
    """Send a signal and wait; returns exit code and stdout."""
    recording.wall_ns = time.time_ns()
    os.kill(recording.process.pid, signal_number)
    assert recording.process.stdout is not None
    out = recording.process.stdout.read()
    code = recording.process.wait(60)
    assert recording.ended.wait(60)
    recording.process.stdout.close()
    return code, out


def test_that_kills_at_random_moments_lose_nothing_that_was_promised(tmp_path: Path) -> None:
    moments = random.Random(7)
    plan = [(number, moments.uniform(0.1, 4.0), moments.uniform(0.0, 0.6)) for number in range(N_KILLS)]
    with ThreadPoolExecutor(2) as pool:
        losses = [loss for loss in pool.map(lambda p: kill_once(tmp_path, *p), plan) if loss is not None]
    assert len(losses) >= N_KILLS // 3  # the others were killed before there were samples to lose
    assert statistics.median(losses) <= 0.5, losses


def kill_once(home: Path, number: int, until_s: float, more_s: float) -> float | None:
    """Kill one recording; returns how many seconds of frames are missing before the kill, None without any."""
    folder = compose.new_study(home / f"study-{number}", "demo")
    recording = start(home, folder, until_s)
    time.sleep(more_s)
    code, out = end(recording, signal.SIGKILL)
    assert code == -signal.SIGKILL and out == ""
    assert recording.promised_s == sorted(recording.promised_s)
    assert recording.promised_s[-1] >= until_s, recording.lines
    spoken_s = recording.times_s[-1] - recording.times_s[0]
    assert len(recording.times_s) > 2 * spoken_s  # at least twice a second

    ran = run(home, ["verify", folder, "--json"])
    assert ran.code == 0, (ran.out, ran.err)
    assert ran.report["ok"] is True
    (report,) = ran.report["recordings"]
    assert report["recovered"] and not report["closed_cleanly"] and report["problems"] == []
    assert report["duration_s"] >= recording.promised_s[-1] - 5e-4  # said with three digits

    with StudyFolder.open(folder) as study:
        source = study.source(report["id"])
        kinds = tuple(event.kind for event in source.events())
        assert kinds[: len(FIRST_KINDS)] == FIRST_KINDS[: len(kinds)]
        if "consent" in kinds:  # a session that was cut off can be exported
            assert study.catalogue().consents()["P001"]["sharing"] is True
        frames = np.concatenate([source.read(s)[["t_ns", "frame_index"]] for s in ("landmarks", "gap")])
        assert sorted(frames["frame_index"].tolist()) == list(range(len(frames)))  # no hole
        if len(frames) == 0:
            return None
        killed_ns = recording.wall_ns - source.wall_ns(0)
        pauses_s = [b - a for a, b in itertools.pairwise(recording.times_s)]
        starved_s = max(0.0, max(pauses_s, default=0.0) - 0.3)  # a busy machine lets a recording wait
        missing_s = (killed_ns - int(frames["t_ns"].max())) / 1e9
        assert missing_s <= 0.5 + starved_s, (missing_s, starved_s)
        return max(0.0, missing_s - starved_s)


def test_that_the_next_start_says_what_it_recovered_and_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    folder = compose.new_study(tmp_path / "study", "demo")
    end(start(tmp_path, folder, 2.0), signal.SIGKILL)
    second = start(tmp_path, folder, 3.0)
    time.sleep(0.7)
    code, out = end(second, signal.SIGINT)
    assert code == 1 and out == ""
    recovered, stopped = second.said
    assert "had not been closed" in recovered and "were recovered" in recovered
    assert stopped == "Stopped; everything recorded until now is kept."

    ran = run(tmp_path, ["verify", folder])
    assert ran.code == 0 and "was not closed; recovered" in ran.out
    report = run(tmp_path, ["verify", folder, "--json"]).report
    assert [r["recovered"] for r in report["recordings"]] == [True, False]
    assert [r["closed_cleanly"] for r in report["recordings"]] == [False, True]
    with StudyFolder.open(folder) as study:
        info = study.catalogue().sessions()[1]
        assert info.state == "stopped" and info.participant_id == "P002"
        source = study.source(info.session_id)
        assert source.events()[-1].kind == "session_end"
        assert source.events()[-1].payload == {"reason": "interrupted"}
        frames = np.concatenate([source.read(s)["frame_index"] for s in ("landmarks", "gap")])
        assert len(frames) > 0 and sorted(frames.tolist()) == list(range(len(frames)))


def test_that_ctrl_c_ends_a_demo_cleanly_with_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    process = subprocess.Popen(
        command("demo", "--headless", "--study", folder, "--json"), env=environment(tmp_path),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
    )  # fmt: skip
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s and not list(folder.glob("recordings/*.sqlite")):
        time.sleep(0.05)
    time.sleep(1.0)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and out == ""
    assert [line for line in err.splitlines() if "is done" not in line] == [
        "Stopped; everything recorded until now is kept."
    ]
    report = run(tmp_path, ["verify", folder, "--json"]).report
    assert report["ok"] is True and len(report["recordings"]) >= 1
    assert all(r["closed_cleanly"] and not r["recovered"] for r in report["recordings"])
