"""A simulated camera of known delay, exposure and noise looks at a screen that flashes."""

from __future__ import annotations

import numpy as np
import pytest

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.time import NS_PER_MS, NS_PER_S
from ifllm_desktop.gaze.latency import Latency, flash_times, measure_latency, scene_brightness

N = 24


def seen(
    delay_ms: float, *, rate_hz: float = 30.0, exposure_ms: float = 16.0, step: float = 8.0, noise: float = 0.4,
    drift: float = 0.0, jitter_ms: float = 1.0, seed: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Changes, and the stamps and brightness of frames of a camera whose stamp comes ``delay_ms`` after the light.

    The delay counts from the middle of the exposure; automatic exposure is a slow ``drift`` back to the middle.
    """
    rng = np.random.default_rng(seed)
    change_ns = flash_times(N, NS_PER_S, seed)
    white = np.arange(N) % 2 == 0
    end_ns = int(change_ns[-1]) + NS_PER_S
    period_ns = NS_PER_S / rate_hz
    middle_ns = np.arange(rng.uniform(0, period_ns), end_ns, period_ns)
    fine = np.linspace(-0.5, 0.5, 41) * exposure_ms * NS_PER_MS

    def light(at_ns: np.ndarray) -> np.ndarray:
        index = np.searchsorted(change_ns, at_ns, side="right") - 1
        level = np.where(index < 0, 0.0, np.where(index % 2 == 0, 1.0, 0.0))
        since = np.where(index < 0, 0.0, at_ns - change_ns[np.maximum(index, 0)]) / NS_PER_S
        return level - drift * (level - 0.5) * (1 - np.exp(-since / 0.4))

    brightness = 90 + step * np.mean([light(middle_ns + o) for o in fine], axis=0)
    brightness += rng.normal(0, noise, len(brightness))
    stamps = middle_ns + delay_ms * NS_PER_MS + np.abs(rng.normal(0, jitter_ms, len(middle_ns))) * NS_PER_MS
    return change_ns, white, stamps.astype(np.int64), brightness


@pytest.mark.parametrize("delay_ms", [35.0, 90.0, 180.0, 320.0])
@pytest.mark.parametrize(("rate_hz", "exposure_ms"), [(30.0, 3.0), (30.0, 30.0), (15.0, 40.0), (60.0, 8.0)])
def test_that_a_known_delay_is_recovered(delay_ms: float, rate_hz: float, exposure_ms: float) -> None:
    errors, claimed = [], []
    for seed in range(8):
        found = measure_latency(*seen(delay_ms, rate_hz=rate_hz, exposure_ms=exposure_ms, seed=seed))
        errors.append(found.total_ms - delay_ms)
        claimed.append(found.se_ms)
        assert found.n_used >= 0.9 * N
        assert found.rate_hz == pytest.approx(rate_hz, rel=0.05)
    limit_ms = 0.25 * 1000 / rate_hz
    assert np.max(np.abs(errors)) < limit_ms, errors
    assert abs(np.mean(errors)) < limit_ms / 2, "no bias to one side"
    assert np.sqrt(np.mean(np.square(errors))) < 2 * np.mean(claimed) + 1.0, "the standard error is honest"


def test_that_automatic_exposure_and_a_faint_screen_are_borne() -> None:
    found = measure_latency(*seen(110.0, step=3.0, noise=0.5, drift=0.6))
    assert found.total_ms == pytest.approx(110.0, abs=8.0)


def test_that_single_disturbances_are_left_out() -> None:
    change_ns, white, frame_ns, brightness = seen(80.0)
    for k in (3, 9, 15):  # somebody walks by
        near = np.abs(frame_ns - change_ns[k]) < 300 * NS_PER_MS
        brightness[near] += 30 * np.sin(np.arange(near.sum()))
    found = measure_latency(change_ns, white, frame_ns, brightness)
    assert found.total_ms == pytest.approx(80.0, abs=8.0) and found.n_used <= N - 1


@pytest.mark.parametrize("step", [0.0, 0.3])
def test_that_a_screen_whose_light_does_not_reach_the_camera_is_refused(step: float) -> None:
    for seed in range(5):
        with pytest.raises(DataError, match=r"latency_(not_visible|unsteady)"):
            measure_latency(*seen(80.0, step=step, noise=1.0, seed=seed))


def test_that_a_lamp_that_flickers_in_its_own_rhythm_is_refused() -> None:
    change_ns, white, frame_ns, _ = seen(80.0)
    lamp = 90 + 10 * (np.sin(2 * np.pi * frame_ns / NS_PER_S * 0.9) > 0)
    with pytest.raises(DataError, match="latency_"):
        measure_latency(change_ns, white, frame_ns, lamp.astype(float))


def test_that_too_few_frames_are_refused() -> None:
    change_ns, white, frame_ns, brightness = seen(80.0)
    with pytest.raises(DataError, match="latency_few_frames"):
        measure_latency(change_ns, white, frame_ns[:100], brightness[:100])


def test_that_the_drivers_share_is_told_only_where_frames_carry_it() -> None:
    change_ns, white, frame_ns, brightness = seen(80.0)
    known = measure_latency(change_ns, white, frame_ns, brightness, frame_ns - 21 * NS_PER_MS)
    assert known.driver_ms == pytest.approx(21.0)
    assert measure_latency(change_ns, white, frame_ns, brightness, np.zeros_like(frame_ns)).driver_ms is None
    assert known.to_json()["separated"] is False


def test_that_flashes_stay_far_below_three_a_second_and_are_uneven() -> None:
    for seed in range(20):
        gaps_s = np.diff(flash_times(40, 0, seed)) / NS_PER_S
        assert gaps_s.min() >= 0.8 and np.std(gaps_s) > 0.05


def test_that_the_correction_leaves_raw_times_alone() -> None:
    found = Latency(92.4, 10.0, 2.0, 20, 20, None, 5.0, 30.0)
    assert found.shown_ns(10**9) == 10**9 - 92_400_000


def test_that_the_face_is_looked_at_where_there_is_one() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[40:60, 90:110] = 200
    assert scene_brightness(image, (0.45, 0.4, 0.1, 0.2)) == pytest.approx(200)
    assert scene_brightness(image, None) == pytest.approx(200 * 400 / 20000, abs=1)
    assert scene_brightness(image, (2.0, 2.0, 0.1, 0.1)) == scene_brightness(image, None)
