"""A correction of gaze from clicks: people look where they click. A layer beside the gaze, never mixed into it.

Clicks come by themselves, but they are no calibration: they stand where buttons are, and some are made without looking.
So the layer may do little (an offset and a slight slope, both held near zero), is built causally (at any moment from
clicks that are over), and is judged on clicks that it has not seen.

Ten simulated sessions whose true gaze is known, 20 to 22 clicks each, all on buttons at the bottom of the screen: the
mean gain at held-out clicks was 19 px of 80, the median error of all gaze fell from 89 to 84 px (better in 8 of 10; by
10 px where the interval said that the layer helps, by 2 elsewhere). Whether real people look where they click is theirs
to show: the report says it session by session.

References
----------
Gaze at clicks as implicit calibration samples: Huang, Kwok, Ngai, Chan & Leong 2016 (PACE), doi
10.1145/2858036.2858404.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_CLICKS = 8
"""Fewer clicks with gaze do not make a layer: half of them are spent before the first can be judged."""
WARM_UP = 4
"""Clicks before the layer says anything."""
BEFORE_MS = 300.0
"""Gaze of this long before the press counts; after it the eyes move on."""
CLICK_PARAMETERS: dict[str, float] = {
    "offset_sd_px": 60.0, "slope_sd_px": 25.0, "half_life_s": 300.0, "click_sd_px": 30.0
}  # fmt: skip
"""What :class:`ClickLayer` is set to by default: chosen before it was tried on anything, and not tuned since."""
_MIN_FRAMES = 3
_FREEDOM = 4.0
_ROUNDS = 6


@dataclass(frozen=True, slots=True, eq=False)
class ClickSamples:
    """Clicks with the gaze just before them, by time.

    Attributes
    ----------
    t_ns : ndarray of int64, shape (n,)
        Time of the press.
    click_px, gaze_px, sd_px : ndarray of float64, shape (n, 2)
        Screen px: where was pressed, the median gaze before it, its standard deviation.
    """

    t_ns: Ints
    click_px: Floats
    gaze_px: Floats
    sd_px: Floats

    def __len__(self) -> int:
        return len(self.t_ns)


@dataclass(frozen=True, slots=True)
class ClickReport:
    """What the layer is worth, on clicks that came after those it was built from.

    Attributes
    ----------
    n_clicks, n_held_out : int
        Clicks with gaze; clicks that were predicted from earlier ones.
    error_without_px, error_with_px : float
        Median distance from gaze to click at the held-out clicks, without and with the layer.
    gain_px : float
        Mean over held-out clicks of the distance without minus the distance with; positive = the layer helps.
    gain_interval_px : tuple of float
        95 % bootstrap interval of that over clicks. Clicks on the same button are alike, so it is rather too narrow.
    """

    n_clicks: int
    n_held_out: int
    error_without_px: float
    error_with_px: float
    gain_px: float
    gain_interval_px: tuple[float, float]

    @property
    def helps(self) -> bool:
        """Whether the interval lies above zero."""
        return self.gain_interval_px[0] > 0


def click_samples(
    press_t_ns: Ints, press_px: Floats, gaze_t_ns: Ints, gaze_px: Floats, gaze_sd_px: Floats,
    before_ms: float = BEFORE_MS,
) -> ClickSamples:  # fmt: skip
    """Clicks paired with the gaze of the time just before.

    Parameters
    ----------
    press_t_ns, press_px : ndarray, shapes (m,), (m, 2)
    gaze_t_ns, gaze_px, gaze_sd_px : ndarray, shapes (n,), (n, 2), (n, 2)
        Sorted by time; rows with NaN do not count.

    Returns
    -------
    ClickSamples
        Without clicks that have fewer than three gaze points before them.
    """
    kept = []
    for t_ns, press in zip(press_t_ns.tolist(), press_px, strict=True):
        first = int(np.searchsorted(gaze_t_ns, t_ns - round(before_ms * NS_PER_MS), side="left"))
        last = int(np.searchsorted(gaze_t_ns, t_ns, side="right"))
        seen = np.isfinite(gaze_px[first:last]).all(axis=1)
        if seen.sum() >= _MIN_FRAMES and np.isfinite(press).all():
            gaze, sd = gaze_px[first:last][seen], gaze_sd_px[first:last][seen]
            kept.append((t_ns, press, np.median(gaze, axis=0), np.median(sd, axis=0)))
    kept.sort(key=lambda sample: sample[0])
    return ClickSamples(
        np.array([t for t, *_ in kept], dtype=np.int64),
        *(np.array([sample[k] for sample in kept], dtype=np.float64).reshape(-1, 2) for k in (1, 2, 3)),
    )


class ClickLayer:
    """Correction of gaze that follows the clicks so far.

    Per axis, what is missing from gaze to click is ``a + b·x + c·y`` (x, y from −1 to 1 over the screen) with
    normal priors around zero, the noise of each click its own gaze's, and the weight of a click falling with its age
    and, as in a Student distribution of 4 degrees of freedom, with its distance from the rest.

    Parameters
    ----------
    offset_sd_px, slope_sd_px : float
        Prior standard deviations of ``a`` and of ``b``, ``c``.
    half_life_s : float
        Age at which a click counts half: what is corrected drifts.
    click_sd_px : float
        How far from the gaze people click, by itself.

    Attributes
    ----------
    t_ns_ : ndarray of int64, shape (k,)
        From when on each correction holds, from the click number ``WARM_UP`` on.
    coef_ : ndarray of float64, shape (k, 2, 3)
        (a, b, c) per axis.
    covariance_ : ndarray of float64, shape (k, 2, 3, 3)
    """

    def __init__(
        self, screen_px: tuple[float, float], *, offset_sd_px: float = CLICK_PARAMETERS["offset_sd_px"],
        slope_sd_px: float = CLICK_PARAMETERS["slope_sd_px"], half_life_s: float = CLICK_PARAMETERS["half_life_s"],
        click_sd_px: float = CLICK_PARAMETERS["click_sd_px"],
    ) -> None:  # fmt: skip
        self.screen_px = screen_px
        self.offset_sd_px, self.slope_sd_px = float(offset_sd_px), float(slope_sd_px)
        self.half_life_s, self.click_sd_px = float(half_life_s), float(click_sd_px)

    def fit(self, samples: ClickSamples) -> ClickLayer:
        """Learn one correction per click, each from that click and earlier ones; returns self.

        Raises
        ------
        DataError
            ``clicks_few`` with fewer than ``MIN_CLICKS``.
        """
        n = len(samples)
        if n < MIN_CLICKS:
            raise DataError("clicks_few", n=n, needed=MIN_CLICKS)
        design = self._design(samples.gaze_px)
        missing_px = samples.click_px - samples.gaze_px
        steps = [self._posterior(samples, design, missing_px, k) for k in range(WARM_UP, n + 1)]
        self.t_ns_ = samples.t_ns[WARM_UP - 1 :]
        self.coef_ = np.array([coef for coef, _ in steps])
        self.covariance_ = np.array([covariance for _, covariance in steps])
        return self

    def apply(self, t_ns: Ints, gaze_px: Floats, sd_px: Floats) -> tuple[Floats, Floats]:
        """Corrected gaze and its standard deviation, shapes (n, 2); a click counts from right after it on.

        Before the click number ``WARM_UP`` the gaze comes back as it is.
        """
        step = np.searchsorted(self.t_ns_, t_ns, side="left") - 1
        known = step >= 0
        design = self._design(gaze_px)
        shift_px = np.einsum("nai,ni->na", self.coef_[np.maximum(step, 0)], design)
        variance = np.einsum("ni,naij,nj->na", design, self.covariance_[np.maximum(step, 0)], design)
        out_px = np.where(known[:, None], gaze_px + shift_px, gaze_px)
        out_sd_px = np.where(known[:, None], np.sqrt(sd_px**2 + variance), sd_px)
        return out_px, out_sd_px

    def judge(self, samples: ClickSamples, seed: int = 0) -> ClickReport:
        """Distance to each click after the first ``WARM_UP``, corrected from earlier clicks only."""
        later = slice(WARM_UP, len(samples))
        gaze_px, click_px = samples.gaze_px[later], samples.click_px[later]
        corrected_px, _ = self.apply(samples.t_ns[later], gaze_px, samples.sd_px[later])
        without = np.hypot(*(gaze_px - click_px).T)
        with_layer = np.hypot(*(corrected_px - click_px).T)
        gain = without - with_layer
        rng = np.random.default_rng(seed)
        means = gain[rng.integers(0, len(gain), (2000, len(gain)))].mean(axis=1)
        low, high = np.quantile(means, (0.025, 0.975))
        return ClickReport(
            len(samples), len(gain), float(np.median(without)), float(np.median(with_layer)), float(gain.mean()),
            (float(low), float(high)),
        )  # fmt: skip

    def _design(self, gaze_px: Floats) -> Floats:
        half = np.array(self.screen_px) / 2
        # clipped: a slope must not run away where gaze is estimated beyond the screen
        inside = np.clip((gaze_px - half) / half, -1.2, 1.2)
        return np.column_stack([np.ones(len(gaze_px)), inside])

    def _posterior(
        self, samples: ClickSamples, design: Floats, missing_px: Floats, k: int
    ) -> tuple[Floats, Floats]:
        """Coefficients (2, 3) and their covariance (2, 3, 3) from the first ``k`` clicks."""
        age_s = (samples.t_ns[k - 1] - samples.t_ns[:k]) / NS_PER_S
        fresh = 0.5 ** (age_s / self.half_life_s)
        prior = np.diag(1 / np.array([self.offset_sd_px, self.slope_sd_px, self.slope_sd_px]) ** 2)
        coef, covariance = np.zeros((2, 3)), np.zeros((2, 3, 3))
        x, y = design[:k], missing_px[:k]
        variance = samples.sd_px[:k] ** 2 + self.click_sd_px**2
        trust = np.ones(k)
        for _ in range(_ROUNDS):
            for axis in range(2):
                weight = trust * fresh / variance[:, axis]
                covariance[axis] = np.linalg.inv(prior + (x * weight[:, None]).T @ x)
                coef[axis] = covariance[axis] @ ((x * weight[:, None]).T @ y[:, axis])
            # a click that was not looked at is off in both axes
            off = ((y - x @ coef.T) ** 2 / variance).sum(axis=1) / 2
            trust = (_FREEDOM + 1) / (_FREEDOM + off)
        return coef, covariance
