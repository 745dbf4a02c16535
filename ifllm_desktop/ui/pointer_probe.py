"""Notes what pointer, wheel and keys do in a window, each event stamped at once.

Keys are noted by class, never which one: no character can be read back. Events are taken at the native window,
where each arrives exactly once, and not at the widgets, where one event is offered to one parent after the other.
Only the watched window is noted, nothing else on the screen.
"""

from __future__ import annotations

from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QWheelEvent, QWindow
from PySide6.QtWidgets import QApplication, QWidget

from ifllm_desktop.domain.samples import Row
from ifllm_desktop.ui.screen_place import on_screen, screen_corner

Record = Callable[[str, Row], object]

_BUTTONS = {
    Qt.MouseButton.NoButton: "", Qt.MouseButton.LeftButton: "left", Qt.MouseButton.RightButton: "right",
    Qt.MouseButton.MiddleButton: "middle",
}  # fmt: skip
_POINTER_KINDS = {
    QEvent.Type.MouseMove: "move", QEvent.Type.MouseButtonPress: "press",
    QEvent.Type.MouseButtonDblClick: "press", QEvent.Type.MouseButtonRelease: "release",
}  # fmt: skip
_NOTED = {*_POINTER_KINDS, QEvent.Type.Wheel, QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.Enter}
_KEY_CLASSES: dict[int, str] = {
    **dict.fromkeys((Qt.Key.Key_Return, Qt.Key.Key_Enter), "enter"),
    Qt.Key.Key_Space: "space", Qt.Key.Key_Backspace: "backspace", Qt.Key.Key_Delete: "delete",
    **dict.fromkeys((Qt.Key.Key_Tab, Qt.Key.Key_Backtab), "tab"),
    Qt.Key.Key_Escape: "escape",
    **dict.fromkeys((
        Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
        Qt.Key.Key_Home, Qt.Key.Key_End,
    ), "arrow"),
    **dict.fromkeys((
        Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta,
        Qt.Key.Key_CapsLock, Qt.Key.Key_Super_L, Qt.Key.Key_Super_R,
    ), "modifier"),
}  # fmt: skip


def prepare_qt() -> None:
    """Ask Qt for every pointer event instead of one per frame. To be called before the application is made."""
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_CompressHighFrequencyEvents, False)
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_CompressTabletEvents, False)


def key_class(key: int) -> str:
    """Class of a key (``Qt.Key``): text, digit, enter, space, backspace, delete, tab, escape, arrow, modifier,
    function or other."""
    known = _KEY_CLASSES.get(key)
    if known is not None:
        return known
    if Qt.Key.Key_F1 <= key <= Qt.Key.Key_F35:
        return "function"
    if Qt.Key.Key_0 <= key <= Qt.Key.Key_9:
        return "digit"
    # below are Unicode characters, above Qt's own key numbers
    return "text" if key < 0x01000000 else "other"


class PointerProbe(QObject):
    """Event filter on one window.

    Parameters
    ----------
    now_ns : callable
        The recording's clock, ns; asked once per event, first thing.
    record : callable
        Takes ``(stream, row)`` and returns 0 when it did not keep the row; rows of
        ``pointer``, ``wheel``, ``key``, ``focus``, ``window``, ``selection``.
    on_activity : callable or None
        Told ``(x_px, y_px)`` of each pointer event and None for a key, for the states of the turn.

    Notes
    -----
    Wheel steps are stored as Qt's angle delta, eighths of a degree (one notch of a common wheel is 120).
    """

    def __init__(
        self,
        now_ns: Callable[[], int],
        record: Record,
        on_activity: Callable[[tuple[float, float] | None], None] | None = None,
    ) -> None:
        super().__init__()
        self._now_ns = now_ns
        self._record = record
        self._on_activity = on_activity
        self._widget: QWidget | None = None
        self._window: QWindow | None = None
        self._last_window_row: Row | None = None

    # ---- watching
    def install(self, widget: QWidget) -> None:
        """Note what happens in this top-level widget from now on; its present geometry is the first row."""
        self.remove()
        widget.winId()  # makes the native window
        window = widget.windowHandle()
        if window is None:
            return
        self._widget, self._window = widget, window
        window.installEventFilter(self)
        window.screenChanged.connect(self._note_window)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._note_focus_widget)
        self._note_window()

    def remove(self) -> None:
        """Note nothing more; also when the window is gone already."""
        if self._window is None:
            return
        if shiboken6.isValid(self._window):
            self._window.removeEventFilter(self)
            self._window.screenChanged.disconnect(self._note_window)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.disconnect(self._note_focus_widget)
        self._window, self._widget, self._last_window_row = None, None, None

    def note_selection(self, response_id: str, start: int, end: int) -> None:
        """Text of an answer was selected: code points of its source, half open."""
        self._record("selection", (self._now_ns(), response_id, start, end))

    # ---- events
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        t_ns = self._now_ns()
        kind = event.type()
        if self._last_window_row is None and kind in _NOTED:
            self._note_window()  # it was not taken before, for instance before consent
        if kind in _POINTER_KINDS and isinstance(event, QMouseEvent):
            self._note_pointer(
                t_ns, _POINTER_KINDS[kind], event.globalPosition(), _BUTTONS.get(event.button(), "other")
            )
        elif kind == QEvent.Type.Wheel and isinstance(event, QWheelEvent):
            self._note_wheel(t_ns, event)
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and isinstance(event, QKeyEvent):
            self._note_key(t_ns, "press" if kind == QEvent.Type.KeyPress else "release", event)
        elif kind == QEvent.Type.Enter and isinstance(event, QEnterEvent):
            self._note_pointer(t_ns, "enter", event.globalPosition(), "")
        elif kind == QEvent.Type.Leave:
            self._record("pointer", (t_ns, "leave", float("nan"), float("nan"), "", ""))
        elif kind in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._record("focus", (t_ns, "window_in" if kind == QEvent.Type.FocusIn else "window_out", ""))
        elif kind in (QEvent.Type.Move, QEvent.Type.Resize):
            self._note_window()
        return False

    def _note_pointer(self, t_ns: int, kind: str, point: QPointF, button: str) -> None:
        x_px, y_px = self._on_screen(point)
        self._record("pointer", (t_ns, kind, x_px, y_px, button, self._target_at(point)))
        if self._on_activity is not None and kind != "enter":
            self._on_activity((x_px, y_px))

    def _note_wheel(self, t_ns: int, event: QWheelEvent) -> None:
        point, delta = event.globalPosition(), event.angleDelta()
        x_px, y_px = self._on_screen(point)
        row = (t_ns, x_px, y_px, float(delta.x()), float(delta.y()), self._target_at(point))
        self._record("wheel", row)
        if self._on_activity is not None:
            self._on_activity((x_px, y_px))

    def _note_key(self, t_ns: int, kind: str, event: QKeyEvent) -> None:
        name = "repeat" if kind == "press" and event.isAutoRepeat() else kind
        self._record("key", (t_ns, name, key_class(event.key()), target_name(QApplication.focusWidget())))
        if self._on_activity is not None:
            self._on_activity(None)

    def _note_focus_widget(self, _old: QWidget | None, new: QWidget | None) -> None:
        if new is not None and self._widget is not None and new.window() is self._widget:
            self._record("focus", (self._now_ns(), "widget", target_name(new)))

    def _note_window(self) -> None:
        widget, window = self._widget, self._window
        if widget is None or window is None:
            return
        origin, size = screen_corner(widget), window.screen().size()
        row: Row = (
            float(origin.x()), float(origin.y()), float(widget.width()), float(widget.height()),
            float(window.devicePixelRatio()), float(size.width()), float(size.height()),
        )  # fmt: skip
        if row != self._last_window_row and self._record("window", (self._now_ns(), *row)) != 0:
            self._last_window_row = row

    def _on_screen(self, point: QPointF) -> tuple[float, float]:
        place = on_screen(self._widget, point) if self._widget is not None else point
        return place.x(), place.y()

    def _target_at(self, point: QPointF) -> str:
        widget = self._widget
        if widget is None:
            return ""
        local = widget.mapFromGlobal(point).toPoint()
        return target_name(widget.childAt(local) or widget)


def target_name(widget: QWidget | None) -> str:
    """Object name of the nearest widget upwards that was given one; empty without any."""
    while widget is not None:
        name = widget.objectName()
        if name and not name.startswith("qt_"):
            return name
        widget = widget.parentWidget()
    return ""
