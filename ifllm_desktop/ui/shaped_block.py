"""One block of an answer as Qt shapes it: its lines, and where each word stands in them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QTextCharFormat, QTextLayout, QTextLine, QTextOption

from ifllm_desktop.ui.fonts import ReadingFonts, missing_glyphs
from ifllm_desktop.ui.markdown_document import MarkdownBlock
from ifllm_desktop.ui.source_map import Piece, Utf16Map, has_right_to_left, leads_from_right, pieces

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
    is_leftward : bool
        Whether its lines begin on the right.
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
        self.is_leftward = block.kind != "code" and leads_from_right(block.drawn.text)
        self.size_px, self.line_px = metrics.size_and_line(block)
        bold = block.kind == "heading" or (block.cell is not None and block.cell.row == 0)
        self._base_style = ("b" if bold else "") + ("m" if block.kind == "code" else "")
        base = fonts.font(self.size_px, bold=bold, mono=block.kind == "code")
        self.baseline_px = baseline_offset_px(fonts, self.size_px, self.line_px)
        text = block.drawn.text.replace("\n", _LINE_SEPARATOR)
        self.layout = QTextLayout(text, base)
        self.layout.setCacheEnabled(True)
        self.layout.setTextOption(
            _text_option(block, self.is_leftward, QFontMetricsF(base).horizontalAdvance(" "))
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
        return ranges + self._spaces_beside_code(fonts)

    def _spaces_beside_code(self, fonts: ReadingFonts) -> list[QTextLayout.FormatRange]:
        """Wider spaces around inline code, so that its ground does not touch the words beside it."""
        drawn = self.block.drawn
        ranges = []
        covered = {at for span in drawn.spans for at in (span.start, span.end - 1)}
        if self.block.kind == "code":
            return []
        for span in drawn.spans:
            for at in (span.start - 1, span.end) if "m" in span.style else ():
                if not 0 <= at < len(drawn.text) or drawn.text[at] != " " or at in covered:
                    continue
                covered.add(at)
                font = QFont(fonts.font(self.size_px, bold="b" in self._base_style))
                font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, self._metrics.px(3))
                character = QTextCharFormat()
                character.setFont(font)
                made = QTextLayout.FormatRange()
                made.start, made.length = self.units.units(at), 1
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


def _text_option(block: MarkdownBlock, leftward: bool, base_advance_px: float) -> QTextOption:
    align = {"right": Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute,
             "center": Qt.AlignmentFlag.AlignHCenter,
             "left": Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute}  # fmt: skip
    given = block.cell.align if block.cell else ""
    option = QTextOption(align[given or ("right" if leftward else "left")])
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    option.setTextDirection(Qt.LayoutDirection.RightToLeft if leftward else Qt.LayoutDirection.LeftToRight)
    option.setTabStopDistance(4 * base_advance_px)
    return option
