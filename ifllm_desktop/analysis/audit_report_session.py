"""One session in the report of an audit: every attempt side by side, checks, traces, and what it supports."""

from __future__ import annotations

import math

from ifllm_desktop.analysis.audit_figures import TargetErrors, TargetFigure, TimeFigure
from ifllm_desktop.analysis.audit_rows import AuditRow
from ifllm_desktop.analysis.audit_study import session_line, targets_figure
from ifllm_desktop.analysis.audit_svg import escaped, targets_svg, time_svg, trace_svg
from ifllm_desktop.analysis.session_quality import Attempt, SessionQuality
from ifllm_desktop.reading.support import LevelSupport
from ifllm_desktop.wording import gaze_reason, quality_problem

LEVELS = ("side", "block", "line", "word")
_KINDS = {"full": "all points", "redo": "one point again", "refit": "new points added"}
_CHECKS = {
    "validation": "validation", "drift": "drift check", "recheck": "check after new points", "text": "line of a text",
}  # fmt: skip
_SUPPORT = {
    "not_validated": "gaze was not validated",
    "error_over_line_height": "the vertical error is greater than a line is high",
    "error_over_two_lines": "the vertical error is greater than two lines are high",
    "chance_too_low": "the chance is too low",
    "no_text": "no text was shown",
    "one_side": "there was only one answer at a time",
}


def number(value: float, digits: int = 2) -> str:
    """A number, or a dash where it is not known."""
    return f"{value:.{digits}f}".replace("-", "−") if math.isfinite(value) else "–"


def chip(support: LevelSupport | None) -> str:
    """A chance with its state, told by words too."""
    if support is None or math.isnan(support.p):
        return '<span class="chip refused">not known</span>'
    mark = {"supported": "✓", "probable": "~", "refused": "✕"}.get(support.state, "")
    p = f"{support.p:.2f}".removeprefix("0")
    said = (
        f"{support.state}: {_SUPPORT.get(support.reason, support.reason)}"
        if support.reason
        else support.state
    )
    return f'<span class="chip {escaped(support.state)}" title="{escaped(said)}">{mark} {p}</span>'


def session_section(quality: SessionQuality, row: AuditRow) -> str:
    """A session that folds out."""
    q = quality
    error = f"{number(q.accuracy.deg)}°, " if math.isfinite(q.accuracy.deg) else ""
    said = f"grade {row.grade}, {error}{number(q.accuracy.px, 0)} px" if row.grade else "not validated"
    if not row.has_gaze:
        said = "pointer only"
    state = "" if row.included else " · excluded"
    parts = [
        f'<details id="{escaped(q.session_id)}">',
        f"<summary>{escaped(row.name)}<span>{escaped(said)}{state}</span></summary>",
        _facts(q),
        _problems(q),
        _attempts(q),
        _over_time(q),
        _support(q),
        _score(q),
        "</details>",
    ]
    return "".join(parts)


def _facts(q: SessionQuality) -> str:
    p, head = q.precision, q.head
    precision = (
        f"STD {number(p.std_deg)}° ({number(p.std_px, 0)} px), RMS-S2S {number(p.rms_s2s_deg)}° at "
        f"{number(p.rate_hz, 1)} Hz, ratio {number(p.ratio)}"
    )
    loss = (
        f"{number(100 * q.loss.loss, 1)} % of frames, {number(100 * q.loss.loss_by_time, 1)} % by time; longest gap "
        f"{number(q.longest_gap_s, 1)} s"
    )
    moved = (
        f"{number(head.shift_cm, 1)} cm (95 %: {number(head.shift_p95_cm, 1)}), {number(head.turn_deg, 1)}° "
        f"(95 %: {number(head.turn_p95_deg, 1)}) from where it was calibrated"
    )
    entries = (
        ("Session", q.session_id),
        ("Length", f"{number(q.duration_s / 60, 1)} min, {q.n_segments} recording{'s' if q.n_segments != 1 else ''}"),
        ("Screen", _screen(q)),
        ("Calibration", f"{q.method or 'none'}, {q.n_points} points, {q.n_validation_targets} held-out targets"),
        ("Error across, down", f"{number(q.accuracy.x_px, 0)}, {number(q.accuracy.y_px, 0)} px"),
        ("Precision (raw)", precision),
        ("Loss", loss),
        ("Lost because", ", ".join(f"{s.name.replace('_', ' ')} {s.n_frames}" for s in q.loss.by_reason) or "–"),
        ("Effective rate", f"{number(q.loss.effective_hz, 1)} of {number(q.loss.nominal_hz, 1)} Hz"),
        ("Head", moved),
        ("Gaze on text", f"{number(100 * q.on_text, 0)} %"),
    )  # fmt: skip
    lines = "".join(f"<dt>{escaped(k)}</dt><dd>{escaped(v)}</dd>" for k, v in entries)
    return f"<dl>{lines}</dl>"


def _screen(q: SessionQuality) -> str:
    px = f"{q.screen.w_px:.0f} × {q.screen.h_px:.0f} px"
    if not q.screen_known:
        return f"{px}, size or distance not known"
    s = q.screen
    return (
        f"{px}, {s.w_mm / 10:.1f} × {s.h_mm / 10:.1f} cm ({s.size_source}), at {s.distance_mm / 10:.0f} cm "
        f"({s.distance_source})"
    )


def _problems(q: SessionQuality) -> str:
    if not q.problems:
        return ""
    lines = "".join(f"<li>{escaped(quality_problem(p.code, p.detail))}</li>" for p in q.problems)
    return f'<ul class="warning">{lines}</ul>'


def attempt_figure(attempt: Attempt, screen_px: tuple[float, float]) -> TargetFigure:
    """Validation targets of an attempt; its calibration points, left out in turn, where there was no validation."""
    if attempt.targets:
        return targets_figure(attempt.targets, screen_px)
    points = tuple(TargetErrors(p.x_px, p.y_px, p.left_out_x_px, p.left_out_y_px) for p in attempt.points)
    return TargetFigure(screen_px, points, 1)


def _attempts(q: SessionQuality) -> str:
    if not q.attempts:
        return ""
    counts = next((a for a in q.attempts if a.attempt_id == q.main_attempt), None)
    cards = "".join(_attempt(a, counts, q) for a in q.attempts)
    return f'<h3>Every attempt to calibrate</h3><div class="attempts">{cards}</div>'


def _attempt(a: Attempt, counts: Attempt | None, q: SessionQuality) -> str:
    name = f"{a.number} · {_KINDS.get(a.kind, a.kind)}"
    figure = attempt_figure(a, (q.screen.w_px, q.screen.h_px))
    what = "validation" if a.targets else "calibration points, each left out in turn"
    drawing = ""
    if figure.targets:
        title = f"Attempt {name}: error at each point"
        drawing = targets_svg(figure, title, f"{what}, mean error {number(a.accuracy.px, 0)} px", 220.0)
    change = ""
    if counts is not None and counts is not a and math.isfinite(a.accuracy.px - counts.accuracy.px):
        change = f" ({a.accuracy.px - counts.accuracy.px:+.0f})".replace("-", "−")
    entries = (
        ("grade", a.accuracy.grade if math.isfinite(a.accuracy.px) else "–"),
        ("error", f"{number(a.accuracy.px, 0)} px{change}, {number(a.accuracy.deg)}°"),
        ("left out", f"{number(a.left_out_px, 0)} px, {a.n_points} points"),
        ("loss, rate", f"{number(100 * a.loss, 1)} %, {number(a.rate_hz, 1)} Hz"),
    )
    lines = "".join(f"<dt>{escaped(k)}</dt><dd>{escaped(v)}</dd>" for k, v in entries)
    reason = a.reason if not a.calibrated else a.accuracy.reason if a.validated else ""
    words = f'<p class="warning">{escaped(gaze_reason(reason))}</p>' if reason else ""
    used = " used" if a is counts else ""
    accepted = " · used" if a.accepted else ""
    return (
        f'<div class="card{used}"><b>{escaped(name)}{accepted}</b>{drawing}'
        f'<p class="muted">{escaped(what)}</p><dl>{lines}</dl>{words}</div>'
    )


def _over_time(q: SessionQuality) -> str:
    parts = []
    checks = q.drift.checks
    if checks:
        unit = "deg" if any(math.isfinite(c.error_deg) for c in checks) else "px"
        lines = "".join(
            f'<tr><td class="n">{number(c.minutes, 1)}</td><td>{escaped(_CHECKS.get(c.kind, c.kind))}</td>'
            f'<td class="n">{number(c.error_px, 0)}</td><td class="n">{number(c.error_deg)}</td>'
            f'<td class="n">{number(c.threshold_px, 0)}</td><td>{"yes" if c.ok else "no"}</td>'
            f"<td>{escaped('' if c.action == 'none' else c.action.replace('_', ' '))}</td></tr>"
            for c in checks
        )
        parts.append('<div class="grid">')
        if len(checks) > 1:
            line = session_line(q, unit)
            parts.append(
                time_svg(
                    TimeFigure(unit, has_checks=True),
                    "Error during the session",
                    f"{len(checks)} checks, {unit}",
                    line,
                )
            )
        parts.append(
            '<div class="scroll"><table><caption>Error after the calibration was accepted</caption><thead><tr>'
            '<th scope="col" class="n">min</th><th scope="col">what</th><th scope="col" class="n">px</th>'
            '<th scope="col" class="n">deg</th><th scope="col" class="n">limit, px</th><th scope="col">within</th>'
            f'<th scope="col">then</th></tr></thead><tbody>{lines}</tbody></table></div></div>'
        )
    if len(q.trace.t_s) > 1:
        size = (q.screen.w_px, q.screen.h_px)
        parts.append(
            trace_svg(q.trace, size, "Gaze and head over time", "Gaps in the lines are gaps in gaze")
        )
    return f"<h3>Over time</h3>{''.join(parts)}" if parts else ""


def _support(q: SessionQuality) -> str:
    by_level = {s.level: s for s in q.support}
    lines = []
    for level in LEVELS:
        support = by_level.get(level)
        reason = _SUPPORT.get(support.reason, support.reason) if support is not None else "not known"
        lines.append(f"<dt>{level}</dt><dd>{chip(support)} {escaped(reason)}</dd>")
    return f"<h3>What it supports</h3><dl>{''.join(lines)}</dl>"


def _score(q: SessionQuality) -> str:
    if not q.score.parts:
        return ""
    lines = "".join(
        f"<dt>{escaped(p.name.replace('_', ' '))}</dt><dd>{number(p.points, 0)} of {p.weight:g}"
        f"{', beyond the limit of the study' if p.excludes else ''}</dd>"
        for p in q.score.parts
    )
    return f"<h3>Quality score {number(q.score.total, 0)} of 100</h3><dl>{lines}</dl>"
