"""Places on the participant's screen: Qt counts from the corner of the whole desktop, recordings from the screen's."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QWidget


def screen_corner(widget: QWidget) -> QPoint:
    """Top left of a widget in screen px: origin at the top left of the screen that it is on."""
    return widget.mapToGlobal(QPoint(0, 0)) - widget.screen().geometry().topLeft()


def on_screen(widget: QWidget, desktop_px: QPointF) -> QPointF:
    """A place on the desktop, as events carry it, in px of the screen that the widget is on."""
    return desktop_px - QPointF(widget.screen().geometry().topLeft())


def to_widget(widget: QWidget, x_px: float, y_px: float) -> QPointF:
    """A place on the screen, in px of a widget on it."""
    return QPointF(x_px, y_px) - QPointF(screen_corner(widget))
