"""On a GPU, if there is one. These tests never ran where they were written: `benchmarks/gpu.sh` runs them."""

from __future__ import annotations

import pytest
import torch

import spacy_luke

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
HEADS = (
    "LukeModel",
    "LukeForMaskedLM",
    "LukeForEntityClassification",
    "LukeForEntityPairClassification",
    "LukeForSequenceClassification",
    "LukeForTokenClassification",
    "LukeForQuestionAnswering",
)
CUT = {"words_attend_to_entities": False, "entities_attend_to_entities": False}
FLAGS = [{}, {"output_hidden_states": True}, {"output_attentions": True}]


def close(got, wanted):
    torch.testing.assert_close(got.detach().cpu(), wanted.detach(), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("cut", [{}, CUT], ids=["full", "cut"])
@pytest.mark.parametrize("padded", [True, False])
def test_says_what_the_processor_says(head, cut, padded, tiny_config, luke_inputs):
    model, inputs = getattr(spacy_luke, head)(tiny_config(**cut)).eval(), luke_inputs(padded=padded)
    wanted = model(**inputs)
    model.cuda()
    there = {name: value.cuda() for name, value in inputs.items()}
    for flags in FLAGS:
        got = model(**there, **flags)
        for name, value in wanted.items():
            close(got[name], value)


@pytest.mark.parametrize("cut", [{}, CUT], ids=["full", "cut"])
def test_gradients_are_those_of_the_processor(cut, tiny_model, luke_inputs):
    inputs, grads = luke_inputs(), []
    for device in ("cpu", "cuda"):
        model = tiny_model(**cut).to(device)
        given = {name: value.to(device) for name, value in inputs.items()}
        model(**given).entity_last_hidden_state.square().sum().backward()
        grads.append([None if w.grad is None else w.grad.cpu() for w in model.parameters()])
    for mine, other in zip(*grads, strict=True):
        assert (mine is None) == (other is None)
        if mine is not None:
            torch.testing.assert_close(mine, other, atol=1e-3, rtol=1e-2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_lower_precision_is_near(dtype, tiny_model, luke_inputs):
    model, inputs = tiny_model(), luke_inputs()
    wanted = model(**inputs).entity_last_hidden_state
    got = model.to("cuda", dtype)(**{name: value.cuda() for name, value in inputs.items()})
    assert (got.entity_last_hidden_state.float().cpu() - wanted).abs().max() < 0.3


def test_a_pipeline_on_the_gpu_says_what_one_on_the_processor_says():
    cupy = pytest.importorskip("cupy")
    import spacy
    from thinc.api import get_current_ops, set_current_ops

    text = "Marie Curie was born in Warsaw in 1867. She worked in Paris."
    before = get_current_ops()
    wanted = spacy_luke.load()(text)
    try:
        spacy.require_gpu()
        got = spacy_luke.load()(text)
        assert cupy.cuda.runtime.getDeviceCount()
    finally:
        set_current_ops(before)
    assert [(e.text, e.label_) for e in got.ents] == [(e.text, e.label_) for e in wanted.ents]
