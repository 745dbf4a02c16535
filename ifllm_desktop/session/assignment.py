"""Who gets which tasks in which order, topics, models, styles and sides: a pure function of what it is given."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ifllm_desktop.domain.assignments import TaskAssignment
from ifllm_desktop.domain.counterbalance import n_orders, williams_square
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.topics import Topic
from ifllm_desktop.protocol import ANY_TOPIC, StudyProtocol, TaskEntry
from ifllm_desktop.session.ids import seed_of

SIDES = ("left", "right")
_T = TypeVar("_T", bound=Hashable)


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
    style, style_append : str
        Condition of style, and what is added to each prompt before it is sent, never shown. Both empty without one.
    """

    task_id: str
    topic_id: str
    mode: str
    turns_min: int
    turns_max: int
    seed: int
    side_seed: int
    models: tuple[str, ...]
    style: str = ""
    style_append: str = ""


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What one participant will do, in this order; ``order_row`` says which order of tasks that is."""

    participant_id: str
    seed: int
    tasks: tuple[TaskPlan, ...]
    order_row: int = 0


def assign(
    protocol: StudyProtocol,
    topics: Mapping[str, Topic],
    participant_id: str,
    order: int | None = None,
    earlier: Sequence[TaskAssignment] = (),
) -> SessionPlan:
    """The plan of a participant.

    Topics of tasks with any topic are drawn without repetition. In pair tasks the side is the one that fewer
    *completed* tasks of the study have had. Where that is even, sides alternate over the participant's tasks. They
    start with a side drawn by the study's seed and the participant's id or, with ``order``, with the other side for
    each further participant. Orders, topics, models and styles follow ``randomise``: ``balanced`` takes what fewest
    completed tasks have had, and draws among equals.

    Parameters
    ----------
    order : int or None
        Which participant of the study this is, from 0.
    earlier : sequence of TaskAssignment
        What was assigned in the study so far.
    """
    return _Draw(protocol, topics, participant_id, order, earlier).plan()


class _Draw:
    """One participant's draw; keeps count of what completed tasks had."""

    def __init__(
        self,
        protocol: StudyProtocol,
        topics: Mapping[str, Topic],
        participant_id: str,
        order: int | None,
        earlier: Sequence[TaskAssignment],
    ) -> None:
        self._protocol = protocol
        self._participant_id = participant_id
        self._seed = seed_of(protocol.seed, participant_id)
        self._order = order
        self._done = [task for task in earlier if task.completed]
        self._pool = [model.name for model in protocol.models]
        named = {task.topic for task in protocol.tasks}
        self._free = [topic_id for topic_id in topics if topic_id not in named]
        # sha256 seeds and Random.shuffle give the same order on every platform and Python version in use
        random.Random(seed_of(self._seed, "topics")).shuffle(self._free)
        # among models, what this person gets in one task counts for the next
        self._model_sets = Counter(tuple(sorted(task.models)) for task in self._done)
        start = seed_of(self._seed, "sides") if order is None else seed_of(protocol.seed, "sides") + order
        self._turn_of = {"single": start, "pair": start}

    def plan(self) -> SessionPlan:
        """See :func:`assign`."""
        row, entries = self._ordered()
        return SessionPlan(self._participant_id, self._seed, tuple(map(self._task, entries)), row)

    def _ordered(self) -> tuple[int, list[TaskEntry]]:
        """Number of the order of tasks, and the tasks in it."""
        tasks, rule = list(self._protocol.tasks), self._protocol.randomise.tasks
        if rule == "shuffled":
            random.Random(seed_of(self._seed, "tasks")).shuffle(tasks)
        if rule != "latin_square":
            return 0, tasks
        n = n_orders(len(tasks))
        had = Counter({task.session_id: task.order_row for task in self._done}.values())
        turn = seed_of(self._seed if self._order is None else self._protocol.seed, "orders") + (
            self._order or 0
        )
        row = _fewest([(turn + step) % n for step in range(n)], lambda one: had[one])
        return row, [tasks[index] for index in williams_square(len(tasks))[row]]

    def _task(self, task: TaskEntry) -> TaskPlan:
        same = [one for one in self._done if one.task_id == task.id]
        seed = seed_of(self._seed, task.id)
        turn_of = self._turn_of[task.mode]
        self._turn_of[task.mode] += 1
        parity, models = self._models(task, same, seed, turn_of)
        style = self._style(task, same, seed)
        append = next((s.append for s in self._protocol.styles if s.id == style), "")
        return TaskPlan(
            task.id, self._topic(task, same), task.mode, task.turns_min, task.turns_max, seed,
            seed - seed % 2 + parity, models, style, append,
        )  # fmt: skip

    def _topic(self, task: TaskEntry, same: Sequence[TaskAssignment]) -> str:
        if task.topic != ANY_TOPIC:
            return task.topic
        if not self._free:
            raise BugError("assignment_topics", task=task.id)  # load_protocol refuses such a study
        had = Counter(one.topic_id for one in same)
        balanced = self._protocol.randomise.topics == "balanced"
        topic_id = _fewest(self._free, lambda one: had[one]) if balanced else self._free[0]
        self._free.remove(topic_id)
        return topic_id

    def _models(
        self, task: TaskEntry, same: Sequence[TaskAssignment], seed: int, turn_of: int
    ) -> tuple[int, tuple[str, ...]]:
        """Parity of the side seed, and the models from left to right."""
        pool = [name for name in self._pool if not task.models or name in task.models]
        balanced = self._protocol.randomise.models == "balanced"
        if task.mode == "single":
            turned = [pool[(turn_of + step) % len(pool)] for step in range(len(pool))]
            had = Counter(one.models for one in same)
            chosen = _fewest(turned, lambda one: had[(one,)]) if balanced else turned[0]
            self._model_sets[(chosen,)] += 1
            return turn_of % 2, (chosen,)
        draw = random.Random(seed)
        if balanced:
            sets = list(itertools.combinations(pool, 2))
            draw.shuffle(sets)
            pair = _fewest(sets, lambda one: self._model_sets[tuple(sorted(one))])
        else:
            first, second = sorted(draw.sample(range(len(pool)), 2))
            pair = (pool[first], pool[second])
        self._model_sets[tuple(sorted(pair))] += 1
        # over all completed pairs of this task: how often the first of the pool was on the left, and on the right
        left = Counter(self._pool.index(m[0]) < self._pool.index(m[1]) for m in self._sides_of(same))
        parity = _fewest([turn_of % 2, 1 - turn_of % 2], lambda one: left[one == 0])
        return parity, pair if parity == 0 else (pair[1], pair[0])

    def _sides_of(self, same: Sequence[TaskAssignment]) -> list[tuple[str, ...]]:
        return [one.models for one in same if len(one.models) == 2 and set(one.models) <= set(self._pool)]

    def _style(self, task: TaskEntry, same: Sequence[TaskAssignment], seed: int) -> str:
        styles = self._protocol.styles
        if task.style is not None or not styles:
            return task.style or ""
        draw = random.Random(seed_of(seed, "style"))
        if self._protocol.randomise.styles == "drawn":
            return draw.choices([style.id for style in styles], [style.share for style in styles])[0]
        names = [style.id for style in styles]
        draw.shuffle(names)
        had = Counter(one.style for one in same)
        return _fewest(names, lambda one: had[one])


def _fewest(choices: Sequence[_T], count: Callable[[_T], int]) -> _T:
    """The choice that was had least; the first of equals."""
    return min(choices, key=count)


def assignments(plan: SessionPlan, session_id: str) -> list[TaskAssignment]:
    """A plan as the catalogue keeps it, nothing completed yet."""
    return [
        TaskAssignment(
            session_id,
            plan.participant_id,
            task.task_id,
            task.topic_id,
            task.models,
            task.style,
            plan.order_row,
        )
        for task in plan.tasks
    ]
