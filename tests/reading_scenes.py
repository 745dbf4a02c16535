"""Screens with answers on them, laid out by hand: words of 9 px per character in lines of 24 px."""

from __future__ import annotations

from ifllm_desktop.domain.layout import BlockLayout, LayoutEpoch, TextLayout, WordBox, source_sha256
from ifllm_desktop.domain.scene import Aoi, Scene, ShownResponse
from ifllm_desktop.domain.space import Rect

LINE_PX, CHAR_PX, MARGIN_PX, PARAGRAPH_GAP_PX = 24.0, 9.0, 8.0, 12.0
LEFT = Rect(40.0, 120.0, 660.0, 520.0)
RIGHT = Rect(740.0, 120.0, 660.0, 520.0)
RATE_LEFT = Aoi("rate_left_1", Rect(60.0, 680.0, 36.0, 36.0))
PROMPT = Aoi("prompt", Rect(40.0, 20.0, 1360.0, 80.0))

_WORDS = (
    "the",
    "answer",
    "says",
    "that",
    "a",
    "plan",
    "of",
    "small",
    "steps",
    "works",
    "better",
    "than",
    "everything",
)


def text(n_paragraphs: int, n_words: int = 40) -> str:
    """Paragraphs of plain words."""
    return "\n\n".join(
        " ".join(_WORDS[(k * 7 + i) % len(_WORDS)] for i in range(n_words)) for k in range(n_paragraphs)
    )


def layout(source: str, view: Rect, response_id: str = "r0", epoch: int = 0) -> TextLayout:
    """Greedy line breaking of paragraphs that are separated by blank lines."""
    blocks: list[BlockLayout] = []
    offset, y_px, line = 0, MARGIN_PX, 0
    for index, paragraph in enumerate(source.split("\n\n")):
        words: list[WordBox] = []
        x_px, top_px, start = MARGIN_PX, y_px, offset
        for word in paragraph.split(" "):
            w_px = CHAR_PX * len(word)
            if x_px + w_px > view.w_px - MARGIN_PX:
                x_px, y_px, line = MARGIN_PX, y_px + LINE_PX, line + 1
            box = Rect(x_px, y_px, w_px, LINE_PX)
            words.append(WordBox(word, start, start + len(word), box, y_px + 18, line, "", 16.0))
            x_px += w_px + CHAR_PX
            start += len(word) + 1
        y_px, line = y_px + LINE_PX, line + 1
        rect = Rect(MARGIN_PX, top_px, view.w_px - 2 * MARGIN_PX, y_px - top_px)
        blocks.append(BlockLayout(index, "paragraph", offset, offset + len(paragraph), rect, tuple(words)))
        y_px += PARAGRAPH_GAP_PX
        offset += len(paragraph) + 2
    head = LayoutEpoch(
        response_id, epoch, view, 1.0, len(blocks), len(source), source_sha256(source), "hand", "hand", y_px
    )
    return TextLayout(head, tuple(blocks))


def pair_scene(
    left: TextLayout, right: TextLayout, *, scroll_px: tuple[float, float] = (0.0, 0.0), complete: bool = True
) -> Scene:
    """Two answers side by side, with a prompt above and one button below."""
    return Scene(
        "task",
        None,
        (
            ShownResponse(left.head.response_id, "left", left, scroll_px[0], complete),
            ShownResponse(right.head.response_id, "right", right, scroll_px[1], complete),
        ),
        (RATE_LEFT, PROMPT),
    )
