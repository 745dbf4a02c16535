"""What gaze was like on one line of a text that was marked and read."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineMeasure:
    """Gaze while one marked line was read, screen px; NaN where nothing was measured.

    Attributes
    ----------
    error_y_px : float
        Median of gaze y minus the middle of the line: positive is below.
    mad_y_px : float
        Median absolute deviation from that median, times 1.4826 (a standard deviation for normal noise).
    slope_px_s, correlation : float
        Least squares slope of gaze x against time, and their correlation.
    way : float
        Slope times duration, in widths of the line: 1 for gaze that goes from its left to its right edge.
    start_error_x_px, end_error_x_px : float
        Median gaze x of the first and the last 15 % of the time, minus the line's left and right edge.
    nearest_line : int
        The line whose middle is nearest to the median of gaze y; −1 when not measured.
    nearest_share : float
        Share of single frames whose nearest line is the marked one.
    state : str
        ``read``; ``not_read`` when gaze did not go from left to right; ``not_measured`` with too few frames.
    """

    n_frames: int
    error_y_px: float = math.nan
    mad_y_px: float = math.nan
    slope_px_s: float = math.nan
    correlation: float = math.nan
    way: float = math.nan
    start_error_x_px: float = math.nan
    end_error_x_px: float = math.nan
    nearest_line: int = -1
    nearest_share: float = math.nan
    state: str = "not_measured"
