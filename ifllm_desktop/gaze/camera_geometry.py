"""How a camera maps the world into its picture, and how far the eyes are from it; without clock, camera or memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import EYE_FEATURES

HORIZONTAL_FIELD_DEG = 60.0
"""Assumed horizontal field of view of a webcam; cameras differ (55–78°), which scales ``head_*_mm`` only."""

FACE_SIZE_SD = 0.06
"""Relative spread of face size of adults: 63.4 ± 3.8 mm between the pupils (Dodgson 2004, doi 10.1117/12.529999)."""
ASSUMED_FOCAL_SD = 0.12
"""Relative standard deviation of the focal length for fields spread evenly over 55–78° around the assumed 60°."""
TAPE_SD_MM = 10.0
"""How well a person measures the distance of their own eyes with a tape or a sheet of paper."""
PLACE_SD = 0.03
"""The line camera–eyes against the line screen–eyes: a camera 15 cm above the middle of a screen 60 cm away."""
MEASURED_FOCAL_SD = 0.02
"""What is let through by the calibration of a camera (``camera_calibration.MAX_FOCAL_SD``)."""

MIN_DISTANCE_FRAMES = 15
DISTANCE_MM = (200.0, 1500.0)
"""Distances that a person at a desk can have."""
SCALE_FACTORS = (0.55, 1.6)
"""Face size (±3 standard deviations) times lens (55–78° where 60° was assumed); beyond it something else is wrong."""

_HEAD = [EYE_FEATURES.index(name) for name in ("head_x_mm", "head_y_mm", "head_z_mm")]

IntrinsicsSource = Literal["assumed", "measured"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """A pinhole camera with lens distortion at one picture size.

    Attributes
    ----------
    fx_px, fy_px : float
        Focal lengths, picture px.
    cx_px, cy_px : float
        Principal point, picture px from the top left.
    size_px : tuple of int
        (width, height) of the picture to which the values above belong.
    distortion : tuple of float
        k1, k2, p1, p2, k3 of OpenCV's model; dimensionless, the same at every size.
    source : str
        ``assumed`` from a field of view, or ``measured`` with a board.
    rms_px : float
        Root mean square reprojection error of the measurement at its own size; NaN where assumed.
    n_views : int
        Pictures of the board that were used; 0 where assumed.

    References
    ----------
    Zhang 2000, doi 10.1109/34.888718; OpenCV, "Camera Calibration and 3D Reconstruction".
    """

    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    size_px: tuple[int, int]
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)
    source: IntrinsicsSource = "assumed"
    rms_px: float = math.nan
    n_views: int = 0

    def __post_init__(self) -> None:
        width, height = self.size_px
        values = (self.fx_px, self.fy_px, self.cx_px, self.cy_px, *self.distortion)
        good = all(math.isfinite(v) for v in values) and len(self.distortion) == 5
        if not (good and min(width, height) > 0 and min(self.fx_px, self.fy_px) > 0):
            raise DataError("intrinsics_invalid")

    @property
    def matrix(self) -> Floats:
        """Camera matrix, shape (3, 3), picture px; read-only."""
        return _matrix(self.fx_px, self.fy_px, self.cx_px, self.cy_px)

    @property
    def distortion_array(self) -> Floats:
        """Distortion as OpenCV wants it, shape (5,); read-only."""
        return _vector(self.distortion)

    @property
    def horizontal_field_deg(self) -> float:
        """Angle that the picture is wide, lens distortion left out of account."""
        left, right = self.cx_px, self.size_px[0] - self.cx_px
        return math.degrees(math.atan2(left, self.fx_px) + math.atan2(right, self.fx_px))

    @property
    def vertical_field_deg(self) -> float:
        """Angle that the picture is high, lens distortion left out of account."""
        above, below = self.cy_px, self.size_px[1] - self.cy_px
        return math.degrees(math.atan2(above, self.fy_px) + math.atan2(below, self.fy_px))

    def scaled_to(self, size_px: tuple[int, int]) -> Intrinsics:
        """The same camera at another picture size.

        With the same aspect everything scales. With another one the new picture is taken for the middle of the old
        one: scaled by the greater of the two ratios, then cut evenly on both sides. That is what webcams do between
        4:3 and 16:9: a 4:3 sensor loses rows, a 16:9 sensor loses columns. A camera that cuts otherwise has to be
        measured at the size that is used.
        """
        if size_px == self.size_px:
            return self
        return _scaled(self, (int(size_px[0]), int(size_px[1])))

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON; a missing ``rms_px`` is None."""
        return {
            "fx_px": self.fx_px, "fy_px": self.fy_px, "cx_px": self.cx_px, "cy_px": self.cy_px,
            "size_px": list(self.size_px), "distortion": list(self.distortion), "source": self.source,
            "rms_px": self.rms_px if math.isfinite(self.rms_px) else None, "n_views": self.n_views,
        }  # fmt: skip

    @staticmethod
    def from_json(values: dict[str, Any]) -> Intrinsics:
        """The inverse of :meth:`to_json`. Raises DataError ``intrinsics_invalid``."""
        try:
            width, height = (int(v) for v in values["size_px"])
            k1, k2, p1, p2, k3 = (float(v) for v in values["distortion"])
            source: IntrinsicsSource = "measured" if values["source"] == "measured" else "assumed"
            rms = values.get("rms_px")
            return Intrinsics(
                float(values["fx_px"]), float(values["fy_px"]), float(values["cx_px"]), float(values["cy_px"]),
                (width, height), (k1, k2, p1, p2, k3), source,
                math.nan if rms is None else float(rms), int(values.get("n_views", 0)),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise DataError("intrinsics_invalid") from error


@lru_cache(maxsize=16)
def default_intrinsics(
    size_px: tuple[int, int], horizontal_field_deg: float = HORIZONTAL_FIELD_DEG
) -> Intrinsics:
    """Intrinsics of an unknown webcam: square pixels, centre in the middle, no distortion."""
    width, height = size_px
    focal_px = width / 2 / math.tan(math.radians(horizontal_field_deg / 2))
    return Intrinsics(focal_px, focal_px, width / 2, height / 2, (int(width), int(height)))


@lru_cache(maxsize=16)
def _scaled(old: Intrinsics, size_px: tuple[int, int]) -> Intrinsics:
    width, height = size_px
    scale = max(width / old.size_px[0], height / old.size_px[1])
    cut_x_px = (old.size_px[0] * scale - width) / 2
    cut_y_px = (old.size_px[1] * scale - height) / 2
    return Intrinsics(
        old.fx_px * scale, old.fy_px * scale, old.cx_px * scale - cut_x_px, old.cy_px * scale - cut_y_px,
        size_px, old.distortion, old.source, old.rms_px, old.n_views,
    )  # fmt: skip


@lru_cache(maxsize=16)
def _matrix(fx_px: float, fy_px: float, cx_px: float, cy_px: float) -> Floats:
    matrix = np.array([[fx_px, 0.0, cx_px], [0.0, fy_px, cy_px], [0.0, 0.0, 1.0]])
    matrix.flags.writeable = False  # shared by all callers
    return matrix


@lru_cache(maxsize=16)
def _vector(values: tuple[float, ...]) -> Floats:
    vector = np.array(values, dtype=np.float64)
    vector.flags.writeable = False
    return vector


# ---- distance of the eyes --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DistanceScale:
    """What a distance that was measured once says about all later estimates with this camera.

    The estimate is wrong by one factor: true over assumed focal length, times true over average face size. Both
    are in ``factor``, so it holds for the person it was measured with; another person has another face.

    Attributes
    ----------
    factor : float
        True distance over estimated one.
    stated_mm : float
        The distance that the person measured.
    focal_widths : float
        Focal length, in picture widths, that the estimate had been made with: with a better one the factor changes.
    person : str
        Id of the person it was measured with; empty where that is not known.
    """

    factor: float
    stated_mm: float
    focal_widths: float
    person: str = ""

    def factor_for(self, intrinsics: Intrinsics) -> float:
        """The factor for estimates made with (other) intrinsics."""
        return self.factor * self.focal_widths / (intrinsics.fx_px / intrinsics.size_px[0])

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "factor": self.factor, "stated_mm": self.stated_mm,
            "focal_widths": self.focal_widths, "person": self.person,
        }  # fmt: skip

    @staticmethod
    def from_json(values: dict[str, Any]) -> DistanceScale:
        """The inverse of :meth:`to_json`. Raises DataError ``intrinsics_invalid``."""
        try:
            factor, stated_mm, focal = (float(values[k]) for k in ("factor", "stated_mm", "focal_widths"))
            if not all(math.isfinite(v) and v > 0 for v in (factor, stated_mm, focal)):
                raise ValueError
            return DistanceScale(factor, stated_mm, focal, str(values.get("person", "")))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError("intrinsics_invalid") from error


DistanceSource = Literal["assumed_lens", "measured_lens", "measured_distance", "none"]


@dataclass(frozen=True, slots=True)
class ViewingDistance:
    """Distance of the eyes, with what it rests on.

    Attributes
    ----------
    distance_mm, sd_mm : float
        NaN where no frame was usable. ``sd_mm`` is the error of the whole estimate (lens, face size, place of the
        camera), not the scatter of frames, which is far smaller.
    n_frames : int
        Usable frames.
    source : str
        ``assumed_lens`` (±14 %), ``measured_lens`` (±7 %), ``measured_distance`` (±4 %) or ``none``.
    """

    distance_mm: float = math.nan
    sd_mm: float = math.nan
    n_frames: int = 0
    source: DistanceSource = "none"


def eye_distances_mm(features: Floats) -> Floats:
    """Distance of the eyes from the camera in each frame, by a face of average size.

    Parameters
    ----------
    features : ndarray of float64, shape (n, k >= 19)
        Eye features, the first 19 in the order of ``EYE_FEATURES``.

    Returns
    -------
    ndarray of float64, shape (n,)
        mm; NaN where the head has no pose. It is the length of the line, not its part along the camera's axis,
        because a camera on top of a screen is tilted by nobody knows how much.
    """
    features = np.atleast_2d(np.asarray(features, dtype=np.float64))
    distances: Floats = np.sqrt((features[:, _HEAD] ** 2).sum(axis=1))
    distances[~(features[:, _HEAD[2]] > 0)] = np.nan
    return distances


def viewing_distance_mm(
    features: Floats,
    intrinsics: Intrinsics | None = None,
    scale: DistanceScale | None = None,
    person: str = "",
) -> ViewingDistance:
    """Distance of the eyes from the screen over some frames, and how far it can be trusted.

    Parameters
    ----------
    features : ndarray of float64, shape (n, k >= 19)
        Eye features made with the same ``intrinsics``; rows with NaN are left out.
    intrinsics : Intrinsics or None
        None means that the field of view was assumed.
    scale : DistanceScale or None
        A distance that was measured once with this camera. That of another person is only used while the lens is
        assumed: then it tells more about the lens than their face tells about this one.
    person : str
        Id of the person in the frames.

    Notes
    -----
    Relative errors are added as squares: place of the camera (:data:`PLACE_SD`) and, by ``source``, lens
    (:data:`ASSUMED_FOCAL_SD` or :data:`MEASURED_FOCAL_SD`) and face (:data:`FACE_SIZE_SD`), or the tape
    (:data:`TAPE_SD_MM`).
    """
    distances = eye_distances_mm(features)
    usable = distances[np.isfinite(distances)]
    if usable.size == 0:
        return ViewingDistance()
    found_mm = float(np.median(usable))
    measured = intrinsics is not None and intrinsics.source == "measured"
    same = scale is not None and bool(person) and scale.person == person
    source: DistanceSource = "measured_lens" if measured else "assumed_lens"
    parts = [PLACE_SD, FACE_SIZE_SD, MEASURED_FOCAL_SD if measured else ASSUMED_FOCAL_SD]
    if scale is not None and (same or not measured):
        used = intrinsics if intrinsics is not None else default_intrinsics((1280, 720))
        found_mm *= scale.factor_for(used)
        tape = TAPE_SD_MM / scale.stated_mm
        # with another person's scale the faces of both count
        parts = [PLACE_SD, tape] if same else [PLACE_SD, tape, FACE_SIZE_SD, FACE_SIZE_SD]
        source = "measured_distance"
    return ViewingDistance(found_mm, found_mm * math.hypot(*parts), int(usable.size), source)


def distance_scale(
    features: Floats, stated_mm: float, intrinsics: Intrinsics | None = None, person: str = ""
) -> DistanceScale:
    """What a person who measured their distance once tells about the lens and their face.

    Raises
    ------
    DataError
        ``distance_absurd`` for a distance that nobody has at a desk, ``distance_few_frames``, or
        ``distance_differs`` when lens and face cannot explain the difference from the estimate.
    """
    if not DISTANCE_MM[0] <= stated_mm <= DISTANCE_MM[1]:
        raise DataError("distance_absurd", low_cm=DISTANCE_MM[0] / 10, high_cm=DISTANCE_MM[1] / 10)
    distances = eye_distances_mm(features)
    usable = distances[np.isfinite(distances)]
    if usable.size < MIN_DISTANCE_FRAMES:
        raise DataError("distance_few_frames", n=int(usable.size), needed=MIN_DISTANCE_FRAMES)
    estimated_mm = float(np.median(usable))
    factor = stated_mm / estimated_mm
    if not SCALE_FACTORS[0] <= factor <= SCALE_FACTORS[1]:
        raise DataError(
            "distance_differs", stated_cm=round(stated_mm / 10), estimated_cm=round(estimated_mm / 10)
        )
    used = intrinsics if intrinsics is not None else default_intrinsics((1280, 720))
    return DistanceScale(factor, stated_mm, used.fx_px / used.size_px[0], person)
