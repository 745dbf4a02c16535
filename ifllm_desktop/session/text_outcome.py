"""What reading marked lines gave, as immutable values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ifllm_desktop.domain.json_numbers import finite_or_none, flat_payload
from ifllm_desktop.domain.line_measure import LineMeasure

_NO_GAZE = LineMeasure(0)


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """One marked line of the text check, screen px; NaN where nothing was measured.

    Attributes
    ----------
    target_index : int
        Number of the line among the marked ones, top to bottom: the ``target_index`` of its frames.
    line, block : int
        Numbers in the layout.
    center_x_px, center_y_px, left_px, right_px, height_px : float
        Its box.
    t0_ns, t1_ns : int
        From go to done, session time; both −1 for a line that was never shown.
    how : str
        ``key`` when the participant said that it was read, ``timeout`` otherwise; empty when it was never shown.
    loss : float
        Share of the frames from go to done without usable eyes, 0–1.
    gaze : LineMeasure
        What it was like in that time.
    """

    target_index: int
    line: int
    block: int
    center_x_px: float
    center_y_px: float
    left_px: float
    right_px: float
    height_px: float
    t0_ns: int = -1
    t1_ns: int = -1
    how: str = ""
    loss: float = math.nan
    gaze: LineMeasure = _NO_GAZE

    @property
    def nearest_right(self) -> bool:
        """Whether the line nearest to the gaze is the marked one."""
        return self.gaze.state != "not_measured" and self.gaze.nearest_line == self.line

    def to_payload(self) -> dict[str, Any]:
        """For the event ``text_validation``; NaN becomes null."""
        values = flat_payload(self)
        del values["gaze"]
        return values | flat_payload(self.gaze)


@dataclass(frozen=True, slots=True)
class TextOutcome:
    """How good the gaze is on text: lines that were marked and read.

    Attributes
    ----------
    attempt_id, calibration_id : str
        Calibration that the gaze was estimated with, and its attempt.
    response_id : str
        Under this name the text's layout stands in the recording; empty when it was never laid out.
    ok : bool
        At least one line was read.
    reason : str
        Code when not ok: ``skipped``, ``no_text`` (nothing to mark), ``no_face``, ``not_read``; else empty.
    error_y_px : float
        Mean of the signed vertical errors of the lines that were read.
    abs_error_y_px : float
        Mean of their sizes.
    share_right : float
        Share of these lines that are the nearest to their gaze, 0–1.
    """

    attempt_id: str
    calibration_id: str
    ok: bool
    reason: str = ""
    response_id: str = ""
    error_y_px: float = math.nan
    abs_error_y_px: float = math.nan
    share_right: float = math.nan
    lines: tuple[LineOutcome, ...] = ()

    @staticmethod
    def of_lines(
        attempt_id: str, calibration_id: str, response_id: str, lines: tuple[LineOutcome, ...]
    ) -> TextOutcome:
        """The outcome of these lines."""
        read = [line for line in lines if line.gaze.state == "read"]
        seen = any(line.gaze.state != "not_measured" for line in lines)
        reason = "" if read else "not_read" if seen else "no_face" if lines else "no_text"
        n = len(read) or math.nan
        return TextOutcome(
            attempt_id, calibration_id, bool(read), reason, response_id, sum(r.gaze.error_y_px for r in read) / n,
            sum(abs(r.gaze.error_y_px) for r in read) / n, sum(r.nearest_right for r in read) / n, lines,
        )  # fmt: skip

    def to_payload(self) -> dict[str, Any]:
        """For the event ``text_validation``; NaN becomes null."""
        return {
            "attempt_id": self.attempt_id, "calibration_id": self.calibration_id, "ok": self.ok,
            "reason": self.reason, "response_id": self.response_id, "error_y_px": finite_or_none(self.error_y_px),
            "abs_error_y_px": finite_or_none(self.abs_error_y_px), "share_right": finite_or_none(self.share_right),
            "lines": [line.to_payload() for line in self.lines],
        }  # fmt: skip
