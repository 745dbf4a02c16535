"""How likely a look is put on the right side, block, line and word: a bar for each, and why one is not offered."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from ifllm_desktop.derive.validated import error_of_validation
from ifllm_desktop.protocol import QualityPlan
from ifllm_desktop.reading.support import LEVELS, USUAL_SIZES, LevelSupport, SupportLimits, support
from ifllm_desktop.session.snapshot import ValidationOutcome
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import label

_TOKENS = {"supported": "success", "probable": "warning", "refused": "border_strong"}


class SupportBars(QWidget):
    """Four bars and one sentence; hidden while nothing is known."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("gaze_support")
        self.bars = _Bars()
        self.levels: Mapping[str, LevelSupport] | None = None  # None: nothing was measured
        self.note = label("", "caption", wrap=True, name="gaze_support_note")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.bars)
        layout.addWidget(self.note)
        self.hide()

    def set_validation(self, validation: ValidationOutcome | None, plan: QualityPlan) -> None:
        """Chances for an answer of usual size, by the error that the validation has shown."""
        error = error_of_validation(validation.to_payload()) if validation is not None else None
        if error is None:
            self.levels = None
            self.hide()
            return
        limits = SupportLimits(plan.supported, plan.probable)
        levels = support(USUAL_SIZES, error.total_px, n_sides=2, limits=limits)
        self.levels = levels
        self.bars.set_levels(levels)
        self.note.setText(self._sentence(levels))
        self.show()

    def _sentence(self, levels: Mapping[str, LevelSupport]) -> str:
        first = self.tr("Chance that one look is put on the right one.")
        height = USUAL_SIZES.line_height_px
        if levels["line"].reason == "error_over_two_lines":
            second = self.tr(
                "Lines and words are not offered: the error is larger than two lines of {h:.0f} px."
            )
        elif levels["word"].reason == "error_over_line_height":
            second = self.tr("Single words are not offered: the error is larger than a line of {h:.0f} px.")
        elif any(s.state == "refused" for s in levels.values()):
            second = self.tr("What is grey is not offered: its chance is too low.")
        else:
            return first
        return self.tr("{first} {second}").format(first=first, second=second.format(h=height))


class _Bars(QWidget):
    """Name, bar and chance of each level."""

    def __init__(self) -> None:
        super().__init__()
        self._levels: Mapping[str, LevelSupport] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_levels(self, levels: Mapping[str, LevelSupport]) -> None:
        """Draw these."""
        self._levels = levels
        words = [self.words(level) for level in LEVELS]
        self.setAccessibleName(", ".join(words))
        self.updateGeometry()
        self.update()

    def words(self, level: str) -> str:
        """A level and its chance, as a screen reader says it."""
        found = self._levels[level]
        state = {
            "supported": self.tr("told"), "probable": self.tr("with its chance"), "refused": self.tr("not offered"),
        }[found.state]  # fmt: skip
        return self.tr("{level} {p}, {state}").format(level=self._name(level), p=chance(found.p), state=state)

    def _name(self, level: str) -> str:
        return {
            "side": self.tr("Side"), "block": self.tr("Block"), "line": self.tr("Line"), "word": self.tr("Word"),
        }[level]  # fmt: skip

    def sizeHint(self) -> QSize:
        return QSize(220, current_theme().px(22) * len(LEVELS))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._levels:
            return
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        name_font, number_font = theme.font("body", bold=True), theme.font(12)
        name_px = max(QFontMetricsF(name_font).horizontalAdvance(self._name(level)) for level in LEVELS) + 16
        number_px = QFontMetricsF(number_font).horizontalAdvance("0.00") + 12
        height = self.height() / len(LEVELS)
        for place, level in enumerate(LEVELS):
            found, top = self._levels[level], place * height
            painter.setFont(name_font)
            painter.setPen(theme.color("text" if found.state != "refused" else "text_muted"))
            painter.drawText(
                QRectF(0, top, name_px, height), Qt.AlignmentFlag.AlignVCenter, self._name(level)
            )
            thick = theme.px(7)
            bar = QRectF(name_px, top + (height - thick) / 2, self.width() - name_px - number_px, thick)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("sunken"))
            painter.drawRoundedRect(bar, thick / 2, thick / 2)
            if math.isfinite(found.p):
                filled = QRectF(bar)
                filled.setWidth(max(thick, bar.width() * found.p))
                painter.setBrush(theme.color(_TOKENS[found.state]))
                painter.drawRoundedRect(filled, thick / 2, thick / 2)
            painter.setFont(number_font)
            painter.setPen(theme.color("text" if found.state != "refused" else "text_muted"))
            painter.drawText(
                QRectF(bar.right(), top, number_px, height),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, chance(found.p),
            )  # fmt: skip
        painter.end()


def chance(p: float) -> str:
    """A probability as it is written in the tables: ``.46``; – where it is not known."""
    if not math.isfinite(p):
        return "–"
    return f"{p:.2f}".removeprefix("0") if p < 0.995 else "1.00"
