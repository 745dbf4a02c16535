"""The distance of the eyes is measured while the targets are looked at, stored, and used for degrees."""

from __future__ import annotations

import math

import pytest

from ifllm_desktop.derive.session_rows import screen_of
from ifllm_desktop.domain.session import EVENT_KINDS, Event
from ifllm_desktop.session.gaze_outcome import CalibrationOutcome
from tests.gaze_sessions import GazeSession


def calibration(**changes: object) -> Event:
    outcome = CalibrationOutcome("a", "c", ok=True)
    return Event(5, "calibration", outcome.to_payload() | changes)


def header(distance_mm: float | None) -> Event:
    screen = {"w_px": 1440, "h_px": 900, "w_mm": 344.0, "h_mm": 215.0, "distance_mm": distance_mm}
    return Event(0, "session_start", {"screen": screen})


def test_that_the_outcome_has_the_keys_of_its_event() -> None:
    assert set(CalibrationOutcome("a", "c", ok=True).to_payload()) == set(EVENT_KINDS["calibration"])


def test_that_the_newest_measured_distance_counts_before_the_assumed_one() -> None:
    assert screen_of([header(600.0), calibration()]).distance_mm == 600
    events = [header(600.0), calibration(distance_mm=480.0), calibration(distance_mm=520.0)]
    assert screen_of(events).distance_mm == 520
    assert math.isnan(screen_of([header(None)]).distance_mm)
    assert screen_of([header(None), calibration(distance_mm=555.0)]).distance_mm == 555


def test_that_a_face_at_a_known_distance_is_measured_there() -> None:
    from ifllm_desktop.gaze.camera_geometry import viewing_distance_mm

    session = GazeSession(seed=3)
    features, *_ = session.targets("calibration", "a1", [(200.0, 200.0), (1200.0, 700.0), (700.0, 450.0)])
    found = viewing_distance_mm(features)
    assert found.distance_mm == pytest.approx(session.eyes.traits.distance_mm, rel=0.08)
    assert found.source == "assumed_lens" and found.sd_mm > 0.1 * found.distance_mm
