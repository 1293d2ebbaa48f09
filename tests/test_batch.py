"""The inputs that all models share."""

from __future__ import annotations

import inspect
from dataclasses import fields

import numpy as np
import pytest
import torch

from spacy_luke import LukeForEntitySpanClassification, LukeModel
from spacy_luke.batch import EncoderInputs, LukeInputs

ENCODER_FIELDS = tuple(field.name for field in fields(EncoderInputs))


@pytest.mark.parametrize("model", [LukeModel, LukeForEntitySpanClassification])
def test_fields_are_the_published_arguments(model):
    arguments = set(inspect.signature(model.forward).parameters)
    assert set(ENCODER_FIELDS) <= arguments
    names = {field.name for field in fields(LukeInputs)}
    others = {"self", "labels", "output_attentions", "output_hidden_states", "return_dict", "words_needed"}
    others |= {"padding_needed"}
    assert arguments - others <= names


def test_the_first_fields_are_those_of_the_encoder():
    assert tuple(field.name for field in fields(LukeInputs))[: len(ENCODER_FIELDS)] == ENCODER_FIELDS
    inputs = LukeInputs(input_ids=1, pairs=2)
    assert inputs.present() == {"input_ids": 1, "pairs": 2}
    assert inputs.for_encoder() == {**dict.fromkeys(ENCODER_FIELDS), "input_ids": 1}


def test_what_is_needed_is_asked_for_by_name():
    assert LukeInputs(asked=3).needed("asked") == 3
    with pytest.raises(ValueError, match="needs pairs, but these inputs have none"):
        LukeInputs(asked=3).needed("pairs")


def test_all_that_is_there_is_changed():
    inputs = LukeInputs(np.array([[1, 2]]), pairs=np.zeros((0, 3)))
    tensors = inputs.map(torch.from_numpy)
    assert torch.equal(tensors.needed("input_ids"), torch.tensor([[1, 2]]))
    assert tensors.needed("pairs").shape == (0, 3)
    assert tensors.entity_ids is None
