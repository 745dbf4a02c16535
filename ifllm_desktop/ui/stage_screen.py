"""The participant's screen around the text: cards, question, ratings, as far as the recording tells them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPen

from ifllm_desktop.domain.scene import Aoi
from ifllm_desktop.domain.session import TEXT_CHECK
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.replay.timeline import ReplayState
from ifllm_desktop.ui.theme import RADIUS_CARD_PX, RADIUS_CONTROL_PX, Theme

HEAD_PX = 34.0
CARD_EDGE_PX = 12.0


def content_rect(state: ReplayState) -> QRectF:
    """The part of the screen to read: answers with their heads, and the question; empty before any answer.

    Ratings are left out: on a small window the text would become too small to label.
    """
    rects = [card_rect(r.layout.head.viewport) for r in state.responses]
    rects += [_qrect(a.rect) for a in state.aois if rects and a.name == "prompt"]
    united = QRectF()
    for rect in rects:
        united = united.united(rect)
    return united


def card_rect(viewport: Rect) -> QRectF:
    """Outline of the card that is drawn around an answer's viewport."""
    box = _qrect(viewport)
    return box.adjusted(-CARD_EDGE_PX / 2, -HEAD_PX, CARD_EDGE_PX / 2, CARD_EDGE_PX / 2)


def paint_screen(painter: QPainter, state: ReplayState, theme: Theme, scale: float) -> None:
    """Screen, cards, question and controls. The painter works in screen px.

    Only areas that were recorded are drawn, at their recorded places. Cards are an aid to the eye: their heads are
    drawn where room above the viewport was.
    """
    painter.fillRect(QRectF(0, 0, *state.screen_px), theme.color("background"))
    painter.setPen(QPen(theme.color("border_strong"), 1 / scale))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(QRectF(0, 0, *state.screen_px))
    for number, response in enumerate(state.responses):
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(theme.color("surface"))
        box = card_rect(response.layout.head.viewport)
        painter.drawRoundedRect(box, RADIUS_CARD_PX, RADIUS_CARD_PX)
        painter.setPen(theme.color("text"))
        painter.setFont(_font(theme, 14, bold=True))
        head = QRectF(box.left() + 16, box.top(), box.width() - 32, HEAD_PX)
        is_text = response.response_id.startswith(TEXT_CHECK)
        name = QCoreApplication.translate("StageView", "Text to read") if is_text else answer_name(number)
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, name)
    for area in state.aois:
        _paint_area(painter, area, state, theme)


def answer_name(number: int) -> str:
    """ "Answer A" for 0, "Answer B" for 1."""
    text = QCoreApplication.translate("StageView", "Answer {letter}")
    return text.format(letter="AB"[number] if number < 2 else str(number + 1))


def _paint_area(painter: QPainter, area: Aoi, state: ReplayState, theme: Theme) -> None:
    kind, _, rest = area.name.partition("_")
    if area.name == "prompt":
        _paint_prompt(painter, area, state, theme)
    elif kind == "rate" and rest.count("_") == 1:
        side, _, value = rest.partition("_")
        rated = next((state.ratings.get(r.response_id) for r in state.responses if r.side == side), None)
        _paint_button(painter, area.rect, value, str(rated) == value, theme)
    elif kind == "prefer":
        _paint_button(painter, area.rect, rest.replace("_", " ").capitalize(), rest == voted(state), theme)
    elif kind == "rating" or area.name == "preference":
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(_qrect(area.rect), RADIUS_CONTROL_PX, RADIUS_CONTROL_PX)
    elif area.name in ("continue", "send", "composer"):
        _paint_button(painter, area.rect, area.name.capitalize(), False, theme)


def voted(state: ReplayState) -> str:
    """Name of the vote's button (``left_clearly``, ``tie`` …), empty without a vote."""
    if state.choice is None or state.turn is None:
        return ""
    strength = {1: "_slightly", 2: "_clearly"}.get(state.turn.strength or 0, "")
    return state.choice + (strength if state.choice in ("left", "right") else "")


def _paint_prompt(painter: QPainter, area: Aoi, state: ReplayState, theme: Theme) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("accent_soft"))
    painter.drawRoundedRect(_qrect(area.rect), RADIUS_CARD_PX, RADIUS_CARD_PX)
    prompt = state.turn.prompt if state.turn is not None and state.t_ns >= state.turn.t_submit_ns else ""
    painter.setPen(theme.color("text"))
    painter.setFont(_font(theme, 16))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(_qrect(area.rect).adjusted(12, 4, -12, -4), flags, prompt)


def _paint_button(painter: QPainter, rect: Rect, text: str, chosen: bool, theme: Theme) -> None:
    painter.setPen(QPen(theme.color("accent" if chosen else "border"), 2 if chosen else 1))
    painter.setBrush(theme.color("accent_soft" if chosen else "surface"))
    painter.drawRoundedRect(_qrect(rect), RADIUS_CONTROL_PX, RADIUS_CONTROL_PX)
    painter.setPen(theme.color("accent" if chosen else "text_muted"))
    painter.setFont(_font(theme, 14, bold=chosen))
    painter.drawText(_qrect(rect), Qt.AlignmentFlag.AlignCenter, text)


def _font(theme: Theme, size_px: int, *, bold: bool = False) -> QFont:
    font = theme.font(size_px, bold=bold)
    font.setPixelSize(size_px)  # the participant's px, not this window's text size
    return font


def _qrect(rect: Rect) -> QRectF:
    return QRectF(rect.x_px, rect.y_px, rect.w_px, rect.h_px)
