"""The streams of a recording: one table of columns for writer, reader, replay and export.

A stream is an append-only table. Its first column is always ``t_ns`` (int64, ns since the start of the
segment). Column types: ``i`` int64, ``f`` float64 (NaN = missing), ``s`` text, ``b`` bytes. Columns that are
missing in the database read as NaN, ``-1``, ``""`` and ``b""``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCHEMA_VERSION = 1
"""Version of the recording file. A file with a greater one is refused."""

Row = tuple[Any, ...]
"""One row, values in the order of the stream's columns."""
Records = NDArray[np.void]
"""Rows of one stream as a structured array with the stream's dtype."""

_DTYPES = {"i": "i8", "f": "f8", "s": "O", "b": "O"}

EYE_FEATURES: tuple[str, ...] = (
    # per eye, in the eye-corner frame (origin: midpoint of the corners, x along them, unit: their distance);
    # "a" is the eye on the left of the camera picture, "b" the one on its right
    "iris_a_x", "iris_a_y", "upper_lid_a", "lower_lid_a", "opening_a",
    "iris_b_x", "iris_b_y", "upper_lid_b", "lower_lid_b", "opening_b",
    # head, from landmarks away from the eyes
    "yaw_deg", "pitch_deg", "roll_deg", "head_x_mm", "head_y_mm", "head_z_mm",
    # place and scale of the eyes, in units of the picture's width
    "mid_eye_x", "mid_eye_y", "inter_eye",
)  # fmt: skip
"""Names of the geometric eye features, in the order of the landmark stream."""
PATCH_SHAPE = (2, 8, 16)
"""Grey patches of both eyes: eye, rows, columns (see ``gaze.eye_patches``)."""
N_PATCH_VALUES = 256
N_FEATURES = len(EYE_FEATURES) + N_PATCH_VALUES
"""Length of a frame's feature vector: the geometric features, then the patches (NaN where they are not kept)."""
FEATURE_SET = "eyes-2"
"""``eyes-1`` were the geometric features alone; ``eyes-2`` adds the patches behind them."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Name and columns of one stream. ``columns`` pairs each name with its type letter."""

    name: str
    columns: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(name for name, _ in self.columns)

    @property
    def dtype(self) -> np.dtype[np.void]:
        """Structured dtype of the stream's records."""
        return np.dtype([(name, _DTYPES[kind]) for name, kind in self.columns])

    def empty(self) -> Records:
        """No rows."""
        return np.empty(0, dtype=self.dtype)


def _stream(name: str, /, **columns: str) -> Stream:
    return Stream(name, (("t_ns", "i"), *columns.items()))


# fmt: off
STREAMS: dict[str, Stream] = {
    stream.name: stream
    for stream in (
        # control: everything that a person or the program decided; payload is JSON (see domain.session)
        _stream("event", kind="s", payload="s"),
        _stream("anchor", wall_ns="i"),
        # camera: each frame ends as one row in "landmarks" or one in "gap"
        Stream(
            "landmarks",
            (
                ("t_ns", "i"), ("frame_index", "i"),
                *((name, "f") for name in EYE_FEATURES),
                ("face_x", "f"), ("face_y", "f"), ("face_w", "f"), ("face_h", "f"),
                ("brightness", "f"), ("contrast", "f"), ("glare", "f"), ("eye_patches", "b"),
            ),
        ),
        _stream("gap", frame_index="i", n_frames="i", reason="s"),
        # derived live; can be derived again from "landmarks"
        _stream("gaze", frame_index="i", x_px="f", y_px="f", sd_x_px="f", sd_y_px="f", calibration_id="s"),
        _stream("hit", frame_index="i", response_id="s", aoi="s", block="i", line="i",
                p_block="f", p_line="f", p_off_text="f"),
        # calibration and validation: which frames were collected at which target
        _stream("target_frame", attempt_id="s", phase="s", target_index="i", target_x_px="f", target_y_px="f",
                frame_index="i"),
        # pointer and keys; positions in screen px; keys by class, never characters
        _stream("pointer", kind="s", x_px="f", y_px="f", button="s", target="s"),
        _stream("wheel", x_px="f", y_px="f", dx="f", dy="f", target="s"),
        _stream("key", kind="s", key_class="s", target="s"),
        _stream("selection", response_id="s", start="i", end="i"),
        _stream("focus", kind="s", target="s"),
        # geometry of what was on screen
        _stream("window", x_px="f", y_px="f", w_px="f", h_px="f", device_pixel_ratio="f",
                screen_w_px="f", screen_h_px="f"),
        _stream("scroll", response_id="s", offset_px="f", max_px="f"),
        _stream("aoi", name="s", x_px="f", y_px="f", w_px="f", h_px="f", visible="i"),
        _stream("layout_epoch", response_id="s", epoch="i", payload="s"),
        _stream("layout_block", response_id="s", epoch="i", block="i", payload="s"),
        # the answer as it came and as it was shown
        _stream("chunk", response_id="s", chunk_index="i", text="s"),
        _stream("reveal", response_id="s", epoch="i", n_source="i"),
        # what the turn is in: composing, waiting, streaming, reading, comparing, rating, idle, away
        _stream("state", turn_id="s", state="s"),
    )
}
"""Every stream of a recording, by name."""
# fmt: on

DERIVED_STREAMS: dict[str, Stream] = {
    stream.name: stream
    for stream in (
        STREAMS["gaze"], STREAMS["hit"],
        # probabilities are NaN, and block and line −1, where the error of the gaze does not support them
        _stream("fixation", t_end_ns="i", x_px="f", y_px="f", sd_x_px="f", sd_y_px="f", n_samples="i", turn_id="s",
                response_id="s", aoi="s", block="i", line="i", p_response="f", p_block="f", p_line="f",
                p_off_text="f", calibration_id="s"),
        # expected dwell of a turn: unit is word, line, block or off_text; number is the code point where a word starts.
        # A unit that the error does not support has one row without number (−1) and value (NaN), and the reason
        _stream("dwell", turn_id="s", response_id="s", unit="s", number="i", dwell_s="f", reason="s",
                calibration_id="s"),
    )
}  # fmt: skip
"""Streams of derived files: computed from a recording, and computed again whenever the way to do so changes."""

CONTROL_STREAMS = frozenset({"event"})
"""Streams whose rows are committed at once and acknowledged."""

TURN_STATES = ("composing", "waiting", "streaming", "reading", "comparing", "rating", "idle", "away")


def records(stream: str, rows: list[Row]) -> Records:
    """Rows as a structured array of the stream's dtype, in the order given."""
    spec = STREAMS.get(stream) or DERIVED_STREAMS[stream]
    out = np.empty(len(rows), dtype=spec.dtype)
    for index, row in enumerate(rows):
        out[index] = row
    return out
