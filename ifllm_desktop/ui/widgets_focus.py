"""The focus ring: 2 px, 2 px away from the control, for keyboard focus only."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QWindow
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from ifllm_desktop.ui.theme import current_theme

_GAP_PX = 4  # 2 px of air and 2 px of line
_PLACED_ANEW = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide)
_BY_MOUSE = (QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin)


class FocusRing(QWidget):
    """Draws the ring over a window, around whichever control has the keyboard focus.

    A button has no room of its own for a ring around it, so one transparent child of the window draws it for all:
    for buttons, and for whatever stands in a widget with the property ``focus_ring``.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        self._target: QWidget | None = None
        self._native: QWindow | None = None
        self._by_keyboard = False
        self._followed: list[QWidget] = []
        window.installEventFilter(self)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._follow)

    def _follow(self, _old: QWidget | None, new: QWidget | None) -> None:
        wanted = self._ringed(new)
        if wanted is not self._target:
            if self._target is not None:
                self._target.destroyed.disconnect(self._forget)
            self._target = wanted
            if wanted is not None:
                wanted.destroyed.connect(self._forget)
            self._follow_ancestry(wanted)
        self._place()

    def _follow_ancestry(self, target: QWidget | None) -> None:
        """Hear of every move on the screen: a control also moves when one of those around it does."""
        for widget in self._followed:
            if shiboken6.isValid(widget):
                widget.removeEventFilter(self)
        self._followed = []
        while target is not None and target is not self.parentWidget():
            target.installEventFilter(self)
            self._followed.append(target)
            target = target.parentWidget()

    def _ringed(self, focus: QWidget | None) -> QWidget | None:
        """What to draw the ring around."""
        window = self.parentWidget()
        if focus is None or window is None or focus.window() is not window:
            return None
        if isinstance(focus, QAbstractButton):
            return focus
        around: QWidget | None = focus
        while around is not None and not around.property("focus_ring"):
            around = around.parentWidget()
        return around

    def _forget(self) -> None:
        self._target = None
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        window = self.parentWidget()
        if watched is window:
            if kind == QEvent.Type.Show:
                self._watch_native()
        elif watched is self._native:
            # at the native window each key and click passes once, whoever takes it
            if kind == QEvent.Type.KeyPress or kind in _BY_MOUSE:
                self._by_keyboard = kind == QEvent.Type.KeyPress
                self._place()
        elif kind in _PLACED_ANEW:
            self._place()
        return False

    def _watch_native(self) -> None:
        window = self.parentWidget()
        native = window.windowHandle() if window is not None else None
        if native is not None and native is not self._native:
            self._native = native
            native.installEventFilter(self)

    def _place(self) -> None:
        target, window = self._target, self.parentWidget()
        if target is None or window is None or not self._by_keyboard or not target.isVisible():
            self.hide()
            return
        corner = target.mapTo(window, target.rect().topLeft())
        box = QRect(corner, target.size()).adjusted(-_GAP_PX, -_GAP_PX, _GAP_PX, _GAP_PX)
        self.setGeometry(box)
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(current_theme().color("focus"), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 9, 9)
        painter.end()
