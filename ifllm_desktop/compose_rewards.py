"""Scores of a study's pairs: trained, taken from a model, entered in the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ifllm_desktop import __version__
from ifllm_desktop.compose import open_study, sources
from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.features.pairs import pair_measures
from ifllm_desktop.reward.checkpoint import default_model
from ifllm_desktop.reward.checkpoint import load as load_model
from ifllm_desktop.reward.checkpoint import save as save_model
from ifllm_desktop.reward.score import score_pairs as score_with
from ifllm_desktop.reward.train import fit, out_of_fold
from ifllm_desktop.store.study import StudyFolder


def train_and_score(study: StudyFolder, seed: int) -> dict[str, Any]:
    """Scores of every pair: out of fold where the study has people enough, else by the shipped model."""
    rows = pair_measures(sources(study))
    try:
        scores = out_of_fold(rows, seed, name="study-pairs", data=study.path.name, code_version=__version__)
        model = fit(
            rows,
            seed,
            name="study-pairs",
            data=study.path.name,
            code_version=__version__,
            made_by="reward train",
        )
        save_model(model, study.models / "study-pairs")
        how = "out_of_fold"
    except DataError as error:
        if error.code not in ("reward_few_people", "reward_few_pairs"):
            raise
        scores = score_with(default_model(), rows)
        how = "shipped_model"
    study.catalogue().put_scores(scores)
    return {"n_pairs": len(scores), "how": how, "trained_on": scores[0].trained_on if scores else ""}


def train_reward(path: Path, seed: int, folder: Path | None) -> dict[str, Any]:
    """The report of ``reward train``."""
    study = open_study(path)
    rows = pair_measures(sources(study))
    out = folder or study.models / "study-pairs"
    model = fit(rows, seed, name=out.name, data=path.name, code_version=__version__, made_by="reward train")
    save_model(model, out)
    card = model.card
    return {
        "model": str(out),
        "n_pairs": card.n_pairs,
        "n_people": card.n_people,
        "trained_on": card.trained_on,
    }


def score_pairs(path: Path, folder: Path | None, seed: int = 1) -> dict[str, Any]:
    """The report of ``reward score``: by the given model, else out of fold, else by the shipped model."""
    study = open_study(path)
    if folder is None:
        return train_and_score(study, seed)
    rows = pair_measures(sources(study))
    scores = score_with(load_model(folder), rows)
    study.catalogue().put_scores(scores)
    return {"n_pairs": len(scores), "how": "model", "trained_on": scores[0].trained_on if scores else ""}
