"""Runs without a window: simulated participants, the same widgets laid out offscreen."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication

from ifllm_desktop import compose, compose_exports, compose_labels, compose_rewards
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.replay.read_back import read_back
from ifllm_desktop.session.headless import HeadlessRun
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.ui.offscreen_stage import OffscreenStage
from ifllm_desktop.wording import gaze_reason

DEMO_PARTICIPANTS = 6
"""Simulated people of the headless demo: enough for grouped folds, few enough for a minute."""
DEMO_SCREEN = Screen(1440.0, 900.0, 1.0, 344.0, 215.0, 600.0, "simulated", "simulated")
"""A 14-inch laptop at 60 cm."""
DAY_NS = 86_400_000_000_000
Say = Callable[[str], None]


def demo_study(study: Path | None) -> Path:
    """The folder of the demo study, made where it does not exist yet."""
    folder = study or compose.default_study_folder()
    if not (folder / "study.yaml").exists():
        compose.new_study(folder, "demo")
    return folder


def offscreen_application() -> QApplication:
    """A Qt application that needs no display; kept by the caller while widgets live."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication(["ifllm-desktop"])


def run_headless(
    study_path: Path,
    participant: str | None,
    camera: str,
    seed: int,
    *,
    realtime: bool,
    say: Say,
    max_turns: int = 3,
) -> dict[str, Any]:
    """One simulated participant through a study; the report of ``run --headless``."""
    started_s = time.monotonic()
    application = offscreen_application()
    study = compose.open_study(study_path)
    if camera != compose.SIMULATED:
        compose.check_camera(camera)
    for sentence in compose.recover_study(study):
        say(sentence)
    participant_id = compose.next_participant(study) if participant is None else participant
    with _interrupt_event() as stop:
        report = _run_one(
            study, participant_id, camera, seed, realtime=realtime, say=say, number=0, max_turns=max_turns,
            stop=stop,
        )  # fmt: skip
    del application
    return {
        "study": str(study_path), "sessions": [report["session_id"]], "participants": [participant_id],
        "frames": report["frames"], "landmark_rows": report["landmark_rows"], "gap_rows": report["gap_rows"],
        "export": None, "elapsed_s": round(time.monotonic() - started_s, 3), "camera": camera,
        "video_passes": report["video_passes"], "frames_by_pass": report["frames_by_pass"],
        "gaze": report["gaze"], "simulated": report["simulated"],
    }  # fmt: skip


def run_demo_headless(study_path: Path | None, camera: str | None, seed: int, say: Say) -> dict[str, Any]:
    """Record, replay, label, score and export with simulated devices; the report of ``demo --headless``."""
    started_s = time.monotonic()
    application = offscreen_application()
    source = camera or compose.SIMULATED
    if source != compose.SIMULATED:
        compose.check_camera(source)
    folder = demo_study(study_path)
    study = compose.open_study(folder)
    for sentence in compose.recover_study(study):
        say(sentence)
    n_people = DEMO_PARTICIPANTS if source == compose.SIMULATED else 1
    people = compose.new_participants(study, n_people, compose.devices_of(source))
    if n_people == 1:
        say(f"{people[0]}: a simulated participant acts, gaze comes from {source} …")
        with _interrupt_event() as stop:
            reports = [_run_one(study, people[0], source, seed, realtime=False, say=say, number=0, stop=stop)]
    else:
        reports = _run_many(folder, people, source, seed, say)
    say("Labels, scores and export …")
    sessions = [r["session_id"] for r in reports]
    labels = compose_labels.label_for_demo(study, sessions[0])
    scores = compose_rewards.train_and_score(study, seed)
    out = compose_exports.next_export_folder(study)
    export = compose_exports.export_study(folder, "all", out)
    del application
    return {
        "study": str(folder), "sessions": sessions, "participants": [r["participant_id"] for r in reports],
        "frames": sum(r["frames"] for r in reports), "landmark_rows": sum(r["landmark_rows"] for r in reports),
        "gap_rows": sum(r["gap_rows"] for r in reports), "export": str(out),
        "elapsed_s": round(time.monotonic() - started_s, 3), "camera": source,
        "video_passes": sum(r["video_passes"] for r in reports),
        "frames_by_pass": [r["frames_by_pass"] for r in reports], "gaze": [r["gaze"] for r in reports],
        "replay": [read_back(study.source(s)) for s in sessions], "labels": labels, "scores": scores,
        "files": export["files"], "excluded": export["excluded"], "simulated": True,
    }  # fmt: skip


def _run_many(folder: Path, people: list[str], camera: str, seed: int, say: Say) -> list[dict[str, Any]]:
    """Simulated participants side by side, one process a core: they share nothing but the catalogue."""
    context = multiprocessing.get_context("spawn")  # Qt does not survive a fork
    n_workers = min(len(people), os.cpu_count() or 1)
    stop = context.Event()
    with ProcessPoolExecutor(n_workers, context, _follow, (stop,)) as pool:
        reports = []
        try:
            # workers start with their first job and inherit that they do not hear Ctrl-C: it reaches them as `stop`
            with _interrupts_held():
                jobs = [
                    pool.submit(_run_in_process, folder, participant_id, camera, seed, number)
                    for number, participant_id in enumerate(people)
                ]
            for number, job in enumerate(jobs):
                said, report = job.result()
                for sentence in said:
                    say(sentence)
                say(f"Participant {number + 1} of {len(people)} ({people[number]}, simulated) is done.")
                reports.append(report)
        except BaseException:
            stop.set()
            with _interrupts_ignored():
                pool.shutdown(wait=True, cancel_futures=True)
            raise
        return reports


_stop_worker = threading.Event()


def _follow(stop: Event) -> None:
    """In a worker: hand on that everything is to stop."""

    def wait() -> None:
        stop.wait()
        _stop_worker.set()

    threading.Thread(target=wait, name="ifllm-stop", daemon=True).start()


@contextmanager
def _interrupt_event() -> Iterator[threading.Event]:
    """Ctrl-C sets the event instead of tearing a session apart wherever it happens to be; raised at the end."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
    if stop.is_set():
        raise KeyboardInterrupt


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until the block is left; where the system cannot hold it back it is ignored there."""
    on_main = threading.current_thread() is threading.main_thread()
    if not on_main or not hasattr(signal, "pthread_sigmask"):
        with _interrupts_ignored():
            yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _run_in_process(
    folder: Path, participant_id: str, camera: str, seed: int, number: int
) -> tuple[list[str], dict[str, Any]]:
    application = offscreen_application()
    said: list[str] = []
    study = StudyFolder.open(folder)
    try:
        report = _run_one(
            study, participant_id, camera, seed, realtime=False, say=said.append, number=number,
            stop=_stop_worker, alone=False,
        )  # fmt: skip
    finally:
        study.close()
    del application
    return said, report


def _run_one(
    study: StudyFolder,
    participant_id: str,
    camera: str,
    seed: int,
    *,
    realtime: bool,
    say: Say,
    number: int,
    stop: threading.Event,
    max_turns: int = 3,
    alone: bool = True,
) -> dict[str, Any]:
    options = compose.SessionOptions(
        camera=camera, seed=seed, simulated_clock=not realtime, simulated_person=True, screen=DEMO_SCREEN,
        start_wall_ns=None if realtime else compose.SIMULATED_WALL_START_NS + number * DAY_NS,
        alone=alone,
    )  # fmt: skip
    parts = compose.prepare_session(study, participant_id, options)
    assert parts.person is not None
    stage = OffscreenStage(DEMO_SCREEN, parts.conductor.record)
    progress = (lambda s: say(f"recorded_s={s:.3f}")) if realtime else None
    run = HeadlessRun(
        parts.conductor,
        stage,
        parts.person,
        parts.clock,
        parts.quality_of,
        max_turns=max_turns,
        progress=progress,
        cancel=stop,
    )
    cleanly = False
    try:
        snapshot = run.run()
        if stop.is_set():
            snapshot = parts.conductor.command("stop", "interrupted")
        cleanly = True
    finally:
        fault = parts.conductor.recorder.fault()
        segment = parts.finish(cleanly=cleanly)
        stage.close()
    if fault is not None:
        raise fault
    pipeline = parts.conductor.pipeline()
    gaze = _gaze_report(snapshot)
    if gaze["reason"] and not stop.is_set():
        say(
            f"{participant_id}: the gaze is not good enough ({gaze_reason(gaze['reason'])}); "
            "the session is kept, and nothing is claimed about its gaze."
        )
    return {
        "session_id": parts.info.session_id, "participant_id": participant_id, "segment": segment.file,
        "frames": pipeline.n_frames if pipeline else 0,
        "landmark_rows": pipeline.n_landmark_rows if pipeline else 0,
        "gap_rows": pipeline.n_gap_rows if pipeline else 0,
        "video_passes": parts.conductor.video_passes(), "simulated": camera == compose.SIMULATED,
        "frames_by_pass": [n for _, n in sorted(pipeline.n_by_pass.items())] if pipeline else [],
        "gaze": gaze,
    }  # fmt: skip


def _gaze_report(snapshot: FlowSnapshot) -> dict[str, Any]:
    calibration, validation = snapshot.calibration, snapshot.validation
    latest = validation or calibration
    measured = validation is not None and math.isfinite(validation.accuracy_px)
    return {
        "calibrated": bool(calibration and calibration.ok),
        "ok": bool(validation and validation.ok),
        "reason": latest.reason if latest is not None else "no_gaze",
        "accuracy_px": round(validation.accuracy_px, 1) if validation is not None and measured else None,
        "grade": validation.grade if validation is not None else "",
    }
