"""How a level of support looks in a table and beside it: tone and icon by its state, and the size of its chip."""

from __future__ import annotations

from PySide6.QtCore import QSizeF
from PySide6.QtGui import QFontMetricsF

from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import Tone

SUPPORT_LOOK: dict[str, tuple[Tone, str]] = {
    "supported": ("success", "check"), "probable": ("warning", "tilde"), "refused": ("muted", "refused"),
}  # fmt: skip


def support_chip_size(text: str, metrics: QFontMetricsF) -> QSizeF:
    """Px of a chip with an icon; ``metrics`` of the font that chips are painted in."""
    theme = current_theme()
    return QSizeF(metrics.horizontalAdvance(text) + 20 + theme.px(12) + 2, theme.px(20))
