"""The participant's screen at a moment: answers at their recorded places, with layers over them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ifllm_desktop.annotate.scheme import DEFAULT_SCHEME, LabelScheme
from ifllm_desktop.domain.labels import Annotation
from ifllm_desktop.domain.scene import ShownResponse
from ifllm_desktop.replay.timeline import ReplayState, Timeline
from ifllm_desktop.ui import stage_marks as marks
from ifllm_desktop.ui.fonts import reading_fonts
from ifllm_desktop.ui.layout_painter import ResponseColors, paint_layout
from ifllm_desktop.ui.stage_screen import content_rect, paint_screen
from ifllm_desktop.ui.theme import LabelColor, Theme, current_theme

LAYERS = ("gaze", "uncertainty", "pointer", "areas", "labels")
MARGIN_PX = 12
ZOOM_STEP = 1.2
MAX_SCALE = 3.0


@dataclass(frozen=True, slots=True)
class TextRange:
    """Chosen code points of an answer's source text, half open."""

    response_id: str
    start: int
    end: int


def reading_colors(theme: Theme) -> ResponseColors:
    """Colours of an answer in a theme."""
    names = {"muted": "text_muted", "selection": "accent_soft"}
    return ResponseColors(**{f.name: theme.hex(names.get(f.name, f.name)) for f in fields(ResponseColors)})


class StageView(QWidget):
    """Shows one :class:`ReplayState`, true to scale.

    The text and what stands under it are kept in a picture that is drawn anew only when they change; gaze,
    pointer and selection are drawn over it at each paint.

    Attributes
    ----------
    range_changed : Signal(object)
        :class:`TextRange` that was chosen by dragging, or None.
    label_clicked : Signal(str)
        Annotation id of a span that was clicked.
    zoom_changed : Signal(float)
        Screen px of the participant to px of this widget.
    """

    range_changed = Signal(object)
    label_clicked = Signal(str)
    zoom_changed = Signal(float)

    def __init__(self, scheme: LabelScheme = DEFAULT_SCHEME) -> None:
        super().__init__()
        self.setObjectName("replay_stage")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self._scheme = scheme
        self._timeline: Timeline | None = None
        self._state: ReplayState | None = None
        self._layers = {name: name != "areas" for name in LAYERS}
        self._labels: tuple[Annotation, ...] = ()
        self._selected_label = ""
        self._range: TextRange | None = None
        self._anchor: tuple[str, int, int] | None = None
        self._press: QPointF | None = None
        self._dragged = False
        self._whole_screen = False
        self._zoom: tuple[float, QPointF] | None = None  # own scale and origin, instead of fitting
        self._picture = QPixmap()
        self._picture_key: object = None
        self._held: tuple[ShownResponse, ...] = ()
        self._content = QRectF()

    def sizeHint(self) -> QSize:
        return QSize(960, 540)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 180)

    # ---- what is shown
    def set_timeline(self, timeline: Timeline | None) -> None:
        """Show another session."""
        self._timeline, self._state, self._labels = timeline, None, ()
        self._content, self._zoom, self._range = QRectF(), None, None
        self.update()

    def set_state(self, state: ReplayState) -> None:
        """Show another moment."""
        if state.turn != (self._state.turn if self._state else None):
            self._content = QRectF()
            self.set_range(None)
        self._state = state
        # grows while answers arrive and areas open, never shrinks within a turn: the text must not jump
        self._content = self._content.united(content_rect(state))
        self.update()

    def set_labels(self, labels: Iterable[Annotation], selected: str = "") -> None:
        """Show these spans; ``selected`` is an annotation id."""
        self._labels = tuple(a for a in labels if a.tier == "span")
        self._selected_label = selected
        self.update()

    def set_layer(self, name: str, on: bool) -> None:
        """Show or hide one of :data:`LAYERS`."""
        self._layers[name] = on
        self.update()

    def layer(self, name: str) -> bool:
        """Whether a layer is shown."""
        return self._layers[name]

    @property
    def range(self) -> TextRange | None:
        """The chosen words."""
        return self._range

    def set_range(self, chosen: TextRange | None) -> None:
        """Choose words, or none."""
        if chosen != self._range:
            self._range = chosen
            self.range_changed.emit(chosen)
            self.update()

    # ---- scale
    @property
    def whole_screen(self) -> bool:
        """Whether all of the participant's screen is fitted, or only the part to read."""
        return self._whole_screen

    def set_whole_screen(self, whole: bool) -> None:
        """Fit all of the screen, or the part with answers and question."""
        self._whole_screen, self._zoom = whole, None
        self.update()
        self.zoom_changed.emit(self.transform_px()[0])

    def transform_px(self) -> tuple[float, QPointF]:
        """Scale, and where the screen's origin stands in this widget: ``widget = origin + scale · screen``."""
        if self._zoom is not None:
            return self._zoom
        shown = self._shown_rect()
        room = QRectF(self.rect()).adjusted(MARGIN_PX, MARGIN_PX, -MARGIN_PX, -MARGIN_PX)
        scale = min(room.width() / shown.width(), room.height() / shown.height(), MAX_SCALE)
        scale = max(scale, 0.05)
        return scale, room.center() - shown.center() * scale

    def _shown_rect(self) -> QRectF:
        screen = self._state.screen_px if self._state else (1440.0, 900.0)
        whole = QRectF(0, 0, *screen)
        if self._whole_screen or self._content.isEmpty():
            return whole
        return self._content.adjusted(-12, -12, 12, 12) & whole

    def to_screen_px(self, place: QPointF) -> tuple[float, float]:
        """Participant's screen px of a place in this widget."""
        scale, origin = self.transform_px()
        point = (place - origin) / scale
        return point.x(), point.y()

    def to_widget(self, x_px: float, y_px: float) -> QPointF:
        """The inverse of :meth:`to_screen_px`."""
        scale, origin = self.transform_px()
        return QPointF(x_px, y_px) * scale + origin

    # ---- painting
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = current_theme()
        painter.fillRect(self.rect(), theme.color("sunken"))
        if self._timeline is not None and self._state is not None:
            self._paint_picture(painter, self._timeline, self._state, theme)
            self._paint_over(painter, self._timeline, self._state, theme)
        painter.end()

    def _paint_picture(self, painter: QPainter, timeline: Timeline, state: ReplayState, theme: Theme) -> None:
        ratio = self.devicePixelRatioF()
        scale, origin = self.transform_px()
        shown = tuple((id(r.layout), r.scroll_px, r.complete) for r in state.responses)
        ballot = (tuple(state.ratings.items()), state.choice, state.aois, state.turn, state.page)
        key = (scale, origin.toTuple(), self.size().toTuple(), ratio, theme, shown, ballot, self._labels,
               self._layers["labels"], self._selected_label)  # fmt: skip
        if key != self._picture_key:
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(theme.color("sunken"))
            under = QPainter(self._picture)
            under.setRenderHint(QPainter.RenderHint.Antialiasing)
            under.translate(origin)
            under.scale(scale, scale)
            paint_screen(under, state, theme, scale)
            for response in state.responses:
                self._paint_response(under, response, theme)
            under.end()
            self._picture_key = key
            self._held = state.responses  # keeps the ids in the key from being used again
        painter.drawPixmap(0, 0, self._picture)

    def _paint_response(self, painter: QPainter, response: ShownResponse, theme: Theme) -> None:
        view = response.layout.head.viewport
        painter.save()
        painter.translate(view.x_px, view.y_px)
        if self._layers["labels"]:
            painter.save()
            painter.setClipRect(QRectF(-6, -10, view.w_px + 12, view.h_px + 10))
            painter.translate(0, -response.scroll_px)
            self._paint_labels(painter, response, theme, keys=False)
            painter.restore()
        paint_layout(painter, response.layout, response.scroll_px, reading_colors(theme), reading_fonts())
        if self._layers["labels"]:
            painter.setClipRect(QRectF(-6, -10, view.w_px + 12, view.h_px + 10))
            painter.translate(0, -response.scroll_px)
            self._paint_labels(painter, response, theme, keys=True)
        painter.restore()

    def _paint_labels(self, painter: QPainter, response: ShownResponse, theme: Theme, *, keys: bool) -> None:
        for span in self._labels:
            label = self._scheme.label(span.label)
            if span.response_id != response.response_id:
                continue
            color = self._color(label.color if label else len(theme.labels) - 1, theme)
            boxes = marks.word_lines(response.layout, span.start, span.end)
            if not keys:
                marks.paint_range(painter, boxes, color)
            elif boxes:
                marks.paint_key(painter, boxes[0], label.key if label else "?", color, theme)
                if span.annotation_id == self._selected_label:
                    painter.setPen(QPen(theme.color("focus"), 2))
                    painter.setBrush(Qt.BrushStyle.NoBrush)
                    for box in boxes:
                        painter.drawRect(box.adjusted(-2, 0, 2, 0))

    def _color(self, index: int, theme: Theme) -> LabelColor:
        return theme.labels[index % len(theme.labels)]

    def _paint_over(self, painter: QPainter, timeline: Timeline, state: ReplayState, theme: Theme) -> None:
        scale, origin = self.transform_px()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        corner, far = self.to_widget(0, 0), self.to_widget(*state.screen_px)
        painter.setClipRect(QRectF(corner, far))
        painter.translate(origin)
        painter.scale(scale, scale)
        if self._layers["areas"]:
            marks.paint_areas(painter, state, theme)
        self._paint_chosen(painter, state, theme)
        if self._layers["pointer"]:
            marks.paint_pointer(painter, timeline, state, theme)
        if self._layers["uncertainty"] and state.gaze is not None:
            marks.paint_uncertainty(painter, state.gaze, theme)
        if self._layers["gaze"]:
            marks.paint_gaze(painter, timeline, state.t_ns, state.gaze, theme)
        painter.restore()
        if self._layers["gaze"] and state.gaze is not None:
            self._paint_outside(
                painter, self.to_widget(state.gaze.x_px, state.gaze.y_px), theme.color("gaze")
            )
        if self._layers["pointer"] and state.pointer is not None:
            place = self.to_widget(state.pointer.x_px, state.pointer.y_px)
            self._paint_outside(painter, place, theme.color("pointer"))
        self._paint_caption(painter, state, theme, scale)

    def _paint_outside(self, painter: QPainter, place: QPointF, color: QColor) -> None:
        """A half disc at the edge for what is outside of the part that is shown."""
        if QRectF(self.rect()).contains(place):
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        x = min(max(place.x(), 0.0), float(self.width()))
        y = min(max(place.y(), 0.0), float(self.height()))
        painter.drawEllipse(QPointF(x, y), 9.0, 9.0)

    def _paint_chosen(self, painter: QPainter, state: ReplayState, theme: Theme) -> None:
        chosen = self._range
        response = next((r for r in state.responses if chosen and r.response_id == chosen.response_id), None)
        if chosen is None or response is None:
            return
        view = response.layout.head.viewport
        painter.save()
        painter.setClipRect(marks.qrect(view).adjusted(-8, 0, 8, 0), Qt.ClipOperation.IntersectClip)
        painter.translate(view.x_px, view.y_px - response.scroll_px)
        boxes = marks.word_lines(response.layout, chosen.start, chosen.end)
        marks.paint_selection(painter, boxes, theme)
        painter.restore()

    def _paint_caption(self, painter: QPainter, state: ReplayState, theme: Theme, scale: float) -> None:
        words = [self.tr("{percent} % of the screen").format(percent=round(100 * scale))]
        if state.paused:
            words.append(self.tr("recording paused"))
        elif state.loss is not None:
            words.append(self.tr("no gaze: {reason}").format(reason=state.loss.name.replace("_", " ")))
        text = " · ".join(words)
        painter.setFont(theme.font(12))
        width = painter.fontMetrics().horizontalAdvance(text) + 16
        box = QRectF(self.width() - width - 8, self.height() - 26, width, 20)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("warning_soft" if len(words) > 1 else "raised"))
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(theme.color("warning" if len(words) > 1 else "text_muted"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    # ---- choosing words, moving, zooming
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._press, self._dragged = event.position(), False
        if event.button() != Qt.MouseButton.LeftButton or self._state is None:
            return
        found = self._word_at(event.position(), self._answer_at(event.position()))
        self._anchor = (found[0].response_id, found[1], found[2]) if found else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            over = self._word_at(event.position()) is not None
            self.setCursor(Qt.CursorShape.IBeamCursor if over else Qt.CursorShape.ArrowCursor)
            return
        moved = event.position() - self._press
        if not self._dragged and moved.manhattanLength() < 3:
            return
        self._dragged = True
        if event.buttons() & Qt.MouseButton.MiddleButton:
            scale, origin = self.transform_px()
            self._zoom = (scale, origin + moved)
            self._press = event.position()
            self.update()
        elif self._anchor is not None:
            self._extend(event.position(), *self._anchor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self._dragged and self._press is not None:
            self._click(event.position())
        self._press, self._anchor = None, None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self._word_at(event.position())
        if found is not None:
            self.set_range(TextRange(found[0].response_id, found[1], found[2]))
        self._dragged = True  # the release that follows is no click

    def wheelEvent(self, event: QWheelEvent) -> None:
        scale, origin = self.transform_px()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            factor = ZOOM_STEP if event.angleDelta().y() > 0 else 1 / ZOOM_STEP
            new = min(max(scale * factor, 0.1), MAX_SCALE)
            place = event.position()
            self._zoom = (new, place - (place - origin) * (new / scale))
            self.zoom_changed.emit(new)
        elif self._zoom is not None:
            delta = event.angleDelta()
            self._zoom = (scale, origin + QPointF(delta.x(), delta.y()) / 2)
        else:
            event.ignore()
            return
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.zoom_changed.emit(self.transform_px()[0])

    def _answer_at(self, place: QPointF) -> str:
        """The answer under a point: a selection may begin between its words, at the nearest one."""
        x_px, y_px = self.to_screen_px(place)
        shown = self._state.responses if self._state else ()
        return next((r.response_id for r in shown if r.layout.head.viewport.contains(x_px, y_px)), "")

    def _word_at(self, place: QPointF, response_id: str = "") -> tuple[ShownResponse, int, int] | None:
        x_px, y_px = self.to_screen_px(place)
        for response in self._state.responses if self._state else ():
            if response_id and response.response_id != response_id:
                continue
            word = marks.word_at(response, x_px, y_px, nearest=bool(response_id))
            if word is not None:
                return response, word.src_start, word.src_end
        return None

    def _extend(self, place: QPointF, response_id: str, start: int, end: int) -> None:
        found = self._word_at(place, response_id)
        if found is not None:
            self.set_range(TextRange(response_id, min(start, found[1]), max(end, found[2])))

    def _click(self, place: QPointF) -> None:
        found = self._word_at(place)
        self.set_range(None)
        if found is None or not self._layers["labels"]:
            return
        response, start, end = found
        # the shortest label is the one that could not be clicked elsewhere
        hits = [a for a in self._labels
                if a.response_id == response.response_id and a.start < end and a.end > start]  # fmt: skip
        if hits:
            self.label_clicked.emit(min(hits, key=lambda a: a.end - a.start).annotation_id)
