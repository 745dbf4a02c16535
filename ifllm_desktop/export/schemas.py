"""Columns of every export: name, type, and what a value means. The one place that knows them."""

from __future__ import annotations

import pyarrow as pa

SCHEMA_VERSION = "1"
"""Raised when a column is added, dropped or changes its meaning."""

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
_TEXT = pa.string()
_MOMENT = pa.timestamp("us", tz="UTC")

Column = tuple[str, pa.DataType, str]

_PREFERENCE: tuple[Column, ...] = (
    ("prompt", MESSAGES, "the conversation that both answers had, last message from the user"),
    ("chosen", MESSAGES, "the preferred answer, one assistant message"),
    ("rejected", MESSAGES, "the other answer, one assistant message"),
    ("pair_id", _TEXT, "id of the pair"),
    ("trial_id", _TEXT, "id of the turn that the pair was shown in"),
    ("session_id", _TEXT, "id of the session"),
    ("study_id", _TEXT, "id of the study"),
    ("participant_id", _TEXT, "pseudonym of the person"),
    ("protocol_version", _TEXT, "first 12 digits of the SHA-256 of the study's protocol; empty when unknown"),
    ("schema_version", _TEXT, "version of these columns"),
    ("turn", pa.int16(), "turn within the task, from 1"),
    ("model_chosen", _TEXT, "model of the preferred answer"),
    ("model_rejected", _TEXT, "model of the other answer"),
    ("chosen_side", _TEXT, "left or right: where the preferred answer stood"),
    ("side_seed", pa.int64(), "seed by which sides were assigned"),
    ("strength", pa.int8(), "1 slightly, 2 clearly; null when it was not asked"),
    ("likert_chosen", pa.int8(), "rating of the preferred answer; null when missing"),
    ("likert_rejected", pa.int8(), "rating of the other answer; null when missing"),
    ("decision_ms", pa.int32(), "from the moment ratings opened to the vote, ms; null when unknown"),
    ("n_chars_chosen", pa.int32(), "length of the preferred answer, code points"),
    ("n_chars_rejected", pa.int32(), "length of the other answer, code points"),
    ("identity_leak", pa.bool_(), "an answer names its own model or maker"),
    ("attention_ok", pa.bool_(), "no attention check of the session failed; true where a study has none"),
    ("label_source", _TEXT, "explicit: the person's own vote"),
    (
        "confidence",
        pa.float32(),
        "model's probability that the vote is right, at least 0.5; null without a score",
    ),
    ("rm_id", _TEXT, "model behind confidence, see reward_scores; empty without one"),
    ("fold", pa.int8(), "fold that held the person out; null when the model never saw the person"),
    ("gaze_valid_frac", pa.float32(), "share of camera frames with gaze while reading; null without gaze"),
    ("gaze_err_px", pa.float32(), "mean error of the last validation, px; null without gaze"),
    ("split_group", _TEXT, "keep rows of one group in one split (the person)"),
)
_REWARD_SCORES: tuple[Column, ...] = (
    ("pair_id", _TEXT, "id of the pair"),
    ("rm_id", _TEXT, "name@version of the model"),
    ("rm_version", _TEXT, "version of the model: measures and hash of the weights"),
    ("feature_set", _TEXT, "measures that the model reads"),
    ("calibrator", _TEXT, "how scores became probabilities"),
    ("fold", pa.int8(), "fold that held the person out; null when the model never saw the person"),
    ("scores_chosen", pa.float32(), "score of the preferred answer; only differences have a meaning"),
    ("scores_rejected", pa.float32(), "score of the other answer"),
    ("prob_chosen", pa.float32(), "probability of the vote as the model sees it"),
    ("results", pa.float32(), "1 when the model agrees with the vote, 0.5 at equal scores, else 0"),
)
_BY_RESPONSE: tuple[Column, ...] = (
    ("response_id", _TEXT, "id of the answer"),
    ("pair_id", _TEXT, "id of the pair"),
    ("session_id", _TEXT, "id of the session"),
    ("participant_id", _TEXT, "pseudonym of the person"),
    ("side", _TEXT, "left or right"),
    ("rm_id", _TEXT, "name@version of the model"),
    ("trained_on", _TEXT, "what the model was trained on"),
    ("fold", pa.int8(), "fold that held the person out; null when the model never saw the person"),
    ("score", pa.float32(), "score of the answer; only differences within a pair have a meaning"),
    ("prob_preferred", pa.float32(), "probability that this answer of the pair is preferred"),
)
_ANNOTATIONS: tuple[Column, ...] = (
    ("annotation_id", _TEXT, "id of the annotation"),
    ("response_id", _TEXT, "id of the answer; empty for an episode"),
    ("tier", _TEXT, "span (of text) or episode (of time)"),
    ("label", _TEXT, "label"),
    ("quote", _TEXT, "the words that a span covers"),
    ("text_sha256", _TEXT, "SHA-256 of the whole answer, UTF-8"),
    ("annotator_id", _TEXT, "who set it"),
    ("role", _TEXT, "annotator"),
    ("status", _TEXT, "current: removed annotations are not exported"),
    ("guideline_version", _TEXT, "version of the guideline; empty when none was given"),
    ("start", pa.int32(), "first code point of the span in the answer's source text; null for an episode"),
    ("end", pa.int32(), "code point after the span; null for an episode"),
    ("src_start", pa.int32(), "the same in the Markdown source (equal here: offsets are source offsets)"),
    ("src_end", pa.int32(), "the same in the Markdown source"),
    ("t_start_ms", pa.int64(), "start of the episode, ms of session time; null for a span"),
    ("t_end_ms", pa.int64(), "end of the episode, ms of session time; null for a span"),
    ("revision", pa.int32(), "how many steps shaped it, undo steps included"),
    ("created_at", _MOMENT, "when its first step was made"),
    ("updated_at", _MOMENT, "when its last step was made"),
)
_SAMPLES: tuple[Column, ...] = (
    ("session_id", _TEXT, "id of the session"),
    ("participant_id", _TEXT, "pseudonym of the person"),
    ("t_ms", pa.float64(), "session time, ms"),
    ("stream", _TEXT, "gaze or pointer"),
    ("turn_id", _TEXT, "turn that was open; null between turns"),
    ("x_px", pa.float64(), "screen x, device-independent px; null when lost"),
    ("y_px", pa.float64(), "screen y, device-independent px; null when lost"),
    ("sd_x_px", pa.float64(), "gaze: standard deviation of x, px"),
    ("sd_y_px", pa.float64(), "gaze: standard deviation of y, px"),
    ("frame_index", pa.int64(), "gaze: camera frame"),
    ("calibration_id", _TEXT, "gaze: calibration that gave the point"),
    ("response_id", _TEXT, "gaze: answer that was most likely looked at"),
    ("aoi", _TEXT, "gaze: area that was most likely looked at"),
    ("block", pa.int32(), "gaze: most likely block of the answer; null when refused"),
    ("line", pa.int32(), "gaze: most likely line of the answer; null when refused"),
    ("p_block", pa.float64(), "gaze: probability of that block; null when refused"),
    ("p_line", pa.float64(), "gaze: probability of that line; null when refused"),
    ("p_off_text", pa.float64(), "gaze: probability that no text was looked at"),
    (
        "refused",
        _TEXT,
        "gaze: what the validated error does not support and why, as unit: reason; null for nothing",
    ),
    ("kind", _TEXT, "pointer: kind of event"),
    ("button", _TEXT, "pointer: button"),
    ("target", _TEXT, "pointer: widget under it"),
)
_ANSWERS: tuple[Column, ...] = (
    ("session_id", _TEXT, "id of the session"),
    ("participant_id", _TEXT, "pseudonym of the person"),
    ("place", _TEXT, "demographics, before_task, after_task, at_end, or turn: said of a turn's answers"),
    ("task_id", _TEXT, "task of the study; null where it is about none"),
    ("trial_id", _TEXT, "id of the turn; null outside of turns"),
    (
        "question_id",
        _TEXT,
        "question of the study; in a turn rating, a further scale, preference, reasons, highlight",
    ),
    ("response_id", _TEXT, "answer that it is about; null where it is about none"),
    ("value", _TEXT, "what was said; several options as a JSON list; null where it was declined"),
    ("number", pa.float64(), "the value where it is a number; else null"),
    ("declined", pa.bool_(), "the person preferred not to say"),
    ("attention_passed", pa.bool_(), "of a check of attention; else null"),
    (
        "start",
        pa.int32(),
        "first code point of a mark or a chosen sentence in the answer's source text; else null",
    ),
    ("end", pa.int32(), "code point after it; else null"),
    (
        "quote",
        _TEXT,
        "the words that were marked or chosen, or the reason in the person's own words; else null",
    ),
    ("n_changes", pa.int32(), "how often it was said, the first time included"),
    ("t_ms", pa.float64(), "session time of the last change, ms"),
)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "preference": _PREFERENCE,
    "samples": _SAMPLES,
    "annotations": _ANNOTATIONS,
    "answers": _ANSWERS,
    "reward_scores": _REWARD_SCORES,
    "reward_scores_by_response": _BY_RESPONSE,
}
"""Every set by name. The last one goes with ``reward_scores``."""

FORMATS = ("preference", "samples", "annotations", "answers", "reward_scores")
"""What can be asked for."""


def schema(name: str) -> pa.Schema:
    """Arrow schema of a set, its version in the metadata."""
    fields = [pa.field(column, kind) for column, kind, _ in COLUMNS[name]]
    return pa.schema(fields, metadata={"ifllm_schema_version": SCHEMA_VERSION, "ifllm_set": name})


def schema_json(names: list[str]) -> dict[str, object]:
    """Content of ``schema.json``: type and meaning of every column."""
    return {
        "schema_version": SCHEMA_VERSION,
        "sets": {
            name: [{"name": c, "type": str(kind), "meaning": meaning} for c, kind, meaning in COLUMNS[name]]
            for name in names
        },
    }


def table(name: str, rows: list[dict[str, object]]) -> pa.Table:
    """A table of a set; keys that are missing in a row become null."""
    return pa.Table.from_pylist(rows, schema=schema(name))
