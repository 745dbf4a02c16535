"""What lies over a participant page: paused, and the list of keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ifllm_desktop.ui.widgets import column, frame, label, row
from ifllm_desktop.ui.widgets_button import Button


class Cover(QWidget):
    """Covers its parent wholly, so that nothing below can be read or used."""

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("surface", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        parent.installEventFilter(self)
        self._card_layout = QVBoxLayout()
        self._card_layout.setContentsMargins(24, 20, 24, 20)
        self._card_layout.setSpacing(12)
        card = frame("card", self._card_layout)
        card.setMinimumWidth(420)
        self.setLayout(column(None, row(None, card, None), None))
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            parent = self.parentWidget()
            if parent is not None:
                self.setGeometry(parent.rect())
        return False

    def bring(self) -> None:
        """Show it over everything."""
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.raise_()
        self.show()


class PauseCover(Cover):
    """Nothing is recorded while it is there.

    Attributes
    ----------
    resumed, stopped : Signal()
    without_gaze : Signal()
        The calibration is not wanted any more; offered by :meth:`offer_without_gaze` only.
    """

    resumed = Signal()
    stopped = Signal()
    without_gaze = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, "pause_cover")
        text = self.tr("Nothing is recorded while you pause. Take the time you need.")
        self.resume = Button(self.tr("Go on"), "primary", key="F9", height_px=44, name="pause_resume")
        self.stop = Button(self.tr("Stop the session"), height_px=44, name="pause_stop")
        self._really = label(
            self.tr("Everything recorded so far is kept. Press Stop again to end the session."),
            "warning",
            wrap=True,
        )
        self._really.hide()
        self.without = Button(self.tr("Go on without gaze"), height_px=44, name="pause_without_gaze")
        self.without.setToolTip(
            self.tr("What was measured until now is kept, and the dots do not come back.")
        )
        self.without.setAccessibleDescription(self.without.toolTip())
        self.without.hide()
        self.without.clicked.connect(self.without_gaze)
        self.resume.clicked.connect(self.resumed)
        self.stop.clicked.connect(self._ask)
        self._card_layout.addWidget(label(self.tr("Paused"), "title"))
        self._card_layout.addWidget(label(text, "reading", wrap=True))
        self._card_layout.addWidget(self._really)
        self._card_layout.addLayout(row(self.stop, None, self.without, self.resume, spacing=12))

    def offer_without_gaze(self, offered: bool) -> None:
        """Whether the pause stands over a page that measures gaze."""
        self.without.setVisible(offered)

    def bring(self) -> None:
        self._really.hide()
        super().bring()
        self.resume.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask(self) -> None:
        if self._really.isVisible():
            self.stopped.emit()
        self._really.show()


class HelpCover(Cover):
    """The keys of the page; any key closes it."""

    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, "help_cover")
        self._grid = QWidget()
        close = Button(self.tr("Close"), "primary", key="Esc", height_px=44, name="help_close")
        close.clicked.connect(self._close)
        self._card_layout.addWidget(label(self.tr("Keys of this page"), "title"))
        self._card_layout.addWidget(self._grid)
        self._card_layout.addLayout(row(None, close))

    def list_keys(self, keys: list[tuple[str, str]]) -> None:
        """Show these keys."""
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(24)
        for index, (key, meaning) in enumerate(keys):
            grid.addWidget(label(key, "strong"), index, 0)
            grid.addWidget(label(meaning, "body"), index, 1)
        grid.setColumnStretch(1, 1)
        new = QWidget()
        new.setLayout(grid)
        self._card_layout.replaceWidget(self._grid, new)
        self._grid.hide()
        self._grid.deleteLater()
        self._grid = new
        self.bring()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _close(self) -> None:
        self.hide()
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt):
            self._close()
