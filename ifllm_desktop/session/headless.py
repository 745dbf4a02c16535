"""A whole session without a window: a simulated participant acts, everything else is the real thing.

The loop advances one clock in steps of 8 ms (a 125 Hz pointer). On a simulated clock a step costs only its work;
on a real clock the loop waits for each step. Flow, recorder, pipeline and response view are those of the window.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ifllm_desktop.domain.scene import Scene
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S, seconds
from ifllm_desktop.ports import Clock
from ifllm_desktop.session.conductor import Conductor
from ifllm_desktop.session.question_round import GivenAnswer, QuestionPage
from ifllm_desktop.session.simulated_answers import ballot_rest, simulated_answer
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.session.target_run import TargetView

STEP_NS = 8 * NS_PER_MS
"""Pointer period, 125 Hz: the rate of ordinary USB mice."""
_STAGE_EVERY_NS = 48 * NS_PER_MS
"""Answers are revealed at most this often, as in the window (50 ms)."""
_LIMIT_NS = 3600 * NS_PER_S


class Stage(Protocol):
    """Lays out and shows what a window would show, without one. Implemented in ``ui`` by the real response view."""

    def show(self, snapshot: FlowSnapshot, t_ns: int) -> None:
        """Bring the screen up to date; records layout, scroll, AOI and reveal rows."""

    def shown(self) -> dict[str, int]:
        """Code points of source text shown per answer."""

    def scroll(self, response_id: str, offset_px: float, t_ns: int) -> None:
        """Scroll an answer, as its wheel would."""

    def scene(self, target_px: tuple[float, float] | None) -> Scene:
        """What is on the screen now."""

    def close(self) -> None:
        """Free the widgets."""


@dataclass(frozen=True, slots=True)
class Click:
    """What the simulated participant does next: move to an area, press, and the command that this means.

    Attributes
    ----------
    area : str
        Name of the AOI to click.
    not_before_ns : int
        Session time at which the movement may begin.
    """

    area: str
    command: str
    arguments: tuple[Any, ...]
    not_before_ns: int


class Participant(Protocol):
    """The simulated person as the loop needs it (``adapters.simulated_person``)."""

    def observe(self, scene: Scene, t_ns: int) -> None: ...
    def pointer_at(self, t_ns: int) -> tuple[float, float]: ...
    def pointer_to(self, x_px: float, y_px: float, t_ns: int) -> int: ...
    def scroll_request(self, t_ns: int) -> tuple[str, float] | None: ...
    def line_read(self, t_ns: int) -> bool: ...
    def decide(self, answers: Sequence[tuple[str, str, str, str]]) -> Any: ...
    def pick(self, key: str, n: int) -> int: ...


class HeadlessRun:
    """Takes one simulated participant from welcome to finish.

    Parameters
    ----------
    quality_of : callable
        ``response_id -> "better" | "worse" | ""``: what the participant finds by reading.
    max_turns : int
        Turns that this participant takes per pair task, within the protocol's limits.
    progress : callable or None
        Called about four times a second of real or simulated time with the committed session time in s.
    """

    def __init__(
        self,
        conductor: Conductor,
        stage: Stage,
        person: Participant,
        clock: Clock,
        quality_of: Callable[[str], str],
        *,
        max_turns: int = 3,
        progress: Callable[[float], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self._conductor = conductor
        self._stage = stage
        self._person = person
        self._clock = clock
        self._script = Script(person, quality_of, max_turns)
        self._progress = progress
        self._cancel = cancel or threading.Event()
        self._click: Click | None = None
        self._click_at_ns: int | None = None
        self._last_pointer = (-1.0, -1.0)
        self._shown: dict[str, int] = {}
        self._text_since_ns: int | None = None
        # the person lives on the clock (so do camera frames), rows are in session time
        self._offset_ns = 0

    def run(self) -> FlowSnapshot:
        """Run to the end, or until ``cancel`` is set or nothing can be stored any more; returns the last snapshot.

        The conductor is left open for its owner to close.
        """
        snapshot = self._conductor.start()
        step_ns = self._clock.now_ns()
        self._offset_ns = step_ns - self._conductor.recorder.now_ns()
        next_stage_ns = next_progress_ns = 0
        while snapshot.page not in ("finish", "declined") and not self._cancel.is_set():
            step_ns += STEP_NS
            if not self._clock.wait_until(step_ns, self._cancel):
                break
            snapshot = self._conductor.tick()
            t_ns = self._conductor.recorder.now_ns()
            if t_ns >= next_stage_ns:
                next_stage_ns = t_ns + _STAGE_EVERY_NS
                self._update_stage(snapshot, t_ns)
            self._act(snapshot, t_ns)
            if self._progress is not None and t_ns >= next_progress_ns:
                next_progress_ns = t_ns + NS_PER_S // 4
                self._progress(seconds(max(0, self._conductor.recorder.committed_t_ns())))
            if t_ns > _LIMIT_NS or self._conductor.recorder.fault() is not None:
                break
        self._stage.show(self._conductor.snapshot, self._conductor.recorder.now_ns())
        return self._conductor.snapshot

    def _update_stage(self, snapshot: FlowSnapshot, t_ns: int) -> None:
        self._stage.show(snapshot, t_ns)
        for response_id, n_source in self._stage.shown().items():
            if self._shown.get(response_id) != n_source:
                self._shown[response_id] = n_source
                self._conductor.command("shown", response_id, n_source)
        view = self._conductor.target_view()
        scene = self._stage.scene(view.point_px if view is not None else None)
        if view is not None and view.line_rect is not None:
            scene = replace(scene, marked_line=view.line_rect)
        self._conductor.set_scene(scene)
        self._person.observe(scene, t_ns + self._offset_ns)
        self._read_lines(view, t_ns)
        wanted = self._person.scroll_request(t_ns + self._offset_ns)
        if wanted is not None:
            self._stage.scroll(wanted[0], wanted[1], t_ns)
            x_px, y_px = self._last_pointer
            self._conductor.record("wheel", (t_ns, x_px, y_px, 0.0, -120.0, wanted[0]))

    def _read_lines(self, view: TargetView | None, t_ns: int) -> None:
        """The text check: begin once the page has been looked at, and say of each marked line that it was read."""
        if view is None or view.kind != "line":
            self._text_since_ns = None
            return
        if self._text_since_ns is None:
            self._text_since_ns = t_ns
        if view.stage == "intro":
            ready = t_ns - self._text_since_ns >= 2 * NS_PER_S
        else:
            ready = view.stage == "collect" and self._person.line_read(t_ns + self._offset_ns)
        if ready:
            for kind in ("press", "release"):
                self._conductor.record("key", (t_ns, kind, "space", "page_text_check"))
            self._conductor.again_target()

    def _act(self, snapshot: FlowSnapshot, t_ns: int) -> None:
        self._move_pointer(t_ns)
        if self._click is None:
            self._click = self._script.next_click(snapshot, t_ns)
            self._click_at_ns = None
        if self._click is None or t_ns < self._click.not_before_ns:
            return
        if self._click_at_ns is None:
            self._aim(self._click, t_ns)
        elif t_ns >= self._click_at_ns:
            click, self._click = self._click, None
            self._press(click, t_ns)

    def _aim(self, click: Click, t_ns: int) -> None:
        area = self._stage.scene(None).aoi(click.area)
        if area is None:
            self._click_at_ns = t_ns  # nothing to aim at (a key would do it): act at once
        else:
            arrival_ns = self._person.pointer_to(*area.rect.center_px, t_ns + self._offset_ns)
            self._click_at_ns = arrival_ns - self._offset_ns

    def _press(self, click: Click, t_ns: int) -> None:
        x_px, y_px = self._person.pointer_at(t_ns + self._offset_ns)
        for kind in ("press", "release"):
            self._conductor.record("pointer", (t_ns, kind, x_px, y_px, "left", click.area))
        if click.command in ("rate", "prefer"):
            self._conductor.command("activity", "rating")
        self._conductor.command(click.command, *click.arguments)

    def _move_pointer(self, t_ns: int) -> None:
        x_px, y_px = self._person.pointer_at(t_ns + self._offset_ns)
        if (x_px, y_px) == self._last_pointer:
            return
        self._last_pointer = (x_px, y_px)
        scene = self._stage.scene(None)
        target = next(
            (r.response_id for r in scene.responses if r.layout.head.viewport.contains(x_px, y_px)),
            next((a.name for a in scene.aois if a.rect.contains(x_px, y_px)), ""),
        )
        self._conductor.record("pointer", (t_ns, "move", x_px, y_px, "", target))
        side = next((r.side for r in scene.responses if r.response_id == target), "")
        if side:
            self._conductor.command("activity", f"answer_{side}")


class Script:
    """What the simulated participant wants on each page; the flow decides whether it is allowed."""

    def __init__(self, person: Participant, quality_of: Callable[[str], str], max_turns: int) -> None:
        self._person = person
        self._quality_of = quality_of
        self._max_turns = max_turns
        self._page_since: tuple[tuple[Any, ...], int] = ((), 0)
        self._decision: tuple[str, Any, int] | None = None

    def next_click(self, snapshot: FlowSnapshot, t_ns: int) -> Click | None:
        """The next click on this page, or None to go on waiting."""
        turn = snapshot.task.turn_index if snapshot.task is not None else -1
        task_id = snapshot.task.id if snapshot.task is not None else ""
        place = snapshot.questions.place if snapshot.questions is not None else ""
        key = (snapshot.page, task_id, turn, snapshot.prompt, len(snapshot.attempts), place)
        if key != self._page_since[0]:
            self._page_since = (key, t_ns)
        since_ns = self._page_since[1]
        if snapshot.page == "task":
            return self._on_task(snapshot, t_ns, since_ns)
        if snapshot.questions is not None:
            return self._on_questions(snapshot.questions, t_ns)
        return _on_page(snapshot, since_ns)

    def _on_task(self, snapshot: FlowSnapshot, t_ns: int, since_ns: int) -> Click | None:
        task = snapshot.task
        assert task is not None
        if not snapshot.answers:
            # one turn of a single answer is enough for everything that is made of it; pairs are what is scored
            wanted = self._max_turns if task.mode == "pair" else 1
            if snapshot.may_finish_task and task.turn_index >= wanted:
                return Click("finish_task", "finish_task", (), since_ns + NS_PER_S // 2)
            return Click("send", "submit", (task.suggested_prompt,), since_ns + int(1.2 * NS_PER_S))
        if not snapshot.ratings_open:
            return None
        if self._decision is None or self._decision[0] != snapshot.turn_id:
            answers = [
                (a.response_id, a.side, a.text, self._quality_of(a.response_id)) for a in snapshot.answers
            ]
            decision = self._person.decide(answers)
            self._decision = (snapshot.turn_id, decision, t_ns + int(decision.t_read_ns))
        _, decision, ready_ns = self._decision
        pause_ns = NS_PER_S // 4
        for answer in snapshot.answers:
            if answer.rating is None:
                value = int(decision.ratings[answer.response_id])
                area = f"rate_{answer.side}_{value}"
                return Click(area, "rate", (answer.response_id, value), max(ready_ns, t_ns + pause_ns))
        if task.mode == "pair" and snapshot.preference is None:
            area = _preference_area(decision.choice, decision.strength)
            return Click(area, "prefer", (decision.choice, decision.strength), t_ns + pause_ns)
        said = ballot_rest(snapshot, self._person.pick)
        if said is not None:
            return Click("reasons", *said, t_ns + 4 * pause_ns)
        if snapshot.can_continue:
            return Click("continue", "continue_", (), t_ns + pause_ns)
        return None

    def _on_questions(self, page: QuestionPage, t_ns: int) -> Click:
        """The next question without an answer, then on."""
        for question in page.questions:
            if not page.answers.get(question.id, GivenAnswer()).given:
                place = f"{page.place}/{page.task_id}"
                value = simulated_answer(question, self._person.pick, place, page.sentences_of)
                area, at_ns = f"question_{question.id}", t_ns + 2 * NS_PER_S
                if value is None and not question.needed:
                    return Click(area, "decline_answer", (question.id,), at_ns)
                return Click(area, "answer", (question.id, value), at_ns)
        return Click("continue", "questions_done", (), t_ns + NS_PER_S)


def _preference_area(choice: str, strength: int | None) -> str:
    if choice in ("left", "right"):
        return f"prefer_{choice}_{'clearly' if strength == 2 else 'slightly'}"
    return f"prefer_{choice}"


def _on_page(snapshot: FlowSnapshot, since_ns: int) -> Click | None:
    soon_ns = since_ns + NS_PER_S
    if snapshot.page in ("welcome", "instructions"):
        return Click("continue", "next", (), soon_ns)
    if snapshot.page == "consent":
        return Click("continue", "consent", ({line.scope: True for line in snapshot.study.consent},), soon_ns)
    if snapshot.page == "camera_check":
        return Click("continue", "camera_ready", (), soon_ns + NS_PER_S)
    if snapshot.page == "gaze_result":
        return _on_gaze_result(snapshot, soon_ns)
    if snapshot.page == "gaze_help":
        return _on_gaze_help(snapshot, soon_ns)
    return None


def _on_gaze_result(snapshot: FlowSnapshot, soon_ns: int) -> Click:
    """Redo what was not measured, once; calibrate again while a failed one may be; then go on with what there is."""
    calibration, validation = snapshot.calibration, snapshot.validation
    missing = (
        [t.target_index for t in calibration.targets if t.state == "not_measured"] if calibration else []
    )
    redone = any(attempt.kind == "redo" for attempt in snapshot.attempts)
    if missing and not redone and missing[0] in snapshot.can_redo and validation is not None:
        return Click("redo", "redo_target", (missing[0],), soon_ns)
    if (validation is None or not validation.ok) and snapshot.can_recalibrate:
        return Click("recalibrate", "recalibrate", (), soon_ns)
    better = _better_attempt(snapshot)
    if better:
        return Click("continue", "use_attempt", (better,), soon_ns)
    return Click("continue", "accept_gaze", (), soon_ns)


def _better_attempt(snapshot: FlowSnapshot) -> str:
    """The best earlier attempt where it was better than the latest one; else empty."""
    best = next((a for a in snapshot.attempts if a.attempt_id in snapshot.can_use[:1]), None)
    latest = snapshot.validation
    if best is None or best.validation is None or latest is None:
        return best.attempt_id if best is not None else ""
    better = (best.validation.ok, -best.validation.accuracy_px) > (latest.ok, -latest.accuracy_px)
    return best.attempt_id if better else ""


def _on_gaze_help(snapshot: FlowSnapshot, soon_ns: int) -> Click:
    """A calibration that failed is reported and the session goes on with fewer claims, or without gaze."""
    options = snapshot.help_options
    if "check_gaze" in options:
        return Click("continue", "check_gaze", (), soon_ns)
    if "fewer_claims" in options:
        return Click("continue", "fewer_claims", (), soon_ns)
    if "pointer_only" in options:
        return Click("continue", "without_gaze", ("pointer_only",), soon_ns)
    return Click("continue", "stop", ("calibration_failed",), soon_ns)
