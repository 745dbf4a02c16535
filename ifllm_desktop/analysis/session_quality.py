"""The quality of one session's gaze: the values, and the function that finds them in a recording."""

from __future__ import annotations

from ifllm_desktop.analysis.quality_limits import QualityLimits, ScoreRule
from ifllm_desktop.analysis.quality_parts import (
    Apparatus,
    Cell,
    DataLoss,
    Drift,
    ErrorAt,
    GapBin,
    HeadMovement,
    InvalidSpan,
    QualityScore,
    ScorePart,
    Share,
    Trace,
)
from ifllm_desktop.analysis.quality_targets import (
    Accuracy,
    Attempt,
    CalibrationPoint,
    Precision,
    Problem,
    TargetError,
)
from ifllm_desktop.analysis.quality_values import QUALITY_VERSION, SessionQuality

__all__ = (
    "QUALITY_VERSION", "Accuracy", "Apparatus", "Attempt", "CalibrationPoint", "Cell", "DataLoss", "Drift", "ErrorAt",
    "GapBin", "HeadMovement", "InvalidSpan", "Precision", "Problem", "QualityLimits", "QualityScore", "ScorePart",
    "ScoreRule", "SessionQuality", "Share", "TargetError", "Trace",
)  # fmt: skip
