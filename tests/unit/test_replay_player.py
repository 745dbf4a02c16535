"""The play clock."""

from __future__ import annotations

import pytest

from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.replay.player import SPEEDS, Player

S = 1_000_000_000


@pytest.mark.parametrize("speed", SPEEDS)
def test_that_the_playhead_moves_by_time_times_speed(speed: float) -> None:
    player = Player(100 * S)
    player.set_speed(speed, 0)
    player.play(5 * S)
    assert player.tick(6 * S).t_ns == int(speed * S)
    assert player.tick(6 * S + 1000).t_ns == int(speed * (S + 1000))


def test_that_a_pause_costs_no_time_and_the_end_stops() -> None:
    player = Player(10 * S)
    player.play(0)
    assert player.pause(2 * S).t_ns == 2 * S
    assert player.tick(50 * S).t_ns == 2 * S
    player.play(50 * S)
    state = player.tick(70 * S)
    assert (state.t_ns, state.playing) == (10 * S, False)
    assert player.play(70 * S).t_ns == 0


def test_that_a_change_of_speed_acts_from_its_moment_on() -> None:
    player = Player(100 * S)
    player.play(0)
    player.set_speed(4.0, 1 * S)
    assert player.tick(2 * S).t_ns == 5 * S
    player.faster(2 * S)
    assert player.state.speed == 8.0 and player.faster(2 * S).speed == 8.0
    for _ in range(10):
        player.slower(2 * S)
    assert player.state.speed == 0.25


def test_that_seek_and_step_are_clipped_and_a_step_pauses() -> None:
    player = Player(10 * S)
    player.play(0)
    assert player.seek(20 * S, 0).t_ns == 10 * S
    assert player.seek(-5, 0).t_ns == 0
    assert player.seek(4 * S, 0).playing
    state = player.step(-S // 2, 0)
    assert (state.t_ns, state.playing) == (3_500_000_000, False)


def test_that_a_loop_starts_again_even_after_a_long_wait() -> None:
    player = Player(100 * S)
    player.set_loop((12 * S, 10 * S), 0)
    player.seek(11 * S, 0)
    player.play(0)
    assert player.tick(int(1.5 * S)).t_ns == int(10.5 * S)
    assert player.tick(int(101.5 * S)).t_ns == int(10.5 * S)
    player.set_loop(None, int(101.5 * S))
    assert player.tick(int(104.5 * S)).t_ns == int(13.5 * S)


def test_that_an_empty_loop_is_none_and_time_behind_the_loop_plays_on() -> None:
    player = Player(100 * S)
    assert player.set_loop((5 * S, 5 * S), 0).loop_ns is None
    player.set_loop((5 * S, 6 * S), 0)
    player.seek(8 * S, 0)
    player.play(0)
    assert player.tick(S).t_ns == 9 * S


def test_that_gaps_are_jumped_over_without_using_play_time() -> None:
    player = Player(100 * S, gaps=[(2 * S, 5 * S), (6 * S, 9 * S)])
    player.set_skip_gaps(True, 0)
    player.play(0)
    assert player.tick(2 * S).t_ns == 5 * S
    assert player.tick(4 * S).t_ns == 10 * S
    player.seek(7 * S, 4 * S)
    assert player.tick(5 * S).t_ns == 10 * S
    player.set_skip_gaps(False, 5 * S)
    player.seek(2 * S, 5 * S)
    assert player.tick(6 * S).t_ns == 3 * S


def test_that_a_clock_that_goes_back_moves_nothing() -> None:
    player = Player(100 * S)
    player.play(10 * S)
    player.tick(12 * S)
    assert player.tick(11 * S).t_ns == 2 * S
    assert player.tick(13 * S).t_ns == 3 * S


def test_that_impossible_speeds_are_refused() -> None:
    for speed in (0.0, -1.0, 9.0):
        with pytest.raises(BugError):
            Player(S).set_speed(speed, 0)
