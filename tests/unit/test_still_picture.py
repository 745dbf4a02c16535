"""Averaging over looks at one still picture, with a face model that is a plain function."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ifllm_desktop.gaze.still_picture import StillLandmarker, robust_mean, still_face
from ifllm_desktop.ports import FaceLandmarks, Frame

N = 478
Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

_RNG = np.random.default_rng(4)
SHAPE = np.column_stack([_RNG.uniform(-1, 1, (N, 2)), _RNG.uniform(-0.5, 0.5, N)])


def face_picture(
    centre: tuple[float, float], radius_px: float, size_px: tuple[int, int] = (640, 480)
) -> Image:
    """A picture whose "face" is a white disc on black."""
    y, x = np.mgrid[: size_px[1], : size_px[0]]
    disc = np.clip(radius_px - np.hypot(x - centre[0], y - centre[1]) + 0.5, 0, 1)
    return np.repeat((disc * 255).astype(np.uint8)[..., None], 3, axis=2)


class DiscFinder:
    """Finds the disc by its centre of mass, and puts 478 points on it with noise that differs from look to look."""

    def __init__(self, noise_px: float = 0.0, least_share: float = 0.0, fail_every: int = 0) -> None:
        self.noise_px, self.least_share, self.fail_every = noise_px, least_share, fail_every
        self.n_looks = 0
        self.rng = np.random.default_rng(1)

    def __call__(self, image: Image) -> Floats | None:
        self.n_looks += 1
        grey = image[:, :, 0].astype(np.float64)
        mass = grey.sum() / 255
        radius = np.sqrt(mass / np.pi)
        if radius < 2 or 2 * radius < self.least_share * image.shape[1]:
            return None
        if self.fail_every and self.n_looks > 1 and self.n_looks % self.fail_every:
            return None
        y, x = np.mgrid[: image.shape[0], : image.shape[1]]
        centre = np.array([(grey * x).sum(), (grey * y).sum()]) / grey.sum()
        points = SHAPE * radius
        points[:, :2] += centre + self.rng.normal(0, self.noise_px, 2)
        return points


def test_that_points_come_back_in_px_of_the_whole_picture() -> None:
    face = still_face(face_picture((400.0, 150.0), 60), DiscFinder(), 12)
    assert face is not None and face.size_px == (640, 480)
    # the shape that the finder draws does not turn with the picture, so only its middle is exact
    middle_px = face.points_px[:, :2].mean(axis=0) - (400, 150)
    np.testing.assert_allclose(middle_px, 60 * SHAPE[:, :2].mean(axis=0), atol=0.7)
    np.testing.assert_allclose(face.points_px[:, 2], 60 * SHAPE[:, 2], atol=0.7)


@pytest.mark.parametrize("n_crops", [1, 6, 12])
def test_that_noise_falls_with_the_number_of_looks(n_crops: int) -> None:
    picture = face_picture((320.0, 240.0), 70)
    off = []
    finder = DiscFinder(noise_px=2.0)
    for _ in range(60):
        face = still_face(picture, finder, n_crops)
        assert face is not None
        off.append(face.points_px[:, :2].mean(axis=0) - 70 * SHAPE[:, :2].mean(axis=0) - (320, 240))
    sd_px = float(np.std(off))
    assert 0.6 * 2 / np.sqrt(n_crops) < sd_px < 1.4 * 2 / np.sqrt(n_crops)


def test_that_the_same_picture_gives_the_same_points() -> None:
    picture = face_picture((300.0, 200.0), 50)
    first, second = (still_face(picture, DiscFinder(), 6) for _ in range(2))
    assert first is not None and second is not None and (first.points_px == second.points_px).all()


def test_that_a_look_that_is_far_off_does_not_count() -> None:
    looks = np.repeat(SHAPE[None] * 50, 12, axis=0) + np.random.default_rng(2).normal(0, 0.2, (12, 1, 3))
    with_wild = looks.copy()
    with_wild[5] += 80.0
    assert np.abs(robust_mean(with_wild) - robust_mean(np.delete(looks, 5, axis=0))).max() < 1e-9
    assert np.abs(looks.mean(axis=0) - robust_mean(looks)).max() < 0.2


def test_that_one_look_is_its_own_mean() -> None:
    assert (robust_mean(SHAPE[None]) == SHAPE).all()


def test_that_a_face_that_is_small_in_the_picture_is_searched_for_in_parts_of_it() -> None:
    finder = DiscFinder(least_share=0.2)  # sees nothing smaller than a fifth of what it is shown
    picture = face_picture((1500.0, 700.0), 80, (1920, 1080))
    assert finder(picture) is None
    face = still_face(picture, finder, 6)
    assert face is not None
    np.testing.assert_allclose(
        face.points_px[:, :2].mean(axis=0), SHAPE[:, :2].mean(axis=0) * 80 + (1500, 700), atol=1
    )


def test_that_a_face_that_most_looks_do_not_find_again_is_none() -> None:
    picture = face_picture((320.0, 240.0), 70)
    assert still_face(picture, DiscFinder(fail_every=3), 12) is None
    assert still_face(picture, DiscFinder(fail_every=1), 12) is not None


@pytest.mark.parametrize("size_px", [(640, 480), (20, 20), (47, 300), (1, 1)])
def test_that_a_picture_without_a_face_gives_none(size_px: tuple[int, int]) -> None:
    assert still_face(np.zeros((size_px[1], size_px[0], 3), dtype=np.uint8), DiscFinder(), 6) is None


def test_that_a_face_at_the_edge_of_the_picture_is_no_error() -> None:
    face = still_face(face_picture((630.0, 5.0), 60), DiscFinder(), 6)
    assert face is None or np.isfinite(face.points_px).all()


def test_that_the_landmarker_hands_on_and_closes() -> None:
    class Inner:
        closed = False

        def detect(self, frame: Frame) -> FaceLandmarks | None:
            assert frame.image_bgr is not None
            found = DiscFinder()(frame.image_bgr)
            return None if found is None else FaceLandmarks(found, frame.size_px)

        def close(self) -> None:
            self.closed = True

    inner = Inner()
    still = StillLandmarker(inner, 3)
    picture = face_picture((320.0, 240.0), 70)
    face = still.detect(Frame(0, 0, picture, (640, 480)))
    assert face is not None and face.size_px == (640, 480)
    assert still.detect(Frame(0, 1, None, (640, 480))) is None
    still.close()
    assert inner.closed
