"""The demo with a video in place of a camera: a real face where it is there, and a clip without one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ifllm_desktop.adapters.clip_writer import write_clip
from ifllm_desktop.store.study import StudyFolder
from tests.command_line import Ran, run

pytestmark = pytest.mark.slow

FRAMES_OF_THE_FACE = 433


def demo(home: Path, video: Path) -> Ran:
    study = home / "study"
    ran = run(home, ["demo", "--headless", "--study", study, "--camera", video, "--json"])
    assert ran.code == 0, ran.err
    return ran


def check_frames(ran: Ran, n_a_pass: int, rate_hz: float) -> StudyFolder:
    """Each frame of each pass is one row; the loops are counted and marked."""
    report = ran.report
    assert report["frames"] == report["landmark_rows"] + report["gap_rows"] > n_a_pass
    (passes,) = report["frames_by_pass"]
    assert len(passes) == report["video_passes"] + 1 > 1 and sum(passes) == report["frames"]
    assert set(passes[:-1]) == {n_a_pass} and 0 < passes[-1] <= n_a_pass
    study = StudyFolder.open(Path(report["study"]))
    source = study.source(report["sessions"][0])
    indices = np.concatenate([source.read(s)["frame_index"] for s in ("landmarks", "gap")])
    assert sorted(indices.tolist()) == list(range(report["frames"]))
    t_ns = np.sort(np.concatenate([source.read(s)["t_ns"] for s in ("landmarks", "gap")]))
    assert (t_ns[-1] - t_ns[0]) / 1e9 == pytest.approx((len(t_ns) - 1) / rate_hz, rel=0.01)  # its own pace
    states = [event.payload["state"] for event in source.events() if event.kind == "camera"]
    assert states.count("looped") == report["video_passes"] and states[0] == "opened"
    assert source.info().devices == "video"
    card = next(Path(report["export"]).rglob("README.md")).read_text("utf-8")
    assert "come from simulated participants or a video file" in card  # never passed off as people
    return study


def check_exports(ran: Ran) -> None:
    rows = {file["path"]: file["rows"] for file in ran.report["files"]}
    assert rows["preference/preference.parquet"] > 0 and rows["samples/samples.parquet"] > 0
    assert rows["annotations/annotations.parquet"] == 2
    assert rows["reward_scores/reward_scores.parquet"] == rows["preference/preference.parquet"]


def test_that_a_real_face_on_video_goes_through_the_whole_demo(
    ifllm_data: Callable[..., Path], tmp_path: Path
) -> None:
    ran = demo(tmp_path, ifllm_data("gaze", "video", "face_720p_25fps.mp4"))
    study = check_frames(ran, FRAMES_OF_THE_FACE, 25.0)
    report = ran.report
    assert report["landmark_rows"] > 0.9 * report["frames"]
    # the face does not look at the targets, so the calibration has to fail, and that is said
    (gaze,) = report["gaze"]
    assert not gaze["ok"] and gaze["reason"] == "error_too_large" and gaze["accuracy_px"] > 150
    assert [line for line in ran.said if "the gaze is not good enough (it misses" in line]
    source = study.source(report["sessions"][0])
    validations = [event.payload for event in source.events() if event.kind == "validation"]
    assert validations and not any(payload["ok"] for payload in validations)
    check_exports(ran)


def test_that_a_video_without_a_face_is_all_gaps_and_the_demo_goes_on(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", 40, (160, 120), 13.0)
    ran = demo(tmp_path, clip)
    study = check_frames(ran, 40, 13.0)
    assert ran.report["landmark_rows"] == 0
    source = study.source(ran.report["sessions"][0])
    assert set(source.read("gap")["reason"]) == {"no_face"} and len(source.read("gaze")) == 0
    (gaze,) = ran.report["gaze"]
    assert gaze == {"calibrated": False, "ok": False, "reason": "no_face", "accuracy_px": None, "grade": ""}
    assert [line for line in ran.said if "the camera saw no face" in line]
    check_exports(ran)
