"""Checks an installation with tiny real inputs: camera adapter, landmarker, layout, store, score, export."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ifllm_desktop import compose, compose_exports, compose_rewards
from ifllm_desktop.adapters.clip_writer import write_clip
from ifllm_desktop.adapters.clock import SimulatedClock
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.ports import Frame, Landmarker
from ifllm_desktop.wording import sentence

CLIP_FRAMES = 12
SAMPLE = "## A heading\n\nSome **bold** words, `code` and a list:\n\n- one\n- two 🚲\n"


def run() -> dict[str, Any]:
    """Every check in order; one that fails does not stop the others.

    Returns
    -------
    dict
        ``ok``, ``checks: [{name, ok, detail}]``, ``elapsed_s``.
    """
    started_s = time.monotonic()
    checks: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="ifllm-selftest-") as name:
        folder = Path(name)
        steps: list[tuple[str, Callable[[], str]]] = [
            ("resources", _resources),
            ("camera adapter", lambda: _camera(folder)),
            ("face model", lambda: _landmarker(folder)),
            ("text layout", _layout),
            ("recording", lambda: _recording(folder)),
            ("score", lambda: _score(folder)),
            ("export", lambda: _export(folder)),
        ]
        for title, step in steps:
            try:
                detail, ok = step(), True
            except Exception as error:  # noqa: BLE001 - whatever stops a check is what it has to report
                detail, ok = sentence(error), False
            checks.append({"name": title, "ok": ok, "detail": detail})
    return {
        "ok": all(c["ok"] for c in checks),
        "checks": checks,
        "elapsed_s": round(time.monotonic() - started_s, 2),
    }


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise BugError("selftest", what=what)


def _resources() -> str:
    from ifllm_desktop.protocol import load_protocol
    from ifllm_desktop.resource_files import resource_path

    protocol = load_protocol(resource_path("studies", "demo"))
    return f"demo study {protocol.id!r} with {len(protocol.tasks)} tasks"


def _clip(folder: Path) -> Path:
    path = folder / "clip.avi"
    return path if path.exists() else write_clip(path, CLIP_FRAMES, (320, 240), 30.0)


def _frames(folder: Path) -> list[Frame]:
    camera = compose.make_camera(str(_clip(folder)), SimulatedClock(), None)
    camera.open()
    try:
        frames = [camera.read() for _ in range(CLIP_FRAMES)]
    finally:
        camera.close()
    return [frame for frame in frames if frame is not None]


def _camera(folder: Path) -> str:
    frames = _frames(folder)
    _expect(
        len(frames) == CLIP_FRAMES and frames[-1].pass_index == 0, f"{len(frames)} of {CLIP_FRAMES} frames"
    )
    return f"{len(frames)} frames of a clip read in order, {frames[0].size_px[0]}×{frames[0].size_px[1]} px"


def _landmarker(folder: Path) -> str:
    landmarker: Landmarker = compose.make_landmarker("clip", None)
    try:
        found = [landmarker.detect(frame) for frame in _frames(folder)[:3]]
    finally:
        landmarker.close()
    _expect(found == [None] * 3, "a face was seen where there is none")
    return "loaded; says «no face» for pictures without one"


def _layout() -> str:
    from ifllm_desktop.ui.offscreen import offscreen_application
    from ifllm_desktop.ui.response_view import ResponseView

    application = offscreen_application()
    view = ResponseView("selftest")
    view.set_screen_rect(Rect(0, 0, 600, 400))
    view.set_source(SAMPLE, True)
    words = view.layout_snapshot().words
    view.deleteLater()
    del application
    _expect(
        any(SAMPLE[w.src_start : w.src_end] == "🚲" for w in words), "an emoji lost its place in the text"
    )
    return f"{len(words)} words laid out, each with its place in the source text"


def _recording(folder: Path) -> str:
    from ifllm_desktop.ui import offscreen

    study = folder / "study"
    compose.new_study(study, "demo")
    for participant in ("T001", "T002"):
        report = offscreen.run_headless(
            study, participant, "simulated", 1, realtime=False, say=lambda _: None, max_turns=2
        )
        _expect(
            report["frames"] == report["landmark_rows"] + report["gap_rows"], "frames and rows do not agree"
        )
    verified = compose.verify_study(study)
    _expect(verified["ok"], "; ".join(p for r in verified["recordings"] for p in r["problems"]))
    seconds = sum(r["duration_s"] for r in verified["recordings"])
    return f"{seconds:.0f} s of two simulated participants recorded, sealed and verified"


def _score(folder: Path) -> str:
    study = compose.open_study(folder / "study")
    done = compose_rewards.train_and_score(study, 1)
    scores = study.catalogue().scores()
    _expect(len(scores) > 0 and all(0 <= s.prob_left <= 1 for s in scores), "no scores")
    return f"{done['n_pairs']} pairs scored; trained on {done['trained_on']}"


def _export(folder: Path) -> str:
    report = compose_exports.export_study(folder / "study", "all", folder / "export")
    rows = sum(f["rows"] for f in report["files"])
    _expect(rows > 0, "nothing was exported")
    return f"{len(report['files'])} files with {rows} rows"
