"""The verb ``ifllm-desktop audit``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ifllm_desktop.cli_terminal import Report, Terminal

_COLUMNS = (
    ("Session", 12), ("Grade", 5), ("px", 5), ("deg", 6), ("STD", 6), ("Loss %", 7), ("Hz", 6), ("Head cm", 8),
    ("Score", 6), ("Side", 5), ("Block", 6), ("Line", 5), ("Word", 5),
)  # fmt: skip
_MARKS = {"supported": " ", "probable": "~", "refused": "×"}


def add_audit(verbs: Any, terminal: Terminal) -> None:
    """The verb with its options."""

    def audit(options: argparse.Namespace) -> int:
        if not (options.json or options.table or options.report):
            from ifllm_desktop import app

            return app.open_audit(options.study, options.session)
        from ifllm_desktop import compose_audit

        report = compose_audit.audit(
            options.study, options.session, options.set_name, options.report, terminal.say
        )
        terminal.emit(options, report, words(report))
        return 0

    parser = terminal.verb(
        verbs, "audit", "How good the gaze of each session is, what it supports, and which sessions count.",
        "audit my-study --report audit.html", audit,
    )  # fmt: skip
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("session", nargs="?", metavar="SESSION", help="one session (default: all of them)")
    parser.add_argument(
        "--report", type=Path, metavar="FILE.html", help="no window: write a report that needs nothing else"
    )
    parser.add_argument("--table", action="store_true", help="no window: print a table")
    parser.add_argument(
        "--set", dest="set_name", default="main", metavar="NAME", help="exclusion set (default: main)"
    )


def words(report: Report) -> str:
    """The report as a table for a terminal, then what a paper would say."""
    head = "  ".join(
        name.rjust(width) if k else name.ljust(width) for k, (name, width) in enumerate(_COLUMNS)
    )
    lines = [f"  {head}  Note", *(_row(entry) for entry in report["sessions"])]
    lines += [f"! {e['participant_id'].ljust(12)}  {e['reason']}" for e in report["unreadable"]]
    if report["quality"]:
        lines += ["", *_one(report["quality"])]
    n = len(report["sessions"]) + len(report["unreadable"])
    removed = ", ".join(f"{_code(r['code'])} {r['n']} ({r['n_alone']} alone)" for r in report["removed_by"])
    lines += ["", f"Set {report['set']}: {report['n_included']} of {n} sessions count."]
    lines += [f"Removed by: {removed}."] if removed else []
    lines += ["", report["paper"]["sentences"]]
    lines += ["", f"Report: {report['report']}"] if report["report"] else []
    return "\n".join(lines)


def _row(entry: Report) -> str:
    loss = None if entry["loss"] is None else 100 * entry["loss"]
    values = (
        f"{entry['participant_id']} · {entry['number']}", entry["grade"] or "–",
        _figure(entry["accuracy_px"], "{:.0f}"), _figure(entry["accuracy_deg"]), _figure(entry["std_deg"]),
        _figure(loss, "{:.1f}"), _figure(entry["effective_hz"], "{:.1f}"), _figure(entry["head_cm"], "{:.1f}"),
        _figure(entry["score"], "{:.0f}"),
        *(_chance(entry["support"].get(level)) for level in ("side", "block", "line", "word")),
    )  # fmt: skip
    cells = [
        value.rjust(width) if k else value.ljust(width)
        for k, (value, (_, width)) in enumerate(zip(values, _COLUMNS, strict=True))
    ]
    return f"{'✓' if entry['included'] else '–'} {'  '.join(cells)}  {_note(entry)}".rstrip()


def _note(entry: Report) -> str:
    if entry["reason"]:
        return f"kept: {entry['reason']}" if entry["included"] else str(entry["reason"])
    if entry["rules"]:
        return " and ".join(_code(code) for code in entry["rules"])
    return "; ".join(problem["words"] for problem in entry["problems"][:1])


def _one(quality: Report) -> list[str]:
    """What one session's page would show."""
    lines = ["Attempts:"]
    for attempt in quality["attempts"]:
        accuracy = attempt["accuracy"]
        said = (
            f"{_figure(accuracy['px'], '{:.0f}')} px, {_figure(accuracy['deg'])}°"
            if attempt["validated"]
            else "not validated"
        )
        mark = "accepted" if attempt["accepted"] else "not accepted"
        lines.append(
            f"  {attempt['number']}. {attempt['kind']}, {attempt['n_points']} targets, {said}, {mark}"
        )
        lines += [
            f"     at ({t['x_px']:.0f}, {t['y_px']:.0f}): x {_figure(t['error_x_px'], '{:+.0f}')}, "
            f"y {_figure(t['error_y_px'], '{:+.0f}')} px, {t['n_frames']} frames"
            for t in attempt["targets"]
        ]
    lines.append("Score:")
    for part in quality["score"]["parts"]:
        points = "not measured" if part["points"] is None else f"{part['points']:.1f} of {part['weight']:.0f}"
        unit = f" {part['unit']}" if part["unit"] else ""
        lines.append(
            f"  {part['name'].ljust(9)} {points.ljust(13)} {_figure(part['value'], '{:.3g}')}{unit} "
            f"(all from {part['full']:g}, none from {part['limit']:g})"
        )
    return lines


def _chance(level: Report | None) -> str:
    if level is None or level["p"] is None:
        return "–"
    return f"{_MARKS[level['state']]}{level['p']:.2f}".replace("0.", ".")


def _figure(value: float | None, form: str = "{:.2f}") -> str:
    return "–" if value is None else form.format(value)


def _code(code: str) -> str:
    from ifllm_desktop.wording import EXCLUSION_REASONS

    return EXCLUSION_REASONS.get(code, code.replace("_", " "))
