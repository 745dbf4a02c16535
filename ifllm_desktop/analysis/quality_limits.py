"""What a study demands of its gaze, collected from the parts of its study file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Self

from ifllm_desktop.analysis.quality_values import QUALITY_VERSION
from ifllm_desktop.protocol import QualityPlan, StudyProtocol


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """All points at ``full`` or better, none at ``limit`` or worse; beyond ``exclude`` the session is to be left out.

    ``exclude`` is None where this alone is no reason.
    """

    weight: float
    full: float
    limit: float
    exclude: float | None = None


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """Limits, weights and sizes that the quality of a session is judged by.

    Attributes
    ----------
    grades_deg : tuple of float
        Upper limits of the grades A, B and C.
    px_per_deg : float
        Stands in where the size of the screen is not known, for limits only: figures are never converted by it.
    accuracy, loss, rate, drift, on_text : ScoreRule
        In degrees, shares of 1, Hz, degrees, shares of 1.
    supported, probable : float
        Chances from which a level is supported, and given with its probability.
    columns, rows : int
        Of the grid over the screen.
    """

    grades_deg: tuple[float, float, float] = (1.0, 1.5, 2.5)
    px_per_deg: float = 48.0
    accuracy: ScoreRule = ScoreRule(40.0, 0.5, 3.5, 3.5)
    loss: ScoreRule = ScoreRule(25.0, 0.02, 0.15, 0.15)
    rate: ScoreRule = ScoreRule(10.0, 28.0, 15.0)
    drift: ScoreRule = ScoreRule(15.0, 0.2, 2.0)
    on_text: ScoreRule = ScoreRule(10.0, 0.6, 0.1)
    supported: float = 0.80
    probable: float = 0.25
    columns: int = 5
    rows: int = 4

    @classmethod
    def of(cls, protocol: StudyProtocol) -> Self:
        """Those of a study."""
        plan: QualityPlan = protocol.quality
        weights = plan.weights
        return cls(
            grades_deg=protocol.calibration.grades_deg,
            accuracy=ScoreRule(weights.accuracy, plan.good_error_deg, plan.max_error_deg, plan.max_error_deg),
            loss=ScoreRule(weights.loss, plan.good_loss, plan.max_loss, plan.max_loss),
            rate=ScoreRule(weights.rate, plan.good_rate_hz, plan.poor_rate_hz, plan.min_rate_hz),
            drift=ScoreRule(weights.drift, plan.good_drift_deg, plan.poor_drift_deg, plan.max_drift_deg),
            on_text=ScoreRule(weights.on_text, plan.good_on_text, plan.poor_on_text),
            supported=plan.supported,
            probable=plan.probable,
            columns=plan.grid[0],
            rows=plan.grid[1],
        )

    @property
    def key(self) -> str:
        """Changes with any limit and with the version of the figures: what the cache is asked by."""
        text = json.dumps([QUALITY_VERSION, asdict(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
