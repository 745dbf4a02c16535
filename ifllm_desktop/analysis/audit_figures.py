"""What the plots of an audit show, as plain values: the page paints them, the report draws them as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ELLIPSE_P = 0.68
"""Share of a two-dimensional normal distribution that a drawn ellipse holds."""


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Semi-axes in px and the angle of the long one to the x axis, deg, clockwise on the screen."""

    long_px: float
    short_px: float
    angle_deg: float


@dataclass(frozen=True, slots=True)
class TargetErrors:
    """Errors at one validation target, px of the reference screen.

    Attributes
    ----------
    x_px, y_px : float
        The target.
    mean_dx_px, mean_dy_px : float
        Mean over people of the error, estimate minus target; NaN without any.
    ellipse : Ellipse or None
        Holds 68 % of the errors (study: of the sessions; session: of its samples); None where there is no spread.
    errors_px : mapping of str to (dx, dy)
        By session.
    """

    x_px: float
    y_px: float
    mean_dx_px: float = math.nan
    mean_dy_px: float = math.nan
    ellipse: Ellipse | None = None
    errors_px: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TargetFigure:
    """Error at each target.

    Attributes
    ----------
    screen_px : tuple of float
        Reference screen: the one most sessions have. Others are scaled to it by their width and height.
    """

    screen_px: tuple[float, float] = (1920.0, 1080.0)
    targets: tuple[TargetErrors, ...] = ()
    n_sessions: int = 0


@dataclass(frozen=True, slots=True)
class HeatFigure:
    """Median error in each part of the screen.

    Attributes
    ----------
    px, deg : ndarray of float64, shape (rows, columns)
        NaN where nothing was measured; ``px`` is NaN everywhere when screens are mixed.
    n : ndarray of int, shape (rows, columns)
        Sessions that say something about the cell.
    """

    px: Floats
    deg: Floats
    n: NDArray[np.int64]

    @staticmethod
    def empty() -> HeatFigure:
        """Nothing measured."""
        return HeatFigure(np.empty((0, 0)), np.empty((0, 0)), np.empty((0, 0), np.int64))

    @property
    def shown(self) -> tuple[Floats, str]:
        """Values that colour the cells and their unit: px where they can be compared, else degrees."""
        return (self.px, "px") if np.isfinite(self.px).any() else (self.deg, "deg")


@dataclass(frozen=True, slots=True)
class TimeLine:
    """One session: error of its validation at minute 0, then of each drift check.

    Attributes
    ----------
    pieces : tuple of ndarray, shape (n, 2)
        Minutes after the first accepted calibration, error; a refit or a recalibration begins a new piece.
    refits_min : tuple of float
    """

    session_id: str
    pieces: tuple[Floats, ...] = ()
    refits_min: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeFigure:
    """Error during a session.

    Attributes
    ----------
    unit : str
        ``deg``, or ``px`` where no screen has a known size.
    median : ndarray of float64, shape (n, 4)
        Minutes, median over people, lower and upper end of its 95 % interval (NaN with fewer than 3 people).
    limit : float
        Error above which a session is excluded; NaN without such a rule.
    has_checks : bool
        Whether any session has a drift check.
    """

    unit: str = "deg"
    lines: tuple[TimeLine, ...] = ()
    median: Floats = field(default_factory=lambda: np.empty((0, 4)))
    limit: float = math.nan
    has_checks: bool = False


@dataclass(frozen=True, slots=True)
class GapFigure:
    """Lengths of gaps in gaze.

    Attributes
    ----------
    edges_ms : ndarray, shape (n + 1,)
        Rising; the last may be infinite.
    share : ndarray, shape (n,)
        Share of all gaps, mean over people; sums to 1.
    long_ms : float
        From here on a gap counts as long: the first edge of about a second; NaN without one.
    long_share, long_loss : float
        Share of gaps that are long, and the share of the lost time that they hold; NaN without gaps.
    median_loss : float
        Median over people of the share of time without gaze; NaN when not known.
    """

    edges_ms: Floats = field(default_factory=lambda: np.empty(0))
    share: Floats = field(default_factory=lambda: np.empty(0))
    long_ms: float = math.nan
    long_share: float = math.nan
    long_loss: float = math.nan
    median_loss: float = math.nan


def ellipse_of(sd_x_px: float, sd_y_px: float, rho: float = 0.0, p: float = ELLIPSE_P) -> Ellipse | None:
    """The ellipse that holds the share ``p`` of a two-dimensional normal distribution; None where it has no extent.

    Semi-axes are sqrt(2 k λ) with k = ln(1 / (1 − p)) and λ the eigenvalues of the covariance; sqrt(k λ) would hold
    43 % instead of 68 %.

    References
    ----------
    Crossland and Rubin 2002, doi 10.1097/00006324-200212000-00011.
    """
    if not (math.isfinite(sd_x_px) and math.isfinite(sd_y_px)) or sd_x_px + sd_y_px <= 0:
        return None
    across = 0.0 if math.isnan(rho) else rho * sd_x_px * sd_y_px
    values, vectors = np.linalg.eigh(np.array([[sd_x_px**2, across], [across, sd_y_px**2]]))
    k = math.log(1.0 / (1.0 - p))
    short, long = (math.sqrt(2.0 * k * max(0.0, float(v))) for v in values)
    return Ellipse(long, short, math.degrees(math.atan2(float(vectors[1, 1]), float(vectors[0, 1]))))
