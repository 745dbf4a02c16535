"""Made-up qualities of sessions for tests of the audit: no recording stands behind them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ifllm_desktop.analysis.session_quality import (
    Accuracy,
    Apparatus,
    Attempt,
    CalibrationPoint,
    Cell,
    DataLoss,
    Drift,
    ErrorAt,
    GapBin,
    HeadMovement,
    Precision,
    Problem,
    QualityScore,
    SessionQuality,
    Share,
    TargetError,
    Trace,
)
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.reading.support import LevelSupport

PX_PER_DEG = 48.0
PLACES = ((0.22, 0.22), (0.78, 0.22), (0.5, 0.5), (0.22, 0.78), (0.78, 0.78))
EDGES_S = (0.0, 0.05, 0.1, 0.2, 0.4, 1.0, 2.0, 5.0, 20.0)
KNOWN = Screen(1920.0, 1080.0, 1.0, 527.0, 296.0, 600.0, "card", "estimated")


def session_id(number: int) -> str:
    """Id of the n-th made-up session."""
    return f"s-{number:04d}"


def quality(
    number: int,
    *,
    error_px: float = 80.0,
    loss: float = 0.03,
    screen: Screen = KNOWN,
    n_checks: int = 5,
    refit: bool = False,
    with_trace: bool = False,
    person: int | None = None,
) -> SessionQuality:
    """A session of a person of their own, alike for the same number.

    Parameters
    ----------
    error_px
        Mean error of the accepted validation.
    n_checks
        Drift checks after it.
    refit
        Whether the calibration was mended before the last two checks.
    """  # fmt: skip
    rng = np.random.default_rng(number)
    deg = 1 / PX_PER_DEG if math.isfinite(screen.w_mm) else math.nan
    targets = _targets(rng, screen, error_px, deg)
    accuracy = Accuracy(
        px=error_px, deg=error_px * deg, x_px=0.6 * error_px, y_px=0.7 * error_px, x_deg=0.6 * error_px * deg,
        y_deg=0.7 * error_px * deg, sample_px=1.2 * error_px, sample_deg=1.2 * error_px * deg,
        n_targets=len(targets), grade=_grade(error_px / PX_PER_DEG), ok=error_px < 168,
        reason="" if error_px < 168 else "error_too_large",
    )  # fmt: skip
    precision = Precision("raw", 50.0, 50 * deg, 36.0, 36 * deg, 25.0, 26.0, 1.4, 9000.0, 4.0, 29.0, 120)
    first = Attempt(
        f"a-{number}-1", f"c-{number}-1", 1, 30.0, "full", "points", False, True, "", 9, 1.8 * error_px,
        _points(rng, screen), True, replace(accuracy, px=1.6 * error_px, deg=1.6 * error_px * deg, grade="D"), 0.08,
        27.0, _targets(rng, screen, 1.6 * error_px, deg),
    )  # fmt: skip
    second = Attempt(
        f"a-{number}-2", f"c-{number}-2", 2, 70.0, "full", "points", True, True, "", 9, 1.1 * error_px,
        _points(rng, screen), True, accuracy, 0.02, 29.0, targets,
    )  # fmt: skip
    checks = _checks(rng, number, error_px, deg, n_checks, refit=refit)
    return SessionQuality(
        session_id=session_id(number), participant_id=f"P{(person or number):03d}", number=1, state="finished",
        created_wall_ns=1_767_225_600_000_000_000 + number * 3_600_000_000_000, n_segments=1, recovered=False,
        duration_s=2100.0, gaze_consent="yes",
        apparatus=Apparatus("simulated", "made up", 1280, 720, 30.0, "simulated", "eyes-2", "0", 1.0),
        screen=screen, method="points", n_points=9, n_validation_targets=len(targets), attempts=(first, second),
        main_attempt=second.attempt_id, accuracy=accuracy, precision=precision,
        loss=DataLoss(
            60_000, round(60_000 * (1 - loss)), loss, loss + 0.01, 30 * (1 - loss), 30.0, 2000.0,
            (Share("no_face", round(40_000 * loss), 0, 1.0), Share("blink", round(20_000 * loss), 0, 1.0)),
            (Share("task", 50_000, round(50_000 * (1 - loss)), loss),),
            tuple(Share(str(m), 1800, round(1800 * (1 - loss)), loss) for m in range(35)),
        ),
        gaps=tuple(
            GapBin(low, high, n, n * (low + high) / 2)
            for low, high, n in zip(
                EDGES_S, (*EDGES_S[1:], 60.0), (90, 120, 40, 20, 12, 6, 3, 1, 0), strict=True
            )
        ),
        longest_gap_s=14.0, grid=(5, 4), cells=_cells(rng, error_px, deg),
        drift=Drift(checks, int(refit), 6.0, 6 * deg, 1.4 * error_px, 1.4 * error_px * deg),
        head=HeadMovement(1.8, 4.2, 3.0, 8.0, 60_000), support=_support(error_px), on_text=0.62,
        score=QualityScore(max(0.0, 100 - error_px / 2)),
        problems=() if math.isfinite(deg) else (Problem("screen_size_unknown"),),
        trace=_trace(rng, screen) if with_trace else Trace(),
    )  # fmt: skip


def without_gaze(number: int) -> SessionQuality:
    """A session of somebody who did not agree to gaze."""
    return SessionQuality(
        session_id(number), f"P{number:03d}", 1, "finished", 1_767_225_600_000_000_000, 1, False, 1500.0, "no",
        Apparatus("simulated"), KNOWN, problems=(Problem("no_consent"),),
    )  # fmt: skip


def not_calibrated(number: int) -> SessionQuality:
    """A session with consent that ended before a calibration was validated."""
    return replace(without_gaze(number), gaze_consent="yes", problems=(Problem("no_validation"),))


def study(n: int) -> list[SessionQuality]:
    """Sessions of all grades: every eleventh has great loss, every third was refitted."""
    return [
        quality(
            k,
            error_px=40 + 25 * (k % 5) + (150 if k % 13 == 7 else 0),
            loss=0.22 if k % 11 == 5 else 0.02 + 0.01 * (k % 4),
            refit=k % 3 == 0,
        )
        for k in range(1, n + 1)
    ]


def _grade(error_deg: float) -> str:
    return next((g for g, limit in zip("ABC", (1.0, 1.5, 2.5), strict=True) if error_deg <= limit), "D")


def _targets(
    rng: np.random.Generator, screen: Screen, error_px: float, deg: float
) -> tuple[TargetError, ...]:
    made = []
    for index, (x, y) in enumerate(PLACES):
        angle = rng.uniform(0, 2 * np.pi)
        dx, dy = error_px * math.cos(angle), error_px * math.sin(angle) + 15
        length = math.hypot(dx, dy)
        made.append(
            TargetError(
                index, x * screen.w_px, y * screen.h_px, dx, dy, length, length * deg, 1.2 * length,
                1.2 * length * deg, 25.0, 30.0, 0.2, 24, 0.02,
            )
        )  # fmt: skip
    return tuple(made)


def _points(rng: np.random.Generator, screen: Screen) -> tuple[CalibrationPoint, ...]:
    return tuple(
        CalibrationPoint(
            k, screen.w_px * (0.08 + 0.42 * (k % 3)), screen.h_px * (0.08 + 0.42 * (k // 3)),
            float(rng.normal(0, 60)), float(rng.normal(0, 60)), 24, "unsteady" if k == 4 else "good",
        )
        for k in range(9)
    )  # fmt: skip


def _checks(
    rng: np.random.Generator, number: int, error_px: float, deg: float, n_checks: int, *, refit: bool
) -> tuple[ErrorAt, ...]:
    made = [
        ErrorAt(
            "validation", 80.0, 0.0, f"c-{number}-2", error_px=error_px, error_deg=error_px * deg, ok=True
        )
    ]
    for k in range(n_checks):
        mended = refit and k >= n_checks - 2
        error = error_px * (0.9 if mended else 1 + 0.1 * k) + float(rng.normal(0, 5))
        kind = "recheck" if mended and k == n_checks - 2 else "drift"
        made.append(
            ErrorAt(
                kind, 80 + 360.0 * (k + 1), 6.0 * (k + 1), f"c-{number}-{3 if mended else 2}", 960.0, 454.0, error, 0.0,
                error, error * deg, 150.0, 24, error < 150, "refit" if kind == "recheck" else "none",
            )
        )  # fmt: skip
    return tuple(made)


def _cells(rng: np.random.Generator, error_px: float, deg: float) -> tuple[Cell, ...]:
    made = []
    for row in range(4):
        for column in range(5):
            n = 0 if (row, column) == (0, 0) else 2
            error = error_px * (0.8 + 0.15 * abs(column - 2) + 0.1 * row) + float(rng.normal(0, 4))
            values = (error, error * deg, 0.5 * error, 0.5 * error, 0.02) if n else (math.nan,) * 5
            made.append(Cell(column, row, n, *values, 500))
    return tuple(made)


def _support(error_px: float) -> tuple[LevelSupport, ...]:
    worse = min(1.0, error_px / 250)
    return (
        LevelSupport("side", 0.99, "supported"),
        LevelSupport("block", 0.98 - 0.4 * worse, "supported" if worse < 0.4 else "probable"),
        LevelSupport("line", 0.5 - 0.4 * worse, "probable" if worse < 0.6 else "refused", ""),
        LevelSupport("word", 0.2 - 0.18 * worse, "refused", "error_over_line_height"),
    )


def _trace(rng: np.random.Generator, screen: Screen) -> Trace:
    t_s = np.linspace(80, 2080, 2000)
    x = screen.w_px * (0.5 + 0.3 * np.sin(t_s / 9)) + rng.normal(0, 40, 2000)
    y = screen.h_px * (0.2 + 0.6 * ((t_s / 60) % 1)) + rng.normal(0, 40, 2000)
    x[300:340] = y[300:340] = np.nan
    head = 1.5 + np.cumsum(rng.normal(0, 0.05, 2000)) ** 2 / 30
    return Trace(*(tuple(float(v) for v in values) for values in (t_s, x, y, head, 2 * head)))
