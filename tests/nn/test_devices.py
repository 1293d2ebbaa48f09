"""Devices that aren't at hand. None of this ever ran on a GPU: fakes stand for what differs there."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spacy_luke.nn import embeddings


@pytest.mark.parametrize("shape", [(3, 5), (2, 4, 6), (0, 3), (2, 0, 3), (2, 3, 0)])
def test_positions_without_the_kernel_for_bags(shape, tiny_model, monkeypatch):
    """Apple's devices have no `embedding_bag`."""
    module = tiny_model().entity_embeddings
    positions = torch.randint(-1, 40, shape, generator=torch.Generator().manual_seed(0))
    grads = []
    wanted = module.mean_positions(positions)
    for devices in (embeddings.WITH_BAGS, ()):
        monkeypatch.setattr(embeddings, "WITH_BAGS", devices)
        module.zero_grad(set_to_none=True)
        found = module.mean_positions(positions)
        torch.testing.assert_close(found, wanted, atol=1e-6, rtol=0)
        if positions.numel():
            (found * torch.arange(16)).sum().backward()
            grads.append(module.position_embeddings.weight.grad)
    assert not grads or torch.allclose(*grads, atol=1e-4)


def test_what_only_some_devices_have(tiny_model):
    """No sparse gradients and no fused step on devices that torch doesn't promise them for: "meta" stands for one."""
    from thinc.api import Adam

    from spacy_luke.layers.optimizer import TorchOptimizer, sparse_tables

    model = tiny_model(entity_vocab_size=5000)
    assert len(sparse_tables(model)) == 1
    kinds = [type(part) for part in TorchOptimizer(model, (), 1.0, Adam(0.01)).parts]
    assert kinds == [torch.optim.AdamW, torch.optim.SparseAdam]
    elsewhere = model.to("meta")
    assert sparse_tables(elsewhere) == []
    (only,) = TorchOptimizer(elsewhere, (), 1.0, Adam(0.01)).parts
    assert not only.defaults["fused"]
    assert sum(len(group["params"]) for group in only.param_groups) == len(list(model.parameters()))


def test_averages_where_arrays_have_memory_of_their_own(monkeypatch):
    """thinc's arrays share memory with torch's on CPUs and Nvidia's GPUs, but are copies of what Apple's hold."""
    from thinc.api import Adam

    from spacy_luke.layers import shim

    monkeypatch.setattr(shim, "xp2torch", lambda array, device=None: torch.tensor(array))
    held = shim.LukeShim(1.0, False, "float32")
    held._model = nn.Linear(1, 1, bias=False)
    optimizer = Adam(0.01, use_averages=True)
    numbers = []
    for step in range(3):
        with torch.no_grad():
            held._model.weight.fill_(float(step))
        held._average(optimizer)
        numbers.append(float(next(iter(optimizer.averages.values())).item()))
    decays = [(1 + step) / (10 + step) for step in (2, 3)]
    second = 0.0 + (1 - decays[0]) * (1 - 0.0)
    assert numbers == pytest.approx([0.0, second, second + (1 - decays[1]) * (2 - second)])


def test_listeners_get_states_where_their_ops_compute():
    """cupy's arrays on a GPU; here a kind of numpy's stands for them."""
    pytest.importorskip("spacy_transformers")
    import numpy as np
    from thinc.api import NumpyOps

    import spacy_luke
    from spacy_luke.layers.transformer_data import no_data, set_transformer_data

    class There(np.ndarray):
        pass

    class OpsThere(NumpyOps):
        def asarray(self, data, dtype=None):
            return super().asarray(data, dtype).view(There)

    nlp = spacy_luke.load()
    model = nlp.get_pipe("luke").model
    before, model.ops = model.ops, OpsThere()
    try:
        empty, doc = nlp.make_doc(""), nlp.make_doc("Ana")
        set_transformer_data(doc, model, [])
        for data in (doc._.trf_data, *no_data([doc], model)):
            assert type(data.model_output.last_hidden_state) is There
        assert no_data([empty], model)[0].model_output.get("last_hidden_state") is None
    finally:
        model.ops = before
