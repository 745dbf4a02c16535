"""Sessions in memory whose gaze is known to the pixel: bias, scatter, loss, rate, drift and head are what is put in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ifllm_desktop.domain.samples import EYE_FEATURES
from ifllm_desktop.domain.session import SegmentInfo
from tests.recordings import MS, FakeRecording, RecordingBuilder

SCREEN = {"w_px": 1440.0, "h_px": 900.0, "w_mm": 344.0, "h_mm": 215.0, "distance_mm": 600.0}
FIVE = ((360.0, 225.0), (1080.0, 225.0), (720.0, 450.0), (360.0, 675.0), (1080.0, 675.0))
TARGET_MS = 1000.0
CALIBRATED_MS, VALIDATED_MS, ACCEPTED_MS = 3000.0, 9000.0, 10_000.0
HEAD = {"yaw_deg": 2.0, "pitch_deg": -1.0, "head_x_mm": 5.0, "head_y_mm": 10.0, "head_z_mm": 600.0}


@dataclass
class Truth:
    """What a session is made of.

    Attributes
    ----------
    bias_px, sd_px : tuple of float
        Error of the mean and scatter of single samples, x and y, white noise.
    loss : float
        Share of the frames after the acceptance that are lost, in runs of three frames.
    minutes : float
        Length of the task.
    drift_px : tuple of float
        By how much the bias in x has grown at each drift check, evenly spread over the task.
    head_cm : float
        How far the head is from where it was calibrated, all the time, downwards.
    calibrated, validated, accepted, landmarks : bool
        What there is.
    """

    bias_px: tuple[float, float] = (30.0, -40.0)
    sd_px: tuple[float, float] = (25.0, 35.0)
    loss: float = 0.05
    rate_hz: float = 30.0
    minutes: float = 2.0
    drift_px: tuple[float, ...] = (0.0, 20.0)
    head_cm: float = 1.5
    calibrated: bool = True
    validated: bool = True
    accepted: bool = True
    gaze: bool = True
    landmarks: bool = True
    consent: bool = True
    screen: dict[str, Any] = field(default_factory=lambda: dict(SCREEN))
    session_id: str = "S1"
    participant_id: str = "P01"
    seed: int = 0


def known_session(**changed: Any) -> FakeRecording:
    """The session of the usual truth with some of it changed."""
    return _Maker(replace(Truth(), **changed)).build()


class _Maker:
    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.rng = np.random.default_rng(truth.seed)
        self.b = RecordingBuilder(truth.session_id, truth.participant_id)
        self.frame = 0

    def build(self) -> FakeRecording:
        truth, b = self.truth, self.b
        b.event(0, "session_start", session_id=b.session_id, participant_id=b.participant_id, study_id="demo",
                station_id="station", segment=1, seed=1, devices="simulated", screen=truth.screen,
                camera={"name": "cam", "width": 1280, "height": 720, "rate_hz": truth.rate_hz}, feature_set="eyes-2",
                app_version="9.9", protocol_sha256="", landmarker={"name": "mesh"})  # fmt: skip
        scopes = {"gaze": truth.consent, "pointer": True}
        b.event(100, "consent", scopes=scopes, declined=False)
        if truth.calibrated:
            self._calibration()
        if truth.validated:
            self._validation()
        if truth.accepted:
            b.event(
                ACCEPTED_MS, "gaze_accepted", attempt_id="a1", calibration_id="c1", ok=True, how="accepted"
            )
        b.event(ACCEPTED_MS, "page", page="task")
        if truth.gaze:
            self._task()
        end_ms = ACCEPTED_MS + truth.minutes * 60_000
        b.event(end_ms, "page", page="finish")
        b.event(end_ms, "session_end", reason="finished")
        return b.build()

    def _calibration(self) -> None:
        for index, (x_px, y_px) in enumerate(FIVE):
            for k in range(20):
                t_ms = index * 500 + k * 1000 / self.truth.rate_hz / 2
                self._landmarks(t_ms, 0.0)
                self._target(t_ms, "calibration", index, x_px, y_px)
        calibration(self.b, CALIBRATED_MS, "a1", "c1")

    def _validation(self) -> None:
        stored = []
        step_ms = 1000 / self.truth.rate_hz
        for index, (x_px, y_px) in enumerate(FIVE):
            points = self._points(x_px, y_px, 24)
            for k, point in enumerate(points):
                t_ms = CALIBRATED_MS + 500 + index * TARGET_MS + k * step_ms
                self._landmarks(t_ms, 0.0)
                self._gaze(t_ms, point)
                self._target(t_ms, "validation", index, x_px, y_px)
            stored.append(target_payload(index, x_px, y_px, points))
        validation(self.b, VALIDATED_MS, "a1", "c1", stored)

    def _task(self) -> None:
        truth = self.truth
        step_ms = 1000 / truth.rate_hz
        n = round(truth.minutes * 60_000 / step_ms)
        lost = np.zeros(n, dtype=bool)
        lost[self.rng.permutation(n // 6)[: round(truth.loss * n / 3)] * 6] = (
            True  # apart, so that runs never join
        )
        lost = lost | np.roll(lost, 1) | np.roll(lost, 2)
        if truth.loss > 0.5:  # too dense for runs
            lost = self.rng.permutation(n) < truth.loss * n
        for k in range(n):
            t_ms = ACCEPTED_MS + k * step_ms
            if lost[k]:
                self.b.row("gap", t_ms, self.frame, 1, "no_face")
                self.frame += 1
            else:
                self._landmarks(t_ms, truth.head_cm)
                self._gaze(t_ms, self._points(700.0, 400.0, 1)[0])
        for number, grown_px in enumerate(truth.drift_px, start=1):
            t_ms = ACCEPTED_MS + truth.minutes * 60_000 * number / (len(truth.drift_px) + 1)
            drift_check(self.b, t_ms, "c1", (truth.bias_px[0] + grown_px, truth.bias_px[1]))

    def _points(self, x_px: float, y_px: float, n: int) -> np.ndarray:
        truth = self.truth
        return np.array([x_px, y_px]) + truth.bias_px + self.rng.normal(0, truth.sd_px, (n, 2))

    def _landmarks(self, t_ms: float, head_cm: float) -> None:
        if not self.truth.landmarks:
            return
        values = {**HEAD, "head_y_mm": HEAD["head_y_mm"] + 10 * head_cm}
        row = [values.get(name, 0.1) for name in EYE_FEATURES]
        self.b.row("landmarks", t_ms, self.frame, *row, 0.3, 0.3, 0.4, 0.4, 120.0, 40.0, 0.0, b"")
        self.frame += 1

    def _gaze(self, t_ms: float, point: np.ndarray) -> None:
        self.b.row("gaze", t_ms, self.frame, float(point[0]), float(point[1]), 40.0, 50.0, "c1")

    def _target(self, t_ms: float, phase: str, index: int, x_px: float, y_px: float) -> None:
        self.b.row("target_frame", t_ms, "a1", phase, index, x_px, y_px, self.frame)


def calibration(
    b: RecordingBuilder, t_ms: float, attempt_id: str, calibration_id: str, **changed: Any
) -> None:
    """A calibration that went well."""
    payload = {
        "ok": True, "reason": "", "n_targets": 9, "loo_error_px": 42.0, "model": {}, "kind": "full", "method": "points",
        "parent_id": "", "targets": [], "lag_ms": None, "weight": 1.0, "distance_mm": None, "distance_sd_mm": None,
        "distance_source": "none",
    }  # fmt: skip
    b.event(
        t_ms, "calibration", attempt_id=attempt_id, calibration_id=calibration_id, **{**payload, **changed}
    )


def validation(
    b: RecordingBuilder, t_ms: float, attempt_id: str, calibration_id: str, targets: Sequence[dict[str, Any]],
    **changed: Any,
) -> None:  # fmt: skip
    """A validation with these targets."""
    payload = {
        "ok": True, "reason": "", "grade": "B", "accuracy_px": float(np.mean([t["error_px"] for t in targets])),
        "sd_px": [float(np.sqrt(np.mean([t[f"sd_{axis}_px"] ** 2 for t in targets]))) for axis in "xy"], "loss": 0.0,
        "rate_hz": 30.0, "targets": list(targets),
    }  # fmt: skip
    b.event(
        t_ms, "validation", attempt_id=attempt_id, calibration_id=calibration_id, **{**payload, **changed}
    )


def target_payload(index: int, x_px: float, y_px: float, points: np.ndarray) -> dict[str, Any]:
    """One target as the session judges it."""
    mean, sd = points.mean(axis=0), points.std(axis=0)
    return {
        "target_index": index, "x_px": x_px, "y_px": y_px, "mean_x_px": float(mean[0]), "mean_y_px": float(mean[1]),
        "error_px": math.hypot(mean[0] - x_px, mean[1] - y_px), "sd_x_px": float(sd[0]), "sd_y_px": float(sd[1]),
        "n_frames": len(points), "rho": 0.0, "loss": 0.0,
    }  # fmt: skip


def drift_check(
    b: RecordingBuilder, t_ms: float, calibration_id: str, error_px: tuple[float, float], **changed: Any
) -> None:
    """A check in the middle of the screen."""
    payload = {
        "attempt_id": "check", "ok": True, "reason": "", "x_px": 720.0, "y_px": 378.0, "gaze_x_px": 720.0 + error_px[0],
        "gaze_y_px": 378.0 + error_px[1], "drift_px": math.hypot(*error_px), "threshold_px": 150.0, "n_frames": 24,
        "stage": "first", "action": "none",
    }  # fmt: skip
    b.event(t_ms, "drift", calibration_id=calibration_id, **{**payload, **changed})


def in_segments(source: FakeRecording, starts_ms: Sequence[float]) -> FakeRecording:
    """The same rows, said to be of several segments that begin at these times."""
    info = source.info()
    segments = tuple(
        SegmentInfo(
            f"{info.session_id}-{k}", info.session_id, k, f"{info.session_id}-{k}.sqlite", round(t * MS), True
        )
        for k, t in enumerate((0.0, *starts_ms), start=1)
    )
    return FakeRecording(replace(info, segments=segments), source.rows)
