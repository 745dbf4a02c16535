"""From where a person looks to the landmarks of their face in the picture: geometry of screen, eye and camera."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.adapters.simulated_person.traits import Traits
from ifllm_desktop.adapters.simulated_person.waves import Waves
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.gaze.eye_features import camera_matrix
from ifllm_desktop.gaze.face_points import EYE_A, EYE_B, HEAD_INDEX, HEAD_MM, N_POINTS, EyePoints

Floats = NDArray[np.float64]

DEFAULT_SCREEN = Screen(1440, 900, w_mm=344.0, h_mm=215.0, distance_mm=600.0)
"""What is assumed where size or distance of the screen are not known: a 16" laptop."""

_CAMERA_ABOVE_MM = 10.0
_EYES_BELOW_CAMERA_MM = 60.0
_IRIS_RADIUS_MM = 5.9
_N_NOISE = 1 << 18
_ROTATION_TO_IRIS_MM = 10.5
"""From the eye's centre of rotation to the plane of the iris."""
_UPPER_LID_MM, _LOWER_LID_MM = -4.2, 2.7
_UPPER_LID_FOLLOWS, _LOWER_LID_FOLLOWS = 0.75, 0.35
"""Share of the vertical iris motion that the lids make along with it."""


class Face:
    """The face of one person, seen by a webcam above the screen.

    Camera frame in mm: x to the right of the picture (the person's left), y down, z towards the person.
    """

    def __init__(self, seed: int, traits: Traits, screen: Screen = DEFAULT_SCREEN) -> None:
        rng = np.random.default_rng([seed, 2])
        self._noise = np.random.default_rng([seed, 3]).normal(0, 1, _N_NOISE)
        self._traits = traits
        self.screen = screen
        self._head = Waves(rng, 6, 0.01, 0.25)
        self._drift = Waves(rng, 8, 0.004, 0.12)
        self._mesh_mm = _mesh_mm(np.asarray(traits.face_scale))
        self._place_mm = np.array(
            [rng.normal(0, 15), _EYES_BELOW_CAMERA_MM + rng.normal(0, 15), traits.distance_mm]
        )
        self._tilt_deg = np.array([rng.normal(0, 3), rng.normal(-4, 3), rng.normal(0, 2)])
        # the visual axis differs from the optical one by some degrees (angle kappa), outwards in both eyes
        self._kappa = np.radians([rng.normal(4, 1), rng.normal(1, 1)])
        self._shrink = rng.uniform(0.85, 1.0)

    def landmarks_px(
        self, gaze_px: tuple[float, float], head_toward_px: tuple[float, float], openness: float, t_ns: int,
        size_px: tuple[int, int],
    ) -> Floats:  # fmt: skip
        """Landmarks in picture px, shape (478, 3).

        Parameters
        ----------
        gaze_px : tuple of float
            Where both eyes look, screen px.
        head_toward_px : tuple of float
            Where gaze has been lately; the head turns there by the trait ``head_follows``.
        openness : float
            1 = lids as gaze has them, 0 = closed.
        """
        t_s = t_ns / NS_PER_S
        rotation, place_mm = self._head_pose(head_toward_px, t_s)
        mesh = self._mesh_mm.copy()
        target_mm = self._camera_mm(gaze_px)
        for eye, sign in ((EYE_A, 1.0), (EYE_B, -1.0)):
            self._place_eye(mesh, eye, sign, rotation, place_mm, target_mm, openness)
        points_mm = mesh @ rotation.T + place_mm
        camera = camera_matrix(size_px)
        depth = points_mm[:, 2:]
        flat = points_mm[:, :2] / depth * camera[0, 0] + camera[:2, 2]
        z_px = (depth - depth[1]) * camera[0, 0] / place_mm[2]
        points: Floats = np.hstack([flat, z_px])
        return self._with_noise(points, t_s, t_ns, size_px)

    def _camera_mm(self, point_px: tuple[float, float]) -> Floats:
        """A screen point in the camera frame."""
        screen = self.screen
        x_mm = (point_px[0] - screen.w_px / 2) * screen.w_mm / screen.w_px
        y_mm = point_px[1] * screen.h_mm / screen.h_px + _CAMERA_ABOVE_MM
        return np.array([-x_mm, y_mm, 0.0])

    def _head_pose(self, toward_px: tuple[float, float], t_s: float) -> tuple[Floats, Floats]:
        waves = self._head.at(t_s)
        traits = self._traits
        place_mm = self._place_mm + traits.head_mm * waves[:3]
        ahead = self._camera_mm(toward_px) - place_mm
        turn_deg = traits.head_follows * np.degrees(
            [math.atan2(ahead[0], -ahead[2]), math.atan2(ahead[1], -ahead[2]), 0.0]
        )
        yaw, pitch, roll = np.radians(self._tilt_deg + turn_deg + traits.head_deg * waves[3:])
        return rotation_matrix(yaw, pitch, roll), place_mm

    def _place_eye(
        self, mesh: Floats, eye: EyePoints, sign: float, rotation: Floats, place_mm: Floats, target_mm: Floats,
        openness: float,
    ) -> None:  # fmt: skip
        left, right = mesh[eye.corners[0]].tolist(), mesh[eye.corners[1]].tolist()
        mx, my, mz = ((a + b) / 2 for a, b in zip(left, right, strict=True))
        cx, cy, cz = mx, my - 1.0, mz + 7.5  # centre of rotation of the eye
        x, y, z = (rotation.T @ (target_mm - place_mm)).tolist()
        x, y, z = x - cx, y - cy, z - cz
        horizontal = math.atan2(x, -z) * self._shrink - sign * self._kappa[0]
        vertical = math.asin(y / math.sqrt(x * x + y * y + z * z)) * self._shrink + self._kappa[1]
        ix = cx + _ROTATION_TO_IRIS_MM * math.sin(horizontal) * math.cos(vertical)
        iy = cy + _ROTATION_TO_IRIS_MM * math.sin(vertical)
        iz = cz - _ROTATION_TO_IRIS_MM * math.cos(horizontal) * math.cos(vertical)
        down = iy - my
        lower = _LOWER_LID_MM + _LOWER_LID_FOLLOWS * down
        upper = lower + openness * (_UPPER_LID_MM + _UPPER_LID_FOLLOWS * down - lower)
        if openness < 0.5:  # behind a closed lid the landmarker guesses: the middle of the lid
            iy = my + (upper + lower) / 2
        r = _IRIS_RADIUS_MM
        rim = [(ix + r, iy, iz), (ix, iy - r, iz), (ix - r, iy, iz), (ix, iy + r, iz)]
        lids = [(mx + dx, my + height, mz - 3) for height in (upper, lower) for dx in (-3.0, 0.0, 3.0)]
        mesh[[*eye.iris, *eye.upper, *eye.lower]] = [(ix, iy, iz), *rim, *lids]

    def _with_noise(self, points: Floats, t_s: float, t_ns: int, size_px: tuple[int, int]) -> Floats:
        scale = size_px[0] / 1280  # traits are stated for 720p
        # a stretch of one long table of noise, its start scattered by the time in µs (Knuth's multiplier)
        start = (t_ns // 1_000 * 2_654_435_761) % (_N_NOISE - points.size)
        noise = self._noise[start : start + points.size].reshape(points.shape)
        noisy: Floats = points + noise * (self._traits.noise_px * scale)
        drift = self._drift.at(t_s) * self._traits.drift_px * scale
        for eye, (x_px, y_px, upper_px, lower_px) in ((EYE_A, drift[:4]), (EYE_B, drift[4:])):
            noisy[list(eye.iris), 0] += x_px
            noisy[list(eye.iris), 1] += y_px
            noisy[list(eye.upper), 1] += upper_px
            noisy[list(eye.lower), 1] += lower_px
        return noisy


def rotation_matrix(yaw: float, pitch: float, roll: float) -> Floats:
    """Rz(roll) · Ry(−yaw) · Rx(pitch), radians: positive turns the nose to picture-right and down."""
    cy, sy = math.cos(-yaw), math.sin(-yaw)
    cp, sp = math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    return np.array(
        [
            [cr * cy, cr * sy * sp - sr * cp, cr * sy * cp + sr * sp],
            [sr * cy, sr * sy * sp + cr * cp, sr * sy * cp - cr * sp],
            [-sy, cy * sp, cy * cp],
        ]
    )


def _mesh_mm(scale: Floats) -> Floats:
    """A parametric mean face: the points that eye features use where they belong, all others on an ellipsoid."""
    number = np.arange(N_POINTS)
    # golden-angle spiral over the front half of an ellipsoid about the middle of the face
    across = (number + 0.5) / N_POINTS
    angle = number * math.pi * (3 - math.sqrt(5))
    radius = np.sqrt(across)
    mesh = np.column_stack(
        [66 * radius * np.cos(angle), 32 + 80 * radius * np.sin(angle), 50 - 75 * np.sqrt(1 - 0.98 * across)]
    )
    mesh[HEAD_INDEX] = HEAD_MM
    for eye, (left, right) in ((EYE_A, ((-45, 0, 0), (-17, 2, -5))), (EYE_B, ((17, 2, -5), (45, 0, 0)))):
        mesh[eye.corners[0]] = left
        mesh[eye.corners[1]] = right
    scaled: Floats = mesh * scale
    return scaled
