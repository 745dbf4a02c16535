"""Answers as they arrive: with threads and without, the same pieces."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from ifllm_desktop.adapters.clock import MonotonicClock, SimulatedClock
from ifllm_desktop.domain.chat import ChatRequest, Finish, Message, Role
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.session.chat_pump import ChatPump, Delivery, SimulatedChatPump, ThreadedChatPump
from tests.live_fakes import FakeChat

PIECES = tuple(f"piece {n} " for n in range(8))


def request(response_id: str) -> ChatRequest:
    return ChatRequest(response_id, "m1", (Message(Role.USER, "?"),))


def simulated(
    pieces: tuple[str, ...] = PIECES, every_ns: int = 10 * NS_PER_MS
) -> tuple[ChatPump, Callable[[], None]]:
    clock = SimulatedClock()
    pump = SimulatedChatPump(FakeChat(pieces, every_ns), clock)
    return pump, lambda: clock.advance_to(clock.now_ns() + 8 * NS_PER_MS)


def threaded(
    pieces: tuple[str, ...] = PIECES, every_ns: int = 10 * NS_PER_MS
) -> tuple[ChatPump, Callable[[], None]]:
    return ThreadedChatPump(FakeChat(pieces, every_ns), MonotonicClock()), lambda: time.sleep(0.005)


def drain(pump: ChatPump, step: Callable[[], None], n_answers: int) -> list[Delivery]:
    out: list[Delivery] = []
    deadline_s = time.monotonic() + 20
    while sum(chunk.finish is not None for _, _, chunk in out) < n_answers:
        assert time.monotonic() < deadline_s
        step()
        out += pump.poll()
    return out


def text_of(deliveries: list[Delivery], response_id: str) -> str:
    return "".join(chunk.text for _, rid, chunk in deliveries if rid == response_id)


@pytest.mark.parametrize("make", [simulated, threaded])
def test_that_two_answers_arrive_whole_and_in_order_of_time(
    make: Callable[[], tuple[ChatPump, Callable[[], None]]],
) -> None:
    pump, step = make()
    pump.start(request("r1"))
    pump.start(request("r2"))
    got = drain(pump, step, 2)
    pump.close()
    for rid in ("r1", "r2"):
        assert text_of(got, rid) == "".join(f"{rid}:{piece}" for piece in PIECES)
        mine = [(t_ns, chunk) for t_ns, r, chunk in got if r == rid]
        assert [chunk.finish for _, chunk in mine] == [None] * len(PIECES) + [Finish.STOP]
        assert [t_ns for t_ns, _ in mine] == sorted(t_ns for t_ns, _ in mine)
    assert pump.poll() == []


def test_that_both_pumps_deliver_the_same_pieces() -> None:
    found = []
    for make in (simulated, threaded):
        pump, step = make()
        pump.start(request("r1"))
        found.append([(rid, chunk) for _, rid, chunk in drain(pump, step, 1)])
        pump.close()
    assert found[0] == found[1]


def test_that_simulated_pieces_come_at_their_own_time_and_not_before() -> None:
    clock = SimulatedClock()
    clock.advance_to(3 * NS_PER_S)
    pump = SimulatedChatPump(FakeChat(PIECES, NS_PER_S), clock)
    pump.start(request("r1"))
    assert pump.poll() == []
    clock.advance_to(3 * NS_PER_S + 2 * NS_PER_S + NS_PER_S // 2)
    assert [(t_ns, chunk.text) for t_ns, _, chunk in pump.poll()] == [
        (4 * NS_PER_S, "r1:piece 0 "), (5 * NS_PER_S, "r1:piece 1 "),
    ]  # fmt: skip


def test_that_threaded_pieces_are_never_stamped_before_they_are_due() -> None:
    pump, step = threaded(every_ns=20 * NS_PER_MS)
    pump.start(request("r1"))
    got = drain(pump, step, 1)
    pump.close()
    t0_ns = (
        got[0][0] - 20 * NS_PER_MS
    )  # the first was due 20 ms after the request, so the request is not later
    assert all(t_ns >= t0_ns + 0 * number for number, (t_ns, _, _) in enumerate(got))
    assert got[-1][0] - got[0][0] >= 0.5 * (len(PIECES) - 1) * 20 * NS_PER_MS


@pytest.mark.parametrize("make", [simulated, threaded])
def test_that_cancelling_ends_one_answer_and_leaves_the_other(
    make: Callable[..., tuple[ChatPump, Callable[[], None]]],
) -> None:
    pump, step = make(every_ns=50 * NS_PER_MS)
    pump.start(request("r1"))
    pump.start(request("r2"))
    pump.cancel("r1")
    pump.cancel("unknown")
    got = drain(pump, step, 2)
    pump.close()
    ends = {rid: chunk.finish for _, rid, chunk in got if chunk.finish is not None}
    assert ends == {"r1": Finish.CANCELLED, "r2": Finish.STOP}
    assert len([1 for _, rid, _ in got if rid == "r1"]) < len(PIECES)
    assert text_of(got, "r2").endswith(PIECES[-1])


@pytest.mark.parametrize("make", [simulated, threaded])
def test_that_closing_stops_everything(make: Callable[..., tuple[ChatPump, Callable[[], None]]]) -> None:
    pump, step = make(every_ns=20 * NS_PER_S)
    pump.start(request("r1"))
    pump.close()
    step()
    assert all(chunk.finish is Finish.CANCELLED for _, _, chunk in pump.poll())
