"""Gaze computed again from stored features: as live with the live model, and no guess where rows are missing."""

from __future__ import annotations

import numpy as np
import pytest

from ifllm_desktop.derive.derivers import DERIVERS, deriver
from ifllm_desktop.derive.stream import derive
from ifllm_desktop.domain.errors import DataError, UsageError
from ifllm_desktop.domain.samples import STREAMS
from tests.gaze_sessions import GazeSession
from tests.recordings import FakeRecording, small_session


@pytest.fixture(scope="module")
def session() -> GazeSession:
    """Two readings of an answer, scrolled between, and twenty clicks."""
    made = GazeSession(seed=2)
    made.calibrate()
    shown = made.show_answer()
    made.read(shown, 15)
    made.read(made.scroll(shown, 120.0), 15)
    rng = np.random.default_rng(2)
    for _ in range(20):
        made.click((float(rng.uniform(200, 1300)), float(rng.uniform(600, 860))))
    return made


@pytest.fixture(scope="module")
def source(session: GazeSession) -> FakeRecording:
    return session.build()


def test_that_the_live_model_gives_the_live_gaze_again(source: FakeRecording) -> None:
    made, live = derive(source, deriver("live")), source.read("gaze")
    assert len(made.gaze) == len(live) > 400
    for name in ("x_px", "y_px", "sd_x_px", "sd_y_px"):
        np.testing.assert_allclose(made.gaze[name], live[name], rtol=0, atol=1e-6)
    for name in ("t_ns", "frame_index", "calibration_id"):
        assert (made.gaze[name] == live[name]).all()
    assert made.report["max_to_live_px"] < 1e-6 and made.report["n_lost_frames"] == 0


def test_that_hits_come_out_as_they_were_on_the_layout_of_their_time(source: FakeRecording) -> None:
    made, live = derive(source, deriver("live")), source.read("hit")
    assert len(made.hit) == len(live) > 300
    for name, kind in STREAMS["hit"].columns:
        if kind == "f":
            np.testing.assert_allclose(made.hit[name], live[name], rtol=0, atol=1e-9)
        else:
            assert (made.hit[name] == live[name]).all()
    assert len(set(made.hit["line"].tolist())) > 5 and set(made.hit["aoi"]) == {"", "prompt"}


def test_that_a_hit_follows_the_scroll_of_its_time(session: GazeSession) -> None:
    rows = dict(session.build().rows)
    rows["scroll"] = rows["scroll"][:1]  # as if nothing had been scrolled
    changed = derive(FakeRecording(session.build().info(), rows), deriver("live"))
    assert (changed.hit["line"] != session.build().read("hit")["line"]).mean() > 0.2


def test_that_a_model_is_judged_on_the_validation_frames(source: FakeRecording) -> None:
    (found,) = derive(source, deriver("live")).report["validation"]
    assert found["n_targets"] == 5 and found["n_frames"] == 120
    assert found["accuracy_px"] == pytest.approx(found["live_accuracy_px"], abs=1e-6)


def test_that_the_iris_model_is_fitted_anew_to_the_calibration_frames(source: FakeRecording) -> None:
    # these frames have no patches, so the same data meet the same model: it has to come out as live
    made = derive(source, deriver("iris"))
    assert made.report["max_to_live_px"] < 1e-6
    fewer = dict(source.rows)
    fewer["target_frame"] = [row for row in source.rows["target_frame"] if row[3] != 4]
    other = derive(FakeRecording(source.info(), fewer), deriver("iris"))
    assert other.report["median_to_live_px"] > 0.5  # without one target it is another model


def test_that_a_second_time_gives_the_same_rows_and_name(source: FakeRecording) -> None:
    first, second = (derive(source, deriver("iris")) for _ in range(2))
    assert first.gaze.tobytes()[:64] and first.gaze.tolist() == second.gaze.tolist()
    assert first.hit.tolist() == second.hit.tolist() and first.name == second.name
    assert first.name != derive(source, deriver("live")).name


def test_that_gaze_stays_away_where_there_was_none_live(source: FakeRecording) -> None:
    rows = dict(source.rows)
    rows["gaze"] = [
        row for row in source.rows["gaze"] if row[1] % 2
    ]  # as if gaze had been invalid at the others
    made = derive(FakeRecording(source.info(), rows), deriver("iris"))
    assert len(made.gaze) == len(rows["gaze"]) and (made.gaze["frame_index"] % 2 == 1).all()


def test_that_lost_frames_are_counted_and_left_out(source: FakeRecording) -> None:
    rows = dict(source.rows)
    last = [row[0] for row in source.rows["landmarks"]][-50:]
    rows["landmarks"] = [row for row in source.rows["landmarks"] if row[0] not in last]
    made = derive(FakeRecording(source.info(), rows), deriver("live"))
    assert made.report["n_lost_frames"] == 50
    assert len(made.gaze) == len(source.read("gaze")) - 50


@pytest.mark.parametrize(
    ("model", "without", "code"),
    [
        ("live", {"event"}, "derive_no_calibration"),
        ("live", {"gaze"}, "derive_no_gaze"),
        ("live", {"landmarks"}, "derive_lost_frames"),
        ("iris", {"target_frame"}, "calibration_targets"),
        ("patch", set(), "derive_no_patches"),
        ("clicks", {"pointer"}, "clicks_few"),
    ],
)
def test_that_a_session_that_lacks_something_is_refused_with_the_reason(
    source: FakeRecording, model: str, without: set[str], code: str
) -> None:
    rows = {name: rows for name, rows in source.rows.items() if name not in without}
    with pytest.raises(DataError) as refused:
        derive(FakeRecording(source.info(), rows), deriver(model))
    assert refused.value.code == code


def test_that_calibration_frames_without_features_are_not_passed_over(source: FakeRecording) -> None:
    rows = dict(source.rows)
    lost = source.rows["target_frame"][3][0]
    rows["landmarks"] = [row for row in source.rows["landmarks"] if row[0] != lost]
    with pytest.raises(DataError) as refused:
        derive(FakeRecording(source.info(), rows), deriver("iris"))
    assert refused.value.code == "calibration_frames"
    assert derive(FakeRecording(source.info(), rows), deriver("live")).report["max_to_live_px"] < 1e-6


def test_that_a_model_of_another_version_does_not_hinder_a_new_fit(source: FakeRecording) -> None:
    rows = dict(source.rows)
    rows["event"] = [
        (t_ns, kind, payload.replace('"bayesian_ridge"', '"of_long_ago"'))
        for t_ns, kind, payload in rows["event"]
    ]
    old = FakeRecording(source.info(), rows)
    with pytest.raises(DataError) as refused:
        derive(old, deriver("live"))
    assert refused.value.code == "calibration_unknown"
    assert derive(old, deriver("iris")).report["n_rows"] == len(source.read("gaze"))


def test_that_a_session_without_a_stored_model_is_not_derived() -> None:
    with pytest.raises(DataError) as refused:
        derive(small_session(), deriver("live"))
    assert refused.value.code == "derive_no_calibration"


def test_that_an_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as refused:
        deriver("oracle")
    assert all(name in str(refused.value.params["known"]) for name in DERIVERS)


def test_that_clicks_change_no_frame_before_them_and_no_validation(source: FakeRecording) -> None:
    made, live = derive(source, deriver("clicks")), derive(source, deriver("live"))
    press_t_ns = np.sort([row[0] for row in source.rows["pointer"]])
    before = made.gaze["t_ns"] <= press_t_ns[3]
    assert (made.gaze["x_px"][before] == live.gaze["x_px"][before]).all()
    assert np.abs(made.gaze["x_px"][~before] - live.gaze["x_px"][~before]).max() > 5
    assert made.report["validation"] == live.report["validation"]
    assert made.report["clicks"]["n_clicks"] == 20 and made.report["clicks"]["n_held_out"] == 16
