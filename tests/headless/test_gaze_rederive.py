"""``gaze rederive`` as its users start it: on a small made-up study, and on a session of the headless run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from ifllm_desktop.store.study import StudyFolder
from tests.command_line import assert_one_sentence, run
from tests.gaze_sessions import GazeSession, study_with
from tests.recordings import RecordingBuilder, small_session

ENTRY_KEYS = {
    "session_id", "stream", "file", "n_rows", "calibration_ids", "median_to_live_px", "p90_to_live_px", "validation",
    "n_lost_frames",
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One session that can be derived, one without a model."""
    made = GazeSession(seed=5, builder=RecordingBuilder("S1", "P01"))
    made.calibrate()
    made.read(made.show_answer(), 8)
    folder = tmp_path_factory.mktemp("study")
    return study_with(folder / "study", [made.build(), small_session("S2", "P02")])


def test_that_the_report_is_one_json_object_with_a_line_per_session(study: Path, tmp_path: Path) -> None:
    ran = run(tmp_path, ["gaze", "rederive", study, "--model", "live", "--json"])
    assert ran.code == 0, ran.err
    (entry,) = ran.report["sessions"]
    assert entry.keys() >= ENTRY_KEYS and entry["p90_to_live_px"] < 1e-6
    assert entry["calibration_ids"] == ["cal-1"] and entry["validation"][0]["accuracy_px"] > 0
    assert [left["session_id"] for left in ran.report["left_out"]] == ["S2"]
    assert any("S2 has no calibration" in line for line in ran.said)
    assert "rederived=2/2" in ran.said
    assert run(tmp_path, ["verify", study, "--json"]).report["derived"][0]["rows"]["gaze"] == entry["n_rows"]


def test_that_it_is_said_in_words_without_json(study: Path, tmp_path: Path) -> None:
    ran = run(tmp_path, ["gaze", "rederive", study, "--model", "iris", "--session", "S1"])
    assert (
        ran.code == 0
        and "S1: " in ran.out
        and "px from live gaze" in ran.out
        and "validation targets" in ran.out
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--session", "S2"], 1, "no calibration"),
        (["--session", "S7"], 1, "no session S7"),
        (["--session", "S1", "--model", "oracle"], 2, "clicks"),
        (["--session", "S1", "--model", "patch"], 1, "without eye patches"),
        (["--session", "S1", "--model", "clicks"], 1, "needed"),
    ],
)
def test_that_what_cannot_be_is_one_sentence(
    study: Path, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    assert_one_sentence(run(tmp_path, ["gaze", "rederive", study, *arguments]), code, words)


def test_that_a_study_that_is_none_or_empty_is_said(tmp_path: Path) -> None:
    assert_one_sentence(run(tmp_path, ["gaze", "rederive", tmp_path / "x"]), 1, "no study")
    assert run(tmp_path, ["new", tmp_path / "empty"]).code == 0
    assert_one_sentence(run(tmp_path, ["gaze", "rederive", tmp_path / "empty"]), 1, "no session")


@pytest.mark.slow
def test_that_a_recorded_session_is_derived_as_it_was_live(tmp_path: Path) -> None:
    study = tmp_path / "study"
    assert run(tmp_path, ["new", study]).code == 0
    assert run(tmp_path, ["run", study, "--headless", "--seed", "4", "--json"]).code == 0
    files = sorted((study / "recordings").glob("*.sqlite"))
    before = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    for model in ("live", "iris", "clicks"):
        ran = run(tmp_path, ["gaze", "rederive", study, "--model", model, "--json"])
        assert ran.code == 0, ran.err
        (entry,) = ran.report["sessions"]
        assert entry["n_rows"] > 2000 and entry["n_lost_frames"] == 0
        if model == "clicks":
            assert entry["clicks"]["n_held_out"] >= 8
        else:  # the person has no patches, so the same frames give the same model
            assert entry["median_to_live_px"] < 1e-6
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in files] == before
    with StudyFolder.open(study) as opened:
        (info,) = opened.catalogue().sessions()
        live, again = opened.source(info.session_id), opened.derived_source(info.session_id, "live")
        for name in ("x_px", "y_px", "sd_x_px", "sd_y_px"):
            np.testing.assert_allclose(again.read("gaze")[name], live.read("gaze")[name], rtol=0, atol=1e-6)
        hits, hits_again = live.read("hit"), again.read("hit")
        assert (hits["t_ns"] == hits_again["t_ns"]).all()
        # a frame in the tick in which something scrolls or appears may see it a tick earlier or later
        assert (hits["response_id"] == hits_again["response_id"]).mean() > 0.995
        assert (hits["line"] == hits_again["line"]).mean() > 0.99
    assert run(tmp_path, ["verify", study]).code == 0
