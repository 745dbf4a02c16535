"""The fonts in which answers are shown: DejaVu, the same on every machine, so that a replay is exact.

The files come with matplotlib (which mediapipe needs); its folder is found without importing it.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PySide6.QtGui import QFont, QFontDatabase, QTextLayout

from ifllm_desktop.domain.errors import DataError

_SANS = "DejaVuSans.ttf"
_MONO = "DejaVuSansMono.ttf"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_STYLES = ("Bold", "Oblique", "BoldOblique")


@dataclass(frozen=True, slots=True)
class ReadingFonts:
    """Families of the answers.

    Attributes
    ----------
    family, mono_family : str
        As Qt registered them.
    """

    family: str
    mono_family: str

    def font(self, size_px: float, bold: bool = False, italic: bool = False, mono: bool = False) -> QFont:
        """A font without hinting, so that advances do not depend on the pixel ratio. Size in logical px."""
        return _font(self.mono_family if mono else self.family, max(1, round(size_px)), bold, italic)


@cache
def _font(family: str, size_px: int, bold: bool, italic: bool) -> QFont:
    font = QFont(family)
    font.setPixelSize(size_px)
    font.setBold(bold)
    font.setItalic(italic)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def font_folder() -> Path:
    """Folder that holds the DejaVu files.

    Raises
    ------
    DataError
        ``resource_missing`` when matplotlib or its font files are not installed.
    """
    spec = importlib.util.find_spec("matplotlib")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(place) / "mpl-data" / "fonts" / "ttf"
        if (folder / _SANS).is_file() and (folder / _MONO).is_file():
            return folder
    raise DataError("resource_missing", name=f"fonts/{_SANS}")


@cache
def reading_fonts() -> ReadingFonts:
    """Register the fonts with Qt, once; needs an application object.

    Raises
    ------
    DataError
        ``resource_missing`` when a file is missing or Qt cannot read it.
    """
    folder = font_folder()
    families = []
    for name in (_SANS, _MONO):
        families.append(_register(folder / name))
        for style in _STYLES:
            styled = folder / f"{Path(name).stem}-{style}.ttf"
            if styled.is_file():
                _register(styled)
    return ReadingFonts(*families)


def _register(path: Path) -> str:
    number = QFontDatabase.addApplicationFont(str(path))
    families = QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
    if not families:
        raise DataError("resource_missing", name=f"fonts/{path.name}")
    return families[0]


def missing_glyphs(text: str) -> str:
    """Characters that would be drawn as an empty box, each once, in order of appearance.

    Decided by what would really be drawn: the character is shaped in the reading font, with every fallback
    that Qt finds installed; glyph 0 in the result means that no font has it. White space, variation
    selectors, joiners and other invisible characters are never missing. Cached per character.
    """
    if text.isascii():
        return ""
    return "".join(c for c in dict.fromkeys(text) if c > "\x7f" and not _has_glyph(c))


@cache
def _has_glyph(character: str) -> bool:
    if (
        character.isspace()
        or unicodedata.category(character) in ("Cc", "Cf", "Cs")
        or _SELECTORS.match(character)
    ):
        return True
    layout = QTextLayout(character, reading_fonts().font(16))
    layout.beginLayout()
    layout.createLine()
    layout.endLayout()
    return all(index != 0 for run in layout.glyphRuns() for index in run.glyphIndexes())
