"""Calibration, validation and drift check: nothing but the target on an even grey."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen

from ifllm_desktop.protocol import Texts
from ifllm_desktop.session.snapshot import FlowSnapshot
from ifllm_desktop.session.target_run import TargetView
from ifllm_desktop.ui import camera_notice
from ifllm_desktop.ui.calibration_words import GateWords, explanation, is_lead_in, point_words
from ifllm_desktop.ui.participant_page import ParticipantPage
from ifllm_desktop.ui.screen_place import to_widget
from ifllm_desktop.ui.theme import current_theme

KEEP_CLEAR_PX = 160
"""Words and progress hide when a target comes nearer than this."""
RING_RADIUS_PX = 36.0
SHRINK_MS = 300.0
"""Time in which the dot shrinks onto its centre, so that the eyes end on the middle (a stimulus, not decoration)."""
_WIDE_PX, _SMALL_PX = 30.0, 18.0
_MANY_DOTS = 20
EXPLANATION_PX = 560
"""Width of the explanation at 100 % text size."""


class CalibrationPage(ParticipantPage):
    """One painted widget. The conductor's clock moves the target; this page only draws where it is.

    Attributes
    ----------
    again : Signal()
        The person was not ready (the present target is to be shown again), or is ready before the explanation ends.
    reduced_motion : bool
        The target does not travel: it goes out at one place and appears at the next.

    Notes
    -----
    No layout of the base class is used: the page fills the window, and the window hides its header.
    """

    again = Signal()

    def __init__(self) -> None:
        super().__init__(10_000, "page_calibration")
        self.scroller.hide()
        self._line.hide()
        self._target: TargetView | None = None
        self._snapshot: FlowSnapshot | None = None
        self._gate = GateWords()
        self.gaze_simulated = False
        self.camera_notice = ""
        self.reduced_motion = False
        self.setAccessibleName(self.tr("Calibration"))
        self.setCursor(Qt.CursorShape.BlankCursor)

    def show_snapshot(self, snapshot: FlowSnapshot) -> None:
        self._snapshot = snapshot
        self.update()

    def set_target(self, target: TargetView | None) -> None:
        """Draw this target now; None for an empty page. To be called about 30 times a second."""
        self._target = target
        self._gate.note(target)
        words = self.words()
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
        self.update()

    def target_center(self) -> tuple[float, float] | None:
        """Centre of the shown target in screen px, for the scene."""
        return (self._target.x_px, self._target.y_px) if self._target is not None else None

    def words(self) -> str:
        """What the page says now: where one is, or why nothing goes on."""
        return self._gate.words() or point_words(self._target, self._texts())

    # ---- painting
    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.color("calib"))
        target = self._target
        center = to_widget(self, target.x_px, target.y_px) if target is not None else None
        hidden = (
            target is None or target.stage == "done" or (self.reduced_motion and target.stage == "travel")
        )
        if target is not None and center is not None and not hidden:
            self._paint_target(painter, center, target)
        self._paint_rim(painter, center)
        self._paint_words(painter, center)
        if target is not None and center is not None:
            self._paint_explanation(painter, center, target)
        painter.end()

    def dot_radius_px(self, target: TargetView) -> float:
        """Radius of the dot: wide on the way, small once the eyes have had time to arrive."""
        if target.stage == "travel":
            return _WIDE_PX
        settle_ms = self._snapshot.study.calibration.settle_ms if self._snapshot is not None else SHRINK_MS
        if target.stage != "settle" or settle_ms <= 0:
            return _SMALL_PX
        shrunk = min(1.0, target.stage_progress * settle_ms / min(SHRINK_MS, settle_ms))
        return _WIDE_PX + (_SMALL_PX - _WIDE_PX) * shrunk

    def _paint_target(self, painter: QPainter, center: QPointF, target: TargetView) -> None:
        theme = current_theme()
        side = 2 * RING_RADIUS_PX
        ring = QRectF(center.x() - RING_RADIUS_PX, center.y() - RING_RADIUS_PX, side, side)
        lost = self._gate.code == "no_face"
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(theme.color("border_strong" if lost else "border"), 5)
        if lost:
            pen.setDashPattern([1.5, 1.5])
        painter.setPen(pen)
        painter.drawEllipse(ring)
        if target.stage == "collect" and target.kind == "target":
            pen = QPen(theme.color("accent"), 5)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawArc(ring, 90 * 16, -round(360 * 16 * min(1.0, max(0.0, target.progress))))
        radius = self.dot_radius_px(target)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("border_strong" if lost else "accent"))
        painter.drawEllipse(center, radius, radius)
        painter.setBrush(theme.color("calib"))
        painter.drawEllipse(center, 6, 6)
        painter.setBrush(theme.color("text"))
        painter.drawEllipse(center, 2.5, 2.5)

    def _free(self, center: QPointF | None, box: QRectF) -> bool:
        """Whether a box is far enough from the target's ring."""
        if center is None:
            return True
        dx = max(box.left() - center.x(), 0.0, center.x() - box.right())
        dy = max(box.top() - center.y(), 0.0, center.y() - box.bottom())
        return math.hypot(dx, dy) >= KEEP_CLEAR_PX - RING_RADIUS_PX

    def _paint_rim(self, painter: QPainter, center: QPointF | None) -> None:
        theme = current_theme()
        font = theme.font(12)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        recording = self._snapshot is None or not self._snapshot.paused
        recorded = self.tr("Recording simulated gaze") if self.gaze_simulated else self.tr("Recording gaze")
        light = recorded if recording else self.tr("Paused")
        lost = recording and self.camera_notice not in ("", "back")
        if lost:
            light = camera_notice.notice_words(self.camera_notice)
        box = QRectF(24, 18, metrics.horizontalAdvance(light) + 24, metrics.height())
        if self._free(center, box):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(
                theme.color("warning" if lost else "recording" if recording else "border_strong")
            )
            painter.drawEllipse(QPointF(box.left() + 5, box.center().y()), 5, 5)
            painter.setPen(theme.color("text" if lost else "text_muted"))
            painter.drawText(box.adjusted(18, 0, 6, 0), Qt.AlignmentFlag.AlignVCenter, light)
        keys = self._keys_in_short()
        width = metrics.horizontalAdvance(keys)
        box = QRectF(self.width() - 24 - width, 18, width + 2, metrics.height())
        if self._free(center, box):
            painter.setPen(theme.color("text_muted"))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, keys)

    def _paint_words(self, painter: QPainter, center: QPointF | None) -> None:
        """Progress at the lower rim; what holds it up is said at the upper one when the target is near the lower."""
        theme = current_theme()
        urgent = self._gate.words()
        font = theme.font("reading" if urgent else "body", bold=bool(urgent))
        words, metrics = self.words(), QFontMetricsF(font)
        width = metrics.horizontalAdvance(words) + 8
        bottom = self.height() - 22 - metrics.height()
        box = QRectF((self.width() - width) / 2, bottom, width, metrics.height())
        room = self._free(center, box.adjusted(0, -24, 0, 0))
        if not room and not urgent:
            return
        if not room:
            box.moveTop(self.height() * 0.12)
        painter.setFont(font)
        painter.setPen(theme.color("text" if urgent else "text_muted"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        if room and self._target is not None:
            self._paint_dots(painter, self._target, box.top() - 14)

    def _paint_dots(self, painter: QPainter, target: TargetView, y: float) -> None:
        theme = current_theme()
        if target.n > _MANY_DOTS:
            return
        x = self.width() / 2 - (target.n - 1) * 11
        for number in range(target.n):
            done, now = number < target.index, number == target.index
            painter.setPen(QPen(theme.color("accent" if done or now else "border_strong"), 1.5))
            painter.setBrush(theme.color("accent") if done or now else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x + number * 22, y), 6 if now else 4, 6 if now else 4)

    def _paint_explanation(self, painter: QPainter, center: QPointF, target: TargetView) -> None:
        """Head and text beside the first point, until its frames are collected."""
        lines = explanation(target, self._texts())
        if lines is None:
            return
        theme = current_theme()
        widest = min(float(theme.px(EXPLANATION_PX)), self.width() - 48.0)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        fonts = (theme.font("title", bold=True), theme.font("reading"))
        boxes = [
            QFontMetricsF(font).boundingRect(QRectF(0, 0, widest, 1000), int(flags), words)
            for font, words in zip(fonts, lines, strict=True)
        ]
        away, gap = RING_RADIUS_PX + 24, 6.0
        height = sum(box.height() for box in boxes) + gap
        y = center.y() + away if center.y() < self.height() / 2 else center.y() - away - height
        x = min(max(24.0, center.x() - widest / 2), self.width() - 24.0 - widest)
        for words, font, box, token in zip(lines, fonts, boxes, ("text", "text_muted"), strict=True):
            painter.setFont(font)
            painter.setPen(theme.color(token))
            painter.drawText(QRectF(x, y, widest, box.height()), int(flags), words)
            y += box.height() + gap

    def _texts(self) -> Texts | None:
        return self._snapshot.study.texts if self._snapshot is not None else None

    # ---- keys
    def _on_drift_check(self) -> bool:
        return self._snapshot is not None and self._snapshot.page == "drift_check"

    def _can_repeat(self) -> bool:
        return self._target is not None and self._target.stage != "done" and self._target.kind == "target"

    def _keys_in_short(self) -> str:
        if self._on_drift_check():
            return self.tr("Space again   S go on without   F9 pause   Esc stop")
        if self._target is not None and is_lead_in(self._target):
            return self.tr("Space start   F9 pause   Esc stop")
        if self._can_repeat():
            return self.tr("Space again   F9 pause   Esc stop")
        return self.tr("F9 pause   Esc stop")

    def focus_first(self) -> None:
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keys(self) -> list[tuple[str, str]]:
        own = [("F9", self.tr("pause")), ("Esc", self.tr("stop: asks first, and keeps what was measured"))]
        own.insert(0, (self.tr("Space"), self.tr("this point again, if you were not ready")))
        if self._on_drift_check():
            own.insert(1, ("S", self.tr("go on without this check")))
        return own

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.command.emit("pause", ())
        elif event.key() == Qt.Key.Key_Space and not event.isAutoRepeat() and self._can_repeat():
            self.again.emit()
        elif event.key() == Qt.Key.Key_S and self._on_drift_check():
            self.command.emit("skip_drift", ())
        else:
            event.ignore()
