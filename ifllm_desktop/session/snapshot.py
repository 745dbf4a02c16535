"""What the participant flow shows: immutable values for the window, the headless run and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ifllm_desktop.domain.chat import ChatRequest
from ifllm_desktop.protocol import StudyProtocol
from ifllm_desktop.session.answers import AnswerSnapshot, Highlight, HistoryTurn, Preference
from ifllm_desktop.session.gaze_outcome import (
    CalibrationOutcome,
    CalibrationTarget,
    DriftOutcome,
    GazeAttempt,
    TargetOutcome,
    ValidationOutcome,
)
from ifllm_desktop.session.question_round import GivenAnswer, QuestionPage
from ifllm_desktop.session.text_outcome import LineOutcome, TextOutcome

__all__ = [
    "GAZE_NOTICES", "HELP_OPTIONS", "LOCK_REASONS", "PAGES", "RUN_PHASES", "AnswerSnapshot", "CalibrationOutcome",
    "CalibrationTarget", "DriftOutcome", "FlowSnapshot", "GazeAttempt", "GazeRun", "GivenAnswer", "Highlight",
    "HistoryTurn", "LineOutcome", "Preference", "QuestionPage", "TargetOutcome", "TaskSnapshot",
    "TextOutcome", "ValidationOutcome",
]  # fmt: skip

PAGES = (
    "welcome", "consent", "questions", "camera_check", "calibration", "validation", "gaze_result", "gaze_help",
    "text_check", "instructions", "drift_check", "task", "finish", "declined",
)  # fmt: skip
"""Every page of the flow, in the order in which they can come."""

RUN_PHASES = ("calibration", "redo", "validation", "text", "drift", "refit", "recheck")
"""What a run of targets is for. ``calibration`` and ``redo`` stand on the page ``calibration``, ``validation`` on its
own, ``text`` (lines to be read) on ``text_check``, the last three on ``drift_check``."""

GAZE_NOTICES = ("", "resized", "moved", "screen_changed", "head_moved", "gaze_lost")
"""Why gaze is not derived now: it is; the window was resized or moved; it is on another screen, or the screen has
another size; the head left the place that was calibrated; no eyes for some seconds (ends by itself when they are
found again). With any but the last the landmarks go on being recorded, and something is asked or checked at the next
boundary (before the next turn or task)."""

HELP_OPTIONS = ("help_again", "check_gaze", "fewer_claims", "pointer_only", "stop")
"""What the page ``gaze_help`` may offer, each a command: ``help_again`` (hints for light and seating, the camera
check and one more attempt), ``check_gaze`` (drift check), ``fewer_claims`` (keep the gaze as it is, marked); for
``pointer_only`` the command is ``without_gaze("pointer_only")``, for ``stop`` ``stop("calibration_failed")``."""

LOCK_REASONS = ("", "not_asked", "writing", "not_shown", "incomplete")
"""Why ratings are locked: open, nothing asked yet, an answer is still being written, a complete answer is not
yet on the screen, an answer did not arrive completely (retry)."""


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
class GazeRun:
    """A run of targets that the flow wants.

    Attributes
    ----------
    number : int
        From 1 within the session; a new number is a new run.
    phase : str
        One of :data:`RUN_PHASES`.
    calibration_id : str
        Calibration that is completed, judged or checked; empty for ``calibration``.
    target_index : int
        The target of ``redo``; −1 otherwise.
    """

    number: int
    phase: str
    calibration_id: str = ""
    target_index: int = -1


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
        Calibration attempts begun, from 1; 0 before the first. Redone targets do not count.
    calibration, validation
        Outcomes of the latest attempt, None while it runs.
    attempts : tuple of GazeAttempt
        Every attempt of the session, the oldest first; the accepted one is marked.
    can_accept_gaze, can_recalibrate : bool
        What the page ``gaze_result`` may offer; going on without gaze is always possible there.
    can_redo : tuple of int
        Calibration targets of the latest attempt that ``redo_target(index)`` takes now, measured or not.
    can_use : tuple of str
        ``attempt_id`` of earlier attempts that ``use_attempt(attempt_id)`` takes now, the best first.
    help_options : tuple of str
        What the page ``gaze_help`` offers, in this order: see :data:`HELP_OPTIONS`. Empty on other pages.
    help_reason : str
        Why that page is shown: ``attempts_used``, or the ``gaze_notice`` that asks for a decision.
    gaze_notice : str
        One of :data:`GAZE_NOTICES`. To be shown on every page after the calibration, in words and never only as a
        colour. ``check_gaze`` may be offered with it on the page ``task``: the check then comes before the next turn.
    gaze_check_due : bool
        A drift check (or a decision) comes at the next boundary.
    gaze_in_use : str
        Calibration that gaze is derived with now; empty while none is.
    gaze_marked : bool
        Gaze goes on with a calibration outside of the study's limits: fewer claims.
    gaze_off : bool
        Gaze was given up for this session: pictures are not looked at any more.
    run : GazeRun or None
        The run of targets that belongs to the page; the session starts it.
    drift : DriftOutcome or None
        The latest check on the page ``drift_check``: None while the first one runs. While ``run.phase`` is ``refit``
        or ``recheck`` it says by how much gaze was off.
    text_check : TextOutcome or None
        The latest text check of the session.
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
    languages : tuple of str
        Languages that ``choose_language`` takes now, where there is a choice; the present one is ``study.read_in``.
    questions : QuestionPage or None
        The page ``questions``.
    reasons, reason_text
        Reasons that stand, as values of the study's options, and in words of one's own.
    highlights : tuple of Highlight
        Marks that stand in the answers of the turn.
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
    attempts: tuple[GazeAttempt, ...] = ()
    can_redo: tuple[int, ...] = ()
    can_use: tuple[str, ...] = ()
    help_options: tuple[str, ...] = ()
    help_reason: str = ""
    gaze_notice: str = ""
    gaze_check_due: bool = False
    gaze_in_use: str = ""
    gaze_marked: bool = False
    gaze_off: bool = False
    run: GazeRun | None = None
    drift: DriftOutcome | None = None
    text_check: TextOutcome | None = None
    task: TaskSnapshot | None = None
    history: tuple[HistoryTurn, ...] = ()
    turn_id: str = ""
    prompt: str = ""
    answers: tuple[AnswerSnapshot, ...] = ()
    turn_state: str = ""
    ratings_open: bool = False
    lock_reason: str = "not_asked"
    preference: Preference | None = None
    reasons: tuple[str, ...] = ()
    reason_text: str = ""
    highlights: tuple[Highlight, ...] = ()
    questions: QuestionPage | None = None
    languages: tuple[str, ...] = ()
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
