"""One set on the export page as it would be written: some rows, the first one in full, or why there are none."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QFrame, QPlainTextEdit, QSizePolicy, QTableView, QWidget

from ifllm_desktop.export.preview import SetPreview
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import column, frame, label, row

SHOWN_COLUMNS = {
    "preference": ("pair_id", "prompt", "chosen", "rejected", "chosen_side", "strength", "confidence"),
    "samples": ("session_id", "t_ms", "stream", "x_px", "y_px", "sd_x_px", "line", "p_line", "p_off_text"),
    "answers": ("place", "task_id", "question_id", "value", "declined", "attention_passed", "n_changes"),
    "annotations": ("annotation_id", "tier", "label", "quote", "start", "end", "t_start_ms", "t_end_ms"),
    "reward_scores": ("pair_id", "fold", "scores_chosen", "scores_rejected", "prob_chosen", "results"),
}
"""What the narrow preview shows; all columns stand in the row below it."""
LONGEST_TEXT = 90
CLEAN_CORNER = "QAbstractScrollArea::corner { background: transparent; border: none; }"


def card_head(title: str, *more: QWidget | None) -> QFrame:
    """The head of a card on this page: its title, and what stands beside it."""
    made = frame("card_head", row(label(title, "strong"), *more, margins=(12, 0, 12, 0)))
    made.setFixedHeight(current_theme().px(36))
    return made


class SetPreviewCard(QFrame):
    """The preview of one set."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "card")
        self._rows = self._table()
        self._title = label("", "strong", name="preview_title")
        self._title.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._shown = label("", "caption", name="preview_count")
        self._first = self._text()
        self._first_head = card_head(self.tr("First row"), None)
        self._why = label("", "muted", wrap=True, name="why_empty")
        self._why.setAlignment(Qt.AlignmentFlag.AlignCenter)
        head = frame("card_head", row(self._title, self._shown, None, margins=(12, 0, 12, 0)))
        head.setFixedHeight(current_theme().px(36))
        layout = column(
            head, self._rows, self._first_head, self._first, self._why, spacing=0, margins=(1, 1, 1, 1)
        )
        layout.setStretch(1, 2)
        layout.setStretch(3, 3)
        layout.setStretch(4, 5)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def _table(self) -> QTableView:
        made = QTableView()
        made.setObjectName("preview_rows")
        made.setModel(QStandardItemModel(self))
        made.setShowGrid(False)
        made.setStyleSheet(CLEAN_CORNER)
        made.setTabKeyNavigation(False)
        made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        made.setWordWrap(False)
        made.verticalHeader().hide()
        made.verticalHeader().setDefaultSectionSize(current_theme().px(30))
        made.horizontalHeader().setHighlightSections(False)
        made.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        return made

    def _text(self) -> QPlainTextEdit:
        made = QPlainTextEdit()
        made.setObjectName("first_row")
        made.setReadOnly(True)
        made.setFrameShape(QFrame.Shape.NoFrame)
        made.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        return made

    def show_set(self, name: str, one: SetPreview | None) -> None:
        """Show a set by its name; None while its rows are being counted."""
        self._title.setText(name)
        n_rows = one.n_rows if one else 0
        n_shown = len(one.head) if one else 0
        self._shown.setText(
            self.tr("{shown} of {n} rows").format(
                shown=n_shown, n=f"{n_rows:,}".replace(",", "\N{NO-BREAK SPACE}")
            )
        )
        for widget in (self._rows, self._first_head, self._first):
            widget.setVisible(n_rows > 0)
        self._why.setVisible(n_rows == 0)
        self._why.setText((one.reason if one else "") or self.tr("Counting…"))
        if one is not None and n_rows:
            self._fill(one)

    def _fill(self, one: SetPreview) -> None:
        model = QStandardItemModel(self)
        names = [n for n in SHOWN_COLUMNS[one.format] if n in one.columns]
        model.setHorizontalHeaderLabels(names)
        places = [one.columns.index(n) for n in names]
        for values in one.head:
            items = [QStandardItem(_short(values[place])) for place in places]
            for item, place in zip(items, places, strict=True):
                item.setToolTip(values[place][:1000])
            model.appendRow(items)
        former = self._rows.model()
        self._rows.setModel(model)
        former.deleteLater()
        self._rows.resizeColumnsToContents()
        for column_number in range(len(names)):
            width = min(self._rows.columnWidth(column_number), current_theme().px(170))
            self._rows.setColumnWidth(column_number, max(width, current_theme().px(64)))
        self._rows.horizontalHeader().setStretchLastSection(True)
        self._first.setPlainText(_json_text(one.first))
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(current_theme().px(12))
        look = f"font-family: '{font.family()}'; font-size: {font.pixelSize()}px; border: none;"
        self._first.setStyleSheet(f"QPlainTextEdit {{ {look} }} {CLEAN_CORNER}")


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_TEXT else flat[: LONGEST_TEXT - 1] + "…"


def _json_text(values: dict[str, Any]) -> str:
    """The first row, long texts cut, one key a line."""

    def cut(value: Any) -> Any:
        if isinstance(value, list):
            return [cut(inner) for inner in value]
        if isinstance(value, dict):
            return {key: cut(inner) for key, inner in value.items()}
        if isinstance(value, float):
            return round(value, 4)
        return _short(value) if isinstance(value, str) else value

    lines = [
        f'  "{key}": {json.dumps(cut(value), ensure_ascii=False, default=str)}'
        for key, value in values.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}"
