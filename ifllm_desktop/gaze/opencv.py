"""The one place that imports OpenCV: ``from ifllm_desktop.gaze.opencv import cv2``.

``import cv2`` of the pip package points Qt at its own plug-ins and fonts through two environment variables, after
which PySide6 loads the wrong ones; they are taken back here unless the user had set them. OpenCV's own messages
on stderr (missing device numbers, damaged files) are switched off: adapters raise errors with words instead.
"""

from __future__ import annotations

import os

_SET_BY_CV2 = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_before = {name: os.environ.get(name) for name in _SET_BY_CV2}
# both are read once, when the libraries are loaded; -8 is AV_LOG_QUIET
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# a Video4Linux device that hangs fails after 2 s instead of 10
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")

import cv2  # noqa: E402

for _name, _value in _before.items():
    if _value is None:
        os.environ.pop(_name, None)
    else:
        os.environ[_name] = _value
# 0 = silent, also where the variable came too late; OpenCV 4.13 moved it
(cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging).setLogLevel(0)  # type: ignore[attr-defined]

__all__ = ["cv2"]
