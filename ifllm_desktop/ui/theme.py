"""Colour, space and type of the whole program, for light and dark.

Style sheet, painters and plots read their values here and nowhere else. Roles are named, not hues.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

ThemeName = Literal["light", "dark"]
ThemeChoice = Literal["system", "light", "dark"]

# token: (light, dark)
_COLORS: dict[str, tuple[str, str]] = {
    "background": ("#F3F5F7", "#12171C"),
    "surface": ("#FFFFFF", "#1A2027"),
    "raised": ("#F8FAFB", "#222A32"),
    "sunken": ("#E9EDF1", "#0D1115"),
    "border": ("#D5DBE1", "#323C46"),
    "border_strong": ("#7D8894", "#76828F"),
    "text": ("#17202A", "#E7EBEF"),
    "text_muted": ("#56616D", "#A5B0BB"),
    "text_disabled": ("#8E98A3", "#6C7783"),
    "accent": ("#0F6B75", "#55C3CD"),
    "accent_hover": ("#0B565E", "#7AD3DB"),
    "on_accent": ("#FFFFFF", "#08262A"),
    "accent_soft": ("#DDEFF1", "#173B40"),
    "success": ("#27702C", "#7CC982"),
    "success_soft": ("#E2F1E3", "#1B3420"),
    "warning": ("#8A5200", "#EAB45C"),
    "warning_soft": ("#FBEFD5", "#3B2D12"),
    "danger": ("#B3261E", "#F28B82"),
    "danger_soft": ("#FBE4E2", "#431F1D"),
    "gaze": ("#1D5FD1", "#7FB0FF"),
    "gaze_soft": ("#DCE7FB", "#1B2F50"),
    "pointer": ("#A81E63", "#F58CBB"),
    "fixation": ("#0B3276", "#D3E3FF"),
    "recording": ("#C6281D", "#F0645A"),
    "heat1": ("#FFF6DB", "#26271F"),
    "heat2": ("#FFE7AE", "#3D3217"),
    "heat3": ("#FFCF7A", "#563E10"),
    "heat4": ("#FCAE55", "#744E0E"),
    "heat5": ("#EF8A3C", "#93580F"),
    "focus": ("#0F6B75", "#55C3CD"),
    "calib": ("#DDE2E7", "#262E36"),
}

COLOR_NAMES = tuple(_COLORS)
"""Names of all colour tokens."""


@dataclass(frozen=True, slots=True)
class LabelColor:
    """One colour of the label palette; ``on`` is the text colour on ``solid``."""

    name: str
    solid: str
    on: str
    tint: str
    edge: str


_LABELS: dict[str, tuple[LabelColor, ...]] = {
    "light": (
        LabelColor("indigo", "#332288", "#FFFFFF", "#CAC6E0", "#332288"),
        LabelColor("cyan", "#88CCEE", "#11161B", "#E0F2FB", "#6698B3"),
        LabelColor("green", "#117733", "#FFFFFF", "#C1DCCA", "#117733"),
        LabelColor("sand", "#DDCC77", "#11161B", "#F6F2DC", "#9A925D"),
        LabelColor("rose", "#CC6677", "#11161B", "#F2D7DC", "#CC6677"),
        LabelColor("teal", "#44AA99", "#11161B", "#CEE9E4", "#409F90"),
        LabelColor("wine", "#882255", "#FFFFFF", "#E0C6D3", "#882255"),
        LabelColor("olive", "#999933", "#11161B", "#E4E4CA", "#969733"),
    ),
    "dark": (
        LabelColor("indigo", "#8C6BEB", "#11161B", "#38345A", "#8C6BEB"),
        LabelColor("cyan", "#5FB4E6", "#11161B", "#2C4659", "#5FB4E6"),
        LabelColor("green", "#3E9256", "#11161B", "#233E33", "#3E9256"),
        LabelColor("sand", "#F2E6A2", "#11161B", "#525347", "#F2E6A2"),
        LabelColor("rose", "#EE8F9D", "#11161B", "#513D46", "#EE8F9D"),
        LabelColor("teal", "#A8EBE0", "#11161B", "#3F5557", "#A8EBE0"),
        LabelColor("magenta", "#CC3089", "#FFFFFF", "#482440", "#CC3089"),
        LabelColor("olive", "#A3B51C", "#11161B", "#3E4724", "#A3B51C"),
    ),
}

SPACE_PX = (4, 8, 12, 16, 24, 32)
RADIUS_CONTROL_PX = 6
RADIUS_CARD_PX = 8
TYPE_SCALE_PX = {"caption": 12, "body": 14, "reading": 16, "title": 20, "display": 28}
"""Font sizes at 100 % text size."""
TEXT_SCALES = (100, 125, 150)


@dataclass(frozen=True, slots=True)
class Theme:
    """One look: light or dark, at one text size.

    Attributes
    ----------
    name : str
        ``light`` or ``dark``.
    text_scale : int
        Percent: 100, 125 or 150. The whole type scale is multiplied by it.
    """

    name: ThemeName = "light"
    text_scale: int = 100

    def hex(self, token: str) -> str:
        """``#RRGGBB`` of a colour token. Raises ``KeyError`` for an unknown name."""
        return _COLORS[token][0 if self.name == "light" else 1]

    def color(self, token: str, alpha: float = 1.0) -> QColor:
        """A colour token as ``QColor``; ``alpha`` in 0..1 is for data layers only."""
        color = QColor(self.hex(token))
        color.setAlphaF(alpha)
        return color

    @property
    def labels(self) -> tuple[LabelColor, ...]:
        """The eight label colours."""
        return _LABELS[self.name]

    def px(self, size: str | float) -> int:
        """A size of the type scale, by name or in px at 100 %, at this text size."""
        base = TYPE_SCALE_PX[size] if isinstance(size, str) else size
        return round(base * self.text_scale / 100)

    def font(self, size: str | float = "body", *, bold: bool = False) -> QFont:
        """The application's font at a size of the type scale."""
        font = QFont(QApplication.font())
        font.setPixelSize(self.px(size))
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        return font


class _Current:
    theme = Theme()


def current_theme() -> Theme:
    """The theme that was applied last; painters ask for it at each paint, so a change needs no signal."""
    return _Current.theme


def system_theme() -> ThemeName:
    """What the desktop asks for; light where it does not say."""
    hints = QGuiApplication.styleHints()
    return "dark" if hints.colorScheme() == Qt.ColorScheme.Dark else "light"


def theme_for(choice: ThemeChoice, text_scale: int = 100) -> Theme:
    """The theme for what was chosen in Settings (``system`` follows the desktop)."""
    return Theme(system_theme() if choice == "system" else choice, text_scale)


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Give the whole program one look: font, palette, one style sheet."""
    from ifllm_desktop.ui.theme_sheet import style_sheet

    _Current.theme = theme
    if app.style().objectName().lower() != "fusion":
        app.setStyle("Fusion")
    font = app.font()
    family = _usable_family(font)
    if family:
        font.setFamily(family)
    font.setPixelSize(theme.px("body"))
    app.setFont(font)
    app.setPalette(_palette(theme))
    app.setStyleSheet(style_sheet(theme))


def _usable_family(font: QFont) -> str:
    # a bare machine has no font at all and would draw boxes
    if QFontDatabase.families() and QFontInfo(font).family():
        return ""
    from ifllm_desktop.ui.fonts import reading_fonts

    return reading_fonts().family


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for color_role, token in {
        role.Window: "background", role.WindowText: "text", role.Base: "surface", role.AlternateBase: "raised",
        role.Text: "text", role.Button: "surface", role.ButtonText: "text", role.ToolTipBase: "raised",
        role.ToolTipText: "text", role.Highlight: "accent", role.HighlightedText: "on_accent", role.Link: "accent",
        role.PlaceholderText: "text_muted", role.Mid: "border", role.Dark: "border_strong", role.Light: "raised",
    }.items():  # fmt: skip
        palette.setColor(color_role, theme.color(token))
    for color_role in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, color_role, theme.color("text_disabled"))
    return palette


def contrast_ratio(first: str, second: str) -> float:
    """WCAG 2.2 contrast of two ``#RRGGBB`` colours, 1..21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(hex_color: str) -> float:
    parts = [int(hex_color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
