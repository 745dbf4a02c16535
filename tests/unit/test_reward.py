"""Training, scoring and the honesty around them. Torch is used, the disk is not."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.features.pairs import PairRow
from ifllm_desktop.features.registry import FEATURE_SET, NAMES
from ifllm_desktop.reward import inputs
from ifllm_desktop.reward.model import PairModel
from ifllm_desktop.reward.score import model_id, score_pairs
from ifllm_desktop.reward.train import fit, out_of_fold, person_folds, trained_on
from ifllm_desktop.wording import sentence


def people_who_look_longer_at_the_better(n_people: int = 8, n_pairs: int = 6, seed: int = 3) -> list[PairRow]:
    """Pairs whose vote follows dwell with noise; length says nothing."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(n_people):
        pace = rng.uniform(0.5, 2)
        for k in range(n_pairs):
            better_left = bool(rng.integers(2))
            gain = rng.normal(0.6, 0.5)
            looks = np.exp(rng.normal(2, 0.2, 2)) * pace
            looks[0 if better_left else 1] *= np.exp(gain)
            share = looks / looks.sum()
            lengths = rng.integers(300, 900, 2)
            left, right = (
                (looks[i], rng.uniform(0, 5), share[i] * 0.6, share[i], float(lengths[i])) for i in (0, 1)
            )
            rows.append(
                PairRow(
                    f"p{person}-{k}", f"s{person}", f"P{person}", "t", "l", "r", tuple(left), tuple(right), None,
                    "simulated", "left" if better_left else "right", int(rng.integers(1, 3)),
                )
            )  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def rows() -> list[PairRow]:
    return people_who_look_longer_at_the_better()


@pytest.fixture(scope="module")
def model(rows: list[PairRow]) -> PairModel:
    return fit(rows, 1, name="looks", data="made up", code_version="0.1")


def test_that_the_package_loads_without_torch() -> None:
    code = (
        "import sys, ifllm_desktop.reward, ifllm_desktop.reward.train, ifllm_desktop.reward.score,"
        " ifllm_desktop.reward.checkpoint, ifllm_desktop.features.pairs; assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_that_training_finds_what_the_votes_follow(rows: list[PairRow], model: PairModel) -> None:
    weights = dict(zip(NAMES, model.weight, strict=True))
    assert weights["gaze_dwell_s"] > 0.2
    assert abs(weights["length_chars"]) < weights["gaze_dwell_s"]
    by_pair = {row.pair_id: row for row in rows}
    scores = out_of_fold(rows, 1)
    right = [(score.prob_left > 0.5) == (by_pair[score.pair_id].choice == "left") for score in scores]
    assert np.mean(right) > 0.75


def test_that_the_same_table_and_seed_give_the_same_bits(rows: list[PairRow], model: PairModel) -> None:
    again = fit(rows[::-1], 1, name="looks", data="made up", code_version="0.1")
    assert again.weight.tobytes() == model.weight.tobytes()
    assert again.temperature == model.temperature
    assert out_of_fold(rows, 7) == out_of_fold(rows[::-1], 7)


def test_that_nobody_is_scored_by_a_model_that_saw_them(rows: list[PairRow]) -> None:
    scores = out_of_fold(rows, 1)
    folds = person_folds([row.participant_id for row in rows], 1)
    assert {score.pair_id for score in scores} == {row.pair_id for row in rows}
    assert all(score.fold == folds[score.participant_id] for score in scores)
    # votes of one person, turned round, change no score of that person
    turned = [row.swapped() if row.participant_id == "P0" else row for row in rows]
    turned = [
        replace(row, left=old.left, right=old.right) for row, old in zip(turned, rows, strict=True)
    ]  # fmt: skip
    kept = {s.pair_id: (s.score_left, s.score_right, s.prob_left) for s in scores if s.participant_id == "P0"}
    changed = {
        s.pair_id: (s.score_left, s.score_right, s.prob_left)
        for s in out_of_fold(turned, 1)
        if s.participant_id == "P0"
    }
    assert turned != rows and changed == kept


def test_that_a_model_refuses_the_people_it_was_trained_on(rows: list[PairRow], model: PairModel) -> None:
    with pytest.raises(DataError) as caught:
        score_pairs(model, rows)
    assert caught.value.code == "reward_seen_people"
    # the first participant of another study has the same name and is somebody else
    stranger = [replace(row, session_id="other-" + row.session_id) for row in rows]
    scores = score_pairs(model, stranger)
    assert {score.fold for score in scores} == {-1}
    assert {score.model_id for score in scores} == {model_id(model)}


def test_that_scores_say_what_they_were_trained_on(rows: list[PairRow], model: PairModel) -> None:
    assert model.card.trained_on == "simulated participants"
    assert {score.trained_on for score in out_of_fold(rows, 1)} == {"simulated participants"}
    mixed = [replace(rows[0], devices="real"), *rows[1:]]
    assert trained_on(mixed) == "participants and simulated participants"
    assert trained_on(mixed[:1]) == "participants"
    assert trained_on([replace(mixed[0], devices="video")]) == "simulated participants"


def test_that_the_model_id_names_the_measures(model: PairModel) -> None:
    name, _, version = model_id(model).partition("@")
    assert name == "looks" and version.rpartition("-")[0] == FEATURE_SET


def test_that_a_missing_measure_says_nothing(rows: list[PairRow], model: PairModel) -> None:
    blind = tuple(math.nan if name != "length_chars" else 500.0 for name in NAMES)
    row = replace(rows[0], participant_id="Q", session_id="q", left=blind, right=blind)
    (score,) = score_pairs(model, [row])
    assert score.score_left == score.score_right and score.prob_left == 0.5
    half = replace(row, left=(9.0, *blind[1:]))
    (score,) = score_pairs(model, [half])
    assert score.prob_left == 0.5


def test_that_ties_pull_to_the_middle_and_both_bad_is_left_out() -> None:
    row = people_who_look_longer_at_the_better()[0]
    assert inputs.soft_label(replace(row, choice="tie", strength=None)) == 0.5
    assert math.isnan(inputs.soft_label(replace(row, choice="both_bad", strength=None)))
    assert math.isnan(inputs.soft_label(replace(row, choice=None, strength=None)))
    strengths = [inputs.soft_label(replace(row, choice="left", strength=s)) for s in (1, 2)]
    assert 0.5 < strengths[0] < strengths[1] < 1
    for strength in (1, 2, None):
        sides = [inputs.soft_label(replace(row, choice=c, strength=strength)) for c in ("left", "right")]
        assert sum(sides) == pytest.approx(1)


def test_that_too_few_people_or_votes_are_refused_in_words(rows: list[PairRow]) -> None:
    with pytest.raises(DataError) as one_person:
        out_of_fold([row for row in rows if row.participant_id == "P0"], 1)
    assert one_person.value.code == "reward_few_people"
    with pytest.raises(DataError) as few:
        fit([replace(row, choice="tie") for row in rows], 1, name="m", data="d", code_version="0")
    assert few.value.code == "reward_few_pairs"
    for caught in (one_person, few):
        assert "?" not in sentence(caught.value) and "{" not in sentence(caught.value)
