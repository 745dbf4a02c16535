"""Blocks of an answer to lines and word boxes, with Qt shaping the text.

Each block is one ``QTextLayout``; where blocks, lines and columns stand is decided here, so that nothing
depends on the inside of a ``QTextDocument``. Blocks that did not change are kept, by identity, from one text
to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QTextCharFormat, QTextLayout, QTextLine, QTextOption

from ifllm_desktop.domain.layout import BlockLayout, WordBox
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.ui.fonts import ReadingFonts, missing_glyphs
from ifllm_desktop.ui.markdown_document import MarkdownBlock
from ifllm_desktop.ui.source_map import Piece, Utf16Map, has_right_to_left, leads_from_right, pieces

MAX_TEXT_WIDTH_PX = 600
"""At a text size of 16 px: 60–75 characters."""

_LINE_SEPARATOR = "\u2028"


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sizes in logical px for one text size; 16 px is 100 %."""

    text_size_px: float = 16

    def px(self, at_16_px: float) -> int:
        """A length that grows with the text."""
        return round(at_16_px * self.text_size_px / 16)

    def size_and_line(self, block: MarkdownBlock) -> tuple[int, int]:
        """Font size and line height of a block."""
        if block.kind in ("code", "table_cell"):
            return self.px(14), self.px(20)
        if 1 <= block.level <= 2:
            return self.px(18), self.px(26)
        return self.px(16), self.px(24)

    def gap(self, before: MarkdownBlock, block: MarkdownBlock) -> int:
        """Space between two blocks."""
        if block.cell and before.cell and block.cell.table == before.cell.table:
            return 0
        if before.kind == "heading":
            return self.px(4)
        if block.tight and block.indents and before.indents and before.kind not in ("code", "table_cell"):
            return self.px(2)
        if block.kind in ("heading", "rule") or before.kind in ("code", "table_cell", "rule"):
            return self.px(12)
        return self.px(8)


@dataclass(frozen=True, slots=True)
class _RelativeWord:
    """A word box within its block: px from the origin of its text, line from 0."""

    text: str
    src_start: int
    src_end: int
    x_px: float
    w_px: float
    line: int
    style: str
    size_px: float


class ShapedBlock:
    """One block, shaped for one width.

    Attributes
    ----------
    layout : QTextLayout
        Lines at their places, relative to the origin of the text.
    n_lines : int
    height_px : float
        Of the text, without padding.
    line_number : int
        Of its first line within the answer, when it was placed last.
    is_fresh : bool
        Whether its lines were broken since then.
    """

    def __init__(
        self, block: MarkdownBlock, width_px: float, metrics: Metrics, fonts: ReadingFonts, link: QColor
    ) -> None:
        self.block = block
        self.width_px = width_px
        self._metrics = metrics
        self.units = Utf16Map(block.drawn.text)
        self.size_px, self.line_px = metrics.size_and_line(block)
        bold = block.kind == "heading" or (block.cell is not None and block.cell.row == 0)
        self._base_style = ("b" if bold else "") + ("m" if block.kind == "code" else "")
        base = fonts.font(self.size_px, bold=bold, mono=block.kind == "code")
        self.baseline_px = baseline_offset_px(fonts, self.size_px, self.line_px)
        text = block.drawn.text.replace("\n", _LINE_SEPARATOR)
        self.layout = QTextLayout(text, base)
        self.layout.setCacheEnabled(True)
        self.layout.setTextOption(
            _text_option(block, base_advance_px=QFontMetricsF(base).horizontalAdvance(" "))
        )
        self.layout.setFormats(self._formats(fonts, link))
        self.natural_width_px = 0.0
        self.n_lines = 0
        self.set_width(width_px)
        self.missing = missing_glyphs(block.drawn.text)
        self.line_number = 0

    def set_width(self, width_px: float) -> None:
        """Break the lines anew."""
        self.width_px = width_px
        self._words: tuple[_RelativeWord, ...] | None = None
        self.is_fresh = True
        self.layout.beginLayout()
        number = 0
        widest = 0.0
        while (line := self.layout.createLine()).isValid():
            line.setLineWidth(width_px)
            # A fallback font has other heights; the baseline stays on its grid all the same.
            line.setPosition(QPointF(0, number * self.line_px + self.baseline_px - line.ascent()))
            widest = max(widest, line.naturalTextWidth())
            number += 1
        self.layout.endLayout()
        self.n_lines = max(1, number)
        self.natural_width_px = widest
        self.height_px = self.n_lines * self.line_px

    def _inline_size_px(self, style: str) -> int:
        return self._metrics.px(14) if "m" in style and self.size_px < self._metrics.px(18) else self.size_px

    def _formats(self, fonts: ReadingFonts, link: QColor) -> list[QTextLayout.FormatRange]:
        ranges = []
        for span in self.block.drawn.spans:
            if self.block.kind == "code":
                continue
            style = span.style + self._base_style
            character = QTextCharFormat()
            font = fonts.font(self._inline_size_px(style), "b" in style, "i" in style, "m" in style)
            character.setFont(font)
            character.setFontStrikeOut("s" in style)
            if "l" in style:
                character.setForeground(link)
                character.setFontUnderline(True)
            made = QTextLayout.FormatRange()
            start = self.units.units(span.start)
            # PySide declares the members of the range as read-only
            made.start, made.length = start, self.units.units(span.end) - start
            made.format = character
            ranges.append(made)
        return ranges

    def words(self) -> tuple[_RelativeWord, ...]:
        """Word boxes in source order, those of a line that is in two directions cut at the change."""
        if self._words is None:
            self._words = tuple(self._measure())
        return self._words

    def _measure(self) -> list[_RelativeWord]:
        drawn = self.block.drawn
        todo = pieces(drawn)
        mixed = has_right_to_left(drawn.text)
        found: list[_RelativeWord] = []
        at = 0
        for number in range(self.layout.lineCount()):
            line = self.layout.lineAt(number)
            first = self.units.points(line.textStart())
            last = self.units.points(line.textStart() + line.textLength())
            leftward = self._leftward(line) if mixed else None
            while at < len(todo) and todo[at].start < last:
                piece = todo[at]
                start, end = max(piece.start, first), min(piece.end, last)
                found.extend(self._boxes(line, number, piece, start, end, leftward))
                if piece.end > last:
                    break
                at += 1
        return found

    def _leftward(self, line: QTextLine) -> list[bool]:
        """For each code point of the line, whether it was shaped from right to left."""
        start, length = line.textStart(), line.textLength()
        units: dict[int, bool] = {}
        for run in line.glyphRuns(start, length, QTextLayout.GlyphRunRetrievalFlag.RetrieveAll):
            for index in run.stringIndexes():
                units[index] = run.isRightToLeft()
        first, last = self.units.points(start), self.units.points(start + length)
        found: list[bool] = []
        for point in range(first, last):
            # a mark has no glyph of its own where it was joined with its letter
            found.append(units.get(self.units.units(point), found[-1] if found else False))
        return found

    def _boxes(
        self, line: QTextLine, number: int, piece: Piece, start: int, end: int, leftward: list[bool] | None
    ) -> list[_RelativeWord]:
        if leftward is None:
            x_px = _x_px(line, self.units.units(start))
            right_px = _x_px(line, self.units.units(end))
            return [self._box(number, piece, start, end, x_px, right_px, False)]
        first = self.units.points(line.textStart())
        boxes = []
        while start < end:
            stop = start + 1
            while stop < end and leftward[stop - first] == leftward[start - first]:
                stop += 1
            x_px, right_px = _extent_px(line, self.units.units(start), self.units.units(stop))
            boxes.append(self._box(number, piece, start, stop, x_px, right_px, leftward[start - first]))
            start = stop
        return boxes

    def _box(
        self, number: int, piece: Piece, start: int, end: int, x0_px: float, x1_px: float, leftward: bool
    ) -> _RelativeWord:
        drawn = self.block.drawn
        given = piece.style + self._base_style + ("r" if leftward else "")
        style = "".join(letter for letter in "bimslr" if letter in given)
        size_px = self._inline_size_px(style) if self.block.kind != "code" else self.size_px
        return _RelativeWord(
            drawn.text[start:end], drawn.starts[start], drawn.ends[end - 1],
            min(x0_px, x1_px), abs(x1_px - x0_px), number, style, float(size_px),
        )  # fmt: skip


def baseline_offset_px(fonts: ReadingFonts, size_px: float, line_px: float) -> int:
    """From the top of a line to its baseline, on whole px."""
    metrics = QFontMetricsF(fonts.font(size_px))
    return round((line_px - metrics.ascent() - metrics.descent()) / 2 + metrics.ascent())


def _x_px(line: QTextLine, units: int) -> float:
    found = line.cursorToX(units)
    # PySide gives the position beside the x it was asked for
    return float(found[0] if isinstance(found, tuple) else found)  # type: ignore[arg-type]


def _extent_px(line: QTextLine, start: int, end: int) -> tuple[float, float]:
    """Left and right of UTF-16 units of one direction.

    Where directions meet, a cursor position has two places and Qt tells either; the glyphs have one.
    """
    rects = [run.boundingRect() for run in line.glyphRuns(start, end - start)]
    if not rects:
        x_px = _x_px(line, start)
        return x_px, x_px
    return min(rect.left() for rect in rects), max(rect.right() for rect in rects)


def _text_option(block: MarkdownBlock, *, base_advance_px: float) -> QTextOption:
    align = {"right": Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute,
             "center": Qt.AlignmentFlag.AlignHCenter,
             "left": Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute}  # fmt: skip
    code = block.kind == "code"
    leftward = not code and leads_from_right(block.drawn.text)
    given = block.cell.align if block.cell else ""
    option = QTextOption(align[given or ("right" if leftward else "left")])
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    option.setTextDirection(Qt.LayoutDirection.RightToLeft if leftward else Qt.LayoutDirection.LeftToRight)
    option.setTabStopDistance(4 * base_advance_px)
    return option


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A shaped block and where its text begins, text px."""

    shaped: ShapedBlock
    x_px: float
    y_px: float
    layout: BlockLayout


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
