"""Calibration, accidents and checks in whole sessions of simulated people, and what the recording holds of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from ifllm_desktop import compose
from ifllm_desktop.domain.samples import EYE_FEATURES, N_FEATURES
from ifllm_desktop.domain.session import Event
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.gaze.calibration import model_to_payload
from ifllm_desktop.gaze.training_set import CalibrationStep, fit, training_set
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.session.headless import HeadlessRun
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.offscreen import DEMO_SCREEN, offscreen_application
from ifllm_desktop.ui.offscreen_stage import OffscreenStage

pytestmark = pytest.mark.slow

Meddle = Callable[["Session", FlowSnapshot], None]


class Session:
    """One simulated session of the demo study with a changed calibration plan; ``meddle`` is called at each frame."""

    def __init__(
        self, folder: Path, plan: dict[str, Any], seed: int = 5, meddle: Meddle | None = None
    ) -> None:
        compose.new_study(folder, "demo")
        path = folder / "study.yaml"
        study = yaml.safe_load(path.read_text("utf-8"))
        study["calibration"] = plan
        path.write_text(yaml.safe_dump(study), "utf-8")
        self.study = compose.open_study(folder)
        options = compose.SessionOptions("simulated", seed, True, True, DEMO_SCREEN)
        self.parts = compose.prepare_session(self.study, "P001", options)
        assert self.parts.person is not None
        self.conductor = self.parts.conductor
        self.meddle = meddle
        self.done: set[str] = set()
        self.shift: dict[str, float] = {}
        pipeline = self.conductor.pipeline()
        assert pipeline is not None
        process = pipeline.process

        def frame(frame: Any) -> Any:
            if self.meddle is not None:
                self.meddle(self, self.conductor.snapshot)
            return process(frame)

        pipeline.process = frame  # type: ignore[method-assign]
        self._bend_features()

    def _bend_features(self) -> None:
        """Let ``shift`` be added to what is found in each frame: a head that moves, a face model that drifts."""
        from ifllm_desktop.capture import pipeline as module

        found = module.eye_features

        def bent(*arguments: Any, **named: Any) -> Any:
            features = found(*arguments, **named)
            for name, value in self.shift.items():
                features[EYE_FEATURES.index(name)] += value
            return features

        self._restore = lambda: setattr(module, "eye_features", found)
        module.eye_features = bent

    def run(self) -> FlowSnapshot:
        application = offscreen_application()
        stage = OffscreenStage(DEMO_SCREEN, self.conductor.record)
        parts = self.parts
        assert parts.person is not None
        try:
            snapshot = HeadlessRun(
                self.conductor, stage, parts.person, parts.clock, parts.quality_of, max_turns=2,
                cancel=threading.Event(),
            ).run()  # fmt: skip
        finally:
            self._restore()
        parts.finish()
        stage.close()
        del application
        return snapshot

    def source(self) -> RecordingSource:
        return self.study.source(self.parts.info.session_id)

    def once(self, name: str) -> bool:
        """True the first time."""
        if name in self.done:
            return False
        self.done.add(name)
        return True


def of(source: RecordingSource, kind: str) -> list[Event]:
    return [event for event in source.events() if event.kind == kind]


def pages(source: RecordingSource) -> list[str]:
    return [event.payload["page"] for event in of(source, "page")]


def check_models(source: RecordingSource) -> int:
    """Each calibration comes out of the stored rows again, number by number; returns how many there were."""
    rows = [tuple(row) for row in source.read("target_frame").tolist()]
    landmarks = source.read("landmarks")
    geometric = np.column_stack([landmarks[name] for name in EYE_FEATURES])
    features = np.full((len(landmarks), N_FEATURES), np.nan)
    features[:, : len(EYE_FEATURES)] = geometric
    features_at = dict(zip(landmarks["t_ns"].tolist(), features, strict=True))
    events = of(source, "calibration")
    steps = {e.payload["calibration_id"]: CalibrationStep.of_payload(e.payload) for e in events}
    for event in events:
        if not event.payload["ok"]:
            continue
        again = fit(training_set(event.payload["calibration_id"], steps, rows, features_at))
        assert event.payload["model"] == model_to_payload(again)
    return len(events)


def gaze_ids(source: RecordingSource, t0_ns: int, t1_ns: int) -> set[str]:
    return set(source.read("gaze", t0_ns, t1_ns)["calibration_id"].astype(str))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "study"


def test_that_a_session_is_calibrated_by_a_pursuit_and_its_model_comes_out_of_the_rows_again(
    folder: Path,
) -> None:
    session = Session(folder, {"method": "pursuit", "pursuit_s": 20.0})
    assert session.run().ended == "finished"
    source = session.source()
    (calibration,) = of(source, "calibration")
    assert calibration.payload["method"] == "pursuit" and 0 < calibration.payload["lag_ms"] < 350
    (validation,) = of(source, "validation")
    assert validation.payload["accuracy_px"] < 150
    assert check_models(source) == 1
    session.study.close()


def test_that_a_drift_before_a_task_is_found_and_mended_by_a_refit(folder: Path) -> None:
    def meddle(session: Session, snapshot: FlowSnapshot) -> None:
        if snapshot.page == "task" and session.once("drift"):
            session.shift = {"iris_a_x": 0.04, "iris_b_x": 0.04}

    session = Session(folder, {"points": 9}, meddle=meddle)
    assert session.run().ended == "finished"
    source = session.source()
    checks = [event.payload for event in of(source, "drift")]
    assert [(c["stage"], c["action"]) for c in checks] == [
        ("first", "none"),
        ("first", "refit"),
        ("recheck", "none"),
    ]
    assert checks[1]["drift_px"] > checks[1]["threshold_px"] > checks[2]["drift_px"]
    full, refit = (event.payload for event in of(source, "calibration"))
    assert (refit["kind"], refit["parent_id"], refit["n_targets"]) == ("refit", full["calibration_id"], 5)
    assert all(target["error_px"] is not None for target in refit["targets"])
    assert check_models(source) == 2
    starts = [event.t_ns for event in of(source, "task_start")]
    assert gaze_ids(source, starts[0] + NS_PER_S, starts[0] + 9 * NS_PER_S) == {full["calibration_id"]}
    assert gaze_ids(source, starts[1] + NS_PER_S, starts[1] + 9 * NS_PER_S) == {refit["calibration_id"]}
    session.study.close()


def test_that_a_moved_head_stops_gaze_until_the_check_before_the_next_turn(folder: Path) -> None:
    def meddle(session: Session, snapshot: FlowSnapshot) -> None:
        task = snapshot.task
        if (
            task is not None
            and task.mode == "pair"
            and snapshot.turn_state == "reading"
            and session.once("move")
        ):
            session.shift = {"head_x_mm": 90.0}

    session = Session(folder, {}, meddle=meddle)
    assert session.run().ended == "finished"
    source = session.source()
    (invalid,) = of(source, "gaze_invalid")
    assert invalid.payload["reason"] == "head_moved" and invalid.payload["detail"]["shift_mm"] > 60
    (valid,) = of(source, "gaze_valid")
    assert valid.payload["how"] in ("checked", "refit", "kept")
    ends = [event.t_ns for event in of(source, "turn_end")]
    assert min(end for end in ends if end > invalid.t_ns) < valid.t_ns
    assert len(source.read("gaze", invalid.t_ns + NS_PER_S // 10, valid.t_ns - NS_PER_S // 10)) == 0
    assert len(source.read("landmarks", invalid.t_ns, valid.t_ns)) > 30
    assert len(source.read("gaze", valid.t_ns, None)) > 100
    shown = pages(source)
    assert (
        shown[shown.index("task") :].count("drift_check") == 2
    )  # before the second task, and before its second turn
    check_models(source)
    session.study.close()


@pytest.mark.parametrize("kind", ["resized", "screen_changed"])
def test_that_a_changed_window_is_decided_on_at_the_next_boundary(folder: Path, kind: str) -> None:
    def meddle(session: Session, snapshot: FlowSnapshot) -> None:
        if snapshot.page == "task" and snapshot.turn_state == "reading" and session.once("change"):
            session.conductor.command("geometry_changed", kind)

    session = Session(folder, {}, meddle=meddle)
    assert session.run().ended == "finished"
    source = session.source()
    assert [event.payload["reason"] for event in of(source, "gaze_invalid")] == [kind]
    shown = pages(source)
    after = shown[shown.index("gaze_help") + 1]
    assert after == {"resized": "drift_check", "screen_changed": "task"}[kind]
    if kind == "screen_changed":  # this participant goes on with the pointer only
        assert [event.payload["detail"] for event in of(source, "camera")][-1] == "pointer_only"
        assert len(source.read("landmarks", of(source, "camera")[-1].t_ns + NS_PER_S, None)) == 0
    else:
        assert len(of(source, "gaze_valid")) == 1
    session.study.close()


def test_that_a_target_that_was_not_measured_is_redone_and_every_attempt_is_kept(folder: Path) -> None:
    def meddle(session: Session, snapshot: FlowSnapshot) -> None:
        view = session.conductor.target_view()
        bad = snapshot.run is not None and snapshot.run.phase == "calibration" and view is not None
        session.shift = {"iris_a_x": np.nan} if bad and view is not None and view.index == 3 else {}

    session = Session(folder, {"timeout_ms": 1000, "max_loss": 0.9}, meddle=meddle)
    snapshot = session.run()
    assert snapshot.ended == "finished"
    source = session.source()
    full, redo = (event.payload for event in of(source, "calibration"))
    (missing,) = [t["target_index"] for t in full["targets"] if t["state"] == "not_measured"]
    assert (redo["kind"], redo["parent_id"]) == ("redo", full["calibration_id"])
    assert (full["n_targets"], redo["n_targets"]) == (8, 9)
    assert [t["state"] for t in redo["targets"]] == ["good"] * 9
    stored = source.read("target_frame")
    new = stored[stored["attempt_id"] == redo["attempt_id"]]
    assert set(new["target_index"][new["phase"] == "redo"]) == {missing}
    assert len(of(source, "validation")) == 2 and check_models(source) == 2
    assert [attempt.kind for attempt in snapshot.attempts] == ["full", "redo"]
    assert of(source, "gaze_accepted")[0].payload["attempt_id"] == redo["attempt_id"]
    session.study.close()


@pytest.mark.parametrize(
    ("rule", "ended", "how"),
    [("ask", "finished", {"fewer_claims"}), ("continue", "finished", {"fewer_claims", "use_attempt"}),
     ("pointer_only", "finished", set()), ("stop", "calibration_failed", set())],
)  # fmt: skip
def test_that_repeated_failure_goes_the_way_of_the_study(
    folder: Path, rule: str, ended: str, how: set[str]
) -> None:
    plan = {"on_failure": rule, "max_attempts": 2, "max_error_deg": 0.01, "collect_frames": 8}
    session = Session(folder, plan)
    assert session.run().ended == ended
    source = session.source()
    assert [event.payload["reason"] for event in of(source, "validation")] == ["error_too_large"] * 2
    assert ("gaze_help" in pages(source)) is (rule != "continue")
    accepted = [event.payload for event in of(source, "gaze_accepted")]
    assert len(accepted) == bool(how) and all(a["how"] in how and not a["ok"] for a in accepted)
    session.study.close()
