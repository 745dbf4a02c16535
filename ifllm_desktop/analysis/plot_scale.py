"""Round numbers for axes and steps of heat, the same for what is painted and what is written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

HEAT_STEPS = 5
"""Colours of the heat ramp."""


def ticks(low: float, high: float, n_wanted: int = 5) -> tuple[float, ...]:
    """Round numbers that span a range, about ``n_wanted`` of them; steps are 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    low, high : float
        Finite. The first tick is at or below ``low``, the last at or above ``high``.

    Examples
    --------
    >>> ticks(0.0, 3.4, 4)
    (0.0, 1.0, 2.0, 3.0, 4.0)
    """
    span = high - low if high > low else max(abs(high), 1.0)
    raw = span / max(1, n_wanted)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1.0, 2.0, 5.0, 10.0) if f * power >= raw * 0.999)
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.ceil((low + span) / step - 1e-9))
    return tuple(round(k * step, 10) for k in range(first, last + 1))


def tick_text(value: float) -> str:
    """A tick without needless digits.

    Examples
    --------
    >>> tick_text(2.0), tick_text(0.5)
    ('2', '0.5')
    """
    return f"{value:.10g}"


def length_text(length_ms: float) -> str:
    """A length of time with the unit that it is read in.

    Examples
    --------
    >>> length_text(300.0), length_text(1000.0), length_text(120000.0)
    ('300 ms', '1 s', '2 min')
    """
    if length_ms < 1000:
        return f"{length_ms:.0f} ms"
    return f"{length_ms / 1000:.3g} s" if length_ms < 60_000 else f"{length_ms / 60_000:.3g} min"


def heat_edges(values: Iterable[float]) -> tuple[float, ...]:
    """Edges of the steps of the heat ramp, ``HEAT_STEPS + 1`` of them, evenly spaced; empty without values.

    Values that are all alike get one step around them, so that no difference is shown where there is none.
    """
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return ()
    low, high = min(finite), max(finite)
    if high - low <= 1e-9 * max(1.0, abs(high)):
        return (low,) * (HEAT_STEPS + 1)
    return tuple(low + (high - low) * k / HEAT_STEPS for k in range(HEAT_STEPS + 1))


def heat_step(value: float, edges: Sequence[float]) -> int:
    """Step of the ramp, 1 (least) to ``HEAT_STEPS``; 0 for NaN or without edges."""
    if not edges or not math.isfinite(value):
        return 0
    return 1 + sum(value >= edge for edge in edges[1:-1]) if edges[-1] > edges[0] else 1
