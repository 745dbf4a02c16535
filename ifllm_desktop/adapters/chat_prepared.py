"""Answers that were written beforehand, given out piece by piece like those of a model.

Every participant of a controlled study reads the same text; no network and no key is needed.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterator, Mapping

from ifllm_desktop.domain.chat import ChatChunk, ChatRequest, Finish
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.domain.topics import Topic

# a word with the space that follows it, as tokenizers of language models roughly do; long words in parts
_TOKEN = re.compile(r"\S{1,8}\s*|\s+")
_MAX_TOKENS_PER_CHUNK = 4


def tokens(text: str) -> list[str]:
    """Pieces whose concatenation is exactly ``text``."""
    return _TOKEN.findall(text)


class PreparedChat:
    """A :class:`~ifllm_desktop.ports.ChatModel` over the topics of a study.

    Parameters
    ----------
    topics : mapping
        Topics by id.
    translations : mapping or None
        The same in other languages, by code; a request in a language that is not there gets ``topics``.
    tokens_per_s : float
        Mean pace.
    jitter : float
        Standard deviation of the logarithm of the time per token; 0 is perfectly even.
    first_token_ms : tuple of int
        Shortest and longest wait for the first piece.

    Notes
    -----
    The time of each token is log-normal with mean ``1 / tokens_per_s`` and drawn from ``request.seed``, so
    the same request always has the same pace. Nothing waits here: each piece says when it is due.
    """

    def __init__(
        self,
        topics: Mapping[str, Topic],
        tokens_per_s: float,
        jitter: float,
        first_token_ms: tuple[int, int] = (300, 900),
        translations: Mapping[str, Mapping[str, Topic]] | None = None,
    ) -> None:
        self._topics = topics
        self._translations = translations or {}
        self._token_ns = NS_PER_S / tokens_per_s
        self._jitter = jitter
        self._first_token_ms = first_token_ms

    def stream(self, request: ChatRequest, cancel: threading.Event) -> Iterator[ChatChunk]:
        """See :class:`~ifllm_desktop.ports.ChatModel`."""
        text, problem = self._find(request)
        if text is None:
            yield ChatChunk("", due_ns=0, finish=Finish.ERROR, detail=problem)
            return
        draw = random.Random(request.seed)
        due_ns = draw.uniform(*self._first_token_ms) * NS_PER_MS
        pieces = tokens(text)
        while pieces:
            if cancel.is_set():
                yield ChatChunk("", finish=Finish.CANCELLED)
                return
            n = draw.randint(1, _MAX_TOKENS_PER_CHUNK)
            yield ChatChunk("".join(pieces[:n]), due_ns=round(due_ns))
            due_ns += sum(self._pause_ns(draw) for _ in pieces[:n])
            del pieces[:n]
        yield ChatChunk("", due_ns=round(due_ns), finish=Finish.STOP)

    def _find(self, request: ChatRequest) -> tuple[str | None, str]:
        topic = self._translations.get(request.language, self._topics).get(request.topic_id)
        if topic is None:
            return None, f"unknown_topic {request.topic_id}"
        if not 0 <= request.turn_index < len(topic.turns):
            return None, f"no_turn {request.turn_index} in {request.topic_id}"
        answer = topic.turns[request.turn_index].answer(request.model, request.style)
        if answer is None:
            return None, f"unknown_model {request.model} {request.style}".rstrip()
        return answer.text, ""

    def _pause_ns(self, draw: random.Random) -> float:
        # exp(σ·N − σ²/2) has mean 1, so the jitter does not change the mean pace
        return self._token_ns * draw.lognormvariate(-(self._jitter**2) / 2, self._jitter)
