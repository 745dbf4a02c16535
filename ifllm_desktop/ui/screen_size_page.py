"""How large the screen is: a card that is held against it, or the diagonal in inches."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.screen_size import (
    CARD_MM,
    UNKNOWN_SIZE,
    ScreenSize,
    difference,
    differs,
    size_from_card,
    size_from_diagonal,
)
from ifllm_desktop.ui.screen_size_card import WIDE_STEP_PX, CardOutline
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import IconMark, column, frame, label, line, row, scrolling
from ifllm_desktop.ui.widgets_button import Button
from ifllm_desktop.wording import sentence

SIDE_PX = 340


class ScreenSizePage(QWidget):
    """Shows what is known of a screen; emits what should be kept.

    Attributes
    ----------
    keep : Signal(object)
        A ``ScreenSize`` to store for this screen.
    forget : Signal()
        Go back to what the system says.
    """

    keep = Signal(object)
    forget = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("screen_size_page")
        self._screen_px = (1920.0, 1080.0)
        self._edid = UNKNOWN_SIZE
        self._offered: ScreenSize | None = None
        self._known = ""
        self.card = CardOutline()
        self.card.pulled.connect(lambda _: self._show_card())
        self.card.accepted.connect(self._keep)
        self.figure = label("–", "title", name="screen_size_figure")
        self.detail = label("", "muted", wrap=True, name="screen_size_detail")
        self.system = label("", "body", wrap=True, name="screen_size_system")
        self.in_use = label("", "body", wrap=True, name="screen_size_in_use")
        self.warning_text = label("", "body", wrap=True, name="screen_size_warning")
        warned = row(IconMark("alert", "warning", 18), spacing=8, margins=(12, 8, 12, 8))
        warned.addWidget(self.warning_text, 1)
        self.warning = frame("note", warned)
        self.keep_button = Button(
            self.tr("Keep this size"), "primary", key=self.tr("Enter"), name="screen_size_keep"
        )
        self.keep_button.clicked.connect(self._keep)
        self.forget_button = Button(self.tr("Use what the system says"), "plain", name="screen_size_forget")
        self.forget_button.clicked.connect(self.forget)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(16)
        layout.addLayout(self._left(), 1)
        self._side = scrolling(self._right())
        self._side.setFixedWidth(current_theme().px(SIDE_PX))
        layout.addWidget(self._side)
        self.set_screen("", self._screen_px, UNKNOWN_SIZE, UNKNOWN_SIZE)

    def _left(self) -> QVBoxLayout:
        lead = label(
            self.tr(
                "Hold a bank card, driving licence or identity card flat against the screen. Pull the edge of the "
                "outline until it is exactly as large as the card."
            ),
            "body",
            wrap=True,
        )
        smaller = Button("−", height_px=32, name="screen_size_smaller")
        smaller.setAccessibleName(self.tr("Smaller"))
        smaller.clicked.connect(lambda: self.card.pull_by(-WIDE_STEP_PX))
        larger = Button("+", height_px=32, name="screen_size_larger")
        larger.setAccessibleName(self.tr("Larger"))
        larger.clicked.connect(lambda: self.card.pull_by(WIDE_STEP_PX))
        keys = label(
            self.tr("Arrow keys: 1 px. With Shift, or + and −: 10 px. Enter keeps the size."),
            "caption",
            wrap=True,
        )
        below = row(smaller, larger, 8)
        below.addWidget(keys, 1)
        left = column(lead, spacing=12)
        left.addWidget(self.card, 1)
        left.addLayout(below)
        return left

    def _right(self) -> QWidget:
        self.inches = QLineEdit()
        self.inches.setObjectName("screen_size_inches")
        self.inches.setAccessibleName(self.tr("Diagonal in inches"))
        self.inches.setPlaceholderText(self.tr("for instance 15.6"))
        self.inches.textEdited.connect(self._show_typed)
        self.inches.returnPressed.connect(self._keep)
        typed = column(
            label(self.tr("Or type the diagonal"), "strong"),
            label(self.tr("It is on the box, or in the name of the model. In inches."), "caption", wrap=True),
            self.inches,
            spacing=6,
        )
        inside = column(
            label(self.tr("This screen"), "caption"), self.figure, self.detail, self.warning, self.system,
            line(), typed, line(), self.in_use, self.keep_button, self.forget_button,
            spacing=10, margins=(16, 14, 16, 14),
        )  # fmt: skip
        side = QWidget()
        side.setLayout(column(frame("card", inside), None, spacing=0))
        return side

    # ---- values
    def set_screen(
        self, name: str, screen_px: tuple[float, float], edid: ScreenSize, in_use: ScreenSize
    ) -> None:
        """Another screen, or news of this one.

        Parameters
        ----------
        name : str
            As the system calls it.
        edid : ScreenSize
            What the system says, unknown where that cannot be.
        in_use : ScreenSize
            What sessions use now.
        """
        self._screen_px, self._edid = screen_px, edid
        of_screen = self.tr("The system gives no usable size of this screen.")
        if edid.source == "edid":
            of_screen = self.tr("The system says {size}.").format(size=_size_text(edid))
        self.system.setText(f"{name}: {of_screen}" if name else of_screen)
        self._known = _size_text(in_use)
        self.in_use.setText(self._in_use_words(in_use))
        self.forget_button.setVisible(in_use.source in ("card", "typed"))
        start = in_use if math.isfinite(in_use.w_mm) else edid
        if math.isfinite(start.w_mm):
            self.card.set_card_width(CARD_MM[0] / start.w_mm * screen_px[0])
        self.inches.clear()
        self._show_nothing()

    def _in_use_words(self, in_use: ScreenSize) -> str:
        size = _size_text(in_use)
        return {
            "card": self.tr("In use: {size}, by a card."),
            "typed": self.tr("In use: {size}, typed."),
            "edid": self.tr("In use: {size}, as the system says."),
        }.get(in_use.source, self.tr("In use: nothing. Angles in degrees stay unknown.")).format(size=size)

    def _show_nothing(self) -> None:
        """No card was matched and nothing typed: there is nothing to keep, however the outline happens to stand."""
        self._offered = None
        self.figure.setText(self._known)
        self.detail.setText(self.tr("Match the card, or type the diagonal."))
        self._warn("")
        self.keep_button.setEnabled(False)

    def _show_card(self) -> None:
        self.inches.clear()
        self._offer(lambda: size_from_card(self.card.card_width_px, self._screen_px))

    def _show_typed(self, text: str) -> None:
        if not text.strip():
            self._show_nothing()
            return
        try:
            inches = float(text.replace(",", ".").rstrip('″" '))
        except ValueError:
            inches = math.nan
        self._offer(lambda: size_from_diagonal(inches, self._screen_px))

    def _offer(self, make: Callable[[], ScreenSize]) -> None:
        try:
            size = make()
        except DataError as error:
            self._offered = None
            self.figure.setText("–")
            self.detail.setText("")
            self._warn(sentence(error))
            self.keep_button.setEnabled(False)
            return
        self._offered = size
        self.figure.setText(_size_text(size))
        self.detail.setText(
            self.tr("{inch:.1f} inches, {px:.2f} px per mm").format(
                inch=size.diagonal_in, px=self._screen_px[0] / size.w_mm
            )
        )
        self._warn(self._difference_words(size))
        self.keep_button.setEnabled(True)

    def _difference_words(self, size: ScreenSize) -> str:
        if not differs(size, self._edid):
            return ""
        percent = round(100 * abs(difference(size, self._edid)))
        if size.w_mm > self._edid.w_mm:
            form = self.tr(
                "{n} % larger than the system says. Trust it if the card lay flat and fitted exactly."
            )
        else:
            form = self.tr(
                "{n} % smaller than the system says. Trust it if the card lay flat and fitted exactly."
            )
        return form.format(n=percent)

    def _warn(self, text: str) -> None:
        self.warning_text.setText(text)
        self.warning.setVisible(bool(text))

    def _keep(self) -> None:
        if self._offered is not None:
            self.keep.emit(self._offered)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self._side.setFixedWidth(current_theme().px(SIDE_PX))
        super().changeEvent(event)

    def focus_first(self) -> None:
        """Where the keyboard begins."""
        self.card.setFocus(Qt.FocusReason.OtherFocusReason)


def _size_text(size: ScreenSize) -> str:
    if not math.isfinite(size.w_mm):
        return "–"
    return f"{size.w_mm / 10:.1f} × {size.h_mm / 10:.1f} cm"
