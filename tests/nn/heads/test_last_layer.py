"""Heads on entities leave the words out of the last layer, and answer and learn as if they hadn't."""

from __future__ import annotations

import pytest
import torch

import spacy_luke

HEADS = ("LukeForEntityClassification", "LukeForEntityPairClassification")
ARROWS = [{}, {"words_attend_to_entities": False}, {"entities_attend_to_entities": False}]


@pytest.fixture
def make(tiny_config):
    def build(name, **changes):
        torch.manual_seed(0)
        return getattr(spacy_luke, name)(tiny_config(num_labels=3, **changes)).eval()

    return build


def rows_of_last_layer(model, inputs, **options):
    """The output, and how many rows went through the last feed-forward network."""
    seen = []
    hook = model.luke.encoder.layers()[-1].intermediate.register_forward_hook(
        lambda module, read, found: seen.append(len(found))
    )
    output = model(**inputs, **options)
    hook.remove()
    return output, sum(seen)


@pytest.mark.parametrize("arrows", ARROWS, ids=str)
@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("padded", [True, False])
def test_logits_and_gradients_are_those_of_whole_layers(name, arrows, padded, make, luke_inputs, monkeypatch):
    inputs = {**luke_inputs(padded=padded), "labels": torch.tensor([0, 2])}
    n_words, n_entities = (int(inputs[n].sum()) for n in ("attention_mask", "entity_attention_mask"))
    model = make(name, **arrows)
    fast, few = rows_of_last_layer(model, inputs)
    fast.loss.backward()
    grads = {n: p.grad for n, p in model.named_parameters()}
    whole = make(name, **arrows)
    monkeypatch.setattr(type(whole), "needs_words", True)
    slow, all_rows = rows_of_last_layer(whole, inputs)
    slow.loss.backward()
    assert (few, all_rows) == (n_entities, n_words + n_entities)
    torch.testing.assert_close(fast.logits, slow.logits, atol=1e-5, rtol=0)
    for key, parameter in whole.named_parameters():
        mine, other = (torch.zeros_like(parameter) if g is None else g for g in (grads[key], parameter.grad))
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=0)


def test_what_is_asked_for_is_computed(make, luke_inputs):
    model, inputs = make(HEADS[0]), luke_inputs(padded=False)
    plain = model.luke(**inputs)
    for option in ("output_hidden_states", "output_attentions"):
        output, rows = rows_of_last_layer(model, inputs, **{option: True})
        assert rows == inputs["attention_mask"].sum() + inputs["entity_attention_mask"].sum()
        torch.testing.assert_close(output.logits, model(**inputs).logits, atol=1e-5, rtol=0)
    torch.testing.assert_close(output.attentions[-1].sum(-1), torch.ones_like(output.attentions[-1].sum(-1)))
    alone = model.luke(**inputs, words_needed=False)
    assert alone.pooler_output is None
    assert not alone.last_hidden_state.any()
    torch.testing.assert_close(
        alone.entity_last_hidden_state, plain.entity_last_hidden_state, atol=1e-5, rtol=0
    )
    words = {k: v for k, v in inputs.items() if not k.startswith("entity")}
    with pytest.raises(ValueError, match="entity_ids"):
        model(**words)
    assert model.luke(
        **words, words_needed=False
    ).last_hidden_state.any()  # there are no entities to read them
