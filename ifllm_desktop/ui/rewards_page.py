"""Rewards: every pair with its scores, and what was measured of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHeaderView,
    QSizePolicy,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ifllm_desktop.domain.session import PairScore
from ifllm_desktop.features.pairs import PairRow
from ifllm_desktop.features.registry import FEATURE_SET, MEASURES
from ifllm_desktop.ui.pair_table import (
    AGREES,
    BAR,
    PairDelegate,
    PairTable,
    ScoredPair,
)
from ifllm_desktop.ui.row_table import quiet_rows
from ifllm_desktop.ui.theme import current_theme
from ifllm_desktop.ui.widgets import Chip, ProgressLine, column, frame, label, line, row, set_role
from ifllm_desktop.ui.widgets_button import Button

FEW_PEOPLE, FEW_PAIRS = 10, 100
LATE_NS = 15_000_000_000


class RewardsPage(QWidget):
    """Pairs, scores and measures of the open study.

    Signals
    -------
    train_requested()
        Train on this study's own votes, each person scored by a model that never saw them.
    score_requested()
        Score every pair with the model that ships with the program.
    replay_requested(str, object)
        Session id and session time (ns, int) where the last 15 s of reading begin.
    """

    train_requested = Signal()
    score_requested = Signal()
    replay_requested = Signal(str, object)
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.table = PairTable(self)
        self.view = self._make_view()
        self._study = label("", "muted", name="study_name")
        self._marked = Chip("", "warning", "simulated", name="trained_on")
        self._note = label("", "caption", wrap=True, name="rewards_note")
        self._status = label("", "caption", name="rewards_status")
        self._make_actions()
        content = row(self._pairs_card(), self._detail_card(), spacing=12, margins=(12, 12, 12, 12))
        content.setStretch(0, 1)
        outer = column(self._header(), self._progress_panel(), spacing=0)
        outer.addLayout(content, 1)
        outer.addWidget(frame("bar", row(self._status, None, margins=(16, 6, 16, 6))))
        self.setLayout(outer)
        self.set_pairs("", (), ())

    # ---- parts
    def _header(self) -> QFrame:
        self.train = Button(self.tr("Train on this study"), icon="refresh", key="Ctrl+E", name="train")
        self.score = Button(self.tr("Score all pairs"), "primary", icon="rewards", key="Ctrl+R", name="score")
        self.train.clicked.connect(self.train_requested)
        self.score.clicked.connect(self.score_requested)
        title = label(self.tr("Rewards"), "title")
        made = frame(
            "header",
            row(
                title,
                self._study,
                self._marked,
                None,
                self.train,
                self.score,
                spacing=12,
                margins=(16, 7, 12, 7),
            ),
        )
        made.setMinimumHeight(current_theme().px(48))
        return made

    def _progress_panel(self) -> QFrame:
        self._busy_text = label("", "strong", name="busy_text")
        self._busy_line = ProgressLine()
        self.cancel = Button(self.tr("Cancel"), key="Esc", name="cancel")
        self.cancel.clicked.connect(self._cancel_or_close)
        inside = row(
            column(self._busy_text, self._busy_line, spacing=6),
            self.cancel,
            spacing=16,
            margins=(16, 10, 16, 10),
        )
        inside.setStretch(0, 1)
        self._busy = frame("header", inside, "busy")
        self._busy.hide()
        return self._busy

    def _make_view(self) -> QTableView:
        view = QTableView()
        view.setObjectName("pairs")
        view.setModel(self.table)
        view.setItemDelegate(PairDelegate(self.table, view))
        quiet_rows(view)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        view.verticalHeader().setDefaultSectionSize(current_theme().px(30))
        header = view.horizontalHeader()
        header.setMinimumSectionSize(28)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(BAR, QHeaderView.ResizeMode.Stretch)
        for section, width in enumerate((230, 70, 170, 70, 56, 104, 34, 68, 160)):
            header.resizeSection(section, current_theme().px(width))
        header.setSectionResizeMode(AGREES, QHeaderView.ResizeMode.Fixed)
        view.selectionModel().currentRowChanged.connect(self._choose)
        view.doubleClicked.connect(lambda _index: self._replay())
        return view

    def _pairs_card(self) -> QFrame:
        self._count = label("", "caption", name="pair_count")
        head = row(label(self.tr("Pairs"), "strong"), self._count, None, margins=(12, 0, 12, 0))
        head_frame = frame("card_head", head)
        head_frame.setFixedHeight(current_theme().px(36))
        self._empty = label("", "muted", wrap=True, name="empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(frame("plain", column(None, self._empty, None, margins=(48, 24, 48, 24))))
        foot = frame("row", row(self._note, margins=(12, 8, 12, 8)))
        layout = column(head_frame, self._stack, foot, spacing=0, margins=(1, 1, 1, 1))
        layout.setStretch(1, 1)
        return frame("card", layout)

    def _detail_card(self) -> QFrame:
        head = frame(
            "card_head", row(label(self.tr("What was measured"), "strong"), None, margins=(12, 0, 12, 0))
        )
        head.setFixedHeight(current_theme().px(36))
        self._verdict = label("", "heading", wrap=True, name="verdict")
        self._said = label("", "caption", wrap=True, name="said")
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        for col, text in enumerate((self.tr("Before the vote"), "A", "B")):
            grid.addWidget(label(text, "caption_strong"), 0, col, _side(col))
        self._cells = []
        names = self._measure_names()
        for number, measure in enumerate(MEASURES, start=1):
            name = label(names[measure.name], "caption")
            name.setToolTip(measure.description)
            cells = [label("", "caption_strong", name=f"{measure.name}_{side}") for side in ("left", "right")]
            for col, widget in enumerate((name, *cells)):
                grid.addWidget(widget, number, col, _side(col))
            self._cells.append(cells)
        grid.setColumnStretch(0, 1)
        self._swap = label(
            self.tr("Swapping the sides negates the difference of the scores exactly. Nothing recorded after the "
                    "first hover of the ballot is used."), "caption", wrap=True,
        )  # fmt: skip
        self.replay = Button(self.tr("Open in replay"), icon="play", key="Enter", name="replay")
        self.replay.clicked.connect(self._replay)
        self.replay.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        body = column(
            self._verdict,
            self._said,
            4,
            grid,
            line(),
            self._swap,
            None,
            self.replay,
            margins=(12, 12, 12, 12),
        )
        layout = QVBoxLayout()
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addLayout(body, 1)
        card = frame("card", layout)
        card.setFixedWidth(current_theme().px(292))
        return card

    def _measure_names(self) -> dict[str, str]:
        return {
            "gaze_dwell_s": self.tr("Gaze dwell, s"),
            "pointer_dwell_s": self.tr("Pointer dwell, s"),
            "coverage": self.tr("Words covered, %"),
            "late_dwell_share": self.tr("Last 15 s of gaze, %"),
            "length_chars": self.tr("Length, characters"),
        }

    def _make_actions(self) -> None:
        for keys, name in (
            ("Ctrl+E", "train"),
            ("Ctrl+R", "score"),
            ("Return", "replay"),
            ("Esc", "cancel"),
        ):
            action = QAction(self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _checked=False, button=name: self._press(button))
            self.addAction(action)

    def _press(self, name: str) -> None:
        button: Button = getattr(self, name)
        if button.isVisible() and button.isEnabled():
            button.click()

    # ---- content
    def set_pairs(self, study: str, rows: Sequence[PairRow], scores: Sequence[PairScore]) -> None:
        """Show the pairs of a study, each with its newest score (out of fold before any other)."""
        ordered = sorted(scores, key=lambda score: (score.fold >= 0, score.model_id))
        by_pair = {score.pair_id: score for score in ordered}
        pairs = numbered(rows, by_pair)
        self._study.setText(study)
        self.table.set_pairs(pairs)
        self._describe(pairs)
        self._stack.setCurrentIndex(0 if pairs else 1)
        self._empty.setText(
            self.tr("No pair yet. Record a task with two answers; every complete pair appears here.")
        )
        self.train.setEnabled(bool(pairs))
        self.score.setEnabled(bool(pairs))
        self._show(None)
        if pairs:
            self.view.selectRow(0)
            self._choose(self.table.index(0, 0))

    def _describe(self, pairs: Sequence[ScoredPair]) -> None:
        n_people = len({pair.row.participant_id for pair in pairs})
        agreeing = [pair.agrees for pair in pairs if pair.agrees is not None]
        self._count.setText(
            self.tr("%n pair(s)", "", len(pairs)).replace("pair(s)", "pairs" if len(pairs) != 1 else "pair")
        )
        trained = sorted({pair.score.trained_on for pair in pairs if pair.score is not None})
        self._marked.setVisible(bool(trained))
        if trained:
            self._marked.set_state(
                self.tr("trained on {what}").format(what=", ".join(trained)), "warning", "simulated"
            )
        note = self.tr("No scores yet: score all pairs with the model that ships with the program, or train.")
        note = note if pairs else ""
        if agreeing:
            note = self.tr(
                "Score and vote name the same side in {right} of {n} voted pairs of {people} people."
            ).format(right=sum(agreeing), n=len(agreeing), people=n_people)
            if n_people < FEW_PEOPLE or len(agreeing) < FEW_PAIRS:
                note += " " + self.tr("Too few to tell how good the model is.")
        elif trained:
            note = self.tr("No votes to compare with: scores and confidence only.")
        self._note.setText(note)
        models = sorted({pair.score.model_id for pair in pairs if pair.score is not None})
        said = self.tr("measures {measures}").format(measures=FEATURE_SET)
        self._status.setText(
            "   ·   ".join([said, *(self.tr("model {name}").format(name=m) for m in models)])
        )

    def _choose(self, index: QModelIndex, _before: QModelIndex | None = None) -> None:
        self._show(self.table.pair(index.row()) if index.isValid() else None)

    def _show(self, pair: ScoredPair | None) -> None:
        self.replay.setEnabled(pair is not None)
        if pair is None:
            self._verdict.setText(self.tr("No pair chosen"))
            self._said.setText("")
        else:
            preferred = {"left": self.tr("A preferred"), "right": self.tr("B preferred")}
            unscored = self.tr("Not scored") if pair.score is None else self.tr("No difference")
            verdict = preferred.get(pair.side, unscored)
            sure = "" if pair.sure is None or not pair.side else f" · {pair.sure:.2f}".replace(" 0.", " .")
            self._verdict.setText(verdict + sure)
            vote = self.tr("vote: {vote}").format(vote=self.table.vote(pair.row))
            fold = "" if pair.score is None else self._fold_text(pair.score)
            self._said.setText(" · ".join(part for part in (vote, fold) if part))
        for number, (cells, measure) in enumerate(zip(self._cells, MEASURES, strict=True)):
            for cell, values in zip(
                cells, ((), ()) if pair is None else (pair.row.left, pair.row.right), strict=True
            ):
                cell.setText(_figure(values[number], measure.unit) if values else "")
                set_role(cell, "caption_strong" if values and math.isfinite(values[number]) else "caption")
                if values and not math.isfinite(values[number]):
                    cell.setToolTip(self.tr("Not recorded"))

    def _fold_text(self, score: PairScore) -> str:
        if score.fold < 0:
            return self.tr("model never saw this person")
        return self.tr("fold {fold}, this person held out").format(fold=score.fold)

    def _replay(self) -> None:
        index = self.view.currentIndex()
        if not index.isValid():
            return
        pair = self.table.pair(index.row()).row
        t_ns = 0 if pair.window is None else max(pair.window.t0_ns, pair.window.t1_ns - LATE_NS)
        self.replay_requested.emit(pair.session_id, t_ns)

    # ---- work in the background
    def set_busy(self, text: str, fraction: float = 0.0) -> None:
        """Show the panel of running work with a sentence and a share of it; an empty text hides it."""
        busy = bool(text)
        self._busy.setVisible(busy)
        self._busy_text.setText(text)
        set_role(self._busy_text, "strong")
        self._busy_line.setVisible(busy)
        self._busy_line.set_fraction(fraction)
        self.cancel.setText(self.tr("Cancel"))
        for button in (self.train, self.score):
            button.setEnabled(not busy and self.table.rowCount() > 0)

    def _cancel_or_close(self) -> None:
        if self._busy_line.isVisible():
            self.cancel_requested.emit()
        else:
            self.set_busy("")

    def set_error(self, sentence: str) -> None:
        """Say in the same panel what went wrong; what the table shows stays."""
        self.set_busy("")
        self._busy.show()
        self._busy_line.hide()
        self._busy_text.setText(sentence)
        set_role(self._busy_text, "danger")
        self.cancel.setText(self.tr("Close"))


def numbered(rows: Sequence[PairRow], by_pair: Mapping[str, PairScore]) -> list[ScoredPair]:
    """Lines by person and time, each person's pairs counted from 1."""
    ordered = sorted(rows, key=lambda r: (r.participant_id, r.session_id, r.window.t0_ns if r.window else 0))
    counts: Counter[str] = Counter()
    lines = []
    for pair in ordered:
        counts[pair.participant_id] += 1
        lines.append(ScoredPair(pair, by_pair.get(pair.pair_id), counts[pair.participant_id]))
    return lines


def _side(col: int) -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignLeft if col == 0 else Qt.AlignmentFlag.AlignRight


def _figure(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return "–"
    if unit == "share":
        return f"{100 * value:.0f}"
    return f"{value:.0f}" if unit == "characters" else f"{value:.1f}"
