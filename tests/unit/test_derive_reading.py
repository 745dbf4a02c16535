"""Fixations and dwell from a whole session whose true gaze is known; what is refused without a validation."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from ifllm_desktop.derive.reading import PX_PER_DEG, ReadingRule, derive_reading
from ifllm_desktop.derive.validated import validated_errors
from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.samples import Records
from ifllm_desktop.domain.session import Event
from ifllm_desktop.reading.fixations import FixationRule
from ifllm_desktop.reading.support import SupportLimits
from ifllm_desktop.replay.timeline import Timeline
from tests.gaze_sessions import GazeSession
from tests.recordings import FakeRecording, small_session

MS = 1_000_000


@pytest.fixture(scope="module")
def session() -> GazeSession:
    """An answer is read; then the empty half of the screen is looked at."""
    return reader(5)


ELSEWHERE_PX = (1250.0, 450.0)
"""On the other half of the screen, where nothing is shown."""


def reader(seed: int) -> GazeSession:
    made = GazeSession(seed=seed, noise=0.4)
    made.calibrate()
    made.read(made.show_answer(), 25)
    for _ in range(6):
        made.look(ELSEWHERE_PX, 15)
    return made


@pytest.fixture(scope="module")
def source(session: GazeSession) -> FakeRecording:
    return session.build()


def true_blocks(session: GazeSession, source: FakeRecording, found: Records) -> list[int]:
    """Block that was truly looked at in the middle of each fixation; −1 off the text."""
    timeline, times = Timeline(source), np.array(sorted(session.truth_px))
    out = []
    for row in found:
        t_ns = int((row["t_ns"] + row["t_end_ns"]) // 2)
        x, y = session.truth_px[int(times[np.abs(times - t_ns).argmin()])]
        shown = timeline.state_at(t_ns).responses[0]
        at = shown.layout.to_text_px(x, y, shown.scroll_px)
        out.append(next((b.index for b in shown.layout.blocks if b.rect.contains(*at)), -1))
    return out


def test_that_fixations_stand_where_was_looked(session: GazeSession, source: FakeRecording) -> None:
    made = derive_reading(source)
    found = made.tables["fixation"]
    assert len(found) > 40 and (np.diff(found["t_ns"]) > 0).all()
    error = validated_errors(source.events(), source.read("gaze"))["cal-1"]
    times = np.array(sorted(session.truth_px))
    middle = (found["t_ns"] + found["t_end_ns"]) // 2
    truth = np.array([session.truth_px[times[np.abs(times - t).argmin()]] for t in middle])
    off = np.hypot(found["x_px"] - truth[:, 0], found["y_px"] - truth[:, 1])
    assert np.median(off) < 1.5 * math.hypot(*error.total_px)


def test_that_named_blocks_are_right_at_least_as_often_as_they_say() -> None:
    """Over eight people: one person's calibration can be off by more than its validation has seen."""
    right: list[bool] = []
    p: list[float] = []
    for seed in range(1, 9):
        session = reader(seed)
        source = session.build()
        found = derive_reading(source).tables["fixation"]
        found = found[found["block"] >= 0]
        right += [a == b for a, b in zip(true_blocks(session, source, found), found["block"], strict=True)]
        p += found["p_block"].tolist()
    assert len(right) > 100
    assert np.mean(right) > 0.5
    assert np.mean(p) - np.mean(right) < 0.1


def test_that_looks_elsewhere_are_on_no_answer(session: GazeSession, source: FakeRecording) -> None:
    found = derive_reading(source).tables["fixation"]
    late = found[found["t_ns"] > session.t_ms * MS - 80 * 33 * MS]
    assert len(late) and (late["response_id"] == "").all() and (late["block"] == -1).all()
    assert (late["p_off_text"] > 0.5).all()


BOLD = ReadingRule(limits=SupportLimits(supported=0.8, probable=0.0))
"""Refuses only where the error exceeds what is named."""


def test_that_dwell_adds_up_to_the_time_of_the_fixations(source: FakeRecording) -> None:
    made = derive_reading(source, BOLD)
    found, dwell = made.tables["fixation"], made.tables["dwell"]
    in_turn = found[found["turn_id"] == "t1"]
    seconds = float(((in_turn["t_end_ns"] - in_turn["t_ns"]) / 1e9).sum())
    off = float(dwell["dwell_s"][dwell["unit"] == "off_text"].sum())
    counted = [
        unit for unit in ("word", "line", "block") if not (dwell["reason"][dwell["unit"] == unit] != "").any()
    ]
    assert "block" in counted
    for unit in counted:
        on_units = float(dwell["dwell_s"][dwell["unit"] == unit].sum())
        assert on_units + off == pytest.approx(seconds, abs=0.3)  # below 1 ms a unit is left out
    assert set(dwell["turn_id"]) == {"t1"} and (dwell["dwell_s"][dwell["reason"] == ""] > 0).all()


def test_that_the_blocks_that_were_read_have_more_dwell_than_the_others(source: FakeRecording) -> None:
    dwell = derive_reading(source, BOLD).tables["dwell"]
    blocks = dwell[dwell["unit"] == "block"]
    by_block = dict(zip(blocks["number"].tolist(), blocks["dwell_s"].tolist(), strict=True))
    layout = Timeline(source).state_at(int(blocks["t_ns"][0])).responses[0].layout
    last_read = layout.words[::3][:25][-1].src_start
    read = [
        by_block.get(b.index, 0.0) for b in layout.blocks if b.words and b.words[0].src_start <= last_read
    ]
    later = [
        by_block.get(b.index, 0.0) for b in layout.blocks if b.words and b.words[0].src_start > last_read
    ]
    assert later and np.mean(read) > 2 * np.mean(later)


def test_that_refused_units_have_no_value_and_a_reason(source: FakeRecording) -> None:
    made = derive_reading(source)
    dwell = made.tables["dwell"]
    refused = {level for level, s in made.support.items() if s.state == "refused"} & {"word", "line", "block"}
    assert "word" in refused
    for unit in ("word", "line", "block"):
        of = dwell[dwell["unit"] == unit]
        if unit in refused:
            assert of["reason"].tolist() == [made.support[unit].reason]
            assert np.isnan(of["dwell_s"]).all() and (of["number"] == -1).all()
        else:
            assert set(of["reason"]) == {""} and (of["dwell_s"] > 0).all()


def test_that_running_it_again_gives_the_same_rows(source: FakeRecording) -> None:
    one, other = derive_reading(source), derive_reading(source)
    assert one.name == other.name
    for name, rows in one.tables.items():
        assert repr(rows.tolist()) == repr(other.tables[name].tolist())
    changed = derive_reading(source, ReadingRule(fixation=FixationRule(method="ivt")))
    assert changed.name != one.name and changed.parameters["fixation"]["method"] == "ivt"


def test_that_nothing_is_claimed_without_a_validation(session: GazeSession) -> None:
    recording = session.build()
    rows = dict(recording.rows)
    rows["event"] = [row for row in rows["event"] if row[1] != "validation"]
    made = derive_reading(FakeRecording(recording.info(), rows))
    found = made.tables["fixation"]
    assert len(found) and (found["block"] == -1).all() and (found["line"] == -1).all()
    assert np.isnan(found["p_block"]).all() and np.isnan(found["p_off_text"]).all()
    assert not len(made.tables["dwell"])
    assert {s.reason for s in made.support.values()} == {"not_validated"}
    assert made.report["mean_p_block"] is None


def test_that_lines_are_not_named_where_the_error_is_two_of_them(session: GazeSession) -> None:
    recording = session.build()
    rows = dict(recording.rows)
    rows["event"] = [
        (t, kind, json.dumps(json.loads(payload) | {"sd_px": [200.0, 200.0]}))
        if kind == "validation"
        else (t, kind, payload)
        for t, kind, payload in rows["event"]
    ]
    found = derive_reading(FakeRecording(recording.info(), rows)).tables["fixation"]
    assert (found["line"] == -1).all() and np.isnan(found["p_line"]).all()


def test_that_a_session_without_gaze_is_refused_and_one_without_sizes_uses_the_usual_ones() -> None:
    with pytest.raises(DataError, match="derive_no_gaze"):
        derive_reading(small_session(with_gaze=False))
    assert derive_reading(small_session()).report["px_per_deg"] == PX_PER_DEG


def test_that_drift_checks_and_what_is_expected_widen_the_error(source: FakeRecording) -> None:
    events = list(source.events())
    gaze = source.read("gaze")
    plain = validated_errors(events, gaze)["cal-1"]
    drift = Event(events[-1].t_ns, "drift", {
        "calibration_id": "cal-1", "x_px": 700.0, "y_px": 400.0, "gaze_x_px": 1100.0, "gaze_y_px": 700.0,
    })  # fmt: skip
    drifted = validated_errors([*events, drift], gaze)["cal-1"]
    assert drifted.bias_px[0] > plain.bias_px[0] and drifted.bias_px[1] > plain.bias_px[1]
    assert drifted.n_targets == plain.n_targets + 1
    wide = gaze.copy()
    wide["sd_x_px"] = 500.0
    assert validated_errors(events, wide)["cal-1"].bias_px[0] > plain.bias_px[0]
    assert plain.of_fixation(6).noise_x_px == pytest.approx(plain.noise_px[0])
    assert plain.of_fixation(24).noise_x_px == pytest.approx(plain.noise_px[0] / 2)
