"""Every box of a layout covers the source that it shows, over random Markdown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication

from ifllm_desktop.domain.layout import TextLayout, apply_delta
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.ui.markdown_document import MarkdownDocument
from ifllm_desktop.ui.response_view import ResponseView
from ifllm_desktop.ui.source_map import box_text

pytestmark = pytest.mark.usefixtures("qapp")

WORDS = st.sampled_from(
    [
        "word", "a", "naïve", "e\u0301", "snake\\_case", "2*3", "fish&amp;chips", "&lt;b&gt;", "&#x1F600;", "&nbsp;",
        "&notanentity;", "&", "\\", "\\*", "\\&amp;", "*", "**", "_", "`", "``", "~~", "~", "[", "]", "(", ")", "!",
        "|", "\\|", "\\\\|", "<b>", "</b>", "<!-- x -->", "<http://a.b/c&amp;d\\*e>", "<me@a.org>", "https://a.b/c_d_e",
        "😀", "👩‍👩‍👧", "🇩🇪", "🏳️‍🌈", "𝔘𝔫𝔦", "שלום", "(עברית)", "العربية", "100%", "مرحبا،", "\u202eabc\u202c",
        "漢字かな交じり文。", "《中文》", "한국어", "\u00ad", "\u200b", "\ufeff", "\x00", "\x07", "\u2028", "\ufffc",
        "&ThinSpace;", "&bne;",
        "[link](http://a.b \"t\")", "![alt *x*](file:///etc/passwd)", "[ref]", "[ref]: http://a.b", "`code \\* &amp;`",
        "`` a`b ``", "` `", "**bold**", "*it*", "***both***", "~~gone~~", "**bo*th*ing**", "un**believ**able",
        "1.", "-", "a" * 90,
    ]
)  # fmt: skip
TEXT = st.lists(WORDS, min_size=1, max_size=8).flatmap(
    lambda words: st.lists(
        st.sampled_from([" ", " ", " ", "", "  ", "\t", "\u3000"]), min_size=len(words)
    ).map(lambda gaps: "".join(word + gap for word, gap in zip(words, gaps, strict=False)))
)
BREAKS = st.sampled_from(["\n", "  \n", "\\\n", "\n    ", "\r\n", "\r"])
PARAGRAPH = st.lists(TEXT, min_size=1, max_size=3).flatmap(
    lambda lines: st.lists(BREAKS, min_size=len(lines) - 1, max_size=len(lines) - 1).map(
        lambda breaks: "".join(a + b for a, b in zip(lines, [*breaks, ""], strict=True))
    )
)
CODE = st.lists(TEXT | st.sampled_from(["", "\t\tx", "  y", "```"]), max_size=4)
FENCE = st.builds(
    lambda mark, lines, end: "\n".join([mark, *lines, *([mark[:3]] if end else [])]),
    st.sampled_from(["```", "~~~", "```python", "````"]), CODE, st.booleans(),
)  # fmt: skip
INDENTED = CODE.map(lambda lines: "\n".join("    " + line for line in lines))
TABLE = st.builds(
    lambda head, rows, align: "\n".join(
        ["| " + " | ".join(head) + " |", "|" + "|".join([align] * len(head)) + "|"]
        + ["| " + " | ".join(row) + " |" for row in rows]
    ),
    st.lists(TEXT, min_size=1, max_size=3),
    st.lists(st.lists(TEXT, max_size=4), max_size=3),
    st.sampled_from(["---", ":--", "--:", ":-:"]),
)
HEADING = st.builds(lambda mark, text: mark + text, st.sampled_from(["# ", "## ", "#### ", "#\t"]), TEXT) | (
    st.builds(lambda text, line: text + "\n" + line, TEXT, st.sampled_from(["===", "---"]))
)
LEAF = st.one_of(PARAGRAPH, PARAGRAPH, HEADING, FENCE, INDENTED, TABLE, st.sampled_from(["***", "", "\n"]))


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    marks = st.sampled_from(["- ", "* ", "1. ", "10) ", "> ", ">", "-\t", "   - "])
    return st.builds(
        lambda mark, parts, gap: gap.join(
            "\n".join((mark if i == 0 else "> " if ">" in mark else " " * len(mark)) + line
                      for i, line in enumerate(part.split("\n")))
            for part in parts
        ),
        marks, st.lists(inner, min_size=1, max_size=3), st.sampled_from(["\n", "\n\n"]),
    )  # fmt: skip


BLOCK = st.recursive(LEAF, nested, max_leaves=4)
MARKDOWN = st.lists(BLOCK, min_size=1, max_size=5).flatmap(
    lambda blocks: st.sampled_from(["\n\n", "\n"]).map(lambda gap: gap.join(blocks))
)
ANYTHING = st.text(
    alphabet=st.sampled_from(
        list(" \n\t\r*_`~[]()!|\\&<>#-+1.:\"'aé😀שع漢\u200d\u0301\x00\x0b\x85\u2028;mp")
    ),
    max_size=120,
)
SLOW = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def view(qapp: QApplication) -> Iterator[ResponseView]:
    made = ResponseView("r")
    made.set_screen_rect(Rect(100, 50, 420, 500))
    yield made
    made.deleteLater()


def assert_covers(layout: TextLayout, source: str, view: ResponseView) -> None:
    drawn = [placed.shaped.block.drawn.text for placed in view._flow.placed]
    assert len(drawn) == len(layout.blocks)
    for block, text in zip(layout.blocks, drawn, strict=True):
        before = 0
        for word in block.words:
            assert box_text(source, word) == word.text, (source, word)
            assert before <= word.src_start < word.src_end <= len(source)
            before = word.src_end
            assert block.src_start <= word.src_start and word.src_end <= block.src_end
        assert "".join(word.text for word in block.words) == "".join(text.split()), (source, text)
        lines = [word.line for word in block.words]
        assert lines == sorted(lines)
    assert [block.index for block in layout.blocks] == list(range(len(layout.blocks)))
    starts = [block.src_start for block in layout.blocks if block.words]
    assert starts == sorted(starts)


@SLOW
@given(source=MARKDOWN)
@example(source="| a\\|b | `c\\|d` | \\\\| |\n|---|---|---|\n| x \\\\\\| y | 😀 |")
@example(source="&amp;&lt;`&lt;`\\&lt; <http://a&amp;b\\*>")
@example(source="- a\n\n      code\n\n\t\ttab\n> q\nlazy")
@example(source="![a **b** `c`](http://x) tail")
@example(source="~~~~~a~~~~~ ~~~b~~")
@example(source="- | a |\n  |---|\n  | b |\n- ```\n  c\n  ```\n- > q\n-\n- ***")
def test_that_each_box_covers_the_source_that_it_shows(source: str, view: ResponseView) -> None:
    view.set_source(source, complete=True)
    assert_covers(view.layout_snapshot(), view.source, view)


@SLOW
@given(source=ANYTHING)
def test_that_boxes_cover_their_source_in_text_that_is_no_markdown(source: str, view: ResponseView) -> None:
    view.set_source(source, complete=True)
    assert_covers(view.layout_snapshot(), view.source, view)


@SLOW
@given(source=MARKDOWN, data=st.data())
def test_that_a_stream_cut_anywhere_has_boxes_that_cover_their_source_and_ends_as_the_whole(
    source: str, data: st.DataObject, view: ResponseView
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(source)), max_size=6)))
    deltas = []
    view.set_source("", complete=False)
    whole = view.layout_snapshot()
    view.laid_out.connect(deltas.append)
    try:
        for cut in cuts:
            view.set_source(source[:cut], complete=False)
            assert_covers(view.layout_snapshot(), view.source, view)
        view.set_source(source, complete=True)
    finally:
        view.laid_out.disconnect(deltas.append)
    for delta in deltas:
        whole = apply_delta(whole, delta)
    assert whole == view.layout_snapshot()
    fresh = ResponseView("r")
    fresh.set_screen_rect(Rect(100, 50, 420, 500))
    fresh.set_source(source, complete=True)
    assert fresh.layout_snapshot().blocks == whole.blocks
    fresh.deleteLater()


@SLOW
@given(source=MARKDOWN, cut=st.integers(0, 400))
def test_that_appending_reads_the_same_blocks_as_reading_all(source: str, cut: int) -> None:
    if "]:" in source:
        return  # a link may be defined behind its use: only the whole text settles it
    grown, whole = MarkdownDocument(), MarkdownDocument()
    for end in (cut // 3, cut // 2, cut, len(source)):
        grown.set_source(source[: min(end, len(source))], complete=False)
    whole.set_source(source, complete=True)
    assert grown.blocks == whole.blocks
