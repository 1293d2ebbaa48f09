"""Rows of a large entity table move as those of a dense one would, and the others not at all."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import SGD, Adam, Optimizer
from tiny import make_corpus, make_pipeline
from torch import nn

import spacy_luke
from spacy_luke.layers import optimizer as optimizer_module
from spacy_luke.layers.optimizer import OPTIMIZER, TorchOptimizer, clip, sparse_tables
from spacy_luke.layers.weights import get_module
from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.heads.masked_lm import LukeForMaskedLM
from spacy_luke.training.converters.docred import convert_docred
from spacy_luke.training.mentions import given_tokens
from spacy_luke.training.outcomes import same_sentence

REDOCRED = Path(__file__).parents[3] / "shared" / "data" / "redocred"
TABLE = "luke.entity_embeddings.entity_embeddings.weight"


def trained(
    checkpoint: str, steps: int, optimizer: Optimizer | None = None, **numbers: float
) -> tuple[dict[str, torch.Tensor], Language]:
    nlp = make_pipeline(checkpoint)
    optimizer = optimizer or Adam(0.01, L2_is_weight_decay=True, use_averages=False, **numbers)
    for _ in range(steps):
        nlp.update(make_corpus(nlp, 6), sgd=optimizer)
    return get_module(nlp.get_pipe("luke").model).state_dict(), nlp


@pytest.mark.parametrize("numbers", [{"L2": 0.0, "grad_clip": 0.0}, {"L2": 0.0, "grad_clip": 1.0}])
def test_sparse_steps_equal_dense_ones(checkpoint: str, monkeypatch: pytest.MonkeyPatch, numbers):
    seen = []
    step = torch.optim.SparseAdam.step
    monkeypatch.setattr(
        torch.optim.SparseAdam,
        "step",
        lambda self, *args: seen.append(self.param_groups[0]) or step(self, *args),
    )
    dense, _ = trained(checkpoint, 3, **numbers)
    assert not seen
    monkeypatch.setattr(optimizer_module, "SPARSE_FROM", 1)
    sparse, nlp = trained(checkpoint, 3, **numbers)
    assert len(seen) == 3
    for name, weight in dense.items():
        torch.testing.assert_close(sparse[name], weight, atol=1e-5, rtol=1e-4)
    assert not get_module(nlp.get_pipe("luke").model).luke.entity_embeddings.entity_embeddings.sparse


def test_rows_that_nobody_reads_stay(checkpoint: str, monkeypatch: pytest.MonkeyPatch):
    before = get_module(make_pipeline(checkpoint).get_pipe("luke").model).state_dict()[TABLE].clone()
    monkeypatch.setattr(optimizer_module, "SPARSE_FROM", 1)
    after, _ = trained(checkpoint, 2, L2=0.5)
    moved = (after[TABLE] != before).any(dim=1)
    assert moved.tolist().count(True) == 1  # [MASK] alone is read
    monkeypatch.undo()
    decayed, _ = trained(checkpoint, 2, L2=0.5)
    assert (decayed[TABLE] != before).any(dim=1).sum() > 1


@pytest.mark.parametrize(
    "make", [SGD, Adam, lambda rate, **numbers: Adam(rate, **{**numbers, "beta1": 0.0, "beta2": 0.0})]
)
def test_weights_move_as_thinc_moves_them(make: Callable[..., Optimizer]):
    numbers = {"L2": 0.1, "L2_is_weight_decay": False, "grad_clip": 0.0}
    ours, theirs = make(0.1, **numbers), make(0.1, **numbers)
    module = nn.Linear(3, 4)
    weight = module.weight.detach().numpy().copy()
    torch_optimizer = TorchOptimizer(module, (), 1.0, ours)
    for _ in range(3):
        gradient = torch.randn(4, 3)
        module.weight.grad, module.bias.grad = gradient.clone(), torch.zeros(4)
        torch_optimizer.step(ours)
        theirs.step_schedules()
        weight, _ = theirs((0, "weight"), weight, gradient.numpy().copy())
    torch.testing.assert_close(module.weight.detach(), torch.from_numpy(weight), atol=1e-6, rtol=1e-4)


def test_plain_descent_moves_sparse_tables_too(checkpoint: str, monkeypatch: pytest.MonkeyPatch):
    dense, _ = trained(checkpoint, 2, optimizer=SGD(0.01))
    monkeypatch.setattr(optimizer_module, "SPARSE_FROM", 1)
    sparse, _ = trained(checkpoint, 2, optimizer=SGD(0.01))
    for name, weight in dense.items():
        torch.testing.assert_close(sparse[name], weight, atol=1e-6, rtol=1e-4)


def test_tables_that_are_predicted_are_dense(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(optimizer_module, "SPARSE_FROM", 1)
    sizes = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8, "num_hidden_layers": 1}
    model = LukeForMaskedLM(LukeConfig(vocab_size=9, entity_vocab_size=9, entity_emb_size=8, **sizes))
    assert sparse_tables(model) == []
    assert sparse_tables(model.luke) == [model.luke.entity_embeddings.entity_embeddings]


@pytest.mark.parametrize("most", [0.1, 5.0, 1000.0])
def test_gradients_are_clipped_as_torch_clips_them(most: float):
    torch.manual_seed(0)
    weights = [torch.zeros(shape, requires_grad=True) for shape in ((3, 4), (5,), (2, 2, 2))]
    gradients = [torch.randn_like(weight) for weight in weights]
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.grad = gradient.clone()
    torch.nn.utils.clip_grad_norm_(weights, most)
    clip(gradients, most)
    torch.testing.assert_close(gradients, [weight.grad for weight in weights])
    clip([], most)


def test_pipelines_without_a_config_get_an_optimizer_that_suits_a_transformer(checkpoint: str, tmp_path):
    loaded = spacy_luke.load(checkpoint)
    loaded.to_disk(tmp_path)
    for nlp in (loaded, spacy.load(tmp_path), make_pipeline(checkpoint)):
        sgd = nlp.resume_training()
        assert (sgd.learn_rate, sgd.averages) == (OPTIMIZER["learn_rate"], None)
    other = spacy.blank("en")
    other.add_pipe("tagger")
    other.add_pipe("luke")
    assert other.create_optimizer().learn_rate == 0.001  # as the tagger's config has it
    chosen = spacy.blank(
        "en", config={"training": {"optimizer": {"@optimizers": "SGD.v1", "learn_rate": 0.1}}}
    )
    chosen.add_pipe("luke")
    assert chosen.config["training"]["optimizer"]["@optimizers"] == "SGD.v1"


def test_a_rate_that_ruins_an_encoder_is_told_once(checkpoint: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(optimizer_module, "NARROW", 1)
    nlp = make_pipeline(checkpoint)
    corpus = make_corpus(nlp, 2)
    with pytest.warns(UserWarning, match=r"The learning rate is 0\.001, which ruins a pretrained encoder"):
        nlp.update(corpus, sgd=Adam(0.001))
    nlp.update(corpus, sgd=Adam(0.001))
    make_pipeline(checkpoint).update(corpus, sgd=Adam(0.0001))


@pytest.mark.slow
@pytest.mark.skipif(not REDOCRED.is_dir(), reason="the data are not here")
def test_one_step_takes_little_of_the_default_model():
    """About 5 s: it reads real documents twice."""
    nlp = spacy_luke.load()
    names = json.loads((REDOCRED / "rel_info.json").read_text())
    first, *docs = islice(convert_docred(REDOCRED / "test_first_half.json", nlp.vocab, names), 9)

    def f1() -> dict[str, float]:
        examples = [Example(given_tokens(nlp.vocab, doc, mentions=False), doc) for doc in docs]
        scores = nlp.evaluate(examples, scorer_cfg={"pair_filter": same_sentence})
        return {
            name: scores[name]
            for name in ("ents_f", "gold_luke_labels_micro_f", "gold_luke_relations_micro_f")
        }

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* gold relations ", UserWarning)
        before = f1()
        nlp.update([Example(nlp.make_doc(first.text), first)], sgd=nlp.resume_training())
        after = f1()
    for name, score in before.items():
        assert score > 0.5
        assert after[name] >= score - 0.01, name
