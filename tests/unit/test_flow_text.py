"""The text check in the participant's flow: once for each calibration that gaze goes on with, and never in the way."""

from __future__ import annotations

import pytest

from ifllm_desktop.session.snapshot import TextOutcome
from tests.unit.test_flow_gaze import GazeDriver

READ = TextOutcome("a-1", "c-1", True, response_id="text-check-3", error_y_px=4.0)


@pytest.mark.parametrize("n", [0, 3])
def test_that_lines_are_read_between_the_result_and_the_instructions_where_the_study_asks_for_it(
    n: int,
) -> None:
    d = GazeDriver(text_lines=n)
    d.attempt()
    snapshot = d.do("accept_gaze")
    if not n:
        assert snapshot.page == "instructions" and snapshot.text_check is None
        d.refused("text_finished", READ)
        return
    assert (snapshot.page, snapshot.gaze_in_use, snapshot.step) == ("text_check", "c-1", 5)
    assert snapshot.run is not None and (snapshot.run.phase, snapshot.run.calibration_id) == ("text", "c-1")
    snapshot = d.do("text_finished", READ)
    assert (snapshot.page, snapshot.run, snapshot.text_check) == ("instructions", None, READ)
    assert d.events("text_validation") == [READ.to_payload()]


def test_that_the_participant_may_skip_it_and_that_is_recorded() -> None:
    d = GazeDriver(text_lines=3)
    d.refused("skip_text")
    d.attempt()
    d.do("accept_gaze")
    snapshot = d.do("skip_text")
    assert snapshot.page == "instructions" and snapshot.gaze_in_use == "c-1"
    (event,) = d.events("text_validation")
    assert (event["ok"], event["reason"], event["attempt_id"], event["calibration_id"], event["lines"]) == (
        False, "skipped", "a-1", "c-1", [],
    )  # fmt: skip
    d.refused("skip_text")


def test_that_it_can_be_paused_and_left_without_gaze() -> None:
    d = GazeDriver(text_lines=3)
    d.attempt()
    d.do("accept_gaze")
    assert d.do("pause").paused
    d.refused("skip_text")
    d.do("resume")
    snapshot = d.do("without_gaze", "stopped")
    assert snapshot.page == "instructions" and snapshot.gaze_off and not d.events("text_validation")


def test_that_a_window_that_changed_asks_what_to_do_instead() -> None:
    d = GazeDriver(text_lines=3)
    d.attempt()
    d.do("accept_gaze")
    snapshot = d.do("geometry_changed", "resized")
    assert (snapshot.page, snapshot.run, snapshot.gaze_in_use) == ("gaze_help", None, "")
    d.do("check_gaze")
    assert d.check().page == "instructions"


def test_that_a_poor_calibration_is_read_with_as_well_and_the_same_one_only_once() -> None:
    d = GazeDriver(text_lines=3, max_attempts=1)
    d.attempt(ok=False)
    assert d.do("fewer_claims").page == "text_check"
    d.do("text_finished", READ)
    d.do("next")
    d.check()
    d.do("geometry_changed", "resized")
    d.whole_turn()
    d.do("help_again")
    d.do("camera_ready")
    d.attempt()
    assert d.do("use_attempt", "a-1").page == "task"
