"""A known lens comes back from pictures of a board; what cannot be a camera is refused."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError, UsageError
from ifllm_desktop.gaze.board_views import ViewCollector
from ifllm_desktop.gaze.camera_board import (
    BOARDS,
    BoardSpec,
    BoardView,
    board_pdf,
    board_picture,
    board_png,
    board_spec,
    find_board,
)
from ifllm_desktop.gaze.camera_calibration import MAX_FOCAL_SD, calibrate_camera, lens_bend_px
from ifllm_desktop.gaze.camera_geometry import Intrinsics, default_intrinsics
from ifllm_desktop.gaze.opencv import cv2
from tests.board_pictures import LENS, board_seen, poses

CHARUCO, CHESSBOARD = BOARDS["charuco"], BOARDS["chessboard"]
FRONT = ((0.0, 0.0, 0.0), (0.0, 0.0, 10.0))


def projected(
    spec: BoardSpec, lens: Intrinsics, n: int, *, noise_px: float = 0.1, seed: int = 1, tilt: float = 0.45
) -> list[BoardView]:
    """Views by projection alone, with the noise of a corner detector."""
    rng = np.random.default_rng(seed)
    views = []
    for rotation, place in poses(n, spec, lens, seed, tilt):
        turned = cv2.Rodrigues(np.array(rotation))[0]
        origin = np.array(place) - turned @ (spec.n_x / 2, spec.n_y / 2, 0.0)
        seen, _ = cv2.projectPoints(
            spec.points, np.array(rotation), origin, lens.matrix, lens.distortion_array
        )
        corners = seen.reshape(-1, 2) + rng.normal(0, noise_px, (spec.n_corners, 2))
        inside = ((corners >= 0) & (corners < lens.size_px)).all(axis=1)
        views.append(BoardView(np.flatnonzero(inside), corners[inside], lens.size_px))
    return views


@lru_cache(maxsize=1)
def charuco_pictures() -> list[NDArray[np.uint8]]:
    return [
        board_seen(CHARUCO, LENS, rotation, place, seed=index)
        for index, (rotation, place) in enumerate(poses(12, CHARUCO, LENS))
    ]


def assert_near(found: Intrinsics, true: Intrinsics, focal: float, centre_px: float) -> None:
    assert abs(found.fx_px / true.fx_px - 1) < focal and abs(found.fy_px / true.fy_px - 1) < focal
    assert abs(found.cx_px - true.cx_px) < centre_px and abs(found.cy_px - true.cy_px) < centre_px


# ---- from pictures ---------------------------------------------------------------------------


def test_that_pictures_of_a_charuco_board_give_back_the_lens() -> None:
    views = [find_board(picture, CHARUCO) for picture in charuco_pictures()]
    seen = [view for view in views if view is not None]
    assert len(seen) == 12 and min(len(view.ids) for view in seen) >= 20
    result = calibrate_camera(seen, CHARUCO)
    assert_near(result.intrinsics, LENS, 0.005, 4.0)
    assert result.intrinsics.rms_px < 0.3 and result.left_out_rms_px < 0.4 and result.focal_sd < 0.005
    assert abs(lens_bend_px(result.intrinsics) - lens_bend_px(LENS)) < 3
    assert result.intrinsics.source == "measured" and result.intrinsics.n_views == 12


def test_that_pictures_of_a_chessboard_give_back_the_lens() -> None:
    views = []
    for index, (rotation, place) in enumerate(poses(8, CHESSBOARD, LENS, seed=5)):
        view = find_board(board_seen(CHESSBOARD, LENS, rotation, place, seed=index), CHESSBOARD)
        if view is not None:
            views.append(view)
    assert len(views) >= 7
    assert_near(calibrate_camera(views, CHESSBOARD).intrinsics, LENS, 0.008, 6.0)


def test_that_colour_and_grey_pictures_show_the_same_board() -> None:
    grey = charuco_pictures()[1]
    colour = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    first, second = find_board(grey, CHARUCO), find_board(colour, CHARUCO)
    assert first is not None and second is not None
    np.testing.assert_allclose(first.corners_px, second.corners_px, atol=0.05)


def test_that_a_partly_hidden_board_is_still_of_use() -> None:
    picture = board_seen(CHARUCO, LENS, *FRONT)
    picture[:, :600] = 80
    view = find_board(picture, CHARUCO)
    assert view is not None and 8 <= len(view.ids) < CHARUCO.n_corners
    assert view.corners_px[:, 0].min() > 600


def test_that_a_phone_with_glare_loses_corners_and_no_accuracy() -> None:
    clean = board_seen(CHARUCO, LENS, (0.2, -0.3, 0.1), (0.5, 0.2, 9.0))
    y, x = np.mgrid[0:720, 0:1280]
    glare = 900 * np.exp(-(((x - 600) / 90) ** 2 + ((y - 330) / 60) ** 2))
    shining = np.clip(clean + glare, 0, 255).astype(np.uint8)
    whole, part = find_board(clean, CHARUCO), find_board(shining, CHARUCO)
    assert whole is not None and part is not None
    shared, here, there = np.intersect1d(part.ids, whole.ids, return_indices=True)
    assert 12 <= len(shared) < CHARUCO.n_corners
    moved = np.linalg.norm(part.corners_px[here] - whole.corners_px[there], axis=1)
    assert np.median(moved) < 0.3 and moved.max() < 2.0


@pytest.mark.parametrize("spec", [CHARUCO, CHESSBOARD])
def test_that_no_board_is_found_where_there_is_none(spec: BoardSpec) -> None:
    rng = np.random.default_rng(1)
    assert find_board(rng.integers(0, 255, (720, 1280), dtype=np.uint8), spec) is None
    assert find_board(np.full((720, 1280, 3), 128, dtype=np.uint8), spec) is None
    smeared = cv2.GaussianBlur(board_seen(CHARUCO, LENS, *FRONT), (0, 0), 20)
    assert find_board(np.asarray(smeared, dtype=np.uint8), spec) is None


# ---- from corners ----------------------------------------------------------------------------


@pytest.mark.parametrize("lens", [
    LENS, default_intrinsics((1280, 720), 78.0), default_intrinsics((640, 480), 55.0),
    Intrinsics(1500.0, 1500.0, 940.0, 560.0, (1920, 1080), (-0.3, 0.1, 0.0, 0.0, 0.0)),
])  # fmt: skip
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_that_lenses_of_all_kinds_come_back_from_twelve_views(lens: Intrinsics, seed: int) -> None:
    result = calibrate_camera(projected(CHARUCO, lens, 12, seed=seed), CHARUCO)
    assert_near(result.intrinsics, lens, 0.012, 0.008 * lens.size_px[0])
    assert abs(result.intrinsics.fx_px / lens.fx_px - 1) < 4 * result.focal_sd + 1e-3


def test_that_one_bad_view_is_left_out() -> None:
    views = projected(CHARUCO, LENS, 12)
    bent = views[4]
    wave = np.column_stack([np.zeros(len(bent.ids)), 6 * np.sin(bent.corners_px[:, 0] / 60)])
    views[4] = BoardView(bent.ids, bent.corners_px + wave, bent.size_px)
    result = calibrate_camera(views, CHARUCO)
    assert result.n_rejected == 1 and result.intrinsics.n_views == 11
    assert_near(result.intrinsics, LENS, 0.005, 5.0)


@pytest.mark.parametrize(
    ("views", "code"),
    [
        pytest.param([], "board_few_views", id="none"),
        pytest.param(projected(CHARUCO, LENS, 5), "board_few_views", id="too few"),
        pytest.param(
            projected(CHARUCO, LENS, 6) + projected(CHARUCO, default_intrinsics((640, 480)), 6),
            "board_sizes", id="two sizes",
        ),
        pytest.param(projected(CHARUCO, LENS, 12, noise_px=6.0), "board_rms", id="moving"),
        pytest.param(projected(CHARUCO, LENS, 12, tilt=0.0, noise_px=0.3), "board_unstable", id="never tilted"),
        pytest.param(projected(CHARUCO, LENS, 1) * 8, "board_unstable|board_field", id="the same view"),
        pytest.param(
            projected(CHARUCO, default_intrinsics((1280, 720), 14.0), 12), "board_field", id="a telescope"
        ),
    ],
)  # fmt: skip
def test_that_nonsense_is_refused_with_its_reason(views: list[BoardView], code: str) -> None:
    with pytest.raises(DataError, match=code):
        calibrate_camera(views, CHARUCO)


def test_that_the_stated_error_of_the_focal_length_holds() -> None:
    found = [
        calibrate_camera(projected(CHARUCO, LENS, 9, seed=seed, noise_px=0.3), CHARUCO) for seed in range(8)
    ]
    z = np.array([(r.intrinsics.fx_px / LENS.fx_px - 1) / r.focal_sd for r in found])
    assert np.sqrt((z**2).mean()) < 2.0 and max(r.focal_sd for r in found) < MAX_FOCAL_SD


# ---- collecting ------------------------------------------------------------------------------


def test_that_only_still_and_new_views_are_kept() -> None:
    views = projected(CHARUCO, LENS, 3, noise_px=0.05)
    collector = ViewCollector(CHARUCO)
    assert collector.add(None).advice == "show"
    assert collector.add(views[0]).advice == "still" and collector.views == ()  # it may be moving
    assert collector.add(views[0]).n_views == 1
    assert collector.add(views[0]).n_views == 1  # nothing new
    assert collector.add(views[1]).advice == "still"
    assert collector.add(views[1]).n_views == 2
    assert collector.add(None).n_views == 2


def test_that_collecting_ends_when_the_picture_is_covered_and_the_board_was_tilted() -> None:
    collector = ViewCollector(CHARUCO)
    progress = collector.add(None)
    for view in projected(CHARUCO, LENS, 40):
        progress = collector.add(view, moving=False)
        if progress.done:
            break
    assert progress.done and progress.advice == "done" and progress.n_tilted >= 4
    assert sum(progress.covered) >= 9 and progress.n_views >= 12
    assert_near(calibrate_camera(collector.views, CHARUCO).intrinsics, LENS, 0.01, 6.0)


def test_that_straight_views_in_one_place_never_end_it_and_are_told_to_move_and_tilt() -> None:
    collector = ViewCollector(CHARUCO)
    advice = set()
    for step in range(60):
        lens = LENS
        place = (0.05 * np.sin(step), 0.0, 10.0 + 0.1 * step)
        turned = np.zeros(3)
        origin = np.array(place) - (CHARUCO.n_x / 2, CHARUCO.n_y / 2, 0.0)
        seen, _ = cv2.projectPoints(CHARUCO.points, turned, origin, lens.matrix, lens.distortion_array)
        view = BoardView(np.arange(CHARUCO.n_corners), seen.reshape(-1, 2), lens.size_px)
        progress = collector.add(view, moving=False)
        advice.add(progress.advice)
        if progress.advice == "move":
            assert not progress.covered[progress.cell]
    assert not progress.done and advice == {"move", "tilt"}


# ---- drawing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_that_a_drawn_board_is_found_whole(name: str) -> None:
    spec = board_spec(name)
    picture = cv2.imdecode(np.frombuffer(board_png(spec), dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(picture, board_picture(spec)) and picture.shape == (1080, 2400)
    view = find_board(np.asarray(picture, dtype=np.uint8), spec)
    assert view is not None and len(view.ids) == spec.n_corners


def test_that_a_board_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="board_unknown"):
        board_spec("dartboard")


@pytest.mark.parametrize(("name", "square_mm"), [("charuco", 32), ("chessboard", 25)])
def test_that_the_printed_page_shows_the_board_in_true_size(name: str, square_mm: int) -> None:
    spec = board_spec(name)
    data = board_pdf(spec)
    assert data.startswith(b"%PDF-1.4") and data.endswith(b"%%EOF\n")
    # the cross-reference table points at the objects
    start = int(re.search(rb"startxref\n(\d+)", data)[1])  # type: ignore[index]
    entries = re.findall(rb"(\d{10}) 00000 n", data[start:])
    assert all(data[int(place) :].startswith(b"%d 0 obj" % n) for n, place in enumerate(entries, start=1))
    content = zlib.decompress(re.search(rb"stream\n(.*)\nendstream", data, re.DOTALL)[1]).decode()  # type: ignore[index]
    assert f"One square: {square_mm} mm" in content
    page = np.full((2 * 210, 2 * 297), 255, dtype=np.uint8)  # at 2 px per mm
    scale = 2 * 25.4 / 72
    for x, y, w, h in re.findall(r"^(\S+) (\S+) (\S+) (\S+) re$", content, re.MULTILINE):
        left, low, right, high = (
            round(v * scale) for v in (float(x), float(y), float(x) + float(w), float(y) + float(h))
        )
        page[420 - high : 420 - low, left:right] = 0
    view = find_board(page, spec)
    assert view is not None and len(view.ids) == spec.n_corners
    first, last = np.argmin(view.ids), np.argmax(view.ids)
    across = abs(view.corners_px[last] - view.corners_px[first]) / 2
    np.testing.assert_allclose(across, ((spec.n_x - 2) * square_mm, (spec.n_y - 2) * square_mm), atol=0.5)
