"""What the calibration page says: which point it is, and why frames do not count."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from ifllm_desktop.protocol import Texts
from ifllm_desktop.session.target_run import TargetView

SHOW_AFTER = {"no_face": 6, "blink": 12, "slow": 30, "unsteady": 12}
"""Updates (30 a second) that a reason has to last before it is said: a single blink is not worth a word."""
HOLD = 36
"""Updates for which a reason stays on the screen once it was said, so that it can be read."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("CalibrationPage", text)


class GateWords:
    """Turns the reason of single frames, which may change 30 times a second, into words that can be read.

    Attributes
    ----------
    code : str
        The reason that is said now, one of ``gaze_outcome.GATES``; empty for none.
    """

    def __init__(self) -> None:
        self.code = ""
        self._newest = ""
        self._n_same = 0
        self._n_left = 0

    def note(self, target: TargetView | None) -> None:
        """The target as it is now; to be called at each update of the page."""
        newest = _gate_of(target)
        self._n_same = self._n_same + 1 if newest == self._newest else 1
        self._newest = newest
        self._n_left = max(0, self._n_left - 1)
        if newest and self._n_same >= SHOW_AFTER.get(newest, HOLD):
            self.code, self._n_left = newest, HOLD
        elif not newest and (self._n_left == 0 or self.code == "no_face"):
            self.code = ""  # it can be seen that the eyes are back: the ring fills again

    def words(self) -> str:
        """The sentence, empty when frames count."""
        return {
            "no_face": _tr("I cannot see your eyes. It goes on by itself when I can."),
            "blink": _tr("Blinking is fine. It goes on when your eyes are open."),
            "slow": _tr("The camera is slow just now. Keep looking, it only takes a little longer."),
            "unsteady": _tr("Rest your eyes on the centre of the dot."),
        }.get(self.code, "")


def _gate_of(target: TargetView | None) -> str:
    if target is None or target.stage == "done":
        return ""
    return "no_face" if target.face_lost else target.gate


def point_words(target: TargetView | None, texts: Texts | None = None) -> str:
    """Which point this is and what to do, in one sentence or two; of a drift check the study's own words."""
    if target is None or target.stage == "done":
        return _tr("One moment …")
    if is_lead_in(target):
        return _tr("It begins by itself. Press Space when you are ready.")
    if target.kind == "pursuit":
        form = (
            _tr("Follow the dot with your eyes.")
            if target.n < 2
            else _tr("Follow the dot with your eyes. Round {index} of {n}.")
        )
    elif target.repeated:
        form = _tr("Once more: your gaze moved at this point. Look at the centre.")
    elif target.phase == "redo" and target.n < 2:
        form = _tr("This point again. Look at the centre until the ring closes.")
    else:
        form = {
            "validation": _tr("Check point {index} of {n}. Look at the centre until the ring closes."),
            "drift": _one_line(texts.drift_check.body) if texts is not None else _tr("Look at the dot."),
            "refit": _tr(
                "A few dots to be exact again: {index} of {n}. Look at the centre until the ring closes."
            ),
            "recheck": _tr("One last look at the dot, until its ring closes."),
        }.get(target.phase, _tr("Point {index} of {n}. Look at the centre until the ring closes."))
    return form.replace("{index}", str(min(target.index + 1, target.n))).replace("{n}", str(target.n))


def is_lead_in(target: TargetView) -> bool:
    """Whether the target waits for its explanation to be read (``TargetRun``, ``lead_in_ms``)."""
    first = target.phase == "calibration" and target.kind == "target" and target.index == 0
    return first and target.stage == "settle" and target.stage_progress == 0.0


def _one_line(text: str) -> str:
    return " ".join(text.split())  # breaks of the study file are only its line length


def explanation(target: TargetView, texts: Texts | None = None) -> tuple[str, str] | None:
    """Head and text beside the first point of a calibration, before its frames are collected; None elsewhere.

    They are the study's own words; a pursuit has other things to explain.
    """
    if target.index > 0 or target.stage not in ("travel", "settle"):
        return None
    if target.kind != "pursuit" and target.phase != "calibration":
        return None
    if target.kind == "pursuit":
        return _tr("Look at the dot and follow it"), _tr("Keep your head still; only your eyes move.")
    if texts is not None:
        return texts.calibration.title, _one_line(texts.calibration.body)
    return _tr("Look at the centre of each dot"), _tr("Its ring fills while you look. Keep your head still.")
