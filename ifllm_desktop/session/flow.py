"""The participant's way through a session: a state machine without window, clock or disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ifllm_desktop.domain.chat import ChatChunk, ChatRequest
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.session import CHOICES, SCOPES
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.domain.topics import Topic
from ifllm_desktop.protocol import StudyProtocol
from ifllm_desktop.session.assignment import SIDES, SessionPlan, TaskPlan
from ifllm_desktop.session.gaze_checks import GazeChecks
from ifllm_desktop.session.ids import IdFactory, seed_of
from ifllm_desktop.session.snapshot import FlowSnapshot, HistoryTurn, Preference, TaskSnapshot
from ifllm_desktop.session.turn import ACTIVITY_PLACES, Turn, context

_STEPS = ("welcome", "consent", "camera_check", "calibration", "gaze_result", "instructions", "task")
_STEPS_WITHOUT_GAZE = ("welcome", "consent", "instructions", "task")
_STEP_OF = {
    "": "welcome", "validation": "calibration", "gaze_help": "gaze_result", "text_check": "gaze_result",
    "drift_check": "task", "finish": "task",
}  # fmt: skip
"""Pages that are shown under another page's step."""


class ParticipantFlow(GazeChecks):
    """Decides which page comes next and what may be done on it, and writes what was decided.

    ::

        welcome ─next─► consent ─decline─► declined
                          │consent
              gaze? no ───┤
                │         ▼ yes                              redo_target (from gaze_result and gaze_help)
                │   camera_check ─camera_ready─► calibration ◄────────────────┐
                │         ▲                       ▲  │finished, ok            │
                │         │                       │  ├────────► validation    │
                │help_again                       │  │not ok        │finished │
                │         │            recalibrate│  ▼              ▼         │
                │         │                       └─ gaze_result ◄─┘ ─────────┤   (good, or attempts are left)
                │         │                              │accept_gaze,        │
                │         │                              │use_attempt         │
                │         └─────────────── gaze_help ◄───┼─── attempts used up┘   (``on_failure``)
                │                           │fewer_claims, use_attempt, without_gaze
                │                           ▼            ▼
                │          text_check (``text_lines`` > 0, once per calibration) ─finished, skip_text─┐
                ▼                                                                                     ▼
          instructions ◄──────────────────────────────────── (or back to the boundary that was left) ─┘
                │next
                ▼ boundary: before each task, and before a turn when a check is due
                │   window or screen changed ─► gaze_help (check_gaze, help_again, without_gaze)
                │   gaze in use ──────────────► drift_check: one target ─within threshold, skip_drift─┐
                │                                 │beyond it: 5–6 points, refit, one target again ────┤
                ▼                                                                                     │
              task: turns of ``session.turn.Turn`` ◄──────────────────────────────────────────────────┘
                │last continue_, finish_task
                ▼
              next task or finish

        without_gaze leads from every gaze page to where accept_gaze would. pause covers any page until resume;
        stop leads from any page to finish.

    Commands of the gaze pages (``session.gaze_steps``): ``camera_ready``, ``without_gaze(reason)``, ``accept_gaze``,
    ``recalibrate``, ``redo_target(index)``, ``use_attempt(attempt_id)``, ``help_again``, ``fewer_claims``,
    ``skip_text``, ``check_gaze``, ``skip_drift``. Reports of the session: ``calibration_finished``,
    ``validation_finished``, ``text_finished``, ``drift_finished``, ``refit_finished``. Deliveries of window and
    camera: ``geometry_changed(kind)`` with ``resized``, ``moved`` or ``screen_changed``, ``head_moved``, ``gaze_lost``,
    ``gaze_found``.

    Commands take ``t_ns`` (session time) first, return the new snapshot and raise BugError ``flow_command``
    where they are not allowed; the snapshot says what is. Deliveries (``chunk``, ``shown``, ``activity``,
    ``focus``, ``tick``) are never refused, because they report what has happened: they are taken while paused
    and ignored where they mean nothing.

    Pages, turns, answers, ratings and votes follow from the plan, the control events and the chunks alone, so
    that a session can be built again from its recording.

    Parameters
    ----------
    topics : mapping
        Topics by id.
    plan : SessionPlan
        See ``session.assignment.assign``.
    record : callable
        Takes a stream and a row; gets rows of ``event``, ``chunk`` and ``state``.
    ids : IdFactory
        For turns, responses and pairs.
    """

    def __init__(
        self,
        protocol: StudyProtocol,
        topics: Mapping[str, Topic],
        plan: SessionPlan,
        session_id: str,
        record: Callable[[str, Row], int],
        ids: IdFactory,
    ) -> None:
        super().__init__(protocol, record, ids)
        self.session_id = session_id
        self.plan = plan
        self._topics = topics
        self._has_focus = True
        self._task_index = -1
        self._history: list[HistoryTurn] = []
        self._turn: Turn | None = None
        self._n_requests = 0
        self._known_ids: set[str] = set()
        self._pair_id = ""

    # ---- pages before the tasks --------------------------------------------------------------------------
    def begin(self, t_ns: int) -> FlowSnapshot:
        """Show the first page."""
        self._command("begin", self._page == "")
        return self._show(t_ns, "welcome")

    def next(self, t_ns: int) -> FlowSnapshot:
        """Go on from ``welcome`` and ``instructions``."""
        self._command("next", self._page in ("welcome", "instructions"))
        return self._show(t_ns, "consent") if self._page == "welcome" else self._start_task(t_ns)

    def consent(self, t_ns: int, scopes: Mapping[str, bool]) -> FlowSnapshot:
        """Answers to every scope that is asked, a yes to each needed one. Scopes not asked count as no."""
        asked = self._protocol.consent
        complete = set(scopes) == {entry.scope for entry in asked}
        self._command(
            "consent",
            self._page == "consent" and complete and all(scopes[e.scope] for e in asked if e.needed),
        )
        self._scopes = MappingProxyType({scope: bool(scopes.get(scope, False)) for scope in SCOPES})
        self._log.event(t_ns, "consent", scopes=dict(self._scopes), declined=False)
        return self._show(t_ns, "camera_check" if self._scopes["gaze"] else "instructions")

    def decline(self, t_ns: int) -> FlowSnapshot:
        """No consent: the session is over."""
        self._command("decline", self._page == "consent")
        self._log.event(t_ns, "consent", scopes=dict.fromkeys(SCOPES, False), declined=True)
        return self._end(t_ns, "declined", "declined")

    # ---- the task ----------------------------------------------------------------------------------------
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

    def rate(self, t_ns: int, response_id: str, value: int) -> FlowSnapshot:
        """Rate an answer, 1 … scale; may be changed until ``continue_``."""
        turn, scale = self._turn, self._protocol.rating.scale
        self._command(
            "rate", turn is not None and turn.ratings_open and turn.has(response_id) and 1 <= value <= scale
        )
        self._open_turn.rate(t_ns, response_id, value, scale)
        return self._changed()

    def prefer(self, t_ns: int, choice: str, strength: int | None = None) -> FlowSnapshot:
        """Vote: ``left`` or ``right`` with strength 1 (slightly) or 2 (clearly), ``tie``, ``both_bad``."""
        offered = {"tie": self._protocol.preference.tie, "both_bad": self._protocol.preference.both_bad}
        fits = strength in (1, 2) if choice in SIDES else strength is None
        allowed = self._turn is not None and self._turn.ratings_open and self._task.mode == "pair"
        self._command("prefer", allowed and choice in CHOICES and offered.get(choice, True) and fits)
        self._open_turn.prefer(t_ns, Preference(choice, strength))
        return self._changed()

    def continue_(self, t_ns: int) -> FlowSnapshot:
        """End the turn: on to the next one, the next task or the finish."""
        self._command("continue_", self._turn is not None and self._turn.can_continue)
        turn = self._open_turn
        self._log.event(t_ns, "turn_end", turn_id=turn.turn_id)
        self._history.append(HistoryTurn(len(self._history), turn.prompt, turn.answers, turn.preference))
        if len(self._history) < self._task.turns_max:
            if self._due:
                self._turn = None
                return self._at_boundary(t_ns, "turn")
            self._start_turn(t_ns)
            return self._changed()
        return self._end_task(t_ns)

    def finish_task(self, t_ns: int) -> FlowSnapshot:
        """End the task before its last turn: after ``turns_min`` turns, or when an answer cannot be had."""
        self._command("finish_task", self._may_finish_task)
        cancels = self._open_turn.cancel(t_ns)
        self._log.event(t_ns, "turn_end", turn_id=self._open_turn.turn_id)
        return self._end_task(t_ns, cancels)

    # ---- on any page -------------------------------------------------------------------------------------
    def pause(self, t_ns: int) -> FlowSnapshot:
        """Cover the page. Answers go on arriving; nothing can be rated."""
        self._command("pause", self._page != "")
        self._log.event(t_ns, "pause")
        self._paused = True
        if self._turn is not None:
            self._turn.cover(t_ns, True)
        self._log.pause()
        return self._changed()

    def resume(self, t_ns: int) -> FlowSnapshot:
        """Uncover the page."""
        self._command("resume", self._paused, while_paused=True)
        self._log.event(t_ns, "resume")
        self._paused = False
        self._log.resume()
        if self._turn is not None:
            self._turn.cover(t_ns, False)
        return self._changed()

    def stop(self, t_ns: int, reason: str) -> FlowSnapshot:
        """End the session early, from any page. A turn that is open stays without an end in the recording."""
        if self._ended:
            return self._changed()
        self._command("stop", True, while_paused=True)
        self._paused = False
        self._log.resume()
        cancels = self._turn.cancel(t_ns) if self._turn is not None else ()
        return self._end(t_ns, "finish", reason, cancels)

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
    def _open_turn(self) -> Turn:
        if self._turn is None:
            raise BugError("flow_command", name="turn", page=self._page)
        return self._turn

    @property
    def _suggested_prompt(self) -> str:
        return self._topics[self._task.topic_id].turns[len(self._history)].prompt

    @property
    def _may_finish_task(self) -> bool:
        turn = self._turn
        if turn is None:
            return False
        return turn.failed or (not turn.prompt and len(self._history) >= self._task.turns_min)

    def _counts(self, response_id: str) -> bool:
        if response_id not in self._known_ids:
            raise BugError("response_unknown", response_id=response_id)
        return not self._ended and self._turn is not None and self._turn.has(response_id)

    def _start_task(self, t_ns: int) -> FlowSnapshot:
        self._task_index += 1
        self._history = []
        return self._at_boundary(t_ns, "task")

    def _go_on(self, t_ns: int, where: str) -> FlowSnapshot:
        if where == "instructions":
            return self._show(t_ns, "instructions")
        if self._page != "task":
            self._show(t_ns, "task")
        if where == "task":
            plan = self._task
            self._log.event(
                t_ns, "task_start", task_id=plan.task_id, topic_id=plan.topic_id,
                title=self._topics[plan.topic_id].title, mode=plan.mode, task_index=self._task_index,
            )  # fmt: skip
        self._start_turn(t_ns)
        return self._changed()

    def _start_turn(self, t_ns: int) -> None:
        turn_id = self._ids.new("turn")
        self._log.event(
            t_ns, "turn_start", turn_id=turn_id, task_id=self._task.task_id, turn_index=len(self._history)
        )
        self._turn = Turn(
            turn_id, self._task.mode, self._log, t_ns, has_focus=self._has_focus,
            idle_after_ns=round(self._protocol.idle_after_s * NS_PER_S),
        )  # fmt: skip

    def _end_task(self, t_ns: int, cancels: tuple[str, ...] = ()) -> FlowSnapshot:
        self._log.event(t_ns, "task_end", task_id=self._task.task_id)
        self._turn = None
        if self._task_index + 1 < len(self.plan.tasks):
            self._start_task(t_ns)
            return self._changed(cancels=cancels)
        return self._end(t_ns, "finish", "finished", cancels)

    def _end(self, t_ns: int, page: str, reason: str, cancels: tuple[str, ...] = ()) -> FlowSnapshot:
        self._turn = self._run = None
        self._in_use = (
            ""  # also of a calibration that failed its validation: nothing is derived after the end
        )
        self._ended = reason
        snapshot = self._show(t_ns, page, cancels)
        self._log.event(t_ns, "session_end", reason=reason)
        return snapshot

    def _request(self, side: str, prompt: str) -> ChatRequest:
        plan, turn_index = self._task, len(self._history)
        response_id = self._ids.new("response")
        self._known_ids.add(response_id)
        self._n_requests += 1
        return ChatRequest(
            response_id=response_id,
            model=plan.models[SIDES.index(side)],
            messages=context(self._history, prompt, side, self._protocol.history),
            topic_id=plan.topic_id,
            turn_index=turn_index,
            seed=seed_of(plan.seed, turn_index, side, self._n_requests),
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
            turn_index=len(self._history), mode=plan.mode, prompt=prompt, pair_id=pair_id,
            side_seed=plan.side_seed, responses=responses,
        )  # fmt: skip

    # ---- snapshot ----------------------------------------------------------------------------------------
    def _take_snapshot(self) -> FlowSnapshot:
        turn = self._turn
        step, n_steps = self._step()
        covered = turn is None or self._paused
        return FlowSnapshot(
            page=self._page or "welcome",
            study=self._protocol,
            step=step,
            n_steps=n_steps,
            paused=self._paused,
            ended=self._ended,
            scopes=self._scopes,
            task=self._task_snapshot() if turn is not None else None,
            history=tuple(self._history) if turn is not None else (),
            turn_id=turn.turn_id if turn is not None else "",
            prompt=turn.prompt if turn is not None else "",
            answers=turn.answers if turn is not None else (),
            turn_state=turn.state if turn is not None else "",
            ratings_open=turn is not None and turn.ratings_open,
            lock_reason=turn.lock_reason if turn is not None else "not_asked",
            preference=turn.preference if turn is not None else None,
            can_submit=not covered and turn is not None and not turn.prompt,
            can_continue=not covered and turn is not None and turn.can_continue,
            may_finish_task=not covered and self._may_finish_task,
            requests=self._requests,
            cancels=self._cancels,
            **self._gaze_snapshot(),
        )

    def _step(self) -> tuple[int, int]:
        has_gaze = self._scopes is None or self._scopes["gaze"]
        steps = _STEPS if has_gaze else _STEPS_WITHOUT_GAZE
        page = _STEP_OF.get(self._page, self._page)
        return (steps.index(page) + 1 if page in steps else 0), len(steps)

    def _task_snapshot(self) -> TaskSnapshot:
        plan = self._task
        topic = self._topics[plan.topic_id]
        return TaskSnapshot(
            plan.task_id, plan.topic_id, topic.title, topic.description, plan.mode, self._task_index,
            len(self.plan.tasks), len(self._history), plan.turns_min, plan.turns_max, self._suggested_prompt,
        )  # fmt: skip
