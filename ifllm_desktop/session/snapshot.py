"""What the participant flow shows: immutable values for the window, the headless run and tests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ifllm_desktop.domain.chat import ChatRequest, Finish
from ifllm_desktop.protocol import StudyProtocol

PAGES = (
    "welcome", "consent", "camera_check", "calibration", "validation", "gaze_result", "instructions", "task",
    "finish", "declined",
)  # fmt: skip
"""Every page of the flow, in the order in which they can come."""

LOCK_REASONS = ("", "not_asked", "writing", "not_shown", "incomplete")
"""Why ratings are locked: open, nothing asked yet, an answer is still being written, a complete answer is not
yet on the screen, an answer did not arrive completely (retry)."""


@dataclass(frozen=True, slots=True)
class TargetOutcome:
    """Validation at one target, screen px; NaN where nothing was measured.

    Attributes
    ----------
    x_px, y_px : float
        The target.
    mean_x_px, mean_y_px : float
        Mean of the gaze estimates.
    error_px : float
        Distance between the two.
    sd_x_px, sd_y_px : float
        Scatter of the estimates.
    n_frames : int
        Frames that were used.
    """

    target_index: int
    x_px: float
    y_px: float
    mean_x_px: float = math.nan
    mean_y_px: float = math.nan
    error_px: float = math.nan
    sd_x_px: float = math.nan
    sd_y_px: float = math.nan
    n_frames: int = 0

    def to_payload(self) -> dict[str, Any]:
        """For the event ``validation``; NaN becomes null."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: _number(value) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class CalibrationOutcome:
    """How a calibration attempt ended.

    Attributes
    ----------
    reason : str
        Code when not ok (``too_few_targets``, ``no_face``, ``stopped`` …); else empty.
    n_targets : int
        Targets that were measured.
    loo_error_px : float
        Median error when each target is left out in turn; NaN when not ok.
    model
        The fitted model as JSON values, so that gaze can be derived again.
    """

    attempt_id: str
    calibration_id: str
    ok: bool
    reason: str = ""
    n_targets: int = 0
    loo_error_px: float = math.nan
    model: Mapping[str, Any] = field(default_factory=dict)

    def to_payload(self) -> dict[str, Any]:
        """For the event ``calibration``; NaN becomes null."""
        return {
            "attempt_id": self.attempt_id, "calibration_id": self.calibration_id, "ok": self.ok,
            "reason": self.reason, "n_targets": self.n_targets, "loo_error_px": _number(self.loo_error_px),
            "model": dict(self.model),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ValidationOutcome:
    """How good the gaze is on targets that the calibration did not see.

    Attributes
    ----------
    ok : bool
        Whether it is within the study's limits.
    reason : str
        Code when not ok; else empty.
    grade : str
        ``A`` to ``D``; empty when nothing could be measured.
    accuracy_px : float
        Mean distance between target and mean estimate; NaN when not measured.
    sd_px : tuple of float
        Scatter in x and y.
    loss : float
        Share of frames without a usable face, 0–1.
    rate_hz : float
        Usable frames per second.
    """

    attempt_id: str
    calibration_id: str
    ok: bool
    reason: str = ""
    grade: str = ""
    accuracy_px: float = math.nan
    sd_px: tuple[float, float] = (math.nan, math.nan)
    loss: float = math.nan
    rate_hz: float = math.nan
    targets: tuple[TargetOutcome, ...] = ()

    def to_payload(self) -> dict[str, Any]:
        """For the event ``validation``; NaN becomes null."""
        return {
            "attempt_id": self.attempt_id, "calibration_id": self.calibration_id, "ok": self.ok,
            "reason": self.reason, "grade": self.grade, "accuracy_px": _number(self.accuracy_px),
            "sd_px": [_number(v) for v in self.sd_px], "loss": _number(self.loss),
            "rate_hz": _number(self.rate_hz), "targets": [t.to_payload() for t in self.targets],
        }  # fmt: skip


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class AnswerSnapshot:
    """One answer as far as it is known.

    Attributes
    ----------
    side : str
        ``left`` or ``right``; a single answer is ``left``.
    letter : str
        ``A`` left, ``B`` right: the only name that a participant sees.
    text : str
        Markdown received so far.
    finish : Finish or None
        None while it is being written.
    detail : str
        Short technical reason of a failure.
    n_shown : int
        Code points of ``text`` that the window has reported as shown.
    rating : int or None
        1 … scale.
    """

    response_id: str
    side: str
    letter: str
    text: str = ""
    finish: Finish | None = None
    detail: str = ""
    n_shown: int = 0
    rating: int | None = None

    @property
    def complete(self) -> bool:
        """Whether all of it has arrived."""
        return self.finish is Finish.STOP

    @property
    def failed(self) -> bool:
        """Whether it ended without being complete: retry is offered."""
        return self.finish is not None and self.finish is not Finish.STOP


@dataclass(frozen=True, slots=True)
class Preference:
    """A vote: ``left``, ``right``, ``tie`` or ``both_bad``; ``strength`` 1 slightly, 2 clearly, else None."""

    choice: str
    strength: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryTurn:
    """An earlier turn of the same task, with its ratings and vote."""

    turn_index: int
    prompt: str
    answers: tuple[AnswerSnapshot, ...]
    preference: Preference | None = None


@dataclass(frozen=True, slots=True)
class TaskSnapshot:
    """The task and where the participant is in it.

    Attributes
    ----------
    mode : str
        ``single`` or ``pair``.
    index, n_tasks : int
        Place in the session, ``index`` from 0.
    turn_index : int
        From 0.
    turns_min, turns_max : int
        How many turns the task may have.
    suggested_prompt : str
        What the composer holds; sent as it is unless ``free_prompts``.
    """

    id: str
    topic_id: str
    title: str
    description: str
    mode: str
    index: int
    n_tasks: int
    turn_index: int
    turns_min: int
    turns_max: int
    suggested_prompt: str


@dataclass(frozen=True, slots=True)
class FlowSnapshot:
    """Everything that the window needs to draw the present page.

    Attributes
    ----------
    page : str
        One of :data:`PAGES`.
    study : StudyProtocol
        The study: texts of the pages, scopes, scales. It never changes within a session.
    step, n_steps : int
        Place in the flow from 1; without gaze there are fewer steps. ``step`` is 0 on ``declined``.
    paused : bool
        The page is covered; only ``resume`` and ``stop`` are allowed.
    ended : str
        Why the session is over (``finished``, ``declined`` or what ``stop`` was given); empty until then.
    scopes : mapping or None
        Answers by scope; None before consent.
    attempt : int
        Calibration attempts begun, from 1; 0 before the first.
    calibration, validation
        Outcomes of the latest attempt, None while it runs.
    can_accept_gaze, can_recalibrate : bool
        What the page ``gaze_result`` may offer; going on without gaze is always possible there.
    task, history, prompt, answers, preference
        The present task; ``prompt`` is empty until it was sent.
    turn_state : str
        One of ``domain.samples.TURN_STATES``; empty outside a turn.
    ratings_open : bool
        Ratings and vote may be used.
    lock_reason : str
        One of :data:`LOCK_REASONS`, empty when open.
    can_submit, can_continue, may_finish_task : bool
        Whether ``submit``, ``continue_`` and ``finish_task`` are allowed now.
    free_prompts : bool
        Whether the participant may write the prompt; prepared answers know only the suggested one.
    requests : tuple of ChatRequest
        Answers to be asked for now: set in the snapshot that ``submit`` and ``retry`` return, never later.
    cancels : tuple of str
        Answers that nobody waits for any more: set in the snapshot of the command that dropped them.
    """

    page: str
    study: StudyProtocol
    step: int = 1
    n_steps: int = 1
    paused: bool = False
    ended: str = ""
    scopes: Mapping[str, bool] | None = None
    attempt: int = 0
    calibration: CalibrationOutcome | None = None
    validation: ValidationOutcome | None = None
    can_accept_gaze: bool = False
    can_recalibrate: bool = False
    task: TaskSnapshot | None = None
    history: tuple[HistoryTurn, ...] = ()
    turn_id: str = ""
    prompt: str = ""
    answers: tuple[AnswerSnapshot, ...] = ()
    turn_state: str = ""
    ratings_open: bool = False
    lock_reason: str = "not_asked"
    preference: Preference | None = None
    can_submit: bool = False
    can_continue: bool = False
    may_finish_task: bool = False
    free_prompts: bool = False
    requests: tuple[ChatRequest, ...] = ()
    cancels: tuple[str, ...] = ()

    def answer(self, side: str) -> AnswerSnapshot | None:
        """The answer on a side."""
        return next((a for a in self.answers if a.side == side), None)

    @property
    def scopes_asked(self) -> tuple[str, ...]:
        """Scopes of the consent page, in its order."""
        return tuple(entry.scope for entry in self.study.consent)
