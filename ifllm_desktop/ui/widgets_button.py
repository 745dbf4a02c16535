"""The one button: filled, outlined, plain, choice or scale step; with icon and key cap, painted from the tokens.

It is painted by hand because a style sheet cannot put a key cap or a radio mark inside a button.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from ifllm_desktop.ui.icons import paint_icon
from ifllm_desktop.ui.theme import RADIUS_CONTROL_PX, current_theme

ButtonKind = Literal["primary", "secondary", "plain", "choice", "radio", "scale"]


class Button(QPushButton):
    """A push button in the look of the program.

    Parameters
    ----------
    text
        What it says.
    kind
        ``primary`` (filled, one a page), ``secondary`` (outlined), ``plain`` (text only), ``choice`` (checkable with
        a tick), ``radio`` (checkable with a radio mark), ``scale`` (checkable square, filled when chosen).
    key
        Name of its key, drawn as a key cap. The page handles the key; the cap only says so.
    icon
        Name of an icon (``icons.GLYPHS``).
    height_px
        At 100 % text size.
    """

    def __init__(
        self,
        text: str,
        kind: ButtonKind = "secondary",
        *,
        key: str = "",
        icon: str = "",
        height_px: int = 32,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._kind: ButtonKind = kind
        self._key = key
        self._icon_name = icon
        self._height_px = height_px
        self._size_name: str | float = 16 if height_px >= 44 else 14 if height_px > 28 else 12
        self.setObjectName(name)
        self.setCheckable(kind in ("choice", "radio", "scale"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    @property
    def kind(self) -> ButtonKind:
        """How it is drawn."""
        return self._kind

    def set_kind(self, kind: ButtonKind) -> None:
        """Draw it otherwise, for instance when it stops being the primary action."""
        self._kind = kind
        self.updateGeometry()
        self.update()

    def set_key(self, key: str) -> None:
        """Change the key on the cap; empty for none."""
        if key != self._key:
            self._key = key
            self.updateGeometry()
            self.update()

    def set_icon_name(self, icon: str) -> None:
        """Change the icon; empty for none."""
        self._icon_name = icon
        self.updateGeometry()
        self.update()

    # ---- geometry
    def _font(self) -> QFont:
        bold = self._kind in ("primary", "scale") or (self._kind in ("choice", "radio") and self.isChecked())
        return current_theme().font(self._size_name, bold=bold)

    def _cap_font(self) -> QFont:
        return current_theme().font(12)

    def _cap_width(self) -> float:
        return QFontMetricsF(self._cap_font()).horizontalAdvance(self._key) + 10 if self._key else 0.0

    def _icon_px(self) -> int:
        return current_theme().px(18 if self._height_px >= 36 else 16)

    def _leading(self) -> str:
        if self._kind == "radio":
            return "radio"
        if self._kind == "choice":
            return "check" if self.isChecked() else ""
        return self._icon_name

    def sizeHint(self) -> QSize:
        height = current_theme().px(self._height_px)
        if self._kind == "scale":
            return QSize(height, height)
        # measured in bold, so that choosing it never moves its neighbours
        font = current_theme().font(self._size_name, bold=True)
        width = QFontMetricsF(font).horizontalAdvance(self.text()) + 2 * self._padding()
        if self._kind in ("choice", "radio") or self._icon_name:
            width += self._icon_px() + 6
        if self._key:
            width += self._cap_width() + 8
        return QSize(round(width), height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _padding(self) -> float:
        return {True: 20.0, False: 12.0}[self._height_px >= 44] if self._kind != "radio" else 10.0

    # ---- painting
    def _colors(self) -> tuple[QColor | None, QColor | None, str]:
        """Fill, outline and the token of text and icon, for the present state."""
        theme = current_theme()
        hover = self.underMouse() and self.isEnabled()
        if not self.isEnabled():
            chosen = self.isChecked() and self.isCheckable()
            fill = theme.color("raised" if chosen else "surface") if self._kind != "plain" else None
            return fill, theme.color("border") if self._kind != "plain" else None, "text_disabled"
        if self._kind == "primary" or (self._kind == "scale" and self.isChecked()):
            return theme.color("accent_hover" if hover or self.isDown() else "accent"), None, "on_accent"
        if self.isChecked():
            return theme.color("accent_soft"), theme.color("accent"), "accent"
        if self._kind == "plain":
            return (theme.color("raised") if hover else None), None, "text"
        fill = theme.color("raised" if hover or self.isDown() else "surface")
        return fill, theme.color("border_strong"), "text"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill, outline, token = self._colors()
        width = 2.0 if self.isChecked() and outline is not None and self.isEnabled() else 1.0
        box = QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2)
        painter.setPen(QPen(outline, width) if outline is not None else Qt.PenStyle.NoPen)
        painter.setBrush(fill if fill is not None else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, RADIUS_CONTROL_PX, RADIUS_CONTROL_PX)
        self._paint_content(painter, token)
        painter.end()

    def _paint_content(self, painter: QPainter, token: str) -> None:
        theme = current_theme()
        font = self._font()
        metrics = QFontMetricsF(font)
        leading = self._leading()
        lead_width = self._icon_px() + 6 if leading else 0.0
        cap_width = self._cap_width() + 8 if self._key else 0.0
        room = self.width() - 2 * min(self._padding(), 8.0) - lead_width - cap_width
        if self._kind == "scale":
            room = float(self.width())
        text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        text_width = metrics.horizontalAdvance(text)
        x = (self.width() - (lead_width + text_width + cap_width)) / 2
        if self._kind == "plain":  # plain text lines up with the page's edge
            x = min(x, 12.0)
        middle = self.height() / 2
        if leading == "radio":
            self._paint_radio(painter, QPointF(x + self._icon_px() / 2, middle), token)
        elif leading:
            side = self._icon_px()
            paint_icon(painter, QRectF(x, middle - side / 2, side, side), leading, token)
        painter.setFont(font)
        painter.setPen(theme.color(token))
        text_box = QRectF(x + lead_width, 0, text_width + 2, self.height())
        painter.drawText(text_box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        if self._key:
            self._paint_cap(painter, x + lead_width + text_width + 8, token)

    def _paint_radio(self, painter: QPainter, center: QPointF, token: str) -> None:
        theme = current_theme()
        radius = self._icon_px() / 2 - 1.5
        chosen = self.isChecked()
        ring = token if chosen or not self.isEnabled() else "border_strong"
        painter.setBrush(theme.color(token) if chosen else Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color(ring if self.isEnabled() else "border"), 1.5))
        painter.drawEllipse(center, radius, radius)
        if chosen:
            painter.setBrush(theme.color("surface"))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(center, radius * 0.4, radius * 0.4)

    def _paint_cap(self, painter: QPainter, x: float, token: str) -> None:
        theme = current_theme()
        font = self._cap_font()
        height = QFontMetricsF(font).height() + 2
        box = QRectF(x, (self.height() - height) / 2, self._cap_width(), height)
        on_fill = token == "on_accent"
        outline = "on_accent" if on_fill else "border"
        painter.setPen(QPen(theme.color(outline), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush if on_fill else theme.color("raised"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setFont(font)
        painter.setPen(theme.color(token if token in ("on_accent", "text_disabled") else "text_muted"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._key)

    # ---- behaviour
    def keyPressEvent(self, event: QKeyEvent) -> None:
        # the page decides what Enter means; a focused button answers to Space, and to Enter when it is no choice
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            plain_enter = event.modifiers() in (
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.KeypadModifier,
            )
            if plain_enter and not self.isCheckable() and self.isEnabled():
                self.click()
            else:
                event.ignore()
            return
        super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.update()
        super().leaveEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()
        super().changeEvent(event)
