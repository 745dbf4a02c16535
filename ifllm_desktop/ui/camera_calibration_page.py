"""Geometry of a camera: show a board to it, see how it goes, keep or discard what came out; and the distance, once."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from ifllm_desktop.capture.board_run import BoardLook
from ifllm_desktop.gaze.board_views import MIN_TILTED
from ifllm_desktop.gaze.camera_calibration import MIN_VIEWS, CameraCalibration
from ifllm_desktop.gaze.camera_geometry import HORIZONTAL_FIELD_DEG, DistanceScale, Intrinsics
from ifllm_desktop.ui.camera_calibration_view import BoardPreview, CoverageMap
from ifllm_desktop.ui.icons import paint_icon
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import (
    IconMark,
    ProgressLine,
    RecordingLight,
    column,
    frame,
    label,
    line,
    row,
    scrolling,
)
from ifllm_desktop.ui.widgets_button import Button

SIDE_PX = 360
GOOD_RMS_PX = 0.5
"""At 1280 px of width: what still boards on flat glass or glued paper give."""


class Choice(QComboBox):
    """A list that folds out, with a mark that says so (the style sheet takes the system's own away)."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        side = float(current_theme().px(18))
        box = QRectF(self.width() - side - 8, (self.height() - side) / 2, side, side)
        paint_icon(painter, box, "down", "text_muted" if self.isEnabled() else "text_disabled")
        painter.end()


class CameraCalibrationPage(QWidget):
    """Shows what it is handed; emits what somebody wants to do.

    Attributes
    ----------
    camera_chosen : Signal(str)
        Number of a camera.
    start : Signal(str)
        Name of the board.
    finish, stop, keep, discard, forget : Signal()
        End with the views that there are; stop; keep or discard the result; forget what was kept.
    save_board : Signal(str, str)
        Name of the board, ``png`` or ``pdf``.
    show_board : Signal(str)
        Name of the board.
    measure : Signal(float, str)
        Distance in cm that was measured, and the id of the person (may be empty).
    """

    camera_chosen = Signal(str)
    start = Signal(str)
    finish = Signal()
    stop = Signal()
    keep = Signal()
    discard = Signal()
    forget = Signal()
    save_board = Signal(str, str)
    show_board = Signal(str)
    measure = Signal(float, str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("camera_calibration_page")
        self.preview = BoardPreview()
        self.light = RecordingLight()
        self.light_text = label("", "caption", name="camera_light")
        self.steps = QStackedWidget()
        self._panels = {"begin": self._begin(), "run": self._run(), "result": self._result()}
        for panel in self._panels.values():
            self.steps.addWidget(panel)
        self.problem_text = label("", "body", wrap=True, name="camera_problem")
        said = row(IconMark("alert", "warning", 18), spacing=8, margins=(12, 8, 12, 8))
        said.addWidget(self.problem_text, 1)
        self.problem = frame("note", said)
        self.problem.hide()
        mirror = row(IconMark("mirror", "text_muted", 14), label(self.tr("mirrored"), "caption"), spacing=4)
        left = column(spacing=8)
        left.addWidget(self.preview, 1)
        left.addLayout(row(self.light, self.light_text, None, mirror))
        inside = column(
            self._cameras(), self.problem, line(), self.steps, spacing=12, margins=(16, 14, 16, 14)
        )
        side = QWidget()
        side.setLayout(column(frame("card", inside), self._distance(), None, spacing=12))
        self._side = scrolling(side)
        self._side.setFixedWidth(current_theme().px(SIDE_PX))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(16)
        layout.addLayout(left, 1)
        layout.addWidget(self._side)
        self.show_begin()

    # ---- parts
    def _cameras(self) -> QVBoxLayout:
        self.cameras = Choice()
        self.cameras.setObjectName("camera_choice")
        self.cameras.setAccessibleName(self.tr("Camera"))
        self.cameras.activated.connect(lambda _: self.camera_chosen.emit(self.cameras.currentData()))
        self.in_use = label("", "muted", wrap=True, name="camera_in_use")
        self.forget_button = Button(
            self.tr("Forget the measured lens"), "plain", height_px=26, name="camera_forget"
        )
        self.forget_button.clicked.connect(self.forget)
        return column(
            label(self.tr("Camera"), "strong"),
            self.cameras,
            self.in_use,
            row(self.forget_button, None),
            spacing=6,
        )

    def _begin(self) -> QWidget:
        self.boards = Choice()
        self.boards.setObjectName("board_choice")
        self.boards.setAccessibleName(self.tr("Board"))
        self.boards.addItem(self.tr("Squares with markers (recommended)"), "charuco")
        self.boards.addItem(self.tr("Chess board"), "chessboard")
        phone = Button(self.tr("For a phone"), height_px=26, name="board_png")
        phone.setToolTip(
            self.tr("Saves a PNG: send it to the phone and show it full-screen, as bright as it goes.")
        )
        phone.clicked.connect(lambda: self.save_board.emit(self.boards.currentData(), "png"))
        paper = Button(self.tr("To print"), height_px=26, name="board_pdf")
        paper.setToolTip(self.tr("Saves a PDF in true size for A4: glue it to something flat."))
        paper.clicked.connect(lambda: self.save_board.emit(self.boards.currentData(), "pdf"))
        here = Button(self.tr("Show here"), height_px=26, name="board_here")
        here.setToolTip(self.tr("For a camera that can be turned towards this screen. Any key closes it."))
        here.clicked.connect(lambda: self.show_board.emit(self.boards.currentData()))
        self.start_button = Button(self.tr("Start"), "primary", key=self.tr("Enter"), name="board_start")
        self.start_button.clicked.connect(lambda: self.start.emit(self.boards.currentData()))
        lead = self.tr(
            "Optional. Show a board to the camera in many places and at many angles; a minute is enough. The size of "
            "its squares does not matter. No picture is kept."
        )
        panel = QWidget()
        panel.setLayout(column(
            label(self.tr("Measure the lens"), "strong"), label(lead, "body", wrap=True), self.boards,
            label(self.tr("Get the board"), "caption"), row(phone, paper, here, None, spacing=6),
            row(None, self.start_button), spacing=8,
        ))  # fmt: skip
        return panel

    def _run(self) -> QWidget:
        self.count = label("", "strong", name="board_count")
        self.progress = ProgressLine()
        self.coverage = CoverageMap()
        self.tilted = label("", "caption", wrap=True)
        self.advice = label("", "body", wrap=True, name="board_advice")
        self.finish_button = Button(self.tr("Use what there is"), height_px=32, name="board_finish")
        self.finish_button.clicked.connect(self.finish)
        self.stop_button = Button(self.tr("Stop"), key=self.tr("Esc"), name="board_stop")
        self.stop_button.clicked.connect(self.stop)
        figures = row(self.coverage, spacing=12)
        figures.addWidget(self.tilted, 1)
        panel = QWidget()
        panel.setLayout(column(
            self.count, self.progress, figures, self.advice, row(self.finish_button, None, self.stop_button), None,
            spacing=10,
        ))  # fmt: skip
        return panel

    def _result(self) -> QWidget:
        self.verdict = label("", "strong", wrap=True, name="board_verdict")
        self.figures = label("", "body", wrap=True, name="board_figures")
        keep = Button(self.tr("Keep"), "primary", key=self.tr("Enter"), name="board_keep")
        keep.clicked.connect(self.keep)
        discard = Button(self.tr("Discard"), key=self.tr("Esc"), name="board_discard")
        discard.clicked.connect(self.discard)
        panel = QWidget()
        panel.setLayout(column(self.verdict, self.figures, row(discard, None, keep), None, spacing=10))
        return panel

    def _distance(self) -> QWidget:
        self.distance = QLineEdit()
        self.distance.setObjectName("distance_cm")
        self.distance.setPlaceholderText(self.tr("cm"))
        self.distance.setAccessibleName(self.tr("Distance from the eyes to the camera in cm"))
        self.person = QLineEdit()
        self.person.setObjectName("distance_person")
        self.person.setPlaceholderText(self.tr("participant id (optional)"))
        self.person.setAccessibleName(self.tr("Participant id, optional"))
        self.measure_button = Button(self.tr("Measure"), height_px=32, name="distance_measure")
        self.measure_button.clicked.connect(self._measure)
        self.distance.returnPressed.connect(self._measure)
        self.person.returnPressed.connect(self._measure)
        self.distance.textEdited.connect(lambda _: self._allow_measure())
        self.distance_note = label("", "muted", wrap=True, name="distance_note")
        lead = self.tr("Measure once from your eyes to the camera with a tape, sit still, and type it.")
        fields = row(spacing=6)
        fields.addWidget(self.distance, 2)
        fields.addWidget(self.person, 3)
        inside = column(
            label(self.tr("Distance of the eyes"), "strong"), label(lead, "body", wrap=True), fields,
            row(None, self.measure_button), self.distance_note, spacing=8, margins=(16, 14, 16, 14),
        )  # fmt: skip
        return frame("card", inside)

    # ---- values
    def set_cameras(self, cameras: Sequence[tuple[str, str]], chosen: str) -> None:
        """Cameras as (number, name); with none nothing can be started."""
        self.cameras.clear()
        for spec, name in cameras:
            self.cameras.addItem(name, spec)
        index = self.cameras.findData(chosen)
        self.cameras.setCurrentIndex(max(index, 0))
        self.cameras.setEnabled(bool(cameras))
        self.start_button.setEnabled(bool(cameras))
        if not cameras:
            self.cameras.addItem(self.tr("No camera was found"), "")
            self.preview.clear(self.tr("No camera was found. Connect one: it appears here by itself."))
        self._allow_measure()

    def choose_board(self, name: str) -> None:
        """Which board is offered first."""
        self.boards.setCurrentIndex(max(0, self.boards.findData(name)))

    def set_known(self, intrinsics: Intrinsics | None, scale: DistanceScale | None) -> None:
        """What sessions use of the chosen camera now."""
        self.forget_button.setVisible(intrinsics is not None)
        if intrinsics is None:
            words = self.tr("In use: an assumed lens, {deg:.0f}° wide. Distances are good to 14 %.")
            self.in_use.setText(words.format(deg=HORIZONTAL_FIELD_DEG))
        else:
            words = self.tr("In use: a measured lens, {deg:.0f}° wide ({px:.2f} px over {n} views).")
            self.in_use.setText(
                words.format(deg=intrinsics.horizontal_field_deg, px=intrinsics.rms_px, n=intrinsics.n_views)
            )
        if scale is None:
            self.distance_note.setText(self.tr("Not measured yet."))
            return
        change = round(100 * abs(scale.factor - 1))
        form = self.tr("Measured at {cm:.0f} cm: estimates are made {n} % longer.")
        if scale.factor < 1:
            form = self.tr("Measured at {cm:.0f} cm: estimates are made {n} % shorter.")
        self.distance_note.setText(form.format(cm=scale.stated_mm / 10, n=change))

    def show_begin(self, words: str = "") -> None:
        """Nothing runs; ``words`` says what went wrong before."""
        self._show("begin")
        self.set_problem(words)
        self.set_light(False)
        self.preview.clear(self.tr("The camera is off. It is opened when you start."))

    def show_running(self, look: BoardLook) -> None:
        """The newest picture and what has been collected."""
        self._show("run")
        self.set_problem("")
        progress = look.progress
        if look.state == "opening":
            self.preview.clear(self.tr("The camera is being opened."))
        else:
            self.preview.set_look(look)
            self.set_light(True)
        n, wanted = progress.n_views, progress.n_wanted
        self.count.setText(self.tr("{n} of {wanted} views").format(n=n, wanted=max(n, wanted)))
        self.progress.set_fraction(n / wanted)
        self.coverage.set_progress(progress)
        self.tilted.setText(
            self.tr("{n} of {wanted} tilted").format(n=min(progress.n_tilted, MIN_TILTED), wanted=MIN_TILTED)
        )
        self.finish_button.setEnabled(n >= MIN_VIEWS)
        self.advice.setText(self._advice(progress.advice))

    def _advice(self, advice: str) -> str:
        return {
            "show": self.tr("Show the whole board to the camera. Away with glare: tilt it a little."),
            "still": self.tr("Hold it still for a moment."),
            "move": self.tr("Move the board into the dashed part of the picture."),
            "tilt": self.tr("Tilt the board: one side towards the camera, then another."),
            "closer": self.tr("Once nearer, once further away."),
            "done": self.tr("Enough. The lens is being computed."),
        }.get(advice, "")

    def show_computing(self) -> None:
        """Views are there; the camera is off again."""
        self.set_light(False)
        self.advice.setText(self._advice("done"))
        self.finish_button.setEnabled(False)

    def show_result(self, result: CameraCalibration) -> None:
        """What came out, in words, before it is kept or not."""
        self._show("result")
        self.set_light(False)
        self.preview.clear(self.tr("The camera is off again."))
        found = result.intrinsics
        good = found.rms_px <= GOOD_RMS_PX * found.size_px[0] / 1280
        self.verdict.setText(
            self.tr("Good: the views fit together.") if good
            else self.tr("Usable: a flatter or stiller board would fit better.")
        )  # fmt: skip
        self.figures.setText(
            self.tr(
                "The lens is {deg:.0f}° wide, sure to {percent:.1f} %. Corners are met to {rms:.2f} px, and to "
                "{out:.2f} px in views that were left out. {n} views were used, {left} did not fit."
            ).format(
                deg=found.horizontal_field_deg, percent=100 * result.focal_sd, rms=found.rms_px,
                out=result.left_out_rms_px, n=found.n_views, left=result.n_rejected,
            )
        )  # fmt: skip
        self.focus_first()

    def show_measuring(self) -> None:
        """The face is being looked at."""
        self.set_light(True)
        self.measure_button.setEnabled(False)
        self.start_button.setEnabled(False)
        self.distance_note.setText(self.tr("Look at the camera and sit still for two seconds."))

    def end_measuring(self) -> None:
        """The camera is off again."""
        self.set_light(False)
        self.start_button.setEnabled(self.cameras.isEnabled())
        self._allow_measure()

    def set_problem(self, words: str) -> None:
        """What went wrong and what to do; empty when nothing did."""
        self.problem_text.setText(words)
        self.problem.setVisible(bool(words))

    def set_light(self, on: bool) -> None:
        """Whether the camera is on (nothing is stored)."""
        self.light.set_state("warning" if on else "")
        self.light_text.setText(self.tr("Camera on, nothing is stored") if on else self.tr("Camera off"))

    def _show(self, name: str) -> None:
        self.steps.setCurrentWidget(self._panels[name])
        self.cameras.setEnabled(name == "begin" and bool(self.cameras.currentData()))
        self.forget_button.setEnabled(name == "begin")
        self._allow_measure()

    def _allow_measure(self) -> None:
        begun = self.steps.currentWidget() is self._panels["begin"]
        self.measure_button.setEnabled(
            begun and bool(self.cameras.currentData()) and math.isfinite(self._typed_cm())
        )

    def _typed_cm(self) -> float:
        try:
            return float(self.distance.text().replace(",", ".").replace("cm", ""))
        except ValueError:
            return math.nan

    def _measure(self) -> None:
        if self.measure_button.isEnabled():
            self.measure.emit(self._typed_cm(), self.person.text().strip())

    # ---- keys
    def accept(self) -> bool:
        """Enter: the primary action of the present step; False where there is none."""
        if self.steps.currentWidget() is self._panels["begin"] and self.start_button.isEnabled():
            self.start.emit(self.boards.currentData())
            return True
        if self.steps.currentWidget() is self._panels["result"]:
            self.keep.emit()
            return True
        return False

    def reject(self) -> bool:
        """Esc: stop or discard; False where nothing runs and the window may close."""
        if self.steps.currentWidget() is self._panels["run"]:
            self.stop.emit()
            return True
        if self.steps.currentWidget() is self._panels["result"]:
            self.discard.emit()
            return True
        return False

    def focus_first(self) -> None:
        """Where the keyboard begins."""
        names = {"begin": "board_start", "run": "board_stop", "result": "board_keep"}
        for key, name in names.items():
            if self.steps.currentWidget() is self._panels[key]:
                button = self.findChild(Button, name)
                if button is not None:
                    button.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self._side.setFixedWidth(current_theme().px(SIDE_PX))
        super().changeEvent(event)
