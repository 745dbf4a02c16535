"""The cards of the audit page: its header, the list of sessions, the words for the paper."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QStackedWidget,
    QWidget,
)

from ifllm_desktop.ui.audit_table import AuditTable
from ifllm_desktop.ui.camera_calibration_page import Choice
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import ElidedLabel, ProgressLine, column, frame, label, row, scrolling, set_role
from ifllm_desktop.ui.widgets_button import Button

HEAD_PX = 36


def card(
    title: str, body: QWidget, name: str, *, margins: tuple[int, int, int, int] = (10, 8, 10, 8)
) -> QFrame:
    """A card with its title, a caption at the right that :func:`set_caption` fills, and a plot."""
    caption = ElidedLabel("", "caption")
    caption.setObjectName(f"{name}_caption")
    caption.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    head = frame("card_head", row(label(title, "strong"), caption, margins=(12, 0, 12, 0)))
    head.setFixedHeight(current_theme().px(HEAD_PX))
    layout = column(head, frame("plain", column(body, margins=margins)), spacing=0, margins=(1, 1, 1, 1))
    layout.setStretch(1, 1)
    return frame("card", layout, name)


def set_caption(made: QFrame, text: str) -> None:
    """The words at the right of a card's head."""
    found = made.findChild(ElidedLabel, f"{made.objectName()}_caption")
    assert found is not None
    found.setText(text)


class AuditHeader(QFrame):
    """Which study and which exclusion set, who is chosen, and the report.

    Attributes
    ----------
    set_chosen : Signal(str)
        Name of an exclusion set.
    """

    set_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "header")
        self._narrow = False
        self._study = ElidedLabel("", "muted")
        self._study.setObjectName("audit_study")
        self._study.setMaximumWidth(220)
        self.sets = Choice()
        self.sets.setObjectName("audit_set")
        self.sets.setAccessibleName(self.tr("Exclusion set"))
        self.sets.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.sets.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.sets.activated.connect(self._activated)
        self._selected = label("", "caption_strong", name="audit_selected")
        self._selected_head = label(self.tr("Selected:"), "caption")
        self.limits = Button(self.tr("Limits"), key="Ctrl+L", name="audit_limits")
        self.limits.setToolTip(self.tr("Limits of the exclusion set, and who falls out by them"))
        self.report = Button(
            self.tr("Write report"), "primary", icon="audit", key="Ctrl+P", name="audit_report"
        )
        self.setLayout(
            row(
                label(self.tr("Audit"), "title"), self._study, self.sets, self.limits, None, self._selected_head,
                self._selected, self.report, spacing=12, margins=(16, 7, 12, 7),
            )
        )  # fmt: skip
        self.setMinimumHeight(current_theme().px(48))
        self.set_selected("")

    def set_study(self, name: str, sets: Sequence[str], current: str) -> None:
        """Show these sets; nothing is emitted."""
        self._study.setText(name)
        self.sets.clear()
        for one in sets:
            self.sets.addItem(self.tr("Exclusion set: {name}").format(name=one), one)
        self.sets.setCurrentIndex(max(0, self.sets.findData(current)))
        self.sets.setVisible(bool(sets))

    def set_selected(self, name: str) -> None:
        """Who is lit up in the plots."""
        self._selected.setText(name)
        self._show_selected()

    def set_narrow(self, narrow: bool) -> None:
        """Leave out what the list says as well."""
        self._narrow = narrow
        self._show_selected()

    def _show_selected(self) -> None:
        shown = bool(self._selected.text()) and not self._narrow
        self._selected.setVisible(shown)
        self._selected_head.setVisible(shown)

    def _activated(self, position: int) -> None:
        self.set_chosen.emit(str(self.sets.itemData(position)))


class SessionsCard(QFrame):
    """The list, what of it is shown, and its keys."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "card")
        self.table = AuditTable()
        self.group = QButtonGroup(self)
        self.filters = {
            name: Button(text, "choice", height_px=26, name=f"audit_{name}")
            for name, text in (
                ("all", self.tr("All")), ("included", self.tr("Included")), ("excluded", self.tr("Excluded"))
            )
        }  # fmt: skip
        for button in self.filters.values():
            self.group.addButton(button)
        self.filters["all"].setChecked(True)
        self.group.buttonClicked.connect(lambda _button: self._filter())
        self.search = QLineEdit()
        self.search.setObjectName("audit_find")
        self.search.setPlaceholderText(self.tr("Find  Ctrl+F"))
        self.search.setAccessibleName(self.tr("Find a session, a grade or a reason"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.table.filter.set_text)
        self.search.textChanged.connect(lambda _text: self._shown())
        self.search.returnPressed.connect(self._to_table)
        self.details = Button(self.tr("Details"), key="D", height_px=26, name="audit_details")
        self._hint = label(self.tr("Space include or exclude · Enter replay"), "caption")
        self._head = frame(
            "card_head",
            row(
                label(self.tr("Sessions"), "strong"), 4, *self.filters.values(), None, self._hint, self.search,
                self.details, spacing=4, margins=(12, 0, 8, 0),
            ),
        )  # fmt: skip
        self._none = label("", "muted", wrap=True, name="audit_none_shown")
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(frame("plain", column(None, self._none, None, margins=(24, 24, 24, 24))))
        layout = column(self._head, self._stack, spacing=0, margins=(1, 1, 1, 1))
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._fit()

    def set_counts(self, n: int, n_included: int) -> None:
        """How many there are, and how many of them count."""
        self.filters["all"].setText(self.tr("All {n}").format(n=n))
        self.filters["included"].setText(self.tr("Included {n}").format(n=n_included))
        self.filters["excluded"].setText(self.tr("Excluded {n}").format(n=n - n_included))
        for button in self.filters.values():
            button.updateGeometry()
        self._shown()

    def start_search(self) -> None:
        """Put the cursor into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _filter(self) -> None:
        wanted = {"audit_all": None, "audit_included": True, "audit_excluded": False}
        chosen = self.group.checkedButton()
        self.table.filter.set_included(wanted[chosen.objectName()] if chosen is not None else None)
        self._shown()

    def _shown(self) -> None:
        none = self.table.filter.rowCount() == 0 and bool(self.table.rows.rows)
        self._none.setText(self.tr("No session is like that. Show all, or look for something else."))
        self._stack.setCurrentIndex(1 if none else 0)

    def _to_table(self) -> None:
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        if not self.table.currentIndex().isValid():
            self.table.choose("")

    def _fit(self) -> None:
        self._head.setFixedHeight(max(current_theme().px(HEAD_PX), 36) + 4)
        self.search.setFixedWidth(current_theme().px(132))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # half a hint is none
        needed = sum(b.sizeHint().width() for b in (*self.filters.values(), self.details))
        others = needed + self.search.width() + current_theme().px(130)
        self._hint.setVisible(self.width() > others + self._hint.sizeHint().width())

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self._fit()
        super().changeEvent(event)


class PaperCard(QFrame):
    """The sentences that a paper needs, made from the chosen set, and a button that copies them."""

    copied = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "card")
        self.setObjectName("audit_paper")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.copy = Button(self.tr("Copy"), key="Ctrl+Shift+C", height_px=26, name="audit_copy")
        self.copy.clicked.connect(self._copy)
        self.text = QLabel()
        self.text.setObjectName("audit_paper_text")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setProperty("role", "small")
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._head = frame(
            "card_head",
            row(label(self.tr("For the paper"), "strong"), None, self.copy, margins=(12, 0, 8, 0)),
        )
        inside = frame("plain", column(self.text, None, margins=(12, 8, 12, 8)))
        self._area = scrolling(inside)
        layout = column(self._head, self._area, spacing=0, margins=(1, 1, 1, 1))
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(380, current_theme().px(168))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, current_theme().px(120))

    def set_text(self, text: str) -> None:
        """Show other sentences; empty while there are none."""
        self.text.setText(text or self.tr("Nothing to report yet."))
        self.copy.setEnabled(bool(text))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.text())
        self.copied.emit()

    def _fit(self) -> None:
        self._head.setFixedHeight(current_theme().px(HEAD_PX))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self._fit()
        super().changeEvent(event)


class BusyBar(QFrame):
    """Running work in words and a thin bar, or what went wrong.

    Attributes
    ----------
    cancelled : Signal()
    """

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "header")
        self.setObjectName("audit_busy")
        self._text = label("", "caption", wrap=True, name="audit_busy_text")
        self._line = ProgressLine()
        self.cancel = Button(self.tr("Cancel"), key="Esc", height_px=26, name="audit_cancel")
        self.cancel.clicked.connect(self._cancel_or_close)
        words = column(self._text, self._line, spacing=4)
        inside = row(words, self.cancel, spacing=16, margins=(16, 6, 16, 6))
        inside.setStretch(0, 1)
        self.setLayout(inside)
        self.hide()

    def set_busy(self, text: str, fraction: float) -> None:
        """Words and a share of running work; an empty text hides the bar."""
        set_role(self._text, "caption")
        self._text.setText(text)
        self.setVisible(bool(text))
        self._line.setVisible(bool(text))
        self._line.set_fraction(fraction)
        self.cancel.setText(self.tr("Cancel"))

    def set_error(self, sentence: str) -> None:
        """What went wrong, until it is closed."""
        self.set_busy(sentence, 0.0)
        self._line.hide()
        set_role(self._text, "danger")
        self.cancel.setText(self.tr("Close"))

    def _cancel_or_close(self) -> None:
        if self._line.isVisible():
            self.cancelled.emit()
        else:
            self.set_busy("", 0.0)
