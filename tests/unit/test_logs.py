"""What is logged where, and what never is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from ifllm_desktop import logs
from tests.unit.test_conductor import ROWS, Setting


@pytest.fixture
def log_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "log" / "ifllm_desktop.log"
    monkeypatch.setattr(logs, "log_path", lambda: path)
    root = logging.getLogger("ifllm_desktop")
    before = (root.level, root.propagate, list(root.handlers))
    yield path
    for handler in list(root.handlers):
        root.removeHandler(handler)
        if handler not in before[2]:
            handler.close()
    root.setLevel(before[0])
    root.propagate = before[1]
    for handler in before[2]:
        root.addHandler(handler)


def test_that_information_goes_to_the_file_and_warnings_to_the_console_in_one_line(
    log_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure()
    log = logging.getLogger("ifllm_desktop.test")
    log.info("a small thing")
    log.debug("a detail")
    try:
        raise ValueError("inside")
    except ValueError:
        log.warning("a large thing", exc_info=True)
    written = log_file.read_text(encoding="utf-8")
    assert "a small thing" in written and "a detail" not in written and "Traceback" in written
    assert capsys.readouterr().err == "warning: a large thing\n"


def test_that_configuring_again_does_not_write_twice(log_file: Path) -> None:
    for _ in range(3):
        logs.configure()
    logging.getLogger("ifllm_desktop.test").info("once")
    assert log_file.read_text(encoding="utf-8").count("once") == 1


def test_that_verbose_shows_everything_on_the_console(
    log_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(verbose=True)
    logging.getLogger("ifllm_desktop.test").debug("a detail")
    assert capsys.readouterr().err == "debug: a detail\n"


def test_that_the_program_runs_where_no_log_can_be_written(
    log_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_file.parent.write_text("a file where the folder should be")
    logs.configure()
    logging.getLogger("ifllm_desktop.test").info("nowhere")
    logging.getLogger("ifllm_desktop.test").warning("here")
    assert capsys.readouterr().err == "warning: here\n"


def test_that_nothing_of_a_person_is_logged_at_info_or_above(caplog: pytest.LogCaptureFixture) -> None:
    setting = Setting()
    with caplog.at_level(logging.INFO, logger="ifllm_desktop"):
        setting.consent()
        setting.wait(1)
        for stream, row in ROWS.items():
            setting.conductor.record(stream, row)
        setting.conductor.command("without_gaze", "test")
        setting.conductor.command("next")
        task = setting.conductor.snapshot.task
        assert task is not None
        setting.conductor.command("submit", task.suggested_prompt)
        setting.wait(1)
        (answer,) = setting.conductor.snapshot.answers
        setting.conductor.command("shown", answer.response_id, len(answer.text))
        setting.conductor.command("rate", answer.response_id, 5)
        setting.conductor.command("stop", "test")
        setting.conductor.close()
    said = [record.getMessage() for record in caplog.records]
    assert not [
        line for line in said if task.suggested_prompt in line or answer.text in line or "0." in line
    ], said
