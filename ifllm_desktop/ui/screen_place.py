"""Places on the participant's screen: Qt counts from the corner of the whole desktop, recordings from the screen's."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QWidget

from ifllm_desktop.domain.space import Screen
from ifllm_desktop.ui.screen_size_facts import screen_facts


def screen_corner(widget: QWidget) -> QPoint:
    """Top left of a widget in screen px: origin at the top left of the screen that it is on."""
    return widget.mapToGlobal(QPoint(0, 0)) - widget.screen().geometry().topLeft()


def on_screen(widget: QWidget, desktop_px: QPointF) -> QPointF:
    """A place on the desktop, as events carry it, in px of the screen that the widget is on."""
    return desktop_px - QPointF(widget.screen().geometry().topLeft())


def to_widget(widget: QWidget, x_px: float, y_px: float) -> QPointF:
    """A place on the screen, in px of a widget on it."""
    return QPointF(x_px, y_px) - QPointF(screen_corner(widget))


def screen_of(widget: QWidget) -> Screen:
    """The screen that a widget is on, in cm as it was measured or as the system says; NaN where neither is so."""
    return screen_facts(widget.screen()).session_screen()
