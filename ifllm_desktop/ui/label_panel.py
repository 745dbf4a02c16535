"""The right side of annotation: what can be labelled with which key, undo by name, and every label made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ifllm_desktop.annotate.scheme import Label, LabelScheme
from ifllm_desktop.domain.labels import Annotation
from ifllm_desktop.ui.model_index import Index
from ifllm_desktop.ui.theme import RADIUS_CONTROL_PX, current_theme
from ifllm_desktop.ui.widgets import frame, label, row
from ifllm_desktop.ui.widgets_button import Button


@dataclass(frozen=True, slots=True)
class LabelItem:
    """One row of the list of labels.

    Attributes
    ----------
    where : str
        ``A`` or ``B`` and code points, or the stretch of time.
    """

    annotation: Annotation
    title: str
    key: str
    color: int
    text: str
    where: str


def paint_key_cap(painter: QPainter, box: QRectF, key: str, color_index: int) -> None:
    """A filled square in a label's colour with its key."""
    theme = current_theme()
    color = theme.labels[color_index % len(theme.labels)]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color.solid))
    painter.drawRoundedRect(box, 4, 4)
    painter.setFont(theme.font(12, bold=True))
    painter.setPen(QColor(color.on))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, key)


class LabelRow(QAbstractButton):
    """One label of the scheme: key, title, how often it was given. A click gives it."""

    def __init__(self, item: Label) -> None:
        super().__init__()
        self.label = item
        self._count = 0
        self.setObjectName(f"label_{item.name}")
        self.setText(item.title)
        self.setAccessibleName(item.title)
        self.setToolTip(f"{item.title} ({item.key})\n{item.guideline}" if item.guideline else item.title)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_count(self, count: int) -> None:
        """How many labels of this kind the session has."""
        if count != self._count:
            self._count = count
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, current_theme().px(26))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isEnabled() and (self.underMouse() or self.isDown()):
            painter.fillRect(self.rect(), theme.color("accent_soft"))
        if self.hasFocus():
            painter.setPen(QPen(theme.color("focus"), 2))
            painter.drawRoundedRect(
                QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_CONTROL_PX, RADIUS_CONTROL_PX
            )
        side = theme.px(20)
        top = (self.height() - side) / 2
        paint_key_cap(painter, QRectF(12, top, side, side), self.label.key, self.label.color)
        painter.setFont(theme.font(14))
        painter.setPen(theme.color("text" if self.isEnabled() else "text_disabled"))
        room = QRectF(24 + side, 0, self.width() - side - 64, self.height())
        text = QFontMetricsF(painter.font()).elidedText(
            self.text(), Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
        painter.setPen(theme.color("text_muted"))
        painter.setFont(theme.font(12))
        count = QRectF(self.width() - 40, 0, 28, self.height())
        painter.drawText(count, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, str(self._count))
        painter.end()

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)


class _ItemDelegate(QStyledItemDelegate):
    """Key cap, quote or title, place."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, current_theme().px(30))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = current_theme()
        item: LabelItem = index.data(Qt.ItemDataRole.UserRole)
        box = QRectF(option.rect)
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, theme.color("accent_soft"))
            painter.fillRect(QRectF(box.left(), box.top(), 3, box.height()), theme.color("accent"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, theme.color("raised"))
        side = theme.px(18)
        paint_key_cap(painter, QRectF(12, box.center().y() - side / 2, side, side), item.key, item.color)
        painter.setFont(theme.font(12))
        metrics = QFontMetricsF(painter.font())
        place_width = metrics.horizontalAdvance(item.where)
        painter.setPen(theme.color("text_muted"))
        right = QRectF(box.right() - place_width - 10, box.top(), place_width, box.height())
        painter.drawText(right, Qt.AlignmentFlag.AlignVCenter, item.where)
        painter.setPen(theme.color("text"))
        left = QRectF(22 + side, box.top(), right.left() - side - 32, box.height())
        text = metrics.elidedText(item.text, Qt.TextElideMode.ElideRight, left.width())
        painter.drawText(left, Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


class LabelPanel(QWidget):
    """Labels of one session.

    Attributes
    ----------
    chosen : Signal(str)
        Name of a label that was clicked.
    picked : Signal(str)
        Annotation id that was chosen in the list.
    undo_wanted, redo_wanted, remove_wanted : Signal()
    """

    chosen = Signal(str)
    picked = Signal(str)
    undo_wanted = Signal()
    redo_wanted = Signal()
    remove_wanted = Signal()

    def __init__(self, scheme: LabelScheme) -> None:
        super().__init__()
        self.setObjectName("label_panel")
        self._rows: dict[str, LabelRow] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._span_hint = label(self.tr("select, then key"), "caption")
        self._episode_hint = label(self.tr("[ ] then key"), "caption")
        for title, hint, labels in (
            (self.tr("Text spans"), self._span_hint, scheme.spans),
            (self.tr("Episodes"), self._episode_hint, scheme.episodes),
        ):
            layout.addWidget(panel_head(title, hint))
            for item in labels:
                made = LabelRow(item)
                made.clicked.connect(lambda _=False, name=item.name: self.chosen.emit(name))
                self._rows[item.name] = made
                layout.addWidget(made)
            layout.addSpacing(6)
        self.undo = Button(self.tr("Undo"), icon="undo", key="Ctrl+Z", height_px=28, name="undo_label")
        self.redo = Button("", icon="redo", height_px=28, name="redo_label")
        for button, signal in ((self.undo, self.undo_wanted), (self.redo, self.redo_wanted)):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            button.setMinimumWidth(24)
            button.clicked.connect(signal)
        self._count = label("", "caption", name="label_count")
        layout.addWidget(panel_head(self.tr("Labels"), self._count))
        history = row(self.undo, self.redo, spacing=6, margins=(12, 8, 12, 4))
        history.setStretch(0, 1)
        self.redo.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.redo.setFixedWidth(current_theme().px(36))
        layout.addLayout(history)
        self._message = label("", "caption", wrap=True, name="label_message")
        self._message.setContentsMargins(12, 4, 12, 4)
        self._message.hide()
        layout.addWidget(self._message)
        self.list = _LabelList()
        self.list.currentRowChanged.connect(self._pick)
        self.list.remove_wanted.connect(self.remove_wanted)
        layout.addWidget(self.list, 1)
        layout.addStretch(0)
        self.show_items([], "", "", "")

    def show_items(self, items: Sequence[LabelItem], selected: str, undo: str, redo: str) -> None:
        """The labels there are, which is chosen, and what undo and redo would do (empty: nothing)."""
        counts: dict[str, int] = {}
        for item in items:
            counts[item.annotation.label] = counts.get(item.annotation.label, 0) + 1
        for name, made in self._rows.items():
            made.set_count(counts.get(name, 0))
        self.undo.setText(self.tr("Undo {what}").format(what=undo) if undo else self.tr("Undo"))
        redo_text = self.tr("Redo {what}").format(what=redo) if redo else self.tr("Redo")
        self.undo.setToolTip(f"{self.undo.text()} (Ctrl+Z)")
        self.redo.setToolTip(f"{redo_text} (Ctrl+Shift+Z)")
        self.redo.setAccessibleName(redo_text)
        self.undo.setEnabled(bool(undo))
        self.redo.setEnabled(bool(redo))
        blocked = self.list.blockSignals(True)
        self.list.clear()
        for number, item in enumerate(items):
            entry = QListWidgetItem(f"{item.title}: {item.text}")
            entry.setData(Qt.ItemDataRole.UserRole, item)
            entry.setToolTip(f"{item.title}\n{item.text}\n{item.where}")
            self.list.addItem(entry)
            if item.annotation.annotation_id == selected:
                self.list.setCurrentRow(number)
        self.list.blockSignals(blocked)
        self.list.setVisible(bool(items))
        self._count.setText(str(len(items)))
        if not items:
            self.say(
                self.tr("No labels yet. Drag over words and press a digit, or mark a stretch with [ and ].")
            )
        elif self._message.property("role") == "caption":
            self.say("")

    def say(self, text: str, *, danger: bool = False) -> None:
        """One sentence below the buttons; empty hides it."""
        self._message.setProperty("role", "danger" if danger else "caption")
        self._message.style().unpolish(self._message)
        self._message.style().polish(self._message)
        self._message.setText(text)
        self._message.setVisible(bool(text))

    def set_ready(self, *, span: bool, episode: bool) -> None:
        """Which labels could be given now."""
        for made in self._rows.values():
            made.setEnabled(span if made.label.key.isdigit() else episode)

    def _pick(self, number: int) -> None:
        entry = self.list.item(number)
        if entry is not None:
            item: LabelItem = entry.data(Qt.ItemDataRole.UserRole)
            self.picked.emit(item.annotation.annotation_id)


class _LabelList(QListWidget):
    remove_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("label_list")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setItemDelegate(_ItemDelegate(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumHeight(60)
        self.setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.remove_wanted.emit()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End):
            super().keyPressEvent(event)
        else:
            event.ignore()  # letters belong to the page, not to the list's search


def panel_head(title: str, hint: QWidget) -> QFrame:
    """Head of a section of the side panel."""
    return frame("card_head", row(label(title, "strong"), None, hint, margins=(12, 8, 12, 7)))
