"""Outcomes of calibrations and validations for tests of the pages, with made-up figures, and the keyboard."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QWidget

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.session.snapshot import (
    CalibrationOutcome,
    CalibrationTarget,
    GazeAttempt,
    TargetOutcome,
    ValidationOutcome,
)
from ifllm_desktop.ui.participant_window import ParticipantWindow

KNOWN = Screen(1920, 1080, 1.0, 344, 194, 600)
UNKNOWN = Screen(1920, 1080)
PLACES = ((0.22, 0.22), (0.78, 0.22), (0.22, 0.78), (0.78, 0.78), (0.5, 0.42))


def targets(errors_px: tuple[float, ...] = (40, 30, 50, 20, 35)) -> tuple[TargetOutcome, ...]:
    """The five validation targets with these errors, a third to the right and the rest down; NaN: not measured."""
    made = []
    for index, ((x, y), error) in enumerate(zip(PLACES, errors_px, strict=True)):
        x_px, y_px = x * KNOWN.w_px, y * KNOWN.h_px
        if math.isnan(error):
            made.append(TargetOutcome(index, x_px, y_px))
            continue
        dx = error / 3
        dy = math.sqrt(error**2 - dx**2)
        made.append(TargetOutcome(index, x_px, y_px, x_px + dx, y_px + dy, error, 20.0, 15.0, 24))
    return tuple(made)


def validation(
    grade: str = "B",
    *,
    ok: bool = True,
    reason: str = "",
    errors_px: tuple[float, ...] = (40, 30, 50, 20, 35),
    attempt_id: str = "a1",
) -> ValidationOutcome:
    """A validation of those targets."""
    measured = [e for e in errors_px if math.isfinite(e)]
    accuracy = sum(measured) / len(measured) if measured else math.nan
    return ValidationOutcome(
        attempt_id,
        f"c-{attempt_id}",
        ok,
        reason,
        grade,
        accuracy,
        (20.0, 15.0),
        0.02,
        28.5,
        targets(errors_px),
    )


def calibration(
    states: str = "good " * 9,
    *,
    ok: bool = True,
    reason: str = "",
    rejected: Mapping[str, int] | None = None,
    attempt_id: str = "a1",
) -> CalibrationOutcome:
    """Nine targets in three rows of three, with these states."""
    grid = [(x, y) for y in (0.08, 0.5, 0.92) for x in (0.08, 0.5, 0.92)]
    made = tuple(
        CalibrationTarget(
            i,
            x * KNOWN.w_px,
            y * KNOWN.h_px,
            0 if state == "not_measured" else 24,
            dict(rejected or {}),
            state=state,
        )
        for i, ((x, y), state) in enumerate(zip(grid, states.split(), strict=True))
    )
    n = sum(t.state != "not_measured" for t in made)
    return CalibrationOutcome(attempt_id, f"c-{attempt_id}", ok, reason, n, targets=made)


def attempt(number: int, outcome: ValidationOutcome | None, kind: str = "full") -> GazeAttempt:
    """An attempt whose calibration worked."""
    name = f"a{number}"
    return GazeAttempt(name, number, kind, calibration(attempt_id=name), outcome)


def button(window: QWidget, name: str) -> QAbstractButton:
    """A button by its name."""
    found = window.findChild(QAbstractButton, name)
    assert found is not None, name
    return found


def press(window: QWidget, key: Qt.Key) -> None:
    """A key as it comes from the keyboard: to whatever has the focus."""
    QTest.keyClick(window.windowHandle(), key)


def focus(window: ParticipantWindow) -> None:
    """Make the window the active one, with the focus where the page wants it."""
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    window.page().focus_first()
