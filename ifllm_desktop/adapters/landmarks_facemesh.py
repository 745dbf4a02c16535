"""Face landmarks by MediaPipe's legacy Face Mesh with iris: its models are in the wheel, it works offline."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import WorldError
from ifllm_desktop.gaze.native_messages import ask_for_silence, quiet_stderr
from ifllm_desktop.gaze.picture_landmarker import PictureLandmarker

_log = logging.getLogger(__name__)

_GRAPH = Path("modules", "face_landmark", "face_landmark_front_cpu.binarypb")
_N_POINTS = 478
# One point as protobuf writes it inside the list: tag and length of the point, then x, y, z as tagged float32.
_POINT = np.dtype(
    {
        "names": ["tag", "length", "x_tag", "x", "y_tag", "y", "z_tag", "z"],
        "formats": ["u1", "u1", "u1", "<f4", "u1", "<f4", "u1", "<f4"],
        "offsets": [0, 1, 2, 3, 7, 8, 12, 13],
        "itemsize": 17,
    }
)
_POINT_TAGS = {"tag": 0x0A, "length": 15, "x_tag": 0x0D, "y_tag": 0x15, "z_tag": 0x1D}


def available() -> bool:
    """Whether this MediaPipe still has Face Mesh and its models; it is not loaded for that."""
    spec = importlib.util.find_spec("mediapipe")
    places = spec.submodule_search_locations if spec is not None else None
    return any((Path(place) / _GRAPH).is_file() for place in places or ())


class FaceMeshLandmarker(PictureLandmarker):
    """The 478 points of the most prominent face. Implements ``ports.Landmarker``.

    Made, used and closed on one thread. Frames have to come in order: the face is tracked from one to the next.
    The points of a frame depend on earlier ones only through the part of the picture that is looked at: they are not
    smoothed over time.

    Parameters
    ----------
    min_detection, min_tracking : float
        Confidence in 0–1 below which a face is not found, or searched for anew.
    still : bool
        Pictures that have nothing to do with each other: the face is searched for in each, in any order.

    Raises
    ------
    WorldError
        ``landmarker_missing`` when MediaPipe or its models cannot be loaded.
    """

    name = "face_mesh"

    def __init__(self, min_detection: float = 0.5, min_tracking: float = 0.5, *, still: bool = False) -> None:
        super().__init__()
        ask_for_silence()
        try:
            with quiet_stderr(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of its dependencies, about themselves
                face_mesh = _face_mesh_module()
                self._model = face_mesh.FaceMesh(
                    static_image_mode=still, max_num_faces=1, refine_landmarks=True,
                    min_detection_confidence=min_detection, min_tracking_confidence=min_tracking,
                )  # fmt: skip
                # the graph starts, and says so on stderr, with its first picture
                self._model.process(np.zeros((64, 64, 3), dtype=np.uint8))
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            raise WorldError("landmarker_missing", reason=type(error).__name__) from error

    def _find(self, image_rgb: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        image_rgb.flags.writeable = False  # lets MediaPipe take it without a copy
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning, module="google.protobuf")
            found = self._model.process(image_rgb).multi_face_landmarks
        return _points(found[0]) if found else None

    def close(self) -> None:
        """Free the model."""
        mesh, self._model = self._model, None
        if mesh is not None:
            try:
                mesh.close()
            except (RuntimeError, ValueError) as error:
                _log.info("face mesh did not close: %s", type(error).__name__)


def _points(landmarks: Any) -> NDArray[np.float64]:
    """The points of a ``NormalizedLandmarkList``: shape (478, 3), x and z in picture widths, y in heights.

    Read from the message's bytes at once where each point is written as x, y and z: field by field takes seven times
    as long (0.27 ms of a frame's 3.6).
    """
    data: bytes = landmarks.SerializeToString()
    if len(data) == _N_POINTS * _POINT.itemsize:
        records = np.frombuffer(data, dtype=_POINT)
        if all((records[field] == tag).all() for field, tag in _POINT_TAGS.items()):
            points: NDArray[np.float64] = np.stack([records[axis] for axis in "xyz"], axis=1).astype(
                np.float64
            )
            return points
    return np.array([(p.x, p.y, p.z) for p in landmarks.landmark], dtype=np.float64)


def _face_mesh_module() -> Any:
    """MediaPipe's module, imported so that neither Qt's variables nor logging are changed by it."""
    from mediapipe.python.solutions import face_mesh

    return face_mesh
