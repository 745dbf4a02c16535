"""What a validation says, in words and figures: for the participant, for the table, for the paper."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QCoreApplication

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.quality import GradeLimits, angle_deg, gaze_vectors
from ifllm_desktop.protocol import CalibrationPlan
from ifllm_desktop.reading.support import LEVELS, LevelSupport
from ifllm_desktop.session.snapshot import CalibrationOutcome, TargetOutcome, ValidationOutcome

ASSUMED_PX_PER_DEG = GradeLimits().px_per_deg
"""What a degree is taken for where the size of the screen is not known."""
STANDS_OUT = 1.6
"""A point whose error is this many times the median of all is worth a word; below that it is the usual spread."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("GazeWords", text)


def px_per_deg(screen: Screen) -> float:
    """Length of one degree at the centre of the screen, px; NaN where size or distance are not known."""
    return screen.distance_mm * math.tan(math.radians(1.0)) * screen.w_px / screen.w_mm


def error_deg(target: TargetOutcome, screen: Screen) -> float:
    """Angle between a target and the mean of its estimates; NaN where not measured or not known."""
    points = np.array([[target.x_px, target.y_px], [target.mean_x_px, target.mean_y_px]])
    seen = gaze_vectors(points, screen)
    return float(angle_deg(seen[0], seen[1]))


def axis_errors(targets: tuple[TargetOutcome, ...]) -> tuple[float, float]:
    """Mean absolute error in x and y over the measured targets, px; NaN without any."""
    measured = [t for t in targets if math.isfinite(t.error_px)]
    if not measured:
        return math.nan, math.nan
    return (
        statistics.fmean(abs(t.mean_x_px - t.x_px) for t in measured),
        statistics.fmean(abs(t.mean_y_px - t.y_px) for t in measured),
    )


def worst_target(
    targets: tuple[TargetOutcome, ...], measured: frozenset[int] = frozenset()
) -> TargetOutcome | None:
    """The target to do again first: one that was not measured, else that of the greatest error.

    ``measured``: targets that have frames though no error, because no model came of them.
    """
    missing = [t for t in targets if not math.isfinite(t.error_px) and t.target_index not in measured]
    rest = [t for t in targets if math.isfinite(t.error_px)]
    return missing[0] if missing else max(rest, key=lambda t: t.error_px, default=None)


def place_name(target: TargetOutcome, screen: Screen) -> str:
    """Where a target stands: ``top left`` … ``lower right``."""
    column = _third(target.x_px / screen.w_px)
    row = _third(target.y_px / screen.h_px)
    names = (
        (_tr("top left"), _tr("top"), _tr("top right")),
        (_tr("left"), _tr("centre"), _tr("right")),
        (_tr("lower left"), _tr("bottom"), _tr("lower right")),
    )
    return names[row][column]


def _third(share: float) -> int:
    # targets stand at .22, .42 … .58 and .78 of the screen: what is not near an edge is the middle
    return 0 if share < 1 / 3 else 2 if share > 2 / 3 else 1


def headline(validation: ValidationOutcome | None, screen: Screen) -> str:
    """One sentence that a participant understands, and where it applies a second one on the weakest place."""
    verdicts = {
        "A": _tr("That went very well."), "B": _tr("That went well."),
        "C": _tr("That is good enough."), "D": _tr("That did not go well enough."),
    }  # fmt: skip
    grade = validation.grade if validation is not None else ""
    verdict = verdicts.get(grade, _tr("That could not be measured."))
    if validation is not None and not validation.ok and grade in ("A", "B", "C"):
        verdict = _tr("That did not go well enough.")
    hint = _weak_place(validation.targets, screen) if validation is not None and grade else ""
    return _tr("{verdict} {hint}").format(verdict=verdict, hint=hint) if hint else verdict


def _weak_place(targets: tuple[TargetOutcome, ...], screen: Screen) -> str:
    measured = [t.error_px for t in targets if math.isfinite(t.error_px)]
    n_missing = len(targets) - len(measured)
    if n_missing == 1:
        return _tr("One point could not be measured.")
    if n_missing:
        return _tr("{n} points could not be measured.").format(n=n_missing)
    worst = worst_target(targets)
    if worst is None or len(measured) < 3 or worst.error_px < STANDS_OUT * statistics.median(measured):
        return ""
    column, row = _third(worst.x_px / screen.w_px), _third(worst.y_px / screen.h_px)
    if column == 1 and row == 1:
        return _tr("The centre could be better.")
    return _tr("One side could be better.") if 1 in (column, row) else _tr("One corner could be better.")


def measured_on(targets: tuple[TargetOutcome, ...], calibration: CalibrationOutcome | None = None) -> str:
    """How it was measured, and how to read the map; without a validation, how far the calibration came."""
    if not targets and calibration is not None and calibration.targets:
        n = sum(t.state != "not_measured" for t in calibration.targets)
        form = _tr(
            "{n} of {total} points could be measured; the map shows which. How exact they are is not known."
        )
        return form.format(n=n, total=len(calibration.targets))
    if not targets:
        return _tr("No new point could be measured, so nothing is known about the accuracy.")
    return _tr(
        "Measured on {n} new points that were not used to calibrate. Arrows lead from where the point was to "
        "where the camera saw you look."
    ).format(n=len(targets))


def good_for(levels: Mapping[str, LevelSupport] | None) -> str:
    """What the measured error is good for, in half a sentence: the bars in words; empty without a measurement."""
    if levels is None:
        return ""
    names = {
        ("side", "supported"): _tr("sides"), ("side", "probable"): _tr("some sides"),
        ("block", "supported"): _tr("blocks"), ("block", "probable"): _tr("some blocks"),
        ("line", "supported"): _tr("lines"), ("line", "probable"): _tr("some lines"),
        ("word", "supported"): _tr("words"), ("word", "probable"): _tr("some words"),
    }  # fmt: skip
    offered = [names[level, levels[level].state] for level in LEVELS if levels[level].state != "refused"]
    if not offered:
        return _tr("Too coarse to tell even the side")
    if len(offered) == 1:
        return _tr("Good for {name} only").format(name=offered[0])
    return _tr("Good for {names} and {last}").format(names=", ".join(offered[:-1]), last=offered[-1])


def grade_rule(plan: CalibrationPlan, screen: Screen) -> str:
    """How the grade is made, and what had to be assumed for it."""
    a, b, c = plan.grades_deg
    rule = _tr("Grades: A below {a:g}°, B below {b:g}°, C below {c:g}°, D above.").format(a=a, b=b, c=c)
    if math.isfinite(px_per_deg(screen)):
        return rule
    assumed = _tr(
        "The size of this screen is not known, so the error is measured in px and the grade takes {px:g} px for "
        "one degree."
    ).format(px=ASSUMED_PX_PER_DEG)
    return _tr("{rule} {assumed}").format(rule=rule, assumed=assumed)


def scale_words(screen: Screen) -> str:
    """The words beside the length of one degree on the map."""
    known = px_per_deg(screen)
    if math.isfinite(known):
        return _tr("1° = {px:.0f} px at the centre").format(px=known)
    return _tr("1° taken for {px:g} px").format(px=ASSUMED_PX_PER_DEG)


def screen_words(screen: Screen) -> str:
    """Size of the screen as far as it is known."""
    px = _tr("{w:.0f} × {h:.0f} px").format(w=screen.w_px, h=screen.h_px)
    if not math.isfinite(screen.w_mm + screen.h_mm + screen.distance_mm):
        return _tr("{px}, size in cm not known").format(px=px)
    return _tr("{px}, {w:.1f} × {h:.1f} cm, at {d:.0f} cm").format(
        px=px, w=screen.w_mm / 10, h=screen.h_mm / 10, d=screen.distance_mm / 10
    )


def reason_sentence(code: str) -> str:
    """Why an attempt did not do and what helps; never whose fault it was."""
    return {
        "too_few_targets": _tr("Too few points could be measured. More light on your face helps."),
        "no_face": _tr("The camera did not see your eyes. Sit in the middle of its picture and try again."),
        "stopped": _tr("It was stopped before the end. What was measured until then is kept."),
        "error_too_large": _tr("The error is greater than this study allows. A second try often helps."),
        "too_many_lost": _tr("Your eyes were lost too often. More light, or less reflection, helps."),
        "no_gaze": _tr("Gaze was not recorded."),
        "not_followed": _tr("Your eyes and the moving dot did not go together. Follow it all the way round."),
    }.get(code, _tr("It did not reach the study's limits. A second try often helps."))


def paper_sentence(validation: ValidationOutcome, screen: Screen, *, simulated: bool = False) -> str:
    """Accuracy, precision, loss and rate as a paper has to report them; px alone where the size is not known.

    Gaze of a simulated participant is called so: the sentence is copied without the page around it.
    """
    n_measured = sum(math.isfinite(t.error_px) for t in validation.targets)
    x_px, y_px = axis_errors(validation.targets)
    degrees = mean_error_deg(validation, screen)
    values = {
        "n": n_measured, "total": len(validation.targets), "px": validation.accuracy_px, "x": x_px, "y": y_px,
        "deg": degrees, "sd": math.hypot(*validation.sd_px), "loss": 100 * validation.loss,
        "hz": validation.rate_hz,
    }  # fmt: skip
    if math.isfinite(degrees):
        form = _tr(
            "Accuracy on {n} of {total} held-out targets was {deg:.2f}° ({px:.0f} px; x {x:.0f}, y {y:.0f}), "
            "precision (STD) {sd:.0f} px, data loss {loss:.1f} %, effective rate {hz:.1f} Hz."
        )
    else:
        form = _tr(
            "Accuracy on {n} of {total} held-out targets was {px:.0f} px (x {x:.0f}, y {y:.0f}; size of the "
            "screen not known), precision (STD) {sd:.0f} px, data loss {loss:.1f} %, effective rate {hz:.1f} Hz."
        )
    words = form.format(**values)
    return _tr("The gaze is of a simulated participant. {words}").format(words=words) if simulated else words


def mean_error_deg(validation: ValidationOutcome, screen: Screen) -> float:
    """Mean over targets of the angle between target and mean estimate; NaN where not known."""
    angles = [error_deg(t, screen) for t in validation.targets if math.isfinite(t.error_px)]
    return statistics.fmean(angles) if angles else math.nan


def signed(value: float) -> str:
    """A whole number with its sign, with a minus as wide as a plus."""
    rounded = round(value)
    return f"{rounded:+d}".replace("-", "−") if rounded else "0"
