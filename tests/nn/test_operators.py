"""Private operators of torch that are missing, or give something else, are left alone: the public ones take over."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from spacy_luke.nn import operators
from spacy_luke.nn.inference import BFloat16Linear, Float32Linear, Int8Linear, RangeInt8Linear
from spacy_luke.nn.linear import Linear

CHECKS = (operators.can_arrange, operators.can_multiply_int8, operators.can_multiply_range_int8)
# Where torch keeps them, what prepares weights and what multiplies.
FLOATS = ("mkldnn", "_reorder_linear_weight", "_linear_pointwise")
INT8 = ("onednn", "qlinear_prepack", "qlinear_pointwise")
RANGE_INT8 = ("quantized", "linear_prepack", "linear_dynamic")

needs_onednn = pytest.mark.skipif(
    not operators.can_arrange(torch.float32), reason="no oneDNN for x86 in this torch"
)


@pytest.fixture(autouse=True)
def ask_again():
    """The operators are compared once in a process."""
    for check in CHECKS:
        check.cache_clear()
    yield
    for check in CHECKS:
        check.cache_clear()


def spoil(monkeypatch: pytest.MonkeyPatch, where: tuple[str, str, str], fault: str) -> None:
    """Make torch's operators faulty."""
    namespace, prepare, multiply = where
    real = getattr(torch.ops, namespace)
    parts = {prepare: getattr(real, prepare), multiply: getattr(real, multiply)}
    if fault == "gone":
        parts = {}
    elif fault == "other arguments":
        parts[multiply] = lambda rows: rows
    elif fault == "refuses":
        parts[prepare] = real.no_such_operator if hasattr(real, "no_such_operator") else refuse
    elif fault == "other numbers":
        parts[multiply] = lambda *args, **kwargs: getattr(real, multiply)(*args, **kwargs) * 1.5
    elif fault == "other shape":
        parts[multiply] = lambda *args, **kwargs: getattr(real, multiply)(*args, **kwargs)[:, 1:]
    elif fault == "not a number":
        parts[multiply] = lambda *args, **kwargs: getattr(real, multiply)(*args, **kwargs) * float("nan")
    monkeypatch.setattr(torch.ops, namespace, SimpleNamespace(**parts))


def refuse(*args: object) -> None:
    raise RuntimeError("this processor has no such instructions")


FAULTS = ["gone", "other arguments", "refuses", "other numbers", "other shape", "not a number"]


def products_of(model: nn.Module) -> set[type[nn.Module]]:
    """Of the encoder."""
    return {type(part) for part in model.encoder.modules() if hasattr(part, "in_features")}


@needs_onednn
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_arranged_weights(name, fault, tiny_model, luke_inputs, monkeypatch, caplog):
    spoil(monkeypatch, FLOATS, fault)
    model, inputs = tiny_model(initializer_range=0.1), luke_inputs()
    with torch.no_grad():
        wanted = model(**inputs).last_hidden_state
        model.set_precision(name)
        got = model(**inputs).last_hidden_state
    assert products_of(model) == {Linear if name == "float32" else BFloat16Linear}
    assert not any(getattr(part, "arranged", False) for part in model.modules())
    real = inputs["attention_mask"].bool()
    torch.testing.assert_close(got[real], wanted[real], atol=1e-6 if name == "float32" else 0.1, rtol=0)
    assert ("differ from its public ones" in caplog.text) == fault.startswith(("other n", "other s", "not"))


@needs_onednn
@pytest.mark.parametrize("fault", FAULTS)
def test_8_bits(fault, tiny_model, luke_inputs, monkeypatch):
    monkeypatch.setattr(operators, "has_vnni", lambda: True)
    spoil(monkeypatch, INT8, fault)
    model, inputs = tiny_model(initializer_range=0.1), luke_inputs()
    with torch.no_grad():
        wanted = model(**inputs).last_hidden_state
        model.set_precision("int8")
        got = model(**inputs).last_hidden_state
    assert RangeInt8Linear in products_of(model)
    assert Int8Linear not in products_of(model)
    real = inputs["attention_mask"].bool()
    torch.testing.assert_close(got[real], wanted[real], atol=0.1, rtol=0)


@pytest.mark.parametrize("fault", FAULTS)
def test_8_bits_over_one_range(fault, tiny_model, luke_inputs, monkeypatch):
    monkeypatch.setattr(operators, "has_vnni", lambda: False)
    monkeypatch.setattr("spacy_luke.nn.precision.lacks_bfloat16", lambda: True)
    spoil(monkeypatch, RANGE_INT8, fault)
    model, inputs = tiny_model(initializer_range=0.1), luke_inputs()
    with torch.no_grad():
        wanted = model(**inputs).last_hidden_state
        model.set_precision("int8")
        got = model(**inputs).last_hidden_state
    assert products_of(model) <= {Linear, Float32Linear}
    real = inputs["attention_mask"].bool()
    torch.testing.assert_close(got[real], wanted[real], atol=1e-5, rtol=0)


def test_they_are_compared_once_and_draw_nothing(monkeypatch):
    asked, agrees = [], operators._agrees
    monkeypatch.setattr(operators, "_agrees", lambda *args: asked.append(args[0]) or agrees(*args))
    before = torch.get_rng_state()
    with torch.autocast("cpu", dtype=torch.bfloat16):  # which would round the public product
        first = [operators.can_arrange(torch.float32), operators.can_multiply_range_int8()]
    assert [operators.can_arrange(torch.float32), operators.can_multiply_range_int8()] == first
    assert len(asked) == len(set(asked))
    assert torch.equal(torch.get_rng_state(), before)
    operators.can_arrange.cache_clear()
    assert operators.can_arrange(torch.float32) == first[0]
