"""What published folders hold that a reader trips over, one by one: each loads as it loads in transformers."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import parity_tokenizers as both
import pytest
import torch

import spacy_luke
from spacy_luke import LukeConfig, LukeForMaskedLM, LukeForSequenceClassification, LukeModel, LukeTokenizer

transformers = pytest.importorskip("transformers")
logging.getLogger("transformers").setLevel(logging.CRITICAL)

SIZES: dict[str, Any] = {
    "vocab_size": 330,
    "entity_vocab_size": 7,
    "hidden_size": 16,
    "entity_emb_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "initializer_range": 0.3,
}
TEXT, SPANS = "Ana Lopez met Bob in Los Angeles", [(0, 9), (21, 32)]


def save(folder: Path, head: str = "LukeForMaskedLM", **changes: Any) -> Any:
    """A checkpoint of theirs, model and tokenizer."""
    torch.manual_seed(0)
    model = getattr(transformers, head)(transformers.LukeConfig(**{**SIZES, **changes})).eval()
    model.save_pretrained(folder)
    transformers.LukeTokenizer(*both.vocabulary("tiny")).save_pretrained(folder)
    return model


def edit(path: Path, **changes: Any) -> None:
    data = json.loads(path.read_text("utf-8"))
    data = {name: value for name, value in {**data, **changes}.items() if value is not None}
    path.write_text(json.dumps(data), "utf-8")


def agree(ours: Any, theirs: Any, inputs: Any) -> None:
    with torch.no_grad():
        got, wanted = ours(**inputs), theirs(**inputs)
    for name in ("last_hidden_state", "entity_last_hidden_state", "logits", "entity_logits"):
        if name in wanted:
            torch.testing.assert_close(got[name], wanted[name], atol=1e-5, rtol=1e-5)


def inputs_of(folder: Path, **options: Any) -> Any:
    tokenizer = LukeTokenizer.from_pretrained(folder, **options)
    spans = SPANS[: 1 if tokenizer.task == "entity_classification" else 2]
    return tokenizer(TEXT, entity_spans=spans, return_tensors="pt")


def test_sizes_and_epsilon_of_roberta(tmp_path: Path) -> None:
    theirs = save(tmp_path)
    ours = LukeForMaskedLM.from_pretrained(tmp_path)
    assert ours.luke.embeddings.position_embeddings.weight.shape == (514, 16)
    assert ours.luke.embeddings.token_type_embeddings.weight.shape == (1, 16)
    assert {m.eps for m in ours.modules() if isinstance(m, torch.nn.LayerNorm)} == {1e-5}
    agree(ours, theirs, inputs_of(tmp_path))
    longest = torch.full((1, 512), 7)  # 514 rows hold 512 words: positions start at 2
    agree(ours, theirs, {"input_ids": longest})


def test_buffers_of_old_releases(tmp_path: Path) -> None:
    theirs = save(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    buffers = {"luke.embeddings.position_ids": torch.arange(514)[None]}
    torch.save({**theirs.state_dict(), **buffers}, tmp_path / "pytorch_model.bin")
    agree(LukeForMaskedLM.from_pretrained(tmp_path), theirs, inputs_of(tmp_path))


@pytest.mark.parametrize("stored", [True, False])
def test_a_tied_decoder(tmp_path: Path, stored: bool) -> None:
    theirs = save(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    tied = {"lm_head.decoder.weight", "lm_head.decoder.bias", "entity_predictions.decoder.weight"}
    weights = {name: w for name, w in theirs.state_dict().items() if stored or name not in tied}
    assert stored == (tied <= set(weights))
    torch.save(weights, tmp_path / "pytorch_model.bin")
    ours = LukeForMaskedLM.from_pretrained(tmp_path)
    assert ours.untrained == ()
    agree(ours, theirs, inputs_of(tmp_path))


def test_labels_with_numbers_as_strings(tmp_path: Path) -> None:
    theirs = save(tmp_path, "LukeForSequenceClassification", num_labels=3)
    edit(tmp_path / "config.json", id2label={"0": "NIL", "2": "LOC", "1": "PER"}, label2id=None)
    ours = LukeForSequenceClassification.from_pretrained(tmp_path)
    assert ours.config.id2label == {0: "NIL", 1: "PER", 2: "LOC"}
    assert ours.config.label2id == {"NIL": 0, "PER": 1, "LOC": 2}
    agree(ours, theirs, inputs_of(tmp_path))


@pytest.mark.parametrize("as_objects", [True, False])
def test_markers_in_the_old_files(tmp_path: Path, as_objects: bool) -> None:
    save(tmp_path)
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True}
    markers = [{"content": m, **flags} if as_objects else m for m in ("<ent>", "<ent2>")]
    edit(tmp_path / "special_tokens_map.json", additional_special_tokens=markers)
    edit(tmp_path / "tokenizer_config.json", added_tokens_decoder=None, additional_special_tokens=None)
    added = json.loads((tmp_path / "added_tokens.json").read_text("utf-8"))
    assert set(added) >= {"<ent>", "<ent2>"}
    ours = LukeTokenizer.from_pretrained(tmp_path, task="entity_pair_classification")
    theirs = transformers.LukeTokenizer.from_pretrained(tmp_path, task="entity_pair_classification")
    assert dict(ours(TEXT, entity_spans=SPANS)) == dict(theirs(TEXT, entity_spans=SPANS))
    assert len(ours) == len(theirs)


def test_a_lite_checkpoint(tmp_path: Path) -> None:
    """Only the special entities are left, as in studio-ousia/mluke-base-lite."""
    lite = {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3}
    theirs = save(tmp_path, "LukeModel", entity_vocab_size=4)
    (tmp_path / "entity_vocab.json").write_text(json.dumps(lite), "utf-8")
    tokenizer = LukeTokenizer.from_pretrained(tmp_path)
    inputs = tokenizer(TEXT, entity_spans=SPANS, entities=["Ana", "[MASK]"], return_tensors="pt")
    assert inputs["entity_ids"].tolist() == [[1, 2]]
    agree(LukeModel.from_pretrained(tmp_path), theirs, inputs)


@both.needs_spm
@pytest.mark.parametrize("task", both.TASKS[1:])
def test_a_multilingual_checkpoint(tmp_path: Path, task: str) -> None:
    theirs = save(tmp_path, "LukeModel", use_entity_aware_attention=False)
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json", "added_tokens.json"):
        (tmp_path / name).unlink()
    words = transformers.MLukeTokenizer(*both.multilingual_vocabulary(), task=task)
    words.save_pretrained(tmp_path)
    inputs = inputs_of(tmp_path)
    spans = SPANS[: inputs["entity_ids"].shape[1]]
    assert {n: v.tolist() for n, v in inputs.items()} == dict(words([TEXT], entity_spans=[spans]))
    scored = {name: value for name, value in inputs.items() if "_start_" not in name and "_end_" not in name}
    agree(LukeModel.from_pretrained(tmp_path), theirs, scored)


@pytest.mark.parametrize("names", [("<ent>", "<ent2>"), ("<h>", "<t>")])
def test_the_settings_of_transformers_5(tmp_path: Path, names: tuple[str, str]) -> None:
    """It numbers the markers' names, and puts the entity vocabulary into the settings."""
    save(tmp_path)
    expected = LukeTokenizer(*both.vocabulary("tiny"), entity_token_1=names[0], entity_token_2=names[1])
    for name in ("special_tokens_map.json", "added_tokens.json", "entity_vocab.json"):
        (tmp_path / name).unlink()
    settings = {
        "entity_1_token": names[0],
        "entity_2_token": names[1],
        "extra_special_tokens": list(names),
        "entity_vocab": {title: i for i, title in enumerate(both.TITLES)},
        "special_tokens_pattern": "cls_double_sep",
        "token_type_ids_pattern": "all_zeros",
        "tokenizer_class": "LukeTokenizer",
        "backend": "tokenizers",
    }
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    ours = LukeTokenizer.from_pretrained(tmp_path)
    assert len(ours) == len(expected)
    for task in both.TASKS:
        expected.task = ours.task = task
        spans = SPANS[: 1 if task == "entity_classification" else 2]
        assert dict(ours(TEXT, entity_spans=spans)) == dict(expected(TEXT, entity_spans=spans))


def test_unknown_settings_are_kept(tmp_path: Path) -> None:
    save(tmp_path, "LukeModel")
    edit(tmp_path / "config.json", bert_model_name="roberta-base", cls_entity_prediction=False)
    config = LukeConfig.from_pretrained(tmp_path)
    assert (config.bert_model_name, config.cls_entity_prediction) == ("roberta-base", False)
    assert spacy_luke.LukeModel.from_pretrained(tmp_path).config.bert_model_name == "roberta-base"
