"""Losses of the heads against their definitions, written out."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from spacy_luke.nn.heads.joint.losses import (
    entity_loss,
    pool_groups,
    proposal_loss,
    span_loss,
    threshold_loss,
)


def test_proposals_are_summed_over_spans_and_averaged_over_tokens():
    scores = torch.tensor([[0.3, -1.0], [2.0, -1e4]])
    gold = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    expected = (F.softplus(torch.tensor([-0.3, -1.0, 2.0])).sum()) / 2
    torch.testing.assert_close(proposal_loss(scores, gold), expected)
    unknown = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    expected = (F.softplus(torch.tensor([-0.3, -1.0])).sum()) / 2
    torch.testing.assert_close(proposal_loss(scores, unknown), expected)


def test_spans_left_out_do_not_count():
    logits = torch.randn(3, 4)
    gold = torch.tensor([2, -100, 0])
    expected = (F.cross_entropy(logits[0], gold[0]) + F.cross_entropy(logits[2], gold[2])) / 2
    nothing = torch.zeros(3, 3, dtype=torch.bool)
    torch.testing.assert_close(span_loss(logits, gold, nothing), expected)
    assert span_loss(logits, torch.full((3,), -100), nothing) == 0


def test_entity_labels_single_and_multi():
    logits = torch.randn(2, 3)
    gold = torch.tensor([[0.0, 1.0, 0.0], [-100.0] * 3])
    torch.testing.assert_close(entity_loss(logits, gold, False), F.cross_entropy(logits[0], torch.tensor(1)))
    expected = F.binary_cross_entropy_with_logits(logits[0], gold[0], reduction="sum")
    torch.testing.assert_close(entity_loss(logits, gold, True), expected)
    assert entity_loss(logits, torch.full((2, 3), -100.0), False) == 0
    partly = torch.tensor([[-100.0, 1.0, -100.0], [-100.0] * 3])
    torch.testing.assert_close(entity_loss(logits, partly, True), F.softplus(-logits[0, 1]))


def test_likely_wrong_relations_count_more():
    logits = torch.tensor([[0.0, 1.0, -2.0], [0.0, 2.0, 3.0], [0.0, 5.0, -1.0]])
    gold = torch.tensor([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    below = logits.logsumexp(-1)  # of all labels that are wrong, with "none"
    below = torch.stack(
        [below[0], torch.tensor([0.0, 3.0]).logsumexp(0), torch.tensor([0.0, -1.0]).logsumexp(0)]
    )
    likely = torch.tensor([1.0, 3.0, -1.0]).sigmoid()
    expected = threshold_loss(logits, gold) + (0.5 * likely * below).mean()
    torch.testing.assert_close(threshold_loss(logits, gold, 0.5), expected)


def test_threshold_loss_puts_gold_above_none_and_the_rest_below():
    logits = torch.tensor([[1.0, 2.0, -1.0]])
    gold = torch.tensor([[1.0, 0.0]])
    above = -2.0 + math.log(math.exp(1.0) + math.exp(2.0))  # gold against none
    below = -1.0 + math.log(math.exp(1.0) + math.exp(-1.0))  # none against the wrong one
    torch.testing.assert_close(threshold_loss(logits, gold), torch.tensor(above + below))
    assert threshold_loss(logits[:0], gold[:0]) == 0
    perfect = torch.tensor([[0.0, 50.0, -50.0]])
    assert threshold_loss(perfect, gold) < 1e-6
    assert threshold_loss(-perfect, gold) > 10


def test_relations_that_were_not_looked_for_neither_help_nor_harm():
    logits = torch.randn(3, 4)
    gold = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    partly = torch.cat([gold, torch.full((3, 1), -100.0)], 1)
    torch.testing.assert_close(threshold_loss(logits, partly), threshold_loss(logits[:, :3], gold))
    assert threshold_loss(logits, torch.full((3, 3), -100.0)) == 0


def test_pairs_of_entities_take_the_best_margin_of_their_mentions():
    logits = torch.tensor([[1.0, 3.0, 0.0], [0.0, 1.0, 2.0], [5.0, 5.0, 5.0]])
    pooled = pool_groups(logits, torch.tensor([0, 0, 1]), 2)
    assert pooled.tolist() == [[0.0, 2.0, 2.0], [0.0, 0.0, 0.0]]
