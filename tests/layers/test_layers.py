"""Suggested spans as candidates, losses of pairs, checkpoints in memory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from spacy_luke.inputs.batch import Targets
from spacy_luke.layers.loss import joint_loss
from spacy_luke.layers.store import load_shared
from spacy_luke.nn.heads.base import JOINT
from spacy_luke.nn.heads.joint.losses import threshold_loss
from spacy_luke.nn.heads.joint.outputs import JointOutput, SpanCandidates


def test_losses_of_pairs_near_and_by_entities():
    logits = torch.randn(3, 3, requires_grad=True)
    relations = np.array([[1, 0], [0, 0], [0, 1]], dtype=np.float32)
    targets = Targets(
        spans=np.zeros((1, 1, 1), dtype=np.int64),
        labels=np.zeros((1, 0, 0), dtype=np.float32),
        relations=relations,
        near=np.array([True, False, False]),
        groups=np.array([[0, 1, 2], [0, 1, 2], [-1, -1, -1]]),  # the last is of two mentions of one entity
    )
    output = JointOutput(word_states=torch.zeros(1, 1, 1), pair_logits=logits)
    losses = joint_loss([output], [targets], False)
    torch.testing.assert_close(losses["relations"], threshold_loss(logits[:1], torch.tensor([[1.0, 0.0]])))
    margins = (logits - logits[:, :1])[:2].amax(0, keepdim=True)
    torch.testing.assert_close(losses["facts"], threshold_loss(margins, torch.tensor([[1.0, 0.0]])))
    assert set(losses) == {"relations", "facts"}


def test_candidates_wider_than_the_pre_filter_are_no_entities():
    output = JointOutput(
        word_states=torch.zeros(1, 3, 1),
        candidates=SpanCandidates(torch.tensor([[[0, 2], [0, 1]]]), torch.ones(1, 2, dtype=torch.bool)),
        span_logits=torch.tensor([[[0.0, 9.0], [9.0, 0.0]]]),
    )
    spans = np.zeros((1, 3, 2), dtype=np.int64)
    spans[0, 0, 1] = 1  # tokens 0 and 1 are an entity
    empty = np.zeros((0, 0), dtype=np.float32)
    targets = Targets(spans, empty, empty, np.zeros(0, dtype=np.bool_), np.zeros((0, 3), dtype=np.int64))
    loss = joint_loss([output], [targets], False)["spans"]
    assert loss == pytest.approx(9.0, abs=0.01)  # both are wrong


def test_one_module_a_checkpoint_while_somebody_holds_it(checkpoint: str, tmp_path: Path):
    folder = shutil.copytree(checkpoint, tmp_path / "own")
    first = load_shared(str(folder), JOINT).model
    assert load_shared(str(folder), JOINT).model is first
    assert load_shared(str(folder), JOINT, words_attend_to_entities=True).model is not first
    os.utime(folder / "config.json", (1, 2_000_000_000))  # rewritten since
    assert load_shared(str(folder), JOINT).model is not first
