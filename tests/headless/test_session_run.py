"""Chat pumps and the conductor: what reaches the recording, and what consent keeps out of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ifllm_desktop.adapters.chat_prepared import PreparedChat
from ifllm_desktop.adapters.clock import MonotonicClock, SimulatedClock
from ifllm_desktop.capture.pipeline import Observation
from ifllm_desktop.capture.recorder import Recorder
from ifllm_desktop.domain.chat import ChatChunk, ChatRequest, Finish, Message, Role
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.topics import PreparedAnswer, PreparedTurn, Topic
from ifllm_desktop.protocol import load_protocol, load_topics
from ifllm_desktop.resource_files import resource_path
from ifllm_desktop.session.assignment import assign
from ifllm_desktop.session.chat_pump import Delivery, SimulatedChatPump, ThreadedChatPump
from ifllm_desktop.session.conductor import POINTER_STREAMS, Conductor
from ifllm_desktop.session.flow import ParticipantFlow
from ifllm_desktop.session.gaze_setup import GazeSetup
from ifllm_desktop.session.ids import SeededIds
from tests.unit.test_capture import MemorySink

TEXT = "One **bold** word 🚲 and a list:\n\n- one\n- two\n"
TOPIC = Topic("t", "Title", "About", (PreparedTurn("why?", (PreparedAnswer("m", "better", TEXT),)),))


def request(response_id: str = "r-1", model: str = "m") -> ChatRequest:
    return ChatRequest(response_id, model, (Message(Role.USER, "why?"),), "t", 0, seed=7)


def text_of(deliveries: list[Delivery]) -> str:
    return "".join(chunk.text for _, _, chunk in deliveries)


def all_of_threaded(pump: ThreadedChatPump, limit_s: float = 10.0) -> list[Delivery]:
    out: list[Delivery] = []
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s and not (out and out[-1][2].finish):
        out += pump.poll()
        time.sleep(0.002)
    return out


# ---- pumps


def test_that_both_pumps_deliver_the_same_pieces_with_rising_times() -> None:
    model = PreparedChat({"t": TOPIC}, tokens_per_s=4_000, jitter=0.3, first_token_ms=(1, 2))
    clock = SimulatedClock()
    simulated = SimulatedChatPump(model, clock)
    simulated.start(request())
    early = simulated.poll()
    clock.advance_to(60_000_000_000)
    deliveries = early + simulated.poll()
    threaded = ThreadedChatPump(model, MonotonicClock())
    threaded.start(request())
    live = all_of_threaded(threaded)
    threaded.close()
    assert [chunk for _, _, chunk in deliveries] == [chunk for _, _, chunk in live]
    assert text_of(deliveries) == TEXT
    for found in (deliveries, live):
        times = [t_ns for t_ns, _, _ in found]
        assert times == sorted(times)
        assert found[-1][2].finish is Finish.STOP


def test_that_a_piece_is_not_delivered_before_it_is_due() -> None:
    clock = SimulatedClock()
    pump = SimulatedChatPump(PreparedChat({"t": TOPIC}, tokens_per_s=10, jitter=0.0), clock)
    pump.start(request())
    seen = 0
    for step in range(1, 400):
        clock.advance_to(step * 20_000_000)
        for t_ns, _, chunk in pump.poll():
            assert t_ns <= clock.now_ns()
            assert t_ns == chunk.due_ns
            seen += 1
    assert seen > 5
    assert pump.poll() == []


@pytest.mark.parametrize("threaded", [False, True], ids=["simulated", "threaded"])
def test_that_a_cancelled_answer_ends_as_cancelled(threaded: bool) -> None:
    model = PreparedChat({"t": TOPIC}, tokens_per_s=0.5, jitter=0.0, first_token_ms=(1, 2))
    if threaded:
        pump: Any = ThreadedChatPump(model, MonotonicClock())
        pump.start(request())
        time.sleep(0.05)
        pump.cancel("r-1")
        deliveries = all_of_threaded(pump)
    else:
        pump = SimulatedChatPump(model, SimulatedClock())
        pump.start(request())
        pump.cancel("r-1")
        deliveries = pump.poll()
    pump.close()
    assert deliveries[-1][2].finish is Finish.CANCELLED
    assert len(text_of(deliveries)) < len(TEXT)


class StuckModel:
    """A back end that says nothing until it is cancelled."""

    def stream(self, request: ChatRequest, cancel: threading.Event) -> Iterator[ChatChunk]:
        cancel.wait(10.0)
        yield ChatChunk("", finish=Finish.CANCELLED)


def test_that_closing_ends_the_threads_of_answers_that_never_come() -> None:
    pump = ThreadedChatPump(StuckModel(), MonotonicClock())
    pump.start(request())
    pump.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("ifllm-chat")]


# ---- the conductor


class StillCapture:
    """A capture that only notes whether it was started."""

    def __init__(self) -> None:
        self.pipeline = None
        self.n_passes = 0
        self.started = 0

    def start(self) -> None:
        self.started += 1

    def take(self) -> list[Observation]:
        return []

    def take_problems(self) -> list[tuple[str, Exception | None]]:
        return []

    def stop(self) -> None:
        self.started = 0


def conductor() -> tuple[Conductor, MemorySink, StillCapture, SimulatedClock]:
    protocol = load_protocol(resource_path("studies", "demo"))
    topics = load_topics(protocol.topics_folder)
    clock, sink, capture = SimulatedClock(), MemorySink(), StillCapture()
    recorder, ids = Recorder(sink, clock), SeededIds("test")
    flow = ParticipantFlow(protocol, topics, assign(protocol, topics, "P001"), "s-1", recorder.record, ids)
    chat = SimulatedChatPump(PreparedChat(topics, tokens_per_s=400, jitter=0.1), clock)
    header = {
        "session_id": "s-1", "participant_id": "P001", "study_id": "demo", "station_id": "x", "segment": 1,
        "seed": 1, "devices": "simulated", "screen": {}, "camera": {}, "feature_set": "eyes-1",
        "app_version": "0", "protocol_sha256": protocol.sha256,
    }  # fmt: skip
    setup = GazeSetup(protocol, Screen(1440.0, 900.0), recorder.record, ids)
    made = Conductor(flow, recorder, capture, chat, setup, header)
    made.start()
    made.command("next")
    return made, sink, capture, clock


ROWS = {
    "pointer": (1, "move", 1.0, 2.0, "", ""), "wheel": (1, 1.0, 2.0, 0.0, 120.0, ""),
    "key": (1, "press", "text", ""), "selection": (1, "r", 0, 1), "focus": (1, "window_in", ""),
    "scroll": (1, "r", 0.0, 10.0), "window": (1, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0),
}  # fmt: skip


def consent(made: Conductor, **changed: bool) -> None:
    made.command(
        "consent", {line.scope: changed.get(line.scope, True) for line in made.snapshot.study.consent}
    )


def test_that_nothing_of_the_window_is_stored_before_consent() -> None:
    made, sink, capture, _ = conductor()
    assert [made.record(stream, row) for stream, row in ROWS.items()] == [0] * len(ROWS)
    assert {stream for stream, _ in sink.rows} <= {"anchor", "event"}
    assert capture.started == 0
    consent(made)
    assert all(made.record(stream, row) > 0 for stream, row in ROWS.items())


def test_that_the_camera_opens_only_with_consent_to_gaze() -> None:
    made, _, capture, _ = conductor()
    consent(made, gaze=False)
    assert capture.started == 0
    assert made.snapshot.page == "instructions"
    other, _, capture, _ = conductor()
    consent(other)
    assert capture.started == 1


def test_that_pointer_streams_follow_the_scope_of_the_pointer() -> None:
    made, sink, _, _ = conductor()
    consent(made)
    scopes = dict(made.snapshot.scopes or {})
    assert scopes["pointer"]
    assert set(ROWS) - {"window"} == POINTER_STREAMS
    before = len(sink.rows)
    for stream, row in ROWS.items():
        made.record(stream, row)
    assert len(sink.rows) == before + len(ROWS)


def test_that_an_unknown_command_is_a_bug_and_changes_nothing() -> None:
    made, _, _, _ = conductor()
    page = made.snapshot.page
    with pytest.raises(BugError):
        made.command("begin")
    assert made.snapshot.page == page


def test_that_the_chunks_of_an_answer_are_stored_with_their_times_and_make_up_its_text() -> None:
    made, sink, _, clock = conductor()
    consent(made, gaze=False)
    made.command("next")
    assert made.snapshot.task is not None
    made.command("submit", made.snapshot.task.suggested_prompt)
    while not all(answer.finish for answer in made.snapshot.answers):
        clock.advance_to(clock.now_ns() + 33_000_000)
        made.tick()
    (answer,) = made.snapshot.answers
    chunks = [row for row in sink.of("chunk") if row[1] == answer.response_id]
    assert "".join(row[3] for row in chunks) == answer.text
    times = [row[0] for row in chunks]
    assert times == sorted(times)
    assert len(set(times)) > 5
    assert not made.snapshot.ratings_open
    made.command("shown", answer.response_id, len(answer.text))
    assert made.snapshot.ratings_open


def test_that_a_pause_stops_samples_and_resume_goes_on() -> None:
    made, sink, _, _ = conductor()
    consent(made, gaze=False)
    made.command("pause")
    assert made.record("pointer", ROWS["pointer"]) == 0
    made.command("resume")
    assert made.record("pointer", ROWS["pointer"]) > 0
    assert {"pause", "resume"} <= {row[1] for row in sink.of("event")}


def test_that_a_stop_in_a_pause_still_ends_the_record() -> None:
    made, sink, capture, _ = conductor()
    consent(made)
    made.command("pause")
    made.command("stop", "participant")
    segment = made.close()
    assert sink.of("event")[-1][1] == "session_end"
    assert segment.closed_cleanly
    assert capture.started == 0
