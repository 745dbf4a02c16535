"""What of a recording is needed to compute its gaze again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import EYE_FEATURES, N_FEATURES, Records
from ifllm_desktop.domain.session import Event
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.calibration import GazeModel, model_from_payload
from ifllm_desktop.gaze.eye_patches import from_bytes
from ifllm_desktop.gaze.training_set import CalibrationStep
from ifllm_desktop.ports import RecordingSource

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

N_GEOMETRIC = len(EYE_FEATURES)
"""Features before the patches; they are always there."""

_UNKNOWN = Screen(float("nan"), float("nan"))
_SIZES = ("w_px", "h_px", "w_mm", "h_mm", "distance_mm")


@dataclass(frozen=True, slots=True, eq=False)
class StoredCalibration:
    """A calibration that gave a model.

    Attributes
    ----------
    t_ns : int
        Session time of its event.
    step : CalibrationStep
        Its attempt, and what it was built upon.
    """

    t_ns: int
    step: CalibrationStep
    payload: Mapping[str, Any]

    def model(self) -> GazeModel:
        """The model as it was fitted live. Raises DataError ``calibration_unknown`` for one of another version."""
        return model_from_payload(self.payload)


@dataclass(frozen=True, slots=True, eq=False)
class SessionRows:
    """The rows of one session that its gaze follows from.

    Attributes
    ----------
    t_ns, frame_index : ndarray of int64, shape (n,)
        Session time and number of every frame with a face.
    landmarks : structured array, shape (n,)
        Rows of that stream.
    live : structured array
        Rows of the stream ``gaze`` whose frame is among them, sorted by time.
    live_frame : ndarray of int64, shape (n_live,)
        Row of ``landmarks`` of each of them.
    n_lost_frames : int
        Gaze rows whose eye features are not in the recording.
    calibrations : dict
        Those with a model, by id, in order of time.
    steps : dict
        All calibrations, also those that failed.
    """

    source: RecordingSource
    events: Sequence[Event]
    screen: Screen
    t_ns: Ints
    frame_index: Ints
    landmarks: Records
    live: Records
    live_frame: Ints
    n_lost_frames: int
    calibrations: dict[str, StoredCalibration]
    steps: dict[str, CalibrationStep]

    @property
    def session_id(self) -> str:
        """Which session this is."""
        return self.source.info().session_id

    def features(self, frames: Ints) -> Floats:
        """Feature vectors of some frames, shape (k, N_FEATURES). Made when asked for: an hour of them is 200 MB."""
        return feature_matrix(self.landmarks[frames])

    def frames_at(self, t_ns: Ints, frame_index: Ints) -> Ints:
        """Row of ``landmarks`` of each frame named by its time and number; −1 where it is not in the recording."""
        return _find(self.t_ns, self.frame_index, t_ns, frame_index)


def session_rows(source: RecordingSource) -> SessionRows:
    """Read a session.

    Raises
    ------
    DataError
        ``derive_no_calibration``, ``derive_no_gaze`` (nothing was derived live, so nothing was calibrated in time),
        ``derive_lost_frames`` (none of the frames has its eye features).
    """
    events = source.events()
    calibrations, steps = stored_calibrations(events)
    session_id = source.info().session_id
    if not calibrations:
        raise DataError("derive_no_calibration", session=session_id)
    gaze = source.read("gaze")
    if not len(gaze):
        raise DataError("derive_no_gaze", session=session_id)
    landmarks = source.read("landmarks")
    t_ns, frame_index = (np.ascontiguousarray(landmarks[name]) for name in ("t_ns", "frame_index"))
    frames = _find(t_ns, frame_index, gaze["t_ns"], gaze["frame_index"])
    there = frames >= 0
    if not there.any():
        raise DataError("derive_lost_frames", session=session_id, n=len(gaze))
    return SessionRows(
        source, events, screen_of(events), t_ns, frame_index, landmarks, gaze[there], frames[there],
        int((~there).sum()), calibrations, steps,
    )  # fmt: skip


def stored_calibrations(
    events: Sequence[Event],
) -> tuple[dict[str, StoredCalibration], dict[str, CalibrationStep]]:
    """Calibrations with a model, and all of them, by id, in order of time."""
    found: dict[str, StoredCalibration] = {}
    steps: dict[str, CalibrationStep] = {}
    for event in events:
        if event.kind != "calibration":
            continue
        step = CalibrationStep.of_payload(event.payload)
        steps[step.calibration_id] = step
        if event.payload.get("ok") and event.payload.get("model"):
            found[step.calibration_id] = StoredCalibration(event.t_ns, step, event.payload["model"])
    return found, steps


def screen_of(events: Sequence[Event]) -> Screen:
    """The participant's screen as the session's header says it; missing sizes are NaN.

    The distance is that of the newest calibration that measured it, else the one of the header.
    """
    measured = [
        float(e.payload["distance_mm"])
        for e in events if e.kind == "calibration" and e.payload.get("distance_mm") is not None
    ]  # fmt: skip
    for event in events:
        if event.kind == "session_start":
            w_px, h_px, w_mm, h_mm, distance_mm = (
                _size(event.payload["screen"].get(name)) for name in _SIZES
            )
            distance_mm = measured[-1] if measured else distance_mm
            return Screen(w_px, h_px, w_mm=w_mm, h_mm=h_mm, distance_mm=distance_mm)
    return _UNKNOWN


def _size(value: Any) -> float:
    return float("nan") if value is None else float(value)


def feature_matrix(landmarks: Records) -> Floats:
    """Feature vectors of rows of the stream ``landmarks``, shape (n, N_FEATURES); NaN where no patch was stored."""
    out = np.full((len(landmarks), N_FEATURES), np.nan)
    for column, name in enumerate(EYE_FEATURES):
        out[:, column] = landmarks[name]
    for row, stored in enumerate(landmarks["eye_patches"]):
        patches = from_bytes(stored)
        if patches is not None:
            out[row, N_GEOMETRIC:] = patches.ravel()
    return out


def iris_only(features: Floats) -> Floats:
    """The same vectors without patches (NaN), as they are when only the geometry was recorded."""
    out = np.array(features, dtype=np.float64)
    out[:, N_GEOMETRIC:] = np.nan
    return out


def _find(t_ns: Ints, frame_index: Ints, wanted_t_ns: Ints, wanted_index: Ints) -> Ints:
    # both: numbers begin anew in a second segment, and a camera that was opened again could repeat a time
    place = {key: row for row, key in enumerate(zip(t_ns.tolist(), frame_index.tolist(), strict=True))}
    wanted = zip(wanted_t_ns.tolist(), wanted_index.tolist(), strict=True)
    return np.array([place.get(key, -1) for key in wanted], dtype=np.int64)
