"""Whether things may move on the screen: what was chosen in the settings, else what the desktop asks for."""

from __future__ import annotations

import ctypes
import sys
from typing import Literal

MotionChoice = Literal["system", "full", "reduced"]

_ASK_MS = 300
_WINDOWS_ANIMATION = 0x1042  # SPI_GETCLIENTAREAANIMATION
_PORTAL = "org.freedesktop.portal.Desktop"


def reduced_motion(choice: MotionChoice) -> bool:
    """Whether the calibration target must not travel, and nothing else may slide or fade."""
    return system_reduces_motion() if choice == "system" else choice == "reduced"


def system_reduces_motion() -> bool:
    """What the desktop asks for: on Windows its animations, on Linux the settings portal; False where it says nothing.

    Needs an application object on Linux. macOS is not asked: Qt has no way to it.
    """
    if sys.platform == "win32":
        shown = ctypes.c_int(1)
        asked = ctypes.windll.user32.SystemParametersInfoW(_WINDOWS_ANIMATION, 0, ctypes.byref(shown), 0)
        return bool(asked) and not shown.value
    if sys.platform == "linux":
        return (
            _portal("org.freedesktop.appearance", "reduced-motion") == 1
            or _portal("org.gnome.desktop.interface", "enable-animations") is False
        )
    return False


def _portal(namespace: str, key: str) -> object:
    """A value of the desktop's settings portal; None where there is no portal or it does not know the key."""
    try:
        from PySide6.QtDBus import QDBus, QDBusConnection, QDBusMessage, QDBusVariant
    except ImportError:  # a Qt without it
        return None
    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return None
    question = QDBusMessage.createMethodCall(
        _PORTAL, "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Settings", "Read"
    )
    question.setArguments([namespace, key])
    answer = bus.call(question, QDBus.CallMode.Block, _ASK_MS).arguments()
    value: object = answer[0] if answer else None
    while isinstance(value, QDBusVariant):
        value = value.variant()
    return value if isinstance(value, (bool, int)) else None
