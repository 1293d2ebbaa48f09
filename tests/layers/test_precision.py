"""`dtype` of the joint architecture: predictions in lower precision, from the weights as they are now."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
import torch
from every_pipe import PIPES, ask, make, said, save
from spacy.language import Language
from thinc.api import Adam
from tiny import make_corpus, make_pipeline

from spacy_luke.layers.weights import get_module
from spacy_luke.nn.inference import (
    BFloat16Linear,
    Float32Linear,
    InferenceLinear,
    Int8Linear,
    RangeInt8Linear,
)
from spacy_luke.nn.operators import can_arrange, can_multiply_int8

TEXT = "Ada Stone lives in Rome ."


def vectors(nlp: Language) -> torch.Tensor:
    doc = nlp.make_doc(TEXT)
    doc.ents = [doc.char_span(0, 9, label="PER")]
    return torch.from_numpy(nlp.get_pipe("luke")(doc).ents[0]._.luke_vector)


def fresh(nlp: Language, dtype: str) -> torch.Tensor:
    """What a pipe that has never predicted says with the same weights."""
    settings = nlp.get_pipe("luke").model.attrs["settings"]
    other = make_pipeline(settings.checkpoint, model={"dtype": dtype})
    get_module(other.get_pipe("luke").model)
    own = other.get_pipe("luke").model.shims[0].own_module()  # other tests read the shared one
    own.load_state_dict(get_module(nlp.get_pipe("luke").model).state_dict())
    return vectors(other)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
def test_predictions_follow_training_and_averages(dtype: str, checkpoint: str):
    nlp = make_pipeline(checkpoint, model={"dtype": dtype})
    model = nlp.get_pipe("luke").model
    before = vectors(nlp)
    exact = vectors(make_pipeline(checkpoint))
    assert torch.equal(before, exact) == (dtype == "float32")
    torch.testing.assert_close(before, exact, atol=0.15, rtol=0)
    sgd = Adam(0.05, use_averages=True)
    nlp.update(make_corpus(nlp, 4), sgd=sgd)
    after = vectors(nlp)
    assert not torch.allclose(after, before, atol=1e-2)
    nlp.update(make_corpus(nlp, 4), sgd=sgd)
    now = vectors(nlp)
    with nlp.use_params(sgd.averages):
        averaged = vectors(nlp)
    assert not torch.allclose(averaged, now, atol=1e-3)
    assert torch.equal(vectors(nlp), now)
    assert not any(isinstance(part, InferenceLinear) for part in get_module(model).modules())
    assert torch.equal(fresh(nlp, dtype), now)


def test_saved_weights_keep_their_precision(checkpoint: str, tmp_path):
    nlp = make_pipeline(checkpoint, model={"dtype": "int8"})
    wanted = vectors(nlp)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert torch.equal(vectors(loaded), wanted)
    own = dict(get_module(nlp.get_pipe("luke").model).named_parameters())
    for name, weight in get_module(loaded.get_pipe("luke").model).named_parameters():
        assert torch.equal(weight, own[name])


@pytest.mark.parametrize("pipe", PIPES)
def test_every_head_predicts_in_the_precision_of_its_config(pipe: str, tmp_path: Path):
    path = save(pipe, tmp_path, initializer_range=0.1)
    told = {}
    int8 = Int8Linear if can_multiply_int8() else RangeInt8Linear
    for dtype, kind in {"float32": Float32Linear, "bfloat16": BFloat16Linear, "int8": int8}.items():
        nlp = make(pipe, path, model={"dtype": dtype})
        told[dtype] = said(nlp(ask(nlp, pipe, "Ana was in Rome and Oslo")))
        shim = nlp.get_pipe(pipe).model.shims[0]
        found = {type(part) for part in shim.predictor.modules() if isinstance(part, InferenceLinear)}
        assert kind in found or (dtype == "float32" and not can_arrange(torch.float32))
    assert told["int8"] != told["float32"] or pipe in ("luke_ner", "luke_tagger", "luke_qa")  # no scores
    with pytest.raises(ValueError, match="Unknown precision 'float8'"):
        make(pipe, path, model={"dtype": "float8"})


def test_unknown_precision_is_refused(checkpoint: str):
    with pytest.raises(ValueError, match=r"Unknown precision 'float8'; allowed are float32, bfloat16, int8"):
        make_pipeline(checkpoint, model={"dtype": "float8"})


def test_mixed_precision_trains_and_does_not_predict(checkpoint: str):
    plain, mixed = make_pipeline(checkpoint), make_pipeline(checkpoint, model={"mixed_precision": True})
    assert torch.equal(vectors(mixed), vectors(plain))
    seen: dict[str, set[torch.dtype]] = {}
    losses = {}
    for name, nlp in {"plain": plain, "mixed": mixed}.items():
        layer = nlp.get_pipe("luke").model.shims[0].own_module().luke.encoder.layer[0].intermediate.dense
        types = seen[name] = set()
        layer.register_forward_hook(lambda _, __, output, types=types: types.add(output.dtype))
        torch.manual_seed(0)
        losses[name] = nlp.update(make_corpus(nlp, 4))["luke"]
    assert seen == {"plain": {torch.float32}, "mixed": {torch.bfloat16}}
    assert losses["mixed"] == pytest.approx(losses["plain"], rel=0.05)


def test_dtype_predicts_and_does_not_train(checkpoint: str):
    losses = []
    for dtype in ("float32", "bfloat16"):
        nlp = make_pipeline(checkpoint, model={"dtype": dtype})
        assert torch.equal(vectors(nlp), vectors(make_pipeline(checkpoint))) == (dtype == "float32")
        torch.manual_seed(0)
        losses.append(nlp.update(make_corpus(nlp, 4))["luke"])
    assert losses[0] == losses[1]
