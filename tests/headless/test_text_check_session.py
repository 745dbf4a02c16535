"""The text check in a whole session of a simulated person: measured against the truth, replayed, derived again."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ifllm_desktop.derive.scenes import SceneHistory
from ifllm_desktop.derive.session_rows import session_rows
from ifllm_desktop.derive.validated import validated_errors
from ifllm_desktop.gaze.text_check import measure_line, visible_lines
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.replay.timeline import Timeline
from ifllm_desktop.session.snapshot import FlowSnapshot
from tests.headless.test_gaze_procedure import Session, of, pages

pytestmark = pytest.mark.slow
N_LINES = 5


class Watched(Session):
    """Notes where the person truly looked at each frame."""

    def __init__(self, folder: Path, plan: dict[str, Any], **named: Any) -> None:
        super().__init__(folder, plan, **named)
        self.truth: dict[int, tuple[float, float]] = {}
        pipeline, person = self.conductor.pipeline(), self.parts.person
        assert pipeline is not None and person is not None
        process = pipeline.process

        def frame(frame: Any) -> Any:
            self.truth[frame.index] = person.gaze_at(frame.t_ns)
            return process(frame)

        pipeline.process = frame  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    made = Watched(tmp_path_factory.mktemp("text") / "study", {"text_lines": N_LINES})
    assert made.run().ended == "finished"
    return made


@pytest.fixture(scope="module")
def source(session: Watched) -> RecordingSource:
    return session.source()


@pytest.fixture(scope="module")
def payload(source: RecordingSource) -> dict[str, Any]:
    (event,) = of(source, "text_validation")
    return event.payload


def test_that_every_line_is_read_once_between_the_result_and_the_instructions(
    source: RecordingSource, payload: dict[str, Any]
) -> None:
    assert pages(source)[5:8] == ["gaze_result", "text_check", "instructions"]
    assert payload["ok"] and [line["target_index"] for line in payload["lines"]] == list(range(N_LINES))
    assert {(line["state"], line["how"]) for line in payload["lines"]} == {("read", "key")}
    (accepted,) = of(source, "gaze_accepted")
    assert {payload[k] == accepted.payload[k] for k in ("attempt_id", "calibration_id")} == {True}
    spans = sorted((line["t0_ns"], line["t1_ns"]) for line in payload["lines"])
    assert all(end_ns < begin_ns for (_, end_ns), (begin_ns, _) in pairwise(spans))
    assert set(source.read("key")["key_class"]) == {"space"}


def test_that_the_vertical_error_is_that_of_the_gaze_against_where_the_person_looked(
    session: Watched, source: RecordingSource, payload: dict[str, Any]
) -> None:
    """The person looks within some 10 px of the middle of the line; the rest is the calibration's error."""
    gaze = source.read("gaze")
    for line in payload["lines"]:
        own = gaze[(gaze["t_ns"] >= line["t0_ns"]) & (gaze["t_ns"] <= line["t1_ns"])]
        truth = np.array([session.truth[int(k)] for k in own["frame_index"]])
        assert np.abs(np.median(truth[:, 1]) - line["center_y_px"]) < 12
        assert line["error_y_px"] == pytest.approx(np.median(own["y_px"] - truth[:, 1]), abs=20)
        assert truth[:, 0].min() < line["left_px"] + 150 and truth[:, 0].max() > line["right_px"] - 120


def test_that_layout_and_frames_are_in_the_recording_and_the_figures_come_out_again(
    source: RecordingSource, payload: dict[str, Any]
) -> None:
    timeline = Timeline(source)
    assert timeline.problems == ()
    rows = session_rows(source)
    model = rows.calibrations[payload["calibration_id"]].model()
    stored = source.read("target_frame")
    stored = stored[stored["phase"] == "text"]
    assert np.isnan(stored["target_x_px"]).all()
    for line in payload["lines"]:
        layout = timeline.layouts.at(payload["response_id"], line["t0_ns"])
        assert layout is not None
        lines = visible_lines(layout)
        marked = next(k for k, one in enumerate(lines) if one.line == line["line"])
        own = stored[stored["target_index"] == line["target_index"]]
        assert set(own["target_y_px"]) == {line["center_y_px"]} == {lines[marked].center_y_px}
        frames = rows.frames_at(own["t_ns"], own["frame_index"])
        gaze_px, _ = model.predict(rows.features(frames))
        again = measure_line(gaze_px, np.array(own["t_ns"], dtype=np.int64), lines, marked)
        assert again.n_frames == line["n_frames"]
        assert again.error_y_px == pytest.approx(line["error_y_px"], abs=1e-6)
        assert again.nearest_line == line["nearest_line"]


def test_that_replay_shows_the_text_on_its_page_and_nowhere_else(
    source: RecordingSource, payload: dict[str, Any]
) -> None:
    timeline = Timeline(source)
    (page,) = [event for event in of(source, "page") if event.payload["page"] == "text_check"]
    middle_ns = payload["lines"][0]["t0_ns"]
    state = timeline.state_at(middle_ns)
    assert state.page == "text_check"
    assert [(r.response_id, r.complete, r.side) for r in state.responses] == [
        (payload["response_id"], True, "left")
    ]
    assert state.responses[0].layout.words[0].text == "Behind"
    assert timeline.state_at(page.t_ns - 1).responses == ()
    for turn in timeline.turns:
        shown = {r.response_id for r in timeline.state_at(turn.t_end_ns - 1).responses}  # type: ignore[operator]
        assert payload["response_id"] not in shown


def test_that_what_was_derived_live_on_the_text_is_derived_again_alike(
    source: RecordingSource, payload: dict[str, Any]
) -> None:
    hits = source.read("hit")
    span = (payload["lines"][0]["t0_ns"], payload["lines"][0]["t1_ns"])
    own = hits[(hits["t_ns"] > span[0]) & (hits["t_ns"] < span[1])]
    assert set(own["response_id"]) <= {payload["response_id"], ""} and payload["response_id"] in set(
        own["response_id"]
    )
    scenes = SceneHistory(Timeline(source), source)
    assert [r.response_id for r in scenes.at(span[0]).responses] == [payload["response_id"]]


def test_that_the_lines_are_evidence_for_the_vertical_error(
    source: RecordingSource, payload: dict[str, Any]
) -> None:
    gaze, events = source.read("gaze"), source.events()
    without = [event for event in events if event.kind != "text_validation"]
    calibration_id = payload["calibration_id"]
    found, plain = (validated_errors(e, gaze)[calibration_id] for e in (events, without))
    assert found.bias_px[0] == plain.bias_px[0] and found.bias_px[1] != plain.bias_px[1]


def test_that_an_eye_tracker_that_drifts_after_the_validation_is_found_out_on_the_text(
    tmp_path: Path,
) -> None:
    """Iris found lower than before, from the text on: dots had no way to tell."""

    def meddle(session: Session, snapshot: FlowSnapshot) -> None:
        if snapshot.page == "text_check":
            session.shift = {"iris_a_y": 0.02, "iris_b_y": 0.02}

    errors = {}
    for name, how in (("as-it-was", None), ("drifted", meddle)):
        made = Session(tmp_path / name, {"text_lines": 3}, meddle=how)
        made.run()
        (event,) = of(made.source(), "text_validation")
        errors[name] = event.payload
    assert errors["as-it-was"]["abs_error_y_px"] < 60
    assert errors["drifted"]["error_y_px"] > errors["as-it-was"]["error_y_px"] + 60
    assert errors["drifted"]["share_right"] == 0.0
