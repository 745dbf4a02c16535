"""How late a frame is: the screen changes between black and white at known times, the camera sees the light change.

What is measured is the sum of what the display needs to show a change and of what the camera needs from the light to
the frame's time stamp (half the exposure, reading out, transfer, decoding). A flash cannot tell the two apart. Only
the way from the driver to the program is known by itself, where frames carry the driver's own time stamps.

For gaze this sum is what counts: a frame stamped ``t`` shows the eyes that saw what was drawn at ``t − total``.
Raw times are never changed; the correction is a constant that is kept beside them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S

Times = NDArray[np.int64]
Floats = NDArray[np.float64]

MAX_LATENCY_NS = 500 * NS_PER_MS
_AROUND_NS = 220 * NS_PER_MS
_STEP_NS = 5 * NS_PER_MS
MIN_FLASHES = 8
MIN_VISIBLE_SHARE = 0.75
MIN_STEP_SD = 3.0
"""A change of light counts as seen when it is this many standard deviations of the frame-to-frame noise."""
MAX_SD_MS = 45.0
_GAP_NS = (800 * NS_PER_MS, 1300 * NS_PER_MS)


@dataclass(frozen=True, slots=True)
class Latency:
    """Display and camera together.

    Attributes
    ----------
    total_ms : float
        From the moment a picture was handed to the display to the stamp of the frame that shows it, at the middle of
        the exposure.
    sd_ms : float
        Spread over single changes; most of it is the frame period, because a change falls anywhere within one.
    se_ms : float
        Standard error of ``total_ms``.
    n_flashes, n_used : int
        Changes that were shown, and those that were seen.
    driver_ms : float or None
        Median time from the driver's stamp to the program's, part of the total; None where drivers do not say.
    step : float
        Median change of brightness, grey values of 255.
    rate_hz : float
        Of the frames.
    """

    total_ms: float
    sd_ms: float
    se_ms: float
    n_flashes: int
    n_used: int
    driver_ms: float | None
    step: float
    rate_hz: float

    def to_json(self) -> dict[str, Any]:
        """For the camera's profile and the recording; ``separated`` says what the total is made of."""
        return {
            "total_ms": round(self.total_ms, 2), "sd_ms": round(self.sd_ms, 2), "se_ms": round(self.se_ms, 2),
            "n_flashes": self.n_flashes, "n_used": self.n_used,
            "driver_ms": None if self.driver_ms is None else round(self.driver_ms, 2),
            "step_grey": round(self.step, 2), "rate_hz": round(self.rate_hz, 2), "separated": False,
        }  # fmt: skip

    def shown_ns(self, t_ns: int) -> int:
        """When what the eyes in a frame stamped ``t_ns`` saw had been drawn."""
        return t_ns - round(self.total_ms * NS_PER_MS)


def flash_times(n_flashes: int, start_ns: int, seed: int) -> Times:
    """When to change between black and white: 0.8 to 1.3 s apart, unevenly, so that no other rhythm fits.

    A pair of changes (one flash) takes about two seconds. That is far below three flashes in a second, the limit of
    WCAG 2.2, criterion 2.3.1, for people whom flashes can harm.
    """
    gaps = np.random.default_rng(seed).integers(*_GAP_NS, size=n_flashes)
    times: Times = start_ns + np.cumsum(gaps).astype(np.int64)
    return times


def scene_brightness(
    image_bgr: NDArray[np.uint8], face_box: tuple[float, float, float, float] | None
) -> float:
    """Mean grey value (0–255) of the face, which the screen lights; of the whole picture without one.

    ``face_box`` is (x, y, w, h) in units of the picture's width and height.
    """
    height, width = image_bgr.shape[:2]
    part = image_bgr
    if face_box is not None and all(math.isfinite(v) for v in face_box):
        x, y, w, h = face_box
        left, top = max(0, int(x * width)), max(0, int(y * height))
        cut = image_bgr[top : int((y + h) * height), left : int((x + w) * width)]
        part = cut if cut.size else image_bgr
    step = max(1, min(part.shape[:2]) // 60)
    blue, green, red = part[::step, ::step].reshape(-1, 3).mean(axis=0)
    return float(0.114 * blue + 0.587 * green + 0.299 * red)  # ITU-R BT.601


def measure_latency(
    change_ns: Times,
    white: NDArray[np.bool_],
    frame_ns: Times,
    brightness: Floats,
    driver_ns: Times | None = None,
) -> Latency:
    """Latency from a sequence of changes and the brightness of frames.

    First one lag for all changes: the one at which the change of brightness fits the sequence best. Then for each
    change where the brightness crosses the middle between before and after, by straight lines between frames. With
    exposures shorter than the frame period a single crossing is off by up to half a period, evenly to both sides,
    so the mean over many unevenly spaced changes is what counts.

    Parameters
    ----------
    change_ns : ndarray of int64, shape (n,)
        When each change was handed to the display.
    white : ndarray of bool, shape (n,)
        What the screen changed to.
    frame_ns : ndarray of int64, shape (m,)
        Stamps of the frames, same clock, rising.
    brightness : ndarray of float64, shape (m,)
        Of :func:`scene_brightness`.
    driver_ns : ndarray of int64, shape (m,), or None
        The driver's stamps, 0 or less where a frame has none.

    Raises
    ------
    DataError
        ``latency_few_frames``, ``latency_not_visible`` (the light of the screen does not reach the camera),
        ``latency_unsteady`` (the changes disagree with each other).
    """
    change_ns, frame_ns = np.asarray(change_ns, np.int64), np.asarray(frame_ns, np.int64)
    grey = np.asarray(brightness, np.float64)
    if len(change_ns) < MIN_FLASHES or len(frame_ns) < 8 * len(change_ns):
        raise DataError("latency_few_frames", n=len(frame_ns), n_flashes=len(change_ns))
    period_ns = float(np.median(np.diff(frame_ns)))
    signs = np.where(np.asarray(white, bool), 1.0, -1.0)
    noise = _noise(grey)
    lag_ns = _coarse_lag_ns(change_ns, signs, frame_ns, grey, period_ns)
    found = [
        _crossing(int(t), sign, lag_ns, frame_ns, grey, period_ns)
        for t, sign in zip(change_ns, signs, strict=True)
    ]
    steps = np.array([step for _, step in found])
    seen = np.array([math.isfinite(lag) for lag, _ in found]) & (steps > MIN_STEP_SD * noise)
    if seen.mean() < MIN_VISIBLE_SHARE:
        raise DataError(
            "latency_not_visible", step=round(float(np.nanmedian(steps)), 2), noise=round(noise, 2)
        )
    lags_ms = np.array([lag for lag, _ in found])[seen] / NS_PER_MS
    middle = float(np.median(lags_ms))
    spread = 1.4826 * float(np.median(np.abs(lags_ms - middle)))
    lags_ms = lags_ms[np.abs(lags_ms - middle) <= max(3 * spread, period_ns / NS_PER_MS)]
    sd_ms = float(np.std(lags_ms, ddof=1))
    if len(lags_ms) < MIN_FLASHES * MIN_VISIBLE_SHARE or sd_ms > MAX_SD_MS:
        raise DataError("latency_unsteady", sd_ms=round(sd_ms), n=len(lags_ms))
    return Latency(
        total_ms=float(np.mean(lags_ms)), sd_ms=sd_ms, se_ms=sd_ms / math.sqrt(len(lags_ms)),
        n_flashes=len(change_ns), n_used=len(lags_ms), driver_ms=_driver_ms(frame_ns, driver_ns),
        step=float(np.median(steps[seen])), rate_hz=NS_PER_S / period_ns,
    )  # fmt: skip


def _noise(grey: Floats) -> float:
    """Standard deviation of frame-to-frame noise, from second differences: slow drift and single steps fall out."""
    second = np.diff(grey, 2)
    return max(1.4826 * float(np.median(np.abs(second))) / math.sqrt(6), 0.02)


def _coarse_lag_ns(change_ns: Times, signs: Floats, frame_ns: Times, grey: Floats, period_ns: float) -> float:
    """The lag at which brightness right after the changes differs most from that right before, in their sense."""
    lags_ns = np.arange(0, MAX_LATENCY_NS + 1, _STEP_NS, dtype=np.float64)
    width_ns = max(2.5 * period_ns, 100 * NS_PER_MS)
    offsets_ns = np.linspace(0.5 * period_ns, width_ns, 6)
    at_ns = change_ns[:, None] + lags_ns[None, :]
    frames, values = frame_ns.astype(np.float64), grey
    after = np.mean([np.interp(at_ns + o, frames, values) for o in offsets_ns], axis=0)
    before = np.mean([np.interp(at_ns - o, frames, values) for o in offsets_ns], axis=0)
    # the median over the changes: one hand that moves through the picture must not choose the lag
    fit = np.median((after - before) * signs[:, None], axis=0)
    return float(lags_ns[int(np.argmax(fit))])


def _crossing(
    change: int, sign: float, lag_ns: float, frame_ns: Times, grey: Floats, period_ns: float
) -> tuple[float, float]:
    """(lag in ns, signed step) of one change; NaN where it is not there."""
    centre = change + lag_ns
    near = 1.3 * period_ns
    before = (frame_ns >= centre - _AROUND_NS) & (frame_ns <= centre - near)
    after = (frame_ns >= centre + near) & (frame_ns <= centre + _AROUND_NS)
    if before.sum() < 2 or after.sum() < 2:
        return math.nan, math.nan
    low, high = float(np.median(grey[before])), float(np.median(grey[after]))
    step = (high - low) * sign
    between = np.flatnonzero((frame_ns > centre - _AROUND_NS) & (frame_ns < centre + _AROUND_NS))
    share = (grey[between] - low) / (high - low) if high != low else np.zeros(len(between))
    for k in range(1, len(between)):
        if share[k - 1] < 0.5 <= share[k] and abs(frame_ns[between[k]] - centre) < 2.5 * near:
            a, b = frame_ns[between[k - 1]], frame_ns[between[k]]
            part = (0.5 - share[k - 1]) / (share[k] - share[k - 1])
            return float(a + part * (b - a)) - change, step
    return math.nan, step


def _driver_ms(frame_ns: Times, driver_ns: Times | None) -> float | None:
    if driver_ns is None:
        return None
    driver_ns = np.asarray(driver_ns, np.int64)
    known = driver_ns > 0
    if known.sum() < len(frame_ns) / 2:
        return None
    return float(np.median(frame_ns[known] - driver_ns[known])) / NS_PER_MS
