"""`ifllm-desktop camera` as a person or a script types it."""

from __future__ import annotations

import json
import math
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ifllm_desktop import compose
from ifllm_desktop.cli import main
from ifllm_desktop.compose_devices import camera_setup, change_profile
from ifllm_desktop.domain.errors import DataError, UsageError, WorldError
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.gaze.camera_board import BOARDS
from ifllm_desktop.gaze.camera_geometry import Intrinsics
from ifllm_desktop.gaze.opencv import cv2
from ifllm_desktop.store.connection import connect
from ifllm_desktop.store.segment_file import read_header
from tests.board_pictures import LENS, board_seen, poses


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IFLLM_CONFIG_DIR", str(tmp_path / "config"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures of the board, one of them without it and one damaged."""
    folder = tmp_path_factory.mktemp("pictures")
    spec = BOARDS["charuco"]
    for index, (rotation, place) in enumerate(poses(9, spec, LENS, seed=2)):
        cv2.imwrite(str(folder / f"{index:02d}.png"), board_seen(spec, LENS, rotation, place, seed=index))
    cv2.imwrite(str(folder / "empty.jpg"), np.full((720, 1280, 3), 90, dtype=np.uint8))
    (folder / "torn.jpg").write_bytes(b"\xff\xd8 no picture")
    (folder / "notes.txt").write_text("not a picture", "utf-8")
    return folder


def test_that_cameras_are_listed_as_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["camera", "list", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert isinstance(report["cameras"], list)
    assert all({"index", "name", "id", "intrinsics", "latency"} <= set(row) for row in report["cameras"])


@pytest.mark.parametrize(("name", "start"), [("b.png", b"\x89PNG"), ("new/b.pdf", b"%PDF-1.4")])
def test_that_a_board_is_written(
    name: str, start: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["camera", "board", "--out", str(tmp_path / name), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (tmp_path / name).read_bytes().startswith(start) and report["board"] == "charuco"


def test_that_a_board_in_another_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="board_file"):
        main(["camera", "board", "--out", str(tmp_path / "b.svg")])


def test_that_pictures_give_the_lens_and_the_rest_is_named(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["camera", "calibrate", "--from", str(pictures), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["n_pictures"] == 11 and report["without_board"] == ["empty.jpg", "torn.jpg"]
    assert abs(report["intrinsics"]["fx_px"] / LENS.fx_px - 1) < 0.006
    assert report["intrinsics"]["size_px"] == [1280, 720] and "kept_for" not in report
    assert abs(report["horizontal_field_deg"] - LENS.horizontal_field_deg) < 0.5


def test_that_the_result_is_kept_for_a_camera_on_request(
    pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert camera_setup("91").intrinsics is None
    assert main(["camera", "calibrate", "--from", str(pictures), "--camera", "91"]) == 0
    assert "66." in capsys.readouterr().out
    setup = camera_setup("91")
    assert setup.intrinsics is not None and setup.header()["intrinsics_source"] == "measured"
    assert setup.header()["intrinsics"]["n_views"] == 9


@pytest.mark.parametrize(
    ("arguments", "kind", "code"),
    [
        (["--from", "no/such/folder"], DataError, "pictures_missing"),
        (["--from", "PICTURES", "--camera", "front"], UsageError, "camera_spec"),
        (["--from", "PICTURES", "--board", "chessboard"], DataError, "board_few_views"),
        ([], WorldError, "no_display"),
    ],
)  # fmt: skip
def test_that_what_cannot_be_is_said(
    arguments: list[str], kind: type[Exception], code: str, pictures: Path
) -> None:
    with pytest.raises(kind, match=code):
        main(["camera", "calibrate", *[str(pictures) if a == "PICTURES" else a for a in arguments]])


@pytest.mark.parametrize(
    ("camera", "source"), [("simulated", "assumed"), ("91", "measured"), ("92", "assumed")]
)
def test_that_a_recording_says_where_lens_and_screen_are_known_from(
    camera: str, source: str, tmp_path: Path
) -> None:
    change_profile("91", intrinsics=LENS.to_json(), latency={"sum_ms": 90.0})
    study = compose.open_study(compose.new_study(tmp_path / "study", "demo"))
    screen = Screen(1366.0, 768.0, 1.0, 310.0, math.nan, 600.0, "card", "assumed")
    simulated = camera == "simulated"
    options = compose.SessionOptions(camera, 1, simulated, simulated, screen)
    parts = compose.prepare_session(study, "P001", options)
    segment = parts.finish()
    with closing(connect(study.path / "recordings" / segment.file)) as connection:
        header = read_header(connection, Path(segment.file))
    study.close()
    assert (header["screen"]["size_source"], header["screen"]["distance_source"]) == ("card", "assumed")
    assert header["screen"]["h_mm"] is None and header["screen"]["w_mm"] == 310.0
    assert header["camera"]["intrinsics_source"] == source
    if source == "measured":
        assert Intrinsics.from_json(header["camera"]["intrinsics"]) == LENS
        assert (
            header["camera"]["latency"] == {"sum_ms": 90.0} and header["camera"]["camera_id"] == "camera 91"
        )
    else:
        assert header["camera"]["intrinsics"] is None
