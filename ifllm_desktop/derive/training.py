"""The frames of a calibration and of a validation, found again in the recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ifllm_desktop.derive.session_rows import Floats, Ints, SessionRows, StoredCalibration
from ifllm_desktop.domain.samples import Records
from ifllm_desktop.gaze.training_set import TrainingSet, training_set


@dataclass(frozen=True, slots=True, eq=False)
class TargetFrames:
    """Frames that were collected at targets.

    Attributes
    ----------
    features : ndarray of float64, shape (n, N_FEATURES)
    target_px : ndarray of float64, shape (n, 2)
        Screen px.
    target_index, t_ns : ndarray of int64, shape (n,)
    n_lost : int
        Frames named by the recording whose eye features it does not hold.
    """

    features: Floats
    target_px: Floats
    target_index: Ints
    t_ns: Ints
    n_lost: int


def validation_frames(rows: SessionRows, attempt_id: str) -> TargetFrames:
    """Frames of the validation of an attempt, target by target."""
    stored = rows.source.read("target_frame")
    stored = stored[(stored["attempt_id"] == attempt_id) & (stored["phase"] == "validation")]
    stored = stored[np.lexsort((stored["t_ns"], stored["target_index"]))]
    frames = rows.frames_at(stored["t_ns"], stored["frame_index"])
    there = frames >= 0
    stored = stored[there]
    return TargetFrames(
        rows.features(frames[there]),
        np.column_stack([stored["target_x_px"], stored["target_y_px"]]).reshape(-1, 2),
        stored["target_index"].astype(np.int64),
        stored["t_ns"].astype(np.int64),
        int((~there).sum()),
    )


def training_frames(rows: SessionRows, calibration: StoredCalibration) -> TrainingSet:
    """Frames that a calibration was fitted to, with their weights.

    Raises
    ------
    DataError
        ``calibration_frames`` when the recording no longer holds all of them.
    """
    stored: Records = rows.source.read("target_frame")
    frames = rows.frames_at(stored["t_ns"], stored["frame_index"])
    there = np.unique(frames[frames >= 0])
    features_at = dict(zip(rows.t_ns[there].tolist(), rows.features(there), strict=True))
    target_rows = [tuple(row) for row in stored.tolist()]
    return training_set(calibration.step.calibration_id, rows.steps, target_rows, features_at)
