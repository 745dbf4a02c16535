"""Starts and stops Qt: the window, and the headless runs that lay out text with the same widgets offscreen."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ifllm_desktop import compose
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.settings import load_settings

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
    from ifllm_desktop.ui.workbench_run import run_workbench

    return run_workbench()


def open_demo(study: Path | None, camera: str | None, seed: int) -> int:
    """The workbench on Home with the demo study ready to start."""
    _need_display("ifllm-desktop demo --headless")
    from ifllm_desktop.ui.offscreen import demo_study
    from ifllm_desktop.ui.workbench_run import run_workbench

    folder = demo_study(study)
    return run_workbench(study=folder, camera=camera or compose.SIMULATED, seed=seed)


def open_run(study: Path, participant: str | None, camera: str | None) -> int:
    """Straight into a participant's session; without a camera with the one that was used last."""
    _need_display(f"ifllm-desktop run {study} --headless")
    from ifllm_desktop.ui.workbench_run import run_workbench

    compose.open_study(study)
    chosen = camera or load_settings().camera
    return run_workbench(study=study, camera=chosen, run_at_once=True, participant=participant)


def open_session(study: Path, session: str | None, page: str) -> int:
    """Straight into the replay of a session."""
    compose.session_of(compose.open_study(study), session)
    _need_display(f"ifllm-desktop export {study} --out DIR")
    from ifllm_desktop.ui.workbench_run import run_workbench

    return run_workbench(study=study, session=session, page=page)


def open_audit(study: Path, session: str | None) -> int:
    """Straight into the audit of a study, with a session chosen where one is named."""
    found = compose.open_study(study)
    if session is not None:
        session = compose.session_of(found, session).session_id
    _need_display(f"ifllm-desktop audit {study} --table")
    from ifllm_desktop.ui.workbench_run import run_workbench

    return run_workbench(study=study, session=session, page="audit")


def open_camera_calibration(camera: str, board: str) -> int:
    """The window "Camera and screen" alone."""
    _need_display("ifllm-desktop camera calibrate --from DIR")
    from ifllm_desktop.ui.camera_and_screen import run_camera_and_screen

    return run_camera_and_screen(camera, board)


# ---- without a window ------------------------------------------------------------------------


def run_headless(
    study: Path, participant: str | None, camera: str, seed: int, *, realtime: bool, say: Say
) -> dict[str, Any]:
    """The report of ``run --headless``."""
    _no_display_needed()
    from ifllm_desktop.ui import offscreen

    return offscreen.run_headless(study, participant, camera, seed, realtime=realtime, say=say)


def run_demo_headless(study: Path | None, camera: str | None, seed: int, say: Say) -> dict[str, Any]:
    """The report of ``demo --headless``."""
    _no_display_needed()
    from ifllm_desktop.ui import offscreen

    return offscreen.run_demo_headless(study, camera, seed, say)


def run_selftest() -> dict[str, Any]:
    """The report of ``selftest``."""
    _no_display_needed()
    from ifllm_desktop import selftest

    return selftest.run()


def run_bench(name: str, length_s: float, video: str | None) -> dict[str, Any]:
    """The report of ``bench NAME``, on the display where there is one."""
    if not has_display():
        _no_display_needed()
    from ifllm_desktop import bench

    return bench.run(name, length_s, video)


def _no_display_needed() -> None:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
