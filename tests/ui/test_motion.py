"""Reduced motion: the choice in the settings wins; without one the desktop is asked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from ifllm_desktop.settings import Settings
from ifllm_desktop.ui import motion
from tests import command_line

ASK = """
from PySide6.QtCore import QCoreApplication
from ifllm_desktop.ui.motion import system_reduces_motion
app = QCoreApplication([])
print(system_reduces_motion())
"""
PORTAL = """
import sys
from PySide6.QtCore import ClassInfo, QCoreApplication, QObject, Slot
from PySide6.QtDBus import QDBusConnection, QDBusVariant
app = QCoreApplication([])
@ClassInfo({"D-Bus Interface": "org.freedesktop.portal.Settings"})
class Settings(QObject):
    @Slot(str, str, result=QDBusVariant)
    def Read(self, namespace, key):
        return QDBusVariant(eval(sys.argv[1]).get(key, "unknown"))
settings = Settings()
bus = QDBusConnection.sessionBus()
bus.registerObject("/org/freedesktop/portal/desktop", settings, QDBusConnection.ExportAllSlots)
print(bus.registerService("org.freedesktop.portal.Desktop"), flush=True)
app.exec()
"""


@pytest.mark.parametrize(("choice", "asks", "reduced"), [
    ("reduced", False, True), ("full", True, False), ("system", True, True), ("system", False, False),
])  # fmt: skip
def test_that_the_choice_wins_over_the_desktop(
    choice: motion.MotionChoice, asks: bool, reduced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(motion, "system_reduces_motion", lambda: asks)
    assert motion.reduced_motion(choice) is reduced


def test_that_the_desktop_decides_unless_something_was_chosen() -> None:
    assert Settings().motion == "system"


def ask(environment: dict[str, str]) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return ran.stdout.strip()


@pytest.fixture
def desktop(tmp_path) -> Iterator[Callable[[dict[str, object]], dict[str, str]]]:  # type: ignore[no-untyped-def]
    """Function from the desktop's settings to the environment of a program on it."""
    if sys.platform != "linux" or shutil.which("dbus-daemon") is None:
        pytest.skip("needs dbus-daemon")
    running: list[subprocess.Popen[str]] = []

    def start(*command: str, **options: object) -> str:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
        running.append(process)
        return str(process.stdout.readline()).strip()

    def with_settings(values: dict[str, object]) -> dict[str, str]:
        address = start("dbus-daemon", "--session", "--nofork", "--print-address")
        environment = {**command_line.environment(tmp_path), "DBUS_SESSION_BUS_ADDRESS": address}
        assert start(sys.executable, "-c", PORTAL, repr(values), env=environment) == "True"
        return environment

    yield with_settings
    for process in reversed(running):
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize(("values", "reduced"), [
    ({"reduced-motion": 1}, "True"), ({"enable-animations": False}, "True"),
    ({"enable-animations": True}, "False"), ({}, "False"),
])  # fmt: skip
def test_that_a_desktop_is_asked_by_its_portal(
    desktop: Callable[[dict[str, object]], dict[str, str]], values: dict[str, object], reduced: str
) -> None:
    assert ask(desktop(values)) == reduced


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are asked otherwise")
def test_that_without_a_portal_things_may_move(tmp_path) -> None:  # type: ignore[no-untyped-def]
    environment = command_line.environment(tmp_path)
    environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={tmp_path}/none"
    assert ask(environment) == "False"
