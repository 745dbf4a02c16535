"""The turns of a task: what is sent, what arrives, what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ifllm_desktop.domain.chat import ChatChunk, ChatRequest, Message, Role
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.session import CHOICES
from ifllm_desktop.protocol import StudyProtocol, TaskEntry
from ifllm_desktop.session.answers import Highlight, HistoryTurn, Preference
from ifllm_desktop.session.assignment import SIDES, SessionPlan, TaskPlan
from ifllm_desktop.session.ballot import Asked
from ifllm_desktop.session.ids import IdFactory, seed_of
from ifllm_desktop.session.question_steps import Edition, QuestionSteps
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.session.turn import ACTIVITY_PLACES, Turn, context

MOST_REASON_CHARACTERS = 2_000


class TurnSteps(QuestionSteps):
    """Sends prompts, takes in answers, ratings, votes, reasons and marks.

    Commands: ``submit(prompt)``, ``retry(response_id)``, ``rate(response_id, value, name)``,
    ``prefer(choice, strength)``, ``give_reasons(values, text)``, ``highlight(response_id, label, start, end)``,
    ``remove_highlight(highlight_id)``.
    Deliveries: ``chunk``, ``shown``, ``activity``, ``focus``, ``tick``.
    """

    def __init__(
        self,
        editions: Mapping[str, Edition],
        protocol: StudyProtocol,
        plan: SessionPlan,
        record: Callable[[str, Row], int],
        ids: IdFactory,
    ) -> None:
        super().__init__(editions, protocol, record, ids)
        self.plan = plan
        self._has_focus = True
        self._task_index = -1
        self._history: list[HistoryTurn] = []
        self._turn: Turn | None = None
        self._n_requests = 0
        self._known_ids: set[str] = set()
        self._pair_id = ""

    # ---- commands ----------------------------------------------------------------------------------------
    def submit(self, t_ns: int, prompt: str) -> FlowSnapshot:
        """Send the prompt. The snapshot's ``requests`` are to be started now."""
        allowed = self._page == "task" and not self._open_turn.prompt and prompt == self._suggested_prompt
        self._command("submit", allowed)
        plan, turn = self._task, self._open_turn
        sides = SIDES[: len(plan.models)]
        requests = [(side, self._request(side, prompt)) for side in sides]
        self._log_submit(t_ns, prompt, requests, self._ids.new("pair") if plan.mode == "pair" else "")
        turn.send(t_ns, prompt, requests)
        return self._changed(requests=turn.requests)

    def retry(self, t_ns: int, response_id: str) -> FlowSnapshot:
        """Ask again for an answer that did not arrive completely, under a new id.

        The failed one stays in the recording as failed. A second event ``submit`` of the same turn and pair
        lists the answers that count from now on.
        """
        self._command("retry", self._turn is not None and self._turn.is_failed(response_id))
        turn = self._open_turn
        request = self._request(turn.find(response_id).side, turn.prompt)
        turn.replace(t_ns, response_id, request)
        sides = SIDES[: len(turn.requests)]
        self._log_submit(t_ns, turn.prompt, list(zip(sides, turn.requests, strict=True)), self._pair_id)
        return self._changed(requests=(request,))

    def rate(self, t_ns: int, response_id: str, value: int, name: str = "") -> FlowSnapshot:
        """Rate an answer, 1 … scale, on the main scale or on a further one; may be changed until ``continue_``."""
        scales = {
            "": self._protocol.rating.scale,
            **{one.id: one.scale for one in self._protocol.more_ratings},
        }
        fits = name in scales and 1 <= value <= scales[name]
        self._command("rate", fits and self._may_judge(response_id))
        self._open_turn.rate(t_ns, response_id, value, scales[name], name)
        return self._changed()

    def prefer(self, t_ns: int, choice: str, strength: int | None = None) -> FlowSnapshot:
        """Vote: ``left`` or ``right`` with strength 1 (slightly) or 2 (clearly), ``tie``, ``both_bad``."""
        offered = {"tie": self._protocol.preference.tie, "both_bad": self._protocol.preference.both_bad}
        fits = strength in (1, 2) if choice in SIDES else strength is None
        allowed = self._turn is not None and self._turn.ratings_open and self._task.mode == "pair"
        self._command("prefer", allowed and choice in CHOICES and offered.get(choice, True) and fits)
        self._open_turn.prefer(t_ns, Preference(choice, strength))
        return self._changed()

    def give_reasons(self, t_ns: int, values: Sequence[str], text: str = "") -> FlowSnapshot:
        """All reasons that hold: values of the study's options, and words of one's own where it asks for them."""
        plan = self._protocol.reasons
        fits = plan is not None and set(values) <= {option.value for option in plan.options}
        fits = (
            fits and plan is not None and (plan.free_text or not text) and len(text) <= MOST_REASON_CHARACTERS
        )
        self._command("give_reasons", fits and self._turn is not None and self._turn.ratings_open)
        assert plan is not None
        chosen = tuple(option.value for option in plan.options if option.value in values)
        self._open_turn.give_reasons(t_ns, chosen, text)
        return self._changed()

    def highlight(self, t_ns: int, response_id: str, label: str, start: int, end: int) -> FlowSnapshot:
        """Mark code points ``start`` to ``end`` of an answer with one of the study's labels."""
        plan = self._protocol.highlights
        known = plan is not None and label in {option.value for option in plan.labels}
        self._command("highlight", known and self._may_judge(response_id))
        text = self._open_turn.find(response_id).text
        self._command("highlight", 0 <= start < end <= len(text))
        one = Highlight(self._ids.new("highlight"), response_id, label, start, end, text[start:end])
        self._open_turn.mark(t_ns, one)
        return self._changed()

    def remove_highlight(self, t_ns: int, highlight_id: str) -> FlowSnapshot:
        """Take a mark back."""
        turn = self._turn
        known = turn is not None and any(h.highlight_id == highlight_id for h in turn.ballot.highlights)
        self._command("remove_highlight", known and turn is not None and turn.ratings_open)
        self._open_turn.unmark(t_ns, highlight_id)
        return self._changed()

    # ---- deliveries --------------------------------------------------------------------------------------
    def chunk(self, t_ns: int, response_id: str, chunk: ChatChunk) -> FlowSnapshot:
        """A piece of an answer arrived. Raises BugError ``response_unknown`` for an id never given."""
        if self._counts(response_id):
            self._open_turn.chunk(t_ns, response_id, chunk)
            return self._changed()
        return self._unchanged()

    def shown(self, t_ns: int, response_id: str, n_source: int) -> FlowSnapshot:
        """The window has drawn the first ``n_source`` code points of an answer."""
        if self._counts(response_id):
            self._open_turn.shown(t_ns, response_id, n_source)
            return self._changed()
        return self._unchanged()

    def activity(self, t_ns: int, where: str) -> FlowSnapshot:
        """Something was done at one of ``session.turn.ACTIVITY_PLACES``."""
        if where not in ACTIVITY_PLACES:
            raise BugError("flow_command", name="activity", where=where)
        if self._turn is None or self._paused or self._ended:
            return self._unchanged()
        before = self._turn.state
        self._turn.activity(t_ns, where)
        return self._changed() if self._turn.state != before else self._unchanged()

    def focus(self, t_ns: int, has_focus: bool) -> FlowSnapshot:
        """The window got or lost the focus."""
        self._has_focus = has_focus
        if self._turn is None or self._ended:
            return self._unchanged()
        self._turn.focus(t_ns, has_focus)
        return self._changed()

    def tick(self, t_ns: int) -> FlowSnapshot:
        """Let time pass; called a few times a second."""
        if self._turn is None or self._paused or self._ended:
            return self._unchanged()
        before = self._turn.state
        self._turn.tick(t_ns)
        return self._changed() if self._turn.state != before else self._unchanged()

    # ---- inside ------------------------------------------------------------------------------------------
    @property
    def _task(self) -> TaskPlan:
        return self.plan.tasks[self._task_index]

    @property
    def _task_entry(self) -> TaskEntry:
        """The task as the study file has it, in the participant's language."""
        return next(entry for entry in self._protocol.tasks if entry.id == self._task.task_id)

    @property
    def _open_turn(self) -> Turn:
        if self._turn is None:
            raise BugError("flow_command", name="turn", page=self._page)
        return self._turn

    @property
    def _suggested_prompt(self) -> str:
        return self._topics[self._task.topic_id].turns[len(self._history)].prompt

    def _may_judge(self, response_id: str) -> bool:
        return self._turn is not None and self._turn.ratings_open and self._turn.has(response_id)

    def _counts(self, response_id: str) -> bool:
        if response_id not in self._known_ids:
            raise BugError("response_unknown", response_id=response_id)
        return not self._ended and self._turn is not None and self._turn.has(response_id)

    def _asked(self) -> Asked:
        study = self._protocol
        return Asked(
            self._task.mode == "pair",
            tuple(one.id for one in study.more_ratings),
            needs_reasons=study.reasons is not None and study.reasons.needed,
            needs_highlight=study.highlights is not None and study.highlights.needed,
        )

    def _request(self, side: str, prompt: str) -> ChatRequest:
        plan, turn_index = self._task, len(self._history)
        name = plan.models[SIDES.index(side)]
        model = next(entry for entry in self._protocol.models if entry.name == name)
        system = (Message(Role.SYSTEM, model.system_prompt),) if model.system_prompt else ()
        messages = context(self._history, prompt + plan.style_append, side, self._protocol.history)
        response_id = self._ids.new("response")
        self._known_ids.add(response_id)
        self._n_requests += 1
        return ChatRequest(
            response_id=response_id,
            model=name,
            messages=(*system, *messages),
            topic_id=plan.topic_id,
            turn_index=turn_index,
            seed=seed_of(plan.seed, turn_index, side, self._n_requests),
            parameters=model.parameters.model_dump(exclude_none=True),
            style=plan.style,
            language=self._protocol.read_in,
        )

    def _log_submit(
        self, t_ns: int, prompt: str, requests: list[tuple[str, ChatRequest]], pair_id: str
    ) -> None:
        plan = self._task
        self._pair_id = pair_id
        responses = [
            {
                "response_id": request.response_id, "side": side, "model": request.model,
                "parameters": request.parameters,
                "context": [{"role": m.role.value, "content": m.content} for m in request.messages],
            }
            for side, request in requests
        ]  # fmt: skip
        self._log.event(
            t_ns, "submit", turn_id=self._open_turn.turn_id, task_id=plan.task_id, topic_id=plan.topic_id,
            turn_index=len(self._history), mode=plan.mode, prompt=prompt, sent_prompt=prompt + plan.style_append,
            style=plan.style, pair_id=pair_id,
            side_seed=plan.side_seed, responses=responses,
        )  # fmt: skip
