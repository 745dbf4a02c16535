"""Runs of targets within a session: shows them, fits models from them, judges them on other targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import Row
from ifllm_desktop.domain.scene import Scene
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.calibration import GazeModel, model_to_payload
from ifllm_desktop.gaze.camera_geometry import DISTANCE_MM, ViewingDistance, viewing_distance_mm
from ifllm_desktop.gaze.pursuit import pursuit_path
from ifllm_desktop.gaze.training_set import CalibrationStep, TrainingSet, fit, training_set
from ifllm_desktop.protocol import StudyProtocol
from ifllm_desktop.session import drift
from ifllm_desktop.session.acceptance import judged
from ifllm_desktop.session.frame_gate import GateLimits
from ifllm_desktop.session.gaze_outcome import (
    CalibrationOutcome,
    CalibrationTarget,
    DriftOutcome,
    ValidationOutcome,
)
from ifllm_desktop.session.head_watch import HeadLimits, HeadWatch
from ifllm_desktop.session.ids import IdFactory
from ifllm_desktop.session.pursuit_run import PursuitRun
from ifllm_desktop.session.snapshot import FlowSnapshot, GazeRun
from ifllm_desktop.session.target_plans import (
    calibration_targets,
    drift_target,
    refit_targets,
    validation_targets,
)
from ifllm_desktop.session.target_run import TargetRun, TargetView
from ifllm_desktop.session.text_outcome import TextOutcome
from ifllm_desktop.session.text_run import TextRun

MIN_TARGETS = 5
"""Fewer measured targets than this do not make a calibration (the smallest plan has 5)."""
LEAD_IN_MS = 6_000.0
"""Time to read the explanation beside the first target of a session: some 25 words at 250 a minute. ``again`` ends
it for who has read it."""
MIN_REFIT_TARGETS = 3
"""Fewer measured new targets than this do not say how a calibration has changed."""
_KIND_OF = {"calibration": "full", "redo": "redo", "refit": "refit"}


@dataclass(frozen=True, slots=True, eq=False)
class SetupOutcome:
    """What a finished run of targets gave; the fields of other phases are None.

    Attributes
    ----------
    phase : str
        One of ``snapshot.RUN_PHASES``.
    calibration_id : str
        Calibration that was made, judged or checked.
    """

    phase: str
    calibration_id: str
    calibration: CalibrationOutcome | None = None
    validation: ValidationOutcome | None = None
    drift: DriftOutcome | None = None
    text: TextOutcome | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """A calibration of this session; ``model`` is None when too few targets were measured."""

    outcome: CalibrationOutcome
    model: GazeModel | None
    head: NDArray[np.float64]
    validation: ValidationOutcome | None = None


class GazeSetup:
    """Follows the flow: starts the run of targets that it wants, ends with it, watches the head in between.

    Every calibration of the session is kept, so that an earlier one can be taken up again.

    Parameters
    ----------
    viewing_distance : callable
        Distance of the eyes in some frames, with what is known of this camera and person; by default of neither.
    """

    def __init__(
        self,
        protocol: StudyProtocol,
        screen: Screen,
        record: Callable[[str, Row], int],
        ids: IdFactory,
        viewing_distance: Callable[[NDArray[np.float64]], ViewingDistance] = viewing_distance_mm,
    ) -> None:
        self._viewing_distance = viewing_distance
        self._plan = protocol.calibration
        self._screen = screen
        self._record = record
        self._ids = ids
        self._run: TargetRun | PursuitRun | TextRun | None = None
        self._wanted: GazeRun | None = None
        self._made: dict[str, _Made] = {}
        self._steps: dict[str, CalibrationStep] = {}
        self._rows: list[Row] = []
        self._features_at: dict[int, NDArray[np.float64]] = {}
        head = self._plan.head_move
        self._watch = HeadWatch(HeadLimits(head.max_shift_mm, head.max_turn_deg, head.max_scale, head.lost_s))
        self._watched = ""

    def set_screen(self, screen: Screen) -> None:
        """Targets of the next run are on this screen."""
        self._screen = screen

    def distance_cm(self, features: NDArray[np.float64]) -> float:
        """Distance of the eyes in one frame, by all that is known of camera and person; NaN where it is not known."""
        return self._viewing_distance(features[None]).distance_mm / 10

    def model(self, calibration_id: str) -> GazeModel | None:
        """The model of a calibration of this session."""
        made = self._made.get(calibration_id)
        return made.model if made is not None else None

    def follow(self, snapshot: FlowSnapshot, t_ns: int) -> None:
        """Start, hold or drop the run that the flow wants."""
        if self._run is not None:
            if snapshot.paused:
                self._run.hold()
            else:
                self._run.release(t_ns)
        self._follow_head(snapshot)
        if snapshot.run == self._wanted:
            return
        self._wanted = snapshot.run
        self._run = self._begin(snapshot.run) if snapshot.run is not None else None

    def view(self, t_ns: int) -> TargetView | None:
        """The target to show, while there is one."""
        return self._run.view(t_ns) if self._run is not None and not self._run.done else None

    def again(self, t_ns: int) -> None:
        """The participant's key: see ``TargetRun.again`` and ``TextRun.again``; nothing during a pursuit."""
        if isinstance(self._run, TargetRun | TextRun):
            self._run.again(t_ns)

    def set_scene(self, scene: Scene, t_ns: int) -> None:
        """What is on the screen now: lines to be read are chosen from the text that it shows."""
        if isinstance(self._run, TextRun) and scene.page == "text_check":
            for shown in scene.responses:
                self._run.set_text(shown, t_ns)

    def frame(self, t_ns: int, frame_index: int, features: NDArray[np.float64] | None) -> str:
        """Each frame of the camera, in order; returns what the head did, see ``HeadWatch.frame``."""
        if self._run is not None and not self._run.done:
            self._run.frame(t_ns, frame_index, features)
        return self._watch.frame(t_ns, features) if self._watched else ""

    def head_away(self) -> Mapping[str, float]:
        """How far the head is from where it was calibrated."""
        return self._watch.away()

    def finished(self, t_ns: int) -> SetupOutcome | None:
        """The outcome, once, when the run is over."""
        run, wanted = self._run, self._wanted
        if run is None or wanted is None:
            return None
        run.view(t_ns)  # lets time-outs happen when no frame comes at all
        if not run.done:
            return None
        self._run = None
        if isinstance(run, TextRun):
            model = self.model(wanted.calibration_id)
            text = run.outcome(model, wanted.calibration_id)
            return SetupOutcome(wanted.phase, wanted.calibration_id, text=text)
        if wanted.phase in _KIND_OF:
            return self._calibrate(run, wanted)
        return self._validate(run, wanted) if wanted.phase == "validation" else self._check(run, wanted)

    # ---- runs --------------------------------------------------------------------------------------------
    def _begin(self, wanted: GazeRun) -> TargetRun | PursuitRun | TextRun:
        plan, gate = self._plan, self._plan.gate
        limits = GateLimits(gate.min_rate_hz, gate.min_opening, gate.max_scatter, gate.max_deviation)
        attempt_id = self._attempt_id(wanted)
        if wanted.phase == "calibration" and plan.method == "pursuit":
            path = pursuit_path(self._screen, plan.pursuit_deg_s, plan.pursuit_s)
            return PursuitRun(path, plan.settle_ms, self._record, attempt_id, limits=limits)
        if wanted.phase == "text":
            return TextRun(plan.text_lines, plan.settle_ms, self._record, attempt_id, limits=limits)
        phase, indices = wanted.phase, None
        if phase in ("calibration", "redo"):
            targets = calibration_targets(self._plan.points, self._screen)
            if phase == "redo":
                targets, indices = (targets[wanted.target_index],), (wanted.target_index,)
        elif phase == "validation":
            targets = validation_targets(self._plan.validation_points, self._screen)
        elif phase == "refit":
            targets = refit_targets(self._plan.drift.refit_points, self._screen)
        else:
            targets = (drift_target(self._screen),)
        return TargetRun(
            targets, settle_ms=plan.settle_ms, collect_frames=plan.collect_frames, timeout_ms=plan.timeout_ms,
            record=self._record, attempt_id=attempt_id, phase=phase, limits=limits, indices=indices,
            lead_in_ms=LEAD_IN_MS if phase == "calibration" and not self._made else 0.0,
        )  # fmt: skip

    def _attempt_id(self, wanted: GazeRun) -> str:
        """Validation and text belong to the attempt that they judge; every other run has an id of its own."""
        if wanted.phase in ("validation", "text"):
            made = self._made.get(wanted.calibration_id)
            return made.outcome.attempt_id if made is not None else ""
        return self._ids.new("attempt" if wanted.phase in _KIND_OF else "check")

    def _calibrate(self, run: TargetRun | PursuitRun, wanted: GazeRun) -> SetupOutcome:
        kind = _KIND_OF[wanted.phase]
        calibration_id = self._ids.new("calibration")
        weight = self._plan.drift.refit_weight if kind == "refit" else 1.0
        step = CalibrationStep(calibration_id, run.attempt_id, kind, wanted.calibration_id, weight)
        self._steps[calibration_id] = step
        self._rows += run.rows()
        samples = run.samples()
        self._features_at.update(zip(samples.t_ns.tolist(), samples.features, strict=True))
        training = training_set(calibration_id, self._steps, self._rows, self._features_at)
        n_new = len(np.unique(samples.target_index))
        outcome = CalibrationOutcome(
            run.attempt_id, calibration_id, ok=False, kind=kind, parent_id=wanted.calibration_id, weight=weight,
            method="pursuit" if isinstance(run, PursuitRun) else "points",
            lag_ms=run.lag_ms if isinstance(run, PursuitRun) else math.nan,
            n_targets=n_new if kind == "refit" else training.n_targets, targets=self._targets(run, wanted),
        )  # fmt: skip
        model = None
        if outcome.n_targets < (MIN_REFIT_TARGETS if kind == "refit" else MIN_TARGETS):
            looked = isinstance(run, PursuitRun) and run.n_passed > 0
            nothing = "not_followed" if looked else "no_face"
            outcome = replace(outcome, reason="too_few_targets" if outcome.n_targets else nothing)
        else:
            model = fit(training)
            distance = self._viewing_distance(training.features)
            if DISTANCE_MM[0] <= distance.distance_mm <= DISTANCE_MM[1]:
                # degrees of the validation are those at which the person really sits
                self._screen = replace(self._screen, distance_mm=distance.distance_mm)
                outcome = replace(
                    outcome, distance_mm=distance.distance_mm, distance_sd_mm=distance.sd_mm,
                    distance_source=distance.source,
                )  # fmt: skip
            outcome = replace(
                outcome, ok=True, loo_error_px=float(model.loo_error_px_), model=model_to_payload(model),
                targets=_with_errors(outcome.targets, training, model, kind == "refit"),
            )  # fmt: skip
        # after a refit the head is where the new targets were looked at
        head = samples.features if kind == "refit" else training.features
        parent = self._made.get(wanted.calibration_id)
        validation = parent.validation if parent is not None and kind == "refit" else None
        self._made[calibration_id] = _Made(outcome, model, head, validation)
        return SetupOutcome(wanted.phase, calibration_id, calibration=outcome)

    def _targets(self, run: TargetRun | PursuitRun, wanted: GazeRun) -> tuple[CalibrationTarget, ...]:
        """Targets of the run; of a redo those of its parent with the new one in its place."""
        parent = self._made.get(wanted.calibration_id)
        if wanted.phase != "redo" or parent is None:
            return run.targets()
        new = {target.target_index: target for target in run.targets() if target.n_frames}
        return tuple(new.get(target.target_index, target) for target in parent.outcome.targets)

    def _validate(self, run: TargetRun | PursuitRun, wanted: GazeRun) -> SetupOutcome:
        calibration_id = wanted.calibration_id
        made, samples = self._made.get(calibration_id), run.samples()
        if made is None or made.model is None or len(samples.features) == 0:
            outcome = ValidationOutcome(run.attempt_id, calibration_id, ok=False, reason="no_face")
        else:
            gaze_px, _ = made.model.predict(samples.features)
            outcome = judged(
                gaze_px, samples, self._screen, self._plan, run.attempt_id, calibration_id, run.targets()
            )
            self._made[calibration_id] = replace(made, validation=outcome)
        return SetupOutcome("validation", calibration_id, validation=outcome)

    def _check(self, run: TargetRun | PursuitRun, wanted: GazeRun) -> SetupOutcome:
        calibration_id = wanted.calibration_id
        made, samples = self._made.get(calibration_id), run.samples()
        gaze_px = np.empty((0, 2))
        if made is not None and made.model is not None and len(samples.features):
            gaze_px, _ = made.model.predict(samples.features)
            self._made[calibration_id] = replace(made, head=samples.features)
        threshold = drift.threshold_px(
            self._plan.drift, made.validation if made is not None else None, len(gaze_px)
        )
        outcome = drift.judge(
            gaze_px, drift_target(self._screen), threshold, run.attempt_id, calibration_id,
            "first" if wanted.phase == "drift" else "recheck",
        )  # fmt: skip
        return SetupOutcome(wanted.phase, calibration_id, drift=outcome)

    # ---- head --------------------------------------------------------------------------------------------
    def _follow_head(self, snapshot: FlowSnapshot) -> None:
        """Watch while gaze is derived and nothing is calibrated or checked."""
        watched = snapshot.gaze_in_use
        if snapshot.gaze_notice == "gaze_lost":
            watched = self._watched  # it is for the watch to say when the eyes are found again
        if snapshot.run is not None or snapshot.ended:
            watched = ""
        if snapshot.paused:
            self._watch.rest()
            self._watched = ""
        elif watched != self._watched:
            made = self._made.get(watched)
            self._watch.rest()
            self._watch.watch(made.head if made is not None else np.empty((0, 19)))
            self._watched = watched


def _with_errors(
    targets: tuple[CalibrationTarget, ...], training: TrainingSet, model: GazeModel, is_refit: bool
) -> tuple[CalibrationTarget, ...]:
    """Targets with what the model makes of each when it has not seen it."""
    labels = np.unique(training.target_index).tolist()
    if is_refit:  # its targets follow those of its parent, in their order
        measured = [t.target_index for t in targets if t.n_frames]
        errors = dict(zip(measured, model.left_out_px_[-len(measured) :], strict=True))
    else:
        errors = dict(zip(labels, model.left_out_px_, strict=True))
    return tuple(
        replace(
            t, left_out_x_px=float(errors[t.target_index][0]), left_out_y_px=float(errors[t.target_index][1]),
            error_px=float(np.hypot(*errors[t.target_index])),
        )
        if t.target_index in errors else t
        for t in targets
    )  # fmt: skip
