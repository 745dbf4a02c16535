"""What stands at the right of each plot's head: what is shown, of how many, and what is missing."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from ifllm_desktop.analysis.audit_study import StudyFigures


def _tr(text: str) -> str:
    return QCoreApplication.translate("AuditCaptions", text)


def captions(figures: StudyFigures) -> dict[str, str]:
    """Captions by plot; empty where the plot itself says that there is nothing."""
    return {
        "targets": _targets(figures),
        "heat": _heat(figures),
        "time": _time(figures),
        "gaps": _gaps(figures),
    }


def _targets(figures: StudyFigures) -> str:
    n = figures.targets.n_sessions
    if n == 1:
        return _tr("one session: no ellipse over people")
    return _tr("mean and 68 %, {n} sessions").format(n=n) if n else ""


def _heat(figures: StudyFigures) -> str:
    if not figures.heat.px.size:
        return ""
    if figures.mixed_screens:
        return _tr("screens differ: degrees only")
    return _tr("median px") if figures.heat.shown[1] == "px" else _tr("median, degrees")


def _time(figures: StudyFigures) -> str:
    if not figures.time.lines:
        return ""
    return (
        _tr("drift check before each task") if figures.time.has_checks else _tr("no drift checks: start only")
    )


def _gaps(figures: StudyFigures) -> str:
    loss = figures.gaps.median_loss
    return _tr("{n} % of frames lost, median").format(n=f"{100 * loss:.1f}") if math.isfinite(loss) else ""
