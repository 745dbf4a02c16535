"""The prepared answers of the demo study keep the promises that the demo relies on."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

DEMO = Path(__file__).parents[2] / "resources" / "studies" / "demo"
TOPIC_PATHS = sorted((DEMO / "answers").glob("*.yaml"))
_WORD = re.compile(r"\w+(?:[\u2019'.,:-]\w+)*")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_TABLE_RULE = re.compile(r"^\|(?:\s*:?-+:?\s*\|)+$", re.MULTILINE)


def _load(path: Path) -> dict[str, Any]:
    topic = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(topic, dict)
    return topic


def _n_words(text: str) -> int:
    return len(_WORD.findall(text))


def _pairs() -> list[tuple[str, str]]:
    """(better, worse) texts of all turns of all topics."""
    return [
        (turn["answers"][0]["text"], turn["answers"][1]["text"])
        for path in TOPIC_PATHS
        for turn in _load(path)["turns"]
    ]


def _is_fence_balanced(text: str) -> bool:
    """Whether every opened code fence is closed by a bare fence of the same kind, at least as long."""
    opened: str | None = None
    for line in text.splitlines():
        match = _FENCE.match(line)
        if match is None:
            continue
        marker, rest = match.groups()
        if opened is None:
            opened = marker
        elif marker.startswith(opened) and not rest.strip():
            opened = None
    return opened is None


def test_that_there_are_six_topics_with_unique_ids_named_like_their_files() -> None:
    ids = [_load(path)["id"] for path in TOPIC_PATHS]
    assert len(ids) == 6
    assert len(set(ids)) == 6
    assert ids == [path.stem for path in TOPIC_PATHS]
    assert all(re.fullmatch(r"[a-z0-9-]+", topic_id) for topic_id in ids)


@pytest.mark.parametrize("path", TOPIC_PATHS, ids=lambda path: path.stem)
def test_that_a_topic_has_three_turns_of_a_better_and_a_worse_answer(path: Path) -> None:
    topic = _load(path)
    assert set(topic) == {"id", "title", "description", "turns"}
    assert topic["title"].strip() and topic["description"].strip()
    assert len(topic["turns"]) == 3
    for turn in topic["turns"]:
        assert set(turn) == {"prompt", "answers"}
        assert turn["prompt"].strip()
        assert [set(answer) for answer in turn["answers"]] == [{"model", "quality", "text"}] * 2
        assert [answer["quality"] for answer in turn["answers"]] == ["better", "worse"]
        assert [answer["model"] for answer in turn["answers"]] == ["prepared-a", "prepared-b"]


def test_that_no_prompt_and_no_answer_occurs_twice() -> None:
    prompts = [turn["prompt"] for path in TOPIC_PATHS for turn in _load(path)["turns"]]
    texts = [text for pair in _pairs() for text in pair]
    assert [text for text, n in Counter(prompts + texts).items() if n > 1] == []


@pytest.mark.parametrize("path", TOPIC_PATHS, ids=lambda path: path.stem)
def test_that_answers_have_a_readable_length_and_closed_code_fences(path: Path) -> None:
    for turn in _load(path)["turns"]:
        for answer in turn["answers"]:
            label = f"{turn['prompt'][:30]}… {answer['quality']}"
            assert 40 <= _n_words(answer["text"]) <= 320, label
            assert _is_fence_balanced(answer["text"]), label
            assert "](" not in answer["text"] and "://" not in answer["text"], label


def test_that_length_does_not_give_the_better_answer_away() -> None:
    pairs = _pairs()
    assert len(pairs) == 18
    n_better_longer = sum(_n_words(better) > _n_words(worse) for better, worse in pairs)
    assert 7 <= n_better_longer <= 11
    # Participants see lines and not words, so the characters must not tell either.
    n_better_more_characters = sum(len(better) > len(worse) for better, worse in pairs)
    assert 7 <= n_better_more_characters <= 11


def test_that_tables_code_and_wide_characters_are_exercised() -> None:
    better = [better for better, _ in _pairs()]
    assert sum(_TABLE_RULE.search(text) is not None for text in better) >= 4
    assert sum("```" in text for text in better) >= 3
    everything = "".join(text for pair in _pairs() for text in pair)
    # Beyond U+FFFF a character takes two UTF-16 units, which is where offsets of text widgets go wrong.
    assert len({character for character in everything if ord(character) > 0xFFFF}) >= 2
    assert re.search(r"[\u4e00-\u9fff]", everything)


def test_that_the_fence_check_notices_an_open_fence() -> None:
    assert _is_fence_balanced("```text\na\n```\n")
    assert not _is_fence_balanced("```text\na\n")
    assert not _is_fence_balanced("```text\na\n```\n```\n")
