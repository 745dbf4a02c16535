"""The sunken place in which a camera's picture stands."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from ifllm_desktop.ui.theme import RADIUS_CARD_PX, current_theme


def paint_well(painter: QPainter, rect: QRectF) -> QRectF:
    """Paint the place, for smooth pictures and lines from here on; returns its box."""
    theme = current_theme()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    box = rect.adjusted(0.5, 0.5, -0.5, -0.5)
    painter.setPen(QPen(theme.color("border"), 1))
    painter.setBrush(theme.color("sunken"))
    painter.drawRoundedRect(box, RADIUS_CARD_PX, RADIUS_CARD_PX)
    return box


def paint_picture(painter: QPainter, box: QRectF, image: QImage) -> QRectF:
    """Paint a picture as large as fits into the place, in its middle; returns where it stands."""
    size = image.size().scaled(box.adjusted(1, 1, -1, -1).size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
    picture = QRectF(0, 0, size.width(), size.height())
    picture.moveCenter(box.center())
    painter.drawImage(picture, image)
    return picture
