"""What a paper has to say of the gaze of a study: a few sentences, and a table of everything that should be reported.

Each figure is made per session, then per person, then over people; intervals are bootstrapped over people. What the
recordings do not tell is said to be not known.

References
----------
What to report: Dunn et al. 2023, Minimal reporting guideline for research involving eye tracking (2023 edition),
Behavior Research Methods, doi 10.3758/s13428-023-02187-1.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ifllm_desktop.analysis.audit_rows import Decision
from ifllm_desktop.analysis.audit_study import MIN_PEOPLE_FOR_INTERVAL, has_mixed_screens, over_people
from ifllm_desktop.analysis.exclusions import removed_by
from ifllm_desktop.analysis.quality_values import SessionQuality
from ifllm_desktop.domain.exclusions import ExclusionRule, ExclusionSet
from ifllm_desktop.reading.support import LEVELS
from ifllm_desktop.wording import EXCLUSION_REASONS

_T = TypeVar("_T")

NOT_KNOWN = "not known"
_MM_PER_CM = 10.0


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One item that should be reported."""

    item: str
    value: str


@dataclass(frozen=True, slots=True)
class Paper:
    """Ready for a paper.

    Attributes
    ----------
    sentences : str
        For the section on methods.
    table : tuple of PaperRow
        Item by item, for the supplement.
    """

    sentences: str
    table: tuple[PaperRow, ...]

    def as_text(self) -> str:
        """The sentences, then the table as lines of ``item: value``."""
        return "\n".join([self.sentences, "", *(f"{row.item}: {row.value}" for row in self.table)])


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """What the recordings themselves do not say.

    Attributes
    ----------
    n_unreadable : int
        Recordings that could not be read; they count among the sessions, and as left out.
    """

    chosen: ExclusionSet
    app_version: str
    n_unreadable: int = 0


def paper(qualities: Sequence[SessionQuality], decisions: Mapping[str, Decision], facts: PaperFacts) -> Paper:
    """Sentences and table for the included sessions.

    Parameters
    ----------
    qualities : sequence of SessionQuality
        Every session of the study that can be read.
    decisions : mapping of str to Decision
        Who counts, by session id.
    """
    kept = [q for q in qualities if decisions[q.session_id].included]
    table = _table(kept, qualities, decisions, facts)
    if not kept:
        n = len(qualities) + facts.n_unreadable
        return Paper(f"None of the {_count(n, 'session')} is included, so there is nothing to report.", table)
    return Paper(" ".join(_sentences(kept, qualities, facts)), table)


# ---- sentences -------------------------------------------------------------------------------


def _sentences(
    kept: Sequence[SessionQuality], all_: Sequence[SessionQuality], facts: PaperFacts
) -> list[str]:
    measured = [q for q in kept if math.isfinite(q.accuracy.px)]
    out = []
    simulated = sum(q.apparatus.devices != "real" for q in kept)
    if simulated:
        video = " or a video file" if any(q.apparatus.devices == "video" for q in kept) else ""
        what = (
            f"The session is of a simulated participant{video}" if len(kept) == 1
            else f"{'All' if simulated == len(kept) else f'{simulated} of the'} {len(kept)} sessions are of simulated "
            f"participants{video}"
        )  # fmt: skip
        out.append(f"{what}, not of people.")
    rate = _over(kept, lambda q: q.loss.effective_hz, "{:.1f}", " Hz", interval=False)
    out.append(f"Gaze was estimated from a webcam ({rate} effective, {_calibration(kept)} calibration).")
    if measured:
        out.append(_accuracy_sentence(measured))
    else:
        out.append("The error of the gaze is not known, because no calibration was validated.")
    out.append(f"Data loss was {_over(kept, lambda q: 100 * q.loss.loss, '{:.1f}', ' %')} of the frames.")
    out.append(_drift_sentence(kept))
    out.append(_exclusion_sentence(len(kept), all_, facts))
    out.append(_claims_sentence(kept))
    if len({q.participant_id for q in kept}) < MIN_PEOPLE_FOR_INTERVAL:
        out.append("With fewer than three people no intervals are given.")
    else:
        out.append("Figures are medians over people, in brackets with their 95 % bootstrap intervals.")
    return [sentence for sentence in out if sentence]


def _accuracy_sentence(measured: Sequence[SessionQuality]) -> str:
    n_targets = _most([q.n_validation_targets for q in measured])
    where = f"on {n_targets} held-out targets" if n_targets else "on held-out targets"
    deg = _over(measured, lambda q: q.accuracy.deg, "{:.2f}", "°")
    px = _over(measured, lambda q: q.accuracy.px, "{:.0f}", " px")
    across = _over(measured, lambda q: q.accuracy.x_px, "{:.0f}", " px", interval=False)
    down = _over(measured, lambda q: q.accuracy.y_px, "{:.0f}", " px", interval=False)
    std = _over(measured, lambda q: q.precision.std_deg, "{:.2f}", "°", interval=False)
    rms = _over(measured, lambda q: q.precision.rms_s2s_deg, "{:.2f}", "°", interval=False)
    if deg == NOT_KNOWN:
        std = _over(measured, lambda q: q.precision.std_px, "{:.0f}", " px", interval=False)
        rms = _over(measured, lambda q: q.precision.rms_s2s_px, "{:.0f}", " px", interval=False)
    if has_mixed_screens(measured):
        size = f"{deg} (screens differ, so no pixels are given)"
    elif deg == NOT_KNOWN:
        size = f"{px} (x {across}, y {down}; the size of the screen is not known, so no degrees are given)"
    else:
        size = f"{deg} ({px}; x {across}, y {down})"
    return f"Accuracy {where} was {size}, precision of the unfiltered signal {std} (STD) and {rms} (RMS-S2S)."


def _drift_sentence(kept: Sequence[SessionQuality]) -> str:
    checked = [q for q in kept if math.isfinite(q.drift.change_px)]
    if not checked:
        return "The error during the sessions was not checked."
    change = _over(checked, lambda q: q.drift.change_deg, "{:+.2f}", "°", interval=False)
    if change == NOT_KNOWN:
        change = _over(checked, lambda q: q.drift.change_px, "{:+.0f}", " px", interval=False)
    last = [check.minutes for q in checked for check in q.drift.checks if math.isfinite(check.minutes)]
    after = f" over {max(last):.0f} min" if last and max(last) >= 1 else ""
    n_refit = sum(q.drift.n_refits > 0 for q in kept)
    refits = f"; {_count(n_refit, 'session')} {_was(n_refit)} recalibrated on the way" if n_refit else ""
    return f"The error changed by {change} until the last drift check{after}{refits}."


def _exclusion_sentence(n_kept: int, all_: Sequence[SessionQuality], facts: PaperFacts) -> str:
    n = len(all_) + facts.n_unreadable
    rule = rule_words(facts.chosen.rule)
    if n == 1:
        return f"It is a single session and was kept ({rule}; exclusion set {facts.chosen.name})."
    return (
        f"Of {_count(n, 'session')} {n_kept} {_was(n_kept)} kept ({rule}; exclusion set {facts.chosen.name})."
    )


def _claims_sentence(kept: Sequence[SessionQuality]) -> str:
    """What at least half of the sessions support."""
    said = []
    for level in LEVELS:
        states = [s.state for q in kept for s in q.support if s.level == level]
        if states and sum(state == "supported" for state in states) * 2 >= len(states):
            said.append(f"{level}s")
    if not said:
        return "The gaze supports no claim about sides, blocks, lines or words."
    words = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    return f"Claims are made for {words} only."


# ---- table -----------------------------------------------------------------------------------


def _table(
    kept: Sequence[SessionQuality], all_: Sequence[SessionQuality], decisions: Mapping[str, Decision], facts: PaperFacts
) -> tuple[PaperRow, ...]:  # fmt: skip
    people = _count(len({q.participant_id for q in kept}), "person")
    rows = [
        ("Sessions and people", f"{_count(len(kept), 'session')} of {people}"),
        ("Devices", _values([q.apparatus.devices for q in kept])),
        ("Eye tracker", f"webcam: {_values([_camera(q) for q in kept])}"),
        ("Face landmarks", _values([q.apparatus.landmarker for q in kept])),
        ("Nominal rate", _values([_number(q.apparatus.nominal_hz, "{:.0f} Hz") for q in kept])),
        ("Effective rate", _over(kept, lambda q: q.loss.effective_hz, "{:.1f}", " Hz")),
        ("Screen", _values([_screen(q) for q in kept])),
        ("Viewing distance", _distance(kept)),
        ("Calibration", _values([_method(q) for q in kept])),
        ("Validation", _validation(kept)),
        *_quality_rows(kept),
        ("Head movement", _head(kept)),
        ("Filter", "none: figures are of the unfiltered signal"),
        ("Exclusion rule", f"{rule_words(facts.chosen.rule)} (set {facts.chosen.name})"),
        ("Sessions left out", _left_out(all_, decisions, facts)),
        ("Software", _software(kept, facts)),
    ]  # fmt: skip
    return tuple(PaperRow(item, value) for item, value in rows)


def _quality_rows(kept: Sequence[SessionQuality]) -> list[tuple[str, str]]:
    mixed = has_mixed_screens(q for q in kept if math.isfinite(q.accuracy.px))
    rows: list[tuple[str, Callable[[SessionQuality], float], str, str]] = [
        ("Accuracy, angle to the mean gaze", lambda q: q.accuracy.deg, "{:.2f}", "°"),
        ("Accuracy, distance to the mean gaze", lambda q: q.accuracy.px, "{:.0f}", " px"),
        ("Accuracy, horizontal", lambda q: q.accuracy.x_deg, "{:.2f}", "°"),
        ("Accuracy, vertical", lambda q: q.accuracy.y_deg, "{:.2f}", "°"),
        ("Mean error of single samples", lambda q: q.accuracy.sample_deg, "{:.2f}", "°"),
        ("Precision, RMS-S2S", lambda q: q.precision.rms_s2s_deg, "{:.2f}", "°"),
        ("Precision, STD", lambda q: q.precision.std_deg, "{:.2f}", "°"),
        ("Precision, BCEA (68 %)", lambda q: q.precision.bcea_deg2, "{:.2f}", " deg²"),
        ("RMS-S2S / STD", lambda q: q.precision.ratio, "{:.2f}", ""),
        ("Data loss, share of frames", lambda q: 100 * q.loss.loss, "{:.1f}", " %"),
        ("Data loss, by time and nominal rate", lambda q: 100 * q.loss.loss_by_time, "{:.1f}", " %"),
        ("Change of the error until the last drift check", lambda q: q.drift.change_deg, "{:+.2f}", "°"),
        ("Vertical error on lines of text", lambda q: q.text.abs_error_y_deg, "{:.2f}", "°"),
    ]
    return [
        (item, NOT_KNOWN + ", screens differ" if mixed and unit == " px" else _over(kept, value, form, unit))
        for item, value, form, unit in rows
    ]


def rule_words(rule: ExclusionRule | None) -> str:
    """A rule as a paper says it, such as ``loss ≤ 15 %, error ≤ 3.5°``."""
    if rule is None:
        return "chosen by hand"
    said = [
        form.format(value * factor)
        for value, form, factor in (
            (rule.max_loss, "loss ≤ {:.3g} %", 100.0),
            (rule.max_error_deg, "error ≤ {:.3g}°", 1.0),
            (rule.min_rate_hz, "rate ≥ {:.3g} Hz", 1.0),
            (rule.max_drift_deg, "drift ≤ {:.3g}°", 1.0),
            (rule.min_score, "quality score ≥ {:.3g}", 1.0),
        )
        if value is not None
    ]
    said += ["validated"] if rule.needs_validation else []
    said += ["with consent to gaze"] if rule.needs_gaze else []
    said += ["not simulated"] if rule.no_simulated else []
    return ", ".join(said) or "all sessions"


def _left_out(all_: Sequence[SessionQuality], decisions: Mapping[str, Decision], facts: PaperFacts) -> str:
    out = [d for q in all_ if not (d := decisions[q.session_id]).included]
    n = len(out) + facts.n_unreadable
    if n == 0:
        return "none"
    said = [f"{EXCLUSION_REASONS.get(c.code, c.code)} {c.n}" for c in removed_by(out)]
    said += [f"{EXCLUSION_REASONS['unreadable']} {facts.n_unreadable}"] if facts.n_unreadable else []
    more = "; a session may have several reasons" if sum(len(d.rules) > 1 for d in out) else ""
    return f"{n} ({', '.join(said)}{more})"


def _camera(quality: SessionQuality) -> str:
    a = quality.apparatus
    size = "" if math.isnan(a.camera_w_px) else f", {a.camera_w_px:.0f} × {a.camera_h_px:.0f} px"
    return f"{a.camera}{size}" if a.camera else ""


def _screen(quality: SessionQuality) -> str:
    s = quality.screen
    if math.isnan(s.w_px + s.h_px):
        return ""
    known = math.isfinite(s.w_mm + s.h_mm)
    size = f", {s.w_mm / _MM_PER_CM:.1f} × {s.h_mm / _MM_PER_CM:.1f} cm" if known else ", size not known"
    return f"{s.w_px:.0f} × {s.h_px:.0f} px{size}"


_DISTANCE_WORDS = {
    "assumed": "assumed", "simulated": "known, because simulated",
    "assumed_lens": "from the size of the face, lens assumed",
    "measured_lens": "from the size of the face, lens measured",
    "measured_distance": "from the size of the face, checked with a tape",
}  # fmt: skip
"""Where the distance of the eyes is known from, in words for a paper."""


def _distance(kept: Sequence[SessionQuality]) -> str:
    words = _over(kept, lambda q: q.screen.distance_mm / _MM_PER_CM, "{:.0f}", " cm")
    if words == NOT_KNOWN:
        return words
    sources = [_DISTANCE_WORDS.get(q.screen.distance_source, q.screen.distance_source) for q in kept]
    return f"{words}, {_values(sources)}"


def _method(quality: SessionQuality) -> str:
    if not quality.method:
        return ""
    return (
        f"{quality.n_points} targets"
        if quality.method == "points"
        else f"pursuit, {quality.n_points} pieces of path"
    )


def _calibration(kept: Sequence[SessionQuality]) -> str:
    n = _most([q.n_points for q in kept if q.n_points])
    method = _most([q.method for q in kept if q.method])
    if not method:
        return "no"
    return f"{n}-point" if method == "points" else "smooth-pursuit"


def _validation(kept: Sequence[SessionQuality]) -> str:
    n = [str(q.n_validation_targets) for q in kept if q.n_validation_targets]
    if not n:
        return "none"
    return (
        f"{_values(n)} targets that the calibration had not seen, right after it; drift checks before tasks"
    )


def _head(kept: Sequence[SessionQuality]) -> str:
    shift = _over(kept, lambda q: q.head.shift_cm, "{:.1f}", " cm")
    turn = _over(kept, lambda q: q.head.turn_deg, "{:.1f}", "°")
    if shift == NOT_KNOWN:
        return f"free (no chin rest), {NOT_KNOWN}"
    return f"free (no chin rest), {shift} and {turn} from the calibrated place"


def _software(kept: Sequence[SessionQuality], facts: PaperFacts) -> str:
    recorded = _values([q.apparatus.app_version for q in kept])
    return f"IFLLM Desktop {facts.app_version}; recorded with {recorded}"


# ---- numbers ---------------------------------------------------------------------------------


def _over(
    qualities: Sequence[SessionQuality], value: Callable[[SessionQuality], float], form: str, unit: str, *,
    interval: bool = True,
) -> str:  # fmt: skip
    """Median over people, with its interval where there are people enough."""
    by_person: dict[str, list[float]] = {}
    for quality in qualities:
        by_person.setdefault(quality.participant_id, []).append(value(quality))
    median, low, high = over_people(by_person)
    if math.isnan(median):
        return NOT_KNOWN
    words = form.format(median) + unit
    if interval and math.isfinite(low):
        words += f" [{form.format(low)}, {form.format(high)}]"
    return words.replace("-", "−")


def _number(value: float, form: str) -> str:
    return form.format(value) if math.isfinite(value) else ""


def _values(found: Sequence[str]) -> str:
    """Different values with how often each is there, where there are several."""
    counts = Counter(value or NOT_KNOWN for value in found)
    if not counts:
        return NOT_KNOWN
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{value} (n = {n})" for value, n in counts.most_common())


def _most(found: Sequence[_T]) -> _T | None:
    return Counter(found).most_common(1)[0][0] if found else None


def _count(n: int, what: str) -> str:
    plural = {"person": "people"}.get(what, f"{what}s")
    return f"{n} {what if n == 1 else plural}"


def _was(n: int) -> str:
    return "was" if n == 1 else "were"
