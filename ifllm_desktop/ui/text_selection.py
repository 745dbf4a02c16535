"""What of an answer is selected, and what stands under a point. Text px throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtGui import QColor, QTextCharFormat, QTextLayout, QTextLine

from ifllm_desktop.ui.response_layout import PlacedBlock

Place = tuple[int, int]
"""Index of a block, and a position in its drawn text in code points."""


@dataclass(slots=True)
class TextSelection:
    """From where to where the participant selected; ``anchor`` is where it began."""

    anchor: Place | None = None
    cursor: Place | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is selected."""
        return self.anchor is None or self.cursor is None or self.anchor == self.cursor

    def points(self, placed: Sequence[PlacedBlock]) -> dict[int, tuple[int, int]]:
        """Selected code points of the drawn text, half open, by index of the block."""
        if self.anchor is None or self.cursor is None:
            return {}
        first, last = sorted((self.anchor, self.cursor))
        found = {}
        for index in range(first[0], min(last[0], len(placed) - 1) + 1):
            length = len(placed[index].shaped.block.drawn.text)
            start = min(first[1], length) if index == first[0] else 0
            end = min(last[1], length) if index == last[0] else length
            if end > start:
                found[index] = (start, end)
        return found

    def source_range(self, placed: Sequence[PlacedBlock]) -> tuple[int, int]:
        """Code points of the source that are selected, half open; (0, 0) without a selection."""
        starts, ends = [], []
        for index, (start, end) in self.points(placed).items():
            drawn = placed[index].shaped.block.drawn
            starts.append(min(drawn.starts[start:end]))
            ends.append(max(drawn.ends[start:end]))
        return (min(starts), max(ends)) if starts else (0, 0)

    def text(self, placed: Sequence[PlacedBlock]) -> str:
        """What is selected, as drawn."""
        return "\n".join(
            placed[index].shaped.block.drawn.text[start:end]
            for index, (start, end) in self.points(placed).items()
        )

    def ranges_by_block(
        self, placed: Sequence[PlacedBlock], ground: QColor
    ) -> dict[int, list[QTextLayout.FormatRange]]:
        """What Qt needs to draw the selection of each block, by index of the block."""
        found = {}
        for index, (start, end) in self.points(placed).items():
            units = placed[index].shaped.units
            made = QTextLayout.FormatRange()
            made.start = units.units(start)
            made.length = units.units(end) - made.start
            character = QTextCharFormat()
            character.setBackground(ground)
            made.format = character
            found[index] = [made]
        return found


def selection_of(placed: Sequence[PlacedBlock], start: int, end: int) -> TextSelection:
    """What is drawn of code points ``start`` to ``end`` of the source, as a selection; empty where nothing is."""
    found = [
        (index, at)
        for index, block in enumerate(placed)
        for at, (begins, ends) in enumerate(
            zip(block.shaped.block.drawn.starts, block.shaped.block.drawn.ends, strict=True)
        )
        if begins < end and ends > start
    ]
    return TextSelection(found[0], (found[-1][0], found[-1][1] + 1)) if found else TextSelection()


def place_at(
    placed: Sequence[PlacedBlock], x_px: float, y_px: float, *, on_character: bool = False
) -> Place | None:
    """The place nearest to a point: between characters, or the character itself. None in an empty answer."""

    def distance(block: PlacedBlock) -> tuple[float, float]:
        rect = block.layout.rect
        dy = max(rect.y_px - y_px, y_px - rect.bottom_px, 0.0)
        return dy, max(rect.x_px - x_px, x_px - rect.right_px, 0.0)

    if not placed:
        return None
    near = min(placed, key=distance)
    layout = near.shaped.layout
    if not layout.lineCount():
        return near.layout.index, 0
    number = int((y_px - near.y_px) // near.shaped.line_px)
    line = layout.lineAt(min(max(number, 0), layout.lineCount() - 1))
    how = QTextLine.CursorPosition
    units = line.xToCursor(
        x_px - near.x_px, how.CursorOnCharacter if on_character else how.CursorBetweenCharacters
    )
    return near.layout.index, near.shaped.units.points(units)


def link_at(placed: Sequence[PlacedBlock], x_px: float, y_px: float) -> str:
    """Address of the link whose words stand under a point, or nothing."""
    place = place_at(placed, x_px, y_px, on_character=True)
    if place is None:
        return ""
    block = placed[place[0]]
    inside = any(word.rect.contains(x_px, y_px) and "l" in word.style for word in block.layout.words)
    spans = block.shaped.block.drawn.spans if inside else ()
    return next((span.href for span in spans if span.start <= place[1] < span.end), "")
