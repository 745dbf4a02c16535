"""The focus ring: 2 px, 2 px away from the control, for keyboard focus only."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from ifllm_desktop.ui.theme import current_theme

_GAP_PX = 4  # 2 px of air and 2 px of line


class FocusRing(QWidget):
    """Draws the ring over a window, around whichever of its buttons has the keyboard focus.

    A button has no room of its own for a ring around it, so one transparent child of the window draws it for all.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        self._target: QWidget | None = None
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._follow)

    def _follow(self, _old: QWidget | None, new: QWidget | None) -> None:
        window = self.parentWidget()
        wanted = new if isinstance(new, QAbstractButton) and window is not None and new.window() is window else None
        if wanted is not self._target:
            if self._target is not None:
                self._target.removeEventFilter(self)
                self._target.destroyed.disconnect(self._forget)
            self._target = wanted
            if wanted is not None:
                wanted.installEventFilter(self)
                wanted.destroyed.connect(self._forget)
        self._place()

    def _forget(self) -> None:
        self._target = None
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide,
                 QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress)  # fmt: skip
        if event.type() in kinds:
            self._place()
        return False

    def _place(self) -> None:
        target, window = self._target, self.parentWidget()
        by_keyboard = window is not None and window.testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        if target is None or window is None or not by_keyboard or not target.isVisible():
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
