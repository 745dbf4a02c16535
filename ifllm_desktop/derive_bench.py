"""How long the offline half takes for one hour of gaze: a simulated session, repeated until it is an hour long."""

from __future__ import annotations

import gc
import json
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ifllm_desktop import compose
from ifllm_desktop.derive.derivers import deriver
from ifllm_desktop.derive.reading import derive_reading
from ifllm_desktop.derive.stream import derive
from ifllm_desktop.domain.samples import Records
from ifllm_desktop.domain.session import Event, SegmentInfo, SessionInfo
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.ports import RecordingSource

HOUR_S = 3600.0
_IDS = ("turn_id", "response_id")
_ONCE = ("session_start", "consent", "calibration", "validation", "attempt", "session_end")


class RepeatedSession:
    """A session played several times in a row, with new ids for its turns each time: a ``ports.RecordingSource``.

    Calibrations stand in the first pass only and hold for all of them.
    """

    def __init__(self, source: RecordingSource, length_s: float) -> None:
        self._source = source
        last_ns = max(
            int(source.read(name)["t_ns"].max(initial=0)) for name in ("gaze", "landmarks", "layout_epoch")
        )
        self._pass_ns = last_ns + NS_PER_S
        self.n_passes = max(1, int(np.ceil(length_s * NS_PER_S / self._pass_ns)))
        self._known: dict[str, Records] = {}
        self._events = self._all_events()

    @property
    def length_s(self) -> float:
        """Of all passes together."""
        return self.n_passes * self._pass_ns / NS_PER_S

    def info(self) -> SessionInfo:
        """See ``ports.RecordingSource``."""
        return self._source.info()

    def segments(self) -> Sequence[SegmentInfo]:
        """See ``ports.RecordingSource``."""
        return self._source.segments()

    def wall_ns(self, t_ns: int) -> int:
        """See ``ports.RecordingSource``."""
        return self._source.wall_ns(t_ns)

    def events(self) -> Sequence[Event]:
        """See ``ports.RecordingSource``."""
        return self._events

    def read(self, stream: str, t0_ns: int | None = None, t1_ns: int | None = None) -> Records:
        """See ``ports.RecordingSource``."""
        rows = self._known.get(stream)
        if rows is None:
            rows = self._known[stream] = self._all_rows(stream)
        low = 0 if t0_ns is None else int(np.searchsorted(rows["t_ns"], t0_ns))
        high = len(rows) if t1_ns is None else int(np.searchsorted(rows["t_ns"], t1_ns))
        return rows[low:high]

    def _all_rows(self, stream: str) -> Records:
        once = self._source.read(stream)
        parts = []
        for number in range(self.n_passes):
            part = once.copy()
            part["t_ns"] += number * self._pass_ns
            for name in _IDS:
                if name in (once.dtype.names or ()):
                    part[name] = [f"{value}/{number}" if value else "" for value in once[name]]
            parts.append(part)
        return np.concatenate(parts)

    def _all_events(self) -> list[Event]:
        once = self._source.events()
        ids = {str(e.payload[name]) for e in once for name in _IDS if e.payload.get(name)}
        ids |= {r["response_id"] for e in once if e.kind == "submit" for r in e.payload["responses"]}
        out = []
        for number in range(self.n_passes):
            for event in once:
                if number and event.kind in _ONCE:
                    continue
                text = json.dumps(event.payload)
                for known in ids:
                    text = text.replace(f'"{known}"', f'"{known}/{number}"')
                out.append(Event(event.t_ns + number * self._pass_ns, event.kind, json.loads(text)))
        return out


def bench_derive(folder: Path, length_s: float = HOUR_S) -> dict[str, Any]:
    """Processor time of fixations, lines and dwell of an hour, and of gaze and hits computed again."""
    from ifllm_desktop.ui import offscreen

    study_path = folder / "study"
    compose.new_study(study_path, "demo")
    offscreen.run_headless(study_path, None, compose.SIMULATED, 1, realtime=False, say=lambda _text: None)
    study = compose.open_study(study_path)
    source = RepeatedSession(compose.sources(study)[0], length_s)
    n_gaze = len(source.read("gaze"))
    for stream in ("landmarks", "target_frame", "pointer", "layout_block"):
        source.read(stream)  # reading the file is not what is measured
    gc.collect()
    started_s = time.process_time()
    reading = derive_reading(source)
    reading_s = time.process_time() - started_s
    started_s = time.process_time()
    again = derive(source, deriver("live"))
    gaze_s = time.process_time() - started_s
    study.close()
    return {
        "name": "derive", "machine": f"{platform.system()} {platform.machine()}",
        "source": f"one simulated session, {source.n_passes} times in a row", "length_s": round(source.length_s, 1),
        "n_gaze_rows": n_gaze, "n_fixations": len(reading.tables["fixation"]), "n_dwell": len(reading.tables["dwell"]),
        "reading_cpu_s": round(reading_s, 2), "gaze_and_hits_cpu_s": round(gaze_s, 2), "n_hits": len(again.hit),
    }  # fmt: skip
