"""What an export folder holds, what it leaves out and why, and that nothing half-written stays behind."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Self

import pyarrow.parquet as pq
import pytest

from ifllm_desktop.domain.errors import UsageError, WorldError
from ifllm_desktop.export import files
from ifllm_desktop.export.files import csv_cell
from ifllm_desktop.export.pairs import names_itself
from ifllm_desktop.export.schemas import FORMATS, schema
from ifllm_desktop.export.write import ExportReport, FormatReport, write_exports
from ifllm_desktop.wording import sentence
from tests.recordings import BETTER, WALL_START_NS, WORSE, FakeRecording
from tests.study_in_memory import MODEL_ID, MemoryStudy, memory_study


def export(study: MemoryStudy, out: Path, *formats: str, **options: Any) -> ExportReport:
    chosen = formats or ("all",)
    return write_exports(
        study.catalogue, study.recordings, study.operations, chosen, out, code_version="test", **options
    )


def rows(out: Path, name: str, folder: str = "") -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = pq.read_table(out / (folder or name) / f"{name}.parquet").to_pylist()
    return table


def report_of(report: ExportReport, name: str) -> FormatReport:
    return next(f for f in report.formats if f.format == name)


def with_event(recording: FakeRecording, kind: str, old: str, new: str) -> FakeRecording:
    changed = [
        (t, k, payload.replace(old, new, 1) if k == kind else payload)
        for t, k, payload in recording.rows["event"]
    ]
    assert changed != recording.rows["event"]
    return FakeRecording(recording.info(), recording.rows | {"event": changed})


def with_payload(recording: FakeRecording, kind: str, values: dict[str, object]) -> FakeRecording:
    changed = [
        (t, k, json.dumps(json.loads(payload) | values) if k == kind else payload)
        for t, k, payload in recording.rows["event"]
    ]
    return FakeRecording(recording.info(), recording.rows | {"event": changed})


# ---- content ----------------------------------------------------------------------------------------------
def test_that_a_vote_becomes_a_row_with_both_answers(tmp_path: Path) -> None:
    export(memory_study(1), tmp_path / "out")
    left, right = rows(tmp_path / "out", "preference")
    assert left["chosen"] == [{"role": "assistant", "content": BETTER}]
    assert left["rejected"] == [{"role": "assistant", "content": WORSE}]
    assert left["prompt"][-1]["role"] == "user" and left["prompt"][-1]["content"].startswith("And how do I")
    assert (left["chosen_side"], left["strength"], left["likert_chosen"], left["likert_rejected"]) == (
        "left",
        2,
        6,
        3,
    )
    assert (right["chosen_side"], right["strength"], right["likert_chosen"]) == ("right", 1, 5)
    assert right["chosen"][0]["content"] == BETTER and right["model_chosen"] == "prepared-b"
    assert left["n_chars_chosen"] == len(BETTER) and left["turn"] == 2
    assert left["decision_ms"] == 15_000
    assert left["confidence"] == pytest.approx(0.8) and left["rm_id"] == MODEL_ID
    assert 0.8 < left["gaze_valid_frac"] <= 1 and left["gaze_err_px"] == 55.0
    assert left["split_group"] == left["participant_id"] == "P01"


def test_that_scores_follow_the_vote(tmp_path: Path) -> None:
    export(memory_study(1), tmp_path / "out")
    for row in rows(tmp_path / "out", "reward_scores"):
        assert row["scores_chosen"] == pytest.approx(len(BETTER) / 500)
        assert row["scores_rejected"] == pytest.approx(len(WORSE) / 500)
        assert (row["prob_chosen"], row["results"]) == (pytest.approx(0.8), 1.0)
        assert row["feature_set"] == "pair-5.1"
    by_response = rows(tmp_path / "out", "reward_scores_by_response", "reward_scores")
    assert len(by_response) == 8  # four pairs, voted or tied
    assert {row["trained_on"] for row in by_response} == {"simulated participants"}
    folds = [row["fold"] for row in rows(tmp_path / "out", "reward_scores")]
    assert folds == [None, 0]


def test_that_annotations_stand_as_they_ended(tmp_path: Path) -> None:
    export(memory_study(1), tmp_path / "out")
    span, episode = rows(tmp_path / "out", "annotations")
    assert (span["label"], span["quote"], span["revision"]) == ("very useful", "rsync", 2)
    assert BETTER[span["start"] : span["end"]] == "rsync"
    assert (span["t_start_ms"], episode["start"]) == (None, None)
    assert (episode["t_start_ms"], episode["t_end_ms"]) == (9000, 12_500)
    assert (span["updated_at"] - span["created_at"]).total_seconds() == 1
    assert span["created_at"].timestamp() == pytest.approx((WALL_START_NS + 1_000_000_000) / 1e9)


def test_that_a_span_that_no_longer_fits_its_answer_is_left_out(tmp_path: Path) -> None:
    study = memory_study(1)
    study.recordings[0] = with_event(study.recordings[0], "response_end", "A weekly copy", "A yearly copy")
    report = report_of(export(study, tmp_path / "out", "annotations"), "annotations")
    assert report.excluded == {"quote_mismatch": 1}
    assert [row["tier"] for row in rows(tmp_path / "out", "annotations")] == ["episode"]


def test_that_samples_hold_every_gaze_and_pointer_row_in_order(tmp_path: Path) -> None:
    study = memory_study(2)
    export(study, tmp_path / "out", "samples")
    table = rows(tmp_path / "out", "samples")
    for recording in study.recordings:
        own = [row for row in table if row["session_id"] == recording.info().session_id]
        for stream in ("gaze", "pointer"):
            assert sum(row["stream"] == stream for row in own) == len(recording.rows[stream])
        assert [row["t_ms"] for row in own] == sorted(row["t_ms"] for row in own)
    gaze = [row for row in table if row["stream"] == "gaze" and row["response_id"]]
    assert gaze and all(row["p_off_text"] == 0.1 for row in gaze)
    pointer = [row for row in table if row["stream"] == "pointer"]
    assert all(row["p_off_text"] is None and row["sd_x_px"] is None for row in pointer)
    assert {row["turn_id"] for row in table} >= {None, "S01-t1", "S01-t2", "S02-t5"}


@pytest.mark.parametrize(
    ("off_px", "refused", "block", "line"),
    [
        (None, "block: not_validated; line: not_validated", False, False),
        (5, None, True, True),
        (52, "line: error_over_two_lines", True, False),
        (400, "block: chance_too_low; line: error_over_two_lines", False, False),
    ],
)
def test_that_samples_name_no_block_or_line_that_the_error_does_not_support(
    tmp_path: Path, off_px: float | None, refused: str | None, block: bool, line: bool
) -> None:
    study = memory_study(1)
    if off_px is not None:
        target = {
            "x_px": 500,
            "y_px": 400,
            "mean_x_px": 500 + off_px,
            "mean_y_px": 400 + off_px,
            "error_px": 9,
        }
        measured = {"sd_px": [4.0, 4.0], "targets": [target] * 5}
        study.recordings[0] = with_payload(study.recordings[0], "validation", measured)
    export(study, tmp_path / "out", "samples")
    gaze = [row for row in rows(tmp_path / "out", "samples") if row["response_id"]]
    assert gaze and {row["refused"] for row in gaze} == {refused}
    for name, told in (("block", block), ("line", line)):
        assert (
            {row[name] is not None for row in gaze}
            == {row[f"p_{name}"] is not None for row in gaze}
            == {told}
        )
    assert all(row["x_px"] is not None for row in gaze)  # where gaze was is measured and stays


# ---- who and what is left out -----------------------------------------------------------------------------
def test_that_ties_are_left_out_of_preference_and_counted(tmp_path: Path) -> None:
    report = export(memory_study(2), tmp_path / "out")
    assert report_of(report, "preference").excluded == {"both_bad": 2, "tie": 2}
    assert report_of(report, "preference").n_rows == 4


def test_that_a_person_without_sharing_is_in_no_file(tmp_path: Path) -> None:
    study = memory_study(3, {"P02": {"sharing": False}})
    report = export(study, tmp_path / "out")
    for file in (tmp_path / "out").rglob("*"):
        if file.suffix == ".parquet":
            table = pq.read_table(file)
            assert "P02" not in str(table.to_pylist()) and "S02" not in str(table.to_pylist())
        elif file.is_file():
            content = file.read_text("utf-8")
            assert "P02" not in content and "S02" not in content
    for name in FORMATS:
        assert report_of(report, name).excluded["people_without_sharing"] == 1
    assert report_of(report, "preference").excluded["no_consent_sharing"] == 4
    assert report_of(report, "annotations").excluded["no_consent_sharing"] == 2
    assert report_of(report, "samples").excluded["no_consent_sharing"] == 1


def test_that_a_person_without_any_consent_on_record_is_in_no_file(tmp_path: Path) -> None:
    study = memory_study(2)
    del study.catalogue.scopes["P01"]
    export(study, tmp_path / "out", "preference")
    assert {row["participant_id"] for row in rows(tmp_path / "out", "preference")} == {"P02"}


def test_that_a_withdrawn_person_is_in_no_file(tmp_path: Path) -> None:
    study = memory_study(2)
    study.catalogue.people.remove("P01")
    report = export(study, tmp_path / "out", "preference", "samples")
    assert {row["participant_id"] for row in rows(tmp_path / "out", "samples")} == {"P02"}
    assert report_of(report, "preference").excluded["people_withdrawn"] == 1


def test_that_gaze_without_consent_is_in_no_row_even_if_it_was_recorded(tmp_path: Path) -> None:
    study = memory_study(2)
    study.catalogue.scopes["P01"] = study.catalogue.scopes["P01"] | {"gaze": False}
    report = export(study, tmp_path / "out", "samples", "preference")
    own = [row for row in rows(tmp_path / "out", "samples") if row["participant_id"] == "P01"]
    assert {row["stream"] for row in own} == {"pointer"}
    gaze_columns = ("sd_x_px", "sd_y_px", "frame_index", "calibration_id", "response_id", "p_off_text")
    assert all(row[name] is None for row in own for name in gaze_columns)
    assert report_of(report, "samples").excluded == {"no_consent_gaze": 1}
    votes = [row for row in rows(tmp_path / "out", "preference") if row["participant_id"] == "P01"]
    assert votes and all(row["gaze_valid_frac"] is None and row["gaze_err_px"] is None for row in votes)


def test_that_pointer_without_consent_is_in_no_row(tmp_path: Path) -> None:
    study = memory_study(1, {"P01": {"pointer": False}})
    export(study, tmp_path / "out", "samples")
    assert {row["stream"] for row in rows(tmp_path / "out", "samples")} == {"gaze"}


def test_that_separate_histories_and_failed_answers_are_counted(tmp_path: Path) -> None:
    study = memory_study(2)
    # the second submit of each session is its first pair
    for k, (kind, old, new) in enumerate(
        (("submit", '"side":"left","model":"prepared-a","parameters":{},"context":[',
          '"side":"left","model":"prepared-a","parameters":{},"context":[{"role":"assistant","content":"Before"},'),
         ("response_end", '"finish":"stop"', '"finish":"cut"'))
    ):  # fmt: skip
        study.recordings[k] = with_event(study.recordings[k], kind, old, new)
    report = export(study, tmp_path / "out", "preference")
    excluded = report_of(report, "preference").excluded
    assert excluded["separate_history"] == 2 and excluded["failed_answer"] == 4
    assert report_of(report, "preference").n_rows == 0 and report_of(report, "preference").reason


def test_that_an_empty_study_gives_empty_files_and_the_reason(tmp_path: Path) -> None:
    study = memory_study(0)
    report = export(study, tmp_path / "out")
    for name in FORMATS:
        assert pq.read_schema(tmp_path / "out" / name / f"{name}.parquet").names == schema(name).names
        assert report_of(report, name).n_rows == 0
        assert report_of(report, name).reason == "The study has no recorded session."


def test_that_only_what_was_chosen_is_written(tmp_path: Path) -> None:
    export(memory_study(1), tmp_path / "out", "annotations")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "annotations", "README.md", "schema.json", "export.json", "CHECKSUMS.sha256",
    }  # fmt: skip


# ---- files ------------------------------------------------------------------------------------------------
def test_that_two_exports_have_the_same_bytes(tmp_path: Path) -> None:
    one, other = export(memory_study(2), tmp_path / "a"), export(memory_study(2), tmp_path / "b")
    names = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(names) == 20
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert one.sha256 == other.sha256


def test_that_the_order_of_recordings_and_steps_does_not_matter(tmp_path: Path) -> None:
    study = memory_study(3)
    first = export(study, tmp_path / "a")
    study.recordings.reverse()
    study.operations.reverse()
    assert export(study, tmp_path / "b").sha256 == first.sha256


def test_that_reports_and_checksums_are_those_of_the_files(tmp_path: Path) -> None:
    report = export(memory_study(1), tmp_path / "out", wall_ns=5)
    sums = (tmp_path / "out" / "CHECKSUMS.sha256").read_text("utf-8").splitlines()
    listed = {line.partition("  ")[2]: line.partition("  ")[0] for line in sums}
    for path, digest in listed.items():
        assert hashlib.sha256((tmp_path / "out" / path).read_bytes()).hexdigest() == digest
    reported = {file.path: file.sha256 for f in report.formats for file in f.files}
    assert reported.items() <= listed.items()
    assert set(report.formats[0].to_json()) >= {"format", "out", "files", "excluded"}
    assert set(report.formats[0].files[0].to_json()) == {"path", "rows", "sha256"}


def test_that_each_format_is_entered_in_the_export_log(tmp_path: Path) -> None:
    study = memory_study(1)
    report = export(study, tmp_path / "out", "preference", "annotations", wall_ns=5)
    assert study.catalogue.export_log == [
        ("preference", str(tmp_path / "out"), report.sha256, 2, 5),
        ("annotations", str(tmp_path / "out"), report.sha256, 2, 5),
    ]


def test_that_json_lines_and_csv_hold_the_same_rows(tmp_path: Path) -> None:
    export(memory_study(1), tmp_path / "out")
    for name in ("preference", "annotations", "reward_scores"):
        folder = tmp_path / "out" / name
        lines = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()]
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            cells = list(csv.DictReader(file))
        key = schema(name).names[3 if name == "preference" else 0]
        expected = [row[key] for row in rows(tmp_path / "out", name)]
        assert [line[key] for line in lines] == [cell[key] for cell in cells] == expected
        assert list(cells[0]) == list(lines[0]) == schema(name).names
    assert json.loads(cells_of(tmp_path / "out", "preference")[0]["chosen"])[0]["content"] == BETTER


def cells_of(out: Path, name: str) -> list[dict[str, str]]:
    with (out / name / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1"])
def test_that_a_formula_is_escaped_in_csv_only(tmp_path: Path, text: str) -> None:
    assert csv_cell(text) == "'" + text
    study = memory_study(1)
    study.operations = [
        replace(op, after=op.after and replace(op.after, label=text), before=None)
        for op in study.operations
        if op.action == "add"
    ]
    export(study, tmp_path / "out", "annotations")
    assert {cell["label"] for cell in cells_of(tmp_path / "out", "annotations")} == {"'" + text}
    assert {row["label"] for row in rows(tmp_path / "out", "annotations")} == {text}


@pytest.mark.parametrize("value", ["plain", "a=b", "", "1-2", -3, -0.5, True])
def test_that_harmless_cells_stay_as_they_are(value: object) -> None:
    assert csv_cell(value) == str(value)


def test_that_an_existing_folder_is_never_overwritten(tmp_path: Path) -> None:
    export(memory_study(1), tmp_path / "out", "annotations")
    before = (tmp_path / "out" / "README.md").read_bytes()
    with pytest.raises(WorldError) as caught:
        export(memory_study(1), tmp_path / "out", "preference")
    assert caught.value.code == "export_exists" and "choose a new folder" in sentence(caught.value)
    assert (tmp_path / "out" / "README.md").read_bytes() == before
    assert not (tmp_path / "out" / "preference").exists()


def test_that_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(WorldError) as caught:
        export(memory_study(1), tmp_path / "taken" / "out")
    assert caught.value.code == "path_unusable"


def test_that_an_unknown_format_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        export(memory_study(1), tmp_path / "out", "excel")
    assert caught.value.code == "export_format" and not (tmp_path / "out").exists()


class FullDisk:
    """A file on a disk with room for so many bytes more."""

    def __init__(self, file: IO[bytes], left: list[int]) -> None:
        self._file, self._left = file, left

    def write(self, data: bytes) -> int:
        self._left[0] -= len(data)
        if self._left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize("room", [0, 3000, 60_000])
def test_that_a_full_disk_keeps_what_was_finished_and_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    left, opened = [room], files.open_binary
    monkeypatch.setattr(files, "open_binary", lambda path: FullDisk(opened(path), left))
    with pytest.raises(WorldError) as caught:
        export(memory_study(1), tmp_path / "out")
    assert caught.value.code == "disk_full"
    monkeypatch.undo()
    export(memory_study(1), tmp_path / "whole")
    finished = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert all(not path.name.endswith(files.PARTIAL) for path in finished)
    for path in finished:
        same = tmp_path / "whole" / path.relative_to(tmp_path / "out")
        assert path.read_bytes() == same.read_bytes()
    assert bool(finished) == (room == 60_000)


def test_that_cancelling_leaves_no_half_file(tmp_path: Path) -> None:
    cancel = threading.Event()
    seen: list[str] = []

    def progress(name: str, n_rows: int) -> None:
        seen.append(name)
        if name == "samples":
            cancel.set()

    with pytest.raises(WorldError) as caught:
        export(memory_study(3), tmp_path / "out", progress=progress, cancel=cancel)
    assert caught.value.code == "export_cancelled"
    assert seen == ["preference", "samples"]
    left = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert left == {"preference.parquet", "preference.jsonl", "preference.csv"}


def test_that_samples_are_written_in_other_kinds_when_asked(tmp_path: Path) -> None:
    export(memory_study(1), tmp_path / "out", "samples", kinds=("csv",))
    assert {path.name for path in (tmp_path / "out" / "samples").iterdir()} == {
        "samples.parquet",
        "samples.csv",
    }


def test_that_the_readme_says_simulated(tmp_path: Path) -> None:
    export(memory_study(1), tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "Gaze, pointer and votes come from simulated participants.**" in text
    assert "**trained on simulated participants**" in text


@pytest.mark.parametrize(
    ("text", "model", "leaks"),
    [
        ("As ChatGPT would say, no.", "prepared-a", False),
        ("I am Claude, made by Anthropic.", "x", True),
        ("I'm an OpenAI model.", "x", True),
        ("Signed: prepared-a", "prepared-a", True),
        ("Take contract A.", "a", False),
    ],
)
def test_that_an_answer_that_names_its_origin_is_marked(text: str, model: str, leaks: bool) -> None:
    assert names_itself(text, model) == leaks
