"""Camera check: the mirrored picture, and what is good or has to be mended before calibrating."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.ui.participant_page import ParticipantPage
from ifllm_desktop.ui.theme import RADIUS_CARD_PX, current_theme
from ifllm_desktop.ui.widgets import Chip, IconMark, column, frame, label, row, set_role
from ifllm_desktop.ui.widgets_button import Button

MIN_RATE_HZ = 20.0
DISTANCE_CM = (50.0, 70.0)
MAX_ROLL_DEG = 12.0
BRIGHTNESS = (60.0, 210.0)
"""Mean grey of the face, 0–255, between which light is called good."""


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """What the camera check shows.

    Attributes
    ----------
    state : str
        ``off``, ``starting``, ``opened``, ``lost`` or ``failed``.
    face_box : tuple of float or None
        (x, y, w, h) in units of the unmirrored picture's width and height.
    distance_cm, rate_hz, brightness, roll_deg : float
        NaN where not known.
    source_label : str
        Where the picture comes from, in words; shown as it is.
    simulated : bool
        No person is in front of a camera: said plainly on the page.
    problem : str
        One sentence about what is wrong and what to do; empty when nothing is.
    """

    state: str
    face_found: bool = False
    face_box: tuple[float, float, float, float] | None = None
    distance_cm: float = math.nan
    rate_hz: float = math.nan
    brightness: float = math.nan
    roll_deg: float = math.nan
    source_label: str = ""
    simulated: bool = False
    problem: str = ""


class PreviewView(QWidget):
    """The picture as in a mirror, with the box of the face."""

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._health = CameraHealth("off")
        self.setMinimumSize(QSize(280, 180))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Camera picture, mirrored"))

    def sizeHint(self) -> QSize:
        return QSize(720, 405)

    def set_image(self, image: QImage | None) -> None:
        """Show a picture that is mirrored already."""
        self._image = image
        self.update()

    def set_health(self, health: CameraHealth) -> None:
        """Where the face is, or why there is no picture."""
        self._health = health
        self.update()

    def _words(self) -> str:
        health = self._health
        if health.problem:
            return health.problem
        if health.state in ("off", "starting"):
            return self.tr("Camera is starting")
        if health.simulated:
            return self.tr("No camera is used: a simulated participant looks at the screen.")
        return self.tr("There is no picture to show.")

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(theme.color("sunken"))
        painter.drawRoundedRect(box, RADIUS_CARD_PX, RADIUS_CARD_PX)
        picture = box.adjusted(1, 1, -1, -1)
        if self._image is not None and not self._image.isNull():
            size = self._image.size().scaled(picture.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
            picture = QRectF(0, 0, size.width(), size.height())
            picture.moveCenter(box.center())
            painter.drawImage(picture, self._image)
        else:
            self._paint_words(painter, picture)
            width = min(picture.width(), picture.height() * 4 / 3)
            picture = QRectF(picture.center().x() - width / 2, picture.top(), width, picture.height())
        self._paint_face(painter, picture)
        painter.end()

    def _paint_words(self, painter: QPainter, box: QRectF) -> None:
        theme = current_theme()
        painter.setPen(theme.color("text_muted"))
        painter.setFont(theme.font("body"))
        text_box = box.adjusted(24, 16, -24, -16)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(text_box, flags, self._words())

    def _paint_face(self, painter: QPainter, picture: QRectF) -> None:
        face = self._health.face_box
        if face is None or not all(math.isfinite(v) for v in face):
            return
        theme = current_theme()
        x, y, w, h = face
        left = picture.left() + (1.0 - x - w) * picture.width()  # mirrored
        box = QRectF(left, picture.top() + y * picture.height(), w * picture.width(), h * picture.height())
        box = box.intersected(picture)
        if not self._health.face_found:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("warning"), 2, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(box, 6, 6)
            return
        painter.setPen(QPen(theme.color("accent"), 3))
        arm = min(28.0, box.width() / 4, box.height() / 4)
        for corner, dx, dy in ((box.topLeft(), 1, 1), (box.topRight(), -1, 1),
                               (box.bottomLeft(), 1, -1), (box.bottomRight(), -1, -1)):  # fmt: skip
            painter.drawLine(corner, corner + QPointF(dx * arm, 0))
            painter.drawLine(corner, corner + QPointF(0, dy * arm))


class CheckRow(QFrame):
    """One check: state, name, value with its unit, what to do."""

    def __init__(self, title: str, name: str, *, first: bool = False) -> None:
        super().__init__()
        self.setProperty("surface", "row_first" if first else "row")
        self.setObjectName(name)
        self._mark = IconMark("wait", "text_muted", 20)
        self._value = label("–", "muted", name=f"{name}_value")
        self._hint = label("", "caption", wrap=True, name=f"{name}_hint")
        self._layout = QHBoxLayout(self)
        self._layout.setSpacing(12)
        self._layout.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        self._layout.addLayout(
            column(row(label(title, "strong"), None, self._value), self._hint, spacing=2), 1
        )
        self.state = ""

    def set_padding(self, vertical_px: int) -> None:
        """Room above and below."""
        self._layout.setContentsMargins(16, vertical_px, 16, vertical_px)

    def set_state(self, state: str, value: str, hint: str) -> None:
        """``good``, ``warning``, ``bad`` or ``unknown``."""
        self.state = state
        icon, token, role = {
            "good": ("check_circle", "success", "muted"), "warning": ("alert", "warning", "warning"),
            "bad": ("danger", "danger", "danger"), "unknown": ("wait", "text_muted", "muted"),
        }[state]  # fmt: skip
        self._mark.set_icon(icon, token)
        self._value.setText(value)
        self._hint.setText(hint)
        set_role(self._value, role)


class CameraPage(ParticipantPage):
    """Picture left, checks right in the order in which they are mended."""

    def __init__(self) -> None:
        super().__init__(1144, "page_camera_check")
        self.preview = PreviewView()
        self.source = Chip("", "accent", "camera", name="camera_source")
        self.title = label("", "display", wrap=True)
        self.lead = label("", "lead", wrap=True)
        self.checks = {
            "face": CheckRow(self.tr("Face in the frame"), "check_face", first=True),
            "distance": CheckRow(self.tr("Distance"), "check_distance"),
            "light": CheckRow(self.tr("Light"), "check_light"),
            "rate": CheckRow(self.tr("Frame rate"), "check_rate"),
            "head": CheckRow(self.tr("Head upright"), "check_head"),
        }
        card = QVBoxLayout()
        card.setContentsMargins(0, 0, 0, 0)
        card.setSpacing(0)
        for check in self.checks.values():
            card.addWidget(check)
        mirrored = row(IconMark("mirror", "text_muted", 14), label(self.tr("mirrored"), "caption"), spacing=4)
        left = column(self.preview, row(self.source, None, mirrored), spacing=8)
        right = column(frame("card", card), None)
        middle = QHBoxLayout()
        middle.setSpacing(24)
        middle.addLayout(left, 9)
        middle.addLayout(right, 5)
        self.body.addWidget(self.title)
        self.body.addWidget(self.lead)
        self.body.addSpacing(8)
        self.body.addLayout(middle)
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
        self.set_health(CameraHealth("starting"))

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        text = snapshot.study.texts.camera_check
        self.title.setText(text.title)
        self.lead.setText(" ".join(text.body.split()))

    def set_preview(self, image: QImage | None) -> None:
        """The newest picture, mirrored; None when there is none."""
        self.preview.set_image(image)

    def set_health(self, health: CameraHealth) -> None:
        """The newest values; call it about 5 times a second, so that they can be read."""
        self.preview.set_health(health)
        icon = "simulated" if health.simulated else "camera"
        self.source.set_state(health.source_label, "warning" if health.simulated else "accent", icon)
        self.source.setVisible(bool(health.source_label))
        self._set_face(health)
        self._set_range("distance", health.distance_cm, DISTANCE_CM, self.tr("{value:.0f} cm"),
                        (self.tr("Move back a little."), self.tr("Between 50 and 70 cm is good."),
                         self.tr("Come a little closer.")))  # fmt: skip
        self._set_range("light", health.brightness, BRIGHTNESS, self.tr("{value:.0f} of 255"),
                        (self.tr("Turn on a light in front of you."), self.tr("Bright enough."),
                         self.tr("Turn away from the bright light.")))  # fmt: skip
        self._set_rate(health)
        tilt = abs(health.roll_deg)
        self._set_range("head", tilt, (-1.0, MAX_ROLL_DEG), self.tr("{value:.0f}° tilt"),
                        ("", self.tr("Move little from now on."), self.tr("Hold your head upright.")))  # fmt: skip
        self._update_actions(health)

    def _set_face(self, health: CameraHealth) -> None:
        if health.face_found:
            state = ("good", self.tr("found"), self.tr("Move little from now on."))
        elif health.state == "opened":
            state = (
                "bad",
                self.tr("not found"),
                self.tr("Sit in front of the camera, with light on your face."),
            )
        else:
            state = ("unknown", "–", self.tr("Waiting for the camera."))
        self.checks["face"].set_state(*state)

    def _set_rate(self, health: CameraHealth) -> None:
        hint = self.tr("At least {n:.0f} are needed.").format(n=MIN_RATE_HZ)
        if not math.isfinite(health.rate_hz):
            self.checks["rate"].set_state("unknown", "–", hint)
            return
        value = self.tr("{value:.1f} fps").format(value=health.rate_hz)
        self.checks["rate"].set_state("good" if health.rate_hz >= MIN_RATE_HZ else "bad", value, hint)

    def _set_range(
        self, name: str, value: float, limits: tuple[float, float], form: str, hints: tuple[str, str, str]
    ) -> None:
        check = self.checks[name]
        if not math.isfinite(value):
            check.set_state("unknown", "–", self.tr("Not known yet."))
            return
        side = 0 if value < limits[0] else 2 if value > limits[1] else 1
        check.set_state("good" if side == 1 else "warning", form.format(value=value), hints[side])

    def _update_actions(self, health: CameraHealth) -> None:
        states = {check.state for check in self.checks.values()}
        blocked = health.state != "opened" or "bad" in states or not health.face_found
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
            check.set_padding(8 if tight else 14)
        self.fit_picture(self.preview, 420, 180)

    def keys(self) -> list[tuple[str, str]]:
        return [(self.tr("Enter"), self.tr("start the calibration")), ("F9", self.tr("pause"))]
