"""The one style sheet: labels by role, frames by surface, and the few Qt controls that are not painted by us.

Widgets say what they are by dynamic properties: ``role`` of a label (``display``, ``title``, ``heading``,
``body``, ``muted``, ``caption``, ``strong``, ``warning`` …) and ``surface`` of a frame (``page``, ``card``,
``bar``, ``header``, ``bubble``, ``note``).
"""

from __future__ import annotations

from string import Template

from ifllm_desktop.ui.theme import COLOR_NAMES, Theme

_SHEET = Template("""
QToolTip { background: $raised; color: $text; border: 1px solid $border_strong; padding: 4px 6px;
           font-size: ${s12}px; }
QLabel { color: $text; background: transparent; }
QLabel[role="display"] { font-size: ${s28}px; font-weight: 600; }
QLabel[role="title"] { font-size: ${s20}px; font-weight: 600; }
QLabel[role="heading"] { font-size: ${s16}px; font-weight: 600; }
QLabel[role="reading"] { font-size: ${s16}px; }
QLabel[role="lead"] { font-size: ${s16}px; color: $text_muted; }
QLabel[role="body"] { font-size: ${s14}px; }
QLabel[role="strong"] { font-size: ${s14}px; font-weight: 600; }
QLabel[role="muted"] { font-size: ${s14}px; color: $text_muted; }
QLabel[role="caption"] { font-size: ${s12}px; color: $text_muted; }
QLabel[role="small"] { font-size: ${s12}px; }
QLabel[role="caption_strong"] { font-size: ${s12}px; font-weight: 600; }
QLabel[role="disabled"] { font-size: ${s14}px; font-weight: 600; color: $text_disabled; }
QLabel[role="disabled_caption"] { font-size: ${s12}px; color: $text_disabled; }
QLabel[role="warning"] { font-size: ${s14}px; color: $warning; }
QLabel[role="danger"] { font-size: ${s14}px; color: $danger; }
QLabel[role="success"] { font-size: ${s12}px; color: $success; }
QLabel[role="grade"] { font-size: ${s28}px; font-weight: 600; color: $accent; background: $accent_soft;
                       border-radius: 8px; }
QLabel[role="grade_bad"] { font-size: ${s28}px; font-weight: 600; color: $danger; background: $danger_soft;
                           border-radius: 8px; }

QWidget[surface="page"] { background: $background; }
QWidget[surface="plain"] { background: transparent; }
QFrame[surface="card"] { background: $surface; border: 1px solid $border; border-radius: 8px; }
QFrame[surface="card_selected"] { background: $surface; border: 2px solid $accent; border-radius: 8px; }
QFrame[surface="card_head"] { background: transparent; border: none; border-bottom: 1px solid $border; }
QFrame[surface="row"] { background: transparent; border: none; border-top: 1px solid $border; }
QFrame[surface="row_first"] { background: transparent; border: none; }
QFrame[surface="header"] { background: $surface; border: none; border-bottom: 1px solid $border; }
QFrame[surface="bar"] { background: $surface; border: none; border-top: 1px solid $border; }
QFrame[surface="rail"] { background: $surface; border: none; border-right: 1px solid $border; }
QFrame[surface="bubble"] { background: $accent_soft; border: none; border-radius: 8px; }
QFrame[surface="note"] { background: $warning_soft; border: none; border-radius: 8px; }
QFrame[surface="note_danger"] { background: $danger_soft; border: none; border-radius: 8px; }
QFrame[surface="line"] { background: $border; border: none; max-height: 1px; min-height: 1px; }
QFrame[surface="line_v"] { background: $border; border: none; max-width: 1px; min-width: 1px; }

QScrollArea { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; border: none; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; border: none; }
QScrollBar::handle { background: $border_strong; border-radius: 3px; margin: 3px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; border: none; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QLineEdit, QComboBox { background: $surface; color: $text; border: 1px solid $border_strong; border-radius: 6px;
    padding: 0 8px; min-height: 30px; selection-background-color: $accent; selection-color: $on_accent;
    font-size: ${s14}px; }
QLineEdit:focus, QComboBox:focus { border: 2px solid $focus; padding: 0 7px; min-height: 28px; }
QLineEdit:disabled, QComboBox:disabled { color: $text_disabled; border-color: $border; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox QAbstractItemView { background: $surface; color: $text; border: 1px solid $border_strong;
    selection-background-color: $accent_soft; selection-color: $text; outline: none; }
QPlainTextEdit { background: $surface; color: $text; border: 1px solid $border_strong; border-radius: 6px;
    padding: 6px 8px; selection-background-color: $accent; selection-color: $on_accent; font-size: ${s16}px; }
QPlainTextEdit:focus { border: 2px solid $focus; padding: 5px 7px; }
QPlainTextEdit:read-only { background: $raised; }

QListWidget { background: $surface; color: $text; border: 1px solid $border_strong; border-radius: 6px;
    outline: none; font-size: ${s14}px; }
QListWidget:focus { border: 2px solid $focus; }
QListWidget::item { padding: 8px 10px; border-bottom: 1px solid $border; }
QListWidget::item:selected { background: $accent_soft; color: $text; }

QTableView { background: $surface; color: $text; border: none; outline: none; gridline-color: $border;
    selection-background-color: $accent_soft; selection-color: $text; font-size: ${s12}px; }
QTableView::item { border: none; border-bottom: 1px solid $border; padding: 0 8px; }
QTableView#audit_sessions::item { padding: 0 3px; }
QTableView#audit_sessions QHeaderView::section { padding: 0 4px; }
QTableView::item:selected { background: $accent_soft; color: $text; }
QHeaderView { background: $raised; border: none; }
QHeaderView::section { background: $raised; color: $text_muted; border: none; border-bottom: 1px solid $border;
    padding: 0 8px; font-size: ${s12}px; font-weight: 500; }
QTableCornerButton::section { background: $raised; border: none; }

QMenu { background: $surface; color: $text; border: 1px solid $border_strong; padding: 4px; }
QMenu::item { padding: 6px 16px; border-radius: 4px; }
QMenu::item:selected { background: $accent_soft; color: $text; }
QMenu::item:disabled { color: $text_disabled; }
""")


def style_sheet(theme: Theme) -> str:
    """The style sheet of a theme at its text size."""
    values: dict[str, object] = {name: theme.hex(name) for name in COLOR_NAMES}
    values.update({f"s{px}": theme.px(px) for px in (12, 14, 16, 20, 28)})
    return _SHEET.substitute(values)
