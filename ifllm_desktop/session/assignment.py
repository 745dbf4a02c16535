"""Who gets which topics, models and sides: a pure function of study and participant."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.topics import Topic
from ifllm_desktop.protocol import ANY_TOPIC, StudyProtocol, TaskEntry
from ifllm_desktop.session.ids import seed_of

SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """One task of one participant.

    Attributes
    ----------
    seed : int
        Seeds the pace of the answers.
    side_seed : int
        Stored with each turn. Even: the model that stands first in the study's pool is on the left.
    models : tuple of str
        Models from left to right; one in mode ``single``.
    """

    task_id: str
    topic_id: str
    mode: str
    turns_min: int
    turns_max: int
    seed: int
    side_seed: int
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What one participant will do."""

    participant_id: str
    seed: int
    tasks: tuple[TaskPlan, ...]


def assign(
    protocol: StudyProtocol, topics: Mapping[str, Topic], participant_id: str, order: int | None = None
) -> SessionPlan:
    """The plan of a participant.

    Topics of tasks with any topic are drawn without repetition. In pair tasks the sides alternate over the
    participant's tasks. They start with a side drawn by the study's seed and the participant's id or, with
    ``order``, with the other side for each further participant, so that sides are balanced over people too.

    Parameters
    ----------
    order : int or None
        Which participant of the study this is, from 0.
    """
    seed = seed_of(protocol.seed, participant_id)
    named = {task.topic for task in protocol.tasks}
    free = [topic_id for topic_id in topics if topic_id not in named]
    # sha256 seeds and Random.shuffle give the same order on every platform and Python version in use
    random.Random(seed_of(seed, "topics")).shuffle(free)
    start = seed_of(seed, "sides") if order is None else seed_of(protocol.seed, "sides") + order
    n_before = {"single": 0, "pair": 0}
    tasks = []
    for task in protocol.tasks:
        if task.topic == ANY_TOPIC and not free:
            raise BugError("assignment_topics", task=task.id)  # load_protocol refuses such a study
        topic_id = free.pop(0) if task.topic == ANY_TOPIC else task.topic
        tasks.append(_plan(protocol, task, topic_id, seed, start + n_before[task.mode]))
        n_before[task.mode] += 1
    return SessionPlan(participant_id, seed, tuple(tasks))


def _plan(protocol: StudyProtocol, task: TaskEntry, topic_id: str, seed: int, turn_of: int) -> TaskPlan:
    pool = [model.name for model in protocol.models]
    task_seed = seed_of(seed, task.id)
    side_seed = task_seed - task_seed % 2 + turn_of % 2
    if task.mode == "single":
        models: tuple[str, ...] = (pool[turn_of % len(pool)],)
    else:
        chosen = sorted(random.Random(task_seed).sample(range(len(pool)), 2))
        models = tuple(pool[index] for index in (chosen if side_seed % 2 == 0 else reversed(chosen)))
    return TaskPlan(
        task.id, topic_id, task.mode, task.turns_min, task.turns_max, task_seed, side_seed, models
    )
