"""Every code has its sentence, and no sentence is a traceback."""

from __future__ import annotations

import ast
import errno
import string
from pathlib import Path

import pytest

import ifllm_desktop
from ifllm_desktop.domain.errors import BugError, DataError, IfllmError, UsageError, WorldError
from ifllm_desktop.wording import GAZE_REASONS, SENTENCES, gaze_reason, sentence

RAISING = {"WorldError", "DataError", "UsageError"}


def raised_codes() -> dict[str, set[str]]:
    """Codes that are given as a literal where an error is made, with the parameters given there."""
    found: dict[str, set[str]] = {}
    for path in Path(ifllm_desktop.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in RAISING
                and node.args
            ):
                code = node.args[0]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    if any(k.arg is None for k in node.keywords):
                        found.setdefault(code.value, set())
                        continue  # handed on as a dict
                    found.setdefault(code.value, set()).update(k.arg for k in node.keywords if k.arg)
    return found


def test_that_every_code_that_is_raised_has_a_sentence_with_its_parameters() -> None:
    codes = raised_codes()
    assert len(codes) > 25 and set(codes) <= set(SENTENCES)
    for code, given in ((c, g) for c, g in codes.items() if g):
        wanted = {name for _, name, _, _ in string.Formatter().parse(SENTENCES[code]) if name}
        assert wanted <= given, (code, wanted - given)


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_that_every_sentence_says_what_is_wrong_and_what_to_do(code: str) -> None:
    text = SENTENCES[code]
    assert text.endswith(".") and "\n" not in text and len(text) < 260
    assert ":" in text and text.count(". ") <= 1


def test_that_parameters_stand_in_the_sentence() -> None:
    assert sentence(WorldError("video_missing", path="a.mp4")) == "There is no video a.mp4: check the name."
    assert "?" in sentence(WorldError("video_missing"))  # one that is forgotten never stops the sentence


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "is full"), (errno.EROFS, "cannot be written to"), (errno.EACCES, "cannot be written to"),
        (errno.EPERM, "cannot be written to"), (errno.EIO, "cannot be used"),
    ],
)  # fmt: skip
def test_that_errors_of_the_system_are_worded_with_their_place(number: int, word: str) -> None:
    said = sentence(OSError(number, "Reason", "/there/file"))
    assert "/there/file" in said and word in said
    assert "somewhere" in sentence(OSError(number, "Reason"), path="somewhere")


@pytest.mark.parametrize(
    "error", [BugError("flow_command", secret="an answer"), ValueError("a prompt"), IfllmError("no_such_code"),
              UsageError("no_such_code")],
)  # fmt: skip
def test_that_a_fault_of_the_program_is_admitted_without_its_insides(error: Exception) -> None:
    said = sentence(error, path="the.log")
    assert "inside the program" in said and "the.log" in said
    assert "answer" not in said and "prompt" not in said


def test_that_errors_cross_a_process_border_whole() -> None:
    import pickle

    again = pickle.loads(pickle.dumps(DataError("no_sessions", path="x")))
    assert isinstance(again, DataError) and sentence(again) == sentence(DataError("no_sessions", path="x"))


def test_that_reasons_of_the_gaze_have_words() -> None:
    assert all(gaze_reason(code) == words for code, words in GAZE_REASONS.items())
    assert gaze_reason("something_new") == "something_new"
