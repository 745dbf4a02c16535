"""The demo in a real window, by real pointer and keys: what was clicked is what is exported."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ifllm_desktop import compose
from ifllm_desktop.store.study import StudyFolder
from tests.command_line import CHECKOUT, environment, run

pytestmark = [
    pytest.mark.display,
    pytest.mark.skipif(
        not (shutil.which("Xvfb") and shutil.which("xdotool")),
        reason="needs Xvfb and xdotool to be installed",
    ),
]
SIZE = (1366, 768)
Widget = dict[str, Any]


@pytest.fixture
def display() -> Iterator[str]:
    """An X server of this test's own; it chooses a free number itself."""
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    number = server.stdout.readline().strip()
    try:
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


class Person:
    """Somebody at the screen: looks for a thing by its name, points, presses, types."""

    def __init__(self, display: str, home: Path, arguments: list[str]) -> None:
        self._env = {**environment(home), "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        self._errors = (home / "stderr.txt").open("w+", encoding="utf-8")
        script = Path(__file__).with_name("click_through_app.py")
        self.app = subprocess.Popen(
            [sys.executable, str(script), *arguments], env=self._env, cwd=CHECKOUT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        self.clicks: list[tuple[str, int, int]] = []

    def look(self) -> dict[str, Widget]:
        """Everything with a name that can be seen now."""
        assert self.app.stdin is not None
        assert self.app.stdout is not None
        assert self.app.poll() is None, self.errors()
        self.app.stdin.write("?\n")
        self.app.stdin.flush()
        return {w["name"]: w for w in json.loads(self.app.stdout.readline())["widgets"]}

    def wait_for(
        self, name: str, limit_s: float = 60.0, ready: Callable[[Widget], bool] | None = None
    ) -> Widget:
        """The named thing once it can be seen and used."""
        end_s = time.monotonic() + limit_s
        seen: dict[str, Widget] = {}
        while time.monotonic() < end_s:
            seen = self.look()
            found = seen.get(name)
            if found is not None and (found["enabled"] if ready is None else ready(found)):
                return found
            time.sleep(0.15)
        raise AssertionError(f"{name} did not come; there are {sorted(seen)}; {self.errors()}")

    def click(self, name: str, limit_s: float = 60.0, ready: Callable[[Widget], bool] | None = None) -> None:
        """Move there in steps, as a hand does, and press."""
        x, y, w, h = self.wait_for(name, limit_s, ready)["rect"]
        spot = (x + w // 2, y + h // 2)
        self.clicks.append((name, *spot))
        for part in (0.4, 0.8, 1.0):
            self._do("mousemove", str(int(spot[0] * part)), str(int(spot[1] * part)))
            time.sleep(0.02)
        self._do("click", "1")
        time.sleep(0.1)

    def press(self, key: str) -> None:
        """A key of the keyboard."""
        self._do("key", key)
        time.sleep(0.1)

    def errors(self) -> str:
        """What the program said on stderr."""
        self._errors.flush()
        return Path(self._errors.name).read_text(encoding="utf-8")

    def leave(self) -> None:
        """End the program, however far it came."""
        for stream in (self.app.stdin, self.app.stdout):
            if stream is not None:
                stream.close()
        self.app.terminate()
        self.app.wait(20)
        self._errors.close()

    def _do(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env=self._env, check=True, timeout=20)


@pytest.fixture
def person(display: str, tmp_path: Path) -> Iterator[Person]:
    (tmp_path / "home").mkdir()
    someone = Person(display, tmp_path / "home", ["demo", "--study", str(tmp_path / "study")])
    yield someone
    someone.leave()


def to_tasks(person: Person) -> None:
    person.click("home_run_study", 60)
    person.click("welcome_next")
    person.wait_for("consent_yes_gaze")
    for scope in ("gaze", "pointer", "eye_patches", "sharing"):
        person.click(f"consent_yes_{scope}")
    person.click("consent_continue")
    person.click("camera_continue", 30)
    person.click("gaze_accept", 90)  # nine targets and five others are looked at in between
    person.click("instructions_next")


def test_that_the_exported_vote_is_the_one_that_was_clicked(person: Person, tmp_path: Path) -> None:
    study_path = tmp_path / "study"
    to_tasks(person)
    person.click("task_send")
    person.click("rate_left_3", 60)
    person.click("task_continue")
    finish_or_send = person.look()
    assert "task_send" in finish_or_send
    person.click("task_finish")
    person.click("task_send")
    # while the answers are being written the ballot is locked
    locked = person.wait_for("rate_left_6", ready=lambda w: True)
    assert not locked["enabled"]
    person.click("rate_left_6", ready=lambda w: True)
    person.click("rate_left_6", 90)
    person.click("rate_right_2")
    person.click("prefer_left_clearly")
    person.click("prefer_right_slightly")  # a change of mind
    person.click("task_continue")
    person.click("task_finish")
    person.click("finish_done")
    person.wait_for("home_replay", 30)

    out = tmp_path / "data"
    ran = run(tmp_path / "home", ["export", study_path, "--format", "preference", "--out", out, "--json"])
    assert ran.code == 0, ran.err
    (row,) = [
        json.loads(line) for line in next(out.glob("preference/*.jsonl")).read_text("utf-8").splitlines()
    ]
    assert row["chosen_side"] == "right"
    assert row["strength"] == 1
    assert (row["likert_chosen"], row["likert_rejected"]) == (2, 6)

    study = StudyFolder.open(study_path)
    info = compose.session_of(study, None)
    source = study.source(info.session_id)
    assert info.state == "finished"
    presses = {
        (r["target"], round(r["x_px"]), round(r["y_px"]))
        for r in source.read("pointer")
        if r["kind"] == "press"
    }
    votes = [click for click in person.clicks if click[0].startswith(("rate_", "prefer_"))]
    assert {name for name, _, _ in votes} <= {name for name, _, _ in presses}
    for name, x, y in votes:
        assert any(p[0] == name and abs(p[1] - x) <= 1 and abs(p[2] - y) <= 1 for p in presses), (name, x, y)
    ratings = [e.payload["value"] for e in source.events() if e.kind == "rating"]
    assert ratings == [3, 6, 2]  # the click on the locked ballot changed nothing
    for event in source.events():
        if event.kind == "response_end":
            chunks = source.read("chunk")
            mine = chunks[chunks["response_id"] == event.payload["response_id"]]
            assert "".join(mine["text"]) == event.payload["text"]
    for stream in (
        "landmarks",
        "gaze",
        "hit",
        "layout_epoch",
        "layout_block",
        "reveal",
        "aoi",
        "window",
        "state",
    ):
        assert len(source.read(stream)) > 0, stream
    study.close()


def test_that_keys_alone_vote_and_a_window_closed_in_the_middle_keeps_what_was_done(
    person: Person, tmp_path: Path
) -> None:
    to_tasks(person)
    person.press("Return")  # Send has the focus
    person.wait_for("rate_left_1", 60)
    person.press("5")
    person.wait_for("task_continue", 10)
    person.press("ctrl+Return")
    person.wait_for("task_send", 10)
    person.press("alt+F4")
    person.app.terminate()
    person.app.wait(20)
    study = StudyFolder.open(tmp_path / "study")
    compose.recover_study(study)
    info = compose.session_of(study, None)
    source = study.source(info.session_id)
    assert [e.payload["value"] for e in source.events() if e.kind == "rating"] == [5]
    keys = source.read("key")
    assert {"digit", "enter"} <= set(keys["key_class"])
    assert info.state == "stopped"
    study.close()
