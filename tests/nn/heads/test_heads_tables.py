"""Tables of other sizes, ties between weights, gradient checkpointing, and what cannot be done."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

import spacy_luke

MODELS = ("LukeModel", "LukeForMaskedLM", "LukeForEntityClassification", "LukeForQuestionAnswering")


@pytest.fixture
def make(tiny_config):
    def build(name, **changes):
        torch.manual_seed(0)
        return getattr(spacy_luke, name)(tiny_config(**changes)).eval()

    return build


def is_tied(model):
    return (
        model.lm_head.decoder.weight is model.get_input_embeddings().weight
        and model.lm_head.decoder.bias is model.lm_head.bias
        and model.entity_predictions.decoder.weight is model.get_entity_embeddings().weight
    )


# --- resizing ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [60, 44])
def test_word_table(name, size, make, luke_inputs):
    model, inputs = make(name), luke_inputs()
    inputs["input_ids"] %= 44
    old, before = model.get_input_embeddings().weight.clone(), model(**inputs)
    table = model.resize_token_embeddings(size)
    assert table is model.get_input_embeddings()
    assert (table.num_embeddings, len(table.weight), model.config.vocab_size) == (size, size, size)
    assert model.base_model.config.vocab_size == size
    assert torch.equal(table.weight[:44], old[:44])
    if size > len(old):
        assert torch.allclose(table.weight[len(old) :], old.mean(0).expand(size - len(old), -1))
    after = model(**inputs)
    same = slice(44) if name == "LukeForMaskedLM" else slice(None)
    torch.testing.assert_close(after[0][..., same], before[0][..., same])
    model.resize_token_embeddings(size + 7, mean_resizing=False)
    new = table.weight[size:]
    assert 0.1 < new.std() < 0.6  # initializer_range is 0.3
    assert table.weight.requires_grad


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [30, 5])
def test_entity_table(name, size, make, luke_inputs):
    model, inputs = make(name), luke_inputs()
    inputs["entity_ids"] = inputs["entity_ids"] % 4 + 1
    before = model(**inputs)
    table = model.resize_entity_embeddings(size)
    assert table is model.get_entity_embeddings()
    assert (table.num_embeddings, len(table.weight), model.config.entity_vocab_size) == (size, size, size)
    after = model(**inputs)
    assert torch.equal(after[0], before[0])
    if name == "LukeForMaskedLM":
        assert after.entity_logits.shape[-1] == model.entity_predictions.decoder.out_features == size
        torch.testing.assert_close(after.entity_logits[..., :5], before.entity_logits[..., :5])


def test_scores_keep_step_with_the_tables(make, luke_inputs, tmp_path):
    model, inputs = make("LukeForMaskedLM"), luke_inputs()
    with torch.no_grad():
        model.lm_head.bias.normal_()
        model.entity_predictions.bias.normal_()
    model.resize_token_embeddings(53)
    model.resize_entity_embeddings(pad_to_multiple_of=8)
    assert is_tied(model)
    model.resize_token_embeddings(55, mean_resizing=False)
    assert model.lm_head.bias.ne(0).tolist() == [True] * 50 + [False] * 5
    assert model.entity_predictions.bias.ne(0).tolist() == [True] * 20 + [False] * 4
    inputs["input_ids"][0, 0], inputs["entity_ids"][0, 0] = 54, 23
    out = model(**inputs)
    assert (out.logits.shape[-1], out.entity_logits.shape[-1]) == (55, 24)
    assert model.lm_head.decoder.out_features == 55
    model.save_pretrained(tmp_path)
    loaded = spacy_luke.LukeForMaskedLM.from_pretrained(tmp_path)
    torch.testing.assert_close(loaded(**inputs).logits, out.logits)
    torch.testing.assert_close(loaded(**inputs).entity_logits, out.entity_logits)


def test_untied_scores_are_resized_by_themselves(make):
    model = make("LukeForMaskedLM", tie_word_embeddings=False)
    nn.init.normal_(model.lm_head.bias)
    old, bias = model.get_output_embeddings().weight.clone(), model.lm_head.bias.clone()
    model.resize_token_embeddings(52)
    scores = model.get_output_embeddings().weight
    assert torch.allclose(model.lm_head.bias[50:], bias.mean())
    assert model.resize_token_embeddings(53, mean_resizing=False).num_embeddings == 53
    assert model.lm_head.bias[52] == 0
    assert torch.equal(scores[:50], old)
    assert torch.allclose(scores[50:52], old.mean(0).expand(2, -1))
    assert scores is not model.get_input_embeddings().weight


def test_multiples(make):
    model = make("LukeModel")
    assert model.resize_token_embeddings().num_embeddings == 50
    assert model.resize_token_embeddings(pad_to_multiple_of=64).num_embeddings == 64
    assert model.resize_token_embeddings(64, pad_to_multiple_of=64).num_embeddings == 64
    assert model.resize_token_embeddings(5, pad_to_multiple_of=8).num_embeddings == 8
    assert model.resize_entity_embeddings(21, pad_to_multiple_of=2).num_embeddings == 22


@pytest.mark.parametrize("value", [0, -3, 1.3, True, "7"])
def test_sizes_that_are_none(value, make):
    model = make("LukeModel")
    for method, name in (
        (model.resize_token_embeddings, "new_num_tokens"),
        (model.resize_entity_embeddings, "new_num_entities"),
    ):
        with pytest.raises(ValueError, match=rf"{name} is {value!r}; allowed is an integer of at least"):
            method(value)
        with pytest.raises(ValueError, match=rf"pad_to_multiple_of is {value!r}"):
            method(pad_to_multiple_of=value)
    assert model.config.vocab_size == 50


def test_the_padding_row_stays(make):
    with pytest.raises(ValueError, match="new_num_tokens is 4; allowed is an integer of at least 5"):
        make("LukeModel", pad_token_id=4).resize_token_embeddings(4)


def test_frozen_tables_stay_frozen(make):
    model = make("LukeModel")
    model.get_input_embeddings().weight.requires_grad_(False)
    assert not model.resize_token_embeddings(60).weight.requires_grad


# --- exchanging and tying ----------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_exchange_of_tables(name, make, luke_inputs):
    model, inputs = make(name), luke_inputs()
    words, entities = nn.Embedding(50, 16), nn.Embedding(20, 8)
    before = model(**inputs)[0]
    model.set_input_embeddings(words)
    model.set_entity_embeddings(entities)
    model.tie_weights()
    assert model.get_input_embeddings() is words
    assert model.base_model.embeddings.word_embeddings is words
    assert model.get_entity_embeddings() is entities
    assert not torch.allclose(model(**inputs)[0], before)
    if name == "LukeForMaskedLM":
        assert is_tied(model)
    else:
        assert model.get_output_embeddings() is None
        assert model.tied_weights() == {}


def test_exchange_of_what_scores_words(make, luke_inputs):
    model, inputs = make("LukeForMaskedLM", tie_word_embeddings=False), luke_inputs()
    scores = nn.Linear(16, 50)
    model.set_output_embeddings(scores)
    assert model.get_output_embeddings() is scores
    got = model(**inputs).logits
    model.tie_weights()
    assert torch.equal(model(**inputs).logits, got)
    assert scores.bias is model.lm_head.bias


@pytest.mark.parametrize("way", ["copy", "pickle", "half", "load"])
def test_ties_survive(way, make):
    model = make("LukeForMaskedLM")
    if way == "copy":
        model = copy.deepcopy(model)
    elif way == "pickle":
        model = pickle.loads(pickle.dumps(model))
    elif way == "half":
        model = model.to(torch.bfloat16)
    else:
        model.load_state_dict(make("LukeForMaskedLM").state_dict(), assign=True)
    assert is_tied(model)
    assert len({id(weight) for weight in model.parameters()}) == len(list(model.parameters()))


def test_missing_weights_are_still_missing(make):
    model = make("LukeForMaskedLM")
    weights = {name: w for name, w in model.state_dict().items() if "embeddings.word" not in name}
    assert model.load_state_dict(weights) == ([], [])  # the scores have it
    del weights["lm_head.decoder.weight"]
    with pytest.raises(RuntimeError, match=r"luke.embeddings.word_embeddings.weight"):
        model.load_state_dict(weights)
    missing, unexpected = model.load_state_dict({**weights, "other": torch.zeros(1)}, strict=False)
    assert missing == ["luke.embeddings.word_embeddings.weight", "lm_head.decoder.weight"]
    assert unexpected == ["other"]


def test_new_weights(make):
    model = make("LukeForMaskedLM")
    assert is_tied(model)
    assert not model.get_input_embeddings().weight[1].any()  # padding
    assert not model.entity_predictions.bias.any()
    assert not model.lm_head.bias.any()
    assert 0.2 < make("LukeForEntityClassification").classifier.weight.std() < 0.4


# --- gradient checkpointing --------------------------------------------------------------


@pytest.mark.parametrize("kwargs", [None, {"use_reentrant": True}])
@pytest.mark.parametrize("name", ["LukeModel", "LukeForEntityClassification"])
def test_gradient_checkpointing(name, kwargs, make, luke_inputs, monkeypatch):
    model, inputs = make(name), luke_inputs()
    passes = []
    layer = model.base_model.encoder.layers()[0]
    layer.register_forward_pre_hook(lambda *_: passes.append(1))

    def gradients():
        passes.clear()
        model.zero_grad()
        torch.manual_seed(3)  # dropout acts, and repeats itself
        out = model(**inputs, output_hidden_states=True)
        out[0].square().sum().backward()
        return out, {key: weight.grad for key, weight in model.named_parameters() if weight.grad is not None}

    model.train()
    plain, wanted = gradients()
    assert not model.is_gradient_checkpointing
    assert len(passes) == 1
    model.gradient_checkpointing_enable(kwargs)
    assert model.is_gradient_checkpointing
    saved, got = gradients()
    assert len(passes) == 2  # computed again for the gradients
    assert torch.equal(saved[0], plain[0])
    assert len(saved.hidden_states) == len(plain.hidden_states) == 3
    assert list(got) == list(wanted)
    for key, grad in wanted.items():
        torch.testing.assert_close(got[key], grad, msg=lambda text, key=key: f"{key}: {text}")
    model.eval()
    gradients()
    assert len(passes) == 1
    model.train()
    model.gradient_checkpointing_disable()
    gradients()
    assert len(passes) == 1


@pytest.mark.parametrize("name", MODELS)
def test_heads_of_attention_are_not_pruned(name, make):
    with pytest.raises(NotImplementedError, match=r"can't be pruned \(\{0: \[1\]\}\).*head_mask"):
        make(name).prune_heads({0: [1]})


def test_what_old_configurations_ask_for(make):
    assert make("LukeForEntityClassification", gradient_checkpointing=True).is_gradient_checkpointing
    assert not make("LukeModel", gradient_checkpointing=False, pruned_heads={}).is_gradient_checkpointing
    with pytest.raises(NotImplementedError, match=r"can't be pruned \(\{0: \[1\]\}\)"):
        make("LukeModel", pruned_heads={0: [1]})
