"""The joint model's loss: what the heads said against gold arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..inputs.batch import Bools
from ..inputs.pieces import Ints
from ..nn.joint.losses import entity_loss, pool_groups, proposal_loss, span_loss, threshold_loss
from ..nn.joint.model import JointOutput


@dataclass(frozen=True)
class Targets:
    """Gold of one batch, as arrays beside the `WordBatch` and the `MentionBatch`.

    spans (ndarray): Label of the span of token slots t..t + w, 0 for none, -100 where the document has no
        gold entities. Shape: (batch, n_tokens, max_span_width)
    labels (ndarray): Multi-hot labels of the mentions; -100 where nothing is known.
        Shape: (batch, n_mentions, n_labels)
    relations (ndarray): Multi-hot relations of the pairs. Shape: (n_pairs, n_labels)
    near (ndarray): True for pairs within the reach of `doc._.luke_relations`. Shape: (n_pairs,)
    groups (ndarray): Pair of entities that each pair of mentions belongs to; -1 for two mentions of one
        entity. Shape: (n_pairs,)
    """

    spans: Ints
    labels: NDArray[np.float32]
    relations: NDArray[np.float32]
    near: Bools
    groups: Ints


def joint_loss(
    output: JointOutput, token_mask: Bools, targets: Targets, multi_label: bool
) -> dict[str, Tensor]:
    """Losses of the heads that spoke.

    output (JointOutput): The heads' scores.
    token_mask (ndarray): True for real token slots. Shape: (batch, n_tokens)
    targets (Targets): The gold.
    multi_label (bool): Whether entity labels are independent.
    RETURNS (dict[str, Tensor]): Scalars by the task's name.
    """
    losses: dict[str, Tensor] = {}
    device = output.word_states.device
    if output.span_logits is not None and output.candidates is not None:
        gold = torch.from_numpy(targets.spans).to(device)
        known = torch.from_numpy(token_mask).to(device) & (gold[:, :, 0] != -100)  # (batch, n_tokens)
        if output.proposal_scores is not None and bool(known.any()):
            scores = output.proposal_scores[known]  # (n, max_span_width)
            losses["proposals"] = proposal_loss(scores, (gold[known] > 0).float(), known)
        losses["spans"] = span_loss(output.span_logits, _candidate_labels(output, gold))
    if output.label_logits is not None:
        losses["labels"] = entity_loss(
            output.label_logits, torch.from_numpy(targets.labels).to(device), multi_label
        )
    if output.pair_logits is not None:
        losses |= _relation_losses(output.pair_logits, targets)
    return losses


def _candidate_labels(output: JointOutput, gold: Tensor) -> Tensor:
    """Look the candidates up in the gold spans. RETURNS (Tensor): Shape: (batch, n_spans)"""
    candidates = output.candidates
    if candidates is None:
        raise RuntimeError("no candidates")
    start, width = candidates.spans[..., 0], candidates.spans[..., 1] - candidates.spans[..., 0]
    n_widths = gold.shape[2]
    index = start * n_widths + width.clamp(max=n_widths - 1)  # (batch, n_spans)
    labels = gold.flatten(1).gather(1, index)
    labels = labels.masked_fill((width >= n_widths) & (labels != -100), 0)
    return labels.masked_fill(~candidates.mask, -100)


def _relation_losses(logits: Tensor, targets: Targets) -> dict[str, Tensor]:
    """Near pairs of mentions one by one; pairs of entities by the best of their mentions, as facts are made."""
    gold = torch.from_numpy(targets.relations).to(logits.device)
    near = torch.from_numpy(targets.near).to(logits.device)
    losses = {"relations": threshold_loss(logits[near], gold[near])}
    across = torch.from_numpy(targets.groups).to(logits.device)
    counts = across >= 0
    if bool(counts.any()):
        names, groups = torch.unique(across[counts], return_inverse=True)
        pooled = pool_groups(logits[counts], groups, len(names))
        pooled_gold = pool_groups(torch.nn.functional.pad(gold[counts], (1, 0)), groups, len(names))[:, 1:]
        losses["facts"] = threshold_loss(pooled, pooled_gold)
    return losses
