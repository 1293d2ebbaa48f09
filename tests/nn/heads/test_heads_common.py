"""What transformers' tests of all models assert of every one, here on the encoder and the eight heads."""

from __future__ import annotations

import inspect

import pytest
import torch

import spacy_luke

MODELS = (
    "LukeModel",
    "LukeForMaskedLM",
    "LukeForEntityClassification",
    "LukeForEntityPairClassification",
    "LukeForEntitySpanClassification",
    "LukeForSequenceClassification",
    "LukeForMultipleChoice",
    "LukeForTokenClassification",
    "LukeForQuestionAnswering",
)
WORDS, ENTITIES, HEADS, LAYERS = 7, 4, 4, 2


@pytest.fixture(params=MODELS)
def name(request):
    return request.param


@pytest.fixture
def make(tiny_config):
    def build(name, **changes):
        torch.manual_seed(0)
        labels = 2 if name == "LukeForQuestionAnswering" else 3
        return getattr(spacy_luke, name)(tiny_config(num_labels=labels, **changes)).eval()

    return build


@pytest.fixture
def inputs(name, luke_inputs):
    found = luke_inputs(words=WORDS, entities=ENTITIES, padded=False)
    if name == "LukeForEntitySpanClassification":
        found["entity_start_positions"] = torch.zeros(2, ENTITIES).long()
        found["entity_end_positions"] = torch.ones(2, ENTITIES).long()
    if name == "LukeForMultipleChoice":
        found = {key: value[:, None].repeat_interleave(3, dim=1) for key, value in found.items()}
    return found


def targets(name):
    classes = {"LukeForEntitySpanClassification": (2, ENTITIES), "LukeForTokenClassification": (2, WORDS)}
    if name == "LukeModel":
        return {}
    if name == "LukeForQuestionAnswering":
        return dict.fromkeys(("start_positions", "end_positions"), torch.ones(2).long())
    if name == "LukeForMaskedLM":
        return {"labels": torch.ones(2, WORDS).long(), "entity_labels": torch.ones(2, ENTITIES).long()}
    return {"labels": torch.ones(classes.get(name, (2,))).long()}


def flat(output):
    return [part for field in output for part in (field if isinstance(field, tuple) else (field,))]


def same(one, two, atol=0.0):
    assert len(one) == len(two)
    for first, second in zip(one, two, strict=True):
        torch.testing.assert_close(first, second, atol=atol, rtol=0)


@torch.no_grad()
def test_outputs_are_determined_and_are_the_same_as_object_and_tuple(name, make, inputs):
    model = make(name)
    everything = {**inputs, **targets(name), "output_hidden_states": True, "output_attentions": True}
    output = model(**everything)
    same(flat(output.to_tuple()), flat(model(**everything).to_tuple()))
    same(flat(output.to_tuple()), flat(model(**everything, return_dict=False)))
    texts = 6 if name == "LukeForMultipleChoice" else 2
    assert len(output.attentions) == LAYERS
    assert len(output.hidden_states) == len(output.entity_hidden_states) == LAYERS + 1
    for attention in output.attentions:
        assert attention.shape == (texts, HEADS, WORDS + ENTITIES, WORDS + ENTITIES)
        torch.testing.assert_close(attention.sum(-1), torch.ones(attention.shape[:-1]))
    configured = make(name, output_hidden_states=True, output_attentions=True)
    same(flat(output.to_tuple()), flat(configured(**inputs, **targets(name)).to_tuple()))


@torch.no_grad()
def test_a_text_reads_the_same_in_any_batch_and_type_of_input(name, make, inputs):
    model = make(name)
    output = flat(model(**inputs).to_tuple())
    one = flat(model(**{key: value[:1] for key, value in inputs.items()}).to_tuple())
    same([part[:1] for part in output], one, atol=1e-5)
    same(output, flat(model(**{key: value.int() for key, value in inputs.items()}).to_tuple()))
    inputs["attention_mask"][..., -2:] = 0
    masked = flat(model(**inputs).to_tuple())
    for kind in (torch.bool, torch.float32):
        other = {**inputs, "attention_mask": inputs["attention_mask"].to(kind)}
        same(masked, flat(model(**other).to_tuple()))


@torch.no_grad()
def test_embeddings_are_as_good_as_ids(name, make, inputs):
    model = make(name)
    output = model(**inputs).to_tuple()
    inputs["inputs_embeds"] = model.get_input_embeddings()(inputs.pop("input_ids"))
    same(flat(output), flat(model(**inputs).to_tuple()), atol=1e-5)


def test_a_head_mask_silences_heads_and_has_a_gradient(name, make, inputs):
    model = make(name)
    mask = torch.ones(LAYERS, HEADS)
    mask[0, 0], mask[-1, :-1] = 0, 0
    mask.requires_grad_()
    output = model(**inputs, head_mask=mask, output_attentions=True)
    output[0].sum().backward()
    assert mask.grad is not None
    assert mask.grad.abs().sum() > 0
    silent = [[not attention[:, head].any() for head in range(HEADS)] for attention in output.attentions]
    assert silent == (mask == 0).tolist()


def test_a_state_dict_is_all_of_a_model(name, make, inputs, tmp_path):
    model = make(name)
    torch.save(model.state_dict(), tmp_path / "weights")
    torch.manual_seed(1)
    other = type(model)(model.config).eval()
    result = other.load_state_dict(torch.load(tmp_path / "weights", weights_only=True))
    assert (result.missing_keys, result.unexpected_keys) == ([], [])
    with torch.no_grad():
        same(flat(model(**inputs).to_tuple()), flat(other(**inputs).to_tuple()))


@pytest.mark.parametrize("name", MODELS[1:])
def test_training_with_and_without_checkpoints_has_equal_gradients(name, make, inputs):
    gradients = []
    for checkpointing in (False, True):
        model = make(name, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0).train()
        if checkpointing:
            model.gradient_checkpointing_enable()
        assert model.is_gradient_checkpointing is checkpointing
        model(**inputs, **targets(name)).loss.backward()
        gradients.append([p.grad for p in model.parameters() if p.grad is not None])
    same(*gradients, atol=1e-6)


def test_new_weights_follow_the_range_of_the_configuration(name, make):
    for weight in make(name, initializer_range=1e-10).parameters():
        assert round(float(weight.detach().mean()), 6) in (0.0, 1.0)


@torch.no_grad()
def test_chunks_of_feed_forward_layers_change_nothing(name, make, inputs):
    """`chunk_size_feed_forward` saves memory there; here there is nothing to save."""
    same(
        flat(make(name)(**inputs).to_tuple()),
        flat(make(name, chunk_size_feed_forward=1)(**inputs).to_tuple()),
    )


@torch.no_grad()
def test_words_alone_are_enough_for_heads_on_words(name, make, inputs):
    model, ids = make(name), inputs["input_ids"]
    if "Entity" in name:
        with pytest.raises(ValueError, match="entity_ids"):
            model(ids)
    else:
        same(flat(model(ids).to_tuple()), flat(model(ids, inputs["attention_mask"]).to_tuple()))


def test_the_first_argument_is_what_is_read(name):
    assert list(inspect.signature(getattr(spacy_luke, name).forward).parameters)[1] == "input_ids"
