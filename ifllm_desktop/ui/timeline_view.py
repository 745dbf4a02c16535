"""The timeline of a session: scrub, zoom, choose a stretch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ifllm_desktop.annotate.scheme import DEFAULT_SCHEME, LabelScheme
from ifllm_desktop.domain.labels import Annotation
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.replay.timeline import Timeline
from ifllm_desktop.replay.tracks import Interval
from ifllm_desktop.ui.theme import Theme, current_theme
from ifllm_desktop.ui.timeline_rows import Axis, RowPainter, clock_text, state_word

LEFT_PX = 112
RIGHT_PX = 12
MIN_VIEW_NS = NS_PER_S
ZOOM_STEP = 1.25
# name, height at 100 % text size; the first goes when there is little room
ROWS = (("overview", 20), ("ruler", 24), ("state", 20), ("gaze_x", 30), ("gaze_y", 30), ("pointer_x", 24),
        ("scroll", 20), ("loss", 14), ("events", 20), ("episodes", 24))  # fmt: skip


class TimelineView(QWidget):
    """Paints all rows into a picture per zoom; playhead and chosen stretch are drawn over it.

    Attributes
    ----------
    seeked : Signal(object)
        Session time in ns that was clicked or dragged to.
    selection_changed : Signal(object)
        ``(t0_ns, t1_ns)`` or None.
    label_clicked : Signal(str)
        Annotation id of an episode.
    view_changed : Signal(object)
        ``(t0_ns, t1_ns)`` that is in view.
    """

    seeked = Signal(object)
    selection_changed = Signal(object)
    label_clicked = Signal(str)
    view_changed = Signal(object)

    def __init__(self, scheme: LabelScheme = DEFAULT_SCHEME) -> None:
        super().__init__()
        self.setObjectName("replay_timeline")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self._scheme = scheme
        self._timeline: Timeline | None = None
        self._view = (0.0, float(NS_PER_S))
        self._t_ns = 0
        self._selection: tuple[int, int] | None = None
        self._labels: tuple[Annotation, ...] = ()
        self._selected_label = ""
        self._episode_places: list[tuple[QRectF, str]] = []
        self._picture = QPixmap()
        self._picture_key: object = None
        self._drag = ""
        self._select_from = 0
        self._compact = False
        self._mark_words = self._words()

    # ---- geometry
    def set_compact(self, compact: bool) -> None:
        """Leave out the overview strip."""
        if compact != self._compact:
            self._compact = compact
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(800, round(sum(height for _, height in self._rows())) + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(360, self.sizeHint().height())

    def _rows(self) -> list[tuple[str, float]]:
        theme = current_theme()
        return [(name, theme.px(h)) for name, h in ROWS if not (self._compact and name == "overview")]

    def row_box(self, name: str) -> QRectF:
        """Place of a row's tracks; empty where it is left out."""
        y = 0.0
        for row, height in self._rows():
            if row == name:
                return QRectF(self._left(), y, self.width() - self._left() - RIGHT_PX, height)
            y += height
        return QRectF()

    def _left(self) -> int:
        return current_theme().px(LEFT_PX)

    def axis(self) -> Axis:
        """Time to px of the tracks."""
        width = max(self.width() - self._left() - RIGHT_PX, 10)
        return Axis(self._view[0], self._view[1], self._left(), width)

    def _overview_axis(self) -> Axis:
        axis = self.axis()
        return Axis(0.0, float(self._duration_ns()), axis.left_px, axis.width_px)

    def _duration_ns(self) -> int:
        return max(self._timeline.duration_ns if self._timeline else 0, MIN_VIEW_NS)

    # ---- what is shown
    def set_timeline(self, timeline: Timeline | None) -> None:
        """Show another session, all of it."""
        self._timeline, self._labels, self._selection, self._t_ns = timeline, (), None, 0
        self._picture_key = None
        self.show_all()

    def set_position(self, t_ns: int, *, follow: bool = False) -> None:
        """Move the playhead; with ``follow`` the view turns a page when it leaves."""
        self._t_ns = t_ns
        t0, t1 = self._view
        if follow and not t0 <= t_ns < t1:
            self.set_view(t_ns - 0.05 * (t1 - t0), t_ns + 0.95 * (t1 - t0))
        self.update()

    def set_labels(self, labels: Iterable[Annotation], selected: str = "") -> None:
        """Show these episodes; ``selected`` is an annotation id."""
        self._labels, self._selected_label = tuple(labels), selected
        self.update()

    @property
    def selection(self) -> tuple[int, int] | None:
        """The chosen stretch, ns."""
        return self._selection

    def set_selection(self, selection: tuple[int, int] | None) -> None:
        """Choose a stretch; its ends may come in any order."""
        if selection is not None:
            start, end = sorted(min(max(t, 0), self._duration_ns()) for t in selection)
            selection = (start, end) if end > start else None
        if selection != self._selection:
            self._selection = selection
            self.selection_changed.emit(selection)
            self.update()

    def start_selection(self) -> None:
        """``[``: the chosen stretch begins at the playhead."""
        end = (
            self._selection[1] if self._selection and self._selection[1] > self._t_ns else self._duration_ns()
        )
        self.set_selection((self._t_ns, end))

    def end_selection(self) -> None:
        """``]``: the chosen stretch ends at the playhead."""
        start = self._selection[0] if self._selection and self._selection[0] < self._t_ns else 0
        self.set_selection((start, self._t_ns))

    # ---- zoom
    @property
    def view(self) -> tuple[float, float]:
        """What is in view, ns."""
        return self._view

    def set_view(self, t0_ns: float, t1_ns: float) -> None:
        """Bring a stretch into view; kept within the session and at least a second long."""
        length = min(max(t1_ns - t0_ns, MIN_VIEW_NS), self._duration_ns())
        start = min(max(t0_ns, 0.0), self._duration_ns() - length)
        self._view = (start, start + length)
        self.view_changed.emit(self._view)
        self.update()

    def show_all(self) -> None:
        """The whole session."""
        self.set_view(0.0, float(self._duration_ns()))

    def zoom(self, factor: float, around_ns: float | None = None) -> None:
        """Show ``1/factor`` of the time in view, the given moment (else the playhead) staying where it is."""
        t0, t1 = self._view
        fixed = self._t_ns if around_ns is None else around_ns
        fixed = min(max(fixed, t0), t1)
        length = min(max((t1 - t0) / factor, MIN_VIEW_NS), self._duration_ns())
        start = fixed - (fixed - t0) / (t1 - t0) * length
        self.set_view(start, start + length)

    # ---- painting
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = current_theme()
        if self._timeline is None:
            painter.fillRect(self.rect(), theme.color("surface"))
            painter.end()
            return
        self._draw_picture(self._timeline, theme)
        painter.drawPixmap(0, 0, self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_overview_frame(painter, theme)
        self._paint_selection(painter, theme)
        self._paint_playhead(painter, theme)
        painter.end()

    def _draw_picture(self, timeline: Timeline, theme: Theme) -> None:
        ratio = self.devicePixelRatioF()
        key = (timeline, self._view, self.size().toTuple(), ratio, theme, self._labels, self._selected_label)
        if key == self._picture_key:
            return
        self._picture_key = key
        self._picture = QPixmap(self.size() * ratio)
        self._picture.setDevicePixelRatio(ratio)
        self._picture.fill(theme.color("surface"))
        painter = QPainter(self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_heads(painter, timeline, theme)
        if not self._compact:
            RowPainter(painter, timeline, self._overview_axis(), theme).states(
                self.row_box("overview").adjusted(0, 3, 0, -3), words=False
            )
        rows = RowPainter(painter, timeline, self.axis(), theme)
        rows.ruler(self.row_box("ruler"))
        rows.states(self.row_box("state"))
        painter.setClipRect(QRectF(self._left(), 0, self.width() - self._left() - RIGHT_PX, self.height()))
        rows.gaze(self.row_box("gaze_x"), "x")
        rows.gaze(self.row_box("gaze_y"), "y")
        rows.pointer_x(self.row_box("pointer_x"))
        rows.scroll(self.row_box("scroll"))
        rows.losses(self.row_box("loss"))
        rows.marks(self.row_box("events"), self.mark_word)
        self._episode_places = rows.episodes(
            self.row_box("episodes"), self._labels, self._scheme, self._selected_label
        )
        painter.end()

    def _paint_heads(self, painter: QPainter, timeline: Timeline, theme: Theme) -> None:
        share = timeline.loss_share(*(int(t) for t in self._view))
        n_episodes = sum(a.tier == "episode" for a in self._labels)
        heads = {
            "overview": (self.tr("Whole session"), ""), "state": (self.tr("State"), ""),
            "gaze_x": (self.tr("Gaze x"), "px"), "gaze_y": (self.tr("Gaze y"), "px"),
            "pointer_x": (self.tr("Pointer x"), "px"), "scroll": (self.tr("Scroll"), "A — B - -"),
            "loss": (self.tr("Loss"), f"{100 * share:.1f} %" if len(timeline.gaze) else "–"),
            "events": (self.tr("Events"), ""), "episodes": (self.tr("Episodes"), str(n_episodes)),
        }  # fmt: skip
        painter.setFont(theme.font(12))
        for name, (text, unit) in heads.items():
            box = self.row_box(name)
            if box.isEmpty():
                continue
            place = QRectF(12, box.top(), self._left() - 20, box.height())
            painter.setPen(theme.color("text_muted" if name == "overview" else "text"))
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            painter.setPen(theme.color("text_muted"))
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, unit)
            painter.fillRect(QRectF(0, box.top(), self.width(), 1), theme.color("border"))

    def _words(self) -> dict[str, str]:
        return {
            "submit": self.tr("sent"), "rating_open": self.tr("ratings open"), "rating": self.tr("rated"),
            "complete": self.tr("complete"), "error": self.tr("failed"), "cut": self.tr("cut"),
            "cancelled": self.tr("stopped"), "length": self.tr("too long"), "click": self.tr("click"),
            "wheel": self.tr("wheel"), "select": self.tr("select"), "pause": self.tr("pause"),
            "resume": self.tr("resume"), "marker": self.tr("marker"), "vote_left": self.tr("vote A"),
            "vote_right": self.tr("vote B"), "vote_tie": self.tr("vote tie"),
            "vote_both_bad": self.tr("vote both bad"), "focus_in": self.tr("window in front"),
            "focus_out": self.tr("window left"),
        }  # fmt: skip

    def mark_word(self, name: str, response_id: str) -> str:
        """An event as a person reads it."""
        word = self._mark_words.get(name, name.replace("_", " "))
        side = self._side_of(response_id)
        return f"{word} {side}" if side else word

    def _side_of(self, target: str) -> str:
        if target.endswith(("_left", "_right")):
            return "A" if target.endswith("_left") else "B"
        found = self._timeline.response(target) if self._timeline and target else None
        return "" if found is None else "A" if found[1].side == "left" else "B"

    def _paint_overview_frame(self, painter: QPainter, theme: Theme) -> None:
        box = self.row_box("overview")
        if box.isEmpty():
            return
        axis = self._overview_axis()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("accent"), 2))
        x0, x1 = axis.x(self._view[0]), axis.x(self._view[1])
        painter.drawRoundedRect(QRectF(x0, box.top() + 2, max(x1 - x0, 4), box.height() - 4), 3, 3)
        x = axis.x(self._t_ns)
        painter.fillRect(QRectF(x - 1, box.top() + 1, 2, box.height() - 2), theme.color("recording"))

    def _paint_selection(self, painter: QPainter, theme: Theme) -> None:
        if self._selection is None:
            return
        axis = self.axis()
        left, right = axis.left_px, axis.left_px + axis.width_px
        x0, x1 = (min(max(axis.x(t), left), right) for t in self._selection)
        top = self.row_box("state").top()
        painter.fillRect(QRectF(x0, top, x1 - x0, self.height() - top), theme.color("accent", 0.12))
        painter.setPen(QPen(theme.color("accent"), 1.4, Qt.PenStyle.DashLine))
        for x, t_ns in zip((x0, x1), self._selection, strict=True):
            if self._view[0] <= t_ns <= self._view[1]:
                painter.drawLine(QPointF(x, top), QPointF(x, self.height()))

    def _paint_playhead(self, painter: QPainter, theme: Theme) -> None:
        axis = self.axis()
        if not self._view[0] <= self._t_ns <= self._view[1]:
            return
        x = axis.x(self._t_ns)
        ruler = self.row_box("ruler")
        color = QColor(theme.color("recording"))
        painter.fillRect(QRectF(x - 0.75, ruler.bottom() - 4, 1.5, self.height() - ruler.bottom() + 4), color)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        top = ruler.bottom() - 16
        head = [(-6, 0), (6, 0), (6, 7), (0, 13), (-6, 7)]
        painter.drawPolygon(QPolygonF([QPointF(x + dx, top + dy) for dx, dy in head]))

    # ---- pointer
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._timeline is None or event.button() != Qt.MouseButton.LeftButton:
            return
        place = event.position()
        hit = next((aid for box, aid in self._episode_places if box.contains(place)), None)
        if hit is not None:
            self.label_clicked.emit(hit)
            return
        self._drag = "overview" if self.row_box("overview").contains(place) else "seek"
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._drag == "seek":
            self._drag = "select"
            self._select_from = int(self.axis().t(place.x()))
        self._drag_to(place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag:
            self._drag_to(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = ""

    def _drag_to(self, place: QPointF) -> None:
        axis = self._overview_axis() if self._drag == "overview" else self.axis()
        t_ns = int(min(max(axis.t(place.x()), 0), self._duration_ns()))
        if self._drag == "select":
            self.set_selection((self._select_from, t_ns))
            return
        if self._drag == "overview":
            half = (self._view[1] - self._view[0]) / 2
            self.set_view(t_ns - half, t_ns + half)
        self.seeked.emit(t_ns)

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120 or event.angleDelta().x() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(ZOOM_STEP**steps, self.axis().t(event.position().x()))
        else:
            move = -steps * 0.1 * (self._view[1] - self._view[0])
            self.set_view(self._view[0] + move, self._view[1] + move)
        event.accept()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self._timeline is not None:
            text = self._tip(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def _tip(self, place: QPointF) -> str:
        assert self._timeline is not None
        t_ns = self.axis().t(place.x())
        if place.x() < self._left():
            return ""
        lines = [clock_text(t_ns, ms=True)]
        if self.row_box("state").contains(place):
            lines += [state_word(s.name) for s in self._timeline.states if s.t0_ns <= t_ns < s.t1_ns]
        if self.row_box("loss").contains(place):
            lines += [
                loss.name.replace("_", " ") for loss in self._losses() if loss.t0_ns <= t_ns < loss.t1_ns
            ]
        if self.row_box("events").contains(place):
            near_ns = 8 / self.axis().width_px * (self._view[1] - self._view[0])
            found = [m for m in self._timeline.marks if abs(m.t_ns - t_ns) <= near_ns]
            lines += [
                f"{clock_text(m.t_ns, ms=True)} {self.mark_word(m.name, m.response_id)}" for m in found[:6]
            ]
        return "\n".join(lines)

    def _losses(self) -> Sequence[Interval]:
        return (*self._timeline.losses, *self._timeline.pauses) if self._timeline else ()
