"""Blocks of an answer to lines and word boxes, with Qt shaping the text.

Each block is one ``QTextLayout``; where blocks, lines and columns stand is decided here, so that nothing
depends on the inside of a ``QTextDocument``. Blocks that did not change are kept, by identity, from one text
to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from ifllm_desktop.domain.layout import BlockLayout, WordBox
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.ui.fonts import ReadingFonts
from ifllm_desktop.ui.markdown_document import MarkdownBlock
from ifllm_desktop.ui.shaped_block import Metrics, ShapedBlock

MAX_TEXT_WIDTH_PX = 600
"""At a text size of 16 px: 60–75 characters."""


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A shaped block and where its text begins, text px."""

    shaped: ShapedBlock
    x_px: float
    y_px: float
    layout: BlockLayout


def paint_end_bar(painter: QPainter, placed: PlacedBlock, color: QColor) -> None:
    """The bar where text is being added."""
    shaped = placed.shaped
    line = shaped.layout.lineAt(shaped.layout.lineCount() - 1) if shaped.layout.lineCount() else None
    x_px = line.naturalTextRect().right() if line is not None else 0.0
    y_px = (shaped.n_lines - 1) * shaped.line_px
    bar = QRectF(placed.x_px + x_px + 1, placed.y_px + y_px + shaped.line_px * 0.12, 8, shaped.line_px * 0.76)
    painter.fillRect(bar, color)


class ResponseFlow:
    """Places the blocks of one answer below each other.

    Attributes
    ----------
    placed : tuple of PlacedBlock
    height_px : float
        Of everything, with the margins above and below.
    """

    def __init__(self, metrics: Metrics, fonts: ReadingFonts, link: QColor) -> None:
        self.metrics = metrics
        self.fonts = fonts
        self.link = link
        self.placed: tuple[PlacedBlock, ...] = ()
        self.height_px = 0.0

    def lay_out(
        self, blocks: Sequence[MarkdownBlock], width_px: float, margin_px: float, top_px: float
    ) -> None:
        """Place the blocks in a width, at most that of a good line; a margin on the left, above and below."""
        available_px = max(40.0, min(self.metrics.px(MAX_TEXT_WIDTH_PX), width_px))
        made: list[PlacedBlock] = []
        y_px, line, at = top_px, 0, 0
        while at < len(blocks):
            if at:
                y_px += self.metrics.gap(blocks[at - 1], blocks[at])
            if blocks[at].cell is None:
                placed = self._place_block(at, blocks[at], margin_px, y_px, available_px, line)
                made.append(placed)
                y_px += placed.layout.rect.h_px
                line += placed.shaped.n_lines if blocks[at].drawn.text else 0
                at += 1
            else:
                end = _end_of_table(blocks, at)
                y_px, line = self._place_table(blocks[at:end], at, made, margin_px, y_px, available_px, line)
                at = end
        self.placed = tuple(made)
        self.height_px = y_px + top_px

    def _shaped(self, index: int, block: MarkdownBlock, width_px: float) -> ShapedBlock:
        """The block as it was shaped before when nothing about it changed."""
        if index < len(self.placed):
            shaped = self.placed[index].shaped
            if shaped.block is block or shaped.block == block:
                if shaped.width_px != width_px:
                    shaped.set_width(width_px)
                return shaped
        return ShapedBlock(block, width_px, self.metrics, self.fonts, self.link)

    def _place_block(
        self, index: int, block: MarkdownBlock, left_px: float, y_px: float, available_px: float, line: int
    ) -> PlacedBlock:
        px = self.metrics.px
        indent_px = min(px(22) * len(block.indents), available_px * 0.6)
        inner_px = available_px - indent_px
        if block.kind == "code":
            pad_x_px, pad_y_px = px(13), px(9)
            shaped = self._shaped(index, block, inner_px - 2 * pad_x_px)
            rect = Rect(left_px + indent_px, y_px, inner_px, shaped.height_px + 2 * pad_y_px)
            return self._placed(index, shaped, rect, rect.x_px + pad_x_px, y_px + pad_y_px, line)
        shaped = self._shaped(index, block, inner_px)
        x_px = left_px + indent_px
        if block.kind == "rule":
            rect = Rect(x_px, y_px, inner_px, 1)
        elif block.kind == "quote":
            bar_px = left_px + px(22) * block.indents.index("quote")
            rect = Rect(min(bar_px, x_px), y_px, left_px + available_px - min(bar_px, x_px), shaped.height_px)
        else:
            if shaped.is_leftward:
                x_px = left_px  # such a list is indented on the right, where its markers stand
            rect = Rect(x_px, y_px, inner_px, shaped.height_px)
        return self._placed(index, shaped, rect, x_px, y_px, line)

    def _place_table(
        self,
        cells: Sequence[MarkdownBlock],
        index: int,
        made: list[PlacedBlock],
        left_px: float,
        y_px: float,
        available_px: float,
        line: int,
    ) -> tuple[float, int]:
        """Append the cells; y below the table and the number of the next line."""
        px = self.metrics.px
        pad_x_px, pad_y_px = px(10), px(4)
        indent_px = min(px(22) * len(cells[0].indents), available_px * 0.6)
        inner_px = available_px - indent_px - 1
        naturals = self._natural_widths(cells, index)
        widths = column_widths([w + 2 * pad_x_px + 1 for w in naturals], inner_px)
        n_columns = len(widths)
        for first in range(0, len(cells), n_columns):
            row = cells[first : first + n_columns]
            shaped = [
                self._shaped(index + first + i, cell, max(1.0, widths[i] - 2 * pad_x_px - 1))
                for i, cell in enumerate(row)
            ]
            height_px = max(s.height_px for s in shaped) + 2 * pad_y_px + 1
            x_px = left_px + indent_px
            for i, cell_shaped in enumerate(shaped):
                rect = Rect(x_px, y_px, widths[i], height_px)
                made.append(
                    self._placed(
                        index + first + i, cell_shaped, rect, x_px + 1 + pad_x_px, y_px + 1 + pad_y_px, line
                    )
                )
                x_px += widths[i]
            y_px += height_px
            line += max(s.n_lines for s in shaped)
        return y_px + 1, line

    def _natural_widths(self, cells: Sequence[MarkdownBlock], index: int) -> list[float]:
        assert cells[0].cell is not None
        widths = [0.0] * cells[0].cell.n_columns
        for offset, cell in enumerate(cells):
            assert cell.cell is not None
            old = self.placed[index + offset].shaped if index + offset < len(self.placed) else None
            if old is not None and old.block == cell and old.n_lines == 1:
                width_px = old.natural_width_px
            else:
                width_px = ShapedBlock(cell, 1e5, self.metrics, self.fonts, self.link).natural_width_px
            widths[cell.cell.column] = max(widths[cell.cell.column], float(-(-width_px // 1)) + 1)
        return widths

    def _placed(
        self, index: int, shaped: ShapedBlock, rect: Rect, x_px: float, y_px: float, line: int
    ) -> PlacedBlock:
        if index < len(self.placed):
            old = self.placed[index]
            same_place = (old.x_px, old.y_px, old.layout.rect) == (x_px, y_px, rect)
            if old.shaped is shaped and same_place and shaped.line_number == line and not shaped.is_fresh:
                return old
        block = shaped.block
        words = tuple(
            WordBox(
                w.text, w.src_start, w.src_end,
                Rect(x_px + w.x_px, y_px + w.line * shaped.line_px, w.w_px, shaped.line_px),
                y_px + w.line * shaped.line_px + shaped.baseline_px, line + w.line, w.style, w.size_px,
            )
            for w in shaped.words()
        )  # fmt: skip
        shaped.line_number, shaped.is_fresh = line, False
        layout = BlockLayout(index, block.kind, block.src_start, block.src_end, rect, words, block.marker)
        return PlacedBlock(shaped, x_px, y_px, layout)


def _end_of_table(blocks: Sequence[MarkdownBlock], start: int) -> int:
    cell = blocks[start].cell
    end = start
    while end < len(blocks) and cell is not None:
        other = blocks[end].cell
        if other is None or other.table != cell.table:
            break
        end += 1
    return end


def column_widths(natural_px: Sequence[float], available_px: float) -> list[float]:
    """Widths of table columns that fill the space, on whole px.

    Spare space is shared in proportion to the natural widths. When space is short, a column narrower than its
    equal share keeps its width and the others share the rest equally.
    """
    total_px = sum(natural_px)
    widths = list(natural_px)
    if total_px > available_px:
        open_columns = set(range(len(widths)))
        rest_px = available_px
        while open_columns:
            share_px = rest_px / len(open_columns)
            narrow = {i for i in open_columns if natural_px[i] <= share_px}
            if not narrow:
                for i in open_columns:
                    widths[i] = share_px
                break
            open_columns -= narrow
            rest_px -= sum(natural_px[i] for i in narrow)
    elif total_px > 0:
        widths = [width_px * available_px / total_px for width_px in natural_px]
    edges = [round(edge_px) for edge_px in accumulate(widths, initial=0.0)]
    return [float(max(1, right - left)) for left, right in pairwise(edges)]
