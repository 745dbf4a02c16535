"""How far a calibration on real webcam pictures is off: the protocol, without a file or a clock.

Within each session some targets calibrate and all others test; nothing of the tested targets is seen before.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import PATCH_SHAPE
from ifllm_desktop.gaze.calibration import MIN_TARGETS, GazeModel, usable_features
from ifllm_desktop.gaze.eye_features import eye_features
from ifllm_desktop.gaze.eye_patches import feature_vector, rounded
from ifllm_desktop.gaze.eye_prior import PROFILES, EyeProfile
from ifllm_desktop.gaze.face_points import N_POINTS
from ifllm_desktop.gaze.prior_fit import fitted_profile
from ifllm_desktop.ports import FaceLandmarks

Floats = NDArray[np.float64]

FEATURES = ("patch", "iris")
"""``patch``: landmarks and eye patches; ``iris``: landmarks only, as without consent to eye patches."""
_COLUMNS: dict[str, tuple[str, tuple[int, ...]]] = {
    "landmarks_image_px": ("f", (N_POINTS, 3)), "participant": ("U", ()), "session": ("U", ()),
    "target_index": ("iu", ()), "target_screen_px": ("fiu", (2,)), "image_size_px": ("iuf", (2,)),
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class BenchRows:
    """One row a picture.

    Attributes
    ----------
    features : ndarray of float64, shape (n, 275)
        Feature vectors; NaN where a face is degenerate, patches NaN where there are none.
    target_px : ndarray of float64, shape (n, 2)
        Screen px.
    target_index : ndarray of int64, shape (n,)
    participant, session : ndarray of str, shape (n,)
        ``session`` is unique over participants.
    """

    features: Floats
    target_px: Floats
    target_index: NDArray[np.int64]
    participant: NDArray[np.str_]
    session: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One tested target of one draw; positions and standard deviations in screen px."""

    participant: str
    session: str
    draw: int
    target_index: int
    target_x_px: float
    target_y_px: float
    predicted_x_px: float
    predicted_y_px: float
    sd_x_px: float
    sd_y_px: float


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Every prediction, and what could not be used with the reason (session → words)."""

    predictions: tuple[Prediction, ...]
    profiles: Mapping[str, int]
    left_out: Mapping[str, str]


def bench_rows(arrays: Mapping[str, NDArray[Any]], features: str) -> BenchRows:
    """Feature vectors of a bench file by the code of the live run.

    Raises
    ------
    DataError
        ``bench_array`` for an array that is missing or of another shape or kind, ``bench_empty`` without rows.
    """
    n = len(arrays["target_index"]) if "target_index" in arrays else 0
    for name, (kinds, shape) in _COLUMNS.items():
        _check(arrays, name, kinds, (n, *shape))
    patches = None
    if features == "patch":
        _check(arrays, "eye_patches", "f", (n, *PATCH_SHAPE))
        patches = np.asarray(arrays["eye_patches"], dtype=np.float64)
    if n == 0:
        raise DataError("bench_empty")
    vectors = []
    for row, (points, size) in enumerate(
        zip(arrays["landmarks_image_px"], arrays["image_size_px"], strict=True)
    ):
        face = FaceLandmarks(np.asarray(points, dtype=np.float64), (int(size[0]), int(size[1])))
        cut = patches[row] if patches is not None and np.isfinite(patches[row]).all() else None
        vectors.append(feature_vector(eye_features(face), rounded(cut) if cut is not None else None))
    people = np.asarray(arrays["participant"]).astype(np.str_)
    sessions = np.asarray(arrays["session"]).astype(np.str_)
    return BenchRows(
        np.array(vectors), np.asarray(arrays["target_screen_px"], dtype=np.float64),
        np.asarray(arrays["target_index"], dtype=np.int64), people, sessions,
    )  # fmt: skip


def _check(arrays: Mapping[str, NDArray[Any]], name: str, kinds: str, shape: tuple[int, ...]) -> None:
    found = arrays.get(name)
    if found is None:
        raise DataError("bench_array", name=name, problem="is missing")
    if found.dtype.kind not in kinds or found.shape != shape:
        raise DataError("bench_array", name=name, problem=f"is {found.dtype} {found.shape}, not {shape}")


def run_bench(
    rows: BenchRows,
    n_points: int,
    n_draws: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    profiles: Mapping[str, Sequence[EyeProfile]] | None = None,
) -> BenchResult:
    """Calibrate on ``n_points`` targets of a session, test on its others; ``n_draws`` choices a session.

    Where a session has no more than ``n_draws`` ways to choose, each of them is taken once. Several pictures of one
    target are averaged in the calibration and, when tested, in the prediction. The draws of a session depend on its
    name and the seed only, not on which other sessions there are.

    Parameters
    ----------
    progress : callable
        Gets the number of sessions done and of all sessions.
    profiles : mapping or None
        What is believed beforehand of each participant's eyes; None takes what ships with the program.
    """
    predictions: list[Prediction] = []
    used: dict[str, int] = {}
    left_out: dict[str, str] = {}
    usable = usable_features(rows.features) & np.isfinite(rows.target_px).all(axis=1)
    names = sorted({(str(p), str(s)) for p, s in zip(rows.participant, rows.session, strict=True)})
    for done, (participant, session) in enumerate(names):
        progress(done, len(names))
        mine = np.flatnonzero((rows.participant == participant) & (rows.session == session) & usable)
        targets = np.unique(rows.target_index[mine])
        if n_points < MIN_TARGETS or len(targets) <= n_points:
            left_out[f"{participant}/{session}"] = f"only {len(targets)} usable targets"
            continue
        draws = list(_draws(targets, n_points, n_draws, f"{participant}/{session}", seed))
        flat = 0
        for draw, chosen in enumerate(draws):
            known = np.isin(rows.target_index[mine], chosen)
            try:
                model = (GazeModel(profiles[participant]) if profiles is not None else GazeModel()).fit(
                    rows.features[mine[known]], rows.target_px[mine[known]], rows.target_index[mine[known]]
                )
            except DataError:  # enough targets were chosen, so they lie along one axis of the screen
                flat += 1
                left_out[f"{participant}/{session}"] = (
                    f"{flat} of {len(draws)} draws lie on one row or column"
                )
                continue
            name = model.profile_.name
            used[name] = used.get(name, 0) + 1
            predictions += _tested(rows, mine[~known], model, participant, session, draw)
    progress(len(names), len(names))
    return BenchResult(tuple(predictions), used, left_out)


def profiles_of_others(rows: BenchRows) -> dict[str, tuple[EyeProfile, ...]]:
    """For each participant the profiles that all other participants' sessions give.

    Raises
    ------
    DataError
        ``prior_no_sessions`` when there is no other participant.
    """
    sessions: dict[str, list[tuple[Floats, Floats]]] = {}
    keys = {(str(p), str(s)) for p, s in zip(rows.participant, rows.session, strict=True)}
    for participant, session in sorted(keys):
        mine = (rows.participant == participant) & (rows.session == session)
        sessions.setdefault(participant, []).append((rows.features[mine], rows.target_px[mine]))
    templates = [
        p for p in PROFILES.values() if not p.uses_patches or np.isfinite(rows.features).all(axis=1).any()
    ]
    return {
        participant: tuple(
            fitted_profile(
                template, [s for other, of in sessions.items() if other != participant for s in of]
            )
            for template in templates
        )
        for participant in sessions
    }


def _draws(
    targets: NDArray[np.int64], n_points: int, n_draws: int, name: str, seed: int
) -> Iterator[NDArray[np.int64]]:
    if math.comb(len(targets), n_points) <= n_draws:
        for chosen in itertools.combinations(targets.tolist(), n_points):
            yield np.array(chosen, dtype=np.int64)
        return
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    for _ in range(n_draws):
        yield rng.permutation(targets)[:n_points]


def _tested(
    rows: BenchRows, tested: NDArray[np.intp], model: GazeModel, participant: str, session: str, draw: int
) -> Iterator[Prediction]:
    gaze_px, sd_px = model.predict(rows.features[tested])
    for target in np.unique(rows.target_index[tested]):
        of_target = rows.target_index[tested] == target
        seen = of_target & np.isfinite(gaze_px).all(axis=1)
        # a target whose pictures cannot be predicted stays in the list as NaN: it is not silently left out
        point = gaze_px[seen].mean(axis=0) if seen.any() else np.full(2, math.nan)
        sd = sd_px[seen].mean(axis=0) if seen.any() else np.full(2, math.nan)
        x_px, y_px = rows.target_px[tested][of_target][0]
        yield Prediction(
            participant, session, draw, int(target), float(x_px), float(y_px), float(point[0]), float(point[1]),
            float(sd[0]), float(sd[1]),
        )  # fmt: skip


def bench_report(result: BenchResult) -> dict[str, Any]:
    """Figures of the predictions: error in px (Euclidean), per axis, per person, per session.

    ``share_within_1_sd`` and ``share_within_2_sd`` say how often a coordinate lies within the standard deviation that
    the model gave (nominal .683 and .954). Medians are over all tested targets of all draws; ``n`` counts them.
    """
    if not result.predictions:
        return {"n": 0}
    error = np.array(
        [(p.predicted_x_px - p.target_x_px, p.predicted_y_px - p.target_y_px) for p in result.predictions]
    )
    sd = np.array([(p.sd_x_px, p.sd_y_px) for p in result.predictions])
    known = np.isfinite(error).all(axis=1)
    size = np.where(known, np.hypot(error[:, 0], error[:, 1]), math.inf)  # unpredicted counts as wrong
    people = np.array([p.participant for p in result.predictions])
    sessions = np.array([f"{p.participant}/{p.session}" for p in result.predictions])
    within = np.abs(error[known]) / sd[known]
    return {
        "n": len(size), "n_unpredicted": int((~known).sum()),
        "median_px": _quantile(size, 0.5), "p90_px": _quantile(size, 0.9),
        "median_x_px": float(np.median(np.abs(error[known, 0]))),
        "median_y_px": float(np.median(np.abs(error[known, 1]))),
        "share_within_1_sd": float((within < 1).mean()), "share_within_2_sd": float((within < 2).mean()),
        "by_person": _grouped(size, people), "by_session": _grouped(size, sessions),
        "profiles": dict(result.profiles), "left_out": dict(result.left_out),
    }  # fmt: skip


def _quantile(size_px: Floats, share: float) -> float:
    with np.errstate(invalid="ignore"):  # between two infinities
        value = float(np.quantile(size_px, share))
    return math.inf if math.isnan(value) else value


def _grouped(size_px: Floats, groups: NDArray[np.str_]) -> dict[str, dict[str, float]]:
    return {
        str(name): {
            "median_px": _quantile(size_px[groups == name], 0.5),
            "p90_px": _quantile(size_px[groups == name], 0.9), "n": int((groups == name).sum()),
        }
        for name in np.unique(groups)
    }  # fmt: skip
