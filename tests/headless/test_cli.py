"""The command line itself: help, JSON, and what a terminal sees."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from ifllm_desktop import __version__, cli, compose, logs
from ifllm_desktop.__main__ import main
from tests.command_line import assert_one_sentence, run

VERBS = (
    ["demo"], ["new"], ["run"], ["replay"], ["annotate"], ["verify"], ["reward", "train"], ["reward", "score"],
    ["export"], ["selftest"], ["bench"], ["gaze", "extract"], ["gaze", "rederive"],
    ["gaze", "fetch-model"], ["doctor"], ["withdraw"],
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """``main`` configures logging for the process: into the test's folder, and taken back afterwards."""
    path = tmp_path / "logs" / "ifllm_desktop.log"
    monkeypatch.setattr(logs, "log_path", lambda: path)
    root = logging.getLogger("ifllm_desktop")
    before = (root.level, root.propagate, list(root.handlers))
    yield path
    for handler in list(root.handlers):
        root.removeHandler(handler)
        if handler not in before[2]:
            handler.close()
    for handler in before[2]:
        root.addHandler(handler)
    root.setLevel(before[0])
    root.propagate = before[1]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_that_every_command_has_an_example_and_takes_json(
    verb: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*verb, "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert f"example: ifllm-desktop {' '.join(verb)}" in out and "--json" in out


def test_that_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"ifllm-desktop {__version__}\n"


def test_that_new_makes_a_commented_study_that_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "study"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"study": str(tmp_path / "study")}
    assert (tmp_path / "study" / "study.yaml").read_text(encoding="utf-8").startswith("#")
    compose.open_study(tmp_path / "study").close()


def test_that_ctrl_c_is_one_sentence_wherever_it_comes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "main", interrupted)
    assert main([]) == 1
    assert capsys.readouterr() == ("", "Stopped; everything recorded until now is kept.\n")


def test_that_an_unexpected_error_is_one_sentence_and_its_traceback_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_logs: Path
) -> None:
    def broken(arguments: list[str]) -> int:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(cli, "main", broken)
    assert main([]) == 1
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and str(own_logs) in err and "ZeroDivisionError" in err
    assert "deep inside" in own_logs.read_text(encoding="utf-8")


@pytest.mark.slow
def test_that_every_command_prints_one_json_object(tmp_path: Path) -> None:
    study, out = tmp_path / "study", tmp_path / "out"
    steps: list[tuple[list[str | Path], set[str]]] = [
        (["new", study], {"study"}),
        (["run", study, "--headless"], {"study", "sessions", "participants", "frames", "landmark_rows", "gap_rows"}),
        (["run", study, "--headless", "--seed", "2", "--participant", "anna"], {"export", "elapsed_s"}),
        (["verify", study], {"ok", "recordings"}),
        (["reward", "train", study], {"model", "n_pairs", "n_people", "trained_on"}),
        (["reward", "score", study], {"n_pairs", "trained_on"}),
        (["export", study, "--format", "all", "--out", out], {"format", "out", "files", "excluded"}),
    ]  # fmt: skip
    reports = []
    for arguments, keys in steps:
        ran = run(tmp_path, [*arguments, "--json"])
        assert ran.code == 0, (arguments, ran.err)
        assert ran.report.keys() >= keys
        reports.append(ran.report)
    files = reports[-1]["files"]
    assert all(file.keys() >= {"path", "rows", "sha256"} and (out / file["path"]).is_file() for file in files)


@pytest.mark.slow
def test_that_the_self_test_checks_each_part(tmp_path: Path) -> None:
    ran = run(tmp_path, ["selftest", "--json"])
    assert ran.code == 0, ran.out
    assert ran.report["ok"] is True and len(ran.report["checks"]) >= 6
    assert all(check["ok"] and check["detail"] for check in ran.report["checks"])


def test_that_every_command_has_an_example_in_its_help_and_none_is_without_words() -> None:
    def walk(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for one in action.choices.values():
                    yield from walk(one)

    parsers = list(walk(cli.build_parser()))
    assert len(parsers) > 20
    for parser in parsers:
        assert "example: ifllm-desktop" in (parser.epilog or ""), parser.prog
        assert parser.description, parser.prog


def test_that_an_empty_participant_is_no_participant(tmp_path: Path) -> None:
    assert run(tmp_path, ["new", tmp_path / "study"]).code == 0
    ran = run(tmp_path, ["run", tmp_path / "study", "--headless", "--participant", ""])
    assert_one_sentence(ran, 2, "participant")


def test_that_verify_tells_of_a_study_file_that_cannot_be_read_and_checks_the_rest(
    tmp_path: Path,
) -> None:
    assert run(tmp_path, ["new", tmp_path / "study"]).code == 0
    path = tmp_path / "study" / "study.yaml"
    path.write_text(path.read_text("utf-8").replace("seed: 20240501", "seed: twelve"), "utf-8")
    ran = run(tmp_path, ["verify", tmp_path / "study", "--json"])
    assert ran.code == 1 and not ran.report["ok"]
    assert any("seed: must be a whole number" in problem for problem in ran.report["problems"])
