"""The error of a calibration as validation, text check and drift checks have shown it, read from a recording."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import Records
from ifllm_desktop.domain.session import Event
from ifllm_desktop.reading.line_posterior import GazeError

Floats = NDArray[np.float64]

_FRAMES_APART = 6.0
"""Successive webcam samples are alike: about every sixth (0.2 s at 30 Hz) is evidence of its own."""
_MIN_TARGETS = 3
_EXPECTED_TARGETS = 3.0
"""What the calibration expects of itself (its predicted standard deviation) counts like so many targets: the handful
of a validation can come out well by chance, and then every claim would be too sure."""


@dataclass(frozen=True, slots=True)
class ValidatedError:
    """Of one calibration, screen px.

    Attributes
    ----------
    bias_px : tuple of float
        Standard deviation, (x, y), of the error that stays while one looks at the same place: root mean square of the
        mean error at validation targets and drift checks and of what the calibration expects; in y also of the lines
        that were read in the text check, where nobody knows x.
    noise_px : tuple of float
        Standard deviation of single samples around the mean of their target, (x, y).
    n_targets : int
        Validation targets and drift checks.
    """

    bias_px: tuple[float, float]
    noise_px: tuple[float, float]
    n_targets: int

    @property
    def precision_px(self) -> float:
        """Standard deviation of a sample of one axis: root mean square of both."""
        return math.hypot(*self.noise_px) / math.sqrt(2)

    @property
    def total_px(self) -> tuple[float, float]:
        """Root mean square error of a sample, (x, y)."""
        return math.hypot(self.bias_px[0], self.noise_px[0]), math.hypot(self.bias_px[1], self.noise_px[1])

    def of_fixation(self, n_samples: float) -> GazeError:
        """Error of the mean of so many samples."""
        share = 1 / math.sqrt(max(1.0, n_samples / _FRAMES_APART))
        (bias_x, bias_y), (noise_x, noise_y) = self.bias_px, self.noise_px
        return GazeError(bias_x, bias_y, noise_x * share, noise_y * share)


def validated_errors(events: Sequence[Event], gaze: Records) -> dict[str, ValidatedError]:
    """By calibration id; without those that were never validated, or at fewer than three targets.

    A refit has no validation of its own: it keeps that of the calibration it was made from, and what was read with it,
    with its own drift checks.

    Parameters
    ----------
    gaze : structured array
        Rows of the stream ``gaze``: their standard deviations are what the calibrations expect of themselves.
    """
    validations: dict[str, dict[str, Any]] = {}
    drifts: dict[str, list[tuple[float, float]]] = {}
    read_y: dict[str, list[float]] = {}
    for event in events:
        payload = event.payload
        if event.kind == "validation":
            validations[str(payload["calibration_id"])] = payload
        elif event.kind == "calibration" and payload.get("kind") == "refit" and payload.get("ok"):
            parent = validations.get(str(payload.get("parent_id", "")))
            if parent is not None:
                validations.setdefault(str(payload["calibration_id"]), parent)
                read_y.setdefault(str(payload["calibration_id"]), read_y.get(str(payload["parent_id"]), []))
        elif event.kind == "text_validation":
            read_y[str(payload["calibration_id"])] = [
                float(line["error_y_px"]) for line in payload["lines"] if line["state"] == "read"
            ]
        elif event.kind == "drift" and payload.get("gaze_x_px") is not None:
            off = (payload["gaze_x_px"] - payload["x_px"], payload["gaze_y_px"] - payload["y_px"])
            drifts.setdefault(str(payload["calibration_id"]), []).append(off)
    found = {}
    for calibration_id, payload in validations.items():
        own = gaze[gaze["calibration_id"] == calibration_id]
        lines = read_y.get(calibration_id, [])
        error = error_of_validation(payload, drifts.get(calibration_id, []), own, lines)
        if error is not None:
            found[calibration_id] = error
    return found


def error_of_validation(
    payload: Mapping[str, Any],
    drifts: Sequence[tuple[float, float]] = (),
    gaze: Records | None = None,
    read_y: Sequence[float] = (),
) -> ValidatedError | None:
    """The error that one validation has shown; None with fewer than three measured targets.

    Parameters
    ----------
    payload : mapping
        Of the event ``validation``.
    drifts : sequence of (x, y)
        Errors of later drift checks, screen px.
    gaze : structured array or None
        Rows of the stream ``gaze`` by this calibration.
    read_y : sequence of float
        Vertical errors of the lines that were read in the text check, screen px.
    """
    measured = [t for t in payload.get("targets", ()) if t.get("error_px") is not None]
    sd = payload.get("sd_px") or (None, None)
    if len(measured) < _MIN_TARGETS or None in sd:
        return None
    noise = np.array(sd, dtype=np.float64)
    off = [(t["mean_x_px"] - t["x_px"], t["mean_y_px"] - t["y_px"]) for t in measured]
    off += list(drifts)
    squares = (np.array(off, dtype=np.float64) ** 2).sum(axis=0)
    squares[1] += sum(error_px**2 for error_px in read_y)
    n = np.array([len(off), len(off) + len(read_y)], dtype=np.float64)
    if gaze is not None and len(gaze):
        expected = np.array([np.nanmedian(gaze["sd_x_px"]), np.nanmedian(gaze["sd_y_px"])]) ** 2 - noise**2
        known = np.isfinite(expected)
        squares += np.where(known, _EXPECTED_TARGETS * np.maximum(expected, 0.0), 0.0)
        counts = n + np.where(known, _EXPECTED_TARGETS, 0.0)
    else:
        counts = n
    bias = np.sqrt(squares / counts)
    return ValidatedError((float(bias[0]), float(bias[1])), (float(noise[0]), float(noise[1])), len(off))
