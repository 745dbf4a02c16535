"""Chances on the calibration result: as the error allows, with the reason for what is not offered."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from ifllm_desktop.ui import gaze_words
from ifllm_desktop.ui.support_bars import SupportBars, chance
from tests.gaze_snapshots import validation
from tests.participant_snapshots import demo_study

QUALITY = demo_study().quality


def shown(qtbot: QtBot, errors_px: tuple[float, ...]) -> SupportBars:
    bars = SupportBars()
    qtbot.addWidget(bars)
    bars.set_validation(replace(validation(errors_px=errors_px), sd_px=(4.0, 4.0)), QUALITY)
    return bars


def test_that_a_small_error_offers_what_a_large_one_does_not(qtbot: QtBot) -> None:
    small, large = shown(qtbot, (6, 5, 7, 4, 6)), shown(qtbot, (90, 60, 120, 70, 85))
    assert not small.isHidden() and not large.isHidden()
    assert "not offered" not in small.bars.words("line") and "not offered" in large.bars.words("line")
    assert "told" in large.bars.words("side")
    assert "two lines of 24 px" in large.note.text()
    assert small.bars.accessibleName().count("told") > large.bars.accessibleName().count("told")


def test_that_words_are_refused_by_name_where_the_error_is_over_a_line(qtbot: QtBot) -> None:
    assert "Single words are not offered" in shown(qtbot, (30, 28, 35, 30, 32)).note.text()


@pytest.mark.parametrize(
    ("errors_px", "words"),
    [
        ((6, 5, 7, 4, 6), "Good for sides, blocks, some lines and some words"),
        ((30, 28, 35, 30, 32), "Good for sides, some blocks and some lines"),
        ((90, 60, 120, 70, 85), "Good for sides and some blocks"),
        ((3000, 3000, 3000, 3000, 3000), "Too coarse to tell even the side"),
    ],
)
def test_that_the_title_says_what_the_bars_offer(
    qtbot: QtBot, errors_px: tuple[float, ...], words: str
) -> None:
    assert gaze_words.good_for(shown(qtbot, errors_px).levels) == words
    assert gaze_words.good_for(None) == ""


def test_that_nothing_is_shown_without_a_validation(qtbot: QtBot) -> None:
    bars = shown(qtbot, (6, 5, 7, 4, 6))
    bars.set_validation(None, QUALITY)
    assert bars.isHidden()
    nan = math.nan
    assert shown(qtbot, (nan, nan, nan, 10, 12)).isHidden()


def test_that_chances_are_written_as_in_the_tables() -> None:
    assert [chance(p) for p in (0.456, 0.05, 0.999, math.nan)] == [".46", ".05", "1.00", "–"]


def test_that_it_paints_in_both_themes(qtbot: QtBot) -> None:
    bars = shown(qtbot, (40, 30, 50, 20, 35))
    bars.resize(400, 140)
    image = bars.grab().toImage()
    colours = {image.pixelColor(x, y).rgb() for x in range(0, 400, 3) for y in range(0, 100, 3)}
    assert len(colours) > 4
