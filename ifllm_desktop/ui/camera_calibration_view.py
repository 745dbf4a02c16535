"""The camera's picture as in a mirror, with the board that was found in it, and the map of what has been covered."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ifllm_desktop.capture.board_run import BoardLook
from ifllm_desktop.gaze.board_views import GRID, BoardProgress
from ifllm_desktop.ports import Frame
from ifllm_desktop.ui.picture_well import paint_picture, paint_well
from ifllm_desktop.ui.theme import current_theme

SHOWN_WIDTH_PX = 960
"""The preview is made from every n-th pixel, so that a 4K camera does not cost the window its pace."""


def mirrored(frame: Frame | None) -> QImage | None:
    """A frame as a picture of the preview; None without one."""
    if frame is None or frame.image_bgr is None:
        return None
    every = max(1, frame.image_bgr.shape[1] // SHOWN_WIDTH_PX)
    small = frame.image_bgr[::every, ::-every].copy()
    height, width = small.shape[:2]
    return QImage(small.data, width, height, 3 * width, QImage.Format.Format_BGR888).copy()


class BoardPreview(QWidget):
    """Picture, board and the cell of the picture where the board should go next."""

    def __init__(self) -> None:
        super().__init__()
        self._look = BoardLook()
        self._image: QImage | None = None
        self._words = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Camera picture, mirrored"))

    def sizeHint(self) -> QSize:
        return QSize(640, 400)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 200)

    def set_look(self, look: BoardLook) -> None:
        """Show the newest picture."""
        self._look = look
        self._image = mirrored(look.frame)
        self.update()

    def clear(self, words: str) -> None:
        """Show no picture and say why."""
        self._look, self._image, self._words = BoardLook(), None, words
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        box = paint_well(painter, QRectF(self.rect()))
        frame = self._look.frame
        if self._image is None or frame is None:
            painter.setPen(theme.color("text_muted"))
            painter.setFont(theme.font("body"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(box.adjusted(24, 16, -24, -16), flags, self._words)
            painter.end()
            return
        picture = paint_picture(painter, box, self._image)
        self._paint_next(painter, picture)
        self._paint_board(painter, picture, frame)
        painter.end()

    def _paint_next(self, painter: QPainter, picture: QRectF) -> None:
        cell = self._look.progress.cell
        if cell < 0:
            return
        theme = current_theme()
        painter.setPen(QPen(theme.color("accent"), 3, Qt.PenStyle.DashLine))
        painter.setBrush(theme.color("accent", 0.15))
        painter.drawRoundedRect(_cell_box(picture, cell).adjusted(4, 4, -4, -4), 6, 6)

    def _paint_board(self, painter: QPainter, picture: QRectF, frame: Frame) -> None:
        view = self._look.view
        if view is None:
            return
        theme = current_theme()
        width, height = frame.size_px
        painter.setPen(QPen(theme.color("surface"), 1))
        painter.setBrush(theme.color("accent"))
        for x_px, y_px in view.corners_px.tolist():
            x = picture.right() - x_px / width * picture.width()
            painter.drawEllipse(QPointF(x, picture.top() + y_px / height * picture.height()), 4, 4)


def _cell_box(picture: QRectF, cell: int) -> QRectF:
    """A cell of the unmirrored picture where it is in the mirrored one."""
    columns, rows = GRID
    width, height = picture.width() / columns, picture.height() / rows
    column, row = columns - 1 - cell % columns, cell // columns
    return QRectF(picture.left() + column * width, picture.top() + row * height, width, height)


class CoverageMap(QWidget):
    """Which cells of the picture the board has been in, mirrored like the preview."""

    def __init__(self) -> None:
        super().__init__()
        self._progress = BoardProgress()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        theme = current_theme()
        return QSize(theme.px(128), theme.px(72))

    def set_progress(self, progress: BoardProgress) -> None:
        """Show what has been covered."""
        if progress != self._progress:
            self._progress = progress
            n, of = sum(progress.covered), len(progress.covered)
            self.setAccessibleName(self.tr("{n} of {of} parts of the picture covered").format(n=n, of=of))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        picture = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        for cell, covered in enumerate(self._progress.covered):
            # filled against hollow, not only green against grey
            painter.setBrush(theme.color("success") if covered else theme.color("surface"))
            is_next = cell == self._progress.cell
            painter.setPen(QPen(theme.color("accent" if is_next else "border_strong"), 2 if is_next else 1))
            painter.drawRoundedRect(_cell_box(picture, cell).adjusted(2, 2, -2, -2), 3, 3)
        painter.end()


class BoardScreen(QWidget):
    """The board as large as this screen, for a camera that can be turned towards it. Any key or click closes it."""

    def __init__(self, picture: QImage) -> None:
        super().__init__()
        self._picture = picture
        self.setWindowTitle(self.tr("Calibration board"))
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.white)
        # a stimulus: black on white in every theme, and not smoothed
        size = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        box = QRectF(0, 0, size.width(), size.height())
        box.moveCenter(QRectF(self.rect()).center())
        painter.drawImage(box, self._picture)
        painter.end()

    def keyPressEvent(self, event: object) -> None:
        self.close()

    def mousePressEvent(self, event: object) -> None:
        self.close()
