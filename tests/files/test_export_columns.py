"""Every column of every set, by name, type and order."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ifllm_desktop.export.schemas import COLUMNS, FORMATS, schema
from ifllm_desktop.export.write import write_exports
from tests.study_in_memory import memory_study

MSG = "list<element: struct<role: string, content: string>>"
PREFERENCE = [
    ("prompt", MSG), ("chosen", MSG), ("rejected", MSG),
    *[(name, "string") for name in ("pair_id", "trial_id", "session_id", "study_id", "participant_id",
                                    "protocol_version", "schema_version")],
    ("turn", "int16"), ("model_chosen", "string"), ("model_rejected", "string"), ("chosen_side", "string"),
    ("side_seed", "int64"), ("strength", "int8"), ("likert_chosen", "int8"), ("likert_rejected", "int8"),
    ("decision_ms", "int32"), ("n_chars_chosen", "int32"), ("n_chars_rejected", "int32"),
    ("identity_leak", "bool"), ("attention_ok", "bool"), ("label_source", "string"), ("confidence", "float"),
    ("rm_id", "string"), ("fold", "int8"), ("gaze_valid_frac", "float"), ("gaze_err_px", "float"),
    ("split_group", "string"),
]  # fmt: skip
REWARD_SCORES = [
    *[(name, "string") for name in ("pair_id", "rm_id", "rm_version", "feature_set", "calibrator")],
    ("fold", "int8"),
    *[(name, "float") for name in ("scores_chosen", "scores_rejected", "prob_chosen", "results")],
]  # fmt: skip
ANNOTATIONS = [
    *[(name, "string") for name in ("annotation_id", "response_id", "tier", "label", "quote", "text_sha256",
                                    "annotator_id", "role", "status", "guideline_version")],
    *[(name, "int32") for name in ("start", "end", "src_start", "src_end")],
    ("t_start_ms", "int64"), ("t_end_ms", "int64"), ("revision", "int32"),
    ("created_at", "timestamp[us, tz=UTC]"), ("updated_at", "timestamp[us, tz=UTC]"),
]  # fmt: skip
SAMPLES = [
    ("session_id", "string"), ("participant_id", "string"), ("t_ms", "double"), ("stream", "string"),
    ("turn_id", "string"), ("x_px", "double"), ("y_px", "double"), ("sd_x_px", "double"),
    ("sd_y_px", "double"),
    ("frame_index", "int64"), ("calibration_id", "string"), ("response_id", "string"), ("aoi", "string"),
    ("block", "int32"), ("line", "int32"), ("p_block", "double"), ("p_line", "double"),
    ("p_off_text", "double"), ("refused", "string"), ("kind", "string"), ("button", "string"), ("target", "string"),
]  # fmt: skip
ANSWERS = [
    *[(name, "string") for name in ("session_id", "participant_id", "place", "task_id", "trial_id", "question_id",
                                    "response_id", "value")],
    ("number", "double"), ("declined", "bool"), ("attention_passed", "bool"), ("start", "int32"), ("end", "int32"),
    ("quote", "string"), ("n_changes", "int32"), ("t_ms", "double"),
]  # fmt: skip
EXPECTED = {
    "answers": ANSWERS, "preference": PREFERENCE, "reward_scores": REWARD_SCORES, "annotations": ANNOTATIONS,
    "samples": SAMPLES,
}  # fmt: skip
RESERVED = {"images", "messages", "tools", "completion", "margin"}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = memory_study(2)
    folder = tmp_path_factory.mktemp("columns") / "export"
    write_exports(study.catalogue, study.recordings, study.operations, ["all"], folder, code_version="test")
    return folder


def columns(written: pa.Schema) -> list[tuple[str, str]]:
    return [(field.name, str(field.type)) for field in written]


@pytest.mark.parametrize("name", FORMATS)
def test_that_a_parquet_file_has_exactly_its_columns(out: Path, name: str) -> None:
    assert columns(pq.read_schema(out / name / f"{name}.parquet")) == EXPECTED[name]


@pytest.mark.parametrize("name", FORMATS)
def test_that_a_parquet_file_says_its_schema_version(out: Path, name: str) -> None:
    metadata = pq.read_schema(out / name / f"{name}.parquet").metadata
    assert metadata[b"ifllm_schema_version"] == b"1"


def test_that_no_column_has_a_name_that_trainers_reserve() -> None:
    for name in COLUMNS:
        assert not RESERVED & set(schema(name).names)
        assert ("label" in schema(name).names) == (name == "annotations")


def test_that_every_column_is_explained() -> None:
    assert all(meaning for columns in COLUMNS.values() for _, _, meaning in columns)
