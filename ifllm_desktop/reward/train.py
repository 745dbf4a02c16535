"""Training, grouped by person: the same table and seed give the same bits.

Everything that looks at votes (weights, temperature) happens inside the training people of a fold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.domain.session import PairScore
from ifllm_desktop.features.pairs import PairRow
from ifllm_desktop.features.registry import FEATURE_SET, MEASURES, provenance
from ifllm_desktop.reward import inputs
from ifllm_desktop.reward.model import Card, PairModel
from ifllm_desktop.reward.score import model_id, pair_scores

N_FOLDS = 5
RIDGE = 0.05
"""Weight of the squared norm of the weights against the mean cross entropy."""
TEMPERATURES = (0.25, 8.0)
"""Range of the temperature: with a few pairs the likelihood alone would run to its ends."""


def trained_on(rows: Sequence[PairRow]) -> str:
    """What must be said beside each score: whether the people behind the rows were simulated."""
    kinds = {"real" if row.devices == "real" else "simulated" for row in rows}
    if kinds == {"simulated"}:
        return "simulated participants"
    return "participants" if kinds == {"real"} else "participants and simulated participants"


def person_folds(people: Sequence[str], seed: int, n_folds: int = N_FOLDS) -> dict[str, int]:
    """Fold of each person: all pairs of a person stand in one fold.

    Parameters
    ----------
    people : sequence of str
        The person of each pair.
    seed : int
        Seeds the order in which people of equal size are dealt out.

    Returns
    -------
    dict
        Person to fold, ``min(n_folds, number of people)`` folds.
    """
    ids, counts = np.unique(np.array(people, dtype=str), return_counts=True)
    n_folds = min(n_folds, len(ids))
    shuffled = np.random.default_rng(seed).permutation(len(ids))
    order = sorted(shuffled, key=lambda i: -int(counts[i]))  # stable: equal sizes stay shuffled
    load = [0] * n_folds
    folds: dict[str, int] = {}
    for index in order:
        fold = load.index(min(load))
        folds[str(ids[index])] = fold
        load[fold] += int(counts[index])
    return folds


def fit(
    rows: Sequence[PairRow], seed: int, *, name: str, data: str, code_version: str, made_by: str = ""
) -> PairModel:
    """A model of all voted pairs.

    Parameters
    ----------
    rows : sequence of PairRow
        Pairs with and without votes; those without still tell each person's scale.
    data, made_by : str
        For the card: what it was trained on and by which command.

    Raises
    ------
    DataError
        ``reward_few_pairs`` with fewer than four pairs that have a left or right vote.
    """
    rows = sorted(rows, key=lambda row: row.pair_id)
    voted = [row for row in rows if not math.isnan(inputs.soft_label(row))]
    decided = [row for row in voted if row.choice in ("left", "right")]
    if len(decided) < 4:
        raise DataError("reward_few_pairs", n=len(decided), needed=4)
    prior = inputs.mean_squares(rows)
    weight = _weights(rows, prior)
    temperature = _temperature(rows, seed)
    n_people = len({row.participant_id for row in rows})
    sessions = tuple(sorted({row.session_id for row in rows}))
    card = Card(
        name=name, data=data, trained_on=trained_on(rows), feature_set=FEATURE_SET,
        measures=tuple(provenance()), seed=seed, n_pairs=len(voted), n_people=n_people, sessions=sessions,
        code_version=code_version, made_by=made_by,
        settings={"ridge": RIDGE, "prior_pairs": inputs.PRIOR_PAIRS, "clip": inputs.CLIP, "n_folds": N_FOLDS},
    )  # fmt: skip
    return PairModel(weight, prior, temperature, card)


def out_of_fold(
    rows: Sequence[PairRow],
    seed: int,
    *,
    name: str = "study-pairs",
    data: str = "study",
    code_version: str = "",
) -> list[PairScore]:
    """Score of each pair by a model that never saw its person, sorted by pair; the fold is recorded.

    Raises
    ------
    DataError
        ``reward_few_people`` with fewer than two people, ``reward_few_pairs`` when a fold leaves too few.
    """
    rows = sorted(rows, key=lambda row: row.pair_id)
    folds = person_folds([row.participant_id for row in rows], seed)
    if len(folds) < 2:
        raise DataError("reward_few_people", n=len(folds), needed=2)
    whole = fit(rows, seed, name=name, data=data, code_version=code_version, made_by="out of fold")
    identity = model_id(whole)
    scores: list[PairScore] = []
    for fold in sorted(set(folds.values())):
        train = [row for row in rows if folds[row.participant_id] != fold]
        held = [row for row in rows if folds[row.participant_id] == fold]
        model = fit(train, seed, name=name, data=data, code_version=code_version, made_by="out of fold")
        scores += pair_scores(model, held, fold=fold, identity=identity)
    return sorted(scores, key=lambda score: score.pair_id)


def _weights(rows: Sequence[PairRow], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    import torch

    from ifllm_desktop.reward.net import AnswerScore, minimise, single_thread, soft_loss

    scaled = inputs.pair_inputs(rows, prior)
    labels = np.array([inputs.soft_label(row) for row in rows])
    use = np.isfinite(labels)
    with single_thread():
        left, right = torch.from_numpy(scaled.left[use]), torch.from_numpy(scaled.right[use])
        target = torch.from_numpy(labels[use])
        net = AnswerScore(len(MEASURES))

        def loss() -> torch.Tensor:
            return soft_loss(net(left) - net(right), target) + RIDGE * (net.weight**2).sum()

        minimise([net.weight], loss)
        return np.asarray(net.weight.detach().numpy().copy(), dtype=np.float64)


def _temperature(rows: Sequence[PairRow], seed: int) -> float:
    """Temperature that calibrates scores of held-out people, from inner folds over the training people.

    1 with fewer than two people with votes on both sides of the split: there is nothing to learn it from.
    """
    folds = person_folds([row.participant_id for row in rows], seed + 1)
    if len(folds) < 2:
        return 1.0
    differences: list[float] = []
    labels: list[float] = []
    for fold in sorted(set(folds.values())):
        train = [row for row in rows if folds[row.participant_id] != fold]
        held = [row for row in rows if folds[row.participant_id] == fold]
        if sum(row.choice in ("left", "right") for row in train) < 4:
            return 1.0
        prior = inputs.mean_squares(train)
        weight = _weights(train, prior)
        scaled = inputs.pair_inputs(held, prior)
        differences += list((scaled.left - scaled.right) @ weight)
        labels += [inputs.soft_label(row) for row in held]
    return _best_temperature(np.array(differences), np.array(labels))


def _best_temperature(difference: NDArray[np.float64], label: NDArray[np.float64]) -> float:
    import torch

    from ifllm_desktop.reward.net import minimise, single_thread, soft_loss

    use = np.isfinite(label)
    if not use.any() or not np.any(difference[use]):
        return 1.0
    with single_thread():
        logits, target = torch.from_numpy(difference[use]), torch.from_numpy(label[use])
        log_t = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        # a weak pull towards T = 1, worth one pair, keeps a handful of pairs from deciding it alone
        pull = 1.0 / len(logits)
        minimise([log_t], lambda: soft_loss(logits, target, log_t.exp()) + pull * (log_t**2).sum())
        value = float(log_t.detach().exp()[0])
    return min(max(value, TEMPERATURES[0]), TEMPERATURES[1])
