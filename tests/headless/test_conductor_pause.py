"""A pause while an answer streams: nothing of the person is stored, and the replay still has the whole answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ifllm_desktop import compose
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.replay.layouts import LayoutHistory
from ifllm_desktop.session.snapshot import CalibrationOutcome, ValidationOutcome
from ifllm_desktop.ui.offscreen import DEMO_SCREEN, offscreen_application
from ifllm_desktop.ui.offscreen_stage import OffscreenStage


def test_that_an_answer_that_went_on_during_a_pause_is_replayed_as_it_was_laid_out(tmp_path: Path) -> None:
    application = offscreen_application()
    compose.new_study(tmp_path / "study", "demo")
    study = compose.open_study(tmp_path / "study")
    options = compose.SessionOptions("simulated", 5, True, True, DEMO_SCREEN)
    parts = compose.prepare_session(study, "P001", options)
    conductor = parts.conductor
    stage = OffscreenStage(DEMO_SCREEN, conductor.record)

    def wait(length_s: float) -> None:
        for _ in range(round(length_s * 20)):
            parts.clock.wait_until(parts.clock.now_ns() + 50 * NS_PER_MS)
            stage.show(conductor.tick(), conductor.recorder.now_ns())
            for response_id, n_source in stage.shown().items():
                conductor.command("shown", response_id, n_source)

    conductor.start()
    conductor.command("next")
    conductor.command("consent", {line.scope: True for line in conductor.snapshot.study.consent})
    conductor.command("camera_ready")
    now_ns = conductor.recorder.now_ns()
    conductor.flow.calibration_finished(now_ns, CalibrationOutcome("test", "test", ok=True, n_targets=9))
    conductor.flow.validation_finished(now_ns, ValidationOutcome("test", "test", ok=True))
    conductor.command("accept_gaze")
    conductor.command("skip_text")
    conductor.command("next")
    conductor.command("skip_drift")
    task = conductor.snapshot.task
    assert task is not None
    conductor.command("submit", task.suggested_prompt)
    wait(2)
    conductor.command("pause")
    wait(4)
    conductor.command("resume")
    wait(60)
    (answer,) = conductor.snapshot.answers
    assert answer.complete and conductor.snapshot.ratings_open
    (shown,) = stage.scene(None).responses
    parts.finish()
    stage.close()
    del application

    source = study.source(parts.info.session_id)
    times = {e.kind: e.t_ns for e in source.events() if e.kind in ("pause", "resume")}
    replayed = LayoutHistory(source).at(answer.response_id, source.events()[-1].t_ns)
    assert replayed is not None and len(replayed.words) == len(shown.layout.words) > 50
    for stored, seen in zip(replayed.words, shown.layout.words, strict=True):
        assert (stored.text, stored.src_start, stored.line) == (seen.text, seen.src_start, seen.line)
        assert np.allclose(stored.rect.as_list(), seen.rect.as_list(), atol=0.01)  # stored with three digits
    paused = source.read("landmarks", times["pause"] + 1, times["resume"])
    assert len(paused) == 0 and len(source.read("landmarks")) > 30
    assert np.all(np.diff(source.read("reveal")["n_source"]) >= 0)
    assert "".join(source.read("chunk")["text"]) == answer.text
    study.close()
