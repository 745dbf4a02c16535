"""Pictures from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.gaze.opencv import cv2


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The picture of a file (JPEG, PNG, WebP, BMP, TIFF), upright as its EXIF data say.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        BGR.

    Raises
    ------
    DataError
        ``picture_missing``, ``picture_unreadable``.
    """
    if not path.is_file():
        raise DataError("picture_missing", path=str(path))
    try:
        data = np.fromfile(path, dtype=np.uint8)  # imread cannot open every name on every system
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error) as error:
        raise DataError("picture_unreadable", path=str(path)) from error
    if image is None:
        raise DataError("picture_unreadable", path=str(path))
    return np.asarray(image, dtype=np.uint8)
