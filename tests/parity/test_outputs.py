"""Outputs against those of transformers: the same operations must do the same."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch.utils import _pytree as pytree

from spacy_luke.nn.heads import outputs as ours
from spacy_luke.nn.outputs import LukeModelOutput, ModelOutput

transformers = pytest.importorskip("transformers")


@dataclass
class Mine(ModelOutput):
    a: Any
    b: Any = None
    c: Any = None


@dataclass
class Theirs(transformers.utils.ModelOutput):
    a: Any
    b: Any = None
    c: Any = None


def seen(output):
    return {
        "list": list(output),
        "items": list(output.items()),
        "values": list(output.values()),
        "tuple": output.to_tuple(),
        "attributes": [output.a, output.b, output.c],
        "dict": dict(output),
        "length": len(output),
        "first": output[0],
        "slice": output[:2],
        "is a dict": isinstance(output, dict),
        "repr": repr(output).split("(", 1)[1],
    }


def assign(name, value):
    return lambda output: setattr(output, name, value)


def put(name, value):
    return lambda output: output.__setitem__(name, value)


CHANGES = [
    [assign("a", 5)],
    [put("a", 5)],
    [put("c", 5)],
    [put("c", 5), put("b", 6)],
    [assign("c", 5)],
    [assign("c", 5), put("c", 7), assign("c", 8)],
]


@pytest.mark.parametrize(
    "made", [(1,), (1, 2), (1, None, 3), ({"a": 1, "c": 3},), ([("a", 1), ("b", 2)],), ((1, 2),)]
)
@pytest.mark.parametrize("changes", [[], *CHANGES])
def test_the_same_operations(made, changes):
    outputs = [kind(*made) for kind in (Theirs, Mine)]
    for change in changes:
        for output in outputs:
            change(output)
    assert seen(outputs[1]) == seen(outputs[0])


@pytest.mark.parametrize("refused", ["pop", "update", "setdefault", "__delitem__"])
def test_nothing_is_taken_out(refused):
    for kind in (Theirs, Mine):
        with pytest.raises(Exception, match=r"cannot use|Nothing can be taken out"):
            getattr(kind(1, 2), refused)("a")
        with pytest.raises(KeyError):
            kind(1)["b"]
        with pytest.raises(ValueError, match=r"Cannot set key|10"):
            kind([("a", 30), (10, 10)])
    assert Mine(1).get("b", 7) == Theirs(1).get("b", 7) == 7


def test_a_field_that_becomes_none_is_no_item():
    output = Mine(1, 2)
    output.b = None
    assert list(output) == ["a"]
    assert output.to_tuple() == (1,)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda out: pickle.loads(pickle.dumps(out))])
def test_copies(again):
    output = ours.LukeMaskedLMOutput(logits=torch.ones(2), hidden_states=(torch.zeros(1),))
    found = again(output)
    assert type(found) is type(output)
    assert list(found) == ["logits", "hidden_states"]
    assert torch.equal(found.logits, output.logits)
    assert found.loss is None


@pytest.mark.parametrize(
    "output",
    [
        LukeModelOutput(torch.zeros(2), hidden_states=(torch.ones(1), torch.ones(2))),
        ours.EntityClassificationOutput(logits=torch.zeros(2)),
        ours.LukeMultipleChoiceModelOutput(loss=torch.zeros(()), logits=torch.zeros(2)),
    ],
    ids=lambda output: type(output).__name__,
)
def test_torch_looks_inside(output):
    leaves, spec = pytree.tree_flatten(output)
    assert all(isinstance(leaf, torch.Tensor) for leaf in leaves)
    doubled = pytree.tree_unflatten([leaf + 1 for leaf in leaves], spec)
    assert type(doubled) is type(output)
    assert list(doubled) == list(output)
    assert torch.equal(doubled[0], output[0] + 1)
    assert pytree.treespec_loads(pytree.treespec_dumps(spec)) == spec
