"""Folders that transformers wrote load here, folders that we wrote load there, and both compute the same."""

from __future__ import annotations

import pytest
import torch

from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.model import LukeModel

transformers = pytest.importorskip("transformers")

SIZES = {
    "vocab_size": 50,
    "entity_vocab_size": 20,
    "hidden_size": 16,
    "entity_emb_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
}


@pytest.fixture(scope="module")
def theirs():
    torch.manual_seed(0)
    return transformers.LukeModel(transformers.LukeConfig(**SIZES)).eval()


@pytest.fixture(scope="module")
def inputs():
    gen = torch.Generator().manual_seed(0)
    return {
        "input_ids": torch.randint(2, 50, (2, 7), generator=gen),
        "entity_ids": torch.randint(1, 20, (2, 3), generator=gen),
        "entity_position_ids": torch.randint(0, 7, (2, 3, 4), generator=gen),
    }


def same(one, two, inputs):
    with torch.no_grad():
        got, wanted = one(**inputs), two(**inputs)
    for name in ("last_hidden_state", "entity_last_hidden_state"):
        torch.testing.assert_close(got[name], wanted[name], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("safe", [True, False], ids=["safetensors", "pickle"])
@pytest.mark.parametrize("shard", ["5GB", "5KB"], ids=["whole", "sharded"])
def test_theirs_loads_here(safe, shard, theirs, inputs, tmp_path):
    theirs.save_pretrained(tmp_path, safe_serialization=safe, max_shard_size=shard)
    assert len(list(tmp_path.glob("*.index.json"))) == (shard == "5KB")
    ours = LukeModel.from_pretrained(tmp_path)
    same(ours, theirs, inputs)
    with torch.no_grad():
        torch.testing.assert_close(ours(**inputs)[1], theirs(**inputs)[1], atol=1e-5, rtol=1e-5)


def test_ours_loads_there(inputs, tmp_path):
    torch.manual_seed(1)
    ours = LukeModel(LukeConfig(**SIZES, id2label={0: "a", 1: "b", 2: "c"}, my_field=[1])).eval()
    ours.save_pretrained(tmp_path)
    back, info = transformers.LukeModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values())
    same(back.eval(), ours, inputs)
    assert back.config.id2label == {0: "a", 1: "b", 2: "c"}
    assert back.config.my_field == [1]


@pytest.mark.parametrize(
    "head",
    [
        "LukeForMaskedLM",
        "LukeForEntityClassification",
        "LukeForEntityPairClassification",
        "LukeForEntitySpanClassification",
        "LukeForSequenceClassification",
        "LukeForMultipleChoice",
        "LukeForTokenClassification",
        "LukeForQuestionAnswering",
    ],
)
def test_encoder_of_every_published_head(head, inputs, tmp_path):
    torch.manual_seed(2)
    model = getattr(transformers, head)(transformers.LukeConfig(**SIZES)).eval()
    model.save_pretrained(tmp_path)
    pooled = model.luke.pooler is not None
    ours = LukeModel.from_pretrained(tmp_path, add_pooling_layer=pooled)
    same(ours, model.luke, inputs)


def test_original_release_without_prefix_but_with_heads(theirs, inputs, tmp_path):
    # studio-ousia/luke-base: encoder without prefix, position buffer, both language-model heads
    theirs.save_pretrained(tmp_path, safe_serialization=False)
    weights = torch.load(tmp_path / "pytorch_model.bin", weights_only=True)
    weights |= {
        "embeddings.position_ids": torch.arange(40)[None],
        "lm_head.dense.weight": torch.zeros(16, 16),
        "entity_predictions.bias": torch.zeros(20),
    }
    torch.save(weights, tmp_path / "pytorch_model.bin")
    same(LukeModel.from_pretrained(tmp_path), theirs, inputs)


def test_config_goes_both_ways(tmp_path):
    settings = {
        **SIZES,
        "id2label": {0: "x", 1: "y"},
        "label2id": {"x": 0, "y": 1},
        "classifier_dropout": 0.3,
    }
    theirs = transformers.LukeConfig(**settings, bert_model_name="roberta-base")
    theirs.save_pretrained(tmp_path)
    ours = LukeConfig.from_pretrained(tmp_path)
    for name in (
        *settings,
        "bert_model_name",
        "num_labels",
        "pad_token_id",
        "bos_token_id",
        "use_return_dict",
    ):
        assert getattr(ours, name) == getattr(theirs, name), name
    ours.save_pretrained(tmp_path)
    back = transformers.LukeConfig.from_pretrained(tmp_path)
    assert {n: v for n, v in back.to_dict().items() if n in theirs.to_dict()} == theirs.to_dict()
