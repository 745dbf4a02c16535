"""The demo as a person goes through it: real pointer and keys on a screen of its own, to the exported vote."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ifllm_desktop.domain.session import Event
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.store.study import StudyFolder
from tests import command_line

TOOLS = ("Xvfb", "openbox", "xdotool")
APP = Path(__file__).with_name("click_through_app.py")
SCREEN = "1366x768x24"
KEY_CLASSES = {"text", "digit", "enter", "space", "backspace", "delete", "tab", "escape", "arrow", "modifier",
               "function", "other"}  # fmt: skip
pytestmark = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.skipif(
        any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)} on the path"
    ),
]

Widgets = dict[str, dict[str, Any]]


class Click(NamedTuple):
    """A press of the left button, and the widget that it was meant for."""

    name: str
    x_px: int
    y_px: int


class Person:
    """Looks at the screen, moves the pointer, presses keys. What was clicked is remembered."""

    def __init__(self, app: subprocess.Popen[str], display: str) -> None:
        self.app = app
        self.clicks: list[Click] = []
        self._environment = {**os.environ, "DISPLAY": display}

    def look(self) -> Widgets:
        """The widgets that can be seen, by name."""
        assert self.app.stdin is not None and self.app.stdout is not None
        self.app.stdin.write("look\n")
        self.app.stdin.flush()
        line = self.app.stdout.readline()
        assert line, f"the program ended with {self.app.wait(10)}"
        return {widget["name"]: widget for widget in json.loads(line)["widgets"]}

    def wait(self, what: str, seen: Callable[[Widgets], Any], limit_s: float = 30.0) -> Widgets:
        """Look until something is seen."""
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            widgets = self.look()
            if seen(widgets):
                return widgets
            time.sleep(0.15)
        pytest.fail(f"{what} was not seen within {limit_s:.0f} s; seen: {sorted(self.look())}")

    def click(self, name: str) -> None:
        """Wait until a button can be pressed where it stands, then press it."""
        self.wait(f"{name} to click", lambda seen: name in seen and seen[name]["enabled"])
        self.press(name)

    def press(self, name: str) -> None:
        """Press the left button on a widget, whether it can be used or not."""
        place = self.look()[name]["rect"]
        for _ in range(20):  # a page that just came up is still being laid out
            time.sleep(0.1)
            before, place = place, self.look()[name]["rect"]
            if place == before:
                break
        x_px, y_px = place[0] + place[2] // 2, place[1] + place[3] // 2
        self._xdotool("mousemove", x_px, y_px)
        time.sleep(0.05)
        self._xdotool("click", 1)
        self.clicks.append(Click(name, x_px, y_px))

    def wheel_down(self, name: str, steps: int) -> None:
        """Turn the wheel above a widget."""
        x_px, y_px, w_px, h_px = self.look()[name]["rect"]
        self._xdotool("mousemove", x_px + w_px // 2, y_px + h_px // 2)
        self._xdotool("click", "--repeat", steps, "--delay", 60, 5)

    def key(self, name: str) -> None:
        """Press and release a key; to whatever has the focus."""
        self._xdotool("key", name)

    def _xdotool(self, *arguments: object) -> None:
        words = ["xdotool", *map(str, arguments)]
        subprocess.run(words, check=True, env=self._environment, timeout=20, capture_output=True)


@pytest.fixture
def display(tmp_path: Path) -> Iterator[str]:
    """An X server of a small laptop's size, with a window manager."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", SCREEN, "-nolisten", "tcp"],
        pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as numbers:
        name = f":{numbers.readline().strip()}"
    manager = subprocess.Popen(
        ["openbox"], env={**os.environ, "DISPLAY": name, "HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield name
    for process in (manager, server):
        process.terminate()
        process.wait(10)


@pytest.fixture
def person(display: str, tmp_path: Path) -> Iterator[Person]:
    """Somebody in front of the program, which was started with the demo study."""
    environment = {**command_line.environment(tmp_path), "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    with (tmp_path / "said.txt").open("w", encoding="utf-8") as said:
        app = subprocess.Popen(
            [sys.executable, str(APP), "demo", "--study", str(tmp_path / "study")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, encoding="utf-8",
            env=environment,
        )  # fmt: skip
        with app:
            yield Person(app, display)
            if app.poll() is None:
                app.kill()


def test_that_the_exported_vote_is_the_one_that_was_clicked(person: Person, tmp_path: Path) -> None:
    go_to_the_tasks(person)
    rate_one_answer(person)
    vote_on_a_pair(person)
    person.click("finish_done")
    person.wait("the session on Home", lambda seen: "home" in seen and seen["home_replay"]["enabled"])
    look_at_every_page(person)
    person.key("alt+F4")
    assert person.app.wait(30) == 0
    assert "Traceback" not in (tmp_path / "said.txt").read_text(encoding="utf-8")

    source = only_recording(tmp_path / "study")
    assert_clicks_are_recorded(source, person.clicks)
    assert_everything_of_the_screen_is_recorded(source)
    assert_the_lines_were_read(source)
    assert_answers_are_whole(source)
    assert_ratings_were_locked(source.events())
    (row,) = exported_pairs(tmp_path)
    assert (row["chosen_side"], row["strength"]) == ("right", 2)
    assert (row["likert_chosen"], row["likert_rejected"]) == (6, 3)


# ---- what the person does ---------------------------------------------------------------------------------


def go_to_the_tasks(person: Person) -> None:
    """From Home through consent, camera check, calibration and its result."""
    seen = person.wait("Home on the screen", lambda s: "home_run_study" in s)
    width_px, height_px = map(int, SCREEN.split("x")[:2])
    x_px, y_px, w_px, h_px = seen["main_window"]["rect"]
    assert x_px >= 0 and y_px >= 0 and x_px + w_px <= width_px and y_px + h_px <= height_px
    person.click("home_run_study")
    person.click("welcome_next")
    for line in ("yes_pointer", "yes_gaze", "no_eye_patches", "yes_sharing"):
        person.click(f"consent_{line}")
    person.click("consent_continue")
    person.clicks.clear()  # nothing is recorded before consent
    seen = person.wait("the camera check", lambda s: s.get("camera_continue", {}).get("enabled"))
    assert "simulated" in seen["recording_text"]["text"]
    person.key("Return")
    person.wait("the result of the calibration", lambda s: "gaze_accept" in s, limit_s=90)
    person.key("Return")
    read_the_lines(person)
    person.click("instructions_next")


def read_the_lines(person: Person) -> None:
    """The marked lines, by the keyboard alone."""
    person.wait("the text", lambda s: s.get("text_check_next", {}).get("enabled") and "line_mark" not in s)
    person.key("space")
    seen_at: list[list[int]] = [[]]
    for _ in range(3):
        seen = person.wait(
            "a mark at another line",
            lambda s: s.get("line_mark", {"rect": seen_at[-1]})["rect"] != seen_at[-1],
        )
        seen_at.append(seen["line_mark"]["rect"])
        time.sleep(1.5)
        person.key("space")


def rate_one_answer(person: Person) -> None:
    """One answer, rated by a key."""
    person.click("task_send")
    person.wait("open ratings", lambda s: s.get("rate_left_1", {}).get("enabled"))
    person.key("5")
    person.click("task_continue")
    person.click("task_finish")


def vote_on_a_pair(person: Person) -> None:
    """Two answers: clicks while they arrive change nothing; then one rating by a key, the rest by clicks."""
    person.wait("the second task", lambda s: "task_send" in s and "task_finish" not in s)
    person.click("task_send")
    person.wait("both answers", lambda s: "response_right" in s and "prefer_left_clearly" in s)
    for name in ("rate_left_7", "prefer_left_clearly"):
        person.press(name)
    seen = person.look()
    assert not seen["rate_left_7"]["enabled"] and not seen["rate_left_7"]["checked"]
    person.wait("open ratings", lambda s: s["rate_left_1"]["enabled"])
    for side in ("left", "right"):
        person.wheel_down(f"response_{side}", 2)
    person.key("3")
    person.click("rate_right_6")
    person.click("prefer_right_clearly")
    seen = person.wait("the vote", lambda s: s["prefer_right_clearly"]["checked"])
    assert [name for name in seen if name.startswith("rate_") and seen[name]["checked"]] != []
    assert seen["rate_left_3"]["checked"] and seen["rate_right_6"]["checked"]
    person.click("task_continue")
    person.click("task_finish")


def look_at_every_page(person: Person) -> None:
    """The other pages come up with what was recorded."""
    person.click("home_replay")
    person.wait("the replay", lambda s: s.get("replay_play", {}).get("enabled") and "replay_stage" in s)
    person.click("rail_rewards")
    person.wait("the pair", lambda s: "1 pair" in " ".join(w["text"] for w in s.values()))
    person.click("rail_export")
    person.wait("the row", lambda s: "1 of 1" in s.get("preview_count", {}).get("text", ""))


# ---- what has to be there ---------------------------------------------------------------------------------


def only_recording(study: Path) -> RecordingSource:
    folder = StudyFolder.open(study)
    (info,) = folder.catalogue().sessions()
    assert (info.state, info.devices) == ("finished", "simulated")
    return folder.source(info.session_id)


def assert_clicks_are_recorded(source: RecordingSource, clicks: list[Click]) -> None:
    """Each press in the participant's window, at its place, with what was under it, in order."""
    rows = source.read("pointer")
    presses = [Click(str(r["target"]), r["x_px"], r["y_px"]) for r in rows if r["kind"] == "press"]
    names = [click.name for click in clicks]
    recorded = clicks[: names.index("finish_done")]  # by then the recording has ended
    assert presses == recorded


def assert_everything_of_the_screen_is_recorded(source: RecordingSource) -> None:
    responses = [e.payload["response_id"] for e in source.events() if e.kind == "response_end"]
    assert len(responses) == 3
    for stream in ("layout_epoch", "layout_block", "reveal", "chunk"):
        assert set(responses) <= set(source.read(stream)["response_id"]), stream
    assert (source.read("scroll")["offset_px"] > 0).any()
    assert len(source.read("wheel")) == 4
    keys = source.read("key")
    assert set(keys["key_class"]) <= KEY_CLASSES
    assert [k["target"] for k in keys if k["key_class"] == "digit" and k["kind"] == "press"] != []
    for stream in ("landmarks", "gaze", "window", "focus", "aoi", "state"):
        assert len(source.read(stream)) > 0, stream


def assert_the_lines_were_read(source: RecordingSource) -> None:
    """Three lines of the text, each with its frames, where its layout has them."""
    (event,) = [e.payload for e in source.events() if e.kind == "text_validation"]
    assert event["response_id"] in set(source.read("layout_epoch")["response_id"])
    assert event["response_id"] in set(source.read("reveal")["response_id"])
    assert [line["how"] for line in event["lines"]] == ["key"] * 3
    frames = source.read("target_frame")
    counts = [int(((frames["phase"] == "text") & (frames["target_index"] == k)).sum()) for k in range(3)]
    assert min(counts) > 15, counts


def assert_answers_are_whole(source: RecordingSource) -> None:
    """What came in pieces is the stored answer, and all of it was put on the screen."""
    texts: dict[str, str] = defaultdict(str)
    for chunk in source.read("chunk"):
        texts[chunk["response_id"]] += chunk["text"]
    shown: dict[str, int] = {r["response_id"]: int(r["n_source"]) for r in source.read("reveal")}
    for event in source.events():
        if event.kind == "response_end":
            response_id, text = event.payload["response_id"], event.payload["text"]
            assert texts[response_id] == text
            assert shown[response_id] == len(text)


def assert_ratings_were_locked(events: object) -> None:
    """Nothing was rated before the ratings opened, and no more than what was clicked afterwards."""
    is_open = False
    rated: list[tuple[str, object]] = []
    assert isinstance(events, (list, tuple))
    for event in events:
        assert isinstance(event, Event)
        if event.kind in ("submit", "rating_open"):
            is_open = event.kind == "rating_open"
        elif event.kind in ("rating", "preference"):
            assert is_open, event
            rated.append((event.kind, event.payload.get("value", event.payload.get("choice"))))
    assert rated == [("rating", 5), ("rating", 3), ("rating", 6), ("preference", "right")]


def exported_pairs(home: Path) -> list[dict[str, Any]]:
    ran = command_line.run(home, ["export", home / "study", "--format", "preference", "--out", home / "out"])
    assert ran.code == 0, ran.err
    (path,) = (home / "out").rglob("preference*.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
