"""Models on disk: what is saved comes back, and what is not ours is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.features.registry import FEATURE_SET, NAMES, provenance
from ifllm_desktop.reward import checkpoint
from ifllm_desktop.reward.model import Card, PairModel
from ifllm_desktop.reward.score import model_id


def small_model() -> PairModel:
    card = Card(
        "looks", "made up", "simulated participants", FEATURE_SET, tuple(provenance()), 5, 12, 3,
        ("P1", "P2"),
        "0.1", "a test", {"ridge": 0.05},
    )  # fmt: skip
    prior = np.array([1.0, 2.0, np.nan, 0.1, 0.2])
    return PairModel(np.array([0.5, -0.25, 0.0, 1.0, 0.125]), prior, 1.5, card)


def changed_card(folder: Path, **changes: Any) -> None:
    path = folder / checkpoint.CARD
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


def test_that_a_model_comes_back_bit_by_bit(tmp_path: Path) -> None:
    model = small_model()
    checkpoint.save(model, tmp_path / "m")
    back = checkpoint.load(tmp_path / "m")
    assert back.weight.tobytes() == model.weight.tobytes()
    assert back.prior_mean_square.tobytes() == model.prior_mean_square.tobytes()
    assert (back.temperature, back.card) == (model.temperature, model.card)
    assert model_id(back) == model_id(model)
    checkpoint.save(model, tmp_path / "again")
    for name in (checkpoint.WEIGHTS, checkpoint.CARD):
        assert (tmp_path / "m" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_that_the_card_names_its_data_and_measures(tmp_path: Path) -> None:
    checkpoint.save(small_model(), tmp_path)
    card = json.loads((tmp_path / checkpoint.CARD).read_text("utf-8"))
    assert card["trained_on"] == "simulated participants"
    assert [measure["name"] for measure in card["measures"]] == list(NAMES)
    assert all({"unit", "version"} <= set(measure) for measure in card["measures"])
    for key in ("data", "seed", "n_pairs", "n_people", "code_version", "schema_version"):
        assert key in card


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"schema_version": 99}, "reward_model_unknown"),
        ({"feature_set": "pair-99"}, "reward_model_unknown"),
        ({"measures": []}, "reward_model_damaged"),
        ({"surprise": 1}, "reward_model_damaged"),
    ],
)
def test_that_a_model_of_another_kind_is_refused(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    checkpoint.save(small_model(), tmp_path)
    changed_card(tmp_path, **change)
    with pytest.raises(DataError) as caught:
        checkpoint.load(tmp_path)
    assert caught.value.code == code


@pytest.mark.parametrize("name", [checkpoint.WEIGHTS, checkpoint.CARD])
def test_that_damage_and_loss_are_said(tmp_path: Path, name: str) -> None:
    checkpoint.save(small_model(), tmp_path)
    (tmp_path / name).write_bytes(b"\x00" * 7)
    with pytest.raises(DataError) as damaged:
        checkpoint.load(tmp_path)
    assert damaged.value.code == "reward_model_damaged"
    (tmp_path / name).unlink()
    with pytest.raises(DataError) as missing:
        checkpoint.load(tmp_path)
    assert missing.value.code == "reward_model_missing"


def test_that_the_model_that_ships_says_what_it_was_trained_on() -> None:
    model = checkpoint.default_model()
    assert model.card.trained_on == "simulated participants"
    assert "simulated" in model.card.data and "--seed" in model.card.made_by
    assert model.card.n_people >= 20 and model.card.n_pairs >= 50
    assert np.abs(model.weight).max() > 0.1
