"""What all participant pages share: a centred column, content that scrolls, a row of actions that stays."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import frame, label, line
from ifllm_desktop.ui.widgets_button import Button

NARROW_HEIGHT_PX = 760
"""Below this height pages tighten their padding, so that the actions stay above the edge."""


class FittingScroll(QScrollArea):
    """As high as its content while there is room; scrolls when there is not."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        content.setProperty("surface", "plain")
        self.setWidget(content)
        self.viewport().setAutoFillBackground(False)
        content.installEventFilter(self)

    def _fit(self) -> None:
        content = self.widget()
        if content is None:
            return
        layout = content.layout()
        height = content.sizeHint().height()
        if layout is not None and layout.hasHeightForWidth():
            height = layout.totalHeightForWidth(self.viewport().width())
        self.setMaximumHeight(max(height, 1))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest and watched is self.widget():
            self._fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(100, 80)


class ParticipantPage(QWidget):
    """A page of the participant flow.

    It shows snapshots and emits commands of the flow; it decides nothing.

    Parameters
    ----------
    max_width_px
        Widest content at 100 % text size.

    Attributes
    ----------
    command : Signal(str, tuple)
        Name of a flow command and its arguments without the time.
    """

    command = Signal(str, tuple)

    def __init__(self, max_width_px: int, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setProperty("surface", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._max_width_px = max_width_px
        self.primary: Button | None = None
        self.body = QVBoxLayout()
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(8)
        content = QWidget()
        content.setLayout(self.body)
        self.scroller = FittingScroll(content)
        self.action_row = QHBoxLayout()
        self.action_row.setSpacing(12)
        self._outer = QVBoxLayout(self)
        self._outer.setSpacing(16)
        self._outer.addWidget(self.scroller, 1000)
        self._line = line()
        self._outer.addWidget(self._line)
        self._outer.addLayout(self.action_row)
        self._outer.addStretch(1)

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        """Draw the snapshot. Called for each snapshot while the page is the present one."""

    def keys(self) -> list[tuple[str, str]]:
        """Keys of the page and what they do, for the help."""
        return [(self.tr("Enter"), self.tr("go on")), ("Tab", self.tr("next control"))]

    def focus_first(self) -> None:
        """Give the keyboard to the page when it comes up."""
        if self.primary is not None and self.primary.isEnabled():
            self.primary.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def tight(self) -> bool:
        """Whether there is little height, so that padding has to give."""
        return self.height() < NARROW_HEIGHT_PX

    def tighten(self, tight: bool) -> None:
        """Called when the height crosses the limit; pages with dense rows adapt them here."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        widest = self._max_width_px * current_theme().text_scale // 100
        side = max(24, (self.width() - widest) // 2)
        top = 16 if self.tight else max(32, min(56, self.height() // 20))
        self._outer.setContentsMargins(side, top, side, 16 if self.tight else 24)
        self._outer.setSpacing(12 if self.tight else 16)
        self.tighten(self.tight)

    def fit_picture(self, picture: QWidget, ideal_px: int, least_px: int) -> None:
        """Give a picture the height that is left, so that the actions stay above the edge without scrolling."""
        margins = self._outer.contentsMargins()
        inner = self.scroller.widget()
        content = inner.layout() if inner is not None else None
        width = self.width() - margins.left() - margins.right()
        if content is None or width <= 0:
            return
        picture.setFixedHeight(ideal_px)
        inside = picture.parentWidget()
        while inside is not None and inside is not self.scroller.viewport():
            layout = inside.layout()
            if layout is not None:
                layout.activate()  # from inside out: each tells the next one that its height changed
            inside = inside.parentWidget()
        around = (
            margins.top()
            + margins.bottom()
            + self.action_row.sizeHint().height()
            + 2 * self._outer.spacing()
            + 4
        )
        excess = content.totalHeightForWidth(width) + around - self.height()
        picture.setFixedHeight(max(least_px, ideal_px - max(0, excess)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.primary is not None:
            if self.primary.isEnabled() and self.primary.isVisible():
                self.primary.click()
            return
        event.ignore()


class RowsPage(ParticipantPage):
    """A page with a title, a lead and a card of rows.

    Attributes
    ----------
    card_rows : QVBoxLayout
        Inside of the card.
    """

    def __init__(self, max_width_px: int, name: str, card_name: str = "") -> None:
        super().__init__(max_width_px, name)
        self.title = label("", "display", wrap=True)
        self.lead = label("", "lead", wrap=True)
        self.card_rows = QVBoxLayout()
        self.card_rows.setSpacing(0)
        self.card_rows.setContentsMargins(0, 0, 0, 0)
        self.body.addWidget(self.title)
        self.body.addWidget(self.lead)
        self.body.addSpacing(8)
        self.body.addWidget(frame("card", self.card_rows, card_name))
