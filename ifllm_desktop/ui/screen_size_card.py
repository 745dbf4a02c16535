"""The outline of a card in the size that the person gives it: by pointer, arrow keys, + and −."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ifllm_desktop.domain.screen_size import CARD_MM
from ifllm_desktop.ui.theme import RADIUS_CARD_PX, current_theme

MIN_WIDTH_PX = 60.0
CORNER_MM = 3.18
"""Radius of the corners of an ID-1 card."""
HANDLE_PX = 11.0
PLACE_PX = (28.0, 28.0)
STEP_PX = 1.0
WIDE_STEP_PX = 10.0


class CardOutline(QWidget):
    """A card's outline whose upper left corner stays where it is, so that a real card can be held against it.

    Attributes
    ----------
    pulled : Signal(float)
        The person gave the outline a width, device-independent px; also when it is the one it had.
    accepted : Signal()
        Enter was pressed.
    """

    pulled = Signal(float)
    accepted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card_outline")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty("focus_ring", True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Outline of a card; arrow keys make it wider or narrower"))
        self.setMouseTracking(True)
        self._wanted_px = 320.0
        self._grip_px: float | None = None

    def sizeHint(self) -> QSize:
        return QSize(560, 420)

    def minimumSizeHint(self) -> QSize:
        return QSize(380, 260)

    @property
    def card_width_px(self) -> float:
        """Width of the outline, device-independent px: what was asked for, or what there is room for."""
        return min(max(self._wanted_px, MIN_WIDTH_PX), self._widest_px())

    def set_card_width(self, width_px: float) -> None:
        """Begin with a width, from what is known of the screen; nobody has matched a card yet."""
        if math.isfinite(width_px):
            self._wanted_px = (
                width_px  # while there is no layout there is no room: the wish is kept until there is
            )
            self.update()

    def pull(self, width_px: float) -> None:
        """What the person does: make the outline as wide as asked, or as there is room for."""
        self.set_card_width(min(max(width_px, MIN_WIDTH_PX), self._widest_px()))
        self.pulled.emit(self.card_width_px)

    def pull_by(self, step_px: float) -> None:
        """Wider, or narrower with a negative step."""
        self.pull(self.card_width_px + step_px)

    def _widest_px(self) -> float:
        across = self.width() - PLACE_PX[0] - HANDLE_PX - 4
        down = (self.height() - PLACE_PX[1] - HANDLE_PX - 4) * CARD_MM[0] / CARD_MM[1]
        return max(MIN_WIDTH_PX, min(across, down))

    def _card(self) -> QRectF:
        width_px = self.card_width_px
        return QRectF(*PLACE_PX, width_px, width_px * CARD_MM[1] / CARD_MM[0])

    # ---- pointer
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            x_px = event.position().x()
            # at the edge the outline follows the pointer as it was taken; elsewhere it comes to the pointer
            near = abs(x_px - self._card().right()) <= 2 * HANDLE_PX
            self._grip_px = self._card().right() - x_px if near else 0.0
            self._follow(x_px)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip_px is not None:
            self._follow(event.position().x())
        near = abs(event.position().x() - self._card().right()) <= 2 * HANDLE_PX
        held = near or self._grip_px is not None
        self.setCursor(Qt.CursorShape.SizeHorCursor if held else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip_px = None

    def _follow(self, x_px: float) -> None:
        self.pull(x_px + (self._grip_px or 0.0) - PLACE_PX[0])

    # ---- keys
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = WIDE_STEP_PX if shift else STEP_PX
        if key in (Qt.Key.Key_Right, Qt.Key.Key_Up):
            self.pull_by(step)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Down):
            self.pull_by(-step)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.pull_by(WIDE_STEP_PX)
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore):
            self.pull_by(-WIDE_STEP_PX)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accepted.emit()
        else:
            event.ignore()

    # ---- picture
    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(theme.color("sunken"))
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(area, RADIUS_CARD_PX, RADIUS_CARD_PX)
        card = self._card()
        radius = CORNER_MM / CARD_MM[0] * card.width()
        painter.setPen(QPen(theme.color("accent"), 2))
        painter.setBrush(theme.color("surface"))
        # the outer edge of the line is the edge of the card
        painter.drawRoundedRect(card.adjusted(1, 1, -1, -1), radius, radius)
        self._paint_words(painter, card)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(QPointF(card.right(), card.center().y()), HANDLE_PX, HANDLE_PX)
        painter.setPen(QPen(theme.color("on_accent"), 2))
        for way in (-1, 1):
            tip = QPointF(card.right() + 6 * way, card.center().y())
            painter.drawLine(tip, tip + QPointF(-3 * way, -3))
            painter.drawLine(tip, tip + QPointF(-3 * way, 3))
        painter.end()

    def _paint_words(self, painter: QPainter, card: QRectF) -> None:
        theme = current_theme()
        inside = card.adjusted(14, 12, -HANDLE_PX - 10, -12)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.setFont(theme.font("body", bold=True))
        painter.setPen(theme.color("text"))
        words = self.tr("Hold the card here")
        used = painter.boundingRect(inside, flags, words)
        if used.height() > inside.height():
            return
        painter.drawText(inside, flags, words)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text_muted"))
        below = inside.adjusted(0, used.height() + 4, 0, 0)
        words = self.tr("Its upper left corner on this one, its longer side across.")
        if painter.boundingRect(below, flags, words).height() <= below.height():
            painter.drawText(below, flags, words)
