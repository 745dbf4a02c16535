"""A score of 0 to 100 for a session's gaze, from rules that can be read."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ifllm_desktop.analysis.quality_limits import QualityLimits, ScoreRule
from ifllm_desktop.analysis.quality_parts import QualityScore, ScorePart
from ifllm_desktop.analysis.quality_values import SessionQuality

NEEDED = ("accuracy", "loss")
"""Without these there is no score."""
_WEAK = 0.5
"""Below this share of its points a rule is named as a reason."""


def score_of(quality: SessionQuality, limits: QualityLimits) -> QualityScore:
    """The score of a session.

    Each rule gives ``weight`` points at ``full`` or better and none at ``limit`` or worse, on a straight line between.
    The total is the share of the points that could be had: rules that were not measured have no part in it. It is NaN
    where accuracy or loss were not measured: a score of the rest would look like one of the whole.

    Where degrees are not known, errors in px are judged by the study's ``px_per_deg``; ``value`` then is in px.
    """
    parts = (
        _angle("accuracy", quality.accuracy.deg, quality.accuracy.px, limits.accuracy, limits),
        _part("loss", quality.loss.loss, "", limits.loss),
        _part("rate", quality.loss.effective_hz, "Hz", limits.rate),
        _angle(
            "drift", _grown(quality.drift.change_deg), _grown(quality.drift.change_px), limits.drift, limits
        ),
        _part("on_text", quality.on_text, "", limits.on_text),
    )
    return QualityScore(_total(parts), parts)


def _total(parts: Sequence[ScorePart]) -> float:
    if any(math.isnan(part.points) for part in parts if part.name in NEEDED):
        return math.nan
    known = [part for part in parts if math.isfinite(part.points)]
    weight = sum(part.weight for part in known)
    return 100 * sum(part.points for part in known) / weight if weight > 0 else math.nan


def _grown(change: float) -> float:
    """An error that became less is no drift."""
    return max(0.0, change) if math.isfinite(change) else math.nan


def _angle(name: str, deg: float, px: float, rule: ScoreRule, limits: QualityLimits) -> ScorePart:
    if math.isfinite(deg) or math.isnan(px):
        return _part(name, deg, "deg", rule)
    k = limits.px_per_deg
    exclude = None if rule.exclude is None else rule.exclude * k
    return _part(name, px, "px", ScoreRule(rule.weight, rule.full * k, rule.limit * k, exclude))


def _part(name: str, value: float, unit: str, rule: ScoreRule) -> ScorePart:
    if math.isnan(value):
        return ScorePart(
            name, value, unit, rule.full, rule.limit, math.nan, rule.weight, False, "not_measured"
        )
    share = min(1.0, max(0.0, (rule.limit - value) / (rule.limit - rule.full)))
    rises = rule.full > rule.limit
    excludes = rule.exclude is not None and (value < rule.exclude if rises else value > rule.exclude)
    reason = "beyond_limit" if excludes else "weak" if share < _WEAK else ""
    return ScorePart(
        name, value, unit, rule.full, rule.limit, rule.weight * share, rule.weight, excludes, reason
    )
