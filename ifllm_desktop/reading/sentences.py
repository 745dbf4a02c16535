"""Sentences of an answer, as places in its source Markdown."""

from __future__ import annotations

import re

# headings, list marks, quotes and table bars are not part of a sentence
_LEAD = re.compile(r"[ \t]*(?:#{1,6}[ \t]+|[-*+][ \t]+|\d{1,9}[.)][ \t]+|>[ \t]?|\|)*[ \t]*")
# an end mark, perhaps closed by quotes, brackets or emphasis, before white space and something that begins a sentence
_END = re.compile(r"(?<=[.!?…。！？])[\"'”’»)\]*_]*(?:\s+(?=[^\sa-z])|(?<=[。！？])|$)")
_FENCE = re.compile(r"^[ \t]*(```|~~~)")
_LETTERS = re.compile(r"\w{2}")
# an end mark after one of these ends no sentence
_SHORT = re.compile(r"(?:\b(?:e\.g|i\.e|z\.B|d\.h|Dr|Mr|Mrs|Ms|Prof|vs|etc|ca|approx|No|Nr|[A-Z])\.)$")


def sentences(source: str) -> list[tuple[int, int]]:
    """Half-open ranges of code points, in order, without overlap.

    A line of source is never joined with the next one unless both are of one paragraph. Code blocks have no
    sentences, and neither has what holds no word.

    Notes
    -----
    A rule of thumb for offering sentences to choose from: end mark, then white space, then anything but a small letter.
    Common abbreviations do not end one. What is chosen is kept as a place in the text and not as a sentence number.
    """
    found = []
    for start, end in _paragraphs(source):
        lead = _LEAD.match(source, start, end)
        at = lead.end() if lead is not None else start
        for mark in _END.finditer(source, at, end):
            if _SHORT.search(source[at : mark.start()]) and mark.end() < end:
                continue
            found.append((at, mark.start() + len(mark.group().rstrip())))
            at = mark.end()
        if at < end:
            found.append((at, end))
    trimmed = ((a, a + len(source[a:b].rstrip(" \t|"))) for a, b in found)
    return [(a, b) for a, b in trimmed if b > a and _LETTERS.search(source[a:b])]


def _paragraphs(source: str) -> list[tuple[int, int]]:
    """Ranges of text that may hold sentences: paragraphs, headings, list entries, rows of a table."""
    out: list[tuple[int, int]] = []
    at, in_code, joins = 0, False, False
    for line in source.splitlines(keepends=True):
        end = at + len(line.rstrip())
        if _FENCE.match(line):
            in_code, joins = not in_code, False
        elif in_code or not line.strip():
            joins = False
        else:
            lead = _LEAD.match(line)
            own = lead is not None and bool(lead.group().strip())
            if joins and not own:
                out[-1] = (out[-1][0], end)
            else:
                out.append((at, end))
            joins = not line.lstrip().startswith(("#", "|"))
        at += len(line)
    return out
