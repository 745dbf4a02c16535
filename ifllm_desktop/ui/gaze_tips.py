"""What helps the gaze, worked out from what was measured: light, seating, pace; never whose fault it was."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from ifllm_desktop.session.snapshot import FlowSnapshot

NOTABLE = 0.1
"""Share of the frames from which on a reason for lost frames is worth a word."""
MAX_TIPS = 3


class Tip(NamedTuple):
    """One piece of advice and the measurement that it follows from; ``icon`` as in ``icons.GLYPHS``."""

    icon: str
    advice: str
    because: str


def _tr(text: str) -> str:
    return QCoreApplication.translate("GazeTips", text)


def tips(snapshot: FlowSnapshot) -> tuple[Tip, ...]:
    """Advice for the latest attempt, the most telling first; at least one, at most :data:`MAX_TIPS`."""
    found = [tip for tip in (_light(snapshot), _pace(snapshot), _steady(snapshot), _speed(snapshot)) if tip]
    if not found:
        found = [_seat()]
    return tuple(found[:MAX_TIPS])


def _light(snapshot: FlowSnapshot) -> Tip | None:
    """Eyes that were lost: more light, fewer reflections."""
    lost = _share(snapshot, "no_face")
    if snapshot.validation is not None and math.isfinite(snapshot.validation.loss):
        lost = max(lost, snapshot.validation.loss)
    if _reason(snapshot) not in ("no_face", "too_many_lost") and lost < NOTABLE:
        return None
    advice = _tr("Let light fall on your face from the front, and turn away lamps that mirror in glasses.")
    if lost < NOTABLE:
        return Tip("camera", advice, _tr("The camera did not find your eyes in time."))
    because = _tr("Your eyes could not be seen in {share:.0f} % of the pictures.").format(share=100 * lost)
    return Tip("camera", advice, because)


def _steady(snapshot: FlowSnapshot) -> Tip | None:
    """Scatter, or an error without losses: sit still and nearer."""
    targets = snapshot.calibration.targets if snapshot.calibration is not None else ()
    n_unsteady = sum(t.state == "unsteady" for t in targets)
    advice = _tr("Lean back so that your head rests, an arm's length from the screen (50 to 60 cm).")
    if n_unsteady or _share(snapshot, "unsteady") >= NOTABLE:
        form = _tr("The measurement moved about at {n} of {total} points.")
        if n_unsteady:
            return Tip("face", advice, form.format(n=n_unsteady, total=len(targets)))
        return Tip("face", advice, _tr("The measurement moved about while the rings were filling."))
    if _reason(snapshot) == "error_too_large":
        return Tip("face", advice, _tr("The gaze was found, but it missed the points by too much."))
    return None


def _pace(snapshot: FlowSnapshot) -> Tip | None:
    """Targets without enough frames: look until the ring closes."""
    targets = snapshot.calibration.targets if snapshot.calibration is not None else ()
    n_missing = sum(t.state == "not_measured" for t in targets)
    if not n_missing and _reason(snapshot) != "too_few_targets":
        return None
    advice = _tr("Look at each dot until its ring has closed; blink between two dots.")
    if not n_missing:
        return Tip("gaze", advice, _tr("Too few points could be measured."))
    because = _tr("{n} of {total} points could not be measured.").format(n=n_missing, total=len(targets))
    return Tip("gaze", advice, because)


def _speed(snapshot: FlowSnapshot) -> Tip | None:
    """Pictures that come too slowly: in the dark a camera takes longer for each."""
    share = _share(snapshot, "slow")
    if share < NOTABLE:
        return None
    advice = _tr(
        "Close other programs, and switch on a lamp: in the dark a camera takes longer for each picture."
    )
    return Tip("wait", advice, _tr("The pictures came too slowly."))


def _seat() -> Tip:
    return Tip(
        "face",
        _tr(
            "Sit in the middle of the camera's picture, an arm's length from the screen, with light from the front."
        ),
        _tr("This helps in most cases."),
    )


def _reason(snapshot: FlowSnapshot) -> str:
    outcome = snapshot.validation or snapshot.calibration
    return outcome.reason if outcome is not None else ""


def _share(snapshot: FlowSnapshot, gate: str) -> float:
    """Share of the frames of the latest calibration that did not count for a reason."""
    targets = snapshot.calibration.targets if snapshot.calibration is not None else ()
    rejected: Counter[str] = Counter()
    for target in targets:
        rejected.update(target.n_rejected)
    n_frames = sum(t.n_frames for t in targets) + rejected.total()
    return rejected[gate] / n_frames if n_frames else 0.0
