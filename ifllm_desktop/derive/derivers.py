"""The ways to compute gaze again, each under a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ifllm_desktop.derive.session_rows import Floats, Ints, SessionRows, StoredCalibration, iris_only
from ifllm_desktop.derive.training import training_frames
from ifllm_desktop.domain.errors import DataError, UsageError
from ifllm_desktop.domain.samples import FEATURE_SET
from ifllm_desktop.gaze.calibration import GazeModel
from ifllm_desktop.gaze.click_layer import (
    CLICK_PARAMETERS,
    ClickLayer,
    ClickReport,
    ClickSamples,
    click_samples,
)
from ifllm_desktop.gaze.eye_prior import PATCH, PRIOR_VERSION
from ifllm_desktop.gaze.training_set import fit


class FrameModel(Protocol):
    """Gaze of frames."""

    def predict(self, t_ns: Ints, features: Floats, /) -> tuple[Floats, Floats]:
        """Gaze points and their standard deviations, both (n, 2), screen px; NaN where a frame does not do."""


@dataclass(frozen=True, slots=True)
class Deriver:
    """One way.

    Attributes
    ----------
    version : int
        Grows whenever the rows would come out differently.
    parameters : mapping
        What it was set to, as JSON values.
    prepare : callable
        Gives the model of each calibration of a session: ``prepare(rows)(calibration)``. Raises DataError where a
        session does not have what it needs.
    """

    name: str
    version: int
    summary: str
    prepare: Callable[[SessionRows], Callable[[StoredCalibration], FrameModel]]
    parameters: Mapping[str, Any] = field(default_factory=dict)


_CHUNK = 8192


def predicted(model: FrameModel, rows: SessionRows, which: Ints) -> tuple[Floats, Floats]:
    """Gaze and standard deviations of some of the live rows, both (k, 2), some thousand frames at a time."""
    gaze_px, sd_px = np.full((len(which), 2), np.nan), np.full((len(which), 2), np.nan)
    for first in range(0, len(which), _CHUNK):
        frames = rows.live_frame[which[first : first + _CHUNK]]
        part = slice(first, first + len(frames))
        gaze_px[part], sd_px[part] = model.predict(rows.t_ns[frames], rows.features(frames))
    return gaze_px, sd_px


def deriver(name: str) -> Deriver:
    """The deriver of a name. Raises UsageError ``unknown_name``."""
    found = DERIVERS.get(name)
    if found is None:
        raise UsageError("unknown_name", kind="model", name=name, known=", ".join(DERIVERS))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Still:
    """A model that is the same at all times, on all features or on the geometry alone."""

    model: GazeModel
    geometry_only: bool = False

    def predict(self, _t_ns: Ints, features: Floats, /) -> tuple[Floats, Floats]:
        """See :class:`FrameModel`."""
        return self.model.predict(iris_only(features) if self.geometry_only else features)


def _live(_rows: SessionRows) -> Callable[[StoredCalibration], FrameModel]:
    return lambda calibration: _Still(calibration.model())


def _iris(rows: SessionRows) -> Callable[[StoredCalibration], FrameModel]:
    def make(calibration: StoredCalibration) -> FrameModel:
        frames = training_frames(rows, calibration)
        return _Still(fit(frames._replace(features=iris_only(frames.features))), geometry_only=True)

    return make


def _patch(rows: SessionRows) -> Callable[[StoredCalibration], FrameModel]:
    def make(calibration: StoredCalibration) -> FrameModel:
        frames = training_frames(rows, calibration)
        # every target needs a frame with patches, or the model cannot look at them
        with_patches = frames.target_index[np.isfinite(frames.features).all(axis=1)]
        if set(with_patches.tolist()) != set(frames.target_index.tolist()):
            raise DataError("derive_no_patches", session=rows.session_id)
        return _Still(fit(frames, profiles=(PATCH,)))

    return make


@dataclass(frozen=True, slots=True, eq=False)
class Clicked:
    """The live model with a click layer over it.

    Attributes
    ----------
    base : FrameModel
        The live model.
    report : ClickReport
        What the layer is worth on held-out clicks.
    """

    base: FrameModel
    layer: ClickLayer
    report: ClickReport

    def predict(self, t_ns: Ints, features: Floats, /) -> tuple[Floats, Floats]:
        """See :class:`FrameModel`; a click changes the gaze from right after it on."""
        return self.layer.apply(t_ns, *self.base.predict(t_ns, features))


def _clicks(rows: SessionRows) -> Callable[[StoredCalibration], FrameModel]:
    """One layer for the whole session: what it corrects is mostly the person's and the camera's, not the model's."""
    samples = clicks_of(rows)
    layer = ClickLayer((rows.screen.w_px, rows.screen.h_px), **CLICK_PARAMETERS).fit(samples)
    report = layer.judge(samples)
    return lambda calibration: Clicked(_Still(calibration.model()), layer, report)


def clicks_of(rows: SessionRows) -> ClickSamples:
    """Presses of the pointer with the gaze before them, by the model that was in force."""
    pointer = rows.source.read("pointer")
    presses = pointer[pointer["kind"] == "press"]
    gaze = np.full((len(rows.live), 2), np.nan)
    sd = np.full((len(rows.live), 2), np.nan)
    for calibration_id, calibration in rows.calibrations.items():
        of = rows.live["calibration_id"] == calibration_id
        if of.any():
            gaze[of], sd[of] = predicted(_Still(calibration.model()), rows, np.flatnonzero(of))
    press_px = np.column_stack([presses["x_px"], presses["y_px"]]).reshape(-1, 2)
    return click_samples(presses["t_ns"], press_px, np.ascontiguousarray(rows.live["t_ns"]), gaze, sd)


_FITTED_BY = {"feature_set": FEATURE_SET, "prior_version": PRIOR_VERSION}
DERIVERS: dict[str, Deriver] = {
    entry.name: entry
    for entry in (
        Deriver("live", 1, "what the session's own calibration gave, computed again", _live),
        Deriver(
            "iris",
            1,
            "fitted anew to the calibration frames, by iris, lids and head alone",
            _iris,
            _FITTED_BY,
        ),
        Deriver("patch", 1, "fitted anew to the calibration frames, with eye patches", _patch, _FITTED_BY),
        Deriver(
            "clicks",
            1,
            "the session's own calibration with a correction from earlier clicks",
            _clicks,
            CLICK_PARAMETERS,
        ),
    )
}
"""Every way, by name."""
