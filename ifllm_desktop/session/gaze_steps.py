"""The gaze pages of the participant's flow: attempts, their result, the way on after failures.

``session.gaze_checks`` builds on this what happens during the tasks.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ifllm_desktop.domain.samples import Row
from ifllm_desktop.protocol import StudyProtocol
from ifllm_desktop.session.flow_base import FlowBase
from ifllm_desktop.session.gaze_outcome import (
    CalibrationOutcome,
    DriftOutcome,
    GazeAttempt,
    ValidationOutcome,
)
from ifllm_desktop.session.ids import IdFactory
from ifllm_desktop.session.snapshot import FlowSnapshot, GazeRun
from ifllm_desktop.session.text_outcome import TextOutcome

GAZE_PAGES = (
    "camera_check", "calibration", "validation", "gaze_result", "gaze_help", "text_check", "drift_check",
)  # fmt: skip
"""Pages that are left out without gaze; each can be left by ``without_gaze``."""
MAX_REDOS = 12
"""Targets that may be redone one by one in a session: more of them is another calibration."""


class GazeSteps(FlowBase):
    """From the camera check to the accepted calibration and the text that is read with it.

    Gaze goes on with ``_chosen``; ``_in_use`` is the same, or empty while no gaze is derived.
    """

    def __init__(self, protocol: StudyProtocol, record: Callable[[str, Row], int], ids: IdFactory) -> None:
        super().__init__(protocol, record, ids)
        self._attempt = 0
        self._budget = protocol.calibration.max_attempts
        self._n_helped = 0
        self._n_redone = 0
        self._attempts: list[GazeAttempt] = []
        self._n_stale = 0
        self._calibration: CalibrationOutcome | None = None
        self._validation: ValidationOutcome | None = None
        self._run: GazeRun | None = None
        self._n_runs = 0
        self._chosen = ""
        self._in_use = ""
        self._marked = False
        self._gaze_off = False
        self._notice = ""
        self._due = ""
        self._drift: DriftOutcome | None = None
        self._text: TextOutcome | None = None
        self._read_with: set[str] = set()
        self._help_reason = ""
        self._boundary = "instructions"

    # ---- commands ----------------------------------------------------------------------------------------
    def camera_ready(self, t_ns: int) -> FlowSnapshot:
        """The camera check is done: a calibration begins."""
        self._command("camera_ready", self._page == "camera_check")
        return self._calibrate(t_ns)

    def without_gaze(self, t_ns: int, reason: str) -> FlowSnapshot:
        """Go on without gaze from any of :data:`GAZE_PAGES`; ``reason`` is a code for the recording."""
        self._command("without_gaze", self._page in GAZE_PAGES)
        self._log.event(t_ns, "camera", state="unused", detail=reason)
        self._chosen = self._in_use = self._notice = self._due = ""
        self._attempts = [replace(a, accepted=False) for a in self._attempts]
        self._marked = False
        self._gaze_off = True
        return self._leave_gaze_pages(t_ns)

    def accept_gaze(self, t_ns: int) -> FlowSnapshot:
        """Go on with the result as it is, also a poor one (marked); what it supports is decided by who reads the data.

        Without a calibration this is ``without_gaze``.
        """
        self._command("accept_gaze", self._page == "gaze_result")
        if self._calibration is None or not self._calibration.ok:
            return self.without_gaze(t_ns, "calibration_failed")
        return self._accept(t_ns, self._attempts[-1], "")

    def use_attempt(self, t_ns: int, attempt_id: str) -> FlowSnapshot:
        """Go on with an earlier attempt: one of ``snapshot.can_use``."""
        self._command("use_attempt", attempt_id in self._can_use)
        attempt = next(a for a in reversed(self._attempts) if a.attempt_id == attempt_id and a.usable)
        return self._accept(t_ns, attempt, "use_attempt")

    def fewer_claims(self, t_ns: int) -> FlowSnapshot:
        """Keep the best of the poor attempts, marked: what is shown of this gaze claims less."""
        self._command("fewer_claims", "fewer_claims" in self._help_options)
        return self._accept(t_ns, self._usable[0], "fewer_claims")

    def recalibrate(self, t_ns: int) -> FlowSnapshot:
        """Once more from the first target, while attempts are left. Each attempt stays in the recording."""
        self._command("recalibrate", self._page == "gaze_result" and self._attempts_left)
        return self._calibrate(t_ns)

    def redo_target(self, t_ns: int, index: int) -> FlowSnapshot:
        """Show one target of the latest calibration again; then a new model is made and validated."""
        self._command("redo_target", index in self._can_redo)
        assert self._calibration is not None
        self._n_redone += 1
        self._start_run("redo", self._calibration.calibration_id, index)
        self._calibration = self._validation = None
        return self._show(t_ns, "calibration")

    def help_again(self, t_ns: int) -> FlowSnapshot:
        """Back to the camera check, with light and seating mended, and one more attempt."""
        self._command("help_again", "help_again" in self._help_options)
        if self._help_reason == "attempts_used":
            self._n_helped += 1
            self._budget = self._attempt + 1
        else:
            self._budget = self._attempt + self._protocol.calibration.max_attempts
            self._n_helped = 0
        return self._show(t_ns, "camera_check")

    def skip_text(self, t_ns: int) -> FlowSnapshot:
        """Go on without reading the marked lines."""
        self._command("skip_text", self._page == "text_check")
        attempt = next((a.attempt_id for a in self._attempts if a.accepted), "")
        return self._end_text(t_ns, TextOutcome(attempt, self._chosen, ok=False, reason="skipped"))

    # ---- reports of the session --------------------------------------------------------------------------
    def calibration_finished(self, t_ns: int, outcome: CalibrationOutcome) -> FlowSnapshot:
        """Every target was shown: on to the validation, or to the result when no model could be made."""
        self._command("calibration_finished", self._page == "calibration")
        self._calibration = outcome
        self._attempts.append(GazeAttempt(outcome.attempt_id, len(self._attempts) + 1, outcome.kind, outcome))
        self._log.event(t_ns, "calibration", **outcome.to_payload())
        self._in_use = outcome.calibration_id if outcome.ok else ""
        if not outcome.ok:
            return self._show_result(t_ns)
        self._start_run("validation", outcome.calibration_id)
        return self._show(t_ns, "validation")

    def validation_finished(self, t_ns: int, outcome: ValidationOutcome) -> FlowSnapshot:
        """The other targets were shown: the result is known."""
        self._command("validation_finished", self._page == "validation")
        self._validation = outcome
        if self._attempts:
            self._attempts[-1] = replace(self._attempts[-1], validation=outcome)
        self._log.event(t_ns, "validation", **outcome.to_payload())
        return self._show_result(t_ns)

    def text_finished(self, t_ns: int, outcome: TextOutcome) -> FlowSnapshot:
        """The marked lines were read, or had their time."""
        self._command("text_finished", self._page == "text_check")
        return self._end_text(t_ns, outcome)

    # ---- inside ------------------------------------------------------------------------------------------
    @abstractmethod
    def _go_on(self, t_ns: int, where: str) -> FlowSnapshot:
        """Show ``instructions``, or begin the ``task`` or ``turn`` that the gaze pages were put before."""

    @property
    def _attempts_left(self) -> bool:
        return self._attempt < self._budget

    @property
    def _usable(self) -> list[GazeAttempt]:
        """Attempts whose geometry still holds, the best first; of equals the later."""
        usable = [a for a in self._attempts[self._n_stale :] if a.usable]

        def key(attempt: GazeAttempt) -> tuple[bool, float, int]:
            v = attempt.validation
            assert v is not None
            return (
                not v.ok,
                v.accuracy_px if v.accuracy_px == v.accuracy_px else float("inf"),
                -attempt.number,
            )

        return sorted(usable, key=key)

    @property
    def _can_use(self) -> tuple[str, ...]:
        offered = self._page == "gaze_result" or (
            self._page == "gaze_help" and self._help_reason == "attempts_used" and self._may_ask
        )
        latest = self._attempts[-1].number if self._attempts else 0
        return tuple(a.attempt_id for a in self._usable if a.number != latest) if offered else ()

    @property
    def _may_ask(self) -> bool:
        return self._protocol.calibration.on_failure in ("ask", "continue")

    @property
    def _can_redo(self) -> tuple[int, ...]:
        calibration = self._calibration
        offered = self._page == "gaze_result" or (
            self._page == "gaze_help" and self._help_reason == "attempts_used" and self._may_ask
        )
        if (
            not offered
            or calibration is None
            or calibration.method != "points"
            or self._n_redone >= MAX_REDOS
        ):
            return ()
        return tuple(target.target_index for target in calibration.targets)

    @property
    def _help_options(self) -> tuple[str, ...]:
        if self._page != "gaze_help":
            return ()
        if self._help_reason != "attempts_used":
            check = self._chosen != "" and self._help_reason != "screen_changed"
            return ("check_gaze", "help_again", "pointer_only") if check else ("help_again", "pointer_only")
        rule = self._protocol.calibration.on_failure
        if rule != "ask":
            return (rule,)
        again = ("help_again",) if self._n_helped == 0 else ()
        return (*again, *(("fewer_claims",) if self._usable else ()), "pointer_only")

    def _calibrate(self, t_ns: int) -> FlowSnapshot:
        self._attempt += 1
        self._calibration = self._validation = None
        self._start_run("calibration")
        return self._show(t_ns, "calibration")

    def _show_result(self, t_ns: int) -> FlowSnapshot:
        """The result, or the way on when every attempt failed."""
        self._run = None
        failed = not any(a.validation is not None and a.validation.ok for a in self._usable)
        rule = self._protocol.calibration.on_failure
        if failed and not self._attempts_left and rule != "continue":
            return self._show_help(t_ns, "attempts_used")
        return self._show(t_ns, "gaze_result")

    def _show_help(self, t_ns: int, reason: str) -> FlowSnapshot:
        self._help_reason = reason
        self._run = None
        return self._show(t_ns, "gaze_help")

    def _accept(self, t_ns: int, attempt: GazeAttempt, how: str) -> FlowSnapshot:
        calibration = attempt.calibration
        assert calibration is not None
        self._marked = attempt.validation is None or not attempt.validation.ok
        self._chosen = self._in_use = calibration.calibration_id
        self._attempts = [replace(a, accepted=a.number == attempt.number) for a in self._attempts]
        self._calibration, self._validation = calibration, attempt.validation
        self._log.event(
            t_ns, "gaze_accepted", attempt_id=attempt.attempt_id, calibration_id=self._chosen, ok=not self._marked,
            how=how or ("fewer_claims" if self._marked else "accepted"),
        )  # fmt: skip
        self._notice = self._due = ""
        if self._protocol.calibration.text_lines and self._chosen not in self._read_with:
            self._read_with.add(self._chosen)
            self._drift = None
            self._start_run("text", self._chosen)
            return self._show(t_ns, "text_check")
        return self._leave_gaze_pages(t_ns)

    def _end_text(self, t_ns: int, outcome: TextOutcome) -> FlowSnapshot:
        self._text = outcome
        self._log.event(t_ns, "text_validation", **outcome.to_payload())
        return self._leave_gaze_pages(t_ns)

    def _leave_gaze_pages(self, t_ns: int) -> FlowSnapshot:
        self._run = self._drift = None
        return self._go_on(t_ns, self._boundary)

    def _start_run(self, phase: str, calibration_id: str = "", target_index: int = -1) -> None:
        self._n_runs += 1
        self._run = GazeRun(self._n_runs, phase, calibration_id, target_index)

    def _gaze_snapshot(self) -> dict[str, Any]:
        """The fields of the snapshot that are about gaze."""
        on_result = self._page == "gaze_result"
        return {
            "attempt": self._attempt,
            "calibration": self._calibration,
            "validation": self._validation,
            "attempts": tuple(self._attempts),
            "can_accept_gaze": on_result and self._calibration is not None and self._calibration.ok,
            "can_recalibrate": on_result and self._attempts_left,
            "can_redo": self._can_redo,
            "can_use": self._can_use,
            "help_options": self._help_options,
            "help_reason": self._help_reason if self._page == "gaze_help" else "",
            "gaze_notice": self._notice,
            "gaze_check_due": bool(self._due),
            "gaze_in_use": self._in_use,
            "gaze_marked": self._marked,
            "gaze_off": self._gaze_off,
            "run": self._run,
            "drift": self._drift,
            "text_check": self._text,
        }
