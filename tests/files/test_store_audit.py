"""The audit's part of the catalogue: the kept quality, and the history of exclusion sets."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.exclusions import ExclusionChoice, ExclusionOperation, ExclusionRule, sets_of
from ifllm_desktop.store.catalogue import StudyCatalogue
from ifllm_desktop.store.connection import connect
from ifllm_desktop.store.migrations import CATALOGUE_STEPS, CATALOGUE_VERSION, migrate

RULE = ExclusionRule(max_error_deg=3.5, max_loss=0.15, needs_gaze=True)
CHOICE = ExclusionChoice(False, "glasses slipped", "anna", 5)


@pytest.fixture
def catalogue(tmp_path: Path) -> StudyCatalogue:
    made = StudyCatalogue(tmp_path / "study.sqlite")
    yield made
    made.close()


def step(number: int, **changed: object) -> ExclusionOperation:
    values = {
        "op_id": f"op{number}", "set_name": "main", "wall_ns": number, "who": "anna", "session_id": "", "before": None,
        "after": RULE,
    }  # fmt: skip
    return ExclusionOperation(**{**values, **changed})  # type: ignore[arg-type]


def test_that_a_catalogue_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    connection = connect(path)
    migrate(connection, CATALOGUE_STEPS[:1])
    connection.execute("INSERT INTO participants VALUES ('P1', 'real', 1)")
    connection.close()
    newer = StudyCatalogue(path)
    assert newer.participants() == ["P1"] and newer.exclusion_operations() == [] and newer.qualities() == {}
    newer.close()
    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA user_version").fetchone()[0] == CATALOGUE_VERSION
    plain.close()


def test_that_quality_is_kept_under_its_key_and_replaced(catalogue: StudyCatalogue) -> None:
    catalogue.put_quality("s1", "key-1", {"loss": 0.1}, {"t_s": [1.0]})
    catalogue.put_quality("s1", "key-2", {"loss": None}, {"t_s": []})
    assert catalogue.qualities() == {"s1": ("key-2", {"loss": None})}
    assert catalogue.quality_trace("s1", "key-2") == {"t_s": []}
    assert catalogue.quality_trace("s1", "key-1") is None and catalogue.quality_trace("s2", "key-2") is None


def test_that_a_damaged_entry_is_as_good_as_none(catalogue: StudyCatalogue, tmp_path: Path) -> None:
    catalogue.put_quality("s1", "k", {"loss": 0.1}, {})
    with sqlite3.connect(tmp_path / "study.sqlite") as plain:
        plain.execute("UPDATE session_quality SET quality = '{\"loss\": 0.'")
    plain.close()
    assert catalogue.qualities() == {}


def test_that_steps_come_back_in_order_with_rules_and_choices(catalogue: StudyCatalogue) -> None:
    steps = [
        step(2),
        step(1, session_id="s1", after=CHOICE),
        step(3, session_id="s1", before=CHOICE, after=None, undoes="op1"),
    ]
    for operation in steps:
        catalogue.append_exclusion(operation)
    assert catalogue.exclusion_operations() == steps
    assert sets_of(catalogue.exclusion_operations())["main"].rule == RULE
    with pytest.raises(DataError, match="exclusion_conflict"):
        catalogue.append_exclusion(step(1))
    assert catalogue.problems() == []
