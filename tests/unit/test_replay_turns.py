"""Turns from control events."""

from __future__ import annotations

from ifllm_desktop.domain.chat import Finish
from ifllm_desktop.replay.turns import turns
from tests.recordings import BETTER, WORSE, RecordingBuilder, TurnPlan, small_session


def test_that_a_pair_turn_keeps_sides_texts_ratings_and_vote() -> None:
    plan = TurnPlan(choice="right", strength=1, rating_left=2, rating_right=5)
    (turn,) = turns(small_session("S9", "P07", [plan]))
    assert (turn.session_id, turn.participant_id, turn.mode) == ("S9", "P07", "pair")
    left, right = turn.responses
    assert (left.side, left.text, left.rating, left.finish) == ("left", BETTER, 2, Finish.STOP)
    assert (right.side, right.text, right.rating, right.rating_scale) == ("right", WORSE, 5, 7)
    assert (turn.choice, turn.strength) == ("right", 1)
    assert left.t_first_ns is not None and left.t_end_ns is not None and turn.t_rating_open_ns is not None
    assert turn.t_submit_ns < left.t_first_ns < left.t_end_ns < turn.t_rating_open_ns
    assert turn.t_choice_ns is not None and turn.t_end_ns is not None
    assert turn.t_rating_open_ns < turn.t_choice_ns < turn.t_end_ns


def test_that_a_failed_answer_that_was_retried_is_no_answer_of_the_turn() -> None:
    (turn,) = turns(small_session(plans=[TurnPlan(retry=True)]))
    assert [r.response_id for r in turn.responses] == ["S1-t1-l", "S1-t1-r"]
    assert all(r.finish is Finish.STOP for r in turn.responses)
    plain = turns(small_session(plans=[TurnPlan()]))[0]
    assert turn.t_submit_ns == plain.t_submit_ns - 800_000_000  # the prompt was sent with the first submit


def test_that_the_last_rating_and_the_last_vote_count() -> None:
    def change(b: RecordingBuilder) -> None:
        b.event(25_000, "rating", turn_id="S1-t1", response_id="S1-t1-l", value=1, scale=7)
        b.event(25_001, "preference", turn_id="S1-t1", choice="tie", strength=None)

    (turn,) = turns(small_session(extra=change))
    assert turn.responses[0].rating == 1
    assert (turn.choice, turn.strength) == ("tie", None)


def test_that_a_vote_from_before_a_retry_does_not_count() -> None:
    def early(b: RecordingBuilder) -> None:
        b.event(5_250, "rating_open", turn_id="S1-t1")
        b.event(5_300, "preference", turn_id="S1-t1", choice="both_bad", strength=None)
        # the retry of the plan is submitted at 5.6 s, everything after it belongs to the vote taken away here
        b.rows["event"] = [row for row in b.rows["event"] if row[1] != "preference" or row[0] < 5_600_000_000]

    (turn,) = turns(small_session(plans=[TurnPlan(retry=True)], extra=early))
    assert turn.choice is None and turn.t_choice_ns is None
    assert turn.t_rating_open_ns is not None and turn.t_rating_open_ns > 6_000_000_000


def test_that_a_recording_that_ends_early_leaves_what_is_missing_open() -> None:
    source = small_session()
    source.rows["event"] = [row for row in source.rows["event"] if row[0] < 7_000_000_000]
    (turn,) = turns(source)
    assert all(r.finish is None and r.text == "" and r.rating is None for r in turn.responses)
    assert turn.choice is None and turn.t_end_ns is None


def test_that_an_unsubmitted_turn_has_no_record() -> None:
    def start_only(b: RecordingBuilder) -> None:
        b.event(60_000, "turn_start", turn_id="S1-t2", task_id="task-1", turn_index=1)

    assert len(turns(small_session(extra=start_only))) == 1
