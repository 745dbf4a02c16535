"""Fixations of a session with what each was on: answer, block and line with their probabilities, and dwell on words.

Within a turn all fixations are judged together (``reading.line_posterior``), with the error that the validation of the
calibration in force has shown. What the error does not support is not named: the column holds −1, and the report says
which level was refused and why.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.derive.scenes import SceneHistory
from ifllm_desktop.derive.session_rows import screen_of
from ifllm_desktop.derive.validated import ValidatedError, validated_errors
from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.json_numbers import finite_or_none
from ifllm_desktop.domain.layout import TextLayout
from ifllm_desktop.domain.samples import Records, Row, records
from ifllm_desktop.domain.scene import Scene
from ifllm_desktop.domain.session import TurnRecord
from ifllm_desktop.domain.space import Screen
from ifllm_desktop.domain.time import NS_PER_S
from ifllm_desktop.ports import RecordingSource
from ifllm_desktop.reading.fixations import FixationRule, Fixations, fixations
from ifllm_desktop.reading.hits import hit
from ifllm_desktop.reading.line_boxes import lines_of_scenes, word_mass
from ifllm_desktop.reading.line_posterior import line_posterior
from ifllm_desktop.reading.support import LevelSupport, SupportLimits, support, text_sizes
from ifllm_desktop.replay.timeline import Timeline

Floats = NDArray[np.float64]

NAME, VERSION = "reading", 1
_LINES_UP_TO = 2.0
"""A line is named while the error of a fixation is below this many line heights; else only its block."""
_LEAST_DWELL_S = 0.001
_UNITS = ("word", "line", "block")
PX_PER_DEG = 48.0
"""Where size or distance of the screen are not known: a 24" full-HD screen at 60 cm."""


@dataclass(frozen=True, slots=True)
class ReadingRule:
    """All choices of the derivation; stored with its rows.

    Attributes
    ----------
    gaze : str
        ``live``: the gaze that was recorded; else the name of a derived stream that the source was opened with.
    """

    fixation: FixationRule = field(default_factory=FixationRule)
    limits: SupportLimits = field(default_factory=SupportLimits)
    gaze: str = "live"

    def parameters(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "gaze": self.gaze, "fixation": self.fixation.parameters(),
            "supported": self.limits.supported, "probable": self.limits.probable,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class DerivedReading:
    """Rows of one session.

    Attributes
    ----------
    tables : dict
        Records of ``fixation`` and ``dwell``.
    support : mapping
        Level to what the session supports, by the calibration that most fixations were made with.
    """

    session_id: str
    parameters: dict[str, Any]
    calibration_ids: tuple[str, ...]
    tables: dict[str, Records]
    support: Mapping[str, LevelSupport]
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``reading-<hash>``: the same version and parameters have the same name."""
        key = json.dumps([NAME, VERSION, self.parameters], sort_keys=True)
        return f"{NAME}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def derive_reading(source: RecordingSource, rule: ReadingRule | None = None) -> DerivedReading:
    """Fixations and dwell of a session.

    Raises
    ------
    DataError
        ``derive_no_gaze`` when the session has no gaze at all.
    """
    rule = rule or ReadingRule()
    gaze = source.read("gaze")
    if not len(gaze):
        raise DataError("derive_no_gaze", session=source.info().session_id)
    timeline = Timeline(source)
    errors = validated_errors(timeline.events, gaze)
    screen = screen_of(timeline.events)
    px_per_deg = _px_per_deg(screen)
    parts: list[_Part] = []
    for calibration_id in dict.fromkeys(str(c) for c in gaze["calibration_id"]):
        of, error = gaze[gaze["calibration_id"] == calibration_id], errors.get(calibration_id)
        found = fixations(
            of["t_ns"].astype(np.int64), of["x_px"].astype(np.float64), of["y_px"].astype(np.float64),
            error.precision_px if error is not None else math.nan, px_per_deg, rule.fixation,
        )  # fmt: skip
        parts.append(_Part(calibration_id, found, error))
    scenes = SceneHistory(timeline, source)
    rows = _Rows()
    for part in parts:
        _judge(part, timeline, scenes, (screen.w_px, screen.h_px), rule, rows)
    main = max(parts, key=lambda part: len(part.found))
    total_px = main.error.total_px if main.error is not None else (math.nan, math.nan)
    n_sides = max((len(turn.responses) for turn in timeline.turns), default=0)
    levels = support(text_sizes(list(rows.layouts.values())), total_px, n_sides, rule.limits)
    return DerivedReading(
        source.info().session_id, rule.parameters(), tuple(part.calibration_id for part in parts),
        {"fixation": rows.fixations(), "dwell": rows.dwell()}, levels,
        {
            "n_fixations": len(rows.of_fixations), "n_dwell": len(rows.of_dwell), "px_per_deg": px_per_deg,
            **_mean_probabilities(rows.fixations()),
            "support": {
                level: {"p": finite_or_none(s.p), "state": s.state, "reason": s.reason} for level, s in levels.items()
            },
        },
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Fixations of one calibration; ``error`` is None when it was never validated."""

    calibration_id: str
    found: Fixations
    error: ValidatedError | None


@dataclass(slots=True, eq=False)
class _Rows:
    """What has been found so far."""

    of_fixations: list[Row] = field(default_factory=list)
    of_dwell: list[Row] = field(default_factory=list)
    layouts: dict[int, TextLayout] = field(default_factory=dict)

    def fixations(self) -> Records:
        """Sorted by time."""
        return records("fixation", sorted(self.of_fixations))

    def dwell(self) -> Records:
        """Sorted by time, answer, unit and number."""
        return records("dwell", sorted(self.of_dwell))


def _judge(
    part: _Part, timeline: Timeline, scenes: SceneHistory, screen_px: tuple[float, float], rule: ReadingRule,
    rows: _Rows,
) -> None:  # fmt: skip
    """Fixations of one calibration, turn by turn, in order of time."""
    found = part.found
    middle_ns = (found.t0_ns + found.t1_ns) // 2
    shown = [scenes.at(int(t_ns)) for t_ns in middle_ns]
    turns = [timeline.turn_at(int(t_ns)) for t_ns in middle_ns]
    start = 0
    while start < len(found):
        end = start
        while end < len(found) and turns[end] is turns[start]:
            end += 1
        span = slice(start, end)
        for scene in shown[span]:
            rows.layouts.update({id(r.layout): r.layout for r in scene.responses})
        _judge_turn(part, span, turns[start], shown[span], screen_px, rule, rows)
        start = end


def _judge_turn(
    part: _Part, span: slice, turn: TurnRecord | None, scenes: Sequence[Scene], screen_px: tuple[float, float],
    rule: ReadingRule, rows: _Rows,
) -> None:  # fmt: skip
    found, error = part.found, part.error
    turn_id = turn.turn_id if turn is not None else ""
    lines = lines_of_scenes(scenes, screen_px) if error is not None else None
    if error is None or lines is None:
        # without a validation nothing is claimed; without text there is nothing to be on
        for k in range(span.start, span.stop):
            scene = scenes[k - span.start]
            sd = error.total_px if error is not None else (math.nan, math.nan)
            aoi = hit(scene, float(found.x_px[k]), float(found.y_px[k]), *sd).aoi if error is not None else ""
            p_off = 1.0 if error is not None else math.nan
            rows.of_fixations.append(
                (
                    *_measured(found, k),
                    turn_id,
                    "",
                    aoi,
                    -1,
                    -1,
                    math.nan,
                    math.nan,
                    math.nan,
                    p_off,
                    part.calibration_id,
                )
            )
        return
    boxes, names = lines
    of_fixation = error.of_fixation(float(np.median(found.n_samples[span])))
    t_s = (found.t0_ns[span] + found.t1_ns[span]) / 2e9
    posterior = line_posterior(t_s, found.x_px[span], found.y_px[span], boxes, of_fixation)
    p_block = posterior.p_block(boxes.block)
    p_answer = np.stack(
        [posterior.p_line[:, boxes.answer == a].sum(axis=1) for a in range(len(names.response_ids))], 1
    )
    heights = np.median(boxes.height_px[boxes.visible]) if boxes.visible.any() else math.inf
    names_lines = of_fixation.total_y_px < _LINES_UP_TO * heights
    for k in range(span.start, span.stop):
        row, scene = k - span.start, scenes[k - span.start]
        p_off = float(posterior.p_off[row])
        answer = int(p_answer[row].argmax())
        on_text = p_off <= 0.5
        of_answer = [n for n, (a, _) in enumerate(names.block_names) if a == answer]
        block = max(of_answer, key=lambda n: p_block[row, n])
        of_lines = np.flatnonzero(boxes.answer == answer)
        line = int(of_lines[posterior.p_line[row, of_lines].argmax()])
        aoi = "" if on_text else hit(scene, float(found.x_px[k]), float(found.y_px[k]), *error.total_px).aoi
        rows.of_fixations.append(
            (
                *_measured(found, k), turn_id, names.response_ids[answer] if on_text else "", aoi,
                names.block_names[block][1] if on_text else -1,
                int(names.line_number[line]) if on_text and names_lines else -1,
                float(p_answer[row, answer]), float(p_block[row, block]),
                float(posterior.p_line[row, line]) if names_lines else math.nan, p_off, part.calibration_id,
            )
        )  # fmt: skip
    _dwell(part, span, turn_id, scenes, rule, rows)


def _measured(found: Fixations, k: int) -> tuple[Any, ...]:
    return (
        int(found.t0_ns[k]), int(found.t1_ns[k]), float(found.x_px[k]), float(found.y_px[k]),
        float(found.sd_x_px[k]), float(found.sd_y_px[k]), int(found.n_samples[k]),
    )  # fmt: skip


def _dwell(
    part: _Part, span: slice, turn_id: str, scenes: Sequence[Scene], rule: ReadingRule, rows: _Rows
) -> None:
    """Expected dwell on words, lines, blocks and off the text of each answer, s; what is refused with its reason."""
    found, error = part.found, part.error
    assert error is not None
    groups: dict[tuple[int, float, str], list[int]] = {}
    layouts: dict[int, TextLayout] = {}
    for row, scene in enumerate(scenes):
        for shown in scene.responses:
            layouts[id(shown.layout)] = shown.layout
            groups.setdefault((id(shown.layout), shown.scroll_px, shown.response_id), []).append(
                row + span.start
            )
    responses = sorted({response_id for _, _, response_id in groups})
    levels = support(text_sizes(list(layouts.values())), error.total_px, len(responses), rule.limits)
    refused = {unit: levels[unit].reason for unit in _UNITS if levels[unit].state == "refused"}
    total: dict[tuple[str, str, int], float] = {}
    sd_x, sd_y = error.total_px
    for (layout_id, scroll_px, response_id), which in groups.items():
        layout, k = layouts[layout_id], np.array(which)
        same = np.ones(len(k))
        mass = word_mass(layout, scroll_px, found.x_px[k], found.y_px[k], sd_x * same, sd_y * same)
        seconds = found.duration_s[k]
        for unit, number, dwell in _on_units(layout, seconds @ mass):
            key = (response_id, unit, number)
            total[key] = total.get(key, 0.0) + dwell
        key = (response_id, "off_text", -1)
        total[key] = total.get(key, 0.0) + float(seconds @ (1 - mass.sum(axis=1)))
    t_ns = int(found.t0_ns[span.start])
    rows.of_dwell += [
        (t_ns, turn_id, response_id, unit, number, dwell, "", part.calibration_id)
        for (response_id, unit, number), dwell in total.items()
        if dwell > _LEAST_DWELL_S and unit not in refused
    ]
    rows.of_dwell += [
        (t_ns, turn_id, response_id, unit, -1, math.nan, reason, part.calibration_id)
        for response_id in responses
        for unit, reason in refused.items()
    ]


def _on_units(layout: TextLayout, on_words: Floats) -> Iterator[tuple[str, int, float]]:
    """Dwell of words, and what it adds to their lines and blocks."""
    start = 0
    for block in layout.blocks:
        end = start + len(block.words)
        for word, dwell in zip(block.words, on_words[start:end].tolist(), strict=True):
            yield "word", word.src_start, dwell
            yield "line", word.line, dwell
        yield "block", block.index, float(on_words[start:end].sum())
        start = end


def _mean_probabilities(found: Records) -> dict[str, float | None]:
    """Mean probability of the block and the line that are named, over the time spent on text."""
    seconds = (found["t_end_ns"] - found["t_ns"]) / NS_PER_S
    out: dict[str, float | None] = {}
    for level in ("block", "line"):
        named = (found[level] >= 0) & np.isfinite(found[f"p_{level}"]) & (seconds > 0)
        mean = (
            float(np.average(found[f"p_{level}"][named], weights=seconds[named])) if named.any() else math.nan
        )
        out[f"mean_p_{level}"] = finite_or_none(mean)
    return out


def _px_per_deg(screen: Screen) -> float:
    """At the middle of the screen; :data:`PX_PER_DEG` where its size or distance are not known."""
    mm = 2 * math.tan(math.radians(0.5)) * screen.distance_mm
    px = mm * screen.w_px / screen.w_mm if screen.w_mm > 0 else math.nan
    return px if math.isfinite(px) and px > 0 else PX_PER_DEG
