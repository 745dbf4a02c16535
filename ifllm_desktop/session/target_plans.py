"""Where targets are shown: plans for calibration, validation, drift check and refit."""

from __future__ import annotations

from collections.abc import Sequence

from ifllm_desktop.domain.space import Screen

Points = tuple[tuple[float, float], ...]

_EDGE = 0.08


def _grid(columns: Sequence[float], rows: Sequence[float]) -> list[tuple[float, float]]:
    return [(x, y) for y in rows for x in columns]


_LOW, _MID, _HIGH = _EDGE, 0.5, 1 - _EDGE
_CORNERS = _grid((_LOW, _HIGH), (_LOW, _HIGH))
_CALIBRATION: dict[int, list[tuple[float, float]]] = {
    5: [*_CORNERS, (_MID, _MID)],
    9: _grid((_LOW, _MID, _HIGH), (_LOW, _MID, _HIGH)),
    13: [*_grid((_LOW, _MID, _HIGH), (_LOW, _MID, _HIGH)), *_grid((0.29, 0.71), (0.29, 0.71))],
    16: _grid((_LOW, 0.36, 0.64, _HIGH), (_LOW, 0.36, 0.64, _HIGH)),
}
# none of these stands where a calibration target of any plan does: see the test
_VALIDATION: dict[int, list[tuple[float, float]]] = {
    4: _grid((0.22, 0.78), (0.22, 0.78)),
    5: [*_grid((0.22, 0.78), (0.22, 0.78)), (0.5, 0.42)],
    9: [*_grid((0.22, 0.5, 0.78), (0.22, 0.78)), (0.22, 0.58), (0.5, 0.42), (0.78, 0.58)],
}
_DRIFT = (0.5, 0.42)
_REFIT: dict[int, list[tuple[float, float]]] = {
    5: [*_grid((0.15, 0.85), (0.15, 0.85)), (0.5, 0.5)],
    6: _grid((0.15, 0.5, 0.85), (0.2, 0.8)),
}


def calibration_targets(n: int, screen: Screen) -> Points:
    """Places of 5, 9, 13 or 16 calibration targets, screen px."""
    return _on_screen(_CALIBRATION[n], screen)


def validation_targets(n: int, screen: Screen) -> Points:
    """Places of 4, 5 or 9 validation targets, screen px; none is near a calibration target of any plan."""
    return _on_screen(_VALIDATION[n], screen)


def drift_target(screen: Screen) -> tuple[float, float]:
    """Place of the drift check, screen px: near the middle, where the error is least, and no calibration target."""
    return _on_screen([_DRIFT], screen)[0]


def refit_targets(n: int, screen: Screen) -> Points:
    """Places of 5 or 6 refit targets, screen px, spread over the screen; none is the drift target."""
    return _on_screen(_REFIT[n], screen)


def _on_screen(fractions: list[tuple[float, float]], screen: Screen) -> Points:
    return tuple((x * screen.w_px, y * screen.h_px) for x, y in fractions)
