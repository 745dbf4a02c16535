"""The plots of an audit as SVG: text that scales and prints, coloured by the style sheet of the page it stands in.

Each drawing is an image with a title and a description, so that it can be read aloud; the figures are text.
"""

from __future__ import annotations

import html
import itertools
import math
import re
from collections.abc import Iterable, Sequence

import numpy as np

from ifllm_desktop.analysis.audit_figures import (
    Floats,
    GapFigure,
    HeatFigure,
    TargetErrors,
    TargetFigure,
    TimeFigure,
    TimeLine,
)
from ifllm_desktop.analysis.plot_scale import heat_edges, heat_step, length_text, tick_text, ticks
from ifllm_desktop.analysis.session_quality import Trace

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
TRACE_POINTS = 240
"""Points of a trace in a report: a line of 600 px shows no more."""
_GAP_TICKS_MS = (30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0, 30_000.0)
BLINK_MS, LONG_MS = 400.0, 1000.0


def escaped(text: object) -> str:
    """Text that may stand anywhere in the page: markup is escaped, characters that XML cannot hold are left out."""
    return html.escape(_NO_XML.sub("", str(text)), quote=True)


def svg(size: tuple[float, float], title: str, description: str, parts: Iterable[str]) -> str:
    """A drawing that scales with the page."""
    w, h = size
    return (
        f'<svg viewBox="0 0 {w:g} {h:g}" role="img" aria-label="{escaped(title)}">'
        f"<title>{escaped(title)}</title><desc>{escaped(description)}</desc>{''.join(parts)}</svg>"
    )


# ---- where -----------------------------------------------------------------------------------


def targets_svg(
    figure: TargetFigure, title: str, description: str, width: float = 380.0, *, clouds: bool = True
) -> str:
    """Error at each target: cross, arrow to the mean estimate, 68 % ellipse, thin lines for single sessions."""
    w, h = figure.screen_px
    factor = width / (1.12 * w)
    left, top = 0.06 * w * factor, 0.06 * h * factor
    size = (width, 1.12 * h * factor)
    parts = [
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{w * factor:.1f}" height="{h * factor:.1f}" rx="3" class="screen"/>'
    ]
    for target in figure.targets:
        x, y = left + target.x_px * factor, top + target.y_px * factor
        parts += _cloud(target, x, y, factor) if clouds else []
        parts.append(f'<path d="M{x - 4:.1f} {y:.1f}h8M{x:.1f} {y - 4:.1f}v8" class="cross"/>')
        if math.isfinite(target.mean_dx_px + target.mean_dy_px):
            end = (x + target.mean_dx_px * factor, y + target.mean_dy_px * factor)
            parts.append(_arrow(x, y, *end))
        else:
            parts.append(_text(x, y - 8, "not measured", "middle"))
    return svg(size, title, description, parts)


def _cloud(target: TargetErrors, x: float, y: float, factor: float) -> list[str]:
    parts = []
    if target.ellipse is not None and math.isfinite(target.mean_dx_px + target.mean_dy_px):
        e = target.ellipse
        mx, my = x + target.mean_dx_px * factor, y + target.mean_dy_px * factor
        parts.append(
            f'<ellipse cx="{mx:.1f}" cy="{my:.1f}" rx="{e.long_px * factor:.1f}" ry="{e.short_px * factor:.1f}" '
            f'transform="rotate({e.angle_deg:.0f} {mx:.1f} {my:.1f})" class="ellipse"/>'
        )
    if len(target.errors_px) > 1:
        path = "".join(
            f"M{x:.1f} {y:.1f}l{dx * factor:.1f} {dy * factor:.1f}" for dx, dy in target.errors_px.values()
        )
        parts.append(f'<path d="{path}" class="single"/>')
    return parts


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    length = math.hypot(to_x - x, to_y - y)
    if length < 3:
        return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" class="arrow"/>'
    ux, uy = (to_x - x) / length, (to_y - y) / length
    head = min(7.0, length / 2)
    bx, by = to_x - ux * head, to_y - uy * head
    return (
        f'<path d="M{x:.1f} {y:.1f}L{bx:.1f} {by:.1f}" class="arrow"/>'
        f'<path d="M{to_x:.1f} {to_y:.1f}L{bx - uy * head / 2:.1f} {by + ux * head / 2:.1f}'
        f'L{bx + uy * head / 2:.1f} {by - ux * head / 2:.1f}z" class="head"/>'
    )


def heat_svg(figure: HeatFigure, title: str, description: str, width: float = 380.0) -> str:
    """Error in each part of the screen: a number in each field, the colour says the same."""
    values, unit = figure.shown
    rows, columns = values.shape
    edges = heat_edges(values.ravel())
    w, h = width / max(1, columns), 44.0
    parts = []
    for row, column in np.ndindex(rows, columns):
        step = heat_step(float(values[row, column]), edges)
        x, y = column * w, row * h
        parts.append(
            f'<rect x="{x + 1:.1f}" y="{y + 1:.1f}" width="{w - 2:.1f}" height="{h - 2:.1f}" rx="3" '
            f'class="heat{step}"/>'
        )
        px, deg = float(figure.px[row, column]), float(figure.deg[row, column])
        lines = [f"{px:.0f}"] if math.isfinite(px) else []
        lines += [f"{deg:.1f}°"] if math.isfinite(deg) else []
        middle = y + h / 2 - 7 * (len(lines) - 1) + 4
        for number, text in enumerate(lines or ["–"]):
            parts.append(
                _text(x + w / 2, middle + 14 * number, text, "middle", "strong" if not number else "cell")
            )
    words = f"median error, {unit}" if edges else "not measured"
    if edges and edges[-1] > edges[0]:
        words += f", from {edges[0]:.{0 if unit == 'px' else 1}f} to {edges[-1]:.{0 if unit == 'px' else 1}f}"
    parts.append(_text(1, rows * h + 15, words))
    return svg((width, rows * h + 22), title, description, parts)


# ---- when ------------------------------------------------------------------------------------


class _Axes:
    def __init__(
        self, box: tuple[float, float, float, float], x: tuple[float, float], y: tuple[float, float]
    ) -> None:
        self.left, self.top, self.width, self.height = box
        self._x, self._y = x, y

    def x(self, value: float) -> float:
        return self.left + (value - self._x[0]) / ((self._x[1] - self._x[0]) or 1.0) * self.width

    def y(self, value: float) -> float:
        return (
            self.top + self.height - (value - self._y[0]) / ((self._y[1] - self._y[0]) or 1.0) * self.height
        )

    def frame(
        self,
        x_ticks: Sequence[tuple[float, str]],
        y_ticks: Sequence[tuple[float, str]],
        titles: tuple[str, str],
    ) -> list[str]:
        parts = []
        bottom, right = self.top + self.height, self.left + self.width
        for value, text in y_ticks:
            y = self.y(value)
            parts.append(f'<path d="M{self.left:.1f} {y:.1f}H{right:.1f}" class="line"/>')
            parts.append(_text(self.left - 5, y + 4, text, "end"))
        for value, text in x_ticks:
            parts.append(_text(self.x(value), bottom + 15, text, "middle"))
        parts.append(f'<path d="M{self.left:.1f} {bottom:.1f}H{right:.1f}" class="axis"/>')
        parts.append(_text(self.left + self.width / 2, bottom + 31, titles[0], "middle"))
        at = f"{9:.1f} {self.top + self.height / 2:.1f}"
        parts.append(
            f'<text x="9" y="{self.top + self.height / 2:.1f}" text-anchor="middle" '
            f'transform="rotate(-90 {at})">{escaped(titles[1])}</text>'
        )
        return parts


def time_svg(
    figure: TimeFigure, title: str, description: str, chosen: TimeLine | None = None, width: float = 460.0
) -> str:
    """Error of validation and drift checks: all sessions grey, median with its interval, one session coloured."""
    lines = (*figure.lines, *((chosen,) if chosen is not None else ()))
    points = [piece for line in lines for piece in line.pieces if len(piece)]
    every = np.concatenate(points) if points else np.zeros((1, 2))
    finite = every[np.isfinite(every).all(axis=1)]
    last, most = finite.max(axis=0) if len(finite) else (1.0, 1.0)
    if math.isfinite(figure.limit):
        most = max(most, figure.limit)
    x, y = (
        ticks(0.0, max(1.0 if figure.has_checks else 5.0, float(last)), 6),
        ticks(0.0, max(0.5, float(most)), 4),
    )
    axes = _Axes((42, 8, width - 52, 170), (x[0], x[-1]), (y[0], y[-1]))
    parts = axes.frame(
        [(v, tick_text(v)) for v in x], [(v, tick_text(v)) for v in y],
        ("minutes after calibration", f"error, {figure.unit}"),
    )  # fmt: skip
    single = "".join(_line(axes, piece) for line in figure.lines for piece in line.pieces)
    if single:
        parts.append(f'<path d="{single}" class="session"/>')
    parts += _median(axes, figure)
    if math.isfinite(figure.limit):
        at = axes.y(figure.limit)
        parts.append(f'<path d="M{axes.left:.1f} {at:.1f}h{axes.width:.1f}" class="limit"/>')
        words = f"exclude above {figure.limit:g}{'°' if figure.unit == 'deg' else ' px'}"
        parts.append(_text(axes.left + axes.width, at - 4, words, "end", "danger"))
    if chosen is not None:
        parts += _chosen(axes, chosen)
    return svg((width, 216), title, description, parts)


def _median(axes: _Axes, figure: TimeFigure) -> list[str]:
    if not len(figure.median):
        return []
    parts = []
    band = figure.median[np.isfinite(figure.median).all(axis=1)]
    if len(band) > 1:
        outline = [(m, low) for m, _v, low, _h in band] + [(m, high) for m, _v, _l, high in reversed(band)]
        path = "L".join(f"{axes.x(m):.1f} {axes.y(v):.1f}" for m, v in outline)
        parts.append(f'<path d="M{path}z" class="band"/>')
    parts.append(f'<path d="{_line(axes, figure.median[:, :2])}" class="median"/>')
    return parts


def _chosen(axes: _Axes, line: TimeLine) -> list[str]:
    parts = []
    for minute in line.refits_min:
        x = axes.x(minute)
        parts.append(f'<path d="M{x:.1f} {axes.top:.1f}v{axes.height:.1f}" class="refit"/>')
        parts.append(_text(x + 4, axes.top + 10, "new points", "start", "accent"))
    for piece in line.pieces:
        parts.append(f'<path d="{_line(axes, piece)}" class="chosen"/>')
        parts += [
            f'<circle cx="{axes.x(m):.1f}" cy="{axes.y(e):.1f}" r="3" class="dot"/>'
            for m, e in piece
            if math.isfinite(e)
        ]
    return parts


def gaps_svg(figure: GapFigure, title: str, description: str, width: float = 460.0) -> str:
    """Lengths of gaps on a logarithmic axis."""
    edges = np.array(figure.edges_ms, np.float64)
    if edges[0] <= 0:
        edges[0] = edges[1] ** 2 / edges[2] if len(edges) > 2 else edges[1] / 2
    if not math.isfinite(edges[-1]):
        edges[-1] = edges[-2] ** 2 / edges[-3] if len(edges) > 2 else edges[-2] * 2
    share = 100 * np.nan_to_num(figure.share)
    y = ticks(0.0, max(1.0, float(share.max())), 4)
    axes = _Axes((42, 26, width - 52, 150), (math.log10(edges[0]), math.log10(edges[-1])), (0.0, y[-1]))
    parts = axes.frame(
        [(math.log10(t), length_text(t)) for t in _GAP_TICKS_MS if edges[0] <= t <= edges[-1]],
        [(v, tick_text(v)) for v in y], ("length of a gap", "% of gaps"),
    )  # fmt: skip
    for (low, high), value in zip(itertools.pairwise(edges.tolist()), share.tolist(), strict=True):
        left, right = axes.x(math.log10(low)), axes.x(math.log10(high))
        middle = math.sqrt(low * high)
        kind = "long" if middle >= LONG_MS else "blink" if middle < BLINK_MS else "gap"
        top = axes.y(value)
        parts.append(
            f'<rect x="{left + 1:.1f}" y="{top:.1f}" width="{max(0.5, right - left - 2):.1f}" '
            f'height="{axes.top + axes.height - top:.1f}" class="{kind}"/>'
        )
    x = axes.x(math.log10(BLINK_MS))
    parts.append(f'<path d="M{x:.1f} 4V{axes.top + axes.height:.1f}" class="mark"/>')
    parts += [_text(x - 4, 14, "blinks", "end"), _text(x + 4, 14, "face lost, looked away")]
    return svg((width, 214), title, description, parts)


def trace_svg(
    trace: Trace, screen_px: tuple[float, float], title: str, description: str, width: float = 1080.0
) -> str:
    """Gaze x and y and the distance of the head over the minutes of a session; gaps stay gaps."""
    t_min = np.array(trace.t_s, np.float64) / 60
    lanes: list[tuple[str, Floats, tuple[float, float], str]] = [
        ("x, px", np.array(trace.x_px, np.float64), (0.0, screen_px[0]), "chosen thin"),
        ("y, px", np.array(trace.y_px, np.float64), (screen_px[1], 0.0), "chosen thin"),
    ]
    head = np.array(trace.head_cm, np.float64)
    if np.isfinite(head).any():
        lanes.append(
            ("head, cm", head, (0.0, ticks(0.0, max(1.0, float(np.nanmax(head))), 2)[-1]), "headline")
        )
    x = ticks(0.0, max(1.0, float(t_min[-1])), 8)
    parts = []
    for number, (name, values, (low, high), kind) in enumerate(lanes):
        axes = _Axes((42, 8 + 70.0 * number, width - 52, 54), (x[0], x[-1]), (low, high))
        last = number == len(lanes) - 1
        parts += axes.frame(
            [(v, tick_text(v)) for v in x] if last else [], [(low, f"{low:.0f}"), (high, f"{high:.0f}")],
            ("minutes of the session" if last else "", name),
        )  # fmt: skip
        points = np.column_stack([t_min, np.clip(values, min(low, high), max(low, high))])
        parts.append(f'<path d="{_line(axes, _thinned(points), 0)}" class="{kind}"/>')
    return svg((width, 70.0 * len(lanes) + 30), title, description, parts)


def _thinned(points: Floats) -> Floats:
    """At most :data:`TRACE_POINTS` medians of neighbours; a stretch without any value stays empty."""
    step = max(1, math.ceil(len(points) / TRACE_POINTS))
    padded = np.full((-len(points) % step, 2), np.nan)
    parts = np.concatenate([points, padded]).reshape(-1, step, 2)
    values = np.sort(parts[:, :, 1], axis=1)  # NaN goes to the end
    n = np.isfinite(values).sum(axis=1)
    rows = np.arange(len(values))
    middle = (values[rows, np.maximum(n - 1, 0) // 2] + values[rows, np.minimum(n // 2, step - 1)]) / 2
    return np.column_stack([parts[:, 0, 0], np.where(n > 0, middle, np.nan)])


def _line(axes: _Axes, points: Floats, digits: int = 1) -> str:
    """Path through what was measured, lifted where it was not; whole px (no digits) keep long lines short."""
    path, down = [], False
    for x, y in points.tolist():
        if math.isfinite(x) and math.isfinite(y):
            path.append(f"{'L' if down else 'M'}{axes.x(x):.{digits}f} {axes.y(y):.{digits}f}")
            down = True
        else:
            down = False
    return "".join(path)


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    if not text:
        return ""
    look = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{look}>{escaped(text)}</text>'
