"""Rows of a large entity table move as those of a dense one would, and the others not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from spacy.language import Language
from thinc.api import SGD, Adam, Optimizer
from tiny import make_corpus, make_pipeline
from torch import nn

from spacy_luke.layers import optimizer as optimizer_module
from spacy_luke.layers.optimizer import TorchOptimizer, clip, sparse_tables
from spacy_luke.layers.weights import get_module
from spacy_luke.nn.config import LukeConfig
from spacy_luke.nn.heads.masked_lm import LukeForMaskedLM

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
