"""What a calibration was made from, put together from what the recording holds.

The live session and the derivation from a recording call the same function with the same rows, so that the same
model comes out, number by number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import Row
from ifllm_desktop.gaze.calibration import GazeModel
from ifllm_desktop.gaze.eye_prior import PROFILES, EyeProfile

Floats = NDArray[np.float64]

_OWN_PHASES = {"full": ("calibration", "pursuit"), "redo": ("redo",), "refit": ("refit",)}


@dataclass(frozen=True, slots=True)
class CalibrationStep:
    """One calibration as its event tells it, ``of_payload(event.payload)``.

    Attributes
    ----------
    kind : str
        ``full``: a calibration of its own. ``redo``: that of ``parent_id`` with the targets of this attempt in place
        of its own. ``refit``: that of ``parent_id`` with the targets of this attempt beside its own.
    weight : float
        Weight of each target of a refit against one of its parent's; targets of an earlier refit weigh 1 again.
    """

    calibration_id: str
    attempt_id: str
    kind: str = "full"
    parent_id: str = ""
    weight: float = 1.0

    @staticmethod
    def of_payload(payload: Mapping[str, Any]) -> CalibrationStep:
        """From the payload of an event ``calibration``; one of an older recording is a full calibration."""
        return CalibrationStep(
            str(payload["calibration_id"]), str(payload["attempt_id"]), str(payload.get("kind", "full")),
            str(payload.get("parent_id", "")), float(payload.get("weight", 1.0)),
        )  # fmt: skip


class TrainingSet(NamedTuple):
    """Frames of a calibration, sorted by target and time.

    Attributes
    ----------
    features : ndarray of float64, shape (n, N_FEATURES)
    target_px : ndarray of float64, shape (n, 2)
        Screen px; of a pursuit where the target was when the eyes were looking at it.
    target_index : ndarray of int64, shape (n,)
        Those of a refit follow those of its parent.
    target_weight : ndarray of float64, shape (n,)
        The same for all frames of one target.
    t_ns : ndarray of int64, shape (n,)
    """

    features: Floats
    target_px: Floats
    target_index: NDArray[np.int64]
    target_weight: Floats
    t_ns: NDArray[np.int64]

    @property
    def n_targets(self) -> int:
        """Targets that have frames."""
        return len(np.unique(self.target_index))


def training_set(
    calibration_id: str,
    steps: Mapping[str, CalibrationStep],
    target_frames: Sequence[Row],
    features_at: Mapping[int, Floats],
) -> TrainingSet:
    """The frames that a calibration was made from.

    Parameters
    ----------
    calibration_id : str
        The calibration that is wanted.
    steps : mapping
        Every calibration of the session by id, also those that failed.
    target_frames : sequence of rows
        Rows of the stream ``target_frame`` in any order: ``(t_ns, attempt_id, phase, target_index, target_x_px,
        target_y_px, frame_index)``.
    features_at : mapping of int to ndarray
        Feature vector of each frame by its ``t_ns`` (rows of ``landmarks`` have the same times).

    Raises
    ------
    DataError
        ``calibration_frames`` when a calibration of the lineage or the landmarks of a frame are missing.
    """
    lineage = _lineage(calibration_id, steps)
    chosen: dict[int, list[tuple[int, float, float]]] = {}
    weights: dict[int, float] = {}
    for step in lineage:
        phases = _OWN_PHASES[step.kind]
        own: dict[int, list[tuple[int, float, float]]] = {}
        for t_ns, attempt_id, phase, index, x_px, y_px, _ in target_frames:
            if attempt_id == step.attempt_id and phase in phases:
                own.setdefault(int(index), []).append((int(t_ns), float(x_px), float(y_px)))
        first = max(chosen, default=-1) + 1 if step.kind == "refit" else 0
        weights = dict.fromkeys(weights, 1.0)
        for index, frames in own.items():
            chosen[first + index] = frames
            weights[first + index] = step.weight if step.kind == "refit" else 1.0
    rows = [(index, *frame) for index in sorted(chosen) for frame in sorted(chosen[index])]
    missing = sum(t_ns not in features_at for _, t_ns, *_ in rows)
    if missing:
        raise DataError("calibration_frames", calibration_id=calibration_id, n=missing)
    features = [features_at[t_ns] for _, t_ns, *_ in rows]
    width = len(features[0]) if features else 0
    return TrainingSet(
        np.array(features, dtype=np.float64).reshape(len(features), width),
        np.array([(x_px, y_px) for *_, x_px, y_px in rows], dtype=np.float64).reshape(-1, 2),
        np.array([index for index, *_ in rows], dtype=np.int64),
        np.array([weights[index] for index, *_ in rows], dtype=np.float64),
        np.array([t_ns for _, t_ns, *_ in rows], dtype=np.int64),
    )


def fit(training: TrainingSet, profiles: Sequence[EyeProfile] = tuple(PROFILES.values())) -> GazeModel:
    """The model of a training set. Raises DataError ``calibration_targets`` when there are too few targets."""
    return GazeModel(profiles).fit(
        training.features, training.target_px, training.target_index, target_weight=training.target_weight
    )


def _lineage(calibration_id: str, steps: Mapping[str, CalibrationStep]) -> list[CalibrationStep]:
    """From the full calibration to the one that is wanted."""
    lineage: list[CalibrationStep] = []
    wanted = calibration_id
    while wanted:
        step = steps.get(wanted)
        if step is None or step in lineage:
            raise DataError("calibration_frames", calibration_id=calibration_id, n=0)
        lineage.insert(0, step)
        wanted = step.parent_id if step.kind != "full" else ""
    return lineage
