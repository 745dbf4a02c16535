"""Scores of pairs by a trained model. No vote, no rating and nothing recorded after the vote is read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.session import PairScore
from ifllm_desktop.features.pairs import PairRow
from ifllm_desktop.reward import inputs
from ifllm_desktop.reward.model import PairModel

NEVER_SEEN = -1
"""Fold of a pair whose person the model never saw."""


def model_id(model: PairModel) -> str:
    """``name@feature_set-hash``: the same for the same weights, prior, temperature and sessions."""
    digest = hashlib.sha256()
    digest.update(model.weight.tobytes())
    digest.update(model.prior_mean_square.tobytes())
    digest.update(repr((model.temperature, model.card.trained_on, model.card.sessions)).encode())
    return f"{model.card.name}@{model.card.feature_set}-{digest.hexdigest()[:12]}"


def score_pairs(model: PairModel, rows: Sequence[PairRow]) -> list[PairScore]:
    """Scores of pairs of people whom the model never saw, sorted by pair.

    Raises
    ------
    DataError
        ``reward_seen_people`` when the model was trained on a session of one of them: such scores flatter it.
    """
    trained = set(model.card.sessions)
    seen = sorted({row.participant_id for row in rows if row.session_id in trained})
    if seen:
        raise DataError("reward_seen_people", people=", ".join(seen[:3]), model=model.card.name)
    return pair_scores(model, rows, fold=NEVER_SEEN, identity=model_id(model))


def pair_scores(model: PairModel, rows: Sequence[PairRow], *, fold: int, identity: str) -> list[PairScore]:
    """Scores without asking who the people are; for folds and tests."""
    import torch

    from ifllm_desktop.reward.net import AnswerScore, probability, single_thread

    if not rows:
        return []
    ordered = sorted(rows, key=lambda row: row.pair_id)
    scaled = inputs.pair_inputs(ordered, model.prior_mean_square)
    with single_thread(), torch.no_grad():
        net = AnswerScore(len(model.weight))
        net.weight.copy_(torch.from_numpy(model.weight))
        left, right = net(torch.from_numpy(scaled.left)), net(torch.from_numpy(scaled.right))
        prob_left = probability(left - right, model.temperature)
    return [
        PairScore(
            row.pair_id, row.session_id, row.participant_id, identity, float(left[i]), float(right[i]),
            float(prob_left[i]), fold, model.card.said_of_scores,
        )
        for i, row in enumerate(ordered)
    ]  # fmt: skip
