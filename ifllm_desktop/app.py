"""Starts and stops Qt: the window, and the headless runs that lay out text with the same widgets offscreen."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ifllm_desktop import compose
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.space import Screen

DEMO_PARTICIPANTS = 6
"""Simulated people of the headless demo: enough for grouped folds, few enough for a minute."""
DEMO_SCREEN = Screen(1440.0, 900.0, 1.0, 344.0, 215.0, 600.0)
"""A 14-inch laptop at 60 cm."""
DAY_NS = 86_400_000_000_000
Say = Callable[[str], None]


def has_display() -> bool:
    """Whether a window can be opened (Qt aborts the process where it cannot)."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform and not platform.startswith(("xcb", "wayland")):
        return platform.split(":")[0] not in ("offscreen", "minimal")
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


# ---- with a window ---------------------------------------------------------------------------


def _need_display(alternative: str) -> None:
    if not has_display():
        raise WorldError("no_display", alternative=alternative)


def open_window() -> int:
    """The workbench on Home."""
    _need_display("ifllm-desktop demo --headless")
    from ifllm_desktop.ui.workbench import run_workbench

    return run_workbench()


def open_demo(study: Path | None, camera: str | None, seed: int) -> int:
    """The workbench on Home with the demo study ready to start."""
    _need_display("ifllm-desktop demo --headless")
    from ifllm_desktop.ui.workbench import run_workbench

    folder = demo_study(study)
    return run_workbench(study=folder, camera=camera or compose.SIMULATED, seed=seed)


def open_run(study: Path, participant: str | None, camera: str) -> int:
    """Straight into a participant's session."""
    _need_display(f"ifllm-desktop run {study} --headless")
    from ifllm_desktop.ui.workbench import run_workbench

    compose.open_study(study)
    return run_workbench(study=study, camera=camera, run_at_once=True, participant=participant)


def open_session(study: Path, session: str | None, page: str) -> int:
    """Straight into the replay of a session."""
    compose.session_of(compose.open_study(study), session)
    _need_display(f"ifllm-desktop export {study} --out DIR")
    from ifllm_desktop.ui.workbench import run_workbench

    return run_workbench(study=study, session=session, page=page)


def demo_study(study: Path | None) -> Path:
    """The folder of the demo study, made where it does not exist yet."""
    folder = study or compose.default_study_folder()
    if not (folder / "study.yaml").exists():
        compose.new_study(folder, "demo")
    return folder


# ---- without a window ------------------------------------------------------------------------


def _offscreen() -> Any:
    """A Qt application that needs no display; kept by the caller while widgets live."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    return QApplication.instance() or QApplication(["ifllm-desktop"])


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
    application = _offscreen()
    study = compose.open_study(study_path)
    for sentence in compose.recover_study(study):
        say(sentence)
    participant_id = participant or compose.next_participant(study)
    report = _run_one(study, participant_id, camera, seed, realtime=realtime, say=say, number=0, max_turns=max_turns)
    del application
    return {
        "study": str(study_path), "sessions": [report["session_id"]], "participants": [participant_id],
        "frames": report["frames"], "landmark_rows": report["landmark_rows"], "gap_rows": report["gap_rows"],
        "export": None, "elapsed_s": round(time.monotonic() - started_s, 3), "camera": camera,
        "video_passes": report["video_passes"], "gaze": report["gaze"], "simulated": report["simulated"],
    }  # fmt: skip


def run_demo_headless(study_path: Path | None, camera: str | None, seed: int, say: Say) -> dict[str, Any]:
    """Record, replay, label, score and export with simulated devices; the report of ``demo --headless``."""
    started_s = time.monotonic()
    application = _offscreen()
    source = camera or compose.SIMULATED
    if source != compose.SIMULATED:
        compose.check_camera(source)
    folder = demo_study(study_path)
    study = compose.open_study(folder)
    for sentence in compose.recover_study(study):
        say(sentence)
    n_people = DEMO_PARTICIPANTS if source == compose.SIMULATED else 1
    reports = []
    for number in range(n_people):
        participant_id = compose.next_participant(study)
        say(f"Participant {number + 1} of {n_people} ({participant_id}, simulated) …")
        reports.append(_run_one(study, participant_id, source, seed, realtime=False, say=say, number=number))
    say("Labels, scores and export …")
    sessions = [r["session_id"] for r in reports]
    labels = compose.label_for_demo(study, sessions[0])
    scores = compose.train_and_score(study, seed)
    out = compose.next_export_folder(study)
    export = compose.export_study(folder, "all", out)
    del application
    return {
        "study": str(folder), "sessions": sessions, "participants": [r["participant_id"] for r in reports],
        "frames": sum(r["frames"] for r in reports), "landmark_rows": sum(r["landmark_rows"] for r in reports),
        "gap_rows": sum(r["gap_rows"] for r in reports), "export": str(out),
        "elapsed_s": round(time.monotonic() - started_s, 3), "camera": source,
        "video_passes": sum(r["video_passes"] for r in reports), "gaze": [r["gaze"] for r in reports],
        "replay": [compose.replay_summary(study, s) for s in sessions], "labels": labels, "scores": scores,
        "files": export["files"], "excluded": export["excluded"], "simulated": True,
    }  # fmt: skip


def _run_one(
    study: Any, participant_id: str, camera: str, seed: int, *, realtime: bool, say: Say, number: int,
    max_turns: int = 3,
) -> dict[str, Any]:
    from ifllm_desktop.session.headless import HeadlessRun
    from ifllm_desktop.ui.offscreen_stage import OffscreenStage

    options = compose.SessionOptions(
        camera=camera, seed=seed, simulated_clock=not realtime, simulated_person=True, screen=DEMO_SCREEN,
        start_wall_ns=None if realtime else compose.SIMULATED_WALL_START_NS + number * DAY_NS,
    )  # fmt: skip
    parts = compose.prepare_session(study, participant_id, options)
    assert parts.person is not None
    stage = OffscreenStage(DEMO_SCREEN, parts.conductor.record)
    progress = (lambda s: say(f"recorded_s={s:.3f}")) if realtime else None
    run = HeadlessRun(parts.conductor, stage, parts.person, parts.clock, parts.quality_of, max_turns=max_turns, progress=progress)
    cleanly = False
    try:
        snapshot = run.run()
        cleanly = True
    finally:
        fault = parts.conductor.recorder.fault()
        segment = parts.finish(cleanly=cleanly)
        stage.close()
    if fault is not None:
        raise fault
    pipeline = parts.conductor.pipeline()
    gaze = snapshot.validation
    if gaze is not None and not gaze.ok:
        say(f"{participant_id}: the gaze was not good enough ({gaze.reason}); the session went on without claims on it.")
    return {
        "session_id": parts.info.session_id, "participant_id": participant_id, "segment": segment.file,
        "frames": pipeline.n_frames if pipeline else 0,
        "landmark_rows": pipeline.n_landmark_rows if pipeline else 0,
        "gap_rows": pipeline.n_gap_rows if pipeline else 0,
        "video_passes": parts.conductor.video_passes(), "simulated": camera == compose.SIMULATED,
        "gaze": _gaze_report(snapshot),
    }  # fmt: skip


def _gaze_report(snapshot: Any) -> dict[str, Any]:
    calibration, validation = snapshot.calibration, snapshot.validation
    return {
        "calibrated": bool(calibration and calibration.ok), "reason": (validation or calibration).reason
        if (validation or calibration) else "no_gaze",
        "accuracy_px": round(validation.accuracy_px, 1) if validation and validation.accuracy_px == validation.accuracy_px else None,
        "grade": validation.grade if validation else "",
    }  # fmt: skip


def run_selftest() -> dict[str, Any]:
    """The report of ``selftest``."""
    application = _offscreen()
    from ifllm_desktop import selftest

    report = selftest.run()
    del application
    return report


def run_bench(name: str, length_s: float, video: str | None) -> dict[str, Any]:
    """The report of ``bench NAME``."""
    if not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from ifllm_desktop import bench

    return bench.run(name, length_s, video)


def free_bytes(path: Path) -> int:
    """Free space where a study lies."""
    return shutil.disk_usage(path).free
