"""markdown-it-py with a place for everything: where in the text the content of each token stands.

markdown-it keeps lines for blocks and nothing for inline text. The places are noted where the text is taken: block
lines in ``getLines``, cells where a row is split, inline text where ``pending`` begins.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from markdown_it import MarkdownIt
from markdown_it.common.utils import mdTrim
from markdown_it.parser_block import ParserBlock
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.paragraph import paragraph as paragraph_rule
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

MAX_NESTING = 100
"""Containers and links within each other; what is nested deeper is shown as plain paragraphs."""

_Nesting = Literal[-1, 0, 1]


class PlacedBlocks(StateBlock):
    """Notes for each token with text where each code point of its content stands (``meta["places"]``)."""

    def __init__(self, src: str, md: MarkdownIt, env: dict[str, Any], tokens: list[Token]) -> None:
        self._lines: tuple[str, list[int]] = ("", [])
        self._row: tuple[int, list[tuple[str, list[int]]]] = (-1, [])
        super().__init__(src, md, env, tokens)

    def getLines(self, begin: int, end: int, indent: int, keepLastLF: bool) -> str:
        content = super().getLines(begin, end, indent, keepLastLF)
        places: list[int] = []
        for number, line in enumerate(content.split("\n")[: end - begin]):
            # A line of the content is the end of its source line; only a tab cut in two gives added spaces.
            last = self.eMarks[begin + number]
            places.extend(range(last - len(line), last + 1))
        self._lines = (content, places[: len(content)])
        if self.tokens and self.tokens[-1].type in ("fence", "code_block") and not self.tokens[-1].meta:
            self.tokens[-1].meta["places"] = places
        return content

    def push(self, ttype: str, tag: str, nesting: _Nesting) -> Token:
        before = self.tokens[-1] if self.tokens else None
        token = super().push(ttype, tag, nesting)
        if ttype == "inline" and before is not None:
            token.meta["places"] = self._inline_places(before)
        return token

    def _inline_places(self, opening: Token) -> list[int]:
        if opening.type in ("th_open", "td_open"):
            return self._cell_places()
        if opening.type == "heading_open" and opening.markup[0] == "#":
            assert opening.map is not None
            line = opening.map[0]
            first = self.bMarks[line] + self.tShift[line] + len(opening.markup)
            text = self.src[first : self.eMarks[line]]
            return list(range(first + len(text) - len(_trim_start(text)), self.eMarks[line]))
        content, places = self._lines
        return places[len(content) - len(_trim_start(content)) :]

    def _cell_places(self) -> list[int]:
        """Places of the table cell that was just opened: the row is split as markdown-it splits it."""
        at = len(self.tokens) - 2
        column = 0
        while self.tokens[at].type != "tr_open":
            column += self.tokens[at].type in ("th_open", "td_open")
            at -= 1
        row = self.tokens[at].map
        assert row is not None
        if self._row[0] != row[0]:
            self._row = (row[0], self._cells(row[0]))
        cells = self._row[1]
        if column > len(cells):
            return []
        text, places = cells[column - 1]
        return places[len(text) - len(_trim_start(text)) :]

    def _cells(self, line: int) -> list[tuple[str, list[int]]]:
        first = self.bMarks[line] + self.tShift[line]
        raw = self.src[first : self.eMarks[line]]
        first += len(raw) - len(_trim_start(raw))
        cells: list[tuple[str, list[int]]] = [("", [])]
        escaped = False
        for place, character in enumerate(mdTrim(raw), first):
            text, places = cells[-1]
            if character == "|" and not escaped:
                cells.append(("", []))
            elif character == "|":
                cells[-1] = (text[:-1] + "|", [*places[:-1], place])
            else:
                places.append(place)
                cells[-1] = (text + character, places)
            escaped = character == "\\"
        if cells and not cells[0][0]:
            cells.pop(0)
        if cells and not cells[-1][0]:
            cells.pop()
        return cells


class PlacedInline(StateInline):
    """Notes for each token where its text begins in the content (``meta["at"]``)."""

    def __init__(self, src: str, md: MarkdownIt, env: dict[str, Any], tokens: list[Token]) -> None:
        self._pending_at = 0
        super().__init__(src, md, env, tokens)

    def append_pending(self, text: str) -> None:
        if not self.pending:
            self._pending_at = self.pos
        super().append_pending(text)

    def pushPending(self) -> Token:
        token = super().pushPending()
        token.meta["at"] = self._pending_at
        return token

    def push(self, ttype: str, tag: str, nesting: _Nesting) -> Token:
        token = super().push(ttype, tag, nesting)
        token.meta["at"] = token.meta["pos"] = self.pos
        before = self.tokens[-2] if len(self.tokens) > 1 else None
        if (
            ttype == "text"
            and before is not None
            and before.meta.get("pos") == self.pos
            and before.type == "text"
        ):
            # markers of one run are pushed one by one without moving on
            token.meta["at"] = before.meta["at"] + len(before.content)
        return token


class PatientBlocks(ParserBlock):
    """As its base, but what is nested too deep becomes paragraphs instead of being dropped."""

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:
        if state.level < MAX_NESTING:
            super().tokenize(state, startLine, endLine)
            return
        line = startLine
        while line < endLine:
            state.line = line = state.skipEmptyLines(line)
            if line >= endLine or state.sCount[line] < state.blkIndent:
                break
            paragraph_rule(state, line, endLine, False)
            line = state.line


@cache
def markdown_parser() -> MarkdownIt:
    markdown = MarkdownIt("default", {"html": False, "linkify": False, "typographer": False})
    # The check of the base sits below ours; it must never be reached.
    markdown.options["maxNesting"] = MAX_NESTING + 4
    markdown.block = PatientBlocks()
    markdown.disable(["html_block", "html_inline", "fragments_join"])
    return markdown


def _trim_start(text: str) -> str:
    trimmed = mdTrim(text)
    return text[text.index(trimmed) :] if trimmed else ""
