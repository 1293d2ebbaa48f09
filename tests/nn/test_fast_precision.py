"""Lower precision: near float32, really switched on, refused where it can't work."""

from __future__ import annotations

import copy

import pytest
import torch

from spacy_luke.nn.precision import BFloat16Linear, Int8Linear, LowPrecisionLinear, set_precision

KINDS = {"bfloat16": BFloat16Linear, "int8": Int8Linear}


def lowered(model, name):
    model = copy.deepcopy(model)
    model.set_precision(name)
    return model


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("words", [True, False])
def test_states_are_near_float32(name, words, tiny_model, luke_inputs):
    model, inputs = tiny_model(words_attend_to_entities=words, initializer_range=0.1), luke_inputs()
    low = lowered(model, name)
    with torch.no_grad():
        wanted, got = model(**inputs), low(**inputs)
    rows = inputs["entity_attention_mask"].bool()
    difference = (got.entity_last_hidden_state - wanted.entity_last_hidden_state)[rows].abs()
    assert got.entity_last_hidden_state.dtype == torch.float32
    assert 1e-5 < difference.max() < 0.1  # not equal: it took effect
    kinds = {type(m) for m in low.encoder.modules() if isinstance(m, torch.nn.Linear | LowPrecisionLinear)}
    assert kinds == {KINDS[name]}
    assert isinstance(model.encoder.layers()[0].attention.self.query, torch.nn.Linear)


def test_products_have_the_rounding_errors_of_their_weights():
    torch.manual_seed(0)
    linear, rows = torch.nn.Linear(64, 32), torch.randn(50, 64)
    wanted = linear(rows)
    for kind, most in ((BFloat16Linear, 0.02), (Int8Linear, 0.05)):
        assert (kind(linear)(rows) - wanted).abs().max() < most
    with torch.no_grad():
        linear.weight[3] = 0.0  # a row without a range has no scale
    torch.testing.assert_close(Int8Linear(linear)(rows)[:, 3], linear.bias[3].expand(50), atol=1e-6, rtol=0)
    assert Int8Linear(linear)(rows[:0]).shape == (0, 32)


@pytest.mark.parametrize("name", KINDS)
def test_it_cannot_be_trained_or_saved(name, tiny_model, luke_inputs, tmp_path):
    model, inputs = lowered(tiny_model(), name), luke_inputs()
    with pytest.raises(ValueError, match="can't be trained or saved"):
        model.train()(**inputs)
    with pytest.raises(ValueError, match="save the model before set_precision"):
        model.eval().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="can't be trained or saved"):
        model.state_dict()
    with torch.no_grad():
        assert torch.equal(copy.deepcopy(model)(**inputs)[0], model(**inputs)[0])


def test_float32_changes_nothing_and_unknown_names_are_refused(tiny_model):
    model = tiny_model()
    before = list(model.modules())
    model.set_precision("float32")
    assert list(model.modules()) == before
    with pytest.raises(ValueError, match=r"'int4' is unknown; allowed is float32, bfloat16, int8"):
        model.set_precision("int4")


def test_int8_is_refused_elsewhere_than_on_a_processor():
    class Elsewhere(torch.nn.Module):
        def parameters(self, recurse=True):
            yield type("Weight", (), {"device": torch.device("cuda")})()

    with pytest.raises(ValueError, match="runs on a processor only"):
        set_precision(Elsewhere(), "int8")
