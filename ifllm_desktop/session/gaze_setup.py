"""Calibration and validation within a session: runs the targets, fits the model, judges it on other targets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.calibration import GazeModel
from ifllm_desktop.gaze.quality import GradeLimits, ValidationSummary, validate
from ifllm_desktop.protocol import StudyProtocol
from ifllm_desktop.session.ids import IdFactory
from ifllm_desktop.session.snapshot import CalibrationOutcome, FlowSnapshot, TargetOutcome, ValidationOutcome
from ifllm_desktop.session.target_run import TargetRun, TargetView, calibration_targets, validation_targets

MIN_TARGETS = 5
"""Fewer measured targets than this do not make a calibration (the smallest plan has 5)."""


@dataclass(frozen=True, slots=True, eq=False)
class SetupOutcome:
    """What a finished run of targets gave; the other phase's field is None."""

    phase: str
    calibration_id: str
    model: GazeModel | None
    calibration: CalibrationOutcome | None = None
    validation: ValidationOutcome | None = None


class GazeSetup:
    """Follows the flow's pages: starts a run of targets on ``calibration`` and ``validation``, ends with them."""

    def __init__(
        self,
        protocol: StudyProtocol,
        screen: Screen,
        record: Callable[[str, Row], int],
        ids: IdFactory,
    ) -> None:
        self._protocol = protocol
        self._screen = screen
        self._record = record
        self._ids = ids
        self._run: TargetRun | None = None
        self._phase = ""
        self._attempt = 0
        self._attempt_id = ""
        self._calibration_id = ""
        self._model: GazeModel | None = None

    def follow(self, snapshot: FlowSnapshot, t_ns: int) -> None:
        """Start or drop the run that belongs to the page."""
        if self._run is not None:
            if snapshot.paused:
                self._run.hold()
            else:
                self._run.release(t_ns)
        page = snapshot.page
        if page == self._phase and snapshot.attempt == self._attempt:
            return
        self._run = None
        self._phase = page
        self._attempt = snapshot.attempt
        if page in ("calibration", "validation"):
            self._begin(page)

    def view(self, t_ns: int) -> TargetView | None:
        """The target to show, while there is one."""
        return self._run.view(t_ns) if self._run is not None and not self._run.done else None

    def frame(self, t_ns: int, frame_index: int, features: NDArray[np.float64] | None) -> None:
        """Each frame of the camera, in order."""
        if self._run is not None and not self._run.done:
            self._run.frame(t_ns, frame_index, features)

    def finished(self, t_ns: int) -> SetupOutcome | None:
        """The outcome, once, when the run is over."""
        run = self._run
        if run is None:
            return None
        run.view(t_ns)  # lets time-outs happen when no frame comes at all
        if not run.done:
            return None
        self._run = None
        return self._fit(run) if self._phase == "calibration" else self._judge(run)

    def _begin(self, phase: str) -> None:
        rule = self._protocol.calibration
        if phase == "calibration":
            self._attempt_id = self._ids.new("attempt")
            self._model = None
            targets = calibration_targets(rule.points, self._screen)
        else:
            targets = validation_targets(rule.validation_points, self._screen)
        self._run = TargetRun(
            targets, settle_ms=rule.settle_ms, collect_frames=rule.collect_frames, timeout_ms=rule.timeout_ms,
            record=self._record, attempt_id=self._attempt_id, phase=phase,
        )  # fmt: skip

    def _fit(self, run: TargetRun) -> SetupOutcome:
        samples = run.samples()
        n_targets = len(np.unique(samples.target_index))
        calibration_id = self._ids.new("calibration")
        if n_targets < MIN_TARGETS:
            reason = "no_face" if n_targets == 0 else "too_few_targets"
            outcome = CalibrationOutcome(
                self._attempt_id, calibration_id, ok=False, reason=reason, n_targets=n_targets
            )
            return SetupOutcome("calibration", calibration_id, None, calibration=outcome)
        model = GazeModel().fit(samples.features, samples.target_px, samples.target_index)
        arrays = {name: np.asarray(values).tolist() for name, values in model.to_arrays().items()}
        self._model, self._calibration_id = model, calibration_id
        outcome = CalibrationOutcome(
            self._attempt_id, calibration_id, ok=True, n_targets=n_targets, loo_error_px=float(model.loo_error_px_),
            model={"meta": model.to_json(), "arrays": arrays},
        )  # fmt: skip
        return SetupOutcome("calibration", calibration_id, model, calibration=outcome)

    def _judge(self, run: TargetRun) -> SetupOutcome:
        samples = run.samples()
        if self._model is None or len(samples.features) == 0:
            outcome = ValidationOutcome(self._attempt_id, self._calibration_id, ok=False, reason="no_face")
            return SetupOutcome("validation", self._calibration_id, None, validation=outcome)
        gaze_px, _ = self._model.predict(samples.features)
        rule = self._protocol.calibration
        a_deg, b_deg, c_deg = rule.grades_deg
        limits = GradeLimits(a_deg, b_deg, c_deg, max_loss=rule.max_loss)
        summary = validate(
            gaze_px,
            samples.target_px,
            samples.target_index,
            samples.t_ns,
            samples.n_frames_total,
            self._screen,
            limits,
        )
        outcome = _outcome(summary, self._attempt_id, self._calibration_id, rule.max_error_px)
        return SetupOutcome("validation", self._calibration_id, self._model, validation=outcome)


def _outcome(
    summary: ValidationSummary, attempt_id: str, calibration_id: str, max_error_px: float
) -> ValidationOutcome:
    """The flow's view of a summary; the study's limit in px counts where degrees are not known."""
    ok = summary.ok and (math.isfinite(summary.accuracy_deg) or summary.accuracy_px <= max_error_px)
    reason = summary.reason or ("" if ok else "error_too_large")
    targets = tuple(
        TargetOutcome(
            int(row.target_index), float(row.target_x_px), float(row.target_y_px), float(row.mean_x_px),
            float(row.mean_y_px), float(row.error_px), float(row.sd_x_px), float(row.sd_y_px), int(row.n_frames),
        )
        for row in summary.targets
    )  # fmt: skip
    return ValidationOutcome(
        attempt_id, calibration_id, ok=ok, reason="" if ok else reason, grade=summary.grade,
        accuracy_px=summary.accuracy_px, sd_px=(summary.sd_x_px, summary.sd_y_px), loss=summary.loss,
        rate_hz=summary.rate_hz, targets=targets,
    )  # fmt: skip
