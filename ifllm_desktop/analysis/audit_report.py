"""The audit of a study as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ifllm_desktop.analysis.audit_report_session import LEVELS, chip, number, session_section
from ifllm_desktop.analysis.audit_report_style import style
from ifllm_desktop.analysis.audit_rows import AuditRow, Decision, audit_rows
from ifllm_desktop.analysis.audit_study import StudyFigures, study_figures
from ifllm_desktop.analysis.audit_summary import Measure, summary
from ifllm_desktop.analysis.audit_svg import escaped, gaps_svg, heat_svg, targets_svg, time_svg
from ifllm_desktop.analysis.session_quality import SessionQuality
from ifllm_desktop.wording import EXCLUSION_REASONS

GENERATOR = "ifllm_desktop audit"
"""Stands in the head of each report, by which it is known again as one that can be made anew."""


@dataclass(frozen=True, slots=True)
class SetFacts:
    """One exclusion set: its rules in words, how many it keeps, and why it leaves the others out (reason: count)."""

    name: str
    rules: str
    n_included: int
    n_excluded: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What the report says of itself and of where its figures come from.

    Attributes
    ----------
    written : str
        When, in words.
    protocol_sha256 : str
        Hash of the study file by whose limits sessions were judged.
    set_name : str
        Exclusion set that the figures and the sentences are made from.
    paper : str
        Sentences for the paper.
    paper_table : tuple of (item, value)
        What else a paper should report, for its supplement.
    limit_deg : float
        Error above which that set excludes; NaN without such a rule.
    """

    title: str
    study_id: str
    written: str
    app_version: str
    protocol_sha256: str = ""
    set_name: str = ""
    sets: tuple[SetFacts, ...] = ()
    paper: str = ""
    paper_table: tuple[tuple[str, str], ...] = ()
    limit_deg: float = math.nan


def audit_html(
    qualities: Sequence[SessionQuality], decisions: Mapping[str, Decision], facts: ReportFacts
) -> str:
    """The whole report.

    Parameters
    ----------
    qualities : sequence of SessionQuality
        Every session of the study; those that have a trace get a plot of it.
    decisions : mapping of str to Decision
        Who is out in the chosen exclusion set, by session id.

    Returns
    -------
    str
        A document that is well-formed as HTML and as XML.
    """
    rows = audit_rows(qualities, decisions)
    included = {row.session_id for row in rows if row.included}
    figures = study_figures(qualities, included, facts.limit_deg)
    kept = [q for q in qualities if q.session_id in included]
    title = f"Audit of {facts.title}"
    body = [
        _header(title, facts, rows),
        "<main>",
        _key_figures(figures, rows, summary(kept)),
        _plots(figures),
        _paper(facts, summary(kept)),
        _sets(facts),
        _sessions(rows),
        '<section aria-labelledby="each"><h2 id="each">Each session</h2><p class="muted">Open one for details.</p>',
        *(session_section(q, row) for q, row in zip(qualities, rows, strict=True)),
        "</section>",
        _provenance(qualities, facts),
        "</main>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml">\n<head><meta charset="utf-8"/>'
        f'<meta name="generator" content="{GENERATOR}"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escaped(title)}</title><style>{style()}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def reason_counts(rows: Sequence[AuditRow]) -> dict[str, int]:
    """How many sessions are out for each reason: the rules that speak against them, or what somebody wrote."""
    counts: Counter[str] = Counter()
    for row in rows:
        if not row.included:
            decision = row.decision
            words = [EXCLUSION_REASONS.get(code, code) for code in decision.rules]
            counts[decision.reason or " and ".join(words) or "not said"] += 1
    return dict(counts.most_common())


# ---- parts -----------------------------------------------------------------------------------


def _header(title: str, facts: ReportFacts, rows: Sequence[AuditRow]) -> str:
    simulated = sum(row.devices != "real" for row in rows)
    note = (
        f'<p class="warning">{simulated} of {len(rows)} sessions are of simulated participants or video files: '
        "not data of people.</p>"
        if simulated else ""
    )  # fmt: skip
    return (
        f"<header><h1>{escaped(title)}</h1>"
        f'<p class="muted">Written {escaped(facts.written)} by IFLLM Desktop {escaped(facts.app_version)}. '
        f"Exclusion set <b>{escaped(facts.set_name)}</b>. Every figure is made per session, then per person, then "
        f"over people; intervals are 95 % bootstraps over people.</p>{note}</header>"
    )


def _key_figures(figures: StudyFigures, rows: Sequence[AuditRow], measures: Sequence[Measure]) -> str:
    by_name = {(m.name, m.unit): m for m in measures}
    tiles = [
        (f"{sum(r.included for r in rows)} of {len(rows)}", "sessions included"),
        (str(figures.n_people), "people"),
        (f"{figures.hours:.1f} h", "recorded"),
    ]
    for name, unit, form, words in (
        ("Accuracy on held-out targets", "deg", "{:.2f}°", "accuracy, median"),
        ("Accuracy on held-out targets", "px", "{:.0f} px", "accuracy, median"),
        ("Precision, STD (raw)", "deg", "{:.2f}°", "precision (STD), median"),
        ("Data loss, frames without gaze", "%", "{:.1f} %", "data loss, median"),
        ("Effective rate", "Hz", "{:.1f} Hz", "effective rate, median"),
    ):
        measure = by_name.get((name, unit))
        if measure is not None and math.isfinite(measure.median):
            tiles.append((form.format(measure.median), words))
    inside = "".join(f"<div><b>{escaped(v)}</b><span>{escaped(w)}</span></div>" for v, w in tiles)
    notes = []
    if figures.mixed_screens:
        notes.append("Screens differ in size, so errors are compared in degrees only.")
    if figures.n_sessions and figures.n_people < 3:
        notes.append("There are too few people for intervals.")
    if figures.targets.n_sessions and not figures.has_deg:
        notes.append("No screen has a known size and distance, so errors are in px only.")
    return f'<div class="figures">{inside}</div>' + "".join(
        f'<p class="muted">{escaped(n)}</p>' for n in notes
    )


def _plots(figures: StudyFigures) -> str:
    cards = []
    if figures.targets.targets:
        n = figures.targets.n_sessions
        cards.append((
            "Error at each target",
            targets_svg(figures.targets, "Error at each target", f"Mean error of {n} sessions at each target"),
            f"Mean over people and 68 % ellipse over people, {n} sessions; thin lines are single sessions.",
        ))  # fmt: skip
    if figures.heat.px.size:
        unit = figures.heat.shown[1]
        text = f"Median over people in each part of the screen, {unit}; – was not measured."
        cards.append(("Error over the screen", heat_svg(figures.heat, "Error over the screen", text), text))
    if figures.time.lines:
        text = (
            "Validation at minute 0, then each drift check; grey: sessions, black: median with its interval."
        )
        if not figures.time.has_checks:
            text = "No session has a drift check: only the error at the start is known."
        cards.append(("Error during a session", time_svg(figures.time, "Error during a session", text), text))
    gaps = figures.gaps
    if len(gaps.share) and gaps.share.sum() > 0:
        text = "Share of gaps by their length."
        if math.isfinite(gaps.long_loss):
            text += f" {100 * gaps.long_share:.0f} % last over {gaps.long_ms / 1000:.2g} s and hold "
            text += f"{100 * gaps.long_loss:.0f} % of the loss."
        cards.append(("Gaps in gaze", gaps_svg(gaps, "Gaps in gaze", text), text))
    if not cards:
        return '<p class="card">No calibration was validated, so there is nothing to show.</p>'
    inside = "".join(
        f'<figure class="card"><h3>{escaped(title)}</h3>{drawing}<figcaption>{escaped(text)}</figcaption></figure>'
        for title, drawing, text in cards
    )
    return f'<div class="grid">{inside}</div>'


def _paper(facts: ReportFacts, measures: Sequence[Measure]) -> str:
    text = f"<blockquote><p>{escaped(facts.paper)}</p></blockquote>" if facts.paper else ""
    lines = "".join(
        f'<tr><th scope="row">{escaped(m.name)}</th><td>{escaped(m.unit)}</td><td class="n">{number(m.median)}</td>'
        f'<td class="n">{_interval(m.low, m.high)}</td><td class="n">{_interval(m.q1, m.q3)}</td>'
        f'<td class="n">{m.n_people}</td><td class="n">{m.n_sessions}</td></tr>'
        for m in measures
    )
    return (
        f'<section aria-labelledby="paper"><h2 id="paper">For the paper</h2>{text}<div class="scroll"><table>'
        "<caption>Included sessions; medians over people, each person counts once. – is not known.</caption>"
        '<thead><tr><th scope="col">Measure</th><th scope="col">Unit</th><th scope="col" class="n">Median</th>'
        '<th scope="col" class="n">95 % interval</th><th scope="col" class="n">Quartiles</th>'
        '<th scope="col" class="n">People</th><th scope="col" class="n">Sessions</th></tr></thead>'
        f"<tbody>{lines}</tbody></table></div>{_supplement(facts)}</section>"
    )


def _supplement(facts: ReportFacts) -> str:
    if not facts.paper_table:
        return ""
    lines = "".join(f"<dt>{escaped(item)}</dt><dd>{escaped(value)}</dd>" for item, value in facts.paper_table)
    return f"<details><summary>What else to report</summary><dl>{lines}</dl></details>"


def _interval(low: float, high: float) -> str:
    return f"{number(low)} – {number(high)}" if math.isfinite(low + high) else "–"


def _sets(facts: ReportFacts) -> str:
    if not facts.sets:
        return ""
    lines = "".join(
        f'<tr><th scope="row">{escaped(s.name)}{" (shown)" if s.name == facts.set_name else ""}</th>'
        f"<td>{escaped(s.rules)}</td>"
        f'<td class="n">{s.n_included}</td><td class="n">{s.n_excluded}</td>'
        f"<td>{escaped(', '.join(f'{reason}: {n}' for reason, n in s.reasons.items()) or '–')}</td></tr>"
        for s in facts.sets
    )
    return (
        '<section aria-labelledby="sets"><h2 id="sets">Exclusion sets</h2><div class="scroll"><table><thead><tr>'
        '<th scope="col">Set</th><th scope="col">Rules</th><th scope="col" class="n">Included</th>'
        '<th scope="col" class="n">Excluded</th><th scope="col">Why</th></tr></thead>'
        f"<tbody>{lines}</tbody></table></div></section>"
    )


def _sessions(rows: Sequence[AuditRow]) -> str:
    heads = ("Session", "Grade", "px", "deg", "STD, deg", "Loss, %", "Hz", "Head, cm", "Score")
    head = "".join(f'<th scope="col"{" class=n" if k > 1 else ""}>{h}</th>' for k, h in enumerate(heads))
    head = head.replace("class=n", 'class="n"')
    levels = "".join(f'<th scope="col">{escaped(level.capitalize())}</th>' for level in LEVELS)
    lines = "".join(_session_line(row) for row in rows)
    return (
        '<section aria-labelledby="sessions"><h2 id="sessions">Sessions</h2><div class="scroll"><table>'
        "<caption>Chances are those of one look being put on the right unit, from the session's own error.</caption>"
        f'<thead><tr>{head}{levels}<th scope="col">Included</th></tr></thead><tbody>{lines}</tbody></table></div>'
        "</section>"
    )


def _session_line(row: AuditRow) -> str:
    values = (
        number(row.accuracy_px, 0), number(row.accuracy_deg), number(row.std_deg), number(100 * row.loss, 1),
        number(row.rate_hz, 1), number(row.head_cm, 1), number(row.score, 0),
    )  # fmt: skip
    cells = "".join(f'<td class="n">{value}</td>' for value in values)
    chips = "".join(f"<td>{chip(row.chances.get(level))}</td>" for level in LEVELS)
    decided = decision_text(row.decision)
    state = f"yes{': ' if decided else ''}{escaped(decided)}" if row.included else f"no: {escaped(decided)}"
    look = "" if row.included else ' class="out"'
    return (
        f'<tr{look}><th scope="row"><a href="#{escaped(row.session_id)}">{escaped(row.name)}</a></th>'
        f"<td>{escaped(row.grade or '–')}</td>{cells}{chips}<td>{state}</td></tr>"
    )


def decision_text(decision: Decision) -> str:
    """Why a session is out, or was kept all the same."""
    rules = " and ".join(EXCLUSION_REASONS.get(code, code) for code in decision.rules)
    if decision.included:
        return (
            f"kept in spite of {rules}: {decision.reason}" if rules and decision.reason else decision.reason
        )
    return decision.reason or rules or "no reason given"


def _provenance(qualities: Sequence[SessionQuality], facts: ReportFacts) -> str:
    def counted(values: Sequence[str]) -> str:
        return (
            ", ".join(f"{value or 'not known'} ({n})" for value, n in Counter(values).most_common(6)) or "–"
        )

    screens = [f"{q.screen.w_px:.0f} × {q.screen.h_px:.0f} px" for q in qualities]
    entries = (
        ("Study", f"{facts.title} ({facts.study_id})"),
        ("Written", f"{facts.written}, IFLLM Desktop {facts.app_version}"),
        ("Study file, sha256", facts.protocol_sha256 or "not known"),
        ("Recorded with", counted([q.apparatus.app_version for q in qualities])),
        ("Devices", counted([q.apparatus.devices for q in qualities])),
        ("Cameras", counted([q.apparatus.camera for q in qualities])),
        ("Landmarkers", counted([q.apparatus.landmarker for q in qualities])),
        ("Eye features", counted([q.apparatus.feature_set for q in qualities])),
        ("Screens", counted(screens)),
        ("Version of the figures", counted([str(q.version) for q in qualities])),
        ("Recovered recordings", str(sum(q.recovered for q in qualities))),
    )
    lines = "".join(f"<dt>{escaped(k)}</dt><dd>{escaped(v)}</dd>" for k, v in entries)
    return (
        '<section aria-labelledby="from"><h2 id="from">Where the figures come from</h2>'
        "<p>Accuracy is the angle between each held-out target and the mean gaze there, averaged over targets; errors "
        "of single samples, which hold the scatter as well, are named apart (Niehorster et al. 2026, doi "
        "10.3758/s13428-026-03039-4; what to report: Dunn et al. 2023, doi 10.3758/s13428-023-02187-1). Precision is "
        "that of the raw signal. Figures that were not measured are left open, not set to zero.</p>"
        f'<dl class="card">{lines}</dl></section>'
    )
