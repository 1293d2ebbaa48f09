"""`dtype` of the joint architecture: predictions in lower precision, from the weights as they are now."""

from __future__ import annotations

import pytest
import spacy
import torch
from spacy.language import Language
from thinc.api import Adam
from tiny import make_corpus, make_pipeline

from spacy_luke.layers.joint import get_module
from spacy_luke.nn.precision import InferenceLinear

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


def test_unknown_precision_is_refused(checkpoint: str):
    with pytest.raises(ValueError, match=r"'float8' is unknown; allowed is float32, bfloat16, int8"):
        make_pipeline(checkpoint, model={"dtype": "float8"})
