"""The window by keyboard alone, and closed in the middle: what was done is kept."""

from __future__ import annotations

from pathlib import Path

from ifllm_desktop import compose
from ifllm_desktop.store.study import StudyFolder
from tests.ui.test_click_through import Person, display, person, pytestmark

__all__ = ["display", "person", "pytestmark"]  # fixtures and marks of the other test in a real window


def to_first_task(person: Person) -> None:
    """From Home to the first task, by pointer."""
    for name in ("home_run_study", "welcome_next"):
        person.click(name)
    for scope in ("gaze", "pointer", "eye_patches", "sharing"):
        person.click(f"consent_yes_{scope}")
    person.click("consent_continue")
    person.click("camera_continue")
    # nine targets and five others are looked at in between
    person.wait("the result", lambda seen: "gaze_accept" in seen, 90)
    person.click("gaze_accept")
    person.click("text_check_skip")
    person.click("instructions_next")


def test_that_keys_rate_and_a_window_closed_in_the_middle_keeps_the_rating(
    person: Person, tmp_path: Path
) -> None:
    to_first_task(person)
    person.wait("the task", lambda seen: "task_send" in seen)
    person.key("Return")  # Send has the focus
    person.wait("open ratings", lambda seen: "rate_left_1" in seen and seen["rate_left_1"]["enabled"], 60)
    person.key("5")
    person.wait("a rating", lambda seen: seen["task_continue"]["enabled"], 10)
    person.key("ctrl+Return")
    person.wait("the next turn", lambda seen: "task_send" in seen, 10)
    person.key("alt+F4")
    person.wait(
        "the session on Home", lambda seen: "home_replay" in seen and seen["home_replay"]["enabled"], 30
    )
    with StudyFolder.open(tmp_path / "study") as study:
        info = compose.session_of(study, None)
        source = study.source(info.session_id)
        assert info.state == "stopped"
        assert all(segment.closed_cleanly for segment in info.segments)
        assert [e.payload["value"] for e in source.events() if e.kind == "rating"] == [5]
        assert {"digit", "enter"} <= set(source.read("key")["key_class"])
