"""Icons by role: the glyph names of QtAwesome stand here and nowhere else."""

from __future__ import annotations

import os

# QtAwesome asks QtPy for a binding, and QtPy would take any other that is installed too
os.environ.setdefault("QT_API", "pyside6")

import qtawesome
from PySide6.QtCore import QRectF
from PySide6.QtGui import QIcon, QPaintDevice, QPainter, QPixmap, QPixmapCache

from ifllm_desktop.ui.theme import current_theme

GLYPHS: dict[str, str] = {
    "app": "eye-outline",
    "home": "home-outline", "run": "account-voice", "replay": "play-box-multiple-outline",
    "annotate": "tag-multiple-outline", "audit": "clipboard-check-outline", "rewards": "chart-line",
    "export": "export-variant", "settings": "cog-outline",
    "open": "folder-open-outline", "new": "plus", "demo": "school-outline", "search": "magnify", "play": "play",
    "camera": "webcam", "disk": "harddisk", "face": "face-recognition", "shield": "shield-check-outline",
    "answers": "message-text-outline", "pointer": "cursor-default-outline", "gaze": "eye-outline",
    "eye_patches": "image-filter-center-focus", "sharing": "share-variant-outline",
    "laptop": "laptop", "language": "translate", "pause": "pause",
    "pause_circle": "pause-circle-outline", "delete": "trash-can-outline",
    "check": "check", "check_circle": "check-circle", "alert": "alert-circle-outline",
    "warning": "alert-outline", "danger": "close-circle", "refused": "cancel", "tilde": "tilde",
    "dots": "dots-horizontal", "lock": "lock-outline", "info": "information-outline", "help": "help-circle-outline",
    "text_size": "format-size", "mirror": "flip-horizontal", "send": "send-outline", "refresh": "refresh",
    "recovered": "history", "saved": "content-save-check-outline", "saving": "content-save-outline",
    "simulated": "robot-outline", "wait": "clock-outline", "hand": "hand-wave-outline", "video": "video-outline",
    "first": "skip-previous", "last": "skip-next", "step_back": "step-backward", "step_forward": "step-forward",
    "unfold": "chevron-down",
    "down": "chevron-down", "loop": "repeat", "skip_gaps": "fast-forward", "zoom_in": "magnify-plus-outline",
    "zoom_out": "magnify-minus-outline", "fit": "fit-to-page-outline", "undo": "undo-variant", "redo": "redo-variant",
}  # fmt: skip


def icon(name: str, token: str = "text", disabled_token: str = "text_disabled") -> QIcon:
    """An icon in a colour of the present theme.

    Parameters
    ----------
    name
        Key of :data:`GLYPHS`.
    token, disabled_token
        Colour tokens for the enabled and the disabled state.
    """
    theme = current_theme()
    made = qtawesome.icon(
        f"mdi6.{GLYPHS[name]}", color=theme.hex(token), color_disabled=theme.hex(disabled_token)
    )
    return QIcon(made)


def pixmap(name: str, token: str, size_px: int, device: QPaintDevice | None = None) -> QPixmap:
    """An icon as a picture, sharp on the device's pixels."""
    ratio = device.devicePixelRatioF() if device is not None else 1.0
    color = current_theme().hex(token)
    key = f"ifllm-{name}-{color}-{size_px}-{ratio}"
    made = QPixmap()
    if QPixmapCache.find(key, made):
        return made
    side_px = round(size_px * ratio)
    made = QPixmap(qtawesome.icon(f"mdi6.{GLYPHS[name]}", color=color).pixmap(side_px, side_px))
    made.setDevicePixelRatio(ratio)
    QPixmapCache.insert(key, made)
    return made


def paint_icon(painter: QPainter, rect: QRectF, name: str, token: str) -> None:
    """Paint an icon into a square of the present painter."""
    size_px = round(min(rect.width(), rect.height()))
    picture = pixmap(name, token, size_px, painter.device())
    x = rect.center().x() - size_px / 2
    y = rect.center().y() - size_px / 2
    painter.drawPixmap(QRectF(x, y, size_px, size_px), picture, QRectF(picture.rect()))
