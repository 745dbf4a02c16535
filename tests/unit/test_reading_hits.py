"""Hits: masses that add up, clipping, areas, and nothing claimed without a gaze point."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from ifllm_desktop.domain.layout import TextLayout
from ifllm_desktop.domain.scene import EMPTY_SCENE, Aoi, Scene
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.reading.hits import MIN_SD_PX, NO_HIT, hit
from tests.reading_scenes import LEFT, LINE_PX, PROMPT, RATE_LEFT, RIGHT, layout, pair_scene, text


@pytest.fixture
def scene() -> Scene:
    return pair_scene(layout(text(8), LEFT, "r0"), layout(text(6), RIGHT, "r1"))


def line_center_px(shown: TextLayout, line: int, scroll_px: float = 0.0) -> tuple[float, float]:
    words = [word for word in shown.words if word.line == line]
    x_px = (words[0].rect.x_px + words[-1].rect.right_px) / 2
    return shown.to_screen_px(x_px, words[0].rect.y_px + LINE_PX / 2, scroll_px)


@pytest.mark.parametrize("line", [0, 3, 7])
@pytest.mark.parametrize("side", [0, 1])
def test_that_a_sharp_point_hits_the_line_it_is_on(scene: Scene, side: int, line: int) -> None:
    shown = scene.responses[side].layout
    block = next(b.index for b in shown.blocks if any(word.line == line for word in b.words))
    found = hit(scene, *line_center_px(shown, line), 1.0, 1.0)
    assert (found.response_id, found.aoi, found.block, found.line) == (f"r{side}", "", block, line)
    # a floor of 8 px on a line of 24 px: ± 1.5 sd
    words = [word for word in shown.words if word.line == line]
    half_px = (words[-1].rect.right_px - words[0].rect.x_px) / 2
    expected = math.erf(LINE_PX / 2 / MIN_SD_PX / math.sqrt(2)) * math.erf(half_px / MIN_SD_PX / math.sqrt(2))
    assert found.p_line == pytest.approx(expected, abs=1e-6)
    assert found.p_off_text < 0.2


def test_that_the_mass_of_a_block_equals_the_share_of_random_points_in_it(scene: Scene) -> None:
    x_px, y_px, sd_px = 300.0, 290.0, 70.0
    found = hit(scene, x_px, y_px, sd_px, sd_px)
    points = np.random.default_rng(0).normal((x_px, y_px), sd_px, (200_000, 2))
    shown = scene.responses[0].layout
    box = shown.blocks[found.block].rect.moved(LEFT.x_px, LEFT.y_px)
    inside = (points[:, 0] >= box.x_px) & (points[:, 0] < box.right_px)
    inside &= (points[:, 1] >= box.y_px) & (points[:, 1] < box.bottom_px)
    assert found.p_block == pytest.approx(inside.mean(), abs=0.005)


def test_that_scrolling_moves_what_is_hit(scene: Scene) -> None:
    left, right = (shown.layout for shown in scene.responses)
    scrolled = pair_scene(left, right, scroll_px=(6 * LINE_PX, 0.0))
    at = (LEFT.x_px + 100.0, line_center_px(left, 1)[1])
    first, later = hit(scene, *at, 4.0, 4.0), hit(scrolled, *at, 4.0, 4.0)
    assert first.line == 1
    _, y_px = left.to_text_px(*at, 6 * LINE_PX)
    expected = min(left.words, key=lambda w: abs(w.rect.center_px[1] - y_px)).line
    assert later.line == expected != 1


def test_that_text_scrolled_out_of_sight_is_off_text() -> None:
    tall = layout(text(30), LEFT, "r0")
    assert tall.head.height_px > LEFT.h_px + 200
    scene = pair_scene(tall, layout("x", RIGHT, "r1"))
    below_the_edge = (LEFT.x_px + 200, LEFT.bottom_px + 60)
    found = hit(scene, *below_the_edge, 8.0, 8.0)
    assert found.p_off_text > 0.999
    assert found.block == -1


def test_that_probabilities_fall_as_the_uncertainty_grows(scene: Scene) -> None:
    at = line_center_px(scene.responses[0].layout, 4)
    hits = [hit(scene, *at, sd, sd) for sd in (10.0, 30.0, 90.0, 270.0)]
    for sharper, wider in itertools.pairwise(hits):
        assert wider.p_line < sharper.p_line
        assert wider.p_off_text > sharper.p_off_text
    assert all(0 <= p <= 1 for h in hits for p in (h.p_line, h.p_block, h.p_off_text))


def test_that_areas_other_than_answers_are_named(scene: Scene) -> None:
    for area in (RATE_LEFT, PROMPT):
        found = hit(scene, *area.rect.center_px, 10.0, 10.0)
        assert (found.response_id, found.aoi, found.block) == ("", area.name, -1)


def test_that_the_smallest_area_around_the_mean_wins(scene: Scene) -> None:
    inner = Aoi("button", Rect(100.0, 40.0, 60.0, 30.0))
    nested = replace(scene, aois=(*scene.aois, inner))
    assert hit(nested, *inner.rect.center_px, 30.0, 30.0).aoi == "button"


def test_that_a_mean_beside_everything_goes_to_the_nearest_by_mass(scene: Scene) -> None:
    assert hit(scene, RATE_LEFT.rect.right_px + 3, 698.0, 12.0, 12.0).aoi == RATE_LEFT.name
    assert hit(scene, -900.0, -900.0, 20.0, 20.0) == replace(NO_HIT, p_block=0.0, p_line=0.0, p_off_text=1.0)


@pytest.mark.parametrize("point", [(math.nan, 10.0), (10.0, math.nan), (math.inf, 10.0)])
def test_that_no_gaze_point_claims_nothing(scene: Scene, point: tuple[float, float]) -> None:
    found = hit(scene, *point, 20.0, 20.0)
    assert (found.response_id, found.aoi, found.block, found.line) == ("", "", -1, -1)
    assert math.isnan(found.p_block) and math.isnan(found.p_line) and math.isnan(found.p_off_text)


def test_that_an_empty_screen_is_all_off_text() -> None:
    assert hit(EMPTY_SCENE, 1.0, 1.0, 9.0, 9.0).p_off_text == 1.0


def test_that_an_answer_without_words_is_named_but_no_line() -> None:
    empty = layout("", LEFT, "r0")
    bare = TextLayout(empty.head, ())
    found = hit(pair_scene(bare, layout("x", RIGHT, "r1")), *LEFT.center_px, 20.0, 20.0)
    assert (found.response_id, found.block, found.line) == ("r0", -1, -1)
    assert found.p_off_text == pytest.approx(1.0)


def test_that_many_layouts_in_turn_are_not_confused() -> None:
    # one more than the cache holds, with layouts that die in between
    for n in range(40):
        shown = layout(text(1 + n % 3), LEFT, f"r{n}", epoch=n)
        last = shown.words[-1].line
        found = hit(pair_scene(shown, layout("x", RIGHT, "other")), *line_center_px(shown, last), 5.0, 5.0)
        assert (found.response_id, found.line) == (f"r{n}", last)
