"""Layout epochs of a session, opened at any moment.

Stored are deltas by block. Here each epoch is kept as a list of row numbers, one per block, so a seek decodes
at most the blocks of one epoch, and epochs that share a block share its decoded value.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict, defaultdict
from dataclasses import dataclass

from ifllm_desktop.domain.layout import BlockLayout, LayoutEpoch, TextLayout
from ifllm_desktop.domain.samples import Records
from ifllm_desktop.ports import RecordingSource

KEPT_BLOCKS = 4096
KEPT_LAYOUTS = 64


@dataclass(frozen=True, slots=True)
class EpochMark:
    """One epoch of a response that can be shown.

    Attributes
    ----------
    t_ns : int
        Session time from which it holds.
    block_rows : tuple of int
        Row of the stream ``layout_block`` that holds each block, by block index.
    """

    t_ns: int
    head: LayoutEpoch
    block_rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LayoutProblem:
    """An epoch that could not be used; the last good one is shown in its place."""

    t_ns: int
    response_id: str
    epoch: int
    problem: str


class LayoutHistory:
    """Geometry of every response over time.

    Parameters
    ----------
    source : RecordingSource
        Its streams ``layout_epoch`` and ``layout_block`` are read once and checked here, nothing later.

    Attributes
    ----------
    problems : tuple of LayoutProblem
        Damaged or missing epochs, by time.
    """

    def __init__(self, source: RecordingSource) -> None:
        heads = source.read("layout_epoch")
        blocks = source.read("layout_block")
        self._payloads: list[str] = list(blocks["payload"])
        self._block_indices: list[int] = [int(index) for index in blocks["block"]]
        self._epochs, problems = _fold(heads, blocks)
        self.problems = tuple(sorted(problems, key=lambda p: (p.t_ns, p.response_id, p.epoch)))
        self._times = {rid: [mark.t_ns for mark in marks] for rid, marks in self._epochs.items()}
        self._blocks: OrderedDict[int, BlockLayout] = OrderedDict()
        self._layouts: OrderedDict[tuple[str, int], TextLayout] = OrderedDict()

    @property
    def response_ids(self) -> tuple[str, ...]:
        """Responses with at least one usable epoch, in order of appearance."""
        return tuple(self._epochs)

    def epochs(self, response_id: str) -> tuple[EpochMark, ...]:
        """Usable epochs of a response by time; empty for an unknown one."""
        return tuple(self._epochs.get(response_id, ()))

    def at(self, response_id: str, t_ns: int) -> TextLayout | None:
        """Geometry of a response at a moment, or None before its first epoch.

        The same object comes back for the same epoch, so views may cache by identity.
        """
        number = bisect_right(self._times.get(response_id, []), t_ns) - 1
        return self._layout(response_id, number) if number >= 0 else None

    def _layout(self, response_id: str, number: int) -> TextLayout:
        key = (response_id, number)
        if key not in self._layouts:
            mark = self._epochs[response_id][number]
            self._layouts[key] = TextLayout(mark.head, tuple(self._block(row) for row in mark.block_rows))
            if len(self._layouts) > KEPT_LAYOUTS:
                self._layouts.popitem(last=False)
        self._layouts.move_to_end(key)
        return self._layouts[key]

    def _block(self, row: int) -> BlockLayout:
        if row not in self._blocks:
            self._blocks[row] = BlockLayout.from_json(self._block_indices[row], self._payloads[row])
            if len(self._blocks) > KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(row)
        return self._blocks[row]


def _fold(heads: Records, blocks: Records) -> tuple[dict[str, list[EpochMark]], list[LayoutProblem]]:
    """Row numbers per epoch, and what is wrong with the others."""
    rows: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for row, (rid, epoch) in enumerate(zip(blocks["response_id"], blocks["epoch"], strict=True)):
        rows[rid, int(epoch)].append(row)
    by_response: defaultdict[str, list[int]] = defaultdict(list)
    for number, rid in enumerate(heads["response_id"]):
        by_response[rid].append(number)
    out: dict[str, list[EpochMark]] = {}
    problems: list[LayoutProblem] = []
    for rid, numbers in by_response.items():
        marks, wrong = _fold_response(rid, heads[numbers], rows, blocks)
        problems += wrong
        if marks:
            out[rid] = marks
    return out, problems


def _fold_response(
    rid: str, heads: Records, rows: dict[tuple[str, int], list[int]], blocks: Records
) -> tuple[list[EpochMark], list[LayoutProblem]]:
    marks: list[EpochMark] = []
    problems: list[LayoutProblem] = []
    present: dict[int, int | None] = {}  # block index -> row, None when its newest row is damaged
    last_epoch: int | None = None
    for head_row in heads:
        t_ns, epoch = int(head_row["t_ns"]), int(head_row["epoch"])
        found = []
        if last_epoch is not None and epoch != last_epoch + 1:
            found.append(f"epochs {last_epoch + 1} to {epoch - 1} are missing")
        last_epoch = epoch
        for row in rows.get((rid, epoch), ()):
            index = int(blocks["block"][row])
            damage = _damage(index, blocks["payload"][row])
            present[index] = None if damage else row
            if damage:
                found.append(f"block {index} is damaged")
        head, chosen, problem = _resolve(rid, epoch, head_row["payload"], present)
        if head is not None and chosen is not None:
            marks.append(EpochMark(t_ns, head, chosen))
        elif problem not in found:
            found.append(problem)
        problems += [LayoutProblem(t_ns, rid, epoch, text) for text in found]
    return marks, problems


def _resolve(
    rid: str, epoch: int, payload: str, present: dict[int, int | None]
) -> tuple[LayoutEpoch | None, tuple[int, ...] | None, str]:
    """Head and block rows of one epoch; drops the blocks that are gone from ``present``."""
    try:
        head = LayoutEpoch.from_json(rid, epoch, payload)
        n_blocks = int(head.n_blocks)
    except (ValueError, KeyError, TypeError, IndexError):
        return None, None, "its head is damaged"
    for index in [i for i in present if i >= n_blocks]:
        del present[index]
    chosen = [present.get(index) for index in range(n_blocks)]
    missing = [index for index, row in enumerate(chosen) if row is None]
    if missing:
        return head, None, f"block {missing[0]} has no usable geometry"
    return head, tuple(row for row in chosen if row is not None), ""


def _damage(index: int, payload: str) -> bool:
    try:
        BlockLayout.from_json(index, payload)
    except (ValueError, KeyError, TypeError, IndexError):
        return True
    return False
