"""The words of a layout in reading order, as the reading plan needs them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from ifllm_desktop.domain.layout import TextLayout


@dataclass(frozen=True, slots=True)
class Words:
    """Word boxes sorted by their place in the source text; positions in text px.

    Attributes
    ----------
    starts, ends : list of int
        Code points of the source text.
    boxes : list of tuple of float
        x, y, w, h.
    lines : list of int
        Line number of each word.
    """

    layout: TextLayout
    starts: list[int]
    ends: list[int]
    boxes: list[tuple[float, float, float, float]]
    lines: list[int]

    @staticmethod
    def of(layout: TextLayout) -> Words:
        """Index of a layout's words."""
        words = sorted(layout.words, key=lambda word: word.src_start)
        return Words(
            layout,
            [word.src_start for word in words],
            [word.src_end for word in words],
            [(word.rect.x_px, word.rect.y_px, word.rect.w_px, word.rect.h_px) for word in words],
            [word.line for word in words],
        )

    def __len__(self) -> int:
        return len(self.starts)

    def from_offset(self, offset: int) -> int:
        """Index of the first word that starts at or after a code point; ``len`` when there is none."""
        return bisect_left(self.starts, offset)

    def after(self, index: int, n_chars: float) -> int:
        """Index of the word about ``n_chars`` further, but not beyond the first word of the next line."""
        begin = self.starts[index]
        after = index + 1
        while after < len(self) and self.lines[after] == self.lines[index]:
            if self.ends[after] - begin > n_chars:
                break
            after += 1
        return after

    def next_line(self, index: int) -> int:
        """Index of the first word on a later line than this word's."""
        after = index + 1
        while after < len(self) and self.lines[after] == self.lines[index]:
            after += 1
        return after
