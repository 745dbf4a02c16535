"""Where each word of a response stood: layout epochs as deltas by block.

An *epoch* is one state of the geometry of one response. The first epoch lists every block, later ones only the
blocks that were laid out anew. Positions are text px (see :mod:`ifllm_desktop.domain.space`); the viewport says
where the response was on the screen. Scrolling makes no epoch: it is its own stream.

Offsets are Unicode code points of the source Markdown. ``source[src_start:src_end]`` is what a box covers: for a
word the text itself, with any character that Markdown escapes written as in the source (``\\*`` for a drawn
``*``, ``&amp;`` for ``&``); list bullets and numbers, table borders and fences have no box.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from ifllm_desktop.domain.space import Rect


@dataclass(frozen=True, slots=True)
class WordBox:
    """One word, or the part of a word that stands on one line.

    Attributes
    ----------
    text : str
        What was drawn.
    src_start, src_end : int
        Code points of the source text that it covers, half open.
    rect : Rect
        Text px; ``rect.h_px`` is the height of the line box.
    baseline_px : float
        Text px, y of the baseline.
    line : int
        Number of the visual line within the response, from 0, top to bottom in document order.
    style : str
        Letters out of ``b`` bold, ``i`` italic, ``m`` fixed pitch (code), ``s`` struck through, ``l`` link,
        ``r`` right to left.
    size_px : float
        Font size in px.
    """

    text: str
    src_start: int
    src_end: int
    rect: Rect
    baseline_px: float
    line: int
    style: str
    size_px: float


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """One block (paragraph, heading, list item, code block, table cell) with its words.

    Attributes
    ----------
    index : int
        Position in the response, from 0.
    kind : str
        ``paragraph``, ``heading``, ``list_item``, ``code``, ``table_cell``, ``quote`` or ``rule``.
    marker : str
        What is drawn beside it without being source text of it: ``•``, ``2.``; else empty.
    """

    index: int
    kind: str
    src_start: int
    src_end: int
    rect: Rect
    words: tuple[WordBox, ...]
    marker: str = ""

    def to_json(self) -> str:
        """Compact JSON; the inverse of :meth:`from_json`."""
        words = [
            [
                w.text,
                w.src_start,
                w.src_end,
                *_rounded(w.rect),
                round(w.baseline_px, 3),
                w.line,
                w.style,
                w.size_px,
            ]
            for w in self.words
        ]
        payload = {
            "kind": self.kind, "src": [self.src_start, self.src_end], "rect": _rounded(self.rect),
            "marker": self.marker, "words": words,
        }  # fmt: skip
        return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_json(index: int, text: str) -> BlockLayout:
        """A block from its stored form. Raises ``KeyError``/``ValueError`` on damaged data."""
        payload: dict[str, Any] = json.loads(text)
        words = tuple(
            WordBox(w[0], w[1], w[2], Rect.from_list(w[3:7]), w[7], w[8], w[9], w[10])
            for w in payload["words"]
        )
        start, end = payload["src"]
        return BlockLayout(
            index, payload["kind"], start, end, Rect.from_list(payload["rect"]), words, payload["marker"]
        )


def _rounded(rect: Rect) -> list[float]:
    # 1/1000 px is far below anything visible and keeps the files small
    return [round(value, 3) for value in rect.as_list()]


@dataclass(frozen=True, slots=True)
class LayoutEpoch:
    """Head of one epoch: what holds for the whole response.

    Attributes
    ----------
    viewport : Rect
        Screen px: the visible part of the response.
    n_blocks : int
        Blocks that the response has in this epoch; blocks of earlier epochs beyond it are gone.
    n_source : int
        Code points of source text that were laid out.
    source_sha256 : str
        Of those code points, UTF-8; ties the geometry to the text.
    font_family, mono_family : str
        Families that were really used.
    missing_glyphs : str
        Characters for which no installed font had a glyph; empty when none.
    height_px : float
        Height of the whole document.
    """

    response_id: str
    epoch: int
    viewport: Rect
    device_pixel_ratio: float
    n_blocks: int
    n_source: int
    source_sha256: str
    font_family: str
    mono_family: str
    height_px: float
    missing_glyphs: str = ""

    def to_json(self) -> str:
        """Compact JSON; the inverse of :meth:`from_json`."""
        payload = {
            "viewport": _rounded(self.viewport), "dpr": self.device_pixel_ratio, "n_blocks": self.n_blocks,
            "n_source": self.n_source, "sha256": self.source_sha256, "font": self.font_family,
            "mono": self.mono_family, "height": round(self.height_px, 3), "missing": self.missing_glyphs,
        }  # fmt: skip
        return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_json(response_id: str, epoch: int, text: str) -> LayoutEpoch:
        """A head from its stored form."""
        p: dict[str, Any] = json.loads(text)
        return LayoutEpoch(
            response_id, epoch, Rect.from_list(p["viewport"]), p["dpr"], p["n_blocks"], p["n_source"], p["sha256"],
            p["font"], p["mono"], p["height"], p["missing"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LayoutDelta:
    """One epoch as it is stored: its head and the blocks that changed."""

    head: LayoutEpoch
    changed: tuple[BlockLayout, ...]


@dataclass(frozen=True, slots=True)
class TextLayout:
    """The whole geometry of a response in one epoch."""

    head: LayoutEpoch
    blocks: tuple[BlockLayout, ...]

    @property
    def words(self) -> tuple[WordBox, ...]:
        """Every word in document order."""
        return tuple(word for block in self.blocks for word in block.words)

    def to_text_px(self, x_px: float, y_px: float, scroll_px: float) -> tuple[float, float]:
        """Text px of a screen point, with the response scrolled down by ``scroll_px``."""
        return x_px - self.head.viewport.x_px, y_px - self.head.viewport.y_px + scroll_px

    def to_screen_px(self, x_px: float, y_px: float, scroll_px: float) -> tuple[float, float]:
        """Screen px of a text point; the inverse of :meth:`to_text_px`."""
        return x_px + self.head.viewport.x_px, y_px + self.head.viewport.y_px - scroll_px

    def delta_from(self, earlier: TextLayout | None) -> LayoutDelta:
        """What has to be stored so that ``earlier`` becomes this epoch."""
        if earlier is None:
            return LayoutDelta(self.head, self.blocks)
        old = earlier.blocks
        changed = tuple(b for b in self.blocks if b.index >= len(old) or old[b.index] != b)
        return LayoutDelta(self.head, changed)


def apply_delta(earlier: TextLayout | None, delta: LayoutDelta) -> TextLayout:
    """The epoch that follows ``earlier``; the inverse of :meth:`TextLayout.delta_from`.

    Raises
    ------
    ValueError
        When the delta leaves a block without geometry (rows of an epoch are missing).
    """
    blocks: dict[int, BlockLayout] = {b.index: b for b in earlier.blocks} if earlier else {}
    blocks.update({b.index: b for b in delta.changed})
    missing = [index for index in range(delta.head.n_blocks) if index not in blocks]
    if missing:
        raise ValueError(f"epoch {delta.head.epoch} of {delta.head.response_id} lacks blocks {missing[:5]}")
    return TextLayout(delta.head, tuple(blocks[index] for index in range(delta.head.n_blocks)))


def source_sha256(source: str) -> str:
    """SHA-256 (hex) of a text's UTF-8 bytes."""
    return hashlib.sha256(source.encode()).hexdigest()
