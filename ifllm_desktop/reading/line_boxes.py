"""The lines of what is shown, fixation by fixation, for the line posterior; and words, for the mass over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.layout import TextLayout
from ifllm_desktop.domain.scene import Scene
from ifllm_desktop.reading.gaussian_mass import interval_mass
from ifllm_desktop.reading.line_posterior import LineBoxes

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LineNames:
    """What the lines of a :class:`LineBoxes` are called in the recording.

    Attributes
    ----------
    response_ids : tuple of str
        By number of the answer.
    line_number : ndarray of int64, shape (n,)
        Number of each line within its answer.
    block_names : tuple of (int, int)
        Number of the answer and index of the block within it, by number of the block.
    """

    response_ids: tuple[str, ...]
    line_number: NDArray[np.int64]
    block_names: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Lines of one layout: (block, line) → left, top, right, bottom in text px."""

    boxes: dict[tuple[int, int], tuple[float, float, float, float]]


def lines_of_scenes(
    scenes: Sequence[Scene], screen_px: tuple[float, float]
) -> tuple[LineBoxes, LineNames] | None:
    """Lines of all answers that the scenes show, and where each was in each scene; None when there is no line.

    A line is in sight when its middle lies within the viewport and its text has been laid out by then.
    """
    cache: dict[int, _Lines] = {}
    keys: dict[tuple[str, int, int], int] = {}
    order: list[str] = []
    for scene in scenes:
        for shown in scene.responses:
            if id(shown.layout) not in cache:
                cache[id(shown.layout)] = _lines(shown.layout)
                if shown.response_id not in order:
                    order.append(shown.response_id)
                for block, line in cache[id(shown.layout)].boxes:
                    keys[(shown.response_id, block, line)] = 0
    if not keys:
        return None
    names = sorted(keys, key=lambda key: (order.index(key[0]), key[2], key[1]))
    place = {name: number for number, name in enumerate(names)}
    n, n_scenes = len(names), len(scenes)
    edges = np.zeros((n_scenes, n, 4))
    visible = np.zeros((n_scenes, n), dtype=bool)
    rows: dict[tuple[int, float, str], tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]] = {}
    for k, scene in enumerate(scenes):
        for shown in scene.responses:
            key = (id(shown.layout), shown.scroll_px, shown.response_id)
            if key not in rows:
                rows[key] = _placed(shown.response_id, shown.layout, shown.scroll_px, cache, place)
            places, boxes, seen = rows[key]
            edges[k, places], visible[k, places] = boxes, seen
    blocks = sorted({(order.index(response), block) for response, block, _ in names})
    block_place = {name: number for number, name in enumerate(blocks)}
    return (
        LineBoxes(
            answer=np.array([order.index(response) for response, _, _ in names], dtype=np.int64),
            block=np.array([block_place[order.index(r), b] for r, b, _ in names], dtype=np.int64),
            left_px=edges[..., 0], right_px=edges[..., 2], centre_px=(edges[..., 1] + edges[..., 3]) / 2,
            height_px=np.maximum(edges[..., 3] - edges[..., 1], 1.0), visible=visible, areas_px=_areas(scenes),
            screen_px=screen_px,
        ),
        LineNames(tuple(order), np.array([line for _, _, line in names], dtype=np.int64), tuple(blocks)),
    )  # fmt: skip


def _areas(scenes: Sequence[Scene]) -> Floats:
    """Places of the other areas in each scene, shape (n_scenes, n_areas, 4); NaN while one is not shown."""
    names = list(dict.fromkeys(aoi.name for scene in scenes for aoi in scene.aois))
    out = np.full((len(scenes), len(names), 4), np.nan)
    for k, scene in enumerate(scenes):
        for aoi in scene.aois:
            r = aoi.rect
            out[k, names.index(aoi.name)] = (r.x_px, r.y_px, r.right_px, r.bottom_px)
    return out


def _lines(layout: TextLayout) -> _Lines:
    boxes: dict[tuple[int, int], tuple[float, float, float, float]] = {}
    for block in layout.blocks:
        for word in block.words:
            key, r = (block.index, word.line), word.rect
            left, top, right, bottom = boxes.get(key, (r.x_px, r.y_px, r.right_px, r.bottom_px))
            boxes[key] = (
                min(left, r.x_px), min(top, r.y_px), max(right, r.right_px), max(bottom, r.bottom_px),
            )  # fmt: skip
    return _Lines(boxes)


def _placed(
    response_id: str, layout: TextLayout, scroll_px: float, cache: dict[int, _Lines],
    place: dict[tuple[str, int, int], int],
) -> tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]:  # fmt: skip
    boxes = cache[id(layout)].boxes
    view = layout.head.viewport
    places = np.array([place[response_id, block, line] for block, line in boxes], dtype=np.int64)
    shift = np.array([view.x_px, view.y_px - scroll_px] * 2)
    edges = np.array(list(boxes.values())).reshape(-1, 4) + shift
    middle = (edges[:, 1] + edges[:, 3]) / 2
    return places, edges, (middle >= view.y_px) & (middle < view.bottom_px)


def word_mass(
    layout: TextLayout, scroll_px: float, x_px: Floats, y_px: Floats, sd_x_px: Floats, sd_y_px: Floats
) -> Floats:
    """Share of each fixation that falls on each word, shape (n_fixations, n_words).

    A fixation is a normal distribution; its mass over a word's box counts as far as the viewport shows the box. What
    is missing to 1 fell off the text of this answer.

    Parameters
    ----------
    x_px, y_px, sd_x_px, sd_y_px : ndarray, shape (n_fixations,)
        Screen px.
    """
    words, view = layout.words, layout.head.viewport
    if not words or not len(x_px):
        return np.zeros((len(x_px), len(words)))
    left = np.array([w.rect.x_px for w in words]) + view.x_px
    right = np.minimum(np.array([w.rect.right_px for w in words]) + view.x_px, view.right_px)
    top = np.array([w.rect.y_px for w in words]) + view.y_px - scroll_px
    bottom = top + np.array([w.rect.h_px for w in words])
    # words of one line share their vertical mass
    lines, of_line = np.unique(np.stack([top, bottom], axis=1), axis=0, return_inverse=True)
    in_y = interval_mass(
        np.maximum(lines[:, 0], view.y_px)[None], np.minimum(lines[:, 1], view.bottom_px)[None], y_px[:, None],
        sd_y_px[:, None],
    )  # fmt: skip
    in_x = interval_mass(np.maximum(left, view.x_px)[None], right[None], x_px[:, None], sd_x_px[:, None])
    mass: Floats = in_x * in_y[:, of_line.ravel()]
    return mass
