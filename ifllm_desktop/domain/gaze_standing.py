"""Which validation the gaze of a moment stands on, told from the control events alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ifllm_desktop.domain.session import Event


def standing_validation(events: Sequence[Event], t_ns: int | None = None) -> dict[str, Any] | None:
    """Payload of the validation that stands at a moment; None when gaze was never validated.

    Several calibrations may have been tried: the accepted one counts, not the newest. A refit stands on the validation
    of the calibration that it mended. Where a drift check found gaze beyond its threshold and could not mend it, ``ok``
    is False and ``reason`` is ``drifted`` until the next check that finds it in place, or the next acceptance.
    Recordings without events ``gaze_accepted`` are older: there the newest validation counts.

    Parameters
    ----------
    events : sequence of Event
        In the order of their times.
    t_ns : int or None
        Session time; None for the end of the session.
    """
    found: dict[str, dict[str, Any]] = {}
    standing: dict[str, Any] | None = None
    any_accepted = any(event.kind == "gaze_accepted" for event in events)
    drifted = False
    for event in events:
        if t_ns is not None and event.t_ns > t_ns:
            break
        payload = event.payload
        if event.kind == "validation":
            found[str(payload["calibration_id"])] = payload
            if not any_accepted:
                standing = payload
        elif event.kind == "gaze_accepted":
            standing, drifted = found.get(str(payload["calibration_id"])), False
        elif event.kind == "drift":
            # what a check of the calibration before a refit found is for the check after it to take back
            drifted = payload["action"] in ("refit", "kept", "reverted") or (drifted and not payload["ok"])
    if standing is None or not drifted or not standing["ok"]:
        return standing
    return {**standing, "ok": False, "reason": "drifted"}
