"""Gaze in a real window by real keys: calibration, a point again, the check before the task, a window that changes."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

from ifllm_desktop import compose
from ifllm_desktop.store.study import StudyFolder
from tests.ui.test_click_through import Person, display, person, pytestmark

__all__ = ["display", "person", "pytestmark"]  # fixtures and marks of the other test in a real window

_CLIENT_MESSAGE, _TO_THE_MANAGER = 33, (1 << 20) | (1 << 19)


class _Message(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p), ("window", ctypes.c_ulong), ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int), ("data", ctypes.c_long * 5), ("rest", ctypes.c_long * 14),
    )  # fmt: skip


def leave_full_screen(display: str) -> None:
    """What a window manager does when it takes a window out of full screen."""
    x = ctypes.CDLL("libX11.so.6")
    x.XOpenDisplay.restype = ctypes.c_void_p
    x.XDefaultRootWindow.argtypes, x.XDefaultRootWindow.restype = (ctypes.c_void_p,), ctypes.c_ulong
    x.XInternAtom.argtypes, x.XInternAtom.restype = (
        (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int),
        ctypes.c_ulong,
    )
    x.XSendEvent.argtypes = (ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p)
    x.XCloseDisplay.argtypes = (ctypes.c_void_p,)
    environment = {**os.environ, "DISPLAY": display}
    asked = subprocess.run(
        ["xdotool", "getactivewindow"],
        check=True,
        env=environment,
        capture_output=True,
        text=True,
        timeout=20,
    )
    server = x.XOpenDisplay(display.encode())
    message = _Message(
        type=_CLIENT_MESSAGE, display=server, window=int(asked.stdout), format=32,
        message_type=x.XInternAtom(server, b"_NET_WM_STATE", 0),
    )  # fmt: skip
    message.data[:4] = (0, x.XInternAtom(server, b"_NET_WM_STATE_FULLSCREEN", 0), 0, 1)
    x.XSendEvent(server, x.XDefaultRootWindow(server), 0, _TO_THE_MANAGER, ctypes.byref(message))
    x.XCloseDisplay(server)


def test_that_gaze_is_calibrated_mended_checked_and_checked_again_after_a_change(
    person: Person, display: str, tmp_path: Path
) -> None:
    for name in ("home_run_study", "welcome_next"):
        person.click(name)
    for scope in ("gaze", "pointer", "eye_patches", "sharing"):
        person.click(f"consent_yes_{scope}")
    person.click("consent_continue")
    person.click("camera_continue")
    seen = person.wait("the target", lambda s: "page_calibration" in s)
    assert "participant_header" not in seen  # nothing but the target
    seen = person.wait("the result", lambda s: "gaze_accept" in s, 90)
    before = seen["gaze_redo"]["text"]
    person.key("Left" if before.endswith(("2", "4", "5")) else "Right")
    seen = person.wait("another point", lambda s: s["gaze_redo"]["text"] != before)
    person.key("p")
    person.wait("one point", lambda s: "page_calibration" in s)
    seen = person.wait("both attempts", lambda s: "gaze_attempts" in s, 60)
    person.click("gaze_accept")
    person.wait("the text", lambda s: "text_check_skip" in s)
    person.key("s")
    person.wait("the instructions", lambda s: "instructions_next" in s)
    person.key("Return")  # instructions
    person.wait("the check", lambda s: "page_calibration" in s)
    person.wait("the task", lambda s: "task_send" in s, 60)
    leave_full_screen(display)
    seen = person.wait("the notice", lambda s: "not usable" in s["recording_text"]["text"])
    assert "gaze_check" not in seen  # a decision comes anyway
    person.click("task_send")
    person.wait("open ratings", lambda s: s.get("rate_left_1", {}).get("enabled"), 60)
    person.key("5")
    person.click("task_continue")
    person.wait("what now", lambda s: "gaze_help_check_gaze" in s)
    person.key("Return")
    seen = person.wait("the next turn", lambda s: "task_send" in s, 60)
    assert "not usable" not in seen["recording_text"]["text"]
    person.key("alt+F4")
    person.wait("the session on Home", lambda s: s.get("home_replay", {}).get("enabled"), 30)

    with StudyFolder.open(tmp_path / "study") as study:
        source = study.source(compose.session_of(study, None).session_id)
        told = [(e.kind, e.payload) for e in source.events()]
        assert [p["kind"] for k, p in told if k == "calibration"][:2] == ["full", "redo"]
        assert [p["how"] for k, p in told if k == "gaze_accepted"] == ["accepted"]
        order = [
            k for k, _ in told if k in ("gaze_accepted", "drift", "gaze_invalid", "gaze_valid", "task_start")
        ]
        assert order[:4] == ["gaze_accepted", "drift", "task_start", "gaze_invalid"]
        assert order.count("drift") >= 2 and order[-1] == "gaze_valid"
        assert [p["reason"] for k, p in told if k == "gaze_invalid"] == ["resized"]
        frames = source.read("target_frame")
        assert {"calibration", "redo", "validation", "drift"} <= set(frames["phase"])
