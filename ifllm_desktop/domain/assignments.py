"""What a participant was given in a task: what counterbalancing counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskAssignment:
    """One task as it was assigned.

    Attributes
    ----------
    models : tuple of str
        From left to right; one in mode ``single``.
    style : str
        Condition of style, empty where the study has none.
    order_row : int
        Which order of the tasks the session had; 0 where they stand in the order of the file.
    completed : bool
        Whether the task was finished. Only those count for who is given what next: a session that was broken off
        would otherwise leave its conditions short.
    """

    session_id: str
    participant_id: str
    task_id: str
    topic_id: str
    models: tuple[str, ...]
    style: str = ""
    order_row: int = 0
    completed: bool = False
