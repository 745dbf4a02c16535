"""Topics, sides, models and ids are drawn as promised."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ifllm_desktop.domain.errors import BugError
from ifllm_desktop.domain.topics import Topic
from ifllm_desktop.protocol import StudyProtocol
from ifllm_desktop.session.assignment import assign
from ifllm_desktop.session.ids import RandomIds, SeededIds, seed_of

TOPICS = {name: Topic(name, name, name, ()) for name in "abcdefgh"}


def study(tasks: list[dict[str, Any]], n_models: int = 2, seed: int = 7) -> StudyProtocol:
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
            "models": [{"name": f"m{n}"} for n in range(n_models)], "tasks": tasks,
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
