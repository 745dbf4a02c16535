"""The five measures: what they read, what they leave alone, what they say when nothing was recorded."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from ifllm_desktop.domain.samples import STREAMS, Row
from ifllm_desktop.domain.session import TurnRecord
from ifllm_desktop.features.pairs import PairRow, pair_measures
from ifllm_desktop.features.registry import FEATURE_SET, MEASURES, NAMES, provenance
from ifllm_desktop.features.window import reading_window
from ifllm_desktop.reading.gaussian_mass import erf, interval_mass
from ifllm_desktop.replay.turns import turns
from tests.recordings import BETTER, MS, VIEWPORTS, FakeRecording, RecordingBuilder, TurnPlan, small_session

RATING_LEFT_PX = (300.0, 720.0)
OPEN_GROUND_PX = (700.0, 620.0)
TURNED_ROUND = (('"left"', '"right"'), ('"strength":2', '"strength":1'), ('"value":6', '"value":1'))


def only_row(source: FakeRecording) -> PairRow:
    (row,) = pair_measures([source])
    return row


def value(row: PairRow, side: str, name: str) -> float:
    values: tuple[float, ...] = getattr(row, side)
    return values[NAMES.index(name)]


def pair_turn(source: FakeRecording) -> TurnRecord:
    return next(turn for turn in turns(source) if turn.mode == "pair")


def with_rows(source: FakeRecording, stream: str, change: Callable[[Row], Row | None]) -> FakeRecording:
    """The same recording with every row of a stream changed, or dropped where ``change`` gives None."""
    changed = [new for row in source.rows.get(stream, []) if (new := change(row)) is not None]
    return FakeRecording(source.info(), source.rows | {stream: changed})


def with_error(source: FakeRecording, accuracy_px: float, sd_px: float) -> FakeRecording:
    """The same recording with another outcome of its validation."""

    def change(row: Row) -> Row:
        if row[1] != "validation":
            return row
        known = json.loads(row[2]) | {"accuracy_px": accuracy_px, "sd_px": [sd_px, sd_px]}
        return (row[0], row[1], json.dumps(known, separators=(",", ":")))

    return with_rows(source, "event", change)


def fine(source: FakeRecording) -> FakeRecording:
    """With gaze that tells words: an error well below the line height."""
    return with_error(source, 8.0, 6.0)


def column(stream: str, name: str) -> int:
    return STREAMS[stream].names.index(name)


def test_that_the_registry_lists_five_measures_that_are_known_before_the_vote() -> None:
    assert len(MEASURES) == 5
    assert {measure.available for measure in MEASURES} == {"before_vote"}
    assert all(measure.unit and measure.reads and measure.version >= 1 for measure in MEASURES)
    assert [entry["name"] for entry in provenance()] == list(NAMES)
    assert FEATURE_SET


def test_that_a_longer_look_gives_more_dwell_coverage_and_late_share() -> None:
    row = only_row(fine(small_session(plans=[TurnPlan(choice="right", read_ms=60_000)])))
    mirrored = only_row(fine(small_session(plans=[TurnPlan(choice="left", read_ms=60_000)])))
    for name in ("gaze_dwell_s", "coverage", "late_dwell_share"):
        assert value(mirrored, "left", name) > value(row, "left", name)
    assert value(row, "left", "late_dwell_share") + value(row, "right", "late_dwell_share") == pytest.approx(
        1
    )
    assert value(row, "left", "length_chars") == len(TurnPlan().left)


@pytest.mark.parametrize(
    ("accuracy_px", "sd_px", "told"),
    [(8.0, 6.0, True), (20.0, 15.0, True), (30.0, 20.0, False), (8.0, 40.0, False)],
)
def test_that_words_are_not_counted_where_the_error_is_larger_than_a_line(
    accuracy_px: float, sd_px: float, told: bool
) -> None:
    row = only_row(with_error(small_session(), accuracy_px, sd_px))
    assert math.isnan(value(row, "left", "coverage")) is not told
    assert value(row, "left", "gaze_dwell_s") > 0  # a side is larger than a line


def test_that_the_targets_of_a_validation_tell_its_vertical_error() -> None:
    targets = [
        {
            "error_px": 40.0,
            "x_px": 100.0 * k,
            "y_px": 100.0,
            "mean_x_px": 100.0 * k + 40.0,
            "mean_y_px": 103.0,
        }
        for k in range(5)
    ]

    def change(row: Row) -> Row:
        if row[1] != "validation":
            return row
        return (row[0], row[1], json.dumps(json.loads(row[2]) | {"targets": targets, "sd_px": [40.0, 6.0]}))

    row = only_row(with_rows(small_session(), "event", change))
    assert value(row, "left", "coverage") > 0  # off to the side, not in height


def test_that_dwell_of_both_answers_is_no_longer_than_the_window() -> None:
    row = only_row(small_session())
    assert row.window is not None
    for name in ("gaze_dwell_s", "pointer_dwell_s"):
        both = value(row, "left", name) + value(row, "right", name)
        assert 0 < both <= row.window.duration_ns / 1e9


def test_that_gaze_without_spread_in_the_left_answer_counts_there_in_full() -> None:
    view = VIEWPORTS["left"]
    source = small_session()
    x, sd = column("gaze", "x_px"), column("gaze", "sd_x_px")

    def on_the_left(row: Row) -> Row:
        values = list(row)
        values[x : x + 2] = view.center_px
        values[sd : sd + 2] = (5.0, 5.0)
        return tuple(values)

    row = only_row(with_rows(source, "gaze", on_the_left))
    assert row.window is not None
    n_samples = len(source.read("gaze", row.window.t0_ns, row.window.t1_ns))
    assert value(row, "left", "gaze_dwell_s") == pytest.approx(n_samples / 30, rel=0.05)
    assert value(row, "right", "gaze_dwell_s") == pytest.approx(0, abs=1e-6)
    assert value(row, "left", "late_dwell_share") == pytest.approx(1)


def test_that_a_lost_face_is_not_counted_as_dwell() -> None:
    source = small_session()
    window = only_row(source).window
    assert window is not None
    middle = (window.t0_ns + window.t1_ns) // 2
    lost = with_rows(source, "gaze", lambda row: None if abs(row[0] - middle) < 2000 * MS else row)
    before, after = only_row(source), only_row(lost)
    seen = [sum(value(r, side, "gaze_dwell_s") for side in ("left", "right")) for r in (before, after)]
    assert seen[0] - seen[1] > 2.0


def test_that_missing_gaze_is_nan_and_never_invented() -> None:
    row = only_row(small_session(with_gaze=False))
    for name in ("gaze_dwell_s", "coverage", "late_dwell_share"):
        assert math.isnan(value(row, "left", name)) and math.isnan(value(row, "right", name))
    assert value(row, "left", "pointer_dwell_s") >= 0
    assert value(row, "left", "length_chars") > 0


def test_that_a_missing_pointer_is_nan() -> None:
    row = only_row(with_rows(small_session(), "pointer", lambda _: None))
    assert math.isnan(value(row, "left", "pointer_dwell_s"))
    assert value(row, "left", "gaze_dwell_s") > 0


def test_that_coverage_is_unknown_where_scrolling_was_not_recorded() -> None:
    def unpointed(source: FakeRecording) -> FakeRecording:
        gone = {stream: [] for stream in ("pointer", "scroll", "wheel")}
        return FakeRecording(source.info(), source.rows | gone)

    short, long = fine(small_session()), fine(small_session(plans=[TurnPlan(left=BETTER * 3)]))
    assert value(only_row(unpointed(short)), "right", "coverage") >= 0
    assert value(only_row(long), "left", "coverage") > 0
    assert math.isnan(value(only_row(unpointed(long)), "left", "coverage"))


# ---- the window -------------------------------------------------------------------------------------------
def hover(t_ms: float, at_px: tuple[float, float], target: str = "") -> Callable[[RecordingBuilder], None]:
    return lambda builder: builder.row("pointer", t_ms, "move", *at_px, "", target)


def test_that_the_window_ends_at_the_first_hover_of_the_ballot() -> None:
    plain = reading_window(small_session(), pair_turn(small_session()))
    assert plain is not None and plain.ended_by == "rating"
    t_ms = plain.t1_ns / MS - 2000
    names = ("preference", "rating_left", "rate_left_3", "prefer_left_clearly", "continue")
    for at_px, target in ((RATING_LEFT_PX, ""), *((OPEN_GROUND_PX, name) for name in names)):
        source = small_session(extra=hover(t_ms, at_px, target))
        window = reading_window(source, pair_turn(source))
        assert window is not None
        assert (window.ended_by, window.t1_ns) == ("ballot_hover", round(t_ms * MS))


def test_that_a_pointer_elsewhere_outside_the_answers_ends_nothing() -> None:
    plain = reading_window(small_session(), pair_turn(small_session()))
    assert plain is not None
    source = small_session(extra=hover(plain.t1_ns / MS - 2000, OPEN_GROUND_PX))
    assert reading_window(source, pair_turn(source)) == plain


def pointer_only(*moves: tuple[float, tuple[float, float], str]) -> Callable[[RecordingBuilder], None]:
    def change(builder: RecordingBuilder) -> None:
        builder.rows["pointer"] = []
        for t_ms, at_px, target in moves:
            builder.row("pointer", t_ms, "move", *at_px, "", target)

    return change


def test_that_crossing_the_ballot_before_it_opens_ends_nothing() -> None:
    turn = pair_turn(small_session())
    assert turn.t_rating_open_ns is not None
    early_ms, open_ms = turn.t_submit_ns / MS + 1500, turn.t_rating_open_ns / MS
    crossing = pointer_only(
        (early_ms, (1358.0, 790.0), "send"), (early_ms + 50, (1300.0, 766.0), "rate_right_6"),
        (early_ms + 100, (900.0, 500.0), "answer_right"), (open_ms + 900, (900.0, 510.0), "answer_right"),
    )  # fmt: skip
    window = reading_window(source := small_session(extra=crossing), pair_turn(source))
    assert window is not None and window.ended_by == "rating"


def test_that_a_pointer_that_rests_where_the_ballot_appears_ends_nothing_until_it_enters_again() -> None:
    turn = pair_turn(small_session())
    assert turn.t_rating_open_ns is not None
    t_ms = turn.t_rating_open_ns / MS
    # "send" was pressed where the ballot stands later; the recorded area says so, the row's target does not
    moves = [
        (turn.t_submit_ns / MS, RATING_LEFT_PX, "send"), (t_ms + 500, (290.0, 715.0), "rate_left_2"),
        (t_ms + 600, OPEN_GROUND_PX, ""), (t_ms + 700, (300.0, 400.0), "answer_left"),
    ]  # fmt: skip
    window = reading_window(source := small_session(extra=pointer_only(*moves)), pair_turn(source))
    assert window is not None and window.ended_by == "rating"
    moves.append((t_ms + 3000, RATING_LEFT_PX, "rate_left_3"))
    window = reading_window(source := small_session(extra=pointer_only(*moves)), pair_turn(source))
    assert window is not None
    assert (window.ended_by, window.t1_ns) == ("ballot_hover", round((t_ms + 3000) * MS))


def scrambled(source: FakeRecording, after_ns: int, seed: int) -> FakeRecording:
    """The recording with everything from ``after_ns`` on altered: gaze and pointer moved, votes turned round."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[Row]] = {}
    for stream, table in source.rows.items():
        numbers = [i for i, (_, kind) in enumerate(STREAMS[stream].columns) if kind == "f"]
        rows[stream] = []
        for row in table:
            values = list(row)
            if stream == "event":
                for old, new in TURNED_ROUND:
                    if row[1] in ("rating", "preference"):
                        values[2] = values[2].replace(old, new)
            elif row[0] >= after_ns:
                for i in numbers:
                    values[i] = float(rng.uniform(0, 1400))
            rows[stream].append(tuple(values))
    at = rng.integers(after_ns, after_ns + 5000 * MS, size=50)
    rows["gaze"] += [(int(t), 0, 400.0, 300.0, 5.0, 5.0, "cal-1") for t in at]
    rows["pointer"] += [(int(t), "move", 400.0, 300.0, "", "answer_left") for t in at]
    rows["scroll"] += [(int(t), source_id(source), 200.0, 400.0) for t in at]
    return FakeRecording(source.info(), rows)


def source_id(source: FakeRecording) -> str:
    return pair_turn(source).responses[0].response_id


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("hovers", [False, True])
def test_that_nothing_after_the_window_changes_a_measure(hovers: bool, seed: int) -> None:
    plain = reading_window(small_session(), pair_turn(small_session()))
    assert plain is not None
    extra = hover(plain.t1_ns / MS - 3000, RATING_LEFT_PX) if hovers else None
    source = small_session(seed=seed, extra=extra)
    before = only_row(source)
    assert before.window is not None
    # the row that ends the window stays: it says when, and nothing else of it is read
    after = only_row(scrambled(source, before.window.t1_ns + 1, seed))
    assert after.choice == "right" and before.choice == "left"
    assert (after.left, after.right, after.window) == (before.left, before.right, before.window)


def test_that_the_same_alteration_inside_the_window_is_seen() -> None:
    source = small_session()
    before = only_row(source)
    assert before.window is not None
    after = only_row(scrambled(source, before.window.t1_ns - 4000 * MS, 0))
    assert after.left != before.left


def test_that_cut_answers_and_single_answers_are_no_pairs() -> None:
    single = small_session(plans=[TurnPlan(mode="single")])
    assert pair_measures([single]) == ()
    cut = with_rows(
        small_session(),
        "event",
        lambda row: (row[0], row[1], row[2].replace('"finish":"stop"', '"finish":"cut"')),
    )
    assert pair_measures([cut]) == ()


def test_that_a_pair_without_a_vote_has_measures() -> None:
    unvoted = with_rows(small_session(), "event", lambda row: None if row[1] == "preference" else row)
    row = only_row(unvoted)
    assert row.choice is None and value(row, "left", "gaze_dwell_s") > 0


# ---- numbers ----------------------------------------------------------------------------------------------
def test_that_erf_follows_the_exact_function_and_is_odd() -> None:
    x = np.linspace(-5, 5, 401)
    exact = np.array([math.erf(v) for v in x])
    assert np.max(np.abs(erf(x) - exact)) < 2e-7
    assert np.array_equal(erf(-x), -erf(x))


def test_that_mass_outside_an_empty_interval_is_zero() -> None:
    one = np.ones(1)
    assert interval_mass(5.0, 3.0, one, one)[0] == 0
    assert interval_mass(-1.959964, 1.959964, 0 * one, one)[0] == pytest.approx(0.95, abs=1e-6)


@pytest.mark.parametrize("validated", [False, None], ids=["failed", "never"])
def test_that_gaze_without_an_accepted_validation_gives_no_gaze_measures(validated: bool | None) -> None:
    good = fine(small_session(plans=[TurnPlan()]))

    def change(row: Row) -> Row | None:
        if row[1] != "validation":
            return row
        return None if validated is None else (row[0], row[1], row[2].replace('"ok":true', '"ok":false'))

    row = only_row(with_rows(good, "event", change))
    accepted = only_row(good)
    for name in ("gaze_dwell_s", "coverage", "late_dwell_share"):
        assert not math.isnan(value(accepted, "left", name))
        assert math.isnan(value(row, "left", name))
    assert value(row, "left", "pointer_dwell_s") == value(accepted, "left", "pointer_dwell_s")
