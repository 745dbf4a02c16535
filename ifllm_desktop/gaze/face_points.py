"""Which of the 478 points of the face mesh are used, and where they sit on a face of average size.

Numbers of points are MediaPipe's. *Eye a* is on the left of the camera picture (the person's right eye), *eye b*
on its right. Positions are in mm in the *head frame*: origin between the outer eye corners, x to the right of the
picture, y down, z away from the camera (smaller = nearer), so a face that looks straight into the camera has no
rotation. They are rounded to whole mm and symmetric, from average landmark positions of people who looked at a
webcam, scaled to a distance of 63 mm between the eyes (average of adults; Dodgson 2004, doi 10.1117/12.529999).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_POINTS = 478


@dataclass(frozen=True, slots=True)
class EyePoints:
    """Points of one eye.

    Attributes
    ----------
    corners : tuple of int
        The corner on the left of the picture, then the one on its right.
    upper, lower : tuple of int
        Middle of the upper and of the lower lid edge; averaged, because a single one jitters.
    iris : tuple of int
        Centre first, then four points of the rim.
    """

    corners: tuple[int, int]
    upper: tuple[int, ...]
    lower: tuple[int, ...]
    iris: tuple[int, ...]


EYE_A = EyePoints((33, 133), (158, 159, 160), (144, 145, 153), (468, 469, 470, 471, 472))
EYE_B = EyePoints((362, 263), (385, 386, 387), (373, 374, 380), (473, 474, 475, 476, 477))

HEAD_POINTS_MM: dict[int, tuple[float, float, float]] = {
    1: (0, 39, -46), 4: (0, 33, -48), 6: (0, 3, -27), 168: (0, -4, -22), 197: (0, 10, -32),  # nose
    152: (0, 116, -14), 10: (0, -51, -14), 151: (0, -36, -18),  # chin, forehead
    109: (-19, -51, -12), 338: (19, -51, -12), 234: (-69, 21, 54), 454: (69, 21, 54),  # contour
    127: (-69, 6, 51), 356: (69, 6, 51), 132: (-66, 52, 49), 361: (66, 52, 49),
    58: (-62, 68, 42), 288: (62, 68, 42), 172: (-56, 82, 30), 397: (56, 82, 30),
}  # fmt: skip
"""Points far from eyes and mouth, from which the pose of the head is taken: motion of eyes, lids and lips moves
the landmarks around them (MediaPipe issues 1786 and 1642)."""

HEAD_INDEX: NDArray[np.intp] = np.array(list(HEAD_POINTS_MM), dtype=np.intp)
HEAD_MM: NDArray[np.float64] = np.array(list(HEAD_POINTS_MM.values()), dtype=np.float64)
