"""The workbench: rail on the left, one page beside it, status bar below."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ifllm_desktop.ui.icons import paint_icon
from ifllm_desktop.ui.theme import RADIUS_CONTROL_PX, current_theme
from ifllm_desktop.ui.widgets import ElidedLabel, IconMark, frame, label
from ifllm_desktop.ui.widgets_focus import FocusRing

RAIL_PX = 76
IDEAL_SIZE_PX = (1366, 768)
FRAME_ROOM_PX = (16, 48)
"""Room for the frame that a window manager draws around a window; its true size is known only after showing."""


class RailButton(QToolButton):
    """Icon above a word; filled softly while its page is shown."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__()
        self._icon_name = key
        self.setObjectName(f"rail_{key}")
        self.setText(text)
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:
        return QSize(current_theme().px(RAIL_PX - 12), current_theme().px(52))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill: QColor | None = None
        if self.isChecked():
            fill = theme.color("accent_soft")
        elif self.underMouse() and self.isEnabled():
            fill = theme.color("raised")
        if fill is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            painter.drawRoundedRect(QRectF(self.rect()), RADIUS_CONTROL_PX, RADIUS_CONTROL_PX)
        token = "text_disabled" if not self.isEnabled() else "accent" if self.isChecked() else "text_muted"
        side = float(theme.px(22))
        paint_icon(
            painter, QRectF((self.width() - side) / 2, theme.px(6), side, side), self._icon_name, token
        )
        font = theme.font(12, bold=self.isChecked())
        painter.setFont(font)
        painter.setPen(theme.color(token))
        box = QRectF(0, theme.px(29), self.width(), self.height() - theme.px(31))
        text = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width() - 2)
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self.updateGeometry()
        super().changeEvent(event)


class MainWindow(QWidget):
    """Rail, pages, status bar.

    Attributes
    ----------
    page_shown : Signal(str)
        Key of the page that came up.
    """

    page_shown = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setProperty("surface", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("IFLLM Desktop"))
        self.setMinimumSize(960, 600)
        self.resize(*IDEAL_SIZE_PX)
        self.stack = QStackedWidget()
        self._pages: dict[str, QWidget] = {}
        self._group = QButtonGroup(self)
        self.buttons: dict[str, RailButton] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._rail())
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.stack, 1)
        right.addWidget(self._status_bar())
        layout.addLayout(right, 1)
        self._ring = FocusRing(self)

    def _rail(self) -> QFrame:
        words = {
            "home": self.tr("Home"), "run": self.tr("Run"), "replay": self.tr("Replay"),
            "annotate": self.tr("Annotate"), "audit": self.tr("Audit"), "rewards": self.tr("Rewards"),
            "export": self.tr("Export"), "settings": self.tr("Settings"),
        }  # fmt: skip
        rail = QVBoxLayout()
        rail.setContentsMargins(6, 8, 6, 8)
        rail.setSpacing(4)
        rail.addWidget(IconMark("app", "accent", 30), 0, Qt.AlignmentFlag.AlignHCenter)
        rail.addSpacing(4)
        for number, (key, word) in enumerate(words.items(), start=1):
            button = RailButton(key, word)
            button.setEnabled(False)
            button.setToolTip(self.tr("{page} is not part of this version yet.").format(page=word))
            button.clicked.connect(lambda _=False, k=key: self.show_page(k))
            if key == "settings":
                rail.addStretch(1)
            if key in ("home", "replay", "annotate", "audit", "rewards", "export"):
                button.setShortcut(f"Alt+{number}")
            self._group.addButton(button)
            self.buttons[key] = button
            rail.addWidget(button)
        self._rail_frame = frame("rail", rail, "rail")
        self._rail_frame.setFixedWidth(current_theme().px(RAIL_PX))
        return self._rail_frame

    def _status_bar(self) -> QFrame:
        self.camera_mark = IconMark("camera", "text_muted", 14)
        self.camera_text = label("", "caption", name="status_camera")
        self.disk_text = label("", "caption", name="status_disk")
        self.work_text = ElidedLabel("", "caption")
        self.work_text.setObjectName("status_work")
        self.work_text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 5, 16, 5)
        bar.setSpacing(6)
        bar.addWidget(self.camera_mark)
        bar.addWidget(self.camera_text)
        bar.addSpacing(12)
        bar.addWidget(IconMark("disk", "text_muted", 14))
        bar.addWidget(self.disk_text)
        bar.addSpacing(12)
        bar.addWidget(self.work_text, 1)
        bar.addSpacing(12)
        bar.addWidget(label(self.tr("Nothing leaves this computer"), "caption"))
        return frame("bar", bar, "status_bar")

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self._rail_frame.setFixedWidth(current_theme().px(RAIL_PX))
        super().changeEvent(event)

    def show_fitting(self) -> None:
        """Show the window so that all of it is on the screen: maximised where its size and frame do not fit."""
        room = self.screen().availableGeometry().size() - QSize(*FRAME_ROOM_PX)
        if room.width() < IDEAL_SIZE_PX[0] or room.height() < IDEAL_SIZE_PX[1]:
            self.showMaximized()
        else:
            self.show()

    def add_page(self, key: str, page: QWidget) -> None:
        """Put a page behind a button of the rail. Raises ``KeyError`` for a key that the rail does not have."""
        button = self.buttons[key]
        self._pages[key] = page
        self.stack.addWidget(page)
        button.setEnabled(True)
        shortcut = button.shortcut().toString()
        button.setToolTip(
            self.tr("{page} ({key})").format(page=button.text(), key=shortcut) if shortcut else ""
        )
        if len(self._pages) == 1:
            self.show_page(key)

    def set_page_reason(self, key: str, reason: str) -> None:
        """Disable a page's button and say why in its tooltip; an empty reason enables it again."""
        button = self.buttons[key]
        button.setEnabled(not reason and key in self._pages)
        if reason:
            button.setToolTip(reason)

    def show_page(self, key: str) -> None:
        """Bring up a page that was added."""
        page = self._pages[key]
        self.buttons[key].setChecked(True)
        self.stack.setCurrentWidget(page)
        self.page_shown.emit(key)

    def page(self, key: str) -> QWidget | None:
        """The page behind a key."""
        return self._pages.get(key)

    def set_status(self, *, camera: str, camera_state: str = "good", disk: str = "", work: str = "") -> None:
        """Status bar; ``camera_state`` is ``good``, ``warning``, ``bad`` or ``unknown``."""
        token = {"good": "success", "warning": "warning", "bad": "danger"}.get(camera_state, "text_muted")
        self.camera_mark.set_icon("camera", token)
        self.camera_text.setText(camera)
        self.disk_text.setText(disk)
        self.work_text.setText(work)
