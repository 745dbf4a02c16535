"""Runs the program unchanged and tells, on request, where its widgets are on the screen.

A debugging aid for ``test_click_through.py``, which starts it as a child process; no part of the product. It only
looks: everything that is done is done by the pointer and the keys of the X server. Arguments are those of
``ifllm-desktop``. One line on standard input, whatever it says, is answered by one line of JSON on standard output::

    {"widgets": [{"name", "class", "rect": [x, y, width, height], "text", "enabled", "checked", "focus"}, ...]}

with every visible widget that has an object name; positions in screen px, cut to what its parents show of it.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from PySide6.QtCore import QObject, QPoint, QRect, Qt, Signal
from PySide6.QtWidgets import QApplication, QWidget

from ifllm_desktop import cli
from ifllm_desktop.ui.pointer_probe import prepare_qt


class Answers(QObject):
    """Takes questions from a thread, answers them on the thread of the widgets."""

    asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.asked.connect(self._answer, Qt.ConnectionType.QueuedConnection)

    def listen(self) -> None:
        """Until standard input ends."""
        for _ in sys.stdin:
            self.asked.emit()

    def _answer(self) -> None:
        print(
            json.dumps({"widgets": [seen(w) for w in QApplication.allWidgets() if is_shown(w)]}), flush=True
        )


def is_shown(widget: QWidget) -> bool:
    """Whether some of a named widget can be seen."""
    return bool(widget.objectName()) and widget.isVisible() and not screen_rect(widget).isEmpty()


def screen_rect(widget: QWidget) -> QRect:
    """Place on the screen, cut to what the widgets around it show of it."""
    rect = QRect(widget.mapToGlobal(QPoint(0, 0)), widget.size())
    around = widget.parentWidget()
    while around is not None and not widget.isWindow():
        rect &= QRect(around.mapToGlobal(QPoint(0, 0)), around.size())
        around = around.parentWidget()
    return rect


def seen(widget: QWidget) -> dict[str, Any]:
    """What can be told about a widget from outside."""
    rect = screen_rect(widget)
    text = getattr(widget, "text", None) or getattr(widget, "toPlainText", None)
    checked = getattr(widget, "isChecked", None)
    return {
        "name": widget.objectName(),
        "class": type(widget).__name__,
        "rect": [rect.x(), rect.y(), rect.width(), rect.height()],
        "text": str(text()) if callable(text) else "",
        "enabled": widget.isEnabled(),
        "checked": bool(checked()) if callable(checked) else False,
        "focus": widget.hasFocus(),
    }


def main() -> int:
    prepare_qt()
    QApplication(["ifllm-desktop"])
    answers = Answers()
    threading.Thread(target=answers.listen, daemon=True).start()
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
