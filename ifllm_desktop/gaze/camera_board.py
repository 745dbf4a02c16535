"""The board that a camera is calibrated with: how it looks, and where its corners are in a picture."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import UsageError
from ifllm_desktop.gaze.opencv import cv2

BoardKind = Literal["charuco", "chessboard"]
Floats = NDArray[np.float64]
Grey = NDArray[np.uint8]

MARKER_SHARE = 0.75
"""Side of a marker in squares: as large as leaves a white rim that the detector needs."""
MIN_CORNERS = 8
"""Fewer corners of a view say too little: six points carry a pose, the rest is what they can be checked by."""
PHONE_PX = (2400, 1080)
A4_MM = (297.0, 210.0)
MARGIN_SQUARES = 0.6
_SEARCH_WIDTH_PX = 800
"""A plain chessboard is looked for in a picture of at most this width: its cost grows with the area."""
_PDF_POINT_MM = 25.4 / 72


@dataclass(frozen=True, slots=True)
class BoardSpec:
    """A board by its squares.

    Attributes
    ----------
    kind : str
        ``charuco`` (squares with markers: seen in part and told from itself when turned) or ``chessboard``.
    n_x, n_y : int
        Squares along the longer and the shorter side.

    Notes
    -----
    The size of a square is 1 throughout: intrinsics do not depend on it, only distances of the board would. So a
    board on a phone need not be measured.
    """

    kind: BoardKind = "charuco"
    n_x: int = 8
    n_y: int = 5

    @property
    def n_corners(self) -> int:
        """Inner corners."""
        return (self.n_x - 1) * (self.n_y - 1)

    @property
    def points(self) -> Floats:
        """Inner corners in squares, shape (n_corners, 3), z = 0, row by row."""
        x, y = np.meshgrid(np.arange(1, self.n_x), np.arange(1, self.n_y))
        return np.column_stack([x.ravel(), y.ravel(), np.zeros(self.n_corners)]).astype(np.float64)


BOARDS: dict[str, BoardSpec] = {"charuco": BoardSpec(), "chessboard": BoardSpec("chessboard", 10, 7)}


def board_spec(name: str) -> BoardSpec:
    """A board by name. Raises UsageError ``board_unknown``."""
    if name not in BOARDS:
        raise UsageError("board_unknown", name=name, known=", ".join(BOARDS))
    return BOARDS[name]


# ---- detection -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class BoardView:
    """A board as it was seen in one picture.

    Attributes
    ----------
    ids : ndarray of int, shape (n,)
        Which corners, by their row in ``BoardSpec.points``.
    corners_px : ndarray of float64, shape (n, 2)
        Where, picture px.
    size_px : tuple of int
        (width, height) of the picture.
    """

    ids: NDArray[np.intp]
    corners_px: Floats
    size_px: tuple[int, int]


def find_board(image: NDArray[np.uint8], spec: BoardSpec) -> BoardView | None:
    """Where a board is in a picture; None where it is not, or too little of it.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width) or (height, width, 3)
        Grey or BGR, not mirrored.
    """
    grey: Grey = image
    if image.ndim == 3:
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    found = _charuco(grey, spec) if spec.kind == "charuco" else _chessboard(grey, spec)
    if found is None:
        return None
    ids, corners = found
    if len(ids) < MIN_CORNERS or _on_one_line(spec, ids):
        return None
    return BoardView(ids, corners, (grey.shape[1], grey.shape[0]))


def _on_one_line(spec: BoardSpec, ids: NDArray[np.intp]) -> bool:
    columns, rows = ids % (spec.n_x - 1), ids // (spec.n_x - 1)
    return min(len(set(columns.tolist())), len(set(rows.tolist()))) < 2


def _charuco(grey: Grey, spec: BoardSpec) -> tuple[NDArray[np.intp], Floats] | None:
    found: tuple[Any, ...] = _detector(spec).detectBoard(grey)  # None in places where there is none
    corners, ids = found[:2]
    if corners is None or ids is None:
        return None
    return ids.ravel().astype(np.intp), np.asarray(corners, dtype=np.float64).reshape(-1, 2)


def _chessboard(grey: Grey, spec: BoardSpec) -> tuple[NDArray[np.intp], Floats] | None:
    # found by Duda & Frese 2018, "Accurate Detection and Localization of Checkerboard Corners for Calibration", in a
    # small picture, then placed in the large one: on rendered views 0.04 px rms and 0.06 s, against 0.11 px and 0.47 s
    # for their method alone in the large one
    scale = min(1.0, _SEARCH_WIDTH_PX / grey.shape[1])
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    inner = (spec.n_x - 1, spec.n_y - 1)
    found, corners = cv2.findChessboardCornersSB(small, inner, flags=cv2.CALIB_CB_NORMALIZE_IMAGE)
    if not found:
        return None
    # px centres: a corner at x in the small picture is at (x + ½) / scale − ½ in the large one
    points = (np.asarray(corners, dtype=np.float64).reshape(-1, 2) + 0.5) / scale - 0.5
    grid = points.reshape(inner[1], inner[0], 2)
    gap_px = min(float(np.linalg.norm(np.diff(grid, axis=axis), axis=2).min()) for axis in (0, 1))
    reach_px = max(2, int(0.3 * gap_px))  # no further, or the next corner is in sight
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 0.01)
    start = points.astype(np.float32).reshape(-1, 1, 2)
    placed = cv2.cornerSubPix(grey, start, (reach_px, reach_px), (-1, -1), stop)
    return np.arange(spec.n_corners, dtype=np.intp), np.asarray(placed, dtype=np.float64).reshape(-1, 2)


@lru_cache(maxsize=4)
def _board(spec: BoardSpec) -> cv2.aruco.CharucoBoard:
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    return cv2.aruco.CharucoBoard((spec.n_x, spec.n_y), 1.0, MARKER_SHARE, dictionary)


def _detector(spec: BoardSpec) -> cv2.aruco.CharucoDetector:
    parameters = cv2.aruco.CharucoParameters()
    # two markers at a corner: one alone gives corners that jump under glare
    parameters.minMarkers = 2
    markers = cv2.aruco.DetectorParameters()
    markers.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_NONE  # the squares' corners are refined anyway
    return cv2.aruco.CharucoDetector(_board(spec), parameters, markers)


# ---- drawing ---------------------------------------------------------------------------------


def cells(spec: BoardSpec) -> tuple[Grey, int]:
    """The board as a raster of the smallest cells, and how many of them a square is wide.

    Returns
    -------
    ndarray of uint8, shape (n_y * k, n_x * k)
        0 black, 255 white.
    int
        k, cells per square.
    """
    # a marker of 6 × 6 modules covers ¾ of a square: 8 cells, of which it takes the middle 6
    per_square = 8
    if spec.kind == "charuco":
        size = (spec.n_x * per_square, spec.n_y * per_square)
        return np.asarray(_board(spec).generateImage(size, marginSize=0, borderBits=1)), per_square
    y, x = np.mgrid[0 : spec.n_y * per_square, 0 : spec.n_x * per_square] // per_square
    return np.where((x + y) % 2 == 0, 0, 255).astype(np.uint8), per_square


def board_picture(spec: BoardSpec, size_px: tuple[int, int] = PHONE_PX) -> Grey:
    """The board as large as a screen allows, on white. Shape (height, width), grey."""
    raster, per_square = cells(spec)
    width, height = size_px
    cell_px = int(
        min(
            width / (raster.shape[1] + 2 * MARGIN_SQUARES * per_square),
            height / (raster.shape[0] + 2 * MARGIN_SQUARES * per_square),
        )
    )
    cell_px = max(1, cell_px)
    drawn = np.kron(raster, np.ones((cell_px, cell_px), dtype=np.uint8))[:height, :width]
    picture = np.full((height, width), 255, dtype=np.uint8)
    top, left = (height - drawn.shape[0]) // 2, (width - drawn.shape[1]) // 2
    picture[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    return picture


def board_png(spec: BoardSpec, size_px: tuple[int, int] = PHONE_PX) -> bytes:
    """A PNG file of :func:`board_picture`, to be shown full-screen on a phone or tablet."""
    done, data = cv2.imencode(".png", board_picture(spec, size_px))
    assert done
    return bytes(data.tobytes())


def board_pdf(spec: BoardSpec, page_mm: tuple[float, float] = A4_MM) -> bytes:
    """A one-page PDF of the board in true size, as rectangles: as sharp as the printer is.

    The squares are whole millimetres, so that a ruler shows whether the printer scaled the page.
    """
    raster, per_square = cells(spec)
    width_mm, height_mm = page_mm
    square_mm = int(
        min(width_mm / (spec.n_x + 2 * MARGIN_SQUARES), height_mm / (spec.n_y + 2 * MARGIN_SQUARES))
    )
    cell_mm = square_mm / per_square
    left_mm = (width_mm - raster.shape[1] * cell_mm) / 2
    top_mm = (height_mm + raster.shape[0] * cell_mm) / 2  # PDF counts upwards
    point = 1 / _PDF_POINT_MM
    lines = ["0 g"]
    for row, values in enumerate(raster < 128):
        # runs of black cells of a row are one rectangle: no hairlines between cells
        edges = np.flatnonzero(np.diff(np.concatenate([[0], values.astype(np.int8), [0]])))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            x, y = left_mm + start * cell_mm, top_mm - (row + 1) * cell_mm
            lines.append(
                f"{x * point:.4f} {y * point:.4f} {(end - start) * cell_mm * point:.4f} {cell_mm * point:.4f} re"
            )
    lines.append("f")
    note = f"One square: {square_mm} mm. Print at 100 %, glue it to something flat."
    lines.append(f"BT /F1 9 Tf {8 * point:.2f} {5 * point:.2f} Td ({note}) Tj ET")
    return _pdf("\n".join(lines).encode("ascii"), width_mm * point, height_mm * point)


def _pdf(content: bytes, width_pt: float, height_pt: float) -> bytes:
    """A PDF of one page around a content stream (ISO 32000-1, 7.5)."""
    packed = zlib.compress(content, 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width_pt:.3f} {height_pt:.3f}] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>".encode("ascii"),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
