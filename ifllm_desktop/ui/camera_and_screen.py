"""The window "Camera and screen": what is measured once of this computer, wired to cameras, screens and the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QImage, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QLineEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ifllm_desktop import compose_devices, logs
from ifllm_desktop.capture.board_run import BoardRun
from ifllm_desktop.compose_landmarker import open_landmarker
from ifllm_desktop.domain.screen_size import ScreenSize, size_from_edid
from ifllm_desktop.gaze.camera_board import board_spec
from ifllm_desktop.gaze.camera_calibration import CameraCalibration, calibrate_camera
from ifllm_desktop.settings import ScreenProfile, forget_screen, save_screen_profile
from ifllm_desktop.ui.application import themed_application
from ifllm_desktop.ui.bridge import Background, Job
from ifllm_desktop.ui.camera_calibration_page import CameraCalibrationPage
from ifllm_desktop.ui.camera_calibration_view import BoardScreen
from ifllm_desktop.ui.latency_run import LatencyRun
from ifllm_desktop.ui.screen_size_facts import screen_facts
from ifllm_desktop.ui.screen_size_page import ScreenSizePage
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import frame, label, row
from ifllm_desktop.ui.widgets_button import Button
from ifllm_desktop.ui.widgets_focus import FocusRing
from ifllm_desktop.wording import sentence

LOOK_EVERY_MS = 66
LIST_AGAIN_MS = 2000
"""While no camera is there, how often it is looked whether one was plugged in."""
SIZE_PX = (1080, 690)


class CameraAndScreen(QWidget):
    """Two pages: the geometry of a camera, the size of the screen that the window is on.

    Parameters
    ----------
    camera : str
        The camera that sessions use; its number, or anything else for the first one that is there.

    Attributes
    ----------
    changed : Signal()
        Something was stored or forgotten.
    closed : Signal()
        The window was closed and nothing runs any more.
    """

    changed = Signal()
    closed = Signal()

    def __init__(self, camera: str = "0") -> None:
        super().__init__()
        self.setObjectName("camera_and_screen")
        self.setProperty("surface", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(self.tr("Camera and screen"))
        theme, room = current_theme(), self.screen().availableGeometry().size()
        self.resize(
            min(theme.px(SIZE_PX[0]), room.width() - 16), min(theme.px(SIZE_PX[1]), room.height() - 48)
        )
        self._camera = camera
        self._job: Job | None = None
        self._latency_run: LatencyRun | None = None
        self._run: BoardRun | None = None
        self._result: CameraCalibration | None = None
        self._board_screen: BoardScreen | None = None
        self._shown = False
        self.background = Background(self)
        self.camera_page, self.screen_page = CameraCalibrationPage(), ScreenSizePage()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.camera_page)
        self.stack.addWidget(self.screen_page)
        self._poll = QTimer(self)
        self._poll.setInterval(LOOK_EVERY_MS)
        self._poll.timeout.connect(self._look)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(LIST_AGAIN_MS)
        self._again.timeout.connect(self._list_cameras)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header())
        layout.addWidget(self.stack, 1)
        self._ring = FocusRing(self)
        self._connect()
        self._list_cameras()

    def _header(self) -> QWidget:
        self.camera_tab = Button(self.tr("Camera"), "choice", key="Alt+1", height_px=26, name="tab_camera")
        self.screen_tab = Button(self.tr("Screen"), "choice", key="Alt+2", height_px=26, name="tab_screen")
        group = QButtonGroup(self)
        for index, tab in enumerate((self.camera_tab, self.screen_tab)):
            tab.setShortcut(f"Alt+{index + 1}")
            tab.clicked.connect(lambda _=False, i=index: self.show_page(i))
            group.addButton(tab)
        self.camera_tab.setChecked(True)
        self.news = label("", "muted", name="devices_news")
        self.latency = Button(self.tr("Measure latency"), height_px=26, name="devices_latency")
        self.latency.clicked.connect(self._measure_latency)
        close = Button(self.tr("Close"), key=self.tr("Esc"), name="devices_close")
        close.clicked.connect(self.close)
        inner = row(
            label(self.tr("Camera and screen"), "title"), 16, self.camera_tab, self.screen_tab, None, self.news, 8,
            self.latency, close, margins=(16, 7, 16, 7),
        )  # fmt: skip
        return frame("header", inner)

    def _connect(self) -> None:
        page = self.camera_page
        page.camera_chosen.connect(self._choose)
        page.start.connect(self._start)
        page.finish.connect(self._finish)
        page.stop.connect(self._stop)
        page.keep.connect(self._keep)
        page.discard.connect(page.show_begin)
        page.forget.connect(
            lambda: self._store({"intrinsics": None}, self.tr("The measured lens was forgotten."))
        )
        page.save_board.connect(self._save_board)
        page.show_board.connect(self._show_board)
        page.measure.connect(self._measure)
        self.screen_page.keep.connect(self._keep_size)
        self.screen_page.forget.connect(self._forget_size)

    def show_page(self, index: int) -> None:
        """0: camera, 1: screen."""
        (self.camera_tab, self.screen_tab)[index].setChecked(True)
        self.stack.setCurrentIndex(index)
        (self.camera_page, self.screen_page)[index].focus_first()

    # ---- camera ------------------------------------------------------------------------------

    def _list_cameras(self) -> None:
        def done(devices: tuple[compose_devices.CameraDevice, ...]) -> None:
            pairs = [(str(d.index), d.name) for d in devices]
            if self._camera not in [spec for spec, _ in pairs]:
                self._camera = pairs[0][0] if pairs else ""
            self.camera_page.set_cameras(pairs, self._camera)
            self._choose(self._camera)
            if not pairs:
                self._again.start()

        self.background.run(lambda _: compose_devices.list_cameras(), done, self._failed)

    def _choose(self, spec: str) -> None:
        self._camera = spec

        def done(setup: compose_devices.CameraSetup) -> None:
            self.camera_page.set_known(setup.intrinsics, setup.distance_scale)

        self.background.run(lambda _: compose_devices.camera_setup(spec), done, self._failed)

    def _start(self, board: str) -> None:
        run = compose_devices.board_run(self._camera, board)

        def work(job: Job) -> CameraCalibration | None:
            views = run.run(job.cancel)
            return None if job.cancel.is_set() else calibrate_camera(views, run.spec)

        self._run = run
        self._job = self.background.run(work, self._ran, self._run_failed)
        self.camera_page.show_running(run.look)
        self.camera_page.focus_first()
        self._poll.start()

    def _finish(self) -> None:
        if self._run is not None:
            self._run.finish()

    def _look(self) -> None:
        if self._run is None:
            return
        look = self._run.look
        if look.state in ("opening", "collecting"):
            self.camera_page.show_running(look)
        else:
            self.camera_page.show_computing()

    def _ended(self) -> None:
        self._poll.stop()
        self._run, self._job = None, None

    def _ran(self, result: CameraCalibration | None) -> None:
        self._ended()
        self._result = result
        if result is None:
            self.camera_page.show_begin()
            self.camera_page.focus_first()
        else:
            self.camera_page.show_result(result)

    def _run_failed(self, error: BaseException) -> None:
        self._ended()
        self.camera_page.show_begin(self._words(error))
        self.camera_page.focus_first()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel.set()

    def _keep(self) -> None:
        if self._result is not None:
            self._store(
                {"intrinsics": self._result.intrinsics.to_json()},
                self.tr("The measured lens is used from the next session on."),
            )
        self.camera_page.show_begin()
        self.camera_page.focus_first()

    def _store(self, changes: dict[str, Any], news: str) -> None:
        spec = self._camera

        def work(_: Job) -> compose_devices.CameraSetup:
            compose_devices.change_profile(spec, **changes)
            return compose_devices.camera_setup(spec)

        def done(setup: compose_devices.CameraSetup) -> None:
            self.camera_page.set_known(setup.intrinsics, setup.distance_scale)
            self._say(news)

        self.background.run(work, done, self._failed)

    def _save_board(self, board: str, kind: str) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
        offer = str(Path(folder or ".") / f"board.{kind}")
        filters = self.tr("Picture (*.png)") if kind == "png" else self.tr("Page (*.pdf)")
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save the board"), offer, filters)
        if not name:
            return
        path = Path(name) if name.lower().endswith(f".{kind}") else Path(f"{name}.{kind}")
        saved = self.tr("Saved {name}.").format(name=path.name)
        self.background.run(
            lambda _: compose_devices.write_board(path, board),
            lambda _: self._say(saved, news_only=True),
            self._failed,
        )

    def _show_board(self, board: str) -> None:
        size = self.screen().size()
        grey = compose_devices.board_picture(board_spec(board), (size.width(), size.height()))
        image = QImage(
            grey.data, grey.shape[1], grey.shape[0], grey.shape[1], QImage.Format.Format_Grayscale8
        )
        self._hide_board()
        self._board_screen = BoardScreen(image.copy())
        self._board_screen.showFullScreen()

    def _hide_board(self) -> None:
        if self._board_screen is not None:
            self._board_screen.close()
            self._board_screen.deleteLater()
            self._board_screen = None

    def _measure(self, distance_cm: float, person: str) -> None:
        spec = self._camera

        def work(job: Job) -> Any:
            return compose_devices.measure_distance(
                spec, 10 * distance_cm, person, open_landmarker(), job.cancel
            )

        def done(_: Any) -> None:
            self._job = None
            self.camera_page.end_measuring()
            self._say(self.tr("The distance was kept."))
            self._choose(spec)

        def failed(error: BaseException) -> None:
            self._job = None
            self.camera_page.end_measuring()
            self.camera_page.set_problem(self._words(error))
            self._choose(spec)

        self.camera_page.show_measuring()
        self._job = self.background.run(work, done, failed)

    def _measure_latency(self) -> None:
        """Display and camera together, on the screen that this window is on."""
        if self._job is not None or self._latency_run is not None:
            return
        if not self._camera.isdigit():
            self._say(self.tr("Connect a camera first."), news_only=True)
            return
        run = LatencyRun(self._camera, self)
        self._latency_run = run
        run.kept.connect(lambda _: self._say(self.tr("The latency is stored with the next recordings.")))
        run.problem.connect(self._say)
        run.closed.connect(self._latency_closed)

    def _latency_closed(self) -> None:
        self._latency_run = None

    # ---- screen ------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        window = self.windowHandle()
        if not self._shown:
            self._shown = True
            window.screenChanged.connect(lambda _: self._read_screen())
            self._read_screen()
            (self.camera_page, self.screen_page)[self.stack.currentIndex()].focus_first()

    def _read_screen(self) -> None:
        screen = self.screen()
        facts, name = screen_facts(screen), screen.model() or screen.name()

        def done(size: ScreenSize) -> None:
            edid = size_from_edid(*facts.mm, facts.size_px)
            self.screen_page.set_screen(name, facts.size_px, edid, size)

        self.background.run(lambda _: facts.size(), done, self._failed)

    def _keep_size(self, size: ScreenSize) -> None:
        key = screen_facts(self.screen()).key
        if size.source == "unknown":
            return
        profile = ScreenProfile(screen_id=key, w_mm=size.w_mm, h_mm=size.h_mm, source=size.source)

        def done(_: Any) -> None:
            self._say(self.tr("The size is used from the next session on."))
            self._read_screen()

        self.background.run(lambda _: save_screen_profile(profile), done, self._failed)

    def _forget_size(self) -> None:
        key = screen_facts(self.screen()).key

        def done(_: Any) -> None:
            self._say(self.tr("The measured size was forgotten."))
            self._read_screen()

        self.background.run(lambda _: forget_screen(key), done, self._failed)

    # ---- window ------------------------------------------------------------------------------

    def _say(self, words: str, *, news_only: bool = False) -> None:
        self.news.setText(words)
        if not news_only:
            self.changed.emit()

    def _failed(self, error: BaseException) -> None:
        self.news.setText(self._words(error))

    def _words(self, error: BaseException) -> str:
        return sentence(error, path=str(logs.log_path()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        on_camera = self.stack.currentIndex() == 0
        if event.key() == Qt.Key.Key_Escape:
            if not (on_camera and self.camera_page.reject()):
                self.close()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focus = self.focusWidget()
            if isinstance(focus, Button):
                focus.click()
            elif on_camera and not isinstance(focus, QLineEdit):
                self.camera_page.accept()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._poll.stop()
        self._again.stop()
        self._stop()
        self.background.close()
        self._hide_board()
        if self._latency_run is not None:
            self._latency_run.finish()
            self._latency_run = None
        super().closeEvent(event)
        self.closed.emit()


def run_camera_and_screen(camera: str, board: str) -> int:
    """Open the window alone and stay until it is closed; returns the exit code."""
    application = themed_application()
    window = CameraAndScreen(camera)
    window.camera_page.choose_board(board)
    window.show()
    return application.exec()
