"""Which validation gaze stands on: the accepted one, unless it has drifted since."""

from __future__ import annotations

from typing import Any

import pytest

from ifllm_desktop.domain.gaze_standing import standing_validation
from ifllm_desktop.domain.session import Event


def validated(calibration_id: str, ok: bool = True) -> tuple[str, dict[str, Any]]:
    return "validation", {"calibration_id": calibration_id, "ok": ok, "reason": "", "accuracy_px": 60.0}


def accepted(calibration_id: str) -> tuple[str, dict[str, Any]]:
    return "gaze_accepted", {"calibration_id": calibration_id}


def drift(action: str, ok: bool) -> tuple[str, dict[str, Any]]:
    return "drift", {"action": action, "ok": ok}


def stands(*kinds: tuple[str, dict[str, Any]], t_ns: int | None = None) -> tuple[str, bool] | None:
    found = standing_validation([Event(n, kind, payload) for n, (kind, payload) in enumerate(kinds)], t_ns)
    return (found["calibration_id"], found["ok"]) if found is not None else None


def test_that_the_accepted_validation_stands_and_not_the_newest() -> None:
    events = (validated("c1"), validated("c2", False), accepted("c1"), validated("c3"))
    assert stands(*events) == ("c1", True)
    assert stands(*events, t_ns=1) is None
    assert stands(*events, accepted("c3")) == ("c3", True)
    assert stands(*events, accepted("c3"), t_ns=3) == ("c1", True)


def test_that_in_older_recordings_the_newest_validation_stands() -> None:
    assert stands(validated("c1"), validated("c2", False)) == ("c2", False)
    assert stands() is None


@pytest.mark.parametrize(
    ("checks", "ok"),
    [
        ([("none", True)], True),
        ([("not_measured", False)], True),
        ([("skipped", False)], True),
        ([("refit", False), ("none", True)], True),
        ([("refit", False)], False),
        ([("refit", False), ("kept", False)], False),
        ([("refit", False), ("reverted", False)], False),
        ([("refit", False), ("not_measured", False)], False),
        ([("refit", False), ("skipped", False), ("not_measured", False)], False),
        ([("refit", False), ("kept", False), ("none", True)], True),
    ],
)
def test_that_drift_that_could_not_be_mended_takes_the_claim_away(
    checks: list[tuple[str, bool]], ok: bool
) -> None:
    events = (validated("c1"), accepted("c1"), *(drift(*check) for check in checks))
    assert stands(*events) == ("c1", ok)
    assert stands(*events, accepted("c1")) == ("c1", True)


def test_that_the_reason_is_said_and_the_event_is_not_changed() -> None:
    kind, payload = validated("c1")
    events = [Event(0, kind, payload), Event(1, *accepted("c1")), Event(2, *drift("kept", False))]
    found = standing_validation(events)
    assert found is not None and found["reason"] == "drifted"
    assert payload["ok"] is True
