"""Suggested spans as candidates, losses of pairs, checkpoints in memory."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from spacy_luke.inputs.batch import OPEN, TOLD, Targets
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
        open_types=np.zeros((1, 1), dtype=np.bool_),
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


def test_losses_of_pairs_that_are_read_again():
    logits, again, read = torch.randn(3, 3), torch.randn(2, 3), torch.tensor([2, 0])
    relations = np.array([[1, -100], [0, 0], [0, 1]], dtype=np.float32)
    targets = Targets(
        spans=np.zeros((1, 1, 1), dtype=np.int64),
        open_types=np.zeros((1, 1), dtype=np.bool_),
        labels=np.zeros((1, 0, 0), dtype=np.float32),
        relations=relations,
        near=np.array([True, True, False]),
        groups=np.array([[0, 1, 2], [0, 1, 2], [0, 2, 1]]),
    )
    output = JointOutput(torch.zeros(1, 1, 1), pair_logits=logits, read=read, read_logits=again)
    losses = joint_loss([output], [targets], False)
    torch.testing.assert_close(losses["relations"], threshold_loss(logits[:2], torch.tensor(relations[:2])))
    near = threshold_loss(again[1:], torch.tensor(relations[:1]))
    torch.testing.assert_close(losses["read_relations"], near)
    facts = threshold_loss(again - again[:, :1], torch.tensor(relations[[2, 0]]))
    torch.testing.assert_close(losses["read_facts"], facts)
    assert set(losses) == {"relations", "facts", "read_relations", "read_facts"}


def test_a_fact_of_which_a_pair_may_tell_is_unknown():
    logits = torch.randn(4, 3)
    relations = np.array([[-100, 0], [0, 0], [-100, 0], [1, -100]], dtype=np.float32)
    targets = Targets(
        spans=np.zeros((1, 1, 1), dtype=np.int64),
        open_types=np.zeros((1, 1), dtype=np.bool_),
        labels=np.zeros((1, 0, 0), dtype=np.float32),
        relations=relations,
        near=np.ones(4, dtype=np.bool_),
        groups=np.array([[0, 1, 2], [0, 1, 2], [0, 2, 1], [0, 2, 1]]),
    )
    output = JointOutput(word_states=torch.zeros(1, 1, 1), pair_logits=logits)
    losses = joint_loss([output], [targets], False)
    torch.testing.assert_close(losses["relations"], threshold_loss(logits, torch.from_numpy(relations)))
    margins = (logits - logits[:, :1]).unflatten(0, (2, 2)).amax(1)
    told = torch.tensor([[-100.0, 0.0], [1.0, -100.0]])  # a pair that states it is enough
    torch.testing.assert_close(losses["facts"], threshold_loss(margins, told))
    relations[0, 1] = TOLD  # not known of the pair, but of its entities
    losses = joint_loss([output], [targets], False)
    torch.testing.assert_close(losses["relations"], threshold_loss(logits, torch.from_numpy(relations)))
    told[0, 1] = 1.0
    torch.testing.assert_close(losses["facts"], threshold_loss(margins, told))


def spans_loss(gold: list[list[int]], spans: list[list[int]], logits: list[list[float]], others: list[bool]):
    """The loss of candidates of one window, by the gold of its cells."""
    output = JointOutput(
        word_states=torch.zeros(1, len(gold), 1),
        candidates=SpanCandidates(torch.tensor([spans]), torch.ones(1, len(spans), dtype=torch.bool)),
        span_logits=torch.tensor([logits]),
    )
    empty = np.zeros((0, 0), dtype=np.float32)
    cells, types = np.array([gold], dtype=np.int64), np.array([others], dtype=np.bool_)
    nothing = np.zeros(0, dtype=np.bool_), np.zeros((0, 3), dtype=np.int64)
    return float(joint_loss([output], [Targets(cells, types, empty, empty, *nothing)], False)["spans"])


def test_candidates_wider_than_the_pre_filter_are_no_entities():
    # tokens 0 and 1 are an entity
    gold, spans, logits = [[0, 1], [0, 0], [0, 0]], [[0, 2], [0, 1]], [[0.0, 9.0], [9.0, 0.0]]
    assert spans_loss(gold, spans, logits, [False]) == pytest.approx(9.0, abs=0.01)  # both are wrong


def test_candidates_that_hold_an_unknown_token_do_not_count():
    gold, wide = [[0, -100], [-100, -100], [0, 0]], [0, 2]
    logits = [[0.0, 9.0], [0.0, 9.0], [0.0, 5.0]]
    assert spans_loss(gold, [wide, [1, 1], [2, 2]], logits, [False]) == pytest.approx(5.0, abs=0.01)


def test_open_candidates_are_none_or_a_type_that_was_not_looked_for():
    logits = [[0.0, 1.0, 2.0]] * 3
    total = math.log(1 + math.e + math.e**2)
    expected = [total - math.log(1 + math.e**2), total - 1.0, total]
    # The first is open, the second is of the type that was looked for, the third is known to be none.
    found = spans_loss([[OPEN, OPEN], [1, 0], [0, 0]], [[0, 0], [1, 1], [2, 2]], logits, [False, True])
    assert found == pytest.approx(sum(expected) / 3)
    wide = spans_loss([[OPEN], [OPEN], [OPEN]], [[0, 2]], logits[:1], [False, True])
    assert wide == pytest.approx(expected[0])


def test_one_module_a_checkpoint_while_somebody_holds_it(checkpoint: str, tmp_path: Path):
    folder = shutil.copytree(checkpoint, tmp_path / "own")
    first = load_shared(str(folder), JOINT).model
    assert load_shared(str(folder), JOINT).model is first
    assert load_shared(str(folder), JOINT, words_attend_to_entities=True).model is not first
    os.utime(folder / "config.json", (1, 2_000_000_000))  # rewritten since
    assert load_shared(str(folder), JOINT).model is not first
