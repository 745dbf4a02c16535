"""Gaze during the tasks: drift checks at the boundaries, refits, and what makes a calibration invalid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.session.gaze_outcome import CalibrationOutcome, DriftOutcome
from ifllm_desktop.session.gaze_steps import GazeSteps
from ifllm_desktop.session.snapshot import FlowSnapshot

GEOMETRY_CHANGES = ("resized", "moved", "screen_changed")
_RUN_PAGES = ("calibration", "validation")
_WATCHED = ("instructions", "questions", "task")
"""Pages on which a head that moves and eyes that are lost count."""


class GazeChecks(GazeSteps):
    """What comes before a task or a turn, and what is noticed in between.

    ::

        boundary ─nothing to check─────────────────────────────────────────────────────────► task or turn
           │ due: a decision ──► gaze_help
           │ due: a check, or each task has one
           ▼
        drift ─within threshold, not measured────────────────────────────────────────────────► task or turn
           │ beyond
           ▼
        refit ─too few targets───────────────────────────────────────────────────────────────► task or turn
           │ model
           ▼
        recheck ─better: the refit stays; not better: back to the calibration before────────► task or turn

    Whatever a recheck says, the session goes on: nothing here can repeat without end.
    """

    # ---- commands ----------------------------------------------------------------------------------------
    def check_gaze(self, t_ns: int) -> FlowSnapshot:
        """A drift check: now on ``gaze_help``, before the next turn on ``task``."""
        on_task = self._page == "task" and self._chosen != ""
        self._command("check_gaze", on_task or "check_gaze" in self._help_options)
        if on_task:
            self._due = self._due or "check"
            return self._changed()
        return self._check(t_ns)

    def skip_drift(self, t_ns: int) -> FlowSnapshot:
        """Go on without waiting for the check. Gaze that was invalid before stays so."""
        self._command("skip_drift", self._page == "drift_check")
        stage = "first" if self._drift is None else "recheck"
        outcome = DriftOutcome("", self._chosen, ok=False, reason="stopped", stage=stage, action="skipped")
        return self._after_check(t_ns, outcome)

    # ---- reports of the session --------------------------------------------------------------------------
    def drift_finished(self, t_ns: int, outcome: DriftOutcome) -> FlowSnapshot:
        """The target of a check was shown."""
        phase = self._run.phase if self._run is not None else ""
        self._command("drift_finished", self._page == "drift_check" and phase in ("drift", "recheck"))
        first = self._drift
        if outcome.ok:
            return self._after_check(t_ns, replace(outcome, action="none"))
        if outcome.n_frames == 0:
            return self._after_check(t_ns, replace(outcome, action="not_measured"))
        if phase == "drift":
            self._drift = replace(outcome, action="refit")
            self._log.event(t_ns, "drift", **self._drift.to_payload())
            self._start_run("refit", self._chosen)
            return self._changed()
        if first is not None and outcome.drift_px >= first.drift_px:
            self._chosen = first.calibration_id
            return self._after_check(t_ns, replace(outcome, action="reverted"))
        return self._after_check(t_ns, replace(outcome, action="kept"))

    def refit_finished(self, t_ns: int, outcome: CalibrationOutcome) -> FlowSnapshot:
        """The targets of a refit were shown: the new model is checked, or the old one kept."""
        allowed = self._page == "drift_check" and self._run is not None and self._run.phase == "refit"
        self._command("refit_finished", allowed)
        self._log.event(t_ns, "calibration", **outcome.to_payload())
        if not outcome.ok:
            return self._end_check(t_ns, valid=True, ok=False)
        self._chosen = outcome.calibration_id
        if self._notice == "":
            self._in_use = self._chosen
        self._start_run("recheck", self._chosen)
        return self._changed()

    # ---- deliveries of window and camera -----------------------------------------------------------------
    def geometry_changed(self, t_ns: int, kind: str) -> FlowSnapshot:
        """The window was ``resized`` or ``moved``, or the ``screen_changed``: what was calibrated does not hold.

        A run of targets begins anew, without counting as an attempt; later a decision is asked for at the next
        boundary. Before there is any calibration, and without gaze, it means nothing.
        """
        if kind not in GEOMETRY_CHANGES:
            raise BugError("flow_command", name="geometry_changed", kind=kind)
        on_run = self._page in _RUN_PAGES
        if self._ended or not (self._chosen or on_run or self._page in ("gaze_result", "gaze_help")):
            return self._unchanged()
        if not on_run and self._notice in (kind, "screen_changed"):
            return self._unchanged()
        self._invalidate(t_ns, kind, {"page": self._page})
        if kind == "screen_changed":
            self._n_stale = len(self._attempts)
            self._chosen = ""
        if on_run:
            self._attempt -= 1
            return self._calibrate(t_ns)
        if self._page in ("gaze_result", "gaze_help", "text_check", "drift_check"):
            return self._show_help(t_ns, kind)
        self._due = "decide"
        return self._changed()

    def head_moved(self, t_ns: int, away: Mapping[str, float]) -> FlowSnapshot:
        """The head left the place that was calibrated: no gaze until the check before the next turn.

        Parameters
        ----------
        away : mapping
            How far, see ``session.head_watch.HeadWatch.away``.
        """
        if self._ended or self._page not in _WATCHED or not self._in_use:
            return self._unchanged()
        self._invalidate(t_ns, "head_moved", away)
        self._due = self._due or "check"
        return self._changed()

    def gaze_lost(self, t_ns: int) -> FlowSnapshot:
        """No eyes for some seconds."""
        if self._ended or self._page not in _WATCHED or not self._in_use:
            return self._unchanged()
        self._invalidate(t_ns, "gaze_lost", {})
        return self._changed()

    def gaze_found(self, t_ns: int) -> FlowSnapshot:
        """The eyes are there again."""
        if self._ended or self._notice != "gaze_lost":
            return self._unchanged()
        self._log.event(t_ns, "gaze_valid", calibration_id=self._chosen, how="found")
        self._notice = ""
        self._in_use = self._chosen
        return self._changed()

    # ---- inside ------------------------------------------------------------------------------------------
    def _at_boundary(self, t_ns: int, where: str) -> FlowSnapshot:
        """Before a ``task`` or ``turn``: what has to be decided or checked first."""
        self._boundary = where
        each_task = where == "task" and self._protocol.calibration.drift.check == "each_task"
        if self._due == "decide":
            return self._show_help(t_ns, self._notice)
        if self._chosen and (self._due == "check" or each_task):
            return self._check(t_ns)
        return self._go_on(t_ns, where)

    def _check(self, t_ns: int) -> FlowSnapshot:
        self._drift = None
        self._start_run("drift", self._chosen)
        return self._show(t_ns, "drift_check")

    def _after_check(self, t_ns: int, outcome: DriftOutcome) -> FlowSnapshot:
        self._log.event(t_ns, "drift", **outcome.to_payload())
        measured = outcome.action in ("none", "kept", "reverted")
        return self._end_check(t_ns, valid=measured, ok=outcome.ok)

    def _end_check(self, t_ns: int, *, valid: bool, ok: bool) -> FlowSnapshot:
        """On to the task; gaze that was invalid is valid again when the check measured anything."""
        self._due = ""
        if not ok and self._drift is not None:
            self._marked = True  # known to be off
        if valid:
            if self._notice:
                how = "kept" if not ok else "checked" if self._drift is None else "refit"
                self._log.event(t_ns, "gaze_valid", calibration_id=self._chosen, how=how)
            self._notice = ""
            self._in_use = self._chosen
        elif self._notice not in ("", "gaze_lost"):
            self._due = "check"  # asked again before the next turn: never silent, and never long in the way
        return self._leave_gaze_pages(t_ns)

    def _invalidate(self, t_ns: int, reason: str, detail: Mapping[str, object]) -> None:
        self._log.event(
            t_ns,
            "gaze_invalid",
            reason=reason,
            calibration_id=self._in_use or self._chosen,
            detail=dict(detail),
        )
        self._notice = reason
        self._in_use = ""
