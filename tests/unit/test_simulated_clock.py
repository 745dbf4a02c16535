"""Clocks: the simulated one jumps, neither goes back, both can be cancelled."""

from __future__ import annotations

import threading

from ifllm_desktop.adapters.clock import MonotonicClock, SimulatedClock


def test_that_simulated_time_stands_still_until_it_is_moved_and_never_goes_back() -> None:
    clock = SimulatedClock(wall_start_ns=1_000)
    assert (clock.now_ns(), clock.now_ns(), clock.wall_ns()) == (0, 0, 1_000)
    clock.advance_to(500)
    clock.advance_to(200)
    assert (clock.now_ns(), clock.wall_ns()) == (500, 1_500)


def test_that_waiting_on_simulated_time_jumps() -> None:
    clock = SimulatedClock()
    assert clock.wait_until(10**18)
    assert clock.now_ns() == 10**18
    assert clock.wait_until(5)
    assert clock.now_ns() == 10**18


def test_that_a_cancelled_wait_moves_nothing() -> None:
    clock, cancel = SimulatedClock(), threading.Event()
    cancel.set()
    assert not clock.wait_until(99, cancel)
    assert clock.now_ns() == 0


def test_that_many_threads_see_the_greatest_time() -> None:
    clock = SimulatedClock()
    threads = [threading.Thread(target=clock.advance_to, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now_ns() == 49


def test_that_the_real_clock_waits_until_the_time_has_come() -> None:
    clock = MonotonicClock()
    due_ns = clock.now_ns() + 3_000_000
    assert clock.wait_until(due_ns)
    assert clock.now_ns() >= due_ns
    assert clock.wait_until(due_ns)  # past: at once


def test_that_a_wait_on_the_real_clock_ends_when_it_is_cancelled() -> None:
    clock, cancel = MonotonicClock(), threading.Event()
    threading.Timer(0.02, cancel.set).start()
    assert not clock.wait_until(clock.now_ns() + 60_000_000_000, cancel)
    assert not clock.wait_until(clock.now_ns() - 1, cancel)
