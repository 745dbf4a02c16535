"""Home: the studies, the recent sessions, the health of the devices, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from ifllm_desktop.ui.home_cards import EmptyHome, StudyTile, fill, health_line, needs_line, panel
from ifllm_desktop.ui.home_model import HealthRow, SessionRow, StudyCard
from ifllm_desktop.ui.session_table import SessionTable
from ifllm_desktop.ui.widgets import IconMark, column, empty, frame, label, row, scrolling
from ifllm_desktop.ui.widgets_button import Button

MAX_CARDS = 3
RIGHT_COLUMN_PX = 300


class HomePage(QWidget):
    """Shows values that it is handed; emits what somebody wants to do.

    Attributes
    ----------
    open_demo, new_study : Signal()
    open_study : Signal(str)
        Folder of a study; empty to be asked for one.
    replay : Signal(str)
        Session id.
    run_study : Signal(str)
        Folder of a study.
    study_chosen : Signal(str)
        Folder of the study whose sessions are to be listed.
    open_devices : Signal()
        Camera and screen are to be looked after.
    """

    open_demo = Signal()
    open_study = Signal(str)
    new_study = Signal()
    replay = Signal(str)
    run_study = Signal(str)
    study_chosen = Signal(str)
    open_devices = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("home")
        self.setProperty("surface", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._tiles: list[StudyTile] = []
        self._studies: tuple[StudyCard, ...] = ()
        self.table = SessionTable()
        self.table.activated_session.connect(self.replay)
        self.empty = EmptyHome()
        self.empty.demo.connect(self.open_demo)
        self.empty.new.connect(self.new_study)
        self.empty.open.connect(lambda: self.open_study.emit(""))
        self._cards = QHBoxLayout()
        self._cards.setSpacing(12)
        self.health_card, self._health, self._health_note = panel(self.tr("Health"), "home_health")
        self.needs_card, self._needs, self._needs_note = panel(self.tr("Needs you"), "home_needs")
        devices = Button(self.tr("Camera and screen"), icon="camera", height_px=26, name="home_devices")
        devices.setToolTip(
            self.tr("Measure the lens of the camera, the distance of the eyes, the size of the screen")
        )
        devices.clicked.connect(self.open_devices)
        health_layout = self.health_card.layout()
        assert isinstance(health_layout, QVBoxLayout)
        health_layout.addLayout(row(devices, None, margins=(12, 4, 12, 12)))
        self.health_card.hide()
        self.needs_card.hide()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._library())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header())
        layout.addWidget(self._notice())
        layout.addWidget(self.stack, 1)
        for keys, action in (("Ctrl+N", self.new_study.emit), ("Ctrl+O", lambda: self.open_study.emit("")),
                             ("Ctrl+F", self._find)):  # fmt: skip
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    # ---- parts
    def _header(self) -> QWidget:
        demo = Button(self.tr("Demo study"), icon="demo", name="home_demo")
        demo.clicked.connect(self.open_demo)
        opening = Button(self.tr("Open"), icon="open", key="Ctrl+O", name="home_open")
        opening.clicked.connect(lambda: self.open_study.emit(""))
        new = Button(self.tr("New study"), "primary", icon="new", key="Ctrl+N", name="home_new")
        new.clicked.connect(self.new_study)
        self._header_buttons = (demo, opening, new)
        actions = row(label(self.tr("Studies"), "title"), None, demo, opening, new, margins=(16, 7, 16, 7))
        return frame("header", actions)

    def _notice(self) -> QWidget:
        """What went wrong, in full, until somebody closes it or chooses another study."""
        self.notice_text = label("", "body", wrap=True, name="home_notice")
        close = Button(self.tr("Close"), height_px=26, name="home_notice_close")
        close.clicked.connect(lambda: self.set_notice(""))
        inner = row(IconMark("alert", "warning", 18), spacing=12, margins=(12, 8, 12, 8))
        inner.addWidget(self.notice_text, 1)
        inner.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.notice = QWidget()
        self.notice.setLayout(row(frame("note", inner), margins=(16, 12, 16, 0)))
        self.notice.hide()
        return self.notice

    def set_notice(self, text: str) -> None:
        """Say above the studies what went wrong and what to do; an empty text takes it away."""
        self.notice_text.setText(text)
        self.notice.setVisible(bool(text))

    def _library(self) -> QWidget:
        right = QWidget()
        right.setLayout(column(self.health_card, self.needs_card, None, spacing=12))
        right_scroll = scrolling(right)
        right_scroll.setFixedWidth(RIGHT_COLUMN_PX)
        left = column(self._cards, self._session_card(), spacing=12)
        left.setStretch(1, 1)
        page = QWidget()
        layout = QHBoxLayout(page)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(12)
        layout.addLayout(left, 1)
        layout.addWidget(right_scroll)
        return page

    def _session_card(self) -> QWidget:
        self.search = QLineEdit()
        self.search.setObjectName("home_find")
        self.search.setPlaceholderText(self.tr("Find (Ctrl+F)"))
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(260)
        self.search.textChanged.connect(self.table.filter.set_text)
        self.all_button = Button(self.tr("All"), "choice", height_px=26, name="home_all")
        self.needy_button = Button(self.tr("Needs you"), "choice", height_px=26, name="home_needy")
        self.all_button.setChecked(True)
        group = QButtonGroup(self)
        group.addButton(self.all_button)
        group.addButton(self.needy_button)
        self.needy_button.toggled.connect(self.table.filter.set_only_needy)
        self.replay_button = Button(
            self.tr("Replay"), icon="play", key=self.tr("Enter"), height_px=26, name="home_replay"
        )
        self.replay_button.clicked.connect(self._replay_chosen)
        head = row(
            label(self.tr("Recent sessions"), "strong"), 8, self.all_button, self.needy_button, None,
            self.replay_button, self.search, margins=(12, 6, 12, 6),
        )  # fmt: skip
        self.no_sessions = label(
            self.tr("No sessions yet. Run a study, and each session appears here when it ends."),
            "muted",
            wrap=True,
        )
        self.no_sessions.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._table_stack = QStackedWidget()
        self._table_stack.addWidget(self.no_sessions)
        self._table_stack.addWidget(self.table)
        inner = column(frame("card_head", head), self._table_stack, spacing=0, margins=(1, 1, 1, 6))
        inner.setStretch(1, 1)
        return frame("card", inner)

    # ---- values
    def set_studies(self, studies: Sequence[StudyCard], chosen: str = "") -> None:
        """Studies, newest first; none shows the ways to begin."""
        self.stack.setCurrentIndex(1 if studies else 0)
        for button in self._header_buttons:
            button.setVisible(bool(studies))
        if tuple(studies) != self._studies:
            self._studies = tuple(studies)
            empty(self._cards)
            self._tiles = []
            for card in self._studies[:MAX_CARDS]:
                tile = StudyTile(card)
                tile.setMaximumWidth(480)
                tile.chosen.connect(self._choose)
                tile.opened.connect(self.run_study)
                self._tiles.append(tile)
                self._cards.addWidget(tile, 1)
            self._cards.addStretch(0)
        for tile in self._tiles:
            tile.set_chosen(tile.card.path == chosen)

    def _choose(self, path: str) -> None:
        for tile in self._tiles:
            tile.set_chosen(tile.card.path == path)
        self.study_chosen.emit(path)

    def set_sessions(self, sessions: Sequence[SessionRow]) -> None:
        """Sessions of the chosen study."""
        self.table.set_rows(tuple(sessions))
        self._table_stack.setCurrentIndex(1 if sessions else 0)
        self.replay_button.setEnabled(bool(sessions))
        waiting = [s for s in sessions if s.needs_you]
        count = self.tr("Needs you {n}").format(n=len(waiting)) if waiting else self.tr("Needs you")
        self.needy_button.setText(count)
        self.needs_card.setVisible(bool(waiting))
        self._needs_note.setText(str(len(waiting)))
        fill(self._needs, [
            needs_line(s, self.tr("Look"), self.replay.emit, first=i == 0) for i, s in enumerate(waiting[:6])
        ])  # fmt: skip

    def set_health(self, rows: Sequence[HealthRow], checked: str = "") -> None:
        """Devices and disk; ``checked`` says when, in words."""
        self._health_note.setText(checked)
        self.health_card.setVisible(bool(rows))
        fill(self._health, [health_line(h) for h in rows])

    def _replay_chosen(self) -> None:
        chosen = self.table.chosen()
        if chosen is not None:
            self.replay.emit(chosen.session_id)

    def _find(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            self.table.fit_text()
        super().changeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        event.ignore()
