"""The pages with questions, and the language in which everything is read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.topics import Topic
from ifllm_desktop.protocol import Question, StudyProtocol
from ifllm_desktop.session.answers import AnswerSnapshot
from ifllm_desktop.session.gaze_checks import GazeChecks
from ifllm_desktop.session.ids import IdFactory
from ifllm_desktop.session.question_round import GivenAnswer, QuestionRound
from ifllm_desktop.session.snapshot import FlowSnapshot

Edition = tuple[StudyProtocol, Mapping[str, Topic]]
"""A study in one of its languages: its file and its topics by id."""


class QuestionSteps(GazeChecks):
    """Asks the questions of the study, a page for each place; pages without questions are left out.

    Commands: ``choose_language(code)`` on ``welcome`` and ``consent``; on ``questions`` ``answer(question_id, value)``
    (None takes it back), ``decline_answer(question_id)`` and ``questions_done``.
    """

    def __init__(
        self,
        editions: Mapping[str, Edition],
        protocol: StudyProtocol,
        record: Callable[[str, Row], int],
        ids: IdFactory,
    ) -> None:
        super().__init__(protocol, record, ids)
        self._editions = editions
        self._topics: Mapping[str, Topic] = editions[protocol.read_in][1]
        self._round: QuestionRound | None = None

    @abstractmethod
    def _after_questions(self, t_ns: int, place: str) -> FlowSnapshot:
        """What follows when the questions of a place are done."""

    # ---- commands ----------------------------------------------------------------------------------------
    def choose_language(self, t_ns: int, code: str) -> FlowSnapshot:
        """Show everything in another language of the study from here on."""
        self._command("choose_language", self._page in ("welcome", "consent") and code in self._editions)
        if code != self._protocol.read_in:
            self._protocol, self._topics = self._editions[code]
            self._log.event(t_ns, "language", language=code)
        return self._changed()

    def answer(self, t_ns: int, question_id: str, value: Any) -> FlowSnapshot:
        """Answer a question, change the answer, or take it back with None."""
        asked = self._round
        self._command("answer", asked is not None and asked.takes(question_id, value))
        assert asked is not None
        kept = tuple(value) if isinstance(value, list | tuple) else value
        asked.give(t_ns, question_id, GivenAnswer(list(kept) if isinstance(kept, tuple) else kept))
        return self._changed()

    def decline_answer(self, t_ns: int, question_id: str) -> FlowSnapshot:
        """Prefer not to say."""
        asked = self._round
        self._command("decline_answer", asked is not None and asked.may_decline(question_id))
        assert asked is not None
        asked.give(t_ns, question_id, GivenAnswer(declined=True))
        return self._changed()

    def questions_done(self, t_ns: int) -> FlowSnapshot:
        """Go on; what was left open stays without an answer."""
        asked = self._round
        self._command("questions_done", asked is not None and asked.page().can_continue)
        assert asked is not None
        self._round = None
        return self._after_questions(t_ns, asked.place)

    # ---- inside ------------------------------------------------------------------------------------------
    def _ask(
        self,
        t_ns: int,
        place: str,
        questions: Sequence[Question],
        task_id: str = "",
        sentences_of: AnswerSnapshot | None = None,
        cancels: tuple[str, ...] = (),
    ) -> FlowSnapshot:
        """Show the questions of a place, or go on at once where there are none."""
        asked = QuestionRound(place, task_id, questions, self._log, sentences_of)
        if not asked.questions:
            snapshot = self._after_questions(t_ns, place)
            return self._changed(snapshot.requests, (*cancels, *snapshot.cancels)) if cancels else snapshot
        self._round = asked
        return self._show(t_ns, "questions", cancels)

    def _languages_offered(self) -> tuple[str, ...]:
        """Languages to choose from now; empty where there is no choice."""
        codes = self._protocol.all_languages
        choice = self._page in ("", "welcome", "consent") and not self._ended and len(self._editions) > 1
        return tuple(code for code in codes if code in self._editions) if choice else ()
