"""Products for inference: equal or near to the plain ones, really switched on, refused where they can't work."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from spacy_luke.nn import attention, inference, operators, precision
from spacy_luke.nn import linear as linear_module
from spacy_luke.nn.inference import (
    BFloat16Linear,
    Float32Linear,
    InferenceLinear,
    Int8Linear,
    RangeInt8Linear,
    round_rows,
)
from spacy_luke.nn.linear import Linear
from spacy_luke.nn.precision import set_precision

KINDS = ("bfloat16", "int8")
needs_int8 = pytest.mark.skipif(
    not operators.can_multiply_int8(), reason="no products of 8 bits on this processor"
)


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
    if name == "bfloat16" or operators.can_multiply_int8():
        assert kinds_of(low) == (BFloat16Linear if name == "bfloat16" else Int8Linear,) * 2
    assert kinds_of(model) == (Linear, Linear)


def kinds_of(model):
    """Of the first product of a layer, and of the second one of its feed-forward network."""
    layer = model.encoder.layers()[0]
    return type(layer.attention.self.query), type(layer.output.dense)


@pytest.mark.parametrize(("slow", "onednn"), [(True, True), (True, False), (False, True)])
def test_int8_on_processors_without_products_by_row(slow, onednn, tiny_model, luke_inputs, monkeypatch):
    monkeypatch.setattr(precision, "can_multiply_int8", lambda: False)
    monkeypatch.setattr(precision, "lacks_bfloat16", lambda: slow)
    monkeypatch.setattr(precision, "can_arrange", lambda dtype: onednn and operators.can_arrange(dtype))
    model, inputs = tiny_model(initializer_range=0.1), luke_inputs()
    low = lowered(model, "int8")
    exact = Float32Linear if precision.can_arrange(torch.float32) else Linear
    assert kinds_of(low) == (RangeInt8Linear, exact if slow else BFloat16Linear)
    with torch.no_grad():
        difference = (low(**inputs)[0] - model(**inputs)[0])[inputs["attention_mask"].bool()].abs()
    assert 1e-5 < difference.max() < 0.1


@needs_int8
def test_a_row_with_outliers_leaves_the_others_alone():
    torch.manual_seed(0)
    linear, rows = torch.nn.Linear(64, 32), torch.randn(50, 64)
    int8, ranged = (kind(linear.weight, linear.bias) for kind in (Int8Linear, RangeInt8Linear))
    alone = int8(rows[1:])
    rows[0, 3] = 1000.0
    assert torch.equal(int8(rows)[1:], alone)
    assert (ranged(rows)[1:] - linear(rows)[1:]).abs().max() > 1.0
    rows[0] = 0.0
    torch.testing.assert_close(int8(rows)[0], linear.bias)
    torch.testing.assert_close(int8(rows.bfloat16()), int8(rows.bfloat16().float()))


def test_products_have_the_rounding_errors_of_their_weights():
    torch.manual_seed(0)
    linear, rows = torch.nn.Linear(64, 32), torch.randn(50, 64)
    wanted = linear(rows)
    kinds = {
        BFloat16Linear: 0.02,
        RangeInt8Linear: 0.05,
        **({Int8Linear: 0.04} if operators.can_multiply_int8() else {}),
    }
    for kind, most in kinds.items():
        rounded = kind(linear.weight, linear.bias)
        assert (rounded(rows) - wanted).abs().max() < most
        assert rounded(rows[:0]).shape == (0, 32)
    with torch.no_grad():
        linear.weight[3] = 0.0  # a row without a range has no scale
    for kind in kinds:
        torch.testing.assert_close(
            kind(linear.weight, linear.bias)(rows)[:, 3].float(), linear.bias[3].expand(50), atol=2e-3, rtol=0
        )


@pytest.mark.parametrize("name", KINDS)
def test_it_cannot_be_trained_or_saved(name, tiny_model, luke_inputs, tmp_path):
    model, inputs = lowered(tiny_model(), name), luke_inputs()
    with pytest.raises(ValueError, match="can't be trained or saved"):
        model.train()(**inputs)
    with pytest.raises(ValueError, match="Train or save the model before"):
        model.eval().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="can't be trained or saved"):
        model.state_dict()
    with torch.no_grad():
        assert torch.equal(copy.deepcopy(model)(**inputs)[0], model(**inputs)[0])


def test_rows_are_rounded_over_their_own_range():
    torch.manual_seed(0)
    rows = torch.randn(40, 24) * torch.logspace(-3, 3, 40)[:, None] + torch.linspace(-5, 5, 40)[:, None]
    rows = torch.cat([rows, torch.zeros(1, 24), torch.full((1, 24), 3.0)])
    rounded = round_rows(rows)
    step = (rows.amax(dim=1, keepdim=True) - rows.amin(dim=1, keepdim=True)) / 255
    assert rounded.numbers.dtype == torch.uint8
    assert rounded.numbers[:40].amin(dim=1).eq(0).all()
    assert rounded.numbers[:40].amax(dim=1).eq(255).all()
    restored = rounded.scale * rounded.numbers + rounded.lowest
    assert ((restored - rows).abs() <= 0.51 * step + 1e-5).all()
    some = rounded[3:5]
    assert torch.equal(some.scale * some.numbers + some.lowest, restored[3:5])


@needs_int8
@pytest.mark.parametrize("words", [True, False])
def test_hidden_states_are_rounded_once_for_all_that_read_them(words, tiny_model, luke_inputs, monkeypatch):
    model, inputs = lowered(tiny_model(words_attend_to_entities=words), "int8"), luke_inputs()
    rounded = []
    monkeypatch.setattr(inference, "round_rows", lambda rows: rounded.append(rows) or round_rows(rows))
    with torch.no_grad():
        model(**inputs)
    products = [part for part in model.encoder.modules() if isinstance(part, Int8Linear)]
    n_layers = model.config.num_hidden_layers
    assert len(rounded) == 4 * n_layers  # before and behind attention, and before both products behind it
    assert len(products) >= 8 * n_layers


@pytest.mark.parametrize(("onednn", "multiplies"), [(True, True), (True, False), (False, False)])
def test_bfloat16_goes_on_in_bfloat16_until_the_residual(
    onednn, multiplies, tiny_model, luke_inputs, monkeypatch
):
    onednn = onednn and operators.can_arrange(torch.float32)
    multiplies = multiplies and operators.can_arrange(torch.bfloat16)
    monkeypatch.setattr(
        inference, "can_arrange", lambda dtype: multiplies if dtype == torch.bfloat16 else onednn
    )
    model, inputs = tiny_model(initializer_range=0.1), luke_inputs()
    low = lowered(model, "bfloat16")
    dense = low.encoder.layers()[0].intermediate.dense
    assert dense.arranged == (onednn or multiplies)
    rows = torch.randn(9, dense.in_features)
    rounded = onednn and not multiplies  # and multiplied in float32
    assert dense(rows).dtype == (torch.float32 if rounded else torch.bfloat16)
    assert torch.equal(dense(rows), dense(rows.bfloat16()))
    with torch.no_grad():
        out, wanted = low(**inputs), model(**inputs)
    assert out.last_hidden_state.dtype == out.entity_last_hidden_state.dtype == torch.float32
    assert (out.last_hidden_state - wanted.last_hidden_state)[
        inputs["attention_mask"].bool()
    ].abs().max() < 0.1


@pytest.mark.parametrize("name", ["float32", *KINDS])
def test_arranged_weights_stay_on_the_processor(name, tiny_model):
    model = lowered(tiny_model(), name)
    arranged = [part for part in model.modules() if isinstance(part, InferenceLinear) and part.arranged]
    model.to("cpu")
    if arranged:
        with pytest.raises(ValueError, match=r"set_precision\. Move the model before"):
            model.to("meta")


needs_onednn = pytest.mark.skipif(
    not operators.can_arrange(torch.float32), reason="no oneDNN for x86 in this torch"
)


@needs_onednn
def test_float32_is_equal_and_arranged(tiny_model, luke_inputs, tmp_path):
    model, inputs = tiny_model(initializer_range=0.1), luke_inputs()
    arranged = lowered(model, "float32")
    with torch.no_grad():
        wanted, got = model(**inputs), arranged(**inputs)
    for ours, plain in zip(got[:3], wanted[:3], strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-5, rtol=0)
    assert isinstance(arranged.encoder.layers()[0].attention.self.query, Float32Linear)
    with pytest.raises(ValueError, match="can't be trained or saved"):
        arranged.save_pretrained(tmp_path)
    with torch.no_grad():
        assert torch.equal(copy.deepcopy(arranged)(**inputs)[0], got[0])


@needs_onednn
def test_weights_stored_in_half_precision_are_converted_in_one_room(tiny_model, monkeypatch):
    model = tiny_model(initializer_range=0.1).bfloat16()
    wanted = {
        name: part.weight.float() for name, part in model.named_modules() if isinstance(part, nn.Linear)
    }
    rooms, arrange = set(), torch.ops.mkldnn._reorder_linear_weight

    def watched(weight, rows):
        rooms.add(weight.data_ptr())
        return arrange(weight, rows)

    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_linear_weight", watched)
    model.set_precision("float32")
    assert len(rooms) == 1
    for name, part in model.named_modules():
        if isinstance(part, Float32Linear):
            eye = torch.eye(part.in_features)
            torch.testing.assert_close((part(eye) - part.bias).T, wanted[name], atol=1e-6, rtol=0)


@pytest.mark.parametrize("shape", [(201,), (3, 67), (1, 201)], ids=str)
def test_many_rows_are_convolved_with_equal_products_and_gradients(shape, monkeypatch):
    torch.manual_seed(0)
    layer, rows = Linear(24, 40), torch.randn(*shape, 24, requires_grad=True)
    calls = []
    convolve = torch.nn.functional.conv2d
    monkeypatch.setattr(
        torch.nn.functional, "conv2d", lambda *args, **kwargs: calls.append(args) or convolve(*args, **kwargs)
    )

    def run(convolves):
        monkeypatch.setattr(linear_module, "mkl_leaves_avx512", lambda: convolves)
        layer.zero_grad()
        rows.grad = None
        product = layer(rows)
        (product**2).sum().backward()
        return [product, rows.grad, layer.weight.grad, layer.bias.grad]

    plain = run(False)
    assert not calls
    convolved = run(True)
    assert len(calls) == 1
    torch.testing.assert_close(convolved, plain, atol=1e-5, rtol=1e-5)
    layer(rows.flatten(0, -2)[: linear_module.CONVOLVE_FROM - 1])  # few rows
    layer(rows.mT.contiguous().mT)  # in another order of memory
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(rows).dtype == torch.bfloat16
    layer.double()(rows.double())
    assert len(calls) == 1


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch has no oneDNN here")
@pytest.mark.parametrize("threads", [1, 2])
def test_many_rows_are_convolved_by_onednn_with_any_number_of_threads(monkeypatch, threads):
    monkeypatch.setattr(linear_module, "mkl_leaves_avx512", lambda: True)
    layer, rows = Linear(128, 40), torch.randn(200, 128, requires_grad=True)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.profiler.profile() as profile:
            layer(rows).sum().backward()
    finally:
        torch.set_num_threads(before)
    names = {event.key for event in profile.key_averages()}
    assert "aten::mkldnn_convolution" in names
    assert not any("slow_conv" in name for name in names)


def test_float32_without_onednn_changes_nothing_and_unknown_names_are_refused(tiny_model, monkeypatch):
    monkeypatch.setattr(precision, "can_arrange", lambda dtype: False)
    model = tiny_model()
    before = list(model.modules())
    model.set_precision("float32")
    assert list(model.modules()) == before
    with pytest.raises(ValueError, match=r"Unknown precision 'int4'; allowed are float32, bfloat16, int8"):
        model.set_precision("int4")


def test_int8_is_refused_elsewhere_than_on_a_processor():
    class Elsewhere(torch.nn.Module):
        def parameters(self, recurse=True):
            yield type("Weight", (), {"device": torch.device("cuda")})()

    with pytest.raises(ValueError, match="works on the CPU only"):
        set_precision(Elsewhere(), "int8")


@pytest.mark.parametrize("arrows", [(True, True), (False, True), (False, False)])
def test_small_matrices_of_bfloat16_are_multiplied_in_float32(arrows, tiny_model, luke_inputs, monkeypatch):
    words, entities = arrows
    model = tiny_model(words_attend_to_entities=words, entities_attend_to_entities=entities).bfloat16()
    inputs, types = luke_inputs(), []
    suit = attention.suit_small_products
    monkeypatch.setattr(
        attention, "suit_small_products", lambda parts: types.append(suit(parts)[0].dtype) or suit(parts)
    )
    with torch.no_grad():
        outputs = [model(**inputs), model(**inputs, output_attentions=True, head_mask=torch.ones(2, 4))]
        assert set(types) == {torch.float32}
        assert {part.dtype for part in outputs[1].attentions} == {torch.bfloat16}
        del types[:]
        with torch.autocast("cpu", dtype=torch.bfloat16):  # which would make bfloat16 of them again
            outputs.append(model.float()(**inputs))
        assert set(types) == {torch.bfloat16}
    real = inputs["attention_mask"].bool()
    for output in outputs[1:]:
        difference = (output.last_hidden_state.float() - outputs[0].last_hidden_state.float())[real]
        assert difference.abs().max() < 0.1


def test_a_matrix_of_scores_is_large_as_a_whole_and_for_each_head():
    def large(batch, rows, tokens, dtype=torch.float32):
        query, values = torch.empty(batch, 12, rows, 64, dtype=dtype), torch.empty(batch, 12, tokens, 64)
        return attention.is_large(query, values)

    assert large(1, 500, 540)
    assert large(8, 300, 340)
    assert not large(64, 54, 57)  # many small ones
    assert not large(1, 200, 230)
    assert large(1, 200, 230, torch.bfloat16)
    assert not large(32, 54, 57, torch.bfloat16)


# --- products of weights as they are -----------------------------------------------------


@pytest.mark.parametrize("rows", [0, 1, 31, 32, 200])
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_products_without_gradients_are_equal(rows, has_bias, known, monkeypatch):
    monkeypatch.setattr(linear_module, "mkl_leaves_avx512", lambda: True)
    monkeypatch.setattr(linear_module, "can_multiply_plain", lambda: known and operators.can_multiply_plain())
    torch.manual_seed(0)
    layer = Linear(64, 48)
    layer.bias = layer.bias if has_bias else None
    for shape in ((rows, 64), (2, rows, 64)):
        batch = torch.randn(shape)
        with torch.no_grad():
            got = layer(batch)
        wanted = torch.nn.functional.linear(batch, layer.weight, layer.bias)
        torch.testing.assert_close(got, wanted.detach(), atol=1e-5, rtol=1e-5)


@pytest.mark.skipif(not operators.can_multiply_plain(), reason="no such products on this processor")
def test_the_products_follow_whatever_changes_the_weights(tiny_model, luke_inputs, monkeypatch):
    """Nothing is kept of the weights, so nothing can be stale: of whatever way torch doesn't tell, too."""
    calls = []
    multiply = linear_module.multiply_arranged
    monkeypatch.setattr(linear_module, "multiply_arranged", lambda *a: calls.append(1) or multiply(*a))
    monkeypatch.setattr(linear_module, "FEW", 0)
    model, inputs = tiny_model(), luke_inputs()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, fused=True)
    other = tiny_model(initializer_range=0.1).state_dict()

    def step():
        model(**inputs).last_hidden_state.square().sum().backward()
        read()  # between the gradients and the step
        optimizer.step()

    def scale():
        for weight in model.parameters():
            weight.data.mul_(1.5)

    def read():
        with torch.inference_mode():
            return model(**inputs).last_hidden_state.clone()

    found = []
    for change in (lambda: None, step, scale, lambda: model.load_state_dict(other)):
        change()
        for onednn in (True, False):
            monkeypatch.setattr(linear_module, "mkl_leaves_avx512", lambda onednn=onednn: onednn)
            found.append(read())
        torch.testing.assert_close(*found[-2:], atol=1e-5, rtol=1e-5)
    assert calls
    assert all((found[i] - found[i + 2]).abs().max() > 0.01 for i in (0, 2, 4))
