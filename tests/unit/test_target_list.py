"""The CSV file of ``gaze extract``: what it says, and every way in which it can be wrong."""

from __future__ import annotations

import pytest

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.gaze.target_list import COLUMNS, read_targets
from ifllm_desktop.wording import sentence

HEAD = ",".join(COLUMNS)
GOOD = "a.jpg,p1,s1,100,200,1440,900"


def rows(*lines: str, head: str = HEAD) -> str:
    return "\n".join([head, *lines]) + "\n"


def test_that_targets_are_numbered_within_their_session_in_order_of_appearance() -> None:
    found = read_targets(
        rows(
            "a.jpg,p1,s1,100,200,1440,900", "b.jpg,p1,s1,700,200,1440,900", "c.jpg,p1,s1,100,200,1440,900",
            "d.jpg,p1,s2,700,200,1440,900", "e.jpg,p2,s1,5,6,1440,900",
        ),
        "t.csv",
    )  # fmt: skip
    assert [row.target_index for row in found] == [0, 1, 0, 0, 0]
    assert [row.file for row in found] == ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]
    assert found[1].target_px == (700.0, 200.0) and found[1].screen_px == (1440.0, 900.0)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + rows(GOOD),
        rows(GOOD).replace("\n", "\r\n"),
        rows(GOOD).replace(",", ";"),
        rows(GOOD).replace(",", "\t"),
        rows("900,1440,200,100,s1,p1,a.jpg,more", head=",".join([*reversed(COLUMNS), "notes"])),
        rows(' "a.jpg" , p1 , s1 ,1e2, 200.0 ,1440,900').replace(' "a.jpg" ', "a.jpg"),
        rows(GOOD, "", head=HEAD.replace("session", " session ")),
    ],
    ids=["bom", "crlf", "semicolon", "tab", "other order", "spaces", "empty line"],
)
def test_that_the_usual_spellings_of_csv_are_read(text: str) -> None:
    (row,) = read_targets(text, "t.csv")
    assert (row.file, row.participant, row.session) == ("a.jpg", "p1", "s1")
    assert row.target_px == (100.0, 200.0) and row.screen_px == (1440.0, 900.0)


def test_that_one_file_has_one_spelling() -> None:
    (row,) = read_targets(rows("x/./sub\\..//a.jpg,p,s,1,2,3,4"), "t.csv")
    assert row.file == "x/a.jpg"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "targets_columns", "file"),
        (rows(GOOD, head=HEAD.replace("screen_h_px", "height")), "targets_columns", "screen_h_px"),
        (rows(), "targets_empty", "t.csv"),
        (rows("a.jpg,p,s,left,2,3,4"), "targets_row", "target_x_px"),
        (rows("a.jpg,p,s,nan,2,3,4"), "targets_row", "no number"),
        (rows("a.jpg,p,s,1,inf,3,4"), "targets_row", "target_y_px"),
        (rows("a.jpg,p,s,1,2,0,4"), "targets_row", "screen_w_px"),
        (rows("a.jpg,p,s,1,2,3,-900"), "targets_row", "screen_h_px"),
        (rows("a.jpg,p,s,1,2,3"), "targets_row", "screen_h_px"),
        (rows(",p,s,1,2,3,4"), "targets_row", "file"),
        (rows("a.jpg,,s,1,2,3,4"), "targets_row", "participant"),
        (rows("a.jpg,p,s,1e9,2,3,4"), "targets_row", "on no screen"),
        (rows(GOOD, "b.jpg,p,s,1,2,3,4", "./a.jpg,p,s,1,2,3,4"), "targets_row", "line 4"),
        (rows("../a.jpg,p,s,1,2,3,4"), "targets_row", "outside"),
        (rows("x/../../a.jpg,p,s,1,2,3,4"), "targets_row", "outside"),
        (rows("/etc/a.jpg,p,s,1,2,3,4"), "targets_row", "outside"),
        (rows("C:\\a.jpg,p,s,1,2,3,4"), "targets_row", "outside"),
        (rows("a\0.jpg,p,s,1,2,3,4"), "targets_row", "line"),
        (rows('"a.jpg,p,s,1,2,3,4'), "targets_row", "line"),
    ],
)
def test_that_what_is_wrong_is_said_in_one_sentence(text: str, code: str, words: str) -> None:
    with pytest.raises(DataError) as refused:
        read_targets(text, "t.csv")
    assert refused.value.code == code
    said = sentence(refused.value)
    assert words in said and "t.csv" in said and "\n" not in said
