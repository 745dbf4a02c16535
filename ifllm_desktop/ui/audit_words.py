"""What an audit says in words: why a session is out, what is worth a look, what a chance means."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from ifllm_desktop.analysis.audit_rows import AuditRow, Decision
from ifllm_desktop.analysis.session_quality import Attempt, ErrorAt, Problem, ScorePart
from ifllm_desktop.reading.support import LevelSupport
from ifllm_desktop.ui.home_model import probability
from ifllm_desktop.wording import EXCLUSION_REASONS, gaze_reason, quality_problem

MAX_NOTES = 2
"""More than these would not fit beside the figures; the tooltip has all."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("AuditWords", text)


def rule_words(code: str) -> str:
    """A rule of an exclusion set in a word or two; an unknown code as it is."""
    if code == "by_hand":
        return _tr("by hand")
    return EXCLUSION_REASONS.get(code, code.replace("_", " "))


def decision_words(decision: Decision) -> str:
    """Why a session is excluded, or was taken back in; empty where there is nothing to say."""
    if decision.reason:
        form = _tr("{reason}") if not decision.included else _tr("kept: {reason}")
        return form.format(reason=decision.reason)
    if decision.included:
        return ""
    words = [rule_words(code) for code in decision.rules]
    if len(words) < 2:
        return "".join(words)
    return _tr("{first} and {last}").format(first=", ".join(words[:-1]), last=words[-1])


def note_words(row: AuditRow) -> str:
    """The last column: why it is out, else what is worth a look."""
    decided = decision_words(row.decision)
    if decided:
        return decided
    return " · ".join(notes(row)[:MAX_NOTES])


def notes(row: AuditRow) -> list[str]:
    """What is worth a look, the gravest first."""
    found = [problem_short(problem) for problem in row.problems]
    if row.recovered:
        found.insert(0, _tr("recovered, {n} min").format(n=f"{row.duration_s / 60:.0f}"))
    if row.refits_min:
        found.append(_tr("refit at {n} min").format(n=f"{row.refits_min[0]:.0f}"))
    return [text for text in dict.fromkeys(found) if text]


def problem_short(problem: Problem) -> str:
    """A problem in a few words; empty for what the figures beside it already say."""
    return {
        "no_validation": _tr("not validated"), "no_calibration": _tr("not calibrated"),
        "not_measured": _tr("validation not measured"), "validation_failed": _tr("validation failed"),
        "calibration_lost": _tr("calibration missing"), "few_targets": _tr("few targets"),
        "several_calibrations": _tr("{n} calibrations").format(n=problem.detail), "empty": _tr("empty recording"),
        "unreadable": _tr("cannot be read"), "no_drift_check": _tr("no drift check"), "no_gaze": _tr("no gaze"),
        "screen_size_unknown": _tr("screen size unknown"), "screen_size_zero": _tr("screen size unknown"),
        "distance_unknown": _tr("distance unknown"), "several_screens": _tr("several screens"),
    }.get(problem.code, "")  # fmt: skip


def problem_sentence(problem: Problem) -> str:
    """A problem as a sentence."""
    return quality_problem(problem.code, problem.detail)


def level_words(level: str) -> str:
    """Name of a level."""
    return {
        "word": _tr("Word"), "line": _tr("Line"), "block": _tr("Block"), "side": _tr("Side"),
    }.get(level, level)  # fmt: skip


def support_reason(code: str) -> str:
    """Why a level is refused."""
    return {
        "not_validated": _tr("gaze was not validated"),
        "error_over_line_height": _tr("the vertical error is greater than a line is high"),
        "error_over_two_lines": _tr("the vertical error is greater than two lines are high"),
        "chance_too_low": _tr("the chance is too low"),
        "no_text": _tr("no text was shown"),
        "one_side": _tr("there was only one answer at a time"),
    }.get(code, code.replace("_", " "))


def chance_words(chance: LevelSupport | None) -> str:
    """What a chip of support means."""
    if chance is None:
        return _tr("Not known.")
    if math.isnan(chance.p):
        return _tr("Not known: {reason}.").format(reason=support_reason(chance.reason))
    words = {
        "supported": _tr("supported"), "probable": _tr("supported with its probability"),
        "refused": _tr("refused"),
    }[chance.state]  # fmt: skip
    form = _tr("Chance that one look is put on the right one: {p} – {words}")
    said = form.format(p=probability(chance.p), words=words)
    return f"{said}: {support_reason(chance.reason)}." if chance.reason else f"{said}."


def attempt_words(attempt: Attempt) -> str:
    """What kind of attempt it was."""
    return {
        "full": _tr("all points"), "redo": _tr("one point again"), "refit": _tr("new points added"),
    }.get(attempt.kind, attempt.kind)  # fmt: skip


def figure(value: float, form: str = "{:.2f}", unit: str = "") -> str:
    """A number with its unit; a dash where it is not known."""
    return (form.format(value) + unit) if math.isfinite(value) else "–"


def check_words(kind: str) -> str:
    """What kind of check an error comes from."""
    return {
        "validation": _tr("validation"), "drift": _tr("check"), "recheck": _tr("check after new points"),
        "text": _tr("line of a text"),
    }.get(kind, kind)  # fmt: skip


def action_words(check: ErrorAt) -> str:
    """What followed a check."""
    followed = {
        "refit": _tr("new points"), "kept": _tr("kept though off"), "reverted": _tr("earlier one again"),
        "not_measured": _tr("not measured"), "skipped": _tr("skipped"),
    }  # fmt: skip
    if check.action in followed:
        return followed[check.action]
    return "" if check.ok or check.kind == "validation" else _tr("over the limit")


def reason_words(code: str) -> str:
    """Why an attempt did not do."""
    return gaze_reason(code)


def score_words(part: ScorePart) -> tuple[str, str, str]:
    """Name, what was measured, and points of a rule."""
    names = {
        "accuracy": _tr("error"), "loss": _tr("loss"), "rate": _tr("rate"), "drift": _tr("drift"),
        "on_text": _tr("gaze on text"),
    }  # fmt: skip
    share = part.unit in ("", "share", "%")
    measured = (
        figure(100 * part.value, "{:.1f}", " %") if share else figure(part.value, "{:.2f}", f" {part.unit}")
    )
    points = _tr("{points} of {weight}").format(points=f"{part.points:.0f}", weight=f"{part.weight:g}")
    return (
        names.get(part.name, part.name),
        measured,
        points if math.isfinite(part.points) else _tr("not measured"),
    )
