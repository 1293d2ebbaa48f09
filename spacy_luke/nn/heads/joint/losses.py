"""Losses of the joint model's heads."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..losses import allowed_loss


def proposal_loss(scores: Tensor, gold: Tensor) -> Tensor:
    """Binary cross entropy over all spans of the windows, a token at a time.

    scores (Tensor): The pre-filter's scores. Shape: (n_tokens, max_span_width)
    gold (Tensor): 1.0 for gold spans, less than 0 for spans to leave out. Same shape.
    RETURNS (Tensor): Sum over spans, mean over tokens.
    """
    counts = (gold >= 0).to(scores.dtype)
    # A missing span's score is very low.
    loss = F.binary_cross_entropy_with_logits(scores, gold.clamp(min=0), weight=counts, reduction="sum")
    return loss / max(len(scores), 1)


def span_loss(logits: Tensor, gold: Tensor, open_types: Tensor) -> Tensor:
    """Cross entropy over candidate spans.

    logits (Tensor): Shape: (n_spans, n_labels + 1)
    gold (Tensor): Label of each candidate, 0 for none, -1 for none or an open type, -100 to leave out.
        Shape: (n_spans,)
    open_types (Tensor): True for the open types of each. Shape: (n_spans, n_labels)
    RETURNS (Tensor): Mean over the candidates that count; 0 if there are none.
    """
    allowed = F.one_hot(gold.clamp(min=0), logits.shape[-1]).bool()
    allowed[:, 1:] |= open_types & (gold == -1)[:, None]
    return allowed_loss(logits, allowed | (gold == -100)[:, None])


def entity_loss(logits: Tensor, gold: Tensor, multi_label: bool) -> Tensor:
    """Loss of entity labels.

    logits (Tensor): Shape: (n_mentions, n_labels)
    gold (Tensor): Multi-hot labels; -100 to leave one out. Same shape.
    multi_label (bool): Sigmoid over each label instead of a softmax over all.
    RETURNS (Tensor): Mean over the mentions that count.
    """
    counts = (gold != -100).any(-1)  # (n_mentions,)
    logits, gold = logits[counts], gold[counts]
    if multi_label:
        known = (gold != -100).to(logits.dtype)
        loss = F.binary_cross_entropy_with_logits(logits, gold.clamp(min=0), weight=known, reduction="sum")
    else:
        loss = F.cross_entropy(logits, gold.argmax(-1), reduction="sum")
    return _mean_over(loss, counts)


def threshold_loss(logits: Tensor, gold: Tensor, hard: float = 0.0) -> Tensor:
    """Adaptive-threshold loss of multi-label relations (Zhou et al., 2021, 3.1): gold above "none", the rest below.

    logits (Tensor): Column 0 is "none". Shape: (n_pairs, n_labels + 1)
    gold (Tensor): Multi-hot relations, without the column of "none"; less than 0 to leave a relation out.
        Shape: (n_pairs, n_labels)
    hard (float): How much more wrong relations count, times the probability of the likeliest of a pair.
    RETURNS (Tensor): Mean over pairs; 0 if there are none.
    """
    if not len(logits):
        return logits.sum()
    none = torch.ones_like(gold[:, :1])
    # Gold relations compete with "none" only, so that several can be right; so does "none" with the wrong ones.
    above = logits.masked_fill(torch.cat([none, gold], 1) != 1, -1e30).log_softmax(-1)[:, 1:]
    below = logits.masked_fill(torch.cat([1 - none, gold], 1) != 0, -1e30).log_softmax(-1)[:, 0]
    if hard:
        likely = (logits[:, 1:] - logits[:, :1]).detach().sigmoid().masked_fill(gold != 0, 0.0).amax(-1)
        below = below * (1 + hard * likely)
    return ((-above.masked_fill(gold != 1, 0.0)).sum(-1) - below).mean()


def pool_groups(logits: Tensor, groups: Tensor, n_groups: int) -> Tensor:
    """Lift pairs of mentions to pairs of entities: the best margin over "none" that any mention pair reaches.

    logits (Tensor): Column 0 is "none". Shape: (n_pairs, n_labels + 1)
    groups (Tensor): Entity pair of each mention pair. Shape: (n_pairs,)
    n_groups (int): Number of entity pairs.
    RETURNS (Tensor): Logits with "none" at 0. Shape: (n_groups, n_labels + 1)
    """
    margins = logits - logits[:, :1]
    index = groups[:, None].expand_as(margins)
    pooled = margins.new_full((n_groups, margins.shape[1]), -1e4)
    return pooled.scatter_reduce(0, index, margins, reduce="amax", include_self=False)


def _mean_over(total: Tensor, counts: Tensor) -> Tensor:
    return total / counts.sum().clamp(min=1)
