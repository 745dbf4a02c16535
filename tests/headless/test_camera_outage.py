"""A camera that is pulled out and plugged in again while a simulated participant takes part, without a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ifllm_desktop import compose
from ifllm_desktop.adapters.simulated_camera import SimulatedCamera
from ifllm_desktop.adapters.simulated_person import SimulatedPerson
from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.ports import Clock, Frame
from ifllm_desktop.replay.tracks import loss_intervals
from ifllm_desktop.ui import offscreen

OUT_S = (100.0, 112.5)
"""Seconds after the camera was opened."""


class PulledOut(SimulatedCamera):
    """The simulated camera, missing for a while."""

    def __init__(self, person: SimulatedPerson, clock: Clock) -> None:
        super().__init__(person, clock)
        self._out_clock = clock
        self._first_ns: int | None = None

    def _out(self) -> bool:
        if self._first_ns is None:
            return False
        since_s = (self._out_clock.now_ns() - self._first_ns) / NS_PER_S
        return OUT_S[0] <= since_s < OUT_S[1]

    def open(self) -> None:
        if self._out():
            raise WorldError("camera_missing", device="simulated")
        super().open()
        self._first_ns = self._first_ns if self._first_ns is not None else self._out_clock.now_ns()

    def read(self) -> Frame | None:
        if self._out():
            raise WorldError("camera_lost", device="simulated")
        return super().read()


@pytest.mark.slow
def test_that_an_outage_costs_its_frames_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(spec: str, clock: Clock, person: SimulatedPerson | None) -> Any:
        assert person is not None
        return PulledOut(person, clock)

    monkeypatch.setattr(compose, "make_camera", make)
    compose.new_study(tmp_path / "study", "demo")
    report = offscreen.run_headless(
        tmp_path / "study", "P001", "simulated", 3, realtime=False, say=lambda _: None
    )
    assert report["frames"] == report["landmark_rows"] + report["gap_rows"]
    checked = compose.verify_study(tmp_path / "study")
    assert checked["ok"] and checked["recordings"][0]["closed_cleanly"]
    study = compose.open_study(tmp_path / "study")
    source = study.source(study.catalogue().sessions()[0].session_id)
    camera = [(e.t_ns, e.payload["state"]) for e in source.events() if e.kind == "camera"]
    assert [state for _, state in camera] == ["opened", "lost", "opened"]
    (_, t_lost_ns, t_back_ns) = (t for t, _ in camera)
    # noticed with the next frame, found again within the second between two tries
    assert OUT_S[1] - OUT_S[0] - 0.2 < (t_back_ns - t_lost_ns) / NS_PER_S < OUT_S[1] - OUT_S[0] + 1.3
    gaps, landmarks = source.read("gap"), source.read("landmarks")
    lost = gaps[gaps["reason"] == "camera_lost"]
    assert (
        len(lost) >= 12 and abs(int(lost["n_frames"].sum()) / 30 - (t_back_ns - t_lost_ns) / NS_PER_S) < 0.2
    )
    times = np.sort(np.concatenate([gaps["t_ns"], landmarks["t_ns"]]))
    n_elapsed = round((times[-1] - times[0]) * 30 / NS_PER_S) + 1
    n_entered = len(landmarks) + int(gaps["n_frames"].sum())
    # the camera's grid of times begins anew when it is opened again: less than a frame
    assert abs(n_entered - n_elapsed) <= 2
    (interval,) = [i for i in loss_intervals(gaps, source.read("gaze")) if i.name == "camera_lost"]
    assert abs((interval.t1_ns - interval.t0_ns) - (t_back_ns - t_lost_ns)) < 0.2 * NS_PER_S, (
        "as replay shows it"
    )
    during = source.read("pointer", t_lost_ns, t_back_ns)
    assert len(during) > 0, "the pointer went on"
    assert [e.payload["reason"] for e in source.events() if e.kind == "session_end"] == ["finished"]
    study.close()
