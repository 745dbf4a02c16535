"""Words for the participant while gaze cannot be used: short for the header, whole for its tooltip."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def _tr(text: str) -> str:
    return QCoreApplication.translate("GazeNotice", text)


def notice_words(code: str) -> str:
    """One of ``snapshot.GAZE_NOTICES`` in a few words; empty for none."""
    return {
        "resized": _tr("Gaze not usable: window size changed"),
        "moved": _tr("Gaze not usable: window was moved"),
        "screen_changed": _tr("Gaze not usable: screen changed"),
        "head_moved": _tr("Gaze not usable: you sit differently now"),
        "gaze_lost": _tr("I cannot see your eyes"),
    }.get(code, "")


def notice_sentence(code: str, check_due: bool) -> str:
    """What it means and what comes next; empty for none."""
    if not code:
        return ""
    if code == "gaze_lost":
        return _tr(
            "Nothing is lost: the rest goes on being recorded, and gaze comes back when your eyes are seen again."
        )
    if check_due:
        return _tr(
            "Nothing is lost: the rest goes on being recorded. A quick look at a dot comes before the next question."
        )
    return _tr(
        "Nothing is lost: the rest goes on being recorded. “Check gaze” brings a quick look at a dot before the next "
        "question."
    )
