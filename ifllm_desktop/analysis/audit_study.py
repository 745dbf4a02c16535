"""Sessions to the figures of an audit: of a whole study, and of one session.

Each figure is made per session first, then per person, then over people, so that nobody counts twice because of coming
twice. Intervals are bootstrapped over people.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ifllm_desktop.analysis.audit_figures import (
    Ellipse,
    Floats,
    GapFigure,
    HeatFigure,
    TargetErrors,
    TargetFigure,
    TimeFigure,
    TimeLine,
    ellipse_of,
)
from ifllm_desktop.analysis.session_quality import SessionQuality, TargetError

N_BOOTSTRAP = 1000
MIN_PEOPLE_FOR_INTERVAL = 3
"""With fewer a bootstrap says nothing but the range."""
_MINUTES_BINS = 8
_LINE_KINDS = ("validation", "drift", "recheck")
_LONG_S = 0.9
"""The first edge of the histogram of gaps from here on stands for a second: edges are spaced by their logarithm."""
_SAME_PLACE = 50.0
"""Targets within 1/50 of the screen's width and height of each other are one target."""


@dataclass(frozen=True, slots=True)
class StudyFigures:
    """Everything the plots on top of an audit show.

    Attributes
    ----------
    mixed_screens : bool
        Sizes in px differ between sessions, so px cannot be compared; degrees can.
    has_deg : bool
        Any session knows degrees.
    """

    targets: TargetFigure = field(default_factory=TargetFigure)
    heat: HeatFigure = field(default_factory=HeatFigure.empty)
    time: TimeFigure = field(default_factory=TimeFigure)
    gaps: GapFigure = field(default_factory=GapFigure)
    n_sessions: int = 0
    n_people: int = 0
    hours: float = 0.0
    mixed_screens: bool = False
    has_deg: bool = False


def study_figures(
    qualities: Sequence[SessionQuality], included: Collection[str], limit_deg: float = math.nan
) -> StudyFigures:
    """Figures over the included sessions.

    Parameters
    ----------
    included : collection of str
        Session ids; others are left out of every figure.
    limit_deg : float
        Error above which the study excludes, deg; NaN without such a rule.
    """
    kept = [q for q in qualities if q.session_id in included]
    measured = [q for q in kept if math.isfinite(q.accuracy.px)]
    mixed = has_mixed_screens(measured)
    return StudyFigures(
        targets=_targets(measured),
        heat=_heat(measured, mixed=mixed),
        time=_time(measured, limit_deg, mixed=mixed),
        gaps=_gaps(kept),
        n_sessions=len(kept),
        n_people=len({q.participant_id for q in kept}),
        hours=sum(q.duration_s for q in kept if math.isfinite(q.duration_s)) / 3600,
        mixed_screens=mixed,
        has_deg=any(math.isfinite(q.accuracy.deg) for q in measured),
    )


def has_mixed_screens(qualities: Iterable[SessionQuality]) -> bool:
    """Whether sessions were measured on screens of different size in px."""
    return len({(round(q.screen.w_px), round(q.screen.h_px)) for q in qualities}) > 1


# ---- one session -----------------------------------------------------------------------------


def session_targets(quality: SessionQuality) -> TargetFigure:
    """Error at each target of the validation that counts, with the scatter of its samples."""
    return targets_figure(quality.targets, (quality.screen.w_px, quality.screen.h_px), quality.session_id)


def targets_figure(
    targets: Sequence[TargetError], screen_px: tuple[float, float], session_id: str = ""
) -> TargetFigure:
    """Targets of one validation as a figure; those that were not measured keep their place."""
    made = tuple(
        TargetErrors(
            t.x_px, t.y_px, t.error_x_px, t.error_y_px, ellipse_of(t.sd_x_px, t.sd_y_px, t.rho),
            {session_id: (t.error_x_px, t.error_y_px)} if math.isfinite(t.error_x_px + t.error_y_px) else {},
        )
        for t in targets
    )  # fmt: skip
    return TargetFigure(screen_px, made, 1)


def session_heat(quality: SessionQuality) -> HeatFigure:
    """Error in each part of the screen."""
    columns, rows = quality.grid
    px, deg = np.full((rows, columns), np.nan), np.full((rows, columns), np.nan)
    n = np.zeros((rows, columns), np.int64)
    for cell in quality.cells:
        px[cell.row, cell.column], deg[cell.row, cell.column] = cell.error_px, cell.error_deg
        n[cell.row, cell.column] = cell.n
    return HeatFigure(px, deg, n)


def session_line(quality: SessionQuality, unit: str = "deg") -> TimeLine:
    """Error of the validation and of each drift check; another calibration begins a new piece."""
    pieces: list[list[tuple[float, float]]] = []
    refits: list[float] = []
    calibration_id = ""
    for check in quality.drift.checks:
        if check.kind not in _LINE_KINDS:
            continue
        if not pieces or check.calibration_id != calibration_id:
            if pieces:
                refits.append(check.minutes)
            pieces.append([])
            calibration_id = check.calibration_id
        pieces[-1].append((check.minutes, check.error_deg if unit == "deg" else check.error_px))
    return TimeLine(quality.session_id, tuple(np.array(p, np.float64) for p in pieces), tuple(refits))


def session_gaps(quality: SessionQuality, n_bins: int = 0) -> Floats:
    """Share of the session's gaps in each bin, in at least ``n_bins`` of them; empty without gaps."""
    n = _padded([b.n for b in quality.gaps], n_bins)
    return n / n.sum() if n.sum() > 0 else np.empty(0)


def _padded(values: Sequence[float], n_bins: int) -> Floats:
    # histograms begin alike and end with the session's longest gap
    return np.array([*values, *(0.0,) * (n_bins - len(values))], np.float64)


# ---- over people -----------------------------------------------------------------------------


def over_people(values: Mapping[str, Sequence[float]]) -> tuple[float, float, float]:
    """Median over people of each person's mean, with its 95 % bootstrap interval.

    Parameters
    ----------
    values : mapping of str to sequence of float
        Values by person; NaN is left out.

    Returns
    -------
    tuple of float
        Median, lower and upper end; the ends are NaN with fewer than three people, all are NaN without any.
    """
    own = [np.array(v, np.float64) for v in values.values()]
    means = np.array([float(v[np.isfinite(v)].mean()) for v in own if np.isfinite(v).any()])
    if not len(means):
        return math.nan, math.nan, math.nan
    median = float(np.median(means))
    if len(means) < MIN_PEOPLE_FOR_INTERVAL:
        return median, math.nan, math.nan
    drawn = np.random.default_rng(0).integers(0, len(means), (N_BOOTSTRAP, len(means)))
    low, high = np.quantile(np.median(means[drawn], axis=1), (0.025, 0.975))
    return median, float(low), float(high)


def _by_person(qualities: Iterable[SessionQuality]) -> dict[str, list[SessionQuality]]:
    people: dict[str, list[SessionQuality]] = defaultdict(list)
    for quality in qualities:
        people[quality.participant_id].append(quality)
    return people


def _targets(qualities: Sequence[SessionQuality]) -> TargetFigure:
    if not qualities:
        return TargetFigure()
    sizes = Counter((q.screen.w_px, q.screen.h_px) for q in qualities)
    w_px, h_px = sizes.most_common(1)[0][0]
    places: dict[tuple[int, int], list[tuple[SessionQuality, TargetError]]] = defaultdict(list)
    for quality in qualities:
        for target in quality.targets:
            x, y = target.x_px / quality.screen.w_px, target.y_px / quality.screen.h_px
            places[round(x * _SAME_PLACE), round(y * _SAME_PLACE)].append((quality, target))
    made = []
    for found in places.values():
        errors, people = {}, defaultdict(list)
        for quality, target in found:
            fx, fy = w_px / quality.screen.w_px, h_px / quality.screen.h_px
            if math.isfinite(target.error_x_px + target.error_y_px):
                errors[quality.session_id] = (target.error_x_px * fx, target.error_y_px * fy)
                people[quality.participant_id].append(errors[quality.session_id])
        first, target = found[0]
        x_px, y_px = target.x_px * w_px / first.screen.w_px, target.y_px * h_px / first.screen.h_px
        means = np.array([np.mean(own, axis=0) for own in people.values()]).reshape(-1, 2)
        dx, dy = means.mean(axis=0) if len(means) else (math.nan, math.nan)
        made.append(TargetErrors(x_px, y_px, float(dx), float(dy), _cloud(means), errors))
    made.sort(key=lambda t: (t.y_px, t.x_px))
    return TargetFigure((w_px, h_px), tuple(made), len(qualities))


def _cloud(points: Floats) -> Ellipse | None:
    if len(points) < MIN_PEOPLE_FOR_INTERVAL:
        return None
    sd = points.std(axis=0, ddof=1)
    rho = float(np.corrcoef(points.T)[0, 1]) if (sd > 0).all() else math.nan
    return ellipse_of(float(sd[0]), float(sd[1]), rho)


def _heat(qualities: Sequence[SessionQuality], *, mixed: bool) -> HeatFigure:
    grids = Counter(q.grid for q in qualities if q.cells)
    if not grids:
        return HeatFigure.empty()
    columns, rows = grids.most_common(1)[0][0]
    alike = [q for q in qualities if q.grid == (columns, rows)]
    people = [[session_heat(quality) for quality in own] for own in _by_person(alike).values()]
    px = _median_of([[h.px for h in own] for own in people], (rows, columns))
    deg = _median_of([[h.deg for h in own] for own in people], (rows, columns))
    n = np.sum([(h.n > 0) for own in people for h in own], axis=0)
    return HeatFigure(np.full_like(px, np.nan) if mixed else px, deg, np.asarray(n, np.int64))


def _median_of(people: Sequence[Sequence[Floats]], shape: tuple[int, int]) -> Floats:
    """Median over people of each one's mean, NaN left out."""
    out = np.full(shape, np.nan)
    means = np.array([_nan_mean(np.array(own)) for own in people])
    for place in np.ndindex(shape):
        own = means[:, place[0], place[1]]
        if np.isfinite(own).any():
            out[place] = np.median(own[np.isfinite(own)])
    return out


def _nan_mean(values: Floats) -> Floats:
    seen = np.isfinite(values)
    n = seen.sum(axis=0)
    total = np.where(seen, values, 0.0).sum(axis=0)
    made: Floats = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return made


def _time(qualities: Sequence[SessionQuality], limit_deg: float, *, mixed: bool) -> TimeFigure:
    unit = "deg" if mixed or any(math.isfinite(q.accuracy.deg) for q in qualities) else "px"
    lines = tuple(session_line(q, unit) for q in qualities)
    has_checks = any(c.kind == "drift" for q in qualities for c in q.drift.checks)
    people = {q.session_id: q.participant_id for q in qualities}
    return TimeFigure(
        unit, lines, _median_line(lines, people), limit_deg if unit == "deg" else math.nan, has_checks
    )


def _median_line(lines: Sequence[TimeLine], people: Mapping[str, str]) -> Floats:
    points = [
        (float(minute), float(error), people[line.session_id])
        for line in lines for piece in line.pieces for minute, error in piece
        if math.isfinite(minute) and math.isfinite(error)
    ]  # fmt: skip
    later = [minute for minute, _error, _person in points if minute > 0]
    if not later:
        return np.empty((0, 4))
    # the validation stands apart at minute 0; as many bins as most sessions have checks, so that each holds most people
    checks = Counter(person for minute, _error, person in points if minute > 0)
    n_bins = int(np.clip(np.median(list(checks.values())), 1, _MINUTES_BINS))
    edges = np.quantile(later, np.linspace(0.0, 1.0, n_bins + 1))
    bins: dict[int, list[tuple[float, float, str]]] = defaultdict(list)
    for minute, error, person in points:
        place = 0 if minute <= 0 else int(np.clip(np.searchsorted(edges, minute, "left"), 1, n_bins))
        bins[place].append((minute, error, person))
    few = min(MIN_PEOPLE_FOR_INTERVAL, len(set(people.values())))
    rows = []
    for place in sorted(bins):
        own: dict[str, list[float]] = defaultdict(list)
        for _minute, error, person in bins[place]:
            own[person].append(error)
        if len(own) < few:
            continue
        middle = float(np.mean([minute for minute, _e, _p in bins[place]]))
        rows.append((middle, *over_people(own)))
    return np.array(rows, np.float64).reshape(-1, 4)


def _gaps(qualities: Sequence[SessionQuality]) -> GapFigure:
    known = [q for q in qualities if q.gaps]
    losses = over_people({p: [q.loss.loss for q in own] for p, own in _by_person(qualities).items()})
    if not known:
        return GapFigure(median_loss=losses[0])
    bins = max((q.gaps for q in known), key=len)
    lower = [b.lower_s for b in bins]
    alike = [q for q in known if [b.lower_s for b in q.gaps] == lower[: len(q.gaps)]]
    edges = np.array([lower[0], *(b.upper_s for b in bins)], np.float64) * 1000
    long = np.array(lower) >= _LONG_S
    long_ms = float(1000 * lower[int(np.argmax(long))]) if long.any() else math.nan
    shares, long_share, long_loss = [], [], []
    for own in _by_person(alike).values():
        n = np.sum([_padded([b.n for b in q.gaps], len(bins)) for q in own], axis=0)
        total_s = np.sum([_padded([b.total_s for b in q.gaps], len(bins)) for q in own], axis=0)
        if n.sum() > 0 and total_s.sum() > 0:
            shares.append(n / n.sum())
            long_share.append(float(n[long].sum() / n.sum()))
            long_loss.append(float(total_s[long].sum() / total_s.sum()))
    if not shares:
        return GapFigure(edges, np.zeros(len(bins)), long_ms, median_loss=losses[0])
    share, part = float(np.mean(long_share)), float(np.mean(long_loss))
    return GapFigure(edges, np.mean(shares, axis=0), long_ms, share, part, losses[0])
