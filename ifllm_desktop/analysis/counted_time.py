"""When there should have been gaze, how much of it there was, and why it was not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ifllm_desktop.analysis.gaze_rows import Flags, GazeRows, Ints, among, inside
from ifllm_desktop.analysis.quality_parts import DataLoss, GapBin, InvalidSpan, Share
from ifllm_desktop.domain.session import Event
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.gaze.precision import (
    effective_hz,
    gap_edges_s,
    gap_histogram,
    gap_lengths_s,
    loss_of_frames,
    loss_of_time,
)
from ifllm_desktop.replay.tracks import pauses

Span = tuple[int, int]

_LAST_PAGES = ("finish", "declined")
_NS_PER_MIN = 60 * NS_PER_S
_LEAST_SHOWN_S = 10.0
"""The histogram of gaps reaches at least to here, so that those of good sessions can be laid over each other."""


def counted_spans(rows: GazeRows) -> tuple[Span, ...]:
    """Half-open stretches of session time in which gaze was wanted.

    They begin with the acceptance of a calibration (in recordings that know none: the validation, else the first gaze)
    and end with the last page. Pauses and the time between two segments are no part of them. In a later segment they
    begin with its own acceptance or its first gaze, whichever comes first; where there is neither, with the segment.
    """
    begin_ns = _begin_ns(rows)
    end_ns = _last_ns(rows)
    if begin_ns is None or end_ns <= begin_ns:
        return ()
    accepted = [event.t_ns for event in rows.events if event.kind == "gaze_accepted"]
    spans = []
    starts = (*rows.segment_starts_ns, end_ns)
    for number, (t0_ns, next_ns) in enumerate(pairwise(starts)):
        t1_ns = min(end_ns, _segment_end_ns(rows, t0_ns, next_ns))
        if number > 0 and t0_ns > begin_ns:
            first = [t for t in [*accepted, *_first(rows.gaze_t_ns, t0_ns, t1_ns)] if t0_ns <= t < t1_ns]
            t0_ns = min(first, default=t0_ns)
        if t1_ns > max(t0_ns, begin_ns):
            spans.append((max(t0_ns, begin_ns), t1_ns))
    return without(spans, [(p.t0_ns, p.t1_ns) for p in pauses(rows.events, end_ns)])


def shown_spans(events: Sequence[Event], page: str, end_ns: int) -> tuple[Span, ...]:
    """Stretches in which a page was shown."""
    pages = [(event.t_ns, str(event.payload["page"])) for event in events if event.kind == "page"]
    ends = [*(t_ns for t_ns, _ in pages), end_ns][1:]
    return tuple((t0_ns, t1_ns) for (t0_ns, name), t1_ns in zip(pages, ends, strict=True) if name == page)


def invalid_spans(rows: GazeRows) -> tuple[InvalidSpan, ...]:
    """Stretches in which gaze was not derived because its calibration did not hold."""
    return tuple(
        InvalidSpan(t0_ns / NS_PER_S, t1_ns / NS_PER_S, reason) for t0_ns, t1_ns, reason in _invalid(rows)
    )


def data_loss(rows: GazeRows, spans: Sequence[Span], nominal_hz: float) -> DataLoss:
    """How much gaze is missing in the counted stretches."""
    times, weights, valid = _frames(rows)
    chosen = inside(times, spans)
    n_frames, n_valid = int(weights[chosen].sum()), int(valid[chosen].sum())
    time_s = sum(_time_s(rows, span) for span in spans)
    if n_frames == 0:
        return DataLoss(nominal_hz=nominal_hz)
    return DataLoss(
        n_frames, n_valid, loss_of_frames(n_valid, n_frames), loss_of_time(n_valid, time_s, nominal_hz),
        effective_hz(n_valid, time_s), nominal_hz, time_s, _by_reason(rows, spans),
        _by_page(rows.events, times, weights, valid, chosen), _by_minute(times, weights, valid, chosen),
    )  # fmt: skip


def gap_bins(rows: GazeRows, spans: Sequence[Span]) -> tuple[tuple[GapBin, ...], float]:
    """Histogram of the gaps of gaze in the counted stretches, and the longest of them, s; NaN without any stretch."""
    step_ns = rows.step_ns
    valid_t_ns = rows.gaze_t_ns[np.isfinite(rows.gaze_px).all(axis=1)]
    if not spans or math.isnan(step_ns):
        return (), math.nan
    parts = []
    for t0_ns, t1_ns in spans:
        low, high = np.searchsorted(valid_t_ns, [t0_ns, t1_ns])
        first_ns, last_ns = _frame_bounds(rows, (t0_ns, t1_ns))
        if last_ns > first_ns:
            parts.append(gap_lengths_s(valid_t_ns[low:high], first_ns, round(last_ns + step_ns), step_ns))
    lengths = np.concatenate(parts) if parts else np.empty(0)
    longest = float(lengths.max()) if len(lengths) else 0.0
    edges = gap_edges_s(upper_s=max(_LEAST_SHOWN_S, longest))
    counted = gap_histogram(lengths, edges)
    bins = tuple(
        GapBin(low, high, n, total)
        for low, high, (n, total) in zip(edges[:-1], edges[1:], counted, strict=True)
    )
    return bins, longest


# ---- where counting begins and ends ----------------------------------------------------------


def _begin_ns(rows: GazeRows) -> int | None:
    for kind in ("gaze_accepted", "validation"):
        found = [event.t_ns for event in rows.events if event.kind == kind]
        if found:
            return found[0]
    return int(rows.gaze_t_ns[0]) if len(rows.gaze_t_ns) else None


def _last_ns(rows: GazeRows) -> int:
    for event in rows.events:
        if event.kind == "page" and event.payload["page"] in _LAST_PAGES:
            return event.t_ns
    return rows.end_ns + 1


def _segment_end_ns(rows: GazeRows, t0_ns: int, next_ns: int) -> int:
    """Right after the last row of a segment: what lies between it and the next one was not recorded."""
    ends = [event.t_ns for event in rows.events if t0_ns <= event.t_ns < next_ns][-1:]
    for times in (rows.frame_t_ns, rows.gap_t_ns, rows.gaze_t_ns):
        number = int(np.searchsorted(times, next_ns)) - 1
        if number >= 0 and times[number] >= t0_ns:
            ends.append(int(times[number]))
    return max(ends, default=t0_ns - 1) + 1


def _first(times: Ints, t0_ns: int, t1_ns: int) -> list[int]:
    number = int(np.searchsorted(times, t0_ns))
    return [int(times[number])] if number < len(times) and times[number] < t1_ns else []


def without(spans: Sequence[Span], holes: Sequence[Span]) -> tuple[Span, ...]:
    """What is left of stretches when others are taken out of them."""
    out = list(spans)
    for h0_ns, h1_ns in holes:
        parts = []
        for t0_ns, t1_ns in out:
            parts += [(t0_ns, min(t1_ns, h0_ns)), (max(t0_ns, h1_ns), t1_ns)]
        out = [(t0_ns, t1_ns) for t0_ns, t1_ns in parts if t1_ns > t0_ns]
    return tuple(out)


def _invalid(rows: GazeRows) -> list[tuple[int, int, str]]:
    found = []
    since: tuple[int, str] | None = None
    for event in rows.events:
        if event.kind == "gaze_invalid" and since is None:
            since = (event.t_ns, str(event.payload["reason"]))
        elif event.kind in ("gaze_valid", "gaze_accepted") and since is not None:
            found.append((since[0], event.t_ns, since[1]))
            since = None
    if since is not None and rows.end_ns > since[0]:
        found.append((since[0], rows.end_ns, since[1]))
    return found


# ---- counting --------------------------------------------------------------------------------


def _frames(rows: GazeRows) -> tuple[Ints, Ints, Flags]:
    """Every frame that was due by time: how many each row stands for, and whether it has a gaze point.

    Where a recording has neither landmarks nor gaps, the rows of its gaze are all that is known of its frames.
    """
    finite = np.isfinite(rows.gaze_px).all(axis=1)
    if len(rows.frame_t_ns):
        seen, valid = rows.frame_t_ns, among(rows.frame_t_ns, rows.gaze_t_ns[finite])
    else:
        seen, valid = rows.gaze_t_ns, finite
    times = np.concatenate([seen, rows.gap_t_ns])
    weights = np.concatenate([np.ones(len(seen), dtype=np.int64), rows.gap_n])
    there = np.concatenate([valid, np.zeros(len(rows.gap_t_ns), dtype=bool)])
    order = np.argsort(times, kind="stable")
    return times[order], weights[order], there[order]


def _frame_bounds(rows: GazeRows, span: Span) -> Span:
    """First and last frame that was due in a stretch; the end before the beginning without any."""
    t0_ns, t1_ns = span
    firsts, lasts = [], []
    for times, more in (
        (rows.frame_t_ns, None),
        (rows.gaze_t_ns, None),
        (rows.gap_t_ns, rows.gap_n),
    ):
        low, high = (int(k) for k in np.searchsorted(times, [t0_ns, t1_ns]))
        if high > low:
            extra = 0 if more is None else round((int(more[high - 1]) - 1) * rows.step_ns)
            firsts.append(int(times[low]))
            lasts.append(int(times[high - 1]) + extra)
    return min(firsts, default=0), max(lasts, default=-1)


def _time_s(rows: GazeRows, span: Span) -> float:
    """``T = t_last − t_first + median(dt)`` of one stretch."""
    first_ns, last_ns = _frame_bounds(rows, span)
    if last_ns < first_ns or math.isnan(rows.step_ns):
        return 0.0
    return (last_ns - first_ns + rows.step_ns) / NS_PER_S


def _by_reason(rows: GazeRows, spans: Sequence[Span]) -> tuple[Share, ...]:
    lost: dict[str, int] = {}
    counted = inside(rows.gap_t_ns, spans)
    for reason, n in zip(rows.gap_reason[counted], rows.gap_n[counted], strict=True):
        lost[str(reason)] = lost.get(str(reason), 0) + int(n)
    finite = np.isfinite(rows.gaze_px).all(axis=1)
    if len(rows.frame_t_ns):
        without = rows.frame_t_ns[~among(rows.frame_t_ns, rows.gaze_t_ns[finite])]
    else:
        without = rows.gaze_t_ns[~finite]
    without = without[inside(without, spans)]
    for t0_ns, t1_ns, reason in _invalid(rows):
        here = (without >= t0_ns) & (without < t1_ns)
        if here.any():
            lost[reason] = lost.get(reason, 0) + int(here.sum())
            without = without[~here]
    if len(without):
        lost["no_gaze"] = lost.get("no_gaze", 0) + len(without)
    return tuple(Share(reason, n, 0, 1.0) for reason, n in sorted(lost.items(), key=lambda r: (-r[1], r[0])))


def _by_page(
    events: Sequence[Event], times: Ints, weights: Ints, valid: Flags, chosen: Flags
) -> tuple[Share, ...]:
    pages = [(event.t_ns, str(event.payload["page"])) for event in events if event.kind == "page"]
    names = list(dict.fromkeys(["", *(page for _, page in pages)]))
    number = np.searchsorted(np.array([t for t, _ in pages], dtype=np.int64), times[chosen], side="right")
    of_page = np.array([0, *(names.index(page) for _, page in pages)])[number]
    return _shares(names, of_page, weights[chosen], valid[chosen])


def _by_minute(times: Ints, weights: Ints, valid: Flags, chosen: Flags) -> tuple[Share, ...]:
    minutes = times[chosen] // _NS_PER_MIN
    names = [str(k) for k in range(int(minutes.max()) + 1)]
    return _shares(names, minutes, weights[chosen], valid[chosen])


def _shares(names: Sequence[str], which: Ints, weights: Ints, valid: Flags) -> tuple[Share, ...]:
    n_frames = np.bincount(which, weights=weights, minlength=len(names)).astype(int)
    n_valid = np.bincount(which, weights=valid, minlength=len(names)).astype(int)
    return tuple(
        Share(name, int(n), int(v), loss_of_frames(int(v), int(n)))
        for name, n, v in zip(names, n_frames, n_valid, strict=True)
        if n > 0
    )
