"""Speed on this machine, as figures with their units; nothing is asserted here."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ifllm_desktop.adapters.clip_writer import write_clip
from ifllm_desktop.domain.errors import UsageError

NAMES = ("live",)


def run(name: str, length_s: float, video: str | None) -> dict[str, Any]:
    """The report of ``bench NAME``. Raises UsageError ``unknown_name``."""
    if name not in NAMES:
        raise UsageError("unknown_name", kind="bench", name=name, known=", ".join(NAMES))
    from ifllm_desktop.ui.live_bench import bench_live

    with tempfile.TemporaryDirectory(prefix="ifllm-bench-") as folder:
        clip = Path(video) if video else write_clip(Path(folder) / "clip.avi", 90, (1280, 720), 30.0)
        return bench_live(Path(folder), clip, length_s, face=video is not None)
