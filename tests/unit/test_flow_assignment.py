"""Topics, sides, models and ids are drawn as promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ifllm_desktop.domain.assignments import TaskAssignment
from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.topics import Topic
from ifllm_desktop.protocol import StudyProtocol
from ifllm_desktop.session.assignment import assign, assignments
from ifllm_desktop.session.ids import RandomIds, SeededIds, seed_of

TOPICS = {name: Topic(name, name, name, ()) for name in "abcdefgh"}


def study(tasks: list[dict[str, Any]], n_models: int = 2, seed: int = 7, **more: Any) -> StudyProtocol:
    text = {"title": "T", "body": "B"}
    pages = (
        "welcome",
        "consent",
        "camera_check",
        "calibration",
        "gaze_result",
        "instructions",
        "finish",
        "declined",
    )
    return StudyProtocol.model_validate(
        {
            "schema_version": 1, "id": "study", "title": "Study", "language": "en", "seed": seed,
            "texts": dict.fromkeys(pages, text),
            "consent": [{"scope": "pointer", "title": "P", "text": "P"}],
            "rating": {"question": "?", "low": "l", "high": "h"}, "preference": {"question": "?"},
            "models": [{"name": f"m{n}"} for n in range(n_models)], "tasks": tasks, **more,
        }
    )  # fmt: skip


def pairs(n: int) -> list[dict[str, Any]]:
    return [{"id": f"t{k}", "mode": "pair"} for k in range(n)]


def test_that_a_plan_depends_on_study_and_participant_alone() -> None:
    protocol = study(pairs(4))
    assert assign(protocol, TOPICS, "P1") == assign(protocol, TOPICS, "P1")
    plans = {assign(protocol, TOPICS, f"P{n}").tasks for n in range(10)}
    assert len(plans) == 10
    assert assign(study(pairs(4), seed=8), TOPICS, "P1") != assign(protocol, TOPICS, "P1")


def test_that_topics_are_never_repeated_and_named_ones_stay_where_they_are() -> None:
    tasks = [*pairs(3), {"id": "x", "mode": "single", "topic": "c"}, {"id": "y", "mode": "pair"}]
    first = Counter[str]()
    for n in range(60):
        plan = assign(study(tasks), TOPICS, f"P{n}")
        topics = [task.topic_id for task in plan.tasks]
        assert len(set(topics)) == 5
        assert topics[3] == "c"
        first[topics[0]] += 1
    assert set(first) == set(TOPICS) - {"c"}


def test_that_sides_alternate_over_the_tasks_of_a_participant() -> None:
    starts = Counter[str]()
    for n in range(40):
        plan = assign(study(pairs(4)), TOPICS, f"P{n}")
        left = [task.models[0] for task in plan.tasks]
        assert left in (["m0", "m1"] * 2, ["m1", "m0"] * 2)
        assert all(
            task.models == (("m0", "m1") if task.side_seed % 2 == 0 else ("m1", "m0")) for task in plan.tasks
        )
        starts[left[0]] += 1
    assert 8 <= starts["m0"] <= 32


def test_that_single_tasks_do_not_disturb_the_alternation() -> None:
    tasks = [pairs(1)[0], {"id": "s", "mode": "single"}, {"id": "q", "mode": "pair"}]
    for n in range(10):
        plan = assign(study(tasks), TOPICS, f"P{n}")
        assert plan.tasks[0].models == plan.tasks[2].models[::-1]
        assert len(plan.tasks[1].models) == 1


def test_that_sides_are_balanced_over_participants_in_order() -> None:
    protocol = study(pairs(1))
    left = [assign(protocol, TOPICS, f"P{n}", order=n).tasks[0].models[0] for n in range(8)]
    assert left in (["m0", "m1"] * 4, ["m1", "m0"] * 4)


def test_that_a_pair_of_a_larger_pool_has_two_different_models() -> None:
    seen = set()
    for n in range(60):
        plan = assign(study(pairs(1), n_models=4), TOPICS, f"P{n}")
        left, right = plan.tasks[0].models
        assert left != right
        seen.add((left, right))
    assert len(seen) == 12


def people(
    protocol: StudyProtocol, n: int, *, breaks_off: Callable[[int, int], bool]
) -> list[TaskAssignment]:
    """What ``n`` people in turn are assigned; ``breaks_off(person, task)`` says who does not finish from there on."""
    earlier: list[TaskAssignment] = []
    for person in range(n):
        plan = assign(protocol, TOPICS, f"P{person}", order=person, earlier=earlier)
        for number, one in enumerate(assignments(plan, f"s{person}")):
            earlier.append(replace(one, completed=not any(breaks_off(person, k) for k in range(number + 1))))
    return [one for one in earlier if one.completed]


def spread(values: Iterable[Hashable]) -> int:
    """Greatest difference in how often each value was had."""
    counts = Counter(values).values()
    return max(counts) - min(counts)


@settings(max_examples=30)
@given(st.integers(0, 9), st.sets(st.tuples(st.integers(0, 23), st.integers(0, 3)), max_size=14))
def test_that_everything_balanced_comes_out_even_over_completed_tasks_whoever_breaks_off(
    seed: int, dropouts: set[tuple[int, int]]
) -> None:
    protocol = study(
        [*pairs(2), {"id": "s", "mode": "single"}, {"id": "q", "mode": "pair"}], n_models=3, seed=seed,
        styles=[{"id": "plain"}, {"id": "bullets", "append": " respond using bullet points"}],
        randomise={"tasks": "latin_square", "topics": "balanced", "models": "balanced", "styles": "balanced"},
    )  # fmt: skip
    done = people(protocol, 24, breaks_off=lambda person, task: (person, task) in dropouts)
    for task_id in ("t0", "t1", "s", "q"):
        same = [one for one in done if one.task_id == task_id]
        assert spread([*(one.style for one in same), "plain", "bullets"]) <= 1
        assert (
            spread([one.topic_id for one in same] + list(TOPICS)) <= 3
        )  # a topic is had once by each person
        if task_id == "s":
            assert spread(one.models for one in same) <= 1
        else:
            assert spread([one.models[0] < one.models[1] for one in same] + [True, False]) <= 1
    assert spread(tuple(sorted(one.models)) for one in done if len(one.models) == 2) <= 2
    assert spread({one.session_id: one.order_row for one in done}.values()) <= 1 + len(dropouts)


def test_that_a_latin_square_gives_each_person_the_next_order() -> None:
    protocol = study(pairs(3), randomise={"tasks": "latin_square"})
    done = people(protocol, 12, breaks_off=lambda person, task: False)
    orders = Counter(
        tuple(one.task_id for one in done if one.session_id == session_id)
        for session_id in {o.session_id for o in done}
    )
    assert len(orders) == 6 and set(orders.values()) == {2}


def test_that_what_was_broken_off_is_made_up_for() -> None:
    protocol = study(pairs(1))
    lost = {0, 2, 4}  # always the same side, without counting what was completed
    done = people(protocol, 7, breaks_off=lambda person, task: person in lost)
    assert len(done) == 4 and Counter(one.models[0] for one in done) == {"m0": 2, "m1": 2}


def test_that_tasks_are_shuffled_for_each_person_alone() -> None:
    protocol = study(pairs(4), randomise={"tasks": "shuffled"})
    orders = {tuple(t.task_id for t in assign(protocol, TOPICS, f"P{n}").tasks) for n in range(40)}
    assert len(orders) > 12
    assert assign(protocol, TOPICS, "P3") == assign(protocol, TOPICS, "P3", order=None)


def test_that_drawn_styles_have_their_shares_and_a_fixed_one_stays() -> None:
    styles = [{"id": "plain", "share": 3}, {"id": "bullets", "append": " in bullets"}]
    protocol = study([*pairs(1), {"id": "f", "mode": "pair", "style": "bullets"}], styles=styles)
    plans = [assign(protocol, TOPICS, f"P{n}").tasks for n in range(400)]
    assert 0.68 < sum(tasks[0].style == "plain" for tasks in plans) / 400 < 0.82
    assert {(tasks[1].style, tasks[1].style_append) for tasks in plans} == {("bullets", " in bullets")}
    assert {t[0].style_append for t in plans if t[0].style == "plain"} == {""}


def test_that_a_task_takes_only_the_models_it_names() -> None:
    protocol = study([{"id": "t", "mode": "pair", "models": ["m1", "m3"]}], n_models=4)
    assert {frozenset(assign(protocol, TOPICS, f"P{n}").tasks[0].models) for n in range(20)} == {
        frozenset({"m1", "m3"})
    }


def test_that_side_seeds_fit_a_signed_integer_of_64_bits() -> None:
    assert all(0 <= seed_of("x", n) < 2**63 for n in range(200))
    assert seed_of("a", "b") != seed_of("ab")


def test_that_too_few_topics_are_noticed() -> None:
    with pytest.raises(BugError):
        assign(study(pairs(9)), TOPICS, "P1")


def test_that_seeded_ids_repeat_with_their_seed_and_random_ones_never_do() -> None:
    kinds = ["session", "turn", "turn", "response", "other"]
    first, again, other = (
        [ids.new(kind) for kind in kinds] for ids in (SeededIds("7/P1"), SeededIds("7/P1"), SeededIds("7/P2"))
    )
    assert first == again
    assert not set(first) & set(other)
    assert len(set(first)) == 5
    assert [text.split("-")[0] for text in first] == ["s", "t", "t", "r", "other"]
    random_ids = RandomIds()
    assert len({random_ids.new("turn") for _ in range(100)}) == 100
