"""What a stretch of source Markdown reads as on the screen, and the one place where UTF-16 is counted.

Everything that is stored counts Unicode code points of the source text; Qt counts UTF-16 units of the drawn
text. Between the two stand :class:`DrawnText`, which knows the source of each drawn code point, and
:class:`Utf16Map`.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it.common.entities import entities
from markdown_it.common.utils import fromCodePoint, isValidEntityCode

from ifllm_desktop.domain.layout import WordBox

_UNDRAWABLE = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufdd0-\ufdef\ufff9-\ufffc\ufffe\uffff\ud800-\udfff]"
)
_BIDI_CLASSES = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
_WRITTEN = re.compile(
    r"\\([!-/:-@\[-`{-~])|&#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7}));|&([A-Za-z][A-Za-z0-9]{1,31});"
)
_OPENS = re.compile(r"\\(?=[!-/:-@\[-`{-~])|&(?=#|[A-Za-z])")


def drawable(text: str) -> str:
    """The same number of code points, with U+FFFD for those that Qt would take as commands or cannot draw.

    These are control characters other than tab and newline, line and paragraph separators, interlinear
    annotation and object characters, noncharacters of the basic plane, and lone surrogates. A byte order mark,
    which is lost on the way to Qt, becomes a word joiner, which means the same.
    """
    return _UNDRAWABLE.sub("\ufffd", text).replace("\ufeff", "\u2060")


def covered_text(source: str, start: int, end: int, *, literal: bool = False) -> str:
    """What ``source[start:end]`` is drawn as.

    The rule: in code (``literal``) each code point stands for itself. Elsewhere a backslash before ASCII
    punctuation is dropped, and an entity (named, decimal, hexadecimal) stands for its characters. In both,
    characters that cannot be drawn become U+FFFD (see :func:`drawable`).

    Parameters
    ----------
    source : str
        Source Markdown.
    start, end : int
        Code points, half open.
    literal : bool
        Whether the stretch is code: for a word box, whether its style has ``m``.
    """
    written = source[start:end]
    return drawable(written if literal else _WRITTEN.sub(_read_as, written))


def box_text(source: str, box: WordBox) -> str:
    """What the source says that a box shows; equal to ``box.text`` for every box of a layout."""
    return covered_text(source, box.src_start, box.src_end, literal="m" in box.style)


def _read_as(match: re.Match[str]) -> str:
    escaped, hexadecimal, decimal, name = match.groups()
    if escaped is not None:
        return str(escaped)
    if name is not None:
        return str(entities.get(name, match.group(0)))
    code = int(hexadecimal, 16) if hexadecimal is not None else int(decimal)
    return str(fromCodePoint(code)) if isValidEntityCode(code) else "\ufffd"


def cuts_in_verbatim(text: str) -> list[int]:
    """Where verbatim text has to be cut so that :func:`covered_text` reads it as it stands.

    Only text that looks like an escape or entity but was not read as one (an address in angle brackets, text
    nested too deep) has such places: behind the backslash or ampersand.
    """
    return [match.end() for match in _OPENS.finditer(text)] if "\\" in text or "&" in text else []


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of drawn text in one style; code points of the drawn text, half open.

    ``style`` has letters out of ``b i m s l`` (bold, italic, fixed pitch, struck through, link).
    """

    start: int
    end: int
    style: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class DrawnText:
    """Drawn text of one block with the source of each of its code points.

    Attributes
    ----------
    text : str
        As drawn; line breaks are newlines.
    starts, ends : tuple of int
        Source code points ``[starts[i], ends[i])`` of drawn code point i; one entity may give several.
    cuts : frozenset of int
        Drawn positions at which no word goes on.
    spans : tuple of Span
        Styles, in order, without overlap; what lies between is plain.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    cuts: frozenset[int] = frozenset()
    spans: tuple[Span, ...] = ()


class DrawnTextBuilder:
    """Collects a :class:`DrawnText` piece by piece, in the order of drawing."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._cuts: set[int] = set()
        self._spans: list[Span] = []

    def add(self, text: str, offsets: Sequence[int], style: str = "", href: str = "") -> None:
        """Text that stands in the source as it is drawn; ``offsets[i]`` is the place of its code point i."""
        at = len(self._starts)
        if "m" not in style:
            self._cuts.update(at + cut for cut in cuts_in_verbatim(text))
        self._texts.append(drawable(text))
        self._starts.extend(offsets)
        self._ends.extend(offset + 1 for offset in offsets)
        self._style(at, style, href)

    def add_written(self, text: str, start: int, end: int, style: str = "", href: str = "") -> None:
        """Text that the source writes in another way, by an escape or entity at ``[start, end)``."""
        at = len(self._starts)
        self._texts.append(drawable(text))
        self._starts.extend([start] * len(text))
        self._ends.extend([end] * len(text))
        self._style(at, style, href)

    def cut(self) -> None:
        """Let no word go on over the present end."""
        self._cuts.add(len(self._starts))

    def _style(self, at: int, style: str, href: str) -> None:
        end = len(self._starts)
        if not style or end == at:
            return
        last = self._spans[-1] if self._spans else None
        if last is not None and last.end == at and last.style == style and last.href == href:
            self._spans[-1] = Span(last.start, end, style, href)
        else:
            self._spans.append(Span(at, end, style, href))

    def build(self) -> DrawnText:
        """What was collected."""
        return DrawnText(
            "".join(self._texts),
            tuple(self._starts),
            tuple(self._ends),
            frozenset(self._cuts),
            tuple(self._spans),
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of drawn text, or the part of one that is in one style; code points of the drawn text."""

    start: int
    end: int
    style: str
    href: str


def pieces(drawn: DrawnText) -> list[Piece]:
    """The words of a drawn text: stretches without white space, of one style, with gapless source.

    Scripts without spaces (Han, kana) give one word per character, with what belongs to it: a combining mark,
    a variation selector, punctuation that closes it.
    """
    found: list[Piece] = []
    breaks = _breaks(drawn)
    index = 0
    for match in re.finditer(r"\S+", drawn.text):
        at = match.start()
        inside = breaks[bisect_right(breaks, at) : bisect_left(breaks, match.end())]
        for end in (*inside, match.end()):
            while index < len(drawn.spans) and drawn.spans[index].end <= at:
                index += 1
            span = drawn.spans[index] if index < len(drawn.spans) else None
            if span is not None and span.start <= at:
                found.append(Piece(at, end, span.style, span.href))
            else:
                found.append(Piece(at, end, "", ""))
            at = end
    return found


def _breaks(drawn: DrawnText) -> list[int]:
    """Positions, ascending, at which a word cannot go on though no white space stands there."""
    starts, ends, text = drawn.starts, drawn.ends, drawn.text
    wide = not text.isascii() and max(text) >= "\u2e80"
    breaks = set(drawn.cuts)
    breaks.update(edge for span in drawn.spans for edge in (span.start, span.end))
    for i in range(1, len(text)):
        same_source = starts[i] == starts[i - 1] and ends[i] == ends[i - 1]
        if same_source:
            continue
        if starts[i] != ends[i - 1] or (wide and _starts_wide_word(text[i - 1], text[i])):
            breaks.add(i)
    return sorted(breaks)


def _starts_wide_word(before: str, here: str) -> bool:
    """Whether a new word starts between two characters because one of them is written without spaces."""
    if _is_unspaced(here):
        return unicodedata.category(before) not in ("Ps", "Pi")
    return (
        _is_unspaced(before) and unicodedata.category(here)[0] in "LN" and unicodedata.category(here) != "Lm"
    )


def _is_unspaced(character: str) -> bool:
    return (
        character >= "\u2e80"
        and unicodedata.category(character) == "Lo"
        and unicodedata.east_asian_width(character) in "WF"
        and not "\uac00" <= character <= "\ud7a3"
    )


def has_right_to_left(text: str) -> bool:
    """Whether any character asks for right-to-left order."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in _BIDI_CLASSES for c in text)


def leads_from_right(text: str) -> bool:
    """Whether the first letter with a direction is a right-to-left one (Unicode UAX 9, P2 and P3)."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


class Utf16Map:
    """Between code points and UTF-16 units of one text; costs nothing for a text of the basic plane."""

    def __init__(self, text: str) -> None:
        self._beyond = (
            [i for i, c in enumerate(text) if c > "\uffff"] if text and max(text) > "\uffff" else []
        )
        self._beyond_units = [i + n for n, i in enumerate(self._beyond)]

    def units(self, position: int) -> int:
        """UTF-16 units before code point ``position``."""
        if not self._beyond:
            return position
        return position + bisect_right(self._beyond, position - 1)

    def points(self, units: int) -> int:
        """Code points before UTF-16 unit ``units``; one inside a pair counts as before that code point."""
        if not self._beyond:
            return units
        return units - bisect_right(self._beyond_units, units - 1)
