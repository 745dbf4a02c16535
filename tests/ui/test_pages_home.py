"""Workbench and Home: values in, wishes out; what is not there is said and not faked."""

from __future__ import annotations

import math

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from ifllm_desktop.ui.home_model import COLUMNS, HealthRow, SessionRow, StudyCard, probability, support_state
from ifllm_desktop.ui.home_page import HomePage
from ifllm_desktop.ui.main_window import MainWindow
from ifllm_desktop.ui.theme import Theme, apply_theme

STUDY = StudyCard("/studies/a", "Everyday explanations", "Pairs", "running", 3, 5, 40)
ROWS = (
    SessionRow("s1", "P001 · 1", 100, "Yesterday", 600.0, "B", 75.0, 0.02, 28.0, 0.14, 0.46, 0.95, state="Ready"),
    SessionRow("s3", "P003 · 1", 300, "Today", state="Open", support_reason="no consent for gaze"),
    SessionRow("s2", "P002 · 1", 200, "Today early", 700.0, "D", 250.0, 0.2, 17.0, 0.03, 0.1, 0.6, state="Ready",
               needs_you="error 250 px"),
)  # fmt: skip


@pytest.fixture
def window(qapp: QApplication, qtbot) -> MainWindow:  # type: ignore[no-untyped-def]
    apply_theme(qapp, Theme())
    made = MainWindow()
    qtbot.addWidget(made)
    made.add_page("home", HomePage())
    made.resize(1366, 768)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    return made


@pytest.fixture
def home(window: MainWindow) -> HomePage:
    page = window.page("home")
    assert isinstance(page, HomePage)
    return page


def button(window: QWidget, name: str) -> QAbstractButton:
    found = window.findChild(QAbstractButton, name)
    assert found is not None, name
    return found


def test_that_an_empty_home_offers_three_ways_to_begin(window: MainWindow, home: HomePage) -> None:
    seen: list[str] = []
    home.open_demo.connect(lambda: seen.append("demo"))
    home.new_study.connect(lambda: seen.append("new"))
    home.open_study.connect(lambda path: seen.append(f"open {path}"))
    home.set_studies(())
    for name in ("home_start_demo", "home_new_empty", "home_open_empty"):
        assert button(window, name).isVisible()
        button(window, name).click()
    assert seen == ["demo", "new", "open "]


def test_that_keys_begin_a_study_or_find_a_session(window: MainWindow, home: HomePage) -> None:
    seen: list[str] = []
    home.new_study.connect(lambda: seen.append("new"))
    home.open_study.connect(lambda path: seen.append("open"))
    home.set_studies((STUDY,), STUDY.path)
    home.set_sessions(ROWS)
    home.table.setFocus()
    for key in (Qt.Key.Key_N, Qt.Key.Key_O, Qt.Key.Key_F):
        QTest.keyClick(window.windowHandle(), key, Qt.KeyboardModifier.ControlModifier)
    assert seen == ["new", "open"]
    assert home.search.hasFocus()
    QTest.keyClicks(home.search, "P002")
    assert home.table.filter.rowCount() == 1
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Escape)
    assert home.table.filter.rowCount() == 3


def test_that_sessions_come_newest_first_and_enter_replays(window: MainWindow, home: HomePage) -> None:
    replayed: list[str] = []
    home.replay.connect(replayed.append)
    home.set_studies((STUDY,), STUDY.path)
    home.set_sessions(ROWS)
    names = [home.table.filter.index(i, 0).data() for i in range(3)]
    assert names == ["P003 · 1", "P002 · 1", "P001 · 1"]
    home.table.setFocus()
    home.table.selectRow(1)
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Return)
    assert replayed == ["s2"]


def test_that_the_chosen_session_stays_chosen_when_rows_come(home: HomePage) -> None:
    home.set_studies((STUDY,), STUDY.path)
    home.set_sessions(ROWS)
    home.table.selectRow(2)
    home.set_sessions((*ROWS, SessionRow("s4", "P004 · 1", 400, "Now")))
    chosen = home.table.chosen()
    assert chosen is not None and chosen.session_id == "s1"


def test_that_what_is_not_known_is_a_dash_with_its_reason(home: HomePage) -> None:
    home.set_studies((STUDY,), STUDY.path)
    home.set_sessions(ROWS)
    for name in ("word", "line", "block"):
        cell = home.table.filter.index(0, COLUMNS.index(name))
        assert cell.data() == "–"
        assert cell.data(Qt.ItemDataRole.ToolTipRole) == "no consent for gaze"
    for name in ("length", "error", "loss", "rate", "grade"):
        assert home.table.filter.index(0, COLUMNS.index(name)).data() == "–"


def test_that_only_what_waits_can_be_shown(window: MainWindow, home: HomePage) -> None:
    home.set_studies((STUDY,), STUDY.path)
    home.set_sessions(ROWS)
    button(window, "home_needy").click()
    assert [home.table.filter.index(i, 0).data() for i in range(home.table.filter.rowCount())] == ["P002 · 1"]
    assert home.needs_card.isVisible()


def test_that_a_study_is_chosen_by_a_click_and_run_by_its_button(window: MainWindow, home: HomePage) -> None:
    seen: list[str] = []
    home.study_chosen.connect(lambda path: seen.append(f"choose {path}"))
    home.run_study.connect(lambda path: seen.append(f"run {path}"))
    home.set_studies((STUDY, StudyCard("/gone", "Gone", "Folder was moved", "missing")), STUDY.path)
    QApplication.processEvents()
    tiles = window.findChildren(QWidget, "home_study_card")
    QTest.mouseClick(tiles[0], Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    runs = [b for b in window.findChildren(QAbstractButton) if b.objectName() == "home_run_study"]
    runs[0].click()
    assert seen == ["choose /studies/a", "run /studies/a"]
    assert not runs[1].isEnabled()


@pytest.mark.parametrize(
    ("p", "state", "text"),
    [(0.80, "supported", ".80"), (0.79, "probable", ".79"), (0.25, "probable", ".25"), (0.24, "refused", ".24"),
     (1.0, "supported", "1.00"), (math.nan, "", "nan")],
)  # fmt: skip
def test_that_support_follows_its_limits(p: float, state: str, text: str) -> None:
    assert (support_state(p), probability(p)) == (state, text)


def test_that_pages_that_are_not_built_are_off_and_say_so(window: MainWindow) -> None:
    assert window.buttons["home"].isEnabled()
    assert not window.buttons["audit"].isEnabled()
    assert "Audit" in window.buttons["audit"].toolTip()
    window.set_page_reason("home", "No study is open.")
    assert not window.buttons["home"].isEnabled() and window.buttons["home"].toolTip() == "No study is open."
    with pytest.raises(KeyError):
        window.add_page("nowhere", QWidget(window))


def test_that_the_rail_brings_up_its_page(window: MainWindow) -> None:
    shown: list[str] = []
    window.page_shown.connect(shown.append)
    page = QWidget()
    window.add_page("replay", page)
    window.buttons["replay"].click()
    assert window.stack.currentWidget() is page and shown == ["replay"]


@pytest.mark.parametrize("scale", [100, 150])
def test_that_home_fits_a_small_screen(
    window: MainWindow, home: HomePage, qapp: QApplication, scale: int
) -> None:
    apply_theme(qapp, Theme("dark", scale))
    try:
        home.set_studies((STUDY, StudyCard("/b", "A very long name of a study " * 4)), STUDY.path)
        home.set_sessions(ROWS)
        home.set_health((HealthRow("disk", "Disk", "212 GB", "about 9,400 sessions"),), "checked 14:31")
        QTest.qWait(30)
        assert (window.width(), window.height()) == (1366, 768)
        for one in window.findChildren(QAbstractButton):
            if one.isVisible() and one.window() is window:
                box = QRect(one.mapTo(window, QPoint(0, 0)), one.size())
                assert window.rect().contains(box), one.objectName()
    finally:
        apply_theme(qapp, Theme())
