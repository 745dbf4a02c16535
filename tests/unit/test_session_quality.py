"""The quality of a session against what was put into it, and against recordings that lack something."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifllm_desktop.analysis.session_quality import QualityLimits, SessionQuality, session_quality
from ifllm_desktop.wording import QUALITY_PROBLEMS, quality_problem
from tests.quality_sessions import (
    ACCEPTED_MS,
    FIVE,
    SCREEN,
    calibration,
    drift_check,
    in_segments,
    known_session,
    target_payload,
    validation,
)
from tests.recordings import FakeRecording, RecordingBuilder, small_session

PX_PER_MM = 1440 / 344


def codes(quality: SessionQuality) -> list[str]:
    return [problem.code for problem in quality.problems]


def with_events(source: FakeRecording, add: RecordingBuilder) -> FakeRecording:
    """A recording with the events of a builder added."""
    rows = {name: [*source.rows.get(name, []), *add.rows.get(name, [])] for name in {*source.rows, *add.rows}}
    return FakeRecording(source.info(), rows)


# ---- truth -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bias_px", "sd_px"), [((30.0, -40.0), (25.0, 35.0)), ((0.0, 120.0), (10.0, 10.0)), ((-80.0, 5.0), (60.0, 30.0))]
)  # fmt: skip
def test_that_accuracy_and_precision_are_what_was_put_in(
    bias_px: tuple[float, float], sd_px: tuple[float, float]
) -> None:
    found = session_quality(known_session(bias_px=bias_px, sd_px=sd_px, seed=3))
    # 24 samples a target, 5 targets: the mean of a target is uncertain by sd / √24, the spread by 1 / √240
    tolerance_px = 3 * math.hypot(*sd_px) / math.sqrt(24) / math.sqrt(5) + math.hypot(*sd_px) ** 2 / 24 / 50
    assert found.accuracy.px == pytest.approx(math.hypot(*bias_px), abs=tolerance_px)
    assert (found.precision.std_x_px, found.precision.std_y_px) == pytest.approx(sd_px, rel=0.2)
    assert found.precision.rms_s2s_px == pytest.approx(math.sqrt(2) * math.hypot(*sd_px), rel=0.2)
    assert found.precision.ratio == pytest.approx(math.sqrt(2), rel=0.12)
    assert found.precision.n_samples == 120 and found.precision.signal == "raw"
    # in the middle of the screen a degree is 43.8 px at 60 cm
    px_per_deg = 2 * math.tan(math.radians(0.5)) * 600 * PX_PER_MM
    assert found.accuracy.deg == pytest.approx(found.accuracy.px / px_per_deg, rel=0.1)
    assert found.precision.std_deg == pytest.approx(found.precision.std_px / px_per_deg, rel=0.1)


def test_that_the_filtered_signal_is_named_apart_and_calmer() -> None:
    found = session_quality(known_session())
    assert found.precision_filtered.signal == "one_euro"
    assert found.precision_filtered.rms_s2s_px < 0.5 * found.precision.rms_s2s_px
    assert found.precision_filtered.ratio < 1 < found.precision.ratio


@pytest.mark.parametrize("loss", [0.0, 0.02, 0.15, 0.4])
@pytest.mark.parametrize("rate_hz", [30.0, 15.0])
def test_that_loss_and_rate_are_what_was_put_in(loss: float, rate_hz: float) -> None:
    found = session_quality(known_session(loss=loss, rate_hz=rate_hz)).loss
    assert found.loss == pytest.approx(loss, abs=0.002)
    assert found.loss_by_time == pytest.approx(loss, abs=0.003)
    assert found.effective_hz == pytest.approx(rate_hz * (1 - loss), rel=0.005)
    assert found.duration_s == pytest.approx(120.0, abs=0.1)
    lost = sum(share.n_frames for share in found.by_reason)
    assert lost == found.n_frames - found.n_valid and {share.name for share in found.by_reason} <= {"no_face"}
    assert sum(share.n_frames for share in found.by_page) == found.n_frames
    assert sum(share.n_valid for share in found.by_minute) == found.n_valid


def test_that_gaps_have_the_length_that_was_put_in() -> None:
    found = session_quality(known_session(loss=0.1))
    (only,) = [gap for gap in found.gaps if gap.n]
    assert only.lower_s <= 0.1 < only.upper_s  # three frames of 30 Hz
    assert only.n == pytest.approx(120, abs=2) and only.total_s == pytest.approx(12.0, abs=0.2)
    assert found.longest_gap_s == pytest.approx(0.1, abs=0.002)


def test_that_frames_which_a_slow_camera_never_made_count_by_time_only() -> None:
    slow = known_session(rate_hz=20.0, loss=0.0)
    for number, row in enumerate(slow.rows["event"]):
        slow.rows["event"][number] = (row[0], row[1], row[2].replace('"rate_hz":20.0', '"rate_hz":30.0'))
    found = session_quality(slow).loss
    assert (
        found.loss == 0.0
        and found.loss_by_time == pytest.approx(1 / 3, abs=0.002)
        and found.nominal_hz == 30.0
    )


def test_that_drift_grows_by_what_was_put_in() -> None:
    found = session_quality(
        known_session(bias_px=(30.0, 0.0), sd_px=(2.0, 2.0), drift_px=(10.0, 25.0, 50.0))
    ).drift
    assert [check.kind for check in found.checks] == ["validation", "drift", "drift", "drift"]
    assert found.change_px == pytest.approx(50.0, abs=1.5) and found.worst_px == pytest.approx(80.0)
    assert [check.minutes for check in found.checks] == pytest.approx([0.0, 0.5, 1.0, 1.5], abs=0.01)


def test_that_the_head_is_as_far_away_as_it_was_put() -> None:
    found = session_quality(known_session(head_cm=4.0)).head
    assert (found.shift_cm, found.shift_p95_cm, found.turn_deg) == pytest.approx((4.0, 4.0, 0.0), abs=1e-6)


def test_that_each_field_of_the_screen_holds_the_targets_that_stand_in_it() -> None:
    found = session_quality(known_session())
    columns, rows = found.grid
    assert len(found.cells) == columns * rows
    assert [(c.column, c.row) for c in found.cells[: columns + 1]] == [
        *((k, 0) for k in range(columns)),
        (0, 1),
    ]
    assert sum(cell.n for cell in found.cells) == len(FIVE) + 2  # and two drift checks
    for cell in found.cells:
        assert math.isnan(cell.error_px) == (cell.n == 0)
    assert sum(cell.n_gaze for cell in found.cells) == found.loss.n_valid
    middle = next(c for c in found.cells if (c.column, c.row) == (int(700 / 288), int(400 / 225)))
    assert middle.n_gaze > 0.9 * found.loss.n_valid


def test_that_a_trace_has_at_most_two_thousand_points_and_no_made_up_ones() -> None:
    source = known_session(minutes=3.0)
    found = session_quality(source).trace
    assert len(found.t_s) == len(found.x_px) == len(found.head_cm) == 2000
    stored = np.round(source.read("gaze")["x_px"], 1)
    shown = np.array(found.x_px)
    assert np.isin(shown[np.isfinite(shown)], stored).all() and np.isnan(shown).any()


def test_that_a_pause_is_no_loss() -> None:
    source = known_session(loss=0.0, minutes=1.0)
    t0_ns, t1_ns = (round((ACCEPTED_MS + s * 1000) * 1e6) for s in (20, 40))
    for stream in ("gaze", "landmarks"):
        source.rows[stream] = [row for row in source.rows[stream] if not t0_ns <= row[0] < t1_ns]
    pause = RecordingBuilder()
    pause.event(t0_ns / 1e6, "pause")
    pause.event(t1_ns / 1e6, "resume")
    found = session_quality(with_events(source, pause))
    assert found.loss.loss == 0.0 and found.loss.loss_by_time == pytest.approx(0.0, abs=0.002)
    assert found.loss.duration_s == pytest.approx(40.0, abs=0.1) and found.longest_gap_s < 0.05


def test_that_the_time_between_two_segments_is_no_loss() -> None:
    whole = known_session(loss=0.0, minutes=1.0)
    late_ns = round(600e9)
    border_ns = round((ACCEPTED_MS + 30_000) * 1e6)
    rows = {
        name: [(t + late_ns if (t := row[0]) >= border_ns else t, *row[1:]) for row in stored]
        for name, stored in whole.rows.items()
    }
    moved = FakeRecording(whole.info(), rows)
    found = session_quality(in_segments(moved, [(border_ns + late_ns) / 1e6]))
    assert found.n_segments == 2 and found.loss.duration_s == pytest.approx(60.0, abs=0.1)
    assert found.loss.loss == 0.0 and found.longest_gap_s < 0.05
    one = session_quality(moved)  # in a single file ten minutes without frames are a gap
    assert one.longest_gap_s == pytest.approx(600.0, abs=1)


def test_that_gaze_which_was_invalid_is_lost_with_its_reason() -> None:
    source = known_session(loss=0.0, minutes=1.0)
    t0_ns, t1_ns = (round((ACCEPTED_MS + s * 1000) * 1e6) for s in (10, 25))
    source.rows["gaze"] = [row for row in source.rows["gaze"] if not t0_ns <= row[0] < t1_ns]
    add = RecordingBuilder()
    add.event(t0_ns / 1e6, "gaze_invalid", reason="head_moved", calibration_id="c1", detail={})
    add.event(t1_ns / 1e6, "gaze_valid", calibration_id="c1", how="checked")
    found = session_quality(with_events(source, add))
    assert found.loss.loss == pytest.approx(0.25, abs=0.002)
    assert [(share.name, share.n_frames) for share in found.loss.by_reason] == [("head_moved", 450)]
    assert [(s.t0_s, s.t1_s, s.reason) for s in found.invalid] == [(20.0, 35.0, "head_moved")]


# ---- attempts --------------------------------------------------------------------------------


def test_that_every_attempt_is_there_and_the_accepted_one_counts() -> None:
    source = known_session()
    first = RecordingBuilder()
    points = np.add(FIVE[0], [[200.0, 0.0], [210.0, 10.0]])
    calibration(first, 500, "a0", "c0", targets=[
        {"target_index": 0, "x_px": 1.0, "y_px": 2.0, "left_out_x_px": 5.0, "left_out_y_px": None, "n_frames": 24,
         "state": "good"}
    ])  # fmt: skip
    validation(
        first, 1000, "a0", "c0", [target_payload(0, *FIVE[0], points)], ok=False, reason="error_too_large"
    )
    found = session_quality(with_events(source, first))
    assert [(a.number, a.calibration_id, a.accepted) for a in found.attempts] == [
        (1, "c0", False),
        (2, "c1", True),
    ]
    assert found.main_attempt == "a1" and found.accuracy.px == pytest.approx(50.0, abs=8)
    rejected = found.attempts[0]
    assert (
        rejected.accuracy.px == pytest.approx(205.0, abs=1) and rejected.accuracy.reason == "error_too_large"
    )
    assert rejected.points[0].left_out_x_px == 5.0 and math.isnan(rejected.points[0].left_out_y_px)
    assert math.isnan(rejected.targets[0].precision.rms_s2s_px)  # its samples are not in the recording
    assert sum(cell.n for cell in found.cells) == len(FIVE) + 2  # a rejected one says nothing of the session


def test_that_a_refit_stands_on_the_validation_of_what_it_mended() -> None:
    source = known_session(drift_px=())
    add = RecordingBuilder()
    t_ms = ACCEPTED_MS + 30_000
    drift_check(add, t_ms, "c1", (200.0, 0.0), ok=False, reason="drifted", action="refit")
    calibration(add, t_ms + 100, "r1", "c2", kind="refit", parent_id="c1", n_targets=5)
    drift_check(add, t_ms + 200, "c2", (20.0, 0.0), stage="recheck")
    for number, row in enumerate(source.rows["gaze"]):
        if row[0] >= (t_ms + 100) * 1e6:
            source.rows["gaze"][number] = (*row[:-1], "c2")
    found = session_quality(with_events(source, add))
    assert found.main_attempt == "a1" and found.drift.n_refits == 1
    assert [check.kind for check in found.drift.checks] == ["validation", "drift", "recheck"]
    assert found.drift.checks[2].minutes == pytest.approx(0.5, abs=0.01)
    assert codes(found) == []


def test_that_a_drift_that_could_not_be_mended_takes_the_claim_back() -> None:
    add = RecordingBuilder()
    drift_check(add, ACCEPTED_MS + 60_000, "c1", (300.0, 0.0), ok=False, reason="drifted", action="kept")
    found = session_quality(with_events(known_session(drift_px=()), add))
    assert not found.accuracy.ok and found.accuracy.reason == "drifted"
    assert "validation_failed" in codes(found)


def test_that_degrees_are_those_of_the_distance_while_calibrating() -> None:
    near, far = known_session(), known_session()
    for source, distance_mm in ((near, 400.0), (far, 800.0)):
        for number, row in enumerate(source.rows["event"]):
            if row[1] == "calibration":
                payload = row[2].replace('"distance_mm":null', f'"distance_mm":{distance_mm}')
                source.rows["event"][number] = (row[0], row[1], payload)
    at_near, at_far = session_quality(near), session_quality(far)
    assert at_near.accuracy.px == at_far.accuracy.px and at_near.screen.distance_mm == 400.0
    assert at_near.accuracy.deg == pytest.approx(2 * at_far.accuracy.deg, rel=0.15)


def text_validation(b: RecordingBuilder, t_ms: float, errors_y_px: list[float | None]) -> None:
    """Lines that were read; None for one that was not."""
    lines = [
        {"state": "not_measured" if error is None else "read", "error_y_px": error, "center_x_px": 720.0,
         "center_y_px": 200.0 + 150 * k, "t1_ns": round(t_ms * 1e6), "n_frames": 60}
        for k, error in enumerate(errors_y_px)
    ]  # fmt: skip
    read = [error for error in errors_y_px if error is not None]
    b.event(t_ms, "text_validation", attempt_id="a1", calibration_id="c1", ok=bool(read),
            reason="" if read else "not_read", response_id="text-check-1", error_y_px=None, abs_error_y_px=None,
            share_right=0.5 if read else None, lines=lines)  # fmt: skip


def test_that_the_error_on_text_is_that_of_the_lines_that_were_read() -> None:
    add = RecordingBuilder()
    text_validation(add, ACCEPTED_MS + 1000, [10.0, None, -30.0])
    found = session_quality(with_events(known_session(), add))
    assert (found.text.n_lines, found.text.error_y_px, found.text.abs_error_y_px) == (2, -10.0, 20.0)
    assert found.text.abs_error_y_deg == pytest.approx(20.0 / 43.8, rel=0.1) and found.text.share_right == 0.5
    lines = [check for check in found.drift.checks if check.kind == "text"]
    assert len(lines) == 2 and all(
        math.isnan(line.error_px) for line in lines
    )  # along a line nothing is known
    assert sum(cell.n for cell in found.cells) == len(FIVE) + 2
    assert found.drift.change_px == session_quality(known_session()).drift.change_px


def test_that_a_text_which_nobody_read_gives_its_reason() -> None:
    add = RecordingBuilder()
    text_validation(add, ACCEPTED_MS + 1000, [None, None])
    found = session_quality(with_events(known_session(), add))
    assert found.text.n_lines == 0 and found.text.reason == "not_read" and math.isnan(found.text.error_y_px)
    assert session_quality(known_session()).text.reason == "not_done"


def test_that_the_text_that_everybody_is_asked_to_read_does_not_count_as_time_on_text() -> None:
    def hits(page: str) -> float:
        add = RecordingBuilder()
        add.event(ACCEPTED_MS + 100, "page", page=page)
        for k in range(30):
            add.row("hit", ACCEPTED_MS + 200 + 30 * k, k, "r", "", 0, 0, 0.9, 0.5, 0.1)
        add.event(ACCEPTED_MS + 2000, "page", page="task")
        for k in range(30):
            add.row("hit", ACCEPTED_MS + 2100 + 30 * k, 100 + k, "r", "", 0, 0, 0.2, 0.1, 0.8)
        known = known_session()
        rows = {name: list(found) for name, found in known.rows.items()}
        for name, found in add.rows.items():
            rows[name] = sorted([*rows.get(name, []), *found], key=lambda row: row[0])
        return session_quality(FakeRecording(known.info(), rows)).on_text

    assert hits("task") == pytest.approx(0.55) and hits("text_check") == pytest.approx(0.2)


# ---- score -----------------------------------------------------------------------------------


def test_that_the_score_is_the_sum_of_its_parts() -> None:
    found = session_quality(known_session())
    parts = {part.name: part for part in found.score.parts}
    assert parts["on_text"].reason == "not_measured" and math.isnan(parts["on_text"].points)
    known = [part for part in found.score.parts if math.isfinite(part.points)]
    assert found.score.total == pytest.approx(
        100 * sum(p.points for p in known) / sum(p.weight for p in known)
    )
    accuracy = parts["accuracy"]
    assert accuracy.points == pytest.approx(40 * (3.5 - found.accuracy.deg) / 3.0)


def test_that_without_degrees_the_score_judges_pixels() -> None:
    unknown = known_session(screen={"w_px": 1440.0, "h_px": 900.0})
    accuracy = session_quality(unknown).score.parts[0]
    assert (accuracy.unit, accuracy.limit) == ("px", 3.5 * 48.0) and accuracy.points > 0


@given(st.floats(0, 300), st.floats(0, 0.6), st.floats(0, 200))
@settings(max_examples=15)
def test_that_more_error_loss_or_drift_never_gives_a_better_score(
    error: float, loss: float, drift: float
) -> None:
    def total(error_px: float, lost: float, grown_px: float) -> float:
        made = known_session(
            bias_px=(error_px, 0.0), sd_px=(1.0, 1.0), loss=lost, drift_px=(grown_px,), minutes=0.2, seed=1
        )
        return session_quality(made).score.total

    base = total(error, loss, drift)
    assert 0 <= base <= 100
    assert total(error + 20, loss, drift) <= base + 1e-6
    assert total(error, min(0.9, loss + 0.2), drift) <= base + 1.0  # which frames are lost is drawn anew
    assert total(error, loss, drift + 20) <= base + 1e-6


# ---- bad input -------------------------------------------------------------------------------


def test_that_a_session_without_a_validation_claims_nothing() -> None:
    found = session_quality(known_session(validated=False, drift_px=()))
    assert "no_validation" in codes(found)
    assert math.isnan(found.accuracy.px) and not found.accuracy.ok and math.isnan(found.precision.std_px)
    assert math.isnan(found.score.total)
    assert {(s.state, s.reason) for s in found.support} == {("refused", "not_validated")}
    assert found.loss.loss == pytest.approx(0.05, abs=0.002)  # which can be measured all the same


def test_that_gaze_by_a_calibration_that_is_not_there_has_no_known_error() -> None:
    source = known_session()
    source.rows["gaze"] = [(*row[:-1], "gone") for row in source.rows["gaze"]]
    found = session_quality(source)
    assert ("calibration_lost", "gone") in [(p.code, p.detail) for p in found.problems]
    assert math.isnan(found.accuracy.px) and found.main_attempt == "" and math.isnan(found.score.total)
    assert all(s.state == "refused" for s in found.support)
    assert found.attempts[0].accuracy.px > 0  # the attempt is shown, though nothing rests on it


def test_that_a_validation_counts_though_its_calibration_event_is_lost() -> None:
    source = known_session()
    source.rows["event"] = [row for row in source.rows["event"] if row[1] != "calibration"]
    found = session_quality(source)
    assert "calibration_lost" in codes(found)
    assert found.accuracy.px == pytest.approx(50.0, abs=8) and found.n_points == 0 and found.method == ""


def test_that_ninety_percent_loss_is_said_plainly() -> None:
    found = session_quality(known_session(loss=0.9))
    (problem,) = [p for p in found.problems if p.code == "high_loss"]
    assert quality_problem(problem.code, problem.detail) == "90 % of the frames have no gaze."
    loss = next(part for part in found.score.parts if part.name == "loss")
    assert loss.excludes and loss.points == 0 and loss.reason == "beyond_limit"
    assert "low_rate" in codes(found)
    # a gap is a gap at that loss too: together they are nine tenths of the time
    assert sum(gap.total_s for gap in found.gaps) == pytest.approx(0.9 * 120, abs=0.2)
    assert found.loss.duration_s == pytest.approx(120.0, abs=0.1)


@pytest.mark.parametrize(
    ("screen", "code"),
    [
        ({**SCREEN, "w_mm": 0.0, "h_mm": 0.0}, "screen_size_zero"),
        ({**SCREEN, "w_px": 0.0, "h_px": 0.0}, "screen_size_zero"),
        ({**SCREEN, "distance_mm": 0}, "screen_size_zero"),
        ({**SCREEN, "w_mm": -5.0}, "screen_size_zero"),
        ({"w_px": 1440.0, "h_px": 900.0}, "screen_size_unknown"),
        (
            {"w_px": 1440.0, "h_px": 900.0, "w_mm": None, "h_mm": None, "distance_mm": 600.0},
            "screen_size_unknown",
        ),
        ({**SCREEN, "distance_mm": None}, "distance_unknown"),
        ({}, "screen_size_unknown"),
    ],
)
def test_that_degrees_are_not_invented_without_a_size(screen: dict[str, object], code: str) -> None:
    found = session_quality(known_session(screen=screen))
    assert code in codes(found) and not found.screen_known
    assert found.accuracy.px == pytest.approx(50.0, abs=8) and found.accuracy.grade in "ABCD"
    values = json.dumps(found.to_json(), allow_nan=False)
    assert math.isnan(found.accuracy.deg) and math.isnan(found.precision.std_deg) and "Infinity" not in values
    assert all(math.isnan(check.error_deg) for check in found.drift.checks)
    if not screen.get("w_px"):
        assert found.cells == ()


def test_that_an_empty_session_is_called_empty() -> None:
    empty = RecordingBuilder().build()
    found = session_quality(empty)
    assert codes(found) == ["empty"] and math.isnan(found.duration_s) and math.isnan(found.loss.loss)
    assert found.gaps == () and found.trace.t_s == () and math.isnan(found.score.total)
    assert SessionQuality.from_json(json.loads(json.dumps(found.to_json()))).to_json() == found.to_json()


def test_that_a_session_which_ended_before_the_calibration_has_no_loss() -> None:
    found = session_quality(known_session(calibrated=False, validated=False, accepted=False, gaze=False))
    assert codes(found)[0] == "no_calibration" and "no_gaze" in codes(found)
    assert math.isnan(found.loss.loss) and found.loss.n_frames == 0


def test_that_whoever_did_not_consent_has_a_pointer_only() -> None:
    refused = known_session(consent=False, calibrated=False, validated=False, accepted=False, gaze=False)
    found = session_quality(refused)
    assert found.gaze_consent == "no" and codes(found) == ["no_consent"]


def test_that_an_imported_session_without_landmarks_keeps_what_can_be_known() -> None:
    found = session_quality(known_session(landmarks=False, loss=0.1))
    assert "no_landmarks" in codes(found)
    assert math.isnan(found.head.shift_cm) and found.head.n_frames == 0
    assert found.loss.loss == pytest.approx(0.1, abs=0.002) and found.accuracy.px == pytest.approx(
        50.0, abs=8
    )


def test_that_gaze_alone_is_judged_by_its_own_rows() -> None:
    source = known_session(landmarks=False, calibrated=False, validated=False, accepted=False, loss=0.2)
    lost = [(row[0], row[1], math.nan, math.nan, math.nan, math.nan, "") for row in source.rows.pop("gap")]
    rows = {"event": source.rows["event"][:2], "gaze": [(*r[:-1], "") for r in source.rows["gaze"]] + lost}
    found = session_quality(FakeRecording(source.info(), rows))
    assert found.loss.loss == pytest.approx(0.2, abs=0.002)
    assert [share.name for share in found.loss.by_reason] == ["no_gaze"]
    assert "calibration_lost" in codes(found)


def test_that_old_recordings_without_targets_keep_their_figures() -> None:
    found = session_quality(small_session())
    assert found.accuracy.px == 55.0 and math.isnan(found.accuracy.deg) and found.accuracy.n_targets == 0
    assert found.precision.std_x_px == 40.0 and math.isnan(found.precision.rms_s2s_px)
    assert "no_landmarks" in codes(found) or "head_place_unknown" in codes(found)


@pytest.mark.parametrize("code", sorted(QUALITY_PROBLEMS))
def test_that_every_problem_is_a_sentence(code: str) -> None:
    words = quality_problem(code, "7")
    assert words == "7" if code == "unreadable" else words[0].isupper() or words[0].isdigit()
    assert words.endswith(".") or code == "unreadable"


def test_that_every_problem_that_is_raised_has_words() -> None:
    import re
    from pathlib import Path

    from ifllm_desktop.analysis import quality_facts

    raised = re.findall(r'Problem\(\s*"(\w+)"', Path(quality_facts.__file__).read_text(encoding="utf-8"))
    raised += ["no_landmarks", "head_place_unknown"]
    assert len(raised) > 15 and set(raised) <= set(QUALITY_PROBLEMS)


def test_that_another_grid_is_another_map() -> None:
    limits = replace(QualityLimits(), columns=2, rows=1)
    found = session_quality(known_session(), limits)
    assert found.grid == (2, 1) and len(found.cells) == 2
