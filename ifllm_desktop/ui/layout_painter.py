"""Draws a recorded answer: each word at its recorded box.

The live view draws what stands around the words with the same code.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from ifllm_desktop.domain.layout import BlockLayout, TextLayout, WordBox
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.ui.fonts import ReadingFonts
from ifllm_desktop.ui.source_map import leads_from_right

_CORNER_PX = 6


@dataclass(frozen=True, slots=True)
class ResponseColors:
    """Colours of an answer, ``#RRGGBB``; the defaults are those of the light theme.

    Attributes
    ----------
    sunken : str
        Behind code.
    raised : str
        Behind the head of a table.
    selection : str
        Behind selected text.
    """

    text: str = "#17202A"
    muted: str = "#56616D"
    accent: str = "#0F6B75"
    sunken: str = "#E9EDF1"
    border: str = "#D5DBE1"
    selection: str = "#DDEFF1"
    surface: str = "#FFFFFF"
    raised: str = "#F8FAFB"


DARK_COLORS = ResponseColors(
    text="#E7EBEF",
    muted="#A5B0BB",
    accent="#55C3CD",
    sunken="#0D1115",
    border="#323C46",
    selection="#173B40",
    surface="#1A2027",
    raised="#222A32",
)


def paint_layout(
    painter: QPainter,
    layout: TextLayout,
    scroll_px: float,
    colors: ResponseColors,
    fonts: ReadingFonts,
    *,
    clip: Rect | None = None,
) -> None:
    """Draw what the participant saw of an answer.

    Parameters
    ----------
    painter : QPainter
        Its origin is the top left of the response's viewport, in logical px.
    layout : TextLayout
        The epoch to draw.
    scroll_px : float
        How far the answer is scrolled down.
    clip : Rect, optional
        Part of the viewport to draw, px from its top left; all of it by default.
    """
    viewport = layout.head.viewport
    part = clip or Rect(0, 0, viewport.w_px, viewport.h_px)
    painter.save()
    painter.setClipRect(_qrect(part))
    painter.translate(0, -scroll_px)
    seen = visible_blocks(layout.blocks, part.moved(0, scroll_px))
    paint_surroundings(painter, seen, colors, fonts, heads=head_rows(layout.blocks))
    for block in seen:
        for word in block.words:
            if word.rect.bottom_px >= part.y_px + scroll_px and word.rect.y_px <= part.bottom_px + scroll_px:
                _paint_word(painter, word, colors, fonts)
    painter.restore()


def visible_blocks(blocks: Iterable[BlockLayout], part: Rect) -> list[BlockLayout]:
    """Blocks that reach into a part of the document, text px."""
    return [b for b in blocks if b.rect.bottom_px >= part.y_px - 2 and b.rect.y_px <= part.bottom_px + 2]


def head_rows(blocks: Sequence[BlockLayout]) -> frozenset[int]:
    """Indexes of the cells in the first row of a table: those that do not join a cell above."""
    heads = set()
    bottom_px = head_px = -math.inf
    for block in blocks:
        if block.kind != "table_cell":
            bottom_px = head_px = -math.inf
            continue
        if block.rect.y_px > bottom_px + 1:
            head_px = block.rect.y_px
        if block.rect.y_px == head_px:
            heads.add(block.index)
        bottom_px = max(bottom_px, block.rect.bottom_px)
    return frozenset(heads)


def paint_surroundings(
    painter: QPainter,
    blocks: Iterable[BlockLayout],
    colors: ResponseColors,
    fonts: ReadingFonts,
    *,
    heads: frozenset[int],
) -> None:
    """What stands behind and beside the words: grounds, table lines, quote bars, list markers. Text px."""
    before: BlockLayout | None = None
    for block in blocks:
        if block.kind == "code":
            _paint_box(painter, block.rect, colors)
        elif block.kind == "table_cell":
            _paint_cell(painter, block.rect, colors, head=block.index in heads)
        elif block.kind == "quote":
            top_px = block.rect.y_px
            if before is not None and before.kind == "quote" and before.rect.x_px == block.rect.x_px:
                top_px = before.rect.bottom_px
            bar = QRectF(block.rect.x_px, top_px, 3, block.rect.bottom_px - top_px)
            painter.fillRect(bar, QColor(colors.border))
        elif block.kind == "rule":
            painter.fillRect(_qrect(block.rect), QColor(colors.border))
        if block.kind != "code":
            _paint_inline_code(painter, block, colors)
        if block.marker:
            _paint_marker(painter, block, colors, fonts)
        before = block


def _paint_box(painter: QPainter, rect: Rect, colors: ResponseColors) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(colors.border), 1))
    painter.setBrush(QColor(colors.sunken))
    painter.drawRoundedRect(_qrect(rect).adjusted(0.5, 0.5, -0.5, -0.5), _CORNER_PX, _CORNER_PX)
    painter.restore()


def _paint_cell(painter: QPainter, rect: Rect, colors: ResponseColors, *, head: bool) -> None:
    if head:
        painter.fillRect(_qrect(rect), QColor(colors.raised))
    line = QColor(colors.border)
    painter.fillRect(QRectF(rect.x_px, rect.y_px, rect.w_px + 1, 1), line)
    painter.fillRect(QRectF(rect.x_px, rect.bottom_px, rect.w_px + 1, 1), line)
    painter.fillRect(QRectF(rect.x_px, rect.y_px, 1, rect.h_px + 1), line)
    painter.fillRect(QRectF(rect.right_px, rect.y_px, 1, rect.h_px + 1), line)


def _paint_inline_code(painter: QPainter, block: BlockLayout, colors: ResponseColors) -> None:
    """One ground behind neighbouring words of code on a line."""
    grounds: list[tuple[int, QRectF]] = []
    follows = False
    edges = {(w.line, round(edge, 1)) for w in block.words for edge in (w.rect.x_px, w.rect.right_px)
             if "m" not in w.style}  # fmt: skip
    for word in block.words:
        if "m" in word.style:
            height_px = 1.35 * word.size_px
            top_px = word.rect.y_px + (word.rect.h_px - height_px) / 2
            # where a comma or the like touches the code, the ground stops short of it
            left_px = word.rect.x_px - (1 if (word.line, round(word.rect.x_px, 1)) in edges else 3)
            right_px = word.rect.right_px + (1 if (word.line, round(word.rect.right_px, 1)) in edges else 3)
            box = QRectF(left_px, top_px, right_px - left_px, height_px)
            if follows and grounds[-1][0] == word.line:
                grounds[-1] = (word.line, grounds[-1][1].united(box))
            else:
                grounds.append((word.line, box))
        follows = "m" in word.style
    if not grounds:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colors.sunken))
    for _, ground in grounds:
        painter.drawRoundedRect(ground, 4, 4)
    painter.restore()


def _paint_marker(painter: QPainter, block: BlockLayout, colors: ResponseColors, fonts: ReadingFonts) -> None:
    first = [word for word in block.words if word.line == block.words[0].line] if block.words else []
    size_px = first[0].rect.h_px / 1.5 if first else min(block.rect.h_px / 1.5, 24.0)
    font = fonts.font(size_px)
    metrics = QFontMetricsF(font)
    if first and block.kind in ("code", "table_cell"):
        baseline_px = first[0].baseline_px
        left_px = right_px = block.rect.x_px
    elif first:
        baseline_px = first[0].baseline_px
        left_px, right_px = min(w.rect.x_px for w in first), max(w.rect.right_px for w in first)
    else:
        line_px = min(block.rect.h_px, 1.5 * size_px)
        baseline_px = block.rect.y_px + round(
            (line_px - metrics.ascent() - metrics.descent()) / 2 + metrics.ascent()
        )
        left_px = right_px = block.rect.x_px
    gap_px = 6 * size_px / 16
    if leads_from_right("".join(word.text for word in block.words)):
        x_px = right_px + gap_px
    else:
        x_px = left_px - gap_px - metrics.horizontalAdvance(block.marker)
    painter.setFont(font)
    painter.setPen(QColor(colors.text))
    painter.drawText(QPointF(x_px, baseline_px), block.marker)


def _paint_word(painter: QPainter, word: WordBox, colors: ResponseColors, fonts: ReadingFonts) -> None:
    style = word.style
    font = fonts.font(word.size_px, "b" in style, "i" in style, "m" in style)
    if "s" in style or "l" in style:
        font = type(font)(font)
        font.setStrikeOut("s" in style)
        font.setUnderline("l" in style)
    painter.setFont(font)
    painter.setPen(QColor(colors.accent if "l" in style else colors.text))
    text = word.text
    if not text.isascii():
        # Alone, a word may take another direction than it had in its line: the recorded one is forced.
        text = f"\u202e{text}\u202c" if "r" in style else f"\u202d{text}\u202c"
    painter.drawText(QPointF(word.rect.x_px, word.baseline_px), text)


def _qrect(rect: Rect) -> QRectF:
    return QRectF(rect.x_px, rect.y_px, rect.w_px, rect.h_px)
