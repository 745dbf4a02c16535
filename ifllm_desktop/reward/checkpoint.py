"""Models on disk: a folder with ``model.safetensors`` and ``card.json``. Never a pickle."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as arrays

from ifllm_desktop.domain.errors import DataError
from ifllm_desktop.features.registry import FEATURE_SET, provenance
from ifllm_desktop.resource_files import resource_path
from ifllm_desktop.reward.model import SCHEMA_VERSION, Card, PairModel

WEIGHTS, CARD = "model.safetensors", "card.json"
WITHDRAWN_NOTE = "trained with data of a person who withdrew since: train anew"
DEFAULT_MODEL = ("models", "simulated-pairs")
"""Where the model that ships with the program stands below the resources."""


def save(model: PairModel, folder: Path) -> None:
    """Write a model; the folder is made. The same model gives the same bytes.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        "weight": model.weight,
        "prior_mean_square": model.prior_mean_square,
        "temperature": np.array([model.temperature]),
    }
    card = json.dumps(asdict(model.card), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    for name, data in ((WEIGHTS, arrays.save(tensors)), (CARD, card.encode())):
        partial = folder / (name + ".partial")
        partial.write_bytes(data)
        partial.replace(folder / name)


def load(folder: Path) -> PairModel:
    """A model from its folder.

    Raises
    ------
    DataError
        ``reward_model_missing`` without its two files, ``reward_model_damaged`` when they cannot be read,
        ``reward_model_unknown`` when its schema or its measures are not those of this program.
    """
    try:
        raw: dict[str, Any] = json.loads((folder / CARD).read_text("utf-8"))
        tensors = arrays.load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise DataError("reward_model_missing", path=str(folder)) from error
    except (ValueError, SafetensorError) as error:
        raise DataError("reward_model_damaged", path=str(folder), problem=type(error).__name__) from error
    if raw.get("schema_version") != SCHEMA_VERSION or raw.get("feature_set") != FEATURE_SET:
        found = f"schema {raw.get('schema_version')}, measures {raw.get('feature_set')}"
        known = f"schema {SCHEMA_VERSION}, measures {FEATURE_SET}"
        raise DataError("reward_model_unknown", path=str(folder), found=found, known=known)
    try:
        card = Card(**raw | {"measures": tuple(raw["measures"]), "sessions": tuple(raw["sessions"])})
        weight, prior = tensors["weight"], tensors["prior_mean_square"]
        temperature = float(tensors["temperature"][0])
    except (KeyError, TypeError, IndexError) as error:
        raise DataError("reward_model_damaged", path=str(folder), problem=str(error)) from error
    expected = (len(provenance()),)
    sound = weight.shape == prior.shape == expected and bool(np.isfinite(weight).all()) and temperature > 0
    if list(card.measures) != provenance() or not sound:
        raise DataError("reward_model_damaged", path=str(folder), problem="weights do not fit the measures")
    return PairModel(weight, prior, temperature, card)


def models_in(folder: Path) -> list[Path]:
    """Folders of the models below a folder, by name."""
    return sorted(path.parent for path in folder.rglob(CARD))


def trained_with(folder: Path, session_ids: Collection[str]) -> bool:
    """Whether a model's card names one of these sessions."""
    try:
        sessions = json.loads((folder / CARD).read_text("utf-8"))["sessions"]
        return any(session in session_ids for session in sessions)
    except (OSError, ValueError, KeyError, TypeError):
        return False  # not a card of ours


def disown(folder: Path, session_ids: Collection[str]) -> bool:
    """Take sessions out of a model's card and note that their person withdrew; whether it had any of them.

    The weights stay as they are and have learned from them: the note says so wherever the model is used. Doing it
    again changes nothing.

    Raises
    ------
    OSError
        When the card cannot be written.
    """
    if not trained_with(folder, session_ids):
        return False
    raw: dict[str, Any] = json.loads((folder / CARD).read_text("utf-8"))
    raw |= {"sessions": [s for s in raw["sessions"] if s not in session_ids], "note": WITHDRAWN_NOTE}
    text = json.dumps(raw, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    partial = folder / (CARD + ".partial")
    partial.write_text(text, "utf-8")
    partial.replace(folder / CARD)
    return True


def default_model() -> PairModel:
    """The model that ships with the program, trained on simulated participants.

    Raises
    ------
    DataError
        ``resource_missing`` when the installation lacks it; else as :func:`load`.
    """
    return load(resource_path(*DEFAULT_MODEL))
