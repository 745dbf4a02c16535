"""The camera's picture as in a mirror: where the face is, where it should be, or why there is no picture."""

from __future__ import annotations

import math
import sys

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ifllm_desktop.ui.camera_health import FRAME_CENTRE, FRAME_HEIGHT, CameraHealth
from ifllm_desktop.ui.icons import paint_icon
from ifllm_desktop.ui.picture_well import paint_picture, paint_well
from ifllm_desktop.ui.theme import current_theme

_FRAME_SHAPE = 0.82
"""Width of the place for the face over its height."""


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
        if not health.running and not health.simulated:
            self._image = None  # a picture that stands still looks like one that runs
        self.setAccessibleDescription(" ".join(self._words()))
        self.update()

    def _words(self) -> tuple[str, str]:
        """What has happened, and what to do."""
        health = self._health
        if health.problem:
            return _heading(health.problem_code), _way_out(health)
        if health.simulated:
            return "", self.tr("No camera is used: a simulated participant looks at the screen.")
        if health.state == "off":
            return "", self.tr("The camera is off.")
        if health.state == "starting":
            return self.tr("Camera is starting"), self.tr("This takes a few seconds.")
        return "", self.tr("There is no picture to show.") if self._image is None else ""

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = paint_well(painter, QRectF(self.rect()))
        if self._image is not None and not self._image.isNull():
            picture = paint_picture(painter, box, self._image)
            self._paint_place(painter, picture)
        else:
            picture = box.adjusted(1, 1, -1, -1)
            self._paint_words(painter, picture)
            width = min(picture.width(), picture.height() * 4 / 3)
            picture = QRectF(picture.center().x() - width / 2, picture.top(), width, picture.height())
        if self._health.running or self._health.simulated:
            self._paint_face(painter, picture)
        painter.end()

    def _paint_words(self, painter: QPainter, box: QRectF) -> None:
        theme = current_theme()
        head, text = self._words()
        inner = box.adjusted(24, 16, -24, -16)
        top_flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        if not head:
            painter.setPen(theme.color("text_muted"))
            painter.setFont(theme.font("body"))
            painter.drawText(inner, top_flags, text)
            return
        icon_px, gap = theme.px(40), 12.0
        head_font, body_font = theme.font(16), theme.font("body")
        head_font.setBold(True)
        head_px = QFontMetricsF(head_font).boundingRect(inner, int(top_flags), head).height()
        body_px = QFontMetricsF(body_font).boundingRect(inner, int(top_flags), text).height()
        y = max(inner.top(), inner.center().y() - (icon_px + head_px + body_px + 2 * gap) / 2)
        token = "warning" if self._health.problem else "text_muted"
        name = "alert" if self._health.problem else "camera"
        paint_icon(painter, QRectF(inner.center().x() - icon_px / 2, y, icon_px, icon_px), name, token)
        y += icon_px + gap
        painter.setPen(theme.color("text"))
        painter.setFont(head_font)
        painter.drawText(QRectF(inner.left(), y, inner.width(), head_px), top_flags, head)
        y += head_px + gap / 2
        painter.setPen(theme.color("text_muted"))
        painter.setFont(body_font)
        painter.drawText(QRectF(inner.left(), y, inner.width(), inner.bottom() - y), top_flags, text)

    def _paint_place(self, painter: QPainter, picture: QRectF) -> None:
        """The dashed frame for the face: dark under light, so that it is seen on any picture."""
        height = picture.height() * FRAME_HEIGHT
        place = QRectF(0, 0, height * _FRAME_SHAPE, height)
        place.moveCenter(
            QPointF(
                picture.left() + FRAME_CENTRE[0] * picture.width(),
                picture.top() + FRAME_CENTRE[1] * picture.height(),
            )
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        theme = current_theme()
        under, dashes = ("text", "surface") if theme.name == "light" else ("surface", "text")
        painter.setPen(QPen(theme.color(under), 1.5))
        painter.drawRoundedRect(place, 6, 6)
        painter.setPen(QPen(theme.color(dashes), 1.5, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(place, 6, 6)

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


def _heading(code: str) -> str:
    return {
        "camera_missing": _tr("No camera found"),
        "camera_denied": _tr("The camera may not be used"),
        "camera_busy": _tr("The camera is busy in another program"),
        "camera_lost": _tr("The camera was unplugged"),
        "camera_stalled": _tr("The camera gives no pictures"),
    }.get(code, _tr("There is no picture"))


def _way_out(health: CameraHealth) -> str:
    return {
        "camera_missing": _tr(
            "Plug one in, or choose another one below: it is looked for every two seconds."
        ),
        "camera_denied": _denied(),
        "camera_busy": _tr(
            "Close the other program (a video call, a browser tab); the camera then starts by itself."
        ),
        "camera_lost": _tr("Plug it in again, or choose another one below: it then goes on by itself."),
        "camera_stalled": _tr("Unplug it and plug it in again, or choose another one below."),
    }.get(health.problem_code, health.problem)


def _denied() -> str:
    return {
        "darwin": _tr(
            "Allow it in System Settings, Privacy and Security, Camera; then start the program again."
        ),
        "win32": _tr("Allow desktop apps in Settings, Privacy, Camera; the camera then starts by itself."),
    }.get(
        sys.platform,
        _tr("Ask whoever looks after this computer to add you to the group video, then log in again."),
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("CameraPreview", text)
