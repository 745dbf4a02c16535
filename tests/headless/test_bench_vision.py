"""The bench of the vision thread measures the real way of a picture, and says so where there is no face in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ifllm_desktop import app, bench, cli, vision_bench
from ifllm_desktop.domain.errors import WorldError

STAGES = ("landmarks_cpu_ms", "features_cpu_ms", "patches_cpu_ms", "light_cpu_ms", "gaze_and_hit_cpu_ms")


@pytest.fixture(autouse=True)
def nobodys_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path / "config"))


def test_that_every_step_of_a_real_face_is_in_the_figures(
    ifllm_data: Callable[..., Path], capsys: pytest.CaptureFixture[str], qapp: object
) -> None:
    clip = ifllm_data("gaze", "video", "face_720p_25fps.mp4")
    assert cli.main(["bench", "vision", "--camera", str(clip), "--seconds", "3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (
        report["name"] == "vision" and report["source"] == clip.name and report["picture_px"] == [1280, 720]
    )
    assert report["n_frames"] == 75 and 50 < report["n_frames_with_face"] <= 75
    # one row a frame, and gaze and hit for each with a face; a hit falls on an answer or on nothing, never away
    gaps = report["n_frames"] - report["n_frames_with_face"]
    assert (
        2 * report["n_frames_with_face"] + gaps < report["n_rows"] <= 3 * report["n_frames_with_face"] + gaps
    )
    assert all(report[stage] > 0 for stage in STAGES)
    parts = sum(report[stage] for stage in STAGES)
    assert report["cpu_ms_per_frame"] > report["landmarks_cpu_ms"] > 0.3 * report["cpu_ms_per_frame"]
    assert 0.5 * parts < report["cpu_ms_per_frame"] < 3 * parts
    assert 0 < report["wall_p50_ms"] <= report["wall_p95_ms"]
    assert report["landmarker"]["name"] in ("face_mesh", "tasks") and report["landmarker"]["mediapipe"]


def test_that_work_on_other_threads_and_in_the_recorder_counts(
    ifllm_data: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: object
) -> None:
    """A pipeline that is made slower by 20 ms of work a frame has to show it."""
    import threading
    import time

    def burn() -> None:
        end_s = time.thread_time() + 0.02
        while time.thread_time() < end_s:
            pass

    original = vision_bench.Pipeline.process

    def slower(self: vision_bench.Pipeline, frame: object) -> object:
        thread = threading.Thread(target=burn)
        thread.start()
        thread.join()
        return original(self, frame)  # type: ignore[arg-type]

    monkeypatch.setattr(vision_bench.Pipeline, "process", slower)
    clip = ifllm_data("gaze", "video", "face_720p_25fps.mp4")
    report = vision_bench.bench_vision(tmp_path, clip, 0.4, source="clip")
    assert report["n_frames"] == 10 and report["cpu_ms_per_frame"] > 20 + 1


def test_that_a_clip_without_a_face_says_so(qapp: object) -> None:
    report = bench.run("vision", 1.0, None)
    assert "without a face" in report["source"] and report["n_frames_with_face"] == 0
    assert report["n_frames"] == report["n_rows"] == 30 and report["cpu_ms_per_frame"] > 0
    assert [report[stage] for stage in STAGES[1:]] == [None] * 4 and not report["uses_patches"]


def test_that_a_missing_video_is_said(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="video_missing"):
        app.run_bench("vision", 1.0, str(tmp_path / "none.mp4"))
