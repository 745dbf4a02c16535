"""One turn: a prompt, its answer or answers, ratings and vote, and what the participant does meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ifllm_desktop.domain.chat import ChatChunk, ChatRequest, Finish, Message, Role
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.session.answers import AnswerSnapshot, Highlight, HistoryTurn, Preference
from ifllm_desktop.session.ballot import Asked, Ballot
from ifllm_desktop.session.control_log import ControlLog

ACTIVITY_PLACES = ("answer_left", "answer_right", "rating", "composer", "other")
"""Where the pointer moved, scrolled or clicked, or a key was pressed."""
_LETTERS = {"left": "A", "right": "B"}


def context(history: Sequence[HistoryTurn], prompt: str, side: str, rule: str) -> tuple[Message, ...]:
    """What the model on a side is sent: the earlier turns as ``rule`` says, then the prompt.

    ``separate``
        Each side's own answers. The sides' contexts differ from the second turn on.
    ``winner``
        The preferred answer of each turn. After a tie, "both bad" or a single answer it is the left one; what
        is on the left is drawn by lot, so this favours no model.
    ``shared``
        Both answers of each turn in one message, under the headings "Answer A:" (left) and "Answer B:".

    With ``winner`` and ``shared`` both sides always have equal contexts.
    """
    messages = []
    for turn in history:
        texts = {answer.side: answer.text for answer in turn.answers}
        if len(texts) == 1 or rule == "separate":
            said = texts.get(side, texts["left"])
        elif rule == "shared":
            said = "\n\n".join(f"Answer {_LETTERS[name]}:\n{texts[name]}" for name in ("left", "right"))
        else:
            choice = turn.preference.choice if turn.preference is not None else "left"
            said = texts["right" if choice == "right" else "left"]
        messages += [Message(Role.USER, turn.sent_prompt or turn.prompt), Message(Role.ASSISTANT, said)]
    return (*messages, Message(Role.USER, prompt))


@dataclass(slots=True)
class _Answer:
    request: ChatRequest
    side: str
    pieces: list[str] = field(default_factory=list)
    text: str = ""
    finish: Finish | None = None
    detail: str = ""
    n_shown: int = 0

    def snapshot(self, ballot: Ballot) -> AnswerSnapshot:
        one = self.request.response_id
        return AnswerSnapshot(
            one, self.side, _LETTERS[self.side], self.text, self.finish, self.detail, self.n_shown,
            ballot.rating(one), ballot.further(one),
        )  # fmt: skip


class Turn:
    """Keeps one turn and writes its rows.

    States::

        composing ──sent──► waiting ──first chunk──► streaming ──all ended──► reading
        reading ──activity in both answers──► comparing          (pair only)
        reading, comparing ──activity in the rating area, or a rating──► rating

    ``idle`` (no activity for a while) and ``away`` (no focus, or paused) lie over these; when they end, the
    state that holds by then comes back.

    Parameters
    ----------
    has_focus : bool
        Whether the window has the focus now.
    idle_after_ns : int
        Without activity for this long the turn is idle.
    """

    def __init__(
        self, turn_id: str, asked: Asked, log: ControlLog, t_ns: int, *, has_focus: bool, idle_after_ns: int
    ) -> None:
        self.turn_id = turn_id
        self.prompt = ""
        self.ballot = Ballot(turn_id, asked, log)
        self.ratings_open = False
        self.state = ""
        self._pair = asked.pair
        self._log = log
        self._answers: list[_Answer] = []
        self._dropped: set[str] = set()
        self._visited: set[str] = set()
        self._at_ballot = False
        self._idle = False
        self._has_focus = has_focus
        self._covered = False
        self._idle_after_ns = idle_after_ns
        self._t_active_ns = t_ns
        self._update(t_ns)

    # ---- what it is --------------------------------------------------------------------------------------
    @property
    def answers(self) -> tuple[AnswerSnapshot, ...]:
        """Answers from left to right."""
        return tuple(answer.snapshot(self.ballot) for answer in self._answers)

    @property
    def requests(self) -> tuple[ChatRequest, ...]:
        """What was asked for, from left to right, without answers that were asked for again."""
        return tuple(answer.request for answer in self._answers)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Ids of answers that are still being written."""
        return tuple(a.request.response_id for a in self._answers if a.finish is None)

    @property
    def failed(self) -> bool:
        """Whether an answer ended without being complete."""
        return any(a.finish not in (None, Finish.STOP) for a in self._answers)

    @property
    def lock_reason(self) -> str:
        """See :data:`snapshot.LOCK_REASONS`."""
        if self.ratings_open:
            return ""
        if not self._answers:
            return "not_asked"
        if self.failed:
            return "incomplete"
        return "writing" if self.unfinished else "not_shown"

    @property
    def can_continue(self) -> bool:
        """Whether everything that is asked has been answered."""
        ids = tuple(a.request.response_id for a in self._answers)
        return self.ratings_open and self.ballot.is_complete(ids)

    # ---- answers -----------------------------------------------------------------------------------------
    def send(self, t_ns: int, prompt: str, requests: Sequence[tuple[str, ChatRequest]]) -> None:
        """The prompt goes out; ``requests`` pairs each side with its request."""
        self.prompt = prompt
        self._answers = [_Answer(request, side) for side, request in requests]
        self._active(t_ns)

    def replace(self, t_ns: int, response_id: str, request: ChatRequest) -> None:
        """A failed answer is asked for again under a new id."""
        answer = self.find(response_id)
        self._dropped.add(response_id)
        self._answers[self._answers.index(answer)] = _Answer(request, answer.side)
        self._active(t_ns)

    def find(self, response_id: str) -> _Answer:
        """The answer with this id. Raises BugError ``response_unknown``."""
        for answer in self._answers:
            if answer.request.response_id == response_id:
                return answer
        raise BugError("response_unknown", response_id=response_id)

    def has(self, response_id: str) -> bool:
        """Whether the id belongs to an answer that counts."""
        return any(a.request.response_id == response_id for a in self._answers)

    def is_failed(self, response_id: str) -> bool:
        """Whether that answer ended without being complete."""
        return self.has(response_id) and self.find(response_id).finish not in (None, Finish.STOP)

    def chunk(self, t_ns: int, response_id: str, chunk: ChatChunk) -> None:
        """A piece of an answer, or its end. What comes after the end is ignored."""
        answer = self.find(response_id)
        if answer.finish is not None:
            return
        if chunk.text:
            if not answer.pieces:
                self._log.event(t_ns, "first_token", response_id=response_id)
            self._log.row("chunk", (t_ns, response_id, len(answer.pieces), chunk.text))
            answer.pieces.append(chunk.text)
            answer.text += chunk.text
        if chunk.finish is not None:
            self._end(t_ns, answer, chunk.finish, chunk.detail)
        self._update(t_ns)

    def cancel(self, t_ns: int) -> tuple[str, ...]:
        """End every answer that is still being written; returns their ids."""
        ids = self.unfinished
        for response_id in ids:
            self._end(t_ns, self.find(response_id), Finish.CANCELLED, "")
        return ids

    def shown(self, t_ns: int, response_id: str, n_source: int) -> None:
        """The window has drawn the first ``n_source`` code points of an answer."""
        answer = self.find(response_id)
        answer.n_shown = max(answer.n_shown, min(n_source, len(answer.text)))
        self._update(t_ns)

    def _end(self, t_ns: int, answer: _Answer, finish: Finish, detail: str) -> None:
        if finish is Finish.STOP and not answer.text.strip():
            finish, detail = Finish.ERROR, "empty_answer"  # there is nothing to read or to rate
        answer.finish, answer.detail = finish, detail
        self._log.event(
            t_ns, "response_end", response_id=answer.request.response_id, finish=finish.value,
            text=answer.text, detail=detail,
        )  # fmt: skip

    # ---- the ballot --------------------------------------------------------------------------------------
    def rate(self, t_ns: int, response_id: str, value: int, scale: int, name: str = "") -> None:
        """Set or change a rating; each change is an event."""
        self.find(response_id)
        self.ballot.rate(t_ns, response_id, value, scale, name)
        self._voted(t_ns)

    def prefer(self, t_ns: int, preference: Preference) -> None:
        """Set or change the vote; each change is an event."""
        self.ballot.prefer(t_ns, preference)
        self._voted(t_ns)

    def give_reasons(self, t_ns: int, values: tuple[str, ...], text: str) -> None:
        """Set or change the reasons; each change is an event."""
        self.ballot.give_reasons(t_ns, values, text)
        self._voted(t_ns)

    def mark(self, t_ns: int, highlight: Highlight) -> None:
        """Mark a place in an answer."""
        self.ballot.mark(t_ns, highlight)
        self._voted(t_ns)

    def unmark(self, t_ns: int, highlight_id: str) -> None:
        """Take a mark back."""
        self.ballot.unmark(t_ns, highlight_id)
        self._voted(t_ns)

    def _voted(self, t_ns: int) -> None:
        self._at_ballot = True
        self._active(t_ns)

    # ---- states ------------------------------------------------------------------------------------------
    def activity(self, t_ns: int, where: str) -> None:
        """The participant did something at one of :data:`ACTIVITY_PLACES`."""
        if self._answers and not self.unfinished and where.startswith("answer_"):
            self._visited.add(where)
        if self.ratings_open and where == "rating":
            self._at_ballot = True
        self._active(t_ns)

    def tick(self, t_ns: int) -> None:
        """Let time pass."""
        if t_ns - self._t_active_ns >= self._idle_after_ns and not self._idle:
            self._idle = True
            self._update(t_ns)

    def focus(self, t_ns: int, has_focus: bool) -> None:
        """The window got or lost the focus."""
        self._has_focus = has_focus
        self._active(t_ns)

    def cover(self, t_ns: int, covered: bool) -> None:
        """The page was covered by the pause or uncovered."""
        self._covered = covered
        self._active(t_ns)

    def _active(self, t_ns: int) -> None:
        self._t_active_ns = t_ns
        self._idle = False
        self._update(t_ns)

    def _update(self, t_ns: int) -> None:
        """Open the ratings and change the state where the rules say so."""
        ready = self._answers and all(
            a.finish is Finish.STOP and a.n_shown >= len(a.text) for a in self._answers
        )
        if ready and not self.ratings_open and not self._covered:
            self.ratings_open = True
            self._log.event(t_ns, "rating_open", turn_id=self.turn_id)
        if self.unfinished:
            self._visited.clear()
        state = self._engaged_state()
        if self._covered or not self._has_focus:
            state = "away"
        elif self._idle:
            state = "idle"
        if state != self.state:
            self.state = state
            self._log.row("state", (t_ns, self.turn_id, state))

    def _engaged_state(self) -> str:
        if not self._answers:
            return "composing"
        if self.unfinished:
            begun = any(a.pieces or a.finish is not None for a in self._answers)
            return "streaming" if begun else "waiting"
        if self._at_ballot:
            return "rating"
        both = {"answer_left", "answer_right"} <= self._visited
        return "comparing" if self._pair and both else "reading"
