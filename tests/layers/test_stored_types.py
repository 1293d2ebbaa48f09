"""Checkpoints in half precision: pipes keep them as they are stored until they are trained, and compute in float32."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from every_pipe import PIPES, TOKENIZER, ask, make, said, save

import spacy_luke
from spacy_luke.layers.weights import get_module


def save_in_both_types(pipe: str, folder: Path) -> tuple[str, str]:
    """The same weights in bfloat16 and in float32."""
    kind = getattr(spacy_luke, PIPES[pipe][0])
    half = Path(save(pipe, folder / "half", initializer_range=0.1))
    kind.from_pretrained(half, dtype=torch.bfloat16).save_pretrained(half)
    kind.from_pretrained(half).save_pretrained(folder / "full")
    TOKENIZER.save_pretrained(folder / "full")
    return str(half), str(folder / "full")


@pytest.mark.parametrize("model", [{}, {"mixed_precision": True}], ids=["float32", "mixed"])
@pytest.mark.parametrize("pipe", PIPES)
def test_both_types_say_the_same(pipe: str, model: dict[str, object], tmp_path: Path) -> None:
    half, full = (make(pipe, path, model) for path in save_in_both_types(pipe, tmp_path))
    wanted = said(full(ask(full, pipe, "Ana was in Rome and Oslo")))
    assert said(half(ask(half, pipe, "Ana was in Rome and Oslo"))) == wanted
    thinc_model = half.get_pipe(pipe).model
    shim, stored = thinc_model.shims[0], get_module(thinc_model)
    types = {weight.dtype for weight in stored.parameters()}
    assert types == {torch.float32 if pipe == "luke_linker" else torch.bfloat16}
    tables = (stored.get_input_embeddings().weight, stored.get_entity_embeddings().weight)
    predicting = shim.predictor
    assert predicting.get_input_embeddings().weight is tables[0]
    assert predicting.get_entity_embeddings().weight is tables[1]
    others = [w for w in predicting.parameters() if all(w is not table for table in tables)]
    assert {weight.dtype for weight in others} == {torch.float32}
    assert {weight.dtype for weight in shim.own_module().parameters()} == {torch.float32}
    assert {weight.dtype for weight in stored.parameters()} == types
    assert said(half(ask(half, pipe, "Ana was in Rome and Oslo"))) == wanted
