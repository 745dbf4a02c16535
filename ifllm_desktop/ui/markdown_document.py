"""Markdown to blocks of drawn text, each code point with its place in the source.

The grammar is CommonMark with GitHub's tables and strike-through, by markdown-it-py; HTML is text, images are
their description.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from markdown_it.token import Token

from ifllm_desktop.ui.markdown_places import PlacedBlocks, PlacedInline, markdown_parser
from ifllm_desktop.ui.source_map import DrawnText, DrawnTextBuilder


@dataclass(frozen=True, slots=True)
class Cell:
    """Place of a block in a table; rows and columns from 0, row 0 is the head."""

    table: int
    row: int
    column: int
    n_columns: int
    align: str


@dataclass(frozen=True, slots=True)
class MarkdownBlock:
    """One block of an answer.

    Attributes
    ----------
    kind : str
        As in :class:`ifllm_desktop.domain.layout.BlockLayout`.
    level : int
        1–6 for a heading, else 0.
    indents : tuple of str
        The containers around it from outside in: ``quote`` or ``list``.
    marker : str
        Its own list marker, when it is the first block of an item.
    tight : bool
        Whether it stands in a list without blank lines.
    """

    kind: str
    drawn: DrawnText
    src_start: int
    src_end: int
    level: int = 0
    indents: tuple[str, ...] = ()
    marker: str = ""
    tight: bool = False
    cell: Cell | None = None


@dataclass(frozen=True, slots=True)
class MarkdownGroup:
    """What stands at the top level: a paragraph, a whole list, a whole table.

    ``start`` is the code point of the source at which its first line begins.
    """

    start: int
    blocks: tuple[MarkdownBlock, ...]


class MarkdownDocument:
    """The blocks of a growing text. Text that is only appended costs no more than its last two groups.

    A line can change the group before it (an underline makes a heading of a paragraph) but none further up,
    and a line that is not finished can change its mind about the one before; hence two.
    """

    def __init__(self) -> None:
        self.source = ""
        self.groups: tuple[MarkdownGroup, ...] = ()
        self._references: dict[str, Any] = {}

    @property
    def blocks(self) -> list[MarkdownBlock]:
        """Every block in order."""
        return [block for group in self.groups for block in group.blocks]

    def set_source(self, source: str, *, complete: bool) -> None:
        """Take the present text; ``complete`` reads all of it anew (a link may be defined further down)."""
        kept = self.groups[:-2] if not complete and source.startswith(self.source) else ()
        if not kept:
            self._references = {}
        start = self.groups[len(kept)].start if kept else 0
        cells = (block.cell for group in kept for block in group.blocks if block.cell is not None)
        n_tables = max((cell.table + 1 for cell in cells), default=0)
        self.groups = kept + tuple(_read(source, start, self._references, n_tables))
        self.source = source


def _read(source: str, start: int, references: dict[str, Any], n_tables: int) -> list[MarkdownGroup]:
    """Groups of ``source[start:]``, which must begin where a group begins."""
    text, places = _normalised(source, start)
    environment: dict[str, Any] = {"references": references}
    tokens: list[Token] = []
    markdown = markdown_parser()
    if text:
        state = PlacedBlocks(text, markdown, environment, tokens)
        markdown.block.tokenize(state, state.line, state.lineMax)
    line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
    reader = _BlockReader(text, places, line_starts, environment, n_tables)
    for token in tokens:
        reader.take(token)
    return reader.groups


def _normalised(source: str, start: int) -> tuple[str, Sequence[int]]:
    """The text as markdown-it wants it, and where in the source each code point stands (and the end)."""
    text = source[start:].replace("\0", "\ufffd")
    if "\r" not in text:
        return text, range(start, start + len(text) + 1)
    places: list[int] = []
    parts: list[str] = []
    for match in re.finditer(r"\r\n?|[^\r]+", text):
        part = "\n" if match.group()[0] == "\r" else match.group()
        parts.append(part)
        places.extend(range(start + match.start(), start + match.start() + len(part)))
    places.append(start + len(text))
    return "".join(parts), places


# ---- inline -----------------------------------------------------------------------------------------------
_STYLE_OF = {"strong": "b", "em": "i", "s": "s", "link": "l"}


@dataclass
class _Inline:
    """Reads the inline tokens of one block into a builder."""

    places: Sequence[int]
    environment: dict[str, Any]
    builder: DrawnTextBuilder
    depth: dict[str, int] = field(default_factory=dict)
    hrefs: list[str] = field(default_factory=list)

    def read(self, content: str, base: int = 0) -> None:
        """Tokens of ``content``, whose code point i stands at ``places[base + i]``."""
        markdown = markdown_parser()
        tokens: list[Token] = []
        state = PlacedInline(content, markdown, self.environment, tokens)
        markdown.inline.tokenize(state)
        for rule in markdown.inline.ruler2.getRules(""):
            rule(state)
        auto = False
        for token in tokens:
            if token.type in ("link_open", "link_close"):
                auto = token.nesting > 0 and token.info == "auto"
            self._take(token, content, base, auto and token.type == "text")

    def _take(self, token: Token, content: str, base: int, auto: bool) -> None:
        kind = token.type.removesuffix("_open").removesuffix("_close")
        at = token.meta.get("at", 0)
        if kind in _STYLE_OF and token.nesting:
            self._nest(kind, token)
        elif auto:
            end = content.index(">", at)
            self._add(content[at + 1 : end], base + at + 1)
        elif token.type == "text" or (token.type == "text_special" and token.content == token.markup):
            self._add(token.content, base + at)
        elif token.type == "text_special":
            self._add_special(token, base + at)
        elif token.type == "code_inline":
            self._add_code(token, content, base, at)
        elif token.type in ("softbreak", "hardbreak"):
            place = self.places[base + at] if base + at < len(self.places) else 0
            self.builder.add("\n" if token.type == "hardbreak" else " ", [place])
        elif token.type == "image":
            self.read(token.content, base + at + 2)

    def _nest(self, kind: str, token: Token) -> None:
        self.depth[kind] = self.depth.get(kind, 0) + token.nesting
        if kind == "link":
            if token.nesting > 0:
                self.hrefs.append(str(token.attrs.get("href", "")))
            else:
                self.hrefs.pop()

    def _style(self, extra: str = "") -> str:
        letters = {_STYLE_OF[kind] for kind, depth in self.depth.items() if depth > 0} | set(extra)
        return "".join(letter for letter in "bimsl" if letter in letters)

    def _add(self, text: str, at: int, extra: str = "") -> None:
        href = self.hrefs[-1] if self.hrefs else ""
        self.builder.add(text.replace("\t", " "), self.places[at : at + len(text)], self._style(extra), href)

    def _add_special(self, token: Token, at: int) -> None:
        start, last = self.places[at], self.places[at + len(token.markup) - 1]
        if last - start != len(token.markup) - 1:
            # In a table ``\\|`` is three characters of which the last alone is drawn.
            start = last
        href = self.hrefs[-1] if self.hrefs else ""
        self.builder.add_written(token.content, start, last + 1, self._style(), href)

    def _add_code(self, token: Token, content: str, base: int, at: int) -> None:
        markup = token.markup
        first = at + len(markup)
        end = first + len(token.content)
        closed = content.startswith(markup, end) and content[end + len(markup) : end + len(markup) + 1] != "`"
        if not closed or (token.content and content[end - 1] == "`"):
            first += 1  # one space was taken off each side
        self.builder.cut()
        self._add(token.content, base + first, "m")
        self.builder.cut()


# ---- blocks -----------------------------------------------------------------------------------------------
class _BlockReader:
    """Turns the flat block tokens into groups."""

    def __init__(
        self,
        text: str,
        places: Sequence[int],
        line_starts: list[int],
        environment: dict[str, Any],
        n_tables: int,
    ) -> None:
        self.groups: list[MarkdownGroup] = []
        self._text = text
        self._places = places
        self._line_starts = line_starts
        self._environment = environment
        self._blocks: list[MarkdownBlock] = []
        self._containers: list[str] = []
        self._markers: list[str] = []
        self._pending_marker = ""
        self._hidden = False
        self._heading = 0
        self._table = n_tables - 1
        self._row = self._column = self._n_columns = 0
        self._start = 0

    def take(self, token: Token) -> None:
        """One token; a group ends with the token that closes it."""
        if token.level == 0 and token.nesting >= 0 and token.map is not None and token.type != "inline":
            self._start = self._place_of_line(token.map[0])
        handler = getattr(self, f"_on_{token.type}", None)
        if handler is not None:
            handler(token)
        if token.level == 0 and token.nesting <= 0 and token.type != "inline":
            self.groups.append(MarkdownGroup(self._start, tuple(self._blocks)))
            self._blocks = []

    def _place_of_line(self, line: int) -> int:
        return self._places[
            min(self._line_starts[min(line, len(self._line_starts) - 1)], len(self._places) - 1)
        ]

    # containers
    def _on_blockquote_open(self, token: Token) -> None:
        self._containers.append("quote")

    def _on_blockquote_close(self, token: Token) -> None:
        self._containers.pop()

    def _on_bullet_list_open(self, token: Token) -> None:
        self._containers.append("list")
        self._markers.append("•")

    def _on_ordered_list_open(self, token: Token) -> None:
        self._markers.append(f"{int(str(token.attrs.get('start', 1))) - 1}{token.markup}")
        self._containers.append("list")

    def _on_bullet_list_close(self, token: Token) -> None:
        self._end_item()
        self._containers.pop()
        self._markers.pop()

    _on_ordered_list_close = _on_bullet_list_close

    def _on_list_item_open(self, token: Token) -> None:
        self._end_item()
        marker = self._markers[-1]
        if marker != "•":
            marker = f"{int(marker[:-1]) + 1}{marker[-1]}"
            self._markers[-1] = marker
        self._pending_marker = marker
        self._item_line = token.map[0] if token.map else 0

    def _on_list_item_close(self, token: Token) -> None:
        self._end_item()

    def _end_item(self) -> None:
        """An item without text of its own still shows its marker."""
        if self._pending_marker:
            place = self._place_of_line(self._item_line)
            self._emit("list_item", DrawnText("", (), ()), place, place)

    # text
    def _on_paragraph_open(self, token: Token) -> None:
        self._hidden = token.hidden

    def _on_heading_open(self, token: Token) -> None:
        self._heading = int(token.tag[1])

    def _on_inline(self, token: Token) -> None:
        places = [self._places[place] for place in token.meta.get("places", [])[: len(token.content)]]
        builder = DrawnTextBuilder()
        _Inline(places, self._environment, builder).read(token.content)
        drawn = builder.build()
        first = places[0] if places else self._place_of_line((token.map or [0])[0])
        last = places[-1] + 1 if places else first
        if token.level and self._n_columns:
            kind, cell = "table_cell", self._cell
        else:
            kind, cell = ("heading" if self._heading else self._text_kind()), None
        self._emit(kind, drawn, first, last, cell=cell)
        self._heading = 0

    def _text_kind(self) -> str:
        if "quote" in self._containers:
            return "quote"
        return "list_item" if self._containers else "paragraph"

    def _on_fence(self, token: Token) -> None:
        content = token.content.removesuffix("\n")
        places = [self._places[place] for place in token.meta.get("places", [])[: len(content)]]
        builder = DrawnTextBuilder()
        builder.add(content, places, "m")
        drawn = builder.build()
        lines = token.map or [0, 0]
        first, last = self._place_of_line(lines[0]), self._end_of_lines(lines)
        self._emit("code", drawn, first, last)

    _on_code_block = _on_fence

    def _end_of_lines(self, lines: list[int]) -> int:
        at = self._line_starts[lines[1]] if lines[1] < len(self._line_starts) else len(self._text)
        while at > 0 and self._text[at - 1 : at] == "\n":
            at -= 1
        return self._places[at]

    def _on_hr(self, token: Token) -> None:
        lines = token.map or [0, 0]
        self._emit("rule", DrawnText("", (), ()), self._place_of_line(lines[0]), self._end_of_lines(lines))

    # tables
    def _on_table_open(self, token: Token) -> None:
        self._table += 1
        self._row = -1
        self._n_columns = 1

    def _on_table_close(self, token: Token) -> None:
        self._close_table()

    def _on_tr_open(self, token: Token) -> None:
        self._row += 1
        self._column = -1

    def _on_th_open(self, token: Token) -> None:
        self._column += 1
        align = str(token.attrs.get("style", "")).removeprefix("text-align:")
        self._cell = Cell(self._table, self._row, self._column, 0, align)

    _on_td_open = _on_th_open

    def _close_table(self) -> None:
        n_columns = 1 + max(b.cell.column for b in self._blocks if b.cell and b.cell.table == self._table)
        self._blocks = [
            _with_columns(b, n_columns) if b.cell and b.cell.table == self._table else b for b in self._blocks
        ]
        self._n_columns = 0

    def _emit(self, kind: str, drawn: DrawnText, first: int, last: int, cell: Cell | None = None) -> None:
        marker, self._pending_marker = self._pending_marker, ""
        self._blocks.append(
            MarkdownBlock(
                kind, drawn, first, last, self._heading, tuple(self._containers), marker, self._hidden, cell
            )
        )
        self._hidden = False


def _with_columns(block: MarkdownBlock, n_columns: int) -> MarkdownBlock:
    assert block.cell is not None
    cell = Cell(block.cell.table, block.cell.row, block.cell.column, n_columns, block.cell.align)
    return MarkdownBlock(
        block.kind, block.drawn, block.src_start, block.src_end, block.level, block.indents, block.marker,
        block.tight, cell,
    )  # fmt: skip
