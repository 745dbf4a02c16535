"""Notices when the window is not any more where the gaze was calibrated: resized, moved, on another screen."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, QTimer, Signal
from PySide6.QtGui import QScreen, QWindow
from PySide6.QtWidgets import QWidget

from ifllm_desktop.ui.screen_place import screen_corner

SETTLE_MS = 400
"""A change counts when nothing moved for this long: a window is dragged in many small steps."""
_EVENTS = (
    QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.WindowStateChange, QEvent.Type.DevicePixelRatioChange,
)  # fmt: skip


class _Place(NamedTuple):
    """Where the window is: its screen and what of it belongs to the measurement."""

    screen: tuple[str, int, int, float]
    size: tuple[int, int]
    corner: tuple[int, int]


class GeometryWatch(QObject):
    """Compares the window's place with the one that was noted, once it has come to rest.

    Nothing is told before :meth:`rebase`, so that the way to full screen at the start is no change. A minimised
    window is not looked at: it comes back to where it was.

    Attributes
    ----------
    changed : Signal(str)
        ``screen_changed``, ``resized`` or ``moved``; the first of them that holds. The new place is then the one
        that is compared with.
    """

    changed = Signal(str)

    def __init__(self, window: QWidget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window = window
        self._native: QWindow | None = None
        self._watched_screen: QScreen | None = None
        self._base: _Place | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._compare)
        window.installEventFilter(self)

    def rebase(self) -> None:
        """The present place is the one to compare with."""
        self._follow_screen()
        self._timer.stop()
        self._base = self._place()

    def stop(self) -> None:
        """Let go of the window."""
        self._timer.stop()
        self._window.removeEventFilter(self)
        self._follow(None, None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _EVENTS and self._base is not None:
            self._timer.start()
        return False

    def _place(self) -> _Place:
        window, screen = self._window, self._window.screen()
        size, corner = screen.size(), screen_corner(window)
        return _Place(
            (screen.name(), size.width(), size.height(), screen.devicePixelRatio()),
            _pair(window.size()),
            _pair(corner),
        )

    def _compare(self) -> None:
        if self._base is None or self._window.isMinimized() or not self._window.isVisible():
            return
        self._follow_screen()
        before, now = self._base, self._place()
        if now == before:
            return
        self._base = now
        if now.screen != before.screen:
            self.changed.emit("screen_changed")
        else:
            self.changed.emit("resized" if now.size != before.size else "moved")

    def _follow_screen(self) -> None:
        self._follow(self._window.windowHandle(), self._window.screen())

    def _follow(self, native: QWindow | None, screen: QScreen | None) -> None:
        """Hear of another screen under the window, and of another size of that screen."""
        if native is not self._native:
            if self._native is not None:
                self._native.screenChanged.disconnect(self._rest)
            self._native = native
            if native is not None:
                native.screenChanged.connect(self._rest)
        if screen is not self._watched_screen:
            if self._watched_screen is not None:
                self._watched_screen.geometryChanged.disconnect(self._rest)
            self._watched_screen = screen
            if screen is not None:
                screen.geometryChanged.connect(self._rest)

    def _rest(self, *_: object) -> None:
        if self._base is not None:
            self._timer.start()


def _pair(value: QPoint | QSize) -> tuple[int, int]:
    return (value.x(), value.y()) if isinstance(value, QPoint) else (value.width(), value.height())
