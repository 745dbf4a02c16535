"""Orders of tasks: every task at every place, and after every other, equally often."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifllm_desktop.domain.counterbalance import n_orders, williams_square


@given(st.integers(1, 14))
def test_that_places_and_followers_are_balanced(n: int) -> None:
    rows = williams_square(n)
    assert len(rows) == n_orders(n) and all(sorted(row) == list(range(n)) for row in rows)
    places = Counter((place, task) for row in rows for place, task in enumerate(row))
    assert len(places) == n * n and len(set(places.values())) == 1
    followers = Counter(pair for row in rows for pair in itertools.pairwise(row))
    assert len(followers) == n * (n - 1) and len(set(followers.values())) <= 1


@pytest.mark.parametrize(("n", "rows"), [(2, 2), (3, 6), (4, 4), (5, 10)])
def test_that_an_odd_number_needs_twice_as_many_orders(n: int, rows: int) -> None:
    assert n_orders(n) == rows == len(set(williams_square(n)))
