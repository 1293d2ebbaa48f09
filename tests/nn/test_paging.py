from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from spacy_luke.nn import paging
from spacy_luke.nn.checkpoint import load_weights
from spacy_luke.nn.paging import page_out


@pytest.mark.parametrize("n", [1, 5_000, 3_000_000])
def test_nothing_is_lost_of_mapped_and_of_changed_weights(tmp_path, n):
    wanted = torch.randn(n).bfloat16()
    save_file({"before": torch.ones(3), "weight": wanted}, tmp_path / "model.safetensors")
    weight = load_weights(tmp_path)["weight"]
    assert torch.equal(weight, wanted)
    page_out(weight)
    assert torch.equal(weight, wanted)
    weight[n // 2] = 7
    page_out(weight)
    assert weight[n // 2] == 7
    assert int((weight != wanted).sum()) == 1
    assert torch.equal(load_weights(tmp_path)["weight"], wanted)


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(paging.sys, "platform", "win32")
    monkeypatch.setattr(paging, "_libc", lambda: pytest.fail("called"))
    page_out(torch.ones(10))
