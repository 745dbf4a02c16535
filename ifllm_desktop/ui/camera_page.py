"""Camera check: the mirrored picture, and what is good or has to be mended before calibrating."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QVBoxLayout

from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.camera_checks import CheckRow, DistanceGauge, TrendLine
from ifllm_desktop.ui.camera_health import MIN_RATE_HZ, CameraHealth, verdicts
from ifllm_desktop.ui.camera_preview import PreviewView
from ifllm_desktop.ui.icons import paint_icon
from ifllm_desktop.ui.participant_page import ParticipantPage
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import Chip, IconMark, column, frame, label, row
from ifllm_desktop.ui.widgets_button import Button

__all__ = ["CameraChoice", "CameraHealth", "CameraPage"]


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """A camera that can be chosen: what identifies it, and its name."""

    id: str
    name: str


class CameraList(QComboBox):
    """A drop-down list whose arrow is drawn in the theme's colour."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        side = current_theme().px(16)
        box = QRectF(self.width() - side - 8, (self.height() - side) / 2, side, side)
        paint_icon(painter, box, "unfold", "text_muted" if self.isEnabled() else "text_disabled")
        painter.end()


class CameraPage(ParticipantPage):
    """Picture left, checks right in the order in which they are mended.

    Attributes
    ----------
    camera_chosen : Signal(str)
        The id of another camera, by the list or the key C.
    latency_wanted : Signal()
        The researcher's key L.
    """

    camera_chosen = Signal(str)
    latency_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(1144, "page_camera_check")
        self._choices: tuple[CameraChoice, ...] = ()
        self.preview = PreviewView()
        self.source = Chip("", "accent", "camera", name="camera_source")
        self.chooser = CameraList()
        self.chooser.setObjectName("camera_chooser")
        self.chooser.setAccessibleName(self.tr("Camera"))
        self.chooser.setToolTip(self.tr("Choose a camera (C: the next one)"))
        self.chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.chooser.setMinimumContentsLength(30)
        self.chooser.setPlaceholderText(self.tr("Choose a camera"))
        self.chooser.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.chooser.activated.connect(self._activated)
        self.chooser.hide()
        self.title = label("", "display", wrap=True)
        self.lead = label("", "lead", wrap=True)
        self._gauge, self._trend = DistanceGauge(), TrendLine(MIN_RATE_HZ)
        self.checks = {
            "face": CheckRow(self.tr("Face in the frame"), "check_face", first=True),
            "distance": CheckRow(self.tr("Distance"), "check_distance", gauge=self._gauge),
            "light": CheckRow(self.tr("Light"), "check_light"),
            "rate": CheckRow(self.tr("Frame rate"), "check_rate", gauge=self._trend),
            "head": CheckRow(self.tr("Head upright"), "check_head"),
            "glasses": CheckRow(self.tr("Glasses"), "check_glasses"),
            "eyes": CheckRow(self.tr("Eyes visible"), "check_eyes"),
        }
        self._lay_out()
        self._make_actions()
        self.set_health(CameraHealth("starting"))

    def _lay_out(self) -> None:
        card = QVBoxLayout()
        card.setContentsMargins(0, 0, 0, 0)
        card.setSpacing(0)
        for check in self.checks.values():
            card.addWidget(check)
        mirrored = row(IconMark("mirror", "text_muted", 14), label(self.tr("mirrored"), "caption"), spacing=4)
        left = column(self.preview, row(self.chooser, self.source, None, mirrored), None, spacing=8)
        right = column(frame("card", card), None)
        middle = QHBoxLayout()
        middle.setSpacing(24)
        middle.addLayout(left, 9)
        middle.addLayout(right, 5)
        self.body.addWidget(self.title)
        self.body.addWidget(self.lead)
        self.body.addSpacing(8)
        self.body.addLayout(middle)

    def _make_actions(self) -> None:
        self.without = Button(
            self.tr("Go on without gaze"), "plain", height_px=44, name="camera_without_gaze"
        )
        self.without.clicked.connect(lambda: self.command.emit("without_gaze", ("participant",)))
        self.note = label("", "muted", wrap=True, name="camera_note")
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.primary = Button(
            self.tr("Start calibration"),
            "primary",
            key=self.tr("Enter"),
            height_px=44,
            name="camera_continue",
        )
        self.primary.clicked.connect(lambda: self.command.emit("camera_ready", ()))
        self.primary.setEnabled(False)
        self.action_row.addWidget(self.without)
        self.action_row.addWidget(self.note, 1)
        self.action_row.addWidget(self.primary)

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        text = snapshot.study.texts.camera_check
        self.title.setText(text.title)
        self.lead.setText(" ".join(text.body.split()))

    def set_preview(self, image: QImage | None) -> None:
        """The newest picture, mirrored; None when there is none."""
        self.preview.set_image(image)

    # ---- choosing a camera

    def set_cameras(self, cameras: Sequence[CameraChoice], chosen_id: str) -> None:
        """Cameras of this computer; without any the list is not shown. An id that is not plugged in stays listed."""
        self._choices = tuple(cameras)
        self.chooser.blockSignals(True)
        self.chooser.clear()
        for camera in self._choices:
            self.chooser.addItem(camera.name, camera.id)
        self.chooser.setCurrentIndex(self.chooser.findData(chosen_id))
        self.chooser.blockSignals(False)
        self.chooser.setVisible(bool(self._choices))

    def _activated(self, index: int) -> None:
        self.camera_chosen.emit(str(self.chooser.itemData(index)))

    def next_camera(self) -> None:
        """The camera after the chosen one, around the end; nothing where there is no other."""
        n = self.chooser.count()
        if n < 1 or (n == 1 and self.chooser.currentIndex() == 0):
            return
        self.chooser.setCurrentIndex((self.chooser.currentIndex() + 1) % n)
        self._activated(self.chooser.currentIndex())

    # ---- values

    def set_health(self, health: CameraHealth) -> None:
        """The newest values; call it about 5 times a second, so that they can be read."""
        self.preview.set_health(health)
        icon = "simulated" if health.simulated else "camera"
        self.source.set_state(health.source_label, "warning" if health.simulated else "accent", icon)
        self.source.setVisible(bool(health.source_label) and not self._choices)
        for name, verdict in verdicts(health).items():
            self.checks[name].set_verdict(verdict, held=health.held and name not in ("face", "rate"))
        self._gauge.set_value(health.distance_cm if not health.held else float("nan"))
        self._trend.add(health.rate_hz)
        self._update_actions(health)

    def _update_actions(self, health: CameraHealth) -> None:
        states = {check.state for check in self.checks.values()}
        blocked = not health.running or "bad" in states or not health.face_found
        if health.problem:
            text = self.tr("You can go on without gaze.")  # what happened stands in the picture
        elif blocked:
            text = self.tr("Calibration can start when your face is found and the rate is high enough.")
        elif "warning" in states:
            text = self.tr("You can go on. Mending the marked points makes the estimate better.")
        else:
            text = self.tr("All is well.")
        self.note.setText(text)
        assert self.primary is not None
        had_focus = self.primary.hasFocus()
        self.primary.setEnabled(not blocked)
        if had_focus and blocked:
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def tighten(self, tight: bool) -> None:
        for check in self.checks.values():
            check.set_tight(tight)
        self.fit_picture(self.preview, 409, 180)

    def keys(self) -> list[tuple[str, str]]:
        return [
            (self.tr("Enter"), self.tr("start the calibration")), ("C", self.tr("next camera")),
            ("L", self.tr("measure the camera's latency (for researchers)")), ("F9", self.tr("pause")),
        ]  # fmt: skip

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.modifiers() == Qt.KeyboardModifier.NoModifier and event.key() == Qt.Key.Key_C:
            self.next_camera()
        elif event.modifiers() == Qt.KeyboardModifier.NoModifier and event.key() == Qt.Key.Key_L:
            self.latency_wanted.emit()
        else:
            super().keyPressEvent(event)
