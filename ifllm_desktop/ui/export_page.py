"""Export: which sets, how they look, who is in them and where they go; below, the writing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QLineEdit,
    QSizePolicy,
    QWidget,
)

from ifllm_desktop.export.preview import ExportPreview
from ifllm_desktop.export.write import ExportReport
from ifllm_desktop.ui.set_list import SetList
from ifllm_desktop.ui.set_preview import SetPreviewCard, card_head
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import Chip, ProgressLine, column, empty, frame, label, row, scrolling, set_role
from ifllm_desktop.ui.widgets_button import Button


class ExportPage(QWidget):
    """Choose sets, look at them, write them.

    Signals
    -------
    write_requested(list, str)
        Names of the chosen formats and the folder; the folder is new or empty, or writing will say otherwise.
    cancel_requested()
        Stop the running export.
    folder_wanted(str)
        Show this folder in the file manager.
    """

    write_requested = Signal(list, str)
    cancel_requested = Signal()
    folder_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._preview: ExportPreview | None = None
        self._writing = False
        self._written_to = ""
        self._study = label("", "muted", name="study_name")
        self._status = label("", "caption", name="export_status")
        self.sets = SetList(self._titles())
        self.sets.changed.connect(self._count)
        self.sets.chosen.connect(self._show)
        self._preview_card = SetPreviewCard()
        content = row(
            self._sets_card(), self._preview_card, self._side(), spacing=12, margins=(12, 12, 12, 12)
        )
        content.setStretch(1, 1)
        outer = column(self._header(), spacing=0)
        outer.addLayout(content, 1)
        outer.addWidget(self._writing_panel())
        outer.addWidget(frame("bar", row(self._status, None, margins=(16, 6, 16, 6))))
        self.setLayout(outer)
        self._make_actions()
        self.set_preview("", None, "")

    def _titles(self) -> dict[str, tuple[str, str, str]]:
        """Title, what it is for, and the word for its rows, by format."""
        return {
            "preference": (self.tr("Preference pairs"), self.tr("for reward models and DPO"), self.tr("pairs")),
            "samples": (self.tr("Gaze and pointer"), self.tr("units in the column names"), self.tr("rows")),
            "annotations": (self.tr("Labels"), self.tr("offsets in text and time"), self.tr("labels")),
            "answers": (self.tr("Questionnaire"), self.tr("answers, ratings, reasons and marks"), self.tr("answers")),
            "reward_scores": (self.tr("Scores with confidence"), self.tr("by pair and by answer"), self.tr("pairs")),
        }  # fmt: skip

    # ---- parts
    def _header(self) -> QFrame:
        self.write = Button("", "primary", icon="export", key="Ctrl+Enter", name="write")
        self.write.clicked.connect(self._write)
        made = frame(
            "header",
            row(
                label(self.tr("Export"), "title"),
                self._study,
                None,
                self.write,
                spacing=12,
                margins=(16, 7, 12, 7),
            ),
        )
        made.setMinimumHeight(current_theme().px(48))
        return made

    def _sets_card(self) -> QFrame:
        hint = label(self.tr("Space choose · Ctrl+A all"), "caption")
        layout = column(card_head(self.tr("Sets"), None, hint), self.sets, spacing=0, margins=(1, 1, 1, 1))
        card = frame("card", layout)
        card.setFixedWidth(current_theme().px(320))
        return card

    def _side(self) -> QWidget:
        self._people, self._losses = QGridLayout(), QGridLayout()
        self._everyone = label("", "caption", wrap=True, name="people")
        who = column(self._people, self._everyone, spacing=8, margins=(12, 8, 12, 10))
        left_out = column(self._losses, spacing=8, margins=(12, 8, 12, 10))
        self.folder = QLineEdit()
        self.folder.setObjectName("folder")
        self.folder.setAccessibleName(self.tr("Folder"))
        self.folder.textChanged.connect(lambda _text: self._count())
        browse = Button(self.tr("Choose…"), icon="open", name="browse")
        browse.clicked.connect(self._browse)
        csv = self.tr("Parquet, JSON lines and CSV are written; samples as Parquet alone. CSV marks formula characters "
                      "with an apostrophe; the other two keep the text.")  # fmt: skip
        note = frame("note", row(label(csv, "caption", wrap=True), margins=(10, 8, 10, 8)))
        where = column(
            label(self.tr("New folder"), "caption"), self.folder, browse, note, margins=(12, 8, 12, 12)
        )
        cards = [
            frame("card", column(card_head(title), body, spacing=0, margins=(1, 1, 1, 1)))
            for title, body in (
                (self.tr("Who is in it"), who),
                (self.tr("Left out, and why"), left_out),
                (self.tr("Where and how"), where),
            )
        ]
        for card in cards:
            card.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        area = scrolling(frame("plain", column(*cards, None, spacing=12)))
        area.setFixedWidth(current_theme().px(292))
        return area

    def _writing_panel(self) -> QFrame:
        self._doing = label("", "strong", name="doing")
        self._doing_more = label("", "caption", wrap=True, name="doing_more")
        self._doing_line = ProgressLine()
        self._done = Chip("", "success", "check_circle", name="done")
        self.cancel = Button(self.tr("Cancel"), key="Esc", name="cancel")
        self.cancel.clicked.connect(self.cancel_requested)
        self.show_folder = Button(self.tr("Show folder"), icon="open", name="show_folder")
        self.show_folder.clicked.connect(lambda: self.folder_wanted.emit(self._written_to))
        text = column(row(self._done, self._doing, None), self._doing_line, self._doing_more, spacing=6)
        inside = row(text, self.show_folder, self.cancel, spacing=12, margins=(16, 12, 16, 12))
        inside.setStretch(0, 1)
        self._panel = frame("card", inside, "writing")
        wrapper = frame("plain", row(self._panel, margins=(12, 0, 12, 12)))
        self._panel_space = wrapper
        wrapper.hide()
        return wrapper

    def _make_actions(self) -> None:
        actions = {
            "Ctrl+Return": self._write, "Ctrl+Enter": self._write, "Ctrl+A": self.sets.check_all,
            "Esc": lambda: self.cancel.click() if self._writing else None,
        }  # fmt: skip
        for keys, does in actions.items():
            action = QAction(self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _checked=False, call=does: call())
            self.addAction(action)

    # ---- content
    def set_preview(self, study: str, preview: ExportPreview | None, folder: str) -> None:
        """Show what an export of a study would hold; None while that is being found out.

        Parameters
        ----------
        folder : str
            Proposed new folder.
        """
        self._preview = preview
        self._study.setText(study)
        self.folder.setText(folder)
        self.sets.set_counts({s.format: s.n_rows for s in preview.sets} if preview else {})
        self._show_people(preview)
        self._show(self.sets.current())
        self._count()

    def _show_people(self, preview: ExportPreview | None) -> None:
        empty(self._people)
        names = {
            "sharing": self.tr("Sharing"), "gaze": self.tr("Gaze"), "pointer": self.tr("Pointer"),
            "eye_patches": self.tr("Eye patches"),
        }  # fmt: skip
        agreed = preview.agreed if preview else {}
        for number, (scope, name) in enumerate(names.items() if preview else ()):
            n = agreed.get(scope, 0)
            bar = ProgressLine()
            bar.setFixedWidth(current_theme().px(44))
            bar.set_fraction(n / preview.n_people if preview and preview.n_people else 0.0)
            self._people.addWidget(label(name, "caption"), number, 0)
            self._people.addWidget(bar, number, 1)
            count = label(
                self.tr("{n} of {all}").format(n=n, all=preview.n_people if preview else 0), "caption_strong"
            )
            self._people.addWidget(count, number, 2, Qt.AlignmentFlag.AlignRight)
        self._people.setColumnStretch(0, 1)
        self._everyone.setText(
            self.tr("Only people who agreed to sharing are in any file.") if preview else self.tr("Counting…")
        )

    def _show(self, name: str) -> None:
        """Preview and losses of one set."""
        one = next((s for s in self._preview.sets if s.format == name), None) if self._preview else None
        empty(self._losses)
        losses = one.excluded if one else {}
        for number, (reason, n) in enumerate(losses.items()):
            text = label(self._reason(reason), "caption", wrap=True)
            self._losses.addWidget(text, number, 0)
            self._losses.addWidget(label(str(n), "caption_strong"), number, 1, Qt.AlignmentFlag.AlignRight)
        if not losses:
            self._losses.addWidget(label(self.tr("Nothing"), "caption"), 0, 0)
        self._losses.setColumnStretch(0, 1)
        self._preview_card.show_set(name, one)

    def _reason(self, reason: str) -> str:
        words = {
            "tie": self.tr("Ties"), "both_bad": self.tr("Both bad"), "no_vote": self.tr("No vote"),
            "failed_answer": self.tr("An answer did not arrive completely"),
            "separate_history": self.tr("The two answers had different conversations"),
            "no_consent_sharing": self.tr("No consent to sharing"),
            "no_consent_gaze": self.tr("No consent to gaze, sessions"),
            "no_consent_pointer": self.tr("No consent to pointer, sessions"),
            "people_without_sharing": self.tr("People without consent to sharing"),
            "people_withdrawn": self.tr("Withdrawn people"), "not_scored": self.tr("Not scored yet"),
            "quote_mismatch": self.tr("Label no longer fits its text"),
            "session_not_exported": self.tr("Label of a session that is not exported"),
        }  # fmt: skip
        return words.get(reason, reason.replace("_", " "))

    def _count(self) -> None:
        chosen = self.sets.checked()
        self.write.setText(
            self.tr("Write {n} sets").format(n=len(chosen)) if len(chosen) != 1 else self.tr("Write 1 set")
        )
        self.write.updateGeometry()
        ready = bool(chosen) and bool(self.folder.text().strip()) and self._preview is not None
        self.write.setEnabled(ready and not self._writing)
        said = "" if chosen else self.tr("Nothing is chosen.")
        self._status.setText(said or self.tr("Each export is logged with its hash"))

    def _browse(self) -> None:
        start = self.folder.text() or str(Path.home())
        folder = QFileDialog.getSaveFileName(self, self.tr("New folder for the export"), start)[0]
        if folder:
            self.folder.setText(folder)

    def _write(self) -> None:
        if self.write.isEnabled():
            self.write_requested.emit(self.sets.checked(), self.folder.text().strip())

    # ---- the writing
    def show_progress(self, set_name: str, n_rows: int, fraction: float) -> None:
        """Rows of a set that are written, and the share of the whole export that is done."""
        self._writing = True
        self._panel_space.show()
        set_role(self._doing, "strong")
        self._doing.setText(self.tr("Writing {name}").format(name=set_name))
        self._doing_more.setText(
            self.tr("{n} rows").format(n=f"{n_rows:,}".replace(",", "\N{NO-BREAK SPACE}"))
        )
        self._doing_line.show()
        self._doing_line.set_fraction(fraction)
        self._done.hide()
        self.show_folder.hide()
        self.cancel.show()
        self._count()

    def show_done(self, report: ExportReport) -> None:
        """What was written, with rows and hash, and the line that opens it."""
        self._end()
        files = sum(len(part.files) for part in report.formats)
        self._done.show()
        self._done.set_state(self.tr("Done"), "success", "check_circle")
        rows = ", ".join(f"{part.format} {part.n_rows}" for part in report.formats)
        self._doing.setText(self.tr("{n} files: {rows}").format(n=files, rows=rows))
        self._doing_more.setText(
            f'load_dataset("{report.out}", "{report.formats[0].format}")   ·   sha256 {report.sha256[:12]}…'
        )
        self._doing_more.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._written_to = report.out
        self.show_folder.show()

    def show_error(self, sentence: str) -> None:
        """Why the writing ended; finished files stay."""
        self._end()
        self._done.hide()
        self.show_folder.hide()
        set_role(self._doing, "danger")
        self._doing.setText(sentence)
        self._doing_more.setText(self.tr("Files that were finished stay in the folder."))

    def _end(self) -> None:
        self._writing = False
        self._panel_space.show()
        set_role(self._doing, "strong")
        self._doing_line.hide()
        self.cancel.hide()
        self._count()
