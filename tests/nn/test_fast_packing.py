"""Packed rows against the padded way of computing: the same states, gradients and attentions, with less work."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_luke.nn import attention, encoder
from spacy_luke.nn.layout import lay_out
from spacy_luke.nn.model import LukeModel

SWITCHES = ("words_attend_to_entities", "entities_attend_to_entities", "use_entity_aware_attention")
ARROWS = [
    dict(zip(SWITCHES, (w, e, a), strict=True))
    for w in (True, False)
    for e in (True, False)
    for a in (True, False)
]
some = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def batches(draw):
    """Any lengths and any masks: with holes, all zero, or none at all."""
    batch, words, entities = draw(st.integers(1, 5)), draw(st.integers(1, 8)), draw(st.integers(0, 4))
    gen = torch.Generator().manual_seed(draw(st.integers(0, 1000)))

    def mask(places):
        kind = draw(st.sampled_from(["none", "ends", "holes"]))
        if kind == "none":
            return None
        if kind == "ends":
            return (torch.arange(places) < torch.randint(0, places + 1, (batch, 1), generator=gen)).long()
        return torch.randint(0, 2, (batch, places), generator=gen)

    return {
        "input_ids": torch.randint(2, 50, (batch, words), generator=gen),
        "attention_mask": mask(words),
        "token_type_ids": torch.randint(0, 2, (batch, words), generator=gen),
        "entity_ids": torch.randint(1, 20, (batch, entities), generator=gen),
        "entity_position_ids": torch.randint(-1, words, (batch, entities, 3), generator=gen),
        "entity_attention_mask": mask(entities),
    }


def real(inputs, ids, mask):
    return torch.ones_like(inputs[ids]).bool() if inputs[mask] is None else inputs[mask].bool()


def compute(model, inputs, packed, *, cached=False, attentions=False):
    """Attended word and entity states, and attention over attended words."""
    words = real(inputs, "input_ids", "attention_mask")
    entities = real(inputs, "entity_ids", "entity_attention_mask")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LukeModel, "_can_pack", lambda self, inputs: packed)
        if not cached:
            out = model(**inputs)
            return out.last_hidden_state[words], out.entity_last_hidden_state[entities]
        kept = model.encode_words(inputs["input_ids"], inputs["attention_mask"], inputs["token_type_ids"])
        args = (inputs[n] for n in ("entity_ids", "entity_position_ids", "entity_attention_mask"))
        out = model.encode_entities(kept, *args, output_attentions=attentions)
    pairs = entities[:, :, None] & words[:, None, :]
    read = [] if out.attentions is None else [out.attentions[pairs]]
    return kept.last_hidden_state[words], out.last_hidden_state[entities], *read


def same(got, wanted, atol=1e-5):
    for mine, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(mine, other, atol=atol, rtol=0)


@pytest.mark.parametrize("arrows", ARROWS, ids=str)
@some
@given(inputs=batches(), fold=st.booleans())
def test_packed_forward_equals_padded(arrows, inputs, fold, tiny_model):
    model = tiny_model(**arrows)
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(attention, "FOLD_FROM", {torch.float32: (0 if fold else 1 << 40, 0)})
        patch.setattr(encoder, "BLOCK", 3)  # in several blocks, the last of them smaller
        same(compute(model, inputs, True), compute(model, inputs, False))


@pytest.mark.parametrize("arrows", ARROWS[4:], ids=str)
@some
@given(inputs=batches(), attentions=st.booleans())
def test_packed_word_pass_equals_padded(arrows, inputs, attentions, tiny_model):
    model = tiny_model(**arrows)
    with torch.no_grad():
        got, wanted = (
            compute(model, inputs, packed, cached=True, attentions=attentions) for packed in (True, False)
        )
    assert len(got) == 2 + attentions
    same(got, wanted)


@pytest.mark.parametrize("arrows", ARROWS, ids=str)
@settings(some, max_examples=8)
@given(inputs=batches())
def test_packed_gradients_equal_padded(arrows, inputs, tiny_model):
    grads = []
    for packed in (True, False):
        model = tiny_model(**arrows).train()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        states = compute(model, inputs, packed)
        sum((s * torch.linspace(-1, 1, s.numel()).view_as(s)).sum() for s in states).backward()
        grads.append([torch.zeros_like(p) if p.grad is None else p.grad for p in model.parameters()])
    for got, wanted in zip(*grads, strict=True):
        torch.testing.assert_close(got, wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("train", [True, False])
def test_padding_is_not_computed(cached, train, tiny_model, luke_inputs):
    model = tiny_model(words_attend_to_entities=False).train(train)
    inputs = {"token_type_ids": None, **luke_inputs()}
    seen = []
    model.encoder.layers()[1].intermediate.register_forward_hook(
        lambda _, args, __: seen.append(len(args[0]))
    )
    compute(model, inputs, True, cached=cached)
    assert sum(seen) == int(inputs["attention_mask"].sum() + inputs["entity_attention_mask"].sum()) < 2 * 13


def test_rows_go_back_to_their_places():
    mask = torch.tensor([[1, 1, 1, 0], [0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]])
    layout = lay_out(mask.shape, mask, (4, 2), None, packed=True)
    padded = torch.arange(16.0).view(4, 4)
    assert layout.words.take(padded).tolist() == [5.0, 8.0, 11.0, 0.0, 1.0, 2.0]  # the shortest first
    assert torch.equal(layout.words.put(layout.words.take(padded)), padded * mask)
    assert [group.size for group in layout.groups] == [1, 1, 1, 1]
    assert [group.entities for group in layout.groups] == [slice(i, i + 2) for i in (0, 2, 4, 6)]


def test_sequences_of_equal_lengths_are_read_together():
    mask = torch.tensor([[1, 1], [1, 0], [1, 1], [0, 1]])
    layout = lay_out(mask.shape, mask, (4, 1), torch.tensor([[1], [0], [1], [1]]), packed=True)
    assert [group.size for group in layout.groups] == [1, 1, 2]
    full = lay_out((4, 2), None, (4, 1), None, packed=True)
    assert len(full.groups) == 1
    assert full.words.index is None


def test_trained_weights_act_at_once(tiny_model, luke_inputs):
    model, inputs = tiny_model(), luke_inputs()
    rows = inputs["attention_mask"].bool()
    with torch.no_grad():
        before = model(**inputs).last_hidden_state[rows]
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, fused=True)
    model(**inputs).last_hidden_state[rows].square()[:, 0].mean().backward()
    optimizer.step()
    with torch.no_grad():
        after = model(**inputs).last_hidden_state[rows]
        wanted = model(**inputs, output_attentions=True).last_hidden_state[rows]
    assert not torch.allclose(before, after, atol=1e-3)
    torch.testing.assert_close(after, wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("option", ["output_attentions", "output_hidden_states"])
def test_empty_batches_run(option, tiny_model):
    out = tiny_model()(torch.zeros(0, 5, dtype=torch.long), **{option: True})
    assert out.last_hidden_state.shape == (0, 5, 16)


# --- padding decides nothing -------------------------------------------------------------


def padded_on(side, inputs, extra):
    """The same texts with more padding on one side; entities' positions are those of words, so they don't move."""
    before = (extra, 0) if side == "left" else (0, extra)
    pad = torch.nn.functional.pad
    return {
        **inputs,
        "input_ids": pad(inputs["input_ids"], before, value=1),
        "attention_mask": pad(inputs["attention_mask"], before),
        "entity_ids": pad(inputs["entity_ids"], before),
        "entity_attention_mask": pad(inputs["entity_attention_mask"], before),
        "entity_position_ids": pad(inputs["entity_position_ids"], (0, 0, *before), value=-1),
    }


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("flags", [{}, {"output_hidden_states": True}, {"output_attentions": True}], ids=str)
def test_padding_has_no_states_on_any_device(packed, side, flags, tiny_model, luke_inputs, monkeypatch):
    model, inputs = tiny_model(), luke_inputs(padded=False)
    wanted = model(**inputs)
    monkeypatch.setattr(LukeModel, "_can_pack", lambda self, inputs: packed)
    given = padded_on(side, inputs, 3)
    got = model(**given, **flags)
    same([got.pooler_output], [wanted.pooler_output])
    for name, mask in (("last_hidden_state", "attention_mask"), ("entity_last_hidden_state",) * 2):
        real = given[mask if mask != name else "entity_attention_mask"].bool()
        same([got[name][real]], [wanted[name].flatten(0, 1)])
        assert not got[name][~real].any()
    if "output_hidden_states" in flags:
        assert torch.equal(got.hidden_states[-1], got.last_hidden_state)


def test_states_of_padding_are_computed_where_they_are_needed(tiny_model, luke_inputs, naive):
    inputs = luke_inputs()
    got = tiny_model()(**inputs, padding_needed=True)
    same([got.last_hidden_state, got.entity_last_hidden_state], naive(tiny_model(), inputs))
