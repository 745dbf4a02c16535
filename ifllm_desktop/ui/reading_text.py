"""The text whose lines are read in the text check: as much of it as fits into an answer's place without scrolling."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.resource_files import resource_path
from ifllm_desktop.ui.response_view import ResponseView

FALLBACK_LANGUAGE = "en"


@cache
def paragraphs(language: str) -> tuple[str, ...]:
    """Paragraphs of the text in a language (``de``, ``de-AT``); the English one where there is none in it."""
    for name in (language.partition("-")[0].lower(), FALLBACK_LANGUAGE):
        if not name.isalpha():
            continue
        try:
            path = resource_path("reading", f"{name}.md")
        except DataError:
            continue
        return tuple(path.read_text(encoding="utf-8").strip().split("\n\n"))
    raise DataError("resource_missing", name=f"reading/{FALLBACK_LANGUAGE}.md")


def fitted_text(language: str, width_px: float, height_px: float, text_size_px: float) -> str:
    """Whole sentences that fit into a response view of that size, at least one.

    Laid out on a view of its own, so that no epoch of the shown one is spent on trying.
    """
    view = ResponseView("", text_size_px=text_size_px)
    view.set_screen_rect(Rect(0.0, 0.0, width_px, height_px))
    texts = _beginnings(language)

    def is_too_high(text: str) -> bool:
        view.set_source(text, True)
        return view.layout_snapshot().head.height_px > height_px

    n = bisect_left(texts, True, key=is_too_high)
    view.deleteLater()
    return texts[max(0, n - 1)]


@cache
def _beginnings(language: str) -> tuple[str, ...]:
    """The text up to the end of its first sentence, of its second one, and so on."""
    found: list[str] = []
    before = ""
    for paragraph in paragraphs(language):
        sentences = re.split(r"(?<=[.!?]) ", paragraph)
        found += [before + " ".join(sentences[:n]) for n in range(1, len(sentences) + 1)]
        before = found[-1] + "\n\n"
    return tuple(found)
