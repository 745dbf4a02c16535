"""The catalogue keeps who was given what, and what was completed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ifllm_desktop.domain.assignments import TaskAssignment
from ifllm_desktop.store.catalogue import StudyCatalogue
from ifllm_desktop.store.migrations import CATALOGUE_STEPS, migrate

ONE = TaskAssignment("s-1", "P1", "two", "photos", ("a", "b"), "bullets", 3)


def test_that_assignments_come_back_and_completed_tasks_are_marked(tmp_path: Path) -> None:
    catalogue = StudyCatalogue(tmp_path / "study.sqlite")
    other = TaskAssignment("s-2", "P2", "two", "photos", ("b", "a"))
    catalogue.put_assignments([ONE, other])
    catalogue.put_assignments(
        [TaskAssignment("s-1", "P1", "two", "garden", ("b", "a"))]
    )  # a session is assigned once
    assert catalogue.assignments() == [ONE, other] and catalogue.assignments("s-2") == [other]
    catalogue.complete_assignments("s-1", ["two", "unknown"])
    assert [one.completed for one in catalogue.assignments()] == [True, False]
    catalogue.close()
    assert [one.completed for one in StudyCatalogue(tmp_path / "study.sqlite").assignments()] == [True, False]


def test_that_a_catalogue_of_before_gets_the_table(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, CATALOGUE_STEPS[:2])
    connection.close()
    catalogue = StudyCatalogue(path)
    catalogue.put_assignments([ONE])
    assert catalogue.assignments() == [ONE]
