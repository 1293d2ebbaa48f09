"""What torch records of a model holds for texts of other lengths, other masks and other numbers of entities."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

import spacy_luke
from spacy_luke import LukeModel
from spacy_luke.layers.store import DEFAULT_CHECKPOINT

ORDER = ("input_ids", "attention_mask", "entity_ids", "entity_attention_mask", "entity_position_ids")
CUT = {"words_attend_to_entities": False, "entities_attend_to_entities": False}
# Words, entities, seed, texts.
OTHERS = [(9, 4, 1, 2), (15, 2, 3, 2), (5, 7, 4, 2), (12, 3, 4, 1)]


class Flat(nn.Module):
    """A model whose inputs and outputs have an order, as recorders ask for."""

    def __init__(self, model, more=()):
        super().__init__()
        self.model, self.names = model, (*ORDER, *more)

    def forward(self, *inputs):
        return self.model(**dict(zip(self.names, inputs, strict=True)), return_dict=True).to_tuple()


def args(luke_inputs, words=9, entities=4, seed=1, texts=2, more=()):
    inputs = {name: value[:texts] for name, value in luke_inputs(words, entities, seed=seed).items()}
    if more:
        starts = inputs["entity_position_ids"][:, :, 0]
        inputs |= {"entity_start_positions": starts, "entity_end_positions": starts}
    return tuple(inputs[name] for name in (*ORDER, *more))


def shapes(count):
    batch, words, entities, length = (
        torch.export.Dim(name, min=1, max=most)
        for name, most in (("b", 64), ("w", 38), ("e", 500), ("l", 30))
    )
    of_words, of_entities = {0: batch, 1: words}, {0: batch, 1: entities}
    own = (of_words, of_words, of_entities, of_entities, {**of_entities, 2: length})
    return (*own, *[of_entities] * (count - len(own)))


def close(got, wanted):
    for mine, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=0)


def trace(model, inputs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch would rather have its newer way used
        return torch.jit.trace(model, inputs, check_trace=False)


@pytest.mark.parametrize("cut", [{}, {"words_attend_to_entities": False}, CUT], ids=str)
@pytest.mark.parametrize("recorder", ["trace", "export"])
def test_a_recorded_encoder_reads_other_inputs(recorder, cut, tiny_model, luke_inputs):
    model = Flat(tiny_model(**cut)).eval()
    with torch.no_grad():
        if recorder == "trace":
            recorded = trace(model, args(luke_inputs))
        else:
            exported = torch.export.export(
                model, args(luke_inputs), dynamic_shapes=(shapes(5),), strict=False
            )
            recorded = exported.module()
        for other in OTHERS:
            inputs = args(luke_inputs, *other)
            close(recorded(*inputs), model(*inputs))
            left = [value.flip(1) for value in inputs]  # padding on the left
            close(recorded(*left), model(*left))


SPANS = ("entity_start_positions", "entity_end_positions")
HEADS = {
    "LukeForMaskedLM": (),
    "LukeForEntityClassification": (),
    "LukeForEntityPairClassification": (),
    "LukeForEntitySpanClassification": SPANS,
    "LukeForSequenceClassification": (),
    "LukeForTokenClassification": (),
    "LukeForQuestionAnswering": (),
}


@pytest.mark.parametrize(("head", "more"), HEADS.items())
def test_recorded_heads_read_other_inputs(head, more, tiny_config, luke_inputs):
    model = Flat(getattr(spacy_luke, head)(tiny_config()), more).eval()
    with torch.no_grad():
        recorded = trace(model, args(luke_inputs, more=more))
        for other in OTHERS:
            inputs = args(luke_inputs, *other, more=more)
            close(recorded(*inputs), model(*inputs))


def test_a_recorded_choice_reads_other_inputs(tiny_config):
    model = spacy_luke.LukeForMultipleChoice(tiny_config(return_dict=False)).eval()

    def texts(*shape):
        ids = torch.randint(2, 50, shape, generator=torch.Generator().manual_seed(sum(shape)))
        mask = torch.ones_like(ids)
        mask[0, 0, shape[2] // 2 :] = 0
        return ids, mask

    with torch.no_grad():
        recorded = trace(model, texts(2, 3, 8))
        for shape in ((1, 2, 5), (3, 4, 20)):
            close(recorded(*texts(*shape)), model(*texts(*shape)))


def test_compiled_code_sees_the_padded_layout(tiny_model, luke_inputs):
    model = Flat(tiny_model()).eval()
    with torch.no_grad():
        compiled = torch.compile(model, backend="eager", fullgraph=True)
        for other in OTHERS[:2]:
            close(compiled(*args(luke_inputs, *other)), model(*args(luke_inputs, *other)))


# --- ONNX --------------------------------------------------------------------------------


def test_the_default_encoder_as_onnx(tmp_path, luke_inputs):
    """What `docs/HEADS.md` shows, with other lengths, masks and entities."""
    runtime, *_ = [pytest.importorskip(name) for name in ("onnxruntime", "onnx", "onnxscript")]
    model = Flat(LukeModel.from_pretrained(DEFAULT_CHECKPOINT, add_pooling_layer=False)).eval()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"dynamo": True, "dynamic_shapes": (shapes(5),), "input_names": ORDER, "verbose": False}
        torch.onnx.export(model, args(luke_inputs), **options).save(tmp_path / "luke.onnx")
    session = runtime.InferenceSession(tmp_path / "luke.onnx")
    for other in OTHERS:
        inputs = args(luke_inputs, *other)
        inputs[2].clamp_(max=model.model.config.entity_vocab_size - 1)
        feed = {name: value.numpy() for name, value in zip(ORDER, inputs, strict=True)}
        got = [torch.from_numpy(value) for value in session.run(None, feed)]
        with torch.no_grad():
            wanted = model(*inputs)
        for mine, theirs, mask in zip(got, wanted, inputs[1::2], strict=False):
            torch.testing.assert_close(mine[mask.bool()], theirs[mask.bool()], atol=2e-4, rtol=1e-4)
