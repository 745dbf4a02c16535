"""Layout epochs opened at any moment, damaged ones included."""

from __future__ import annotations

import numpy as np
import pytest

from ifllm_desktop.domain.layout import BlockLayout, LayoutDelta, LayoutEpoch, TextLayout, apply_delta
from ifllm_desktop.replay.layouts import LayoutHistory
from tests.recordings import MS, VIEWPORTS, FakeRecording, RecordingBuilder, lay_out, small_session

RID = "S1-t1-l"


def folded(source: FakeRecording, response_id: str) -> list[tuple[int, TextLayout]]:
    """Every epoch by plain ``apply_delta``, the slow and certain way."""
    out: list[tuple[int, TextLayout]] = []
    blocks = source.read("layout_block")
    for head_row in source.read("layout_epoch"):
        if head_row["response_id"] != response_id:
            continue
        head = LayoutEpoch.from_json(response_id, int(head_row["epoch"]), head_row["payload"])
        changed = tuple(
            BlockLayout.from_json(int(b["block"]), b["payload"])
            for b in blocks
            if b["response_id"] == response_id and b["epoch"] == head.epoch
        )
        out.append(
            (int(head_row["t_ns"]), apply_delta(out[-1][1] if out else None, LayoutDelta(head, changed)))
        )
    return out


def test_that_every_epoch_equals_the_fold_of_its_deltas() -> None:
    source = small_session()
    history = LayoutHistory(source)
    expected = folded(source, RID)
    assert len(expected) > 15
    order = np.random.default_rng(0).permutation(len(expected))
    for number in order:
        t_ns, layout = expected[number]
        assert history.at(RID, t_ns) == layout
    assert history.at(RID, expected[0][0] - 1) is None
    assert history.at("nobody", 10**12) is None
    assert history.problems == ()


def test_that_the_same_epoch_is_the_same_object() -> None:
    history = LayoutHistory(small_session())
    mark = history.epochs(RID)[3]
    assert history.at(RID, mark.t_ns) is history.at(RID, mark.t_ns + 1)


def test_that_a_block_that_went_away_must_come_back_with_geometry() -> None:
    b = RecordingBuilder()
    long = lay_out("r", "one\n\ntwo\n\nthree\n", VIEWPORTS["left"], 1)
    short = lay_out("r", "one\n", VIEWPORTS["left"], 2)
    again = lay_out("r", "one\n\nnew\n\nthree\n", VIEWPORTS["left"], 3)
    for t_ms, layout in ((10, long), (20, short), (30, again)):
        b.epoch(t_ms, layout)
    history = LayoutHistory(b.build())
    assert [history.at("r", t * MS) for t in (10, 20, 30)] == [long, short, again]
    stale = b.build()
    stale.rows["layout_block"] = [
        row for row in stale.rows["layout_block"] if not (row[2] == 3 and row[3] == 2)
    ]
    history = LayoutHistory(stale)
    assert history.at("r", 30 * MS) == short
    assert [(p.epoch, p.problem) for p in history.problems] == [(3, "block 2 has no usable geometry")]


@pytest.mark.parametrize(
    "payload", ["{", "{}", '{"kind":"p","src":[0],"rect":[1],"marker":"","words":[]}', "[]"]
)
def test_that_a_damaged_block_keeps_the_last_good_epoch_until_it_is_laid_out_anew(payload: str) -> None:
    b = RecordingBuilder()
    texts = ["one\n", "one\n\ntwo\n", "one\n\ntwo\n\nthree\n", "one\n\nTWO again\n\nthree\n"]
    layouts = [lay_out("r", text, VIEWPORTS["left"], k + 1) for k, text in enumerate(texts)]
    for k, layout in enumerate(layouts):
        b.epoch(10 * (k + 1), layout)
    source = b.build()
    source.rows["layout_block"] = [
        (*row[:4], payload) if row[2] == 2 else row for row in source.rows["layout_block"]
    ]
    history = LayoutHistory(source)
    assert history.at("r", 20 * MS) == layouts[0]
    assert history.at("r", 30 * MS) == layouts[0]  # block 1 is still without geometry
    assert history.at("r", 40 * MS) == layouts[3]
    assert {p.epoch for p in history.problems} == {2, 3}


def test_that_a_missing_and_a_damaged_head_are_listed() -> None:
    source = small_session()
    heads = [row for row in source.rows["layout_epoch"] if row[1] == RID]
    kept = [heads[0], heads[1], (*heads[2][:3], "nonsense"), heads[4]]
    source.rows["layout_epoch"] = kept
    history = LayoutHistory(source)
    assert [(p.epoch, p.problem) for p in history.problems][:2] == [
        (3, "its head is damaged"),
        (5, "epochs 4 to 4 are missing"),
    ]
    assert history.at(RID, heads[2][0]) == history.at(RID, heads[1][0])
