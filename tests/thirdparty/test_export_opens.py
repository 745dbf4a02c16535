"""The exports open in the tools that they are made for, with nothing but the folder and no network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ifllm_desktop.export.schemas import COLUMNS, schema
from ifllm_desktop.export.write import write_exports
from tests.study_in_memory import memory_study

pytestmark = [
    pytest.mark.thirdparty,
    # these libraries warn about their own future; what they do with our files is tested
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Caches of the libraries in a folder of the test, and no way to a hub, set before they are imported."""
    folder = tmp_path_factory.mktemp("caches")
    os.environ["HF_HOME"] = str(folder)
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ[name] = "1"
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study, out = memory_study(2), tmp_path_factory.mktemp("exports") / "study"
    write_exports(study.catalogue, study.recordings, study.operations, ["all"], out, code_version="test")
    return out


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_that_load_dataset_opens_each_set_by_its_name(caches: Path, exported: Path, name: str) -> None:
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(exported), name, cache_dir=str(caches))
    assert list(loaded) == ["train"]
    assert loaded["train"].column_names == schema(name).names
    assert loaded["train"].num_rows > 0
    assert loaded["train"][0].keys() == set(schema(name).names)


def test_that_a_set_without_rows_keeps_none_of_the_others_shut(caches: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    study, out = memory_study(1, scored=False), tmp_path / "unscored"
    write_exports(study.catalogue, study.recordings, [], ["all"], out, code_version="test")
    assert set(datasets.get_dataset_config_names(str(out))) == {"preference", "samples", "answers"}
    assert datasets.load_dataset(str(out), "preference", cache_dir=str(caches))["train"].num_rows == 2
    confidence = datasets.load_dataset(str(out), "preference", cache_dir=str(caches))["train"]["confidence"]
    assert list(confidence) == [None, None]


def tiny_tokenizer() -> Any:
    """A byte-level tokenizer with a chat template, trained on one sentence."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    marks = ["<bos>", "<end>", "<pad>", "<user>", "<assistant>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=marks, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(["people read long answers and prefer the better one"] * 9, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<bos>", eos_token="<end>", pad_token="<pad>"
    )
    fast.chat_template = (
        "{% for m in messages %}{{ '<assistant>' if m['role'] == 'assistant' else '<user>' }}"
        "{{ m['content'] }}<end>{% endfor %}"
    )
    return fast


def tiny_classifier(tokenizer: Any) -> Any:
    """A random Llama of a few thousand weights with one output."""
    import torch
    from transformers import LlamaConfig, LlamaForSequenceClassification

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=4096, num_labels=1, pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    return LlamaForSequenceClassification(config)


def test_that_a_reward_trainer_takes_the_preference_set_as_it_is(
    caches: Path, exported: Path, tmp_path: Path
) -> None:
    datasets, trl = pytest.importorskip("datasets"), pytest.importorskip("trl")
    pairs = datasets.load_dataset(str(exported), "preference", cache_dir=str(caches))["train"]
    tokenizer = tiny_tokenizer()
    model = tiny_classifier(tokenizer)
    before = model.score.weight.detach().clone()
    arguments = trl.RewardConfig(
        output_dir=str(tmp_path), use_cpu=True, max_steps=2, per_device_train_batch_size=2, learning_rate=0.1,
        report_to="none", save_strategy="no", logging_steps=1, disable_tqdm=True, max_length=2048, bf16=False,
        gradient_checkpointing=False,
    )  # fmt: skip
    trainer = trl.RewardTrainer(model=model, args=arguments, train_dataset=pairs, processing_class=tokenizer)
    result = trainer.train()
    assert result.global_step == 2
    assert 0 < result.training_loss < 20
    assert not bool((before == model.score.weight).all())
