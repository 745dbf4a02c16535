"""Measure latency: a warning, the flashing screen, and what came out. For the researcher, not for participants."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLayout, QStackedWidget, QVBoxLayout, QWidget

from ifllm_desktop.domain.errors import IfllmError
from ifllm_desktop.domain.time import NS_PER_MS
from ifllm_desktop.gaze.latency import Latency, flash_times, measure_latency, scene_brightness
from ifllm_desktop.ports import Frame
from ifllm_desktop.ui.widgets import column, frame, label, row
from ifllm_desktop.ui.widgets_button import Button
from ifllm_desktop.ui.widgets_focus import FocusRing
from ifllm_desktop.wording import sentence

N_FLASHES = 20
_LEAD_NS = 700 * NS_PER_MS
_TAIL_NS = 900 * NS_PER_MS
_TICK_MS = 4


class FlashView(QWidget):
    """Black or white over all of the widget. A stimulus, so its colours are not those of the theme."""

    def __init__(self) -> None:
        super().__init__()
        self.white = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setCursor(Qt.CursorShape.BlankCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.white if self.white else Qt.GlobalColor.black)
        painter.end()


class LatencyWindow(QWidget):
    """Flashes, collects the brightness of frames, and says how late they are.

    Parameters
    ----------
    now_ns : callable
        The clock that stamps the frames.
    camera_name : str
        Shown in the title.
    seed : int
        Of the uneven gaps between the changes.

    Attributes
    ----------
    measured : Signal(object)
        A ``Latency`` that the researcher wants to keep.
    closed : Signal()
        The window is gone; no more frames are wanted.
    """

    measured = Signal(object)
    closed = Signal()

    def __init__(self, now_ns: Callable[[], int], camera_name: str, *, seed: int = 1) -> None:
        super().__init__()
        self.setObjectName("latency_window")
        self.setProperty("surface", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Measure latency"))
        self.resize(760, 440)
        self._now_ns = now_ns
        self._seed = seed
        self._due_ns = np.zeros(0, np.int64)
        self._change_ns: list[int] = []
        self._white: list[bool] = []
        self._frames: list[tuple[int, float, int]] = []
        self._box: tuple[float, float, float, float] | None = None
        self._box_fixed = False
        self._end_ns = 0
        self._collecting = False
        self.result: Latency | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.flash = FlashView()
        self.stack = QStackedWidget()
        self.stack.addWidget(self._begin_page(camera_name))
        self.stack.addWidget(self.flash)
        self.stack.addWidget(self._result_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stack)
        self._ring = FocusRing(self)
        self.start_button.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- pages

    def _begin_page(self, camera_name: str) -> QWidget:
        length_s = round(N_FLASHES * 1.05)
        warning = label(
            self.tr(
                "The screen changes between black and white about once a second, for {n} seconds. Do not start it "
                "where anybody who sees the screen is sensitive to flashing light; it can be left out."
            ).format(n=length_s),
            "body", wrap=True, name="latency_warning",
        )  # fmt: skip
        how = label(
            self.tr(
                "The camera has to see the light of the screen on a face, or on a sheet of paper before it. A dark "
                "room and a bright screen help. Keep still. What is measured is display and camera together; gaze "
                "can be corrected by it later, what is recorded stays as it is."
            ),
            "muted", wrap=True,
        )  # fmt: skip
        self.news = label("", "warning", wrap=True, name="latency_news")
        self.news.hide()
        self.start_button = Button(
            self.tr("Start flashing"), "primary", key=self.tr("Enter"), height_px=44, name="latency_start"
        )
        self.start_button.clicked.connect(self.start)
        skip = Button(self.tr("Skip"), "plain", key=self.tr("Esc"), height_px=44, name="latency_skip")
        skip.clicked.connect(self.close)
        title = self.tr("Measure latency") if not camera_name else self.tr("Measure latency: {name}")
        return _page(
            label(title.format(name=camera_name), "title", wrap=True),
            frame("note", row(warning, margins=(16, 12, 16, 12))),
            how,
            self.news,
            actions=row(skip, None, self.start_button),
        )

    def _result_page(self) -> QWidget:
        self.figure = label("", "display", name="latency_figure")
        self.words = label("", "body", wrap=True, name="latency_words")
        self.parts = label("", "muted", wrap=True, name="latency_parts")
        self.keep_button = Button(self.tr("Keep"), "primary", height_px=44, name="latency_keep")
        self.keep_button.clicked.connect(self._keep)
        self.again_button = Button(self.tr("Measure again"), height_px=44, name="latency_again")
        self.again_button.clicked.connect(self._show_begin)
        close = Button(self.tr("Close"), "plain", key=self.tr("Esc"), height_px=44, name="latency_close")
        close.clicked.connect(self.close)
        return _page(
            self.figure, self.words, self.parts, actions=row(close, None, self.again_button, self.keep_button)
        )

    def _show_begin(self) -> None:
        self.stack.setCurrentIndex(0)
        self.start_button.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---- flashing

    def start(self) -> None:
        """Fill the screen and flash."""
        self._change_ns, self._white, self._frames = [], [], []
        self._box_fixed = False
        self.flash.white = False
        self.stack.setCurrentIndex(1)
        self.showFullScreen()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        now_ns = self._now_ns()
        self._due_ns = flash_times(N_FLASHES, now_ns + _LEAD_NS, self._seed)
        self._end_ns = int(self._due_ns[-1]) + _TAIL_NS
        self._collecting = True
        self._timer.start()

    def say(self, text: str) -> None:
        """Something is wrong with the camera; shown before the flashing."""
        self.news.setText(text)
        self.news.setVisible(bool(text))

    def add_frame(self, picture: Frame, face_box: tuple[float, float, float, float] | None = None) -> None:
        """A frame of the camera. Where the first face was is looked at all the while: a box that moves is noise."""
        if not self._collecting or picture.image_bgr is None:
            return
        if not self._box_fixed and face_box is not None and all(v == v for v in face_box):
            self._box, self._box_fixed = face_box, True
            self._frames.clear()
        grey = scene_brightness(picture.image_bgr, self._box)
        self._frames.append((picture.t_ns, grey, picture.driver_ns or 0))

    def _tick(self) -> None:
        now_ns = self._now_ns()
        k = len(self._change_ns)
        if k < len(self._due_ns):
            if now_ns >= self._due_ns[k]:
                self.flash.white = not self.flash.white
                self.flash.repaint()  # at once and not with the next event: the stamp is that of the hand-over
                self._change_ns.append(self._now_ns())
                self._white.append(self.flash.white)
        elif now_ns >= self._end_ns:
            self._finish()

    def _finish(self) -> None:
        self._stop_flashing()
        frames = np.array(sorted(self._frames), dtype=np.float64).reshape(-1, 3)
        stamps = np.array([t for t, _, _ in sorted(self._frames)], dtype=np.int64)
        drivers = np.array([d for _, _, d in sorted(self._frames)], dtype=np.int64)
        try:
            self.result = measure_latency(
                np.array(self._change_ns, np.int64), np.array(self._white), stamps, frames[:, 1], drivers
            )
        except IfllmError as error:
            self.result = None
            self._show_problem(sentence(error))
        else:
            self._show_result(self.result)

    def _stop_flashing(self) -> None:
        self._timer.stop()
        self._collecting = False
        if self.isFullScreen():
            self.showNormal()

    def _show_result(self, found: Latency) -> None:
        self.figure.setText(self.tr("{ms:.0f} ms ± {se:.0f}").format(ms=found.total_ms, se=2 * found.se_ms))
        self.words.setText(
            self.tr(
                "A frame shows the eyes this long after the screen was drawn (± is the 95 % interval): display and "
                "camera together, which flashes cannot tell apart. {used} of {n} changes were seen, "
                "spread {sd:.0f} ms, at {rate:.0f} fps."
            ).format(used=found.n_used, n=found.n_flashes, sd=found.sd_ms, rate=found.rate_hz)
        )
        self.parts.setText(
            self.tr("Of it {ms:.0f} ms from the camera's driver to the program.").format(ms=found.driver_ms)
            if found.driver_ms is not None
            else self.tr("The driver does not stamp its frames, so no share of it is known by itself.")
        )
        self.stack.setCurrentIndex(2)
        self.keep_button.show()
        self.keep_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_problem(self, text: str) -> None:
        self.figure.setText(self.tr("Not measured"))
        self.words.setText(text)
        self.parts.setText(self.tr("Nothing was changed."))
        self.stack.setCurrentIndex(2)
        self.keep_button.hide()
        self.again_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _keep(self) -> None:
        if self.result is not None:
            self.measured.emit(self.result)
        self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if self._collecting:
                self._stop_flashing()
                self._show_begin()
            else:
                self.close()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.stack.currentIndex() == 0:
            self.start()
        else:
            event.ignore()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._stop_flashing()
        super().closeEvent(event)
        self.closed.emit()


def _page(*items: QWidget, actions: QLayout) -> QWidget:
    page = QWidget()
    page.setLayout(column(*items, None, actions, spacing=16, margins=(32, 24, 32, 24)))
    return page
