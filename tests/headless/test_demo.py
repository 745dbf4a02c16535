"""The main job as a child process: recorded, replayed, labelled, scored and exported, the same each time."""

from __future__ import annotations

import ast
import json
import math
import shutil
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import ifllm_desktop
from ifllm_desktop import compose, compose_labels
from ifllm_desktop.domain.samples import STREAMS
from ifllm_desktop.session.headless import HeadlessRun
from ifllm_desktop.store.study import StudyFolder
from ifllm_desktop.ui.offscreen import DEMO_SCREEN, offscreen_application
from ifllm_desktop.ui.offscreen_stage import OffscreenStage
from tests.command_line import Ran, run

pytestmark = pytest.mark.slow

SETS = ("preference", "samples", "annotations", "answers", "reward_scores")
KEYS = {
    "study", "sessions", "participants", "frames", "landmark_rows", "gap_rows", "export", "elapsed_s",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def demo(home: Path, name: str) -> Ran:
    ran = run(home, ["demo", "--headless", "--seed", "1", "--study", home / name, "--json"])
    assert ran.code == 0, ran.err
    return ran


@pytest.fixture(scope="module")
def first(home: Path) -> Ran:
    return demo(home, "first")


@pytest.fixture(scope="module")
def study(first: Ran) -> StudyFolder:
    return StudyFolder.open(Path(first.report["study"]))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def table(report: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = pq.read_table(Path(report["export"]) / f"{name}.parquet").to_pylist()
    assert isinstance(rows, list)
    return rows


def test_that_the_report_has_every_promised_key_and_nothing_else_is_printed(first: Ran) -> None:
    report = first.report
    assert report.keys() >= KEYS
    assert len(report["participants"]) == len(report["sessions"]) == len(set(report["sessions"])) >= 4
    assert report["elapsed_s"] > 0 and Path(report["export"]).is_dir()
    assert all(g["ok"] and 0 < g["accuracy_px"] < 200 for g in report["gaze"])
    assert all(r["turns"] >= 2 and r["answers_shown"] > r["turns"] for r in report["replay"])
    assert "Traceback" not in first.err and "warning" not in first.err.lower()


def test_that_every_frame_is_a_landmark_row_or_a_gap_row(first: Ran, study: StudyFolder) -> None:
    report = first.report
    assert report["frames"] == report["landmark_rows"] + report["gap_rows"] > 10_000
    assert report["gap_rows"] > 0  # people blink
    n_stored = Counter[str]()
    for session in report["sessions"]:
        source = study.source(session)
        for stream in ("landmarks", "gap"):
            n_stored[stream] += len(source.read(stream))
        indices = np.concatenate([source.read(s)["frame_index"] for s in ("landmarks", "gap")])
        assert sorted(indices.tolist()) == list(range(len(indices)))
    assert (n_stored["landmarks"], n_stored["gap"]) == (report["landmark_rows"], report["gap_rows"])


def test_that_every_stream_of_a_session_has_rows_where_there_was_something(
    first: Ran, study: StudyFolder
) -> None:
    source = study.source(first.report["sessions"][0])
    silent = {"selection", "focus"}  # the simulated participant only moves and clicks, and presses Space
    assert {name for name in STREAMS if len(source.read(name)) == 0} == silent


def test_that_the_same_seed_gives_the_same_exports_byte_for_byte(first: Ran, home: Path) -> None:
    again = demo(home, "again").report
    expected, found = contents(Path(first.report["export"])), contents(Path(again["export"]))
    assert found.keys() == expected.keys() and len(found) > 10
    assert [name for name in found if found[name] != expected[name]] == []
    assert again["files"] == first.report["files"] and again["sessions"] == first.report["sessions"]


def test_that_a_finished_demo_can_be_gone_on_with(first: Ran, home: Path) -> None:
    shutil.copytree(first.report["study"], home / "copy")
    with StudyFolder.open(home / "copy") as copied:
        before = len(copied.catalogue().operations())
        assert before == 2
        assert compose_labels.label_for_demo(copied, first.report["sessions"][1]) == {
            "spans": 1,
            "episodes": 1,
        }
        assert len({o.op_id for o in copied.catalogue().operations()}) == before + 2


def test_that_another_seed_gives_another_session(first: Ran, home: Path) -> None:
    other = home / "other"
    assert run(home, ["new", other]).code == 0
    ran = run(home, ["run", other, "--headless", "--seed", "2", "--participant", "P001", "--json"])
    assert ran.code == 0, ran.err
    assert ran.report["participants"] == ["P001"] and ran.report["export"] is None
    assert ran.report.keys() >= KEYS and ran.report["sessions"][0] not in first.report["sessions"]
    assert ran.report["frames"] == ran.report["landmark_rows"] + ran.report["gap_rows"]
    # the same person id, another seed: other eyes and another hand
    mine = StudyFolder.open(other).source(ran.report["sessions"][0]).read("pointer")
    before = StudyFolder.open(home / "first").source(first.report["sessions"][0]).read("pointer")
    n = min(len(mine), len(before))
    assert not np.array_equal(mine["x_px"][:n], before["x_px"][:n])


def test_that_the_four_sets_are_in_the_export_folder_with_the_rows_reported(first: Ran) -> None:
    report = first.report
    out = Path(report["export"])
    assert {p.name for p in out.iterdir() if p.is_dir()} == set(SETS)
    for file in report["files"]:
        path = out / file["path"]
        assert path.is_file() and file["rows"] > 0
        if path.suffix == ".parquet":
            assert pq.read_metadata(path).num_rows == file["rows"]
        if path.suffix == ".jsonl":
            assert len(path.read_text(encoding="utf-8").splitlines()) == file["rows"]


def test_that_the_exported_votes_are_the_clicks_and_the_events_of_the_recordings(
    first: Ran, study: StudyFolder
) -> None:
    exported = {
        r["trial_id"]: (r["chosen_side"], r["strength"]) for r in table(first.report, "preference/preference")
    }
    voted: dict[str, tuple[str, int | None]] = {}
    for session in first.report["sessions"]:
        source = study.source(session)
        pointer = source.read("pointer")
        pressed = [
            (int(row["t_ns"]), row["target"]) for row in pointer[pointer["kind"] == "press"]
            if row["target"].startswith("prefer_")
        ]  # fmt: skip
        events = [e for e in source.events() if e.kind == "preference"]
        assert len(events) > 0
        assert [(e.t_ns, area_of(e.payload)) for e in events] == pressed
        voted |= {e.payload["turn_id"]: (e.payload["choice"], e.payload["strength"]) for e in events}
    sides = {turn: vote for turn, vote in voted.items() if vote[0] in ("left", "right")}
    assert exported == sides and len(sides) > 5


def area_of(payload: dict[str, Any]) -> str:
    strength = {1: "_slightly", 2: "_clearly", None: ""}[payload["strength"]]
    return f"prefer_{payload['choice']}{strength}"


def test_that_the_exported_ratings_are_the_clicks_on_the_scale(first: Ran, study: StudyFolder) -> None:
    for row in table(first.report, "preference/preference"):
        source = study.source(row["session_id"])
        submits = [
            e for e in source.events() if e.kind == "submit" and e.payload["turn_id"] == row["trial_id"]
        ]
        ends = [
            e for e in source.events() if e.kind == "turn_end" and e.payload["turn_id"] == row["trial_id"]
        ]
        pointer = source.read("pointer", submits[-1].t_ns, ends[0].t_ns)
        clicks = {t for t in pointer[pointer["kind"] == "press"]["target"] if t.startswith("rate_")}
        other = {"left": "right", "right": "left"}[row["chosen_side"]]
        assert clicks == {
            f"rate_{row['chosen_side']}_{row['likert_chosen']}", f"rate_{other}_{row['likert_rejected']}",
        }  # fmt: skip


def test_that_the_exported_texts_are_what_arrived_and_was_shown(first: Ran, study: StudyFolder) -> None:
    for row in table(first.report, "preference/preference"):
        source = study.source(row["session_id"])
        chunks, reveals = source.read("chunk"), source.read("reveal")
        submit = next(
            e for e in source.events() if e.kind == "submit" and e.payload["turn_id"] == row["trial_id"]
        )
        for side, key in ((row["chosen_side"], "chosen"), (None, "rejected")):
            response = next(
                r for r in submit.payload["responses"]
                if (r["side"] == row["chosen_side"]) == (side is not None)
            )  # fmt: skip
            rid = response["response_id"]
            text = "".join(chunks[chunks["response_id"] == rid]["text"])
            assert text == row[key][0]["content"] and row[f"model_{key}"] == response["model"]
            assert reveals[reveals["response_id"] == rid]["n_source"][-1] == len(text)


def test_that_the_labels_and_scores_belong_to_the_recorded_pairs(first: Ran) -> None:
    labels = table(first.report, "annotations/annotations")
    assert Counter(row["tier"] for row in labels) == {"span": 1, "episode": 1}
    scores = table(first.report, "reward_scores/reward_scores")
    pairs = {row["pair_id"] for row in table(first.report, "preference/preference")}
    assert {row["pair_id"] for row in scores} == pairs
    assert all(0 < row["prob_chosen"] < 1 for row in scores)
    by_response = table(first.report, "reward_scores/reward_scores_by_response")
    assert {row["trained_on"] for row in by_response} == {"simulated participants"}


def test_that_a_finished_study_verifies_and_is_exported_again_alike(first: Ran, home: Path) -> None:
    folder = Path(first.report["study"])
    verified = run(home, ["verify", folder, "--json"])
    assert verified.code == 0 and verified.report["ok"] is True
    for recording in verified.report["recordings"]:
        assert recording["closed_cleanly"] and not recording["recovered"] and recording["problems"] == []
    done = run(home, ["export", folder, "--format", "preference", "--out", home / "once-more", "--json"])
    assert done.code == 0 and done.report["format"] == "preference" and done.report["excluded"] == {}
    name = "preference/preference.jsonl"
    assert (home / "once-more" / name).read_bytes() == (Path(first.report["export"]) / name).read_bytes()
    for verb in ("train", "score"):
        ran = run(home, ["reward", verb, folder, "--json"])
        assert ran.code == 0 and ran.report["n_pairs"] >= 6, ran.err


# ---- estimators never see the truth ------------------------------------------------------------------------
def test_that_only_the_simulated_person_itself_knows_where_it_looks() -> None:
    package = Path(ifllm_desktop.__file__).parent
    asking = {
        path.relative_to(package).parts[:2]
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "gaze_at"
    }
    assert asking <= {("adapters", "simulated_person")}


def test_that_the_stored_gaze_is_an_estimate_and_not_the_truth(tmp_path: Path) -> None:
    application = offscreen_application()
    compose.new_study(tmp_path / "study", "demo")
    folder = compose.open_study(tmp_path / "study")
    options = compose.SessionOptions("simulated", 5, True, True, DEMO_SCREEN)
    parts = compose.prepare_session(folder, "P001", options)
    assert parts.person is not None
    stage = OffscreenStage(DEMO_SCREEN, parts.conductor.record)
    truth: dict[int, tuple[float, float]] = {}
    seen = threading.Event()

    def watch(committed_s: float) -> None:
        if parts.conductor.snapshot.page == "instructions":
            seen.set()

    run_to_instructions = HeadlessRun(
        parts.conductor, stage, parts.person, parts.clock, parts.quality_of, progress=watch, cancel=seen
    )
    pipeline = parts.conductor.pipeline()
    assert pipeline is not None
    person, process = parts.person, pipeline.process

    def note_truth(frame: Any) -> Any:
        truth[frame.index] = person.gaze_at(frame.t_ns)
        return process(frame)

    pipeline.process = note_truth  # type: ignore[method-assign]
    snapshot = run_to_instructions.run()
    parts.finish()
    stage.close()
    del application
    assert snapshot.page == "instructions" and snapshot.validation is not None
    gaze = folder.source(parts.info.session_id).read("gaze")
    folder.close()
    errors = [
        math.hypot(
            row["x_px"] - truth[int(row["frame_index"])][0], row["y_px"] - truth[int(row["frame_index"])][1]
        )
        for row in gaze
    ]
    assert len(errors) > 100
    assert min(errors) > 0.01 and 5 < float(np.median(errors)) < 250


def test_that_the_report_is_json_with_plain_numbers(first: Ran) -> None:
    assert "NaN" not in first.out and "Infinity" not in first.out
    assert json.loads(first.out) == first.report
