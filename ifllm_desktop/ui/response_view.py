"""Shows one answer, Markdown as it streams in, and says where each word stands.

The text is untrusted: it is drawn, never interpreted as HTML; images are their description, nothing is
loaded, and a link is only reported (:attr:`ResponseView.link_activated`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QMoveEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from ifllm_desktop.domain.layout import LayoutEpoch, TextLayout, WordBox, source_sha256
from ifllm_desktop.domain.space import Rect
from ifllm_desktop.ui.fonts import reading_fonts
from ifllm_desktop.ui.layout_painter import ResponseColors, head_rows, paint_surroundings
from ifllm_desktop.ui.markdown_document import MarkdownDocument
from ifllm_desktop.ui.response_layout import ResponseFlow, paint_end_bar
from ifllm_desktop.ui.screen_place import screen_corner
from ifllm_desktop.ui.shaped_block import Metrics
from ifllm_desktop.ui.text_selection import Place, TextSelection, link_at, place_at, selection_of

MARGIN_PX = 24
TOP_MARGIN_PX = 12
BAR_PX = 16

_LONE_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


class ResponseView(QAbstractScrollArea):
    """One answer with its own vertical scrolling.

    Parameters
    ----------
    response_id : str
    text_size_px : float
        16 is 100 %; everything grows with it.

    Signals
    -------
    laid_out : LayoutDelta
        A new epoch: something about the geometry changed.
    scrolled : float, float
        Offset and greatest offset, px.
    selected : int, int
        Code points of the source that the selection covers; (0, 0) when it was lifted.
    link_activated : str
        A link was clicked; nothing was opened.
    """

    laid_out = Signal(object)
    scrolled = Signal(float, float)
    selected = Signal(int, int)
    link_activated = Signal(str)

    def __init__(
        self,
        response_id: str,
        *,
        text_size_px: float = 16,
        colors: ResponseColors | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.response_id = response_id
        self._colors = colors or ResponseColors()
        self._fonts = reading_fonts()
        self._document = MarkdownDocument()
        self._complete = False
        self._sha256 = source_sha256("")
        self._flow = ResponseFlow(Metrics(text_size_px), self._fonts, QColor(self._colors.accent))
        self._screen_rect: Rect | None = None
        self._snapshot: TextLayout | None = None
        self._announced = False
        self._selection = TextSelection()
        self._marks: tuple[tuple[int, int, QColor], ...] = ()
        self._watched: QWidget | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self.viewport().setMouseTracking(True)
        bar = self.verticalScrollBar()
        bar.setSingleStep(self._flow.metrics.px(24))
        bar.valueChanged.connect(self._on_scroll)
        bar.rangeChanged.connect(self._on_scroll)

    # ---- text ---------------------------------------------------------------------------------------------
    @property
    def source(self) -> str:
        """The source that is shown; lone surrogates, which no file can hold, stand as U+FFFD."""
        return self._document.source

    @property
    def is_complete(self) -> bool:
        """Whether the text was said to be whole."""
        return self._complete

    def set_source(self, markdown: str, complete: bool) -> None:
        """Show a text; what is being read stays where it is.

        Parameters
        ----------
        markdown : str
            All of the text until now.
        complete : bool
            Whether no more will come; a bar shows the end of the text until then.
        """
        source = markdown if markdown.isascii() else markdown.translate(_LONE_SURROGATES)
        if source == self._document.source and complete == self._complete and self._snapshot is not None:
            return
        self._complete = complete
        self._document.set_source(source, complete=complete)
        self._sha256 = source_sha256(source)
        if complete:
            self.setAccessibleDescription(self.plain_text())
        self._lay_out()

    def plain_text(self) -> str:
        """What is drawn, block by block."""
        return "\n".join(block.drawn.text for block in self._document.blocks)

    def set_text_size(self, text_size_px: float) -> None:
        """Another text size: a new epoch."""
        self._flow = ResponseFlow(Metrics(text_size_px), self._fonts, QColor(self._colors.accent))
        self.verticalScrollBar().setSingleStep(self._flow.metrics.px(24))
        self._lay_out()

    def set_colors(self, colors: ResponseColors) -> None:
        """Another theme; the geometry stays."""
        self._colors = colors
        self._flow = ResponseFlow(self._flow.metrics, self._fonts, QColor(colors.accent))
        self._lay_out()

    # ---- geometry -----------------------------------------------------------------------------------------
    def layout_snapshot(self) -> TextLayout:
        """The present epoch."""
        if self._snapshot is None:
            # Who asks knows it by that: it is not announced beside.
            self._lay_out(announce=False)
        assert self._snapshot is not None
        return self._snapshot

    def set_screen_rect(self, rect: Rect | None) -> None:
        """Say where the viewport stands on the screen, for a view that is on none; None asks the window."""
        self._screen_rect = rect
        if rect is not None:
            self.resize(round(rect.w_px), round(rect.h_px))
        self._lay_out()

    def refresh_viewport(self) -> None:
        """Make a new epoch when the view stands elsewhere on the screen than in the last one."""
        if self._snapshot is not None:
            self._publish()

    @property
    def scroll_px(self) -> float:
        """How far the answer is scrolled down."""
        return float(self.verticalScrollBar().value())

    def set_scroll_px(self, scroll_px: float) -> None:
        """Scroll, within the range."""
        self.verticalScrollBar().setValue(round(scroll_px))

    @property
    def max_scroll_px(self) -> float:
        """Greatest scroll offset; 0 when all of the answer is visible."""
        return float(self.verticalScrollBar().maximum())

    def _lay_out(self, *, announce: bool = True) -> None:
        # A view that was never shown has no viewport of its size yet; what it was told counts.
        given = self._screen_rect
        width = round(given.w_px) if given else self.width()
        height = round(given.h_px) if given else self.viewport().height()
        # The width does not depend on whether a scroll bar is there: lines must not jump when it appears.
        read = self._first_word_in_view()
        self._flow.lay_out(self._document.blocks, width - MARGIN_PX - BAR_PX, MARGIN_PX, TOP_MARGIN_PX)
        bar = self.verticalScrollBar()
        bar.setPageStep(height)
        bar.setRange(0, max(0, math.ceil(self._flow.height_px) - height))
        if read is not None:
            self._keep_in_place(read)
        self._publish(announce=announce)
        self.viewport().update()

    def _first_word_in_view(self) -> WordBox | None:
        """The first word that is not scrolled out; None while nothing is."""
        scroll_px = self.scroll_px
        if scroll_px <= 0 or self._snapshot is None:
            return None
        in_view = (b for b in self._snapshot.blocks if b.rect.bottom_px > scroll_px)
        return next((word for block in in_view for word in block.words if word.rect.y_px >= scroll_px), None)

    def _keep_in_place(self, word: WordBox) -> None:
        """Scroll so that a word stands where it stood, if the text above it has changed."""
        behind = (p.layout for p in self._flow.placed if p.layout.src_end > word.src_start)
        now = next((w for block in behind for w in block.words if w.src_end > word.src_start), None)
        if now is not None and now.rect.y_px != word.rect.y_px:
            self.set_scroll_px(self.scroll_px + now.rect.y_px - word.rect.y_px)

    def _viewport_rect(self) -> Rect:
        if self._screen_rect is not None:
            return self._screen_rect
        corner = screen_corner(self.viewport())
        return Rect(corner.x(), corner.y(), self.viewport().width(), self.viewport().height())

    def _publish(self, *, announce: bool = True) -> None:
        """Make the next epoch and announce it, when anything differs from the last one.

        The first that is announced lists every block.
        """
        last = self._snapshot
        blocks = tuple(placed.layout for placed in self._flow.placed)
        head = LayoutEpoch(
            response_id=self.response_id,
            epoch=last.head.epoch if last else 0,
            viewport=self._viewport_rect(),
            device_pixel_ratio=self.devicePixelRatioF(),
            n_blocks=len(blocks),
            n_source=len(self._document.source),
            source_sha256=self._sha256,
            font_family=self._fonts.family,
            mono_family=self._fonts.mono_family,
            height_px=self._flow.height_px,
            missing_glyphs="".join(dict.fromkeys("".join(p.shaped.missing for p in self._flow.placed))),
        )
        layout = TextLayout(head, blocks)
        if layout == last:
            return
        self._snapshot = layout = layout if last is None else TextLayout(_next(head), blocks)
        known, self._announced = (last if self._announced else None), announce
        if announce:
            self.laid_out.emit(layout.delta_from(known))

    # ---- events -------------------------------------------------------------------------------------------
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines are broken for the new width."""
        super().resizeEvent(event)
        self._lay_out()

    def showEvent(self, event: QShowEvent) -> None:
        """From now on the window tells where the view stands."""
        super().showEvent(event)
        window = self.window()
        if self._watched is not window:
            if self._watched is not None:
                self._watched.removeEventFilter(self)
            self._watched = window
            window.installEventFilter(self)
        self.refresh_viewport()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A window that moved, or came to a screen with other pixels, is a new epoch."""
        if watched is self._watched and event.type() in (
            QEvent.Type.Move,
            QEvent.Type.LayoutRequest,
            QEvent.Type.DevicePixelRatioChange,
        ):
            self.refresh_viewport()
        return super().eventFilter(watched, event)

    def moveEvent(self, event: QMoveEvent) -> None:
        """Moved within its window."""
        super().moveEvent(event)
        self.refresh_viewport()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Scrolling only draws anew: positions in the text do not change."""
        self.viewport().update()

    def _on_scroll(self) -> None:
        self.scrolled.emit(self.scroll_px, self.max_scroll_px)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Surroundings, selection, text, end bar."""
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), QColor(self._colors.surface))
        painter.translate(0, -self.scroll_px)
        top_px = event.rect().top() + self.scroll_px
        bottom_px = event.rect().bottom() + self.scroll_px
        seen = [
            placed for placed in self._flow.placed
            if placed.layout.rect.bottom_px >= top_px - 2 and placed.layout.rect.y_px <= bottom_px + 2
        ]  # fmt: skip
        layouts = [placed.layout for placed in seen]
        heads = head_rows([placed.layout for placed in self._flow.placed])
        paint_surroundings(painter, layouts, self._colors, self._fonts, heads=heads)
        clip = QRectF(0, top_px, self.width(), bottom_px - top_px + 1)
        marks = ((selection_of(self._flow.placed, start, end), color) for start, end, color in self._marks)
        drawn = [*marks, (self._selection, QColor(self._colors.selection))]
        grounds = [one.ranges_by_block(self._flow.placed, ground) for one, ground in drawn]
        for placed in seen:
            painter.setPen(QColor(self._colors.text))
            origin = QPointF(placed.x_px, placed.y_px)
            ranges = [one for ground in grounds for one in ground.get(placed.layout.index, [])]
            placed.shaped.layout.draw(painter, origin, ranges, clip)
        if not self._complete and self._flow.placed:
            paint_end_bar(painter, self._flow.placed[-1], QColor(self._colors.accent))
        painter.end()

    # ---- selection ----------------------------------------------------------------------------------------
    def selection(self) -> tuple[int, int]:
        """Code points of the source that are selected, half open; (0, 0) without a selection."""
        return self._selection.source_range(self._flow.placed)

    def select_source(self, start: int, end: int) -> None:
        """Select code points of the source, as a pointer would, and bring them into view."""
        wanted = selection_of(self._flow.placed, start, end)
        self._select(wanted.anchor, wanted.cursor)
        if wanted.anchor is not None:
            rect = self._flow.placed[wanted.anchor[0]].layout.rect
            if not self.scroll_px <= rect.y_px <= self.scroll_px + self.viewport().height() * 0.8:
                self.set_scroll_px(rect.y_px - self.viewport().height() * 0.2)

    def set_marks(self, marks: Sequence[tuple[int, int, QColor]]) -> None:
        """Paint these ranges of the source (code points, half open) on grounds of their own."""
        self._marks = tuple(marks)
        self.viewport().update()

    def selected_text(self) -> str:
        """What is selected, as drawn."""
        return self._selection.text(self._flow.placed)

    def copy(self) -> None:
        """Put what is selected on the clipboard."""
        text = self.selected_text()
        if text:
            QGuiApplication.clipboard().setText(text)

    def select_all(self) -> None:
        """Select the whole answer."""
        if self._flow.placed:
            last = len(self._flow.placed) - 1
            self._select((0, 0), (last, len(self._flow.placed[last].shaped.block.drawn.text)))

    def _select(self, anchor: Place | None, cursor: Place | None) -> None:
        before = self.selection()
        self._selection = TextSelection(anchor, cursor)
        after = self.selection()
        if after != before:
            self.selected.emit(*after)
        self.viewport().update()

    def _place_at(self, point: QPointF) -> Place | None:
        return place_at(self._flow.placed, point.x(), point.y() + self.scroll_px)

    def _link_at(self, point: QPointF) -> str:
        return link_at(self._flow.placed, point.x(), point.y() + self.scroll_px)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start a selection."""
        if event.button() == Qt.MouseButton.LeftButton:
            place = self._place_at(event.position())
            self._select(place, place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Extend the selection; show what can be clicked."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            if self._selection.anchor is not None:
                self._select(self._selection.anchor, self._place_at(event.position()))
            return
        over_link = bool(self._link_at(event.position()))
        shape = Qt.CursorShape.PointingHandCursor if over_link else Qt.CursorShape.IBeamCursor
        if self.viewport().cursor().shape() != shape:
            self.viewport().setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a link, without a selection, reports it."""
        if event.button() == Qt.MouseButton.LeftButton and self._selection.is_empty:
            href = self._link_at(event.position())
            if href:
                self.link_activated.emit(href)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy and select all; the rest scrolls."""
        bar = self.verticalScrollBar()
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif event.key() == Qt.Key.Key_Home:
            bar.setValue(bar.minimum())
        elif event.key() == Qt.Key.Key_End:
            bar.setValue(bar.maximum())
        else:
            super().keyPressEvent(event)


def _next(head: LayoutEpoch) -> LayoutEpoch:
    values = {name: getattr(head, name) for name in LayoutEpoch.__slots__}
    return LayoutEpoch(**{**values, "epoch": head.epoch + 1})
