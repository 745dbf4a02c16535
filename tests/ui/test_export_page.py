"""The export page: what it would write, what it leaves out, and the writing."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QTableView
from pytestqt.qtbot import QtBot

from ifllm_desktop.export.preview import ExportPreview, preview
from ifllm_desktop.export.schemas import FORMATS
from ifllm_desktop.export.write import write_exports
from ifllm_desktop.ui.export_page import ExportPage
from ifllm_desktop.ui.set_list import COUNT
from tests.study_in_memory import MemoryStudy, memory_study


@pytest.fixture(scope="module")
def study() -> MemoryStudy:
    return memory_study(3, {"P02": {"sharing": False}})


@pytest.fixture(scope="module")
def made(study: MemoryStudy) -> ExportPreview:
    return preview(study.catalogue, study.recordings, study.operations)


@pytest.fixture
def page(qtbot: QtBot, made: ExportPreview) -> ExportPage:
    shown = ExportPage()
    qtbot.addWidget(shown)
    shown.set_preview("Everyday explanations", made, "exports/002")
    shown.resize(1290, 720)
    with qtbot.waitExposed(shown):
        shown.show()
    return shown


def text(page: ExportPage, name: str) -> str:
    found: QLabel | None = page.findChild(QLabel, name)
    assert found is not None
    return found.text()


def texts(page: ExportPage) -> set[str]:
    return {found.text() for found in page.findChildren(QLabel) if found.isVisible()}


def test_that_the_preview_counts_what_the_export_writes(
    study: MemoryStudy, made: ExportPreview, tmp_path: Path
) -> None:
    report = write_exports(
        study.catalogue, study.recordings, study.operations, ["all"], tmp_path / "out", code_version="test"
    )
    written = {part.format: (part.n_rows, part.excluded) for part in report.formats}
    assert {s.format: (s.n_rows, s.excluded) for s in made.sets} == written
    assert made.n_people == 3 and made.agreed["sharing"] == 2


def test_that_sets_show_their_rows_and_losses_their_reasons(page: ExportPage) -> None:
    model = page.sets.model()
    counts = [model.index(number, 0).data(COUNT) for number in range(4)]
    assert counts[0] == "4 pairs" and counts[2] == "4 labels"
    assert {"Ties", "Both bad", "No consent to sharing", "2 of 3"} <= texts(page)


def test_that_choosing_a_set_shows_its_rows(page: ExportPage) -> None:
    rows = page.findChild(QTableView, "preview_rows")
    first = page.findChild(QPlainTextEdit, "first_row")
    assert rows is not None and first is not None
    assert rows.model().rowCount() == 4 and '"chosen_side": "left"' in first.toPlainText()
    page.sets.setCurrentIndex(page.sets.model().index(2, 0))
    assert text(page, "preview_title") == "annotations"
    assert '"quote": "rsync"' in first.toPlainText()


def test_that_only_ticked_sets_are_written_into_the_named_folder(page: ExportPage, qtbot: QtBot) -> None:
    page.sets.set_checked("samples", checked=False)
    page.folder.setText(" somewhere/new ")
    assert page.write.text() == "Write 4 sets"
    with qtbot.waitSignal(page.write_requested, timeout=1000) as caught:
        qtbot.mouseClick(page.write, Qt.MouseButton.LeftButton)
    assert caught.args == [["preference", "annotations", "answers", "reward_scores"], "somewhere/new"]


def test_that_space_ticks_the_set_under_the_cursor(page: ExportPage, qtbot: QtBot) -> None:
    page.sets.setFocus()
    qtbot.keyClick(page.sets, Qt.Key.Key_Space)
    assert page.sets.checked() == list(FORMATS[1:])
    qtbot.keyClick(page.sets, Qt.Key.Key_Space)
    assert page.sets.checked() == list(FORMATS)


def test_that_nothing_can_be_written_without_a_set_or_a_folder(page: ExportPage) -> None:
    page.sets.check_all()
    assert page.sets.checked() == [] and not page.write.isEnabled()
    assert text(page, "export_status") == "Nothing is chosen."
    page.sets.check_all()
    assert page.write.isEnabled()
    page.folder.setText("  ")
    assert not page.write.isEnabled()


def test_that_writing_shows_progress_and_can_be_cancelled(page: ExportPage, qtbot: QtBot) -> None:
    page.show_progress("samples", 120_345, 0.4)
    assert text(page, "doing") == "Writing samples" and "120\N{NO-BREAK SPACE}345" in text(page, "doing_more")
    assert not page.write.isEnabled()
    with qtbot.waitSignal(page.cancel_requested, timeout=1000):
        qtbot.mouseClick(page.cancel, Qt.MouseButton.LeftButton)
    page.show_error("The disk is full.")
    assert text(page, "doing") == "The disk is full." and page.write.isEnabled()


def test_that_the_end_names_files_hash_and_the_line_that_opens_them(
    page: ExportPage, study: MemoryStudy, tmp_path: Path, qtbot: QtBot
) -> None:
    report = write_exports(
        study.catalogue,
        study.recordings,
        study.operations,
        ["annotations"],
        tmp_path / "out",
        code_version="t",
    )
    page.show_done(report)
    assert text(page, "doing") == "3 files: annotations 4"
    assert f'load_dataset("{tmp_path / "out"}", "annotations")' in text(page, "doing_more")
    assert report.sha256[:12] in text(page, "doing_more")
    with qtbot.waitSignal(page.folder_wanted, timeout=1000) as caught:
        qtbot.mouseClick(page.show_folder, Qt.MouseButton.LeftButton)
    assert caught.args == [str(tmp_path / "out")]


def test_that_an_empty_set_says_why(qtbot: QtBot) -> None:
    study = memory_study(0)
    page = ExportPage()
    qtbot.addWidget(page)
    page.set_preview("New", preview(study.catalogue, [], []), "exports/001")
    assert text(page, "why_empty") == "The study has no recorded session."
