"""Speed on this machine, as figures with their units; nothing is asserted here."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ifllm_desktop.adapters.clip_writer import retime_clip, write_clip
from ifllm_desktop.domain.errors import UsageError

NAMES = ("live", "vision", "derive")
RATE_HZ = 30.0
"""A given video is played at this rate, whatever its own, so that figures can be compared."""


def run(name: str, length_s: float, video: str | None) -> dict[str, Any]:
    """The report of ``bench NAME``. Raises UsageError ``unknown_name``."""
    if name not in NAMES:
        raise UsageError("unknown_name", kind="bench", name=name, known=", ".join(NAMES))
    if name == "vision":
        return _vision(length_s, video)
    if name == "derive":
        return _derive()
    from ifllm_desktop.ui.live_bench import bench_live

    with tempfile.TemporaryDirectory(prefix="ifllm-bench-") as folder:
        clip = Path(folder) / "clip.avi"
        if video:
            retime_clip(Path(video), clip, RATE_HZ)
        else:
            write_clip(clip, 90, (1280, 720), RATE_HZ)
        return bench_live(Path(folder), clip, length_s, face=video is not None)


def _derive() -> dict[str, Any]:
    from ifllm_desktop.derive_bench import bench_derive

    with tempfile.TemporaryDirectory(prefix="ifllm-bench-") as folder:
        return bench_derive(Path(folder))


def _vision(length_s: float, video: str | None) -> dict[str, Any]:
    from ifllm_desktop.vision_bench import bench_vision

    with tempfile.TemporaryDirectory(prefix="ifllm-bench-") as folder:
        if video:  # at its own size and rate: it is not played, each picture is taken in turn
            return bench_vision(Path(folder), Path(video), length_s, source=Path(video).name)
        clip = write_clip(Path(folder) / "clip.avi", 90, (1280, 720), RATE_HZ)
        source = "made on the spot, without a face: only the search for one is timed; give a video with --camera FILE"
        return bench_vision(Path(folder), clip, length_s, source=source)
