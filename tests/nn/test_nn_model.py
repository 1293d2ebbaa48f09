"""LukeModel: the switches, the cached word pass, outputs and errors."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_luke.nn import attention
from spacy_luke.nn.model import LukeModel

ARROWS = [(True, True), (True, False), (False, True), (False, False)]
CUT = {"words_attend_to_entities": False, "entities_attend_to_entities": False}
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def close(got, wanted, mask=None, atol=1e-5):
    if mask is not None:
        got, wanted = got[mask.bool()], wanted[mask.bool()]
    torch.testing.assert_close(got, wanted, atol=atol, rtol=0)


def encode(model, inputs, **kwargs):
    words = model.encode_words(inputs["input_ids"], inputs["attention_mask"])
    entities = model.encode_entities(
        words,
        inputs["entity_ids"],
        inputs["entity_position_ids"],
        inputs["entity_attention_mask"],
        **kwargs,
    )
    return words, entities


# --- who reads whom ----------------------------------------------------------------------


@pytest.mark.parametrize("fold_from", [0, 1 << 40], ids=["folded", "unfolded"])
@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize(("words", "entities"), ARROWS)
@pytest.mark.parametrize("padded", [True, False])
def test_forward_follows_the_equations(
    words, entities, aware, padded, fold_from, tiny_model, luke_inputs, naive, monkeypatch
):
    monkeypatch.setattr(attention, "FOLD_FROM", {torch.float32: (fold_from, 0)})
    model = tiny_model(
        words_attend_to_entities=words,
        entities_attend_to_entities=entities,
        use_entity_aware_attention=aware,
    )
    inputs = luke_inputs(padded=padded)
    word_states, entity_states = naive(model, inputs)
    out = model(**inputs)
    close(out.last_hidden_state, word_states, inputs["attention_mask"])
    close(out.entity_last_hidden_state, entity_states, inputs["entity_attention_mask"])
    slow = model(**inputs, output_attentions=True)
    close(slow.last_hidden_state, word_states, inputs["attention_mask"])
    close(slow.entity_last_hidden_state, entity_states, inputs["entity_attention_mask"])


@pytest.mark.parametrize("entities", [True, False])
@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("fold_from", [0, 1 << 40], ids=["folded", "unfolded"])
def test_cached_word_pass_equals_forward(
    entities, aware, padded, fold_from, tiny_model, luke_inputs, naive, monkeypatch
):
    monkeypatch.setattr(attention, "FOLD_FROM", {torch.float32: (fold_from, 0)})
    model = tiny_model(
        words_attend_to_entities=False,
        entities_attend_to_entities=entities,
        use_entity_aware_attention=aware,
    )
    inputs = luke_inputs(padded=padded)
    full = model(**inputs, output_attentions=True)
    words, states = encode(model, inputs, output_attentions=True)
    close(words.last_hidden_state, full.last_hidden_state, inputs["attention_mask"])
    close(states.last_hidden_state, full.entity_last_hidden_state, inputs["entity_attention_mask"])
    n_words = inputs["input_ids"].shape[1]
    wanted = full.attentions[-1][:, :, n_words:, :n_words].mean(1)
    close(states.attentions, wanted, inputs["entity_attention_mask"])
    assert encode(model, inputs)[1].attentions is None
    close(
        encode(model, inputs)[1].last_hidden_state, naive(model, inputs)[1], inputs["entity_attention_mask"]
    )


@pytest.mark.parametrize("entities", [True, False])
def test_cached_word_pass_has_the_gradients_of_the_equations(entities, tiny_model, luke_inputs, naive):
    cut = {"words_attend_to_entities": False, "entities_attend_to_entities": entities}
    fast, slow = tiny_model(**cut), tiny_model(**cut)
    inputs = luke_inputs()
    weight = torch.randn(16, generator=torch.Generator().manual_seed(3))
    mask = inputs["entity_attention_mask"].bool()
    (encode(fast, inputs)[1].last_hidden_state[mask] @ weight).sum().backward()
    (naive(slow, inputs)[1][mask] @ weight).sum().backward()
    touched = 0
    for (name, got), wanted in zip(fast.named_parameters(), slow.parameters(), strict=True):
        # What entities do not read, such as the last layer's word queries, has no gradient or a zero one.
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in (got, wanted)]
        torch.testing.assert_close(*grads, atol=1e-4, rtol=1e-4, msg=name)
        touched += bool(grads[0].any())
    assert touched > 30


def test_words_do_not_depend_on_entities_only_when_cut(tiny_model, luke_inputs):
    one, two = luke_inputs(seed=1), luke_inputs(seed=2)
    two["input_ids"], two["attention_mask"] = one["input_ids"], one["attention_mask"]
    cut, full = tiny_model(words_attend_to_entities=False), tiny_model()
    assert torch.equal(cut(**one).last_hidden_state, cut(**two).last_hidden_state)
    assert not torch.allclose(full(**one).last_hidden_state, full(**two).last_hidden_state, atol=1e-2)


@pytest.mark.parametrize("words", [True, False])
def test_entities_do_not_depend_on_others_only_when_cut(words, tiny_model, luke_inputs):
    # With words that read entities, two entities still meet in the words from the second layer on.
    inputs = luke_inputs(padded=False)
    alone = dict(inputs)
    for name in ("entity_ids", "entity_position_ids", "entity_attention_mask"):
        alone[name] = inputs[name][:, :1]
    for entities in (True, False):
        model = tiny_model(
            words_attend_to_entities=words, entities_attend_to_entities=entities, num_hidden_layers=1
        )
        together = model(**inputs).entity_last_hidden_state[:, :1]
        same = torch.allclose(together, model(**alone).entity_last_hidden_state, atol=1e-5)
        assert same is not entities


@quick
@given(data=st.data())
def test_candidates_can_come_in_any_order_and_company(data, tiny_model, luke_inputs):
    model, inputs = tiny_model(**CUT), luke_inputs(words=12, entities=7, padded=False)
    words, states = encode(model, inputs)
    picked = data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=10))
    some = model.encode_entities(
        words, inputs["entity_ids"][:, picked], inputs["entity_position_ids"][:, picked]
    )
    close(some.last_hidden_state, states.last_hidden_state[:, picked])


@quick
@given(extra=st.integers(1, 20), entities=st.booleans())
def test_padding_changes_nothing(extra, entities, tiny_model, luke_inputs):
    model = tiny_model(words_attend_to_entities=False, entities_attend_to_entities=entities)
    inputs = luke_inputs()
    words, states = encode(model, inputs)
    padded = dict(inputs)
    padded["input_ids"] = torch.nn.functional.pad(inputs["input_ids"], (0, extra), value=1)
    padded["attention_mask"] = torch.nn.functional.pad(inputs["attention_mask"], (0, extra))
    more_words, more_states = encode(model, padded)
    n_words = inputs["input_ids"].shape[1]
    close(more_words.last_hidden_state[:, :n_words], words.last_hidden_state, inputs["attention_mask"])
    close(more_states.last_hidden_state, states.last_hidden_state, inputs["entity_attention_mask"])


def test_no_entities_at_all(tiny_model, luke_inputs):
    model, inputs = tiny_model(**CUT), luke_inputs(entities=0)
    words, states = encode(model, inputs, output_attentions=True)
    assert states.last_hidden_state.shape == (2, 0, 16)
    assert states.attentions.shape == (2, 0, 9)
    close(model(**inputs).last_hidden_state, words.last_hidden_state)


# --- training ----------------------------------------------------------------------------


@pytest.mark.parametrize("entities", [True, False])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_trains_under_bfloat16_autocast(entities, dropout, tiny_model, luke_inputs):
    model = tiny_model(
        words_attend_to_entities=False,
        entities_attend_to_entities=entities,
        attention_probs_dropout_prob=dropout,
        hidden_dropout_prob=dropout,
    ).train()
    inputs = luke_inputs()
    inputs["attention_mask"][1] = 0  # a row of padding only must not turn into NaN
    with torch.autocast("cpu", dtype=torch.bfloat16):
        words, states = encode(model, inputs)
        loss = states.last_hidden_state.float().square().mean() + words.last_hidden_state.float().mean()
    loss.backward()
    assert torch.isfinite(states.last_hidden_state).all()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_bfloat16_autocast_is_near_float32(tiny_model, luke_inputs):
    model, inputs = tiny_model(**CUT), luke_inputs()
    wanted = encode(model, inputs)[1].last_hidden_state
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = encode(model, inputs)[1].last_hidden_state.float()
    close(got, wanted, inputs["entity_attention_mask"], atol=0.1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_runs_in_other_types(dtype, tiny_model, luke_inputs):
    model, inputs = tiny_model(), luke_inputs()
    wanted = model(**inputs).entity_last_hidden_state
    out = model.to(dtype)(**inputs)
    assert out.entity_last_hidden_state.dtype == dtype == model.dtype
    close(out.entity_last_hidden_state.float(), wanted, inputs["entity_attention_mask"], atol=0.2)


@pytest.mark.parametrize("name", ["hidden_dropout_prob", "attention_probs_dropout_prob"])
def test_dropout_acts_in_training_only(name, tiny_model, luke_inputs):
    off = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    inputs = luke_inputs()
    model = tiny_model(**CUT, **off | {name: 0.5})
    assert torch.equal(encode(model, inputs)[1].last_hidden_state, encode(model, inputs)[1].last_hidden_state)
    model.train()
    assert not torch.equal(
        encode(model, inputs)[1].last_hidden_state, encode(model, inputs)[1].last_hidden_state
    )
    still = tiny_model(**CUT, **off).train()
    close(encode(still, inputs)[1].last_hidden_state, encode(still.eval(), inputs)[1].last_hidden_state)


# --- options -----------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["relu", "silu", "gelu_new", torch.tanh])
def test_hidden_act_takes_effect(act, tiny_model, luke_inputs):
    inputs = luke_inputs()
    gelu, other = tiny_model()(**inputs), tiny_model(hidden_act=act)(**inputs)
    difference = (gelu.last_hidden_state - other.last_hidden_state).abs().max()
    assert difference > (1e-6 if act == "gelu_new" else 1e-2)


def test_configured_outputs_are_defaults(tiny_model, luke_inputs):
    inputs = luke_inputs()
    out = tiny_model(output_attentions=True, output_hidden_states=True, return_dict=False)(**inputs)
    assert isinstance(out, tuple)
    words, pooled, hidden, attentions, entities, entity_hidden = out
    assert (words.shape, pooled.shape, entities.shape) == ((2, 9, 16), (2, 16), (2, 4, 16))
    assert len(hidden) == len(entity_hidden) == 3
    assert len(attentions) == 2
    assert attentions[0].shape == (2, 4, 13, 13)
    plain = tiny_model()(**inputs)
    assert plain.attentions is plain.hidden_states is plain.entity_hidden_states is None


def test_output_is_attribute_item_and_tuple(tiny_model, luke_inputs):
    out = tiny_model()(**luke_inputs())
    assert out.keys() == {"last_hidden_state", "pooler_output", "entity_last_hidden_state"}
    assert list(out) == list(out.keys())
    assert len(out) == len(out.values()) == 3
    assert (
        out["pooler_output"]
        is out[1]
        is out.pooler_output
        is out.to_tuple()[1]
        is dict(out.items())["pooler_output"]
    )
    assert out[1:] == out.to_tuple()[1:]
    assert out.get("attentions", "none") == "none"
    assert "attentions" not in out
    with pytest.raises(KeyError):
        out["attentions"]


def test_copies_compute_the_same(tiny_model, luke_inputs):
    model, inputs = tiny_model(hidden_act="gelu_new"), luke_inputs()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(twin(**inputs).last_hidden_state, model(**inputs).last_hidden_state)
        assert twin.config == model.config


def test_attention_rows_are_probabilities_with_cut_arrows_at_zero(tiny_model, luke_inputs):
    out = tiny_model(**CUT)(**luke_inputs(padded=False), output_attentions=True)
    square = out.attentions[0]
    close(square.sum(-1), torch.ones_like(square[..., 0]))
    assert not square[:, :, :9, 9:].any()
    others = square[:, :, 9:, 9:] * (1 - torch.eye(4))
    assert not others.any()
    assert (square[:, :, 9:, 9:].diagonal(dim1=-2, dim2=-1) > 0).all()


def test_without_pooler_there_is_no_pooled_output(tiny_config, luke_inputs):
    model = LukeModel(tiny_config(), add_pooling_layer=False)
    out = model(**luke_inputs())
    assert out.pooler_output is None
    assert model(**luke_inputs(), return_dict=False)[1] is None
    assert not any(name.startswith("pooler") for name in model.state_dict())


# --- errors ------------------------------------------------------------------------------


def test_long_text_is_refused_only_when_it_is_too_long(tiny_model):
    model = tiny_model()
    ids = torch.full((1, 50), 1)
    ids[:, :38] = 5
    assert model(ids).last_hidden_state.shape == (1, 50, 16)  # 38 words and padding
    ids[:, 38] = 5
    with pytest.raises(ValueError, match=r"39 word pieces.* reads 38 at most"):
        model(ids)
    with pytest.raises(ValueError, match="39 word pieces"):
        model(inputs_embeds=torch.zeros(1, 39, 16))


def test_ids_that_the_tables_lack_are_refused(tiny_model, luke_inputs):
    model, inputs = tiny_model(), luke_inputs()
    for name, last in (("input_ids", 49), ("entity_ids", 19)):
        wrong = inputs[name].clone()
        wrong[0, 0] = last + 1
        with pytest.raises(ValueError, match=f"{name} has values outside of 0 to {last}.*belong together"):
            model(**{**inputs, name: wrong})


def test_wrong_inputs_are_refused(tiny_model, luke_inputs):
    model, inputs = tiny_model(), luke_inputs()
    ids = inputs["input_ids"]
    with pytest.raises(ValueError, match="either input_ids or inputs_embeds"):
        model()
    with pytest.raises(ValueError, match="either input_ids or inputs_embeds"):
        model(ids, inputs_embeds=torch.zeros(2, 9, 16))
    with pytest.raises(ValueError, match="entity_position_ids, but one is missing"):
        model(ids, entity_ids=inputs["entity_ids"])
    with pytest.raises(ValueError, match=r"attention_mask has the shape \(2, 8\), but needs \(2, 9\)"):
        model(ids, inputs["attention_mask"][:, 1:])
    for name in ("entity_ids", "entity_position_ids", "entity_attention_mask"):
        with pytest.raises(ValueError, match=f"{name} has the shape"):
            model(**{**inputs, name: inputs[name][:1]})
    with pytest.raises(ValueError, match=r"head_mask has the shape \(3,\), but needs \(2, 4\)"):
        model(ids, head_mask=torch.ones(3))


def test_word_pass_needs_cut_arrows(tiny_model, luke_inputs):
    inputs = luke_inputs()
    words = tiny_model(**CUT).encode_words(inputs["input_ids"])
    model = tiny_model()
    with pytest.raises(ValueError, match="words_attend_to_entities"):
        model.encode_words(inputs["input_ids"])
    with pytest.raises(ValueError, match="words_attend_to_entities"):
        model.encode_entities(words, inputs["entity_ids"], inputs["entity_position_ids"])
