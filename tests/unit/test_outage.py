"""Frames seen and frames missing add up to elapsed time × rate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ifllm_desktop.capture.outage import ROW_EVERY_NS, FrameLedger
from ifllm_desktop.domain.time import NS_PER_S

RATE_HZ = 30.0


def stamp(number: int, rate_hz: float = RATE_HZ) -> int:
    return round(number * NS_PER_S / rate_hz)


def test_that_nothing_is_owed_while_frames_come() -> None:
    ledger = FrameLedger(RATE_HZ)
    assert all(ledger.frame(stamp(k)) is None for k in range(100))
    assert ledger.owed(stamp(200)) is None and not ledger.out


def test_that_an_outage_is_owed_once_and_begins_with_the_first_missing_frame() -> None:
    ledger = FrameLedger(RATE_HZ)
    for k in range(30):
        ledger.frame(stamp(k))
    ledger.begin(stamp(29) + NS_PER_S)
    missing = ledger.owed(stamp(29) + NS_PER_S)
    assert missing is not None and missing.n_frames == 30 and abs(missing.t_ns - stamp(30)) <= 2
    assert ledger.owed(stamp(29) + NS_PER_S) is None
    assert ledger.owed(stamp(29) + NS_PER_S + ROW_EVERY_NS // 2, at_least_ns=ROW_EVERY_NS) is None
    back = ledger.frame(stamp(89))
    assert back is not None and back.n_frames == 29 and abs(back.t_ns - stamp(60)) <= 2
    assert not ledger.out and ledger.frame(stamp(90)) is None


def test_that_a_camera_that_never_opened_is_owed_from_the_first_try() -> None:
    ledger = FrameLedger(RATE_HZ)
    ledger.begin(5 * NS_PER_S)
    missing = ledger.owed(7 * NS_PER_S)
    assert missing is not None and missing.n_frames == 60


def test_that_a_camera_that_halves_its_rate_in_the_dark_is_not_said_to_lose_twice_as_much() -> None:
    ledger = FrameLedger(RATE_HZ)
    for k in range(40):
        ledger.frame(stamp(k, 15.0))
    ledger.begin(stamp(39, 15.0))
    missing = ledger.owed(stamp(39, 15.0) + 2 * NS_PER_S)
    assert missing is not None and missing.n_frames == 30


@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(1, 200), st.booleans()), min_size=1, max_size=8),
    st.sampled_from([10.0, 24.0, 25.0, 30.0, 60.0]),
)
def test_that_seen_and_missing_add_up_over_any_number_of_outages(
    runs: list[tuple[int, int, bool]], rate_hz: float
) -> None:
    ledger = FrameLedger(rate_hz)
    k = n_seen = n_missing = 0
    for n_frames, n_out, often in runs:
        for _ in range(n_frames):
            missing = ledger.frame(stamp(k, rate_hz))
            n_missing += missing.n_frames if missing is not None else 0
            n_seen, k = n_seen + 1, k + 1
        ledger.begin(stamp(k, rate_hz))
        for step in range(n_out):
            owed = ledger.owed(stamp(k + step, rate_hz), at_least_ns=0 if often else ROW_EVERY_NS)
            n_missing += owed.n_frames if owed is not None else 0
        k += n_out
    last = ledger.frame(stamp(k, rate_hz))
    n_missing += last.n_frames if last is not None else 0
    assert n_seen + n_missing == k
