"""The tokens: what is written on a surface can be read there, at every theme and text size."""

from __future__ import annotations

import re

import pytest
from PySide6.QtWidgets import QApplication, QLabel

from ifllm_desktop.ui import icons
from ifllm_desktop.ui.theme import COLOR_NAMES, Theme, ThemeName, apply_theme, contrast_ratio, theme_for
from ifllm_desktop.ui.theme_sheet import style_sheet
from ifllm_desktop.ui.widgets import label

TEXT = [
    ("text", "background"), ("text", "surface"), ("text", "raised"), ("text", "sunken"), ("text", "accent_soft"),
    ("text", "warning_soft"), ("text", "heat1"), ("text", "heat2"), ("text", "heat3"), ("text", "heat4"),
    ("text", "heat5"), ("text", "calib"), ("text_muted", "background"), ("text_muted", "surface"),
    ("text_muted", "raised"), ("text_muted", "sunken"), ("text_muted", "accent_soft"), ("text_muted", "calib"),
    ("accent", "surface"), ("accent", "background"), ("accent", "accent_soft"), ("on_accent", "accent"),
    ("on_accent", "accent_hover"), ("success", "accent_soft"), ("success", "surface"), ("success", "success_soft"),
    ("warning", "surface"), ("warning", "warning_soft"), ("danger", "accent_soft"), ("danger", "surface"),
    ("danger", "danger_soft"), ("gaze", "gaze_soft"),
]  # fmt: skip
MARKS = [
    ("recording", "surface"), ("border_strong", "surface"), ("border_strong", "background"), ("focus", "surface"),
    ("focus", "background"), ("gaze", "surface"), ("gaze", "sunken"), ("gaze", "heat1"), ("gaze", "heat3"),
    ("pointer", "surface"), ("pointer", "sunken"), ("pointer", "heat3"), ("fixation", "surface"),
    ("fixation", "heat5"),
]  # fmt: skip
THEMES: tuple[ThemeName, ...] = ("light", "dark")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("token", "surface"), TEXT)
def test_that_every_text_token_is_readable_on_its_surface(theme: ThemeName, token: str, surface: str) -> None:
    look = Theme(theme)
    assert contrast_ratio(look.hex(token), look.hex(surface)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("token", "surface"), MARKS)
def test_that_every_mark_stands_out_from_its_surface(theme: ThemeName, token: str, surface: str) -> None:
    look = Theme(theme)
    assert contrast_ratio(look.hex(token), look.hex(surface)) >= 3.0


@pytest.mark.parametrize("theme", THEMES)
def test_that_text_on_each_label_colour_is_readable(theme: ThemeName) -> None:
    look = Theme(theme)
    for color in look.labels:
        assert contrast_ratio(color.on, color.solid) >= 4.5, color.name
        assert contrast_ratio(look.hex("text"), color.tint) >= 4.5, color.name
        assert contrast_ratio(color.edge, look.hex("surface")) >= 2.9, color.name


def test_that_contrast_is_that_of_the_standard() -> None:
    assert contrast_ratio("#FFFFFF", "#000000") == pytest.approx(21.0)
    assert contrast_ratio("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert contrast_ratio("#123456", "#123456") == pytest.approx(1.0)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("scale", [100, 125, 150])
def test_that_the_style_sheet_has_no_colour_of_its_own(theme: ThemeName, scale: int) -> None:
    look = Theme(theme, scale)
    used = set(re.findall(r"#[0-9A-Fa-f]{6}", style_sheet(look)))
    assert used <= {look.hex(name) for name in COLOR_NAMES}
    assert "$" not in style_sheet(look)


def test_that_text_grows_with_the_text_size(qapp: QApplication, qtbot) -> None:  # type: ignore[no-untyped-def]
    heights = []
    for scale in (100, 150):
        apply_theme(qapp, Theme("light", scale))
        made = label("Answer", "reading")
        qtbot.addWidget(made)
        made.ensurePolished()
        heights.append(made.fontInfo().pixelSize())
    apply_theme(qapp, Theme())
    assert heights == [16, 24]


def test_that_a_label_takes_nothing_for_markup(qapp: QApplication, qtbot) -> None:  # type: ignore[no-untyped-def]
    made = label("<b>x</b>", "body")
    qtbot.addWidget(made)
    plain = QLabel("<b>x</b>")
    qtbot.addWidget(plain)
    assert made.sizeHint().width() > plain.sizeHint().width()


def test_that_an_explicit_choice_wins_over_the_desktop(qapp: QApplication) -> None:
    assert theme_for("dark").name == "dark"
    assert theme_for("light", 125) == Theme("light", 125)
    assert theme_for("system").name in THEMES


@pytest.mark.parametrize("name", sorted(icons.GLYPHS))
def test_that_each_icon_draws_something(qapp: QApplication, name: str) -> None:
    image = icons.pixmap(name, "text", 18).toImage()
    assert any(image.pixelColor(x, y).alpha() for x in range(image.width()) for y in range(image.height()))
