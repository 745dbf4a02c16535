"""The session at any moment."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ifllm_desktop.replay.timeline import Timeline
from tests.recordings import BETTER, MS, WORSE, FakeRecording, RecordingBuilder, TurnPlan, small_session

S = 1000 * MS


@pytest.fixture(scope="module")
def source() -> FakeRecording:
    return small_session(plans=[TurnPlan(), TurnPlan(choice="right", retry=True)])


@pytest.fixture(scope="module")
def timeline(source: FakeRecording) -> Timeline:
    return Timeline(source)


def test_that_gaze_is_the_newest_sample_with_its_spread(source: FakeRecording, timeline: Timeline) -> None:
    row = source.read("gaze")[100]
    point = timeline.state_at(int(row["t_ns"]) + 1).gaze
    assert point is not None
    assert (point.t_ns, point.x_px, point.y_px) == (row["t_ns"], row["x_px"], row["y_px"])
    assert (point.sd_x_px, point.sd_y_px) == (40.0, 45.0)


def test_that_there_is_no_gaze_in_a_loss_and_the_loss_has_its_frames_length(
    source: FakeRecording, timeline: Timeline
) -> None:
    gaps = source.read("gap")
    first = timeline.losses[0]
    n_first = int((gaps["t_ns"] < first.t1_ns).sum())
    assert first.t0_ns == gaps["t_ns"][0] and first.name == "no_face"
    assert abs((first.t1_ns - first.t0_ns) - n_first * S / 30) < S / 30
    assert len(timeline.losses) == 4  # two per turn
    middle = timeline.state_at((first.t0_ns + first.t1_ns) // 2)
    assert middle.gaze is None and middle.loss == first
    after = timeline.state_at(first.t1_ns + 40 * MS)
    assert after.gaze is not None and after.loss is None


def test_that_stale_gaze_is_no_gaze(timeline: Timeline) -> None:
    last_ns = int(timeline.gaze["t_ns"][-1])
    assert timeline.state_at(last_ns + 100 * MS).gaze is not None
    assert timeline.state_at(last_ns + 200 * MS).gaze is None


def test_that_the_pointer_stays_where_it_was_last(source: FakeRecording, timeline: Timeline) -> None:
    rows = source.read("pointer")
    wait = int(np.argmax(np.diff(rows["t_ns"])))
    between_ns = int(rows["t_ns"][wait] + rows["t_ns"][wait + 1]) // 2
    point = timeline.state_at(between_ns).pointer
    assert point is not None
    assert (point.t_ns, point.x_px, point.y_px) == tuple(rows[["t_ns", "x_px", "y_px"]][wait])
    assert timeline.state_at(0).pointer is None


def test_that_a_pointer_that_left_is_nowhere() -> None:
    def leave(b: RecordingBuilder) -> None:
        b.row("pointer", 26_000, "leave", 0.0, 0.0, "", "")

    assert Timeline(small_session(extra=leave)).state_at(26_100 * MS).pointer is None


def test_that_answers_appear_with_their_layout_scroll_and_completeness(timeline: Timeline) -> None:
    turn = timeline.turns[0]
    assert turn.responses[0].t_first_ns is not None and turn.t_rating_open_ns is not None
    early = timeline.state_at(turn.responses[0].t_first_ns + 1 * S)
    assert [r.side for r in early.responses] == ["left", "right"]
    assert not any(r.complete for r in early.responses)
    assert early.responses[0].layout.head.n_source < len(BETTER)
    late = timeline.state_at(turn.t_rating_open_ns + 6 * S)
    assert [(r.complete, r.layout.head.n_source) for r in late.responses] == [
        (True, len(BETTER)),
        (True, len(WORSE)),
    ]
    assert [r.scroll_px for r in late.responses] == [60.0, 0.0]
    assert timeline.source_text(turn.responses[0].response_id) == BETTER


def test_that_a_turn_begins_empty_and_its_broken_answer_is_shown_only_until_the_retry(
    timeline: Timeline,
) -> None:
    second = timeline.turns[1]
    t0_ns, t1_ns = timeline.turn_span(second)
    before = timeline.state_at(t0_ns + 100 * MS)
    assert before.turn == second and before.responses == () and before.turn_state == "composing"
    assert timeline.state_at(t1_ns - 1).choice == "right"


def test_that_ratings_vote_state_and_areas_hold_from_their_moment_on(timeline: Timeline) -> None:
    turn = timeline.turns[0]
    left = turn.responses[0]
    assert left.t_rating_ns is not None and turn.t_choice_ns is not None and turn.t_rating_open_ns is not None
    assert timeline.state_at(left.t_rating_ns - 1).ratings == {}
    assert timeline.state_at(left.t_rating_ns).ratings == {left.response_id: 6}
    assert timeline.state_at(turn.t_choice_ns - 1).choice is None
    state = timeline.state_at(turn.t_choice_ns)
    assert (state.choice, state.turn_state, state.page) == ("left", "rating", "task")
    assert {a.name for a in state.aois} == {"prompt", "rating_left", "preference"}
    assert {a.name for a in timeline.state_at(turn.t_rating_open_ns - 1).aois} == {"prompt"}
    assert state.screen_px == (1440.0, 900.0) and state.window is not None and state.window.w_px == 1440.0


def test_that_the_reading_window_runs_from_first_text_to_first_rating(
    source: FakeRecording, timeline: Timeline
) -> None:
    turn = timeline.turns[0]
    t0_ns, t1_ns = timeline.reading_window(turn)
    assert t0_ns == source.read("reveal")["t_ns"][0]
    assert t1_ns == turn.responses[0].t_rating_ns


def test_that_states_follow_each_other_without_holes(timeline: Timeline) -> None:
    states = timeline.states
    assert all(a.t1_ns == b.t0_ns for a, b in itertools.pairwise(states))
    assert states[-1].t1_ns == timeline.duration_ns
    assert {s.name for s in states} >= {"composing", "waiting", "streaming", "reading", "comparing", "rating"}


def test_that_marks_name_clicks_wheel_bursts_and_votes(timeline: Timeline) -> None:
    names = [mark.name for mark in timeline.marks]
    assert names.count("wheel") == 2 and names.count("click") == 6
    assert names.count("vote_left") == 1 and names.count("vote_right") == 1
    assert [m.t_ns for m in timeline.marks] == sorted(m.t_ns for m in timeline.marks)


def test_that_pauses_and_long_losses_can_be_skipped_and_blinks_not() -> None:
    def pause(b: RecordingBuilder) -> None:
        b.event(16_000, "pause")
        b.event(17_000, "resume")
        b.row("gap", 15_000, 10**6, 3, "no_face")  # a blink of 100 ms

    timeline = Timeline(small_session(extra=pause))
    skips = timeline.skippable()
    assert (16_000 * MS, 17_000 * MS) in skips
    assert not any(a <= 15_000 * MS < z for a, z in skips)
    assert timeline.state_at(16_500 * MS).paused and not timeline.state_at(17_500 * MS).paused
    assert sum(z - a for a, z in skips) == pytest.approx(2.0 * S, abs=0.1 * S)


def test_that_a_recording_without_gaze_or_rows_can_be_opened() -> None:
    without = Timeline(small_session(with_gaze=False))
    assert len(without.gaze) == 0 and without.losses == ()
    state = without.state_at(12_000 * MS)
    assert state.gaze is None and len(state.responses) == 2
    empty = Timeline(RecordingBuilder().build())
    assert empty.duration_ns == 0 and empty.turns == ()
    assert empty.state_at(0).responses == ()
