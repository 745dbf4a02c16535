"""From one gaze point and its uncertainty to what was looked at, with probabilities instead of a hard answer."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.layout import TextLayout
from ifllm_desktop.domain.scene import Scene, ShownResponse
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.reading.gaussian_mass import erf

Floats = NDArray[np.float64]

MIN_SD_PX = 8.0
"""Least standard deviation: below a third of a line no webcam can tell, whatever a calibration claims."""
_CACHED_LAYOUTS = 16
_LEAST_MASS = 0.005
"""An area without the mean needs at least this much of the mass to be named."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a gaze point may belong to.

    Attributes
    ----------
    response_id : str
        The answer looked at, empty for none.
    aoi : str
        Name of the area looked at when it is not an answer; empty for none.
    block, line : int
        The most probable block of the answer, and the most probable line within that block; −1 for none.
    p_block, p_line : float
        Their probabilities; NaN without a gaze point.
    p_off_text : float
        Probability that no visible line of any answer was looked at; NaN without a gaze point.
    """

    response_id: str
    aoi: str
    block: int
    line: int
    p_block: float
    p_line: float
    p_off_text: float


NO_HIT = Hit("", "", -1, -1, math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True, eq=False)
class _Boxes:
    """Boxes of one layout in text px, one row per box: left, top, right, bottom."""

    layout: TextLayout  # kept, so that its id cannot be given to another object
    blocks: Floats
    block_index: NDArray[np.int64]
    lines: Floats
    line_block: NDArray[np.int64]
    line_number: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """All rectangles of one scene in one array: areas, then lines, then blocks of the responses in order.

    Attributes
    ----------
    areas : list of tuple
        Kind, name and rectangle; as many as ``n_areas``, responses first.
    edges : ndarray, shape (n, 4)
        Left, top, right, bottom in screen px.
    responses : list of tuple
        Where the lines and blocks of each response stand in ``edges``, and its boxes.
    """

    scene: Scene
    areas: list[tuple[str, str, Rect]]
    n_areas: int
    n_lines: int
    edges: Floats
    responses: list[tuple[slice, slice, _Boxes]]


_cache: OrderedDict[int, _Boxes] = OrderedDict()
_newest: _Table | None = None


def hit(scene: Scene, x_px: float, y_px: float, sd_x_px: float, sd_y_px: float) -> Hit:
    """What a gaze point may belong to.

    The point stands for a Gaussian around (x, y). Its mass over the visible part of each line box and block box is
    a product of differences of the error function. The response or area is the one that holds the mean (the
    smallest, where several do), else the one with the greatest mass, if that is above one half per cent.

    Parameters
    ----------
    x_px, y_px, sd_x_px, sd_y_px : float
        Screen px. NaN gives :data:`NO_HIT`; standard deviations are raised to :data:`MIN_SD_PX`.
    """
    return hits(scene, np.array([[x_px, y_px, sd_x_px, sd_y_px]]))[0]


def hits(scene: Scene, points: Floats) -> list[Hit]:
    """What each of many gaze points on one scene may belong to; see :func:`hit`.

    Parameters
    ----------
    points : ndarray, shape (n, 4)
        x, y and their standard deviations, screen px.
    """
    table = _table(scene)
    found = np.array(points, dtype=np.float64)
    seen = np.isfinite(found[:, :2]).all(axis=1)
    found[:, 2:] = np.maximum(np.where(np.isfinite(found[:, 2:]), found[:, 2:], MIN_SD_PX), MIN_SD_PX)
    nothing = NO_HIT if table.areas else Hit("", "", -1, -1, 0.0, 0.0, 1.0)
    out = [nothing if s else NO_HIT for s in seen]
    if not table.areas:
        return out
    masses = _rect_masses(table.edges, found[seen])
    lines = slice(table.n_areas, table.n_areas + table.n_lines)
    off_text = np.clip(1.0 - masses[:, lines].sum(axis=1), 0.0, 1.0).tolist()
    for row, place in enumerate(np.flatnonzero(seen).tolist()):
        own, p_off_text = masses[row], off_text[row]
        kind, name, number = _area(table, own, found[place, 0], found[place, 1])
        if kind == "response":
            of_lines, of_blocks, boxes = table.responses[number]
            out[place] = _in_response(name, own[of_blocks], own[of_lines], boxes, p_off_text)
        else:
            out[place] = Hit("", name, -1, -1, 0.0, 0.0, p_off_text)
    return out


def _in_response(name: str, blocks: Floats, lines: Floats, boxes: _Boxes, p_off_text: float) -> Hit:
    if not len(blocks) or not float(blocks.max()) > 0:
        return Hit(name, "", -1, -1, 0.0, 0.0, p_off_text)
    best = int(blocks.argmax())
    block = int(boxes.block_index[best])
    of_block = np.flatnonzero(boxes.line_block == block)
    if not len(of_block):  # a rule, or a table cell without words
        return Hit(name, "", block, -1, float(blocks[best]), 0.0, p_off_text)
    line = int(of_block[lines[of_block].argmax()])
    return Hit(
        name, "", block, int(boxes.line_number[line]), min(1.0, float(blocks[best])), min(1.0, float(lines[line])),
        p_off_text,
    )  # fmt: skip


def _area(table: _Table, masses: Floats, x_px: float, y_px: float) -> tuple[str, str, int]:
    """("aoi" or "response" or "", name, number) of what the mean or else the greatest mass falls on."""
    inside = [n for n, (_, _, rect) in enumerate(table.areas) if rect.contains(x_px, y_px)]
    if inside:
        best = min(inside, key=lambda n: table.areas[n][2].w_px * table.areas[n][2].h_px)
    else:
        best = int(masses[: table.n_areas].argmax())
        if masses[best] <= _LEAST_MASS:
            return "", "", -1
    kind, name, _ = table.areas[best]
    return kind, name, best


def _table(scene: Scene) -> _Table:
    """The scene's rectangles; made once per scene, since many frames fall on the same one."""
    global _newest  # noqa: PLW0603 - one entry is all that a live run needs, and replacing it is atomic
    table = _newest
    if table is None or table.scene is not scene:
        table = _newest = _table_of(scene)
    return table


def _table_of(scene: Scene) -> _Table:
    # responses come first, so that the number of an area is also the number of its response
    areas = [("response", shown.response_id, shown.layout.head.viewport) for shown in scene.responses]
    areas += [("aoi", area.name, area.rect) for area in scene.aois]
    clipped = [_clipped(shown) for shown in scene.responses]
    n_areas, n_lines = len(areas), sum(len(lines) for lines, _, _ in clipped)
    responses = []
    line, block = n_areas, n_areas + n_lines
    for lines, blocks, boxes in clipped:
        responses.append((slice(line, line + len(lines)), slice(block, block + len(blocks)), boxes))
        line, block = line + len(lines), block + len(blocks)
    parts = [np.array([_edges(rect) for _, _, rect in areas], dtype=np.float64).reshape(-1, 4)]
    parts += [lines for lines, _, _ in clipped] + [blocks for _, blocks, _ in clipped]
    return _Table(scene, areas, n_areas, n_lines, np.concatenate(parts), responses)


def _clipped(shown: ShownResponse) -> tuple[Floats, Floats, _Boxes]:
    """Lines and blocks of an answer in screen px, as far as its viewport shows them; hidden ones have no size."""
    boxes = _boxes(shown.layout)
    view = shown.layout.head.viewport
    low = np.array([view.x_px, view.y_px, view.x_px, view.y_px])
    high = np.array([view.right_px, view.bottom_px, view.right_px, view.bottom_px])
    shift = np.array([view.x_px, view.y_px - shown.scroll_px] * 2)
    return np.clip(boxes.lines + shift, low, high), np.clip(boxes.blocks + shift, low, high), boxes


def _rect_masses(edges: Floats, gaussians: Floats) -> Floats:
    """Mass of axis-parallel Gaussians (x, y, sd x, sd y) over rectangles (left, top, right, bottom), shape (n, k)."""
    middle = gaussians[:, None, [0, 1, 0, 1]]
    scaled = (edges[None] - middle) / (math.sqrt(2) * gaussians[:, None, [2, 3, 2, 3]])
    cumulated = erf(scaled)
    masses: Floats = (cumulated[..., 2] - cumulated[..., 0]) * (cumulated[..., 3] - cumulated[..., 1]) / 4
    return masses


def _boxes(layout: TextLayout) -> _Boxes:
    found = _cache.get(id(layout))
    if found is not None:
        return found
    boxes = _boxes_of(layout)
    _cache[id(layout)] = boxes
    while len(_cache) > _CACHED_LAYOUTS:
        _cache.popitem(last=False)
    return boxes


def _boxes_of(layout: TextLayout) -> _Boxes:
    lines: dict[tuple[int, int], list[float]] = {}
    for block in layout.blocks:
        for word in block.words:
            left, top, right, bottom = _edges(word.rect)
            box = lines.setdefault((block.index, word.line), [left, top, right, bottom])
            box[0], box[1] = min(box[0], left), min(box[1], top)
            box[2], box[3] = max(box[2], right), max(box[3], bottom)
    keys = np.array(list(lines), dtype=np.int64).reshape(-1, 2)
    return _Boxes(
        layout,
        np.array([_edges(block.rect) for block in layout.blocks], dtype=np.float64).reshape(-1, 4),
        np.array([block.index for block in layout.blocks], dtype=np.int64),
        np.array(list(lines.values()), dtype=np.float64).reshape(-1, 4),
        keys[:, 0],
        keys[:, 1],
    )


def _edges(rect: Rect) -> list[float]:
    return [rect.x_px, rect.y_px, rect.right_px, rect.bottom_px]
