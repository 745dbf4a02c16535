"""Prepared answers arrive exactly, at a seeded pace, and fail in words."""

from __future__ import annotations

import dataclasses
import statistics
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifllm_desktop.adapters.chat_prepared import PreparedChat, tokens
from ifllm_desktop.domain.chat import ChatChunk, ChatRequest, Finish, Message, Role
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.domain.topics import PreparedAnswer, PreparedTurn, Topic

TEXT = "# A **title**\n\n- one\n- two 🌱\n\n```py\nx = 1\n```\n" + "Words of some length follow here. " * 60


def chat_of(text: str, tokens_per_s: float = 40, jitter: float = 0.35) -> PreparedChat:
    turns = (
        PreparedTurn("ask", (PreparedAnswer("m1", "better", text), PreparedAnswer("m2", "worse", "No."))),
    )
    return PreparedChat({"t": Topic("t", "T", "…", turns)}, tokens_per_s, jitter)


def request(seed: int = 1, **changes: Any) -> ChatRequest:
    made = ChatRequest("r-1", "m1", (Message(Role.USER, "ask"),), topic_id="t", turn_index=0, seed=seed)
    return dataclasses.replace(made, **changes)


def stream(chat: PreparedChat, asked: ChatRequest) -> list[ChatChunk]:
    return list(chat.stream(asked, threading.Event()))


@given(st.text())
def test_that_tokens_put_together_are_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text
    assert all(tokens(text))


@given(st.text(), st.integers(0, 2**63 - 1))
def test_that_chunks_put_together_are_the_text_and_only_the_last_has_an_end(text: str, seed: int) -> None:
    chunks = stream(chat_of(text), request(seed))
    assert "".join(c.text for c in chunks) == text
    assert [c.finish for c in chunks] == [None] * (len(chunks) - 1) + [Finish.STOP]
    assert all(1 <= len(tokens(c.text)) <= 4 for c in chunks[:-1])
    assert chunks[-1].text == ""


def test_that_each_model_gives_its_own_answer() -> None:
    assert "".join(c.text for c in stream(chat_of(TEXT), request(model="m2"))) == "No."


def test_that_the_pace_is_seeded() -> None:
    chat = chat_of(TEXT)
    assert stream(chat, request(1)) == stream(chat, request(1))
    assert stream(chat, request(1)) != stream(chat, request(2))


def test_that_pieces_are_due_in_order_after_a_wait_of_300_to_900_ms() -> None:
    firsts = []
    for seed in range(40):
        due = [c.due_ns for c in stream(chat_of(TEXT), request(seed))]
        times = [d for d in due if d is not None]
        assert len(times) == len(due) and times == sorted(times)
        firsts.append(times[0])
    assert 300 * NS_PER_MS <= min(firsts) < 450 * NS_PER_MS
    assert 750 * NS_PER_MS < max(firsts) <= 900 * NS_PER_MS


@pytest.mark.parametrize("jitter", [0.0, 0.35, 1.0])
def test_that_the_mean_pace_is_the_one_that_was_set_whatever_the_jitter(jitter: float) -> None:
    rates = []
    for seed in range(30):
        due = [c.due_ns or 0 for c in stream(chat_of(TEXT, 40, jitter), request(seed))]
        rates.append(len(tokens(TEXT)) / ((due[-1] - due[0]) / NS_PER_S))
    assert statistics.mean(rates) == pytest.approx(40, rel=0.05)
    assert (max(rates) - min(rates) < 0.01) is (jitter == 0)


def test_that_a_cancelled_answer_ends_at_once() -> None:
    cancel = threading.Event()
    pieces = chat_of(TEXT).stream(request(), cancel)
    next(pieces)
    cancel.set()
    assert [c.finish for c in pieces] == [Finish.CANCELLED]


@pytest.mark.parametrize(
    "changes", [{"topic_id": "other"}, {"turn_index": 1}, {"turn_index": -1}, {"model": "m3"}]
)
def test_that_what_was_not_prepared_is_an_error_chunk_and_never_raises(changes: dict[str, Any]) -> None:
    (chunk,) = stream(chat_of(TEXT), request(**changes))
    assert (chunk.text, chunk.finish) == ("", Finish.ERROR)
    assert chunk.detail
