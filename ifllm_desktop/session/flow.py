"""The participant's way through a session: a state machine without window, clock or disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.session import SCOPES
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.domain.topics import Topic
from ifllm_desktop.protocol import StudyProtocol
from ifllm_desktop.session.answers import AnswerSnapshot, HistoryTurn
from ifllm_desktop.session.assignment import SessionPlan
from ifllm_desktop.session.ids import IdFactory
from ifllm_desktop.session.question_steps import Edition
from ifllm_desktop.session.snapshot import FlowSnapshot, TaskSnapshot
from ifllm_desktop.session.turn import Turn
from ifllm_desktop.session.turn_steps import TurnSteps

_STEPS = ("welcome", "consent", "camera_check", "calibration", "gaze_result", "instructions", "task")
_STEPS_WITHOUT_GAZE = ("welcome", "consent", "instructions", "task")
_STEP_OF = {
    "": "welcome", "validation": "calibration", "gaze_help": "gaze_result", "text_check": "gaze_result",
    "drift_check": "task", "finish": "task", "demographics": "consent", "before_task": "task", "after_task": "task",
    "at_end": "task",
}  # fmt: skip
"""Pages that are shown under another page's step."""


class ParticipantFlow(TurnSteps):
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
        stop leads from any page to finish. ``questions`` stands after consent (demographics), before and after each
        task, and before finish, wherever the study asks something there.

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
        Topics by id, in the language of ``protocol``.
    editions : mapping or None
        The study in each of its languages, by code; None for the one that is given.
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
        editions: Mapping[str, Edition] | None = None,
    ) -> None:
        super().__init__(editions or {protocol.read_in: (protocol, topics)}, protocol, plan, record, ids)
        self.session_id = session_id
        self._finished_tasks: list[str] = []

    @property
    def finished_tasks(self) -> tuple[str, ...]:
        """Ids of the tasks that were brought to an end, in order."""
        return tuple(self._finished_tasks)

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
        return self._ask(t_ns, "demographics", self._protocol.demographics)

    def decline(self, t_ns: int) -> FlowSnapshot:
        """No consent: the session is over."""
        self._command("decline", self._page == "consent")
        self._log.event(t_ns, "consent", scopes=dict.fromkeys(SCOPES, False), declined=True)
        return self._end(t_ns, "declined", "declined")

    # ---- the task ----------------------------------------------------------------------------------------
    def continue_(self, t_ns: int) -> FlowSnapshot:
        """End the turn: on to the next one, the next task or the finish."""
        self._command("continue_", self._turn is not None and self._turn.can_continue)
        turn = self._open_turn
        self._log.event(t_ns, "turn_end", turn_id=turn.turn_id)
        sent = turn.prompt + self._task.style_append
        self._history.append(
            HistoryTurn(len(self._history), turn.prompt, turn.answers, turn.ballot.preference, sent)
        )
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

    # ---- inside ------------------------------------------------------------------------------------------
    @property
    def _may_finish_task(self) -> bool:
        turn = self._turn
        if turn is None:
            return False
        return turn.failed or (not turn.prompt and len(self._history) >= self._task.turns_min)

    def _start_task(self, t_ns: int) -> FlowSnapshot:
        self._task_index += 1
        self._history = []
        entry = self._task_entry
        before = self._protocol.before_task if entry.before is None else entry.before
        return self._ask(t_ns, "before_task", before, entry.id)

    def _after_questions(self, t_ns: int, place: str) -> FlowSnapshot:
        if place == "demographics":
            gaze = self._scopes is not None and self._scopes["gaze"]
            return self._show(t_ns, "camera_check" if gaze else "instructions")
        if place == "before_task":
            return self._at_boundary(t_ns, "task")
        if place == "after_task" and self._task_index + 1 < len(self.plan.tasks):
            return self._start_task(t_ns)
        if place == "after_task":
            return self._ask(t_ns, "at_end", self._protocol.at_end)
        return self._end(t_ns, "finish", "finished")

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
            turn_id, self._asked(), self._log, t_ns, has_focus=self._has_focus,
            idle_after_ns=round(self._protocol.idle_after_s * NS_PER_S),
        )  # fmt: skip

    def _end_task(self, t_ns: int, cancels: tuple[str, ...] = ()) -> FlowSnapshot:
        entry = self._task_entry
        self._log.event(t_ns, "task_end", task_id=entry.id)
        self._finished_tasks.append(entry.id)
        self._turn = None
        after = self._protocol.after_task if entry.after is None else entry.after
        return self._ask(t_ns, "after_task", after, entry.id, self._read_last(), cancels)

    def _read_last(self) -> AnswerSnapshot | None:
        """The answer that sentences are asked about: the preferred one of the last turn, else the left one."""
        if not self._history:
            return None
        last = self._history[-1]
        side = last.preference.choice if last.preference is not None else "left"
        return next((a for a in last.answers if a.side == side), last.answers[0])

    def _end(self, t_ns: int, page: str, reason: str, cancels: tuple[str, ...] = ()) -> FlowSnapshot:
        self._turn = self._run = self._round = None
        self._in_use = (
            ""  # also of a calibration that failed its validation: nothing is derived after the end
        )
        self._ended = reason
        snapshot = self._show(t_ns, page, cancels)
        self._log.event(t_ns, "session_end", reason=reason)
        return snapshot

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
            preference=turn.ballot.preference if turn is not None else None,
            reasons=turn.ballot.reasons if turn is not None else (),
            reason_text=turn.ballot.reason_text if turn is not None else "",
            highlights=turn.ballot.highlights if turn is not None else (),
            questions=self._round.page() if self._round is not None else None,
            languages=self._languages_offered(),
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
        page = self._round.place if self._round is not None else self._page
        page = _STEP_OF.get(page, page)
        return (steps.index(page) + 1 if page in steps else 0), len(steps)

    def _task_snapshot(self) -> TaskSnapshot:
        plan = self._task
        topic = self._topics[plan.topic_id]
        description = self._task_entry.introduction or topic.description
        return TaskSnapshot(
            plan.task_id, plan.topic_id, topic.title, description, plan.mode, self._task_index,
            len(self.plan.tasks), len(self._history), plan.turns_min, plan.turns_max, self._suggested_prompt,
        )  # fmt: skip
