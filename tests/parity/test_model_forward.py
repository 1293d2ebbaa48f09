"""LukeModel against transformers: the same random weights must give the same numbers."""

from __future__ import annotations

from functools import lru_cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_luke.nn import attention
from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.model import LukeModel

transformers = pytest.importorskip("transformers")

SIZES = {
    "vocab_size": 50,
    "entity_vocab_size": 20,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "initializer_range": 0.3,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
RESULTS = ("last_hidden_state", "pooler_output", "entity_last_hidden_state")


@lru_cache(maxsize=64)
def pair(**changes):
    """Their model and ours, with the same weights."""
    settings_ = {**SIZES, "entity_emb_size": 8, **changes}
    torch.manual_seed(0)
    theirs = transformers.LukeModel(transformers.LukeConfig(**settings_)).eval()
    ours = LukeModel(LukeConfig(**settings_)).eval()
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


@st.composite
def inputs(draw):
    """Any combination of the published arguments."""
    batch, words, entities = draw(st.integers(1, 3)), draw(st.integers(1, 12)), draw(st.integers(1, 5))
    gen = torch.Generator().manual_seed(draw(st.integers(0, 1000)))

    def ints(high, *shape, low=0):
        return torch.randint(low, high, shape, generator=gen)

    def mask(length):
        ends = ints(length + 1, batch, 1, low=1)
        kept = (torch.arange(length) < ends).long()
        return kept.float() if draw(st.booleans()) else kept

    # Without an attention mask, padding ids (1) anywhere are read like words, at the padding's position.
    given_ = {"input_ids": ints(50, batch, words) % draw(st.sampled_from([50, 4]))}
    if draw(st.booleans()):
        given_["attention_mask"] = mask(words)
        given_["input_ids"][given_["attention_mask"] == 0] = 1
    if draw(st.booleans()):
        given_ = {**given_, "inputs_embeds": torch.randn(batch, words, 16, generator=gen)}
        del given_["input_ids"]
    if draw(st.booleans()):
        given_["token_type_ids"] = ints(2, batch, words)
    if draw(st.booleans()):
        given_["position_ids"] = ints(40, batch, words)
    if draw(st.booleans()):
        given_["head_mask"] = ints(2, *draw(st.sampled_from([(4,), (2, 4)]))).float()
    if draw(st.booleans()):
        given_["entity_ids"] = ints(20, batch, entities)
        positions = ints(40, batch, entities, 6)
        given_["entity_position_ids"] = positions.masked_fill(
            torch.arange(6) >= ints(7, batch, entities, 1), -1
        )
        if draw(st.booleans()):
            given_["entity_attention_mask"] = mask(entities)
        if draw(st.booleans()):
            given_["entity_token_type_ids"] = ints(2, batch, entities)
    return given_


def attended(given_):
    """Which word and entity rows count."""
    first = given_.get("input_ids", given_.get("inputs_embeds"))
    words = given_.get("attention_mask", torch.ones(first.shape[:2])).bool()
    entities = None
    if "entity_ids" in given_:
        entities = given_.get("entity_attention_mask", torch.ones(given_["entity_ids"].shape)).bool()
    return words, entities


def close(got, wanted, rows=None):
    if rows is not None:
        got, wanted = got[rows], wanted[rows]
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("emb_size", [8, 16])
@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("fold_from", [0, 1 << 40], ids=["folded", "unfolded"])
@settings(max_examples=40, deadline=None)
@given(given_=inputs())
def test_forward(fold_from, aware, emb_size, given_):
    theirs, ours = pair(use_entity_aware_attention=aware, entity_emb_size=emb_size)
    words, entities = attended(given_)
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(attention, "FOLD_FROM", {torch.float32: (fold_from, 0)})
        wanted, got = theirs(**given_), ours(**given_)
    assert list(got) == list(wanted)
    close(got.last_hidden_state, wanted.last_hidden_state, words)
    close(got.pooler_output, wanted.pooler_output, words[:, 0])
    if entities is not None:
        close(got.entity_last_hidden_state, wanted.entity_last_hidden_state, entities)


@pytest.mark.parametrize("aware", [True, False])
@settings(max_examples=40, deadline=None)
@given(given_=inputs())
def test_states_and_attentions_of_all_layers(aware, given_):
    theirs, ours = pair(use_entity_aware_attention=aware)
    words, entities = attended(given_)
    everything = {"output_attentions": True, "output_hidden_states": True}
    with torch.no_grad():
        wanted, got = theirs(**given_, **everything), ours(**given_, **everything)
    rows = words if entities is None else torch.cat([words, entities], 1)
    assert len(got.attentions) == len(wanted.attentions) == 2
    for ours_, theirs_ in zip(got.attentions, wanted.attentions, strict=True):
        close(ours_.transpose(1, 2), theirs_.transpose(1, 2), rows)
    assert len(got.hidden_states) == len(wanted.hidden_states) == 3
    for ours_, theirs_ in zip(got.hidden_states, wanted.hidden_states, strict=True):
        close(ours_, theirs_, words)
    if entities is None:
        assert got.entity_hidden_states == wanted.entity_hidden_states == (None,) * 3
    else:
        for ours_, theirs_ in zip(got.entity_hidden_states, wanted.entity_hidden_states, strict=True):
            close(ours_, theirs_, entities)
    with torch.no_grad():
        ours_, theirs_ = (m(**given_, **everything, return_dict=False) for m in (ours, theirs))
    for mine, other in zip(ours_, theirs_, strict=True):
        assert type(mine) is type(other)
        assert len(mine) == len(other)


@pytest.mark.parametrize("aware", [True, False])
@settings(max_examples=20, deadline=None)
@given(given_=inputs())
def test_gradients(aware, given_):
    theirs, ours = pair(use_entity_aware_attention=aware)
    words, entities = attended(given_)
    for model in (theirs, ours):
        model.zero_grad(set_to_none=True)
        out = model(**given_)
        states = [out.last_hidden_state[words]]
        if entities is not None:
            states.append(out.entity_last_hidden_state[entities])
        # The norm at the end would hide a plain sum.
        sum((s * torch.linspace(-1, 1, s.numel()).view_as(s)).sum() for s in states).backward()
    for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        pair_ = [torch.zeros_like(p) if p.grad is None else p.grad for p in (mine, other)]
        torch.testing.assert_close(
            *pair_, atol=1e-4, rtol=1e-4, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("act", ["gelu", "gelu_new", "relu", "silu"])
def test_activations(act):
    theirs, ours = pair(hidden_act=act)
    ids = torch.arange(2, 14).view(2, 6)
    close(ours(ids).last_hidden_state, theirs(ids).last_hidden_state)


@pytest.mark.parametrize("heads", [1, 2, 8])
def test_without_pooler_and_with_other_heads(heads):
    theirs, ours = pair(num_attention_heads=heads, type_vocab_size=3, layer_norm_eps=1e-5)
    ids, types = torch.arange(2, 14).view(2, 6), torch.full((2, 6), 2)
    close(ours(ids, token_type_ids=types)[0], theirs(ids, token_type_ids=types)[0])
    bare = LukeModel(ours.config, add_pooling_layer=False).eval()
    bare.load_state_dict({k: v for k, v in ours.state_dict().items() if not k.startswith("pooler")})
    assert bare(ids, return_dict=False)[1] is None


def test_parameters_in_published_order_and_shape():
    theirs, ours = pair()
    assert [(n, p.shape) for n, p in ours.named_parameters()] == [
        (n, p.shape) for n, p in theirs.named_parameters()
    ]
    assert list(ours.state_dict()) == list(theirs.state_dict())


def test_new_weights_are_drawn_alike():
    torch.manual_seed(0)
    ours = LukeModel(LukeConfig(**{**SIZES, "vocab_size": 5000}))
    for name, weight in ours.named_parameters():
        if "LayerNorm.weight" in name:
            assert (weight == 1).all()
        elif name.endswith("bias"):
            assert not weight.any()
        else:
            assert weight.std().item() == pytest.approx(0.3, rel=0.15), name
    assert not ours.embeddings.word_embeddings.weight[1].any()
    assert not ours.embeddings.position_embeddings.weight[1].any()
    assert not ours.entity_embeddings.entity_embeddings.weight[0].any()


def test_config_defaults_are_the_published_ones():
    theirs = transformers.LukeConfig().to_dict()
    ours = LukeConfig().to_dict()
    for name in set(ours) & set(theirs) - {"id2label", "label2id"}:
        assert ours[name] == theirs[name], name
    assert set(ours) - set(theirs) == {"words_attend_to_entities", "entities_attend_to_entities"}
    assert ours["id2label"] == theirs["id2label"] == {0: "LABEL_0", 1: "LABEL_1"}
