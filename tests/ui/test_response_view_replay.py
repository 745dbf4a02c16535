"""What the painter draws from a recorded layout is what the view showed, at three pixel ratios."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage, QPainter, QRegion
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ifllm_desktop.domain.layout import BlockLayout, TextLayout
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.ui.fonts import reading_fonts
from ifllm_desktop.ui.layout_painter import (
    DARK_COLORS,
    ResponseColors,
    head_rows,
    paint_layout,
    paint_surroundings,
)
from ifllm_desktop.ui.response_view import ResponseView

W_PX, H_PX = 460, 420
TEXTS = {
    "prose": "# A weekly copy\n\n**rsync** copies *only* what is `new` or ~~old~~ changed, so the first run is slow and"
    " AV To fi ffl “quotes” every later one takes a minute, see [this page](http://a.b) for `more of it`, or not.",
    "lists": "1. Connect the *second* disk\n2. Make a folder `Photos` on it\n   - nested item\n     > quoted\n- x\n\n"
    "> A quotation that is long enough to be broken over two lines of the view, at least.\n\n***\n\n- שלום עולם",
    "table": "| Method | First **run** | Each week and more |\n|:--|--:|:-:|\n| Drag and drop | 2 h | 20 min |\n"
    "| `rsync` | a long cell that has to be broken into lines | x |\n| | | y |\n\nbelow",
    "code": "```python\ndef f(x):\n\treturn x  # tab\n" + "long_name = " * 8 + "\n```\n\n    indented\n\ntail",
    "bidi": "שלום עולם, this is mixed 12 טקסט (abc) 3.5.\n\nEnglish with (עברית) and العربية كلمة inside, 100% טוב!\n\n"
    "| أول | b |\n|---|---|\n| (12) ג | x |\n\n1. פריט ראשון\n2. item",
    "other": "naïve Ångström e\u0301tude, 😀 👩‍👩‍👧 漢字かな。 Ελληνικά Привет\n\nhard  \nbreak &amp; &lt;b&gt; \\*",
}  # fmt: skip


@pytest.fixture
def view(qtbot: QtBot) -> ResponseView:
    made = ResponseView("r")
    qtbot.addWidget(made)
    made.resize(W_PX, H_PX)
    made.show()
    return made


def blank(ratio: float, colors: ResponseColors) -> QImage:
    image = QImage(math.ceil(W_PX * ratio), math.ceil(H_PX * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor(colors.surface))
    return image


def as_array(image: QImage) -> NDArray[np.int16]:
    """Grey picture, (h, w), 0–255."""
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return data[:, : image.width(), :3].mean(axis=2).astype(np.int16)


def shot_of_view(view: ResponseView, ratio: float, colors: ResponseColors) -> NDArray[np.int16]:
    image = blank(ratio, colors)
    painter = QPainter(image)
    view.viewport().render(painter, QPoint(0, 0), QRegion(), QWidget.RenderFlag.DrawWindowBackground)
    painter.end()
    return as_array(image)


def shot_of_painter(
    layout: TextLayout, scroll_px: float, ratio: float, colors: ResponseColors
) -> NDArray[np.int16]:
    image = blank(ratio, colors)
    painter = QPainter(image)
    paint_layout(painter, layout, scroll_px, colors, reading_fonts())
    painter.end()
    return as_array(image)


def shot_of_surroundings(
    layout: TextLayout, scroll_px: float, ratio: float, colors: ResponseColors
) -> NDArray[np.int16]:
    image = blank(ratio, colors)
    painter = QPainter(image)
    painter.translate(0, -scroll_px)
    paint_surroundings(painter, layout.blocks, colors, reading_fonts(), heads=head_rows(layout.blocks))
    painter.end()
    return as_array(image)


def ink_box(ink: NDArray[np.bool_], rect: Rect, scroll_px: float, ratio: float) -> NDArray[np.float64] | None:
    """Left, top, right, bottom of the ink inside a box, logical px; None where there is none."""
    x0, x1 = max(0, round(rect.x_px * ratio)), round(rect.right_px * ratio)
    y0, y1 = max(0, round((rect.y_px - scroll_px) * ratio)), round((rect.bottom_px - scroll_px) * ratio)
    rows, columns = np.nonzero(ink[y0:y1, x0:x1])
    if not len(rows):
        return None
    return np.array([columns.min(), rows.min(), columns.max(), rows.max()]) / ratio


def in_view(layout: TextLayout, scroll_px: float) -> list[tuple[BlockLayout, Rect, str]]:
    return [
        (block, word.rect, word.text) for block in layout.blocks for word in block.words
        if word.rect.y_px >= scroll_px and word.rect.bottom_px <= scroll_px + H_PX
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("colors", "scroll_px"), [(ResponseColors(), 0), (DARK_COLORS, 37)], ids=["light", "dark"]
)
@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("name", TEXTS)
def test_that_the_replayed_glyphs_stand_within_a_px_of_the_originals(
    view: ResponseView, name: str, ratio: float, colors: ResponseColors, scroll_px: int
) -> None:
    view.set_colors(colors)
    view.set_source(TEXTS[name] + "\n\n" + "and text below " * 60, complete=True)
    view.set_scroll_px(scroll_px)
    assert view.scroll_px == scroll_px
    layout = view.layout_snapshot()
    ground = shot_of_surroundings(layout, scroll_px, ratio, colors)
    shown = np.abs(shot_of_view(view, ratio, colors) - ground) > 40
    drawn = np.abs(shot_of_painter(layout, scroll_px, ratio, colors) - ground) > 40
    words = in_view(layout, scroll_px)
    assert len(words) > 20
    for _, rect, text in words:
        there, here = ink_box(shown, rect, scroll_px, ratio), ink_box(drawn, rect, scroll_px, ratio)
        assert (there is None) == (here is None), (text, there, here)
        if there is not None and here is not None:
            assert np.abs(there - here).max() <= 1, (text, there, here)


@pytest.mark.parametrize("name", TEXTS)
def test_that_every_glyph_stands_in_a_word_box_and_every_box_has_one(view: ResponseView, name: str) -> None:
    ratio, colors = 2.0, ResponseColors()
    view.set_source(
        TEXTS[name].replace("[this page](http://a.b)", "this page").replace("~~", ""), complete=True
    )
    layout = view.layout_snapshot()
    ground = shot_of_surroundings(layout, 0, ratio, colors)
    ink = np.abs(shot_of_view(view, ratio, colors) - ground) > 40
    for block, rect, text in in_view(layout, 0):
        if text.strip("\u200d"):
            assert ink_box(ink, rect, 0, ratio) is not None, (block.kind, text)
    for _, rect, _ in in_view(layout, 0):
        # glyphs may reach a little over their advance, italic ones most
        x0, x1 = max(0, math.floor((rect.x_px - 2) * ratio)), math.ceil((rect.right_px + 2.5) * ratio)
        ink[math.floor(rect.y_px * ratio) : math.ceil(rect.bottom_px * ratio), x0:x1] = False
    assert not ink.any(), np.argwhere(ink)[:5] / ratio


def test_that_only_the_clip_is_painted(view: ResponseView) -> None:
    colors = ResponseColors()
    view.set_source(TEXTS["prose"], complete=True)
    image = blank(1.0, colors)
    painter = QPainter(image)
    clip = Rect(100, 40, 120, 60)
    paint_layout(painter, view.layout_snapshot(), 0, colors, reading_fonts(), clip=clip)
    painter.end()
    rows, columns = np.nonzero(as_array(image) < 200)
    assert len(rows) > 50
    assert clip.x_px <= columns.min() and columns.max() < clip.right_px
    assert clip.y_px <= rows.min() and rows.max() < clip.bottom_px
