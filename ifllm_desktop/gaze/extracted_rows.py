"""The arrays of the gaze bench, gathered picture by picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.samples import PATCH_SHAPE
from ifllm_desktop.gaze.eye_patches import eye_patches
from ifllm_desktop.gaze.face_points import N_POINTS
from ifllm_desktop.gaze.target_list import PictureRow
from ifllm_desktop.ports import FaceLandmarks


class ExtractedRows:
    """Rows of the gaze bench. Kept are landmarks and patches (8 kB a row), never the pictures."""

    def __init__(self) -> None:
        self._rows: list[PictureRow] = []
        self._points: list[NDArray[np.float32]] = []
        self._patches: list[NDArray[np.float32]] = []
        self._sizes: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: PictureRow, face: FaceLandmarks, image_bgr: NDArray[np.uint8] | None) -> None:
        """Take one picture's face in.

        Parameters
        ----------
        image_bgr : ndarray of uint8, shape (h, w, 3), or None
            What the patches are cut from with the same code as live; without it they are NaN.
        """
        patches = None if image_bgr is None else eye_patches(image_bgr, face.points_px)
        kept = np.full(PATCH_SHAPE, np.nan) if patches is None else patches
        self._rows.append(row)
        self._points.append(face.points_px.astype(np.float32))
        self._patches.append(np.asarray(kept, dtype=np.float32))
        self._sizes.append(face.size_px)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays.

        Returns
        -------
        dict of ndarray
            ``landmarks_image_px`` float32 (n, 478, 3); ``eye_patches`` float32 (n, 2, 8, 16), grey, z-scored, the
            eye on the left of the picture first, NaN where none could be cut; ``participant`` and ``session`` text
            (n,); ``target_index`` int64 (n,); ``target_screen_px`` float32 (n, 2); ``screen_size_px`` and
            ``image_size_px`` int32 (n, 2), width and height.
        """
        rows = self._rows
        screens = [[round(value) for value in row.screen_px] for row in rows]
        return {
            "landmarks_image_px": np.array(self._points, dtype=np.float32).reshape(-1, N_POINTS, 3),
            "eye_patches": np.array(self._patches, dtype=np.float32).reshape(-1, *PATCH_SHAPE),
            "participant": np.array([row.participant for row in rows], dtype=np.str_),
            "session": np.array([row.session for row in rows], dtype=np.str_),
            "target_index": np.array([row.target_index for row in rows], dtype=np.int64),
            "target_screen_px": np.array([row.target_px for row in rows], dtype=np.float32).reshape(-1, 2),
            "screen_size_px": np.array(screens, dtype=np.int32).reshape(-1, 2),
            "image_size_px": np.array(self._sizes, dtype=np.int32).reshape(-1, 2),
        }
