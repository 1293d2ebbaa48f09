"""spaCy's optimizer settings drive torch's optimizer, and the module's weights stay where they belong."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, Optimizer, RAdam, set_dropout_rate
from tiny import make_corpus, make_pipeline
from tiny_heads import LABELS, make_head_pipeline, save_encoder, save_head

from spacy_luke.layers import optimizer
from spacy_luke.layers.optimizer import clip
from spacy_luke.layers.weights import get_module, has_weights
from spacy_luke.layers.weights import get_module as get_head
from spacy_luke.nn.heads.joint.model import LukeJointModel
from spacy_luke.nn.processor import lacks_bfloat16


@pytest.fixture
def nlp(checkpoint: str) -> Language:
    return make_pipeline(checkpoint)


def parameters(nlp: Language) -> dict[str, torch.Tensor]:
    return {n: p.detach().clone() for n, p in get_module(nlp.get_pipe("luke").model).named_parameters()}


def step(nlp: Language, sgd: Optimizer, **update: Any) -> dict[str, torch.Tensor]:
    """One step on the corpus; returns how far each parameter has moved."""
    before = parameters(nlp)
    nlp.update(make_corpus(nlp, 6), sgd=sgd, **update)
    return {name: (after - before[name]).abs() for name, after in parameters(nlp).items()}


def test_heads_learn_faster_than_the_encoder(checkpoint: str):
    nlp = make_pipeline(checkpoint, model={"head_learn_rate_scale": 7.0})
    moved = step(nlp, Adam(0.001, L2=0.0, grad_clip=0.0))
    # Adam's first step is the learning rate wherever there is a gradient.
    assert moved["luke.encoder.layer.0.output.dense.weight"].max() == pytest.approx(0.001, rel=0.02)
    assert moved["entity_head.classifier.weight"].max() == pytest.approx(0.007, rel=0.02)


@pytest.mark.parametrize(("is_new", "rate"), [(True, 0.007), (False, 0.001)])
def test_a_new_pooling_layer_learns_as_fast_as_the_head(is_new: bool, rate: float, tmp_path: Path):
    folder = save_encoder(tmp_path) if is_new else save_head("luke_textcat", tmp_path)
    nlp = make_head_pipeline("luke_textcat", folder, {"head_learn_rate_scale": 7.0})
    doc = nlp.make_doc("Ana was born in Rome")
    doc.cats = dict.fromkeys(LABELS["luke_textcat"], 0.0) | {"odd": 1.0}
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc)])
    module = get_head(nlp.get_pipe("luke_textcat").model)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    sgd = Adam(0.001, L2=0.0, grad_clip=0.0)
    nlp.update([Example(nlp.make_doc(doc.text), doc)], sgd=sgd)
    module = get_head(nlp.get_pipe("luke_textcat").model)  # training has made its own copy
    moved = {name: float((p.detach() - before[name]).abs().max()) for name, p in module.named_parameters()}
    assert moved["luke.pooler.dense.bias"] == pytest.approx(rate, rel=0.02)
    assert moved["classifier.weight"] == pytest.approx(0.007, rel=0.02)
    assert moved["luke.encoder.layer.0.output.dense.weight"] == pytest.approx(0.001, rel=0.02)


def test_weights_decay_but_biases_and_norms_do_not(nlp: Language):
    name = "luke.embeddings.word_embeddings.weight"
    unused = get_module(nlp.get_pipe("luke").model).luke.embeddings.word_embeddings.num_embeddings - 1
    before = parameters(nlp)
    nlp.update(make_corpus(nlp, 2), sgd=Adam(0.01, L2=0.5, L2_is_weight_decay=True))
    after = parameters(nlp)
    torch.testing.assert_close(after[name][unused], before[name][unused] * (1 - 0.01 * 0.5))
    other = make_pipeline(nlp.get_pipe("luke").model.attrs["settings"].checkpoint)
    before = parameters(other)
    other.update(make_corpus(other, 2), sgd=Adam(0.01, L2=0.5, L2_is_weight_decay=False))
    # As part of the gradient it is normalized by Adam: each weight moves by the rate.
    moved = (parameters(other)[name][unused] - before[name][unused]).abs()
    torch.testing.assert_close(moved, torch.full_like(moved, 0.01), rtol=1e-3, atol=0)
    norm = "luke.encoder.layer.0.output.LayerNorm.weight"
    still = make_pipeline(other.get_pipe("luke").model.attrs["settings"].checkpoint)
    plain = step(still, Adam(0.01, L2=0.0))[norm]
    decayed = step(
        make_pipeline(still.get_pipe("luke").model.attrs["settings"].checkpoint), Adam(0.01, L2=0.5)
    )[norm]
    torch.testing.assert_close(plain, decayed)


def test_gradients_are_clipped_together(nlp: Language, monkeypatch: pytest.MonkeyPatch):
    seen = []
    monkeypatch.setattr(optimizer, "clip", lambda grads, most: seen.append(most) or clip(grads, most))
    step(nlp, Adam(0.01, grad_clip=0.25))
    step(nlp, Adam(0.01, grad_clip=0.0))
    assert seen == [0.25]


def test_radam(nlp: Language):
    corpus, sgd = make_corpus(nlp, 6), RAdam(0.003)
    first = nlp.update(corpus, sgd=sgd)["luke"]
    for _ in range(30):
        last = nlp.update(corpus, sgd=sgd)["luke"]
    assert last < first / 4


def test_dropout_of_the_config_reaches_torch_and_does_not_stay(nlp: Language):
    module = get_module(nlp.get_pipe("luke").model)
    rates = {m.p for m in module.modules() if isinstance(m, torch.nn.Dropout)}
    losses = []
    for rate in (0.0, 0.0, 0.6):
        torch.manual_seed(1)
        losses.append(nlp.update(make_corpus(nlp, 6), sgd=False, drop=rate)["luke"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert losses[0] != pytest.approx(losses[2], rel=1e-3)
    module = get_module(nlp.get_pipe("luke").model)
    assert {m.p for m in module.modules() if isinstance(m, torch.nn.Dropout)} == rates
    assert not module.training


def test_dropout_that_the_weights_switch_off_stays_off(make_checkpoint):
    nlp = make_pipeline(make_checkpoint(attention_probs_dropout_prob=0.0))
    pipe = nlp.get_pipe("luke")
    rates = []
    attention = get_module(pipe.model).luke.encoder.layers()[0].attention.self

    def watch(module: torch.nn.Module, *_: Any) -> None:
        rates.append((module.dropout.p, module.training))

    handle = attention.key.register_forward_hook(lambda *_: watch(attention))
    pipe.model.shims[0].shared = False
    nlp.update(make_corpus(nlp, 2), sgd=False, drop=0.5)
    handle.remove()
    assert rates
    assert set(rates) == {(0.0, True)}


def test_averages_are_put_in_and_taken_out(nlp: Language):
    sgd = Adam(0.01, use_averages=True)
    for _ in range(5):
        nlp.update(make_corpus(nlp, 6), sgd=sgd)
    raw = parameters(nlp)
    with nlp.use_params(sgd.averages):
        averaged = parameters(nlp)
    assert any(not torch.equal(raw[name], averaged[name]) for name in raw)
    again = parameters(nlp)
    assert all(torch.equal(raw[name], again[name]) for name in raw)
    with nlp.use_params({}):
        assert all(torch.equal(raw[name], now) for name, now in parameters(nlp).items())


def test_the_average_follows_thincs_rule(nlp: Language):
    sgd, path = Adam(0.01, use_averages=True), "entity_head.classifier.bias"
    values = []
    for _ in range(3):
        nlp.update(make_corpus(nlp, 6), sgd=sgd)
        values.append(parameters(nlp)[path])
    expected = values[0]
    for steps, value in enumerate(values[1:], start=2):
        decay = min(0.9999, (1.0 + steps) / (10.0 + steps))
        expected = decay * expected + (1 - decay) * value
    with nlp.use_params(sgd.averages):
        torch.testing.assert_close(parameters(nlp)[path], expected)


def test_a_copy_of_the_model_has_weights_of_its_own(nlp: Language):
    model = nlp.get_pipe("luke").model
    assert not has_weights(model.copy())
    module = get_module(model)
    copied = get_module(model.copy())
    assert isinstance(copied, LukeJointModel)
    assert copied is not module
    assert torch.equal(copied.entity_head.classifier.weight, module.entity_head.classifier.weight)


def test_no_step_without_gradients(nlp: Language):
    before = parameters(nlp)
    nlp.get_pipe("luke").finish_update(Adam(0.1, L2=0.5))
    assert all(torch.equal(before[name], now) for name, now in parameters(nlp).items())
    set_dropout_rate(nlp.get_pipe("luke").model, 0.3)
    assert nlp.get_pipe("luke").model.attrs["dropout_rate"] == 0.3


@pytest.mark.parametrize("settings", [{"mixed_precision": True}, {"dtype": "bfloat16"}])
def test_bfloat16_without_instructions_for_it_warns(
    checkpoint: str, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
):
    def use(nlp: Language) -> None:
        if "dtype" in settings:
            nlp("Ana likes tea")
        else:
            nlp.update(make_corpus(nlp, 2))

    monkeypatch.setattr("spacy_luke.nn.processor.lacks_bfloat16", lambda: True)
    with pytest.warns(UserWarning, match="no instructions for bfloat16.*mixed_precision = false"):
        use(make_pipeline(checkpoint, model=settings))
    monkeypatch.setattr("spacy_luke.nn.processor.lacks_bfloat16", lambda: False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        use(make_pipeline(checkpoint, model=settings))


@pytest.mark.parametrize(
    ("maker", "known", "lacks"),
    [
        ("AMD", {"avx2": True}, True),
        ("AuthenticAMD", {"avx2": True, "avx512_bf16": True}, False),
        ("GenuineIntel", {"avx2": True, "avx512_bf16": True}, True),  # half the rate of float32
        ("GenuineIntel", {"avx512_bf16": True, "amx_bf16": True}, False),
        ("", {"bf16": True}, False),
    ],
)
def test_what_is_known_of_the_processor(
    monkeypatch: pytest.MonkeyPatch, maker: str, known: dict[str, bool], lacks: bool
):
    monkeypatch.setattr("spacy_luke.nn.processor._describe_processor", lambda: maker)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known, raising=False)
    assert lacks_bfloat16.__wrapped__() == lacks
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert not lacks_bfloat16.__wrapped__()
